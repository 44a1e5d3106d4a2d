//! Typed TOML: a document or an array of tables into serde types, every flaw with its place.

use super::problem::{Problem, Problems, Say, say, short};
use super::table::{Lines, SourceFile, parse_toml, toml_problem};
use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong inside a value that was read: path of the key (`target[0].unit`), value, mend.
pub(crate) type Flaw = (String, String, Say);

/// A whole document as one `T`; `check` finds what types cannot.
pub(crate) fn document<T: DeserializeOwned>(
    file: SourceFile<'_>,
    check: impl Fn(&T) -> Vec<Flaw>,
) -> Result<T, Problems> {
    let text = file.text()?;
    let table = parse_toml(file.name, text)?;
    let root = Spanned::new(0..0, DeValue::Table(table));
    let mut found = Vec::new();
    let value = one(file.name, text, root, "", &check, &mut found);
    match value {
        Some(value) => Problems::none_or(found, value),
        None => Err(Problems::none_or(found, ()).err().unwrap_or_else(|| empty(file.name).into())),
    }
}

/// The array of tables `[[name]]`, the only thing in the document, each entry as one `T`.
pub(crate) fn entries<T: DeserializeOwned>(
    file: SourceFile<'_>,
    name: &str,
    check: impl Fn(&T) -> Vec<Flaw>,
) -> Result<Vec<T>, Problems> {
    let text = file.text()?;
    let mut table = parse_toml(file.name, text)?;
    let mut found = Vec::new();
    for key in table.keys().filter(|k| k.get_ref() != name) {
        let (line, column) = Lines::new(text).place(key.span().start);
        let mend =
            say(format!("tệp này chỉ có các bảng [[{name}]]"), format!("this file holds [[{name}]] tables only"));
        let field = key.get_ref().to_string();
        found.push(Problem { file: file.name.into(), line, column, field, value: String::new(), mend });
    }
    let mut out = Vec::new();
    let listed = table.iter_mut().find(|(k, _)| k.get_ref() == name).map(|(_, v)| v);
    if let Some(DeValue::Array(items)) = listed.map(Spanned::get_mut) {
        for (i, item) in items.iter().enumerate() {
            out.extend(one(file.name, text, item.clone(), &format!("{name}[{i}]."), &check, &mut found));
        }
    }
    Problems::none_or(found, out)
}

fn empty(file: &str) -> Problem {
    Problem {
        file: file.into(),
        line: 1,
        column: 1,
        field: "-".into(),
        value: String::new(),
        mend: say("tệp rỗng", "the file is empty"),
    }
}

fn one<T: DeserializeOwned>(
    file: &str,
    text: &str,
    mut value: Spanned<DeValue<'_>>,
    prefix: &str,
    check: &impl Fn(&T) -> Vec<Flaw>,
    found: &mut Vec<Problem>,
) -> Option<T> {
    dates_to_text(value.get_mut());
    let read = T::deserialize(value.clone().into_deserializer());
    match read {
        Ok(done) => {
            let lines = Lines::new(text);
            for (path, bad, mend) in check(&done) {
                let offset = locate(&value, &path).unwrap_or(value.span().start);
                let (line, column) = lines.place(offset);
                found.push(Problem {
                    file: file.into(),
                    line,
                    column,
                    field: format!("{prefix}{path}"),
                    value: short(&bad),
                    mend,
                });
            }
            Some(done)
        }
        Err(error) => {
            found.push(toml_problem(file, text, &error));
            None
        }
    }
}

/// Days may be written with or without quotes.
fn dates_to_text(value: &mut DeValue<'_>) {
    match value {
        DeValue::Datetime(date) => *value = DeValue::String(date.to_string().into()),
        DeValue::Array(items) => items.iter_mut().for_each(|v| dates_to_text(v.get_mut())),
        DeValue::Table(table) => table.iter_mut().for_each(|(_, v)| dates_to_text(v.get_mut())),
        _ => {}
    }
}

/// Where the key at `path` has its value; the nearest one above it when it is not written.
fn locate(value: &Spanned<DeValue<'_>>, path: &str) -> Option<usize> {
    let mut here = value;
    let mut offset = None;
    for step in path.split(['.', '[']).map(|s| s.trim_end_matches(']')).filter(|s| !s.is_empty()) {
        let next = match here.get_ref() {
            DeValue::Table(table) => find(table, step),
            DeValue::Array(items) => step.parse::<usize>().ok().and_then(|i| items.get(i)),
            _ => None,
        };
        let Some(next) = next else { break };
        here = next;
        offset = Some(here.span().start);
    }
    offset
}

fn find<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
    table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
}

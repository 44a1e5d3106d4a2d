//! What pages and files say of something that is done to many screens.

use super::super::data::City;
use super::super::page::shown;
use super::draft::{Form, value};
use crate::directory::{Directory, Link, LocalTime, inert};
use crate::lang::{Lang, Values};
use crate::many::{Line, Refusal, Work};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// A field of a form.
pub(in super::super) struct Field {
    pub(in super::super) name: &'static str,
    pub(in super::super) label: String,
    pub(in super::super) kind: &'static str,
    pub(in super::super) value: String,
    pub(in super::super) needed: bool,
    pub(in super::super) choices: Vec<(String, String, bool)>,
}

/// What has to be said first, as far as it was said.
pub(in super::super) fn fields(lang: Lang, word: &str, form: &Form, today: LocalDay) -> Vec<Field> {
    let field = |name: &'static str, kind, needed, default: String| Field {
        name,
        label: lang.text(&format!("screens-by-{name}")),
        kind,
        value: value(form, name).map_or(default, str::to_owned),
        needed,
        choices: Vec::new(),
    };
    let none = String::new;
    match word {
        "volume" => vec![field("percent", "number", true, none())],
        "close" => vec![
            field("close_from", "date", true, today.to_string()),
            field("close_from_time", "time", false, none()),
            field("close_to", "date", true, none()),
            field("close_to_time", "time", false, none()),
            field("reason", "text", true, none()),
        ],
        "move" => {
            let links = Link::ALL.iter().map(|link| {
                (link.to_string(), lang.term("link", link.as_str()), value(form, "move_link") == Some(link.as_str()))
            });
            vec![
                Field { choices: links.collect(), ..field("move_link", "select", true, none()) },
                field("move_unit", "text", true, none()),
                field("move_from", "date", true, today.to_string()),
            ]
        }
        _ => vec![field("name", "text", true, none()), field("share", "text", false, none())],
    }
}

/// `Sẽ tạm nghỉ 1.000 màn hình …`: what is, or was, done to so many.
pub(super) fn sentence(lang: Lang, city: &City, work: &Work, n: usize) -> String {
    let time = |at: LocalTime| format!("{} {}", lang.clock(at.second), lang.day(at.day));
    let values = Values::new().count(lang, "n", n as u64);
    let values = match work {
        Work::Volume { percent } => values.word("percent", percent.to_string()),
        Work::Close { from, to, reason } => {
            values.word("from", time(*from)).word("to", time(*to)).word("reason", shown(reason))
        }
        Work::Move { link, unit, from } => {
            let name = city.directory.unit(unit).map_or_else(|| unit.to_string(), |unit| shown(&unit.name));
            values.word("unit", name).word("link", lang.term("link", link.as_str())).word("from", lang.day(*from))
        }
        _ => values,
    };
    lang.say(&format!("many-will-{}", work.word()), &values)
}

/// Why screens are left out, the most first.
pub(super) fn refusals(lang: Lang, all: &BTreeMap<Refusal, usize>) -> Vec<String> {
    let mut all: Vec<(&Refusal, &usize)> = all.iter().collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    all.into_iter()
        .map(|(why, n)| {
            let values =
                Values::new().count(lang, "n", *n as u64).word("why", lang.text(&format!("many-refused-{why}")));
            lang.say("many-left-out", &values)
        })
        .collect()
}

/// Every screen of a list with what becomes of it: code, name, a stable word, the same in words.
pub(super) fn lines_csv(lang: Lang, directory: &Directory, lines: &[Line]) -> Vec<u8> {
    let delimiter = if lang == Lang::Vi { b';' } else { b',' };
    let mut out = csv::WriterBuilder::new().delimiter(delimiter).from_writer(b"\xef\xbb\xbf".to_vec());
    // into memory: writing there does not fail
    let _ = out.write_record(["code", "name", "result", "why"]);
    for line in lines {
        let name = directory.screen(&line.screen).map_or("", |screen| screen.name.as_str());
        let why = line.refused.map_or_else(String::new, |why| lang.text(&format!("many-refused-{why}")));
        let result = line.refused.map_or("ok", Refusal::as_str);
        let _ = out.write_record([line.screen.as_str(), &inert(name), result, &why]);
    }
    out.into_inner().unwrap_or_default()
}

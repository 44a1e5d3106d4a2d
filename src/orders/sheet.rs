//! What a form holds: field by field, as it was typed. The names of fields are the paths of the document (`target[0].unit`), so that
//! what the check of imports finds is found at its field.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Fields that stand once.
pub const SCALARS: &[&str] = &[
    "code",
    "title",
    "title_en",
    "kind",
    "sample",
    "issuer",
    "number",
    "issued",
    "from",
    "to",
    "source",
    "note",
    "quota.plays",
    "quota.per",
    "quota.rule",
    "quota.over",
    "quota.within",
    "quota.of",
    "weight",
    "min_gap_s",
    "priority",
    "category",
    "product.title",
    "product.length_s",
    "product.min_display",
    "product.volume_percent",
    "product.fades.in_ms",
    "product.fades.out_ms",
    "suspend.content",
    "suspend.in_place",
    "suspend.days",
    "suspend.hours",
    "amends",
    "amendment.kind",
    "amendment.number",
    "amendment.date",
    "amendment.from",
    "amendment.to",
    "amendment.plays",
];

/// Fields that stand in rows: name, columns, and the columns of which one must be written for the row to be there.
pub const LISTS: &[(&str, &[&str], &[&str])] = &[
    ("legal_basis", &["number", "date", "title"], &["number", "date", "title"]),
    ("product.variant", &["lang", "shape", "form", "venue_types", "media"], &["media", "venue_types"]),
    (
        "declared",
        &["channel", "obliged", "reason", "quota.plays", "quota.per", "quota.rule"],
        &["channel", "obliged", "reason"],
    ),
    ("target", &["link", "unit", "venue_types", "video", "force", "inferred", "reason"], &["unit", "reason"]),
];

/// Rows of one list.
const MOST_ROWS: usize = 60;
/// Characters of one field.
const MOST_CHARS: usize = 2_000;

/// Why a sheet is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// No form has such a field.
    #[error("{0:?}: there is no such field")]
    Unknown(String),
    /// More rows than any order needs.
    #[error("{0}: more than {MOST_ROWS} rows")]
    Rows(&'static str),
    /// Longer than any order needs.
    #[error("{0}: longer than {MOST_CHARS} characters")]
    Long(String),
}

/// Field by field; what is empty is not there, rows are counted from 0 without a gap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sheet(BTreeMap<String, String>);

/// `target[0].unit` in its parts.
fn row_of(field: &str) -> Option<(usize, usize, &'static str)> {
    LISTS.iter().enumerate().find_map(|(list, (name, columns, _))| {
        let (index, column) = field.strip_prefix(name)?.strip_prefix('[')?.split_once("].")?;
        let index: usize = index.parse().ok()?;
        Some((list, index, columns.iter().find(|c| **c == column)?)).map(|(l, i, c)| (l, i, *c))
    })
}

/// As it is kept: without blanks around it, and without characters that no field is for.
fn clean(text: &str) -> String {
    let kept = text.replace("\r\n", "\n");
    let kept: String = kept.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    kept.trim().to_owned()
}

impl Sheet {
    /// Of fields as a browser sends them: of a field that comes several times all values count, parted by commas.
    ///
    /// # Errors
    /// A field that no form has, or more than any order needs.
    pub fn of_fields(fields: impl IntoIterator<Item = (String, String)>) -> Result<Self, SheetError> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for (field, value) in fields {
            if !SCALARS.contains(&field.as_str()) && row_of(&field).is_none() {
                return Err(SheetError::Unknown(field.chars().take(80).collect()));
            }
            let value = clean(&value);
            if value.chars().count() > MOST_CHARS {
                return Err(SheetError::Long(field));
            }
            if value.is_empty() {
                continue;
            }
            let before = all.remove(&field).map(|before| format!("{before},")).unwrap_or_default();
            all.insert(field, before + &value);
        }
        Self(all).compact()
    }

    /// Rows without a gap, and without those in which nothing is written.
    fn compact(self) -> Result<Self, SheetError> {
        let mut rows: BTreeMap<(usize, usize), BTreeMap<&'static str, String>> = BTreeMap::new();
        let mut out = BTreeMap::new();
        for (field, value) in self.0 {
            match row_of(&field) {
                Some((list, index, column)) => {
                    rows.entry((list, index)).or_default().insert(column, value);
                }
                None => drop(out.insert(field, value)),
            }
        }
        let mut next = vec![0_usize; LISTS.len()];
        for ((list, _), row) in rows {
            let (name, _, written) = LISTS[list];
            if !written.iter().any(|column| row.contains_key(column)) {
                continue;
            }
            if next[list] >= MOST_ROWS {
                return Err(SheetError::Rows(name));
            }
            for (column, value) in row {
                out.insert(format!("{name}[{}].{column}", next[list]), value);
            }
            next[list] += 1;
        }
        Ok(Self(out))
    }

    /// The form of a change of an order that is there already.
    pub fn amendment_of(order: &str, title: &str) -> Self {
        let mut sheet = Self::default();
        sheet.set("amends", order);
        sheet.set("title", title);
        sheet
    }

    /// Is it a change of an order that is there already, and no order of its own?
    pub fn amends(&self) -> bool {
        !self.get("amends").is_empty()
    }

    /// What is written there; empty when nothing is.
    pub fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// Puts something there.
    pub(super) fn set(&mut self, field: impl Into<String>, value: impl Into<String>) {
        let (field, value) = (field.into(), value.into());
        if value.is_empty() { drop(self.0.remove(&field)) } else { drop(self.0.insert(field, value)) }
    }

    /// Rows of a list.
    pub fn rows(&self, list: &str) -> usize {
        let index = |field: &String| {
            let (of, index, _) = row_of(field)?;
            (LISTS[of].0 == list).then_some(index + 1)
        };
        self.0.keys().filter_map(index).max().unwrap_or(0)
    }

    /// Every field that is written, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, value)| (field.as_str(), value.as_str()))
    }

    /// The fields of one block: a field that stands once, or all rows of a list.
    pub(super) fn block(&self, name: &str) -> BTreeMap<String, String> {
        let of = |field: &str| row_of(field).map_or(field == name, |(list, ..)| LISTS[list].0 == name);
        self.0.iter().filter(|(field, _)| of(field)).map(|(f, v)| (f.clone(), v.clone())).collect()
    }

    /// Puts a block in place of what stands there.
    pub(super) fn put_block(&mut self, name: &str, block: BTreeMap<String, String>) {
        for field in self.block(name).into_keys() {
            self.0.remove(&field);
        }
        self.0.extend(block);
    }
}

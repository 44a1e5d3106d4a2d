//! What is wrong in a file somebody wrote: where, which value, and how to mend it, in Vietnamese and
//! in English. A file is taken whole or not at all, so its problems come as one list.

use crate::lang::Lang;
use std::fmt;

/// One sentence for people, in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Say {
    /// Vietnamese, the first language.
    pub vi: String,
    /// English.
    pub en: String,
}

impl Say {
    /// The sentence in one of them.
    pub fn pick(&self, lang: Lang) -> &str {
        lang.pick(&self.vi, &self.en)
    }
}

/// What the program says, in its own words, of bytes it cannot read.
pub(crate) fn unreadable(error: impl fmt::Display) -> Say {
    say(format!("không đọc được: {error}"), error.to_string())
}

/// Shorthand for a [`Say`].
pub fn say(vi: impl Into<String>, en: impl Into<String>) -> Say {
    Say { vi: vi.into(), en: en.into() }
}

/// One defect of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1: the character in TOML and ICS, the number of the field in CSV.
    pub column: u32,
    /// Header or key, `owner` or `target[2].unit`.
    pub field: String,
    /// The value as given, cut to 80 characters.
    pub value: String,
    /// What is wrong with it and how to mend it.
    pub mend: Say,
}

impl Problem {
    /// One line: place, field, value, then the mend.
    pub fn line_text(&self, lang: Lang) -> String {
        let mend = self.mend.pick(lang);
        let Self { file, line, column, field, value, .. } = self;
        format!("{file}:{line}:{column}: {field} = {value:?}: {mend}")
    }
}

/// All defects of one file, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Ok(done)` when nothing was found, else the list in file order.
    pub fn none_or<T>(mut found: Vec<Problem>, done: T) -> Result<T, Self> {
        found.sort_by_key(|p| (p.line, p.column));
        if found.is_empty() { Ok(done) } else { Err(Self(found)) }
    }
    /// The defects in file order.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
    /// One line each.
    pub fn text(&self, lang: Lang) -> String {
        self.0.iter().map(|p| p.line_text(lang)).collect::<Vec<_>>().join("\n")
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for Problems {}

/// At most 80 characters of a value, for messages.
pub(crate) fn short(value: &str) -> String {
    value.chars().take(80).collect()
}

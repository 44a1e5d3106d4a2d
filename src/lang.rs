//! The two languages that people read: Vietnamese first, English by switch.

use serde::{Deserialize, Serialize};

/// Language of words for people. Data (column names, codes, JSON keys) never changes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Tiếng Việt.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// The text in this language.
    pub fn pick<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
    /// `vi` or `en`, as in HTML's `lang` attribute.
    pub fn code(self) -> &'static str {
        self.pick("vi", "en")
    }
}

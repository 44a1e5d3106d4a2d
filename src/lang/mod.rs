//! The two languages that people read: Vietnamese first, English by switch.
//!
//! Words live in `locales/{vi,en}/*.ftl`, compiled into the program; [`Lang::text`] looks them up.
//! The sentences for stable codes of causes ([`Lang::cause`]) serve the console, the report and
//! every other room alike.

mod words;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid};
use lichphat_playlists::text::misleads;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset, clock_text};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "vi",
        // Names stand in elements of their own; marks inside sentences would only break searches.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static VI: LanguageIdentifier = langid!("vi");
static EN: LanguageIdentifier = langid!("en");

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

/// Values for the places of a message, in the order they were given.
#[derive(Debug, Clone, Default)]
pub struct Values(HashMap<Cow<'static, str>, FluentValue<'static>>);

impl Values {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// A word or name, as it is.
    #[must_use]
    pub fn word(mut self, place: &'static str, value: impl Into<String>) -> Self {
        self.0.insert(place.into(), FluentValue::from(value.into()));
        self
    }
    /// A count: `{ $place }` chooses the plural form, `{ $place_t }` prints it with thousands marks.
    #[must_use]
    pub fn count(mut self, lang: Lang, place: &'static str, n: u64) -> Self {
        self.0.insert(format!("{place}_t").into(), FluentValue::from(lang.number(n)));
        self.0.insert(place.into(), FluentValue::from(n));
        self
    }
}

/// A name from outside without the invisible marks that turn the direction of text around it; it is escaped where it is written.
pub fn shown(name: &str) -> String {
    let name: String = name.chars().filter(|c| !misleads(*c)).collect();
    if name.trim().is_empty() { "—".to_owned() } else { name }
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
    /// The language with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Vi, Self::En].into_iter().find(|lang| lang.code() == code)
    }
    fn id(self) -> &'static LanguageIdentifier {
        match self {
            Self::Vi => &VI,
            Self::En => &EN,
        }
    }

    /// The message of that key; the key itself when there is none (a test forbids that).
    pub fn text(self, key: &str) -> String {
        LOCALES.try_lookup(self.id(), key).unwrap_or_else(|| key.to_owned())
    }
    /// The message with its places filled.
    pub fn say(self, key: &str, values: &Values) -> String {
        LOCALES.try_lookup_with_args(self.id(), key, &values.0).unwrap_or_else(|| key.to_owned())
    }
    /// Is there such a message?
    pub fn knows(self, key: &str) -> bool {
        LOCALES.try_lookup(self.id(), key).is_some()
    }

    /// `18.418` or `18,418`.
    pub fn number(self, n: u64) -> String {
        let digits = n.to_string();
        let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                out.push_str(self.pick(".", ","));
            }
            out.push(digit);
        }
        out
    }
    /// One decimal, `9,7` or `9.7`; whole numbers without it.
    pub fn decimal(self, value: f64) -> String {
        let text = format!("{value:.1}");
        let (whole, tenth) = text.split_once('.').unwrap_or((&text, "0"));
        if tenth == "0" { whole.to_owned() } else { format!("{whole}{}{tenth}", self.pick(",", ".")) }
    }
    /// `20/11/2026` or `20 Nov 2026`.
    pub fn day(self, day: LocalDay) -> String {
        day.0.format(self.pick("%d/%m/%Y", "%-d %b %Y")).to_string()
    }
    /// `thứ Sáu, 20/11/2026` or `Friday, 20 Nov 2026`.
    pub fn long_day(self, day: LocalDay) -> String {
        let weekday = self.text(&format!("weekday-{}", day.weekday().num_days_from_monday()));
        format!("{weekday}, {}", self.day(day))
    }
    /// `10:42`.
    pub fn clock(self, second: u32) -> String {
        clock_text(second)[..5].to_owned()
    }
    /// `10:42, 20/11/2026`.
    pub fn instant(self, at: UtcMillis, offset: UtcOffset) -> String {
        let (day, of_day_ms) = at.local(offset);
        format!("{}, {}", self.clock(of_day_ms / 1000), self.day(day))
    }
}

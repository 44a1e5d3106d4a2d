//! How another vendor's log is to be read: which column is what, in which time zone and form its times are, and which of
//! its names are our screens and campaigns. A TOML file that an operator writes once per vendor.

use crate::directory::problem::{Problem, Problems, Say, say, short};
use crate::directory::table::{SourceFile, toml_problem};
use chrono::format::{Item, StrftimeItems};
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::time::UtcOffset;
use serde::Deserialize;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// Offset of its local times, `+07:00` or `Z`; the server's own when absent. A time that carries its offset keeps it.
    pub zone: Option<String>,
    /// Form of its times, `%d/%m/%Y %H:%M:%S`; RFC 3339 or `2026-11-20 08:00:00` when absent.
    pub time: Option<String>,
    /// Rows of screens and media that nobody named are left out, and counted; else they are mistakes.
    pub skip_unknown: bool,
    /// Headers of a CSV of another make.
    pub columns: Option<Columns>,
    /// The vendor's name of a screen -> our code.
    pub screens: BTreeMap<String, ScreenCode>,
    /// The vendor's name of a medium, or its id -> the campaign it belongs to.
    pub media: BTreeMap<String, CampaignCode>,
}

/// Which header of a CSV holds what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Name of the screen.
    pub screen: String,
    /// Name of the medium.
    pub media: String,
    /// Beginning.
    pub start: String,
    /// Its date, where the beginning is a time of day only.
    #[serde(default)]
    pub date: Option<String>,
    /// End; or `length`.
    #[serde(default)]
    pub end: Option<String>,
    /// Length in seconds, `15`, `14.96` or `00:00:15`; or `end`.
    #[serde(default)]
    pub length: Option<String>,
    /// Only rows in which this column has this value are plays, `["Status", "OK"]`.
    #[serde(default)]
    pub only: Option<(String, String)>,
}

impl Default for Columns {
    /// Those of our own `csv`, of which only plays that count are declared.
    fn default() -> Self {
        Self {
            screen: "screen".into(),
            media: "campaign".into(),
            start: "start".into(),
            date: None,
            end: Some("end".into()),
            length: None,
            only: Some(("standing".into(), "counted".into())),
        }
    }
}

impl Mapping {
    /// Reads the file. Its names are composed (NFC), however it was written: the log may write an accent in another way.
    pub fn parse(file: SourceFile<'_>) -> Result<Self, Problems> {
        let text: String = file.text()?.nfc().collect();
        let mapping: Self =
            toml::from_str(&text).map_err(|error| Problems::from(toml_problem(file.name, &text, &error)))?;
        Problems::none_or(mapping.flaws(file.name), mapping)
    }

    fn flaws(&self, file: &str) -> Vec<Problem> {
        let at = |field: &str, value: &str, mend: Say| Problem {
            file: file.to_owned(),
            line: 1,
            column: 1,
            field: field.to_owned(),
            value: short(value),
            mend,
        };
        let mut found = Vec::new();
        if let Some(zone) = self.zone.as_ref().filter(|zone| offset(zone).is_none()) {
            found.push(at("zone", zone, say("ghi +07:00 hoặc Z", "write +07:00 or Z")));
        }
        if let Some(form) = self.time.as_ref().filter(|form| StrftimeItems::new(form).any(|i| i == Item::Error)) {
            let mend = say(
                "không phải mẫu thời gian; ví dụ %d/%m/%Y %H:%M:%S",
                "is not a form of time; for example %d/%m/%Y %H:%M:%S",
            );
            found.push(at("time", form, mend));
        }
        if self.columns.as_ref().is_some_and(|c| c.end.is_some() == c.length.is_some()) {
            let mend = say("ghi một trong hai cột end, length", "name one of the columns end and length");
            found.push(at("columns.end", "", mend));
        }
        found
    }

    /// Offset of times that carry none.
    pub fn offset(&self, own: UtcOffset) -> UtcOffset {
        self.zone.as_deref().and_then(offset).unwrap_or(own)
    }
}

/// `+07:00`, `-03:30` or `Z`.
pub(super) fn offset(text: &str) -> Option<UtcOffset> {
    if text == "Z" {
        return Some(UtcOffset(0));
    }
    let (sign, rest) = text.strip_prefix('+').map(|r| (1, r)).or_else(|| text.strip_prefix('-').map(|r| (-1, r)))?;
    let (hours, minutes) = rest.split_once(':')?;
    let number = |t: &str| t.parse::<i16>().ok().filter(|_| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(UtcOffset(sign * (hours * 60 + minutes)))
}

//! Footfall counts, CSV or TOML (`[[footfall]]`). A file replaces the counts of the days in it, and the
//! profile of every subject in it that does not follow its counts.

use super::Context;
use crate::directory::footfall::{FootfallCount, FootfallDay, FootfallProfile, FootfallSubject};
use crate::directory::problem::{Problems, Say, say};
use crate::directory::snapshot::{Batch, Change};
use crate::directory::table::{Field, SourceFile, Table, needed, optional, read};
use lichphat_playlists::time::{LocalDay, parse_clock};
use std::collections::BTreeMap;

/// The table of counts.
pub(crate) static TABLE: Table = Table {
    name: "footfall",
    columns: &[
        needed("subject", "code of a screen, or `venue:airport` for a kind of place"),
        needed("date", "the day, `2026-11-20`"),
        needed("time", "beginning of the count: an hour `8`, or `08:00`, `08:15`"),
        optional("minutes", "length of the count: 60 (default) or 15"),
        needed("people", "people counted; leave the row out when nobody counted: missing is not zero"),
    ],
};

/// Counts of one subject by day and beginning, each with its line.
type Counted = BTreeMap<(LocalDay, u32), (FootfallCount, u32)>;

struct Begin(u32);
impl Field for Begin {
    fn read(text: &str) -> Result<Self, Say> {
        let second = match text.parse::<u32>() {
            Ok(hour) => hour.checked_mul(3600),
            Err(_) => parse_clock(text).ok(),
        };
        second.filter(|s| *s < 86_400 && s % 900 == 0).map(Self).ok_or_else(|| {
            say(
                "ghi giờ 0 đến 23, hoặc 08:00, 08:15, 08:30, 08:45",
                "write an hour from 0 to 23, or 08:00, 08:15, 08:30, 08:45",
            )
        })
    }
}

pub(crate) fn parse(file: SourceFile<'_>, context: Context<'_>) -> Result<Batch, Problems> {
    let mut found = Vec::new();
    let rows = read(file, &TABLE, &mut found)?;
    let mut counts: BTreeMap<FootfallSubject, Counted> = BTreeMap::new();
    for row in &rows {
        let subject = row.required::<FootfallSubject>("subject", &mut found);
        let day = row.required::<LocalDay>("date", &mut found);
        let from = row.required::<Begin>("time", &mut found);
        let minutes = row.or::<u32>("minutes", 60, &mut found);
        let people = row.required::<u32>("people", &mut found);
        let (Ok(subject), Ok(day), Ok(Begin(from_s)), Ok(minutes), Ok(people)) = (subject, day, from, minutes, people)
        else {
            continue;
        };
        if !matches!(minutes, 15 | 60) || from_s + minutes * 60 > 86_400 {
            found.push(
                row.problem("minutes", say("chỉ 15 hoặc 60, trong cùng một ngày", "must be 15 or 60, inside one day")),
            );
            continue;
        }
        if !context.directory.knows_subject(&subject) {
            let mend = say("không có màn hình hay loại địa điểm này", "no such screen or venue type");
            found.push(row.problem("subject", mend));
        }
        let count = FootfallCount { day, from_s, length_s: minutes * 60, people };
        let day_counts = counts.entry(subject).or_default();
        // the counted time before this one must end by now, the next one begin after it
        let before = day_counts.range(..=(day, from_s)).next_back().map(|(_, c)| *c);
        let after = day_counts.range((day, from_s)..).next().map(|(_, c)| *c);
        let clash = before
            .filter(|(c, _)| c.day == day && c.from_s + c.length_s > from_s)
            .or_else(|| after.filter(|(c, _)| c.day == day && c.from_s < from_s + count.length_s));
        if let Some((_, line)) = clash {
            let mend = say(format!("trùng giờ với dòng {line}"), format!("counts the same time as line {line}"));
            found.push(row.problem("time", mend));
            continue;
        }
        day_counts.insert((day, from_s), (count, row.line()));
    }
    let source = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut changes = Vec::new();
    for (subject, counts) in counts {
        let counts: Vec<FootfallCount> = counts.into_values().map(|(count, _)| count).collect();
        // who follows its counts takes them in, and changes nothing until somebody has accepted what they say
        if context.directory.following(&subject, context.today()).is_none() {
            changes.extend(FootfallProfile::of(subject.clone(), source, &counts).map(Change::Footfall));
        }
        let days = counts.chunk_by(|a, b| a.day == b.day);
        changes.extend(days.map(|of_day| {
            let counts = of_day.iter().map(|c| (c.from_s, c.length_s, c.people)).collect();
            Change::FootfallDay(FootfallDay { subject: subject.clone(), day: of_day[0].day, counts })
        }));
    }
    Problems::none_or(found, Batch { changes })
}

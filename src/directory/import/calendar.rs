//! The calendar, CSV, TOML (`[[day]]`) or ICS (whole-day events).

use crate::directory::calendar::{AppliesTo, CalendarDay, CalendarStatus, DayKind};
use crate::directory::problem::{Problem, Problems, Say, say, short};
use crate::directory::snapshot::{Batch, Change};
use crate::directory::table::{Field, SourceFile, Table, needed, optional, read};
use icalendar::parser::{Component, read_calendar, unfold};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// The table of days.
pub(crate) static TABLE: Table = Table {
    name: "day",
    columns: &[
        needed("date", "the day, `2026-04-30`"),
        needed("name", "Vietnamese name, `Ngày Chiến thắng`"),
        optional("name_en", "English name"),
        needed("kind", "`day-off`, or `workday`: a day of rest that is worked in exchange"),
        optional("applies_to", "`all` (default) or `offices`: days that only state offices swap"),
        optional("status", "`official` (default), `estimated` or `needs-confirmation`"),
        optional("source", "the decision it comes from"),
    ],
};

pub(crate) fn parse(file: SourceFile<'_>) -> Result<Batch, Problems> {
    if file.has_extension("ics") { ics(file) } else { table(file) }
}

fn table(file: SourceFile<'_>) -> Result<Batch, Problems> {
    let mut found = Vec::new();
    let rows = read(file, &TABLE, &mut found)?;
    let mut days: BTreeMap<LocalDay, u32> = BTreeMap::new();
    let mut changes = Vec::new();
    for row in &rows {
        let date = row.required::<LocalDay>("date", &mut found);
        let name = row.required("name", &mut found);
        let kind = row.required("kind", &mut found);
        let applies_to = row.or("applies_to", AppliesTo::All, &mut found);
        let status = row.or("status", CalendarStatus::Official, &mut found);
        let (Ok(date), Ok(name), Ok(kind), Ok(applies_to), Ok(status)) = (date, name, kind, applies_to, status) else {
            continue;
        };
        if let Some(line) = days.insert(date, row.line()) {
            found.push(row.problem("date", twice(line)));
        }
        let (name_en, source) = (row.text("name_en").map(str::to_owned), row.text("source").map(str::to_owned));
        changes.push(Change::Calendar(CalendarDay { date, name, name_en, kind, applies_to, status, source }));
    }
    Problems::none_or(found, Batch { changes })
}

/// An event that lasts longer is a slip of the pen, days.
const LONGEST_DAYS: i64 = 367;

fn twice(line: u32) -> Say {
    say(
        format!("ngày này đã có ở dòng {line}; mỗi ngày một lần"),
        format!("this day is on line {line} already; name each day once"),
    )
}

/// Events whose CATEGORIES hold words of the table (`workday`, `offices`, `estimated`); an event without
/// any is an official day off for all, as public holiday calendars write it.
fn ics(file: SourceFile<'_>) -> Result<Batch, Problems> {
    let text = file.text()?;
    let begins: Vec<u32> = text
        .lines()
        .zip(1..)
        .filter(|(l, _)| l.trim_end().eq_ignore_ascii_case("BEGIN:VEVENT"))
        .map(|(_, n)| n)
        .collect();
    let at = |line: u32, field: &str, value: &str, mend: Say| Problem {
        file: file.name.to_owned(),
        line,
        column: 1,
        field: field.to_owned(),
        value: short(value),
        mend,
    };
    let unfolded = unfold(text);
    let calendar = read_calendar(&unfolded).map_err(|detail| {
        let detail = detail.lines().next().unwrap_or_default();
        at(1, "-", "", say(format!("không đọc được lịch ICS: {detail}"), format!("not readable as ICS: {detail}")))
    })?;
    let mut found = Vec::new();
    let mut days: BTreeMap<LocalDay, (CalendarDay, u32)> = BTreeMap::new();
    let events = calendar.components.iter().filter(|c| c.name == "VEVENT");
    for (event, begin) in events.zip(begins) {
        let line_of = |property: &str| {
            let after = text.lines().zip(1u32..).skip(begin as usize);
            after
                .take_while(|(l, _)| !l.starts_with("END:"))
                .find(|(l, _)| l.starts_with(property))
                .map_or(begin, |(_, n)| n)
        };
        let mut report =
            |property: &str, value: &str, mend: Say| found.push(at(line_of(property), property, value, mend));
        for day in event_days(event, &mut report) {
            if let Some((_, line)) = days.get(&day.date) {
                let value = day.date.to_string();
                report("DTSTART", &value, twice(*line));
                continue;
            }
            days.insert(day.date, (day, begin));
        }
    }
    Problems::none_or(found, Batch { changes: days.into_values().map(|(day, _)| Change::Calendar(day)).collect() })
}

fn event_days(event: &Component<'_>, report: &mut impl FnMut(&str, &str, Say)) -> Vec<CalendarDay> {
    let text = |name: &str| event.find_prop(name).map(|p| p.val.clone().unescape_text().as_str().trim().to_owned());
    let whole_day = |name: &str, report: &mut dyn FnMut(&str, &str, Say)| -> Option<LocalDay> {
        let value = text(name)?;
        let (year, month_day) = value.split_at_checked(4)?;
        let (month, day) = month_day.split_at_checked(2)?;
        let date = LocalDay::read(&format!("{year}-{month}-{day}"));
        date.map_err(|_| report(name, &value, say("phải là cả ngày, dạng 20261120", "must be a whole day, 20261120")))
            .ok()
    };
    let Some(name) = text("SUMMARY").filter(|s| !s.is_empty()) else {
        report("SUMMARY", "", say("sự kiện phải có tên", "the event must have a name"));
        return Vec::new();
    };
    if event.find_prop("RRULE").is_some() {
        let mend = say("không nhận sự kiện lặp lại; ghi từng ngày", "events that repeat are not taken; write each day");
        report("RRULE", &text("RRULE").unwrap_or_default(), mend);
        return Vec::new();
    }
    let Some(first) = whole_day("DTSTART", report) else {
        if event.find_prop("DTSTART").is_none() {
            report("DTSTART", "", say("thiếu ngày", "has no day"));
        }
        return Vec::new();
    };
    // the end of a whole-day event is the day after; some programs repeat the day itself
    let end = whole_day("DTEND", report).unwrap_or(first);
    let mend = match end.days_since(first) {
        ..0 => Some(say("sự kiện kết thúc trước khi bắt đầu", "the event ends before it begins")),
        LONGEST_DAYS.. => Some(say(
            "sự kiện dài quá một năm; kiểm tra lại DTSTART và DTEND",
            "the event lasts more than a year; check DTSTART and DTEND",
        )),
        _ => None,
    };
    if let Some(mend) = mend {
        report("DTEND", &text("DTEND").unwrap_or_default(), mend);
        return Vec::new();
    }
    let last = end.previous().max(first);
    let categories = text("CATEGORIES").unwrap_or_default().to_lowercase();
    let words: Vec<&str> = categories.split(',').map(str::trim).collect();
    let word = |all: &str| words.contains(&all);
    let tentative = text("STATUS").is_some_and(|s| s.eq_ignore_ascii_case("TENTATIVE"));
    let status = CalendarStatus::ALL.iter().copied().find(|s| word(s.as_str()));
    let status = status.unwrap_or(if tentative { CalendarStatus::Estimated } else { CalendarStatus::Official });
    let kind = if word("workday") { DayKind::Workday } else { DayKind::DayOff };
    let applies_to = if word("offices") { AppliesTo::Offices } else { AppliesTo::All };
    first
        .through(last)
        .map(|date| CalendarDay {
            date,
            name: name.clone(),
            name_en: text("X-NAME-EN"),
            kind,
            applies_to,
            status,
            source: text("DESCRIPTION").filter(|s| !s.is_empty()),
        })
        .collect()
}

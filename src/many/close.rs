//! Closures and repairs as people enter them, of one screen as of many: what a form says, and what is left of one that is not needed
//! any more. A closure lies ahead: what was before it was entered is a matter for an import, which somebody answers for.

use super::filter::FilterError;
use super::work::{Preview, REASON_LETTERS, Work};
use crate::campaigns::Campaigns;
use crate::directory::problem::{Say, say};
use crate::directory::table::Field as _;
use crate::directory::{Batch, Change, Closure, Directory, LocalTime, Screen};
use lichphat_playlists::ids::DirectiveCode;
use lichphat_playlists::quota::{self, Ratio};
use lichphat_playlists::time::{DAY_S, HANOI, LocalDay, UtcMillis};

/// Longest closure, days: what is longer is no repair.
const LONGEST_DAYS: i64 = 366;

/// The minute that holds an instant.
fn minute(at: UtcMillis) -> LocalTime {
    let (day, ms) = at.local(HANOI);
    LocalTime { day, second: ms / 60_000 * 60 }
}

/// The next full minute: what begins then has not begun when it is entered.
fn next_minute(now: UtcMillis) -> LocalTime {
    minute(now.plus_ms(59_999))
}

/// What a form says of a closure: days, hours (none: the whole day, and today from now on) and a reason.
///
/// # Errors
/// The first of its words that makes no sense, or lies in the past.
pub fn closing<'a>(value: impl Fn(&str) -> Option<&'a str>, now: UtcMillis) -> Result<Work, FilterError> {
    let wrong = |field: &'static str, mend: Say| FilterError {
        field,
        value: value(field).unwrap_or_default().to_owned(),
        mend,
    };
    let needed =
        |field: &'static str| value(field).ok_or_else(|| wrong(field, say("không được để trống", "must not be empty")));
    let today = now.day(HANOI);
    let day = |field: &'static str| LocalDay::read(needed(field)?).map_err(|mend| wrong(field, mend));
    let time = |day: LocalDay, clock: &'static str, default: LocalTime| match value(clock) {
        None => Ok(default),
        Some(text) => LocalTime::parse(&format!("{day} {text}"), 0).map_err(|mend| wrong(clock, mend)),
    };
    let first = day("close_from")?;
    if first < today {
        let mend = (format!("đã qua; ghi từ ngày {} trở đi", vi(today)), format!("is over; write {today} or later"));
        return Err(wrong("close_from", say(mend.0, mend.1)));
    }
    let whole = if first == today { next_minute(now) } else { LocalTime { day: first, second: 0 } };
    let from = time(first, "close_from_time", whole)?;
    if from < minute(now) {
        let now = minute(now);
        let clock = lichphat_playlists::time::clock_text(now.second);
        let mend = say(
            format!("đã qua; ghi từ {} trở đi, hoặc để trống để tính từ bây giờ", &clock[..5]),
            format!("is over; write {} or later, or nothing for from now on", &clock[..5]),
        );
        return Err(wrong("close_from_time", mend));
    }
    // who writes the minute that runs means from now on, and enters nothing after the fact
    let from = from.max(next_minute(now).min(LocalTime { day: from.day, second: DAY_S }));
    let last = day("close_to")?;
    let to = time(last, "close_to_time", LocalTime { day: last, second: DAY_S })?;
    if to <= from {
        return Err(wrong("close_to", say("kết thúc phải sau bắt đầu", "the end must be later than the beginning")));
    }
    if last.days_since(first) > LONGEST_DAYS {
        let mend = say(
            format!("quá {LONGEST_DAYS} ngày; màn hình không còn dùng thì sửa trong danh sách màn hình"),
            format!("more than {LONGEST_DAYS} days; a screen that is no longer used is ended in the list of screens"),
        );
        return Err(wrong("close_to", mend));
    }
    let reason = needed("reason")?.to_owned();
    if reason.chars().count() > REASON_LETTERS || reason.chars().any(char::is_control) {
        let mend = say("viết tối đa 200 chữ, trên một dòng", "write at most 200 letters, on one line");
        return Err(wrong("reason", mend));
    }
    Ok(Work::Close { from, to, reason })
}

fn vi(day: LocalDay) -> String {
    crate::lang::Lang::Vi.day(day)
}

/// What takes a closure back: one that has not begun is none, one that has begun ends with the next minute; none when it is over.
pub fn reopening(closure: &Closure, now: UtcMillis) -> Option<Change> {
    let now = next_minute(now);
    match (closure.from >= now, closure.to > now) {
        (true, _) => Some(Change::NoClosure(closure.subject.clone(), closure.from)),
        (false, true) => Some(Change::Closure(Closure { to: now, ..closure.clone() })),
        (false, false) => None,
    }
}

/// What a closure comes to for one order, over the order's period that holds its first day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Means {
    /// The order.
    pub order: DirectiveCode,
    /// Screens of the closure that it asks plays of.
    pub screens: u32,
    /// Plays that they owe in that period as things stand.
    pub before: u64,
    /// And with the closure.
    pub after: u64,
    /// The number is one of a whole unit: its other screens reach it, so nothing of it goes.
    pub of_unit: bool,
}

/// Days of screens that are looked at: beyond that it is a report's work and not a look ahead.
const MOST_DAYS: usize = 20_000;

/// What a closure comes to for each order that runs in its days; none when too many days would have to be looked at.
pub fn means(
    preview: &Preview,
    (directory, campaigns): (&Directory, &Campaigns),
    now: UtcMillis,
) -> Option<Vec<Means>> {
    let Work::Close { from, to, .. } = &preview.work else { return Some(Vec::new()) };
    let mut closed = directory.clone();
    let screens: Vec<&Screen> = preview.taken().filter_map(|code| directory.screen(code)).collect();
    let changes = screens.iter().filter_map(|s| preview.work.change(s, ("", now))).collect();
    closed.apply(Batch { changes });
    let (mut all, mut looked_at) = (Vec::new(), 0);
    for order in campaigns.directives().filter(|d| d.quota.is_some()) {
        let meets = |(first, last): &(LocalDay, LocalDay)| *first <= to.day && from.day <= *last;
        let Some(period) = order.periods().into_iter().find(meets) else { continue };
        let day = period.0.max(from.day);
        let bound: Vec<&&Screen> = screens.iter().filter(|s| order.binds(directory, s, day).is_some()).collect();
        looked_at += bound.len() * (period.1.days_since(period.0) as usize + 1);
        if looked_at > MOST_DAYS {
            return None;
        }
        let owed = |city: &Directory, s: &Screen| {
            let sum: Ratio = order.days_owed(city, s, day).iter().map(|d| d.owed).sum();
            u64::from(quota::floor(sum))
        };
        let sum = |city: &Directory| bound.iter().map(|s| owed(city, s)).sum();
        if !bound.is_empty() {
            let (before, after) = if order.is_of_units() { (0, 0) } else { (sum(directory), sum(&closed)) };
            let (order, of_unit) = (order.code.clone(), order.is_of_units());
            all.push(Means { order, screens: bound.len() as u32, before, after, of_unit });
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ClosureSubject;
    use std::collections::BTreeMap;

    /// 10:30:30 on 20 November 2026.
    fn now() -> UtcMillis {
        "2026-11-20".parse::<LocalDay>().unwrap().at(10 * 3_600 + 1_830, HANOI)
    }
    fn read(fields: &[(&str, &str)]) -> Result<String, (&'static str, String)> {
        let usual = [("close_from", "2026-11-20"), ("close_to", "2026-11-20"), ("reason", "Sửa nguồn")];
        let all: BTreeMap<&str, &str> = usual.iter().chain(fields).copied().collect();
        let value = |name: &str| all.get(name).copied().filter(|text| !text.is_empty());
        match closing(value, now()) {
            Ok(Work::Close { from, to, reason }) => Ok(format!("{from} – {to}: {reason}")),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err((error.field, error.mend.en)),
        }
    }

    #[test]
    fn today_means_from_now_on_and_another_day_from_its_beginning() {
        assert_eq!(read(&[]).unwrap(), "2026-11-20 10:31 – 2026-11-20 24:00: Sửa nguồn");
        let to = ("close_to", "2026-11-21");
        assert_eq!(
            read(&[("close_from", "2026-11-21"), to]).unwrap(),
            "2026-11-21 00:00 – 2026-11-21 24:00: Sửa nguồn"
        );
        assert_eq!(
            read(&[("close_from_time", "10:30"), ("close_to_time", "12:00")]).unwrap(),
            "2026-11-20 10:31 – 2026-11-20 12:00: Sửa nguồn",
            "the minute that runs is from now on"
        );
    }

    #[test]
    fn what_lies_in_the_past_or_makes_no_sense_is_refused_by_its_field() {
        for (fields, field, said) in [
            (&[("close_from", "2026-11-19")][..], "close_from", "is over"),
            (&[("close_from_time", "10:29")], "close_from_time", "10:30 or later"),
            (&[("close_from_time", "25:00")], "close_from_time", ""),
            (&[("close_to", "2026-11-19")], "close_to", "later than the beginning"),
            (&[("close_to_time", "10:00")], "close_to", "later than the beginning"),
            (&[("close_to", "2062-11-20")], "close_to", "366"),
            (&[("close_to", "")], "close_to", "must not be empty"),
            (&[("reason", "")], "reason", "must not be empty"),
            (&[("reason", "a\nb")], "reason", "one line"),
        ] {
            let (at, mend) = read(fields).unwrap_err();
            assert!(at == field && mend.contains(said), "{fields:?}: {at} {mend}");
        }
    }

    #[test]
    fn one_to_come_goes_one_that_runs_ends_now_and_what_was_stays() {
        let at = |text: &str| LocalTime::parse(text, 0).unwrap();
        let closure = |from, to| Closure {
            subject: ClosureSubject::Screen("S1".parse().unwrap()),
            from: at(from),
            to: at(to),
            reason: "x".into(),
            author: "an".into(),
            entered_at: UtcMillis(0),
        };
        let to_come = closure("2026-11-20 11:00", "2026-11-20 12:00");
        assert_eq!(reopening(&to_come, now()), Some(Change::NoClosure(to_come.subject.clone(), to_come.from)));
        let runs = closure("2026-11-20 08:00", "2026-11-20 12:00");
        assert_eq!(
            reopening(&runs, now()),
            Some(Change::Closure(Closure { to: at("2026-11-20 10:31"), ..runs.clone() }))
        );
        assert_eq!(reopening(&closure("2026-11-20 08:00", "2026-11-20 10:31"), now()), None);
    }
}

//! Closures and repairs, CSV or TOML (`[[closure]]`).

use super::Context;
use crate::directory::closure::{Closure, ClosureSubject, LocalTime};
use crate::directory::problem::{Problem, Problems, Say, say};
use crate::directory::screen::Link;
use crate::directory::snapshot::{Batch, Change};
use crate::directory::table::{Bad, Field, Row, SourceFile, Table, needed, optional, read};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::{DAY_S, UtcMillis};
use std::collections::BTreeMap;

/// The table of closures.
pub(crate) static TABLE: Table = Table {
    name: "closure",
    columns: &[
        optional("screen", "code of the screen that is closed; either this or `unit`"),
        optional("unit", "code or name of a unit: all its screens and those below it are closed"),
        optional("link", "which screens are the unit's: `owner` (default), `territory`, `sector` or `operator`"),
        needed("from", "beginning, `2026-11-20` (its midnight) or `2026-11-20 14:30`"),
        needed("to", "end, `2026-11-21` (that day included) or `2026-11-20 17:00`"),
        needed("reason", "why, `Sửa nguồn tấm LED`"),
        needed("author", "who says so: office or post"),
    ],
};

struct Begin(LocalTime);
impl Field for Begin {
    fn read(text: &str) -> Result<Self, Say> {
        LocalTime::parse(text, 0).map(Self)
    }
}
struct End(LocalTime);
impl Field for End {
    fn read(text: &str) -> Result<Self, Say> {
        LocalTime::parse(text, DAY_S).map(Self)
    }
}

pub(crate) fn parse(file: SourceFile<'_>, context: Context<'_>) -> Result<Batch, Problems> {
    let mut found = Vec::new();
    let rows = read(file, &TABLE, &mut found)?;
    let mut changes = Vec::new();
    let mut lines = BTreeMap::new();
    for row in &rows {
        let from = row.required::<Begin>("from", &mut found);
        let to = row.required::<End>("to", &mut found);
        let (reason, author) = (row.required("reason", &mut found), row.required("author", &mut found));
        let subject = subject(row, context, from.as_ref().ok().map(|b| b.0), &mut found);
        let (Ok(Begin(from)), Ok(End(to)), Ok(reason), Ok(author), Ok(subject)) = (from, to, reason, author, subject)
        else {
            continue;
        };
        if to <= from {
            found.push(row.problem("to", say("kết thúc phải sau bắt đầu", "the end must be later than the beginning")));
        }
        if let Some(line) = lines.insert((subject.clone(), from), row.line()) {
            let mend = say(format!("đã có ở dòng {line}"), format!("is on line {line} already"));
            found.push(row.problem("from", mend));
        }
        let mut closure = Closure { subject, from, to, reason, author, entered_at: context.now };
        let begun = context.directory.closure_at(&closure.subject, from).filter(|_| from.instant() <= context.now);
        if let Some(old) = begun {
            if let Some(mend) = changes_the_past(old, to, context.now) {
                found.push(row.problem("to", mend));
            }
            let said = [("reason", &old.reason, &closure.reason), ("author", &old.author, &closure.author)];
            for (column, was, _) in said.into_iter().filter(|(_, was, is)| was != is) {
                found.push(row.problem(column, has_begun(was)));
            }
            closure.entered_at = old.entered_at;
        }
        changes.push(Change::Closure(closure));
    }
    Problems::none_or(found, Batch { changes })
}

/// Why a closure that has begun may not end then: it would excuse afterwards what was owed, or take back what was excused.
fn changes_the_past(old: &Closure, to: LocalTime, now: UtcMillis) -> Option<Say> {
    if to == old.to {
        None
    } else if old.to.instant() <= now {
        Some(say(
            format!("đợt nghỉ này đã kết thúc lúc {}; nghỉ tiếp thì ghi một đợt mới", old.to),
            format!("this closure ended at {}; enter another one for what is to come", old.to),
        ))
    } else if to.instant() < now {
        Some(say("không sửa quá khứ: ghi từ bây giờ trở đi", "is over: write a time that is still to come"))
    } else {
        None
    }
}

/// Why a closure that has begun keeps its words: a report says under whose account they were entered, and when.
fn has_begun(was: &str) -> Say {
    say(
        format!("đợt nghỉ này đã bắt đầu: giữ nguyên “{was}”, hoặc ghi một đợt mới cho thời gian sắp tới"),
        format!("this closure has begun: keep \"{was}\", or enter another one for what is to come"),
    )
}

fn subject(
    row: &Row,
    context: Context<'_>,
    from: Option<LocalTime>,
    found: &mut Vec<Problem>,
) -> Result<ClosureSubject, Bad> {
    let link = row.or("link", Link::Owner, found)?;
    match (row.optional::<ScreenCode>("screen", found)?, row.text("unit")) {
        (Some(screen), None) if context.directory.screen(&screen).is_some() => Ok(ClosureSubject::Screen(screen)),
        (Some(_), None) => {
            let mend = say("không có màn hình này; nhập screens trước", "no such screen; import the screens first");
            found.push(row.problem("screen", mend));
            Err(Bad)
        }
        (None, Some(unit)) => {
            let day = from.map_or(context.today(), |f| f.day);
            Ok(ClosureSubject::Unit(link, context.unit(row, "unit", unit, day, found)?))
        }
        _ => {
            let mend = say("ghi hoặc screen hoặc unit, không cả hai", "write either a screen or a unit, not both");
            found.push(row.problem("screen", mend));
            Err(Bad)
        }
    }
}

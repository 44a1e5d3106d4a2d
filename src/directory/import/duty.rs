//! Rosters of vehicles, CSV or TOML (`[[duty]]`).

use super::Context;
use crate::directory::problem::{Problems, Say, say};
use crate::directory::snapshot::{Batch, Change, RosterEntry};
use crate::directory::table::{SourceFile, Table, needed, read};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::{IntervalSet, LocalDay};
use std::collections::BTreeMap;

/// The table of rosters.
pub(crate) static TABLE: Table = Table {
    name: "duty",
    columns: &[
        needed("screen", "code of the vehicle's screen"),
        needed("date", "the day, `2026-11-20`"),
        needed(
            "hours",
            "when the vehicle runs, `05:12-09:40;15:00-20:10`; `-` = it stays in the depot; split a run that passes midnight over two days",
        ),
    ],
};

pub(crate) fn parse(file: SourceFile<'_>, context: Context<'_>) -> Result<Batch, Problems> {
    let mut found = Vec::new();
    let rows = read(file, &TABLE, &mut found)?;
    let mut changes = Vec::new();
    let mut lines = BTreeMap::new();
    for row in &rows {
        let screen = row.required::<ScreenCode>("screen", &mut found);
        let day = row.required::<LocalDay>("date", &mut found);
        let hours = row.required::<IntervalSet>("hours", &mut found);
        let (Ok(screen), Ok(day), Ok(hours)) = (screen, day, hours) else { continue };
        match context.directory.screen(&screen) {
            None => {
                let mend = say("không có màn hình này; nhập screens trước", "no such screen; import the screens first");
                found.push(row.problem("screen", mend));
            }
            Some(vehicle) => {
                let owed = context.directory.owed_before(vehicle, day, context.now);
                found.extend(takes_away(&owed, &hours).map(|mend| row.problem("hours", mend)));
            }
        }
        if let Some(line) = lines.insert((screen.clone(), day), row.line()) {
            let mend = say(
                format!("màn hình và ngày này đã có ở dòng {line}; gộp các khoảng giờ bằng ;"),
                format!("this screen and day are on line {line} already; join the hours with ;"),
            );
            found.push(row.problem("screen", mend));
        }
        changes.push(Change::Roster(RosterEntry { screen, day, hours }));
    }
    Problems::none_or(found, Batch { changes })
}

/// Why these hours may not stand for a day that has begun: they leave out some of what was `owed` until now. More than that may be written.
fn takes_away(owed: &IntervalSet, hours: &IntervalSet) -> Option<Say> {
    let lost = owed.minus(hours);
    if lost.is_empty() {
        return None;
    }
    // to the full minute, so that the same file may be brought again after it was mended
    let minutes = |(from, to): (u32, u32)| IntervalSet::one(from, to.div_ceil(60) * 60);
    let kept = owed.iter().map(minutes).fold(hours.clone(), |all, one| all.union(&one));
    let (lost, kept) = (lost.text(), kept.text());
    Some(say(
        format!("không sửa quá khứ: {lost} đã là giờ hoạt động và vẫn tính; bỏ dòng này, hoặc ghi {kept}"),
        format!(
            "the past is not rewritten: {lost} were hours of duty and stay owed; leave the row out, or write {kept}"
        ),
    ))
}

//! How a screen is: duty, what its box says, what today still brings.

use super::fate::Due;
use super::model::{BoxFacts, Cause, Standing, State};
use crate::directory::{Directory, Screen, ScreenKind};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};

/// A box says every minute how it is: five are a line that is cut, not one that hiccups, ms.
pub const LOST_MS: i64 = 5 * 60_000;
/// The same where it speaks every ten minutes, ms.
const LOST_METERED_MS: i64 = 25 * 60_000;
/// The same of a vehicle that runs by a roster: it passes places without any network, ms.
const LOST_VEHICLE_MS: i64 = 4 * 3_600_000;
/// Records are handed in every quarter of an hour; a box that is heard three of them later without one plays nothing, ms.
pub const QUIET_MS: i64 = 45 * 60_000;
/// Days on duty without a record after which a screen is silent, not only offline.
pub const SILENT_DAYS: usize = 3;
/// How far back days on duty are looked for.
const LOOK_BACK_DAYS: usize = 30;

/// How a screen is by its hours and its box; today's plays are looked at by [`with_plays`].
pub fn present(
    directory: &Directory,
    screen: &Screen,
    facts: Option<&BoxFacts>,
    (now, offset): (UtcMillis, UtcOffset),
) -> Standing {
    if screen.kind != ScreenKind::Managed {
        return Standing::plain(State::Unmanaged);
    }
    let day = now.day(offset);
    let (_, of_day_ms) = now.local(offset);
    let bad = |state, cause, since| Standing { state, cause: Some(cause), since, plays: 0 };
    let Some(facts) = facts else {
        return match directory.operating(screen, day) {
            true => bad(State::Silent, Cause::NoDevice, None),
            false => Standing::plain(State::OffDuty),
        };
    };
    if is_silent(directory, screen, facts, (day, offset)) {
        return bad(State::Silent, Cause::NoRecords, facts.reported_until);
    }
    let Some((began_s, _)) = directory.duty(screen, day).interval_at(of_day_ms / 1000) else {
        return Standing::plain(State::OffDuty);
    };
    // a box answers for nothing that was before it came in
    let began = facts.came.map_or(day.at(began_s, offset), |came| came.max(day.at(began_s, offset)));
    let patience_ms = match (directory.is_rostered(screen, day), facts.metered) {
        (true, _) => LOST_VEHICLE_MS,
        (false, true) => LOST_METERED_MS,
        (false, false) => LOST_MS,
    };
    let is_lost = facts.heard.is_none_or(|heard| now.since_ms(heard) > patience_ms);
    if is_lost {
        let quiet_since = facts.heard.map_or(began, |heard| heard.max(began));
        return match now.since_ms(quiet_since) > patience_ms {
            true => bad(State::Offline, Cause::Unheard, Some(quiet_since)),
            // its hours have just begun: it may be starting
            false => Standing::plain(State::OffDuty),
        };
    }
    if facts.panel_off {
        return bad(State::Dark, Cause::PanelOff, facts.heard);
    }
    let shown_until = facts.reported_until.map_or(began, |until| until.max(began));
    // what it has played since it was heard last nobody can know
    if facts.all_in && facts.heard.is_some_and(|heard| heard.since_ms(shown_until) > QUIET_MS) {
        return bad(State::Dark, Cause::NothingShown, Some(shown_until));
    }
    Standing::plain(State::Ok)
}

/// Whether so many days on duty went by without a record. A box that has just come in is not blamed for what was before it.
fn is_silent(directory: &Directory, screen: &Screen, facts: &BoxFacts, (day, offset): (LocalDay, UtcOffset)) -> bool {
    let last = match (facts.reported_until, facts.heard) {
        (Some(until), _) => until.day(offset),
        (None, Some(heard)) if day.days_since(heard.day(offset)) <= 1 => return false,
        (None, Some(heard)) => heard.day(offset),
        (None, None) => return directory.operating(screen, day),
    };
    std::iter::successors(Some(day.previous()), |d| Some(d.previous()))
        .take(LOOK_BACK_DAYS)
        .take_while(|d| *d > last)
        .filter(|d| directory.operating(screen, *d))
        .take(SILENT_DAYS)
        .count()
        == SILENT_DAYS
}

/// The same with today's plays, each of an order: a screen that plays and will not reach its number is behind; of one that
/// does not play, what is left of its number is at stake.
pub fn with_plays(standing: Standing, today: impl IntoIterator<Item = Due>) -> Standing {
    let (mut missing, mut not_approved) = (0, 0);
    for due in today {
        let plays = match standing.state {
            State::Ok | State::OffDuty | State::Behind => due.missing(due.open),
            State::Offline | State::Dark | State::Silent => due.missing(0),
            State::Unmanaged => 0,
        };
        missing += plays;
        not_approved += if due.not_approved { plays } else { 0 };
    }
    // whoever goes there finds nothing to mend when all that is missing waits for an approval
    let cause = if not_approved < missing { Cause::Short } else { Cause::NotApproved };
    match standing.state {
        State::Ok if missing > 0 => Standing { state: State::Behind, cause: Some(cause), since: None, plays: missing },
        _ => Standing { plays: missing, ..standing },
    }
}

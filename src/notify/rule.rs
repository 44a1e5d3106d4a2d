//! What is told now: pure, of what was told before, how things are, and the time.

use super::model::{Case, CaseChange, SiteNow, Subscription};
use crate::attention::{Cause, Here, Site, State, site_of};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::BTreeMap;

/// How soon and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// A site has to be dark so long before anybody is told, ms: a box that starts again is no alarm.
    pub settle_ms: i64,
    /// Told again after so long, unless somebody has taken it, ms.
    pub repeat_ms: i64,
}

/// What a round comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// What changes.
    pub changes: Vec<CaseChange>,
    /// Told for the first time.
    pub new: Vec<Case>,
    /// Told again.
    pub again: Vec<Case>,
    /// Well again, of those that people were told of.
    pub over: Vec<Case>,
}

/// The dark and the offline sites, of how screens stand.
pub fn sites<'a>(
    here: impl IntoIterator<Item = Here<'a>>,
    (at, day): (UtcMillis, LocalDay),
) -> BTreeMap<(Site, Cause), SiteNow> {
    let mut sites: BTreeMap<(Site, Cause), SiteNow> = BTreeMap::new();
    for Here { screen, standing } in here {
        let (State::Dark | State::Offline, Some(cause)) = (standing.state, standing.cause) else { continue };
        let since = standing.since.unwrap_or(at);
        let new = || SiteNow { state: standing.state, since, screens: Vec::new() };
        let site = sites.entry((site_of(screen, day), cause)).or_insert_with(new);
        site.since = site.since.min(since);
        site.screens.push(screen.code.clone());
    }
    sites
}

/// Compares the open cases with how the sites are. `well` are the screens that are seen to play: a site whose hours are merely over
/// is closed without a word.
pub fn round(
    open: &[Case],
    now: &BTreeMap<(Site, Cause), SiteNow>,
    well: impl Fn(&ScreenCode) -> bool,
    at: UtcMillis,
    pace: Pace,
) -> Round {
    let mut round = Round::default();
    for case in open.iter().filter(|case| case.closed.is_none()) {
        let Some(site) = now.get(&(case.site.clone(), case.cause)) else {
            round.changes.push(CaseChange::Close(case.id, at));
            if case.told.is_some() && case.screens.iter().any(&well) {
                round.over.push(Case { closed: Some(at), ..case.clone() });
            }
            continue;
        };
        let mut case = case.clone();
        let joined = site.screens.iter().any(|screen| !case.screens.contains(screen));
        if joined {
            case.screens.extend(site.screens.iter().filter(|s| !case.screens.contains(s)).cloned().collect::<Vec<_>>());
            round.changes.push(CaseChange::Grown(case.id, case.screens.clone()));
        }
        // a clock that was set back waits for nothing twice
        let past = |since: UtcMillis, ms: i64| at.since_ms(since) >= ms || at.since_ms(since) < 0;
        match case.told {
            None if past(case.opened, pace.settle_ms) => {
                round.changes.push(CaseChange::Told(case.id, at));
                round.new.push(case);
            }
            Some(told) if case.taken.is_none() && past(told, pace.repeat_ms) => {
                round.changes.push(CaseChange::Told(case.id, at));
                round.again.push(case);
            }
            _ => {}
        }
    }
    let known =
        |site: &Site, cause: Cause| open.iter().any(|c| c.closed.is_none() && c.site == *site && c.cause == cause);
    for ((site, cause), here) in now.iter().filter(|((site, cause), _)| !known(site, *cause)) {
        let case = Case {
            id: 0,
            site: site.clone(),
            state: here.state,
            cause: *cause,
            opened: here.since.min(at),
            screens: here.screens.clone(),
            told: None,
            taken: None,
            closed: None,
        };
        round.changes.push(CaseChange::Open(case));
    }
    debug_assert!(now.values().all(|here| matches!(here.state, State::Dark | State::Offline)));
    round
}

/// Is the account's digest due, and of which day? Late is better than never, until the evening.
pub fn digest_due(subscription: &Subscription, at: UtcMillis, offset: UtcOffset) -> Option<LocalDay> {
    const EVENING_S: u32 = 18 * 3_600;
    let (day, ms) = at.local(offset);
    let due = subscription.digest_s?;
    let second = ms / 1000;
    let had = subscription.digested.is_some_and(|had| had >= day);
    (!had && second >= due && (second < EVENING_S || due >= EVENING_S)).then_some(day)
}

/// When a message that failed so often is tried again: after 30 s, then twice as long each time, at most 30 minutes.
pub fn next_try(tries: u32, at: UtcMillis) -> UtcMillis {
    at.plus_ms((30_000_i64 << tries.min(6)).min(30 * 60_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use crate::people::AccountCode;
    use lichphat_playlists::ids::UnitCode;
    use lichphat_playlists::time::{HANOI, parse_clock};

    const PACE: Pace = Pace { settle_ms: 120_000, repeat_ms: 3_600_000 };

    fn at(clock: &str) -> UtcMillis {
        "2026-11-20".parse::<LocalDay>().unwrap().at(parse_clock(clock).unwrap(), HANOI)
    }
    fn screens(n: usize) -> Vec<ScreenCode> {
        (0..n).map(|i| ScreenCode::new(format!("S{i:02}")).unwrap()).collect()
    }
    fn dark(n: usize, since: &str) -> BTreeMap<(Site, Cause), SiteNow> {
        let site = Site { unit: Some(UnitCode::new("W1").unwrap()), address: "12 Đội Cấn".into() };
        let here = SiteNow { state: State::Offline, since: at(since), screens: screens(n) };
        BTreeMap::from([((site, Cause::Unheard), here)])
    }
    /// What the store would hold after the round.
    fn kept(open: &[Case], round: &Round) -> Vec<Case> {
        let mut cases = open.to_vec();
        for change in &round.changes {
            let find = |id: &u64| cases.iter().position(|c| c.id == *id).unwrap();
            match change {
                CaseChange::Open(case) => cases.push(Case { id: cases.len() as u64 + 1, ..case.clone() }),
                CaseChange::Grown(id, screens) => {
                    let i = find(id);
                    cases[i].screens.clone_from(screens);
                }
                CaseChange::Told(id, at) => {
                    let i = find(id);
                    cases[i].told = Some(*at);
                }
                CaseChange::Close(id, at) => {
                    let i = find(id);
                    cases[i].closed = Some(*at);
                }
            }
        }
        cases
    }

    #[test]
    fn one_cut_cable_is_told_once_within_ten_minutes_again_until_it_is_taken_and_once_more_when_it_is_well() {
        let step = |cases: &[Case], now: &BTreeMap<_, _>, clock: &str| {
            let round = round(cases, now, |_| true, at(clock), PACE);
            (kept(cases, &round), round)
        };
        // heard last at 8:00; after five minutes it is offline
        let (cases, first) = step(&[], &dark(40, "08:00"), "08:05");
        assert!(first.new.is_empty() && cases.len() == 1);
        let (cases, told) = step(&cases, &dark(40, "08:00"), "08:06");
        assert_eq!(
            (told.new.len(), told.new[0].screens.len()),
            (1, 40),
            "one for forty screens, six minutes after the cut"
        );
        let (cases, quiet) = step(&cases, &dark(40, "08:00"), "09:05");
        assert!(quiet.new.is_empty() && quiet.again.is_empty());
        let (mut cases, again) = step(&cases, &dark(41, "08:00"), "09:06");
        assert_eq!((again.again.len(), again.again[0].screens.len()), (1, 41));
        cases[0].taken = Some((AccountCode::new("lan").unwrap(), at("09:10")));
        let (cases, taken) = step(&cases, &dark(41, "08:00"), "12:00");
        assert_eq!(taken, Round::default(), "who has taken it is not told again");
        let (cases, over) = step(&cases, &BTreeMap::new(), "12:30");
        assert_eq!((over.over.len(), cases[0].closed), (1, Some(at("12:30"))));
        assert_eq!(step(&cases, &BTreeMap::new(), "12:31").1, Round::default(), "and not twice");
        let (cases, anew) = step(&cases, &dark(1, "13:00"), "13:06");
        assert!(anew.new.is_empty() && cases.len() == 2, "another cut is another case");
    }

    #[test]
    fn a_box_that_starts_again_alarms_nobody_and_the_evening_is_quiet() {
        let opened = round(&[], &dark(1, "08:00"), |_| true, at("08:01"), PACE);
        let cases = kept(&[], &opened);
        let over = round(&cases, &BTreeMap::new(), |_| true, at("08:02"), PACE);
        assert!(over.over.is_empty() && over.new.is_empty(), "nobody was told, so nobody is told that it is over");
        let told = kept(&cases, &round(&cases, &dark(1, "08:00"), |_| true, at("08:06"), PACE));
        let evening = round(&told, &BTreeMap::new(), |_| false, at("17:00"), PACE);
        assert!(evening.over.is_empty() && matches!(evening.changes[..], [CaseChange::Close(..)]));
    }

    #[test]
    fn a_clock_that_jumps_back_is_no_reason_to_be_silent_for_ever() {
        let cases = kept(&[], &round(&[], &dark(1, "12:00"), |_| true, at("12:05"), PACE));
        assert_eq!(round(&cases, &dark(1, "08:00"), |_| true, at("08:06"), PACE).new.len(), 1);
    }

    #[test]
    fn a_digest_goes_out_once_a_day_and_late_rather_than_never() {
        let mut lan = Subscription {
            account: AccountCode::new("lan").unwrap(),
            lang: Lang::Vi,
            email: "lan@example.vn".into(),
            webhook: String::new(),
            digest_s: Some(7 * 3_600),
            dark: true,
            digested: None,
        };
        let due = |lan: &Subscription, clock: &str| digest_due(lan, at(clock), HANOI).is_some();
        assert_eq!(
            (due(&lan, "06:59"), due(&lan, "07:00"), due(&lan, "11:00"), due(&lan, "18:00")),
            (false, true, true, false)
        );
        lan.digested = Some("2026-11-20".parse().unwrap());
        assert!(!due(&lan, "07:01"), "once");
        lan.digested = Some("2026-11-21".parse().unwrap());
        assert!(!due(&lan, "07:01"), "a clock that was set back repeats nothing");
        assert_eq!(next_try(0, at("08:00")), at("08:00").plus_ms(30_000));
        assert_eq!(next_try(60, at("08:00")), at("08:30"));
    }
}

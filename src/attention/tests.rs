//! How screens are told and orders foretold: an office with known hours, told clocks, plain numbers.

use super::*;
use crate::directory::{
    Batch, Change, Connection, DaySpan, Directory, Link, Links, Output, RosterEntry, Screen, ScreenKind, Unit,
    UnitKind, VenueProfile,
};
use lichphat_playlists::figures::DayFacts;
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use lichphat_playlists::proof::rollup::Counts;
use lichphat_playlists::quota::{DayOwed, Of, Over, Period, Quota, Ratio, Rule, Within};
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay, UtcMillis, parse_clock};
use std::collections::BTreeMap;

/// Open from 8 to 17 on weekdays.
const OFFICE: &str = r#"
type = "office"
name = "Trụ sở"
name_en = "Office"
calendar = "none"
confidence = "assumption"
source = "a test"
[[hours]]
days = "mon-fri"
open = "08:00-17:00"
peaks = "08:00-10:00"
open_assumption = true
peaks_assumption = true
"#;

fn friday() -> LocalDay {
    "2026-11-20".parse().unwrap()
}

fn at(day: LocalDay, clock: &str) -> UtcMillis {
    day.at(parse_clock(clock).unwrap(), HANOI)
}

fn screen(code: &str, unit: &str, kind: ScreenKind) -> Screen {
    let mut links = Links::default();
    links.history_mut(Link::Owner).set(None, Some(UnitCode::new(unit).unwrap()));
    Screen {
        code: ScreenCode::new(code).unwrap(),
        name: code.to_owned(),
        address: String::new(),
        venue_type: "office".parse().unwrap(),
        kind,
        connection: Connection::Direct,
        panels: 1,
        width_px: 1920,
        height_px: 1080,
        output: Output::Video,
        links,
        in_service: DaySpan::default(),
    }
}

fn city(screens: &[Screen]) -> Directory {
    let mut directory = Directory::default();
    let unit = |code: &str| Unit {
        code: UnitCode::new(code).unwrap(),
        name: format!("Phường {code}"),
        name_en: None,
        kind: UnitKind::Ward,
        parent: None,
        effective: DaySpan::default(),
        source: None,
    };
    let mut changes = vec![Change::Unit(unit("W1")), Change::Unit(unit("W2"))];
    changes.push(Change::Venue(toml::from_str::<VenueProfile>(OFFICE).unwrap()));
    changes.extend(screens.iter().cloned().map(Change::Screen));
    directory.apply(Batch { changes });
    directory
}

/// A box that was heard and has reported until those clocks of Friday.
fn heard(clock: &str, reported: &str) -> BoxFacts {
    BoxFacts {
        heard: Some(at(friday(), clock)),
        reported_until: Some(at(friday(), reported)),
        all_in: true,
        ..BoxFacts::default()
    }
}

/// The same of a box that came in at a clock.
fn came(clock: &str, last: &str) -> BoxFacts {
    BoxFacts { came: Some(at(friday(), clock)), ..heard(last, last) }
}

fn state_at(clock: &str, facts: Option<BoxFacts>) -> (State, Option<Cause>) {
    let screen = screen("S1", "W1", ScreenKind::Managed);
    let standing = present(&city(std::slice::from_ref(&screen)), &screen, facts.as_ref(), (at(friday(), clock), HANOI));
    (standing.state, standing.cause)
}

#[test]
fn each_state_has_its_reason_and_only_in_its_hours() {
    let (ok, off) = ((State::Ok, None), (State::OffDuty, None));
    let offline = (State::Offline, Some(Cause::Unheard));
    for (clock, facts, told, why) in [
        ("09:00", heard("08:59", "08:50"), ok, "plays"),
        ("09:00", heard("08:55", "08:50"), ok, "a line that hiccups"),
        ("09:00", heard("08:54", "08:50"), offline, "not heard for six minutes"),
        ("08:04", heard("07:00", "07:00"), off, "its hours have just begun: it may be starting"),
        ("08:06", heard("07:00", "07:00"), offline, "six minutes into its hours"),
        ("18:00", heard("09:00", "09:00"), off, "nobody need see it in the evening"),
        (
            "09:00",
            BoxFacts { panel_off: true, ..heard("08:59", "08:50") },
            (State::Dark, Some(Cause::PanelOff)),
            "panel",
        ),
        ("09:00", heard("08:59", "08:13"), (State::Dark, Some(Cause::NothingShown)), "heard, and plays nothing"),
        ("08:40", heard("08:39", "06:00"), ok, "the hours began forty minutes ago"),
        ("11:00", BoxFacts { reported_until: None, ..came("10:50", "10:59") }, ok, "it came in ten minutes ago"),
        ("10:54", BoxFacts { heard: None, ..came("10:50", "10:50") }, off, "and has not spoken yet"),
        (
            "11:40",
            BoxFacts { reported_until: None, ..came("10:50", "11:39") },
            (State::Dark, Some(Cause::NothingShown)),
            "it came in fifty minutes ago, and plays nothing",
        ),
        ("09:00", BoxFacts { all_in: false, ..heard("08:59", "08:13") }, ok, "records that have not come yet"),
        ("09:00", BoxFacts { metered: true, ..heard("08:40", "08:40") }, ok, "speaks every ten minutes"),
        ("09:00", BoxFacts { metered: true, ..heard("08:30", "08:30") }, offline, "but not for half an hour"),
    ] {
        assert_eq!(state_at(clock, Some(facts)), told, "{clock}: {why}");
    }
    assert_eq!(state_at("09:00", None), (State::Silent, Some(Cause::NoDevice)));
    assert_eq!(state_at("20:00", None).0, State::Silent, "nor is there one in the evening");
}

#[test]
fn a_vehicle_has_patience_and_a_strangers_player_has_no_state() {
    let bus = screen("S1", "W1", ScreenKind::Managed);
    let mut city = city(std::slice::from_ref(&bus));
    let hours = IntervalSet::one(5 * 3_600, 22 * 3_600);
    let roster = Change::Roster(RosterEntry { screen: bus.code.clone(), day: friday(), hours });
    city.apply(Batch { changes: vec![roster] });
    let told = |clock: &str| present(&city, &bus, Some(&heard("09:00", "09:00")), (at(friday(), clock), HANOI)).state;
    assert_eq!((told("12:59"), told("13:01")), (State::Ok, State::Offline));
    let other = screen("S2", "W1", ScreenKind::ThirdParty);
    let told = present(&city, &other, None, (at(friday(), "09:00"), HANOI));
    assert_eq!(told, Standing::plain(State::Unmanaged));
}

#[test]
fn days_without_a_record_are_counted_by_duty_and_a_new_box_is_not_blamed() {
    let screen = screen("S1", "W1", ScreenKind::Managed);
    let city = city(std::slice::from_ref(&screen));
    let told = |day: LocalDay, facts: BoxFacts| present(&city, &screen, Some(&facts), (at(day, "20:00"), HANOI)).state;
    let last = BoxFacts { reported_until: Some(at(friday(), "16:00")), ..BoxFacts::default() };
    // Monday, Tuesday and Wednesday have to go by: the weekend is no duty
    assert_eq!(told(friday().plus(5), last), State::OffDuty);
    assert_eq!(told(friday().plus(6), last), State::Silent);
    let new = BoxFacts { heard: Some(at(friday(), "19:59")), ..BoxFacts::default() };
    assert_eq!(told(friday(), new), State::OffDuty, "it came in today");
}

const QUOTA: Quota = Quota {
    plays: 10,
    per: Period::Day,
    rule: Rule::Average,
    over: Over::OperatingDays,
    within: Within::Peak,
    of: Of::Screen,
};

/// Ten a day from Monday the 16th on.
fn owed(days: u32) -> Vec<DayOwed> {
    let monday = friday().previous().previous().previous().previous();
    (0..days).map(|i| DayOwed { day: monday.plus(i), owed: Ratio::from_integer(10), operating: true }).collect()
}

fn day(asked: u32, planned: u32, seen: u32, counted: u32) -> DayFacts {
    let counts = Counts { slots_seen: seen, counted, ..Counts::default() };
    DayFacts { asked, planned, counts, ..DayFacts::default() }
}

/// The days before Friday as given, Friday as given, and what is planned for two days after it.
fn facts(before: [u32; 4], today: DayFacts) -> BTreeMap<LocalDay, DayFacts> {
    let days = owed(7);
    let mut facts: BTreeMap<LocalDay, DayFacts> =
        days.iter().zip(before).map(|(d, n)| (d.day, day(10, 10, 10, n))).collect();
    facts.insert(friday(), today);
    for after in [friday().next(), friday().plus(2)] {
        facts.insert(after, day(10, 10, 0, 0));
    }
    facts
}

fn told(state: State, days: u32, before: [u32; 4], today: DayFacts) -> Fates {
    let (owed, facts) = (owed(days), facts(before, today));
    fates(&QUOTA, &Subject { owed: &owed, screens: vec![(state, &facts)] }, friday())
}

#[test]
fn an_order_is_foretold_for_today_this_week_and_its_end() {
    use Fate::{Met, NotDue, Open, Short};
    let full = [10, 10, 10, 10];
    // four counted, six to come: a screen that plays brings them, one that is dark does not, of one offline nobody knows
    let half = day(10, 10, 4, 4);
    assert_eq!(told(State::Ok, 14, full, half.clone()), [Met, Met, Met]);
    assert_eq!(told(State::OffDuty, 14, full, half.clone()), [Met, Met, Met]);
    assert_eq!(told(State::Offline, 14, full, half.clone()), [Open, Open, Open]);
    // dark: six of today, ten of each of two days, and of the week after
    assert_eq!(told(State::Dark, 14, full, half.clone()), [Short(6), Short(26), Short(96)]);
    // two of today's plays did not count, and nothing is planned in their place: the coming week brings them in
    let harmed = day(10, 10, 6, 4);
    assert_eq!(told(State::Behind, 14, full, harmed.clone()), [Short(2), Short(2), Met]);
    // on its last day there is nothing left to bring them in
    assert_eq!(told(State::Behind, 5, full, harmed), [Short(2), Short(2), Short(2)]);
    // played ahead: today asks for nothing more, and the week has all it needs
    assert_eq!(told(State::Dark, 5, [15, 15, 10, 10], day(0, 0, 0, 0)), [Short(10), Met, Met]);
    assert_eq!(told(State::Ok, 0, full, half), [NotDue, NotDue, NotDue]);
}

#[test]
fn what_today_still_owes_is_what_makes_a_screen_behind() {
    let owed = owed(5);
    let due = |facts: DayFacts| Due::of(&owed[4], Some(&facts));
    assert_eq!(
        due(day(15, 15, 6, 5)),
        Due { need: 10, counted: 5, open: 9, not_approved: false },
        "catching up is no part of the day's number"
    );
    let ok = Standing::plain(State::Ok);
    assert_eq!(with_plays(ok, [due(day(10, 10, 6, 6))]).state, State::Ok);
    let behind = with_plays(ok, [due(day(10, 10, 6, 3)), due(day(10, 10, 6, 5))]);
    assert_eq!((behind.state, behind.plays, behind.cause), (State::Behind, 4, Some(Cause::Short)));
    // nobody there can mend what waits for a yes, unless something else is missing too
    let barred = || DayFacts { not_approved: true, ..day(10, 0, 0, 0) };
    assert_eq!(with_plays(ok, [due(barred()), due(day(10, 10, 6, 6))]).cause, Some(Cause::NotApproved));
    assert_eq!(with_plays(ok, [due(barred()), due(day(10, 10, 6, 5))]).cause, Some(Cause::Short));
    let dark = Standing { state: State::Dark, cause: Some(Cause::PanelOff), since: None, plays: 0 };
    assert_eq!(with_plays(dark, [due(day(10, 10, 6, 6))]).plays, 4, "what is left is at stake");
    assert_eq!(with_plays(Standing::plain(State::Unmanaged), [due(day(10, 0, 0, 0))]).plays, 0);
}

#[test]
fn one_cut_cable_is_one_thing_and_the_largest_comes_first() {
    let forty: Vec<Screen> = (0..40).map(|i| screen(&format!("A{i:02}"), "W1", ScreenKind::Managed)).collect();
    let one = screen("B1", "W2", ScreenKind::Managed);
    let bad =
        |state, cause, plays, clock| Standing { state, cause: Some(cause), since: Some(at(friday(), clock)), plays };
    let mut here: Vec<Here<'_>> =
        vec![Here { screen: &one, standing: bad(State::Dark, Cause::PanelOff, 500, "09:00") }];
    let offline = |i: usize| bad(State::Offline, Cause::Unheard, 3, if i == 7 { "08:15" } else { "08:16" });
    here.extend(forty.iter().enumerate().map(|(i, s)| Here { screen: s, standing: offline(i) }));
    let well = screen("C1", "W1", ScreenKind::Managed);
    here.push(Here { screen: &well, standing: Standing::plain(State::Ok) });
    let things = things(here, friday());
    let unit = |code: &str| UnitCode::new(code).unwrap();
    assert_eq!(things.len(), 2);
    assert_eq!((things[0].screens, things[0].plays, things[0].since), (40, 120, Some(at(friday(), "08:15"))));
    assert_eq!(things[0].mend, Mend::Unit(unit("W1"), State::Offline));
    assert_eq!(things[1].mend, Mend::Screen(one.code), "a single screen is reached at once");
}

#[test]
fn what_lasts_and_is_spread_over_many_units_is_one_thing_and_a_cut_cable_stays_its_units() {
    let screens: Vec<Screen> =
        (0..8).map(|i| screen(&format!("A{i}"), &format!("W{}", i % 4 + 1), ScreenKind::Managed)).collect();
    let of = |cause, state| {
        let standing = Standing { state, cause: Some(cause), since: None, plays: 2 };
        things(screens.iter().map(|screen| Here { screen, standing }), friday())
    };
    let lasting = of(Cause::NoDevice, State::Silent);
    assert_eq!((lasting.len(), lasting[0].units, lasting[0].screens, lasting[0].plays), (1, 4, 8, 16));
    assert_eq!(lasting[0].mend, Mend::All(State::Silent));
    assert_eq!(of(Cause::Unheard, State::Offline).len(), 4);
}

#[test]
fn an_account_tells_what_was_planned_shown_and_is_owed_to_the_last_day() {
    let (today, quota) = (friday(), QUOTA);
    let owed: Vec<DayOwed> =
        (0..3).map(|i| DayOwed { day: today.plus(i), owed: Ratio::new(7, 2), operating: true }).collect();
    let mut counts = Counts { slots_seen: 5, counted: 3, not_counted: 3, ..Counts::default() };
    counts.reasons.extend([
        ("skipped:device-off".to_owned(), 1),
        ("failed:media".to_owned(), 1),
        ("min-gap".to_owned(), 1),
    ]);
    let day = |planned, counts| DayFacts { asked: planned, planned, counts, ..DayFacts::default() };
    let days = BTreeMap::from([
        (today, day(4, counts)),
        (today.next(), day(6, Counts::default())),
        (today.plus(2), day(2, Counts::default())),
    ]);
    assert_eq!(Account::of(&quota, &owed, &days, today), Account { planned: 5, shown: 4, ahead: 8, owed_to_end: 10 });
    assert_eq!(Account::of(&quota, &[], &BTreeMap::new(), today), Account::default());
}

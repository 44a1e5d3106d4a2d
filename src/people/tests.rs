//! Laws of who may do what, over random cities, roles and days; and the table as people read it.

use super::{AccountCode, Act, Caller, Denied, Grant, On, RULES, Role, Rule, Scope, Via};
use crate::directory::{
    Batch, Change, Connection, DaySpan, Directory, Link, Links, Output, Screen, ScreenKind, Unit, UnitKind,
};
use lichphat_playlists::ids::{ScreenCode, UnitCode, VenueType};
use lichphat_playlists::time::LocalDay;
use proptest::prelude::*;

const UNITS: u8 = 8;

fn today() -> LocalDay {
    "2026-11-20".parse().unwrap()
}

fn unit(n: u8) -> UnitCode {
    UnitCode::new(format!("U{n}")).unwrap()
}

fn screen_code(n: usize) -> ScreenCode {
    ScreenCode::new(format!("S{n}")).unwrap()
}

/// U0 is the city, U7 a company outside its tree; each other unit lies under one of a smaller number.
fn city(parents: &[u8], screens: &[[Option<u8>; 4]]) -> Directory {
    let units = (0..UNITS).map(|n| {
        let parent = (n > 0 && n < UNITS - 1).then(|| unit(parents[usize::from(n)] % n));
        let kind = if n == 0 { UnitKind::City } else { UnitKind::Ward };
        let name = format!("Đơn vị {n}");
        Change::Unit(Unit {
            code: unit(n),
            name,
            name_en: None,
            kind,
            parent,
            effective: DaySpan::default(),
            source: None,
        })
    });
    let screens = screens.iter().enumerate().map(|(n, ends)| {
        let mut links = Links::default();
        for (link, end) in Link::ALL.iter().zip(ends) {
            links.history_mut(*link).set(None, end.map(unit));
        }
        Change::Screen(Screen {
            code: screen_code(n),
            name: "Sảnh".into(),
            address: String::new(),
            venue_type: VenueType::new("office").unwrap(),
            kind: ScreenKind::Managed,
            connection: Connection::Direct,
            panels: 1,
            width_px: 1920,
            height_px: 1080,
            output: Output::Video,
            links,
            in_service: DaySpan::default(),
        })
    });
    let mut directory = Directory::default();
    directory.apply(Batch { changes: units.chain(screens).collect() });
    directory
}

fn grant(role: Role, over: Option<u8>) -> Grant {
    let (unit, days) = (over.map(unit), DaySpan::default());
    Grant { id: 0, role, unit, days, decision: String::new(), given_by: None }
}

fn caller(grants: Vec<Grant>) -> Caller {
    Caller { account: AccountCode::new("lan").unwrap(), grants, strong: true, via: Via::Session }
}

fn cities() -> impl Strategy<Value = Directory> {
    let end = prop::option::of(0..UNITS);
    let screens = prop::collection::vec(prop::array::uniform4(end), 1..4);
    (prop::collection::vec(any::<u8>(), usize::from(UNITS)), screens).prop_map(|(p, s)| city(&p, &s))
}

/// Days count from yesterday.
fn grants() -> impl Strategy<Value = Vec<Grant>> {
    let days = prop::sample::select(vec![
        (None, None),
        (Some(0), Some(2)),
        (Some(1), Some(1)),
        (Some(2), None),
        (None, Some(0)),
    ]);
    let one = (prop::sample::select(Role::ALL), prop::option::weighted(0.9, 0..UNITS), days);
    let one = one.prop_map(|(role, over, (from, to))| {
        let day = |n: Option<u32>| n.map(|n| today().previous().plus(n));
        Grant { days: DaySpan::new(day(from), day(to)), ..grant(role, over) }
    });
    prop::collection::vec(one, 0..4)
}

fn acts() -> impl Strategy<Value = Act> {
    prop::sample::select(Act::ALL)
}

/// Every thing of a city.
fn things(directory: &Directory) -> Vec<On<'_>> {
    let units = directory.units().map(|u| On::Unit(&u.code));
    [On::City].into_iter().chain(units).chain(directory.screens().map(|s| On::Screen(&s.code))).collect()
}

proptest! {
    #[test]
    fn nothing_is_allowed_but_by_a_role_that_holds_today_over_the_thing(
        directory in cities(), grants in grants(), act in acts(), strong in any::<bool>()
    ) {
        let who = Caller { strong, ..caller(grants) };
        let rule = Rule::of(act).unwrap();
        for on in things(&directory) {
            // said another way than the code says it: up from the thing, not down from the grant
            let ends: Vec<Option<&UnitCode>> = match on {
                On::City => vec![],
                On::Unit(code) => vec![Some(code)],
                On::Screen(code) => {
                    let screen = directory.screen(code).unwrap();
                    rule.links.iter().map(|link| screen.unit(*link, today())).collect()
                }
            };
            let above: Vec<UnitCode> =
                ends.into_iter().flatten().flat_map(|end| directory.line_of(end)).map(|u| u.code.clone()).collect();
            let by = |g: &Grant| {
                let root = g.unit.is_none() || g.unit == Some(unit(0));
                let over = match &g.unit { None => true, Some(top) if on == On::City => *top == unit(0), Some(top) => above.contains(top) };
                rule.roles.contains(&g.role) && g.days.contains(today()) && over && (root || act != Act::Direct)
            };
            let allowed = who.grants.iter().any(by) && (strong || !rule.strong);
            prop_assert_eq!(who.may(act, on, &directory, today()).is_ok(), allowed, "{:?} {:?}", act, on);
        }
    }

    #[test]
    fn one_more_role_takes_nothing_away_and_what_is_over_gives_nothing(
        directory in cities(), grants in grants(), more in grants(), act in acts()
    ) {
        let (less, over): (Vec<Grant>, Vec<Grant>) = grants.iter().cloned().partition(|g| g.days.contains(today()));
        let all = caller([grants.clone(), more].concat());
        for on in things(&directory) {
            let now = caller(less.clone()).may(act, on, &directory, today());
            prop_assert_eq!(caller(grants.clone()).may(act, on, &directory, today()), now);
            prop_assert!(caller(over.clone()).may(act, on, &directory, today()).is_err());
            prop_assert!(now.is_err() || all.may(act, on, &directory, today()).is_ok());
        }
    }

    #[test]
    fn a_token_does_what_its_account_may_its_scope_says_and_no_second_factor_needs(
        directory in cities(), grants in grants(), act in acts(), scoped in prop::collection::btree_set(acts(), 0..4), over in prop::option::of(0..UNITS)
    ) {
        let person = caller(grants);
        let within = caller(RULES.iter().flat_map(|r| r.roles).map(|role| grant(*role, over)).collect());
        let token = Caller { via: Via::Token(Scope { acts: scoped.clone(), unit: over.map(unit) }), ..person.clone() };
        for on in things(&directory) {
            let allowed = person.may(act, on, &directory, today()).is_ok()
                && scoped.contains(&act)
                && !Rule::of(act).unwrap().strong
                && within.may(act, on, &directory, today()).is_ok();
            prop_assert_eq!(token.may(act, on, &directory, today()).is_ok(), allowed);
        }
    }

    #[test]
    fn lists_show_what_may_be_seen_and_nothing_else(
        directory in cities(), grants in grants(), over in prop::option::of(prop::option::of(0..UNITS)), views in any::<bool>()
    ) {
        let mut who = caller(grants);
        if let Some(over) = over {
            let acts = views.then_some(Act::View).into_iter().collect();
            who.via = Via::Token(Scope { acts, unit: over.map(unit) });
        }
        let sight = who.sight(&directory, today());
        for on in things(&directory) {
            let seen = match on {
                On::City => continue,
                On::Unit(code) => sight.unit(code),
                On::Screen(code) => sight.screen(directory.screen(code).unwrap()),
            };
            let may = who.may(Act::View, on, &directory, today());
            prop_assert_eq!(seen, may.is_ok());
            prop_assert!(seen || may == Err(Denied::Unseen));
        }
        prop_assert!(!sight.is_whole() || who.grants.iter().any(|g| g.unit.is_none()));
    }
}

#[test]
fn the_table_is_what_people_read_of_it() {
    let line = |rule: &Rule| {
        let words: Vec<&str> = rule.roles.iter().map(|role| role.as_str()).collect();
        let extra = [(rule.at_root, " at-root"), (rule.strong, " strong")].map(|(on, word)| if on { word } else { "" });
        format!("{}: {}{}", rule.act, words.join(" "), extra.concat())
    };
    assert_eq!(
        RULES.iter().map(line).collect::<Vec<_>>(),
        [
            "view: viewer operator approver unit-head city-editor auditor administrator",
            "operate: operator unit-head",
            "compose: operator unit-head city-editor",
            "approve: approver unit-head strong",
            "direct: city-editor at-root strong",
            "raise: unit-head strong",
            "close: unit-head strong",
            "enrol: operator unit-head strong",
            "audit: auditor",
            "watch: auditor administrator",
            "administer: administrator strong",
        ]
    );
    assert!(Act::ALL.iter().all(|act| Rule::of(*act).is_some()));
}

#[test]
fn the_unit_above_approves_for_a_ward_with_one_officer_and_no_stranger_does() {
    // U1 a ward with one officer, U2 another, both under the city
    let directory = city(&[0; 8], &[[Some(1), Some(2), None, None]]);
    let (ward, screen) = (unit(1), screen_code(0));
    let may = |role, over, on| caller(vec![grant(role, over)]).may(Act::Approve, on, &directory, today());
    for on in [On::Unit(&ward), On::Screen(&screen)] {
        assert_eq!(may(Role::Approver, Some(1), on), Ok(()));
        assert_eq!(may(Role::UnitHead, Some(0), on), Ok(()), "the unit above");
        assert_eq!(may(Role::Operator, Some(1), on), Err(Denied::Role));
        assert_eq!(may(Role::Approver, Some(3), on), Err(Denied::Unseen));
    }
    assert_eq!(
        may(Role::Approver, Some(2), On::Screen(&screen)),
        Err(Denied::Role),
        "it stands there, and is another's"
    );
    let weak = Caller { strong: false, ..caller(vec![grant(Role::Approver, Some(1))]) };
    assert_eq!(weak.may(Act::Approve, On::Unit(&ward), &directory, today()), Err(Denied::Weak));
    let (company, unknown) = (unit(7), UnitCode::new("U99").unwrap());
    assert_eq!(may(Role::Approver, None, On::Unit(&company)), Ok(()), "who holds it everywhere, outside the tree too");
    assert_eq!(may(Role::Approver, Some(0), On::Unit(&unknown)), Err(Denied::Unseen));
    assert_eq!(Caller::shell().may(Act::Direct, On::City, &directory, today()), Ok(()));
}

#[test]
fn a_screen_that_moves_goes_with_its_new_unit_from_that_day_on() {
    let mut directory = city(&[0; 8], &[[Some(1), None, None, None]]);
    let (code, moves) = (screen_code(0), today().plus(5));
    let mut moved = directory.screen(&code).unwrap().clone();
    moved.links.owner.set(Some(moves), Some(unit(2)));
    let mut coming = moved.clone();
    coming.code = screen_code(1);
    coming.links.owner = Default::default();
    coming.links.owner.set(Some(moves), Some(unit(2)));
    coming.in_service = DaySpan::new(Some(moves), None);
    directory.apply(Batch { changes: vec![Change::Screen(moved), Change::Screen(coming)] });
    let may = |over, n, day| {
        caller(vec![grant(Role::Operator, Some(over))]).may(Act::Operate, On::Screen(&screen_code(n)), &directory, day)
    };
    assert_eq!((may(1, 0, today()), may(2, 0, today())), (Ok(()), Err(Denied::Unseen)));
    assert_eq!((may(1, 0, moves), may(2, 0, moves)), (Err(Denied::Unseen), Ok(())));
    assert_eq!(may(2, 1, today()), Ok(()), "what is to come is seen by whose it will be");
}

#[test]
fn an_accounts_name_is_taken_as_people_type_it() {
    assert_eq!(AccountCode::new(" Nguyen.Van-A_1 ").unwrap().as_str(), "nguyen.van-a_1");
    for bad in ["", " ", "nguyễn", ".a", "-a", "a b", "a/b", "<script>", &"a".repeat(65)] {
        let error = AccountCode::new(bad).unwrap_err().to_string();
        assert!(error.contains("use 1 to 64"), "{error}");
    }
}

//! Laws of what a day asks for: orders before contracts before the local loop, the oldest miss first.

use super::test_town::Town;
use super::*;
use crate::approval::Permissions;
use crate::campaigns::Directive;
use crate::directory::import;
use lichphat_playlists::ids::{DeviceId, Epoch, MediaHash, Seq};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::plan::Effort;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::{HANOI, IntervalSet};
use lichphat_playlists::wire::v1::{Asset, LedgerThrough};
use proptest::prelude::*;

pub(super) fn asset(code: &str, tier: Tier, duration_s: u32) -> Asset {
    let media = Media { hash: Sha256Hash::of(code.as_bytes()), size_bytes: 9, kind: MediaKind::Video, duration_s };
    Asset {
        code: CampaignCode::new(code).unwrap(),
        variant: String::new(),
        tier,
        media,
        volume_percent: 100,
        fades: Fades::default(),
        permit: None,
    }
}

fn monday() -> LocalDay {
    "2026-11-16".parse().unwrap()
}

/// `target` plays of `duration_s` in `windows`, `gap_s` apart.
pub(super) fn wanted(code: &str, tier: Tier, (target, duration_s, gap_s): (u32, u32, u32), windows: &str) -> Wanted {
    let terms = QuotaTerms { min_display: DisplayLevel::D1, daily_cap: 99, make_good_until: monday() };
    Wanted {
        asset: asset(code, tier, duration_s),
        target,
        windows: IntervalSet::parse(windows).unwrap(),
        min_gap_s: gap_s,
        priority: 3,
        category: None,
        quota: (tier == Tier::Order).then_some(terms),
        behind_since: None,
    }
}

/// A screen that is on from eight to nine.
pub(super) fn hour(wanted: Vec<Wanted>) -> DayInput {
    DayInput {
        screen: ScreenCode::new("S1").unwrap(),
        day: monday(),
        venue: "corner".into(),
        duty: IntervalSet::parse("08:00-09:00").unwrap(),
        peak: IntervalSet::parse("08:00-08:30").unwrap(),
        weights: vec![1; 96],
        wanted,
        fixed: Vec::new(),
        local: vec![LoopItem { asset: asset("loop", Tier::Local, 20), weight: 1, hours: None }],
        hush: Hush::default(),
        fallback: asset("safe", Tier::Fallback, 10),
        place: Sha256Hash::of(b"place"),
        category_gap_s: BTreeMap::new(),
        ledger_through: None,
        not_approved: Default::default(),
        so_far: None,
    }
}

fn placed(input: &DayInput) -> BTreeMap<String, u32> {
    let tally = compose(input, None, Effort::Quick).unwrap().tally();
    tally.into_iter().map(|(code, (_, placed))| (code, placed)).collect()
}

#[test]
fn the_last_order_comes_before_the_first_contract_and_both_before_the_loop() {
    // both want the whole hour
    let mut contract = wanted("tea", Tier::Contract, (240, 15, 15), "08:00-09:00");
    contract.priority = 2;
    let order = wanted("order", Tier::Order, (200, 15, 15), "08:00-09:00");
    let got = placed(&hour(vec![contract.clone(), order.clone()]));
    assert_eq!((got["order"], got["tea"], got.get("loop")), (200, 40, None), "{got:?}");
    // one long play of the order takes the place of a hundred and twenty short ones
    let short = Wanted { asset: asset("tea", Tier::Contract, 5), target: 720, min_gap_s: 5, ..contract };
    let long = Wanted { asset: asset("order", Tier::Order, 600), target: 1, min_gap_s: 600, ..order };
    let got = placed(&hour(vec![short, long]));
    assert_eq!((got["order"], got["tea"]), (1, 600), "{got:?}");
}

#[test]
fn contracts_have_their_own_order_among_themselves() {
    let mut first = wanted("first", Tier::Contract, (240, 15, 15), "08:00-09:00");
    let last = wanted("last", Tier::Contract, (240, 15, 15), "08:00-09:00");
    assert_eq!(placed(&hour(vec![last.clone(), first.clone()])).values().sum::<u32>(), 240);
    first.priority = 2;
    let got = placed(&hour(vec![last, first]));
    assert_eq!((got["first"], got.get("last").copied().unwrap_or(0)), (240, 0), "{got:?}");
}

#[test]
fn of_orders_of_one_priority_the_one_with_the_oldest_miss_is_served_first() {
    let order = |code: &str, since: Option<&str>| Wanted {
        behind_since: since.map(|day| day.parse().unwrap()),
        ..wanted(code, Tier::Order, (20, 60, 60), "08:00-08:30")
    };
    let got = placed(&hour(vec![order("a", None), order("b", Some("2026-11-13")), order("c", Some("2026-11-12"))]));
    assert_eq!([got["a"], got["b"], got["c"]], [0, 10, 20], "thirty minutes for sixty plays: {got:?}");
    let got = placed(&hour(vec![order("b", Some("2026-11-12")), order("a", Some("2026-11-12"))]));
    assert_eq!([got["a"], got["b"]], [20, 10], "as old: by their codes");
    // a higher priority never waits for an older miss
    let first = Wanted { priority: 2, ..order("z", None) };
    let got = placed(&hour(vec![order("b", Some("2026-01-12")), first]));
    assert_eq!([got["z"], got["b"]], [20, 10], "{got:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever was sold, an order that a screen of its own could carry is carried whole.
    #[test]
    fn contracts_take_nothing_from_an_order(
        (share, duration_s, gap_s) in (1u32..=8, 5u32..60, 60u32..300),
        sold in prop::collection::vec((1u32..200, 5u32..45, 0u32..120), 0..5),
    ) {
        let most = horizon::left_packing(&IntervalSet::parse("08:00-08:30").unwrap(), duration_s, gap_s);
        let target = (most * share / 10).max(1);
        let order = wanted("order", Tier::Order, (target, duration_s, gap_s), "08:00-08:30");
        let mut all: Vec<Wanted> = sold.iter().enumerate().map(|(i, &(target, dur, gap))| Wanted {
            priority: 2 + (i % 2) as u8,
            ..wanted(&format!("c{i}"), Tier::Contract, (target, dur, gap + dur), "08:00-09:00")
        }).collect();
        all.push(order);
        prop_assert_eq!(placed(&hour(all))["order"], target);
    }
}

fn shown(composed: &Composed) -> Vec<(String, u32)> {
    let mut by_code: BTreeMap<String, u32> = BTreeMap::new();
    for play in &composed.plan.plays {
        *by_code.entry(play.id.clone()).or_default() += play.dur;
    }
    by_code.into_iter().collect()
}

fn edition(version: u32) -> Edition {
    let made = monday().start(lichphat_playlists::time::HANOI);
    Edition { version: PlanVersion(version), cause: "test".into(), made, offset: lichphat_playlists::time::HANOI }
}

#[test]
fn black_seconds_stay_black_between_the_orders_that_go_on() {
    let mut input = hour(vec![wanted("order", Tier::Order, (6, 15, 300), "08:00-09:00")]);
    let half = IntervalSet::parse("08:30-09:00").unwrap();
    input.hush.blank = half.clone();
    input.hush.loop_off.insert(CampaignCode::new("loop").unwrap(), half.clone());
    let composed = compose(&input, None, Effort::Quick).unwrap();
    let in_the_dark: Vec<&str> = composed
        .plan
        .plays
        .iter()
        .filter(|p| half.contains(p.start) || half.contains(p.end() - 1))
        .map(|p| p.id.as_str())
        .collect();
    assert_eq!(in_the_dark, ["order"; 3], "{:?}", composed.plan.plays);
    let playlist = composed.playlist(&input, edition(1)).unwrap();
    assert_eq!(playlist.duty.text(), "08:00-08:30", "nothing stands in where it is black on purpose");
    assert_ne!(input.shape_hash(), hour(input.wanted.clone()).shape_hash(), "a suspension is something new");

    // nothing goes on: the rest of the hour is as if the screen were off
    input.wanted.clear();
    let composed = compose(&input, None, Effort::Quick).unwrap();
    assert_eq!(composed.problem.operating.text(), "08:00-08:30");
    assert_eq!(shown(&composed), [("loop".to_owned(), 1800)]);
}

#[test]
fn a_day_that_closes_while_it_runs_keeps_what_was_played_and_plans_nothing_more() {
    let open = hour(vec![wanted("order", Tier::Order, (6, 15, 300), "08:00-09:00")]);
    let before = compose(&open, None, Effort::Quick).unwrap();
    let playlist = before.playlist(&open, edition(1)).unwrap();
    let from_s = 8 * 3600 + 1200;
    let kept = InForce { playlist: &playlist, assets: &before.assets, from_s };
    let mut closed = DayInput { duty: IntervalSet::empty(), wanted: Vec::new(), local: Vec::new(), ..open.clone() };
    for black in [false, true] {
        if black {
            (closed.duty, closed.hush.blank) = (open.duty.clone(), IntervalSet::full_day());
        }
        let after = compose(&closed, Some(&kept), Effort::Quick).unwrap();
        let old: Vec<_> = before.plan.plays.iter().filter(|p| p.start < from_s).cloned().collect();
        assert_eq!(after.plan.plays, old);
        let playlist = after.playlist(&closed, edition(2)).unwrap();
        assert!(playlist.duty.is_empty() && playlist.terms.is_empty());
    }
}

#[test]
fn the_first_plan_of_a_day_that_has_begun_plans_nothing_that_is_over() {
    let from_s = 8 * 3_600 + 1_800;
    let order = wanted("order", Tier::Order, (12, 15, 300), "08:00-09:00");
    let begun = DayInput { so_far: Some(SoFar { from_s, ..SoFar::default() }), ..hour(vec![order.clone()]) };
    let plays = compose(&begun, None, Effort::Quick).unwrap().plan.plays;
    assert!(plays.iter().all(|p| p.start >= from_s), "{plays:?}");
    let (before, half) = (placed(&hour(vec![order]))["order"], placed(&begun)["order"]);
    assert_eq!((before, half), (12, 6), "a play every five minutes");
}

/// An order that binds the ward's screens together, eight plays a day, and what is known on its second morning.
fn ward(town: &mut Town) -> Known {
    town.order(
        "code = 'clean'\ntitle = 'Phường sạch'\nkind = 'play'\nissuer = 'HN'\nfrom = 2026-11-16\nto = 2026-11-27\n\
         source = 'made up'\nquota = { plays = 8, per = 'day', rule = 'average', within = 'duty', of = 'unit' }\n\
         min_gap_s = 300\n[product]\ntitle = 'Phường sạch'\nlength_s = 15\n[[product.variant]]\nlang = 'vi'\n\
         form = 'subtitled'\nfile = 'spot.mp4'\n[[target]]\nlink = 'territory'\nunit = 'HN'\nvenue_types = ['corner']\n\
         force = 'required'\nreason = 'made up'\n",
    );
    let day = monday();
    let fact = |counted, slots_seen| [(day, DayFact { planned: 6, slots_seen, counted, ..DayFact::default() })].into();
    let (one, two, order) = (code("C-01"), code("C-02"), CampaignCode::new("clean").unwrap());
    Known {
        facts: [((one, order.clone()), fact(6, 6)), ((two, order), fact(0, 0))].into(),
        ..Known::nothing(day.next().at(6 * 3600, HANOI), HANOI)
    }
}

fn code(text: &str) -> ScreenCode {
    ScreenCode::new(text).unwrap()
}

/// A device at the screen, heard on the second morning.
fn mark() -> Mark {
    let through = LedgerThrough { device: DeviceId(1), epoch: Epoch(1), seq: Seq(9) };
    let heard = Some(monday().next().at(5 * 3600, HANOI));
    Mark { through, heard, last_counted: BTreeMap::new(), successor_since: None }
}

/// Plays asked of each screen on the second day, by what is known.
fn asked(town: &Town, known: Known) -> Vec<(String, u32)> {
    let days: Vec<LocalDay> = (1..4).map(|n| monday().plus(n)).collect();
    let world = town.world();
    let basis = world.basis(&days, known);
    let inputs = world.inputs(world.managed().filter(|s| s.code.as_str().starts_with('C')), &days, &basis);
    let second = inputs.days.iter().filter(|i| i.day == days[0]);
    second.map(|i| (i.screen.to_string(), i.wanted.iter().map(|w| w.target).sum())).collect()
}

#[test]
fn what_is_planned_where_no_box_is_counts_for_nobody_and_the_others_are_asked() {
    let mut town = Town::new();
    let nobody = ward(&mut town);
    let row = |a: u32, b: u32| vec![("C-01".to_owned(), a), ("C-02".to_owned(), b)];
    let both = Known { marks: [(code("C-01"), mark()), (code("C-02"), mark())].into(), ..nobody.clone() };
    let one = Known { marks: [(code("C-01"), mark())].into(), ..nobody.clone() };
    // twelve were planned ahead on the first day and six were shown; twelve are the most of a day
    let asked_of = |known: &Known| asked(&town, known.clone());
    assert_eq!(asked_of(&both), row(6, 6));
    assert_eq!(asked_of(&one), row(12, 0), "the one box is asked for all");
    assert_eq!(asked_of(&nobody), row(6, 6), "a plan before the first box comes");
}

#[test]
fn a_screen_that_comes_from_another_ward_brings_no_plays_with_it() {
    let mut town = Town::new();
    let mut known = ward(&mut town);
    known.marks = [(code("C-01"), mark()), (code("C-02"), mark())].into();
    town.import(import::Kind::Units, "ward.csv", "code,name,kind,parent\nP2,Phường Hai,ward,HN\n");
    let moved = "code,name,venue_type,kind,width,height,output,owner,territory,links_from\n\
                 C-01,Góc phố số 1,corner,managed,1920,1080,video,P1,P2,2026-11-17\n";
    town.import(import::Kind::Screens, "moved.csv", moved);
    let of = asked(&town, known);
    // the new ward begins with nothing, its run-ahead included; the old one still lacks six of its first day
    assert_eq!(of, [("C-01".to_owned(), 12), ("C-02".to_owned(), 12)]);
}

/// A series on corners, four a day: its second episode is there from the second day, for this kind of place.
fn series(town: &mut Town, venue: &str) {
    let product = |key: &str, title: &str, venue: &str| {
        format!(
            "[{key}]\ntitle = '{title}'\nlength_s = 15\n[[{key}.variant]]\nlang = 'vi'\nform = 'silent'\nfile = '{title}.mp4'\n\
             venue_types = [{venue}]\n"
        )
    };
    town.order(&format!(
        "code = 'talk'\ntitle = 'Tọa đàm'\nkind = 'play'\nissuer = 'HN'\nfrom = 2026-11-16\nto = 2026-11-27\n\
         source = 'made up'\nquota = {{ plays = 4, per = 'day', rule = 'average', within = 'duty' }}\nmin_gap_s = 300\n{}\
         [[episode]]\nnumber = '2'\nfrom = 2026-11-17\n{}[[target]]\nlink = 'territory'\nunit = 'HN'\n\
         venue_types = ['corner']\nforce = 'required'\nreason = 'made up'\n",
        product("product", "Tập 1", ""),
        product("episode.product", "Tập 2", venue)
    ));
}

/// The order, and the files of its two episodes.
fn episodes(town: &Town) -> (&Directive, MediaHash, MediaHash) {
    let order = town.campaigns.directives().next().unwrap();
    let mut files = order.products().map(|(_, p)| p.variant[0].media.unwrap());
    (order, files.next().unwrap(), files.next().unwrap())
}

/// What the corner shows of it on the second day, and how many plays are asked.
fn on_the_second_day(town: &Town) -> Option<(MediaHash, u32)> {
    let days = [monday().next()];
    let world = town.world();
    let basis = world.basis(&days, Known::nothing(days[0].start(HANOI), HANOI));
    let inputs = world.inputs([town.screen("C-01")].into_iter(), &days, &basis);
    inputs.days[0].wanted.first().map(|w| (w.asset.media.hash, w.target))
}

#[test]
fn an_earlier_episode_stands_in_where_the_newest_is_not_there_or_does_not_fit() {
    let mut town = Town::new();
    series(&mut town, "'corner'");
    let (_, one, two) = episodes(&town);
    let both = on_the_second_day(&town);
    let asked = both.unwrap().1;
    assert_eq!((both, asked > 0), (Some((two, asked)), true), "it takes the place of the first");
    town.media.remove(&two);
    assert_eq!(on_the_second_day(&town), Some((one, asked)), "its file is not there");

    let mut town = Town::new();
    series(&mut town, "'loudspeaker'");
    assert_eq!(on_the_second_day(&town), Some((one, asked)), "it has nothing for a corner");
}

#[test]
fn the_episode_in_effect_is_the_one_that_is_shown() {
    let mut town = Town::new();
    series(&mut town, "'corner'");
    let effect = |town: &Town| {
        let ((order, ..), screen, second) = (episodes(town), town.screen("C-01"), monday().next());
        let product = town.world().in_effect(screen, second, order).unwrap();
        let why = town.world().unapproved(screen, second, &order.campaign(), product);
        (product.title.clone(), why.is_some())
    };
    assert_eq!(effect(&town), ("Tập 2".to_owned(), false));
    let drafts = crate::approval::drafts(&town.campaigns, &town.media);
    let first = drafts.into_iter().filter(|d| d.title != "Tập 2");
    town.permissions = Permissions::default().granting(first, &town.directory);
    assert_eq!(effect(&town), ("Tập 1".to_owned(), false), "nobody has said yes to the second");
    town.permissions = Permissions::default().granting([], &town.directory);
    assert_eq!(effect(&town), ("Tập 2".to_owned(), true), "where none may be shown the newest is wanted");
}

//! Laws and cases of sampling: sizes, the generator, bounds, draws that were touched, codes.

use super::*;
use crate::ids::{CampaignCode, CommandId, DeviceId, PlanHash, ScreenCode};
use crate::proof::record::DisplayLevel;
use crate::time::{HANOI, LocalDay, UtcMillis};
use crate::wire::command::{Answer, Challenge, Outcome, Shown, challenge_code};
use crate::wire::sign::{Answering, SigningKey};
use proptest::prelude::*;

fn aim(confidence: &str, max_bad: &str) -> Aim {
    Aim { confidence: confidence.parse().unwrap(), max_bad: max_bad.parse().unwrap() }
}

#[test]
fn as_many_are_looked_at_as_the_aim_asks_and_no_more() {
    // (aim, of any population): 0.99^298 = 0.0500 and a little, 0.99^299 just below
    for (confidence, max_bad, n) in [("0.95", "0.01", 299), ("99%", "1%", 459), ("0,95", "0,05", 59), ("0.5", "0.5", 1)]
    {
        assert_eq!(aim(confidence, max_bad).size(10_000_000), Size { of_any: n, drawn: n }, "{confidence} {max_bad}");
    }
    // few plays: looking at all but four of a hundred is enough to meet one bad one with 95 per cent
    for (population, n) in [(1, 1), (19, 19), (20, 19), (100, 95), (5_979, 290), (5_980, 299)] {
        assert_eq!(aim("0.95", "0.01").size(population).drawn, n, "{population}");
    }
    assert!(aim("1", "0.01").check().is_err() && aim("0.95", "0").check().is_err());
    assert_eq!(
        ["0.95", "12.5%", "1", "0"].map(|t| t.parse::<Share>().unwrap().to_string()),
        ["0.95", "0.125", "1", "0"]
    );
    for wrong in ["", "1.1", "0.1234567", "-0.1", "ninety", ".5", "0.5%%", "101%"] {
        assert!(wrong.parse::<Share>().is_err(), "{wrong}");
    }
}

#[test]
fn anybody_with_sha256sum_draws_the_same() {
    // printf 'lichphat audit sample v1\nXSMB 2026-11-26: 48213\n%s\n0\n' $(printf abc | sha256sum | cut -c-64) | sha256sum, and 1, 2, 3:
    // the first 16 digits as a number, modulo 1000
    let drawn = indices("XSMB 2026-11-26: 48213", Sha256Hash::of(b"abc"), 1000, 4);
    assert_eq!(drawn, [627, 679, 196, 334]);
}

const SURE: [&str; 3] = ["0.9", "0.95", "0.99"];

/// Against the binomial sum in whole numbers: it holds at the bound, and not a millionth below it.
fn is_the_bound(n: u64, k: u64, sure: &str) -> bool {
    let sure: Share = sure.parse().unwrap();
    let is_likely = |p: u32| {
        let sum: BigUint = (0..=k)
            .map(|x| choose(n, x) * BigUint::from(p).pow(x as u32) * BigUint::from(ONE - p).pow((n - x) as u32))
            .sum();
        sum * ONE > BigUint::from(ONE).pow(n as u32) * sure.rest()
    };
    let bound = upper(n, k, sure);
    !is_likely(bound.0) && is_likely(bound.0 - 1)
}

/// Of few plays every bound is tried: some are whole millionths, and floats alone missed those by one.
#[test]
fn of_few_looked_at_every_bound_is_that_of_clopper_and_pearson() {
    let all = (1u64..13).flat_map(|n| (0..n).map(move |k| (n, k)));
    let missed: Vec<_> = all
        .flat_map(|(n, k)| SURE.map(|sure| (n, k, sure)))
        .filter(|(n, k, sure)| !is_the_bound(*n, *k, sure))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

proptest! {
    #[test]
    fn a_draw_takes_each_play_once_and_hangs_on_seed_and_population(
        seed in "[a-z]{1,8}", population in 1u64..2_000, n in 0u64..400,
    ) {
        let hash = Sha256Hash::of(seed.as_bytes());
        let drawn = indices(&seed, hash, population, n);
        let set: BTreeSet<u64> = drawn.iter().copied().collect();
        prop_assert_eq!(set.len() as u64, n.min(population));
        prop_assert!(set.iter().all(|i| *i < population));
        let more = indices(&seed, hash, population, n + 7);
        prop_assert_eq!(&more[..drawn.len()], &drawn[..], "a longer draw begins like a shorter one");
        if population > 1_000 && n > 20 {
            prop_assert_ne!(&indices(&format!("{seed}!"), hash, population, n), &drawn);
            prop_assert_ne!(indices(&seed, Sha256Hash::of(b"another"), population, n), drawn);
        }
    }

    #[test]
    fn the_bound_is_that_of_clopper_and_pearson(n in 13u64..60, k in 0u64..60, sure in prop::sample::select(SURE.to_vec())) {
        let k = k.min(n - 1);
        prop_assert!(is_the_bound(n, k, sure), "{k} bad of {n} at {sure}: {}", upper(n, k, sure.parse().unwrap()));
    }

    /// Against counting every way to draw.
    #[test]
    fn of_few_plays_the_bound_is_what_counting_every_way_gives(all in 1u64..13, looked in 1u64..13, bad in 0u64..13) {
        let looked = looked.min(all);
        let bad = bad.min(looked);
        let sure: Share = "0.95".parse().unwrap();
        let likely = |among: u64| {
            let ways: Vec<u64> = (0u64..1 << all).filter(|way| u64::from(way.count_ones()) == looked).collect();
            let few = ways.iter().filter(|way| u64::from((*way & ((1 << among) - 1)).count_ones()) <= bad).count();
            few * 20 > ways.len()
        };
        let most = (bad..=all - (looked - bad)).rev().find(|among| likely(*among)).unwrap_or(bad);
        prop_assert_eq!(upper_of(all, looked, bad, sure), most);
    }
}

const FROM: &str = "2026-11-30";

fn code<T: std::str::FromStr<Err = crate::ids::CodeError>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Two screens, `plays` on each of two days, everything drawn as it should be.
fn draw(kind: Kind, plays: u32, aim: Aim) -> Draw {
    let (campaign, from): (CampaignCode, LocalDay) = (code("ihanoi"), FROM.parse().unwrap());
    let screens = ["S1", "S2"].map(|s| ScreenCounts { screen: code(s), plays: vec![plays; 2] }).into_iter().collect();
    let population = Population::new(&campaign, kind, (from, from.next()), screens);
    let size = aim.size(population.size);
    let mut items: Vec<Item> = indices("lottery", population.hash, population.size, size.drawn)
        .into_iter()
        .zip(1..)
        .map(|(index, n)| {
            let (screen, day, nth) = population.at(index).unwrap();
            let day = from.plus(day);
            Item {
                n,
                index,
                screen: screen.clone(),
                name: "Sảnh".into(),
                place: "Phường Ba Đình".into(),
                day,
                start_ms: day.at(28_800 + 60 * nth, HANOI),
                length_s: 15,
                variant: "vi".into(),
                media: Sha256Hash::of(b"clip"),
                media_name: "clip.mp4".into(),
                media_file: None,
                plan: PlanHash::of(b"plan"),
                record: None,
            }
        })
        .collect();
    items.sort_by_key(|item| item.index);
    Draw {
        schema: SCHEMA.into(),
        campaign,
        kind,
        from,
        to: from.next(),
        offset_min: HANOI,
        aim,
        seed: "lottery".into(),
        drawn_ms: UtcMillis(0),
        checkpoint: None,
        left_out: 0,
        population,
        of_any: size.of_any,
        items,
    }
}

#[test]
fn a_draw_that_was_touched_is_not_drawn_again() {
    let honest = draw(Kind::Planned, 500, aim("0.95", "0.05"));
    let json = serde_json::to_vec_pretty(&honest).unwrap();
    assert_eq!(Draw::parse(&json).unwrap(), honest);
    type Touch = fn(&mut Draw);
    let touched: [(&str, Touch); 8] = [
        ("seed", |d| d.seed = "mine".into()),
        ("a day less", |d| d.to = d.from),
        ("a play more", |d| d.population.screens[0].plays[1] += 1),
        ("and its size and hash", |d| {
            d.population.screens[0].plays[1] += 1;
            let screens = d.population.screens.clone();
            d.population = Population::new(&d.campaign, d.kind, (d.from, d.to), screens);
        }),
        ("another screen", |d| d.items[0].screen = code("S9")),
        ("one left out", |d| drop(d.items.remove(3))),
        ("drawn in another order", |d| (d.items[0].n, d.items[1].n) = (d.items[1].n, d.items[0].n)),
        ("fewer asked", |d| d.aim.max_bad = "0.06".parse().unwrap()),
    ];
    for (what, touch) in touched {
        let mut draw = honest.clone();
        touch(&mut draw);
        assert!(draw.check().is_err(), "{what}");
        assert_ne!(draw.hash(), honest.hash(), "{what}");
    }
}

fn found(draw: &Draw, n: u32, seen: Seen) -> Finding {
    let item = draw.item(n).unwrap();
    Finding {
        draw: draw.hash(),
        n,
        campaign: draw.campaign.clone(),
        screen: item.screen.clone(),
        start_ms: item.start_ms,
        media: item.media,
        seen,
        by: "Thanh tra Sở".into(),
        at_ms: item.start_ms,
        note: String::new(),
        photo: None,
        code: None,
    }
}

#[test]
fn all_seen_as_expected_proves_the_aim_and_what_nobody_saw_does_not() {
    for plays in [5_000, 30] {
        let draw = draw(Kind::Planned, plays, aim("0.95", "0.01"));
        assert_eq!(draw.is_of_few(), plays == 30);
        let all = 1..=draw.items.len() as u32;
        let clean: Vec<Finding> = all.map(|n| found(&draw, n, Seen::AsExpected)).collect();
        let verdict = Verdict::of(&draw, &clean);
        assert!(verdict.looked.unwrap().met && verdict.worst.unwrap().met, "{verdict:?}");
        assert!(!Verdict::of(&draw, &clean[1..]).looked.unwrap().met, "one less proves less");
        let mut one_dark = clean.clone();
        one_dark.push(found(&draw, 1, Seen::Dark));
        let verdict = Verdict::of(&draw, &one_dark);
        assert_eq!((verdict.tally.bad, verdict.looked.unwrap().met), (1, false));
        // nobody could look at one: of the rest nothing was bad, and yet the aim is not met
        let mut one_unseen = clean.clone();
        one_unseen.push(found(&draw, 2, Seen::CouldNotLook));
        let verdict = Verdict::of(&draw, &one_unseen);
        assert!(verdict.worst.unwrap().at_most > verdict.looked.unwrap().at_most && !verdict.worst.unwrap().met);
    }
    let none = Verdict::of(&draw(Kind::Planned, 30, aim("0.95", "0.01")), &[]);
    assert_eq!((none.looked, none.tally.open), (None, none.tally.drawn));
}

#[test]
fn the_figure_everybody_knows() {
    let sure: Share = "0.95".parse().unwrap();
    assert_eq!(upper(299, 0, sure).percent(), "0.997", "1 - 0.05^(1/299), rounded up");
    assert_eq!(upper(7, 7, sure).percent(), "100");
}

#[test]
fn a_code_counts_when_the_device_signed_it_for_this_screen_and_hour() {
    let key = SigningKey::<Answering>::from_seed(&[7; 32]);
    let (id, device, screen): (_, _, ScreenCode) = (CommandId(9), DeviceId(4), code("S1"));
    let (nonce, salt) = ("0a".repeat(16), "0b".repeat(16));
    let shown = challenge_code(&nonce, &salt, device, &screen);
    let at = UtcMillis(1_000_000_000);
    let challenge = Some(Challenge { nonce, salt, code: shown.clone() });
    let outcome =
        Outcome::Shown(Shown { from_ms: at, until_ms: at.plus_ms(60_000), display: DisplayLevel::D1, challenge });
    let answer = Answer { id, device, epoch: crate::ids::Epoch(1), at_ms: at, outcome }.seal(&key).into_bytes();
    let read = |screen: &ScreenCode, text: &str, at| SeenCode::of((id, device, screen), &answer, text, at);
    let seen = read(&screen, &shown, at.plus_ms(30_000)).unwrap();
    assert!(seen.is_signed(&answer, &key.verifying_key()));
    assert!(!seen.is_signed(&answer, &SigningKey::<Answering>::from_seed(&[8; 32]).verifying_key()));
    assert_eq!(read(&screen, "2222-2222", at), None);
    assert_eq!(read(&code("S2"), &shown, at), None, "another screen's");
    assert_eq!(read(&screen, &shown, at.plus_ms(3_600_000)), None, "an hour later");
}

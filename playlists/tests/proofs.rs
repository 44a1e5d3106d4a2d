//! Proofs of the impossible: all there are and no others, each a sentence and a mend.
#![allow(clippy::disallowed_methods, reason = "a test reads files")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

#[path = "../../tests/dayplan/families.rs"]
mod families;

use families::Family;
use lichphat_playlists::plan::{
    Campaign, Cause, Certificate, Effort, Fixed, Lang, Past, Problem, certificates, check, plan,
};
use lichphat_playlists::time::IntervalSet;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Kind, campaigns, what they need, what there is room for.
type Proof = (&'static str, Vec<String>, u64, u64);

/// Every proof, found the slow way: by counting seconds and trying every choice of campaigns.
fn slowly(problem: &Problem) -> BTreeSet<Proof> {
    let free = problem.operating.minus(&problem.fixed_set());
    let asking: Vec<&Campaign> = problem.campaigns.iter().filter(|c| c.target > 0).collect();
    let ids = |list: &[&Campaign]| list.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
    let mut proofs = BTreeSet::new();
    for c in &asking {
        proofs.insert(("spacing", ids(&[c]), u64::from(c.target), most(&starts(c, &free), c.min_gap_s)));
    }
    for (category, &gap) in &problem.category_gap_s {
        let members: Vec<&Campaign> =
            asking.iter().copied().filter(|c| c.category.as_ref() == Some(category)).collect();
        let starts: Vec<IntervalSet> = members.iter().map(|c| starts(c, &free)).collect();
        for choice in 1u32..1 << members.len() {
            let chosen = (0..members.len()).filter(|i| choice >> i & 1 == 1);
            let room = chosen.fold(IntervalSet::empty(), |room, i| room.union(&starts[i]));
            let inside = |i: &usize| starts[*i].minus(&room).is_empty();
            let inside: Vec<&Campaign> = (0..members.len()).filter(inside).map(|i| members[i]).collect();
            let need = inside.iter().map(|c| u64::from(c.target)).sum();
            proofs.insert(("category", ids(&inside), need, most(&room, gap)));
        }
    }
    for union in unions(&asking) {
        let inside: Vec<&Campaign> = asking.iter().copied().filter(|c| c.windows.minus(&union).is_empty()).collect();
        let need = inside.iter().map(|c| u64::from(c.target) * u64::from(c.dur)).sum();
        proofs.insert(("capacity", ids(&inside), need, u64::from(union.intersect(&free).length())));
    }
    proofs.into_iter().filter(|(_, _, need, room)| need > room).collect()
}

/// Unions of one to four campaigns' windows, and of all of them.
fn unions(asking: &[&Campaign]) -> BTreeSet<IntervalSet> {
    let mut unions: BTreeSet<IntervalSet> = BTreeSet::new();
    let all = asking.iter().fold(IntervalSet::empty(), |all, c| all.union(&c.windows));
    let mut widest: BTreeSet<IntervalSet> = asking.iter().map(|c| c.windows.clone()).collect();
    for _ in 0..4 {
        unions.extend(widest.iter().cloned());
        widest = widest.iter().flat_map(|u| asking.iter().map(|c| u.union(&c.windows))).collect();
    }
    unions.insert(all);
    unions
}

/// Seconds at which a play of `campaign` may start.
fn starts(campaign: &Campaign, free: &IntervalSet) -> IntervalSet {
    let open = campaign.windows.intersect(free);
    let fits = open.iter().map(|(a, b)| (a, (b + 1).saturating_sub(campaign.dur)));
    IntervalSet::from(fits.collect::<Vec<_>>())
}

/// Most of `starts` that are `gap` apart, second by second.
fn most(starts: &IntervalSet, gap: u32) -> u64 {
    let (mut count, mut next) = (0, 0);
    for second in starts.iter().flat_map(|(a, b)| a..b) {
        if second >= next {
            count += 1;
            next = second + gap;
        }
    }
    count
}

fn found(problem: &Problem) -> BTreeSet<Proof> {
    let proof = |c: &Certificate| match c {
        Certificate::Spacing { campaign, max_plays, asked } => {
            ("spacing", vec![campaign.clone()], u64::from(*asked), u64::from(*max_plays))
        }
        Certificate::Category { campaigns, max_plays, asked, .. } => {
            ("category", campaigns.clone(), u64::from(*asked), u64::from(*max_plays))
        }
        Certificate::Capacity { campaigns, demand_s, capacity_s, over_s, .. } => {
            assert_eq!(*over_s, demand_s - capacity_s);
            ("capacity", campaigns.clone(), *demand_s, *capacity_s)
        }
    };
    let all = certificates(problem);
    let found: BTreeSet<Proof> = all.iter().map(proof).collect();
    assert_eq!(found.len(), all.len(), "each proof once");
    found
}

/// The 30 files.
fn instances() -> Vec<Problem> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/dayplan/instances");
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
}

/// Days of the six families that ask for more than there is.
fn overloaded(seeds: std::ops::Range<u64>) -> impl Iterator<Item = Problem> {
    let load = |seed: u64| 900 + 100 * (seed % 5) as u32;
    seeds.flat_map(move |seed| Family::ALL.map(|family| families::instance(family, seed, load(seed))))
}

#[test]
fn an_independent_enumeration_finds_the_same_proofs() {
    let mut kinds = BTreeSet::new();
    for problem in instances().into_iter().chain(overloaded(0..4)) {
        let proofs = slowly(&problem);
        kinds.extend(proofs.iter().map(|p| p.0));
        assert_eq!(found(&problem), proofs, "{}", problem.id);
    }
    assert_eq!(kinds.len(), 3, "all kinds are met: {kinds:?}");
}

/// A short day on which every kind of proof is common.
fn crowded() -> impl Strategy<Value = Problem> {
    let campaign = (1u32..40, 0u32..14, 0u32..10, 0u32..6, 0u32..200, 1u8..4, 0u8..3);
    let parts = (prop::collection::vec(campaign, 0..7), prop::collection::vec((0u32..1700, 1u32..90), 0..3));
    parts.prop_map(|(campaigns, fixed)| {
        let operating = IntervalSet::from(vec![(30_000, 30_900), (31_000, 31_800)]);
        let mut p = Problem::new("crowded", operating.clone(), vec![1; 96]);
        p.category_gap_s = [("bank".to_owned(), 60), ("phone".to_owned(), 90)].into();
        for (i, (dur, target, from, length, gap, priority, category)) in campaigns.into_iter().enumerate() {
            let window = IntervalSet::one(30_000 + from * 180, 30_000 + (from + length) * 180);
            p.campaigns.push(Campaign {
                id: format!("c{i}"),
                dur,
                target,
                windows: window.intersect(&operating),
                min_gap_s: gap.max(dur).max(90),
                priority,
                shortfall_weight: [100, 10, 1][usize::from(priority) - 1],
                category: [None, Some("bank".to_owned()), Some("phone".to_owned())][usize::from(category)].clone(),
            });
        }
        let mut end = 30_000;
        for (i, (at, dur)) in fixed.into_iter().enumerate() {
            if 30_000 + at >= end && operating.holds(30_000 + at, 30_000 + at + dur) {
                p.fixed.push(Fixed { id: format!("x{i}"), start: 30_000 + at, dur });
                end = 30_000 + at + dur;
            }
        }
        p
    })
}

/// The least weight with which the members of `certificate` can give up what is over, by trying everything.
fn cheapest_by_trying(problem: &Problem, certificate: &Certificate, over: u64) -> u64 {
    let unit = |c: &Campaign| if matches!(certificate, Certificate::Capacity { .. }) { u64::from(c.dur) } else { 1 };
    // least weight for every amount given up, one play after another
    let mut least: Vec<Option<u64>> = vec![None; over as usize + 1];
    least[0] = Some(0);
    for c in certificate.campaigns().iter().map(|id| problem.campaign(id).unwrap()) {
        for _ in 0..c.target {
            for amount in (0..=over).rev() {
                let Some(paid) = least[amount as usize] else { continue };
                let more = (amount + unit(c)).min(over) as usize;
                let paid = paid + u64::from(c.shortfall_weight);
                least[more] = Some(least[more].map_or(paid, |before| before.min(paid)));
            }
        }
    }
    least[over as usize].unwrap()
}

fn lower(problem: &mut Problem, certificate: &Certificate, original: &Problem) {
    for fewer in certificate.mend(original) {
        let c = problem.campaigns.iter_mut().find(|c| c.id == fewer.campaign).unwrap();
        assert!(fewer.to < fewer.from && original.campaign(&c.id).unwrap().target == fewer.from);
        c.target = c.target.min(fewer.to);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_proof_is_found_and_no_other(problem in crowded()) {
        prop_assert_eq!(found(&problem), slowly(&problem));
    }

    /// A proof's lower bound above the plan's own shortfall would make the checker refuse the plan.
    #[test]
    fn the_checker_accepts_every_proof_and_nothing_else_is_called_impossible(problem in crowded()) {
        let (made, report) = plan(&problem, &Past::none(), Effort::Quick).unwrap();
        let verdict = check(&problem, &made.solution(&report));
        prop_assert!(verdict.valid, "{:?}", verdict.errors);
        prop_assert_eq!(report.certificates.is_empty(), certificates(&problem).is_empty(), "no proof without a loss");
        for c in &report.campaigns {
            let named = report.certificates.iter().any(|p| p.campaigns().contains(&c.id));
            let expected = match (c.shortfall, named) { (0, _) => 0, (_, true) => 1, (_, false) => 2 };
            let said = match c.cause { Cause::None => 0, Cause::Proven { .. } => 1, Cause::NotFound => 2 };
            prop_assert_eq!(said, expected, "{}", c.id);
            let lines = report.lines_about(&c.id, &problem, Lang::En, &str::to_owned);
            prop_assert_eq!(lines.is_empty(), c.shortfall == 0);
        }
    }

    #[test]
    fn a_mend_is_the_cheapest_and_who_follows_all_lines_asks_for_nothing_impossible(problem in crowded()) {
        let (_, report) = plan(&problem, &Past::none(), Effort::Quick).unwrap();
        let (mut mended, mut told) = (problem.clone(), problem.clone());
        let lines = report.lines(&problem, Lang::Vi, &str::to_owned);
        for certificate in certificates(&problem) {
            let (need, room) = match &certificate {
                Certificate::Spacing { max_plays, asked, .. } | Certificate::Category { max_plays, asked, .. } =>
                    (u64::from(*asked), u64::from(*max_plays)),
                Certificate::Capacity { demand_s, capacity_s, .. } => (*demand_s, *capacity_s),
            };
            let weight = |id: &str| u64::from(problem.campaign(id).unwrap().shortfall_weight);
            let cost: u64 =
                certificate.mend(&problem).iter().map(|f| u64::from(f.from - f.to) * weight(&f.campaign)).sum();
            prop_assert_eq!(cost, cheapest_by_trying(&problem, &certificate, need - room));
            lower(&mut mended, &certificate, &problem);
            if lines.contains(&certificate.sentence(&problem, Lang::Vi, &str::to_owned)) {
                lower(&mut told, &certificate, &problem);
            }
        }
        prop_assert_eq!(certificates(&mended), []);
        prop_assert_eq!(certificates(&told), [], "the lines leave out only what follows from the others");
    }
}

/// Two peaks, a notice in the first, and campaigns that people know.
fn morning_and_evening() -> Problem {
    let peaks = IntervalSet::parse("06:30-09:00;16:30-19:00").unwrap();
    let mut p = Problem::new("P00004-01/2024-10-10", IntervalSet::parse("06:00-20:00").unwrap(), vec![10; 96]);
    let campaign = |id: &str, dur, target, gap, priority: u8, category: Option<&str>| Campaign {
        id: id.into(),
        dur,
        target,
        windows: peaks.clone(),
        min_gap_s: gap,
        priority,
        shortfall_weight: [100, 10, 1][usize::from(priority) - 1],
        category: category.map(str::to_owned),
    };
    p.category_gap_s = [("ngân hàng".to_owned(), 120)].into();
    p.campaigns = vec![
        campaign("iHanoi", 30, 12, 600, 1, None),
        campaign("Vietcombank", 15, 60, 240, 3, Some("ngân hàng")),
        campaign("Agribank", 15, 55, 240, 3, Some("ngân hàng")),
        campaign("Vinamilk", 30, 60, 240, 3, None),
    ];
    p
}

fn said(problem: &Problem) -> String {
    let (made, report) = plan(problem, &Past::none(), Effort::Quick).unwrap();
    let verdict = check(problem, &made.solution(&report));
    assert!(verdict.valid, "{:?}", verdict.errors);
    let lines = |lang| report.lines(problem, lang, &str::to_owned);
    [lines(Lang::Vi), lines(Lang::En)].concat().join("\n")
}

#[test]
fn golden_sentences_of_every_kind_of_proof() {
    let mut spacing = morning_and_evening();
    spacing.campaigns[0].min_gap_s = 1_800;
    insta::assert_snapshot!("sentence_spacing", said(&spacing));

    let mut category = morning_and_evening();
    category.campaigns[1].target = 85;
    category.campaigns[2].target = 70;
    for c in &mut category.campaigns[1..3] {
        c.min_gap_s = 120;
    }
    insta::assert_snapshot!("sentence_category", said(&category));

    let mut capacity = morning_and_evening();
    capacity.fixed = vec![Fixed { id: "thông báo".into(), start: 25_200, dur: 300 }];
    capacity.campaigns[0].target = 15;
    capacity.campaigns[3].min_gap_s = 60;
    for (dur, target) in [(60, 80), (45, 80), (30, 90), (60, 55)] {
        let id = format!("Hợp đồng {}", capacity.campaigns.len());
        let like = capacity.campaigns[3].clone();
        capacity.campaigns.push(Campaign { id, dur, target, min_gap_s: 60, ..like });
    }
    insta::assert_snapshot!("sentence_capacity", said(&capacity));

    let mut closed = morning_and_evening();
    closed.campaigns[0].windows = IntervalSet::empty();
    insta::assert_snapshot!("sentence_without_a_window", said(&closed));

    // two windows of 50 s, each with room for 40 s of the one or one play of the other, which no sum of seconds proves
    let mut knotty = morning_and_evening();
    for (c, dur, target) in [(0, 40, 1), (3, 15, 2)] {
        knotty.campaigns[c].windows = IntervalSet::parse("06:30-06:30:50;16:30-16:30:50").unwrap();
        (knotty.campaigns[c].dur, knotty.campaigns[c].target, knotty.campaigns[c].min_gap_s) = (dur, target, 60);
    }
    insta::assert_snapshot!("sentence_without_a_proof", said(&knotty));
    knotty.campaigns[3].target = 3;
    insta::assert_snapshot!("sentence_beyond_the_proof", said(&knotty));
}

/// What costs nothing could be missing without anybody being told.
#[test]
fn a_campaign_that_may_be_missing_at_no_cost_is_refused() {
    let mut problem = serde_json::to_value(morning_and_evening()).unwrap();
    problem["campaigns"][0]["shortfall_weight"] = 0.into();
    let error = serde_json::from_value::<Problem>(problem).unwrap_err().to_string();
    assert!(error.contains("iHanoi") && error.contains("use 1 to 1000000"), "{error}");
}

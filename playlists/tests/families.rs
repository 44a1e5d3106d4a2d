//! The generator of day plans keeps to the families: whatever seed, its days are like the 30 files.
#![allow(clippy::disallowed_methods, reason = "a test reads files")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

#[path = "../../tests/dayplan/families.rs"]
mod families;

use families::{Family, instance, room};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::plan::Problem;
use std::path::Path;

/// Loads of the files, thousandths, in the order of their names.
const LOADS: [u32; 5] = [200, 600, 850, 950, 1020];
const SEEDS: u64 = 60;

fn file(family: Family, n: usize) -> Problem {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/dayplan/instances");
    let path = dir.join(format!("{}-p{n}.json", family.name()));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What a day is like, in numbers that can be compared.
fn figures(day: &Problem) -> Vec<(&'static str, f64)> {
    let count = |of: &dyn Fn(&lichphat_playlists::plan::Campaign) -> bool| {
        day.campaigns.iter().filter(|c| of(c)).count() as f64 / day.campaigns.len() as f64
    };
    let sum =
        |of: &dyn Fn(&lichphat_playlists::plan::Campaign) -> u32| day.campaigns.iter().map(of).sum::<u32>() as f64;
    let plays = sum(&|c| c.target);
    let open: Vec<f64> = day.footfall.weights.iter().filter(|w| **w > 0).map(|w| f64::from(*w)).collect();
    let mean = open.iter().sum::<f64>() / open.len() as f64;
    let noise = open.windows(3).map(|w| (w[0] + w[2] - 2.0 * w[1]).abs()).sum::<f64>() / open.len() as f64 / mean;
    vec![
        ("campaigns", day.campaigns.len() as f64),
        ("plays", plays),
        ("seconds asked for", sum(&|c| c.dur * c.target)),
        ("seconds of a play", sum(&|c| c.dur * c.target) / plays),
        ("seconds of peaks", f64::from(day.peak.length())),
        ("seconds of windows", sum(&|c| c.windows.length()) / day.campaigns.len() as f64),
        ("seconds of gaps", sum(&|c| c.min_gap_s) / day.campaigns.len() as f64),
        ("share of room", sum(&|c| c.target * 1000 / room(c, day).max(1)) / day.campaigns.len() as f64),
        ("priority 1", 1.0 + count(&|c| c.priority == 1)),
        ("priority 3", 1.0 + count(&|c| c.priority == 3)),
        ("competing", 1.0 + count(&|c| c.category.is_some())),
        ("own windows", 1.0 + count(&|c| c.windows != day.peak && c.windows != day.operating)),
        ("fixed", 1.0 + day.fixed_set().length() as f64),
        ("fillers", day.fillers.len() as f64),
        ("filler seconds", day.fillers.iter().map(|f| f.dur).sum::<u32>() as f64 / day.fillers.len() as f64),
        ("people", mean),
        ("noise", noise),
    ]
}

/// Seconds asked for inside the peaks over their free seconds, thousandths.
fn load(day: &Problem) -> u32 {
    let bound = day.campaigns.iter().filter(|c| c.windows.minus(&day.peak).is_empty());
    bound.map(|c| c.dur * c.target).sum::<u32>() * 1000 / day.peak.minus(&day.fixed_set()).length()
}

#[test]
fn the_files_have_the_loads_that_the_generator_understands() {
    for family in Family::ALL {
        for (n, permille) in LOADS.into_iter().enumerate() {
            let load = load(&file(family, n));
            assert!((permille..permille + 5).contains(&load), "{} p{n}: {load}", family.name());
        }
    }
}

#[test]
fn every_day_is_valid_and_has_its_load() {
    for family in Family::ALL {
        for permille in [200, 333, 450, 600, 850, 950, 1020] {
            for seed in 0..SEEDS {
                let day = instance(family, seed, permille);
                assert_eq!(day.validate(), Ok(()), "{}", day.id);
                let load = load(&day);
                // the last play may reach a little over it
                assert!((permille - 1..permille + 15).contains(&load), "{}: {load}", day.id);
                assert!(day.campaigns.iter().all(|c| (1..=60).contains(&c.target)), "{}", day.id);
            }
        }
    }
}

/// Means over many seeds are within a quarter of the mean of the family's five files, load by load within a half; no
/// single day is out of sight of them.
#[test]
fn days_are_like_the_files_of_their_family() {
    for family in Family::ALL {
        let days = LOADS.map(|l| (0..SEEDS).map(|seed| figures(&instance(family, seed, l))).collect::<Vec<_>>());
        let files = [0, 1, 2, 3, 4].map(|n| figures(&file(family, n)));
        for (i, &(name, _)) in files[0].iter().enumerate() {
            let (mut all_made, mut all_given) = (0.0, 0.0);
            for (days, file) in days.iter().zip(&files) {
                let (made, given) = (mean(days, i), file[i].1);
                all_made += made / 5.0;
                all_given += given / 5.0;
                assert!((given * 0.5..given * 2.0).contains(&made), "{} {name}: {made}, file {given}", family.name());
                for day in days {
                    let seen = (given * 0.2..given * 5.0).contains(&day[i].1);
                    assert!(seen, "{} {name}: a day of {}, file {given}", family.name(), day[i].1);
                }
            }
            let near = (all_given * 0.75..all_given * 1.25).contains(&all_made);
            assert!(near, "{} {name}: {all_made}, files {all_given}", family.name());
        }
    }
}

fn mean(days: &[Vec<(&str, f64)>], figure: usize) -> f64 {
    days.iter().map(|d| d[figure].1).sum::<f64>() / days.len() as f64
}

/// Now and then a gap leaves no room, so that proofs are due: about as often as in the files.
#[test]
fn some_campaigns_ask_for_more_than_their_gap_allows() {
    let share = |days: &[Problem]| {
        let all: Vec<bool> =
            days.iter().flat_map(|d| d.campaigns.iter().map(|c| c.target > room(c, d)).collect::<Vec<_>>()).collect();
        all.iter().filter(|over| **over).count() as f64 / all.len() as f64
    };
    let files: Vec<Problem> = Family::ALL.into_iter().flat_map(|f| (0..5).map(move |n| file(f, n))).collect();
    let made: Vec<Problem> = Family::ALL
        .into_iter()
        .flat_map(|f| LOADS.into_iter().flat_map(move |l| (0..SEEDS).map(move |s| instance(f, s, l))))
        .collect();
    let (files, made) = (share(&files), share(&made));
    assert!((files / 2.0..files * 2.0).contains(&made), "files {files}, made {made}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_everywhere() {
    let mut all = Vec::new();
    for family in Family::ALL {
        for permille in LOADS {
            let day = instance(family, 7, permille);
            assert_eq!(day, instance(family, 7, permille));
            assert_ne!(day.campaigns, instance(family, 8, permille).campaigns);
            all.extend(serde_json::to_vec(&day).unwrap());
        }
    }
    insta::assert_snapshot!(Sha256Hash::of(&all).hex());
}

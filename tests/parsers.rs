//! Every parser of bytes from outside under one law, on seeded inputs that were bent a little: the short form of what
//! `make fuzz` does for as long as one likes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

#[allow(dead_code, unused_macros, unreachable_pub, reason = "the programs under libFuzzer use the rest")]
#[path = "../fuzz/src/lib.rs"]
mod parsers;

use parsers::{TARGETS, Target};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bent inputs per target.
const INPUTS: u64 = 800;

/// What is often wrong in a file, or on the edge of being wrong.
const WORDS: [&str; 30] = [
    "",
    "0",
    "-1",
    "1e9",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "9223372036854775808",
    "0.1",
    "NaN",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "[0,0]",
    "24:00",
    "24:01",
    "2024-02-30",
    "9999-12-31",
    "-0001-01-01",
    "..",
    ";",
    ",",
    "\r\n",
    "\u{feff}",
    "ệ",
    "\0",
    "=1+1",
    "\"",
];

/// A small generator of its own: a test is the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // splitmix64 (Steele, Lea, Flood 2014)
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Bends `bytes` in one to four places, half of the time gently; the first byte, which chooses, seldom.
fn bend(mut bytes: Vec<u8>, others: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let gentle = dice.below(2) == 0;
    for _ in 0..if gentle { 1 } else { 1 + dice.below(4) } {
        let n = bytes.len();
        let at = if dice.below(40) == 0 { 0 } else { 1 + dice.below(n.saturating_sub(1)) }.min(n);
        let to = (at + 1 + dice.below(8)).min(n);
        match if gentle { 8 } else { dice.below(8) } {
            8 => {
                let digits: Vec<usize> = (1..n).filter(|&i| bytes[i].is_ascii_digit()).collect();
                if let Some(&digit) = digits.get(dice.below(digits.len())) {
                    bytes[digit] = b'0' + dice.below(10) as u8;
                }
            }
            0 if at < n => bytes[at] ^= 1 << dice.below(8),
            1 => drop(bytes.splice(at..to, [dice.next() as u8])),
            2 => drop(bytes.drain(at..to)),
            3 => {
                let again = bytes[at..to].to_vec();
                drop(bytes.splice(at..at, again));
            }
            4 if at > 0 => bytes.truncate(at),
            5 => {
                let other = &others[dice.below(others.len())];
                let from = dice.below(other.len());
                drop(bytes.splice(at..to, other[from..(from + 40).min(other.len())].iter().copied()));
            }
            _ => {
                let (from, to) = token(&bytes, at);
                drop(bytes.splice(from..to, WORDS[dice.below(WORDS.len())].bytes()));
            }
        }
    }
    bytes
}

/// The number or word at `at`.
fn token(bytes: &[u8], at: usize) -> (usize, usize) {
    let holds = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.');
    let from = bytes[..at].iter().rposition(|b| !holds(b)).map_or(0, |i| i + 1);
    let to = bytes[at..].iter().position(|b| !holds(b)).map_or(bytes.len(), |i| at + i);
    (from, to)
}

fn hold(target: &Target, input: &[u8], what: &str) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.hold)(input))).unwrap_or_else(|_| {
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(target.name);
        std::fs::write(&file, input).unwrap();
        panic!("{}: {what} breaks the law; the input is {}", target.name, file.display());
    })
}

fn hold_all(names: impl Fn(&str) -> bool) {
    for target in TARGETS.iter().filter(|t| names(t.name)) {
        let seeds = (target.seeds)();
        for (n, seed) in seeds.iter().enumerate() {
            assert!(hold(target, seed, "a seed"), "{}: seed {n} is refused", target.name);
        }
        let mut dice = Dice(target.name.bytes().map(u64::from).sum());
        let taken = (0..INPUTS).filter(|n| {
            let seed = seeds[dice.below(seeds.len())].clone();
            hold(target, &bend(seed, &seeds, &mut dice), &format!("input {n}"))
        });
        // else the law would be one of refusals; a bent signature or key opens nothing
        let locked = ["envelope", "announcement"].contains(&target.name);
        assert!(taken.count() > 80 || locked, "{}: nearly nothing is taken", target.name);
    }
}

const HEAVY: [&str; 2] = ["day_problem", "campaign_imports"];

#[test]
fn what_machines_send_is_refused_or_taken_once() {
    hold_all(|name| !HEAVY.contains(&name));
}

#[test]
fn days_are_refused_or_planned_within_the_rules() {
    hold_all(|name| name == HEAVY[0]);
}

#[test]
fn orders_are_refused_or_taken_once() {
    hold_all(|name| name == HEAVY[1]);
}

#[test]
fn every_parser_has_a_program_for_libfuzzer() {
    let programs = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/fuzz_targets");
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/Cargo.toml")).unwrap();
    assert_eq!(std::fs::read_dir(programs).unwrap().count(), TARGETS.len());
    for target in TARGETS {
        let program = std::fs::read_to_string(format!("{programs}/{}.rs", target.name)).unwrap();
        assert!(program.contains(&format!("program!(\"{}\")", target.name)), "{}", target.name);
        assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
    }
}

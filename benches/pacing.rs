//! Ten plays a day inside a few peak hours: a ratio over 24 hours against the ledger. `cargo bench --bench pacing`.
//!
//! The other rule is written here from the description that its makers publish, to compare with; none of their code
//! was seen. *Each hour of the window: the day's target / 24, scaled by the share of time over the share of the target
//! so far, rounded up to whole plays per screen.* Read like this, over a campaign of `D` days with `T` plays a day:
//!
//! - an hour that begins `e` hours after the campaign's first midnight has seen the share `e / 24 D` of its time;
//! - the share of the target is what was played before that hour, out of `T D`;
//! - before the first play there is no share to compare with, and the hour gets its plain `T / 24`;
//! - the ratio has no bounds, every play counts, no hour is lost, and hours outside the window get nothing.
//!
//! So an hour gets `ceil(T * T * e / (24 * 24 * played))`. It settles where that is about to round up: at one play in
//! each hour of the window while the time share is at most 24 / T times the share of the target. Four hours of ten plays a
//! day end at 42 % of the target, six at 60 %, as is published; this program fails when it is further than two
//! points from that.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is for people at a terminal")]

use lichphat::sim::pacing::{Figures, Setting, run};
use std::time::Instant;

const QUOTA: u32 = 10;
const DAYS: u32 = 30;

fn main() {
    println!("{QUOTA} plays a day, {DAYS} days: counted, in per cent of the target");
    println!("{:24} {:>18} {:>18} {:>10}", "peak hours", "ratio over 24 h", "ledger", "zero days");
    for (hours, published) in [(vec![7, 8, 17, 18], 42.0), (vec![6, 7, 8, 16, 17, 18], 60.0)] {
        let target = f64::from(QUOTA * DAYS);
        let peer = 100.0 * f64::from(ratio_rule(&hours)) / target;
        let (ours, _) = timed(&setting(1, DAYS, &hours, 0.0));
        let per_cent = 100.0 * ours.mean / f64::from(QUOTA);
        println!("{:24} {peer:>16.1} % {per_cent:>16.1} % {:>10}", words(&hours), ours.zero_days);
        assert!((peer - published).abs() <= 2.0, "the rule does not reproduce {published} %: it was misread");
    }
    println!("\nthe ledger on 10,000 screens over 26 days, peak hours 7 8 17 18");
    println!(
        "{:>8} {:>8} {:>8} {:>8} {:>10} {:>10} {:>8}",
        "outage", "min", "p5", "mean", "zero days", "lost mean", "s"
    );
    for outage in [0.0, 0.05, 0.1, 0.2] {
        let (f, s) = timed(&setting(10_000, 26, &[7, 8, 17, 18], outage));
        let per_cent = format!("{:.0} %", outage * 100.0);
        println!(
            "{per_cent:>8} {:>8.4} {:>8.4} {:>8.4} {:>10} {:>10.4} {s:>8.2}",
            f.min, f.p5, f.mean, f.zero_days, f.lost_mean
        );
    }
}

/// Plays after all days by the ratio rule.
fn ratio_rule(hours: &[u8]) -> u32 {
    let mut played = 0u32;
    for elapsed_h in 0..DAYS * 24 {
        if hours.contains(&((elapsed_h % 24) as u8)) {
            played += match played {
                0 => QUOTA.div_ceil(24),
                _ => (QUOTA * QUOTA * elapsed_h).div_ceil(24 * 24 * played),
            };
        }
    }
    played
}

fn setting(screens: u32, days: u32, hours: &[u8], outage: f64) -> Setting {
    let peak_hours = hours.to_vec();
    let (length_s, min_gap_s) = (15, 600);
    Setting { screens, days, peak_hours, quota: QUOTA, outage, seed: 1, length_s, min_gap_s, distinct: false }
}

fn timed(setting: &Setting) -> (Figures, f64) {
    let begin = Instant::now();
    let figures = run(setting, || {}).unwrap();
    (figures, begin.elapsed().as_secs_f64())
}

fn words(hours: &[u8]) -> String {
    hours.iter().map(u8::to_string).collect::<Vec<_>>().join(" ")
}

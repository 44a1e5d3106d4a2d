//! A fleet through the product's own door: `cargo bench --bench fleet`, or `-- 100000` for so many screens.
//!
//! Every screen has a day of its own: the six families in turn, loads from 0.2 to 0.95, effort `quick`. Each day is
//! planned, checked by the second opinion, signed and stored in SQLite on disk, by `Planning` as `lichphat plan run`
//! calls it. Making the inputs is not counted: a city reads them from its directory. What approvals add stands below
//! (`approvals`).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is for people at a terminal")]

mod approvals;
#[path = "../../tests/dayplan/families.rs"]
mod families;
#[path = "../../tests/dayplan/screen_days.rs"]
mod screen_days;

use indicatif::{ProgressBar, ProgressStyle};
use lichphat::planning::{DayInput, Planning, Replanned};
use lichphat::store::Store;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::SigningKey;
use rayon::prelude::*;
use screen_days::input;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Screens whose inputs are in memory at a time, as in `lichphat plan run`.
const AT_ONCE: u32 = 512;

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse::<u32>().ok());
    let screens = numbers.next().unwrap_or(20_000);
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fleet-bench");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    println!("fleet: {screens} screens on {} cores, effort quick", rayon::current_num_threads());
    println!(
        "{:44} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8}",
        "", "screens", "computed", "s", "screens/s", "CPU s", "MiB peak"
    );
    let planned_s = measure(&dir, screens).await;
    approvals::measure(&dir.join("approved"), screens, planned_s).await;
    std::fs::remove_dir_all(&dir).unwrap();
}

/// How long planning every screen's own day took, seconds.
async fn measure(dir: &Path, screens: u32) -> f64 {
    let store = Arc::new(Store::open(dir, 2).unwrap());
    let planning = Planning::new(store.clone(), Arc::new(SigningKey::from_seed(&[1; 32])), HANOI);
    let day: LocalDay = "2026-11-20".parse().unwrap();
    let eve = day.previous().at(20 * 3_600, HANOI);
    let noon = day.at(12 * 3_600, HANOI);

    let (all, planned_s) = pass(&planning, "every day distinct", screens, eve, &|i| input(i, i, day)).await;
    assert_eq!((all.published, all.computed), (screens, screens));
    let slots = planning_slots(&planning, day).await;
    let bytes = size(dir);

    let (same, _) = pass(&planning, "nothing new", screens, eve, &|i| input(i, i, day)).await;
    assert_eq!((same.published, same.unchanged), (0, screens));
    let changed = |i: u32| {
        let was = input(i, i, day);
        if hundredth(i) == 0 { lowered(was) } else { was }
    };
    let (some, _) = pass(&planning, "1 % changed, the evening before", screens, eve, &changed).await;
    assert_eq!(some.published, count(screens, 0));
    let changed = |i: u32| {
        let was = changed(i);
        if hundredth(i) == 1 { lowered(was) } else { was }
    };
    let (some, _) = pass(&planning, "1 % changed, at noon of the day", screens, noon, &changed).await;
    assert_eq!(some.published, count(screens, 1));

    let next = day.next();
    let few = |i| input(i, i % 60, next);
    let (alike, _) = pass(&planning, "60 distinct days, the others alike", screens, eve, &few).await;
    assert_eq!((alike.published, alike.computed), (screens, screens.min(60)));

    println!(
        "plays {slots}, {:.0} a screen; {:.1} kB a screen in the database",
        slots as f64 / f64::from(screens),
        bytes as f64 / 1e3 / f64::from(screens)
    );
    let began = Instant::now();
    let audit = planning.audit().await.unwrap();
    assert_eq!(audit.findings, []);
    println!(
        "audited {} stored plans in {:.1} s: signatures, slots and figures agree",
        audit.plans,
        began.elapsed().as_secs_f64()
    );
    planned_s
}

/// Runs the product over `screens` inputs and prints a line; also how long it took, seconds.
async fn pass(
    planning: &Planning,
    what: &str,
    screens: u32,
    now: UtcMillis,
    make: &(dyn Fn(u32) -> DayInput + Sync),
) -> (Replanned, f64) {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}").unwrap();
    let bar = ProgressBar::new(u64::from(screens)).with_style(style).with_message(what.to_owned());
    let (mut wall, mut cpu) = (Duration::ZERO, 0.0);
    let mut run = planning.begin(now, "benchmark");
    let mut from = 0;
    while from < screens {
        let to = (from + AT_ONCE).min(screens);
        let inputs: Vec<DayInput> = (from..to).into_par_iter().map(make).collect();
        let (began, cpu_began) = (Instant::now(), cpu_s());
        run.add(inputs).await.unwrap();
        wall += began.elapsed();
        cpu += cpu_s() - cpu_began;
        bar.inc(u64::from(to - from));
        from = to;
    }
    let (began, cpu_began) = (Instant::now(), cpu_s());
    let done = run.finish().await.unwrap();
    wall += began.elapsed();
    cpu += cpu_s() - cpu_began;
    bar.finish_and_clear();
    println!(
        "{what:44} {screens:8} {:8} {:8.2} {:9.0} {cpu:8.2} {:8.0}",
        done.computed,
        wall.as_secs_f64(),
        f64::from(screens) / wall.as_secs_f64(),
        peak_mib()
    );
    (done, wall.as_secs_f64())
}

/// 0 to 99, in sixes: each hundredth has its share of every family.
fn hundredth(i: u32) -> u32 {
    i / 6 % 100
}

fn count(screens: u32, wanted: u32) -> u32 {
    (0..screens).filter(|&i| hundredth(i) == wanted).count() as u32
}

async fn planning_slots(planning: &Planning, day: LocalDay) -> u64 {
    planning.store().slots_on(day).await.unwrap()
}

/// One play less of the first campaign: what a counted record does to a day ahead.
fn lowered(mut input: DayInput) -> DayInput {
    input.wanted[0].target -= 1;
    input
}

/// Processor seconds of the whole process so far.
fn cpu_s() -> f64 {
    // user and system time, in hundredths, behind the command's name in brackets
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|f| f.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

fn size(dir: &Path) -> u64 {
    std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum()
}

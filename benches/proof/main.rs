//! What evidence costs: taking segments in, keeping them, asking for a campaign's compliance, each beside its limit and
//! beside what plain means need for the same. `cargo bench --bench proof`, part of `make bench`.
//!
//! `-- door`, `-- period` and `-- year` run one part; `-- bundle 20000` exports a bundle of a day of so many screens, which
//! needs some minutes.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends when something is wrong")]

#[path = "../../tests/common/mod.rs"]
#[allow(dead_code, reason = "stories need more of a town than this bench")]
mod common;
mod cost;
mod door;
mod duck;
mod log;
mod period;
mod stages;
mod town;

use lichphat::store::Store;
use lichphat::store::sqlite::FILE_NAME;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use town::Town;

/// Halls that hand a day in over HTTP.
const HALLS: usize = 320;

#[tokio::main]
async fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|a| a == part);
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("proof-bench");
    let _ = std::fs::remove_dir_all(&dir);
    if wanted("door") {
        println!(
            "ingest: POST of a day's segments to `lichphat serve` on loopback, {} connections; processor us of the server a record",
            door::CONNECTIONS
        );
        for plays_a_segment in [64, 16] {
            ingest(&dir.join(plays_a_segment.to_string()), plays_a_segment).await;
        }
    }
    if wanted("period") {
        compliance(&dir.join("period")).await;
    }
    if wanted("year") {
        log::year(&dir.join("year")).await;
    }
    if let [part, screens] = &asked[..]
        && part == "bundle"
    {
        log::bundle(&dir.join("bundle"), screens.parse().unwrap()).await;
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

/// Yesterday: a server with a real clock takes it in as neither late nor future.
fn yesterday() -> LocalDay {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UtcMillis(now.as_millis() as i64).day(HANOI).previous()
}

async fn ingest(dir: &Path, plays_a_segment: usize) {
    let day = yesterday();
    let mut town = Town::build(dir, HALLS, day, day.next()).await;
    let plans = town.plan(day).await;
    let anchor = town.anchor().await;
    let sealed: Vec<_> =
        town.players.iter_mut().zip(&plans).map(|(player, plan)| player.live(plan, plays_a_segment, &anchor)).collect();
    let plays: usize = plans.iter().map(|p| p.playlist.slots.len()).sum();
    let segments: usize = sealed.iter().map(Vec::len).sum();
    let copy = copy_of(dir);
    let taken = door::hand_in(&town, &sealed).await;

    let sent: Vec<_> =
        town.players.iter().zip(sealed).map(|(player, sealed)| stages::Sent::new(&player.key, sealed)).collect();
    let raw = dir.join("raw");
    let at = (day.next().at(6 * 3_600, HANOI), day.next());
    let parts = stages::parts(Store::open(&copy, 2).unwrap(), &raw, &sent, &town::book(&plans), at).await;

    say(plays_a_segment, (plays, segments), &taken, &parts);
    println!("    {}", disk(dir, plays as u64, plays_a_segment == 64));
}

/// Prints what taking in came to, and its parts.
fn say(plays_a_segment: usize, (plays, segments): (usize, usize), taken: &door::Taken, parts: &stages::Parts) {
    let us = |s: f64| s * 1e6 / plays as f64;
    let (limit, times) = if plays_a_segment == 64 { (" (limit 6)", " (limit 3)") } else { ("", "") };
    println!(
        "{plays_a_segment:>3} plays a segment: {:.2} us{limit}; {plays} records in {segments} segments, {:.0} records/s",
        us(taken.cpu_s),
        plays as f64 / taken.wall_s
    );
    println!(
        "    SQLite alone: {:.2} us where each play adds to its sum's row, {:.1} times that{times}; {:.2} us where a segment's plays are summed before, {:.1} times that",
        us(parts.row_by_row),
        taken.cpu_s / parts.row_by_row,
        us(parts.summed),
        taken.cpu_s / parts.summed
    );
    let named = [
        ("signature", parts.signature),
        ("hash", parts.hash),
        ("decode", parts.decode),
        ("rules", parts.rules),
        ("store", parts.store),
        ("receipt", parts.receipt),
    ];
    let rest = taken.cpu_s - named.iter().map(|(_, s)| s).sum::<f64>();
    let share = |(name, s): (&str, f64)| format!("{name} {:.2} us {:.0} %", us(s), s / taken.cpu_s * 100.0);
    let shares: Vec<String> = named.into_iter().chain([("HTTP and the rest", rest)]).map(share).collect();
    println!("    {}", shares.join(", "));
}

/// A store that knows what the town's knows now.
fn copy_of(dir: &Path) -> PathBuf {
    let copy = dir.join("copy");
    std::fs::create_dir(&copy).unwrap();
    cost::table_bytes(&dir.join(FILE_NAME), &[]); // brings everything into the one file
    std::fs::copy(dir.join(FILE_NAME), copy.join(FILE_NAME)).unwrap();
    copy
}

fn disk(dir: &Path, plays: u64, limited: bool) -> String {
    let db = dir.join(FILE_NAME);
    let each = |bytes: u64| bytes as f64 / plays as f64;
    let (segments, sums) = (cost::table_bytes(&db, &["segment_"]), cost::table_bytes(&db, &["rollup"]));
    let marks = cost::table_bytes(&db, &["mark", "log_"]) + cost::files_bytes(&dir.join("log"));
    format!(
        "on disk {:.1} bytes a record{}: segments {:.1}, sums {:.1}, marks and log {:.1}",
        each(segments + sums + marks),
        if limited { " (limit 20)" } else { "" },
        each(segments),
        each(sums),
        each(marks)
    )
}

async fn compliance(dir: &Path) {
    let first: LocalDay = "2026-08-01".parse().unwrap();
    let last = first.plus(91);
    std::fs::create_dir_all(dir).unwrap();
    let parquet = dir.with_extension("parquet");
    let began = std::time::Instant::now();
    let months = period::live(dir, &parquet, (first, last)).await;
    println!(
        "compliance: {} plays in {} segments of {} screens, {first} to {last}, lived and taken in within {:.0} s",
        months.plays,
        months.segments,
        months.town.players.len(),
        began.elapsed().as_secs_f64()
    );
    println!("    {}", disk(dir, months.plays, true));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (report_ms, counted) = months.report().await;
    println!("    the report of one campaign, all screens and days: {report_ms:.1} ms (limit 50), {counted} plays");
    let (scan_ms, scanned) = months.scan().await;
    println!("    a scan of all records: {scan_ms:.0} ms, {scanned} plays");
    match duck::ask(&parquet) {
        Ok((ms, plays, version)) => {
            let size = std::fs::metadata(&parquet).unwrap().len() as f64 / 1e6;
            println!("    DuckDB {version} over the plays as Parquet ({size:.0} MB): {ms:.1} ms, {plays} plays");
            assert_eq!(plays, scanned);
        }
        Err(why) => println!("    DuckDB: {why}"),
    }
    assert_eq!(counted, scanned, "the report is of the same plays");
}

//! What the log costs whoever keeps it for long: `check` over a year of checkpoints, and a bundle of one campaign and day of
//! a whole fleet.

use crate::cost::process_s;
use crate::town::{CAMPAIGN, Town};
use futures_util::future::join_all;
use lichphat::proof::audit;
use lichphat::store::sqlite::FILE_NAME;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::tree::{Growing, leaf_hash};
use lichphat_playlists::time::{HANOI, LocalDay};
use rayon::prelude::*;
use rusqlite::{Connection, params};
use std::path::Path;
use std::time::{Duration, Instant};

/// Minutes of a year, and as many checkpoints.
const MINUTES: u64 = 525_600;

/// A year in which every minute something came in and was published, looked at as `lichphat check` does.
pub(crate) async fn year(dir: &Path) {
    let day: LocalDay = "2025-11-01".parse().unwrap();
    let town = Town::build(dir, 1, day, day).await;
    publish(&town, dir);
    town.rooms.log.round().await.unwrap(); // the tiles follow
    let (began, cpu) = (Instant::now(), process_s(std::process::id()));
    let found = audit::audit(&town.rooms.store, &town.rooms.log, &town.rooms.log).await.unwrap();
    assert_eq!((found.size, found.findings.len()), (MINUTES, 0));
    let (whole_s, cpu_s) = (began.elapsed().as_secs_f64(), process_s(std::process::id()) - cpu);
    let some: Vec<u64> = (1..=500).map(|n| n * (MINUTES / 500)).collect();
    for size in &some {
        // the proof for no leaf at all is the root of them all
        town.rooms.log.inclusions(Vec::new(), *size).await.unwrap();
    }
    let each_s = (process_s(std::process::id()) - cpu - cpu_s) / some.len() as f64;
    println!(
        "check: a year of {MINUTES} entries with a checkpoint each in {whole_s:.1} s, {cpu_s:.1} of a processor; to work each root out from tiles would be {:.1} more",
        each_s * MINUTES as f64
    );
}

/// Entries after those of the store up to [`MINUTES`], each published by itself.
fn publish(town: &Town, dir: &Path) {
    let keys = lichphat::keys::Keys::load(dir).unwrap();
    let name = town.rooms.log.name();
    let mut conn = Connection::open(dir.join(FILE_NAME)).unwrap();
    let tx = conn.transaction().unwrap();
    let read = "SELECT leaf FROM log_entry ORDER BY log_index";
    let leaves: Vec<Vec<u8>> =
        tx.prepare(read).unwrap().query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let mut tree = Growing::default();
    leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
    let again = leaf_hash(&leaves[0]);
    while tree.size() < MINUTES {
        let entry = params![tree.size(), leaves[0]];
        tx.prepare_cached("INSERT INTO log_entry (log_index, leaf) VALUES (?1, ?2)").unwrap().execute(entry).unwrap();
        tree.push(again);
        if tree.size() == MINUTES {
            break; // the last checkpoint is the round's
        }
        let (origin, size, root) = (name.name().to_owned(), tree.size(), tree.root());
        let note = Checkpoint { origin, size, root, extensions: Vec::new() }.sign(name, &keys.log).to_string();
        let row = params![name.name(), size, root.0, note, (size * 60_000) as i64];
        let insert = "INSERT INTO log_checkpoint (origin, size, root, note, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
        tx.prepare_cached(insert).unwrap().execute(row).unwrap();
    }
    tx.commit().unwrap();
}

/// A day of `screens` screens, and its bundle by `lichphat export bundle`, written and verified: seconds and the most memory it had.
pub(crate) async fn bundle(dir: &Path, screens: usize) {
    let day: LocalDay = "2026-08-01".parse().unwrap();
    let mut town = Town::build(dir, screens, day, day).await;
    let plans = town.plan(day).await;
    let anchor = town.anchor().await;
    town.clock.jump_to(day.at(16 * 3_600, HANOI));
    let mut segments = 0;
    for (players, plans) in town.players.chunks_mut(512).zip(plans.chunks(512)) {
        let sealed: Vec<_> = players.par_iter_mut().zip(plans).map(|(p, plan)| p.live(plan, 64, &anchor)).collect();
        segments += sealed.iter().map(Vec::len).sum::<usize>();
        let proof = &town.rooms.proof;
        let hand_in = |(device, sealed): (_, Vec<_>)| async move {
            let device = proof.identity(device).await.unwrap();
            for envelope in sealed {
                proof.ingest(&device, lichphat_playlists::wire::sign::Envelope::into_bytes(envelope)).await.unwrap();
            }
        };
        join_all(players.iter().map(|p| p.device).zip(sealed).map(hand_in)).await;
    }
    town.anchor().await;
    let (day, out) = (day.to_string(), dir.join("bundle.zip"));
    let args =
        ["export", "bundle", "--campaign", CAMPAIGN, "--from", &day, "--to", &day, "--out", out.to_str().unwrap()];
    let began = Instant::now();
    let mut child = town.data.command(&args).spawn().unwrap();
    let mut most_mib = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        most_mib = most_mib.max(peak_mib(child.id()));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(child.wait().unwrap().success());
    println!(
        "bundle: one campaign and day of {screens} screens, {segments} segments: {:.1} s, {most_mib:.0} MiB at most, {:.0} MB",
        began.elapsed().as_secs_f64(),
        std::fs::metadata(out).unwrap().len() as f64 / 1e6
    );
}

fn peak_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}

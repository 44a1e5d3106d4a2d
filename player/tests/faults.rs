//! What breaks under a screen and before it: power in the middle of a write, a scheduler that talks nonsense, a disk that
//! is really full or read-only. The screen goes on, and no play is lost or counted twice.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests")]

mod support;

use async_trait::async_trait;
use bytes::Bytes;
use lichphat_player::agent::AgentParts;
use lichphat_player::cache::StdMediaFs;
use lichphat_player::clock::Advised;
use lichphat_player::journal::Journal;
use lichphat_player::journal::broken::BrokenJournal;
use lichphat_player::journal::sqlite::SqliteJournal;
use lichphat_player::ports::{MediaFs as _, Request, Response, Transport, TransportError};
use lichphat_player::sim_support::{SeededRng, SimDevice, SimStage};
use lichphat_playlists::ids::{Epoch, PlanVersion, Sha256Hash};
use lichphat_playlists::ports::Rng;
use lichphat_playlists::proof::record::{Origin, PlayRecord};
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::v1::AssetTable;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use support::*;

const SEED: u64 = 20_261_126;

fn today() -> LocalDay {
    day("2026-11-20")
}

fn below(rng: &dyn Rng, n: u64) -> u64 {
    let mut bytes = [0; 8];
    rng.fill(&mut bytes);
    u64::from_le_bytes(bytes) % n
}

/// Slots that were shown, in order; none of them twice.
fn shown(records: &[PlayRecord]) -> Vec<u32> {
    let slot = |r: &PlayRecord| match r.origin {
        Origin::Planned { slot } if r.result.was_shown() => Some(slot),
        _ => None,
    };
    let slots: Vec<u32> = records.iter().filter_map(slot).collect();
    assert!(slots.windows(2).all(|w| w[0] < w[1]), "a slot twice: {slots:?}");
    slots
}

/// A table whose loop has a clip that nobody has yet.
fn with_another_clip(server: &FakeServer, name: &str) -> (AssetTable, Sha256Hash) {
    let mut table = assets();
    let bytes = clip(name);
    let hash = Sha256Hash::of(&bytes);
    let media = &mut table.assets[usize::from(LOCAL_10)].media;
    (media.hash, media.size_bytes) = (hash, bytes.len() as u64);
    approve(&mut table);
    let (encoded, named) = table.encode();
    server.lock().media.insert(hash, bytes);
    server.lock().assets.insert(named, encoded);
    (table, named)
}

/// What may be found in the place of a file.
type Damage = fn(&Path);

/// On a real disk; all days rest on one asset table, and nobody is there to ask.
#[tokio::test]
async fn a_damaged_asset_table_darkens_nothing_and_is_put_right() {
    let damages: [(&str, Damage); 4] = [
        ("other bytes", |path| {
            let mut bytes = std::fs::read(path).unwrap();
            bytes[10] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }),
        ("half of it", |path| std::fs::write(path, &std::fs::read(path).unwrap()[..20]).unwrap()),
        ("a directory", |path| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir_all(path.join("lost+found")).unwrap();
        }),
        ("what cannot be read", |path| {
            std::fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink("/proc/self/mem", path).unwrap();
        }),
    ];
    let (world, dir) = (World::at(at(today(), "07:50")).await, tempfile::tempdir().unwrap());
    let disk = Arc::new(StdMediaFs::new(dir.path()).unwrap());
    world.server.publish(&playlist(today(), "08:00-10:00", &[29_100, 29_700, 30_300, 30_900, 31_500, 32_100]));
    let mut device = world.device_on(disk.clone());
    device.meet().await;
    let (table, name) = assets().encode();
    let copies = ["", ".copy"].map(|copy| dir.path().join(format!("assets/{name}{copy}")));
    let again = |device: SimDevice| {
        device.stage.cut_power();
        world.clock.reboot();
        world.device_on(disk.clone())
    };
    let orders = |records: &[PlayRecord]| records.iter().filter(|r| r.item == IHANOI && r.result.was_shown()).count();
    world.server.lock().offline = true;
    for (n, (what, damage)) in damages.into_iter().enumerate() {
        damage(&copies[n % 2]);
        device = again(device);
        device.step_until(at(today(), "08:06").plus_ms(n as i64 * 600_000));
        assert_eq!(orders(&world.records()), n + 1, "{what}: the order at 08:05 and every ten minutes");
        assert!(copies.iter().all(|path| std::fs::read(path).unwrap() == table), "{what}: it is whole again");
    }
    // both at once: from the scheduler, as soon as it is there
    copies.iter().for_each(|path| damages[2].1(path));
    device = again(device);
    world.server.lock().offline = false;
    device.meet().await;
    device.step_until(at(today(), "08:46"));
    assert_eq!(orders(&world.records()), 5, "what was shown before is not shown again for the plan that was away");
    assert!(copies.iter().all(|path| std::fs::read(path).unwrap() == table));
}

#[tokio::test]
async fn the_power_fails_in_the_middle_of_a_write_and_it_plays_again_at_once() {
    let cuts: u64 = std::env::var("LICHPHAT_CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let rng = SeededRng::new(SEED);
    let mut interrupted = 0;
    for _ in 0..cuts {
        let world = World::at(at(today(), "07:50")).await;
        let mut parts = playlist(today(), "08:00-09:00", &[29_100, 30_600]);
        let mut device = world.device();
        // First the very first download, then a new version while the old one plays.
        for (version, clock) in [(1, "07:55"), (2, "08:20")] {
            parts.version = PlanVersion(version);
            device.step_until(at(today(), clock));
            let (table, named) = with_another_clip(&world.server, clock);
            (parts.assets, parts.cause) = (named, clock.to_owned());
            world.server.publish(&parts);
            world.fs.power_for(below(&rng, if version == 1 { 150 } else { 45 }));
            let told = device.agent.playing().faults().len();
            device.meet().await;
            interrupted += u64::from(device.agent.playing().faults().len() > told);
            world.fs.lose_unsynced(&rng);
            let before = world.records().len();
            device = world.power_cut(device, at(today(), clock).plus_ms(20_000));
            device.agent.tick();
            // A tail of noise is found out at the end of the download, and fetched anew in the next round.
            device.run_until(at(today(), clock).plus_ms(7 * 60_000), 60_000).await;
            let records = world.records();
            let again = records[before..].iter().find(|r| r.result.was_shown()).unwrap();
            let on = at(today(), clock).plus_ms(20_000).max(at(today(), "08:00"));
            assert_eq!(again.start, on, "it shows something in the very second");
            for item in [IHANOI, LOCAL_10, LOCAL_5, SAFE] {
                let asset = &table.assets[usize::from(item)];
                let path = format!("media/{}", asset.media.hash);
                assert_eq!(world.fs.sha256(&path).unwrap(), asset.media.hash, "whole, or fetched again");
            }
        }
        device.step_until(at(today(), "09:05"));
        device.stop().await;
        let records = world.records();
        assert_eq!(world.server.records().into_iter().map(|(_, r)| r).collect::<Vec<_>>(), records);
        let missed =
            records.iter().filter(|r| matches!(r.origin, Origin::Planned { .. }) && !r.result.was_shown()).count();
        let slots: Vec<u32> = records
            .iter()
            .filter(|r| r.plan == records.last().unwrap().plan)
            .filter_map(|r| match r.origin {
                Origin::Planned { slot } if r.result.was_shown() => Some(slot),
                _ => None,
            })
            .collect();
        assert!(slots.windows(2).all(|w| w[0] < w[1]), "a slot twice: {slots:?}");
        assert!(missed <= 20, "only what the dark seconds took: {missed}");
    }
    println!("{interrupted} of {} writes were interrupted, seed {SEED}", 2 * cuts);
    assert!(interrupted * 3 > cuts, "the cuts fall into the writing: {interrupted} of {}", 2 * cuts);
}

/// A scheduler that answers, or talks nonsense.
struct Mad {
    server: FakeServer,
    rng: SeededRng,
    mad: AtomicBool,
}

#[async_trait]
impl Transport for Mad {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if !self.mad.load(Relaxed) {
            return self.server.send(request).await;
        }
        let mut noise = vec![0; below(&self.rng, 5_000) as usize];
        self.rng.fill(&mut noise);
        let whole = async |limit| self.server.send(request.clone()).await?.bytes(limit).await;
        Ok(match below(&self.rng, 9) {
            0 => Response::new(200, noise),
            1 => Response::new(500, noise),
            2 => Response::new(302, "").with_header("location", "http://169.254.169.254/"),
            3 => Response::new(206, noise),
            4 => {
                // It never ends; whoever reads it must know when he has had enough.
                let piece = Bytes::from(vec![b'['; 65_536]);
                let body = futures_util::stream::repeat_with(move || Ok(piece.clone()));
                Response { status: 200, headers: Vec::new(), body: Box::pin(body) }
            }
            5 => {
                let bytes = whole(1 << 22).await?;
                Response::new(200, bytes.slice(..below(&self.rng, bytes.len() as u64 + 1) as usize))
            }
            6 => {
                let mut bytes = whole(1 << 22).await?.to_vec();
                if !bytes.is_empty() {
                    let at = below(&self.rng, bytes.len() as u64) as usize;
                    bytes[at] ^= 1 << below(&self.rng, 8);
                }
                Response::new(200, bytes)
            }
            7 => Response::new(200, [whole(1 << 22).await?.to_vec(), noise].concat()),
            _ => return Err(TransportError::Unreachable("gone in the middle".into())),
        })
    }
}

#[tokio::test]
async fn a_scheduler_that_talks_nonsense_for_hours_changes_nothing_on_the_screen() {
    let world = World::at(at(today(), "07:55")).await;
    let plan = world.server.publish(&playlist(today(), "08:00-11:00", &[29_100, 30_600, 36_000]));
    let line = Arc::new(Mad { server: world.server.clone(), rng: SeededRng::new(SEED), mad: AtomicBool::new(false) });
    let mut device = world.device_over(line.clone());
    device.meet().await;
    line.mad.store(true, Relaxed);
    for minute in 0..190 {
        device.meet().await;
        let _ = device.agent.heartbeat().await; // whatever comes of it
        device.step_until(at(today(), "07:55").plus_ms(minute * 60_000));
        // Something to fetch at any time: another version of tomorrow, with another clip.
        let (_, named) = with_another_clip(&world.server, &minute.to_string());
        let mut next = playlist(today().next(), "08:00-09:00", &[]);
        (next.version, next.assets) = (PlanVersion(minute as u32 + 1), named);
        world.server.publish(&next);
    }
    let records = world.records();
    assert!(records.iter().all(|r| r.plan == plan && r.result.was_shown()), "every play as planned");
    let slots = playlist(today(), "08:00-11:00", &[29_100, 30_600, 36_000]).slots.len();
    assert_eq!(shown(&records).len(), slots);
    line.mad.store(false, Relaxed);
    device.meet().await;
    device.stop().await;
    assert_eq!(world.server.records().len(), world.records().len(), "and then it has them all, each once");
    assert!(world.server.records().len() >= slots);
}

/// Runs this test once more, inside a mount namespace of its own with a tmpfs of `size` at `dir`; false when this machine
/// allows no such thing, with the reason said.
fn with_small_disk(test: &str, dir: &Path, size: &str) -> bool {
    let script = format!("mount -t tmpfs -o size={size} tmpfs \"$0\" && exec \"$@\"");
    let mount = |rest: &[&std::ffi::OsStr]| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .arg(dir)
            .args(rest)
            .env("LICHPHAT_SMALL_DISK", dir)
            .output()
    };
    match mount(&["true".as_ref()]) {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            println!("skipped: no mount is allowed here: {}", String::from_utf8_lossy(&output.stderr).trim());
            return false;
        }
        Err(error) => {
            println!("skipped: unshare cannot be run: {error}");
            return false;
        }
    }
    let me = std::env::current_exe().unwrap();
    let output = mount(&[me.as_os_str(), "--exact".as_ref(), test.as_ref(), "--nocapture".as_ref()]).unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.contains("1 passed"), "{words}");
    true
}

/// A simulated screen whose journal, playlists and media lie on a real disk.
fn on_disk(world: &World, dir: &Path) -> SimDevice {
    let stage = SimStage::new(world.clock.clone(), 30);
    let key = world.identity.evidence.verifying_key();
    let journal: Box<dyn Journal> =
        match SqliteJournal::open(&dir.join("journal.db"), world.identity.device, Epoch(1), key) {
            Ok(journal) => Box::new(journal),
            Err(error) => Box::new(BrokenJournal(error.to_string())), // as `run` does
        };
    let parts = AgentParts {
        identity: world.identity.clone(),
        clock: Advised::new(world.clock.clone()),
        transport: Arc::new(world.server.clone()),
        fs: Arc::new(StdMediaFs::new(dir).unwrap()),
        journal,
        stage: Box::new(stage.clone()),
        display: world.display.clone(),
        machine: None,
        tools: world.tools.clone(),
        updates: None,
        options: world.options,
    };
    SimDevice::start(parts, world.clock.clone(), stage)
}

#[tokio::test]
async fn a_disk_that_is_really_full_loses_no_play_and_a_read_only_one_does_not_darken_the_screen() {
    let test = "a_disk_that_is_really_full_loses_no_play_and_a_read_only_one_does_not_darken_the_screen";
    let Some(dir) = std::env::var_os("LICHPHAT_SMALL_DISK") else {
        let dir = tempfile::tempdir().unwrap();
        with_small_disk(test, dir.path(), "40m");
        return;
    };
    let dir = Path::new(&dir);
    let world = World::at(at(today(), "07:55")).await;
    let parts = playlist(today(), "08:00-10:00", &[29_100, 30_600]);
    world.server.publish(&parts);
    let mut device = on_disk(&world, dir);
    device.meet().await;
    device.step_until(at(today(), "08:10"));

    // Somebody's log takes the last byte.
    let error = std::fs::write(dir.join("ballast"), vec![0; 64 << 20]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    device.run_until(at(today(), "08:40"), 60_000).await;
    let told = device.agent.playing().faults();
    assert!(told.iter().any(|f| f.contains("disk is full")), "{told:?}");
    std::fs::remove_file(dir.join("ballast")).unwrap();
    device.run_until(at(today(), "08:50"), 60_000).await;

    // Off and on again, and the kernel found an error on the disk: it is read-only now. What it holds is shown.
    drop(device);
    let remount = |how: &str| Command::new("mount").args(["-o", how]).arg(dir).status().unwrap().success();
    assert!(remount("remount,ro"));
    let mut device = on_disk(&world, dir);
    device.agent.tick();
    device.run_until(at(today(), "08:55"), 60_000).await;
    let told = device.agent.playing().faults();
    assert!(told.iter().any(|f| f.contains("the journal cannot be used")), "{told:?}");
    assert!(device.stage.next_event_at().is_some(), "the screen is dark: {told:?}");
    drop(device);
    assert!(remount("remount,rw"));
    let mut device = on_disk(&world, dir);
    device.agent.tick();
    device.run_until(at(today(), "10:05"), 60_000).await;
    device.stop().await;
    let records: Vec<PlayRecord> = world.server.records().into_iter().map(|(_, r)| r).collect();
    // What was shown while nothing could be written is nobody's: five minutes, and not one play more.
    let lost = parts.slots.len() - shown(&records).len();
    assert!((1..=32).contains(&lost), "{lost}");
}

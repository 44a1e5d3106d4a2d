//! Stories of a player that brings itself up to date: the real agent with a told clock, and the real program that becomes
//! another one.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use lichphat_player::ports::{MediaFs, MediaWrite};
use lichphat_player::sim_support::{MemoryMediaFs, SimDevice};
use lichphat_player::update::state::{MOST_STARTS, Start, State, path_of};
use lichphat_player::update::{PACKAGE, Updates};
use lichphat_player::usb::Stick;
use lichphat_playlists::ids::{DeviceId, Sha256Hash};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::release::{Failed, Release, Standing};
use lichphat_playlists::wire::sign::{Envelope, PlanSigning, Releasing, SigningKey};
use lichphat_playlists::wire::stick;
use lichphat_playlists::wire::v1::PlaylistIndex;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use support::{World, at, day, playlist};

fn today() -> LocalDay {
    day("2026-11-18")
}

fn key() -> SigningKey<Releasing> {
    SigningKey::from_seed(&[8; 32])
}

fn program(serial: u32) -> Vec<u8> {
    format!("program {serial} ").repeat(3_000).into_bytes()
}

fn release(serial: u32) -> Release {
    let bytes = program(serial);
    Release {
        serial,
        version: format!("0.{serial}.0"),
        arch: std::env::consts::ARCH.into(),
        file: Sha256Hash::of(&bytes),
        size_bytes: bytes.len() as u64,
        least: 0,
        permille: 1000,
        not_before_ms: UtcMillis(0),
    }
}

fn offer(world: &World, release: &Release) {
    let sealed = BASE64.encode(release.seal(&key()).unwrap().as_bytes());
    let mut server = world.server.lock();
    server.media.insert(release.file, program(release.serial));
    server.offer = Some(sealed);
}

/// Starts the player as its first step does, with what is on the disk.
fn start(world: &mut World) -> (SimDevice, Start) {
    let mut state = State::read(&world.fs, PACKAGE);
    let start = state.start(|file| world.fs.sha256(&path_of(file)).is_ok_and(|found| found == file));
    state.write(&world.fs).unwrap();
    let running = match start {
        Start::Package => None,
        Start::Version(file) => Some(file),
    };
    let fs = Arc::new(world.fs.clone());
    world.updates = Some(Arc::new(Updates::new(fs, key().verifying_key(), DeviceId(7), running)));
    (world.device(), start)
}

/// Lives until `end`, with a heartbeat and a look at the scheduler each minute; true when it wants to be started again.
async fn live(device: &mut SimDevice, end: UtcMillis) -> bool {
    use lichphat_playlists::ports::Clock as _;
    while device.clock.now() < end {
        device.step_until(device.clock.now().plus_ms(60_000).min(end));
        if device.agent.playing().restart_due() {
            device.stop().await;
            return true;
        }
        let _ = device.agent.heartbeat().await; // a scheduler that is gone is part of a story
        device.meet().await;
    }
    false
}

async fn world_with_a_plan() -> World {
    let world = World::at(at(today(), "07:55")).await;
    for on in [today(), today().next()] {
        world.server.publish(&playlist(on, "08:00-10:00", &[29_100, 30_600]));
    }
    world
}

fn standing(world: &World) -> Standing {
    world.server.lock().heartbeats.last().unwrap().release.clone().unwrap()
}

#[tokio::test]
async fn a_release_waits_for_the_end_of_duty_and_is_kept_when_it_does_its_work() {
    let mut world = world_with_a_plan().await;
    let (mut device, began) = start(&mut world);
    assert_eq!(began, Start::Package);
    offer(&world, &release(2));
    world.server.lock().break_media_at = Some(9_000); // the download breaks off again and again
    assert!(!live(&mut device, at(today(), "09:59")).await, "not on duty");
    assert!(world.server.lock().ranges.iter().any(|r| r == "bytes=9000-"), "it goes on where it stopped");
    assert_eq!(world.fs.sha256(&path_of(release(2).file)).unwrap(), release(2).file, "laid aside");
    assert_eq!(standing(&world), Standing { serial: 0, trial: None, failed: None, ..standing(&world) });
    assert!(live(&mut device, at(today(), "10:30")).await, "off duty it wants to be started again");
    assert_eq!(standing(&world).trial, Some(2), "the scheduler heard it before");

    let (mut device, began) = start(&mut world);
    assert_eq!(began, Start::Version(release(2).file));
    assert!(!live(&mut device, at(today(), "10:09")).await);
    assert_eq!(standing(&world).trial, Some(2), "not yet");
    assert!(!live(&mut device, at(today(), "10:30")).await);
    assert_eq!((standing(&world).serial, standing(&world).trial), (2, None));

    // The next one comes on duty-free ground too, and the one before is forgotten once it is good.
    offer(&world, &release(3));
    assert!(live(&mut device, at(today(), "11:00")).await);
    let (mut device, _) = start(&mut world);
    assert!(!live(&mut device, at(today(), "11:30")).await);
    assert_eq!(standing(&world).serial, 3);
    assert_eq!(world.fs.size_bytes(&path_of(release(2).file)).unwrap(), None);

    // An old manifest that is shown again changes nothing.
    offer(&world, &release(2));
    assert!(!live(&mut device, at(today(), "12:30")).await);
    assert_eq!(world.fs.size_bytes(&path_of(release(2).file)).unwrap(), None);
}

#[tokio::test]
async fn a_screen_that_never_rests_changes_between_plays_that_nobody_counts_and_shows_it_on_duty() {
    let mut world = World::at(at(today(), "07:55")).await;
    let orders = [29_100, 30_600];
    for on in [today(), today().next()] {
        world.server.publish(&playlist(on, "00:00-24:00", &orders));
    }
    let (mut device, _) = start(&mut world);
    offer(&world, &release(2));
    assert!(live(&mut device, at(today(), "08:30")).await);
    let (mut device, _) = start(&mut world);
    let began = lichphat_playlists::ports::Clock::now(&*world.clock);
    assert!(!live(&mut device, began.plus_ms(9 * 60_000)).await);
    assert_eq!(standing(&world).trial, Some(2));
    world.server.lock().offline = true;
    assert!(!live(&mut device, began.plus_ms(20 * 60_000)).await);
    world.server.lock().offline = false;
    live(&mut device, began.plus_ms(22 * 60_000)).await;
    assert_eq!(standing(&world).serial, 2, "ten minutes of frames are enough, whatever the network does");
}

#[tokio::test]
async fn a_screen_that_no_network_reaches_is_brought_up_to_date_by_a_stick() {
    let mut world = world_with_a_plan().await;
    world.clock.advance_to(at(today(), "11:00"));
    let (mut device, _) = start(&mut world);
    world.server.lock().offline = true;
    let (fs, screen) = (MemoryMediaFs::new(), world.identity.screen.clone());
    let index = serde_json::to_vec(&PlaylistIndex { withdrawals: None, days: Vec::new() }).unwrap();
    fs.plant(&stick::index(&screen), index);
    let forged = Envelope::seal(b"{}", 3, &SigningKey::<PlanSigning>::from_seed(&[8; 32]));
    fs.plant(&stick::release(&screen, std::env::consts::ARCH), forged.into_bytes());
    let visit = Stick::open(Arc::new(fs.clone()), &screen).unwrap();
    assert!(device.agent.visit(&visit).await.is_err(), "a stick is believed as little as the network");
    fs.plant(&stick::release(&screen, std::env::consts::ARCH), release(2).seal(&key()).unwrap().into_bytes());
    fs.plant(&format!("media/{}", release(2).file), program(2));
    device.agent.visit(&visit).await.unwrap();
    assert!(live(&mut device, at(today(), "11:30")).await);
    let (mut device, began) = start(&mut world);
    assert_eq!(began, Start::Version(release(2).file));
    assert!(!live(&mut device, at(today(), "12:00")).await);
    assert_eq!(State::read(&world.fs, PACKAGE).good.map(|good| good.serial), Some(2));
}

#[tokio::test]
async fn a_release_that_crashes_or_never_gets_well_gives_way_to_the_one_before_and_is_told() {
    let mut world = world_with_a_plan().await;
    world.clock.advance_to(at(today(), "11:00"));
    let (mut device, _) = start(&mut world);
    offer(&world, &release(2));
    assert!(live(&mut device, at(today(), "12:00")).await);
    for _ in 0..MOST_STARTS {
        let (device, began) = start(&mut world);
        assert_eq!(began, Start::Version(release(2).file));
        drop(device); // it crashes at once
    }
    let (mut device, began) = start(&mut world);
    assert_eq!(began, Start::Package);
    assert!(!live(&mut device, at(today(), "13:00")).await, "and it is not tried again, however often it is offered");
    let failed = |cause: &str| Some(Failed { serial: 2, cause: cause.into() });
    assert_eq!((standing(&world).trial, standing(&world).failed), (None, failed("crashed")));

    // Another one comes up and cannot reach its scheduler.
    offer(&world, &release(3));
    assert!(live(&mut device, at(today(), "14:00")).await);
    let (mut device, _) = start(&mut world);
    world.server.lock().offline = true;
    assert!(live(&mut device, at(today().next(), "15:00")).await, "a day without a scheduler is too long");
    let (mut device, began) = start(&mut world);
    assert_eq!(began, Start::Package);
    world.server.lock().offline = false;
    live(&mut device, at(today().next(), "15:30")).await;
    assert_eq!(standing(&world).failed, Some(Failed { serial: 3, cause: "not-well".into() }));
}

#[tokio::test]
async fn who_owns_the_scheduler_and_not_the_release_key_can_bring_nothing() {
    let mut world = world_with_a_plan().await;
    world.clock.advance_to(at(today(), "11:00"));
    let (mut device, _) = start(&mut world);
    let plan_key = SigningKey::<PlanSigning>::from_seed(&[8; 32]);
    let forged = Envelope::seal(&serde_json::to_vec(&release(2)).unwrap(), 3, &plan_key);
    world.server.lock().offer = Some(BASE64.encode(forged.as_bytes()));
    assert!(!live(&mut device, at(today(), "11:10")).await);
    let faults = device.agent.playing().faults();
    assert!(faults.iter().any(|f| f == "release: the signature does not match"), "{faults:?}");

    for (serial, wrong) in [
        Release { arch: "sparc64".into(), ..release(4) },
        Release { least: 3, ..release(4) },
        Release { not_before_ms: at(today().next(), "00:00"), ..release(4) },
        Release { file: Sha256Hash::of(b"something else"), ..release(4) },
    ]
    .into_iter()
    .enumerate()
    {
        offer(&world, &wrong);
        let until = at(today(), "11:10").plus_ms((serial as i64 + 1) * 600_000);
        assert!(!live(&mut device, until).await, "{wrong:?}");
    }
    assert_eq!(world.fs.list("versions").unwrap().len(), 1, "nothing but the state was laid down");
}

#[tokio::test]
async fn a_box_without_a_time_service_takes_a_release_by_its_schedulers_clock() {
    let mut world = world_with_a_plan().await;
    world.clock.advance_to(at(today(), "11:00"));
    let (mut device, _) = start(&mut world);
    world.clock.set_state(ClockState::Unset);
    let waits = Release { not_before_ms: at(today().next(), "00:00"), ..release(2) };
    offer(&world, &waits);
    assert!(!live(&mut device, at(today(), "11:30")).await, "its time has not come");
    offer(&world, &release(3));
    assert!(live(&mut device, at(today(), "12:30")).await);
}

/// A disk whose power goes after so many changes.
struct Cut {
    disk: MemoryMediaFs,
    left: Arc<AtomicI64>,
}

impl Cut {
    fn change(&self) -> io::Result<()> {
        power(&self.left)
    }
}

fn power(left: &AtomicI64) -> io::Result<()> {
    if left.fetch_sub(1, Relaxed) > 0 { Ok(()) } else { Err(io::Error::other("the power is gone")) }
}

struct CutWrite(Box<dyn MediaWrite>, Arc<AtomicI64>);

impl io::Write for CutWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        power(&self.1)?;
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl MediaWrite for CutWrite {
    fn sync(&mut self) -> io::Result<()> {
        power(&self.1)?;
        self.0.sync()
    }
}

impl MediaFs for Cut {
    fn open(&self, path: &str) -> io::Result<Box<dyn io::Read + Send>> {
        self.disk.open(path)
    }
    fn append(&self, path: &str) -> io::Result<Box<dyn MediaWrite>> {
        self.change()?;
        Ok(Box::new(CutWrite(self.disk.append(path)?, self.left.clone())))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change()?;
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &str) -> io::Result<()> {
        self.change()?;
        self.disk.remove(path)
    }
    fn make_executable(&self, path: &str) -> io::Result<()> {
        self.change()?;
        self.disk.make_executable(path)
    }
    fn size_bytes(&self, path: &str) -> io::Result<Option<u64>> {
        self.disk.size_bytes(path)
    }
    fn list(&self, dir: &str) -> io::Result<Vec<(String, u64)>> {
        self.disk.list(dir)
    }
    fn free_bytes(&self) -> io::Result<u64> {
        self.disk.free_bytes()
    }
    fn absolute(&self, path: &str) -> std::path::PathBuf {
        self.disk.absolute(path)
    }
}

/// Goes through a whole update whose power goes after `changes` changes of the disk, and comes back after it; true when the
/// power held out.
async fn update_with_a_cut(changes: i64) -> bool {
    let mut world = World::at(at(today(), "11:00")).await;
    offer(&world, &release(2));
    let left = Arc::new(AtomicI64::new(changes));
    for cut in [true, false] {
        for _ in 0..3 {
            let (_, began) = start(&mut world);
            let running = match began {
                Start::Package => None,
                Start::Version(file) => Some(file),
            };
            assert!(running.is_none_or(|file| file == release(2).file));
            let disk = world.fs.clone();
            let fs: Arc<dyn MediaFs> = if cut { Arc::new(Cut { disk, left: left.clone() }) } else { Arc::new(disk) };
            world.updates = Some(Arc::new(Updates::new(fs, key().verifying_key(), DeviceId(7), running)));
            let mut device = world.device();
            let end = lichphat_playlists::ports::Clock::now(&*world.clock).plus_ms(15 * 60_000);
            live(&mut device, end).await;
            if cut && left.load(Relaxed) <= 0 {
                break;
            }
        }
    }
    assert_eq!(standing(&world), Standing { serial: 2, trial: None, failed: None, ..standing(&world) }, "{changes}");
    left.load(Relaxed) > 0
}

#[tokio::test]
async fn wherever_the_power_goes_what_starts_is_whole_and_the_update_comes_to_its_end() {
    let mut changes = 0;
    while !update_with_a_cut(changes).await {
        changes += 1;
    }
    assert!(changes > 40, "{changes} changes of the disk make an update");
}

#[cfg(feature = "stage-gstreamer")]
#[test]
fn the_installed_program_becomes_the_version_on_trial_and_itself_again() {
    use lichphat_player::cache::StdMediaFs;
    use lichphat_player::update::state::Version;
    use std::process::Command;
    let dir = tempfile::tempdir().unwrap();
    let fs = StdMediaFs::new(dir.path()).unwrap();
    let script = b"#!/bin/sh\necho \"$LICHPHAT_RUNNING_VERSION $*\" >> \"${0%/*}/../said\"\nexit 7\n";
    let file = Sha256Hash::of(script);
    fs.write_whole(&path_of(file), script).unwrap();
    fs.make_executable(&path_of(file)).unwrap();
    let mut state = State::read(&fs, PACKAGE);
    state.try_out(Version { serial: 2, file }, false);
    state.write(&fs).unwrap();
    let config = dir.path().join("player.toml");
    std::fs::write(&config, format!("[update]\nrelease_key = \"{}\"\n", key().verifying_key().to_base64())).unwrap();
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lichphat-player"));
        command.args(["run", "--sink", "fake", "--config"]).arg(&config).arg("--state").arg(dir.path());
        command.output().unwrap().status.code()
    };
    for _ in 0..MOST_STARTS {
        assert_eq!(run(), Some(7), "it became the script");
    }
    let said = std::fs::read_to_string(dir.path().join("said")).unwrap();
    assert_eq!(said.lines().count(), usize::from(MOST_STARTS));
    assert!(said.lines().all(|line| line.starts_with(&format!("{} run --sink fake", file.hex()))), "{said}");
    assert_eq!(run(), Some(2), "itself again: it is not registered");
    assert_eq!(State::read(&fs, PACKAGE).failed, Some(Failed { serial: 2, cause: "crashed".into() }));
}

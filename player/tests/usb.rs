//! A screen without any network, living from sticks: what they bring, what they carry away, and what becomes of one
//! that is pulled, forged or hostile.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use lichphat_player::cache::StdMediaFs;
use lichphat_player::journal::{Journal as _, KEEP_MS};
use lichphat_player::ports::{MediaFs, MediaWrite};
use lichphat_player::sim_support::{MemoryMediaFs, SeededRng};
use lichphat_player::usb::Stick;
use lichphat_player::usb::watch::Sticks;
use lichphat_playlists::ids::{DeviceId, Epoch, PlanHash, ScreenCode, Seq};
use lichphat_playlists::ports::{Clock as _, Rng as _};
use lichphat_playlists::proof::record::{Origin, PlayRecord};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::proofs::{MOST_SEGMENTS, ProofsAsked};
use lichphat_playlists::wire::sign::{Envelope, SigningKey};
use lichphat_playlists::wire::stick;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use support::*;

fn today() -> LocalDay {
    day("2026-11-20")
}

fn screen() -> ScreenCode {
    ScreenCode::new(SCREEN).unwrap()
}

/// The office: writes what the server knows onto a stick.
fn export(server: &FakeServer, to: &dyn MediaFs) {
    let s = server.lock();
    for (hash, bytes) in &s.media {
        to.write_whole(&format!("media/{hash}"), bytes).unwrap();
    }
    for (hash, bytes) in &s.assets {
        to.write_whole(&format!("assets/{hash}"), bytes).unwrap();
    }
    for (hash, (_, bytes)) in &s.plans {
        to.write_whole(&format!("plans/{hash}"), bytes).unwrap();
    }
    let acked = s.acked;
    // what the device asked of the log, answered as a whole
    let asked = to.read(&stick::asked(&screen()), 1 << 12).ok().map(|json| serde_json::from_slice(&json).unwrap());
    if let Some(answer) = asked.and_then(|asked| s.log.answer(asked)) {
        assert!(answer.segments.len() < MOST_SEGMENTS, "one answer has room for them");
        to.write_whole(&stick::proofs(&screen(), 0), &answer.encode()).unwrap();
    }
    drop(s);
    for (name, bytes) in server.approvals() {
        to.write_whole(&format!("approvals/{name}"), &bytes).unwrap();
    }
    to.write_whole(&stick::receipt(&screen()), &server.receipt(acked)).unwrap();
    to.write_whole(&stick::index(&screen()), &serde_json::to_vec(&server.index()).unwrap()).unwrap();
}

/// The office again: the segments on a stick, in the order of their names.
fn carried(world: &World, from: &dyn MediaFs) -> Vec<Segment> {
    let key = world.identity.evidence.verifying_key();
    let dir = stick::segments(&screen());
    let names = from.list(&dir).unwrap().into_iter().map(|(name, _)| name).filter(|name| !name.ends_with(".part"));
    let open = |name: String| {
        let bytes = from.read(&format!("{dir}/{name}"), 1 << 20).unwrap();
        Segment::open(&Envelope::from_bytes(bytes).unwrap(), &key).unwrap()
    };
    names.map(open).collect()
}

/// Takes in what is on a stick; a record that was carried twice counts once.
fn import(world: &World, from: &dyn MediaFs, held: &mut BTreeMap<Seq, PlayRecord>) {
    for segment in carried(world, from) {
        if !held.contains_key(&segment.first_seq) {
            let path = stick::segment(&screen(), segment.device, segment.epoch, segment.first_seq);
            world.server.lock().log.add(segment.first_seq, &from.read(&path, 1 << 20).unwrap());
        }
        for (i, record) in segment.records.iter().enumerate() {
            let seq = Seq(segment.first_seq.0 + i as u64);
            assert_eq!(*held.entry(seq).or_insert(*record), *record, "{seq}");
        }
    }
    let holes = held.keys().zip(1..).find(|(seq, n)| seq.0 != *n);
    assert_eq!(holes, None, "no hole in the chain");
    world.server.lock().acked = held.len() as u64;
}

fn stick(fs: &MemoryMediaFs) -> Stick {
    Stick::open(Arc::new(fs.clone()), &screen()).unwrap()
}

#[tokio::test]
async fn a_screen_lives_from_sticks_for_a_week_and_every_record_comes_back_once() {
    let world = World::at(at(today(), "07:00")).await;
    world.server.lock().offline = true;
    let (trips, mut held) = (MemoryMediaFs::new(), BTreeMap::new());
    let mut device = world.device();
    for trip in 0..4 {
        let on = today().plus(trip * 2);
        for ahead in 0..3 {
            world.server.publish(&playlist(on.plus(ahead), "08:00-09:00;13:00-14:00", &[29_100, 30_000, 47_000]));
        }
        export(&world.server, &trips);
        assert!(device.agent.visit(&stick(&trips)).await.is_ok(), "{:?}", device.agent.playing().faults());
        import(&world, &trips, &mut held);
        device.step_until(at(on.plus(1), "23:00"));
        if trip == 1 {
            device = world.power_cut(device, at(on.plus(1), "23:30"));
        }
    }
    assert!(device.agent.visit(&stick(&trips)).await.unwrap() > 0);
    import(&world, &trips, &mut held);
    let records = world.records();
    assert_eq!(held.into_values().collect::<Vec<_>>(), records, "all of them, and each once");
    let shown = |r: &&PlayRecord| matches!(r.origin, Origin::Planned { .. }) && r.result.was_shown();
    let slots = playlist(today(), "08:00-09:00;13:00-14:00", &[29_100, 30_000, 47_000]).slots.len();
    assert_eq!(records.iter().filter(shown).count(), 8 * slots, "eight days, every slot");

    // With the receipt on the next stick nothing is left on it again.
    export(&world.server, &trips);
    assert_eq!(device.agent.visit(&stick(&trips)).await.unwrap(), 0);
    // and with its proofs what is old enough is forgotten, on a screen that no network ever reached
    let mut journal = world.journal.clone();
    assert_eq!((journal.first_unproven().unwrap(), journal.log_fault().unwrap()), (None, None));
    let now = world.clock.now();
    assert_eq!(journal.clone().prune(now).unwrap(), 0, "nothing is older than fourteen days");
    assert!(journal.prune(now.plus_ms(KEEP_MS + 8 * 86_400_000)).unwrap() > 60);
    // The network is back, and has everything.
    world.server.lock().offline = false;
    assert_eq!(device.agent.upload_once().await.unwrap(), 0);
}

/// A stick that is pulled after so many bytes, or calls.
struct Pulled {
    fs: MemoryMediaFs,
    left: Arc<AtomicI64>,
}

impl Pulled {
    fn spend(left: &AtomicI64, bytes: usize) -> io::Result<()> {
        let gone = left.fetch_sub(bytes as i64, Relaxed) < bytes as i64;
        if gone { Err(io::Error::other("no such device")) } else { Ok(()) }
    }
}

struct PulledFile<T>(T, Arc<AtomicI64>);

impl Read for PulledFile<Box<dyn Read + Send>> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = buffer.len().min(997);
        Pulled::spend(&self.1, piece)?;
        self.0.read(&mut buffer[..piece])
    }
}

impl Write for PulledFile<Box<dyn MediaWrite>> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.len().min(97);
        Pulled::spend(&self.1, piece)?;
        self.0.write(&bytes[..piece])
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl MediaWrite for PulledFile<Box<dyn MediaWrite>> {
    fn sync(&mut self) -> io::Result<()> {
        Pulled::spend(&self.1, 1)
    }
}

impl MediaFs for Pulled {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        Self::spend(&self.left, 1)?;
        Ok(Box::new(PulledFile(self.fs.open(path)?, self.left.clone())))
    }
    fn append(&self, path: &str) -> io::Result<Box<dyn MediaWrite>> {
        Self::spend(&self.left, 1)?;
        Ok(Box::new(PulledFile(self.fs.append(path)?, self.left.clone())))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Self::spend(&self.left, 1)?;
        self.fs.rename(from, to)
    }
    fn remove(&self, path: &str) -> io::Result<()> {
        Self::spend(&self.left, 1)?;
        self.fs.remove(path)
    }
    fn size_bytes(&self, path: &str) -> io::Result<Option<u64>> {
        self.fs.size_bytes(path)
    }
    fn list(&self, dir: &str) -> io::Result<Vec<(String, u64)>> {
        self.fs.list(dir)
    }
    fn free_bytes(&self) -> io::Result<u64> {
        self.fs.free_bytes()
    }
    fn absolute(&self, path: &str) -> PathBuf {
        self.fs.absolute(path)
    }
}

#[tokio::test]
async fn a_stick_that_is_pulled_at_any_byte_harms_nothing_and_the_next_one_goes_on() {
    let rng = SeededRng::new(20_261_126);
    let within = |most: u64| {
        let mut bytes = [0; 8];
        rng.fill(&mut bytes);
        Arc::new(AtomicI64::new((u64::from_le_bytes(bytes) % most) as i64))
    };
    let pulled = |fs: &MemoryMediaFs, most| {
        let fs = Pulled { fs: fs.clone(), left: within(most) };
        Stick::open(Arc::new(fs), &screen()).unwrap()
    };
    let mut broke = 0;
    for _ in 0..60 {
        let world = World::at(at(today(), "07:55")).await;
        world.server.lock().offline = true;
        let mut parts = playlist(today(), "08:00-09:00", &[29_100, 30_600]);
        world.server.publish(&parts);
        let mut device = world.device();
        let first = MemoryMediaFs::new();
        export(&world.server, &first);
        broke += usize::from(device.agent.visit(&pulled(&first, 150_000)).await.is_err());
        device.agent.visit(&stick(&first)).await.unwrap();
        device.step_until(at(today(), "08:30"));

        // A second stick brings a newer plan and is pulled somewhere; a third one comes a minute later.
        parts.version = lichphat_playlists::ids::PlanVersion(2);
        world.server.publish(&parts);
        let second = MemoryMediaFs::new();
        export(&world.server, &second);
        broke += usize::from(device.agent.visit(&pulled(&second, 6_000)).await.is_err());
        let on_it = carried(&world, &second); // every segment that has its name is whole
        device.step_until(at(today(), "08:31"));
        let left = device.agent.visit(&stick(&second)).await.unwrap();
        assert!(left >= on_it.len());
        device.step_until(at(today(), "09:05"));
        device.agent.visit(&stick(&second)).await.unwrap();

        let mut held = BTreeMap::new();
        import(&world, &second, &mut held);
        let records = world.records();
        assert_eq!(held.into_values().collect::<Vec<_>>(), records);
        assert_eq!(records.len(), parts.slots.len(), "no play lost, none doubled, never dark: {records:?}");
    }
    assert!((60..120).contains(&broke), "the pulls fell before and after the end: {broke} of 120");
}

#[tokio::test]
async fn a_stick_is_believed_as_little_as_a_network() {
    let world = World::at(at(today(), "07:55")).await;
    let good = world.server.publish(&playlist(today(), "08:00-08:30", &[]));
    let fs = MemoryMediaFs::new();
    export(&world.server, &fs);
    let mut device = world.device();
    world.server.lock().offline = true;
    device.agent.visit(&stick(&fs)).await.unwrap();

    // Forged by another key, made for another screen, a rotten clip, a receipt of another device.
    let mut forged = playlist(today(), "08:00-08:30", &[29_000]);
    forged.version = lichphat_playlists::ids::PlanVersion(2);
    world.server.publish_signed(&forged, &SigningKey::from_seed(&[9; 32]));
    let mut strange = playlist(today().next(), "08:00-08:30", &[]);
    strange.screen = ScreenCode::new("P00004-99").unwrap();
    world.server.publish(&strange);
    let hostile = MemoryMediaFs::new();
    export(&world.server, &hostile);
    let receipt = lichphat_playlists::proof::receipt::Receipt {
        device: DeviceId(8),
        epoch: Epoch(1),
        acked: Seq(1_000),
        head: None,
        at_ms: at(today(), "07:55"),
    };
    hostile.plant(&stick::receipt(&screen()), receipt.seal(&receipt_key()).into_bytes());
    for asset in assets().assets {
        hostile.plant(&format!("media/{}", asset.media.hash), vec![0; 1 << 20]);
    }
    let error = device.agent.visit(&stick(&hostile)).await.unwrap_err().to_string();
    assert!(error.contains("it is for device 8"), "{error}");
    assert_eq!(carried(&world, &hostile).len(), 0, "nothing was played yet");
    let mut other = support::log::FakeLog { seed: 5, ..Default::default() };
    other.add(Seq(1), b"a log of somebody else's");
    let answer = other.answer(ProofsAsked { epoch: Epoch(1), after_seq: Seq(0), size: 0 }).unwrap();
    let foreign = MemoryMediaFs::new();
    export(&world.server, &foreign);
    foreign.plant(&stick::proofs(&screen(), 0), answer.encode());
    let error = device.agent.visit(&stick(&foreign)).await.unwrap_err().to_string();
    assert!(error.contains("not signed by the key that was pinned"), "{error}");
    assert_eq!(world.journal.anchor().unwrap(), "", "nothing of it is believed");
    device.agent.visit(&stick(&fs)).await.unwrap();
    device.step_until(at(today().next(), "08:40"));
    let records = world.records();
    let plans: Vec<PlanHash> = records.iter().map(|r| r.plan).collect();
    assert!(
        !plans.is_empty() && plans.iter().all(|plan| *plan == good),
        "only what the plan key signed for this screen"
    );
    assert!(records.iter().all(|r| r.result.was_shown()), "the clips on the disk are the right ones");
}

#[test]
fn only_a_stick_for_this_screen_is_looked_at_and_no_link_leads_out_of_it() {
    let media = tempfile::tempdir().unwrap();
    let secret = tempfile::tempdir().unwrap();
    std::fs::write(secret.path().join("index.json"), b"{}").unwrap();
    let mut sticks = Sticks::new(media.path().to_owned(), screen());
    assert!(sticks.look().0.is_none());

    // Links in place of the directory, of the screen's and of the index; a pipe in place of the index.
    let ours = |name: &str| media.path().join(name).join(stick::DIR);
    std::fs::create_dir_all(media.path().join("a")).unwrap();
    std::os::unix::fs::symlink(secret.path(), ours("a")).unwrap();
    std::fs::create_dir_all(ours("b").join("screens")).unwrap();
    std::os::unix::fs::symlink(secret.path(), ours("b").join("screens").join(SCREEN)).unwrap();
    let in_c = ours("c").join("screens").join(SCREEN);
    std::fs::create_dir_all(&in_c).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", in_c.join("index.json")).unwrap();
    std::fs::create_dir_all(ours("d").join("screens/P00004-99")).unwrap();
    std::fs::write(ours("d").join("screens/P00004-99/index.json"), b"{\"days\":[]}").unwrap();
    assert!(sticks.look().0.is_none(), "nothing of it is for us");

    let on = ours("user/stick");
    std::fs::create_dir_all(on.join("screens").join(SCREEN)).unwrap();
    std::fs::write(on.join("screens").join(SCREEN).join("index.json"), b"{\"days\":[]}").unwrap();
    let (found, pulled) = sticks.look();
    assert!(found.is_some() && !pulled);
    assert!(matches!(sticks.look(), (None, false)), "told of once");
    std::fs::remove_dir_all(media.path().join("user")).unwrap();
    assert!(matches!(sticks.look(), (None, true)));

    // Where the player would write, a link leads away: nothing is written there.
    let fs = StdMediaFs::new(ours("c")).unwrap();
    std::os::unix::fs::symlink(secret.path(), in_c.join("segments")).unwrap();
    assert!(fs.write_whole(&stick::segment(&screen(), DeviceId(7), Epoch(1), Seq(1)), b"x").is_err());
    assert_eq!(std::fs::read_dir(secret.path()).unwrap().count(), 1);
}

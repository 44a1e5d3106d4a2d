//! What becomes of the log when a round dies at any step, and when others are at it, too.

use super::*;
use crate::store::Store;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::DeviceEnd;
use lichphat_playlists::proof::note::Note;
use lichphat_playlists::proof::tile::Resource;
use lichphat_playlists::proof::tree::{leaf_hash, root};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Mutex;

type Tile = (u8, u64);

/// A disk in memory: what was not synced may be lost with the power. It remembers everything it ever published.
#[derive(Default)]
struct Disk {
    written: BTreeMap<Tile, Vec<Sha256Hash>>,
    synced: BTreeMap<Tile, Vec<Sha256Hash>>,
    published: Vec<String>,
    held: bool,
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Disk>>);

impl Memory {
    fn power_cut(&self) {
        let mut disk = self.0.lock().unwrap();
        disk.written = disk.synced.clone();
    }
}

impl LogFiles for Memory {
    fn read(&self, tile: Tile) -> io::Result<Vec<Sha256Hash>> {
        Ok(self.0.lock().unwrap().written.get(&tile).cloned().unwrap_or_default())
    }
    fn write(&self, tile: Tile, from: usize, hashes: &[Sha256Hash]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let file = disk.written.entry(tile).or_default();
        assert!(file.len() >= from, "a hole in a tile");
        file.resize(file.len().max(from + hashes.len()), Sha256Hash([0; 32]));
        file[from..from + hashes.len()].copy_from_slice(hashes);
        Ok(())
    }
    fn sync(&self, tiles: &BTreeSet<Tile>) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        for tile in tiles {
            let now = disk.written[tile].clone();
            disk.synced.insert(*tile, now);
        }
        Ok(())
    }
    fn published(&self) -> io::Result<Option<String>> {
        Ok(self.0.lock().unwrap().published.last().cloned())
    }
    fn publish(&self, note: &str) -> io::Result<()> {
        self.0.lock().unwrap().published.push(note.to_owned());
        Ok(())
    }
    fn held(&self) -> io::Result<bool> {
        Ok(self.0.lock().unwrap().held)
    }
    fn release(&self) -> io::Result<()> {
        self.0.lock().unwrap().held = false;
        Ok(())
    }
}

/// How the step ends at which everything ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// It is not done: an error, or killed before it.
    Before,
    /// Half of it is done: the disk is full, or the power fails in the middle.
    Half,
    /// It is done, and nobody hears of it.
    After,
}

/// Files and store that fail at a step, and at every one after it.
struct Dying {
    files: Memory,
    store: Store,
    steps: Mutex<u32>,
    end: End,
}

impl Dying {
    /// False when it must not be done; the error comes when it was the last step.
    fn step<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut steps = self.steps.lock().unwrap();
        *steps = steps.saturating_sub(1);
        match *steps {
            0 => Err(io::ErrorKind::StorageFull.into()),
            1 => {
                *steps = 1;
                if self.end == End::After {
                    work()?;
                }
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => work(),
        }
    }
    async fn store_step<T>(&self, work: impl Future<Output = Result<T, ProofError>>) -> Result<T, ProofError> {
        let dead = |_| ProofError::Store("killed".into());
        match self.step(|| Ok(())) {
            Ok(()) => work.await,
            Err(error) => {
                let last = *self.steps.lock().unwrap() == 1;
                if last && self.end == End::After {
                    work.await?;
                }
                Err(dead(error))
            }
        }
    }
}

impl LogFiles for Dying {
    fn read(&self, tile: Tile) -> io::Result<Vec<Sha256Hash>> {
        self.step(|| self.files.read(tile))
    }
    fn write(&self, tile: Tile, from: usize, hashes: &[Sha256Hash]) -> io::Result<()> {
        let half = self.end == End::Half && *self.steps.lock().unwrap() == 2;
        if half {
            self.files.write(tile, from, &hashes[..hashes.len() / 2])?;
        }
        self.step(|| self.files.write(tile, from, hashes))
    }
    fn sync(&self, tiles: &BTreeSet<Tile>) -> io::Result<()> {
        self.step(|| self.files.sync(tiles))
    }
    fn published(&self) -> io::Result<Option<String>> {
        self.step(|| self.files.published())
    }
    fn publish(&self, note: &str) -> io::Result<()> {
        self.step(|| self.files.publish(note))
    }
    fn held(&self) -> io::Result<bool> {
        self.step(|| self.files.held())
    }
    fn release(&self) -> io::Result<()> {
        self.step(|| self.files.release())
    }
}

#[async_trait]
impl LogStore for Dying {
    async fn log_size(&self) -> Result<u64, ProofError> {
        self.store_step(self.store.log_size()).await
    }
    async fn entries(&self, range: Range<u64>) -> Result<Vec<StoredEntry>, ProofError> {
        self.store_step(self.store.entries(range)).await
    }
    async fn about(
        &self,
        screen: &ScreenCode,
        before: Option<u64>,
        n: u32,
    ) -> Result<Vec<(u64, Statement)>, ProofError> {
        self.store.about(screen, before, n).await
    }
    async fn head(&self, origin: &str) -> Result<Option<Head>, ProofError> {
        self.store_step(self.store.head(origin)).await
    }
    async fn checkpoints(&self, origin: &str, after: Option<u64>, limit: u32) -> Result<Vec<Head>, ProofError> {
        self.store.checkpoints(origin, after, limit).await
    }
    async fn swap_head(&self, origin: &str, old: Option<u64>, new: Head) -> Result<bool, ProofError> {
        self.store_step(self.store.swap_head(origin, old, new)).await
    }
    async fn cosigned(&self, origin: &str, head: Head) -> Result<(), ProofError> {
        self.store_step(self.store.cosigned(origin, head)).await
    }
    async fn places(&self, d: DeviceId, e: Epoch, after: Seq, size: u64, n: u32) -> Result<Vec<Place>, ProofError> {
        self.store.places(d, e, after, size, n).await
    }
    async fn end(&self, origin: &str, begun: Begun) -> Result<bool, ProofError> {
        self.store_step(self.store.end(origin, begun)).await
    }
    async fn is_over(&self, origin: &str) -> Result<bool, ProofError> {
        self.store_step(self.store.is_over(origin)).await
    }
    async fn state(&self, statement: Statement) -> Result<u64, ProofError> {
        self.store.state(statement).await
    }
    async fn state_keys(&self, signs: Signs, at: UtcMillis) -> Result<(), ProofError> {
        self.store.state_keys(signs, at).await
    }
    async fn state_overdue(&self, now: UtcMillis) -> Result<(), ProofError> {
        self.store.state_overdue(now).await
    }
    async fn held_days(&self) -> Result<Vec<HeldDay>, ProofError> {
        self.store.held_days().await
    }
    async fn drop_day(&self, day: HeldDay, kept: Range<u64>) -> Result<(), ProofError> {
        self.store.drop_day(day, kept).await
    }
}

fn log_over(store: Arc<dyn LogStore>, files: Arc<dyn LogFiles>) -> Log {
    log_named("lichphat.example/log", 7, store, files)
}

fn log_named(name: &str, seed: u8, store: Arc<dyn LogStore>, files: Arc<dyn LogFiles>) -> Log {
    let key = SigningKey::from_seed(&[seed; 32]);
    let name = VerifierKey::new(name, key.verifying_key()).unwrap();
    let clock = Arc::new(crate::clock::SimClock::new(UtcMillis(1_763_600_000_000)));
    let plan = SigningKey::from_seed(&[8; 32]).verifying_key();
    let (receipt, approval) =
        (SigningKey::from_seed(&[9; 32]).verifying_key(), SigningKey::from_seed(&[6; 32]).verifying_key());
    let signs = Signs { plan, receipt, approval };
    Log::new(store, files, Arc::new(Unwitnessed), clock, name, key, signs)
}

/// Adds `n` entries, no two alike.
async fn grow(store: &Store, n: u32) {
    let begin = store.log_size().await.unwrap() as u32;
    for i in begin..begin + n {
        let (device, why, at_ms) = (DeviceId(i + 1), DeviceEnd::Retired, UtcMillis(i64::from(i)));
        let by = format!("entry {i}");
        store.state(Statement::DeviceEnd { device, why, reason: String::new(), at_ms, by }).await.unwrap();
    }
}

/// Everything ever published is the tree of the entries, and of one size there is one.
async fn judge(store: &Store, published: &[String], log: &Log) {
    let size = store.log_size().await.unwrap();
    let entries = store.entries(0..size).await.unwrap();
    let leaves: Vec<Sha256Hash> = entries.iter().map(|e| leaf_hash(&e.leaf())).collect();
    for text in published {
        let checkpoint = Checkpoint::open(&Note::parse(text).unwrap(), log.name()).unwrap();
        let Ok(expected) = root(&leaves[..], checkpoint.size);
        assert_eq!(checkpoint.root, expected, "the checkpoint of {} entries is not of the entries", checkpoint.size);
    }
    let newest = Checkpoint::open(&Note::parse(published.last().unwrap()).unwrap(), log.name()).unwrap();
    assert_eq!(newest.size, size, "the last round published all there is");
    for (index, some) in leaves.chunks(256).enumerate() {
        let resource = Resource::Hashes { level: 0, index: index as u64, width: some.len() as u16 };
        let tile = log.resource(resource).await.unwrap().unwrap();
        assert_eq!(tile, some.iter().flat_map(|h| h.0).collect::<Vec<u8>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_may_die_at_any_step_and_the_next_one_brings_all_into_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), 1).unwrap();
    let files = Memory::default();
    grow(&store, 250).await; // so that tiles fill up on the way
    let mut died = BTreeMap::new();
    for end in [End::Before, End::Half, End::After] {
        for power in [true, false] {
            for step in 1.. {
                grow(&store, 3).await;
                let dying = Dying { files: files.clone(), store: store.clone(), steps: Mutex::new(step + 1), end };
                let dying = Arc::new(dying);
                let finished = log_over(dying.clone(), dying).round().await.is_ok();
                if power {
                    files.power_cut();
                }
                let log = log_over(Arc::new(store.clone()), Arc::new(files.clone()));
                log.round().await.unwrap_or_else(|e| panic!("{end:?} at step {step}, power cut: {power}: {e}"));
                let published = files.0.lock().unwrap().published.clone();
                judge(&store, &published, &log).await;
                if finished {
                    died.insert((end as u8, power), step - 1);
                    break;
                }
            }
        }
    }
    assert!(died.len() == 6 && died.values().all(|steps| *steps >= 12), "rounds have so many steps: {died:?}");
}

fn disk(dir: &Path) -> (Store, Log) {
    let store = Store::open(dir, 1).unwrap();
    let log = log_over(Arc::new(store.clone()), Arc::new(DiskFiles::new(dir)));
    (store, log)
}

fn published(dir: &Path) -> Vec<String> {
    vec![std::fs::read_to_string(dir.join("log/checkpoint")).unwrap()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_that_is_cut_gone_or_changed_is_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (store, log) = disk(dir.path());
    grow(&store, 600).await;
    log.round().await.unwrap();
    let tile = |name: &str| dir.path().join("log/tile").join(name);
    let cut = |name: &str, length: u64| {
        std::fs::File::options().write(true).open(tile(name)).unwrap().set_len(length).unwrap();
    };
    for damage in 0..5 {
        match damage {
            0 => cut("0/002", 33),
            1 => cut("1/000", 0),
            2 => std::fs::remove_dir_all(dir.path().join("log/tile")).unwrap(),
            3 => std::fs::write(tile("0/002"), vec![7; 88 * 32]).unwrap(),
            _ => cut("0/000", 100), // nothing of it is needed for the root: the next start finds it
        }
        grow(&store, 1).await;
        let (_, log) = disk(dir.path());
        log.round().await.unwrap_or_else(|e| panic!("damage {damage}: {e}"));
        judge(&store, &published(dir.path()), &log).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_at_once_publish_one_history() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Store::open(dir.path(), 1).unwrap();
    let process = |dir: std::path::PathBuf| async move {
        let (_, log) = disk(&dir);
        let mut seen = Vec::new();
        for _ in 0..40 {
            // the other process may hold the database, or be first
            if matches!(log.round().await, Ok(Round::Published(_))) {
                seen.extend(log.checkpoint().await.unwrap());
            }
            tokio::task::yield_now().await;
        }
        seen
    };
    let (a, b) = (tokio::spawn(process(dir.path().to_owned())), tokio::spawn(process(dir.path().to_owned())));
    for _ in 0..60 {
        grow(&writer, 7).await;
    }
    let mut seen = a.await.unwrap();
    seen.extend(b.await.unwrap());
    let (_, log) = disk(dir.path());
    log.round().await.unwrap();
    seen.extend(published(dir.path()));
    judge(&writer, &seen, &log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_an_older_backup_publishes_no_second_history() {
    let dir = tempfile::tempdir().unwrap();
    let (store, log) = disk(dir.path());
    grow(&store, 250).await;
    log.round().await.unwrap();
    // nothing is being written: these two files are a whole backup. It lives in a directory of its own, since the threads
    // of a dropped store close its files when they come to it
    let restored = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("{}{suffix}", crate::store::sqlite::FILE_NAME);
        std::fs::copy(dir.path().join(&name), restored.path().join(&name)).unwrap();
    }
    grow(&store, 350).await; // tiles of the second level are begun with what will be lost
    log.round().await.unwrap();
    let before = published(dir.path());
    drop((store, log));
    std::fs::rename(dir.path().join("log"), restored.path().join("log")).unwrap();
    let (store, log) = disk(restored.path());
    for more in [0, 2, 20] {
        grow(&store, more).await;
        let refused = log.round().await.unwrap_err().to_string();
        assert!(refused.contains("published up to 601 entries and the database holds 251"), "{refused}");
    }
    assert_eq!(published(restored.path()), before);

    // nor under another name or with another key
    let (port, files) = (Arc::new(store.clone()), Arc::new(DiskFiles::new(restored.path())));
    for (name, seed) in [("lichphat.example/log-2", 7), ("lichphat.example/log", 8)] {
        let other = log_named(name, seed, port.clone(), files.clone());
        assert!(matches!(other.round().await, Err(LogError::Renamed(name)) if name == "lichphat.example/log"));
    }
    assert_eq!(published(restored.path()), before);

    // it ends, whoever asks how often; another goes on over what is left, whatever the tiles say of the lost part
    for _ in 0..2 {
        let ended = log.end("Tổ kỹ thuật".into(), "a lost disk".into()).await.unwrap();
        assert_eq!(ended, Ended { published: 601, kept: 251 }, "what came in since is nothing that it had published");
        assert_eq!(store.log_size().await.unwrap(), 274);
    }
    assert!(matches!(log.round().await, Err(LogError::Over(_))));
    let anew = log_named("lichphat.example/log-2", 8, port, files);
    for more in [0, 100, 400] {
        grow(&store, more).await;
        anew.round().await.unwrap();
        judge(&store, &published(restored.path()), &anew).await;
    }
    let head = store.head("lichphat.example/log").await.unwrap().unwrap();
    let swapped = store.swap_head("lichphat.example/log", Some(251), Head { size: 252, ..head }).await;
    assert!(!swapped.unwrap(), "the name is over for every process that still has its key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_waits_goes_on_only_with_a_checkpoint_of_its_own_past() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ((store, log), (stranger, forged)) = (disk(dir.path()), disk(other.path()));
    grow(&store, 300).await;
    log.round().await.unwrap();
    let at_300 = published(dir.path()).remove(0);
    grow(&store, 5).await;
    log.round().await.unwrap();
    let newest = published(dir.path()).remove(0);
    // another history under the same key: the same number of entries, others in them
    grow(&stranger, 1).await;
    stranger.state_keys(log.signs.clone(), UtcMillis(0)).await.unwrap();
    grow(&stranger, 300).await;
    forged.round().await.unwrap();
    let another = published(other.path()).remove(0);

    let held = dir.path().join(HELD);
    std::fs::write(&held, "").unwrap();
    let (_, log) = disk(dir.path());
    assert!(matches!(log.round().await, Err(LogError::Waits)));
    let foreign = log_named("another", 9, Arc::new(store.clone()), Arc::new(DiskFiles::new(dir.path())));
    assert!(matches!(foreign.resume(&newest).await, Err(LogError::Foreign(_))));
    assert!(matches!(log.resume(&another).await, Err(LogError::Rewritten(_))));
    assert!(
        held.exists() && published(dir.path()) == [newest.clone()],
        "it waits on, and nothing was put in its place"
    );
    // an older one of its own past is no reason to wait, and the newest published stays
    assert_eq!(log.resume(&at_300).await.unwrap(), 301, "the keys are stated, too");
    assert!(!held.exists() && published(dir.path()) == [newest]);
    log.round().await.unwrap();
    judge(&store, &published(dir.path()), &log).await;
}

//! The log over HTTP, read and verified by the ecosystem's own crates, and what is left of it when its days are dropped.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod beside;
#[path = "../common/mod.rs"]
mod common;
mod flood;
mod forks;
mod restart;
mod tenure;
mod witness;

use common::town::{TownDevice, TownServer, at, bare, fixture};
use common::{TestData, client};
use lichphat::proof::log::Round;
use lichphat_playlists::ids::{BootId, PlanHash, Seq, Sha256Hash};
use lichphat_playlists::proof::entry::{Entry, Statement, segment_leaf};
use lichphat_playlists::proof::record::{DisplayLevel, PlayRecord};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, UtcMillis};
use lichphat_playlists::wire::proofs::{Proofs, ProofsAsked, SegmentProof};
use lichphat_playlists::wire::sign::Envelope;
use reqwest::Client;
use sha2::Sha256;

const DAY: &str = "2024-09-20";

/// A device that is driven by hand: it hands in segments of one play of its safe loop each.
struct Hand {
    device: TownDevice,
    last: Option<Envelope>,
    seq: u64,
}

impl Hand {
    async fn new(data: &TestData, server: &TownServer, screen: &str) -> Self {
        Self { device: server.device(data, screen).await, last: None, seq: 1 }
    }

    fn seal(&mut self, start: UtcMillis) -> Envelope {
        let play = PlayRecord {
            plan: PlanHash::of(b"a plan that is not held"),
            boot: BootId(1),
            mono_start_ms: self.seq * 10_000,
            display: DisplayLevel::D1,
            ..PlayRecord::whole(start, start.plus_ms(10_000))
        };
        self.seal_plays(vec![play])
    }

    fn seal_plays(&mut self, records: Vec<PlayRecord>) -> Envelope {
        let plays = records.len() as u64;
        let segment = Segment {
            device: self.device.identity.device,
            epoch: self.device.identity.epoch,
            first_seq: Seq(self.seq),
            screen: self.device.identity.screen.clone(),
            offset: HANOI,
            simulated: true,
            previous: self.last.as_ref().map_or(Sha256Hash([0; 32]), Envelope::hash),
            anchor: String::new(),
            records,
        };
        let sealed = segment.seal(&self.device.identity.evidence);
        (self.last, self.seq) = (Some(sealed.clone()), self.seq + plays);
        sealed
    }

    /// Hands in `n` segments at the server's present time.
    async fn report(&mut self, server: &TownServer, n: u64) -> Vec<Envelope> {
        self.report_of(server, n, server.clock_now()).await
    }

    /// The same, by a clock that says `now`.
    async fn report_of(&mut self, server: &TownServer, n: u64, now: UtcMillis) -> Vec<Envelope> {
        let mut sent = Vec::new();
        for i in 0..n {
            let sealed = self.seal(now.plus_ms(-600_000 + i as i64));
            let (device, bytes) = (self.device.identity.device, sealed.as_bytes().to_vec());
            let proof = &server.rooms.proof;
            proof.ingest(&proof.identity(device).await.unwrap(), bytes).await.unwrap();
            sent.push(sealed);
        }
        sent
    }

    /// All that the log answers to one question.
    async fn proofs(&self, server: &TownServer, after: u64, size: u64) -> Vec<Proofs> {
        let identity = &self.device.identity;
        let asked = ProofsAsked { epoch: identity.epoch, after_seq: Seq(after), size };
        server.rooms.log.all_proofs(identity.device, asked).await.unwrap()
    }
}

trait Now {
    fn clock_now(&self) -> UtcMillis;
}
impl Now for TownServer {
    fn clock_now(&self) -> UtcMillis {
        self.rooms.today().at(12 * 3_600, HANOI)
    }
}

/// The log as somebody else sees it: over HTTP, with none of our code.
#[derive(Clone)]
struct Reader {
    client: Client,
    url: String,
}

impl Reader {
    async fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let answer = self.client.get(format!("{}/log/{path}", self.url)).send().await.unwrap();
        let immutable =
            answer.headers().get("cache-control").is_some_and(|c| c.to_str().unwrap().contains("immutable"));
        assert!(answer.status() != 200 || immutable == path.starts_with("tile"), "{path}");
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    async fn ok(&self, path: &str) -> Vec<u8> {
        let (status, bytes) = self.get(path).await;
        assert_eq!(status, 200, "{path}");
        bytes
    }

    /// A note's text, once the verifier key says that it is the log's.
    async fn note(&self, path: &str, key: &str) -> Vec<u8> {
        let note = signed_note::Note::from_bytes(&self.ok(path).await).unwrap();
        let key = signed_note::StandardVerifier::new(key).unwrap();
        let (known, _) = note.verify(&signed_note::VerifierList::new(vec![Box::new(key)])).unwrap();
        assert_eq!(known.len(), 1);
        note.text().to_vec()
    }

    async fn checkpoint(&self, key: &str) -> tlog_tiles::Checkpoint {
        tlog_tiles::Checkpoint::from_bytes(&self.note("checkpoint", key).await).unwrap()
    }

    /// All entries of a tree, from the bundles.
    async fn entries(&self, size: u64) -> Vec<Vec<u8>> {
        let mut entries = Vec::new();
        for index in 0..size.div_ceil(256) {
            let width = (size - index * 256).min(256) as u32;
            let path = tlog_tiles::Tile::new(8, 0, index, width, true).path();
            // the specification's name and its Go ancestor's differ in these words alone
            let bytes = self.ok(&path.replacen("tile/8/data", "tile/entries", 1)).await;
            let mut rest = bytes.as_slice();
            while let Some((length, more)) = rest.split_first_chunk::<2>() {
                let (entry, more) = more.split_at(usize::from(u16::from_be_bytes(*length)));
                entries.push(entry.to_vec());
                rest = more;
            }
        }
        assert_eq!(entries.len() as u64, size);
        entries
    }
}

impl tlog_tiles::TileReader for Reader {
    fn height(&self) -> u8 {
        8
    }
    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let get = |tile: &tlog_tiles::Tile| {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.ok(&path)))
        };
        Ok(tiles.iter().map(get).collect())
    }
    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

fn bytes(hashes: &[Sha256Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|h| h.0).collect()
}

fn root(hash: [u8; 32], size: u64) -> ct_merkle::RootHash<Sha256> {
    ct_merkle::RootHash::new(hash.into(), size)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_served_is_read_and_verified_by_the_crates_of_others() {
    let data = bare();
    let server = TownServer::start(&data, at(DAY, "12:00")).await;
    let reader = Reader { client: client(), url: server.url.clone() };
    let key = server.rooms.log.name().to_string();
    assert_eq!(reader.get("checkpoint").await.0, 404, "before the first round");
    assert_eq!(server.rooms.log.round().await.unwrap(), Round::Published(1), "the log begins with its keys");
    assert_eq!(reader.checkpoint(&key).await.size(), 1);

    let mut hand = Hand::new(&data, &server, "C-01").await;
    let sent = hand.report(&server, 300).await;
    assert_eq!(server.rooms.log.round().await.unwrap(), Round::Published(302));
    let old = reader.checkpoint(&key).await;
    hand.report(&server, 227).await;
    let _replacement = Hand::new(&data, &server, "C-02").await;
    assert_eq!(server.rooms.log.round().await.unwrap(), Round::Published(530));
    let new = reader.checkpoint(&key).await;
    assert_eq!((old.size(), new.size(), new.origin()), (302, 530, server.rooms.log.name().name()));

    // tlog_tiles: tiles, inclusion, growth
    let entries = reader.entries(530).await;
    let tiles = tlog_tiles::TileHashReader::new(530, *new.hash(), &reader);
    assert_eq!(tlog_tiles::tree_hash(530, &tiles).unwrap(), *new.hash());
    for index in [0, 1, 255, 256, 300, 301, 511, 512, 529] {
        let leaf = tlog_tiles::record_hash(&entries[index as usize]);
        let proof = tlog_tiles::prove_record(530, index, &tiles).unwrap();
        tlog_tiles::check_record(&proof, 530, *new.hash(), index, leaf).unwrap();
    }
    let growth = tlog_tiles::prove_tree(530, 302, &tiles).unwrap();
    tlog_tiles::check_tree(&growth, 530, *new.hash(), 302, *old.hash()).unwrap();
    // the old tree's partial tiles are still there
    let tiles = tlog_tiles::TileHashReader::new(302, *old.hash(), &reader);
    assert_eq!(tlog_tiles::tree_hash(302, &tiles).unwrap(), *old.hash());

    // ct-merkle: the tree of the entries, and the proofs that a device is given
    let mut tree = ct_merkle::mem_backed_tree::MemoryBackedTree::<Sha256, Vec<u8>>::new();
    entries.iter().for_each(|entry| tree.push(entry.clone()));
    assert_eq!(tree.root(), root(new.hash().0, 530));
    let given = hand.proofs(&server, 250, 302).await;
    let segments: Vec<SegmentProof> = given.iter().flat_map(|answer| answer.segments.clone()).collect();
    let sizes: Vec<(u64, usize)> = given.iter().map(|answer| (answer.from, answer.segments.len())).collect();
    assert_eq!((segments.len(), sizes), (277, vec![(302, 64), (530, 64), (530, 64), (530, 64), (530, 21)]));
    let growth = ct_merkle::ConsistencyProof::try_from_bytes(bytes(&given[0].consistency)).unwrap();
    root(new.hash().0, 530).verify_consistency(&root(old.hash().0, 302), &growth).unwrap();
    for segment in &segments {
        let proof = ct_merkle::InclusionProof::try_from_bytes(bytes(&segment.proof)).unwrap();
        let leaf = &entries[segment.log_index as usize];
        root(new.hash().0, 530).verify_inclusion(leaf, segment.log_index, &proof).unwrap();
        if let Some(sealed) = sent.get(segment.first_seq.0 as usize - 1) {
            assert_eq!(*leaf, segment_leaf(segment.received_ms, sealed.as_bytes()), "the very bytes it sent");
        }
    }
    // the first entries say whose keys signed plans, receipts and segments
    let Ok(Entry::Statement(Statement::Keys { plan, receipt, .. })) = Entry::decode(&entries[0]) else {
        panic!("the log begins with its keys")
    };
    let keys = &server.rooms.public_keys;
    assert_eq!((plan.to_base64(), receipt.to_base64()), (keys.plan_key.clone(), keys.receipt_key.clone()));
    let Ok(Entry::Statement(Statement::Device { device, key, .. })) = Entry::decode(&entries[1]) else {
        panic!("and goes on with a device")
    };
    assert_eq!((device, *key), (hand.device.identity.device, hand.device.identity.evidence.verifying_key()));
    for beyond in ["tile/0/002.p/19", "tile/0/003", "tile/1/000.p/3", "tile/entries/002", "tile/0/2", "tile/", "x", ""]
    {
        assert_eq!(reader.get(beyond).await.0, 404, "{beyond}");
    }
    let minimum = reader.note("minimum-index", &server.rooms.log.name().to_string()).await;
    assert_eq!(String::from_utf8(minimum).unwrap(), format!("{}/minimum-index\n0\n", new.origin()));
    data.ok(&["check"]);
}

/// What `lichphat check` finds, as "place: problem" lines; each comes with what it means and what to do.
fn found(data: &TestData) -> Vec<String> {
    let run = data.run(&["check", "--format", "json"]);
    let words = String::from_utf8_lossy(&run.stderr).into_owned();
    let findings: Vec<serde_json::Value> = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{words}"));
    let text = |f: &serde_json::Value, key: &str| f[key].as_str().filter(|t| !t.is_empty()).unwrap().to_owned();
    let line = |f| (text(f, "meaning"), text(f, "mend"), format!("{}: {}", text(f, "place"), text(f, "problem")));
    findings.iter().map(|f| line(f).2).collect()
}

fn db(data: &TestData) -> rusqlite::Connection {
    rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap()
}

fn change(data: &TestData, sql: &str) {
    let db = db(data);
    let guards =
        "SELECT coalesce(group_concat('DROP TRIGGER ' || name, ';'), '') FROM sqlite_master WHERE type = 'trigger'";
    let off: String = db.query_row(guards, [], |r| r.get(0)).unwrap();
    let texts = "SELECT coalesce(group_concat(sql, ';'), '') FROM sqlite_master WHERE type = 'trigger'";
    let on: String = db.query_row(texts, [], |r| r.get(0)).unwrap();
    db.execute_batch(&off).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    db.execute_batch(sql).unwrap();
    db.execute_batch(&on).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_dropped_as_a_whole_and_what_is_left_is_still_proven() {
    let data = bare();
    let server = TownServer::start(&data, at(DAY, "12:00")).await;
    let log = server.rooms.log.clone();
    let reader = Reader { client: client(), url: server.url.clone() };
    let key = log.name().to_string();
    let mut hand = Hand::new(&data, &server, "C-01").await;
    hand.report(&server, 299).await;
    hand.report_of(&server, 1, at("2024-09-22", "11:00")).await; // two days ahead: part of a sum whose day is kept
    for day in ["2024-09-21", "2024-09-22"] {
        server.clock.jump_to(at(day, "12:00"));
        hand.report(&server, 300).await;
    }
    assert_eq!(log.retain(server.rooms.today(), 1).await.unwrap(), [], "nothing goes that is not published");
    log.round().await.unwrap();
    let before = reader.checkpoint(&key).await;
    let last = reader.entries(902).await.split_off(512);
    assert_eq!(log.retain(server.rooms.today(), 0).await.unwrap(), [], "0 keeps everything");
    let years_ahead = server.rooms.today().plus(30_000);
    assert_eq!(log.retain(years_ahead, 14).await.unwrap(), [], "a clock that jumps ahead drops nothing");
    let gone = log.retain(server.rooms.today(), 1).await.unwrap();
    assert_eq!(gone.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2024-09-20"]);
    assert_eq!(log.retain(server.rooms.today().plus(1), 1).await.unwrap().len(), 1);
    assert_eq!(log.retain(server.rooms.today().plus(500), 1).await.unwrap(), [], "the newest day always stays");

    // 601 is the first entry of the third day; its bundle begins at 512 and is whole
    let minimum = String::from_utf8(reader.note("minimum-index", &key).await).unwrap();
    assert_eq!(minimum.lines().nth(1), Some("512"));
    for (path, status) in [("tile/entries/000", 404), ("tile/entries/001", 404), ("tile/entries/002", 200)] {
        assert_eq!(reader.get(path).await.0, status, "{path}");
    }
    let bundle = reader.ok("tile/entries/002").await;
    assert!(last[..256].iter().all(|entry| bundle.windows(entry.len()).any(|w| w == entry)));
    // the tree stays whole: what is left is proven, growth too, and a restart finds nothing to mend
    let tree_of = || tlog_tiles::TileHashReader::new(902, *before.hash(), &reader);
    let proof = tlog_tiles::prove_record(902, 900, &tree_of()).unwrap();
    tlog_tiles::check_record(&proof, 902, *before.hash(), 900, tlog_tiles::record_hash(&last[388])).unwrap();
    let old = tlog_tiles::prove_record(902, 7, &tree_of()).unwrap();
    assert!(!old.is_empty(), "hash tiles of dropped days stay");
    let server = TownServer::start(&data, at("2024-09-22", "13:00")).await;
    hand.report(&server, 3).await;
    assert_eq!(server.rooms.log.round().await.unwrap(), Round::Published(905));
    assert_eq!(hand.proofs(&server, 0, 902).await.iter().map(|answer| answer.segments.len()).sum::<usize>(), 303);
    assert_eq!(found(&data), [""; 0], "judging begins at the first day held");
    let words = data.run(&["check"]);
    assert!(String::from_utf8_lossy(&words.stderr).contains("before 2024-09-22 were dropped by retention"));

    // deleting what was played, where and for whom deletes no proof
    data.ok(&["import", "campaigns", &fixture("loop.toml")]);
    let rows = |sql: &str| {
        let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
        db.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap()
    };
    let sums = rows("SELECT count(*) FROM rollup");
    change(
        &data,
        "DELETE FROM media; DELETE FROM campaign; DELETE FROM screen_link; DELETE FROM screen; DELETE FROM unit",
    );
    assert_eq!((found(&data), rows("SELECT count(*) FROM rollup")), (vec![], sums));
    assert_eq!(reader.ok("tile/entries/002").await, bundle);
    change(&data, "DELETE FROM rollup_early");
    let all = found(&data);
    assert!(
        all.len() == 1 && all[0].starts_with("rollup of device 1, 2024-09-22"),
        "the dropped part is missed: {all:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_tiles_entries_and_checkpoints_apart_and_refuses_to_sum_broken_evidence() {
    let data = bare();
    {
        let server = TownServer::start(&data, at(DAY, "12:00")).await;
        let mut hand = Hand::new(&data, &server, "C-01").await;
        for n in [300, 5] {
            hand.report(&server, n).await;
            server.rooms.log.round().await.unwrap();
        }
    }
    assert_eq!(found(&data), [""; 0]);
    let segments = format!("segment_{}", at(DAY, "12:00").0 / 86_400_000);
    let tile = |name: &str| data.path().join("log/tile").join(name);
    for (name, place) in [("0/000", "tile/0/000: does"), ("0/001", "tile/0/001: does not lead to the signed root")] {
        let good = std::fs::read(tile(name)).unwrap();
        let mut bad = good.clone();
        bad[40] ^= 1;
        std::fs::write(tile(name), bad).unwrap();
        let all = found(&data);
        assert!(all.len() == 1 && all[0].starts_with(&format!("log/{place}")), "{name}: {all:?}");
        std::fs::write(tile(name), good).unwrap();
    }
    // a changed moment of receipt is in no signature of the device's: only the log knows
    change(&data, &format!("UPDATE {segments} SET received_ms = received_ms + 1 WHERE log_index = 7"));
    let all = found(&data);
    assert!(all.len() == 1 && all[0].starts_with("entry 7: is not what the published log holds"), "{all:?}");
    let vi = String::from_utf8(data.run(&["check", "--format", "csv", "--lang", "vi"]).stdout).unwrap();
    assert!(vi.contains("mục 7,không phải mục mà sổ đã công bố,"), "{vi}");
    let refused = data.fails(1, &["check", "--repair"]);
    assert!(refused.contains("the evidence itself is missing or does not agree"), "{refused}");
    change(&data, &format!("UPDATE {segments} SET received_ms = received_ms - 1 WHERE log_index = 7"));
    change(&data, "UPDATE log_checkpoint SET root = zeroblob(32) WHERE size = 302");
    let all = found(&data);
    assert!(all.iter().all(|f| f.starts_with("checkpoint of 302 entries: ")) && all.len() == 2, "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_segment_is_told_and_repair_is_never_the_mend() {
    let data = bare();
    {
        let server = TownServer::start(&data, at(DAY, "12:00")).await;
        Hand::new(&data, &server, "C-01").await.report(&server, 9).await;
    }
    let segments = format!("segment_{}", at(DAY, "12:00").0 / 86_400_000);
    let sums = || db(&data).query_row("SELECT sum(unknown) FROM rollup", [], |r| r.get::<_, i64>(0)).unwrap();
    let held = sums();
    let find = |findings: &[serde_json::Value], place: &str| {
        findings.iter().find(|f| f["place"].as_str().unwrap().starts_with(place)).cloned().unwrap()
    };
    // one in the middle, then all from there to the end, of which only the mark still knows
    for (gone, place, told) in [
        ("log_index = 6", "entry 7", "a segment before it is missing: records "),
        ("log_index >= 6", "mark of device 1", "what follows is missing"),
    ] {
        change(&data, &format!("DELETE FROM {segments} WHERE {gone}"));
        let run = data.run(&["check", "--repair", "--format", "json"]);
        let findings: Vec<serde_json::Value> = serde_json::from_slice(&run.stdout).unwrap();
        assert!(find(&findings, place)["problem"].as_str().unwrap().contains(told), "{findings:#?}");
        let sum = find(&findings, "rollup of device 1");
        assert!(sum["meaning"].as_str().unwrap().starts_with("A segment of this device is missing"), "{sum}");
        assert!(sum["mend"].as_str().unwrap().starts_with("`--repair` does not help"), "{sum}");
        assert!(findings.iter().all(|f| !f["mend"].as_str().unwrap().starts_with("Run")), "{findings:#?}");
        let words = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(words.contains("nothing was touched"), "{words}");
        assert_eq!((run.status.code(), sums()), (Some(1), held), "no play is dropped");
    }
    let vi = String::from_utf8(data.run(&["check", "--lang", "vi"]).stdout).unwrap();
    assert!(vi.contains("Thiếu đoạn nhật ký của thiết bị này"), "{vi}");
}

#[tokio::test(flavor = "multi_thread")]
async fn repair_sums_anew_what_the_records_say_and_touches_nothing_else() {
    let data = bare();
    {
        let server = TownServer::start(&data, at(DAY, "12:00")).await;
        Hand::new(&data, &server, "C-01").await.report(&server, 9).await;
    }
    change(
        &data,
        "UPDATE rollup SET unknown = unknown + 5; INSERT INTO rollup SELECT day + 1, device, campaign, screen, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0 FROM rollup",
    );
    assert_eq!(found(&data).iter().filter(|f| f.starts_with("rollup of device 1, ")).count(), 2);
    let run = data.run(&["check", "--repair"]);
    let words = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(words.contains("Summed anew: device 1, 2024-09-20, unknown-plan."), "{words}");
    assert_eq!(found(&data), [""; 0]);
}

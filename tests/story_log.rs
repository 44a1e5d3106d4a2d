//! The log over HTTP, read and verified by the ecosystem's own crates, and what is left of it when its days are dropped.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{TownDevice, TownServer, at, town};
use lichphat::proof::log::{DeviceProofs, Round};
use lichphat_playlists::ids::{BootId, PlanHash, Seq, Sha256Hash};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::entry::{Entry, Statement, segment_leaf};
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, UtcMillis};
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
            item: 0,
            origin: Origin::Fallback,
            boot: BootId(1),
            start,
            end: start.plus_ms(10_000),
            mono_start_ms: self.seq * 10_000,
            clock: ClockState::Synced,
            clock_error_ms: 1,
            frames_rendered: 300,
            frames_dropped: 0,
            display: DisplayLevel::D1,
            area_percent: 100,
            result: PlayResult::Complete,
        };
        let segment = Segment {
            device: self.device.identity.device,
            epoch: self.device.identity.epoch,
            first_seq: Seq(self.seq),
            screen: self.device.identity.screen.clone(),
            offset: HANOI,
            simulated: true,
            previous: self.last.as_ref().map_or(Sha256Hash([0; 32]), Envelope::hash),
            anchor: String::new(),
            records: vec![play],
        };
        let sealed = segment.seal(&self.device.identity.evidence);
        (self.last, self.seq) = (Some(sealed.clone()), self.seq + 1);
        sealed
    }

    /// Hands in `n` segments at the server's present time.
    async fn report(&mut self, server: &TownServer, n: u64) -> Vec<Envelope> {
        let now = server.clock_now();
        let mut sent = Vec::new();
        for i in 0..n {
            let sealed = self.seal(now.plus_ms(-600_000 + i as i64));
            let (device, bytes) = (self.device.identity.device, sealed.as_bytes().to_vec());
            server.rooms.proof.ingest(device, bytes).await.unwrap();
            sent.push(sealed);
        }
        sent
    }

    async fn proofs(&self, server: &TownServer, after: u64, size: u64) -> DeviceProofs {
        let identity = &self.device.identity;
        server.rooms.log.proofs(identity.device, identity.epoch, Seq(after), size).await.unwrap().unwrap()
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
    let data = town();
    let server = TownServer::start(&data, at(DAY, "12:00")).await;
    let reader = Reader { client: Client::new(), url: server.url.clone() };
    let key = server.rooms.log.name().to_string();
    assert_eq!(reader.get("checkpoint").await.0, 404, "before the first round");
    assert_eq!(server.rooms.log.round().await.unwrap(), Round::Published(0));
    assert_eq!(reader.checkpoint(&key).await.hash(), &tlog_tiles::EMPTY_HASH);

    let mut hand = Hand::new(&data, &server, "C-01").await;
    let sent = hand.report(&server, 300).await;
    assert_eq!(server.rooms.log.round().await.unwrap(), Round::Published(301));
    let old = reader.checkpoint(&key).await;
    hand.report(&server, 227).await;
    let _replacement = Hand::new(&data, &server, "C-02").await;
    assert_eq!(server.rooms.log.round().await.unwrap(), Round::Published(529));
    let new = reader.checkpoint(&key).await;
    assert_eq!((old.size(), new.size(), new.origin()), (301, 529, server.rooms.log.name().name()));

    // tlog_tiles: tiles, inclusion, growth
    let entries = reader.entries(529).await;
    let tiles = tlog_tiles::TileHashReader::new(529, *new.hash(), &reader);
    assert_eq!(tlog_tiles::tree_hash(529, &tiles).unwrap(), *new.hash());
    for index in [0, 1, 255, 256, 300, 301, 511, 512, 528] {
        let leaf = tlog_tiles::record_hash(&entries[index as usize]);
        let proof = tlog_tiles::prove_record(529, index, &tiles).unwrap();
        tlog_tiles::check_record(&proof, 529, *new.hash(), index, leaf).unwrap();
    }
    let growth = tlog_tiles::prove_tree(529, 301, &tiles).unwrap();
    tlog_tiles::check_tree(&growth, 529, *new.hash(), 301, *old.hash()).unwrap();
    // the old tree's partial tiles are still there
    let tiles = tlog_tiles::TileHashReader::new(301, *old.hash(), &reader);
    assert_eq!(tlog_tiles::tree_hash(301, &tiles).unwrap(), *old.hash());

    // ct-merkle: the tree of the entries, and the proofs that a device is given
    let mut tree = ct_merkle::mem_backed_tree::MemoryBackedTree::<Sha256, Vec<u8>>::new();
    entries.iter().for_each(|entry| tree.push(entry.clone()));
    assert_eq!(tree.root(), root(new.hash().0, 529));
    let given = hand.proofs(&server, 250, 301).await;
    assert_eq!((given.segments.len(), given.checkpoint.size), (277, 529));
    let growth = ct_merkle::ConsistencyProof::try_from_bytes(bytes(&given.consistency)).unwrap();
    root(new.hash().0, 529).verify_consistency(&root(old.hash().0, 301), &growth).unwrap();
    for segment in &given.segments {
        let proof = ct_merkle::InclusionProof::try_from_bytes(bytes(&segment.proof)).unwrap();
        let leaf = &entries[segment.log_index as usize];
        root(new.hash().0, 529).verify_inclusion(leaf, segment.log_index, &proof).unwrap();
        if let Some(sealed) = sent.get(segment.first_seq.0 as usize - 1) {
            assert_eq!(*leaf, segment_leaf(segment.received, sealed.as_bytes()), "the very bytes it sent");
        }
    }
    // the first entry says whose key signed them
    let Ok(Entry::Statement(Statement::Device { device, key, .. })) = Entry::decode(&entries[0]) else {
        panic!("the log begins with a device")
    };
    assert_eq!((device, *key), (hand.device.identity.device, hand.device.identity.evidence.verifying_key()));
    for beyond in ["tile/0/002.p/18", "tile/0/003", "tile/1/000.p/3", "tile/entries/002", "tile/0/2", "tile/", "x", ""]
    {
        assert_eq!(reader.get(beyond).await.0, 404, "{beyond}");
    }
    let minimum = reader.note("minimum-index", &server.rooms.log.name().to_string()).await;
    assert_eq!(String::from_utf8(minimum).unwrap(), format!("{}/minimum-index\n0\n", new.origin()));
    data.ok(&["check"]);
}

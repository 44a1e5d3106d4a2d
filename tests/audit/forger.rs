//! An attacker who owns the server: he has the log's key, rewrites what he likes, and makes every hash fit again. What he
//! does not have is the players' keys, and what the witnesses have seen.

use crate::square::{Square, morning};
use lichphat::proof::log::LogStore;
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::proof::bundle::{self, EarlierCheckpoint, Keys};
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::{Begun, Entry, Statement};
use lichphat_playlists::proof::note::{Note, VerifierKey};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::proof::tree::{consistency, inclusions, leaf_hash, root};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Envelope, LogSigning, Packing, SigningKey};
use lichphat_verify::{Bundle, Writer};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::Arc;

/// A bundle taken apart, and the log it is of.
#[derive(Clone)]
pub(crate) struct Forger {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) leaves: Vec<Vec<u8>>,
    /// Places of leaves that the bundle does not show.
    pub(crate) hidden: BTreeSet<usize>,
    pub(crate) days: (LocalDay, LocalDay),
    /// By the server's key, which he has.
    key: Arc<SigningKey<Packing>>,
    /// The log that he began over the entries of the square's.
    anew: Option<(VerifierKey<LogSigning>, Arc<SigningKey<LogSigning>>)>,
}

impl Forger {
    /// From an honest bundle.
    pub(crate) async fn of(square: &Square, honest: &[u8]) -> Self {
        let mut bundle = Bundle::open(Cursor::new(honest)).unwrap();
        let manifest = bundle.manifest().clone();
        let files = manifest.files.iter().map(|f| (f.name.clone(), bundle.get(&f.name).unwrap())).collect();
        let size = square.server.rooms.log.head().await.unwrap().unwrap().size;
        let entries = square.server.rooms.store.entries(0..size).await.unwrap();
        let leaves = entries.iter().map(|e| e.leaf()).collect();
        Self {
            files,
            leaves,
            hidden: BTreeSet::new(),
            days: (manifest.from, manifest.to),
            key: square.server.rooms.packing.clone(),
            anew: None,
        }
    }

    /// Places of the segments of a screen, in order.
    pub(crate) fn segments_of(&self, screen: &str) -> Vec<usize> {
        let mine = |leaf: &Vec<u8>| segment(leaf).is_some_and(|s| s.screen.as_str() == screen);
        self.leaves.iter().enumerate().filter(|(_, leaf)| mine(leaf)).map(|(i, _)| i).collect()
    }

    /// Places of what players signed of how far their records go.
    pub(crate) fn heads(&self) -> Vec<usize> {
        let heads = self.leaves.iter().enumerate();
        heads.filter(|(_, leaf)| matches!(Entry::decode(leaf), Ok(Entry::Head { .. }))).map(|(i, _)| i).collect()
    }

    /// Makes a document say something else.
    pub(crate) fn alter(&mut self, name: &str, alter: impl FnOnce(&mut serde_json::Value)) {
        let mut value = serde_json::from_slice(&self.files[name]).unwrap();
        alter(&mut value);
        self.files.insert(name.to_owned(), serde_json::to_vec(&value).unwrap());
    }

    /// A log of the altered leaves, signed by the log's own key, with every proof made anew. Earlier checkpoints go: he
    /// cannot show that his log continues them. `witnessed`: the entries came so, and the witness saw nothing wrong.
    pub(crate) fn relog(&mut self, square: &Square, witnessed: bool) {
        let hashes: Vec<Sha256Hash> = self.leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let (mut devices, mut screens) = (Vec::new(), BTreeMap::<ScreenCode, Vec<u8>>::new());
        let mut indexes = Vec::new();
        for (index, leaf) in (0..).zip(&self.leaves).filter(|(at, _)| !self.hidden.contains(&(*at as usize))) {
            let file = match segment(leaf) {
                Some(s) => screens.entry(s.screen).or_default(),
                None => &mut devices,
            };
            assert!(bundle::put_entry(file, index, leaf));
            indexes.push(index);
        }
        let size = hashes.len() as u64;
        let Ok(proof) = inclusions(&hashes[..], &indexes, size);
        let newest = self.checkpoint(square, size, witnessed.then(|| square.server.rooms.clock.now()));
        self.files.insert(bundle::CHECKPOINT.into(), newest.note.into_bytes());
        self.files.insert(bundle::CHECKPOINTS.into(), b"[]".to_vec());
        self.files.insert(bundle::INCLUSION.into(), proof.iter().flat_map(|h| h.0).collect());
        self.files.insert(bundle::STATEMENTS.into(), devices);
        for (screen, bytes) in screens {
            self.files.insert(bundle::segments_of(&screen), bytes);
        }
    }

    /// A checkpoint of his log when it had so many leaves, which a witness saw at that moment.
    pub(crate) fn checkpoint(&self, square: &Square, size: u64, seen: Option<UtcMillis>) -> EarlierCheckpoint {
        let hashes: Vec<Sha256Hash> = self.leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let Ok(root) = root(&hashes[..], size);
        let name = self.name(square);
        let checkpoint = Checkpoint { origin: name.name().to_owned(), size, root, extensions: Vec::new() };
        let note = match &self.anew {
            Some((_, key)) => checkpoint.sign(name, key),
            None => checkpoint.sign(name, &square.log_key()),
        };
        let note = seen.map_or(note.clone(), |at| square.cosigned(note, at));
        EarlierCheckpoint { note: note.to_string(), consistency: Vec::new() }
    }

    /// Which log he shows.
    pub(crate) fn name<'a>(&'a self, square: &'a Square) -> &'a VerifierKey<LogSigning> {
        self.anew.as_ref().map_or(square.server.rooms.log.name(), |(name, _)| name)
    }

    /// Begins another log over the entries: the statement at place `at` says that it goes on from `kept` of them.
    pub(crate) fn begins_anew(&mut self, square: &Square, at: usize, kept: Option<u64>) {
        let ended = square.server.rooms.log.name().clone();
        let (reason, by) = ("a lost disk".to_owned(), "lan".to_owned());
        let at_ms = if at == self.leaves.len() { square.server.rooms.clock.now() } else { morning(0) };
        let begun = Begun { ended: ended.clone(), last: String::new(), kept, reason, at_ms, by };
        self.leaves.insert(at, Entry::Statement(Statement::Begun(Box::new(begun))).encode());
        let key = SigningKey::from_seed(&[55; 32]);
        let name = VerifierKey::new("lichphat-log/anew", key.verifying_key()).unwrap();
        let keys = Keys { log: name.clone(), ended: vec![ended] };
        self.files.insert(bundle::KEYS.into(), serde_json::to_vec(&keys).unwrap());
        self.anew = Some((name, Arc::new(key)));
    }

    /// Earlier checkpoints of the honest bundle.
    fn earlier(&self) -> Vec<EarlierCheckpoint> {
        serde_json::from_slice(&self.files[bundle::CHECKPOINTS]).unwrap()
    }

    /// Adds a leaf to the honest log, which goes on and is witnessed: nothing before it is touched.
    pub(crate) fn append(&mut self, square: &Square, leaf: Vec<u8>) {
        let newest = String::from_utf8(self.files[bundle::CHECKPOINT].clone()).unwrap();
        let mut earlier = self.earlier();
        self.leaves.push(leaf);
        self.relog(square, true);
        earlier.push(EarlierCheckpoint { note: newest, consistency: Vec::new() });
        self.show(earlier);
    }

    /// Leaves out what the server never let in: what was there before stands, and the log goes on and is witnessed.
    pub(crate) fn never_let_in(&mut self, square: &Square, at: usize) {
        let mut earlier = self.earlier();
        earlier.retain(|one| size_of(one) <= at as u64);
        self.leaves.remove(at);
        self.relog(square, true);
        self.show(earlier);
    }

    /// Shows earlier checkpoints of the honest log beside the new one, which continues them.
    pub(crate) fn show(&mut self, mut earlier: Vec<EarlierCheckpoint>) {
        let hashes: Vec<Sha256Hash> = self.leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        for one in &mut earlier {
            let old = size_of(one);
            let Ok(proof) = consistency(&hashes[..], old, hashes.len() as u64);
            one.consistency = proof;
        }
        self.files.insert(bundle::CHECKPOINTS.into(), serde_json::to_vec(&earlier).unwrap());
    }

    /// The forged bundle; its manifest fits.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut writer = Writer::new(Cursor::new(Vec::new()));
        for (name, bytes) in &self.files {
            writer.put(name, bytes).unwrap();
        }
        let campaign = lichphat_playlists::ids::CampaignCode::new(crate::square::CAMPAIGN).unwrap();
        writer.finish(campaign, self.days, &self.key).unwrap().into_inner()
    }

    /// The same by somebody who came by the bundle on its way, and has no key at all.
    pub(crate) fn without_keys(self) -> Self {
        Self { key: Arc::new(SigningKey::from_seed(&[99; 32])), ..self }
    }
}

fn size_of(checkpoint: &EarlierCheckpoint) -> u64 {
    Checkpoint::parse(&Note::parse(&checkpoint.note).unwrap().text).unwrap().size
}

/// The segment of a leaf; none when it is a statement.
pub(crate) fn segment(leaf: &[u8]) -> Option<Segment> {
    let Ok(Entry::Segment { envelope, .. }) = Entry::decode(leaf) else { return None };
    Some(Segment::open_stored(&Envelope::from_bytes(envelope).unwrap()).unwrap())
}

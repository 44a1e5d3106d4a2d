//! The log of the tiny scheduler, which can be made to lie.

use lichphat_playlists::ids::{Seq, Sha256Hash};
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::segment_leaf;
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::proof::tree::{consistency, inclusion, leaf_hash, root};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::proofs::{MOST_SEGMENTS, Proofs, ProofsAsked, SegmentProof};
use lichphat_playlists::wire::sign::{LogSigning, SigningKey};

const RECEIVED: UtcMillis = UtcMillis(5);

pub struct FakeLog {
    /// Leaves so far.
    pub leaves: Vec<Sha256Hash>,
    /// First records of the segments, by their places.
    pub firsts: Vec<Seq>,
    /// What its key is made of.
    pub seed: u8,
    /// There is no checkpoint yet.
    pub silent: bool,
    /// Changes every answer.
    pub bend: Option<fn(&mut Proofs)>,
}

impl Default for FakeLog {
    fn default() -> Self {
        Self { leaves: Vec::new(), firsts: Vec::new(), seed: 4, silent: false, bend: None }
    }
}

pub fn log_key(seed: u8) -> (SigningKey<LogSigning>, VerifierKey<LogSigning>) {
    let key = SigningKey::from_seed(&[seed; 32]);
    let name = VerifierKey::new("lichphat.example/log", key.verifying_key()).unwrap();
    (key, name)
}

impl FakeLog {
    pub fn add(&mut self, first: Seq, bytes: &[u8]) {
        self.leaves.push(leaf_hash(&segment_leaf(RECEIVED, bytes)));
        self.firsts.push(first);
    }

    /// None while it is empty, or silent.
    pub fn answer(&self, asked: ProofsAsked) -> Option<Proofs> {
        let ((key, name), size) = (log_key(self.seed), self.leaves.len() as u64);
        let Ok(root) = root(&self.leaves[..], size);
        let checkpoint = Checkpoint { origin: name.name().into(), size, root, extensions: vec![] };
        let consistency = match asked.size <= size {
            true => consistency(&self.leaves[..], asked.size, size),
            false => Ok(Vec::new()),
        };
        let mine = (0u64..).zip(&self.firsts).filter(|(_, first)| **first > asked.after_seq).take(MOST_SEGMENTS);
        let segments = mine.map(|(log_index, &first_seq)| {
            let Ok(proof) = inclusion(&self.leaves[..], log_index, size);
            SegmentProof { first_seq, log_index, received_ms: RECEIVED, proof }
        });
        let Ok(consistency) = consistency;
        let checkpoint = checkpoint.sign(&name, &key).to_string();
        let mut proofs = Proofs { from: asked.size, checkpoint, consistency, segments: segments.collect() };
        if let Some(bend) = self.bend {
            bend(&mut proofs);
        }
        (size > 0 && !self.silent).then_some(proofs)
    }
}

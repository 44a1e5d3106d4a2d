//! What a device makes of the log's answer: it believes its own bytes, the log's pinned key and arithmetic, nobody else.
//!
//! The newest checkpoint that held is the device's *anchor*. It goes into the segments that are begun after it, so that a
//! segment cannot be older than its anchor; and the next checkpoint must be shown to follow from it, so that a scheduler
//! that forgets or tells another story is noticed by every screen it ever answered.

use super::checkpoint::Checkpoint;
use super::entry::segment_leaf;
use super::head::Seen;
use super::note::{Note, VerifierKey};
use super::tree::{leaf_hash, verify_consistency, verify_inclusion};
use crate::ids::Seq;
use crate::wire::health::LogFault;
use crate::wire::proofs::Proofs;
use crate::wire::sign::LogSigning;
use std::collections::BTreeMap;

/// Most bytes of an anchor in a segment: text, the log's line and some twenty witnesses'.
pub const MAX_ANCHOR_BYTES: usize = 4096;

/// An answer that held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Its note as the device keeps it: the log's line first, then as many others as there is room for.
    pub anchor: String,
    /// First records of the segments that are in the log.
    pub proven: Vec<Seq>,
}

/// Size of the log at an anchor, whose note was verified when it was kept; 0 before the first.
pub fn size(anchor: &str) -> u64 {
    kept(anchor).map_or(0, |checkpoint| checkpoint.size)
}

/// The checkpoint of an anchor without its signatures; none before the first.
pub fn seen(anchor: &str) -> Option<Seen> {
    kept(anchor).map(|checkpoint| Seen { size: checkpoint.size, root: checkpoint.root })
}

fn kept(anchor: &str) -> Option<Checkpoint> {
    Checkpoint::parse(&Note::parse(anchor).ok()?.text).ok()
}

/// Verifies all of an answer: the log's signature, that the log has only grown since `anchor` (empty before the first), and
/// each proof for the bytes of the device's own segments, `held` by first record; one that it does not hold is passed over.
/// None when the answer is to another question.
pub fn verify(
    proofs: &Proofs,
    key: &VerifierKey<LogSigning>,
    anchor: &str,
    held: &BTreeMap<Seq, Vec<u8>>,
) -> Result<Option<Verified>, LogFault> {
    let before = kept(anchor);
    if proofs.from != before.as_ref().map_or(0, |checkpoint| checkpoint.size) {
        return Ok(None);
    }
    let (checkpoint, anchor) = open(&proofs.checkpoint, key).ok_or(LogFault::Foreign)?;
    if let Some(before) = before {
        if checkpoint.size < before.size {
            return Err(LogFault::RolledBack);
        }
        let (old, new) = (before.size, checkpoint.size);
        verify_consistency(old, new, before.root, checkpoint.root, &proofs.consistency)
            .map_err(|_| LogFault::Rewritten)?;
    }
    let mut proven = Vec::new();
    for one in &proofs.segments {
        let Some(bytes) = held.get(&one.first_seq) else { continue };
        let leaf = leaf_hash(&segment_leaf(one.received_ms, bytes));
        verify_inclusion(leaf, one.log_index, checkpoint.size, &one.proof, checkpoint.root)
            .map_err(|_| LogFault::NotHeld)?;
        proven.push(one.first_seq);
    }
    Ok(Some(Verified { checkpoint, anchor, proven }))
}

/// The checkpoint in a note that the log's key has signed, and the note as it is kept.
fn open(text: &str, key: &VerifierKey<LogSigning>) -> Option<(Checkpoint, String)> {
    let note = Note::parse(text).ok()?;
    let checkpoint = Checkpoint::open(&note, key).ok()?;
    let (logs, others): (Vec<_>, Vec<_>) = note.signatures.into_iter().partition(|line| line.name == key.name());
    let mut anchor = Note { text: note.text, signatures: logs }.to_string();
    for line in others {
        let line = line.to_string();
        if anchor.len() + line.len() <= MAX_ANCHOR_BYTES {
            anchor += &line;
        }
    }
    (anchor.len() <= MAX_ANCHOR_BYTES).then_some((checkpoint, anchor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Sha256Hash;
    use crate::proof::note::NoteSignature;
    use crate::proof::tree::{consistency, inclusion, root};
    use crate::time::UtcMillis;
    use crate::wire::proofs::SegmentProof;
    use crate::wire::sign::SigningKey;

    const RECEIVED: UtcMillis = UtcMillis(1_763_600_000_000);

    fn key(seed: u8) -> (SigningKey<LogSigning>, VerifierKey<LogSigning>) {
        let key = SigningKey::from_seed(&[seed; 32]);
        let name = VerifierKey::new("lichphat.example/log", key.verifying_key()).unwrap();
        (key, name)
    }

    fn own(first: u64) -> Vec<u8> {
        format!("segment from {first}").into_bytes()
    }

    /// Segments of this device and of others; entry `i` of ours begins with record `i + 1`.
    fn log(size: u64) -> Vec<Sha256Hash> {
        (0..size).map(|i| leaf_hash(&segment_leaf(RECEIVED, &own(i + 1)))).collect()
    }

    fn answer(leaves: &[Sha256Hash], from: u64, mine: &[u64], seed: u8) -> Proofs {
        let ((key, name), size) = (key(seed), leaves.len() as u64);
        let Ok(root) = root(leaves, size);
        let checkpoint = Checkpoint { origin: name.name().into(), size, root, extensions: vec![] };
        let Ok(consistency) = consistency(leaves, from.min(size), size);
        let segments = mine.iter().map(|&log_index| {
            let Ok(proof) = inclusion(leaves, log_index, size);
            SegmentProof { first_seq: Seq(log_index + 1), log_index, received_ms: RECEIVED, proof }
        });
        Proofs { from, checkpoint: checkpoint.sign(&name, &key).to_string(), consistency, segments: segments.collect() }
    }

    fn held() -> BTreeMap<Seq, Vec<u8>> {
        (1..=20).map(|first| (Seq(first), own(first))).collect()
    }

    fn judged(proofs: &Proofs, anchor: &str) -> Result<Option<Verified>, LogFault> {
        let proofs = Proofs::decode(&proofs.encode()).unwrap();
        verify(&proofs, &key(9).1, anchor, &held())
    }

    #[test]
    fn what_is_proven_is_known_and_the_anchor_moves_with_a_log_that_grows() {
        let first = judged(&answer(&log(7), 0, &[2, 6], 9), "").unwrap().unwrap();
        assert_eq!((first.checkpoint.size, size(&first.anchor), first.proven), (7, 7, vec![Seq(3), Seq(7)]));
        let second = judged(&answer(&log(20), 7, &[13], 9), &first.anchor).unwrap().unwrap();
        assert_eq!((size(&second.anchor), second.proven), (20, vec![Seq(14)]));
        assert_eq!(judged(&answer(&log(20), 20, &[], 9), &first.anchor), Ok(None), "an answer to another question");
        let mut strange = answer(&log(20), 7, &[13], 9);
        strange.segments[0].first_seq = Seq(99);
        assert_eq!(judged(&strange, &first.anchor).unwrap().unwrap().proven, [], "of a segment that is not held here");
    }

    #[test]
    fn a_proof_forged_in_any_part_is_refused_and_named() {
        let anchor = judged(&answer(&log(7), 0, &[], 9), "").unwrap().unwrap().anchor;
        let good = answer(&log(20), 7, &[2, 13], 9);
        assert!(judged(&good, &anchor).unwrap().is_some());
        let forged = |bend: &dyn Fn(&mut Proofs)| {
            let mut proofs = good.clone();
            bend(&mut proofs);
            judged(&proofs, &anchor)
        };
        let other = Sha256Hash::of(b"another");
        assert_eq!(judged(&answer(&log(20), 7, &[13], 8), &anchor), Err(LogFault::Foreign), "another key");
        assert_eq!(forged(&|p| p.checkpoint = p.checkpoint.replacen("\n20\n", "\n21\n", 1)), Err(LogFault::Foreign));
        assert_eq!(forged(&|p| p.checkpoint = "điểm kiểm tra".into()), Err(LogFault::Foreign));
        assert_eq!(judged(&answer(&log(6), 7, &[], 9), &anchor), Err(LogFault::RolledBack));
        for i in 0..good.consistency.len() {
            assert_eq!(forged(&|p| p.consistency[i] = other), Err(LogFault::Rewritten));
        }
        assert_eq!(forged(&|p| p.consistency.clear()), Err(LogFault::Rewritten));
        for i in 0..good.segments[1].proof.len() {
            assert_eq!(forged(&|p| p.segments[1].proof[i] = other), Err(LogFault::NotHeld));
        }
        assert_eq!(forged(&|p| p.segments[1].log_index += 1), Err(LogFault::NotHeld));
        assert_eq!(forged(&|p| p.segments[1].received_ms = UtcMillis(0)), Err(LogFault::NotHeld));
        assert_eq!(forged(&|p| p.segments[1].first_seq = Seq(1)), Err(LogFault::NotHeld), "another segment's proof");
        assert_eq!(forged(&|p| p.segments[1].proof.truncate(1)), Err(LogFault::NotHeld));
        let mut rewritten = log(20);
        rewritten[3] = other;
        assert_eq!(judged(&answer(&rewritten, 7, &[], 9), &anchor), Err(LogFault::Rewritten));
        let mut same_size = log(7);
        same_size[3] = other;
        assert_eq!(judged(&answer(&same_size, 7, &[], 9), &anchor), Err(LogFault::Rewritten), "a log with two faces");
    }

    #[test]
    fn an_anchor_keeps_the_logs_line_and_what_else_there_is_room_for() {
        let mut proofs = answer(&log(3), 0, &[], 9);
        let mut note = Note::parse(&proofs.checkpoint).unwrap();
        for i in 0..60u8 {
            let line = NoteSignature { name: format!("w{i}.example"), id: 1, bytes: vec![i; 76] };
            note.signatures.insert(0, line);
        }
        proofs.checkpoint = note.to_string();
        let anchor = judged(&proofs, "").unwrap().unwrap().anchor;
        let lines = Note::parse(&anchor).unwrap().signatures.len();
        assert!(anchor.len() <= MAX_ANCHOR_BYTES && lines > 20, "{lines} lines in {} bytes", anchor.len());
        assert_eq!(open(&anchor, &key(9).1).unwrap().1, anchor);
    }
}

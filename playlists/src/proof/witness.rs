//! What a witness does: it vouches that a log only ever grew, as C2SP tlog-witness (c2sp.org/tlog-witness) has it.
//!
//! [`AddCheckpoint`] is the body of its one request. [`AddCheckpoint::judge`] decides on what is known of the log, and
//! touches nothing: whoever keeps the witness must have [`Seen`] on disk before the cosignature leaves, and let nothing
//! come between reading and keeping it.

use super::checkpoint::Checkpoint;
use super::note::{MAX_NOTE_BYTES, Note, NoteError, VerifierKey};
use super::tree::{EMPTY_ROOT, ProofFault, verify_consistency};
use crate::ids::Sha256Hash;
use crate::wire::sign::LogSigning;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt;

/// Most lines of a consistency proof.
pub const MAX_PROOF_LINES: usize = 63;
/// Most bytes of a request: a note, the proof's lines of 45 bytes, the line of the old size, and the empty one.
pub const MAX_REQUEST_BYTES: usize = MAX_NOTE_BYTES + MAX_PROOF_LINES * 45 + 26;
/// What the size in a refusal is called in `Content-Type`.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// What a log asks of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the newest checkpoint that the witness has cosigned, as the log believes.
    pub old: u64,
    /// Proof that the new tree begins with the old one.
    pub proof: Vec<Sha256Hash>,
    /// The new checkpoint, signed by the log.
    pub note: Note,
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", BASE64.encode(hash.0)))?;
        write!(f, "\n{}", self.note)
    }
}

/// The newest checkpoint that a witness has cosigned for a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Sha256Hash,
}

impl Default for Seen {
    /// Of a log that was never cosigned.
    fn default() -> Self {
        Self { size: 0, root: EMPTY_ROOT }
    }
}

impl From<&Checkpoint> for Seen {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self { size: checkpoint.size, root: checkpoint.root }
    }
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not the form.
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// No signed checkpoint.
    #[error("the checkpoint is malformed: {0}")]
    Checkpoint(NoteError),
    /// The old tree is larger than the new one.
    #[error("the old size is larger than the checkpoint's")]
    Backwards,
    /// This witness does not know the log.
    #[error("the log is not known to this witness; add its key to the witness's settings")]
    UnknownLog,
    /// No line of a key that is trusted for this log.
    #[error("the checkpoint is not signed by this log's key")]
    NotTheLogs(NoteError),
    /// The witness has cosigned another size.
    #[error("the witness has cosigned {0} entries")]
    Size(u64),
    /// Of the same size, the witness has cosigned another tree.
    #[error("the witness has cosigned another log of {0} entries: the log shows two faces")]
    Fork(u64),
    /// The new tree is not shown to begin with the old one.
    #[error("{0}")]
    Inconsistent(ProofFault),
}

impl Refusal {
    /// The status of HTTP that says so.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Checkpoint(_) | Self::Backwards => 400,
            Self::UnknownLog => 404,
            Self::NotTheLogs(_) => 403,
            Self::Size(_) | Self::Fork(_) => 409,
            Self::Inconsistent(_) => 422,
        }
    }
    /// The size that the answer must name.
    pub fn size(self) -> Option<u64> {
        match self {
            Self::Size(size) | Self::Fork(size) => Some(size),
            _ => None,
        }
    }
}

impl AddCheckpoint {
    /// Reads what [`AddCheckpoint`] prints, and nothing else.
    pub fn parse(body: &str) -> Result<Self, Refusal> {
        let bad = Refusal::Malformed;
        let (head, note) = body.split_once("\n\n").ok_or(bad("no empty line stands before the checkpoint"))?;
        let mut lines = head.split('\n');
        let digits = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(bad("no line \"old SIZE\""))?;
        let old: u64 = digits.parse().map_err(|_| bad("the old size is not a number"))?;
        if old.to_string() != digits {
            return Err(bad("the old size is not a plain number"));
        }
        let proof: Vec<Sha256Hash> =
            lines.map(proof_line).collect::<Option<_>>().ok_or(bad("a proof line is not base64 of 32 bytes"))?;
        if proof.len() > MAX_PROOF_LINES {
            return Err(bad("the proof has more than 63 lines"));
        }
        Ok(Self { old, proof, note: Note::parse(note).map_err(Refusal::Checkpoint)? })
    }

    /// The checkpoint, when one of `logs` has signed it; the name of a log's key is its origin, and a log may have
    /// several keys.
    pub fn open(&self, logs: &[VerifierKey<LogSigning>]) -> Result<Checkpoint, Refusal> {
        let checkpoint = Checkpoint::parse(&self.note.text).map_err(Refusal::Checkpoint)?;
        let mine = logs.iter().filter(|key| key.name() == checkpoint.origin);
        let opened = mine.map(|key| Checkpoint::open(&self.note, key)).reduce(Result::or);
        opened.ok_or(Refusal::UnknownLog)?.map_err(Refusal::NotTheLogs)
    }

    /// May `checkpoint`, which was opened, be cosigned by who has seen this of the log? What is to be kept before the
    /// cosignature is given.
    pub fn judge(&self, checkpoint: &Checkpoint, seen: Seen) -> Result<Seen, Refusal> {
        if self.old > checkpoint.size {
            return Err(Refusal::Backwards);
        }
        if self.old != seen.size {
            return Err(Refusal::Size(seen.size));
        }
        if checkpoint.size == seen.size && checkpoint.root != seen.root {
            return Err(Refusal::Fork(seen.size));
        }
        verify_consistency(seen.size, checkpoint.size, seen.root, checkpoint.root, &self.proof)
            .map_err(Refusal::Inconsistent)?;
        Ok(Seen::from(checkpoint))
    }
}

fn proof_line(line: &str) -> Option<Sha256Hash> {
    Some(Sha256Hash(BASE64.decode(line).ok()?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::note::cosign;
    use crate::proof::tree::{consistency, leaf_hash, root};
    use crate::wire::sign::{Cosigning, SigningKey};
    use proptest::prelude::*;

    fn key() -> (SigningKey<LogSigning>, VerifierKey<LogSigning>) {
        let key = SigningKey::from_seed(&[9; 32]);
        let name = VerifierKey::new("lichphat.example/log", key.verifying_key()).unwrap();
        (key, name)
    }

    /// A log whose leaves from `from` on are another story.
    fn leaves(n: u64, from: u64) -> Vec<Sha256Hash> {
        (0..n).map(|i| leaf_hash(&(if i < from { i } else { i + 1_000 }).to_be_bytes())).collect()
    }

    fn request(leaves: &[Sha256Hash], old: u64) -> AddCheckpoint {
        let ((key, name), size) = (key(), leaves.len() as u64);
        let (Ok(root), Ok(proof)) = (root(leaves, size), consistency(leaves, old.min(size), size));
        let checkpoint = Checkpoint { origin: name.name().into(), size, root, extensions: vec![] };
        AddCheckpoint { old, proof, note: checkpoint.sign(&name, &key) }
    }

    fn judged(request: &AddCheckpoint, seen: Seen) -> Result<Seen, Refusal> {
        let checkpoint = request.open(&[key().1])?;
        request.judge(&checkpoint, seen)
    }

    fn seen(leaves: &[Sha256Hash]) -> Seen {
        let Ok(root) = root(leaves, leaves.len() as u64);
        Seen { size: leaves.len() as u64, root }
    }

    #[test]
    fn the_request_of_the_specification_reads_back() {
        let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";
        let body = format!(
            "old 20852014\n{hash}\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
             5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n\
             example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
             \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        );
        let request = AddCheckpoint::parse(&body).unwrap();
        assert_eq!((request.old, request.proof.len()), (20_852_014, 4));
        assert_eq!(request.to_string(), body);
        assert_eq!(request.open(&[key().1]), Err(Refusal::UnknownLog));
    }

    #[test]
    fn each_refusal_has_the_status_of_the_specification() {
        let honest = leaves(9, 9);
        let good = request(&honest, 4);
        let known = seen(&honest[..4]);
        assert_eq!(judged(&good, known), Ok(seen(&honest)));

        let status = |request: &AddCheckpoint, seen| judged(request, seen).map_err(|r| (r.status(), r.size()));
        assert_eq!(status(&good, Seen::default()), Err((409, Some(0))), "the size that the witness knows is told");
        assert_eq!(status(&request(&honest[..3], 4), known), Err((400, None)));
        assert_eq!(status(&request(&honest[..4], 4), known), Ok(known), "the same again is cosigned again");
        assert_eq!(status(&request(&leaves(4, 2), 4), known), Err((409, Some(4))), "a fork of one size");
        assert_eq!(status(&request(&leaves(9, 2), 4), known), Err((422, None)), "a rewritten log");
        let mut longer = request(&honest, 0);
        longer.proof.push(EMPTY_ROOT);
        assert_eq!(status(&longer, Seen::default()), Err((422, None)), "nothing needs no proof");

        let mut forged = good.clone();
        forged.note.signatures[0].bytes[3] ^= 1;
        assert_eq!(status(&forged, known), Err((403, None)));
        let mut renamed = good.clone();
        renamed.note.text = renamed.note.text.replace("lichphat", "lichphot");
        assert_eq!(status(&renamed, known), Err((404, None)));
        for body in ["", "old 4\n", "old 04\n\n", "old -1\n\n", "new 4\n\n", "old 4\nAAAA\n\n", "old 4\n\nnhật ký\n"]
        {
            assert_eq!(AddCheckpoint::parse(body).map_err(Refusal::status), Err(400), "{body:?}");
        }
        let long = AddCheckpoint { proof: vec![EMPTY_ROOT; 64], ..good }.to_string();
        assert_eq!(AddCheckpoint::parse(&long), Err(Refusal::Malformed("the proof has more than 63 lines")));
    }

    #[test]
    fn lines_of_strangers_and_of_other_witnesses_change_nothing() {
        let honest = leaves(3, 3);
        let mut asked = request(&honest, 0);
        let other = SigningKey::<Cosigning>::from_seed(&[4; 32]);
        let name = VerifierKey::new("khac.example", other.verifying_key()).unwrap();
        asked.note.signatures.insert(0, cosign("another text\n", &name, &other, 1));
        let asked = AddCheckpoint::parse(&asked.to_string()).unwrap();
        assert_eq!(judged(&asked, Seen::default()), Ok(seen(&honest)));
    }

    proptest! {
        #[test]
        fn whoever_follows_the_judgement_never_sees_two_faces(steps in prop::collection::vec((1u64..30, 0u64..30, any::<bool>()), 1..20)) {
            let mut now = Seen::default();
            let mut cosigned: Vec<Seen> = vec![now];
            for (size, from, honest) in steps {
                let tree = leaves(size, if honest { size } else { from });
                if let Ok(next) = judged(&request(&tree, now.size), now) {
                    // every tree cosigned before is a beginning of this one
                    for before in &cosigned {
                        prop_assert_eq!(seen(&tree[..before.size as usize]), *before);
                    }
                    cosigned.push(next);
                    now = next;
                }
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic_and_what_is_taken_is_written_the_same(text in "(old [0-9]{1,3}\n){0,1}([A-Za-z0-9+/]{42}A=\n){0,3}\n{0,2}[a-z\n]{0,20}\n\n\u{2014} a [A-Za-z0-9+/]{8}\n") {
            if let Ok(request) = AddCheckpoint::parse(&text) {
                prop_assert_eq!(request.to_string(), text);
            }
        }
    }
}

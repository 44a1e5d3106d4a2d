//! What a leaf of the log is: a segment as it was signed, with the moment it arrived, a statement of the scheduler, or a
//! device's signed word on how far its records go, when they do not come.
//!
//! Bytes: `1`, the moment in ms since 1970 as 8 bytes big-endian, the segment's envelope; `2` and a statement as JSON; or
//! `3` and, like a segment, moment and envelope of a [`DeviceHead`](super::head::DeviceHead).

use super::note::VerifierKey;
use super::sample::{Drawn, Finding};
use super::tile::MAX_ENTRY_BYTES;
use crate::ids::{CampaignCode, DeviceId, Epoch, PermitHash, ScreenCode, Sha256Hash};
use crate::time::UtcMillis;
use crate::wire::permit::Withdrawn;
use crate::wire::sign::{Approving, Evidence, LogSigning, PlanSigning, Receipting, VerifyingKey};
use serde::{Deserialize, Serialize};

/// One leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A device's records.
    Segment {
        /// When they arrived, by the scheduler's clock.
        received: UtcMillis,
        /// The envelope: exactly what was signed and sent.
        envelope: Vec<u8>,
    },
    /// The scheduler's word on something records are judged by.
    Statement(Statement),
    /// A device's word on how far its records go.
    Head {
        /// When it arrived, by the scheduler's clock.
        received: UtcMillis,
        /// The envelope: exactly what was signed and sent.
        envelope: Vec<u8>,
    },
}

/// What the scheduler states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Statement {
    /// A player was registered, or begins a new epoch: from here on its key signs for its screen.
    Device {
        /// Its number.
        device: DeviceId,
        /// The epoch that begins.
        epoch: Epoch,
        /// The screen it stands at.
        screen: ScreenCode,
        /// Its evidence key.
        #[serde(with = "key_text")]
        key: Box<VerifyingKey<Evidence>>,
        /// When.
        at_ms: UtcMillis,
        /// Who allowed it.
        approval: Approval,
        /// True for the devices of a simulation.
        simulated: bool,
    },
    /// A player's word counts no longer from here on, or no longer for new plans.
    DeviceEnd {
        /// Its number.
        device: DeviceId,
        /// Why.
        why: DeviceEnd,
        /// The same in words.
        reason: String,
        /// When.
        at_ms: UtcMillis,
        /// Who said so.
        by: String,
    },
    /// A sample was drawn.
    Draw(Box<Drawn>),
    /// What an inspector found of a play that was drawn.
    Finding(Box<Finding>),
    /// From here on plans, receipts and approvals are signed with these.
    Keys {
        /// That of playlists.
        #[serde(with = "key_text")]
        plan: Box<VerifyingKey<PlanSigning>>,
        /// That of receipts.
        #[serde(with = "key_text")]
        receipt: Box<VerifyingKey<Receipting>>,
        /// That of permits, places and withdrawals.
        #[serde(with = "key_text")]
        approval: Box<VerifyingKey<Approving>>,
        /// When.
        at_ms: UtcMillis,
    },
    /// Something was put to people.
    Proposal {
        /// Its number.
        number: u32,
        /// The campaign.
        campaign: CampaignCode,
        /// What exactly: [`Permit::content`](crate::wire::permit::Permit::content).
        content: Sha256Hash,
        /// How many people have to say yes.
        people: u32,
        /// Who brought it: an account, or `shell` for whoever has the server's own.
        by: String,
        /// When.
        at_ms: UtcMillis,
    },
    /// Somebody said yes to it.
    Yes {
        /// Number of the proposal.
        number: u32,
        /// The campaign.
        campaign: CampaignCode,
        /// What he looked at: that of the proposal.
        content: Sha256Hash,
        /// Under which account; `shell` for whoever has the server's own.
        by: String,
        /// Number of the written decision he rests on; may be empty.
        decision: String,
        /// When.
        at_ms: UtcMillis,
    },
    /// Enough people have said yes to it: it may be shown from here on.
    Permit {
        /// The permit's name.
        permit: PermitHash,
        /// Number of the proposal they decided on.
        number: u32,
        /// The campaign.
        campaign: CampaignCode,
        /// When.
        at_ms: UtcMillis,
    },
    /// Something was taken back: it may not be shown any more.
    Withdrawal {
        /// What, and when.
        withdrawn: Withdrawn,
        /// Under which account; `shell` for whoever has the server's own.
        by: String,
        /// Why.
        reason: String,
    },
    /// The log begins anew here, over the entries before this one: those of a log that ended.
    Begun(Box<Begun>),
    /// Somebody did something that is not evidence by itself: gave a role, asked something of a screen, let a clip in.
    Act {
        /// When.
        at_ms: UtcMillis,
        /// Under which account; `shell` for whoever has the server's own.
        account: String,
        /// What, a stable word: `grant`, `approve`, `command`.
        act: String,
        /// On what, kind and code: `screen P00004-01`, `account lan`.
        on: String,
        /// What there is to say of it; no secret, and nobody's private matter: the log is read by anybody.
        detail: String,
    },
}

/// How a log came to begin over the entries of another. Its tree begins with the other's, so whoever keeps a checkpoint of that
/// one of no more than so many entries can still prove what has become of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// The log that ended: its key under its name.
    pub ended: VerifierKey<LogSigning>,
    /// Its last checkpoint that is known, a signed note; empty when it never had one.
    pub last: String,
    /// Entries that this log goes on from: those of the newest checkpoint of the ended one that is still held. What that one
    /// published beyond them is lost. None in statements from before this was said; see [`Begun::kept_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<u64>,
    /// Why it ended.
    pub reason: String,
    /// When.
    pub at_ms: UtcMillis,
    /// Who said so.
    pub by: String,
}

impl Begun {
    /// Entries of the ended log that this one has to show as they were, when this stands at `index`. Where it does not say,
    /// all before it: who claims a past and names no loss has none.
    pub fn kept_at(&self, index: u64) -> u64 {
        self.kept.unwrap_or(index)
    }
}

/// A person's word that a box may stand at a screen. Without one, whoever owns the scheduler could make players of his own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Under which account; `shell` for whoever has the server's own.
    pub by: String,
    /// When.
    pub at_ms: UtcMillis,
    /// How the box was known.
    pub introduction: Introduction,
}

/// How somebody knew which box it was that he let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Introduction {
    /// He carried a file to it.
    File,
    /// It showed a code, which he entered.
    Code,
    /// Its key stood in a list that he brought.
    List {
        /// SHA-256 of the list.
        sha256: Sha256Hash,
    },
}

/// The [`Statement::Act`] of whoever approved a list of boxes; it is done on `list SHA-256`.
pub const LISTING: &str = "list-boxes";
/// The [`Statement::Act`] of whoever took boxes off it again; done on `list SHA-256` of the file that names them.
pub const UNLISTING: &str = "unlist-boxes";

/// Why a player's time ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceEnd {
    /// Another box took its screen; what it played before still counts.
    Retired,
    /// Nothing of it is accepted any more.
    Revoked,
}

/// Why bytes are not a leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Neither kind.
    #[error("the entry is of a kind this version does not know")]
    Kind,
    /// Cut.
    #[error("the entry is cut")]
    Cut,
    /// Not the JSON of a statement.
    #[error("the entry is not a statement: {0}")]
    Statement(String),
}

const SEGMENT: u8 = 1;
const STATEMENT: u8 = 2;
const HEAD: u8 = 3;

/// The leaf of a segment: [`Entry::Segment`] without a copy of its own.
pub fn segment_leaf(received: UtcMillis, envelope: &[u8]) -> Vec<u8> {
    arrived(SEGMENT, received, envelope)
}

fn arrived(kind: u8, received: UtcMillis, envelope: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(9 + envelope.len());
    bytes.push(kind);
    bytes.extend_from_slice(&received.0.to_be_bytes());
    bytes.extend_from_slice(envelope);
    bytes
}

impl Entry {
    /// The leaf's bytes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Segment { received, envelope } => segment_leaf(*received, envelope),
            Self::Head { received, envelope } => arrived(HEAD, *received, envelope),
            Self::Statement(statement) => {
                let mut bytes = vec![STATEMENT];
                bytes.extend(serde_json::to_vec(statement).expect("plain data always encodes"));
                bytes
            }
        }
    }

    /// Reads what [`Entry::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        match bytes.split_first() {
            Some((&kind @ (SEGMENT | HEAD), rest)) => {
                let (received, envelope) = rest.split_first_chunk::<8>().ok_or(EntryError::Cut)?;
                let (received, envelope) = (UtcMillis(i64::from_be_bytes(*received)), envelope.to_vec());
                Ok(if kind == HEAD { Self::Head { received, envelope } } else { Self::Segment { received, envelope } })
            }
            Some((&STATEMENT, json)) => {
                serde_json::from_slice(json).map(Self::Statement).map_err(|e| EntryError::Statement(e.to_string()))
            }
            Some(_) => Err(EntryError::Kind),
            None => Err(EntryError::Cut),
        }
    }
}

/// The log can hold what a device may send.
const _: () = assert!(super::segment::MAX_SEALED_BYTES + 9 <= MAX_ENTRY_BYTES);

mod key_text {
    use crate::wire::sign::{Purpose, VerifyingKey};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<P: Purpose, S: Serializer>(
        key: &VerifyingKey<P>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&key.to_base64())
    }
    pub(super) fn deserialize<'de, P: Purpose, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Box<VerifyingKey<P>>, D::Error> {
        let text = String::deserialize(deserializer)?;
        VerifyingKey::from_base64(&text).map(Box::new).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::sign::SigningKey;
    use proptest::prelude::*;

    #[test]
    fn a_statement_reads_back_and_an_unknown_key_is_refused() {
        let statement = Entry::Statement(Statement::Device {
            device: DeviceId(3),
            epoch: Epoch(1),
            screen: ScreenCode::new("P00004-01").unwrap(),
            key: Box::new(SigningKey::from_seed(&[5; 32]).verifying_key()),
            at_ms: UtcMillis(5),
            approval: Approval { by: "lan".into(), at_ms: UtcMillis(4), introduction: Introduction::Code },
            simulated: false,
        });
        let bytes = statement.encode();
        assert_eq!(Entry::decode(&bytes), Ok(statement));
        let more = String::from_utf8(bytes).unwrap().replace("\"simulated\"", "\"more\":1,\"simulated\"");
        assert!(matches!(Entry::decode(more.as_bytes()), Err(EntryError::Statement(_))));
    }

    #[test]
    fn a_beginning_that_does_not_say_what_was_kept_reads_back_as_it_is_and_claims_all_before_it() {
        let key = SigningKey::<LogSigning>::from_seed(&[7; 32]).verifying_key();
        let ended = VerifierKey::new("lichphat.example/log", key).unwrap();
        let old =
            format!(r#"{{"kind":"begun","ended":"{ended}","last":"","reason":"a lost disk","at_ms":5,"by":"lan"}}"#);
        let bytes = [&[STATEMENT], old.as_bytes()].concat();
        let read = Entry::decode(&bytes).unwrap();
        assert_eq!(read.encode(), bytes, "its hash is in a log");
        let Entry::Statement(Statement::Begun(mut begun)) = read else { panic!() };
        assert_eq!((begun.kept, begun.kept_at(12)), (None, 12));
        begun.kept = Some(7);
        assert_eq!(begun.kept_at(12), 7);
        let new = Entry::Statement(Statement::Begun(begun));
        assert!(String::from_utf8(new.encode()).unwrap().contains(r#""kept":7"#));
        assert_eq!(Entry::decode(&new.encode()), Ok(new));
    }

    proptest! {
        #[test]
        fn what_devices_sign_reads_back_and_garbage_never_panics(received in any::<i64>(), envelope in prop::collection::vec(any::<u8>(), 0..60)) {
            let received = UtcMillis(received);
            for entry in [Entry::Segment { received, envelope: envelope.clone() }, Entry::Head { received, envelope: envelope.clone() }] {
                prop_assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
            }
            let _ = Entry::decode(&envelope);
        }
    }
}

//! A device's signed word on how far its records go: with it a tail that nobody handed on is missed.
//!
//! It travels with the heartbeat, apart from the records, and only when it says something new. What it names the device
//! has sealed and keeps until the log is proven to hold it.

use crate::ids::{DeviceId, Epoch, Seq, Sha256Hash};
use crate::time::UtcMillis;
use crate::wire::sign::{Envelope, Evidence, Heading, SignError, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

const LIMIT_BYTES: usize = 4096;

/// How far a device's records go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceHead {
    /// The device.
    pub device: DeviceId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Last record of its newest segment; 0 before the first.
    pub sealed: Seq,
    /// That segment, by the hash of its envelope; none before the first.
    pub segment: Option<Sha256Hash>,
    /// The newest checkpoint of the log that it has verified.
    pub seen: Option<Seen>,
    /// When it was said, by the device's wall clock.
    pub at_ms: UtcMillis,
}

/// A checkpoint of the log, without its signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: Sha256Hash,
}

impl DeviceHead {
    /// Signed bytes, by the secret of the evidence key for this purpose.
    pub fn seal(&self, key: &SigningKey<Evidence>) -> Envelope {
        let key = SigningKey::<Heading>::from_seed(&key.seed());
        Envelope::seal(&serde_json::to_vec(self).expect("plain data always encodes"), 1, &key)
    }

    /// Whose word it would be, unverified: only to find out whose key to ask for.
    pub fn claimed(envelope: &Envelope) -> Result<Self, SignError> {
        Self::read(&envelope.content_unverified(LIMIT_BYTES)?)
    }

    /// Checks the signature of the device with this evidence key, and the form.
    pub fn open(envelope: &Envelope, key: &VerifyingKey<Evidence>) -> Result<Self, SignError> {
        let key = VerifyingKey::<Heading>::from_bytes(&key.to_bytes())?;
        Self::read(&envelope.open(&key, LIMIT_BYTES)?)
    }

    fn read(json: &[u8]) -> Result<Self, SignError> {
        serde_json::from_slice(json).map_err(|_| SignError::BadContent { limit_bytes: LIMIT_BYTES })
    }

    /// Does it say what `other` says, whenever it was said?
    pub fn says_the_same(&self, other: &Self) -> bool {
        *self == Self { at_ms: self.at_ms, ..other.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_under_its_own_purpose_alone() {
        let key = SigningKey::<Evidence>::from_seed(&[5; 32]);
        let root = Sha256Hash::of(b"root");
        let head = DeviceHead {
            device: DeviceId(7),
            epoch: Epoch(1),
            sealed: Seq(128),
            segment: Some(Sha256Hash::of(b"segment")),
            seen: Some(Seen { size: 40, root }),
            at_ms: UtcMillis(5),
        };
        let sealed = head.seal(&key);
        assert!(sealed.as_bytes().len() < 300, "{} bytes", sealed.as_bytes().len());
        assert_eq!(DeviceHead::open(&sealed, &key.verifying_key()), Ok(head.clone()));
        assert_eq!(DeviceHead::claimed(&sealed), Ok(head.clone()));
        let json = serde_json::to_vec(&head).unwrap();
        let another_purpose = Envelope::seal(&json, 1, &key);
        assert_eq!(DeviceHead::open(&another_purpose, &key.verifying_key()), Err(SignError::BadSignature));
        assert!(head.says_the_same(&DeviceHead { at_ms: UtcMillis(9), ..head.clone() }));
        assert!(!head.says_the_same(&DeviceHead { seen: None, ..head.clone() }));
    }
}

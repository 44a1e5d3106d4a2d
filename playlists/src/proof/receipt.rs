//! The server's signed word that it holds a segment. A device keeps what it has no receipt for.

use crate::ids::{DeviceId, Epoch, Seq, Sha256Hash};
use crate::time::UtcMillis;
use crate::wire::sign::{Envelope, Receipting, SignError, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

const LIMIT_BYTES: usize = 4096;

/// What the server says it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The device.
    pub device: DeviceId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Everything up to this record is held. The device obeys it even when it is lower than what
    /// it thought: the server may have been restored from a backup.
    pub acked: Seq,
    /// Newest segment held, by the hash of its envelope; none when nothing is held.
    pub head: Option<Sha256Hash>,
    /// When it was said.
    pub at_ms: UtcMillis,
}

impl Receipt {
    /// Signed bytes.
    pub fn seal(&self, key: &SigningKey<Receipting>) -> Envelope {
        Envelope::seal(&serde_json::to_vec(self).expect("plain data always encodes"), 1, key)
    }
    /// Checks signature and form.
    pub fn open(envelope: &Envelope, key: &VerifyingKey<Receipting>) -> Result<Self, SignError> {
        let json = envelope.open(key, LIMIT_BYTES)?;
        serde_json::from_slice(&json).map_err(|_| SignError::BadContent { limit_bytes: LIMIT_BYTES })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_reads_back_and_a_forged_one_does_not() {
        let key = SigningKey::from_seed(&[3; 32]);
        let receipt = Receipt {
            device: DeviceId(1),
            epoch: Epoch(1),
            acked: Seq(64),
            head: Some(Sha256Hash::of(b"segment")),
            at_ms: UtcMillis(5),
        };
        let sealed = receipt.seal(&key);
        assert_eq!(Receipt::open(&sealed, &key.verifying_key()).unwrap(), receipt);
        let forged = receipt.seal(&SigningKey::from_seed(&[4; 32]));
        assert_eq!(Receipt::open(&forged, &key.verifying_key()), Err(SignError::BadSignature));
    }
}

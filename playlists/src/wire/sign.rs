//! Ed25519 keys that cannot be mistaken for each other, and the signed envelope.
//!
//! A key says in its type what it signs, and every signature covers a domain line first, so that
//! a signature made for one purpose is worthless for another. The signature covers the exact
//! bytes that are stored and sent (RFC 8032, strict verification).

use crate::ids::Sha256Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use ed25519_dalek::Signer as _;
use std::cell::RefCell;
use std::marker::PhantomData;
use zstd::bulk::{Compressor, Decompressor};

/// What a key signs.
pub trait Purpose: Send + Sync + 'static {
    /// The domain line in front of everything it signs.
    const DOMAIN: &'static str;
}

macro_rules! purpose {
    ($(#[$doc:meta])* $name:ident, $domain:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;
        impl Purpose for $name {
            const DOMAIN: &'static str = $domain;
        }
    };
}
purpose!(
    /// Playlist documents, by the scheduler.
    PlanSigning, "lichphat plan v1"
);
purpose!(
    /// Segments of play records, by a device.
    Evidence, "lichphat evidence v1"
);
purpose!(
    /// A device's word on how far its records go, with its evidence key.
    Heading, "lichphat head v1"
);
purpose!(
    /// That whoever registers a device holds its evidence key, with that key.
    Introducing, "lichphat introduction v1"
);
purpose!(
    /// Receipts for segments, by the scheduler.
    Receipting, "lichphat receipt v1"
);
purpose!(
    /// Bundles for auditors, by the scheduler, with its receipts' key.
    Packing, "lichphat bundle v1"
);
purpose!(
    /// What operators ask of a screen, by the scheduler.
    Commanding, "lichphat command v1"
);
purpose!(
    /// A device's answers to what was asked of it, with its evidence key.
    Answering, "lichphat answer v1"
);
purpose!(
    /// Versions of the player, by its makers; its private half is never on a scheduler.
    Releasing, "lichphat release v1"
);
purpose!(
    /// Checkpoints of the log, by the scheduler, as C2SP signed notes.
    LogSigning, "lichphat log v1"
);
purpose!(
    /// Cosignatures of logs' checkpoints, by a witness, as C2SP tlog-cosignature has them.
    Cosigning, "lichphat witness v1"
);
purpose!(
    /// What may be shown and where screens stand, by people; for now with a key that the scheduler holds for them.
    Approving, "lichphat approval v1"
);

/// Purposes whose signatures are those of C2SP's specifications, over text that says itself what it is: no domain line.
pub trait SignsNotes: Purpose {}
impl SignsNotes for LogSigning {}
impl SignsNotes for Cosigning {}

/// Why bytes are not what they claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Not 32 bytes of a curve point, or not base64.
    #[error("the key is not a valid Ed25519 key")]
    BadKey,
    /// Too short, wrong magic or a length that disagrees.
    #[error("the envelope is cut or not an envelope")]
    BadEnvelope,
    /// The signature does not match the bytes, this key and this purpose.
    #[error("the signature does not match")]
    BadSignature,
    /// Compressed content that is broken or larger than its limit.
    #[error("the compressed content is broken or larger than {limit_bytes} bytes")]
    BadContent {
        /// Most bytes it may unpack to.
        limit_bytes: usize,
    },
}

fn message<P: Purpose>(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(P::DOMAIN.len() + 1 + bytes.len());
    out.extend_from_slice(P::DOMAIN.as_bytes());
    out.push(0);
    out.extend_from_slice(bytes);
    out
}

/// A private key for one purpose.
pub struct SigningKey<P> {
    key: ed25519_dalek::SigningKey,
    purpose: PhantomData<P>,
}

impl<P: Purpose> SigningKey<P> {
    /// From 32 bytes of a strong random source.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self { key: ed25519_dalek::SigningKey::from_bytes(seed), purpose: PhantomData }
    }
    /// The 32 bytes it was made from; whoever has them can sign.
    pub fn seed(&self) -> [u8; 32] {
        self.key.to_bytes()
    }
    /// Its public half.
    pub fn verifying_key(&self) -> VerifyingKey<P> {
        VerifyingKey { key: self.key.verifying_key(), purpose: PhantomData }
    }
    /// 64 bytes over the purpose's domain line and `bytes`.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(&message::<P>(bytes)).to_bytes()
    }
}

impl<P: SignsNotes> SigningKey<P> {
    /// 64 bytes over exactly `text`.
    pub(crate) fn sign_note(&self, text: &[u8]) -> [u8; 64] {
        self.key.sign(text).to_bytes()
    }
}

impl<P: Purpose> std::fmt::Debug for SigningKey<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", P::DOMAIN)
    }
}

/// A public key for one purpose.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey<P> {
    key: ed25519_dalek::VerifyingKey,
    purpose: PhantomData<P>,
}

impl<P: Purpose> VerifyingKey<P> {
    /// From its 32 bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SignError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| SignError::BadKey)?;
        if key.is_weak() {
            return Err(SignError::BadKey);
        }
        Ok(Self { key, purpose: PhantomData })
    }
    /// From base64 as [`VerifyingKey::to_base64`] writes it.
    pub fn from_base64(text: &str) -> Result<Self, SignError> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| SignError::BadKey)?;
        Self::from_bytes(&bytes.try_into().map_err(|_| SignError::BadKey)?)
    }
    /// Its 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }
    /// 43 characters of base64 without padding.
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.key.to_bytes())
    }
    /// Strict check of a signature made by [`SigningKey::sign`].
    pub fn verify(&self, bytes: &[u8], signature: &[u8; 64]) -> Result<(), SignError> {
        self.key
            .verify_strict(&message::<P>(bytes), &ed25519_dalek::Signature::from_bytes(signature))
            .map_err(|_| SignError::BadSignature)
    }
}

impl<P: SignsNotes> VerifyingKey<P> {
    /// Strict check of a note's signature.
    pub(crate) fn verify_note(&self, text: &[u8], signature: &[u8; 64]) -> Result<(), SignError> {
        self.key
            .verify_strict(text, &ed25519_dalek::Signature::from_bytes(signature))
            .map_err(|_| SignError::BadSignature)
    }
}

impl<P: Purpose> std::fmt::Debug for VerifyingKey<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerifyingKey({}, {})", P::DOMAIN, self.to_base64())
    }
}

const MAGIC: &[u8; 4] = b"LPH1";

// To make zstd's working memory costs as much as to unpack a segment in it, so each thread keeps its own.
thread_local! {
    static PACKER: RefCell<Compressor<'static>> =
        RefCell::new(Compressor::new(1).expect("there is memory for a packer"));
    static UNPACKER: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::new().expect("there is memory for an unpacker"));
}

/// A zstd frame; the same of the same content, whatever was packed before.
fn pack(content: &[u8], level: i32) -> Vec<u8> {
    let packed = PACKER.with_borrow_mut(|packer| {
        packer.set_compression_level(level)?;
        packer.compress(content)
    });
    packed.expect("compressing in memory cannot fail")
}

/// Signed bytes as they are stored and sent: `LPH1`, 64 bytes of signature, then the zstd frame
/// the signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    bytes: Vec<u8>,
}

impl Envelope {
    /// Compresses `content` and signs the compressed bytes.
    pub fn seal<P: Purpose>(content: &[u8], level: i32, key: &SigningKey<P>) -> Self {
        let packed = pack(content, level);
        let mut bytes = Vec::with_capacity(4 + 64 + packed.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&key.sign(&packed));
        bytes.extend_from_slice(&packed);
        Self { bytes }
    }
    /// Bytes that came from outside; nothing is believed of them yet.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SignError> {
        if bytes.len() < 4 + 64 || &bytes[..4] != MAGIC {
            return Err(SignError::BadEnvelope);
        }
        Ok(Self { bytes })
    }
    /// The whole as stored and sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// The whole as stored and sent.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
    /// SHA-256 of the whole: the name of this document, its ETag, the link in a chain.
    pub fn hash(&self) -> Sha256Hash {
        Sha256Hash::of(&self.bytes)
    }
    /// Checks the signature.
    pub fn verify<P: Purpose>(&self, key: &VerifyingKey<P>) -> Result<(), SignError> {
        let signature: [u8; 64] = self.bytes[4..68].try_into().map_err(|_| SignError::BadEnvelope)?;
        key.verify(&self.bytes[68..], &signature)
    }
    /// Checks the signature, then unpacks at most `limit_bytes`.
    pub fn open<P: Purpose>(&self, key: &VerifyingKey<P>, limit_bytes: usize) -> Result<Vec<u8>, SignError> {
        self.verify(key)?;
        self.content_unverified(limit_bytes)
    }
    /// Unpacks at most `limit_bytes` without checking who signed: only to find out whose key to ask for.
    pub fn content_unverified(&self, limit_bytes: usize) -> Result<Vec<u8>, SignError> {
        let frame = &self.bytes[68..];
        let said = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten().and_then(|n| usize::try_from(n).ok());
        let room = said.unwrap_or(limit_bytes).min(limit_bytes);
        let unpacked = UNPACKER.with_borrow_mut(|unpacker| unpacker.decompress(frame, room));
        unpacked.map_err(|_| SignError::BadContent { limit_bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SigningKey<PlanSigning> {
        SigningKey::from_seed(&[7; 32])
    }

    #[test]
    fn a_key_of_another_purpose_verifies_nothing() {
        let evidence = SigningKey::<Evidence>::from_seed(&[7; 32]);
        let sealed = Envelope::seal(b"plan", 3, &evidence);
        assert_eq!(sealed.open(&key().verifying_key(), 100), Err(SignError::BadSignature));
        assert_eq!(sealed.open(&evidence.verifying_key(), 100).unwrap(), b"plan");
    }

    #[test]
    fn a_bomb_is_refused_before_it_unpacks() {
        let sealed = Envelope::seal(&vec![0; 10_000_000], 3, &key());
        assert!(sealed.as_bytes().len() < 2_000);
        assert_eq!(sealed.open(&key().verifying_key(), 1 << 20), Err(SignError::BadContent { limit_bytes: 1 << 20 }));
    }

    proptest! {
        #[test]
        fn what_was_packed_before_leaves_no_trace(
            contents in prop::collection::vec((prop::collection::vec(0u8..9, 0..3_000), 1i32..20), 1..6),
        ) {
            for (content, level) in contents {
                let packed = pack(&content, level);
                prop_assert_eq!(&packed, &zstd::bulk::compress(&content, level).unwrap());
                let sealed = Envelope::seal(&content, level, &key());
                prop_assert_eq!(sealed.content_unverified(3_000).unwrap(), content);
            }
        }

        #[test]
        fn every_flipped_byte_is_noticed(content in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let sealed = Envelope::seal(&content, 3, &key());
            prop_assert_eq!(sealed.open(&key().verifying_key(), 1000).unwrap(), content);
            let mut bytes = sealed.into_bytes();
            let i = at.index(bytes.len());
            bytes[i] ^= 1 << bit;
            let opened = Envelope::from_bytes(bytes).and_then(|e| e.open(&key().verifying_key(), 1000));
            prop_assert!(opened.is_err());
        }

        #[test]
        fn garbage_is_refused_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Envelope::from_bytes(bytes).and_then(|e| e.open(&key().verifying_key(), 1000)).is_err());
        }
    }
}

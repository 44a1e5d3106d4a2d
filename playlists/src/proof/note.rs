//! Signed notes: text under one or more signatures, as C2SP signed-note (c2sp.org/signed-note) has them, with plain
//! Ed25519 signatures and the timestamped cosignatures of c2sp.org/tlog-cosignature.
//!
//! A line by a key that nobody asked for is ignored; one by a known key must hold.

use crate::ids::Sha256Hash;
use crate::wire::sign::{Cosigning, LogSigning, SigningKey, SignsNotes, VerifyingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt;

/// Most bytes of a note.
pub const MAX_NOTE_BYTES: usize = 64 * 1024;
/// Most signature lines of a note.
const MAX_SIGNATURES: usize = 64;

/// Why a text is not a note, or not one of this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the form.
    #[error("it is not a signed note: {0}")]
    Malformed(&'static str),
    /// Not a key's text.
    #[error("it is not a verifier key of the form NAME+ID+KEY: {0}")]
    BadKey(&'static str),
    /// No line by this key.
    #[error("it bears no signature of that key")]
    NotSigned,
    /// A line by this key that does not hold.
    #[error("the signature does not match the text")]
    BadSignature,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Its id.
    pub id: u32,
    /// What follows the id: 64 bytes, or a timestamp and 64 bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Display for NoteSignature {
    /// The line, with its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.bytes);
        writeln!(f, "\u{2014} {} {}", self.name, BASE64.encode(bytes))
    }
}

impl NoteSignature {
    /// Reads one line, without its newline.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Malformed("a signature line is not — NAME BASE64");
        let (name, text) = line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' ')).ok_or(bad)?;
        if !is_name(name) {
            return Err(bad);
        }
        let bytes = BASE64.decode(text).map_err(|_| bad)?;
        let (id, bytes) = bytes.split_first_chunk::<4>().ok_or(bad)?;
        if bytes.is_empty() {
            return Err(bad);
        }
        Ok(Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
    }
}

/// A key's name: not empty, without spaces and plus signs.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// A text and the lines below it. Nothing is believed of it before a known key has been asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, with its last newline.
    pub text: String,
    /// The signature lines.
    pub signatures: Vec<NoteSignature>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| line.fmt(f))
    }
}

impl Note {
    /// Reads a note's form.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Malformed;
        if note.len() > MAX_NOTE_BYTES {
            return Err(bad("it is longer than 64 KiB"));
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(bad("it holds a control character"));
        }
        let end = note.rfind("\n\n").ok_or(bad("no empty line stands before the signatures"))?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(bad("its last line does not end"))?;
        let signatures: Vec<_> = lines.split('\n').map(NoteSignature::parse).collect::<Result<_, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(bad("it bears too many signatures"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Checks the plain signature of `key`.
    pub fn verify(&self, key: &VerifierKey<LogSigning>) -> Result<(), NoteError> {
        let line = self.line_of(key).ok_or(NoteError::NotSigned)?;
        let signature = line.bytes.as_slice().try_into().map_err(|_| NoteError::BadSignature)?;
        key.key.verify_note(self.text.as_bytes(), signature).map_err(|_| NoteError::BadSignature)
    }

    /// Checks the cosignature of `key` and says when it was made, seconds since 1970.
    pub fn cosigned(&self, key: &VerifierKey<Cosigning>) -> Result<u64, NoteError> {
        let line = self.line_of(key).ok_or(NoteError::NotSigned)?;
        let (time, signature) = line.bytes.split_first_chunk::<8>().ok_or(NoteError::BadSignature)?;
        let time_s = u64::from_be_bytes(*time);
        let signature = signature.try_into().map_err(|_| NoteError::BadSignature)?;
        let text = cosigned_text(time_s, &self.text);
        key.key.verify_note(text.as_bytes(), signature).map_err(|_| NoteError::BadSignature)?;
        Ok(time_s)
    }

    fn line_of<P: SignsNotes>(&self, key: &VerifierKey<P>) -> Option<&NoteSignature> {
        self.signatures.iter().find(|line| line.name == key.name && line.id == key.id)
    }
}

fn cosigned_text(time_s: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

/// How a purpose's keys are written in a verifier key.
pub trait NoteKey: SignsNotes {
    /// The signature type byte.
    const TYPE: u8;
}
impl NoteKey for LogSigning {
    const TYPE: u8 = 0x01;
}
impl NoteKey for Cosigning {
    const TYPE: u8 = 0x04;
}

/// A public key with its name: `NAME+ID+KEY`, the form in which logs and witnesses are written down.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey<P> {
    name: String,
    id: u32,
    key: VerifyingKey<P>,
}

impl<P: NoteKey> VerifierKey<P> {
    /// The key under a name; none when the name is empty or holds spaces or plus signs.
    pub fn new(name: impl Into<String>, key: VerifyingKey<P>) -> Option<Self> {
        let name = name.into();
        is_name(&name).then(|| Self { id: key_id::<P>(&name, &key), name, key })
    }
    /// Its name: of a log, the origin.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The key itself.
    pub fn key(&self) -> &VerifyingKey<P> {
        &self.key
    }
}

fn key_id<P: NoteKey>(name: &str, key: &VerifyingKey<P>) -> u32 {
    let mut bytes = format!("{name}\n").into_bytes();
    bytes.push(P::TYPE);
    bytes.extend_from_slice(&key.to_bytes());
    let [a, b, c, d, ..] = Sha256Hash::of(&bytes).0;
    u32::from_be_bytes([a, b, c, d])
}

impl<P: NoteKey> fmt::Display for VerifierKey<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![P::TYPE];
        bytes.extend_from_slice(&self.key.to_bytes());
        write!(f, "{}+{:08x}+{}", self.name, self.id, BASE64.encode(bytes))
    }
}

impl<P: NoteKey> fmt::Debug for VerifierKey<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl<P: NoteKey> std::str::FromStr for VerifierKey<P> {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let bad = NoteError::BadKey;
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("a part is missing"));
        };
        let bytes = BASE64.decode(key).map_err(|_| bad("the key is not base64"))?;
        let (kind, bytes) = bytes.split_first().ok_or(bad("the key is empty"))?;
        if *kind != P::TYPE {
            return Err(bad("the key is of another kind: a log's has type 1, a witness's type 4"));
        }
        let bytes = bytes.try_into().map_err(|_| bad("the key has not 32 bytes"))?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| bad("the key is not an Ed25519 key"))?;
        let made = Self::new(name, key).ok_or(bad("the name is empty or holds spaces"))?;
        if id.len() != 8 || u32::from_str_radix(id, 16) != Ok(made.id) {
            return Err(bad("the id is not that of name and key"));
        }
        Ok(made)
    }
}

impl<P: NoteKey> serde::Serialize for VerifierKey<P> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, P: NoteKey> serde::Deserialize<'de> for VerifierKey<P> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Signs `text`, which ends with a newline, under `name`.
pub fn sign(text: &str, name: &VerifierKey<LogSigning>, key: &SigningKey<LogSigning>) -> NoteSignature {
    NoteSignature { name: name.name.clone(), id: name.id, bytes: key.sign_note(text.as_bytes()).to_vec() }
}

/// Cosigns a checkpoint's text as of `time_s`, seconds since 1970.
pub fn cosign(text: &str, name: &VerifierKey<Cosigning>, key: &SigningKey<Cosigning>, time_s: u64) -> NoteSignature {
    let mut bytes = time_s.to_be_bytes().to_vec();
    bytes.extend_from_slice(&key.sign_note(cosigned_text(time_s, text).as_bytes()));
    NoteSignature { name: name.name.clone(), id: name.id, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log() -> (SigningKey<LogSigning>, VerifierKey<LogSigning>) {
        let key = SigningKey::from_seed(&[1; 32]);
        let name = VerifierKey::new("lichphat.example/log", key.verifying_key()).unwrap();
        (key, name)
    }
    fn witness() -> (SigningKey<Cosigning>, VerifierKey<Cosigning>) {
        let key = SigningKey::from_seed(&[2; 32]);
        let name = VerifierKey::new("thanh-tra.example", key.verifying_key()).unwrap();
        (key, name)
    }

    const TEXT: &str = "lichphat.example/log\n3\nAAAA\n";

    #[test]
    fn a_note_reads_back_and_lines_of_strangers_are_ignored() {
        let ((key, name), (witness_key, witness)) = (log(), witness());
        let stranger = NoteSignature { name: "ai-do.example".into(), id: 7, bytes: vec![1, 2, 3] };
        let signatures = vec![stranger, sign(TEXT, &name, &key), cosign(TEXT, &witness, &witness_key, 1_763_600_000)];
        let note = Note::parse(&Note { text: TEXT.into(), signatures }.to_string()).unwrap();
        assert_eq!(note.verify(&name), Ok(()));
        assert_eq!(note.cosigned(&witness), Ok(1_763_600_000));
        let other = VerifierKey::new("khac.example", *name.key()).unwrap();
        assert_eq!(note.verify(&other), Err(NoteError::NotSigned));
        let altered = Note { text: TEXT.replace('3', "4"), ..note };
        assert_eq!(altered.verify(&name), Err(NoteError::BadSignature));
        assert_eq!(altered.cosigned(&witness), Err(NoteError::BadSignature));
    }

    #[test]
    fn keys_read_back_and_those_of_another_kind_do_not() {
        let ((_, name), (_, witness)) = (log(), witness());
        assert_eq!(name.to_string().parse(), Ok(name.clone()));
        assert!(matches!(witness.to_string().parse::<VerifierKey<LogSigning>>(), Err(NoteError::BadKey(_))));
        let renamed = name.to_string().replace("lichphat", "lichphot");
        assert_eq!(
            renamed.parse::<VerifierKey<LogSigning>>(),
            Err(NoteError::BadKey("the id is not that of name and key"))
        );
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_the_same(text in "[a-z\n]{0,20}\n\n(\u{2014} [a-z]{1,5} [A-Za-z0-9+/]{8}\n){0,3}") {
            if let Ok(note) = Note::parse(&text) {
                prop_assert_eq!(note.to_string(), text);
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>()) {
            let _ = Note::parse(&text);
            let _ = text.parse::<VerifierKey<Cosigning>>();
        }
    }
}

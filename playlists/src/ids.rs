//! Identities: one newtype per thing that is counted, named or signed.
//!
//! Codes are short printable names that people type and read (`P00004`, `ihanoi-2024`); numbers
//! are given out by the server. A play is `(device, epoch, seq)`, forever.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {value:?}: {problem}; use 1 to 64 of a-z A-Z 0-9 . _ -")]
pub struct CodeError {
    /// What the text was meant to be, for example `screen`.
    pub kind: &'static str,
    /// The text as given, cut to 80 characters.
    pub value: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

fn check_code(kind: &'static str, value: &str) -> Result<(), CodeError> {
    let problem = if value.is_empty() {
        "is empty"
    } else if value.len() > 64 {
        "is longer than 64 characters"
    } else if value.starts_with('.') || value.contains("..") {
        "looks like a path"
    } else if !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        "has a character that a code cannot hold"
    } else {
        return Ok(());
    };
    Err(CodeError { kind, value: value.chars().take(80).collect(), problem })
}

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);
        impl $name {
            /// Checks the text: 1 to 64 of `a-z A-Z 0-9 . _ -`, nothing that looks like a path.
            pub fn new(value: impl Into<String>) -> Result<Self, CodeError> {
                let value = value.into();
                check_code($kind, &value)?;
                Ok(Self(value))
            }
            /// The code as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = CodeError;
            fn try_from(value: String) -> Result<Self, CodeError> {
                Self::new(value)
            }
        }
        impl std::str::FromStr for $name {
            type Err = CodeError;
            fn from_str(value: &str) -> Result<Self, CodeError> {
                Self::new(value)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

code!(
    /// A body in the city's tree: city, department, ward, corporation, school.
    UnitCode, "unit"
);
code!(
    /// A place where people look.
    ScreenCode, "screen"
);
code!(
    /// What a directive, a unit or a contract wants played.
    CampaignCode, "campaign"
);
code!(
    /// An order: its own code, apart from the number printed on it.
    DirectiveCode, "directive"
);
code!(
    /// A kind of place with its own hours and peaks: `public_office`, `bus`, `airport`.
    VenueType, "venue type"
);

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $int:ty) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $int);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// One thing asked of one device, numbered by the server; only ever goes up.
    CommandId, u64
);
number!(
    /// One installed player, numbered by the server at registration, from 1.
    DeviceId, u32
);
number!(
    /// Life of a device's evidence counter, given by the server at registration or re-image, from 1.
    Epoch, u32
);
number!(
    /// Number of a record inside (device, epoch), from 1, without holes, across boots.
    Seq, u64
);
number!(
    /// Number of a start of the device's operating system or player; only a field, never an identity.
    BootId, u32
);
number!(
    /// Version of the plan of one (screen, day), from 1; only ever goes up.
    PlanVersion, u32
);

/// SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Hash(pub [u8; 32]);

impl Sha256Hash {
    /// Hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).into())
    }
    /// 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}
impl fmt::Debug for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}
impl fmt::Display for Sha256Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}
impl std::str::FromStr for Sha256Hash {
    type Err = CodeError;
    fn from_str(value: &str) -> Result<Self, CodeError> {
        let error = || CodeError {
            kind: "SHA-256",
            value: value.chars().take(80).collect(),
            problem: "is not 64 hexadecimal digits",
        };
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(value, &mut bytes).map_err(|_| error())?;
        Ok(Self(bytes))
    }
}
impl Serialize for Sha256Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.hex())
        } else {
            self.0.serialize(serializer)
        }
    }
}
impl<'de> Deserialize<'de> for Sha256Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

/// A media file, named by its bytes.
pub type MediaHash = Sha256Hash;
/// A published plan, named by the signed bytes of its playlist document.
pub type PlanHash = Sha256Hash;
/// A decision on what may be shown, named by its signed bytes.
pub type PermitHash = Sha256Hash;
/// Where a screen stands, named by its signed bytes.
pub type PlaceHash = Sha256Hash;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_is_wrong_and_how_to_mend_it() {
        for bad in ["", "a/b", "..", ".hidden", "Ba Đình", "a..b"] {
            let error = ScreenCode::new(bad).unwrap_err().to_string();
            assert!(error.contains("screen") && error.contains("use 1 to 64"), "{error}");
        }
        assert_eq!(ScreenCode::new("P00004-01").unwrap().as_str(), "P00004-01");
    }

    #[test]
    fn a_hash_reads_back_what_it_writes() {
        let hash = Sha256Hash::of(b"iHanoi");
        assert_eq!(hash.hex().parse::<Sha256Hash>().unwrap(), hash);
        assert_eq!(serde_json::from_str::<Sha256Hash>(&serde_json::to_string(&hash).unwrap()).unwrap(), hash);
    }
}

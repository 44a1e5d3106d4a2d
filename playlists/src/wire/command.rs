//! What an operator asks of a screen, and the screen's signed answer.
//!
//! A command is signed by the scheduler for one device and expires, so that nobody in between can make a screen do
//! things. Its number only ever goes up: a device does each number once and never a lower one again, whatever its clock
//! shows. The answer is signed with the device's evidence key, for a purpose of its own.

use crate::ids::{CommandId, DeviceId, Epoch, ScreenCode};
use crate::proof::record::DisplayLevel;
use crate::time::UtcMillis;
use crate::wire::sign::{Answering, Commanding, Envelope, SignError, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Most bytes of a command.
const COMMAND_LIMIT_BYTES: usize = 16 * 1024;
/// Most bytes of an answer, unpacked.
pub const ANSWER_LIMIT_BYTES: usize = 512 * 1024;
/// Most bytes of a screenshot.
pub const PICTURE_LIMIT_BYTES: usize = 256 * 1024;
/// Most lines, and most bytes, of a log's tail.
pub const LOG_LIMIT: (u32, usize) = (500, 64 * 1024);
/// How long identify stands on the screen, ms.
pub const IDENTIFY_MS: u32 = 30_000;
/// How long a challenge's code stands on the screen, ms.
pub const CHALLENGE_MS: u32 = 60_000;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// What does the screen show?
    Screenshot,
    /// Stop in order and start again.
    Restart,
    /// Show large which screen it is.
    Identify {
        /// The screen's name.
        name: String,
    },
    /// Turn the sound down to this part of what the place's rule allows, until told otherwise.
    Volume {
        /// Per cent, 0 to 100.
        percent: u8,
    },
    /// The last lines of the player's log.
    Log {
        /// At most so many.
        lines: u32,
    },
    /// Show a code that an inspector photographs.
    Challenge {
        /// 32 hexadecimal digits of the scheduler's chance.
        nonce: String,
    },
}

impl Ask {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Screenshot => "screenshot",
            Self::Restart => "restart",
            Self::Identify { .. } => "identify",
            Self::Volume { .. } => "volume",
            Self::Log { .. } => "log",
            Self::Challenge { .. } => "challenge",
        }
    }
}

/// A signed question to one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Its number; only ever goes up, over all devices and restorations of the scheduler.
    pub id: CommandId,
    /// Whom it is for.
    pub device: DeviceId,
    /// Of this epoch only.
    pub epoch: Epoch,
    /// The screen it stands at.
    pub screen: ScreenCode,
    /// When somebody asked.
    pub asked_ms: UtcMillis,
    /// Not to be done after this.
    pub expires_ms: UtcMillis,
    /// What.
    pub ask: Ask,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// Done; there is nothing to show for it.
    Done,
    /// What the screen showed.
    Picture {
        /// JPEG, base64.
        jpeg: String,
    },
    /// The last lines of the log, oldest first.
    Log {
        /// One after another.
        text: String,
    },
    /// It was put on the screen.
    Shown(Shown),
    /// It could not be done: a stable cause, `no-picture`, `too-soon`, `interrupted`, `not-remembered`, `superseded`.
    Failed {
        /// The cause.
        cause: String,
    },
    /// It came too late.
    Expired,
}

/// Words that stood on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// From then.
    pub from_ms: UtcMillis,
    /// Until then, when nothing came in its place.
    pub until_ms: UtcMillis,
    /// What was known of the panel when it began.
    pub display: DisplayLevel,
    /// For a challenge: the device's own chance, and the code that both give.
    pub challenge: Option<Challenge>,
}

/// How a code came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// The scheduler's chance, as asked.
    pub nonce: String,
    /// The device's own, 32 hexadecimal digits: nobody knows the code before it is on the screen.
    pub salt: String,
    /// What was to be read.
    pub code: String,
}

/// A device's signed answer to a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The command's number.
    pub id: CommandId,
    /// Who answers.
    pub device: DeviceId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its wall clock.
    pub at_ms: UtcMillis,
    /// What became of it.
    pub outcome: Outcome,
}

impl Command {
    /// Signed bytes.
    pub fn seal(&self, key: &SigningKey<Commanding>) -> Envelope {
        Envelope::seal(&serde_json::to_vec(self).expect("plain data always encodes"), 1, key)
    }
    /// Checks signature and form.
    pub fn open(envelope: &Envelope, key: &VerifyingKey<Commanding>) -> Result<Self, SignError> {
        let json = envelope.open(key, COMMAND_LIMIT_BYTES)?;
        serde_json::from_slice(&json).map_err(|_| SignError::BadContent { limit_bytes: COMMAND_LIMIT_BYTES })
    }
}

impl Answer {
    /// Signed bytes.
    pub fn seal(&self, key: &SigningKey<Answering>) -> Envelope {
        Envelope::seal(&serde_json::to_vec(self).expect("plain data always encodes"), 3, key)
    }
    /// Checks signature and form.
    pub fn open(envelope: &Envelope, key: &VerifyingKey<Answering>) -> Result<Self, SignError> {
        let json = envelope.open(key, ANSWER_LIMIT_BYTES)?;
        serde_json::from_slice(&json).map_err(|_| SignError::BadContent { limit_bytes: ANSWER_LIMIT_BYTES })
    }
}

/// 32 signs that are not taken for each other: no 0 and O, no 1 and I.
pub const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Eight signs in two groups, `K7QM-4XHD`, from the first 40 bits of `bytes`.
pub fn code_of(bytes: &[u8]) -> String {
    let bits = bytes.iter().take(5).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    let sign = |n: u32| char::from(SIGNS[(bits >> (35 - 5 * n) & 31) as usize]);
    let groups = [0..4, 4..8].map(|group| group.map(sign).collect::<String>());
    groups.join("-")
}

/// The code of a challenge: whoever knows both chances can reckon it, and nobody before the device has told its own.
pub fn challenge_code(nonce: &str, salt: &str, device: DeviceId, screen: &ScreenCode) -> String {
    let text = format!("lichphat challenge v1\n{nonce}\n{salt}\n{device}\n{screen}\n");
    code_of(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(ask: Ask) -> Command {
        Command {
            id: CommandId(7),
            device: DeviceId(1),
            epoch: Epoch(1),
            screen: ScreenCode::new("S1").unwrap(),
            asked_ms: UtcMillis(1),
            expires_ms: UtcMillis(2),
            ask,
        }
    }

    #[test]
    fn a_command_reads_back_and_no_other_key_or_purpose_can_give_one() {
        let key = SigningKey::from_seed(&[3; 32]);
        for ask in [Ask::Restart, Ask::Volume { percent: 40 }, Ask::Identify { name: "Sảnh".into() }] {
            let sealed = command(ask.clone()).seal(&key);
            assert_eq!(Command::open(&sealed, &key.verifying_key()).unwrap().ask, ask);
        }
        let forged = command(Ask::Restart).seal(&SigningKey::from_seed(&[4; 32]));
        assert_eq!(Command::open(&forged, &key.verifying_key()), Err(SignError::BadSignature));
        // the same secret for another purpose gives no command
        let other = SigningKey::<Answering>::from_seed(&[3; 32]);
        let json = serde_json::to_vec(&command(Ask::Restart)).unwrap();
        let crossed = Envelope::seal(&json, 1, &other);
        assert_eq!(Command::open(&crossed, &key.verifying_key()), Err(SignError::BadSignature));
        for text in [r#"{"volume":{"percent":300}}"#, r#"{"volume":{"percent":3,"for":1}}"#, r#""reboot""#] {
            assert!(serde_json::from_str::<Ask>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_code_is_eight_plain_signs_and_every_part_of_it_matters() {
        assert_eq!(code_of(&[0; 5]), "2222-2222");
        assert_eq!(code_of(&[0xff; 32]), "ZZZZ-ZZZZ");
        assert_eq!(code_of(&[0, 0, 0, 0, 1]), "2222-2223");
        let (one, two) = (ScreenCode::new("S1").unwrap(), ScreenCode::new("S2").unwrap());
        let code = challenge_code("aa", "bb", DeviceId(1), &one);
        assert_eq!(code, challenge_code("aa", "bb", DeviceId(1), &one));
        for other in [
            challenge_code("ab", "bb", DeviceId(1), &one),
            challenge_code("aa", "bc", DeviceId(1), &one),
            challenge_code("aa", "bb", DeviceId(2), &one),
            challenge_code("aa", "bb", DeviceId(1), &two),
        ] {
            assert_ne!(code, other);
        }
    }
}

//! A new version of the player, as its makers sign it, and how a device stands to such versions.
//!
//! The key that signs releases is never on the scheduler: it can pass releases on or hold them back, and make none. Serials
//! only ever go up, so an old manifest that is shown again is refused; who wants an older version back signs its bytes
//! under a new serial.

use crate::ids::{DeviceId, Sha256Hash};
use crate::time::UtcMillis;
use crate::wire::sign::{Envelope, Releasing, SignError, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

/// Most bytes of a manifest, unpacked.
const LIMIT_BYTES: usize = 16 * 1024;
/// Largest player, bytes.
pub const MOST_BYTES: u64 = 512 << 20;
/// A whole fleet, in thousandths.
pub const WHOLE_FLEET: u16 = 1_000;

/// A version of the player for one architecture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// From 1; only ever goes up.
    pub serial: u32,
    /// The version in words, `0.2.0`.
    pub version: String,
    /// Machines it runs on, as Rust names them: `x86_64`, `aarch64`.
    pub arch: String,
    /// SHA-256 of the program.
    pub file: Sha256Hash,
    /// Its length, bytes.
    pub size_bytes: u64,
    /// Only devices that run this serial or a later one may take it; 0 = every one.
    pub least: u32,
    /// Thousandths of the fleet that may have it at most, 1 to 1,000.
    pub permille: u16,
    /// Not to be started before this.
    pub not_before_ms: UtcMillis,
}

/// Why a manifest is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// Signature or envelope.
    #[error("release: {0}")]
    Sign(#[from] SignError),
    /// Not this form.
    #[error("release: {0}")]
    Form(String),
    /// A value outside its range.
    #[error("release: {field} = {value}: {mend}")]
    Value {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What to use.
        mend: &'static str,
    },
}

impl Release {
    /// Signs it; a release that no device would take is refused.
    pub fn seal(&self, key: &SigningKey<Releasing>) -> Result<Envelope, ReleaseError> {
        self.check()?;
        let json = serde_json::to_vec(self).map_err(|e| ReleaseError::Form(e.to_string()))?;
        Ok(Envelope::seal(&json, 3, key))
    }
    /// Opens what was signed with `key`.
    pub fn open(envelope: &Envelope, key: &VerifyingKey<Releasing>) -> Result<Self, ReleaseError> {
        Self::read(&envelope.open(key, LIMIT_BYTES)?)
    }
    /// What a manifest says, whoever signed it: only for those who pass it on.
    pub fn unverified(envelope: &Envelope) -> Result<Self, ReleaseError> {
        Self::read(&envelope.content_unverified(LIMIT_BYTES)?)
    }
    fn read(json: &[u8]) -> Result<Self, ReleaseError> {
        let release: Self = serde_json::from_slice(json).map_err(|e| ReleaseError::Form(e.to_string()))?;
        release.check()?;
        Ok(release)
    }

    fn check(&self) -> Result<(), ReleaseError> {
        let word = |text: &str| {
            (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+~-".contains(&b))
        };
        let rules = [
            ("serial", self.serial.to_string(), self.serial > 0, "use 1 or more"),
            ("version", self.version.clone(), word(&self.version), "write it as 0.2.0"),
            ("arch", self.arch.clone(), word(&self.arch), "write it as x86_64 or aarch64"),
            (
                "size_bytes",
                self.size_bytes.to_string(),
                (1..=MOST_BYTES).contains(&self.size_bytes),
                "use 1 to 512 MiB",
            ),
            ("least", self.least.to_string(), self.least < self.serial, "use less than the serial"),
            ("permille", self.permille.to_string(), (1..=WHOLE_FLEET).contains(&self.permille), "use 1 to 1000"),
        ];
        match rules.into_iter().find(|(_, _, holds, _)| !holds) {
            Some((field, value, _, mend)) => Err(ReleaseError::Value { field, value, mend }),
            None => Ok(()),
        }
    }

    /// May this device have it when it is given to the first `permille` thousandths of the fleet?
    pub fn reaches(&self, device: DeviceId, permille: u16) -> bool {
        bucket(self.serial, device) < permille.min(self.permille)
    }
}

/// Where a device stands in the order of a release, 0 to 999: another one for each release, so that not always the same
/// screens go first.
pub fn bucket(serial: u32, device: DeviceId) -> u16 {
    let hash = Sha256Hash::of(format!("lichphat release {serial} {device}").as_bytes());
    (u32::from_le_bytes([hash.0[0], hash.0[1], hash.0[2], hash.0[3]]) % u32::from(WHOLE_FLEET)) as u16
}

/// How a device stands to releases, told with each heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Its architecture.
    pub arch: String,
    /// The release it has found good and runs or would go back to; 0 = what its package installed.
    pub serial: u32,
    /// The release that is on trial, or about to be.
    pub trial: Option<u32>,
    /// The last release it went back from.
    pub failed: Option<Failed>,
}

impl Standing {
    /// The newest release it has tried; it takes only later ones.
    pub fn newest(&self) -> u32 {
        self.serial.max(self.trial.unwrap_or(0)).max(self.failed.as_ref().map_or(0, |f| f.serial))
    }
}

/// A release that did not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    /// Which.
    pub serial: u32,
    /// A stable cause: `crashed`, `not-well`, `corrupt`.
    pub cause: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::sign::PlanSigning;

    fn release() -> Release {
        Release {
            serial: 7,
            version: "0.2.0".into(),
            arch: "x86_64".into(),
            file: Sha256Hash::of(b"player"),
            size_bytes: 6,
            least: 0,
            permille: 1000,
            not_before_ms: UtcMillis(0),
        }
    }

    #[test]
    fn only_the_release_key_makes_releases_and_senseless_ones_are_named() {
        let key = SigningKey::<Releasing>::from_seed(&[7; 32]);
        let sealed = release().seal(&key).unwrap();
        assert_eq!(Release::open(&sealed, &key.verifying_key()).unwrap(), release());
        let plan = SigningKey::<PlanSigning>::from_seed(&[7; 32]);
        let forged = Envelope::seal(&serde_json::to_vec(&release()).unwrap(), 3, &plan);
        let refused = Release::open(&forged, &key.verifying_key());
        assert_eq!(
            refused.unwrap_err(),
            ReleaseError::Sign(SignError::BadSignature),
            "the scheduler's key does not do"
        );
        for (bad, field) in [
            (Release { serial: 0, ..release() }, "serial"),
            (Release { version: "0.2\n".into(), ..release() }, "version"),
            (Release { arch: String::new(), ..release() }, "arch"),
            (Release { size_bytes: 0, ..release() }, "size_bytes"),
            (Release { least: 7, ..release() }, "least"),
            (Release { permille: 1001, ..release() }, "permille"),
        ] {
            assert!(matches!(bad.seal(&key), Err(ReleaseError::Value { field: f, .. }) if f == field), "{field}");
        }
    }

    #[test]
    fn the_first_hundredth_is_a_hundredth_and_another_one_for_each_release() {
        let first = |serial| (1..=100_000).filter(|&d| bucket(serial, DeviceId(d)) < 10).collect::<Vec<u32>>();
        let (one, two) = (first(1), first(2));
        assert!((800..1200).contains(&one.len()), "{}", one.len());
        assert!(one.iter().filter(|d| two.contains(d)).count() < 40, "chance would have 10 in both");
        let capped = Release { permille: 10, ..release() };
        assert!((1..=5_000).all(|d| capped.reaches(DeviceId(d), 1000) == (bucket(7, DeviceId(d)) < 10)));
    }
}

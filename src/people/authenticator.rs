//! The second factor: six digits of an authenticator (RFC 6238), good once.

use super::error::PeopleError;
use super::model::AccountCode;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::UtcMillis;
use qrcode::QrCode;
use qrcode::render::svg;
use sha2::Sha256;
use totp_rs::{Builder, Totp};

/// What an authenticator app and the server both know. It follows from a key outside the database and a seed in it: who reads
/// one of them alone knows nothing.
pub struct Authenticator(Totp);

impl Authenticator {
    /// That of a seed.
    pub(super) fn of(key: &[u8; 32], seed: Sha256Hash) -> Result<Self, PeopleError> {
        let failed = |error: &dyn std::fmt::Display| PeopleError::Internal(error.to_string());
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|e| failed(&e))?;
        mac.update(b"lichphat authenticator v1\n");
        mac.update(&seed.0);
        let secret = mac.finalize().into_bytes()[..20].to_vec(); // what apps take: 160 bits, SHA-1, 30 s
        Ok(Self(Builder::new().with_secret(secret).build().map_err(|e| failed(&e))?))
    }

    /// Which code this is, when it is one of now and newer than the last that was used. A clock half a minute off is forgiven.
    pub(super) fn step(&self, digits: &str, now: UtcMillis, last: u64) -> Option<u64> {
        let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
        self.0.check(&digits, now.0.max(0).unsigned_abs() / 1000).filter(|step| *step > last)
    }

    /// The six digits at a moment.
    pub fn digits(&self, at: UtcMillis) -> String {
        self.0.generate(at.0.max(0).unsigned_abs() / 1000).to_string()
    }

    /// What is typed where there is no camera, in groups of four.
    pub fn secret(&self) -> String {
        let text = self.0.secret().to_base32();
        let letters: Vec<char> = text.trim_end_matches('=').chars().collect();
        letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
    }

    /// The picture that the app reads.
    pub fn picture(&self, account: Option<&AccountCode>) -> Result<String, PeopleError> {
        let secret = self.secret().replace(' ', "");
        let whose = account.map_or_else(String::new, |account| format!(":{account}"));
        let url = format!("otpauth://totp/lichphat{whose}?secret={secret}&issuer=lichphat");
        let code = QrCode::new(url).map_err(|error| PeopleError::Internal(error.to_string()))?;
        let drawn = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
        Ok(drawn.split_once("?>").map_or(drawn.as_str(), |(_, svg)| svg).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once_and_for_a_minute_and_a_half() {
        let it = Authenticator::of(&[7; 32], Sha256Hash::of(b"seed")).unwrap();
        let now = UtcMillis(1_780_000_010_000);
        let digits = it.digits(now);
        let step = it.step(&digits, now, 0).unwrap();
        assert_eq!(step, 1_780_000_010 / 30);
        assert_eq!(it.step(&digits, now, step), None, "it was used");
        for (off_ms, good) in [(-30_000, true), (30_000, true), (-60_000, false), (90_000, false)] {
            assert_eq!(it.step(&digits, now.plus_ms(off_ms), 0).is_some(), good, "{off_ms}");
        }
        assert_eq!(it.step(&format!(" {} {} ", &digits[..3], &digits[3..]), now, 0), Some(step));
        for bad in ["", "12345", "abcdef", "１２３４５６", "1234567"] {
            assert_eq!(it.step(bad, now, 0), None, "{bad}");
        }
        let other = Authenticator::of(&[8; 32], Sha256Hash::of(b"seed")).unwrap();
        assert_ne!(other.secret(), it.secret(), "the database alone says nothing");
        let picture = it.picture(AccountCode::new("lan").ok().as_ref()).unwrap();
        assert!(picture.trim_start().starts_with("<svg") && !picture.contains("style="), "{picture}");
    }
}

//! A bare box shows a code, and whoever may let boxes in enters it: from then on the box may register itself at that screen.
//!
//! The first half of a code finds the box, the second is held against its hash: five wrong ones and the code is over, so
//! guessing a box whose first half one sees has five tries in a million; who guesses among all boxes is told to wait. What the
//! box asks with is another secret, its claim, and is also the one-time token it registers with, good for its own key alone.
//! Strangers may ask for codes: there is room for so many at a time, in all and from one network, and a box that asks
//! again takes no more of it; one that has registered gives its place back.

use super::{Approved, Device, DeviceKeys, Fleet, FleetError, Way};
use crate::certs::devices::CertificateRequest;
use crate::directory::{Directory, ScreenKind};
use crate::people::AccountCode;
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::proof::entry::Introduction;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::command::{SIGNS, code_of};
use lichphat_playlists::wire::device::{PairingOffer, PairingRequest, PairingState, Provisioning};
use std::net::IpAddr;
use subtle::ConstantTimeEq as _;

/// How long a code is good, ms; and how long a box whose code was entered has to register.
pub const CODE_LIFE_MS: i64 = 10 * 60_000;
/// Wrong second halves after which a code is over.
pub const TRIES: u32 = 5;
/// Wrong codes of one account within [`CODE_LIFE_MS`].
pub const MISSES: u32 = 20;
/// Codes that are open at a time, in all and for boxes of one network.
pub const MOST_OPEN: [u32; 2] = [1_024, 32];
/// Seconds between two questions of a box.
const POLL_S: u32 = 3;
/// Signs of a code's first half.
const HALF: usize = 4;

/// A code as it is typed, in its plain signs: blanks, dashes and small letters are what people make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingCode(String);

impl PairingCode {
    /// None when it cannot be a code.
    pub fn read(typed: &str) -> Option<Self> {
        let plain: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(9).collect();
        let plain = plain.to_ascii_uppercase();
        (plain.len() == 2 * HALF && plain.bytes().all(|sign| SIGNS.contains(&sign))).then_some(Self(plain))
    }
    /// By which its box is found.
    pub fn first_half(&self) -> &str {
        &self.0[..HALF]
    }
    /// What is kept of it.
    pub fn hash(&self) -> Sha256Hash {
        Sha256Hash::of(self.0.as_bytes())
    }
    /// Is it the one that this is the hash of? It takes as long whatever the answer is.
    pub fn is(&self, kept: Sha256Hash) -> bool {
        self.hash().0.ct_eq(&kept.0).into()
    }
}

/// A box that asks for a code.
#[derive(Debug, Clone)]
pub struct NewPairing {
    /// First half of the code.
    pub first_half: String,
    /// Hash of the code.
    pub code_hash: Sha256Hash,
    /// Hash of its claim.
    pub claim_hash: Sha256Hash,
    /// SHA-256 of the public key it proved to have.
    pub fingerprint: Sha256Hash,
    /// Where it asks from; none within this process.
    pub network: Option<IpAddr>,
    /// Now.
    pub at: UtcMillis,
}

/// What became of asking for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is shown.
    Shown,
    /// Another box shows one that begins like it: draw again.
    Taken,
    /// There is no room.
    Full,
}

/// Somebody entered a code.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// The code.
    pub code: PairingCode,
    /// Where the box will stand.
    pub screen: ScreenCode,
    /// Who says so.
    pub approved: Approved,
}

/// What a box is told when it is let in, and what its code says of this scheduler.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// The way to it.
    pub way: Way,
    /// What the box will believe.
    pub keys: DeviceKeys,
    /// Where the people's door is, `https://bang-dien-tu.example:8087`.
    pub people: String,
}

impl Fleet {
    /// A code for a box that asks from `network`.
    pub async fn offer(
        &self,
        request: &PairingRequest,
        network: Option<IpAddr>,
        welcome: &Welcome,
    ) -> Result<PairingOffer, FleetError> {
        let asked = CertificateRequest::read(&request.csr).ok_or(FleetError::BadRequest)?;
        for _ in 0..8 {
            let mut chance = [0; 5];
            self.rng.fill(&mut chance);
            let code = PairingCode(code_of(&chance).replace('-', ""));
            let (claim, claim_hash) = self.secret();
            let new = NewPairing {
                first_half: code.first_half().to_owned(),
                code_hash: code.hash(),
                claim_hash,
                fingerprint: asked.fingerprint(),
                network,
                at: self.clock.now(),
            };
            match self.store.open_pairing(new).await? {
                Opened::Taken => continue,
                Opened::Full => break,
                Opened::Shown => {}
            }
            let people = welcome.people.trim_end_matches('/');
            let server_name = people.split("://").last().and_then(|host| host.rsplit_once(':'));
            return Ok(PairingOffer {
                url: format!("{people}/pairing?code={}", code.0),
                code: code.0,
                claim,
                server_name: server_name.map_or(people, |(host, _)| host).to_owned(),
                expires_in_s: (CODE_LIFE_MS / 1000) as u32,
                poll_s: POLL_S,
            });
        }
        Err(FleetError::NoRoomForCodes)
    }

    /// What has become of the code of whoever has this claim.
    pub async fn claimed(&self, claim: &str, welcome: &Welcome) -> Result<PairingState, FleetError> {
        let hash = Sha256Hash::of(claim.as_bytes());
        let screen = self.store.pairing(hash, self.clock.now()).await?.ok_or(FleetError::NotFound)?;
        Ok(screen.map_or(PairingState::Waiting, |screen| {
            PairingState::Confirmed(Box::new(self.file(screen, claim.to_owned(), &welcome.way, &welcome.keys)))
        }))
    }

    /// Lets the box that shows this code stand at a managed screen; the screen's earlier box goes when it registers.
    pub async fn confirm(
        &self,
        code: &str,
        screen: &ScreenCode,
        directory: &Directory,
        by: &AccountCode,
    ) -> Result<(), FleetError> {
        managed(directory, screen)?;
        let code = PairingCode::read(code).ok_or(FleetError::NoCode)?;
        let approved = Approved { by: by.clone(), at: self.clock.now(), introduction: Introduction::Code };
        self.store.confirm(Confirmation { code, screen: screen.clone(), approved }).await
    }

    /// The provisioning file with this token.
    pub(super) fn file(&self, screen: ScreenCode, token: String, way: &Way, keys: &DeviceKeys) -> Provisioning {
        let Way { server, pairing, authority } = way.clone();
        let DeviceKeys { plan_key, approval_key, receipt_key, log_key } = keys.clone();
        let command_key = self.key.verifying_key().to_base64();
        Provisioning {
            server,
            pairing,
            authority,
            screen,
            plan_key,
            approval_key,
            receipt_key,
            command_key,
            log_key,
            token,
        }
    }

    /// From now on nothing of a device is accepted: it keeps its screen playing what it holds, and gets nothing more.
    pub async fn revoke(&self, which: Which, why: &str, by: &AccountCode) -> Result<Device, FleetError> {
        let why = why.trim();
        if !(1..=200).contains(&why.chars().count()) || why.chars().any(char::is_control) {
            return Err(FleetError::NoReason);
        }
        self.store.revoke(which, why.to_owned(), by.clone(), self.clock.now()).await
    }
}

/// Which device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// That of this number.
    Device(lichphat_playlists::ids::DeviceId),
    /// The one that stands there.
    At(ScreenCode),
}

/// A screen where a player of ours may stand.
pub fn managed(directory: &Directory, screen: &ScreenCode) -> Result<(), FleetError> {
    let known = directory.screen(screen).is_some_and(|screen| screen.kind == ScreenKind::Managed);
    if known { Ok(()) } else { Err(FleetError::NoSuchScreen(screen.clone())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = PairingCode::read("k7qm-4xhd").unwrap();
        assert_eq!(code, PairingCode::read(" K7QM 4XHD\n").unwrap());
        assert_eq!(code.first_half(), "K7QM");
        assert!(code.is(code.hash()) && !code.is(PairingCode::read("K7QM4XHE").unwrap().hash()));
        for none in ["", "K7QM4XH", "K7QM4XHDD", "K7QM4XH0", "K7QM4XHĐ"] {
            assert_eq!(PairingCode::read(none), None, "{none}");
        }
    }
}

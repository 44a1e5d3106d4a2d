//! What device and scheduler say to each other over HTTP, beside documents and segments.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /device/v1/register` [`Register`] | [`Registered`]; 403 when the token is unknown, used or expired |
//! | `POST /device/v1/pairing` [`PairingRequest`] | [`PairingOffer`]: a code for the screen; 429 as many as there may be at a time: later |
//! | `GET /device/v1/pairing` | [`PairingState`], with `Authorization: Pairing <claim>`; 404: the code is over, ask anew |
//! | `POST /device/v1/certificate` [`Renewal`] | [`Renewed`]; the one request for which an expired certificate is good |
//! | `GET /device/v1/index` | [`PlaylistIndex`](super::v1::PlaylistIndex), with ETag |
//! | `GET /device/v1/plans/{hash}` | the signed playlist of the device's own screen |
//! | `GET /device/v1/assets/{hash}` | the asset table |
//! | `GET /device/v1/approvals/{hash}` | a signed [`Document`](super::permit::Document): what a plan rests on, or what was taken back |
//! | `GET /device/v1/media/{hash}` | the bytes, with `Range` |
//! | `GET /device/v1/receipt` | the newest signed receipt |
//! | `POST /device/v1/segments` an envelope | the newest signed receipt, whatever became of the segment; 403 signature, 422 form, 429 as many as a day takes: the rest tomorrow |
//! | `POST /device/v1/proofs` [`ProofsAsked`](super::proofs::ProofsAsked) | [`Proofs`](super::proofs::Proofs), compressed; 404 while there is no checkpoint |
//! | `POST /device/v1/heartbeat` [`Heartbeat`] | [`HeartbeatAnswer`]; 403 signature of its head, 422 form |
//! | `POST /device/v1/answers` an envelope | 204: the device's signed [`Answer`](super::command::Answer); 403 signature, 404 command |
//! | `GET /device/v1/events` | server-sent events: `playlist` at once and at every change: look at the index; `command`: something is asked, say a heartbeat |
//!
//! All but the first three are asked with the device's certificate: in the TLS handshake, or, in the clear behind a reverse
//! proxy that has seen it there, as RFC 9440's `Client-Cert`. 401 [`CERTIFICATE_EXPIRED`]: renew it, then ask again.
//! Errors are RFC 9457 problems.

use super::health::Health;
use super::release::Standing;
use super::sign::{Evidence, Introducing, LogSigning, SignError, SigningKey, VerifyingKey};
use crate::ids::{BootId, DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use crate::proof::note::VerifierKey;
use crate::time::UtcMillis;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

/// Kind of the problem whose mend is a [`Renewal`].
pub const CERTIFICATE_EXPIRED: &str = "certificate-expired";

/// What an operator carries to a new player: one file, usable once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provisioning {
    /// Where players come in, `https://bang-dien-tu.example:8088`.
    pub server: String,
    /// Where a box is registered, `https://bang-dien-tu.example:8089`; empty: where players come in.
    pub pairing: String,
    /// Who has to have signed the scheduler's certificate, PEM; empty: whomever the player's machine trusts.
    pub authority: String,
    /// The screen the player will stand at.
    pub screen: ScreenCode,
    /// Public key that playlists must be signed with, base64.
    pub plan_key: String,
    /// Public key that permits, places and withdrawals must be signed with, base64.
    pub approval_key: String,
    /// Public key that receipts must be signed with, base64.
    pub receipt_key: String,
    /// Public key that commands must be signed with, base64.
    pub command_key: String,
    /// Key of the log that will hold its records.
    pub log_key: VerifierKey<LogSigning>,
    /// One-time token, hexadecimal.
    pub token: String,
}

/// A box without an identity would like to be somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairingRequest {
    /// Name and version of its software.
    pub software: String,
    /// Request for a certificate (PKCS #10, DER, base64): it names the box by the key it proves to have.
    pub csr: String,
}

/// A code that the box shows until somebody enters it at the scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairingOffer {
    /// Eight of [`SIGNS`](super::command::SIGNS), `K7QM4XHD`; good once.
    pub code: String,
    /// What only this box knows, for asking whether the code was entered; hexadecimal.
    pub claim: String,
    /// Where the QR code leads: the page that takes the code.
    pub url: String,
    /// Whom the box will belong to, as people know the scheduler.
    pub server_name: String,
    /// Seconds until the code is over.
    pub expires_in_s: u32,
    /// Seconds between two questions.
    pub poll_s: u32,
}

/// What has become of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PairingState {
    /// Nobody has entered it yet.
    Waiting,
    /// Somebody has: register with this.
    Confirmed(Box<Provisioning>),
}

/// A new device introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// One-time token.
    pub token: String,
    /// The evidence key it made, base64.
    pub public_key: String,
    /// Request for a certificate (PKCS #10, DER, base64), signed with a P-256 key of its own; only the key of it is heeded.
    pub csr: String,
    /// Signature over token and request with the evidence key, base64: that key is public in the log.
    pub proof: String,
    /// Name and version of its software.
    pub software: String,
    /// True for a simulated device.
    pub simulated: bool,
}

impl Register {
    /// The introduction of whoever holds the evidence key.
    pub fn new(
        token: String,
        evidence: &SigningKey<Evidence>,
        csr: String,
        software: impl Into<String>,
        simulated: bool,
    ) -> Self {
        let proof = SigningKey::<Introducing>::from_seed(&evidence.seed()).sign(&proven(&token, &csr));
        let public_key = evidence.verifying_key().to_base64();
        Self { token, public_key, csr, proof: BASE64.encode(proof), software: software.into(), simulated }
    }

    /// The evidence key; an error when the sender does not prove to hold it.
    pub fn key(&self) -> Result<VerifyingKey<Evidence>, SignError> {
        let proof = BASE64.decode(&self.proof).map_err(|_| SignError::BadSignature)?;
        let proof = proof.try_into().map_err(|_| SignError::BadSignature)?;
        let key = VerifyingKey::<Introducing>::from_base64(&self.public_key)?;
        key.verify(&proven(&self.token, &self.csr), &proof)?;
        VerifyingKey::from_bytes(&key.to_bytes())
    }
}

/// What the proof is over: the hashes of token and request.
fn proven(token: &str, csr: &str) -> Vec<u8> {
    [Sha256Hash::of(token.as_bytes()).0, Sha256Hash::of(csr.as_bytes()).0].concat()
}

/// Who the device is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registered {
    /// Its number.
    pub device: DeviceId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its screen.
    pub screen: ScreenCode,
    /// Its certificate, PEM.
    pub certificate: String,
    /// Scheduler's wall clock: what was due before is not this device's to answer for.
    pub at_ms: UtcMillis,
}

/// A device would like a new certificate, over the one it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// As in [`Register`].
    pub csr: String,
}

/// Its new certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewed {
    /// PEM.
    pub certificate: String,
}

/// How the device is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Device's wall clock.
    pub at_ms: UtcMillis,
    /// Boot.
    pub boot: BootId,
    /// Drawn by chance at each start of the player: two that alternate are two boxes with one identity.
    pub run: String,
    /// Last record written.
    pub last_seq: Seq,
    /// Last record the server is known to hold.
    pub acked_seq: Seq,
    /// The device's signed [`DeviceHead`](crate::proof::head::DeviceHead), base64; none while it says what the last one said.
    pub head: Option<String>,
    /// How its box is.
    pub health: Health,
    /// How it stands to releases; none when it takes none.
    pub release: Option<Standing>,
    /// Media of the horizon that are not on disk yet.
    pub media_missing: u32,
    /// Last faults, newest last, each in one line; at most 8.
    pub faults: Vec<String>,
}

/// What the scheduler says back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatAnswer {
    /// Scheduler's wall clock.
    pub at_ms: UtcMillis,
    /// ETag of the device's index now.
    pub index: String,
    /// What is asked of it and not answered yet, in order of number: signed [`Command`](super::command::Command)s, base64.
    pub commands: Vec<String>,
    /// Is it time to renew the certificate? The scheduler's clock decides: the device's may be wrong.
    pub renew: bool,
    /// The signed [`Release`](super::release::Release) that the device should have, base64; its program is fetched like media.
    pub release: Option<String>,
}

/// An error as RFC 9457 has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code, `token-used`.
    #[serde(rename = "type")]
    pub kind: String,
    /// One sentence.
    pub title: String,
    /// Field, value and mend.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Problem {
    /// Both sentences.
    pub fn words(&self) -> String {
        if self.detail.is_empty() { self.title.clone() } else { format!("{}: {}", self.title, self.detail) }
    }
}

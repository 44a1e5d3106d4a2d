//! Who this device is: its evidence key, made here and never leaving, and what the scheduler gave it
//! at registration. A registered device never registers again.

pub mod credentials;
pub mod pairing;
pub mod store;

use crate::ports::{Request, Transport, TransportError};
use bytes::Bytes;
use credentials::Credentials;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode};
use lichphat_playlists::ports::Rng;
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::device::{Problem, Provisioning, Register, Registered, Renewal, Renewed};
use lichphat_playlists::wire::sign::{
    Approving, Commanding, Evidence, LogSigning, PlanSigning, Receipting, SignError, SigningKey, VerifyingKey,
};
use std::path::PathBuf;
use std::sync::Arc;

/// Name and version as the scheduler sees it.
pub const SOFTWARE: &str = concat!("lichphat-player ", env!("CARGO_PKG_VERSION"));

/// Why the device has no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The scheduler refuses the token.
    #[error(
        "the scheduler refuses to register this device ({status}): {why}; make a new provisioning file with `lichphat device add --screen {screen}`"
    )]
    Refused {
        /// HTTP status.
        status: u16,
        /// In its words.
        why: String,
        /// The screen of the provisioning file.
        screen: ScreenCode,
    },
    /// The answer is not what was agreed.
    #[error("the scheduler's answer to the registration makes no sense: {0}")]
    Answer(String),
    /// A TLS key or a certificate that is none.
    #[error("this device's TLS key and certificate: {0}")]
    Certificate(String),
    /// The scheduler issues no other certificate.
    #[error("the scheduler does not renew this device's certificate ({status}): {why}")]
    NotRenewed {
        /// HTTP status.
        status: u16,
        /// In its words.
        why: String,
    },
    /// The scheduler does not pair, or not as agreed.
    #[error("the scheduler does not pair this device: {0}")]
    Pairing(String),
    /// A key in the provisioning file.
    #[error("{field} in the provisioning file: {error}; make a new file with `lichphat device add`")]
    Key {
        /// The field.
        field: &'static str,
        /// What is wrong.
        error: SignError,
    },
    /// A file.
    #[error("{path}: {problem}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong and how to mend it.
        problem: String,
    },
}

impl IdentityError {
    /// May the same question be answered a little later? There was no answer, or whoever gives it is busy or being started anew, or
    /// something on the way says so in its place.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Transport(_) | Self::Refused { status: 408 | 429 | 500.., .. })
    }
}

/// Who this device is.
#[derive(Debug)]
pub struct Identity {
    /// Where the scheduler is, `https://bang-dien-tu.example:8088`.
    pub server: String,
    /// Who has to have signed its certificate, PEM; empty: whomever this machine trusts.
    pub authority: String,
    /// Its number.
    pub device: DeviceId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its screen.
    pub screen: ScreenCode,
    /// What it shows the scheduler.
    pub credentials: Arc<Credentials>,
    /// When it was registered, by the scheduler's clock.
    pub since: UtcMillis,
    /// What playlists must be signed with.
    pub plan_key: VerifyingKey<PlanSigning>,
    /// What permits, places and withdrawals must be signed with.
    pub approval_key: VerifyingKey<Approving>,
    /// What receipts must be signed with.
    pub receipt_key: VerifyingKey<Receipting>,
    /// What commands must be signed with.
    pub command_key: VerifyingKey<Commanding>,
    /// The log that must hold its records.
    pub log_key: VerifierKey<LogSigning>,
    /// What it signs its records with.
    pub evidence: SigningKey<Evidence>,
    /// True for a simulated device.
    pub simulated: bool,
}

impl Identity {
    /// Same device, same keys: the evidence key is copied.
    pub(crate) fn evidence_copy(&self) -> SigningKey<Evidence> {
        SigningKey::from_seed(&self.evidence.seed())
    }
}

/// A new evidence key.
pub fn make_key(rng: &dyn Rng) -> SigningKey<Evidence> {
    let mut seed = [0u8; 32];
    rng.fill(&mut seed);
    SigningKey::from_seed(&seed)
}

/// Introduces the device to the scheduler with its one-time token.
pub async fn register(
    transport: &dyn Transport,
    provisioning: &Provisioning,
    evidence: SigningKey<Evidence>,
    credentials: Arc<Credentials>,
    simulated: bool,
) -> Result<Identity, IdentityError> {
    let key = |field, error| IdentityError::Key { field, error };
    let plan_key = VerifyingKey::from_base64(&provisioning.plan_key).map_err(|e| key("plan_key", e))?;
    let approval_key = VerifyingKey::from_base64(&provisioning.approval_key).map_err(|e| key("approval_key", e))?;
    let receipt_key = VerifyingKey::from_base64(&provisioning.receipt_key).map_err(|e| key("receipt_key", e))?;
    let command_key = VerifyingKey::from_base64(&provisioning.command_key).map_err(|e| key("command_key", e))?;
    let body = Register::new(provisioning.token.clone(), &evidence, credentials.request()?, SOFTWARE, simulated);
    let json = serde_json::to_vec(&body).expect("plain data always encodes");
    let bytes = match ask(transport, "/device/v1/register", json).await? {
        Ok(bytes) => bytes,
        Err((status, why)) => return Err(IdentityError::Refused { status, why, screen: provisioning.screen.clone() }),
    };
    let answer: Registered = serde_json::from_slice(&bytes).map_err(|e| IdentityError::Answer(e.to_string()))?;
    if answer.screen != provisioning.screen {
        let problem =
            format!("it speaks of screen {}, the provisioning file of {}", answer.screen, provisioning.screen);
        return Err(IdentityError::Answer(problem));
    }
    credentials.take(&answer.certificate)?;
    Ok(Identity {
        authority: provisioning.authority.clone(),
        server: provisioning.server.clone(),
        device: answer.device,
        epoch: answer.epoch,
        screen: answer.screen,
        credentials,
        since: answer.at_ms,
        plan_key,
        approval_key,
        receipt_key,
        command_key,
        log_key: provisioning.log_key.clone(),
        evidence,
        simulated,
    })
}

/// Asks for a new certificate over the one that is shown, and keeps it.
pub async fn renew(transport: &dyn Transport, credentials: &Credentials) -> Result<(), IdentityError> {
    let body = Renewal { csr: credentials.request()? };
    let json = serde_json::to_vec(&body).expect("plain data always encodes");
    let bytes = ask(transport, "/device/v1/certificate", json).await?;
    let bytes = bytes.map_err(|(status, why)| IdentityError::NotRenewed { status, why })?;
    let answer: Renewed = serde_json::from_slice(&bytes).map_err(|e| IdentityError::Certificate(e.to_string()))?;
    credentials.take(&answer.certificate)
}

/// The answer's body, or its status and why the scheduler refuses, in its words.
async fn ask(
    transport: &dyn Transport,
    path: &str,
    json: Vec<u8>,
) -> Result<Result<Bytes, (u16, String)>, TransportError> {
    let request = Request::post(path, json).header("content-type", "application/json");
    let response = transport.send(request).await?;
    let status = response.status;
    let bytes = response.bytes(64 * 1024).await?;
    if (200..300).contains(&status) {
        return Ok(Ok(bytes));
    }
    let why = match serde_json::from_slice::<Problem>(&bytes) {
        Ok(problem) => problem.words(),
        Err(_) => "no reason given".to_owned(),
    };
    Ok(Err((status, why)))
}

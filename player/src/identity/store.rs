//! The identity on disk: `identity.toml`, `evidence.key`, `tls.key` and `certificate.pem`, readable by the player's user alone.

use super::credentials::Credentials;
use super::{Identity, IdentityError, make_key, register};
use crate::journal::Journal as _;
use crate::journal::sqlite::{self as journal, SqliteJournal};
use crate::ports::Transport;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode};
use lichphat_playlists::ports::Rng;
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::device::Provisioning;
use lichphat_playlists::wire::sign::{Evidence, LogSigning, SignError, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

const IDENTITY: &str = "identity.toml";
const KEY: &str = "evidence.key";

/// `identity.toml`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    server: String,
    authority: String,
    device: DeviceId,
    epoch: Epoch,
    screen: ScreenCode,
    since_ms: UtcMillis,
    plan_key: String,
    approval_key: String,
    receipt_key: String,
    command_key: String,
    log_key: VerifierKey<LogSigning>,
    simulated: bool,
}

pub(super) fn file_error(path: &Path, problem: &dyn std::fmt::Display) -> IdentityError {
    IdentityError::File { path: path.to_owned(), problem: problem.to_string() }
}

/// Reads a provisioning file as `lichphat device add` writes it.
pub fn read_provisioning(path: &Path) -> Result<Provisioning, IdentityError> {
    let text = std::fs::read_to_string(path).map_err(|e| file_error(path, &e))?;
    toml::from_str(&text)
        .map_err(|e| file_error(path, &format!("{e}make a new file with `lichphat device add --screen SCREEN`")))
}

/// Who this device is; none when it was never registered.
pub fn load(dir: &Path) -> Result<Option<Identity>, IdentityError> {
    let path = dir.join(IDENTITY);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|e| file_error(&path, &e))?;
    let kept: Kept = toml::from_str(&text).map_err(|e| file_error(&path, &e))?;
    let evidence = load_key(dir)?.ok_or_else(|| {
        file_error(&dir.join(KEY), &"the evidence key is missing; the device must be provisioned again")
    })?;
    let key = |field, error: SignError| file_error(&path, &format!("{field}: {error}"));
    Ok(Some(Identity {
        plan_key: VerifyingKey::from_base64(&kept.plan_key).map_err(|e| key("plan_key", e))?,
        approval_key: VerifyingKey::from_base64(&kept.approval_key).map_err(|e| key("approval_key", e))?,
        receipt_key: VerifyingKey::from_base64(&kept.receipt_key).map_err(|e| key("receipt_key", e))?,
        command_key: VerifyingKey::from_base64(&kept.command_key).map_err(|e| key("command_key", e))?,
        log_key: kept.log_key,
        server: kept.server,
        authority: kept.authority,
        device: kept.device,
        epoch: kept.epoch,
        screen: kept.screen,
        credentials: Credentials::load_or_make(dir)?,
        since: kept.since_ms,
        evidence,
        simulated: kept.simulated,
    }))
}

/// Registers the device once; a device that is registered already stays who it is, and nothing is sent.
pub async fn provision(
    dir: &Path,
    provisioning: &Provisioning,
    transport: &dyn Transport,
    rng: &dyn Rng,
    simulated: bool,
) -> Result<Identity, IdentityError> {
    std::fs::create_dir_all(dir).map_err(|e| file_error(dir, &e))?;
    if let Some(identity) = load(dir)? {
        return Ok(identity);
    }
    // The key is on disk before the scheduler hears of it: a power cut in between costs nothing.
    let evidence = match load_key(dir)? {
        Some(key) => key,
        None => {
            let key = make_key(rng);
            write_private(&dir.join(KEY), format!("{}\n", hex::encode(key.seed())).as_bytes())?;
            key
        }
    };
    let identity = register(transport, provisioning, evidence, Credentials::load_or_make(dir)?, simulated).await?;
    keep(dir, &identity)?;
    Ok(identity)
}

fn keep(dir: &Path, identity: &Identity) -> Result<(), IdentityError> {
    let kept = Kept {
        server: identity.server.clone(),
        authority: identity.authority.clone(),
        device: identity.device,
        epoch: identity.epoch,
        screen: identity.screen.clone(),
        since_ms: identity.since,
        plan_key: identity.plan_key.to_base64(),
        approval_key: identity.approval_key.to_base64(),
        receipt_key: identity.receipt_key.to_base64(),
        command_key: identity.command_key.to_base64(),
        log_key: identity.log_key.clone(),
        simulated: identity.simulated,
    };
    let path = dir.join(IDENTITY);
    let text = toml::to_string(&kept).map_err(|e| file_error(&path, &e))?;
    write_private(&path, text.as_bytes())
}

/// From now on the scheduler's log is the one of that key, on the word of whoever calls this: nothing that comes over the
/// network can change it. The journal first: a power cut in between leaves a device that still believes the old key,
/// verifies everything again, and can be told again.
pub fn trust_log(dir: &Path, log_key: VerifierKey<LogSigning>) -> Result<(), IdentityError> {
    let path = dir.join(IDENTITY);
    let identity = load(dir)?.ok_or_else(|| file_error(&path, &"this device is not registered"))?;
    let file = dir.join(journal::FILE_NAME);
    if file.is_file() {
        let key = identity.evidence.verifying_key();
        let forgotten = SqliteJournal::open(&file, identity.device, identity.epoch, key)
            .and_then(|mut journal| journal.forget_log());
        forgotten.map_err(|error| file_error(&file, &error))?;
    }
    keep(dir, &Identity { log_key, ..identity })
}

fn load_key(dir: &Path) -> Result<Option<SigningKey<Evidence>>, IdentityError> {
    let path = dir.join(KEY);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|e| file_error(&path, &e))?;
    let mut seed = [0u8; 32];
    hex::decode_to_slice(text.trim(), &mut seed).map_err(|_| file_error(&path, &"it is not 64 hexadecimal digits"))?;
    Ok(Some(SigningKey::from_seed(&seed)))
}

/// Writes a file that only its owner may read, whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), IdentityError> {
    let part: PathBuf = path.with_extension("part");
    let write = || -> std::io::Result<()> {
        match std::fs::remove_file(&part) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&part, path)?;
        path.parent().map_or(Ok(()), |dir| std::fs::File::open(dir)?.sync_all())
    };
    write().map_err(|e| file_error(path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::wire::sign::{Approving, Commanding, PlanSigning, Purpose, Receipting};

    fn public<P: Purpose>(seed: u8) -> VerifyingKey<P> {
        SigningKey::from_seed(&[seed; 32]).verifying_key()
    }

    #[test]
    fn another_log_is_pinned_on_the_box_alone_and_nothing_else_of_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let log = |seed| VerifierKey::new("lichphat.example/log", public(seed)).unwrap();
        let refused = trust_log(dir.path(), log(8)).unwrap_err().to_string();
        assert!(refused.contains("this device is not registered"), "{refused}");
        let evidence = SigningKey::from_seed(&[5; 32]);
        write_private(&dir.path().join(KEY), hex::encode(evidence.seed()).as_bytes()).unwrap();
        let identity = Identity {
            server: "http://127.0.0.1:8087".into(),
            authority: String::new(),
            device: DeviceId(7),
            epoch: Epoch(1),
            screen: ScreenCode::new("P00004-01").unwrap(),
            credentials: Credentials::load_or_make(dir.path()).unwrap(),
            since: UtcMillis(5),
            plan_key: public::<PlanSigning>(1),
            approval_key: public::<Approving>(9),
            receipt_key: public::<Receipting>(2),
            command_key: public::<Commanding>(3),
            log_key: log(4),
            evidence,
            simulated: false,
        };
        keep(dir.path(), &identity).unwrap();
        trust_log(dir.path(), log(8)).unwrap();
        let told = load(dir.path()).unwrap().unwrap();
        assert_eq!(told.log_key, log(8));
        assert_eq!(format!("{:?}", Identity { log_key: log(4), ..told }), format!("{identity:?}"));
    }
}

//! The server's private keys on disk: one file per purpose under `<data>/keys/`, readable by the
//! owner alone, made once and never overwritten.

use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Rng;
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::wire::sign::{Approving, Commanding, LogSigning, PlanSigning, Purpose, Receipting, SigningKey};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What authenticators follow from; its bytes are shown to nobody.
#[derive(Clone)]
pub struct PeopleKey(pub [u8; 32]);

impl std::fmt::Debug for PeopleKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PeopleKey")
    }
}

/// What the server signs with, and what people's authenticators follow from.
#[derive(Debug)]
pub struct Keys {
    /// Playlist documents.
    pub plan: SigningKey<PlanSigning>,
    /// Receipts for segments.
    pub receipt: SigningKey<Receipting>,
    /// What operators ask of screens.
    pub command: SigningKey<Commanding>,
    /// What may be shown, and where screens stand; here until people sign it elsewhere.
    pub approval: SigningKey<Approving>,
    /// Checkpoints of the log.
    pub log: SigningKey<LogSigning>,
    /// The second factor of every account.
    pub people: PeopleKey,
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is none.
    #[error("no key {}: run `lichphat init`, or bring the key back from its backup", .0.display())]
    Missing(PathBuf),
    /// Others can read it.
    #[error("key {} can be read by others (mode {mode:o}): chmod 600 it, and make a new one if others had access", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a key of this purpose.
    #[error("key {} is not a \"{purpose}\" key: bring it back from its backup", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What it should sign.
        purpose: &'static str,
    },
    /// The file system said no.
    #[error("key {}: {source}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

const PLAN: &str = "plan.key";
const RECEIPT: &str = "receipt.key";
const COMMAND: &str = "command.key";
const APPROVAL: &str = "approval.key";
const LOG: &str = "log.key";
const PEOPLE: &str = "people.key";
/// First line of that file.
const PEOPLE_DOMAIN: &str = "lichphat people v1";

impl Keys {
    /// Loads the keys of a data directory, making those that are missing. Keys that are there stay.
    pub fn load_or_make(data: &Path, rng: &dyn Rng) -> Result<Self, KeyError> {
        let dir = data.join("keys");
        make_dir(&dir)?;
        make::<PlanSigning>(&dir, PLAN, rng)?;
        make::<Receipting>(&dir, RECEIPT, rng)?;
        make::<Commanding>(&dir, COMMAND, rng)?;
        make::<Approving>(&dir, APPROVAL, rng)?;
        make::<LogSigning>(&dir, LOG, rng)?;
        make_file(&dir.join(PEOPLE), PEOPLE_DOMAIN, rng)?;
        Self::load(data)
    }

    /// Loads the keys of a data directory.
    pub fn load(data: &Path) -> Result<Self, KeyError> {
        let dir = data.join("keys");
        let (plan, receipt) = (load(&dir.join(PLAN))?, load(&dir.join(RECEIPT))?);
        let (command, approval) = (load(&dir.join(COMMAND))?, load(&dir.join(APPROVAL))?);
        let people = PeopleKey(load_file(&dir.join(PEOPLE), PEOPLE_DOMAIN)?);
        Ok(Self { plan, receipt, command, approval, log: load(&dir.join(LOG))?, people })
    }

    /// Puts the log's key away under another file name and makes a new one. Without a key, as after a power cut in between,
    /// only the second.
    pub fn renew_log(data: &Path, rng: &dyn Rng) -> Result<Self, KeyError> {
        let (dir, path) = (data.join("keys"), data.join("keys").join(LOG));
        if path.exists() {
            let old = load::<LogSigning>(&path)?.verifying_key();
            let away = dir.join(format!("{LOG}.ended-{}", &Sha256Hash::of(&old.to_bytes()).hex()[..16]));
            fs::rename(&path, away).map_err(|source| KeyError::Io { path: path.clone(), source })?;
        }
        make::<LogSigning>(&dir, LOG, rng)?;
        Self::load(data)
    }

    /// The log's key under its name: `origin` of the settings, or one made of the key where that is empty. None when the
    /// name is no key's name.
    pub fn log_name(&self, origin: &str) -> Option<VerifierKey<LogSigning>> {
        let key = self.log.verifying_key();
        match origin {
            "" => VerifierKey::new(format!("lichphat-log/{}", &Sha256Hash::of(&key.to_bytes()).hex()[..16]), key),
            origin => VerifierKey::new(origin, key),
        }
    }
}

/// Makes a key that is kept apart from a scheduler's own: the one that signs releases belongs to the makers of the player, a
/// witness's to the witness. A file that is there already is never overwritten.
pub fn make_key_file<P: Purpose>(path: &Path, rng: &dyn Rng) -> Result<SigningKey<P>, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    if path.exists() {
        return Err(failed(ErrorKind::AlreadyExists.into()));
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| failed(ErrorKind::InvalidInput.into()))?;
    make::<P>(dir, &name.to_string_lossy(), rng)?;
    load(path)
}

/// Loads a key that [`make_key_file`] has made.
pub fn load_key_file<P: Purpose>(path: &Path) -> Result<SigningKey<P>, KeyError> {
    load(path)
}

fn make_dir(dir: &Path) -> Result<(), KeyError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(|source| KeyError::Io { path: dir.to_owned(), source }),
    }
}

/// Makes a key, unless it is there already.
fn make<P: Purpose>(dir: &Path, name: &str, rng: &dyn Rng) -> Result<(), KeyError> {
    make_file(&dir.join(name), P::DOMAIN, rng)
}

fn make_file(path: &Path, domain: &str, rng: &dyn Rng) -> Result<(), KeyError> {
    if path.exists() {
        return Ok(());
    }
    let mut seed = [0; 32];
    rng.fill(&mut seed);
    write_private(path, &format!("{domain}\n{}\n", hex::encode(seed)))
}

/// Writes a secret for the owner alone, whole or not at all; what is there already stays.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut temp = tempfile::NamedTempFile::new_in(dir).map_err(failed)?; // made with mode 0600
    temp.write_all(text.as_bytes()).and_then(|()| temp.as_file().sync_all()).map_err(failed)?;
    match temp.persist_noclobber(path) {
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => {
            result.map_err(|error| failed(error.error))?;
            File::open(dir).and_then(|d| d.sync_all()).map_err(failed)
        }
    }
}

/// Reads a secret that nobody else can read.
pub(crate) fn read_private(path: &Path) -> Result<String, KeyError> {
    let text = fs::read_to_string(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
        _ => KeyError::Io { path: path.to_owned(), source },
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open { path: path.to_owned(), mode });
        }
    }
    Ok(text)
}

fn load<P: Purpose>(path: &Path) -> Result<SigningKey<P>, KeyError> {
    Ok(SigningKey::from_seed(&load_file(path, P::DOMAIN)?))
}

fn load_file(path: &Path, domain: &'static str) -> Result<[u8; 32], KeyError> {
    let text = read_private(path)?;
    let mut seed = [0; 32];
    text.strip_prefix(domain)
        .and_then(|rest| hex::decode_to_slice(rest.trim(), &mut seed).ok())
        .map(|()| seed)
        .ok_or_else(|| KeyError::Wrong { path: path.to_owned(), purpose: domain })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRng;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_for_the_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        assert!(matches!(Keys::load(data.path()), Err(KeyError::Missing(_))));
        let made = Keys::load_or_make(data.path(), &SystemRng).unwrap();
        let again = Keys::load_or_make(data.path(), &SystemRng).unwrap();
        assert_eq!(made.plan.verifying_key(), again.plan.verifying_key());
        assert_ne!(made.plan.seed(), made.receipt.seed());
        let file = data.path().join("keys/plan.key");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Keys::load(data.path()).unwrap_err().to_string().contains("mode 644"));
        fs::rename(data.path().join("keys/receipt.key"), &file).unwrap();
        assert!(Keys::load(data.path()).unwrap_err().to_string().contains("not a \"lichphat plan v1\" key"));
    }
}

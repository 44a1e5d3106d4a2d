//! A witness's desk: its key, the logs it knows, and for each of them one file with the newest checkpoint it has cosigned.
//!
//! Reading what was cosigned, judging and keeping are one step; a cosignature leaves only when what it says is on disk.

use crate::clock::SystemRng;
use crate::error::AppError;
use crate::keys::{load_key_file, make_key_file};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::note::{Note, VerifierKey, cosign};
use lichphat_playlists::proof::witness::{AddCheckpoint, Refusal, Seen};
use lichphat_playlists::wire::sign::{Cosigning, LogSigning, SigningKey};
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const KEY: &str = "witness.key";
const NAME: &str = "witness.vkey";
const LOCK: &str = "witness.lock";

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotCosigned {
    /// The witness says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was cosigned cannot be read, or the new checkpoint cannot be kept.
    #[error("{}: {problem}", .path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong, and the mend.
        problem: String,
    },
}

/// Makes key and directory of a witness called `name`; those that are there already stay, and must bear that name.
pub(super) fn make(dir: &Path, name: &str) -> Result<VerifierKey<Cosigning>, AppError> {
    let failed = |error| AppError::io(format!("--dir {}", dir.display()), error);
    fs::create_dir_all(dir).map_err(failed)?;
    if !dir.join(KEY).exists() {
        make_key_file::<Cosigning>(&dir.join(KEY), &SystemRng)?;
    }
    let key = load_key_file::<Cosigning>(&dir.join(KEY))?;
    let unfit = || {
        AppError::mistake(
            format!(
                "--name {name:?}: không dùng làm tên khoá được; hãy chọn tên không có dấu cách và dấu cộng, tốt nhất là một địa chỉ như thanh-tra.example/nhan-chung"
            ),
            format!(
                "--name {name:?}: is no name for a key; choose one without spaces and plus signs, best an address such as thanh-tra.example/nhan-chung"
            ),
        )
    };
    let vkey = VerifierKey::new(name, key.verifying_key()).ok_or_else(unfit)?;
    match fs::read_to_string(dir.join(NAME)) {
        Ok(text) if text.trim() == vkey.to_string() => {}
        Ok(text) => {
            let (dir, bears) = (dir.display(), text.trim());
            return Err(AppError::mistake(
                format!("--dir {dir}: đã là nhân chứng {bears}; một khoá chỉ có một tên"),
                format!("--dir {dir}: is the witness {bears} already; one key has one name"),
            ));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            keep(dir, &dir.join(NAME), &format!("{vkey}\n")).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    Ok(vkey)
}

/// The whole file or nothing, on disk when this returns.
fn keep(dir: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    let mut temp = tempfile::NamedTempFile::new_in(dir)?;
    temp.write_all(text.as_bytes())?;
    temp.as_file().sync_all()?;
    temp.persist(path).map_err(|error| error.error)?;
    File::open(dir)?.sync_all()
}

/// The desk.
pub(super) struct Desk {
    dir: PathBuf,
    name: VerifierKey<Cosigning>,
    key: SigningKey<Cosigning>,
    logs: Vec<VerifierKey<LogSigning>>,
    clock: Arc<dyn Clock>,
    /// Two requests never judge by the same past.
    one_by_one: Mutex<()>,
    /// Nor do two processes.
    _lock: File,
}

impl Desk {
    /// Opens the directory that [`make`] has made, for these logs.
    pub(super) fn open(
        dir: &Path,
        logs: Vec<VerifierKey<LogSigning>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AppError> {
        let failed = |error| AppError::io(format!("--dir {}", dir.display()), error);
        let key = load_key_file::<Cosigning>(&dir.join(KEY)).map_err(|error| match error {
            crate::keys::KeyError::Missing(path) => {
                let (dir, path) = (dir.display(), path.display());
                AppError::mistake(
                    format!("--dir {dir}: không có {path}; hãy chạy `lichphat witness init`, hoặc phục hồi thư mục từ bản sao lưu"),
                    format!("--dir {dir}: there is no {path}; run `lichphat witness init`, or bring the directory back from its backup"),
                )
            }
            other => other.into(),
        })?;
        let text = fs::read_to_string(dir.join(NAME)).map_err(failed)?;
        let name: VerifierKey<Cosigning> =
            text.trim().parse().map_err(|error| AppError::Failed(format!("{}: {error}", dir.join(NAME).display())))?;
        if *name.key() != key.verifying_key() {
            return Err(AppError::Failed(format!("{}: is not the name of {KEY} beside it", dir.join(NAME).display())));
        }
        let lock = File::create(dir.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                let dir = dir.display();
                AppError::failure(
                    format!("--dir {dir}: một nhân chứng khác đang chạy ở đây; hãy dừng nó trước"),
                    format!("--dir {dir}: another witness works here; stop it first"),
                )
            }
            TryLockError::Error(error) => failed(error),
        })?;
        Ok(Self { dir: dir.to_owned(), name, key, logs, clock, one_by_one: Mutex::new(()), _lock: lock })
    }

    /// Who the witness is.
    pub(super) fn name(&self) -> &VerifierKey<Cosigning> {
        &self.name
    }

    /// Answers one `add-checkpoint`: the line of the cosignature, with its newline.
    pub(super) fn add(&self, body: &[u8]) -> Result<String, NotCosigned> {
        let body = std::str::from_utf8(body).map_err(|_| Refusal::Malformed("it is not UTF-8"))?;
        let request = AddCheckpoint::parse(body)?;
        let checkpoint = request.open(&self.logs)?;
        let _one = self.one_by_one.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.file(&checkpoint.origin);
        let before = self.seen(&path, &checkpoint.origin)?;
        let next = request.judge(&checkpoint, before).inspect_err(|refusal| {
            if matches!(refusal, Refusal::Fork(_) | Refusal::Inconsistent(_)) {
                tracing::error!(log = checkpoint.origin, size = checkpoint.size, seen = before.size, note = %request.note,
                    "the log's own key has signed what does not follow from what was cosigned: {refusal}");
            }
        })?;
        if next != before {
            let kept = keep(&self.dir, &path, &request.note.to_string());
            kept.map_err(|error| NotCosigned::State { path, problem: error.to_string() })?;
        }
        let time_s = u64::try_from(self.clock.now().0 / 1000).unwrap_or(0);
        Ok(cosign(&request.note.text, &self.name, &self.key, time_s).to_string())
    }

    /// Where the newest checkpoint of a log lies: an origin may hold any letter, so its hash is the name.
    fn file(&self, origin: &str) -> PathBuf {
        self.dir.join(format!("{}.checkpoint", &Sha256Hash::of(origin.as_bytes()).hex()[..32]))
    }

    /// What was cosigned last. A file that cannot be read is never taken for none.
    fn seen(&self, path: &Path, origin: &str) -> Result<Seen, NotCosigned> {
        let mend = "; bring the file back from its backup: without it this witness could cosign a fork";
        let unreadable = |problem: String| NotCosigned::State { path: path.to_owned(), problem: problem + mend };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && self.dir.join(KEY).exists() => {
                return Ok(Seen::default());
            }
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let checkpoint = Note::parse(&text).and_then(|note| Checkpoint::parse(&note.text));
        match checkpoint.map_err(|error| unreadable(error.to_string()))? {
            checkpoint if checkpoint.origin == origin => Ok(Seen::from(&checkpoint)),
            other => Err(unreadable(format!("it is of the log {}", other.origin))),
        }
    }
}

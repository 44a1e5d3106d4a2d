//! Errors that cross rooms: what storage can say to a room, and what a command says to a person.

use crate::lang::Lang;
use std::path::PathBuf;

/// What can go wrong with stored data, in words that hold for any engine.
///
/// Cloneable, because one failed commit is the answer to every job that was in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No space left on the disk; nothing of the job was kept.
    #[error("disk full: the database cannot grow; free some space, nothing of this step was kept")]
    Full,
    /// The database or its directory cannot be written.
    #[error("the database is read-only: check the owner and the mount of its directory")]
    ReadOnly,
    /// Another process held the database for too long.
    #[error("the database is busy: another process is writing; try again")]
    Busy,
    /// The file is not a database, or is damaged.
    #[error("the database is damaged ({0}): restore a backup, then run `lichphat check`")]
    Corrupt(String),
    /// The database was made by a newer program.
    #[error(
        "the database has version {found}, this program knows up to {known}: use the newer lichphat, or another --data"
    )]
    Newer {
        /// Version in the file.
        found: u32,
        /// Newest version this program can read.
        known: u32,
    },
    /// The version fits but tables differ: made by an unreleased build, or altered by hand.
    #[error(
        "the database's structure is not that of version {version}: {difference}; move it away or restore a backup"
    )]
    Structure {
        /// Version the file claims.
        version: u32,
        /// First thing that differs.
        difference: String,
    },
    /// The file cannot be opened.
    #[error("cannot open the database {}: {problem}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        problem: String,
    },
    /// A rule of the schema was broken: a defect of the caller, or a value outside its range.
    #[error("the database refused a row: {0}")]
    Constraint(String),
    /// A stored value could not be read back as what it should be.
    #[error("stored {what} cannot be read: {problem}; run `lichphat check`")]
    Unreadable {
        /// Which value.
        what: String,
        /// Why not.
        problem: String,
    },
    /// The store was closed, or its thread is gone.
    #[error("the store is closed")]
    Closed,
    /// Anything else the engine said.
    #[error("database: {0}")]
    Engine(String),
}

impl StoreError {
    /// A stored value that is not what it should be.
    pub fn unreadable(what: impl Into<String>, problem: impl std::fmt::Display) -> Self {
        Self::Unreadable { what: what.into(), problem: problem.to_string() }
    }

    /// In the person's language.
    pub fn words(&self, lang: Lang) -> String {
        if lang == Lang::En {
            return self.to_string();
        }
        match self {
            Self::Full => {
                "đĩa đầy, cơ sở dữ liệu không ghi thêm được; hãy dọn bớt chỗ (bước này chưa giữ lại gì)".into()
            }
            Self::ReadOnly => "cơ sở dữ liệu chỉ đọc được; hãy xem lại chủ sở hữu và ổ đĩa của thư mục".into(),
            Self::Busy => "cơ sở dữ liệu đang bận vì một chương trình khác đang ghi; hãy thử lại".into(),
            Self::Corrupt(what) => {
                format!("cơ sở dữ liệu bị hỏng ({what}); hãy phục hồi bản sao lưu rồi chạy `lichphat check`")
            }
            Self::Newer { found, known } => format!(
                "cơ sở dữ liệu có phiên bản {found}, chương trình này chỉ biết đến {known}; hãy dùng bản lichphat mới hơn, hoặc --data khác"
            ),
            Self::Structure { version, difference } => format!(
                "cấu trúc cơ sở dữ liệu không phải của phiên bản {version}: {difference}; hãy chuyển nó đi nơi khác hoặc phục hồi bản sao lưu"
            ),
            Self::Open { path, problem } => format!("không mở được cơ sở dữ liệu {}: {problem}", path.display()),
            Self::Constraint(what) => format!("cơ sở dữ liệu từ chối một dòng: {what}"),
            Self::Unreadable { what, problem } => {
                format!("không đọc lại được {what}: {problem}; hãy chạy `lichphat check`")
            }
            Self::Closed => "kho dữ liệu đã đóng".into(),
            Self::Engine(what) => format!("cơ sở dữ liệu: {what}"),
        }
    }
}

/// What a command says when it ends badly. The text names field, value and mend.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The command was called wrongly: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The command could not do its work: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// Either, said where the person's language is not known.
    #[error("{en}")]
    Said {
        /// 2 when it was called wrongly, else 1.
        code: u8,
        /// Vietnamese.
        vi: String,
        /// English.
        en: String,
    },
    /// Storage said no: exit code 1.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The settings are wrong: exit code 2.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The library said no: exit code 1.
    #[error(transparent)]
    Library(#[from] crate::library::LibraryError),
    /// A private key is missing or unfit: exit code 1.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyError),
    /// Somebody's word on what may be shown was not taken: exit code 1.
    #[error(transparent)]
    Approval(#[from] crate::approval::ApprovalError),
    /// Planning said no: exit code 1.
    #[error(transparent)]
    Planning(#[from] crate::planning::PlanningError),
    /// The fleet said no: exit code 1.
    #[error(transparent)]
    Fleet(#[from] crate::fleet::FleetError),
    /// Evidence could not be taken in or read: exit code 1.
    #[error(transparent)]
    Proof(#[from] crate::proof::ProofError),
    /// The log could not be carried on or read: exit code 1.
    #[error(transparent)]
    Log(#[from] crate::proof::log::LogError),
    /// A bundle could not be made: exit code 1.
    #[error(transparent)]
    Bundle(#[from] crate::proof::bundle::BundleError),
    /// Figures could not be reckoned: exit code 1.
    #[error(transparent)]
    Compliance(#[from] crate::compliance::ComplianceError),
    /// No report could be made: exit code 1.
    #[error(transparent)]
    Report(#[from] crate::report::ReportError),
    /// Nothing could be drawn or reported: exit code 1.
    #[error(transparent)]
    Sampling(#[from] crate::sampling::SamplingError),
    /// Nothing was backed up or restored: exit code 1.
    #[error(transparent)]
    Backup(#[from] crate::backup::BackupError),
    /// The simulated fleet failed: exit code 1.
    #[error(transparent)]
    Sim(#[from] crate::sim::SimError),
    /// A file or the terminal said no: exit code 1.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, with the path.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl AppError {
    /// The command was called wrongly.
    pub fn mistake(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Said { code: 2, vi: vi.into(), en: en.into() }
    }
    /// The command could not do its work.
    pub fn failure(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Said { code: 1, vi: vi.into(), en: en.into() }
    }
    /// What the person is told. What rooms say among themselves is English; a Vietnamese word says at least what it is.
    pub fn words(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Said { vi, .. }, Lang::Vi) => vi.clone(),
            (Self::Usage(said) | Self::Failed(said), _) => said.clone(),
            (Self::Store(error), _) => error.words(lang),
            (Self::Backup(error), Lang::Vi) => error.vi(),
            (Self::Approval(error), Lang::Vi) => error.vi(),
            (Self::Config(error), Lang::Vi) => format!("cấu hình sai: {error}"),
            (Self::Io { what, source }, Lang::Vi) => format!("không đọc hoặc ghi được: {what}: {source}"),
            (_, Lang::Vi) => format!("không làm được: {self}"),
            (_, Lang::En) => self.to_string(),
        }
    }
    /// An I/O error with what was being done.
    pub fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }
    /// 2 for wrong usage, 1 for anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config(_) => 2,
            Self::Said { code, .. } => *code,
            _ => 1,
        }
    }
}

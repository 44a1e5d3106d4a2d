//! What a media item is, and the rule that books its length.

use super::{Measured, ProbeError};
use crate::error::StoreError;
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::time::UtcMillis;
use std::path::{Path, PathBuf};

/// How far a measured length may be from whole seconds: about one frame at 25 per second.
const TOLERANCE_MS: u64 = 40;
/// Longest booked length: a day.
const LONGEST_S: u32 = lichphat_playlists::time::DAY_S;

/// One file of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaItem {
    /// What plans know of it.
    pub media: Media,
    /// Measured length, milliseconds; of a still, the booked length.
    pub duration_ms: u64,
    /// File name for people, cleaned; never used as a path.
    pub name: String,
    /// When it was added.
    pub added_ms: UtcMillis,
}

/// The answer to an addition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The item as the library holds it.
    pub item: MediaItem,
    /// False when the same bytes were there before.
    pub new: bool,
}

/// What the person says about a file; needed for stills, and where the probe is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Given {
    /// What it is.
    pub kind: Option<MediaKind>,
    /// Booked length, whole seconds.
    pub duration_s: Option<u32>,
    /// The same, should it be a still; of anything else it says nothing.
    pub still_s: Option<u32>,
}

impl Given {
    /// Is a file that the library holds already what the person says? Of a still's length nobody has the last word: each product shows it
    /// for as long as it says itself.
    pub(super) fn agrees_with(self, known: &MediaItem) -> Result<(), LibraryError> {
        let name = known.name.clone();
        match self {
            Self { duration_s: Some(given_s), .. }
                if given_s != known.media.duration_s && known.media.kind != MediaKind::Still =>
            {
                Err(LibraryError::BookedOtherwise { name, booked_s: known.media.duration_s, given_s })
            }
            Self { kind: Some(given), .. } if given != known.media.kind => {
                Err(LibraryError::OtherKind { name, given, measured: known.media.kind })
            }
            _ => Ok(()),
        }
    }
}

/// Why a file was not taken in, or not opened.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// Storage said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk is full.
    #[error("disk full while writing {}: free some space; nothing was kept", .0.display())]
    Full(PathBuf),
    /// The file system said no.
    #[error("{}: {source}", cleaned(&.path.to_string_lossy()))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No byte in it.
    #[error("{name}: the file is empty; add the finished clip")]
    Empty {
        /// The file's name.
        name: String,
    },
    /// A directory, a pipe, a device.
    #[error("{name}: this is not a file; add the finished clip")]
    NotAFile {
        /// Its name.
        name: String,
    },
    /// No clip is so long.
    #[error("{name}: the file has more than {} GiB; export it shorter or smaller", super::files::LARGEST_BYTES >> 30)]
    TooLarge {
        /// The file's name.
        name: String,
    },
    /// The probe could not measure it.
    #[error("{name}: {source}")]
    Probe {
        /// The file's name.
        name: String,
        /// Why not.
        source: ProbeError,
    },
    /// No probe is installed, and who sends the file sits elsewhere: his word on it is not enough.
    #[error("no probe is installed: install lichphat-player, or see probe.program in the settings")]
    NoProbe,
    /// The probe is absent or measured no length, and the person did not say.
    #[error("{name}: {missing} is not known: say {mend}")]
    Missing {
        /// The file's name.
        name: String,
        /// What is missing.
        missing: &'static str,
        /// The options to give.
        mend: &'static str,
    },
    /// Not whole seconds.
    #[error(
        "{name}: measured length is {measured_ms} ms, a booked length is whole seconds (within 40 ms): cut or pad the clip to {nearest_s} s"
    )]
    NotWhole {
        /// The file's name.
        name: String,
        /// Measured length, milliseconds.
        measured_ms: u64,
        /// Nearest whole length, seconds.
        nearest_s: u64,
    },
    /// Outside what can be booked.
    #[error("{name}: length {duration_s} s is out of range: use 1 to 86400")]
    Length {
        /// The file's name.
        name: String,
        /// Length, seconds.
        duration_s: u64,
    },
    /// The given length is not the measured one.
    #[error("{name}: --duration-s {given_s}, but it measures {measured_ms} ms: leave --duration-s out or cut the clip")]
    OtherLength {
        /// The file's name.
        name: String,
        /// Given length, seconds.
        given_s: u32,
        /// Measured length, milliseconds.
        measured_ms: u64,
    },
    /// The given kind is not the measured one.
    #[error("{name}: --kind {}, but it is {}: leave --kind out", word_of(*.given), word_of(*.measured))]
    OtherKind {
        /// The file's name.
        name: String,
        /// Given.
        given: MediaKind,
        /// Measured.
        measured: MediaKind,
    },
    /// The same bytes are in the library with another length.
    #[error(
        "{name}: these bytes are booked at {booked_s} s already, not {given_s} s: say that length, or export the clip anew"
    )]
    BookedOtherwise {
        /// Its name in the library.
        name: String,
        /// Length in the library, seconds.
        booked_s: u32,
        /// Given length, seconds.
        given_s: u32,
    },
    /// No such file.
    #[error("media {0} is not in the library")]
    Unknown(MediaHash),
    /// The range asked for begins behind the end.
    #[error("media {hash} has {size_bytes} bytes; the range asked for is not in it")]
    Range {
        /// The file.
        hash: MediaHash,
        /// Its length, bytes.
        size_bytes: u64,
    },
}

impl LibraryError {
    /// The same in Vietnamese, where it is of the file that somebody brings.
    pub fn vi(&self) -> String {
        match self {
            Self::Full(_) => "đĩa của máy chủ đã đầy: hãy dọn bớt; không giữ lại gì".to_owned(),
            Self::Empty { name } => format!("{name}: tệp rỗng; hãy gửi tệp đã hoàn chỉnh"),
            Self::NotAFile { name } => format!("{name}: không phải là tệp; hãy gửi tệp đã hoàn chỉnh"),
            Self::TooLarge { name } => format!("{name}: tệp quá lớn; hãy xuất lại ngắn hơn hoặc nhẹ hơn"),
            Self::Probe { name, source: ProbeError::Slow { limit_s } } => {
                format!("{name}: đo lâu hơn {limit_s} giây nên đã dừng; hãy xuất lại tệp")
            }
            Self::Probe { name, source: ProbeError::Unplayable(_) } => {
                format!("{name}: không phát được; hãy xuất lại, ví dụ MP4 (H.264, AAC), PNG hoặc JPEG")
            }
            Self::Probe { source: ProbeError::Run { .. }, .. } | Self::NoProbe => {
                "máy chủ chưa kiểm được tệp; hãy báo quản trị viên".to_owned()
            }
            Self::Missing { name, .. } => format!("{name}: chưa rõ loại hoặc thời lượng; hãy ghi kind và duration_s"),
            Self::NotWhole { name, measured_ms, nearest_s } => {
                format!(
                    "{name}: dài {measured_ms} ms; thời lượng phải tròn giây (lệch tối đa 40 ms): hãy cắt hoặc thêm cho đủ {nearest_s} giây"
                )
            }
            Self::Length { name, duration_s } => format!("{name}: dài {duration_s} giây; chỉ nhận 1 đến 86400 giây"),
            Self::OtherLength { name, given_s, measured_ms } => {
                format!("{name}: ghi {given_s} giây nhưng đo được {measured_ms} ms; hãy bỏ duration_s hoặc cắt lại")
            }
            Self::OtherKind { name, given, measured } => {
                format!("{name}: ghi là {} nhưng thật ra là {}; hãy bỏ kind", vi_of(*given), vi_of(*measured))
            }
            Self::BookedOtherwise { name, booked_s, given_s } => {
                format!(
                    "{name}: tệp này đã có trong kho với {booked_s} giây, không phải {given_s}; hãy ghi đúng {booked_s} giây hoặc xuất lại tệp"
                )
            }
            Self::Unknown(hash) => format!("không có tệp {hash} trong kho"),
            other @ (Self::Store(_) | Self::Io { .. } | Self::Range { .. }) => other.to_string(),
        }
    }
}

fn word_of(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Video => "video",
        MediaKind::Still => "still",
        MediaKind::Audio => "audio",
    }
}

fn vi_of(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Video => "phim",
        MediaKind::Still => "ảnh",
        MediaKind::Audio => "âm thanh",
    }
}

/// Kind, booked length (s) and kept length (ms) from what was measured and what was said.
pub fn book(name: &str, measured: Option<&Measured>, given: Given) -> Result<(MediaKind, u32, u64), LibraryError> {
    let name = || name.to_owned();
    let kind = match (measured.map(|m| m.kind), given.kind) {
        (Some(measured), Some(given)) if measured != given => {
            return Err(LibraryError::OtherKind { name: name(), given, measured });
        }
        (Some(kind), _) | (None, Some(kind)) => kind,
        (None, None) => {
            let mend = "--kind video|still|audio and --duration-s N, or install lichphat-player, which measures files";
            return Err(LibraryError::Missing { name: name(), missing: "what it is and how long", mend });
        }
    };
    let measured_ms = measured.and_then(|m| m.duration_ms).filter(|_| kind != MediaKind::Still);
    let given_s = given.duration_s.or(given.still_s.filter(|_| kind == MediaKind::Still));
    let duration_s = match (measured_ms, given_s) {
        (Some(measured_ms), given_s) => {
            let nearest_s = (measured_ms + 500) / 1000;
            match given_s {
                Some(given_s) if measured_ms.abs_diff(u64::from(given_s) * 1000) > TOLERANCE_MS => {
                    return Err(LibraryError::OtherLength { name: name(), given_s, measured_ms });
                }
                None if measured_ms.abs_diff(nearest_s * 1000) > TOLERANCE_MS => {
                    return Err(LibraryError::NotWhole { name: name(), measured_ms, nearest_s: nearest_s.max(1) });
                }
                _ => nearest_s,
            }
        }
        (None, Some(given_s)) => u64::from(given_s),
        (None, None) => {
            return Err(LibraryError::Missing { name: name(), missing: "how long it shows", mend: "--duration-s N" });
        }
    };
    let booked_s = u32::try_from(duration_s).ok().filter(|s| (1..=LONGEST_S).contains(s));
    let booked_s = booked_s.ok_or_else(|| LibraryError::Length { name: name(), duration_s })?;
    Ok((kind, booked_s, measured_ms.unwrap_or(u64::from(booked_s) * 1000)))
}

/// The last part of the path, without control and direction characters, 200 characters at most.
pub fn display_name(path: &Path) -> String {
    let name = cleaned(&path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default());
    let name: String = name.chars().take(200).collect();
    if name.trim().is_empty() { "?".to_owned() } else { name }
}

/// Without what moves a terminal's cursor, turns the direction of reading or cannot be seen; at most 300 characters.
pub(super) fn cleaned(words: &str) -> String {
    let unseen = |c: char| matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    words.chars().filter(|&c| !c.is_control() && !unseen(c)).take(300).collect()
}

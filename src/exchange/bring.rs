//! Documents that people write (units, screens, orders, loops …), taken in whole or not at all: one way for the shell and the API.

use crate::approval::{self, ApprovalError, ApprovalStore};
use crate::campaigns::{self, CampaignBatch, CampaignStore, Form};
use crate::directory::import as directory_import;
use crate::directory::problem::{Problems, Say, say};
use crate::directory::table::SourceFile;
use crate::directory::{Batch, DirectoryStore, Summary};
use crate::error::StoreError;
use crate::library::{Examined, Given, Library, LibraryError, MediaItem};
use crate::people::{AccountCode, Deed};
use lichphat_playlists::ids::{MediaHash, Sha256Hash};
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::time::UtcMillis;
use std::path::Path;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Đơn vị (units of the city's tree)
    Units,
    /// Màn hình (screens and their links)
    Screens,
    /// Giờ hoạt động theo loại địa điểm (venue profiles)
    Venues,
    /// Lịch chạy xe (rosters of vehicles)
    Duty,
    /// Ngày nghỉ, ngày làm bù (calendar)
    Calendar,
    /// Văn bản chỉ đạo (directives)
    Directives,
    /// Số lượt người (footfall counts)
    Footfall,
    /// Tạm nghỉ, sửa chữa (closures and repairs)
    Closures,
    /// Hợp đồng, vòng phát tại chỗ (contracts and local loops)
    Campaigns,
    /// Hợp đồng, dạng bảng (contracts as a table)
    Contracts,
}

impl Kind {
    /// Units, screens, hours and days, not what is played.
    pub fn is_of_directory(self) -> bool {
        self.of_directory().is_some()
    }

    /// The parser of the directory, when it is one of its kinds.
    fn of_directory(self) -> Option<directory_import::Kind> {
        use directory_import::Kind as D;
        match self {
            Self::Units => Some(D::Units),
            Self::Screens => Some(D::Screens),
            Self::Venues => Some(D::Venues),
            Self::Duty => Some(D::Duty),
            Self::Calendar => Some(D::Calendar),
            Self::Footfall => Some(D::Footfall),
            Self::Closures => Some(D::Closures),
            Self::Directives | Self::Campaigns | Self::Contracts => None,
        }
    }
}

/// Where the files lie that a document names.
#[derive(Debug, Clone, Copy)]
pub enum Clips<'a> {
    /// Beside this document, on the disk of who brings it.
    Beside(&'a Path),
    /// Nowhere: who brings it over the network names media of the library, and no file of the server's.
    InLibrary,
}

/// Why a document is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Mistakes in it.
    #[error(transparent)]
    File(Problems),
    /// A clip that it names.
    #[error("{}", .0.en)]
    Clip(Say),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// It is there, and could not be put to people; bringing it once more does.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The store failed, or somebody else brought something meanwhile.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the store must do for a document that somebody has brought: one transaction, with the statement of the deed in it. The
/// batch was read at that revision; when somebody else was quicker the answer is [`StoreError::Busy`], and nothing is written.
#[async_trait::async_trait]
pub trait BringStore: Send + Sync {
    /// Units, screens, hours, closures, counts.
    async fn bring_directory(&self, batch: Batch, revision: u64, deed: Deed) -> Result<Summary, StoreError>;
    /// Orders, contracts, loops.
    async fn bring_campaigns(&self, batch: CampaignBatch, revision: u64, deed: Deed) -> Result<Summary, StoreError>;
}

/// Where documents are brought.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Units, screens, duty.
    pub directory: &'a dyn DirectoryStore,
    /// Orders, contracts, loops.
    pub campaigns: &'a dyn CampaignStore,
    /// What waits for people.
    pub approvals: &'a dyn ApprovalStore,
    /// Media.
    pub library: &'a Library,
    /// Who brings it: an account, or `shell`.
    pub by: &'a str,
    /// Where it goes with the deed of who brings it; none: he is nobody that the log knows.
    pub named: Option<(&'a dyn BringStore, &'a AccountCode)>,
    /// The present.
    pub now: UtcMillis,
}

/// A document that was read and may come in.
enum Read {
    Directory(Batch, u64),
    Campaigns(CampaignBatch, u64, Vec<Examined>),
}

impl Desk<'_> {
    async fn read(&self, kind: Kind, file: SourceFile<'_>, clips: Clips<'_>) -> Result<Read, DocumentError> {
        let directory = self.directory.directory().await?;
        if let Some(kind) = kind.of_directory() {
            let known = directory_import::Context { directory: &directory, now: self.now };
            let batch = directory_import::parse(kind, file, known).map_err(DocumentError::File)?;
            return Ok(Read::Directory(batch, directory.revision));
        }
        let known = self.campaigns.campaigns().await?;
        let beside = campaigns::Context { directory: &directory, campaigns: &known, now: self.now };
        let read = match kind {
            Kind::Directives => campaigns::directive,
            Kind::Contracts => campaigns::contracts,
            _ => campaigns::programme,
        };
        let mut batch = read(file, beside).map_err(DocumentError::File)?;
        let clips = examine_clips(self.library, &mut batch, file.name, clips).await?;
        Ok(Read::Campaigns(batch, known.revision, clips))
    }

    /// Takes one in, whole or not at all: clips into the library first, then the store is changed in one transaction. What is to
    /// be shown from then on and nobody has approved waits for people: how much of it is new is the second part of the answer.
    pub async fn take_in(
        &self,
        kind: Kind,
        file: SourceFile<'_>,
        clips: Clips<'_>,
    ) -> Result<(Summary, usize), DocumentError> {
        let read = self.read(kind, file, clips).await?;
        let named = match self.named {
            Some((store, by)) => Some((store, self.deed(kind, file, by, &read).await?)),
            None => None,
        };
        match read {
            Read::Directory(batch, revision) => {
                let summary = match named {
                    Some((store, deed)) => store.bring_directory(batch, revision, deed).await?,
                    None => self.directory.import_directory(batch, revision).await?,
                };
                Ok((summary, 0))
            }
            Read::Campaigns(batch, revision, clips) => {
                for clip in clips {
                    self.library.keep(clip).await?;
                }
                let summary = match named {
                    Some((store, deed)) => store.bring_campaigns(batch, revision, deed).await?,
                    None => self.campaigns.import_campaigns(batch, revision).await?,
                };
                let media = self.library.list().await?.into_iter().map(|m| (m.media.hash, m.media)).collect();
                let wanted = approval::drafts(&self.campaigns.campaigns().await?, &media);
                Ok((summary, approval::propose(self.approvals, &wanted, (self.by, self.now)).await?))
            }
        }
    }

    /// What the log says of it: which file by its hash, and what it changed; whoever writes it does so at the revision it was read at.
    async fn deed(&self, kind: Kind, file: SourceFile<'_>, by: &AccountCode, read: &Read) -> Result<Deed, StoreError> {
        let Summary { added, changed, unchanged } = match read {
            Read::Directory(batch, _) => self.directory.directory().await?.apply(batch.clone()).1,
            Read::Campaigns(batch, ..) => self.campaigns.campaigns().await?.apply(batch.clone()).1,
        };
        let hash = Sha256Hash::of(file.bytes).hex();
        let kind = clap::ValueEnum::to_possible_value(&kind).map(|v| v.get_name().to_owned()).unwrap_or_default();
        let detail = format!("file {hash}, {added} added, {changed} changed, {unchanged} unchanged");
        Ok(Deed { at: self.now, by: by.clone(), act: "import", on: kind, detail })
    }

    /// What taking it in would do; nothing is kept. Days of counts are not among the sums: only the store knows which it has.
    pub async fn look_at(&self, kind: Kind, file: SourceFile<'_>, clips: Clips<'_>) -> Result<Summary, DocumentError> {
        Ok(match self.read(kind, file, clips).await? {
            Read::Directory(batch, _) => self.directory.directory().await?.apply(batch).1,
            Read::Campaigns(batch, ..) => self.campaigns.campaigns().await?.apply(batch).1,
        })
    }
}

/// Measures the files that variants name and writes their hashes beside the names. Whoever keeps the clips
/// takes all of them in; dropped, they leave nothing behind.
pub async fn examine_clips(
    library: &Library,
    batch: &mut CampaignBatch,
    document: &str,
    clips: Clips<'_>,
) -> Result<Vec<Examined>, DocumentError> {
    let mut examined = Vec::new();
    for (length_s, variant) in batch.variants_mut() {
        let wrong = |what: Say| {
            DocumentError::Clip(say(format!("{document}: {}", what.vi), format!("{document}: {}", what.en)))
        };
        if let Some(file) = &variant.file {
            let Clips::Beside(path) = clips else {
                return Err(wrong(say(
                    format!("file = {file:?}: hãy tải tệp lên kho trước, rồi ghi media = \"SHA-256\""),
                    format!("file = {file:?}: bring the clip into the library first and write media = \"SHA-256\""),
                )));
            };
            let given = Given { kind: kind_of(file, variant.form), duration_s: Some(length_s), still_s: None };
            let clip = library.examine(&path.parent().unwrap_or(Path::new(".")).join(file), given).await;
            let clip = clip.map_err(|error| {
                let words = format!("file = {file:?}: {error}");
                wrong(say(words.clone(), words))
            })?;
            variant.media = Some(clip.hash());
            examined.push(clip);
        } else if let Some(hash) = variant.media
            && let Some(flaw) = clip_flaw(hash, library.get(hash).await?.as_ref(), length_s)
        {
            return Err(wrong(flaw));
        }
    }
    Ok(examined)
}

/// Why a variant of `length_s` cannot play what the library knows under `hash`, if so.
pub fn clip_flaw(hash: MediaHash, known: Option<&MediaItem>, length_s: u32) -> Option<Say> {
    let Some(known) = known else {
        return Some(say(
            format!("media = \"{hash}\": không có trong kho; lichphat media add"),
            format!("media = \"{hash}\": not in the library; lichphat media add"),
        ));
    };
    let booked_s = known.media.duration_s;
    (known.media.kind != MediaKind::Still && booked_s != length_s).then(|| {
        say(
            format!("media = \"{hash}\": length_s = {length_s}, booked_s = {booked_s}; hai số này phải bằng nhau"),
            format!("media = \"{hash}\": length_s = {length_s}, booked_s = {booked_s}; both must be the same"),
        )
    })
}

/// What a name says of a file, for where no probe is installed.
fn kind_of(file: &str, form: Form) -> Option<MediaKind> {
    let extension = file.rsplit_once('.')?.1.to_ascii_lowercase();
    match extension.as_str() {
        _ if form == Form::Audio => Some(MediaKind::Audio),
        "png" | "jpg" | "jpeg" => Some(MediaKind::Still),
        "mp4" | "webm" | "mkv" | "mov" => Some(MediaKind::Video),
        _ => None,
    }
}

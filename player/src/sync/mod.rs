//! Brings what the screen needs: the index, new playlists and their asset tables, missing media,
//! today's first. A bad document is refused with its reason, and the old one stays.

mod approvals;
mod documents;
mod plans;
pub mod sse;

pub use plans::PlanError;

use approvals::ApprovalStore;

use crate::cache::{Cache, CacheError, Held};
use crate::core::DayPlan;
use crate::identity::Identity;
use crate::ports::{MediaFs, Request, Transport, TransportError};
use lichphat_playlists::ids::{MediaHash, Sha256Hash};
use lichphat_playlists::media::Media;
use lichphat_playlists::ports::Rng;
use lichphat_playlists::proof::record::Cause;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::permit::{Withdrawals, named};
use lichphat_playlists::wire::v1::{AssetTable, IndexEntry, LIMIT_BYTES, PlaylistIndex};
use plans::PlanStore;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What the playing half should know.
#[derive(Debug)]
pub enum News {
    /// A verified playlist, newer than the one before.
    Playlist(Arc<DayPlan>),
    /// A verified file.
    MediaReady {
        /// Its name.
        hash: MediaHash,
        /// Where the stage opens it.
        path: PathBuf,
    },
    /// A file that cannot be shown for now.
    MediaLost {
        /// Its name.
        hash: MediaHash,
        /// Why.
        cause: Cause,
    },
    /// All that was taken back, more than before.
    Withdrawn(Arc<Withdrawals>),
    /// Something people should know.
    Fault(String),
}

/// Why the scheduler could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// No answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It refuses.
    #[error("the scheduler answered {status} to {what}")]
    Refused {
        /// What was asked for.
        what: String,
        /// HTTP status.
        status: u16,
    },
    /// The index is not the form this version reads.
    #[error("the playlist index makes no sense: {0}")]
    Index(String),
}

/// Who takes the news.
pub type Tell<'a> = &'a mut (dyn FnMut(News) + Send);

/// The half that fetches.
pub struct Syncer {
    transport: Arc<dyn Transport>,
    identity: Arc<Identity>,
    store: PlanStore,
    approvals: ApprovalStore,
    cache: Cache,
    etag: Option<String>,
    index: PlaylistIndex,
    /// Every version held, by day and version.
    plans: Vec<Arc<DayPlan>>,
    tables: HashMap<Sha256Hash, Arc<AssetTable>>,
    /// Plans that are not asked for again as long as an index names them, each as it spoke of it: nobody has signed an index,
    /// and another may speak truly of the same plan.
    refused_plans: HashSet<IndexEntry>,
    /// Documents of approvals whose own bytes are no good.
    refused: HashSet<Sha256Hash>,
    told: HashSet<MediaHash>,
    wanted: Vec<Media>,
    wanted_for: Option<LocalDay>,
    /// Why media wait, as it was told last.
    held_back: Option<String>,
}

impl std::fmt::Debug for Syncer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Syncer").field("plans", &self.plans.len()).finish_non_exhaustive()
    }
}

impl Syncer {
    /// Loads and verifies what is on the disk. Returns the syncer, every plan version found (oldest
    /// first) and what had to be refused.
    pub fn load(
        transport: Arc<dyn Transport>,
        identity: Arc<Identity>,
        fs: Arc<dyn MediaFs>,
        cache: Cache,
    ) -> (Self, Vec<Arc<DayPlan>>, Vec<String>) {
        let store = PlanStore::new(fs.clone());
        let (mut tables, mut faults) = (HashMap::new(), Vec::new());
        let approvals = ApprovalStore::load(fs, identity.clone(), &mut faults);
        let plans = store.load(&identity, &approvals, &mut tables, &mut faults);
        let syncer = Self {
            transport,
            identity,
            store,
            approvals,
            cache,
            etag: None,
            index: PlaylistIndex { withdrawals: None, days: Vec::new() },
            plans: plans.clone(),
            tables,
            refused_plans: HashSet::new(),
            refused: HashSet::new(),
            told: HashSet::new(),
            wanted: Vec::new(),
            wanted_for: None,
            held_back: None,
        };
        (syncer, plans, faults)
    }

    /// All that was taken back.
    pub fn withdrawals(&self) -> &Arc<Withdrawals> {
        self.approvals.withdrawals()
    }

    /// Newest version of each day, by day.
    pub fn newest(&self) -> BTreeMap<LocalDay, &Arc<DayPlan>> {
        self.plans.iter().map(|p| (p.day(), p)).collect()
    }

    /// Hashes the media on the disk that the horizon needs and were not hashed in this run; needs no network.
    pub fn check_media(&mut self, now: UtcMillis, tell: Tell<'_>) {
        self.list_wanted(now);
        for media in &self.wanted {
            match self.cache.check(media) {
                Held::Ready if self.told.insert(media.hash) => {
                    tell(News::MediaReady { hash: media.hash, path: self.cache.path(media.hash) });
                }
                Held::Ready => {}
                Held::Missing => {
                    self.told.remove(&media.hash);
                }
                Held::Corrupt => {
                    self.told.remove(&media.hash);
                    tell(News::Fault(format!("media {}: the bytes on the disk were corrupt", media.hash)));
                    tell(News::MediaLost { hash: media.hash, cause: Cause::Corrupt });
                }
            }
        }
    }

    /// One round: index, playlists, media. What fails is told; only a scheduler that cannot be asked
    /// is an error.
    pub async fn sync_once(&mut self, now: UtcMillis, tell: Tell<'_>) -> Result<(), SyncError> {
        let transport = self.transport.clone();
        if let Some((index, etag)) = self.fetch_index(&*transport, self.etag.as_deref()).await? {
            (self.index, self.etag) = (index, etag);
        }
        self.bring(&*transport, self.index.clone(), now, tell).await
    }

    /// The same with somebody who passes by and has no say over what the scheduler says itself: a stick.
    pub async fn visit(&mut self, visitor: &dyn Transport, now: UtcMillis, tell: Tell<'_>) -> Result<(), SyncError> {
        match self.fetch_index(visitor, None).await? {
            Some((index, _)) => self.bring(visitor, index, now, tell).await,
            None => Ok(()),
        }
    }

    async fn bring(
        &mut self,
        transport: &dyn Transport,
        index: PlaylistIndex,
        now: UtcMillis,
        tell: Tell<'_>,
    ) -> Result<(), SyncError> {
        let named_now = |entry: &IndexEntry| self.index.days.contains(entry) || index.days.contains(entry);
        self.refused_plans.retain(named_now);
        if let Some(list) = index.withdrawals {
            self.take_withdrawals(transport, list, tell).await?; // before anything else: it must not wait for media
        }
        self.mend_grounds(transport, tell).await?;
        let (today, mut entries) = (now.local(HANOI).0, index.days);
        entries.sort_by_key(|e| (e.day < today, e.day));
        for entry in &entries {
            self.take_entry(transport, entry, tell).await?;
        }
        if let Err(error) = self.store.prune(today, &mut self.plans) {
            tell(News::Fault(format!("old playlists cannot be removed: {error}")));
        }
        let grounds = self.plans.iter().flat_map(|p| named(p.playlist.place, &p.table.assets));
        let wanted = grounds.chain(index.withdrawals).collect();
        if let Err(error) = self.approvals.prune(&wanted) {
            tell(News::Fault(format!("old approvals cannot be removed: {error}")));
        }
        self.check_media(now, tell);
        self.fetch_media(transport, tell).await
    }

    /// ETag of the index last taken.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// Media of the horizon that are not on the disk.
    pub fn media_missing(&self) -> u32 {
        self.wanted.iter().filter(|m| !self.cache.is_ready(m.hash)).count() as u32
    }

    /// The index and its ETag; none when it is the one that `known` names.
    async fn fetch_index(
        &self,
        transport: &dyn Transport,
        known: Option<&str>,
    ) -> Result<Option<(PlaylistIndex, Option<String>)>, SyncError> {
        let mut request = Request::get("/device/v1/index");
        if let Some(etag) = known {
            request = request.header("if-none-match", etag);
        }
        let response = transport.send(request).await?;
        match response.status {
            304 => return Ok(None),
            200 => {}
            status => return Err(SyncError::Refused { what: "the index".to_owned(), status }),
        }
        let etag = response.header("etag").map(str::to_owned);
        let bytes = response.bytes(LIMIT_BYTES).await?;
        let index: PlaylistIndex = serde_json::from_slice(&bytes).map_err(|e| SyncError::Index(e.to_string()))?;
        Ok(Some((index, etag)))
    }

    /// What the horizon needs: the safe loop of the nearest day first, then by day and start.
    fn list_wanted(&mut self, now: UtcMillis) {
        let newest: Vec<Arc<DayPlan>> = self.newest().into_values().cloned().collect();
        let today = now.day(newest.last().map_or(HANOI, |p| p.playlist.offset_min));
        if self.wanted_for == Some(today) {
            return;
        }
        self.wanted_for = Some(today);
        let mut seen = HashSet::new();
        self.wanted.clear();
        let stand_by = DayPlan::stand_by(newest.iter()).map(|p| p.day());
        for plan in newest.iter().filter(|p| p.day() >= today || Some(p.day()) == stand_by) {
            let built_in = plan.built_in();
            let slots = plan.playlist.slots.iter().map(|s| s.item);
            let items = std::iter::once(plan.playlist.fallback).chain(built_in).chain(slots);
            let mut seen_items = vec![false; plan.table.assets.len()];
            for item in items {
                if let Some(seen_item) = seen_items.get_mut(usize::from(item))
                    && !std::mem::replace(seen_item, true)
                    && let Some(asset) = plan.asset(item)
                    && seen.insert(asset.media.hash)
                {
                    self.wanted.push(asset.media.clone());
                }
            }
        }
    }

    async fn fetch_media(&mut self, transport: &dyn Transport, tell: Tell<'_>) -> Result<(), SyncError> {
        let missing: Vec<Media> = self.wanted.iter().filter(|m| !self.cache.is_ready(m.hash)).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let needed: BTreeSet<MediaHash> = self.wanted.iter().map(|m| m.hash).collect();
        let mut unreachable = None;
        for media in missing {
            // The safe loop comes first in the list: a screen that holds nothing waits for no hour.
            let urgent = !self.wanted.iter().any(|m| self.cache.is_ready(m.hash));
            match self.cache.fetch(&media, transport, &needed, urgent).await {
                Ok(()) => {
                    self.told.insert(media.hash);
                    tell(News::MediaReady { hash: media.hash, path: self.cache.path(media.hash) });
                }
                Err(CacheError::Transport(TransportError::HeldBack(why))) => {
                    // It waits as long as it must; people are told once.
                    if self.held_back.as_ref() != Some(&why) {
                        tell(News::Fault(format!("media wait: {why}")));
                        self.held_back = Some(why);
                    }
                    break;
                }
                Err(CacheError::Transport(error)) => unreachable = Some(error),
                Err(error) => {
                    if matches!(error, CacheError::Corrupt { .. }) {
                        tell(News::MediaLost { hash: media.hash, cause: Cause::Corrupt });
                    }
                    tell(News::Fault(error.to_string()));
                }
            }
        }
        unreachable.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// How long to wait before asking again: the poll period after a success; after failures 2, 4, 8 s
/// and so on up to five minutes; always with a fifth of chance, so that a city's screens do not ask
/// all at once.
#[derive(Debug)]
pub struct Backoff {
    poll_ms: u64,
    failures: u32,
}

impl Backoff {
    /// Longest wait after failures, ms.
    const LONGEST_MS: u64 = 300_000;

    /// With a poll period, ms.
    pub fn new(poll_ms: u64) -> Self {
        Self { poll_ms, failures: 0 }
    }
    /// After a round that went well or not; ms.
    pub fn next_ms(&mut self, ok: bool, rng: &dyn Rng) -> u64 {
        self.failures = if ok { 0 } else { (self.failures + 1).min(16) };
        let base_ms = if ok { self.poll_ms } else { (1_000u64 << self.failures).min(Self::LONGEST_MS) };
        let mut bytes = [0u8; 8];
        rng.fill(&mut bytes);
        let spread_ms = base_ms / 5;
        base_ms - spread_ms / 2 + u64::from_le_bytes(bytes) % spread_ms.max(1)
    }
}

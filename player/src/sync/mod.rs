//! Brings what the screen needs: the index, new playlists and their asset tables, missing media,
//! today's first. A bad document is refused with its reason, and the old one stays.

mod approvals;
mod plans;
pub mod sse;

pub use plans::PlanError;

use approvals::{ApprovalStore, TakeError};

use crate::cache::{Cache, CacheError, Held};
use crate::core::DayPlan;
use crate::identity::Identity;
use crate::ports::{MediaFs, Request, Transport, TransportError};
use bytes::Bytes;
use lichphat_playlists::ids::{MediaHash, PlanHash, Sha256Hash};
use lichphat_playlists::media::Media;
use lichphat_playlists::ports::Rng;
use lichphat_playlists::proof::record::Cause;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::permit::{Grounds, Withdrawals, named};
use lichphat_playlists::wire::v1::{AssetTable, IndexEntry, LIMIT_BYTES, Playlist, PlaylistIndex, WireError};
use plans::{PlanStore, open_playlist};
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
    /// Plans, each as an index spoke of it: nobody has signed an index, and another may speak truly of the same plan.
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
        let wanted = self.plans.iter().flat_map(|p| named(p.playlist.place, &p.table.assets)).collect();
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

    /// What was taken back; an older list than the one held is refused and told once.
    async fn take_withdrawals(
        &mut self,
        transport: &dyn Transport,
        name: Sha256Hash,
        tell: Tell<'_>,
    ) -> Result<(), SyncError> {
        if !self.lacks(name) {
            return Ok(());
        }
        match self.take_document(transport, name).await {
            Ok(()) => tell(News::Withdrawn(Arc::clone(self.approvals.withdrawals()))),
            Err(NotTaken::Sync(error @ SyncError::Transport(_))) => return Err(error),
            Err(error) => tell(News::Fault(error.to_string())), // plans go on
        }
        Ok(())
    }

    /// Is it worth asking for?
    fn lacks(&self, name: Sha256Hash) -> bool {
        !self.approvals.holds(name) && !self.refused.contains(&name)
    }

    async fn take_document(&mut self, transport: &dyn Transport, name: Sha256Hash) -> Result<(), NotTaken> {
        let bytes = self.fetch(transport, format!("/device/v1/approvals/{name}")).await?;
        let taken = self.approvals.take(name, &bytes);
        if matches!(taken, Err(TakeError::Document(_))) {
            self.refused.insert(name);
        }
        Ok(taken?)
    }

    /// Asks again for what the held plans rest on and is not there: it came damaged, or was lost on the disk.
    async fn mend_grounds(&mut self, transport: &dyn Transport, tell: Tell<'_>) -> Result<(), SyncError> {
        let newest: Vec<Arc<DayPlan>> = self.newest().into_values().cloned().collect();
        let names: BTreeSet<Sha256Hash> =
            newest.iter().flat_map(|p| named(p.playlist.place, &p.table.assets)).filter(|n| self.lacks(*n)).collect();
        let mut mended = false;
        for name in names {
            match self.take_document(transport, name).await {
                Ok(()) => mended = true,
                Err(NotTaken::Sync(error @ SyncError::Transport(_))) => return Err(error),
                Err(error) => tell(News::Fault(error.to_string())), // the others go on
            }
        }
        for plan in newest.into_iter().filter(|_| mended) {
            let Some(grounds) = self.approvals.grounds(&plan.playlist, &plan.table) else { continue };
            let plan = Arc::new(plan.on(grounds));
            self.plans.iter_mut().filter(|p| p.hash == plan.hash).for_each(|p| *p = plan.clone());
            tell(News::Playlist(plan));
        }
        Ok(())
    }

    /// What a plan rests on: where the screen stands, and a permit for each asset, as far as they are signed as they should be.
    async fn grounds(
        &mut self,
        transport: &dyn Transport,
        (plan, playlist): (PlanHash, &Playlist),
        table: &AssetTable,
        tell: Tell<'_>,
    ) -> Result<Grounds, FetchPlan> {
        for name in named(playlist.place, &table.assets) {
            if !self.lacks(name) {
                continue;
            }
            match self.take_document(transport, name).await {
                Ok(()) => {}
                Err(NotTaken::Sync(error)) => return Err(error.into()),
                Err(NotTaken::Take(TakeError::Disk(error))) => return Err(PlanError::Disk { hash: plan, error }.into()),
                Err(NotTaken::Take(error)) => tell(News::Fault(format!("playlist {plan}: {error}"))),
            }
        }
        let grounds = self.approvals.grounds(playlist, table);
        grounds.ok_or(PlanError::Place { hash: plan }.into())
    }

    async fn take_entry(
        &mut self,
        transport: &dyn Transport,
        entry: &IndexEntry,
        tell: Tell<'_>,
    ) -> Result<(), SyncError> {
        let held = self.plans.iter().rfind(|p| p.day() == entry.day);
        if self.refused_plans.contains(entry) || held.is_some_and(|p| p.hash == entry.plan) {
            return Ok(());
        }
        if let Some(held) = held.filter(|p| entry.version <= p.playlist.version) {
            self.refused_plans.insert(entry.clone());
            let (day, new, old) = (entry.day, entry.version, held.playlist.version);
            tell(News::Fault(format!("playlist of {day}: version {new} is offered, version {old} is held; refused")));
            return Ok(());
        }
        match self.fetch_plan(transport, entry, tell).await {
            Ok(plan) => {
                let plan = Arc::new(plan);
                self.wanted_for = None;
                self.plans.push(plan.clone());
                self.plans.sort_by_key(|p| (p.day(), p.playlist.version));
                tell(News::Playlist(plan));
            }
            Err(FetchPlan::Sync(error @ SyncError::Transport(_))) => return Err(error),
            Err(FetchPlan::Sync(error)) => tell(News::Fault(error.to_string())), // the other days go on
            Err(FetchPlan::Plan(error)) => {
                if error.is_final() {
                    self.refused_plans.insert(entry.clone());
                }
                tell(News::Fault(error.to_string()));
            }
        }
        Ok(())
    }

    async fn fetch_plan(
        &mut self,
        transport: &dyn Transport,
        entry: &IndexEntry,
        tell: Tell<'_>,
    ) -> Result<DayPlan, FetchPlan> {
        let hash = entry.plan;
        let bytes = self.fetch(transport, format!("/device/v1/plans/{hash}")).await?;
        let playlist = open_playlist(bytes.to_vec(), hash, &self.identity)?;
        if (playlist.day, playlist.version, playlist.assets) != (entry.day, entry.version, entry.assets) {
            return Err(PlanError::Index { hash }.into());
        }
        let table = self.assets(transport, hash, playlist.assets).await?;
        let grounds = self.grounds(transport, (hash, &playlist), &table, tell).await?;
        let plan = DayPlan::new(hash, playlist, table, grounds).map_err(|error| PlanError::Wire { hash, error })?;
        self.store.save_plan(hash, &bytes).map_err(|error| PlanError::Disk { hash, error })?;
        Ok(plan)
    }

    async fn assets(
        &mut self,
        transport: &dyn Transport,
        plan: PlanHash,
        hash: Sha256Hash,
    ) -> Result<Arc<AssetTable>, FetchPlan> {
        if let Some(table) = self.tables.get(&hash) {
            return Ok(table.clone());
        }
        let wire = |error: WireError| PlanError::Wire { hash: plan, error };
        let table = match self.store.load_assets(hash) {
            Ok(table) => table,
            Err(_) => {
                let bytes = self.fetch(transport, format!("/device/v1/assets/{hash}")).await?;
                let table = AssetTable::decode(&bytes, hash).map_err(wire)?;
                let saved = self.store.save_assets(hash, &bytes);
                saved.map_err(|error| PlanError::Disk { hash: plan, error })?;
                table
            }
        };
        let table = Arc::new(table);
        self.tables.insert(hash, table.clone());
        Ok(table)
    }

    async fn fetch(&self, transport: &dyn Transport, path: String) -> Result<Bytes, SyncError> {
        let response = transport.send(Request::get(path.clone())).await?;
        if response.status != 200 {
            return Err(SyncError::Refused { what: path, status: response.status });
        }
        Ok(response.bytes(LIMIT_BYTES).await?)
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

/// Why a document of approvals is not there.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Take(#[from] TakeError),
}

enum FetchPlan {
    Sync(SyncError),
    Plan(PlanError),
}
impl From<SyncError> for FetchPlan {
    fn from(error: SyncError) -> Self {
        Self::Sync(error)
    }
}
impl From<PlanError> for FetchPlan {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
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

//! Bundles for auditors: everything one campaign's report rests on, in a zip that is the same, byte for byte, whenever it
//! is made from the same checkpoint, plans and directory.
//!
//! A bundle stands on the newest published checkpoint and holds nothing beyond it; its report is reckoned from the
//! segments it shows, at the moment that checkpoint was signed. The form is [`lichphat_playlists::proof::bundle`]'s.

use super::evidence::{EvidenceStore, Segments};
use super::log::{Head, Log, LogError, LogStore, StoredSegment};
use super::{DeviceMark, PlanBook, ProofError};
use async_trait::async_trait;
use lichphat_playlists::figures::{Basis, Period, ScreenFacts};
use lichphat_playlists::ids::{DeviceId, Epoch, PlanHash, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::proof::bundle::{self, Approvals, EarlierCheckpoint, Keys, LOOK_BACK_MS, Start};
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::count::Tally;
use lichphat_playlists::proof::entry::{Entry, Statement, segment_leaf};
use lichphat_playlists::proof::head::DeviceHead;
use lichphat_playlists::proof::note::{Note, NoteError, VerifierKey};
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::proof::replay::Replay;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::proof::tenure::Tenure;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Envelope, LogSigning};
use lichphat_verify::{ArchiveError, Writer};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, Write};

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] ProofError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Writing the zip.
    #[error("the bundle cannot be written: {0}")]
    Write(#[from] ArchiveError),
    /// A stored checkpoint cannot be read.
    #[error("a published checkpoint cannot be read: {0}; run `lichphat check`")]
    Checkpoint(#[from] NoteError),
    /// Nothing was published yet.
    #[error("the log has no checkpoint yet: let `lichphat serve` run for a round, then export again")]
    NoCheckpoint,
    /// An entry is longer than a leaf may be.
    #[error("entry {0} is longer than the log can hold; run `lichphat check`")]
    TooLong(u64),
}

/// A playlist as it was signed, and the table it names.
#[derive(Debug, Clone)]
pub struct SignedPlan {
    /// Its day.
    pub day: LocalDay,
    /// Its version.
    pub version: u32,
    /// Its name.
    pub hash: PlanHash,
    /// The envelope.
    pub bytes: Vec<u8>,
    /// The asset table's name.
    pub assets: Sha256Hash,
}

/// What the store must do for bundles; reads only.
#[async_trait]
pub trait BundleStore: EvidenceStore + LogStore {
    /// Everything in the log that is no segment, with its place, in order.
    async fn statements(&self) -> Result<Vec<(u64, Entry)>, ProofError>;
    /// Segments of the screen's devices that were set apart as forks, received at `received_from` or later, in order of the log.
    async fn forks_of(&self, screen: &ScreenCode, received_from: UtcMillis) -> Result<Vec<StoredSegment>, ProofError>;
    /// Where a player stood before its first segment of a received day.
    async fn day_mark(&self, day: LocalDay, device: DeviceId, epoch: Epoch) -> Result<Option<DeviceMark>, ProofError>;
    /// The newest playlist of each day of a screen, and those of `named` that are held.
    async fn signed_plans(
        &self,
        screen: &ScreenCode,
        days: (LocalDay, LocalDay),
        named: Vec<PlanHash>,
    ) -> Result<Vec<SignedPlan>, ProofError>;
    /// An asset table's bytes.
    async fn asset_table(&self, hash: Sha256Hash) -> Result<Option<Vec<u8>>, ProofError>;
}

/// What a bundle came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Screens.
    pub screens: usize,
    /// Segments.
    pub segments: usize,
    /// Entries of the checkpoint it stands on.
    pub size: u64,
}

/// Makes bundles.
pub struct Exporter<'a> {
    store: &'a dyn BundleStore,
    log: &'a Log,
    head: Head,
}

impl<'a> Exporter<'a> {
    /// Stands on the newest published checkpoint.
    pub async fn new(store: &'a dyn BundleStore, log: &'a Log) -> Result<Self, BundleError> {
        let head = log.head().await?.ok_or(BundleError::NoCheckpoint)?;
        Ok(Self { store, log, head })
    }

    /// The checkpoint it stands on; figures are reckoned at the moment it was signed.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Writes the bundle of what `basis` states. `since` is the size of a checkpoint that an auditor has kept.
    pub async fn export<W: Write + Seek>(
        &self,
        basis: Basis,
        since: Option<u64>,
        out: W,
    ) -> Result<(W, Exported), BundleError> {
        let mut pack = Pack::new(Writer::new(out));
        let screens: BTreeSet<&ScreenCode> = basis.screens.iter().map(|f| &f.screen).collect();
        let statements = self.statements_of(&screens, &basis).await?;
        let begun = statements.iter().filter_map(|(_, entry)| match entry {
            Entry::Statement(Statement::Begun(begun)) => Some(begun.ended.clone()),
            _ => None,
        });
        let ended: Vec<VerifierKey<LogSigning>> = begun.collect();
        let tenures = tenures(&statements);
        pack.statements(statements)?;
        let mut facts = Vec::with_capacity(basis.screens.len());
        for stated in &basis.screens {
            facts.push(self.screen(&mut pack, stated, &basis, &tenures).await?);
        }
        let indexes: Vec<u64> = pack.indexes.iter().copied().collect();
        let proof = self.log.inclusions(indexes, self.head.size).await?;
        let proof: Vec<u8> = proof.iter().flat_map(|hash| hash.0).collect();
        let earlier = self.earlier(&pack, &ended, since).await?;
        let exported = Exported { screens: facts.len(), segments: pack.segments, size: self.head.size };
        let Pack { mut writer, starts, .. } = pack;
        writer.put(bundle::CHECKPOINT, self.head.note.as_bytes())?;
        writer.put_json(bundle::CHECKPOINTS, &earlier)?;
        writer.put(bundle::INCLUSION, &proof)?;
        writer.put_json(bundle::STARTS, &starts)?;
        writer.put_json(bundle::APPROVALS, &Approvals { version: 1, approvals: Vec::new() })?;
        writer.put_json(bundle::KEYS, &Keys { log: self.log.name().clone(), ended })?;
        writer.put_json(bundle::BASIS, &basis)?;
        let (campaign, from, to) = (basis.campaign.clone(), basis.period.from, basis.period.to);
        writer.put_json(bundle::REPORT, &Basis { screens: facts, ..basis }.report())?;
        Ok((writer.finish(campaign, from, to)?, exported))
    }

    /// What was stated of the scheduler's keys, of the players that ever stood at these screens, by who went to look at plays
    /// of the period, and of the samples that were drawn; and what players signed of how far their records go since judging begins.
    async fn statements_of(
        &self,
        screens: &BTreeSet<&ScreenCode>,
        basis: &Basis,
    ) -> Result<Vec<(u64, Entry)>, BundleError> {
        let mut ours = BTreeSet::new();
        let mut found = self.store.statements().await?;
        found.retain(|(index, entry)| *index < self.head.size && concerns(entry, screens, basis, &mut ours));
        Ok(found)
    }

    /// One screen's segments and playlists; returns its facts as the segments have them.
    async fn screen<W: Write + Seek>(
        &self,
        pack: &mut Pack<W>,
        stated: &ScreenFacts,
        basis: &Basis,
        tenures: &BTreeMap<ScreenCode, Vec<Tenure>>,
    ) -> Result<ScreenFacts, BundleError> {
        let (screen, period) = (&stated.screen, &basis.period);
        let (segments, forks) = self.segments(screen, basis).await?;
        let named: BTreeSet<PlanHash> =
            segments.iter().flat_map(|(_, s)| &s.records).flat_map(PlayRecord::plans_named).collect();
        let named: Vec<PlanHash> = named.into_iter().collect();
        let plans = self.store.signed_plans(screen, (period.from, period.to), named).await?;
        let hashes = plans.iter().map(|p| p.hash).collect();
        let book: PlanBook = self.store.plan_documents(hashes).await?.into_iter().collect();
        let (starts, before) = self.starts(&segments).await?;
        let mut replay = Replay::new(&starts);
        tenures.get(screen).into_iter().flatten().for_each(|tenure| replay.registered(*tenure));
        for (stored, segment) in &segments {
            replay.segment(segment, Sha256Hash::of(&stored.bytes), (stored.log_index, stored.received), &book);
            pack.anchor(&segment.anchor)?;
        }
        for fork in &forks {
            pack.anchor(&opened(&fork.bytes).map(|segment| segment.anchor).unwrap_or_default())?;
        }
        let mut entries: Vec<&StoredSegment> =
            segments.iter().map(|(stored, _)| stored).chain(&forks).chain(&before).collect();
        entries.sort_by_key(|stored| stored.log_index);
        pack.screen(screen, &entries, &plans, starts)?;
        for plan in &plans {
            if pack.assets.insert(plan.assets)
                && let Some(table) = self.store.asset_table(plan.assets).await?
            {
                pack.writer.put(&bundle::assets(plan.assets), &table)?;
            }
        }
        Ok(replay.facts(stated, &basis.campaign, period))
    }

    /// A screen's segments from a day before the period until each player has said something from after it, and the forks
    /// that came meanwhile.
    async fn segments(
        &self,
        screen: &ScreenCode,
        basis: &Basis,
    ) -> Result<(Vec<(StoredSegment, Segment)>, Vec<StoredSegment>), BundleError> {
        let period = &basis.period;
        let mut segments = Segments::new(self.store, screen.clone(), (period.from, period.to), period.offset);
        let mut found = Vec::new();
        loop {
            let piece = segments.next().await?;
            if piece.first().is_none_or(|(stored, _)| stored.log_index >= self.head.size) {
                break;
            }
            found.extend(piece.into_iter().filter(|(stored, _)| stored.log_index < self.head.size));
        }
        let mut forks = self.store.forks_of(screen, begin(period)).await?;
        forks.retain(|fork| {
            let end = segments.ended().get(&(fork.device, fork.epoch)).copied().unwrap_or(self.head.size);
            fork.log_index < end.min(self.head.size)
        });
        Ok((found, forks))
    }

    /// Where the players stood before their first segment that is shown, and the segment at which each stood there. Of a
    /// new player there is nothing to say, but that it goes on where one before it stopped that is not shown.
    async fn starts(
        &self,
        segments: &[(StoredSegment, Segment)],
    ) -> Result<(Vec<Start>, Vec<StoredSegment>), BundleError> {
        let mut starts = BTreeMap::new();
        for (stored, segment) in segments {
            let key = (segment.device, segment.epoch);
            if starts.contains_key(&key) {
                continue;
            }
            let mark = self.store.day_mark(stored.day, segment.device, segment.epoch).await?.unwrap_or_default();
            starts.insert(key, mark);
        }
        let (mut said, mut last) = (Vec::new(), Vec::new());
        for (nth, ((device, epoch), mark)) in starts.into_iter().enumerate() {
            let DeviceMark { acked, head, tally } = mark;
            if acked == Seq(0) && (nth > 0 || tally == Tally::default()) {
                continue;
            }
            last.extend(self.store.segment_with(device, epoch, acked).await?);
            said.push(Start { device, epoch, acked, head, tally });
        }
        Ok((said, last))
    }

    /// Earlier checkpoints: those that players and the auditor saw, and one an hour beside them, for the bounds of time. Those
    /// of logs that ended are of this tree, too, as far as it goes on from theirs; the parts that are lost are in no tree.
    async fn earlier<W: Write + Seek>(
        &self,
        pack: &Pack<W>,
        ended: &[VerifierKey<LogSigning>],
        since: Option<u64>,
    ) -> Result<Vec<EarlierCheckpoint>, BundleError> {
        const HOUR_MS: i64 = 3_600_000;
        const BATCH: u32 = 1_000; // there is one a minute for as long as the log lives
        let (mut hours, mut heads) = (BTreeSet::new(), Vec::new());
        for log in ended.iter().chain([self.log.name()]) {
            let mut after = None;
            loop {
                let batch = self.store.checkpoints(log.name(), after, BATCH).await?;
                let Some(last) = batch.last() else { break };
                after = Some(last.size);
                heads.extend(batch.into_iter().filter(|head| {
                    let seen = pack.anchors.contains(&head.size) || since == Some(head.size);
                    let hourly = pack.covers(head.size) && hours.insert(head.at.0.div_euclid(HOUR_MS));
                    head.size < self.head.size && (seen || hourly)
                }));
            }
        }
        let sizes = heads.iter().map(|head: &Head| head.size).collect();
        let proofs = self.log.consistencies(sizes, self.head.size).await?;
        let earlier =
            heads.into_iter().zip(proofs).map(|(head, consistency)| EarlierCheckpoint { note: head.note, consistency });
        Ok(earlier.collect())
    }
}

/// From when on what arrived is shown.
fn begin(period: &Period) -> UtcMillis {
    period.from.start(period.offset).plus_ms(-LOOK_BACK_MS)
}

/// Is it of the keys, of one of the players, `ours`, that ever stood at the screens, of a play of the report, or a draw of the campaign?
fn concerns(entry: &Entry, screens: &BTreeSet<&ScreenCode>, basis: &Basis, ours: &mut BTreeSet<DeviceId>) -> bool {
    let period = &basis.period;
    match entry {
        Entry::Statement(Statement::Keys { .. }) => true,
        Entry::Statement(Statement::Finding(finding)) => {
            let day = finding.start_ms.day(period.offset);
            finding.campaign == basis.campaign && (period.from..=period.to).contains(&day)
        }
        Entry::Statement(Statement::Device { device, screen, .. }) if screens.contains(screen) => {
            ours.insert(*device);
            true
        }
        Entry::Statement(Statement::DeviceEnd { device, .. }) => ours.contains(device),
        Entry::Statement(Statement::Begun(_)) => true,
        Entry::Head { received, envelope } => {
            *received >= begin(period) && claimed(envelope).is_some_and(|head| ours.contains(&head.device))
        }
        Entry::Statement(Statement::Draw(drawn)) => {
            drawn.campaign == basis.campaign && drawn.from <= period.to && period.from <= drawn.to
        }
        Entry::Statement(Statement::Device { .. }) | Entry::Segment { .. } => false,
    }
}

/// The boxes that were registered, by screen.
fn tenures(statements: &[(u64, Entry)]) -> BTreeMap<ScreenCode, Vec<Tenure>> {
    let mut tenures = BTreeMap::<ScreenCode, Vec<Tenure>>::new();
    for (index, entry) in statements {
        if let Entry::Statement(Statement::Device { device, screen, at_ms, .. }) = entry {
            let tenure = Tenure { log_index: *index, device: *device, at: *at_ms };
            tenures.entry(screen.clone()).or_default().push(tenure);
        }
    }
    tenures
}

/// What a fork says; its signature was checked when it came.
fn opened(envelope: &[u8]) -> Option<Segment> {
    Segment::open_stored(&Envelope::from_bytes(envelope.to_vec()).ok()?).ok()
}

/// What a head says; its signature was checked when it came.
fn claimed(envelope: &[u8]) -> Option<DeviceHead> {
    DeviceHead::claimed(&Envelope::from_bytes(envelope.to_vec()).ok()?).ok()
}

/// A bundle while it is made.
struct Pack<W: Write + Seek> {
    writer: Writer<W>,
    /// Places of everything that goes in.
    indexes: BTreeSet<u64>,
    segments: usize,
    starts: BTreeMap<ScreenCode, Vec<Start>>,
    anchors: BTreeSet<u64>,
    assets: BTreeSet<Sha256Hash>,
}

impl<W: Write + Seek> Pack<W> {
    fn new(writer: Writer<W>) -> Self {
        let (indexes, anchors, assets) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { writer, indexes, segments: 0, starts: BTreeMap::new(), anchors, assets }
    }

    fn statements(&mut self, statements: Vec<(u64, Entry)>) -> Result<(), BundleError> {
        let mut bytes = Vec::new();
        for (index, entry) in statements {
            if let Entry::Head { envelope, .. } = &entry {
                self.anchors.extend(claimed(envelope).and_then(|head| head.seen).map(|seen| seen.size));
            }
            self.entry(&mut bytes, index, &entry.encode())?;
        }
        Ok(self.writer.put(bundle::STATEMENTS, &bytes)?)
    }

    fn entry(&mut self, out: &mut Vec<u8>, index: u64, leaf: &[u8]) -> Result<(), BundleError> {
        self.indexes.insert(index);
        if bundle::put_entry(out, index, leaf) { Ok(()) } else { Err(BundleError::TooLong(index)) }
    }

    fn screen(
        &mut self,
        screen: &ScreenCode,
        segments: &[&StoredSegment],
        plans: &[SignedPlan],
        starts: Vec<Start>,
    ) -> Result<(), BundleError> {
        let (mut log, mut papers) = (Vec::new(), Vec::new());
        for stored in segments {
            self.entry(&mut log, stored.log_index, &segment_leaf(stored.received, &stored.bytes))?;
        }
        for plan in plans {
            let fits = bundle::put_document(&mut papers, &plan.bytes);
            debug_assert!(fits, "a playlist has at most some megabytes");
        }
        self.segments += segments.len();
        if !starts.is_empty() {
            self.starts.insert(screen.clone(), starts);
        }
        self.writer.put(&bundle::segments_of(screen), &log)?;
        Ok(self.writer.put(&bundle::plans_of(screen), &papers)?)
    }

    fn anchor(&mut self, anchor: &str) -> Result<(), BundleError> {
        if !anchor.is_empty() {
            // what cannot be read is the player's doing, and the verifier's to tell
            let seen = Note::parse(anchor).and_then(|note| Checkpoint::parse(&note.text));
            self.anchors.extend(seen.ok().map(|checkpoint| checkpoint.size));
        }
        Ok(())
    }

    /// Does a checkpoint of that size say something of when the entries came?
    fn covers(&self, size: u64) -> bool {
        self.indexes.first().is_some_and(|&first| first < size)
    }
}

//! Bundles for auditors: everything one campaign's report rests on, in a zip that is the same, byte for byte, whenever it
//! is made from the same checkpoint, plans and directory.
//!
//! A bundle stands on the newest published checkpoint and holds nothing beyond it; its report is reckoned from the
//! segments it shows, at the moment that checkpoint was signed. Store, log and basis have to be those of one moment. The form is [`lichphat_playlists::proof::bundle`]'s.

mod pack;
mod screen;

use super::evidence::{EvidenceStore, Segments};
use super::log::{Head, Log, LogError, LogStore, StoredSegment};
use super::{Counts, DeviceMark, ProofError};
use async_trait::async_trait;
use lichphat_playlists::figures::{Basis, Period, ScreenFacts};
use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, PlanHash, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::bundle::{self, EarlierCheckpoint, Keys, LOOK_BACK_MS};
use lichphat_playlists::proof::entry::{Entry, LISTING, Statement};
use lichphat_playlists::proof::head::DeviceHead;
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::proof::tenure::Tenure;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Envelope, LogSigning, Packing, SigningKey};
use lichphat_verify::{ArchiveError, Writer};
use pack::Pack;
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
    /// Nothing was published yet.
    #[error("the log has no checkpoint yet: let `lichphat serve` run for a round, then export again")]
    NoCheckpoint,
    /// An entry is longer than a leaf may be.
    #[error("entry {0} is longer than the log can hold; run `lichphat check`")]
    TooLong(u64),
}

/// Makes bundles for who asks for one elsewhere than on the server's shell.
#[async_trait]
pub trait Bundler: Send + Sync {
    /// A bundle of a campaign and days, from its beginning; none while another is made.
    ///
    /// # Errors
    /// What went wrong, for the server's log.
    async fn bundle(
        &self,
        campaign: &CampaignCode,
        days: (LocalDay, LocalDay),
    ) -> Result<Option<std::fs::File>, String>;
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

/// Parts of sums by screen and day.
pub type Before = BTreeMap<ScreenCode, BTreeMap<LocalDay, Counts>>;

/// What the store must do for bundles; reads only.
#[async_trait]
pub trait BundleStore: EvidenceStore + LogStore {
    /// Everything in the log that is no segment, with its place, in order.
    async fn statements(&self) -> Result<Vec<(u64, Entry)>, ProofError>;
    /// Segments of the screen's devices that were set apart as forks since the table of `day` began, in order of the log.
    async fn forks_of(&self, screen: &ScreenCode, day: LocalDay) -> Result<Vec<StoredSegment>, ProofError>;
    /// What segments in tables before that of `since` added to sums of the campaign on days of the period, by screen.
    async fn came_before(&self, since: LocalDay, of: (&CampaignCode, &Period)) -> Result<Before, ProofError>;
    /// Where a player stood before its first segment of a received day.
    async fn day_mark(&self, day: LocalDay, device: DeviceId, epoch: Epoch) -> Result<Option<DeviceMark>, ProofError>;
    /// The newest playlist of each day of a screen, and those of `named` that are held.
    async fn signed_plans(
        &self,
        screen: &ScreenCode,
        days: (LocalDay, LocalDay),
        named: Vec<PlanHash>,
    ) -> Result<Vec<SignedPlan>, ProofError>;
    /// A signed document of approvals.
    async fn approval(&self, name: Sha256Hash) -> Result<Option<Vec<u8>>, ProofError>;
    /// An asset table's bytes.
    async fn asset_table(&self, hash: Sha256Hash) -> Result<Option<Vec<u8>>, ProofError>;
}

/// What a bundle came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Screens.
    pub screens: usize,
    /// Segments.
    pub segments: usize,
    /// Entries of the checkpoint it stands on.
    pub size: u64,
    /// Where its records, and those that came after that checkpoint, do not add up to the stored sums.
    pub differing: Vec<Differing>,
}

/// A screen's day of which the records say something else than the stored sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// The screen.
    pub screen: ScreenCode,
    /// The day.
    pub day: LocalDay,
    /// What the records say.
    pub shown: Counts,
    /// What is stored.
    pub stored: Counts,
}

/// Makes bundles.
pub struct Exporter<'a> {
    store: &'a dyn BundleStore,
    log: &'a Log,
    key: &'a SigningKey<Packing>,
    head: Head,
}

impl<'a> Exporter<'a> {
    /// Stands on the newest published checkpoint; `key` signs what it makes.
    pub async fn new(
        store: &'a dyn BundleStore,
        log: &'a Log,
        key: &'a SigningKey<Packing>,
    ) -> Result<Self, BundleError> {
        let head = log.head().await?.ok_or(BundleError::NoCheckpoint)?;
        Ok(Self { store, log, key, head })
    }

    /// The checkpoint it stands on; figures are reckoned at the moment it was signed.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Keys of this log and, before it, of those that it goes on from: whose checkpoints it can show to be its own.
    pub async fn names(&self) -> Result<Vec<VerifierKey<LogSigning>>, BundleError> {
        let mut names = ended(&self.store.statements().await?);
        names.push(self.log.name().clone());
        Ok(names)
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
        let (ended, tenures) = (ended(&statements), tenures(&statements));
        pack.statements(statements)?;
        let before = self.store.came_before(first_day(&basis.period), (&basis.campaign, &basis.period)).await?;
        let (mut facts, mut differing) = (Vec::with_capacity(basis.screens.len()), Vec::new());
        for stated in &basis.screens {
            let tenures = tenures.get(&stated.screen).map_or(&[][..], Vec::as_slice);
            let (screen, said) = self.screen(&mut pack, stated, &basis, tenures).await?;
            differing.extend(against(stated, said, before.get(&stated.screen)));
            facts.push(screen);
        }
        let indexes: Vec<u64> = pack.indexes.iter().copied().collect();
        let proof = self.log.inclusions(indexes, self.head.size).await?;
        let proof: Vec<u8> = proof.iter().flat_map(|hash| hash.0).collect();
        let earlier = self.earlier(&pack, &ended, since).await?;
        let exported = Exported { screens: facts.len(), segments: pack.segments, size: self.head.size, differing };
        let mut approvals = Vec::new();
        for name in &pack.approvals {
            let document = self.store.approval(*name).await?.unwrap_or_default();
            let fits = bundle::put_document(&mut approvals, &document);
            debug_assert!(fits, "an approval has at most some megabytes");
        }
        let Pack { mut writer, starts, .. } = pack;
        writer.put(bundle::CHECKPOINT, self.head.note.as_bytes())?;
        writer.put_json(bundle::CHECKPOINTS, &earlier)?;
        writer.put(bundle::INCLUSION, &proof)?;
        writer.put_json(bundle::STARTS, &starts)?;
        writer.put(bundle::APPROVALS, &approvals)?;
        writer.put_json(bundle::KEYS, &Keys { log: self.log.name().clone(), ended })?;
        writer.put_json(bundle::BASIS, &basis)?;
        let (campaign, from, to) = (basis.campaign.clone(), basis.period.from, basis.period.to);
        writer.put_json(bundle::REPORT, &Basis { screens: facts, ..basis }.report())?;
        Ok((writer.finish(campaign, (from, to), self.key)?, exported))
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

/// Keys of logs over whose entries this one goes on.
fn ended(statements: &[(u64, Entry)]) -> Vec<VerifierKey<LogSigning>> {
    let begun = statements.iter().filter_map(|(_, entry)| match entry {
        Entry::Statement(Statement::Begun(begun)) => Some(begun.ended.clone()),
        _ => None,
    });
    begun.collect()
}

/// Days of a screen of which its records, and what is known of those that came too early to be shown, say something else than the
/// stored sums.
fn against(
    stated: &ScreenFacts,
    mut said: BTreeMap<LocalDay, Counts>,
    before: Option<&BTreeMap<LocalDay, Counts>>,
) -> Vec<Differing> {
    for (day, counts) in before.into_iter().flatten() {
        said.entry(*day).or_default().merge(counts);
    }
    let days: BTreeSet<LocalDay> = stated.days.keys().chain(said.keys()).copied().collect();
    let differing = days.into_iter().filter_map(|day| {
        let stored = stated.days.get(&day).map(|facts| facts.counts.clone()).unwrap_or_default();
        let shown = said.remove(&day).unwrap_or_default();
        (shown != stored).then(|| Differing { screen: stated.screen.clone(), day, shown, stored })
    });
    differing.collect()
}

/// Does the log hold a second story of a screen's device that a bundle of these days would show? Its box was copied, or put back from an old
/// image, and whoever verifies the bundle takes nothing of the screen as proven from there on.
pub async fn tells_two_stories(
    store: &dyn BundleStore,
    screen: &ScreenCode,
    period: &Period,
) -> Result<bool, ProofError> {
    let mut segments = Segments::new(store, screen.clone(), (period.from, period.to), period.offset);
    while !segments.next().await?.is_empty() {}
    let size = store.log_size().await?;
    Ok(!screen::forks(store, &segments, (screen, period), size).await?.is_empty())
}

/// The first received day that is shown.
fn first_day(period: &Period) -> LocalDay {
    begin(period).day(period.offset)
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
        Entry::Statement(Statement::Act { act, .. }) if act == LISTING => true,
        Entry::Head { received, envelope } => {
            *received >= begin(period) && claimed(envelope).is_some_and(|head| ours.contains(&head.device))
        }
        Entry::Statement(Statement::Draw(drawn)) => {
            drawn.campaign == basis.campaign && drawn.from <= period.to && period.from <= drawn.to
        }
        Entry::Statement(
            Statement::Proposal { campaign, .. } | Statement::Yes { campaign, .. } | Statement::Permit { campaign, .. },
        ) => *campaign == basis.campaign,
        Entry::Statement(Statement::Withdrawal { .. }) => true,
        Entry::Statement(Statement::Device { .. } | Statement::Act { .. }) | Entry::Segment { .. } => false,
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

/// What a head says; its signature was checked when it came.
fn claimed(envelope: &[u8]) -> Option<DeviceHead> {
    DeviceHead::claimed(&Envelope::from_bytes(envelope.to_vec()).ok()?).ok()
}

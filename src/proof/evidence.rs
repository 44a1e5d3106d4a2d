//! What one screen's devices said of one day, record by record, each judged as it was at ingest.
//!
//! Rollups are sums; here a sum is walked back to the records it counts (house invariant 6). The
//! rule is the one of [`chain`](lichphat_playlists::proof::chain): nothing is judged in another way.

use super::log::StoredSegment;
use super::{Counts, PlanBook, PlanDocument, ProofError, ProofStore, stand};
use async_trait::async_trait;
use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, PlanHash, ScreenCode, Seq};
use lichphat_playlists::proof::bundle::LOOK_BACK_MS;
use lichphat_playlists::proof::count::{Standing, Tally};
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::proof::tenure::{Tenure, known};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::sign::Envelope;
use std::collections::{BTreeMap, BTreeSet};

/// Reading one screen's evidence back.
#[async_trait]
pub trait EvidenceStore: ProofStore {
    /// Segments of every device that ever stood at `screen` in the tables of `day` and later ones, from `log_index` on, in
    /// order of the log, at most `limit`. Whole tables: a clock that is set back leaves earlier moments in a later day's.
    async fn segments_of(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
        log_index: u64,
        limit: u32,
    ) -> Result<Vec<StoredSegment>, ProofError>;
    /// The boxes that ever stood at `screen`.
    async fn boxes_of(&self, screen: &ScreenCode) -> Result<Boxes, ProofError>;
    /// The segment held that has record `seq` of a device's epoch.
    async fn segment_with(&self, device: DeviceId, epoch: Epoch, seq: Seq)
    -> Result<Option<StoredSegment>, ProofError>;
    /// The screens that have records of `campaign` on a day from `from` to `to`, both included, in order of their codes.
    async fn screens_with(
        &self,
        campaign: &CampaignCode,
        from: LocalDay,
        to: LocalDay,
    ) -> Result<Vec<ScreenCode>, ProofError>;
}

/// The boxes that ever stood at a screen.
#[derive(Debug, Clone, Default)]
pub struct Boxes {
    /// When each was registered, in order of the log.
    pub tenures: Vec<Tenure>,
    /// The last record that is held of each; none of one that has not sent anything.
    pub held: BTreeMap<(DeviceId, Epoch), Seq>,
}

/// One record with its identity and how it stands.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Who saw it.
    pub device: DeviceId,
    /// Its epoch then.
    pub epoch: Epoch,
    /// Its number.
    pub seq: Seq,
    /// A simulated device?
    pub simulated: bool,
    /// When it arrived.
    pub received: UtcMillis,
    /// The entry of the log that holds it.
    pub log_index: u64,
    /// What it says.
    pub record: PlayRecord,
    /// Day it is rolled up under.
    pub day: LocalDay,
    /// Campaign or item it is rolled up under.
    pub campaign: CampaignCode,
    /// How it stands.
    pub standing: Standing,
}

/// A screen's records of some days, judged.
#[derive(Debug, Clone, Default)]
pub struct ScreenRecords {
    /// Those rolled up under the days, in the order of the log.
    pub records: Vec<Judged>,
    /// Plans that the records name, also for slots they make good, as far as the store holds them.
    pub plans: BTreeMap<PlanHash, PlanDocument>,
}

impl ScreenRecords {
    /// The sums of the day by campaign: equal to the rollups.
    pub fn counts(&self) -> BTreeMap<CampaignCode, Counts> {
        let mut counts: BTreeMap<CampaignCode, Counts> = BTreeMap::new();
        for judged in &self.records {
            counts.entry(judged.campaign.clone()).or_default().add(&judged.record, judged.standing);
        }
        counts
    }

    /// Second of the day and asset index of a slot that a record names.
    pub fn slot(&self, plan: &PlanHash, slot: u32) -> Option<(LocalDay, u32, u16)> {
        let playlist = &self.plans.get(plan)?.playlist;
        let slot = playlist.slots.get(slot as usize)?;
        Some((playlist.day, slot.start_s, slot.item))
    }
}

/// Segments read at once.
const BATCH: u32 = 128;

/// A screen's segments as they are stored, each with what it says, piece by piece in the order of the log: of each box
/// until it has said something from after the end.
pub struct Segments<'s> {
    store: &'s dyn EvidenceStore,
    screen: ScreenCode,
    /// The first received day that is read.
    since: LocalDay,
    end: UtcMillis,
    /// The log from here on has not been read.
    next: u64,
    boxes: Option<Boxes>,
    ended: BTreeMap<(DeviceId, Epoch), u64>,
}

impl<'s> Segments<'s> {
    /// Of every device that ever stood there, with anything that may be of the days from the first to the second, both included.
    pub fn new(
        store: &'s dyn EvidenceStore,
        screen: ScreenCode,
        (from, to): (LocalDay, LocalDay),
        offset: UtcOffset,
    ) -> Self {
        let since = from.start(offset).plus_ms(-LOOK_BACK_MS).day(offset);
        let end = to.next().start(offset).plus_ms(LOOK_BACK_MS);
        Self { store, screen, since, end, next: 0, boxes: None, ended: BTreeMap::new() }
    }

    /// The boxes that were registered at the screen; none before the first piece.
    pub fn tenures(&self) -> &[Tenure] {
        self.boxes.as_ref().map_or(&[], |boxes| &boxes.tenures)
    }

    /// The players that have said something from after the end, with the entry in which they first did; it is shown, too.
    pub fn ended(&self) -> &BTreeMap<(DeviceId, Epoch), u64> {
        &self.ended
    }

    /// The next piece; empty after the last one.
    ///
    /// # Errors
    /// When one cannot be read: it was changed behind the store's back.
    pub async fn next(&mut self) -> Result<Vec<(StoredSegment, Segment)>, ProofError> {
        let mut boxes = match self.boxes.take() {
            Some(boxes) => boxes,
            None => self.store.boxes_of(&self.screen).await?,
        };
        let mut piece = Vec::new();
        while piece.is_empty() && !boxes.held.is_empty() {
            let batch = self.store.segments_of(&self.screen, self.since, self.next, BATCH).await?;
            let Some(last) = batch.last() else { break };
            self.next = last.log_index + 1;
            for stored in batch {
                let player = (stored.device, stored.epoch);
                if self.ended.contains_key(&player) {
                    continue;
                }
                let (stored, segment) = open(stored)?;
                // a clock that jumps ahead for a while ends nothing
                if stored.received >= self.end && segment.records.iter().all(|r| r.start >= self.end) {
                    self.ended.insert(player, stored.log_index);
                }
                if self.ended.contains_key(&player) || boxes.held.get(&player) == Some(&stored.last_seq) {
                    boxes.held.remove(&player); // nothing more of it is held, or nothing more is of these days
                }
                piece.push((stored, segment));
            }
        }
        self.boxes = Some(boxes);
        Ok(piece)
    }
}

fn open(mut stored: StoredSegment) -> Result<(StoredSegment, Segment), ProofError> {
    let unreadable = |source| ProofError::Unreadable { log_index: stored.log_index, source };
    let envelope = Envelope::from_bytes(std::mem::take(&mut stored.bytes)).map_err(|e| unreadable(e.into()))?;
    let segment = Segment::open_stored(&envelope).map_err(unreadable)?;
    stored.bytes = envelope.into_bytes();
    Ok((stored, segment))
}

/// Every record of `screen` that is rolled up under `day`.
pub async fn screen_day(
    store: &dyn EvidenceStore,
    screen: &ScreenCode,
    day: LocalDay,
    offset: UtcOffset,
) -> Result<ScreenRecords, ProofError> {
    let mut all = ScreenRecords::default();
    let mut walk = Walk::new(store, screen.clone(), (day, day), offset);
    while let Some(piece) = walk.next().await? {
        all.records.extend(piece.records);
        all.plans.extend(piece.plans);
    }
    Ok(all)
}

/// One screen's records of some days, piece by piece: a period of any length needs memory for one piece.
pub struct Walk<'s> {
    segments: Segments<'s>,
    days: (LocalDay, LocalDay),
    offset: UtcOffset,
    /// Each box has its own; a new one goes on where the newest before it stands.
    tallies: BTreeMap<(DeviceId, Epoch), Tally>,
}

impl<'s> Walk<'s> {
    /// Over the records rolled up under a day from the first to the last, both included.
    pub fn new(
        store: &'s dyn EvidenceStore,
        screen: ScreenCode,
        days: (LocalDay, LocalDay),
        offset: UtcOffset,
    ) -> Self {
        Self { segments: Segments::new(store, screen, days, offset), days, offset, tallies: BTreeMap::new() }
    }

    /// Whose records.
    pub fn screen(&self) -> &ScreenCode {
        &self.segments.screen
    }

    /// Offset of local time.
    pub fn offset(&self) -> UtcOffset {
        self.offset
    }

    /// The next piece, in the order of the log, with the plans that its records name; none after the last one.
    pub async fn next(&mut self) -> Result<Option<ScreenRecords>, ProofError> {
        let opened = self.segments.next().await?;
        if opened.is_empty() {
            return Ok(None);
        }
        let mut piece = ScreenRecords::default();
        read_plans(self.segments.store, &opened, &mut piece.plans).await?;
        let withdrawals = self.segments.store.withdrawals().await?;
        let book = piece.plans.values().cloned().collect::<PlanBook>().with(withdrawals);
        for (stored, segment) in &opened {
            let tenures = known(self.segments.tenures(), stored.log_index);
            let newest = self.tallies.last_key_value().map(|(_, tally)| tally.clone());
            let tally = self.tallies.entry((segment.device, segment.epoch)).or_insert(newest.unwrap_or_default());
            judge(segment, stored, self.days, (&book, tenures), tally, &mut piece.records);
        }
        Ok(Some(piece))
    }
}

async fn read_plans(
    store: &dyn EvidenceStore,
    segments: &[(StoredSegment, Segment)],
    plans: &mut BTreeMap<PlanHash, PlanDocument>,
) -> Result<(), ProofError> {
    let named = segments.iter().flat_map(|(_, s)| &s.records).flat_map(PlayRecord::plans_named);
    let missing: BTreeSet<PlanHash> = named.filter(|hash| !plans.contains_key(hash)).collect();
    if !missing.is_empty() {
        let read = store.plan_documents(missing.into_iter().collect()).await?;
        plans.extend(read.into_iter().map(|document| (document.hash, document)));
    }
    Ok(())
}

fn judge(
    segment: &Segment,
    &StoredSegment { received, log_index, .. }: &StoredSegment,
    (from, to): (LocalDay, LocalDay),
    book: (&PlanBook, &[Tenure]),
    tally: &mut Tally,
    records: &mut Vec<Judged>,
) {
    for (i, record) in segment.records.iter().enumerate() {
        let ((day, campaign), standing) = stand(record, segment, received, book, tally);
        if (from..=to).contains(&day) {
            records.push(Judged {
                device: segment.device,
                epoch: segment.epoch,
                seq: Seq(segment.first_seq.0 + i as u64),
                simulated: segment.simulated,
                received,
                log_index,
                record: *record,
                day,
                campaign,
                standing,
            });
        }
    }
}

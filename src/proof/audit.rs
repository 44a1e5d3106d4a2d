//! `lichphat check`, the proof part: replays every stored segment and compares, like fsck.
//!
//! Nothing is mended here and nothing is believed: hashes and signatures are checked again, the
//! chain is walked, and rollups and marks are computed anew from the segments.

use super::log::{LogStore, StoredEntry, StoredSegment};
use super::{DeviceIdentity, DeviceMark, Outcome, PlanBook, ProofError, ProofStore, RollupDelta, cache, decide};
use async_trait::async_trait;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::count::Tally;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::proof::segment::{Segment, SegmentError};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Envelope, Evidence, VerifyingKey};
use std::collections::{BTreeMap, BTreeSet};

/// Reading everything back.
#[async_trait]
pub trait AuditStore: ProofStore + LogStore {
    /// The stored rollups of every device.
    async fn rollups(&self) -> Result<BTreeMap<DeviceId, RollupDelta>, ProofError>;
    /// Every stored mark.
    async fn marks(&self) -> Result<BTreeMap<(DeviceId, Epoch), DeviceMark>, ProofError>;
    /// Where each device stood before its first segment of a day that is held.
    async fn day_marks(&self, day: LocalDay) -> Result<BTreeMap<(DeviceId, Epoch), DeviceMark>, ProofError>;
    /// Devices that are simulated: marked so from their registration on.
    async fn simulated_devices(&self) -> Result<BTreeSet<DeviceId>, ProofError>;
    /// The key of a device, retired ones too.
    async fn identity_ever(&self, device: DeviceId) -> Result<Option<DeviceIdentity>, ProofError>;
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// Where: `segment 17`, `rollup device 3 2026-11-20 ihanoi`.
    pub place: String,
    /// What.
    pub problem: String,
}

/// What was looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Audit {
    /// Segments replayed.
    pub segments: u64,
    /// Records judged again.
    pub records: u64,
    /// What does not agree; empty when all is well.
    pub findings: Vec<Finding>,
}

/// Entries read at once.
const BATCH: u64 = 512;

/// Replays the whole log.
pub async fn audit(store: &dyn AuditStore) -> Result<Audit, ProofError> {
    let size = store.log_size().await?;
    let mut at = store.held_days().await?.first().map_or(0, |d| d.first_index);
    let mut replay = Replay { pruned: at > 0, ..Replay::default() };
    for entry in store.entries(0..at).await? {
        replay.leaf(entry.log_index(), &entry.leaf()); // of dropped days, what the scheduler stated is left
    }
    while at < size {
        let end = size.min(at + BATCH);
        for entry in store.entries(at..end).await? {
            if entry.log_index() > at {
                replay.find(format!("entry {at}"), format!("is missing: the log goes on at {}", entry.log_index()));
            }
            at = entry.log_index() + 1;
            match entry {
                StoredEntry::Segment(stored) => replay.segment(store, stored).await?,
                StoredEntry::Leaf { log_index, bytes } => replay.leaf(log_index, &bytes),
            }
        }
        at = at.max(end);
    }
    replay.end_day();
    replay.compare(&store.rollups().await?, &store.marks().await?);
    Ok(replay.audit)
}

#[derive(Default)]
struct Replay {
    audit: Audit,
    /// Earlier days were dropped: what came before the first one held is believed.
    pruned: bool,
    plans: cache::PlanCache,
    keys: BTreeMap<DeviceId, Option<DeviceIdentity>>,
    /// The keys that the log's own statements name.
    stated: BTreeMap<DeviceId, VerifyingKey<Evidence>>,
    /// The day that is replayed, and where its devices stood before it, as far as they have not come yet.
    day: Option<LocalDay>,
    day_marks: BTreeMap<(DeviceId, Epoch), DeviceMark>,
    came: BTreeSet<(DeviceId, Epoch)>,
    marks: BTreeMap<(DeviceId, Epoch), DeviceMark>,
    /// Tally of each screen's newest device, for the next box at it.
    tallies: BTreeMap<ScreenCode, ((DeviceId, Epoch), Tally)>,
    rollups: BTreeMap<DeviceId, RollupDelta>,
}

impl Replay {
    fn find(&mut self, place: String, problem: impl Into<String>) {
        self.audit.findings.push(Finding { place, problem: problem.into() });
    }

    fn leaf(&mut self, log_index: u64, bytes: &[u8]) {
        match Entry::decode(bytes) {
            Ok(Entry::Statement(Statement::Device { device, key, .. })) => drop(self.stated.insert(device, *key)),
            Ok(_) => {}
            Err(error) => self.find(format!("entry {log_index}"), error.to_string()),
        }
    }

    async fn segment(&mut self, store: &dyn AuditStore, stored: StoredSegment) -> Result<(), ProofError> {
        let place = format!("entry {}", stored.log_index);
        self.audit.segments += 1;
        self.begin(store, stored.day).await?;
        let identity = match self.keys.get(&stored.device) {
            Some(known) => known.clone(),
            None => {
                let identity = store.identity_ever(stored.device).await?;
                self.keys.insert(stored.device, identity.clone());
                identity
            }
        };
        let Some(identity) = identity else {
            self.find(place, format!("names device {}, which is not in the directory of devices", stored.device));
            return Ok(());
        };
        if self.stated.get(&stored.device) != Some(&identity.key) {
            self.find(place.clone(), format!("is of device {}, whose key the log did not state before", stored.device));
        }
        let row = (stored.device, stored.epoch, stored.first_seq, stored.last_seq);
        let (segment, envelope) = match opened(stored.bytes, &identity.key) {
            Ok(opened) => opened,
            Err(error) => {
                self.find(place, error.to_string());
                return Ok(());
            }
        };
        if row != (segment.device, segment.epoch, segment.first_seq, segment.last_seq()) {
            self.find(place.clone(), "its row does not say what its signed bytes say");
        }
        if segment.screen != identity.screen {
            let problem = format!("speaks for screen {}, its device stands at {}", segment.screen, identity.screen);
            self.find(place.clone(), problem);
        }
        let plans = match self.plans.book(store, &segment).await {
            Ok(plans) => plans,
            Err(error) => {
                self.find(place, format!("cannot be judged again: {error}"));
                return Ok(());
            }
        };
        let mark = self.mark(&segment);
        self.judge(place, &mark, &segment, envelope.hash(), stored.received, &plans);
        Ok(())
    }

    /// The next day's marks, when a day begins.
    async fn begin(&mut self, store: &dyn AuditStore, day: LocalDay) -> Result<(), ProofError> {
        if self.day != Some(day) {
            self.end_day();
            self.day_marks = store.day_marks(day).await?;
            self.day = Some(day);
        }
        Ok(())
    }

    fn end_day(&mut self) {
        self.came.clear();
        for (device, epoch) in std::mem::take(&mut self.day_marks).into_keys() {
            let day = self.day.map(|d| d.to_string()).unwrap_or_default();
            self.find(day_mark(&day, device, epoch), "stands there, but no segment of the day is its");
        }
    }

    /// Where the segment's device stands before it. At its first segment of a day that is compared with what was kept then.
    fn mark(&mut self, segment: &Segment) -> DeviceMark {
        let key = (segment.device, segment.epoch);
        let known = self.marks.get(&key).cloned();
        if !self.came.insert(key) {
            return known.unwrap_or_default();
        }
        let kept = self.day_marks.remove(&key);
        if known.is_none() && self.pruned && kept.is_some() {
            return kept.unwrap_or_default();
        }
        let inherited = || self.tallies.get(&segment.screen).map(|(_, tally)| tally.clone()).unwrap_or_default();
        let mark = known.unwrap_or_else(|| DeviceMark { tally: inherited(), ..DeviceMark::default() });
        if kept.as_ref() != Some(&mark) {
            let day = self.day.map(|d| d.to_string()).unwrap_or_default();
            self.find(day_mark(&day, key.0, key.1), "is missing, or not what the segments before say");
        }
        mark
    }

    fn judge(
        &mut self,
        place: String,
        mark: &DeviceMark,
        segment: &Segment,
        hash: Sha256Hash,
        received: UtcMillis,
        plans: &PlanBook,
    ) {
        let key = (segment.device, segment.epoch);
        self.audit.records += segment.records.len() as u64;
        match decide(mark, segment, hash, received, plans) {
            Outcome::Accepted { delta, mark, .. } => {
                let newest = self.tallies.get(&segment.screen).is_none_or(|(of, _)| *of <= key);
                if newest {
                    self.tallies.insert(segment.screen.clone(), (key, mark.tally.clone()));
                }
                self.marks.insert(key, mark);
                let rollup = self.rollups.entry(key.0).or_default();
                for (at, counts) in delta {
                    rollup.entry(at).or_default().merge(&counts);
                }
            }
            Outcome::Duplicate => self.find(place, "holds only records that earlier segments hold"),
            Outcome::Hole { expected } => self.find(place, format!("leaves a hole: record {expected} is missing")),
            Outcome::Fork { at } => {
                self.find(place, format!("does not continue the segment before it, at record {at}"));
            }
        }
    }

    fn compare(&mut self, rollups: &BTreeMap<DeviceId, RollupDelta>, marks: &BTreeMap<(DeviceId, Epoch), DeviceMark>) {
        let empty = RollupDelta::new();
        let devices: BTreeSet<DeviceId> = rollups.keys().chain(self.rollups.keys()).copied().collect();
        for device in devices {
            let computed = self.rollups.remove(&device).unwrap_or_default();
            let stored = rollups.get(&device).unwrap_or(&empty);
            let keys: BTreeSet<_> = computed.keys().chain(stored.keys()).cloned().collect();
            for key in keys.into_iter().filter(|k| computed.get(k) != stored.get(k)) {
                let place = format!("rollup of device {device}, {}, {}", key.0, key.1);
                self.find(place, format!("stored {:?}, the segments say {:?}", stored.get(&key), computed.get(&key)));
            }
        }
        let computed = std::mem::take(&mut self.marks);
        if computed != *marks {
            for key in computed.keys().chain(marks.keys()).copied().collect::<BTreeSet<_>>() {
                if computed.get(&key) != marks.get(&key) {
                    self.find(format!("mark of device {}, epoch {}", key.0, key.1), "is not what the segments say");
                }
            }
        }
    }
}

fn day_mark(day: &str, device: DeviceId, epoch: Epoch) -> String {
    format!("mark of device {device}, epoch {epoch} before {day}")
}

fn opened(bytes: Vec<u8>, key: &VerifyingKey<Evidence>) -> Result<(Segment, Envelope), SegmentError> {
    let envelope = Envelope::from_bytes(bytes)?;
    Ok((Segment::open(&envelope, key)?, envelope))
}

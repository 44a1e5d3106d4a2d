//! `lichphat check`, the proof part: replays every stored segment and compares, like fsck.
//!
//! Nothing is mended here and nothing is believed: hashes and signatures are checked again, the
//! chain is walked, and rollups and marks are computed anew from the segments.

use super::{Arrived, DeviceIdentity, DeviceMark, Outcome, ProofError, ProofStore, RollupDelta, cache, decide};
use async_trait::async_trait;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::proof::count::Tally;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::sign::Envelope;
use std::collections::{BTreeMap, BTreeSet};

/// A segment as the store holds it.
#[derive(Debug, Clone)]
pub struct StoredSegment {
    /// Its place in the log.
    pub log_index: u64,
    /// Device the row names.
    pub device: DeviceId,
    /// Epoch the row names.
    pub epoch: Epoch,
    /// First record the row names.
    pub first_seq: Seq,
    /// Last record the row names.
    pub last_seq: Seq,
    /// Hash the row names.
    pub hash: Sha256Hash,
    /// The signed bytes.
    pub bytes: Vec<u8>,
    /// When it arrived.
    pub received: UtcMillis,
}

/// Reading everything back.
#[async_trait]
pub trait AuditStore: ProofStore {
    /// Segments from `log_index` on, in order, at most `limit`.
    async fn segments(&self, log_index: u64, limit: u32) -> Result<Vec<StoredSegment>, ProofError>;
    /// The stored rollups of every device.
    async fn rollups(&self) -> Result<BTreeMap<DeviceId, RollupDelta>, ProofError>;
    /// Every stored mark.
    async fn marks(&self) -> Result<BTreeMap<(DeviceId, Epoch), DeviceMark>, ProofError>;
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

const BATCH: u32 = 512;

/// Replays the whole log.
pub async fn audit(store: &dyn AuditStore) -> Result<Audit, ProofError> {
    let mut replay = Replay::default();
    let mut next = 0;
    loop {
        let batch = store.segments(next, BATCH).await?;
        let Some(last) = batch.last().map(|s| s.log_index) else { break };
        for stored in batch {
            if stored.log_index != next {
                replay.find(format!("segment {next}"), format!("is missing: the log goes on at {}", stored.log_index));
            }
            next = stored.log_index + 1;
            replay.segment(store, stored).await?;
        }
        next = last + 1;
    }
    replay.compare(&store.rollups().await?, &store.marks().await?);
    Ok(replay.audit)
}

#[derive(Default)]
struct Replay {
    audit: Audit,
    plans: cache::PlanCache,
    keys: BTreeMap<DeviceId, Option<DeviceIdentity>>,
    marks: BTreeMap<(DeviceId, Epoch), DeviceMark>,
    /// Newest tally of each screen, for the next box at it.
    tallies: BTreeMap<ScreenCode, Tally>,
    rollups: BTreeMap<DeviceId, RollupDelta>,
}

impl Replay {
    fn find(&mut self, place: String, problem: impl Into<String>) {
        self.audit.findings.push(Finding { place, problem: problem.into() });
    }

    async fn segment(&mut self, store: &dyn AuditStore, stored: StoredSegment) -> Result<(), ProofError> {
        let place = format!("segment {}", stored.log_index);
        self.audit.segments += 1;
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
        let opened = Envelope::from_bytes(stored.bytes)
            .map_err(Into::into)
            .and_then(|envelope| Ok((Segment::open(&envelope, &identity.key)?, envelope)));
        let (segment, envelope) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let error: lichphat_playlists::proof::segment::SegmentError = error;
                self.find(place, error.to_string());
                return Ok(());
            }
        };
        let row = (stored.device, stored.epoch, stored.first_seq, stored.last_seq, stored.hash);
        if row != (segment.device, segment.epoch, segment.first_seq, segment.last_seq(), envelope.hash()) {
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
        let key = (segment.device, segment.epoch);
        let mark = self.marks.get(&key).cloned().unwrap_or_else(|| DeviceMark {
            tally: self.tallies.get(&segment.screen).cloned().unwrap_or_default(),
            ..DeviceMark::default()
        });
        self.audit.records += segment.records.len() as u64;
        let arrived = Arrived { hash: envelope.hash(), envelope, segment, received: stored.received };
        match decide(&mark, &arrived.segment, arrived.hash, arrived.received, &plans) {
            Outcome::Accepted { delta, mark, .. } => {
                self.tallies.insert(arrived.segment.screen.clone(), mark.tally.clone());
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
        Ok(())
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

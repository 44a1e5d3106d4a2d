//! `lichphat check`, the proof part: replays every stored segment and compares, like fsck.
//!
//! Nothing is believed: hashes and signatures are checked again, the chain is walked, rollups and marks are computed anew
//! from the segments, and entries, tiles and checkpoints of the log are held against each other. Where retention has
//! dropped days, judging begins at the marks of the first day held. All of it is read as of one moment, so an audit ends beside a
//! fleet that goes on handing in. [`repair`] writes anew what follows from the log: sums, and which box a screen was of; nothing else ever.

mod matter;
mod segments;
mod tree;

pub use matter::Matter;
pub use segments::apart;

use super::log::{Log, LogError, LogStore, StoredEntry};
use super::{Counts, DeviceIdentity, DeviceMark, Early, ProofError, ProofStore, RollupDelta, SetApart};
use crate::directory::problem::{Say, say};
use async_trait::async_trait;
use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, ScreenCode};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use segments::Auditor;
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
    /// What segments added to sums of days after the one on which they came, in the order of the log.
    async fn early(&self) -> Result<Vec<Early>, ProofError>;
    /// Devices that are simulated: marked so from their registration on.
    async fn simulated_devices(&self) -> Result<BTreeSet<DeviceId>, ProofError>;
    /// The key of a device, retired ones too.
    async fn identity_ever(&self, device: DeviceId) -> Result<Option<DeviceIdentity>, ProofError>;
    /// What was set apart as a second story, by device.
    async fn set_apart(&self) -> Result<Vec<SetApart>, ProofError>;
    /// Which box each screen was of.
    async fn tenures(&self) -> Result<Tenures, ProofError>;
    /// Corrects these sums by what the audit found wrong, so that what was added since stays added, and makes the table of
    /// tenures anew with what was added since: all of it, or nothing and false when a sum is no longer what was found and
    /// something more.
    async fn mend(&self, sums: Vec<RollupMend>, tenures: Option<TenureMend>) -> Result<bool, ProofError>;
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of what kind: what it means and what to do.
    pub matter: Matter,
    /// Where: `entry 17`, `rollup of device 3, 2026-11-20, ihanoi`.
    pub place: Say,
    /// What.
    pub problem: Say,
}

/// A sum that is not what the segments say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupMend {
    /// Of which device.
    pub device: DeviceId,
    /// Of which day.
    pub day: LocalDay,
    /// Of which campaign.
    pub campaign: CampaignCode,
    /// The sum as it is stored.
    pub held: Counts,
    /// The sum as the segments have it.
    pub said: Counts,
}

/// Which box a screen was of, and from when on, by screen and the entry of the log that states it.
pub type Tenures = BTreeMap<(ScreenCode, u64), (DeviceId, UtcMillis)>;

/// Tenures that are not what the log states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenureMend {
    /// As they are stored.
    pub held: Tenures,
    /// As the log has them.
    pub said: Tenures,
}

/// What was looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Segments replayed.
    pub segments: u64,
    /// Records judged again.
    pub records: u64,
    /// Entries of the log then.
    pub size: u64,
    /// The first day held, when retention has dropped the days before it: judging began there.
    pub from: Option<LocalDay>,
    /// What does not agree; empty when all is well.
    pub findings: Vec<Finding>,
    /// The sums that differ.
    pub mends: Vec<RollupMend>,
    /// The tenures, when they differ.
    pub tenures: Option<TenureMend>,
}

/// What is stored beside the segments.
struct Stored {
    rollups: BTreeMap<DeviceId, RollupDelta>,
    marks: BTreeMap<(DeviceId, Epoch), DeviceMark>,
    early: Vec<Early>,
    tenures: Tenures,
}

/// Entries read at once.
const BATCH: u64 = 512;

/// Replays the whole log, and looks at its tree. `store` and `log` are those of one moment; `now` is the log as it goes on,
/// which may publish meanwhile what that moment does not know.
pub async fn audit(store: &dyn AuditStore, log: &Log, now: &Log) -> Result<Audit, LogError> {
    let first = store.held_days().await?.first().copied();
    let from = first.filter(|day| day.first_index > 0);
    let mut auditor = Auditor::new(from.map_or(0, |f| f.first_index), from.map(|f| f.day));
    let early = store.early().await?;
    auditor.carry(&early);
    for entry in store.entries(0..auditor.first).await? {
        auditor.leaf(entry.log_index(), &entry.leaf()); // of dropped days, what the scheduler stated is left
    }
    let size = store.log_size().await?;
    for at in (auditor.first..size).step_by(BATCH as usize) {
        read(store, &mut auditor, at..size.min(at + BATCH)).await?;
    }
    auditor.end_day();
    let (rollups, marks, tenures) = (store.rollups().await?, store.marks().await?, store.tenures().await?);
    auditor.compare(Stored { rollups, marks, early, tenures });
    let mut audit = auditor.audit;
    (audit.size, audit.from) = (size, from.map(|f| f.day));
    audit.findings.extend(tree::audit(log, now).await?);
    Ok(audit)
}

fn entry_place(index: u64) -> Say {
    say(format!("mục {index}"), format!("entry {index}"))
}

async fn read(store: &dyn AuditStore, auditor: &mut Auditor, range: std::ops::Range<u64>) -> Result<(), ProofError> {
    let mut missing = range.start;
    let entries = store.entries(range.clone()).await?;
    for (index, entry) in entries.into_iter().map(|e| (e.log_index(), Some(e))).chain([(range.end, None)]) {
        if missing < index {
            let problem =
                say(format!("bị mất: sổ đi tiếp ở mục {index}"), format!("is missing: the log goes on at {index}"));
            auditor.find(Matter::Entry, entry_place(missing), problem);
        }
        missing = index + 1;
        match entry {
            Some(StoredEntry::Segment(stored)) => auditor.segment(store, stored).await?,
            Some(StoredEntry::Leaf { log_index, bytes }) => auditor.leaf(log_index, &bytes),
            None => {}
        }
    }
    Ok(())
}

/// Why nothing was rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRepaired {
    /// Sums of broken evidence would look whole.
    #[error("the evidence itself does not agree: bring that into order first, then sums can be rebuilt from it")]
    Evidence,
    /// A sum became smaller meanwhile: it was changed by somebody else than ingest, which only adds.
    #[error("a sum was changed meanwhile, and not by records that came in: run it again")]
    Changed,
}

/// Makes tenures anew, and corrects the sums that an audit found to differ from the segments it replayed, by the difference: what came in after its
/// moment is neither lost nor counted twice. Of an audit once: a second repair meanwhile would correct what is correct.
pub async fn repair(store: &dyn AuditStore, audit: &Audit) -> Result<Result<(), NotRepaired>, ProofError> {
    if audit.findings.iter().any(|finding| finding.matter.is_evidence()) {
        return Ok(Err(NotRepaired::Evidence));
    }
    let done = store.mend(audit.mends.clone(), audit.tenures.clone()).await?;
    Ok(if done { Ok(()) } else { Err(NotRepaired::Changed) })
}

//! The device's memory: every play is written here before anything else happens to it, and is
//! forgotten only when the scheduler's signed receipt covers it and the device itself has verified that the log holds it,
//! never before 14 days.
//!
//! Records are numbered from 1 without holes. A run of them is cut into a segment, sealed, and from
//! then on only the sealed bytes exist; a receipt moves the mark up or, when the scheduler was
//! restored from a backup, down. The newest checkpoint of the log that held is the journal's anchor; a run is sealed with
//! the one that was known when it began, so that no record is older than the anchor beside it. [`sqlite`] keeps it on disk, [`memory`] for the simulated fleet and
//! for tests; the same stories hold for both.

pub mod broken;
pub mod memory;
pub mod sqlite;

use lichphat_playlists::ids::{BootId, DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::proof::segment::{Segment, fitting};
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::health::LogFault;
use lichphat_playlists::wire::sign::{Evidence, SigningKey};

/// Sealed segments are kept this long even when the scheduler holds them, ms.
pub const KEEP_MS: i64 = 14 * 86_400_000;

/// Why the journal could not do it. The screen goes on.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// No room on the disk.
    #[error("the disk is full; records are kept in memory until there is room")]
    DiskFull,
    /// The store does not work.
    #[error("the journal cannot be used: {0}")]
    Store(String),
    /// It belongs to another device or epoch.
    #[error("the journal belongs to device {device} epoch {epoch}; move it away to begin a new one")]
    Foreign {
        /// Device it was made for.
        device: DeviceId,
        /// Epoch it was made for.
        epoch: Epoch,
    },
    /// The receipt speaks of records this journal never wrote.
    #[error("the scheduler holds records up to {acked}, this journal wrote up to {last}: the device needs a new epoch")]
    ServerAhead {
        /// What the scheduler holds.
        acked: Seq,
        /// What was written here.
        last: Seq,
    },
}

/// What seals a run of records: who the device is, and its evidence key.
#[derive(Debug)]
pub struct Sealer {
    /// The device.
    pub device: DeviceId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its screen.
    pub screen: ScreenCode,
    /// Offset of local time from UTC.
    pub offset: UtcOffset,
    /// True for a simulated device.
    pub simulated: bool,
    /// The key that proves it.
    pub key: SigningKey<Evidence>,
    /// The time that is known now; none while none is trusted.
    pub dating: Option<Dating>,
}

/// Time gained in a boot dates what was shown earlier in it, when nobody knew the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dating {
    /// The boot.
    pub boot: BootId,
    /// Its monotonic clock now, ms.
    pub mono_ms: u64,
    /// The wall clock now.
    pub now: UtcMillis,
    /// How far that can be trusted, and its estimated error, ms.
    pub clock: (ClockState, u32),
}

impl Dating {
    /// Parts of a monotonic second that a box's crystal may be wrong by: 100 millionths, as good ones and bad ones have it.
    const DRIFT_PART: u64 = 10_000;

    fn date(&self, record: &mut PlayRecord) {
        if record.boot != self.boot || record.clock != ClockState::Unset || !record.result.was_shown() {
            return;
        }
        let ago_ms = self.mono_ms.saturating_sub(record.mono_start_ms);
        let length_ms = record.end.since_ms(record.start);
        record.start = self.now.plus_ms(-(ago_ms as i64));
        record.end = record.start.plus_ms(length_ms);
        let drift_ms = u32::try_from(ago_ms / Self::DRIFT_PART).unwrap_or(u32::MAX);
        (record.clock, record.clock_error_ms) = (self.clock.0, self.clock.1.saturating_add(drift_ms));
    }
}

impl Sealer {
    /// Seals a run of records that begins at `first_seq`, when `anchor` was known, and follows the segment `previous`: as one
    /// segment, or as several where a clock that jumped about leaves more days than one may hold.
    pub fn seal(&self, first_seq: Seq, previous: Sha256Hash, anchor: &str, mut records: Vec<PlayRecord>) -> Vec<Run> {
        if let Some(dating) = &self.dating {
            records.iter_mut().for_each(|record| dating.date(record));
        }
        let (mut runs, mut first, mut previous) = (Vec::new(), first_seq, previous);
        while !records.is_empty() {
            let rest = records.split_off(fitting(&records, self.offset));
            let segment = Segment {
                device: self.device,
                epoch: self.epoch,
                first_seq: first,
                screen: self.screen.clone(),
                offset: self.offset,
                simulated: self.simulated,
                previous,
                anchor: anchor.to_owned(),
                records,
            };
            let (envelope, last) = (segment.seal(&self.key), segment.last_seq());
            previous = envelope.hash();
            let sealed = Sealed { first, last, bytes: envelope.into_bytes() };
            runs.push(Run { sealed, hash: previous, records: segment.records });
            (first, records) = (Seq(last.0 + 1), rest);
        }
        runs
    }
}

/// A sealed segment as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its first record.
    pub first: Seq,
    /// Its last record.
    pub last: Seq,
    /// The signed bytes.
    pub bytes: Vec<u8>,
}

/// A segment that was sealed just now, and what is in it.
#[derive(Debug)]
pub struct Run {
    /// As it will be sent.
    pub sealed: Sealed,
    /// Its hash: what follows it names it.
    pub hash: Sha256Hash,
    /// Its records.
    pub records: Vec<PlayRecord>,
}

/// Where records are kept.
pub trait Journal: Send {
    /// Writes one record; on return it survives a power cut. Records are numbered in the order given.
    fn append(&mut self, record: &PlayRecord) -> Result<Seq, JournalError>;
    /// Number of the last record; 0 before the first.
    fn last_seq(&self) -> Seq;
    /// The scheduler holds everything up to here, by its last receipt.
    fn acked(&self) -> Seq;
    /// Records not yet in a segment: how many, and the start of the oldest.
    fn open_run(&self) -> (usize, Option<UtcMillis>);
    /// Seals the open run, when there is one, as of `now`; returns its last record.
    fn cut(&mut self, sealer: &Sealer, now: UtcMillis) -> Result<Option<Seq>, JournalError>;
    /// Last record of the newest segment, and that segment by its hash; 0 and none before the first.
    fn sealed(&self) -> Result<(Seq, Option<Sha256Hash>), JournalError>;
    /// The first sealed segment that holds records after `seq`.
    fn sealed_after(&self, seq: Seq) -> Result<Option<Sealed>, JournalError>;
    /// The first sealed segment that holds records after `acked`.
    fn next_unsent(&self) -> Result<Option<Sealed>, JournalError> {
        self.sealed_after(self.acked())
    }
    /// Obeys a verified receipt of this device, also when it is lower than the last one: then the scheduler has lost what it
    /// proved, and what comes after has to be proven again.
    fn obey(&mut self, receipt: &Receipt) -> Result<(), JournalError>;
    /// The newest checkpoint of the log that held, as a note; empty before the first.
    fn anchor(&self) -> Result<String, JournalError>;
    /// The first segment that the scheduler says it holds and that is not proven to be in the log, and when it was sealed.
    fn first_unproven(&self) -> Result<Option<(Seq, UtcMillis)>, JournalError>;
    /// The sealed segment that begins with this record.
    fn sealed_at(&self, first: Seq) -> Result<Option<Sealed>, JournalError>;
    /// Keeps, together, a checkpoint that held as the new anchor, the segments that it proves by their first records, and that
    /// nothing is wrong with the log; returns how many of them were not proven before.
    fn keep_proofs(&mut self, anchor: &str, proven: &[Seq]) -> Result<usize, JournalError>;
    /// What was found wrong with the log last; it stays until proofs hold again.
    fn log_fault(&self) -> Result<Option<LogFault>, JournalError>;
    /// Keeps that something is wrong with the log; anchor and segments stay as they are.
    fn note_log_fault(&mut self, fault: LogFault) -> Result<(), JournalError>;
    /// Begins anew with the log: no anchor, nothing proven, nothing wrong. A run that has begun keeps the anchor it began with.
    fn forget_log(&mut self) -> Result<(), JournalError>;
    /// Forgets segments that are held by the scheduler, proven, and older than [`KEEP_MS`]; returns how many.
    fn prune(&mut self, now: UtcMillis) -> Result<usize, JournalError>;
    /// Records that ended at `since` or later, by number.
    fn records_since(&self, since: UtcMillis) -> Result<Vec<(Seq, PlayRecord)>, JournalError>;
}

/// A receipt may say less than was thought, but never more than was written.
fn check_receipt(receipt: &Receipt, last: Seq) -> Result<(), JournalError> {
    if receipt.acked > last {
        return Err(JournalError::ServerAhead { acked: receipt.acked, last });
    }
    Ok(())
}

#[cfg(test)]
mod tests;

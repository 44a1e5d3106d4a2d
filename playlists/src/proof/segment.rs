//! A run of records of one device, cut at 15 minutes, 64 plays or an orderly stop, signed over
//! the exact bytes that are stored.
//!
//! On the wire a segment is an [`Envelope`]: zstd of a postcard header followed by columns, one
//! per field, times as differences. A record costs about a dozen bytes. Each segment names the
//! hash of the one before it, so that nothing can be left out in the middle.

use super::anchor::MAX_ANCHOR_BYTES;
use super::record::{Cause, DisplayLevel, Origin, PlayRecord, PlayResult};
use crate::ids::{BootId, DeviceId, Epoch, PlanHash, ScreenCode, Seq, Sha256Hash};
use crate::ports::ClockState;
use crate::time::{UtcMillis, UtcOffset};
use crate::wire::sign::{Envelope, Evidence, SignError, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most plays in a segment.
pub const MAX_RECORDS: usize = 4096;
/// Plays after which a segment is cut, unless settings say otherwise.
pub const CUT_AT_RECORDS: usize = 64;
/// Age after which a segment is cut, unless settings say otherwise, ms.
pub const CUT_AT_AGE_MS: i64 = 15 * 60_000;
/// Most days on which plays of one segment began. A quarter of an hour touches two at midnight, and one more when the clock is
/// put right. Figures are kept by day, so a few hundred bytes could otherwise ask a store for thousands of rows.
pub const MAX_DAYS: usize = 3;
/// Most bytes of a segment as sent; as a leaf of the log it must stay below 64 KiB.
pub const MAX_SEALED_BYTES: usize = 60 * 1024;
/// Most bytes a segment may unpack to.
pub const MAX_OPEN_BYTES: usize = 1 << 20;

const FORMAT: u8 = 1;

/// Records of one device, in order, without holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The device.
    pub device: DeviceId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Number of the first record.
    pub first_seq: Seq,
    /// The screen it stood at.
    pub screen: ScreenCode,
    /// Offset of local time from UTC.
    pub offset: UtcOffset,
    /// True for the simulated devices of a demonstration or a test.
    pub simulated: bool,
    /// Hash of the segment before, zeros for the first of an epoch.
    pub previous: Sha256Hash,
    /// Newest checkpoint of the server's log the device has seen, as it was published; empty before there is one.
    pub anchor: String,
    /// The plays, numbered from `first_seq`.
    pub records: Vec<PlayRecord>,
}

/// Why bytes are not a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// Envelope, key or signature.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Not the form this version writes.
    #[error("the segment is malformed: {0}")]
    Malformed(&'static str),
    /// Nobody knows a key of the player it names.
    #[error("device {device}, epoch {epoch} is not known")]
    UnknownDevice {
        /// The device it names.
        device: DeviceId,
        /// The epoch it names.
        epoch: Epoch,
    },
    /// Plays of more days than a quarter of an hour can touch.
    #[error("its plays began on more than {MAX_DAYS} days")]
    TooManyDays,
    /// A newer or unknown form.
    #[error("segment format {0} is not known; format {FORMAT} is")]
    Format(u8),
    /// Larger than any honest segment.
    #[error("the segment has {size_bytes} bytes; the limit is {MAX_SEALED_BYTES}")]
    TooLarge {
        /// Its size as sent.
        size_bytes: usize,
    },
}

#[derive(Serialize, Deserialize)]
struct Body {
    format: u8,
    device: DeviceId,
    epoch: Epoch,
    first_seq: Seq,
    screen: ScreenCode,
    offset: UtcOffset,
    simulated: bool,
    previous: Sha256Hash,
    anchor: String,
    /// Plans that records name, by index.
    plans: Vec<PlanHash>,
    plan: Vec<u16>,
    item: Vec<u16>,
    /// 0 planned, 1 make-good, 2 fallback.
    origin: Vec<u8>,
    /// Difference of slot index to the record before (planned and make-good).
    slot: Vec<i64>,
    /// Index of the missed slot's plan, make-goods only.
    missed_plan: Vec<u16>,
    boot: Vec<i64>,
    /// Start minus the end of the record before, ms.
    start: Vec<i64>,
    length_ms: Vec<i64>,
    /// Monotonic minus wall, difference to the record before, ms.
    mono: Vec<i64>,
    clock: Vec<u8>,
    clock_error_ms: Vec<u32>,
    frames_rendered: Vec<u32>,
    frames_dropped: Vec<u32>,
    display: Vec<u8>,
    area_percent: Vec<u8>,
    result: Vec<u8>,
    cause: Vec<u8>,
}

const CLOCKS: [ClockState; 3] = [ClockState::Synced, ClockState::Holdover, ClockState::Unset];

fn index_of<T: PartialEq>(table: &[T], value: &T) -> u8 {
    table.iter().position(|v| v == value).expect("every value is in its own table") as u8
}

/// Difference to the value before, and remembers this one.
fn delta(value: i64, last: &mut i64) -> i64 {
    value.wrapping_sub(std::mem::replace(last, value))
}

fn undelta(delta: i64, last: &mut i64) -> i64 {
    *last = last.wrapping_add(delta);
    *last
}

/// How many of `records`, from the first on, one segment may hold, by [`MAX_RECORDS`] and [`MAX_DAYS`]: the player cuts there, and
/// whoever opens a segment refuses what goes beyond.
pub fn fitting(records: &[PlayRecord], offset: UtcOffset) -> usize {
    let mut days = BTreeSet::new();
    let fits = |record: &&PlayRecord| {
        days.insert(record.start.day(offset));
        days.len() <= MAX_DAYS
    };
    records.iter().take(MAX_RECORDS).take_while(fits).count()
}

impl Segment {
    /// Number of the last record; `first_seq - 1` when there is none.
    pub fn last_seq(&self) -> Seq {
        Seq(self.first_seq.0 + self.records.len() as u64 - 1)
    }

    /// Signed bytes.
    pub fn seal(&self, key: &SigningKey<Evidence>) -> Envelope {
        let bytes = postcard::to_allocvec(&self.body()).expect("plain data always encodes");
        Envelope::seal(&bytes, 3, key)
    }

    /// Whose key to check a segment with, before anything of it is believed.
    pub fn claimed_device(envelope: &Envelope) -> Result<(DeviceId, Epoch), SegmentError> {
        check_size(envelope)?;
        let body = parse(&envelope.content_unverified(MAX_OPEN_BYTES)?)?;
        Ok((body.device, body.epoch))
    }

    /// Checks signature and form.
    pub fn open(envelope: &Envelope, key: &VerifyingKey<Evidence>) -> Result<Self, SegmentError> {
        check_size(envelope)?;
        Self::from_body(parse(&envelope.open(key, MAX_OPEN_BYTES)?)?)
    }

    /// Checks signature and form with the key of the player that the segment names: `key_of` knows it.
    pub fn open_by<'k>(
        envelope: &Envelope,
        key_of: impl FnOnce(DeviceId, Epoch) -> Option<&'k VerifyingKey<Evidence>>,
    ) -> Result<Self, SegmentError> {
        check_size(envelope)?;
        let body = parse(&envelope.content_unverified(MAX_OPEN_BYTES)?)?;
        let (device, epoch) = (body.device, body.epoch);
        envelope.verify(key_of(device, epoch).ok_or(SegmentError::UnknownDevice { device, epoch })?)?;
        Self::from_body(body)
    }

    /// Checks form only: for bytes whose signature was checked when they were taken in.
    pub fn open_stored(envelope: &Envelope) -> Result<Self, SegmentError> {
        Self::from_body(parse(&envelope.content_unverified(MAX_OPEN_BYTES)?)?)
    }

    fn body(&self) -> Body {
        let n = self.records.len();
        let mut b = Body {
            format: FORMAT,
            device: self.device,
            epoch: self.epoch,
            first_seq: self.first_seq,
            screen: self.screen.clone(),
            offset: self.offset,
            simulated: self.simulated,
            previous: self.previous,
            anchor: self.anchor.clone(),
            plans: Vec::new(),
            plan: Vec::with_capacity(n),
            item: Vec::with_capacity(n),
            origin: Vec::with_capacity(n),
            slot: Vec::with_capacity(n),
            missed_plan: Vec::new(),
            boot: Vec::with_capacity(n),
            start: Vec::with_capacity(n),
            length_ms: Vec::with_capacity(n),
            mono: Vec::with_capacity(n),
            clock: Vec::with_capacity(n),
            clock_error_ms: Vec::with_capacity(n),
            frames_rendered: Vec::with_capacity(n),
            frames_dropped: Vec::with_capacity(n),
            display: Vec::with_capacity(n),
            area_percent: Vec::with_capacity(n),
            result: Vec::with_capacity(n),
            cause: Vec::with_capacity(n),
        };
        let (mut slot, mut boot, mut end, mut mono) = (0, 0, 0, 0);
        for r in &self.records {
            let plan = plan_index(&mut b.plans, r.plan);
            b.plan.push(plan);
            b.item.push(r.item);
            match r.origin {
                Origin::Planned { slot: s } => {
                    b.origin.push(0);
                    b.slot.push(delta(i64::from(s), &mut slot));
                }
                Origin::MakeGood { missed_plan, missed_slot } => {
                    let missed = plan_index(&mut b.plans, missed_plan);
                    b.origin.push(1);
                    b.missed_plan.push(missed);
                    b.slot.push(delta(i64::from(missed_slot), &mut slot));
                }
                Origin::Fallback => b.origin.push(2),
            }
            b.boot.push(delta(i64::from(r.boot.0), &mut boot));
            b.start.push(r.start.0.wrapping_sub(end));
            end = r.end.0;
            b.length_ms.push(r.end.0.wrapping_sub(r.start.0));
            b.mono.push(delta((r.mono_start_ms as i64).wrapping_sub(r.start.0), &mut mono));
            b.clock.push(index_of(&CLOCKS, &r.clock));
            b.clock_error_ms.push(r.clock_error_ms);
            b.frames_rendered.push(r.frames_rendered);
            b.frames_dropped.push(r.frames_dropped);
            b.display.push(index_of(&DisplayLevel::ALL, &r.display));
            b.area_percent.push(r.area_percent);
            let (result, cause) = match r.result {
                PlayResult::Complete => (0, Cause::Other),
                PlayResult::Partial(c) => (1, c),
                PlayResult::Failed(c) => (2, c),
                PlayResult::Skipped(c) => (3, c),
            };
            b.result.push(result);
            b.cause.push(index_of(Cause::ALL, &cause));
        }
        b
    }

    /// How many records the columns hold; every column as many.
    fn records_in(b: &Body) -> Result<usize, SegmentError> {
        let bad = SegmentError::Malformed;
        let n = b.plan.len();
        if n == 0 || n > MAX_RECORDS {
            return Err(bad("it holds no record, or too many"));
        }
        if b.first_seq.0 == 0 || b.first_seq.0.checked_add(n as u64).is_none() {
            return Err(bad("record numbers begin at 1 and must not overflow"));
        }
        if b.anchor.len() > MAX_ANCHOR_BYTES {
            return Err(bad("its anchor is longer than 4096 bytes"));
        }
        let lengths = [
            b.item.len(),
            b.origin.len(),
            b.boot.len(),
            b.start.len(),
            b.length_ms.len(),
            b.mono.len(),
            b.clock.len(),
            b.clock_error_ms.len(),
            b.frames_rendered.len(),
            b.frames_dropped.len(),
            b.display.len(),
            b.area_percent.len(),
            b.result.len(),
            b.cause.len(),
        ];
        if lengths.iter().any(|&l| l != n) {
            return Err(bad("its columns have different lengths"));
        }
        if b.area_percent.iter().any(|&percent| percent > 100) {
            return Err(bad("a share of the screen is above 100 per cent"));
        }
        Ok(n)
    }

    fn from_body(b: Body) -> Result<Self, SegmentError> {
        let bad = SegmentError::Malformed;
        let n = Self::records_in(&b)?;
        let mut slots = b.slot.iter().copied();
        let mut missed = b.missed_plan.iter().copied();
        let (mut slot, mut boot, mut end, mut mono) = (0i64, 0i64, 0i64, 0i64);
        let plan_at = |i: u16| b.plans.get(usize::from(i)).copied().ok_or(bad("it names a plan that it does not list"));
        let mut next_slot = || {
            let d = slots.next().ok_or(bad("a slot is missing"))?;
            u32::try_from(undelta(d, &mut slot)).map_err(|_| bad("a slot index is out of range"))
        };
        let mut records = Vec::with_capacity(n);
        for i in 0..n {
            let origin = match b.origin[i] {
                0 => Origin::Planned { slot: next_slot()? },
                1 => Origin::MakeGood {
                    missed_plan: plan_at(missed.next().ok_or(bad("a missed plan is missing"))?)?,
                    missed_slot: next_slot()?,
                },
                2 => Origin::Fallback,
                _ => return Err(bad("an origin is not known")),
            };
            let start = b.start[i].wrapping_add(end);
            end = start.wrapping_add(b.length_ms[i]);
            let cause = *Cause::ALL.get(usize::from(b.cause[i])).unwrap_or(&Cause::Other);
            records.push(PlayRecord {
                plan: plan_at(b.plan[i])?,
                item: b.item[i],
                origin,
                boot: BootId(
                    u32::try_from(undelta(b.boot[i], &mut boot)).map_err(|_| bad("a boot number is out of range"))?,
                ),
                start: UtcMillis(start),
                end: UtcMillis(end),
                mono_start_ms: undelta(b.mono[i], &mut mono).wrapping_add(start) as u64,
                clock: *CLOCKS.get(usize::from(b.clock[i])).ok_or(bad("a clock state is not known"))?,
                clock_error_ms: b.clock_error_ms[i],
                frames_rendered: b.frames_rendered[i],
                frames_dropped: b.frames_dropped[i],
                display: *DisplayLevel::ALL
                    .get(usize::from(b.display[i]))
                    .ok_or(bad("a display level is not known"))?,
                area_percent: b.area_percent[i],
                result: match b.result[i] {
                    0 => PlayResult::Complete,
                    1 => PlayResult::Partial(cause),
                    2 => PlayResult::Failed(cause),
                    3 => PlayResult::Skipped(cause),
                    _ => return Err(bad("a result is not known")),
                },
            });
        }
        if slots.next().is_some() || missed.next().is_some() {
            return Err(bad("it holds more slots than records"));
        }
        if fitting(&records, b.offset) < n {
            return Err(SegmentError::TooManyDays);
        }
        Ok(Self {
            device: b.device,
            epoch: b.epoch,
            first_seq: b.first_seq,
            screen: b.screen,
            offset: b.offset,
            simulated: b.simulated,
            previous: b.previous,
            anchor: b.anchor,
            records,
        })
    }
}

fn plan_index(plans: &mut Vec<PlanHash>, plan: PlanHash) -> u16 {
    // Nearly always the last one: a device plays one plan for hours.
    let at = plans.iter().rposition(|p| *p == plan).unwrap_or_else(|| {
        plans.push(plan);
        plans.len() - 1
    });
    u16::try_from(at).expect("a segment has at most 4096 records")
}

fn check_size(envelope: &Envelope) -> Result<(), SegmentError> {
    let size_bytes = envelope.as_bytes().len();
    if size_bytes > MAX_SEALED_BYTES { Err(SegmentError::TooLarge { size_bytes }) } else { Ok(()) }
}

fn parse(bytes: &[u8]) -> Result<Body, SegmentError> {
    match bytes.first() {
        Some(&FORMAT) => {}
        Some(&other) => return Err(SegmentError::Format(other)),
        None => return Err(SegmentError::Malformed("it is empty")),
    }
    let (body, rest) =
        postcard::take_from_bytes::<Body>(bytes).map_err(|_| SegmentError::Malformed("it cannot be read"))?;
    if rest.is_empty() { Ok(body) } else { Err(SegmentError::Malformed("something follows its end")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records() -> impl Strategy<Value = Vec<PlayRecord>> {
        let plan = (0u8..3).prop_map(|i| Sha256Hash([i; 32]));
        let origin = prop_oneof![
            any::<u32>().prop_map(|slot| Origin::Planned { slot }),
            (0u8..4, any::<u32>())
                .prop_map(|(p, missed_slot)| Origin::MakeGood { missed_plan: Sha256Hash([p; 32]), missed_slot }),
            Just(Origin::Fallback),
        ];
        let cause = (0..Cause::ALL.len()).prop_map(|i| Cause::ALL[i]);
        let result = (0u8..4, cause).prop_map(|(r, c)| match r {
            0 => PlayResult::Complete,
            1 => PlayResult::Partial(c),
            2 => PlayResult::Failed(c),
            _ => PlayResult::Skipped(c),
        });
        // an hour on each of three days
        let start = prop::sample::select(vec![i64::MIN, 1_763_600_000_000, i64::MAX - 3_600_000])
            .prop_flat_map(|from| from..=from + 3_600_000);
        let times = (start, any::<i64>(), any::<u64>(), 0usize..3, any::<u32>());
        let frames = (any::<u32>(), any::<u32>(), 0usize..5, 0u8..=100);
        let record = (plan, any::<u16>(), origin, any::<u32>(), times, frames, result).prop_map(
            |(
                plan,
                item,
                origin,
                boot,
                (start, end, mono, clock, error),
                (rendered, dropped, display, area),
                result,
            )| {
                PlayRecord {
                    plan,
                    item,
                    origin,
                    boot: BootId(boot),
                    start: UtcMillis(start),
                    end: UtcMillis(end),
                    mono_start_ms: mono,
                    clock: CLOCKS[clock],
                    clock_error_ms: error,
                    frames_rendered: rendered,
                    frames_dropped: dropped,
                    display: DisplayLevel::ALL[display],
                    area_percent: area,
                    result,
                }
            },
        );
        prop::collection::vec(record, 1..80)
    }

    fn segment(records: Vec<PlayRecord>) -> Segment {
        Segment {
            device: DeviceId(7),
            epoch: Epoch(1),
            first_seq: Seq(65),
            screen: ScreenCode::new("P00004-01").unwrap(),
            offset: crate::time::HANOI,
            simulated: false,
            previous: Sha256Hash([9; 32]),
            anchor: String::new(),
            records,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_segment_reads_back_whatever_was_recorded(records in records()) {
            let key = SigningKey::from_seed(&[5; 32]);
            let segment = segment(records);
            let sealed = segment.seal(&key);
            prop_assert_eq!(Segment::claimed_device(&sealed).unwrap(), (DeviceId(7), Epoch(1)));
            prop_assert_eq!(Segment::open(&sealed, &key.verifying_key()).unwrap(), segment);
        }

        #[test]
        fn signed_garbage_is_an_error_and_never_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), first in any::<bool>()) {
            if first && !bytes.is_empty() {
                bytes[0] = FORMAT;
            }
            let key = SigningKey::from_seed(&[5; 32]);
            prop_assert!(Segment::open(&Envelope::seal(&bytes, 1, &key), &key.verifying_key()).is_err());
        }
    }

    /// A steady loop of 12 s plays, as a screen really writes them.
    fn steady(n: u32) -> Vec<PlayRecord> {
        (0..n)
            .map(|i| {
                let jitter = i64::from(i * 7 % 5);
                let start = UtcMillis(1_763_600_000_000 + i64::from(i) * 12_000 + jitter);
                PlayRecord {
                    plan: Sha256Hash([1; 32]),
                    item: (i % 9) as u16,
                    origin: Origin::Planned { slot: i },
                    boot: BootId(3),
                    start,
                    end: start.plus_ms(12_000 - jitter),
                    mono_start_ms: 5_000 + u64::from(i) * 12_000,
                    clock: ClockState::Synced,
                    clock_error_ms: 2,
                    frames_rendered: 360 - i % 2,
                    frames_dropped: i % 2,
                    display: DisplayLevel::D1,
                    area_percent: 100,
                    result: PlayResult::Complete,
                }
            })
            .collect()
    }

    #[test]
    fn sixty_four_plays_are_under_twenty_bytes_each() {
        let sealed = segment(steady(64)).seal(&SigningKey::from_seed(&[5; 32]));
        assert!(sealed.as_bytes().len() < 64 * 20, "{} bytes", sealed.as_bytes().len());
    }

    #[test]
    fn a_segment_holds_plays_of_three_days_and_a_fourth_is_refused() {
        let key = SigningKey::from_seed(&[5; 32]);
        let open = |days: &[i64]| {
            let late = UtcMillis(1_763_600_000_000);
            let play = |day| PlayRecord::whole(late.plus_ms(day * 86_400_000), late.plus_ms(day * 86_400_000 + 1));
            Segment::open(&segment(days.iter().map(|day| play(*day)).collect()).seal(&key), &key.verifying_key())
        };
        assert!(open(&[0, 900, -2, 0, 900, -2]).is_ok());
        assert_eq!(open(&[0, 900, -2, 0, 1]), Err(SegmentError::TooManyDays));
    }

    #[test]
    fn a_segment_of_another_device_is_refused_by_its_signature() {
        let sealed = segment(steady(3)).seal(&SigningKey::from_seed(&[6; 32]));
        let key = SigningKey::from_seed(&[5; 32]).verifying_key();
        assert_eq!(Segment::open(&sealed, &key), Err(SegmentError::Sign(SignError::BadSignature)));
    }
}

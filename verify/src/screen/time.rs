//! When a segment was made: after the checkpoint that its player had seen when it began, before witnesses saw it in the log.

use super::{Judge, another_log};
use crate::findings::words;
use crate::trust::{self, NotOurs};
use crate::verdict::{Check, Words};
use crate::vietnamese::moment;
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::count::Reason;
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::proof::tenure::{known, not_its_own};
use lichphat_playlists::time::{UtcMillis, UtcOffset};

/// A player seals its records with the checkpoint that it knew when the first of them began. A play that ended so long before that
/// checkpoint was made up later, ms.
pub const BACK_DATED_MS: i64 = 2 * 3_600_000;
/// How far the clocks of scheduler, players and witnesses may differ, ms.
pub(crate) const CLOCKS_APART_MS: i64 = 60_000;

impl Judge<'_> {
    /// What anchor and witnesses say of when the segment was made.
    pub(super) fn time(&mut self, index: u64, place: &str, segment: &Segment, received: UtcMillis) {
        if let Err(what) = self.trust.arrived(index, received) {
            self.untimely(place, what);
        }
        self.registered(index, place, segment);
        self.sealed_after(place, segment, received);
        self.logged_before(index, place, segment, received);
    }

    fn untimely(&mut self, place: &str, what: Words) {
        self.findings.fault(Check::Time, place, what);
    }

    /// Nothing was played by a player that was not registered yet: it counts for nothing, so no player spoils a bundle with it.
    fn registered(&mut self, index: u64, place: &str, segment: &Segment) {
        let tenures = known(self.replay.tenures(), index);
        let too_early = |r: &&PlayRecord| {
            let early = not_its_own(tenures, segment.device, r.start) == Some(Reason::Unregistered);
            r.clock != ClockState::Unset && early
        };
        if let Some(record) = segment.records.iter().find(too_early) {
            let s = seconds(record.start);
            self.findings.remark(Check::Time, place, words!(
                "Kể về lượt phát lúc {}, khi thiết bị này chưa được đăng ký ở màn hình: những lượt ấy không được tính.", moment(s);
                "Tells of a play at {}, before this player was registered at the screen: such plays do not count.", stamp(s)));
        }
    }

    /// No play is much older than the checkpoint that its player knew when the segment began. What was not shown may be: a box
    /// that was off writes down what it missed when it is on again.
    fn sealed_after(&mut self, place: &str, segment: &Segment, received: UtcMillis) {
        match self.trust.anchor(&segment.anchor) {
            Ok(None) => {}
            Ok(Some(anchor)) => {
                if anchor.lost {
                    self.trust.ended.missed(&anchor.origin, anchor.size, Some(self.screen));
                } else if anchor.origin == self.trust.checkpoint.origin {
                    self.follows.entry((segment.device, segment.epoch)).or_insert(segment.first_seq);
                }
                // a log signed it and witnesses saw it, whatever has become of the entries
                if let Some(s) = anchor.since_s {
                    self.not_before(s, place, segment, received);
                }
            }
            Err(NotOurs::Another(error)) => self.findings.fault(Check::Log, place, another_log(&error)),
            Err(NotOurs::Unsigned) if self.unsigned => {}
            Err(NotOurs::Unsigned) => {
                self.unsigned = true;
                self.findings.remark(Check::Time, place, words!(
                    "thiết bị nêu một điểm chốt mà sổ này không ký, nên không biết đoạn này được niêm phong sau lúc nào";
                    "the player names a checkpoint that this log never signed: there is no telling after when this was sealed"));
            }
        }
    }

    fn not_before(&mut self, s: u64, place: &str, segment: &Segment, received: UtcMillis) {
        self.verdict.not_before_s = Some(self.verdict.not_before_s.map_or(s, |before| before.min(s)));
        let after = UtcMillis(s as i64 * 1000);
        let clocked = possible(segment, received).filter(|r| r.clock != ClockState::Unset);
        let what = words!(
            "ghi lùi ngày: đoạn này được niêm phong sau {} nhưng kể chuyện trước đó", moment(s);
            "is back-dated: it was sealed after {} and tells of the time before", stamp(s));
        if received < after.plus_ms(-CLOCKS_APART_MS) {
            self.untimely(place, what);
        } else if clocked.map(|r| r.end).min().is_some_and(|end| end < after.plus_ms(-BACK_DATED_MS)) {
            self.findings.at_screen(Check::Time, self.screen, place, what);
        }
    }

    /// No play is later than the witnesses saw it in the log.
    fn logged_before(&mut self, index: u64, place: &str, segment: &Segment, received: UtcMillis) {
        let Some(s) = self.trust.not_after_s(index) else { return trust::unbounded(self.findings) };
        self.verdict.not_after_s = self.verdict.not_after_s.max(Some(s));
        let before = UtcMillis(s as i64 * 1000);
        let Some(last) = possible(segment, received).max_by_key(|r| r.end) else { return };
        if last.is_future(before.plus_ms(CLOCKS_APART_MS)) {
            self.untimely(
                place,
                words!(
                "ghi trước ngày: đã nằm trong sổ từ {} nhưng kể chuyện sau đó", moment(s);
                "is pre-dated: it was in the log by {} and tells of the time after", stamp(s)),
            );
        }
        let slow_s = u64::try_from(before.since_ms(last.end) / 1000).unwrap_or(0);
        self.verdict.slowest_s = self.verdict.slowest_s.max(Some(slow_s));
    }
}

/// What was shown. What lies in the future of its own arrival is a clock that had jumped: it counts for nothing and tells nothing.
fn possible(segment: &Segment, received: UtcMillis) -> impl Iterator<Item = &PlayRecord> {
    segment.records.iter().filter(move |r| r.result.was_shown() && !r.is_future(received))
}

/// Seconds since 1970.
fn seconds(at: UtcMillis) -> u64 {
    at.0.unsigned_abs() / 1000
}

/// `2026-11-20 05:00:00 UTC`.
pub(crate) fn stamp(seconds: u64) -> String {
    let (day, ms) = UtcMillis(i64::try_from(seconds).unwrap_or(i64::MAX / 1000) * 1000).local(UtcOffset(0));
    let s = ms / 1000;
    format!("{day} {:02}:{:02}:{:02} UTC", s / 3600, s / 60 % 60, s % 60)
}

//! One screen: every segment's signature and place, every record's time, and what of it counts.

mod time;

pub use time::BACK_DATED_MS;
pub(crate) use time::{CLOCKS_APART_MS, stamp};

use crate::approvals::Unapproved;
use crate::findings::{Findings, words};
use crate::plans::ScreenPlans;
use crate::players::Players;
use crate::tail::{self, Tail};
use crate::trust::Trust;
use crate::verdict::{Check, ScreenVerdict, Words};
use crate::vietnamese::{digits, moment};
use lichphat_playlists::figures::{Period, ScreenFacts};
use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::proof::book::PlanBook;
use lichphat_playlists::proof::bundle::Start;
use lichphat_playlists::proof::chain::Outcome;
use lichphat_playlists::proof::count::{FUTURE_TOLERANCE_MS, MOST_CLOCK_ERROR_MS, Tally};
use lichphat_playlists::proof::entry::Entry;
use lichphat_playlists::proof::replay::Replay;
use lichphat_playlists::proof::segment::{Segment, SegmentError};
use lichphat_playlists::proof::tenure::known;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::sign::Envelope;
use std::collections::{BTreeMap, BTreeSet};

/// What all screens are judged by.
pub(crate) struct Terms<'a> {
    pub(crate) campaign: &'a CampaignCode,
    pub(crate) period: &'a Period,
    pub(crate) players: &'a Players,
}

/// Judges one screen's entries, in order of the log.
pub(crate) struct Judge<'a> {
    terms: &'a Terms<'a>,
    screen: &'a ScreenCode,
    trust: &'a mut Trust,
    findings: &'a mut Findings,
    replay: Replay,
    /// Players whose last segment before those of the period has yet to be shown.
    starts: BTreeMap<(DeviceId, Epoch), Start>,
    /// When the newest segment of each player arrived.
    received: BTreeMap<(DeviceId, Epoch), UtcMillis>,
    tail: Tail,
    unapproved: Unapproved,
    /// A strange anchor was told of.
    unsigned: bool,
    /// Players that certainly follow this log, not one before it: from which record on.
    follows: BTreeMap<(DeviceId, Epoch), Seq>,
    /// Segments that were taken: what comes again as it was is a repetition, anything else another story.
    taken: BTreeSet<Sha256Hash>,
    verdict: ScreenVerdict,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        terms: &'a Terms<'a>,
        facts: &'a ScreenFacts,
        starts: &[Start],
        trust: &'a mut Trust,
        findings: &'a mut Findings,
    ) -> Self {
        let verdict = ScreenVerdict {
            screen: facts.screen.clone(),
            name: facts.name.clone(),
            holds: true,
            devices: 0,
            segments: 0,
            records: 0,
            counted: 0,
            counted_outside: 0,
            not_counted: 0,
            unknown: 0,
            reasons: BTreeMap::new(),
            heard_s: None,
            complete: false,
            not_before_s: None,
            not_after_s: None,
            slowest_s: None,
            faults: findings.faults(),
        };
        let (screen, mut replay) = (&facts.screen, Replay::new(starts));
        terms.players.tenures(screen).iter().for_each(|tenure| replay.registered(*tenure));
        let starts = starts.iter().map(|start| ((start.device, start.epoch), start.clone())).collect();
        let (received, tail, taken) = (BTreeMap::new(), Tail::default(), BTreeSet::new());
        let (unapproved, unsigned, follows) = (Unapproved::default(), false, BTreeMap::new());
        Self {
            terms,
            screen,
            trust,
            findings,
            replay,
            starts,
            received,
            tail,
            unapproved,
            unsigned,
            follows,
            taken,
            verdict,
        }
    }

    /// One entry of the log.
    pub(crate) fn entry(&mut self, index: u64, bytes: &[u8], plans: &ScreenPlans) {
        let place = format!("{}, entry {index}", self.screen);
        let (received, envelope) = match Entry::decode(bytes) {
            Ok(Entry::Segment { received, envelope }) => (received, envelope),
            _ => {
                return self.findings.fault(
                    Check::Signature,
                    &place,
                    words!("không phải nhật ký phát"; "is not a segment"),
                );
            }
        };
        let opened = Envelope::from_bytes(envelope).map_err(SegmentError::from).and_then(|envelope| {
            let players = self.terms.players;
            let segment = Segment::open_by(&envelope, |d, e| players.at(d, e, index).map(|p| &p.key))?;
            Ok((segment, envelope.hash()))
        });
        let (segment, hash) = match opened {
            Ok(opened) => opened,
            Err(SegmentError::UnknownDevice { device, epoch }) => {
                return self.findings.fault(Check::Device, &place, words!(
                    "thiết bị {device}, đời {epoch} không có trong danh bạ đã ghi sổ (hoặc đã bị thu hồi): có thể là thiết bị giả";
                    "device {device}, epoch {epoch} is not in the logged directory, or was revoked: it may be forged"));
            }
            Err(error) => {
                return self.findings.fault(
                    Check::Signature,
                    &place,
                    words!("chữ ký hoặc nội dung không đúng"; "signature or form does not hold: {error}"),
                );
            }
        };
        let player = self.terms.players.at(segment.device, segment.epoch, index);
        if player.is_some_and(|p| p.simulated != segment.simulated) {
            self.findings.fault(
                Check::Device,
                &place,
                words!(
                "danh bạ và đoạn nhật ký không cùng một lời: một bên là thiết bị mô phỏng, bên kia là thiết bị thật";
                "the directory and the segment disagree on whether the player is a simulated one"),
            );
        }
        if segment.screen != *self.screen || player.is_none_or(|p| p.screen != *self.screen) {
            return self.findings.fault(Check::Device, &place, words!(
                "nhật ký của màn hình {} nằm ở màn hình này", segment.screen; "a segment of screen {} stands at this one", segment.screen));
        }
        self.time(index, &place, &segment, received);
        if let Some(start) = self.starts.remove(&(segment.device, segment.epoch))
            && self.begins(&place, &start, &segment, (hash, received))
        {
            return;
        }
        if let Some(early) = segment.records.iter().find(|r| !plans.was_approved(r.plan, index)) {
            let plan = early.plan.hex()[..12].to_owned();
            self.findings.fault(
                Check::Approval,
                &place,
                words!(
                "lịch phát {plan} dựa trên phê duyệt chỉ được ghi sổ sau khi đã phát";
                "playlist {plan} rests on an approval that came into the log only after it was played"),
            );
        }
        self.verdict.segments += 1;
        self.verdict.records += segment.records.len() as u64;
        if self.chain(&place, &segment, hash, (index, received), &plans.book) {
            let said = self.terms.players.heads.of((segment.device, segment.epoch));
            let tenures = known(self.replay.tenures(), index);
            let of = (self.terms.campaign, self.terms.period);
            self.unapproved.look(&segment, received, of, &plans.book);
            self.tail.segment((&segment, hash), received, (self.terms.period, tenures), said);
        }
    }

    /// Is it the segment at which the scheduler says that the period begins? What it hides before that would be missing.
    fn begins(
        &mut self,
        place: &str,
        start: &Start,
        segment: &Segment,
        (hash, received): (Sha256Hash, UtcMillis),
    ) -> bool {
        if start.acked == Seq(0) {
            let first = self.replay.tenures().iter().position(|tenure| tenure.device == start.device);
            let since = first.filter(|first| *first > 0).map(|first| self.replay.tenures()[first].at);
            if !self.received.is_empty() || since.is_none_or(|since| !within(&start.tally, since)) {
                self.fault(
                    place,
                    words!(
                    "máy chủ nêu trạng thái đầu kỳ cho một thiết bị mới mà không có thiết bị nào trước nó để lại, hoặc thiết bị trước nó đã được cho thấy";
                    "the scheduler states where a new player began that no player before it can have left, or the one before it is shown"),
                );
            }
            return false;
        }
        if (segment.last_seq(), Some(hash)) != (start.acked, start.head) {
            self.fault(
                place,
                words!(
                "không cho thấy đoạn đứng ngay trước kỳ này, nên không biết có bản ghi nào bị giấu";
                "the segment right before the period is not shown: there is no telling what is hidden before this one"),
            );
            return false;
        }
        let from = self.terms.period.from.start(self.terms.period.offset);
        // what says that it ends after it came is of a clock that was wrong: it counts nowhere and leaves nothing
        let believed = || segment.records.iter().filter(|r| !r.is_future(received));
        let shown = believed().filter(|r| r.result.was_shown()).map(|r| r.end).max();
        let left = within(&start.tally, received) && shown <= start.tally.last_end;
        if received >= from || believed().any(|r| r.end >= from) || !left {
            self.fault(
                place,
                words!(
                "máy chủ nói kỳ này bắt đầu sau đoạn này, nhưng đoạn này thuộc về kỳ, hoặc trạng thái đầu kỳ không phải của đoạn này";
                "the scheduler says that the period begins after this segment, and it is of the period, or the state at its beginning is not what it left"),
            );
        }
        true
    }

    /// Does it continue what is there? What does not is told, and adds nothing.
    fn chain(
        &mut self,
        place: &str,
        segment: &Segment,
        hash: Sha256Hash,
        (index, received): (u64, UtcMillis),
        plans: &PlanBook,
    ) -> bool {
        let before = self.received.insert((segment.device, segment.epoch), received);
        if before.is_some_and(|before| received < before) {
            self.fault(place, words!("đến trước đoạn đứng trước nó: thứ tự đã bị đảo"; "arrived before the segment before it: the order was changed"));
        }
        match self.replay.segment(segment, hash, (index, received), plans) {
            Outcome::Accepted { .. } => {}
            Outcome::Hole { expected } => self.fault(
                place,
                words!(
                "thiếu bản ghi từ {expected} đến {}: một đoạn đã bị bỏ", segment.first_seq.0 - 1;
                "records {expected} to {} are missing: a segment was left out", segment.first_seq.0 - 1),
            ),
            Outcome::Duplicate if self.taken.contains(&hash) => {
                self.fault(place, words!("lặp lại những bản ghi đã có"; "repeats records that are there already"));
                return false;
            }
            Outcome::Duplicate | Outcome::Fork { .. } => {
                let at = segment.first_seq;
                self.findings.at_screen(Check::Chain, self.screen, place, words!(
                    "kể một chuyện khác về bản ghi {at}: thiết bị bị nhân bản, hoặc thứ tự đã bị đảo; từ đó trở đi màn hình này không chứng minh được gì";
                    "tells another story of record {at}: the player was cloned, or the order was changed; from there on nothing of this screen is proven"));
                return false;
            }
        }
        self.taken.insert(hash);
        true
    }

    fn fault(&mut self, place: &str, what: Words) {
        self.findings.fault(Check::Chain, place, what);
    }

    /// What the players said beside their records, and whether it reaches the end of what was planned.
    fn end(&mut self, plans: &ScreenPlans) {
        let Terms { period, players, .. } = self.terms;
        let here: Vec<(DeviceId, Epoch)> = players.at_screen(self.screen).collect();
        for (i, &player) in here.iter().enumerate() {
            let said = players.heads.of(player);
            for (said, seen) in said.iter().filter_map(|said| Some((said, said.head.seen?))) {
                let Err(error) = self.trust.saw(seen) else { continue };
                let follows = self.follows.get(&player).is_some_and(|first| *first <= said.head.sealed);
                // It names no log. Before its player followed this one for certain, it may be of what is lost of one before.
                if !follows && self.trust.ended.beyond_one(seen.size) {
                    if !said.brought || self.trust.shows(seen.size) {
                        self.findings.remark(Check::Log, &said.place, words!(
                            "Thiết bị {} nói đã thấy một sổ khác lúc có {} mục: có thể là phần đã mất của sổ trước. Lời này không nêu tên sổ và không mang chữ ký của sổ; hãy hỏi lại thiết bị khi nó đã theo sổ này (lichphat-player head).", player.0, digits(seen.size);
                            "Device {} says that it had seen another log when that had {} entries: it may be the lost part of the one before. This names no log, and no log signed it; ask the device again when it follows this log (lichphat-player head).", player.0, seen.size));
                    }
                    continue;
                }
                // A player's word that no log signed: whoever went to ask for it has to know, and no player spoils a bundle
                // with it. Of what the reader brings the bundle may show nothing; that is no lie.
                if !said.brought {
                    self.findings.remark(Check::Log, &said.place, words!(
                        "Thiết bị {} nói đã thấy một sổ khác với sổ này. Lời này không mang chữ ký của sổ nên chưa chứng minh điều gì; hãy hỏi thẳng thiết bị (lichphat-player head).", player.0;
                        "Device {} says that it had seen another log than this one ({error}). No log signed that, so it proves nothing yet; ask the device itself (lichphat-player head).", player.0));
                } else if self.trust.shows(seen.size) {
                    self.findings.fault(Check::Log, &said.place, another_log(&error));
                }
            }
            let acked = self.replay.acked(player.0, player.1);
            let next = here.get(i + 1).copied();
            self.tail.player(
                player,
                said,
                acked,
                (next, players.tenures(self.screen)),
                (tail::covered(period), self.screen, self.findings),
            );
        }
        let last = plans.last_before(period.to, tail::due(period));
        self.verdict.complete = self.tail.reaches(last);
        self.verdict.heard_s = self.tail.heard.map(|at| at.0.unsigned_abs() / 1000);
    }

    /// The screen's verdict, and its facts as the evidence has them.
    pub(crate) fn finish(mut self, facts: &ScreenFacts, plans: &ScreenPlans) -> (ScreenVerdict, ScreenFacts) {
        self.end(plans);
        self.unapproved.told(self.screen, self.findings);
        let Terms { campaign, period, players } = self.terms;
        for start in std::mem::take(&mut self.starts).into_values() {
            self.fault(
                &format!("{}, device {}", self.screen, start.device),
                words!(
                "máy chủ nêu trạng thái đầu kỳ nhưng không cho thấy gì của thiết bị này";
                "the scheduler states where it stood and shows nothing of it"),
            );
        }
        if let Some(newest) = self.received.values().max().filter(|at| **at > period.now) {
            let s = newest.0.unsigned_abs() / 1000;
            self.findings.fault(Check::Figures, self.screen.as_str(), words!(
                "báo cáo tính đến một lúc trước khi nhật ký này đến ({}): ngày đã qua bị coi là chưa tới", moment(s);
                "the report was reckoned for a moment before this came ({}): days that are over would not be owed", stamp(s)));
        }
        self.verdict.devices = self.replay.devices().len() as u32;
        for counts in self.replay.days(campaign, period).values() {
            self.verdict.counted += u64::from(counts.counted);
            self.verdict.counted_outside += u64::from(counts.counted_outside);
            self.verdict.not_counted += u64::from(counts.not_counted);
            self.verdict.unknown += u64::from(counts.unknown);
            for (reason, n) in &counts.reasons {
                *self.verdict.reasons.entry(reason.clone()).or_default() += u64::from(*n);
            }
        }
        self.verdict.faults = self.findings.faults() - self.verdict.faults;
        let (has_device, simulated) = players.of(self.screen);
        (self.verdict, ScreenFacts { has_device, simulated, ..self.replay.facts(facts, campaign, period) })
    }
}

/// Can a box have left this that was heard of no later than `until`? A tally from the future would let plays count for nothing.
fn within(tally: &Tally, until: UtcMillis) -> bool {
    let latest = until.plus_ms(FUTURE_TOLERANCE_MS + i64::from(MOST_CLOCK_ERROR_MS));
    tally.last_counted.values().copied().chain(tally.last_end).all(|at| at <= latest)
}

fn another_log(error: &str) -> Words {
    words!("thiết bị từng thấy một sổ khác với sổ này"; "the player had seen another log than this one ({error})")
}

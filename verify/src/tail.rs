//! Is anything missing at the end? What follows the last segment that is shown nothing chains; only the player's own word
//! says where its records end. So silence is never taken for completeness: either its words reach the last play that was
//! planned, or the verdict says that they do not.

use crate::findings::{Findings, words};
use crate::heads::Said;
use crate::screen::stamp;
use crate::verdict::{Check, NAMED, ScreenVerdict};
use crate::vietnamese::moment;
use lichphat_playlists::figures::Period;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::proof::tenure::{Tenure, not_its_own};
use lichphat_playlists::time::UtcMillis;
use std::collections::{BTreeMap, BTreeSet};

type Player = (DeviceId, Epoch);

/// A player hands in what it played within a quarter of an hour; so much before the checkpoint everything is there, ms.
const HANDED_IN_MS: i64 = 3_600_000;

/// Before when a player's word is one on records that the checkpoint should cover.
pub(crate) fn covered(period: &Period) -> UtcMillis {
    period.now.plus_ms(-HANDED_IN_MS)
}

/// Before when everything planned should have been heard of.
pub(crate) fn due(period: &Period) -> UtcMillis {
    period.to.next().start(period.offset).min(covered(period))
}

/// How far the words of a screen's players reach.
#[derive(Default)]
pub(crate) struct Tail {
    /// Newest moment of which one of them speaks.
    pub(crate) heard: Option<UtcMillis>,
    /// Players that have said something from after the period: nothing of it is missing before that.
    passed: BTreeSet<Player>,
    /// Segments by their last record, of players that also said how far they are.
    ends: BTreeMap<(Player, Seq), Sha256Hash>,
}

impl Tail {
    /// A segment of the screen.
    pub(crate) fn segment(
        &mut self,
        (segment, hash): (&Segment, Sha256Hash),
        received: UtcMillis,
        (period, tenures): (&Period, &[Tenure]),
        said: &[Said],
    ) {
        let player = (segment.device, segment.epoch);
        let gone = |at| not_its_own(tenures, segment.device, at).is_some();
        // a clock that has jumped ahead vouches for nothing, nor does a box for a screen that is another's
        let possible = segment.records.iter().filter(|r| !r.is_future(received) && !gone(r.start));
        self.hear(possible.map(|r| r.end).max());
        let end = period.to.next().start(period.offset);
        if received >= end && segment.records.iter().all(|r| r.start >= end && !gone(r.start)) {
            self.passed.insert(player);
        }
        if !said.is_empty() {
            self.ends.insert((player, segment.last_seq()), hash);
        }
    }

    fn hear(&mut self, at: Option<UtcMillis>) {
        self.heard = self.heard.max(at);
    }

    /// What a player said beside its records, of which those up to `acked` are shown. `next`: the one that came after it.
    pub(crate) fn player(
        &mut self,
        player: Player,
        said: &[Said],
        acked: Seq,
        (next, tenures): (Option<Player>, &[Tenure]),
        (until, screen, findings): (UtcMillis, &ScreenCode, &mut Findings),
    ) {
        for Said { place, head, .. } in said {
            let end = self.ends.get(&(player, head.sealed));
            if end.is_some() && end != head.segment.as_ref() {
                findings.at_screen(Check::Chain, screen, place, words!(
                    "thiết bị {} đã ký một đoạn khác kết thúc ở bản ghi {}: bị nhân bản, hoặc đoạn trong gói đã bị thay", player.0, head.sealed;
                    "device {} had signed another segment that ends with record {}: it was cloned, or what is shown was exchanged", player.0, head.sealed));
            }
            if head.sealed <= acked && not_its_own(tenures, player.0, head.at_ms).is_none() {
                self.hear(Some(head.at_ms));
            }
        }
        if self.passed.contains(&player) {
            return;
        }
        // what a player says after the checkpoint may be of records that came after it, too
        let (late, said): (Vec<&Said>, Vec<&Said>) = said
            .iter()
            .filter(|said| said.head.sealed > acked)
            .partition(|said| said.brought && said.head.at_ms > until);
        for Said { place, head, .. } in late {
            findings.remark(Check::Tail, place, words!(
                "Lời này của thiết bị {} (có đến bản ghi {}) được lấy sau khi gói này chốt (có đến {acked}): hãy xin gói chốt muộn hơn để đối chiếu.", player.0, head.sealed;
                "Device {} said this (records up to {}) after the bundle's checkpoint (up to {acked}): ask for a later bundle to compare it with.", player.0, head.sealed));
        }
        let Some(Said { place, head, .. }) = said.into_iter().max_by_key(|said| said.head.sealed) else { return };
        let (missing, at) = (head.sealed.0 - acked.0, head.at_ms.0.unsigned_abs() / 1000);
        let (at_vi, at) = (moment(at), stamp(at));
        let (why_vi, why_en) = match next {
            Some((device, epoch)) => (
                format!(
                    "Sau đó thiết bị đã được thay hoặc cài lại (nay là thiết bị {device}, đời {epoch}): phần chưa nộp có thể đã mất theo thiết bị cũ."
                ),
                format!(
                    "The box was replaced or re-imaged since (device {device}, epoch {epoch}): what it had not handed in may have gone with it."
                ),
            ),
            None => (
                "Phần này còn nằm trên thiết bị, hoặc đã bị bỏ.".to_owned(),
                "They are still on the device, or were left out.".to_owned(),
            ),
        };
        findings.at_screen(Check::Tail, screen, &format!("{place}, device {}", player.0), words!(
            "thiếu phần cuối: lúc {at_vi} thiết bị đã ký rằng có đến bản ghi {}, gói chỉ có đến {acked}, thiếu {missing} bản ghi. Số liệu từ đó không đầy đủ. {why_vi}", head.sealed;
            "the tail is cut: at {at} the device signed that it had records up to {}, the bundle has them up to {acked}, {missing} are missing. Figures from there on are not complete. {why_en}", head.sealed));
    }

    /// Nothing can be missing before `last`, the last play that was planned.
    pub(crate) fn reaches(&self, last: Option<UtcMillis>) -> bool {
        !self.passed.is_empty() || last.is_none_or(|last| self.heard >= Some(last))
    }
}

/// Says of which screens nobody can tell whether something is missing at the end.
pub(crate) fn told(screens: &[ScreenVerdict], findings: &mut Findings) {
    let silent: Vec<&str> = screens.iter().filter(|s| !s.complete).map(|s| s.screen.as_str()).collect();
    if silent.is_empty() {
        return;
    }
    let (n, mut named) = (silent.len(), silent[..silent.len().min(NAMED)].join(", "));
    if n > NAMED {
        named.push_str(", …");
    }
    findings.not_checked(Check::Tail);
    findings.remark(Check::Tail, "", words!(
        "Ở {n} màn hình ({named}) không có lời nào có chữ ký của thiết bị đến hết lịch phát: màn hình tắt hay mất mạng, hoặc phần cuối chưa nộp, hoặc đã bị giữ lại. Từ lời cuối trở đi, con số là “ít nhất”, không phải là đủ.";
        "At {n} screens ({named}) no signed word of a player reaches the end of what was planned: dark or cut off, or its last records were not handed in, or were withheld. From its last word on figures are a minimum, not the whole."));
}

//! Every segment judged again, in the order of the log, each screen by its own [`Replay`], and what comes of it beside
//! what is stored.

use super::{Audit, AuditStore, Finding, Matter, RollupMend, Stored, TenureMend, Tenures, entry_place};
use crate::directory::problem::{Say, say, unreadable};
use crate::lang::Lang;
use crate::proof::log::StoredSegment;
use crate::proof::{Counts, DeviceIdentity, DeviceMark, Early, Outcome, ProofError, RollupDelta, cache};
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::proof::bundle::Start;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::proof::replay::Replay;
use lichphat_playlists::proof::segment::{Segment, SegmentError};
use lichphat_playlists::proof::tenure::Tenure;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::sign::{Envelope, Evidence, VerifyingKey};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Auditor {
    pub(super) audit: Audit,
    /// Entries before this one are of days that were dropped; what came before is believed.
    pub(super) first: u64,
    /// The first day held, when days before it were dropped.
    from: Option<LocalDay>,
    plans: cache::PlanCache,
    keys: BTreeMap<DeviceId, Option<DeviceIdentity>>,
    /// The keys that the log's own statements name.
    stated: BTreeMap<DeviceId, VerifyingKey<Evidence>>,
    /// The day that is replayed, and where its devices stood before it, as far as they have not come yet.
    day: Option<LocalDay>,
    day_marks: BTreeMap<(DeviceId, Epoch), DeviceMark>,
    came: BTreeSet<(DeviceId, Epoch)>,
    screens: BTreeMap<ScreenCode, Replay>,
    /// What retention has left of dropped days for sums of later ones.
    carried: BTreeMap<DeviceId, RollupDelta>,
    /// What segments added to sums of days after the one on which they came.
    early: Vec<Early>,
    /// Devices of which a segment is missing or cannot be judged: what is stored of them cannot be compared.
    broken: BTreeSet<DeviceId>,
}

impl Auditor {
    /// Begins at the entry `first`, the first of the day `from` when days before it were dropped.
    pub(super) fn new(first: u64, from: Option<LocalDay>) -> Self {
        Self { first, from, ..Self::default() }
    }

    pub(super) fn find(&mut self, matter: Matter, place: Say, problem: Say) {
        self.audit.findings.push(Finding { matter, place, problem });
    }

    pub(super) fn leaf(&mut self, log_index: u64, bytes: &[u8]) {
        match Entry::decode(bytes) {
            Ok(Entry::Statement(Statement::Device { device, key, screen, at_ms, .. })) => {
                self.stated.insert(device, *key);
                let tenure = Tenure { log_index, device, at: at_ms };
                self.screens.entry(screen).or_default().registered(tenure);
            }
            Ok(_) => {}
            Err(error) => self.find(Matter::Entry, entry_place(log_index), unreadable(error)),
        }
    }

    pub(super) async fn segment(&mut self, store: &dyn AuditStore, stored: StoredSegment) -> Result<(), ProofError> {
        let (place, log_index, day) = (entry_place(stored.log_index), stored.log_index, stored.day);
        let (device, received) = (stored.device, stored.received);
        self.audit.segments += 1;
        self.begin(store, day).await?;
        let Some(identity) = self.identity(store, device).await? else {
            let problem = say(
                format!("nhắc đến thiết bị {device}, không có trong danh sách thiết bị"),
                format!("names device {device}, which is not in the directory of devices"),
            );
            self.find(Matter::Directory, place, problem);
            return Ok(());
        };
        let Some((segment, hash)) = self.open(stored, &identity, &place) else {
            self.broken.insert(device);
            return Ok(());
        };
        let plans = match self.plans.book(store, &segment).await {
            Ok(plans) => plans,
            Err(error) => {
                let problem = say(format!("không xét lại được: {error}"), format!("cannot be judged again: {error}"));
                self.find(Matter::Entry, place, problem);
                self.broken.insert(device);
                return Ok(());
            }
        };
        let mut replay = self.screens.remove(&identity.screen).unwrap_or_default();
        self.mark(&mut replay, &segment);
        self.audit.records += segment.records.len() as u64;
        let outcome = replay.segment(&segment, hash, (log_index, received), &plans);
        self.screens.insert(identity.screen, replay);
        if let Some(problem) = breaks(&outcome, &segment) {
            self.find(Matter::Entry, place, problem);
            self.broken.insert(device);
        }
        if let Outcome::Accepted { delta, .. } = outcome {
            self.early.extend(Early::of(log_index, device, day, &delta));
        }
        Ok(())
    }

    async fn identity(
        &mut self,
        store: &dyn AuditStore,
        device: DeviceId,
    ) -> Result<Option<DeviceIdentity>, ProofError> {
        if let Some(known) = self.keys.get(&device) {
            return Ok(known.clone());
        }
        let identity = store.identity_ever(device).await?;
        self.keys.insert(device, identity.clone());
        Ok(identity)
    }

    /// What a stored segment says, when its signature holds: by a key that the log states, as its row says, for its screen.
    fn open(&mut self, stored: StoredSegment, identity: &DeviceIdentity, place: &Say) -> Option<(Segment, Sha256Hash)> {
        let device = stored.device;
        if self.stated.get(&device) != Some(&identity.key) {
            let problem = say(
                format!("của thiết bị {device}, mà khoá chưa từng được ghi vào sổ"),
                format!("is of device {device}, whose key the log did not state before"),
            );
            self.find(Matter::Directory, place.clone(), problem);
        }
        let row = (device, stored.epoch, stored.first_seq, stored.last_seq);
        let opened = Envelope::from_bytes(stored.bytes).map_err(SegmentError::from);
        let opened = opened.and_then(|envelope| Ok((Segment::open(&envelope, &identity.key)?, envelope.hash())));
        let (segment, hash) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.find(Matter::Entry, place.clone(), unreadable(error));
                return None;
            }
        };
        if row != (segment.device, segment.epoch, segment.first_seq, segment.last_seq()) {
            self.find(Matter::Entry, place.clone(), not_its_bytes());
        }
        if segment.screen != identity.screen {
            let (of, at) = (&segment.screen, &identity.screen);
            let problem = say(
                format!("nói thay màn hình {of}, trong khi thiết bị của nó ở {at}"),
                format!("speaks for screen {of}, its device stands at {at}"),
            );
            self.find(Matter::Entry, place.clone(), problem);
        }
        Some((segment, hash))
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

    pub(super) fn end_day(&mut self) {
        self.came.clear();
        for (device, epoch) in std::mem::take(&mut self.day_marks).into_keys() {
            let problem = say(
                "có đó, nhưng không đoạn nào trong ngày là của thiết bị này",
                "stands there, but no segment of the day is its",
            );
            self.find(Matter::Mark, self.day_mark(device, epoch), problem);
        }
    }

    fn day_mark(&self, device: DeviceId, epoch: Epoch) -> Say {
        let day = self.day.map(|d| d.to_string()).unwrap_or_default();
        say(
            format!("mốc của thiết bị {device}, đời {epoch} trước {day}"),
            format!("mark of device {device}, epoch {epoch} before {day}"),
        )
    }

    /// At a device's first segment of a day, where it stands is compared with what was kept then; a device all of whose
    /// segments before were dropped begins there.
    fn mark(&mut self, replay: &mut Replay, segment: &Segment) {
        let key @ (device, epoch) = (segment.device, segment.epoch);
        if !self.came.insert(key) {
            return;
        }
        let kept = self.day_marks.remove(&key);
        match &kept {
            Some(DeviceMark { acked, head, tally }) if self.from.is_some() && replay.mark(device, epoch).is_none() => {
                replay.start(&Start { device, epoch, acked: *acked, head: *head, tally: tally.clone() });
            }
            // The mark is right, and the segment before this one is missing: that is told of the segment.
            Some(kept) if kept.acked.0 + 1 == segment.first_seq.0 && replay.acked(device, epoch) < kept.acked => {}
            _ if kept.as_ref() != Some(&replay.expected(device, epoch)) => {
                let problem = say(
                    "bị mất, hoặc không như các đoạn trước cho thấy",
                    "is missing, or not what the segments before say",
                );
                self.find(Matter::Mark, self.day_mark(device, epoch), problem);
            }
            _ => {}
        }
    }

    /// Begins the sums with what is left of dropped days.
    pub(super) fn carry(&mut self, early: &[Early]) {
        let Some(from) = self.from else { return };
        for early in early.iter().filter(|e| e.log_index < self.first && e.day >= from) {
            let rollup = self.carried.entry(early.device).or_default();
            rollup.entry((early.day, early.campaign.clone())).or_default().merge(&early.counts);
        }
    }

    pub(super) fn compare(&mut self, stored: Stored) {
        let Stored { rollups, marks, early, tenures } = stored;
        self.compare_tenures(tenures);
        let (mut computed, mut sums) = (BTreeMap::new(), std::mem::take(&mut self.carried));
        for (of, said) in std::mem::take(&mut self.screens).into_values().map(Replay::finish) {
            computed.extend(of);
            for (device, delta) in said {
                let sum = sums.entry(device).or_default();
                delta.into_iter().for_each(|(at, counts)| sum.entry(at).or_default().merge(&counts));
            }
        }
        for key in computed.keys().chain(marks.keys()).copied().collect::<BTreeSet<_>>() {
            let believed = self.from.is_some() && !computed.contains_key(&key); // all its segments were dropped
            if !believed {
                self.compare_marks(key, marks.get(&key), computed.get(&key));
            }
        }
        let none = RollupDelta::new();
        for device in rollups.keys().chain(sums.keys()).copied().collect::<BTreeSet<_>>() {
            let (held, said) = (rollups.get(&device), sums.get(&device));
            self.compare_rollups(device, held.unwrap_or(&none), said.unwrap_or(&none));
        }
        let held = early.into_iter().filter(|e| e.log_index >= self.first).collect::<Vec<_>>();
        if held != self.early {
            let place = say("các số đến trước ngày của chúng", "sums that came before their day");
            let problem = say(
                "không như các đoạn cho thấy; sẽ cần đến khi ngày cũ hết hạn lưu",
                "are not what the segments say; they matter once days are dropped",
            );
            self.find(Matter::Mark, place, problem);
        }
    }

    fn compare_tenures(&mut self, held: Tenures) {
        let stated = self.screens.iter().flat_map(|(screen, replay)| replay.tenures().iter().map(move |t| (screen, t)));
        let said: Tenures = stated.map(|(screen, t)| ((screen.clone(), t.log_index), (t.device, t.at))).collect();
        for key in held.keys().chain(said.keys()).collect::<BTreeSet<_>>() {
            let (now, stated) = (held.get(key), said.get(key));
            if now == stated {
                continue;
            }
            let (screen, index) = key;
            let place = say(format!("màn hình {screen}, mục {index}"), format!("screen {screen}, entry {index}"));
            let (n, s) = (tenure(now), tenure(stated));
            let problem = say(
                format!("đang lưu {}; nhật ký: {}", n.vi, s.vi),
                format!("stored {}; the log states {}", n.en, s.en),
            );
            self.find(Matter::Tenure, place, problem);
        }
        self.audit.tenures = (held != said).then_some(TenureMend { held, said });
    }

    fn compare_marks(
        &mut self,
        (device, epoch): (DeviceId, Epoch),
        held: Option<&DeviceMark>,
        said: Option<&DeviceMark>,
    ) {
        let place =
            say(format!("mốc của thiết bị {device}, đời {epoch}"), format!("mark of device {device}, epoch {epoch}"));
        let at = |mark: Option<&DeviceMark>| mark.map_or(Seq(0), |m| m.acked);
        let (until, left) = (at(held), at(said));
        if until > left {
            self.broken.insert(device);
            let problem = say(
                format!("đã nhận đến bản ghi {until}, các đoạn còn lại chỉ đến {left}: thiếu đoạn sau đó"),
                format!("records up to {until} were taken in, the segments end at {left}: what follows is missing"),
            );
            self.find(Matter::Incomplete, place, problem);
        } else if held != said {
            let matter = if self.broken.contains(&device) { Matter::Incomplete } else { Matter::Mark };
            self.find(matter, place, say("không như các đoạn cho thấy", "is not what the segments say"));
        }
    }

    fn compare_rollups(&mut self, device: DeviceId, stored: &RollupDelta, computed: &RollupDelta) {
        for key in computed.keys().chain(stored.keys()).cloned().collect::<BTreeSet<_>>() {
            let (held, said) = (stored.get(&key), computed.get(&key));
            let (day, campaign) = &key;
            let place = say(
                format!("số tổng hợp của thiết bị {device}, ngày {day}, {campaign}"),
                format!("rollup of device {device}, {day}, {campaign}"),
            );
            if self.from.is_some_and(|from| key.0 < from) {
                // A part of what it sums was dropped: it cannot be less than the rest.
                if said.is_some_and(|said| held.is_none_or(|held| held.without(said).is_none())) {
                    let (h, s) = apart(held, said);
                    let problem = say(
                        format!("đang lưu {}, ít hơn phần bản ghi còn lại: {}", h.vi, s.vi),
                        format!("stored {}, less than what the segments left say: {}", h.en, s.en),
                    );
                    self.find(Matter::OldRollup, place, problem);
                }
            } else if held != said && self.broken.contains(&device) {
                let (h, s) = apart(held, said);
                let problem = say(
                    format!("đang lưu {}; phần bản ghi còn lại: {}", h.vi, s.vi),
                    format!("stored {}; the segments that are left say {}", h.en, s.en),
                );
                self.find(Matter::Incomplete, place, problem);
            } else if held != said {
                let (h, s) = apart(held, said);
                let problem = say(
                    format!("đang lưu {}; bản ghi đã ký: {}", h.vi, s.vi),
                    format!("stored {}; the segments say {}", h.en, s.en),
                );
                self.find(Matter::Rollup, place, problem);
                let (day, campaign) = key;
                let (held, said) = (held.cloned().unwrap_or_default(), said.cloned().unwrap_or_default());
                self.audit.mends.push(RollupMend { device, day, campaign, held, said });
            }
        }
    }
}

/// A box and the moment from which a screen was its own, in words.
fn tenure(of: Option<&(DeviceId, UtcMillis)>) -> Say {
    let Some((device, at)) = of else { return say("không có gì", "nothing") };
    let at = at.rfc3339(UtcOffset(0));
    say(format!("thiết bị {device} từ {at}"), format!("device {device} from {at}"))
}

/// Two sums beside each other in words: the figures in which they differ, of each.
pub fn apart(one: Option<&Counts>, other: Option<&Counts>) -> (Say, Say) {
    let (all, theirs) = (named(one), named(other));
    let mut differing: Vec<&str> = all.iter().chain(&theirs).map(|(figure, _)| figure.en.as_str()).collect();
    differing.retain(|en| value(&all, en) != value(&theirs, en));
    let told = |figures: &[(Say, u32)]| {
        let told = figures.iter().filter(|(figure, _)| differing.contains(&figure.en.as_str()));
        let list = |lang| told.clone().map(|(figure, n)| format!("{n} {}", figure.pick(lang))).collect::<Vec<_>>();
        say(list(Lang::Vi).join(", "), list(Lang::En).join(", "))
    };
    let nothing = || say("không có gì", "nothing");
    (one.map_or_else(nothing, |_| told(&all)), other.map_or_else(nothing, |_| told(&theirs)))
}

fn value(figures: &[(Say, u32)], en: &str) -> u32 {
    figures.iter().find(|(figure, _)| figure.en == en).map_or(0, |(_, n)| *n)
}

/// Every figure of a sum by name; those of reasons as far as there are any.
fn named(counts: Option<&Counts>) -> Vec<(Say, u32)> {
    let Some(c) = counts else { return Vec::new() };
    let Counts { slots_seen, counted, counted_outside, made_good, late, not_counted, unknown, by_level, reasons } = c;
    let plain = [
        ("được tính", "counted", counted),
        ("ngoài khung giờ", "outside", counted_outside),
        ("bù", "made good", made_good),
        ("đến muộn", "late", late),
        ("không tính", "not counted", not_counted),
        ("không rõ", "unknown", unknown),
        ("theo lịch", "planned", slots_seen),
    ];
    let plain = plain.map(|(vi, en, n)| (say(vi, en), *n));
    let levels = DisplayLevel::ALL.iter().zip(by_level);
    let levels = levels.map(|(l, n)| (say(format!("ở mức màn hình {l:?}"), format!("at display level {l:?}")), *n));
    let reasons = reasons.iter().map(|(reason, n)| (say(reason.clone(), reason.clone()), *n));
    plain.into_iter().chain(levels).chain(reasons).collect()
}

/// A row that was changed beside its bytes.
pub(super) fn not_its_bytes() -> Say {
    say("dòng dữ liệu không như phần đã ký", "its row does not say what its signed bytes say")
}

/// Why a segment does not continue what its device sent before.
fn breaks(outcome: &Outcome, segment: &Segment) -> Option<Say> {
    match outcome {
        Outcome::Accepted { .. } => None,
        Outcome::Duplicate => {
            Some(say("chỉ chứa những bản ghi mà các đoạn trước đã có", "holds only records that earlier segments hold"))
        }
        Outcome::Hole { expected } => {
            let (device, last) = (segment.device, segment.first_seq.0 - 1);
            Some(say(
                format!("trước đó thiếu một đoạn: bản ghi {expected} đến {last} của thiết bị {device}"),
                format!("a segment before it is missing: records {expected} to {last} of device {device}"),
            ))
        }
        Outcome::Fork { at } => Some(say(
            format!("không nối tiếp đoạn trước, tại bản ghi {at}"),
            format!("does not continue the segment before it, at record {at}"),
        )),
    }
}

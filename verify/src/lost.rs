//! Logs that ended, over whose entries this one was begun anew after a loss: how far it goes on from them, and what of them
//! is gone. A server that was restored from a backup is honest about it; one that would like to be rid of some entries says
//! the same words. So a loss is no fault of the bundle, and never passed over: it is told with its size and who had seen it.

use crate::findings::{Findings, words};
use crate::screen::stamp;
use crate::verdict::{Check, Lost, NAMED};
use crate::vietnamese::{digits, moment};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::{Begun, Entry, Statement};
use lichphat_playlists::proof::note::{Note, VerifierKey};
use lichphat_playlists::wire::sign::LogSigning;
use std::collections::{BTreeMap, BTreeSet};

/// What this log states of one that ended.
pub(crate) struct Ended {
    /// The statement's entry.
    index: u64,
    begun: Begun,
    /// Entries that this log goes on from: of them it has to show whatever anybody saw.
    pub(crate) kept: u64,
    /// Entries that it had at least, by checkpoints that it signed and that are not of this log's tree; none is known: `kept`.
    had: u64,
    /// Screens whose players had seen more than was kept.
    screens: BTreeSet<ScreenCode>,
}

/// All of them, by name.
#[derive(Default)]
pub(crate) struct EndedLogs(BTreeMap<String, Ended>);

impl EndedLogs {
    /// What the entries state. A log that is said to have ended twice is held to the more that was kept of it.
    pub(crate) fn stated(entries: &[(u64, &[u8])]) -> Self {
        let mut all = BTreeMap::<String, Ended>::new();
        for (index, bytes) in entries {
            let Ok(Entry::Statement(Statement::Begun(begun))) = Entry::decode(bytes) else { continue };
            let (index, kept, name) = (*index, begun.kept_at(*index), begun.ended.name().to_owned());
            if all.get(&name).is_none_or(|known| known.kept < kept) {
                all.insert(name, Ended { index, begun: *begun, kept, had: kept, screens: BTreeSet::new() });
            }
        }
        Self(all)
    }

    /// Their keys, but for one of the log itself: it cannot have gone before itself.
    pub(crate) fn keys(&mut self, itself: &str) -> Vec<VerifierKey<LogSigning>> {
        self.0.remove(itself);
        self.0.values().map(|ended| ended.begun.ended.clone()).collect()
    }

    /// The last checkpoints that the statements themselves name.
    pub(crate) fn last(&self) -> Vec<Checkpoint> {
        let of = |ended: &Ended| Checkpoint::open(&Note::parse(&ended.begun.last).ok()?, &ended.begun.ended).ok();
        self.0.values().filter_map(of).collect()
    }

    /// The log of that name, when it has ended and so many entries are more than was kept of it.
    pub(crate) fn beyond(&self, origin: &str, size: u64) -> Option<&Ended> {
        self.0.get(origin).filter(|ended| ended.kept < size)
    }

    /// Are so many entries more than was kept of one of them?
    pub(crate) fn beyond_one(&self, size: u64) -> bool {
        self.0.values().any(|ended| ended.kept < size)
    }

    /// A checkpoint of so many entries was shown that is beyond what was kept, by the player of a screen or by somebody else.
    pub(crate) fn missed(&mut self, origin: &str, size: u64, screen: Option<&ScreenCode>) {
        let Some(ended) = self.0.get_mut(origin) else { return };
        ended.had = ended.had.max(size);
        if let Some(screen) = screen.filter(|screen| !ended.screens.contains(*screen)) {
            ended.screens.insert(screen.clone());
        }
    }

    /// Says of what anybody can see that it is lost.
    pub(crate) fn told(&self, findings: &mut Findings) {
        for (name, ended) in self.0.iter().filter(|(_, ended)| ended.kept < ended.had) {
            ended.told(name, findings);
        }
    }

    /// The same for programs.
    pub(crate) fn lost(&self) -> Vec<Lost> {
        let lost = self.0.iter().filter(|(_, ended)| ended.kept < ended.had);
        lost.map(|(name, ended)| Lost {
            origin: name.clone(),
            kept: ended.kept,
            had: ended.had,
            screens: ended.screens.len() as u64,
        })
        .collect()
    }
}

impl Ended {
    fn told(&self, name: &str, findings: &mut Findings) {
        findings.lost(Check::Log);
        let n = self.screens.len();
        let mut named = self.screens.iter().take(NAMED).map(ScreenCode::as_str).collect::<Vec<_>>().join(", ");
        if n > NAMED {
            named.push_str(", …");
        }
        let seen = match n {
            0 => words!(""; ""),
            _ => {
                words!(" Thiết bị ở {} màn hình ({named}) từng thấy phần này.", digits(n as u64); " Players at {n} screens ({named}) had seen it.")
            }
        };
        let [first, had, kept] = [self.kept + 1, self.had, self.kept].map(digits);
        findings.remark(Check::Log, &format!("entry {}", self.index), words!(
            "MẤT MỘT PHẦN SỔ TRƯỚC: sổ {name} từng có ít nhất {had} mục, sổ này chỉ nối tiếp {kept} mục đầu; mục {first} đến {had} không còn ở đây.{} Lần rút mẫu, kết quả kiểm tra hay lệnh thu hồi chỉ ghi trong phần ấy thì gói này không cho thấy: chỉ người giữ điểm chốt của sổ ấy chứng minh được là từng có (--since). Hãy hỏi thanh tra, nhân chứng và người từng rút mẫu; lý do mất là lời của {}.", seen.vi, self.begun.by;
            "A PART OF THE LOG BEFORE IS LOST: the log {name} had at least {} entries, and this one goes on from the first {}; entries {} to {} are not here.{} Draws, findings and withdrawals that were stated in that part alone this bundle does not show: only somebody who kept a checkpoint of that log can prove that there were any (--since). Ask inspectors, witnesses and whoever drew samples; why it was lost is the word of {}.",
            self.had, self.kept, self.kept + 1, self.had, seen.en, self.begun.by));
    }

    /// What to tell an auditor whose own checkpoint is of the lost part.
    pub(crate) fn forgotten(&self, size: u64, findings: &mut Findings) {
        let Begun { ended, reason, by, at_ms, .. } = &self.begun;
        let at = at_ms.0.unsigned_abs() / 1000;
        let (name, lost) = (ended.name(), size - self.kept);
        findings.fault(Check::Since, "--since", words!(
            "{} mục bạn từng thấy không còn: điểm chốt của bạn là của sổ {name} lúc có {} mục, sổ ấy đã kết thúc và sổ này chỉ nối tiếp {} mục đầu. Sổ ghi lý do: {reason} ({by}, {}). Máy chủ hỏng thật hay cố ý bỏ đi thì nhìn vào sổ như nhau: hãy lấy lời của thiết bị (lichphat-player head), của nhân chứng và gói cũ của bạn để đối chiếu", digits(lost), digits(size), digits(self.kept), moment(at);
            "{lost} entries that you had seen are gone: your checkpoint is of the log {name} when it had {size}; that log ended, and this one goes on from its first {}. The reason stated: {reason} ({by}, {}). A server that broke and one that wanted to be rid of them look the same from here: compare with what players say (lichphat-player head), with the witnesses and with your earlier bundle", self.kept, stamp(at)));
    }

    /// What this log says of its beginning.
    pub(crate) fn words_of(index: u64, begun: &Begun, findings: &mut Findings) {
        let place = format!("entry {index}");
        let (ended, reason, by, kept) = (begun.ended.name(), &begun.reason, &begun.by, begun.kept_at(index));
        if kept > index {
            findings.fault(Check::Log, &place, words!(
                "sổ nói nối tiếp {} mục của sổ trước, nhưng trước lời này chỉ có {} mục", digits(kept), digits(index);
                "the log says that it goes on from {kept} entries of the one before, and there are {index} before this"));
        }
        let silent = match begun.kept {
            Some(_) => words!(""; ""),
            None => words!(
                " Sổ không nói giữ được bao nhiêu, nên coi là tất cả.";
                " It does not say how many were kept, so it is held to all of them."),
        };
        findings.remark(Check::Log, &place, words!(
            "Sổ này được mở lại từ đây, trên các mục của sổ {ended} đã kết thúc: {reason} ({by}). Nó nối tiếp {} mục đầu của sổ ấy.{} Ai giữ điểm chốt của sổ ấy hãy kiểm tra với nó (--since).", digits(kept), silent.vi;
            "The log was begun anew here, over the entries of the log {ended} that ended: {reason} ({by}). It goes on from the first {kept} entries of that one.{} Whoever keeps a checkpoint of it should check with that (--since).", silent.en));
    }
}

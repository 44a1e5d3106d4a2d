//! What the log says beside the segments: of players, of the scheduler's keys, and by people who went to look.

use crate::approvals::{Approvals, Proposed, Yes};
use crate::findings::{Findings, words};
use crate::lost::Ended;
use crate::players::{Player, Players};
use crate::screen::stamp;
use crate::trust::Trust;
use crate::verdict::{Check, Inspection, Inspections};
use crate::vietnamese::moment;
use lichphat_playlists::figures::Basis;
use lichphat_playlists::ids::{DeviceId, Sha256Hash};
use lichphat_playlists::proof::bundle::STATEMENTS;
use lichphat_playlists::proof::entry::{Approval, DeviceEnd, Entry, Introduction, LISTING, Statement};
use lichphat_playlists::proof::sample::{Finding, Seen};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::sign::{Packing, PlanSigning, VerifyingKey};
use std::collections::{BTreeMap, BTreeSet};

/// Everything of it that concerns the bundle.
#[derive(Default)]
pub(crate) struct Statements {
    /// The directory of players.
    pub(crate) players: Players,
    /// What playlists are signed with, newest last, and since when.
    keys: Vec<(VerifyingKey<PlanSigning>, UtcMillis)>,
    /// What the scheduler signs bundles with.
    packing: Vec<VerifyingKey<Packing>>,
    /// Lists of boxes that somebody approved.
    lists: BTreeSet<String>,
    /// How many boxes each account let in.
    let_in: BTreeMap<String, u32>,
    /// What may be shown.
    pub(crate) approvals: Approvals,
    /// Samples that were drawn, by the first digits of their names.
    draws: Vec<String>,
    /// What was found last of each play that was drawn.
    found: BTreeMap<(Sha256Hash, u32), Finding>,
}

impl Statements {
    /// Reads the entries, and the heads that the reader brings himself.
    pub(crate) fn read(entries: &[(u64, &[u8])], brought: &[Vec<u8>], trust: &Trust, findings: &mut Findings) -> Self {
        let mut all = Self::default();
        for (index, bytes) in entries {
            let place = format!("entry {index}");
            match Entry::decode(bytes) {
                Ok(Entry::Statement(statement)) => all.add(*index, statement, trust, findings),
                Ok(Entry::Head { envelope, .. }) => all.players.said(&envelope, Some(*index), place, findings),
                Ok(Entry::Segment { .. }) => findings.fault(Check::Device, &place, words!(
                    "nằm sai chỗ: đây là nhật ký phát, không phải khai báo"; "stands in the wrong file: it is a segment")),
                Err(error) => findings.fault(Check::Device, &place, words!(
                    "không đọc được: sai dạng"; "cannot be read: {error}")),
            }
        }
        for (i, envelope) in brought.iter().enumerate() {
            all.players.said(envelope, None, format!("--head {}", i + 1), findings);
        }
        all.judge_keys(findings);
        all.tell_draws(findings);
        all.tell_who_let_in(findings);
        all
    }

    fn tell_draws(&self, findings: &mut Findings) {
        if self.draws.is_empty() {
            return;
        }
        let (n, names) = (self.draws.len(), self.draws.join(", "));
        findings.remark(Check::Log, STATEMENTS, words!(
            "Sổ ghi {n} lần rút mẫu kiểm tra tận nơi cho đợt này trong kỳ: {names}. Kết quả phải là của tất cả các lần, không chỉ lần vừa ý.";
            "The log states {n} draws of a sample of this campaign in the period: {names}. Ask for the findings of all, not of the one that was liked."));
    }

    fn add(&mut self, index: u64, statement: Statement, trust: &Trust, findings: &mut Findings) {
        match statement {
            Statement::Device { device, epoch, screen, key, at_ms, approval, simulated } => {
                if let Err(what) = trust.arrived(index, at_ms) {
                    findings.fault(Check::Time, &format!("device {device}, epoch {epoch}"), what);
                }
                self.let_in(device, approval, findings);
                let player = Player { screen, key: *key, index, at: at_ms, simulated };
                self.players.registered((device, epoch), player, findings);
            }
            Statement::DeviceEnd { device, why: DeviceEnd::Revoked, .. } => self.players.revoked(device, index),
            Statement::Act { act, on, .. } if act == LISTING => drop(self.lists.insert(on)),
            Statement::DeviceEnd { why: DeviceEnd::Retired, .. } | Statement::Act { .. } => {}
            Statement::Draw(drawn) => self.draws.push(drawn.draw.hex()[..12].to_owned()),
            Statement::Begun(begun) => {
                let place = format!("entry {index}");
                if begun.ended.name() == trust.checkpoint.origin {
                    let what = words!("sổ nói rằng chính nó đã kết thúc"; "the log states of itself that it has ended");
                    return findings.fault(Check::Log, &place, what);
                }
                if let Err(what) = trust.arrived(index, begun.at_ms) {
                    findings.fault(Check::Time, &place, what);
                }
                Ended::words_of(index, &begun, findings);
            }
            Statement::Finding(finding) => drop(self.found.insert((finding.draw, finding.n), *finding)),
            // when it was put to people is nobody's concern, as long as that was before they answered
            Statement::Proposal { number, content, people, by, .. } => {
                self.approvals.proposed.entry((number, content)).or_insert(Proposed { index, people, by });
            }
            Statement::Yes { number, content, by, decision, at_ms, .. } => {
                if let Err(what) = trust.arrived(index, at_ms) {
                    findings.fault(Check::Time, &format!("proposal {number}, {by}"), what);
                }
                let said = self.approvals.yes.entry((number, content)).or_default();
                said.push(Yes { index, by, decision, at_ms });
            }
            Statement::Permit { permit, at_ms, .. } => {
                if let Err(what) = trust.arrived(index, at_ms) {
                    findings.fault(Check::Time, &format!("permit {}", &permit.hex()[..12]), what);
                }
                self.approvals.stated.entry(permit).or_insert(index);
            }
            Statement::Withdrawal { withdrawn, .. } => {
                if let Err(what) = trust.arrived(index, withdrawn.at_ms) {
                    findings.fault(Check::Time, &format!("entry {index}"), what);
                }
                self.approvals.withdrawals.add(withdrawn);
            }
            Statement::Keys { plan, at_ms, receipt, approval } => {
                self.keys.push((*plan, at_ms));
                self.approvals.keys.push(*approval);
                self.packing.extend(VerifyingKey::from_bytes(&receipt.to_bytes()));
            }
        }
    }

    /// A box comes in on a person's word. Whether the person said so he alone can tell: the log holds him to it by name.
    fn let_in(&mut self, device: DeviceId, approval: Approval, findings: &mut Findings) {
        let place = format!("device {device}");
        let Approval { by, introduction, .. } = approval;
        if by.trim().is_empty() {
            findings.fault(Check::Enrolment, &place, words!(
                "không nêu ai đã cho thiết bị này vào: máy chủ có thể đã tự tạo ra nó"; "nobody is named who let it in: the scheduler may have made it itself"));
        }
        if let Introduction::List { sha256 } = introduction
            && !self.lists.contains(&format!("list {sha256}"))
        {
            findings.fault(
                Check::Enrolment,
                &place,
                words!(
                "vào theo danh sách {sha256}, nhưng trước đó sổ không ghi ai đã duyệt danh sách này";
                "came by the list {sha256}, and before it the log does not say who approved that list"),
            );
        }
        *self.let_in.entry(by).or_default() += 1;
    }

    fn tell_who_let_in(&self, findings: &mut Findings) {
        let all: Vec<String> = self.let_in.iter().map(|(by, n)| format!("{by} ({n})")).collect();
        if all.is_empty() {
            return;
        }
        let all = all.join(", ");
        findings.remark(Check::Enrolment, STATEMENTS, words!(
            "Các thiết bị phát do những tài khoản này cho vào: {all}. `shell` là người có quyền trên chính máy chủ. Sổ giữ tên họ; hãy hỏi họ có đúng là đã cho vào không.";
            "Boxes were let in by these accounts: {all}. `shell` is whoever has the server itself. The log holds them to it by name; ask them whether they did."));
    }

    fn judge_keys(&self, findings: &mut Findings) {
        match &self.keys[..] {
            [] => findings.fault(Check::Plan, STATEMENTS, words!(
                "sổ không nêu khóa ký lịch phát: không lịch nào tin được"; "the log states no key of playlists: none can be believed")),
            [_] => {}
            [_, later @ ..] => {
                let since = |words: fn(u64) -> String| {
                    later.iter().map(|(_, at)| words(at.0.unsigned_abs() / 1000)).collect::<Vec<_>>().join(", ")
                };
                let (local, since) = (since(moment), since(stamp));
                findings.remark(Check::Plan, STATEMENTS, words!(
                    "Khóa ký lịch phát đã được thay lúc {local}. Hãy hỏi đơn vị vận hành vì sao."; "The key of playlists was changed at {since}. Ask the operator why."));
            }
        }
    }

    /// What the scheduler signs bundles with.
    pub(crate) fn packing_keys(&self) -> &[VerifyingKey<Packing>] {
        &self.packing
    }

    /// What playlists are signed with, newest first.
    pub(crate) fn plan_keys(&self) -> Vec<VerifyingKey<PlanSigning>> {
        self.keys.iter().rev().map(|(key, _)| *key).collect()
    }

    /// What people found who went to look at plays of the report.
    pub(crate) fn inspections(&self, basis: &Basis) -> Inspections {
        let period = &basis.period;
        let ours = |f: &&Finding| {
            f.campaign == basis.campaign && (period.from..=period.to).contains(&f.start_ms.day(period.offset))
        };
        let mut all = Inspections::default();
        for finding in self.found.values().filter(ours) {
            all.with_code += u64::from(finding.seen != Seen::CouldNotLook && finding.code.is_some());
            match finding.seen {
                Seen::AsExpected => all.as_expected += 1,
                Seen::CouldNotLook => all.could_not_look += 1,
                Seen::OtherPicture | Seen::Dark => all.bad.push(Inspection {
                    screen: finding.screen.clone(),
                    start_s: finding.start_ms.0.unsigned_abs() / 1000,
                    seen: finding.seen,
                    by: finding.by.clone(),
                    note: finding.note.clone(),
                }),
            }
        }
        all.bad.sort_by(|a, b| (&a.screen, a.start_s).cmp(&(&b.screen, b.start_s)));
        all
    }
}

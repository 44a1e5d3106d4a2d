//! What may be shown: permits, and where screens stand, signed with the key of approvals that the log states. A permit counts
//! from its own statement in the log on, so nobody permits afterwards what was shown before; and only when the log has a
//! statement of its own for each yes it rests on, so nobody's name stands under what he was never asked.

use crate::findings::{Findings, words};
use crate::verdict::{Check, Words};
use crate::{ArchiveError, Bundle};
use lichphat_playlists::figures::{DayFacts, Period, ScreenFacts};
use lichphat_playlists::ids::{CampaignCode, PermitHash, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::book::PlanBook;
use lichphat_playlists::proof::bundle;
use lichphat_playlists::proof::count::Reason;
use lichphat_playlists::proof::record::{Origin, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::permit::{Document, Grounds, Permit, PermitError, Withdrawals, named};
use lichphat_playlists::wire::sign::{Approving, Envelope, VerifyingKey};
use lichphat_playlists::wire::v1::{Asset, AssetTable, Playlist, Tier};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

/// Whoever has the server's own shell, under which the first approvals are given.
const SHELL: &str = "shell";

/// What was put to people: a proposal's number, and what exactly it is about.
pub(crate) type Subject = (u32, Sha256Hash);

/// Where the log says that something was put to people.
#[derive(Debug, Clone)]
pub(crate) struct Proposed {
    /// Its place.
    pub(crate) index: u64,
    /// How many people have to say yes.
    pub(crate) people: u32,
    /// Who brought it.
    pub(crate) by: String,
}

/// Where the log says that somebody said yes.
#[derive(Debug, Clone)]
pub(crate) struct Yes {
    /// Its place.
    pub(crate) index: u64,
    /// Who.
    pub(crate) by: String,
    /// The written decision he rests on.
    pub(crate) decision: String,
    /// When.
    pub(crate) at_ms: UtcMillis,
}

/// A permit that holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    /// Where the log states it.
    index: u64,
    /// How many people said yes; the shell, which a remark names, stands for as many as it takes.
    people: u32,
}

/// Everything of it that concerns the bundle.
#[derive(Default)]
pub(crate) struct Approvals {
    /// Keys that the log states, newest last.
    pub(crate) keys: Vec<VerifyingKey<Approving>>,
    /// Where it states permits.
    pub(crate) stated: BTreeMap<PermitHash, u64>,
    /// What was put to people.
    pub(crate) proposed: BTreeMap<Subject, Proposed>,
    /// What they said yes to.
    pub(crate) yes: BTreeMap<Subject, Vec<Yes>>,
    /// All that was taken back by its word.
    pub(crate) withdrawals: Withdrawals,
    held: BTreeMap<PermitHash, Held>,
    documents: BTreeMap<Sha256Hash, Document>,
}

impl Approvals {
    /// Reads the signed documents of the bundle.
    pub(crate) fn read<R: Read + Seek>(
        &mut self,
        bundle: &mut Bundle<R>,
        findings: &mut Findings,
    ) -> Result<(), ArchiveError> {
        let bytes = bundle.get(bundle::APPROVALS)?;
        let form = || ArchiveError::Form { name: bundle::APPROVALS.to_owned(), problem: "it is cut".to_owned() };
        for (i, document) in bundle::documents(&bytes).ok_or_else(form)?.into_iter().enumerate() {
            match self.open(document) {
                Ok((name, document)) => drop(self.documents.insert(name, document)),
                Err(error) => findings.fault(
                    Check::Approval,
                    &format!("{}, {i}", bundle::APPROVALS),
                    words!(
                    "phê duyệt không dùng được: sai dạng, hoặc không mang chữ ký của khóa phê duyệt mà sổ nêu"; "the approval cannot be used: {error}"),
                ),
            }
        }
        self.hold(findings);
        Ok(())
    }

    /// Holds each permit that the log states against the words it rests on.
    fn hold(&mut self, findings: &mut Findings) {
        let mut names = BTreeMap::<&str, u32>::new();
        for (name, &index) in &self.stated {
            let Some(Document::Permit(permit)) = self.documents.get(name) else { continue };
            permit.approved.iter().for_each(|a| *names.entry(&a.by).or_default() += 1);
            match self.rests_on(permit, index) {
                Ok(people) => drop(self.held.insert(*name, Held { index, people })),
                Err(what) => findings.fault(Check::Approval, &format!("permit {}", &name.hex()[..12]), what),
            }
        }
        if names.contains_key(SHELL) {
            findings.remark(
                Check::Approval,
                bundle::APPROVALS,
                words!(
                "Có nội dung được duyệt ngay trên máy chủ (`shell`), không bằng tài khoản nào: ai vào được máy chủ thì duyệt được.";
                "Something was approved at the server's own shell (`shell`), by no account: whoever could get there could approve it."),
            );
        }
        if !names.is_empty() {
            let all: Vec<String> = names.iter().map(|(by, n)| format!("{by} ({n})")).collect();
            let all = all.join(", ");
            findings.remark(Check::Approval, bundle::APPROVALS, words!(
                "Nội dung trong gói được duyệt dưới tên: {all}. Sổ giữ tên họ; hãy hỏi họ có đúng là đã duyệt không.";
                "What is shown was approved under these names: {all}. The log holds them to it; ask them whether they did."));
        }
    }

    /// How many people the log has saying yes to a permit that it states at `index`, or what is wrong with that.
    fn rests_on(&self, permit: &Permit, index: u64) -> Result<u32, Words> {
        let subject = (permit.number, permit.content());
        let proposed = self.proposed.get(&subject).filter(|p| p.index < index);
        let proposed = proposed.ok_or_else(|| {
            words!(
            "trước đó sổ không ghi nội dung này từng được trình duyệt"; "before it the log does not say that this was ever put to people")
        })?;
        let said = self.yes.get(&subject).map_or(&[][..], Vec::as_slice);
        let between = |yes: &&Yes| proposed.index < yes.index && yes.index < index;
        for a in &permit.approved {
            let same = |yes: &Yes| (&yes.by, &yes.decision, yes.at_ms) == (&a.by, &a.decision, a.at_ms);
            if !said.iter().filter(between).any(same) {
                return Err(words!(
                    "nêu tên {} đã duyệt, nhưng trước đó sổ không ghi lời duyệt ấy: tên có thể là bịa", a.by;
                    "names {} as having approved it, and before it the log has no such word: the name may be made up", a.by));
            }
            if a.by == proposed.by && a.by != SHELL {
                return Err(
                    words!("{} tự duyệt nội dung do chính mình đưa vào", a.by; "{} approved what he had brought himself", a.by),
                );
            }
        }
        let people: BTreeSet<&str> = permit.approved.iter().map(|a| a.by.as_str()).collect();
        let (some, needed) = (people.len() as u32, proposed.people.max(permit.people()));
        match people.contains(SHELL) {
            true => Ok(u32::MAX),
            false if some < needed => Err(words!(
                "chỉ có {some} người duyệt, nội dung này cần {needed}"; "was approved by {some}, and takes {needed}")),
            false => Ok(some),
        }
    }

    fn open(&self, bytes: &[u8]) -> Result<(Sha256Hash, Document), PermitError> {
        let envelope = Envelope::from_bytes(bytes.to_vec())?;
        let mut error = PermitError::Form("the log states no key of approvals".to_owned());
        for key in &self.keys {
            match Document::open(&envelope, key) {
                Ok(document) => return Ok((envelope.hash(), document)),
                Err(no) => error = no,
            }
        }
        Err(error)
    }

    /// What a playlist rests on for the campaign, and from which place of the log on.
    pub(crate) fn grounds(&self, playlist: &Playlist, table: &AssetTable, campaign: &CampaignCode) -> (Grounds, u64) {
        let (mut grounds, mut since) = (Grounds::default(), 0);
        let ours = || table.assets.iter().filter(|a| a.code == *campaign);
        // whatever places it is for: an order, and what stands in everywhere, takes two people
        let needed = if ours().any(|a| matches!(a.tier, Tier::Order | Tier::Fallback)) { 2 } else { 1 };
        for name in named(playlist.place, ours()) {
            let held = self.held.get(&name).filter(|held| held.people >= needed);
            match (self.documents.get(&name), held) {
                (Some(Document::Place(place)), _) if place.screen == playlist.screen => {
                    grounds.take(name, Document::Place(place.clone()));
                }
                (Some(Document::Permit(permit)), Some(held)) => {
                    grounds.take(name, Document::Permit(permit.clone()));
                    since = since.max(held.index);
                }
                _ => {}
            }
        }
        (grounds, since)
    }

    /// Was an asset taken back long before `made`, so that whoever made a plan with it knew?
    pub(crate) fn was_taken_back(&self, asset: &Asset, made: UtcMillis) -> bool {
        self.withdrawals.of(asset).is_some_and(|at| at.plus_ms(PLANNING_MS) < made)
    }
}

/// How long planning may go on with what it had read before something was taken back, ms.
const PLANNING_MS: i64 = 3_600_000;

/// Plays that were shown whole at a screen, in the period, of what was not approved for it: they count for nothing, and should
/// not have been seen.
#[derive(Default)]
pub(crate) struct Unapproved {
    /// Of slots: the scheduler has signed each, and no player can make one up.
    planned: u32,
    /// What a player filled in by itself: what its playlists were never permitted to show it can claim as a make-good.
    own: u32,
}

impl Unapproved {
    /// Looks at a segment that was `received` then.
    pub(crate) fn look(
        &mut self,
        segment: &Segment,
        received: UtcMillis,
        (campaign, period): (&CampaignCode, &Period),
        book: &PlanBook,
    ) {
        for record in segment.records.iter().filter(|r| r.result == PlayResult::Complete && !r.is_future(received)) {
            let Some(plan) = book.get(&record.plan) else { continue };
            let Some(terms) = plan.count_terms(record, received, book.withdrawals()) else { continue };
            let of_period = (period.from..=period.to).contains(&record.start.day(period.offset));
            if terms.campaign != campaign || terms.barred != Some(Reason::NotApproved) || !of_period {
                continue;
            }
            match record.origin {
                Origin::Planned { .. } => self.planned += 1,
                Origin::MakeGood { .. } | Origin::Fallback => self.own += 1,
            }
        }
    }

    /// Tells of them: whoever brought it about.
    pub(crate) fn told(&self, screen: &ScreenCode, findings: &mut Findings) {
        let Self { planned, own } = self;
        if *planned > 0 {
            findings.fault(
                Check::Approval,
                screen.as_str(),
                words!(
                "máy chủ đã xếp vào lịch nội dung không được duyệt cho màn hình và ngày đó, {planned} lượt đã phát; các lượt này không được tính";
                "the scheduler planned what was not approved for this screen and day, and {planned} plays of it were shown; they do not count"),
            );
        }
        if *own > 0 {
            findings.at_screen(
                Check::Approval,
                screen,
                screen.as_str(),
                words!(
                "{own} lượt phát bù hoặc phát chờ có nội dung không được duyệt cho màn hình và ngày đó; các lượt này không được tính";
                "{own} plays that the player filled in were of what was not approved for this screen and day; they do not count"),
            );
        }
    }
}

/// What was shown after it had been taken back: a screen that is not connected does not hear of that, so what it goes on showing
/// is told and held against nobody.
pub(crate) fn told(facts: &[ScreenFacts], findings: &mut Findings) {
    let plays = |facts: &ScreenFacts| -> u32 {
        let of = |day: &DayFacts| day.counts.reasons.get("withdrawn").copied();
        facts.days.values().filter_map(of).sum()
    };
    let after: Vec<(&ScreenFacts, u32)> = facts.iter().map(|f| (f, plays(f))).filter(|(_, n)| *n > 0).collect();
    if let [(first, _), ..] = after[..] {
        let (n, screens, first) = (after.iter().map(|(_, n)| n).sum::<u32>(), after.len(), &first.screen);
        findings.remark(Check::Approval, "", words!(
            "{n} lượt ở {screens} màn hình (đầu tiên là {first}) đã phát sau khi phê duyệt bị thu hồi; các lượt này không được tính. Màn hình mất mạng thì chưa biết; hãy hỏi vì sao nếu màn hình vẫn có mạng.";
            "{n} plays at {screens} screens (first {first}) were shown after the approval had been withdrawn; they do not count. A screen without network had not heard; ask why if it was connected."));
    }
}

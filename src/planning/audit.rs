//! `lichphat check`, the planning part: every stored plan is what was signed, and what its figures say.

use super::{PlanHead, PlanStore, PlanningError, StoredPlan};
use crate::directory::problem::{Say, say, unreadable};
use lichphat_playlists::ids::{CampaignCode, Sha256Hash};
use lichphat_playlists::wire::sign::{Envelope, PlanSigning, VerifyingKey};
use lichphat_playlists::wire::v1::Playlist;
use std::collections::BTreeMap;

/// A plan with the bytes that were signed.
#[derive(Debug, Clone)]
pub struct AuditedPlan {
    /// Its row, for paging.
    pub row: i64,
    /// What its row says it is.
    pub head: PlanHead,
    /// As the rooms read it, or why they cannot.
    pub plan: Result<StoredPlan, String>,
    /// As it was signed.
    pub envelope: Vec<u8>,
    /// Slots its row names.
    pub slots: u32,
}

/// What was looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanAudit {
    /// Plans looked at.
    pub plans: u64,
    /// Where, what.
    pub findings: Vec<(Say, Say)>,
}

const BATCH: u32 = 256;

/// Looks at every plan.
pub(super) async fn audit(store: &dyn PlanStore, key: &VerifyingKey<PlanSigning>) -> Result<PlanAudit, PlanningError> {
    let mut found = PlanAudit::default();
    let mut after = 0;
    loop {
        let batch = store.audited(after, BATCH).await?;
        let Some(last) = batch.last().map(|p| p.row) else { return Ok(found) };
        for audited in batch {
            found.plans += 1;
            let head = &audited.head;
            let PlanHead { screen, day, version, .. } = head;
            let place = say(format!("lịch phát {screen} {day} v{version}"), format!("plan {screen} {day} v{version}"));
            found.findings.extend(problems(&audited, key).into_iter().map(|p| (place.clone(), p)));
        }
        after = last;
    }
}

fn problems(audited: &AuditedPlan, key: &VerifyingKey<PlanSigning>) -> Vec<Say> {
    let mut out = Vec::new();
    let AuditedPlan { head, plan, envelope, slots, .. } = audited;
    if Sha256Hash::of(envelope) != head.hash {
        out.push(say("tên không phải mã băm của nội dung", "its name is not the hash of its bytes"));
    }
    match Envelope::from_bytes(envelope.clone()).map_err(Into::into).and_then(|e| Playlist::open(&e, key)) {
        Err(error) => out.push(unreadable(&error)),
        Ok(signed) => {
            let row = (&head.screen, head.day, head.version);
            if row != (&signed.screen, signed.day, signed.version) {
                out.push(say("dòng dữ liệu không như phần đã ký", "its row does not say what its signed bytes say"));
            }
        }
    }
    let plan = match plan {
        Ok(plan) => plan,
        Err(problem) => {
            out.push(unreadable(problem));
            return out;
        }
    };
    if let Err(error) = plan.playlist.check(&plan.assets) {
        out.push(unreadable(&error));
        return out;
    }
    if plan.playlist.slots.len() != *slots as usize {
        let has = plan.playlist.slots.len();
        out.push(say(
            format!("dòng dữ liệu ghi {slots} lượt, lịch có {has}"),
            format!("its row says {slots} slots, it has {has}"),
        ));
    }
    let mut planned: BTreeMap<&str, u32> = BTreeMap::new();
    for slot in &plan.playlist.slots {
        *planned.entry(plan.assets.assets[usize::from(slot.item)].code.as_str()).or_default() += 1;
    }
    for c in &plan.campaigns {
        let (code, row_planned, row_asked) = (&c.campaign, c.planned, c.asked);
        let slots = planned.remove(code.as_str()).unwrap_or(0);
        if slots != row_planned {
            out.push(say(
                format!("đợt {code}: dòng dữ liệu ghi {row_planned} lượt, lịch có {slots}"),
                format!("campaign {code}: its row says {row_planned} plays, the plan has {slots}"),
            ));
        }
        let not_approved = plan.playlist.not_approved.get(code).copied();
        let asked = not_approved.or_else(|| Some(plan.problem.campaign(code.as_str())?.target)).unwrap_or(0);
        if asked != row_asked {
            out.push(say(
                format!("đợt {code}: dòng dữ liệu ghi cần {row_asked} lượt, bài toán cần {asked}"),
                format!("campaign {code}: its row says {row_asked} were asked, the problem asks {asked}"),
            ));
        }
    }
    let row = |code: &CampaignCode| plan.campaigns.iter().any(|c| c.campaign == *code && c.not_approved);
    let signed = plan.playlist.not_approved.keys().filter(|code| !row(code));
    let stated = plan.campaigns.iter().filter(|c| c.not_approved).map(|c| &c.campaign);
    for code in signed.chain(stated.filter(|code| !plan.playlist.not_approved.contains_key(*code))) {
        out.push(say(
            format!("đợt {code}: dòng dữ liệu và phần đã ký không nói như nhau về việc đã duyệt hay chưa"),
            format!("campaign {code}: its row and its signed bytes do not say the same of whether it was approved"),
        ));
    }
    out.extend(planned.into_iter().map(|(code, slots)| {
        say(
            format!("đợt {code}: không có dòng dữ liệu, lịch có {slots} lượt"),
            format!("campaign {code}: has no row, the plan has {slots} plays"),
        )
    }));
    out
}

//! `lichphat check`, the planning part: every stored plan is what was signed, and what its figures say.

use super::{PlanHead, PlanStore, PlanningError, StoredPlan};
use lichphat_playlists::ids::Sha256Hash;
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
    pub findings: Vec<(String, String)>,
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
            let place = format!("plan {} {} v{}", head.screen, head.day, head.version);
            found.findings.extend(problems(&audited, key).into_iter().map(|p| (place.clone(), p)));
        }
        after = last;
    }
}

fn problems(audited: &AuditedPlan, key: &VerifyingKey<PlanSigning>) -> Vec<String> {
    let mut out = Vec::new();
    let AuditedPlan { head, plan, envelope, slots, .. } = audited;
    if Sha256Hash::of(envelope) != head.hash {
        out.push("its name is not the hash of its bytes".to_owned());
    }
    match Envelope::from_bytes(envelope.clone()).map_err(Into::into).and_then(|e| Playlist::open(&e, key)) {
        Err(error) => out.push(error.to_string()),
        Ok(signed) => {
            let row = (&head.screen, head.day, head.version);
            if row != (&signed.screen, signed.day, signed.version) {
                out.push("its row does not say what its signed bytes say".to_owned());
            }
        }
    }
    let plan = match plan {
        Ok(plan) => plan,
        Err(problem) => {
            out.push(problem.clone());
            return out;
        }
    };
    if let Err(error) = plan.playlist.check(&plan.assets) {
        out.push(error.to_string());
        return out;
    }
    if plan.playlist.slots.len() != *slots as usize {
        out.push(format!("its row says {slots} slots, it has {}", plan.playlist.slots.len()));
    }
    let mut planned: BTreeMap<&str, u32> = BTreeMap::new();
    for slot in &plan.playlist.slots {
        *planned.entry(plan.assets.assets[usize::from(slot.item)].code.as_str()).or_default() += 1;
    }
    for c in &plan.campaigns {
        let slots = planned.remove(c.campaign.as_str()).unwrap_or(0);
        if slots != c.planned {
            out.push(format!("campaign {}: its row says {} plays, the plan has {slots}", c.campaign, c.planned));
        }
        let asked = plan.problem.campaign(c.campaign.as_str()).map_or(0, |p| p.target);
        if asked != c.asked {
            out.push(format!("campaign {}: its row says {} were asked, the problem asks {asked}", c.campaign, c.asked));
        }
    }
    out.extend(
        planned.into_iter().map(|(code, slots)| format!("campaign {code}: has no row, the plan has {slots} plays")),
    );
    out
}

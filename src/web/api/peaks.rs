//! Peak windows that were worked out from counts and wait for somebody's word.

use super::call::{Call, List, json, unknown};
use super::table::{Kind, Operation, PAGE, Takes, gives, may};
use crate::directory::{DecideError, Proposal, ProposalState, decide};
use crate::people::Act::{Direct, View};
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Proposals that were decided and are listed.
const DECIDED: u32 = 1_000;
const STATES: &[&str] = &["proposed", "accepted", "refused", "lapsed"];

/// Peak windows that are proposed.
#[derive(Debug, Serialize, JsonSchema)]
struct ProposalRow {
    /// Its number.
    id: u32,
    /// A screen's code, or `venue:type`.
    subject: String,
    /// `proposed`, `accepted`, `refused` or `lapsed`.
    state: String,
    /// The Monday it is for.
    valid_from: String,
    /// First day of the counts it rests on.
    counts_from: String,
    /// Last day of them.
    counts_to: String,
    /// Share of the people that the windows hold, thousandths.
    share_permille: u32,
    /// By class of day: `working_day`, `saturday`, `sunday_holiday`.
    days: BTreeMap<String, Windows>,
    /// Who decided.
    by: Option<String>,
    /// First day it applies, when it was accepted.
    applies_from: Option<String>,
}

/// Windows of one class of day.
#[derive(Debug, Serialize, JsonSchema)]
struct Windows {
    /// As they are, `08:00-10:00`.
    before: String,
    /// As they are proposed.
    windows: String,
    /// Days that were counted.
    days: u32,
}

/// What somebody decides.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Decide {
    /// True: it applies from its day on, tomorrow at the earliest; false: nothing changes.
    accept: bool,
}

fn row(proposal: &Proposal) -> ProposalRow {
    let derived = &proposal.draft.derived;
    let word = |class| serde_json::to_value(class).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    let days = derived.classes.iter().map(|(class, of_class)| {
        let (before, windows) = (of_class.before.0.text(), of_class.peaks.windows.0.text());
        (word(class), Windows { before, windows, days: of_class.days })
    });
    ProposalRow {
        id: proposal.id,
        subject: proposal.draft.subject.to_string(),
        state: proposal.state.to_string(),
        valid_from: proposal.draft.valid_from.to_string(),
        counts_from: derived.first.to_string(),
        counts_to: derived.last.to_string(),
        share_permille: derived.share_permille,
        days: days.collect(),
        by: proposal.decision.as_ref().map(|d| d.by.clone()),
        applies_from: proposal.decision.as_ref().and_then(|d| d.from).map(|day| day.to_string()),
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1/peaks",
        need: May(View, Subject::City),
        id: "listPeaks",
        about: "Proposals of peak windows, by number.",
        query: &[PAGE, &[may("state", Kind::OneOf(STATES), "Only those that stand so.")]],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<ProposalRow>>())],
        refuses: &[],
        run: |call| Box::pin(list(call)),
    },
    Operation {
        method: "POST",
        path: "/api/v1/peaks/{proposal}/decision",
        need: May(Direct, Subject::City),
        id: "decidePeaks",
        about: "Accepts or refuses a proposal that waits.",
        query: &[],
        takes: Takes::Json(|g| g.subschema_for::<Decide>()),
        gives: &[gives(|g| g.subschema_for::<ProposalRow>())],
        refuses: &[],
        run: |call| Box::pin(decision(call)),
    },
];

async fn list(call: Call) -> Result<Response, Problem> {
    let state: Option<ProposalState> = call.value("state").and_then(|state| state.parse().ok());
    let all = call.app.console.proposals(DECIDED).await?;
    let wanted = all.iter().filter(|p| state.is_none_or(|state| p.state == state));
    call.page(wanted.map(|proposal| (format!("{:010}", proposal.id), row(proposal))))
}

async fn decision(call: Call) -> Result<Response, Problem> {
    let text = call.place("proposal");
    let gone = || unknown("unknown-proposal", "proposal", text);
    let id: u32 = text.parse().map_err(|_| gone())?;
    let Decide { accept } = call.json_body()?;
    let store = call.app.console.directory();
    let waiting = store.peak_proposal(id).await?.ok_or_else(gone)?;
    let conflict = |code| Problem::new(StatusCode::CONFLICT, code).of("proposal", text);
    match decide(store, id, accept, call.caller.account.as_str(), call.app.console.today()).await {
        Ok(_) => {}
        Err(DecideError::Unknown(_)) => return Err(gone()),
        Err(DecideError::Decided(_)) => return Err(conflict("decided")),
        Err(DecideError::NotFollowing(_)) => return Err(conflict("not-following")),
        Err(DecideError::Store(error)) => return Err(error.into()),
    }
    let decided = store.peak_proposal(id).await?.unwrap_or(waiting);
    Ok(json(&row(&decided)))
}

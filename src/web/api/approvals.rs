//! What waits for approval, and the words of who may decide: what the console's page shows and its buttons do.

use super::call::{Call, List, json, unknown};
use super::table::{Kind, Operation, PAGE, Takes, gives, may};
use crate::approval::{ApprovalError, Needs, Proposal, State, places};
use crate::directory::problem::say;
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::Account;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const STATES: &[&str] = &["open", "approved", "refused", "lapsed", "withdrawn"];

/// Something that people decide on.
#[derive(Debug, Serialize, JsonSchema)]
struct ProposalRow {
    /// Its number.
    number: u32,
    /// What it is called.
    title: String,
    /// `open`, `approved`, `refused`, `lapsed` or `withdrawn`.
    state: String,
    /// The units each of which has to say yes; null: two people of the city have to.
    units: Option<Vec<String>>,
    /// The files, by SHA-256.
    media: Vec<String>,
    /// Where, in words; empty: everywhere.
    places: String,
    /// First day.
    from: Option<String>,
    /// Last day, included.
    until: Option<String>,
    /// Who brought it; he cannot approve it.
    brought_by: String,
    /// When, RFC 3339.
    brought: String,
    /// What was said of it, in order.
    said: Vec<SaidRow>,
}

/// What somebody said of it.
#[derive(Debug, Serialize, JsonSchema)]
struct SaidRow {
    /// Who.
    by: String,
    /// Yes or no.
    yes: bool,
    /// The decision he rests on, or why not.
    words: String,
    /// When, RFC 3339.
    at: String,
}

/// What somebody says.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Word {
    /// Yes.
    Approve,
    /// No.
    Refuse,
    /// What was approved is taken back.
    Withdraw,
}

/// Somebody's word.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Says {
    /// Yes, no, or no longer.
    say: Word,
    /// The decision it rests on, or why not.
    #[serde(default)]
    words: String,
}

fn row(proposal: &Proposal, call: &Call) -> ProposalRow {
    let (permit, offset) = (&proposal.draft.permit, call.app.utc_offset);
    ProposalRow {
        number: proposal.number,
        title: proposal.draft.title.clone(),
        state: proposal.state.word().to_owned(),
        units: match &proposal.draft.needs {
            Needs::City => None,
            Needs::Units(units) => Some(units.iter().map(ToString::to_string).collect()),
        },
        media: permit.media.iter().map(|file| file.hash.hex()).collect(),
        places: if permit.places.is_empty() { String::new() } else { places(permit) },
        from: permit.from.map(|day| day.to_string()),
        until: permit.until.map(|day| day.to_string()),
        brought_by: proposal.brought_by.clone(),
        brought: proposal.brought_ms.rfc3339(offset),
        said: proposal
            .said
            .iter()
            .map(|said| SaidRow {
                by: said.by.clone(),
                yes: said.yes,
                words: said.words.clone(),
                at: said.at_ms.rfc3339(offset),
            })
            .collect(),
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1/approvals",
        need: Account,
        id: "listApprovals",
        about: "What waits for approval and what was decided, by number.",
        query: &[PAGE, &[may("state", Kind::OneOf(STATES), "Only those that stand so.")]],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<ProposalRow>>())],
        refuses: &[],
        run: |call| Box::pin(list(call)),
    },
    // whose word it takes stands in the proposal: the room asks for the role over just those units
    Operation {
        method: "POST",
        path: "/api/v1/approvals/{proposal}",
        need: Account,
        id: "sayOfProposal",
        about: "Says yes or no, or takes back what was approved; with a second factor, and never of what one has brought.",
        query: &[],
        takes: Takes::Json(|g| g.subschema_for::<Says>()),
        gives: &[gives(|g| g.subschema_for::<ProposalRow>())],
        refuses: &[],
        run: |call| Box::pin(said(call)),
    },
];

/// Those that the caller may know of.
pub(super) async fn seen(call: &Call) -> Result<Vec<Proposal>, Problem> {
    let (directory, today) = (&call.city.directory, call.today());
    let mut all = call.app.console.approvals.proposals().await.map_err(|error| refused(error, call))?;
    all.retain(|p| p.draft.needs.sees(&call.caller, directory, today));
    Ok(all)
}

async fn list(call: Call) -> Result<Response, Problem> {
    let all = seen(&call).await?;
    let state = State::ALL.into_iter().find(|state| Some(state.word()) == call.value("state"));
    let wanted = all.iter().filter(|p| state.is_none_or(|state| p.state == state));
    call.page(wanted.map(|proposal| (format!("{:010}", proposal.number), row(proposal, &call))))
}

async fn said(call: Call) -> Result<Response, Problem> {
    let text = call.place("proposal");
    let gone = || unknown("unknown-proposal", "proposal", text);
    let number: u32 = text.parse().map_err(|_| gone())?;
    seen(&call).await?.iter().find(|p| p.number == number).ok_or_else(gone)?;
    let Says { say, words } = call.json_body()?;
    let (approvals, directory) = (&call.app.console.approvals, &call.city.directory);
    let by = (&call.caller, words.as_str());
    let done = match say {
        Word::Approve => approvals.give(number, by, &[], directory).await.map(drop),
        Word::Refuse => approvals.refuse(number, by, directory).await,
        Word::Withdraw => {
            approvals.withdraw(number, by, directory).await.inspect(|()| call.app.fleet.announce_withdrawal())
        }
    };
    done.map_err(|error| refused(error, &call))?;
    let now = seen(&call).await?;
    now.iter().find(|p| p.number == number).map(|proposal| json(&row(proposal, &call))).ok_or_else(gone)
}

fn refused(error: ApprovalError, call: &Call) -> Problem {
    match error {
        ApprovalError::Store(error) => error.into(),
        ApprovalError::Unknown(number) => unknown("unknown-proposal", "proposal", &number.to_string()),
        error => Problem::new(StatusCode::CONFLICT, "not-taken")
            .of("proposal", call.place("proposal"))
            .saying(say(error.vi(), error.to_string())),
    }
}

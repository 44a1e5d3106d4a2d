//! Plays that somebody goes to look at: draws, and what was found.

use super::call::{Call, List, json, unknown};
use super::table::{Operation, PAGE, Takes, gives};
use crate::people::Act::Audit;
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::sample::{Draw, Finding};
use schemars::JsonSchema;
use serde::Serialize;

/// A draw.
#[derive(Debug, Serialize, JsonSchema)]
struct DrawRow {
    /// Its name: SHA-256 of all of it.
    hash: String,
    /// The campaign.
    campaign: String,
    /// First day.
    from: String,
    /// Last day, included.
    to: String,
    /// What the public gave.
    seed: String,
    /// When it was drawn, RFC 3339.
    drawn: String,
    /// Plays that were drawn.
    plays: u64,
}

/// What was found at one play of a draw.
#[derive(Debug, Serialize, JsonSchema)]
struct FindingRow {
    /// The play's turn in its draw.
    n: u32,
    /// The screen.
    screen: String,
    /// When the play started, RFC 3339.
    start: String,
    /// What was to be seen, by SHA-256.
    media: String,
    /// `as-expected`, `other-picture`, `dark` or `could-not-look`.
    seen: String,
    /// Who looked.
    by: String,
    /// When, RFC 3339.
    at: String,
    /// What he has to say.
    note: String,
}

fn row(draw: &Draw) -> DrawRow {
    DrawRow {
        hash: draw.hash().hex(),
        campaign: draw.campaign.to_string(),
        from: draw.from.to_string(),
        to: draw.to.to_string(),
        seed: draw.seed.clone(),
        drawn: draw.drawn_ms.rfc3339(draw.offset_min),
        plays: draw.items.len() as u64,
    }
}

fn finding(finding: &Finding, call: &Call) -> FindingRow {
    let offset = call.app.utc_offset;
    FindingRow {
        n: finding.n,
        screen: finding.screen.to_string(),
        start: finding.start_ms.rfc3339(offset),
        media: finding.media.hex(),
        seen: finding.seen.word().to_owned(),
        by: finding.by.clone(),
        at: finding.at_ms.rfc3339(offset),
        note: finding.note.clone(),
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1/draws",
        need: May(Audit, Subject::City),
        id: "listDraws",
        about: "Draws of plays to be looked at, in the order in which they were made.",
        query: &[PAGE],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<DrawRow>>())],
        refuses: &[],
        run: |call| Box::pin(list(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/draws/{draw}",
        need: May(Audit, Subject::City),
        id: "getDraw",
        about: "One draw as it stands in the log, with every play that was drawn.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<serde_json::Map<String, serde_json::Value>>())],
        refuses: &[],
        run: |call| Box::pin(one(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/draws/{draw}/findings",
        need: May(Audit, Subject::City),
        id: "listFindings",
        about: "What was found at the plays of a draw, in the order in which it was reported.",
        query: &[PAGE],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<FindingRow>>())],
        refuses: &[],
        run: |call| Box::pin(findings(call)),
    },
];

async fn list(call: Call) -> Result<Response, Problem> {
    let draws = call.app.sampling.draws().await?;
    call.page(draws.iter().enumerate().map(|(n, draw)| (format!("{n:010}"), row(draw))))
}

/// The draw of the path.
async fn draw(call: &Call) -> Result<Draw, Problem> {
    let text = call.place("draw");
    let hash: Option<Sha256Hash> = text.parse().ok();
    let draws = call.app.sampling.draws().await?;
    draws.into_iter().find(|draw| Some(draw.hash()) == hash).ok_or_else(|| unknown("unknown-draw", "draw", text))
}

async fn one(call: Call) -> Result<Response, Problem> {
    Ok(json(&draw(&call).await?))
}

async fn findings(call: Call) -> Result<Response, Problem> {
    let draw = draw(&call).await?;
    let found = call.app.sampling.findings(&draw).await?;
    call.page(found.iter().enumerate().map(|(n, one)| (format!("{n:010}"), finding(one, &call))))
}

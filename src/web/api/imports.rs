//! Documents that people write, brought over the network: the same files in the same forms as `lichphat import`.

use super::call::{Call, json, tag_of};
use super::table::{Kind, Operation, Param, Takes, gives, may};
use crate::approval::ApprovalError;
use crate::directory::problem::{Problems, Say, say};
use crate::directory::table::SourceFile;
use crate::error::StoreError;
use crate::exchange::bring::Kind as Document;
use crate::exchange::bring::{Clips, Desk, DocumentError};
use crate::lang::Lang;
use crate::people::Act::{Administer, Direct};
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

/// Longest document, bytes: 20,000 screens are three million.
pub(super) const MOST_BYTES: usize = 8 << 20;
/// Mistakes that are told at once.
const TOLD: usize = 20;
const FORMS: &[&str] = &["text/csv", "application/toml", "text/calendar"];

/// What taking a document in has done, or would do.
#[derive(Debug, Serialize, JsonSchema)]
struct Taken {
    /// Facts that were new.
    added: u32,
    /// Facts that took the place of another.
    changed: u32,
    /// Facts that were there already.
    unchanged: u32,
    /// Nothing was kept: it was only looked at. Days of counts are then in none of the sums.
    dry_run: bool,
}

const DRY_RUN: &[Param] = &[may("dry_run", Kind::Flag, "Only look: say what it would do, keep nothing.")];

/// What only the city says: its orders, contracts and loops.
const OF_CITY: Operation = Operation {
    method: "POST",
    path: "/api/v1/imports/directives",
    need: May(Direct, Subject::City),
    id: "importDirective",
    about: "Takes in an order, whole or not at all, in the form of docs/imports.md. Media are named by SHA-256.",
    query: &[DRY_RUN],
    takes: Takes::Bytes(&["application/toml", "text/plain"], MOST_BYTES),
    gives: &[gives(|g| g.subschema_for::<Taken>())],
    refuses: &[412],
    run: |call| Box::pin(import(call, "directives")),
};

pub(super) const OPERATIONS: &[Operation] = &[
    OF_CITY,
    Operation {
        path: "/api/v1/imports/campaigns",
        id: "importCampaigns",
        about: "Takes in contracts, items of the local loop, fixed events and safe loops, whole or not at all. Media are named by SHA-256.",
        run: |call| Box::pin(import(call, "campaigns")),
        ..OF_CITY
    },
    Operation {
        path: "/api/v1/imports/contracts",
        id: "importContracts",
        about: "Takes in contracts as a table, whole or not at all. Media are named by SHA-256.",
        takes: Takes::Bytes(&["text/csv", "application/toml"], MOST_BYTES),
        run: |call| Box::pin(import(call, "contracts")),
        ..OF_CITY
    },
    Operation {
        path: "/api/v1/imports/{kind}",
        need: May(Administer, Subject::City),
        id: "importDirectory",
        about: "Takes in a document of the directory, whole or not at all: units, screens, venues, duty, calendar, footfall or closures.",
        takes: Takes::Bytes(FORMS, MOST_BYTES),
        run: |call| Box::pin(import(call, "")),
        ..OF_CITY
    },
];

/// Takes a document in: of this kind, else of the path's.
async fn import(call: Call, kind: &'static str) -> Result<Response, Problem> {
    let text = if kind.is_empty() { call.place("kind") } else { kind };
    let known = <Document as clap::ValueEnum>::from_str(text, false).ok();
    // what the city says has a request of its own, and another right
    let known = known.filter(|known| !kind.is_empty() || known.is_of_directory());
    let kind = known.ok_or_else(|| super::call::unknown("unknown-kind", "kind", text))?;
    call.is_still()?;
    let console = &call.app.console;
    let desk = Desk {
        directory: console.directory(),
        campaigns: console.campaigns_store(),
        approvals: console.approvals.store(),
        library: &call.app.library,
        by: call.caller.account.as_str(),
        named: Some((&*console.bring, &call.caller.account)),
        now: console.today().0,
    };
    let file = SourceFile { name: text, bytes: &call.body };
    let dry_run = call.flag("dry_run");
    let taken = match dry_run {
        true => desk.look_at(kind, file, Clips::InLibrary).await,
        false => desk.take_in(kind, file, Clips::InLibrary).await.map(|(summary, _)| summary),
    };
    let summary = taken.map_err(refused)?;
    let tag = tag_of(&*call.app.console.city().await?);
    call.tagged(&tag, || {
        Ok(json(&Taken { added: summary.added, changed: summary.changed, unchanged: summary.unchanged, dry_run }))
    })
}

/// What is wrong in a document, line by line.
pub(super) fn mistakes(problems: &Problems) -> Problem {
    let lines = |lang| problems.iter().take(TOLD).map(|p| p.line_text(lang)).collect::<Vec<_>>().join("\n");
    bad(say(lines(Lang::Vi), lines(Lang::En)))
}

fn bad(said: Say) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-document").saying(said)
}

fn refused(error: DocumentError) -> Problem {
    match error {
        DocumentError::File(problems) => mistakes(&problems),
        DocumentError::Clip(said) => bad(said),
        DocumentError::Store(StoreError::Busy) => Problem::new(StatusCode::CONFLICT, "busy").after_s(1),
        DocumentError::Approval(ApprovalError::Store(error)) | DocumentError::Store(error) => error.into(),
        DocumentError::Approval(error) => StoreError::Engine(error.to_string()).into(),
        DocumentError::Library(error) => error.into(),
    }
}

//! `lichphat people list`: one line for each role of each account.

use super::super::{Context, output};
use crate::directory::Directory;
use crate::error::AppError;
use crate::people::{Account, Caller, Grant, People};
use lichphat_playlists::time::{LocalDay, UtcOffset};
use serde::Serialize;

const COLUMNS: [&str; 11] =
    ["account", "name", "state", "grant", "role", "unit", "from", "to", "decision", "given_by", "last_sign_in"];

#[derive(Serialize)]
struct Row<'a> {
    account: &'a str,
    name: &'a str,
    /// `waits`: no password was chosen yet.
    state: &'static str,
    grant: Option<u32>,
    role: Option<&'static str>,
    /// Empty: everywhere.
    unit: Option<&'a str>,
    from: Option<LocalDay>,
    to: Option<LocalDay>,
    decision: &'a str,
    given_by: Option<&'a str>,
    last_sign_in: Option<String>,
}

fn row<'a>(account: &'a Account, grant: Option<&'a Grant>, offset: UtcOffset) -> Row<'a> {
    let state = match (account.ended, account.ready) {
        (Some(_), _) => "deactivated",
        (None, true) => "active",
        (None, false) => "waits",
    };
    Row {
        account: account.code.as_str(),
        name: &account.name,
        state,
        grant: grant.map(|g| g.id),
        role: grant.map(|g| g.role.as_str()),
        unit: grant.and_then(|g| g.unit.as_ref()).map(|unit| unit.as_str()),
        from: grant.and_then(|g| g.days.from),
        to: grant.and_then(|g| g.days.to),
        decision: grant.map_or("", |g| &g.decision),
        given_by: grant.and_then(|g| g.given_by.as_ref()).map(|by| by.as_str()),
        last_sign_in: account.entered.map(|at| at.rfc3339(offset)),
    }
}

/// Runs the command.
pub(super) async fn run(
    args: &output::Args,
    people: &People,
    directory: &Directory,
    context: &Context,
) -> Result<(), AppError> {
    let accounts = people.list(&Caller::shell(), directory).await.map_err(super::refused(context))?;
    let offset = context.settings.utc_offset();
    let mut rows = Vec::new();
    for account in &accounts {
        rows.extend(account.grants.iter().map(|grant| row(account, Some(grant), offset)));
        if account.grants.is_empty() {
            rows.push(row(account, None, offset));
        }
    }
    output::rows(context.lang, args.format, &COLUMNS, &rows)
}

//! Accounts, as whoever looks after them sees them. Making them, and giving roles, is done on the console, where codes are shown once.

use super::call::{Call, List};
use super::table::{Operation, PAGE, Takes, gives};
use crate::people::{Account, Act, Grant, PeopleError};
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use schemars::JsonSchema;
use serde::Serialize;

/// An account.
#[derive(Debug, Serialize, JsonSchema)]
struct AccountRow {
    /// Its name, under which somebody signs in.
    code: String,
    /// Whose it is.
    name: String,
    /// What it may, whatever the days.
    grants: Vec<GrantRow>,
}

/// A role over a unit, for some days.
#[derive(Debug, Serialize, JsonSchema)]
struct GrantRow {
    /// `viewer`, `operator`, `approver`, `unit-head`, `city-editor`, `auditor` or `administrator`.
    role: String,
    /// Over which unit and what lies below it; null: everything.
    unit: Option<String>,
    /// First day; null: it always did.
    from: Option<String>,
    /// Last day, included.
    to: Option<String>,
    /// Number of the decision behind it.
    decision: String,
    /// Who has passed it on.
    given_by: Option<String>,
}

fn grant(grant: &Grant) -> GrantRow {
    GrantRow {
        role: grant.role.to_string(),
        unit: grant.unit.as_ref().map(ToString::to_string),
        from: grant.days.from.map(|day| day.to_string()),
        to: grant.days.to.map(|day| day.to_string()),
        decision: grant.decision.clone(),
        given_by: grant.given_by.as_ref().map(ToString::to_string),
    }
}

fn row(account: &Account) -> AccountRow {
    AccountRow {
        code: account.code.to_string(),
        name: account.name.clone(),
        grants: account.grants.iter().map(grant).collect(),
    }
}

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    method: "GET",
    path: "/api/v1/people",
    need: May(Act::Administer, Subject::Somewhere),
    id: "listPeople",
    about: "The accounts that the caller may change, and his own, by name.",
    query: &[PAGE],
    takes: Takes::Nothing,
    gives: &[gives(|g| g.subschema_for::<List<AccountRow>>())],
    refuses: &[],
    run: |call| Box::pin(list(call)),
}];

async fn list(call: Call) -> Result<Response, Problem> {
    let accounts = call.app.people.list(&call.caller, &call.city.directory).await?;
    call.page(accounts.iter().map(|account| (account.code.to_string(), row(account))))
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        Self::internal(&error)
    }
}

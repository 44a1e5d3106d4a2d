//! Accounts, for whoever gives them: what the console's pages of people show and their forms do.

use super::account::Given;
use super::call::{Call, List, json, unknown};
use super::session::once;
use super::table::{DONE, Operation, PAGE, Takes, gives, gives_once};
use crate::directory::DaySpan;
use crate::directory::table::SourceFile;
use crate::people::{Account, AccountCode, Act, Denied, EVERYWHERE, Grant, NotIn, PeopleError, Refused, Role};
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use http::StatusCode;
use lichphat_playlists::time::LocalDay;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use warp::Reply as _;

/// An account.
#[derive(Debug, Serialize, JsonSchema)]
struct AccountRow {
    /// Its name, under which somebody signs in.
    code: String,
    /// Whose it is.
    name: String,
    /// Has its owner come in?
    ready: bool,
    /// When it was ended, RFC 3339; null: it goes on.
    ended: Option<String>,
    /// What it may, whatever the days.
    grants: Vec<GrantRow>,
}

/// A role over a unit, for some days.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GrantRow {
    /// Its number, by which it is taken back and passed on.
    grant: u32,
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

/// A role that is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewGrant {
    /// `viewer`, `operator`, `approver`, `unit-head`, `city-editor`, `auditor` or `administrator`.
    role: String,
    /// Code or name of a unit; `*`: everywhere.
    unit: String,
    /// First day.
    from: Option<String>,
    /// Last day, included.
    to: Option<String>,
    /// Number of the decision behind it.
    #[serde(default)]
    decision: String,
}

/// A new account with its first role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// Its name for life: `a-z 0-9 . _ -`.
    account: String,
    /// Whose it is.
    name: String,
    /// What it may first.
    grant: NewGrant,
}

/// A new account, or one whose owner has lost password or telephone.
#[derive(Debug, Serialize, JsonSchema)]
struct Invited {
    /// Its name.
    account: String,
    /// With which its owner comes in, shown once.
    one_time_code: String,
}

/// What a file of accounts changed.
#[derive(Debug, Serialize, JsonSchema)]
struct Imported {
    /// Accounts that it made, each with its code.
    new: Vec<Invited>,
    /// Roles that it gave to accounts that were there.
    granted: u32,
    /// Rows that said what was there already.
    unchanged: u32,
}

/// Who takes over.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Heir {
    /// The account that looks after what this one has brought and nobody has decided on.
    heir: Option<String>,
}

/// A grant as the API shows it.
pub(super) fn grant(grant: &Grant) -> GrantRow {
    GrantRow {
        grant: grant.id,
        role: grant.role.to_string(),
        unit: grant.unit.as_ref().map(ToString::to_string),
        from: grant.days.from.map(|day| day.to_string()),
        to: grant.days.to.map(|day| day.to_string()),
        decision: grant.decision.clone(),
        given_by: grant.given_by.as_ref().map(ToString::to_string),
    }
}

fn row(account: &Account, call: &Call) -> AccountRow {
    AccountRow {
        code: account.code.to_string(),
        name: account.name.clone(),
        ready: account.ready,
        ended: account.ended.map(|at| at.rfc3339(call.app.utc_offset)),
        grants: account.grants.iter().map(grant).collect(),
    }
}

const LIST: Operation = Operation {
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
};
const ONE: Operation = Operation {
    path: "/api/v1/people/{account}",
    id: "getPerson",
    about: "One of those accounts.",
    query: &[],
    gives: &[gives(|g| g.subschema_for::<AccountRow>())],
    run: |call| Box::pin(one(call)),
    ..LIST
};

pub(super) const OPERATIONS: &[Operation] = &[
    LIST,
    Operation {
        method: "POST",
        id: "addPerson",
        about: "Makes an account with its first role; its one-time code is shown once.",
        query: &[],
        takes: Takes::Json(|g| g.subschema_for::<NewAccount>()),
        gives: &[gives_once(|g| g.subschema_for::<Invited>())],
        run: |call| Box::pin(add(call)),
        ..LIST
    },
    Operation {
        method: "POST",
        path: "/api/v1/imports/people",
        id: "importPeople",
        about: "Takes in a list of accounts and roles, whole or not at all; one-time codes are shown once.",
        query: &[],
        takes: Takes::Bytes(&["text/csv", "application/toml"], super::imports::MOST_BYTES),
        gives: &[gives_once(|g| g.subschema_for::<Imported>())],
        run: |call| Box::pin(import(call)),
        ..LIST
    },
    ONE,
    Operation {
        method: "POST",
        path: "/api/v1/people/{account}/grants",
        id: "grantRole",
        about: "Gives a role.",
        takes: Takes::Json(|g| g.subschema_for::<NewGrant>()),
        gives: &[gives(|g| g.subschema_for::<Given>())],
        run: |call| Box::pin(give(call)),
        ..ONE
    },
    Operation {
        method: "DELETE",
        path: "/api/v1/people/{account}/grants/{grant}",
        id: "revokeRole",
        about: "Takes a role back, with what was passed on of it.",
        gives: &[DONE],
        run: |call| Box::pin(revoke(call)),
        ..ONE
    },
    Operation {
        method: "POST",
        path: "/api/v1/people/{account}/code",
        id: "renewCode",
        about: "A new one-time code, shown once, for who has lost password or telephone.",
        gives: &[gives_once(|g| g.subschema_for::<Invited>())],
        run: |call| Box::pin(code(call)),
        ..ONE
    },
    Operation {
        method: "POST",
        path: "/api/v1/people/{account}/deactivation",
        id: "deactivatePerson",
        about: "Ends an account with its roles, sessions, tokens and codes.",
        takes: Takes::Json(|g| g.subschema_for::<Heir>()),
        gives: &[DONE],
        run: |call| Box::pin(deactivate(call)),
        ..ONE
    },
];

/// A number of the path; none when it is none.
pub(super) fn number(call: &Call, place: &str) -> Option<u32> {
    call.place(place).parse().ok()
}

/// From a day to a day, both included.
pub(super) fn days(from: Option<&str>, to: Option<&str>) -> Result<DaySpan, Problem> {
    let day = |field, text: Option<&str>| {
        let bad = |_| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-day").of(field, text.unwrap_or(""));
        text.map(|text| text.parse::<LocalDay>().map_err(bad)).transpose()
    };
    Ok(DaySpan::new(day("from", from)?, day("to", to)?))
}

impl NewGrant {
    fn read(&self, call: &Call) -> Result<Grant, Problem> {
        let bad = |field, value: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-body").of(field, value);
        let role: Role = self.role.parse().map_err(|_| bad("role", &self.role))?;
        let unit = match self.unit.trim() {
            EVERYWHERE => None,
            text => {
                let unit = call.city.directory.find_unit(text, call.today());
                Some(unit.map_err(|error| bad("unit", text).saying(error.say()))?.code.clone())
            }
        };
        let (days, decision) = (days(self.from.as_deref(), self.to.as_deref())?, self.decision.trim().to_owned());
        Ok(Grant { id: 0, role, unit, days, decision, given_by: None })
    }
}

/// The account of the path, when the caller may change it or it is his own.
pub(super) async fn found(call: &Call) -> Result<Account, Problem> {
    let text = call.place("account");
    let gone = || unknown("unknown-account", "account", text);
    let code = AccountCode::new(text).map_err(|_| gone())?;
    call.app.people.one(&call.caller, &code, &call.city.directory).await?.ok_or_else(gone)
}

async fn list(call: Call) -> Result<Response, Problem> {
    let accounts = call.app.people.list(&call.caller, &call.city.directory).await?;
    call.page(accounts.iter().map(|account| (account.code.to_string(), row(account, &call))))
}

async fn one(call: Call) -> Result<Response, Problem> {
    Ok(json(&row(&found(&call).await?, &call)))
}

async fn add(call: Call) -> Result<Response, Problem> {
    let NewAccount { account, name, grant } = call.json_body()?;
    let (people, grant) = (&call.app.people, grant.read(&call)?);
    let one_time_code = people.add(&call.caller, (&account, &name), grant, &call.city.directory).await?;
    Ok(once(json(&Invited { account: account.trim().to_ascii_lowercase(), one_time_code })))
}

async fn import(call: Call) -> Result<Response, Problem> {
    let file = SourceFile { name: "people", bytes: &call.body };
    let taken = call.app.people.import(&call.caller, file, &call.city.directory).await?;
    let taken = taken.map_err(|problems| super::imports::mistakes(&problems))?;
    let new = taken.new.into_iter().map(|i| Invited { account: i.account.into(), one_time_code: i.one_time_code });
    Ok(once(json(&Imported { new: new.collect(), granted: taken.granted, unchanged: taken.unchanged })))
}

async fn give(call: Call) -> Result<Response, Problem> {
    let (account, new) = (found(&call).await?, call.json_body::<NewGrant>()?.read(&call)?);
    let grant = call.app.people.grant(&call.caller, &account.code, new, &call.city.directory).await?;
    Ok(json(&Given { grant }))
}

async fn revoke(call: Call) -> Result<Response, Problem> {
    let account = found(&call).await?;
    let grant = number(&call, "grant").ok_or(PeopleError::from(Refused::Gone))?;
    call.app.people.revoke(&call.caller, &account.code, grant, &call.city.directory).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn code(call: Call) -> Result<Response, Problem> {
    let account = found(&call).await?.code;
    let one_time_code = call.app.people.reset(&call.caller, &account, &call.city.directory).await?;
    Ok(once(json(&Invited { account: account.into(), one_time_code })))
}

async fn deactivate(call: Call) -> Result<Response, Problem> {
    let (account, Heir { heir }) = (found(&call).await?.code, call.json_body()?);
    let bad = |heir: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-account").of("heir", heir);
    let heir = heir.map(|heir| AccountCode::new(&heir).map_err(|_| bad(&heir))).transpose()?;
    call.app.people.deactivate(&call.caller, &account, heir.as_ref(), &call.city.directory).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        use StatusCode as S;
        let wait = |seconds: u64| {
            Self::new(S::TOO_MANY_REQUESTS, "too-many-requests").after_s(seconds.try_into().unwrap_or(u32::MAX))
        };
        match error {
            PeopleError::NotIn(NotIn::Wait(seconds)) => wait(seconds),
            PeopleError::NotIn(why) => Self::new(S::UNAUTHORIZED, "not-let-in").saying(why.say()),
            PeopleError::Refused(refused) => Self::new(S::UNPROCESSABLE_ENTITY, "refused").saying(refused.say()),
            PeopleError::Said(said) => Self::new(S::UNPROCESSABLE_ENTITY, "refused").saying(said),
            PeopleError::Denied(Denied::Unseen) => Self::not_found(),
            PeopleError::Denied(Denied::Role) => Self::new(S::FORBIDDEN, "forbidden"),
            PeopleError::Denied(Denied::Weak) => Self::new(S::FORBIDDEN, "second-factor"),
            PeopleError::Busy => wait(2),
            PeopleError::Store(error) => error.into(),
            PeopleError::Internal(reason) => Self::internal(&reason),
        }
    }
}

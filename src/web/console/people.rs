//! Accounts, for who may give them: `/people` lists them and makes new ones, `/people/{account}` gives and takes. And what anybody may do
//! with a role of his own: pass it on.

use super::data::{City, Console};
use super::page::{self, Page, Pages, pages, shown};
use super::sign::{form, grant_text, problem, see};
use super::{Asked, ConsoleError};
use crate::directory::{DaySpan, plain_key};
use crate::lang::Lang;
use crate::people::{Account, AccountCode, Caller, Denied, EVERYWHERE, Grant, PeopleError, Refused, Role};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::time::LocalDay;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    page: Page,
    problem: String,
    /// A new account with its one-time code.
    made: Option<Code>,
    search: String,
    rows: Vec<AccountRow>,
    pages: Option<Pages>,
    roles: Vec<(&'static str, String)>,
}

/// A one-time code, shown once.
struct Code {
    whose: String,
    code: String,
}

struct AccountRow {
    code: String,
    name: String,
    state: String,
    grants: Vec<String>,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    page: Page,
    problem: String,
    done: bool,
    made: Option<Code>,
    code: String,
    state: String,
    ended: bool,
    /// Numbers and texts of what it holds.
    grants: Vec<(u32, String)>,
    roles: Vec<(&'static str, String)>,
}

/// A role that is given; with a new account, whose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleForm {
    #[serde(default)]
    account: String,
    #[serde(default)]
    name: String,
    role: Role,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    decision: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeForm {
    grant: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeactivateForm {
    #[serde(default)]
    heir: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DelegateForm {
    grant: u32,
    account: String,
    from: String,
    to: String,
    #[serde(default)]
    decision: String,
}

/// What a form did.
enum Done {
    /// It is seen on the page.
    Yes,
    /// A one-time code.
    Code(String),
}

/// `/people…`.
pub(super) async fn answer(
    console: &Console,
    asked: &Asked,
    reads: bool,
    segments: &[&str],
    body: &[u8],
) -> Result<Response, ConsoleError> {
    let city = console.city().await?;
    match (reads, segments) {
        (true, ["people"]) => list(console, asked, &city, (StatusCode::OK, String::new()), None).await,
        (false, ["people"]) => {
            let new: RoleForm = form(body)?;
            match add(console, asked, &city, &new).await {
                Ok(code) => {
                    let made = Code { whose: format!("{} ({})", shown(&new.name), new.account), code };
                    list(console, asked, &city, (StatusCode::OK, String::new()), Some(made)).await
                }
                Err(error) => list(console, asked, &city, problem(asked.lang, &error)?, None).await,
            }
        }
        (true, ["people", code]) => person(console, asked, &city, code, None).await,
        (false, ["people", code, what]) => {
            let account = account_of(code)?;
            let done = change(console, asked, &city, &account, what, body).await?;
            person(console, asked, &city, code, Some(done)).await
        }
        _ => Err(ConsoleError::NotFound),
    }
}

fn account_of(code: &str) -> Result<AccountCode, ConsoleError> {
    AccountCode::new(code).map_err(|_| ConsoleError::Unknown { kind: "account", code: code.to_owned() })
}

impl RoleForm {
    /// What is given; `*` is everywhere, as in a file: nobody gives the whole city by leaving a field empty.
    fn grant(&self, city: &City, today: LocalDay) -> Result<Grant, PeopleError> {
        let unit = match self.unit.trim() {
            EVERYWHERE => None,
            text => {
                let unit = city.directory.find_unit(text, today);
                Some(unit.map_err(|error| PeopleError::Said(error.say()))?.code.clone())
            }
        };
        let days = DaySpan::new(day(&self.from)?, day(&self.to)?);
        let decision = self.decision.trim().to_owned();
        Ok(Grant { id: 0, role: self.role, unit, days, decision, given_by: None })
    }
}

fn day(text: &str) -> Result<Option<LocalDay>, PeopleError> {
    use crate::directory::table::Field as _;
    let text = Some(text.trim()).filter(|text| !text.is_empty());
    text.map(|text| LocalDay::read(text).map_err(PeopleError::Said)).transpose()
}

async fn add(console: &Console, asked: &Asked, city: &City, new: &RoleForm) -> Result<String, PeopleError> {
    let caller = asked.caller.as_ref().ok_or(Denied::Role)?;
    let grant = new.grant(city, console.today().1)?;
    console.people.add(caller, (&new.account, &new.name), grant, &city.directory).await
}

async fn change(
    console: &Console,
    asked: &Asked,
    city: &City,
    account: &AccountCode,
    what: &str,
    body: &[u8],
) -> Result<Result<Done, PeopleError>, ConsoleError> {
    let (people, who, directory) = (&console.people, asked.caller()?, &city.directory);
    Ok(match what {
        "grant" => match form::<RoleForm>(body)?.grant(city, console.today().1) {
            Ok(grant) => people.grant(who, account, grant, directory).await.map(|_| Done::Yes),
            Err(error) => Err(error),
        },
        "revoke" => {
            let RevokeForm { grant } = form(body)?;
            people.revoke(who, account, grant, directory).await.map(|()| Done::Yes)
        }
        "code" => people.reset(who, account, directory).await.map(Done::Code),
        "deactivate" => {
            let DeactivateForm { heir } = form(body)?;
            let heir = if heir.trim().is_empty() { None } else { Some(account_of(&heir)?) };
            people.deactivate(who, account, heir.as_ref(), directory).await.map(|()| Done::Yes)
        }
        _ => return Err(ConsoleError::NotFound),
    })
}

/// Roles to choose from.
fn roles(lang: Lang) -> Vec<(&'static str, String)> {
    Role::ALL.iter().map(|role| (role.as_str(), lang.term("role", role.as_str()))).collect()
}

/// What a role is over, as people call it.
fn over(lang: Lang, city: &City, unit: Option<&UnitCode>) -> String {
    let named = |code: &UnitCode| city.directory.unit(code).map_or_else(|| code.to_string(), |unit| shown(&unit.name));
    unit.map_or_else(|| lang.text("whole-city"), named)
}

pub(super) fn grants(lang: Lang, city: &City, grants: &[Grant]) -> Vec<(u32, String)> {
    grants.iter().map(|g| (g.id, grant_text(lang, g, &over(lang, city, g.unit.as_ref())))).collect()
}

fn state(lang: Lang, account: &Account) -> String {
    lang.text(match (account.ended, account.ready) {
        (Some(_), _) => "person-ended",
        (None, false) => "person-waits",
        (None, true) => "person-active",
    })
}

async fn list(
    console: &Console,
    asked: &Asked,
    city: &City,
    (status, problem): (StatusCode, String),
    made: Option<Code>,
) -> Result<Response, ConsoleError> {
    let lang = asked.lang;
    let mut accounts = console.people.list(asked.caller()?, &city.directory).await?;
    let search = asked.value("q").unwrap_or_default().to_owned();
    let wanted = plain_key(&search);
    accounts.retain(|a| plain_key(&a.name).contains(&wanted) || a.code.as_str().contains(&search.to_lowercase()));
    let (range, pages) = pages(asked, accounts.len());
    let row = |account: &Account| AccountRow {
        code: account.code.to_string(),
        name: shown(&account.name),
        state: state(lang, account),
        grants: grants(lang, city, &account.grants).into_iter().map(|(_, text)| text).collect(),
    };
    let rows = accounts[range].iter().map(row).collect();
    let page = Page::new(console, asked, lang.text("people-title"));
    let view = PeoplePage { page, problem, made, search, rows, pages, roles: roles(lang) };
    Ok(page::html(status, view.render()?))
}

async fn person(
    console: &Console,
    asked: &Asked,
    city: &City,
    code: &str,
    done: Option<Result<Done, PeopleError>>,
) -> Result<Response, ConsoleError> {
    let (lang, unknown) = (asked.lang, || ConsoleError::Unknown { kind: "account", code: code.to_owned() });
    let account = match console.people.one(asked.caller()?, &account_of(code)?, &city.directory).await? {
        Some(account) => account,
        None if matches!(done, Some(Ok(_))) => return Ok(see("/people")), // with its last role here it has left his reach
        None => return Err(unknown()),
    };
    let mut said = (StatusCode::OK, String::new());
    let (mut made, mut yes) = (None, false);
    match done {
        Some(Ok(Done::Yes)) => yes = true,
        Some(Ok(Done::Code(code))) => {
            made = Some(Code { whose: format!("{} ({})", shown(&account.name), account.code), code });
        }
        Some(Err(error)) => said = problem(lang, &error)?,
        None => {}
    }
    let view = PersonPage {
        page: Page::new(console, asked, shown(&account.name)),
        problem: said.1,
        done: yes,
        made,
        code: account.code.to_string(),
        state: state(lang, &account),
        ended: account.ended.is_some(),
        grants: grants(lang, city, &account.grants),
        roles: roles(lang),
    };
    Ok(page::html(said.0, view.render()?))
}

/// `POST /account/delegate`: passes a role of his own on.
pub(super) async fn delegate(
    console: &Console,
    caller: &Caller,
    body: &[u8],
) -> Result<Result<u32, PeopleError>, ConsoleError> {
    let DelegateForm { grant, account, from, to, decision } = form(body)?;
    let passed = async {
        let days = DaySpan::new(day(&from)?, day(&to)?);
        let to = AccountCode::new(&account).map_err(|_| Refused::Account(account))?;
        let decision = decision.trim().to_owned();
        let grant = Grant { id: grant, role: Role::Viewer, unit: None, days, decision, given_by: None };
        console.people.delegate(caller, &caller.account, &to, grant).await
    };
    Ok(passed.await)
}

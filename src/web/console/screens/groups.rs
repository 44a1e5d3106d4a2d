//! Groups of screens under a name: kept from the list, shown as its tabs, renamed and removed. Who changes one says which state of it he
//! saw, so that of two people the later one is told.

use super::super::data::Console;
use super::super::page::{self, Page, shown};
use super::super::sign::see;
use super::super::{Asked, ConsoleError, href};
use super::draft::{Form, pairs, value};
use super::list::problem;
use crate::directory::problem::{Say, say};
use crate::lang::Values;
use crate::many::{Filter, FilterError, Group, Holds, Kept, MOST_GROUPS, NAME_LETTERS};
use crate::people::{Act, On};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::UnitCode;

#[derive(Template)]
#[template(path = "many_groups.html")]
struct GroupsPage {
    page: Page,
    problem: String,
    /// What was typed, when it was refused.
    name: String,
    rows: Vec<GroupView>,
}

struct GroupView {
    id: u32,
    revision: u32,
    name: String,
    /// As it is kept: for its field.
    plain: String,
    holds: String,
    whose: String,
    to: String,
    mine: bool,
}

/// The groups that the reader finds.
pub(super) async fn found(console: &Console, asked: &Asked) -> Result<Vec<Group>, ConsoleError> {
    let city = console.city().await?;
    let (sight, account) = (asked.sight(&city, console)?, &asked.caller()?.account);
    Ok(console.many.groups().await?.into_iter().filter(|group| group.is_found_by(account, &sight)).collect())
}

/// Where a group is looked at.
pub(super) fn address(group: &Group) -> String {
    href("/screens", [("group", group.id.to_string().as_str())])
}

/// `GET /many/groups`.
pub(in super::super) async fn show(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    render(console, asked, (StatusCode::OK, String::new()), String::new()).await
}

async fn render(
    console: &Console,
    asked: &Asked,
    (status, problem): (StatusCode, String),
    name: String,
) -> Result<Response, ConsoleError> {
    let (lang, (city, today)) = (asked.lang, console.directory_today().await?);
    let row = |group: &Group| GroupView {
        id: group.id,
        revision: group.revision,
        name: shown(&group.name),
        plain: group.name.clone(),
        holds: match &group.holds {
            Holds::Filter(_) => lang.text("groups-filter"),
            Holds::Screens(all) => lang.say("n-screens", &Values::new().count(lang, "n", all.len() as u64)),
        },
        whose: match group.unit.as_ref().and_then(|unit| city.directory.unit(unit)) {
            Some(unit) => shown(&unit.name),
            None => lang.text("groups-own"),
        },
        to: address(group),
        mine: asked.caller().is_ok_and(|caller| group.may_change(caller, &city.directory, today)),
    };
    let rows = found(console, asked).await?.iter().map(row).collect();
    let page = Page::new(console, asked, lang.text("groups-title"));
    Ok(page::html(status, GroupsPage { page, problem, name, rows }.render()?))
}

/// `POST /many/groups`: keeps the filter that the form carries.
pub(in super::super) async fn post(console: &Console, asked: &Asked, body: &[u8]) -> Result<Response, ConsoleError> {
    let form: Form = pairs(body)?.into_iter().collect();
    let city = console.city().await?;
    let sight = asked.sight(&city, console)?;
    match Filter::read(|name| value(&form, name), &city.directory, console.today().1, |unit| sight.unit(unit)) {
        Ok(filter) => {
            let words = filter.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            keep(console, asked, &form, Holds::Filter(words)).await
        }
        Err(error) => refused(console, asked, &form, &error).await,
    }
}

async fn refused(console: &Console, asked: &Asked, form: &Form, error: &FilterError) -> Result<Response, ConsoleError> {
    let said = (StatusCode::UNPROCESSABLE_ENTITY, problem(asked.lang, error));
    render(console, asked, said, value(form, "name").unwrap_or_default().to_owned()).await
}

fn name_of(form: &Form) -> Result<String, FilterError> {
    let name = value(form, "name").unwrap_or_default();
    let wrong = |mend: Say| FilterError { field: "name", value: name.to_owned(), mend };
    if name.is_empty() {
        return Err(wrong(say("không được để trống", "must not be empty")));
    }
    if name.chars().count() > NAME_LETTERS || name.chars().any(char::is_control) {
        return Err(wrong(say("viết tối đa 80 chữ, trên một dòng", "write at most 80 letters, on one line")));
    }
    Ok(name.to_owned())
}

/// Keeps a new group under the name of the form; `share`: the unit whose people find it, too.
pub(super) async fn keep(
    console: &Console,
    asked: &Asked,
    form: &Form,
    holds: Holds,
) -> Result<Response, ConsoleError> {
    let (city, today) = console.directory_today().await?;
    let (caller, sight) = (asked.caller()?, asked.sight(&city, console)?);
    let unit = match value(form, "share") {
        None => Ok(None),
        Some(text) => {
            let wrong = |mend: Say| FilterError { field: "share", value: text.to_owned(), mend };
            match city.directory.find_unit_among(text, today, |unit| sight.unit(unit)) {
                Ok(unit) if caller.may(Act::Operate, On::Unit(&unit.code), &city.directory, today).is_ok() => {
                    Ok(Some(unit.code.clone()))
                }
                Ok(_) => Err(wrong(say(
                    "chỉ chia sẻ được cho đơn vị mà bạn vận hành màn hình",
                    "share with a unit whose screens you operate",
                ))),
                Err(error) => Err(wrong(error.say())),
            }
        }
    };
    let both: Result<(String, Option<UnitCode>), FilterError> = name_of(form).and_then(|name| Ok((name, unit?)));
    let (name, unit) = match both {
        Ok(both) => both,
        Err(error) => return refused(console, asked, form, &error).await,
    };
    let group = Group { id: 0, revision: 0, name, owner: caller.account.clone(), unit, holds };
    let deed = group.deed("group-keep", &caller.account, console.today().0);
    match console.many.keep_group(group, deed).await? {
        Kept::Yes(id) => Ok(see(&href("/screens", [("group", id.to_string().as_str())]))),
        _ => {
            let values = Values::new().count(asked.lang, "n", MOST_GROUPS as u64);
            let said = (StatusCode::CONFLICT, asked.lang.say("groups-full", &values));
            render(console, asked, said, String::new()).await
        }
    }
}

/// `POST /many/groups/{group}` renames it, `…/remove` removes it: as it was when the page was made, or not at all.
pub(in super::super) async fn change(
    console: &Console,
    asked: &Asked,
    (id, remove): (&str, bool),
    body: &[u8],
) -> Result<Response, ConsoleError> {
    let form: Form = pairs(body)?.into_iter().collect();
    let (city, today) = console.directory_today().await?;
    let caller = asked.caller()?;
    let id: u32 = id.parse().map_err(|_| ConsoleError::NotFound)?;
    let group = found(console, asked).await?.into_iter().find(|group| group.id == id);
    let Some(group) = group else {
        let said = (StatusCode::CONFLICT, asked.lang.text("groups-changed"));
        return render(console, asked, said, value(&form, "name").unwrap_or_default().to_owned()).await;
    };
    if !group.may_change(caller, &city.directory, today) {
        return Err(ConsoleError::Denied(crate::people::Denied::Role));
    }
    let revision: u32 = value(&form, "revision").and_then(|n| n.parse().ok()).unwrap_or(0);
    let now = console.today().0;
    let kept = if remove {
        let deed = group.deed("group-remove", &caller.account, now);
        console.many.remove_group(id, revision, deed).await?
    } else {
        let name = match name_of(&form) {
            Ok(name) => name,
            Err(error) => return refused(console, asked, &form, &error).await,
        };
        let group = Group { name, revision, ..group };
        let deed = group.deed("group-keep", &caller.account, now);
        console.many.keep_group(group, deed).await?
    };
    match kept {
        Kept::Yes(_) => Ok(see("/many/groups")),
        _ => {
            let said = (StatusCode::CONFLICT, asked.lang.text("groups-changed"));
            render(console, asked, said, value(&form, "name").unwrap_or_default().to_owned()).await
        }
    }
}

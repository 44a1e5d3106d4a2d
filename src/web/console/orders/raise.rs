//! `/orders/{order}/raise`: the head of a unit decides that an order is played more often on its screens; what that does is shown before.

use super::super::data::Console;
use super::super::overview::{order_title, rule_text};
use super::super::page::{self, Page, shown};
use super::super::sign::{form, see};
use super::super::{Asked, ConsoleError};
use super::drafts::{told, trouble};
use super::order;
use crate::campaigns::Directive;
use crate::directory::Link;
use crate::lang::{Lang, Values};
use crate::orders::{OrderError, Raise, Raised, Wrong};
use crate::people::{Act, Denied, On};
use crate::planning::preflight::Outcome;
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::time::LocalDay;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "order_raise.html")]
struct RaisePage {
    page: Page,
    code: String,
    title: String,
    rule: String,
    problem: String,
    /// Code, name, chosen.
    units: Vec<(String, String, bool)>,
    typed: Typed,
    wrong: Vec<(&'static str, String)>,
    /// What it would do.
    effect: Vec<String>,
}

impl RaisePage {
    /// What is wrong in a field; empty when nothing is.
    fn wrong_in(&self, field: &str) -> String {
        self.wrong.iter().filter(|(of, _)| *of == field).map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// The form as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    unit: String,
    #[serde(default)]
    plays: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    number: String,
    #[serde(default, rename = "do")]
    what: String,
}

const FIELDS: [&str; 5] = ["unit", "plays", "from", "to", "number"];

impl Typed {
    fn read(&self) -> Result<Raise, Vec<Wrong>> {
        let mut wrong = Vec::new();
        fn field<T: crate::directory::table::Field>(name: &str, text: &str, wrong: &mut Vec<Wrong>) -> Option<T> {
            let tell = |mend| Wrong { field: name.to_owned(), value: text.to_owned(), mend };
            T::read(text.trim()).map_err(|mend| wrong.push(tell(mend))).ok()
        }
        let unit = field::<UnitCode>("unit", &self.unit, &mut wrong);
        let plays = field::<u32>("plays", &self.plays, &mut wrong);
        let from = field::<LocalDay>("from", &self.from, &mut wrong);
        let open = self.to.trim().is_empty();
        let to = if open { None } else { field::<LocalDay>("to", &self.to, &mut wrong) };
        match (unit, plays, from) {
            (Some(unit), Some(plays), Some(from)) if wrong.is_empty() => {
                Ok(Raise { unit, plays, from, to, number: self.number.clone() })
            }
            _ => Err(wrong),
        }
    }
}

/// `GET /orders/{order}/raise`.
pub(super) async fn show(console: &Console, asked: &Asked, code: &str) -> Result<Response, ConsoleError> {
    let from = console.today().1.next().to_string();
    let typed = Typed { from, ..Typed::default() };
    answer(console, asked, (StatusCode::OK, code), (typed, Vec::new(), String::new(), Vec::new())).await
}

/// `POST /orders/{order}/raise`: looks at what was typed, or decides it.
pub(super) async fn post(console: &Console, asked: &Asked, code: &str, body: &[u8]) -> Result<Response, ConsoleError> {
    let typed: Typed = form(body)?;
    let (city, caller, lang) = (console.city().await?, asked.caller()?, asked.lang);
    let directive = order(&city, code)?;
    let raise = match typed.read() {
        Ok(raise) => raise,
        Err(wrong) => {
            let rest = (typed, wrong, String::new(), Vec::new());
            return answer(console, asked, (StatusCode::UNPROCESSABLE_ENTITY, code), rest).await;
        }
    };
    let (orders, of) = (&console.orders, (&directive.code, &raise));
    let done = match typed.what.as_str() {
        "save" => orders.raise(caller, &city.directory, of).await,
        "look" | "" => orders.look_at_raise(caller, &city.directory, of).await,
        other => return Err(ConsoleError::Bad { kind: "command", value: other.to_owned() }),
    };
    match done {
        Ok(_) if typed.what == "save" => Ok(see(&format!("/orders/{}#changes", directive.code))),
        Ok(raised) => {
            let effect = effect(console, lang, (&city, directive), (&raise, &raised)).await?;
            answer(console, asked, (StatusCode::OK, code), (typed, Vec::new(), String::new(), effect)).await
        }
        Err(OrderError::Wrong(wrong)) => {
            let rest = (typed, wrong, String::new(), Vec::new());
            answer(console, asked, (StatusCode::UNPROCESSABLE_ENTITY, code), rest).await
        }
        Err(error) if told(&error) => {
            let problem = error.words(lang);
            answer(console, asked, (StatusCode::UNPROCESSABLE_ENTITY, code), (typed, Vec::new(), problem, Vec::new()))
                .await
        }
        Err(error) => Err(trouble(error)),
    }
}

async fn answer(
    console: &Console,
    asked: &Asked,
    (status, code): (StatusCode, &str),
    (typed, wrong, problem, effect): (Typed, Vec<Wrong>, String, Vec<String>),
) -> Result<Response, ConsoleError> {
    let (city, caller, lang, today) = (console.city().await?, asked.caller()?, asked.lang, console.today().1);
    let directive = order(&city, code)?;
    let his = |code: &UnitCode| {
        matches!(caller.may(Act::Raise, On::Unit(code), &city.directory, today), Ok(()) | Err(Denied::Weak))
    };
    let mut units: Vec<(String, String, bool)> = city
        .directory
        .units()
        .filter(|u| u.effective.contains(today) && his(&u.code))
        .map(|u| (u.code.to_string(), shown(&u.name), u.code.as_str() == typed.unit))
        .collect();
    units.sort_by(|a, b| a.1.cmp(&b.1));
    let known = |w: &Wrong| FIELDS.into_iter().find(|f| *f == w.field);
    let rest: Vec<String> = wrong.iter().filter(|w| known(w).is_none()).map(|w| w.mend.pick(lang).to_owned()).collect();
    let view = RaisePage {
        page: Page::new(console, asked, lang.text("orders-raise-title")),
        code: directive.code.to_string(),
        title: order_title(lang, directive),
        rule: directive.quota.as_ref().map(|q| rule_text(lang, q)).unwrap_or_default(),
        problem: [problem].into_iter().chain(rest).filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n"),
        units,
        typed,
        wrong: wrong.iter().filter_map(|w| Some((known(w)?, w.mend.pick(lang).to_owned()))).collect(),
        effect,
    };
    Ok(page::html(status, view.render()?))
}

/// What it would do, in words: how many of the unit's screens owe more, and whether they can carry it.
async fn effect(
    console: &Console,
    lang: Lang,
    (city, before): (&Arc<super::super::data::City>, &Directive),
    (raise, raised): (&Raise, &Raised),
) -> Result<Vec<String>, ConsoleError> {
    let plays = before.quota.map_or(0, |q| q.plays);
    let values = Values::new()
        .count(lang, "n", raised.more.into())
        .count(lang, "all", raised.screens.into())
        .count(lang, "before", plays.into())
        .count(lang, "after", raise.plays.into());
    let mut lines = vec![lang.say("orders-raise-effect", &values)];
    let Some(preview) = console.preview_of(city, &raised.order).await? else {
        lines.push(lang.text("orders-raise-working"));
        return Ok(lines);
    };
    let mine: std::collections::BTreeSet<_> =
        city.directory.screens_in(&raise.unit, Some(Link::Owner), raise.from).into_iter().map(|s| &s.code).collect();
    let (mut can, mut lacks, mut seconds) = (0_u64, 0_u64, 0_u64);
    for answer in preview.answer.screens.iter().filter(|a| mine.contains(&a.screen)) {
        can += u64::from(answer.outcome == Outcome::Can);
        lacks += u64::from(answer.outcome == Outcome::Cannot);
        seconds += u64::from(answer.lacks_s);
    }
    let values = Values::new().count(lang, "can", can).count(lang, "lacks", lacks).count(lang, "seconds", seconds);
    lines.push(lang.say(if lacks == 0 { "orders-raise-fits" } else { "orders-raise-lacks" }, &values));
    Ok(lines)
}

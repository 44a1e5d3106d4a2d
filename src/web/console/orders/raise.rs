//! `/orders/{order}/raise`: the head of a unit decides that an order is played more often on its screens, having looked at what that does;
//! and brings the end of such a raise forward.

use super::super::data::{City, Console};
use super::super::overview::{order_title, rule_text};
use super::super::page::{self, Page, shown};
use super::super::sign::{form, see};
use super::super::{Asked, ConsoleError};
use super::drafts::{told, trouble};
use super::one::raised;
use super::order;
use crate::campaigns::{Directive, Override};
use crate::directory::table::Field as _;
use crate::lang::{Lang, Values};
use crate::orders::{Effect, OrderError, Raise, RaiseEnd, Wrong};
use crate::people::{Act, Denied, On};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::time::LocalDay;
use serde::Deserialize;

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
    /// The hash of the figures that are shown; empty: there is nothing yet that one could decide on.
    seen: String,
    /// Raises of his units whose end he may bring forward.
    ends: Vec<EndForm>,
}

/// A raise whose end may come sooner.
struct EndForm {
    /// Which of the order's, from 0.
    raise: usize,
    text: String,
    to: String,
    number: String,
    /// What is wrong with what he wrote; he is asked with the form open.
    wrong: String,
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
    /// The figures that he was shown, by their hash.
    #[serde(default)]
    seen: String,
    /// The raise whose end he brings forward, from 0.
    #[serde(default)]
    raise: Option<usize>,
    #[serde(default, rename = "do")]
    what: String,
}

/// What is shown besides the form as it was typed.
#[derive(Default)]
struct Said {
    wrong: Vec<Wrong>,
    problem: String,
    effect: Vec<String>,
    seen: String,
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
    answer(console, asked, (StatusCode::OK, code), (typed, Said::default())).await
}

/// `POST /orders/{order}/raise`: looks at what was typed, decides on what was looked at, or brings the end of a raise forward.
pub(super) async fn post(console: &Console, asked: &Asked, code: &str, body: &[u8]) -> Result<Response, ConsoleError> {
    let typed: Typed = form(body)?;
    let (city, caller) = (console.city().await?, asked.caller()?);
    let directive = order(&city, code)?;
    let saves = match typed.what.as_str() {
        "end" => return end(console, asked, (&city, directive), typed).await,
        "save" => true,
        "look" | "" => false,
        other => return Err(ConsoleError::Bad { kind: "command", value: other.to_owned() }),
    };
    let raise = match typed.read() {
        Ok(raise) => raise,
        Err(wrong) => return refuse(console, asked, code, (typed, OrderError::Wrong(wrong))).await,
    };
    let of = (&directive.code, &raise);
    let raised = match console.orders.look_at_raise(caller, &city.directory, of).await {
        Ok(raised) => raised,
        Err(error) => return refuse(console, asked, code, (typed, error)).await,
    };
    let ahead = match console.preview_of(&city, (&raised.order, raise.from), &caller.account).await {
        Ok(Some(ahead)) => ahead,
        not_yet => {
            let key = match not_yet {
                Ok(_) => "orders-raise-working",
                busy => super::super::preflight::waits(busy.map(drop))?,
            };
            let said = Said { effect: vec![asked.lang.text(key)], ..Said::default() };
            return answer(console, asked, (StatusCode::OK, code), (typed, said)).await;
        }
    };
    let effect = Effect::of(&city.directory, (&raise, &raised), &ahead.answer);
    let mut said = Said {
        effect: effect_words(asked.lang, (&effect, ahead.days)),
        seen: effect.seen(&directive.code, &raise).hex(),
        ..Said::default()
    };
    if !saves {
        return answer(console, asked, (StatusCode::OK, code), (typed, said)).await;
    }
    let seen = typed.seen.parse().ok();
    match console.orders.raise(caller, &city.directory, of, (seen, city.campaigns.revision, &ahead.answer)).await {
        Ok(_) => Ok(see(&format!("/orders/{}#changes", directive.code))),
        Err(error @ OrderError::Unseen) => {
            said.problem = error.words(asked.lang);
            answer(console, asked, (StatusCode::CONFLICT, code), (typed, said)).await
        }
        Err(error) => refuse(console, asked, code, (typed, error)).await,
    }
}

/// Brings the end of a raise forward.
async fn end(
    console: &Console,
    asked: &Asked,
    (city, directive): (&City, &Directive),
    typed: Typed,
) -> Result<Response, ConsoleError> {
    let code = directive.code.as_str();
    let to = LocalDay::read(typed.to.trim());
    let of = match (typed.raise, to) {
        (None, _) => return Err(ConsoleError::NotFound),
        (Some(raise), Ok(to)) => RaiseEnd { raise, to, number: typed.number.clone() },
        (_, Err(mend)) => {
            let wrong = vec![Wrong { field: "to".to_owned(), value: typed.to.clone(), mend }];
            return refuse(console, asked, code, (typed, OrderError::Wrong(wrong))).await;
        }
    };
    match console.orders.end_raise(asked.caller()?, &city.directory, (&directive.code, &of)).await {
        Ok(_) => Ok(see(&format!("/orders/{}#changes", directive.code))),
        Err(error) => refuse(console, asked, code, (typed, error)).await,
    }
}

/// The form as it was typed, with what is wrong in it.
async fn refuse(
    console: &Console,
    asked: &Asked,
    code: &str,
    (typed, error): (Typed, OrderError),
) -> Result<Response, ConsoleError> {
    let said = match error {
        OrderError::Wrong(wrong) => Said { wrong, ..Said::default() },
        error if told(&error) => Said { problem: error.words(asked.lang), ..Said::default() },
        error => return Err(trouble(error)),
    };
    answer(console, asked, (StatusCode::UNPROCESSABLE_ENTITY, code), (typed, said)).await
}

async fn answer(
    console: &Console,
    asked: &Asked,
    (status, code): (StatusCode, &str),
    (typed, said): (Typed, Said),
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
    let Said { wrong, problem, effect, seen } = said;
    let text = |w: &Wrong| w.mend.pick(lang).to_owned();
    // what is wrong with an end is told at that end
    let ending = typed.raise.filter(|_| typed.what == "end");
    let wrong_end =
        || wrong.iter().map(&text).chain([problem.clone()]).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ");
    let end = |(i, o): (usize, &Override)| {
        let mine = ending == Some(i);
        EndForm {
            raise: i,
            text: raised(lang, &city, (directive, o)),
            to: if mine { typed.to.clone() } else { today.to_string() },
            number: if mine { typed.number.clone() } else { String::new() },
            wrong: if mine { wrong_end() } else { String::new() },
        }
    };
    let open = |(_, o): &(usize, &Override)| his(&o.unit) && o.last().is_none_or(|last| last > today);
    let ends: Vec<EndForm> = directive.overrides.iter().enumerate().filter(open).map(end).collect();
    let told_there = ends.iter().any(|e| !e.wrong.is_empty());
    let rest: Vec<String> = wrong.iter().filter(|w| known(w).is_none() || ending.is_some()).map(text).collect();
    let problem = [problem].into_iter().chain(rest).filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n");
    let wrong = wrong.iter().filter(|_| ending.is_none()).filter_map(|w| Some((known(w)?, text(w)))).collect();
    let blank = || Typed { from: today.next().to_string(), ..Typed::default() };
    let view = RaisePage {
        page: Page::new(console, asked, lang.text("orders-raise-title")),
        code: directive.code.to_string(),
        title: order_title(lang, directive),
        rule: directive.quota.as_ref().map(|q| rule_text(lang, q)).unwrap_or_default(),
        problem: if told_there { String::new() } else { problem },
        units,
        wrong,
        typed: if ending.is_some() { blank() } else { typed },
        effect,
        seen,
        ends,
    };
    Ok(page::html(status, view.render()?))
}

/// What it would do, in words: how many of the unit's screens owe more, and whether they can carry it.
fn effect_words(lang: Lang, (effect, (from, to)): (&Effect, (LocalDay, LocalDay))) -> Vec<String> {
    let Effect { screens, more, before, after, can, lacks, others, seconds } = *effect;
    let values = Values::new()
        .count(lang, "n", more.into())
        .count(lang, "all", screens.into())
        .count(lang, "before", before.into())
        .count(lang, "after", after.into());
    let room =
        Values::new().count(lang, "can", can.into()).count(lang, "lacks", lacks.into()).count(lang, "seconds", seconds);
    let fits = if lacks == 0 { "orders-raise-fits" } else { "orders-raise-lacks" };
    let others = (others > 0).then(|| lang.say("orders-raise-others", &Values::new().count(lang, "n", others.into())));
    let days = Values::new().word("from", lang.day(from)).word("to", lang.day(to));
    let looked = lang.say("orders-raise-days", &days);
    [lang.say("orders-raise-effect", &values), lang.say(fits, &room)]
        .into_iter()
        .chain(others)
        .chain([looked])
        .collect()
}

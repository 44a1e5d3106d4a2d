//! `/alerts`: the sites that are dark or offline, who has taken each, and what the reader wants to be told by which way.

use super::data::{City, Console};
use super::page::{self, Page, shown};
use super::sign::{form, see};
use super::{Asked, ConsoleError};
use crate::lang::{Lang, Values};
use crate::notify::{Case, Subscription};
use crate::people::{Deed, Sight};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::time::{clock_text, parse_clock};
use serde::Deserialize;

/// What is over stays on the page for a day, ms.
const SHOWN_MS: i64 = 24 * 3_600_000;
/// Cases that are listed.
const LISTED: usize = 100;
/// Longest address, characters.
const LONGEST: usize = 254;
/// When the digest goes out unless somebody says otherwise.
const MORNING: &str = "07:30";

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    page: Page,
    problem: String,
    done: String,
    /// Why nothing will be sent at all; empty: it will.
    unset: String,
    open: Vec<CaseView>,
    over: Vec<CaseView>,
    form: AlertForm,
    /// May programs be told?
    webhooks: bool,
}

/// A site that is not well, or was.
#[derive(Debug)]
pub(super) struct CaseView {
    id: u64,
    sentence: String,
    mend: String,
    /// Who has taken it and when, or when it was over.
    state: String,
    taken: bool,
    href: String,
}

/// What the reader wants, as he typed it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AlertForm {
    dark: String,
    digest: String,
    at: String,
    email: String,
    webhook: String,
}

impl AlertForm {
    fn of(subscription: Option<Subscription>) -> Self {
        let Some(s) = subscription else { return Self { at: MORNING.to_owned(), ..Self::default() } };
        let yes = |said: bool| if said { "yes".to_owned() } else { String::new() };
        Self {
            dark: yes(s.dark),
            digest: yes(s.digest_s.is_some()),
            at: s.digest_s.map_or_else(|| MORNING.to_owned(), |second| clock_text(second)[..5].to_owned()),
            email: s.email,
            webhook: s.webhook,
        }
    }
}

/// `GET /alerts`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    let held = console.alerts.subscription(&asked.caller()?.account).await?;
    view(console, asked, AlertForm::of(held), (StatusCode::OK, "")).await
}

/// `POST /alerts`: what the reader wants. What is wrong with it is told, and what he typed stays.
pub(super) async fn subscribe(console: &Console, asked: &Asked, body: &[u8]) -> Result<Response, ConsoleError> {
    let given: AlertForm = form(body)?;
    let told = match read(console, asked, &given) {
        Ok(subscription) => {
            console.alerts.subscribe(subscription).await?;
            (StatusCode::OK, "alerts-kept")
        }
        Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, problem),
    };
    view(console, asked, given, told).await
}

fn read(console: &Console, asked: &Asked, given: &AlertForm) -> Result<Subscription, &'static str> {
    let (email, webhook) = (given.email.trim(), given.webhook.trim());
    let one_line = |text: &str| text.chars().count() <= LONGEST && !text.chars().any(|c| c.is_control() || c == ' ');
    let halves = email.rsplit_once('@');
    let plain = |part: &str| !part.is_empty() && !part.contains(['<', '>', ',', ';', '"', '\\', '@']);
    let is_address = one_line(email) && halves.is_some_and(|(who, at)| plain(who) && plain(at));
    if !email.is_empty() && !is_address {
        return Err("alerts-bad-email");
    }
    let allowed = console.reach.webhooks.iter().any(|base| webhook.starts_with(base.as_str()));
    let is_allowed = one_line(webhook) && allowed && webhook.parse::<http::Uri>().is_ok();
    if !webhook.is_empty() && !is_allowed {
        return Err("alerts-bad-webhook");
    }
    let digest = !given.digest.is_empty();
    let at = if given.at.trim().is_empty() { MORNING } else { given.at.trim() };
    let second = parse_clock(at).ok().filter(|second| *second < 86_400).ok_or("alerts-bad-time")?;
    if (digest || !given.dark.is_empty()) && email.is_empty() && webhook.is_empty() {
        return Err("alerts-no-way");
    }
    let account = asked.caller().map_err(|_| "alerts-no-way")?.account.clone();
    Ok(Subscription {
        account,
        lang: asked.lang,
        email: email.to_owned(),
        webhook: webhook.to_owned(),
        digest_s: digest.then_some(second),
        dark: !given.dark.is_empty(),
        digested: None,
    })
}

/// `POST /alerts/{case}`: the reader takes it.
pub(super) async fn take(console: &Console, asked: &Asked, case: &str) -> Result<Response, ConsoleError> {
    let number: u64 = case.parse().map_err(|_| ConsoleError::NotFound)?;
    let (city, (now, _), caller) = (console.city().await?, console.today(), asked.caller()?);
    let sight = asked.sight(&city, console)?;
    let cases = console.alerts.cases(now).await?;
    let his = cases.iter().find(|c| c.id == number && sees(&city, &sight, c)).ok_or(ConsoleError::NotFound)?;
    let on = his.site.unit.as_ref().map_or_else(|| "city".to_owned(), |unit| format!("unit {unit}"));
    let detail = format!("{} {}, {} screens", his.state, his.cause, his.screens.len());
    let deed = Deed { at: now, by: caller.account.clone(), act: "take-alert", on, detail };
    match console.alerts.take(number, deed).await? {
        true => Ok(see("/alerts")),
        false => {
            let held = console.alerts.subscription(&caller.account).await?;
            view(console, asked, AlertForm::of(held), (StatusCode::CONFLICT, "alerts-taken-already")).await
        }
    }
}

fn sees(city: &City, sight: &Sight, case: &Case) -> bool {
    case.screens.iter().any(|code| city.directory.screen(code).is_some_and(|screen| sight.screen(screen)))
}

async fn view(
    console: &Console,
    asked: &Asked,
    form: AlertForm,
    (status, word): (StatusCode, &str),
) -> Result<Response, ConsoleError> {
    let (lang, city, (now, _)) = (asked.lang, console.city().await?, console.today());
    let sight = asked.sight(&city, console)?;
    let cases = console.alerts.cases(now.plus_ms(-SHOWN_MS)).await?;
    let his = cases.iter().filter(|case| sees(&city, &sight, case)).take(LISTED);
    let (open, over): (Vec<&Case>, Vec<&Case>) = his.partition(|case| case.closed.is_none());
    let views = |cases: Vec<&Case>| cases.into_iter().map(|c| case_view(console, lang, &city, &sight, c)).collect();
    let said = if word.is_empty() { String::new() } else { lang.text(word) };
    let (problem, done) = if status == StatusCode::OK { (String::new(), said) } else { (said, String::new()) };
    let nowhere = !console.reach.mail && console.reach.webhooks.is_empty();
    let view = AlertsPage {
        page: Page::new(console, asked, lang.text("alerts-title")),
        problem,
        done,
        unset: if nowhere { lang.text("alerts-unset") } else { String::new() },
        open: views(open),
        over: views(over),
        form,
        webhooks: !console.reach.webhooks.is_empty(),
    };
    Ok(page::html(status, view.render()?))
}

fn case_view(console: &Console, lang: Lang, city: &City, sight: &Sight, case: &Case) -> CaseView {
    let seen = case.screens.iter().filter(|code| city.directory.screen(code).is_some_and(|s| sight.screen(s)));
    let seen: Vec<_> = seen.collect();
    let unit = case.site.unit.as_ref().and_then(|code| city.directory.unit(code));
    let mut place = unit.map_or_else(|| lang.text("today-nobody"), |unit| shown(&unit.name));
    if !case.site.address.is_empty() {
        place = format!("{place}, {}", shown(&case.site.address));
    }
    let instant = |at| lang.instant(at, console.offset);
    let since = lang.say("today-since", &Values::new().word("at", instant(case.opened)));
    let values = Values::new().count(lang, "n", seen.len() as u64).word("place", place).word("since", since);
    let state = match (&case.closed, &case.taken) {
        (Some(at), _) => lang.say("alerts-over-at", &Values::new().word("at", instant(*at))),
        (None, Some((by, at))) => {
            lang.say("alerts-taken", &Values::new().word("by", by.to_string()).word("at", instant(*at)))
        }
        (None, None) => String::new(),
    };
    let href = match (&seen[..], &case.site.unit) {
        ([one], _) => format!("/screens/{one}"),
        (_, Some(unit)) if sight.unit(unit) => format!("/units/{unit}?state={}#screens", case.state),
        (many, _) => many.first().map_or_else(|| "/".to_owned(), |one| format!("/screens/{one}")),
    };
    CaseView {
        id: case.id,
        sentence: lang.say(&format!("today-thing-{}", case.cause), &values),
        mend: lang.text(&format!("today-mend-{}", case.cause)),
        state,
        taken: case.taken.is_some(),
        href,
    }
}

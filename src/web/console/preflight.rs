//! Before an order begins, or while it runs: which screens can carry it, which hours lack room, which contracts give
//! way, and the smallest relaxation that helps.

use super::data::{City, Console, Preview};
use super::names::tongue;
use super::overview::{Bar, order_title, rule_text};
use super::page::{Page, Pages, pages, shown};
use super::{Asked, ConsoleError};
use crate::approval::State;
use crate::campaigns::{Directive, DirectiveKind, Phase};
use crate::lang::{Lang, Values};
use crate::planning::preflight::{Displaced, Hours, Outcome, Preflight, ScreenAnswer, Summary};
use askama::Template;
use lichphat_playlists::ids::DirectiveCode;
use lichphat_playlists::time::{IntervalSet, LocalDay};

/// Hours and relaxations shown.
const MOST: usize = 5;

#[derive(Template)]
#[template(path = "preflight.html")]
struct PreflightPage {
    page: Page,
    title: String,
    sample: bool,
    rule: String,
    code: String,
    /// A sentence in place of the answer: there is none, or it is being worked out.
    instead: Option<String>,
    /// The page asks again by itself.
    waits: bool,
    /// That nobody has approved it yet; empty when somebody has.
    approval: String,
    answer: Option<View>,
}

struct View {
    days: String,
    only: String,
    verdict: String,
    tone: &'static str,
    bar: Option<Bar>,
    figures: Vec<(String, String)>,
    smallest: String,
    others: Vec<String>,
    hours: Vec<(String, String)>,
    contracts: Vec<Contract>,
    rows: Vec<Row>,
    pages: Option<Pages>,
    tabs: Vec<(String, String, bool)>,
}

struct Contract {
    title: String,
    code: String,
    plays: String,
    seconds: String,
    screens: String,
}

struct Row {
    name: String,
    code: String,
    result: String,
    tone: &'static str,
    placed: String,
    lacks: String,
    displaced: String,
    reason: String,
}

/// `GET /preflight/{directive}`.
pub(super) async fn show(console: &Console, asked: &Asked, code: &str) -> Result<String, ConsoleError> {
    let unknown = || ConsoleError::Unknown { kind: "order", code: code.to_owned() };
    let code = DirectiveCode::new(code).map_err(|_| unknown())?;
    let city = console.city().await?;
    let directive = city.campaigns.directive(&code).ok_or_else(unknown)?;
    let (_, today) = console.today();
    let lang = asked.lang;
    let title = order_title(lang, directive);
    let mut page = Page::new(console, asked, format!("{} – {title}", lang.text("preflight-title")));
    let (mut instead, mut waits, mut answer) = (nothing_to_ask(lang, directive, today), false, None);
    if instead.is_none() {
        match console.preview(&city, directive, &asked.caller()?.account).await {
            Ok(Some(preview)) => {
                page = page.of_figures(console, Some(preview.made), false);
                answer = Some(view(asked, &city, &preview));
            }
            not_yet => (instead, waits) = (Some(lang.text(self::waits(not_yet.map(drop))?)), true),
        }
    }
    let newest = console.approvals.permissions().await?.newest(&directive.campaign());
    let approval = newest.filter(|(_, state)| *state != State::Approved).map_or_else(String::new, |(number, state)| {
        let values = Values::new().word("number", number.to_string()).word("state", lang.term("state", state.word()));
        lang.say("preflight-not-approved", &values)
    });
    let rule = directive.quota.as_ref().map(|q| rule_text(lang, q)).unwrap_or_default();
    let (sample, code) = (directive.sample, code.to_string());
    Ok(PreflightPage { page, title, sample, rule, code, instead, waits, approval, answer }.render()?)
}

/// Why an answer is not there yet: it is being worked out, or it is not its turn.
pub(super) fn waits(not_yet: Result<(), ConsoleError>) -> Result<&'static str, ConsoleError> {
    match not_yet {
        Ok(()) => Ok("preflight-working"),
        Err(ConsoleError::Busy) => Ok("preflight-busy"),
        Err(ConsoleError::BusyOwn) => Ok("preflight-busy-own"),
        Err(error) => Err(error),
    }
}

/// Why there is nothing to be looked at, if so.
fn nothing_to_ask(lang: Lang, directive: &Directive, today: LocalDay) -> Option<String> {
    if directive.kind == DirectiveKind::Suspend || directive.quota.is_none() {
        return Some(lang.text("preflight-no-number"));
    }
    let last = directive.periods().last().map_or(directive.to, |p| p.1);
    let ended = directive.phase(today) == Phase::Ended;
    ended.then(|| lang.say("preflight-ended", &Values::new().word("day", lang.day(last))))
}

fn view(asked: &Asked, city: &City, preview: &Preview) -> View {
    let (lang, answer) = (asked.lang, &preview.answer);
    let show = asked.value("show").filter(|s| *s == "cannot");
    let of_tab = |a: &&ScreenAnswer| show.is_none() || a.outcome == Outcome::Cannot;
    let rows: Vec<&ScreenAnswer> = answer.screens.iter().filter(of_tab).collect();
    let (range, pages) = pages(asked, rows.len());
    let s = &answer.summary;
    let (first, last) = preview.days;
    let days = if first == last {
        lang.say("preflight-day", &Values::new().word("day", lang.long_day(first)))
    } else {
        lang.say("preflight-days", &Values::new().word("from", lang.day(first)).word("to", lang.day(last)))
    };
    let (verdict, tone) = verdict(lang, s);
    let mut relaxations = answer.relaxations.iter().map(|r| lang.pick(&r.vi, &r.en).to_owned());
    View {
        days,
        only: if preview.only { lang.text("preflight-only-day") } else { String::new() },
        verdict,
        tone,
        bar: Bar::of(s.can.into(), s.cannot.into(), s.targeted.into()),
        figures: figures(lang, s),
        smallest: relaxations
            .next()
            .unwrap_or_else(|| if s.cannot > 0 { lang.text("preflight-no-relaxation") } else { String::new() }),
        others: relaxations.take(MOST).collect(),
        hours: answer.hours.iter().take(MOST).map(|h| hours(lang, h)).collect(),
        contracts: answer.contracts.iter().map(|c| contract(lang, city, c)).collect(),
        rows: rows[range].iter().map(|a| row(lang, a)).collect(),
        pages,
        tabs: tabs(asked, answer, show),
    }
}

/// The answer in some sentences: verdict and tone, days and hours that lack room, the smallest step that helps, contracts that give way.
pub(super) fn words(lang: Lang, city: &City, preview: &Preview) -> (String, &'static str, Vec<String>) {
    let answer = &preview.answer;
    let (verdict, tone) = verdict(lang, &answer.summary);
    let (from, to) = preview.days;
    let mut lines =
        vec![lang.say("preflight-days", &Values::new().word("from", lang.day(from)).word("to", lang.day(to)))];
    lines.extend(answer.hours.iter().take(MOST).map(|h| {
        let (windows, text) = hours(lang, h);
        format!("{windows}: {text}")
    }));
    if answer.summary.cannot > 0 {
        let smallest = answer.relaxations.first().map(|r| lang.pick(&r.vi, &r.en).to_owned());
        let smallest = smallest.unwrap_or_else(|| lang.text("preflight-no-relaxation"));
        lines.push(format!("{}: {smallest}", lang.text("preflight-smallest")));
    }
    let contracts = answer.contracts.iter().take(MOST).map(|c| contract(lang, city, c));
    let contracts: Vec<String> = contracts.map(|c| format!("{} ({} × {})", c.title, c.plays, c.screens)).collect();
    if !contracts.is_empty() {
        lines.push(format!("{}: {}", lang.text("preflight-contracts-title"), contracts.join(", ")));
    }
    if preview.only {
        lines.push(lang.text("preflight-only-day"));
    }
    (verdict, tone, lines)
}

fn verdict(lang: Lang, s: &Summary) -> (String, &'static str) {
    let values = Values::new()
        .count(lang, "can", s.can.into())
        .count(lang, "cannot", s.cannot.into())
        .count(lang, "seconds", s.lacks_s)
        .count(lang, "n", u64::from(s.can + s.cannot));
    match (s.can, s.cannot) {
        (0, 0) => (lang.text("preflight-nobody"), "wait"),
        (_, 0) => (lang.say("preflight-all-can", &values), "good"),
        _ => (lang.say("preflight-some-cannot", &values), "bad"),
    }
}

fn figures(lang: Lang, s: &Summary) -> Vec<(String, String)> {
    let all = [
        ("preflight-targeted", s.targeted),
        ("preflight-can", s.can),
        ("preflight-cannot", s.cannot),
        ("preflight-off-duty", s.off_duty),
        ("preflight-not-managed", s.not_managed),
        ("preflight-no-variant", s.no_variant),
        ("preflight-no-fallback", s.no_fallback),
        ("preflight-nothing-asked", s.nothing_asked),
    ];
    let shown = all.into_iter().enumerate().filter(|(i, (_, n))| *i < 3 || *n > 0);
    shown.map(|(_, (key, n))| (lang.text(key), lang.number(n.into()))).collect()
}

fn hours(lang: Lang, h: &Hours) -> (String, String) {
    let windows = tongue(lang).windows(&IntervalSet::parse(&h.windows).unwrap_or_default());
    let values = Values::new().count(lang, "n", h.screens.into()).count(lang, "seconds", h.most_s.into());
    (windows, lang.say("preflight-hours", &values))
}

fn contract(lang: Lang, city: &City, c: &Displaced) -> Contract {
    Contract {
        title: super::names::title(lang, city, c.contract.as_str()),
        code: c.contract.to_string(),
        plays: lang.number(c.plays_per_day),
        seconds: lang.number(c.seconds_per_day),
        screens: lang.number(c.screens.into()),
    }
}

fn row(lang: Lang, a: &ScreenAnswer) -> Row {
    let some = |n: u32| if n == 0 { "–".to_owned() } else { lang.number(n.into()) };
    Row {
        name: shown(&a.name),
        code: a.screen.to_string(),
        result: lang.text(&format!("preflight-result-{}", a.outcome.code())),
        tone: match a.outcome {
            Outcome::Cannot => "bad",
            Outcome::Can => "good",
            _ => "wait",
        },
        placed: if a.asked == 0 {
            "–".to_owned()
        } else {
            format!("{}/{}", lang.number(a.placed.into()), lang.number(a.asked.into()))
        },
        lacks: some(a.lacks_s),
        displaced: some(a.displaced_s),
        reason: shown_or_empty(lang.pick(&a.reason_vi, &a.reason_en)),
    }
}

fn shown_or_empty(text: &str) -> String {
    if text.is_empty() { String::new() } else { shown(text) }
}

fn tabs(asked: &Asked, answer: &Preflight, show: Option<&str>) -> Vec<(String, String, bool)> {
    let tab = |key: &str, value: Option<&str>, n: usize| {
        let label = asked.lang.say(&format!("preflight-tab-{key}"), &Values::new().count(asked.lang, "n", n as u64));
        let base = Asked { query: std::collections::BTreeMap::new(), ..asked.clone() };
        (label, base.with("show", value) + "#screens", show == value)
    };
    let cannot = answer.summary.cannot as usize;
    vec![tab("all", None, answer.screens.len()), tab("cannot", Some("cannot"), cannot)]
}

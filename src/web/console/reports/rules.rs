//! Reports that make themselves, in plain words: what, for whom, when next, what came last and what went wrong. For who watches over
//! the server, for their rules stand in its settings.

use super::super::data::{City, Console};
use super::super::page::shown;
use super::super::{Asked, ConsoleError};
use crate::config::{FOLDER, ReportSettings};
use crate::lang::{Lang, Values};
use crate::people::{Act, On};
use crate::report::{LastDue, RuleState, SpanKind, Timing, Trouble, describe};

/// How a rule is written, for who has none yet.
const EXAMPLE: &str = "[[report]]
name = \"thang-ba-dinh\"
unit = \"phường Ba Đình\"
period = \"month\"
day = 5
hour = 7
formats = [\"docx\", \"xlsx\"]
mail = [\"van-phong@example.vn\"]";

/// The part of the page.
pub(super) struct Rules {
    pub(super) rules: Vec<RuleView>,
    pub(super) example: &'static str,
}

/// One rule.
pub(super) struct RuleView {
    pub(super) name: String,
    /// Its cells behind the name, each with its column's word.
    pub(super) cells: Vec<(String, String)>,
    /// Something is wrong now.
    pub(super) bad: bool,
}

/// The rules, for who watches over the server; none: the reader does not.
pub(super) async fn rules(console: &Console, asked: &Asked, city: &City) -> Result<Option<Rules>, ConsoleError> {
    let (lang, (_, today)) = (asked.lang, console.today());
    if asked.caller()?.may(Act::Watch, On::City, &city.directory, today).is_err() {
        return Ok(None);
    }
    let states = console.reporting.rules().await.map_err(|e| ConsoleError::Internal(e.to_string()))?;
    let view = |state: &RuleState| {
        let trouble =
            state.trouble.as_ref().map_or_else(|| lang.text("reports-rules-no-trouble"), |t| trouble(lang, console, t));
        let cells = [
            ("what", what(lang, city, &state.settings)),
            ("whom", whom(lang, &state.settings)),
            ("next", next(lang, console, &state.settings)),
            ("last", state.last.map_or_else(|| lang.text("reports-rules-never"), |last| made(lang, console, last))),
            ("trouble", trouble),
        ];
        RuleView {
            name: shown(&state.settings.name),
            cells: cells.into_iter().map(|(key, words)| (lang.text(&format!("reports-rules-{key}")), words)).collect(),
            bad: state.trouble.as_ref().is_some_and(|trouble| trouble.mended.is_none()),
        }
    };
    Ok(Some(Rules { rules: states.iter().map(view).collect(), example: EXAMPLE }))
}

/// `Tháng; Phường Ba Đình; mọi đợt; DOCX, XLSX`.
fn what(lang: Lang, city: &City, of: &ReportSettings) -> String {
    let unit = match of.unit.as_str() {
        "" => lang.text("reports-unit-all"),
        unit => shown(unit),
    };
    let order = city.campaigns.directives().find(|d| *d.campaign().as_str() == *of.campaign);
    let order = match (of.campaign.as_str(), order) {
        ("", _) => lang.text("reports-campaign-all"),
        (_, Some(order)) => shown(lang.pick(&order.title, order.title_en.as_deref().unwrap_or(&order.title))),
        (code, None) => shown(code),
    };
    let link = (!of.link.is_empty()).then(|| lang.term("link", &of.link));
    let venue = (!of.venue.is_empty()).then(|| shown(&of.venue));
    let forms = of.formats.iter().map(|form| form.to_uppercase()).collect::<Vec<_>>().join(", ");
    let all =
        [Some(lang.text(&format!("reports-period-{}", of.period))), Some(unit), link, venue, Some(order), Some(forms)];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn whom(lang: Lang, of: &ReportSettings) -> String {
    let way = |way: String| match way.as_str() {
        FOLDER => lang.say("reports-rules-folder", &Values::new().word("folder", shown(&of.folder.to_string_lossy()))),
        address => shown(address),
    };
    of.ways().into_iter().map(way).collect::<Vec<_>>().join(", ")
}

fn next(lang: Lang, console: &Console, of: &ReportSettings) -> String {
    let Ok(kind) = of.period.parse::<SpanKind>() else { return String::new() };
    let (span, at) = Timing { kind, day: of.day, hour: of.hour }.next(console.today().0, console.offset);
    let values = Values::new().word("at", lang.instant(at, console.offset)).word("span", describe(lang, &span));
    lang.say("reports-rules-next-at", &values)
}

fn made(lang: Lang, console: &Console, last: LastDue) -> String {
    let values = Values::new()
        .word("from", lang.day(last.days.0))
        .word("to", lang.day(last.days.1))
        .word("at", lang.instant(last.at, console.offset))
        .count(lang, "open", last.open.into())
        .count(lang, "ways", last.ways.into());
    lang.say(if last.open == 0 { "reports-rules-last-sent" } else { "reports-rules-last-open" }, &values)
}

fn trouble(lang: Lang, console: &Console, trouble: &Trouble) -> String {
    let way = match trouble.way.as_str() {
        "" => lang.text("reports-rules-not-made"),
        FOLDER => lang.text("reports-rules-not-put"),
        address => lang.say("reports-rules-not-mailed", &Values::new().word("way", shown(address))),
    };
    let values = Values::new()
        .word("way", way)
        .word("from", lang.day(trouble.days.0))
        .word("to", lang.day(trouble.days.1))
        .word("problem", shown(&trouble.problem))
        .count(lang, "tries", trouble.tries.into());
    match trouble.mended {
        None => lang.say("reports-rules-trouble-open", &values),
        Some(at) => lang.say("reports-rules-trouble-over", &values.word("at", lang.instant(at, console.offset))),
    }
}

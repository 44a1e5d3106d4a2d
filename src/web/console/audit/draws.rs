//! `/audit/draws`: plays that nobody could choose, drawn with a public number; the list to take along; what was found, and what it proves.

use super::super::data::Console;
use super::super::overview::order_title;
use super::super::page::{self, Page, shown};
use super::super::screens::{Form, file, pairs, value};
use super::super::sign::see;
use super::super::{Asked, ConsoleError, names};
use crate::directory::inert;
use crate::directory::table::SourceFile;
use crate::lang::Values;
use crate::sampling::{Question, SamplingError, TABLE};
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::proof::sample::{Aim, Draw, Share, Verdict};
use lichphat_playlists::time::clock_text;

/// Mistakes that are told at once.
const TOLD: usize = 50;

#[derive(Template)]
#[template(path = "audit_draws.html")]
struct DrawsPage {
    page: Page,
    problem: String,
    problems: Vec<String>,
    done: String,
    campaigns: Vec<(String, String)>,
    seed: String,
    text: String,
    rows: Vec<DrawView>,
}

struct DrawView {
    name: String,
    what: String,
    seed: String,
    found: String,
    proves: String,
    tone: &'static str,
    csv: String,
}

/// The first digits of its hash: enough to name it.
fn name_of(draw: &Draw) -> String {
    draw.hash().hex()[..12].to_owned()
}

/// What a page says beside the list.
#[derive(Default)]
struct Said {
    problem: String,
    problems: Vec<String>,
    done: String,
    seed: String,
    text: String,
}

/// `GET /audit/draws`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    let done = asked.value("done").filter(|done| ["drawn", "found"].contains(done));
    let done = done.map_or_else(String::new, |done| asked.lang.text(&format!("audit-done-{done}")));
    render(console, asked, StatusCode::OK, Said { done, ..Said::default() }).await
}

async fn render(console: &Console, asked: &Asked, status: StatusCode, said: Said) -> Result<Response, ConsoleError> {
    let (lang, city) = (asked.lang, console.city().await?);
    let mut rows = Vec::new();
    for draw in console.sampling.draws().await? {
        let findings = console.sampling.findings(&draw).await?;
        let verdict = Verdict::of(&draw, &findings);
        let t = verdict.tally;
        let title = names::title(lang, &city, draw.campaign.as_str());
        let what =
            Values::new().word("campaign", title).word("from", lang.day(draw.from)).word("to", lang.day(draw.to));
        let what = what.count(lang, "n", draw.items.len() as u64).count(lang, "of", draw.population.size);
        let found = Values::new().count(lang, "looked", t.looked).count(lang, "bad", t.bad);
        let found = found.count(lang, "not", t.could_not_look).count(lang, "open", t.open);
        let (key, tone) = match (verdict.worst, verdict.looked) {
            (Some(worst), _) if worst.met => ("audit-proves-met", "good"),
            (_, Some(looked)) if looked.met => ("audit-proves-met-of-looked", "wait"),
            _ => ("audit-proves-not", "soft"),
        };
        let sure = Values::new()
            .word("confidence", draw.aim.confidence.percent().to_string())
            .word("max", draw.aim.max_bad.percent().to_string());
        let name = name_of(&draw);
        rows.push(DrawView {
            csv: format!("/audit/draws/{name}.csv"),
            name,
            what: lang.say("audit-draw-what", &what),
            seed: shown(&draw.seed),
            found: lang.say("audit-draw-found", &found),
            proves: lang.say(key, &sure),
            tone,
        });
    }
    rows.reverse();
    let orders = city.campaigns.directives().map(|order| (order.code.to_string(), order_title(lang, order)));
    let Said { problem, problems, done, seed, text } = said;
    let campaigns = orders.collect();
    let page = Page::new(console, asked, lang.text("audit-draws-title"));
    let view = DrawsPage { page, problem, problems, done, campaigns, seed, text, rows };
    Ok(page::html(status, view.render()?))
}

/// `POST /audit/draws`: draws, with a public number.
pub(super) async fn draw(console: &Console, asked: &Asked, body: &[u8]) -> Result<Response, ConsoleError> {
    let form: Form = pairs(body)?.into_iter().collect();
    let seed = value(&form, "seed").unwrap_or_default().to_owned();
    let refuse = async |problem: String| {
        let said = Said { problem, seed: seed.clone(), ..Said::default() };
        render(console, asked, StatusCode::UNPROCESSABLE_ENTITY, said).await
    };
    let field = |field: &str, given: &str| {
        let values =
            Values::new().word("field", asked.lang.text(&format!("audit-{field}"))).word("value", shown(given));
        asked.lang.say("screens-problem", &values.word("mend", asked.lang.text("audit-bad-field")))
    };
    let today = console.today().1;
    let text = |name: &str| value(&form, name).unwrap_or_default().to_owned();
    let Ok(campaign) = CampaignCode::new(text("campaign")) else {
        return refuse(field("campaign", &text("campaign"))).await;
    };
    let day = |name: &str| value(&form, name).and_then(|text| names::day(Some(text), today).ok());
    let (Some(from), Some(to)) = (day("from"), day("to")) else {
        return refuse(field("from", &format!("{} – {}", text("from"), text("to")))).await;
    };
    let share = |name: &str, otherwise: &str| -> Result<Share, String> {
        let given = value(&form, name).unwrap_or(otherwise);
        given.parse().map_err(|_| field(name, given))
    };
    let (confidence, max_bad) = match (share("confidence", "95%"), share("max_bad", "1%")) {
        (Ok(confidence), Ok(max_bad)) => (confidence, max_bad),
        (Err(problem), _) | (_, Err(problem)) => return refuse(problem).await,
    };
    if seed.is_empty() {
        return refuse(asked.lang.text("audit-no-seed")).await;
    }
    let city = console.city().await?;
    let media = console.library.list().await.map_err(|e| ConsoleError::Internal(e.to_string()))?;
    let media = media.into_iter().map(|item| (item.media.hash, item.name)).collect();
    let question = Question { campaign, from, to, aim: Aim { confidence, max_bad }, seed: seed.clone() };
    match console.sampling.draw((&city.directory, &city.campaigns), &media, question).await {
        Ok(_) => Ok(see("/audit/draws?done=drawn")),
        Err(error @ (SamplingError::Draw(_) | SamplingError::Days { .. } | SamplingError::Nothing { .. })) => {
            let why = asked.lang.say("audit-no-draw", &Values::new().word("why", error.to_string()));
            refuse(shown(&why)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /audit/draws/{draw}`: the list that is taken along and filled, with what was found so far left to be filled in.
pub(super) async fn list(console: &Console, asked: &Asked, name: &str) -> Result<Response, ConsoleError> {
    let name = name.strip_suffix(".csv").filter(|name| name.len() == 12).ok_or(ConsoleError::NotFound)?;
    let draws = console.sampling.draws().await?;
    let draw = draws.iter().find(|draw| name_of(draw) == name).ok_or(ConsoleError::NotFound)?;
    let delimiter = if asked.lang == crate::lang::Lang::Vi { b';' } else { b',' };
    let mut out = csv::WriterBuilder::new().delimiter(delimiter).from_writer(b"\xef\xbb\xbf".to_vec());
    // into memory: writing there does not fail
    let _ = out.write_record(TABLE.columns.iter().map(|column| column.name));
    for item in &draw.items {
        let cell = |column: &str| match column {
            "draw" => name.to_owned(),
            "n" => item.n.to_string(),
            "screen" => item.screen.to_string(),
            "name" => inert(&item.name),
            "place" => inert(&item.place),
            "day" => item.day.to_string(),
            "time" => clock_text(item.start_ms.local(draw.offset_min).1 / 1000),
            "length_s" => item.length_s.to_string(),
            "variant" => inert(&item.variant),
            "media_name" => inert(&item.media_name),
            "media_file" => inert(item.media_file.as_deref().unwrap_or_default()),
            "media" => item.media.to_string(),
            "record" => item.record.map_or_else(String::new, |r| format!("{}/{}/{}", r.device, r.epoch, r.seq)),
            _ => String::new(),
        };
        let _ = out.write_record(TABLE.columns.iter().map(|column| cell(column.name)));
    }
    Ok(file(out.into_inner().unwrap_or_default(), &format!("mau-{name}.csv")))
}

/// `POST /audit/findings`: takes a filled list, whole or not at all.
pub(super) async fn report(console: &Console, asked: &Asked, body: &[u8]) -> Result<Response, ConsoleError> {
    let form: Form = pairs(body)?.into_iter().collect();
    let text = form.get("text").cloned().unwrap_or_default();
    let file = SourceFile { name: "findings.csv", bytes: text.as_bytes() };
    let refuse = async |problems: Vec<String>| {
        let said = Said { problem: asked.lang.text("audit-refused"), problems, text: text.clone(), ..Said::default() };
        render(console, asked, StatusCode::UNPROCESSABLE_ENTITY, said).await
    };
    match console.sampling.report(file).await {
        Ok(_) => Ok(see("/audit/draws?done=found")),
        Err(SamplingError::File(problems)) => {
            refuse(problems.iter().take(TOLD).map(|problem| shown(&problem.line_text(asked.lang))).collect()).await
        }
        Err(error @ SamplingError::Reported { .. }) => refuse(vec![shown(&error.to_string())]).await,
        Err(error) => Err(error.into()),
    }
}

//! Figures: how an order was carried out, in sums and by screen.

use super::call::{Call, List, json, unknown};
use super::table::{Kind, Operation, PAGE, Takes, bytes, gives, may};
use crate::compliance::rows::{COLUMNS, Row, UnitRow, row, unit_row};
use crate::compliance::{ComplianceError, Report, Totals};
use crate::exchange::cell;
use crate::people::Act::View;
use crate::web::Response;
use crate::web::console::ConsoleError;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use http::{HeaderValue, StatusCode, header};
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::quota::Of;
use lichphat_playlists::time::LocalDay;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use warp::Reply as _;

/// Longest period, days.
const LONGEST: u64 = 366;

/// Figures of one order over a period, in sums.
#[derive(Debug, Serialize, JsonSchema)]
struct Figures {
    /// The campaign.
    campaign: String,
    /// Its title.
    title: String,
    /// Made up to show something.
    sample: bool,
    /// First day.
    from: String,
    /// Last day, included.
    to: String,
    /// Whose number it is: `screen` or `unit`.
    of: String,
    /// The whole; null for who may not see all of it.
    totals: Option<Sums>,
    /// By unit, along every link. Links overlap; `totals` counts each screen once.
    units: Vec<UnitSums>,
}

/// One unit's sums along one link.
#[derive(Debug, Serialize, JsonSchema)]
struct UnitSums {
    /// `owner`, `territory`, `sector` or `operator`.
    link: String,
    /// The unit.
    unit: String,
    /// Its name.
    name: String,
    /// Its sums.
    totals: Sums,
}

/// Sums.
#[derive(Debug, Serialize, JsonSchema)]
struct Sums {
    /// Screens the order is aimed at and that stand.
    existing: u32,
    /// Of them, screens with records in the period.
    reporting: u32,
    /// With declared plays only.
    declared: u32,
    /// With nothing.
    silent: u32,
    /// On duty in the period: `met` and `short` together.
    on_duty: u32,
    /// Met the quota so far.
    met: u32,
    /// Fell short.
    short: u32,
    /// Counted plays.
    counted: u64,
    /// Of them made good.
    made_good: u64,
    /// Declared by others, not proven; no part of `counted`.
    declared_plays: u64,
    /// Average of counted plays per day on duty.
    mean_per_day: f64,
    /// Lowest average.
    min_per_day: f64,
    /// Short ones by their main cause, a stable code.
    short_causes: BTreeMap<String, u32>,
}

fn sums(t: &Totals) -> Sums {
    Sums {
        existing: t.existing,
        reporting: t.reporting,
        declared: t.declared,
        silent: t.silent,
        on_duty: t.on_duty,
        met: t.met,
        short: t.short,
        counted: t.counted,
        made_good: t.made_good,
        declared_plays: t.declared_plays,
        mean_per_day: t.mean_per_day,
        min_per_day: t.min_per_day,
        short_causes: t.short_causes.clone(),
    }
}

const PERIOD: &[super::table::Param] = &[
    may("from", Kind::Day, "First day; the order's first day when it is left out."),
    may("to", Kind::Day, "Last day, included; today when it is left out."),
];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1/reports/{campaign}",
        need: May(View, Subject::Somewhere),
        id: "getReport",
        about: "How an order was carried out, in sums: the city, and every unit along every link.",
        query: &[PERIOD],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<Figures>())],
        refuses: &[503],
        run: |call| Box::pin(figures(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/reports/{campaign}/screens",
        need: May(View, Subject::Somewhere),
        id: "getReportScreens",
        about: "The same by screen.",
        query: &[PERIOD, PAGE],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<Row<'static>>>())],
        refuses: &[503],
        run: |call| Box::pin(screens(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/reports/{campaign}/units",
        need: May(View, Subject::Somewhere),
        id: "getReportUnits",
        about: "The same by unit, for an order whose number is a unit's; empty for others.",
        query: &[PERIOD, PAGE],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<UnitRow<'static>>>())],
        refuses: &[503],
        run: |call| Box::pin(units(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/reports/{campaign}/screens.csv",
        need: May(View, Subject::Somewhere),
        id: "getReportCsv",
        about: "The same by screen as CSV: the columns of `lichphat report compliance`.",
        query: &[PERIOD],
        takes: Takes::Nothing,
        gives: &[bytes("text/csv")],
        refuses: &[503],
        run: |call| Box::pin(csv(call)),
    },
];

/// Makes the figures.
async fn report(call: &Call) -> Result<Report, Problem> {
    let text = call.place("campaign");
    let gone = || unknown("unknown-campaign", "campaign", text);
    let campaign = CampaignCode::new(text).map_err(|_| gone())?;
    let contract = call.city.campaigns.contracts().find(|c| c.code == campaign);
    let order = call.city.campaigns.directive_of(&campaign).map(|order| order.from);
    let first = order.or(contract.map(|c| c.from));
    let to = call.day("to").unwrap_or_else(|| call.today());
    let earliest = LocalDay(to.0 - chrono::Days::new(LONGEST - 1));
    let from = match (call.day("from"), first) {
        (Some(given), _) if given > to || given < earliest => {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-period").of("from", &given.to_string()));
        }
        (Some(given), _) => given,
        (None, first) => first.map_or(earliest, |first| first.max(earliest)).min(to),
    };
    // whose plays are sold to whom is nobody else's business
    let directory = &call.city.directory;
    let mut seen = directory.screens().filter(|screen| call.sight.screen(screen));
    if contract.is_some_and(|c| !call.sight.is_whole() && !seen.any(|s| c.plays_within(directory, s, (from, to)))) {
        return Err(gone());
    }
    let (city, console, runtime) =
        (Arc::clone(&call.city), Arc::clone(&call.app.console), tokio::runtime::Handle::current());
    let turns = console.turns.clone();
    let work = move || runtime.block_on(console.report(&city, &campaign, from, to));
    match turns.take(&call.caller.account, work).await.map_err(ConsoleError::from)? {
        Err(ComplianceError::NoSuchCampaign(_)) => Err(gone()),
        Err(error) => Err(Problem::internal(&error)),
        Ok(report) => Ok(report),
    }
}

async fn figures(call: Call) -> Result<Response, Problem> {
    let report = report(&call).await?;
    let units = report.units.iter().filter(|line| call.sight.unit(&line.unit)).map(|line| UnitSums {
        link: line.link.clone(),
        unit: line.unit.to_string(),
        name: line.name.clone(),
        totals: sums(&line.totals),
    });
    Ok(json(&Figures {
        campaign: report.campaign.to_string(),
        title: report.title.clone(),
        sample: report.sample,
        from: report.from.to_string(),
        to: report.to.to_string(),
        of: if report.of == Of::Unit { "unit" } else { "screen" }.to_owned(),
        totals: call.sight.is_whole().then(|| sums(&report.totals)),
        units: units.collect(),
    }))
}

/// The lines that the caller may see.
async fn seen(call: &Call) -> Result<Report, Problem> {
    let mut report = report(call).await?;
    report
        .lines
        .retain(|line| call.city.directory.screen(&line.screen).is_some_and(|screen| call.sight.screen(screen)));
    report.quota_units.retain(|line| call.sight.unit(&line.unit));
    Ok(report)
}

async fn screens(call: Call) -> Result<Response, Problem> {
    let report = seen(&call).await?;
    call.page(report.lines.iter().map(|line| (line.screen.to_string(), row(line))))
}

async fn units(call: Call) -> Result<Response, Problem> {
    let report = seen(&call).await?;
    call.page(report.quota_units.iter().map(|line| (line.unit.to_string(), unit_row(line))))
}

async fn csv(call: Call) -> Result<Response, Problem> {
    let report = seen(&call).await?;
    let rows: Vec<Row<'_>> = report.lines.iter().map(row).collect();
    let text = cell::csv(&COLUMNS, &rows).and_then(|text| cell::harmless_csv(&text));
    let text = text.map_err(|error| Problem::internal(&error))?;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"screens.csv\""));
    Ok(response)
}

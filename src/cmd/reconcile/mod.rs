//! `lichphat reconcile`: plan, our log and theirs, line by line, with what differs.

mod sides;

use super::{Context, output, period::Period};
use crate::directory::{Directory, Screen, ScreenKind};
use crate::error::AppError;
use crate::exchange::reconcile::{self, Line, Planned, Shown, Status, Tolerance};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset, clock_text};
use serde::Serialize;
use sides::{Asked, Day};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Arguments of `lichphat reconcile`.
#[derive(Debug, clap::Args)]
#[group(skip)] // one group of this name comes with `output`
pub(super) struct Args {
    #[command(flatten)]
    period: Period,
    /// Chỉ một màn hình; nếu không: mọi màn hình có nhật ký của bên khác (one screen; else all of which others keep a log)
    #[arg(long)]
    screen: Option<ScreenCode>,
    /// Lệch bao nhiêu giây vẫn coi là khớp (starts so far apart are the same, seconds)
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(..900))]
    tolerance_s: u32,
    /// In cả những dòng khớp (lines that agree, too)
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: output::Args,
}

/// Starts further apart are two plays, ms.
const REACH_MS: i64 = 900_000;

/// One line; times are local, empty where a side has none, `*` where a number is asked of the day and no time.
#[derive(Serialize)]
struct Row {
    screen: String,
    day: String,
    status: &'static str,
    planned: String,
    ours: String,
    theirs: String,
    planned_s: String,
    ours_s: String,
    theirs_s: String,
    record: String,
    standing: String,
    file: String,
    would_be: String,
}
const COLUMNS: &[&str] = &[
    "screen",
    "day",
    "status",
    "planned",
    "ours",
    "theirs",
    "planned_s",
    "ours_s",
    "theirs_s",
    "record",
    "standing",
    "file",
    "would_be",
];

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let days = args.period.days(context)?;
    let store = context.open_store()?;
    let rule = context.rule(&store).await?;
    let campaign = &args.period.campaign;
    let known = rule.campaigns.kind_of(campaign.as_str());
    if !known.is_some_and(|kind| ["directive", "contract"].contains(&kind)) {
        return Err(context.refused(
            format!("--campaign {campaign}: không phải văn bản hay hợp đồng nào; nhập bằng `lichphat import`"),
            format!("--campaign {campaign}: is no order and no contract; `lichphat import` takes them in"),
        ));
    }
    let now = context.clock.now();
    let asked = Asked { campaign, days, now, rule: &rule };
    let tolerance = Tolerance { time_ms: i64::from(args.tolerance_s) * 1000, reach_ms: REACH_MS };
    let (mut rows, mut sums) = (Vec::new(), BTreeMap::new());
    for screen in screens(&rule.directory, args.screen.as_ref(), context)? {
        for (day, found) in sides::days(&store, &asked, screen, args.screen.is_some()).await? {
            for line in reconcile::reconcile(&found.sides, tolerance) {
                *sums.entry(line.status).or_insert(0u64) += 1;
                if args.all || line.status != Status::Matched {
                    rows.push(row(&screen.code, day, &line, &found, rule.offset));
                }
            }
        }
    }
    output::rows(context.lang, args.output.format, COLUMNS, &rows)?;
    Ok(say(&sums, context))
}

/// The screen asked for, or all on which somebody plays; of those with a device of ours, the ones of which others keep a log.
fn screens<'a>(
    directory: &'a Directory,
    wanted: Option<&ScreenCode>,
    context: &Context,
) -> Result<Vec<&'a Screen>, AppError> {
    let Some(code) = wanted else {
        return Ok(directory.screens().filter(|s| s.kind != ScreenKind::None).collect());
    };
    Ok(vec![context.screen(directory, code)?])
}

fn row(screen: &ScreenCode, day: LocalDay, line: &Line, found: &Day, offset: UtcOffset) -> Row {
    let clock = |at: UtcMillis| clock_text(at.local(offset).1 / 1000);
    let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms % 1000);
    let planned: Option<&Planned> = line.planned.map(|i| &found.sides.planned[i]);
    let shown = |log: &Option<Vec<Shown>>, i: Option<usize>| i.and_then(|i| log.as_ref()?.get(i).cloned());
    let (ours, theirs) = (shown(&found.sides.ours, line.ours), shown(&found.sides.theirs, line.theirs));
    let words = |of: &[(String, String)], i: Option<usize>| i.and_then(|i| of.get(i).cloned()).unwrap_or_default();
    let ((record, standing), (file, would_be)) = (words(&found.ours, line.ours), words(&found.theirs, line.theirs));
    Row {
        screen: screen.to_string(),
        day: day.to_string(),
        status: line.status.as_str(),
        planned: planned.map_or_else(String::new, |p| p.at.map_or("*".to_owned(), clock)),
        ours: ours.as_ref().map_or_else(String::new, |s| clock(s.start)),
        theirs: theirs.as_ref().map_or_else(String::new, |s| clock(s.start)),
        planned_s: planned.map_or_else(String::new, |p| seconds(p.length_ms)),
        ours_s: ours.as_ref().map_or_else(String::new, |s| seconds(s.length_ms)),
        theirs_s: theirs.as_ref().map_or_else(String::new, |s| seconds(s.length_ms)),
        record,
        standing,
        file,
        would_be,
    }
}

/// The sum in words; a difference is what the exit code tells.
fn say(sums: &BTreeMap<Status, u64>, context: &Context) -> ExitCode {
    let matched = sums.get(&Status::Matched).copied().unwrap_or(0);
    let others: Vec<String> =
        sums.iter().filter(|(s, _)| **s != Status::Matched).map(|(status, n)| format!("{status}: {n}")).collect();
    if others.is_empty() {
        context.say(&format!("{matched} lượt, tất cả khớp"), &format!("{matched} plays, all agree"));
        return ExitCode::SUCCESS;
    }
    let others = others.join(", ");
    context.say(
        &format!("{matched} lượt khớp; khác nhau: {others}"),
        &format!("{matched} plays agree; differences: {others}"),
    );
    ExitCode::FAILURE
}

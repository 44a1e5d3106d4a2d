//! `lichphat report compliance`: who met the quota, who did not, and why.

use super::{Context, output, period::Period, rooms::Rooms};
use crate::compliance::{QuotaUnit, Report, ScreenLine};
use crate::error::AppError;
use lichphat_playlists::quota::Of;
use serde::Serialize;
use std::process::ExitCode;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Kết quả thực hiện một đợt truyền thông (figures of one campaign)
    Compliance(Compliance),
}

#[derive(Debug, clap::Args)]
pub(super) struct Compliance {
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    output: output::Args,
}

/// One row for tables and CSV.
#[derive(Serialize)]
struct Row<'a> {
    screen: &'a str,
    name: &'a str,
    kind: &'a str,
    force: String,
    standing: &'static str,
    days: u32,
    owed: u32,
    counted: u32,
    made_good: u32,
    outside: u32,
    not_counted: u32,
    declared: u32,
    pending: u32,
    missed: u32,
    mean_per_day: f64,
    days_at_target: u32,
    days_at_zero: u32,
    short: u32,
    forecast: u32,
    result: &'static str,
    cause: &'a str,
}

const COLUMNS: [&str; 21] = [
    "screen",
    "name",
    "kind",
    "force",
    "standing",
    "days",
    "owed",
    "counted",
    "made_good",
    "outside",
    "not_counted",
    "declared",
    "pending",
    "missed",
    "mean_per_day",
    "days_at_target",
    "days_at_zero",
    "short",
    "forecast",
    "result",
    "cause",
];

fn row(line: &ScreenLine) -> Row<'_> {
    Row {
        screen: line.screen.as_str(),
        name: &line.name,
        kind: &line.kind,
        // A number nobody ordered is never a breach: the row says so.
        force: if line.inferred { format!("{} (inferred)", line.force) } else { line.force.clone() },
        standing: line.standing.code(),
        days: line.operating_days,
        owed: line.owed,
        counted: line.counted,
        made_good: line.made_good,
        outside: line.counted_outside,
        not_counted: line.not_counted,
        declared: line.declared_plays,
        pending: line.pending,
        missed: line.missed,
        mean_per_day: line.mean_per_day,
        days_at_target: line.days_at_target,
        days_at_zero: line.days_at_zero,
        short: line.short,
        forecast: line.forecast,
        result: result(line.operating_days, line.met),
        cause: &line.main_cause,
    }
}

/// One row where the number is a unit's.
#[derive(Serialize)]
struct UnitRow<'a> {
    unit: &'a str,
    name: &'a str,
    screens: u32,
    days: u32,
    owed: u32,
    counted: u32,
    made_good: u32,
    declared: u32,
    pending: u32,
    missed: u32,
    mean_per_day: f64,
    days_at_target: u32,
    days_at_zero: u32,
    short: u32,
    result: &'static str,
    cause: &'a str,
}

const UNIT_COLUMNS: [&str; 16] = [
    "unit",
    "name",
    "screens",
    "days",
    "owed",
    "counted",
    "made_good",
    "declared",
    "pending",
    "missed",
    "mean_per_day",
    "days_at_target",
    "days_at_zero",
    "short",
    "result",
    "cause",
];

fn unit_row(line: &QuotaUnit) -> UnitRow<'_> {
    UnitRow {
        unit: line.unit.as_str(),
        name: &line.name,
        screens: line.screens,
        days: line.operating_days,
        owed: line.owed,
        counted: line.counted,
        made_good: line.made_good,
        declared: line.declared_plays,
        pending: line.pending,
        missed: line.missed,
        mean_per_day: line.mean_per_day,
        days_at_target: line.days_at_target,
        days_at_zero: line.days_at_zero,
        short: line.short,
        result: result(line.operating_days, line.met),
        cause: &line.main_cause,
    }
}

fn result(operating_days: u32, met: bool) -> &'static str {
    match (operating_days, met) {
        // no day of duty has ended yet: nothing is owed
        (0, _) => "not-due",
        (_, true) => "met",
        (_, false) => "short",
    }
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    let Command::Compliance(args) = command;
    let (from, to) = args.period.days(context)?;
    let report = Rooms::open(context)?.report(&args.period.campaign, from, to).await?;
    match args.output.format {
        output::Format::Json => output::json(&report)?,
        format if report.of == Of::Unit => {
            output::rows(
                context.lang,
                format,
                &UNIT_COLUMNS,
                &report.quota_units.iter().map(unit_row).collect::<Vec<_>>(),
            )?;
            say_totals(&report, context);
        }
        format => {
            output::rows(context.lang, format, &COLUMNS, &report.lines.iter().map(row).collect::<Vec<_>>())?;
            say_totals(&report, context);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The sum in words, for people.
pub(super) fn say_totals(report: &Report, context: &Context) {
    let t = &report.totals;
    let lang = context.lang;
    let causes: Vec<String> = t.short_causes.iter().map(|(code, n)| format!("{}: {n}", lang.cause(code))).collect();
    let causes = if causes.is_empty() { String::new() } else { format!(" ({})", causes.join("; ")) };
    let (mean, min) = (lang.decimal(t.mean_per_day), lang.decimal(t.min_per_day));
    let (from, to) = (report.from, report.to);
    let (vi, en) = if report.of == Of::Unit { (" đơn vị", " units") } else { ("", "") };
    context.say(
        &format!(
            "{} ({from} – {to}): {} màn hình, {}{vi} làm việc, {} đạt, {} thiếu{causes}; trung bình {mean} lần/ngày, thấp nhất {min}.",
            report.campaign, t.existing, t.on_duty, t.met, t.short
        ),
        &format!(
            "{} ({from} – {to}): {} screens, {}{en} on duty, {} met, {} short{causes}; {mean} plays a day on average, lowest {min}.",
            report.campaign, t.existing, t.on_duty, t.met, t.short
        ),
    );
    if t.declared_plays > 0 {
        context.say(
            &format!(
                "Bên khác khai thêm {} lượt trên {} màn hình, chưa được chứng minh, không tính vào trên.",
                t.declared_plays, t.declared
            ),
            &format!(
                "Others declare {} plays more on {} screens: not proven, no part of the above.",
                t.declared_plays, t.declared
            ),
        );
    }
}

//! `lichphat report compliance`: who met the quota, who did not, and why.

use super::{Context, output, period::Period, rooms::Rooms};
use crate::compliance::Report;
use crate::compliance::rows::{COLUMNS, UNIT_COLUMNS, row, unit_row};
use crate::error::AppError;
use lichphat_playlists::quota::Of;
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

//! `lichphat check`: audits the store against the signed bytes it holds, like fsck. Exit code 0 only
//! when everything agrees.

use super::{Context, output, rooms::Rooms};
use crate::error::AppError;
use crate::proof::audit::{Finding, audit};
use std::process::ExitCode;

/// Arguments of `lichphat check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    output: output::Args,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let mut found = audit(&rooms.store).await?;
    let plans = rooms.planning.audit().await?;
    let looked_at = plans.plans;
    found.findings.extend(plans.findings.into_iter().map(|(place, problem)| Finding { place, problem }));
    output::rows(args.output.format, &["place", "problem"], &found.findings)?;
    context.say(
        &format!(
            "Đã đối chiếu {looked_at} lịch phát, {} đoạn nhật ký, {} bản ghi: {} chỗ không khớp.",
            found.segments,
            found.records,
            found.findings.len()
        ),
        &format!(
            "Compared {looked_at} plans, {} segments, {} records: {} disagreements.",
            found.segments,
            found.records,
            found.findings.len()
        ),
    );
    Ok(if found.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

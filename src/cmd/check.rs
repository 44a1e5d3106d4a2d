//! `lichphat check`: audits the store against the signed bytes it holds, and the library against its
//! hashes, like fsck. Exit code 0 only when everything agrees.

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
    let (files, media) = rooms.library.audit().await?;
    let further = plans.findings.into_iter().chain(media);
    found.findings.extend(further.map(|(place, problem)| Finding { place, problem }));
    output::rows(args.output.format, &["place", "problem"], &found.findings)?;
    let (plans, segments, records, findings) = (plans.plans, found.segments, found.records, found.findings.len());
    context.say(
        &format!(
            "Đã đối chiếu {plans} lịch phát, {segments} đoạn nhật ký, {records} bản ghi, {files} tệp nội dung: {findings} chỗ không khớp."
        ),
        &format!(
            "Compared {plans} plans, {segments} segments, {records} records, {files} media files: {findings} disagreements."
        ),
    );
    Ok(if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

//! `lichphat check`: audits the store against the signed bytes it holds, its log against what was published, and the
//! library against its hashes, like fsck. Exit code 0 only when everything agrees.

use super::{Context, output, rooms::Rooms};
use crate::error::AppError;
use crate::lang::Lang;
use crate::proof::audit::{self, Audit, Finding, Matter, RollupMend};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `lichphat check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Tính lại các số tổng hợp bị sai từ bản ghi đã ký; không sửa gì khác (sum wrong figures anew; nothing else is touched)
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    output: output::Args,
}

#[derive(Debug, Serialize)]
struct Row<'f> {
    place: &'f str,
    problem: &'f str,
    meaning: &'static str,
    mend: &'static str,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let mut found = audit::audit(&rooms.store, &rooms.log).await?;
    let plans = rooms.planning.audit().await?;
    let (files, media) = rooms.library.audit().await?;
    let of = |matter| move |(place, problem)| Finding { matter, place, problem };
    found.findings.extend(plans.findings.into_iter().map(of(Matter::Plan)));
    found.findings.extend(media.into_iter().map(of(Matter::Media)));
    output::rows(args.output.format, &["place", "problem", "meaning", "mend"], &rows(&found.findings, context.lang))?;
    if let Some(from) = found.from {
        context.say(
            &format!("Các đoạn nhật ký nhận trước ngày {from} đã hết hạn lưu: đối chiếu bắt đầu từ ngày đó."),
            &format!("Segments received before {from} were dropped by retention: judging begins there."),
        );
    }
    let (plans, segments, records, findings) = (plans.plans, found.segments, found.records, found.findings.len());
    context.say(
        &format!(
            "Đã đối chiếu {plans} lịch phát, {segments} đoạn nhật ký, {records} bản ghi, {files} tệp nội dung: {findings} chỗ không khớp."
        ),
        &format!(
            "Compared {plans} plans, {segments} segments, {records} records, {files} media files: {findings} disagreements."
        ),
    );
    if args.repair {
        repair(&rooms, &found, context).await?;
    }
    Ok(if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rows(findings: &[Finding], lang: Lang) -> Vec<Row<'_>> {
    findings
        .iter()
        .map(|f| Row {
            place: f.place.pick(lang),
            problem: f.problem.pick(lang),
            meaning: f.matter.meaning(lang),
            mend: f.matter.mend(lang),
        })
        .collect()
}

/// Sums the figures anew that differ, and says which.
async fn repair(rooms: &Rooms, found: &Audit, context: &Context) -> Result<(), AppError> {
    if let Err(refused) = audit::repair(&rooms.store, found).await? {
        return Err(AppError::Failed(format!("--repair: {refused}")));
    }
    for RollupMend { device, day, campaign, .. } in &found.mends {
        context.say(
            &format!("Đã tính lại: thiết bị {device}, ngày {day}, {campaign}."),
            &format!("Summed anew: device {device}, {day}, {campaign}."),
        );
    }
    context.say("Chạy lại `lichphat check` để xác nhận.", "Run `lichphat check` again to see that it agrees.");
    Ok(())
}

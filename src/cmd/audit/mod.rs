//! `lichphat audit`: plays that somebody goes to look at. Drawn at random, reported, judged.

mod draw;
mod result;

use super::{Context, rooms::Rooms};
use crate::directory::table::SourceFile;
use crate::error::AppError;
use crate::sampling::SamplingError;
use std::path::PathBuf;
use std::process::ExitCode;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Rút ngẫu nhiên các lượt phát cần xem: ngày đã qua thì rút từ lượt đã tính, từ ngày mai thì rút từ lịch phát (draw
    /// the plays to be looked at)
    Draw(draw::Args),
    /// Rút lại từ tệp và so sánh (draw again from a file and compare)
    Redraw(draw::Redraw),
    /// Ghi kết quả kiểm tra vào nhật ký (put what was found into the log)
    Record(Record),
    /// Kết luận của các lần rút mẫu (what the findings prove)
    Result(result::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Record {
    /// Danh sách đã điền kết quả, CSV (the list of a draw with its results)
    file: PathBuf,
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    match command {
        Command::Draw(args) => draw::run(args, context).await,
        Command::Redraw(args) => draw::again(&args, context).await,
        Command::Record(args) => record(&args, context).await,
        Command::Result(args) => result::run(&args, context).await,
    }
}

async fn record(args: &Record, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let name = args.file.display().to_string();
    let bytes = tokio::fs::read(&args.file).await.map_err(|error| AppError::io(name.as_str(), error))?;
    let reported = match rooms.sampling.report(SourceFile { name: &name, bytes: &bytes }).await {
        Err(SamplingError::File(problems)) => return Err(AppError::Failed(problems.text(context.lang))),
        reported => reported?,
    };
    let (new, unchanged, open) = (reported.new, reported.unchanged, reported.open);
    context.say(
        &format!("Đã ghi {new} kết quả mới, {unchanged} kết quả đã có từ trước, {open} dòng chưa có kết quả."),
        &format!("{new} new findings, {unchanged} that were there already, {open} lines without a result."),
    );
    for draw in &reported.draws {
        result::say(draw, &rooms.sampling.findings(draw).await?, context);
    }
    Ok(ExitCode::SUCCESS)
}

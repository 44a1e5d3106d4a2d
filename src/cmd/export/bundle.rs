//! `lichphat export bundle`: everything that one campaign's report rests on, for an auditor to take home.

use super::super::{Context, output, period::Period, rooms::Rooms};
use crate::error::AppError;
use crate::proof::bundle::Exporter;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::note::Note;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `lichphat export bundle`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Args {
    #[command(flatten)]
    period: Period,
    /// Điểm chốt mà kiểm tra viên giữ từ trước (a checkpoint that the auditor kept: the bundle shows that the log continues it)
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Tệp kết quả (file to write)
    #[arg(long, value_name = "B.zip")]
    out: PathBuf,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let days = args.period.days(context)?;
    let since = args.since.as_deref().map(|path| size_of(path, context)).transpose()?;
    let rooms = Rooms::open(context)?;
    let exporter = Exporter::new(&rooms.store, &rooms.log).await?;
    let city = rooms.city().await?;
    let (campaign, at) = (&args.period.campaign, exporter.head().at);
    let basis = rooms.reports.basis(&city.directory, &city.campaigns, campaign, days, at).await?;
    let file = output::NewFile::begin(&args.out)?;
    let (file, done) = exporter.export(basis, since, file).await?;
    file.finish()?;
    let (out, n, size) = (args.out.display(), done.screens, done.size);
    context.say(
        &format!("{out}: {n} màn hình, {} đoạn nhật ký, dựa trên điểm chốt {size} mục. Kiểm tra bằng: lichphat verify {out}", done.segments),
        &format!("{out}: {n} screens, {} segments, on the checkpoint of {size} entries. Check it with: lichphat verify {out}", done.segments),
    );
    Ok(ExitCode::SUCCESS)
}

/// Entries of a kept checkpoint. Whether it is this log's is the verifier's question.
fn size_of(path: &Path, context: &Context) -> Result<u64, AppError> {
    let text = std::fs::read_to_string(path).map_err(|e| AppError::io(format!("--since {}", path.display()), e))?;
    let checkpoint = Note::parse(&text).and_then(|note| Checkpoint::parse(&note.text));
    let path = path.display();
    let not_one = |e| {
        context.refused(
            format!("--since {path}: không phải điểm chốt ({e}); hãy đưa tệp mà /log/checkpoint đã trả lời"),
            format!("--since {path}: {e}; give the file that /log/checkpoint answered"),
        )
    };
    Ok(checkpoint.map_err(not_one)?.size)
}

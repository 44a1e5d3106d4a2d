//! `lichphat media add|list`: files into the library.

use super::{Context, output};
use crate::error::AppError;
use crate::library::{Given, MediaItem};
use lichphat_playlists::media::MediaKind;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Thêm tệp vào kho (add files; the same bytes twice are one file)
    Add {
        /// Tệp video, ảnh, âm thanh (files)
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Loại (what it is, where it cannot be measured)
        #[arg(long, value_enum)]
        kind: Option<Kind>,
        /// Thời lượng tính bằng giây tròn (booked length, whole seconds; needed for stills)
        #[arg(long, value_name = "N")]
        duration_s: Option<u32>,
        #[command(flatten)]
        output: output::Args,
    },
    /// Liệt kê kho (list the library)
    List {
        #[command(flatten)]
        output: output::Args,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Kind {
    Video,
    Still,
    Audio,
}

/// One line of the list.
#[derive(Debug, Serialize)]
struct Row {
    hash: String,
    kind: MediaKind,
    duration_s: u32,
    duration_ms: u64,
    size_bytes: u64,
    name: String,
    added: String,
}
const COLUMNS: &[&str] = &["hash", "kind", "duration_s", "duration_ms", "size_bytes", "name", "added"];

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    let store = context.open_store()?;
    let library = context.library(&store);
    let offset = context.settings.utc_offset();
    let row = |item: MediaItem| Row {
        hash: item.media.hash.hex(),
        kind: item.media.kind,
        duration_s: item.media.duration_s,
        duration_ms: item.duration_ms,
        size_bytes: item.media.size_bytes,
        name: item.name,
        added: item.added_ms.rfc3339(offset),
    };
    match command {
        Command::Add { files, kind, duration_s, output } => {
            let kind = kind.map(|kind| match kind {
                Kind::Video => MediaKind::Video,
                Kind::Still => MediaKind::Still,
                Kind::Audio => MediaKind::Audio,
            });
            let (mut added, mut failed) = (Vec::new(), 0);
            for file in &files {
                match library.add(file, Given { kind, duration_s, still_s: None }).await {
                    Ok(done) => added.push(row(done.item)),
                    Err(error) => {
                        failed += 1;
                        output::words(&format!("lichphat: {error}"));
                    }
                }
            }
            output::rows(context.lang, output.format, COLUMNS, &added)?;
            Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::List { output } => {
            let rows: Vec<Row> = library.list().await?.into_iter().map(row).collect();
            output::rows(context.lang, output.format, COLUMNS, &rows)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

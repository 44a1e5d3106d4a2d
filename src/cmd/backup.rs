//! `lichphat backup`: a whole copy of the data directory as it is now, beside a running server.

use super::Context;
use crate::backup::{Taken, Wanted, take};
use crate::error::AppError;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lichphat backup`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Thư mục chứa các bản sao lưu, tốt nhất trên máy hoặc ổ khác (directory of backups, best on another machine or disk)
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Sao lưu cả khoá riêng; ai có bản này ký được thay máy chủ (private keys, too: whoever has them signs as the server does)
    #[arg(long)]
    with_keys: bool,
    /// Chỉ giữ N bản mới nhất (forget all but the newest N) [default: all are kept]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let store = context.open_store()?;
    let settings =
        toml::to_string(&context.settings).map_err(|error| AppError::Failed(format!("settings: {error}")))?;
    let (data, clock) = (context.settings.data.clone(), context.clock.clone());
    let (out, keys, keep) = (args.out, args.with_keys, args.keep.map(usize::from));
    let work = tokio::task::spawn_blocking(move || {
        take(&store, &*clock, Wanted { data: &data, settings: &settings, keys }, &out, keep)
    });
    let taken = work.await.map_err(|error| AppError::Failed(format!("backup: {error}")))??;
    say(&taken, keys, context);
    Ok(if taken.changed_media.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn say(taken: &Taken, keys: bool, context: &Context) {
    let Taken { path, manifest, shared_bytes, changed_media, forgotten } = taken;
    let (path, files) = (path.display(), manifest.files.len());
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    let (all, new) = (mib(manifest.bytes()), mib(manifest.bytes() - shared_bytes));
    context.say(
        &format!("Đã sao lưu: {path} ({files} tệp, {all} MiB, trong đó {new} MiB mới; xoá {forgotten} bản cũ)."),
        &format!("Backed up: {path} ({files} files, {all} MiB, {new} of them new; {forgotten} old backups forgotten)."),
    );
    let keys_of = context.settings.data.join("keys");
    let keys_of = keys_of.display();
    if keys {
        context.say(
            "Bản này có khoá riêng: cất nơi chỉ người quản trị mở được.",
            "It holds the private keys: keep it where only administrators can open it.",
        );
    } else {
        context.say(
            &format!("Bản này không có khoá riêng: khi khôi phục phải có bản sao lưu riêng của {keys_of}."),
            &format!("It holds no private keys: a restore needs the keys' own backup, of {keys_of}."),
        );
    }
    for media in changed_media {
        context.say(
            &format!("Tệp nội dung đã bị sửa trước khi sao lưu: {media}; chạy lichphat check."),
            &format!("A media file had been changed before it was backed up: {media}; run lichphat check."),
        );
    }
}

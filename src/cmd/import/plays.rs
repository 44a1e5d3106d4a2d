//! `lichphat import plays`: another vendor's log, as a declaration.

use super::super::{Context, output};
use crate::directory::problem::Problems;
use crate::directory::table::SourceFile;
use crate::directory::{Directory, ScreenKind};
use crate::error::AppError;
use crate::exchange::log::{self, Known, Log};
use crate::exchange::mapping::Mapping;
use crate::exchange::out::Form;
use crate::exchange::{self, Brought, DeclaredStore, Rule, Taken};
use lichphat_playlists::ids::Sha256Hash;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `lichphat import plays`.
#[derive(Debug, clap::Args)]
#[group(skip)] // one group of this name comes with `output`
pub(super) struct Args {
    /// Tệp nhật ký (the log)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Mẫu tệp (its form; parquet is not read)
    #[arg(long = "as", value_enum)]
    form: Form,
    /// Tệp ánh xạ: cột, múi giờ, tên màn hình và nội dung (mapping; its keys: docs/imports.md)
    #[arg(long, value_name = "TOML")]
    map: Option<PathBuf>,
    /// Người nhập, được ghi lại (who brings it; kept with it) [default: $USER]
    #[arg(long)]
    by: Option<String>,
    /// Chỉ xem, không nhập (look only, take nothing)
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: output::Args,
}

/// The line of the result.
#[derive(Serialize)]
struct Row {
    import: Option<i64>,
    file: String,
    plays: usize,
    added: u32,
    known: u32,
    differing: u32,
    repeated: u32,
    skipped: u32,
    compared_only: usize,
}
const COLUMNS: &[&str] =
    &["import", "file", "plays", "added", "known", "differing", "repeated", "skipped", "compared_only"];

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let store = context.open_store()?;
    let rule = context.rule(&store).await?;
    let bytes = read(&args.file).await?;
    let log = parse(&args, &bytes, &rule, context).await?;
    let Log { plays, skipped, repeated } = log;
    let compared_only = plays.iter().filter(|p| is_managed(&rule.directory, &p.screen)).count();
    let all = plays.len();
    let (import, taken) = if args.dry_run {
        (None, store.would_take(plays).await?)
    } else {
        let by = person(args.by.clone(), context)?;
        let (hash, name) = (Sha256Hash::of(&bytes), args.file.display().to_string());
        let brought = Brought { hash, name, by, at: context.clock.now() };
        let (import, taken) = exchange::declare::declare(&store, brought, plays, &rule).await?;
        (Some(import), taken)
    };
    let Taken { added, known, differing } = taken;
    let file = args.file.display().to_string();
    output::rows(
        context.lang,
        args.output.format,
        COLUMNS,
        &[Row { import, file, plays: all, added, known, differing, repeated, skipped, compared_only }],
    )?;
    say(&args, &taken, compared_only, context);
    Ok(ExitCode::SUCCESS)
}

/// Who says so: the name given, or the one this machine knows.
pub(super) fn person(by: Option<String>, context: &Context) -> Result<String, AppError> {
    let by = by.or_else(|| std::env::var("USER").ok()).filter(|by| !by.trim().is_empty());
    by.ok_or_else(|| {
        context.refused("--by: hãy ghi tên người làm; tên được lưu lại", "--by: say who; the name is kept with it")
    })
}

async fn read(path: &Path) -> Result<Vec<u8>, AppError> {
    tokio::fs::read(path).await.map_err(|error| AppError::io(path.display().to_string(), error))
}

async fn parse(args: &Args, bytes: &[u8], rule: &Rule, context: &Context) -> Result<Log, AppError> {
    let refused = |problems: Problems| AppError::Failed(problems.text(context.lang));
    let mapping = match &args.map {
        None => Mapping::default(),
        Some(path) => {
            let name = path.display().to_string();
            Mapping::parse(SourceFile { name: &name, bytes: &read(path).await? }).map_err(refused)?
        }
    };
    let name = args.file.display().to_string();
    let known =
        Known { directory: &rule.directory, campaigns: &rule.campaigns, now: context.clock.now(), offset: rule.offset };
    log::read(args.form, SourceFile { name: &name, bytes }, &mapping, known).map_err(refused)
}

fn is_managed(directory: &Directory, screen: &lichphat_playlists::ids::ScreenCode) -> bool {
    directory.screen(screen).is_some_and(|s| s.kind == ScreenKind::Managed)
}

fn say(args: &Args, taken: &Taken, compared_only: usize, context: &Context) {
    let Taken { added, known, differing } = taken;
    if args.dry_run {
        context.say("Chỉ xem thử: chưa nhập gì", "A look only: nothing was taken");
    }
    context.say(
        &format!("{added} lượt mới do bên khác khai (chưa được chứng minh), {known} lượt đã có, không tính lại"),
        &format!("{added} new plays declared by others (not proven), {known} held already and not counted again"),
    );
    if *differing > 0 {
        context.say(
            &format!("{differing} lượt đã khai trước đây với độ dài khác: giữ lời khai đầu"),
            &format!("{differing} were declared before with another length: what was declared first stands"),
        );
    }
    if compared_only > 0 {
        context.say(
            &format!("{compared_only} lượt trên màn hình có thiết bị của mình: chỉ để đối chiếu, không tính"),
            &format!("{compared_only} on screens with a device of ours: to be compared (reconcile), never counted"),
        );
    }
}

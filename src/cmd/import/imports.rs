//! `lichphat import list` and `withdraw`: the logs of others that were brought, and taking one back.

use super::super::{Context, output};
use super::plays::person;
use crate::error::AppError;
use crate::exchange::{self, DeclaredStore, Import, Withdrawal};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `lichphat import list`.
#[derive(Debug, clap::Args)]
#[group(skip)] // one group of this name comes with `output`
pub(super) struct List {
    #[command(flatten)]
    output: output::Args,
}

/// Arguments of `lichphat import withdraw`.
#[derive(Debug, clap::Args)]
pub(super) struct Withdraw {
    /// Số của lần nhập; xem `import list` (number of the import)
    id: i64,
    /// Lý do, được ghi lại (why; kept with it)
    #[arg(long)]
    why: String,
    /// Người rút, được ghi lại (who says so; kept with it) [default: $USER]
    #[arg(long)]
    by: Option<String>,
}

/// One import.
#[derive(Serialize)]
struct Row {
    id: i64,
    file: String,
    by: String,
    at: String,
    plays: u32,
    state: &'static str,
    withdrawn_by: String,
    withdrawn_at: String,
    why: String,
    hash: String,
}
const COLUMNS: &[&str] = &["id", "file", "by", "at", "plays", "state", "withdrawn_by", "withdrawn_at", "why", "hash"];

/// `broken-off`: the same command again brings it to its end.
fn state(import: &Import) -> &'static str {
    match (&import.withdrawn, import.settled) {
        (_, false) => "broken-off",
        (None, true) => "stands",
        (Some(_), true) => "withdrawn",
    }
}

/// Lists.
pub(super) async fn list(args: &List, context: &Context) -> Result<ExitCode, AppError> {
    let offset = context.settings.utc_offset();
    let imports = context.open_store()?.imports().await?;
    let row = |import: &Import| {
        let (brought, withdrawn) = (&import.brought, import.withdrawn.as_ref());
        Row {
            id: import.id,
            file: brought.name.clone(),
            by: brought.by.clone(),
            at: brought.at.rfc3339(offset),
            plays: import.plays,
            state: state(import),
            withdrawn_by: withdrawn.map_or_else(String::new, |w| w.by.clone()),
            withdrawn_at: withdrawn.map_or_else(String::new, |w| w.at.rfc3339(offset)),
            why: withdrawn.map_or_else(String::new, |w| w.why.clone()),
            hash: brought.hash.hex(),
        }
    };
    output::rows(context.lang, args.output.format, COLUMNS, &imports.iter().map(row).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

/// Withdraws.
pub(super) async fn withdraw(args: Withdraw, context: &Context) -> Result<ExitCode, AppError> {
    let store = context.open_store()?;
    let id = args.id;
    let Some(import) = store.imports().await?.into_iter().find(|import| import.id == id) else {
        return Err(context.refused(
            format!("{id}: không có lần nhập nào mang số này; xem `lichphat import list`"),
            format!("{id}: is the number of no import; see `lichphat import list`"),
        ));
    };
    if let (Some(Withdrawal { by, why, .. }), true) = (&import.withdrawn, import.settled) {
        return Err(context.refused(
            format!("{id}: đã được {by} rút trước đó: {why}"),
            format!("{id}: was withdrawn before by {by}: {why}"),
        ));
    }
    let why = args.why.trim().to_owned();
    if why.is_empty() {
        return Err(context.refused(
            "--why: hãy ghi lý do; lý do được lưu cùng lần nhập",
            "--why: say why; it is kept with the import",
        ));
    }
    let withdrawal = Withdrawal { by: person(args.by, context)?, why, at: context.clock.now() };
    exchange::declare::withdraw(&store, id, withdrawal, &context.rule(&store).await?).await?;
    let (name, plays) = (&import.brought.name, import.plays);
    context.say(
        &format!("Đã rút lần nhập {id} ({name}): {plays} lượt không còn được tính, trừ lượt nào tệp khác cũng khai."),
        &format!("Withdrew import {id} ({name}): its {plays} plays count no more, but for those that another file declares, too."),
    );
    Ok(ExitCode::SUCCESS)
}

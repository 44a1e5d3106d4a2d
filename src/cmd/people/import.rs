//! `lichphat people import`: accounts and roles by CSV or TOML, as a whole or not at all.

use super::super::{Context, output};
use crate::directory::Directory;
use crate::directory::table::SourceFile;
use crate::error::AppError;
use crate::people::{Caller, Imported, People};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lichphat people import`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Args {
    /// Tệp CSV UTF-8: account,name,role,unit,from,to,decision
    file: PathBuf,
    #[command(flatten)]
    output: output::Args,
}

const COLUMNS: [&str; 3] = ["account", "name", "one_time_code"];

/// Runs the command: the one-time codes of new accounts are its data.
pub(super) async fn run(
    args: &Args,
    people: &People,
    directory: &Directory,
    context: &Context,
) -> Result<ExitCode, AppError> {
    let name = args.file.display().to_string();
    let bytes = std::fs::read(&args.file).map_err(|error| AppError::io(name.as_str(), error))?;
    let file = SourceFile { name: &name, bytes: &bytes };
    let done = people.import(&Caller::shell(), file, directory).await.map_err(super::refused(context))?;
    let Imported { new, granted, unchanged } = match done {
        Ok(done) => done,
        Err(problems) => return Err(AppError::Failed(problems.text(context.lang))),
    };
    let n = new.len();
    context.say(
        &format!(
            "{n} tài khoản mới, {granted} vai trò giao thêm, {unchanged} dòng không đổi. Mã một lần có hạn 3 ngày:"
        ),
        &format!(
            "{n} new accounts, {granted} more roles, {unchanged} rows unchanged. One-time codes, good for 3 days:"
        ),
    );
    output::rows(context.lang, args.output.format, &COLUMNS, &new)?;
    Ok(ExitCode::SUCCESS)
}

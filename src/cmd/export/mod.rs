//! `lichphat export`: what leaves as a file.

mod bundle;
mod plays;

use super::Context;
use crate::error::AppError;
use std::process::ExitCode;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Lượt phát, theo mẫu mà phần mềm khác đọc được (plays, in forms that other programs read)
    Plays(plays::Args),
    /// Gói bằng chứng cho kiểm tra viên, kiểm tra được không cần mạng (evidence of one campaign's report, to be checked offline)
    Bundle(bundle::Args),
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    match command {
        Command::Plays(args) => plays::run(args, context).await,
        Command::Bundle(args) => bundle::run(args, context).await,
    }
}

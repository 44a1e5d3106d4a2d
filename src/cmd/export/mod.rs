//! `lichphat export`: what leaves as a file.

mod bundle;
mod plays;

use super::Context;
use crate::error::AppError;
use std::process::ExitCode;

/// Arguments of `lichphat export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lượt phát, theo mẫu mà phần mềm khác đọc được (plays, in forms that other programs read)
    Plays(plays::Args),
    /// Gói bằng chứng cho kiểm tra viên, kiểm tra được không cần mạng (evidence of one campaign's report, to be checked offline)
    Bundle(bundle::Args),
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    match args.command {
        Command::Plays(args) => plays::run(args, context).await,
        Command::Bundle(args) => bundle::run(args, context).await,
    }
}

//! `lichphat peaks`: when most people are there, from counts in a file ([`file`]).

mod file;

use super::Context;
use crate::error::AppError;
use std::process::ExitCode;

/// Arguments of `lichphat peaks`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    file: file::Args,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    file::run(&args.file, context).await
}

//! `lichphat verify`: the auditor's program, under this one's roof. It opens nothing but the bundle.

use super::Context;
use crate::error::AppError;
use crate::lang::Lang;
use lichphat_verify::cli;
use std::process::ExitCode;

/// Arguments of `lichphat verify`.
pub(super) type Args = cli::Args;

/// Runs the command.
pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, AppError> {
    let lang = match context.lang {
        Lang::Vi => cli::Lang::Vi,
        Lang::En => cli::Lang::En,
    };
    Ok(cli::run(args, lang))
}

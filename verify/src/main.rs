//! `lichphat-verify`: checks a bundle on a laptop. Everything is in the library.

use clap::Parser;
use lichphat_verify::{cli, usage};
use std::process::ExitCode;

/// Kiểm tra một gói bằng chứng ngay trên máy của bạn, không cần mạng và không cần tin ai
/// (checks a bundle of evidence: no network, no trust in whoever made it).
#[derive(Debug, Parser)]
#[command(name = "lichphat-verify", version)]
struct Program {
    #[command(flatten)]
    args: cli::Args,
    /// Ngôn ngữ của lời báo (language)
    #[arg(long, value_enum, default_value_t)]
    lang: cli::Lang,
}

fn main() -> ExitCode {
    let Program { args, lang } = usage::parse();
    cli::run(&args, lang)
}

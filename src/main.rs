//! The central scheduler: thin main.

use std::process::ExitCode;

fn main() -> ExitCode {
    lichphat::cmd::main()
}

//! `directory_imports` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("directory_imports");

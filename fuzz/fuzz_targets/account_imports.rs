//! `account_imports` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("account_imports");

//! `settings` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("settings");

//! `declared_plays` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("declared_plays");

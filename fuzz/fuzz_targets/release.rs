//! `release` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("release");

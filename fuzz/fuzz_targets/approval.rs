//! `approval` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("approval");

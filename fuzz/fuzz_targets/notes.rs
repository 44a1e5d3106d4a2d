//! `notes` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("notes");

//! `segment` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("segment");

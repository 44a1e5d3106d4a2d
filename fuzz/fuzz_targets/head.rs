//! `head` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("head");

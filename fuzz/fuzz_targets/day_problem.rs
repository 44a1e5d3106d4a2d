//! `day_problem` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("day_problem");

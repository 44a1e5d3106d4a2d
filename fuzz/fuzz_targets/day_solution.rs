//! `day_solution` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("day_solution");

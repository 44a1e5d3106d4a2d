//! `device_bodies` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("device_bodies");

//! `bundles` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("bundles");

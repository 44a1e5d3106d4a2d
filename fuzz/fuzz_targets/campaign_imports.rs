//! `campaign_imports` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("campaign_imports");

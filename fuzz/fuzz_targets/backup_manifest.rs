//! `backup_manifest` under libFuzzer.
#![no_main]
lichphat_fuzz::program!("backup_manifest");

//! The central scheduler: who should show what, when; who did; and how one knows.
//!
//! Rooms, with streets that run one way (`tests/tidy.rs` enforces them):
//! directory -> people -> campaigns, library -> approval -> planning -> fleet -> proof -> exchange -> compliance -> report -> web.
//! `store` implements the rooms' ports, `cmd` wires everything together.

pub mod approval;
pub mod attention;
pub mod backup;
pub mod campaigns;
pub mod care;
pub mod certs;
pub mod clock;
pub mod cmd;
pub mod compliance;
pub mod config;
pub mod directory;
pub mod error;
pub mod exchange;
pub mod fleet;
pub mod keys;
pub mod lang;
pub mod library;
pub mod many;
pub mod notify;
pub mod once;
pub mod orders;
pub mod people;
pub mod planning;
pub mod proof;
pub mod report;
pub mod sampling;
pub mod sim;
pub mod store;
pub mod web;

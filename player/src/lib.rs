//! The agent on a screen: fetches signed playlists, shows what they say, and reports honestly
//! what was shown.
//!
//! [`core`] decides and touches nothing; everything else is its hands: [`sync`] and [`cache`] bring
//! documents and media, [`stage`] shows, [`journal`] remembers, [`uplink`] reports. [`agent`] ties
//! them together, for a real screen and for the scheduler's simulated fleet alike.

pub mod agent;
pub mod cache;
pub mod clock;
pub mod commands;
pub mod config;
#[cfg(feature = "stage-gstreamer")]
mod confine;
pub mod core;
#[cfg(feature = "stage-gstreamer")]
pub mod decoders;
pub mod display;
#[cfg(feature = "stage-gstreamer")]
pub mod doctor;
pub mod identity;
pub mod journal;
#[cfg(feature = "stage-gstreamer")]
pub mod local;
pub mod log;
pub mod machine;
pub mod meter;
#[cfg(feature = "stage-gstreamer")]
pub mod picture;
pub mod ports;
#[cfg(feature = "stage-gstreamer")]
pub mod probe;
#[cfg(feature = "stage-gstreamer")]
pub mod render;
pub mod sim_support;
pub mod stage;
pub mod sync;
pub mod trigger;
pub mod update;
pub mod uplink;
pub mod usb;

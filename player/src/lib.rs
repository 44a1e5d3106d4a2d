//! The agent on a screen.

#[cfg(feature = "stage-gstreamer")]
pub mod local;
#[cfg(feature = "stage-gstreamer")]
pub mod probe;
pub mod stage;

//! What a USB stick carries between the scheduler and screens that no network reaches: the same signed documents, under
//! the names by which [`super::device`] asks for them. Nothing on it is trusted for lying there: who reads it verifies
//! every signature and every hash, as from the network.
//!
//! | path below [`DIR`] | what | written by |
//! | --- | --- | --- |
//! | `screens/{screen}/index.json` | [`PlaylistIndex`](super::v1::PlaylistIndex): what the screen should hold; last of all | scheduler |
//! | `screens/{screen}/receipt` | the newest signed receipt of its device | scheduler |
//! | `screens/{screen}/asked` | the [`ProofsAsked`](super::proofs::ProofsAsked) of its device | player |
//! | `screens/{screen}/proofs-{n}` | the [`Proofs`](super::proofs::Proofs) that answer it, from 0, each the next question's | scheduler |
//! | `screens/{screen}/release-{arch}` | the signed [`Release`](super::release::Release) its player should have | scheduler |
//! | `screens/{screen}/segments/{device}-{epoch}-{first}` | a signed segment of records; by name in the order of the chain | player |
//! | `plans/{hash}`, `assets/{hash}`, `approvals/{hash}`, `media/{hash}` | as named, shared by all screens of the stick | scheduler |
//!
//! A file that is being written ends in `.part` and is nobody's until it has its name.

use crate::ids::{DeviceId, Epoch, ScreenCode, Seq};

/// The directory on the stick; whatever lies beside it is not ours.
pub const DIR: &str = "lichphat";

/// What concerns one screen.
pub fn screen(screen: &ScreenCode) -> String {
    format!("screens/{screen}")
}

/// The playlist index of a screen.
pub fn index(screen: &ScreenCode) -> String {
    format!("screens/{screen}/index.json")
}

/// The newest receipt of a screen's device.
pub fn receipt(screen: &ScreenCode) -> String {
    format!("screens/{screen}/receipt")
}

/// What a screen's device asks of the log.
pub fn asked(screen: &ScreenCode) -> String {
    format!("screens/{screen}/asked")
}

/// The log's answers to it begin with this name, in [`screen`]'s directory.
pub const PROOFS: &str = "proofs-";

/// The log's answer to it, by number from 0: what one has no room for, the next has.
pub fn proofs(screen: &ScreenCode, n: u16) -> String {
    format!("screens/{screen}/{PROOFS}{n:04}")
}

/// The release of the player that a screen should have, for one architecture.
pub fn release(screen: &ScreenCode, arch: &str) -> String {
    format!("screens/{screen}/release-{arch}")
}

/// Where a screen's device leaves its segments.
pub fn segments(screen: &ScreenCode) -> String {
    format!("screens/{screen}/segments")
}

/// One segment.
pub fn segment(screen: &ScreenCode, device: DeviceId, epoch: Epoch, first: Seq) -> String {
    format!("{}/{:010}-{:010}-{:020}", segments(screen), device.0, epoch.0, first.0)
}

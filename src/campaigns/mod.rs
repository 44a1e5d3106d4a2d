//! Campaigns: what orders, contracts and units want played, on which screens, how often, until when.
//!
//! Invariants:
//! * an order in force is amended, never edited; a number is raised, never lowered, and only from today on;
//! * a screen is bound by the line of the order that names its nearest unit;
//! * no clock, file or store in here: bytes and the present are arguments.

mod check;
mod directive;
mod document;
mod import;
mod local;
mod period;
mod product;
mod snapshot;
mod target;
#[cfg(test)]
mod tests;

pub use directive::{
    Amendment, AmendmentKind, ContentClass, Declared, Directive, DirectiveKind, InPlace, LegalBasis, Override, Suspend,
    SuspendedDays, Windows,
};
pub use document::documentation;
pub use import::{Context, directive, programme};
pub use local::{Contract, Fallback, FixedItem, LocalProgramme, LoopItem};
pub use period::{Period, Phase, Raised};
pub use product::{Form, Product, Variant};
pub use snapshot::{CampaignBatch, CampaignChange, Campaigns, LoopEntry};
pub use target::{Bound, Force, Place, Target};

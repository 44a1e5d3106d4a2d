//! The compliance room: quota + plan + proof -> figures one can check.
//!
//! Invariants: this room writes nothing; what was played it takes from proof alone, and what others declare stands beside
//! it and never in it; every figure can be walked back to the records it counts; `met + short` is the number of targeted
//! screens on duty.

mod report;
pub mod rows;
pub mod screen_day;

pub use lichphat_playlists::figures::{
    Basis, DayFacts, PENDING_DAYS, Period, QuotaUnit, Report, ScreenFacts, ScreenLine, Standing, Totals, UnitLine,
};
pub use report::Reports;

use async_trait::async_trait;
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::proof::declared::Declared;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::BTreeMap;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum ComplianceError {
    /// No such campaign.
    #[error("campaign {0}: is not known; `lichphat import directives` shows those that are")]
    NoSuchCampaign(CampaignCode),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
}

/// What a device of a screen has said of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Simulated?
    pub simulated: bool,
    /// End of its newest record that the store holds.
    pub reported_until: Option<UtcMillis>,
    /// Newest heartbeat.
    pub heard: Option<UtcMillis>,
}

/// What the store must do for this room; reads only.
#[async_trait]
pub trait ComplianceStore: Send + Sync {
    /// Facts of one campaign by screen and day, `from` to `to` included: newest plans and rollups.
    async fn days(
        &self,
        campaign: &CampaignCode,
        from: LocalDay,
        to: LocalDay,
    ) -> Result<BTreeMap<ScreenCode, BTreeMap<LocalDay, DayFacts>>, ComplianceError>;
    /// What others declare of one screen and day, by campaign.
    async fn declared_on(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
    ) -> Result<BTreeMap<CampaignCode, Declared>, ComplianceError>;
    /// Every screen that ever had a device.
    async fn devices(&self) -> Result<BTreeMap<ScreenCode, DeviceFacts>, ComplianceError>;
}

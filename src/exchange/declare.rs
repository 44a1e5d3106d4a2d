//! Declared plays: what keeps them asks, and the rule they are held to.

use super::log::LogPlay;
use crate::campaigns::{Campaigns, ContentClass};
use crate::directory::{Directory, Screen, ScreenKind};
use crate::error::StoreError;
use async_trait::async_trait;
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::proof::declared::{Declared, DeclaredPlay, DeclaredTerms, judge_day};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::BTreeMap;

/// A log that is to be kept.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its plays.
    pub plays: Vec<LogPlay>,
    /// SHA-256 of the file.
    pub hash: Sha256Hash,
    /// The file's name as the person gave it.
    pub name: String,
    /// Who brings it.
    pub by: String,
    /// When.
    pub at: UtcMillis,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Plays that were new.
    pub added: u32,
    /// Plays that were held already.
    pub known: u32,
    /// Of them, those held with another end: what was declared first stands.
    pub differing: u32,
}

/// A declared play as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPlay {
    /// The play.
    pub play: DeclaredPlay,
    /// The medium as the log calls it.
    pub media: String,
    /// File and line it stands in: `log.csv:12`.
    pub place: String,
}

/// What the store must do for this room; each call is one transaction.
#[async_trait]
pub trait DeclaredStore: Send + Sync {
    /// What keeping these plays would do; nothing is written.
    async fn would_take(&self, plays: Vec<LogPlay>) -> Result<Taken, StoreError>;
    /// Keeps the plays that are not held yet, remembers who brought them, and works out anew the figures of every day
    /// that the log touches.
    async fn declare(&self, declaration: Declaration, rule: Rule) -> Result<Taken, StoreError>;
    /// What is declared of a screen from an instant to before another, in order of time.
    async fn declared(&self, screen: &ScreenCode, from: UtcMillis, to: UtcMillis) -> Result<Vec<HeldPlay>, StoreError>;
}

/// The terms declared plays are held to: the city as it is when they come in.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Screens, duty, peaks.
    pub directory: Directory,
    /// Orders and contracts.
    pub campaigns: Campaigns,
    /// Offset of local time.
    pub offset: UtcOffset,
}

impl Rule {
    /// How the plays of a screen's day stand; `plays` are those of the day and of the day before.
    pub fn judge(&self, screen: &Screen, day: LocalDay, plays: &[DeclaredPlay]) -> Vec<(DeclaredPlay, Standing)> {
        let terms = [day.previous(), day].map(|day| (day, self.terms_on(screen, day)));
        let of = |campaign: &CampaignCode, on: LocalDay| {
            terms.iter().find(|(day, _)| *day == on).and_then(|(_, terms)| terms.get(campaign)).cloned()
        };
        judge_day(plays, day, self.offset, of)
    }

    /// Figures of a screen's day by campaign. Only of a screen on which somebody else plays: what is declared of one with
    /// a device of ours is there to be compared, and counts for nothing.
    pub fn figures(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
        plays: &[DeclaredPlay],
    ) -> BTreeMap<CampaignCode, Declared> {
        let mut figures: BTreeMap<CampaignCode, Declared> = BTreeMap::new();
        let screen = self.directory.screen(screen).filter(|s| s.kind == ScreenKind::ThirdParty);
        for (play, standing) in screen.map(|s| self.judge(s, day, plays)).unwrap_or_default() {
            figures.entry(play.campaign).or_default().add(standing);
        }
        figures
    }

    /// What each order and contract asks of a screen on a day.
    fn terms_on(&self, screen: &Screen, day: LocalDay) -> BTreeMap<CampaignCode, DeclaredTerms> {
        let (directory, campaigns) = (&self.directory, &self.campaigns);
        let terms = |length_s: u32, min_gap_s: u32, windows| DeclaredTerms {
            booked_ms: length_s * 1000,
            min_gap_s: min_gap_s.max(length_s),
            windows,
        };
        let orders = campaigns.orders_on(directory, screen, day).filter_map(|(order, _, _)| {
            let length_s = order.product.as_ref()?.length_s;
            let windows = campaigns.windows_on(directory, order, screen, day);
            Some((order.campaign(), terms(length_s, order.min_gap_s, windows)))
        });
        let contracts = campaigns.contracts_on(directory, screen, day).map(|(contract, _)| {
            let off = campaigns.suspended_on(directory, screen, day).off(ContentClass::Contract);
            let duty = directory.duty(screen, day);
            let windows = if contract.windows.is_empty() { duty } else { contract.windows.0.intersect(&duty) };
            (contract.code.clone(), terms(contract.product.length_s, contract.min_gap_s, windows.minus(&off)))
        });
        orders.chain(contracts).collect()
    }
}

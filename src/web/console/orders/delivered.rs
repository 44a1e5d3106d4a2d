//! How an order gets to its screens, gathered in the background: from the sums of its days until enough screens have played it, and
//! of a fleet of some size to the minute from their records.

use super::super::ConsoleError;
use super::super::data::{City, Console};
use super::super::fresh::{Fresh, Pace};
use crate::campaigns::{Directive, DirectiveKind};
use crate::compliance::ComplianceStore;
use crate::directory::ScreenKind;
use crate::orders::delivery::{Delivery, First, SHARE_PERCENT, delivery};
use crate::proof::evidence::{EvidenceStore, screen_day};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

/// Of so many screens the records are read; beyond, a screen counts from the end of its first day on.
const EXACT: usize = 300;
/// Days after the first that are looked at.
const DAYS: u32 = 45;
/// How often it is worked out, and how long a page waits.
const PACE: Pace = Pace { fresh_ms: 60_000, rests: 0, patience_ms: 150 };

impl Console {
    /// How an order that has begun gets to its screens; none: it has not, it plays nothing, or this is being worked out.
    pub(in crate::web) async fn delivery(
        &self,
        city: &Arc<City>,
        order: &Directive,
    ) -> Result<Option<Arc<Delivery>>, ConsoleError> {
        let (now, today) = self.today();
        if order.kind != DirectiveKind::Play || today < order.from {
            return Ok(None);
        }
        let fresh = {
            let mut all = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.get_or_insert(order.code.clone(), Fresh::new))
        };
        let work = Work {
            compliance: Arc::clone(&self.compliance),
            evidence: Arc::clone(&self.evidence),
            city: Arc::clone(city),
            order: order.clone(),
            now,
            today,
            offset: self.offset,
        };
        let tag = (city.directory.revision, city.campaigns.revision, today);
        // it bears no time of its own: an older one is not shown
        let seen = fresh.soon(tag, (&self.clock, PACE), work.run()).await?;
        Ok(seen.filter(|seen| !seen.newer).map(|seen| seen.value))
    }
}

struct Work {
    compliance: Arc<dyn ComplianceStore>,
    evidence: Arc<dyn EvidenceStore>,
    city: Arc<City>,
    order: Directive,
    now: UtcMillis,
    today: LocalDay,
    offset: UtcOffset,
}

impl Work {
    async fn run(self) -> Result<Delivery, ConsoleError> {
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || runtime.block_on(self.make()))
            .await
            .map_err(|e| ConsoleError::Internal(e.to_string()))?
    }

    async fn make(self) -> Result<Delivery, ConsoleError> {
        let (directory, order) = (&self.city.directory, &self.order);
        let ours = directory.screens().filter(|s| s.kind == ScreenKind::Managed);
        let ours = ours.filter(|s| order.binds(directory, s, order.from).is_some());
        let screens: BTreeSet<ScreenCode> = ours.map(|s| s.code.clone()).collect();
        let first_days = self.first_days(&screens).await?;
        let mut firsts = Vec::new();
        for (screen, day) in &first_days {
            let at = if first_days.len() <= EXACT { self.first_play(screen, *day).await? } else { None };
            let latest = day.next().start(self.offset).min(self.now);
            firsts.push(First { by: at.unwrap_or(latest), exact: at.is_some() });
        }
        let screens = u32::try_from(screens.len()).unwrap_or(u32::MAX);
        Ok(delivery(screens, &firsts, order.from.start(self.offset), self.now))
    }

    /// The first day with a counted play of each screen; no day is looked at after enough of them have one.
    async fn first_days(&self, screens: &BTreeSet<ScreenCode>) -> Result<BTreeMap<ScreenCode, LocalDay>, ConsoleError> {
        let mut found = BTreeMap::new();
        let last = self.today.min(self.order.from.plus(DAYS));
        for day in self.order.from.through(last) {
            let facts = self.compliance.days(&self.order.campaign(), day, day).await?;
            for (screen, days) in facts {
                if screens.contains(&screen) && days.values().any(|facts| facts.counts.counted > 0) {
                    found.entry(screen).or_insert(day);
                }
            }
            if found.len() * 100 >= screens.len() * SHARE_PERCENT as usize {
                break;
            }
        }
        Ok(found)
    }

    async fn first_play(&self, screen: &ScreenCode, day: LocalDay) -> Result<Option<UtcMillis>, ConsoleError> {
        let (records, campaign) = (screen_day(&*self.evidence, screen, day, self.offset).await?, self.order.campaign());
        let counted = records
            .records
            .iter()
            .filter(|r| r.campaign == campaign && matches!(r.standing, Standing::Counted { within: true, .. }));
        Ok(counted.map(|r| r.record.end).min())
    }
}

//! The dry run behind the preflight page: made in the background, kept until something changes.

use super::ConsoleError;
use super::data::{City, Console};
use super::fresh::{Fresh, Pace, STALE_MS, trim};
use crate::approval;
use crate::campaigns::{CampaignBatch, CampaignChange, Directive};
use crate::library::LibraryStore;
use crate::people::AccountCode;
use crate::planning::preflight::{Preflight, Question, preflight};
use crate::planning::{PlanStore, World};
use lichphat_playlists::ids::{DirectiveCode, MediaHash, Sha256Hash};
use lichphat_playlists::media::Media;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// Days looked at.
const DAYS: u32 = 7;
/// Beyond so many screens one day is looked at.
const MANY_SCREENS: usize = 2_000;
/// How often one is made anew, and how long a page waits before it says that the answer is being worked out.
const PACE: Pace = Pace { fresh_ms: STALE_MS, rests: 0, patience_ms: 200 };
/// Dry runs that are kept; one of a large fleet has megabytes.
const KEPT: usize = 8;

/// A dry run of an order over the days to come.
#[derive(Debug)]
pub(in crate::web) struct Preview {
    pub(in crate::web) answer: Preflight,
    /// First and last day looked at.
    pub(super) days: (LocalDay, LocalDay),
    /// For the number of screens only one day was looked at.
    pub(super) only: bool,
    pub(super) made: UtcMillis,
}

/// An order that is in force, or the hash of one that somebody only thinks of.
pub(super) type PreviewKey = (DirectiveCode, Option<Sha256Hash>);

impl Console {
    /// The dry run of an order that has days to come; none while it is being worked out.
    pub(in crate::web) async fn preview(
        &self,
        city: &Arc<City>,
        directive: &Directive,
        who: &AccountCode,
    ) -> Result<Option<Arc<Preview>>, ConsoleError> {
        self.preview_as((directive.code.clone(), None), city, (directive, directive.from), who).await
    }

    /// The same of an order as it would be `since` a day, on which something of it is to be another: it takes the place of the one of
    /// its code.
    pub(in crate::web) async fn preview_of(
        &self,
        city: &Arc<City>,
        (directive, since): (&Directive, LocalDay),
        who: &AccountCode,
    ) -> Result<Option<Arc<Preview>>, ConsoleError> {
        let text = crate::orders::text(directive).map_err(ConsoleError::Internal)?;
        let key = (directive.code.clone(), Some(Sha256Hash::of(format!("{since}\n{text}").as_bytes())));
        self.preview_as(key, city, (directive, since), who).await
    }

    async fn preview_as(
        &self,
        key: PreviewKey,
        city: &Arc<City>,
        (directive, since): (&Directive, LocalDay),
        who: &AccountCode,
    ) -> Result<Option<Arc<Preview>>, ConsoleError> {
        let (now, today) = self.today();
        let thought = key.1.is_some();
        let fresh = {
            let mut all = self.previews.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = Arc::clone(all.get_or_insert(key, Fresh::new));
            trim(&mut all, KEPT);
            fresh
        };
        let work = Work {
            thought,
            city: Arc::clone(city),
            directive: directive.clone(),
            plans: Arc::clone(&self.plans),
            media: Arc::clone(&self.media),
            from: since.max(today),
            now,
            offset: self.offset,
        };
        let tag = (city.directory.revision, city.campaigns.revision, today);
        let (turns, who) = (self.order_turns.clone(), who.clone());
        let make = async move {
            let runtime = tokio::runtime::Handle::current();
            turns.take(&who, move || runtime.block_on(work.make())).await?
        };
        let seen = fresh.soon(tag, (&self.clock, PACE), make).await?;
        Ok(seen.filter(|seen| !seen.newer).map(|seen| seen.value))
    }
}

/// Seconds of work for a large fleet, so never on a thread that answers.
struct Work {
    /// It is what somebody thinks of, not what is in force.
    thought: bool,
    city: Arc<City>,
    directive: Directive,
    plans: Arc<dyn PlanStore>,
    media: Arc<dyn LibraryStore>,
    /// The first day to look at.
    from: LocalDay,
    now: UtcMillis,
    offset: UtcOffset,
}

impl Work {
    async fn make(self) -> Result<Preview, ConsoleError> {
        let items = self.media.media_list().await?;
        let media: BTreeMap<MediaHash, Media> = items.into_iter().map(|m| (m.media.hash, m.media)).collect();
        let thought = self.thought.then(|| {
            let mut campaigns = self.city.campaigns.clone();
            let changes = vec![CampaignChange::Directive(Box::new(self.directive.clone()))];
            campaigns.apply(CampaignBatch { changes });
            campaigns
        });
        let (directory, campaigns) = (&self.city.directory, thought.as_ref().unwrap_or(&self.city.campaigns));
        let drafts = approval::drafts(campaigns, &media);
        let permissions = &(*self.city.permissions).clone().granting(drafts, directory);
        let world = World { directory, campaigns, media: &media, permissions };
        let (days, only) = self.days();
        let (Some(&first), Some(&last)) = (days.first(), days.last()) else {
            return Err(ConsoleError::NotFound);
        };
        let basis = world.basis_of(&*self.plans, &days, (self.now, self.offset), |_| false).await?;
        let answer = preflight(&Question { world, directive: &self.directive, days: &days }, &basis)?;
        Ok(Preview { answer, days: (first, last), only, made: self.now })
    }

    /// The next days of the order; of very many screens the one on which most of them are on duty.
    fn days(&self) -> (Vec<LocalDay>, bool) {
        let directory = &self.city.directory;
        let Some((first, last)) = self.directive.periods().into_iter().find(|(_, last)| *last >= self.from) else {
            return (Vec::new(), false);
        };
        let from = first.max(self.from);
        let days: Vec<LocalDay> = from.through(last.min(from.plus(DAYS - 1))).collect();
        let bound = |s: &&crate::directory::Screen| self.directive.binds(directory, s, from).is_some();
        if directory.screens().filter(bound).count() <= MANY_SCREENS {
            return (days, false);
        }
        let on_duty = |d: &LocalDay| directory.screens().filter(|s| directory.operating(s, *d)).count();
        let busiest = days.into_iter().max_by_key(|d| (on_duty(d), std::cmp::Reverse(*d)));
        (busiest.into_iter().collect(), true)
    }
}

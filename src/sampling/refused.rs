//! Plays that do not count, each with its reason: found again from the sums by the records that they are of. The same question over the
//! same entries of the log gives the same answer, whatever comes in later.

use super::{Sampling, SamplingError};
use crate::compliance::ComplianceStore;
use crate::proof::evidence::screen_day;
use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, ScreenCode, Seq};
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::BTreeMap;

/// A screen's day.
pub type ScreenDay = (ScreenCode, LocalDay);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedQuery {
    /// The campaign.
    pub campaign: CampaignCode,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// Only those of this stable code.
    pub reason: Option<String>,
    /// Only what stands in the first so many entries of the log.
    pub size: u64,
    /// From after this screen and day on; from the first when there is none.
    pub after: Option<ScreenDay>,
}

/// A play that was refused, or of which there is no telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedPlay {
    /// The screen.
    pub screen: ScreenCode,
    /// The day it is rolled up under.
    pub day: LocalDay,
    /// First frame.
    pub start: UtcMillis,
    /// End of the last frame.
    pub end: UtcMillis,
    /// Stable code of why.
    pub reason: String,
    /// There is no telling; else it does not count.
    pub unclear: bool,
    /// The record's name: who saw it.
    pub device: DeviceId,
    /// Its epoch then.
    pub epoch: Epoch,
    /// The record's number.
    pub seq: Seq,
    /// The entry of the log that holds it.
    pub log_index: u64,
}

/// Some of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefusedPlays {
    /// Plays, in order of screen, day and start.
    pub plays: Vec<RefusedPlay>,
    /// Where to go on.
    pub next: Option<ScreenDay>,
    /// What the sums of now say, by reason, whatever the log held when the question was asked first.
    pub sums: BTreeMap<String, u64>,
}

impl Sampling {
    /// Finds them on the screens that `wanted` lets through, until there are `most` and the screen's day is done.
    pub async fn refused(
        &self,
        query: &RefusedQuery,
        wanted: impl Fn(&ScreenCode) -> bool + Send,
        most: usize,
    ) -> Result<RefusedPlays, SamplingError> {
        let store: &dyn ComplianceStore = &*self.store;
        let days = store.days(&query.campaign, query.from, query.to).await?;
        let mut found = RefusedPlays::default();
        let mut pairs: Vec<ScreenDay> = Vec::new();
        for (screen, days) in days.into_iter().filter(|(screen, _)| wanted(screen)) {
            for (day, facts) in days {
                let fits = |code: &str| query.reason.as_deref().is_none_or(|reason| reason == code);
                for (code, n) in facts.counts.reasons.iter().filter(|(code, _)| fits(code)) {
                    *found.sums.entry(code.clone()).or_default() += u64::from(*n);
                }
                if facts.counts.reasons.keys().any(|code| fits(code)) {
                    pairs.push((screen.clone(), day));
                }
            }
        }
        let rest = pairs.into_iter().filter(|pair| query.after.as_ref().is_none_or(|after| pair > after));
        let mut last = None;
        for pair in rest {
            if found.plays.len() >= most {
                found.next = last;
                break;
            }
            found.plays.extend(self.refused_of(query, &pair).await?);
            last = Some(pair);
        }
        Ok(found)
    }

    async fn refused_of(
        &self,
        query: &RefusedQuery,
        (screen, day): &ScreenDay,
    ) -> Result<Vec<RefusedPlay>, SamplingError> {
        let evidence = screen_day(&*self.store, screen, *day, self.offset).await?;
        let judged = evidence.records.iter().filter(|j| j.campaign == query.campaign && j.log_index < query.size);
        let mut plays: Vec<RefusedPlay> = judged
            .filter_map(|judged| {
                let (reason, unclear) = match judged.standing {
                    Standing::Counted { .. } => return None,
                    Standing::NotCounted(reason) => (reason.code(), false),
                    Standing::Unknown(doubt) => (doubt.code().to_owned(), true),
                };
                Some(RefusedPlay {
                    screen: screen.clone(),
                    day: *day,
                    start: judged.record.start,
                    end: judged.record.end,
                    reason,
                    unclear,
                    device: judged.device,
                    epoch: judged.epoch,
                    seq: judged.seq,
                    log_index: judged.log_index,
                })
            })
            .filter(|play| query.reason.as_ref().is_none_or(|reason| *reason == play.reason))
            .collect();
        plays.sort_by_key(|play| (play.start, play.device, play.epoch, play.seq));
        Ok(plays)
    }
}

//! From a question to a draw: the population out of the figures, then what an inspector needs of each play drawn.

use super::{Sampling, SamplingError};
use crate::campaigns::Campaigns;
use crate::compliance::ComplianceStore;
use crate::directory::{Directory, Link, Screen, ScreenKind};
use crate::proof::evidence::screen_day;
use lichphat_playlists::ids::{CampaignCode, MediaHash, PlanHash, ScreenCode};
use lichphat_playlists::media::Media;
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::proof::sample::{Aim, Draw, Item, Kind, Population, Record, SCHEMA, ScreenCounts, indices};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The campaign.
    pub campaign: CampaignCode,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// What the sample is to show.
    pub aim: Aim,
    /// What the public gave.
    pub seed: String,
}

/// Where a draw is not what the store would give now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The screen.
    pub screen: ScreenCode,
    /// The day.
    pub day: LocalDay,
    /// In the draw.
    pub drawn: String,
    /// Now.
    pub now: String,
}

/// One play, before it is an item.
struct Play {
    start: UtcMillis,
    length_s: u32,
    variant: String,
    media: MediaHash,
    plan: PlanHash,
    record: Option<Record>,
}

/// The plays drawn of one screen and day: turn, number, place among the day's plays.
type OfDay = Vec<(u32, u64, u32)>;

impl Sampling {
    /// Draws and keeps the draw; the same question on the same population with the same seed gives the draw that is kept.
    /// The answer names, beside it, the earlier draws with this seed.
    pub async fn draw(
        &self,
        (directory, campaigns): (&Directory, &Campaigns),
        names: &BTreeMap<MediaHash, String>,
        question: Question,
    ) -> Result<(Draw, Vec<Draw>), SamplingError> {
        let Question { campaign, from, to, aim, seed } = question;
        Draw::check_question(&aim, &seed, (from, to))?;
        let now = self.clock.now();
        let kind = self.kind((from, to), now)?;
        let population = self.population(&campaign, kind, (from, to)).await?;
        if population.size == 0 {
            return Err(SamplingError::Nothing { campaign, kind, from, to });
        }
        let mut draw = Draw {
            schema: SCHEMA.to_owned(),
            left_out: left_out(directory, campaigns, &campaign, (from, to)),
            checkpoint: self.store.newest_checkpoint().await?,
            of_any: aim.size(population.size).of_any,
            offset_min: self.offset,
            drawn_ms: now,
            items: Vec::new(),
            campaign,
            kind,
            from,
            to,
            aim,
            seed,
            population,
        };
        let before: Vec<Draw> = self.store.draws().await?.into_iter().filter(|d| d.seed == draw.seed).collect();
        let (same, others): (Vec<Draw>, Vec<Draw>) = before.into_iter().partition(|d| {
            d.aim == draw.aim && d.population == draw.population && (d.from, d.to) == (draw.from, draw.to)
        });
        if let Some(kept) = same.into_iter().next() {
            return Ok((kept, others));
        }
        draw.items = self.items(directory, names, &draw).await?;
        self.store.keep_draw(&draw).await?;
        Ok((draw, others))
    }

    /// Draws it again out of what the store holds now, and says where that differs.
    pub async fn redraw(
        &self,
        directory: &Directory,
        names: &BTreeMap<MediaHash, String>,
        draw: &Draw,
    ) -> Result<Vec<Difference>, SamplingError> {
        let now = self.population(&draw.campaign, draw.kind, (draw.from, draw.to)).await?;
        let plays = |p: &Population| -> BTreeMap<(ScreenCode, LocalDay), u32> {
            let days = p.screens.iter().flat_map(|s| s.plays.iter().zip(0..).map(move |(n, day)| (&s.screen, day, *n)));
            days.map(|(screen, day, n)| ((screen.clone(), draw.from.plus(day)), n)).filter(|(_, n)| *n > 0).collect()
        };
        let (before, after) = (plays(&draw.population), plays(&now));
        let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
        keys.sort();
        keys.dedup();
        let n = |all: &BTreeMap<_, u32>, key| format!("{} plays", all.get(key).copied().unwrap_or(0));
        let differs = |key: &&(ScreenCode, LocalDay)| before.get(*key) != after.get(*key);
        let mut found: Vec<Difference> = keys
            .into_iter()
            .filter(differs)
            .map(|key| {
                let (screen, day) = key.clone();
                Difference { screen, day, drawn: n(&before, key), now: n(&after, key) }
            })
            .collect();
        if found.is_empty() {
            let items = self.items(directory, names, draw).await?;
            let said = |i: &Item| format!("{} {} {}", i.start_ms.rfc3339(draw.offset_min), i.media, i.plan);
            for (was, is) in draw.items.iter().zip(&items).filter(|(was, is)| said(was) != said(is)) {
                let (screen, day) = (was.screen.clone(), was.day);
                found.push(Difference { screen, day, drawn: said(was), now: said(is) });
            }
        }
        Ok(found)
    }

    fn kind(&self, (from, to): (LocalDay, LocalDay), now: UtcMillis) -> Result<Kind, SamplingError> {
        let today = now.day(self.offset);
        match (from > today, to < today) {
            (true, _) => Ok(Kind::Planned),
            (_, true) => Ok(Kind::Counted),
            _ => Err(SamplingError::Days { from, to, today }),
        }
    }

    /// What the figures say: plays planned, or counted toward the quota, of each screen and day.
    async fn population(
        &self,
        campaign: &CampaignCode,
        kind: Kind,
        (from, to): (LocalDay, LocalDay),
    ) -> Result<Population, SamplingError> {
        let facts = ComplianceStore::days(&*self.store, campaign, from, to).await?;
        let plays = |days: &BTreeMap<LocalDay, crate::compliance::DayFacts>| -> Vec<u32> {
            let of =
                |day| days.get(&day).map_or(0, |f| if kind == Kind::Planned { f.planned } else { f.counts.counted });
            from.through(to).map(of).collect()
        };
        let screens = facts.iter().map(|(screen, days)| ScreenCounts { screen: screen.clone(), plays: plays(days) });
        let screens = screens.filter(|s| s.plays.iter().any(|n| *n > 0)).collect();
        Ok(Population::new(campaign, kind, (from, to), screens))
    }

    async fn items(
        &self,
        directory: &Directory,
        names: &BTreeMap<MediaHash, String>,
        draw: &Draw,
    ) -> Result<Vec<Item>, SamplingError> {
        let p = &draw.population;
        let mut drawn: BTreeMap<(&ScreenCode, LocalDay), OfDay> = BTreeMap::new();
        for (index, n) in indices(&draw.seed, p.hash, p.size, draw.aim.size(p.size).drawn).into_iter().zip(1..) {
            if let Some((screen, day, nth)) = p.at(index) {
                drawn.entry((screen, draw.from.plus(day))).or_default().push((n, index, nth));
            }
        }
        let mut items = Vec::new();
        for ((code, day), of_day) in drawn {
            let plays = match draw.kind {
                Kind::Planned => self.planned(code, day, &draw.campaign).await?,
                Kind::Counted => self.counted(code, day, &draw.campaign).await?,
            };
            let screen = directory.screen(code);
            for (n, index, nth) in of_day {
                let differs = || SamplingError::Differs { screen: code.clone(), day };
                let play = plays.get(nth as usize).ok_or_else(differs)?;
                items.push(Item {
                    n,
                    index,
                    screen: code.clone(),
                    name: screen.map_or_else(|| code.to_string(), |s| s.name.clone()),
                    place: screen.map_or_else(String::new, |s| place(directory, s, day)),
                    day,
                    start_ms: play.start,
                    length_s: play.length_s,
                    variant: play.variant.clone(),
                    media: play.media,
                    media_name: names.get(&play.media).cloned().unwrap_or_default(),
                    media_file: self.file(play.media),
                    plan: play.plan,
                    record: play.record,
                });
            }
        }
        items.sort_by_key(|item| item.index);
        Ok(items)
    }

    /// Where the file lies below the data directory, when it is there.
    fn file(&self, media: MediaHash) -> Option<String> {
        let hex = media.hex();
        self.files.path(media).is_file().then(|| format!("media/{}/{hex}", &hex[..2]))
    }

    async fn planned(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
        campaign: &CampaignCode,
    ) -> Result<Vec<Play>, SamplingError> {
        let Some(plan) = self.store.newest(screen, day).await? else { return Ok(Vec::new()) };
        let asset = |item: u16| plan.assets.assets.get(usize::from(item)).filter(|a| a.code == *campaign);
        let play = |slot: &lichphat_playlists::wire::v1::Slot| {
            let asset = asset(slot.item)?;
            let Media { hash, duration_s, .. } = asset.media;
            Some(Play {
                start: day.at(slot.start_s, plan.playlist.offset_min),
                length_s: duration_s,
                variant: asset.variant.clone(),
                media: hash,
                plan: plan.head.hash,
                record: None,
            })
        };
        Ok(plan.playlist.slots.iter().filter_map(play).collect())
    }

    async fn counted(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
        campaign: &CampaignCode,
    ) -> Result<Vec<Play>, SamplingError> {
        let evidence = screen_day(&*self.store, screen, day, self.offset).await?;
        let counts = |standing| matches!(standing, Standing::Counted { within: true, .. });
        let mut plays = Vec::new();
        for judged in evidence.records.iter().filter(|j| j.campaign == *campaign && counts(j.standing)) {
            let assets = evidence.plans.get(&judged.record.plan).map(|p| &p.assets.assets);
            let Some(asset) = assets.and_then(|a| a.get(usize::from(judged.record.item))) else { continue };
            plays.push(Play {
                start: judged.record.start,
                length_s: asset.media.duration_s,
                variant: asset.variant.clone(),
                media: asset.media.hash,
                plan: judged.record.plan,
                record: Some(Record { device: judged.device, epoch: judged.epoch, seq: judged.seq }),
            });
        }
        plays.sort_by_key(|p| (p.start, p.record.map(|r| (r.device, r.epoch, r.seq))));
        Ok(plays)
    }
}

/// Its address, or else the units it stands in and belongs to.
fn place(directory: &Directory, screen: &Screen, day: LocalDay) -> String {
    if !screen.address.is_empty() {
        return screen.address.clone();
    }
    let units = [Link::Owner, Link::Territory].into_iter().filter_map(|link| screen.unit(link, day));
    let mut names: Vec<&str> = units.filter_map(|unit| directory.unit(unit)).map(|unit| unit.name.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// Screens that the order is aimed at in these days and that no player of ours stands at.
fn left_out(
    directory: &Directory,
    campaigns: &Campaigns,
    campaign: &CampaignCode,
    (from, to): (LocalDay, LocalDay),
) -> u32 {
    let Some(directive) = campaigns.directive_of(campaign) else { return 0 };
    let bound = |s: &&Screen| from.through(to).any(|day| directive.binds(directory, s, day).is_some());
    directory.screens().filter(|s| s.kind != ScreenKind::Managed).filter(bound).count() as u32
}

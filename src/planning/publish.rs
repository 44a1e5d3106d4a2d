//! From a composed day to signed documents: pure. What screens with alike days share is made once.

use super::compose::kind_of;
use super::{Composed, DayInput, NewPlan, PlanHead, PlannedCampaign, PlanningError};
use bytes::Bytes;
use lichphat_playlists::ids::{CampaignCode, PlanVersion, Sha256Hash};
use lichphat_playlists::plan::{Lang, PlayKind};
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::sign::{PlanSigning, SigningKey};
use lichphat_playlists::wire::v1::{AssetTable, Playlist, Schema, Slot, Terms, Tier};
use std::collections::BTreeMap;

/// Why nothing of a campaign is planned that nobody has approved, in Vietnamese and English.
const NOT_APPROVED: [&str; 2] = [
    "Nội dung chưa được duyệt cho màn hình và ngày này nên không xếp vào lịch.",
    "Nobody has approved it for this screen and day, so it is not planned.",
];

/// When and why a run publishes, and how its documents are signed.
#[derive(Debug)]
pub(super) struct Press {
    /// Why, for people.
    pub(super) cause: String,
    /// Now.
    pub(super) made: UtcMillis,
    /// Offset of local time.
    pub(super) offset: UtcOffset,
    /// The plans' key.
    pub(super) key: std::sync::Arc<SigningKey<PlanSigning>>,
}

/// When, why and as which version a plan is published.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Version of this (screen, day).
    pub version: PlanVersion,
    /// Why, for people.
    pub cause: String,
    /// Now.
    pub made: UtcMillis,
    /// Offset of local time.
    pub offset: UtcOffset,
}

impl Composed {
    /// The playlist document of `input`'s screen and day. `input` may be another screen than the
    /// one the plan was made for, when their days are alike.
    pub fn playlist(&self, input: &DayInput, edition: Edition) -> Result<Playlist, PlanningError> {
        let playlist = playlist(input, edition, self.assets.encode().1, fallback(input, self)?, slots(input, self)?);
        playlist.check(&self.assets)?;
        Ok(playlist)
    }
}

/// A day's plan without the names of screen and date: about 50 kB, and all that alike screens need.
#[derive(Debug)]
pub(super) struct DayPlan {
    slots: Vec<Slot>,
    fallback: u16,
    table: AssetTable,
    assets: (Sha256Hash, Bytes),
    problem: (Sha256Hash, Bytes),
    campaigns: Vec<PlannedCampaign>,
}

impl DayPlan {
    /// `composed` as the answer to `input`, or to any input of the same shape.
    pub(super) fn new(input: &DayInput, composed: Composed) -> Result<Self, PlanningError> {
        let (slots, fallback) = (slots(input, &composed)?, fallback(input, &composed)?);
        let campaigns = campaigns(input, &composed, &slots)?;
        let Composed { mut problem, assets: table, .. } = composed;
        problem.id = "-".to_owned(); // screens whose days are alike share the stored problem
        let problem = serde_json::to_vec(&problem).map_err(|_| PlanningError::BrokenPlan)?;
        let (bytes, hash) = table.encode();
        Ok(Self {
            slots,
            fallback,
            table,
            assets: (hash, bytes.into()),
            problem: (Sha256Hash::of(&problem), problem.into()),
            campaigns,
        })
    }

    /// The signed document of `input`'s own screen and day.
    pub(super) fn document(
        &self,
        input: &DayInput,
        input_hash: Sha256Hash,
        version: PlanVersion,
        press: &Press,
    ) -> Result<NewPlan, PlanningError> {
        let edition = Edition { version, cause: press.cause.clone(), made: press.made, offset: press.offset };
        let playlist = playlist(input, edition, self.assets.0, self.fallback, self.slots.clone());
        playlist.check(&self.table)?;
        let envelope = playlist.seal(&press.key);
        Ok(NewPlan {
            head: PlanHead { screen: input.screen.clone(), day: input.day, version, hash: envelope.hash(), input_hash },
            cause: press.cause.clone(),
            made: press.made,
            envelope: envelope.into_bytes(),
            assets: self.assets.clone(),
            problem: self.problem.clone(),
            slots: self.slots.len() as u32,
            campaigns: self.campaigns.clone(),
        })
    }
}

fn playlist(input: &DayInput, edition: Edition, assets: Sha256Hash, fallback: u16, slots: Vec<Slot>) -> Playlist {
    Playlist {
        schema: Schema::V1,
        screen: input.screen.clone(),
        day: input.day,
        offset_min: edition.offset,
        version: edition.version,
        cause: edition.cause,
        made_ms: edition.made,
        ledger_through: input.ledger_through,
        assets,
        place: input.place,
        duty: input.duty.minus(&input.hush.blank),
        terms: terms(input),
        not_approved: input.not_approved.iter().map(|(code, (_, asked))| (code.clone(), *asked)).collect(),
        fallback,
        slots,
    }
}

fn fallback(input: &DayInput, composed: &Composed) -> Result<u16, PlanningError> {
    let at = composed.assets.assets.iter().position(|a| *a == input.fallback);
    at.map(|at| at as u16).ok_or(PlanningError::BrokenPlan)
}

fn slots(input: &DayInput, composed: &Composed) -> Result<Vec<Slot>, PlanningError> {
    // Fixed events, campaigns and fillers may share a code; a play names its kind as well.
    let assets = composed.assets.assets.iter().enumerate().filter(|(_, a)| a.tier != Tier::Fallback);
    let mut index: BTreeMap<(PlayKind, &str), u16> = BTreeMap::new();
    for (i, a) in assets {
        // of two files or permits of one campaign the present one: the other is there for what was played
        let slot = index.entry((kind_of(a.tier), a.code.as_str())).or_insert(i as u16);
        if input.asks_for(a) {
            *slot = i as u16;
        }
    }
    let slot = |p: &lichphat_playlists::plan::Play| {
        let item = *index.get(&(p.kind, p.id.as_str())).ok_or(PlanningError::BrokenPlan)?;
        Ok(Slot { start_s: p.start, item })
    };
    composed.plan.plays.iter().map(slot).collect()
}

fn terms(input: &DayInput) -> Vec<Terms> {
    let quotas = input.wanted.iter().filter_map(|w| Some((w, w.quota.as_ref()?)));
    quotas
        .map(|(w, quota)| Terms {
            campaign: w.asset.code.clone(),
            windows: w.windows.intersect(&input.duty),
            min_gap_s: w.min_gap_s,
            min_display: quota.min_display,
            daily_cap: quota.daily_cap,
            make_good_until: quota.make_good_until,
            priority: w.priority,
        })
        .collect()
}

fn campaigns(input: &DayInput, composed: &Composed, slots: &[Slot]) -> Result<Vec<PlannedCampaign>, PlanningError> {
    let table = &composed.assets.assets;
    let mut planned = vec![0u32; table.len()];
    slots.iter().for_each(|s| planned[usize::from(s.item)] += 1);
    // by code: a fixed event, a campaign and an item of the loop that share one are counted together
    let mut all: BTreeMap<&str, (Tier, u32, u32)> = BTreeMap::new();
    for (asset, planned) in table.iter().zip(planned).filter(|(_, planned)| *planned > 0) {
        all.entry(asset.code.as_str()).or_insert((asset.tier, 0, 0)).2 += planned;
    }
    for campaign in &composed.problem.campaigns {
        all.entry(campaign.id.as_str()).or_insert((Tier::Contract, 0, 0)).1 = campaign.target;
    }
    for wanted in &input.wanted {
        if let Some(campaign) = all.get_mut(wanted.asset.code.as_str()) {
            campaign.0 = wanted.asset.tier;
        }
    }
    // what stands in it all the same was played before its approval was taken back
    for (code, (tier, asked)) in &input.not_approved {
        let campaign = all.entry(code.as_str()).or_insert((*tier, 0, 0));
        (campaign.0, campaign.1) = (*tier, *asked);
    }
    let one = |(id, (tier, asked, planned)): (&str, (Tier, u32, u32))| {
        let campaign = CampaignCode::new(id).map_err(|_| PlanningError::BrokenPlan)?;
        let not_approved = input.not_approved.contains_key(&campaign);
        let (short_vi, short_en) = match not_approved {
            true => NOT_APPROVED.map(str::to_owned).into(),
            false => (composed.shortfall(id, Lang::Vi), composed.shortfall(id, Lang::En)),
        };
        Ok(PlannedCampaign { campaign, tier, asked, planned, not_approved, short_vi, short_en })
    };
    all.into_iter().map(one).collect()
}

//! Before an order is signed: who can carry it, who cannot, and which hours lack how much. Pure.

use super::PlanningError;
use super::compose::{DayInput, compose};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash};
use lichphat_playlists::plan::{Effort, Lang};
use lichphat_playlists::time::IntervalSet;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// One screen's answer, over the days looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScreenAnswer {
    /// The screen.
    pub screen: ScreenCode,
    /// Days of duty looked at.
    pub days: u32,
    /// Plays asked for on these days.
    pub asked: u32,
    /// Plays that found a place.
    pub placed: u32,
    /// Windows of the first day that lacks room, `08:00-10:00;14:00-16:00`; empty when none does.
    pub windows: String,
    /// Seconds that are missing there: plays without a place times their length.
    pub lacks_s: u32,
    /// Plays of contracts that lose their place to the orders of that day.
    pub contracts_displaced: u32,
    /// In words.
    pub reason_vi: String,
    /// In words.
    pub reason_en: String,
}

impl ScreenAnswer {
    /// Can the screen carry the order on every day looked at?
    pub fn can(&self) -> bool {
        self.placed >= self.asked
    }
}

struct Day {
    asked: u32,
    placed: u32,
    windows: IntervalSet,
    lacks_s: u32,
    displaced: u32,
    words: (String, String),
}

/// Plans every distinct day once and says what `campaign` gets on each screen.
pub fn preflight(inputs: &[DayInput], campaign: &CampaignCode) -> Result<Vec<ScreenAnswer>, PlanningError> {
    let inputs: Vec<&DayInput> = inputs.iter().filter(|i| !i.duty.is_empty()).collect();
    let mut shapes: BTreeMap<Sha256Hash, &DayInput> = BTreeMap::new();
    let hashes: Vec<Sha256Hash> = inputs.iter().map(|i| i.shape_hash()).collect();
    for (hash, input) in hashes.iter().zip(&inputs) {
        shapes.entry(*hash).or_insert(input);
    }
    let days: BTreeMap<Sha256Hash, Day> = shapes
        .into_par_iter()
        .map(|(hash, input)| Ok((hash, look(input, campaign)?)))
        .collect::<Result<_, PlanningError>>()?;
    let mut answers: BTreeMap<&ScreenCode, ScreenAnswer> = BTreeMap::new();
    for (hash, input) in hashes.iter().zip(inputs) {
        let day = &days[hash];
        let answer = answers.entry(&input.screen).or_insert_with(|| ScreenAnswer {
            screen: input.screen.clone(),
            days: 0,
            asked: 0,
            placed: 0,
            windows: String::new(),
            lacks_s: 0,
            contracts_displaced: 0,
            reason_vi: String::new(),
            reason_en: String::new(),
        });
        answer.days += 1;
        answer.asked += day.asked;
        answer.placed += day.placed;
        if day.lacks_s > 0 && answer.lacks_s == 0 {
            answer.windows = day.windows.text();
            answer.lacks_s = day.lacks_s;
            (answer.reason_vi, answer.reason_en) = day.words.clone();
        }
        answer.contracts_displaced = answer.contracts_displaced.max(day.displaced);
    }
    Ok(answers.into_values().collect())
}

fn look(input: &DayInput, campaign: &CampaignCode) -> Result<Day, PlanningError> {
    let composed = compose(input, None, Effort::Quick)?;
    let tally = composed.tally();
    let of = |code: &CampaignCode| tally.get(code.as_str()).copied().unwrap_or_default();
    let mine = input.wanted.iter().find(|w| w.asset.code == *campaign);
    let (asked, placed) = of(campaign);
    let displaced = input.wanted.iter().filter(|w| w.quota.is_none()).map(|w| of(&w.asset.code));
    let length_s = mine.map_or(0, |w| w.asset.media.duration_s);
    let words = |lang| composed.shortfall(campaign.as_str(), lang);
    Ok(Day {
        asked,
        placed,
        windows: mine.map(|w| w.windows.clone()).unwrap_or_default(),
        lacks_s: asked.saturating_sub(placed) * length_s,
        displaced: displaced.map(|(asked, placed)| asked.saturating_sub(placed)).sum(),
        words: (words(Lang::Vi), words(Lang::En)),
    })
}

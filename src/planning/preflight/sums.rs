//! Sums of a look before signing: over all screens, by hours, by contract. Pure.

use super::{Displaced, Hours, Look, Outcome, Question, ScreenAnswer, Summary};
use crate::planning::why;
use lichphat_playlists::ids::CampaignCode;
use std::collections::BTreeMap;

/// Sums over all screens.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) summary: Summary,
    hours: BTreeMap<String, Hours>,
    contracts: BTreeMap<CampaignCode, Displaced>,
}

impl Sums {
    pub(super) fn add(&mut self, answer: &ScreenAnswer, looks: &[&Look]) {
        let s = &mut self.summary;
        s.targeted += 1;
        match answer.outcome {
            Outcome::Cannot => s.cannot += 1,
            Outcome::NoVariant => s.no_variant += 1,
            Outcome::NoFallback => s.no_fallback += 1,
            Outcome::NotManaged => s.not_managed += 1,
            Outcome::OffDuty => s.off_duty += 1,
            Outcome::NothingAsked => s.nothing_asked += 1,
            Outcome::Can => s.can += 1,
        }
        s.lacks_s += u64::from(answer.lacks_s);
        s.displaced_plays += u64::from(answer.displaced_plays);
        s.displaced_s += u64::from(answer.displaced_s);
        if answer.lacks_s > 0 {
            let none = || Hours { windows: answer.windows.clone(), screens: 0, most_s: 0, total_s: 0 };
            let hours = self.hours.entry(answer.windows.clone()).or_insert_with(none);
            hours.screens += 1;
            hours.most_s = hours.most_s.max(answer.lacks_s);
            hours.total_s += u64::from(answer.lacks_s);
        }
        let mut worst: BTreeMap<&CampaignCode, (u32, u32)> = BTreeMap::new();
        for (code, &(plays, length_s)) in looks.iter().flat_map(|l| &l.displaced) {
            let most = worst.entry(code).or_insert((0, length_s));
            most.0 = most.0.max(plays);
        }
        for (code, (plays, length_s)) in worst {
            let none = || Displaced {
                contract: code.clone(),
                title: String::new(),
                screens: 0,
                plays_per_day: 0,
                seconds_per_day: 0,
                most_plays: 0,
            };
            let contract = self.contracts.entry(code.clone()).or_insert_with(none);
            contract.screens += 1;
            contract.plays_per_day += u64::from(plays);
            contract.seconds_per_day += u64::from(plays * length_s);
            contract.most_plays = contract.most_plays.max(plays);
        }
    }

    pub(super) fn hours(&self) -> Vec<Hours> {
        let mut hours: Vec<Hours> = self.hours.values().cloned().collect();
        hours.sort_by_key(|h| std::cmp::Reverse((h.screens, h.total_s)));
        hours
    }

    pub(super) fn contracts(self, question: &Question<'_>) -> Vec<Displaced> {
        let titled = |c: Displaced| Displaced { title: why::title(question.world, c.contract.as_str()), ..c };
        let mut contracts: Vec<Displaced> = self.contracts.into_values().map(titled).collect();
        contracts.sort_by_key(|c| std::cmp::Reverse(c.seconds_per_day));
        contracts
    }
}

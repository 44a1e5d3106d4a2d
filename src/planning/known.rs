//! What is known of a screen's plays when its days are planned: the figures of the ledger, and how far its device
//! has been heard. Pure.
//!
//! A slot that started before the device was last heard has its record, or will never have one; every later slot is
//! reckoned with as played, for the device makes its own misses good (see `quota::make_good`). So two numbers decide
//! what is left of a day that has begun: plays that counted, and slots of the plan in force that are still open.

use super::{DayFact, Facts};
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::proof::count::SETTLED_AFTER_MS;
use lichphat_playlists::time::{DAY_S, LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::v1::{AssetTable, LEAD_S, LedgerThrough, Playlist, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// So long after a box was replaced its records are still waited for: a horizon, and as long again.
const OLDER_BOX_MS: i64 = 14 * 86_400_000;

/// How far the present device of a screen has been heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its last record.
    pub through: LedgerThrough,
    /// End of what was shown last; none when nothing was.
    pub heard: Option<UtcMillis>,
    /// Start of each campaign's last counted play.
    pub last_counted: BTreeMap<CampaignCode, UtcMillis>,
    /// When it took the place of another box, whose records may still come in. None for a screen's first.
    pub successor_since: Option<UtcMillis>,
}

impl Mark {
    /// Slots of `day` that start before this second are settled.
    fn settled_s(&self, day: LocalDay, (now, offset): (UtcMillis, UtcOffset)) -> Option<u32> {
        let begin = day.start(offset);
        // what an older box played before and on the day of the change may come in later, but not for ever
        let alone = self.successor_since.is_none_or(|s| s < begin || now.since_ms(s) > OLDER_BOX_MS);
        let settled_ms = self.heard.filter(|_| alone)?.since_ms(begin) - SETTLED_AFTER_MS;
        Some((settled_ms.clamp(0, i64::from(DAY_S) * 1000) / 1000) as u32)
    }
}

/// All that is known at one moment, read in one go: a figure that is newer than its mark would be repaired twice, an
/// older one never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Figures by screen, campaign and day.
    pub facts: Facts,
    /// Marks by screen.
    pub marks: BTreeMap<ScreenCode, Mark>,
    /// Now.
    pub now: UtcMillis,
    /// Offset of local time.
    pub offset: UtcOffset,
}

impl Known {
    /// Nothing.
    pub const fn nothing(now: UtcMillis, offset: UtcOffset) -> Self {
        Self { facts: Facts::new(), marks: BTreeMap::new(), now, offset }
    }

    /// Today, and its first second that can still be planned.
    pub fn today(&self) -> (LocalDay, u32) {
        let (today, of_day_ms) = self.now.local(self.offset);
        (today, (of_day_ms / 1000 + LEAD_S).min(DAY_S))
    }

    /// Is there a box at the screen? Where none is, nothing that is planned is played.
    pub fn is_manned(&self, screen: &ScreenCode) -> bool {
        self.marks.contains_key(screen)
    }

    /// The ledger's facts of one campaign on one screen. Of a day that the device has left behind nothing is to come.
    pub fn facts_of(&self, screen: &ScreenCode, campaign: &CampaignCode) -> BTreeMap<LocalDay, DayFact> {
        let mut facts = self.facts.get(&(screen.clone(), campaign.clone())).cloned().unwrap_or_default();
        if let Some(mark) = self.marks.get(screen) {
            for (day, fact) in &mut facts {
                if mark.settled_s(*day, (self.now, self.offset)) == Some(DAY_S) {
                    fact.open = Some(0);
                }
            }
        }
        facts
    }

    /// Screens whose today did not go as planned, so that the plan in force has to be looked at.
    pub fn astray(&self) -> Vec<ScreenCode> {
        let today = self.today().0;
        let astray = |days: &BTreeMap<LocalDay, DayFact>| days.get(&today).is_some_and(|f| f.counted != f.slots_seen);
        let mut screens: Vec<ScreenCode> =
            self.facts.iter().filter(|(_, days)| astray(days)).map(|((screen, _), _)| screen.clone()).collect();
        screens.dedup();
        screens
    }

    /// Counts the slots of a screen's plan in force of today that may still be played.
    pub fn look_up(&mut self, playlist: &Playlist, assets: &AssetTable) {
        let (today, from_s) = self.today();
        let mark = self.marks.get(&playlist.screen);
        let Some(settled_s) = mark.and_then(|m| m.settled_s(today, (self.now, self.offset))) else { return };
        let mut open: BTreeMap<&CampaignCode, (u32, u32)> = BTreeMap::new();
        for slot in playlist.slots.iter().filter(|s| s.start_s >= settled_s) {
            if let Some(asset) = assets.assets.get(usize::from(slot.item)).filter(|a| a.tier == Tier::Order) {
                let (all, ahead) = open.entry(&asset.code).or_default();
                *all += 1;
                *ahead += u32::from(slot.start_s >= from_s);
            }
        }
        let codes: BTreeSet<&CampaignCode> = assets.assets.iter().map(|a| &a.code).collect();
        for code in codes {
            let days = self.facts.get_mut(&(playlist.screen.clone(), code.clone()));
            if let Some(fact) = days.and_then(|days| days.get_mut(&today)) {
                let (all, ahead) = open.get(code).copied().unwrap_or_default();
                (fact.open, fact.ahead) = (Some(all), ahead);
            }
        }
    }

    /// What has become of `screen`'s today so far, for the campaigns named.
    pub fn so_far<'c>(&self, screen: &ScreenCode, campaigns: impl Iterator<Item = &'c CampaignCode>) -> SoFar {
        let (today, from_s) = self.today();
        let mark = self.marks.get(screen);
        let mut so_far = SoFar {
            from_s,
            settled_s: mark.and_then(|m| m.settled_s(today, (self.now, self.offset))),
            ..SoFar::default()
        };
        for code in campaigns {
            if let Some(fact) = self.facts_of(screen, code).get(&today) {
                so_far.facts.insert(code.clone(), *fact);
            }
            if let Some(last) = mark.and_then(|m| m.last_counted.get(code)).filter(|at| at.day(self.offset) == today) {
                so_far.last_counted_s.insert(code.clone(), last.plus_ms(500).local(self.offset).1 / 1000);
            }
        }
        so_far
    }
}

/// What has become of a day that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SoFar {
    /// First second that can still be planned.
    pub from_s: u32,
    /// Slots that start before this second are settled; none when the device has not been heard.
    pub settled_s: Option<u32>,
    /// Figures of the day by order.
    pub facts: BTreeMap<CampaignCode, DayFact>,
    /// Start second of each campaign's last counted play, when it was on this day.
    pub last_counted_s: BTreeMap<CampaignCode, u32>,
}

impl SoFar {
    /// Did every slot that has a record count, and nothing else? Then the plan in force needs no second look.
    pub fn as_planned(&self) -> bool {
        self.facts.values().all(|f| f.counted == f.slots_seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::ids::{DeviceId, Epoch, Seq};
    use lichphat_playlists::time::HANOI;

    fn day(n: u32) -> LocalDay {
        "2026-11-16".parse::<LocalDay>().unwrap().plus(n)
    }

    fn screen() -> ScreenCode {
        ScreenCode::new("S1").unwrap()
    }

    fn order() -> CampaignCode {
        CampaignCode::new("order").unwrap()
    }

    /// Heard until nine on the second day; ten plays were planned on each, four are on record by then, three counted.
    fn known(successor_since: Option<UtcMillis>) -> Known {
        let through = LedgerThrough { device: DeviceId(1), epoch: Epoch(1), seq: Seq(9) };
        let nine = day(1).at(9 * 3600, HANOI);
        let mark = Mark { through, heard: Some(nine), last_counted: [(order(), nine)].into(), successor_since };
        let fact = DayFact { planned: 10, slots_seen: 4, counted: 3, ..DayFact::default() };
        Known {
            facts: [((screen(), order()), [(day(0), fact), (day(1), fact)].into())].into(),
            marks: [(screen(), mark)].into(),
            now: day(1).at(10 * 3600, HANOI),
            offset: HANOI,
        }
    }

    #[test]
    fn a_day_that_was_left_behind_brings_nothing_more_and_a_day_in_progress_may() {
        let facts = known(None).facts_of(&screen(), &order());
        assert_eq!((facts[&day(0)].expected(), facts[&day(1)].expected()), (3, 9));
        let so_far = known(None).so_far(&screen(), [order()].iter());
        assert_eq!(so_far.settled_s, Some(9 * 3600 - 2), "what began within two seconds may still be under way");
        assert_eq!((so_far.from_s, so_far.last_counted_s[&order()]), (10 * 3600 + 60, 9 * 3600));
        assert!(!so_far.as_planned(), "one of four did not count");
        assert_eq!(known(None).astray(), [screen()]);
    }

    #[test]
    fn what_an_older_box_played_may_still_come_in() {
        let replaced = known(Some(day(1).at(7 * 3600, HANOI)));
        let facts = replaced.facts_of(&screen(), &order());
        assert_eq!(facts[&day(0)].expected(), 9, "the day before the change is the older box's");
        assert_eq!(replaced.so_far(&screen(), [order()].iter()).settled_s, None, "so is a part of the day itself");
        let mut later = known(Some(day(1).at(7 * 3600, HANOI)));
        later.now = day(16).start(HANOI);
        assert_eq!(later.facts_of(&screen(), &order())[&day(0)].expected(), 3, "two weeks later it is given up");
        let long_ago = known(Some(day(0).at(9 * 3600, HANOI))).so_far(&screen(), [order()].iter());
        assert!(long_ago.settled_s.is_some(), "from the next day on it stands alone");
    }
}

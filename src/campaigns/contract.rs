//! Contracts: plays that were sold. They come after every order and before the loop.

use super::ContentClass;
use super::directive::Windows;
use super::local::is_zero;
use super::product::Product;
use super::snapshot::Campaigns;
use super::suspension::Suspended;
use super::target::Place;
use crate::directory::problem::say;
use crate::directory::typed::Flaw;
use crate::directory::{Directory, Screen};
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::quota::{DayOwed, Of, Over, Period, Quota, Ratio, Rule, Within};
use lichphat_playlists::time::{DAY_S, IntervalSet, LocalDay};
use serde::{Deserialize, Serialize};

/// Most plays a day, and an hour of five-second spots back to back.
const MOST_A_DAY: u32 = 10_000;
const MOST_AN_HOUR: u32 = 720;
const HOUR_S: u64 = 3_600;

/// Plays that were sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Its code; also that of its campaign.
    pub code: CampaignCode,
    /// Title.
    pub title: String,
    /// Who pays.
    pub advertiser: String,
    /// Made up to show something.
    #[serde(default)]
    pub sample: bool,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// Plays a day on each screen; or `plays_per_hour`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub plays_per_day: u32,
    /// Plays in each hour of its windows on each screen; or `plays_per_day`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub plays_per_hour: u32,
    /// Hours in which they lie; all duty when empty.
    #[serde(default)]
    pub windows: Windows,
    /// Least seconds between starts.
    pub min_gap_s: u32,
    /// 2 or 3: orders come first.
    #[serde(default = "last")]
    pub priority: u8,
    /// Campaigns of one category keep apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// No other contract of its category on its screens, in its days and hours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
    /// Words to find it by: a brand, a booking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// On which screens.
    pub place: Vec<Place>,
    /// What is played.
    pub product: Product,
}

pub(super) fn last() -> u8 {
    3
}

impl Contract {
    /// Its plays as a quota: every day by itself, anywhere inside its windows. Of one sold by the hour the number is
    /// that of a whole day, for [`Self::plays_in`] says what a day's hours come to.
    pub fn quota(&self) -> Quota {
        Quota {
            plays: self.plays_in(&IntervalSet::full_day()),
            per: Period::Day,
            rule: Rule::AtLeast,
            over: Over::OperatingDays,
            within: Within::Duty,
            of: Of::Screen,
        }
    }

    /// Does it play on this screen on this day?
    pub fn plays_on(&self, directory: &Directory, screen: &Screen, day: LocalDay) -> bool {
        self.from <= day && day <= self.to && self.place.iter().any(|p| p.holds(directory, screen, day))
    }

    /// Seconds of a screen's `duty` in which it was sold, less what is suspended.
    pub fn windows_on(&self, duty: &IntervalSet, suspended: &Suspended<'_>) -> IntervalSet {
        let sold = if self.windows.is_empty() { duty.clone() } else { self.windows.0.intersect(duty) };
        sold.minus(&suspended.off(ContentClass::Contract))
    }

    /// Plays that a day with these windows was sold with: of one sold by the hour as many as their length carries, rounded down.
    pub fn plays_in(&self, windows: &IntervalSet) -> u32 {
        let by_the_hour = u64::from(self.plays_per_hour) * u64::from(windows.length()) / HOUR_S;
        self.plays_per_day + u32::try_from(by_the_hour).unwrap_or(u32::MAX)
    }

    /// What is wrong with it by itself, under `path`; `apart` is its category's gap.
    pub(super) fn flaws(&self, path: &str, apart: u32, flaws: &mut Vec<Flaw>) {
        let mut flaw =
            |key: &str, value: String, vi: &str, en: &str| flaws.push((format!("{path}.{key}"), value, say(vi, en)));
        if self.to < self.from {
            flaw("to", self.to.to_string(), "ngày cuối trước ngày đầu", "the last day comes before the first");
        }
        if !(2..=3).contains(&self.priority) {
            flaw(
                "priority",
                self.priority.to_string(),
                "hợp đồng chỉ có mức 2 hoặc 3, sau văn bản chỉ đạo",
                "a contract has 2 or 3: orders come first",
            );
        }
        match (self.plays_per_day, self.plays_per_hour) {
            (1..=MOST_A_DAY, 0) | (0, 1..=MOST_AN_HOUR) => {}
            (0, 0) => flaw(
                "plays_per_day",
                "0".into(),
                "từ 1 đến 10000; bán theo giờ thì ghi plays_per_hour",
                "must be 1 to 10000; of plays sold by the hour write plays_per_hour",
            ),
            (n, 0) => flaw("plays_per_day", n.to_string(), "từ 1 đến 10000", "must be 1 to 10000"),
            (0, n) => flaw("plays_per_hour", n.to_string(), "từ 1 đến 720", "must be 1 to 720"),
            (_, n) => flaw(
                "plays_per_hour",
                n.to_string(),
                "chỉ ghi một trong hai: plays_per_day hoặc plays_per_hour",
                "write one of the two, plays_per_day or plays_per_hour",
            ),
        }
        let gap = self.min_gap_s.to_string();
        if self.min_gap_s > DAY_S {
            flaw("min_gap_s", gap, "không quá 86400, một ngày", "must be at most 86400, a day");
        } else if self.min_gap_s < self.product.length_s {
            flaw("min_gap_s", gap, "ít nhất bằng thời lượng", "must be at least the product's length_s");
        } else if self.min_gap_s < apart {
            flaw(
                "min_gap_s",
                gap,
                "ít nhất bằng khoảng cách của nhóm (category_gap_s)",
                "must be at least its category's category_gap_s",
            );
        } else if u64::from(self.min_gap_s) * u64::from(self.plays_per_hour) > HOUR_S {
            flaw(
                "min_gap_s",
                gap,
                "một giờ không đủ chỗ cho plays_per_hour lượt cách nhau như vậy",
                "an hour has no room for plays_per_hour plays so far apart",
            );
        }
        if self.exclusive && self.category.is_none() {
            flaw(
                "exclusive",
                "true".into(),
                "độc quyền theo nhóm: ghi category",
                "what is exclusive is a category: name it in category",
            );
        }
    }

    /// Does one of the two keep the other off a screen? The screen is the first that both were sold on, in hours of both.
    pub(super) fn excludes<'a>(&self, other: &Self, directory: &'a Directory) -> Option<&'a Screen> {
        let (from, to) = (self.from.max(other.from), self.to.min(other.to));
        let apart = self.code == other.code || self.category.is_none() || self.category != other.category;
        if apart || !(self.exclusive || other.exclusive) || from > to {
            return None;
        }
        let all = |windows: &Windows| if windows.is_empty() { IntervalSet::full_day() } else { windows.0.clone() };
        if all(&self.windows).intersect(&all(&other.windows)).is_empty() {
            return None;
        }
        // links of screens change by the day: the first and the last that both have stand for those between
        directory.screens().find(|s| {
            [from, to].iter().any(|day| self.plays_on(directory, s, *day) && other.plays_on(directory, s, *day))
        })
    }
}

impl Campaigns {
    /// What each of `days` was sold with on a screen: closed and suspended days owe nothing.
    pub fn contract_days_owed(
        &self,
        directory: &Directory,
        contract: &Contract,
        screen: &Screen,
        (from, to): (LocalDay, LocalDay),
    ) -> Vec<DayOwed> {
        let day = |day: LocalDay| {
            let sold = contract.plays_on(directory, screen, day) && contract.product.variant_for(screen).is_some();
            let windows = if sold && directory.operating(screen, day) {
                contract.windows_on(&directory.duty(screen, day), &self.suspended_on(directory, screen, day))
            } else {
                IntervalSet::empty()
            };
            let owed = if windows.is_empty() { 0 } else { contract.plays_in(&windows) };
            DayOwed { day, owed: Ratio::from_integer(owed.into()), operating: owed > 0 }
        };
        from.max(contract.from).through(to.min(contract.to)).map(day).collect()
    }
}

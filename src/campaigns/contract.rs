//! Contracts: plays that were sold. They come after every order and before the loop.

use super::ContentClass;
use super::check::end_moved;
use super::directive::{Directive, Windows};
use super::local::is_zero;
use super::product::{Product, Variant};
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
    /// Least seconds between starts; left out of a file: see [`Self::gap_s`].
    #[serde(default)]
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

    /// Least seconds between starts: as written, or else its length, or its category's gap `apart` where that is longer.
    pub(super) fn gap_s(&self, apart: u32) -> u32 {
        if self.min_gap_s == 0 { self.product.length_s.max(apart) } else { self.min_gap_s }
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

    /// The order that leaves nothing of a day on which it was sold.
    pub fn suspended_by<'a>(&self, duty: &IntervalSet, suspended: &Suspended<'a>) -> Option<&'a Directive> {
        let sold = self.windows_on(duty, &Suspended::default());
        let left = self.windows_on(duty, suspended);
        suspended.taking(ContentClass::Contract, &sold).filter(|_| left.is_empty())
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

    /// What a new text of the same contract may not do: rewrite what days that are over were sold with. Of one that has begun the last
    /// day may move, not into the past; words, tags and the clips of its versions may be others.
    pub(super) fn refused_edits(&self, before: &Self, today: LocalDay) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if today < before.from {
            if self.from < today {
                let mend = say(
                    format!("không sửa quá khứ: phải từ hôm nay {today} trở đi"),
                    format!("the past is not rewritten: write today, {today}, or later"),
                );
                flaws.push(("from".to_owned(), self.from.to_string(), mend));
            }
            return flaws;
        }
        let (now, was) = (&self.product, &before.product);
        let fits = |p: &Product| -> Vec<Variant> {
            p.variant.iter().map(|v| Variant { media: None, file: None, ..v.clone() }).collect()
        };
        let kept = [
            ("from", self.from == before.from, self.from.to_string()),
            ("plays_per_day", self.plays_per_day == before.plays_per_day, self.plays_per_day.to_string()),
            ("plays_per_hour", self.plays_per_hour == before.plays_per_hour, self.plays_per_hour.to_string()),
            ("windows", self.windows == before.windows, self.windows.0.text()),
            ("min_gap_s", self.min_gap_s == before.min_gap_s, self.min_gap_s.to_string()),
            ("priority", self.priority == before.priority, self.priority.to_string()),
            ("category", self.category == before.category, self.category.clone().unwrap_or_default()),
            ("exclusive", self.exclusive == before.exclusive, self.exclusive.to_string()),
            ("sample", self.sample == before.sample, self.sample.to_string()),
            ("place", alike(&self.place, &before.place), self.place.len().to_string()),
            ("product.length_s", now.length_s == was.length_s, now.length_s.to_string()),
            ("product.min_display", now.min_display == was.min_display, format!("{:?}", now.min_display)),
            ("product.variant", alike(&fits(now), &fits(was)), now.variant.len().to_string()),
        ];
        for (key, _, value) in kept.into_iter().filter(|(_, same, _)| !same) {
            let mend = say(
                "hợp đồng đã bắt đầu: chỉ sửa được ngày cuối, tên, nhãn, tệp; phần bán thêm thì lập mã hợp đồng mới",
                "the contract has begun: only its last day, names, tags and files may change; sell what is new under a code of its own",
            );
            flaws.push((key.to_owned(), value, mend));
        }
        let end = end_moved(Some(before.to), Some(self.to), today);
        flaws.extend(end.map(|mend| ("to".to_owned(), self.to.to_string(), mend)));
        flaws
    }

    /// Is it sold on a screen on some day of these?
    pub fn plays_within(&self, directory: &Directory, screen: &Screen, (from, to): (LocalDay, LocalDay)) -> bool {
        let (from, to) = (from.max(self.from), to.min(self.to));
        from <= to && screen.turning_days((from, to)).into_iter().any(|day| self.plays_on(directory, screen, day))
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
        let both = |s: &Screen, day| self.plays_on(directory, s, day) && other.plays_on(directory, s, day);
        directory.screens().find(|s| s.turning_days((from, to)).into_iter().any(|day| both(s, day)))
    }
}

/// The same things, in whatever order.
fn alike<T: PartialEq>(some: &[T], others: &[T]) -> bool {
    some.len() == others.len() && some.iter().all(|one| others.contains(one))
}

impl Campaigns {
    /// What each of `days` was sold with on a screen: closed and suspended days owe nothing. What no clip of it fits owes all the same.
    pub fn contract_days_owed(
        &self,
        directory: &Directory,
        contract: &Contract,
        screen: &Screen,
        (from, to): (LocalDay, LocalDay),
    ) -> Vec<DayOwed> {
        let day = |day: LocalDay| {
            let windows = if contract.plays_on(directory, screen, day) && directory.operating(screen, day) {
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

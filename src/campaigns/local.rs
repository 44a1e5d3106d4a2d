//! What plays between the orders: contracts ([`Contract`]), the local loop, fixed events, and the safe loop that
//! keeps a screen from going black. One document, `[[contract]] [[item]] [[fixed]] [[fallback]]`.

use super::contract::Contract;
use super::directive::Windows;
use super::product::Product;
use super::target::Place;
use crate::directory::problem::{Say, say};
use crate::directory::typed::Flaw;
use crate::directory::{DayClass, DaySpan, Days, Directory, Screen};
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::time::{LocalDay, parse_clock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An item of the local loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoopItem {
    /// Its code.
    pub code: CampaignCode,
    /// Title.
    pub title: String,
    /// Made up to show something.
    #[serde(default)]
    pub sample: bool,
    /// The days on which it is in the loop.
    #[serde(default)]
    pub days: DaySpan,
    /// Share of voice, against the other items of the screen; with a `turn`, its plays in each round.
    pub weight: u32,
    /// Its place in its unit's own round, from 1; 0: it has none, and plays by its share alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turn: u32,
    /// The days of the week on which it is in the loop; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Days>,
    /// The hours in which it is in the loop; all duty when empty.
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    pub hours: Windows,
    /// Somebody is still at work on it: it is put to nobody and plays nowhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// On which screens.
    pub place: Vec<Place>,
    /// What is played.
    pub product: Product,
}

/// Something that starts at a fixed second of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedItem {
    /// Its code.
    pub code: CampaignCode,
    /// Title.
    pub title: String,
    /// Made up to show something.
    #[serde(default)]
    pub sample: bool,
    /// The dates on which it plays.
    #[serde(default)]
    pub days: DaySpan,
    /// The days of the week, `mon-fri`.
    pub on: Days,
    /// Its start, `07:00` or `07:00:30`.
    pub at: String,
    /// On which screens.
    pub place: Vec<Place>,
    /// What is played.
    pub product: Product,
}

impl FixedItem {
    /// Its start, second of the day.
    pub fn start_s(&self) -> u32 {
        parse_clock(&self.at).unwrap_or(0) // checked when it was read
    }
}

/// What a screen shows when nothing else can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// Its code.
    pub code: CampaignCode,
    /// Title.
    pub title: String,
    /// Made up to show something.
    #[serde(default)]
    pub sample: bool,
    /// What is played.
    pub product: Product,
}

/// A document of contracts and local content.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalProgramme {
    /// Least seconds between starts of different campaigns of one category.
    #[serde(default)]
    pub category_gap_s: BTreeMap<String, u32>,
    /// Contracts.
    #[serde(default)]
    pub contract: Vec<Contract>,
    /// Items of the loop.
    #[serde(default)]
    pub item: Vec<LoopItem>,
    /// Fixed events.
    #[serde(default)]
    pub fixed: Vec<FixedItem>,
    /// Safe loops.
    #[serde(default)]
    pub fallback: Vec<Fallback>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
pub(super) fn is_zero(turn: &u32) -> bool {
    *turn == 0
}

impl LoopItem {
    /// Is it in the loop of this screen on this day?
    pub fn plays_on(&self, directory: &Directory, screen: &Screen, day: LocalDay) -> bool {
        let wanted = !self.draft && self.days.contains(day);
        let on = self.on.is_none_or(|on| on.contains(DayClass::of(day)));
        wanted && on && self.place.iter().any(|p| p.holds(directory, screen, day))
    }
}

impl FixedItem {
    /// Does it start on this screen on this day?
    pub fn plays_on(&self, directory: &Directory, screen: &Screen, day: LocalDay) -> bool {
        self.on.contains(DayClass::of(day))
            && self.days.contains(day)
            && self.place.iter().any(|p| p.holds(directory, screen, day))
    }
}

impl LocalProgramme {
    /// Every product in it, with its path.
    pub(super) fn products_mut(&mut self) -> impl Iterator<Item = (String, &mut Product)> {
        let contracts = self.contract.iter_mut().enumerate().map(|(i, c)| (format!("contract[{i}]"), &mut c.product));
        let items = self.item.iter_mut().enumerate().map(|(i, c)| (format!("item[{i}]"), &mut c.product));
        let fixed = self.fixed.iter_mut().enumerate().map(|(i, c)| (format!("fixed[{i}]"), &mut c.product));
        let fallbacks = self.fallback.iter_mut().enumerate().map(|(i, c)| (format!("fallback[{i}]"), &mut c.product));
        contracts.chain(items).chain(fixed).chain(fallbacks)
    }

    /// Its places with their paths.
    fn places(&self) -> impl Iterator<Item = (String, &Place)> {
        let contracts = self.contract.iter().enumerate().map(|(i, c)| ("contract", i, &c.place));
        let items = self.item.iter().enumerate().map(|(i, c)| ("item", i, &c.place));
        let fixed = self.fixed.iter().enumerate().map(|(i, c)| ("fixed", i, &c.place));
        contracts.chain(items).chain(fixed).flat_map(|(name, i, places)| {
            places.iter().enumerate().map(move |(n, p)| (format!("{name}[{i}].place[{n}]"), p))
        })
    }

    /// Everything that is wrong with it by itself.
    pub fn flaws(&self) -> Vec<(String, String, Say)> {
        let mut flaws: Vec<Flaw> = Vec::new();
        let heads =
            (self.contract.iter().enumerate().map(|(i, c)| (format!("contract[{i}]"), &c.code, c.place.is_empty())))
                .chain(self.item.iter().enumerate().map(|(i, c)| (format!("item[{i}]"), &c.code, c.place.is_empty())))
                .chain(self.fixed.iter().enumerate().map(|(i, c)| (format!("fixed[{i}]"), &c.code, c.place.is_empty())))
                .chain(self.fallback.iter().enumerate().map(|(i, c)| (format!("fallback[{i}]"), &c.code, false)));
        let mut codes = std::collections::BTreeSet::new();
        for (path, code, nowhere) in heads {
            if !codes.insert(code) {
                let mend = say("mã này đã dùng ở trên", "this code is used above");
                flaws.push((format!("{path}.code"), code.to_string(), mend));
            }
            if nowhere {
                let mend = say("cần ít nhất một [[…place]]", "needs at least one [[…place]]");
                flaws.push((format!("{path}.place"), String::new(), mend));
            }
        }
        for (i, c) in self.contract.iter().enumerate() {
            let apart = c.category.as_ref().and_then(|k| self.category_gap_s.get(k)).copied().unwrap_or(0);
            c.flaws(&format!("contract[{i}]"), apart, &mut flaws);
        }
        for (i, item) in self.item.iter().enumerate().filter(|(_, item)| item.weight == 0) {
            flaws.push((
                format!("item[{i}].weight"),
                item.weight.to_string(),
                say("ít nhất là 1", "must be at least 1"),
            ));
        }
        for (i, fixed) in self.fixed.iter().enumerate() {
            if parse_clock(&fixed.at).is_err() {
                let mend = say("viết giờ theo dạng 07:00 hoặc 07:00:30", "write it as 07:00 or 07:00:30");
                flaws.push((format!("fixed[{i}].at"), fixed.at.clone(), mend));
            }
        }
        let mut copy = self.clone();
        copy.products_mut().for_each(|(path, product)| product.flaws(&format!("{path}.product"), &mut flaws));
        flaws
    }

    /// Units and kinds of place it names that the directory does not have.
    pub fn unknown_names(&self, directory: &Directory) -> Vec<(String, String, Say)> {
        let units = self.places().map(|(path, p)| (format!("{path}.unit"), &p.unit));
        let venues =
            self.places().flat_map(|(path, p)| p.venue_types.iter().map(move |v| (format!("{path}.venue_types"), v)));
        super::check::unknown(directory, units, venues)
    }
}

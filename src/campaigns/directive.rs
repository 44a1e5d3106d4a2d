//! Directives: orders as typed files.

use super::product::Product;
use super::series::{Episode, OptIn};
use super::target::Target;
use crate::directory::words::words;
use crate::directory::{Hours, Link};
use lichphat_playlists::ids::{CampaignCode, DirectiveCode, UnitCode, VenueType};
use lichphat_playlists::quota::Quota;
use lichphat_playlists::time::LocalDay;
use serde::{Deserialize, Serialize};

words! {
    /// What an order wants.
    DirectiveKind {
        /// Something is to be played.
        Play = "play",
        /// Something is not to be played: mourning, power saving.
        Suspend = "suspend",
    }
}

words! {
    /// What a change of an order does.
    AmendmentKind {
        /// A later last day, or a further period.
        Extend = "extend",
        /// More plays from a day on.
        Raise = "raise",
        /// An earlier last day.
        End = "end",
    }
}

words! {
    /// What a suspension takes off the screens.
    ContentClass {
        /// Contracts.
        Contract = "contract",
        /// The local loop.
        Local = "local",
        /// Other orders.
        Order = "order",
    }
}

words! {
    /// What stands in place of suspended content.
    InPlace {
        /// Nothing: a black picture, on purpose.
        Blank = "blank",
        /// The picture goes on without sound.
        Mute = "mute",
        /// The product of this order, over and over.
        SolemnLoop = "solemn-loop",
    }
}

words! {
    /// What becomes of the quotas of suspended days.
    SuspendedDays {
        /// They owe nothing.
        LeaveQuota = "leave-quota",
        /// What they owed is played on other days.
        MakeGood = "make-good",
    }
}

/// A suspension's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// What is taken off.
    pub content: Vec<ContentClass>,
    /// What stands in its place.
    pub in_place: InPlace,
    /// What becomes of the quotas.
    pub days: SuspendedDays,
    /// In which hours of its days, for `blank`; all day when empty.
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    pub hours: Windows,
}

/// A document an order rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// Number as printed.
    pub number: String,
    /// Day of issue, when it is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<LocalDay>,
    /// What it is about.
    pub title: String,
}

/// A change of an order; changes are added, never edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// What it does.
    pub kind: AmendmentKind,
    /// Number as printed.
    pub number: String,
    /// Day of issue.
    pub date: LocalDay,
    /// `extend`: first day of the further period, the day after the last one when absent. `raise`:
    /// first day of the raised number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LocalDay>,
    /// `extend`, `end`: the new last day, included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<LocalDay>,
    /// `raise`: plays in place of the quota's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plays: Option<u32>,
    /// Made up to show something; marked wherever it is seen.
    #[serde(default)]
    pub sample: bool,
}

/// More plays, decided by the head of a unit for the unit and those below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The unit whose head decided.
    pub unit: UnitCode,
    /// Which screens are the unit's.
    #[serde(default = "owner")]
    pub link: Link,
    /// Plays in place of the quota's; more, never fewer.
    pub plays: u32,
    /// First day.
    pub from: LocalDay,
    /// Last day, included; to the end of the order when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<LocalDay>,
    /// Number of the decision.
    pub number: String,
    /// Its end, brought forward by later decisions; in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Ended>,
}

/// A raise's end is brought forward: what its days owed until then stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// Its new last day, included; the day before its first one: it never holds.
    pub to: LocalDay,
    /// Number of the decision.
    pub number: String,
}

impl Override {
    /// Its last day as later decisions leave it; none: to the end of the order.
    pub fn last(&self) -> Option<LocalDay> {
        self.ended.last().map(|e| e.to).or(self.to)
    }

    /// Does it hold on a day?
    pub fn holds(&self, day: LocalDay) -> bool {
        self.from <= day && self.last().is_none_or(|last| day <= last)
    }
}

fn owner() -> Link {
    Link::Owner
}

/// A part of the order that no screen can play: recorded by hand, counted as declared, never as proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// The channel, `Cổng/trang thông tin điện tử`.
    pub channel: String,
    /// Who is bound; text, as in the order.
    pub obliged: String,
    /// What is asked, when there is a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// The order's own words.
    pub reason: String,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directive {
    /// Our code for it; also the code of its campaign.
    pub code: DirectiveCode,
    /// Title.
    pub title: String,
    /// English title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Play or suspend.
    pub kind: DirectiveKind,
    /// Made up to show something; marked wherever it is seen.
    #[serde(default)]
    pub sample: bool,
    /// Who issued it.
    pub issuer: UnitCode,
    /// Number as printed; absent when the published text leaves it blank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Day of issue, when it is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<LocalDay>,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legal_basis: Vec<LegalBasis>,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// Where this file's facts come from.
    pub source: String,
    /// What the reader should know; assumptions are named here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What is asked of each screen; absent when the order names no number at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Share of the local loop, for a play order without a quota.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Least seconds between starts; a play sooner after the last counted one does not count.
    #[serde(default)]
    pub min_gap_s: u32,
    /// 1 (first) to 3.
    #[serde(default = "first")]
    pub priority: u8,
    /// Campaigns of one category keep apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What is played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<Product>,
    /// Of a series: its episodes, in order of their days; before the first one plays the product itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub episode: Vec<Episode>,
    /// What a suspension does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<Suspend>,
    /// Whom it binds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<Target>,
    /// Who has asked for what it offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opt_in: Vec<OptIn>,
    /// Its changes, in order of their days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amendment: Vec<Amendment>,
    /// Raises by heads of units.
    #[serde(default, rename = "override", skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// What no screen can play.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<Declared>,
}

fn first() -> u8 {
    1
}

impl Directive {
    /// The code of its campaign: its own.
    pub fn campaign(&self) -> CampaignCode {
        CampaignCode::new(self.code.as_str()).expect("both codes obey the same rule")
    }
    /// Least seconds between starts: where a play order with a number says none, its product's own length.
    pub(super) fn gap_s(&self) -> u32 {
        match (self.min_gap_s, self.quota, &self.product) {
            (0, Some(_), Some(product)) => product.length_s,
            (gap, ..) => gap,
        }
    }

    /// The units it names, each with its path.
    pub(super) fn units_named(&self) -> impl Iterator<Item = (String, &UnitCode)> {
        let targets = self.target.iter().enumerate().map(|(i, t)| (format!("target[{i}].unit"), &t.unit));
        let overrides = self.overrides.iter().enumerate().map(|(i, o)| (format!("override[{i}].unit"), &o.unit));
        let asked = self.opt_in.iter().enumerate().map(|(i, o)| (format!("opt_in[{i}].unit"), &o.unit));
        std::iter::once(("issuer".to_owned(), &self.issuer)).chain(targets).chain(overrides).chain(asked)
    }
    /// The kinds of place it names, each with its path.
    pub(super) fn venues_named(&self) -> impl Iterator<Item = (String, &VenueType)> {
        let targets = self
            .target
            .iter()
            .enumerate()
            .flat_map(|(i, t)| t.venue_types.iter().map(move |v| (format!("target[{i}].venue_types"), v)));
        let own = self.product.iter().map(|p| ("product".to_owned(), p));
        let episodes = self.episode.iter().enumerate().map(|(i, e)| (format!("episode[{i}].product"), &e.product));
        let variants = own.chain(episodes).flat_map(|(path, product)| {
            product.variant.iter().enumerate().flat_map(move |(i, variant)| {
                let path = format!("{path}.variant[{i}].venue_types");
                variant.venue_types.iter().map(move |venue| (path.clone(), venue))
            })
        });
        targets.chain(variants)
    }
}

/// Hours of the day in which a contract's plays lie, or a suspension holds; all duty when empty.
pub type Windows = Hours;

//! What lists of many screens are made from, made once: the index of words for each revision of the city, and how every screen is, a
//! few seconds old.

use super::super::ConsoleError;
use super::super::data::{City, Console};
use super::super::figures::{CampaignNow, Devices, FIGURES};
use super::super::fresh::{Fresh, Tag};
use super::super::outlook::{Boxes, Look};
use super::super::sums::Sums;
use super::super::unit::heard;
use crate::directory::{Findable, Finder, Screen};
use crate::many::Facts;
use lichphat_playlists::ids::{CampaignCode, DirectiveCode, UnitCode};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

/// Lists that wait to be confirmed; one of a large fleet has a megabyte.
const DRAFTS: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// Files that wait to be confirmed, megabytes each.
const FILES: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");

/// Something that the search finds, beside the screens.
#[derive(Debug, Clone)]
pub(in super::super) enum Thing {
    /// A unit.
    Unit(UnitCode),
    /// An order.
    Order(DirectiveCode),
    /// A contract.
    Contract(CampaignCode),
    /// An item of a local loop.
    Item(CampaignCode),
}

/// The index of words over one revision of the city: first its screens, in their order, then everything else.
#[derive(Debug)]
pub(in super::super) struct Index {
    revisions: (u64, u64),
    pub(in super::super) finder: Finder,
    pub(in super::super) screens: usize,
    pub(in super::super) things: Vec<Thing>,
}

impl Index {
    fn of(city: &City) -> Self {
        let findable = |name: &str, more: &[&str]| Findable {
            name: name.to_owned(),
            more: more.iter().filter(|text| !text.is_empty()).map(|text| (*text).to_owned()).collect(),
        };
        let (directory, campaigns) = (&city.directory, &city.campaigns);
        let mut all: Vec<Findable> =
            directory.screens().map(|s| findable(&s.name, &[s.code.as_str(), &s.address])).collect();
        let (screens, mut things) = (all.len(), Vec::new());
        for unit in directory.units() {
            all.push(findable(&unit.name, &[unit.code.as_str(), unit.name_en.as_deref().unwrap_or_default()]));
            things.push(Thing::Unit(unit.code.clone()));
        }
        for order in campaigns.directives() {
            all.push(findable(&order.title, &[order.code.as_str(), order.title_en.as_deref().unwrap_or_default()]));
            things.push(Thing::Order(order.code.clone()));
        }
        for contract in campaigns.contracts() {
            all.push(findable(&contract.title, &[contract.code.as_str(), &contract.advertiser]));
            things.push(Thing::Contract(contract.code.clone()));
        }
        for item in campaigns.items() {
            all.push(findable(&item.title, &[item.code.as_str()]));
            things.push(Thing::Item(item.code.clone()));
        }
        let revisions = (directory.revision, campaigns.revision);
        Self { revisions, finder: Finder::new(all), screens, things }
    }
}

/// How one screen is.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) facts: Facts,
    /// Plays that it lacks of the running orders, summed.
    pub(super) short: u64,
    /// Has any day of them begun?
    pub(super) started: bool,
    pub(super) today: Sums,
    pub(super) simulated: bool,
}

impl Row {
    fn of(
        city: &City,
        screen: &Screen,
        (now, boxes): (&[Arc<CampaignNow>], &Boxes),
        devices: &Devices,
        today: LocalDay,
    ) -> Self {
        let device = devices.get(&screen.code);
        let mut row = Self { simulated: device.is_some_and(|d| d.simulated), ..Self::default() };
        for now in now {
            if let Some(line) = now.line(&screen.code) {
                row.short += u64::from(line.short);
                row.started |= line.operating_days > 0;
                row.facts.is_short |= line.operating_days > 0 && !line.met;
            }
            if let Some(day) = now.today.get(&screen.code) {
                row.today.add(Sums::of(day.planned, &day.counts));
            }
        }
        row.facts.now = Some(Look { boxes, now }.standing(screen).state);
        row.facts.heard = device.and_then(heard);
        row.facts.has_device = device.is_some();
        row.facts.closed = !city.directory.closures_of(screen, today).is_empty();
        row
    }
}

/// How every screen is, in the order of [`Directory::screens`](crate::directory::Directory::screens).
pub(in super::super) struct Rows {
    pub(super) all: Vec<Row>,
    /// When the oldest of what they are made of was made.
    pub(super) made: UtcMillis,
    /// Newer ones are being made.
    pub(in super::super) newer: bool,
}

/// What is kept between two pages.
pub(in super::super) struct Shelf {
    index: Mutex<Option<Arc<Index>>>,
    rows: Arc<Fresh<Rows>>,
    /// What was chosen and not confirmed yet, by a name that nobody guesses.
    pub(super) drafts: Mutex<lru::LruCache<String, super::draft::Draft>>,
    /// Files that were brought and not confirmed yet.
    pub(super) files: Mutex<lru::LruCache<String, super::bring::Given>>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            index: Mutex::default(),
            rows: Fresh::new(),
            drafts: Mutex::new(lru::LruCache::new(DRAFTS)),
            files: Mutex::new(lru::LruCache::new(FILES)),
        }
    }
}

impl Console {
    /// The index of the city as it stands.
    pub(in super::super) async fn index(&self, city: &Arc<City>) -> Result<Arc<Index>, ConsoleError> {
        let revisions = (city.directory.revision, city.campaigns.revision);
        let held = self.shelf.index.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(index) = held.filter(|index| index.revisions == revisions) {
            return Ok(index);
        }
        let city = Arc::clone(city);
        let made = tokio::task::spawn_blocking(move || Arc::new(Index::of(&city))).await;
        let made = made.map_err(|e| ConsoleError::Internal(e.to_string()))?;
        *self.shelf.index.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&made));
        Ok(made)
    }

    /// How every screen is: never of another revision of the directory, so this one is waited for; it is a moment's work.
    pub(in super::super) async fn rows(&self, city: &Arc<City>) -> Result<Arc<Rows>, ConsoleError> {
        let (at, today) = self.today();
        let (now, devices, boxes) = tokio::try_join!(self.campaigns_now(city), self.devices(), self.boxes(city))?;
        let newer = now.newer || boxes.newer;
        let made = now.made().unwrap_or(at).min(boxes.made);
        // of older figures they are others
        let campaigns = if newer { u64::MAX } else { city.campaigns.revision };
        let tag: Tag = (city.directory.revision, campaigns, today);
        let city = Arc::clone(city);
        let make = async move {
            let rows = tokio::task::spawn_blocking(move || {
                let row = |screen| Row::of(&city, screen, (&now, &boxes), &devices, today);
                Rows { all: city.directory.screens().map(row).collect(), made, newer }
            });
            rows.await.map_err(|e| ConsoleError::Internal(e.to_string()))
        };
        self.shelf.rows.newest(tag, (&self.clock, FIGURES), make).await
    }
}

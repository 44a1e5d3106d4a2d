//! Figures of the running orders, and how every screen is. They are reckoned beforehand: when the server starts, when something has been
//! imported and when a day begins ([`Console::reckon`]), and made anew while somebody looks at them; nobody waits for 20,000 screens.

use super::ConsoleError;
use super::data::{City, Console, running};
use super::fresh::{Fresh, Pace, Seen, Tag, trim};
use super::outlook::{Boxes, Outlook};
use super::sums::Sums;
use crate::compliance::{ComplianceStore, DayFacts, DeviceFacts, Report, Reports, ScreenLine};
use crate::directory::Link;
use crate::people::AccountCode;
use crate::web::turns::Turns;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, UnitCode};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Anew after 5 seconds when somebody looks, and never more than a fifth of a processor for one order.
pub(super) const FIGURES: Pace = Pace { fresh_ms: 5_000, rests: 4, patience_ms: 150 };
/// Days by themselves whose figures are kept; those of a large fleet have tens of megabytes.
const DAYS: usize = 4;

/// One running order: today and since its first day, or on one day by itself.
#[derive(Debug)]
pub(super) struct CampaignNow {
    /// From the period's first day to the day, or of the day alone.
    pub(super) report: Report,
    /// Its lines by screen: an index into the report.
    pub(super) line_of: BTreeMap<ScreenCode, usize>,
    /// The day's facts by screen.
    pub(super) today: BTreeMap<ScreenCode, DayFacts>,
    /// The day's sums by unit.
    pub(super) today_of: BTreeMap<(Link, UnitCode), Sums>,
    /// The day's sums of all.
    pub(super) today_all: Sums,
    /// First and last day of the order's period that holds the day.
    pub(super) period: (LocalDay, LocalDay),
    /// What is to come, as things stand; empty for a day by itself.
    pub(super) outlook: Outlook,
    /// When the figures were made.
    pub(super) made: UtcMillis,
}

impl CampaignNow {
    /// The screen's line, when the order is aimed at it.
    pub(super) fn line(&self, screen: &ScreenCode) -> Option<&ScreenLine> {
        self.line_of.get(screen).map(|&i| &self.report.lines[i])
    }
}

/// Devices by screen.
pub(super) type Devices = BTreeMap<ScreenCode, DeviceFacts>;

/// The figures of a page: of each running order that asks for a number of plays, in order of their codes.
#[derive(Debug)]
pub(super) struct Figures {
    orders: Vec<Arc<CampaignNow>>,
    /// Something has changed since they were made, and newer ones are being made.
    pub(super) newer: bool,
}

impl Figures {
    /// When the oldest of them were made.
    pub(super) fn made(&self) -> Option<UtcMillis> {
        self.orders.iter().map(|now| now.made).min()
    }
}

impl std::ops::Deref for Figures {
    type Target = [Arc<CampaignNow>];
    fn deref(&self) -> &[Arc<CampaignNow>] {
        &self.orders
    }
}

/// The figures of a day by itself.
type FreshDay = Fresh<Vec<Arc<CampaignNow>>>;

/// What is kept of them.
pub(super) struct Kept {
    now: Mutex<BTreeMap<CampaignCode, Arc<Fresh<CampaignNow>>>>,
    days: Mutex<lru::LruCache<LocalDay, Arc<FreshDay>>>,
    devices: Arc<Fresh<Devices>>,
    boxes: Arc<Fresh<Boxes>>,
    /// One order is reckoned at a time: the other processor answers.
    turn: Arc<Semaphore>,
    /// Of days by themselves, which somebody has to ask for.
    day_turns: Turns,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            now: Mutex::default(),
            days: Mutex::new(lru::LruCache::unbounded()), // until `trim`
            devices: Fresh::new(),
            boxes: Fresh::new(),
            turn: Arc::new(Semaphore::new(1)),
            day_turns: Turns::new(1),
        }
    }
}

/// What the figures of pages were reckoned from: the revisions of directory, campaigns and permissions, and the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reckoned(u64, u64, u64, LocalDay);

impl Console {
    /// Reckons what pages show, where that has not been done yet of what there is and of today; `last` is what it answered before.
    ///
    /// # Errors
    /// In words: something cannot be read.
    pub async fn reckon(&self, last: Option<Reckoned>) -> Result<Option<Reckoned>, String> {
        self.reckoned(last).await.map_err(|error| error.to_string())
    }

    async fn reckoned(&self, last: Option<Reckoned>) -> Result<Option<Reckoned>, ConsoleError> {
        let city = self.city().await?;
        let revisions = (city.directory.revision, city.campaigns.revision, city.permissions.revision);
        let now = Some(Reckoned(revisions.0, revisions.1, revisions.2, self.today().1));
        if last == now {
            return Ok(last);
        }
        self.index(&city).await?;
        match self.rows(&city).await {
            Ok(rows) if !rows.newer => Ok(now),
            Ok(_) | Err(ConsoleError::Making) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Figures of every running order, from its period's first day to today.
    pub(super) async fn campaigns_now(&self, city: &Arc<City>) -> Result<Figures, ConsoleError> {
        let today = self.today().1;
        let spans = spans(city, today);
        let kept: Vec<_> = {
            let mut all = self.figures.now.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|code, _| spans.iter().any(|(campaign, _)| campaign == code));
            spans
                .iter()
                .map(|(campaign, _)| Arc::clone(all.entry(campaign.clone()).or_insert_with(Fresh::new)))
                .collect()
        };
        // a new day changes what is owed and what is still waited for
        let tag = (city.directory.revision, city.campaigns.revision, today);
        let looks = spans.into_iter().zip(kept).map(|((campaign, period), fresh)| async move {
            let work = self.work(city, campaign, (period, (period.0, today)), Some(self.newest_boxes(city)));
            let turn = Arc::clone(&self.figures.turn);
            let make = async move {
                let _turn = turn.acquire_owned().await.map_err(|e| ConsoleError::Internal(e.to_string()))?;
                let runtime = tokio::runtime::Handle::current();
                let made = tokio::task::spawn_blocking(move || runtime.block_on(work.make())).await;
                made.map_err(|e| ConsoleError::Internal(e.to_string()))?
            };
            fresh.soon(tag, (&self.clock, FIGURES), make).await
        });
        let mut figures = Figures { orders: Vec::new(), newer: false };
        for seen in join_all(looks).await {
            let seen = seen?.ok_or(ConsoleError::Making)?;
            figures.newer |= seen.newer;
            figures.orders.push(seen.value);
        }
        Ok(figures)
    }

    /// Figures of the orders running on `day`, of that day alone, for somebody who asks.
    pub(super) async fn campaigns_of(
        &self,
        city: &Arc<City>,
        day: LocalDay,
        who: &AccountCode,
    ) -> Result<Figures, ConsoleError> {
        let fresh = {
            let mut days = self.figures.days.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = Arc::clone(days.get_or_insert(day, Fresh::new));
            trim(&mut days, DAYS);
            fresh
        };
        let works: Vec<Work> = spans(city, day)
            .into_iter()
            .map(|(campaign, period)| self.work(city, campaign, (period, (day, day)), None))
            .collect();
        let (turns, who) = (self.figures.day_turns.clone(), who.clone());
        let make = async move {
            let runtime = tokio::runtime::Handle::current();
            let work = move || -> Result<Vec<Arc<CampaignNow>>, ConsoleError> {
                works.into_iter().map(|work| runtime.block_on(work.make()).map(Arc::new)).collect()
            };
            turns.take(&who, work).await?
        };
        let tag = (city.directory.revision, city.campaigns.revision, self.today().1);
        let seen = fresh.soon(tag, (&self.clock, FIGURES), make).await?.ok_or(ConsoleError::Making)?;
        Ok(Figures { orders: seen.value.to_vec(), newer: seen.newer })
    }

    fn work(
        &self,
        city: &Arc<City>,
        campaign: CampaignCode,
        (period, span): ((LocalDay, LocalDay), (LocalDay, LocalDay)),
        boxes: Option<BoxFuture<'static, Result<Arc<Boxes>, ConsoleError>>>,
    ) -> Work {
        Work {
            reports: Arc::clone(&self.reports),
            compliance: Arc::clone(&self.compliance),
            clock: Arc::clone(&self.clock),
            city: Arc::clone(city),
            boxes,
            campaign,
            period,
            span,
        }
    }

    /// What every screen's devices have said of themselves.
    pub(super) async fn devices(&self) -> Result<Arc<Devices>, ConsoleError> {
        let compliance = Arc::clone(&self.compliance);
        let make = async move { Ok(compliance.devices().await?) };
        // they have no day
        let tag = (0, 0, UtcMillis(0).day(self.offset));
        self.figures.devices.newest(tag, (&self.clock, FIGURES), make).await
    }

    /// How every screen stands by its hours and its box.
    pub(super) async fn boxes(&self, city: &Arc<City>) -> Result<Seen<Boxes>, ConsoleError> {
        let (tag, look) = self.look(city);
        self.figures.boxes.soon(tag, (&self.clock, FIGURES), look).await?.ok_or(ConsoleError::Making)
    }

    /// The same as it is now, however long that takes.
    fn newest_boxes(&self, city: &Arc<City>) -> BoxFuture<'static, Result<Arc<Boxes>, ConsoleError>> {
        let (boxes, clock, (tag, look)) = (Arc::clone(&self.figures.boxes), Arc::clone(&self.clock), self.look(city));
        async move { boxes.newest(tag, (&clock, FIGURES), look).await }.boxed()
    }

    fn look(&self, city: &Arc<City>) -> (Tag, impl Future<Output = Result<Boxes, ConsoleError>> + Send + use<>) {
        let (compliance, fleet, city) = (Arc::clone(&self.compliance), Arc::clone(&self.fleet), Arc::clone(city));
        let alerts = Arc::clone(&self.alerts);
        let (now, today) = self.today();
        let (tag, offset) = ((city.directory.revision, 0, today), self.offset);
        let look = async move {
            let (states, devices) = (fleet.states(None).await?, compliance.devices().await?);
            let mut taken = alerts.cases(now).await?;
            taken.retain(|case| case.closed.is_none() && case.taken.is_some());
            let made = move || Boxes { taken, ..Boxes::of(&city, &states, &devices, (now, offset)) };
            tokio::task::spawn_blocking(made).await.map_err(|e| ConsoleError::Internal(e.to_string()))
        };
        (tag, look)
    }
}

/// The orders running on a day that ask for a number of plays, each with its period that holds the day.
fn spans(city: &City, day: LocalDay) -> Vec<(CampaignCode, (LocalDay, LocalDay))> {
    let orders = running(&city.campaigns, day).filter(|d| d.quota.is_some());
    orders.filter_map(|d| Some((d.campaign(), d.period(day)?))).collect()
}

/// Making one order's figures: seconds of work for a large fleet, so never on a thread that answers.
struct Work {
    reports: Arc<Reports>,
    compliance: Arc<dyn ComplianceStore>,
    clock: Arc<dyn Clock>,
    city: Arc<City>,
    /// How screens stand, for what is to come; none of a day by itself, which tells what was.
    boxes: Option<BoxFuture<'static, Result<Arc<Boxes>, ConsoleError>>>,
    campaign: CampaignCode,
    period: (LocalDay, LocalDay),
    span: (LocalDay, LocalDay),
}

impl Work {
    async fn make(self) -> Result<CampaignNow, ConsoleError> {
        let (city, campaign, (from, today)) = (&self.city, &self.campaign, self.span);
        let boxes = match self.boxes {
            Some(boxes) => Some(boxes.await?),
            None => None,
        };
        let of = (from, today);
        let mut basis = self.reports.basis(&city.directory, &city.campaigns, campaign, of, self.clock.now()).await?;
        let report = basis.report();
        let until = if boxes.is_some() { today.plus(6) } else { today };
        let days = self.compliance.days(campaign, today, until).await?;
        let facts: BTreeMap<ScreenCode, DayFacts> =
            days.iter().filter_map(|(screen, days)| Some((screen.clone(), days.get(&today)?.clone()))).collect();
        let outlook = match &boxes {
            Some(boxes) => Outlook::of(city, &mut basis, days, boxes, today),
            None => Outlook::default(),
        };
        let mut today_of: BTreeMap<(Link, UnitCode), Sums> = BTreeMap::new();
        let mut today_all = Sums::default();
        for (code, fact) in &facts {
            let sums = Sums::of(fact.planned, &fact.counts);
            today_all.add(sums);
            let Some(screen) = city.directory.screen(code) else { continue };
            for link in Link::ALL {
                for unit in city.directory.units_of(screen, *link, today) {
                    today_of.entry((*link, unit.code.clone())).or_default().add(sums);
                }
            }
        }
        let line_of = report.lines.iter().enumerate().map(|(i, l)| (l.screen.clone(), i)).collect();
        let made = self.clock.now();
        Ok(CampaignNow { report, line_of, today: facts, today_of, today_all, period: self.period, outlook, made })
    }
}

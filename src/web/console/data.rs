//! What pages are made of: the city in memory, and each running order's figures, made anew in the
//! background so that no page waits for 20,000 screens.

use super::ConsoleError;
use super::live::News;
use super::outlook::{Boxes, Outlook};
pub(super) use super::preview::Preview;
use super::preview::PreviewKey;
use super::sums::Sums;
use crate::approval::{Approvals, Permissions};
use crate::campaigns::{CampaignStore, Campaigns, Directive, DirectiveKind, Phase, Place};
use crate::compliance::{ComplianceError, ComplianceStore, DayFacts, DeviceFacts, Report, Reports, ScreenLine};
use crate::directory::{Directory, DirectoryStore, Link, Proposal, Screen};
use crate::fleet::{DeviceState, Fleet};
use crate::library::{Library, LibraryStore};
use crate::many::ManyStore;
use crate::notify::NotifyStore;
use crate::orders::delivery::Delivery;
use crate::orders::{OrderDesk, OrderStore};
use crate::people::{People, PeopleStore, Sight};
use crate::planning::{PlanStore, StoredPlan};
use crate::proof::bundle::Bundler;
use crate::proof::evidence::EvidenceStore;
use crate::proof::log::Log;
use crate::report::{ReportStore, Reporting};
use crate::sampling::Sampling;
use crate::web::turns::Turns;
use lichphat_playlists::ids::{CampaignCode, DirectiveCode, ScreenCode, UnitCode};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::declared::Declared;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::BTreeMap;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

/// Figures younger than this are shown as they are, ms.
const FRESH_MS: u64 = 5_000;
/// Figures younger than this are shown while newer ones are made, ms.
pub(super) const STALE_MS: u64 = 600_000;

/// Orders and periods whose figures are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// Dry runs that are kept; one of a large fleet has megabytes.
const PREVIEWS: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");

/// The city at one revision of its rooms.
#[derive(Debug)]
pub(in crate::web) struct City {
    pub(in crate::web) directory: Directory,
    pub(in crate::web) campaigns: Campaigns,
    pub(in crate::web) permissions: Arc<Permissions>,
}

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
pub(super) type Tag = (u64, u64, LocalDay);
/// A campaign over days, the first to the last.
type Spanned = (CampaignCode, (LocalDay, LocalDay));

/// A value that is made anew when it is old; whoever asks meanwhile gets the last one.
pub(super) struct Fresh<V> {
    held: Mutex<Option<(Tag, u64, Arc<V>)>>,
    making: Arc<tokio::sync::Mutex<()>>,
}

impl<V: Send + Sync + 'static> Fresh<V> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { held: Mutex::new(None), making: Arc::default() })
    }
    fn younger(&self, tag: Tag, mono_ms: u64, age_ms: u64) -> Option<Arc<V>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, made, value) = held.as_ref()?;
        (*of == tag && mono_ms.saturating_sub(*made) < age_ms).then(|| Arc::clone(value))
    }
    fn keep(&self, tag: Tag, mono_ms: u64, value: &Arc<V>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some((tag, mono_ms, Arc::clone(value)));
    }

    pub(super) async fn get<F>(self: &Arc<Self>, tag: Tag, mono_ms: u64, make: F) -> Result<Arc<V>, ConsoleError>
    where
        F: Future<Output = Result<V, ConsoleError>> + Send + 'static,
    {
        self.get_younger(tag, mono_ms, FRESH_MS, make).await
    }

    /// A value younger than `fresh_ms`, or the last one while a newer one is made.
    pub(super) async fn get_younger<F>(
        self: &Arc<Self>,
        tag: Tag,
        mono_ms: u64,
        fresh_ms: u64,
        make: F,
    ) -> Result<Arc<V>, ConsoleError>
    where
        F: Future<Output = Result<V, ConsoleError>> + Send + 'static,
    {
        if let Some(value) = self.younger(tag, mono_ms, fresh_ms) {
            return Ok(value);
        }
        if let Some(value) = self.younger(tag, mono_ms, STALE_MS) {
            if let Ok(guard) = Arc::clone(&self.making).try_lock_owned() {
                let this = Arc::clone(self);
                tokio::spawn(async move {
                    match make.await {
                        Ok(value) => this.keep(tag, mono_ms, &Arc::new(value)),
                        Err(error) => tracing::warn!(%error, "the console's figures could not be made anew"),
                    }
                    drop(guard);
                });
            }
            return Ok(value);
        }
        let _guard = self.making.lock().await;
        if let Some(value) = self.younger(tag, mono_ms, STALE_MS) {
            return Ok(value);
        }
        let value = Arc::new(make.await?);
        self.keep(tag, mono_ms, &value);
        Ok(value)
    }
}

/// Which ways out there are for alerts.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// A mail server is set.
    pub mail: bool,
    /// Addresses below which programs may be told.
    pub webhooks: Vec<String>,
}

/// Rooms that pages not only read.
#[derive(Clone)]
pub struct BehindPages {
    /// Devices.
    pub fleet: Arc<Fleet>,
    /// The log.
    pub log: Arc<Log>,
    /// Accounts.
    pub people: Arc<People>,
    /// What people decide on.
    pub approvals: Arc<Approvals>,
    /// Files to look at.
    pub library: Library,
    /// Longest file that comes in, bytes.
    pub most_upload_bytes: u64,
    /// How people can be told.
    pub reach: Reach,
    /// Plays that somebody goes to look at.
    pub sampling: Arc<Sampling>,
    /// Bundles of evidence.
    pub bundles: Arc<dyn Bundler>,
}

/// Everything the pages read.
pub struct Console {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) offset: UtcOffset,
    pub(in crate::web) plans: Arc<dyn PlanStore>,
    pub(super) evidence: Arc<dyn EvidenceStore>,
    directory: Arc<dyn DirectoryStore>,
    campaigns: Arc<dyn CampaignStore>,
    pub(in crate::web) approvals: Arc<Approvals>,
    pub(super) library: Library,
    pub(super) compliance: Arc<dyn ComplianceStore>,
    pub(super) most_upload_bytes: u64,
    pub(super) sampling: Arc<Sampling>,
    pub(super) bundles: Arc<dyn Bundler>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) log: Arc<Log>,
    pub(super) alerts: Arc<dyn NotifyStore>,
    pub(super) reach: Reach,
    reports: Arc<Reports>,
    city: Mutex<Option<Arc<City>>>,
    now: Mutex<lru::LruCache<Spanned, Arc<Fresh<CampaignNow>>>>,
    devices: Arc<Fresh<Devices>>,
    boxes: Arc<Fresh<Boxes>>,
    pub(super) media: Arc<dyn LibraryStore>,
    pub(super) people: Arc<People>,
    /// What is done to many screens at once.
    pub(super) many: Arc<dyn ManyStore>,
    /// Lists of many screens.
    pub(super) shelf: super::screens::Shelf,
    pub(super) reporting: Arc<Reporting>,
    pub(super) reports_kept: super::reports::Kept,
    /// Work of seconds, in turn.
    pub(in crate::web) turns: Turns,
    /// Of previews of content, which are a moment's work and do not wait behind reports.
    pub(in crate::web) preview_turns: Turns,
    pub(super) previews: Mutex<lru::LruCache<PreviewKey, Arc<Fresh<Preview>>>>,
    /// Held by whoever works out what an order would do that nobody has signed.
    pub(super) thinking: Arc<tokio::sync::Semaphore>,
    pub(in crate::web) orders: OrderDesk,
    pub(super) deliveries: Mutex<lru::LruCache<DirectiveCode, Arc<Fresh<Delivery>>>>,
    pub(in crate::web) news: News,
}

/// Does a contract, an item or an event play where the reader may look?
pub(in crate::web) fn reaches(directory: &Directory, sight: &Sight, places: &[Place]) -> bool {
    let reaches = |place: &Place| directory.subtree(&place.unit).iter().any(|unit| sight.unit(unit));
    sight.is_whole() || places.iter().any(reaches)
}

/// May the reader of a screen's page know of a campaign? Orders and safe loops are everybody's, so is what the screen's plan holds;
/// another's contract or item is for him not there.
pub(in crate::web) fn knows(
    city: &City,
    sight: &Sight,
    (screen, day, plan): (&Screen, LocalDay, Option<&StoredPlan>),
    code: &CampaignCode,
) -> bool {
    let (campaigns, directory) = (&city.campaigns, &city.directory);
    let planned = plan.is_some_and(|p| p.campaigns.iter().any(|c| c.campaign == *code));
    let played = || campaigns.contracts_on(directory, screen, day).any(|(c, _)| c.code == *code);
    let open = || campaigns.directive_of(code).is_some() || campaigns.fallbacks().any(|f| f.code == *code);
    let contracts = campaigns.contracts().map(|c| (&c.code, &c.place));
    let local = campaigns.items().map(|i| (&i.code, &i.place)).chain(campaigns.fixed().map(|f| (&f.code, &f.place)));
    let mut placed = contracts.chain(local).filter(|(of, _)| *of == code);
    sight.is_whole() || planned || open() || played() || placed.any(|(_, places)| reaches(directory, sight, places))
}

impl Console {
    /// Over a store that holds every room.
    pub fn new<S>(
        store: &Arc<S>,
        BehindPages { fleet, log, people, approvals, library, most_upload_bytes, reach, sampling, bundles }: BehindPages,
        clock: Arc<dyn Clock>,
        offset: UtcOffset,
    ) -> Self
    where
        S: DirectoryStore
            + CampaignStore
            + ComplianceStore
            + PlanStore
            + EvidenceStore
            + LibraryStore
            + ReportStore
            + OrderStore
            + PeopleStore
            + NotifyStore
            + ManyStore
            + 'static,
    {
        let compliance: Arc<dyn ComplianceStore> = Arc::clone(store) as _;
        let origin = log.name().name().to_owned();
        let orders = OrderDesk::new(store, (library.clone(), Arc::clone(&approvals)), Arc::clone(&clock), offset);
        Self {
            reporting: Arc::new(Reporting::new(Arc::clone(store) as _, Arc::clone(&clock), offset, origin)),
            reports_kept: super::reports::kept(),
            turns: Turns::default(),
            preview_turns: Turns::default(),
            alerts: Arc::clone(store) as _,
            reach,
            reports: Arc::new(Reports::new(Arc::clone(&compliance), Arc::clone(&clock), offset)),
            clock,
            offset,
            plans: Arc::clone(store) as _,
            evidence: Arc::clone(store) as _,
            directory: Arc::clone(store) as _,
            campaigns: Arc::clone(store) as _,
            approvals,
            library,
            most_upload_bytes,
            sampling,
            bundles,
            compliance,
            fleet,
            log,
            city: Mutex::new(None),
            now: Mutex::new(lru::LruCache::new(KEPT)),
            devices: Fresh::new(),
            boxes: Fresh::new(),
            media: Arc::clone(store) as _,
            people,
            many: Arc::clone(store) as _,
            shelf: super::screens::Shelf::default(),
            previews: Mutex::new(lru::LruCache::new(PREVIEWS)),
            thinking: Arc::new(tokio::sync::Semaphore::new(1)),
            orders,
            deliveries: Mutex::new(lru::LruCache::new(KEPT)),
            news: News::default(),
        }
    }

    /// Where units and screens are kept.
    pub(in crate::web) fn directory(&self) -> &dyn DirectoryStore {
        &*self.directory
    }

    /// Where orders, contracts and loops are kept.
    pub(in crate::web) fn campaigns_store(&self) -> &dyn CampaignStore {
        &*self.campaigns
    }

    /// The figures of one campaign over a period, made now.
    pub(in crate::web) async fn report(
        &self,
        city: &City,
        campaign: &CampaignCode,
        from: LocalDay,
        to: LocalDay,
    ) -> Result<Report, ComplianceError> {
        self.reports.compliance(&city.directory, &city.campaigns, campaign, from, to).await
    }

    /// The screen's present device, as it last said of itself.
    pub(super) async fn device(&self, screen: &ScreenCode) -> Result<Option<DeviceState>, ConsoleError> {
        Ok(self.fleet.states(Some(screen)).await?.pop())
    }

    /// Now, and its local day.
    pub(in crate::web) fn today(&self) -> (UtcMillis, LocalDay) {
        let now = self.clock.now();
        (now, now.day(self.offset))
    }

    /// The city as it stands; read again only after an import.
    pub(in crate::web) async fn city(&self) -> Result<Arc<City>, ConsoleError> {
        let (directory, campaigns) = (self.directory.directory_revision(), self.campaigns.campaigns_revision());
        let revisions = (directory.await?, campaigns.await?, self.approvals.permissions().await?.revision);
        let held = self.city.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(city) =
            held.filter(|c| (c.directory.revision, c.campaigns.revision, c.permissions.revision) == revisions)
        {
            return Ok(city);
        }
        let city = Arc::new(City {
            directory: self.directory.directory().await?,
            campaigns: self.campaigns.campaigns().await?,
            permissions: self.approvals.permissions().await?,
        });
        *self.city.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&city));
        Ok(city)
    }

    /// The directory with the day it is.
    pub(in crate::web) async fn directory_today(&self) -> Result<(Arc<City>, LocalDay), ConsoleError> {
        Ok((self.city().await?, self.today().1))
    }

    /// Proposals of peak windows: all that wait, and so many of the others, newest first.
    pub(in crate::web) async fn proposals(&self, decided: u32) -> Result<Vec<Proposal>, ConsoleError> {
        Ok(self.directory.peak_proposals(decided).await?)
    }

    /// How many of them wait.
    pub(super) async fn proposals_waiting(&self) -> Result<u64, ConsoleError> {
        Ok(self.directory.peaks_waiting().await?)
    }

    /// Figures of every running order that asks for a number of plays, in order of their codes.
    pub(super) async fn campaigns_now(&self, city: &Arc<City>) -> Result<Vec<Arc<CampaignNow>>, ConsoleError> {
        let (_, today) = self.today();
        self.campaigns(city, today, false).await
    }

    /// Figures of the orders running on `day`, of that day alone.
    pub(super) async fn campaigns_of(
        &self,
        city: &Arc<City>,
        day: LocalDay,
    ) -> Result<Vec<Arc<CampaignNow>>, ConsoleError> {
        self.campaigns(city, day, true).await
    }

    async fn campaigns(
        &self,
        city: &Arc<City>,
        day: LocalDay,
        alone: bool,
    ) -> Result<Vec<Arc<CampaignNow>>, ConsoleError> {
        let mut out = Vec::new();
        for directive in running(&city.campaigns, day).filter(|d| d.quota.is_some()) {
            let Some(period) = directive.period(day) else { continue };
            let from = if alone { day } else { period.0 };
            out.push(self.campaign_now(city, directive.campaign(), period, (from, day)).await?);
        }
        Ok(out)
    }

    async fn campaign_now(
        &self,
        city: &Arc<City>,
        campaign: CampaignCode,
        period: (LocalDay, LocalDay),
        span: (LocalDay, LocalDay),
    ) -> Result<Arc<CampaignNow>, ConsoleError> {
        let fresh = {
            let mut all = self.now.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.get_or_insert((campaign.clone(), span), Fresh::new))
        };
        // A new day changes what is owed and what is still waited for.
        let tag = (city.directory.revision, city.campaigns.revision, self.today().1);
        // a day by itself tells what was
        let boxes = if span.0 == span.1 && period.0 != span.0 { None } else { Some(self.boxes(city).await?) };
        let work = Work {
            reports: Arc::clone(&self.reports),
            compliance: Arc::clone(&self.compliance),
            clock: Arc::clone(&self.clock),
            city: Arc::clone(city),
            boxes,
            campaign,
            period,
            span,
        };
        fresh.get(tag, self.clock.mono_ms(), work.run()).await
    }

    /// What others declare of a screen's day.
    pub(super) async fn declared_on(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
    ) -> Result<BTreeMap<CampaignCode, Declared>, ConsoleError> {
        Ok(self.compliance.declared_on(screen, day).await?)
    }

    /// What every screen's devices have said of themselves.
    pub(super) async fn devices(&self) -> Result<Arc<Devices>, ConsoleError> {
        let compliance = Arc::clone(&self.compliance);
        let tag = (0, 0, self.today().1);
        self.devices.get(tag, self.clock.mono_ms(), async move { Ok(compliance.devices().await?) }).await
    }

    /// How every screen stands by its hours and its box.
    pub(super) async fn boxes(&self, city: &Arc<City>) -> Result<Arc<Boxes>, ConsoleError> {
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
        self.boxes.get(tag, self.clock.mono_ms(), look).await
    }
}

/// The orders to play that are in force on `today`.
pub(super) fn running(campaigns: &Campaigns, today: LocalDay) -> impl Iterator<Item = &Directive> {
    campaigns.directives().filter(move |d| d.kind == DirectiveKind::Play && d.phase(today) == Phase::Running)
}

/// Making one order's figures: seconds of work for a large fleet, so never on a thread that answers.
struct Work {
    reports: Arc<Reports>,
    compliance: Arc<dyn ComplianceStore>,
    clock: Arc<dyn Clock>,
    city: Arc<City>,
    /// For what is to come; none of a day by itself.
    boxes: Option<Arc<Boxes>>,
    campaign: CampaignCode,
    period: (LocalDay, LocalDay),
    span: (LocalDay, LocalDay),
}

impl Work {
    async fn run(self) -> Result<CampaignNow, ConsoleError> {
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || runtime.block_on(self.make()))
            .await
            .map_err(|e| ConsoleError::Internal(e.to_string()))?
    }

    async fn make(self) -> Result<CampaignNow, ConsoleError> {
        let (city, campaign, (from, today)) = (&self.city, &self.campaign, self.span);
        let of = (from, today);
        let mut basis = self.reports.basis(&city.directory, &city.campaigns, campaign, of, self.clock.now()).await?;
        let report = basis.report();
        let until = if self.boxes.is_some() { today.plus(6) } else { today };
        let days = self.compliance.days(campaign, today, until).await?;
        let facts: BTreeMap<ScreenCode, DayFacts> =
            days.iter().filter_map(|(screen, days)| Some((screen.clone(), days.get(&today)?.clone()))).collect();
        let outlook = match &self.boxes {
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

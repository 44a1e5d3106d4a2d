//! What pages are made of: the rooms, and the city in memory. The figures are in [`super::figures`].

use super::ConsoleError;
use super::figures::Kept as KeptFigures;
use super::fresh::Fresh;
use super::live::News;
pub(super) use super::preview::Preview;
use super::preview::PreviewKey;
use crate::approval::{Approvals, Permissions};
use crate::campaigns::{CampaignStore, Campaigns, Directive, DirectiveKind, Phase, Place};
use crate::compliance::{ComplianceError, ComplianceStore, Report, Reports};
use crate::directory::{Directory, DirectoryStore, Proposal, Screen};
use crate::exchange::bring::BringStore;
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
use lichphat_playlists::ids::{CampaignCode, DirectiveCode, ScreenCode};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::declared::Declared;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

/// Orders whose way to their screens is kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// The city at one revision of its rooms.
#[derive(Debug)]
pub(in crate::web) struct City {
    pub(in crate::web) directory: Directory,
    pub(in crate::web) campaigns: Campaigns,
    pub(in crate::web) permissions: Arc<Permissions>,
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
    pub(super) reports: Arc<Reports>,
    city: Mutex<Option<Arc<City>>>,
    reading: tokio::sync::Mutex<()>,
    pub(super) figures: KeptFigures,
    pub(super) media: Arc<dyn LibraryStore>,
    pub(super) people: Arc<People>,
    /// What is done to many screens at once.
    pub(super) many: Arc<dyn ManyStore>,
    /// Documents that people bring over the network.
    pub(in crate::web) bring: Arc<dyn BringStore>,
    /// Lists of many screens.
    pub(super) shelf: super::screens::Shelf,
    pub(super) reporting: Arc<Reporting>,
    pub(super) reports_kept: super::reports::Kept,
    /// Work of seconds, in turn.
    pub(in crate::web) turns: Turns,
    /// Of previews of content, which are a moment's work and do not wait behind reports.
    pub(in crate::web) preview_turns: Turns,
    pub(super) previews: Mutex<lru::LruCache<PreviewKey, Arc<Fresh<Preview>>>>,
    /// Of previews of orders: of what people only think of one is worked out at a time, however fast they type.
    pub(super) order_turns: Turns,
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
            + BringStore
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
            reading: tokio::sync::Mutex::new(()),
            figures: KeptFigures::default(),
            media: Arc::clone(store) as _,
            people,
            many: Arc::clone(store) as _,
            bring: Arc::clone(store) as _,
            shelf: super::screens::Shelf::default(),
            previews: Mutex::new(lru::LruCache::unbounded()), // until `trim`
            order_turns: Turns::new(1),
            orders,
            deliveries: Mutex::new(lru::LruCache::new(KEPT)),
            news: News::default(),
        }
    }

    /// Where units and screens are kept.
    pub(in crate::web) fn directory(&self) -> &dyn DirectoryStore {
        &*self.directory
    }

    /// The newest plan of a screen for a day.
    pub(in crate::web) async fn newest_plan(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
    ) -> Result<Option<StoredPlan>, ConsoleError> {
        Ok(self.plans.newest(screen, day).await?)
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

    /// The city as it stands; read again only after an import, once for everybody.
    pub(in crate::web) async fn city(&self) -> Result<Arc<City>, ConsoleError> {
        if let Some(city) = self.city_held().await? {
            return Ok(city);
        }
        let _reading = self.reading.lock().await;
        if let Some(city) = self.city_held().await? {
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

    /// The one in memory, when nothing has come in since.
    async fn city_held(&self) -> Result<Option<Arc<City>>, ConsoleError> {
        let (directory, campaigns) = (self.directory.directory_revision(), self.campaigns.campaigns_revision());
        let revisions = (directory.await?, campaigns.await?, self.approvals.permissions().await?.revision);
        let held = self.city.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(held.filter(|c| (c.directory.revision, c.campaigns.revision, c.permissions.revision) == revisions))
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

    /// What others declare of a screen's day.
    pub(super) async fn declared_on(
        &self,
        screen: &ScreenCode,
        day: LocalDay,
    ) -> Result<BTreeMap<CampaignCode, Declared>, ConsoleError> {
        Ok(self.compliance.declared_on(screen, day).await?)
    }
}

/// The orders to play that are in force on `today`.
pub(super) fn running(campaigns: &Campaigns, today: LocalDay) -> impl Iterator<Item = &Directive> {
    campaigns.directives().filter(move |d| d.kind == DirectiveKind::Play && d.phase(today) == Phase::Running)
}

//! All rooms over one data directory, wired: what `serve`, the commands, the demonstration and
//! tests stand on.

use super::Context;
use super::bundles::Bundles;
use super::witness::door::HttpDoor;
use crate::approval::rule::Outcome;
use crate::approval::{self, Approvals, Permissions, State};
use crate::campaigns::{CampaignStore, Campaigns};
use crate::care::{Care, Limits};
use crate::certs::devices::DeviceAuthority;
use crate::clock::SystemRng;
use crate::compliance::{Report, Reports};
use crate::config::{LogSettings, Settings};
use crate::directory::{Directory, DirectoryStore, Screen};
use crate::error::AppError;
use crate::fleet::pairing::Welcome;
use crate::fleet::{DeviceKeys, Fleet, Way};
use crate::keys::Keys;
use crate::library::{Library, MediaFiles, Uploads};
use crate::people::{AccountCode, Caller, Grant, People, PeopleStore, Via};
use crate::planning::{Basis, Planning, PlanningError, Replanned, Unplayable, World};
use crate::proof::log::{DiskFiles, Log, Signs, Unwitnessed, Witnesses};
use crate::proof::witnesses::{Asking, Witness};
use crate::proof::{DayLimits, Proof};
use crate::report::Reporting;
use crate::sampling::Sampling;
use crate::store::Store;
use crate::web::console::{BehindPages, Console, Reach};
use crate::web::{App, EVENTS_ALIVE};
use indicatif::ProgressBar;
use lichphat_playlists::ids::{CampaignCode, MediaHash, ScreenCode};
use lichphat_playlists::media::Media;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::time::{LocalDay, UtcOffset};
use lichphat_playlists::wire::sign::{LogSigning, Packing, SigningKey};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The city at one moment: what plans and reports are made from.
#[derive(Debug, Clone)]
pub struct City {
    /// Units, screens, duty.
    pub directory: Directory,
    /// Orders, contracts, loops.
    pub campaigns: Campaigns,
    /// Files.
    pub media: BTreeMap<MediaHash, Media>,
    /// What may be shown where.
    pub permissions: Arc<Permissions>,
}

impl City {
    /// As planning reads it.
    pub fn world(&self) -> World<'_> {
        let Self { directory, campaigns, media, permissions } = self;
        World { directory, campaigns, media, permissions }
    }

    /// As if everything in it were approved: for looking ahead.
    pub fn granting(mut self) -> Self {
        let drafts = approval::drafts(&self.campaigns, &self.media);
        self.permissions = Arc::new((*self.permissions).clone().granting(drafts, &self.directory));
        self
    }
}

/// Screens whose horizon is in memory as inputs at a time.
const SCREENS_AT_ONCE: usize = 64;

/// A screen without a safe loop is left out; when all are, somebody must be told.
fn some_are_planned(without_fallback: usize, screens: usize) -> Result<(), PlanningError> {
    if screens > 0 && without_fallback == screens { Err(PlanningError::NoFallback) } else { Ok(()) }
}

/// The log's key under its name.
pub(super) fn log_name(keys: &Keys, settings: &Settings) -> Result<VerifierKey<LogSigning>, AppError> {
    let origin = &settings.log.origin;
    keys.log_name(origin).ok_or_else(|| {
        AppError::mistake(
            format!("log.origin = {origin:?}: hãy viết không có dấu cách và dấu cộng, tốt nhất như một địa chỉ: lichphat.example/log"),
            format!("log.origin = {origin:?}: write it without spaces and plus signs, best as an address: lichphat.example/log"),
        )
    })
}

/// Those of the settings, asked over HTTP.
fn witnesses(settings: &Settings, store: &Arc<Store>, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Witnesses>, AppError> {
    if settings.log.witnesses.is_empty() {
        return Ok(Arc::new(Unwitnessed));
    }
    let named = settings.log.witnesses.iter().map(|w| Witness { url: w.url.clone(), key: w.key.clone() });
    let door = HttpDoor::new(&settings.log.witnesses)?;
    Ok(Arc::new(Asking::new(named.collect(), Arc::new(door), store.clone(), Arc::clone(clock))))
}

/// Every room's door.
#[derive(Clone)]
pub struct Rooms {
    /// The database.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Offset of local time.
    pub offset: UtcOffset,
    /// Media.
    pub library: Library,
    /// Media that come over the network.
    pub uploads: Arc<Uploads>,
    /// What people decide on, and what they decided.
    pub approvals: Arc<Approvals>,
    /// Plans.
    pub planning: Arc<Planning>,
    /// Devices.
    pub fleet: Arc<Fleet>,
    /// Evidence.
    pub proof: Arc<Proof>,
    /// The log that outsiders verify.
    pub log: Arc<Log>,
    /// Figures.
    pub reports: Arc<Reports>,
    /// Reports that an office can sign.
    pub reporting: Arc<Reporting>,
    /// Plays that somebody goes to look at.
    pub sampling: Arc<Sampling>,
    /// Who may come in.
    pub people: Arc<People>,
    /// Pages for people.
    pub console: Arc<Console>,
    /// How the scheduler is.
    pub care: Arc<Care>,
    /// What bundles are signed with.
    pub packing: Arc<SigningKey<Packing>>,
    /// Public keys that devices need.
    pub public_keys: DeviceKeys,
    horizon_days: u32,
    max_body_bytes: u32,
    api_requests_per_s: u32,
}

impl Rooms {
    /// Opens the data directory of `context`.
    pub fn open(context: &Context) -> Result<Self, AppError> {
        Self::over(context.open_store()?, context)
    }

    /// The same house as it is at this moment, whatever comes in meanwhile ([`Store::at_this_moment`]); `context` is that of [`open`](Self::open).
    pub fn at_this_moment(&self, context: &Context) -> Result<Self, AppError> {
        Self::over(self.store.at_this_moment()?, context)
    }

    /// Over that store, which is the context's own or a moment of it.
    pub(super) fn over(store: Store, context: &Context) -> Result<Self, AppError> {
        let keys = Keys::load(&context.settings.data)?;
        let log_name = log_name(&keys, &context.settings)?;
        let public_keys = DeviceKeys {
            plan_key: keys.plan.verifying_key().to_base64(),
            approval_key: keys.approval.verifying_key().to_base64(),
            receipt_key: keys.receipt.verifying_key().to_base64(),
            log_key: log_name.clone(),
        };
        let (clock, offset) = (Arc::clone(&context.clock), context.settings.utc_offset());
        let port = Arc::new(store.clone());
        let devices = DeviceAuthority::load_or_make(&context.settings.data, clock.now().day(offset));
        let devices = Arc::new(devices.map_err(|e| AppError::Failed(e.to_string()))?);
        let rng = Arc::new(SystemRng);
        let fleet = Fleet::new(port.clone(), Arc::clone(&clock), rng, offset, keys.command, devices);
        let fleet = Arc::new(fleet);
        let files = Arc::new(DiskFiles::new(&context.settings.data));
        let witnesses = witnesses(&context.settings, &port, &clock)?;
        let (plan, receipt) = (keys.plan.verifying_key(), keys.receipt.verifying_key());
        let signs = Signs { plan, receipt, approval: keys.approval.verifying_key() };
        let log = Log::new(port.clone(), files, witnesses, Arc::clone(&clock), log_name, keys.log, signs);
        let log = Arc::new(log);
        let LogSettings { segments_per_device: segments, forks_per_device, forks: forks_in_all, .. } =
            context.settings.log;
        let limits = Limits {
            least_free_bytes: u64::from(context.settings.store.least_free_mib) << 20,
            log_every_ms: i64::from(context.settings.log.every_s) * 1000,
        };
        let data = context.settings.data.clone();
        let care = Care::new(port.clone(), Arc::clone(&log), Arc::clone(&clock), offset, data, limits);
        let people = People::new(port.clone(), Arc::clone(&clock), Arc::new(SystemRng), offset, keys.people);
        let people = Arc::new(match context.settings.web.address.as_str() {
            "" => people,
            address => people.reached_at(address).map_err(|e| AppError::Failed(e.to_string()))?,
        });
        let approvals = Arc::new(Approvals::new(port.clone(), Arc::clone(&clock), offset, keys.approval));
        let library = context.library(&store);
        let files = MediaFiles::new(&context.settings.data);
        let sampling = Arc::new(Sampling::new(port.clone(), files, Arc::clone(&clock), offset));
        let behind_pages = BehindPages {
            sampling: Arc::clone(&sampling),
            bundles: Arc::new(Bundles::new(store.clone(), context.clone())),
            fleet: Arc::clone(&fleet),
            log: Arc::clone(&log),
            people: Arc::clone(&people),
            approvals: Arc::clone(&approvals),
            library: library.clone(),
            most_upload_bytes: u64::from(context.settings.web.max_upload_mib) << 20,
            reach: Reach {
                mail: !context.settings.mail.host.is_empty(),
                webhooks: context.settings.alerts.webhooks.clone(),
            },
        };
        let origin = log.name().name().to_owned();
        let reporting = Arc::new(Reporting::new(port.clone(), Arc::clone(&clock), offset, origin));
        let taken = DayLimits { segments, forks: forks_per_device, forks_in_all };
        Ok(Self {
            packing: Arc::new(SigningKey::from_seed(&keys.receipt.seed())),
            uploads: Arc::new(Uploads::new(
                MediaFiles::new(&context.settings.data),
                u64::from(context.settings.web.max_upload_mib) << 20,
                limits.least_free_bytes.saturating_mul(2), // or uploads alone could bring the server to the edge of not ready
            )),
            library,
            approvals,
            planning: Arc::new(Planning::new(port.clone(), Arc::new(keys.plan), offset)),
            proof: Arc::new(Proof::new(port.clone(), Arc::clone(&clock), offset, Arc::new(keys.receipt), taken)),
            console: Arc::new(Console::new(&port, behind_pages, Arc::clone(&clock), offset)),
            people,
            log,
            care: Arc::new(care),
            sampling,
            fleet,
            reporting,
            reports: Arc::new(Reports::new(port, Arc::clone(&clock), offset)),
            store,
            clock,
            offset,
            public_keys,
            horizon_days: context.settings.horizon_days,
            max_body_bytes: context.settings.web.max_body_bytes,
            api_requests_per_s: context.settings.web.api_requests_per_s,
        })
    }

    /// What web handlers may use.
    pub fn app(&self) -> App {
        App {
            clock: Arc::clone(&self.clock),
            utc_offset: self.offset,
            library: self.library.clone(),
            uploads: Arc::clone(&self.uploads),
            fleet: Arc::clone(&self.fleet),
            proof: Arc::clone(&self.proof),
            log: Arc::clone(&self.log),
            people: Arc::clone(&self.people),
            once: Arc::new(self.store.clone()),
            api_requests_per_s: self.api_requests_per_s,
            sampling: Arc::clone(&self.sampling),
            console: Arc::clone(&self.console),
            care: Arc::clone(&self.care),
            welcome: Arc::new(Welcome { way: Way::default(), keys: self.public_keys.clone(), people: String::new() }),
            max_body_bytes: self.max_body_bytes,
            events_alive: EVENTS_ALIVE,
        }
    }

    /// The local day it is.
    pub fn today(&self) -> LocalDay {
        self.clock.now().day(self.offset)
    }

    /// The city as it is now.
    pub async fn city(&self) -> Result<City, AppError> {
        let media = self.library.list().await?.into_iter().map(|m| (m.media.hash, m.media)).collect();
        let (directory, campaigns) = (self.store.directory().await?, self.store.campaigns().await?);
        Ok(City { directory, campaigns, media, permissions: self.approvals.permissions().await? })
    }

    /// What stands behind the ledgers of `days`; of `screens` whose today went astray the plan in force is looked at.
    pub async fn basis(
        &self,
        world: World<'_>,
        days: &[LocalDay],
        screens: &[&Screen],
    ) -> Result<Basis, PlanningError> {
        let codes: BTreeSet<&ScreenCode> = screens.iter().map(|s| &s.code).collect();
        let now = (self.clock.now(), self.offset);
        world.basis_of(self.planning.store(), days, now, |s| codes.contains(s)).await
    }

    /// Plans the horizon from today on, publishes what is new and tells the devices.
    pub async fn plan(
        &self,
        city: &City,
        wanted: impl Fn(&Screen) -> bool,
        cause: &str,
    ) -> Result<Replanned, AppError> {
        self.plan_showing(city, wanted, cause, &ProgressBar::hidden()).await
    }

    /// The same with a bar that counts screens.
    pub async fn plan_showing(
        &self,
        city: &City,
        wanted: impl Fn(&Screen) -> bool,
        cause: &str,
        bar: &ProgressBar,
    ) -> Result<Replanned, AppError> {
        let began = self.clock.mono_ms();
        let done = self.plan_until_done(city, wanted, cause, bar).await;
        let published = done.as_ref().map(|done| done.published).map_err(ToString::to_string);
        self.care.planned(self.clock.mono_ms().saturating_sub(began), published);
        done
    }

    async fn plan_until_done(
        &self,
        city: &City,
        wanted: impl Fn(&Screen) -> bool,
        cause: &str,
        bar: &ProgressBar,
    ) -> Result<Replanned, AppError> {
        self.approvals.stand(&city.directory).await?;
        let permissions = self.approvals.permissions().await?;
        let world = World { permissions: &permissions, ..city.world() };
        let screens: Vec<&Screen> = world.managed().filter(|s| wanted(s)).collect();
        bar.set_length(screens.len() as u64);
        let mut lost = BTreeSet::new();
        let mut tries = 0;
        loop {
            bar.set_position(0);
            match self.plan_once(world, &screens, cause, bar, &mut lost).await {
                // The server and a command beside it may plan at the same time: look again at what is there now.
                Err(PlanningError::Raced) if tries < 5 => tries += 1,
                done => {
                    let done = done?;
                    self.fleet.announce(done.screens.iter().cloned());
                    return Ok(done);
                }
            }
        }
    }

    /// Some screens at a time: of a large fleet only these are in memory as inputs. Warns once of what is left out.
    async fn plan_once(
        &self,
        world: World<'_>,
        screens: &[&Screen],
        cause: &str,
        bar: &ProgressBar,
        lost: &mut BTreeSet<Unplayable>,
    ) -> Result<Replanned, PlanningError> {
        let today = self.today();
        let days: Vec<LocalDay> = today.through(today.plus(self.horizon_days.saturating_sub(1))).collect();
        let basis = self.basis(world, &days, screens).await?;
        let mut run = self.planning.begin(basis.now(), cause);
        let mut without_fallback = BTreeSet::new();
        for some in screens.chunks(SCREENS_AT_ONCE) {
            let inputs = world.inputs(some.iter().copied(), &days, &basis);
            for u in inputs.unplayable {
                if !lost.contains(&u) {
                    tracing::warn!(code = %u.code, variant = u.variant, "cannot be played: {}", u.problem);
                    lost.insert(u);
                }
            }
            without_fallback.extend(inputs.without_fallback);
            run.add(inputs.days).await?;
            bar.inc(some.len() as u64);
        }
        let done = run.finish().await?;
        for screen in &without_fallback {
            tracing::warn!(%screen, "is not planned: no safe loop fits it; add a `[[fallback]]` with a variant for it");
        }
        for l in &done.left_out {
            tracing::warn!(screen = %l.screen, day = %l.day, "could not be planned, its device keeps what it has: {}", l.reason);
        }
        some_are_planned(without_fallback.len(), screens.len())?;
        Ok(done)
    }

    /// Says yes to a proposal, resting on a written decision.
    pub async fn approve(
        &self,
        number: u32,
        (caller, decision): (&Caller, &str),
        directory: &Directory,
    ) -> Result<Outcome, AppError> {
        let people = if caller.via == Via::Shell { self.approvers(number, directory).await? } else { Vec::new() };
        Ok(self.approvals.give(number, (caller, decision), &people, directory).await?)
    }

    /// The accounts that may approve a proposal.
    async fn approvers(&self, number: u32, directory: &Directory) -> Result<Vec<AccountCode>, AppError> {
        let proposals = self.approvals.proposals().await?;
        let Some(needs) = proposals.into_iter().find(|p| p.number == number).map(|p| p.draft.needs) else {
            return Ok(Vec::new());
        };
        let may = |account: AccountCode, grants: Vec<Grant>| {
            let caller = Caller { account, grants, strong: true, via: Via::Session };
            needs.may(&caller, directory, self.today()).is_ok().then_some(caller.account)
        };
        let accounts = self.store.accounts().await?.into_iter().filter(|a| a.ended.is_none() && a.ready);
        Ok(accounts.filter_map(|a| may(a.code, a.grants)).collect())
    }

    /// Puts everything that is to be shown to people, and says yes to what waits; how much was approved.
    pub async fn approve_all(&self, (caller, decision): (&Caller, &str)) -> Result<u32, AppError> {
        let city = self.city().await?;
        let wanted = approval::drafts(&city.campaigns, &city.media);
        approval::propose(&self.store, &wanted, (caller.account.as_str(), self.clock.now())).await?;
        let proposals = self.approvals.proposals().await?;
        let mut given = 0;
        for proposal in proposals.iter().filter(|p| p.state == State::Open) {
            let said = self.approve(proposal.number, (caller, decision), &city.directory).await?;
            given += u32::from(said == Outcome::Approved);
        }
        Ok(given)
    }

    /// The compliance report of a campaign.
    pub async fn report(&self, campaign: &CampaignCode, from: LocalDay, to: LocalDay) -> Result<Report, AppError> {
        let city = self.city().await?;
        Ok(self.reports.compliance(&city.directory, &city.campaigns, campaign, from, to).await?)
    }
}

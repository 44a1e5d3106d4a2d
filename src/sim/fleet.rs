//! The fleet itself: devices, their fates, and a day lived in slices.

use super::transport::InProcess;
use crate::clock::SimClock as ServerClock;
use crate::directory::{Directory, Screen};
use crate::fleet::{DeviceKeys, Fleet, FleetError, Way};
use crate::people::Caller;
use crate::planning::PlanningError;
use crate::proof::log::{Log, LogError};
use crate::web::Service;
use lichphat_player::agent::{AgentOptions, AgentParts};
use lichphat_player::clock::Advised;
use lichphat_player::commands::Tools;
use lichphat_player::core::CoreOptions;
use lichphat_player::display::FixedDisplay;
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{self, Identity, IdentityError};
use lichphat_player::sim_support::{
    MemoryJournal, MemoryMediaFs, SeededRng, SharedMedia, SimClock, SimDevice, SimStage,
};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::ports::{Clock as _, Rng as _};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::{IntervalSet, LocalDay, UtcMillis, UtcOffset};
use std::sync::Arc;

/// Why the fleet could not be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// A provisioning file could not be made.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// A device could not register.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A simulated day could not be planned.
    #[error(transparent)]
    Planning(#[from] PlanningError),
    /// The log could not follow.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A worker ended before its time.
    #[error("a worker of the simulated fleet ended: {0}")]
    Worker(String),
}

/// How to simulate.
#[derive(Debug, Clone, Copy)]
pub struct SimOptions {
    /// Seed of the fates.
    pub seed: u64,
    /// Devices make their own misses good. False plants a core that does not, for tests.
    pub make_good: bool,
}

/// What will happen to a device on the day; most have none of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fate {
    /// Without power.
    pub off: IntervalSet,
    /// Panel known to be off all day.
    pub dark: bool,
    /// Reports only the next morning.
    pub late: bool,
}

impl Fate {
    /// Draws a fate: about 7 % outages (a third of them over every peak), 2 % dark panels, 5 % late
    /// uploads. `n` is the device's number in the fleet: the shares hold for every fleet above a hundred.
    pub fn draw(n: usize, seed: u64, duty: &IntervalSet, peak: &IntervalSet) -> Self {
        let rng = SeededRng::new(seed ^ (n as u64) << 17);
        let mut bytes = [0; 8];
        rng.fill(&mut bytes);
        let chance = u64::from_le_bytes(bytes);
        let (Some((first, _)), Some((_, last))) = (duty.iter().next(), duty.iter().last()) else {
            return Self::default();
        };
        match n % 100 {
            // From before the first peak until after the last: nothing can be made good.
            3 | 41 => {
                let end = peak.iter().last().map_or(last, |(_, b)| b);
                Self { off: IntervalSet::one(first, end), ..Self::default() }
            }
            // From before the first peak until a good third of the day's peaks has passed: the rest may make
            // it good.
            11 | 29 | 53 | 67 | 89 => {
                let busy = if peak.is_empty() { duty } else { peak };
                let from = busy.iter().next().map_or(first, |(a, _)| a.saturating_sub(300));
                let to = after(busy, (u64::from(busy.length()) * (36 + chance % 12) / 100) as u32);
                Self { off: IntervalSet::one(from, to), ..Self::default() }
            }
            17 | 71 => Self { dark: true, ..Self::default() },
            7 | 23 | 37 | 59 | 83 => Self { late: true, ..Self::default() },
            _ => Self::default(),
        }
    }
}

/// The second at which `length_s` seconds of `set` have passed.
fn after(set: &IntervalSet, mut length_s: u32) -> u32 {
    for (a, b) in set.iter() {
        if length_s <= b - a {
            return a + length_s;
        }
        length_s -= b - a;
    }
    set.iter().last().map_or(0, |(_, b)| b)
}

struct Unit {
    fate: Fate,
    identity: Arc<Identity>,
    fs: MemoryMediaFs,
    journal: MemoryJournal,
    display: Arc<FixedDisplay>,
    clock: Arc<SimClock>,
    /// None while it has no power.
    device: Option<SimDevice>,
}

/// Simulated devices and the server they report to.
pub struct SimFleet {
    units: Vec<Unit>,
    service: Service,
    server_clock: Arc<ServerClock>,
    options: SimOptions,
    offset: UtcOffset,
}

/// Length of a slice of the day, s: devices report once in each.
const SLICE_S: u32 = 900;
const WORKERS: usize = 8;

impl SimFleet {
    /// Registers a simulated device at every screen, at the server's present time.
    pub async fn enrol(
        screens: impl Iterator<Item = (ScreenCode, Fate)>,
        fleet: &Fleet,
        keys: &DeviceKeys,
        service: Service,
        server_clock: Arc<ServerClock>,
        offset: UtcOffset,
        options: SimOptions,
    ) -> Result<Self, SimError> {
        let shared = SharedMedia::default();
        let rng = SeededRng::new(options.seed);
        let mut units = Vec::new();
        for (screen, fate) in screens {
            let clock = Arc::new(SimClock::new(server_clock.now()));
            let provisioning =
                fleet.provision(screen, (&Way::to("in-process"), keys), &Caller::shell().account).await?;
            let (transport, credentials) = (InProcess::new(service.clone()), Credentials::in_memory()?);
            let key = identity::make_key(&rng);
            let identity = identity::register(&transport, &provisioning, key, credentials, true).await?;
            let level = if fate.dark { DisplayLevel::Dark } else { DisplayLevel::D1 };
            units.push(Unit {
                fate,
                identity: Arc::new(identity),
                fs: MemoryMediaFs::with_shared_media(shared.clone()),
                journal: MemoryJournal::default(),
                display: Arc::new(FixedDisplay::new(level)),
                clock,
                device: None,
            });
        }
        Ok(Self { units, service, server_clock, options, offset })
    }

    /// Devices in the fleet.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// True without any device.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Devices with an outage of any kind.
    pub fn with_outages(&self) -> usize {
        self.units.iter().filter(|u| !u.fate.off.is_empty()).count()
    }

    /// Lives through `day`, slice by slice; the server's clock and its log go along. `progress` hears how much
    /// of the day has passed, 0 to 96.
    pub async fn live(&mut self, day: LocalDay, log: &Log, mut progress: impl FnMut(u64)) -> Result<(), SimError> {
        for slice in 0..=(86_400 / SLICE_S) {
            self.server_clock.jump_to(day.at(slice * SLICE_S, self.offset));
            self.slice(day, slice * SLICE_S).await?;
            log.round().await?;
            progress(u64::from(slice));
        }
        Ok(())
    }

    /// Late devices report, and every device stops in order, at the server's present time.
    pub async fn finish(&mut self) -> Result<(), SimError> {
        let now = self.server_clock.now();
        self.each(move |mut unit| async move {
            unit.clock.advance_to(now);
            if let Some(device) = unit.device.as_mut() {
                device.step_until(now);
                device.stop().await;
            }
            unit
        })
        .await
    }

    async fn slice(&mut self, day: LocalDay, second: u32) -> Result<(), SimError> {
        let (service, options, offset) = (self.service.clone(), self.options, self.offset);
        self.each(move |mut unit| {
            let service = service.clone();
            async move {
                unit.live_until(day, second, offset, &service, options).await;
                if let Some(device) = unit.device.as_mut() {
                    if !unit.fate.late
                        && let Err(error) = device.agent.upload_once().await
                    {
                        device.agent.fault(error.to_string());
                    }
                    if second.is_multiple_of(3_600) && !unit.fate.late {
                        // A server that cannot be reached is what a heartbeat is for.
                        let _ = device.agent.heartbeat().await;
                    }
                }
                unit
            }
        })
        .await
    }

    /// Runs `job` on every device, on a few workers.
    async fn each<F, R>(&mut self, job: F) -> Result<(), SimError>
    where
        F: Fn(Unit) -> R + Clone + Send + 'static,
        R: Future<Output = Unit> + Send,
    {
        let mut units = std::mem::take(&mut self.units);
        let share = units.len().div_ceil(WORKERS).max(1);
        let mut workers = Vec::new();
        while !units.is_empty() {
            let rest = units.split_off(share.min(units.len()));
            let (mine, job) = (std::mem::replace(&mut units, rest), job.clone());
            workers.push(tokio::spawn(async move {
                let mut done = Vec::with_capacity(mine.len());
                for unit in mine {
                    done.push(job(unit).await);
                }
                done
            }));
        }
        for worker in workers {
            self.units.extend(worker.await.map_err(|e| SimError::Worker(e.to_string()))?);
        }
        Ok(())
    }
}

impl Unit {
    /// Lives until `second` of `day`, losing and regaining power on the way.
    async fn live_until(
        &mut self,
        day: LocalDay,
        second: u32,
        offset: UtcOffset,
        service: &Service,
        options: SimOptions,
    ) {
        let now_s = (self.clock.now().since_ms(day.start(offset)).max(0) / 1000) as u32;
        let mut edges: Vec<u32> = self.fate.off.iter().flat_map(|(a, b)| [a, b]).collect();
        edges.retain(|&s| s > now_s && s <= second);
        edges.push(second);
        if self.device.is_none() && !self.fate.off.contains(now_s) {
            self.switch_on(service, options).await;
        }
        for edge in edges {
            let at: UtcMillis = day.at(edge, offset);
            if let Some(device) = self.device.as_mut() {
                device.step_until(at);
            }
            self.clock.advance_to(at);
            if self.fate.off.contains(edge) {
                if let Some(device) = self.device.take() {
                    device.stage.cut_power();
                }
            } else if self.device.is_none() {
                self.clock.reboot();
                self.switch_on(service, options).await;
            }
        }
    }

    /// The first thing a device with power and network does is to ask for its plans.
    async fn switch_on(&mut self, service: &Service, options: SimOptions) {
        let stage = SimStage::new(Arc::clone(&self.clock), 30);
        let parts = AgentParts {
            identity: Arc::clone(&self.identity),
            clock: Advised::new(self.clock.clone()),
            transport: Arc::new(InProcess::of(service.clone(), &self.identity)),
            fs: Arc::new(self.fs.clone()),
            journal: Box::new(self.journal.clone()),
            stage: Box::new(stage.clone()),
            display: self.display.clone(),
            machine: None,
            tools: Tools::none(Arc::new(SeededRng::new(options.seed))),
            updates: None,
            options: AgentOptions { core: CoreOptions { make_good: options.make_good }, ..AgentOptions::default() },
        };
        let mut device = SimDevice::start(parts, Arc::clone(&self.clock), stage);
        device.meet().await;
        self.device = Some(device);
    }
}

/// Screens with their fates for `day`: managed, on duty, but `except`. With `most`, so many of them,
/// spread evenly over all: every kind of place stays in the picture.
pub fn cast<'a>(
    screens: impl Iterator<Item = &'a Screen>,
    directory: &Directory,
    day: LocalDay,
    seed: u64,
    except: &ScreenCode,
    most: Option<usize>,
) -> Vec<(ScreenCode, Fate)> {
    let on_duty: Vec<&Screen> = screens.filter(|s| s.code != *except && directory.operating(s, day)).collect();
    let n = most.map_or(on_duty.len(), |most| most.min(on_duty.len()));
    (0..n)
        .map(|i| on_duty[i * on_duty.len() / n])
        .enumerate()
        .map(|(n, s)| (s.code.clone(), Fate::draw(n, seed, &directory.duty(s, day), &directory.peak_windows(s, day))))
        .collect()
}

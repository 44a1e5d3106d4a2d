//! One box of the story: the player's own code, with what outlives a power cut.

use super::line::Line;
use super::truth::Day;
use lichphat_player::agent::{AgentOptions, AgentParts};
use lichphat_player::clock::Advised;
use lichphat_player::commands::Tools;
use lichphat_player::display::FixedDisplay;
use lichphat_player::identity::Identity;
use lichphat_player::journal::Journal as _;
use lichphat_player::meter::DataRule;
use lichphat_player::ports::MediaFs as _;
use lichphat_player::sim_support::{MemoryJournal, MemoryMediaFs, SeededRng, SimClock, SimDevice, SimStage};
use lichphat_player::trigger::{Asked, Mode};
use lichphat_player::update::state::{Start, State, path_of};
use lichphat_player::update::{PACKAGE, Updates};
use lichphat_player::usb::watch::Sticks;
use lichphat_playlists::ports::{Clock as _, ClockState};
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{LogSigning, Releasing, SigningKey, VerifyingKey};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// How far behind the clock of a box without battery is when it is switched on, ms; and how long it takes until the network has told it the time, s.
const FORGETS_MS: i64 = 9 * 3_600_000;
const ASKS_S: u32 = 45;
/// A word over the speakers of the place holds this long, s.
const WORD_S: u32 = 60;

pub(crate) struct Box {
    pub(crate) screen: String,
    pub(crate) identity: Arc<Identity>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) fs: MemoryMediaFs,
    /// Its clock has no battery.
    pub(crate) forgets: bool,
    /// It is another box with the same disk.
    pub(crate) is_copy: bool,
    /// How wrong its clock is, ms.
    wrong_ms: i64,
    /// Bytes by month.
    pub(crate) used: BTreeMap<String, u64>,
    /// By whose signature it takes new versions of itself.
    pub(crate) makers: Option<VerifyingKey<Releasing>>,
    journal: MemoryJournal,
    display: Arc<FixedDisplay>,
    pub(crate) line: Line,
    options: AgentOptions,
    seed: u64,
    /// None while it has no power.
    device: Option<SimDevice>,
}

impl Box {
    pub(crate) fn new(screen: &str, identity: Identity, now: UtcMillis, seed: u64) -> Self {
        let (identity, clock) = (Arc::new(identity), Arc::new(SimClock::new(now)));
        let fs = MemoryMediaFs::new();
        Self {
            screen: screen.to_owned(),
            line: Line::new(&identity, &clock, &fs),
            identity,
            clock,
            fs,
            forgets: false,
            is_copy: false,
            wrong_ms: 0,
            used: BTreeMap::new(),
            makers: None,
            journal: MemoryJournal::default(),
            display: Arc::new(FixedDisplay::new(DisplayLevel::D1)),
            options: AgentOptions::default(),
            seed,
            device: None,
        }
    }

    /// A line whose bytes cost money: it is asked and told rarely, media have a cap and come in the depot alone, before it is left.
    pub(crate) fn spared(mut self, leaves_s: u32) -> Self {
        let rule = DataRule { sparing: true, media_mb_per_month: 500, ..DataRule::default() };
        let pace = rule.pace(60, 900, 21_600);
        self.options = AgentOptions {
            cut_at_age_ms: i64::from(pace.segment_age_s) * 1000,
            prove_every_ms: i64::from(pace.proofs_every_s) * 1000,
            ..self.options
        };
        self.line = Line::spared(&self.identity, &self.clock, &self.fs, &rule, leaves_s);
        self.forgets = true;
        self
    }

    /// Where somebody speaks over the speakers of the place, it is broken off.
    pub(crate) fn polite(mut self) -> Self {
        self.options.announcements.mode = Mode::Pause;
        self
    }

    /// Somebody sets its clock, so that it is wrong by so much.
    pub(crate) fn sets_clock(&mut self, wrong_ms: i64) {
        self.clock.step_ms(wrong_ms - self.wrong_ms);
        self.wrong_ms = wrong_ms;
    }

    /// Another box with a copy of its disk, on which nothing was played yet.
    pub(crate) fn copied(&self) -> Self {
        let clock = Arc::new(SimClock::new(self.clock.now()));
        Self {
            screen: self.screen.clone(),
            identity: self.identity.clone(),
            line: Line::new(&self.identity, &clock, &self.fs),
            clock,
            fs: self.fs.clone(),
            forgets: false,
            is_copy: true,
            wrong_ms: 0,
            used: BTreeMap::new(),
            makers: None,
            journal: MemoryJournal::default(),
            display: Arc::new(FixedDisplay::new(DisplayLevel::D1)),
            options: self.options,
            seed: self.seed + 10_000,
            device: None,
        }
    }

    /// Which second of the day it is.
    fn second_of(&self, day: LocalDay) -> u32 {
        let begun_ms = self.clock.now().since_ms(day.start(HANOI)) - self.wrong_ms;
        (begun_ms.max(0) / 1000) as u32
    }

    /// Meets the server at once, if it can.
    pub(crate) async fn hears_news(&mut self, day: LocalDay, truth: &Day) {
        let now_s = self.second_of(day);
        if !truth.apart.contains(now_s) && !truth.off.contains(now_s) {
            self.meets().await;
        }
    }

    /// Lives until `second` of `day`, without power where the truth says so, and meets the server at the end if it can.
    pub(crate) async fn live(&mut self, day: LocalDay, second: u32, truth: &Day) {
        let from_s = self.second_of(day);
        let mut edges: Vec<u32> = [&truth.off, &truth.dark, &truth.spoken]
            .into_iter()
            .flat_map(|set| set.iter().flat_map(|(a, b)| [a, b]))
            .chain(truth.spoken.iter().flat_map(|(a, b)| (a..b).step_by(WORD_S as usize)))
            .filter(|s| *s > from_s && *s < second)
            .collect();
        edges.sort_unstable();
        edges.dedup();
        edges.insert(0, from_s);
        edges.push(second);
        for (i, edge) in edges.iter().copied().enumerate() {
            let at = day.at(edge, HANOI).plus_ms(self.wrong_ms);
            if let Some(device) = self.device.as_mut() {
                device.step_until(at);
            }
            self.clock.advance_to(at);
            if i + 1 == edges.len() {
                break;
            }
            self.display.set(if truth.dark.contains(edge) { DisplayLevel::Dark } else { DisplayLevel::D1 });
            match (truth.off.contains(edge), self.device.take()) {
                (true, Some(device)) => device.stage.cut_power(),
                (false, None) => {
                    self.clock.reboot();
                    self.switch_on(truth.apart.contains(edge)).await;
                }
                (_, device) => self.device = device,
            }
            if let Some(device) = self.device.as_mut().filter(|_| truth.spoken.contains(edge)) {
                device.agent.hear(Asked::Hold);
            }
        }
        if !truth.apart.contains(second - 1) {
            self.meets().await;
        }
        let used = self.line.counted.used();
        self.used.insert(used.month, used.media_bytes + used.control_bytes);
    }

    /// One round with the server, and how it is.
    pub(crate) async fn meets(&mut self) {
        if let Some(device) = self.device.as_mut() {
            device.meet().await;
            let _ = device.agent.heartbeat().await; // a server that is down is what the story is about
        }
    }

    /// Somebody puts a stick in and takes it along again: how many segments are on it.
    pub(crate) async fn carry(&mut self, mount: &Path) -> usize {
        let Some(device) = self.device.as_mut() else { return 0 };
        let (stick, _) = Sticks::new(mount.to_owned(), self.identity.screen.clone()).look();
        device.agent.visit(&stick.unwrap()).await.unwrap()
    }

    /// Somebody pins the key of the scheduler's new log on it, and starts its player again.
    pub(crate) async fn trusts(&mut self, log_key: VerifierKey<LogSigning>) {
        let had_power = self.device.is_some();
        self.stop().await;
        self.device = None;
        self.journal.forget_log().unwrap();
        let was = &self.identity;
        self.identity = Arc::new(Identity {
            log_key,
            server: was.server.clone(),
            authority: was.authority.clone(),
            screen: was.screen.clone(),
            credentials: was.credentials.clone(),
            evidence: SigningKey::from_seed(&was.evidence.seed()),
            ..**was
        });
        if had_power {
            self.begin(None);
        }
    }

    /// It ends as when it is told to, and all it has is handed in.
    pub(crate) async fn stop(&mut self) {
        if let Some(device) = self.device.as_mut() {
            device.stop().await;
        }
    }

    /// Whether it wants to be started anew.
    pub(crate) fn restart_is_due(&self) -> bool {
        self.device.as_ref().is_some_and(|d| d.agent.playing().restart_due())
    }

    /// Its first step: which version of the player is started.
    pub(crate) async fn starts(&mut self) -> Start {
        let mut state = State::read(&self.fs, PACKAGE);
        let start = state.start(|file| self.fs.sha256(&path_of(file)).is_ok_and(|found| found == file));
        state.write(&self.fs).unwrap();
        if let Some(device) = self.device.take() {
            device.stage.cut_power();
        }
        self.clock.reboot();
        self.begin(match start {
            Start::Package => None,
            Start::Version(file) => Some(file),
        });
        start
    }

    /// Whether it holds a file by this content.
    pub(crate) fn holds(&self, program: &[u8]) -> bool {
        let file = lichphat_playlists::ids::Sha256Hash::of(program);
        self.fs.sha256(&path_of(file)).is_ok_and(|found| found == file)
    }

    async fn switch_on(&mut self, apart: bool) {
        if self.forgets && !apart {
            self.clock.step_ms(-FORGETS_MS);
            self.clock.set_state(ClockState::Unset);
            self.begin(None);
            let told = self.clock.now().plus_ms(i64::from(ASKS_S) * 1000);
            if let Some(device) = self.device.as_mut() {
                device.step_until(told);
            }
            self.clock.step_ms(FORGETS_MS);
            self.clock.set_state(ClockState::Synced);
        } else {
            self.begin(None);
        }
        if !apart && let Some(device) = self.device.as_mut() {
            device.meet().await;
        }
    }

    fn begin(&mut self, running: Option<lichphat_playlists::ids::Sha256Hash>) {
        let stage = SimStage::new(self.clock.clone(), 30);
        let updates = self
            .makers
            .as_ref()
            .map(|key| Arc::new(Updates::new(Arc::new(self.fs.clone()), *key, self.identity.device, running)));
        let parts = AgentParts {
            identity: self.identity.clone(),
            clock: Advised::new(self.clock.clone()),
            transport: Arc::new(self.line.clone()),
            fs: Arc::new(self.fs.clone()),
            journal: std::boxed::Box::new(self.journal.clone()),
            stage: std::boxed::Box::new(stage.clone()),
            display: self.display.clone(),
            machine: None,
            tools: Tools::none(Arc::new(SeededRng::new(self.seed))),
            updates,
            options: self.options,
        };
        self.device = Some(SimDevice::start(parts, self.clock.clone(), stage));
    }
}

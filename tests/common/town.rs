//! A town of one ward (`tests/fixtures/town`): its data directory, its server on a real port with a told
//! clock, and simulated devices that call it over HTTP.

use super::{ROOT, TestData};
use lichphat::clock::SimClock as ServerClock;
use lichphat::cmd::Context;
use lichphat::cmd::import;
use lichphat::cmd::rooms::Rooms;
use lichphat::lang::Lang;
use lichphat::web::{self, Limits, Listener};
use lichphat_player::agent::{AgentOptions, AgentParts};
use lichphat_player::clock::Advised;
use lichphat_player::commands::Tools;
use lichphat_player::display::FixedDisplay;
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{Identity, make_key, register};
use lichphat_player::journal::Journal;
use lichphat_player::log::LogRing;
use lichphat_player::meter::{DataRule, Metered};
use lichphat_player::ports::Transport;
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::sim_support::{MemoryJournal, MemoryMediaFs, SeededRng, SimClock, SimDevice, SimStage};
use lichphat_player::stage::Front;
use lichphat_player::stage::notice::Notice;
use lichphat_player::update::Updates;
use lichphat_player::uplink::head_of;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis, parse_clock};
use lichphat_playlists::wire::device::Provisioning;
use lichphat_playlists::wire::sign::SigningKey;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// `hh:mm[:ss]` of a day in Hanoi.
pub(crate) fn at(day: &str, clock: &str) -> UtcMillis {
    day.parse::<LocalDay>().unwrap().at(parse_clock(clock).unwrap(), HANOI)
}

/// A file of the town.
pub(crate) fn fixture(name: &str) -> String {
    Path::new(ROOT).join("tests/fixtures/town").join(name).to_str().unwrap().to_owned()
}

/// After `lichphat init` and every import, each through the command line; everything is approved.
pub(crate) fn town() -> TestData {
    let data = unapproved().approving(true);
    data.approve();
    data
}

/// The same before anybody has approved anything: nobody's yes is in its log.
pub(crate) fn unapproved() -> TestData {
    let data = bare();
    data.ok(&["import", "campaigns", &fixture("loop.toml")]);
    data
}

/// Units and screens, and nothing to show: its log says nothing yet.
pub(crate) fn bare() -> TestData {
    let data = TestData::new().with_settings(&fixture("server.toml"));
    for (kind, file) in [("units", "units.csv"), ("venues", "venues.toml"), ("screens", "screens.csv")] {
        data.ok(&["import", kind, &fixture(file)]);
    }
    data.approving(false)
}

/// Imports a document of a story, by the machine's own clock; the town's clips lie beside it.
pub(crate) fn import(data: &TestData, kind: &str, name: &str, text: &str) {
    for clip in ["spot.mp4", "notice.png"] {
        std::fs::copy(fixture(clip), data.path().join(clip)).unwrap();
    }
    let path = data.path().join(name);
    std::fs::write(&path, text).unwrap();
    match kind {
        "directives" | "campaigns" => data.bring(kind, path.to_str().unwrap()),
        kind => drop(data.ok(&["import", kind, path.to_str().unwrap()])),
    }
}

/// Screens of one kind of place in the ward, which a story makes up, and the order whose plays it follows there.
pub(crate) struct Place<'a> {
    pub(crate) venue: &'a str,
    pub(crate) calendar: &'a str,
    pub(crate) days: &'a str,
    pub(crate) open: &'a str,
    /// As long as it is open, when there are none.
    pub(crate) peaks: Option<&'a str>,
    /// Code, name, and the day from which on it is there.
    pub(crate) screens: &'a [(&'a str, &'a str, &'a str)],
    pub(crate) order: &'a str,
    pub(crate) title: &'a str,
    /// First and last day of the order.
    pub(crate) period: (&'a str, &'a str),
    /// Plays a day on average, toward which plays of these hours count: `peak` or `duty`.
    pub(crate) quota: (u32, &'a str),
    pub(crate) min_gap_s: u32,
    /// What else the order says.
    pub(crate) more: &'a str,
}

/// A square, open every day of three in autumn; a story says when, and how often the order wants to be seen.
pub(crate) const SQUARE: Place<'_> = Place {
    venue: "square",
    calendar: "none",
    days: "mon-sun",
    open: "06:00-12:00",
    peaks: None,
    screens: &[("Q-01", "Quảng trường", "")],
    order: "clean-square",
    title: "Quảng trường sạch",
    period: ("2024-09-20", "2024-09-22"),
    quota: (4, "peak"),
    min_gap_s: 300,
    more: "",
};

impl Place<'_> {
    /// Imports venue, screens and order.
    pub(crate) fn import(&self, data: &TestData) {
        let Self { venue, calendar, days, open, order, title, period: (from, to), quota: (plays, within), .. } = self;
        let peaks = self.peaks.map_or_else(String::new, |p| format!("peaks = '{p}'\npeaks_assumption = true\n"));
        let text = format!(
            "[[venue]]\ntype = '{venue}'\nname = 'Nơi mẫu'\nname_en = 'Place'\ncalendar = '{calendar}'\n\
             confidence = 'assumption'\nsource = 'made up for the story'\n\
             [[venue.hours]]\ndays = '{days}'\nopen = '{open}'\nopen_assumption = true\n{peaks}"
        );
        import(data, "venues", "place.toml", &text);
        let screen = |(code, name, from): &(&str, &str, &str)| {
            format!("{code},{name},{venue},managed,1920,1080,video,P1,P1,{from}\n")
        };
        let screens: String = self.screens.iter().map(screen).collect();
        let head = "code,name,venue_type,kind,width,height,output,owner,territory,from\n";
        import(data, "screens", "place.csv", &(head.to_owned() + screens.as_str()));
        let text = format!(
            "code = '{order}'\ntitle = '{title}'\nkind = 'play'\nsample = true\nissuer = 'HN'\nfrom = {from}\nto = {to}\n\
             source = 'made up for the story'\nmin_gap_s = {}\n\
             quota = {{ plays = {plays}, per = 'day', rule = 'average', within = '{within}' }}\n\
             [product]\ntitle = '{title}'\nlength_s = 15\n\
             [[product.variant]]\nlang = 'vi'\nform = 'subtitled'\nfile = 'spot.mp4'\n\
             [[target]]\nunit = 'P1'\nvenue_types = ['{venue}']\nforce = 'required'\nreason = 'made up for the story'\n{}",
            self.min_gap_s, self.more
        );
        import(data, "directives", "order.toml", &text);
    }
}

/// What `lichphat device add` wrote for a screen.
pub(crate) fn provision(data: &TestData, screen: &str, server: &str) -> (PathBuf, Provisioning) {
    let out = data.path().join(format!("{screen}.provision.toml"));
    data.ok(&["device", "add", "--screen", screen, "--server", server, "--out", out.to_str().unwrap()]);
    let file = toml::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    (out, file)
}

/// A second file for a screen.
pub(crate) fn provision_again(data: &TestData, screen: &str, server: &str) -> (PathBuf, Provisioning) {
    std::fs::remove_file(data.path().join(format!("{screen}.provision.toml"))).unwrap();
    provision(data, screen, server)
}

/// The server in this process, on a port of its own, at a told time.
pub(crate) struct TownServer {
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    pub(crate) rooms: Rooms,
    pub(crate) clock: Arc<ServerClock>,
    /// `http://127.0.0.1:port`
    pub(crate) url: String,
}

fn context(data: &TestData, clock: &Arc<ServerClock>) -> Context {
    Context { settings: data.settings(), lang: Lang::En, clock: clock.clone() }
}

impl TownServer {
    pub(crate) async fn start(data: &TestData, now: UtcMillis) -> Self {
        Self::start_at(data, now, ([127, 0, 0, 1], 0).into()).await
    }

    /// It stops, `meanwhile` something happens, and it starts again at its address and time.
    pub(crate) async fn restarted(self, data: &TestData, meanwhile: impl FnOnce()) -> Self {
        let (now, address) = (self.clock.now(), self.url.strip_prefix("http://").unwrap().parse().unwrap());
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        meanwhile();
        Self::start_at(data, now, address).await
    }

    /// The house as it is now, whatever comes in meanwhile.
    pub(crate) fn at_this_moment(&self, data: &TestData) -> Rooms {
        self.rooms.at_this_moment(&context(data, &self.clock)).unwrap()
    }

    async fn start_at(data: &TestData, now: UtcMillis, address: SocketAddr) -> Self {
        let clock = Arc::new(ServerClock::new(now));
        let rooms = Rooms::open(&context(data, &clock)).unwrap();
        let listener = Listener::bind(address, None).await.unwrap();
        let url = format!("http://{}", listener.address());
        let limits = Limits { grace: Duration::from_secs(1), ..Limits::default() };
        let (stop, stopped) = oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let serving = tokio::spawn(listener.serve(web::service(&rooms.app()), limits, stopped));
        Self { stop, serving, rooms, clock, url }
    }

    /// Plans from the told day on; the number of new versions.
    pub(crate) async fn plan(&self) -> u32 {
        let city = self.rooms.city().await.unwrap();
        self.rooms.plan(&city, |_| true, "story").await.unwrap().published
    }

    /// Somebody closes screens, at the told time: what is closed when it has begun is another matter.
    pub(crate) async fn closes(&self, data: &TestData, text: &str) {
        let path = data.path().join("closed.csv");
        std::fs::write(&path, text).unwrap();
        let context = context(data, &self.clock);
        import::file(&context, &self.rooms.store, import::Kind::Closures, &path).await.unwrap();
    }

    /// Somebody brings a document at the told time, for what it takes off is only what is still to come.
    pub(crate) fn brings(&self, data: &TestData, kind: &str, name: &str, text: &str) {
        data.told_at(self.clock.now(), || import(data, kind, name, text));
    }

    /// Registers a device at a screen and switches it on. A loudspeaker's log is all there is to go by.
    pub(crate) async fn device(&self, data: &TestData, screen: &str) -> TownDevice {
        self.new_box(data, screen, screen.bytes().map(u64::from).sum()).await
    }

    /// The same with a key of its own.
    pub(crate) async fn new_box(&self, data: &TestData, screen: &str, seed: u64) -> TownDevice {
        let (_, provisioning) = provision(data, screen, &self.url);
        let nobody = HttpTransport::new(&self.url, "").unwrap();
        let (key, credentials) = (make_key(&SeededRng::new(seed)), Credentials::in_memory().unwrap());
        let identity = Arc::new(register(&nobody, &provisioning, key, credentials, true).await.unwrap());
        let clock = Arc::new(SimClock::new(self.rooms.clock.now()));
        let (fs, journal) = (MemoryMediaFs::default(), MemoryJournal::default());
        let options = AgentOptions::default();
        let transport: Arc<dyn Transport> = Arc::new(HttpTransport::of(&identity).unwrap());
        let sim = switch_on(&identity, &clock, &transport, &fs, Box::new(journal.clone()), options, None);
        TownDevice { sim, identity, fs, updates: None, transport, journal, options }
    }

    /// Lets server and device live until `until`, with a meeting every quarter of an hour.
    pub(crate) async fn live(&self, device: &mut TownDevice, until: UtcMillis) {
        while self.rooms.clock.now() < until {
            device.sim.meet().await;
            let next = self.rooms.clock.now().plus_ms(900_000).min(until);
            self.clock.jump_to(next);
            device.sim.step_until(next);
        }
        device.sim.meet().await;
    }
}

/// A simulated device, who it is, and what outlives a power cut.
pub(crate) struct TownDevice {
    pub(crate) sim: SimDevice,
    pub(crate) identity: Arc<Identity>,
    pub(crate) fs: MemoryMediaFs,
    /// New versions of the player, from the next time it is switched on.
    pub(crate) updates: Option<Arc<Updates>>,
    transport: Arc<dyn Transport>,
    journal: MemoryJournal,
    options: AgentOptions,
}

impl TownDevice {
    /// What it remembers.
    pub(crate) fn journal(&self) -> MemoryJournal {
        self.journal.clone()
    }

    /// What it signs of how far its records go.
    pub(crate) fn head(&self) -> Vec<u8> {
        let head = head_of(&self.identity, &self.journal, self.sim.clock.now()).unwrap();
        head.seal(&self.identity.evidence).into_bytes()
    }

    /// Another box with a copy of its disk, switched on.
    pub(crate) fn copied(&self, server: &TownServer) -> SimDevice {
        let clock = Arc::new(SimClock::new(server.rooms.clock.now()));
        let journal = Box::new(MemoryJournal::default());
        switch_on(&self.identity, &clock, &self.transport, &self.fs, journal, self.options, None)
    }

    /// Its settings, from the next time it is switched on.
    pub(crate) fn set_options(&mut self, options: AgentOptions) {
        self.options = options;
    }

    /// From now on it is behind a line of this rule, with these settings; its bytes are counted.
    pub(crate) fn behind(&mut self, rule: DataRule, options: AgentOptions) -> Arc<Metered> {
        let (clock, fs) = (self.sim.clock.clone(), Arc::new(self.fs.clone()));
        let line = Arc::new(Metered::new(self.transport.clone(), rule, clock.clone(), fs, || None));
        (self.transport, self.options) = (line.clone(), options);
        self.sim =
            switch_on(&self.identity, &clock, &self.transport, &self.fs, Box::new(self.journal.clone()), options, None);
        line
    }

    /// The power fails now and comes back at `until`.
    pub(crate) fn without_power(&mut self, until: UtcMillis) {
        self.sim.stage.cut_power();
        let clock = self.sim.clock.clone();
        clock.advance_to(until);
        clock.reboot();
        let updates = self.updates.clone();
        self.sim = switch_on(
            &self.identity,
            &clock,
            &self.transport,
            &self.fs,
            Box::new(self.journal.clone()),
            self.options,
            updates,
        );
    }
}

/// A front that has room for words and takes no pictures.
struct Words;

impl Front for Words {
    fn notice(&self, _: Option<&Notice>) -> bool {
        true
    }
    fn set_volume(&self, _: u8) {}
    fn screenshot(&self, _: u32) -> Result<Vec<u8>, &'static str> {
        Err("no-picture")
    }
}

/// The same identity once more.
pub(crate) fn again(identity: &Identity) -> Identity {
    Identity {
        server: identity.server.clone(),
        authority: identity.authority.clone(),
        screen: identity.screen.clone(),
        credentials: identity.credentials.clone(),
        log_key: identity.log_key.clone(),
        evidence: SigningKey::from_seed(&identity.evidence.seed()),
        ..*identity
    }
}

/// Each time a device is switched on is a run of its own.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// A device of these parts.
pub(crate) fn switch_on(
    identity: &Arc<Identity>,
    clock: &Arc<SimClock>,
    transport: &Arc<dyn Transport>,
    fs: &MemoryMediaFs,
    journal: Box<dyn Journal>,
    options: AgentOptions,
    updates: Option<Arc<Updates>>,
) -> SimDevice {
    let stage = SimStage::new(clock.clone(), 30);
    let level = if identity.screen.as_str().starts_with('L') { DisplayLevel::D0 } else { DisplayLevel::D1 };
    let parts = AgentParts {
        identity: identity.clone(),
        clock: Advised::new(clock.clone()),
        transport: transport.clone(),
        fs: Arc::new(fs.clone()),
        journal,
        stage: Box::new(stage.clone()),
        display: Arc::new(FixedDisplay::new(level)),
        machine: None,
        tools: Tools::new(Arc::new(Words), LogRing::default(), Arc::new(SeededRng::new(RUNS.fetch_add(1, Relaxed)))),
        updates,
        options,
    };
    SimDevice::start(parts, clock.clone(), stage)
}

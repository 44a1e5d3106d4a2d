//! The server of the story, its files, and the devices that report to it.

use super::device::Box;
use super::house::{House, Mail};
use super::truth::{Day, Truth};
use super::{Size, cast, common::TestData};
use lichphat::approval::rule::Outcome;
use lichphat::approval::{self, State};
use lichphat::clock::SimClock as ServerClock;
use lichphat::cmd::Context;
use lichphat::cmd::import::{self, Kind};
use lichphat::compliance::Report;
use lichphat::lang::Lang;
use lichphat::people::{Account, Caller, PeopleStore as _, Via};
use lichphat::proof::log::{Head, LogStore as _};
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{Identity, make_key, register};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::sim_support::SeededRng;
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::note::{Note, VerifierKey, cosign};
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Cosigning, SigningKey};
use std::process::Output;
use std::sync::Arc;

/// The first day: a Monday, three weeks before National Day, with a make-up Saturday on the 22nd.
pub(crate) const FIRST: &str = "2026-08-10";
/// Who approves.
pub(crate) const APPROVERS: [&str; 2] = ["binh", "chau"];
const SLICE_S: u32 = 3_600;
const WORKERS: usize = 8;

pub(crate) struct World {
    pub(crate) data: TestData,
    pub(crate) context: Context,
    pub(crate) clock: Arc<ServerClock>,
    pub(crate) house: House,
    pub(crate) mail: Arc<Mail>,
    pub(crate) boxes: Vec<Box>,
    pub(crate) truth: Truth,
    files: u32,
    /// The inspectorate's machine, which cosigns the log at once, and the names of the logs it has seen.
    witness: SigningKey<Cosigning>,
    logs: Vec<String>,
    /// What lies beside the data directory: backups, what auditors and makers keep.
    pub(crate) backups: tempfile::TempDir,
}

impl World {
    /// The evening before the first day: presets, screens, rosters, contracts and a loop are in, boxes are on their way.
    pub(crate) async fn new(size: &Size) -> Self {
        let first: LocalDay = FIRST.parse().unwrap();
        let data = TestData::empty();
        let clock = Arc::new(ServerClock::new(first.previous().at(18 * 3_600, HANOI)));
        data.tell(clock.now());
        data.ok(&["init"]);
        let mut settings = data.settings();
        (settings.mail.host, settings.mail.from) = ("127.0.0.1".into(), "Lịch phát <lich-phat@example.vn>".into());
        settings.web.address = "https://lich-phat.example.vn".into();
        let context = Context { settings, lang: Lang::En, clock: clock.clone() };
        let mail = Mail::new(clock.clone());
        let house = House::open(&data, &context, &mail, None).await;
        let (truth, boxes) = (Truth::default(), Vec::new());
        let (witness, backups) = (SigningKey::from_seed(&[77; 32]), tempfile::tempdir().unwrap());
        let (files, logs) = (0, Vec::new());
        let mut world = Self { data, context, clock, house, mail, boxes, truth, files, witness, logs, backups };
        world.media();
        for (kind, preset) in [
            (Kind::Units, "directory/units.toml"),
            (Kind::Venues, "venues.toml"),
            (Kind::Calendar, "calendar/holidays-vn.csv"),
        ] {
            let path = std::path::Path::new(super::common::ROOT).join("config").join(preset);
            import::file(&world.context, &world.house.rooms.store, kind, &path).await.unwrap();
        }
        world.bring(Kind::Screens, "csv", &cast::screens(size)).await;
        world.bring(Kind::Duty, "csv", &cast::roster(size.buses, first.through(first.plus(size.days)))).await;
        world.bring(Kind::Campaigns, "toml", cast::LOOP).await;
        world.bring(Kind::Contracts, "csv", cast::CONTRACTS).await;
        world
    }

    pub(crate) fn now(&self) -> UtcMillis {
        self.clock.now()
    }

    pub(crate) fn a_minute_later(&self) {
        self.clock.jump_to(self.now().plus_ms(60_000));
    }

    /// The program as people call it, at the told time; it must succeed.
    pub(crate) fn cli(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.data.tell(self.now());
        self.data.run(args)
    }

    /// A path beside the data directory.
    pub(crate) fn outside(&self, name: &str) -> String {
        self.backups.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn media(&self) {
        let to = self.data.path().join("brought/sample/media");
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(std::path::Path::new(super::common::ROOT).join("config/sample/media")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }

    /// A file that somebody brings at the told time; what it wants to show is approved by somebody else.
    pub(crate) async fn bring(&mut self, kind: Kind, end: &str, text: &str) {
        self.lay_open(kind, end, text).await;
        self.approve().await;
    }

    /// The same, and it waits for whoever signs it.
    pub(crate) async fn lay_open(&mut self, kind: Kind, end: &str, text: &str) {
        let path = self.file(end, text);
        let path = std::path::Path::new(&path);
        import::file(&self.context, &self.house.rooms.store, kind, path)
            .await
            .unwrap_or_else(|e| panic!("{text}\n{e}"));
    }

    /// Says yes to what waits, as those who have an account for it: of the city's it takes two. Before there is any: the server's shell.
    pub(crate) async fn approve(&self) -> u32 {
        let rooms = &self.house.rooms;
        let (shell, city) = (Caller::shell(), rooms.city().await.unwrap());
        let wanted = approval::drafts(&city.campaigns, &city.media);
        approval::propose(&rooms.store, &wanted, (shell.account.as_str(), rooms.clock.now())).await.unwrap();
        let accounts =
            rooms.store.accounts().await.unwrap().into_iter().filter(|a| APPROVERS.contains(&a.code.as_str()));
        let caller = |a: Account| Caller { account: a.code, grants: a.grants, strong: true, via: Via::Session };
        let mut approvers: Vec<Caller> = accounts.map(caller).collect();
        if approvers.is_empty() {
            approvers.push(shell);
        }
        let mut given = 0;
        for proposal in rooms.approvals.proposals().await.unwrap().iter().filter(|p| p.state == State::Open) {
            for approver in &approvers {
                let by = (approver, "thí điểm");
                if rooms.approve(proposal.number, by, &city.directory).await.unwrap() == Outcome::Approved {
                    break;
                }
            }
            given += 1;
        }
        given
    }

    /// A file as text below the data directory.
    pub(crate) fn file(&mut self, end: &str, text: &str) -> String {
        self.files += 1;
        let path = self.data.path().join(format!("brought/{}.{end}", self.files));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A box comes in at a screen, by the door for that.
    pub(crate) async fn enrol(&mut self, screen: &str, seed: u64) {
        let identity = self.identity(screen, seed).await;
        let made = Box::new(screen, identity, self.now(), seed);
        self.boxes.push(match screen.split_once('-') {
            Some(("XE", n)) => made.spared(cast::shift(n.parse::<usize>().unwrap() - 1)[0].0),
            Some(("NB", _)) => made.polite(),
            _ => made,
        });
    }

    async fn identity(&self, screen: &str, seed: u64) -> Identity {
        let code = ScreenCode::new(screen).unwrap();
        let (rooms, way) = (&self.house.rooms, &self.house.way);
        let given = rooms.fleet.provision(code, (way, &rooms.public_keys), &Caller::shell().account).await.unwrap();
        let (door, credentials) =
            (HttpTransport::new(&way.pairing, &way.authority).unwrap(), Credentials::in_memory().unwrap());
        register(&door, &given, make_key(&SeededRng::new(seed)), credentials, true).await.unwrap()
    }

    pub(crate) fn at_screen(&mut self, screen: &str) -> &mut Box {
        self.boxes.iter_mut().find(|b| b.screen == screen).unwrap()
    }

    pub(crate) async fn plan(&self) -> u32 {
        let city = self.house.rooms.city().await.unwrap();
        self.house.rooms.plan(&city, |_| true, "pilot").await.unwrap().published
    }

    /// Everybody lives until a second of a day, hour by hour; the server plans when an hour begins.
    pub(crate) async fn live(&mut self, day: LocalDay, to_s: u32) {
        let mut at = (self.now().since_ms(day.start(HANOI)).max(0) / 1000) as u32;
        while at < to_s {
            let next = ((at / SLICE_S + 1) * SLICE_S).min(to_s);
            self.slice(day, (at, next), |_| true).await;
            at = next;
        }
    }

    /// The same minute by minute of all that are told of within minutes; vehicles, of which it takes hours, follow at the end.
    pub(crate) async fn live_closely(&mut self, day: LocalDay, from_s: u32, to_s: u32) {
        for at in (from_s..to_s).step_by(60) {
            self.slice(day, (at, (at + 60).min(to_s)), |b| !b.screen.starts_with("XE-")).await;
        }
        self.slice(day, (to_s, to_s), |_| true).await;
    }

    async fn slice(&mut self, day: LocalDay, (from_s, to_s): (u32, u32), who: impl Fn(&Box) -> bool) {
        let (mut alive, rest): (Vec<Box>, Vec<Box>) = std::mem::take(&mut self.boxes).into_iter().partition(who);
        self.boxes = rest;
        self.clock.jump_to(day.at(from_s, HANOI));
        if self.plan().await > 0 {
            alive = self.all_at_once(day, alive, None).await;
        }
        self.clock.jump_to(day.at(to_s, HANOI));
        alive = self.all_at_once(day, alive, Some(to_s)).await;
        self.boxes.extend(alive);
        self.boxes.sort_by(|a, b| a.screen.cmp(&b.screen));
        self.round().await;
        self.house.alerts.look().await.unwrap();
        self.house.alerts.send().await.unwrap();
    }

    /// All of them live until a second of the day, or only hear the news; on as many threads as there are.
    async fn all_at_once(&self, day: LocalDay, mut boxes: Vec<Box>, until: Option<u32>) -> Vec<Box> {
        let share = boxes.len().div_ceil(WORKERS).max(1);
        let mut workers = Vec::new();
        while !boxes.is_empty() {
            let mine: Vec<Box> = boxes.drain(..share.min(boxes.len())).collect();
            let mine: Vec<(Box, Day)> =
                mine.into_iter().map(|b| (self.truth.day(&b.screen, day), b)).map(|(t, b)| (b, t)).collect();
            workers.push(tokio::spawn(async move {
                let mut done = Vec::new();
                for (mut one, truth) in mine {
                    match until {
                        Some(second) => one.live(day, second, &truth).await,
                        None => one.hears_news(day, &truth).await,
                    }
                    done.push(one);
                }
                done
            }));
        }
        let mut back = Vec::new();
        for worker in workers {
            back.extend(worker.await.unwrap());
        }
        back
    }

    /// The log goes on, and its witness has seen it; after a disaster it waits.
    pub(crate) async fn round(&mut self) {
        let rooms = &self.house.rooms;
        if rooms.log.round().await.is_err() {
            return;
        }
        let name = rooms.log.name().to_string();
        if !self.logs.contains(&name) {
            self.logs.push(name);
        }
        let head = rooms.log.head().await.unwrap().unwrap();
        let mut note = Note::parse(&head.note).unwrap();
        if note.signatures.len() == 1 {
            let at_s = self.now().0.unsigned_abs() / 1000;
            note.signatures.push(cosign(&note.text, &self.witness_name(), &self.witness, at_s));
            rooms.store.cosigned(rooms.log.name().name(), Head { note: note.to_string(), ..head }).await.unwrap();
        }
    }

    fn witness_name(&self) -> VerifierKey<Cosigning> {
        VerifierKey::new("thanh-tra.example", self.witness.verifying_key()).unwrap()
    }

    /// What the inspectorate gives its auditors: whose word to take. Its path.
    pub(crate) fn policy(&self) -> String {
        let logs: String = self.logs.iter().map(|log| format!("log {log}\n")).collect();
        let path = self.outside("policy.txt");
        std::fs::write(&path, format!("{logs}witness thanh-tra {}\nquorum thanh-tra\n", self.witness_name())).unwrap();
        path
    }

    /// Figures of a campaign.
    pub(crate) async fn report(&self, campaign: &str, from: LocalDay, to: LocalDay) -> Report {
        self.house.rooms.report(&CampaignCode::new(campaign).unwrap(), from, to).await.unwrap()
    }
}

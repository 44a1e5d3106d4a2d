//! A town of halls with the same hours: real plans by the product's own planner, real players' keys, made-up records.

use crate::common::TestData;
use lichphat::clock::SimClock;
use lichphat::cmd::Context;
use lichphat::cmd::rooms::Rooms;
use lichphat::config::Settings;
use lichphat::fleet::Way;
use lichphat::lang::Lang;
use lichphat::people::Caller;
use lichphat::planning::{PlanStore, StoredPlan};
use lichphat::proof::{PlanBook, PlanDocument};
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::sim_support::approve;
use lichphat_playlists::ids::{BootId, DeviceId, Epoch, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, LocalDay};
use lichphat_playlists::wire::device::Register;
use lichphat_playlists::wire::sign::{Envelope, Evidence, SigningKey};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// The order whose compliance is asked for.
pub(crate) const CAMPAIGN: &str = "clean-town";

/// In the clear, as behind a reverse proxy: what a handshake costs is not what a record costs.
const SETTINGS: &str = "horizon_days = 1\n[probe]\nprogram = \"no-such-probe\"\n[tls]\nenabled = false\n";
const VENUE: &str = r#"
[[venue]]
type = "hall"
name = "Sảnh"
name_en = "Hall"
calendar = "none"
confidence = "assumption"
source = "made up for the bench"
  [[venue.hours]]
  days = "mon-sun"
  open = "07:00-15:20"
  peaks = "08:00-10:00"
  open_assumption = true
  peaks_assumption = true
"#;

fn product(title: &str, length_s: u32) -> String {
    format!(
        "product = {{ title = '{title}', length_s = {length_s}, variant = [{{ lang = 'vi', form = 'silent', file = 'clip-{length_s}.png' }}] }}\n"
    )
}

/// One order of twenty plays a day in the peaks of every hall.
fn order(first: LocalDay, last: LocalDay) -> String {
    let product = product("Thị trấn sạch", 15);
    format!(
        "code = '{CAMPAIGN}'\ntitle = 'Thị trấn sạch'\nkind = 'play'\nsample = true\nissuer = 'HN'\nfrom = {first}\nto = {last}\n\
         source = 'made up for the bench'\nquota = {{ plays = 20, per = 'day', rule = 'average', within = 'peak' }}\nmin_gap_s = 120\n\
         {product}[[target]]\nunit = 'P1'\nvenue_types = ['hall']\nforce = 'required'\nreason = 'made up for the bench'\n"
    )
}

/// Two contracts, five items, a safe loop: eight campaigns on every screen.
fn programme(first: LocalDay, last: LocalDay) -> String {
    let mut text = String::new();
    for n in 1..=2 {
        let product = product("Hợp đồng", 15);
        let _ = write!(
            text,
            "[[contract]]\ncode = 'contract-{n}'\ntitle = 'Hợp đồng'\nadvertiser = 'Công ty mẫu'\nsample = true\nfrom = {first}\nto = {last}\n\
             plays_per_day = 60\nmin_gap_s = 60\nplace = [{{ unit = 'P1' }}]\n{product}"
        );
    }
    for n in 1..=5 {
        let product = product("Thông báo", 30);
        let _ = write!(
            text,
            "[[item]]\ncode = 'notice-{n}'\ntitle = 'Thông báo'\nsample = true\nweight = 1\nplace = [{{ unit = 'P1' }}]\n{product}"
        );
    }
    let product = product("Màn hình chờ", 10);
    let _ = write!(text, "[[fallback]]\ncode = 'safe-loop'\ntitle = 'Màn hình chờ'\nsample = true\n{product}");
    text
}

/// A player and how far it has come.
pub(crate) struct Player {
    pub(crate) device: DeviceId,
    pub(crate) epoch: Epoch,
    pub(crate) screen: ScreenCode,
    /// As a proxy before a server in the clear says it.
    pub(crate) certificate: String,
    pub(crate) key: SigningKey<Evidence>,
    next: Seq,
    previous: Sha256Hash,
}

/// The town's rooms over their data directory, at a told time.
pub(crate) struct Town {
    pub(crate) data: TestData,
    pub(crate) rooms: Rooms,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) players: Vec<Player>,
}

impl Town {
    /// `screens` halls in `dir` with a player each, on the morning of `first`; the order ends on `last`.
    pub(crate) async fn build(dir: &Path, screens: usize, first: LocalDay, last: LocalDay) -> Self {
        let _ = std::fs::remove_dir_all(dir);
        std::fs::create_dir_all(dir).unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(dir.join(name), text).unwrap();
            dir.join(name).to_str().unwrap().to_owned()
        };
        let data = TestData::at(dir.to_owned()).with_settings(&file("server.toml", SETTINGS));
        data.ok(&["init"]);
        let mut halls = "code,name,venue_type,kind,width,height,output,owner,territory\n".to_owned();
        (0..screens).for_each(|n| halls += &format!("H{n:05}-01,Sảnh {n},hall,managed,1920,1080,video,P1,P1\n"));
        let units = "code,name,kind,parent\nHN,Thành phố Hà Nội,city,\nP1,Phường Một,ward,HN\n";
        // without a probe a clip is what its name and the documents say
        ["clip-10.png", "clip-15.png", "clip-30.png"].iter().for_each(|clip| drop(file(clip, clip)));
        for (kind, name, text) in [
            ("units", "units.csv", units.to_owned()),
            ("venues", "venues.toml", VENUE.to_owned()),
            ("screens", "screens.csv", halls),
            ("campaigns", "programme.toml", programme(first, last)),
            ("directives", "order.toml", order(first, last)),
        ] {
            data.ok(&["import", kind, &file(name, &text)]);
        }
        let clock = Arc::new(SimClock::new(first.start(HANOI)));
        let settings = Settings { data: dir.to_owned(), horizon_days: 1, ..Settings::default() };
        let rooms = Rooms::open(&Context { settings, lang: Lang::En, clock: clock.clone() }).unwrap();
        let mut players = Vec::with_capacity(screens);
        for n in 0..screens {
            players.push(register(&rooms, n).await);
        }
        Self { data, rooms, clock, players }
    }

    /// The day of every screen as it is planned on its morning.
    pub(crate) async fn plan(&self, day: LocalDay) -> Vec<StoredPlan> {
        self.clock.jump_to(day.start(HANOI));
        let city = self.rooms.city().await.unwrap();
        self.rooms.plan(&city, |_| true, "bench").await.unwrap();
        let mut plans = Vec::with_capacity(self.players.len());
        for player in &self.players {
            plans.push(self.rooms.store.newest(&player.screen, day).await.unwrap().unwrap());
        }
        plans
    }

    /// The newest checkpoint, which players have seen.
    pub(crate) async fn anchor(&self) -> String {
        self.rooms.log.round().await.unwrap();
        self.rooms.log.head().await.unwrap().unwrap().note
    }
}

async fn register(rooms: &Rooms, n: usize) -> Player {
    let screen = ScreenCode::new(format!("H{n:05}-01")).unwrap();
    let mut seed = [1; 32];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    let key = SigningKey::from_seed(&seed);
    let keys = rooms.public_keys.clone();
    let token = rooms
        .fleet
        .provision(screen.clone(), (&Way::to("http://127.0.0.1"), &keys), &Caller::shell().account)
        .await
        .unwrap()
        .token;
    let credentials = Credentials::in_memory().unwrap();
    let csr = credentials.request().unwrap();
    let request = Register::new(token, &key, csr, "bench", true);
    let known = rooms.fleet.register(request).await.unwrap();
    credentials.take(&known.certificate).unwrap();
    Player {
        certificate: credentials.header().unwrap(),
        device: known.device,
        epoch: known.epoch,
        screen,
        key,
        next: Seq(1),
        previous: Sha256Hash([0; 32]),
    }
}

impl Player {
    /// Plays the whole day of `plan` and seals what it saw.
    pub(crate) fn live(&mut self, plan: &StoredPlan, plays_a_segment: usize, anchor: &str) -> Vec<Envelope> {
        let records = records(plan, u64::from(self.device.0));
        let mut sealed = Vec::with_capacity(records.len() / plays_a_segment + 1);
        for run in records.chunks(plays_a_segment) {
            let segment = Segment {
                device: self.device,
                epoch: self.epoch,
                first_seq: self.next,
                screen: self.screen.clone(),
                offset: HANOI,
                simulated: true,
                previous: self.previous,
                anchor: anchor.to_owned(),
                records: run.to_vec(),
            };
            let envelope = segment.seal(&self.key);
            (self.next, self.previous) = (Seq(self.next.0 + run.len() as u64), envelope.hash());
            sealed.push(envelope);
        }
        sealed
    }
}

/// Every slot shown, on the frame grid, now and then with a frame dropped, by a clock that is held by a time server.
pub(crate) fn records(plan: &StoredPlan, seed: u64) -> Vec<PlayRecord> {
    let mut chance = seed;
    let mut roll = |n: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % n
    };
    let (mut mono_ms, mut slew_ms) = (None, 0);
    let slots = plan.playlist.slots.iter().zip(0..);
    let record = |(slot, n): (&lichphat_playlists::wire::v1::Slot, u32)| {
        let length_s = plan.assets.assets[usize::from(slot.item)].media.duration_s;
        let start = plan.head.day.at(slot.start_s, HANOI).plus_ms(roll(3) as i64);
        let since = *mono_ms.get_or_insert(start);
        slew_ms += i64::from(roll(8) == 0);
        let dropped = u32::from(roll(50) == 0);
        PlayRecord {
            plan: plan.head.hash,
            item: slot.item,
            origin: Origin::Planned { slot: n },
            boot: BootId(7),
            start,
            end: start.plus_ms(i64::from(length_s) * 1_000 - roll(2) as i64),
            mono_start_ms: (start.since_ms(since) + slew_ms + 60_000) as u64,
            clock: ClockState::Synced,
            clock_error_ms: 2 + n / 64 % 3,
            frames_rendered: length_s * 30 - dropped,
            frames_dropped: dropped,
            display: DisplayLevel::D1,
            area_percent: 100,
            result: PlayResult::Complete,
        }
    };
    slots.map(record).collect()
}

/// What records of these plans are judged against.
pub(crate) fn book(plans: &[StoredPlan]) -> PlanBook {
    let document = |p: &StoredPlan| PlanDocument {
        hash: p.head.hash,
        playlist: p.playlist.clone(),
        assets: p.assets.clone().into(),
        grounds: approve::grounds(&p.playlist.screen, &p.assets),
    };
    plans.iter().map(document).collect()
}

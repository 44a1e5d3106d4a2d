//! The console's town: rooms over a real store, asked through the service itself.

use crate::common::TestData;
use crate::common::people::{Pass, everything};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use lichphat::approval::{Draft, Needs, State, propose};
use lichphat::campaigns::{CampaignBatch, CampaignChange, CampaignStore, Directive, LocalProgramme};
use lichphat::clock::SimClock;
use lichphat::cmd::{Context, rooms::Rooms};
use lichphat::config::Settings;
use lichphat::directory::{
    Batch, Change, Connection, DaySpan, DirectoryStore, Link, Links, Output, Screen, ScreenKind, Unit, UnitKind,
    VenueProfile,
};
use lichphat::fleet::Way;
use lichphat::lang::Lang;
use lichphat::library::{LibraryStore, MediaItem};
use lichphat::people::Caller;
use lichphat::planning::{DayInput, LoopItem, QuotaTerms, StoredPlan, Wanted};
use lichphat::web::{self, Service};
use lichphat_player::identity::credentials::Credentials;
use lichphat_playlists::ids::{
    BootId, CampaignCode, DeviceId, Epoch, ScreenCode, Seq, Sha256Hash, UnitCode, VenueType,
};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::ports::{Clock as _, ClockState};
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::device::Register;
use lichphat_playlists::wire::permit::Permit;
use lichphat_playlists::wire::sign::{Evidence, SigningKey};
use lichphat_playlists::wire::v1::{Asset, Tier};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const VENUE: &str = r#"
type = "office"
name = "Trụ sở"
name_en = "Office"
calendar = "none"
confidence = "assumption"
source = "a test"
[[hours]]
days = "mon-sun,day-off"
open = "08:00-17:00"
lunch_break = "12:00-13:00"
peaks = "08:00-10:00"
open_assumption = true
peaks_assumption = true
"#;

pub(crate) const ORDER: &str = r#"
code = "ihanoi"
title = "Sản phẩm iHanoi"
title_en = "The iHanoi product"
kind = "play"
issuer = "HN"
from = "2026-11-20"
to = "2026-12-31"
source = "a test"
quota = { plays = 6, per = "day", rule = "average", over = "operating-days", within = "peak" }
min_gap_s = 300
[product]
title = "iHanoi"
length_s = 15
[[product.variant]]
lang = "vi"
media = "0000000000000000000000000000000000000000000000000000000000000001"
[[target]]
link = "territory"
unit = "HN"
force = "required"
reason = "a test"
"#;

/// A name that wants to be a program and to turn the text around it.
pub(crate) const HOSTILE: &str = "<script>alert(\"x\")</script>\u{202e}'& Phường";

pub(crate) fn friday() -> LocalDay {
    "2026-11-20".parse().unwrap()
}

pub(crate) fn code<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A town with its rooms and its service, whose clock stands on Thursday noon.
pub(crate) struct Town {
    pub(crate) _data: TestData,
    pub(crate) rooms: Rooms,
    pub(crate) service: Service,
    pub(crate) clock: Arc<SimClock>,
    /// Of whoever may everything.
    pub(crate) pass: Pass,
}

impl Town {
    pub(crate) async fn empty() -> Self {
        let data = TestData::new();
        let clock = Arc::new(SimClock::new(friday().previous().at(12 * 3_600, HANOI)));
        let settings = Settings { data: data.path().to_owned(), ..Settings::default() };
        let rooms = Rooms::open(&Context { settings, lang: Lang::Vi, clock: clock.clone() }).unwrap();
        let service = web::service(&rooms.app());
        let pass = everything(&rooms.store, clock.now()).await;
        Self { _data: data, rooms, service, clock, pass }
    }

    /// With an order and these screens, each in its ward.
    pub(crate) async fn with(wards: &[(&str, &str)], screens: Vec<Screen>) -> Self {
        let town = Self::empty().await;
        let unit = |unit: &str, name: &str, kind, parent: Option<&str>| Unit {
            code: code(unit),
            name: name.to_owned(),
            name_en: None,
            kind,
            parent: parent.map(code),
            effective: DaySpan::default(),
            source: None,
        };
        let mut changes = vec![Change::Unit(unit("HN", "Thành phố Hà Nội", UnitKind::City, None))];
        changes.extend(wards.iter().map(|(w, name)| Change::Unit(unit(w, name, UnitKind::Ward, Some("HN")))));
        changes.push(Change::Venue(toml::from_str::<VenueProfile>(VENUE).unwrap()));
        changes.extend(screens.into_iter().map(Change::Screen));
        town.rooms.store.import_directory(Batch { changes }, 0).await.unwrap();
        let order: Directive = toml::from_str(ORDER).unwrap();
        let changes = vec![CampaignChange::Directive(Box::new(order))];
        town.rooms.store.import_campaigns(CampaignBatch { changes }, 0).await.unwrap();
        town
    }

    /// The command line beside it, over the same data.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        self._data.ok(arguments)
    }

    /// Asks as whoever may everything, unless the request says who asks.
    pub(crate) async fn send(&self, mut request: Request<Bytes>) -> (StatusCode, String, http::HeaderMap) {
        let headers = request.headers_mut();
        if !headers.contains_key(header::AUTHORIZATION) && !headers.contains_key("cookie") {
            headers.insert(header::AUTHORIZATION, self.pass.bearer.parse().unwrap());
        }
        let answer = self.service.exchange(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts.status, String::from_utf8(body.to_vec()).unwrap(), parts.headers)
    }

    pub(crate) async fn page(&self, path: &str) -> (StatusCode, String) {
        let (status, html, headers) = self.send(Request::get(path).body(Bytes::new()).unwrap()).await;
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
        well_formed(path, &html);
        (status, html)
    }

    pub(crate) async fn ok(&self, path: &str) -> String {
        let (status, html) = self.page(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        html
    }

    /// Plans Friday for the screen: six plays of the order, four of a contract, a loop in between.
    pub(crate) async fn plan(&self, screen: &str) -> StoredPlan {
        let city = self.rooms.city().await.unwrap();
        let at = city.directory.screen(&code(screen)).unwrap();
        let (duty, peak) = (city.directory.duty(at, friday()), city.directory.peak_windows(at, friday()));
        let approved = self.approved(screen).await;
        let asset = |name: &str, tier| Asset { permit: approved.get(name).copied(), ..asset(name, tier) };
        let wanted = |name: &str, tier, target, windows, quota| Wanted {
            asset: asset(name, tier),
            target,
            windows,
            min_gap_s: 300,
            priority: if tier == Tier::Order { 1 } else { 3 },
            category: None,
            quota,
            behind_since: None,
        };
        let terms = QuotaTerms { min_display: DisplayLevel::D1, daily_cap: 12, make_good_until: friday() };
        let input = DayInput {
            screen: code(screen),
            day: friday(),
            venue: "office".into(),
            wanted: vec![
                wanted("ihanoi", Tier::Order, 6, peak.clone(), Some(terms)),
                wanted("ca-phe", Tier::Contract, 4, duty.clone(), None),
            ],
            duty,
            peak,
            weights: vec![10; 96],
            fixed: vec![],
            local: vec![LoopItem { asset: asset("loop", Tier::Local), weight: 1, hours: None }],
            hush: Default::default(),
            fallback: asset("safe", Tier::Fallback),
            place: approved["place"],
            category_gap_s: Default::default(),
            ledger_through: None,
            not_approved: Default::default(),
            so_far: None,
        };
        let now = lichphat_playlists::ports::Clock::now(&*self.clock);
        self.rooms.planning.plan(vec![input], now, "first plan").await.unwrap();
        self.rooms.planning.store().newest(&code(screen), friday()).await.unwrap().unwrap()
    }

    /// Permits for what it plans, by name, and where the screen stands.
    async fn approved(&self, screen: &str) -> BTreeMap<String, Sha256Hash> {
        let (approvals, city) = (&self.rooms.approvals, self.rooms.city().await.unwrap());
        let tiers =
            [("ihanoi", Tier::Order), ("ca-phe", Tier::Contract), ("loop", Tier::Local), ("safe", Tier::Fallback)];
        let drafts = tiers.map(|(name, tier)| {
            let media = vec![(&asset(name, tier).media).into()];
            let (campaign, places, approved) = (code(name), Vec::new(), Vec::new());
            let permit = Permit { number: 0, campaign, media, places, from: None, until: None, approved };
            Draft { needs: Needs::City, title: name.into(), permit }
        });
        propose(&self.rooms.store, &drafts, ("shell", UtcMillis(0))).await.unwrap();
        let mut names = BTreeMap::new();
        for proposal in approvals.proposals().await.unwrap() {
            if proposal.state == State::Open {
                let by = (&Caller::shell(), "01/QĐ");
                approvals.give(proposal.number, by, &[], &city.directory).await.unwrap();
            }
        }
        for proposal in approvals.proposals().await.unwrap() {
            names.extend(proposal.permit.map(|permit| (proposal.draft.permit.campaign.to_string(), permit)));
        }
        approvals.stand(&city.directory).await.unwrap();
        let place = approvals.permissions().await.unwrap().place_of(&code(screen)).unwrap();
        names.insert("place".into(), place);
        names
    }

    /// Registers a simulated device at the screen.
    pub(crate) async fn device(&self, screen: &str, key: &SigningKey<Evidence>) -> (DeviceId, Epoch) {
        let file = self
            .rooms
            .fleet
            .provision(code(screen), (&Way::default(), &self.rooms.public_keys), &Caller::shell().account)
            .await
            .unwrap();
        let csr = Credentials::in_memory().unwrap().request().unwrap();
        let register = Register::new(file.token, key, csr, "test", true);
        let registered = self.rooms.fleet.register(register).await.unwrap();
        (registered.device, registered.epoch)
    }
}

pub(crate) fn asset(name: &str, tier: Tier) -> Asset {
    let hash = Sha256Hash::of(name.as_bytes());
    let media = Media { hash, size_bytes: 9, kind: MediaKind::Video, duration_s: 15 };
    Asset {
        code: code::<CampaignCode>(name),
        variant: String::new(),
        tier,
        media,
        volume_percent: 100,
        fades: Fades::default(),
        permit: None,
    }
}

pub(crate) fn screen(screen: &str, name: &str, ward: &str, kind: ScreenKind) -> Screen {
    let mut links = Links::default();
    for link in [Link::Owner, Link::Territory] {
        links.history_mut(link).set(None, Some(code::<UnitCode>(ward)));
    }
    Screen {
        code: code::<ScreenCode>(screen),
        name: name.to_owned(),
        address: String::new(),
        venue_type: code::<VenueType>("office"),
        kind,
        connection: Connection::Direct,
        panels: 1,
        width_px: 1920,
        height_px: 1080,
        output: Output::Video,
        links,
        in_service: DaySpan::default(),
    }
}

/// What every page keeps: a language, a title, landmarks, nothing from outside, no hostile markup.
pub(crate) fn well_formed(path: &str, html: &str) {
    for needed in ["<html lang=\"", "<title>", "<main id=\"main\"", "<nav aria-label=", "<h1"] {
        assert!(html.contains(needed), "{path} lacks {needed}");
    }
    for outside in ["src=\"http", "href=\"http", "src=\"//", "href=\"//", "url(", "<style", "style=\"", "onclick"] {
        assert!(!html.contains(outside), "{path} has {outside}");
    }
    assert!(!html.contains("<script>"), "{path} lets a name become a program");
    assert!(!html.contains('\u{202e}'), "{path} lets a name turn its surroundings");
    assert_eq!(html.matches("<table").count(), html.matches("<caption").count(), "{path}: a table without a caption");
    assert_eq!(html.matches("<h1").count(), 1, "{path}: one heading of the first rank");
}

/// The day's records: the second slot was lost to a power cut and made good later, the third fell
/// on a dark panel, the fifth has no record yet.
pub(crate) fn records(plan: &StoredPlan) -> Vec<PlayRecord> {
    let base = PlayRecord {
        plan: plan.head.hash,
        item: 0,
        origin: Origin::Fallback,
        boot: BootId(1),
        start: friday().at(0, HANOI),
        end: friday().at(0, HANOI),
        mono_start_ms: 0,
        clock: ClockState::Synced,
        clock_error_ms: 10,
        frames_rendered: 375,
        frames_dropped: 0,
        display: DisplayLevel::D1,
        area_percent: 100,
        result: PlayResult::Complete,
    };
    let mut records = Vec::new();
    let orders: Vec<(usize, u32, u16)> = (plan.playlist.slots.iter().enumerate())
        .filter(|(_, s)| plan.assets.assets[usize::from(s.item)].tier == Tier::Order)
        .map(|(i, s)| (i, s.start_s, s.item))
        .collect();
    for (n, (index, start_s, item)) in orders.iter().copied().enumerate() {
        let start = friday().at(start_s, HANOI);
        let play = PlayRecord {
            item,
            origin: Origin::Planned { slot: index as u32 },
            start,
            end: start.plus_ms(15_000),
            ..base
        };
        match n {
            1 => records.push(PlayRecord { end: start, result: PlayResult::Skipped(Cause::DeviceOff), ..play }),
            2 => records.push(PlayRecord { display: DisplayLevel::Dark, ..play }),
            4 => {}
            _ => records.push(play),
        }
    }
    let (missed, item) = (orders[1].0 as u32, orders[1].2);
    let start = friday().at((orders[3].1 + orders[4].1) / 2, HANOI);
    let origin = Origin::MakeGood { missed_plan: plan.head.hash, missed_slot: missed };
    records.push(PlayRecord { item, origin, start, end: start.plus_ms(15_000), ..base });
    records.sort_by_key(|r| r.start);
    records
}

pub(crate) async fn town_with_a_day() -> (Town, StoredPlan) {
    let screens = vec![
        screen("S1", &format!("Sảnh {HOSTILE}"), "W1", ScreenKind::Managed),
        screen("S2", &"Màn hình có tên rất dài ".repeat(15), "W1", ScreenKind::ThirdParty),
        screen("S3", "Một cửa", "W2", ScreenKind::Managed),
    ];
    let town = Town::with(&[("W1", HOSTILE), ("W2", "Phường Ba Đình"), ("W3", "Xã Đông Anh")], screens).await;
    let plan = town.plan("S1").await;
    let key = SigningKey::from_seed(&[7; 32]);
    let (device, epoch) = town.device("S1", &key).await;
    town.clock.jump_to(friday().at(18 * 3_600, HANOI));
    let segment = Segment {
        device,
        epoch,
        first_seq: Seq(1),
        screen: code("S1"),
        offset: HANOI,
        simulated: true,
        previous: Sha256Hash([0; 32]),
        anchor: String::new(),
        records: records(&plan),
    };
    let sender = town.rooms.proof.identity(device).await.unwrap();
    town.rooms.proof.ingest(&sender, segment.seal(&key).into_bytes()).await.unwrap();
    (town, plan)
}
pub(crate) fn order_item(plan: &StoredPlan) -> u16 {
    plan.assets.assets.iter().position(|a| a.tier == Tier::Order).unwrap() as u16
}

pub(crate) const PROGRAMME: &str = r#"
[[contract]]
code = "ca-phe"
title = "Cà phê phố cổ"
advertiser = "Công ty mẫu"
from = "2026-11-01"
to = "2026-12-31"
plays_per_day = 480
windows = "08:00-10:00"
min_gap_s = 15
place = [{ link = "territory", unit = "HN" }]
product = { title = "Cà phê", length_s = 15, variant = [{ lang = "vi", form = "silent", media = "0000000000000000000000000000000000000000000000000000000000000001" }] }

[[fallback]]
code = "safe"
title = "Màn hình chờ"
product = { title = "Chờ", length_s = 15, variant = [{ lang = "vi", form = "silent", media = "0000000000000000000000000000000000000000000000000000000000000001" }] }
"#;

impl Town {
    /// Puts one clip of fifteen seconds, a contract that fills the day and a safe loop in.
    pub(crate) async fn programme(&self) {
        let programme: LocalProgramme = toml::from_str(PROGRAMME).unwrap();
        let changes = vec![
            CampaignChange::Contract(programme.contract[0].clone()),
            CampaignChange::Fallback(programme.fallback[0].clone()),
        ];
        let revision = self.rooms.store.campaigns_revision().await.unwrap();
        self.rooms.store.import_campaigns(CampaignBatch { changes }, revision).await.unwrap();
        let hash = programme.fallback[0].product.variant[0].media.unwrap();
        let media = Media { hash, size_bytes: 9, kind: MediaKind::Video, duration_s: 15 };
        let item = MediaItem { media, duration_ms: 15_000, name: "clip.mp4".into(), added_ms: Default::default() };
        self.rooms.store.keep_media(item, None).await.unwrap();
    }

    /// The page, once the dry run behind it is made.
    pub(crate) async fn answered(&self, path: &str) -> String {
        loop {
            let html = self.ok(path).await;
            if !["Đang tính thử", "being planned for a trial"].iter().any(|wait| html.contains(wait)) {
                return html;
            }
        }
    }

    pub(crate) async fn order(&self, text: &str) {
        let order: Directive = toml::from_str(text).unwrap();
        let revision = self.rooms.store.campaigns_revision().await.unwrap();
        let changes = vec![CampaignChange::Directive(Box::new(order))];
        self.rooms.store.import_campaigns(CampaignBatch { changes }, revision).await.unwrap();
    }
}

//! The console as people meet it: real rooms over a real store, asked through the service itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use bytes::Bytes;
use common::TestData;
use http::{Request, StatusCode, header};
use lichphat::campaigns::{CampaignBatch, CampaignChange, CampaignStore, Directive, LocalProgramme};
use lichphat::clock::SimClock;
use lichphat::cmd::{Context, rooms::Rooms};
use lichphat::compliance::ComplianceStore;
use lichphat::config::Settings;
use lichphat::directory::{
    Batch, Change, Closure, ClosureSubject, Connection, DaySpan, DirectoryStore, FootfallDay, FootfallSubject, Link,
    Links, LocalTime, Output, Screen, ScreenKind, Unit, UnitKind, VenueProfile,
};
use lichphat::lang::Lang;
use lichphat::library::{LibraryStore, MediaItem};
use lichphat::planning::{DayInput, LoopItem, QuotaTerms, StoredPlan, Wanted};
use lichphat::proof::evidence::screen_day;
use lichphat::web::{self, Service};
use lichphat_playlists::ids::{
    BootId, CampaignCode, DeviceId, Epoch, ScreenCode, Seq, Sha256Hash, UnitCode, VenueType,
};
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, LocalDay, clock_text};
use lichphat_playlists::wire::device::Register;
use lichphat_playlists::wire::sign::{Evidence, SigningKey};
use lichphat_playlists::wire::v1::{Asset, Tier};
use std::sync::Arc;

const VENUE: &str = r#"
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

const ORDER: &str = r#"
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
const HOSTILE: &str = "<script>alert(\"x\")</script>\u{202e}'& Phường";

fn friday() -> LocalDay {
    "2026-11-20".parse().unwrap()
}

fn code<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A town with its rooms and its service, whose clock stands on Thursday noon.
struct Town {
    _data: TestData,
    rooms: Rooms,
    service: Service,
    clock: Arc<SimClock>,
}

impl Town {
    fn empty() -> Self {
        let data = TestData::new();
        let clock = Arc::new(SimClock::new(friday().previous().at(12 * 3_600, HANOI)));
        let settings = Settings { data: data.path().to_owned(), ..Settings::default() };
        let rooms = Rooms::open(&Context { settings, lang: Lang::Vi, clock: clock.clone() }).unwrap();
        let service = web::service(&rooms.app());
        Self { _data: data, rooms, service, clock }
    }

    /// With an order and these screens, each in its ward.
    async fn with(wards: &[(&str, &str)], screens: Vec<Screen>) -> Self {
        let town = Self::empty();
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

    async fn send(&self, request: Request<Bytes>) -> (StatusCode, String, http::HeaderMap) {
        let answer = self.service.exchange(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts.status, String::from_utf8(body.to_vec()).unwrap(), parts.headers)
    }

    async fn page(&self, path: &str) -> (StatusCode, String) {
        let (status, html, headers) = self.send(Request::get(path).body(Bytes::new()).unwrap()).await;
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
        well_formed(path, &html);
        (status, html)
    }

    async fn ok(&self, path: &str) -> String {
        let (status, html) = self.page(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        html
    }

    /// Plans Friday for the screen: six plays of the order, four of a contract, a loop in between.
    async fn plan(&self, screen: &str) -> StoredPlan {
        let city = self.rooms.city().await.unwrap();
        let at = city.directory.screen(&code(screen)).unwrap();
        let (duty, peak) = (city.directory.duty(at, friday()), city.directory.peak_windows(at, friday()));
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
            local: vec![LoopItem { asset: asset("loop", Tier::Local), weight: 1 }],
            hush: Default::default(),
            fallback: asset("safe", Tier::Fallback),
            category_gap_s: Default::default(),
            ledger_through: None,
            so_far: None,
        };
        let now = lichphat_playlists::ports::Clock::now(&*self.clock);
        self.rooms.planning.plan(vec![input], now, "first plan").await.unwrap();
        self.rooms.planning.store().newest(&code(screen), friday()).await.unwrap().unwrap()
    }

    /// Registers a simulated device at the screen.
    async fn device(&self, screen: &str, key: &SigningKey<Evidence>) -> (DeviceId, Epoch) {
        let file = self.rooms.fleet.provision(code(screen), String::new(), String::new(), String::new()).await.unwrap();
        let public_key = key.verifying_key().to_base64();
        let register = Register { token: file.token, public_key, software: "test".into(), simulated: true };
        let registered = self.rooms.fleet.register(register).await.unwrap();
        (registered.device, registered.epoch)
    }
}

fn asset(name: &str, tier: Tier) -> Asset {
    let hash = Sha256Hash::of(name.as_bytes());
    let media = Media { hash, size_bytes: 9, kind: MediaKind::Video, duration_s: 15 };
    Asset { code: code::<CampaignCode>(name), variant: String::new(), tier, media, volume_percent: 100 }
}

fn screen(screen: &str, name: &str, ward: &str, kind: ScreenKind) -> Screen {
    let mut links = Links::default();
    for link in [Link::Owner, Link::Territory] {
        links.history_mut(link).set(None, Some(code::<UnitCode>(ward)));
    }
    Screen {
        code: code::<ScreenCode>(screen),
        name: name.to_owned(),
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
fn well_formed(path: &str, html: &str) {
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
fn records(plan: &StoredPlan) -> Vec<PlayRecord> {
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

async fn town_with_a_day() -> (Town, StoredPlan) {
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
    town.rooms.proof.ingest(device, segment.seal(&key).into_bytes()).await.unwrap();
    (town, plan)
}

#[tokio::test]
async fn an_empty_city_teaches_what_to_do_first() {
    let town = Town::empty();
    let html = town.ok("/").await;
    for step in ["Bắt đầu", "lichphat import units config/directory/units.toml", "lichphat plan run", "make demo"]
    {
        assert!(html.contains(step), "{step}");
    }
    assert!(town.ok("/?lang=en").await.contains("First steps"));
    assert!(town.ok("/?day=2024-10-10").await.contains("10/10/2024"));
}

#[tokio::test]
async fn an_officer_finds_the_short_screen_in_two_steps_and_learns_why() {
    let (town, plan) = town_with_a_day().await;
    // while the first day runs nothing is short yet, and today's plays are told
    let html = town.ok("/").await;
    assert!(html.contains("Chưa có ngày nào kết thúc"), "{html}");
    assert!(html.contains("Hôm nay: đã tính 4 trong 6 lượt theo lịch; 2 lượt không được tính."), "{html}");

    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let html = town.ok("/").await;
    assert!(html.contains("3 trong 3 màn hình đang thiếu lượt phát."), "{html}");
    assert!(html.contains("2 phường, xã: 0 đạt, 2 thiếu."), "{html}");
    assert!(html.contains("1 phường, xã chưa có màn hình nào thuộc diện."));
    assert!(html.contains("&#60;script&#62;alert"), "the name is shown as it is written");
    assert!(html.contains("href=\"/units/W1\""));

    let html = town.ok("/units/W1?show=short").await;
    assert!(html.contains("href=\"/screens/S1\"") && html.contains("mô phỏng"));
    assert!(html.contains("Đơn vị khác vận hành và chưa khai báo lượt phát"));

    let html = town.ok("/screens/S1?day=2026-11-20").await;
    let second = &plan.playlist.slots.iter().filter(|s| s.item == order_item(&plan)).nth(1).unwrap();
    let missed = &clock_text(second.start_s)[..5];
    for said in [
        "Thứ Sáu, 20/11/2026",
        "Không phát: thiết bị tắt nguồn hoặc chương trình phát không chạy → đã phát bù lúc",
        "Không được tính: Màn hình tắt trong lúc phát",
        &format!("phát bù suất {missed}"),
        "Đã tính",
        "Đang chờ thiết bị gửi nhật ký phát",
        "08:00–12:00 và 13:00–17:00",
        "?day=2026-11-19",
        "?day=2026-11-21",
        "mô phỏng",
        "bản ghi 1.1.1",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert!(html.contains("Xem thêm 4 lượt theo hợp đồng"), "contracts are one step away");
    assert!(town.ok("/screens/S1?day=2026-11-20&plays=all&hour=8").await.contains("Chỉ xem lượt"));
    assert!(town.ok("/screens/S3?day=2026-11-20").await.contains("Chưa có thiết bị phát nào"));
}

fn order_item(plan: &StoredPlan) -> u16 {
    plan.assets.assets.iter().position(|a| a.tier == Tier::Order).unwrap() as u16
}

#[tokio::test]
async fn for_any_minute_the_page_says_why_this_and_why_not_that() {
    let (town, plan) = town_with_a_day().await;
    let first = plan.playlist.slots.iter().find(|s| s.item == order_item(&plan)).unwrap().start_s;
    let at = clock_text(first);
    let html = town.ok(&format!("/screens/S1/why?day=2026-11-20&at={at}")).await;
    for said in ["Sản phẩm iHanoi", "lần 1 trong 6 lần của hôm nay", "ca-phe", "Đã tính. Nhật ký:", "bản 1"]
    {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let html = town.ok("/screens/S1/why?day=2026-11-20&at=11:00&campaign=ihanoi&lang=en").await;
    assert!(html.contains("Outside its windows: it plays within 08:00–10:00 only."), "{html}");
    assert!(html.contains("The iHanoi product") && !html.contains("<strong><bdi class=\"name\">ca-phe"));
    assert!(town.ok("/screens/S1/why?day=2026-11-20&at=12:30").await.contains("Ngoài giờ hoạt động"));
    assert!(town.ok("/screens/S1/why?day=2026-11-20&at=09:00&campaign=%3Cscript%3E").await.contains("Không có đợt"));
    assert!(town.ok("/screens/S2/why?day=2026-11-20&at=09:00").await.contains("không do hệ thống điều khiển"));
}

const PROGRAMME: &str = r#"
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
    async fn programme(&self) {
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
        self.rooms.store.keep_media(item).await.unwrap();
    }

    /// The page, once the dry run behind it is made.
    async fn answered(&self, path: &str) -> String {
        loop {
            let html = self.ok(path).await;
            if !["Đang tính thử", "being planned for a trial"].iter().any(|wait| html.contains(wait)) {
                return html;
            }
        }
    }

    async fn order(&self, text: &str) {
        let order: Directive = toml::from_str(text).unwrap();
        let revision = self.rooms.store.campaigns_revision().await.unwrap();
        let changes = vec![CampaignChange::Directive(Box::new(order))];
        self.rooms.store.import_campaigns(CampaignBatch { changes }, revision).await.unwrap();
    }
}

#[tokio::test]
async fn before_an_order_begins_the_page_says_who_can_carry_it_and_what_would_help() {
    let screens = vec![
        screen("S1", &format!("Sảnh {HOSTILE}"), "W1", ScreenKind::Managed),
        screen("S2", "Màn hình của đơn vị khác", "W1", ScreenKind::ThirdParty),
        screen("S3", "Một cửa", "W2", ScreenKind::Managed),
    ];
    let town = Town::with(&[("W1", HOSTILE), ("W2", "Phường Ba Đình")], screens).await;
    let html = town.answered("/preflight/ihanoi").await;
    assert!(html.contains("chưa có nội dung an toàn"), "nothing can be planned without a safe loop: {html}");

    town.programme().await;
    assert!(town.ok("/").await.contains("href=\"/preflight/ihanoi\""), "one step from the order's name");
    let html = town.answered("/preflight/ihanoi").await;
    for said in [
        "Từ 20/11/2026 đến hết ngày 26/11/2026",
        "Cả 2 màn hình đều phát đủ được.",
        "42/42",
        "không do hệ thống phát",
        "Hợp đồng phải nhường chỗ",
        "Cà phê phố cổ",
        "&#60;script&#62;alert",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert!(!html.contains("Cách nới nhỏ nhất"), "nothing is short, so nothing needs to give way");

    // two hours of peak, half an hour apart, hold eight plays of twenty
    town.order(&ORDER.replace("plays = 6", "plays = 20").replace("min_gap_s = 300", "min_gap_s = 900")).await;
    let html = town.answered("/preflight/ihanoi?lang=en").await;
    for said in [
        "2 of 2 screens lack room, by 360 s a day.",
        "08:00–10:00",
        "2 screens, at most 180 s a day",
        "Let plays be 6 min apart instead of 15 min: then both screens can carry it.",
        "Ask for 8 plays a day instead of 20: then both screens can carry it.",
        "at least 15 min apart there is room for 8",
        "56/140",
        "lacks room",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let rows = |html: &str| html.matches("href=\"/screens/").count();
    assert_eq!((rows(&html), rows(&town.ok("/preflight/ihanoi?show=cannot").await)), (3, 2));
    let at = |name: &str| html.find(&format!("href=\"/screens/{name}\"")).unwrap();
    assert!(at("S1") < at("S2") && at("S3") < at("S2"), "problems first");

    for (path, status, said) in [
        ("/preflight/nothing", 404, "Không có văn bản nào mang mã “nothing”"),
        ("/preflight/%3Cscript%3E?lang=en", 404, "No order has the code"),
        ("/preflight", 404, "Không có trang này"),
    ] {
        let (got, html) = town.page(path).await;
        assert_eq!(got.as_u16(), status, "{path}");
        assert!(html.contains(said), "{path}: {said}\n{html}");
    }
    town.clock.jump_to("2027-01-10".parse::<LocalDay>().unwrap().at(8 * 3_600, HANOI));
    assert!(town.ok("/preflight/ihanoi").await.contains("Văn bản đã kết thúc ngày 31/12/2026"));
    let quiet =
        ORDER.replace("\"play\"", "\"suspend\"").replace("quota =", "# quota =").replace("\"ihanoi\"", "\"quiet\"");
    town.order(&quiet).await;
    assert!(town.ok("/preflight/quiet?lang=en").await.contains("names no number of plays"));
}

const QUIET: &str = r#"
code = "quiet"
title = "Quốc tang"
title_en = "National mourning"
kind = "suspend"
issuer = "HN"
from = "2026-11-20"
to = "2026-11-20"
source = "a test"
[suspend]
content = ["order", "local"]
in_place = "blank"
days = "leave-quota"
hours = "08:00-11:00"
[[target]]
link = "territory"
unit = "W1"
force = "required"
reason = "a test"
"#;

#[tokio::test]
async fn what_is_suspended_or_closed_names_the_order_or_the_record_behind_it() {
    let (town, plan) = town_with_a_day().await;
    town.order(QUIET).await;
    let closure = Closure {
        subject: ClosureSubject::Screen(code("S1")),
        from: LocalTime { day: friday(), second: 15 * 3_600 },
        to: LocalTime { day: friday(), second: 16 * 3_600 },
        reason: "sửa nguồn".into(),
        author: "Văn phòng phường".into(),
        entered_at: friday().at(9 * 3_600, HANOI),
    };
    let revision = town.rooms.store.directory_revision().await.unwrap();
    let batch = Batch { changes: vec![Change::Closure(closure)] };
    town.rooms.store.import_directory(batch, revision).await.unwrap();

    let html = town.ok("/screens/S1?day=2026-11-20").await;
    let note =
        "Tạm dừng theo văn bản “Quốc tang”, 08:00–11:00: văn bản khác, nội dung tại chỗ – không phát gì thay thế.";
    assert!(html.contains(note), "{html}");
    // a second of the peak at which the plan that was made before plays nothing of the order
    let order = plan.playlist.slots.iter().filter(|s| s.item == order_item(&plan)).map(|s| s.start_s);
    let busy: Vec<u32> = order.collect();
    let second = (30_000..36_000).find(|s| busy.iter().all(|b| b.abs_diff(*s) > 20)).unwrap();
    let at = clock_text(second);
    let html = town.ok(&format!("/screens/S1/why?day=2026-11-20&at={at}&campaign=ihanoi")).await;
    let record = "văn bản quiet (2026-11-20 – 2026-11-20)";
    for said in ["Tạm dừng theo văn bản “Quốc tang” trong 08:00–11:00", "suspended", record] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let html = town.ok("/screens/S1/why?day=2026-11-20&at=15:30&campaign=ihanoi&lang=en").await;
    for said in [
        "The screen is closed 15:00–16:00: sửa nguồn (Văn phòng phường).",
        "closure screen S1 2026-11-20 15:00 – 2026-11-20 16:00 (Văn phòng phường)",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert!(town.ok("/?lang=en").await.contains("in force: playing is suspended"));
}

#[tokio::test]
async fn where_a_number_is_a_wards_wards_are_met_or_short_not_screens() {
    let (town, _) = town_with_a_day().await;
    town.order(&ORDER.replace("within = \"peak\"", "within = \"peak\", of = \"unit\"")).await;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let html = town.ok("/").await;
    // W1 and W2 owe six together by their screens; four plays have counted in W1
    assert!(html.contains("2 trong 2 đơn vị đang thiếu lượt phát."), "{html}");
    assert!(html.contains("tính chung các màn hình của mỗi đơn vị"), "{html}");
    let html = town.ok("/units/W2?lang=en").await;
    assert!(html.contains("1 of 1 units is short of plays."), "{html}");
    assert!(town.ok("/screens/S1?day=2026-11-20").await.contains("Từ đầu chiến dịch"));
}

#[tokio::test]
async fn what_the_page_counts_is_what_the_rollups_hold() {
    let (town, _) = town_with_a_day().await;
    let evidence = screen_day(&town.rooms.store, &code("S1"), friday(), HANOI).await.unwrap();
    let rolled = town.rooms.store.days(&code("ihanoi"), friday(), friday()).await.unwrap();
    let rolled = &rolled[&code::<ScreenCode>("S1")][&friday()];
    let counts = &evidence.counts()[&code::<CampaignCode>("ihanoi")];
    assert_eq!((counts.counted, counts.made_good, counts.not_counted), (4, 1, 2));
    assert_eq!(
        (rolled.counted, rolled.made_good, rolled.not_counted, rolled.slots_seen, &rolled.reasons),
        (counts.counted, counts.made_good, counts.not_counted, counts.slots_seen, &counts.reasons)
    );
    assert!(screen_day(&town.rooms.store, &code("S3"), friday(), HANOI).await.unwrap().records.is_empty());
}

#[tokio::test]
async fn what_does_not_exist_is_said_plainly_in_the_readers_language() {
    let (town, _) = town_with_a_day().await;
    for (path, status, said) in [
        ("/nowhere", 404, "Không có trang này"),
        ("/units", 404, "Không có trang này"),
        ("/units/X9", 404, "Không có đơn vị nào mang mã “X9”"),
        ("/units/%3Cscript%3E", 404, "Không có đơn vị này"),
        ("/screens/S9?lang=en", 404, "No screen has the code “S9”"),
        ("/screens/S1?day=2026-02-30", 400, "không phải là một ngày có thật"),
        ("/screens/S1?day=%3Cscript%3Ealert(1)%3C/script%3E", 400, "không phải là một ngày có thật"),
        ("/screens/S1?hour=25", 400, "không phải là giờ trong ngày"),
        ("/screens/S1/why?at=24:30", 400, "không phải là giờ trong ngày"),
        ("/?day=99999-01-01", 400, "không phải là một ngày có thật"),
    ] {
        let (got, html) = town.page(path).await;
        assert_eq!(got.as_u16(), status, "{path}");
        assert!(html.contains(said), "{path}: {said}\n{html}");
    }
    let (status, html, _) = town.send(Request::post("/").body(Bytes::new()).unwrap()).await;
    assert!(status == StatusCode::METHOD_NOT_ALLOWED && html.contains("chỉ để xem"));
}

#[tokio::test]
async fn the_language_is_remembered_and_the_assets_come_from_the_program() {
    let town = Town::empty();
    let (_, html, headers) = town.send(Request::get("/?lang=en").body(Bytes::new()).unwrap()).await;
    assert!(
        html.contains("<html lang=\"en\"") && headers[header::SET_COOKIE].to_str().unwrap().starts_with("lang=en;")
    );
    let again = Request::get("/").header(header::COOKIE, "a=b; lang=en").body(Bytes::new()).unwrap();
    let (_, html, headers) = town.send(again).await;
    assert!(html.contains("<html lang=\"en\"") && !headers.contains_key(header::SET_COOKIE));
    assert!(html.contains("href=\"/?lang=vi\""), "the way back");
    for (path, kind) in [("/static/console.css?v=1", "text/css"), ("/static/live.js", "text/javascript")] {
        let (status, _, headers) = town.send(Request::get(path).body(Bytes::new()).unwrap()).await;
        assert!(
            status == StatusCode::OK && headers[header::CONTENT_TYPE].to_str().unwrap().starts_with(kind),
            "{path}"
        );
    }
}

#[tokio::test]
async fn thousands_of_screens_come_in_pages_and_every_page_is_small() {
    let many: usize = std::env::var("CONSOLE_SCREENS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let wards: Vec<(String, String)> = (0..126).map(|i| (format!("W{i}"), format!("Phường số {i}"))).collect();
    let wards: Vec<(&str, &str)> = wards.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let screens = (0..many)
        .map(|i| screen(&format!("S{i:05}"), &format!("Màn hình {i}"), &format!("W{}", i % 126), ScreenKind::Managed))
        .collect();
    let town = Town::with(&wards, screens).await;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    for path in ["/", "/?page=3", "/units/HN", "/units/HN?page=7&show=short", "/units/W5", "/screens/S00007"] {
        town.ok(path).await;
        let begun = std::time::Instant::now();
        let html = town.ok(path).await;
        println!("{path}: {} ms, {} bytes", begun.elapsed().as_millis(), html.len());
        assert!(html.len() < 150_000, "{path}: {} bytes", html.len());
        assert!(html.matches("href=\"/screens/").count() <= 60, "{path}");
    }
    assert!(town.ok("/units/HN?page=7").await.contains("Trang 7 trên"));
    assert!(town.ok("/units/HN?page=99999").await.contains("rel=\"prev\""), "beyond the end is the end");
}

#[tokio::test]
async fn peaks_that_wait_are_shown_beside_the_old_ones_with_the_command_that_decides() {
    let screens = vec![screen("S1", &format!("Sảnh {HOSTILE}"), "W1", ScreenKind::Managed)];
    let town = Town::with(&[("W1", "Phường Ba Đình")], screens).await;
    assert!(town.ok("/peaks").await.contains("Không có đề xuất nào chờ duyệt"));
    assert!(!town.ok("/").await.contains("/peaks"), "nothing waits, nothing is said");

    let own = FootfallSubject::Screen(code("S1"));
    let venue = FootfallSubject::Venue(code("office"));
    let monday: LocalDay = "2026-11-09".parse().unwrap();
    for subject in [&own, &venue] {
        town.rooms.follow_counts(subject, 1, 500, HOSTILE).await.unwrap();
        let days = monday.through(monday.plus(5)).map(|day| {
            let counts = (8..17).map(|hour| (hour * 3_600, 3_600, if hour < 11 && hour > 8 { 500 } else { 100 }));
            Change::FootfallDay(FootfallDay { subject: subject.clone(), day, counts: counts.collect() })
        });
        let revision = town.rooms.store.directory_revision().await.unwrap();
        town.rooms.store.import_directory(Batch { changes: days.collect() }, revision).await.unwrap();
    }
    assert_eq!(town.rooms.propose_peaks().await.unwrap(), 2);

    let html = town.ok("/peaks").await;
    for said in [
        "Nếu được chấp nhận, áp dụng từ Thứ Hai, 23/11/2026",
        "số đếm từ 09/11/2026 đến 15/11/2026; giờ mới chứa 50 %",
        "Ngày làm việc",
        "08:00–10:00",
        "<strong>09:00–10:45</strong>",
        "lichphat peaks accept 1 --by",
        "lichphat peaks refuse 2 --by",
        "Loại địa điểm: Trụ sở",
        "href=\"/screens/S1\"",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert!(!html.contains("Chủ nhật"), "nobody counted on a Sunday");
    assert!(town.ok("/").await.contains("2 đề xuất giờ cao điểm đang chờ duyệt"));
    assert!(town.ok("/?lang=en").await.contains("2 proposals of peak hours wait for a decision"));

    town.rooms.decide_peaks(1, true, HOSTILE).await.unwrap();
    town.rooms.decide_peaks(2, false, "Chị Lan").await.unwrap();
    let html = town.ok("/peaks?lang=en").await;
    for said in ["Nothing waits", "refused by Chị Lan", "applies from 23 Nov 2026 on", "Week of 23 Nov 2026"] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert_eq!(town.page("/peaks/1").await.0, StatusCode::NOT_FOUND);
}

//! The console over a whole city: `cargo bench --bench pages`, or `-- 5000` for so many screens.
//!
//! Screens of the made-up square stand in all 126 wards and communes, each with a player whose records of the whole day went in through
//! the door for them. It is the evening of tomorrow, and the server has just begun. What takes long is asked for first, while the server
//! reckons its figures as `lichphat serve` does: how long each answer took, and how long until the page was there. Then every page that
//! `routes` has for a person who may everything, through the service itself: once, then five times. Then an order changes. Server time is
//! that of the answer, without TLS and line.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is for people at a terminal")]

#[path = "../tests/common/mod.rs"]
mod common;

use bytes::Bytes;
use common::town::{Place, SQUARE, town};
use futures_util::StreamExt as _;
use http::{Request, header};
use lichphat::clock::SimClock;
use lichphat::cmd::Context;
use lichphat::cmd::rooms::Rooms;
use lichphat::config::Settings;
use lichphat::fleet::Way;
use lichphat::lang::Lang;
use lichphat::people::Caller;
use lichphat::planning::PlanStore as _;
use lichphat::web::{self, Service, routes};
use lichphat_player::identity::credentials::Credentials;
use lichphat_playlists::ids::{BootId, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::ports::{Clock as _, ClockState};
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, LocalDay};
use lichphat_playlists::wire::device::Register;
use lichphat_playlists::wire::sign::SigningKey;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a page may take, milliseconds.
const GOAL_MS: u128 = 300;

/// The order is the whole city's, too.
const CITY: &str =
    "[[target]]\nunit = 'HN'\nvenue_types = ['square']\nforce = 'required'\nreason = 'made up for the bench'\n";

/// Players that come in or hand in side by side.
const LANES: usize = 32;

/// What takes long.
const HEAVY: [&str; 5] = ["/", "/units/HN", "/screens", "/reports", "/preflight/clean-square"];

#[tokio::main]
async fn main() {
    let screens = std::env::args().skip(1).find_map(|a| a.parse::<u32>().ok()).unwrap_or(20_000);
    let data = town();
    data.ok(&["import", "units", "config/directory/units.toml"]);
    // what people approved today is played tomorrow
    let day = lichphat::clock::SystemClock::new().now().day(HANOI).next();
    order(&data, day, 10);
    let units =
        std::fs::read_to_string(std::path::Path::new(common::ROOT).join("config/directory/units.toml")).unwrap();
    let units: toml::Table = toml::from_str(&units).unwrap();
    let wards =
        units["unit"].as_array().unwrap().iter().filter(|u| matches!(u["kind"].as_str(), Some("ward" | "commune")));
    let wards: Vec<&str> = wards.filter_map(|u| u["code"].as_str()).collect();
    let mut csv = "code,name,venue_type,kind,width,height,output,owner,territory\n".to_owned();
    for i in 0..screens {
        let ward = wards[i as usize % wards.len()];
        writeln!(csv, "S{i:05},Màn hình {i},square,managed,1920,1080,video,{ward},{ward}").unwrap();
    }
    let file = data.path().join("screens.csv");
    std::fs::write(&file, csv).unwrap();
    data.ok(&["import", "screens", file.to_str().unwrap()]);

    let clock = Arc::new(SimClock::new(day.at(3 * 3_600, HANOI)));
    let rooms = open(&data, &clock);
    let city = rooms.city().await.unwrap();
    rooms.plan(&city, |_| true, "bench").await.unwrap();
    let played = live(&rooms, &clock, screens, day).await;
    let pass = common::people::everything(&rooms.store, clock.now()).await;
    println!(
        "pages: {} screens, {} units, {played} plays of the day handed in",
        city.directory.screens().count(),
        city.directory.units().count()
    );
    drop((rooms, city));
    clock.become_real();

    println!("{:40} {:>7} {:>7} {:>7}", "while the server begins", "first", "worst", "there");
    for address in HEAVY {
        let rooms = open(&data, &clock);
        let (service, reckoning) = (web::service(&rooms.app()), tokio::spawn(reckon(rooms)));
        until_there(&service, address, &pass.cookie).await;
        reckoning.abort();
    }
    let rooms = open(&data, &clock);
    let (service, began) = (web::service(&rooms.app()), Instant::now());
    let reckoning = tokio::spawn(reckon(rooms.clone()));
    while rooms.console.reckon(None).await.unwrap().is_none() {}
    println!("the figures were there after {} ms", began.elapsed().as_millis());
    println!("{:40} {:>7} {:>7} {:>7} {:>9}", "then", "first", "median", "worst", "bytes");
    let (mut slow, mut slowest) = (0, 0);
    for address in addresses(wards[5]) {
        let Some(first) = ask(&service, &address, &pass.cookie).await else { continue };
        // what is made for this page alone is waited for, and is in the table above
        while ask(&service, &address, &pass.cookie).await.is_some_and(|answer| answer.soon) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut times = Vec::new();
        for _ in 0..5 {
            times.extend(ask(&service, &address, &pass.cookie).await.map(|answer| answer.ms));
        }
        times.sort_unstable();
        let (median, worst) = (times[2], times[4]);
        slow += usize::from(worst.max(first.ms) > GOAL_MS);
        slowest = slowest.max(worst).max(first.ms);
        println!(
            "{address:40} {:>7} {median:>7} {worst:>7} {:>9}{}",
            first.ms,
            first.bytes,
            if worst.max(first.ms) > GOAL_MS { "  over" } else { "" }
        );
    }
    println!("milliseconds; slowest answer {slowest} ms, {slow} pages over {GOAL_MS} ms");
    println!("{:40} {:>7} {:>7} {:>7}", "after an order has changed", "first", "worst", "there");
    for (address, plays) in HEAVY.into_iter().zip(11..) {
        order(&data, day, plays);
        until_there(&service, address, &pass.cookie).await;
    }
    reckoning.abort();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}

/// The order of so many plays a day, or the same changed.
fn order(data: &common::TestData, day: LocalDay, plays: u32) {
    let (from, to) = (day.to_string(), day.plus(30).to_string());
    Place { period: (&from, &to), open: "05:00-23:00", quota: (plays, "duty"), more: CITY, ..SQUARE }.import(data);
}

fn open(data: &common::TestData, clock: &Arc<SimClock>) -> Rooms {
    let settings = Settings { data: data.path().to_owned(), horizon_days: 2, ..Settings::default() };
    Rooms::open(&Context { settings, lang: Lang::Vi, clock: clock.clone() }).unwrap()
}

/// As the server does it.
async fn reckon(rooms: Rooms) {
    let mut last = None;
    loop {
        last = rooms.console.reckon(last).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Registers a player at every screen; each plays its day and hands it in. How many plays that were.
async fn live(rooms: &Rooms, clock: &SimClock, screens: u32, day: LocalDay) -> usize {
    let one = async |n: u32| {
        let screen = ScreenCode::new(format!("S{n:05}")).unwrap();
        let mut seed = [1; 32];
        seed[..4].copy_from_slice(&n.to_be_bytes());
        let key = SigningKey::from_seed(&seed);
        let way = (&Way::to("http://127.0.0.1"), &rooms.public_keys.clone());
        let token = rooms.fleet.provision(screen.clone(), way, &Caller::shell().account).await.unwrap().token;
        let csr = Credentials::in_memory().unwrap().request().unwrap();
        let known = rooms.fleet.register(Register::new(token, &key, csr, "bench", true)).await.unwrap();
        (screen, key, known.device, known.epoch)
    };
    let players: Vec<_> = futures_util::stream::iter(0..screens).map(one).buffered(LANES).collect().await;
    clock.jump_to(day.at(22 * 3_600 + 1_800, HANOI));
    let hand_in = async |(screen, key, device, epoch): (ScreenCode, SigningKey<_>, _, _)| {
        let plan = rooms.store.newest(&screen, day).await.unwrap().unwrap();
        let slots = plan.playlist.slots.iter().enumerate().filter(|(_, slot)| slot.start_s < 22 * 3_600);
        let records = slots.map(|(n, slot)| {
            let start = day.at(slot.start_s, HANOI);
            let length_ms = i64::from(plan.assets.assets[usize::from(slot.item)].media.duration_s) * 1_000;
            PlayRecord {
                plan: plan.head.hash,
                item: slot.item,
                origin: Origin::Planned { slot: n as u32 },
                boot: BootId(1),
                start,
                end: start.plus_ms(length_ms),
                mono_start_ms: u64::from(slot.start_s) * 1_000,
                clock: ClockState::Synced,
                clock_error_ms: 10,
                frames_rendered: 375,
                frames_dropped: 0,
                display: DisplayLevel::D1,
                area_percent: 100,
                result: PlayResult::Complete,
            }
        });
        let records: Vec<PlayRecord> = records.collect();
        let plays = records.len();
        let segment = Segment {
            device,
            epoch,
            first_seq: Seq(1),
            screen,
            offset: HANOI,
            simulated: true,
            previous: Sha256Hash([0; 32]),
            anchor: String::new(),
            records,
        };
        let sender = rooms.proof.identity(device).await.unwrap();
        rooms.proof.ingest(&sender, segment.seal(&key).into_bytes()).await.unwrap();
        plays
    };
    futures_util::stream::iter(players).map(hand_in).buffered(LANES).fold(0, async |sum, plays| sum + plays).await
}

/// Asks again and again, as a page does that is being made, until it is there, and says how long the answers took.
async fn until_there(service: &Service, address: &str, cookie: &str) {
    let (began, mut times) = (Instant::now(), Vec::new());
    loop {
        let answer = ask(service, address, cookie).await.unwrap();
        times.push(answer.ms);
        if !answer.soon {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let (there, worst) = (began.elapsed().as_millis(), times.iter().max().unwrap());
    println!("{address:40} {:>7} {worst:>7} {there:>7}{}", times[0], if *worst > GOAL_MS { "  over" } else { "" });
}

/// Every page of the table, with what stands for the words of its path.
fn addresses(ward: &str) -> Vec<String> {
    let pages =
        routes::rows().filter(|(method, path, _)| *method == "GET" && !path.starts_with("/api/") && *path != "/live");
    let filled = |path: &str| {
        let words = [("{unit}", ward), ("{screen}", "S00007"), ("{order}", SQUARE.order), ("{campaign}", SQUARE.order)];
        let words = words.into_iter().chain([("{account}", "everything"), ("{guide}", "operator")]);
        words.fold(path.to_owned(), |path, (word, with)| path.replace(word, with))
    };
    let whole = ["/units/HN", "/screens?q=man+hinh+7", "/screens?state=offline&sort=heard", "/search?q=man+hinh"];
    pages.map(|(_, path, _)| filled(path)).filter(|path| !path.contains('{')).chain(whole.map(str::to_owned)).collect()
}

/// An answer.
struct Answer {
    ms: u128,
    bytes: usize,
    /// It says that something newer is being made.
    soon: bool,
}

/// Asks for a page; none when there is none there.
async fn ask(service: &Service, address: &str, cookie: &str) -> Option<Answer> {
    let request = Request::get(address).header(header::COOKIE, cookie).body(Bytes::new()).unwrap();
    let begun = Instant::now();
    let answer = service.exchange(request).await.unwrap();
    let ms = begun.elapsed().as_millis();
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let making = answer.status() == http::StatusCode::ACCEPTED;
    if !kind.starts_with("text/html") || !(making || answer.status() == http::StatusCode::OK) {
        return None;
    }
    let html = String::from_utf8_lossy(answer.body());
    Some(Answer { ms, bytes: html.len(), soon: making || html.contains(" data-soon") })
}

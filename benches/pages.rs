//! The console over a whole city: `cargo bench --bench pages`, or `-- 5000` for so many screens.
//!
//! Screens of the made-up square stand in all 126 wards and communes, are planned from today on by the command line, and have never been
//! heard of, so that each is something to look after. Every page that `routes` has for a person who may everything is asked for through
//! the service itself: once cold, then five times. Server time is that of the answer, without TLS and line.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is for people at a terminal")]

#[path = "../tests/common/mod.rs"]
mod common;

use bytes::Bytes;
use common::town::{Place, SQUARE, town};
use http::{Request, header};
use lichphat::clock::SystemClock;
use lichphat::cmd::Context;
use lichphat::cmd::rooms::Rooms;
use lichphat::config::Settings;
use lichphat::lang::Lang;
use lichphat::web::{self, Service, routes};
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::HANOI;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

/// What a page may take, milliseconds.
const GOAL_MS: u128 = 300;

/// The order is the whole city's, too.
const CITY: &str =
    "[[target]]\nunit = 'HN'\nvenue_types = ['square']\nforce = 'required'\nreason = 'made up for the bench'\n";

#[tokio::main]
async fn main() {
    let screens = std::env::args().skip(1).find_map(|a| a.parse::<u32>().ok()).unwrap_or(20_000);
    let data = town();
    data.ok(&["import", "units", "config/directory/units.toml"]);
    let clock = Arc::new(SystemClock::new());
    let today = clock.now().day(HANOI);
    let (from, to) = (today.to_string(), today.plus(30).to_string());
    Place { period: (&from, &to), open: "05:00-23:00", quota: (10, "duty"), more: CITY, ..SQUARE }.import(&data);
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
    data.ok(&["plan", "run"]);

    let settings = Settings { data: data.path().to_owned(), ..Settings::default() };
    let rooms = Rooms::open(&Context { settings, lang: Lang::Vi, clock: clock.clone() }).unwrap();
    let pass = common::people::everything(&rooms.store, clock.now()).await;
    let service = web::service(&rooms.app());
    let city = rooms.city().await.unwrap();
    println!("pages: {} screens, {} units", city.directory.screens().count(), city.directory.units().count());
    println!("{:40} {:>7} {:>7} {:>7} {:>9}", "", "cold", "median", "worst", "bytes");
    let (mut slow, mut slowest) = (0, 0);
    for address in addresses(wards[5]) {
        let Some((cold, bytes)) = ask(&service, &address, &pass.cookie).await else { continue };
        let mut times = Vec::new();
        for _ in 0..5 {
            times.extend(ask(&service, &address, &pass.cookie).await.map(|(ms, _)| ms));
        }
        times.sort_unstable();
        let (median, worst) = (times[2], times[4]);
        slow += usize::from(worst > GOAL_MS);
        slowest = slowest.max(worst);
        println!(
            "{address:40} {cold:>7} {median:>7} {worst:>7} {bytes:>9}{}",
            if worst > GOAL_MS { "  over" } else { "" }
        );
    }
    println!("milliseconds; slowest warm answer {slowest} ms, {slow} pages over {GOAL_MS} ms");
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

/// Milliseconds and bytes of a page; none when there is none there.
async fn ask(service: &Service, address: &str, cookie: &str) -> Option<(u128, usize)> {
    let request = Request::get(address).header(header::COOKIE, cookie).body(Bytes::new()).unwrap();
    let begun = Instant::now();
    let answer = service.exchange(request).await.unwrap();
    let took = begun.elapsed().as_millis();
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    (answer.status() == http::StatusCode::OK && kind.starts_with("text/html")).then(|| (took, answer.body().len()))
}

//! Figures of a report that could be mistaken for others: a unit's number beside a part of its screens, the city's number beside the one
//! that a unit has raised, what is required beside what is not. Held to a few lines here that work them out anew from the records.

use crate::common::people::account;
use crate::reports::reported;
use crate::town::*;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use lichphat::directory::{Batch, Change, DirectoryStore, Link, ScreenKind, VenueProfile};
use lichphat::people::Role;
use lichphat::report::Data;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::record::{DisplayLevel, PlayResult};
use lichphat_playlists::time::HANOI;
use std::collections::BTreeMap;

type Rows = Vec<BTreeMap<String, String>>;

/// The town of [`reported`] with an order that reads so: two offices and a station in ward 1, one of the offices somebody else's; an office
/// in ward 2. Also what its records come to, by the one rule that all of them keep or break here.
async fn ordered(order: &str) -> (Town, u64) {
    let (town, plan) = town_with_a_day().await;
    let counts = |r: &&lichphat_playlists::proof::record::PlayRecord| {
        r.result == PlayResult::Complete && r.display != DisplayLevel::Dark
    };
    let counted = records(&plan).iter().filter(counts).count() as u64;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let station = VENUE.replace("\"office\"", "\"station\"").replace("Trụ sở", "Bến xe");
    let mut at_station = screen("S4", "Bến xe", "W1", ScreenKind::Managed);
    at_station.venue_type = code("station");
    let mut others = screen("S2", "Màn hình của bên khác", "W1", ScreenKind::ThirdParty);
    others.links.history_mut(Link::Owner).set(None, Some(code("W3")));
    let changes = vec![
        Change::Venue(toml::from_str::<VenueProfile>(&station).unwrap()),
        Change::Screen(at_station),
        Change::Screen(others),
    ];
    let revision = town.rooms.city().await.unwrap().directory.revision;
    town.rooms.store.import_directory(Batch { changes }, revision).await.unwrap();
    town.order(order).await;
    (town, counted)
}

fn of_units(plays: u32, more: &str) -> String {
    let quota = format!("quota = {{ plays = {plays}, of = \"unit\",");
    ORDER.replace("quota = { plays = 6,", &quota) + more
}

fn row<'a>(rows: &'a Rows, kind: &str, code: &str) -> &'a BTreeMap<String, String> {
    let found: Vec<_> = rows.iter().filter(|r| r["row"] == kind && r["code"] == code).collect();
    assert_eq!(found.len(), 1, "{kind} {code}: {rows:?}");
    found[0]
}

fn numbers<const N: usize>(row: &BTreeMap<String, String>, columns: [&str; N]) -> [String; N] {
    columns.map(|column| row[column].clone())
}

/// Met, short, owed, counted and missing of units, each with what it owes for Friday and what counted there.
fn judged(units: &[(u64, u64)]) -> [String; 5] {
    let met = units.iter().filter(|(owed, counted)| counted >= owed).count() as u64;
    let (owed, counted) = (units.iter().map(|u| u.0).sum(), units.iter().map(|u| u.1).sum());
    let missing = units.iter().map(|(owed, counted)| owed.saturating_sub(*counted)).sum();
    [met, units.len() as u64 - met, owed, counted, missing].map(|n: u64| n.to_string())
}

const JUDGED: [&str; 5] = ["met", "short", "owed", "counted", "short_plays"];

#[tokio::test]
async fn a_units_number_stands_beside_what_all_its_screens_reached_or_not_at_all() {
    let (city, own) = (4u32, 9u32);
    let raise = format!(
        "[[override]]\nunit = \"W1\"\nlink = \"territory\"\nplays = {own}\nfrom = \"2026-11-20\"\nto = \"2026-11-30\"\nnumber = \"7/QĐ-UBND\"\n"
    );
    let (town, counted) = ordered(&of_units(city, &raise)).await;
    let (own, city) = (u64::from(own), u64::from(city));

    let rows = town.rows("/reports/report.csv?of=2026-11-20").await;
    assert_eq!(numbers(row(&rows, "unit-number", "W1"), JUDGED), judged(&[(own, counted)]));
    assert_eq!(numbers(row(&rows, "unit-number", "W2"), JUDGED), judged(&[(city, 0)]));
    assert_eq!(numbers(row(&rows, "force", "required"), JUDGED), judged(&[(own, counted), (city, 0)]));
    assert_eq!(row(&rows, "force", "required")["existing"], "4");
    // no kind of place and no single screen has a number of its own
    for (kind, code) in [("venue", "station"), ("venue", "office"), ("screen", "S1")] {
        assert_eq!(numbers(row(&rows, kind, code), ["met", "short", "owed", "short_plays"]), [""; 4], "{kind} {code}");
    }
    assert_eq!(row(&rows, "venue", "office")["counted"], counted.to_string());
    let (_, json, _) = town.file("/reports/report.json?of=2026-11-20").await;
    let data: Data = serde_json::from_slice(&json).unwrap();
    let raised = &data.orders[0].raised;
    assert_eq!(raised.len(), 1);
    let r = &raised[0];
    assert_eq!((u64::from(r.city_plays), u64::from(r.own_plays), r.on_duty), (city, own, 1));
    assert_eq!((r.owed_city, r.owed_own, r.counted), (city, own, counted));
    assert_eq!(
        (r.met_city == 1, r.met_own == 1),
        (counted >= city, counted >= own),
        "met by one number, short by the other"
    );
    assert!(counted >= city && counted < own, "the test tells them apart");
    let html = town.report("/reports?of=2026-11-20").await;
    assert!(html.contains("20/11/2026 đến hết 30/11/2026"), "a raise says until when: {html}");
    assert!(!html.contains("không chia được cho một phần"));

    // ward 1 is here with a part of its screens, ward 2 with all of them
    for filter in ["venue=office", "unit=HN&link=owner&venue=office"] {
        let rows = town.rows(&format!("/reports/report.csv?of=2026-11-20&{filter}")).await;
        assert_eq!(numbers(row(&rows, "force", "required"), JUDGED), judged(&[(city, 0)]), "{filter}");
        assert_eq!(row(&rows, "force", "required")["existing"], "1");
        assert!(!rows.iter().any(|r| r["row"] == "unit-number" && r["code"] == "W1"), "{filter}");
        let part = row(&rows, "part", "");
        assert_eq!(numbers(part, ["existing", "counted", "owed", "met"]), ["2", &counted.to_string(), "", ""]);
    }
    let html = town.report("/reports?of=2026-11-20&venue=office").await;
    assert!(html.contains("Báo cáo này có 2 màn hình của những đơn vị không nằm trọn trong báo cáo"), "{html}");
    assert!(!html.contains("7/QĐ-UBND"), "nothing is said of a number that cannot be judged here");
    // by another link the ward has fewer screens than its number is for
    let rows = town.rows("/reports/report.csv?of=2026-11-20&unit=W1&link=owner").await;
    assert!(!rows.iter().any(|r| ["force", "unit-number"].contains(&r["row"].as_str())), "{rows:?}");
    assert_eq!(row(&rows, "part", "")["existing"], "2");
    let rows = town.rows("/reports/report.csv?of=2026-11-20&unit=W1").await;
    assert_eq!(numbers(row(&rows, "unit-number", "W1"), JUDGED), judged(&[(own, counted)]));

    // the raise of another ward is no row of noughts
    let (_, json, _) = town.file("/reports/report.json?of=2026-11-20&unit=W2").await;
    let data: Data = serde_json::from_slice(&json).unwrap();
    assert!(data.orders[0].raised.is_empty(), "{:?}", data.orders[0].raised);
}

#[tokio::test]
async fn a_raised_number_of_screens_stands_beside_the_citys() {
    let (city, own) = (4, 9);
    let order = ORDER.replace("plays = 6", &format!("plays = {city}"))
        + &format!(
            "[[override]]\nunit = \"W1\"\nlink = \"territory\"\nplays = {own}\nfrom = \"2026-11-20\"\nnumber = \"7/QĐ\"\n"
        );
    let (town, counted) = ordered(&order).await;
    // ward 1: the screen with records, and two on which nothing counts
    let screens = [counted, 0, 0];
    let held_to = |number: u64| {
        let met = screens.iter().filter(|counted| **counted >= number).count() as u32;
        (met, number * screens.len() as u64)
    };
    let (_, json, _) = town.file("/reports/report.json?of=2026-11-20").await;
    let data: Data = serde_json::from_slice(&json).unwrap();
    let [r] = data.orders[0].raised.as_slice() else { panic!("{:?}", data.orders[0].raised) };
    assert_eq!((r.met_city, r.owed_city), held_to(city));
    assert_eq!((r.met_own, r.owed_own), held_to(own));
    assert_eq!((r.on_duty as usize, r.counted), (screens.len(), screens.iter().sum()));
    let rows = town.rows("/reports/report.csv?of=2026-11-20&unit=W1&link=territory").await;
    assert_eq!(row(&rows, "force", "required")["owed"], held_to(own).1.to_string(), "owed is what the unit decided");
    assert!(town.report("/reports?of=2026-11-20").await.contains("từ 20/11/2026, đến hết đợt"));
    let (_, json, _) = town.file("/reports/report.json?of=2026-11-20&unit=W2").await;
    assert!(serde_json::from_slice::<Data>(&json).unwrap().orders[0].raised.is_empty());
}

#[tokio::test]
async fn the_first_sentence_speaks_of_what_is_required_and_of_nothing_else() {
    let target = |unit: &str, force: &str| {
        format!("[[target]]\nlink = \"territory\"\nunit = \"{unit}\"\nforce = \"{force}\"\nreason = \"a test\"\n")
    };
    let head = ORDER.split("[[target]]").next().unwrap();
    let order = format!("{head}{}{}inferred = true\n", target("W1", "required"), target("W2", "requested"));
    let (town, counted) = ordered(&order).await;
    let html = town.report("/reports?of=2026-11-20").await;
    let missing = [counted, 0, 0].iter().map(|counted| 6 - counted).sum::<u64>();
    let first = format!(
        "Nơi văn bản yêu cầu: trong 3 màn hình có ngày hoạt động đã qua, 0 đạt, 3 thiếu, cộng lại thiếu {missing} lượt."
    );
    let apart = "Xếp riêng. Nơi văn bản đề nghị nhưng không nêu con số (số suy ra): trong 1 màn hình";
    let (first, apart) = (html.find(&first).expect(&html), html.find(apart).expect(&html));
    assert!(html[..first].ends_with("<ul><li>") && first < apart, "{html}");
    assert!(!html.contains("trong 4 màn hình"), "they are added up nowhere");
    assert!(html.contains("Phường Ba Đình – đề nghị, số suy ra"), "a unit says how it is bound: {html}");
    assert!(html.contains("Nguyên nhân ở nơi văn bản đề nghị, khuyến khích hoặc không nêu con số"));
    let rows = town.rows("/reports/report.csv?of=2026-11-20").await;
    let by = |kind: &str| -> Vec<[String; 4]> {
        let of = rows.iter().filter(|r| r["row"] == kind);
        of.map(|r| numbers(r, ["force", "inferred", "existing", "short_plays"])).collect()
    };
    let (required, inferred) = (["required", "no", "3", &missing.to_string()], ["requested", "yes", "1", "6"]);
    assert_eq!(by("force"), [required, inferred].map(|r| r.map(str::to_owned)));
    // where nothing is required, that is said first
    let order = format!("{head}{}", target("W2", "encouraged"));
    town.order(&order).await;
    let html = town.report("/reports?of=2026-11-20&now=1&unit=W2").await;
    assert!(
        html.contains("<ul><li>Văn bản không yêu cầu hoặc giao cho nơi nào trong báo cáo này.</li><li>Xếp riêng."),
        "{html}"
    );
}

/// The address of a file on the page of a report.
fn link(html: &str, form: &str) -> String {
    let start = html.find(&format!("/reports/report.{form}?")).expect(form);
    let end = html[start..].find('"').unwrap();
    html[start..start + end].replace("&#38;", "&").replace("&amp;", "&")
}

#[tokio::test]
async fn every_file_of_a_page_is_of_the_figures_on_it() {
    let town = reported().await;
    let lan = account(&town.rooms.store, "lan", &[(Role::Operator, Some("W1"))], town.clock.now()).await;
    let html = town.report("/reports?period=day&of=2026-11-20").await;
    let (json, csv, book) = (link(&html, "json"), link(&html, "csv"), link(&html, "xlsx"));
    let (_, before, _) = town.file(&json).await;
    let hash = Sha256Hash::of(&before).to_string();
    assert!(html.contains(&hash));
    // something comes in, and the page's figures are older than those that are made now
    let said = "period=day&of=2026-11-20&unit=W1&words=M%E1%BA%A5t+%C4%91i%E1%BB%87n";
    assert_eq!(town.posts(&lan, "/reports/explain", said).await.0, StatusCode::SEE_OTHER);
    town.clock.jump_to(friday().next().at(8 * 3_600 + 61, HANOI));
    let (_, book_before, _) = town.file(&book).await;
    // the page shows what there is now, once that is made
    let mut newer = String::new();
    while !newer.contains("Mất điện") {
        newer = town.report("/reports?period=day&of=2026-11-20").await;
    }
    assert!(!newer.contains(&hash));
    let (status, again, _) = town.file(&json).await;
    assert!(status == StatusCode::OK && again == before, "its files are still of the figures that were on it");
    assert!(town.rows(&csv).await.iter().all(|row| row["report_sha256"] == hash));
    assert_eq!(town.file(&book).await.1, book_before);
    let data: Data = serde_json::from_slice(&before).unwrap();
    let city = town.rooms.city().await.unwrap();
    assert_eq!(
        (data.revisions.directory, data.revisions.campaigns),
        (city.directory.revision, city.campaigns.revision),
        "and they say from which directory and orders they were made"
    );
    // a hash opens no other report, and one that is no longer kept says so
    for path in [
        format!("/reports/report.json?period=day&of=2026-11-20&unit=W2&now=1&made={hash}"),
        format!("/reports/report.json?period=day&of=2026-11-20&now=1&made={}", "0".repeat(64)),
        "/reports/report.json?period=day&of=2026-11-20&now=1&made=x".to_owned(),
    ] {
        let (status, html) = town.page(&path).await;
        assert_eq!(status, StatusCode::GONE, "{path}");
        assert!(html.contains("Hãy mở lại báo cáo rồi tải các tệp từ trang mới"), "{html}");
    }
}

#[tokio::test]
async fn a_hundred_wards_at_once_are_made_in_turn_or_told_when_to_come_again() {
    let screens = (0..2_000)
        .map(|i| screen(&format!("S{i:05}"), &format!("Màn hình {i}"), &format!("W{}", i % 126), ScreenKind::Managed))
        .collect();
    let wards: Vec<(String, String)> = (0..126).map(|i| (format!("W{i}"), format!("Phường số {i}"))).collect();
    let wards: Vec<(&str, &str)> = wards.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let town = Town::with(&wards, screens).await;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let path = |ward: usize| format!("/reports/report.json?of=2026-11-20&unit=W{ward}");
    let mut heads = Vec::new();
    for ward in 0..126 {
        let of = format!("W{ward}");
        let roles = [(Role::Viewer, Some(of.as_str()))];
        heads.push(account(&town.rooms.store, &format!("head-{ward}"), &roles, town.clock.now()).await);
    }
    let ask = |ward: usize| {
        let request = Request::get(path(ward)).header(header::AUTHORIZATION, &heads[ward].bearer);
        town.service.exchange(request.body(Bytes::new()).unwrap())
    };
    let answers = futures_util::future::join_all((0..126).map(ask)).await;
    let mut busy = 0;
    for answer in answers.into_iter().map(Result::unwrap) {
        if answer.status() == StatusCode::OK {
            continue;
        }
        busy += 1;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            (&answer.headers()[header::RETRY_AFTER], &answer.headers()[header::REFRESH]),
            (&"10".parse().unwrap(), &"10".parse().unwrap())
        );
        let html = String::from_utf8(answer.into_body().to_vec()).unwrap();
        assert!(html.contains("Không cần làm gì: trang tự thử lại sau 10 giây."), "{html}");
    }
    println!("126 wards at once: {busy} are told to come again");
    assert!(busy > 0 && busy <= 126 - 18, "two are made, sixteen wait, nobody else: {busy}");
    for ward in 0..126 {
        assert_eq!(town.file(&path(ward)).await.0, StatusCode::OK, "{ward}");
    }
    // programs are told in the same way, and one account does not take the places of the others
    let ask = |_| town.send(Request::get("/api/v1/reports/ihanoi").body(Bytes::new()).unwrap());
    let answers = futures_util::future::join_all((0..40).map(ask)).await;
    let told: Vec<_> = answers.iter().filter(|(status, ..)| *status == StatusCode::SERVICE_UNAVAILABLE).collect();
    assert!(!told.is_empty() && told.len() <= 40 - 3, "{}", told.len());
    assert!(
        told.iter().all(|(_, body, headers)| headers[header::RETRY_AFTER] == "10" && body.contains("reports-wait-own"))
    );
    let files = |day: usize| town.file_of(format!("/reports/report.json?of=2026-11-21&period=day&unit=W{day}"));
    let (mine, his) = futures_util::future::join(
        futures_util::future::join_all((0..20).map(files)),
        town.service.exchange(
            Request::get(path(7)).header(header::AUTHORIZATION, &heads[7].bearer).body(Bytes::new()).unwrap(),
        ),
    )
    .await;
    assert_eq!(his.unwrap().status(), StatusCode::OK, "whoever has none of the places gets one");
    let told = mine.iter().filter(|(status, ..)| *status == StatusCode::SERVICE_UNAVAILABLE).collect::<Vec<_>>();
    assert!(!told.is_empty() && told.len() <= 20 - 3, "{}", told.len());
    for (_, html, _) in told {
        let html = String::from_utf8_lossy(html);
        assert!(html.contains("Mỗi tài khoản được đặt tối đa 3 việc cần tính lâu cùng lúc"), "{html}");
    }
}

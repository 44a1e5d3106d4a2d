//! The console as people meet it: real rooms over a real store, asked through the service itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod alerts;
mod api;
mod audit;
mod beforehand;
mod by_mail;
mod by_rule;
#[path = "../common/mod.rs"]
mod common;
mod device;
mod figures;
mod many;
mod order_pages;
mod orders;
mod pairing;
mod reports;
mod screen;
mod screens;
mod today;
mod town;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use lichphat::compliance::ComplianceStore;
use lichphat::directory::{Batch, Change, DirectoryStore, FootfallDay, FootfallSubject, ScreenKind};
use lichphat::proof::evidence::screen_day;
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::time::{HANOI, LocalDay, clock_text};
use town::*;

#[tokio::test]
async fn an_empty_city_teaches_what_to_do_first() {
    let town = Town::empty().await;
    let html = town.ok("/").await;
    for step in [
        "Bắt đầu",
        "lichphat import units config/directory/units.toml",
        "lichphat import directives van-ban.toml",
        "make demo",
    ] {
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
    for adds_up in [
        "Hôm nay theo lịch 6 lượt: 3 được tính, 2 không được tính, 1 chưa phát hoặc chưa có nhật ký.",
        "Ngoài lịch, phát bù được 1 lượt: cộng lại 4 lượt được tính.",
    ] {
        assert!(html.contains(adds_up), "{adds_up}\n{html}");
    }

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
    // the box owes what the sentence owes, and its plays add up: 6 = 3 + 2 + 1, and one made good
    for (label, n) in [
        ("Chỉ tiêu của ngày", 6),
        ("Trong lịch", 6),
        ("Được tính", 3),
        ("Không được tính", 2),
        ("Đang chờ nhật ký", 1),
        ("Ngoài lịch: phát bù", 1),
    ] {
        let told = ["<dd>", "<dd class=\"alarm\">"].map(|dd| format!("<dt>{label}</dt>{dd}{n}</dd>"));
        assert!(told.iter().any(|t| html.contains(t)), "{label}\n{html}");
    }
    assert!(town.ok("/screens/S1").await.contains("Thiếu 2 lượt sau 1 ngày."), "of the order since its first day");
    assert!(town.ok("/screens/S1?day=2026-11-20&plays=all&hour=8").await.contains("Chỉ xem lượt"));
    assert!(town.ok("/screens/S3?day=2026-11-20").await.contains("Chưa có thiết bị phát nào"));
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
#[tokio::test]
async fn what_the_page_counts_is_what_the_rollups_hold() {
    let (town, _) = town_with_a_day().await;
    let evidence = screen_day(&town.rooms.store, &code("S1"), friday(), HANOI).await.unwrap();
    let rolled = town.rooms.store.days(&code("ihanoi"), friday(), friday()).await.unwrap();
    let rolled = &rolled[&code::<ScreenCode>("S1")][&friday()];
    let counts = &evidence.counts()[&code::<CampaignCode>("ihanoi")];
    assert_eq!((counts.counted, counts.made_good, counts.not_counted), (4, 1, 2));
    assert_eq!(
        (
            rolled.counts.counted,
            rolled.counts.made_good,
            rolled.counts.not_counted,
            rolled.counts.slots_seen,
            &rolled.counts.reasons
        ),
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
        ("/screens/S1/", 404, "Không có trang này"),
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
    let town = Town::empty().await;
    let (_, html, headers) = town.send(Request::get("/?lang=en").body(Bytes::new()).unwrap()).await;
    assert!(
        html.contains("<html lang=\"en\"") && headers[header::SET_COOKIE].to_str().unwrap().starts_with("lang=en;")
    );
    let again = Request::get("/")
        .header(header::COOKIE, format!("a=b; {}; lang=en", town.pass.cookie))
        .body(Bytes::new())
        .unwrap();
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
        let (listed, mapped) =
            (html.matches("<td role=\"cell\" class=\"why\">").count(), html.matches("<a href=\"/screens/").count());
        assert!(listed <= 50 && mapped <= 50 + 20 * 15, "{path}: {listed} rows, {mapped} links");
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

//! Many screens: the list as one filters it, the file that comes back, and the search over everything.

use crate::common::people::account;
use crate::town::*;
use bytes::Bytes;
use http::{Request, header};
use lichphat::directory::{Batch, Change, DirectoryStore, ScreenKind};
use lichphat::people::Role;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::HANOI;
use std::time::Instant;

fn get(path: &str, cookie: Option<&str>) -> Request<Bytes> {
    let request = Request::get(path);
    let request = match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    };
    request.body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn the_list_is_what_one_filters_and_each_filter_says_how_many() {
    let (town, _) = town_with_a_day().await;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let html = town.ok("/screens").await;
    for said in [
        "3 màn hình",
        "Đang thiếu lượt (3)",
        "Chưa lắp thiết bị (1)",
        "href=\"/screens/S1\"",
        "<label>Loại địa điểm <select name=\"venue\">",
        "&#60;script&#62;alert",
        "/many/list.csv",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    for (query, there) in [
        ("unit=W2", &["S3"][..]),
        ("unit=phuong+ba+dinh", &["S3"]),
        ("unit=W2&link=sector", &[]),
        ("kind=third-party", &["S2"]),
        ("state=no-device", &["S3"]),
        ("state=short&sort=code", &["S1", "S2", "S3"]),
        ("state=dark", &[]),
        ("state=closed", &[]),
        ("q=MOT+cu", &["S3"]),
        ("q=S2", &["S2"]),
        ("order=ihanoi", &["S2", "S3", "S1"]),
        ("order=nowhere", &[]),
        ("venue=office&sort=heard", &["S2", "S3", "S1"]),
        ("venue=school", &[]),
        ("sort=name", &["S2", "S3", "S1"]),
    ] {
        let html = town.ok(&format!("/screens?{query}")).await;
        let mut shown: Vec<(usize, &str)> = ["S1", "S2", "S3"]
            .iter()
            .filter_map(|code| Some((html.find(&format!("href=\"/screens/{code}\""))?, *code)))
            .collect();
        shown.sort_unstable();
        let shown: Vec<&str> = shown.into_iter().map(|(_, code)| code).collect();
        assert_eq!(shown, there, "{query}");
    }
    // of the states of now a screen has one at most, and of a screen that is not ours nothing can be told
    let mut listed = [0, 0];
    for state in ["dark", "offline", "silent", "behind", "ok"] {
        let html = town.ok(&format!("/screens?state={state}")).await;
        for (n, code) in ["S1", "S2"].iter().enumerate() {
            listed[n] += usize::from(html.contains(&format!("href=\"/screens/{code}\"")));
        }
    }
    assert!(listed[0] <= 1 && listed[1] == 0, "{listed:?}");
    let html = town.ok("/screens?unit=%3Cb%3EKh%C3%B4ng").await;
    assert!(html.contains("Đơn vị: “&#60;b&#62;Không” – không có đơn vị này"), "{html}");
    assert!(html.contains("value=\"&#60;b&#62;Không\""), "it comes back filled in\n{html}");
    assert!(town.ok("/screens?lang=en&state=short").await.contains("Short of plays (3)"));
    assert!(Town::empty().await.ok("/screens").await.contains("0 màn hình"));
}

#[tokio::test]
async fn the_list_goes_out_as_a_file_and_comes_back_unchanged() {
    let (town, _) = town_with_a_day().await;
    let (status, csv, headers) = town.send(get("/many/list.csv?kind=managed", None)).await;
    assert_eq!((status.as_u16(), &headers[header::CONTENT_TYPE]), (200, &"text/csv; charset=utf-8".parse().unwrap()));
    assert!(csv.starts_with("\u{feff}code;name;address;") && csv.contains("\nS1;") && !csv.contains("\nS2;"), "{csv}");
    let file = town._data.path().join("back.csv");
    std::fs::write(&file, &csv).unwrap();
    let before = town.rooms.store.directory_revision().await.unwrap();
    town.cli(&["import", "screens", file.to_str().unwrap()]);
    assert_eq!(town.rooms.store.directory_revision().await.unwrap(), before, "nothing has changed");
    let (_, english, _) = town.send(get("/many/list.csv?lang=en", None)).await;
    assert!(english.starts_with("\u{feff}code,name,"), "{english}");
    let (status, ..) = town.send(get("/many/list.csv?kind=%22", None)).await;
    assert_eq!(status.as_u16(), 400);
}

#[tokio::test]
async fn the_search_finds_everything_by_any_of_its_words_and_shows_what_may_be_seen() {
    let (town, _) = town_with_a_day().await;
    town.programme().await;
    let now = town.clock.now();
    let of_ward = account(&town.rooms.store, "of-ward-2", &[(Role::Viewer, Some("W2"))], now).await;
    let chief = account(&town.rooms.store, "chief", &[(Role::Administrator, None)], now).await;
    for (text, found) in [
        ("mot+cua", "/screens/S3"),
        ("ba+dinh", "/units/W2"),
        ("dinh+ba+PHUONG", "/units/W2"),
        ("x%C3%A3+%C4%91%C3%B4ng", "/units/W3"),
        ("IHANOI", "/screens?order=ihanoi"),
        ("pho+co", "Công ty mẫu"),
    ] {
        let html = town.ok(&format!("/search?q={text}")).await;
        assert!(html.contains(found), "{text}: {found}\n{html}");
    }
    assert!(town.ok("/search").await.contains("Gõ có dấu hay không dấu"));
    assert!(town.ok("/search?q=kh%C3%B4ng-c%C3%B3-g%C3%AC").await.contains("Không tìm thấy gì cho"));
    assert!(town.ok("/search?q=%3Cscript%3E").await.contains("&#60;script&#62;"));
    let seen = async |text: &str, cookie: &str| town.send(get(&format!("/search?q={text}"), Some(cookie))).await.1;
    let html = seen("of-ward", &chief.cookie).await;
    assert!(html.contains("/people/of-ward-2"), "{html}");
    assert!(!seen("chief", &of_ward.cookie).await.contains("/people/chief"), "no account for who gives none");
    assert!(!seen("sanh", &of_ward.cookie).await.contains("/screens/S1"), "another ward's screen is not there");
    assert!(seen("mot", &of_ward.cookie).await.contains("/screens/S3"));
    let (_, csv, _) = town.send(get("/many/list.csv", Some(&of_ward.cookie))).await;
    assert!(csv.contains("\nS3;") && !csv.contains("\nS1;"), "{csv}");
}

#[tokio::test]
async fn twenty_thousand_screens_are_listed_in_pages_and_searched() {
    let town = Town::with(&[("W1", "Phường Một"), ("W2", "Phường Hai")], vec![]).await;
    let screens = (0..20_000).map(|n| {
        let ward = if n % 2 == 0 { "W1" } else { "W2" };
        Change::Screen(screen(&format!("M{n:05}"), &format!("Màn hình phố {n}"), ward, ScreenKind::Managed))
    });
    town.rooms.store.import_directory(Batch { changes: screens.collect() }, 1).await.unwrap();
    town.ok("/screens").await; // makes what is kept
    let began = Instant::now();
    let html = town.ok("/screens?unit=W2&q=pho+1&page=3").await;
    println!("the list of 20,000 screens, filtered: {} ms", began.elapsed().as_millis());
    assert!(html.contains("Trang 3 trên") && html.matches("<tr role=\"row\">").count() <= 52, "{html}");
    let began = Instant::now();
    let html = town.ok("/search?q=pho+19999").await;
    println!("the search among 20,000 screens: {} ms", began.elapsed().as_millis());
    assert!(html.contains("/screens/M19999") && html.contains("1 màn hình"), "{html}");
}

#[tokio::test]
async fn what_one_may_not_see_is_not_suggested_either() {
    let (town, _) = town_with_a_day().await;
    let now = town.clock.now();
    let all = account(&town.rooms.store, "ca-thanh-pho", &[(Role::Operator, Some("HN"))], now).await;
    let own = account(&town.rooms.store, "cua-w1", &[(Role::Operator, Some("W1"))], now).await;
    for path in ["/screens?unit=phuong+ba+din", "/content?unit=phuong+ba+din"] {
        let (_, html, _) = town.send(get(path, Some(&all.cookie))).await;
        assert!(html.contains("Phường Ba Đình"), "{path}\n{html}");
        let (status, html, _) = town.send(get(path, Some(&own.cookie))).await;
        assert!(status == 200 && !html.contains("Ba Đình") && html.contains("không có đơn vị này"), "{path}\n{html}");
    }
    for unit in ["W2", "phuong+ba+dinh"] {
        let (_, html, _) = town.send(get(&format!("/screens?unit={unit}"), Some(&own.cookie))).await;
        assert!(!html.contains("Ba Đình") && html.contains("không có đơn vị này"), "{unit}\n{html}");
    }
}

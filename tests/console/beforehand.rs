//! No reader waits for 20,000 screens: what pages show is reckoned beforehand, what is there is shown with its age while something newer
//! is made, and where there is nothing yet the page says so at once and comes by itself. In all other tests time is told and stands still
//! while a page waits, so there every page has its newest figures.

use crate::reports::reported;
use crate::town::*;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use lichphat::directory::ScreenKind;
use lichphat::web::console::Reckoned;
use lichphat_playlists::time::HANOI;
use std::time::Duration;

const NEWER: &str = "Số liệu mới hơn đang được tính.";
const MAKING: &str = "Đang tính số liệu";

impl Town {
    /// As the server does when something has changed, until it is done.
    async fn reckon(&self, last: Option<Reckoned>) -> Reckoned {
        loop {
            if let Some(reckoned) = self.rooms.console.reckon(last).await.unwrap() {
                return reckoned;
            }
        }
    }

    /// Asks while time runs so fast that nobody has patience.
    async fn hurried(&self, path: &str) -> (StatusCode, String, HeaderMap) {
        let mut asks = std::pin::pin!(self.send(Request::get(path).body(Bytes::new()).unwrap()));
        let (status, html, headers) = loop {
            tokio::select! {
                answer = &mut asks => break answer,
                () = tokio::time::sleep(Duration::from_millis(1)) => drop(self.clock.advance_ms(1_000)),
            }
        };
        well_formed(path, &html);
        (status, html, headers)
    }
}

/// So many screens that their figures take longer than anybody looks at a clock here.
async fn wide() -> Town {
    let wards: Vec<(String, String)> = (0..126).map(|i| (format!("W{i}"), format!("Phường số {i}"))).collect();
    let wards: Vec<(&str, &str)> = wards.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let named = |i: usize| (format!("S{i:05}"), format!("Màn hình {i}"), format!("W{}", i % 126));
    let screens = (0..2_000).map(named);
    let screens = screens.map(|(code, name, ward)| screen(&code, &name, &ward, ScreenKind::Managed)).collect();
    let town = Town::with(&wards, screens).await;
    town.clock.jump_to(friday().at(8 * 3_600, HANOI));
    town
}

#[tokio::test]
async fn the_first_reader_finds_what_was_reckoned_beforehand() {
    let town = reported().await;
    let first = town.reckon(None).await;
    assert_eq!(
        town.rooms.console.reckon(Some(first)).await,
        Ok(Some(first)),
        "nothing has changed: nothing is reckoned"
    );
    town.clock.advance_ms(60_000);
    let html = town.ok("/").await;
    assert!(html.contains("Số liệu lúc 08:00, 21/11/2026.") && !html.contains(NEWER), "{html}");
    assert!(html.contains("Phường Ba Đình"), "{html}");

    // an import is seen, before anybody asks
    town.order(&ORDER.replace("Sản phẩm iHanoi", "Sản phẩm đổi tên")).await;
    let second = town.reckon(Some(first)).await;
    assert_ne!(first, second);
    town.clock.advance_ms(60_000);
    let html = town.ok("/").await;
    assert!(html.contains("Số liệu lúc 08:01, 21/11/2026.") && html.contains("Sản phẩm đổi tên"), "{html}");

    // and so is the next day
    town.clock.jump_to(friday().next().next().at(60, HANOI));
    assert_ne!(town.reckon(Some(second)).await, second);
    town.clock.advance_ms(60_000);
    assert!(town.ok("/units/W1").await.contains("Số liệu lúc 00:01, 22/11/2026."));
}

#[tokio::test]
async fn a_page_without_figures_says_so_at_once_and_comes_by_itself() {
    let town = wide().await;
    for path in ["/", "/units/HN", "/units/W1", "/screens", "/screens/S00007", "/?day=2026-11-20"] {
        let (status, html, headers) = town.hurried(path).await;
        assert_eq!(
            (status, &headers[header::REFRESH]),
            (StatusCode::ACCEPTED, &"1".parse().unwrap()),
            "{path}\n{html}"
        );
        assert!(html.contains(MAKING) && html.contains("trang tự hiện khi xong"), "{path}\n{html}");
        // the next one is not to find what this one has brought about
        town.clock.jump_to(town.rooms.today().next().at(8 * 3_600, HANOI));
    }
    let html = town.ok("/").await;
    assert!(html.contains("2.000 màn hình") && !html.contains(MAKING), "{html}");

    // what is of yesterday is not shown as today's
    town.clock.jump_to(town.rooms.today().next().at(8 * 3_600, HANOI));
    let (status, html, _) = town.hurried("/").await;
    assert_eq!(status, StatusCode::ACCEPTED, "{html}");
    let (status, html, _) = town.hurried("/reports?of=2026-11-20").await;
    assert!(status == StatusCode::OK && html.contains("Đang lập báo cáo"), "{html}");
    assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"1\"></noscript>"), "{html}");
    let html = town.report("/reports?of=2026-11-20").await;
    assert!(!html.contains("http-equiv"), "{html}");
}

#[tokio::test]
async fn older_figures_of_the_day_are_shown_with_their_age_while_newer_ones_are_made() {
    let town = wide().await;
    let html = town.ok("/").await;
    assert!(html.contains("Sản phẩm iHanoi") && !html.contains(NEWER), "{html}");
    town.clock.jump_to(friday().at(9 * 3_600, HANOI));
    town.order(&ORDER.replace("plays = 6", "plays = 5")).await;
    for (plays, path) in (7..).zip(["/", "/units/HN", "/units/W1", "/screens/S00007", "/screens"]) {
        let (status, html, _) = town.hurried(path).await;
        assert_eq!(status, StatusCode::OK, "{path}\n{html}");
        assert!(html.contains("Đây là số liệu lúc ") && html.contains(NEWER), "{path}\n{html}");
        // time stands again, so the newest are waited for once they have rested
        while town.ok(path).await.contains(NEWER) {
            town.clock.advance_ms(60_000);
        }
        town.order(&ORDER.replace("plays = 6", &format!("plays = {plays}"))).await;
    }
}

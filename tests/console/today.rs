//! Today: an officer is told what to do first, why, and where; each thing is one link away from its screens.

use crate::common::people::account;
use crate::town::*;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use lichphat::directory::ScreenKind;
use lichphat::fleet::FleetStore;
use lichphat::people::Role;
use lichphat_playlists::ids::{BootId, DeviceId, Seq};
use lichphat_playlists::ports::{Clock as _, ClockState};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::HANOI;
use lichphat_playlists::wire::device::Heartbeat;
use lichphat_playlists::wire::health::{ClockHealth, DisplayHealth, Health, Versions};
use lichphat_playlists::wire::sign::SigningKey;

/// The box says how it is, now.
pub(crate) async fn beat(town: &Town, device: DeviceId, level: DisplayLevel) {
    let health = Health {
        temperature_mc: None,
        disk: None,
        memory: None,
        player_memory_bytes: None,
        clock: ClockHealth { state: ClockState::Synced, error_ms: None, offset_ms: None },
        display: DisplayHealth { level, connector: None, panel: None },
        versions: Versions { software: "test".into(), framework: None, kernel: None },
        uptime_s: None,
        running_s: 60,
        data_used_bytes: None,
        log: None,
        unproven_s: None,
    };
    let now = town.clock.now();
    let heartbeat = Heartbeat {
        at_ms: now,
        boot: BootId(1),
        run: "run".into(),
        last_seq: Seq(9),
        acked_seq: Seq(1),
        head: None,
        health,
        release: None,
        media_missing: 0,
        faults: Vec::new(),
    };
    town.rooms.store.heartbeat(device, now, heartbeat).await.unwrap();
}

/// Ward W1 with four screens, W2 with one; of W1 three have boxes, two of which go silent at 8:15, one has a dark panel.
pub(crate) async fn troubled() -> Town {
    let mut screens: Vec<_> =
        (1..=4).map(|i| screen(&format!("A{i}"), &format!("Sảnh {i} {HOSTILE}"), "W1", ScreenKind::Managed)).collect();
    screens.push(screen("B1", "Một cửa", "W2", ScreenKind::ThirdParty));
    let town = Town::with(&[("W1", HOSTILE), ("W2", "Phường Ba Đình")], screens).await;
    let mut devices = Vec::new();
    for (i, code) in (1u8..).zip(["A1", "A2", "A3"]) {
        devices.push(town.device(code, &SigningKey::from_seed(&[i; 32])).await.0);
    }
    town.clock.jump_to(friday().at(8 * 3_600 + 900, HANOI));
    for device in &devices {
        beat(&town, *device, DisplayLevel::D1).await;
    }
    town.clock.jump_to(friday().at(8 * 3_600 + 1_800, HANOI));
    beat(&town, devices[2], DisplayLevel::Dark).await;
    town
}

#[tokio::test]
async fn three_things_to_do_come_first_each_with_one_button_to_its_screens() {
    let town = troubled().await;
    let html = town.ok("/").await;
    for said in [
        "Việc cần làm ngay",
        "mất mạng từ 08:15.",
        "2 màn hình ở &#60;script&#62;alert",
        "Kiểm tra nguồn điện và đường mạng tại chỗ",
        "href=\"/units/W1?state=offline#screens\">Xem 2 màn hình</a>",
        "đang tắt trong giờ phát",
        "href=\"/screens/A3\">Xem màn hình</a>",
        "chưa có thiết bị phát nào đăng ký",
        "href=\"/screens/A4\">Xem màn hình</a>",
        "<strong>2</strong> mất mạng",
        "<strong>1</strong> không do hệ thống điều khiển",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let first = html.find("mất mạng từ").unwrap();
    assert!(first < html.find("đang tắt trong giờ phát").unwrap(), "two screens come before one");

    // the second click is the screen
    let html = town.ok("/units/W1?state=offline").await;
    assert!(html.contains("Chỉ những màn hình: mất mạng"), "{html}");
    let list = &html[html.find("id=\"screens\"").unwrap()..];
    for (code, there) in [("A1", true), ("A2", true), ("A4", false)] {
        assert_eq!(list.contains(&format!("role=\"rowheader\"><a href=\"/screens/{code}\">")), there, "{code}\n{list}");
    }
    // a state that is none shows all
    assert!(town.ok("/units/W1?state=%3Cscript%3E").await.contains("href=\"/screens/A4\""));
    let html = town.ok("/?lang=en").await;
    assert!(
        html.contains("2 screens at") && html.contains("See 2 screens") && html.contains("Will the orders be met?")
    );
}

#[tokio::test]
async fn each_order_says_whether_it_will_be_met_today_this_week_and_to_its_end() {
    let town = troubled().await;
    town.plan("A1").await;
    let html = town.ok("/").await;
    for said in ["Các đợt có đạt chỉ tiêu không?", "Hôm nay", "Tuần này", "Đến hết 31/12/2026"] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    // A1 is offline and may still play its plan; A2 has none, A3 is dark, A4 and B1 have no player of ours
    assert!(
        html.contains("4 trong 5 màn hình sẽ thiếu, tổng cộng 24 lượt. 1 màn hình mất mạng nên chưa rõ."),
        "{html}"
    );

    // nothing of it is told outside the hours, and nothing is called dark
    town.clock.jump_to(friday().next().at(20 * 3_600, HANOI));
    let html = town.ok("/").await;
    assert!(!html.contains("mất mạng từ") && !html.contains("đang tắt trong giờ phát"), "{html}");
    assert!(html.contains("<strong>3</strong> ngoài giờ hoạt động"), "{html}");
}

#[tokio::test]
async fn the_map_leads_to_the_unit_on_that_day_and_further_to_the_screen() {
    let (town, _) = town_with_a_day().await;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let html = town.ok("/").await;
    // S1 counted 4 of 6, S2 nothing of 6: 4 of 12
    assert!(
        html.contains("<td role=\"cell\" class=\"h-bad\"><a href=\"/units/W1?day=2026-11-20\">✗ 33</a></td>"),
        "{html}"
    );
    assert!(
        html.contains("<td role=\"cell\" class=\"h-bad\"><a href=\"/units/W2?day=2026-11-20\">✗ 0</a></td>"),
        "{html}"
    );
    let chart = |html: &str| {
        html.split_once("<figure class=\"chart\">").unwrap().1.split_once("</figure>").unwrap().0.to_owned()
    };
    let (all, said) = (chart(&html), "trong 36 lượt phải phát");
    assert!(all.contains(said) && all.contains(": 4 ") && all.contains("20/11"), "the same days in one picture\n{all}");
    let html = town.ok("/units/W1").await;
    assert!(html.contains("href=\"/screens/S1?day=2026-11-20\">✗ 66</a>"), "screens of a ward\n{html}");
    assert!(chart(&html).contains("trong 24 lượt phải phát"), "of the ward alone\n{html}");
    let html = town.ok("/units/W1?day=2026-11-20").await;
    for said in ["Thứ Sáu, 20/11/2026", "Về hôm nay", "href=\"/screens/S1\"", "3/6"] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert!(!html.contains("Việc cần làm ngay"), "a day that is over asks for nothing");
    assert_eq!(town.page("/units/W1?day=2026-02-30").await.0, StatusCode::BAD_REQUEST);
    assert!(town.ok("/?map=99").await.contains("id=\"heat\""), "beyond the end is the end");
}

#[tokio::test]
async fn an_officer_of_one_ward_is_told_of_his_own_screens_alone() {
    let town = troubled().await;
    let now = town.clock.now();
    let ask = |cookie: String| {
        let town = &town;
        async move {
            let request = Request::get("/").header(header::COOKIE, cookie).body(Bytes::new()).unwrap();
            let (status, html, _) = town.send(request).await;
            assert_eq!(status, StatusCode::OK);
            well_formed("/", &html);
            html
        }
    };
    let his = account(&town.rooms.store, "w1", &[(Role::Operator, Some("W1"))], now).await;
    let html = ask(his.cookie).await;
    assert!(html.contains("mất mạng từ 08:15") && html.contains("<strong>2</strong> mất mạng"), "{html}");
    let hers = account(&town.rooms.store, "w2", &[(Role::Operator, Some("W2"))], now).await;
    let html = ask(hers.cookie).await;
    assert!(!html.contains("mất mạng từ") && html.contains("<strong>0</strong> mất mạng"), "{html}");
    let both = [(Role::Operator, Some("W1")), (Role::Operator, Some("W2"))];
    let both = account(&town.rooms.store, "both", &both, now).await;
    let html = ask(both.cookie).await;
    assert!(html.contains("mất mạng từ 08:15") && html.contains("href=\"/units/W2\""), "{html}");
}

//! Orders on the console: before they are signed, suspended, and bound to wards.

use crate::town::*;
use lichphat::directory::{Batch, Change, Closure, ClosureSubject, DirectoryStore, LocalTime, ScreenKind};
use lichphat_playlists::time::{HANOI, LocalDay, clock_text};

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
    let first = town.ok("/").await;
    assert!(first.contains("href=\"/preflight/ihanoi\""), "one step from the order's name");
    assert!(
        first.contains("<details class=\"others\" open>") && !first.contains("lichphat import directives"),
        "{first}"
    );
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
    assert!(town.ok("/screens/S1").await.contains("Các đợt từ đầu đến nay"));
}

//! A screen's page: how it stands, what each order comes to, and what it says when there is nothing to say.

use crate::device::{Box1, health, town_with_a_screen};
use crate::town::*;
use lichphat_playlists::time::HANOI;

#[tokio::test]
async fn each_order_is_told_from_its_first_day_to_its_last() {
    let (town, _) = town_with_a_day().await;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let html = town.ok("/screens/S1").await;
    let table = html.split("id=\"kept\"").nth(1).unwrap().split("</section>").next().unwrap().to_owned();
    let number = |label: &str| {
        let cell =
            table.split(&format!("data-label=\"{label}\">")).nth(1).unwrap_or_else(|| panic!("{label}\n{table}"));
        cell.split('<').next().unwrap().to_owned()
    };
    // six were owed and planned on Friday; what the records say of them is told in the house's own figures, too
    assert_eq!((number("Phải phát"), number("Trong lịch")), ("6".into(), "6".into()), "{table}");
    let (shown, counted): (u32, u32) = (number("Đã phát").parse().unwrap(), number("Được tính").parse().unwrap());
    assert!(counted < 6 && counted <= shown, "{table}");
    assert!(table.contains(&format!("Thiếu {} lượt sau 1 ngày.", 6 - counted)), "{table}");
    // 42 days of six, from 20 November to 31 December
    assert!(table.contains("Đến hết 31/12/2026 phải phát 252 lượt"), "{table}");
    let english = town.ok("/screens/S1?lang=en").await;
    assert!(english.contains("By the end of 31 Dec 2026 it owes 252 plays"), "{english}");
    assert!(!town.ok("/screens/S1?day=2026-11-20").await.contains("id=\"kept\""), "a past day tells of itself");
}

#[tokio::test]
async fn a_screen_without_player_plan_or_order_says_what_it_lacks() {
    let (town, _) = town_with_a_day().await;
    let bare = town.ok("/screens/S3").await;
    assert!(bare.contains("Chưa lắp thiết bị") && bare.contains("Lắp thiết bị và ghép với màn hình."), "{bare}");
    assert!(!bare.contains("im lặng nhiều ngày"), "it was never heard: {bare}");
    let others = town.ok("/screens/S2").await;
    assert!(others.contains("nên không biết lúc này đang phát gì"), "{others}");
    for html in [&bare, &others] {
        assert!(html.contains("id=\"now\"") && !html.contains("name=\"ask\""), "{html}");
    }
    let week = town.ok("/screens/S3/week").await;
    assert!(week.contains("Chưa có lịch.") && week.contains("Không có lần tạm nghỉ nào ghi riêng"), "{week}");
    assert!(town.ok("/screens/S3/history").await.contains("Chưa có lệnh, lần tạm nghỉ hay thay đổi thiết bị nào"));
    assert_eq!(town.page("/screens/NOBODY/week").await.0, 404);
    assert_eq!(town.page("/screens/NOBODY/history").await.0, 404);

    let empty = Town::empty().await;
    assert_eq!(empty.page("/screens/S1").await.0, 404);
    let quiet =
        Town::with(&[("W1", HOSTILE)], vec![screen("S1", HOSTILE, "W1", lichphat::directory::ScreenKind::Managed)])
            .await;
    let html = quiet.ok("/screens/S1").await;
    assert!(html.contains("Hiện không có văn bản nào đặt số lượt cho màn hình này."), "{html}");
    for path in ["/screens/S1/week", "/screens/S1/history", "/screens/S1"] {
        let html = quiet.ok(path).await;
        assert!(!html.contains("<script>alert"), "{path}\n{html}");
    }
}

#[tokio::test]
async fn what_a_heard_screen_plays_is_told_as_its_plans_word() {
    let town = town_with_a_screen().await;
    town.plan("S1").await;
    let device = Box1::at(&town).await;
    town.clock.jump_to(friday().at(8 * 3_600 + 1_800, HANOI));
    device.beat(&town, health()).await;
    let html = town.ok("/screens/S1").await;
    for said in ["Theo lịch, đang phát:", "/content/thumb/", "Hôm nay thiết bị chưa báo lượt nào."] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert!(!html.contains("Lẽ ra đang phát:") && html.contains("name=\"ask\" value=\"screenshot\""), "{html}");
}

//! The pages of orders: which there are, what each says in plain words, and how it gets to its screens.

use crate::town::*;
use lichphat::directory::ScreenKind;
use lichphat_playlists::time::HANOI;

/// One that nobody can take for another, and that wants to be a program.
fn later() -> String {
    let order = ORDER.replace("\"ihanoi\"", "\"later\"").replace("\"2026-11-20\"", "\"2026-12-24\"");
    let hostile = HOSTILE.replace('"', "\\\"").replace('\u{202e}', "\\u202e");
    order.replace("\"Sản phẩm iHanoi\"", &format!("\"{hostile}\"")).replace("\"required\"", "\"requested\"")
}

const QUIET: &str = r#"
code = "quiet"
title = "Quốc tang"
kind = "suspend"
issuer = "HN"
number = "15/CĐ-UBND"
from = "2026-11-25"
to = "2026-11-26"
source = "a test"
suspend = { content = ["order", "local"], in_place = "blank", days = "make-good" }
[[target]]
unit = "HN"
force = "required"
reason = "a test"
"#;

#[tokio::test]
async fn an_order_is_read_in_plain_words_and_followed_to_its_screens() {
    let (town, _) = town_with_a_day().await;
    let html = town.ok("/orders/ihanoi").await;
    for said in [
        "đang thực hiện",
        "Trung bình 6 lần/ngày, trong giờ cao điểm",
        "Từ 20/11/2026 đến hết ngày 31/12/2026",
        "<strong>yêu cầu</strong>: <bdi class=\"name\">Thành phố Hà Nội (địa bàn)",
        "3 màn hình",
        "iHanoi, 15 giây",
        "1 trong 2 màn hình đã có lượt phát được tính đầu tiên; đủ 95 % là 2 màn hình.",
        "Tính từ 0 giờ ngày 20/11/2026",
        "<dt>Sau 1 giờ</dt><dd>0 (0 %)</dd>",
        // the first play of the day is at eight
        "<dt>Sau 8 giờ</dt><dd>0 (0 %)</dd>",
        "href=\"/preflight/ihanoi\"",
        "href=\"/?campaign=ihanoi#units\"",
        "href=\"/reports?campaign=ihanoi\"",
        "bản công bố để trống",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let html = town.ok("/orders/ihanoi?lang=en").await;
    for said in ["The iHanoi product", "1 of 2 screens have had a first counted play; 95 % are 2."] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    town.clock.jump_to(friday().next().at(60, HANOI));
    town.order(&later()).await; // another revision: nothing old is shown
    let html = town.ok("/orders/ihanoi").await;
    assert!(html.contains("<dt>Sau 24 giờ</dt><dd>1 (50 %)</dd>"), "{html}");
}

#[tokio::test]
async fn the_list_says_how_every_order_stands_and_a_hostile_one_is_only_a_name() {
    let (town, _) = town_with_a_day().await;
    town.order(&later()).await;
    town.order(QUIET).await;
    let html = town.ok("/orders").await;
    let at = |code: &str| html.find(&format!("href=\"/orders/{code}\"")).unwrap_or_else(|| panic!("{code}: {html}"));
    assert!(at("ihanoi") < at("quiet") && at("quiet") < at("later"), "what runs first, then by its day");
    for said in ["đang thực hiện", "sắp đến ngày", "đề nghị", "Tạm dừng phát", "không có nội dung cần duyệt"]
    {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert!(html.contains("&#60;script&#62;alert"), "{html}");
    let page = town.ok("/orders/ihanoi").await;
    assert!(page.contains("Quốc tang (15/CĐ-UBND)") && page.contains("đang thực hiện"), "it is told before: {page}");
    let quiet = town.ok("/orders/quiet").await;
    for said in ["văn bản khác, nội dung tại chỗ", "không phát gì thay thế", "phát bù vào ngày khác", "cả ngày"]
    {
        assert!(quiet.contains(said), "{said}\n{quiet}");
    }
    town.clock.jump_to("2026-11-25".parse::<lichphat_playlists::time::LocalDay>().unwrap().at(9 * 3_600, HANOI));
    assert!(town.ok("/orders").await.contains("đang tạm dừng"));
    assert!(town.ok("/orders/ihanoi").await.contains("đang tạm dừng"));
    for (path, status, said) in [
        ("/orders/nothing", 404, "Không có văn bản nào mang mã “nothing”"),
        ("/orders/%3Cscript%3E?lang=en", 404, "No order has the code"),
        ("/orders/ihanoi/files/00", 404, "Không có trang này"),
    ] {
        let (got, html) = town.page(path).await;
        assert_eq!(got.as_u16(), status, "{path}");
        assert!(html.contains(said), "{path}: {said}\n{html}");
    }
}

#[tokio::test]
async fn where_nobody_plays_for_us_nothing_is_delivered_and_the_page_says_so() {
    let screens = vec![screen("S2", "Màn hình của đơn vị khác", "W1", ScreenKind::ThirdParty)];
    let town = Town::with(&[("W1", "Phường Ba Đình")], screens).await;
    assert!(!town.ok("/orders/ihanoi").await.contains("id=\"delivered\""), "it has not begun");
    town.clock.jump_to(friday().at(12 * 3_600, HANOI));
    assert!(town.ok("/orders/ihanoi").await.contains("Không có màn hình nào của hệ thống phải phát"));
    assert!(Town::empty().await.ok("/orders").await.contains("Chưa có văn bản nào."));
}

//! The auditor's room: which plays do not count and why, as an address that answers the same again; draws and findings.

use crate::common::people::account;
use crate::many::{form, look};
use crate::town::*;
use bytes::Bytes;
use http::{Request, StatusCode};
use lichphat::people::Role;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::HANOI;

#[tokio::test]
async fn an_auditor_asks_which_plays_do_not_count_and_gets_the_same_answer_again() {
    let (town, _) = town_with_a_day().await;
    town.rooms.log.round().await.unwrap();
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let now = town.clock.now();
    let auditor = account(&town.rooms.store, "thanh-tra", &[(Role::Auditor, None)], now).await;
    let of_ward = account(&town.rooms.store, "thanh-tra-2", &[(Role::Auditor, Some("W2"))], now).await;
    let viewer = account(&town.rooms.store, "nguoi-xem", &[(Role::Viewer, None)], now).await;
    assert!(look(&town, &auditor, "/audit").await.contains("lichphat-verify B.zip"));
    // what is of the whole city has no door for who looks behind the figures of one unit
    for (pass, doors) in [(&auditor, true), (&of_ward, false)] {
        let html = look(&town, pass, "/audit").await;
        assert_eq!((html.contains("/audit/draws"), html.contains("lichphat-verify B.zip")), (doors, doors), "{html}");
    }
    let asked = "/audit?campaign=ihanoi&from=2026-11-20&to=2026-11-20";
    let html = look(&town, &auditor, asked).await;
    for said in [
        "2 lượt không được tính hoặc chưa rõ",
        "Màn hình tắt trong lúc phát",
        "<span class=\"code\">1.1.",
        "mục sổ",
        "&#60;script&#62;alert",
        "Điểm chốt",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let again = html.split("Địa chỉ này luôn cho").nth(1).unwrap().split("href=\"").nth(1).unwrap();
    let again = again.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    assert!(again.contains("log="), "{again}");
    let csv_of = |address: &str| address.replacen("/audit?", "/audit/plays.csv?", 1);
    let csv = look(&town, &auditor, &csv_of(&again)).await;
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert_eq!(csv.matches("\nS1,").count(), 2, "{csv}");
    // what the log holds later makes no difference to the address
    town.clock.jump_to(friday().next().at(9 * 3_600, HANOI));
    account(&town.rooms.store, "ai-do", &[(Role::Viewer, None)], now).await;
    town.rooms.log.round().await.unwrap();
    assert_eq!(look(&town, &auditor, &csv_of(&again)).await, csv);
    let before = look(&town, &auditor, &csv_of(&asked.replace("?", "?log=0&"))).await;
    assert_eq!(before.lines().count(), 1, "nothing stands in no entries\n{before}");

    let bundle = "/audit/bundle?campaign=ihanoi&from=2026-11-20&to=2026-11-20";
    let get = |path: &str| Request::get(path).header("cookie", &auditor.cookie).body(Bytes::new()).unwrap();
    let answer = town.service.exchange(get(bundle)).await.unwrap();
    assert_eq!(
        (answer.status(), answer.headers()["content-type"].to_str().unwrap()),
        (StatusCode::OK, "application/zip")
    );
    let bytes = answer.body().clone();
    let open = || -> std::io::Result<_> { Ok(std::io::Cursor::new(bytes.clone())) };
    let mut nothing = |_: u64, _: u64| {};
    let verdict = lichphat_verify::verify(open, &lichphat_verify::Options::default(), &mut nothing);
    assert!(verdict.is_ok(), "{:?}", verdict.err());
    assert_eq!(town.send(get("/audit/bundle?campaign=khong-co")).await.0, StatusCode::NOT_FOUND);

    assert!(look(&town, &of_ward, asked).await.contains("0 lượt không được tính"), "not behind another ward's figures");
    assert!(look(&town, &auditor, &format!("{asked}&unit=W2")).await.contains("0 lượt"));
    for wrong in [
        "campaign=%22",
        "campaign=ihanoi&from=2026-02-30",
        "campaign=ihanoi&log=999999",
        "campaign=ihanoi&unit=%3Cb%3E",
    ] {
        let html = look(&town, &auditor, &format!("/audit?{wrong}")).await;
        assert!(html.contains("role=\"alert\"") && !html.contains("<b>"), "{wrong}\n{html}");
    }
    let request = Request::get("/audit").header("cookie", &viewer.cookie).body(Bytes::new()).unwrap();
    assert_eq!(town.send(request).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_sample_is_drawn_with_a_public_number_and_findings_are_taken_whole() {
    let (town, _) = town_with_a_day().await;
    town.rooms.log.round().await.unwrap();
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let auditor = account(&town.rooms.store, "thanh-tra", &[(Role::Auditor, None)], town.clock.now()).await;
    let fields = [
        ("campaign", "ihanoi"),
        ("from", "2026-11-20"),
        ("to", "2026-11-20"),
        ("confidence", "95%"),
        ("max_bad", "1%"),
        ("seed", "XSMB <b>: 48213"),
    ];
    let (status, _, html) = form(&town, &auditor, "/audit/draws", &fields[..5]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("Con số công khai: chưa có"), "{html}");
    let (status, to, html) = form(&town, &auditor, "/audit/draws", &fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{html}");
    let html = look(&town, &auditor, &to).await;
    for said in ["xem 4 trong 4 lượt", "XSMB &#60;b&#62;: 48213", "chưa có kết quả 4", "Chưa chứng minh được"]
    {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let list = html.split("href=\"/audit/draws/").nth(1).unwrap().split('"').next().unwrap();
    let csv = look(&town, &auditor, &format!("/audit/draws/{list}")).await;
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let filled: String = csv
        .lines()
        .enumerate()
        .map(|(n, line)| {
            if n == 0 {
                format!("{line}\n")
            } else {
                format!("{}đúng;Thanh tra;2026-11-21 07:30;;;\n", line.trim_end_matches(';').to_owned() + ";")
            }
        })
        .collect();
    let (status, _, html) =
        form(&town, &auditor, "/audit/findings", &[("text", &filled.replace("đúng", "<i>chắc</i>"))]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("&#60;i&#62;chắc") && html.contains("chưa nhận dòng nào"), "{html}");
    let (status, to, html) = form(&town, &auditor, "/audit/findings", &[("text", &filled)]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{html}");
    assert!(look(&town, &auditor, &to).await.contains("Đã xem 4, sai 0"));
}

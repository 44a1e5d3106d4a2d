//! Reports: what the page says is what the files hold, and all of it can be checked.

use crate::common::people::{Pass, account};
use crate::town::*;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use lichphat::directory::ScreenKind;
use lichphat::people::Role;
use lichphat::report::Data;
use lichphat_playlists::ids::{DeviceId, Epoch, Seq, Sha256Hash};
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::HANOI;
use lichphat_playlists::wire::sign::SigningKey;
use std::collections::BTreeMap;

/// The town a day later: one screen has played, one is somebody else's, one has no device.
pub(crate) async fn reported() -> Town {
    let (town, _) = town_with_a_day().await;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    town
}

impl Town {
    pub(crate) async fn file(&self, path: &str) -> (StatusCode, Vec<u8>, http::HeaderMap) {
        let mut request = Request::get(path).body(Bytes::new()).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, self.pass.bearer.parse().unwrap());
        let (parts, body) = self.service.exchange(request).await.unwrap().into_parts();
        (parts.status, body.to_vec(), parts.headers)
    }
    pub(crate) async fn file_of(&self, path: String) -> (StatusCode, Vec<u8>, http::HeaderMap) {
        self.file(&path).await
    }
    pub(crate) async fn rows(&self, path: &str) -> Vec<BTreeMap<String, String>> {
        let (status, bytes, headers) = self.file(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/csv"));
        csv::Reader::from_reader(bytes.as_slice()).deserialize().map(Result::unwrap).collect()
    }
    /// A report's page, once it is made.
    pub(crate) async fn report(&self, path: &str) -> String {
        for _ in 0..100 {
            let html = self.ok(path).await;
            if !html.contains("Đang lập báo cáo") && !html.contains("is being made") {
                return html;
            }
        }
        panic!("{path} is never made");
    }
}

#[tokio::test]
async fn page_and_files_say_the_same_and_bear_the_hash_of_the_data() {
    let town = reported().await;
    let html = town.report("/reports?of=2026-11-20").await;
    for said in [
        "Kết quả phát nội dung truyền thông trên màn hình toàn thành phố, tháng 11 năm 2026",
        "Tạm tính: kỳ báo cáo chưa kết thúc; số liệu lập ngày 21/11/2026.",
        "Màn hình thuộc diện: 3 hiện có; 1 có nhật ký phát, 0 chỉ do bên khác tự khai, 2 chưa có tin.",
        "Nơi văn bản yêu cầu: trong 3 màn hình có ngày hoạt động đã qua, 0 đạt, 3 thiếu, cộng lại thiếu 14 lượt.",
        "Chỉ tiêu đến nay 18 lượt; được tính 4 lượt, trong đó phát bù 1 lượt.",
        "Không được tính: 2 lượt",
        "Màn hình tắt trong lúc phát",
        "Mức D1, đã xuất hình",
        "1 màn hình trong báo cáo này chạy thiết bị mô phỏng",
        "Nhật ký chưa công bố điểm chốt nào.",
        "Đơn vị (2)",
        "Màn hình (3)",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let (status, json, _) = town.file("/reports/report.json?of=2026-11-20").await;
    assert_eq!(status, StatusCode::OK);
    let hash = Sha256Hash::of(&json).to_string();
    assert!(html.contains(&hash), "the page bears the hash of the file");
    let data: Data = serde_json::from_slice(&json).unwrap();
    assert_eq!(data.bytes().unwrap(), json, "what is read is written the same");

    let rows = town.rows("/reports/report.csv?of=2026-11-20").await;
    assert!(rows.iter().all(|row| row["report_sha256"] == hash), "every row bears it");
    let of = |row: &str, code: &str| rows.iter().find(|r| r["row"] == row && r["code"] == code).unwrap();
    let s1 = of("screen", "S1");
    assert_eq!([&s1["owed"], &s1["counted"], &s1["made_good"], &s1["short_plays"]], ["6", "4", "1", "2"]);
    assert_eq!([&s1["d1"], &s1["not_counted"], &s1["pending"], &s1["result"]], ["4", "2", "1", "short"]);
    for figure in ["existing", "met", "short", "owed", "counted", "short_plays", "not_counted", "d1"] {
        assert_eq!(of("campaign", "ihanoi")[figure], "", "what is required and what is not is nowhere added up");
        let sum = |level: &str| -> u64 {
            rows.iter().filter(|r| r["row"] == level).map(|r| r[figure].parse::<u64>().unwrap()).sum()
        };
        assert_eq!([sum("unit"), sum("venue"), sum("force")], [sum("screen"); 3], "{figure}");
    }
}

#[tokio::test]
async fn the_same_report_is_the_same_bytes_and_the_shell_writes_them_too() {
    let town = reported().await;
    let path = "/reports/report.xlsx?period=days&from=2026-11-20&to=2026-11-20";
    let (status, one, headers) = town.file(path).await;
    assert!(status == StatusCode::OK && one.starts_with(b"PK"), "a workbook is a zip");
    assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename=\"bao-cao-2026-11-20-2026-11-20.xlsx\"");
    assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY));
    town.clock.jump_to(friday().next().at(17 * 3_600, HANOI));
    assert_eq!(town.file(path).await.1, one, "later on the same day nothing is another");

    // the shell's clock is the machine's, years later perhaps: what has no plays does not change by it
    let out = town._data.path().join("bao-cao.json");
    let days = ["--from", "2026-11-16", "--to", "2026-11-17", "--out", out.to_str().unwrap()];
    let arguments: Vec<&str> = ["report", "make"].into_iter().chain(days).collect();
    town.cli(&arguments);
    let data: Data = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert!(data.orders.is_empty(), "the order begins on Friday");
    let wrong = town._data.run(&["report", "make", "--out", "x.docm"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("change its end, or give --format"), "{wrong:?}");
}

#[tokio::test]
async fn a_reader_gets_his_own_unit_and_no_other() {
    let town = reported().await;
    let pass = account(&town.rooms.store, "w2", &[(Role::Viewer, Some("W2"))], town.clock.now()).await;
    let ask = |path: &str| Request::get(path).header(header::AUTHORIZATION, &pass.bearer).body(Bytes::new()).unwrap();
    let (status, html, _) = town.send(ask("/reports?of=2026-11-20&list=screens")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("của Phường Ba Đình") && html.contains("Một cửa"), "{html}");
    assert!(!html.contains("Sảnh"), "a screen of another ward");
    for hidden in ["W1", "HN", "nowhere"] {
        let (_, html, _) = town.send(ask(&format!("/reports?unit={hidden}"))).await;
        assert!(html.contains("không có đơn vị này trong phạm vi của bạn"), "{hidden}: {html}");
        let (status, ..) = town.send(ask(&format!("/reports/report.csv?unit={hidden}"))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{hidden}");
    }
}

#[tokio::test]
async fn a_wrong_choice_is_named_and_the_form_comes_back_filled_in() {
    let town = reported().await;
    for (query, said) in [
        ("campaign=nothing", "Đợt truyền thông “nothing”: không có đợt này"),
        ("venue=%3Cscript%3E", "Loại địa điểm “&#60;script&#62;”"),
        ("period=decade", "Kỳ báo cáo “decade”"),
        ("of=2026-02-30", "Kỳ có ngày “2026-02-30”: không phải là một ngày có thật"),
        ("period=days&from=2026-11-20&to=2026-11-01", "ngày cuối phải sau ngày đầu"),
        ("unit=Ph%C6%B0%E1%BB%9Dng+Ba+%C4%90%C3%ACn", "Ba Đình"),
        ("link=friend", "hãy chọn trong danh sách"),
    ] {
        let html = town.ok(&format!("/reports?{query}")).await;
        assert!(html.contains(said) && html.contains("role=\"alert\""), "{query}: {said}\n{html}");
    }
    assert!(town.ok("/reports?of=2026-02-30").await.contains("value=\"2026-02-30\""), "what was typed is kept");
    assert_eq!(town.page("/reports/report.exe").await.0, StatusCode::NOT_FOUND);
    assert_eq!(town.page("/reports/xlsx").await.0, StatusCode::NOT_FOUND);
    let empty = Town::empty().await;
    assert!(empty.report("/reports").await.contains("không có đợt truyền thông nào nêu số lượt phát"));
    assert!(empty.report("/reports?lang=en").await.contains("No order of this period names a number of plays"));
}

#[tokio::test]
async fn thousands_of_screens_come_page_by_page_and_whole_in_the_file() {
    let many: usize = std::env::var("CONSOLE_SCREENS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let screens = (0..many)
        .map(|i| screen(&format!("S{i:05}"), &format!("Màn hình {i}"), &format!("W{}", i % 126), ScreenKind::Managed))
        .collect();
    let wards: Vec<(String, String)> = (0..126).map(|i| (format!("W{i}"), format!("Phường số {i}"))).collect();
    let wards: Vec<(&str, &str)> = wards.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let town = Town::with(&wards, screens).await;
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let begun = std::time::Instant::now();
    let html = town.report("/reports?of=2026-11-20&list=screens&page=3").await;
    println!("{many} screens: made in {} ms, {} bytes", begun.elapsed().as_millis(), html.len());
    assert!(html.len() < 150_000 && html.contains("Trang 3 trên"), "{} bytes", html.len());
    let begun = std::time::Instant::now();
    town.ok("/reports?of=2026-11-20&list=screens&page=4").await;
    println!("a further page: {} ms", begun.elapsed().as_millis());
    let rows = town.rows("/reports/report.csv?of=2026-11-20").await;
    assert_eq!(rows.iter().filter(|row| row["row"] == "screen").count(), many);
}

/// Names that a spreadsheet would run are text there.
#[tokio::test]
async fn no_name_becomes_a_formula() {
    let screens = vec![screen("S1", "=HYPERLINK(\"http://x\")", "W1", ScreenKind::Managed)];
    let town = Town::with(&[("W1", "Phường Ba Đình")], screens).await;
    let rows = town.rows("/reports/report.csv?of=2026-11-20").await;
    let row = rows.iter().find(|row| row["row"] == "screen").unwrap();
    assert_eq!(row["name"], "'=HYPERLINK(\"http://x\")");
}

impl Town {
    /// Posts a form as somebody who has signed in.
    pub(crate) async fn posts(&self, pass: &Pass, path: &str, fields: &str) -> (StatusCode, String) {
        let body = format!("{fields}&form_token={}", pass.form_token);
        let request = Request::post(path)
            .header(header::COOKIE, &pass.cookie)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body))
            .unwrap();
        let (status, html, _) = self.send(request).await;
        (status, html)
    }
}

#[tokio::test]
async fn a_named_person_closes_a_period_and_what_comes_later_makes_a_supplement() {
    let town = reported().await;
    let now = town.clock.now();
    let editor = account(&town.rooms.store, "editor", &[(Role::CityEditor, None)], now).await;
    let head = account(&town.rooms.store, "head", &[(Role::UnitHead, Some("W1"))], now).await;
    let looks = account(&town.rooms.store, "looks", &[(Role::Viewer, None)], now).await;
    let day = "period=day&of=2026-11-20";
    assert_eq!(town.posts(&looks, "/reports/close", day).await.0, StatusCode::FORBIDDEN, "who only looks");
    assert_eq!(
        town.posts(&head, "/reports/close", day).await.0,
        StatusCode::SEE_OTHER,
        "his own ward's, not the city's"
    );
    let of_ward = town.report(&format!("/reports?{day}&unit=W1")).await;
    assert!(of_ward.contains("Bản đã chốt lúc 08:00, 21/11/2026, tài khoản head"), "{of_ward}");
    let (status, html) = town.posts(&editor, "/reports/close", "period=month&of=2026-11-20").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(html.contains("Kỳ báo cáo chưa kết thúc"), "{html}");

    assert_eq!(town.posts(&editor, "/reports/close", day).await.0, StatusCode::SEE_OTHER);
    let closed = town.report(&format!("/reports?{day}")).await;
    for said in ["Đã chốt lúc 08:00, 21/11/2026, tài khoản editor.", "Điểm này bao trùm toàn bộ các mục nói trên."]
    {
        assert!(closed.contains(said), "{said}\n{closed}");
    }
    let (_, first, _) = town.file(&format!("/reports/report.json?{day}")).await;
    let (_, book, _) = town.file(&format!("/reports/report.xlsx?{day}")).await;
    let data: Data = serde_json::from_slice(&first).unwrap();
    assert_eq!((data.closed.unwrap().by.to_string(), data.supplement), ("editor".to_owned(), None));
    let (status, html) = town.posts(&editor, "/reports/close", day).await;
    assert!(status == StatusCode::CONFLICT && html.contains("Không có gì thay đổi kể từ lần chốt"), "{html}");

    // nobody puts his name to figures that have moved since he looked: eight days later nobody waits for the missing record any more
    let made = |html: &str| html.split("made=").nth(1).unwrap()[..64].to_owned();
    town.clock.jump_to(friday().plus(3).at(8 * 3_600, HANOI));
    let seen = made(&town.report(&format!("/reports?{day}&now=1")).await);
    town.clock.jump_to(friday().plus(9).at(8 * 3_600, HANOI));
    let editor = account(&town.rooms.store, "editor-2", &[(Role::CityEditor, None)], town.clock.now()).await;
    assert_eq!(town.file(&format!("/reports/report.json?{day}")).await.1, first, "it stands as it was closed");
    assert_eq!(town.file(&format!("/reports/report.xlsx?{day}")).await.1, book);
    assert!(town.file(&format!("/reports/report.json?{day}&now=1")).await.1 != first);
    let (status, html) = town.posts(&editor, "/reports/close", &format!("{day}&made={seen}")).await;
    assert!(status == StatusCode::CONFLICT && html.contains("Báo cáo đã thay đổi kể từ lúc bạn xem"), "{html}");
    let seen = made(&town.report(&format!("/reports?{day}&now=1")).await);
    let (status, html) = town.posts(&editor, "/reports/close", &format!("{day}&made={seen}")).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{html}");
    let (_, second, _) = town.file(&format!("/reports/report.json?{day}")).await;
    let supplement = serde_json::from_slice::<Data>(&second).unwrap().supplement.unwrap();
    assert_eq!((supplement.number, supplement.of), (1, Sha256Hash::of(&first)));
    let change = |figure: &str| supplement.changes.iter().find(|c| c.figure == figure).map(|c| (c.before, c.after));
    assert_eq!((change("pending"), change("missed"), change("counted")), (Some((1, 0)), Some((0, 1)), None));
    let html = town.report(&format!("/reports?{day}&list=changes")).await;
    assert!(html.contains("Bổ sung số 1, chốt lúc") && html.contains("Chờ nhật ký"), "{html}");
    assert_eq!(town.file(&format!("/reports/report.json?{day}&closed=2")).await.1, first, "the first is still there");

    // the log says who closed what
    let hash = Sha256Hash::of(&first).to_string();
    let stated = move |conn: &rusqlite::Connection| {
        let with = "SELECT count(*) FROM log_entry WHERE instr(leaf, CAST('close-report' AS BLOB)) > 0 AND instr(leaf, CAST(?1 AS BLOB)) > 0";
        Ok((
            conn.query_row(with, [""], |row| row.get::<_, u32>(0))?,
            conn.query_row(with, [hash], |row| row.get::<_, u32>(0))?,
        ))
    };
    assert_eq!(town.rooms.store.read(stated).await.unwrap(), (3, 1));
}

#[tokio::test]
async fn a_unit_explains_its_figures_and_none_of_them_changes() {
    let town = reported().await;
    let now = town.clock.now();
    let lan = account(&town.rooms.store, "lan", &[(Role::Operator, Some("W1"))], now).await;
    let other = account(&town.rooms.store, "other", &[(Role::Operator, Some("W2"))], now).await;
    let ward = "period=day&of=2026-11-20&unit=W1";
    let rows = |all: Vec<BTreeMap<String, String>>| -> Vec<BTreeMap<String, String>> {
        all.into_iter()
            .map(|mut row| {
                row.retain(|name, _| {
                    !name.starts_with("report_") && !name.starts_with("log_") && !name.starts_with("checkpoint")
                });
                row
            })
            .collect()
    };
    let before = rows(town.rows(&format!("/reports/report.csv?{ward}")).await);
    let words = "&words=M%E1%BA%A5t+%C4%91i%E1%BB%87n+%3Cscript%3Ealert(1)%3C/script%3E%0D%0Ac%E1%BA%A3+bu%E1%BB%95i";
    assert_eq!(town.posts(&lan, "/reports/explain", &format!("{ward}{words}")).await.0, StatusCode::SEE_OTHER);
    let html = town.report(&format!("/reports?{ward}&now=1")).await;
    assert!(html.contains("tài khoản lan") && html.contains("Mất điện &#60;script&#62;"), "{html}");
    assert_eq!(rows(town.rows(&format!("/reports/report.csv?{ward}")).await), before, "no figure is another");
    let city = town.report("/reports?period=day&of=2026-11-20").await;
    assert!(city.contains("Mất điện"), "it stands in the city's report, too");
    assert_eq!(town.posts(&other, "/reports/explain", &format!("{ward}{words}")).await.0, StatusCode::BAD_REQUEST);
    let long = format!("{ward}&words={}", "a".repeat(4_001));
    let (status, html) = town.posts(&lan, "/reports/explain", &long).await;
    assert!(status == StatusCode::CONFLICT && html.contains("Giải trình cần từ 1 đến 4.000 ký tự"), "{status}");
    assert!(html.contains(&"a".repeat(4_001)), "what was typed is not lost");
}

/// The text of a paper.
fn paper(docx: Vec<u8>) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(docx)).unwrap();
    let mut xml = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("word/document.xml").unwrap(), &mut xml).unwrap();
    xml
}

#[tokio::test]
async fn what_was_excused_stands_on_page_and_paper_with_who_wrote_it_and_when() {
    let town = reported().await;
    let month = "of=2026-11-20&unit=W1";
    let html = town.report(&format!("/reports?{month}")).await;
    assert!(html.contains("Trong kỳ không có lần tạm nghỉ nào được ghi cho các màn hình này."), "{html}");
    let of_friday = |rows: Vec<BTreeMap<String, String>>| -> Vec<[String; 3]> {
        let screens = rows.into_iter().filter(|row| row["row"] == "screen");
        screens.map(|row| ["owed", "short_plays", "result"].map(|column| row[column].clone())).collect()
    };
    let friday_alone = "/reports/report.csv?period=day&of=2026-11-20&unit=W1";
    let before = of_friday(town.rows(friday_alone).await);
    // one beforehand by an account, one on the server itself when the day was over: the day stays short
    let lan = account(&town.rooms.store, "lan", &[(Role::Operator, Some("W1"))], town.clock.now()).await;
    let fields = "close_from=2026-11-24&close_to=2026-11-25&reason=S%E1%BB%ADa+%3Cb%3E";
    assert_eq!(town.posts(&lan, "/screens/S1/closure", fields).await.0, StatusCode::SEE_OTHER);
    let file = town._data.path().join("late.csv");
    std::fs::write(&file, "screen,from,to,reason,author\nS1,2026-11-20,2026-11-20,Mất điện,Bảo vệ\n").unwrap();
    town._data.told_at(town.clock.now(), || {
        town.cli(&["import", "closures", file.to_str().unwrap()]);
    });
    let html = town.report(&format!("/reports?{month}&now=1")).await;
    let row = |reason: &str| -> String {
        let all: Vec<&str> = html.split("<tr role=\"row\">").filter(|row| row.contains(reason)).collect();
        assert_eq!(all.len(), 1, "{reason}\n{html}");
        all[0].to_owned()
    };
    let (ahead, late) = (row("Sửa &#60;b&#62;"), row("Mất điện"));
    for (row, said) in [
        (&ahead, ["24/11/2026 đến hết 25/11/2026", "08:00, 21/11/2026, tài khoản lan", "Ghi trước", ">2<"]),
        (&late, ["20/11/2026", "ghi thẳng trên máy chủ, theo lời Bảo vệ", "Ghi sau khi đã hết: không miễn gì", ">0<"]),
    ] {
        said.iter().for_each(|said| assert!(row.contains(said), "{said}\n{row}"));
    }
    assert_eq!(of_friday(town.rows(friday_alone).await), before, "what was owed before the entry stays owed");
    let (_, docx, _) = town.file(&format!("/reports/report.docx?{month}&now=1")).await;
    let xml = paper(docx);
    for said in ["Tạm nghỉ và ngày được miễn", "tài khoản lan", "Ghi sau khi đã hết: không miễn gì"]
    {
        assert!(xml.contains(said), "{said}");
    }
    let (_, json, _) = town.file(&format!("/reports/report.json?{month}&now=1")).await;
    let data: Data = serde_json::from_slice(&json).unwrap();
    let told = data.times_off.unwrap();
    let told: Vec<_> = told.iter().map(|off| (off.entered_by.as_str(), off.days, off.screens.len())).collect();
    assert_eq!(told, [("shell", 0, 1), ("lan", 2, 1)], "what came late stands first");
    // another ward's report says nothing of it
    assert!(!town.report("/reports?of=2026-11-20&unit=W2").await.contains("Mất điện"));
}

#[tokio::test]
async fn what_inspectors_saw_stands_on_page_and_paper_and_changes_no_figure() {
    let town = reported().await;
    let day = "period=day&of=2026-11-20";
    let page = format!("/reports?{day}&now=1");
    let html = town.report(&page).await;
    assert!(
        html.contains("Chưa có lượt phát nào của các đợt truyền thông và màn hình trong báo cáo này được rút mẫu"),
        "{html}"
    );
    let auditor = account(&town.rooms.store, "thanh-tra", &[(Role::Auditor, None)], town.clock.now()).await;
    let draw = "campaign=ihanoi&from=2026-11-20&to=2026-11-20&confidence=95%25&max_bad=1%25&seed=XSMB+48213";
    assert_eq!(town.posts(&auditor, "/audit/draws", draw).await.0, StatusCode::SEE_OTHER);
    let later = |minutes: i64| town.clock.jump_to(town.clock.now().plus_ms(minutes * 60_000)); // what was made is made anew
    later(60);
    let html = town.report(&page).await;
    let said = "trong báo cáo này có 4 lượt; đã xem 0 lượt, trong đó 0 lượt sai; 0 lượt không xem được; 4 lượt chưa có kết quả.";
    assert!(html.contains(said) && html.contains("Chưa có kết quả kiểm tra nào trong kỳ."), "{html}");
    let seen = html.split("made=").nth(1).unwrap()[..64].to_owned();
    let before = town.rows(&format!("/reports/report.csv?{day}&now=1")).await;

    let draws = crate::many::look(&town, &auditor, "/audit/draws").await;
    let list = draws.split("href=\"/audit/draws/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let csv = crate::many::look(&town, &auditor, &format!("/audit/draws/{list}")).await;
    let filled = |results: [&str; 4]| -> String {
        let results = [""].into_iter().chain(results);
        let line = |(line, result): (&str, &str)| match result {
            "" => format!("{line}\n"),
            _ => format!("{};{result};Thanh tra;2026-11-21 07:30;nhìn từ quầy;;\n", line.trim_end_matches(';')),
        };
        csv.lines().zip(results).map(line).collect()
    };
    let findings = async |results| {
        let (status, _, html) =
            crate::many::form(&town, &auditor, "/audit/findings", &[("text", &filled(results))]).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{html}");
    };
    findings(["đúng", "tối", "không xem được", "đúng"]).await;
    later(60);
    let html = town.report(&page).await;
    let said = "đã xem 3 lượt, trong đó 1 lượt sai; 1 lượt không xem được; 0 lượt chưa có kết quả.";
    assert!(html.contains(said), "{html}");
    assert!(html.contains("đã xem 3 lượt theo mẫu: 1 lượt sai (màn hình tối hoặc hình khác), ở 1 màn hình."), "{html}");
    let table = html.split("Lượt mà người kiểm tra thấy sai hoặc không xem được").nth(1).unwrap();
    let rows: Vec<&str> = table.split("</table>").next().unwrap().split("<tr role=\"row\">").skip(2).collect();
    assert!(rows.len() == 2 && rows[0].contains("Màn hình tối") && rows[1].contains("Không xem được"), "{rows:?}");
    assert!(html.contains("Lượt đã xem (4)"), "those that were as expected have a list of their own\n{html}");
    for said in ["(S1)", "20/11/2026", "Thanh tra", "nhìn từ quầy"] {
        assert!(rows[0].contains(said), "{said}: {}", rows[0]);
    }
    let lines = town.report(&format!("{page}&list=screens")).await;
    assert_eq!(lines.matches("[mô phỏng] [kiểm tra thấy sai]").count(), 1, "{lines}");
    let figures = |rows: Vec<BTreeMap<String, String>>| -> Vec<Vec<String>> {
        rows.iter().map(|row| ["counted", "owed", "result"].map(|column| row[column].clone()).to_vec()).collect()
    };
    assert_eq!(figures(town.rows(&format!("/reports/report.csv?{day}&now=1")).await), figures(before));
    let xml = paper(town.file(&format!("/reports/report.docx?{day}&now=1")).await.1);
    assert!(xml.contains("Kết quả kiểm tra mẫu") && xml.contains("Màn hình tối"));
    assert!(!xml.contains("Mọi lượt trong mẫu"), "paper counts what was as expected, the workbook has it one by one");
    let english = town.report(&format!("{page}&lang=en")).await;
    assert!(english.contains("3 looked at, 1 of them wrong") && english.contains("Dark screen"), "{english}");
    let elsewhere = town.report(&format!("{page}&unit=W2")).await;
    assert!(
        elsewhere.contains("Chưa có lượt phát nào của các đợt truyền thông và màn hình trong báo cáo này được rút mẫu"),
        "{elsewhere}"
    );

    let editor = account(&town.rooms.store, "editor", &[(Role::CityEditor, None)], town.clock.now()).await;
    // nobody closes what he has not seen, and what is found later makes a supplement
    let (status, html) = town.posts(&editor, "/reports/close", &format!("{day}&made={seen}")).await;
    assert!(status == StatusCode::CONFLICT && html.contains("Báo cáo đã thay đổi kể từ lúc bạn xem"), "{html}");
    assert_eq!(town.posts(&editor, "/reports/close", day).await.0, StatusCode::SEE_OTHER);
    assert_eq!(town.posts(&editor, "/reports/close", day).await.0, StatusCode::CONFLICT, "nothing is another");
    findings(["", "", "khác", ""]).await;
    assert_eq!(town.posts(&editor, "/reports/close", day).await.0, StatusCode::SEE_OTHER);
    let html = town.report(&format!("/reports?{day}")).await;
    assert!(html.contains("Bổ sung số 1") && html.contains("đã xem 4 lượt, trong đó 2 lượt sai"), "{html}");
    assert!(html.contains("Số liệu không đổi. Có thay đổi ở phần tạm nghỉ, kết quả kiểm tra"), "{html}");
}

/// What the stand-alone verifier says of the screen S1, from the bundle of Friday that the page of audits gives out: does it hold?
async fn holds(town: &Town) -> bool {
    let (status, bytes, _) = town.file("/audit/bundle?campaign=ihanoi&from=2026-11-20&to=2026-11-20").await;
    assert_eq!(status, StatusCode::OK);
    let open = || -> std::io::Result<_> { Ok(std::io::Cursor::new(bytes.clone())) };
    let verdict = lichphat_verify::verify(open, &lichphat_verify::Options::default(), &mut |_, _| {}).unwrap();
    verdict.screens.iter().find(|screen| screen.screen.as_str() == "S1").unwrap().holds
}

#[tokio::test]
async fn a_box_that_was_copied_is_marked_on_its_screens_line_and_its_plays_are_counted_as_before() {
    let (town, plan) = town_with_a_day().await;
    town.order(&ORDER.replace("plays = 6", "plays = 4")).await; // as many as counted
    town.rooms.log.round().await.unwrap();
    town.clock.jump_to(friday().next().at(8 * 3_600, HANOI));
    let day = "period=day&of=2026-11-20&unit=W1";
    let page = format!("/reports?{day}&now=1&list=screens");
    let line = |rows: Vec<BTreeMap<String, String>>| -> [String; 4] {
        let line = rows.into_iter().find(|row| row["row"] == "screen" && row["code"] == "S1").unwrap();
        ["counted", "short_plays", "result", "copied"].map(|column| line[column].clone())
    };
    let csv = format!("/reports/report.csv?{day}&now=1");
    assert_eq!(line(town.rows(&csv).await), ["4", "0", "met", "no"]);
    assert!(!town.report(&page).await.contains("sao chép"));
    assert!(holds(&town).await, "the verifier agrees");

    // a copy of its disk goes on by itself, and tells another story of the first place
    let mut told = records(&plan);
    told.truncate(1);
    told[0].display = lichphat_playlists::proof::record::DisplayLevel::Dark;
    let copy = Segment {
        device: DeviceId(1),
        epoch: Epoch(1),
        first_seq: Seq(1),
        screen: code("S1"),
        offset: HANOI,
        simulated: true,
        previous: Sha256Hash([0; 32]),
        anchor: String::new(),
        records: told,
    };
    let sender = town.rooms.proof.identity(copy.device).await.unwrap();
    let sealed = copy.seal(&SigningKey::from_seed(&[7; 32])).into_bytes();
    town.rooms.proof.ingest(&sender, sealed).await.unwrap();
    town.rooms.log.round().await.unwrap();
    town.clock.jump_to(friday().next().at(8 * 3_600 + 3_600, HANOI));
    assert!(!holds(&town).await, "nothing of it is proven any more");
    let html = town.report(&page).await;
    for said in [
        "1 màn hình có thiết bị bị sao chép (S1)",
        "Hãy báo người quản trị hệ thống tìm và tắt bản sao, rồi ghép lại thiết bị ở trang “Ghép thiết bị”.",
        "[thiết bị bị sao chép]",
        "đạt, nhưng chưa chứng minh được",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert_eq!(line(town.rows(&csv).await), ["4", "0", "met", "yes"], "the rule of what counts is another matter");
    let english = town.report(&format!("{page}&lang=en")).await;
    assert!(english.contains("[device copied]") && english.contains("but not proven"), "{english}");
    assert!(paper(town.file(&format!("/reports/report.docx?{day}&now=1")).await.1).contains("bị sao chép (S1)"));
    assert!(!town.report("/reports?period=day&of=2026-11-20&unit=W2").await.contains("sao chép"));
}

#[tokio::test]
async fn a_paper_to_sign_bears_what_the_office_writes_around_it() {
    let town = reported().await;
    let head = "issuer=UBND+ph%C6%B0%E1%BB%9Dng&number=5&symbol=BC-UBND&place=H%C3%A0+N%E1%BB%99i&date=2026-12-05&copies=Nh%C6%B0+tr%C3%AAn%0AL%C6%B0u:+VT";
    let path = format!("/reports/report.docx?period=day&of=2026-11-20&{head}");
    let (status, docx, _) = town.file(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(town.file(&path).await.1, docx, "the same bytes");
    let xml = paper(docx);
    for said in [
        "UBND PHƯỜNG",
        "Số: 05/BC-UBND",
        "Hà Nội, ngày 05 tháng 12 năm 2026",
        "BÁO CÁO",
        "- Lưu: VT.",
        "Độc lập - Tự do - Hạnh phúc",
    ] {
        assert!(xml.contains(said), "{said}");
    }
    // the headings of every table of figures come again on the next page; head and foot of the paper are tables, too, and have none
    let tables = xml.matches("<w:tbl>").count();
    assert!(tables > 3 && !xml.contains("w:trHeight"), "{tables}");
    assert_eq!(xml.matches("<w:tblHeader/>").count(), tables - 2);
    // number and place are beside one another
    let row = xml.split("<w:tr>").find(|row| row.contains("Số: 05/BC-UBND")).unwrap();
    assert!(row.contains("Hà Nội, ngày 05 tháng 12 năm 2026") && !row.contains("UBND PHƯỜNG"), "{row}");
    assert_eq!(town.page("/reports/report.docx?date=2026-02-30").await.0, StatusCode::BAD_REQUEST);
}

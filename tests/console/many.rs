//! Something done to many screens: looked at first, confirmed by the list's hash, logged once, taken back; and groups under a name.

use crate::common::people::{Pass, account};
use crate::town::*;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use lichphat::directory::{Batch, Change, Directory, DirectoryStore, Link, ScreenKind};
use lichphat::people::Role;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::time::HANOI;

/// A town of forty screens in two wards, at nine in the morning of a working day.
async fn forty() -> Town {
    let screens = (0..40).map(|n| {
        let ward = if n < 30 { "W1" } else { "W2" };
        screen(&format!("M{n:02}"), &format!("Màn hình {n}"), ward, ScreenKind::Managed)
    });
    let town = Town::with(&[("W1", "Phường Một"), ("W2", "Phường Hai")], screens.collect()).await;
    town.clock.jump_to(friday().at(9 * 3_600, HANOI));
    town
}

async fn of(town: &Town, name: &str, roles: &[(Role, Option<&str>)]) -> Pass {
    account(&town.rooms.store, name, roles, town.clock.now()).await
}

/// Posts a form as somebody; where it leads, or the page with what is wrong.
pub(crate) async fn form(
    town: &Town,
    pass: &Pass,
    path: &str,
    fields: &[(&str, &str)],
) -> (StatusCode, String, String) {
    town.form(pass, path, fields).await
}

/// A page as somebody sees it.
pub(crate) async fn look(town: &Town, pass: &Pass, path: &str) -> String {
    town.look(pass, path).await
}

impl Town {
    /// Posts a form as somebody; where it leads, or the page with what is wrong.
    async fn form(&self, pass: &Pass, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        let mut all = fields.to_vec();
        all.push(("form_token", &pass.form_token));
        let body = serde_urlencoded::to_string(all).unwrap();
        let request = Request::post(path).header("cookie", &pass.cookie).header("sec-fetch-site", "same-origin");
        let (status, html, headers) = self.send(request.body(Bytes::from(body)).unwrap()).await;
        let to = headers.get(header::LOCATION).map_or(String::new(), |to| to.to_str().unwrap().to_owned());
        (status, to, html)
    }
    async fn look(&self, pass: &Pass, path: &str) -> String {
        let (status, html, _) =
            self.send(Request::get(path).header("cookie", &pass.cookie).body(Bytes::new()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{path}\n{html}");
        html
    }
    async fn directory(&self) -> Directory {
        self.rooms.store.directory().await.unwrap()
    }
    /// What the log says was done to many.
    async fn many_deeds(&self) -> Vec<(String, String, String)> {
        let read = |conn: &rusqlite::Connection| {
            let mut query = conn.prepare("SELECT leaf FROM log_entry ORDER BY log_index")?;
            let leaves = query.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
            Ok(leaves.collect::<Result<Vec<_>, _>>()?)
        };
        let leaves = self.rooms.store.read(read).await.unwrap();
        let acts = leaves.iter().filter_map(|leaf| match Entry::decode(leaf) {
            Ok(Entry::Statement(Statement::Act { act, on, detail, .. })) => Some((act, on, detail)),
            _ => None,
        });
        acts.filter(|(act, ..)| act.starts_with("many") || act.starts_with("group")).collect()
    }
}

/// The hash that a page's form confirms.
fn hash(html: &str) -> String {
    html.split("name=\"hash\" value=\"").nth(1).unwrap_or_else(|| panic!("{html}"))[..64].to_owned()
}

/// All screens of a ward's office at once, from its page: what that means is said before, and it is opened again in the middle.
#[tokio::test]
async fn a_whole_unit_is_closed_from_its_page_and_opened_again_before_it_is_over() {
    let town = forty().await;
    town.order(ORDER).await;
    let operator = of(&town, "van-hanh", &[(Role::Operator, Some("W1"))]).await;
    let page = town.look(&operator, "/units/W1").await;
    assert!(page.contains("Tạm nghỉ 30 màn hình của đơn vị"), "{page}");
    let viewer = of(&town, "xem", &[(Role::Viewer, Some("W1"))]).await;
    assert!(!town.look(&viewer, "/units/W1").await.contains("Tạm nghỉ 30 màn hình"));
    let whole = [("which", "all"), ("unit", "W1"), ("link", "owner"), ("do", "close")];
    let (_, to, _) = town.form(&operator, "/many/choose", &whole).await;
    let days = [("close_from", "2026-11-24"), ("close_to", "2026-11-28"), ("reason", "Nghỉ lễ")];
    assert_eq!(town.form(&operator, &to, &days).await.0, StatusCode::SEE_OTHER);
    let html = town.look(&operator, &to).await;
    // 42 days of six on each of thirty, and 37 with five of them closed
    let said = "30 màn hình phải phát 6.660 lượt đến hết văn bản, thay vì 7.560.";
    assert!(html.contains(said) && html.contains("Tạm nghỉ 30 màn hình"), "{html}");
    let (_, done, _) = town.form(&operator, &to, &[("hash", &hash(&html))]).await;
    let duty = async |day: &str| {
        let city = town.directory().await;
        let screen = city.screen(&code::<ScreenCode>("M07")).unwrap();
        city.duty(screen, day.parse().unwrap()).length()
    };
    let full = duty("2026-11-23").await;
    assert!(full > 0 && duty("2026-11-24").await == 0 && duty("2026-11-28").await == 0);

    // hours of a day: what is left still has to carry all of it
    let (_, to, _) = town.form(&operator, "/many/choose", &whole).await;
    let hours = [("close_from", "2026-12-01"), ("close_from_time", "08:00"), ("close_to", "2026-12-01")];
    town.form(&operator, &to, &[&hours[..], &[("close_to_time", "08:30"), ("reason", "Mất điện")]].concat()).await;
    let html = town.look(&operator, &to).await;
    assert!(html.contains("30 màn hình vẫn phải phát đủ 6.660 lượt"), "{html}");

    // in the middle of it, days later
    town.clock.jump_to("2026-11-25".parse::<lichphat_playlists::time::LocalDay>().unwrap().at(10 * 3_600, HANOI));
    let operator = of(&town, "truong-ca", &[(Role::Operator, None)]).await;
    let html = town.look(&operator, &done).await;
    assert!(html.contains("Cho hoạt động lại được đến 00:00, 29/11/2026"), "{html}");
    assert_eq!(town.form(&operator, &format!("{done}/undo"), &[]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(duty("2026-11-24").await, 0, "what was closed was closed");
    assert_eq!(duty("2026-11-26").await, full);
    let today = duty("2026-11-25").await;
    assert!(0 < today && today < full, "open again from now on: {today}");
    town.clock.jump_to("2026-11-29".parse::<lichphat_playlists::time::LocalDay>().unwrap().at(10 * 3_600, HANOI));
    let operator = of(&town, "ca-sau", &[(Role::Operator, None)]).await;
    assert_eq!(town.form(&operator, &format!("{done}/undo"), &[]).await.0, StatusCode::CONFLICT);
}

const CLOSE: [(&str, &str); 4] = [
    ("close_from", "2026-11-21"),
    ("close_from_time", "08:30"),
    ("close_to", "2026-11-22"),
    ("reason", "Sửa nguồn <b>LED</b>"),
];

#[tokio::test]
async fn a_closure_of_many_is_seen_before_confirmed_by_its_hash_logged_once_and_taken_back() {
    let town = forty().await;
    let operator = of(&town, "van-hanh", &[(Role::Operator, Some("W1")), (Role::Viewer, Some("HN"))]).await;
    let before = format!("{:?}", town.directory().await.screens().collect::<Vec<_>>());

    let (status, to, _) =
        town.form(&operator, "/many/choose", &[("which", "all"), ("q", "man hinh"), ("do", "close")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    // what is wrong is said, and what was typed is still there
    let (status, _, html) = town.form(&operator, &to, &[("close_from", "2026-11-21"), ("reason", "Sửa <b>")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        html.contains("Đến hết ngày: “—” – không được để trống") && html.contains("value=\"Sửa &#60;b&#62;\""),
        "{html}"
    );

    assert_eq!(town.form(&operator, &to, &CLOSE).await.0, StatusCode::SEE_OTHER);
    let html = town.look(&operator, &to).await;
    for said in [
        "Tạm nghỉ 30 màn hình từ 08:30 21/11/2026 đến 24:00 22/11/2026: Sửa nguồn &#60;b&#62;LED",
        "10 màn hình không được, vì bạn không có quyền ở đó.",
        "Cho hoạt động lại được lúc nào cũng được, cho đến khi hết thời gian nghỉ.",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let csv = town.look(&operator, &format!("{to}/list.csv")).await;
    assert_eq!((csv.matches(";ok;").count(), csv.matches(";not-yours;").count()), (30, 10), "{csv}");
    let stale = hash(&html);

    // somebody closes one of them meanwhile: what was looked at is not what would be done any more
    let (_, other, _) = town.form(&operator, "/many/choose", &[("pick", "M00"), ("do", "close")]).await;
    let reason = [&CLOSE[..3], &[("reason", "Khác")]].concat();
    town.form(&operator, &other, &reason).await;
    let page = town.look(&operator, &other).await;
    let (status, done, _) = town.form(&operator, &other, &[("hash", &hash(&page))]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (status, _, html) = town.form(&operator, &to, &[("hash", &stale)]).await;
    assert_eq!(status, StatusCode::CONFLICT, "{html}");
    assert!(html.contains("Danh sách vừa thay đổi") && html.contains("Tạm nghỉ 29 màn hình"), "{html}");
    assert_ne!(hash(&html), stale);

    let (status, all, _) = town.form(&operator, &to, &[("hash", &hash(&html))]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(town.form(&operator, &to, &[("hash", &stale)]).await.0, StatusCode::NOT_FOUND, "it is done once");
    let city = town.directory().await;
    let closed = |city: &Directory, code: &str| {
        city.closures_of(city.screen(&self::code::<ScreenCode>(code)).unwrap(), friday().next()).len()
    };
    assert_eq!((closed(&city, "M00"), closed(&city, "M29"), closed(&city, "M30")), (1, 1, 0));
    let html = town.look(&operator, &all).await;
    assert!(
        html.contains("Cho hoạt động lại được đến 00:00, 23/11/2026") && html.contains("1 màn hình không được"),
        "{html}"
    );
    let foreign = of(&town, "phuong-hai", &[(Role::Operator, Some("W2"))]).await;
    let peek = Request::get(&all).header("cookie", &foreign.cookie).body(Bytes::new()).unwrap();
    assert_eq!(town.send(peek).await.0, StatusCode::NOT_FOUND);

    let (status, undone, _) = town.form(&operator, &format!("{all}/undo"), &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(town.look(&operator, &undone).await.contains("Đã hoàn tác: Tạm nghỉ 29 màn hình"));
    assert_eq!(town.form(&operator, &format!("{all}/undo"), &[]).await.0, StatusCode::CONFLICT, "once");
    let city = town.directory().await;
    assert_eq!((closed(&city, "M00"), closed(&city, "M29")), (1, 0), "another's closure stays");
    town.form(&operator, &format!("{done}/undo"), &[]).await;
    let city = town.directory().await;
    assert_eq!(closed(&city, "M00"), 0);
    assert_eq!(format!("{:?}", city.screens().collect::<Vec<_>>()), before);
    let deeds = town.many_deeds().await;
    let acts: Vec<_> = deeds.iter().map(|(act, on, _)| (act.as_str(), on.as_str())).collect();
    let expected =
        [("many", "1 screens"), ("many", "29 screens"), ("many-undo", "29 screens"), ("many-undo", "1 screens")];
    assert_eq!(acts, expected, "one entry each");
    assert!(deeds[1].2.starts_with("close, list ") && deeds[1].2.len() == 12 + 64, "{deeds:?}");
}

#[tokio::test]
async fn a_move_of_many_needs_its_role_keeps_the_past_and_is_taken_back_for_an_hour() {
    let town = forty().await;
    let operator = of(&town, "van-hanh", &[(Role::Operator, None)]).await;
    let chief = of(&town, "quan-tri", &[(Role::Administrator, None)]).await;
    assert!(!town.look(&operator, "/screens").await.contains("value=\"move\""));
    let fields = [("move_link", "owner"), ("move_unit", "phuong hai"), ("move_from", "2026-12-01")];
    for (pass, taken) in [(&operator, false), (&chief, true)] {
        let (_, to, _) = town.form(pass, "/many/choose", &[("which", "all"), ("unit", "W1"), ("do", "move")]).await;
        town.form(pass, &to, &fields).await;
        let html = town.look(pass, &to).await;
        assert_eq!(html.contains("name=\"hash\""), taken, "{html}");
        if !taken {
            assert!(html.contains("30 màn hình không được, vì bạn không có quyền ở đó"), "{html}");
            continue;
        }
        let (_, done, _) = town.form(pass, &to, &[("hash", &hash(&html))]).await;
        let owner = |city: &Directory, day: &str| {
            city.screen(&code::<ScreenCode>("M07"))
                .unwrap()
                .unit(Link::Owner, day.parse().unwrap())
                .unwrap()
                .to_string()
        };
        let city = town.directory().await;
        assert_eq!((owner(&city, "2026-11-30"), owner(&city, "2026-12-01")), ("W1".into(), "W2".into()));
        town.clock.jump_to(friday().at(9 * 3_600 + 60, HANOI));
        assert_eq!(town.form(pass, &format!("{done}/undo"), &[]).await.0, StatusCode::SEE_OTHER);
        assert_eq!(owner(&town.directory().await, "2026-12-01"), "W1");
        let (_, to, _) = town.form(pass, "/many/choose", &[("which", "all"), ("unit", "W1"), ("do", "move")]).await;
        town.form(pass, &to, &fields).await;
        let html = town.look(pass, &to).await;
        let (_, done, _) = town.form(pass, &to, &[("hash", &hash(&html))]).await;
        town.clock.jump_to(friday().at(11 * 3_600, HANOI));
        assert_eq!(town.form(pass, &format!("{done}/undo"), &[]).await.0, StatusCode::CONFLICT, "an hour is over");
        assert_eq!(owner(&town.directory().await, "2026-12-01"), "W2");
    }
}

#[tokio::test]
async fn restarts_of_many_in_peak_hours_are_asked_about_and_players_answer_is_awaited() {
    let town = forty().await;
    for n in 0..25 {
        town.device(&format!("M{n:02}"), &lichphat_playlists::wire::sign::SigningKey::from_seed(&[n; 32])).await;
    }
    let operator = of(&town, "van-hanh", &[(Role::Operator, None)]).await;
    let (_, to, _) = town.form(&operator, "/many/choose", &[("which", "all"), ("do", "restart")]).await;
    let html = town.look(&operator, &to).await;
    assert!(html.contains("25 màn hình đang trong giờ cao điểm"), "{html}");
    assert!(html.contains("15 màn hình không được, vì chưa có thiết bị của hệ thống"), "{html}");
    assert!(html.contains("Việc này không hoàn tác được."));
    let (status, _, page) = town.form(&operator, &to, &[("hash", &hash(&html))]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("hãy đánh dấu vào ô xác nhận"), "{page}");
    let (status, done, _) = town.form(&operator, &to, &[("hash", &hash(&html)), ("peak", "yes")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let html = town.look(&operator, &done).await;
    assert!(html.contains("Trả lời của thiết bị") && html.contains(": 25</li>"), "{html}");
    assert_eq!(town.rooms.fleet.asked(&code::<ScreenCode>("M03"), 9).await.unwrap().len(), 1);
    assert_eq!(town.many_deeds().await.len(), 1, "one entry, not twenty-five");

    // the volume goes back to what it was
    let mut done = String::new();
    for percent in ["60", "20"] {
        let (_, to, _) = town.form(&operator, "/many/choose", &[("pick", "M03"), ("do", "volume")]).await;
        assert_eq!(town.form(&operator, &to, &[("percent", "101")]).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        town.form(&operator, &to, &[("percent", percent)]).await;
        let html = town.look(&operator, &to).await;
        done = town.form(&operator, &to, &[("hash", &hash(&html))]).await.1;
    }
    assert_eq!(town.form(&operator, &format!("{done}/undo"), &[]).await.0, StatusCode::SEE_OTHER);
    let newest = town.rooms.fleet.asked(&code::<ScreenCode>("M03"), 1).await.unwrap().remove(0);
    assert_eq!(newest.ask, lichphat_playlists::wire::command::Ask::Volume { percent: 60 });
}

#[tokio::test]
async fn a_group_is_kept_shown_renamed_and_of_two_people_the_later_is_told() {
    let town = forty().await;
    let one = of(&town, "mot", &[(Role::Operator, Some("W1"))]).await;
    let two = of(&town, "hai", &[(Role::Operator, Some("W1"))]).await;
    let far = of(&town, "xa", &[(Role::Operator, Some("W2"))]).await;
    let (status, to, _) = town
        .form(&one, "/many/groups", &[("name", HOSTILE), ("share", "W1"), ("q", "m0"), ("state", "no-device")])
        .await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/screens?group=1"));
    let html = town.look(&two, "/screens?group=1").await;
    assert!(html.contains("&#60;script&#62;alert") && html.contains("10 màn hình"), "{html}");
    assert!(!town.look(&far, "/screens").await.contains("group=1"), "another ward's group is not there");
    assert!(town.look(&far, "/screens?group=1").await.contains("10 màn hình"), "and says nothing");

    let rename = [("revision", "1"), ("name", "Mới")];
    assert_eq!(town.form(&two, "/many/groups/1", &rename).await.0, StatusCode::SEE_OTHER);
    let (status, _, html) = town.form(&one, "/many/groups/1", &[("revision", "1"), ("name", "Của tôi")]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    for said in ["vừa được người khác sửa", "Của tôi", "Mới"] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert_eq!(town.form(&far, "/many/groups/1", &[("revision", "2"), ("name", "X")]).await.0, StatusCode::CONFLICT);
    let (status, _, html) = town.form(&one, "/many/groups", &[("name", " "), ("q", "m0")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("Tên nhóm: “—” – không được để trống"), "{html}");

    let (_, draft, _) =
        town.form(&two, "/many/choose", &[("pick", "M05"), ("pick", "M39"), ("pick", "M06"), ("do", "group")]).await;
    let (_, to, _) = town.form(&two, &draft, &[("name", "Cố định")]).await;
    let html = town.look(&two, &to).await;
    assert!(html.contains("2 màn hình"), "another ward's screen did not come along\n{html}");
    let csv = town.look(&two, "/many/list.csv?group=2").await;
    assert!(csv.contains("\nM05;") && csv.contains("\nM06;") && !csv.contains("\nM39;"), "{csv}");
    assert_eq!(town.form(&one, "/many/groups/1/remove", &[("revision", "1")]).await.0, StatusCode::CONFLICT);
    assert_eq!(town.form(&one, "/many/groups/1/remove", &[("revision", "2")]).await.0, StatusCode::SEE_OTHER);
    assert!(!town.look(&two, "/many/groups").await.contains("Mới"));
    let acts: Vec<String> = town.many_deeds().await.into_iter().map(|(act, ..)| act).collect();
    assert_eq!(acts, ["group-keep", "group-keep", "group-keep", "group-remove"]);
}

#[tokio::test]
async fn twenty_thousand_screens_are_closed_in_one_step_and_no_screen_in_none() {
    let town = Town::with(&[("W1", "Phường Một")], vec![]).await;
    let operator = of(&town, "van-hanh", &[(Role::Operator, None)]).await;
    let (_, to, _) = town.form(&operator, "/many/choose", &[("which", "all"), ("do", "close")]).await;
    town.form(&operator, &to, &CLOSE).await;
    assert!(!town.look(&operator, &to).await.contains("name=\"hash\""), "nothing to confirm");
    let screens =
        (0..20_000).map(|n| Change::Screen(screen(&format!("M{n:05}"), "Màn hình", "W1", ScreenKind::Managed)));
    town.rooms.store.import_directory(Batch { changes: screens.collect() }, 1).await.unwrap();
    let (_, to, _) = town.form(&operator, "/many/choose", &[("which", "all"), ("do", "close")]).await;
    town.form(&operator, &to, &CLOSE).await;
    let html = town.look(&operator, &to).await;
    assert!(html.contains("Tạm nghỉ 20.000 màn hình"), "{html}");
    let (status, done, _) = town.form(&operator, &to, &[("hash", &hash(&html))]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let city = town.directory().await;
    let last = city.screen(&code::<ScreenCode>("M19999")).unwrap();
    assert_eq!(city.closures_of(last, friday().next()).len(), 1);
    assert_eq!(town.form(&operator, &format!("{done}/undo"), &[]).await.0, StatusCode::SEE_OTHER);
    assert!(town.directory().await.closures_of(last, friday().next()).is_empty());
}

#[tokio::test]
async fn a_file_is_seen_change_by_change_before_it_is_taken_and_taken_just_so() {
    let town = forty().await;
    let chief = of(&town, "quan-tri", &[(Role::Administrator, None)]).await;
    let (_, csv, _) = town
        .send(Request::get("/many/list.csv?q=m0").header("cookie", &chief.cookie).body(Bytes::new()).unwrap())
        .await;
    let (status, _, html) = town.form(&chief, "/many/import", &[("text", "code;name\n<b>;x\n")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("chưa nhập dòng nào") && html.contains("&#60;b&#62;;x"), "{html}");
    let (status, _, html) = town.form(&chief, "/many/import", &[("text", "code;t\u{fffd}n\n")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("CSV UTF-8"), "{html}");

    let changed = csv.replace("M03;Màn hình 3;", "M03;'=Sảnh <b>;")
        + "N1;Mới;;office;managed;direct;1;1920;1080;video;W1;;;;;;\n";
    let (status, to, html) = town.form(&chief, "/many/import", &[("text", &changed)]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{html}");
    let html = town.look(&chief, &to).await;
    for said in [
        "1 màn hình mới, 1 màn hình thay đổi, 9 màn hình giữ nguyên.",
        "<bdi>Màn hình 3</bdi> → <strong><bdi>=Sảnh &#60;b&#62;</bdi></strong>",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    // meanwhile somebody renames it: what was seen is not what would be done any more
    let renamed = screen("M03", "Tên khác", "W1", ScreenKind::Managed);
    let revision = town.rooms.store.directory_revision().await.unwrap();
    town.rooms.store.import_directory(Batch { changes: vec![Change::Screen(renamed)] }, revision).await.unwrap();
    let (status, _, again) = town.form(&chief, &to, &[("hash", &hash(&html))]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(again.contains("Tên khác") && again.contains("chưa nhập gì"), "{again}");
    let (status, to, _) = town.form(&chief, &to, &[("hash", &hash(&again))]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(town.look(&chief, &to).await.contains("Đã nhập xong."));
    let city = town.directory().await;
    assert_eq!(city.screen(&code::<ScreenCode>("M03")).unwrap().name, "=Sảnh <b>");
    assert!(city.screen(&code::<ScreenCode>("N1")).is_some());
}

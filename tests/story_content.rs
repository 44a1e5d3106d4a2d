//! A ward brings content of its own: a clip from a telephone goes in by a form, gets its picture, its place in the round and its hours,
//! is sent, looked at and approved by somebody else, and plays the next day. What is wrong with a file is said, and nothing of it stays.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::people::{Pass, account};
use common::town::{TownServer, at, fixture, town};
use lichphat::people::Role;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::time::clock_text;
use reqwest::{Response, StatusCode};
use std::os::unix::fs::PermissionsExt as _;

const DAY: &str = "2024-09-20";
const NEXT: &str = "2024-09-21";
/// A name that wants to be a program, a path, and to turn the text around it.
const HOSTILE: &str = "../../<script>alert(1)<\\/script>\u{202e}.mp4";

/// A probe that says by a file's first letters what it is: `S` a picture, `V` 15 s of film, `L` 15.4 s of film, of which it makes
/// 15 s, `N` a length that is not whole and of which nothing can be made.
const PROBE: &str = r#"#!/bin/sh
if [ "$1" = render ]; then
  [ "$2 $3" = "--whole-s 15" ] && [ "$(head -c 1 "$4")" = L ] && printf 'V fifteen seconds of it' && exit 0
  exit 1
fi
head=$(head -c 1 "$2")
case "$1$head" in
  probeS) echo '{"kind":"still","duration_ms":null}' ;;
  probeV) echo '{"kind":"video","duration_ms":15000,"has_audio":true}' ;;
  probeL | probeN) echo '{"kind":"video","duration_ms":15400}' ;;
  pictureV) printf '\377\330\377picture\377\331' ;;
  pictureS) printf '<svg onload=alert(1)>' ;;
  *) echo "no decoder for it" >&2; exit 1 ;;
esac
"#;

/// The ward's server, and who works there.
struct Ward {
    data: TestData,
    server: TownServer,
    lan: Pass,
    hoa: Pass,
}

impl Ward {
    async fn new() -> Self {
        let data = town();
        let probe = data.path().join("probe");
        std::fs::write(&probe, PROBE).unwrap();
        std::fs::set_permissions(&probe, std::fs::Permissions::from_mode(0o755)).unwrap();
        let settings = data.path().join("own.toml");
        let text = std::fs::read_to_string(fixture("server.toml")).unwrap();
        std::fs::write(
            &settings,
            text.replace("no-such-probe", probe.to_str().unwrap()) + "[web]\nmax_upload_mib = 1\n",
        )
        .unwrap();
        let data = data.with_settings(settings.to_str().unwrap());
        let server = TownServer::start(&data, at(DAY, "09:00")).await;
        let now = server.clock.now();
        let lan = account(&server.rooms.store, "lan", &[(Role::Operator, Some("P1"))], now).await;
        let hoa = account(&server.rooms.store, "hoa", &[(Role::UnitHead, Some("P1"))], now).await;
        Self { data, server, lan, hoa }
    }

    async fn page(&self, who: &Pass, path: &str) -> (StatusCode, String) {
        let request = client().get(format!("{}{path}", self.server.url)).header("cookie", &who.cookie);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn ok(&self, who: &Pass, path: &str) -> String {
        let (status, page) = self.page(who, path).await;
        assert_eq!(status, 200, "{path}: {page}");
        page
    }

    /// A form without a file, as a page of the server posts it.
    async fn post(&self, who: &Pass, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = [("form_token", who.form_token.as_str())];
        let body = serde_urlencoded::to_string(token.iter().chain(fields).collect::<Vec<_>>()).unwrap();
        let request = client().post(format!("{}{path}", self.server.url)).header("cookie", &who.cookie);
        let request = request.header("sec-fetch-site", "same-origin");
        request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
    }

    /// A form with a file, as a browser sends it.
    async fn bring(&self, who: &Pass, token: &str, name: &str, bytes: &[u8]) -> (StatusCode, String) {
        let name: String = name.replace('"', "%22");
        let head = format!(
            "--b\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n\
             --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: video/mp4\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, b"\r\n--b--\r\n"].concat();
        let request = client().post(format!("{}/content/P1/upload", self.server.url)).header("cookie", &who.cookie);
        let request = request.header("sec-fetch-site", "same-origin");
        let answer = request.header("content-type", "multipart/form-data; boundary=b").body(body).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn brought(&self, name: &str, bytes: &[u8]) -> String {
        let (status, body) = self.bring(&self.lan, &self.lan.form_token, name, bytes).await;
        assert_eq!(status, 303, "{body}");
        format!("p1-{}", &Sha256Hash::of(bytes).hex()[..8])
    }

    /// Files of the library and pictures, and what is still coming.
    fn files(&self) -> usize {
        let mut dirs = vec![self.data.path().join("media"), self.data.path().join("pictures")];
        let mut files = 0;
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                if entry.path().is_dir() { dirs.push(entry.path()) } else { files += 1 }
            }
        }
        files
    }

    /// What the log says that accounts did.
    fn acts(&self) -> Vec<String> {
        let db = rusqlite::Connection::open(self.data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
        let mut query = db.prepare("SELECT leaf FROM log_entry ORDER BY log_index").unwrap();
        let leaves = query.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let said = |leaf: rusqlite::Result<Vec<u8>>| match Entry::decode(&leaf.unwrap()).unwrap() {
            Entry::Statement(Statement::Act { account, act, on, .. }) => Some(format!("{account} {act} {on}")),
            _ => None,
        };
        leaves.filter_map(said).collect()
    }

    /// What the plan of the next day holds of the loop, in order, from a time on.
    async fn planned(&self, from: &str, count: usize) -> Vec<String> {
        let screen = "C-01".parse().unwrap();
        let plan = self.server.rooms.planning.store().newest(&screen, NEXT.parse().unwrap()).await.unwrap().unwrap();
        let slots = plan.playlist.slots.iter().filter(|slot| &clock_text(slot.start_s)[..5] >= from);
        slots.take(count).map(|slot| plan.assets.assets[usize::from(slot.item)].code.to_string()).collect()
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The value of a hidden field.
fn field<'p>(page: &'p str, name: &str) -> &'p str {
    page.split(&format!("name=\"{name}\" value=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap()
}

/// An item as its form says it, with some fields changed.
fn edit<'f>(seen: &'f str, changed: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let plain = [("seen", seen), ("title", "Ngày hội"), ("length_s", "10"), ("plays", "1"), ("from", ""), ("to", "")];
    let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| ("on", day));
    let plain = plain.into_iter().chain(week);
    let kept = plain.filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    kept.chain(changed.iter().copied()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ward_brings_a_clip_puts_it_in_order_and_it_plays_the_day_after_somebody_else_approved_it() {
    let ward = Ward::new().await;
    assert!(ward.ok(&ward.lan, "/").await.contains("href=\"/content\""), "the menu leads there");
    let (status, _) = ward.page(&ward.lan, "/content").await;
    assert_eq!(status, 303, "whose only unit it is, is led to it");

    // a clip and a picture: drafts, with a picture of the one, and of the other none that would be a program
    let clip = ward.brought("ngày hội.mp4", b"V a clip").await;
    let still = ward.brought("thông báo.png", b"S a picture").await;
    let list = ward.ok(&ward.lan, "/content/P1").await;
    assert!(list.contains("ngày hội") && list.contains("2 bản nháp chưa gửi duyệt"), "{list}");
    assert!(list.contains("Một vòng: 2 nội dung, 25 giây."), "{list}");
    let thumb = format!("/content/thumb/{}", Sha256Hash::of(b"V a clip"));
    assert!(ward.ok(&ward.lan, &thumb).await.contains("picture"));
    let none = ward.ok(&ward.lan, &format!("/content/thumb/{}", Sha256Hash::of(b"S a picture"))).await;
    assert!(none.contains("<svg") && !none.contains("onload"), "a stand-in, and not what a decoder made up");

    // the picture first; the clip in the morning only
    let up = ward.post(&ward.lan, "/content/P1/order", &[("seen", field(&list, "seen")), ("up", &still)]).await;
    assert_eq!(up.status(), 303);
    let form = ward.ok(&ward.lan, &format!("/content/P1/items/{clip}")).await;
    let hours = [("hours_from", "07:00"), ("hours_to", "10:00"), ("from", NEXT)];
    let saved = edit(field(&form, "seen"), &hours);
    assert_eq!(ward.post(&ward.lan, &format!("/content/P1/items/{clip}"), &saved).await.status(), 303);

    // what the screen will show, before anybody is asked
    let preview = ward.ok(&ward.lan, &format!("/content/P1/preview?screen=C-01&day={NEXT}&at=09:00")).await;
    assert!(preview.contains("Ngày hội") && preview.contains("chưa được duyệt"), "{preview}");
    let later = ward.ok(&ward.lan, &format!("/content/P1/preview?screen=C-01&day={NEXT}&at=10:00")).await;
    assert!(!later.contains("Ngày hội") && later.contains("thông báo"), "its hours are over");
    let step = ward.ok(&ward.lan, &format!("/content/P1/preview?screen=C-01&day={NEXT}&at=09:00&step=1")).await;
    assert!(step.contains("Nội dung 2 trên") && step.contains("rel=\"next\""), "{step}");
    ward.server.plan().await;
    assert!(!ward.planned("09:00", 200).await.contains(&clip), "a draft is in no plan");

    // sent; who brought it does not approve it, the head of the unit sees its picture and hash, and does
    assert_eq!(ward.post(&ward.lan, "/content/P1/send", &[]).await.status(), 303);
    let list = ward.ok(&ward.lan, "/content/P1").await;
    assert!(list.contains("Chờ duyệt") && !list.contains("bản nháp"), "{list}");
    let asked = ward.ok(&ward.hoa, "/approvals").await;
    let hash = Sha256Hash::of(b"V a clip").hex();
    assert!(asked.contains(&hash) && asked.contains(&format!("src=\"/content/thumb/{hash}\"")), "{asked}");
    ward.ok(&ward.hoa, &thumb).await;
    let open = ward.server.rooms.approvals.proposals().await.unwrap();
    for proposal in open.iter().filter(|p| p.brought_by == "lan") {
        let path = format!("/approvals/{}", proposal.number);
        let yes = [("say", "approve"), ("words", "12/QĐ-UBND")];
        assert_eq!(ward.post(&ward.lan, &path, &yes).await.status(), 409);
        assert_eq!(ward.post(&ward.hoa, &path, &yes).await.status(), 303);
    }
    assert!(ward.ok(&ward.lan, "/content/P1").await.contains("Đã duyệt"));

    // and the next day's plan holds it, in its hours, in its turn
    ward.server.plan().await;
    let morning = ward.planned("08:30", 40).await;
    let afternoon = ward.planned("10:00", 400).await;
    assert!(morning.contains(&clip) && morning.contains(&still), "{morning:?}");
    assert!(!afternoon.contains(&clip) && afternoon.contains(&still), "{afternoon:?}");
    let own: Vec<&String> = morning.iter().filter(|code| code.starts_with("p1-")).collect();
    assert!(own.windows(2).all(|two| two[0] != two[1]), "in turns: {own:?}");
    let acts = ward.acts();
    for act in ["loop-add", "loop-order", "loop-save", "loop-send"] {
        assert!(acts.contains(&format!("lan {act} unit P1")), "{act} is in the log: {acts:?}");
    }
    ward.data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_file_is_said_and_nothing_of_it_stays() {
    let ward = Ward::new().await;
    let before = ward.files();
    let token = ward.lan.form_token.clone();
    for (name, bytes, status, said) in [
        ("empty.mp4", &b""[..], 422, "tệp rỗng"),
        ("cut.mp4", b"X half of it", 422, "không phát được"),
        ("drawing.mp4", b"<svg xmlns=x>", 422, "không phát được"),
        ("long.mp4", b"N not whole", 422, "15 giây"),
        (HOSTILE, b"X", 422, "không phát được"),
        ("large.mp4", &[b'V'; 2 << 20], 413, "1 MiB"),
    ] {
        let (got, page) = ward.bring(&ward.lan, &token, name, bytes).await;
        assert!(got == status && page.contains(said), "{name}: {got} {page}");
        assert!(!page.contains("<script>alert") && !page.contains('\u{202e}'), "{page}");
        assert_eq!(ward.files(), before, "{name}");
    }
    // not from a page of the session's own; by somebody of another place or role
    assert_eq!(ward.bring(&ward.lan, "other", "a.mp4", b"V").await.0, 403);
    let now = ward.server.clock.now();
    let viewer = account(&ward.server.rooms.store, "xem", &[(Role::Viewer, Some("P1"))], now).await;
    assert_eq!(ward.bring(&viewer, &viewer.form_token, "a.mp4", b"V").await.0, 403);
    assert_eq!(ward.files(), before);
    assert!(!ward.ok(&viewer, "/content/P1").await.contains("type=\"file\""), "who only looks is offered nothing");
    let thumb = format!("/content/thumb/{}", Sha256Hash::of(b"nobody's"));
    assert_eq!(ward.page(&viewer, &thumb).await.0, 404);

    // a film of a telephone is cut to whole seconds, which is said, and what is cut is what plays
    let (status, _) = ward.bring(&ward.lan, &token, "phone.mp4", b"L of a telephone").await;
    assert_eq!(status, 303);
    let list = ward.ok(&ward.lan, "/content/P1?cut=15400").await;
    let made = Sha256Hash::of(b"V fifteen seconds of it").hex();
    assert!(list.contains("Phim dài 15,4 giây") && list.contains("cắt còn 15 giây") && list.contains(&made), "{list}");
    assert!(!list.contains(&Sha256Hash::of(b"L of a telephone").hex()));
    assert_eq!(ward.files(), before + 2, "it and its picture");

    // three hundred letters and tricks in a name: it stays a name
    let long = format!("{HOSTILE}{}.png", "ố".repeat(300));
    let code = ward.brought(&long, b"S long name").await;
    let list = ward.ok(&ward.lan, "/content/P1").await;
    assert!(list.contains("&#62;") && !list.contains("<script>alert") && !list.contains('\u{202e}'), "{list}");
    assert_eq!(ward.brought("again.png", b"S long name").await, code, "the same draft");
    assert_eq!(ward.ok(&ward.lan, "/content/P1").await.matches("id=\"item-").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_at_one_loop_lose_nothing_and_a_form_that_fails_comes_back_filled_in() {
    let ward = Ward::new().await;
    let code = ward.brought("a.png", b"S a").await;
    let other = ward.brought("b.png", b"S b").await;
    let path = format!("/content/P1/items/{code}");
    let (form, list) = (ward.ok(&ward.lan, &path).await, ward.ok(&ward.lan, "/content/P1").await);
    let (seen, order) = (field(&form, "seen"), field(&list, "seen"));

    // Hoa is quicker with the item, and with the order
    let hers = edit(seen, &[("title", "Của Hoa")]);
    assert_eq!(ward.post(&ward.hoa, &path, &hers).await.status(), 303);
    let late = ward.post(&ward.lan, &path, &edit(seen, &[("title", "Của Lan"), ("plays", "3")])).await;
    assert_eq!(late.status(), 409);
    let page = late.text().await.unwrap();
    assert!(
        page.contains("Có người khác vừa sửa") && page.contains("value=\"Của Lan\""),
        "what he typed is kept: {page}"
    );
    assert!(ward.ok(&ward.lan, &path).await.contains("value=\"Của Hoa\""), "and hers stands");
    let newer = field(&page, "seen").to_owned();
    let again = edit(&newer, &[("title", "Của hai người"), ("plays", "3")]);
    assert_eq!(ward.post(&ward.lan, &path, &again).await.status(), 303, "who has looked again saves");

    let moved = [("seen", order), ("order", &format!("{other},{code}") as &str)];
    assert_eq!(ward.post(&ward.hoa, "/content/P1/order", &moved).await.status(), 303);
    let late = ward.post(&ward.lan, "/content/P1/order", &[("seen", order), ("down", code.as_str())]).await;
    assert_eq!(late.status(), 409);

    // what cannot be so is said, field by field
    let form = ward.ok(&ward.lan, &path).await;
    let seen = field(&form, "seen");
    for (wrong, said) in [
        (vec![("title", "")], "ghi tên"),
        (vec![("plays", "11")], "từ 1 đến 10"),
        (vec![("length_s", "0")], "1 đến 600"),
        (vec![("from", "2024-09-22"), ("to", "2024-09-21")], "ngày cuối"),
        (vec![("to", "mai")], "mai"),
        (vec![("on", "")], "Thứ trong tuần: chưa chọn ngày nào"),
        (vec![("hours_from", "10:00"), ("hours_to", "09:00")], "giờ bắt đầu"),
    ] {
        let answer = ward.post(&ward.lan, &path, &edit(seen, &wrong)).await;
        let (status, page) = (answer.status(), answer.text().await.unwrap());
        assert!(status == 422 && page.contains(said), "{wrong:?}: {status} {page}");
    }

    // a draft is thrown away; what was sent is taken off, and what waited lapses
    let gone = [("seen", seen), ("do", "take-off")];
    assert_eq!(ward.post(&ward.lan, &path, &gone).await.status(), 303);
    assert_eq!(ward.page(&ward.lan, &path).await.0, 404);
    assert_eq!(ward.post(&ward.lan, "/content/P1/send", &[]).await.status(), 303);
    let path = format!("/content/P1/items/{other}");
    let form = ward.ok(&ward.lan, &path).await;
    let gone = [("seen", field(&form, "seen")), ("do", "take-off")];
    assert_eq!(ward.post(&ward.lan, &path, &gone).await.status(), 303);
    let list = ward.ok(&ward.lan, "/content/P1").await;
    assert!(list.contains("Đã hết hạn (1)"), "{list}");
    ward.data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_does_the_same_over_the_api() {
    let ward = Ward::new().await;
    let api = async |method: &str, path: &str, body: Option<String>| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = client().request(method, format!("{}/api/v1/{path}", ward.server.url));
        request = request.header("authorization", &ward.lan.bearer);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        (status, serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default())
    };
    let hash = Sha256Hash::of(b"S by a program").hex();
    let put = client().put(format!("{}/api/v1/media/{hash}?name=a.png&duration_s=10", ward.server.url));
    let put = put.header("authorization", &ward.lan.bearer).header("content-type", "application/octet-stream");
    assert_eq!(put.body("S by a program").send().await.unwrap().status(), 200);

    let (status, item) = api("POST", "units/P1/loop", Some(format!("{{\"media\":\"{hash}\"}}"))).await;
    assert_eq!((status, item["draft"].as_bool(), item["length_s"].as_u64()), (200, Some(true), Some(10)), "{item}");
    let (code, seen) = (item["code"].as_str().unwrap(), item["seen"].as_str().unwrap());
    let path = format!("units/P1/loop/items/{code}");
    let edit = |seen: &str, plays: u32| {
        let more = "\"title\":\"Thông báo\",\"length_s\":20,\"hours\":\"08:00-10:00\",\"on\":\"mon-fri\"";
        Some(format!("{{\"seen\":\"{seen}\",\"plays\":{plays},{more}}}"))
    };
    let (status, saved) = api("PUT", &path, edit(seen, 2)).await;
    assert_eq!((status, saved["length_s"].as_u64(), saved["plays"].as_u64()), (200, Some(20), Some(2)), "{saved}");
    assert_eq!(api("PUT", &path, edit(seen, 3)).await.0, 409, "looked at before");
    assert_eq!(api("PUT", &path, edit(saved["seen"].as_str().unwrap(), 11)).await.0, 422);
    let (_, whole) = api("GET", "units/P1/loop", None).await;
    assert_eq!(whole["items"][0]["hours"], "08:00-10:00");
    let order = format!("{{\"seen\":{},\"order\":[\"{code}\"]}}", whole["seen"]);
    assert_eq!(api("PUT", "units/P1/loop", Some(order)).await.0, 200);
    let (status, sent) = api("POST", "units/P1/loop/sending", None).await;
    assert_eq!((status, sent["proposals"].as_u64()), (200, Some(1)), "{sent}");
    let (_, whole) = api("GET", "units/P1/loop", None).await;
    let seen = whole["items"][0]["seen"].as_str().unwrap();
    assert_eq!(api("DELETE", &format!("{path}?seen={seen}"), None).await.0, 204);
    assert_eq!(api("DELETE", &format!("units/P1/loop/items/nobody?seen={seen}"), None).await.0, 404);
    assert_eq!(api("GET", "units/P9/loop", None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screens_page_says_what_it_shows_how_that_is_known_and_lets_one_look_closer() {
    let ward = Ward::new().await;
    ward.server.plan().await;
    ward.server.clock.jump_to(at(DAY, "09:05"));
    let page = ward.ok(&ward.lan, "/screens/C-01").await;
    for said in ["Lẽ ra đang phát:", "src=\"/content/thumb/", "Chưa lắp thiết bị"] {
        assert!(page.contains(said), "no player yet: {said}\n{page}");
    }
    assert!(!page.contains("Theo lịch, đang phát:") && !page.contains("name=\"ask\""), "{page}");

    let mut device = ward.server.device(&ward.data, "C-01").await;
    ward.server.live(&mut device, at(DAY, "09:31")).await;
    let page = ward.ok(&ward.lan, "/screens/C-01").await;
    // its records are here, and no heartbeat of it ever was: what is on nobody can know
    for said in ["mất mạng", "Lẽ ra đang phát:", "Lượt gần nhất thiết bị đã báo:", "Ảnh bên là nội dung trong lịch"]
    {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert!(!page.contains("Theo lịch, đang phát:") && !page.contains("Thiết bị đã báo, đang phát:"), "{page}");

    let quarter = ward.ok(&ward.lan, "/screens/C-01?hour=9&quarter=2").await;
    assert!(quarter.contains("09:30–09:45") && quarter.contains("quarter=3"), "{quarter}");
    assert_eq!(ward.page(&ward.lan, "/screens/C-01?hour=9&quarter=4").await.0, 400);
    assert!(
        !ward.ok(&ward.lan, "/screens/C-01?day=2024-09-19").await.contains("id=\"now\""),
        "of another day nothing is now"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_is_entered_ahead_planned_around_taken_back_and_stands_in_the_log() {
    let ward = Ward::new().await;
    ward.server.plan().await;
    let week = ward.ok(&ward.lan, "/screens/C-01/week").await;
    assert_eq!(week.matches("Giờ hoạt động:").count(), 7);
    assert!(week.contains("Đã có lịch.") && week.contains("Nội dung tại chỗ"), "{week}");

    let planned = async || {
        let screen = "C-01".parse().unwrap();
        let plan = ward.server.rooms.planning.store().newest(&screen, DAY.parse().unwrap()).await.unwrap().unwrap();
        plan.playlist.slots.iter().filter(|s| &clock_text(s.start_s)[..2] == "11").count()
    };
    assert!(planned().await > 0);
    let closure = |from: &'static str, to: &'static str, reason: &'static str| {
        [("close_from", DAY), ("close_from_time", from), ("close_to", DAY), ("close_to_time", to), ("reason", reason)]
    };
    let path = "/screens/C-01/closure";
    for (wrong, said) in [
        (closure("11:00", "10:00", "Sửa nguồn"), "Đến hết ngày: “2024-09-20” – kết thúc phải sau bắt đầu"),
        (closure("11:00", "12:00", ""), "Lý do: “—” – không được để trống"),
        (closure("25:00", "", "Sửa nguồn"), "“25:00”"),
        (closure("08:59", "", "Sửa nguồn"), "“08:59” – đã qua; ghi từ 09:00 trở đi"),
    ] {
        let answer = ward.post(&ward.lan, path, &wrong).await;
        let (status, page) = (answer.status(), answer.text().await.unwrap());
        let kept = format!("name=\"close_from_time\" value=\"{}\"", wrong[1].1);
        assert!(status == 422 && page.contains(said) && page.contains(&kept), "{said} {status}\n{page}");
    }
    assert_eq!(ward.post(&ward.lan, path, &closure("11:00", "12:00", "Sửa nguồn <b>")).await.status(), 303);
    assert_eq!(ward.post(&ward.lan, path, &closure("11:00", "12:30", "Lại")).await.status(), 409, "at the same minute");
    assert_eq!(ward.post(&ward.lan, path, &closure("", "09:30", "Mất điện")).await.status(), 303, "from now on");
    ward.server.plan().await;
    assert_eq!(planned().await, 0, "while it is closed it owes nothing, and nothing is planned");
    let now = ward.server.clock.now();
    assert!(ward.ok(&ward.lan, "/screens/C-01").await.contains("Đang tạm nghỉ đến 09:30 20/09/2024: Mất điện"));

    let viewer = account(&ward.server.rooms.store, "xem", &[(Role::Viewer, Some("P1"))], now).await;
    assert_eq!(ward.post(&viewer, path, &closure("13:00", "14:00", "x")).await.status(), 403);
    let seen = ward.ok(&viewer, "/screens/C-01/week").await;
    assert!(seen.contains("Sửa nguồn &#60;b&#62;") && seen.contains("Mất điện") && !seen.contains("name=\"reason\""));
    assert!(!seen.contains("name=\"back\""), "{seen}");

    // taken back as it was seen, and not when somebody has changed it meanwhile
    let back = |from: &'static str, seen: &'static str| [("back", from), ("seen", seen)];
    let noon = "2024-09-20 11:00 – 2024-09-20 12:00: Sửa nguồn <b>";
    assert_eq!(ward.post(&ward.lan, path, &back("2024-09-20 11:00", "otherwise")).await.status(), 409);
    assert_eq!(ward.post(&ward.lan, path, &back("2024-09-20 11:00", noon)).await.status(), 303);
    assert_eq!(
        ward.post(&ward.lan, path, &back("2024-09-20 11:00", noon)).await.status(),
        409,
        "it is not there any more"
    );
    ward.server.plan().await;
    assert!(planned().await > 0);
    // what runs ends with the next minute, and what was of it stays
    ward.server.clock.jump_to(at(DAY, "09:10"));
    let power = "2024-09-20 09:00 – 2024-09-20 09:30: Mất điện";
    assert_eq!(ward.post(&ward.lan, path, &back("2024-09-20 09:00", power)).await.status(), 303);
    let city = ward.server.rooms.city().await.unwrap();
    let screen = city.directory.screen(&"C-01".parse().unwrap()).unwrap();
    let left: Vec<_> = city.directory.closures_of(screen, DAY.parse().unwrap());
    assert_eq!((left.len(), left[0].on(DAY.parse().unwrap()).text().as_str()), (1, "09:00-09:10"));

    let history = ward.ok(&viewer, "/screens/C-01/history").await;
    assert_eq!(history.matches("Ghi tạm nghỉ, sửa chữa").count(), 2, "{history}");
    assert_eq!(history.matches("Bỏ tạm nghỉ, cho hoạt động lại").count(), 2, "{history}");
    assert!(history.contains("lan") && history.contains("Sửa nguồn &#60;b&#62;"), "{history}");
    assert_eq!(ward.acts().iter().filter(|act| act.ends_with(" screen C-01")).count(), 4);
    ward.data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saves_one_item_asks_for_it_alone_and_what_has_played_moves_into_no_future() {
    let ward = Ward::new().await;
    let code = ward.brought("a.png", b"S a").await;
    assert_eq!(ward.post(&ward.lan, "/content/P1/send", &[]).await.status(), 303);
    // another's content was taken back: it waits for nobody, and he who brought it would have to ask again
    let rooms = &ward.server.rooms;
    let all = rooms.approvals.proposals().await.unwrap();
    let taken = all.iter().find(|p| p.state == lichphat::approval::State::Approved).unwrap();
    ward.data.ok(&["approval", "withdraw", &taken.number.to_string(), "--reason", "x"]);
    let before = rooms.approvals.proposals().await.unwrap().len();
    let path = format!("/content/P1/items/{code}");
    let form = ward.ok(&ward.lan, &path).await;
    let longer = edit(field(&form, "seen"), &[("length_s", "12")]);
    let saved = ward.post(&ward.lan, &path, &longer).await;
    assert_eq!(saved.status(), 303, "{}", saved.text().await.unwrap());
    let all = rooms.approvals.proposals().await.unwrap();
    let new: Vec<String> = all.iter().skip(before).map(|p| p.draft.permit.campaign.to_string()).collect();
    assert!(new.iter().all(|campaign| *campaign == code), "only what is hers: {new:?}");

    // what was sent may have played since it has no first day: it can end, and not begin later
    let form = ward.ok(&ward.lan, &path).await;
    let later = edit(field(&form, "seen"), &[("length_s", "12"), ("from", "2024-12-01")]);
    let answer = ward.post(&ward.lan, &path, &later).await;
    let (status, page) = (answer.status(), answer.text().await.unwrap());
    assert!(status == 422 && page.contains("ngày đầu không lùi lại được"), "{status} {page}");
    assert!(page.contains("value=\"2024-12-01\""), "what was typed stands: {page}");
    let ends = edit(field(&form, "seen"), &[("length_s", "12"), ("to", "2024-12-01")]);
    assert_eq!(ward.post(&ward.lan, &path, &ends).await.status(), 303);
}

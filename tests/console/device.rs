//! The box at a screen, as its page tells of it.

use super::town::*;
use base64::Engine as _;
use bytes::Bytes;
use http::{Request, StatusCode};
use lichphat::certs::devices::DeviceCertificate;
use lichphat::directory::ScreenKind;
use lichphat::fleet::Way;
use lichphat::people::Caller;
use lichphat_player::identity::credentials::Credentials;
use lichphat_playlists::ids::{BootId, Seq};
use lichphat_playlists::ports::{Clock, ClockState};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::wire::command::{Answer, Ask, Command, Outcome};
use lichphat_playlists::wire::device::{Heartbeat, HeartbeatAnswer, Register, Registered};
use lichphat_playlists::wire::health::{ClockHealth, DisplayHealth, Health, Room, Versions};
use lichphat_playlists::wire::sign::{Commanding, Envelope, Evidence, SigningKey, VerifyingKey};
use serde_json::Value;

/// A device at screen S1 that speaks for itself.
pub(crate) struct Box1 {
    pub(crate) registered: Registered,
    command_key: VerifyingKey<Commanding>,
}

pub(crate) fn health() -> Health {
    Health {
        temperature_mc: Some(83_400),
        disk: Some(Room { free_bytes: 1 << 30, total_bytes: 32 << 30 }),
        memory: Some(Room { free_bytes: 900 << 20, total_bytes: 2 << 30 }),
        player_memory_bytes: Some(118 << 20),
        clock: ClockHealth { state: ClockState::Synced, error_ms: Some(3), offset_ms: Some(-12) },
        display: DisplayHealth {
            level: DisplayLevel::D2,
            connector: Some("card0-HDMI-A-1".into()),
            panel: Some("<b>LED P4".into()),
        },
        versions: Versions {
            software: "lichphat-player 0.1.0".into(),
            framework: Some("GStreamer 1.22.0".into()),
            kernel: Some("6.1.0".into()),
        },
        uptime_s: Some(3 * 86_400),
        running_s: 5 * 3_600,
        data_used_bytes: None,
        log: None,
        unproven_s: None,
    }
}

impl Box1 {
    pub(crate) async fn at(town: &Town) -> Self {
        let key = SigningKey::<Evidence>::from_seed(&[5; 32]);
        let file = town
            .rooms
            .fleet
            .provision(code("S1"), (&Way::default(), &town.rooms.public_keys), &Caller::shell().account)
            .await
            .unwrap();
        let command_key = VerifyingKey::from_base64(&file.command_key).unwrap();
        let credentials = Credentials::in_memory().unwrap();
        let csr = credentials.request().unwrap();
        let register = Register::new(file.token, &key, csr, "test", false);
        Self { registered: town.rooms.fleet.register(register).await.unwrap(), command_key }
    }

    pub(crate) async fn post(&self, town: &Town, path: &str, body: Vec<u8>) -> (StatusCode, String) {
        let request = Request::post(format!("/device/v1/{path}"))
            .extension(DeviceCertificate::read_pem(&self.registered.certificate).unwrap());
        let (status, body, _) = town.send(request.body(Bytes::from(body)).unwrap()).await;
        (status, body)
    }

    pub(crate) async fn beat(&self, town: &Town, health: Health) -> HeartbeatAnswer {
        let heartbeat = Heartbeat {
            at_ms: town.clock.now(),
            boot: BootId(1),
            run: "1".into(),
            last_seq: Seq(0),
            acked_seq: Seq(0),
            head: None,
            health,
            release: None,
            media_missing: 2,
            faults: vec!["sound-device-lost: <i>no card".into()],
        };
        let (status, body) = self.post(town, "heartbeat", serde_json::to_vec(&heartbeat).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

pub(crate) async fn town_with_a_screen() -> Town {
    Town::with(&[("W1", "Phường Ba Đình")], vec![screen("S1", "Sảnh", "W1", ScreenKind::Managed)]).await
}

#[tokio::test]
async fn a_box_says_how_it_is_and_its_page_says_what_to_mend() {
    let town = town_with_a_screen().await;
    assert!(!town.ok("/screens/S1").await.contains("Thiết bị phát"), "without a device there is nothing to say");
    let device = Box1::at(&town).await;
    assert!(!town.ok("/screens/S1").await.contains("id=\"box\""), "nor before it has spoken");
    device.beat(&town, health()).await;
    let html = town.ok("/screens/S1").await;
    for said in [
        "Máy quá nóng. Lau bụi",
        "Ổ lưu trữ sắp đầy",
        "83,4 °C",
        "còn 1 GiB trên 32 GiB",
        "lệch máy chủ −12 ms",
        "mức D2",
        "card0-HDMI-A-1",
        "&#60;b&#62;LED P4",
        "GStreamer 1.22.0, Linux 6.1.0",
        "3 ngày",
        "&#60;i&#62;no card",
    ] {
        assert!(html.contains(said), "{said}\n{html}");
    }
    assert!(!html.contains("Dữ liệu mạng"), "what it did not tell is not there");
    let html = town.ok("/screens/S1?lang=en").await;
    assert!(html.contains("The box is too hot.") && html.contains("1 GiB free of 32 GiB") && html.contains("5 hours"));

    let unknown = Health { temperature_mc: None, disk: None, unproven_s: Some(3 * 86_400), ..health() };
    device.beat(&town, unknown).await;
    let html = town.ok("/screens/S1").await;
    assert!(
        html.contains("Bản ghi chờ nhật ký chứng thực")
            && html.contains("Đã quá hai ngày mà thiết bị phát chưa xác nhận")
    );
    assert!(
        town.ok("/screens/S1?lang=en").await.contains("could not verify that the server&#39;s log holds its records")
    );
    assert!(!html.contains("Nhiệt độ") && !html.contains("quá nóng") && !html.contains("°C"));
    let json = town.cli(&["device", "status", "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!((rows[0]["screen"].as_str(), &rows[0]["temperature_c"]), (Some("S1"), &Value::Null));
    assert_eq!((rows[0]["display"].as_str(), rows[0]["clock_offset_ms"].as_i64()), (Some("D2"), Some(-12)));
    assert_eq!(rows[0]["unproven_h"], 72);
    device.beat(&town, health()).await;
    let csv = town.cli(&["device", "status", "--screen", "S1", "--format", "csv"]);
    assert!(csv.contains("The box is too hot.") && csv.contains("83.4"), "{csv}");
}

impl Box1 {
    /// What is asked of it, verified as a device does.
    async fn hears(&self, town: &Town) -> Vec<Command> {
        let open = |text: &String| {
            let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(text).unwrap();
            Command::open(&Envelope::from_bytes(bytes).unwrap(), &self.command_key).unwrap()
        };
        self.beat(town, health()).await.commands.iter().map(open).collect()
    }

    async fn answers(&self, town: &Town, command: &Command, outcome: Outcome, seed: [u8; 32]) -> StatusCode {
        let (id, device, epoch) = (command.id, command.device, command.epoch);
        let answer = Answer { id, device, epoch, at_ms: town.clock.now(), outcome };
        self.post(town, "answers", answer.seal(&SigningKey::from_seed(&seed)).into_bytes()).await.0
    }
}

/// Presses a button of the screen's page.
async fn press(town: &Town, form: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = Request::post("/screens/S1/ask").header("content-type", "application/x-www-form-urlencoded");
    request = request.header("cookie", &town.pass.cookie);
    let form = form.replace("TOKEN", &town.pass.form_token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (status, html, headers) = town.send(request.body(Bytes::from(form)).unwrap()).await;
    (status, headers.get("location").map_or(html, |to| to.to_str().unwrap().to_owned()))
}

const HERE: [(&str, &str); 2] = [("host", "127.0.0.1:8087"), ("origin", "http://127.0.0.1:8087")];

#[tokio::test]
async fn a_button_asks_the_player_and_its_page_shows_the_answer() {
    let town = town_with_a_screen().await;
    let asked = press(&town, "ask=screenshot&form_token=TOKEN", &HERE).await;
    assert!(asked.0 == StatusCode::BAD_REQUEST && asked.1.contains("has no player that could be asked"), "{asked:?}");
    let device = Box1::at(&town).await;
    assert_eq!(device.hears(&town).await, []);
    for form in [
        "ask=screenshot&form_token=TOKEN",
        "form_token=TOKEN&ask=identify",
        "ask=volume&percent=40&form_token=TOKEN&",
        "ask=log&form_token=TOKEN",
        "ask=challenge&form_token=TOKEN",
    ] {
        assert_eq!(press(&town, form, &HERE).await, (StatusCode::SEE_OTHER, "/screens/S1#box".into()), "{form}");
    }
    let commands = device.hears(&town).await;
    let words: Vec<&str> = commands.iter().map(|c| c.ask.word()).collect();
    assert_eq!(words, ["screenshot", "identify", "volume", "log", "challenge"]);
    assert!(commands.windows(2).all(|pair| pair[0].id < pair[1].id), "numbers go up");
    assert_eq!(commands[1].ask, Ask::Identify { name: "Sảnh".into() });
    assert_eq!(commands[0].screen.as_str(), "S1");
    assert_eq!(device.hears(&town).await, commands, "until it answers");
    assert!(town.ok("/screens/S1").await.contains("Đang chờ thiết bị phát"));

    let jpeg = base64::engine::general_purpose::STANDARD_NO_PAD.encode(b"\xff\xd8\xffpixels");
    let picture = Outcome::Picture { jpeg };
    assert_eq!(
        device.answers(&town, &commands[0], picture.clone(), [6; 32]).await,
        StatusCode::FORBIDDEN,
        "another's key"
    );
    assert_eq!(device.answers(&town, &commands[0], picture.clone(), [5; 32]).await, StatusCode::NO_CONTENT);
    assert_eq!(device.answers(&town, &commands[0], Outcome::Done, [5; 32]).await, StatusCode::NO_CONTENT, "again");
    let unknown = Command { id: lichphat_playlists::ids::CommandId(1), ..commands[0].clone() };
    assert_eq!(device.answers(&town, &unknown, Outcome::Done, [5; 32]).await, StatusCode::NOT_FOUND);
    let log = Outcome::Log { text: "WARN <script>".into() };
    device.answers(&town, &commands[3], log, [5; 32]).await;
    device.answers(&town, &commands[2], Outcome::Failed { cause: "not-remembered".into() }, [5; 32]).await;
    assert_eq!(device.hears(&town).await.len(), 2);
    let html = town.ok("/screens/S1").await;
    let shot = format!("/screens/S1/asked/{}.jpg", commands[0].id);
    for said in ["everything", &shot, "WARN &#60;script", "Không thực hiện được: ổ lưu trữ không ghi được"]
    {
        assert!(html.contains(said), "{said}\n{html}");
    }
    let request = Request::get(&shot).header("cookie", &town.pass.cookie);
    let answer = town.service.exchange(request.body(Bytes::new()).unwrap()).await.unwrap();
    assert_eq!(
        (answer.headers()["content-type"].to_str().unwrap(), answer.body().as_ref()),
        ("image/jpeg", b"\xff\xd8\xffpixels".as_ref())
    );

    // what nobody did in time is over, and its device does not hear of it any more
    town.clock.jump_to(town.clock.now().plus_ms(15 * 60_000 + 1));
    assert_eq!(device.hears(&town).await, []);
    assert!(town.ok("/screens/S1?lang=en").await.contains("Expired: the player did not hear of it in time"));
    let csv = town.cli(&["device", "answers", "--screen", "S1", "--format", "csv"]);
    assert!(csv.contains("screenshot") && csv.contains("Taken") && csv.lines().count() == 6, "{csv}");
}

#[tokio::test]
async fn another_sites_page_can_press_nothing() {
    let town = town_with_a_screen().await;
    let device = Box1::at(&town).await;
    let form = "ask=restart&form_token=TOKEN";
    for headers in [
        [("host", "127.0.0.1:8087"), ("origin", "http://evil.example")],
        [("host", "127.0.0.1:8087"), ("sec-fetch-site", "cross-site")],
        [("host", "127.0.0.1:8087"), ("origin", "null")],
        [("host", "127.0.0.1:8087"), ("x-origin", "http://127.0.0.1:8087")],
    ] {
        let (status, html) = press(&town, form, &headers).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(html.contains("không đến từ trang của lichphat"));
    }
    for form in ["ask=restart", "ask=restart&form_token=", "ask=restart&form_token=0", ""] {
        let (status, html) = press(&town, form, &HERE).await;
        assert!(status == StatusCode::FORBIDDEN && html.contains("không đến từ trang của lichphat"), "{form}");
    }
    for form in ["ask=reboot", "ask=restart&by=An", "ask=volume&percent=101", "ask=volume&percent=", "x=1"] {
        let form = format!("{form}&form_token=TOKEN");
        assert_eq!(press(&town, &form, &HERE).await.0, StatusCode::BAD_REQUEST, "{form}");
    }
    assert_eq!(device.hears(&town).await, [], "nothing was asked");
    for _ in 0..16 {
        assert_eq!(
            press(&town, form, &[("host", "[::1]:1"), ("origin", "http://[::1]:1")]).await.0,
            StatusCode::SEE_OTHER
        );
    }
    let full = press(&town, form, &HERE).await;
    assert!(full.0 == StatusCode::BAD_REQUEST && full.1.contains("16 commands wait"), "{full:?}");
}

//! The box at a screen, as its page tells of it.

use super::town::*;
use bytes::Bytes;
use http::{Request, StatusCode};
use lichphat::directory::ScreenKind;
use lichphat_playlists::ids::{BootId, Seq};
use lichphat_playlists::ports::{Clock, ClockState};
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::wire::device::{Heartbeat, HeartbeatAnswer, Register, Registered};
use lichphat_playlists::wire::health::{ClockHealth, DisplayHealth, Health, Room, Versions};
use lichphat_playlists::wire::sign::{Evidence, SigningKey};
use serde_json::Value;

/// A device at screen S1 that speaks for itself.
pub(crate) struct Box1 {
    pub(crate) registered: Registered,
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
    }
}

impl Box1 {
    pub(crate) async fn at(town: &Town) -> Self {
        let key = SigningKey::<Evidence>::from_seed(&[5; 32]);
        let file = town.rooms.fleet.provision(code("S1"), String::new(), String::new(), String::new()).await.unwrap();
        let public_key = key.verifying_key().to_base64();
        let register = Register { token: file.token, public_key, software: "test".into(), simulated: false };
        Self { registered: town.rooms.fleet.register(register).await.unwrap() }
    }

    pub(crate) async fn post(&self, town: &Town, path: &str, body: Vec<u8>) -> (StatusCode, String) {
        let request = Request::post(format!("/device/v1/{path}"))
            .header("authorization", format!("Bearer {}.{}", self.registered.device, self.registered.secret));
        let (status, body, _) = town.send(request.body(Bytes::from(body)).unwrap()).await;
        (status, body)
    }

    pub(crate) async fn beat(&self, town: &Town, health: Health) -> HeartbeatAnswer {
        let heartbeat = Heartbeat {
            at_ms: town.clock.now(),
            boot: BootId(1),
            last_seq: Seq(0),
            acked_seq: Seq(0),
            health,
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
    assert!(!town.ok("/screens/S1").await.contains("Máy phát"), "without a device there is nothing to say");
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

    let unknown = Health { temperature_mc: None, disk: None, ..health() };
    device.beat(&town, unknown).await;
    let html = town.ok("/screens/S1").await;
    assert!(!html.contains("Nhiệt độ") && !html.contains("quá nóng") && !html.contains("°C"));
    let json = town.cli(&["device", "status", "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!((rows[0]["screen"].as_str(), &rows[0]["temperature_c"]), (Some("S1"), &Value::Null));
    assert_eq!((rows[0]["display"].as_str(), rows[0]["clock_offset_ms"].as_i64()), (Some("D2"), Some(-12)));
    device.beat(&town, health()).await;
    let csv = town.cli(&["device", "status", "--screen", "S1", "--format", "csv"]);
    assert!(csv.contains("The box is too hot.") && csv.contains("83.4"), "{csv}");
}

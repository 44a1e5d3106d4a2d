//! An officer pairs a box on a telephone: the QR code leads to the page, the screen is looked at, and one button lets it in.

use super::device::town_with_a_screen;
use super::town::Town;
use crate::common::people::{Pass, account};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use lichphat::fleet::pairing::Welcome;
use lichphat::people::Role;
use lichphat_player::identity::credentials::Credentials;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::wire::device::{PairingRequest, PairingState};

async fn get(town: &Town, pass: &Pass, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header::COOKIE, &pass.cookie).body(Bytes::new()).unwrap();
    let (status, html, _) = town.send(request).await;
    (status, html)
}

async fn confirm(town: &Town, pass: &Pass, screen: &str, code: &str) -> (StatusCode, String) {
    let form = format!("code={code}&form_token={}", pass.form_token);
    let request = Request::post(format!("/screens/{screen}/pairing"))
        .header(header::HOST, "127.0.0.1:8087")
        .header(header::ORIGIN, "http://127.0.0.1:8087")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, &pass.cookie);
    let (status, html, _) = town.send(request.body(Bytes::from(form)).unwrap()).await;
    (status, html)
}

#[tokio::test]
async fn an_officer_pairs_a_box_after_a_look_at_its_screen() {
    let town = town_with_a_screen().await;
    let pass = &town.pass;
    let keys = town.rooms.public_keys.clone();
    let welcome = Welcome { way: Default::default(), keys, people: "https://lichphat.example:8087".into() };
    let csr = Credentials::in_memory().unwrap().request().unwrap();
    let request = PairingRequest { software: "test".into(), csr };
    let offer = town.rooms.fleet.offer(&request, None, &welcome).await.unwrap();
    assert_eq!(
        (offer.url, offer.server_name.as_str()),
        (format!("https://lichphat.example:8087/pairing?code={}", offer.code), "lichphat.example")
    );

    let led = format!("/pairing?code={}", offer.code);
    let (status, html) = get(&town, pass, &led).await;
    assert!(status == StatusCode::OK && html.contains(&format!("name=\"code\" value=\"{}\"", offer.code)), "{html}");
    assert!(!html.contains("action=\"/screens/"), "nothing to confirm before a screen is chosen");
    let (_, html) = get(&town, pass, &format!("{led}&screen=S1")).await;
    for said in ["Sảnh", "Phường Ba Đình", "action=\"/screens/S1/pairing\"", "Đúng, ghép thiết bị này"] {
        assert!(html.contains(said), "{said}: {html}");
    }
    let (status, html) = get(&town, pass, &format!("{led}&screen=S2")).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && html.contains("Không có màn hình nào mang mã này"), "{html}");

    // who may not let boxes in has no such page, and a wrong code is told in words
    let viewer = account(&town.rooms.store, "xem", &[(Role::Viewer, None)], town.clock.now()).await;
    assert_eq!(get(&town, &viewer, &led).await.0, StatusCode::FORBIDDEN);
    assert_eq!(confirm(&town, &viewer, "S1", &offer.code).await.0, StatusCode::FORBIDDEN);
    let (status, html) = confirm(&town, pass, "S1", "ZZZZZZZZ").await;
    assert!(
        status == StatusCode::UNPROCESSABLE_ENTITY && html.contains("Không có thiết bị nào đang hiện mã này"),
        "{html}"
    );

    assert_eq!(confirm(&town, pass, "S1", &offer.code).await.0, StatusCode::SEE_OTHER);
    let (_, html) = get(&town, pass, "/screens/S1?paired=1").await;
    assert!(html.contains("Đã nhận mã: thiết bị đang đăng ký") && !html.contains("Lắp thiết bị và ghép"), "{html}");
    let state = town.rooms.fleet.claimed(&offer.claim, &welcome).await.unwrap();
    assert!(matches!(state, PairingState::Confirmed(file) if file.screen.as_str() == "S1"));
}

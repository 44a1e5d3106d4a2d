//! Somebody is told: a cut cable becomes one mail, taken by whoever presses the button, told as over when it is well. The mail is
//! a real one, received by a server of this test; so is what a program is told. The server is stopped in between.

use crate::common::TestData;
use crate::common::people::{Pass, account};
use crate::today::{beat, troubled};
use crate::town::*;
use bytes::Bytes;
use http::{Request, StatusCode};
use lichphat::cmd::Context;
use lichphat::cmd::alerts::{Alerts, Ways};
use lichphat::cmd::rooms::Rooms;
use lichphat::config::{MailTls, Settings};
use lichphat::lang::Lang;
use lichphat::people::Role;
use lichphat_playlists::ids::DeviceId;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::HANOI;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// What came in, in order.
type Received = Arc<Mutex<Vec<String>>>;

/// A mail server that takes everything.
async fn mail_server() -> (u16, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, received) = (listener.local_addr().unwrap().port(), Received::default());
    let to = received.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                let (read, mut write) = socket.into_split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 sink\r\n").await.unwrap();
                let (mut mail, mut in_data) = (String::new(), false);
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer = match line.as_str() {
                        "." if in_data => {
                            in_data = false;
                            to.lock().unwrap().push(std::mem::take(&mut mail));
                            "250 taken\r\n"
                        }
                        line if in_data => {
                            mail += line;
                            mail += "\n";
                            continue;
                        }
                        "DATA" => {
                            in_data = true;
                            "354 go on\r\n"
                        }
                        "QUIT" => "221 bye\r\n",
                        _ => "250 sink\r\n",
                    };
                    if write.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, received)
}

/// A program that is told: it answers 204.
async fn program() -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (base, received) = (format!("http://{}/", listener.local_addr().unwrap()), Received::default());
    let to = received.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (mut all, mut some) = (Vec::new(), [0; 8192]);
            // head and body come in one piece or two
            while !String::from_utf8_lossy(&all).trim_end().ends_with('}') {
                match socket.read(&mut some).await {
                    Ok(n) if n > 0 => all.extend_from_slice(&some[..n]),
                    _ => break,
                }
            }
            to.lock().unwrap().push(String::from_utf8_lossy(&all).into_owned());
            let _ = socket.write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    (base, received)
}

/// The plain words of a mail: subject and body without their wrapping.
fn words(mail: &str) -> String {
    let (head, body) = mail.split_once("\n\n").unwrap();
    if head.to_ascii_lowercase().contains("base64") { base64_of(&body.replace('\n', "")) } else { unquoted(body) }
}

fn base64_of(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = text.bytes().filter_map(|b| LETTERS.iter().position(|l| *l == b));
    let (mut out, mut held, mut n) = (Vec::new(), 0_u32, 0);
    for six in bits {
        (held, n) = ((held << 6) | six as u32, n + 6);
        if n >= 8 {
            n -= 8;
            out.push((held >> n) as u8);
            held &= (1 << n) - 1;
        }
    }
    String::from_utf8(out).unwrap()
}

fn unquoted(body: &str) -> String {
    let joined = body.replace("=\n", "");
    let (mut out, mut bytes) = (Vec::new(), joined.bytes());
    while let Some(b) = bytes.next() {
        if b != b'=' {
            out.push(b);
            continue;
        }
        let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
        out.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
    }
    String::from_utf8(out).unwrap()
}

/// Posts a form as a page of this server would.
async fn post(town: &Town, pass: &Pass, path: &str, form: &str) -> (StatusCode, String) {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", &pass.cookie)
        .header("sec-fetch-site", "same-origin")
        .body(Bytes::from(format!("form_token={}&{form}", pass.form_token)))
        .unwrap();
    let (status, html, _) = town.send(request).await;
    (status, html)
}

async fn read(town: &Town, pass: &Pass, path: &str) -> String {
    let request = Request::get(path).header("cookie", &pass.cookie).body(Bytes::new()).unwrap();
    let (status, html, _) = town.send(request).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    well_formed(path, &html);
    html
}

fn settings(data: &TestData, mail_port: u16) -> Settings {
    let mut settings = Settings { data: data.path().to_owned(), ..Settings::default() };
    settings.mail.host = "127.0.0.1".into();
    settings.mail.port = mail_port;
    settings.mail.tls = MailTls::None;
    settings.mail.from = "Lịch phát <lich-phat@example.vn>".into();
    settings.web.address = "https://lich-phat.example.vn".into();
    settings
}

/// What sends, over the town's data, as a server that has just been started.
fn started(town: &Town, settings: &Settings) -> Alerts {
    let context = Context { settings: settings.clone(), lang: Lang::Vi, clock: town.clock.clone() };
    Alerts::new(Rooms::open(&context).unwrap(), settings, Arc::new(Ways::new(settings).unwrap()))
}

async fn look(alerts: &Alerts) -> u32 {
    alerts.look().await.unwrap();
    alerts.send().await.unwrap()
}

#[tokio::test]
async fn a_cut_cable_is_one_mail_taken_by_a_button_and_told_as_over_whatever_is_restarted() {
    let town = troubled().await;
    let (port, mails) = mail_server().await;
    let settings = settings(&town._data, port);
    let his = account(&town.rooms.store, "lan", &[(Role::Operator, Some("W1"))], town.clock.now()).await;
    let hers = account(&town.rooms.store, "mai", &[(Role::Operator, Some("W2"))], town.clock.now()).await;
    for (pass, name) in [(&his, "lan"), (&hers, "mai")] {
        let (status, html) =
            post(&town, pass, "/alerts", &format!("email={name}%40example.vn&dark=yes&at=07%3A30")).await;
        assert!(status == StatusCode::OK && html.contains("Đã lưu."), "{html}");
    }

    // the first look finds them, the next one, a little later, tells: one mail for both screens, and none to the other ward
    let alerts = started(&town, &settings);
    assert_eq!(look(&alerts).await, 0, "offline is told at the next look, a dark panel once it has lasted");
    town.clock.jump_to(friday().at(8 * 3_600 + 1_830, HANOI));
    assert_eq!(look(&alerts).await, 1);
    let mail = mails.lock().unwrap()[0].clone();
    assert!(mail.contains("To: lan@example.vn") && mail.contains("Message-ID: <lichphat-1@example.vn>"), "{mail}");
    let said = words(&mail);
    for part in ["MỚI XẢY RA", "2 màn hình ở <script>", "mất mạng từ 08:15", "https://lich-phat.example.vn/alerts"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!said.contains('\u{202e}'), "no name turns the mail around");

    // a server that was stopped and started says nothing twice
    let alerts = started(&town, &settings);
    assert_eq!(look(&alerts).await, 0);

    // the button: who took it is kept, and stands on the page; the other ward sees nothing of it
    assert!(!read(&town, &hers, "/alerts").await.contains("mất mạng từ"), "not hers");
    assert_eq!(post(&town, &hers, "/alerts/1", "").await.0, StatusCode::NOT_FOUND);
    let html = read(&town, &his, "/alerts").await;
    assert!(html.contains("Tôi xử lý") && html.contains("lan@example.vn"), "{html}");
    let number = html.split("action=\"/alerts/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(post(&town, &his, &format!("/alerts/{number}"), "").await.0, StatusCode::SEE_OTHER);
    let html = read(&town, &his, "/alerts").await;
    assert!(html.contains("lan nhận xử lý lúc 08:30"), "{html}");
    town.clock.jump_to(friday().at(8 * 3_600 + 1_900, HANOI));
    let (status, html) = post(&town, &his, &format!("/alerts/{number}"), "").await;
    assert!(status == StatusCode::CONFLICT && html.contains("đã có người nhận"), "{html}");

    // both are heard again: one word that it is over
    town.clock.jump_to(friday().at(9 * 3_600, HANOI));
    for device in [1, 2] {
        beat(&town, DeviceId(device), DisplayLevel::D1).await;
    }
    beat(&town, DeviceId(3), DisplayLevel::Dark).await;
    mails.lock().unwrap().clear();
    assert!(look(&alerts).await <= 1);
    let over: Vec<String> = mails.lock().unwrap().iter().map(|mail| words(mail)).collect();
    assert!(over.iter().any(|said| said.contains("ĐÃ HOẠT ĐỘNG LẠI")), "{over:?}");
}

#[tokio::test]
async fn a_mail_server_that_is_down_for_an_hour_loses_nothing_and_the_digest_comes_once() {
    let town = troubled().await;
    let (port, mails) = mail_server().await;
    let down = settings(&town._data, 9); // nobody answers there
    let his = account(&town.rooms.store, "lan", &[(Role::Operator, Some("W1"))], town.clock.now()).await;
    post(&town, &his, "/alerts", "email=lan%40example.vn&digest=yes&at=07%3A30").await;
    let alerts = started(&town, &down);
    assert_eq!(look(&alerts).await, 0);
    for minutes in [1, 10, 60] {
        town.clock.jump_to(friday().at(8 * 3_600 + 1_800 + minutes * 60, HANOI));
        assert_eq!(look(&alerts).await, 0, "still down");
    }
    let alerts = started(&town, &settings(&town._data, port));
    town.clock.jump_to(friday().at(10 * 3_600 + 1_800, HANOI));
    assert_eq!(look(&alerts).await, 1, "the one digest of this morning, late");
    let said = words(&mails.lock().unwrap()[0].clone());
    assert!(said.contains("VIỆC CẦN LÀM") && said.contains("chưa có thiết bị phát nào đăng ký"), "{said}");
    // a clock that is set back repeats nothing; the next morning brings the next one
    town.clock.jump_to(friday().at(7 * 3_600 + 1_801, HANOI));
    assert_eq!(look(&alerts).await, 0);
    town.clock.jump_to(friday().next().at(7 * 3_600 + 1_801, HANOI));
    assert_eq!(look(&alerts).await, 1);
}

#[tokio::test]
async fn a_program_is_told_under_a_signature_and_only_where_the_settings_allow_it() {
    let town = troubled().await;
    let (base, received) = program().await;
    let key = town._data.path().join("webhook.key");
    std::fs::write(&key, "0123456789abcdef\n").unwrap();
    let mut settings = settings(&town._data, 9);
    settings.alerts.webhooks = vec![base.clone()];
    settings.alerts.webhook_key_file = key.clone();
    // the town's own pages know of no address below which programs may be told
    let his = account(&town.rooms.store, "lan", &[(Role::Operator, Some("W1"))], town.clock.now()).await;
    let form = "webhook=http%3A%2F%2F169.254.169.254%2Flatest&dark=yes&at=07%3A30";
    let (status, html) = post(&town, &his, "/alerts", form).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && html.contains("không nằm trong những nơi"), "{html}");
    for (form, said) in [
        ("email=lan&dark=yes", "Địa chỉ thư không đúng"),
        ("email=lan%40a.vn%0d%0aBcc%3A+x%40b.vn&dark=yes", "Địa chỉ thư không đúng"),
        ("dark=yes", "Hãy ghi địa chỉ thư"),
        ("email=lan%40a.vn&digest=yes&at=25%3A00", "Giờ gửi không đúng"),
    ] {
        let (status, html) = post(&town, &his, "/alerts", form).await;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && html.contains(said), "{said}\n{html}");
    }

    let store = town.rooms.store.clone();
    let to = format!("{base}lich-phat");
    store
        .write(move |tx| {
            tx.execute(
                "INSERT INTO alert_subscription (account, lang, email, webhook, dark) VALUES ('lan', 'en', '', ?1, 1)",
                [to],
            )?;
            Ok(())
        })
        .await
        .unwrap();
    let alerts = started(&town, &settings);
    look(&alerts).await;
    town.clock.jump_to(friday().at(8 * 3_600 + 1_830, HANOI));
    assert_eq!(look(&alerts).await, 1);
    let request = received.lock().unwrap()[0].clone();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert!(head.starts_with("POST /lich-phat HTTP/1.1") && head.contains("lichphat-signature: sha256="), "{head}");
    assert!(body["text"].as_str().unwrap().contains("2 screens at"), "{body}");
    // a secret that anybody guesses signs nothing
    std::fs::write(&key, "short").unwrap();
    assert!(Ways::new(&settings).is_err());
}

//! People come in: the first administrator by a code from the server's own shell, everybody else by one from an administrator; with
//! password and six digits from then on; and nobody else, over real TLS.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::town::town;
use common::{Serve, TestData};
use lichphat::clock::SystemClock;
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _};
use lichphat_playlists::ports::Clock as _;
use std::collections::BTreeMap;
use std::sync::Mutex;
use totp_rs::{Builder, Secret, Totp};

const PASSWORD: &str = "bốn con gà trống";

/// A browser: its cookies, and where it is.
struct Browser<'s> {
    server: &'s Serve,
    line: HttpTransport,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// What a page answered.
struct Page {
    status: u16,
    /// Where it leads.
    to: String,
    html: String,
}

impl Page {
    /// The value of a field that the page carries.
    fn field(&self, name: &str) -> String {
        let at = self.html.split(&format!("name=\"{name}\" value=\"")).nth(1);
        at.unwrap_or_else(|| panic!("{name}: {}", self.html)).split('"').next().unwrap().to_owned()
    }

    /// The authenticator that it sets up.
    fn authenticator(&self) -> Totp {
        let secret = self.html.split("<code>").nth(1).unwrap().split("</code>").next().unwrap().replace(' ', "");
        Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap()
    }
}

/// Six digits of now, of half a minute before or after.
fn digits(of: &Totp, half_minutes: i64) -> String {
    let now = SystemClock::new().now().0 / 1000 + 30 * half_minutes;
    of.generate(now.unsigned_abs()).to_string()
}

impl<'s> Browser<'s> {
    fn of(server: &'s Serve) -> Self {
        let line = HttpTransport::new(&server.url, &server.authority).unwrap();
        Self { server, line, cookies: Mutex::default() }
    }

    async fn send(&self, request: Request) -> Page {
        let kept: Vec<String> = self.cookies.lock().unwrap().iter().map(|(k, v)| format!("{k}={v}")).collect();
        let answer = self.line.send(request.header("cookie", kept.join("; "))).await.unwrap();
        let mut to = String::new();
        for (name, value) in &answer.headers {
            match name.as_str() {
                "location" => to.clone_from(value),
                "set-cookie" => {
                    let (cookie, terms) = value.split_once("; ").unwrap();
                    let (name, value) = cookie.split_once('=').unwrap();
                    assert!(name.starts_with("__Host-"), "{name}");
                    for term in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                        assert!(terms.split("; ").any(|t| t == term), "{terms}");
                    }
                    self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        let status = answer.status;
        let html = String::from_utf8(answer.bytes(1 << 20).await.unwrap().to_vec()).unwrap();
        Page { status, to, html }
    }

    async fn get(&self, path: &str) -> Page {
        self.send(Request::get(path)).await
    }

    /// From a page of the server's own, as a form.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = Request::post(path, body).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.header("origin", self.server.url.as_str())).await
    }

    async fn sign_in(&self, account: &str, password: &str, digits: &str) -> Page {
        self.post("/login", &[("account", account), ("password", password), ("digits", digits)]).await
    }

    fn session(&self) -> String {
        self.cookies.lock().unwrap().get("__Host-lichphat").cloned().unwrap_or_default()
    }

    fn forget(&self) {
        self.cookies.lock().unwrap().clear();
    }

    /// Uses a one-time code; the authenticator that it set up.
    async fn first(&self, code: &str, fields: &[(&str, &str)], half_minutes: i64) -> (Page, Totp) {
        let page = self.post("/first", &[("code", code)]).await;
        assert_eq!(page.status, 200, "{}", page.html);
        let authenticator = page.authenticator();
        let six = digits(&authenticator, half_minutes);
        let chosen = [("code", code), ("password", PASSWORD), ("again", PASSWORD), ("digits", &six)];
        (self.post("/first", &[&chosen[..], fields].concat()).await, authenticator)
    }
}

const ADMIN: [(&str, &str); 2] = [("account", "Chi.Lan"), ("name", "Chị Lan <b>")];

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_comes_in_by_a_code_of_the_servers_shell_and_nobody_without() {
    let data = town();
    let server = data.serve();
    let lan = Browser::of(&server);
    let home = lan.get("/").await;
    assert_eq!((home.status, home.to.as_str()), (303, "/login"));
    assert_eq!(lan.get("/screens/C-01?day=2026-11-20").await.to, "/login?next=%2Fscreens%2FC-01%3Fday%3D2026-11-20");
    assert_eq!(lan.get("/nowhere").await.status, 404);
    assert_eq!(lan.sign_in("admin", "admin", "").await.status, 401, "there is no default login");

    let code = data.ok(&["people", "first"]);
    let code = code.trim();
    assert_eq!(lan.post("/first", &[("code", "0000-0000-0000-0000")]).await.status, 401);
    for (fields, said) in [
        (vec![("account", "chi lan"), ("name", "Lan")], "dùng 1 đến 64 ký tự"),
        (vec![("account", "shell"), ("name", "Lan")], "tên tài khoản đã có"),
        (vec![("account", "lan"), ("name", " ")], "hãy ghi họ tên"),
        (vec![("account", "lan"), ("name", "Lan"), ("again", "x")], "duplicate field"),
    ] {
        let (page, _) = lan.first(code, &fields, -1).await;
        assert!(page.status >= 400 && page.html.contains(said), "{said}: {}", page.html);
    }
    let wrong = [("code", code), ("password", PASSWORD), ("again", PASSWORD), ("digits", "000000")];
    assert!(lan.post("/first", &[&wrong[..], &ADMIN].concat()).await.html.contains("Mã 6 số không khớp"));
    let short = [("code", code), ("password", "ngắn"), ("again", "ngắn"), ("digits", "000000")];
    assert!(lan.post("/first", &[&short[..], &ADMIN].concat()).await.html.contains("12 đến 128 ký tự"));
    assert_eq!(lan.session(), "", "nobody is in yet");

    let (entered, authenticator) = lan.first(&code.to_lowercase().replace('-', " "), &ADMIN, -1).await;
    assert_eq!((entered.status, entered.to.as_str()), (303, "/"));
    let first = lan.session();
    let page = lan.get("/").await;
    assert!(page.status == 200 && page.html.contains("chi.lan"), "{}", page.html);
    assert!(lan.get("/account").await.html.contains("Quản trị viên: toàn thành phố"));
    let again = Browser::of(&server).post("/first", &[("code", code)]).await;
    assert!(again.status == 401 && again.html.contains("đã dùng hoặc đã hết hạn"), "a code is good once");

    // out: the cookie that was kept aside is worth nothing any more
    let token = lan.get("/account").await.field("form_token");
    assert_eq!(lan.post("/logout", &[]).await.status, 403, "no other page signs somebody out");
    assert_eq!(lan.post("/logout", &[("form_token", &token)]).await.to, "/login");
    lan.cookies.lock().unwrap().insert("__Host-lichphat".into(), first.clone());
    assert_eq!(lan.get("/").await.status, 303);

    // in again: with a session of a new name, whatever the browser brought along; and no six digits twice
    let now = digits(&authenticator, 0);
    assert_eq!(lan.sign_in("chi.lan", PASSWORD, &digits(&authenticator, -1)).await.status, 401, "used at first");
    assert_eq!(lan.sign_in("chi.lan", PASSWORD, "").await.status, 401);
    assert_eq!(lan.sign_in("chi.lan", "bốn con gà mái đẻ", &now).await.status, 401);
    let entered = lan.sign_in(" Chi.LAN ", PASSWORD, &now).await;
    assert_eq!(entered.status, 303, "{}", entered.html);
    assert!(lan.session() != first && lan.session().len() == 64);
    assert_eq!(lan.get("/").await.status, 200);
    let stranger = Browser::of(&server);
    assert_eq!(stranger.sign_in("chi.lan", PASSWORD, &now).await.status, 401, "nobody looks over the shoulder");

    // the log has what was done, and no secret
    let said =
        |entry: &str| String::from_utf8_lossy(&std::fs::read(data.path().join("lichphat.db")).unwrap()).contains(entry);
    assert!(!said(PASSWORD) && !said(code) && !said(&lan.session()));
}

/// An account that an administrator's shell made, in its owner's browser, with the authenticator.
async fn newcomer<'s>(data: &TestData, server: &'s Serve, account: &str, role: &[&str]) -> (Browser<'s>, Totp) {
    let code = data.ok(&[&["people", "add", account, "--name", "Người mới"], role].concat());
    let browser = Browser::of(server);
    let (page, authenticator) = browser.first(code.trim(), &[], -1).await;
    assert_eq!(page.status, 303, "{}", page.html);
    (browser, authenticator)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_or_a_lost_telephone_ends_what_was_before_and_deactivation_everything() {
    let data = town();
    let server = data.serve();
    let (an, authenticator) = newcomer(&data, &server, "an", &["--role", "operator", "--unit", "P1"]).await;
    let second = Browser::of(&server);
    assert_eq!(second.sign_in("an", PASSWORD, &digits(&authenticator, 0)).await.status, 303);
    let token = data.ok(&["people", "token", "add", "an", "--label", "bảng", "--acts", "view,operate", "--days", "1"]);
    let bearer = format!("Bearer {}", token.trim());
    let by_token = async |path: &str| {
        let line = HttpTransport::new(&server.url, &server.authority).unwrap();
        line.send(Request::get(path).header("authorization", bearer.as_str())).await.unwrap().status
    };
    assert_eq!((by_token("/units/P1").await, by_token("/metrics").await), (200, 403));

    let page = an.get("/account").await;
    let new = "một câu dễ nhớ hơn";
    let fields = |old| [("old", old), ("password", new), ("again", new)];
    let form_token = page.field("form_token");
    let with = |old| [&fields(old)[..], &[("form_token", form_token.as_str())]].concat();
    assert_eq!(an.post("/account/password", &fields(PASSWORD)).await.status, 403);
    assert_eq!(an.post("/account/password", &with("không phải thế đâu")).await.status, 401);
    assert_eq!(an.post("/account/password", &with(PASSWORD)).await.status, 200);
    assert_eq!((an.get("/units/P1").await.status, second.get("/units/P1").await.status), (200, 303));

    // the telephone is lost: what was chosen is good until the new code is used
    let code = data.ok(&["people", "code", "an"]);
    assert_eq!(an.get("/units/P1").await.status, 200);
    let (entered, authenticator) = second.first(code.trim(), &[], -1).await;
    assert_eq!((entered.status, an.get("/units/P1").await.status), (303, 303));
    assert_eq!(second.get("/units/P1").await.status, 200);
    assert_eq!(by_token("/units/P1").await, 200);

    data.ok(&["people", "deactivate", "an"]);
    assert_eq!((second.get("/units/P1").await.status, by_token("/units/P1").await), (303, 401));
    assert_eq!(second.sign_in("an", PASSWORD, &digits(&authenticator, 0)).await.status, 401);
    assert!(data.fails(2, &["people", "code", "an"]).contains("has ended"));
    let list = data.ok(&["people", "list", "--format", "csv"]);
    assert!(list.contains("an,Người mới,deactivated,,,"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tries_to_lock_somebody_out_makes_strangers_wait_and_nobody_else() {
    let data = town();
    let server = data.serve();
    let (an, authenticator) = newcomer(&data, &server, "an", &["--role", "viewer", "--unit", "P1"]).await;
    let (attacker, mut words) = (Browser::of(&server), Vec::new());
    for _ in 0..11 {
        let page = attacker.sign_in("an", "mật khẩu đoán mò", "123456").await;
        words.push((page.status, page.html));
        attacker.forget();
    }
    assert_eq!(words[..10].iter().map(|(status, _)| *status).collect::<Vec<_>>(), [401; 10]);
    assert!(words[10].0 == 429 && words[10].1.contains("hãy đợi"), "{}", words[10].1);
    // a name that nobody has is told the same, word for word, and waits the same
    let told = |html: &str| html.split("role=\"alert\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    for (n, (status, html)) in words.iter().enumerate() {
        let page = attacker.sign_in("nobody", "mật khẩu đoán mò", "123456").await;
        attacker.forget();
        assert_eq!(page.status, *status);
        if n < 10 {
            assert_eq!(told(&page.html), told(html));
        }
    }
    let six = digits(&authenticator, 0);
    assert_eq!(Browser::of(&server).sign_in("an", PASSWORD, &six).await.status, 429, "a stranger's browser waits");
    an.cookies.lock().unwrap().remove("__Host-lichphat");
    assert_eq!(an.sign_in("an", PASSWORD, &six).await.status, 303, "his own does not");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_by_file_and_the_same_file_again_changes_nothing() {
    let data = town();
    let file = data.path().join("people.csv");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let import = ["people", "import", file.to_str().unwrap(), "--format", "csv"];
    write(
        "account;name;role;unit;to;decision\nan;Trần An;operator;P1;;12/QĐ\nan;Trần An;approver;P1;2099-12-31;\nbinh;Lê Bình;unit-head;HN;;\n",
    );
    let codes = data.ok(&import);
    assert!(codes.starts_with("account,name,one_time_code\nan,Trần An,") && codes.lines().count() == 3, "{codes}");
    assert_eq!(data.ok(&import), "account,name,one_time_code\n", "nothing is new");
    write(
        "account,name,role,unit\nan,Trần An,viewer,*\ncuong,Vũ Cường,city-editor,P1\nÁnh,Ánh,viewer,P9\nbinh,Lê Bính,viewer,P1\ndung,,viewer,P1\ndung,Dũng,boss,\n",
    );
    let words = data.fails(1, &import);
    for said in [
        "people.csv:3:3: role = \"city-editor\": role = city-editor: is given over the city as a whole only",
        "people.csv:4:1: account = \"Ánh\"",
        "people.csv:4:4: unit = \"P9\": no such unit",
        "people.csv:5:2: name = \"Lê Bính\": this account is of Lê Bình",
        "people.csv:6:2: name = \"\": must not be empty",
        "people.csv:7:3: role = \"boss\": must be one of: viewer | operator",
        "people.csv:7:4: unit = \"\": write a unit's code or name",
    ] {
        assert!(words.contains(said), "{said}\n{words}");
    }
    let list = data.ok(&["people", "list", "--format", "csv"]);
    assert!(!list.contains("cuong") && list.lines().count() == 4, "taken whole or not at all: {list}");

    // delegation: of what he holds, no longer than he holds it, and no further
    let number = |account: &str, role: &str| {
        let list = data.ok(&["people", "list", "--format", "csv"]);
        let line =
            list.lines().find(|l| l.starts_with(account) && l.contains(role)).unwrap_or_else(|| panic!("{list}"));
        line.split(',').nth(3).unwrap().to_owned()
    };
    let (own, head) = (number("an", "approver"), number("binh", "unit-head"));
    let pass = |from: &str, grant: &str, to: &str, last: &[&str]| {
        let args = [&["people", "delegate", from, "--grant", grant, "--to-account", to], last].concat();
        data.run(&args).status.code()
    };
    let days = ["--from", "2026-01-01", "--to", "2099-12-01", "--decision", "7/UQ"];
    assert_eq!(pass("an", &own, "binh", &[]), Some(2), "without an end");
    assert_eq!(pass("an", &own, "binh", &["--to", "2100-01-01"]), Some(2), "longer than his own");
    assert_eq!(pass("an", &head, "binh", &days), Some(2), "another's");
    assert_eq!(pass("an", &own, "an", &days), Some(2));
    assert_eq!(pass("an", &own, "binh", &days), Some(0));
    let passed = number("binh", "approver");
    let list = data.ok(&["people", "list", "--format", "csv"]);
    assert!(list.contains(&format!("{passed},approver,P1,2026-01-01,2099-12-01,7/UQ,an,")), "{list}");
    assert_eq!(pass("binh", &passed, "an", &days), Some(2), "no further");
    data.ok(&["people", "revoke", "an", "--grant", &own]);
    assert!(!data.ok(&["people", "list", "--format", "csv"]).contains("approver"), "it goes with what it was of");
    assert!(
        data.fails(2, &["people", "token", "add", "an", "--label", "x", "--acts", "approve"]).contains("second factor")
    );
    data.ok(&["check"]);
}

//! People come in: the first administrator by a code from the server's own shell, everybody else by one from an administrator; with
//! password and six digits from then on, or a passkey; and nobody else, over real TLS.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod authenticator;
#[path = "../common/mod.rs"]
mod common;
mod passkeys;
#[path = "../common/visitor.rs"]
#[allow(dead_code, reason = "the pilot's people use more of it")]
mod visitor;

use common::town::{TownServer, at, import, town, unapproved};
use common::{Serve, TestData};
use lichphat::clock::SystemClock;
use lichphat::people::{
    AccountCode, Act, Caller, Chosen, Entered, EntryStore as _, NewSession, NotIn, PeopleError, Scope, SignIn, SignedIn,
};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::entry::{Entry, Statement};
use totp_rs::{Builder, Secret, Totp};
use visitor::{Browser, PASSWORD, Page};

impl Page {
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

impl Browser {
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
    let account = lan.get("/account").await.html;
    assert!(account.contains("Quản trị viên: toàn thành phố"), "{account}");
    assert!(account.contains("máy chủ chưa có địa chỉ bằng tên miền"), "so there are no passkeys: {account}");
    assert!(!account.contains("action=\"/account/passkeys\""), "{account}");
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
    // who is signed in may sign in anew, from a page of the session's own
    let next = digits(&authenticator, 1);
    let again = [("account", "chi.lan"), ("password", PASSWORD), ("digits", &next)];
    assert_eq!(lan.post("/login", &again).await.status, 403, "no other page changes whose browser it is");
    let form_token = lan.get("/login?next=%2Funits%2FP1").await.field("form_token");
    let (before, fields) =
        (lan.session(), [&again[..], &[("next", "/units/P1"), ("form_token", &form_token)]].concat());
    assert_eq!(lan.post("/login", &fields).await.to, "/units/P1");
    assert_ne!(lan.session(), before);
    let stale = Browser::of(&server);
    assert_eq!(stale.post("/login", &fields).await.status, 401, "the form of a session that is over is a form");
    let stranger = Browser::of(&server);
    assert_eq!(stranger.sign_in("chi.lan", PASSWORD, &now).await.status, 401, "nobody looks over the shoulder");

    let acts = acts(&data);
    assert_eq!(acts, ["shell first-code city", "chi.lan first-sign-in account chi.lan"]);
    let mut kept = std::fs::read(data.path().join("lichphat.db")).unwrap();
    kept.extend(std::fs::read(data.path().join("lichphat.db-wal")).unwrap_or_default());
    for secret in [PASSWORD, code, &code.replace('-', ""), &lan.session(), &first] {
        assert!(!kept.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "{secret} is kept");
    }
}

/// What the log says that accounts did.
fn acts(data: &TestData) -> Vec<String> {
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    let mut query = db.prepare("SELECT leaf FROM log_entry ORDER BY log_index").unwrap();
    let leaves = query.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let said = |leaf: rusqlite::Result<Vec<u8>>| match Entry::decode(&leaf.unwrap()).unwrap() {
        Entry::Statement(Statement::Act { account, act, on, .. }) => Some(format!("{account} {act} {on}")),
        _ => None,
    };
    leaves.filter_map(said).collect()
}

/// An account that an administrator's shell made, in its owner's browser, with the authenticator.
async fn newcomer(data: &TestData, server: &Serve, account: &str, role: &[&str]) -> (Browser, Totp) {
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
    let with_token = async |request: Request| {
        let line = HttpTransport::new(&server.url, &server.authority).unwrap();
        line.send(request.header("authorization", bearer.as_str())).await.unwrap().status
    };
    let by_token = async |path: &str| with_token(Request::get(path)).await;
    assert_eq!((by_token("/units/P1").await, by_token("/metrics").await), (200, 403));
    // one that may not look reads no order and no figures
    assert_eq!(by_token("/api/v1/campaigns").await, 200);
    let blind = data.ok(&["people", "token", "add", "an", "--label", "mù", "--acts", "operate", "--days", "1"]);
    let blind = format!("Bearer {}", blind.trim());
    for path in
        ["campaigns", "campaigns/x", "reports/x", "reports/x/screens", "reports/x/units", "reports/x/screens.csv"]
    {
        let request = Request::get(format!("/api/v1/{path}")).header("authorization", blind.as_str());
        let line = HttpTransport::new(&server.url, &server.authority).unwrap();
        assert_eq!(line.send(request).await.unwrap().status, 403, "{path}");
    }

    let page = an.get("/account").await;
    let new = "một câu dễ nhớ hơn";
    let fields = |old| [("old", old), ("password", new), ("again", new)];
    let form_token = page.field("form_token");
    let with = |old| [&fields(old)[..], &[("form_token", form_token.as_str())]].concat();
    assert_eq!(an.post("/account/password", &fields(PASSWORD)).await.status, 403);
    assert_eq!(an.post("/account/password", &with("không phải thế đâu")).await.status, 401);
    // whoever has the token of a program has not the account: neither with the password, nor with a cookie that he makes up
    for path in ["/account/password", "/account/delegate", "/account/revoke"] {
        let form = Request::post(path, serde_urlencoded::to_string(fields(PASSWORD)).unwrap());
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(with_token(form.header("cookie", "__Host-lichphat=made-up")).await, 403, "{path}");
    }
    assert_eq!(by_token("/account").await, 403);
    assert_eq!(an.post("/account/password", &with(PASSWORD)).await.status, 200);
    assert_eq!((an.get("/units/P1").await.status, second.get("/units/P1").await.status), (200, 303));

    // wrong old passwords are counted with the tries of signing in, and the browser that has changed it is known as before: it has
    // five tries at both together, while strangers have ten
    let page = an.get("/login").await;
    let form_token = page.field("form_token");
    let guess = "không phải thế đâu";
    let sign_in = [("account", "an"), ("password", guess), ("digits", "000000"), ("form_token", form_token.as_str())];
    let (mut tries, mut waits) = (0, false);
    while !waits && tries < 40 {
        let fields = if tries % 2 == 0 { with(guess) } else { sign_in.to_vec() };
        let path = if tries % 2 == 0 { "/account/password" } else { "/login" };
        waits = an.post(path, &fields).await.status == 429;
        tries += u32::from(!waits);
    }
    assert!((5..10).contains(&tries), "{tries}");

    // the telephone is lost: what was chosen is good until the new code is used
    let code = data.ok(&["people", "code", "an"]);
    assert_eq!(an.get("/units/P1").await.status, 200);
    let (entered, authenticator) = second.first(code.trim(), &[], -1).await;
    assert_eq!((entered.status, an.get("/units/P1").await.status), (303, 303));
    assert_eq!(second.get("/units/P1").await.status, 200);
    assert_eq!(by_token("/units/P1").await, 401, "whoever made it may be why");
    let token = data.ok(&["people", "token", "add", "an", "--label", "bảng", "--acts", "view", "--days", "1"]);
    let bearer = format!("Bearer {}", token.trim());
    let by_token = async |path: &str| {
        let line = HttpTransport::new(&server.url, &server.authority).unwrap();
        line.send(Request::get(path).header("authorization", bearer.as_str())).await.unwrap().status
    };
    assert_eq!(by_token("/units/P1").await, 200);

    data.ok(&["people", "deactivate", "an"]);
    assert_eq!((second.get("/units/P1").await.status, by_token("/units/P1").await), (303, 401));
    assert_eq!(second.sign_in("an", PASSWORD, &digits(&authenticator, 0)).await.status, 401);
    assert!(data.fails(2, &["people", "code", "an"]).contains("has ended"));
    let list = data.ok(&["people", "list", "--format", "csv"]);
    assert!(list.contains("an,Người mới,deactivated,,,"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ward_sees_and_gives_what_lies_below_it_and_nothing_else_is_there_for_it() {
    let data = unapproved();
    import(&data, "units", "more.csv", "code,name,kind,parent\nP2,Phường Bên Cạnh <b>,ward,HN\n");
    let server = data.serve();
    let (binh, _) = newcomer(&data, &server, "binh", &["--role", "administrator", "--unit", "P1"]).await;
    let (an, _) = newcomer(&data, &server, "an", &["--role", "operator", "--unit", "P1"]).await;
    let (mai, _) = newcomer(&data, &server, "mai", &["--role", "unit-head", "--unit", "P2"]).await;
    newcomer(&data, &server, "thu", &["--role", "administrator", "--everywhere"]).await;

    // another's screen and one that nobody has are told in the same words
    let foreign = mai.get("/screens/C-01").await;
    let nobodys = mai.get("/screens/C-77").await;
    assert_eq!((foreign.status, nobodys.status), (404, 404));
    assert_eq!(foreign.html.replace("C-01", "C-77"), nobodys.html);
    for path in ["/screens/C-01/why?at=09:00", "/screens/C-01/asked/1.jpg", "/units/P1", "/units/HN", "/units/P9"] {
        assert_eq!(mai.get(path).await.status, 404, "{path}");
    }
    assert_eq!((mai.get("/peaks").await.status, mai.get("/metrics").await.status), (403, 403));
    let home = mai.get("/").await;
    assert!(home.html.contains("Phường Bên Cạnh &#60;b&#62;") && !home.html.contains("/units/HN"), "{}", home.html);
    let token = |page: &Page| page.field("form_token");
    let hers = token(&mai.get("/account").await);
    assert_eq!(mai.post("/screens/C-01/ask", &[("ask", "identify"), ("form_token", &hers)]).await.status, 404);
    let his = token(&binh.get("/account").await);
    assert_eq!(binh.post("/screens/C-01/ask", &[("ask", "identify"), ("form_token", &his)]).await.status, 403);
    assert!(!binh.get("/screens/C-01").await.html.contains("action=\"/screens/C-01/ask\""), "nor is there a button");

    // accounts: his own ward's
    for somebody in [&an, &mai] {
        assert_eq!(somebody.get("/people").await.status, 403);
    }
    let list = binh.get("/people").await.html;
    assert!(list.contains("/people/an\"") && list.contains("/people/binh\""));
    assert!(!list.contains("/people/mai\"") && !list.contains("/people/thu\""), "{list}");
    assert_eq!((binh.get("/people/thu").await.status, binh.get("/people/nobody").await.status), (404, 404));
    let add = |account: &'static str, role: &'static str, unit: &'static str| {
        let (binh, his) = (&binh, his.as_str());
        async move {
            let fields =
                [("account", account), ("name", "Người <i>mới"), ("role", role), ("unit", unit), ("form_token", his)];
            binh.post("/people", &fields).await
        }
    };
    let made = add("chau", "approver", "P1").await;
    assert!(made.status == 200 && made.html.contains("Người &#60;i&#62;mới (chau)"), "{}", made.html);
    let code = made.html.split("<code>").nth(1).unwrap().split("</code>").next().unwrap().to_owned();
    let chau = Browser::of(&server);
    assert_eq!(chau.first(&code, &[], -1).await.0.status, 303, "with it its owner comes in");
    assert_eq!(add("chau", "viewer", "P1").await.status, 422, "the name is taken");
    for (role, unit) in [("viewer", "P2"), ("viewer", "HN"), ("viewer", "*")] {
        assert_eq!(add("dao", role, unit).await.status, 403, "{role} over {unit:?}");
    }
    assert_eq!((add("dao", "boss", "P1").await.status, add("dao", "viewer", "").await.status), (400, 422));
    let to = |account: &str, what: &str| format!("/people/{account}/{what}");
    let approver = [("role", "approver"), ("unit", "P1"), ("form_token", his.as_str())];
    assert_eq!(binh.post(&to("binh", "grant"), &approver).await.status, 422, "nobody to himself");
    assert_eq!(binh.post(&to("an", "grant"), &approver).await.status, 200);
    for what in ["code", "deactivate"] {
        let done = binh.post(&to("thu", what), &[("form_token", &his)]).await.status;
        assert_eq!(done, 404, "{what}: who stands above him is not there");
        assert_eq!(an.post(&to("chau", what), &[("form_token", &token(&an.get("/account").await))]).await.status, 403);
    }

    // passed on, by its holder, and taken back
    let page = an.get("/account").await;
    let own = page.html.split("<option value=\"").nth(2).unwrap().split('"').next().unwrap().to_owned();
    let pass = [("grant", own.as_str()), ("account", "mai"), ("from", "2026-01-01"), ("to", "2099-01-01")];
    let passed = an
        .post("/account/delegate", &[&pass[..], &[("decision", "7/UQ"), ("form_token", &token(&page))]].concat())
        .await;
    assert!(passed.status == 200 && passed.html.contains("(mai): Người duyệt: "), "{}", passed.html);
    assert_eq!(mai.get("/screens/C-01").await.status, 200);
    let number = passed.html.split("name=\"grant\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let back = [("account", "mai"), ("grant", number), ("form_token", &*token(&page))];
    assert_eq!(an.post("/account/revoke", &back).await.status, 200);
    assert_eq!(mai.get("/screens/C-01").await.status, 404);

    // who holds it for a time gives it for no longer, and who was only passed it on not at all
    let (huu, _) =
        newcomer(&data, &server, "huu", &["--role", "administrator", "--unit", "P1", "--to", "2099-01-01"]).await;
    let gives = async |browser: &Browser, account: &str, to: &str| {
        let form_token = token(&browser.get("/account").await);
        let fields = [("account", account), ("name", "Mới"), ("role", "viewer"), ("unit", "P1"), ("to", to)];
        browser.post("/people", &[&fields[..], &[("form_token", &form_token)]].concat()).await.status
    };
    assert_eq!((gives(&huu, "em", "").await, gives(&huu, "em", "2099-01-02").await), (422, 422));
    assert_eq!(gives(&huu, "em", "2099-01-01").await, 200);
    let page = huu.get("/account").await;
    let own = page.html.split("<option value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let pass = [("grant", own.as_str()), ("account", "mai"), ("from", "2026-01-01"), ("to", "2098-01-01")];
    let form_token = token(&page);
    let passed = [&pass[..], &[("decision", "8/UQ"), ("form_token", &form_token)]].concat();
    assert_eq!(huu.post("/account/delegate", &passed).await.status, 200);
    assert_eq!((mai.get("/people/em").await.status, gives(&mai, "em-hai", "2027-01-01").await), (200, 422));
    for what in ["code", "deactivate"] {
        let hers = token(&mai.get("/account").await);
        let refused = mai.post(&to("em", what), &[("form_token", &hers)]).await;
        assert!(refused.status == 422 && refused.html.contains("quản trị được uỷ quyền không cấp"), "{}", refused.html);
        assert_eq!(huu.get("/people/em").await.status, 200);
    }

    // what he has brought still waits for somebody's word: whoever ends the account says who looks after it
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    db.execute("UPDATE proposal SET brought_by = 'an' WHERE number = 1 AND state = 'open'", []).unwrap();
    let alone = binh.post(&to("an", "deactivate"), &[("heir", ""), ("form_token", &his)]).await;
    assert!(alone.status == 422 && alone.html.contains("còn 1 đề nghị chờ duyệt"), "{}", alone.html);
    assert_eq!(binh.post(&to("an", "deactivate"), &[("heir", "chau"), ("form_token", &his)]).await.to, "/people");
    let waits = data.ok(&["approval", "list", "--format", "csv"]);
    assert!(waits.lines().any(|line| line.starts_with("1,open,") && line.contains(",an,chau,")), "{waits}");
    assert_eq!(an.get("/").await.status, 303);
    let told = acts(&data);
    for act in
        ["binh account account chau", "binh grant account an", "an delegate account mai", "binh deactivate account an"]
    {
        assert!(told.iter().any(|told| told == act), "{act}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tries_to_lock_somebody_out_makes_strangers_wait_and_nobody_else() {
    let data = town();
    let server = data.serve();
    let (an, authenticator) = newcomer(&data, &server, "an", &["--role", "viewer", "--unit", "P1"]).await;
    let attacker = Browser::of(&server);
    let told = |html: &str| html.split("role=\"alert\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let mut words = Vec::new();
    for account in ["an", "nobody"] {
        // ten tries are free; what comes after them waits, a little longer each time
        let (mut status, mut tries) = (0, Vec::new());
        while status != 429 {
            let page = attacker.sign_in(account, "mật khẩu đoán mò", "123456").await;
            attacker.forget();
            status = page.status;
            tries.push((status, told(&page.html)));
            assert!(tries.len() < 40, "{tries:?}");
        }
        assert!(tries.last().unwrap().1.contains("hãy đợi") && tries.len() > 10, "{tries:?}");
        words.push(tries[..10].to_vec());
    }
    assert!(words[0].iter().all(|(status, _)| *status == 401));
    assert_eq!(words[0], words[1], "a name that nobody has is told the same, word for word");
    let six = digits(&authenticator, 0);
    an.cookies.lock().unwrap().remove("__Host-lichphat");
    assert_eq!(an.sign_in("an", PASSWORD, &six).await.status, 303, "his own browser does not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_by_file_and_the_same_file_again_changes_nothing() {
    let data = town();
    let file = data.path().join("people.csv");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let import = ["people", "import", file.to_str().unwrap(), "--format", "csv"];
    write(
        "account;name;role;unit;to;decision\nan;Trần An;operator;P1;;12/QĐ\nan;Trần An;approver;P1;2099-12-31;\nan;Trần An;operator;P1;;12/QĐ\nbinh;Lê Bình;unit-head;HN;;\n",
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

#[tokio::test(flavor = "multi_thread")]
async fn time_ends_codes_sessions_and_tokens_and_a_page_that_asks_by_itself_keeps_nobody_in() {
    let data = town();
    let server = TownServer::start(&data, at("2026-11-20", "06:00")).await;
    let (people, clock, here) = (&server.rooms.people, &server.clock, [127, 0, 0, 1].into());
    let minutes = |n: i64| clock.jump_to(clock.now().plus_ms(n * 60_000));

    let late = people.first_administrator().await.unwrap();
    minutes(60);
    let refused = people.first(&late, here).await.err();
    assert!(matches!(refused, Some(PeopleError::NotIn(NotIn::Code))), "an hour is over");
    let code = people.first_administrator().await.unwrap();
    let (first, password) = (people.first(&code, here).await.unwrap(), PASSWORD.to_owned());
    let digits = || first.authenticator.digits(clock.now());
    let (account, name, again) = ("lan".to_owned(), "Lan".to_owned(), password.clone());
    let chosen = Chosen { code, account, name, password: password.clone(), again, digits: digits() };
    let session = people.choose(chosen, here).await.unwrap().session;

    let is_in = async |session: &str, active| people.by_session(session, active).await.unwrap().is_some();
    for _ in 0..3 {
        minutes(119);
        assert!(is_in(&session, true).await, "who does something stays in");
    }
    minutes(119);
    assert!(is_in(&session, false).await);
    minutes(1);
    assert!(!is_in(&session, false).await, "two hours in which only a page asked by itself");

    let shown = SignIn { account: "lan".into(), password, digits: digits(), ..SignIn::default() };
    let session = people.sign_in(shown, here).await.unwrap();
    let SignedIn::Entered(Entered { session, .. }) = session else { panic!("there is no passkey") };
    for _ in 0..12 {
        minutes(59);
        assert!(is_in(&session, true).await);
    }
    minutes(12);
    assert!(!is_in(&session, true).await, "a day's work is over, whatever he does");

    // a clock that was set back makes no session longer
    let hash = Sha256Hash::of(b"of a time to come");
    let (account, to_come) = (AccountCode::new("lan").unwrap(), clock.now().plus_ms(6 * 60_000));
    let new =
        NewSession { hash, account, strong: true, step: None, passkey: None, browser: hash, before: None, at: to_come };
    assert!(server.rooms.store.open_session(new).await.unwrap());
    assert!(!is_in("of a time to come", true).await);

    let (directory, lan) = (server.rooms.city().await.unwrap().directory, AccountCode::new("lan").unwrap());
    let scope = Scope { acts: [Act::View].into(), unit: None };
    let token = people.token(&Caller::shell(), &lan, ("bảng", scope, 1), &directory).await.unwrap();
    minutes(24 * 60 - 1);
    assert!(people.by_token(&token).await.unwrap().is_some());
    minutes(1);
    assert!(people.by_token(&token).await.unwrap().is_none());
}

//! Passkeys, with an authenticator in software: made, shown in place of the six digits, copied, stolen, replayed and taken away.

use super::authenticator::Authenticator;
use super::common::town::{TownServer, at, fixture, town, unapproved};
use super::common::{Serve, TestData};
use super::{Browser, PASSWORD, Page, acts, digits, newcomer};
use lichphat::people::{AccountCode, Caller, PeopleError, SignIn, SignedIn, Via};
use lichphat_playlists::ports::Clock as _;
use std::path::Path;

const HOST: &str = "lich-phat.example.vn";
const ORIGIN: &str = "https://lich-phat.example.vn";

/// The same town, reached by a name.
fn named(data: TestData) -> TestData {
    let file = data.path().join("named.toml");
    let text = std::fs::read_to_string(fixture("server.toml")).unwrap();
    std::fs::write(&file, format!("{text}[web]\naddress = \"{ORIGIN}\"\n")).unwrap();
    data.with_settings(file.to_str().unwrap())
}

fn serve(data: &TestData, lines: &Path) -> Serve {
    let any = "127.0.0.1:0";
    let mut command = data.command(&["serve", "--listen", any, "--players", any, "--pairing", any]);
    command.stderr(std::fs::File::create(lines).unwrap());
    Serve::logging_to(command, lines, data)
}

impl Page {
    /// What the page asks an authenticator.
    fn options(&self) -> String {
        let options = self.html.split("data-options=\"").nth(1).unwrap_or_else(|| panic!("no question: {}", self.html));
        let options = options.split('"').next().unwrap();
        options.replace("&#34;", "\"").replace("&#38;", "&")
    }
}

impl Browser {
    /// From a page of the session's own.
    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form_token = self.get("/account").await.field("form_token");
        self.post(path, &[fields, &[("form_token", form_token.as_str())]].concat()).await
    }

    /// Asks for a new passkey.
    async fn ask(&self) -> String {
        let page = self.form("/account/passkeys", &[("name", "điện thoại <b>")]).await;
        assert_eq!(page.status, 200, "{}", page.html);
        page.options()
    }

    /// Brings what an authenticator has made.
    async fn made(&self, answer: &str) -> Page {
        self.form("/account/passkeys/made", &[("answer", answer)]).await
    }

    /// Leaves, then comes as far as to the passkey.
    async fn to_passkey(&self, account: &str) -> (String, String) {
        self.cookies.lock().unwrap().remove("__Host-lichphat");
        let page = self.sign_in(account, PASSWORD, " ").await;
        assert_eq!((page.status, self.session().as_str()), (200, ""), "nobody is in yet: {}", page.html);
        (page.field("ceremony"), page.options())
    }

    async fn show(&self, ceremony: &str, answer: &str) -> u16 {
        self.post("/login/passkey", &[("ceremony", ceremony), ("answer", answer), ("next", "/account")]).await.status
    }

    /// The numbers of the account's passkeys.
    async fn numbers(&self) -> Vec<String> {
        let page = self.get("/account").await.html;
        let cut = page.split("name=\"passkey\" value=\"").skip(1);
        cut.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_shown_in_place_of_the_digits_and_nothing_that_only_looks_like_it_lets_anybody_in() {
    let data = named(unapproved());
    let lines = data.path().join("serve.log");
    let server = serve(&data, &lines);
    let everywhere = ["--role", "approver", "--everywhere"];
    let (mut an, authenticator) = newcomer(&data, &server, "an", &everywhere).await;
    let elsewhere = an.get("/account").await.html;
    assert!(elsewhere.contains(&format!("Chỉ dùng được ở địa chỉ {ORIGIN}")), "{elsewhere}");
    assert!(!elsewhere.contains("action=\"/account/passkeys\""), "there is no button, either");
    an.host = Some(HOST.to_owned());
    assert!(an.get("/account").await.html.contains("action=\"/account/passkeys\""));

    // made: by an authenticator that looks whose finger it is, at this address, for this question, once, in this session
    let good = Authenticator::new(1, ORIGIN);
    let (false_page, unverified) = (
        Authenticator { origin: "https://lich-phat.example".to_owned(), ..good.clone() },
        Authenticator { verifies: false, ..good.clone() },
    );
    for bad in [&false_page, &unverified] {
        let options = an.ask().await;
        assert_eq!(an.made(&bad.make(&options)).await.status, 422);
        assert_eq!(an.made(&good.make(&options)).await.status, 422, "a question is asked once");
    }
    let (other, _) = (an.ask().await, an.ask().await);
    assert_eq!(an.made(&good.make(&other)).await.status, 422, "the answer to something else");
    for rubbish in
        ["", "{}", "[]", "\u{0}", &good.make(&other).replace("attestationObject\":\"o", "attestationObject\":\"p")]
    {
        an.ask().await;
        assert_eq!(an.made(rubbish).await.status, 422, "{rubbish:?}");
    }
    let (mut binh, _) = newcomer(&data, &server, "binh", &everywhere).await;
    binh.host = Some(HOST.to_owned());
    let options = an.ask().await;
    assert_eq!(binh.made(&good.make(&options)).await.status, 422, "another's session");
    assert_eq!(an.form("/account/passkeys", &[("name", " ")]).await.status, 422);
    assert_eq!(an.numbers().await, [""; 0]);
    let options = an.ask().await;
    let added = an.made(&good.make(&options)).await;
    assert!(added.status == 200 && added.html.contains("điện thoại &#60;b&#62;: thêm lúc"), "{}", added.html);
    let options = binh.ask().await;
    assert_eq!(binh.made(&good.make(&options)).await.status, 422, "no two have one key");
    let hers = Authenticator::new(2, ORIGIN);
    let options = binh.ask().await;
    assert_eq!(binh.made(&hers.make(&options)).await.status, 200);

    // shown: what only looks like it lets nobody in
    let mut shown = good.clone();
    let (ceremony, options) = an.to_passkey("an").await;
    assert!(options.contains("\"userVerification\":\"required\""), "{options}");
    let first = shown.show(&options);
    assert_eq!(an.show(&ceremony, &first).await, 303);
    assert_eq!(an.get("/account").await.status, 200);
    let session = an.session();
    assert_eq!(Browser::of(&server).show(&ceremony, &first).await, 401, "seen on its way and sent again");
    for (what, mut bad) in [
        ("a false page", Authenticator { origin: "https://lich-phat.example".to_owned(), ..shown.clone() }),
        ("another port", Authenticator { origin: format!("{ORIGIN}:8443"), ..shown.clone() }),
        ("nobody's finger", Authenticator { verifies: false, ..shown.clone() }),
        ("another's", Authenticator { counter: 9, ..hers.clone() }),
        ("another's under its name", Authenticator { id: good.id.clone(), counter: 9, ..hers.clone() }),
    ] {
        let (ceremony, options) = an.to_passkey("an").await;
        assert_eq!(an.show(&ceremony, &bad.show(&options)).await, 401, "{what}");
        assert_eq!(an.show(&ceremony, &shown.clone().show(&options)).await, 401, "{what}: asked once");
        let (ceremony, options) = an.to_passkey("an").await;
        assert_eq!(an.show(&ceremony, &shown.show(&options)).await, 303, "{what}: and the true one comes in");
    }
    let (ceremony, _) = an.to_passkey("an").await;
    assert_eq!(an.show(&ceremony, &first).await, 401, "the answer to something else");
    assert_eq!(an.show(&"0".repeat(64), &first).await, 401, "nobody was asked");

    // a copy of it: one of the two has gone on
    assert!(!std::fs::read_to_string(&lines).unwrap().contains("may have been copied"));
    let mut copy = good.clone();
    let (ceremony, options) = an.to_passkey("an").await;
    assert_eq!(an.show(&ceremony, &copy.show(&options)).await, 401);
    assert!(std::fs::read_to_string(&lines).unwrap().contains("may have been copied"), "and it is told");
    // asked at once, before either has come in
    let browser = Browser { host: Some(HOST.to_owned()), ..Browser::of(&server) };
    let ((one, options), (other, again)) = (an.to_passkey("an").await, browser.to_passkey("an").await);
    let mut twin = shown.clone();
    assert_eq!(
        (an.show(&one, &shown.show(&options)).await, browser.show(&other, &twin.show(&again)).await),
        (303, 401)
    );

    // with it everything is open that needs a second factor
    assert_ne!(an.session(), session);
    assert_eq!(an.form("/approvals/1", &[("say", "approve"), ("words", "5/QĐ")]).await.to, "/approvals");
    let told = acts(&data);
    assert!(told.iter().any(|act| act == "an passkey account an"), "{told:?}");
    // the digits are good beside it
    an.forget();
    assert_eq!(an.sign_in("an", PASSWORD, &digits(&authenticator, 0)).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_factor_is_the_last_to_go_and_a_one_time_code_ends_them_all() {
    let data = named(town());
    let server = data.serve();
    let (mut an, authenticator) = newcomer(&data, &server, "an", &["--role", "viewer", "--unit", "P1"]).await;
    an.host = Some(HOST.to_owned());
    let elsewhere = Browser { host: Some(HOST.to_owned()), ..Browser::of(&server) };
    let mut keys = [1, 2].map(|number| Authenticator::new(number, ORIGIN));
    assert_eq!(an.form("/account/digits/remove", &[]).await.status, 422, "nothing would be left");
    let options = an.ask().await;
    assert_eq!(an.made(&keys[0].make(&options)).await.status, 200);
    let only = an.numbers().await;
    assert_eq!(an.form("/account/digits/remove", &[]).await.status, 422, "it never let anybody in");
    let other = Browser { host: Some(HOST.to_owned()), ..Browser::of(&server) };
    let (ceremony, options) = other.to_passkey("an").await;
    assert_eq!(other.show(&ceremony, &keys[0].show(&options)).await, 303);
    let gone = an.form("/account/digits/remove", &[]).await;
    assert!(gone.status == 200 && gone.html.contains("Đã bỏ mã 6 số"), "{}", gone.html);
    assert_eq!(other.get("/account").await.status, 303, "other sessions end with it");
    let last = an.form("/account/passkeys/remove", &[("passkey", &only[0])]).await;
    assert!(last.status == 422 && last.html.contains("yếu tố thứ hai cuối cùng"), "{}", last.html);

    // now neither the password alone nor the digits let anybody in, nor is anything asked at another address
    let stranger = Browser::of(&server);
    for (account, digits) in [("an", ""), ("an", &*digits(&authenticator, 0))] {
        assert_eq!(stranger.sign_in(account, PASSWORD, digits).await.status, 401);
    }
    let (ceremony, options) = an.to_passkey("an").await;
    assert_eq!(an.show(&ceremony, &keys[0].show(&options)).await, 303);

    // another one, then the first goes
    let options = an.ask().await;
    assert_eq!(an.made(&keys[0].make(&options)).await.status, 422, "it is there");
    let options = an.ask().await;
    assert_eq!(an.made(&keys[1].make(&options)).await.status, 200);
    assert_eq!(an.form("/account/passkeys/remove", &[("passkey", "77")]).await.status, 422);
    let (late, asked) = elsewhere.to_passkey("an").await;
    assert_eq!(an.form("/account/passkeys/remove", &[("passkey", &only[0])]).await.status, 200);
    assert_eq!(an.numbers().await.len(), 1);
    assert_eq!(elsewhere.show(&late, &keys[0].show(&asked)).await, 401, "taken away while it was asked");
    let (ceremony, options) = an.to_passkey("an").await;
    assert_eq!(an.show(&ceremony, &keys[0].clone().show(&options)).await, 401);
    let (ceremony, options) = an.to_passkey("an").await;
    assert_eq!(an.show(&ceremony, &keys[1].show(&options)).await, 303);

    // all is lost: a new code ends what there was, and sets six digits up again
    let (late, asked) = elsewhere.to_passkey("an").await;
    let code = data.ok(&["people", "code", "an"]);
    an.forget();
    let (entered, authenticator) = an.first(code.trim(), &[], -1).await;
    assert_eq!((entered.status, an.numbers().await.len()), (303, 0));
    assert_eq!(elsewhere.show(&late, &keys[1].show(&asked)).await, 401);
    an.forget();
    assert_eq!(an.sign_in("an", PASSWORD, "").await.status, 401, "no passkey is asked for");
    assert_eq!(an.sign_in("an", PASSWORD, &digits(&authenticator, 0)).await.status, 303);
    let told: Vec<String> = acts(&data).into_iter().filter(|act| !act.contains("proposal")).collect();
    for act in ["an passkey account an", "an digits-end account an", "an passkey-end account an"] {
        assert!(told.iter().any(|told| told == act), "{act}: {told:?}");
    }
    data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_an_authenticator_can_be_answered_for_five_minutes() {
    let data = named(town());
    let server = TownServer::start(&data, at("2026-11-20", "06:00")).await;
    let (people, clock, here) = (&server.rooms.people, &server.clock, [127, 0, 0, 1].into());
    let account = AccountCode::new("demo").unwrap();
    let password = people.demonstration("demo", "Người xem thử").await.unwrap();
    let shown = || SignIn { account: "demo".into(), password: password.clone(), passkeys: true, ..SignIn::default() };
    let Ok(SignedIn::Entered(weak)) = people.sign_in(shown(), here).await else { panic!("there is no second factor") };
    let weak_caller = people.by_session(&weak.session, true).await.unwrap().unwrap();
    let refused = people.ask_for_new_passkey(&weak_caller, &weak.session, "x").await.err();
    assert!(matches!(refused, Some(PeopleError::Denied(_))), "the password alone makes none");

    let who = Caller { account, grants: Vec::new(), strong: true, via: Via::Session };
    let mut key = Authenticator::new(1, ORIGIN);
    for (wait_ms, good) in [(300_000, false), (299_999, true)] {
        let options = people.ask_for_new_passkey(&who, "s", "x").await.unwrap();
        clock.jump_to(clock.now().plus_ms(wait_ms));
        let added = people.add_passkey(&who, "s", &key.make(&options)).await;
        assert_eq!(added.is_ok(), good, "{added:?}");
    }
    for (wait_ms, good) in [(300_000, false), (299_999, true)] {
        let Ok(SignedIn::Asked(asked)) = people.sign_in(shown(), here).await else { panic!("it is there") };
        clock.jump_to(clock.now().plus_ms(wait_ms));
        let entered = people.sign_in_by_passkey(&asked.ceremony, &key.show(&asked.options), here).await;
        assert_eq!(entered.is_ok(), good);
        if let Ok(entered) = entered {
            assert!(people.by_session(&entered.session, true).await.unwrap().unwrap().strong);
        }
    }
    let plain = SignIn { passkeys: false, ..shown() };
    assert!(people.sign_in(plain, here).await.is_err(), "who has one shows it");
}

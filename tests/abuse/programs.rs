//! A program that signs in as a person does everything that the console does for people: accounts, roles, delegations, tokens and
//! boxes. What it may is the person's, and a page of another server gets nothing of it.

use crate::{Answer, House, ask};
use serde_json::{Value, json};
use std::cell::RefCell;
use totp_rs::{Builder, Secret, Totp};

const PASSWORD: &str = "bốn con gà trống";

/// Six digits of half a minute before now, now, or after.
fn digits(secret: &str, half_minutes: i64) -> String {
    let secret = Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    let it: Totp = Builder::new().with_secret(secret).build().unwrap();
    let now = lichphat_playlists::ports::Clock::now(&lichphat::clock::SystemClock::new());
    it.generate((now.0 / 1000 + 30 * half_minutes).unsigned_abs()).to_string()
}

/// A program with a jar of cookies and what signing in answered.
struct Program<'h> {
    house: &'h House,
    session: RefCell<(String, String)>,
}

impl<'h> Program<'h> {
    fn of(house: &'h House) -> Self {
        Self { house, session: RefCell::default() }
    }

    fn send(&self, what: &str, more: &str, body: &Value) -> Answer {
        let (cookie, form) = self.session.borrow().clone();
        let headers = format!("cookie: {cookie}\r\nx-form-token: {form}\r\ncontent-type: application/json\r\n{more}");
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        ask(&self.house.server.url, &self.house.server.authority, what, &headers, &body)
    }

    /// Done, with what it answered.
    fn does(&self, what: &str, body: &Value) -> Value {
        let answer = self.send(what, "", body);
        assert!([200, 204].contains(&answer.status), "{what}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    fn refused(&self, what: &str, body: &Value) -> (u16, String) {
        let answer = self.send(what, "", body);
        let problem: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{what}: {}", answer.body));
        (answer.status, problem["type"].as_str().unwrap().to_owned())
    }

    /// Keeps what a way in answered.
    fn enters(&self, answer: &Answer) {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.head.contains("cache-control: no-store"), "{}", answer.head);
        let session = answer.head.split("set-cookie: __Host-lichphat=").nth(1).unwrap().split(';').next().unwrap();
        let said: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(said["strong"], true, "{said}");
        *self.session.borrow_mut() =
            (format!("__Host-lichphat={session}"), said["form_token"].as_str().unwrap().to_owned());
    }

    /// Uses a one-time code; the authenticator's secret.
    fn first(&self, code: &str, account: &Value) -> String {
        let known = self.does("POST /api/v1/first", &json!({ "code": code }));
        let secret = known["authenticator"].as_str().unwrap().to_owned();
        let mut chosen = json!({ "code": code, "password": PASSWORD, "digits": digits(&secret, -1) });
        chosen.as_object_mut().unwrap().extend(account.as_object().cloned().unwrap_or_default());
        self.enters(&self.send("POST /api/v1/first/choice", "", &chosen));
        secret
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_signs_in_as_a_person_looks_after_people_and_their_tokens() {
    let house = House::new().await;
    let lan = Program::of(&house);
    let code = house.data.ok(&["people", "first"]);
    let secret = lan.first(code.trim(), &json!({ "account": "lan", "name": "Chị Lan" }));
    assert_eq!(lan.does("GET /api/v1/account", &Value::Null)["strong"], true);

    // an account, under a key: its code is told once and kept nowhere
    let new = json!({ "account": "an", "name": "Anh An", "grant": { "role": "operator", "unit": "P1" } });
    let made = lan.send("POST /api/v1/people", "idempotency-key: a\r\n", &new);
    let again = lan.send("POST /api/v1/people", "idempotency-key: a\r\n", &new);
    assert_eq!((made.status, again.status), (200, 409), "{}", again.body);
    assert!(again.body.contains("shown-once"), "{}", again.body);
    let invited: Value = serde_json::from_str(&made.body).unwrap();
    let code = invited["one_time_code"].as_str().unwrap();
    let kept = std::fs::read(house.data.path().join("lichphat.db-wal")).unwrap();
    assert!(!kept.windows(code.len()).any(|bytes| bytes == code.as_bytes()), "a one-time code is kept");
    assert_eq!(lan.refused("POST /api/v1/people", &new), (422, "refused".into()));

    // its owner comes in, and is held to what he may
    let an = Program::of(&house);
    an.first(code, &Value::Null);
    assert_eq!(an.refused("GET /api/v1/people", &Value::Null), (403, "forbidden".into()));
    assert_eq!(an.refused("GET /api/v1/people/lan", &Value::Null), (403, "forbidden".into()));

    // roles, given and taken back
    let head = json!({ "role": "unit-head", "unit": "P1", "decision": "12/QĐ-UBND" });
    let grant = lan.does("POST /api/v1/people/an/grants", &head)["grant"].as_u64().unwrap();
    assert_eq!(lan.does("POST /api/v1/people/an/grants", &head)["grant"], Value::Null, "he has it already");
    let held = lan.does("GET /api/v1/people/an", &Value::Null);
    assert_eq!((held["grants"].as_array().unwrap().len(), held["ready"].as_bool()), (2, Some(true)), "{held}");
    // what he passes on is his
    let code = lan.does(
        "POST /api/v1/people",
        &json!({ "account": "mai", "name": "Chị Mai", "grant": { "role": "viewer", "unit": "P1" } }),
    );
    let until = crate::today().plus(7).to_string();
    let passing = json!({ "grant": grant, "to": "mai", "until": until, "decision": "13/UQ" });
    let passed = an.does("POST /api/v1/account/delegations", &passing)["grant"].as_u64().unwrap();
    assert_eq!(an.does("GET /api/v1/account", &Value::Null)["passed_on"][0]["to"], "mai");
    assert_eq!(lan.refused("POST /api/v1/account/delegations", &passing), (422, "refused".into()), "not hers");
    assert_eq!(lan.refused(&format!("DELETE /api/v1/account/delegations/{passed}"), &Value::Null).0, 422);
    an.does(&format!("DELETE /api/v1/account/delegations/{passed}"), &Value::Null);
    lan.does(&format!("DELETE /api/v1/people/an/grants/{grant}"), &Value::Null);
    assert_eq!(lan.refused(&format!("DELETE /api/v1/people/an/grants/{grant}"), &Value::Null).0, 422, "it is gone");

    // a token of his own does what it says until it is taken back; none does what needs a person
    let token = json!({ "label": "bảng điện", "acts": ["view"], "days": 30 });
    let told = an.does("POST /api/v1/account/tokens", &token);
    let bearer = format!("authorization: Bearer {}\r\n", told["token"].as_str().unwrap());
    let by_token = |what: &str| ask(&house.server.url, &house.server.authority, what, &bearer, b"").status;
    assert_eq!((by_token("GET /api/v1/screens/C-01"), by_token("GET /api/v1/account/tokens")), (200, 403));
    for acts in [json!(["approve"]), json!(["no-such-act"]), json!([])] {
        let wrong = json!({ "label": "x", "acts": acts, "days": 1 });
        assert_eq!(an.refused("POST /api/v1/account/tokens", &wrong), (422, "refused".into()));
    }
    let listed = lan.does("GET /api/v1/people/an/tokens", &Value::Null);
    let number = &listed["items"][0]["token"];
    assert!(number.is_u64() && !listed.to_string().contains(told["token"].as_str().unwrap()), "{listed}");
    lan.does(&format!("DELETE /api/v1/people/an/tokens/{number}"), &Value::Null);
    assert_eq!(by_token("GET /api/v1/screens/C-01"), 401);

    // a list, and a file of accounts
    let csv = "account,name,role,unit\nbinh,Anh Bình,viewer,P1\n";
    let (cookie, form) = lan.session.borrow().clone();
    let headers = format!("cookie: {cookie}\r\nx-form-token: {form}\r\ncontent-type: text/csv\r\n");
    let post =
        |what: &str, body: &str| ask(&house.server.url, &house.server.authority, what, &headers, body.as_bytes());
    let taken = post("POST /api/v1/imports/people", csv);
    assert!(taken.status == 200 && taken.body.contains("\"account\":\"binh\""), "{}", taken.body);
    let wrong = post("POST /api/v1/imports/people", "account,name,role,unit\nmy,Chị My,no-role,P1\n");
    assert!(wrong.status == 422 && wrong.body.contains("no-role"), "{}", wrong.body);

    // who has lost his telephone, and who leaves
    assert!(lan.does("POST /api/v1/people/an/code", &Value::Null)["one_time_code"].is_string());
    assert!(code["one_time_code"].is_string());
    lan.does("POST /api/v1/people/an/deactivation", &json!({}));
    assert_eq!(an.refused("GET /api/v1/account", &Value::Null), (401, "unauthorized".into()));

    // out, and in again with other digits
    lan.does("DELETE /api/v1/session", &Value::Null);
    assert_eq!(lan.refused("GET /api/v1/account", &Value::Null).0, 401);
    let shown = |digits: String| json!({ "account": "lan", "password": PASSWORD, "digits": digits });
    assert_eq!(lan.refused("POST /api/v1/session", &shown(digits(&secret, -1))), (401, "not-let-in".into()), "used");
    lan.enters(&lan.send("POST /api/v1/session", "", &shown(digits(&secret, 0))));
    let other = "một câu dễ nhớ hơn";
    lan.does("POST /api/v1/account/password", &json!({ "old": PASSWORD, "password": other }));
    house.data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_server_does_nothing_by_the_session_that_a_browser_holds() {
    let house = House::new().await;
    let pass = &house.pass;
    let body = br#"{"ask":"identify"}"#;
    let status = |headers: &str| {
        let headers = format!("cookie: {}\r\n{headers}", pass.cookie);
        ask(&house.server.url, &house.server.authority, "POST /api/v1/screens/C-01/commands", &headers, body).status
    };
    let (json, token) = ("content-type: application/json\r\n", format!("x-form-token: {}\r\n", pass.form_token));
    assert_eq!(status(&format!("{json}{token}")), 202, "a program that signed in");
    for other in [
        json.to_owned(),
        format!("{json}x-form-token: {}\r\n", "0".repeat(64)),
        format!("{json}{token}origin: https://evil.example\r\n"),
        format!("{json}{token}sec-fetch-site: cross-site\r\n"),
        "content-type: application/x-www-form-urlencoded\r\n".to_owned(),
    ] {
        assert_eq!(status(&other), 403, "{other}");
    }
    // nor does a form sign somebody in as somebody else
    let form = "content-type: text/plain\r\n";
    let sign_in = ask(&house.server.url, &house.server.authority, "POST /api/v1/session", form, body);
    assert_eq!(sign_in.status, 415, "{}", sign_in.body);
    let evil = "content-type: application/json\r\norigin: https://evil.example\r\n";
    assert_eq!(ask(&house.server.url, &house.server.authority, "POST /api/v1/session", evil, body).status, 403);
}

//! A bare box asks for a code, somebody enters it, and the box is let in: once, in time, with its own key; nobody who guesses,
//! floods or listens gets anywhere (CVE-2018-16286: a display's pairing code could be tried for ever).

use super::certificates::{Door, answer, shown};
use super::common::town::{TownServer, at, provision, provision_again, town};
use lichphat::directory::table::SourceFile;
use lichphat::fleet::FleetError;
use lichphat::fleet::list::LIST_LIFE_MS;
use lichphat::fleet::pairing::{MISSES, MOST_OPEN, TRIES, Welcome};
use lichphat::people::AccountCode;
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::pairing::{Offer, ask, look};
use lichphat_player::identity::{Identity, IdentityError, make_key, register};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _};
use lichphat_player::sim_support::SeededRng;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::wire::device::{PairingRequest, Provisioning, Register};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

const MINUTE_MS: i64 = 60_000;

/// A box that nobody knows yet.
struct Bare {
    credentials: Arc<Credentials>,
    way: HttpTransport,
}

impl Bare {
    fn new(door: &Door) -> Self {
        let way = HttpTransport::new(&door.pairing, &door.identity.authority).unwrap();
        Self { credentials: Credentials::in_memory().unwrap(), way }
    }
    async fn ask(&self) -> Offer {
        ask(&self.way, &self.credentials).await.unwrap()
    }
    async fn look(&self, offer: &Offer) -> Option<Option<Provisioning>> {
        look(&self.way, offer).await.unwrap()
    }
    async fn register(&self, file: &Provisioning, seed: u64) -> Result<Identity, IdentityError> {
        let (key, credentials) = (make_key(&SeededRng::new(seed)), self.credentials.clone());
        register(&self.way, file, key, credentials, false).await
    }
}

fn account(name: &str) -> AccountCode {
    AccountCode::new(name).unwrap()
}

impl Door {
    /// `by` enters the code for C-02.
    async fn enter(&self, code: &str, by: &str) -> Result<(), FleetError> {
        let directory = self.rooms.city().await.unwrap().directory;
        let screen = ScreenCode::new("C-02").unwrap();
        self.rooms.fleet.confirm(code, &screen, &directory, &account(by)).await
    }
}

/// Another code that begins like it.
fn near(code: &str) -> String {
    let last = if code.ends_with('2') { '3' } else { '2' };
    format!("{}{last}", &code[..code.len() - 1])
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_lets_one_box_in_and_the_log_says_who_entered_it() {
    let door = Door::open().await;
    let bare = Bare::new(&door);
    let offer = bare.ask().await;
    assert_eq!(offer.code.len(), 9, "{}", offer.code);
    assert!(offer.url.ends_with(&format!("/pairing?code={}", offer.code.replace('-', ""))), "{}", offer.url);
    assert_eq!(bare.look(&offer).await, Some(None), "nobody has entered it");
    door.enter(&offer.code.to_lowercase(), "lan").await.unwrap();
    let file = bare.look(&offer).await.unwrap().unwrap();
    assert_eq!(file.screen.as_str(), "C-02");
    assert!(matches!(door.enter(&offer.code, "lan").await, Err(FleetError::NoCode)), "it is good once");

    // whoever has learned the token of another box cannot use it: it is good for that box's key alone
    let thief = Bare::new(&door);
    let refused = thief.register(&file, 7).await.unwrap_err();
    assert!(matches!(refused, IdentityError::Refused { status: 403, .. }), "{refused}");
    let identity = bare.register(&file, 8).await.unwrap();
    assert_eq!(door.index(&identity).await.unwrap().0, 200);
    assert!(matches!(bare.register(&file, 9).await, Err(IdentityError::Refused { status: 403, .. })), "used");
    let said = door.log();
    let mine = said.iter().find(|s| s.contains("\"kind\":\"device\"") && s.contains("\"C-02\"")).unwrap();
    assert!(mine.contains("\"by\":\"lan\"") && mine.contains("\"introduction\":\"code\""), "{mine}");

    // a code that nobody enters in ten minutes is over, and the box asks for another
    let late = Bare::new(&door);
    let offer = late.ask().await;
    door.pass(10 * MINUTE_MS + 1);
    assert_eq!(late.look(&offer).await, None);
    assert!(matches!(door.enter(&offer.code, "lan").await, Err(FleetError::NoCode)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_codes_is_stopped_and_stops_nobody_else() {
    let door = Door::open().await;
    let bare = Bare::new(&door);
    let offer = bare.ask().await;
    for _ in 0..TRIES {
        assert!(matches!(door.enter(&near(&offer.code), "mallory").await, Err(FleetError::NoCode)));
    }
    assert!(matches!(door.enter(&offer.code, "lan").await, Err(FleetError::NoCode)), "five wrong ones end it");
    assert_eq!(bare.look(&offer).await, None, "the box asks for another");
    let offer = bare.ask().await;
    for _ in TRIES + 1..=MISSES {
        assert!(matches!(door.enter("ZZZZ-ZZZZ", "mallory").await, Err(FleetError::NoCode)));
    }
    assert!(matches!(door.enter(&offer.code, "mallory").await, Err(FleetError::TooManyTries)), "even the right one");
    door.enter(&offer.code, "lan").await.unwrap();
    door.pass(10 * MINUTE_MS + 1);
    assert!(matches!(door.enter("ZZZZ-ZZZZ", "mallory").await, Err(FleetError::NoCode)), "after ten minutes he may");

    // and at the boxes' door: a claim is nothing to guess, and no code opens anything there
    let code = format!("Pairing {}", offer.code);
    for claim in ["", "Pairing ", &code, &format!("Pairing {}", "0".repeat(64))] {
        let request = Request::get("/device/v1/pairing").header("authorization", claim);
        assert_eq!(answer(&bare.way, request).await.unwrap(), (404, "not-found".into()), "{claim}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_fill_the_store_with_codes() {
    let door = Door::open().await;
    let bare = Bare::new(&door);
    for _ in 0..2 {
        bare.ask().await; // one box that asks for ever has one code
    }
    for _ in 1..MOST_OPEN[1] {
        Bare::new(&door).ask().await;
    }
    let another = || {
        let csr = Credentials::in_memory().unwrap().request().unwrap();
        let body = serde_json::to_vec(&PairingRequest { software: "x".into(), csr }).unwrap();
        answer(&bare.way, Request::post("/device/v1/pairing", body))
    };
    assert_eq!(another().await.unwrap(), (429, "no-room".into()));
    // whoever has registered makes room for the next: a workshop sits behind one address
    let offer = bare.ask().await;
    door.enter(&offer.code, "lan").await.unwrap();
    bare.register(&bare.look(&offer).await.unwrap().unwrap(), 6).await.unwrap();
    assert_eq!(door.count("pairing"), u64::from(MOST_OPEN[1]) - 1);
    assert_eq!(another().await.unwrap().0, 200);
    for csr in [String::new(), "A".repeat(60_000), "MIHH".into()] {
        let body = serde_json::to_vec(&PairingRequest { software: "x".into(), csr }).unwrap();
        let answer = bare.way.send(Request::post("/device/v1/pairing", body)).await.unwrap();
        assert_eq!(answer.status, 422);
    }
    // and who asks on and on does not get as far as the store
    let mut rest = Vec::new();
    while rest.last() != Some(&"too-many-requests".to_owned()) {
        assert!(rest.len() < 10, "{rest:?}");
        rest.push(another().await.unwrap().1);
    }

    // from everywhere at once
    let (keys, people) = (door.rooms.public_keys.clone(), String::new());
    let welcome = Welcome { way: Default::default(), keys, people };
    let offer = |n: u32| {
        let request =
            PairingRequest { software: "x".into(), csr: Credentials::in_memory().unwrap().request().unwrap() };
        let (fleet, welcome) = (door.rooms.fleet.clone(), welcome.clone());
        let network = Some(IpAddr::from(Ipv4Addr::from_bits(n)));
        async move { fleet.offer(&request, network, &welcome).await }
    };
    let all = futures_util::future::join_all((MOST_OPEN[1]..MOST_OPEN[0]).map(offer)).await;
    assert!(all.iter().all(Result::is_ok));
    assert!(matches!(offer(9_999).await, Err(FleetError::NoRoomForCodes)));
    door.pass(10 * MINUTE_MS + 1);
    offer(9_999).await.unwrap();
    assert_eq!(door.count("pairing"), 1, "what is over is swept out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_lets_its_boxes_in_without_a_code_and_nobody_else() {
    let door = Door::open().await;
    let (listed, other) = (Bare::new(&door), Bare::new(&door));
    let list = door.data.path().join("boxes.csv");
    let write = |rows: &str| std::fs::write(&list, format!("serial,sha256,screen\n{rows}")).unwrap();
    let path = list.to_str().unwrap();
    let key = listed.credentials.fingerprint().hex().to_uppercase();

    write(&format!("A1,{key},C-02\nA2,zz,C-02\nA3,{key},NO-1\n"));
    let refused = door.data.fails(1, &["device", "batch", path]);
    for said in ["boxes.csv:3", "64 hexadecimal", "boxes.csv:4", "is on line 2 already", "not a managed screen"] {
        assert!(refused.contains(said), "{said}: {refused}");
    }
    write(&format!("A1,{key},C-02\n"));
    let said = String::from_utf8(door.data.run(&["device", "batch", path]).stderr).unwrap();
    assert!(said.starts_with("1 boxes were added"), "{said}");
    let before = door.log().len();
    let again = String::from_utf8(door.data.run(&["device", "batch", path]).stderr).unwrap();
    assert!(again.starts_with("0 boxes were added"), "{again}");
    assert_eq!(door.log().len(), before, "the same list twice changes nothing");
    write(&format!("A1,{key},C-01\n"));
    let clash = door.data.fails(1, &["device", "batch", path]);
    assert!(clash.contains("boxes.csv:2") && clash.contains("listed for screen C-02 already"), "{clash}");

    let offer = listed.ask().await;
    let file = listed.look(&offer).await.unwrap().expect("it is let in at once");
    assert_eq!(other.look(&other.ask().await).await, Some(None), "who is not in it waits for a person");
    let identity = listed.register(&file, 5).await.unwrap();
    assert_eq!(door.index(&identity).await.unwrap().0, 200);
    let said = door.log().pop().unwrap();
    assert!(said.contains("\"introduction\":{\"list\":{\"sha256\"") && said.contains("\"by\":\"shell\""), "{said}");
    assert_eq!(listed.look(&listed.ask().await).await, Some(None), "once: later a code, like anybody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_box_is_taken_off_again_and_is_expected_for_ninety_days() {
    let door = Door::open().await;
    let directory = door.rooms.city().await.unwrap().directory;
    let bare = Bare::new(&door);
    let text = format!("serial,sha256,screen\nA1,{},C-02\n", bare.credentials.fingerprint().hex());
    let list = async || {
        let file = SourceFile { name: "boxes.csv", bytes: text.as_bytes() };
        door.rooms.fleet.add_list(file, &directory, &account("lan")).await.unwrap().unwrap()
    };
    let path = door.data.path().join("boxes.csv");
    std::fs::write(&path, &text).unwrap();
    let remove = || {
        let said = door.data.run(&["device", "batch", "--remove", path.to_str().unwrap()]).stderr;
        String::from_utf8(said).unwrap()
    };
    assert_eq!(list().await, 1);
    let offer = bare.ask().await;
    let file = bare.look(&offer).await.unwrap().expect("it is let in at once");
    assert!(remove().starts_with("1 boxes"));
    assert!(door.log().pop().unwrap().contains("\"act\":\"unlist-boxes\""));
    assert!(matches!(bare.register(&file, 5).await, Err(IdentityError::Refused { status: 403, .. })), "also just now");
    assert_eq!(bare.look(&bare.ask().await).await, Some(None), "it is taken off");
    assert!(remove().starts_with("0 boxes"));

    assert_eq!(list().await, 1);
    door.pass(LIST_LIFE_MS + 1);
    assert_eq!(bare.look(&bare.ask().await).await, Some(None), "it came too late");
    assert_eq!((list().await, list().await), (1, 0), "the list brought again begins anew");
    let offer = bare.ask().await;
    bare.register(&bare.look(&offer).await.unwrap().unwrap(), 5).await.unwrap();
    assert!(remove().starts_with("0 boxes"), "it has come: it is a device, which is revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_gets_nothing_more_and_its_open_stream_is_cut() {
    let door = Door::open().await;
    let way = HttpTransport::of(&door.identity).unwrap();
    let events = way.events(Request::get("/device/v1/events")).await.unwrap();
    assert_eq!(events.status, 200);
    let fails = |args: &[&str]| door.data.fails(2, &[&["device", "revoke"], args].concat());
    assert!(fails(&["--screen", "C-02", "--why", "lost"]).contains("C-02"));
    assert!(fails(&["--device", "77", "--why", "lost"]).contains("no device has this number"));
    assert!(fails(&["--screen", "C-01", "--why", " "]).contains("why"));
    door.data.ok(&["device", "revoke", "--screen", "C-01", "--why", "stolen from the hall"]);

    let revoked = (401, "revoked".to_owned());
    assert_eq!(door.index(&door.identity).await.unwrap(), revoked, "over the connection that was open");
    assert_eq!(answer(&way, Request::post("/device/v1/segments", "x")).await.unwrap(), revoked);
    assert!(matches!(door.renew().await, Err(IdentityError::NotRenewed { status: 401, .. })));
    events.bytes(1 << 16).await.unwrap(); // ends, within the minute that a stream is read for
    let said = door.log().pop().unwrap();
    for word in ["\"device-end\"", "\"revoked\"", "stolen from the hall", "\"by\":\"shell\""] {
        assert!(said.contains(word), "{said}");
    }

    // its key is good for nothing any more, whoever lets it in; a box with new keys comes to the same screen
    let (_, file) = provision_again(&door.data, "C-01", &door.identity.server);
    let nobody = HttpTransport::new(&door.pairing, &file.authority).unwrap();
    let with = |seed| {
        let (key, credentials) = (make_key(&SeededRng::new(seed)), Credentials::in_memory().unwrap());
        register(&nobody, &file, key, credentials, true)
    };
    let refused = with(1).await.unwrap_err().to_string();
    assert!(refused.contains("403") && refused.contains("was revoked"), "{refused}");
    let new = with(2).await.unwrap();
    assert!(new.device > door.identity.device && new.screen == door.identity.screen);
    assert_eq!(door.index(&new).await.unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_stick_and_the_log_make_nobody_a_device() {
    let door = Door::open().await;
    let (first, second, thief) = (Bare::new(&door), Bare::new(&door), Bare::new(&door));
    let (_, stick) = provision(&door.data, "C-02", &door.identity.server);
    let old = first.register(&stick, 11).await.unwrap();
    let stated = door.log().len();
    assert_eq!(first.register(&stick, 11).await.unwrap().device, old.device, "its answer was lost");

    // the stick, its evidence key as well, and another TLS key
    let status = |refused: Result<Identity, IdentityError>| match refused {
        Err(IdentityError::Refused { status, why, .. }) => (status, why),
        other => panic!("{other:?}"),
    };
    assert_eq!(status(thief.register(&stick, 11).await).0, 403);
    // a fresh token, and the key that the log tells everybody
    let (_, fresh) = provision_again(&door.data, "C-02", &door.identity.server);
    let csr = || thief.credentials.request().unwrap();
    let mut told = Register::new(fresh.token.clone(), &make_key(&SeededRng::new(12)), csr(), "x", false);
    told.public_key = old.evidence.verifying_key().to_base64();
    assert!(matches!(door.rooms.fleet.register(told).await, Err(FleetError::BadKey)), "nobody proved to hold it");
    let moved = Register { csr: csr(), ..Register::new(fresh.token.clone(), &old.evidence, csr(), "x", false) };
    assert!(matches!(door.rooms.fleet.register(moved).await, Err(FleetError::BadKey)), "proved for another request");
    assert_eq!(status(thief.register(&fresh, 11).await).0, 422, "a second TLS key of one device");
    assert_eq!(door.log().len(), stated, "nothing of it is stated");

    // the replaced box does not come back by the token that it has used
    let new = second.register(&fresh, 13).await.unwrap();
    let (refused, why) = status(first.register(&stick, 11).await);
    assert!(refused == 403 && why.contains("used already"), "{why}");
    assert_eq!(door.index(&new).await.unwrap().0, 200);
    let present = door.rooms.fleet.admit(&shown(&new)).await.unwrap();
    assert!(!present.retired, "the right box stands there");
    let (_, third) = provision_again(&door.data, "C-02", &door.identity.server);
    // by a new one it does, and the log says so
    let back = first.register(&third, 11).await.unwrap();
    assert_eq!(back.device, old.device);
    assert!(door.log().pop().unwrap().contains("\"kind\":\"device\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_disk_is_noticed_and_a_restart_is_none() {
    let data = town();
    let server = TownServer::start(&data, at("2026-06-01", "08:00")).await;
    let mut first = server.device(&data, "C-01").await;
    let told = || {
        let status = data.ok(&["device", "status", "--format", "json"]);
        status.contains("Two boxes are running with its identity")
    };
    first.sim.agent.heartbeat().await.unwrap();
    first.without_power(at("2026-06-01", "08:10"));
    server.clock.jump_to(at("2026-06-01", "08:10"));
    first.sim.agent.heartbeat().await.unwrap();
    assert!(!told(), "it was only switched on again");

    let mut copy = first.copied(&server);
    copy.agent.heartbeat().await.unwrap();
    assert!(!told(), "so far it may be the same box, started anew");
    first.sim.agent.heartbeat().await.unwrap();
    assert!(told());
    server.clock.jump_to(at("2026-06-02", "09:00"));
    first.sim.agent.heartbeat().await.unwrap();
    assert!(!told(), "the copy was not heard for a day");
}

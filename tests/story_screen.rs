//! One screen, one clip, end to end: an order becomes a signed plan, a device plays it, and its signed
//! records become a figure that can be checked. Real HTTP on a port of its own; the year is 2024.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::town::{TownDevice, TownServer, at, fixture, provision, town};
use common::{TestData, client};
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{Identity, IdentityError, make_key, register};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::sim_support::SeededRng;
use lichphat_playlists::ids::{BootId, CampaignCode, DeviceId, Epoch, PlanHash, Seq, Sha256Hash};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::HANOI;
use lichphat_playlists::wire::device::Problem;
use lichphat_playlists::wire::sign::{Envelope, Evidence, SigningKey};
use lichphat_playlists::wire::v1::{AssetTable, Playlist, PlaylistIndex};
use reqwest::{Response, StatusCode};
use rusqlite::Connection;
use serde_json::Value;

const DAY: &str = "2024-09-20";
const EVE: &str = "2024-09-19";
const ORDER: &str = "clean-street";

async fn planned_town() -> (TestData, TownServer) {
    let data = town();
    data.bring("directives", &fixture("order.toml"));
    let server = TownServer::start(&data, at(EVE, "20:00")).await;
    assert_eq!(server.plan().await, 7 * 3, "three screens, seven days");
    (data, server)
}

fn report(data: &TestData) -> Value {
    let ask = ["report", "compliance", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--format", "json"];
    serde_json::from_str(&data.ok(&ask)).unwrap()
}

/// The figures of screen C-01: counted, owed, made good, met.
fn figures(data: &TestData) -> (u64, u64, u64, bool) {
    let report = report(data);
    let line = report["lines"].as_array().unwrap().iter().find(|l| l["screen"] == "C-01").unwrap().clone();
    let n = |key: &str| line[key].as_u64().unwrap();
    (n("counted"), n("owed"), n("made_good"), line["met"].as_bool().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_one_screen_is_planned_played_proven_and_reported() {
    let (data, server) = planned_town().await;
    assert_eq!(server.plan().await, 0, "planning again with nothing new changes nothing");

    let mut device = server.device(&data, "C-01").await;
    server.clock.jump_to(at(DAY, "07:50"));
    device.sim.clock.advance_to(at(DAY, "07:50"));
    server.live(&mut device, at(DAY, "12:10")).await;
    device.sim.stop().await;
    assert!(device.sim.agent.playing().faults().is_empty(), "{:?}", device.sim.agent.playing().faults());

    // four owed and half as many again ahead: the first day is asked for six
    assert_eq!(figures(&data), (6, 4, 0, true));
    let report = report(&data);
    assert_eq!(report["sample"], true);
    let totals = &report["totals"];
    assert_eq!((totals["existing"].as_u64(), totals["on_duty"].as_u64()), (Some(2), Some(2)));
    assert_eq!((totals["met"].as_u64(), totals["short"].as_u64()), (Some(1), Some(1)), "C-02 has no device");
    assert_eq!(totals["short_causes"], serde_json::json!({ "no-device": 1 }));

    let receipt = receipt(get(&device, &server, "receipt").await, &device).await;
    let answer = device.sim.agent.heartbeat().await.unwrap();
    assert_eq!(answer.at_ms, at(DAY, "12:10"));
    let held = format!("SELECT max(last_seq) FROM {}", segments(&db(&data)));
    let held: i64 = db(&data).query_row(&held, [], |r| r.get(0)).unwrap();
    assert_eq!(receipt.acked.0, held as u64, "everything it wrote is held");
    data.ok(&["check"]);

    // what came in is known to the next plan: today is over, the ledger of the coming days went on
    server.clock.jump_to(at(DAY, "23:00"));
    assert!(server.plan().await > 0);
    data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_power_is_made_good_and_counted_as_such() {
    let (data, server) = planned_town().await;
    let mut device = server.device(&data, "C-01").await;
    server.clock.jump_to(at(DAY, "07:50"));
    device.sim.clock.advance_to(at(DAY, "07:50"));
    device.sim.meet().await;
    // 08:00-09:00, the whole first peak, passes in the dark
    device.without_power(at(DAY, "09:05"));
    server.clock.jump_to(at(DAY, "09:05"));
    server.live(&mut device, at(DAY, "12:10")).await;
    device.sim.stop().await;
    let (counted, owed, made_good, met) = figures(&data);
    assert_eq!((counted, owed, met), (6, 4, true));
    assert!(made_good >= 2, "the first peak's plays came in the second: {made_good}");
    data.ok(&["check"]);
}

// ------------------------------------------------------------------------------ evidence at the door

/// A device that is driven by hand: it knows its plan and seals what it likes.
struct Hand {
    device: TownDevice,
    plan: PlanHash,
    playlist: Playlist,
    item: u16,
}

impl Hand {
    async fn new(data: &TestData, server: &TownServer) -> Self {
        let device = server.device(data, "C-01").await;
        let index: PlaylistIndex = get(&device, server, "index").await.json().await.unwrap();
        let entry = index.days.iter().find(|d| d.day.to_string() == DAY).unwrap();
        let bytes = get(&device, server, &format!("plans/{}", entry.plan)).await.bytes().await.unwrap();
        let envelope = Envelope::from_bytes(bytes.to_vec()).unwrap();
        let playlist = Playlist::open(&envelope, &device.identity.plan_key).unwrap();
        let bytes = get(&device, server, &format!("assets/{}", entry.assets)).await.bytes().await.unwrap();
        let assets = AssetTable::decode(&bytes, entry.assets).unwrap();
        let order = CampaignCode::new(ORDER).unwrap();
        let item = assets.assets.iter().position(|a| a.code == order).unwrap() as u16;
        Self { device, plan: entry.plan, playlist, item }
    }

    /// Honest records of the order's `n` slots from its `first` on.
    fn plays(&self, first: usize, n: usize) -> Vec<PlayRecord> {
        let slots = self.playlist.slots.iter().enumerate().filter(|(_, s)| s.item == self.item);
        let record = |(slot, s): (usize, &lichphat_playlists::wire::v1::Slot)| PlayRecord {
            plan: self.plan,
            item: s.item,
            origin: Origin::Planned { slot: slot as u32 },
            boot: BootId(1),
            start: self.playlist.day.at(s.start_s, HANOI),
            end: self.playlist.day.at(s.start_s + 15, HANOI),
            mono_start_ms: 1_000 * u64::from(s.start_s),
            clock: ClockState::Synced,
            clock_error_ms: 1,
            frames_rendered: 450,
            frames_dropped: 0,
            display: DisplayLevel::D1,
            area_percent: 100,
            result: PlayResult::Complete,
        };
        slots.skip(first).take(n).map(record).collect()
    }

    fn segment(&self, first_seq: u64, previous: Option<&Envelope>, records: Vec<PlayRecord>) -> Segment {
        Segment {
            device: self.device.identity.device,
            epoch: self.device.identity.epoch,
            first_seq: Seq(first_seq),
            screen: self.device.identity.screen.clone(),
            offset: HANOI,
            simulated: true,
            previous: previous.map_or(Sha256Hash([0; 32]), Envelope::hash),
            anchor: String::new(),
            records,
        }
    }

    fn seal(&self, segment: &Segment) -> Envelope {
        segment.seal(&self.device.identity.evidence)
    }

    async fn post(&self, server: &TownServer, body: Vec<u8>) -> Response {
        post(server, "segments", &certificate(&self.device.identity), body).await
    }

    async fn acked(&self, server: &TownServer, envelope: &Envelope) -> u64 {
        receipt(self.post(server, envelope.as_bytes().to_vec()).await, &self.device).await.acked.0
    }
}

/// Who somebody is, as a proxy before a server in the clear says it.
fn certificate(identity: &Identity) -> String {
    identity.credentials.header().unwrap()
}

async fn post(server: &TownServer, what: &str, certificate: &str, body: Vec<u8>) -> Response {
    let request = client().post(format!("{}/device/v1/{what}", server.url));
    request.header("client-cert", certificate).body(body).send().await.unwrap()
}

async fn get(device: &TownDevice, server: &TownServer, what: &str) -> Response {
    let request = client().get(format!("{}/device/v1/{what}", server.url));
    request.header("client-cert", certificate(&device.identity)).send().await.unwrap()
}

async fn receipt(response: Response, device: &TownDevice) -> Receipt {
    assert_eq!(response.status(), StatusCode::OK);
    let envelope = Envelope::from_bytes(response.bytes().await.unwrap().to_vec()).unwrap();
    let receipt = Receipt::open(&envelope, &device.identity.receipt_key).unwrap();
    assert_eq!(receipt.device, device.identity.device);
    receipt
}

/// A refusal says its status and kind twice: in the head and in an RFC 9457 body.
async fn refusal(response: Response) -> (u16, String) {
    let status = response.status();
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{status}");
    let problem: Problem = response.json().await.unwrap();
    assert!(problem.status == status.as_u16() && !problem.title.is_empty(), "{problem:?}");
    (problem.status, problem.kind)
}

fn db(data: &TestData) -> Connection {
    Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap()
}

/// How many segments are held.
fn held(data: &TestData) -> i64 {
    let days = "SELECT count(*) FROM segment_day";
    match db(data).query_row(days, [], |r| r.get(0)).unwrap() {
        0 => 0,
        days => {
            assert_eq!(days, 1, "all was received on one day");
            rows(data, &segments(&db(data)))
        }
    }
}

fn rows(data: &TestData, table: &str) -> i64 {
    db(data).query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_counts_once_holes_are_answered_and_forks_are_kept_apart() {
    let (data, server) = planned_town().await;
    let hand = Hand::new(&data, &server).await;
    server.clock.jump_to(at(DAY, "12:00"));

    let first = hand.seal(&hand.segment(1, None, hand.plays(0, 2)));
    for _ in 0..5 {
        assert_eq!(hand.acked(&server, &first).await, 2);
    }
    assert_eq!((figures(&data).0, held(&data)), (2, 1), "five times the same is once");

    let ahead = hand.seal(&hand.segment(5, Some(&first), hand.plays(4, 2)));
    assert_eq!(hand.acked(&server, &ahead).await, 2, "a hole is answered with the mark");
    assert_eq!(held(&data), 1);

    let other = hand.seal(&hand.segment(1, None, hand.plays(2, 2)));
    for _ in 0..2 {
        assert_eq!(hand.acked(&server, &other).await, 2, "another story for the same place");
    }
    let stranger = hand.seal(&hand.segment(3, Some(&other), hand.plays(2, 2)));
    assert_eq!(hand.acked(&server, &stranger).await, 2, "and what continues it");
    let overlapping = hand.seal(&hand.segment(2, Some(&first), hand.plays(1, 3)));
    assert_eq!(hand.acked(&server, &overlapping).await, 2, "and one that begins in the middle of what is held");
    assert_eq!((rows(&data, "quarantine"), held(&data)), (3, 1), "kept for people, counted nowhere");

    let second = hand.seal(&hand.segment(3, Some(&first), hand.plays(2, 2)));
    assert_eq!(hand.acked(&server, &second).await, 4, "the true chain goes on");
    let third = hand.seal(&hand.segment(5, Some(&second), hand.plays(4, 2)));
    assert_eq!(hand.acked(&server, &third).await, 6);
    assert_eq!(figures(&data), (6, 4, 0, true));
    data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_evidence_is_refused_at_the_door() {
    let (data, server) = planned_town().await;
    let hand = Hand::new(&data, &server).await;
    let other = server.device(&data, "C-02").await;
    server.clock.jump_to(at(DAY, "12:00"));
    let honest = hand.segment(1, None, hand.plays(0, 2));
    let sealed = hand.seal(&honest).into_bytes();
    let mine = certificate(&hand.device.identity);
    let mut bent = mine.clone().into_bytes();
    bent[200] ^= 1;
    let bent = String::from_utf8(bent).unwrap();
    for shown in [&bent, mine.trim_matches(':'), "::", ":eA==:", "Bearer 1.secret"] {
        let answer = refusal(post(&server, "segments", shown, sealed.clone()).await).await;
        assert_eq!(answer, (401, "unauthorized".into()), "{shown}");
    }
    let forged = honest.seal(&SigningKey::<Evidence>::from_seed(&[9; 32])).into_bytes();
    assert_eq!(refusal(hand.post(&server, forged).await).await, (403, "bad-signature".into()));
    let mut bent = sealed.clone();
    *bent.last_mut().unwrap() ^= 1;
    assert!([403, 422].contains(&refusal(hand.post(&server, bent).await).await.0));
    let stolen = refusal(post(&server, "segments", &certificate(&other.identity), sealed.clone()).await).await;
    assert_eq!(stolen, (403, "wrong-sender".into()));
    let elsewhere = Segment { screen: other.identity.screen.clone(), ..honest.clone() };
    let unknown = Segment { device: DeviceId(999), ..honest.clone() };
    for claimed in [unknown, Segment { epoch: Epoch(2), ..honest.clone() }, elsewhere] {
        let answer = refusal(hand.post(&server, hand.seal(&claimed).into_bytes()).await).await;
        assert_eq!(answer, (403, "wrong-sender".into()));
    }
    for rubbish in [Vec::new(), b"not a segment".to_vec(), vec![0; 61_000]] {
        assert_eq!(refusal(hand.post(&server, rubbish).await).await.0, 422);
    }
    let (status, kind) = refusal(hand.post(&server, vec![0; 70_000]).await).await;
    assert_eq!((status, kind.as_str()), (413, "body-too-large"), "longer than any segment: not even read");
    assert_eq!(refusal(get(&other, &server, &format!("plans/{}", hand.plan)).await).await.0, 404, "another's plan");
    assert_eq!(refusal(get(&other, &server, "nothing").await).await, (404, "not-found".into()));
    assert_eq!((held(&data), rows(&data, "rollup"), rows(&data, "mark")), (0, 0, 0), "no trace of it");
    assert_eq!(hand.acked(&server, &Envelope::from_bytes(sealed).unwrap()).await, 2, "and the door still works");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisioning_file_works_once_for_managed_screens_only() {
    let data = town();
    let server = TownServer::start(&data, at(EVE, "20:00")).await;
    let (path, provisioning) = provision(&data, "C-01", &server.url);
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "it holds a token");
    let again = data.fails(1, &["device", "add", "--screen", "C-01", "--out", path.to_str().unwrap()]);
    assert!(again.contains("C-01.provision.toml"), "no file is overwritten: {again}");
    assert!(data.fails(2, &["device", "add", "--screen", "NO-1"]).contains("NO-1"));

    let transport = HttpTransport::new(&server.url, "").unwrap();
    let credentials = Credentials::in_memory().unwrap();
    let register = |n| {
        let (key, credentials) = (make_key(&SeededRng::new(n)), credentials.clone());
        register(&transport, &provisioning, key, credentials, true)
    };
    let identity = register(1).await.unwrap();
    let refused = register(2).await.unwrap_err();
    assert!(matches!(&refused, IdentityError::Refused { status: 403, .. }), "{refused}");
    assert!(refused.to_string().contains("lichphat device add --screen C-01"), "{refused}");

    // its answer was lost on the way: the same keys ask again and are the same device
    let again = register(1).await.unwrap();
    assert_eq!((again.device, again.epoch), (identity.device, identity.epoch));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_box_hands_in_what_it_holds_and_gets_no_more_plans() {
    let (data, server) = planned_town().await;
    let old = Hand::new(&data, &server).await;
    server.clock.jump_to(at(DAY, "12:00"));
    std::fs::remove_file(data.path().join("C-01.provision.toml")).unwrap();
    let (_, provisioning) = provision(&data, "C-01", &server.url);
    let transport = HttpTransport::new(&server.url, "").unwrap();
    let new =
        register(&transport, &provisioning, make_key(&SeededRng::new(77)), Credentials::in_memory().unwrap(), true)
            .await
            .unwrap();
    let sealed = old.seal(&old.segment(1, None, old.plays(0, 2)));
    assert_eq!(old.acked(&server, &sealed).await, 2, "what it played before it was taken down still counts");
    assert_eq!(figures(&data).0, 2);
    let none: PlaylistIndex = get(&old.device, &server, "index").await.json().await.unwrap();
    assert!(none.days.is_empty(), "its plans are the new box's");
    let request = client().get(format!("{}/device/v1/index", server.url));
    let mine = request.header("client-cert", certificate(&new)).send().await.unwrap();
    assert!(!mine.json::<PlaylistIndex>().await.unwrap().days.is_empty());
    data.ok(&["check"]);
}

// ------------------------------------------------------------------------------------ the audit, like fsck

/// What `lichphat check` finds, as "place: problem" lines.
fn found(data: &TestData) -> Vec<String> {
    let run = data.run(&["check", "--format", "json"]);
    let words = String::from_utf8_lossy(&run.stderr).into_owned();
    let findings: Vec<Value> = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{words}"));
    assert_eq!(run.status.code(), Some(i32::from(!findings.is_empty())), "{words}");
    let text = |f: &Value, key: &str| f[key].as_str().unwrap().to_owned();
    findings.iter().map(|f| format!("{}: {}", text(f, "place"), text(f, "problem"))).collect()
}

type Change = (String, Box<dyn Fn(&Connection)>);

fn sql(text: &str) -> Change {
    let change = text.to_owned();
    (text.to_owned(), Box::new(move |db| db.execute_batch(&change).unwrap()))
}

/// One bit in the middle of a blob.
fn bit(table: &str, column: &'static str, row: i64) -> Change {
    let table = table.to_owned();
    let name = format!("a bit of {table}.{column}, row {row}");
    let flip = move |db: &Connection| {
        let read = format!("SELECT {column} FROM {table} WHERE rowid = {row}");
        let mut bytes: Vec<u8> = db.query_row(&read, [], |r| r.get(0)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        db.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE rowid = {row}"), [bytes]).unwrap();
    };
    (name, Box::new(flip))
}

/// The log states another key for the first device.
fn other_key() -> Change {
    let change = |db: &Connection| {
        let find = "SELECT log_index, leaf FROM log_entry WHERE instr(leaf, CAST('\"kind\":\"device\"' AS BLOB)) ORDER BY 1 LIMIT 1";
        let (at, leaf): (i64, Vec<u8>) = db.query_row(find, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        let Ok(Entry::Statement(Statement::Device { device, epoch, screen, at_ms, approval, simulated, .. })) =
            Entry::decode(&leaf)
        else {
            panic!("an entry states a device")
        };
        let key = Box::new(SigningKey::from_seed(&[9; 32]).verifying_key());
        let stated = Statement::Device { device, epoch, screen, key, at_ms, approval, simulated };
        let change = "UPDATE log_entry SET leaf = ?1 WHERE log_index = ?2";
        db.execute(change, rusqlite::params![Entry::Statement(stated).encode(), at]).unwrap();
    };
    ("another key in the log".to_owned(), Box::new(change))
}

/// A zstd frame that holds `{}`.
const PACKED_BRACES: &str = "x'28b52ffd20021100007b7d'";

/// The table of the one day on which segments were received.
fn segments(db: &Connection) -> String {
    db.query_row("SELECT 'segment_' || day FROM segment_day", [], |r| r.get(0)).unwrap()
}

/// Changes the store behind everybody's back, looks at what `check` says, and puts it back.
fn tampered(data: &TestData, change: &dyn Fn(&Connection)) -> Vec<String> {
    let file = data.path().join(lichphat::store::sqlite::FILE_NAME);
    let kept = data.path().join("kept.db");
    let db = Connection::open(&file).unwrap();
    db.execute("VACUUM INTO ?1", [kept.to_str().unwrap()]).unwrap();
    let guards = "SELECT group_concat(sql, ';') FROM sqlite_master WHERE type = 'trigger'";
    let guards: String = db.query_row(guards, [], |r| r.get(0)).unwrap();
    let off = "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM sqlite_master WHERE type = 'trigger'";
    let off: String = db.query_row(off, [], |r| r.get(0)).unwrap();
    db.execute_batch(&off).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    change(&db);
    db.execute_batch(&guards).unwrap();
    drop(db);
    let found = found(data);
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(file.with_file_name(format!("{}{suffix}", lichphat::store::sqlite::FILE_NAME)));
    }
    std::fs::rename(kept, file).unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_every_place_that_was_changed_behind_its_back() {
    let data = {
        let (data, server) = planned_town().await;
        let hand = Hand::new(&data, &server).await;
        server.clock.jump_to(at(DAY, "12:00"));
        let mut last: Option<Envelope> = None;
        for n in 0..3 {
            let sealed = hand.seal(&hand.segment(n * 2 + 1, last.as_ref(), hand.plays(n as usize * 2, 2)));
            assert_eq!(hand.acked(&server, &sealed).await, n * 2 + 2);
            last = Some(sealed);
        }
        data
    };
    assert_eq!(found(&data), [""; 0]);
    let plan = "SELECT id FROM plan WHERE screen = 'C-01' ORDER BY day LIMIT 1 OFFSET 1"; // the day that was played
    let plan: i64 = db(&data).query_row(plan, [], |r| r.get(0)).unwrap();
    let segments = segments(&db(&data));
    let day_marks = segments.replace("segment", "mark");
    let of_plan = |set: &str| sql(&format!("UPDATE plan SET {set} WHERE id = {plan}"));
    let (of_day, of_rollup) = ("plan C-01 2024-09-20 v1: ", "rollup of device 1, 2024-09-20, clean-street: ");
    let first: i64 = db(&data).query_row(&format!("SELECT min(log_index) FROM {segments}"), [], |r| r.get(0)).unwrap();
    let (second, last) = (first + 1, first + 2);
    let entry = |n: i64, told: &str| format!("entry {n}: {told}");
    let unread = entry(first - 1, "");
    let [bad, row, gone] = [entry(second, ""), entry(last, "its row"), entry(second, "is missing")];
    let [other, nobody] = [entry(first, "is of device 1, whose key"), entry(first, "names device 1")];
    for ((name, change), place) in [
        (bit(&segments, "bytes", second), &bad[..]),
        (sql(&format!("UPDATE log_entry SET leaf = x'' WHERE log_index = {}", first - 1)), &unread),
        (other_key(), &other),
        (sql(&format!("UPDATE {segments} SET first_seq = 33, last_seq = 34 WHERE log_index = {last}")), &row),
        (sql(&format!("DELETE FROM {segments} WHERE log_index = {second}")), &gone),
        (sql(&format!("DELETE FROM {segments} WHERE log_index = {last}")), "mark of device 1, epoch 1: "),
        (sql("DELETE FROM log_entry"), "entry 0: is missing"),
        (sql(&format!("DELETE FROM {day_marks}")), "mark of device 1, epoch 1 before 2024-09-20: "),
        (sql(&format!("UPDATE {day_marks} SET acked_seq = 5")), "mark of device 1, epoch 1 before 2024-09-20: "),
        (sql("UPDATE rollup SET counted = 7, at_d1 = 7"), of_rollup),
        (sql("DELETE FROM rollup"), of_rollup),
        (sql("DELETE FROM approval_document WHERE kind = 'permit'"), of_rollup),
        (sql("UPDATE mark SET acked_seq = 5"), "mark of device 1, epoch 1: "),
        (bit("plan", "document", plan), of_day),
        (of_plan("document = x'00'"), of_day),
        (of_plan("slots = slots + 1"), of_day),
        (of_plan("hash = zeroblob(32)"), of_day),
        (of_plan("version = 9"), "plan C-01 2024-09-20 v9: "),
        (sql(&format!("UPDATE plan_campaign SET planned = planned + 1 WHERE plan_id = {plan}")), of_day),
        (sql(&format!("UPDATE plan_campaign SET asked = 2 WHERE plan_id = {plan} AND tier = 'order'")), of_day),
        (sql(&format!("DELETE FROM plan_campaign WHERE plan_id = {plan}")), of_day),
        (sql("UPDATE asset_table SET packed = x'7b7d'"), of_day),
        (sql("UPDATE day_problem SET packed = x'7b7d'"), of_day),
        (sql(&format!("UPDATE asset_table SET packed = {PACKED_BRACES}")), of_day),
        (sql(&format!("UPDATE day_problem SET packed = {PACKED_BRACES}")), of_day),
        (sql("DELETE FROM device"), &nobody),
        (sql(&format!("UPDATE device SET public_key = x'58{}'", "66".repeat(31))), &other),
    ] {
        let found = tampered(&data, &change);
        assert!(found.iter().any(|f| f.starts_with(place)), "{name}\nshould name {place:?}, found {found:#?}");
    }
    assert_eq!(found(&data), [""; 0], "each was put back");

    let list: Value = serde_json::from_str(&data.ok(&["media", "list", "--format", "json"])).unwrap();
    let spot = list.as_array().unwrap().iter().find(|m| m["name"] == "spot.mp4").unwrap();
    let hash = spot["hash"].as_str().unwrap();
    let file = data.path().join("media").join(&hash[..2]).join(hash);
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, good.to_ascii_uppercase()).unwrap();
    assert!(found(&data)[0].starts_with("media spot.mp4: its bytes were changed"), "{:?}", found(&data));
    std::fs::remove_file(&file).unwrap();
    assert!(found(&data)[0].starts_with("media spot.mp4: its file is missing"), "{:?}", found(&data));
    for damage in [None, Some(good.to_ascii_uppercase())] {
        if let Some(damage) = damage {
            std::fs::write(&file, damage).unwrap();
        }
        data.ok(&["media", "add", &fixture("spot.mp4"), "--kind", "video", "--duration-s", "15"]);
        assert_eq!(found(&data), [""; 0], "the original brought back mends it");
    }
}

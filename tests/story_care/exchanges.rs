//! Server and player one minor version apart still talk: what both really said on one day of version 0.1 is kept below
//! `tests/exchanges`, a player of today lives on what that server answered, and a server of today takes what that player said.
//! `LICHPHAT_RECORD=1 cargo test --test story_care exchanges` writes today's anew (docs/doors.md says when).

use crate::DAY;
use crate::common::ROOT;
use crate::common::town::{TownServer, at, fixture, import, provision, switch_on, town};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use lichphat::people::Caller;
use lichphat_player::agent::AgentOptions;
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{Identity, make_key, pairing, register};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Method, Request, Response, Transport, TransportError};
use lichphat_player::sim_support::{MemoryJournal, MemoryMediaFs, SeededRng, SimClock, SimDevice};
use lichphat_player::sync::sse::EventReader;
use lichphat_playlists::ids::Seq;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::command::{Answer, Ask};
use lichphat_playlists::wire::device::{Heartbeat, Register, Registered};
use lichphat_playlists::wire::device::{HeartbeatAnswer, PairingOffer, PairingRequest, PairingState, Provisioning};
use lichphat_playlists::wire::proofs::{Proofs, ProofsAsked};
use lichphat_playlists::wire::sign::{Envelope, Evidence, SigningKey, VerifyingKey};
use lichphat_playlists::wire::v1::PlaylistIndex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The key of the player's records comes of it.
const SEED: u64 = 81;
const SCREEN: &str = "C-01";
/// From when on it plays, and until when.
const HOURS: [&str; 2] = ["07:50", "12:10"];

/// One day of one version.
#[derive(Serialize, Deserialize)]
struct Day {
    provisioning: Provisioning,
    registered: Registered,
    said: Vec<Said>,
}

/// A request and its answer.
#[derive(Clone, Serialize, Deserialize)]
struct Said {
    /// `POST /device/v1/heartbeat`
    request: String,
    body: Body,
    status: u16,
    etag: Option<String>,
    answer: Body,
}

/// Bytes as they were.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Body {
    Text(String),
    Base64(String),
}

impl Body {
    fn of(bytes: &[u8]) -> Self {
        std::str::from_utf8(bytes).map_or_else(|_| Self::Base64(BASE64.encode(bytes)), |text| Self::Text(text.into()))
    }
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64(text) => BASE64.decode(text).unwrap(),
        }
    }
}

impl Said {
    /// `heartbeat`, `plans`.
    fn what(&self) -> &str {
        let path = self.request.split_once("/device/v1/").unwrap().1;
        path.split('/').next().unwrap()
    }
}

fn line(request: &Request) -> String {
    let method = if request.method == Method::Get { "GET" } else { "POST" };
    format!("{method} {}", request.path)
}

/// Writes down what goes over another transport.
struct Recording {
    inner: HttpTransport,
    said: Arc<Mutex<Vec<Said>>>,
}

#[async_trait]
impl Transport for Recording {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let (asked, body) = (line(&request), Body::of(&request.body));
        let answer = self.inner.send(request).await?;
        let (status, etag, headers) = (answer.status, answer.header("etag").map(str::to_owned), answer.headers.clone());
        let bytes = answer.bytes(64 << 20).await?;
        let said = Said { request: asked, body, status, etag, answer: Body::of(&bytes) };
        self.said.lock().unwrap().push(said);
        Ok(Response { headers, ..Response::new(status, bytes) })
    }
}

/// Answers as a server of another version once did: to each question as often as it was asked, then as the last time.
struct Replay(Mutex<BTreeMap<String, VecDeque<Said>>>, Arc<Mutex<Vec<Said>>>);

impl Replay {
    fn new(day: &Day) -> Self {
        let mut by_request = BTreeMap::<String, VecDeque<Said>>::new();
        day.said.iter().for_each(|said| by_request.entry(said.request.clone()).or_default().push_back(said.clone()));
        Self(Mutex::new(by_request), Arc::default())
    }
}

#[async_trait]
impl Transport for Replay {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let asked = line(&request);
        let mut all = self.0.lock().unwrap();
        let Some(queue) = all.get_mut(&asked) else { return Ok(Response::new(404, Bytes::new())) };
        let said = if queue.len() > 1 { queue.pop_front().unwrap() } else { queue[0].clone() };
        self.1.lock().unwrap().push(Said { body: Body::of(&request.body), ..said.clone() });
        let answer = Response::new(said.status, said.answer.bytes());
        Ok(said.etag.iter().fold(answer, |answer, etag| answer.with_header("etag", etag)))
    }
}

fn switched_on(identity: &Arc<Identity>, transport: &Arc<dyn Transport>) -> SimDevice {
    let clock = Arc::new(SimClock::new(at(DAY, HOURS[0])));
    let (fs, journal) = (MemoryMediaFs::default(), Box::new(MemoryJournal::default()));
    switch_on(identity, &clock, transport, &fs, journal, AgentOptions::default(), None)
}

/// A quarter of an hour: it meets the scheduler, says how it is, and plays.
async fn quarter(sim: &mut SimDevice) -> UtcMillis {
    sim.meet().await;
    sim.agent.heartbeat().await.unwrap();
    let next = sim.clock.now().plus_ms(900_000).min(at(DAY, HOURS[1]));
    sim.step_until(next);
    next
}

/// What a server and a player of today say to each other on that day.
async fn today() -> Day {
    let data = town();
    import(&data, "directives", "order.toml", &std::fs::read_to_string(fixture("order.toml")).unwrap());
    let server = TownServer::start(&data, at(DAY, "07:00")).await;
    server.plan().await;
    let (rooms, said) = (&server.rooms, Arc::<Mutex<Vec<Said>>>::default());
    let city = rooms.city().await.unwrap();
    let nobody = Recording { inner: HttpTransport::new(&server.url, "").unwrap(), said: said.clone() };
    let credentials = Credentials::in_memory().unwrap();
    let offer = pairing::ask(&nobody, &credentials).await.unwrap();
    assert!(pairing::look(&nobody, &offer).await.unwrap().unwrap().is_none());
    let (screen, by) = (SCREEN.parse().unwrap(), Caller::shell().account);
    rooms.fleet.confirm(&offer.code, &screen, &city.directory, &by).await.unwrap();
    let provisioning = pairing::look(&nobody, &offer).await.unwrap().unwrap().unwrap();
    let mut identity =
        register(&nobody, &provisioning, make_key(&SeededRng::new(SEED)), credentials, true).await.unwrap();
    identity.server = server.url.clone();
    let identity = Arc::new(identity);
    server.clock.jump_to(at(DAY, HOURS[0]));
    let transport: Arc<dyn Transport> =
        Arc::new(Recording { inner: HttpTransport::of(&identity).unwrap(), said: said.clone() });
    let mut sim = switched_on(&identity, &transport);
    let mut quarters = 0;
    while sim.clock.now() < at(DAY, HOURS[1]) {
        match quarters {
            3 => drop(rooms.log.round().await.unwrap()),
            5 => {
                let ask = Ask::Identify { name: "Góc phố số 1".into() };
                rooms.fleet.ask(screen.clone(), ask, &Caller::shell(), None).await.unwrap();
            }
            9 => {
                let proposals = rooms.approvals.proposals().await.unwrap();
                let notice = proposals.iter().find(|p| p.draft.permit.campaign.as_str() == "notice").unwrap().number;
                rooms.approvals.withdraw(notice, (&Caller::shell(), "sai tên"), &city.directory).await.unwrap();
                server.plan().await;
            }
            _ => {}
        }
        quarters += 1;
        let next = quarter(&mut sim).await;
        server.clock.jump_to(next);
    }
    sim.stop().await;
    let registered = said.lock().unwrap().iter().find(|s| s.what() == "register").unwrap().answer.bytes();
    let registered = serde_json::from_slice(&registered).unwrap();
    let said = std::mem::take(&mut *said.lock().unwrap());
    Day { provisioning, registered, said }
}

fn kept_in(version: &str) -> PathBuf {
    Path::new(ROOT).join("tests/exchanges").join(version).join("day.json")
}

/// `0.1` of `0.1.0`.
fn minor() -> &'static str {
    env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap().0
}

/// Every version that is kept.
fn kept() -> Vec<(String, Day)> {
    let versions = std::fs::read_dir(Path::new(ROOT).join("tests/exchanges")).unwrap();
    let versions = versions.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let day = |version: String| {
        let text = std::fs::read(kept_in(&version)).unwrap();
        (version, serde_json::from_slice(&text).unwrap())
    };
    let all: Vec<(String, Day)> = versions.map(day).collect();
    assert!(!all.is_empty());
    all
}

/// Names of fields in what was said, also in what was signed.
fn fields(said: &[Said]) -> BTreeSet<String> {
    fn of(at: &str, value: &serde_json::Value, all: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(map) => map.iter().for_each(|(name, below)| {
                all.insert(format!("{at} {name}"));
                of(&format!("{at} {name}"), below, all);
            }),
            serde_json::Value::Array(list) => list.iter().for_each(|below| of(at, below, all)),
            serde_json::Value::String(text) if text.len() > 200 => {
                if let Some(inner) = BASE64.decode(text).ok().and_then(|bytes| json(&bytes)) {
                    of(&format!("{at} signed"), &inner, all);
                }
            }
            _ => {}
        }
    }
    fn json(bytes: &[u8]) -> Option<serde_json::Value> {
        let inner = || Envelope::from_bytes(bytes.to_vec()).ok()?.content_unverified(8 << 20).ok();
        serde_json::from_slice(bytes).ok().or_else(|| serde_json::from_slice(&inner()?).ok())
    }
    let mut all = BTreeSet::new();
    for said in said {
        for (side, body) in [("asks", &said.body), ("is answered", &said.answer)] {
            if let Some(value) = json(&body.bytes()) {
                of(&format!("{} {side}", said.what()), &value, &mut all);
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_today_is_what_is_kept_of_this_version() {
    let today = today().await;
    let (file, anew) = (kept_in(minor()), "LICHPHAT_RECORD=1 cargo test --test story_care exchanges");
    if std::env::var_os("LICHPHAT_RECORD").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, serde_json::to_string_pretty(&today).unwrap() + "\n").unwrap();
    }
    let kept: Day = serde_json::from_slice(&std::fs::read(&file).unwrap_or_else(|_| panic!("{anew}"))).unwrap();
    let kinds = |day: &Day| day.said.iter().map(|s| s.what().to_owned()).collect::<BTreeSet<_>>();
    let all = "answers approvals assets heartbeat index media pairing plans proofs receipt register segments";
    assert_eq!(kinds(&today).into_iter().collect::<Vec<_>>().join(" "), all);
    let (now, then) = (fields(&today.said), fields(&kept.said));
    let differing: Vec<&String> = now.symmetric_difference(&then).collect();
    assert!(differing.is_empty(), "wire forms have changed; before a release: {anew}\n{differing:#?}");
}

/// Slot or filler, and when, of every play in segments that were sent.
fn plays(said: &[Said], key: &SigningKey<Evidence>) -> Vec<String> {
    let segments = said.iter().filter(|s| s.what() == "segments").map(|s| {
        let envelope = Envelope::from_bytes(s.body.bytes()).unwrap();
        Segment::open(&envelope, &key.verifying_key()).unwrap()
    });
    let mut plays = BTreeMap::new(); // what was sent twice was played once
    for segment in segments {
        for (n, r) in (segment.first_seq.0..).zip(&segment.records) {
            plays.insert(n, format!("{} {:?} {} {:?}", r.start.0, r.origin, r.item, r.result));
        }
    }
    plays.into_values().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_of_today_lives_a_day_on_what_a_server_of_each_kept_version_answered() {
    for (version, day) in kept() {
        let p = &day.provisioning;
        let identity = Arc::new(Identity {
            server: p.server.clone(),
            authority: p.authority.clone(),
            device: day.registered.device,
            epoch: day.registered.epoch,
            screen: day.registered.screen.clone(),
            credentials: Credentials::in_memory().unwrap(),
            since: day.registered.at_ms,
            plan_key: VerifyingKey::from_base64(&p.plan_key).unwrap(),
            approval_key: VerifyingKey::from_base64(&p.approval_key).unwrap(),
            receipt_key: VerifyingKey::from_base64(&p.receipt_key).unwrap(),
            command_key: VerifyingKey::from_base64(&p.command_key).unwrap(),
            log_key: p.log_key.clone(),
            evidence: make_key(&SeededRng::new(SEED)),
            simulated: true,
        });
        let replay = Arc::new(Replay::new(&day));
        let transport: Arc<dyn Transport> = replay.clone();
        let mut sim = switched_on(&identity, &transport);
        while sim.clock.now() < at(DAY, HOURS[1]) {
            quarter(&mut sim).await;
        }
        sim.stop().await;
        let now = replay.1.lock().unwrap();
        let (played, then) = (plays(&now, &identity.evidence), plays(&day.said, &identity.evidence));
        assert!(then.len() > 100, "{version}: a morning of plays");
        assert_eq!(played, then, "{version}: it plays what its own player played");
        let count = |said: &[Said], what| said.iter().filter(|s| s.what() == what).count();
        for what in ["segments", "answers", "proofs", "heartbeat", "approvals", "media"] {
            assert_eq!(count(&now, what), count(&day.said, what), "{version}: {what}: nothing is sent or asked again");
        }
    }
}

/// What reads a body today says the same of it again.
fn same<T: Serialize + DeserializeOwned>(said: &Said, body: &Body) -> T {
    let value: serde_json::Value = serde_json::from_slice(&body.bytes()).unwrap();
    let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{}: {e}", said.request));
    assert_eq!(serde_json::to_value(&read).unwrap(), value, "{}", said.request);
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_today_takes_what_a_player_of_each_kept_version_said() {
    for (version, day) in kept() {
        let data = town();
        let server = TownServer::start(&data, at(DAY, "07:00")).await;
        let (_, provisioning) = provision(&data, SCREEN, &server.url);
        let nobody = HttpTransport::new(&server.url, "").unwrap();
        let (evidence, credentials) = (make_key(&SeededRng::new(SEED)), Credentials::in_memory().unwrap());
        let identity = register(&nobody, &provisioning, evidence, credentials, true).await.unwrap();
        let who = (identity.device, identity.epoch, &identity.screen);
        assert_eq!(who, (day.registered.device, day.registered.epoch, &day.registered.screen), "the same player");
        server.clock.jump_to(at(DAY, HOURS[1]));
        let transport = HttpTransport::of(&identity).unwrap();
        let then_key = VerifyingKey::from_base64(&day.provisioning.receipt_key).unwrap();
        let acked = |bytes: Vec<u8>, key: &VerifyingKey<_>| -> Seq {
            Receipt::open(&Envelope::from_bytes(bytes).unwrap(), key).unwrap().acked
        };
        for said in &day.said {
            match said.what() {
                "heartbeat" => {
                    same::<Heartbeat>(said, &said.body);
                    same::<HeartbeatAnswer>(said, &said.answer);
                }
                "register" => {
                    assert!(same::<Register>(said, &said.body).key().is_ok(), "{version}");
                    same::<Registered>(said, &said.answer);
                }
                "pairing" if said.request.starts_with("POST") => {
                    same::<PairingRequest>(said, &said.body);
                    same::<PairingOffer>(said, &said.answer);
                }
                "pairing" => drop(same::<PairingState>(said, &said.answer)),
                "index" if said.status == 200 => drop(same::<PlaylistIndex>(said, &said.answer)),
                "proofs" => {
                    same::<ProofsAsked>(said, &said.body);
                    assert!(said.status == 404 || Proofs::decode(&said.answer.bytes()).is_ok(), "{version}");
                }
                "answers" => {
                    let key = VerifyingKey::from_bytes(&identity.evidence.verifying_key().to_bytes()).unwrap();
                    Answer::open(&Envelope::from_bytes(said.body.bytes()).unwrap(), &key).unwrap();
                }
                _ => {}
            }
            if !["segments", "heartbeat"].contains(&said.what()) {
                continue;
            }
            let path = said.request.split_once(' ').unwrap().1;
            let json = if said.what() == "heartbeat" { "application/json" } else { "application/octet-stream" };
            let request = Request::post(path, said.body.bytes()).header("content-type", json);
            let answer = transport.send(request).await.unwrap();
            assert_eq!(answer.status, said.status, "{version}: {}", said.request);
            let bytes = answer.bytes(1 << 20).await.unwrap().to_vec();
            if said.what() == "segments" {
                assert_eq!(acked(bytes, &identity.receipt_key), acked(said.answer.bytes(), &then_key), "{version}");
            }
        }
        let held = server.rooms.proof.receipt(identity.device).await.unwrap();
        let held = Receipt::open(&held, &identity.receipt_key).unwrap().acked;
        assert_eq!(held.0 as usize, plays(&day.said, &identity.evidence).len(), "{version}: every record is there");
        // a door that stays open says what it always said
        let mut events = EventReader::new(transport.events(Request::get("/device/v1/events")).await.unwrap().body);
        assert_eq!(events.next().await.unwrap().name, "playlist", "{version}");
        server.rooms.fleet.call([identity.screen.clone()]);
        assert_eq!(events.next().await.unwrap().name, "command", "{version}");
    }
}

//! A tiny scheduler in memory, and a world to play in.
#![allow(dead_code, unreachable_pub, reason = "each story uses a part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

pub mod log;

use async_trait::async_trait;
use bytes::Bytes;
use lichphat_player::agent::{AgentOptions, AgentParts};
use lichphat_player::clock::Advised;
use lichphat_player::commands::Tools;
use lichphat_player::display::{Display, FixedDisplay};
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{Identity, make_key, register};
use lichphat_player::ports::{MediaFs, Method, Request, Response, Transport, TransportError};
use lichphat_player::sim_support::approve;
use lichphat_player::sim_support::{MemoryJournal, MemoryMediaFs, SeededRng, SimClock, SimDevice, SimStage};
use lichphat_player::update::Updates;
use lichphat_playlists::ids::*;
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::record::{DisplayLevel, PlayRecord};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay, UtcMillis};
use lichphat_playlists::wire::command::{Answer, Ask, Command, Outcome};
use lichphat_playlists::wire::device::{
    Heartbeat, HeartbeatAnswer, PairingOffer, PairingRequest, PairingState, Provisioning, Register, Registered,
};
use lichphat_playlists::wire::permit::{Document, What, Withdrawals, Withdrawn};
use lichphat_playlists::wire::sign::{
    Approving, Commanding, Envelope, Evidence, PlanSigning, Purpose, Receipting, SigningKey, VerifyingKey,
};
use lichphat_playlists::wire::v1::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

pub const SCREEN: &str = "P00004-01";
pub const IHANOI: u16 = 0;
pub const TVC: u16 = 1;
pub const LOCAL_10: u16 = 2;
pub const LOCAL_5: u16 = 3;
pub const SAFE: u16 = 4;

pub fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

/// `hh:mm[:ss]` of a day.
pub fn at(on: LocalDay, clock: &str) -> UtcMillis {
    on.at(lichphat_playlists::time::parse_clock(clock).unwrap(), HANOI)
}

pub fn clip(code: &str) -> Vec<u8> {
    format!("clip {code} ").repeat(2000).into_bytes()
}

pub fn assets() -> AssetTable {
    let asset = |code: &str, tier, duration_s| {
        let bytes = clip(code);
        Asset {
            code: CampaignCode::new(code).unwrap(),
            variant: String::new(),
            tier,
            media: Media {
                hash: Sha256Hash::of(&bytes),
                size_bytes: bytes.len() as u64,
                kind: MediaKind::Video,
                duration_s,
            },
            volume_percent: 80,
            fades: Fades::default(),
            permit: None,
        }
    };
    let mut table = AssetTable {
        assets: vec![
            asset("ihanoi", Tier::Order, 15),
            asset("tvc", Tier::Contract, 20),
            asset("local-10", Tier::Local, 10),
            asset("local-5", Tier::Local, 5),
            asset("safe", Tier::Fallback, 10),
        ],
    };
    approve(&mut table);
    table
}

/// People said yes to everything in it, everywhere.
pub fn approve(table: &mut AssetTable) {
    for asset in &mut table.assets {
        asset.permit = Some(permit_of(asset).hash());
    }
}

fn permit_of(asset: &Asset) -> Envelope {
    Document::Permit(approve::permit(asset)).seal(&approval_key()).unwrap()
}

/// Where the screen stands.
pub fn place() -> Envelope {
    let screen = ScreenCode::new(SCREEN).unwrap();
    Document::Place(approve::place(&screen, 1, Vec::new())).seal(&approval_key()).unwrap()
}

/// A day's playlist to be changed before it is published.
pub fn playlist(on: LocalDay, duty: &str, orders: &[u32]) -> Playlist {
    let duty = IntervalSet::parse(duty).unwrap();
    Playlist {
        schema: Schema::V1,
        screen: ScreenCode::new(SCREEN).unwrap(),
        day: on,
        offset_min: HANOI,
        version: PlanVersion(1),
        cause: "first plan".into(),
        made_ms: on.start(HANOI),
        ledger_through: None,
        not_approved: Default::default(),
        assets: assets().encode().1,
        place: place().hash(),
        terms: vec![Terms {
            campaign: CampaignCode::new("ihanoi").unwrap(),
            windows: duty.clone(),
            min_gap_s: 300,
            min_display: DisplayLevel::D1,
            daily_cap: 15,
            make_good_until: on.plus(10),
            priority: 1,
        }],
        fallback: SAFE,
        slots: slots(&duty, orders, IHANOI, 15),
        duty,
    }
}

/// Orders at their seconds, the local loop in between.
pub fn slots(duty: &IntervalSet, orders: &[u32], item: u16, length_s: u32) -> Vec<Slot> {
    let mut out = Vec::new();
    for (a, b) in duty.iter() {
        let mut t = a;
        while t < b {
            let next = orders.iter().copied().find(|o| *o >= t).unwrap_or(b).min(b);
            let (asset, dur) = match next - t {
                0 => (item, length_s),
                1..=9 => (LOCAL_5, 5),
                _ => (LOCAL_10, 10),
            };
            out.push(Slot { start_s: t, item: asset });
            t += dur;
        }
    }
    out
}

#[derive(Default)]
pub struct Server {
    pub plans: BTreeMap<PlanHash, (IndexEntry, Vec<u8>)>,
    pub index: BTreeMap<LocalDay, IndexEntry>,
    pub assets: BTreeMap<Sha256Hash, Vec<u8>>,
    /// Documents of approvals beside the place and the permits of all tables.
    pub approvals: BTreeMap<Sha256Hash, Vec<u8>>,
    /// What was taken back.
    pub withdrawals: Option<Sha256Hash>,
    pub media: BTreeMap<MediaHash, Vec<u8>>,
    pub segments: Vec<Segment>,
    pub acked: u64,
    /// Where segments are leaves.
    pub log: log::FakeLog,
    /// When devices are registered by its clock.
    pub registered_at: UtcMillis,
    pub offline: bool,
    /// Answers to registrations are lost on the way: with which status something between answers instead, last one first; 0: none.
    pub lost_registrations: Vec<u16>,
    /// Bodies of media break off after so many bytes.
    pub break_media_at: Option<usize>,
    pub device_key: Option<VerifyingKey<Evidence>>,
    pub requests: Vec<String>,
    pub ranges: Vec<String>,
    pub segment_posts: usize,
    /// What is asked; offered with every heartbeat until it is answered.
    pub commands: Vec<Command>,
    /// Offered as they are: forged or cut.
    pub raw_commands: Vec<String>,
    pub answers: Vec<Answer>,
    /// Codes given out for pairing; the last one holds.
    pub codes: u32,
    /// It cannot say what it holds.
    pub no_receipts: bool,
    /// Somebody has entered the code.
    pub confirmed: Option<Provisioning>,
    pub heartbeats: Vec<Heartbeat>,
    /// The release that is offered with every answer to a heartbeat, base64.
    pub offer: Option<String>,
    /// Answer with this receipt whatever comes.
    pub stuck_receipt: Option<Vec<u8>>,
}

#[derive(Clone, Default)]
pub struct FakeServer(Arc<Mutex<Server>>);

pub fn plan_key() -> SigningKey<PlanSigning> {
    SigningKey::from_seed(&[1; 32])
}
pub fn approval_key() -> SigningKey<Approving> {
    SigningKey::from_seed(&[5; 32])
}
pub fn command_key() -> SigningKey<Commanding> {
    SigningKey::from_seed(&[3; 32])
}
pub fn receipt_key() -> SigningKey<Receipting> {
    SigningKey::from_seed(&[2; 32])
}

impl FakeServer {
    pub fn new() -> Self {
        let server = Self::default();
        {
            let mut s = server.lock();
            for asset in assets().assets {
                let bytes = clip(asset.code.as_str());
                s.media.insert(Sha256Hash::of(&bytes), bytes);
            }
            let (bytes, hash) = assets().encode();
            s.assets.insert(hash, bytes);
        }
        server
    }
    pub fn lock(&self) -> MutexGuard<'_, Server> {
        self.0.lock().unwrap()
    }
    pub fn publish(&self, playlist: &Playlist) -> PlanHash {
        self.publish_signed(playlist, &plan_key())
    }
    pub fn publish_signed(&self, playlist: &Playlist, key: &SigningKey<PlanSigning>) -> PlanHash {
        let envelope = playlist.seal(key);
        let entry =
            IndexEntry { day: playlist.day, version: playlist.version, plan: envelope.hash(), assets: playlist.assets };
        let mut s = self.lock();
        s.plans.insert(entry.plan, (entry.clone(), envelope.into_bytes()));
        s.index.insert(entry.day, entry.clone());
        entry.plan
    }
    pub fn receipt(&self, acked: u64) -> Vec<u8> {
        let receipt =
            Receipt { device: DeviceId(7), epoch: Epoch(1), acked: Seq(acked), head: None, at_ms: UtcMillis(0) };
        receipt.seal(&receipt_key()).into_bytes()
    }
    /// Records the scheduler holds, in order; a record sent twice is here once.
    pub fn records(&self) -> Vec<(Seq, PlayRecord)> {
        let mut out = BTreeMap::new();
        for segment in &self.lock().segments {
            for (i, record) in segment.records.iter().enumerate() {
                out.insert(Seq(segment.first_seq.0 + i as u64), *record);
            }
        }
        out.into_iter().collect()
    }
    fn index_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.index()).unwrap()
    }
    /// What the screen should hold.
    pub fn index(&self) -> PlaylistIndex {
        let s = self.lock();
        PlaylistIndex { withdrawals: s.withdrawals, days: s.index.values().cloned().collect() }
    }
    /// All documents of approvals, by name.
    pub fn approvals(&self) -> BTreeMap<Sha256Hash, Vec<u8>> {
        let s = self.lock();
        let tables = s.assets.iter().map(|(hash, bytes)| AssetTable::decode(bytes, *hash).unwrap());
        let permits = tables.flat_map(|table| table.assets).map(|asset| permit_of(&asset));
        let mut all: BTreeMap<_, _> = permits.chain([place()]).map(|e| (e.hash(), e.into_bytes())).collect();
        all.extend(s.approvals.clone());
        all
    }
    /// Puts a document there that anybody has signed; its name.
    pub fn plant<P: Purpose>(&self, document: &Document, key: &SigningKey<P>) -> Sha256Hash {
        let envelope = Envelope::seal(&serde_json::to_vec(document).unwrap(), 3, key);
        let name = envelope.hash();
        self.lock().approvals.insert(name, envelope.into_bytes());
        name
    }
    /// Takes something back.
    pub fn withdraw(&self, version: u64, what: &[What]) {
        let mut list = Withdrawals { version, withdrawn: Vec::new() };
        for what in what {
            assert!(list.add(Withdrawn { what: *what, at_ms: UtcMillis(0) }));
        }
        let name = self.plant(&Document::Withdrawals(list), &approval_key());
        self.lock().withdrawals = Some(name);
    }

    fn take_segment(&self, body: &Bytes) -> Response {
        let mut s = self.lock();
        s.segment_posts += 1;
        let envelope = Envelope::from_bytes(body.to_vec()).unwrap();
        let segment = Segment::open(&envelope, &s.device_key.unwrap()).unwrap();
        if segment.first_seq.0 <= s.acked + 1 {
            s.acked = s.acked.max(segment.last_seq().0);
            if !s.segments.contains(&segment) {
                s.log.add(segment.first_seq, body);
            }
            s.segments.push(segment);
        }
        let acked = s.acked;
        let stuck = s.stuck_receipt.clone();
        drop(s);
        Response::new(200, stuck.unwrap_or_else(|| self.receipt(acked)))
    }

    /// Asks something of the device, numbered by the hand of the test.
    pub fn ask(&self, id: u64, ask: Ask, expires: UtcMillis) {
        let command = Command {
            id: CommandId(id),
            device: DeviceId(7),
            epoch: Epoch(1),
            screen: ScreenCode::new(SCREEN).unwrap(),
            asked_ms: UtcMillis(0),
            expires_ms: expires,
            ask,
        };
        self.lock().commands.push(command);
    }
    /// The answers that came, by the command's number.
    pub fn outcomes(&self) -> Vec<(u64, Outcome)> {
        self.lock().answers.iter().map(|a| (a.id.0, a.outcome.clone())).collect()
    }

    /// A scheduler that pairs: a new code for whoever asks, and the file once somebody has entered it.
    fn pair(&self, request: &Request) -> Response {
        let mut s = self.lock();
        if request.method == Method::Post {
            let _: PairingRequest = serde_json::from_slice(&request.body).unwrap();
            s.codes += 1;
            let offer = PairingOffer {
                code: format!("K7QM4XH{}", 1 + s.codes),
                claim: format!("c{}", s.codes),
                url: "http://127.0.0.1:8087/pair?code=K7QM4XHD".into(),
                server_name: "Trung tâm Truyền thông Hà Nội".into(),
                expires_in_s: 600,
                poll_s: 1,
            };
            return Response::new(200, serde_json::to_vec(&offer).unwrap());
        }
        let mine = format!("Pairing c{}", s.codes);
        if !request.headers.iter().any(|(name, value)| *name == "authorization" && *value == mine) {
            return Response::new(410, ""); // an older code
        }
        let state = s.confirmed.take().map_or(PairingState::Waiting, |file| PairingState::Confirmed(Box::new(file)));
        Response::new(200, serde_json::to_vec(&state).unwrap())
    }

    fn take_heartbeat(&self, body: &Bytes) -> Response {
        use base64::Engine as _;
        let mut s = self.lock();
        let heartbeat: Heartbeat = serde_json::from_slice(body).unwrap();
        let at_ms = heartbeat.at_ms;
        s.heartbeats.push(heartbeat);
        let open = s.commands.iter().filter(|c| s.answers.iter().all(|a| a.id != c.id));
        let seal =
            |c: &Command| base64::engine::general_purpose::STANDARD_NO_PAD.encode(c.seal(&command_key()).as_bytes());
        let commands = s.raw_commands.iter().cloned().chain(open.map(seal)).collect();
        let answer = HeartbeatAnswer { at_ms, index: String::new(), commands, renew: false, release: s.offer.clone() };
        Response::new(200, serde_json::to_vec(&answer).unwrap())
    }

    fn take_answer(&self, body: &Bytes) -> Response {
        let mut s = self.lock();
        let key = VerifyingKey::from_bytes(&s.device_key.unwrap().to_bytes()).unwrap();
        let answer = Answer::open(&Envelope::from_bytes(body.to_vec()).unwrap(), &key).unwrap();
        s.answers.push(answer);
        Response::new(204, "")
    }

    fn media(&self, hash: &str, request: &Request) -> Response {
        let mut s = self.lock();
        let Some(bytes) = s.media.get(&hash.parse().unwrap()).cloned() else { return Response::new(404, "") };
        let range = request.headers.iter().find(|(n, _)| *n == "range").map(|(_, v)| v.clone());
        let from = range.as_ref().map_or(0, |r| r["bytes=".len()..r.len() - 1].parse::<usize>().unwrap());
        s.ranges.extend(range);
        let end = s.break_media_at.map_or(bytes.len(), |n| (from + n).min(bytes.len()));
        let status = if from > 0 { 206 } else { 200 };
        let broken = (end < bytes.len()).then(|| Err(TransportError::Unreachable("cut".into())));
        let chunks = bytes[from..end].chunks(1000).map(|c| Ok(Bytes::copy_from_slice(c))).collect::<Vec<_>>();
        Response {
            status,
            headers: Vec::new(),
            body: Box::pin(futures_util::stream::iter(chunks.into_iter().chain(broken))),
        }
    }
}

#[async_trait]
impl Transport for FakeServer {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.lock().requests.push(request.path.clone());
        if self.lock().offline {
            return Err(TransportError::Unreachable("the cable is out".into()));
        }
        let path = request.path.trim_start_matches("/device/v1/").to_owned();
        let (kind, rest) = path.split_once('/').unwrap_or((&path, ""));
        Ok(match (request.method, kind) {
            (Method::Post, "register") => {
                let body: Register = serde_json::from_slice(&request.body).unwrap();
                self.lock().device_key = Some(VerifyingKey::from_base64(&body.public_key).unwrap());
                let answer = Registered {
                    device: DeviceId(7),
                    epoch: Epoch(1),
                    screen: ScreenCode::new(SCREEN).unwrap(),
                    certificate: certificate(&body.csr),
                    at_ms: self.lock().registered_at,
                };
                match self.lock().lost_registrations.pop() {
                    None => Response::new(200, serde_json::to_vec(&answer).unwrap()),
                    Some(0) => return Err(TransportError::Unreachable("the line broke before the answer".into())),
                    Some(status) => Response::new(status, ""),
                }
            }
            (Method::Get, "index") => {
                let bytes = self.index_bytes();
                let etag = format!("\"{}\"", Sha256Hash::of(&bytes));
                let known = request.headers.iter().any(|(n, v)| *n == "if-none-match" && *v == etag);
                let response = if known { Response::new(304, "") } else { Response::new(200, bytes) };
                response.with_header("etag", etag)
            }
            (Method::Get, "plans") => {
                let plan = self.lock().plans.get(&rest.parse().unwrap()).map(|(_, bytes)| bytes.clone());
                plan.map_or_else(|| Response::new(404, ""), |bytes| Response::new(200, bytes))
            }
            (Method::Get, "assets") => {
                let table = self.lock().assets.get(&rest.parse().unwrap()).cloned();
                table.map_or_else(|| Response::new(404, ""), |bytes| Response::new(200, bytes))
            }
            (Method::Get, "approvals") => {
                let document = self.approvals().remove(&rest.parse().unwrap());
                document.map_or_else(|| Response::new(404, ""), |bytes| Response::new(200, bytes))
            }
            (Method::Get, "media") => self.media(rest, &request),
            (Method::Get, "receipt") if self.lock().no_receipts => Response::new(500, ""),
            (Method::Get, "receipt") => {
                let acked = self.lock().acked;
                Response::new(200, self.receipt(acked))
            }
            (Method::Post, "segments") => self.take_segment(&request.body),
            (Method::Post, "proofs") => {
                let proofs = self.lock().log.answer(serde_json::from_slice(&request.body).unwrap());
                proofs.map_or_else(|| Response::new(404, ""), |proofs| Response::new(200, proofs.encode()))
            }
            (_, "pairing") => self.pair(&request),
            (Method::Post, "heartbeat") => self.take_heartbeat(&request.body),
            (Method::Post, "answers") => self.take_answer(&request.body),
            _ => Response::new(404, ""),
        })
    }
}

/// One device, its disk and the scheduler.
pub struct World {
    pub server: FakeServer,
    pub clock: Arc<SimClock>,
    pub fs: MemoryMediaFs,
    pub journal: MemoryJournal,
    pub display: Arc<FixedDisplay>,
    pub identity: Arc<Identity>,
    pub tools: Tools,
    pub updates: Option<Arc<Updates>>,
    pub options: AgentOptions,
}

/// A certificate of nobody's authority for whoever asks.
fn certificate(csr: &str) -> String {
    use base64::Engine as _;
    let der = base64::engine::general_purpose::STANDARD.decode(csr).unwrap();
    let asked = rcgen::CertificateSigningRequestParams::from_der(&der.into()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::default();
    params.signed_by(&asked.public_key, &rcgen::Issuer::new(params.clone(), key)).unwrap().pem()
}

impl World {
    /// A device that was registered long ago.
    pub async fn at(now: UtcMillis) -> Self {
        Self::with(FakeServer::new(), now).await
    }
    /// A device that is registered now.
    pub async fn registered(now: UtcMillis) -> Self {
        let server = FakeServer::new();
        server.lock().registered_at = now;
        Self::with(server, now).await
    }
    async fn with(server: FakeServer, now: UtcMillis) -> Self {
        let provisioning = Provisioning {
            server: "http://127.0.0.1:8087".into(),
            pairing: String::new(),
            authority: String::new(),
            screen: ScreenCode::new(SCREEN).unwrap(),
            plan_key: plan_key().verifying_key().to_base64(),
            approval_key: approval_key().verifying_key().to_base64(),
            receipt_key: receipt_key().verifying_key().to_base64(),
            command_key: command_key().verifying_key().to_base64(),
            log_key: log::log_key(4).1,
            token: "0a".into(),
        };
        let identity =
            register(&server, &provisioning, make_key(&SeededRng::new(1)), Credentials::in_memory().unwrap(), true)
                .await
                .unwrap();
        Self {
            server,
            clock: Arc::new(SimClock::new(now)),
            fs: MemoryMediaFs::new(),
            journal: MemoryJournal::new(),
            display: Arc::new(FixedDisplay::new(DisplayLevel::D1)),
            identity: Arc::new(identity),
            tools: Tools::none(Arc::new(SeededRng::new(2))),
            updates: None,
            options: AgentOptions::default(),
        }
    }
    /// Switches the device on, with whatever is on its disk.
    pub fn device(&self) -> SimDevice {
        self.device_at(self.display.clone())
    }
    /// Switches it on in front of another panel.
    pub fn device_at(&self, display: Arc<dyn Display>) -> SimDevice {
        self.device_of(display, Arc::new(self.server.clone()))
    }
    /// Switches it on behind another line.
    pub fn device_over(&self, transport: Arc<dyn Transport>) -> SimDevice {
        self.device_of(self.display.clone(), transport)
    }
    /// Switches it on with its documents and media on another disk.
    pub fn device_on(&self, fs: Arc<dyn MediaFs>) -> SimDevice {
        self.device_with(fs, self.display.clone(), Arc::new(self.server.clone()))
    }
    fn device_of(&self, display: Arc<dyn Display>, transport: Arc<dyn Transport>) -> SimDevice {
        self.device_with(Arc::new(self.fs.clone()), display, transport)
    }
    fn device_with(&self, fs: Arc<dyn MediaFs>, display: Arc<dyn Display>, transport: Arc<dyn Transport>) -> SimDevice {
        let stage = SimStage::new(self.clock.clone(), 30);
        let parts = AgentParts {
            identity: self.identity.clone(),
            clock: Advised::new(self.clock.clone()),
            transport,
            fs,
            journal: Box::new(self.journal.clone()),
            stage: Box::new(stage.clone()),
            display,
            machine: None,
            tools: self.tools.clone(),
            updates: self.updates.clone(),
            options: self.options,
        };
        SimDevice::start(parts, self.clock.clone(), stage)
    }
    /// Off without warning, and on again at `until` with the same disk.
    pub fn power_cut(&self, device: SimDevice, until: UtcMillis) -> SimDevice {
        device.stage.cut_power();
        drop(device);
        self.clock.advance_to(until);
        self.clock.reboot();
        self.device()
    }
    pub fn records(&self) -> Vec<PlayRecord> {
        self.journal.records().into_iter().map(|(_, r)| r).collect()
    }
}

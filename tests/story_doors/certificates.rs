//! A device is who its certificate says, at each request and for as long as it is good; nothing else passes for it.

use super::again;
use super::common::TestData;
use super::common::town::{at, provision, town};
use lichphat::certs::Own;
use lichphat::cmd::Context;
use lichphat::cmd::rooms::Rooms;
use lichphat::fleet::pairing::Welcome;
use lichphat::fleet::{FleetError, Way};
use lichphat::lang::Lang;
use lichphat::web::{self, App, Certificate, Limits, Listener, Router};
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::{Identity, IdentityError, make_key, register, renew};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Transport as _, TransportError};
use lichphat_player::sim_support::SeededRng;
use lichphat_playlists::ids::BootId;
use lichphat_playlists::ports::{Clock, ClockState};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::device::{Problem, Register, Renewal};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use warp::Filter as _;

const DAY_MS: i64 = 24 * 3_600_000;

/// A clock that is set as one likes, also back.
pub(crate) struct LooseClock(AtomicI64);

impl Clock for LooseClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.0.load(Relaxed))
    }
    fn mono_ms(&self) -> u64 {
        0
    }
    fn boot_id(&self) -> BootId {
        BootId(1)
    }
    fn state(&self) -> (ClockState, u32) {
        (ClockState::Unset, 0)
    }
}

/// The players' door with TLS in this process, at a told time, and a player that was registered there.
pub(crate) struct Door {
    pub(crate) data: TestData,
    pub(crate) clock: Arc<LooseClock>,
    pub(crate) rooms: Rooms,
    pub(crate) identity: Identity,
    /// Where boxes are registered.
    pub(crate) pairing: String,
    pub(crate) own: Own,
}

impl Door {
    pub(crate) async fn open() -> Self {
        let (data, clock) = (town(), Arc::new(LooseClock(AtomicI64::new(at("2026-06-01", "08:00").0))));
        let context = Context { settings: data.settings(), lang: Lang::En, clock: clock.clone() };
        let rooms = Rooms::open(&context).unwrap();
        let own = Own::of(data.path());
        own.keep(&[], "2026-06-01".parse().unwrap()).unwrap();
        let certificate = Certificate::load(&own.chain, &own.key).unwrap();
        let people = "https://bang-dien-tu.example:8087".to_owned();
        let listen = async || Listener::bind(([127, 0, 0, 1], 0).into(), Some(&certificate)).await.unwrap();
        let (players, pairing) = (listen().await.asking(rooms.fleet.verifier()), listen().await);
        let [server, door] = [&players, &pairing].map(|l| format!("https://{}", l.address()));
        let for_ever = std::future::pending;
        let way = Way {
            server: server.clone(),
            pairing: door.clone(),
            authority: std::fs::read_to_string(&own.authority).unwrap(),
        };
        let welcome = Arc::new(Welcome { way, keys: rooms.public_keys.clone(), people });
        let app = App { welcome, events_alive: Duration::from_secs(1), ..rooms.app() };
        tokio::spawn(players.serve(web::players(&app), Limits::default(), for_ever()));
        tokio::spawn(pairing.serve(web::pairing(&app), Limits::default(), for_ever()));
        let (_, file) = provision(&data, "C-01", &server);
        let nobody = HttpTransport::new(&door, &file.authority).unwrap();
        let (key, credentials) = (make_key(&SeededRng::new(1)), Credentials::in_memory().unwrap());
        let identity = register(&nobody, &file, key, credentials, true).await.unwrap();
        Self { data, clock, rooms, identity, pairing: door, own }
    }

    /// `days` after the player was registered.
    fn after(&self, days: i64) {
        self.clock.0.store(at("2026-06-01", "08:00").0 + days * DAY_MS, Relaxed);
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Relaxed);
    }

    /// What the log states, JSON, oldest first.
    pub(crate) fn log(&self) -> Vec<String> {
        let db = self.database();
        let mut query = db.prepare("SELECT leaf FROM log_entry ORDER BY log_index").unwrap();
        let leaves = query.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        leaves.map(|leaf| String::from_utf8_lossy(&leaf.unwrap()[1..]).into_owned()).collect()
    }

    /// Rows of a table.
    pub(crate) fn count(&self, table: &str) -> u64 {
        self.database().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap()
    }

    /// What the door answers to a request for the index; the kind of a refusal.
    pub(crate) async fn index(&self, identity: &Identity) -> Result<(u16, String), TransportError> {
        answer(&HttpTransport::of(identity)?, Request::get("/device/v1/index")).await
    }

    pub(crate) async fn renew(&self) -> Result<(), IdentityError> {
        renew(&HttpTransport::of(&self.identity)?, &self.identity.credentials).await
    }
}

pub(crate) async fn answer(transport: &HttpTransport, request: Request) -> Result<(u16, String), TransportError> {
    let answer = transport.send(request).await?;
    let status = answer.status;
    let kind = match status {
        200 => String::new(),
        _ => serde_json::from_slice::<Problem>(&answer.bytes(4096).await?).unwrap().kind,
    };
    Ok((status, kind))
}

/// Key and certificate of files, as if they were a device's.
fn stolen(key: &std::path::Path, certificate: &std::path::Path) -> Arc<Credentials> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(key, dir.path().join("tls.key")).unwrap();
    std::fs::copy(certificate, dir.path().join("certificate.pem")).unwrap();
    Credentials::load_or_make(dir.path()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_passes_for_a_device_but_its_own_certificate() {
    let (door, other) = (Door::open().await, Door::open().await);
    let identity = &door.identity;
    let showing = |credentials| Identity { credentials, ..again(identity) };
    assert_eq!(door.index(identity).await.unwrap().0, 200);
    assert_eq!(door.index(&showing(Credentials::in_memory().unwrap())).await.unwrap(), (401, "unauthorized".into()));
    let stranger = showing(other.identity.credentials.clone());
    assert!(door.index(&stranger).await.is_err(), "another scheduler's device");
    let server = showing(stolen(&door.own.key, &door.own.chain));
    assert!(door.index(&server).await.is_err(), "a server is no device");

    // a header is nobody's word where there was a handshake
    let header = identity.credentials.header().unwrap();
    let nobody = HttpTransport::new(&identity.server, &identity.authority).unwrap();
    let claimed = answer(&nobody, Request::get("/device/v1/index").header("client-cert", header)).await.unwrap();
    assert_eq!(claimed, (401, "unauthorized".into()));

    // a device is no server
    let dir = tempfile::tempdir().unwrap();
    let box_of_mine = Credentials::load_or_make(dir.path()).unwrap();
    let (_, file) = provision(&door.data, "C-02", &identity.server);
    let (key, csr) = (make_key(&SeededRng::new(9)), box_of_mine.request().unwrap());
    let issued = door.rooms.fleet.register(Register::new(file.token, &key, csr, "test", true));
    box_of_mine.take(&issued.await.unwrap().certificate).unwrap();
    let shown = Certificate::load(&dir.path().join("certificate.pem"), &dir.path().join("tls.key")).unwrap();
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), Some(&shown)).await.unwrap();
    let url = format!("https://{}", listener.address());
    let service = Router::new().route("healthz", warp::path("healthz").map(|| "ok")).into_service(100);
    tokio::spawn(listener.serve(service, Limits::default(), std::future::pending()));
    let authorities = std::fs::read_to_string(door.data.path().join("tls/devices.pem")).unwrap();
    for authority in [&identity.authority, &authorities] {
        let refused = HttpTransport::new(&url, authority).unwrap().send(Request::get("/healthz")).await;
        assert!(refused.is_err(), "a device passes for a server");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_renews_all_summer_and_no_clock_takes_it_away() {
    let door = Door::open().await;
    let expired = (401, "certificate-expired".to_owned());
    let due = async |days| {
        door.after(days);
        let device = door.rooms.fleet.admit(&shown(&door.identity)).await;
        device.is_ok() && door.rooms.fleet.renewal_due(&shown(&door.identity))
    };
    assert_eq!((due(0).await, due(19).await, due(20).await), (false, false, true));
    door.renew().await.unwrap();
    assert!(!due(20).await);
    // the second one ends on day 50
    door.after(51);
    assert_eq!(door.index(&door.identity).await.unwrap(), expired);
    door.after(50 + 401);
    assert_eq!(door.index(&door.identity).await.unwrap(), (401, "certificate-over".into()));
    let refused = door.renew().await.unwrap_err();
    assert!(
        matches!(&refused, IdentityError::NotRenewed { status: 401, why } if why.contains("device add")),
        "{refused}"
    );
    door.after(50 + 399);
    assert_eq!(door.index(&door.identity).await.unwrap(), expired);
    door.renew().await.unwrap();
    assert_eq!(door.index(&door.identity).await.unwrap().0, 200);

    // the server's clock falls back to before the player was there, then to some time ago, then runs away
    door.after(-2_000);
    assert_eq!(door.index(&door.identity).await.unwrap(), expired);
    assert!(matches!(door.renew().await, Err(IdentityError::NotRenewed { status: 503, .. })));
    for wrong in [100, 449 + 300, 20_000] {
        door.after(wrong);
        let _ = door.renew().await;
        door.after(450);
        let _ = door.renew().await; // as the box does when it is told that its certificate is none now
        assert_eq!(door.index(&door.identity).await.unwrap().0, 200, "{wrong}");
    }
    // a certificate is no secret: who has it without the key that it was made for gets none in the box's name
    let other = Renewal { csr: Credentials::in_memory().unwrap().request().unwrap() };
    let refused = door.rooms.fleet.renew(&shown(&door.identity), &other).await;
    assert!(matches!(refused, Err(FleetError::OtherKey)), "{refused:?}");
    let held = shown(&door.identity);
    assert!(held.until.since_ms(held.from) <= 430 * DAY_MS);
}

pub(crate) fn shown(identity: &Identity) -> lichphat::certs::devices::DeviceCertificate {
    lichphat::certs::devices::DeviceCertificate::read_pem(&identity.credentials.certificate()).unwrap()
}

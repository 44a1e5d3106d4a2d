//! What whoever reaches the port may say: a whole request, given to the service itself without a socket. It is answered, and
//! never with a failure of ours.

use super::{choosing, chosen};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lichphat::certs::devices::{CertificateRequest, DeviceCertificate, Standing};
use lichphat::clock::{SimClock, SystemRng};
use lichphat::cmd::Context;
use lichphat::cmd::rooms::Rooms;
use lichphat::config::Settings;
use lichphat::directory::DirectoryStore as _;
use lichphat::directory::import::{self, Kind};
use lichphat::directory::table::SourceFile;
use lichphat::fleet::Way;
use lichphat::keys::Keys;
use lichphat::lang::Lang;
use lichphat::library::{Given, Range};
use lichphat::people::{Caller, Entered, SignIn, SignedIn, form_token};
use lichphat::sim::InProcess;
use lichphat::store::sqlite::Store;
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::identity::register;
use lichphat_player::ports::{Request, Response, Transport as _};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::sign::{Evidence, SigningKey};
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

/// Headers that the service looks at.
const HEADERS: [&str; 16] = [
    "authorization",
    "client-cert",
    "range",
    "if-none-match",
    "if-match",
    "idempotency-key",
    "cookie",
    "host",
    "origin",
    "content-type",
    "accept",
    "accept-language",
    "x-request-id",
    "sec-fetch-site",
    "x-form-token",
    "x-live",
];

type Words = [(&'static str, String); 4];

/// A small town with one screen, one clip and one player, at a told time.
struct Town {
    runtime: Runtime,
    /// For nobody, and for the player.
    doors: [InProcess; 2],
    /// What stands for `MEDIA`, for somebody's session and its forms, and for the player's asking to renew its certificate, so that a
    /// corpus means the same to the next town.
    words: Words,
    _data: tempfile::TempDir,
}

static TOWN: LazyLock<Town> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let data = tempfile::tempdir().expect("a directory");
    let (doors, words) = runtime.block_on(open(data.path()));
    Town { runtime, doors, words, _data: data }
});

async fn open(data: &std::path::Path) -> ([InProcess; 2], Words) {
    let mut settings = Settings { data: data.to_owned(), ..Settings::default() };
    settings.probe.program = "no-probe".into();
    settings.web.api_requests_per_s = 10_000; // the clock stands
    drop(Store::open(data, 1).expect("a store"));
    Keys::load_or_make(data, &SystemRng).expect("keys");
    let clock = Arc::new(SimClock::new(UtcMillis(1_763_600_000_000)));
    let rooms = Rooms::open(&Context { settings, lang: Lang::En, clock: clock.clone() }).expect("a house");
    for (kind, name, bytes) in [
        (Kind::Units, "units.csv", &include_bytes!("../../tests/fixtures/town/units.csv")[..]),
        (Kind::Venues, "venues.toml", include_bytes!("../../tests/fixtures/town/venues.toml")),
        (Kind::Screens, "screens.csv", b"code,name,venue_type,kind,owner,territory\noffice,A,corner,managed,P1,P1\n"),
    ] {
        let (directory, revision) = (rooms.store.directory().await, rooms.store.directory_revision().await);
        let directory = directory.expect("a directory");
        let context = import::Context { directory: &directory, now: UtcMillis(1_763_600_000_000) };
        let batch = import::parse(kind, SourceFile { name, bytes }, context).expect("a good file");
        rooms.store.import_directory(batch, revision.expect("a number")).await.expect("it is taken");
    }
    let clip = data.join("clip.mp4");
    std::fs::write(&clip, [7; 1_000]).expect("a clip");
    let given = Given { kind: Some(MediaKind::Video), duration_s: Some(15), still_s: None };
    let media = rooms.library.add(&clip, given).await.expect("it is taken").item.media.hash;

    let screen = ScreenCode::new("office").expect("a code");
    let file = rooms
        .fleet
        .provision(screen, (&Way::to("http://127.0.0.1:8087"), &rooms.public_keys), &Caller::shell().account)
        .await;
    let nobody = InProcess::new(lichphat::web::service(&rooms.app()));
    let (key, credentials) = (SigningKey::<Evidence>::from_seed(&[7; 32]), Credentials::in_memory().expect("a key"));
    let renewal = credentials.request().expect("a request");
    let identity = register(&nobody, &file.expect("a file"), key, credentials, true).await.expect("it is registered");
    let player = InProcess::of(lichphat::web::service(&rooms.app()), &identity);
    let password = rooms.people.demonstration("an", "An").await.expect("an account");
    let shown = SignIn { account: "an".into(), password, ..SignIn::default() };
    let signed_in = rooms.people.sign_in(shown, [127, 0, 0, 1].into()).await.expect("it is let in");
    let SignedIn::Entered(Entered { session, .. }) = signed_in else { panic!("it has no passkey") };
    let (form, cookie) = (form_token(&session), format!("__Host-lichphat={session}"));
    ([nobody, player], [("MEDIA", media.hex()), ("SESSION", cookie), ("FORM", form), ("RENEWAL", renewal)])
}

/// `GET` or `POST`, of nobody or of the player, by the first byte; path and query, headers one a line, an empty line, the body. Or only a `Range`.
pub(super) fn requests(data: &[u8]) -> bool {
    let Some((way, rest)) = chosen(data, 5) else { return false };
    if way == 2 {
        let asked = Range::asked(&String::from_utf8_lossy(rest));
        assert!(
            [0, 1, 1_000, u64::MAX].iter().all(|&size| asked.within(size).is_none_or(|(a, b)| a <= b && b <= size))
        );
        return asked != Range::Whole;
    }
    let Some(request) = request(matches!(way, 1 | 4), rest) else { return false };
    let answered = TOWN.runtime.block_on(async {
        let answer: Response = TOWN.doors[usize::from(way > 2)].send(request).await.ok()?; // no request at all
        let status = answer.status;
        let body = answer.bytes(1 << 24).await.expect("the answer ends");
        assert!(status < 400 || !body.is_empty(), "{status} without words");
        Some(status)
    });
    assert!(answered.is_none_or(|status| status < 500), "a failure of ours: {answered:?}");
    answered.is_some_and(|status| status < 400)
}

fn request(posts: bool, bytes: &[u8]) -> Option<Request> {
    let end = bytes.windows(2).position(|w| w == b"\n\n")?;
    let (head, body) = (std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 2..]);
    let meant = |text: &str| TOWN.words.iter().fold(text.to_owned(), |text, (word, means)| text.replace(word, means));
    let mut lines = head.lines();
    let path = meant(lines.next()?);
    if path.contains("/events") {
        return None; // its answer has no end
    }
    let body = match std::str::from_utf8(body) {
        Ok(text) => Bytes::from(meant(text)),
        Err(_) => Bytes::copy_from_slice(body),
    };
    let mut request = if posts { Request::post(path, body) } else { Request::get(path) };
    for line in lines.take(20) {
        let (name, value) = line.split_once(": ")?;
        request.headers.push((HEADERS.into_iter().find(|known| *known == name)?, meant(value)));
    }
    Some(request)
}

pub(super) fn request_seeds() -> Vec<Vec<u8>> {
    let get = [
        "/?lang=en&day=2025-11-20\naccept-language: vi\ncookie: SESSION\n\n",
        "/units/P1?day=2025-11-20\ncookie: a=b; SESSION; lang=en\n\n",
        "/screens/office?day=2025-11-20&at=08:15&campaign=x\ncookie: SESSION\n\n",
        "/account\ncookie: SESSION\n\n",
        "/login?next=%2Funits%2FP1\n\n",
        "/api/v1/screens?limit=1&sort=name&unit=P1&cursor=QQ\ncookie: SESSION\nif-none-match: \"d1-c0\"\n\n",
        "/api/v1/screens/office/days/2025-11-20/why?campaign=x&at=08:15\ncookie: SESSION\naccept-language: en\n\n",
    ];
    let player = [
        "/device/v1/media/MEDIA\nrange: bytes=10-19\n\n",
        "/device/v1/index\nif-none-match: \"abc\"\n\n",
        "/device/v1/receipt\n\n",
        "/healthz\n\n",
    ];
    let post = [
        "/screens/office/ask\nhost: 127.0.0.1:8087\norigin: http://127.0.0.1:8087\ncookie: SESSION\n\nask=volume&percent=40&form_token=FORM",
        "/api/v1/screens/office/commands\nsec-fetch-site: same-origin\ncookie: SESSION\nx-form-token: FORM\ncontent-type: application/json\nidempotency-key: a-1\n\n{\"ask\":\"volume\",\"percent\":40}",
    ];
    let (get, post) = (get.iter().map(|s| choosing(0, s.as_bytes())), post.iter().map(|s| choosing(1, s.as_bytes())));
    let player = player.iter().map(|s| choosing(3, s.as_bytes()));
    let renewal = "/device/v1/certificate\n\n{\"csr\":\"RENEWAL\"}";
    get.chain(post)
        .chain([choosing(2, b"bytes=100-199")])
        .chain(player)
        .chain([choosing(4, renewal.as_bytes())])
        .collect()
}

const CSR: &str = "MIHHMG4CAQAwDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIkkxZLM3fwIYnZfBsR6Q2FIadoaL2eQEdnwHptSGIgem1jtWFgKmzhFfCNH84CRgkjOunEZsWM6EdZlzmNBFJGgADAKBggqhkjOPQQDAgNJADBGAiEAju5U0zgI7bSgwXBeRVFyy1D7gp7cfF0DR5iA1iVyyV8CIQDpMniDgCZcsug92pap4Gk/Ma8a4G599VU1yZHxeLDG4Q==";
/// Of nobody's authority.
const CERTIFICATE: &str = "MIIBjjCCATWgAwIBAgIBBTAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFsaWNocGhhdCBkZXZpY2UgNzAeFw0yNjExMjYxNDIwMTBaFw0yNjEyMjYxNDIwMTBaMBwxGjAYBgNVBAMMEWxpY2hwaGF0IGRldmljZSA3MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiSTFkszd/Ahidl8GxHpDYUhp2hovZ5AR2fAem1IYiB6bWO1YWAqbOEV8I0fzgJGCSM66cRmxYzoR1mXOY0EUkaNoMGYwHQYDVR0OBBYEFIV4F81I4kpcqbJmQuChZ0yy+hDKMB8GA1UdIwQYMBaAFIV4F81I4kpcqbJmQuChZ0yy+hDKMA8GA1UdEwEB/wQFMAMBAf8wEwYDVR0lBAwwCgYIKwYBBQUHAwIwCgYIKoZIzj0EAwIDRwAwRAIgQmoD7Z6TjwT/iCLGaVQezt3fcNcwTOCRGh+49myl0fQCIH3s9UYhpa25g+isVpQsuMwY/9gGTKOqY/cf70oDORaO";

/// A request for a certificate in base64, or a certificate: what comes with one is never believed for its form alone.
pub(super) fn certificates(data: &[u8]) -> bool {
    match chosen(data, 2) {
        Some((0, text)) => {
            let read = CertificateRequest::read(&String::from_utf8_lossy(text));
            read.is_some_and(|request| request.fingerprint() == request.fingerprint())
        }
        Some((_, der)) => DeviceCertificate::read(der).is_some_and(|read| {
            let far = [i64::MIN / 4, 0, i64::MAX / 4].map(|at| read.standing(UtcMillis(at)));
            far[0] != Standing::Over
        }),
        None => false,
    }
}

pub(super) fn certificate_seeds() -> Vec<Vec<u8>> {
    let der = STANDARD.decode(CERTIFICATE).expect("base64");
    vec![choosing(0, CSR.as_bytes()), choosing(1, &der)]
}

//! Media over the network: written down as they come, held to their hash, and gone without a trace when they are cut off, too many, too
//! long or not what they say. Who has brought a file does not approve it.

use crate::common::people::{Pass, account};
use crate::{Answer, House, ask, said};
use lichphat::people::Role;
use lichphat::store::Store;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Clock as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

const BYTES: &str = "application/octet-stream";

fn path_of(hash: &str, name: &str) -> String {
    let name = serde_urlencoded::to_string([("name", name)]).unwrap();
    format!("PUT /api/v1/media/{hash}?{name}&kind=still&duration_s=1")
}

impl House {
    fn put(&self, bytes: &[u8], name: &str) -> Answer {
        let (method, path) = path_of(&Sha256Hash::of(bytes).hex(), name)
            .split_once(' ')
            .map(|(m, p)| (m.to_owned(), p.to_owned()))
            .unwrap();
        self.api(&method, &path, BYTES, bytes)
    }

    /// A connection on which a file has begun to come, and no more.
    fn begun(&self, length: usize, piece: &[u8]) -> StreamOwned<ClientConnection, TcpStream> {
        let what = path_of(&Sha256Hash::of(piece).hex(), "x.png");
        self.begun_as(&self.pass, (&what, BYTES), length, piece)
    }

    fn begun_as(
        &self,
        pass: &Pass,
        (what, kind): (&str, &str),
        length: usize,
        piece: &[u8],
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let address = self.server.url.strip_prefix("https://").unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.server.authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let tls = ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
        let mut stream = StreamOwned::new(tls, TcpStream::connect(address).unwrap());
        let head = format!(
            "{what} HTTP/1.1\r\nhost: {address}\r\nauthorization: {}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n",
            pass.bearer
        );
        stream.write_all(&[head.as_bytes(), piece].concat()).unwrap();
        stream.flush().unwrap();
        stream
    }

    /// Files that are coming.
    fn incoming(&self) -> usize {
        self.files().iter().filter(|path| path.contains("/.incoming-")).count()
    }

    /// Waits until so many are coming.
    fn until(&self, coming: usize) {
        let waited = (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            self.incoming() == coming
        });
        assert!(waited, "{} files are coming, and not {coming}", self.incoming());
    }
}

/// What is answered at once, small.
fn first_words(mut stream: StreamOwned<ClientConnection, TcpStream>) -> String {
    let mut answer = [0; 512];
    let n = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..n]).to_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn cve_2024_7399_a_file_comes_in_whole_under_its_hash_or_leaves_nothing() {
    let house = House::new().await;
    let before = house.files();
    let clip = [&[7; 200_000][..], b"one"].concat();
    let hash = Sha256Hash::of(&clip).hex();

    // not what its path names, not saying how long it is, of another type, longer than the settings allow
    let (method, path) = ("PUT", path_of(&hash, "a.png").replace("PUT ", ""));
    let refused = |answer: Answer, status: u16, code: &str| {
        assert!(answer.status == status && answer.body.contains(code), "{code}: {} {}", answer.status, answer.body);
        assert_eq!(house.files(), before, "{code}");
    };
    refused(house.api(method, &path, BYTES, b"other"), 422, "hash-differs");
    refused(house.api(method, &path, "image/png", &clip), 415, "unsupported-media-type");
    refused(house.put(b"", "a.png"), 422, "bad-media");
    let long = format!("authorization: {}\r\ncontent-type: {BYTES}\r\n", house.pass.bearer);
    let (server, authority) = (&house.server.url, &house.server.authority);
    let chunked = format!("{long}transfer-encoding: chunked\r\n");
    let said_both = said(server, authority, None, &format!("PUT {path}"), &chunked, b"");
    assert!(said_both.is_ok_and(|answer| [400, 411].contains(&answer.status)), "a length and none");
    assert!(first_words(house.begun(3 << 20, b"too long")).contains("413"));
    assert_eq!(house.files(), before, "longer than max_upload_mib");
    let wrong = path.replace("kind=still", "kind=song");
    assert_eq!(house.api(method, &wrong, BYTES, &clip).status, 400);

    // what the head says is looked at before the file comes, of which here nothing ever does
    for (what, kind, status) in [(format!("PUT {path}"), "image/png", "415"), (format!("PUT {wrong}"), BYTES, "400")] {
        let answer = first_words(house.begun_as(&house.pass, (&what, kind), 1_000, b""));
        assert!(answer.starts_with(&format!("http/1.1 {status}")) && answer.contains("connection: close"), "{answer}");
    }

    // cut off in the middle: nothing is left
    let cut = house.begun(1_000, b"half a");
    house.until(1);
    drop(cut);
    house.until(0);
    assert_eq!(house.files(), before);

    // whole, under a name that would like to be a path; and again, which changes nothing
    let name = "../../../etc/<img src=x>\u{202e}gnp.\"ảnh\".png";
    let put = house.put(&clip, name);
    assert!(put.status == 200 && put.body.contains("<img src=x>gnp.\\\"ảnh\\\".png"), "{}", put.body);
    let new: Vec<String> = house.files().into_iter().filter(|file| !before.contains(file)).collect();
    assert!(new.len() == 1 && new[0].ends_with(&hash), "{new:?}");
    assert_eq!(house.put(&clip, "other.png").body, put.body, "the same bytes are the same file");
    let back = house.api("GET", &format!("/api/v1/media/{hash}/bytes"), BYTES, b"");
    assert!(back.status == 200 && back.body.len() >= clip.len() - 200_000, "{}", back.head);
    house.data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_files_come_at_once_as_there_are_places_and_a_killed_servers_are_swept_out() {
    let mut house = House::new().await;
    let now = lichphat::clock::SystemClock::new().now();
    let store = Store::open(house.data.path(), 1).unwrap();
    let mut held = vec![house.begun(1_000, b"half a")];
    house.until(1);
    let refused = |answer: String| {
        assert!(answer.starts_with("http/1.1 429") && answer.contains("connection: close"), "{answer}");
    };
    refused(first_words(house.begun(1_000, b"half another, of the same sender")));
    for name in ["b", "c", "d", "e"] {
        let pass = account(&store, name, &[(Role::Operator, Some("P1"))], now).await;
        let what = path_of(&Sha256Hash::of(name.as_bytes()).hex(), "x.png");
        let begun = house.begun_as(&pass, (&what, BYTES), 1_000, b"half");
        match name {
            "e" => refused(first_words(begun)),
            _ => held.push(begun),
        }
        house.until(held.len());
    }
    drop(store);

    // the server is killed while they come; the next one takes away what it left, and nothing that somebody still writes
    house.server.kill();
    assert_eq!(house.incoming(), 4);
    drop(held);
    let other = house.data.path().join("media/.incoming-other");
    let file = std::fs::File::create(&other).unwrap();
    file.lock().unwrap();
    house.server = house.data.serve();
    assert!(house.incoming() == 1 && other.exists(), "{:?}", house.files());
    assert_eq!(house.put(b"there is room again", "x.png").status, 200);

    // the server's fault is not told as the file's, and its paths nobody
    let probe = house.data.path().join("probe");
    for gone in [false, true] {
        match gone {
            true => std::fs::remove_file(&probe).unwrap(),
            false => std::fs::set_permissions(&probe, std::fs::Permissions::from_mode(0o600)).unwrap(),
        }
        let answer = house.put(b"whatever it is", "x.png");
        assert!(answer.status == 503 && answer.body.contains("quản trị viên"), "{} {}", answer.status, answer.body);
        assert!(!answer.body.contains(house.data.path().to_str().unwrap()), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_brought_a_file_sees_it_and_does_not_approve_it_and_no_other_ward_knows_of_it() {
    let house = House::new().await;
    let now = lichphat::clock::SystemClock::new().now();
    let store = Store::open(house.data.path(), 1).unwrap();
    let roles = [(Role::UnitHead, Some("P1"))];
    let (an, mai) = (account(&store, "an", &roles, now).await, account(&store, "mai", &roles, now).await);
    std::fs::write(house.data.path().join("u.csv"), "code,name,kind,parent\nP2,Phường Hai,ward,HN\n").unwrap();
    house.data.ok(&["import", "units", house.data.path().join("u.csv").to_str().unwrap()]);
    let far = account(&store, "far", &[(Role::UnitHead, Some("P2"))], now).await;

    let clip = b"a notice of the ward's own";
    let hash = Sha256Hash::of(clip).hex();
    let (server, authority) = (&house.server.url, &house.server.authority);
    let send = |pass: &crate::Pass, what: &str, kind: &str, body: &[u8]| {
        let headers =
            format!("cookie: {}\r\nx-form-token: {}\r\ncontent-type: {kind}\r\n", pass.cookie, pass.form_token);
        ask(server, authority, what, &headers, body)
    };
    assert_eq!(send(&an, &path_of(&hash, "thông báo.png"), BYTES, clip).status, 200);
    let sees = |pass: &crate::Pass| {
        let one = send(pass, &format!("GET /api/v1/media/{hash}"), BYTES, b"").status;
        let listed = send(pass, "GET /api/v1/media?limit=1000", BYTES, b"").body.contains(&hash);
        assert_eq!(listed, one == 200);
        listed
    };
    assert_eq!((sees(&an), sees(&mai), sees(&far), sees(&house.pass)), (true, false, false, true));

    // somebody else puts it to people: it is still his who brought it
    let item = format!(
        "[[item]]\ncode = 'own-notice'\ntitle = 'Thông báo'\nsample = true\nweight = 1\n[[item.place]]\nlink = 'owner'\nunit = 'P1'\n\
         [item.product]\ntitle = 'Thông báo'\nlength_s = 10\n[[item.product.variant]]\nlang = 'vi'\nform = 'silent'\nmedia = '{hash}'\n"
    );
    std::fs::write(house.data.path().join("own.toml"), item).unwrap();
    house.data.ok(&["import", "campaigns", house.data.path().join("own.toml").to_str().unwrap()]);
    assert_eq!((sees(&mai), sees(&far)), (true, false), "who looks after the ward sees what waits there");
    let waiting = send(&mai, "GET /api/v1/approvals?state=open", BYTES, b"").body;
    let waiting: serde_json::Value = serde_json::from_str(&waiting).unwrap();
    let number = &waiting["items"][0]["number"];
    let approve =
        |pass| send(pass, &format!("POST /api/v1/approvals/{number}"), "application/json", b"{\"say\":\"approve\"}");
    let waits = |pass: &crate::Pass| send(pass, "GET /", BYTES, b"").body.contains("1 đề nghị đang chờ bạn duyệt");
    assert_eq!((waits(&an), waits(&mai), waits(&far)), (false, true, false), "the page that one comes in at says so");
    assert!(waiting.to_string().contains(&hash), "of ten seconds, though he said one: {waiting}");
    let offered = |pass: &crate::Pass| send(pass, "GET /approvals", BYTES, b"").body.contains("value=\"approve\"");
    assert_eq!((offered(&an), offered(&mai), offered(&far)), (false, true, false));
    let own = approve(&an);
    assert!(own.status == 409 && own.body.contains("not-taken"), "{}", own.body);
    let given = approve(&mai);
    assert!(given.status == 200 && given.body.contains("\"approved\""), "{}", given.body);
    assert!(!waits(&mai));
}

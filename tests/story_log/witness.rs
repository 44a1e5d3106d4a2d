//! Two witnesses on machines of their own: programs with directories and ports, asked by the rooms of a real server.

use super::{DAY, Hand, Reader, found};
use crate::common::people::client_of;
use crate::common::town::{TownServer, at, bare};
use crate::common::{Serve, TestData, client};
use lichphat::keys::Keys;
use lichphat::proof::log::Round;
use lichphat::proof::witnesses::Trouble;
use lichphat_playlists::time::UtcMillis;
use sha2::{Digest as _, Sha256};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};

/// A cosigner's key for `signed_note`, straight from c2sp.org/tlog-cosignature, with none of our code: key type 4, the id
/// over name, newline, type and key, and under the signature a header with the time, and the note.
struct Cosigner {
    name: String,
    id: u32,
    key: ed25519_dalek::VerifyingKey,
}

impl Cosigner {
    fn new(vkey: &str) -> Self {
        use base64::Engine as _;
        let parts: Vec<&str> = vkey.splitn(3, '+').collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(parts[2]).unwrap();
        let (kind, key) = bytes.split_first().unwrap();
        assert_eq!(*kind, 4, "a timestamped Ed25519 cosignature");
        let hash = Sha256::digest([parts[0].as_bytes(), b"\n", bytes.as_slice()].concat());
        let id = u32::from_be_bytes(hash[..4].try_into().unwrap());
        assert_eq!(format!("{id:08x}"), parts[1]);
        let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().unwrap()).unwrap();
        Self { name: parts[0].to_owned(), id, key }
    }
}

impl signed_note::Verifier for Cosigner {
    fn name(&self) -> &str {
        &self.name
    }
    fn key_id(&self) -> u32 {
        self.id
    }
    fn verify(&self, msg: &[u8], sig: &[u8]) -> bool {
        let Some((time, sig)) = sig.split_first_chunk::<8>() else { return false };
        let signed = format!("cosignature/v1\ntime {}\n{}", u64::from_be_bytes(*time), str::from_utf8(msg).unwrap());
        let sig = ed25519_dalek::Signature::from_slice(sig);
        sig.is_ok_and(|sig| self.key.verify_strict(signed.as_bytes(), &sig).is_ok())
    }
}

/// A witness: its directory, its key, and where it listens when it runs.
struct Witness {
    data: TestData,
    log: String,
    key: String,
    url: String,
    running: Option<Serve>,
}

impl Witness {
    fn new(name: &str, log: &str) -> Self {
        let data = TestData::empty();
        let dir = data.path().to_str().unwrap().to_owned();
        let lines = data.ok(&["witness", "init", "--name", name, "--dir", &dir]);
        let key = lines.lines().nth(1).unwrap().split(' ').nth(2).unwrap().to_owned();
        let mut witness = Self { data, log: log.to_owned(), key, url: "http://127.0.0.1:0".to_owned(), running: None };
        witness.start();
        witness
    }

    /// From now on it listens where it listened before.
    fn start(&mut self) {
        let (dir, listen) = (self.data.path().to_str().unwrap(), self.url.strip_prefix("http://").unwrap());
        let args = ["witness", "run", "--dir", dir, "--listen", listen, "--log", &self.log];
        let running = self.data.spawn(&args);
        self.url = running.url.clone();
        self.running = Some(running);
    }

    fn die(&mut self) {
        self.running = None;
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), &to).unwrap()),
        }
    }
}

/// With these lines in the settings.
fn with_witnesses(data: TestData, lines: &[String]) -> TestData {
    let settings = data.path().join("server.toml");
    std::fs::write(&settings, format!("[log]\nwitnesses = [{}]\n", lines.join(", "))).unwrap();
    data.with_settings(settings.to_str().unwrap())
}

/// The city, its witnesses, and who reads what is published.
struct City {
    data: TestData,
    witnesses: [Witness; 2],
    server: TownServer,
    hand: Hand,
}

/// A reverse proxy with TLS before a witness, as its owner puts one there; its certificate is of an authority that nobody
/// else knows. The answer: where it listens, and that authority's certificate.
async fn behind_tls(witness: SocketAddr) -> (SocketAddr, String) {
    use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let authority = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key.into())
        .unwrap();
    let (tls, door) = (tokio_rustls::TlsAcceptor::from(Arc::new(tls)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = door.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((guest, _)) = door.accept().await {
            if let Ok(mut guest) = tls.accept(guest).await {
                let mut witness = TcpStream::connect(witness).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut guest, &mut witness).await });
            }
        }
    });
    (address, pem)
}

impl City {
    async fn new() -> Self {
        let data = bare();
        let log = Keys::load(data.path()).unwrap().log_name("").unwrap().to_string();
        let witnesses = ["thanh-tra.example/nhan-chung", "so-vhtt.example/nhan-chung"].map(|n| Witness::new(n, &log));
        let line = |w: &Witness| format!("{{ url = \"{}\", key = \"{}\" }}", w.url, w.key);
        let data = with_witnesses(data, &witnesses.each_ref().map(line));
        let server = TownServer::start(&data, at(DAY, "12:00")).await;
        let hand = Hand::new(&data, &server, "C-01").await;
        Self { data, witnesses, server, hand }
    }

    /// `n` more segments come in, and the log follows.
    async fn publishes(&mut self, n: u64) -> u64 {
        self.hand.report(&self.server, n).await;
        let Round::Published(size) = self.server.rooms.log.round().await.unwrap() else {
            panic!("nobody else is at it")
        };
        size
    }

    /// Whose lines hold below the published checkpoint, by the reader of others: the log's, then those of the witnesses.
    async fn vouched(&self) -> [bool; 3] {
        let reader = Reader { client: client(), url: self.server.url.clone() };
        let note = signed_note::Note::from_bytes(&reader.ok("checkpoint").await).unwrap();
        let log = signed_note::StandardVerifier::new(&self.server.rooms.log.name().to_string()).unwrap();
        let mut keys: Vec<Box<dyn signed_note::Verifier>> = vec![Box::new(log)];
        for witness in &self.witnesses {
            keys.push(Box::new(Cosigner::new(&witness.key)));
        }
        let names = keys.iter().map(|key| key.name().to_owned()).collect::<Vec<_>>();
        let (known, unknown) = note.verify(&signed_note::VerifierList::new(keys)).unwrap();
        assert_eq!(unknown.len(), 0);
        let bears = |name: &String| known.iter().any(|line| line.name() == name);
        [bears(&names[0]), bears(&names[1]), bears(&names[2])]
    }

    async fn troubles(&self) -> Vec<Option<Trouble>> {
        let standings = self.server.rooms.log.standings().await.unwrap();
        standings.into_iter().map(|(_, standing)| standing.trouble).collect()
    }

    /// What `lichphat check` says beside its findings.
    fn words(&self) -> String {
        String::from_utf8_lossy(&self.data.run(&["check"]).stderr).into_owned()
    }

    async fn page(&self, lang: &str) -> String {
        let address = format!("{}/?lang={lang}", self.server.url);
        client_of(&self.server.rooms.store).await.get(address).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn witnesses_cosign_may_be_missing_and_catch_up() {
    let mut city = City::new().await;
    assert_eq!((city.publishes(3).await, city.vouched().await), (5, [true; 3]), "keys, device, segments");
    assert!(city.page("vi").await.contains("Có nhân chứng ký xác nhận."));

    city.witnesses[1].die();
    assert_eq!((city.publishes(2).await, city.vouched().await), (7, [true, true, false]), "publishing goes on");
    assert!(matches!(&city.troubles().await[..], [None, Some(Trouble::Silent { .. })]));
    assert_eq!(found(&city.data), [""; 0], "a witness that is missing is no disagreement");
    let words = city.words();
    let said =
        ["thanh-tra.example/nhan-chung: has cosigned 7 entries", "so-vhtt.example/nhan-chung: has cosigned 5 entries"];
    assert!(said.iter().all(|line| words.contains(line)) && words.contains("no answer that holds"), "{words}");
    let (vi, en) = (city.page("vi").await, city.page("en").await);
    assert!(
        vi.contains("đã ký xác nhận 5 mục") && vi.contains("Kiểm tra máy nhân chứng có đang chạy ở http://127.0.0.1:")
    );
    assert!(en.contains("See that the witness runs at") && en.contains("Witnesses cosign it."));

    // nobody is left: an hour later people are told, and the log has never stopped
    city.witnesses[0].die();
    let now: UtcMillis = at(DAY, "12:59");
    for (now, alone) in [(now, false), (now.plus_ms(120_000), true)] {
        city.server.clock.jump_to(now);
        city.publishes(1).await;
        assert_eq!(city.vouched().await, [true, false, false]);
        assert_eq!(city.page("vi").await.contains("Hơn một giờ nay không nhân chứng nào"), alone);
        assert_eq!(city.page("en").await.contains("For more than an hour no witness"), alone);
    }
    for witness in &mut city.witnesses {
        witness.start();
    }
    assert_eq!((city.publishes(0).await, city.vouched().await), (9, [true; 3]), "of the same checkpoint, late");
    assert_eq!(city.troubles().await, [None, None]);
    assert!(city.page("en").await.contains("Witnesses cosign it."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_restored_and_went_on_otherwise_is_refused_by_every_witness_and_people_are_told() {
    let mut city = City::new().await;
    city.publishes(3).await;
    let backup = tempfile::tempdir().unwrap();
    copy(city.data.path(), backup.path());
    assert_eq!((city.publishes(4).await, city.vouched().await), (9, [true; 3]));

    // the whole directory of an older day, log and all: the server itself can know nothing of what it lost
    std::fs::remove_dir_all(city.data.path()).unwrap();
    copy(backup.path(), city.data.path());
    city.server = TownServer::start(&city.data, at(DAY, "15:00")).await;
    city.hand = Hand::new(&city.data, &city.server, "C-02").await;
    assert_eq!((city.publishes(1).await, city.vouched().await), (7, [true, false, false]));
    let ahead = Trouble::Ahead { theirs: 9, ours: 7 };
    assert_eq!(city.troubles().await, [Some(ahead.clone()), Some(ahead)]);
    let all = found(&city.data);
    let told =
        "witness thanh-tra.example/nhan-chung: It has cosigned 9 entries and the server has 7: the server was restored";
    assert!(all.len() == 2 && all[0].starts_with(told), "{all:?}");

    // it has grown past what was cosigned, with other entries
    assert_eq!((city.publishes(9).await, city.vouched().await), (16, [true, false, false]));
    assert_eq!(city.troubles().await, [Some(Trouble::Rewritten { size: 9 }), Some(Trouble::Rewritten { size: 9 })]);
    let all = found(&city.data);
    assert!(all.len() == 2 && all[1].contains("The log does not continue the 9 entries it has cosigned"), "{all:?}");
    let (vi, en) = (city.page("vi").await, city.page("en").await);
    assert!(
        vi.contains("không khớp với phần đã ký xác nhận") && vi.contains("Nhật ký không nối tiếp 9 mục đã ký"),
        "{vi}"
    );
    assert!(en.contains("A witness says that this log is not what it has cosigned. Delete nothing"));

    // the operator begins a new log: to a witness it is a stranger until its owner is given the key
    let restart = ["log", "restart", "--reason", "bản sao lưu cũ", "--by", "Tổ kỹ thuật"];
    let key = city.data.ok(&restart).trim().to_owned();
    city.server = TownServer::start(&city.data, at(DAY, "16:00")).await;
    assert_eq!((city.publishes(0).await, city.vouched().await), (17, [true, false, false]));
    assert_eq!(city.troubles().await, [Some(Trouble::UnknownLog), Some(Trouble::UnknownLog)]);
    assert_eq!(found(&city.data), [""; 0]);
    city.witnesses[0].die();
    city.witnesses[0].log = key;
    city.witnesses[0].start();
    let mut rounds = 0; // a busy machine lets a witness be late, and the next round finds it
    while city.publishes(0).await == 17 && city.vouched().await != [true, true, false] {
        rounds += 1;
        assert!(rounds < 20, "{:?}", city.troubles().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_behind_https_is_believed_by_the_authority_that_is_named_for_it() {
    let mut city = City::new().await;
    let here = city.witnesses.each_ref().map(|w| w.url.strip_prefix("http://").unwrap().parse().unwrap());
    let (address, pem) = behind_tls(here[0]).await;
    let ca = city.data.path().join("thanh-pho.pem");
    std::fs::write(&ca, pem).unwrap();
    let key = &city.witnesses[0].key;
    let unknown = format!("{{ url = \"https://{address}\", key = \"{key}\" }}");
    let known = format!("{{ url = \"https://{address}\", key = \"{key}\", ca = \"{}\" }}", ca.display());
    for (line, vouched) in [(unknown, [true, false, false]), (known.clone(), [true, true, false])] {
        city.data = with_witnesses(city.data, &[line]);
        city.server = TownServer::start(&city.data, at(DAY, "12:00")).await;
        assert_eq!((city.publishes(0).await, city.vouched().await), (2, vouched));
        let troubles = city.troubles().await;
        let told = troubles[0].as_ref().map(ToString::to_string);
        let says =
            |words: &String| words.contains("an authority that this machine does not know") && words.contains("ca = ");
        assert!(told.as_ref().map_or(vouched[1], says), "{told:?}");
    }
    std::fs::write(&ca, "no certificate").unwrap();
    let refused = city.data.fails(2, &["check"]);
    assert!(refused.contains("log.witnesses, 1.: ca = ") && refused.contains("holds no certificate"), "{refused}");
}

//! Stories of a witness through its door.

use super::desk::{Desk, make};
use super::{Settings, service};
use crate::clock::SimClock;
use bytes::Bytes;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::checkpoint::{Checkpoint, Policy};
use lichphat_playlists::proof::note::{NoteSignature, VerifierKey};
use lichphat_playlists::proof::tree::{consistency, leaf_hash, root};
use lichphat_playlists::proof::witness::{AddCheckpoint, MAX_REQUEST_BYTES};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::sign::{Cosigning, LogSigning, SigningKey};
use std::path::Path;
use std::sync::Arc;

const NOW: UtcMillis = UtcMillis(1_763_600_000_999);

/// A log in memory, which can be made to lie.
struct Log {
    key: SigningKey<LogSigning>,
    name: VerifierKey<LogSigning>,
    leaves: Vec<Sha256Hash>,
}

impl Log {
    fn new() -> Self {
        let key = SigningKey::from_seed(&[9; 32]);
        let name = VerifierKey::new("lichphat.example/log", key.verifying_key()).unwrap();
        Self { key, name, leaves: (0..300u64).map(|i| leaf_hash(&i.to_be_bytes())).collect() }
    }
    fn checkpoint(&self, size: u64) -> Checkpoint {
        let Ok(root) = root(&self.leaves[..], size);
        Checkpoint { origin: self.name.name().into(), size, root, extensions: vec![] }
    }
    fn ask(&self, old: u64, size: u64) -> AddCheckpoint {
        let Ok(proof) = consistency(&self.leaves[..], old.min(size), size);
        AddCheckpoint { old, proof, note: self.checkpoint(size).sign(&self.name, &self.key) }
    }
}

struct Witness {
    dir: tempfile::TempDir,
    name: VerifierKey<Cosigning>,
}

impl Witness {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let name = make(dir.path(), "thanh-tra.example/nhan-chung").unwrap();
        Self { dir, name }
    }
    fn open(&self, log: &Log) -> crate::web::Service {
        service(Arc::new(desk(self.dir.path(), log)))
    }
}

fn desk(dir: &Path, log: &Log) -> Desk {
    Desk::open(dir, vec![log.name.clone()], Arc::new(SimClock::new(NOW))).unwrap()
}

/// Status, `Content-Type` and body of one request.
async fn post(service: &crate::web::Service, body: impl Into<Bytes>) -> (u16, String, String) {
    let request = http::Request::post("/add-checkpoint").body(body.into()).unwrap();
    let answer = service.exchange(request).await.unwrap();
    let kind = answer.headers().get("content-type").map_or("", |v| v.to_str().unwrap()).to_owned();
    (answer.status().as_u16(), kind, String::from_utf8(answer.body().to_vec()).unwrap())
}

#[tokio::test]
async fn what_it_cosigns_counts_for_a_policy_and_is_kept_over_a_restart() {
    let (log, witness) = (Log::new(), Witness::new());
    let mut asked = log.ask(0, 5);
    let (status, _, line) = post(&witness.open(&log), asked.to_string()).await;
    assert_eq!(status, 200, "{line}");
    asked.note.signatures.push(NoteSignature::parse(line.trim_end()).unwrap());
    let policy = format!("log {}\nwitness tt {}\nquorum tt\n", log.name, witness.name);
    let (checkpoint, witnessed) = Policy::parse(&policy).unwrap().open(&asked.note).unwrap();
    assert_eq!((checkpoint.size, witnessed.since_s), (5, Some(1_763_600_000)));

    let again = witness.open(&log); // another process
    assert_eq!(post(&again, log.ask(0, 9).to_string()).await, (409, "text/x.tlog.size".into(), "5\n".into()));
    assert_eq!(post(&again, log.ask(5, 300).to_string()).await.0, 200);
    assert_eq!(post(&again, log.ask(300, 300).to_string()).await.0, 200, "the same again");
    let back = post(&again, log.ask(5, 5).to_string()).await;
    assert_eq!((back.0, back.2.as_str()), (409, "300\n"), "a log that rolled back is not cosigned");
}

#[tokio::test]
async fn a_log_with_two_faces_is_refused_whatever_it_tries() {
    let (log, witness) = (Log::new(), Witness::new());
    let door = witness.open(&log);
    assert_eq!(post(&door, log.ask(0, 200).to_string()).await.0, 200);
    let mut liar = Log::new();
    liar.leaves[150] = leaf_hash(b"another story");
    assert_eq!(post(&door, liar.ask(200, 200).to_string()).await.0, 409, "one size, two roots");
    assert_eq!(post(&door, liar.ask(200, 300).to_string()).await.0, 422, "its own proof does not fit");
    let mut mixed = liar.ask(200, 300);
    mixed.proof = log.ask(200, 300).proof;
    assert_eq!(post(&door, mixed.to_string()).await.0, 422, "nor does the honest one");
    assert_eq!(post(&door, liar.ask(150, 300).to_string()).await.0, 409, "nor another beginning");
    assert_eq!(post(&door, log.ask(200, 300).to_string()).await.0, 200, "the honest log goes on");
}

#[tokio::test]
async fn many_at_once_are_judged_one_by_one() {
    let (log, witness) = (Log::new(), Witness::new());
    let door = witness.open(&log);
    assert_eq!(post(&door, log.ask(0, 10).to_string()).await.0, 200);
    let asked = (11..43).map(|size| {
        let (door, body) = (door.clone(), log.ask(10, size).to_string());
        tokio::spawn(async move { (size, post(&door, body).await.0) })
    });
    let answers = futures_util::future::join_all(asked.collect::<Vec<_>>()).await;
    let cosigned: Vec<u64> = answers.into_iter().map(Result::unwrap).filter(|a| a.1 == 200).map(|a| a.0).collect();
    assert_eq!(cosigned.len(), 1, "from one size on only one step is vouched for: {cosigned:?}");
    let (_, _, size) = post(&door, log.ask(0, 300).to_string()).await;
    assert_eq!(size, format!("{}\n", cosigned[0]));
}

#[tokio::test]
async fn what_strangers_send_changes_nothing_and_is_answered_by_the_book() {
    let (log, witness) = (Log::new(), Witness::new());
    let door = witness.open(&log);
    let good = log.ask(0, 5).to_string();
    for (body, status) in [
        (Bytes::new(), 400),
        (Bytes::from_static(b"\xff\xfe"), 400),
        (Bytes::from(good.replacen("old 0", "old 00", 1)), 400),
        (Bytes::from(good.replacen("old 0", "old 6", 1)), 400),
        (Bytes::from(good.replace("lichphat.example", "khac.example")), 404),
        (Bytes::from(good.replacen("\n5\n", "\n6\n", 1)), 403),
        (Bytes::from("old 0\n".to_owned() + &"A".repeat(MAX_REQUEST_BYTES)), 413),
    ] {
        let (found, _, words) = post(&door, body).await;
        assert_eq!(found, status, "{words}");
    }
    let get = http::Request::get("/add-checkpoint").body(Bytes::new()).unwrap();
    assert_eq!(door.exchange(get).await.unwrap().status().as_u16(), 405);
    assert_eq!(post(&door, good).await.0, 200);
    let kept = std::fs::read_dir(witness.dir.path()).unwrap().count();
    assert_eq!(kept, 4, "key, name, lock and one file for the log");
}

#[tokio::test]
async fn what_cannot_be_kept_or_read_is_not_cosigned() {
    let (log, witness) = (Log::new(), Witness::new());
    let door = witness.open(&log);
    assert_eq!(post(&door, log.ask(0, 5).to_string()).await.0, 200);
    let files = || std::fs::read_dir(witness.dir.path()).unwrap().map(|e| e.unwrap().path());
    let state = files().find(|p| p.extension().is_some_and(|e| e == "checkpoint")).unwrap();
    let good = std::fs::read_to_string(&state).unwrap();
    for cut in 0..good.len() - 1 {
        if !good.is_char_boundary(cut) {
            continue;
        }
        std::fs::write(&state, &good[..cut]).unwrap();
        assert_eq!(post(&door, log.ask(0, 5).to_string()).await.0, 500, "a file of {cut} bytes is not \"never seen\"");
    }
    std::fs::write(&state, &good).unwrap();
    let away = witness.dir.path().with_extension("away");
    std::fs::rename(witness.dir.path(), &away).unwrap();
    assert_eq!(post(&door, log.ask(5, 9).to_string()).await.0, 500, "the disk is gone");
    std::fs::rename(&away, witness.dir.path()).unwrap();
    assert_eq!(post(&door, log.ask(5, 9).to_string()).await.0, 200);
}

#[test]
fn one_key_has_one_name_and_one_process() {
    let (log, witness) = (Log::new(), Witness::new());
    assert_eq!(
        make(witness.dir.path(), "thanh-tra.example/nhan-chung").unwrap(),
        witness.name,
        "init again changes nothing"
    );
    let renamed = make(witness.dir.path(), "khac.example").unwrap_err().to_string();
    assert!(renamed.contains("one key has one name"), "{renamed}");
    let spaced = make(tempfile::tempdir().unwrap().path(), "thanh tra").unwrap_err().to_string();
    assert!(spaced.contains("\"thanh tra\"") && spaced.contains("without spaces"), "{spaced}");
    let _first = desk(witness.dir.path(), &log);
    let second = Desk::open(witness.dir.path(), vec![], Arc::new(SimClock::new(NOW))).err().unwrap().to_string();
    assert!(second.contains("another witness works here"), "{second}");
}

#[test]
fn the_preset_is_the_default_and_a_wrong_setting_is_named() {
    let path = Path::new("witness.toml");
    assert_eq!(Settings::parse(include_str!("../../../config/witness.toml"), path).unwrap(), Settings::default());
    let wrong = Settings::parse("logs = [\"khong phai khoa\"]", path).unwrap_err().to_string();
    assert!(wrong.contains("line 1") && wrong.contains("NAME+ID+KEY"), "{wrong}");
    assert!(Settings::parse("log = []", path).unwrap_err().to_string().contains("unknown field"));
}

//! A new version of the player on its way: signed by its makers with the command line, taken in by a real server, offered to
//! the first device, stopped by itself when it does harm, and let on to the others when it does its work.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{TownDevice, TownServer, at, town};
use lichphat_player::ports::MediaFs as _;
use lichphat_player::update::state::{MOST_STARTS, Start, State, path_of};
use lichphat_player::update::{PACKAGE, Updates};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::wire::sign::{Releasing, VerifyingKey};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// Whoever makes the player: his key lies beside the data directory, not in it.
struct Makers {
    dir: tempfile::TempDir,
    public: String,
}

impl Makers {
    fn new(data: &TestData) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("release.key");
        let public = data.ok(&["release", "key", "--out", out.to_str().unwrap()]).trim().to_owned();
        assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!data.path().join("keys/release.key").exists());
        Self { dir, public }
    }
    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }
    fn key(&self) -> VerifyingKey<Releasing> {
        VerifyingKey::from_base64(&self.public).unwrap()
    }
    /// Signs a program of its own under the serial; answers with manifest and program.
    fn sign(&self, data: &TestData, serial: &str) -> (String, String) {
        let (manifest, program) = (self.path(&format!("{serial}.release")), self.path(&format!("player-{serial}")));
        std::fs::write(&program, format!("program {serial}")).unwrap();
        let key = self.path("release.key");
        let version = format!("0.{serial}.0");
        let what = ["--key", &key, "--program", &program, "--serial", serial, "--name", &version, "--out", &manifest];
        data.ok(&[&["release", "sign"], what.as_slice()].concat());
        (manifest, program)
    }
    fn add(&self, data: &TestData, serial: &str) {
        let (manifest, program) = self.sign(data, serial);
        data.ok(&["release", "add", &manifest, "--program", &program, "--key", &self.public]);
    }
}

/// Starts a player as its first step does.
fn start(device: &mut TownDevice, makers: &Makers) -> Start {
    let mut state = State::read(&device.fs, PACKAGE);
    let start = state.start(|file| device.fs.sha256(&path_of(file)).is_ok_and(|found| found == file));
    state.write(&device.fs).unwrap();
    let running = match start {
        Start::Package => None,
        Start::Version(file) => Some(file),
    };
    let (fs, key) = (Arc::new(device.fs.clone()), makers.key());
    device.updates = Some(Arc::new(Updates::new(fs, key, device.identity.device, running)));
    device.without_power(device.sim.clock.now());
    start
}

/// Lets server and devices live for so many minutes; a device that wants it is started again.
async fn minutes(server: &TownServer, devices: &mut [TownDevice], makers: &Makers, minutes: u32) {
    for _ in 0..minutes {
        let next = server.clock.now().plus_ms(60_000);
        server.clock.jump_to(next);
        for device in devices.iter_mut() {
            device.sim.step_until(next);
            device.sim.agent.heartbeat().await.unwrap();
            device.sim.meet().await;
            if device.sim.agent.playing().restart_due() {
                start(device, makers);
            }
        }
    }
}

fn list(data: &TestData) -> Vec<Value> {
    serde_json::from_str(&data.ok(&["release", "list", "--format", "json"])).unwrap()
}

fn has(device: &TownDevice, serial: &str) -> bool {
    let file = Sha256Hash::of(format!("program {serial}").as_bytes());
    device.fs.sha256(&path_of(file)).is_ok_and(|found| found == file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_release_stops_at_its_first_device_and_a_good_one_reaches_them_all() {
    let data = town();
    let server = TownServer::start(&data, at("2024-09-20", "20:00")).await;
    let makers = Makers::new(&data);
    let mut devices = vec![server.device(&data, "C-01").await, server.device(&data, "C-02").await];
    for device in &mut devices {
        assert_eq!(start(device, &makers), Start::Package);
    }
    minutes(&server, &mut devices, &makers, 1).await; // the fleet is known

    makers.add(&data, "2");
    minutes(&server, &mut devices, &makers, 1).await;
    let first = devices.iter().position(|d| has(d, "2")).unwrap();
    assert!(!has(&devices[1 - first], "2"), "the first device only");
    let early = data.fails(1, &["release", "stage", "2", "1000"]);
    assert!(early.contains("release 2: no device has found it good yet"), "{early}");
    minutes(&server, &mut devices, &makers, 2).await;
    assert!(State::read(&devices[first].fs, PACKAGE).trial.is_some());
    for _ in 1..MOST_STARTS {
        assert!(matches!(start(&mut devices[first], &makers), Start::Version(_)), "it crashes and is started again");
    }
    assert_eq!(start(&mut devices[first], &makers), Start::Package, "the one before is back");
    minutes(&server, &mut devices, &makers, 1).await;
    let stopped = server.rooms.fleet.watch_releases().await.unwrap();
    assert_eq!(stopped, [(2, "of 1 devices 1 went back, 0 fell silent, 0 are well".to_owned())]);
    let status = data.ok(&["device", "status", "--format", "csv"]);
    assert!(status.contains("\"0, back from 2 (crashed)\""), "{status}");
    let late = data.fails(1, &["release", "stage", "2", "1000"]);
    assert!(late.contains("has stopped (of 1 devices 1 went back"), "{late}");
    minutes(&server, &mut devices, &makers, 5).await;
    assert!(!has(&devices[1 - first], "2"), "nobody else ever gets it");

    makers.add(&data, "3");
    minutes(&server, &mut devices, &makers, 15).await;
    let line = &list(&data)[1];
    assert_eq!((line["offered"].as_u64(), line["well"].as_u64()), (Some(1), Some(1)), "{line}");
    data.ok(&["release", "stage", "3", "1000"]);
    minutes(&server, &mut devices, &makers, 15).await;
    let line = &list(&data)[1];
    assert_eq!(
        (line["permille"].as_u64(), line["well"].as_u64(), line["failed"].as_u64()),
        (Some(1000), Some(2), Some(0))
    );
    let stick = makers.path("stick");
    std::fs::create_dir(&stick).unwrap();
    data.ok(&["usb", "export", "--dir", &stick]);
    let on_stick = |path: &str| std::fs::read(Path::new(&stick).join("lichphat").join(path));
    let arch = std::env::consts::ARCH;
    assert_eq!(
        on_stick(&format!("screens/C-01/release-{arch}")).unwrap(),
        std::fs::read(makers.path("3.release")).unwrap()
    );
    assert_eq!(on_stick(&format!("media/{}", Sha256Hash::of(b"program 3"))).unwrap(), b"program 3");
    data.ok(&["release", "stop", "3", "--why", "the story is over"]);
    assert_eq!(list(&data)[1]["stopped"], "the story is over");
    data.ok(&["usb", "export", "--dir", &stick]);
    assert!(on_stick(&format!("screens/C-01/release-{arch}")).is_err(), "what was stopped is taken off the stick");
    data.ok(&["check"]);
}

#[test]
fn what_is_not_as_it_was_signed_is_not_taken_in_and_an_open_key_signs_nothing() {
    let data = TestData::new();
    let makers = Makers::new(&data);
    let (manifest, program) = makers.sign(&data, "2");
    let other = makers.path("other");
    std::fs::write(&other, "another program").unwrap();
    let add = |manifest: &str, program: &str, key: &str| {
        data.fails(2, &["release", "add", manifest, "--program", program, "--key", key])
    };
    assert!(add(&manifest, &other, &makers.public).contains("is not the program that was signed"));
    let foreign = Makers::new(&data);
    assert!(add(&manifest, &program, &foreign.public).contains("the signature does not match"));
    assert!(add(&manifest, &program, "abc").contains("--key"));
    assert!(list(&data).is_empty());
    data.ok(&["release", "add", &manifest, "--program", &program, "--key", &makers.public]);
    let again = data.fails(1, &["release", "add", &manifest, "--program", &program, "--key", &makers.public]);
    assert!(again.contains("release 2: is there already; sign the new one with a higher serial"), "{again}");

    let key = makers.path("release.key");
    assert!(data.fails(1, &["release", "key", "--out", &key]).contains("release.key"), "no key is ever overwritten");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let out = makers.path("3.release");
    let sign = ["release", "sign", "--key", &key, "--program", &program, "--serial", "3", "--name", "0.3.0"];
    let open = data.fails(1, &[sign.as_slice(), &["--out", &out]].concat());
    assert!(open.contains("can be read by others (mode 644)"), "{open}");
}

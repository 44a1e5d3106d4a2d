//! Backups are taken beside a running server; after a disaster the newest one is restored, players hand in again what it lacks,
//! and the figures are what they were.

use super::DAY;
use super::common::TestData;
use super::common::people::client_of;
use super::common::town::{TownServer, at, fixture, town};
use lichphat::backup::{Manifest, Saved};
use lichphat::proof::log::{LogError, Round};
use lichphat_playlists::ids::Sha256Hash;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What stands in a directory of backups, by name, which is by time.
fn backups(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

fn manifest(backup: &Path) -> Manifest {
    Manifest::parse(&fs::read(backup.join("manifest.json")).unwrap()).unwrap()
}

fn figures(data: &TestData) -> String {
    data.ok(&["report", "compliance", "--campaign", "clean-street", "--from", DAY, "--to", DAY, "--format", "csv"])
}

/// A data directory that is yet to come, with the town's settings.
fn nowhere(dir: &Path, name: &str) -> TestData {
    TestData::at(dir.join(name)).with_settings(&fixture("server.toml"))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_disaster_the_newest_backup_and_the_players_bring_every_figure_back() {
    let (data, elsewhere) = (town(), tempfile::tempdir().unwrap());
    data.bring("directives", &fixture("order.toml"));
    let out = elsewhere.path().join("backups");
    let backup = ["backup", "--out", text(&out), "--with-keys"];
    let server = TownServer::start(&data, at(DAY, "07:50")).await;
    server.plan().await;
    let mut device = server.device(&data, "C-01").await;
    for (until, backed_up) in [("08:30", true), ("09:15", true), ("12:15", false)] {
        server.live(&mut device, at(DAY, until)).await;
        assert!(matches!(server.rooms.log.round().await, Ok(Round::Published(_))));
        if backed_up {
            data.ok(&backup);
        }
    }
    let before = figures(&data);
    let last = elsewhere.path().join("what-an-auditor-keeps");
    fs::copy(data.path().join("log/checkpoint"), &last).unwrap();

    // the second backup shares with the first what has not changed, and each is of its own moment
    let [first, second] = &backups(&out)[..] else { panic!("two backups") };
    let media: Vec<String> = manifest(second).files.into_keys().filter(|path| path.starts_with("media/")).collect();
    assert!(media.len() > 1);
    for path in &media {
        let inode = |backup: &Path| fs::metadata(backup.join(path)).unwrap().ino();
        assert_eq!(inode(first), inode(second), "{path} is kept once");
    }
    assert!(manifest(first).at < manifest(second).at && manifest(second).has_keys());

    // disaster: the disk is gone. The wrong moment and a wrong place are refused, the right ones restored
    let new = nowhere(elsewhere.path(), "new");
    let early = new.fails(1, &["restore", text(&out), "--at", "2024-01-01T00:00"]);
    assert!(early.contains("no whole backup that is not after 2024-01-01T00:00:00.000+07:00"), "{early}");
    let taken = data.fails(1, &["restore", text(&out)]);
    assert!(taken.contains("is not empty"), "{taken}");
    let at_first = manifest(first).at.rfc3339(lichphat_playlists::time::HANOI);
    let older = nowhere(elsewhere.path(), "older");
    older.ok(&["restore", text(&out), "--at", &at_first]);
    let server = server.restarted(&new, || {
        fs::remove_dir_all(data.path()).unwrap();
        new.ok(&["restore", text(&out)]); // exit code 0: `check` found nothing
        assert!(fs::metadata(new.path().join("keys/plan.key")).unwrap().permissions().mode() & 0o077 == 0);
    });
    let server = server.await;
    assert_ne!(figures(&new), figures(&older), "the newer one holds more");
    assert_ne!(figures(&new), before, "and less than there was");

    // plans go on above whatever was published since the backup: a player that holds such a one takes no lower version
    assert!(server.plan().await > 0, "every day is published anew");
    let (screen, today) = ("C-01".parse().unwrap(), DAY.parse().unwrap());
    let newest = server.rooms.planning.store().newest(&screen, today).await.unwrap().unwrap();
    assert!(newest.head.version.0 > 1_000, "{:?}", newest.head);

    // the log waits, whatever anybody does but answering what was published
    assert!(matches!(server.rooms.log.round().await, Err(LogError::Waits)));
    let client = client_of(&server.rooms.store).await;
    let page = client.get(format!("{}/?lang=vi", server.url)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Nhật ký đang chờ vì dữ liệu vừa được khôi phục"), "{page}");

    // with its next records the player hands in again what the backup lacks
    server.live(&mut device, at("2024-09-21", "08:45")).await;
    assert_eq!(figures(&new), before, "not a play is missing, and none counts twice");

    // it was published further than the backup: the log cannot go on as it was, and a new one begins
    let stopped = new.fails(1, &["log", "resume", text(&last)]);
    assert!(stopped.contains("the log was published up to"), "{stopped}");
    let mut in_vietnamese = Command::new(env!("CARGO_BIN_EXE_lichphat"));
    let said = in_vietnamese.arg("--data").arg(new.path()).args(["log", "resume", text(&last)]).output().unwrap();
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("mục mà dữ liệu đang có chỉ giữ"), "{said}");
    new.ok(&["log", "restart", "--reason", "hỏng ổ đĩa", "--by", "Tổ kỹ thuật"]);
    let server = server.restarted(&new, || ()).await;
    assert!(matches!(server.rooms.log.round().await, Ok(Round::Published(_))));
    new.ok(&["check"]);
    assert_eq!(figures(&new), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_moves_house_with_its_keys_apart_and_its_log_goes_on() {
    let (data, elsewhere) = (town(), tempfile::tempdir().unwrap());
    let (out, keys) = (elsewhere.path().join("backups"), elsewhere.path().join("keys"));
    let server = TownServer::start(&data, at(DAY, "07:50")).await;
    server.plan().await;
    let mut device = server.device(&data, "C-01").await;
    // backups while records come in: each is of one moment
    let mut child = data.command(&["backup", "--out", text(&out)]).spawn().unwrap();
    while child.try_wait().unwrap().is_none() {
        let next = server.rooms.clock.now().plus_ms(900_000);
        server.live(&mut device, next).await;
        server.rooms.log.round().await.unwrap();
    }
    assert!(child.wait().unwrap().success());
    fs::create_dir(&keys).unwrap();
    for key in ["plan", "receipt", "command", "approval", "log", "people"].map(|name| format!("{name}.key")) {
        fs::copy(data.path().join("keys").join(&key), keys.join(&key)).unwrap();
    }
    nowhere(elsewhere.path(), "between").ok(&["restore", text(&out), "--keys", text(&keys)]);
    server.live(&mut device, server.rooms.clock.now().plus_ms(900_000)).await;
    let Ok(Round::Published(size)) = server.rooms.log.round().await else { panic!("it goes on") };
    let told = data.run(&["backup", "--out", text(&out), "--keep", "1"]);
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(told.contains("1 old backups forgotten") && told.contains("needs the keys' own backup"), "{told}");
    let [backup] = &backups(&out)[..] else { panic!("one is kept") };
    assert!(!manifest(backup).has_keys() && !backup.join("keys").exists());

    // without keys the data are there, and it says what is missing
    let bare = nowhere(elsewhere.path(), "bare");
    let said = bare.fails(1, &["restore", text(backup)]);
    assert!(said.contains("There are no keys yet: bring their own backup to"), "{said}");

    let new = nowhere(elsewhere.path(), "new");
    let server = server.restarted(&new, || {
        let (from, keys) = (text(backup).to_owned(), text(&keys).to_owned());
        new.ok(&["restore", &from, "--keys", &keys]);
        let foreign = elsewhere.path().join("foreign");
        fs::write(&foreign, "no checkpoint at all\n").unwrap();
        assert!(
            new.fails(1, &["log", "resume", text(&foreign)]).contains("is no checkpoint that the log lichphat-log/")
        );
        // the old server was stopped before: what the backup holds is what was published last
        new.ok(&["log", "resume", &format!("{from}/log/checkpoint")]);
    });
    let server = server.await;
    assert_eq!(server.rooms.log.round().await.unwrap(), Round::Published(size), "the same log, and not an entry more");
    device.sim.meet().await;
    new.ok(&["check"]);
}

#[test]
fn a_backup_that_is_not_whole_is_never_taken_for_one_and_nothing_is_put_in_place() {
    let (data, elsewhere) = (town(), tempfile::tempdir().unwrap());
    let out = elsewhere.path().join("backups");
    data.ok(&["backup", "--out", text(&out), "--with-keys"]);
    let backup = backups(&out).remove(0);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&backup), mode(&backup.join("keys")), mode(&backup.join("keys/log.key"))), (0o700, 0o700, 0o600));

    // a bit is turned in any of its files; or a file is missing
    let new = nowhere(elsewhere.path(), "new");
    for (path, Saved { bytes, .. }) in manifest(&backup).files {
        let file = backup.join(&path);
        let whole = fs::read(&file).unwrap();
        let mut harmed = whole.clone();
        harmed[bytes as usize / 2] ^= 1;
        for harm in [Some(&harmed), None] {
            fs::remove_file(&file).unwrap();
            harm.iter().for_each(|bytes| fs::write(&file, bytes).unwrap());
            let said = new.fails(1, &["restore", text(&out)]);
            assert!(
                said.contains(&format!("1 of its files are missing or not what was backed up, first {path}")),
                "{said}"
            );
            assert_eq!(fs::read_dir(new.path()).unwrap().count(), 0, "nothing is left behind");
            fs::write(&file, &whole).unwrap();
        }
    }
    // where a restore is under way nothing else begins, and one that was broken off is no data
    let unfinished = new.path().join(".unfinished-restore");
    fs::create_dir(&unfinished).unwrap();
    assert!(new.fails(2, &["init"]).contains("a restore is under way or was broken off"));
    assert!(new.fails(1, &["restore", text(&out)]).contains("is not empty (.unfinished-restore)"));
    fs::remove_dir(&unfinished).unwrap();
    new.ok(&["restore", text(&out)]);

    // without its last file it was never finished, and the one before is taken
    data.ok(&["backup", "--out", text(&out), "--with-keys"]);
    let half = backups(&out).remove(1);
    fs::remove_file(half.join("manifest.json")).unwrap();
    let again = nowhere(elsewhere.path(), "again");
    assert!(again.fails(1, &["restore", text(&half)]).contains("is no whole backup, it has no manifest.json"));
    again.ok(&["restore", text(&out)]);

    // one that was killed is cleared away by the next, which does not begin while another is at it
    fs::create_dir(out.join(".unfinished-killed")).unwrap();
    let lock = fs::File::create(out.join(".lock")).unwrap();
    lock.lock().unwrap();
    assert!(data.fails(1, &["backup", "--out", text(&out)]).contains("another backup is being written here"));
    drop(lock);
    data.ok(&["backup", "--out", text(&out)]);
    assert!(!out.join(".unfinished-killed").exists());
}

#[test]
fn killed_at_any_moment_a_backup_is_whole_or_not_there() {
    let (data, elsewhere) = (town(), tempfile::tempdir().unwrap());
    let out = elsewhere.path().join("backups");
    let backup = ["backup", "--out", text(&out), "--with-keys"];
    let began = Instant::now();
    data.ok(&backup);
    let whole = began.elapsed();
    let mut cut = 0;
    for part in 0..12 {
        let mut child = data.command(&backup).spawn().unwrap();
        std::thread::sleep(whole * part / 10);
        child.kill().unwrap();
        cut += u32::from(!child.wait().unwrap().success());
        for path in backups(&out).iter().filter(|path| !text(path).contains(".unfinished-")) {
            for (name, saved) in manifest(path).files {
                assert_eq!(Sha256Hash::of(&fs::read(path.join(&name)).unwrap()), saved.hash, "{name}");
            }
        }
    }
    assert!(cut > 0, "none was cut short");
    data.ok(&backup);
    assert!(backups(&out).iter().all(|path| path.join("manifest.json").exists()), "what was left is cleared away");
    nowhere(elsewhere.path(), "new").ok(&["restore", text(&out)]);
}

#[test]
fn media_that_were_harmed_are_named_and_an_earlier_good_copy_is_kept() {
    let (data, elsewhere) = (town(), tempfile::tempdir().unwrap());
    let (good, fresh) = (elsewhere.path().join("good"), elsewhere.path().join("fresh"));
    data.ok(&["backup", "--out", text(&good), "--with-keys"]);
    let media = manifest(&backups(&good)[0]).files.into_keys().find(|path| path.starts_with("media/")).unwrap();
    let file = data.path().join(&media);
    let mut bytes = fs::read(&file).unwrap();
    bytes[0] ^= 1;
    fs::write(&file, bytes).unwrap();
    let said = data.fails(1, &["backup", "--out", text(&fresh)]);
    assert!(said.contains(&format!("had been changed before it was backed up: {media}; run lichphat check")), "{said}");
    data.fails(1, &["check"]);
    data.ok(&["backup", "--out", text(&good), "--with-keys"]);
    nowhere(elsewhere.path(), "new").ok(&["restore", text(&good)]);
}

/// Runs the program with a tmpfs of that size at `dir`, and then lists what is left in `look`; none when this machine allows no mount.
fn with_small_disk(dir: &Path, size: &str, data: &TestData, args: &[&str], look: &Path) -> Option<(i32, String)> {
    let script = format!(
        "mount -t tmpfs -o size={size} tmpfs \"$0\" && look=\"$1\" && shift && \"$@\"; code=$?; ls -A \"$look\"; exit $code"
    );
    let program = data.command(args);
    let unshare = |rest: &[&std::ffi::OsStr]| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .arg(dir)
            .arg(look)
            .args(rest)
            .output()
    };
    match unshare(&["true".as_ref()]) {
        Ok(output) if output.status.success() => {}
        other => {
            println!("skipped: no mount is allowed here: {other:?}");
            return None;
        }
    }
    let words: Vec<_> = std::iter::once(program.get_program()).chain(program.get_args()).collect();
    let output = unshare(&words).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let left = String::from_utf8(output.stdout).unwrap();
    let left: Vec<&str> = left.lines().filter(|name| !name.starts_with(".lock")).collect();
    assert!(left.is_empty(), "{left:?}: {said}");
    Some((output.status.code().unwrap(), said))
}

#[test]
fn a_full_disk_is_told_and_nothing_is_half_written() {
    let (data, elsewhere) = (town(), tempfile::tempdir().unwrap());
    let small = elsewhere.path().join("small");
    fs::create_dir(&small).unwrap();
    let out = elsewhere.path().join("backups");
    data.ok(&["backup", "--out", text(&out), "--with-keys"]);
    let (bytes, new) = (manifest(&backups(&out)[0]).bytes(), TestData::at(small.clone()));
    // it breaks off in the database, and in what comes after it
    for size in [bytes / 8, bytes / 2, bytes * 9 / 10].map(|bytes| bytes.to_string()) {
        for work in [["backup", "--with-keys", "--out", text(&small)].as_slice(), &["restore", text(&out)]] {
            let Some((code, said)) =
                with_small_disk(&small, &size, if work[0] == "backup" { &data } else { &new }, work, &small)
            else {
                return;
            };
            assert_eq!((code, said.contains("disk") && said.contains("full")), (1, true), "{size}: {said}");
        }
    }
}

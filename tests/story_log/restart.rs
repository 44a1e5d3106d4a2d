//! A scheduler comes back from an older backup before a real player: its core, its journal and identity on a disk, over
//! HTTP. The player tells of it and keeps what it has; the operator begins a new log over what is left, and nothing is lost.

use super::{DAY, Reader, bytes, found, root};
use crate::common::people::client_of;
use crate::common::town::{TownServer, at, fixture, provision, switch_on, town};
use crate::common::{TestData, client};
use lichphat::proof::log::{LogError, Round};
use lichphat_player::agent::AgentOptions;
use lichphat_player::identity::store;
use lichphat_player::journal::Journal as _;
use lichphat_player::journal::sqlite::{FILE_NAME, SqliteJournal};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::sim_support::{MemoryMediaFs, SeededRng, SimClock, SimDevice};
use lichphat_playlists::proof::anchor;
use lichphat_playlists::proof::entry::{Entry, Statement};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::health::{LogFault, Trouble};
use lichphat_playlists::wire::proofs::ProofsAsked;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A player whose state lies on a disk, as `lichphat-player` has it.
struct Player {
    state: tempfile::TempDir,
    clock: Arc<SimClock>,
    fs: MemoryMediaFs,
    sim: SimDevice,
}

impl Player {
    async fn new(data: &TestData, server: &TownServer) -> Self {
        let state = tempfile::tempdir().unwrap();
        let (_, provisioning) = provision(data, "C-01", &server.url);
        let transport = HttpTransport::new(&server.url, "").unwrap();
        store::provision(state.path(), &provisioning, &transport, &SeededRng::new(1), true).await.unwrap();
        let (clock, fs) = (Arc::new(SimClock::new(server.rooms.clock.now())), MemoryMediaFs::default());
        let sim = Self::start(state.path(), &clock, &fs);
        Self { state, clock, fs, sim }
    }

    fn start(state: &Path, clock: &Arc<SimClock>, fs: &MemoryMediaFs) -> SimDevice {
        let identity = Arc::new(store::load(state).unwrap().unwrap());
        let key = identity.evidence.verifying_key();
        let journal = SqliteJournal::open(&state.join(FILE_NAME), identity.device, identity.epoch, key).unwrap();
        let transport = Arc::new(HttpTransport::of(&identity).unwrap());
        let options = AgentOptions { prove_every_ms: 1_800_000, ..AgentOptions::default() };
        switch_on(&identity, clock, &(transport as _), fs, Box::new(journal), options, None)
    }

    /// It is stopped and started again.
    fn restart(&mut self) {
        self.sim = Self::start(self.state.path(), &self.clock, &self.fs);
    }

    /// Lives until `until`; every quarter of an hour it talks with the scheduler, whose log follows. What it complained of.
    async fn live(&mut self, server: &TownServer, until: UtcMillis) -> Vec<String> {
        let mut said = Vec::new();
        while server.rooms.clock.now() < until {
            let next = server.rooms.clock.now().plus_ms(900_000).min(until);
            server.clock.jump_to(next);
            self.sim.step_until(next);
            said.extend(self.sim.agent.sync_once().await.err().map(|e| e.to_string()));
            let _ = server.rooms.log.round().await; // it may have stopped: that is the story
            said.extend(self.sim.agent.upload_once().await.err().map(|e| e.to_string()));
            self.sim.agent.heartbeat().await.unwrap();
        }
        said
    }

    /// Records that are held, and what is known of the log: size of the anchor, fault, since when something waits for proof.
    fn journal(&self) -> (usize, u64, Option<LogFault>, Option<UtcMillis>) {
        let identity = store::load(self.state.path()).unwrap().unwrap();
        let (path, key) = (self.state.path().join(FILE_NAME), identity.evidence.verifying_key());
        let journal = SqliteJournal::open(&path, identity.device, identity.epoch, key).unwrap();
        let records = journal.records_since(UtcMillis(0)).unwrap().len();
        let waits = journal.first_unproven().unwrap().map(|(_, sealed_at)| sealed_at);
        (records, anchor::size(&journal.anchor().unwrap()), journal.log_fault().unwrap(), waits)
    }

    /// What `doctor` reads on this disk.
    fn doctor(&self) -> (u64, Option<LogFault>) {
        SqliteJournal::look_at_log(&self.state.path().join(FILE_NAME)).unwrap()
    }
}

/// The database alone; nothing is being written, so its files are a whole backup.
fn database(data: &TestData) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let files =
        ["", "-wal", "-shm"].map(|end| data.path().join(format!("{}{end}", lichphat::store::sqlite::FILE_NAME)));
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).ok())).collect()
}

fn bring_back(backup: &[(PathBuf, Option<Vec<u8>>)]) {
    for (path, bytes) in backup {
        let _ = std::fs::remove_file(path);
        if let Some(bytes) = bytes.as_ref().filter(|_| !path.to_string_lossy().ends_with("-shm")) {
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// A scheduler, and a player that has lived with it until nine.
async fn until_nine(data: &TestData) -> (TownServer, Player) {
    data.bring("directives", &fixture("order.toml"));
    let server = TownServer::start(data, at(DAY, "07:50")).await;
    server.plan().await;
    let mut player = Player::new(data, &server).await;
    assert_eq!(player.live(&server, at(DAY, "09:00")).await, [""; 0]);
    (server, player)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_meets_a_restored_scheduler_keeps_its_records_and_goes_on_with_the_new_log() {
    let data = town();
    let (server, mut player) = until_nine(&data).await;
    let reader = Reader { client: client(), url: server.url.clone() };
    let old_key = server.rooms.log.name().clone();
    let kept = reader.checkpoint(&old_key.to_string()).await;
    let backup = database(&data);
    let identity = store::load(player.state.path()).unwrap().unwrap();
    assert_eq!(player.live(&server, at(DAY, "10:00")).await, [""; 0]);
    let last = reader.checkpoint(&old_key.to_string()).await;
    let (records, anchor, _, _) = player.journal();
    assert!(
        last.size() >= anchor && anchor > kept.size() && records > 10,
        "it has verified more than the backup holds"
    );

    // the database of nine o'clock: the scheduler's log stops, the player tells it and keeps everything
    let server = server.restarted(&data, || bring_back(&backup)).await;
    let stopped = server.rooms.log.round().await.unwrap_err().to_string();
    assert!(stopped.contains("restored from an older backup") && stopped.contains("lichphat log restart"), "{stopped}");
    let page = client_of(&server.rooms.store)
        .await
        .get(format!("{}/?lang=vi", server.url))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("Nhật ký đã dừng: đã công bố"), "{page}");
    let said = player.live(&server, at(DAY, "10:45")).await;
    assert!(
        said.iter().any(|line| line.contains("smaller than before: was the scheduler restored from a backup?")),
        "{said:?}"
    );
    let (more, same, fault, waits) = player.journal();
    assert!(more >= records && (same, fault) == (anchor, Some(LogFault::RolledBack)));
    assert!(waits.is_some_and(|at_ms| at_ms <= at(DAY, "09:30")), "what was lost and sent again is no longer proven");
    let health = server.rooms.fleet.states(None).await.unwrap().remove(0).heard.unwrap().1.health;
    assert_eq!((health.log, health.troubles()), (Some(LogFault::RolledBack), vec![Trouble::LogRolledBack]));
    assert_eq!(player.doctor(), (anchor, Some(LogFault::RolledBack)));

    // the operator ends that log, and whoever still signs for it is refused
    let refused = data.fails(2, &["log", "restart", "--reason", " ", "--by", "Tổ kỹ thuật"]);
    assert!(refused.contains("--reason: write 1 to 500 letters"), "{refused}");
    let restart = ["log", "restart", "--reason", "mất ổ đĩa ngày 20/9", "--by", "Tổ kỹ thuật"];
    let new_key = data.ok(&restart).trim().to_owned();
    assert!(matches!(server.rooms.log.round().await, Err(LogError::Over(name)) if name == old_key.name()));
    let server = server.restarted(&data, || ()).await;
    let Ok(Round::Published(size)) = server.rooms.log.round().await else { panic!("the new log goes on") };
    assert_eq!((found(&data), server.rooms.log.name().to_string()), (vec![], new_key.clone()));
    let new = reader.checkpoint(&new_key).await;
    let entries = reader.entries(size).await;
    let begun = entries.iter().find_map(|entry| match Entry::decode(entry) {
        Ok(Entry::Statement(Statement::Begun(begun))) => Some(begun),
        _ => None,
    });
    let begun = begun.unwrap();
    assert_eq!((&begun.ended, begun.reason.as_str(), begun.by.as_str()), (&old_key, restart[3], restart[5]));
    assert_eq!(anchor::size(&begun.last), last.size(), "its last checkpoint");
    assert_eq!(begun.kept, Some(kept.size()), "the newest checkpoint of the backup, not whatever came in after it");
    // whoever kept a checkpoint of the old log from before the backup still proves it, with the code of others
    let asked = ProofsAsked { epoch: identity.epoch, after_seq: Default::default(), size: kept.size() };
    let answer = server.rooms.log.proofs(identity.device, asked).await.unwrap().unwrap();
    let growth = ct_merkle::ConsistencyProof::try_from_bytes(bytes(&answer.consistency)).unwrap();
    root(new.hash().0, size).verify_consistency(&root(kept.hash().0, kept.size()), &growth).unwrap();

    // the player does not follow by itself; told by a person, it verifies everything anew and nothing is lost
    player.live(&server, at(DAY, "11:15")).await;
    let (_, same, fault, _) = player.journal();
    assert_eq!((same, fault), (anchor, Some(LogFault::Foreign)));
    assert_eq!(player.doctor(), (anchor, Some(LogFault::Foreign)));
    store::trust_log(player.state.path(), new_key.parse().unwrap()).unwrap();
    player.restart();
    assert_eq!(player.live(&server, at(DAY, "12:00")).await, [""; 0]);
    let (all, now, fault, waits) = player.journal();
    assert!(all >= records && now > size && fault.is_none(), "{all} {now} {fault:?}");
    assert!(waits.is_none_or(|at_ms| at_ms >= at(DAY, "11:15")), "all but the newest is proven again: {waits:?}");
    assert_eq!(found(&data), [""; 0]);
    let held = server.rooms.log.proofs(identity.device, ProofsAsked { size: 0, ..asked }).await;
    assert!(held.unwrap().unwrap().segments.len() > 8, "what the backup had lost came again from the player");

    // an auditor hears why the log began anew, and of what is lost; what players hold is there all the same
    let out = data.path().join("B.zip").to_str().unwrap().to_owned();
    let export = ["export", "bundle", "--campaign", "clean-street", "--from", DAY, "--to", DAY, "--out", &out];
    data.ok(&export);
    let said = data.ok(&["verify", &out]);
    assert!(said.contains("mất ổ đĩa ngày 20/9 (Tổ kỹ thuật)"), "{said}");
    let lost = format!("had at least {} entries, and this one goes on from the first {}", last.size(), kept.size());
    assert!(said.starts_with("VALID") && said.contains("before it is LOST: ") && said.contains(&lost), "{said}");
    assert!(said.contains("  ! every entry is in the signed log, and a part of the log before it is LOST"), "{said}");
    assert!(said.contains("Players at 1 screens (C-01) had seen it"), "{said}");
    // who kept a checkpoint of that part has it said to him, by the export already
    let mine = data.path().join("mine");
    std::fs::write(&mine, &begun.last).unwrap();
    let mine = mine.to_str().unwrap();
    let gone = format!("{} entries that you had seen are gone", last.size() - kept.size());
    let told = data.run(&[&export[..], &["--since", mine, "--force"]].concat());
    assert!(!told.status.success() && String::from_utf8_lossy(&told.stderr).contains(&gone), "{told:?}");
    let told = data.run(&["verify", &out, "--since", mine]);
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.code() == Some(1) && said.contains(&gone), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_log_proved_is_proven_by_the_new_one() {
    let data = town();
    let (server, mut player) = until_nine(&data).await;
    let (_, anchor, ..) = player.journal();
    let new_key = data.ok(&["log", "restart", "--reason", "khoá cũ đã lộ", "--by", "Tổ kỹ thuật"]).trim().to_owned();
    let server = server.restarted(&data, || ()).await;
    store::trust_log(player.state.path(), new_key.parse().unwrap()).unwrap();
    player.restart();
    assert_eq!(player.live(&server, at(DAY, "10:00")).await, [""; 0]);

    // segments bear checkpoints of the old log and of the new one, and an auditor's program follows both
    let out = data.path().join("B.zip").to_str().unwrap().to_owned();
    data.ok(&["export", "bundle", "--campaign", "clean-street", "--from", DAY, "--to", DAY, "--out", &out]);
    let said = data.ok(&["verify", &out]);
    assert!(said.contains("The log was begun anew here, over the entries of the log lichphat-log/"), "{said}");
    assert!(said.contains("khoá cũ đã lộ (Tổ kỹ thuật)") && anchor > 0, "{said}");
    assert!(
        said.contains("✓ every entry is in the signed log, which only ever grew") && !said.contains("LOST"),
        "{said}"
    );
}

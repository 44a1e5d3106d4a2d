//! What people ask of a screen: done once, answered with the device's own signature, and never for anybody but the scheduler.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod support;

use lichphat_player::commands::Tools;
use lichphat_player::log::LogRing;
use lichphat_player::sim_support::{SeededRng, SimDevice};
use lichphat_player::stage::Front;
use lichphat_player::stage::notice::{Notice, Place};
use lichphat_playlists::ids::{CommandId, DeviceId, Epoch, ScreenCode};
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::wire::command::{Ask, Command, Outcome, challenge_code};
use lichphat_playlists::wire::sign::SigningKey;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use support::{SCREEN, World, at, command_key, day};

/// A front that writes down what is done to it.
#[derive(Default)]
struct Watched {
    notices: Mutex<Vec<Notice>>,
    volume: Mutex<Vec<u8>>,
    pictures: Mutex<u32>,
}

impl Front for Watched {
    fn notice(&self, notice: Option<&Notice>) -> bool {
        self.notices.lock().unwrap().extend(notice.cloned());
        true
    }
    fn set_volume(&self, percent: u8) {
        self.volume.lock().unwrap().push(percent);
    }
    fn screenshot(&self, _: u32) -> Result<Vec<u8>, &'static str> {
        *self.pictures.lock().unwrap() += 1;
        Ok(b"jpeg".to_vec())
    }
}

struct Story {
    world: World,
    front: Arc<Watched>,
    log: LogRing,
}

impl Story {
    async fn begin() -> Self {
        let (front, log) = (Arc::new(Watched::default()), LogRing::default());
        let mut world = World::at(at(day("2026-11-26"), "09:00")).await;
        world.tools = Tools::new(front.clone(), log.clone(), Arc::new(SeededRng::new(9)));
        Self { world, front, log }
    }
    fn ask(&self, id: u64, ask: Ask) {
        self.world.server.ask(id, ask, self.world.clock.now().plus_ms(900_000));
    }
    fn outcomes(&self) -> Vec<(u64, Outcome)> {
        self.world.server.outcomes()
    }
    fn later(&self, ms: i64) {
        self.world.clock.advance_to(self.world.clock.now().plus_ms(ms));
    }
}

async fn beat(device: &mut SimDevice) {
    device.agent.heartbeat().await.unwrap();
}

fn failed(cause: &str) -> Outcome {
    Outcome::Failed { cause: cause.into() }
}

#[tokio::test]
async fn each_command_is_done_once_in_its_order_and_answered() {
    let mut story = Story::begin().await;
    let mut device = story.world.device();
    story.log.write_all(b"one\n").unwrap();
    story.log.write_all(b"two\n").unwrap();
    for (id, ask) in [
        (4, Ask::Log { lines: 1 }),
        (1, Ask::Identify { name: "Sảnh tiếp dân".into() }),
        (2, Ask::Volume { percent: 30 }),
        (3, Ask::Screenshot),
        (5, Ask::Screenshot),
    ] {
        story.ask(id, ask);
    }
    beat(&mut device).await;
    beat(&mut device).await;
    let outcomes = story.outcomes();
    assert_eq!(outcomes.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3, 4, 5], "in order, each once");
    assert_eq!(outcomes[1].1, Outcome::Done);
    assert_eq!(outcomes[2].1, Outcome::Picture { jpeg: "anBlZw".into() });
    assert_eq!(outcomes[3].1, Outcome::Log { text: "two".into() });
    assert_eq!(outcomes[4].1, failed("too-soon"), "one picture in ten seconds");
    assert_eq!((*story.front.pictures.lock().unwrap(), &*story.front.volume.lock().unwrap()), (1, &vec![100, 30]));
    {
        let notices = story.front.notices.lock().unwrap();
        assert_eq!((notices.len(), notices[0].title.as_str(), notices[0].place), (1, SCREEN, Place::Band));
        assert_eq!((&notices[0].lines, notices[0].for_ms), (&vec!["Sảnh tiếp dân".to_owned()], Some(30_000)));
    }
    story.later(10_000);
    story.ask(6, Ask::Screenshot);
    beat(&mut device).await;
    assert!(matches!(story.outcomes()[5].1, Outcome::Picture { .. }));

    // after a power cut the volume is as people left it, and nothing is done again
    let until = story.world.clock.now().plus_ms(60_000);
    let mut device = story.world.power_cut(device, until);
    story.world.server.lock().answers.clear();
    beat(&mut device).await;
    assert_eq!(story.front.volume.lock().unwrap().last(), Some(&30));
    assert_eq!((story.front.notices.lock().unwrap().len(), *story.front.pictures.lock().unwrap()), (1, 2));
    let outcomes = story.outcomes();
    assert_eq!((outcomes[0].1.clone(), outcomes[5].1.clone()), (failed("superseded"), failed("interrupted")));
}

#[tokio::test]
async fn a_restart_is_done_once_and_answered_by_the_started_player() {
    let story = Story::begin().await;
    let device = &mut story.world.device();
    story.ask(1, Ask::Restart);
    story.ask(2, Ask::Volume { percent: 10 });
    beat(device).await;
    assert!(device.agent.restart_is_due());
    assert_eq!(story.outcomes(), [], "nobody has started again yet");
    let mut device = story.world.device(); // the service manager's work
    for _ in 0..3 {
        beat(&mut device).await;
        assert!(!device.agent.restart_is_due(), "it does not loop");
    }
    assert_eq!(story.outcomes(), [(1, Outcome::Done), (2, Outcome::Done)]);
}

#[tokio::test]
async fn what_nobody_may_ask_is_refused_and_told() {
    use base64::Engine as _;
    let story = Story::begin().await;
    let mut device = story.world.device();
    let now = story.world.clock.now();
    let command = Command {
        id: CommandId(9),
        device: DeviceId(7),
        epoch: Epoch(1),
        screen: ScreenCode::new(SCREEN).unwrap(),
        asked_ms: now,
        expires_ms: now.plus_ms(900_000),
        ask: Ask::Restart,
    };
    let text = |bytes: &[u8]| base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes);
    let forged = command.seal(&SigningKey::from_seed(&[8; 32]));
    let others = Command { device: DeviceId(8), ..command.clone() }.seal(&command_key());
    let older = Command { epoch: Epoch(2), ..command }.seal(&command_key());
    story.world.server.lock().raw_commands =
        vec![text(forged.as_bytes()), text(others.as_bytes()), text(older.as_bytes()), "!".into(), text(b"LPH1")];
    beat(&mut device).await;
    assert!(!device.agent.restart_is_due());
    beat(&mut device).await;
    let faults = story.world.server.lock().heartbeats.last().unwrap().faults.join("\n");
    for said in
        ["the signature does not match", "it is for device 8 epoch 1", "it is for device 7 epoch 2", "cut or not"]
    {
        assert!(faults.contains(said), "{said}: {faults}");
    }
    assert_eq!(story.outcomes(), []);
    story.world.server.lock().raw_commands.clear();

    story.world.server.ask(10, Ask::Restart, now.plus_ms(-1));
    beat(&mut device).await;
    assert!(!device.agent.restart_is_due());
    assert_eq!(story.outcomes(), [(10, Outcome::Expired)]);

    // what cannot be remembered is not done: it would be done again
    story.world.fs.set_room_bytes(Some(0));
    story.ask(11, Ask::Restart);
    beat(&mut device).await;
    assert!(!device.agent.restart_is_due());
    assert_eq!(story.outcomes()[1], (11, failed("not-remembered")));
}

#[tokio::test]
async fn an_inspectors_code_can_be_reckoned_again_from_the_signed_answer() {
    let story = Story::begin().await;
    let mut device = story.world.device();
    let nonce = "00112233445566778899aabbccddeeff".to_owned();
    story.ask(1, Ask::Challenge { nonce: nonce.clone() });
    beat(&mut device).await;
    let now = story.world.clock.now();
    let (_, Outcome::Shown(shown)) = story.outcomes().remove(0) else { panic!("it is shown") };
    assert_eq!((shown.from_ms, shown.until_ms, shown.display), (now, now.plus_ms(60_000), DisplayLevel::D1));
    let challenge = shown.challenge.unwrap();
    let reckoned = challenge_code(&nonce, &challenge.salt, DeviceId(7), &ScreenCode::new(SCREEN).unwrap());
    assert_eq!((&challenge.code, &challenge.nonce), (&reckoned, &nonce));
    let notice = story.front.notices.lock().unwrap().remove(0);
    assert_eq!((notice.title, notice.place, notice.for_ms), (reckoned, Place::Band, Some(60_000)));
    assert!(notice.lines[0].contains(SCREEN) && notice.lines[0].contains("2026-11-26 09:00"), "{:?}", notice.lines);
    // the scheduler's chance alone does not tell the code
    story.ask(2, Ask::Challenge { nonce });
    beat(&mut device).await;
    let (_, Outcome::Shown(again)) = story.outcomes().remove(1) else { panic!("it is shown") };
    assert_ne!(again.challenge.unwrap().code, challenge.code);
}

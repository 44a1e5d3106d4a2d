//! What a device makes of the scheduler's log: it forgets nothing before the log is proven to hold it, and notices when the
//! log forgets or lies. Playing goes on whatever it finds.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use super::support::log::FakeLog;
use super::support::{FakeServer, World, at, day, playlist};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use lichphat_player::agent::AgentOptions;
use lichphat_player::journal::{Journal, KEEP_MS};
use lichphat_player::sim_support::SimDevice;
use lichphat_player::uplink::PROVE_EVERY_MS;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::anchor;
use lichphat_playlists::proof::head::DeviceHead;
use lichphat_playlists::wire::health::LogFault;
use lichphat_playlists::wire::proofs::Proofs;
use lichphat_playlists::wire::sign::Envelope;

/// Plays from eight to nine, seals every few minutes, and has not told anybody yet.
async fn played(prove_every_ms: i64) -> (World, SimDevice) {
    let on = day("2026-11-20");
    let mut world = World::at(at(on, "07:59")).await;
    world.options = AgentOptions { cut_at_records: 8, prove_every_ms, ..AgentOptions::default() };
    world.server.publish(&playlist(on, "08:00-20:00", &[30_000, 40_000]));
    let mut device = world.device();
    device.agent.sync_once().await.unwrap();
    device.step_until(at(on, "09:00"));
    (world, device)
}

fn anchors(server: &FakeServer) -> Vec<u64> {
    server.lock().segments.iter().map(|segment| anchor::size(&segment.anchor)).collect()
}

#[tokio::test]
async fn records_are_forgotten_only_when_the_log_is_proven_to_hold_them() {
    let on = day("2026-11-20");
    let (world, mut device) = played(PROVE_EVERY_MS).await;
    world.server.lock().log.silent = true;
    let sent = device.agent.upload_once().await.unwrap();
    assert!(sent > 20, "{sent}");
    let after = at(on, "09:00").plus_ms(KEEP_MS + 3_600_000);
    assert_eq!(world.journal.clone().prune(after).unwrap(), 0, "receipted, not proven");
    device.agent.heartbeat().await.unwrap();
    let waits_s = || world.server.lock().heartbeats.last().unwrap().health.unproven_s;
    assert!(waits_s().is_some_and(|s| (3_000..3_600).contains(&s)), "since the first run was sealed: {:?}", waits_s());

    world.server.lock().log.silent = false;
    world.clock.advance_to(at(on, "09:16"));
    device.agent.upload_once().await.unwrap();
    let mut journal = world.journal.clone();
    let first_left = journal.first_unproven().unwrap();
    assert_eq!((first_left, anchor::size(&journal.anchor().unwrap())), (None, sent as u64));
    device.agent.heartbeat().await.unwrap();
    assert_eq!(waits_s(), None);
    let asked = world.server.lock().requests.iter().filter(|path| path.ends_with("/proofs")).count();
    device.step_until(at(on, "15:00"));
    device.agent.upload_once().await.unwrap();
    assert_eq!(
        world.server.lock().requests.iter().filter(|path| path.ends_with("/proofs")).count(),
        asked,
        "not yet again"
    );
    device.step_until(at(on, "15:30"));
    device.agent.upload_once().await.unwrap();
    let seen = anchors(&world.server);
    assert!(seen[..sent].iter().all(|size| *size == 0) && seen.contains(&(sent as u64)), "{seen:?}");
    assert!(journal.prune(after).unwrap() >= sent);
    assert_eq!(journal.prune(after).unwrap(), 0);
}

/// Lets the log answer once, then changes it, and sees what the device makes of the next answer and of the one after, when
/// the log is what it was.
async fn finds(change: impl FnOnce(&mut FakeLog)) -> LogFault {
    let on = day("2026-11-20");
    let (world, mut device) = played(600_000).await;
    device.agent.upload_once().await.unwrap();
    let journal = world.journal.clone();
    let anchor = journal.anchor().unwrap();
    assert!(anchor::size(&anchor) > 20);
    let honest = {
        let mut server = world.server.lock();
        let honest = (server.log.leaves.clone(), server.log.firsts.clone());
        change(&mut server.log);
        (honest, server.log.leaves.len())
    };
    device.step_until(at(on, "09:11"));
    let error = device.agent.upload_once().await.unwrap_err().to_string();
    assert!(error.contains("all records are kept here"), "{error}");
    let fault = journal.log_fault().unwrap().unwrap();
    assert_eq!(journal.anchor().unwrap(), anchor, "the last good checkpoint is kept");
    assert!(journal.first_unproven().unwrap().is_some(), "nothing of the answer is believed");
    device.agent.heartbeat().await.unwrap();
    let health = world.server.lock().heartbeats.last().unwrap().health.clone();
    assert_eq!((health.log, health.troubles()[0].code()), (Some(fault), &*format!("log-{}", fault.code())));

    let mut device = world.device(); // the box is started again: it has not forgotten
    device.agent.sync_once().await.unwrap();
    device.agent.heartbeat().await.unwrap();
    assert_eq!(world.server.lock().heartbeats.last().unwrap().health.log, Some(fault));
    let before = journal.last_seq();
    device.step_until(at(on, "09:20"));
    assert!(journal.last_seq() > before, "playing goes on");
    {
        let mut server = world.server.lock();
        let ((mut leaves, mut firsts), since) = honest;
        leaves.extend_from_slice(&server.log.leaves[since..]);
        firsts.extend_from_slice(&server.log.firsts[since..]);
        server.log = FakeLog { leaves, firsts, ..FakeLog::default() };
    }
    device.agent.upload_once().await.unwrap();
    assert_eq!((journal.log_fault().unwrap(), journal.first_unproven().unwrap()), (None, None));
    assert!(anchor::size(&journal.anchor().unwrap()) > anchor::size(&anchor));
    fault
}

#[tokio::test]
async fn a_log_that_rolled_back_is_noticed_told_and_costs_no_record() {
    let fault = finds(|log| {
        log.leaves.truncate(5);
        log.firsts.truncate(5);
    });
    assert_eq!(fault.await, LogFault::RolledBack);
}

#[tokio::test]
async fn a_log_that_was_rewritten_or_shows_two_faces_is_noticed() {
    assert_eq!(finds(|log| log.leaves[2] = Sha256Hash::of(b"another")).await, LogFault::Rewritten);
    assert_eq!(finds(|log| log.seed = 5).await, LogFault::Foreign);
}

#[tokio::test]
async fn a_segment_that_the_log_does_not_hold_is_noticed_however_the_proof_is_bent() {
    let bends: [fn(&mut Proofs); 4] = [
        |proofs| proofs.segments[1].log_index += 1,
        |proofs| proofs.segments[1].received_ms = proofs.segments[1].received_ms.plus_ms(1),
        |proofs| proofs.segments[1].proof[0] = Sha256Hash::of(b"another"),
        |proofs| proofs.segments[1].first_seq = proofs.segments[0].first_seq,
    ];
    for bend in bends {
        assert_eq!(finds(|log| log.bend = Some(bend)).await, LogFault::NotHeld);
    }
}

#[tokio::test]
async fn how_far_its_records_go_is_signed_and_said_only_when_that_is_news() {
    let (world, mut device) = played(600_000).await;
    let said = |world: &World| -> Vec<Option<DeviceHead>> {
        let server = world.server.lock();
        let head = |text: &String| {
            let envelope = Envelope::from_bytes(STANDARD_NO_PAD.decode(text).unwrap()).unwrap();
            DeviceHead::open(&envelope, &world.identity.evidence.verifying_key()).unwrap()
        };
        server.heartbeats.iter().map(|beat| beat.head.as_ref().map(head)).collect()
    };
    device.agent.heartbeat().await.unwrap();
    device.agent.heartbeat().await.unwrap();
    let (sealed, segment) = world.journal.clone().sealed().unwrap();
    let before = said(&world);
    let head = before[0].clone().unwrap();
    assert_eq!((head.sealed, head.segment, head.seen), (sealed, segment, None), "before anything was handed in");
    assert_eq!(before[1], None, "the same again costs nothing");

    device.agent.upload_once().await.unwrap();
    device.agent.heartbeat().await.unwrap();
    let seen = said(&world)[2].clone().unwrap().seen.unwrap();
    assert_eq!(seen.size, anchor::size(&world.journal.clone().anchor().unwrap()), "the log it has verified is news");

    let mut device = world.device(); // it is started again: what it said is not remembered
    device.agent.sync_once().await.unwrap();
    device.agent.heartbeat().await.unwrap();
    assert!(said(&world)[3].is_some());
}

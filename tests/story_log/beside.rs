//! `check` beside a fleet that goes on handing in, days that are dropped meanwhile, and a repair that loses nothing; and what
//! comes in while the server's clock is set back.

use super::{DAY, Hand, change, found};
use crate::common::TestData;
use crate::common::town::{TownServer, at, town};
use lichphat::proof::audit::{AuditStore, NotRepaired, audit, repair};
use lichphat::proof::evidence::screen_day;
use lichphat_playlists::time::HANOI;
use std::process::Output;

/// Runs a command to its end while segments come in one after the other and are published.
async fn beside_a_fleet(
    data: &TestData,
    server: &TownServer,
    hand: &mut Hand,
    args: &'static [&'static str],
) -> Output {
    let mut command = data.command(args);
    let running = tokio::task::spawn_blocking(move || command.output().unwrap());
    loop {
        hand.report(server, 5).await;
        if running.is_finished() {
            return running.await.unwrap();
        }
        server.rooms.log.round().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_ends_beside_a_fleet_that_hands_in_and_repair_neither_loses_nor_doubles_what_comes_in() {
    let data = town();
    let server = TownServer::start(&data, at(DAY, "06:00")).await;
    let mut hand = Hand::new(&data, &server, "C-01").await;
    server.clock.jump_to(at(DAY, "12:00"));
    hand.report(&server, 200).await;
    let run = beside_a_fleet(&data, &server, &mut hand, &["check"]).await;
    let words = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success() && words.contains("0 disagreements"), "{words}");

    change(&data, "UPDATE rollup SET unknown = unknown + 5; UPDATE rollup_reason SET n = n + 5");
    let run = beside_a_fleet(&data, &server, &mut hand, &["check", "--repair"]).await;
    let words = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(words.contains("Summed anew: device 1, 2024-09-20, unknown-plan."), "{words}");
    assert_eq!(found(&data), [""; 0]);

    // between what it finds and what it writes, more comes in
    change(&data, "UPDATE rollup SET unknown = unknown - 7, not_counted = not_counted + 3; DELETE FROM rollup_reason");
    let then = server.at_this_moment(&data);
    hand.report(&server, 11).await;
    let wrong = audit(&then.store, &then.log, &server.rooms.log).await.unwrap();
    hand.report(&server, 2).await;
    assert_eq!((wrong.findings.len(), wrong.mends.len()), (1, 1));
    repair(&server.rooms.store, &wrong).await.unwrap().unwrap();
    assert_eq!(found(&data), [""; 0]);

    // a sum that became smaller is nobody's but the tamperer's, and two repairs at once would correct twice
    change(&data, "UPDATE rollup SET unknown = unknown + 5");
    let then = server.at_this_moment(&data);
    let wrong = audit(&then.store, &then.log, &server.rooms.log).await.unwrap();
    change(&data, "UPDATE rollup SET unknown = unknown - 1");
    assert_eq!(repair(&server.rooms.store, &wrong).await.unwrap(), Err(NotRepaired::Changed));
    let lock = std::fs::File::create(data.path().join("repair.lock")).unwrap();
    lock.lock().unwrap();
    let refused = data.fails(1, &["check", "--repair"]);
    assert!(refused.contains("another repair is running"), "{refused}");
    drop(lock);
    data.fails(1, &["check", "--repair"]);
    assert_eq!(found(&data), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_dropped_while_check_runs_is_not_missing() {
    let data = town();
    let server = TownServer::start(&data, at(DAY, "12:00")).await;
    let mut hand = Hand::new(&data, &server, "C-01").await;
    hand.report(&server, 300).await;
    server.clock.jump_to(at("2024-09-21", "12:00"));
    hand.report(&server, 10).await;
    server.rooms.log.round().await.unwrap();
    let then = server.at_this_moment(&data);
    let gone = server.rooms.log.retain(server.rooms.today().plus(1), 1).await.unwrap();
    assert_eq!(gone.len(), 1);
    hand.report(&server, 1).await;
    server.rooms.log.round().await.unwrap();
    let all = audit(&then.store, &then.log, &server.rooms.log).await.unwrap();
    assert_eq!((all.findings, all.segments, all.from), (vec![], 310, None), "as it was when it began");
    assert_eq!(found(&data), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_while_the_clock_was_set_back_is_found_with_its_day() {
    let data = town();
    let server = TownServer::start(&data, at(DAY, "12:00")).await;
    let mut hand = Hand::new(&data, &server, "C-01").await;
    hand.report(&server, 2).await;
    for (clock, now) in [("2024-09-21", "09:00"), ("2024-09-17", "10:00"), ("2024-09-21", "11:00")] {
        server.clock.jump_to(at(clock, now));
        hand.report_of(&server, 3, at("2024-09-21", now)).await;
    }
    let day = "2024-09-21".parse().unwrap();
    let (store, screen) = (&server.rooms.store, &hand.device.identity.screen);
    let evidence = screen_day(store, screen, day, HANOI).await.unwrap();
    assert_eq!(evidence.records.len(), 9, "three of them by a clock of four days before");
    let sums = store.rollups().await.unwrap().remove(&hand.device.identity.device).unwrap();
    let of_day = sums.into_iter().filter(|((of, _), _)| *of == day).map(|((_, campaign), sum)| (campaign, sum));
    assert_eq!(evidence.counts(), of_day.collect(), "every figure is walked back to its records");
    assert_eq!(found(&data), [""; 0]);
}

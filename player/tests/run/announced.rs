//! The place's own announcements: a play gives way, and what was spoken over does not count.

use crate::loops::{check_chain, now, publish_now, table, table_of};
use crate::machine::{Machine, stop, until};
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::proof::count::{CountTerms, Standing, Tally, judge};
use lichphat_playlists::proof::record::{Cause, DisplayLevel, PlayRecord, PlayResult};
use lichphat_playlists::time::HANOI;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_over_udp_breaks_a_play_off_and_a_flood_of_garbage_does_not() {
    let machine = Machine::new().await;
    let table = table(&machine.server);
    publish_now(&machine.server, &table, 1);
    let gate = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = machine.dir.path().join("player.toml");
    let key = "cua-ra-12-noi-bai-2026";
    std::fs::write(&config, format!("[trigger]\nmode = \"pause\"\nudp = \"{port}\"\nkey = \"{key}\"\n")).unwrap();
    let child = machine.command().arg("--config").arg(&config).spawn().unwrap();
    until("a heartbeat comes", 60, || machine.asked_for("/device/v1/heartbeat")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // half a second of garbage, some of it nearly right
    let flooding = now();
    for n in 0..5_000u32 {
        let garbage = [b"hold cua-ra-12-noi-bai-2025".to_vec(), n.to_le_bytes().to_vec(), vec![0xff; 1200]];
        let _ = gate.send_to(&garbage[n as usize % 3], port); // a full buffer is the kernel's to throw away
        if n % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let announced = now();
    for _ in 0..4 {
        gate.send_to(format!("hold {key}").as_bytes(), port).unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let released = now();
    gate.send_to(format!("release {key}").as_bytes(), port).unwrap();
    machine.has_kept(1, |r| r.start >= released && r.result == PlayResult::Complete).await;
    stop(child).await;

    let records = machine.server.records();
    check_chain(&records);
    let shown: Vec<&PlayRecord> = records.iter().map(|(_, r)| r).filter(|r| r.result.was_shown()).collect();
    assert!(shown.iter().any(|r| r.end > flooding && r.result == PlayResult::Complete), "{shown:?}");
    let broken: Vec<_> = shown.iter().filter(|r| r.result == PlayResult::Partial(Cause::Interrupted)).collect();
    // at the seam between two plays there is nothing to break off: the next one does not begin
    let unbegun = records.iter().any(|(_, r)| r.result == PlayResult::Skipped(Cause::Interrupted));
    assert!(broken.len() == 1 || broken.is_empty() && unbegun, "{records:?}");
    let end = broken.first().map_or(announced, |r| r.end);
    assert!(end >= announced, "broken off at {end:?}, announced at {announced:?}");
    let next = shown.iter().find(|r| r.start >= end).expect("it goes on");
    assert!(next.start.since_ms(announced) >= 1_900, "nothing begins while it is made: {shown:?}");
}

/// Played to its end, and longer than a moment.
fn is_long(record: &PlayRecord) -> bool {
    record.result == PlayResult::Complete && record.end.since_ms(record.start) > 900
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_loudspeaker_plays_counts_but_for_what_was_spoken_over() {
    let machine = Machine::new().await;
    let sound = |seconds| ("nhac-hieu.opus", MediaKind::Audio, seconds);
    let table = table_of(&machine.server, [sound(2), sound(1), sound(1)]);
    publish_now(&machine.server, &table, 1);
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = machine.dir.path().join("player.toml");
    std::fs::write(&config, format!("[trigger]\nhold_s = 1\nudp = \"{port}\"\nkey = \"loa-phuong-hoan-kiem\"\n"))
        .unwrap();
    let child = machine.command_on("none").arg("--config").arg(&config).spawn().unwrap();
    until("a heartbeat comes", 60, || machine.asked_for("/device/v1/heartbeat")).await;
    machine.has_kept(2, is_long).await;
    let announced = now();
    let gate = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    gate.send_to(b"hold loa-phuong-hoan-kiem", port).unwrap();
    machine.has_kept(1, |r| r.start > announced.plus_ms(1_000) && r.result == PlayResult::Complete).await;
    stop(child).await;

    let records = machine.server.records();
    check_chain(&records);
    let mut tally = Tally::default();
    let mut whole = 0;
    for (_, record) in &records {
        let asset = &table.assets[usize::from(record.item)];
        let terms = CountTerms {
            campaign: &asset.code,
            booked_ms: asset.media.duration_s * 1000,
            min_gap_s: 0,
            min_display: DisplayLevel::D1,
            barred: None,
            windows: None,
        };
        let standing = judge(record, Some(&terms), record.end, HANOI, &mut tally);
        let counted = matches!(standing, Standing::Counted { .. });
        // held for a second: surely from 400 ms on for 400 ms, surely not before and half a second after it
        let plays_in =
            |from_ms, to_ms| record.start < announced.plus_ms(to_ms) && record.end > announced.plus_ms(from_ms);
        match record.result {
            _ if is_long(record) => {
                assert!(counted && !plays_in(400, 800), "{standing:?} {record:?}");
                whole += 1;
            }
            PlayResult::Partial(Cause::Interrupted) => {
                assert!(!counted && plays_in(0, 1_500), "{standing:?} {record:?}");
            }
            _ => assert!(!counted, "{standing:?} {record:?}"),
        }
    }
    assert!(whole >= 2, "{records:?}");
    let interrupted = records.iter().filter(|(_, r)| r.result == PlayResult::Partial(Cause::Interrupted)).count();
    assert!((1..=2).contains(&interrupted), "{records:?}");
}

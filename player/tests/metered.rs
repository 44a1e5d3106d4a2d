//! A line that costs money: when media come, when they wait, and that nothing else does.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use lichphat_player::meter::{DataRule, Metered};
use lichphat_player::ports::MediaFs as _;
use lichphat_playlists::ids::PlanVersion;
use lichphat_playlists::time::LocalDay;
use std::sync::Arc;
use support::*;

fn today() -> LocalDay {
    day("2026-11-20")
}

fn rule(text: &str) -> DataRule {
    toml::from_str(text).unwrap()
}

fn metered(world: &World, rule: DataRule) -> Arc<Metered> {
    let wire = Arc::new(world.server.clone());
    Arc::new(Metered::new(wire, rule, world.clock.clone(), Arc::new(world.fs.clone()), || Some("wwan0".to_owned())))
}

fn media_on(world: &World) -> usize {
    world.fs.list("media").unwrap().iter().filter(|(name, _)| !name.ends_with(".part")).count()
}

#[tokio::test]
async fn media_wait_for_their_hour_and_everything_else_goes_on() {
    let world = World::at(at(today(), "00:30")).await;
    let plan = world.server.publish(&playlist(today(), "08:00-09:00", &[29_100]));
    let line = metered(&world, rule("media_hours = \"01:00-05:00\""));
    let mut device = world.device_over(line.clone());
    device.meet().await;
    device.meet().await;
    assert!(world.fs.size_bytes(&format!("plans/{plan}")).unwrap().is_some(), "the playlist is here");
    let safe = assets().assets[usize::from(SAFE)].media.hash;
    assert!(
        world.fs.size_bytes(&format!("media/{safe}")).unwrap().is_some(),
        "and the safe loop: nothing would be seen"
    );
    assert_eq!(media_on(&world), 1, "the rest waits");
    let told = device.agent.playing().faults();
    assert_eq!(told.iter().filter(|f| f.contains("it is not the hour")).count(), 1, "{told:?}");
    device.run_until(at(today(), "01:10"), 600_000).await;
    assert!(media_on(&world) >= 3 && line.used().media_bytes > 60_000);

    // Records go at any hour.
    device.step_until(at(today(), "10:00"));
    device.stop().await;
    assert_eq!(world.server.records().len(), world.records().len());
}

#[tokio::test]
async fn a_months_cap_stops_a_download_in_the_middle_and_the_next_month_goes_on_with_it() {
    let world = World::at(at(day("2026-11-30"), "07:00")).await;
    let mut large = assets();
    let bytes = vec![7; 3_000_000];
    large.assets[0].media.hash = lichphat_playlists::ids::Sha256Hash::of(&bytes);
    large.assets[0].media.size_bytes = bytes.len() as u64;
    support::approve(&mut large);
    let (table, hash) = large.encode();
    world.server.lock().media.insert(large.assets[0].media.hash, bytes);
    world.server.lock().assets.insert(hash, table);
    let mut parts = playlist(day("2026-11-30"), "08:00-09:00", &[29_100]);
    parts.assets = hash;
    world.server.publish(&parts);
    parts.day = day("2026-12-01");
    parts.version = PlanVersion(1);
    world.server.publish(&parts);

    let spared = rule("media_mb_per_month = 2");
    let mut device = world.device_over(metered(&world, spared.clone()));
    device.run_until(at(day("2026-11-30"), "22:00"), 3_600_000).await;
    let line = metered(&world, spared.clone());
    let used = line.used().media_bytes;
    assert!((1_700_000..2_010_000).contains(&used), "kept on disk: {used}");
    let mut device = world.device_over(line.clone());
    device.run_until(at(day("2026-11-30"), "23:00"), 3_600_000).await;
    let used = line.used().media_bytes;
    assert!(used < 2_010_000, "a restart gives no new month: {used}");

    device.run_until(at(day("2026-12-01"), "07:00"), 3_600_000).await;
    assert_eq!(line.used().month, "2026-12");
    assert!(line.used().media_bytes < 1_500_000, "gone on with, not begun anew: {:?}", line.used());
    let whole = world.fs.size_bytes(&format!("media/{}", large.assets[0].media.hash)).unwrap();
    assert_eq!(whole, Some(3_000_000));
    assert_eq!(
        device.agent.playing().faults().iter().filter(|f| f.contains("2 MB are used up")).count(),
        1,
        "told once"
    );
}

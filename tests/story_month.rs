//! `at-least` per month on a loudspeaker, lived day by day with the shipped order of 2025: the ledger asks
//! early, once the month's target is reached it asks for nothing, and a day without power is caught up.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::town::{TownDevice, TownServer, at, fixture, town};
use common::{ROOT, TestData};
use lichphat::planning::StoredPlan;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::v1::Tier;
use std::collections::BTreeMap;

const ORDER: &str = "loudspeaker-2025";

fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

async fn plan_of(server: &TownServer, screen: &str, day: LocalDay) -> StoredPlan {
    let screen = ScreenCode::new(screen).unwrap();
    server.rooms.planning.store().newest(&screen, day).await.unwrap().unwrap()
}

/// Plays that the day's newest plan was asked for.
async fn asked(server: &TownServer, day: LocalDay) -> u32 {
    let plan = plan_of(server, "L-01", day).await;
    plan.campaigns.iter().find(|c| c.campaign.as_str() == ORDER).map_or(0, |c| c.asked)
}

/// Lives from the morning of `from` to the evening of `to`, planning every morning; what each day asked
/// for, if anything.
async fn live(server: &TownServer, device: &mut TownDevice, from: &str, to: &str) -> BTreeMap<String, u32> {
    let mut days = BTreeMap::new();
    for day in day(from).through(day(to)) {
        let text = day.to_string();
        server.clock.jump_to(at(&text, "06:00"));
        server.plan().await;
        let asked = asked(server, day).await;
        if asked > 0 {
            days.insert(text.clone(), asked);
        }
        for clock in ["06:00", "07:15", "17:45"] {
            server.clock.jump_to(at(&text, clock));
            device.sim.step_until(at(&text, clock));
            device.sim.meet().await;
        }
        device.sim.agent.heartbeat().await.unwrap(); // with it a certificate is renewed in time
    }
    days
}

fn figures(data: &TestData, from: &str, to: &str) -> (u64, u64, bool) {
    let ask = ["report", "compliance", "--campaign", ORDER, "--from", from, "--to", to, "--format", "json"];
    let report: serde_json::Value = serde_json::from_str(&data.ok(&ask)).unwrap();
    let lines = report["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "the loudspeaker, and no screen");
    let n = |key: &str| lines[0][key].as_u64().unwrap();
    (n("counted"), n("owed"), lines[0]["met"].as_bool().unwrap())
}

async fn loud_town() -> (TestData, TownServer, TownDevice) {
    let data = town();
    data.bring("directives", &format!("{ROOT}/config/directives/loudspeaker-2025.toml"));
    let server = TownServer::start(&data, at("2025-08-21", "20:00")).await;
    server.plan().await;
    let device = server.device(&data, "L-01").await;
    (data, server, device)
}

fn days(of: &[(&str, u32)]) -> BTreeMap<String, u32> {
    of.iter().map(|(day, n)| ((*day).to_owned(), *n)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_a_month_come_early_and_then_nothing_is_asked() {
    let (data, server, mut device) = loud_town().await;
    let lived = live(&server, &mut device, "2025-08-22", "2025-10-02").await;
    // a third of August: one play, rounded up; then two a month, the second when half the month has passed
    assert_eq!(lived, days(&[("2025-08-22", 1), ("2025-09-01", 1), ("2025-09-16", 1), ("2025-10-01", 1)]));
    device.sim.stop().await;
    assert!(device.sim.agent.playing().faults().is_empty(), "{:?}", device.sim.agent.playing().faults());
    assert_eq!(figures(&data, "2025-08-22", "2025-08-31"), (1, 1, true));
    assert_eq!(figures(&data, "2025-09-01", "2025-09-30"), (2, 2, true));
    data.ok(&["check"]);

    let plan = plan_of(&server, "L-01", day("2025-09-16")).await;
    assert!(plan.assets.assets.iter().all(|a| a.media.kind == MediaKind::Audio), "nothing to look at: {plan:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_power_is_caught_up_within_the_month_and_not_twice() {
    let (data, server, mut device) = loud_town().await;
    live(&server, &mut device, "2025-08-22", "2025-09-15").await;
    // the 16th, the day of the second play, passes without power
    server.clock.jump_to(at("2025-09-16", "06:00"));
    server.plan().await;
    assert_eq!(asked(&server, day("2025-09-16")).await, 1);
    device.without_power(at("2025-09-17", "05:50"));
    let rest = live(&server, &mut device, "2025-09-17", "2025-09-30").await;
    device.sim.stop().await;
    assert_eq!(figures(&data, "2025-09-01", "2025-09-30"), (2, 2, true), "caught up once: {rest:?}");
    data.ok(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ears_get_the_sound_and_eyes_the_picture() {
    let data = town();
    data.bring("directives", &fixture("news.toml"));
    let server = TownServer::start(&data, at("2025-08-31", "20:00")).await;
    server.plan().await;
    for (screen, variant, kind) in [("C-01", "subtitled", MediaKind::Video), ("L-01", "audio", MediaKind::Audio)] {
        let plan = plan_of(&server, screen, day("2025-09-01")).await;
        let orders: Vec<_> = plan.assets.assets.iter().filter(|a| a.tier == Tier::Order).collect();
        assert_eq!(orders.len(), 1, "one variant for each screen");
        assert_eq!((orders[0].media.kind, orders[0].media.duration_s), (kind, 15));
        assert!(orders[0].variant.contains(variant), "{}", orders[0].variant);
        let asked: Vec<u32> = plan.campaigns.iter().filter(|c| c.tier == Tier::Order).map(|c| c.planned).collect();
        assert_eq!(asked, [1]);
    }
}

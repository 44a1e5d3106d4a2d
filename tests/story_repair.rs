//! Repair in the middle of a day, on the server and on the device: a dark hour, a takeover, a suspension, a closure; and
//! whatever order plans and records find their way in, the day ends with the plays it was asked for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{Place, SQUARE, TownDevice, TownServer, at, import, town};
use lichphat::planning::StoredPlan;
use lichphat::proof::evidence::screen_day;
use lichphat_player::agent::AgentOptions;
use lichphat_player::core::CoreOptions;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::time::{HANOI, IntervalSet, clock_text, parse_clock};
use lichphat_playlists::wire::v1::Slot;

const DAY: &str = "2024-09-20";
const ORDER: &str = SQUARE.order;
const GAP_S: u32 = 600;
const LENGTH_S: u32 = 15;
/// Eight a day and half as many ahead: what the first day is asked for.
const ASKED: u32 = 12;

/// Three peak hours of six: a play every quarter of an hour and a gap of ten minutes.
const PLACE: Place<'_> = Place { peaks: Some("08:00-11:00"), quota: (8, "peak"), min_gap_s: GAP_S, ..SQUARE };
const CONTRACT: &str = r#"
[[contract]]
code = "coffee"
title = "Cà phê"
advertiser = "Quán mẫu"
sample = true
from = 2024-09-20
to = 2024-09-20
plays_per_day = 60
min_gap_s = 60
  [[contract.place]]
  unit = "P1"
  [contract.product]
  title = "Cà phê"
  length_s = 15
    [[contract.product.variant]]
    lang = "vi"
    form = "subtitled"
    file = "spot.mp4"
"#;

async fn close(square: &Square, from: &str, to: &str) {
    let text = format!("screen,from,to,reason,author\nQ-01,{DAY} {from},{DAY} {to},mất điện,Bảo vệ\n");
    square.server.closes(&square.data, &text).await;
}

/// A square, its server and its screen, in the morning before the first peak.
struct Square {
    data: TestData,
    server: TownServer,
    device: TownDevice,
}

impl Square {
    async fn new(options: AgentOptions) -> Self {
        let data = town();
        PLACE.import(&data);
        let server = TownServer::start(&data, at("2024-09-19", "20:00")).await;
        server.plan().await;
        let mut device = server.device(&data, "Q-01").await;
        device.set_options(options);
        let mut square = Self { data, server, device };
        square.device.without_power(at(DAY, "05:50"));
        square.online("05:50").await;
        square.server.plan().await;
        assert_eq!(square.plan().await.campaigns.iter().find(|c| c.campaign.as_str() == ORDER).unwrap().asked, ASKED);
        square
    }

    async fn plan(&self) -> StoredPlan {
        let screen = ScreenCode::new("Q-01").unwrap();
        self.server.rooms.planning.store().newest(&screen, DAY.parse().unwrap()).await.unwrap().unwrap()
    }

    /// Start seconds of the order's slots in the newest plan.
    async fn slots(&self) -> Vec<u32> {
        let plan = self.plan().await;
        let order = |s: &&Slot| plan.assets.assets[usize::from(s.item)].code.as_str() == ORDER;
        plan.playlist.slots.iter().filter(order).map(|s| s.start_s).collect()
    }

    /// Lives until then with the network there.
    async fn online(&mut self, until: &str) {
        self.server.live(&mut self.device, at(DAY, until)).await;
    }

    /// Lives until then without it.
    fn offline(&mut self, until: &str) {
        self.device.sim.step_until(at(DAY, until));
        self.server.clock.jump_to(at(DAY, until));
    }

    /// Without power until then.
    fn dark(&mut self, until: &str) {
        self.device.without_power(at(DAY, until));
        self.server.clock.jump_to(at(DAY, until));
    }

    /// Slots of the order that had ended by then.
    async fn played(&self, by: &str) -> u32 {
        self.slots().await.iter().filter(|s| *s + LENGTH_S <= second(by)).count() as u32
    }

    /// Start seconds of the plays that counted, as far as their records are in.
    async fn starts(&self) -> Vec<u32> {
        let screen = ScreenCode::new("Q-01").unwrap();
        let evidence = screen_day(&self.server.rooms.store, &screen, DAY.parse().unwrap(), HANOI).await.unwrap();
        let of_order = evidence.records.iter().filter(|j| j.campaign.as_str() == ORDER);
        let good = of_order.filter(|j| matches!(j.standing, Standing::Counted { within: true, .. }));
        good.map(|j| j.record.start.local(HANOI).1 / 1000).collect()
    }

    /// The day's figure when everything is in, and that the books are in order.
    async fn figure(&mut self) -> u32 {
        self.online("12:10").await;
        self.device.sim.stop().await;
        self.server.clock.jump_to(at("2024-09-21", "07:00"));
        let ask = ["report", "compliance", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--format", "json"];
        let report: serde_json::Value = serde_json::from_str(&self.data.ok(&ask)).unwrap();
        self.data.ok(&["check"]);
        let lines = report["lines"].as_array().unwrap();
        let counted = lines.iter().find(|l| l["screen"] == "Q-01").unwrap()["counted"].as_u64().unwrap();
        let starts = self.starts().await;
        assert_eq!(counted, starts.len() as u64, "every play of the figure has its record");
        for pair in starts.windows(2) {
            assert!(pair[1] - pair[0] >= GAP_S, "{pair:?}");
        }
        counted as u32
    }
}

fn second(clock: &str) -> u32 {
    parse_clock(clock).unwrap()
}

/// Most plays from `from` to `until`, gap by gap.
fn packed(from: u32, until: u32) -> u32 {
    (until - from - LENGTH_S) / GAP_S + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dark_hour_in_mid_peak_is_made_good_by_the_device_as_far_as_the_peak_holds() {
    let mut square = Square::new(AgentOptions::default()).await;
    square.online("08:40").await;
    let (before, old) = (square.played("08:40").await, square.slots().await);
    square.dark("09:40");
    square.online("09:57").await;
    // the server hears of the misses by and by and takes over those that are not made good yet
    square.server.plan().await;
    let most = (before + packed(second("09:40"), second("11:00"))).min(ASKED);
    assert_eq!(square.figure().await, most, "{before} before it, {old:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dark_hour_in_mid_peak_is_made_good_by_the_server_as_far_as_the_peak_holds() {
    let options = AgentOptions { core: CoreOptions { make_good: false }, ..AgentOptions::default() };
    let mut square = Square::new(options).await;
    square.online("08:40").await;
    let old = square.slots().await;
    square.dark("09:40");
    square.online("09:57").await;
    assert!(square.server.plan().await > 0, "it has heard of the misses");
    let new = square.slots().await;
    let cut = second("09:58");
    let kept = old.iter().filter(|s| **s < cut);
    assert!(kept.clone().all(|s| new.contains(s)), "what was missed stands in the plan as it was");
    let played = kept.clone().filter(|s| **s < second("08:40") || **s >= second("09:40")).count() as u32;
    let free = kept.max().unwrap() + GAP_S;
    let most = (played + packed(free.max(cut), second("11:00"))).min(ASKED);
    assert_eq!(square.figure().await, most, "{played} played, {old:?} became {new:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_uploaded_after_a_replan_that_knew_nothing_of_it_overshoots_by_nothing() {
    for (upload_first, close_half_an_hour) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut square = Square::new(AgentOptions::default()).await;
        square.online("08:10").await;
        // the network goes, then the power for half an hour; the device makes good what it can by itself
        square.offline("08:40");
        square.dark("09:10");
        let old = square.slots().await;
        if !upload_first {
            import(&square.data, "campaigns", "coffee.toml", CONTRACT);
            if close_half_an_hour {
                close(&square, "10:15", "10:35").await;
            }
            assert!(square.server.plan().await > 0, "something new, nothing known of the dark half hour");
            assert_eq!(square.slots().await.len() as u32, ASKED);
        }
        square.offline("10:05");
        assert!(square.device.sim.agent.playing().core().misses() < 2, "it did not wait for anybody");
        if upload_first {
            square.online("10:06").await;
            import(&square.data, "campaigns", "coffee.toml", CONTRACT);
            if close_half_an_hour {
                close(&square, "10:15", "10:35").await;
            }
            assert!(square.server.plan().await > 0);
        }
        square.online("10:10").await;
        square.server.plan().await;
        let what = format!("upload first: {upload_first}, closed: {close_half_an_hour}, {old:?}");
        assert_eq!(square.figure().await, ASKED, "{what}");
        // the second day is asked for what is missing of two days and a day's run-ahead, and no play more
        square.server.plan().await;
        let screen = ScreenCode::new("Q-01").unwrap();
        let next = square.server.rooms.planning.store().newest(&screen, "2024-09-21".parse().unwrap()).await.unwrap();
        let asked = next.unwrap().campaigns.iter().find(|c| c.campaign.as_str() == ORDER).unwrap().asked;
        assert_eq!(asked, 3 * 8 - ASKED, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_a_suspension_and_a_closure_in_mid_peak_are_made_good_where_the_windows_allow() {
    let takeover = r#"
[[fixed]]
code = "broadcast"
title = "Truyền hình trực tiếp"
sample = true
on = "mon-sun"
at = "09:00"
days = { from = 2024-09-20, to = 2024-09-20 }
  [[fixed.place]]
  unit = "P1"
  [fixed.product]
  title = "Truyền hình trực tiếp"
  length_s = 2400
    [[fixed.product.variant]]
    lang = "vi"
    form = "subtitled"
    file = "live.mp4"
"#;
    let suspension = r#"
code = "mourning"
title = "Quốc tang"
kind = "suspend"
sample = true
issuer = "HN"
from = 2024-09-20
to = 2024-09-20
source = "made up for the story"
[suspend]
content = ["contract", "local", "order"]
in_place = "blank"
days = "make-good"
hours = "09:00-09:40"
[[target]]
link = "territory"
unit = "HN"
force = "required"
reason = "made up"
"#;
    let cut = IntervalSet::parse("09:00-09:40").unwrap();
    for what in ["takeover", "suspension", "closure"] {
        let mut square = Square::new(AgentOptions::default()).await;
        square.online("08:50").await;
        let before = square.played("08:50").await;
        let old = square.slots().await;
        let taken = old.iter().filter(|s| cut.contains(**s)).count();
        assert!(taken >= 2, "{old:?}");
        match what {
            "takeover" => {
                std::fs::write(square.data.path().join("live.mp4"), "another clip").unwrap();
                import(&square.data, "campaigns", "takeover.toml", takeover);
            }
            "suspension" => square.server.brings(&square.data, "directives", "mourning.toml", suspension),
            _ => close(&square, "09:00", "09:40").await,
        }
        assert!(square.server.plan().await > 0);
        let new = square.slots().await;
        let stayed = old.iter().filter(|s| new.contains(s)).count();
        assert!(!new.iter().any(|s| cut.contains(*s) || cut.contains(s + LENGTH_S - 1)), "{what}: {new:?}");
        square.online("10:00").await;
        assert_eq!(square.server.plan().await, 0, "{what}: all goes to the new plan, so there is nothing new");
        // 08:51 to 09:00 holds one play at most, and then the rest of the peak
        let most = before
            + u32::from(old.iter().any(|s| (31_860..32_400).contains(s)))
            + packed(second("09:40"), second("11:00"));
        let figure = square.figure().await;
        assert_eq!(figure, most.min(ASKED), "{what}: {old:?} became {new:?}");
        assert!(stayed + taken * 2 >= old.len(), "{what}: {stayed} stayed; {old:?} became {new:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planning_again_with_nothing_new_changes_nothing_at_any_time_of_the_day() {
    let mut square = Square::new(AgentOptions::default()).await;
    for clock in ["06:17", "08:00", "08:03:20", "08:31"] {
        square.online(clock).await;
        assert_eq!(square.server.plan().await, 0, "at {clock}");
    }
    // a dark half hour is something new, once
    square.dark("09:04");
    square.online("09:50").await;
    assert!(square.server.plan().await > 0);
    assert_eq!(square.server.plan().await, 0);
    for clock in ["09:53", "10:07:10", "10:29", "10:58", "11:01", "11:59"] {
        square.online(clock).await;
        assert_eq!(square.server.plan().await, 0, "at {clock}");
    }
}

/// The same numbers on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_befalls_a_day_it_never_ends_with_more_than_it_was_asked_for() {
    for seed in 0..4 {
        let mut dice = Dice(seed);
        // every other device reports by the minute: then the scheduler plans again what is being made good just now
        let cut_at_age_ms = if seed % 2 == 0 { 60_000 } else { AgentOptions::default().cut_at_age_ms };
        let mut square = Square::new(AgentOptions { cut_at_age_ms, ..AgentOptions::default() }).await;
        let (mut now_s, mut told, mut last_dark) = (second("07:45"), Vec::new(), 0);
        square.offline("07:45");
        while now_s < second("10:20") {
            let until_s = now_s + 240 + dice.roll(960) as u32;
            let until = clock_text(until_s);
            let (what, plans) = (dice.roll(4), dice.roll(2) == 0);
            match what {
                0 | 1 => square.online(&until).await,
                2 => square.offline(&until),
                _ => {
                    square.dark(&until);
                    last_dark = until_s;
                }
            }
            now_s = until_s;
            if plans && dice.roll(3) == 0 {
                import(&square.data, "campaigns", "coffee.toml", CONTRACT); // new the first time
            }
            let published = if plans { square.server.plan().await } else { 0 };
            told.push((until, ["online", "online", "offline", "dark"][what as usize], published > 0));
        }
        let figure = square.figure().await;
        assert!(figure <= ASKED, "seed {seed}: {figure} plays; {told:?}");
        // what was lit after the last dark minute is used to the full, but for the minute that a plan takes to come
        let lit = square.starts().await.into_iter().filter(|s| *s < last_dark).count() as u32;
        let least = (lit + packed(last_dark.max(second("08:00")) + GAP_S, second("11:00"))).min(ASKED);
        assert!(figure >= least, "seed {seed}: {figure} plays, {least} were possible; {told:?}");
    }
}

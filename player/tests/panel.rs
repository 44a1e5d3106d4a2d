//! Stories of a panel that says how it is and follows the hours of duty: the real agent and the real watch, a told clock, and
//! a panel that answers as told over a line of its own.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use lichphat_player::display::drm::{DrmDisplay, Link};
use lichphat_player::display::hours::PanelRule;
use lichphat_player::display::line::{Answer, Line};
use lichphat_player::display::watch::{Panel, PanelNews, Watch};
use lichphat_player::sim_support::SimDevice;
use lichphat_playlists::ports::{Clock as _, ClockState};
use lichphat_playlists::proof::record::{DisplayLevel, PlayRecord};
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis, clock_text};
use std::sync::{Arc, Mutex};
use support::{World, at, day, playlist};

fn today() -> LocalDay {
    day("2026-11-18")
}

/// A television: on or in standby, and whether it takes orders.
#[derive(Clone)]
struct Television(Arc<Mutex<(Answer, bool)>>);

impl Television {
    fn says(&self, answer: Answer) {
        self.0.lock().unwrap().0 = answer;
    }
    fn is_on(&self) -> bool {
        self.0.lock().unwrap().0 == Answer::Ours
    }
}

impl Line for Television {
    fn ask(&mut self) -> Answer {
        self.0.lock().unwrap().0.clone()
    }
    fn switch(&mut self, on: bool) -> Result<(), String> {
        let mut tv = self.0.lock().unwrap();
        if !tv.1 {
            return Err("nobody takes the order".to_owned());
        }
        tv.0 = if on { Answer::Ours } else { Answer::Off };
        Ok(())
    }
}

/// A device with its television.
struct Wall {
    world: World,
    device: SimDevice,
    panel: Arc<Panel>,
    tv: Television,
    watch: Watch,
    sysfs: tempfile::TempDir,
}

impl Wall {
    async fn new(world: World) -> Self {
        let sysfs = tempfile::tempdir().unwrap();
        let port = sysfs.path().join("card0-HDMI-A-1");
        std::fs::create_dir(&port).unwrap();
        for (name, value) in [("status", "connected"), ("enabled", "enabled"), ("dpms", "On")] {
            std::fs::write(port.join(name), value).unwrap();
        }
        std::fs::write(port.join("edid"), [0; 128]).unwrap();
        let connector = DrmDisplay::new(sysfs.path(), Link::Direct, sysfs.path().join("seen"));
        let panel = Arc::new(Panel::new(connector, world.clock.clone()));
        let tv = Television(Arc::new(Mutex::new((Answer::Ours, true))));
        let watch = Watch::new(panel.clone(), Box::new(tv.clone()));
        let mut device = world.device_at(panel.clone());
        device.meet().await;
        Self { world, device, panel, tv, watch, sysfs }
    }
    fn connector(&self, dpms: &str) {
        std::fs::write(self.sysfs.path().join("card0-HDMI-A-1/dpms"), dpms).unwrap();
    }
    /// As the loop of a real screen does: the panel is watched beside the plays.
    fn until(&mut self, end: UtcMillis, step_ms: i64) {
        while self.world.clock.now() < end {
            let next = self.world.clock.now().plus_ms(step_ms).min(end);
            self.device.step_until(next);
            self.panel.want(self.device.agent.playing().panel_wanted());
            for news in self.watch.look() {
                match news {
                    PanelNews::Level(_) => self.device.agent.tick(),
                    PanelNews::Fault(text) => self.device.agent.fault(text),
                }
            }
        }
    }
    /// Lives on until `end` and says at which times of day the panel was switched.
    fn switches(&mut self, end: UtcMillis) -> Vec<String> {
        let mut out = Vec::new();
        while self.world.clock.now() < end {
            let was = self.tv.is_on();
            self.until(self.world.clock.now().plus_ms(10_000), 10_000);
            if self.tv.is_on() != was {
                let (_, ms) = self.world.clock.now().local(HANOI);
                out.push(format!("{} {}", clock_text(ms / 1000), if was { "off" } else { "on" }));
            }
        }
        out
    }
    fn shown_at(&self, clock: &str) -> PlayRecord {
        let instant = at(today(), clock);
        let mut records = self.world.records().into_iter();
        records.find(|r| r.start <= instant && instant < r.end).unwrap()
    }
}

#[tokio::test]
async fn a_panel_that_goes_dark_in_the_middle_of_a_play_makes_it_count_for_nothing() {
    let world = World::at(at(today(), "07:55")).await;
    world.server.publish(&playlist(today(), "08:00-09:00", &[29_100]));
    let mut wall = Wall::new(world).await;
    wall.until(at(today(), "08:05:02"), 1_000);
    // The order is on from 08:05:00 to 08:05:15; the panel is off for some seconds of it.
    wall.connector("Off");
    wall.until(at(today(), "08:05:05"), 1_000);
    wall.connector("On");
    wall.until(at(today(), "08:08"), 1_000);
    assert_eq!(wall.shown_at("08:05:07").display, DisplayLevel::Dark, "on again before its end, and yet not seen");
    assert_eq!(wall.shown_at("08:04:05").display, DisplayLevel::D3);
    assert_eq!(wall.device.agent.playing().core().made_good(), 1, "it is made good");

    // The same by the panel's own word, and by its silence nothing is claimed.
    let levels: Vec<DisplayLevel> = [Answer::NoPeer, Answer::Error("bus".into()), Answer::Elsewhere, Answer::NoPeer]
        .into_iter()
        .map(|answer| {
            wall.tv.says(answer);
            wall.watch.look();
            wall.world.clock.advance_to(wall.world.clock.now().plus_ms(10_000));
            wall.watch.look();
            lichphat_player::display::Display::level(&*wall.panel)
        })
        .collect();
    assert_eq!(
        levels,
        [DisplayLevel::D2, DisplayLevel::D2, DisplayLevel::Dark, DisplayLevel::Dark],
        "dark until it says more"
    );
}

#[tokio::test]
async fn the_panel_follows_the_hours_of_duty_over_midnight_and_through_days_without_a_plan() {
    let mut world = World::at(at(today(), "00:30")).await;
    world.options.panel = PanelRule { follow_duty: true, on_before_s: 120, off_after_s: 300 };
    world.server.publish(&playlist(today(), "06:00-11:30;13:30-24:00", &[]));
    world.server.publish(&playlist(today().next(), "00:00-01:00;06:00-22:00", &[]));
    world.server.publish(&playlist(today().plus(2), "", &[]));
    let mut wall = Wall::new(world).await;
    let on = |n| today().plus(n);
    assert_eq!(
        wall.switches(at(on(1), "00:00")),
        ["00:30:10 off", "05:58:00 on", "11:35:00 off", "13:28:00 on"],
        "on before duty, off after it, and on over midnight"
    );
    assert_eq!(wall.switches(at(on(2), "00:00")), ["01:05:00 off", "05:58:00 on", "22:05:00 off"]);
    assert_eq!(wall.switches(at(on(2), "23:50")), [] as [&str; 0], "a closed day stays dark");
    // Nothing is known of the days after it: the safe loop goes on in the hours of the last day on duty, the panel with it.
    assert_eq!(
        wall.switches(at(on(4), "00:00")),
        ["23:58:00 on", "01:05:00 off", "05:58:00 on", "22:05:00 off", "23:58:00 on"]
    );
}

#[tokio::test]
async fn no_panel_is_switched_off_on_duty_or_at_a_time_that_nobody_knows_and_a_deaf_one_is_told() {
    let mut world = World::at(at(today(), "07:55")).await;
    world.options.panel = PanelRule { follow_duty: true, on_before_s: 0, off_after_s: 0 };
    world.clock.set_state(ClockState::Unset);
    let mut wall = Wall::new(world).await;
    assert_eq!(wall.switches(at(today(), "08:00")), [] as [&str; 0], "no plan, no time");
    wall.world.server.publish(&playlist(today(), "08:00-08:10", &[]));
    wall.device.meet().await;
    assert_eq!(wall.switches(at(today(), "09:00")), [] as [&str; 0], "the hours are known, the time is not");
    wall.world.clock.set_state(ClockState::Synced);
    assert_eq!(wall.switches(at(today(), "09:01")), ["09:00:10 off"]);

    // Out of the blue a day's plan asks for it now, and the panel takes no order.
    wall.tv.0.lock().unwrap().1 = false;
    let mut parts = playlist(today(), "08:00-10:00", &[]);
    parts.version = lichphat_playlists::ids::PlanVersion(2);
    wall.world.server.publish(&parts);
    wall.device.meet().await;
    wall.until(at(today(), "09:02"), 1_000);
    let faults = wall.device.agent.playing().faults();
    assert!(faults.iter().any(|f| f == "the panel cannot be switched on: nobody takes the order"), "{faults:?}");
    assert_eq!(wall.shown_at("09:01:30").display, DisplayLevel::Dark, "the play goes on and claims nothing");
}

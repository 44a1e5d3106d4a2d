//! When the panel is to be on: with the hours of duty, where the settings say so.

use super::watch::Wanted;
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::time::{IntervalSet, LocalDay, UtcMillis, UtcOffset};
use serde::Deserialize;

/// `[panel]` of the player's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PanelRule {
    /// Switch the panel on for the hours of duty and into standby after them.
    pub follow_duty: bool,
    /// So many seconds before duty begins.
    pub on_before_s: u32,
    /// So many seconds after duty has ended.
    pub off_after_s: u32,
}

impl Default for PanelRule {
    fn default() -> Self {
        Self { follow_duty: false, on_before_s: 120, off_after_s: 300 }
    }
}

impl PanelRule {
    /// What the panel is to be at `now`. `duty` says a day's hours; none when nothing is known of the day. A panel goes
    /// into standby only when both the time and the hours of the day are known.
    pub fn wanted<'a>(
        &self,
        now: UtcMillis,
        clock: ClockState,
        offset: UtcOffset,
        duty: impl Fn(LocalDay) -> Option<&'a IntervalSet>,
    ) -> Wanted {
        let today = now.day(offset);
        if !self.follow_duty {
            return Wanted::AsItIs;
        }
        if clock == ClockState::Unset || duty(today).is_none() {
            return Wanted::On;
        }
        let (before_ms, after_ms) = (i64::from(self.on_before_s) * 1000, i64::from(self.off_after_s) * 1000);
        let near = |day: LocalDay| {
            duty(day).is_some_and(|hours| {
                hours.iter().any(|(a, b)| {
                    day.at(a, offset).plus_ms(-before_ms) <= now && now < day.at(b, offset).plus_ms(after_ms)
                })
            })
        };
        match [today.previous(), today, today.next()].into_iter().any(near) {
            true => Wanted::On,
            false => Wanted::Standby,
        }
    }
}

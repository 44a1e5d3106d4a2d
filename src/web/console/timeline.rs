//! One screen's day as a picture: duty, peaks, people, what was planned and what was played. Pure.

use super::names::{state, time};
use super::{Asked, ConsoleError};
use crate::compliance::screen_day::{DayLine, SlotState};
use crate::lang::Lang;
use lichphat_playlists::time::{DAY_S, IntervalSet};
use lichphat_playlists::wire::v1::Tier;

/// Left margin for the rows' names, px.
const GUTTER: u32 = 84;
/// Width of an hour when the whole day is shown, px.
const DAY_HOUR_PX: u32 = 76;
/// Width of an hour when it is shown alone, px.
const ZOOM_HOUR_PX: u32 = 1_440;
const HOUR_S: u32 = 3_600;
/// Height of the highest footfall bar, px.
const FOOT_PX: u64 = 34;

/// A part of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) x: u32,
    pub(super) width: u32,
    pub(super) y: u32,
    pub(super) height: u32,
    pub(super) title: String,
}

/// A play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) x: u32,
    pub(super) width: u32,
    /// `good`, `bad`, `unknown`, `open`, `next`, `made`, `played` (not asked for); `order`, `planned`, `loop`.
    pub(super) kind: &'static str,
    pub(super) title: String,
}

/// An hour's line, with the way to see it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) x: u32,
    pub(super) label: String,
    pub(super) href: Option<String>,
}

/// The picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timeline {
    pub(super) width: u32,
    pub(super) ticks: Vec<Tick>,
    pub(super) duty: Vec<Span>,
    pub(super) peak: Vec<Span>,
    pub(super) foot: Vec<Span>,
    pub(super) planned: Vec<Mark>,
    pub(super) played: Vec<Mark>,
    pub(super) now_x: Option<u32>,
    /// Addresses of the hour before, the whole day, the hour after, when one hour is shown.
    pub(super) zoom: Option<(Option<String>, String, Option<String>)>,
    /// What is shown, in words.
    pub(super) range: String,
}

/// What the picture is made of.
pub(super) struct Day<'a> {
    pub(super) duty: &'a IntervalSet,
    pub(super) peak: &'a IntervalSet,
    /// People per 15 minutes.
    pub(super) people: &'a [u32],
    pub(super) lines: &'a [DayLine],
    /// Second of the day it is, when it is this day.
    pub(super) now_s: Option<u32>,
}

struct Scale {
    from_s: u32,
    to_s: u32,
    hour_px: u32,
}

impl Scale {
    fn x(&self, second: u32) -> u32 {
        GUTTER + (second.clamp(self.from_s, self.to_s) - self.from_s) * self.hour_px / HOUR_S
    }
    fn shows(&self, from_s: u32, to_s: u32) -> bool {
        from_s < self.to_s && to_s > self.from_s
    }
    fn spans(&self, set: &IntervalSet, y: u32, height: u32) -> Vec<Span> {
        set.iter()
            .filter(|(a, b)| self.shows(*a, *b))
            .map(|(a, b)| {
                let (x, end) = (self.x(a), self.x(b));
                Span { x, width: (end - x).max(1), y, height, title: format!("{}–{}", time(a), time(b)) }
            })
            .collect()
    }
    fn mark(&self, line: &DayLine, kind: &'static str, title: String) -> Mark {
        let (x, end) = (self.x(line.start_s), self.x(line.start_s.saturating_add(line.length_s)));
        // wide ones leave a pixel, so that two neighbours are seen as two
        let width = (end - x).max(3);
        Mark { x, width: width - u32::from(width > 4), kind, title }
    }
}

/// The hour asked for.
pub(super) fn hour(asked: &Asked) -> Result<Option<u32>, ConsoleError> {
    let Some(text) = asked.value("hour") else { return Ok(None) };
    let bad = || ConsoleError::Bad { kind: "time", value: text.to_owned() };
    text.parse().ok().filter(|h| *h < 24).map(Some).ok_or_else(bad)
}

/// First and last hour with anything in it; office hours when there is nothing.
fn hull(day: &Day<'_>) -> (u32, u32) {
    let starts = day.duty.iter().map(|(a, _)| a).chain(day.lines.iter().map(|l| l.start_s));
    let ends = day.duty.iter().map(|(_, b)| b).chain(day.lines.iter().map(|l| l.start_s + l.length_s));
    match (starts.min(), ends.max()) {
        (Some(from), Some(to)) => (from / HOUR_S * HOUR_S, to.min(DAY_S).div_ceil(HOUR_S) * HOUR_S),
        _ => (6 * HOUR_S, 22 * HOUR_S),
    }
}

/// What became of a line, as a mark.
fn kind(line: &DayLine) -> &'static str {
    match &line.state {
        SlotState::Upcoming => "next",
        SlotState::Counted { .. } if line.in_place_of.is_some() => "made",
        SlotState::Counted { .. } if matches!(line.tier, Tier::Local | Tier::Fallback) => "played",
        SlotState::Counted { .. } => "good",
        SlotState::NotCounted(_) | SlotState::Missed(_) => "bad",
        SlotState::Unknown(_) => "unknown",
        SlotState::Pending => "open",
    }
}

/// Draws the day, or one hour of it; `name` is what people call a campaign.
pub(super) fn draw(asked: &Asked, day: &Day<'_>, hour: Option<u32>, name: &dyn Fn(&DayLine) -> String) -> Timeline {
    let lang = asked.lang;
    let scale = match hour {
        Some(h) => Scale { from_s: h * HOUR_S, to_s: (h + 1) * HOUR_S, hour_px: ZOOM_HOUR_PX },
        None => {
            let (from_s, to_s) = hull(day);
            Scale { from_s, to_s, hour_px: DAY_HOUR_PX }
        }
    };
    // The loop is three thousand plays: it is drawn one hour at a time.
    let drawn = |l: &&DayLine| {
        scale.shows(l.start_s, l.start_s + l.length_s.max(1))
            && (hour.is_some() || !matches!(l.tier, Tier::Local | Tier::Fallback))
    };
    let said = |l: &DayLine| format!("{} {}: {}", time(l.start_s), name(l), state(lang, l).0);
    let planned = |l: &DayLine| match l.tier {
        Tier::Order => "order",
        Tier::Local | Tier::Fallback => "loop",
        _ => "planned",
    };
    let to_hour = |h: u32| asked.with("hour", Some(&h.to_string()));
    Timeline {
        width: scale.x(scale.to_s) + 12,
        ticks: ticks(&scale, hour, &to_hour),
        duty: scale.spans(day.duty, 74, 10),
        peak: scale.spans(day.peak, 28, 44),
        foot: foot(lang, &scale, day.people),
        planned: day
            .lines
            .iter()
            .filter(|l| l.planned)
            .filter(drawn)
            .map(|l| scale.mark(l, planned(l), format!("{} {}", time(l.start_s), name(l))))
            .collect(),
        played: day.lines.iter().filter(drawn).map(|l| scale.mark(l, kind(l), said(l))).collect(),
        now_x: day.now_s.filter(|s| scale.shows(*s, s + 1)).map(|s| scale.x(s)),
        zoom: hour.map(|h| (h.checked_sub(1).map(to_hour), asked.with("hour", None), (h < 23).then(|| to_hour(h + 1)))),
        range: format!("{}–{}", time(scale.from_s), time(scale.to_s)),
    }
}

fn ticks(scale: &Scale, hour: Option<u32>, to_hour: &dyn Fn(u32) -> String) -> Vec<Tick> {
    let step_s = if hour.is_some() { 300 } else { HOUR_S };
    (scale.from_s..=scale.to_s)
        .step_by(step_s as usize)
        .map(|s| Tick {
            x: scale.x(s),
            label: if hour.is_some() { time(s) } else { format!("{}h", s / HOUR_S) },
            href: (hour.is_none() && s < scale.to_s).then(|| to_hour(s / HOUR_S)),
        })
        .collect()
}

fn foot(lang: Lang, scale: &Scale, people: &[u32]) -> Vec<Span> {
    let most = u64::from(people.iter().copied().max().unwrap_or(0).max(1));
    let bin_s = DAY_S / people.len().max(1) as u32;
    people
        .iter()
        .enumerate()
        .map(|(i, n)| (i as u32 * bin_s, *n))
        .filter(|(from, n)| *n > 0 && scale.shows(*from, from + bin_s))
        .map(|(from, n)| {
            let height = (u64::from(n) * FOOT_PX / most).max(1) as u32;
            let (x, end) = (scale.x(from), scale.x(from + bin_s));
            let title = format!("{}–{}: {}", time(from), time(from + bin_s), lang.number(n.into()));
            Span { x, width: (end - x).saturating_sub(1).max(1), y: 72 - height, height, title }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::ids::CampaignCode;

    fn line(clock: &str, tier: Tier, state: SlotState) -> DayLine {
        DayLine {
            start_s: lichphat_playlists::time::parse_clock(clock).unwrap(),
            length_s: 15,
            campaign: CampaignCode::new("ihanoi").unwrap(),
            tier,
            planned: true,
            state,
            record: None,
            in_place_of: None,
            made_good_s: None,
        }
    }

    fn drawn(hour: Option<u32>) -> Timeline {
        let (duty, peak) = (IntervalSet::parse("08:00-17:00").unwrap(), IntervalSet::parse("08:00-10:00").unwrap());
        let counted = || SlotState::Counted { within: true, late: false };
        let lines = [
            line("08:10", Tier::Order, counted()),
            line("08:20", Tier::Local, counted()),
            line("09:30", Tier::Order, SlotState::Missed("silent")),
        ];
        let day = Day { duty: &duty, peak: &peak, people: &[1; 96], lines: &lines, now_s: Some(9 * 3_600) };
        let asked = Asked::of("/screens/a");
        draw(&asked, &day, hour, &|l| l.campaign.to_string())
    }

    #[test]
    fn the_day_shows_duty_from_end_to_end_and_leaves_the_loop_out() {
        let day = drawn(None);
        assert_eq!((day.duty.len(), day.peak.len(), day.foot.len(), day.ticks.len()), (1, 1, 36, 10));
        assert_eq!(day.duty[0].width, 9 * DAY_HOUR_PX);
        let kinds: Vec<_> = day.played.iter().map(|m| m.kind).collect();
        assert_eq!(kinds, ["good", "bad"]);
        assert_eq!(day.ticks[0].href.as_deref(), Some("/screens/a?hour=8"));
        assert_eq!(day.now_x, Some(GUTTER + DAY_HOUR_PX));
    }

    #[test]
    fn an_hour_shows_everything_in_it_and_the_way_back() {
        let hour = drawn(Some(8));
        assert_eq!(hour.played.len(), 2, "the loop is there, the play of the next hour is not");
        assert_eq!(hour.played[0].title, "08:10 ihanoi: Đã tính");
        let (before, whole, after) = hour.zoom.unwrap();
        assert_eq!(
            (before.as_deref(), whole.as_str(), after.as_deref()),
            (Some("/screens/a?hour=7"), "/screens/a", Some("/screens/a?hour=9"))
        );
        assert_eq!(hour.now_x, None);
    }
}

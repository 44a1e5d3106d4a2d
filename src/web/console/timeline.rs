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
const QUARTER_S: u32 = 900;
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

/// A part of the day that is shown alone: an hour, or a quarter of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Zoom {
    hour: u32,
    quarter: Option<u32>,
}

impl Zoom {
    fn span_s(self) -> u32 {
        if self.quarter.is_some() { QUARTER_S } else { HOUR_S }
    }
    fn begin_s(self) -> u32 {
        self.hour * HOUR_S + self.quarter.unwrap_or(0) * QUARTER_S
    }
    /// The same length, so many of them later; none outside the day.
    fn moved(self, by: i64) -> Option<Self> {
        let from_s = i64::from(self.begin_s()) + by * i64::from(self.span_s());
        let from_s = u32::try_from(from_s).ok().filter(|s| *s < DAY_S)?;
        Some(Self { hour: from_s / HOUR_S, quarter: self.quarter.map(|_| from_s % HOUR_S / QUARTER_S) })
    }
    fn href(self, asked: &Asked) -> String {
        let to = |name: &str, value: Option<u32>| (name.to_owned(), value.map(|n| n.to_string()));
        asked.with_all(&[to("hour", Some(self.hour)), to("quarter", self.quarter)])
    }
}

/// The part of the day asked for.
pub(super) fn zoom(asked: &Asked) -> Result<Option<Zoom>, ConsoleError> {
    let number = |name: &str, end: u32| {
        let Some(text) = asked.value(name) else { return Ok(None) };
        let bad = || ConsoleError::Bad { kind: "time", value: text.to_owned() };
        text.parse().ok().filter(|n| *n < end).map(Some).ok_or_else(bad)
    };
    let (hour, quarter) = (number("hour", 24)?, number("quarter", 4)?);
    Ok(hour.map(|hour| Zoom { hour, quarter }))
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

/// Draws the day, or a part of it; `name` is what people call a campaign.
pub(super) fn draw(asked: &Asked, day: &Day<'_>, zoom: Option<Zoom>, name: &dyn Fn(&DayLine) -> String) -> Timeline {
    let lang = asked.lang;
    let scale = match zoom {
        Some(z) => {
            Scale { from_s: z.begin_s(), to_s: z.begin_s() + z.span_s(), hour_px: ZOOM_HOUR_PX * HOUR_S / z.span_s() }
        }
        None => {
            let (from_s, to_s) = hull(day);
            Scale { from_s, to_s, hour_px: DAY_HOUR_PX }
        }
    };
    // The loop is three thousand plays: it is drawn one hour at a time.
    let drawn = |l: &&DayLine| {
        scale.shows(l.start_s, l.start_s + l.length_s.max(1))
            && (zoom.is_some() || !matches!(l.tier, Tier::Local | Tier::Fallback))
    };
    let said = |l: &DayLine| format!("{} {}: {}", time(l.start_s), name(l), state(lang, l).0);
    let planned = |l: &DayLine| match l.tier {
        Tier::Order => "order",
        Tier::Local | Tier::Fallback => "loop",
        _ => "planned",
    };
    let moved = |z: Zoom, by: i64| z.moved(by).map(|z| z.href(asked));
    let whole = || asked.with_all(&[("hour".to_owned(), None), ("quarter".to_owned(), None)]);
    Timeline {
        width: scale.x(scale.to_s) + 12,
        ticks: ticks(&scale, zoom, asked),
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
        zoom: zoom.map(|z| (moved(z, -1), whole(), moved(z, 1))),
        range: format!("{}–{}", time(scale.from_s), time(scale.to_s)),
    }
}

fn ticks(scale: &Scale, zoom: Option<Zoom>, asked: &Asked) -> Vec<Tick> {
    let step_s = match zoom {
        None => HOUR_S,
        Some(Zoom { quarter: None, .. }) => 300,
        Some(_) => 60,
    };
    let closer = |s: u32| match zoom {
        None => Some(Zoom { hour: s / HOUR_S, quarter: None }),
        Some(Zoom { quarter: None, .. }) if s.is_multiple_of(QUARTER_S) => {
            Some(Zoom { hour: s / HOUR_S, quarter: Some(s % HOUR_S / QUARTER_S) })
        }
        Some(_) => None,
    };
    (scale.from_s..=scale.to_s)
        .step_by(step_s as usize)
        .map(|s| Tick {
            x: scale.x(s),
            label: if zoom.is_some() { time(s) } else { format!("{}h", s / HOUR_S) },
            href: closer(s).filter(|_| s < scale.to_s).map(|z| z.href(asked)),
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

    fn drawn(zoom: Option<Zoom>) -> Timeline {
        let (duty, peak) = (IntervalSet::parse("08:00-17:00").unwrap(), IntervalSet::parse("08:00-10:00").unwrap());
        let counted = || SlotState::Counted { within: true, late: false };
        let lines = [
            line("08:10", Tier::Order, counted()),
            line("08:20", Tier::Local, counted()),
            line("09:30", Tier::Order, SlotState::Missed("silent")),
        ];
        let day = Day { duty: &duty, peak: &peak, people: &[1; 96], lines: &lines, now_s: Some(9 * 3_600) };
        let asked = Asked::of("/screens/a");
        draw(&asked, &day, zoom, &|l| l.campaign.to_string())
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
        let hour = drawn(Some(Zoom { hour: 8, quarter: None }));
        assert_eq!(hour.played.len(), 2, "the loop is there, the play of the next hour is not");
        assert_eq!(hour.played[0].title, "08:10 ihanoi: Đã tính");
        let (before, whole, after) = hour.zoom.unwrap();
        assert_eq!(
            (before.as_deref(), whole.as_str(), after.as_deref()),
            (Some("/screens/a?hour=7"), "/screens/a", Some("/screens/a?hour=9"))
        );
        assert_eq!(hour.now_x, None);
    }

    #[test]
    fn a_quarter_of_an_hour_is_as_wide_as_an_hour_and_leads_to_its_neighbours() {
        let hour = drawn(Some(Zoom { hour: 8, quarter: None }));
        let closer: Vec<_> = hour.ticks.iter().filter_map(|tick| tick.href.as_deref()).collect();
        assert_eq!(closer[..2], ["/screens/a?hour=8&quarter=0", "/screens/a?hour=8&quarter=1"]);
        assert_eq!(closer.len(), 4);
        let quarter = drawn(Some(Zoom { hour: 8, quarter: Some(0) }));
        assert_eq!((quarter.width, quarter.ticks.len(), quarter.range.as_str()), (hour.width, 16, "08:00–08:15"));
        assert_eq!(quarter.played.len(), 1, "the play of ten past, and not that of twenty past");
        let (before, whole, after) = quarter.zoom.unwrap();
        let sides = (before.as_deref(), whole.as_str(), after.as_deref());
        assert_eq!(sides, (Some("/screens/a?hour=7&quarter=3"), "/screens/a", Some("/screens/a?hour=8&quarter=1")));
        assert_eq!(Zoom { hour: 23, quarter: Some(3) }.moved(1), None);
        assert_eq!(Zoom { hour: 0, quarter: None }.moved(-1), None);
    }
}

//! Why this, and why not that: for any campaign and second of a planned day, the rule and the record that
//! decide.

use super::problem::{Campaign, Play, PlayKind, Problem};
use super::report::{Lang, minutes};
use crate::time::{IntervalSet, clock_text};
use serde::Serialize;

/// The rule that decides, with its record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Why {
    /// It plays.
    Playing {
        /// The play on screen.
        play: Play,
        /// Which of today's plays it is, from 1.
        number: u32,
        /// Plays asked for today.
        target: u32,
    },
    /// Nobody knows the campaign on this screen today: not asked for here, not approved, or expired.
    UnknownCampaign {
        /// The name as given.
        campaign: String,
    },
    /// The screen is off.
    ScreenOff {
        /// When it is on today.
        operating: IntervalSet,
    },
    /// The campaign may not play at this second.
    OutsideWindow {
        /// Its windows today.
        windows: IntervalSet,
    },
    /// All plays asked for today have been by then.
    QuotaMet {
        /// Plays asked for today.
        target: u32,
        /// Start of the last of them; none when nothing is asked for today.
        last_s: Option<u32>,
    },
    /// Too close to another play of the same campaign.
    GapToPlay {
        /// That play's start.
        start_s: u32,
        /// The campaign's minimum gap, seconds.
        min_gap_s: u32,
    },
    /// Too close to a competitor.
    CategoryGap {
        /// The competitor's play.
        play: Play,
        /// The category.
        category: String,
        /// Its gap, seconds.
        gap_s: u32,
    },
    /// Something more important has the second, and the campaign is short today.
    LostToPriority {
        /// The play that has the second.
        play: Play,
        /// Its priority; 0 for a fixed event.
        priority: u8,
        /// The campaign's own.
        own_priority: u8,
    },
    /// Something else is on screen; the campaign has its places elsewhere today.
    OtherPlay {
        /// The play on screen.
        play: Play,
        /// The campaign's next start today.
        next_s: Option<u32>,
    },
    /// Nothing forbids it at this second, but its plays are placed at other seconds (or, when `next_s` is none and
    /// plays are missing, what is left before the next item is too short).
    PlacedElsewhere {
        /// The campaign's next start today.
        next_s: Option<u32>,
    },
}

/// Why campaign `campaign_id` plays, or does not, at `second` of the day that `plays` (sorted by start) fill.
pub fn why(problem: &Problem, plays: &[Play], campaign_id: &str, second: u32) -> Why {
    let Some(c) = problem.campaign(campaign_id) else {
        return Why::UnknownCampaign { campaign: campaign_id.to_owned() };
    };
    let own: Vec<&Play> = plays.iter().filter(|p| p.kind == PlayKind::Campaign && p.id == c.id).collect();
    let on_screen = plays.iter().find(|p| (p.start..p.end()).contains(&second));
    if let Some(n) = own.iter().position(|p| (p.start..p.end()).contains(&second)) {
        return Why::Playing { play: own[n].clone(), number: n as u32 + 1, target: c.target };
    }
    if !problem.operating.contains(second) {
        return Why::ScreenOff { operating: problem.operating.clone() };
    }
    if !c.windows.contains(second) {
        return Why::OutsideWindow { windows: c.windows.clone() };
    }
    let before = own.iter().filter(|p| p.start <= second).count() as u32;
    if before >= c.target {
        return Why::QuotaMet { target: c.target, last_s: own.last().map(|p| p.start) };
    }
    if let Some(near) = own.iter().find(|p| p.start.abs_diff(second) < c.min_gap_s) {
        return Why::GapToPlay { start_s: near.start, min_gap_s: c.min_gap_s };
    }
    if let Some(found) = competitor(problem, plays, c, second) {
        return found;
    }
    let next_s = own.iter().map(|p| p.start).find(|&s| s > second);
    let short = (own.len() as u32) < c.target;
    // a play of this campaign would need its whole length from here on
    let rival = plays.iter().find(|p| p.start < second + c.dur && second < p.end() && p.kind != PlayKind::Filler);
    match (rival, on_screen) {
        (Some(play), _) if short => {
            let of = |p: &Play| problem.campaign(&p.id).map_or(0, |c| c.priority);
            let priority = if play.kind == PlayKind::Fixed { 0 } else { of(play) };
            Why::LostToPriority { play: play.clone(), priority, own_priority: c.priority }
        }
        (_, Some(play)) => Why::OtherPlay { play: play.clone(), next_s },
        _ => Why::PlacedElsewhere { next_s },
    }
}

fn competitor(problem: &Problem, plays: &[Play], c: &Campaign, second: u32) -> Option<Why> {
    let category = c.category.as_ref()?;
    let gap_s = problem.category_gap(c);
    let rival = |p: &&Play| {
        p.kind == PlayKind::Campaign
            && p.id != c.id
            && p.start.abs_diff(second) < gap_s
            && problem.campaign(&p.id).is_some_and(|o| o.category.as_ref() == Some(category))
    };
    let play = plays.iter().find(rival)?.clone();
    Some(Why::CategoryGap { play, category: category.clone(), gap_s })
}

impl Why {
    /// As a sentence. `name` turns an id into what people call it.
    pub fn text(&self, lang: Lang, name: &dyn Fn(&str) -> String) -> String {
        let at = |s: u32| clock_text(s);
        let next = |s: &Option<u32>| match s {
            Some(s) => lang.pick(format!(" Lần tới lúc {}.", at(*s)), format!(" Next at {}.", at(*s))),
            None => String::new(),
        };
        match self {
            Self::Playing { play, number, target } => {
                let (a, b) = (at(play.start), at(play.end()));
                lang.pick(
                    format!("Đang phát từ {a} đến {b}: lần {number} trong {target} lần của hôm nay."),
                    format!("Playing from {a} to {b}: play {number} of today's {target}."),
                )
            }
            Self::UnknownCampaign { campaign } => lang.pick(
                format!(
                    "Hôm nay màn hình này không có đợt truyền thông {campaign}: không được giao, chưa duyệt hoặc đã hết hạn."
                ),
                format!("This screen has no campaign {campaign} today: not asked for here, not approved or expired."),
            ),
            Self::ScreenOff { operating } if operating.is_empty() => {
                lang.pick("Hôm nay màn hình không hoạt động.".into(), "The screen is off all day.".into())
            }
            Self::ScreenOff { operating } => {
                let hours = lang.windows(operating);
                lang.pick(
                    format!("Màn hình tắt; giờ hoạt động hôm nay: {hours}."),
                    format!("The screen is off; it is on {hours} today."),
                )
            }
            Self::OutsideWindow { windows } if windows.is_empty() => lang.pick(
                "Hôm nay đợt truyền thông không có khung giờ nào trên màn hình này.".into(),
                "The campaign has no window on this screen today.".into(),
            ),
            Self::OutsideWindow { windows } => {
                let hours = lang.windows(windows);
                lang.pick(
                    format!("Ngoài khung giờ: đợt truyền thông chỉ phát trong {hours}."),
                    format!("Outside its windows: it plays within {hours} only."),
                )
            }
            Self::QuotaMet { target, last_s: Some(s) } => lang.pick(
                format!("Đã đủ {target} lần của hôm nay; lần cuối lúc {}.", at(*s)),
                format!("Today's {target} plays are complete; the last was at {}.", at(*s)),
            ),
            Self::QuotaMet { .. } => {
                lang.pick("Hôm nay không cần phát lần nào.".into(), "Nothing is asked for today.".into())
            }
            Self::GapToPlay { start_s, min_gap_s } => {
                let gap = minutes(lang, *min_gap_s);
                lang.pick(
                    format!("Quá gần lần phát lúc {}: hai lần phải cách nhau ít nhất {gap}.", at(*start_s)),
                    format!("Too close to its play at {}: two plays keep at least {gap}.", at(*start_s)),
                )
            }
            Self::CategoryGap { play, category, gap_s } => {
                let (rival, start, gap) = (name(&play.id), at(play.start), minutes(lang, *gap_s));
                lang.pick(
                    format!("Quá gần {rival} lúc {start}: nhóm {category} phải cách nhau ít nhất {gap}."),
                    format!("Too close to {rival} at {start}: category {category} keeps at least {gap}."),
                )
            }
            Self::LostToPriority { play, priority, own_priority } => {
                let (rival, start) = (name(&play.id), at(play.start));
                let (vi, en) = if *priority == 0 {
                    ("sự kiện cố định".to_owned(), "a fixed event".to_owned())
                } else {
                    (format!("ưu tiên {priority}"), format!("priority {priority}"))
                };
                lang.pick(
                    format!("Hết chỗ: {rival} ({vi}) phát lúc {start}; đợt truyền thông này ưu tiên {own_priority}."),
                    format!("No room: {rival} ({en}) plays at {start}; this campaign has priority {own_priority}."),
                )
            }
            Self::OtherPlay { play, next_s } => {
                let (other, a, b) = (name(&play.id), at(play.start), at(play.end()));
                let text = lang.pick(
                    format!("{other} đang phát từ {a} đến {b}."),
                    format!("{other} is on screen from {a} to {b}."),
                );
                text + &next(next_s)
            }
            Self::PlacedElsewhere { next_s } => {
                let text = lang.pick(
                    "Các lần phát của hôm nay được xếp vào lúc khác.".into(),
                    "Today's plays are placed at other times.".into(),
                );
                text + &next(next_s)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Filler, Fixed};

    fn campaign(id: &str, dur: u32, target: u32, windows: &str, gap: u32, priority: u8) -> Campaign {
        Campaign {
            id: id.into(),
            dur,
            target,
            windows: IntervalSet::parse(windows).unwrap(),
            min_gap_s: gap,
            priority,
            shortfall_weight: 10,
            category: None,
        }
    }

    fn day() -> (Problem, Vec<Play>) {
        let mut p = Problem::new("s/d", IntervalSet::parse("08:00-12:00").unwrap(), vec![1; 96]);
        p.category_gap_s.insert("bank".into(), 120);
        p.campaigns = vec![
            campaign("ihanoi", 15, 2, "08:00-10:00", 600, 1),
            campaign("bank-a", 30, 3, "08:00-12:00", 600, 2),
            campaign("bank-b", 30, 2, "08:00-12:00", 600, 2),
        ];
        p.campaigns[1].category = Some("bank".into());
        p.campaigns[2].category = Some("bank".into());
        p.fillers = vec![Filler { id: "loop".into(), dur: 60, weight: 1, windows: None }];
        p.fixed = vec![Fixed { id: "anthem".into(), start: 28_800, dur: 60 }];
        let play = |start, dur, kind, id: &str| Play { start, dur, kind, id: id.into() };
        let plays = vec![
            play(28_800, 60, PlayKind::Fixed, "anthem"),
            play(28_860, 15, PlayKind::Campaign, "ihanoi"),
            play(28_875, 60, PlayKind::Filler, "loop"),
            play(30_000, 30, PlayKind::Campaign, "bank-a"),
            play(30_200, 30, PlayKind::Campaign, "bank-b"),
            play(30_600, 15, PlayKind::Campaign, "ihanoi"),
            play(36_000, 30, PlayKind::Campaign, "bank-b"),
        ];
        (p, plays)
    }

    fn said(campaign: &str, clock: &str) -> (Why, String) {
        let (problem, plays) = day();
        let why = why(&problem, &plays, campaign, crate::time::parse_clock(clock).unwrap());
        let text = why.text(Lang::En, &|id| id.to_owned());
        assert!(!why.text(Lang::Vi, &|id| id.to_owned()).is_empty());
        (why, text)
    }

    #[test]
    fn playing() {
        assert_eq!(said("ihanoi", "08:01:05").1, "Playing from 08:01:00 to 08:01:15: play 1 of today's 2.");
    }

    #[test]
    fn unknown_campaign() {
        assert!(matches!(said("nobody", "08:30").0, Why::UnknownCampaign { .. }));
    }

    #[test]
    fn screen_off() {
        assert_eq!(said("ihanoi", "12:00").1, "The screen is off; it is on 08:00–12:00 today.");
    }

    #[test]
    fn outside_window() {
        assert_eq!(said("ihanoi", "11:00").1, "Outside its windows: it plays within 08:00–10:00 only.");
    }

    #[test]
    fn quota_met() {
        assert_eq!(said("ihanoi", "09:30").1, "Today's 2 plays are complete; the last was at 08:30:00.");
    }

    #[test]
    fn gap_to_play() {
        assert_eq!(said("ihanoi", "08:03").1, "Too close to its play at 08:01:00: two plays keep at least 10 min.");
    }

    #[test]
    fn category_gap() {
        let (problem, plays) = day();
        let at = why(&problem, &plays, "bank-a", 36_100);
        let text = at.text(Lang::En, &|id| id.to_owned());
        assert_eq!(text, "Too close to bank-b at 10:00:00: category bank keeps at least 2 min.");
    }

    #[test]
    fn lost_to_priority() {
        let text = said("bank-a", "08:00:40").1;
        assert_eq!(text, "No room: anthem (a fixed event) plays at 08:00:00; this campaign has priority 2.");
        let text = said("bank-a", "08:01:05").1;
        assert_eq!(text, "No room: ihanoi (priority 1) plays at 08:01:00; this campaign has priority 2.");
    }

    #[test]
    fn other_play_and_placed_elsewhere() {
        let (mut problem, plays) = day();
        problem.campaigns[2].min_gap_s = 120;
        let (other, free) = (why(&problem, &plays, "bank-b", 28_880), why(&problem, &plays, "bank-b", 32_000));
        let name = |id: &str| id.to_owned();
        assert_eq!(other.text(Lang::En, &name), "loop is on screen from 08:01:15 to 08:02:15. Next at 08:23:20.");
        assert_eq!(free.text(Lang::Vi, &name), "Các lần phát của hôm nay được xếp vào lúc khác. Lần tới lúc 10:00:00.");
    }
}

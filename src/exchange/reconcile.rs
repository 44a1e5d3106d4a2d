//! Plan, our log and theirs, line by line: what agrees, what only one of them says, and where they differ. Pure.

use crate::directory::words::words;
use lichphat_playlists::time::UtcMillis;
use std::collections::BTreeSet;

/// A play that was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// When; none where only a number is asked of the day.
    pub at: Option<UtcMillis>,
    /// Booked length, ms.
    pub length_ms: i64,
}

/// A play that a log says was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// First frame.
    pub start: UtcMillis,
    /// Its length, ms.
    pub length_ms: i64,
    /// The planned play it names itself, an index into [`Sides::planned`].
    pub of: Option<usize>,
    /// Does it count, or would it, toward the number?
    pub counts: bool,
}

/// One screen's day as the three say it.
#[derive(Debug, Clone, Default)]
pub struct Sides {
    /// The plan.
    pub planned: Vec<Planned>,
    /// Our log; none where no device of ours plays.
    pub ours: Option<Vec<Shown>>,
    /// Theirs; none where nobody else keeps one.
    pub theirs: Option<Vec<Shown>>,
}

/// How far two things may lie apart and still be the same.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// Starts of one play, ms.
    pub time_ms: i64,
    /// Starts that are taken for one play at another time, ms; further apart they are two.
    pub reach_ms: i64,
}

words! {
    /// What a line is.
    Status {
        /// All that keep a log say the same.
        Matched = "matched",
        /// Nobody's log has it.
        PlannedOnly = "planned-only",
        /// Only our log has it.
        OursOnly = "ours-only",
        /// Only theirs has it.
        TheirsOnly = "theirs-only",
        /// Both logs have it and no plan.
        NotPlanned = "not-planned",
        /// Planned and in theirs, not in ours.
        NotOurs = "not-in-ours",
        /// Planned and in ours, not in theirs.
        NotTheirs = "not-in-theirs",
        /// At another time.
        TimeDiffers = "time-differs",
        /// Of another length.
        LengthDiffers = "length-differs",
    }
}

/// One play, with its place on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Index into the plan.
    pub planned: Option<usize>,
    /// Index into our log.
    pub ours: Option<usize>,
    /// Index into theirs.
    pub theirs: Option<usize>,
    /// What it is.
    pub status: Status,
}

/// Every play of every side in exactly one line, in order of time.
pub fn reconcile(sides: &Sides, tolerance: Tolerance) -> Vec<Line> {
    let line = |planned, ours, theirs| Line { planned, ours, theirs, status: Status::Matched };
    let mut lines: Vec<Line> = (0..sides.planned.len()).map(|i| line(Some(i), None, None)).collect();
    if let Some(ours) = &sides.ours {
        let places = place(&lines, sides, ours, tolerance);
        attach(&mut lines, &places, |l, i| l.ours = Some(i), |i| line(None, Some(i), None));
    }
    if let Some(theirs) = &sides.theirs {
        let places = place(&lines, sides, theirs, tolerance);
        attach(&mut lines, &places, |l, i| l.theirs = Some(i), |i| line(None, None, Some(i)));
    }
    for line in &mut lines {
        line.status = status(line, sides, tolerance);
    }
    lines.sort_by_key(|l| (at(l, sides).is_none(), at(l, sides), l.planned, l.ours, l.theirs));
    lines
}

fn ours<'a>(line: &Line, sides: &'a Sides) -> Option<&'a Shown> {
    sides.ours.as_ref()?.get(line.ours?)
}

fn theirs<'a>(line: &Line, sides: &'a Sides) -> Option<&'a Shown> {
    sides.theirs.as_ref()?.get(line.theirs?)
}

/// The time by which a line is known: our own log's, else theirs, else the plan's.
pub fn at(line: &Line, sides: &Sides) -> Option<UtcMillis> {
    let shown = ours(line, sides).or_else(|| theirs(line, sides)).map(|s| s.start);
    shown.or_else(|| sides.planned.get(line.planned?)?.at)
}

/// The line of every play of a log, where it has one: first by its own word, then the nearest in time within reach, then
/// those that count fill the number of a day without times.
fn place(lines: &[Line], sides: &Sides, log: &[Shown], tolerance: Tolerance) -> Vec<Option<usize>> {
    let mut places = vec![None; log.len()];
    let mut taken = BTreeSet::new();
    for (play, shown) in log.iter().enumerate() {
        // the plan's lines stand first, in its own order
        let line = shown.of.filter(|planned| lines.get(*planned).is_some_and(|l| l.planned == Some(*planned)));
        if let Some(line) = line.filter(|line| taken.insert(*line)) {
            places[play] = Some(line);
        }
    }
    let mut timed: Vec<(UtcMillis, usize)> = (0..).zip(lines).filter_map(|(i, l)| Some((at(l, sides)?, i))).collect();
    timed.sort_unstable();
    let mut near: Vec<(i64, usize, usize)> = Vec::new();
    for (play, shown) in log.iter().enumerate().filter(|(play, _)| places[*play].is_none()) {
        let from = timed.partition_point(|(at, _)| *at < shown.start.plus_ms(-tolerance.reach_ms));
        let within = timed[from..].iter().take_while(|(at, _)| *at <= shown.start.plus_ms(tolerance.reach_ms));
        near.extend(within.map(|(at, line)| (at.since_ms(shown.start).abs(), play, *line)));
    }
    near.sort_unstable();
    for (_, play, line) in near {
        if places[play].is_none() && taken.insert(line) {
            places[play] = Some(line);
        }
    }
    let mut open = (0..lines.len()).filter(|line| at(&lines[*line], sides).is_none() && !taken.contains(line));
    for play in (0..log.len()).filter(|play| places[*play].is_none() && log[*play].counts).collect::<Vec<_>>() {
        places[play] = open.next();
    }
    places
}

fn attach(
    lines: &mut Vec<Line>,
    places: &[Option<usize>],
    put: impl Fn(&mut Line, usize),
    alone: impl Fn(usize) -> Line,
) {
    for (play, place) in places.iter().enumerate() {
        match place {
            Some(line) => put(&mut lines[*line], play),
            None => lines.push(alone(play)),
        }
    }
}

fn status(line: &Line, sides: &Sides, tolerance: Tolerance) -> Status {
    let (planned, ours, theirs) = (line.planned.map(|i| sides.planned[i]), ours(line, sides), theirs(line, sides));
    match (planned, ours, theirs) {
        (Some(_), None, None) => return Status::PlannedOnly,
        (None, Some(_), None) => return Status::OursOnly,
        (None, None, _) => return Status::TheirsOnly,
        (None, Some(_), Some(_)) => return Status::NotPlanned,
        (Some(_), None, Some(_)) if sides.ours.is_some() => return Status::NotOurs,
        (Some(_), Some(_), None) if sides.theirs.is_some() => return Status::NotTheirs,
        _ => {}
    }
    let starts = [planned.and_then(|p| p.at), ours.map(|s| s.start), theirs.map(|s| s.start)];
    let lengths = [planned.map(|p| p.length_ms), ours.map(|s| s.length_ms), theirs.map(|s| s.length_ms)];
    let spread = |values: &mut dyn Iterator<Item = i64>| {
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        for value in values {
            (low, high) = (low.min(value), high.max(value));
        }
        high.saturating_sub(low).max(0)
    };
    let booked_ms = planned.map_or(0, |p| p.length_ms);
    if spread(&mut starts.iter().flatten().map(|t| t.0)) > tolerance.time_ms {
        Status::TimeDiffers
    } else if spread(&mut lengths.iter().flatten().copied()) > 1_000 + booked_ms / 20 {
        // logs of whole seconds, and the twentieth that the counting rule forgives
        Status::LengthDiffers
    } else {
        Status::Matched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOLERANCE: Tolerance = Tolerance { time_ms: 5_000, reach_ms: 900_000 };

    fn planned(minutes: &[i64]) -> Vec<Planned> {
        minutes.iter().map(|m| Planned { at: Some(UtcMillis(m * 60_000)), length_ms: 15_000 }).collect()
    }

    fn shown(start_ms: i64, length_ms: i64) -> Shown {
        Shown { start: UtcMillis(start_ms), length_ms, of: None, counts: true }
    }

    fn told(sides: &Sides) -> Vec<&'static str> {
        reconcile(sides, TOLERANCE).iter().map(|l| l.status.as_str()).collect()
    }

    #[test]
    fn each_kind_of_line_is_told() {
        let minute = |m: i64| shown(m * 60_000, 15_000);
        let sides = Sides {
            planned: planned(&[0, 30, 60, 90, 120, 150, 210]),
            ours: Some(vec![minute(0), minute(33), shown(60 * 60_000, 9_000), minute(90), minute(180), minute(400)]),
            theirs: Some(vec![shown(2_000, 15_000), minute(33), minute(60), minute(120), minute(180), minute(500)]),
        };
        let found = told(&sides);
        let expected = [
            "matched",
            "time-differs",
            "length-differs",
            "not-in-theirs",
            "not-in-ours",
            "planned-only",
            "not-planned",
            "planned-only",
            "ours-only",
            "theirs-only",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_log_that_names_its_slot_is_at_another_time_however_far() {
        let moved = Shown { of: Some(0), ..shown(3 * 3_600_000, 15_000) };
        let sides = Sides { planned: planned(&[0]), ours: Some(vec![moved]), theirs: None };
        assert_eq!(told(&sides), ["time-differs"]);
    }

    #[test]
    fn where_only_a_number_is_asked_those_that_count_fill_it() {
        let mut soon = shown(60_000, 15_000);
        soon.counts = false;
        let owed = vec![Planned { at: None, length_ms: 15_000 }; 3];
        let theirs = vec![shown(0, 15_000), soon, shown(600_000, 15_000)];
        let sides = Sides { planned: owed, ours: None, theirs: Some(theirs) };
        assert_eq!(told(&sides), ["matched", "theirs-only", "matched", "planned-only"]);
    }

    fn log(n: usize) -> impl Strategy<Value = Vec<Shown>> {
        prop::collection::vec((0i64..7_200_000, 1_000i64..20_000).prop_map(|(s, l)| shown(s, l)), 0..n)
    }

    proptest! {
        #[test]
        fn every_play_stands_in_one_line(
            plan in prop::collection::vec(0i64..120, 0..20), ours in log(20), theirs in log(20), both in any::<bool>(),
        ) {
            let sides = Sides { planned: planned(&plan), ours: both.then_some(ours), theirs: Some(theirs) };
            let lines = reconcile(&sides, TOLERANCE);
            let all = |of: fn(&Line) -> Option<usize>| {
                let mut all: Vec<usize> = lines.iter().filter_map(of).collect();
                all.sort_unstable();
                all
            };
            prop_assert!(all(|l| l.planned).into_iter().eq(0..sides.planned.len()));
            prop_assert!(all(|l| l.ours).into_iter().eq(0..sides.ours.as_ref().map_or(0, Vec::len)));
            prop_assert!(all(|l| l.theirs).into_iter().eq(0..sides.theirs.as_ref().map_or(0, Vec::len)));
            for line in lines.iter().filter(|l| l.status == Status::Matched) {
                let start = sides.planned[line.planned.unwrap()].at.unwrap();
                let theirs = sides.theirs.as_ref().unwrap()[line.theirs.unwrap()].start;
                prop_assert!(theirs.since_ms(start).abs() <= TOLERANCE.time_ms);
            }
        }

        #[test]
        fn a_log_that_says_what_was_planned_matches_whole(plan in prop::collection::btree_set(0i64..120, 0..30), late_ms in 0i64..=5_000) {
            let plan: Vec<i64> = plan.into_iter().collect();
            let log: Vec<Shown> = plan.iter().map(|m| shown(m * 60_000 + late_ms, 15_000)).collect();
            let sides = Sides { planned: planned(&plan), ours: Some(log.clone()), theirs: Some(log) };
            prop_assert!(told(&sides).iter().all(|s| *s == "matched"));
        }
    }
}

//! Will an order be met today, this week, to its end: of one screen, or of one unit where the number is a unit's.

use super::model::State;
use lichphat_playlists::figures::DayFacts;
use lichphat_playlists::quota::{DayOwed, Ledger, LedgerOptions, Quota, Ratio, ceil, floor};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// What today owes, holds and may still bring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Due {
    /// Plays that the day's own number asks for.
    pub need: u32,
    /// Plays that have counted.
    pub counted: u32,
    /// Plays of the plan that have no record yet.
    pub open: u32,
    /// The plan says that nobody had approved it.
    pub not_approved: bool,
}

impl Due {
    /// Of a day: what it owes by itself, unless what came before leaves less to ask for.
    pub fn of(owed: &DayOwed, facts: Option<&DayFacts>) -> Self {
        let own = if owed.operating { ceil(owed.owed) } else { 0 };
        let Some(facts) = facts else { return Self { need: own, ..Self::default() } };
        let counted = facts.counts.counted;
        // a day without a plan says nothing of what was asked
        let need = if facts.planned > 0 || facts.asked > 0 { own.min(facts.asked) } else { own };
        let open = facts.planned.saturating_sub(facts.counts.slots_seen);
        Self { need, counted, open, not_approved: facts.not_approved }
    }
    /// What is missing when so many more count.
    pub fn missing(self, more: u32) -> u32 {
        self.need.saturating_sub(self.counted + more)
    }
}

/// How something ends as things stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is owed.
    #[default]
    NotDue,
    /// It will be met, or is.
    Met,
    /// It may be: its box is not heard, and what it plays meanwhile comes later.
    Open,
    /// So many plays will be missing.
    Short(u32),
}

impl Fate {
    fn of(need: u32, missing_at_least: u32, missing_at_most: u32) -> Self {
        match (need, missing_at_least, missing_at_most) {
            (0, 0, 0) => Self::NotDue,
            (_, 0, 0) => Self::Met,
            (_, 0, _) => Self::Open,
            (_, least, _) => Self::Short(least),
        }
    }
}

/// Today, this week, to the order's end.
pub type Fates = [Fate; 3];

/// What is judged: a screen, or a unit with its screens.
#[derive(Debug)]
pub struct Subject<'a> {
    /// What the days of the order's period owe.
    pub owed: &'a [DayOwed],
    /// Its screens: how each is, and its facts by day, those to come among them.
    pub screens: Vec<(State, &'a BTreeMap<LocalDay, DayFacts>)>,
}

/// Plays of a day: so many for certain, and so many at most.
#[derive(Debug, Clone, Copy, Default)]
struct Between {
    least: u32,
    most: u32,
}

impl Subject<'_> {
    fn counted(&self, from: LocalDay, to: LocalDay) -> u32 {
        if from > to {
            return 0;
        }
        self.screens.iter().flat_map(|(_, days)| days.range(from..=to)).map(|(_, f)| f.counts.counted).sum()
    }
    fn today(&self, owed: &DayOwed) -> (u32, Between) {
        let (mut need, mut between) = (0, Between::default());
        for (state, days) in &self.screens {
            let facts = days.get(&owed.day);
            let due = Due::of(owed, facts);
            need += facts.map_or(0, |f| f.asked);
            let more = may_bring(*state, due.open);
            between.least += due.counted + more.least;
            between.most += due.counted + more.most;
        }
        let own = if owed.operating { ceil(owed.owed) } else { 0 };
        let planned = self.screens.iter().any(|(_, days)| days.get(&owed.day).is_some_and(|f| f.asked + f.planned > 0));
        (if planned { own.min(need) } else { own }, between)
    }
    /// Of a day to come: what its plan holds, or, while there is none, what it owes.
    fn to_come(&self, owed: &DayOwed) -> Between {
        let own = if owed.operating { ceil(owed.owed) } else { 0 };
        let planned: u32 = self.screens.iter().filter_map(|(_, days)| days.get(&owed.day)).map(|f| f.planned).sum();
        let mut between = Between::default();
        let share = |n: u32, of: usize| n.div_ceil(u32::try_from(of.max(1)).unwrap_or(u32::MAX));
        for (state, days) in &self.screens {
            let brings =
                if planned > 0 { days.get(&owed.day).map_or(0, |f| f.planned) } else { share(own, self.screens.len()) };
            let more = may_bring(*state, brings);
            between.least += more.least;
            between.most += more.most;
        }
        between
    }
}

/// Of so many plays to come, those that a screen in this state brings as things stand.
fn may_bring(state: State, plays: u32) -> Between {
    match state {
        State::Ok | State::OffDuty | State::Behind => Between { least: plays, most: plays },
        // who plays on a screen that is not ours may yet declare what he has played
        State::Offline | State::Unmanaged => Between { least: 0, most: plays },
        State::Dark | State::Silent => Between::default(),
    }
}

/// How the subject will stand by the end of `today`, of its week (Monday to Sunday), and of the order.
pub fn fates(quota: &Quota, subject: &Subject<'_>, today: LocalDay) -> Fates {
    let ledger = Ledger::new(quota.rule, quota.per, subject.owed.to_vec(), LedgerOptions::default());
    let now = ledger.days().iter().find(|d| d.day == today);
    let (need, between) = now.map(|owed| subject.today(owed)).unwrap_or_default();
    let missing = |need: u32, have: u32| need.saturating_sub(have);
    let of_today = Fate::of(need, missing(need, between.most), missing(need, between.least));
    [of_today, of_week(&ledger, subject, today, between), of_end(&ledger, subject, today, between)]
}

fn of_week(ledger: &Ledger, subject: &Subject<'_>, today: LocalDay, now: Between) -> Fate {
    let monday = (0..today.weekday().num_days_from_monday()).fold(today, |day, _| day.previous());
    let sunday = monday.plus(6);
    let (mut all, mut least, mut most) = (0, 0, 0);
    for (first, last) in ledger.spans().filter(|(first, last)| *first <= sunday && *last >= monday) {
        let (from, to) = (first.max(monday), last.min(sunday));
        let owed_in = |from: LocalDay, to: LocalDay| -> u32 {
            let days = ledger.days().iter().filter(|d| d.day >= from && d.day <= to);
            floor(days.fold(Ratio::from_integer(0), |sum, d| sum + d.owed))
        };
        // what was played ahead in the weeks before is not owed again
        let ahead = owed_in(first, to).saturating_sub(subject.counted(first, from.previous()));
        let need = owed_in(from, to).min(ahead);
        let mut have = Between::default();
        let before = subject.counted(from, to.min(today.previous()));
        (have.least, have.most) = (before, before);
        for owed in ledger.days().iter().filter(|d| d.day >= from && d.day <= to && d.day >= today) {
            let brings = if owed.day == today { now } else { subject.to_come(owed) };
            have.least += brings.least;
            have.most += brings.most;
        }
        all += need;
        least += need.saturating_sub(have.most);
        most += need.saturating_sub(have.least);
    }
    Fate::of(all, least, most)
}

/// To the end the coming days may catch up as far as the ledger lets them, on screens that play. A period of its own that is
/// over cannot be caught up; one that is still to come begins with nothing missing.
fn of_end(ledger: &Ledger, subject: &Subject<'_>, today: LocalDay, now: Between) -> Fate {
    let plays = |certain: bool| {
        let plays = |more: Between| if certain { more.least > 0 } else { more.most > 0 };
        subject.screens.iter().any(|(state, _)| plays(may_bring(*state, 1)))
    };
    let (mut owed, mut least, mut most) = (0, 0, 0);
    for (first, last) in ledger.spans().filter(|(first, _)| *first <= today) {
        let before = subject.counted(first, last.min(today.previous()));
        let ends = |brought: u32, plays: bool| match last <= today {
            true => ledger.status(last, before + brought).short,
            false => ledger.forecast(today.next(), before + brought, |_| if plays { u32::MAX } else { 0 }).short,
        };
        owed += floor(ledger.status(last, 0).owed_so_far);
        let now = if last < today { Between::default() } else { now };
        least += ends(now.most, plays(false));
        most += ends(now.least, plays(true));
    }
    Fate::of(owed, least, most)
}

/// How many end how: a verdict's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prospect {
    /// Those that owe something.
    pub due: u32,
    /// Will be met.
    pub met: u32,
    /// Cannot be told.
    pub open: u32,
    /// Will not.
    pub short: u32,
    /// Plays that will be missing.
    pub plays: u64,
}

impl Prospect {
    /// Adds one more up.
    pub fn add(&mut self, fate: Fate) {
        self.due += u32::from(fate != Fate::NotDue);
        match fate {
            Fate::NotDue => {}
            Fate::Met => self.met += 1,
            Fate::Open => self.open += 1,
            Fate::Short(plays) => {
                self.short += 1;
                self.plays += u64::from(plays);
            }
        }
    }
}

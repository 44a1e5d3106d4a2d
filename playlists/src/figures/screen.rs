//! Figures of one campaign on a screen, and their sums.
//!
//! Every figure can be walked back to records: `counted` is the rollup that ingest wrote, `planned`
//! the newest plan, and what is neither has a cause.

use crate::ids::ScreenCode;
use crate::proof::declared::Declared;
use crate::proof::rollup::Counts;
use crate::quota::{DayOwed, Ledger, LedgerOptions, Quota, Ratio, ceil};
use crate::time::{LocalDay, UtcMillis, UtcOffset};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The cause of what a plan could not hold because nobody had approved it.
pub(super) const NOT_APPROVED: &str = "not-approved";
/// The cause where it has nothing that fits the screen.
pub const NO_VARIANT: &str = "no-variant";
/// What the cause of days that a suspension took begins with: `suspended:` and the code of its order.
pub const SUSPENDED: &str = "suspended";
/// Days after which a slot without a record is no longer waited for: the offline horizon.
pub const PENDING_DAYS: u32 = 7;

/// How a screen takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Our device has sent records in the period.
    Reporting,
    /// Somebody declared plays; nothing proves them.
    Declared,
    /// Nothing was heard.
    Silent,
}

impl Standing {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reporting => "reporting",
            Self::Declared => "declared",
            Self::Silent => "silent",
        }
    }
}

/// What is known of one screen and day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayFacts {
    /// Plays the ledger asked for.
    pub asked: u32,
    /// Plays in the newest plan.
    pub planned: u32,
    /// The newest plan says that nobody had approved anything of it for that screen and day.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_approved: bool,
    /// What the records say. Not written down with the rest: whoever reads it back takes it from the evidence.
    #[serde(skip)]
    pub counts: Counts,
    /// What somebody else declared: a word that no record proves.
    #[serde(default, skip_serializing_if = "Declared::is_empty")]
    pub declared: Declared,
}

/// One targeted screen with everything its figures need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreenFacts {
    /// The screen.
    pub screen: ScreenCode,
    /// Its name.
    pub name: String,
    /// Who plays on it: `managed`, `third-party`, `none`.
    pub kind: String,
    /// Binding force of the order for it.
    pub force: String,
    /// The order names no number for it: falling short is never called a breach.
    pub inferred: bool,
    /// The days of the campaign on this screen, with what each owes.
    pub owed: Vec<DayOwed>,
    /// Days on which nothing of it can play here, and the cause: [`NO_VARIANT`], or [`SUSPENDED`] with the order that says so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept_off: BTreeMap<LocalDay, String>,
    /// Facts by day.
    pub days: BTreeMap<LocalDay, DayFacts>,
    /// Has a device ever been registered?
    pub has_device: bool,
    /// Simulated device?
    pub simulated: bool,
    /// End of the newest record the store holds.
    pub reported_until: Option<UtcMillis>,
}

/// One screen's line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreenLine {
    /// The screen.
    pub screen: ScreenCode,
    /// Its name.
    pub name: String,
    /// Who plays on it.
    pub kind: String,
    /// Binding force.
    pub force: String,
    /// The number is inferred, not ordered.
    pub inferred: bool,
    /// Simulated device.
    pub simulated: bool,
    /// Reporting, declared or silent.
    pub standing: Standing,
    /// Days on duty in the period.
    pub operating_days: u32,
    /// Whole plays owed in the period.
    pub owed: u32,
    /// Counted toward the quota.
    pub counted: u32,
    /// Counted outside the windows, apart.
    pub counted_outside: u32,
    /// Of `counted`: made good.
    pub made_good: u32,
    /// Arrived late.
    pub late: u32,
    /// Records not counted.
    pub not_counted: u32,
    /// Records of which there is no telling.
    pub unknown: u32,
    /// Declared by somebody else and held to the same rule: beside `counted`, never in it, for nothing proves them.
    pub declared_plays: u32,
    /// Declared outside the windows.
    pub declared_outside: u32,
    /// Declared, and would not count.
    pub declared_not_counted: u32,
    /// Slots without a record that may still come.
    pub pending: u32,
    /// Slots without a record that will not come.
    pub missed: u32,
    /// Average plays per operating day so far.
    pub mean_per_day: f64,
    /// Fewest plays on an operating day.
    pub min_per_day: u32,
    /// Days that reached their own target.
    pub days_at_target: u32,
    /// Operating days with no counted play.
    pub days_at_zero: u32,
    /// Counted plays beyond what is owed.
    pub surplus: u32,
    /// Plays missing.
    pub short: u32,
    /// Nothing is missing.
    pub met: bool,
    /// Plays expected by the campaign's end if every coming day brings what it owes.
    pub forecast: u32,
    /// Why plays are missing, by code; the largest first in print.
    pub causes: BTreeMap<String, u32>,
    /// The largest cause, empty when met.
    pub main_cause: String,
    /// Counted by display level: dark, D0, D1, D2, D3.
    pub by_level: [u32; 5],
    /// Records that do not count or of which there is no telling, by reason: `not_counted` and `unknown` together.
    pub reasons: BTreeMap<String, u32>,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Screens the order is aimed at and that stand.
    pub existing: u32,
    /// Of them, screens with records in the period.
    pub reporting: u32,
    /// With declared plays only.
    pub declared: u32,
    /// With nothing.
    pub silent: u32,
    /// Targeted screens on duty in the period: met + short.
    pub on_duty: u32,
    /// Screens that met the quota so far.
    pub met: u32,
    /// Screens that fell short.
    pub short: u32,
    /// Counted plays.
    pub counted: u64,
    /// Made good.
    pub made_good: u64,
    /// Declared by others, not proven; no part of `counted`.
    pub declared_plays: u64,
    /// Average over screens of counted plays per operating day.
    pub mean_per_day: f64,
    /// Lowest average of a screen.
    pub min_per_day: f64,
    /// Short screens by their main cause.
    pub short_causes: BTreeMap<String, u32>,
}

/// The period and the clock figures are reckoned by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// Now.
    pub now: UtcMillis,
    /// Offset of local time.
    pub offset: UtcOffset,
}

impl Period {
    /// Last day of the period that has ended; what is under way is not owed yet.
    pub(super) fn last_ended(&self) -> LocalDay {
        self.to.min(self.now.day(self.offset).previous())
    }
}

/// What the days of a period come to on one screen.
#[derive(Default)]
struct Summed {
    counts: Counts,
    declared: Declared,
    pending: u32,
    missed: u32,
    /// Counted on the days that have ended.
    counted_ended: u32,
    /// Asked for by plans of those days and not planned, for the want of an approval.
    not_approved: u32,
    causes: BTreeMap<String, u32>,
}

fn sum_up(facts: &ScreenFacts, period: &Period) -> Summed {
    let mut sums = Summed::default();
    for (&day, f) in facts.days.range(period.from..=period.to) {
        sums.counts.merge(&f.counts);
        sums.declared.merge(&f.declared);
        let open = f.planned.saturating_sub(f.counts.slots_seen);
        if day > period.last_ended() {
            sums.pending += open;
            continue;
        }
        sums.counted_ended += f.counts.counted;
        let cause = open_cause(facts, day, period);
        match cause {
            None => sums.pending += open,
            Some(_) => sums.missed += open,
        }
        note(&mut sums.causes, cause.unwrap_or("pending"), open);
        match (f.not_approved, f.asked.saturating_sub(f.planned)) {
            (true, n) => sums.not_approved += n,
            (false, n) => note(&mut sums.causes, "no-room", n),
        }
        for (reason, n) in &f.counts.reasons {
            note(&mut sums.causes, reason, *n);
        }
    }
    sums
}

/// One screen's line, or none when it has no duty in the period.
pub fn screen_line(quota: &Quota, facts: &ScreenFacts, period: &Period) -> ScreenLine {
    let last_ended = period.last_ended();
    let operating: Vec<&DayOwed> = facts
        .owed
        .iter()
        .filter(|d| d.operating && d.day >= period.from && d.day <= period.to && d.day <= last_ended)
        .collect();
    let Summed { counts: sum, declared, pending, missed, counted_ended, not_approved, mut causes } =
        sum_up(facts, period);
    let counted_in = |(from, to)| facts.days.range(from..=to).map(|(_, f)| f.counts.counted).sum();
    let status = standing_at(quota, &facts.owed, period.from, last_ended, counted_in);
    let at = |d: &DayOwed| facts.days.get(&d.day).map_or(0, |f| f.counts.counted);
    let target = |d: &DayOwed| ceil(d.owed);
    // a day asks again for what an earlier one lacked: no more is missing for it than is missing
    note(&mut causes, NOT_APPROVED, not_approved.min(status.short));
    let due = |d: &&DayOwed| d.day >= period.from && d.day <= period.to && d.day <= last_ended;
    let kept_off = facts.owed.iter().filter(due).filter_map(|d| Some((d, facts.kept_off.get(&d.day)?.as_str(), at(d))));
    note_kept_off(&mut causes, kept_off, status.short);
    if !status.met && causes.is_empty() {
        causes.insert(no_slot_cause(facts, &declared).to_owned(), status.short);
    }
    let main_cause = if status.met { String::new() } else { largest(&causes) };
    let n = operating.len() as u32;
    let owed = status.owed;
    let owed_all = standing_at(quota, &facts.owed, period.from, period.to, |_| 0).owed;
    let recorded = |c: &Counts| c.slots_seen + c.not_counted + c.unknown + c.counted > 0;
    let standing = match facts.days.values().any(|f| recorded(&f.counts)) {
        true => Standing::Reporting,
        false if facts.days.values().any(|f| !f.declared.is_empty()) => Standing::Declared,
        false => Standing::Silent,
    };
    ScreenLine {
        screen: facts.screen.clone(),
        name: facts.name.clone(),
        kind: facts.kind.clone(),
        force: facts.force.clone(),
        inferred: facts.inferred,
        simulated: facts.simulated,
        standing,
        operating_days: n,
        owed,
        counted: sum.counted,
        counted_outside: sum.counted_outside,
        made_good: sum.made_good,
        late: sum.late,
        not_counted: sum.not_counted,
        unknown: sum.unknown,
        declared_plays: declared.plays,
        declared_outside: declared.outside,
        declared_not_counted: declared.not_counted,
        pending,
        missed,
        mean_per_day: if n == 0 { 0.0 } else { round4(f64::from(sum.counted) / f64::from(n)) },
        min_per_day: operating.iter().map(|d| at(d)).min().unwrap_or(0),
        days_at_target: operating.iter().filter(|d| at(d) >= target(d)).count() as u32,
        days_at_zero: operating.iter().filter(|d| at(d) == 0).count() as u32,
        surplus: status.surplus,
        short: status.short,
        met: status.met,
        forecast: counted_ended.max(sum.counted) + owed_all.saturating_sub(owed),
        causes,
        main_cause,
        by_level: sum.by_level,
        reasons: sum.reasons,
    }
}

/// What is owed, missing and ahead by the end of a day, in whole plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct At {
    pub(super) owed: u32,
    pub(super) short: u32,
    pub(super) surplus: u32,
    pub(super) met: bool,
}

/// Where `owed` stands from `from` to the end of `last`: an average over all of it, `at-least` in each of its periods
/// by itself (an unfinished one owes its share rounded down). `counted` are the plays of a span of days.
pub(super) fn standing_at(
    quota: &Quota,
    owed: &[DayOwed],
    from: LocalDay,
    last: LocalDay,
    counted: impl Fn((LocalDay, LocalDay)) -> u32,
) -> At {
    let days = owed.iter().filter(|d| d.day >= from).copied().collect();
    let ledger = Ledger::new(quota.rule, quota.per, days, LedgerOptions::default());
    let mut at = At { met: true, ..At::default() };
    for (first, end) in ledger.spans().filter(|(first, _)| *first <= last) {
        let until = end.min(last);
        let counted = counted((first, until));
        let status = ledger.status(until, counted);
        at.owed += counted + status.short - status.surplus;
        at.short += status.short;
        at.surplus += status.surplus;
        at.met &= status.met;
    }
    at
}

pub(super) fn note(causes: &mut BTreeMap<String, u32>, cause: &str, n: u32) {
    if n > 0 {
        *causes.entry(cause.to_owned()).or_default() += n;
    }
}

/// What days lack on which nothing could play, by why: what they owe less what counted on them. Other days bring some of it in, so no more is
/// missing for it than is missing.
pub(super) fn note_kept_off<'a>(
    causes: &mut BTreeMap<String, u32>,
    days: impl Iterator<Item = (&'a DayOwed, &'a str, u32)>,
    mut short: u32,
) {
    let mut lacking: BTreeMap<&str, Ratio> = BTreeMap::new();
    for (day, why, counted) in days {
        let lacks = day.owed - Ratio::from_integer(counted.into());
        *lacking.entry(why).or_insert(Ratio::ZERO) += lacks.max(Ratio::ZERO);
    }
    for (why, owed) in lacking {
        let n = ceil(owed).min(short);
        note(causes, why, n);
        short -= n;
    }
}

/// Why a slot of `day` has no record; none while one may still come.
fn open_cause(facts: &ScreenFacts, day: LocalDay, period: &Period) -> Option<&'static str> {
    let day_end = day.next().start(period.offset);
    if !facts.has_device {
        return Some("no-device");
    }
    if facts.reported_until.is_some_and(|until| until >= day_end) {
        return Some("no-record");
    }
    (period.now >= day.plus(PENDING_DAYS + 1).start(period.offset)).then_some("silent")
}

/// Why nothing was even planned.
fn no_slot_cause(facts: &ScreenFacts, declared: &Declared) -> &'static str {
    match facts.kind.as_str() {
        "third-party" if !declared.is_empty() => "declared-only",
        "third-party" => "not-declared",
        "none" => "no-player",
        _ if !facts.has_device => "no-device",
        _ => "not-planned",
    }
}

pub(super) fn largest(causes: &BTreeMap<String, u32>) -> String {
    causes
        .iter()
        .max_by_key(|(name, n)| (**n, std::cmp::Reverse((*name).clone())))
        .map_or(String::new(), |(c, _)| c.clone())
}

pub(super) fn round4(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// Adds lines up; each screen counts once.
pub fn totals<'a>(lines: impl IntoIterator<Item = &'a ScreenLine>) -> Totals {
    let mut t = Totals::default();
    let mut on_duty = Vec::new();
    for line in lines {
        t.existing += 1;
        match line.standing {
            Standing::Reporting => t.reporting += 1,
            Standing::Declared => t.declared += 1,
            Standing::Silent => t.silent += 1,
        }
        t.counted += u64::from(line.counted);
        t.made_good += u64::from(line.made_good);
        t.declared_plays += u64::from(line.declared_plays);
        if line.operating_days > 0 {
            on_duty.push(line);
        }
    }
    for line in &on_duty {
        if line.met {
            t.met += 1;
        } else {
            t.short += 1;
            *t.short_causes.entry(line.main_cause.clone()).or_default() += 1;
        }
    }
    t.on_duty = on_duty.len() as u32;
    if !on_duty.is_empty() {
        t.mean_per_day = round4(on_duty.iter().map(|l| l.mean_per_day).sum::<f64>() / on_duty.len() as f64);
        t.min_per_day = on_duty.iter().map(|l| l.mean_per_day).fold(f64::INFINITY, f64::min);
    }
    t
}

#[cfg(test)]
mod tests;

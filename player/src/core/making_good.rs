//! The cursor and the places beside it: what is passed over and written down as missed, what is played at another
//! second than its slot's, and what a slot does not show because its play was shown already.

use super::choose::{Choice, Pick};
use super::day::{Away, DayPlan};
use super::repair::{Held, Placed, Rest, place};
use super::written::blank;
use super::{Action, Core, LATE_MS, Now, Queued};
use lichphat_playlists::ids::PlanHash;
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::v1::Asset;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Core {
    /// A play in its place; slots that begin under it give way.
    pub(super) fn take_place(
        &mut self,
        plan: &Arc<DayPlan>,
        good: Placed,
        from: UtcMillis,
        undo_ms: u32,
        now: &Now,
    ) -> Option<Choice> {
        self.placed.remove(0);
        if !self.is_ready(plan, good.item, plan.day()) {
            self.unplaced = true;
            return None;
        }
        let first = self.days.get(&plan.day())?.cursor;
        let end = plan.first_from(good.end_ms).max(first);
        for index in first..end {
            self.go_over(plan, index, Cause::Displaced, now);
        }
        self.advance(plan.day(), good.end_ms, end);
        match good.origin {
            Origin::MakeGood { missed_plan, missed_slot } => {
                self.account.set_in_flight(missed_plan, missed_slot, true);
            }
            Origin::Planned { slot } => {
                self.days.get_mut(&plan.day())?.away.insert(slot, Away::Held);
            }
            Origin::Fallback => {}
        }
        Some(Choice::Show(Pick {
            plan: plan.clone(),
            item: good.item,
            origin: good.origin,
            start: plan.at_ms(good.start_ms).max(from),
            duration_ms: good.end_ms - good.start_ms,
            undo_ms,
        }))
    }

    /// The cursor goes over slots that are not to be shown at their second.
    pub(super) fn step_over(&mut self, day: LocalDay, now: &Now) {
        while let Some(state) = self.days.get_mut(&day)
            && let Some((index, _)) = state.next_slot()
            && state.away(index).is_some()
            && let Some(plan) = state.plan.clone()
        {
            state.cursor += 1;
            self.go_over(&plan, index, Cause::Displaced, now);
        }
    }

    /// The cursor goes over slot `index`, which is not shown now; what there is to say of a quota slot waits for the
    /// next item.
    pub(super) fn go_over(&mut self, plan: &Arc<DayPlan>, index: usize, cause: Cause, now: &Now) {
        if let Some(cause) = self.why_not_shown(plan, index, cause) {
            self.carry.push((plan.clone(), skipped(plan, index, cause, now)));
        }
    }

    /// What is to be written of a quota slot that is passed over for `cause`; nothing of one that has another second,
    /// and nothing twice.
    fn why_not_shown(&mut self, plan: &DayPlan, index: usize, cause: Cause) -> Option<Cause> {
        plan.terms(plan.playlist.slots.get(index)?.item)?;
        let state = self.days.get_mut(&plan.day())?;
        match state.away(index) {
            None => Some(cause),
            Some(Away::GivenUp) => Some(Cause::AlreadyShown),
            Some(Away::Held | Away::Tried) => None,
            Some(Away::Moved) => {
                state.late.insert(index as u32);
                None
            }
        }
    }

    /// Moves the cursor over the slots of a day that start before `until_ms`; quota slots among them
    /// are written down as missed, once. A day that is over leaves nothing for later.
    pub(super) fn pass(&mut self, day: LocalDay, until_ms: u32, now: &Now, out: &mut Vec<Action>) {
        while let Some(state) = self.days.get_mut(&day)
            && let Some((index, start_ms)) = state.next_slot().filter(|(_, start_ms)| *start_ms < until_ms)
            && let Some(plan) = state.plan.clone()
        {
            state.cursor += 1;
            let fresh = start_ms >= state.noted_ms && self.account.concerns(plan.at_ms(start_ms));
            let cause = self.excuse(plan.at_ms(start_ms));
            if let Some(cause) = self.why_not_shown(&plan, index, cause).filter(|_| fresh) {
                self.record(&plan, skipped(&plan, index, cause, now), out);
            }
        }
        if until_ms == u32::MAX
            && let Some(state) = self.days.get_mut(&day)
            && let Some(plan) = state.plan.clone()
        {
            for slot in std::mem::take(&mut state.late) {
                if self.days.get(&day).is_some_and(|s| s.away(slot as usize) != Some(Away::Held)) {
                    self.record(&plan, skipped(&plan, slot as usize, Cause::Displaced, now), out);
                }
            }
        }
    }

    /// Why a slot that was due at `at` was passed over.
    fn excuse(&self, at: UtcMillis) -> Cause {
        self.excuses.iter().find(|(until, _)| at < *until).map_or(Cause::TooSlow, |(_, cause)| *cause)
    }

    pub(super) fn pass_earlier_days(&mut self, day: LocalDay, now: &Now, out: &mut Vec<Action>) {
        let open = |state: &super::day::Day| state.next_slot().is_some() || !state.late.is_empty();
        while let Some(earlier) = self.days.range(..day).find(|(_, state)| open(state)).map(|(d, _)| *d) {
            self.pass(earlier, u32::MAX, now, out);
        }
    }

    /// Seeks places for the device's own misses when something changed.
    pub(super) fn place_misses(&mut self, from: UtcMillis, now: &Now, out: &mut Vec<Action>) {
        let (day, from_ms) = from.local(self.offset);
        // what is found to be lost or unseen is a miss to be placed in its turn
        for _ in 0..3 {
            if !self.unplaced || !self.options.make_good || now.panel == DisplayLevel::Dark {
                return;
            }
            self.pass_earlier_days(day, now, out);
            self.pass(day, from_ms.saturating_sub(LATE_MS), now, out);
            self.unplaced = false;
            self.place_once(day, from_ms, now, out);
        }
    }

    fn place_once(&mut self, day: LocalDay, from_ms: u32, now: &Now, out: &mut Vec<Action>) {
        self.placed.clear();
        self.placed_day = Some(day);
        let Some(state) = self.days.get(&day) else { return };
        let Some(plan) = state.plan.clone() else { return };
        let held: Vec<Held<'_>> = self.queue.iter().filter_map(|q| self.held(q, day)).collect();
        let notes = self.queue.iter().flat_map(|q| &q.notes).chain(&self.carry);
        let notes = notes.map(|(plan, note)| (plan, note.origin));
        let spoken_for = notes.chain(self.queue.iter().map(|q| (&q.plan, q.origin)));
        let spoken_for: BTreeSet<(PlanHash, u32)> = spoken_for.filter_map(|(plan, of)| planned(plan, of)).collect();
        let rest = Rest {
            plan: &plan,
            state,
            from_s: from_ms.div_ceil(1000),
            held: &held,
            spoken_for: &spoken_for,
            panel: now.panel,
        };
        let media = &self.media;
        let withdrawals = &self.withdrawals;
        let ready = |item| {
            let here = |a: &Asset| matches!(media.get(&a.media.hash), Some(Ok(_))) && withdrawals.of(a).is_none();
            plan.asset(item).is_some_and(here) && plan.allow(item, plan.day()).is_ok()
        };
        let places = place(&rest, &mut self.account, ready);
        self.placed = places.placed;
        if let Some(state) = self.days.get_mut(&day) {
            state.away.retain(|_, away| *away == Away::Held);
            for (slot, away) in places.away {
                state.away.entry(slot).or_insert(away);
            }
        }
        for (slot, cause) in places.lost {
            self.record(&plan, skipped(&plan, slot as usize, cause, now), out);
        }
        for slot in places.unseen {
            let cause = self.excuse(plan.at_ms(plan.start_ms(slot as usize).unwrap_or(0)));
            self.record(&plan, skipped(&plan, slot as usize, cause, now), out);
        }
    }

    /// What the queue holds of a campaign on `day`, but for stand-ins.
    fn held<'a>(&self, queued: &'a Queued, day: LocalDay) -> Option<Held<'a>> {
        let (on, at_ms) = queued.start.plus_ms(500).local(self.offset);
        let campaign = &queued.plan.asset(queued.item)?.code;
        let on_top = match queued.origin {
            Origin::Fallback => return None,
            Origin::Planned { .. } => false,
            Origin::MakeGood { missed_plan, missed_slot } => {
                self.account.is_on_top(missed_plan, missed_slot, day, self.offset)
            }
        };
        (on == day).then_some(Held { campaign, start_s: at_ms / 1000, on_top })
    }
}

fn planned(plan: &DayPlan, origin: Origin) -> Option<(PlanHash, u32)> {
    match origin {
        Origin::Planned { slot } => Some((plan.hash, slot)),
        _ => None,
    }
}

fn skipped(plan: &DayPlan, index: usize, cause: Cause, now: &Now) -> PlayRecord {
    let slot = plan.playlist.slots[index];
    let start = plan.at_ms(slot.start_s * 1000).min(now.utc);
    blank(plan, slot.item, Origin::Planned { slot: index as u32 }, start, PlayResult::Skipped(cause), now)
}

//! What becomes of what is with the stage: begun, broken off, ended, taken back, interrupted.

use super::day::Day;
use super::written::blank;
use super::{Action, Core, DayPlan, LATE_MS, Now, Queued, REST_MS, STEP_MS};
use crate::display::claim;
use crate::stage::{StageReport, StageResult};
use lichphat_playlists::proof::record::{Cause, Origin, PlayRecord, PlayResult};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::permit::Withdrawals;
use std::sync::Arc;

impl Core {
    /// What was taken back between the stage's begin and its word of it is broken off like what was running.
    pub(super) fn on_started(&mut self, ticket: u64, at: UtcMillis, now: &Now, out: &mut Vec<Action>) {
        let withdrawn = self.queue.iter().any(|q| q.ticket == ticket && self.is_withdrawn(q));
        if let Some(queued) = self.queue.iter_mut().find(|q| q.ticket == ticket) {
            let length_ms = queued.end.since_ms(queued.start);
            // Word of a start from before the clock was set is dated by the old clock.
            let at = if now.utc.since_ms(at).abs() > STEP_MS { now.utc } else { at };
            queued.started = true;
            queued.start = at;
            queued.end = at.plus_ms(length_ms);
            queued.end_mono_ms = now.mono_ms.saturating_add_signed(queued.end.since_ms(now.utc));
            queued.panel = now.panel;
            self.last = Some((queued.plan.clone(), queued.item));
            if withdrawn {
                (queued.end, queued.end_mono_ms) = (now.utc, now.mono_ms);
                out.push(Action::Interrupt);
            }
        }
    }

    /// What stands in for it comes before what was queued behind it.
    pub(super) fn on_broken_off(&mut self, ticket: u64, now: &Now, out: &mut Vec<Action>) {
        let Some(queued) = self.queue.iter_mut().find(|q| q.ticket == ticket) else { return };
        (queued.end, queued.end_mono_ms) = (now.utc, now.mono_ms);
        let stand_in = (queued.origin == Origin::Fallback).then(|| (queued.plan.clone(), queued.item));
        if let Some((plan, item)) = stand_in {
            self.rest(&plan, item, now, out);
        }
        self.clear_queue(out);
    }

    pub(super) fn on_ended(&mut self, report: &StageReport, now: &Now, out: &mut Vec<Action>) {
        let Some(index) = self.queue.iter().position(|q| q.ticket == report.ticket) else { return };
        let Some(queued) = self.queue.remove(index) else { return };
        let panel = queued.panel.min(now.panel);
        let result = match &report.result {
            StageResult::Complete => PlayResult::Complete,
            StageResult::Partial(code) if code == "interrupted" && self.is_withdrawn(&queued) => {
                PlayResult::Partial(Cause::Withdrawn)
            }
            StageResult::Partial(code) => PlayResult::Partial(cause_of_stage(code)),
            StageResult::Failed(code) => PlayResult::Failed(cause_of_stage(code)),
        };
        let record = PlayRecord {
            start: report.start,
            end: report.end,
            mono_start_ms: report.mono_start_ms,
            frames_rendered: report.frames_rendered,
            frames_dropped: report.frames_dropped,
            display: claim(panel, report.frames_rendered),
            ..blank(&queued.plan, queued.item, queued.origin, report.start, result, now)
        };
        let early = result != PlayResult::Complete && queued.end.since_ms(report.end) > i64::from(LATE_MS);
        if early && queued.origin == Origin::Fallback && result != PlayResult::Partial(Cause::Stopped) {
            self.rest(&queued.plan, queued.item, now, out);
        }
        self.close(queued, record, out);
        if early {
            self.clear_queue(out); // what stands in comes before what was queued behind it
        }
    }

    fn is_withdrawn(&self, queued: &Queued) -> bool {
        self.is_taken_back(&queued.plan, queued.item)
    }
    fn is_taken_back(&self, plan: &DayPlan, item: u16) -> bool {
        plan.asset(item).is_some_and(|asset| self.withdrawals.of(asset).is_some())
    }

    /// The built-in picture that is to take the place of what stands on the idle screen since its play was over, when that
    /// was taken back or its last day is past.
    pub(super) fn cover(&self, now: &Now) -> Option<(Arc<DayPlan>, u16)> {
        let (plan, item) = self.last.as_ref().filter(|_| self.queue.is_empty())?;
        let today = now.utc.day(self.offset);
        let built_in = plan.built_in().filter(|_| self.barred(plan, *item, today).is_some())?;
        let fit = self.is_at_hand(plan, built_in) && self.barred(plan, built_in, plan.day()).is_none();
        fit.then(|| (plan.clone(), built_in))
    }

    /// A stand-in that cannot be shown is left alone for a while: another one takes its place.
    fn rest(&mut self, plan: &DayPlan, item: u16, now: &Now, out: &mut Vec<Action>) {
        if let Some(asset) = plan.asset(item) {
            out.push(Action::Fault(format!("the safe loop item {} cannot be shown", asset.code)));
            self.resting.insert(asset.media.hash, now.mono_ms + REST_MS);
        }
    }

    pub(super) fn on_announcement(&mut self, on: bool, now: &Now, out: &mut Vec<Action>) {
        if on && !self.interrupted {
            if let Some(running) = self.queue.front_mut().filter(|q| q.started) {
                (running.end, running.end_mono_ms) = (now.utc, now.mono_ms);
            }
            self.clear_queue(out);
            out.push(Action::Interrupt);
        } else if !on && self.interrupted {
            self.excuses.push((now.utc, Cause::Interrupted)); // slots that began meanwhile
        }
        self.interrupted = on;
    }

    /// What is running and may not be shown any more is broken off, and nothing of it begins.
    pub(super) fn on_withdrawn(&mut self, list: Arc<Withdrawals>, now: &Now, out: &mut Vec<Action>) {
        self.withdrawals = list;
        self.unplaced = true;
        let stands = self.last.as_ref().is_some_and(|(plan, item)| self.is_taken_back(plan, *item));
        if !stands && !self.queue.iter().any(|q| self.is_withdrawn(q)) {
            return;
        }
        let running = self.queue.front().is_some_and(|q| q.started && self.is_withdrawn(q));
        self.clear_queue(out);
        if let Some(front) = self.queue.front_mut().filter(|_| running) {
            (front.end, front.end_mono_ms) = (now.utc, now.mono_ms);
            out.push(Action::Interrupt);
        }
    }

    /// Takes back a stand-in that has not begun.
    pub(super) fn clear_stand_ins(&mut self, out: &mut Vec<Action>) {
        if self.queue.iter().any(|q| !q.started && q.origin == Origin::Fallback) {
            self.clear_queue(out);
        }
    }

    pub(super) fn clear_queue(&mut self, out: &mut Vec<Action>) {
        if !self.clearing && self.queue.iter().any(|q| !q.started) {
            self.clearing = true;
            out.push(Action::ClearQueue);
        }
    }

    pub(super) fn on_cleared(&mut self, tickets: &[u64]) {
        self.clearing = false;
        self.carry.clear();
        let (days, account) = (&mut self.days, &mut self.account);
        self.queue.retain(|queued| {
            if !tickets.contains(&queued.ticket) {
                return true;
            }
            if let Some(day) = days.get_mut(&queued.plan.day()) {
                day.played_ms = day.played_ms.min(queued.undo_ms);
                if let Origin::Planned { slot } = queued.origin
                    && day.plan.as_ref().is_some_and(|p| p.hash == queued.plan.hash)
                {
                    day.away.remove(&slot);
                }
            }
            if let Origin::MakeGood { missed_plan, missed_slot } = queued.origin {
                account.set_in_flight(missed_plan, missed_slot, false);
            }
            false
        });
        self.days.values_mut().for_each(Day::rewind);
        self.unplaced = true;
    }
}

/// The stage has more words than the record.
fn cause_of_stage(code: &str) -> Cause {
    match code {
        "not-readable" => Cause::NotFound,
        "unknown-format" | "no-decoder" | "no-picture" | "no-sound" => Cause::DecodeError,
        "stalled" => Cause::TooSlow,
        other => Cause::from_code(other),
    }
}

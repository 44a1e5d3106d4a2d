//! What is written down, and what it marks: a slot that has its record is past.

use super::{Action, Core, DayPlan, LATE_MS, Now, Queued};
use crate::display::claim;
use lichphat_playlists::proof::record::{Cause, Origin, PlayRecord, PlayResult};
use lichphat_playlists::time::{LocalDay, UtcMillis};

impl Core {
    /// Writes what was shown, and what gave way to it.
    pub(super) fn close(&mut self, queued: Queued, record: PlayRecord, out: &mut Vec<Action>) {
        for (plan, note) in queued.notes {
            self.record(&plan, note, out);
        }
        self.record(&queued.plan, record, out);
    }

    pub(super) fn record(&mut self, plan: &DayPlan, record: PlayRecord, out: &mut Vec<Action>) {
        if let Origin::Planned { slot } = record.origin {
            self.mark_slot(plan, slot, &record);
        }
        self.unplaced |= self.account.write(&record, plan, plan.playlist.offset_min);
        out.push(Action::Record(record));
    }

    /// A slot of `plan` has its record. One that was moved forward marks the second at which it was shown: what lies
    /// between that and its own is still to come.
    pub(super) fn mark_slot(&mut self, plan: &DayPlan, slot: u32, record: &PlayRecord) {
        let Some(start_ms) = plan.start_ms(slot as usize) else { return };
        let ahead_ms = plan.at_ms(start_ms).since_ms(record.start);
        let forward = record.result.was_shown() && ahead_ms > i64::from(LATE_MS);
        let at_ms = if forward { (i64::from(start_ms) - ahead_ms).max(0) as u32 } else { start_ms };
        self.mark(plan.day(), at_ms, record.result);
        // Of the loop's own slots only those that cannot begin are remembered: known early, they would be tried again.
        let barred = matches!(record.result, PlayResult::Skipped(Cause::NotApproved | Cause::Withdrawn));
        if plan.terms(record.item).is_some() || matches!(record.result, PlayResult::Failed(_)) || barred {
            let state = self.days.entry(plan.day()).or_default();
            let tried = !matches!(record.result, PlayResult::Skipped(_)) || barred;
            *state.recorded.entry((plan.hash, slot)).or_default() |= tried;
            if state.plan.as_ref().is_some_and(|p| p.hash == plan.hash) {
                state.away.remove(&slot);
                state.late.remove(&slot);
            }
        }
    }

    pub(super) fn mark(&mut self, day: LocalDay, start_ms: u32, result: PlayResult) {
        let state = self.days.entry(day).or_default();
        state.noted_ms = state.noted_ms.max(start_ms + 1);
        if !matches!(result, PlayResult::Skipped(_)) {
            state.played_ms = state.played_ms.max(start_ms + 1);
        }
    }
}

/// A record of something that showed nothing.
pub(super) fn blank(
    plan: &DayPlan,
    item: u16,
    origin: Origin,
    start: UtcMillis,
    result: PlayResult,
    now: &Now,
) -> PlayRecord {
    let ago_ms = now.utc.since_ms(start).max(0) as u64;
    PlayRecord {
        plan: plan.hash,
        item,
        origin,
        boot: now.boot,
        start,
        end: start,
        mono_start_ms: now.mono_ms.saturating_sub(ago_ms),
        clock: now.clock,
        clock_error_ms: now.clock_error_ms,
        frames_rendered: 0,
        frames_dropped: 0,
        display: claim(now.panel, 0),
        area_percent: now.area_percent,
        result,
    }
}

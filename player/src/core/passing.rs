//! Time that passes: a new day, a clock that was set, hours in which nobody was awake, a stage that says nothing.

use super::day::Day;
use super::written::blank;
use super::{ABSENT_MS, Action, Core, DAYS_KEPT, DayPlan, Now, REPORT_GRACE_MS, STEP_MS};
use lichphat_playlists::proof::record::{Cause, PlayResult};

impl Core {
    /// Notices a new day, a clock that was set, and an absence.
    pub(super) fn notice_time(&mut self, now: &Now, out: &mut Vec<Action>) {
        let offset_ms = now.utc.0.wrapping_sub(now.mono_ms as i64);
        let moved_ms = match self.clock_offset.replace((now.boot, offset_ms)) {
            None => {
                self.excuses.push((now.utc, Cause::DeviceOff));
                0
            }
            Some((boot, last)) if boot == now.boot => offset_ms.wrapping_sub(last),
            Some(_) => 0,
        };
        if moved_ms.abs() > STEP_MS {
            self.on_clock_set(moved_ms, now, out);
        } else if self.next_wake().is_some_and(|wake| now.utc.since_ms(wake) > ABSENT_MS) {
            self.excuses.push((now.utc, Cause::DeviceOff));
        }
        self.resting.retain(|_, until_ms| *until_ms > now.mono_ms);
        for queued in self.queue.iter_mut().filter(|q| q.started) {
            queued.panel = queued.panel.min(now.panel);
        }
        let today = now.utc.day(self.offset);
        if self.today != Some(today) {
            self.today = Some(today);
            self.unplaced = true;
            self.account.expire(today, self.offset);
            self.excuses.retain(|(until, _)| now.utc.since_ms(*until) < 86_400_000);
            let past = self.days.range(..today).filter_map(|(_, d)| d.plan.as_ref());
            let stand_by = DayPlan::stand_by(past).map(|plan| plan.day());
            self.days.retain(|day, _| today.days_since(*day) < i64::from(DAYS_KEPT) || Some(*day) == stand_by);
        }
    }

    pub(super) fn on_clock_set(&mut self, moved_ms: i64, now: &Now, out: &mut Vec<Action>) {
        out.push(Action::Fault(format!("the wall clock was set by {moved_ms} ms")));
        for queued in self.queue.iter_mut().filter(|q| q.started) {
            queued.start = queued.start.plus_ms(moved_ms);
            queued.end = queued.end.plus_ms(moved_ms);
        }
        if moved_ms > 0 {
            self.excuses.push((now.utc, Cause::ClockUnset));
        }
        self.days.values_mut().for_each(Day::rewind);
        self.unplaced = true;
        self.clear_queue(out);
    }

    /// A stage that does not report must not stop the screen's mind.
    pub(super) fn give_up_on_silence(&mut self, now: &Now, out: &mut Vec<Action>) {
        if !self.clearing
            && self.queue.front().is_some_and(|q| now.mono_ms >= q.end_mono_ms + REPORT_GRACE_MS)
            && let Some(queued) = self.queue.pop_front()
        {
            self.unheard += 1;
            out.push(Action::Fault(format!("the stage has not reported play {}", queued.ticket)));
            let result = PlayResult::Failed(Cause::TooSlow);
            let record = blank(&queued.plan, queued.item, queued.origin, queued.start, result, now);
            self.close(queued, record, out);
            self.clear_queue(out);
        }
    }
}

//! What comes next on the stage: the slot that is due, a make-good in its place, or the safe loop.

use super::day::DayPlan;
use super::repair::Placed;
use super::written::blank;
use super::{Action, Core, LATE_MS, LEAD_MS, MIN_FILL_MS, Now, Queued};
use crate::stage::StageItem;
use lichphat_playlists::proof::record::{Cause, DisplayLevel, Origin, PlayResult};
use lichphat_playlists::time::{DAY_S, LocalDay, UtcMillis};
use lichphat_playlists::wire::v1::Tier;
use std::sync::Arc;

const DAY_MS: u32 = DAY_S * 1000;
/// A stand-in on an idle stage ends this much early, so that the time it takes to appear delays nothing, ms.
const COLD_START_MS: u32 = 500;

/// What the stage gets, or until when it gets nothing.
pub(super) enum Choice {
    Show(Pick),
    Wait(UtcMillis),
}

/// What a slot must fit into.
#[derive(Clone, Copy)]
struct Room {
    /// The next make-good.
    good: Option<Placed>,
    /// When the stage is free.
    from: UtcMillis,
    undo_ms: u32,
}

pub(super) struct Pick {
    pub(super) plan: Arc<DayPlan>,
    pub(super) item: u16,
    pub(super) origin: Origin,
    pub(super) start: UtcMillis,
    pub(super) duration_ms: u32,
    pub(super) undo_ms: u32,
}

impl Core {
    /// Keeps the running item and the next one with the stage.
    pub(super) fn fill(&mut self, now: &Now, out: &mut Vec<Action>) {
        self.wake = None;
        if self.interrupted {
            self.cover_up(now, out);
            return;
        }
        while self.queue.len() < 2 {
            let from = self.queue.back().map_or(now.utc, |q| q.end.max(now.utc));
            self.place_misses(from, now, out);
            let choice = self.choose(from, now, out);
            let (Choice::Wait(idle_to) | Choice::Show(Pick { start: idle_to, .. })) = &choice;
            if idle_to.since_ms(now.utc) >= i64::from(MIN_FILL_MS) {
                self.cover_up(now, out);
            }
            match choice {
                Choice::Show(pick) => self.enqueue(pick, now, out),
                Choice::Wait(until) => {
                    for (plan, note) in std::mem::take(&mut self.carry) {
                        self.record(&plan, note, out);
                    }
                    let rested_ms = self.resting.values().min().map(|mono_ms| mono_ms.saturating_sub(now.mono_ms));
                    let until = rested_ms.map_or(until, |ms| until.min(now.utc.plus_ms(ms as i64)));
                    self.wake = Some(until.max(now.utc.plus_ms(100)));
                    break;
                }
            }
        }
    }

    /// What stands on the idle screen and may not be shown any more goes: a moment of the built-in picture, which stands from
    /// then on.
    fn cover_up(&mut self, now: &Now, out: &mut Vec<Action>) {
        if let Some((plan, item)) = self.cover(now) {
            let carry = std::mem::take(&mut self.carry); // of what comes after it
            let (origin, start, duration_ms, undo_ms) = (Origin::Fallback, now.utc, MIN_FILL_MS, u32::MAX);
            self.enqueue(Pick { plan, item, origin, start, duration_ms, undo_ms }, now, out);
            self.carry = carry;
        }
    }

    fn enqueue(&mut self, pick: Pick, now: &Now, out: &mut Vec<Action>) {
        let Some(asset) = pick.plan.asset(pick.item) else { return };
        let Some(Ok(path)) = self.media.get(&asset.media.hash) else { return };
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        out.push(Action::Enqueue(StageItem {
            ticket,
            path: path.clone(),
            kind: asset.media.kind,
            duration_ms: pick.duration_ms,
            start_at: Some(pick.start),
            volume: f64::from(asset.volume_percent.min(100)) / 100.0,
            fades: asset.fades,
        }));
        let end = pick.start.max(now.utc).plus_ms(i64::from(pick.duration_ms));
        self.queue.push_back(Queued {
            ticket,
            plan: pick.plan,
            item: pick.item,
            origin: pick.origin,
            start: end.plus_ms(-i64::from(pick.duration_ms)),
            end,
            end_mono_ms: now.mono_ms.saturating_add_signed(end.since_ms(now.utc)),
            started: false,
            panel: DisplayLevel::D3,
            undo_ms: pick.undo_ms,
            notes: std::mem::take(&mut self.carry),
        });
    }

    fn choose(&mut self, from: UtcMillis, now: &Now, out: &mut Vec<Action>) -> Choice {
        let mut from = from;
        let mut undo = None;
        loop {
            let (day, from_ms) = from.local(self.offset);
            self.pass_earlier_days(day, now, out);
            self.pass(day, from_ms.saturating_sub(LATE_MS), now, out);
            self.drop_late_places(day, from_ms);
            self.step_over(day, now);
            let Some(state) = self.days.get(&day) else { return self.without_plan(day, from) };
            let Some(plan) = state.plan.clone() else { return self.without_plan(day, from) };
            let slot = state.next_slot();
            let good = self.placed.first().copied().filter(|_| self.placed_day == Some(day));
            let undo_ms = *undo.get_or_insert(state.played_ms);
            let at_ms = match (slot, good) {
                (Some((_, s)), Some(g)) => s.min(g.start_ms),
                (Some((_, s)), None) => s,
                (None, Some(g)) => g.start_ms,
                (None, None) => DAY_MS,
            };
            let on_duty = plan.playlist.duty.interval_at(from_ms / 1000);
            if at_ms >= from_ms + MIN_FILL_MS {
                if let Some((_, duty_end_s)) = on_duty
                    && let Some(pick) = self.stand_in(&plan, from, at_ms.min(duty_end_s * 1000), now, undo_ms)
                {
                    return Choice::Show(pick);
                }
                let opens = plan.playlist.duty.iter().map(|(a, _)| a * 1000).find(|&a| a > from_ms);
                let next_ms = if on_duty.is_some() { at_ms } else { at_ms.min(opens.unwrap_or(DAY_MS)) };
                if next_ms - from_ms > LEAD_MS || next_ms == DAY_MS {
                    let lead_ms = if next_ms == DAY_MS { 0 } else { LEAD_MS };
                    return Choice::Wait(plan.at_ms(next_ms - lead_ms));
                }
                if next_ms < at_ms {
                    from = plan.at_ms(next_ms); // duty opens soon, before the first slot
                    continue;
                }
            }
            let choice = match (slot, good) {
                (slot, Some(good)) if slot.is_none_or(|(_, s)| good.start_ms <= s) => {
                    self.take_place(&plan, good, from, undo_ms, now)
                }
                (Some((index, _)), good) => self.take_slot(&plan, index, Room { good, from, undo_ms }, now, out),
                (None, _) => return Choice::Wait(plan.at_ms(DAY_MS)), // midnight is near, nothing is left
            };
            if let Some(choice) = choice {
                return choice;
            }
        }
    }

    /// Nothing is known of this day: the safe loop goes on in the hours of the last day that was on duty.
    fn without_plan(&self, day: LocalDay, from: UtcMillis) -> Choice {
        let midnight = day.next().start(self.offset);
        let Some(plan) = DayPlan::stand_by(self.days.range(..day).filter_map(|(_, d)| d.plan.as_ref())) else {
            return Choice::Wait(midnight);
        };
        let from_ms = from.local(self.offset).1;
        let duty = &plan.playlist.duty;
        let Some((_, end_s)) = duty.interval_at(from_ms / 1000) else {
            let opens = duty.iter().map(|(a, _)| day.at(a, self.offset)).find(|a| *a > from);
            return Choice::Wait(opens.unwrap_or(midnight));
        };
        let until = day.at(end_s, self.offset);
        match self.ready_stand_in(plan, day) {
            Some((item, duration_ms)) if until.since_ms(from) >= i64::from(MIN_FILL_MS) => Choice::Show(Pick {
                plan: plan.clone(),
                item,
                origin: Origin::Fallback,
                start: from,
                duration_ms: i64::from(duration_ms).min(until.since_ms(from)) as u32,
                undo_ms: u32::MAX,
            }),
            _ => Choice::Wait(until.min(midnight)),
        }
    }

    fn ready_stand_in(&self, plan: &DayPlan, day: LocalDay) -> Option<(u16, u32)> {
        plan.stand_ins().find(|&item| self.is_at_hand(plan, item) && self.barred(plan, item, day).is_none()).and_then(
            |item| {
                let asset = plan.asset(item)?;
                Some((item, asset.media.duration_s * 1000))
            },
        )
    }

    /// A stand-in whose file is there and that did not fail just now.
    pub(super) fn is_at_hand(&self, plan: &DayPlan, item: u16) -> bool {
        plan.asset(item).is_some_and(|a| {
            matches!(self.media.get(&a.media.hash), Some(Ok(_))) && !self.resting.contains_key(&a.media.hash)
        })
    }

    /// Its file is there, and it may be shown on `day`.
    pub(super) fn is_ready(&self, plan: &DayPlan, item: u16, day: LocalDay) -> bool {
        plan.asset(item).is_some_and(|a| matches!(self.media.get(&a.media.hash), Some(Ok(_))))
            && self.barred(plan, item, day).is_none()
    }
    /// Why asset `item` may not be shown on `day`.
    pub(super) fn barred(&self, plan: &DayPlan, item: u16, day: LocalDay) -> Option<Cause> {
        let withdrawn = plan.asset(item).is_some_and(|asset| self.withdrawals.of(asset).is_some());
        if withdrawn {
            return Some(Cause::Withdrawn);
        }
        plan.allow(item, day).err().map(|_| Cause::NotApproved)
    }

    fn stand_in(&self, plan: &Arc<DayPlan>, from: UtcMillis, until_ms: u32, now: &Now, undo_ms: u32) -> Option<Pick> {
        let (item, item_ms) = self.ready_stand_in(plan, from.day(self.offset))?;
        let room_ms = plan.at_ms(until_ms).since_ms(from).max(0) as u32;
        let cold = self.queue.is_empty() && from <= now.utc && room_ms > MIN_FILL_MS + COLD_START_MS;
        let room_ms = if cold { room_ms - COLD_START_MS } else { room_ms };
        (room_ms >= MIN_FILL_MS).then(|| Pick {
            plan: plan.clone(),
            item,
            origin: Origin::Fallback,
            start: from,
            duration_ms: item_ms.min(room_ms),
            undo_ms,
        })
    }

    /// The slot at the cursor; none when it gave way and the next one is to be looked at.
    fn take_slot(
        &mut self,
        plan: &Arc<DayPlan>,
        index: usize,
        room: Room,
        now: &Now,
        out: &mut Vec<Action>,
    ) -> Option<Choice> {
        let Room { good, from, undo_ms } = room;
        let slot = plan.playlist.slots[index];
        let asset = plan.asset(slot.item)?;
        let start_ms = slot.start_s * 1000;
        let planned = plan.at_ms(start_ms);
        let origin = Origin::Planned { slot: index as u32 };
        let barred = self.barred(plan, slot.item, plan.day()).map(PlayResult::Skipped);
        let result = barred.or(match self.media.get(&asset.media.hash) {
            Some(Ok(_)) => None,
            Some(Err(cause)) => Some(PlayResult::Failed(*cause)),
            None => Some(PlayResult::Failed(Cause::NotFound)),
        });
        if let Some(result) = result {
            let note = blank(plan, slot.item, origin, planned.min(now.utc), result, now);
            if self.ready_stand_in(plan, plan.day()).is_some() {
                self.carry.push((plan.clone(), note));
            } else if planned > now.utc {
                return Some(Choice::Wait(planned));
            } else {
                self.record(plan, note, out);
            }
            self.advance(plan.day(), start_ms + 1, index + 1);
            return None;
        }
        let start = planned.max(from);
        let late_ms = start.since_ms(planned).max(0) as u32;
        let booked_ms = asset.media.duration_s * 1000;
        let overlapped = good.is_some_and(|g| g.start_ms < start_ms + booked_ms);
        let duration_ms = match asset.tier {
            // The loop gives back lost time and makes room; what is booked is shown whole or not at all.
            Tier::Local | Tier::Fallback => {
                let end_ms = good.map_or(u32::MAX, |g| g.start_ms).min(start_ms + booked_ms);
                end_ms.saturating_sub(start_ms + late_ms)
            }
            _ if overlapped => 0,
            _ => booked_ms,
        };
        if duration_ms < MIN_FILL_MS {
            if overlapped && plan.terms(slot.item).is_some() {
                self.go_over(plan, index, Cause::Displaced, now);
            }
            self.advance(plan.day(), start_ms + 1, index + 1);
            return None;
        }
        self.advance(plan.day(), start_ms + 1, index + 1);
        Some(Choice::Show(Pick { plan: plan.clone(), item: slot.item, origin, start, duration_ms, undo_ms }))
    }

    pub(super) fn advance(&mut self, day: LocalDay, played_ms: u32, cursor: usize) {
        if let Some(state) = self.days.get_mut(&day) {
            state.played_ms = state.played_ms.max(played_ms);
            state.cursor = state.cursor.max(cursor);
        }
    }

    fn drop_late_places(&mut self, day: LocalDay, from_ms: u32) {
        let before = self.placed.len();
        if self.placed_day == Some(day) {
            self.placed.retain(|p| p.start_ms + LATE_MS >= from_ms);
        }
        self.unplaced |= self.placed.len() != before;
    }
}

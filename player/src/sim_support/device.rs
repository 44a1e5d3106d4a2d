//! One simulated player: agent, stage and clock, stepped from event to event.

use super::{SimClock, SimStage};
use crate::agent::{Agent, AgentParts};
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::UtcMillis;
use std::sync::Arc;

/// An agent with its told clock and its stage.
#[derive(Debug)]
pub struct SimDevice {
    /// The real agent.
    pub agent: Agent,
    /// Its time.
    pub clock: Arc<SimClock>,
    /// Its stage.
    pub stage: SimStage,
}

impl SimDevice {
    /// Switches the device on at the clock's time; `parts.clock` must stand on `clock` and `parts.stage` a
    /// clone of `stage`.
    pub fn start(parts: AgentParts, clock: Arc<SimClock>, stage: SimStage) -> Self {
        Self { agent: Agent::start(parts), clock, stage }
    }

    /// When it next has something to do by itself.
    pub fn next_at(&self) -> Option<UtcMillis> {
        match (self.agent.next_wake(), self.stage.next_event_at()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Lets it live until `until`, without network. Time ends there even when nothing happens.
    pub fn step_until(&mut self, until: UtcMillis) {
        self.now_due();
        while let Some(at) = self.next_at().filter(|at| *at <= until) {
            self.clock.advance_to(at);
            self.now_due();
        }
        self.clock.advance_to(until);
        self.now_due();
    }

    /// Lets it live until `until`, asking and reporting every `poll_ms`. A scheduler that cannot be
    /// reached is a fault like any other.
    pub async fn run_until(&mut self, until: UtcMillis, poll_ms: i64) {
        loop {
            self.meet().await;
            let next = self.clock.now().plus_ms(poll_ms).min(until);
            self.step_until(next);
            if self.clock.now() >= until {
                self.meet().await;
                return;
            }
        }
    }

    /// One round with the scheduler: documents and media in, records out.
    pub async fn meet(&mut self) {
        if let Err(error) = self.agent.sync_once().await {
            self.agent.fault(error.to_string());
        }
        if let Err(error) = self.agent.upload_once().await {
            self.agent.fault(error.to_string());
        }
    }

    /// Orderly stop: the running play ends, the last segment is cut and sent.
    pub async fn stop(&mut self) {
        self.agent.begin_stop();
        self.deliver();
        if let Err(error) = self.agent.stop().await {
            self.agent.fault(error.to_string());
        }
    }

    fn now_due(&mut self) {
        // What is due may bring something else that is due at once; a stage that fails at once must not hold time up.
        for _ in 0..64 {
            let busy = self.deliver();
            if self.agent.next_wake().is_some_and(|at| at <= self.clock.now()) {
                self.agent.tick();
            } else if !busy {
                return;
            }
        }
    }

    fn deliver(&mut self) -> bool {
        let events = self.stage.pop_events();
        let busy = !events.is_empty();
        for event in events {
            self.agent.on_stage_event(event);
        }
        busy
    }
}

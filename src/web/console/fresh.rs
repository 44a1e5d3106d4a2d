//! What takes seconds is made in the background, once for everybody; a page shows what was made last, or says that it is being made.
//!
//! What is of another day is never shown. What is of this day is shown with its age, and with a word when something newer is being made.

use super::ConsoleError;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::LocalDay;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a value is made of: revisions of directory and campaigns, and the day.
pub(super) type Tag = (u64, u64, LocalDay);

/// A value older than this is said to be old, ms.
pub(super) const STALE_MS: u64 = 600_000;
/// How long a page waits for a newer value while it has an older one, ms: in a small town what somebody has just changed is there.
const OLDER_MS: u64 = 40;
/// How often somebody who waits looks at the clock.
const TICK: Duration = Duration::from_millis(10);

/// How often something is made, and how long a page waits for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// A value younger than this is shown as it is, ms.
    pub(super) fresh_ms: u64,
    /// After it was made it rests so many times as long as that took: what takes seconds does not keep a processor for ever.
    pub(super) rests: u64,
    /// How long a page waits when there is nothing to show, ms.
    pub(super) patience_ms: u64,
}

/// A value as a page shows it.
#[derive(Debug)]
pub(super) struct Seen<V> {
    pub(super) value: Arc<V>,
    /// What it is made of has changed since, or it is old: a newer one is being made.
    pub(super) newer: bool,
}

impl<V> std::ops::Deref for Seen<V> {
    type Target = V;
    fn deref(&self) -> &V {
        &self.value
    }
}

struct Held<V> {
    tag: Tag,
    begun_ms: u64,
    took_ms: u64,
    value: Arc<V>,
}

impl<V> Clone for Held<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), ..*self }
    }
}

impl<V> Held<V> {
    fn age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.begun_ms)
    }
    fn rests(&self, now_ms: u64, pace: Pace) -> bool {
        self.age_ms(now_ms) < self.took_ms.saturating_mul(1 + pace.rests) && pace.rests > 0
    }
    /// Of this tag, and not old.
    fn fits(&self, tag: Tag, now_ms: u64) -> bool {
        self.tag == tag && self.age_ms(now_ms) < STALE_MS
    }
}

/// A value that is made anew when it is old; whoever asks meanwhile gets the last one.
pub(super) struct Fresh<V> {
    held: Mutex<Option<Held<V>>>,
    /// Held while one is made; why the last could not be.
    making: Arc<tokio::sync::Mutex<Option<ConsoleError>>>,
}

/// Waits for it so long by the clock that was given: where time is told and stands still, until it is there.
pub(super) async fn within<T>(clock: &dyn Clock, ms: u64, work: impl Future<Output = T>) -> Option<T> {
    let until = clock.mono_ms().saturating_add(ms);
    let mut work = std::pin::pin!(work);
    loop {
        match tokio::time::timeout(TICK, &mut work).await {
            Ok(done) => return Some(done),
            Err(_) if clock.mono_ms() >= until => return None,
            Err(_) => {}
        }
    }
}

impl<V: Send + Sync + 'static> Fresh<V> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { held: Mutex::new(None), making: Arc::default() })
    }

    fn last(&self) -> Option<Held<V>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last one, of this very day.
    fn of_day(&self, day: LocalDay) -> Option<Held<V>> {
        self.last().filter(|held| held.tag.2 == day)
    }

    fn keep(&self, tag: Tag, (begun_ms, clock): (u64, &dyn Clock), value: &Arc<V>) {
        let took_ms = clock.mono_ms().saturating_sub(begun_ms);
        let held = Held { tag, begun_ms, took_ms, value: Arc::clone(value) };
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
    }

    /// In the background: it goes on when nobody waits for it any more.
    fn begin<F>(
        self: &Arc<Self>,
        mut place: tokio::sync::OwnedMutexGuard<Option<ConsoleError>>,
        tag: Tag,
        clock: &Arc<dyn Clock>,
        make: F,
    ) where
        F: Future<Output = Result<V, ConsoleError>> + Send + 'static,
    {
        let (this, clock, begun_ms) = (Arc::clone(self), Arc::clone(clock), clock.mono_ms());
        tokio::spawn(async move {
            match make.await {
                Ok(value) => this.keep(tag, (begun_ms, &*clock), &Arc::new(value)),
                // that somebody had to wait for his turn is no word for whoever comes next
                Err(ConsoleError::Busy | ConsoleError::BusyOwn) => {}
                Err(error) => {
                    tracing::warn!(%error, "what pages show could not be made anew");
                    *place = Some(error);
                }
            }
            drop(place);
        });
    }

    /// As a page shows it, soon: the value as it is now, else the last one of the day; none: it is being made.
    pub(super) async fn soon<F>(
        self: &Arc<Self>,
        tag: Tag,
        (clock, pace): (&Arc<dyn Clock>, Pace),
        make: F,
    ) -> Result<Option<Seen<V>>, ConsoleError>
    where
        F: Future<Output = Result<V, ConsoleError>> + Send + 'static,
    {
        let (last, now_ms) = (self.of_day(tag.2), clock.mono_ms());
        if let Some(held) = last.as_ref().filter(|held| held.fits(tag, now_ms)) {
            let old = held.age_ms(now_ms) >= pace.fresh_ms && !held.rests(now_ms, pace);
            if let (true, Ok(place)) = (old, Arc::clone(&self.making).try_lock_owned()) {
                self.begin(place, tag, clock, make);
            }
            return Ok(Some(Seen { value: Arc::clone(&held.value), newer: false }));
        }
        let mut make = Some(make);
        let made = async {
            loop {
                let (last, now_ms) = (self.of_day(tag.2), clock.mono_ms());
                match last {
                    Some(held) if held.fits(tag, now_ms) => return Ok(Some(held.value)),
                    Some(held) if held.rests(now_ms, pace) => return Ok(None),
                    _ => {}
                }
                if let Ok(mut place) = Arc::clone(&self.making).try_lock_owned() {
                    let Some(make) = make.take() else { return place.take().map_or(Ok(None), Err) };
                    if let Some(failed) = place.take() {
                        return Err(failed); // told to whoever comes next; the one after him has it tried again
                    }
                    self.begin(place, tag, clock, make);
                }
                drop(self.making.lock().await); // until it is made, for whomever
            }
        };
        let patience_ms = if last.is_some() { OLDER_MS } else { pace.patience_ms };
        let made = within(&**clock, patience_ms, made).await;
        let older = |held: Held<V>| Seen { value: held.value, newer: true };
        match (made, self.of_day(tag.2)) {
            (Some(Ok(Some(value))), _) => Ok(Some(Seen { value, newer: false })),
            // what there is is shown, whatever became of the newer one; that is told in the log
            (_, Some(held)) => Ok(Some(older(held))),
            (Some(Err(failed)), None) => Err(failed),
            (_, None) => Ok(None),
        }
    }

    /// A value of this tag that is not old, however long that takes: for what is no page, and for what others are made of.
    pub(super) async fn newest<F>(
        self: &Arc<Self>,
        tag: Tag,
        (clock, pace): (&Arc<dyn Clock>, Pace),
        make: F,
    ) -> Result<Arc<V>, ConsoleError>
    where
        F: Future<Output = Result<V, ConsoleError>> + Send + 'static,
    {
        let (now_ms, fits) = (clock.mono_ms(), |now_ms| self.last().filter(|held| held.fits(tag, now_ms)));
        if let Some(held) = fits(now_ms) {
            let old = held.age_ms(now_ms) >= pace.fresh_ms && !held.rests(now_ms, pace);
            if let (true, Ok(place)) = (old, Arc::clone(&self.making).try_lock_owned()) {
                self.begin(place, tag, clock, make);
            }
            return Ok(held.value);
        }
        let mut place = self.making.lock().await;
        let begun_ms = clock.mono_ms();
        if let Some(held) = fits(begun_ms) {
            return Ok(held.value);
        }
        *place = None;
        let value = Arc::new(make.await?);
        self.keep(tag, (begun_ms, &**clock), &value);
        drop(place);
        Ok(value)
    }
}

/// What nobody has asked for lately is forgotten, beyond so many, but nothing that is being made or waits for its turn.
pub(super) fn trim<K: std::hash::Hash + Eq + Clone, V>(kept: &mut lru::LruCache<K, Arc<V>>, most: usize) {
    while kept.len() > most {
        let idle = kept.iter().rev().find(|(_, fresh)| Arc::strong_count(fresh) == 1).map(|(key, _)| key.clone());
        let Some(idle) = idle else { return };
        kept.pop(&idle);
    }
}

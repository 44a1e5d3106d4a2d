//! How many requests an account, and an address, may send: a bucket each, filled again by time.

use super::super::problem::Problem;
use governor::clock::Clock as GovernorClock;
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lichphat_playlists::ports::Clock;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A bucket holds what it is filled with in so many seconds.
const BURST_S: u32 = 10;
/// Many sit behind one address: it may send so many times what an account may.
const ADDRESS: u32 = 8;
/// Buckets beyond which the full ones are forgotten.
const KEPT: usize = 10_000;

/// Our clock in the limiter's words.
#[derive(Clone)]
struct Told(Arc<dyn Clock>);

impl GovernorClock for Told {
    type Instant = Nanos;
    fn now(&self) -> Nanos {
        Nanos::new(self.0.mono_ms().saturating_mul(1_000_000))
    }
}

/// A bucket for each of some kind.
pub(in crate::web) struct Buckets<K: Hash + Eq + Clone> {
    name: &'static str,
    per_s: NonZeroU32,
    clock: Told,
    limiter: RateLimiter<K, HashMapStateStore<K>, Told, StateInformationMiddleware>,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Each is filled with so many a second, and holds ten seconds' worth.
    pub(in crate::web) fn new(name: &'static str, per_s: u32, clock: &Arc<dyn Clock>) -> Self {
        let per_s = NonZeroU32::new(per_s).unwrap_or(NonZeroU32::MIN);
        let quota =
            Quota::per_second(per_s).allow_burst(per_s.saturating_mul(NonZeroU32::new(BURST_S).unwrap_or(per_s)));
        let clock = Told(Arc::clone(clock));
        let limiter =
            RateLimiter::<_, _, _, NoOpMiddleware<Nanos>>::new(quota, HashMapStateStore::default(), clock.clone());
        Self { name, per_s, clock, limiter: limiter.with_middleware() }
    }

    /// Takes one out: how many are left; else when there is one again.
    pub(in crate::web) fn take(&self, key: &K) -> Result<u32, Problem> {
        if self.limiter.len() > KEPT {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(key).map(|left| left.remaining_burst_capacity()).map_err(|not| {
            let wait = not.wait_time_from(GovernorClock::now(&self.clock));
            let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests").after_s(seconds)
        })
    }

    fn policy(&self) -> String {
        format!("\"{}\";q={};w={BURST_S}", self.name, u64::from(self.per_s.get()) * u64::from(BURST_S))
    }
}

/// Both kinds of bucket.
pub(in crate::web) struct Limits {
    accounts: Buckets<String>,
    addresses: Buckets<std::net::IpAddr>,
}

impl Limits {
    /// So many requests a second for an account on average, and a burst of ten seconds' worth.
    pub(in crate::web) fn new(per_s: u32, clock: &Arc<dyn Clock>) -> Self {
        Self {
            accounts: Buckets::new("account", per_s, clock),
            addresses: Buckets::new("address", per_s.saturating_mul(ADDRESS), clock),
        }
    }

    /// May somebody of this network ask at all?
    pub(in crate::web) fn address(&self, network: std::net::IpAddr) -> Result<(), Problem> {
        self.addresses.take(&network).map(drop)
    }

    /// May the account ask? Answers with how many requests it has left.
    pub(in crate::web) fn account(&self, account: &str) -> Result<u32, Problem> {
        self.accounts.take(&account.to_owned())
    }

    /// What an answer says of it (draft-ietf-httpapi-ratelimit-headers).
    pub(in crate::web) fn tell(&self, headers: &mut HeaderMap, left: u32) {
        let values = [("ratelimit-policy", self.accounts.policy()), ("ratelimit", format!("\"account\";r={left}"))];
        for (name, value) in values {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimClock;
    use lichphat_playlists::time::UtcMillis;

    #[test]
    fn a_burst_is_taken_then_a_steady_drip_and_nobody_pays_for_another() {
        let clock = Arc::new(SimClock::new(UtcMillis(0)));
        let limits = Limits::new(2, &(Arc::clone(&clock) as Arc<dyn Clock>));
        for left in (0..20).rev() {
            assert_eq!(limits.account("a").unwrap(), left);
        }
        assert!(limits.account("a").is_err());
        assert_eq!(limits.account("b").unwrap(), 19);
        clock.jump_to(UtcMillis(500));
        assert_eq!(limits.account("a").unwrap(), 0);
        assert!(limits.account("a").is_err());
        let mut headers = HeaderMap::new();
        limits.tell(&mut headers, 3);
        assert_eq!(
            (&headers["ratelimit-policy"], &headers["ratelimit"]),
            (&"\"account\";q=20;w=10".parse().unwrap(), &"\"account\";r=3".parse().unwrap())
        );
    }

    #[test]
    fn a_network_may_send_more_than_an_account() {
        let clock: Arc<dyn Clock> = Arc::new(SimClock::new(UtcMillis(0)));
        let limits = Limits::new(1, &clock);
        let from = |address: &str| (0..100).filter(|_| limits.address(address.parse().unwrap()).is_ok()).count();
        assert_eq!((from("10.0.0.1"), from("10.0.0.2")), (80, 80));
    }
}

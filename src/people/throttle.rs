//! How often somebody may try to sign in, so that nobody guesses and nobody is locked out.
//!
//! A browser from which somebody has signed in before has a counter of its own; strangers share one for the account they try and one
//! for the network they come from. A counter makes its next try wait, longer each time and never for good; whoever wants to keep
//! somebody out by trying can so only make strangers wait.

use lichphat_playlists::ids::Sha256Hash;
use lru::LruCache;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

/// Counters that are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(100_000).expect("not zero");
/// Tries are forgotten when there was none for so long, ms.
const FORGOTTEN_MS: u64 = 3_600_000;

/// Whose tries are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// A browser that is known, and the account it is known for.
    Browser(Sha256Hash),
    /// Strangers who try this name, whether there is such an account or not.
    Account(Sha256Hash),
    /// Strangers of a network.
    Network(IpAddr),
}

impl Who {
    /// An IPv6 network has 64 bits: everybody has so many addresses.
    pub(super) fn network(address: IpAddr) -> Self {
        Self::Network(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            v4 => v4,
        })
    }

    /// Tries that cost nothing, and the longest wait after the others, ms. Many sit behind one address.
    fn terms(self) -> (u32, u64) {
        match self {
            Self::Browser(_) => (5, 15 * 60_000),
            Self::Account(_) => (10, 60_000),
            Self::Network(_) => (50, 60_000),
        }
    }
}

/// Tries that were not followed by a success.
#[derive(Debug, Clone, Copy)]
struct Tries {
    n: u32,
    last_ms: u64,
    wait_ms: u64,
}

/// The counters; they live in memory, and as long as the program.
pub(super) struct Throttle(Mutex<LruCache<Who, Tries>>);

impl Throttle {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }

    /// Counts a try before it is looked at, so that a hundred at once are a hundred; or the seconds that it has to wait.
    pub(super) fn begin(&self, whose: &[Who], mono_ms: u64) -> Result<(), u64> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = |tries: &Tries| (tries.last_ms + tries.wait_ms).saturating_sub(mono_ms);
        let wait_ms = whose.iter().filter_map(|who| held.peek(who)).map(rest).max().unwrap_or(0);
        if wait_ms > 0 {
            return Err(wait_ms.div_ceil(1000));
        }
        for who in whose {
            let before = held.get(who).filter(|tries| mono_ms.saturating_sub(tries.last_ms) < FORGOTTEN_MS);
            let n = before.map_or(0, |tries| tries.n).saturating_add(1);
            let (free, longest_ms) = who.terms();
            let wait_ms = n.checked_sub(free).map_or(0, |over| 1000_u64.saturating_mul(1 << over.min(20)));
            held.put(*who, Tries { n, last_ms: mono_ms, wait_ms: wait_ms.min(longest_ms) });
        }
        Ok(())
    }

    /// The try was good. What others have tried at the account stands: it was not they who knew.
    pub(super) fn passed(&self, whose: &[Who]) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for who in whose {
            match who {
                Who::Browser(_) => drop(held.pop(who)),
                Who::Account(_) | Who::Network(_) => {
                    if let Some(tries) = held.get_mut(who) {
                        tries.n = tries.n.saturating_sub(1);
                        tries.wait_ms = 0;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Who {
        Who::Account(Sha256Hash::of(b"lan"))
    }

    #[test]
    fn strangers_wait_longer_each_time_and_never_for_good_and_the_known_browser_does_not() {
        let throttle = Throttle::new();
        let network = |n: u8| Who::network(IpAddr::from([10, 0, 0, n]));
        let mut now = 0;
        let mut waits = Vec::new();
        for n in 0..40 {
            while let Err(wait_s) = throttle.begin(&[account(), network(n)], now) {
                waits.push(wait_s);
                now += wait_s * 1000;
            }
        }
        assert_eq!(&waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(waits.iter().all(|wait_s| *wait_s <= 60));
        assert!(throttle.begin(&[account(), network(99)], now).is_err(), "wherever the stranger comes from");
        let known = Who::Browser(Sha256Hash::of(b"the officer's own"));
        assert_eq!(throttle.begin(&[known], now), Ok(()));
    }

    #[test]
    fn a_hundred_at_once_are_a_hundred_and_a_success_forgives_its_own() {
        let throttle = Throttle::new();
        let known = Who::Browser(Sha256Hash::of(b"b"));
        assert_eq!((0..100).filter(|_| throttle.begin(&[known], 5).is_ok()).count(), 5);
        throttle.passed(&[known]);
        assert_eq!(throttle.begin(&[known], 5), Ok(()));
        for _ in 0..10 {
            assert!(throttle.begin(&[account()], 7).is_ok());
            throttle.passed(&[account()]);
        }
        assert!(throttle.begin(&[account()], 7).is_ok(), "good tries count for nothing");
    }

    #[test]
    fn tries_of_yesterday_are_forgotten_and_one_of_a_network_is_one_of_all_its_addresses() {
        let throttle = Throttle::new();
        let at = |text: &str| Who::network(text.parse().unwrap());
        for _ in 0..50 {
            throttle.begin(&[at("2001:db8:1:2::3")], 0).unwrap();
        }
        assert!(throttle.begin(&[at("2001:db8:1:2:9:9:9:9")], 0).is_err());
        assert_eq!(throttle.begin(&[at("2001:db8:1:3::3")], 0), Ok(()));
        assert_eq!(throttle.begin(&[at("2001:db8:1:2::3")], FORGOTTEN_MS), Ok(()));
        assert_eq!(throttle.begin(&[at("2001:db8:1:2::3")], FORGOTTEN_MS), Ok(()), "from the beginning");
    }
}

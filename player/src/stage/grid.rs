//! Time on the stage: output slots on the monotonic clock, and their place on the wall clock.
//!
//! Running time is nanoseconds since slot 0 on the monotonic clock. It never moves; only the wall
//! clock's offset to it does, and slowly.

use lichphat_playlists::time::UtcMillis;

const NS: u64 = 1_000_000_000;

/// The output slots: slot `n` begins at `n / fps` seconds of running time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    fps: u64,
}

impl Grid {
    /// A grid of `fps` slots per second, at least one.
    pub fn new(fps: u32) -> Self {
        Self { fps: u64::from(fps.max(1)) }
    }
    /// Slots per second.
    pub fn fps(self) -> u64 {
        self.fps
    }
    /// Running time at which slot `n` begins, nanoseconds.
    pub fn start_ns(self, n: u64) -> u64 {
        (u128::from(n) * u128::from(NS) / u128::from(self.fps)) as u64
    }
    /// Length of one slot, nanoseconds, rounded down.
    pub fn slot_ns(self) -> u64 {
        NS / self.fps
    }
    /// The slot whose beginning is nearest to `ns`; 0 for anything earlier.
    pub fn nearest(self, ns: i64) -> u64 {
        let ns = u128::from(ns.max(0) as u64);
        ((ns * u128::from(self.fps) + u128::from(NS / 2)) / u128::from(NS)) as u64
    }
    /// Slots in `duration_ms`, rounded to the nearest, at least one.
    pub fn slots_in(self, duration_ms: u32) -> u64 {
        self.nearest(i64::from(duration_ms) * 1_000_000).max(1)
    }
    /// Number of the sound sample at the beginning of slot `n`, at `rate` samples per second.
    pub fn sample(self, n: u64, rate: u64) -> u64 {
        (u128::from(n) * u128::from(rate) / u128::from(self.fps)) as u64
    }
    /// Running time of sound sample `sample`, nanoseconds, at `rate` samples per second.
    pub fn sample_ns(self, sample: u64, rate: u64) -> u64 {
        // A product of 64 bits would overflow after four days.
        (u128::from(sample) * u128::from(NS) / u128::from(rate.max(1))) as u64
    }
}

/// Microseconds by which the offset may follow the wall clock in one second of running time.
const SLEW_US_PER_S: i64 = 10_000;
/// Differences up to this are the clock's own grain (readings come in milliseconds).
const GRAIN_US: i64 = 2_000;
/// A difference beyond this is a step, taken between two items; less is slewed.
const STEP_US: i64 = 1_500_000;

/// The wall clock as seen from running time. Small differences are followed slowly, a step is
/// taken between items, so that no play is repeated, skipped or cut by it.
#[derive(Debug, Clone)]
pub struct WallMap {
    offset_us: i64,
    seen_at_us: i64,
}

impl WallMap {
    /// The wall clock shows `wall` at running time `running_us`.
    pub fn new(wall: UtcMillis, running_us: i64) -> Self {
        Self { offset_us: wall.0 * 1000 - running_us, seen_at_us: running_us }
    }
    /// Takes a new reading. `between_items`: nothing is being shown that a jump could misdate.
    pub fn observe(&mut self, wall: UtcMillis, running_us: i64, between_items: bool) {
        let off_by = wall.0 * 1000 - running_us - self.offset_us;
        let elapsed_us = (running_us - self.seen_at_us).max(0);
        self.seen_at_us = running_us;
        if off_by.abs() <= STEP_US {
            let most = elapsed_us.saturating_mul(SLEW_US_PER_S) / 1_000_000;
            self.offset_us += (off_by - off_by.clamp(-GRAIN_US, GRAIN_US)).clamp(-most, most);
        } else if between_items {
            self.offset_us += off_by;
        }
    }
    /// The wall clock at running time `running_ns`.
    pub fn wall(&self, running_ns: i64) -> UtcMillis {
        UtcMillis((running_ns / 1000 + self.offset_us + 500).div_euclid(1000))
    }
    /// The running time, nanoseconds, at which the wall clock shows `wall`.
    pub fn running_ns(&self, wall: UtcMillis) -> i64 {
        wall.0.saturating_mul(1000).saturating_sub(self.offset_us).saturating_mul(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: UtcMillis = UtcMillis(1_790_000_000_000);

    proptest! {
        #[test]
        fn slots_tile_time_and_sound(fps in 1u32..121, n in 0u64..10_000_000) {
            let grid = Grid::new(fps);
            prop_assert_eq!(grid.nearest(grid.start_ns(n) as i64), n);
            prop_assert!(grid.start_ns(n) < grid.start_ns(n + 1));
            let off = grid.sample_ns(grid.sample(n, 48_000), 48_000).abs_diff(grid.start_ns(n));
            prop_assert!(off <= NS / 48_000 + 1, "sound follows the picture to the sample, off by {} ns", off);
        }

        #[test]
        fn wall_and_running_time_are_inverse(ms in 0i64..4_000_000_000_000, at in 0i64..1_000_000_000) {
            let map = WallMap::new(NOON, at);
            prop_assert_eq!(map.wall(map.running_ns(UtcMillis(ms))), UtcMillis(ms));
        }

        #[test]
        fn the_wall_never_runs_backwards_through_small_corrections(steps in prop::collection::vec(-1400i64..1400, 1..60)) {
            let mut map = WallMap::new(NOON, 0);
            let mut last = map.wall(0);
            for (i, step) in steps.iter().enumerate() {
                let us = (i as i64 + 1) * 500_000;
                map.observe(NOON.plus_ms(us / 1000 + step), us, false);
                let wall = map.wall(us * 1000);
                prop_assert!(wall > last);
                last = wall;
            }
        }
    }

    #[test]
    fn a_step_of_an_hour_waits_for_the_end_of_the_item() {
        let mut map = WallMap::new(NOON, 0);
        map.observe(NOON.plus_ms(3_600_000 + 1000), 1_000_000, false);
        assert_eq!(map.wall(1_000_000_000), NOON.plus_ms(1000), "the running play keeps its dates");
        map.observe(NOON.plus_ms(3_600_000 + 2000), 2_000_000, true);
        assert_eq!(map.wall(2_000_000_000), NOON.plus_ms(3_600_000 + 2000), "the next one has the right ones");
    }

    #[test]
    fn a_step_of_a_second_is_slewed_within_two_minutes() {
        let mut map = WallMap::new(NOON, 0);
        for s in 1..=110 {
            map.observe(NOON.plus_ms(s * 1000 - 1000), s * 1_000_000, s % 7 == 0);
            let lag = map.wall(s * 1_000_000_000).since_ms(NOON.plus_ms(s * 1000 - 1000));
            assert_eq!(lag, (1000 - s * 10).max(2), "10 ms each second");
        }
    }
}

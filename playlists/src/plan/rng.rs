//! Chance for searches: seeded, the same on every machine. Never for keys.

/// SplitMix64 (Steele, Lea, Flood 2014; public domain reference by Vigna).
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly in `0..n`; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// About exponential with base 2, in 1/256: trailing zeros are memoryless, and no logarithm is needed
    /// whose last bit depends on the machine.
    pub(super) fn exponential_256(&mut self) -> i64 {
        let r = self.next();
        i64::from((r >> 8).trailing_zeros().min(40)) * 256 + (r & 255) as i64
    }
}

//! A day as one bit per second: runs of free seconds found 64 at a time. What lies beyond the bits is busy.

/// Bits `a..b` of word `w`, as a mask.
fn mask(w: usize, a: u32, b: u32) -> u64 {
    let base = w as u32 * 64;
    let (lo, hi) = (a.max(base) - base, b.min(base + 64) - base);
    let upper = if hi == 64 { u64::MAX } else { (1u64 << hi) - 1 };
    upper & !((1u64 << lo) - 1)
}

fn words(a: u32, b: u32) -> std::ops::RangeInclusive<usize> {
    (a / 64) as usize..=((b - 1) / 64) as usize
}

pub(super) fn set(bits: &mut [u64], a: u32, b: u32) {
    for w in words(a, b) {
        bits[w] |= mask(w, a, b);
    }
}

pub(super) fn clear(bits: &mut [u64], a: u32, b: u32) {
    for w in words(a, b) {
        bits[w] &= !mask(w, a, b);
    }
}

/// 64 bits from `a` on.
#[inline]
fn word_at(bits: &[u64], a: u32) -> u64 {
    let (w, shift) = ((a / 64) as usize, a % 64);
    let low = bits.get(w).copied().unwrap_or(u64::MAX) >> shift;
    // twice, because a shift by 64 is none
    low | (bits.get(w + 1).copied().unwrap_or(u64::MAX) << 1) << (63 - shift)
}

/// Last busy second of `[s, s + dur)`.
#[inline]
pub(super) fn last_busy(bits: &[u64], s: u32, dur: u32) -> Option<u32> {
    if dur > 64 {
        return last_set(bits, s, s + dur);
    }
    let m = word_at(bits, s) & (u64::MAX >> (64 - dur));
    (m != 0).then(|| s + 63 - m.leading_zeros())
}

/// First busy second of `[s, s + dur)`.
#[inline]
pub(super) fn first_busy(bits: &[u64], s: u32, dur: u32) -> Option<u32> {
    if dur > 64 {
        return first_set(bits, s, s + dur);
    }
    let m = word_at(bits, s) & (u64::MAX >> (64 - dur));
    (m != 0).then(|| s + m.trailing_zeros())
}

pub(super) fn last_set(bits: &[u64], a: u32, b: u32) -> Option<u32> {
    words(a, b).rev().find_map(|w| {
        let m = bits.get(w).copied().unwrap_or(u64::MAX) & mask(w, a, b);
        (m != 0).then(|| w as u32 * 64 + 63 - m.leading_zeros())
    })
}

pub(super) fn first_set(bits: &[u64], a: u32, b: u32) -> Option<u32> {
    words(a, b).find_map(|w| {
        let m = bits.get(w).copied().unwrap_or(u64::MAX) & mask(w, a, b);
        (m != 0).then(|| w as u32 * 64 + m.trailing_zeros())
    })
}

/// First clear bit from `a` on; the end of the bits when there is none.
pub(super) fn first_clear(bits: &[u64], a: u32) -> u32 {
    let mut w = (a / 64) as usize;
    let mut free = bits.get(w).map_or(0, |x| !x) & (u64::MAX << (a % 64));
    while free == 0 {
        w += 1;
        match bits.get(w) {
            Some(x) => free = !x,
            None => return bits.len() as u32 * 64,
        }
    }
    w as u32 * 64 + free.trailing_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_agree_with_bits_one_by_one(
            busy in prop::collection::vec(any::<bool>(), 320..=320),
            s in 0u32..200,
            dur in 1u32..110,
        ) {
            let mut bits = vec![0u64; 5];
            for (i, _) in busy.iter().enumerate().filter(|(_, b)| **b) {
                set(&mut bits, i as u32, i as u32 + 1);
            }
            let within = || (s..s + dur).filter(|&i| busy[i as usize]);
            prop_assert_eq!(first_busy(&bits, s, dur), within().next());
            prop_assert_eq!(last_busy(&bits, s, dur), within().next_back());
            prop_assert_eq!(first_set(&bits, s, s + dur), within().next());
            prop_assert_eq!(last_set(&bits, s, s + dur), within().next_back());
            prop_assert_eq!(first_clear(&bits, s), (s..320).find(|&i| !busy[i as usize]).unwrap_or(320));
            clear(&mut bits, s, s + dur);
            prop_assert_eq!(first_busy(&bits, s, dur), None);
        }
    }
}

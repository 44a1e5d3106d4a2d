//! Shares on the command line: decimals turned into thousandths, exactly.

/// A share from 0 to 1 in thousandths, exactly: `0.03` is 30.
pub(super) fn permille(text: &str) -> Result<u32, String> {
    let mend = "write a share from 0 to 1 with at most three decimals: 0.03 is 3 %";
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let decimals = decimals.trim_end_matches('0');
    if !digits(whole) || !(decimals.is_empty() || digits(decimals)) || text.ends_with('.') || decimals.len() > 3 {
        return Err(mend.into());
    }
    let thousandths: u32 = format!("{decimals:0<3}").parse().map_err(|_| mend)?;
    let whole: u32 = whole.parse().map_err(|_| mend)?;
    let share = whole.checked_mul(1000).and_then(|w| w.checked_add(thousandths));
    share.filter(|s| *s <= 1000).ok_or_else(|| mend.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_turned_into_thousandths_exactly_or_refused() {
        for (text, share) in [
            ("0", 0),
            ("0.0", 0),
            ("0.03", 30),
            ("0.030", 30),
            ("0.0300", 30),
            ("0.001", 1),
            ("0.125", 125),
            ("1", 1000),
        ] {
            assert_eq!(permille(text), Ok(share), "{text}");
        }
        for text in
            ["", ".", "1.", ".5", "0.0305", "1.001", "2", "-0.1", "+1", "1e-3", "0,03", "3%", "99999999999", "nan"]
        {
            assert!(permille(text).unwrap_err().contains("0.03 is 3 %"), "{text}");
        }
    }
}

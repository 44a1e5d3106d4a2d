//! Names as people type them: one key for every spelling of the same Vietnamese name.
//!
//! `hòa` and `hoà`, `thủy` and `thuỷ` are the same syllable with the tone written on another
//! vowel, and a file may come composed (NFC) or decomposed (NFD). The key moves the tone to the
//! syllable's end and drops case, so equal names have equal keys and different tones stay apart.

use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Grave, acute, tilde, hook above, dot below: the five written tones.
const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];

/// The kinds people put before, or leave off, a unit's own name; longest first.
const KIND_PREFIXES: [&str; 12] =
    ["ủy ban nhân dân", "ubnd", "thành phố", "thị trấn", "thị xã", "phường", "quận", "huyện", "xã", "sở", "tp", "p"];

/// The prefixes as keys, with their marks and without, each with the blank after it.
static KIND_KEYS: LazyLock<Vec<String>> =
    LazyLock::new(|| KIND_PREFIXES.iter().flat_map(|p| [matching_key(p) + " ", plain_key(p) + " "]).collect());

/// Key under which all spellings of a name meet: decomposed, lower case, every tone mark at the end
/// of its syllable, punctuation and runs of blanks as one blank.
///
/// ```
/// use lichphat::directory::matching_key;
/// assert_eq!(matching_key("Phường  HOÀ Bình"), matching_key("phường hòa bình"));
/// assert_ne!(matching_key("Phú Lương"), matching_key("Phù Lương"));
/// ```
pub fn matching_key(name: &str) -> String {
    syllables(name, |syllable| {
        let (tones, letters): (Vec<char>, Vec<char>) = syllable.iter().partition(|c| TONES.contains(c));
        letters.into_iter().chain(tones).collect()
    })
}

/// The name without any mark, `phuong ba dinh`: for people who type without Vietnamese keys.
pub fn plain_key(name: &str) -> String {
    syllables(name, |syllable| {
        syllable.iter().filter(|c| !is_combining_mark(**c)).map(|c| if *c == 'đ' { 'd' } else { *c }).collect()
    })
}

/// The name without the kind before it: `Ba Đình` for `UBND phường Ba Đình`.
pub fn without_kind(key: &str) -> &str {
    let mut rest = key;
    loop {
        match KIND_KEYS.iter().find_map(|prefix| rest.strip_prefix(prefix.as_str())) {
            Some(shorter) => rest = shorter,
            None => return rest,
        }
    }
}

fn syllables(name: &str, write: impl Fn(&[char]) -> String) -> String {
    let lower: Vec<char> = name.to_lowercase().nfd().collect();
    lower
        .split(|c| !c.is_alphanumeric() && !is_combining_mark(*c))
        .filter(|s| !s.is_empty())
        .map(write)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Edits (insert, drop, change one character) that turn `a` into `b`.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn old_and_new_tone_placement_and_both_normal_forms_meet() {
        for (a, b) in [
            ("Hòa Bình", "Hoà Bình"),
            ("Thụy Khuê", "Thuỵ Khuê"),
            ("THỦY", "thuỷ"),
            ("Phường Ngọc Thụy", "phường  ngọc thuỵ "),
            ("Chuyên Mỹ", "chuyên mỹ"),
            ("Khóa", "Khoá"),
        ] {
            assert_eq!(matching_key(a), matching_key(b), "{a} / {b}");
            let decomposed: String = a.nfd().collect();
            assert_eq!(matching_key(&decomposed), matching_key(b), "{a} decomposed");
        }
    }

    #[test]
    fn different_tones_and_letters_stay_apart() {
        for (a, b) in [("Phú Lương", "Phù Lương"), ("Dương Nội", "Đường Nội"), ("Sơn", "Son"), ("Kim Mã", "Kim Ma")]
        {
            assert_ne!(matching_key(a), matching_key(b), "{a} / {b}");
        }
    }

    #[test]
    fn the_kind_before_a_name_may_be_left_off() {
        assert_eq!(without_kind(&matching_key("UBND phường Ba Đình")), matching_key("Ba Đình"));
        assert_eq!(without_kind(&plain_key("UBND Phuong Ba Dinh")), "ba dinh");
        assert_eq!(without_kind(&matching_key("Sở Y tế")), matching_key("y tế"));
        assert_eq!(without_kind(&matching_key("Phú Thượng")), matching_key("Phú Thượng"), "a name is not a kind");
    }

    proptest! {
        #[test]
        fn the_key_of_any_text_ignores_case_and_form_and_is_stable(name in "\\PC{0,24}") {
            let key = matching_key(&name);
            prop_assert_eq!(&matching_key(&name.nfd().collect::<String>()), &key);
            prop_assert_eq!(&matching_key(&key), &key);
        }

        #[test]
        fn distance_is_zero_only_for_equals_and_symmetric(a in "[a-d]{0,6}", b in "[a-d]{0,6}") {
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
        }
    }
}

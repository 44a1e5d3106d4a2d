//! Finding by words: an index over names and codes, however people type them. With marks or without, in any case, the words in any
//! order and only begun. It is made once for what it holds and asked many times.

use super::name::{matching_key, plain_key};

/// Something to be found.
#[derive(Debug, Clone, Default)]
pub struct Findable {
    /// What people call it; who types its beginning finds it first.
    pub name: String,
    /// Its code, and what else it is known by: an address, a title in another language.
    pub more: Vec<String>,
}

/// Names as they are compared.
#[derive(Debug)]
struct Held {
    plain: Box<str>,
    marked: Box<str>,
}

/// An index of things, each by its place in the list it was made from.
#[derive(Debug, Default)]
pub struct Finder {
    /// Every word without marks and who has it; in order, so that all words of one beginning stand together.
    words: Vec<(Box<str>, Vec<u32>)>,
    held: Vec<Held>,
}

/// So many letters are looked for.
pub(super) const LONGEST: usize = 200;

/// How well something fits; less is better.
type Fit = (u8, u8, usize, u32);

impl Finder {
    /// Over these things.
    pub fn new(things: impl IntoIterator<Item = Findable>) -> Self {
        let mut all: Vec<(Box<str>, u32)> = Vec::new();
        let mut held = Vec::new();
        for thing in things {
            let at = held.len() as u32;
            let plain = plain_key(&thing.name);
            all.extend(plain.split(' ').filter(|w| !w.is_empty()).map(|word| (word.into(), at)));
            for text in &thing.more {
                all.extend(plain_key(text).split(' ').filter(|w| !w.is_empty()).map(|word| (word.into(), at)));
            }
            held.push(Held { plain: plain.into(), marked: matching_key(&thing.name).into() });
        }
        all.sort_unstable();
        all.dedup();
        let mut words: Vec<(Box<str>, Vec<u32>)> = Vec::new();
        for (word, at) in all {
            match words.last_mut() {
                Some((last, places)) if *last == word => places.push(at),
                _ => words.push((word, vec![at])),
            }
        }
        Self { words, held }
    }

    /// A thing's name without marks, by which lists are sorted.
    pub fn plain(&self, at: usize) -> &str {
        self.held.get(at).map_or("", |held| &held.plain)
    }

    /// The things that have a word beginning with each of the asked ones, best first: those with the marks that were typed, then those
    /// whose name begins as asked, then the shortest names. Nothing when no word is asked for.
    pub fn find(&self, asked: &str) -> Vec<u32> {
        // nobody types more; each word is looked for through everything
        let asked = asked.char_indices().nth(LONGEST).map_or(asked, |(end, _)| &asked[..end]);
        let plain = plain_key(asked);
        let mut wanted: Vec<&str> = plain.split(' ').filter(|w| !w.is_empty()).collect();
        wanted.sort_unstable_by_key(|word| (std::cmp::Reverse(word.len()), *word));
        wanted.dedup();
        let Some((first, rest)) = wanted.split_first() else { return Vec::new() };
        let mut found = self.begun(first);
        for word in rest {
            if found.is_empty() {
                return found;
            }
            let other = self.begun(word);
            found.retain(|at| other.binary_search(at).is_ok());
        }
        let marked = matching_key(asked);
        let marked: Vec<&str> = if asked.is_ascii() { Vec::new() } else { marked.split(' ').collect() };
        let mut ranked: Vec<Fit> = found.into_iter().map(|at| self.fit(at, &plain, &marked)).collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(.., at)| at).collect()
    }

    /// Who has a word of this beginning, in order, each once.
    fn begun(&self, beginning: &str) -> Vec<u32> {
        let from = self.words.partition_point(|(word, _)| **word < *beginning);
        let begun = self.words[from..].iter().take_while(|(word, _)| word.starts_with(beginning));
        let mut found: Vec<u32> = begun.flat_map(|(_, places)| places.iter().copied()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn fit(&self, at: u32, plain: &str, marked: &[&str]) -> Fit {
        let held = &self.held[at as usize];
        let has = |word: &&str| held.marked.split(' ').any(|own| own.starts_with(*word));
        let others = u8::from(!marked.iter().all(has));
        let begins = match held.plain.strip_prefix(plain) {
            Some("") => 0,
            Some(rest) if rest.starts_with(' ') => 1,
            Some(_) => 2,
            None if held.plain.contains(plain) => 3,
            None => 4,
        };
        (others, begins, held.plain.len(), at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(all: &[&str]) -> Finder {
        Finder::new(all.iter().map(|name| Findable { name: (*name).to_owned(), more: Vec::new() }))
    }

    #[test]
    fn marks_case_and_order_of_words_make_no_difference_and_a_beginning_is_enough() {
        let finder = names(&["Bảng LED ngã tư Kim Mã", "UBND phường Ngọc Hà", "Đống Đa – sảnh", "Kim Mã"]);
        for (asked, found) in [
            ("kim ma", &[3, 0][..]),
            ("KIM MÃ", &[3, 0]),
            ("mã kim", &[3, 0]),
            ("nga tu ki", &[0]),
            ("dong da", &[2]),
            ("đống", &[2]),
            ("DONG d", &[2]),
            ("ngoc ha phuong", &[1]),
            ("ha noi", &[]),
            ("  ", &[]),
            ("–", &[]),
        ] {
            assert_eq!(finder.find(asked), found, "{asked}");
        }
    }

    #[test]
    fn who_types_marks_sees_those_first_and_the_others_after() {
        let finder = names(&["Phù Lương", "Phú Lương", "Phú Lương 2"]);
        assert_eq!(finder.find("phu luong"), [0, 1, 2]);
        assert_eq!(finder.find("phú lương"), [1, 2, 0]);
    }

    #[test]
    fn a_code_and_an_address_are_words_too() {
        let more = vec!["P00004-01".to_owned(), "12-14 Phan Đình Phùng".to_owned()];
        let finder = Finder::new([Findable { name: "Sảnh".to_owned(), more }]);
        for asked in ["p00004-01", "P0000", "phan dinh phung 12", "sanh p00004"] {
            assert_eq!(finder.find(asked), [0], "{asked}");
        }
        assert!(finder.find("p00005").is_empty());
    }

    proptest! {
        #[test]
        fn a_name_is_found_by_its_unmarked_form_and_by_any_of_its_words(
            all in proptest::collection::vec("[a-zđĐăâêôơưàáảãạốềữ0-9 .-]{1,20}|\\PC{1,12}", 1..12),
        ) {
            let finder = names(&all.iter().map(String::as_str).collect::<Vec<_>>());
            for (at, name) in all.iter().enumerate() {
                let plain = plain_key(name);
                if plain.trim().is_empty() {
                    continue;
                }
                let at = at as u32;
                prop_assert!(finder.find(&plain).contains(&at), "{name:?} by {plain:?}");
                prop_assert!(finder.find(name).contains(&at), "{name:?} by itself");
                prop_assert!(finder.find(&plain.to_uppercase()).contains(&at) || !plain.is_ascii(), "{name:?} in capitals");
                for word in plain.split(' ').chain(name.split_whitespace()).filter(|w| !plain_key(w).trim().is_empty()) {
                    prop_assert!(finder.find(word).contains(&at), "{name:?} by {word:?}");
                    let begun: String = plain_key(word).chars().take(2).collect();
                    prop_assert!(begun.trim().is_empty() || finder.find(&begun).contains(&at), "{name:?} by {begun:?}");
                }
            }
        }
    }
}

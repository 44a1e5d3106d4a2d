//! Plain sentences for the stable codes that records, figures and reports carry.

use super::{Lang, Values};
use lichphat_playlists::figures::SUSPENDED;
use lichphat_playlists::quota::{Of, Period, Quota, Rule, Within};
use lichphat_playlists::time::{UtcMillis, UtcOffset, clock_text};
use lichphat_playlists::wire::command::Outcome;

/// Codes that are a result and a cause in one, `skipped:device-off`.
const RESULTS: [&str; 3] = ["partial", "failed", "skipped"];

impl Lang {
    /// Why plays are missing or do not count, as a sentence a person understands: `skipped:device-off`,
    /// `panel-dark`, `no-record`, `pending`. A code of a newer version is shown as it is.
    pub fn cause(self, code: &str) -> String {
        match code.split_once(':') {
            Some((result, cause)) if RESULTS.contains(&result) => {
                let key = format!("why-{cause}");
                let why = if self.knows(&key) { self.text(&key) } else { self.text("why-other") };
                self.say(&format!("cause-{result}"), &Values::new().word("why", why))
            }
            Some((SUSPENDED, order)) => self.say("cause-suspended", &Values::new().word("order", order)),
            _ => {
                let key = format!("cause-{code}");
                if self.knows(&key) {
                    self.text(&key)
                } else {
                    self.say("cause-unknown-code", &Values::new().word("code", code))
                }
            }
        }
    }

    /// What to do about it, when there is something.
    pub fn mend(self, code: &str) -> Option<String> {
        let name = match code.split_once(':') {
            Some((result, cause)) if RESULTS.contains(&result) => cause,
            _ => code,
        };
        let key = format!("mend-{name}");
        self.knows(&key).then(|| self.text(&key))
    }

    /// What became of something asked of a player; none: nothing yet.
    pub fn outcome(self, outcome: Option<&Outcome>, offset: UtcOffset) -> String {
        match outcome {
            None => self.text("outcome-waiting"),
            Some(Outcome::Done) => self.text("outcome-done"),
            Some(Outcome::Picture { .. }) => self.text("outcome-picture"),
            Some(Outcome::Log { .. }) => self.text("outcome-log"),
            Some(Outcome::Expired) => self.text("outcome-expired"),
            Some(Outcome::Failed { cause }) => {
                self.say("outcome-failed", &Values::new().word("why", self.term("failed", cause)))
            }
            Some(Outcome::Shown(shown)) => {
                let second = |at: UtcMillis| clock_text(at.local(offset).1 / 1000);
                let values = Values::new().word("from", second(shown.from_ms)).word("until", second(shown.until_ms));
                match &shown.challenge {
                    Some(challenge) => self.say("outcome-challenge", &values.word("code", challenge.code.clone())),
                    None => self.say("outcome-shown", &values),
                }
            }
        }
    }

    /// What an order asks, in a sentence.
    pub fn rule(self, quota: &Quota) -> String {
        let per = match quota.per {
            Period::Day => "per-day",
            Period::IsoWeek => "per-iso-week",
            Period::Month => "per-month",
            Period::Quarter => "per-quarter",
            Period::Year => "per-year",
        };
        let values = Values::new().count(self, "plays", quota.plays.into()).word("per", self.text(per));
        let rule = self.say(if quota.rule == Rule::Average { "rule-average" } else { "rule-at-least" }, &values);
        let within = self.text(if quota.within == Within::Peak { "rule-within-peak" } else { "rule-within-duty" });
        let of = if quota.of == Of::Unit { format!(", {}", self.text("rule-of-unit")) } else { String::new() };
        format!("{rule}, {within}{of}")
    }

    /// The word for one of a closed list: `term("kind", "third-party")`, `term("force", "required")`.
    pub fn term(self, list: &str, word: &str) -> String {
        let key = format!("{list}-{word}");
        if self.knows(&key) { self.text(&key) } else { word.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::proof::count::{Doubt, Reason};
    use lichphat_playlists::proof::record::Cause;
    use lichphat_playlists::wire::health::Trouble;
    use std::collections::BTreeSet;

    fn codes() -> Vec<String> {
        let records = Cause::ALL.iter().flat_map(|&c| [Reason::Partial(c), Reason::Failed(c), Reason::Skipped(c)]);
        let plain = [
            Reason::TooShort,
            Reason::FramesDropped,
            Reason::PanelDark,
            Reason::DisplayLevel,
            Reason::Overlap,
            Reason::MinGap,
            Reason::Future,
            Reason::Backwards,
            Reason::NotInPlan,
            Reason::Replaced,
            Reason::Unregistered,
            Reason::NotApproved,
            Reason::Withdrawn,
        ];
        let doubts = [Doubt::PlanUnknown, Doubt::ClockUnset].map(|d| d.code().to_owned());
        let figures = [
            "pending",
            "no-record",
            "silent",
            "no-device",
            "no-room",
            "not-declared",
            "declared-only",
            "no-player",
            "not-planned",
            "no-variant",
            "suspended:quoc-tang",
        ];
        records.chain(plain).map(Reason::code).chain(doubts).chain(figures.map(str::to_owned)).collect()
    }

    #[test]
    fn every_code_has_a_sentence_of_its_own_in_both_languages() {
        for lang in [Lang::Vi, Lang::En] {
            let mut said = BTreeSet::new();
            for code in codes() {
                let sentence = lang.cause(&code);
                assert!(!sentence.contains(&format!("({code})")), "{code} is not translated: {sentence}");
                assert!(said.insert(sentence), "{code} says the same as another");
            }
        }
        assert_eq!(
            Lang::Vi.cause("skipped:device-off"),
            "Không phát: thiết bị tắt nguồn hoặc chương trình phát không chạy"
        );
        assert_eq!(Lang::En.cause("too-new"), "Another reason (too-new)");
    }

    #[test]
    fn every_trouble_of_a_box_is_said_in_both_languages() {
        for (lang, trouble) in [Lang::Vi, Lang::En].into_iter().flat_map(|l| Trouble::ALL.map(|t| (l, t))) {
            let key = format!("trouble-{}", trouble.code());
            assert!(lang.knows(&key), "{key} in {}", lang.code());
        }
    }

    #[test]
    fn both_languages_hold_the_same_messages_with_the_same_places() {
        let read = |lang: &str| {
            let mut messages = BTreeSet::new();
            let dir = format!("{}/locales/{lang}", env!("CARGO_MANIFEST_DIR"));
            for file in std::fs::read_dir(dir).unwrap() {
                let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                let mut key = String::new();
                for line in text.lines().filter(|l| !l.starts_with('#')) {
                    if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with([' ', '*', '['])) {
                        name.clone_into(&mut key);
                        assert!(messages.insert(key.clone()), "{lang}: {key} stands twice");
                    }
                    for place in line.split("{ $").skip(1) {
                        let place: String = place.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                        // a count may be written with or without its thousands mark, and chooses no form in Vietnamese
                        messages.insert(format!("{key} {{{}}}", place.trim_end_matches("_t")));
                    }
                }
            }
            messages
        };
        let (vi, en) = (read("vi"), read("en"));
        assert_eq!(vi.difference(&en).collect::<Vec<_>>(), Vec::<&String>::new(), "only in Vietnamese");
        assert_eq!(en.difference(&vi).collect::<Vec<_>>(), Vec::<&String>::new(), "only in English");
        for key in vi.iter().filter(|k| !k.contains(' ')) {
            assert!(
                Lang::Vi.knows(key) && Lang::En.knows(key) || vi.iter().any(|k| k.starts_with(&format!("{key} {{"))),
                "{key}"
            );
        }
    }

    #[test]
    fn every_message_that_the_code_and_the_templates_name_is_there() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = vec![root.join("templates"), root.join("src")];
        let mut named = BTreeSet::new();
        while let Some(path) = files.pop() {
            if path.is_dir() {
                files.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for call in ["page.t(\"", "lang.text(\"", "lang.say(\""] {
                let keys = text.split(call).skip(1).filter_map(|rest| rest.split('"').next());
                named.extend(keys.filter(|k| !k.contains('{')).map(str::to_owned));
            }
        }
        assert!(named.len() > 20, "{named:?}");
        let known = |key: &String| [Lang::Vi, Lang::En].iter().all(|lang| has(*lang, key));
        let missing: Vec<&String> = named.iter().filter(|k| !known(k)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    /// Messages with places cannot be looked up without values: look for them in the files.
    fn has(lang: Lang, key: &str) -> bool {
        let dir = format!("{}/locales/{}", env!("CARGO_MANIFEST_DIR"), lang.code());
        std::fs::read_dir(dir).unwrap().any(|file| {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            text.lines().any(|line| line.split_once(" =").is_some_and(|(name, _)| name == key))
        })
    }

    #[test]
    fn numbers_and_days_read_as_people_write_them() {
        let day = "2026-11-20".parse().unwrap();
        assert_eq!((Lang::Vi.number(18_418), Lang::En.number(1_000_000)), ("18.418".into(), "1,000,000".into()));
        assert_eq!((Lang::Vi.decimal(9.74), Lang::En.decimal(10.0)), ("9,7".into(), "10".into()));
        assert_eq!(Lang::Vi.long_day(day), "Thứ Sáu, 20/11/2026");
        assert_eq!(Lang::En.long_day(day), "Friday, 20 Nov 2026");
    }
}

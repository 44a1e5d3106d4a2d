//! A series: an order whose newest episode takes the place of the one before by itself, on every screen of who has asked for it.

use super::directive::Directive;
use super::product::Product;
use crate::directory::problem::{Say, say};
use crate::directory::typed::Flaw;
use crate::directory::{Directory, Link, Screen};
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::time::LocalDay;
use serde::{Deserialize, Serialize};

/// One episode: from its day on it plays in place of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// Its number as printed, `12`.
    pub number: String,
    /// First day; the day before is the last of the one before.
    pub from: LocalDay,
    /// What is played.
    pub product: Product,
}

/// A unit that has asked for what is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptIn {
    /// The unit: its screens and those of units below it.
    pub unit: UnitCode,
    /// Which screens are the unit's.
    #[serde(default = "owner")]
    pub link: Link,
    /// First day.
    pub from: LocalDay,
    /// Last day, included; to the end of the order when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<LocalDay>,
    /// Number of the unit's letter.
    pub number: String,
}

fn owner() -> Link {
    Link::Owner
}

impl OptIn {
    fn holds(&self, directory: &Directory, screen: &Screen, day: LocalDay) -> bool {
        let own = |unit: &UnitCode| directory.line_of(unit).any(|above| above.code == self.unit);
        self.from <= day && self.to.is_none_or(|to| day <= to) && screen.unit(self.link, day).is_some_and(own)
    }
}

impl Directive {
    /// What it plays on a day, the newest first: the episode of the day, and those before it, which stand in where it may not
    /// be shown yet.
    pub fn products_on(&self, day: LocalDay) -> impl Iterator<Item = &Product> {
        let episodes = self.episode.iter().rev().filter(move |e| e.from <= day).map(|e| &e.product);
        episodes.chain(&self.product)
    }

    /// What it is to play on a day.
    pub fn product_on(&self, day: LocalDay) -> Option<&Product> {
        self.products_on(day).next()
    }

    /// All that it plays at any time, each with its first day; none: the order's own.
    pub fn products(&self) -> impl Iterator<Item = (Option<LocalDay>, &Product)> {
        self.product.iter().map(|p| (None, p)).chain(self.episode.iter().map(|e| (Some(e.from), &e.product)))
    }

    /// The same, to have their files written in.
    pub(super) fn products_mut(&mut self) -> impl Iterator<Item = &mut Product> {
        self.product.iter_mut().chain(self.episode.iter_mut().map(|e| &mut e.product))
    }

    /// Has somebody asked for it at this screen?
    pub(super) fn is_asked_for(&self, directory: &Directory, screen: &Screen, day: LocalDay) -> bool {
        self.opt_in.iter().any(|o| o.holds(directory, screen, day))
    }

    /// What is wrong with its episodes and with who has asked for it.
    pub(super) fn series_flaws(&self, flaws: &mut Vec<Flaw>) {
        let mut flaw = |path: String, value: String, mend: Say| flaws.push((path, value, mend));
        for (i, episode) in self.episode.iter().enumerate() {
            let path = format!("episode[{i}]");
            if episode.number.trim().is_empty() {
                flaw(format!("{path}.number"), String::new(), say("ghi số của tập", "give the episode's number"));
            }
            if let Some(twice) = self.episode[..i].iter().find(|e| e.number == episode.number) {
                let mend = say("số này đã có ở tập trên", "an episode above has this number");
                flaw(format!("{path}.number"), twice.number.clone(), mend);
            }
            let before = self.episode[..i].last().map_or(self.from.previous(), |e| e.from);
            if episode.from <= before {
                let mend = say(
                    format!("các tập xếp theo ngày, mỗi ngày một tập: phải sau {before}"),
                    format!("episodes stand in order of their days, one a day: must be later than {before}"),
                );
                flaw(format!("{path}.from"), episode.from.to_string(), mend);
            }
            let booked = self.product.as_ref().map(|p| (p.length_s, p.min_display));
            let own = (episode.product.length_s, episode.product.min_display);
            if self.quota.is_some() && booked.is_some_and(|booked| booked != own) {
                let mend = say(
                    "văn bản có chỉ tiêu: mọi tập có cùng thời lượng và min_display với [product]",
                    "the order has a number: every episode has the length and min_display of [product]",
                );
                flaw(format!("{path}.product.length_s"), episode.product.length_s.to_string(), mend);
            }
            let mut own = Vec::new();
            episode.product.flaws(&format!("{path}.product"), &mut own);
            own.into_iter().for_each(|(path, value, mend)| flaw(path, value, mend));
        }
        for (i, asked) in self.opt_in.iter().enumerate() {
            let path = format!("opt_in[{i}]");
            if asked.number.trim().is_empty() {
                flaw(
                    format!("{path}.number"),
                    String::new(),
                    say("ghi số văn bản đăng ký", "give the letter's number"),
                );
            }
            if let Some(to) = asked.to.filter(|to| *to < asked.from) {
                flaw(format!("{path}.to"), to.to_string(), say("trước ngày đầu", "comes before the first day"));
            }
            if !self.target.iter().any(|t| t.opt_in) {
                let mend = say(
                    "không có [[target]] nào ghi opt_in = true: văn bản này không để đăng ký",
                    "no [[target]] says opt_in = true: this order is not one to ask for",
                );
                flaw(format!("{path}.unit"), asked.unit.to_string(), mend);
            }
        }
    }

    /// What a new text of an order in force may not do to its episodes and to who has asked for it: days that are over stay.
    pub(super) fn series_edits(&self, before: &Self, today: LocalDay, flaws: &mut Vec<Flaw>) {
        let begun = before.episode.iter().filter(|e| e.from <= today).count();
        let files = |e: &Episode| (e.number.clone(), e.from, e.product.length_s);
        let kept =
            self.episode.iter().zip(&before.episode[..begun]).filter(|(now, was)| files(now) == files(was)).count();
        if kept < begun {
            let mend = say(
                "tập đã phát thì không sửa, không bỏ; thêm tập mới ở cuối",
                "an episode that has played is neither edited nor dropped; add a new one at the end",
            );
            flaws.push((format!("episode[{kept}]"), before.episode[kept].number.clone(), mend));
        }
        let late = |path: String, day: LocalDay| {
            let mend = say(
                format!("không sửa quá khứ: phải từ hôm nay {today} trở đi"),
                format!("the past is not rewritten: write today, {today}, or later"),
            );
            (path, day.to_string(), mend)
        };
        let added = self.episode.iter().enumerate().skip(kept).filter(|(_, e)| e.from < today);
        flaws.extend(added.map(|(i, e)| late(format!("episode[{i}].from"), e.from)));
        for (i, was) in before.opt_in.iter().enumerate() {
            let now = self.opt_in.get(i).filter(|now| OptIn { to: was.to, ..(*now).clone() } == *was);
            match now {
                Some(now) if now.to == was.to => {}
                Some(now) => flaws
                    .extend(now.to.filter(|to| *to < today.previous()).map(|to| late(format!("opt_in[{i}].to"), to))),
                None => {
                    let mend = say(
                        "đăng ký đã có thì giữ; muốn thôi thì ghi to",
                        "who has asked stays in the list; to end it write its last day, to",
                    );
                    flaws.push((format!("opt_in[{i}].unit"), was.unit.to_string(), mend));
                }
            }
        }
        let added = self.opt_in.iter().enumerate().skip(before.opt_in.len()).filter(|(_, o)| o.from < today);
        flaws.extend(added.map(|(i, o)| late(format!("opt_in[{i}].from"), o.from)));
    }
}

//! A series: an order whose newest episode takes the place of the one before by itself, on every screen of who has asked for it.

use super::check::end_moved;
use super::directive::Directive;
use super::product::{Product, Variant};
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

    /// What is in effect at a screen on a day, with the variant it plays: the newest that it can play, so an earlier one stands in
    /// where a newer has no variant that fits. Files and approvals are the planner's: `World::in_effect`.
    pub fn product_for(&self, screen: &Screen, day: LocalDay) -> Option<(&Product, &Variant)> {
        self.products_on(day).find_map(|product| Some((product, product.variant_for(screen)?)))
    }

    /// All that it plays at any time, each with its first day; none: the order's own.
    pub fn products(&self) -> impl Iterator<Item = (Option<LocalDay>, &Product)> {
        self.product.iter().map(|p| (None, p)).chain(self.episode.iter().map(|e| (Some(e.from), &e.product)))
    }

    /// The same, to have their files written in.
    pub fn products_mut(&mut self) -> impl Iterator<Item = &mut Product> {
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
                Some(now) => flaws.extend(end_moved(was.to, now.to, today).map(|mend| {
                    let to = now.to.map(|to| to.to_string()).unwrap_or_default();
                    (format!("opt_in[{i}].to"), to, mend)
                })),
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

#[cfg(test)]
mod tests {
    use super::super::tests::{day, directory, read, screen};
    use super::super::{CampaignBatch, CampaignChange, Campaigns};
    use super::*;
    use crate::lang::Lang;

    /// From the 16th, by number or by weight; its second episode, from the 18th, is for airports alone.
    fn series(number: bool, more: &str) -> String {
        let asks = match number {
            true => "min_gap_s = 300\nquota = { plays = 4, per = 'day', rule = 'average', within = 'duty' }",
            false => "weight = 2",
        };
        let product = |key: &str, title: &str, venue: &str| {
            format!(
                "[{key}]\ntitle = '{title}'\nlength_s = 15\n[[{key}.variant]]\nlang = 'vi'\nform = 'silent'\n\
                 file = 'a.png'\nvenue_types = [{venue}]\n"
            )
        };
        format!(
            "code = 'talk'\ntitle = 'Tọa đàm'\nkind = 'play'\nissuer = 'HN'\nfrom = 2026-11-16\nto = 2026-12-31\n\
             source = 'made up'\n{asks}\n{}[[target]]\nunit = 'HN'\nlink = 'territory'\nforce = 'encouraged'\n\
             opt_in = true\nreason = 'x'\n[[episode]]\nnumber = '2'\nfrom = 2026-11-18\n{}\
             [[opt_in]]\nunit = 'HN'\nlink = 'territory'\nfrom = 2026-11-16\nnumber = '7'\n{more}",
            product("product", "Tập 1", ""),
            product("episode.product", "Tập 2", "'airport'")
        )
    }

    fn holding(order: Directive) -> Campaigns {
        let mut campaigns = Campaigns::default();
        campaigns.apply(CampaignBatch { changes: vec![CampaignChange::Directive(Box::new(order))] });
        campaigns
    }

    #[test]
    fn an_ended_opt_in_stays_ended() {
        let (directory, nothing) = (directory(), Campaigns::default());
        let before = read(&directory, &nothing, &series(false, "to = 2026-11-20\n"), "2026-11-16");
        let campaigns = holding(before.unwrap_or_else(|p| panic!("{p}")));
        let on = |today: &str, to: &str| {
            read(&directory, &campaigns, &series(false, to), today).map(drop).map_err(|p| p.text(Lang::En))
        };
        assert!(on("2026-11-20", "to = 2026-11-30\n").is_ok(), "on its last day it may still go on");
        assert!(on("2026-11-21", "to = 2026-11-20\n").is_ok(), "brought again");
        for other in ["to = 2026-11-30\n", "", "to = 2026-11-19\n"] {
            let said = on("2026-11-21", other).unwrap_err();
            assert!(said.contains("opt_in[0].to") && said.contains("it ended on 2026-11-20 and that stays"), "{said}");
        }
        let said = on("2026-11-19", "to = 2026-11-18\n").unwrap_err();
        assert!(said.contains("opt_in[0].to") && said.contains("the past is not rewritten"), "{said}");
    }

    #[test]
    fn an_earlier_episode_stands_in_on_screens_that_the_newest_does_not_fit() {
        let (directory, nothing) = (directory(), Campaigns::default());
        for number in [true, false] {
            let order = read(&directory, &nothing, &series(number, ""), "2026-11-16").unwrap_or_else(|p| panic!("{p}"));
            let campaigns = holding(order);
            let (led, on) = (screen(&directory, "led-kim-ma"), day("2026-11-18"));
            let (order, _, variant) =
                campaigns.orders_on(&directory, led, on).next().expect("bound, and it still owes");
            assert_eq!(variant, &order.product.as_ref().unwrap().variant[0]);
            let shared = campaigns.loop_on(&directory, led, on);
            let shared: Vec<&str> = shared.iter().map(|(_, entry)| entry.product.title.as_str()).collect();
            assert_eq!(shared, if number { vec![] } else { vec!["Tập 1"] });
            let effect =
                |code: &str| order.product_for(screen(&directory, code), on).map(|(product, _)| product.title.as_str());
            assert_eq!((effect("led-kim-ma"), effect("noi-bai")), (Some("Tập 1"), Some("Tập 2")));
            assert_eq!(effect("loa-ba-dinh"), None);
        }
    }

    #[test]
    fn kinds_of_place_that_episodes_name_have_to_be_there() {
        let text = series(false, "").replace("['airport']", "['airprot']");
        let said = read(&directory(), &Campaigns::default(), &text, "2026-11-16").unwrap_err().text(Lang::En);
        assert!(said.contains("episode[0].product.variant[0].venue_types = \"airprot\""), "{said}");
    }
}

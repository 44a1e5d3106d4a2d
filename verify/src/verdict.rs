//! What the verifier found: for programs as JSON, for people in words.

use crate::findings::words;
use crate::vietnamese::digits;
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::proof::sample::Seen;
use lichphat_playlists::time::LocalDay;
use serde::Serialize;
use std::collections::BTreeMap;

/// One kind of check; each row of the page is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The files are those the bundle lists.
    Bundle,
    /// A signed checkpoint covers every entry.
    Log,
    /// Enough witnesses have cosigned it.
    Witness,
    /// It continues the checkpoint the auditor had kept.
    Since,
    /// Every player is in the logged directory.
    Device,
    /// A person let every player in, and the log says who.
    Enrolment,
    /// Every segment bears its player's signature.
    Signature,
    /// No record is missing, doubled or told in two ways.
    Chain,
    /// Nothing is missing at the end, by the players' own word.
    Tail,
    /// No record claims a time it cannot have.
    Time,
    /// The playlists that records name are shown, signed and whole.
    Plan,
    /// The report's figures follow from the records.
    Figures,
    /// What was shown had been approved.
    Approval,
}

impl Check {
    /// Every check, in the order in which they are made.
    pub const ALL: [Self; 13] = [
        Self::Bundle,
        Self::Log,
        Self::Witness,
        Self::Since,
        Self::Device,
        Self::Enrolment,
        Self::Signature,
        Self::Chain,
        Self::Tail,
        Self::Time,
        Self::Plan,
        Self::Figures,
        Self::Approval,
    ];
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Looked at, and it holds.
    Holds,
    /// Looked at, and it holds for what is left: a part of what there was is lost.
    Lost,
    /// Looked at, and it does not hold at single screens.
    FailsInPart,
    /// Looked at, and it does not hold.
    Fails,
    /// Could not be looked at: nobody gave what it needs.
    NotChecked,
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// Something that does not hold, or that a reader has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check that found it.
    pub check: Check,
    /// The screen at which alone it does not hold: its player can have brought it about. None when it is of the whole.
    pub screen: Option<ScreenCode>,
    /// Where: `P00004-01, device 3, record 65`.
    pub place: String,
    /// What.
    pub what: Words,
}

/// One screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScreenVerdict {
    /// The screen.
    pub screen: ScreenCode,
    /// Its name, as the scheduler states it.
    pub name: String,
    /// Nothing of it is at fault: where the whole stands, its figures do.
    pub holds: bool,
    /// Players whose records were looked at.
    pub devices: u32,
    /// Segments whose signature and place were checked.
    pub segments: u64,
    /// Records in them.
    pub records: u64,
    /// Records of the campaign in the period that count toward the quota.
    pub counted: u64,
    /// That count outside its windows.
    pub counted_outside: u64,
    /// That do not count.
    pub not_counted: u64,
    /// Of which there is no telling.
    pub unknown: u64,
    /// Why, by stable code.
    pub reasons: BTreeMap<String, u64>,
    /// The newest moment of which a player's own signature speaks, by its clock, seconds since 1970; none when it said nothing.
    pub heard_s: Option<u64>,
    /// The players' own words reach the last play that was planned: nothing is missing at the end.
    pub complete: bool,
    /// The earliest moment after which the first segment was sealed, seconds since 1970; none without a witnessed anchor.
    pub not_before_s: Option<u64>,
    /// The moment before which the last segment was in the log, seconds since 1970; none without witnesses.
    pub not_after_s: Option<u64>,
    /// Longest time from a segment's last play until witnesses had seen it, seconds; none without witnesses.
    pub slowest_s: Option<u64>,
    /// Findings at this screen.
    pub faults: u32,
}

/// What people found who went to look at plays of the report that were drawn: their word, as the log holds it. It changes
/// no figure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Inspections {
    /// Plays that were as expected.
    pub as_expected: u64,
    /// Plays that were not.
    pub bad: Vec<Inspection>,
    /// Plays at which nobody could look.
    pub could_not_look: u64,
    /// Of those looked at: with a code that the player showed when asked.
    pub with_code: u64,
}

impl Inspections {
    /// Plays that somebody looked at.
    pub fn looked(&self) -> u64 {
        self.as_expected + self.bad.len() as u64
    }
}

/// A play that was not as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The screen.
    pub screen: ScreenCode,
    /// When the play starts, seconds since 1970.
    pub start_s: u64,
    /// What was seen.
    pub seen: Seen,
    /// Who looked.
    pub by: String,
    /// What he has to say.
    pub note: String,
}

impl Inspection {
    /// What was seen, in words.
    pub fn words(&self) -> Words {
        let (vi, en) = match self.seen {
            Seen::Dark => ("màn hình tối", "the screen was dark"),
            Seen::OtherPicture => ("hình khác", "another picture"),
            Seen::AsExpected => ("đúng hình", "as expected"),
            Seen::CouldNotLook => ("không xem được", "nobody could look"),
        };
        Words { vi: vi.to_owned(), en: en.to_owned() }
    }
}

/// A figure that does not follow from the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which: `lines P00004-01 counted`.
    pub figure: String,
    /// In the report.
    pub reported: String,
    /// By the records.
    pub recomputed: String,
}

/// A log over whose entries this one was begun anew, and which had more of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Its name.
    pub origin: String,
    /// Entries that this log goes on from.
    pub kept: u64,
    /// Entries that it had at least.
    pub had: u64,
    /// Screens whose players had seen more than was kept.
    pub screens: u64,
}

/// How far a bundle holds. That a part of a log before this one is lost ([`Verdict::lost`]) takes nothing from what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Everything that was looked at holds.
    Whole,
    /// All but single screens, whose players can have brought that about: figures of the others stand.
    InPart,
    /// Nothing of it is to be used.
    Not,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Everything that was looked at holds: [`Standing::Whole`].
    pub ok: bool,
    /// How far it holds.
    pub standing: Standing,
    /// The campaign.
    pub campaign: CampaignCode,
    /// Its title, as the scheduler states it.
    pub title: String,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// Which log.
    pub origin: String,
    /// Leaves of the checkpoint everything was checked against.
    pub size: u64,
    /// Logs before it of which a part is lost; empty when nobody shows that anything is.
    pub lost: Vec<Lost>,
    /// Its root, hexadecimal.
    pub root: String,
    /// Did the reader bring a policy, or was the bundle's own word on the log's key taken?
    pub own_policy: bool,
    /// Witnesses of the newest checkpoint, with the seconds since 1970 at which they cosigned it.
    pub witnesses: BTreeMap<String, u64>,
    /// What came of each check.
    pub checks: BTreeMap<Check, Outcome>,
    /// By screen.
    pub screens: Vec<ScreenVerdict>,
    /// Records looked at.
    pub records: u64,
    /// Segments looked at.
    pub segments: u64,
    /// What people found who went to look.
    pub inspections: Inspections,
    /// Figures of the report that were recomputed.
    pub figures: u64,
    /// Those that differ.
    pub differences: Vec<Difference>,
    /// What does not hold; empty when all does.
    pub faults: Vec<Finding>,
    /// What a reader has to know beside it.
    pub remarks: Vec<Finding>,
    /// Some records are of simulated players.
    pub simulated: bool,
}

/// What is said of a file that could not be read as a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Always false: so that a program may ask the same of any answer.
    pub ok: bool,
    /// Why.
    pub unreadable: Words,
}

/// Screens that are named in one sentence.
pub(crate) const NAMED: usize = 5;

impl Verdict {
    /// The first line: whether it holds, how far, and on whose word that stands.
    pub fn headline(&self) -> Words {
        let (vi, en) = match self.standing {
            Standing::Not => return words!("KHÔNG HỢP LỆ"; "NOT VALID"),
            Standing::Whole => ("HỢP LỆ".to_owned(), "VALID".to_owned()),
            Standing::InPart => {
                let (all, held, named) = (self.screens.len(), self.held().count(), self.named());
                (
                    format!(
                        "{} trong {} màn hình HỢP LỆ; không hợp lệ: {named}",
                        digits(held as u64),
                        digits(all as u64)
                    ),
                    format!("VALID at {held} of {all} screens, not at {named}"),
                )
            }
        };
        let witnessed = self.checks.get(&Check::Witness) == Some(&Outcome::Holds);
        let by = match self.own_policy {
            true if witnessed => {
                let n = self.witnesses.len();
                let witnesses = if n == 1 { "witness" } else { "witnesses" };
                words!(", có {n} nhân chứng độc lập xác nhận"; ", cosigned by {n} independent {witnesses}")
            }
            true => {
                words!(" theo sổ bạn tin, chưa có nhân chứng độc lập"; " by a log you trust, no independent witness")
            }
            false => {
                words!(" theo sổ của chính đơn vị, chưa có nhân chứng độc lập"; " by the operator's own log, no independent witness")
            }
        };
        let lost = match self.lost.is_empty() {
            true => words!(""; ""),
            false => words!("; một phần sổ trước ĐÃ MẤT"; "; a part of the log before it is LOST"),
        };
        let (by, then) = match self.standing {
            Standing::InPart => (words!("Kiểm tra{}", by.vi; "Checked{}", by.en), ". "),
            _ => (by, ""),
        };
        words!("{vi}{then}{}{}", by.vi, lost.vi; "{en}{then}{}{}", by.en, lost.en)
    }

    /// Screens that hold; their figures stand unless nothing does.
    pub fn held(&self) -> impl Iterator<Item = &ScreenVerdict> {
        self.screens.iter().filter(|screen| screen.holds)
    }

    /// The first of the screens that do not hold, by code.
    fn named(&self) -> String {
        let not: Vec<&str> = self.screens.iter().filter(|s| !s.holds).map(|s| s.screen.as_str()).collect();
        let more = if not.len() > NAMED { ", …" } else { "" };
        format!("{}{more}", not[..not.len().min(NAMED)].join(", "))
    }

    /// With a mark in place of every character that could make words of the bundle look like words of the verifier.
    pub(crate) fn plain(mut self) -> Self {
        let words = |what: &mut Words| [&mut what.vi, &mut what.en].into_iter().for_each(plain);
        for finding in self.faults.iter_mut().chain(&mut self.remarks) {
            plain(&mut finding.place);
            words(&mut finding.what);
        }
        for d in &mut self.differences {
            [&mut d.figure, &mut d.reported, &mut d.recomputed].into_iter().for_each(plain);
        }
        self.screens.iter_mut().for_each(|screen| plain(&mut screen.name));
        self.lost.iter_mut().for_each(|lost| plain(&mut lost.origin));
        [&mut self.title, &mut self.origin].into_iter().for_each(plain);
        self
    }
}

/// Puts U+FFFD in place of what misleads.
pub(crate) fn plain(text: &mut String) {
    *text = text.replace(lichphat_playlists::text::misleads, "\u{fffd}");
}

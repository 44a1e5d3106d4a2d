//! A draw as a file: what was asked, the population, the seed, and each play that has to be looked at.
//!
//! The file is enough to draw again: it carries how many plays each screen has on each day, and the hash of that is part of what
//! the generator hashes. So a seed that was named before the population was fixed still draws nothing that anybody chose.

use super::{Aim, AimError, indices};
use crate::ids::{CampaignCode, DeviceId, Epoch, MediaHash, PlanHash, ScreenCode, Seq, Sha256Hash};
use crate::time::{LocalDay, UtcMillis, UtcOffset};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The form of this version.
pub const SCHEMA: &str = "lichphat-audit-draw/1";
/// Most days of a draw.
const DAYS: i64 = 400;
/// Most characters of a seed.
const SEED_CHARS: usize = 200;

/// What is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Plays that are planned: an inspector goes there.
    Planned,
    /// Plays that were counted: an auditor asks for what cameras saw.
    Counted,
}

impl Kind {
    /// Stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Counted => "counted",
        }
    }
}

/// Plays of one screen by day, from the draw's first day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreenCounts {
    /// The screen.
    pub screen: ScreenCode,
    /// Plays on each day.
    pub plays: Vec<u32>,
}

/// What is drawn from: plays in the order of screen code, day and start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// All plays.
    pub size: u64,
    /// SHA-256 of the text of [`Population::hash_of`].
    pub hash: Sha256Hash,
    /// By screen, in the order of their codes as bytes; screens without plays are left out.
    pub screens: Vec<ScreenCounts>,
}

impl Population {
    /// Sums up and hashes.
    pub fn new(campaign: &CampaignCode, kind: Kind, days: (LocalDay, LocalDay), screens: Vec<ScreenCounts>) -> Self {
        let size = screens.iter().flat_map(|s| &s.plays).map(|n| u64::from(*n)).sum();
        Self { size, hash: Self::hash_of(campaign, kind, days, &screens), screens }
    }

    /// SHA-256 of the line `lichphat audit population v1`, a line each for campaign, kind, first and last day, and a line
    /// for each screen: its code and the number of plays on each day, with a space between; every line ends with byte 10.
    pub fn hash_of(
        campaign: &CampaignCode,
        kind: Kind,
        (from, to): (LocalDay, LocalDay),
        screens: &[ScreenCounts],
    ) -> Sha256Hash {
        let mut hash = Sha256::new();
        hash.update(format!("lichphat audit population v1\n{campaign}\n{}\n{from}\n{to}\n", kind.word()));
        for ScreenCounts { screen, plays } in screens {
            hash.update(screen.as_str());
            plays.iter().for_each(|n| hash.update(format!(" {n}")));
            hash.update("\n");
        }
        Sha256Hash(hash.finalize().into())
    }

    /// Screen, days after the first one, and place among the plays of that day, from 0.
    pub fn at(&self, mut index: u64) -> Option<(&ScreenCode, u32, u32)> {
        for ScreenCounts { screen, plays } in &self.screens {
            for (day, n) in plays.iter().enumerate() {
                match index.checked_sub(u64::from(*n)) {
                    Some(rest) => index = rest,
                    None => return Some((screen, day as u32, index as u32)),
                }
            }
        }
        None
    }
}

/// The name of a record that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Who saw it.
    pub device: DeviceId,
    /// Its epoch then.
    pub epoch: Epoch,
    /// Its number.
    pub seq: Seq,
}

/// One play to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its turn in the drawing, from 1.
    pub n: u32,
    /// Its number in the population.
    pub index: u64,
    /// The screen.
    pub screen: ScreenCode,
    /// What people call the screen.
    pub name: String,
    /// Where it stands: its address, or else the units it belongs to.
    pub place: String,
    /// The day it belongs to.
    pub day: LocalDay,
    /// When it starts.
    pub start_ms: UtcMillis,
    /// How long it is, seconds.
    pub length_s: u32,
    /// Which version of the product.
    pub variant: String,
    /// What has to be seen.
    pub media: MediaHash,
    /// Name of that file for people.
    pub media_name: String,
    /// The file to compare with, below the data directory; none when the library holds it no more.
    pub media_file: Option<String>,
    /// The plan that asks for it.
    pub plan: PlanHash,
    /// Of a counted play: its record.
    pub record: Option<Record>,
}

/// A draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The campaign.
    pub campaign: CampaignCode,
    /// What is drawn from.
    pub kind: Kind,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// Offset of local time.
    pub offset_min: UtcOffset,
    /// What it is to show.
    pub aim: Aim,
    /// What the public gave, one line.
    pub seed: String,
    /// When it was drawn.
    pub drawn_ms: UtcMillis,
    /// Newest checkpoint of the log then, a signed note; none before there is one.
    pub checkpoint: Option<String>,
    /// Screens the order is aimed at on which no player of ours stands: nothing of theirs is drawn.
    pub left_out: u32,
    /// What was drawn from.
    pub population: Population,
    /// How many a population without end would need.
    pub of_any: u64,
    /// The plays, in the order of the population.
    pub items: Vec<Item>,
}

/// That a draw was made: what the log holds of it, so that nobody draws unseen until the sample suits him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// The draw's name, [`Draw::hash`]: of all of it, the list of plays too.
    pub draw: Sha256Hash,
    /// The campaign.
    pub campaign: CampaignCode,
    /// What was drawn from.
    pub of: Kind,
    /// First day.
    pub from: LocalDay,
    /// Last day, included.
    pub to: LocalDay,
    /// What it is to show.
    pub aim: Aim,
    /// What the public gave.
    pub seed: String,
    /// Hash of the population.
    pub population: Sha256Hash,
    /// The newest checkpoint then; none before there is one.
    pub checkpoint: Option<String>,
    /// When it was drawn.
    pub drawn_ms: UtcMillis,
}

impl Drawn {
    /// Could the one have been made because the other did not suit: the same campaign and kind, and days in common?
    pub fn rivals(&self, draw: &Draw) -> bool {
        (&self.campaign, self.of) == (&draw.campaign, draw.kind) && self.from <= draw.to && draw.from <= self.to
    }
}

/// Why a text is no draw, or what does not agree in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// Not the form of this version.
    #[error("is no draw of this version: {0}")]
    Form(String),
    /// The seed cannot be one.
    #[error("the seed has to be one line of 1 to {SEED_CHARS} characters")]
    Seed,
    /// The aim cannot be one.
    #[error(transparent)]
    Aim(#[from] AimError),
    /// The days cannot be.
    #[error("its days are out of order, or more than {DAYS}")]
    Days,
    /// The population's figures do not agree.
    #[error("{0}")]
    Differs(String),
}

/// Is it one line that can be written down?
pub(super) fn check_seed(seed: &str) -> Result<(), DrawError> {
    let fits = seed == seed.trim() && (1..=SEED_CHARS).contains(&seed.chars().count());
    if fits && !seed.chars().any(char::is_control) { Ok(()) } else { Err(DrawError::Seed) }
}

impl Draw {
    /// Reads a draw and draws it again.
    pub fn parse(json: &[u8]) -> Result<Self, DrawError> {
        let draw: Self = serde_json::from_slice(json).map_err(|e| DrawError::Form(e.to_string()))?;
        draw.check()?;
        Ok(draw)
    }

    /// The name of the draw: SHA-256 of its JSON without spaces.
    pub fn hash(&self) -> Sha256Hash {
        Sha256Hash::of(&serde_json::to_vec(self).expect("plain data always encodes"))
    }

    /// What the log holds of it.
    pub fn drawn(&self) -> Drawn {
        Drawn {
            draw: self.hash(),
            campaign: self.campaign.clone(),
            of: self.kind,
            from: self.from,
            to: self.to,
            aim: self.aim,
            seed: self.seed.clone(),
            population: self.population.hash,
            checkpoint: self.checkpoint.clone(),
            drawn_ms: self.drawn_ms,
        }
    }

    /// What does not depend on what is drawn: seed, aim, days.
    pub fn check_question(aim: &Aim, seed: &str, (from, to): (LocalDay, LocalDay)) -> Result<(), DrawError> {
        aim.check()?;
        check_seed(seed)?;
        if (0..DAYS).contains(&to.days_since(from)) { Ok(()) } else { Err(DrawError::Days) }
    }

    /// Is every figure what seed and population say?
    pub fn check(&self) -> Result<(), DrawError> {
        let differs = |what: &str| Err(DrawError::Differs(what.to_owned()));
        if self.schema != SCHEMA {
            return Err(DrawError::Form(format!("schema is {:?}, not {SCHEMA:?}", self.schema)));
        }
        let days = (self.from, self.to);
        Self::check_question(&self.aim, &self.seed, days)?;
        let p = &self.population;
        let length = days.1.days_since(days.0) as usize + 1;
        if p.screens.iter().any(|s| s.plays.len() != length) || !p.screens.is_sorted_by(|a, b| a.screen < b.screen) {
            return differs("population.screens: every screen once, in order, with a number for each day");
        }
        if Population::new(&self.campaign, self.kind, days, p.screens.clone()) != *p {
            return differs("population: size or hash are not those of its screens");
        }
        let size = self.aim.size(p.size);
        if self.of_any != size.of_any {
            return differs("of_any: is not what confidence and max_bad ask for");
        }
        let mut drawn: Vec<(u64, u32)> = indices(&self.seed, p.hash, p.size, size.drawn).into_iter().zip(1..).collect();
        drawn.sort_unstable();
        if !self.items.iter().map(|item| (item.index, item.n)).eq(drawn) {
            return differs("items: are not the plays that the seed draws from this population");
        }
        let stands = |item: &Item| {
            let at = p.at(item.index).map(|(screen, day, _)| (screen, self.from.plus(day)));
            at == Some((&item.screen, item.day)) && item.record.is_some() == (self.kind == Kind::Counted)
        };
        match self.items.iter().find(|item| !stands(item)) {
            Some(item) => differs(&format!("items: number {} names another screen or day than was drawn", item.n)),
            None => Ok(()),
        }
    }

    /// Is the sample a large part of a small population?
    pub fn is_of_few(&self) -> bool {
        self.items.len() as u64 != self.of_any
    }

    /// The item of that turn.
    pub fn item(&self, n: u32) -> Option<&Item> {
        self.items.iter().find(|item| item.n == n)
    }
}

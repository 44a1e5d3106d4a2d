//! What is put to people, and what they said.

use lichphat_playlists::ids::{PermitHash, Sha256Hash, UnitCode};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::permit::Permit;
use serde::{Deserialize, Serialize};

/// Whose word it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// Two people who may approve for the whole city.
    City,
    /// One who may approve for each of these units.
    Units(Vec<UnitCode>),
}

impl Needs {
    /// How many people it takes.
    pub fn people(&self) -> usize {
        match self {
            Self::City => 2,
            Self::Units(_) => 1,
        }
    }
}

/// What somebody wants to show: a permit that nobody has approved yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Whose word it takes.
    pub needs: Needs,
    /// What it is called, for people.
    pub title: String,
    /// Files, places and days; its number is 0 and nobody stands under it.
    pub permit: Permit,
}

impl Draft {
    /// Names what is to be decided: another file, place or day is another matter, another title is not.
    pub fn subject(&self) -> Sha256Hash {
        let json = serde_json::to_vec(&(&self.needs, &self.permit)).expect("plain data always encodes");
        Sha256Hash::of(&json)
    }
}

/// How a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It waits for people.
    Open,
    /// It was approved; its permit is in force.
    Approved,
    /// Somebody refused it.
    Refused,
    /// Nobody wants it any more: the order was changed, or something else was brought.
    Lapsed,
    /// It was approved and taken back.
    Withdrawn,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Approved, Self::Refused, Self::Lapsed, Self::Withdrawn];
    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Open => "đang chờ duyệt",
            Self::Approved => "đã được duyệt",
            Self::Refused => "đã bị từ chối",
            Self::Lapsed => "không còn ai đề nghị",
            Self::Withdrawn => "đã bị thu hồi",
        }
    }
    /// Stable word, `open`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What somebody said of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// An account, or `shell`.
    pub by: String,
    /// Yes or no.
    pub yes: bool,
    /// Number of the written decision he rests on, or why not.
    pub words: String,
    /// When.
    pub at_ms: UtcMillis,
}

/// Something that people decide on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Its number, from 1.
    pub number: u32,
    /// What.
    pub draft: Draft,
    /// Who brought it: an account, or `shell`.
    pub brought_by: String,
    /// Who looks after it since that account has ended.
    pub kept_by: Option<String>,
    /// When.
    pub brought_ms: UtcMillis,
    /// How it stands.
    pub state: State,
    /// What was said of it, in order.
    pub said: Vec<Said>,
    /// The permit that came of it.
    pub permit: Option<PermitHash>,
}

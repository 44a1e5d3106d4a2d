//! Groups of screens under a name: a filter that is asked anew each time, or a list that stays as it is.

use crate::directory::Directory;
use crate::people::{AccountCode, Act, Caller, Deed, On, Sight};
use lichphat_playlists::ids::{ScreenCode, UnitCode};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest name, letters.
pub const NAME_LETTERS: usize = 80;
/// Groups of one account.
pub const MOST_GROUPS: usize = 100;

/// What a group holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Whatever fits this filter: its words as in an address.
    Filter(BTreeMap<String, String>),
    /// These, whatever becomes of them.
    Screens(Vec<ScreenCode>),
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number; 0 before it is kept.
    pub id: u32,
    /// Goes up with each change: who changes it says which one he saw.
    pub revision: u32,
    /// What people call it.
    pub name: String,
    /// Whose it is.
    pub owner: AccountCode,
    /// Whoever sees this unit finds it, too; none: its owner alone.
    pub unit: Option<UnitCode>,
    /// What it holds.
    pub holds: Holds,
}

impl Group {
    /// Does he find it? What is in it he sees by his own roles all the same.
    pub fn is_found_by(&self, account: &AccountCode, sight: &Sight) -> bool {
        self.owner == *account || self.unit.as_ref().is_some_and(|unit| sight.unit(unit))
    }

    /// May he rename or remove it? Its owner, and who runs screens of its unit.
    pub fn may_change(&self, caller: &Caller, directory: &Directory, today: LocalDay) -> bool {
        let runs = |unit: &UnitCode| caller.may(Act::Operate, On::Unit(unit), directory, today).is_ok();
        self.owner == caller.account || self.unit.as_ref().is_some_and(runs)
    }

    /// As the log says that it was kept, or removed.
    pub fn deed(&self, act: &'static str, by: &AccountCode, at: UtcMillis) -> Deed {
        let whose = self.unit.as_ref().map_or_else(|| "own".to_owned(), |unit| format!("unit {unit}"));
        let holds = match &self.holds {
            Holds::Filter(words) => {
                words.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
            }
            Holds::Screens(screens) => format!("{} screens", screens.len()),
        };
        let on = format!("group {}", if self.id == 0 { "new".to_owned() } else { self.id.to_string() });
        Deed {
            at,
            by: by.clone(),
            act,
            on,
            detail: format!("{}, {whose}: {holds}", self.name).chars().take(500).collect(),
        }
    }
}

/// What became of a change to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept, under this number.
    Yes(u32),
    /// Somebody has changed or removed it since.
    Changed,
    /// Its owner has as many as he may.
    Full,
}

//! What is done to many screens, looked at before it is done: which of them it changes, which not and why. Pure.

use super::close::reopening;
use crate::directory::words::words;
use crate::directory::{Change, Closure, ClosureSubject, Directory, Link, LocalTime, Screen, ScreenKind};
use crate::fleet::{COMMAND_LIFE_MS, NewCommand};
use crate::people::{Act, Caller, Deed, On};
use lichphat_playlists::ids::{ScreenCode, Sha256Hash, UnitCode};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use lichphat_playlists::wire::command::Ask;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// For how long something can be taken back, ms.
pub const UNDO_MS: i64 = 60 * 60_000;
/// So many restarts at once are nobody's matter but the operator's; more of them in peak hours are asked about once more.
pub const QUIET_RESTARTS: usize = 20;
/// Longest reason, letters.
pub const REASON_LETTERS: usize = 200;

/// What [`Done::before`] says of a screen that was no unit's.
const NO_UNIT: &str = "-";

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Work {
    /// What do they show?
    Screenshot,
    /// Show large which screen it is.
    Identify,
    /// Stop in order and start again.
    Restart,
    /// Turn the sound down to so many per cent of what the place allows.
    Volume {
        /// 0 to 100.
        percent: u8,
    },
    /// Closed or under repair, from a time to another.
    Close {
        /// Beginning.
        from: LocalTime,
        /// End, excluded.
        to: LocalTime,
        /// Why.
        reason: String,
    },
    /// To another unit, from a day on.
    Move {
        /// Along which link.
        link: Link,
        /// To whom.
        unit: UnitCode,
        /// From this day on.
        from: LocalDay,
    },
}

words! {
    /// Why a screen is left out.
    Refusal {
        /// His roles do not reach it.
        NotYours = "not-yours",
        /// No player of ours is there that could be asked.
        NoPlayer = "no-player",
        /// As much as may waits for its player already.
        TooMany = "too-many",
        /// Another closure begins at the same time.
        Clash = "clash",
        /// It is so already.
        Same = "same",
        /// It is not there any more, or was changed by somebody since.
        Changed = "changed",
    }
}

impl Work {
    /// Its stable word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Screenshot => "screenshot",
            Self::Identify => "identify",
            Self::Restart => "restart",
            Self::Volume { .. } => "volume",
            Self::Close { .. } => "close",
            Self::Move { .. } => "move",
        }
    }
    /// What one has to be allowed to do.
    pub fn act(&self) -> Act {
        if matches!(self, Self::Move { .. }) { Act::Administer } else { Act::Operate }
    }
    /// Is something asked of players?
    pub fn asks(&self) -> bool {
        !matches!(self, Self::Close { .. } | Self::Move { .. })
    }
    /// Can it be taken back?
    pub fn can_be_undone(&self) -> bool {
        matches!(self, Self::Volume { .. } | Self::Close { .. } | Self::Move { .. })
    }

    /// What is asked of one screen's player.
    fn ask(&self, screen: &Screen) -> Option<Ask> {
        Some(match self {
            Self::Screenshot => Ask::Screenshot,
            Self::Identify => Ask::Identify { name: screen.name.clone() },
            Self::Restart => Ask::Restart,
            Self::Volume { percent } => Ask::Volume { percent: *percent },
            Self::Close { .. } | Self::Move { .. } => return None,
        })
    }

    /// What it changes of one screen.
    pub(super) fn change(&self, screen: &Screen, (author, now): (&str, UtcMillis)) -> Option<Change> {
        match self {
            Self::Close { from, to, reason } => Some(Change::Closure(Closure {
                subject: ClosureSubject::Screen(screen.code.clone()),
                from: *from,
                to: *to,
                reason: reason.clone(),
                author: author.to_owned(),
                entered_at: now,
            })),
            Self::Move { link, unit, from } => {
                let mut moved = screen.clone();
                moved.links.history_mut(*link).set(Some(*from), Some(unit.clone()));
                Some(Change::Screen(moved))
            }
            _ => None,
        }
    }
}

/// One screen of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The screen.
    pub screen: ScreenCode,
    /// Why it is left out.
    pub refused: Option<Refusal>,
}

/// Whom it is looked at for, and when.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// Who does it.
    pub caller: &'a Caller,
    /// Now.
    pub now: UtcMillis,
    /// Its local day.
    pub today: LocalDay,
}

/// What would be done, screen by screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What.
    pub work: Work,
    /// To whom, in order of the codes, each once.
    pub lines: Vec<Line>,
}

impl Preview {
    /// Looks at what `work` would do; `has_player`: is there a player that could be asked?
    pub fn of(
        work: Work,
        screens: &[ScreenCode],
        directory: &Directory,
        who: Who<'_>,
        has_player: impl Fn(&ScreenCode) -> bool,
    ) -> Self {
        let mut codes: Vec<&ScreenCode> = screens.iter().collect();
        codes.sort_unstable();
        codes.dedup();
        let look = |code: &ScreenCode| {
            let Some(screen) = directory.screen(code) else { return Some(Refusal::Changed) };
            if who.caller.may(work.act(), On::Screen(code), directory, who.today).is_err() {
                return Some(Refusal::NotYours);
            }
            match &work {
                Work::Close { from, to, reason } => {
                    match directory.closure_at(&ClosureSubject::Screen(code.clone()), *from) {
                        Some(held) if held.to == *to && held.reason == *reason => Some(Refusal::Same),
                        Some(_) => Some(Refusal::Clash),
                        None => None,
                    }
                }
                Work::Move { link, unit, from } => (screen.unit(*link, *from) == Some(unit)).then_some(Refusal::Same),
                _ => (screen.kind != ScreenKind::Managed || !has_player(code)).then_some(Refusal::NoPlayer),
            }
        };
        let lines = codes.into_iter().map(|code| Line { screen: code.clone(), refused: look(code) }).collect();
        Self { work, lines }
    }

    /// The screens that it changes.
    pub fn taken(&self) -> impl Iterator<Item = &ScreenCode> {
        self.lines.iter().filter(|line| line.refused.is_none()).map(|line| &line.screen)
    }

    /// How many are left out, by why.
    pub fn refused(&self) -> BTreeMap<Refusal, usize> {
        let mut all = BTreeMap::new();
        for why in self.lines.iter().filter_map(|line| line.refused) {
            *all.entry(why).or_default() += 1;
        }
        all
    }

    /// The name of exactly this: what, and each screen with what becomes of it.
    pub fn hash(&self) -> Sha256Hash {
        let said = serde_json::to_vec(&(&self.work, &self.lines)).unwrap_or_default();
        Sha256Hash::of(&said)
    }

    /// How many of the screens are in their peak hours now.
    pub fn in_peak(&self, directory: &Directory, (today, second): (LocalDay, u32)) -> usize {
        let peak = |screen: &Screen| directory.peak_windows(screen, today).contains(second);
        self.taken().filter_map(|code| directory.screen(code)).filter(|screen| peak(screen)).count()
    }

    /// All that is written when it is done: in one transaction, or none of it.
    pub fn job(&self, directory: &Directory, who: Who<'_>) -> Job {
        let (by, at) = (who.caller.account.clone(), who.now);
        let taken = || self.taken().filter_map(|code| directory.screen(code));
        let command = |screen: &Screen| {
            Some(NewCommand {
                screen: screen.code.clone(),
                ask: self.work.ask(screen)?,
                account: by.clone(),
                by: by.to_string(),
                at,
                expires: at.plus_ms(COMMAND_LIFE_MS),
            })
        };
        let before = match &self.work {
            Work::Move { link, from, .. } => taken()
                .map(|s| (s.code.clone(), s.unit(*link, *from).map_or_else(|| NO_UNIT.to_owned(), ToString::to_string)))
                .collect(),
            _ => BTreeMap::new(),
        };
        Job {
            revision: directory.revision,
            changes: taken().filter_map(|s| self.work.change(s, (by.as_str(), at))).collect(),
            commands: taken().filter_map(command).collect(),
            deed: Deed {
                at,
                by,
                act: "many",
                on: format!("{} screens", self.taken().count()),
                detail: format!("{}, list {}", self.work.word(), self.hash()),
            },
            list: self.hash(),
            work: self.work.clone(),
            lines: self.lines.clone(),
            before,
            undoes: None,
        }
    }
}

/// Something to be done to many screens in one transaction.
#[derive(Debug, Clone)]
pub struct Job {
    /// The directory's revision that it was looked at with.
    pub revision: u64,
    /// What changes in the directory.
    pub changes: Vec<Change>,
    /// What is asked of players.
    pub commands: Vec<NewCommand>,
    /// What the log says of it: one entry, however many screens.
    pub deed: Deed,
    /// The hash of the list as it was confirmed.
    pub list: Sha256Hash,
    /// What.
    pub work: Work,
    /// To whom, and who was left out.
    pub lines: Vec<Line>,
    /// How it was before, where that is needed to take it back: a unit, a volume.
    pub before: BTreeMap<ScreenCode, String>,
    /// The number of what this takes back.
    pub undoes: Option<u32>,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Its number.
    pub id: u32,
    /// The hash of the list as it was confirmed.
    pub list: Sha256Hash,
    /// What.
    pub work: Work,
    /// To whom, and who was left out.
    pub lines: Vec<Line>,
    /// How it was before.
    pub before: BTreeMap<ScreenCode, String>,
    /// Whose account.
    pub by: String,
    /// When.
    pub at: UtcMillis,
    /// The number of what it takes back.
    pub undoes: Option<u32>,
    /// The number of what took it back.
    pub undone: Option<u32>,
}

impl Done {
    /// Can it still be taken back?
    pub fn can_be_undone(&self, now: UtcMillis) -> bool {
        let in_time = match &self.work {
            Work::Close { to, .. } => now < to.instant(), // as one screen's own
            _ => now.since_ms(self.at) <= UNDO_MS,
        };
        self.work.can_be_undone() && self.undoes.is_none() && self.undone.is_none() && in_time
    }

    /// What takes it back. Whatever somebody has changed since stays as he left it, and is named.
    pub fn undo(&self, directory: &Directory, who: Who<'_>) -> Job {
        let (by, at) = (who.caller.account.clone(), who.now);
        let (mut changes, mut commands, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for line in self.lines.iter().filter(|line| line.refused.is_none()) {
            let code = &line.screen;
            let may = who.caller.may(self.work.act(), On::Screen(code), directory, who.today).is_ok();
            let refused = match (may, directory.screen(code)) {
                (false, _) => Some(Refusal::NotYours),
                (true, None) => Some(Refusal::Changed),
                (true, Some(screen)) => self.undo_one(screen, directory, (&by, at), &mut changes, &mut commands),
            };
            lines.push(Line { screen: code.clone(), refused });
        }
        let taken = lines.iter().filter(|line| line.refused.is_none()).count();
        let list = Sha256Hash::of(&serde_json::to_vec(&(self.id, &lines)).unwrap_or_default());
        Job {
            revision: directory.revision,
            changes,
            commands,
            deed: Deed {
                at,
                by,
                act: "many-undo",
                on: format!("{taken} screens"),
                detail: format!("{}, list {}", self.work.word(), self.list),
            },
            list,
            work: self.work.clone(),
            lines,
            before: BTreeMap::new(),
            undoes: Some(self.id),
        }
    }

    fn undo_one(
        &self,
        screen: &Screen,
        directory: &Directory,
        (by, at): (&crate::people::AccountCode, UtcMillis),
        changes: &mut Vec<Change>,
        commands: &mut Vec<NewCommand>,
    ) -> Option<Refusal> {
        match &self.work {
            Work::Close { from, to, reason } => {
                let held = directory.closure_at(&ClosureSubject::Screen(screen.code.clone()), *from);
                let ours = held.filter(|c| c.to == *to && c.reason == *reason && c.author == self.by);
                // what has been closed was closed: one that has begun ends now
                let Some(back) = ours.and_then(|closure| reopening(closure, at)) else {
                    return Some(Refusal::Changed);
                };
                changes.push(back);
            }
            Work::Move { link, unit, from } => {
                if screen.unit(*link, *from) != Some(unit) {
                    return Some(Refusal::Changed);
                }
                let before = self.before.get(&screen.code).filter(|code| *code != NO_UNIT);
                let before = before.and_then(|code| UnitCode::new(code).ok());
                if before.as_ref().is_some_and(|unit| directory.unit(unit).is_none()) {
                    return Some(Refusal::Changed);
                }
                let mut back = screen.clone();
                back.links.history_mut(*link).set(Some(*from), before);
                changes.push(Change::Screen(back));
            }
            Work::Volume { .. } => {
                let percent = self.before.get(&screen.code).and_then(|text| text.parse().ok()).unwrap_or(100);
                commands.push(NewCommand {
                    screen: screen.code.clone(),
                    ask: Ask::Volume { percent },
                    account: by.clone(),
                    by: by.to_string(),
                    at,
                    expires: at.plus_ms(COMMAND_LIFE_MS),
                });
            }
            _ => return Some(Refusal::Changed),
        }
        None
    }
}

//! Closing: a report is provisional until a named person closes it. What he closed is kept as it was printed; what comes later makes a
//! numbered supplement, which says what is another.

use super::columns::LINE;
use super::model::{Change, Checkpoint, Closed, Data, Explanation, LONGEST_EXPLANATION, Order, Selection, Supplement};
use super::{Facts, Made, ReportError, Reporting};
use crate::directory::Directory;
use crate::people::{AccountCode, Act, Caller, Deed, Denied, On};
use crate::proof::log::Log;
use lichphat_playlists::figures::{QuotaUnit, ScreenLine};
use lichphat_playlists::ids::{CampaignCode, ScreenCode, Sha256Hash, UnitCode};
use lichphat_playlists::time::{LocalDay, UtcMillis};
use std::collections::{BTreeMap, BTreeSet};

/// How often a round of the log is tried.
const ROUNDS: u32 = 3;

/// Why nothing is closed, or explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The period has not ended.
    #[error("the period has not ended: wait until the day after its last one")]
    Running,
    /// Nothing is another since it was closed.
    #[error("nothing is another since it was closed: there is nothing to supplement")]
    Unchanged,
    /// Somebody else was first.
    #[error("somebody else has closed it meanwhile: look at what he closed")]
    Raced,
    /// The log has no checkpoint over all that the figures are made of.
    #[error(
        "the log could not publish a checkpoint over these figures: look at the log on the first page, then try again"
    )]
    NoCheckpoint,
    /// They are not the figures that he has seen.
    #[error("the report has changed since you looked: look again, then close")]
    Moved,
    /// The explanation is empty, or too long.
    #[error("an explanation has 1 to 4,000 characters")]
    Words,
    /// Of which unit it is stands nowhere.
    #[error("choose the unit whose figures are explained")]
    NoUnit,
}

impl Refused {
    /// A stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unchanged => "unchanged",
            Self::Raced => "raced",
            Self::NoCheckpoint => "no-checkpoint",
            Self::Moved => "moved",
            Self::Words => "words",
            Self::NoUnit => "no-unit",
        }
    }
}

/// A report that was closed, or its supplement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// By which it is found.
    pub id: u32,
    /// 0: the report; from 1 on its supplements.
    pub number: u32,
    /// SHA-256 of its data.
    pub hash: Sha256Hash,
    /// Under whose account.
    pub by: AccountCode,
    /// When.
    pub at: UtcMillis,
}

/// A report that is closed.
#[derive(Debug, Clone)]
pub struct NewClosing {
    /// What was asked for.
    pub selection: Selection,
    /// 0: the report; from 1 on its supplements. No two have the same.
    pub number: u32,
    /// SHA-256 of its data.
    pub hash: Sha256Hash,
    /// Its data.
    pub data: Vec<u8>,
    /// As the log says it.
    pub deed: Deed,
}

/// May he close the reports of that unit; of the city, who makes its orders?
///
/// # Errors
/// Why not.
pub fn may_close(
    caller: &Caller,
    unit: Option<&UnitCode>,
    directory: &Directory,
    today: LocalDay,
) -> Result<(), Denied> {
    match unit {
        None => caller.may(Act::Direct, On::City, directory, today),
        Some(unit) => caller.may(Act::Close, On::Unit(unit), directory, today),
    }
}

/// May he explain that unit's figures: who brings its content?
///
/// # Errors
/// Why not.
pub fn may_explain(caller: &Caller, unit: &UnitCode, directory: &Directory, today: LocalDay) -> Result<(), Denied> {
    caller.may(Act::Compose, On::Unit(unit), directory, today)
}

/// What a deed is about, in words of the log.
fn about(selection: &Selection) -> String {
    let unit = selection.unit.as_ref().map_or("city", UnitCode::as_str);
    format!("report {unit} {}..{}", selection.span.from, selection.span.to)
}

impl Reporting {
    /// Closes the report of a selection as it stands now or, when it was closed before, a supplement to it. `seen` is the hash of what its
    /// closer has looked at: nobody puts his name to figures that have moved since.
    ///
    /// # Errors
    /// That he may not, that there is nothing to close, or a store that failed.
    pub async fn close(
        &self,
        caller: &Caller,
        facts: Facts<'_>,
        selection: &Selection,
        seen: Option<Sha256Hash>,
        log: &Log,
    ) -> Result<Closing, ReportError> {
        let at = self.clock.now();
        let today = at.day(self.offset);
        may_close(caller, selection.unit.as_ref(), facts.directory, today)?;
        if selection.span.to >= today {
            return Err(Refused::Running.into());
        }
        let mut data = self.data(facts, selection).await?;
        if let Some(seen) = seen {
            // the bytes differ with every record of the city: what counts is whether a figure of this report does
            let seen = self.kept(selection, seen).await?.ok_or(Refused::Moved)?;
            if !changes(&seen.data, &data).is_empty() || !seen.data.stands_beside(&data) {
                return Err(Refused::Moved.into());
            }
        }
        let last = self.store.closings(selection).await?.pop();
        let number = last.as_ref().map_or(0, |last| last.number + 1);
        if let Some(last) = last {
            let before = self.closed(last.id).await?.ok_or(Refused::Raced)?.data;
            let changes = changes(&before, &data);
            if changes.is_empty() && before.explanations == data.explanations && before.stands_beside(&data) {
                return Err(Refused::Unchanged.into());
            }
            data.supplement = Some(Supplement { number, of: last.hash, changes });
        }
        data.log.checkpoint = Some(self.checkpoint_over(data.log.entries, log).await?);
        let by = caller.account.clone();
        data.closed = Some(Closed { by: by.clone(), at });
        let Made { data, hash } = Made::of(data)?;
        let bytes = data.bytes().map_err(|e| ReportError::Form { form: super::Form::Json, problem: e.to_string() })?;
        let detail = format!("number {number}, sha256 {hash}, of the first {} entries", data.log.entries);
        let deed = Deed { at, by: by.clone(), act: "close-report", on: about(selection), detail };
        let new = NewClosing { selection: selection.clone(), number, hash, data: bytes, deed };
        let id = self.store.close(new).await?.ok_or(Refused::Raced)?;
        Ok(Closing { id, number, hash, by, at })
    }

    /// The log's newest checkpoint, once it covers so many entries.
    async fn checkpoint_over(&self, entries: u64, log: &Log) -> Result<Checkpoint, ReportError> {
        for _ in 0..ROUNDS {
            if let Some(head) = log.head().await.ok().flatten().filter(|head| head.size >= entries) {
                return Ok(Checkpoint { origin: self.origin.clone(), size: head.size, root: head.root });
            }
            if let Err(error) = log.round().await {
                tracing::warn!(%error, "no checkpoint over a report that is closed");
            }
        }
        let head = log.head().await.ok().flatten().filter(|head| head.size >= entries);
        let head = head.ok_or(Refused::NoCheckpoint)?;
        Ok(Checkpoint { origin: self.origin.clone(), size: head.size, root: head.root })
    }

    /// What was closed of a selection: the report, then its supplements.
    ///
    /// # Errors
    /// A store that failed.
    pub async fn closings(&self, selection: &Selection) -> Result<Vec<Closing>, ReportError> {
        Ok(self.store.closings(selection).await?)
    }

    /// A closed report, as it was.
    ///
    /// # Errors
    /// A store that failed, or bytes that are not those that were closed.
    pub async fn closed(&self, id: u32) -> Result<Option<Made>, ReportError> {
        let Some(bytes) = self.store.closed(id).await? else { return Ok(None) };
        Made::read(&bytes).map(Some)
    }

    /// Attaches what a unit says of its figures; none of them changes by it.
    ///
    /// # Errors
    /// That he may not, that the words are none, or a store that failed.
    pub async fn explain(
        &self,
        caller: &Caller,
        directory: &Directory,
        selection: &Selection,
        text: &str,
    ) -> Result<(), ReportError> {
        let at = self.clock.now();
        let unit = selection.unit.clone().ok_or(Refused::NoUnit)?;
        may_explain(caller, &unit, directory, at.day(self.offset))?;
        let text = text.replace("\r\n", "\n");
        let text = text.trim();
        let plain = |c: char| c == '\n' || !c.is_control();
        if text.is_empty() || text.chars().count() > LONGEST_EXPLANATION || !text.chars().all(plain) {
            return Err(Refused::Words.into());
        }
        let (by, days) = (caller.account.clone(), (selection.span.from, selection.span.to));
        let detail = format!("sha256 {}", Sha256Hash::of(text.as_bytes()));
        let deed = Deed { at, by: by.clone(), act: "explain-report", on: about(selection), detail };
        let text = text.to_owned();
        let said = Explanation { unit, campaign: selection.campaign.clone(), days, text, by, at };
        Ok(self.store.explain(said, deed).await?)
    }

    /// What units say of the days of a selection: those that lie under the unit that is asked for, of its order or of all.
    pub(super) async fn explanations(
        &self,
        directory: &Directory,
        selection: &Selection,
    ) -> Result<Vec<Explanation>, ReportError> {
        let mut all = self.store.explanations((selection.span.from, selection.span.to)).await?;
        all.retain(|said| {
            let under = selection.unit.as_ref().is_none_or(|top| directory.lies_under(&said.unit, top));
            under && (said.campaign.is_none() || selection.campaign.is_none() || said.campaign == selection.campaign)
        });
        Ok(all)
    }
}

/// A figure of something: its word, and it.
type Figure<L> = (&'static str, fn(&L) -> u32);

/// Figures of a unit's own number.
const OF_UNIT: [Figure<QuotaUnit>; 3] =
    [("owed", |unit| unit.owed), ("counted", |unit| unit.counted), ("short-plays", |unit| unit.short)];

/// What differs: whose figure, which, before and after. What is there no more has noughts.
fn differing<C: Ord + Copy, L>(
    before: &BTreeMap<C, &L>,
    after: &BTreeMap<C, &L>,
    figures: &[Figure<L>],
) -> Vec<(C, &'static str, i64, i64)> {
    let mut differing = Vec::new();
    for code in before.keys().chain(after.keys()).copied().collect::<BTreeSet<C>>() {
        for (word, figure) in figures {
            let of = |line: Option<&&L>| line.map_or(0, |line| i64::from(figure(line)));
            let (was, is) = (of(before.get(&code)), of(after.get(&code)));
            if was != is {
                differing.push((code, *word, was, is));
            }
        }
    }
    differing
}

/// Figures that are another, in the order of orders, screens and columns.
pub(super) fn changes(before: &Data, after: &Data) -> Vec<Change> {
    let orders = |data: &Data| -> BTreeMap<CampaignCode, usize> {
        data.orders.iter().enumerate().map(|(i, order)| (order.campaign.clone(), i)).collect()
    };
    let (old, new) = (orders(before), orders(after));
    let mut changes = Vec::new();
    for campaign in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let was = old.get(campaign).map(|i| &before.orders[*i]);
        let is = new.get(campaign).map(|i| &after.orders[*i]);
        let change = |(screen, unit): (Option<&ScreenCode>, Option<&UnitCode>), figure: &str, before, after| Change {
            campaign: campaign.clone(),
            screen: screen.cloned(),
            unit: unit.cloned(),
            figure: figure.to_owned(),
            before,
            after,
        };
        // what no report says of a screen, because the number is a unit's, is no change of it
        let of_units = is.or(was).is_some_and(Order::is_of_units);
        let of_line = LINE.iter().filter(|figure| !(of_units && figure.judged)).map(|figure| (figure.key, figure.of));
        let of_line: Vec<Figure<ScreenLine>> = of_line.collect();
        let screens = differing(&screens(was), &screens(is), &of_line).into_iter();
        changes.extend(screens.map(|(screen, figure, was, is)| change((Some(screen), None), figure, was, is)));
        let units = differing(&units(was), &units(is), &OF_UNIT).into_iter();
        changes.extend(units.map(|(unit, figure, was, is)| change((None, Some(unit)), figure, was, is)));
    }
    changes
}

fn screens(order: Option<&Order>) -> BTreeMap<&ScreenCode, &ScreenLine> {
    order.into_iter().flat_map(|order| &order.lines).map(|line| (&line.figures.screen, &line.figures)).collect()
}

fn units(order: Option<&Order>) -> BTreeMap<&UnitCode, &QuotaUnit> {
    order.into_iter().flat_map(|order| &order.quota_units).map(|unit| (&unit.figures.unit, &unit.figures)).collect()
}

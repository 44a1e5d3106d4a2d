//! More plays, decided by the head of a unit. He decides on what he has looked at: the figures that he was shown are bound to his word
//! by their hash. The end of a raise may come sooner, by a later decision; what its days owed until then stands.

use super::desk::OrderDesk;
use super::error::OrderError;
use super::read::{Wrong, text};
use crate::campaigns::{self, CampaignBatch, Campaigns, Directive, DirectiveKind, Ended, Override};
use crate::directory::problem::say;
use crate::directory::table::SourceFile;
use crate::directory::{Directory, Link, Screen};
use crate::error::StoreError;
use crate::people::{Act, Caller, Denied, On, words_beside};
use crate::planning::preflight::{Outcome, Preflight};
use lichphat_playlists::ids::{DirectiveCode, Sha256Hash, UnitCode};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeSet;

/// How often something is tried again when somebody else was quicker.
const TRIES: u32 = 8;

/// More plays, decided by the head of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raise {
    /// The unit.
    pub unit: UnitCode,
    /// Plays in place of the order's.
    pub plays: u32,
    /// First day.
    pub from: LocalDay,
    /// Last day, included; to the end of the order when absent.
    pub to: Option<LocalDay>,
    /// Number of the decision.
    pub number: String,
}

/// What a raise makes of its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// The order with it.
    pub order: Directive,
    /// Screens of the unit that the order binds on its first day.
    pub screens: u32,
    /// Those that owe more from then on.
    pub more: u32,
    /// The most that one of these owed before.
    pub before: u32,
}

/// What a raise does to the screens of its unit, as it is shown to whoever decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// Screens of the unit that the order binds on its first day.
    pub screens: u32,
    /// Those that owe more from then on.
    pub more: u32,
    /// The most that one of these owed before.
    pub before: u32,
    /// What they owe from then on.
    pub after: u32,
    /// Screens of the unit that can carry it, of those that are looked at ahead.
    pub can: u32,
    /// Those that lack room.
    pub lacks: u32,
    /// Those of which there is no telling: nobody plays on them for us, nothing fits them, they are off on the days looked at.
    pub others: u32,
    /// Seconds a day that they lack together.
    pub seconds: u64,
}

impl Effect {
    /// Of a raise, from what the screens were found to carry with it.
    pub fn of(directory: &Directory, (raise, raised): (&Raise, &Raised), ahead: &Preflight) -> Self {
        let mine: BTreeSet<_> =
            directory.screens_in(&raise.unit, Some(Link::Owner), raise.from).into_iter().map(|s| &s.code).collect();
        let (mut can, mut lacks, mut others, mut seconds) = (0, 0, 0, 0);
        for answer in ahead.screens.iter().filter(|a| mine.contains(&a.screen)) {
            can += u32::from(answer.outcome == Outcome::Can);
            lacks += u32::from(answer.outcome == Outcome::Cannot);
            others += u32::from(!matches!(answer.outcome, Outcome::Can | Outcome::Cannot));
            seconds += u64::from(answer.lacks_s);
        }
        let Raised { screens, more, before, .. } = *raised;
        Self { screens, more, before, after: raise.plays, can, lacks, others, seconds }
    }

    /// The hash of exactly this raise with exactly these figures: whoever decides it says that he has seen them.
    pub fn seen(&self, code: &DirectiveCode, raise: &Raise) -> Sha256Hash {
        let Raise { unit, plays, from, to, number } = raise;
        let Self { screens, more, before, after, can, lacks, others, seconds } = self;
        let to = to.map(|day| day.to_string()).unwrap_or_default();
        let said = format!(
            "{code}\n{unit}\n{plays}\n{from}\n{to}\n{}\n{screens} {more} {before} {after} {can} {lacks} {others} {seconds}",
            number.trim()
        );
        Sha256Hash::of(said.as_bytes())
    }
}

/// The end of a raise is brought forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaiseEnd {
    /// Which of the order's raises, from 0.
    pub raise: usize,
    /// Its new last day, included.
    pub to: LocalDay,
    /// Number of the decision.
    pub number: String,
}

fn one(field: &str, value: String, mend: crate::directory::problem::Say) -> OrderError {
    OrderError::Wrong(vec![Wrong { field: field.into(), value, mend }])
}

impl OrderDesk {
    /// May he raise something, somewhere?
    pub fn raises(&self, who: &Caller) -> bool {
        matches!(who.may_somewhere(Act::Raise, self.today()), Ok(()) | Err(Denied::Weak))
    }

    /// What a raise would do; nothing is kept.
    ///
    /// # Errors
    /// That he may not, and everything that is wrong with it: a number that is no higher with the rule that it breaks.
    pub async fn look_at_raise(
        &self,
        who: &Caller,
        directory: &Directory,
        (code, raise): (&DirectiveCode, &Raise),
    ) -> Result<Raised, OrderError> {
        let campaigns = self.campaigns.campaigns().await?;
        self.raised(who, (directory, &campaigns), (code, raise)).map(|(_, raised)| raised)
    }

    /// Raises the number of an order for a unit and those below it: the order lets its head decide that, on what he has `seen`
    /// ([`Effect::seen`]) of what lies `ahead`, reckoned from the campaigns of that revision.
    ///
    /// # Errors
    /// [`OrderError::Unseen`] when he has seen nothing of it, or other figures than those of now.
    pub async fn raise(
        &self,
        who: &Caller,
        directory: &Directory,
        (code, raise): (&DirectiveCode, &Raise),
        (seen, revision, ahead): (Option<Sha256Hash>, u64, &Preflight),
    ) -> Result<Raised, OrderError> {
        let campaigns = self.campaigns.campaigns().await?;
        if campaigns.revision != revision {
            return Err(OrderError::Unseen);
        }
        let (batch, raised) = self.raised(who, (directory, &campaigns), (code, raise))?;
        let now = Effect::of(directory, (raise, &raised), ahead).seen(code, raise);
        if seen != Some(now) {
            return Err(OrderError::Unseen);
        }
        let Raise { unit, plays, from, to, number } = raise;
        let to = to.map_or_else(|| "the end".to_owned(), |day| day.to_string());
        let detail = format!("{unit}: {plays} plays from {from} to {to}, decision {number}, figures seen {now}");
        let deed = self.deed(who, "raise-order", format!("order {code}"), detail);
        match self.store.amend(batch, campaigns.revision, deed).await {
            // somebody has changed the orders meanwhile: what he saw may be true no more
            Err(StoreError::Busy) => Err(OrderError::Unseen),
            done => Ok(done.map(|()| raised)?),
        }
    }

    /// Brings the end of a raise forward.
    ///
    /// # Errors
    /// That he may not, and everything that is wrong with it.
    pub async fn end_raise(
        &self,
        who: &Caller,
        directory: &Directory,
        (code, end): (&DirectiveCode, &RaiseEnd),
    ) -> Result<Override, OrderError> {
        let mut tries = 0;
        loop {
            let campaigns = self.campaigns.campaigns().await?;
            let (batch, raise) = self.ended(who, (directory, &campaigns), (code, end))?;
            let Override { unit, plays, from, .. } = &raise;
            let detail =
                format!("{unit}: {plays} plays from {from} end with {}, decision {}", end.to, end.number.trim());
            let deed = self.deed(who, "end-raise", format!("order {code}"), detail);
            match self.store.amend(batch, campaigns.revision, deed).await {
                Err(StoreError::Busy) if tries < TRIES => tries += 1,
                done => return Ok(done.map(|()| raise)?),
            }
        }
    }

    fn ended(
        &self,
        who: &Caller,
        (directory, campaigns): (&Directory, &Campaigns),
        (code, end): (&DirectiveCode, &RaiseEnd),
    ) -> Result<(CampaignBatch, Override), OrderError> {
        let none = || one("raise", String::new(), say("không có quyết định tăng này", "there is no such raise"));
        let mut order = campaigns.directive(code).cloned().ok_or_else(none)?;
        let last = order.periods().last().map(|(_, last)| *last);
        let raise = order.overrides.get_mut(end.raise).ok_or_else(none)?;
        who.may(Act::Raise, On::Unit(&raise.unit), directory, self.today())?;
        let number = words_beside(&end.number).ok_or(OrderError::Decision)?.to_owned();
        // the order's own end, where it comes first
        let last = raise.last().into_iter().chain(last).min();
        if last.is_some_and(|last| end.to >= last) {
            let last = last.map(|day| day.to_string()).unwrap_or_default();
            let mend = say(
                format!("phải trước ngày cuối hiện tại {last}"),
                format!("must be before its present last day {last}"),
            );
            return Err(one("to", end.to.to_string(), mend));
        }
        raise.ended.push(Ended { to: end.to, number });
        let (raise, prefix) = (raise.clone(), format!("override[{}].ended[{}].", end.raise, raise.ended.len() - 1));
        let batch = amended(&order, (directory, campaigns), self.clock.now()).map_err(|wrong| {
            let named = |w: Wrong| Wrong { field: w.field.strip_prefix(&prefix).unwrap_or(&w.field).to_owned(), ..w };
            OrderError::Wrong(wrong.into_iter().map(named).collect())
        })?;
        Ok((batch, raise))
    }

    fn raised(
        &self,
        who: &Caller,
        (directory, campaigns): (&Directory, &Campaigns),
        (code, raise): (&DirectiveCode, &Raise),
    ) -> Result<(CampaignBatch, Raised), OrderError> {
        who.may(Act::Raise, On::Unit(&raise.unit), directory, self.today())?;
        words_beside(&raise.number).ok_or(OrderError::Decision)?;
        let order = campaigns.directive(code).filter(|d| d.kind == DirectiveKind::Play && d.quota.is_some());
        let order = order.ok_or_else(|| {
            let mend = say("văn bản này không có chỉ tiêu để tăng", "this order has no quota to raise");
            one("order", code.to_string(), mend)
        })?;
        let mine: Vec<&Screen> = bound(directory, order, raise);
        if mine.is_empty() {
            let mend = say(
                "đơn vị này không có màn hình nào phải thực hiện văn bản vào ngày đó",
                "the order binds no screen of this unit on that day",
            );
            return Err(one("unit", raise.unit.to_string(), mend));
        }
        let plays = |d: &Directive, s: &Screen| d.quota_on(directory, s, raise.from).map(|(q, _)| q.plays);
        let mut raised = order.clone();
        let Raise { unit, plays: to_plays, from, to, number } = raise.clone();
        let number = number.trim().to_owned();
        raised.overrides.push(Override {
            unit,
            link: Link::Owner,
            plays: to_plays,
            from,
            to,
            number,
            ended: Vec::new(),
        });
        let more: Vec<&&Screen> = mine.iter().filter(|s| plays(&raised, s) > plays(order, s)).collect();
        let before = more.iter().filter_map(|s| plays(order, s)).max().unwrap_or(0);
        let batch = amended(&raised, (directory, campaigns), self.clock.now()).map_err(|wrong| {
            let prefix = format!("override[{}].", raised.overrides.len() - 1);
            let cited = |wrong: Wrong| {
                let field = wrong.field.strip_prefix(&prefix).unwrap_or(&wrong.field).to_owned();
                let mend = if field == "plays" { cited(&wrong.mend, order) } else { wrong.mend };
                Wrong { field, value: wrong.value, mend }
            };
            OrderError::Wrong(wrong.into_iter().map(cited).collect())
        })?;
        if more.is_empty() {
            let now = mine.iter().filter_map(|s| plays(order, s)).max().unwrap_or(0);
            let mend = say(
                format!("các màn hình của đơn vị đã có chỉ tiêu {now} lần hoặc hơn theo quyết định trước"),
                format!("an earlier decision asks the unit's screens for {now} plays or more already"),
            );
            return Err(one("plays", raise.plays.to_string(), mend));
        }
        Ok((batch, Raised { screens: mine.len() as u32, more: more.len() as u32, before, order: raised }))
    }
}

/// The screens of a unit that an order binds on a raise's first day.
fn bound<'d>(directory: &'d Directory, order: &Directive, raise: &Raise) -> Vec<&'d Screen> {
    let in_period = order.period(raise.from).is_some();
    let mine = directory.screens_in(&raise.unit, Some(Link::Owner), raise.from).into_iter();
    mine.filter(|s| in_period && order.binds(directory, s, raise.from).is_some()).collect()
}

/// As an import of the whole document would take it.
fn amended(
    order: &Directive,
    (directory, campaigns): (&Directory, &Campaigns),
    now: lichphat_playlists::time::UtcMillis,
) -> Result<CampaignBatch, Vec<Wrong>> {
    let whole =
        |error: String| vec![Wrong { field: "order".into(), value: String::new(), mend: say(error.clone(), error) }];
    let text = text(order).map_err(whole)?;
    let file = SourceFile { name: "", bytes: text.as_bytes() };
    campaigns::directive(file, campaigns::Context { directory, campaigns, now }).map_err(|problems| {
        let wrong = |p: &crate::directory::problem::Problem| Wrong {
            field: p.field.clone(),
            value: p.value.clone(),
            mend: p.mend.clone(),
        };
        problems.iter().map(wrong).collect()
    })
}

/// The rule with the order that it stands in.
fn cited(mend: &crate::directory::problem::Say, order: &Directive) -> crate::directory::problem::Say {
    let name = order.number.clone().unwrap_or_else(|| order.title.clone());
    say(format!("{}, theo văn bản: {name}", mend.vi), format!("{}, says the order: {name}", mend.en))
}

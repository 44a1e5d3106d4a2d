//! The room's door: drafts are written, put, decided and published here; and a unit's head raises a number.

use super::OrderStore;
use super::error::OrderError;
use super::merge::{Conflict, merge};
use super::model::{Draft, Said, State};
use super::read::{Beside, Wrong, order_of, read, text};
use super::rule::{self, Outcome};
use super::sheet::Sheet;
use crate::approval::{self, Approvals};
use crate::campaigns::{self, CampaignBatch, CampaignStore, Campaigns, Directive, DirectiveKind, Override};
use crate::directory::problem::say;
use crate::directory::table::SourceFile;
use crate::directory::{Directory, Link, Screen};
use crate::error::StoreError;
use crate::library::{Library, MediaItem};
use crate::people::{Account, AccountCode, Act, Caller, Deed, Denied, On, PeopleStore, Via, words_beside};
use lichphat_playlists::ids::{DirectiveCode, MediaHash, Sha256Hash, UnitCode};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{LocalDay, UtcOffset};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How often something is tried again when somebody else was quicker.
const TRIES: u32 = 8;

/// What became of somebody's writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is kept as this revision of this draft.
    At {
        /// The draft.
        number: u32,
        /// Its revision.
        revision: u32,
    },
    /// Somebody else has written meanwhile: nothing is kept yet. Both are in `sheet`; where they differ his own stands, and the
    /// other's is told.
    Both {
        /// What both have written.
        sheet: Sheet,
        /// Where they differ.
        conflicts: Vec<Conflict>,
        /// The revision that it is against now.
        revision: u32,
    },
}

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

/// What a raise does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// The order with it.
    pub order: Directive,
    /// Screens of the unit that the order binds on its first day.
    pub screens: u32,
    /// Those that owe more from then on.
    pub more: u32,
}

/// The room's door.
pub struct OrderDesk {
    store: Arc<dyn OrderStore>,
    campaigns: Arc<dyn CampaignStore>,
    library: Library,
    approvals: Arc<Approvals>,
    people: Arc<dyn PeopleStore>,
    clock: Arc<dyn Clock>,
    offset: UtcOffset,
}

impl OrderDesk {
    /// Ties the room to its store, clock and neighbours.
    pub fn new<S>(
        store: &Arc<S>,
        (library, approvals): (Library, Arc<Approvals>),
        clock: Arc<dyn Clock>,
        offset: UtcOffset,
    ) -> Self
    where
        S: OrderStore + CampaignStore + PeopleStore + 'static,
    {
        let (campaigns, people) = (Arc::clone(store) as _, Arc::clone(store) as _);
        Self { store: Arc::clone(store) as _, campaigns, library, approvals, people, clock, offset }
    }

    fn today(&self) -> LocalDay {
        self.clock.now().day(self.offset)
    }

    fn deed(&self, who: &Caller, act: &'static str, on: String, detail: String) -> Deed {
        Deed { at: self.clock.now(), by: who.account.clone(), act, on, detail }
    }

    /// Every draft that he may know of, the newest first.
    pub async fn drafts(&self, who: &Caller, directory: &Directory) -> Result<Vec<Draft>, OrderError> {
        if !rule::sees(who, directory, self.today()) {
            return Ok(Vec::new());
        }
        let mut all = self.store.drafts().await?;
        all.reverse();
        Ok(all)
    }

    /// How many drafts wait for this caller's word: those to which he may say yes, and has not.
    pub async fn waiting_for(&self, who: &Caller, directory: &Directory) -> Result<u64, OrderError> {
        if rule::may_decide(who, directory, self.today()).is_err() {
            return Ok(0);
        }
        let waits = |d: &Draft| rule::approve(d, d.revision, who, |_| true).is_ok_and(|o| o == Outcome::Published);
        Ok(self
            .store
            .drafts()
            .await?
            .iter()
            .filter(|d| waits(d) && !d.said.iter().any(|s| s.by == who.account.as_str()))
            .count() as u64)
    }

    /// One of them; one that he may not know of is not there.
    pub async fn draft(&self, number: u32, who: &Caller, directory: &Directory) -> Result<Draft, OrderError> {
        let found = match rule::sees(who, directory, self.today()) {
            true => self.store.draft(number).await?,
            false => None,
        };
        found.ok_or(OrderError::Unknown(number))
    }

    /// What a form means, as things stand.
    pub async fn look(
        &self,
        sheet: &Sheet,
        directory: &Directory,
    ) -> Result<Result<Directive, Vec<Wrong>>, OrderError> {
        let campaigns = self.campaigns.campaigns().await?;
        let read = self.read(sheet, directory, &campaigns).await?;
        Ok(read.map(|(_, order)| order))
    }

    /// The files of the library by their hashes.
    pub async fn media(&self) -> Result<BTreeMap<MediaHash, MediaItem>, OrderError> {
        let all = self.library.list().await.map_err(|e| StoreError::Engine(e.to_string()))?;
        Ok(all.into_iter().map(|item| (item.media.hash, item)).collect())
    }

    async fn read(
        &self,
        sheet: &Sheet,
        directory: &Directory,
        campaigns: &Campaigns,
    ) -> Result<Result<(CampaignBatch, Directive), Vec<Wrong>>, OrderError> {
        let media = self.media().await?;
        let beside = Beside { directory, campaigns, media: &media, now: self.clock.now() };
        Ok(read(sheet, beside).and_then(|batch| {
            let order = order_of(&batch).cloned().ok_or_else(Vec::new)?;
            Ok((batch, order))
        }))
    }

    /// Keeps what somebody has written: as a new draft, or as the next revision of one that he has read at a revision.
    pub async fn write(
        &self,
        who: &Caller,
        directory: &Directory,
        (draft, sheet): (Option<(u32, u32)>, Sheet),
    ) -> Result<Kept, OrderError> {
        rule::may_write(who, directory, self.today())?;
        let (by, at) = (who.account.clone(), self.clock.now());
        let Some((number, read_at)) = draft else {
            return Ok(Kept::At { number: self.store.begin(sheet, by, at).await?, revision: 1 });
        };
        let now = self.store.draft(number).await?.ok_or(OrderError::Unknown(number))?;
        if matches!(now.state, State::Published | State::Dropped) {
            return Err(OrderError::Closed { number, state: now.state });
        }
        if now.revision == read_at {
            if now.sheet == sheet {
                return Ok(Kept::At { number, revision: read_at });
            }
            match self.store.revise((number, read_at), sheet.clone(), by, at).await {
                Err(StoreError::Busy) => {}
                done => return Ok(done.map(|()| Kept::At { number, revision: read_at + 1 })?),
            }
        }
        let now = self.store.draft(number).await?.ok_or(OrderError::Unknown(number))?;
        let base = self.store.sheet_at(number, read_at).await?.ok_or(OrderError::Changed(number))?;
        let (sheet, conflicts) = merge(&base, &sheet, &now.sheet);
        Ok(Kept::Both { sheet, conflicts, revision: now.revision })
    }

    /// Puts a draft to people; who does so says yes to it.
    pub async fn put(
        &self,
        who: &Caller,
        directory: &Directory,
        (number, revision): (u32, u32),
    ) -> Result<(), OrderError> {
        rule::may_write(who, directory, self.today())?;
        let draft = self.store.draft(number).await?.ok_or(OrderError::Unknown(number))?;
        if draft.state != State::Writing {
            return Err(OrderError::Closed { number, state: draft.state });
        }
        if draft.said.iter().any(|said| !said.yes) {
            return Err(OrderError::Refused(number));
        }
        let campaigns = self.campaigns.campaigns().await?;
        let (_, order) = self.read(&draft.sheet, directory, &campaigns).await?.map_err(OrderError::Wrong)?;
        let said = Said { by: who.account.to_string(), yes: true, words: String::new(), at: self.clock.now() };
        let deed = self.deed(who, "put-order", format!("draft {number}"), named(&order, revision));
        self.changed(number, self.store.word((number, revision), Some(said), (State::Writing, State::Put), deed).await)
    }

    /// Drops a draft that is not published.
    pub async fn drop(
        &self,
        who: &Caller,
        directory: &Directory,
        (number, revision): (u32, u32),
    ) -> Result<(), OrderError> {
        rule::may_write(who, directory, self.today())?;
        let draft = self.store.draft(number).await?.ok_or(OrderError::Unknown(number))?;
        if matches!(draft.state, State::Published | State::Dropped) {
            return Err(OrderError::Closed { number, state: draft.state });
        }
        let deed = self.deed(who, "drop-order", format!("draft {number}"), format!("revision {revision}"));
        self.changed(number, self.store.word((number, revision), None, (draft.state, State::Dropped), deed).await)
    }

    /// Says no, and why; it has to be written, and put, anew.
    pub async fn refuse(
        &self,
        (who, words): (&Caller, &str),
        directory: &Directory,
        (number, revision): (u32, u32),
    ) -> Result<(), OrderError> {
        rule::may_decide(who, directory, self.today())?;
        let words = words_beside(words).filter(|w| !w.is_empty()).ok_or(OrderError::NoReason)?.to_owned();
        let draft = self.store.draft(number).await?.ok_or(OrderError::Unknown(number))?;
        rule::open(&draft, revision)?;
        let deed = self.deed(who, "refuse-order", format!("draft {number}"), format!("revision {revision}: {words}"));
        let said = Said { by: who.account.to_string(), yes: false, words, at: self.clock.now() };
        self.changed(number, self.store.word((number, revision), Some(said), (State::Put, State::Writing), deed).await)
    }

    /// Says yes, resting on a written decision. With the second yes the order is in force, as after an import of its document.
    pub async fn approve(
        &self,
        (who, words): (&Caller, &str),
        directory: &Directory,
        (number, revision): (u32, u32),
    ) -> Result<(Outcome, Option<DirectiveCode>), OrderError> {
        rule::may_decide(who, directory, self.today())?;
        let words = words_beside(words).ok_or(OrderError::Decision)?;
        let mut tries = 0;
        loop {
            match self.approve_once((who, words), directory, (number, revision)).await {
                Err(OrderError::Store(StoreError::Busy)) if tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn approve_once(
        &self,
        (who, words): (&Caller, &str),
        directory: &Directory,
        (number, revision): (u32, u32),
    ) -> Result<(Outcome, Option<DirectiveCode>), OrderError> {
        let draft = self.store.draft(number).await?.ok_or(OrderError::Unknown(number))?;
        let holders = self.holders(&draft, directory).await?;
        let outcome = rule::approve(&draft, revision, who, |by| holders.contains(by))?;
        if outcome == Outcome::Known {
            return Ok((outcome, None));
        }
        let campaigns = self.campaigns.campaigns().await?;
        let (batch, order) = self.read(&draft.sheet, directory, &campaigns).await?.map_err(OrderError::Wrong)?;
        let said = Said { by: who.account.to_string(), yes: true, words: words.to_owned(), at: self.clock.now() };
        let named = named(&order, revision);
        if outcome == Outcome::Waits {
            let deed = self.deed(who, "approve-order", format!("draft {number}"), format!("{named} {words}"));
            self.store.word((number, revision), Some(said), (State::Put, State::Put), deed).await?;
            return Ok((outcome, None));
        }
        let both: Vec<&str> = holders.iter().map(String::as_str).chain([who.account.as_str()]).collect();
        let detail = format!("draft {number}, {named}, yes: {} {words}", both.join(", "));
        let deed = self.deed(who, "publish-order", format!("order {}", order.code), detail);
        let code = order.code.clone();
        self.store.publish((number, revision), said, (code.clone(), batch, campaigns.revision), deed).await?;
        self.put_content(&draft, &order, (who, words), directory).await?;
        Ok((outcome, Some(code)))
    }

    /// What it shows is put to people in the name of who has written it, as after an import. Who has just said yes to the order has
    /// looked at its pictures, so where he may approve them his yes counts there, too; where he may not, others are asked.
    async fn put_content(
        &self,
        draft: &Draft,
        order: &Directive,
        (who, words): (&Caller, &str),
        directory: &Directory,
    ) -> Result<(), OrderError> {
        let media = self.media().await?.into_iter().map(|(hash, item)| (hash, item.media)).collect();
        let wanted = approval::drafts(&self.campaigns.campaigns().await?, &media);
        let his = |content: &approval::Draft| content.permit.campaign == order.campaign();
        approval::propose_some(self.approvals.store(), &wanted, his, (&draft.by, self.clock.now())).await?;
        let open = self
            .approvals
            .proposals()
            .await?
            .into_iter()
            .rfind(|p| p.state == approval::State::Open && p.draft.permit.campaign == order.campaign());
        if let Some(proposal) = open {
            match self.approvals.give(proposal.number, (who, words), &[], directory).await {
                Ok(_) | Err(approval::ApprovalError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Of those who have said yes, who may still decide.
    async fn holders(&self, draft: &Draft, directory: &Directory) -> Result<BTreeSet<String>, OrderError> {
        let mut holders = BTreeSet::new();
        for said in draft.said.iter().filter(|said| said.yes) {
            let Ok(code) = AccountCode::new(&said.by) else { continue };
            let account = self.people.account(&code).await?.filter(|account| account.ended.is_none());
            if let Some(Account { code: account, grants, .. }) = account {
                let caller = Caller { account, grants, strong: true, via: Via::Session };
                if rule::may_decide(&caller, directory, self.today()).is_ok() {
                    holders.insert(said.by.clone());
                }
            }
        }
        Ok(holders)
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

    /// Raises the number of an order for a unit and those below it: the order lets its head decide that.
    pub async fn raise(
        &self,
        who: &Caller,
        directory: &Directory,
        (code, raise): (&DirectiveCode, &Raise),
    ) -> Result<Raised, OrderError> {
        let mut tries = 0;
        loop {
            let campaigns = self.campaigns.campaigns().await?;
            let (batch, raised) = self.raised(who, (directory, &campaigns), (code, raise))?;
            let Raise { unit, plays, from, to, number } = raise;
            let to = to.map_or_else(|| "the end".to_owned(), |day| day.to_string());
            let detail = format!("{unit}: {plays} plays from {from} to {to}, decision {number}");
            let deed = self.deed(who, "raise-order", format!("order {code}"), detail);
            match self.store.amend(batch, campaigns.revision, deed).await {
                Err(StoreError::Busy) if tries < TRIES => tries += 1,
                done => return Ok(done.map(|()| raised)?),
            }
        }
    }

    fn raised(
        &self,
        who: &Caller,
        (directory, campaigns): (&Directory, &Campaigns),
        (code, raise): (&DirectiveCode, &Raise),
    ) -> Result<(CampaignBatch, Raised), OrderError> {
        who.may(Act::Raise, On::Unit(&raise.unit), directory, self.today())?;
        words_beside(&raise.number).ok_or(OrderError::Decision)?;
        let one =
            |field: &str, value: String, mend| OrderError::Wrong(vec![Wrong { field: field.into(), value, mend }]);
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
        raised.overrides.push(Override { unit, link: Link::Owner, plays: to_plays, from, to, number });
        let more = mine.iter().filter(|s| plays(&raised, s) > plays(order, s)).count();
        let batch = amended(&raised, (directory, campaigns), self.clock.now()).map_err(|wrong| {
            let prefix = format!("override[{}].", raised.overrides.len() - 1);
            let cited = |wrong: Wrong| {
                let field = wrong.field.strip_prefix(&prefix).unwrap_or(&wrong.field).to_owned();
                let mend = if field == "plays" { cited(&wrong.mend, order) } else { wrong.mend };
                Wrong { field, value: wrong.value, mend }
            };
            OrderError::Wrong(wrong.into_iter().map(cited).collect())
        })?;
        if more == 0 {
            let now = mine.iter().filter_map(|s| plays(order, s)).max().unwrap_or(0);
            let mend = say(
                format!("các màn hình của đơn vị đã có chỉ tiêu {now} lần hoặc hơn theo quyết định trước"),
                format!("an earlier decision asks the unit's screens for {now} plays or more already"),
            );
            return Err(one("plays", raise.plays.to_string(), mend));
        }
        Ok((batch, Raised { order: raised, screens: mine.len() as u32, more: more as u32 }))
    }

    /// A draft that somebody was quicker with has changed for who looked at it.
    fn changed(&self, number: u32, done: Result<(), StoreError>) -> Result<(), OrderError> {
        match done {
            Err(StoreError::Busy) => Err(OrderError::Changed(number)),
            done => Ok(done?),
        }
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

/// A document in the words of the log: which one, and what exactly.
fn named(order: &Directive, revision: u32) -> String {
    let hash = text(order).map(|text| Sha256Hash::of(text.as_bytes()).hex()).unwrap_or_default();
    format!("revision {revision}, order {}, document {hash}", order.code)
}

impl OrderDesk {
    /// May he raise something, somewhere?
    pub fn raises(&self, who: &Caller) -> bool {
        matches!(who.may_somewhere(Act::Raise, self.today()), Ok(()) | Err(Denied::Weak))
    }
}

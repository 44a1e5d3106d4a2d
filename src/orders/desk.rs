//! The room's door: drafts are written, put, decided and published here.

use super::OrderStore;
use super::error::OrderError;
use super::merge::{Conflict, merge};
use super::model::{Draft, Said, State};
use super::read::{Beside, Wrong, order_of, read, text};
use super::rule::{self, Outcome};
use super::sheet::Sheet;
use crate::approval::{self, Approvals};
use crate::campaigns::{CampaignBatch, CampaignStore, Campaigns, Directive};
use crate::directory::Directory;
use crate::error::StoreError;
use crate::library::{Library, MediaItem};
use crate::people::{Account, AccountCode, Caller, Deed, PeopleStore, Via, words_beside};
use lichphat_playlists::ids::{DirectiveCode, MediaHash, Sha256Hash};
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

/// The room's door.
pub struct OrderDesk {
    pub(super) store: Arc<dyn OrderStore>,
    pub(super) campaigns: Arc<dyn CampaignStore>,
    library: Library,
    approvals: Arc<Approvals>,
    people: Arc<dyn PeopleStore>,
    pub(super) clock: Arc<dyn Clock>,
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

    pub(super) fn today(&self) -> LocalDay {
        self.clock.now().day(self.offset)
    }

    pub(super) fn deed(&self, who: &Caller, act: &'static str, on: String, detail: String) -> Deed {
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
        // the document that was said yes to last stands for the one of now: a list is no decision
        let last = |d: &Draft| d.said.iter().rev().find_map(|said| said.document);
        let waits = |d: &Draft| {
            let asked = last(d).map(|document| rule::approve(d, (d.revision, document), who, |_| true));
            asked.is_some_and(|outcome| outcome.is_ok_and(|o| o == Outcome::Published))
        };
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
        let document = Some(document(&order)?);
        let said =
            Said { by: who.account.to_string(), yes: true, words: String::new(), document, at: self.clock.now() };
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
        let said = Said { by: who.account.to_string(), yes: false, words, document: None, at: self.clock.now() };
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
        rule::open(&draft, revision)?;
        let campaigns = self.campaigns.campaigns().await?;
        let (batch, order) = self.read(&draft.sheet, directory, &campaigns).await?.map_err(OrderError::Wrong)?;
        let document = document(&order)?;
        let holders = self.holders(&draft, document, directory).await?;
        let outcome = rule::approve(&draft, (revision, document), who, |by| holders.contains(by))?;
        if outcome == Outcome::Known {
            return Ok((outcome, None));
        }
        let (by, words, at) = (who.account.to_string(), words.to_owned(), self.clock.now());
        let said = Said { by, yes: true, words: words.clone(), document: Some(document), at };
        let named = named(&order, revision);
        if outcome == Outcome::Waits {
            let deed = self.deed(who, "approve-order", format!("draft {number}"), format!("{named} {words}"));
            self.store.word((number, revision), Some(said), (State::Put, State::Put), deed).await?;
            return Ok((outcome, None));
        }
        let both: Vec<&str> = holders.iter().map(String::as_str).chain([who.account.as_str()]).collect();
        let detail = format!("draft {number}, {named}, yes: {} {words}", both.join(", "));
        let act = if draft.sheet.amends() { "amend-order" } else { "publish-order" };
        let deed = self.deed(who, act, format!("order {}", order.code), detail);
        let code = order.code.clone();
        self.store.publish((number, revision), said, (code.clone(), batch, campaigns.revision), deed).await?;
        // an extension shows what is known, on days for which nobody has allowed it
        self.put_content(&draft, &order, (who, &words), directory).await?;
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

    /// Of those who have said yes to this document, who may still decide.
    async fn holders(
        &self,
        draft: &Draft,
        document: Sha256Hash,
        directory: &Directory,
    ) -> Result<BTreeSet<String>, OrderError> {
        let mut holders = BTreeSet::new();
        for said in draft.said.iter().filter(|said| said.yes && said.document == Some(document)) {
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

    /// A draft that somebody was quicker with has changed for who looked at it.
    fn changed(&self, number: u32, done: Result<(), StoreError>) -> Result<(), OrderError> {
        match done {
            Err(StoreError::Busy) => Err(OrderError::Changed(number)),
            done => Ok(done?),
        }
    }
}

/// The hash of the document that an order would be.
///
/// # Errors
/// A defect: every order can be written.
pub fn document(order: &Directive) -> Result<Sha256Hash, OrderError> {
    let text = text(order).map_err(|error| OrderError::Store(StoreError::Engine(error)))?;
    Ok(Sha256Hash::of(text.as_bytes()))
}

/// A document in the words of the log: which one, and what exactly.
fn named(order: &Directive, revision: u32) -> String {
    let hash = document(order).map(|hash| hash.hex()).unwrap_or_default();
    format!("revision {revision}, order {}, document {hash}", order.code)
}

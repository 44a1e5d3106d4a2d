//! Approval: nothing is planned, sent or counted that people have not said yes to.
//!
//! What is imported becomes a [`Proposal`], unless a permit in force covers it. Whoever the [`rule`] lets decide says yes or no;
//! with the last yes that it takes the proposal becomes a signed [`Permit`], which planning names beside each file and which
//! devices verify. What was permitted is taken back by [`Approvals::withdraw`], at once and for good.
//!
//! Invariants: a permit is immutable and says what exactly was looked at; two people at once lose nothing; each word is a
//! statement of the log, written in the same transaction. The key is the scheduler's own for now: whoever owns the server can
//! sign with it. It is used nowhere but here, so that permits can be signed elsewhere later.

mod drafts;
mod model;
mod permissions;
pub mod rule;
#[cfg(test)]
mod tests;

pub use drafts::{Standing, compare, drafts, of_item};
pub use model::{Draft, Needs, Proposal, Said, State};
pub use permissions::{Permissions, stale};

use crate::directory::Directory;
use crate::error::StoreError;
use crate::people::{AccountCode, Caller, LONGEST_WORDS, words_beside};
use async_trait::async_trait;
use lichphat_playlists::ids::{MediaHash, PermitHash, ScreenCode, Sha256Hash};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::permit::{
    Approved, Document, Permit, PermitError, Place, Tie, What, Withdrawals, Withdrawn,
};
use lichphat_playlists::wire::sign::{Approving, SigningKey};
use rule::{Outcome, Refusal};
use std::sync::{Arc, Mutex, PoisonError};

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// Somebody's word is not taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No such proposal.
    #[error("proposal {0}: there is none of this number; `lichphat approval list` shows them")]
    Unknown(u32),
    /// Nothing came of it that could be taken back.
    #[error("proposal {number}: is {}, so there is nothing to take back", .state.word())]
    NotApproved {
        /// Its number.
        number: u32,
        /// How it stands.
        state: State,
    },
    /// He may not take a file out of the whole city.
    #[error("media {0}: only who may approve for the whole city, or the server's shell, can take it back everywhere")]
    NotCity(MediaHash),
    /// The room that is left is for files.
    #[error(
        "proposal {number}: the list of withdrawals is nearly full, what room is left is for files; take its files back everywhere: \
         lichphat approval withdraw --media HASH --reason WHY, for each of {}", hashes(.files)
    )]
    FilesOnly {
        /// The proposal.
        number: u32,
        /// What it shows.
        files: Vec<MediaHash>,
    },
    /// Without a reason, or with a story.
    #[error("--reason: say why on one line, in 1 to {LONGEST_WORDS} characters; people will ask")]
    NoReason,
    /// A decision's number that is a story.
    #[error("--decision: write its number on one line, in at most {LONGEST_WORDS} characters")]
    Decision,
    /// A document that makes no sense: a defect of ours.
    #[error(transparent)]
    Document(#[from] PermitError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApprovalError {
    /// The same in Vietnamese.
    pub fn vi(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.vi(),
            Self::Unknown(number) => format!("đề nghị {number}: không có số này; xem `lichphat approval list`"),
            Self::NotApproved { number, state } => {
                format!("đề nghị {number}: {}, nên không có gì để thu hồi", state.vi())
            }
            Self::NotCity(media) => format!(
                "tệp {media}: chỉ người được duyệt cho toàn thành phố, hoặc máy chủ, mới thu hồi được ở mọi nơi"
            ),
            Self::FilesOnly { number, files } => format!(
                "đề nghị {number}: danh sách thu hồi sắp đầy, chỗ còn lại dành cho việc thu hồi cả tệp; hãy thu hồi từng tệp của đề nghị ở mọi nơi, trên máy chủ: lichphat approval withdraw --media MÃ --reason LÝ_DO, với mã: {}",
                hashes(files)
            ),
            Self::NoReason => {
                format!("--reason: hãy ghi lý do trên một dòng, 1 đến {LONGEST_WORDS} ký tự; mọi người sẽ hỏi")
            }
            Self::Decision => {
                format!("--decision: ghi số, ký hiệu văn bản trên một dòng, nhiều nhất {LONGEST_WORDS} ký tự")
            }
            Self::Document(PermitError::TooLong { .. }) => {
                "danh sách thu hồi đã đầy, không ghi thêm được; muốn nội dung thôi phát, hãy nhập lại văn bản với ngày kết thúc sớm hơn".to_owned()
            }
            Self::Document(error) => format!("không ký được: {error}"),
            Self::Store(error) => error.words(crate::lang::Lang::Vi),
        }
    }
}

/// From when on the list of withdrawals is said to fill up, per cent of its room.
pub const NEARLY_FULL_PERCENT: usize = 80;
/// From when on a decision is not taken back by itself, per cent: the rest, room for some nine hundred entries, is for files, each
/// of which takes one entry however many decisions there are on it.
const FILES_ONLY_PERCENT: usize = 95;

fn hashes(files: &[MediaHash]) -> String {
    files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What is taken back.
enum Taken<'a> {
    /// A file everywhere.
    Media(MediaHash),
    /// What a decision allows, under whatever other decision on the same campaign it stands as well: an order that was extended
    /// rests on two, and who takes it back means the pictures.
    Files(u32, &'a Permit),
}

fn reason_of(text: &str) -> Result<&str, ApprovalError> {
    words_beside(text).filter(|reason| !reason.is_empty()).ok_or(ApprovalError::NoReason)
}

/// A signed document, ready to be kept.
#[derive(Debug, Clone)]
pub struct Sealed<T> {
    /// Its name: the hash of its bytes.
    pub name: Sha256Hash,
    /// The envelope.
    pub bytes: Vec<u8>,
    /// What it says.
    pub says: T,
}

/// What the store must do for this room; each call is one transaction. Whoever writes says at which revision he read: when
/// somebody else was quicker the answer is [`StoreError::Busy`], and nothing is written.
#[async_trait]
pub trait ApprovalStore: Send + Sync {
    /// How often something changed.
    async fn approval_revision(&self) -> Result<u64, StoreError>;
    /// All that is in force.
    async fn permissions(&self) -> Result<Permissions, StoreError>;
    /// Every proposal, by number, and the revision.
    async fn proposals(&self) -> Result<(u64, Vec<Proposal>), StoreError>;
    /// The files that an account has brought into the library.
    async fn files_brought_by(&self, account: &str) -> Result<Vec<MediaHash>, StoreError>;
    /// Keeps new proposals and lets those lapse that nobody wants any more.
    async fn propose(
        &self,
        new: Vec<Draft>,
        lapsed: Vec<u32>,
        by: (String, UtcMillis),
        at: u64,
    ) -> Result<(), StoreError>;
    /// Keeps what somebody said of a proposal, how it stands from now on, and the permit that came of it.
    async fn say(
        &self,
        number: u32,
        said: Said,
        state: State,
        permit: Option<Sealed<Permit>>,
        at: u64,
    ) -> Result<(), StoreError>;
    /// Keeps what was taken back last, by whom and why.
    async fn withdraw(
        &self,
        list: Sealed<Withdrawals>,
        what: Vec<Withdrawn>,
        why: (String, String),
        at: u64,
    ) -> Result<(), StoreError>;
    /// Keeps where screens stand from now on.
    async fn keep_places(&self, places: Vec<Sealed<Place>>, at: u64) -> Result<(), StoreError>;
    /// A signed document as devices fetch it.
    async fn approval_document(&self, name: Sha256Hash) -> Result<Option<Vec<u8>>, StoreError>;
}

/// How often something is tried again when somebody else was quicker.
const TRIES: u32 = 8;
/// Places that are signed and kept together.
const PLACES_AT_ONCE: usize = 4_096;

/// The room's door.
pub struct Approvals {
    store: Arc<dyn ApprovalStore>,
    clock: Arc<dyn Clock>,
    offset: UtcOffset,
    key: SigningKey<Approving>,
    held: Mutex<Arc<Permissions>>,
}

/// Says `$try` again while somebody else was quicker.
macro_rules! patiently {
    ($try:expr) => {{
        let mut tries = 0;
        loop {
            match $try.await {
                Err(ApprovalError::Store(StoreError::Busy)) if tries < TRIES => tries += 1,
                done => break done,
            }
        }
    }};
}

impl Approvals {
    /// Ties the room to its store, clock and key.
    pub fn new(
        store: Arc<dyn ApprovalStore>,
        clock: Arc<dyn Clock>,
        offset: UtcOffset,
        key: SigningKey<Approving>,
    ) -> Self {
        Self { store, clock, offset, key, held: Mutex::default() }
    }

    /// The store, for who puts something to people.
    pub fn store(&self) -> &dyn ApprovalStore {
        &*self.store
    }

    /// All that is in force now.
    pub async fn permissions(&self) -> Result<Arc<Permissions>, ApprovalError> {
        let revision = self.store.approval_revision().await?;
        let held = Arc::clone(&self.held.lock().unwrap_or_else(PoisonError::into_inner));
        if held.revision == revision {
            return Ok(held);
        }
        let read = Arc::new(self.store.permissions().await?);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&read);
        Ok(read)
    }

    /// Every proposal, by number.
    pub async fn proposals(&self) -> Result<Vec<Proposal>, ApprovalError> {
        Ok(self.store.proposals().await?.1)
    }

    /// How many open proposals wait for this caller's word: those to which he may say yes, and has not.
    pub async fn waiting_for(&self, caller: &Caller, directory: &Directory) -> Result<u64, ApprovalError> {
        let (all, today) = (self.proposals().await?, self.clock.now().day(self.offset));
        let his = self.store.files_brought_by(caller.account.as_str()).await?;
        let waits = |p: &&Proposal| {
            let outcome = rule::approve(p, (caller, ""), &[], (directory, today));
            rule::others(p, &all, caller).is_ok()
                && rule::brought(p, &his).is_ok()
                && outcome.is_ok_and(|outcome| outcome != Outcome::Known)
        };
        Ok(all.iter().filter(waits).count() as u64)
    }

    /// Says yes, resting on a written decision; `people` are the accounts that may approve it.
    pub async fn give(
        &self,
        number: u32,
        (caller, decision): (&Caller, &str),
        people: &[AccountCode],
        directory: &Directory,
    ) -> Result<Outcome, ApprovalError> {
        patiently!(self.give_once(number, (caller, decision), people, directory))
    }

    async fn give_once(
        &self,
        number: u32,
        (caller, decision): (&Caller, &str),
        people: &[AccountCode],
        directory: &Directory,
    ) -> Result<Outcome, ApprovalError> {
        let (revision, all) = self.store.proposals().await?;
        let mut proposal = all.iter().find(|p| p.number == number).cloned().ok_or(ApprovalError::Unknown(number))?;
        rule::others(&proposal, &all, caller)?;
        rule::brought(&proposal, &self.store.files_brought_by(caller.account.as_str()).await?)?;
        let at_ms = self.clock.now();
        let today = at_ms.day(self.offset);
        let words = words_beside(decision).ok_or(ApprovalError::Decision)?;
        let outcome = rule::approve(&proposal, (caller, decision), people, (directory, today))?;
        if outcome == Outcome::Known {
            return Ok(outcome);
        }
        let said = Said { by: caller.account.as_str().into(), yes: true, words: words.into(), at_ms };
        let (state, permit) = match outcome {
            Outcome::Approved => {
                proposal.said.retain(|before| before.by != said.by);
                proposal.said.push(said.clone());
                (State::Approved, Some(self.seal(permit_of(&proposal), Document::Permit)?))
            }
            Outcome::Waits | Outcome::Known => (State::Open, None),
        };
        self.store.say(number, said, state, permit, revision).await?;
        Ok(outcome)
    }

    /// Says no, and why.
    pub async fn refuse(
        &self,
        number: u32,
        (caller, reason): (&Caller, &str),
        directory: &Directory,
    ) -> Result<(), ApprovalError> {
        let reason = reason_of(reason)?;
        patiently!(async {
            let (revision, proposal) = self.proposal(number).await?;
            let at_ms = self.clock.now();
            rule::refuse(&proposal, caller, (directory, at_ms.day(self.offset)))?;
            let said = Said { by: caller.account.as_str().into(), yes: false, words: reason.into(), at_ms };
            Ok(self.store.say(number, said, State::Refused, None, revision).await?)
        })
    }

    /// Takes back what came of a proposal.
    pub async fn withdraw(
        &self,
        number: u32,
        (caller, reason): (&Caller, &str),
        directory: &Directory,
    ) -> Result<(), ApprovalError> {
        let (_, proposal) = self.proposal(number).await?;
        if proposal.state != State::Approved {
            return Err(ApprovalError::NotApproved { number, state: proposal.state });
        }
        rule::may(&proposal, caller, (directory, self.clock.now().day(self.offset)))?;
        patiently!(self.take_back(&Taken::Files(number, &proposal.draft.permit), (caller, reason)))
    }

    /// Takes a file back everywhere, whoever permits it.
    pub async fn withdraw_media(
        &self,
        media: MediaHash,
        (caller, reason): (&Caller, &str),
        directory: &Directory,
    ) -> Result<(), ApprovalError> {
        let today = self.clock.now().day(self.offset);
        Needs::City.may(caller, directory, today).map_err(|_| ApprovalError::NotCity(media))?;
        patiently!(self.take_back(&Taken::Media(media), (caller, reason)))
    }

    async fn take_back(&self, taken: &Taken<'_>, (caller, reason): (&Caller, &str)) -> Result<(), ApprovalError> {
        let reason = reason_of(reason)?;
        let held = self.store.permissions().await?;
        let (mut list, at_ms) = (held.withdrawals().clone(), self.clock.now());
        let all = match *taken {
            Taken::Media(media) => vec![What::Media(media)],
            Taken::Files(_, permit) => held.sharing(permit).map(What::Permit).collect(),
        };
        let withdrawn = all.into_iter().map(|what| Withdrawn { what, at_ms }).filter(|w| list.add(*w));
        let withdrawn: Vec<Withdrawn> = withdrawn.collect();
        if withdrawn.is_empty() {
            return Ok(()); // it was taken back already
        }
        if let Taken::Files(number, permit) = *taken
            && list.full_percent() >= FILES_ONLY_PERCENT
        {
            let files = permit.media.iter().map(|file| file.hash).collect();
            return Err(ApprovalError::FilesOnly { number, files });
        }
        list.version = next_version(list.version, at_ms);
        let list = self.seal(list, Document::Withdrawals)?;
        let why = (caller.account.as_str().to_owned(), reason.to_owned());
        Ok(self.store.withdraw(list, withdrawn, why, held.revision).await?)
    }

    /// Signs where screens stand, as far as that is news. How many.
    pub async fn stand(&self, directory: &Directory) -> Result<usize, ApprovalError> {
        let mut count = 0;
        loop {
            let held = self.permissions().await?;
            let (moved, at_ms) = (stale(directory, &held), self.clock.now());
            if moved.is_empty() {
                return Ok(count);
            }
            let sealed = moved.into_iter().take(PLACES_AT_ONCE).map(|place| {
                let version = next_version(place.version, at_ms);
                self.seal(Place { version, ..place }, Document::Place)
            });
            let sealed = sealed.collect::<Result<Vec<_>, _>>()?;
            let some = sealed.len();
            match self.store.keep_places(sealed, held.revision).await {
                Err(StoreError::Busy) => {} // what was written meanwhile is looked at
                kept => {
                    kept?;
                    count += some;
                }
            }
        }
    }

    /// A signed document as devices fetch it.
    pub async fn document(&self, name: Sha256Hash) -> Result<Option<Vec<u8>>, ApprovalError> {
        Ok(self.store.approval_document(name).await?)
    }

    async fn proposal(&self, number: u32) -> Result<(u64, Proposal), ApprovalError> {
        let (revision, proposals) = self.store.proposals().await?;
        let found = proposals.into_iter().find(|p| p.number == number);
        Ok((revision, found.ok_or(ApprovalError::Unknown(number))?))
    }

    fn seal<T: Clone>(&self, says: T, document: impl Fn(T) -> Document) -> Result<Sealed<T>, PermitError> {
        let envelope = document(says.clone()).seal(&self.key)?;
        Ok(Sealed { name: envelope.hash(), bytes: envelope.into_bytes(), says })
    }
}

/// Puts to people what nobody has approved yet; `by` has brought it. How many are new. Needs no key.
pub async fn propose(
    store: &dyn ApprovalStore,
    wanted: &[Draft],
    by: (&str, UtcMillis),
) -> Result<usize, ApprovalError> {
    propose_some(store, wanted, |_| true, by).await
}

/// The same, of what is `his` alone: who changes one thing has brought no other, and asks for none that was taken back.
pub async fn propose_some(
    store: &dyn ApprovalStore,
    wanted: &[Draft],
    his: impl Fn(&Draft) -> bool,
    (by, at): (&str, UtcMillis),
) -> Result<usize, ApprovalError> {
    patiently!(async {
        let (permissions, (revision, proposals)) = (store.permissions().await?, store.proposals().await?);
        if permissions.revision != revision {
            return Err(StoreError::Busy.into());
        }
        let (mut new, lapsed) = compare(wanted.to_vec(), &permissions, &proposals);
        new.retain(&his);
        let count = new.len();
        if count > 0 || !lapsed.is_empty() {
            store.propose(new, lapsed, (by.to_owned(), at), revision).await?;
        }
        Ok(count)
    })
}

/// At least the clock's milliseconds: so it goes up even when the store was restored from a backup.
fn next_version(last: u64, now: UtcMillis) -> u64 {
    now.0.max(0).unsigned_abs().max(last + 1)
}

/// The permit that comes of everybody's yes.
fn permit_of(proposal: &Proposal) -> Permit {
    let yes = proposal.said.iter().filter(|said| said.yes);
    let approved = yes.map(|s| Approved { by: s.by.clone(), decision: s.words.clone(), at_ms: s.at_ms }).collect();
    Permit { number: proposal.number, approved, ..proposal.draft.permit.clone() }
}

/// What is told of a document in a page or on the shell.
pub fn short(name: PermitHash) -> String {
    name.hex()[..12].to_owned()
}

/// Where a proposal is to be shown, in the words of codes; `everywhere` when it names no place.
pub fn places(permit: &Permit) -> String {
    let line = |w: &lichphat_playlists::wire::permit::Where| {
        let unit = w.unit.iter().map(|tied| match tied.by {
            Tie::Owner => tied.unit.to_string(),
            Tie::Territory => format!("territory:{}", tied.unit),
            Tie::Sector => format!("sector:{}", tied.unit),
            Tie::Operator => format!("operator:{}", tied.unit),
        });
        let rest = w.venue_types.iter().map(ToString::to_string).chain(w.screens.iter().map(ScreenCode::to_string));
        unit.chain(rest).collect::<Vec<_>>().join(" ")
    };
    match permit.places.as_slice() {
        [] => "everywhere".to_owned(),
        all => all.iter().map(line).collect::<Vec<_>>().join("; "),
    }
}

//! People: who they are, which roles they hold where in the tree of units, and what they may do.
//!
//! Invariants:
//! * nobody may do anything but by a role that he holds today over the very thing ([`Caller::may`]; the table is [`RULES`]);
//! * of secrets only hashes are kept; a code is good once; an unknown name takes as long, and is told the same, as a known one;
//! * what changes who may do what is a statement of the log, written in the same transaction;
//! * no account is taken away, and none can lock another out.
//!
//! No clock, file or store in here: the present, the tree and chance are arguments or ports.

mod authenticator;
mod enter;
mod error;
mod import;
mod manage;
mod may;
mod model;
mod passkey;
mod password;
mod secret;
#[cfg(test)]
mod tests;
mod throttle;

pub use authenticator::Authenticator;
pub use enter::{Chosen, Entered, First, People, SignIn, SignedIn};
pub use error::{NotIn, PeopleError, Refused};
pub use import::{EVERYWHERE, Entry, Imported, Invited, TABLE, parse};
pub use may::{Act, Denied, On, RULES, Rule, Sight};
pub use model::{
    Account, AccountCode, AccountCodeError, Caller, Deed, Given, Grant, LONGEST_WORDS, Passkey, Role, Scope, Secrets,
    Session, Token, Via, words_beside,
};
pub use passkey::{Offer, Question};
pub use password::PasswordError;
pub use secret::form_token;

use crate::error::StoreError;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::UtcMillis;

/// A session that begins.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Hash of its secret.
    pub hash: Sha256Hash,
    /// Whose it is.
    pub account: AccountCode,
    /// Was a second factor shown?
    pub strong: bool,
    /// The code of the authenticator that was used; it must be newer than the last.
    pub step: Option<u64>,
    /// The passkey that was shown.
    pub passkey: Option<UsedPasskey>,
    /// Hash of the browser's secret, by which it is known from now on.
    pub browser: Sha256Hash,
    /// The session that the browser had before: it ends.
    pub before: Option<Sha256Hash>,
    /// When.
    pub at: UtcMillis,
}

/// A passkey that was shown and found good.
#[derive(Debug, Clone)]
pub struct UsedPasskey {
    /// What its authenticator calls it.
    pub credential: Vec<u8>,
    /// Its counter: above the one before, or always 0.
    pub counter: u32,
    /// What it is held against from now on.
    pub key: String,
}

/// A passkey that is kept.
#[derive(Debug, Clone)]
pub struct NewPasskey {
    /// Whose it is.
    pub account: AccountCode,
    /// What its authenticator calls it; no two have the same.
    pub credential: Vec<u8>,
    /// It; its number is given when it is kept.
    pub passkey: Passkey,
}

/// What somebody chose with a one-time code.
#[derive(Clone)]
pub struct NewSecrets {
    /// Hash of the code, which is used up.
    pub code: Sha256Hash,
    /// Whose secrets they are.
    pub account: AccountCode,
    /// Whose account it is, when the code makes an administrator.
    pub name: Option<String>,
    /// Argon2id in PHC form.
    pub password: String,
    /// Of the authenticator.
    pub seed: Sha256Hash,
    /// The code of it that was shown.
    pub step: u64,
}

/// An account that is made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// It, with its first roles.
    pub account: Account,
    /// Hash of the one-time code for its owner, and until when that is good.
    pub code: (Sha256Hash, UtcMillis),
    /// As the log says it.
    pub deed: Deed,
}

/// What accounts and roles need from storage; each operation is one transaction, with its deed's statement in it.
#[async_trait::async_trait]
pub trait PeopleStore: EntryStore {
    /// Every account, in order of its name.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;
    /// That account, deactivated or not.
    async fn account(&self, code: &AccountCode) -> Result<Option<Account>, StoreError>;
    /// Makes accounts with their first roles and one-time codes, and gives more roles: all of it or, when a name is taken, nothing, and
    /// the answer is false.
    async fn add_accounts(
        &self,
        new: Vec<NewAccount>,
        more: Vec<(AccountCode, Grant, Deed)>,
    ) -> Result<bool, StoreError>;
    /// Gives a role; `through` is the number of the grant that is passed on. Answers its number.
    async fn grant(
        &self,
        account: &AccountCode,
        grant: Grant,
        through: Option<u32>,
        deed: Deed,
    ) -> Result<u32, StoreError>;
    /// What stands of what an account has passed on: to whom, and which.
    async fn passed_on(&self, account: &AccountCode) -> Result<Vec<(Account, Grant)>, StoreError>;
    /// Who has given which of these roles to whom, the oldest first; also those that were taken back or are over.
    async fn given(&self, roles: &'static [Role]) -> Result<Vec<Given>, StoreError>;
    /// Takes a role back, and what was passed on of it; false when it was not there any more.
    async fn revoke(&self, grant: u32, deed: Deed) -> Result<bool, StoreError>;
    /// How many tasks an account has left open: what it has brought and nobody has decided on.
    async fn open_tasks(&self, account: &AccountCode) -> Result<u32, StoreError>;
    /// Ends an account with its roles, sessions, tokens and codes, and gives its open tasks to `heir`; false when it has ended
    /// already.
    async fn deactivate(
        &self,
        account: &AccountCode,
        heir: Option<AccountCode>,
        deed: Deed,
    ) -> Result<bool, StoreError>;
}

/// What coming in needs from storage: secrets, codes, sessions, tokens and passkeys; as above.
#[async_trait::async_trait]
pub trait EntryStore: Send + Sync {
    /// What a sign-in to an account that is not deactivated is held against; `browser` is the hash of what the browser shows.
    async fn secrets(&self, code: &AccountCode, browser: Option<Sha256Hash>) -> Result<Option<Secrets>, StoreError>;
    /// Keeps a one-time code in place of an earlier one for the same account; none makes an administrator.
    async fn issue_code(
        &self,
        account: Option<AccountCode>,
        code: (Sha256Hash, UtcMillis),
        deed: Deed,
    ) -> Result<(), StoreError>;
    /// Whom a code is for that is still good: some account, or none for a new administrator.
    async fn code(&self, hash: Sha256Hash, now: UtcMillis) -> Result<Option<Option<Account>>, StoreError>;
    /// Uses a code up: the account has these secrets, and its earlier sessions, known
    /// browsers, passkeys and tokens end. False when the code is
    /// not good any more, or the name of a new administrator is taken.
    async fn redeem(&self, chosen: NewSecrets, deed: Deed) -> Result<bool, StoreError>;
    /// Another password: every session but this one ends, and every browser but this one is forgotten.
    async fn set_password(
        &self,
        account: &AccountCode,
        password: String,
        but: (Sha256Hash, Option<Sha256Hash>),
        deed: Deed,
    ) -> Result<(), StoreError>;
    /// Begins a session; false when the authenticator's code was used before, the passkey is not there any more or its counter did
    /// not go up, or the account has ended.
    async fn open_session(&self, new: NewSession) -> Result<bool, StoreError>;
    /// The session of an account that is not deactivated.
    async fn session(&self, hash: Sha256Hash) -> Result<Option<Session>, StoreError>;
    /// It asked for something now.
    async fn touch_session(&self, hash: Sha256Hash, now: UtcMillis) -> Result<(), StoreError>;
    /// Ends it, and sweeps out those that began before `stale`.
    async fn end_session(&self, hash: Sha256Hash, stale: UtcMillis) -> Result<(), StoreError>;
    /// Keeps a token; its number.
    async fn add_token(&self, hash: Sha256Hash, token: Token, deed: Deed) -> Result<u32, StoreError>;
    /// Takes a token back; false when it was not there any more.
    async fn revoke_token(&self, id: u32, deed: Deed) -> Result<bool, StoreError>;
    /// Tokens that were not taken back, of one account or of all.
    async fn tokens(&self, account: Option<AccountCode>) -> Result<Vec<Token>, StoreError>;
    /// The token that is good now, with what its account holds.
    async fn token(&self, hash: Sha256Hash, now: UtcMillis) -> Result<Option<(Token, Vec<Grant>)>, StoreError>;
    /// Passkeys of an account, the oldest first.
    async fn passkeys(&self, account: &AccountCode) -> Result<Vec<Passkey>, StoreError>;
    /// Keeps a passkey; false when its authenticator's name for it is taken, by whomever.
    async fn add_passkey(&self, new: NewPasskey, deed: Deed) -> Result<bool, StoreError>;
    /// Takes a passkey away; false when it is not there, or the account's last second factor.
    async fn remove_passkey(&self, account: &AccountCode, id: u32, but: (Sha256Hash, Deed))
    -> Result<bool, StoreError>;
    /// Takes the authenticator of six digits away; false when there is none, or no passkey beside it.
    async fn end_digits(&self, account: &AccountCode, but: (Sha256Hash, Deed)) -> Result<bool, StoreError>;
}

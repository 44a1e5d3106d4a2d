//! Accounts, roles, and who is at the door.

use super::may::Act;
use crate::directory::DaySpan;
use crate::directory::words::words;
use lichphat_playlists::ids::{Sha256Hash, UnitCode};
use lichphat_playlists::proof::entry::Statement;
use lichphat_playlists::time::UtcMillis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// An account's name, under which somebody signs in: 1 to 64 of `a-z 0-9 . _ -`. It stands in the log, which anybody may read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountCode(String);

/// Why a text is no account's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("account {0:?}: use 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit")]
pub struct AccountCodeError(String);

impl AccountCode {
    /// Whoever has the server's own shell.
    pub const SHELL: &'static str = "shell";

    /// Checks the text; capitals and blanks around it are taken as people type them.
    pub fn new(text: &str) -> Result<Self, AccountCodeError> {
        let code = text.trim().to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let good = (1..=64).contains(&code.len())
            && code.bytes().next().is_some_and(plain)
            && code.bytes().all(|b| plain(b) || b"._-".contains(&b));
        if good { Ok(Self(code)) } else { Err(AccountCodeError(text.chars().take(80).collect())) }
    }
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountCode {
    type Error = AccountCodeError;
    fn try_from(text: String) -> Result<Self, AccountCodeError> {
        Self::new(&text)
    }
}
impl FromStr for AccountCode {
    type Err = AccountCodeError;
    fn from_str(text: &str) -> Result<Self, AccountCodeError> {
        Self::new(text)
    }
}
impl From<AccountCode> for String {
    fn from(code: AccountCode) -> String {
        code.0
    }
}
impl fmt::Display for AccountCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Longest words that somebody writes beside a deed, characters: they stand in the log for ever, and an entry of it has an end.
pub const LONGEST_WORDS: usize = 200;

/// The words that somebody writes beside a deed, a reason or a decision's number, without blanks around them; none when they are
/// longer than [`LONGEST_WORDS`] or more than one line.
pub fn words_beside(text: &str) -> Option<&str> {
    let text = text.trim();
    (text.chars().count() <= LONGEST_WORDS && !text.chars().any(char::is_control)).then_some(text)
}

words! {
    /// What somebody is trusted with; what each role may do is [`RULES`](super::RULES).
    Role {
        /// Looks: người xem.
        Viewer = "viewer",
        /// Runs screens and puts together their own content: người vận hành.
        Operator = "operator",
        /// Approves content: người duyệt.
        Approver = "approver",
        /// Answers for the unit: thủ trưởng đơn vị.
        UnitHead = "unit-head",
        /// Makes the city's orders: biên tập viên thành phố.
        CityEditor = "city-editor",
        /// Looks into everything, changes nothing: kiểm tra viên.
        Auditor = "auditor",
        /// Gives accounts and roles: quản trị viên.
        Administrator = "administrator",
    }
}

/// A role over a unit and all below it, for some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its number, by which it is revoked; 0 when it is not kept anywhere.
    pub id: u32,
    /// What for.
    pub role: Role,
    /// Over which unit and what lies below it; none: the whole city and every body outside its tree.
    pub unit: Option<UnitCode>,
    /// On which days, both ends included.
    pub days: DaySpan,
    /// Number of the decision behind it, as it is written on paper; may be empty.
    pub decision: String,
    /// Who has passed it on while it stays his: delegation (uỷ quyền). It can go no further.
    pub given_by: Option<AccountCode>,
}

/// That somebody has given somebody a role, or passed it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// To whom.
    pub to: AccountCode,
    /// Who.
    pub by: AccountCode,
    /// When.
    pub at: UtcMillis,
}

/// How far an API token goes: never beyond its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// What it may be used for.
    pub acts: BTreeSet<Act>,
    /// Only there and below; none: wherever the account may.
    pub unit: Option<UnitCode>,
}

/// How somebody came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// With a browser, signed in.
    Session,
    /// A program, with a token of the account.
    Token(Scope),
    /// On the server's own shell, where everything is in reach anyway.
    Shell,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// His account.
    pub account: AccountCode,
    /// What he holds, whatever the days.
    pub grants: Vec<Grant>,
    /// Was a second factor shown in this session: six digits, or a passkey?
    pub strong: bool,
    /// How he came in.
    pub via: Via,
}

impl Caller {
    /// Whoever has not signed in: he holds nothing, so he may nothing.
    pub fn nobody() -> Self {
        let account = AccountCode("nobody".to_owned());
        Self { account, grants: Vec::new(), strong: false, via: Via::Session }
    }
    /// Whoever has the server's own shell.
    pub fn shell() -> Self {
        let account = AccountCode(AccountCode::SHELL.to_owned());
        Self { account, grants: Vec::new(), strong: true, via: Via::Shell }
    }
}

/// Something that somebody did, as the log will say it: written in the same transaction as the deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: UtcMillis,
    /// Whose account.
    pub by: AccountCode,
    /// What: a stable word.
    pub act: &'static str,
    /// On what: kind and code.
    pub on: String,
    /// What there is to say of it: no secret, and nobody's private matter.
    pub detail: String,
}

impl From<Deed> for Statement {
    fn from(deed: Deed) -> Self {
        let Deed { at, by, act, on, detail } = deed;
        Self::Act { at_ms: at, account: by.into(), act: act.to_owned(), on, detail }
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its name for life.
    pub code: AccountCode,
    /// Whose it is.
    pub name: String,
    /// Since when.
    pub made: UtcMillis,
    /// When somebody last signed in with it.
    pub entered: Option<UtcMillis>,
    /// When it was deactivated.
    pub ended: Option<UtcMillis>,
    /// Was a password chosen?
    pub ready: bool,
    /// What it holds, without what was revoked, whatever the days.
    pub grants: Vec<Grant>,
}

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub account: AccountCode,
    /// Was a second factor shown?
    pub strong: bool,
    /// Since when.
    pub made: UtcMillis,
    /// When it last asked for something.
    pub seen: UtcMillis,
    /// What the account holds.
    pub grants: Vec<Grant>,
}

/// What a program comes in with, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its number, by which it is revoked.
    pub id: u32,
    /// It may never more than this account.
    pub account: AccountCode,
    /// What people call it.
    pub label: String,
    /// How far it goes.
    pub scope: Scope,
    /// Good until then.
    pub expires: UtcMillis,
}

/// A passkey of an account: what its secret, which never leaves the authenticator, is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its number, by which it is taken away.
    pub id: u32,
    /// What its owner calls it.
    pub name: String,
    /// Since when.
    pub made: UtcMillis,
    /// When somebody last signed in with it.
    pub used: Option<UtcMillis>,
    /// Its public key and what else of it is looked at, as `webauthn-rs` writes them: JSON.
    pub key: String,
}

/// What a sign-in is held against; nobody prints it.
#[derive(Clone)]
pub struct Secrets {
    /// Argon2id in PHC form; none before the first sign-in.
    pub password: Option<String>,
    /// Of the authenticator.
    pub seed: Option<Sha256Hash>,
    /// Its newest code that was used.
    pub step: u64,
    /// Is the browser one from which somebody has signed in before?
    pub known_browser: bool,
}

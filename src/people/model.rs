//! Accounts, roles, and who is at the door.

use super::may::Act;
use crate::directory::DaySpan;
use crate::directory::words::words;
use lichphat_playlists::ids::UnitCode;
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
    /// Was a second factor shown in this session?
    pub strong: bool,
    /// How he came in.
    pub via: Via,
}

impl Caller {
    /// Whoever has the server's own shell.
    pub fn shell() -> Self {
        let account = AccountCode(AccountCode::SHELL.to_owned());
        Self { account, grants: Vec::new(), strong: true, via: Via::Shell }
    }
}

//! Subscriptions, cases and messages.

pub use crate::attention::Site;
use crate::attention::{Cause, State};
use crate::lang::Lang;
use crate::people::AccountCode;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::time::{LocalDay, UtcMillis};

/// What one account wants to be told, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Whose.
    pub account: AccountCode,
    /// In which language.
    pub lang: Lang,
    /// Address for e-mail; empty: none.
    pub email: String,
    /// Address of a program that takes it as JSON; empty: none.
    pub webhook: String,
    /// Second of the local day at which the morning's digest goes out; none: no digest.
    pub digest_s: Option<u32>,
    /// Told of dark sites?
    pub dark: bool,
    /// The last day whose digest was put together.
    pub digested: Option<LocalDay>,
}

/// By which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A mail.
    Email,
    /// JSON to an address.
    Webhook,
}

impl Way {
    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

impl Subscription {
    /// Where it goes: every way that has an address.
    pub fn ways(&self) -> impl Iterator<Item = (Way, &str)> {
        let ways = [(Way::Email, self.email.as_str()), (Way::Webhook, self.webhook.as_str())];
        ways.into_iter().filter(|(_, to)| !to.is_empty())
    }
}

/// A site that is not well: opened once, however many screens stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its number.
    pub id: u64,
    /// Where.
    pub site: Site,
    /// Dark or offline.
    pub state: State,
    /// Why.
    pub cause: Cause,
    /// Since when it is known.
    pub opened: UtcMillis,
    /// Its screens, at their most.
    pub screens: Vec<ScreenCode>,
    /// When people were told last; none: not yet.
    pub told: Option<UtcMillis>,
    /// Who has taken it, and when.
    pub taken: Option<(AccountCode, UtcMillis)>,
    /// When it was over.
    pub closed: Option<UtcMillis>,
}

/// A site as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteNow {
    /// Dark or offline.
    pub state: State,
    /// Since when.
    pub since: UtcMillis,
    /// Which screens.
    pub screens: Vec<ScreenCode>,
}

/// What a round changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseChange {
    /// A new one; its number is the store's.
    Open(Case),
    /// Screens joined it.
    Grown(u64, Vec<ScreenCode>),
    /// People are told at that moment.
    Told(u64, UtcMillis),
    /// It is over.
    Close(u64, UtcMillis),
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// What is to be sent, to whom and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Whose.
    pub account: AccountCode,
    /// How.
    pub way: Way,
    /// Where; never in a log.
    pub to: String,
    /// What.
    pub message: Message,
}

/// A message that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number.
    pub id: u64,
    /// What, to whom, where.
    pub message: NewMessage,
    /// When it was made.
    pub made: UtcMillis,
    /// How often it was tried.
    pub tries: u32,
}

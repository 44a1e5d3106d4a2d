//! Coming in: with a one-time code for the first time, with name, password and six digits or a passkey from then on, with a token for
//! programs.

use super::authenticator::Authenticator;
use super::error::{NotIn, PeopleError, Refused};
use super::model::{Account, AccountCode, Caller, Deed, Via};
use super::passkey::{Kept, Passkeys, Question};
use super::password::{self, Passwords, Turn};
use super::secret::{code_hash, secret};
use super::throttle::{Throttle, Who};
use super::{NewSecrets, NewSession, PeopleStore, UsedPasskey};
use crate::keys::PeopleKey;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::ports::{Clock, Rng};
use lichphat_playlists::time::UtcOffset;
use std::net::IpAddr;
use std::sync::Arc;

/// A session that nobody used for so long is over, ms.
const IDLE_MS: i64 = 2 * 3_600_000;
/// So is one that has begun so long ago, ms: a working day.
pub(super) const SESSION_MS: i64 = 12 * 3_600_000;
/// A session's use is written down no more often, ms.
const TOUCH_MS: i64 = 60_000;
/// How far a clock may be set back before sessions of the time after it are over, ms.
const SET_BACK_MS: i64 = 5 * 60_000;
/// Most characters of a person's name.
const NAME_LIMIT: usize = 120;

/// The room's door.
pub struct People {
    pub(super) store: Arc<dyn PeopleStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rng: Arc<dyn Rng>,
    pub(super) offset: UtcOffset,
    pub(super) key: PeopleKey,
    pub(super) passwords: Passwords,
    pub(super) throttle: Throttle,
    /// None: the server has no name that browsers could hold passkeys by.
    pub(super) passkeys: Option<Passkeys>,
}

/// What somebody shows who wants to come in.
#[derive(Clone, Default)]
pub struct SignIn {
    /// Name of the account.
    pub account: String,
    /// Password.
    pub password: String,
    /// Six digits of the authenticator; empty: whoever has a passkey is asked for it.
    pub digits: String,
    /// Are passkeys good where he is?
    pub passkeys: bool,
    /// What the browser kept of the last time.
    pub browser: Option<String>,
    /// The session it still has.
    pub before: Option<String>,
}

/// How far somebody has come with name and password.
pub enum SignedIn {
    /// In.
    Entered(Entered),
    /// To a passkey.
    Asked(Question),
}

/// What a browser keeps from then on.
#[derive(Clone)]
pub struct Entered {
    /// Secret of the session.
    pub session: String,
    /// Secret by which the browser is known the next time.
    pub browser: String,
}

/// Whom a one-time code is for, and the authenticator that it sets up.
pub struct First {
    /// The account; none: one that is made with it.
    pub account: Option<Account>,
    /// Follows from the code, so that the same code shows the same picture.
    pub authenticator: Authenticator,
}

/// What is chosen with a one-time code.
#[derive(Clone, Default)]
pub struct Chosen {
    /// The code, as typed.
    pub code: String,
    /// The account's name, when it is made now.
    pub account: String,
    /// Whose it is, then.
    pub name: String,
    /// Password.
    pub password: String,
    /// The same.
    pub again: String,
    /// Six digits of the authenticator.
    pub digits: String,
}

impl People {
    /// Over its ports.
    pub fn new(
        store: Arc<dyn PeopleStore>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        offset: UtcOffset,
        key: PeopleKey,
    ) -> Self {
        let (passwords, throttle) = (Passwords::new(), Throttle::new());
        Self { store, clock, rng, offset, key, passwords, throttle, passkeys: None }
    }

    /// What somebody did with his own account.
    pub(super) fn own_deed(&self, by: &AccountCode, act: &'static str, detail: &str) -> Deed {
        let (at, by, on, detail) = (self.clock.now(), by.clone(), format!("account {by}"), detail.to_owned());
        Deed { at, by, act, on, detail }
    }

    fn begin(&self, whose: &[Who]) -> Result<(), PeopleError> {
        self.throttle.begin(whose, self.clock.mono_ms()).map_err(|s| NotIn::Wait(s).into())
    }

    /// Lets somebody in, or says no in the same words and after the same work whatever was wrong.
    pub async fn sign_in(&self, shown: SignIn, from: IpAddr) -> Result<SignedIn, PeopleError> {
        let code = AccountCode::new(&shown.account).ok();
        let browser = shown.browser.filter(|b| b.len() == 64);
        let browser_hash = browser.as_deref().map(browser_hash);
        let found = match &code {
            Some(code) => self.store.secrets(code, browser_hash).await?,
            None => None,
        };
        let name = shown.account.trim().to_lowercase();
        let known = browser_hash.filter(|_| found.as_ref().is_some_and(|f| f.known_browser));
        let whose = whose(&name, known, from);
        self.begin(&whose)?;
        let held = found.as_ref().and_then(|f| f.password.as_deref());
        let right = self
            .passwords
            .is(&shown.password, held, if known.is_some() { Turn::Kept } else { Turn::Strangers })
            .await?;
        let seed = found.as_ref().and_then(|f| f.seed);
        let authenticator = Authenticator::of(&self.key.0, seed.unwrap_or(Sha256Hash([0; 32])))?;
        let last = found.as_ref().map_or(0, |f| f.step);
        let step = authenticator.step(&shown.digits, self.clock.now(), last).filter(|_| seed.is_some());
        let wrong = || {
            tracing::info!(network = %from, "somebody was not let in");
            PeopleError::from(NotIn::Wrong)
        };
        let (Some(code), true) = (code, right) else { return Err(wrong()) };
        let kept = Kept { browser: browser.filter(|_| known.is_some()), before: shown.before };
        let passkeys = self.store.passkeys(&code).await?;
        if shown.passkeys && shown.digits.trim().is_empty() && !passkeys.is_empty() {
            return Ok(SignedIn::Asked(self.ask_for_passkey(code, &passkeys, (whose, kept))?));
        }
        if step.is_none() && (seed.is_some() || !passkeys.is_empty()) {
            return Err(wrong());
        }
        // two at once with the same six digits: one of them comes in
        let entered = self.open(code, (step.is_some(), step, None), kept).await?.ok_or_else(wrong)?;
        self.throttle.passed(&whose);
        Ok(SignedIn::Entered(entered))
    }

    /// Begins a session of its own secret: whatever the browser brought along is worth nothing. None when the second factor was used
    /// before.
    pub(super) async fn open(
        &self,
        account: AccountCode,
        (strong, step, passkey): (bool, Option<u64>, Option<UsedPasskey>),
        Kept { browser, before }: Kept,
    ) -> Result<Option<Entered>, PeopleError> {
        let (session, hash) = secret(&*self.rng);
        let browser = browser.unwrap_or_else(|| secret(&*self.rng).0);
        let new = NewSession {
            hash,
            account,
            strong,
            step,
            passkey,
            browser: browser_hash(&browser),
            before: before.map(|b| Sha256Hash::of(b.as_bytes())),
            at: self.clock.now(),
        };
        Ok(self.store.open_session(new).await?.then_some(Entered { session, browser }))
    }

    /// Who has this session, while it lasts. `active` is false for a page that only asks by itself for newer figures.
    pub async fn by_session(&self, session: &str, active: bool) -> Result<Option<Caller>, PeopleError> {
        let hash = Sha256Hash::of(session.as_bytes());
        let Some(found) = self.store.session(hash).await? else { return Ok(None) };
        let now = self.clock.now();
        let (age_ms, idle_ms) = (now.since_ms(found.made), now.since_ms(found.seen));
        if !(-SET_BACK_MS..SESSION_MS).contains(&age_ms) || idle_ms >= IDLE_MS {
            self.store.end_session(hash, now.plus_ms(-SESSION_MS)).await?;
            return Ok(None);
        }
        if active && idle_ms.abs() >= TOUCH_MS {
            self.store.touch_session(hash, now).await?;
        }
        let (account, strong) = (found.account, found.strong);
        Ok(Some(Caller { account, grants: found.grants, strong, via: Via::Session }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &str) -> Result<(), PeopleError> {
        let stale = self.clock.now().plus_ms(-SESSION_MS);
        Ok(self.store.end_session(Sha256Hash::of(session.as_bytes()), stale).await?)
    }

    /// Who comes in with this token, while it is good.
    pub async fn by_token(&self, token: &str) -> Result<Option<Caller>, PeopleError> {
        let Some(secret) = token.strip_prefix(TOKEN_PREFIX).filter(|s| s.len() == 64) else { return Ok(None) };
        let found = self.store.token(Sha256Hash::of(secret.as_bytes()), self.clock.now()).await?;
        Ok(found.map(|(token, grants)| Caller {
            account: token.account,
            grants,
            strong: false,
            via: Via::Token(token.scope),
        }))
    }

    /// Whom a one-time code is for.
    pub async fn first(&self, code: &str, from: IpAddr) -> Result<First, PeopleError> {
        let whose = [Who::network(from)];
        self.begin(&whose)?;
        let hash = code_hash(code);
        let account = self.store.code(hash, self.clock.now()).await?.ok_or(NotIn::Code)?;
        self.throttle.passed(&whose);
        Ok(First { account, authenticator: self.authenticator(hash)? })
    }

    /// The seed is of the code's hash and of nothing else: used up, it is never the seed of another.
    fn authenticator(&self, code: Sha256Hash) -> Result<Authenticator, PeopleError> {
        Authenticator::of(&self.key.0, code)
    }

    /// Uses a one-time code up, and lets its owner in.
    pub async fn choose(&self, chosen: Chosen, from: IpAddr) -> Result<Entered, PeopleError> {
        let First { account, authenticator } = self.first(&chosen.code, from).await?;
        let (code, name) = match account {
            Some(account) => (account.code, None),
            None => (new_account(&chosen.account)?, Some(person(&chosen.name)?)),
        };
        if chosen.password != chosen.again {
            return Err(Refused::Twice.into());
        }
        password::check(&chosen.password, code.as_str())?;
        let whose = [Who::network(from)];
        self.begin(&whose)?;
        let step = authenticator.step(&chosen.digits, self.clock.now(), 0).ok_or(NotIn::Digits)?;
        self.throttle.passed(&whose);
        let hash = code_hash(&chosen.code);
        let hashed = self.passwords.hash(&chosen.password, &*self.rng).await?;
        let what = if name.is_some() { "becomes an administrator of the whole city" } else { "" };
        let deed = self.own_deed(&code, "first-sign-in", what);
        let new = NewSecrets { code: hash, account: code.clone(), name, password: hashed, seed: hash, step };
        if !self.store.redeem(new, deed).await? {
            return Err(match self.store.account(&code).await? {
                Some(_) if self.store.code(hash, self.clock.now()).await?.is_some() => Refused::Taken(code).into(),
                _ => NotIn::Code.into(),
            });
        }
        self.open(code, (true, None, None), Kept::default()).await?.ok_or_else(|| NotIn::Code.into())
    }

    /// Another password, for who knows the old one; every other session ends, and only the browser that asks stays known. Wrong
    /// tries are counted with those of signing in.
    pub async fn change_password(
        &self,
        who: &AccountCode,
        (session, browser, from): (&str, Option<&str>, IpAddr),
        (old, new, again): (&str, &str, &str),
    ) -> Result<(), PeopleError> {
        let browser = browser.map(browser_hash);
        let found = self.store.secrets(who, browser).await?;
        let known = browser.filter(|_| found.as_ref().is_some_and(|f| f.known_browser));
        let whose = whose(who.as_str(), known, from);
        self.begin(&whose)?;
        let held = found.and_then(|secrets| secrets.password);
        if !self.passwords.is(old, held.as_deref(), Turn::Kept).await? {
            return Err(NotIn::Wrong.into());
        }
        self.throttle.passed(&whose);
        if new != again {
            return Err(Refused::Twice.into());
        }
        password::check(new, who.as_str())?;
        let hashed = self.passwords.hash(new, &*self.rng).await?;
        let deed = self.own_deed(who, "password", "");
        Ok(self.store.set_password(who, hashed, (Sha256Hash::of(session.as_bytes()), known), deed).await?)
    }
}

/// What a browser is known by.
fn browser_hash(browser: &str) -> Sha256Hash {
    Sha256Hash::of(browser.as_bytes())
}

/// With whom a try at an account's password is counted: a known browser's by themselves, those of strangers together.
fn whose(name: &str, known: Option<Sha256Hash>, from: IpAddr) -> Vec<Who> {
    match known {
        Some(hash) => vec![Who::Browser(Sha256Hash::of(&[&hash.0, name.as_bytes()].concat()))],
        None => vec![Who::Account(Sha256Hash::of(name.as_bytes())), Who::network(from)],
    }
}

/// Begins every token, so that one that went astray is found by who looks for it.
pub(super) const TOKEN_PREFIX: &str = "lichphat_";

/// A name that is free to be chosen: not that of the shell.
pub(super) fn new_account(text: &str) -> Result<AccountCode, PeopleError> {
    let code = AccountCode::new(text).map_err(|_| Refused::Account(text.chars().take(80).collect()))?;
    if code.as_str() == AccountCode::SHELL { Err(Refused::Taken(code).into()) } else { Ok(code) }
}

/// A person's name, as it will be shown.
pub(super) fn person(name: &str) -> Result<String, PeopleError> {
    let name = name.trim();
    let good = (1..=NAME_LIMIT).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if good { Ok(name.to_owned()) } else { Err(Refused::Name.into()) }
}

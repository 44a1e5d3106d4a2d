//! Passkeys: a second factor that no false page can ask for, because the browser shows it to the address it was made at alone.
//!
//! What authenticators send is read and held against what was asked by `webauthn-rs`; here stands who may ask, for how long, and once.

use super::enter::{Entered, People};
use super::error::{NotIn, PeopleError, Refused};
use super::manage::is_himself;
use super::model::{AccountCode, Caller, Passkey};
use super::secret::secret;
use super::throttle::Who;
use super::{NewPasskey, UsedPasskey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use lichphat_playlists::ids::Sha256Hash;
use lru::LruCache;
use sha2::Sha256;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use webauthn_rs::prelude::{
    Passkey as Key, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url,
    Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

/// How long what was asked of an authenticator may be answered, ms.
const OPEN_MS: u64 = 5 * 60_000;
/// So many may be open at once. One a session, and of who knows a password as many as he has tries to sign in: nobody pushes others
/// out.
const OPEN: NonZeroUsize = NonZeroUsize::new(1_024).expect("not zero");
/// Passkeys of one account.
const MOST: usize = 10;
/// Most characters of a passkey's name.
const NAME_LIMIT: usize = 60;

/// The address at which passkeys are good, and what is open.
pub(super) struct Passkeys {
    webauthn: Webauthn,
    address: Url,
    open: Mutex<LruCache<Sha256Hash, (u64, Ceremony)>>,
}

/// What was asked of an authenticator.
enum Ceremony {
    /// To make a passkey, in the session that it is kept under.
    Making { account: AccountCode, name: String, state: PasskeyRegistration },
    /// To show one, of who has just given the password.
    Showing { account: AccountCode, keys: Vec<Key>, state: PasskeyAuthentication, tries: Vec<Who>, kept: Kept },
}

/// What the browser brought along: by what it is known, and its session before.
#[derive(Clone, Default)]
pub(super) struct Kept {
    pub(super) browser: Option<String>,
    pub(super) before: Option<String>,
}

/// What an authenticator is asked.
#[derive(Clone)]
pub struct Question {
    /// Its secret, which comes back with the answer: 64 hexadecimal digits, good once and for five minutes.
    pub ceremony: String,
    /// For the browser's `navigator.credentials`: JSON as W3C's Web Authentication has it, bytes in base64url.
    pub options: String,
}

/// Are passkeys good where somebody is?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Yes.
    Here,
    /// Only at this address.
    At(String),
    /// The server has no name.
    Nowhere,
}

impl Passkeys {
    /// At `https://name` or `https://name:port`.
    pub(super) fn at(address: &str) -> Result<Self, PeopleError> {
        let failed = |error: &dyn std::fmt::Display| PeopleError::Internal(format!("web.address = {address}: {error}"));
        let address = Url::parse(address).map_err(|e| failed(&e))?;
        let name = address.domain().unwrap_or_default().to_owned();
        let webauthn = WebauthnBuilder::new(&name, &address).and_then(|b| b.rp_name("lichphat").build());
        let open = Mutex::new(LruCache::new(OPEN));
        Ok(Self { webauthn: webauthn.map_err(|e| failed(&e))?, address, open })
    }

    fn begin(&self, ceremony: Sha256Hash, mono_ms: u64, what: Ceremony) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).put(ceremony, (mono_ms, what));
    }

    /// What was begun; it is over with that, however it ends.
    fn end(&self, ceremony: &str, mono_ms: u64) -> Option<Ceremony> {
        let begun = self.open.lock().unwrap_or_else(PoisonError::into_inner).pop(&Sha256Hash::of(ceremony.as_bytes()));
        begun.filter(|(at, _)| mono_ms.saturating_sub(*at) < OPEN_MS).map(|(_, what)| what)
    }
}

fn internal(error: &dyn std::fmt::Display) -> PeopleError {
    PeopleError::Internal(format!("passkey: {error}"))
}

fn read(keys: &[Passkey]) -> Result<Vec<Key>, PeopleError> {
    keys.iter().map(|key| serde_json::from_str(&key.key).map_err(|e| internal(&e))).collect()
}

impl People {
    /// The same, reached at `https://name` or `https://name:port`; passkeys are made and shown there and nowhere else.
    ///
    /// # Errors
    /// It is no such address.
    pub fn reached_at(mut self, address: &str) -> Result<Self, PeopleError> {
        self.passkeys = Some(Passkeys::at(address)?);
        Ok(self)
    }

    /// Are passkeys good at this host, `name` or `name:port` as a request says it?
    pub fn offers_passkeys(&self, host: Option<&str>) -> Offer {
        let Some(held) = &self.passkeys else { return Offer::Nowhere };
        let asked = host.and_then(|host| Url::parse(&format!("https://{host}")).ok());
        match asked.is_some_and(|asked| asked.origin() == held.address.origin()) {
            true => Offer::Here,
            false => Offer::At(held.address.origin().ascii_serialization()),
        }
    }

    fn held(&self) -> Result<&Passkeys, PeopleError> {
        self.passkeys.as_ref().ok_or_else(|| Refused::NoPasskeys.into())
    }

    /// Those of an account, the oldest first.
    pub async fn passkeys(&self, account: &AccountCode) -> Result<Vec<Passkey>, PeopleError> {
        Ok(self.store.passkeys(account).await?)
    }

    /// Has the account an authenticator of six digits?
    pub async fn has_digits(&self, account: &AccountCode) -> Result<bool, PeopleError> {
        Ok(self.store.secrets(account, None).await?.is_some_and(|secrets| secrets.seed.is_some()))
    }

    /// What an authenticator knows the account by: always the same, and nothing that says whose it is.
    fn handle(&self, account: &AccountCode) -> Result<Uuid, PeopleError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key.0).map_err(|e| internal(&e))?;
        mac.update(b"lichphat passkey v1\n");
        mac.update(account.as_str().as_bytes());
        Uuid::from_slice(&mac.finalize().into_bytes()[..16]).map_err(|e| internal(&e))
    }

    /// Asks for a new passkey, under a name that its owner knows it by; the answer are the options for the browser's
    /// `navigator.credentials`. A session asks for one at a time.
    pub async fn ask_for_new_passkey(&self, who: &Caller, session: &str, name: &str) -> Result<String, PeopleError> {
        is_himself(who)?;
        let (held, name) = (self.held()?, name.trim());
        if name.is_empty() || name.chars().count() > NAME_LIMIT || name.chars().any(char::is_control) {
            return Err(Refused::PasskeyName.into());
        }
        let keys = read(&self.store.passkeys(&who.account).await?)?;
        if keys.len() >= MOST {
            return Err(Refused::ManyPasskeys(MOST).into());
        }
        let (there, account) = (keys.iter().map(|key| key.cred_id().clone()).collect(), who.account.as_str());
        let asked = held.webauthn.start_passkey_registration(self.handle(&who.account)?, account, account, Some(there));
        let (options, state) = asked.map_err(|e| internal(&e))?;
        let options = serde_json::to_string(&options).map_err(|e| internal(&e))?;
        let making = Ceremony::Making { account: who.account.clone(), name: name.to_owned(), state };
        held.begin(Sha256Hash::of(session.as_bytes()), self.clock.mono_ms(), making);
        Ok(options)
    }

    /// Keeps the passkey that an authenticator has made.
    pub async fn add_passkey(&self, who: &Caller, session: &str, answer: &str) -> Result<(), PeopleError> {
        is_himself(who)?;
        let held = self.held()?;
        let Some(Ceremony::Making { account, name, state }) = held.end(session, self.clock.mono_ms()) else {
            return Err(Refused::PasskeyNotMade.into());
        };
        let made = serde_json::from_str::<RegisterPublicKeyCredential>(answer).map_err(|_| Refused::PasskeyNotMade)?;
        let key = held.webauthn.finish_passkey_registration(&made, &state).map_err(|error| {
            tracing::info!(%account, %error, "a passkey was not taken");
            Refused::PasskeyNotMade
        })?;
        let (text, at) = (serde_json::to_string(&key).map_err(|e| internal(&e))?, self.clock.now());
        let passkey = Passkey { id: 0, name, made: at, used: None, key: text };
        let new = NewPasskey { account: account.clone(), credential: key.cred_id().to_vec(), passkey };
        // its name is its owner's own matter, and the log is everybody's
        let added = self.store.add_passkey(new, self.own_deed(&account, "passkey", "")).await?;
        if added { Ok(()) } else { Err(Refused::PasskeyNotMade.into()) }
    }

    /// Takes a passkey away, with every session but this one, which may have begun with a copy of it; never the last second factor.
    pub async fn remove_passkey(&self, who: &Caller, session: &str, id: u32) -> Result<(), PeopleError> {
        is_himself(who)?;
        let keys = self.store.passkeys(&who.account).await?;
        if !keys.iter().any(|key| key.id == id) {
            return Err(Refused::Gone.into());
        }
        // the store looks again, in the same transaction: two pages may take one away at once
        let but = (Sha256Hash::of(session.as_bytes()), self.own_deed(&who.account, "passkey-end", ""));
        let gone = self.store.remove_passkey(&who.account, id, but).await?;
        if gone { Ok(()) } else { Err(Refused::LastFactor.into()) }
    }

    /// Takes the authenticator of six digits away, so that nobody can be asked for them; with every session
    /// but this one; only from who has come in with a passkey before.
    pub async fn end_digits(&self, who: &Caller, session: &str) -> Result<(), PeopleError> {
        is_himself(who)?;
        let but = (Sha256Hash::of(session.as_bytes()), self.own_deed(&who.account, "digits-end", ""));
        let gone = self.store.end_digits(&who.account, but).await?;
        if gone { Ok(()) } else { Err(Refused::UnusedPasskey.into()) }
    }

    /// Asks whoever has just given the password for one of these passkeys.
    pub(super) fn ask_for_passkey(
        &self,
        account: AccountCode,
        keys: &[Passkey],
        (tries, kept): (Vec<Who>, Kept),
    ) -> Result<Question, PeopleError> {
        let (held, keys) = (self.held()?, read(keys)?);
        let (options, state) = held.webauthn.start_passkey_authentication(&keys).map_err(|e| internal(&e))?;
        let options = serde_json::to_string(&options).map_err(|e| internal(&e))?;
        let (ceremony, hash) = secret(&*self.rng);
        held.begin(hash, self.clock.mono_ms(), Ceremony::Showing { account, keys, state, tries, kept });
        Ok(Question { ceremony, options })
    }

    /// Lets in who has given the password and now shows a passkey.
    pub async fn sign_in_by_passkey(&self, ceremony: &str, answer: &str, from: IpAddr) -> Result<Entered, PeopleError> {
        let held = self.passkeys.as_ref().ok_or(NotIn::Passkey)?;
        let Some(Ceremony::Showing { account, keys, state, tries, kept }) = held.end(ceremony, self.clock.mono_ms())
        else {
            return Err(NotIn::Passkey.into());
        };
        let shown = serde_json::from_str::<PublicKeyCredential>(answer).map_err(|_| NotIn::Passkey)?;
        let result = held.webauthn.finish_passkey_authentication(&shown, &state);
        let result = result.map_err(|error| {
            match error {
                WebauthnError::CredentialPossibleCompromise => looks_copied(&account),
                error => tracing::info!(network = %from, %account, %error, "somebody was not let in"),
            }
            NotIn::Passkey
        })?;
        let mut key = keys.into_iter().find(|key| key.cred_id() == result.cred_id()).ok_or(NotIn::Passkey)?;
        key.update_credential(&result);
        let (credential, counter) = (key.cred_id().to_vec(), result.counter());
        let key = serde_json::to_string(&key).map_err(|e| internal(&e))?;
        let used = UsedPasskey { credential, counter, key };
        let Some(entered) = self.open(account.clone(), (true, None, Some(used)), kept).await? else {
            looks_copied(&account); // or was taken away meanwhile
            return Err(NotIn::Passkey.into());
        };
        self.throttle.passed(&tries);
        Ok(entered)
    }
}

/// Its counter has not gone up: two authenticators have one key.
fn looks_copied(account: &AccountCode) {
    tracing::warn!(%account, "a passkey was not let in: its counter did not go up, so it may have been copied; take it away");
}

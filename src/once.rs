//! Once: a request that changes something and is sent again, because its answer was lost on the way, is carried out once
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! A key is a word of the account that sends it; what was answered under it is kept for a day. No clock and no store in here.

use crate::error::StoreError;
use async_trait::async_trait;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::UtcMillis;

/// How long answers are kept, ms.
pub const KEPT_MS: i64 = 24 * 3_600_000;
/// A request that has no answer after so long has died with its server, ms: it may be tried again.
pub const DEAD_MS: i64 = 5 * 60_000;

/// A key as one account uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Whose.
    pub account: String,
    /// His word.
    pub word: String,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Content type; empty: there is no body.
    pub kind: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What a key means now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing yet: the request is this key's from now on.
    New,
    /// The same request was answered.
    Again(Answer),
    /// The same request is being carried out.
    Running,
    /// It stands for another request.
    Other,
}

impl Begun {
    /// By what is kept of a key: when it was first used, for which request, and what was answered.
    pub fn of(held: Option<(UtcMillis, Sha256Hash, Option<Answer>)>, request: Sha256Hash, now: UtcMillis) -> Self {
        match held {
            Some((at, ..)) if now.since_ms(at) > KEPT_MS => Self::New,
            Some((_, other, _)) if other != request => Self::Other,
            Some((_, _, Some(answer))) => Self::Again(answer),
            Some((at, _, None)) if now.since_ms(at) <= DEAD_MS => Self::Running,
            Some(_) | None => Self::New,
        }
    }
}

/// What the store must do; each call is one transaction.
#[async_trait]
pub trait OnceStore: Send + Sync {
    /// Takes a key for a request (its hash), unless it means something; forgets what is older than [`KEPT_MS`].
    async fn begin(&self, key: Key, request: Sha256Hash, now: UtcMillis) -> Result<Begun, StoreError>;
    /// Keeps what was answered; none: nothing came of it, and the key is free again.
    async fn end(&self, key: Key, answer: Option<Answer>) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_means_one_request_for_a_day() {
        let (mine, other) = (Sha256Hash([1; 32]), Sha256Hash([2; 32]));
        let answer = Answer { status: 200, kind: "application/json".into(), body: b"{}".to_vec() };
        let of = |answer: Option<&Answer>, request, after_ms| {
            Begun::of(Some((UtcMillis(1_000), mine, answer.cloned())), request, UtcMillis(1_000 + after_ms))
        };
        assert_eq!(Begun::of(None, mine, UtcMillis(0)), Begun::New);
        assert_eq!(of(Some(&answer), mine, KEPT_MS), Begun::Again(answer.clone()));
        assert_eq!(of(Some(&answer), other, KEPT_MS), Begun::Other);
        assert_eq!(of(Some(&answer), other, KEPT_MS + 1), Begun::New);
        assert_eq!(of(None, mine, DEAD_MS), Begun::Running);
        assert_eq!(of(None, mine, DEAD_MS + 1), Begun::New, "its server died");
    }
}

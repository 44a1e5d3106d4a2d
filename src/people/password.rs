//! Passwords: long, of any letters, and worked through argon2id on threads that answer nobody.

use super::error::PeopleError;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use lichphat_playlists::ports::Rng;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{AcquireError, Semaphore};
use unicode_normalization::UnicodeNormalization as _;

/// Fewest and most characters.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=128;
/// Fewest different characters: no row of one key.
const DIFFERENT: usize = 5;
/// Hashes at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// Of them for strangers: a wave of them leaves a turn to who is known.
const STRANGERS: usize = 1;
/// Longest wait for a turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is worked through when there is no such account: of the same cost, and nobody's.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bGljaHBoYXQtbm9ib2R5$lZ1d4f5yP3m0cVQ8x0mYkq6rZ3c2nJ7b9tH1sW5uX0A";

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has 12 to 128 characters; a sentence is easy to remember")]
    Length,
    /// One key, or the account's own name.
    #[error("this password is easy to guess: use at least 5 different characters, and not the account's name")]
    Simple,
}

/// Every spelling of the same letters as one: keyboards compose Vietnamese differently.
fn normal(password: &str) -> String {
    password.nfc().collect()
}

/// Is it long and not simple?
pub(super) fn check(password: &str, account: &str) -> Result<(), PasswordError> {
    let password = normal(password);
    if !LENGTH.contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    let different: BTreeSet<char> = password.chars().collect();
    let rest = password.to_lowercase().replace(account, "");
    if different.len() < DIFFERENT || rest.chars().count() < LENGTH.start() / 2 {
        return Err(PasswordError::Simple);
    }
    Ok(())
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Of somebody who is known: by his browser, his session or a one-time code.
    Kept,
    /// Of anybody.
    Strangers,
}

/// Works passwords through, a few at once.
pub(super) struct Passwords {
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), strangers: Arc::new(Semaphore::new(STRANGERS)) }
    }

    /// The password in PHC form, salted; of who may choose one.
    pub(super) async fn hash(&self, password: &str, rng: &dyn Rng) -> Result<String, PeopleError> {
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        let password = normal(password);
        let job = move || Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
        let hashed = self.work(Turn::Kept, job).await?;
        Ok(hashed.map_err(|error| PeopleError::Internal(error.to_string()))?.to_string())
    }

    /// Is it this one? Without one to hold it against the answer is no, and takes as long.
    pub(super) async fn is(&self, password: &str, held: Option<&str>, turn: Turn) -> Result<bool, PeopleError> {
        let (known, held) = (held.is_some(), held.unwrap_or(NOBODY).to_owned());
        // what nobody can have chosen is not worked through at its length
        let password: String = normal(password).chars().take(*LENGTH.end() + 1).collect();
        let same = self
            .work(turn, move || {
                let held = PasswordHash::new(&held)?;
                Argon2::default().verify_password(password.as_bytes(), &held)
            })
            .await?;
        Ok(known && same.is_ok())
    }

    async fn work<T: Send + 'static>(
        &self,
        turn: Turn,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PeopleError> {
        let turns = async {
            // strangers queue among themselves first, so that at most so many of them stand in the other queue
            let stranger = match turn {
                Turn::Strangers => Some(Arc::clone(&self.strangers).acquire_owned().await?),
                Turn::Kept => None,
            };
            Ok::<_, AcquireError>((stranger, Arc::clone(&self.all).acquire_owned().await?))
        };
        let Ok(Ok(turns)) = tokio::time::timeout(PATIENCE, turns).await else { return Err(PeopleError::Busy) };
        let done = tokio::task::spawn_blocking(move || {
            let _turns = turns; // kept by the work itself: who goes away meanwhile makes no room
            job()
        });
        done.await.map_err(|error| PeopleError::Internal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRng;

    #[test]
    fn a_password_is_long_and_of_any_letters() {
        for good in ["bốn con gà trống", "correct horse", "🐓🐔🐣🐤🐥🐦abcdef"] {
            assert_eq!(check(good, "lan"), Ok(()), "{good}");
        }
        assert_eq!(check(&"một hai ".repeat(16), "lan"), Ok(()), "128 characters");
        for (bad, why) in [
            ("mười một ch", PasswordError::Length),
            (&"xin chào ".repeat(15), PasswordError::Length),
            ("aaaaaaaaaaaaaa", PasswordError::Simple),
            ("nguyen.van.an", PasswordError::Simple),
        ] {
            assert_eq!(check(bad, "nguyen.van.an"), Err(why), "{bad}");
        }
    }

    #[tokio::test]
    async fn only_the_same_letters_pass_however_they_are_composed() {
        let passwords = Passwords::new();
        let held = passwords.hash("phường Ba Đình 2026", &SystemRng).await.unwrap();
        assert!(held.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{held}");
        let decomposed: String = "phường Ba Đình 2026".nfd().collect();
        assert!(passwords.is(&decomposed, Some(&held), Turn::Kept).await.unwrap());
        assert!(!passwords.is("phường Ba Đình 2027", Some(&held), Turn::Kept).await.unwrap());
        assert!(!passwords.is("phường Ba Đình 2026", None, Turn::Kept).await.unwrap());
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let real = PasswordHash::new(&held).unwrap();
        assert_eq!((nobody.params, nobody.algorithm, nobody.version), (real.params, real.algorithm, real.version));
        assert_eq!(nobody.hash.unwrap().len(), real.hash.unwrap().len());
    }
    #[tokio::test]
    async fn a_wave_of_strangers_leaves_a_turn_to_who_is_known() {
        let passwords = Arc::new(Passwords::new());
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let wave: Vec<_> = (0..8)
            .map(|_| {
                let (passwords, held) = (Arc::clone(&passwords), Arc::clone(&held));
                // each holds its turn until the wave is over
                tokio::spawn(async move {
                    passwords.work(Turn::Strangers, move || held.lock().unwrap().recv().is_ok()).await
                })
            })
            .collect();
        while passwords.strangers.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.work(Turn::Kept, || 7).await.unwrap(), 7, "while all of them wait");
        drop(hold);
        for stranger in wave {
            stranger.await.unwrap().unwrap();
        }
    }
}

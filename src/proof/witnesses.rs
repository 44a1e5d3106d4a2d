//! Asking witnesses: each checkpoint of the log goes to all of them at once, and what they answer in good time goes below
//! it. A witness that is missing, slow or wrong never stops the log. How it went with each of them is kept, so that people
//! and the next process know; it is told of when that begins and when it ends.

use super::ProofError;
use super::log::{ConsistencyFrom, Head, Witnesses};
use crate::lang::{Lang, Values};
use async_trait::async_trait;
use futures_util::future::join_all;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::note::{Note, NoteSignature, VerifierKey};
use lichphat_playlists::proof::witness::AddCheckpoint;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::sign::Cosigning;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for one witness in a round, both questions together.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the log may go on without any witness before people are told, ms.
const ALONE_MS: i64 = 3_600_000;

/// What carries a request to a witness.
#[async_trait]
pub trait WitnessDoor: Send + Sync {
    /// `POST <url>/add-checkpoint` with this body: status and body of the answer, or why there is none.
    async fn add_checkpoint(&self, url: &str, body: String) -> Result<(u16, String), String>;
}

/// What the store must do for this part; each call is one transaction.
#[async_trait]
pub trait WitnessStore: Send + Sync {
    /// How it went with the witness of that key, for the log of that name; none: it was never asked.
    async fn standing(&self, origin: &str, witness: &VerifierKey<Cosigning>) -> Result<Option<Standing>, ProofError>;
    /// Keeps it.
    async fn keep_standing(
        &self,
        origin: &str,
        witness: &VerifierKey<Cosigning>,
        standing: Standing,
    ) -> Result<(), ProofError>;
}

/// One witness.
#[derive(Debug, Clone)]
pub struct Witness {
    /// Where it takes `add-checkpoint`.
    pub url: String,
    /// Its key.
    pub key: VerifierKey<Cosigning>,
}

/// How it went with a witness last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Entries it has cosigned, as far as is known.
    pub size: u64,
    /// When its newest cosignature came, by the scheduler's clock; none: never.
    pub cosigned: Option<UtcMillis>,
    /// Why it did not cosign the newest checkpoint; none: it did.
    pub trouble: Option<Trouble>,
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "why", deny_unknown_fields)]
pub enum Trouble {
    /// There was no answer, or none that makes sense.
    #[error("it gave no answer that holds: {detail}")]
    Silent {
        /// What was heard instead.
        detail: String,
    },
    /// It does not know this log, or not by this key.
    #[error("it does not know this log: give its owner the log's public key, as `lichphat init` prints it")]
    UnknownLog,
    /// It knows more of the log than there is.
    #[error(
        "it has cosigned {theirs} entries and this log has {ours}: this scheduler was restored from an older backup. Bring the newer \
         database back; if it is lost, begin a new log with `lichphat log restart`"
    )]
    Ahead {
        /// What it has cosigned.
        theirs: u64,
        /// What there is.
        ours: u64,
    },
    /// What is shown to it does not continue what it has cosigned.
    #[error(
        "this log does not continue the {size} entries it has cosigned: entries were changed, or the scheduler was restored from an \
         older backup and went on. Bring the newer database back and tell the auditors; if it is lost, begin a new log with \
         `lichphat log restart`"
    )]
    Rewritten {
        /// What it has cosigned.
        size: u64,
    },
}

impl Trouble {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Silent { .. } => "silent",
            Self::UnknownLog => "unknown-log",
            Self::Ahead { .. } => "ahead",
            Self::Rewritten { .. } => "rewritten",
        }
    }
    /// In plain words, with the mend.
    pub fn sentence(&self, witness: &Witness, lang: Lang) -> String {
        let values = match self {
            Self::Silent { detail } => Values::new().word("detail", detail.as_str()).word("url", witness.url.as_str()),
            Self::UnknownLog => Values::new(),
            Self::Ahead { theirs, ours } => Values::new().count(lang, "theirs", *theirs).count(lang, "ours", *ours),
            Self::Rewritten { size } => Values::new().count(lang, "n", *size),
        };
        lang.say(&format!("witness-{}", self.code()), &values)
    }
    /// Does the witness contradict the log, rather than miss?
    pub fn contradicts(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::Rewritten { .. })
    }
}

impl Standing {
    /// In plain words: which witness, how far it has cosigned, and what troubles it, with the mend.
    pub fn sentence(&self, witness: &Witness, lang: Lang, offset: UtcOffset) -> String {
        let name = Values::new().word("name", witness.key.name());
        let cosigned = match self.cosigned {
            Some(at) => {
                let values = name.count(lang, "n", self.size).word("time", lang.instant(at, offset));
                lang.say("witness-cosigned", &values)
            }
            None => lang.say("witness-never", &name),
        };
        match &self.trouble {
            Some(trouble) => format!("{cosigned} {}", trouble.sentence(witness, lang)),
            None => cosigned,
        }
    }
}

/// How far others vouch for a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// Nobody was ever named.
    Unasked,
    /// Somebody cosigned the newest checkpoint, or one within the last hour.
    Yes,
    /// Nobody has for an hour.
    Alone,
    /// Somebody says that the log is not what it was.
    Contradicted,
}

/// How far these witnesses vouch for the log whose newest checkpoint is `head`.
pub fn vouched(standings: &[(Witness, Standing)], head: Option<&Head>, now: UtcMillis) -> Vouched {
    let lately = |at: UtcMillis| now.since_ms(at) < ALONE_MS;
    let vouches = |s: &Standing| {
        s.trouble.is_none() && head.is_none_or(|head| s.size == head.size) || s.cosigned.is_some_and(lately)
    };
    match standings {
        [] => Vouched::Unasked,
        all if all.iter().any(|(_, s)| s.trouble.as_ref().is_some_and(Trouble::contradicts)) => Vouched::Contradicted,
        all if all.iter().any(|(_, s)| vouches(s)) => Vouched::Yes,
        _ => Vouched::Alone,
    }
}

/// The witnesses of the settings.
pub struct Asking {
    witnesses: Vec<Witness>,
    door: Arc<dyn WitnessDoor>,
    store: Arc<dyn WitnessStore>,
    clock: Arc<dyn Clock>,
}

impl Asking {
    /// Asks these through that door, and keeps in `store` how it went.
    pub fn new(
        witnesses: Vec<Witness>,
        door: Arc<dyn WitnessDoor>,
        store: Arc<dyn WitnessStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { witnesses, door, store, clock }
    }

    /// Asks one witness, from the size it is believed to have cosigned, and keeps how it went; says so when it is news.
    async fn ask(
        &self,
        witness: &Witness,
        checkpoint: &Checkpoint,
        note: &Note,
        from: ConsistencyFrom<'_>,
    ) -> Result<Option<NoteSignature>, ProofError> {
        let before = self.store.standing(&checkpoint.origin, &witness.key).await?.unwrap_or_default();
        let mut now = before.clone();
        let (asked, name) = (self.answer(witness, &mut now.size, checkpoint, note, from), witness.key.name());
        let answer = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::Silent { detail: format!("nothing in {} s", PATIENCE.as_secs()) }),
        };
        let line = match answer {
            Ok(line) => {
                now = Standing { size: checkpoint.size, cosigned: Some(self.clock.now()), trouble: None };
                Some(line)
            }
            Err(trouble) => {
                now.trouble = Some(trouble);
                None
            }
        };
        match (&before.trouble, &now.trouble) {
            (before, Some(now)) if before.as_ref() != Some(now) => match now.contradicts() {
                true => tracing::error!(witness = name, url = witness.url, "the witness contradicts the log: {now}"),
                false => tracing::warn!(witness = name, url = witness.url, "the witness did not cosign: {now}"),
            },
            (Some(_), None) => tracing::info!(witness = name, "the witness cosigns again"),
            _ => {}
        }
        if now != before {
            self.store.keep_standing(&checkpoint.origin, &witness.key, now).await?;
        }
        Ok(line)
    }

    /// Asks from `size`, and once more from the one that the witness names.
    async fn answer(
        &self,
        witness: &Witness,
        size: &mut u64,
        checkpoint: &Checkpoint,
        note: &Note,
        from: ConsistencyFrom<'_>,
    ) -> Result<NoteSignature, Trouble> {
        let silent = |detail: String| Trouble::Silent { detail };
        let mut old = (*size).min(checkpoint.size);
        for last in [false, true] {
            let proof = from(old).map_err(|error| silent(error.to_string()))?;
            let body = AddCheckpoint { old, proof, note: note.clone() }.to_string();
            match self.door.add_checkpoint(&witness.url, body).await.map_err(silent)? {
                (200, lines) => return cosignature(witness, note, &lines),
                (409, named) if !last => {
                    (old, *size) = another_size(checkpoint.size, old, &named).map(|size| (size, size))?;
                }
                (422, _) => return Err(Trouble::Rewritten { size: old }),
                (403 | 404, _) => return Err(Trouble::UnknownLog),
                (status, words) => return Err(silent(format!("{status}, {}", first_line(&words)))),
            }
        }
        Err(silent("it names another size each time".to_owned()))
    }
}

/// The size that a witness names in a conflict, from where the log can show its growth.
fn another_size(ours: u64, asked: u64, body: &str) -> Result<u64, Trouble> {
    let named = body.strip_suffix('\n').and_then(|digits| digits.parse::<u64>().ok());
    match named.ok_or_else(|| Trouble::Silent { detail: format!("409, {}", first_line(body)) })? {
        theirs if theirs > ours => Err(Trouble::Ahead { theirs, ours }),
        // of the size that was asked from it has cosigned another tree
        size if size == asked => Err(Trouble::Rewritten { size }),
        size => Ok(size),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The line of the answer that is this witness's and holds; lines of others are ignored.
fn cosignature(witness: &Witness, note: &Note, lines: &str) -> Result<NoteSignature, Trouble> {
    let lines = lines.lines().filter_map(|line| NoteSignature::parse(line).ok());
    let holds = |line: &NoteSignature| {
        let alone = Note { text: note.text.clone(), signatures: vec![line.clone()] };
        alone.cosigned(&witness.key).is_ok()
    };
    let none = "a line that is no cosignature of its key".to_owned();
    lines.into_iter().find(holds).ok_or(Trouble::Silent { detail: none })
}

#[async_trait]
impl Witnesses for Asking {
    async fn cosign(&self, checkpoint: &Checkpoint, note: &Note, from: ConsistencyFrom<'_>) -> Vec<NoteSignature> {
        let missing = self.witnesses.iter().filter(|witness| note.cosigned(&witness.key).is_err());
        let asked = missing.map(|witness| async move {
            let line = self.ask(witness, checkpoint, note, from).await;
            line.unwrap_or_else(|error| {
                tracing::warn!(witness = witness.key.name(), "how it went with the witness is not kept: {error}");
                None
            })
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    async fn standings(&self, origin: &str) -> Result<Vec<(Witness, Standing)>, ProofError> {
        let mut standings = Vec::new();
        for witness in &self.witnesses {
            let standing = self.store.standing(origin, &witness.key).await?;
            standings.push((witness.clone(), standing.unwrap_or_default()));
        }
        Ok(standings)
    }
}

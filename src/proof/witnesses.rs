//! Asking witnesses: each checkpoint of the log goes to all of them at once, and what they answer in good time goes below
//! it. A witness that is missing, slow or wrong never stops the log; it is told of when that begins and when it ends.

use super::log::{ConsistencyFrom, Witnesses};
use async_trait::async_trait;
use futures_util::future::join_all;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::note::{Note, NoteSignature, VerifierKey};
use lichphat_playlists::proof::witness::AddCheckpoint;
use lichphat_playlists::wire::sign::Cosigning;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Longest wait for one witness in a round, both questions together.
const PATIENCE: Duration = Duration::from_secs(5);

/// What carries a request to a witness.
#[async_trait]
pub trait WitnessDoor: Send + Sync {
    /// `POST <url>/add-checkpoint` with this body: status and body of the answer, or why there is none.
    async fn add_checkpoint(&self, url: &str, body: String) -> Result<(u16, String), String>;
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
#[derive(Debug, Clone, Default)]
struct Known {
    /// The size it has cosigned, as far as is known.
    size: u64,
    /// Why it did not cosign; none: it did.
    trouble: Option<String>,
}

/// The witnesses of the settings.
pub struct Asking {
    witnesses: Vec<Witness>,
    door: Arc<dyn WitnessDoor>,
    /// By the key's name.
    known: Mutex<BTreeMap<String, Known>>,
}

impl Asking {
    /// Asks these through that door.
    pub fn new(witnesses: Vec<Witness>, door: Arc<dyn WitnessDoor>) -> Self {
        Self { witnesses, door, known: Mutex::default() }
    }

    fn known(&self, witness: &Witness) -> Known {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(witness.key.name()).cloned().unwrap_or_default()
    }

    /// Remembers how it went; says so when it is news.
    fn note(&self, witness: &Witness, size: Option<u64>, trouble: Option<String>) {
        let (name, url) = (witness.key.name(), &witness.url);
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(name.to_owned()).or_default();
        match (&known.trouble, &trouble) {
            (before, Some(now)) if before.as_ref() != Some(now) => {
                tracing::warn!(witness = name, url, "the witness did not cosign: {now}");
            }
            (Some(_), None) => tracing::info!(witness = name, "the witness cosigns again"),
            _ => {}
        }
        known.trouble = trouble;
        known.size = size.unwrap_or(known.size);
    }

    /// Asks one witness: from the size it is believed to have cosigned, and once more from the one it names.
    async fn ask(
        &self,
        witness: &Witness,
        checkpoint: &Checkpoint,
        note: &Note,
        from: ConsistencyFrom<'_>,
    ) -> Result<NoteSignature, String> {
        let mut old = self.known(witness).size.min(checkpoint.size);
        for last in [false, true] {
            let proof = from(old).map_err(|error| error.to_string())?;
            let body = AddCheckpoint { old, proof, note: note.clone() }.to_string();
            match self.door.add_checkpoint(&witness.url, body).await? {
                (200, lines) => return cosignature(witness, note, &lines),
                (409, size) if !last => old = self.another_size(witness, checkpoint, old, &size)?,
                (status, words) => return Err(format!("it answered {status}: {}", first_line(&words))),
            }
        }
        Err("it names another size each time".to_owned())
    }

    /// The size that a witness names in a conflict, from where the log can show its growth.
    fn another_size(&self, witness: &Witness, checkpoint: &Checkpoint, old: u64, body: &str) -> Result<u64, String> {
        let named = body.strip_suffix('\n').and_then(|digits| digits.parse::<u64>().ok());
        let size = named.ok_or_else(|| format!("it answered 409 without a size: {}", first_line(body)))?;
        if size > checkpoint.size {
            let ours = checkpoint.size;
            return Err(format!(
                "it has cosigned {size} entries, this log has {ours}: this scheduler was restored from an older backup, or its \
                 key signs another log"
            ));
        }
        if size == old {
            return Err(format!("of {size} entries it has cosigned another log under our key: tell the auditors"));
        }
        self.note(witness, Some(size), self.known(witness).trouble);
        Ok(size)
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The line of the answer that is this witness's and holds; lines of others are ignored.
fn cosignature(witness: &Witness, note: &Note, lines: &str) -> Result<NoteSignature, String> {
    let lines = lines.lines().filter_map(|line| NoteSignature::parse(line).ok());
    let holds = |line: &NoteSignature| {
        let alone = Note { text: note.text.clone(), signatures: vec![line.clone()] };
        alone.cosigned(&witness.key).is_ok()
    };
    lines.into_iter().find(holds).ok_or_else(|| "its answer bears no cosignature of its key that holds".to_owned())
}

#[async_trait]
impl Witnesses for Asking {
    async fn cosign(&self, checkpoint: &Checkpoint, note: &Note, from: ConsistencyFrom<'_>) -> Vec<NoteSignature> {
        let missing = self.witnesses.iter().filter(|witness| note.cosigned(&witness.key).is_err());
        let asked = missing.map(|witness| async move {
            let answer = tokio::time::timeout(PATIENCE, self.ask(witness, checkpoint, note, from)).await;
            let late = |_| Err(format!("no answer in {} s", PATIENCE.as_secs()));
            match answer.unwrap_or_else(late) {
                Ok(line) => {
                    self.note(witness, Some(checkpoint.size), None);
                    Some(line)
                }
                Err(trouble) => {
                    self.note(witness, None, Some(trouble));
                    None
                }
            }
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}

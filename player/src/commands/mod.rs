//! What people ask of this screen: each thing once, and a signed answer to each.
//!
//! A command's number only goes up, and the last one done is on the disk before it is done. So nothing is done twice,
//! neither when the scheduler repeats itself nor after a power cut, and a restart does not loop: the started player finds
//! the number, and answers that it was done.

mod tools;

pub use tools::Tools;

use crate::display::Display;
use crate::identity::Identity;
use crate::ports::MediaFs;
use lichphat_playlists::ids::CommandId;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::wire::command::{Answer, Ask, Command, Outcome};
use lichphat_playlists::wire::sign::{Envelope, SigningKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the last number stands, below the state directory.
const FILE: &str = "commands.json";
/// Most bytes of that file.
const FILE_LIMIT_BYTES: usize = 64 * 1024;
/// Answers that wait for the scheduler; older ones are given up.
const MOST_WAITING: usize = 16;

/// What outlasts a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    /// The last command that was begun.
    last: CommandId,
    /// What is answered to it when nothing better is known.
    outcome: Outcome,
    /// The volume people asked for, per cent.
    volume_percent: u8,
}

/// See the file's header.
pub struct Commands {
    identity: Arc<Identity>,
    clock: Arc<dyn Clock>,
    display: Arc<dyn Display>,
    fs: Arc<dyn MediaFs>,
    tools: Tools,
    memory: Memory,
    /// Answers the scheduler does not hold yet, oldest first.
    waiting: Vec<Answer>,
    restart: bool,
}

impl std::fmt::Debug for Commands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commands").field("memory", &self.memory).field("waiting", &self.waiting.len()).finish()
    }
}

impl Commands {
    /// Reads what the last run left, and turns the sound to where people left it.
    pub fn load(
        identity: Arc<Identity>,
        clock: Arc<dyn Clock>,
        display: Arc<dyn Display>,
        fs: Arc<dyn MediaFs>,
        tools: Tools,
    ) -> Self {
        let fresh = Memory { last: CommandId(0), outcome: Outcome::Done, volume_percent: 100 };
        let memory = match fs.read(FILE, FILE_LIMIT_BYTES) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::error!(%error, "{FILE} cannot be read; a command may be done again");
                fresh
            }),
            Err(_) => fresh, // nothing was ever asked
        };
        tools.front.set_volume(memory.volume_percent);
        Self { identity, clock, display, fs, tools, memory, waiting: Vec::new(), restart: false }
    }

    /// Does what is asked, in order of number; what cannot be read or is not for this device is told as a fault.
    pub async fn take(&mut self, sealed: &[String]) -> Vec<String> {
        let (mut commands, mut faults) = (Vec::new(), Vec::new());
        for text in sealed {
            match self.open(text) {
                Ok(command) => commands.push(command),
                Err(why) => faults.push(format!("a command is refused: {why}")),
            }
        }
        commands.sort_by_key(|c| c.id);
        for command in commands {
            if self.waiting.iter().any(|answer| answer.id == command.id) {
                continue; // its answer is on the way
            }
            let outcome = self.outcome(&command).await;
            tracing::info!(id = %command.id, ask = command.ask.word(), outcome = short(&outcome), "a command");
            if self.restart {
                break; // the started player answers, and does what comes after
            }
            self.answer(command.id, outcome);
        }
        faults
    }

    /// The oldest answer that the scheduler does not hold, as signed bytes.
    pub fn next_answer(&self) -> Option<Vec<u8>> {
        let key = SigningKey::from_seed(&self.identity.evidence.seed()); // one secret, a purpose of its own
        self.waiting.first().map(|answer| answer.seal(&key).into_bytes())
    }
    /// The scheduler holds it, or wants nothing of it.
    pub fn answered(&mut self) {
        self.waiting.remove(0);
    }
    /// True once the player is to stop in order and start again.
    pub fn restart_is_due(&self) -> bool {
        self.restart
    }

    fn open(&self, text: &str) -> Result<Command, String> {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(text).map_err(|e| e.to_string())?;
        let envelope = Envelope::from_bytes(bytes).map_err(|e| e.to_string())?;
        let command = Command::open(&envelope, &self.identity.command_key).map_err(|e| e.to_string())?;
        if (command.device, command.epoch) != (self.identity.device, self.identity.epoch) {
            return Err(format!("it is for device {} epoch {}", command.device, command.epoch));
        }
        Ok(command)
    }

    fn answer(&mut self, id: CommandId, outcome: Outcome) {
        let (device, epoch) = (self.identity.device, self.identity.epoch);
        if self.waiting.len() == MOST_WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(Answer { id, device, epoch, at_ms: self.clock.now(), outcome });
    }

    async fn outcome(&mut self, command: &Command) -> Outcome {
        if command.id == self.memory.last {
            return self.memory.outcome.clone();
        }
        if command.id < self.memory.last {
            return failed("superseded");
        }
        if self.clock.now() > command.expires_ms {
            return Outcome::Expired;
        }
        // On the disk first. What a power cut interrupts is not done again: somebody may ask again.
        let begun = match &command.ask {
            Ask::Restart | Ask::Volume { .. } => Outcome::Done, // the next start does it
            _ => failed("interrupted"),
        };
        let volume_percent = match &command.ask {
            Ask::Volume { percent } => (*percent).min(100),
            _ => self.memory.volume_percent,
        };
        if let Err(error) = self.remember(Memory { last: command.id, outcome: begun, volume_percent }) {
            tracing::error!(%error, "{FILE} cannot be written");
            return failed("not-remembered");
        }
        self.memory.outcome = self.act(command).await;
        self.memory.outcome.clone()
    }

    fn remember(&mut self, memory: Memory) -> std::io::Result<()> {
        self.fs.write_whole(FILE, &serde_json::to_vec(&memory).map_err(std::io::Error::other)?)?;
        self.memory = memory;
        Ok(())
    }

    async fn act(&mut self, command: &Command) -> Outcome {
        let (now, panel) = (self.clock.now(), self.display.level());
        match &command.ask {
            Ask::Restart => {
                self.restart = true;
                Outcome::Done
            }
            Ask::Volume { .. } => {
                self.tools.front.set_volume(self.memory.volume_percent);
                Outcome::Done
            }
            Ask::Log { lines } => self.tools.log(*lines),
            Ask::Screenshot => self.tools.screenshot(self.clock.mono_ms()).await,
            Ask::Identify { name } => self.tools.identify(&command.screen, name, now, panel),
            Ask::Challenge { nonce } => self.tools.challenge(command, nonce, now, panel),
        }
    }
}

/// An outcome's kind, without what it carries.
fn short(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed { cause } => cause,
        Outcome::Expired => "expired",
        _ => "done",
    }
}

fn failed(cause: &str) -> Outcome {
    Outcome::Failed { cause: cause.to_owned() }
}

//! What operators ask of screens: kept with who asked and when, signed for the one device, done once, answered once.

use super::{Call, Device, Fleet, FleetError};
use crate::people::{AccountCode, Caller, Deed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use lichphat_playlists::ids::{CommandId, DeviceId, Epoch, ScreenCode};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::command::{ANSWER_LIMIT_BYTES, Answer, Ask, Command, LOG_LIMIT, Outcome};
use lichphat_playlists::wire::sign::{Envelope, VerifyingKey};

/// How long a device may take to hear of a command, ms: a restart an hour later would surprise somebody.
pub const COMMAND_LIFE_MS: i64 = 15 * 60_000;
/// Commands of one device that wait at a time.
pub const MOST_WAITING: u32 = 16;
/// How long pictures and logs are kept, ms; an inspector's challenge is kept for good.
pub const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// A command that is about to be.
#[derive(Debug, Clone)]
pub struct NewCommand {
    /// The screen whose present device is meant.
    pub screen: ScreenCode,
    /// What.
    pub ask: Ask,
    /// Whose account asks.
    pub account: AccountCode,
    /// Who asks: a person or an office.
    pub by: String,
    /// Now.
    pub at: UtcMillis,
    /// Not to be done after this.
    pub expires: UtcMillis,
}

impl NewCommand {
    /// As the log says it.
    pub fn deed(&self) -> Deed {
        let by = Some(&self.by).filter(|by| *by != self.account.as_str());
        let detail = by.map_or_else(String::new, |by| format!(", by {by}"));
        Deed {
            at: self.at,
            by: self.account.clone(),
            act: "command",
            on: format!("screen {}", self.screen),
            detail: format!("{}{detail}", self.ask.word()),
        }
    }
}

/// A command as this room keeps it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its number.
    pub id: CommandId,
    /// Whom it is for.
    pub device: DeviceId,
    /// The device's epoch when it was asked.
    pub epoch: Epoch,
    /// Its screen.
    pub screen: ScreenCode,
    /// What.
    pub ask: Ask,
    /// Who asked.
    pub by: String,
    /// When.
    pub asked: UtcMillis,
    /// Not to be done after this.
    pub expires: UtcMillis,
    /// When the answer came, and the envelope as the device signed it; verified when it came.
    pub answer: Option<(UtcMillis, Vec<u8>)>,
}

impl Asked {
    /// What became of it, as far as it is known `now`; none while it may still be done.
    pub fn outcome(&self, now: UtcMillis) -> Option<Outcome> {
        let Some((_, bytes)) = &self.answer else { return (now > self.expires).then_some(Outcome::Expired) };
        let json = Envelope::from_bytes(bytes.clone()).and_then(|e| e.content_unverified(ANSWER_LIMIT_BYTES)).ok()?;
        serde_json::from_slice::<Answer>(&json).ok().map(|answer| answer.outcome)
    }
}

impl Fleet {
    /// Asks something of the screen's present device; `by` says who it is where the account does not, on the shell.
    pub async fn ask(
        &self,
        screen: ScreenCode,
        ask: Ask,
        caller: &Caller,
        by: Option<&str>,
    ) -> Result<CommandId, FleetError> {
        let account = caller.account.clone();
        let by = by.unwrap_or(account.as_str()).trim().to_owned();
        if !(1..=200).contains(&by.chars().count()) || by.chars().any(char::is_control) {
            return Err(FleetError::BadCommand("by: write the name of a person or an office".into()));
        }
        match &ask {
            Ask::Volume { percent } if *percent > 100 => {
                return Err(FleetError::BadCommand(format!("volume = {percent}: use 0 to 100")));
            }
            Ask::Log { lines } if !(1..=LOG_LIMIT.0).contains(lines) => {
                return Err(FleetError::BadCommand(format!("lines = {lines}: use 1 to {}", LOG_LIMIT.0)));
            }
            _ => {}
        }
        let at = self.clock.now();
        let new = NewCommand { screen: screen.clone(), ask, account, by, at, expires: at.plus_ms(COMMAND_LIFE_MS) };
        let id = self.store.add_command(new).await?;
        self.call([screen]);
        Ok(id)
    }

    /// A challenge with fresh chance.
    pub fn challenge(&self) -> Ask {
        let mut nonce = [0; 16];
        self.rng.fill(&mut nonce);
        Ask::Challenge { nonce: hex::encode(nonce) }
    }

    /// The newest commands of a screen, newest first.
    pub async fn asked(&self, screen: &ScreenCode, most: u32) -> Result<Vec<Asked>, FleetError> {
        self.store.asked(screen, most).await
    }

    /// Takes a device's signed answer; the first one stands, and a repeated one changes nothing.
    pub async fn answered(&self, device: &Device, bytes: Vec<u8>) -> Result<(), FleetError> {
        let key = VerifyingKey::from_bytes(&device.public_key).map_err(|_| FleetError::BadAnswer)?;
        let envelope = Envelope::from_bytes(bytes).map_err(|_| FleetError::BadAnswer)?;
        let answer = Answer::open(&envelope, &key).map_err(|_| FleetError::BadAnswer)?;
        if (answer.device, answer.epoch) != (device.device, device.epoch) {
            return Err(FleetError::BadAnswer);
        }
        self.store.keep_answer(device.device, answer.id, self.clock.now(), envelope.into_bytes()).await
    }

    /// What is asked of the device and not answered yet, signed, in order of number.
    pub(super) async fn sealed(&self, device: &Device, now: UtcMillis) -> Result<Vec<String>, FleetError> {
        let open = self.store.open_commands(device.device, now).await?;
        let seal = |asked: Asked| {
            let command = Command {
                id: asked.id,
                device: asked.device,
                epoch: asked.epoch,
                screen: asked.screen,
                asked_ms: asked.asked,
                expires_ms: asked.expires,
                ask: asked.ask,
            };
            BASE64.encode(command.seal(&self.key).as_bytes())
        };
        Ok(open.into_iter().map(seal).collect())
    }

    /// Newest command, and the screens asked something after command `after`; none: no screens, only the command.
    pub async fn asked_after(&self, after: Option<CommandId>) -> Result<(CommandId, Vec<ScreenCode>), FleetError> {
        self.store.asked_after(after.unwrap_or(CommandId(i64::MAX as u64))).await
    }

    /// Tells listening devices that something is asked of them.
    pub fn call(&self, screens: impl IntoIterator<Item = ScreenCode>) {
        for screen in screens {
            // Nobody listening is not an error: the next heartbeat brings it.
            let _ = self.changed.send(Call::Command(screen));
        }
    }
}

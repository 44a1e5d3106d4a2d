//! The fleet room: which device stands at which screen, what it should hold, how it is.
//!
//! Invariants: a provisioning token lets one box in, which proves to hold its evidence key and its TLS key, and within a limited
//! time; the same box with the same two keys is answered again, in case the first answer was lost, until another stands at its
//! screen. A device is who its certificate says. It reads its own screen's plans alone; asset tables, approvals and media it
//! reads by their hash, whoever's they are. Only this room publishes: a device never sees a plan that planning has not finished
//! and its checker has not passed.

mod command;
mod doubled;
mod enrol;
pub mod list;
pub mod pairing;
pub mod release;
mod releases;

pub use command::{Asked, COMMAND_LIFE_MS, KEPT_MS, MOST_WAITING, NewCommand};
pub use doubled::hear;

use crate::certs::devices::{DeviceAuthority, DeviceCertificate};
use crate::people::AccountCode;
use async_trait::async_trait;
use lichphat_playlists::ids::{CommandId, DeviceId, Epoch, PlanHash, ScreenCode, Sha256Hash};
use lichphat_playlists::ports::{Clock, Rng};
use lichphat_playlists::proof::entry::Introduction;
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::device::{Heartbeat, HeartbeatAnswer, Provisioning};
use lichphat_playlists::wire::sign::{Commanding, Evidence, LogSigning, SigningKey, VerifyingKey};
use lichphat_playlists::wire::v1::PlaylistIndex;
use list::{Clash, NewList};
use pairing::{Confirmation, NewPairing, Opened, Which};
use release::{Staged, Taker};
use std::sync::Arc;
use tokio::sync::broadcast;

/// How long a provisioning token works, ms.
pub const TOKEN_LIFE_MS: i64 = 7 * 24 * 3_600_000;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// No such screen in the directory, or it is not a managed one.
    #[error("screen {0}: is not a managed screen of the directory; import it with kind = managed first")]
    NoSuchScreen(ScreenCode),
    /// The one-time token is wrong.
    #[error("token: is unknown; make a new one with `lichphat device add --screen S`")]
    TokenUnknown,
    /// It was used before.
    #[error("token: was used already; make a new one with `lichphat device add --screen S`")]
    TokenUsed,
    /// It is too old.
    #[error("token: has expired; make a new one with `lichphat device add --screen S`")]
    TokenExpired,
    /// The device's key is not a key or not its sender's, or stands for a device at another screen or with another TLS key.
    #[error(
        "public_key: is no Ed25519 key in base64, its sender does not prove to hold it, or it is that of another device or of another tls.key; the player makes both keys: empty its state directory, so that it makes new ones"
    )]
    BadKey,
    /// A certificate is asked for with a key that is not the device's.
    #[error(
        "csr: is of another tls.key than the device was registered with; bring that key back, or empty the player's state directory and register it again"
    )]
    OtherKey,
    /// Its key was taken from it.
    #[error(
        "public_key: was revoked; empty the player's state directory, so that it makes another, and register it again"
    )]
    RevokedKey,
    /// Not a request for a certificate, or one whose sender does not hold its key.
    #[error(
        "csr: is not a PKCS #10 request in base64 signed with its own P-256 key; the player makes it, do not copy or edit it"
    )]
    BadRequest,
    /// No certificate, or of no device that is known.
    #[error("a device's certificate is missing; register the device with `lichphat device add`")]
    Unauthorized,
    /// Nothing of it is accepted any more.
    #[error("this device was revoked; register it again if it is to play")]
    Revoked,
    /// Good for a new one, and nothing else.
    #[error("the device's certificate has ended; ask for a new one")]
    CertificateExpired,
    /// Good for nothing.
    #[error("the device's certificate ended too long ago to be renewed; register it again with `lichphat device add`")]
    CertificateOver,
    /// The clock is before the device's own beginning.
    #[error("the scheduler's clock is behind; no certificate is renewed until it is set")]
    NoClock,
    /// Not a document of this device's screen.
    #[error("no such document for this device")]
    NotFound,
    /// No box shows that code.
    #[error("code: no box shows it; codes have eight signs and hold for ten minutes, read it from the screen again")]
    NoCode,
    /// Too many wrong codes.
    #[error("code: too many wrong ones; wait ten minutes")]
    TooManyTries,
    /// As many boxes show a code as may at a time.
    #[error("as many boxes ask for a code as may at a time; it tries again by itself")]
    NoRoomForCodes,
    /// A revocation without words.
    #[error("why: write in 1 to 200 characters why the device is revoked")]
    NoReason,
    /// Nothing can be asked of a screen without a player.
    #[error("screen {0}: has no player that could be asked; bring one up with `lichphat device add`")]
    NoDevice(ScreenCode),
    /// Too much waits already.
    #[error("screen {0}: {MOST_WAITING} commands wait already; wait until it answers, or until they expire")]
    TooManyCommands(ScreenCode),
    /// A command that makes no sense.
    #[error("{0}")]
    BadCommand(String),
    /// Not this device's answer.
    #[error("the answer is cut, or not signed by this device")]
    BadAnswer,
    /// No such release, or it may not do that.
    #[error("release {serial}: {problem}")]
    Release {
        /// Its serial.
        serial: u32,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
}

/// A device as this room keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its number.
    pub device: DeviceId,
    /// Its screen.
    pub screen: ScreenCode,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its evidence key, the 32 bytes.
    pub public_key: [u8; 32],
    /// SHA-256 of the public key of its certificates, which stays as long as the box is itself.
    pub fingerprint: Sha256Hash,
    /// Simulated devices are marked as such everywhere.
    pub simulated: bool,
    /// Another box has taken its screen: it may still hand in its records, and gets no more plans.
    pub retired: bool,
    /// Nothing of it is accepted any more.
    pub revoked: bool,
    /// When it was registered first, server clock.
    pub registered: UtcMillis,
}

/// A screen's present device, and what it last said of itself.
#[derive(Debug, Clone)]
pub struct DeviceState {
    /// Its number.
    pub device: DeviceId,
    /// Its screen.
    pub screen: ScreenCode,
    /// Simulated devices are marked as such everywhere.
    pub simulated: bool,
    /// When it was registered.
    pub came: UtcMillis,
    /// Its newest heartbeat and when it came; none: never, or in the words of another version.
    pub heard: Option<(UtcMillis, Heartbeat)>,
    /// When two boxes with its identity were noticed last.
    pub doubled: Option<UtcMillis>,
}

/// How long two boxes with one identity are told of after they were heard at once, ms.
const DOUBLED_MS: i64 = 24 * 3_600_000;

impl DeviceState {
    /// Were two boxes with its identity heard at once, within a day of when it was heard last?
    pub fn is_doubled(&self) -> bool {
        let heard = self.heard.as_ref().map(|(at, _)| *at);
        self.doubled.is_some_and(|doubled| heard.is_some_and(|at| at.since_ms(doubled) < DOUBLED_MS))
    }
}

/// Who let a box in, when, and how he knew it.
#[derive(Debug, Clone)]
pub struct Approved {
    /// Whose account.
    pub by: AccountCode,
    /// When.
    pub at: UtcMillis,
    /// How.
    pub introduction: Introduction,
}

/// A device that is about to exist.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// SHA-256 of the one-time token it brings.
    pub token_hash: Sha256Hash,
    /// Its evidence key.
    pub key: VerifyingKey<Evidence>,
    /// SHA-256 of the public key of its certificate.
    pub fingerprint: Sha256Hash,
    /// Name and version of its software.
    pub software: String,
    /// Simulated?
    pub simulated: bool,
    /// Now.
    pub at: UtcMillis,
}

/// What the store must do for this room; each call is one transaction.
#[async_trait]
pub trait FleetStore: Send + Sync {
    /// Keeps a one-time token for a managed screen of the directory.
    async fn add_token(&self, screen: ScreenCode, token_hash: Sha256Hash, approved: Approved)
    -> Result<(), FleetError>;
    /// Makes room, and keeps a code that a box shows; a listed box is let in at once.
    async fn open_pairing(&self, new: NewPairing) -> Result<Opened, FleetError>;
    /// The screen that the box of this claim may go to; none inside when nobody has entered its code yet.
    async fn pairing(&self, claim: Sha256Hash, now: UtcMillis) -> Result<Option<Option<ScreenCode>>, FleetError>;
    /// Lets the box that shows the code in; a wrong one counts against who entered it and against the code.
    async fn confirm(&self, confirmation: Confirmation) -> Result<(), FleetError>;
    /// Revokes a device, and states it.
    async fn revoke(&self, which: Which, why: String, by: AccountCode, at: UtcMillis) -> Result<Device, FleetError>;
    /// Keeps a list of boxes, and states it; those that are listed already as they are in it stay. How many were new; or
    /// what is wrong with some.
    async fn add_list(&self, list: NewList) -> Result<Result<u32, Vec<Clash>>, FleetError>;
    /// Takes those boxes of a list off that have not come, and states it; how many.
    async fn remove_list(&self, list: NewList) -> Result<u32, FleetError>;
    /// Uses the token up and makes the device: a screen's earlier device is retired in the same step.
    async fn register(&self, new: NewDevice) -> Result<Device, FleetError>;
    /// The device, unless unknown.
    async fn device(&self, device: DeviceId) -> Result<Option<Device>, FleetError>;
    /// Newest version of each day from `from` on.
    async fn index(&self, screen: &ScreenCode, from: LocalDay) -> Result<PlaylistIndex, FleetError>;
    /// The signed playlist, when it is this screen's.
    async fn plan(&self, screen: &ScreenCode, plan: PlanHash) -> Result<Option<Vec<u8>>, FleetError>;
    /// A signed document of approvals.
    async fn approval(&self, name: Sha256Hash) -> Result<Option<Vec<u8>>, FleetError>;
    /// The newest list of what was taken back, by name.
    async fn withdrawals(&self) -> Result<Option<Sha256Hash>, FleetError>;
    /// An asset table.
    async fn assets(&self, hash: Sha256Hash) -> Result<Option<Vec<u8>>, FleetError>;
    /// Newest plan row, and the screens with plans after row `after`.
    async fn published_after(&self, after: i64) -> Result<(i64, Vec<ScreenCode>), FleetError>;
    /// The present devices, of one screen or of all, by screen.
    async fn states(&self, screen: Option<&ScreenCode>) -> Result<Vec<DeviceState>, FleetError>;
    /// Keeps a command for the screen's present device, with a number above all before it and not below the clock's
    /// milliseconds: so it goes up even when the store was restored from a backup. Forgets old pictures and logs.
    async fn add_command(&self, new: NewCommand) -> Result<CommandId, FleetError>;
    /// What is asked of a device, neither answered nor expired, by number.
    async fn open_commands(&self, device: DeviceId, now: UtcMillis) -> Result<Vec<Asked>, FleetError>;
    /// The newest commands of a screen, newest first.
    async fn asked(&self, screen: &ScreenCode, most: u32) -> Result<Vec<Asked>, FleetError>;
    /// Newest command, and the screens with commands after `after`.
    async fn asked_after(&self, after: CommandId) -> Result<(CommandId, Vec<ScreenCode>), FleetError>;
    /// Keeps the first answer to a device's command.
    async fn keep_answer(
        &self,
        device: DeviceId,
        id: CommandId,
        at: UtcMillis,
        envelope: Vec<u8>,
    ) -> Result<(), FleetError>;
    /// Keeps the newest heartbeat of a device.
    async fn heartbeat(&self, device: DeviceId, at: UtcMillis, heartbeat: Heartbeat) -> Result<(), FleetError>;
    /// Every release, by serial.
    async fn releases(&self) -> Result<Vec<Staged>, FleetError>;
    /// Keeps a new release; false when its serial is taken.
    async fn add_release(&self, staged: Staged) -> Result<bool, FleetError>;
    /// From now on it goes to devices below this bucket, or to nobody; one that has stopped stays so.
    async fn set_release(&self, serial: u32, below: u16, stopped: Option<String>) -> Result<(), FleetError>;
    /// Notes that a release was offered to a device.
    async fn note_offer(&self, serial: u32, device: DeviceId, at: UtcMillis) -> Result<(), FleetError>;
    /// How those stand to whom a release was offered.
    async fn takers(&self, serial: u32) -> Result<Vec<Taker>, FleetError>;
}

/// Public keys that a device is given before it is registered, beside this room's own.
#[derive(Debug, Clone)]
pub struct DeviceKeys {
    /// What playlists are signed with, base64.
    pub plan_key: String,
    /// What permits, places and withdrawals are signed with, base64.
    pub approval_key: String,
    /// What receipts are signed with, base64.
    pub receipt_key: String,
    /// The log that holds the records.
    pub log_key: VerifierKey<LogSigning>,
}

/// The way from a player to this scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Way {
    /// Where players come in, `https://bang-dien-tu.example:8088`.
    pub server: String,
    /// Where a box is registered; empty: where players come in.
    pub pairing: String,
    /// Who has to have signed the certificate there, PEM; empty: whomever the player's machine trusts.
    pub authority: String,
}

impl Way {
    /// One address for everything, in the clear or under a certificate that every machine trusts.
    pub fn to(server: impl Into<String>) -> Self {
        Self { server: server.into(), ..Self::default() }
    }
}

/// What a listening device is called for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// The screen has new plans.
    Plans(ScreenCode),
    /// Something is asked of the screen.
    Command(ScreenCode),
    /// Something was taken back, wherever it may be shown.
    Withdrawal,
}

/// The room's door.
pub struct Fleet {
    store: Arc<dyn FleetStore>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    offset: UtcOffset,
    key: SigningKey<Commanding>,
    authority: Arc<DeviceAuthority>,
    changed: broadcast::Sender<Call>,
}

impl Fleet {
    /// Ties the room to its store, clock and chance, to the key that signs commands, and to who signs players' certificates.
    pub fn new(
        store: Arc<dyn FleetStore>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        offset: UtcOffset,
        key: SigningKey<Commanding>,
        authority: Arc<DeviceAuthority>,
    ) -> Self {
        Self { store, clock, rng, offset, key, authority, changed: broadcast::channel(1024).0 }
    }

    /// Chance, 32 bytes as hexadecimal, and its hash.
    fn secret(&self) -> (String, Sha256Hash) {
        let mut bytes = [0; 32];
        self.rng.fill(&mut bytes);
        let text = hex::encode(bytes);
        let hash = Sha256Hash::of(text.as_bytes());
        (text, hash)
    }

    /// Makes the file an operator carries to a new player.
    pub async fn provision(
        &self,
        screen: ScreenCode,
        (way, keys): (&Way, &DeviceKeys),
        by: &AccountCode,
    ) -> Result<Provisioning, FleetError> {
        let (token, hash) = self.secret();
        let approved = Approved { by: by.clone(), at: self.clock.now(), introduction: Introduction::File };
        self.store.add_token(screen.clone(), hash, approved).await?;
        Ok(self.file(screen, token, way, keys))
    }

    /// What the device should hold, and the ETag of that. Whose screen another box has taken hears of withdrawals alone: as long
    /// as somebody leaves it switched on, it shows what it holds.
    pub async fn index(&self, device: &Device) -> Result<(PlaylistIndex, String), FleetError> {
        let index = match device.retired {
            true => PlaylistIndex { withdrawals: self.withdrawals().await?, days: Vec::new() },
            false => self.store.index(&device.screen, self.clock.now().day(self.offset)).await?,
        };
        let etag = etag(&index);
        Ok((index, etag))
    }

    /// A signed playlist of the device's own screen.
    pub async fn plan(&self, device: &Device, plan: PlanHash) -> Result<Vec<u8>, FleetError> {
        self.store.plan(&device.screen, plan).await?.ok_or(FleetError::NotFound)
    }

    /// An asset table.
    pub async fn assets(&self, hash: Sha256Hash) -> Result<Vec<u8>, FleetError> {
        self.store.assets(hash).await?.ok_or(FleetError::NotFound)
    }

    /// A signed document of approvals.
    pub async fn approval(&self, name: Sha256Hash) -> Result<Vec<u8>, FleetError> {
        self.store.approval(name).await?.ok_or(FleetError::NotFound)
    }

    /// The present devices, of one screen or of all, by screen.
    pub async fn states(&self, screen: Option<&ScreenCode>) -> Result<Vec<DeviceState>, FleetError> {
        self.store.states(screen).await
    }

    /// The devices that stand at `screens`, or at any screen when none is named, by screen.
    pub async fn present(&self, screens: &[ScreenCode]) -> Result<Vec<Device>, FleetError> {
        let mut devices = Vec::new();
        for state in self.store.states(None).await? {
            if screens.is_empty() || screens.contains(&state.screen) {
                devices.extend(self.store.device(state.device).await?);
            }
        }
        Ok(devices)
    }

    /// Notes how the device is.
    pub async fn heartbeat(
        &self,
        device: &Device,
        certificate: &DeviceCertificate,
        heartbeat: Heartbeat,
    ) -> Result<HeartbeatAnswer, FleetError> {
        let now = self.clock.now();
        let standing = heartbeat.release.clone();
        self.store.heartbeat(device.device, now, heartbeat).await?;
        let release = match standing.filter(|_| !device.retired) {
            Some(standing) => self.offered(device.device, &standing, now).await?,
            None => None,
        };
        let (index, commands) = (self.index(device).await?.1, self.sealed(device, now).await?);
        Ok(HeartbeatAnswer { at_ms: now, index, commands, renew: self.renewal_due(certificate), release })
    }

    /// Newest plan row, and the screens with plans after row `after`; none: no screens, only the row.
    pub async fn published_after(&self, after: Option<i64>) -> Result<(i64, Vec<ScreenCode>), FleetError> {
        self.store.published_after(after.unwrap_or(i64::MAX)).await
    }

    /// Tells listening devices that a screen has new plans.
    pub fn announce(&self, screens: impl IntoIterator<Item = ScreenCode>) {
        for screen in screens {
            // Nobody listening is not an error: devices poll as well.
            let _ = self.changed.send(Call::Plans(screen));
        }
    }

    /// Tells every listening device that something was taken back.
    pub fn announce_withdrawal(&self) {
        let _ = self.changed.send(Call::Withdrawal);
    }

    /// The newest list of what was taken back, by name; none while nothing was.
    pub async fn withdrawals(&self) -> Result<Option<Sha256Hash>, FleetError> {
        self.store.withdrawals().await
    }

    /// What devices are called for, as it happens.
    pub fn calls(&self) -> broadcast::Receiver<Call> {
        self.changed.subscribe()
    }
}

fn etag(index: &PlaylistIndex) -> String {
    let json = serde_json::to_vec(index).expect("plain data always encodes");
    Sha256Hash::of(&json).hex()[..32].to_owned()
}

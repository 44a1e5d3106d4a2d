//! The proof room: takes in signed segments, judges each record once, and keeps what was signed.
//!
//! Invariants: the same record a thousand times counts once; a segment is stored as the bytes
//! that were signed; segment, rollup, tally and mark move in one transaction; a hole is never
//! stepped over; two different segments for one place in the chain are kept apart and told of.
//! The rule itself is pure ([`lichphat_playlists::proof::count`]); this room applies it.

pub mod audit;
pub mod bundle;
mod cache;
pub mod evidence;
pub mod log;
pub mod witnesses;

pub use lichphat_playlists::proof::book::{PlanBook, PlanContext, PlanDocument};
pub use lichphat_playlists::proof::chain::{DeviceMark, Outcome, decide, stand};
pub use lichphat_playlists::proof::rollup::{Counts, RollupDelta};

use crate::fleet::Device;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, PlanHash, ScreenCode, Sha256Hash};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::proof::head::DeviceHead;
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::segment::{Segment, SegmentError};
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::permit::Withdrawals;
use lichphat_playlists::wire::sign::{Envelope, Evidence, Receipting, SignError, SigningKey, VerifyingKey};
use std::sync::Arc;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// No such device, or its key was revoked.
    #[error("device {0} is not registered here, or was revoked; register it again with `lichphat device add`")]
    UnknownDevice(DeviceId),
    /// A segment or a head speaks for another device than the one that sent it.
    #[error(
        "what was signed is device {claimed}'s, epoch {epoch}, or another screen's, and was sent by device {sender}"
    )]
    WrongSender {
        /// Device it names.
        claimed: DeviceId,
        /// Epoch it names.
        epoch: Epoch,
        /// Device in the request.
        sender: DeviceId,
    },
    /// Form or signature.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A segment says that it is of a real player and the device was registered as a simulated one, or the other way round.
    #[error(
        "device {0} was registered as simulated and its segment says that it is not, or the other way round; register it again"
    )]
    Simulated(DeviceId),
    /// A stored segment cannot be read.
    #[error("entry {log_index}: {source}; run `lichphat check`")]
    Unreadable {
        /// Its place in the log.
        log_index: u64,
        /// What is wrong.
        source: SegmentError,
    },
    /// More segments on one day than any player makes in a month.
    #[error(
        "device {device} has sent {limit} segments today, and no more are taken ([log] segments_per_device); send the rest tomorrow"
    )]
    TooMany {
        /// The device.
        device: DeviceId,
        /// As many are taken of a received day.
        limit: u32,
    },
    /// Form or signature of what a device says of how far its records go.
    #[error("head: {0}")]
    Head(SignError),
    /// The store failed; nothing was taken in.
    #[error("the store failed: {0}")]
    Store(String),
}

/// A device as this room needs it.
#[derive(Debug, Clone)]
pub struct DeviceIdentity {
    /// Its number.
    pub device: DeviceId,
    /// Its present epoch.
    pub epoch: Epoch,
    /// The screen it stands at, or stood at last.
    pub screen: ScreenCode,
    /// Its evidence key.
    pub key: VerifyingKey<Evidence>,
    /// Of a simulation, as it was registered.
    pub simulated: bool,
}

/// Whom the fleet has let in is whom this room listens to: nothing is looked up twice.
impl TryFrom<&Device> for DeviceIdentity {
    type Error = ProofError;
    fn try_from(device: &Device) -> Result<Self, ProofError> {
        let key = VerifyingKey::from_bytes(&device.public_key)
            .map_err(|error| ProofError::Store(format!("evidence key of device {}: {error}", device.device)))?;
        let (epoch, screen) = (device.epoch, device.screen.clone());
        Ok(Self { device: device.device, epoch, screen, key, simulated: device.simulated })
    }
}

/// A segment whose signature holds.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// As it was signed.
    pub envelope: Envelope,
    /// Its hash.
    pub hash: Sha256Hash,
    /// What it says.
    pub segment: Segment,
    /// When it arrived.
    pub received: UtcMillis,
    /// The local day of that moment, by this house's offset.
    pub day: LocalDay,
}

/// What a device says of how far its records go, its signature checked.
#[derive(Debug, Clone)]
pub struct Heard {
    /// As it was signed.
    pub envelope: Envelope,
    /// What it says.
    pub head: DeviceHead,
    /// When it arrived.
    pub received: UtcMillis,
}

/// What a segment added to the sum of a day after the one on which it came. When its own day is dropped, that sum is still
/// to be checked against its records, and this is the part that is no longer among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Early {
    /// The segment.
    pub log_index: u64,
    /// Its device.
    pub device: DeviceId,
    /// The later day.
    pub day: LocalDay,
    /// Campaign of the sum.
    pub campaign: CampaignCode,
    /// What it added.
    pub counts: Counts,
}

impl Early {
    /// Those of a segment that came on `received`; usually none.
    pub fn of(log_index: u64, device: DeviceId, received: LocalDay, delta: &RollupDelta) -> Vec<Self> {
        let later = delta.iter().filter(|((day, _), _)| *day > received);
        let early = |((day, campaign), counts): (&(LocalDay, CampaignCode), &Counts)| {
            let (day, campaign, counts) = (*day, campaign.clone(), counts.clone());
            Self { log_index, device, day, campaign, counts }
        };
        later.map(early).collect()
    }
}

/// How much of a received day is taken in. What is beyond `segments` the device sends again the next day; of second stories so
/// many go into the log, and what comes beyond is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayLimits {
    /// Segments of one device.
    pub segments: u32,
    /// Second stories of one device.
    pub forks: u32,
    /// Second stories of all, besides the first of each device.
    pub forks_in_all: u32,
}

/// What was set apart of a device: it told two stories for one place in its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetApart {
    /// The device.
    pub device: DeviceId,
    /// Where it stands, or stood last.
    pub screen: ScreenCode,
    /// Segments that are kept, and in the log.
    pub kept: u64,
    /// Segments that came beyond the limit, as often as they came.
    pub beyond: u64,
    /// When the newest came.
    pub last: UtcMillis,
}

/// What the store must do for this room; each call is one transaction.
#[async_trait]
pub trait ProofStore: Send + Sync {
    /// The device's key, unless it is unknown or revoked.
    async fn identity(&self, device: DeviceId) -> Result<Option<DeviceIdentity>, ProofError>;
    /// The signed playlist documents (and their asset tables) of `plans`, as far as they are held.
    async fn plan_documents(&self, plans: Vec<PlanHash>) -> Result<Vec<PlanDocument>, ProofError>;
    /// All that was taken back of what people had approved.
    async fn withdrawals(&self) -> Result<Arc<Withdrawals>, ProofError>;
    /// Reads the device's mark, asks [`decide`], and keeps segment, rollups, tally and mark, or
    /// the quarantined bytes, as far as `limits` let. Returns the mark as it is afterwards.
    async fn append(
        &self,
        arrived: Arrived,
        plans: PlanBook,
        limits: DayLimits,
    ) -> Result<(Outcome, DeviceMark), ProofError>;
    /// Keeps what a device says of how far its records go, unless it has said more before.
    async fn keep_head(&self, heard: Heard) -> Result<(), ProofError>;
    /// The mark as it is.
    async fn mark(&self, device: DeviceId, epoch: Epoch) -> Result<DeviceMark, ProofError>;
}

/// The room's door.
pub struct Proof {
    store: Arc<dyn ProofStore>,
    clock: Arc<dyn Clock>,
    offset: UtcOffset,
    key: Arc<SigningKey<Receipting>>,
    limits: DayLimits,
    plan_cache: cache::PlanCache,
}

impl Proof {
    /// Ties the room to its store, its clock with the offset of local time, its receipt key and its limits.
    pub fn new(
        store: Arc<dyn ProofStore>,
        clock: Arc<dyn Clock>,
        offset: UtcOffset,
        key: Arc<SigningKey<Receipting>>,
        limits: DayLimits,
    ) -> Self {
        Self { store, clock, offset, key, limits, plan_cache: cache::PlanCache::default() }
    }

    /// Takes in one segment that `sender` sent. Whatever becomes of it, the answer says up to
    /// where this store holds the device's records; the device obeys that even when it is lower.
    pub async fn ingest(&self, sender: &DeviceIdentity, bytes: Vec<u8>) -> Result<(Outcome, Envelope), ProofError> {
        let envelope = Envelope::from_bytes(bytes).map_err(SegmentError::from)?;
        let wrong = |claimed, epoch| ProofError::WrongSender { claimed, epoch, sender: sender.device };
        let own = |device, epoch| (device == sender.device && epoch == sender.epoch).then_some(&sender.key);
        let segment = Segment::open_by(&envelope, own).map_err(|error| match error {
            SegmentError::UnknownDevice { device, epoch } => wrong(device, epoch),
            other => other.into(),
        })?;
        // A device speaks for its own screen, whatever plans of others it happens to know.
        if segment.screen != sender.screen {
            return Err(wrong(segment.device, segment.epoch));
        }
        if segment.simulated != sender.simulated {
            return Err(ProofError::Simulated(sender.device));
        }
        let plans = self.plan_cache.book(&*self.store, &segment).await?;
        let received = self.clock.now();
        let day = received.day(self.offset);
        let arrived = Arrived { hash: envelope.hash(), envelope, segment, received, day };
        let (first, last) = (arrived.segment.first_seq, arrived.segment.last_seq());
        let (outcome, mark) = self.store.append(arrived, plans, self.limits).await?;
        let DeviceIdentity { device, epoch, .. } = sender;
        match sender.simulated {
            true => tracing::debug!(%device, %epoch, %first, %last, acked = %mark.acked, "a segment came"),
            false => tracing::info!(%device, %epoch, %first, %last, acked = %mark.acked, "a segment came"),
        }
        if let Outcome::Fork { at } = outcome {
            tracing::error!(device = %sender.device, seq = %at, "two different segments for one place: quarantined; was the device cloned?");
        }
        Ok((outcome, self.seal(sender, &mark)))
    }

    /// Keeps what `sender` signed of how far its records go, base64. What it promises and does not hand in is stated in the
    /// log ([`log::LogStore::state_overdue`]).
    pub async fn hear(&self, sender: &DeviceIdentity, text: &str) -> Result<(), ProofError> {
        let bytes = BASE64.decode(text).map_err(|_| ProofError::Head(SignError::BadEnvelope))?;
        let envelope = Envelope::from_bytes(bytes).map_err(ProofError::Head)?;
        let head = DeviceHead::open(&envelope, &sender.key).map_err(ProofError::Head)?;
        if (head.device, head.epoch) != (sender.device, sender.epoch) {
            return Err(ProofError::WrongSender { claimed: head.device, epoch: head.epoch, sender: sender.device });
        }
        self.store.keep_head(Heard { envelope, head, received: self.clock.now() }).await
    }

    /// The newest receipt.
    pub async fn receipt(&self, device: DeviceId) -> Result<Envelope, ProofError> {
        let identity = self.identity(device).await?;
        let mark = self.store.mark(device, identity.epoch).await?;
        Ok(self.seal(&identity, &mark))
    }

    /// The device of that number, unless it is unknown or revoked.
    pub async fn identity(&self, device: DeviceId) -> Result<DeviceIdentity, ProofError> {
        self.store.identity(device).await?.ok_or(ProofError::UnknownDevice(device))
    }

    fn seal(&self, device: &DeviceIdentity, mark: &DeviceMark) -> Envelope {
        let DeviceIdentity { device, epoch, .. } = *device;
        Receipt { device, epoch, acked: mark.acked, head: mark.head, at_ms: self.clock.now() }.seal(&self.key)
    }
}

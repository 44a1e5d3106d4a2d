//! Records to the scheduler: sealed segments in order, each until a signed receipt covers it. The
//! receipt is obeyed even when it says less than the one before.

use crate::identity::Identity;
use crate::journal::{Journal, JournalError};
use crate::ports::{Request, Transport, TransportError};
use lichphat_playlists::ids::Seq;
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::device::{Heartbeat, HeartbeatAnswer, Problem};
use lichphat_playlists::wire::sign::{Envelope, SignError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How often the receipt is asked for when there is nothing to send, ms.
const ASK_EVERY_MS: i64 = 3_600_000;
/// Most bytes of a receipt or another small answer.
const ANSWER_LIMIT_BYTES: usize = 64 * 1024;

/// A journal that both the playing half and the sending half use.
pub type SharedJournal = Arc<Mutex<Box<dyn Journal>>>;

/// Locks a shared journal; a panic elsewhere does not lose records.
pub fn lock(journal: &SharedJournal) -> MutexGuard<'_, Box<dyn Journal>> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why records could not be handed over. They stay in the journal.
#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    /// No answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The scheduler refuses.
    #[error("the scheduler answered {status} to {what}: {why}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// HTTP status.
        status: u16,
        /// In its words.
        why: String,
    },
    /// The receipt is forged, cut, or another device's.
    #[error("the receipt is not valid: {0}")]
    Receipt(String),
    /// A receipt came, and it moved nothing.
    #[error("the scheduler did not take the segment that ends with record {last}")]
    NotTaken {
        /// Last record of the segment.
        last: Seq,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The answer is not what was agreed.
    #[error("the scheduler's answer makes no sense: {0}")]
    Answer(String),
}

impl From<SignError> for UplinkError {
    fn from(error: SignError) -> Self {
        Self::Receipt(error.to_string())
    }
}

/// The way of the records.
pub struct Uplink {
    transport: Arc<dyn Transport>,
    identity: Arc<Identity>,
    journal: SharedJournal,
    asked_at: Option<UtcMillis>,
}

impl std::fmt::Debug for Uplink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uplink").field("device", &self.identity.device).finish_non_exhaustive()
    }
}

impl Uplink {
    /// From this journal to that scheduler.
    pub fn new(transport: Arc<dyn Transport>, identity: Arc<Identity>, journal: SharedJournal) -> Self {
        Self { transport, identity, journal, asked_at: None }
    }

    /// Sends every sealed segment the scheduler does not hold yet; returns how many went. With
    /// nothing to send, asks for the receipt once in a while: the scheduler may have been restored.
    pub async fn upload_once(&mut self, now: UtcMillis) -> Result<usize, UplinkError> {
        let mut sent = 0;
        let mut rewound = false;
        loop {
            let next = lock(&self.journal).next_unsent()?;
            let Some(segment) = next else {
                let asked_lately = self.asked_at.is_some_and(|at| now.since_ms(at).abs() < ASK_EVERY_MS);
                if sent > 0 || asked_lately {
                    break;
                }
                self.asked_at = Some(now);
                let request = self.request(Request::get("/device/v1/receipt"));
                let bytes = self.answer("the receipt", request).await?;
                self.obey(bytes.to_vec())?;
                continue;
            };
            let before = lock(&self.journal).acked();
            let last = segment.last;
            let request = self.request(Request::post("/device/v1/segments", segment.bytes));
            let bytes = self.answer("a segment", request.header("content-type", "application/octet-stream")).await?;
            let acked = self.obey(bytes.to_vec())?;
            self.asked_at = Some(now);
            sent += 1;
            if acked < before && !rewound {
                rewound = true; // the scheduler lost what it held: send it again, from there
            } else if acked < last {
                return Err(UplinkError::NotTaken { last });
            }
        }
        lock(&self.journal).prune(now)?;
        Ok(sent)
    }

    /// Obeys the receipt that a stick brings, when it brings one, and leaves on it everything sealed that no receipt
    /// covers; returns how many segments. They stay in the journal until their receipt comes.
    pub async fn visit(&self, stick: &dyn Transport, now: UtcMillis) -> Result<usize, UplinkError> {
        let brought = stick.send(Request::get("/device/v1/receipt")).await?;
        let obeyed = match brought.status {
            200 => self.obey(brought.bytes(ANSWER_LIMIT_BYTES).await?.to_vec()),
            _ => Ok(Seq(0)), // the first trip brings none
        };
        let mut left = 0;
        let mut after = lock(&self.journal).acked();
        loop {
            let next = lock(&self.journal).sealed_after(after)?;
            let Some(segment) = next else { break };
            after = segment.last;
            self.answer_of(stick, "a segment", Request::post("/device/v1/segments", segment.bytes)).await?;
            left += 1;
        }
        obeyed?; // a receipt that is not ours keeps no record from going
        lock(&self.journal).prune(now)?;
        Ok(left)
    }

    /// Says how the device is.
    pub async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<HeartbeatAnswer, UplinkError> {
        let json = serde_json::to_vec(heartbeat).expect("plain data always encodes");
        let request = self.request(Request::post("/device/v1/heartbeat", json));
        let bytes = self.answer("a heartbeat", request.header("content-type", "application/json")).await?;
        serde_json::from_slice(&bytes).map_err(|e| UplinkError::Answer(e.to_string()))
    }

    /// Hands over a signed answer to a command. One that the scheduler refuses for good is not sent again.
    pub async fn answer_command(&self, sealed: Vec<u8>) -> Result<(), UplinkError> {
        let request = self.request(Request::post("/device/v1/answers", sealed));
        match self.answer("an answer", request.header("content-type", "application/octet-stream")).await {
            Err(UplinkError::Refused { status: 400..500, why, .. }) => {
                tracing::warn!("the scheduler does not take an answer: {why}");
                Ok(())
            }
            result => result.map(|_| ()),
        }
    }

    fn request(&self, request: Request) -> Request {
        request.header("authorization", self.identity.authorization())
    }

    async fn answer(&self, what: &'static str, request: Request) -> Result<bytes::Bytes, UplinkError> {
        self.answer_of(&*self.transport, what, request).await
    }

    async fn answer_of(
        &self,
        transport: &dyn Transport,
        what: &'static str,
        request: Request,
    ) -> Result<bytes::Bytes, UplinkError> {
        let response = transport.send(request).await?;
        let status = response.status;
        let bytes = response.bytes(ANSWER_LIMIT_BYTES).await?;
        if (200..300).contains(&status) {
            return Ok(bytes);
        }
        let why = serde_json::from_slice::<Problem>(&bytes).map_or_else(|_| "no reason given".to_owned(), |p| p.title);
        Err(UplinkError::Refused { what, status, why })
    }

    fn obey(&self, bytes: Vec<u8>) -> Result<Seq, UplinkError> {
        let receipt = Receipt::open(&Envelope::from_bytes(bytes)?, &self.identity.receipt_key)?;
        if (receipt.device, receipt.epoch) != (self.identity.device, self.identity.epoch) {
            let other = format!("it is for device {} epoch {}", receipt.device, receipt.epoch);
            return Err(UplinkError::Receipt(other));
        }
        lock(&self.journal).obey(&receipt)?;
        Ok(receipt.acked)
    }
}

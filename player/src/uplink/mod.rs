//! Records to the scheduler: sealed segments in order, each until a signed receipt covers it. The
//! receipt is obeyed even when it says less than the one before. Now and then the log is asked to prove that it holds
//! them, and that it has only grown.

use crate::identity::{self, Identity, IdentityError};
use crate::journal::{Journal, JournalError};
use crate::ports::{Request, Transport, TransportError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use lichphat_playlists::ids::Seq;
use lichphat_playlists::proof::anchor;
use lichphat_playlists::proof::head::DeviceHead;
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::device::{CERTIFICATE_EXPIRED, Heartbeat, HeartbeatAnswer, Problem};
use lichphat_playlists::wire::health::LogFault;
use lichphat_playlists::wire::proofs::{MAX_SENT_BYTES, MOST_SEGMENTS, Proofs, ProofsAsked};
use lichphat_playlists::wire::sign::{Envelope, SignError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How often the receipt is asked for when there is nothing to send, ms.
const ASK_EVERY_MS: i64 = 3_600_000;
/// How often the log is asked for proofs, unless settings say otherwise, ms.
pub const PROVE_EVERY_MS: i64 = 6 * 3_600_000;
/// How soon it is asked again when there was no answer, or no checkpoint yet, ms.
const PROVE_AGAIN_MS: i64 = 15 * 60_000;
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
    /// The certificate has ended; the next heartbeat renews it.
    #[error("this device's certificate has ended; it is renewed with the next heartbeat")]
    Expired,
    /// It is not renewed.
    #[error(transparent)]
    Renewal(#[from] Box<IdentityError>),
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
    /// The log does not hold what was signed before.
    #[error("{}; the last good checkpoint and all records are kept here", say(.0))]
    Log(LogFault),
}

fn say(fault: &LogFault) -> &'static str {
    match fault {
        LogFault::Foreign => "the scheduler's log is not signed by the key that was pinned at registration",
        LogFault::RolledBack => "the scheduler's log is smaller than before: was the scheduler restored from a backup?",
        LogFault::Rewritten => "the scheduler's log does not begin with what it held before: it was rewritten",
        LogFault::NotHeld => "a segment that the scheduler says it holds is not in its log",
    }
}

impl From<SignError> for UplinkError {
    fn from(error: SignError) -> Self {
        Self::Receipt(error.to_string())
    }
}

/// How far the records of a journal go.
pub fn head_of(identity: &Identity, journal: &dyn Journal, now: UtcMillis) -> Result<DeviceHead, JournalError> {
    let ((sealed, segment), seen) = (journal.sealed()?, anchor::seen(&journal.anchor()?));
    Ok(DeviceHead { device: identity.device, epoch: identity.epoch, sealed, segment, seen, at_ms: now })
}

/// The way of the records.
pub struct Uplink {
    transport: Arc<dyn Transport>,
    identity: Arc<Identity>,
    journal: SharedJournal,
    asked_at: Option<UtcMillis>,
    prove_every_ms: i64,
    /// When the log may be asked again; none: at once.
    prove_at: Option<UtcMillis>,
    /// How far the scheduler was told that the records go.
    told: Option<DeviceHead>,
}

impl std::fmt::Debug for Uplink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uplink").field("device", &self.identity.device).finish_non_exhaustive()
    }
}

impl Uplink {
    /// From this journal to that scheduler, whose log is asked for proofs so often.
    pub fn new(
        transport: Arc<dyn Transport>,
        identity: Arc<Identity>,
        journal: SharedJournal,
        prove_every_ms: i64,
    ) -> Self {
        Self { transport, identity, journal, asked_at: None, prove_every_ms, prove_at: None, told: None }
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
                let request = Request::get("/device/v1/receipt");
                let bytes = self.answer("the receipt", request).await?;
                self.obey(bytes.to_vec())?;
                continue;
            };
            let before = lock(&self.journal).acked();
            let last = segment.last;
            let request = Request::post("/device/v1/segments", segment.bytes);
            let bytes = self.answer("a segment", request.header("content-type", "application/octet-stream")).await?;
            let acked = self.obey(bytes.to_vec())?;
            self.asked_at = Some(now);
            sent += 1;
            if acked < before && !rewound {
                rewound = true; // the scheduler lost what it held: send it again, from there
                (self.prove_at, self.told) = (None, None); // and see what its log says to that
            } else if acked < last {
                return Err(UplinkError::NotTaken { last });
            }
        }
        let proven = self.prove(now).await;
        lock(&self.journal).prune(now)?;
        proven.map(|()| sent)
    }

    /// Asks the log for proofs when it is time to.
    async fn prove(&mut self, now: UtcMillis) -> Result<(), UplinkError> {
        // a clock that was set back is no reason to wait for it
        let waits = |at: UtcMillis| (1..=self.prove_every_ms).contains(&at.since_ms(now));
        if self.prove_at.is_some_and(waits) {
            return Ok(());
        }
        self.prove_at = Some(now.plus_ms(self.prove_every_ms.min(PROVE_AGAIN_MS)));
        let judged = self.ask_log().await;
        if matches!(judged, Ok(true) | Err(UplinkError::Log(_))) {
            self.prove_at = Some(now.plus_ms(self.prove_every_ms));
        }
        judged.map(|_| ())
    }

    /// Asks until all is proven that can be; false while the log has no checkpoint yet.
    async fn ask_log(&self) -> Result<bool, UplinkError> {
        loop {
            let asked = serde_json::to_vec(&self.question()?).expect("plain data always encodes");
            let request = Request::post("/device/v1/proofs", asked);
            let request = request.header("content-type", "application/json");
            let bytes = match self.answer_of(&*self.transport, "a question for proofs", request, MAX_SENT_BYTES).await {
                Err(UplinkError::Refused { status: 404, .. }) => return Ok(false),
                answer => answer?,
            };
            if self.verify(&bytes)? < MOST_SEGMENTS {
                return Ok(true);
            }
        }
    }

    /// What is to be proven next.
    fn question(&self) -> Result<ProofsAsked, UplinkError> {
        let journal = lock(&self.journal);
        let after_seq = journal.first_unproven()?.map_or(journal.acked(), |(first, _)| Seq(first.0 - 1));
        Ok(ProofsAsked { epoch: self.identity.epoch, after_seq, size: anchor::size(&journal.anchor()?) })
    }

    /// Believes an answer or says what is wrong with it; returns how many segments it proves that were not proven before.
    fn verify(&self, bytes: &[u8]) -> Result<usize, UplinkError> {
        let proofs = Proofs::decode(bytes).map_err(UplinkError::Answer)?;
        let mut journal = lock(&self.journal);
        let mut held = BTreeMap::new();
        for one in proofs.segments.iter().take(MOST_SEGMENTS) {
            held.extend(journal.sealed_at(one.first_seq)?.map(|sealed| (sealed.first, sealed.bytes)));
        }
        match anchor::verify(&proofs, &self.identity.log_key, &journal.anchor()?, &held) {
            Ok(Some(verified)) => Ok(journal.keep_proofs(&verified.anchor, &verified.proven)?),
            Ok(None) => Ok(0),
            Err(fault) => {
                journal.note_log_fault(fault)?;
                Err(UplinkError::Log(fault))
            }
        }
    }

    /// Obeys the receipt and believes the proofs that a stick brings, when it brings some, and leaves on it everything
    /// sealed that no receipt covers, and the next question to the log; returns how many segments. They stay in the journal
    /// until receipt and proof come.
    pub async fn visit(&self, stick: &dyn Transport, now: UtcMillis) -> Result<usize, UplinkError> {
        let brought = stick.send(Request::get("/device/v1/receipt")).await?;
        let obeyed = match brought.status {
            200 => self.obey(brought.bytes(ANSWER_LIMIT_BYTES).await?.to_vec()),
            _ => Ok(Seq(0)), // the first trip brings none
        };
        let proven = self.verify_brought(stick).await;
        let mut left = 0;
        let mut after = lock(&self.journal).acked();
        loop {
            let next = lock(&self.journal).sealed_after(after)?;
            let Some(segment) = next else { break };
            after = segment.last;
            let request = Request::post("/device/v1/segments", segment.bytes);
            self.answer_of(stick, "a segment", request, ANSWER_LIMIT_BYTES).await?;
            left += 1;
        }
        let asked = serde_json::to_vec(&self.question()?).expect("plain data always encodes");
        let request = Request::post("/device/v1/proofs", asked);
        self.answer_of(stick, "a question for proofs", request, ANSWER_LIMIT_BYTES).await?;
        obeyed?; // a receipt that is not ours, or a log that is broken, keeps no record from going
        proven?;
        lock(&self.journal).prune(now)?;
        Ok(left)
    }

    /// Believes the answers of the log on a stick, or says what is wrong with the first that does not hold.
    async fn verify_brought(&self, stick: &dyn Transport) -> Result<(), UplinkError> {
        for n in 0..=u16::MAX {
            let proofs = stick.send(Request::get(format!("/device/v1/proofs/{n}"))).await?;
            if proofs.status != 200 {
                break;
            }
            self.verify(&proofs.bytes(MAX_SENT_BYTES).await?)?;
        }
        Ok(())
    }

    /// Says how the device is and, signed, how far its records go, when that is not what was said last.
    pub async fn heartbeat(&mut self, mut heartbeat: Heartbeat) -> Result<HeartbeatAnswer, UplinkError> {
        // a journal that is broken keeps no box from saying how it is
        let head = head_of(&self.identity, &**lock(&self.journal), heartbeat.at_ms).ok();
        let news = head.filter(|head| !self.told.as_ref().is_some_and(|told| told.says_the_same(head)));
        heartbeat.head = news.as_ref().map(|head| BASE64.encode(head.seal(&self.identity.evidence).as_bytes()));
        let answer = match self.tell(&heartbeat).await {
            Err(UplinkError::Expired) => {
                self.renew().await?;
                self.tell(&heartbeat).await?
            }
            answer => answer?,
        };
        self.told = news.or(self.told.take());
        if answer.renew
            && let Err(error) = self.renew().await
        {
            tracing::warn!("{error}"); // the one it has is good for a while yet
        }
        Ok(answer)
    }

    async fn renew(&self) -> Result<(), UplinkError> {
        identity::renew(&*self.transport, &self.identity.credentials).await.map_err(Box::new)?;
        tracing::info!("the scheduler has renewed this device's certificate");
        Ok(())
    }

    async fn tell(&self, heartbeat: &Heartbeat) -> Result<HeartbeatAnswer, UplinkError> {
        let json = serde_json::to_vec(heartbeat).expect("plain data always encodes");
        let request = Request::post("/device/v1/heartbeat", json);
        let bytes = self.answer("a heartbeat", request.header("content-type", "application/json")).await?;
        serde_json::from_slice(&bytes).map_err(|e| UplinkError::Answer(e.to_string()))
    }

    /// Hands over a signed answer to a command. One that the scheduler refuses for good is not sent again.
    pub async fn answer_command(&self, sealed: Vec<u8>) -> Result<(), UplinkError> {
        let request = Request::post("/device/v1/answers", sealed);
        match self.answer("an answer", request.header("content-type", "application/octet-stream")).await {
            Err(UplinkError::Refused { status: 400..500, why, .. }) => {
                tracing::warn!("the scheduler does not take an answer: {why}");
                Ok(())
            }
            result => result.map(|_| ()),
        }
    }

    async fn answer(&self, what: &'static str, request: Request) -> Result<bytes::Bytes, UplinkError> {
        self.answer_of(&*self.transport, what, request, ANSWER_LIMIT_BYTES).await
    }

    async fn answer_of(
        &self,
        transport: &dyn Transport,
        what: &'static str,
        request: Request,
        limit_bytes: usize,
    ) -> Result<bytes::Bytes, UplinkError> {
        let response = transport.send(request).await?;
        let status = response.status;
        let bytes = response.bytes(limit_bytes).await?;
        if (200..300).contains(&status) {
            return Ok(bytes);
        }
        Err(match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) if problem.kind == CERTIFICATE_EXPIRED => UplinkError::Expired,
            Ok(problem) => UplinkError::Refused { what, status, why: problem.words() },
            Err(_) => UplinkError::Refused { what, status, why: "no reason given".to_owned() },
        })
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

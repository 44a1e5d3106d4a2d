//! What inspectors found, one entry of the log each, and what the findings of a draw prove.

use super::draw::Draw;
use super::{Aim, Share, upper, upper_of};
use crate::ids::{CampaignCode, CommandId, DeviceId, MediaHash, ScreenCode, Sha256Hash};
use crate::time::UtcMillis;
use crate::wire::command::{ANSWER_LIMIT_BYTES, Answer, Challenge, Outcome, challenge_code};
use crate::wire::sign::{Answering, Envelope, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a watch may be off the play, ms: people note the minute, and a moment later.
const WATCH_MS: i64 = 5 * 60_000;

/// What was to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// The picture that was expected.
    AsExpected,
    /// Another one.
    OtherPicture,
    /// Nothing: the panel was dark.
    Dark,
    /// Nobody could look: no camera, no way in.
    CouldNotLook,
}

impl Seen {
    /// All, in the order in which people read them.
    pub const ALL: [Self; 4] = [Self::AsExpected, Self::OtherPicture, Self::Dark, Self::CouldNotLook];

    /// Stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AsExpected => "as-expected",
            Self::OtherPicture => "other-picture",
            Self::Dark => "dark",
            Self::CouldNotLook => "could-not-look",
        }
    }
}

/// A code that was read off the screen, with the device's signed word that it showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenCode {
    /// As it was read.
    pub code: String,
    /// The command it answered.
    pub command: CommandId,
    /// The device.
    pub device: DeviceId,
    /// SHA-256 of the answer as the device signed it: the scheduler keeps those of challenges for good.
    pub answer: Sha256Hash,
    /// How the code came to be: whoever has both chances can reckon it.
    pub challenge: Challenge,
    /// From when until when it stood on the screen.
    pub shown_ms: (UtcMillis, UtcMillis),
}

impl SeenCode {
    /// The code of a device's signed answer, when it is one, it adds up, and it was on the screen then.
    pub fn of(
        (command, device, screen): (CommandId, DeviceId, &ScreenCode),
        answer: &[u8],
        code: &str,
        at: UtcMillis,
    ) -> Option<Self> {
        let envelope = Envelope::from_bytes(answer.to_vec()).ok()?;
        let json = envelope.content_unverified(ANSWER_LIMIT_BYTES).ok()?;
        let said: Answer = serde_json::from_slice(&json).ok()?;
        let Outcome::Shown(shown) = said.outcome else { return None };
        let challenge = shown.challenge?;
        let reckoned = challenge_code(&challenge.nonce, &challenge.salt, device, screen);
        let near = at.since_ms(shown.from_ms) >= -WATCH_MS && at.since_ms(shown.until_ms) <= WATCH_MS;
        let same = (said.id, said.device) == (command, device) && reckoned == challenge.code && reckoned == code;
        (same && near).then(|| Self {
            code: code.to_owned(),
            command,
            device,
            answer: Sha256Hash::of(answer),
            challenge,
            shown_ms: (shown.from_ms, shown.until_ms),
        })
    }

    /// Is `answer` the one this names, signed by the device's key?
    pub fn is_signed(&self, answer: &[u8], key: &VerifyingKey<Answering>) -> bool {
        let opened = Envelope::from_bytes(answer.to_vec()).and_then(|e| Answer::open(&e, key));
        Sha256Hash::of(answer) == self.answer && opened.is_ok_and(|a| a.id == self.command)
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The draw it belongs to.
    pub draw: Sha256Hash,
    /// The turn of its play in that draw.
    pub n: u32,
    /// The campaign.
    pub campaign: CampaignCode,
    /// The screen.
    pub screen: ScreenCode,
    /// When the play starts.
    pub start_ms: UtcMillis,
    /// What was to be seen.
    pub media: MediaHash,
    /// What was.
    pub seen: Seen,
    /// Who looked.
    pub by: String,
    /// When he looked.
    pub at_ms: UtcMillis,
    /// What he has to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// SHA-256 of the photograph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Sha256Hash>,
    /// The challenge's code that was on the screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<SeenCode>,
}

/// Was somebody there in time? A planned play is looked at while it runs, a counted one at any time after it.
pub fn in_time(draw: &Draw, start: UtcMillis, length_s: u32, at: UtcMillis) -> bool {
    let after = at.since_ms(start);
    after >= -WATCH_MS && (draw.kind == super::Kind::Counted || after <= i64::from(length_s) * 1000 + WATCH_MS)
}

/// Findings of a draw, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Drawn.
    pub drawn: u64,
    /// Looked at.
    pub looked: u64,
    /// Another picture, or none.
    pub bad: u64,
    /// Nobody could look.
    pub could_not_look: u64,
    /// Not reported yet.
    pub open: u64,
    /// Looked at with a code that the device signed.
    pub with_code: u64,
}

/// An upper bound of the share of bad plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Proven {
    /// At most this share is bad, at the draw's confidence.
    pub at_most: Share,
    /// It is below what the draw allows.
    pub met: bool,
}

/// What the findings of a draw prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The figures.
    pub tally: Tally,
    /// Of what was looked at; none before anything was.
    pub looked: Option<Proven>,
    /// When every play that could not be looked at was bad: what holds whyever nobody could look.
    pub worst: Option<Proven>,
}

impl Verdict {
    /// Of these findings, the newest of each play last.
    pub fn of<'a>(draw: &Draw, findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let newest: BTreeMap<u32, &Finding> = findings.into_iter().map(|f| (f.n, f)).collect();
        let count = |what: &dyn Fn(&Finding) -> bool| newest.values().filter(|f| what(f)).count() as u64;
        let drawn = draw.items.len() as u64;
        let could_not_look = count(&|f| f.seen == Seen::CouldNotLook);
        let tally = Tally {
            drawn,
            looked: newest.len() as u64 - could_not_look,
            bad: count(&|f| matches!(f.seen, Seen::OtherPicture | Seen::Dark)),
            could_not_look,
            open: drawn.saturating_sub(newest.len() as u64),
            with_code: count(&|f| f.seen != Seen::CouldNotLook && f.code.is_some()),
        };
        let proven = |looked: u64, bad: u64| (looked > 0).then(|| Proven::of(draw, looked, bad));
        Self {
            tally,
            looked: proven(tally.looked, tally.bad),
            worst: proven(tally.looked + could_not_look, tally.bad + could_not_look),
        }
    }
}

impl Proven {
    fn of(draw: &Draw, looked: u64, bad: u64) -> Self {
        let Aim { confidence, max_bad } = draw.aim;
        if !draw.is_of_few() {
            let at_most = upper(looked, bad, confidence);
            return Self { at_most, met: at_most < max_bad };
        }
        let all = draw.population.size;
        let most = upper_of(all, looked, bad, confidence);
        let at_most = Share::millionths((u128::from(most) * 1_000_000).div_ceil(u128::from(all.max(1))) as u32);
        Self { at_most, met: most < draw.aim.too_many(all) }
    }
}

//! What a command is done with.

use super::failed;
use crate::log::LogRing;
use crate::stage::notice::{Notice, Place};
use crate::stage::{Front, NoFront};
use base64::Engine as _;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::ports::Rng;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::{HANOI, UtcMillis};
use lichphat_playlists::wire::command::{
    CHALLENGE_MS, Challenge, Command, IDENTIFY_MS, LOG_LIMIT, Outcome, PICTURE_LIMIT_BYTES, Shown, challenge_code,
};
use std::sync::Arc;

/// A screenshot's width, pixels.
const PICTURE_WIDTH: u32 = 640;
/// At most one screenshot in this time, ms: encoding takes a share of a small box.
const PICTURE_EVERY_MS: u64 = 10_000;

/// The stage's front, the log and chance.
#[derive(Clone)]
pub struct Tools {
    pub(super) front: Arc<dyn Front>,
    log: LogRing,
    rng: Arc<dyn Rng>,
    pictured_at_mono_ms: Option<u64>,
}

impl Tools {
    /// With a real stage.
    pub fn new(front: Arc<dyn Front>, log: LogRing, rng: Arc<dyn Rng>) -> Self {
        Self { front, log, rng, pictured_at_mono_ms: None }
    }

    /// A simulated device's: there is no picture and no log.
    pub fn none(rng: Arc<dyn Rng>) -> Self {
        Self::new(Arc::new(NoFront), LogRing::default(), rng)
    }

    /// Eight bytes of chance, hexadecimal.
    pub(crate) fn chance(&self) -> String {
        let mut bytes = [0; 8];
        self.rng.fill(&mut bytes);
        hex::encode(bytes)
    }

    pub(super) fn log(&self, lines: u32) -> Outcome {
        let (most_lines, most_bytes) = LOG_LIMIT;
        Outcome::Log { text: self.log.tail(lines.min(most_lines) as usize, most_bytes) }
    }

    pub(super) async fn screenshot(&mut self, mono_ms: u64) -> Outcome {
        if self.pictured_at_mono_ms.is_some_and(|at| mono_ms.saturating_sub(at) < PICTURE_EVERY_MS) {
            return failed("too-soon");
        }
        self.pictured_at_mono_ms = Some(mono_ms);
        let front = self.front.clone();
        let taken = tokio::task::spawn_blocking(move || front.screenshot(PICTURE_WIDTH)).await;
        match taken.unwrap_or(Err("not-encoded")) {
            Ok(jpeg) if jpeg.len() > PICTURE_LIMIT_BYTES => failed("too-large"),
            Ok(jpeg) => Outcome::Picture { jpeg: base64::engine::general_purpose::STANDARD_NO_PAD.encode(jpeg) },
            Err(cause) => failed(cause),
        }
    }

    pub(super) fn identify(&self, screen: &ScreenCode, name: &str, now: UtcMillis, display: DisplayLevel) -> Outcome {
        let lines = vec![name.to_owned()];
        self.band(
            screen.to_string(),
            lines,
            IDENTIFY_MS,
            Shown { from_ms: now, until_ms: now.plus_ms(i64::from(IDENTIFY_MS)), display, challenge: None },
        )
    }

    pub(super) fn challenge(&self, command: &Command, nonce: &str, now: UtcMillis, display: DisplayLevel) -> Outcome {
        let mut salt = [0; 16];
        self.rng.fill(&mut salt);
        let salt = hex::encode(salt);
        let code = challenge_code(nonce, &salt, command.device, &command.screen);
        let at = now.rfc3339(HANOI).get(..16).unwrap_or_default().replace('T', " ");
        let lines = vec![format!("Mã kiểm tra · {} · {at}", command.screen)];
        self.band(
            code.clone(),
            lines,
            CHALLENGE_MS,
            Shown {
                from_ms: now,
                until_ms: now.plus_ms(i64::from(CHALLENGE_MS)),
                display,
                challenge: Some(Challenge { nonce: nonce.to_owned(), salt, code }),
            },
        )
    }

    fn band(&self, title: String, lines: Vec<String>, for_ms: u32, shown: Shown) -> Outcome {
        let notice = Notice { title, lines, qr: None, place: Place::Band, for_ms: Some(for_ms) };
        if self.front.notice(Some(&notice)) { Outcome::Shown(shown) } else { failed("no-picture") }
    }
}

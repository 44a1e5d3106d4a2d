//! The one real player of the demonstration: provisioned, started, watched and stopped like any other.

use super::{shown, stage_set};
use crate::cmd::Context;
use crate::cmd::rooms::Rooms;
use crate::error::AppError;
use crate::fleet::Way;
use crate::people::Caller;
use crate::proof::audit::AuditStore;
use crate::proof::log::StoredEntry;
use crate::sim::city;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::proof::segment::Segment;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// How long the demonstration lets the real player play before it stops by itself.
const PLAY_FOR: Duration = Duration::from_secs(75);
/// When it stops all the same.
const AT_THE_LATEST: Duration = Duration::from_secs(160);

/// The player's program: beside this one, or on the path.
pub(super) fn player_program() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|me| Some(me.parent()?.join("lichphat-player")));
    beside.filter(|p| p.is_file()).unwrap_or_else(|| PathBuf::from("lichphat-player"))
}

/// A running player.
pub(super) struct Player {
    child: Child,
    began: Instant,
}

impl Player {
    /// Gives the sample screen its duty and order from now on, plans it, provisions and starts a player.
    pub(super) async fn start(rooms: &Rooms, context: &Context, dir: &Path, way: Way) -> Result<Self, AppError> {
        stage_set::build_real(context, dir).await?;
        rooms.approve_all((&Caller::shell(), super::APPROVED_BY)).await?;
        let screen = ScreenCode::new(city::REAL_SCREEN).map_err(|e| AppError::Failed(e.to_string()))?;
        let city = rooms.city().await?;
        rooms.plan(&city, |s| s.code == screen, "first plan").await?;
        let provisioning = rooms.fleet.provision(screen, (&way, &rooms.public_keys), &Caller::shell().account).await?;
        let file = dir.join("player.provision.toml");
        let text = toml::to_string(&provisioning).map_err(|e| AppError::Failed(e.to_string()))?;
        std::fs::write(&file, text).map_err(|e| AppError::io(shown(&file), e))?;
        let has_display = std::env::var_os("DISPLAY").is_some() || std::env::var_os("WAYLAND_DISPLAY").is_some();
        let sink = if has_display { "auto" } else { "fake" };
        if has_display {
            context.say("Trình phát thật mở một cửa sổ.", "The real player opens a window.");
        } else {
            context.say(
                "Máy này không có màn hình đồ hoạ: trình phát thật chạy với đầu ra giả (fake), vẫn giải mã và ghi nhật ký thật.",
                "This machine has no display: the real player runs with the fake sink; decoding and records are real.",
            );
        }
        let log = std::fs::File::create(dir.join("player.log")).map_err(|e| AppError::io("player.log", e))?;
        let err = log.try_clone().map_err(|e| AppError::io("player.log", e))?;
        let child = Command::new(player_program())
            .arg("run")
            .arg("--provision")
            .arg(&file)
            .arg("--state")
            .arg(dir.join("player"))
            .args(["--window", "--sink", sink])
            .stdin(std::process::Stdio::null())
            .stdout(log)
            .stderr(err)
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| AppError::io(format!("cannot start {}", player_program().display()), e))?;
        Ok(Self { child, began: Instant::now() })
    }

    /// Has it had time enough to play something and hand it in?
    pub(super) fn had_its_time(&self) -> bool {
        self.began.elapsed() >= PLAY_FOR
    }

    /// Asks it to stop in order: the last segment is cut and sent.
    pub(super) async fn stop(mut self) {
        if let Some(pid) = self.child.id() {
            let _ = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
        }
        if tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await.is_err() {
            tracing::warn!("the player did not stop in time and is killed");
        }
    }
}

/// Done when the real player has had its time, and its first records are here; at the latest before the
/// demonstration's own limit.
pub(super) async fn played_enough(started: Instant) {
    let rest = AT_THE_LATEST.saturating_sub(started.elapsed());
    tokio::time::sleep(PLAY_FOR.min(rest)).await;
}

/// What the records of real devices say: (records shown, counted is the rollups' word, rendered, dropped).
pub(super) async fn frames(store: &dyn AuditStore) -> Result<(u64, u64, u64), AppError> {
    let (mut plays, mut rendered, mut dropped) = (0, 0, 0);
    let (size, mut at) = (store.log_size().await?, 0);
    while at < size {
        for entry in store.entries(at..at + 512).await? {
            let StoredEntry::Segment(stored) = entry else { continue };
            let Some(identity) = store.identity_ever(stored.device).await? else { continue };
            let opened = lichphat_playlists::wire::sign::Envelope::from_bytes(stored.bytes)
                .ok()
                .and_then(|e| Segment::open(&e, &identity.key).ok());
            let Some(segment) = opened.filter(|s| !s.simulated) else { continue };
            for record in segment.records.iter().filter(|r| r.result.was_shown()) {
                plays += 1;
                rendered += u64::from(record.frames_rendered);
                dropped += u64::from(record.frames_dropped);
            }
        }
        at += 512;
    }
    Ok((plays, rendered, dropped))
}

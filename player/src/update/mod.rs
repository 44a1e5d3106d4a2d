//! The player brings itself up to date: a signed release is fetched like media, laid aside, tried at an orderly moment, and
//! kept only when it has been seen to do its work; otherwise the version before comes back by itself.
//!
//! Every step is one file that is whole or not there: the program under its hash, then the state that names it. Until the
//! state is written nothing has changed, and a power cut costs a download at most.

pub mod launch;
pub mod state;

use crate::cache::{Cache, CacheError};
use crate::ports::{MediaFs, Request, Transport};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use lichphat_playlists::ids::{DeviceId, Sha256Hash};
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::release::{Release, ReleaseError, Standing, WHOLE_FLEET};
use lichphat_playlists::wire::sign::{Envelope, Releasing, SignError, VerifyingKey};
use serde::Deserialize;
use state::{DIR, State, Version, path_of};
use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The installed package, by its version.
pub const PACKAGE: &str = env!("CARGO_PKG_VERSION");
/// Says to a started version which one it is.
pub const RUNNING: &str = "LICHPHAT_RUNNING_VERSION";

/// So much must a version have shown, or, off duty, so long must it have been up, and a scheduler must have been heard (but
/// where a stick brought it), to be good, ms.
pub const WELL_MS: u64 = 10 * 60_000;
/// A version that is not good by then goes, ms.
pub const TRIAL_MS: u64 = 60 * 60_000;
/// One that shows what it should goes all the same if no scheduler was heard by then, ms.
pub const UNHEARD_MS: u64 = 24 * 3_600_000;
/// Most bytes of a signed manifest.
const MANIFEST_BYTES: usize = 64 * 1024;
/// How long an orderly moment is waited for, ms.
const PATIENCE_MS: i64 = 24 * 3_600_000;
/// How long the scheduler may take to hear that a trial begins, ms.
const TELL_MS: i64 = 10 * 60_000;

/// `[update]` of the player's settings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateSettings {
    /// Public key that releases must be signed with, base64; without it the player never changes itself.
    pub release_key: Option<String>,
}

impl UpdateSettings {
    /// The key; else field, value and mend.
    pub fn key(&self) -> Result<Option<VerifyingKey<Releasing>>, String> {
        let key = |text: &String| {
            VerifyingKey::from_base64(text)
                .map_err(|e| format!("update.release_key = {text:?}: {e}; `lichphat release key` prints it"))
        };
        self.release_key.as_ref().map(key).transpose()
    }
}

/// Why a release is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Signature or form.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// It is not for this device.
    #[error("release {serial}: {why}; refused")]
    Refused {
        /// Which.
        serial: u32,
        /// Why not.
        why: String,
    },
    /// The way to its bytes.
    #[error(transparent)]
    Fetch(#[from] CacheError),
    /// The disk.
    #[error("release {serial}: {error}")]
    Disk {
        /// Which.
        serial: u32,
        /// What the system says.
        error: io::Error,
    },
}

/// The screen at the moment of a [`Updates::step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// Wall clock.
    pub now: UtcMillis,
    /// Monotonic clock, ms.
    pub mono_ms: u64,
    /// Should the screen be on?
    pub on_duty: bool,
    /// Is there a time off duty in the next 24 hours?
    pub rests: bool,
    /// Is a play on that somebody counts?
    pub matters: bool,
    /// What this run has shown so far with rendered frames, ms.
    pub shown_ms: u64,
    /// Does the stage answer?
    pub stage_answers: bool,
}

impl Scene {
    /// An orderly moment to stop: off duty when there is such a time, else when nothing is on that counts.
    fn is_orderly(&self) -> bool {
        if self.rests { !self.on_duty } else { !self.matters }
    }
}

#[derive(Debug, Default)]
struct Inner {
    state: State,
    /// What the scheduler, or a stick, offers now.
    offer: Option<Release>,
    /// The offer came on a stick.
    alone: bool,
    /// The offer whose bytes lie ready, and since when.
    ready: Option<(Version, UtcMillis)>,
    /// Since when a restart into the trial is due, monotonic ms.
    switching: Option<u64>,
    /// The scheduler heard that the trial begins.
    told: bool,
    /// The scheduler was heard in this run.
    heard: bool,
    /// Monotonic time of the first step of this run, ms.
    began_ms: Option<u64>,
    faults: Vec<String>,
}

/// See the module's header. The parts of an agent share it.
pub struct Updates {
    fs: Arc<dyn MediaFs>,
    cache: Cache,
    key: VerifyingKey<Releasing>,
    device: DeviceId,
    running: Option<Sha256Hash>,
    inner: Mutex<Inner>,
}

impl std::fmt::Debug for Updates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Updates").field("running", &self.running).finish_non_exhaustive()
    }
}

impl Updates {
    /// `running` is the version that this process is; none for the package's own.
    pub fn new(
        fs: Arc<dyn MediaFs>,
        key: VerifyingKey<Releasing>,
        device: DeviceId,
        running: Option<Sha256Hash>,
    ) -> Self {
        let state = State::read(&*fs, PACKAGE);
        let cache = Cache::new(fs.clone());
        Self { fs, cache, key, device, running, inner: Mutex::new(Inner { state, ..Inner::default() }) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How this device stands to releases.
    pub fn standing(&self) -> Standing {
        self.inner().state.standing()
    }

    /// The scheduler answered a heartbeat that said `told`, and offers this.
    pub fn heard(
        &self,
        told: &Standing,
        offer: Option<&str>,
        now: UtcMillis,
        clock: ClockState,
    ) -> Result<(), UpdateError> {
        {
            let mut inner = self.inner();
            inner.heard = true;
            inner.told |= inner.switching.is_some() && told.trial.is_some();
            inner.offer = None;
        }
        let Some(text) = offer else { return Ok(()) };
        let bytes = BASE64.decode(text).map_err(|_| ReleaseError::Sign(SignError::BadEnvelope))?;
        self.consider(bytes, false, now, clock)
    }

    /// Takes what a stick brings.
    pub async fn visit(&self, stick: &dyn Transport, now: UtcMillis, clock: ClockState) -> Result<(), UpdateError> {
        let response = stick.send(Request::get("/device/v1/release")).await.map_err(CacheError::from)?;
        if response.status != 200 {
            return Ok(());
        }
        let bytes = response.bytes(MANIFEST_BYTES).await.map_err(CacheError::from)?;
        self.consider(bytes.to_vec(), true, now, clock)?;
        self.fetch(stick, now).await
    }

    fn consider(&self, bytes: Vec<u8>, alone: bool, now: UtcMillis, clock: ClockState) -> Result<(), UpdateError> {
        let envelope = Envelope::from_bytes(bytes).map_err(ReleaseError::from)?;
        let release = Release::open(&envelope, &self.key)?;
        let mut inner = self.inner();
        let on_trial = inner.state.trial.is_some_and(|t| t.version.serial == release.serial);
        if on_trial || self.may_take(&inner.state, &release, now, clock)? {
            (inner.offer, inner.alone) = (Some(release), alone);
        }
        Ok(())
    }

    /// False for what is not news or not due; the rest is refused aloud.
    fn may_take(
        &self,
        state: &State,
        release: &Release,
        now: UtcMillis,
        clock: ClockState,
    ) -> Result<bool, UpdateError> {
        let refuse = |why: String| Err(UpdateError::Refused { serial: release.serial, why });
        if release.serial <= state.floor {
            return Ok(false);
        }
        if release.arch != std::env::consts::ARCH {
            return refuse(format!("it is for {} machines", release.arch));
        }
        if release.least > state.standing().serial {
            return refuse(format!("it needs release {} to be running", release.least));
        }
        if !release.reaches(self.device, WHOLE_FLEET) {
            return refuse("its makers did not mean it for this device".to_owned());
        }
        Ok(clock != ClockState::Unset && release.not_before_ms <= now)
    }

    /// Brings what is offered and lays it aside. May be dropped at any point: what came so far is gone on with.
    pub async fn fetch(&self, transport: &dyn Transport, now: UtcMillis) -> Result<(), UpdateError> {
        let wanted = {
            let inner = self.inner();
            if inner.state.trial.is_some() {
                return Ok(());
            }
            inner.offer.clone()
        };
        let Some(release) = wanted else { return Ok(()) };
        let version = Version { serial: release.serial, file: release.file };
        if self.inner().ready.is_some_and(|(ready, _)| ready == version) {
            return Ok(());
        }
        if self.fs.sha256(&path_of(version.file)).ok() != Some(version.file) {
            let kind = MediaKind::Still; // to the cache it is bytes of a length and a hash
            let media = Media { hash: release.file, size_bytes: release.size_bytes, kind, duration_s: 0 };
            self.cache.fetch(&media, transport, &BTreeSet::new(), false).await?;
            self.lay_aside(version).map_err(|error| UpdateError::Disk { serial: version.serial, error })?;
        }
        self.inner().ready = Some((version, now));
        Ok(())
    }

    fn lay_aside(&self, version: Version) -> io::Result<()> {
        let (from, to) = (format!("media/{}", version.file.hex()), path_of(version.file));
        let part = format!("{to}.part");
        self.fs.remove(&part)?;
        let (mut source, mut copy) = (self.fs.open(&from)?, self.fs.append(&part)?);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match source.read(&mut buffer)? {
                0 => break,
                n => copy.write_all(&buffer[..n])?,
            }
        }
        copy.sync()?;
        drop(copy);
        if self.fs.sha256(&part)? != version.file {
            self.fs.remove(&part)?;
            return Err(io::Error::other("the disk gives back other bytes than were written"));
        }
        self.fs.make_executable(&part)?;
        self.fs.rename(&part, &to)?;
        self.fs.remove(&from)
    }

    /// What went wrong since the last time it was asked.
    pub fn take_faults(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().faults)
    }

    /// Time passed. True when the player is to stop in order and be started again.
    pub fn step(&self, scene: &Scene) -> bool {
        let mut inner = self.inner();
        let up_ms = scene.mono_ms.saturating_sub(*inner.began_ms.get_or_insert(scene.mono_ms));
        if let Some(trial) = inner.state.trial
            && self.running == Some(trial.version.file)
        {
            return self.judge(&mut inner, scene, up_ms, trial.alone);
        }
        if let Some(since) = inner.switching {
            let waited_ms = scene.mono_ms.saturating_sub(since) as i64;
            let told = inner.told || waited_ms > TELL_MS;
            return told && (scene.is_orderly() || waited_ms > PATIENCE_MS);
        }
        let Some((version, since)) = inner.ready else { return false };
        let offered = inner.offer.as_ref().is_some_and(|offer| offer.serial == version.serial);
        if !offered || !(scene.is_orderly() || scene.now.since_ms(since) > PATIENCE_MS) {
            return false;
        }
        let before = inner.state.clone();
        let alone = inner.alone;
        inner.state.try_out(version, alone);
        match inner.state.write(&*self.fs) {
            Ok(()) => inner.switching = Some(scene.mono_ms),
            Err(error) => {
                inner.state = before;
                inner.ready = None; // it is looked at again with the next offer
                inner.faults.push(format!("release {}: {error}", version.serial));
            }
        }
        false
    }

    /// Has the version on trial done its work by now, or failed to?
    fn judge(&self, inner: &mut Inner, scene: &Scene, up_ms: u64, alone: bool) -> bool {
        let idle = !scene.on_duty && up_ms >= WELL_MS;
        let works = scene.stage_answers && (scene.shown_ms >= WELL_MS || idle);
        // One that shows but is not heard could never be replaced again; a network may be down for a night.
        let well = works && (inner.heard || alone);
        if !well && up_ms < if works { UNHEARD_MS } else { TRIAL_MS } {
            return false;
        }
        let mut after = inner.state.clone();
        if well {
            after.settle();
        } else {
            after.fail("not-well");
        }
        if let Err(error) = after.write(&*self.fs) {
            inner.faults.push(format!("a release is judged, and the disk does not take it: {error}"));
            return false; // tried again with the next step
        }
        inner.state = after;
        if well {
            self.tidy(&inner.state);
        }
        !well
    }

    /// Forgets the versions that nothing names.
    fn tidy(&self, state: &State) {
        let kept = state.good.map(|good| good.file.hex());
        for (name, _) in self.fs.list(DIR).unwrap_or_default() {
            if name.parse::<Sha256Hash>().is_ok()
                && Some(&name) != kept.as_ref()
                && let Err(error) = self.fs.remove(&format!("{DIR}/{name}"))
            {
                tracing::warn!(%error, name, "an old version cannot be removed");
            }
        }
    }
}

//! Before the first play: a screen that is nobody's yet says what to do about it, and is never black.
//!
//! The stage opened here goes on into the run: the last notice stands until the first item comes.

use super::guard::Guard;
use super::opening::open_stage;
use super::run::{End, RunArgs, RunError};
use crate::clock::{Advised, SystemClock, SystemRng};
use crate::config::PlayerConfig;
use crate::identity::credentials::Credentials;
use crate::identity::pairing::{self, Offer};
use crate::identity::store::{provision, read_provisioning};
use crate::identity::{Identity, IdentityError};
use crate::ports::http::HttpTransport;
use crate::stage::gst::GstStage;
use crate::stage::notice::{Notice, Place};
use crate::stage::{Front, StageEvent};
use crate::sync::Backoff;
use lichphat_playlists::wire::device::Provisioning;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// An open stage of a device that has no identity yet.
pub(super) struct Lobby {
    pub(super) stage: GstStage,
    pub(super) events: UnboundedReceiver<StageEvent>,
    pub(super) clock: Arc<Advised>,
    front: Arc<dyn Front>,
    guard: Guard,
}

impl Lobby {
    pub(super) fn open(config: &PlayerConfig) -> Result<Self, RunError> {
        let clock = Advised::new(Arc::new(SystemClock::start(&config.state_dir, None)?));
        let (tell, events) = unbounded_channel();
        let stage = open_stage(config, clock.clone(), tell)?;
        Ok(Self { front: stage.front(), stage, events, clock, guard: Guard::ready() })
    }

    /// Registers the device, with the operator's file or by a code that somebody enters; as long as it takes. None when it
    /// was stopped before.
    pub(super) async fn identity(
        &mut self,
        args: &RunArgs,
        config: &PlayerConfig,
        end: &mut End,
    ) -> Result<Option<Identity>, RunError> {
        let state = &config.state_dir;
        let mut backoff = Backoff::new(0);
        let file = args.provision.as_deref().map(read_provisioning).transpose()?;
        let server = match (&file, &config.server) {
            (Some(file), _) => file.server.clone(),
            (None, Some(server)) => server.clone(),
            (None, None) => return Err(RunError::NotRegistered { state: state.clone() }),
        };
        let transport = match &file {
            Some(file) => HttpTransport::to_pair(file)?,
            None => HttpTransport::new(&server, &config.authority_pem()?)?,
        };
        loop {
            let result = match &file {
                Some(file) => provision(state, file, &transport, &SystemRng, false).await.map(Some),
                None => self.pair(&server, &transport, state, end).await,
            };
            match result {
                Ok(Some(identity)) => {
                    self.say(&paired(&identity));
                    return Ok(Some(identity));
                }
                Ok(None) => return Ok(None),
                Err(IdentityError::Transport(error)) => {
                    tracing::warn!("not registered yet: {error}");
                    self.say(&unreachable(&server));
                }
                Err(error) if file.is_some() => return Err(error.into()),
                Err(error) => {
                    tracing::warn!("not paired yet: {error}");
                    self.say(&refused(&server));
                }
            }
            if self.rest(Duration::from_millis(backoff.next_ms(false, &SystemRng)), end).await {
                return Ok(None);
            }
        }
    }

    /// Shows one code after another until somebody has entered one. None when it was stopped before.
    async fn pair(
        &mut self,
        server: &str,
        transport: &HttpTransport,
        state: &Path,
        end: &mut End,
    ) -> Result<Option<Identity>, IdentityError> {
        loop {
            let offer = pairing::ask(transport, &*Credentials::load_or_make(state)?).await?;
            self.say(&invitation(&offer, server));
            // for who cannot see it from here
            tracing::info!("the screen shows the code {}", offer.code);
            eprintln!("lichphat-player: code {}; enter it at {}", offer.code, offer.url);
            let until = Instant::now() + offer.life;
            while Instant::now() < until {
                if self.rest(offer.poll, end).await {
                    return Ok(None);
                }
                match pairing::look(transport, &offer).await {
                    Ok(Some(Some(provisioning))) => {
                        return self.enter(&provisioning, (state, Instant::now() + offer.life), end).await;
                    }
                    Ok(Some(None)) => {}
                    Ok(None) => break, // a new code
                    // A short break of the network costs nobody his code.
                    Err(error) => tracing::warn!("the scheduler could not be asked about the code: {error}"),
                }
            }
        }
    }

    /// Registers with what the code brought. As long as the code lasts an answer that was lost is asked for again: the same box
    /// gets the same one, and nobody has to come back to the screen. None when it was stopped before.
    async fn enter(
        &mut self,
        provisioning: &Provisioning,
        (state, until): (&Path, Instant),
        end: &mut End,
    ) -> Result<Option<Identity>, IdentityError> {
        let transport = HttpTransport::to_pair(provisioning)?;
        let mut backoff = Backoff::new(0);
        loop {
            match provision(state, provisioning, &transport, &SystemRng, false).await {
                Err(error) if error.passes() && Instant::now() < until => {
                    tracing::warn!("not registered yet: {error}");
                    self.say(&unreachable(&provisioning.server));
                }
                entered => return entered.map(Some),
            }
            if self.rest(Duration::from_millis(backoff.next_ms(false, &SystemRng)), end).await {
                return Ok(None);
            }
        }
    }

    fn say(&self, notice: &Notice) {
        if !self.front.notice(Some(notice)) {
            tracing::warn!("no picture to show it on: {}: {}", notice.title, notice.lines.join(" / "));
        }
    }

    /// Waits; true when the run is to end. The service manager hears that all is well.
    async fn rest(&mut self, time: Duration, end: &mut End) -> bool {
        let until = tokio::time::Instant::now() + time;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return false,
                () = self.guard.due() => self.guard.feed(true),
                () = end.wait() => return true,
            }
        }
    }
}

fn whole(title: &str, lines: Vec<String>, qr: Option<String>) -> Notice {
    Notice { title: title.to_owned(), lines, qr, place: Place::Whole, for_ms: None }
}

fn invitation(offer: &Offer, server: &str) -> Notice {
    let lines = vec![
        "Nhập mã này vào lichphat để ghép nối".to_owned(),
        "Enter this code in lichphat to pair".to_owned(),
        offer.server_name.clone(),
        server.to_owned(),
    ];
    whole(&offer.code, lines, Some(offer.url.clone()))
}

fn unreachable(server: &str) -> Notice {
    let lines = vec![
        "Kiểm tra dây mạng; màn hình tự thử lại.".to_owned(),
        "The server cannot be reached yet: check the network cable.".to_owned(),
        server.to_owned(),
    ];
    whole("Chưa kết nối được máy chủ", lines, None)
}

fn refused(server: &str) -> Notice {
    let lines = vec![
        "Máy chủ chưa nhận ghép nối; màn hình tự thử lại.".to_owned(),
        "The server does not pair this box now; it tries again by itself.".to_owned(),
        server.to_owned(),
    ];
    whole("Chưa ghép nối được", lines, None)
}

fn paired(identity: &Identity) -> Notice {
    let lines = vec![
        "Đã ghép nối. Đến giờ có lịch, màn hình tự phát.".to_owned(),
        "Paired. It plays by itself when its schedule begins.".to_owned(),
    ];
    whole(identity.screen.as_str(), lines, None)
}

//! The doors of `lichphat serve`: one for people, one for players, one where boxes are registered; each with TLS, or in the
//! clear on this machine behind a reverse proxy.

use super::Context;
use crate::certs::Own;
use crate::config::{Settings, TlsSettings, WebSettings};
use crate::error::AppError;
use crate::fleet::pairing::Welcome;
use crate::fleet::{DeviceKeys, Way};
use crate::web::{self, App, Certificate, Limits, ListenError, Listener};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{LocalDay, UtcOffset};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Seconds between two looks at the certificate's files.
const CERTIFICATE_S: u64 = 2;

/// The certificate that is shown, and how it is kept good.
pub(super) struct Shown {
    certificate: Arc<Certificate>,
    /// Our own, with the names it bears; none when it comes from elsewhere.
    own: Option<(Own, Vec<String>)>,
}

impl Shown {
    /// By the settings; none without TLS.
    pub(super) fn load(settings: &Settings, today: LocalDay) -> Result<Option<Self>, AppError> {
        let TlsSettings { enabled, chain, key, names } = &settings.tls;
        if !enabled {
            return Ok(None);
        }
        if !chain.as_os_str().is_empty() {
            let certificate = Certificate::load(chain, key).map_err(failed)?;
            return Ok(Some(Self { certificate, own: None }));
        }
        Self::of(Own::of(&settings.data), names, today).map(Some)
    }

    /// Our own, made as far as it is missing.
    pub(super) fn of(own: Own, names: &[String], today: LocalDay) -> Result<Self, AppError> {
        own.keep(names, today).map_err(failed)?;
        let certificate = Certificate::load(&own.chain, &own.key).map_err(failed)?;
        Ok(Self { certificate, own: Some((own, names.to_vec())) })
    }

    /// The file of who has signed it; none when it comes from elsewhere.
    pub(super) fn authority_file(&self) -> Option<String> {
        self.own.as_ref().map(|(own, _)| own.authority.display().to_string())
    }

    /// Who has signed it, PEM; empty when players know that by themselves.
    pub(super) fn authority(&self) -> Result<String, AppError> {
        let Some((own, _)) = &self.own else { return Ok(String::new()) };
        let path = &own.authority;
        std::fs::read_to_string(path).map_err(|error| AppError::io(path.display().to_string(), error))
    }

    /// Reads the files again when they change; makes our own anew in time.
    pub(super) async fn keep(self, clock: Arc<dyn Clock>, offset: UtcOffset) {
        let mut told = String::new();
        loop {
            tokio::time::sleep(Duration::from_secs(CERTIFICATE_S)).await;
            let today = clock.now().day(offset);
            let kept = match &self.own {
                Some((own, names)) => own.keep(names, today).map(drop).map_err(|e| e.to_string()),
                None => Ok(()),
            };
            match kept.and_then(|()| self.certificate.reload().map_err(|e| e.to_string())) {
                Ok(true) => tracing::info!("the certificate was read again"),
                Ok(false) => told.clear(),
                Err(error) if error != told => {
                    tracing::warn!(error, "the certificate's files cannot be used; the one before is shown on");
                    told = error;
                }
                Err(_) => {}
            }
        }
    }
}

fn failed(error: impl std::fmt::Display) -> AppError {
    AppError::Failed(error.to_string())
}

/// Bound doors.
pub(super) struct Doors {
    pub(super) people: Listener,
    pub(super) players: Listener,
    pub(super) pairing: Listener,
}

impl Doors {
    /// Takes all three ports, or none.
    pub(super) async fn bind(settings: &Settings, shown: Option<&Shown>) -> Result<Self, AppError> {
        let certificate = shown.map(|shown| &shown.certificate);
        let bind = async |field, address: SocketAddr| {
            Listener::bind(address, certificate).await.map_err(|error| cannot_listen(field, error))
        };
        Ok(Self {
            people: bind("listen", settings.listen).await?,
            players: bind("[players] listen", settings.players.listen).await?,
            pairing: bind("[players] pairing", settings.players.pairing).await?,
        })
    }

    /// Serves all three until `stop`: the one place that says which door answers what, and which asks for a certificate.
    pub(super) async fn serve(self, app: &App, limits: Limits, stop: impl Future<Output = ()> + Clone) {
        tokio::join!(
            self.people.serve(web::people(app), limits, stop.clone()),
            self.players.asking(app.fleet.verifier()).serve(web::players(app), limits, stop.clone()),
            self.pairing.serve(web::pairing(app), limits, stop),
        );
    }

    /// Where they are: for people, for players, for boxes without a name.
    pub(super) fn urls(&self, tls: bool) -> [String; 3] {
        [&self.people, &self.players, &self.pairing].map(|door| url(tls, None, door.address()))
    }

    /// What a box is told that is let in: by the first name of the certificate, or where the doors listen.
    pub(super) fn welcome(
        &self,
        settings: &Settings,
        shown: Option<&Shown>,
        keys: &DeviceKeys,
    ) -> Result<Welcome, AppError> {
        let name = settings.tls.names.first().map(String::as_str);
        let to = |door: &Listener| url(shown.is_some(), name, door.address());
        let authority = shown.map_or_else(|| Ok(String::new()), Shown::authority)?;
        let way = Way { server: to(&self.players), pairing: to(&self.pairing), authority };
        Ok(Welcome { way, keys: keys.clone(), people: to(&self.people) })
    }
}

/// Why nobody can connect, in the caller's language.
pub(super) fn cannot_listen(field: &str, error: ListenError) -> AppError {
    let en = format!("{field} = {error}");
    match error {
        ListenError::NotLoopback(address) => AppError::mistake(
            format!(
                "{field} = {address}: chưa cho phép, vì không có TLS thì chỉ máy này được kết nối; hãy dùng 127.0.0.1 hoặc [::1], và đặt máy chủ proxy phía trước nếu máy khác cần vào"
            ),
            en,
        ),
        ListenError::Bind { address, source } => {
            AppError::failure(format!("{field} = {address}: không mở được cổng này ({source})"), en)
        }
    }
}

/// What the doors grant.
pub(super) fn limits(web: &WebSettings) -> Limits {
    let seconds = |s: u32| Duration::from_secs(u64::from(s));
    Limits {
        handshake: seconds(web.handshake_timeout_s),
        header_read: seconds(web.header_read_timeout_s),
        grace: seconds(web.shutdown_grace_s),
        connections: web.connections,
        per_address: web.connections_per_address,
    }
}

/// The way that a player is told: by the first name of the certificate, or where the doors listen.
pub(super) fn way(context: &Context) -> Result<Way, AppError> {
    let settings = &context.settings;
    let shown = Shown::load(settings, context.today())?;
    let (tls, name) = (shown.is_some(), settings.tls.names.first().map(String::as_str));
    let to = |address| url(tls, name, address);
    Ok(Way {
        server: to(settings.players.listen),
        pairing: to(settings.players.pairing),
        authority: shown.map_or_else(|| Ok(String::new()), |shown| shown.authority())?,
    })
}

/// `https://bang-dien-tu.example:8088`.
fn url(tls: bool, name: Option<&str>, address: SocketAddr) -> String {
    let (scheme, port) = (if tls { "https" } else { "http" }, address.port());
    match name {
        Some(name) if name.parse::<std::net::Ipv6Addr>().is_ok() => format!("{scheme}://[{name}]:{port}"),
        Some(name) => format!("{scheme}://{name}:{port}"),
        None => format!("{scheme}://{address}"),
    }
}

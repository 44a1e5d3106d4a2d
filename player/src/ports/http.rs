//! The real transport: HTTP/1.1 over TLS 1.3 with time limits; in the clear on this machine alone.

use super::{Method, Request, Response, Transport, TransportError};
use crate::identity::Identity;
use crate::identity::credentials::Credentials;
use async_trait::async_trait;
use futures_util::StreamExt as _;
use lichphat_playlists::wire::device::Provisioning;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(10);
/// Longest silence in an ordinary answer.
const READ: Duration = Duration::from_secs(30);
/// Longest silence of an event stream; then it is opened again.
const QUIET: Duration = Duration::from_secs(120);

/// To one scheduler.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    base: String,
    authority: String,
    credentials: Option<Arc<Credentials>>,
    /// Connections, and the certificate they were made with: none outlives it.
    clients: Arc<Mutex<(String, Clients)>>,
}

#[derive(Debug, Clone)]
struct Clients {
    plain: reqwest::Client,
    patient: reqwest::Client,
}

impl HttpTransport {
    /// `server` is `https://host:port`, whose certificate `authority` has signed: PEM, or empty for whomever this machine trusts.
    /// `http://` is for this machine alone.
    pub fn new(server: &str, authority: &str) -> Result<Self, TransportError> {
        Self::with(server, authority, None)
    }

    /// As this device: it shows its certificate, and a new one from its next request on.
    pub fn of(identity: &Identity) -> Result<Self, TransportError> {
        Self::with(&identity.server, &identity.authority, Some(Arc::clone(&identity.credentials)))
    }

    fn with(server: &str, authority: &str, credentials: Option<Arc<Credentials>>) -> Result<Self, TransportError> {
        let refused = |problem: String| TransportError::Address { server: server.to_owned(), problem };
        if !server.starts_with("https://") && !is_this_machine(server) {
            return Err(refused("write https://ADDRESS:PORT; http:// is for 127.0.0.1 alone".to_owned()));
        }
        let clients = clients(authority, credentials.as_ref()).map_err(refused)?;
        let shown = credentials.as_ref().map(|c| c.certificate()).unwrap_or_default();
        Ok(Self {
            base: server.trim_end_matches('/').to_owned(),
            authority: authority.to_owned(),
            credentials,
            clients: Arc::new(Mutex::new((shown, clients))),
        })
    }

    /// New connections after a renewal.
    fn clients(&self) -> Result<Clients, TransportError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.credentials.as_ref().map(|c| c.certificate()).unwrap_or_default();
        if clients.0 != now {
            let new = self::clients(&self.authority, self.credentials.as_ref());
            *clients = (now, new.map_err(TransportError::Unreachable)?);
        }
        Ok(clients.1.clone())
    }

    /// To where a box is registered.
    pub fn to_pair(provisioning: &Provisioning) -> Result<Self, TransportError> {
        let Provisioning { server, pairing, authority, .. } = provisioning;
        Self::new(if pairing.is_empty() { server } else { pairing }, authority)
    }

    async fn exchange(&self, client: &reqwest::Client, request: Request) -> Result<Response, TransportError> {
        let url = format!("{}{}", self.base, request.path);
        let in_the_clear = self.credentials.as_ref().filter(|_| !self.base.starts_with("https://"));
        let mut builder = match request.method {
            Method::Get => client.get(url),
            Method::Post => client.post(url).body(request.body),
        };
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(certificate) = in_the_clear.and_then(|credentials| credentials.header()) {
            builder = builder.header("client-cert", certificate);
        }
        let unreachable = |e: reqwest::Error| TransportError::Unreachable(chain(&e));
        let response = builder.send().await.map_err(unreachable)?;
        let text = |v: &reqwest::header::HeaderValue| v.to_str().ok().map(str::to_owned);
        let headers = response.headers().iter().filter_map(|(n, v)| Some((n.as_str().to_owned(), text(v)?))).collect();
        Ok(Response {
            status: response.status().as_u16(),
            headers,
            body: Box::pin(response.bytes_stream().map(move |chunk| chunk.map_err(unreachable))),
        })
    }
}

fn clients(authority: &str, credentials: Option<&Arc<Credentials>>) -> Result<Clients, String> {
    let tls = tls(authority, credentials)?;
    let client = |read| {
        reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(read)
            .redirect(reqwest::redirect::Policy::none()) // a scheduler that moves is provisioned anew
            .no_proxy() // what goes on between a player and its scheduler is nobody else's
            .tls_backend_preconfigured(tls.clone())
            .build()
            .map_err(|e| chain(&e))
    };
    Ok(Clients { plain: client(READ)?, patient: client(QUIET)? })
}

/// Is it of this machine, in the clear?
fn is_this_machine(server: &str) -> bool {
    let host = server.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or(rest));
    let address = host.and_then(|host| host.parse::<SocketAddr>().ok());
    address.is_some_and(|address| address.ip().is_loopback())
}

/// TLS 1.3, to who has a certificate of the authority, PEM; empty: of whomever this machine trusts.
fn tls(authority: &str, credentials: Option<&Arc<Credentials>>) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let config = config.with_protocol_versions(&[&rustls::version::TLS13]).map_err(|e| e.to_string())?;
    let mut trusted = RootCertStore::empty();
    let shown = |config: ConfigBuilder<ClientConfig, WantsClientCert>| match credentials {
        Some(credentials) => config.with_client_cert_resolver(Arc::clone(credentials) as Arc<dyn ResolvesClientCert>),
        None => config.with_no_client_auth(),
    };
    if authority.is_empty() {
        trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(shown(config.with_root_certificates(trusted)));
    }
    let failed = |e: &dyn std::fmt::Display| format!("authority: {e}");
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        trusted.add(certificate.map_err(|e| failed(&e))?).map_err(|e| failed(&e))?;
    }
    let pinned = WebPkiServerVerifier::builder_with_provider(Arc::new(trusted), provider).build();
    let pinned = Arc::new(Pinned(pinned.map_err(|e| failed(&e))?));
    Ok(shown(config.dangerous().with_custom_certificate_verifier(pinned)))
}

/// Believes one authority, made for this scheduler alone, and does not ask the clock whether it still may: a box that does not
/// know the time could never come in to be set right, and one whose scheduler let a certificate run out would keep its
/// records to itself. What a date would protect from is a key that was lost, and that key signs the next certificate as well.
#[derive(Debug)]
struct Pinned(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let at = |time| self.0.verify_server_cert(certificate, chain, name, ocsp, time);
        let second = Duration::from_secs(1);
        let near = |time: UnixTime| Duration::from_secs(time.as_secs());
        match at(now) {
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
                at(UnixTime::since_unix_epoch(near(not_after).saturating_sub(second)))
            }
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => {
                at(UnixTime::since_unix_epoch(near(not_before) + second))
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// An error with its causes: reqwest's own text stops at "error sending request".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.exchange(&self.clients()?.plain, request).await
    }
    async fn events(&self, request: Request) -> Result<Response, TransportError> {
        self.exchange(&self.clients()?.patient, request.header("accept", "text/event-stream")).await
    }
}

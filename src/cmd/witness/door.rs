//! The way from a log to its witnesses, over HTTPS or, on one machine or behind a tunnel, HTTP. A cosignature proves itself,
//! and who stands between can but withhold it; TLS keeps it from being withheld by whoever likes.

use crate::config::WitnessSettings;
use crate::error::AppError;
use crate::proof::witnesses::WitnessDoor;
use async_trait::async_trait;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes of an answer: a few lines.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// Over HTTP or HTTPS, one connection after another; it follows no redirect.
pub(in crate::cmd) type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// It leads nowhere else than where it is told: redirects are not followed.
pub(in crate::cmd) struct HttpDoor {
    /// To witnesses whose certificate is of an authority that this machine trusts.
    known: Client,
    /// To those of another authority, by address.
    others: BTreeMap<String, Client>,
}

impl HttpDoor {
    /// A door to these witnesses.
    pub(in crate::cmd) fn new(witnesses: &[WitnessSettings]) -> Result<Self, AppError> {
        let mut others = BTreeMap::new();
        for (n, witness) in (1..).zip(witnesses) {
            let Some(ca) = &witness.ca else { continue };
            let refused = |problem| {
                let field = format!("settings: log.witnesses, {n}.: ca = {}", ca.display());
                AppError::mistake(
                    format!("{field}: {problem}; hãy ghi tệp PEM chứa chứng thư của cơ quan cấp"),
                    format!("{field}: {problem}; write a PEM file of the authority's certificate"),
                )
            };
            others.insert(witness.url.clone(), client(authority(ca).map_err(refused)?)?);
        }
        Ok(Self { known: machine_client()?, others })
    }
}

/// To whom this machine's own authorities vouch for.
pub(in crate::cmd) fn machine_client() -> Result<Client, AppError> {
    client(of_machine())
}

fn of_machine() -> RootCertStore {
    let mut machine = RootCertStore::empty();
    // what this machine holds and nobody can read vouches for nobody
    machine.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    machine
}

/// The certificates in a PEM file.
fn authority(ca: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|e| e.to_string())? {
        roots.add(certificate.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    }
    if roots.is_empty() { Err("holds no certificate".to_owned()) } else { Ok(roots) }
}

fn client(roots: RootCertStore) -> Result<Client, AppError> {
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| AppError::Failed(format!("log.witnesses: TLS: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT));
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
    Ok(legacy::Client::builder(TokioExecutor::new()).build(connector.wrap_connector(tcp)))
}

/// An error with what is behind it, and the mend where one is known.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        words += &format!(": {error}");
        behind = error.source();
    }
    if words.contains("UnknownIssuer") {
        words += "; its certificate is of an authority that this machine does not know: name that one's certificate, ca = \"FILE.pem\"";
    }
    words
}

#[async_trait]
impl WitnessDoor for HttpDoor {
    async fn add_checkpoint(&self, url: &str, body: String) -> Result<(u16, String), String> {
        let client = self.others.get(url).unwrap_or(&self.known);
        let request = Request::post(format!("{}/add-checkpoint", url.trim_end_matches('/')));
        let request = request.body(Full::from(body)).map_err(|error| told(&error))?;
        let answer = client.request(request).await.map_err(|error| told(&error))?;
        let status = answer.status().as_u16();
        let bytes =
            Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await.map_err(|error| told(&*error))?;
        let text = String::from_utf8(bytes.to_bytes().to_vec()).map_err(|_| "its answer is not UTF-8".to_owned())?;
        Ok((status, text))
    }
}

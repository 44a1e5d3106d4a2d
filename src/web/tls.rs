//! The certificate that a listener shows, read again when its files change: nobody restarts a server to renew it.

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read, or is not PEM.
    #[error("{}: {problem}; give the PEM file of the certificate with its chain, and that of its key", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Key and certificate do not belong together, or the key is of no kind that is known.
    #[error("{}: {problem}; the key must be that of the first certificate in {}", .key.display(), .chain.display())]
    Key {
        /// File of the key.
        key: PathBuf,
        /// File of the certificates.
        chain: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// A certificate with its chain and key, by file.
#[derive(Debug)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    /// The files' bytes, and what they say.
    held: RwLock<(Vec<u8>, Arc<CertifiedKey>)>,
}

impl Certificate {
    /// Reads PEM files.
    pub fn load(chain: &Path, key: &Path) -> Result<Arc<Self>, CertificateError> {
        let held = RwLock::new(read(chain, key)?);
        Ok(Arc::new(Self { chain: chain.to_owned(), key: key.to_owned(), held }))
    }

    /// Reads the files again; were they changed? What cannot be read leaves the certificate as it is: files are written one
    /// after the other.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let new = read(&self.chain, &self.key)?;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let changed = held.0 != new.0;
        *held = new;
        Ok(changed)
    }

    /// Shakes hands with this certificate: TLS 1.3 only, HTTP/1.1. With a verifier, who connects is asked for his own.
    pub fn acceptor(self: &Arc<Self>, asks: Option<Arc<dyn ClientCertVerifier>>) -> TlsAcceptor {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider has TLS 1.3");
        let config = match asks {
            Some(verifier) => config.with_client_cert_verifier(verifier),
            None => config.with_no_client_auth(),
        };
        let mut config = config.with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner).1))
    }
}

fn read(chain: &Path, key: &Path) -> Result<(Vec<u8>, Arc<CertifiedKey>), CertificateError> {
    let file = |path: &Path, problem: &dyn std::fmt::Display| CertificateError::File {
        path: path.to_owned(),
        problem: problem.to_string(),
    };
    let bytes = |path: &Path| std::fs::read(path).map_err(|e| file(path, &e));
    let (mut pem, secret) = (bytes(chain)?, bytes(key)?);
    let certificates =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().map_err(|e| file(chain, &e))?;
    if certificates.is_empty() {
        return Err(file(chain, &"there is no certificate in it"));
    }
    let private = PrivateKeyDer::from_pem_slice(&secret).map_err(|e| file(key, &e))?;
    let certified = CertifiedKey::from_der(certificates, private, &ring::default_provider())
        .map_err(|e| CertificateError::Key { key: key.to_owned(), chain: chain.to_owned(), problem: e.to_string() })?;
    pem.extend(secret);
    Ok((pem, Arc::new(certified)))
}

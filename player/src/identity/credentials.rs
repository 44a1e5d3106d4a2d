//! How the scheduler knows this device again: a TLS key that is made here and never leaves, apart from the evidence key,
//! and the certificate that the scheduler issues for it.
//!
//! The key stays the same for as long as the box is itself, so a renewal replaces one file, whole or not at all: a power cut
//! at any moment leaves a certificate that fits the key, and the old one renews as well as the new one.

use super::IdentityError;
use super::store::{file_error, write_private};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lichphat_playlists::ids::Sha256Hash;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

const KEY: &str = "tls.key";
const CERTIFICATE: &str = "certificate.pem";

/// Key and certificate of a device.
pub struct Credentials {
    key: KeyPair,
    /// PEM; empty before the device is registered.
    certificate: RwLock<String>,
    /// Where the certificate is kept; none in memory alone.
    file: Option<PathBuf>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

impl Credentials {
    /// For a device that forgets everything at its end.
    pub fn in_memory() -> Result<Arc<Self>, IdentityError> {
        Ok(Arc::new(Self { key: make()?, certificate: RwLock::default(), file: None }))
    }

    /// Those of a state directory. The key is made when there is none, and on the disk before anybody hears of it.
    pub fn load_or_make(dir: &Path) -> Result<Arc<Self>, IdentityError> {
        let (path, file) = (dir.join(KEY), dir.join(CERTIFICATE));
        let read = |path: &Path| match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(|e| file_error(path, &e)),
        };
        let key = match read(&path)? {
            Some(pem) => KeyPair::from_pem(&pem).map_err(|e| file_error(&path, &e))?,
            None => {
                let key = make()?;
                write_private(&path, key.serialize_pem().as_bytes())?;
                key
            }
        };
        let certificate = RwLock::new(read(&file)?.unwrap_or_default());
        Ok(Arc::new(Self { key, certificate, file: Some(file) }))
    }

    /// A request for a certificate (PKCS #10, DER, base64).
    pub fn request(&self) -> Result<String, IdentityError> {
        let request = CertificateParams::default().serialize_request(&self.key);
        Ok(BASE64.encode(request.map_err(|e| IdentityError::Certificate(e.to_string()))?.der()))
    }

    /// By which a person knows this box: SHA-256 of its public key (SubjectPublicKeyInfo).
    pub fn fingerprint(&self) -> Sha256Hash {
        Sha256Hash::of(&self.key.subject_public_key_info())
    }

    /// The certificate, PEM; empty when there is none yet.
    pub fn certificate(&self) -> String {
        self.certificate.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a certificate and shows it from now on; one that is not of this key is refused.
    pub fn take(&self, pem: &str) -> Result<(), IdentityError> {
        self.certified(pem)?;
        if let Some(file) = &self.file {
            write_private(file, pem.as_bytes())?;
        }
        pem.clone_into(&mut self.certificate.write().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// The certificate as a reverse proxy would hand it on, for a scheduler in the clear on this machine (RFC 9440).
    pub fn header(&self) -> Option<String> {
        let der = CertificateDer::from_pem_slice(self.certificate().as_bytes()).ok()?;
        Some(format!(":{}:", BASE64.encode(der)))
    }

    fn certified(&self, pem: &str) -> Result<CertifiedKey, IdentityError> {
        let odd = |why: &dyn std::fmt::Display| IdentityError::Certificate(why.to_string());
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| odd(&e))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let key = ring::sign::any_supported_type(&key).map_err(|e| odd(&e))?;
        let certified = CertifiedKey::new(vec![der], key);
        match certified.keys_match() {
            Ok(()) => Ok(certified),
            Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(odd(&"it is of another key")),
            Err(error) => Err(odd(&error)),
        }
    }
}

impl ResolvesClientCert for Credentials {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.certified(&self.certificate()).ok().map(Arc::new)
    }
    fn has_certs(&self) -> bool {
        true
    }
}

fn make() -> Result<KeyPair, IdentityError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| IdentityError::Certificate(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::renew;
    use crate::ports::{Request, Response, Transport, TransportError};
    use lichphat_playlists::wire::device::{Renewal, Renewed};
    use rcgen::{CertificateSigningRequestParams, Issuer};

    /// Issues certificates for whoever asks; the answers are lost on the way while it is cut off.
    struct Scheduler {
        cut: bool,
        for_another_key: bool,
    }

    #[async_trait::async_trait]
    impl Transport for Scheduler {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            let asked: Renewal = serde_json::from_slice(&request.body).unwrap();
            let csr =
                if self.for_another_key { Credentials::in_memory().unwrap().request().unwrap() } else { asked.csr };
            let issued = Renewed { certificate: issue(&csr) };
            match self.cut {
                true => Err(TransportError::Unreachable("power cut".into())),
                false => Ok(Response::new(200, serde_json::to_vec(&issued).unwrap())),
            }
        }
    }

    fn issue(csr: &str) -> String {
        let der = BASE64.decode(csr).unwrap();
        let asked = CertificateSigningRequestParams::from_der(&der.into()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::default();
        params.signed_by(&asked.public_key, &Issuer::new(params.clone(), key)).unwrap().pem()
    }

    #[tokio::test]
    async fn a_cut_at_any_step_of_a_renewal_leaves_one_that_works() {
        let dir = tempfile::tempdir().unwrap();
        let first = Credentials::load_or_make(dir.path()).unwrap();
        first.take(&issue(&first.request().unwrap())).unwrap();
        let works = |expected: &str| {
            let after = Credentials::load_or_make(dir.path()).unwrap();
            assert_eq!(after.certificate(), expected);
            assert_eq!(after.fingerprint(), first.fingerprint());
            after.certified(expected).unwrap();
            after
        };
        let old = first.certificate();
        // the scheduler has issued it, and the answer never came
        assert!(renew(&Scheduler { cut: true, for_another_key: false }, &first).await.is_err());
        works(&old);
        // the power went while it was written: the part beside it is nobody's certificate
        std::fs::write(dir.path().join("certificate.part"), &old[..old.len() / 2]).unwrap();
        let after = works(&old);
        // one of another key would lock the box out, and is not taken
        let refused = renew(&Scheduler { cut: false, for_another_key: true }, &after).await.unwrap_err().to_string();
        assert!(refused.contains("another key"), "{refused}");
        works(&old);
        renew(&Scheduler { cut: false, for_another_key: false }, &after).await.unwrap();
        assert_ne!(after.certificate(), old);
        works(&after.certificate());
        let mode = std::fs::metadata(dir.path().join("tls.key")).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
    }
}

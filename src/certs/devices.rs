//! Certificates of players: what a device shows at its door in place of a password.
//!
//! They are signed by an authority of their own, which no player believes when it looks for its server: a device's
//! certificate can pass for no server's, and a server's for no device's. What a request for one says beside its key is
//! nobody's word and is not read. Dates are judged here and not in the handshake, because an expired certificate may renew.

use super::{AUTHORITY_DAYS, CertError, certificate_file, file, load_or_make, valid, write};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lichphat_playlists::ids::{DeviceId, Sha256Hash};
use lichphat_playlists::ports::Rng;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData as _, SerialNumber, date_time_ymd,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use x509_parser::prelude::{FromDer as _, X509Certificate};

const DAY_MS: i64 = 24 * 3_600_000;
/// How long a device's certificate is good, ms.
pub const LIFE_MS: i64 = 30 * DAY_MS;
/// How long after its end it may still be renewed, ms: schools close all summer.
pub const RENEWABLE_MS: i64 = 400 * DAY_MS;
/// Longest request for a certificate, bytes; one of a P-256 key has about 200.
const REQUEST_BYTES: usize = 2_048;
/// What comes before a device's number in its certificate's name.
const NAME: &str = "lichphat device ";

/// Who signs players' certificates.
pub struct DeviceAuthority {
    issuer: Issuer<'static, KeyPair>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl std::fmt::Debug for DeviceAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceAuthority").finish_non_exhaustive()
    }
}

impl DeviceAuthority {
    /// Of a data directory: `keys/devices.key` and `tls/devices.pem`, made when they are missing.
    pub fn load_or_make(data: &Path, today: LocalDay) -> Result<Self, CertError> {
        let (key, path) = (data.join("keys/devices.key"), data.join("tls/devices.pem"));
        let secret = load_or_make(&key)?;
        if !path.exists() {
            write(&path, &authority(today, &secret)?.self_signed(&secret)?.pem())?;
        }
        let pem = certificate_file(&path)?;
        let read = |e: &dyn std::fmt::Display| file(&path, &format!("{e}; bring it back from its backup"));
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| read(&e))?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).map_err(|e| read(&e))?;
        let provider = Arc::new(ring::default_provider());
        let chain = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .allow_unauthenticated()
            .build()
            .map_err(|e| read(&e))?;
        Ok(Self { issuer: Issuer::from_ca_cert_pem(&pem, secret)?, verifier: Arc::new(Dateless(chain)) })
    }

    /// A certificate for a device, PEM. One that it has already is not cut short, as far as an honest clock could have issued
    /// it: what a clock that was set back signs would else be long over when the clock is right.
    pub fn issue(
        &self,
        asked: &CertificateRequest,
        device: DeviceId,
        over: Option<&DeviceCertificate>,
        now: UtcMillis,
        rng: &dyn Rng,
    ) -> Result<String, CertError> {
        let held = over.map_or(now.0, |held| held.until.0.min(now.0 + LIFE_MS + RENEWABLE_MS));
        let until = UtcMillis(held.max(now.0 + LIFE_MS));
        let mut serial = [0; 16];
        rng.fill(&mut serial);
        serial[0] &= 0x7f; // a positive number
        let mut params = CertificateParams::new(Vec::new())?;
        let moment = |at: UtcMillis| date_time_ymd(1970, 1, 1) + Duration::from_millis(at.0.unsigned_abs());
        (params.not_before, params.not_after) = (moment(now), moment(until));
        params.serial_number = Some(SerialNumber::from(serial.to_vec()));
        params.distinguished_name.push(DnType::CommonName, format!("{NAME}{device}"));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(&asked.0.public_key, &self.issuer)?.pem())
    }

    /// The certificate, when this authority has signed it for a device; whatever its dates are.
    pub fn signed(&self, der: &[u8]) -> Option<DeviceCertificate> {
        let certificate = CertificateDer::from(der);
        self.verifier.verify_client_cert(&certificate, &[], UnixTime::now()).ok()?;
        DeviceCertificate::read(der)
    }

    /// What a listener asks those who connect.
    pub fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::clone(&self.verifier)
    }
}

fn authority(today: LocalDay, secret: &KeyPair) -> Result<CertificateParams, CertError> {
    let mut params = valid(today, AUTHORITY_DAYS)?;
    let name = format!("lichphat devices {}", &Sha256Hash::of(secret.public_key_raw()).hex()[..8]);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

/// A request for a certificate whose sender has proven to hold its key: P-256, as every player makes one.
#[derive(Debug)]
pub struct CertificateRequest(CertificateSigningRequestParams);

impl CertificateRequest {
    /// Reads a request (PKCS #10, DER, base64); none when it is not one, or is not signed with its own key.
    pub fn read(base64: &str) -> Option<Self> {
        if base64.len() > REQUEST_BYTES {
            return None;
        }
        let der = BASE64.decode(base64).ok()?;
        let request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der)).ok()?;
        let key = &request.public_key;
        let p256 = key.algorithm() == &PKCS_ECDSA_P256_SHA256 && key.der_bytes().len() == 65;
        p256.then_some(Self(request))
    }

    /// By which a person knows the box: SHA-256 of its public key (SubjectPublicKeyInfo).
    pub fn fingerprint(&self) -> Sha256Hash {
        Sha256Hash::of(&self.0.public_key.subject_public_key_info())
    }
}

/// A device's certificate that was verified, by whom it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCertificate {
    /// Whose.
    pub device: DeviceId,
    /// When it was issued, server clock.
    pub from: UtcMillis,
    /// When it ends.
    pub until: UtcMillis,
}

/// What a certificate is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Everything; it is time to renew it when true.
    Good(bool),
    /// To be renewed, and for nothing else.
    RenewOnly,
    /// Nothing.
    Over,
}

impl DeviceCertificate {
    /// Reads one whose signature somebody else has looked at.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let name = certificate.subject().iter_common_name().next()?.as_str().ok()?;
        let device = DeviceId(name.strip_prefix(NAME)?.parse().ok()?);
        let millis = |time: x509_parser::time::ASN1Time| UtcMillis(time.timestamp().saturating_mul(1000));
        let (from, until) = (millis(certificate.validity().not_before), millis(certificate.validity().not_after));
        Some(Self { device, from, until })
    }

    /// The same of PEM.
    pub fn read_pem(pem: &str) -> Option<Self> {
        Self::read(&CertificateDer::from_pem_slice(pem.as_bytes()).ok()?)
    }

    /// What it is good for `now`. One from the future was issued by a clock that was wrong: a new one is due, with dates that
    /// mean something. So a clock that runs away revokes nobody: what was renewed meanwhile is renewed again.
    pub fn standing(&self, now: UtcMillis) -> Standing {
        let renew_from = self.from.0 + (self.until.0 - self.from.0) / 3 * 2;
        match now.0 {
            now if now < self.from.0 - DAY_MS => Standing::RenewOnly,
            now if now <= self.until.0 => Standing::Good(now >= renew_from),
            now if now <= self.until.0 + RENEWABLE_MS => Standing::RenewOnly,
            _ => Standing::Over,
        }
    }
}

/// Looks at chain, purpose and possession of the key, and asks no clock.
#[derive(Debug)]
struct Dateless(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Dateless {
    fn client_auth_mandatory(&self) -> bool {
        false // whoever shows none is told so by the gate, in words
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let at =
            |s: u64| self.0.verify_client_cert(certificate, chain, UnixTime::since_unix_epoch(Duration::from_secs(s)));
        match self.0.verify_client_cert(certificate, chain, now) {
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
                at(not_after.as_secs().saturating_sub(1))
            }
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => {
                at(not_before.as_secs() + 1)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certs::Own;
    use crate::clock::SystemRng;

    fn day(text: &str) -> LocalDay {
        text.parse().unwrap()
    }

    fn noon(text: &str) -> UtcMillis {
        UtcMillis(day(text).start(lichphat_playlists::time::UtcOffset(0)).0 + DAY_MS / 2)
    }

    /// A request, and whatever else it says.
    fn request(params: &CertificateParams) -> String {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        BASE64.encode(params.serialize_request(&key).unwrap().der())
    }

    fn data() -> tempfile::TempDir {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("keys")).unwrap();
        data
    }

    #[test]
    fn a_certificate_says_whose_it_is_and_nothing_that_its_holder_wished() {
        let data = data();
        let authority = DeviceAuthority::load_or_make(data.path(), day("2026-11-26")).unwrap();
        let mut wish = CertificateParams::new(vec!["server.example".to_owned()]).unwrap();
        wish.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wish.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        wish.distinguished_name.push(DnType::CommonName, format!("{NAME}8"));
        let asked = CertificateRequest::read(&request(&wish)).unwrap();
        let pem = authority.issue(&asked, DeviceId(7), None, noon("2026-11-26"), &SystemRng).unwrap();
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let mine = authority.signed(&der).unwrap();
        assert_eq!(mine.device, DeviceId(7));
        assert_eq!(mine.until.since_ms(mine.from), LIFE_MS);
        let (_, parsed) = X509Certificate::from_der(&der).unwrap();
        assert!(parsed.subject_alternative_name().unwrap().is_none() && !parsed.is_ca());
        let uses = parsed.extended_key_usage().unwrap().unwrap().value.clone();
        assert!(uses.client_auth && !uses.server_auth && !uses.any);
        // made anew from its key, the authority stands by what it has signed
        std::fs::remove_file(data.path().join("tls/devices.pem")).unwrap();
        let again = DeviceAuthority::load_or_make(data.path(), day("2026-12-26")).unwrap();
        assert_eq!(again.signed(&der), Some(mine.clone()));
        let renewed = |at: &str, over: &DeviceCertificate| {
            let pem = again.issue(&asked, DeviceId(7), Some(over), noon(at), &SystemRng).unwrap();
            DeviceCertificate::read_pem(&pem).unwrap()
        };
        assert_eq!(renewed("2026-12-20", &mine).until, noon("2027-01-19"));
        assert_eq!(renewed("2025-12-20", &mine).until, mine.until, "a clock that was set back takes nothing away");
        let far = DeviceCertificate { until: noon("2090-01-01"), ..mine };
        assert_eq!(renewed("2026-11-26", &far).until, noon("2028-01-30"), "nor does one that ran away give for ever");
    }

    #[test]
    fn only_this_authority_speaks_of_devices() {
        let (data, other) = (data(), data());
        let own = Own::of(data.path());
        own.keep(&[], day("2026-11-26")).unwrap();
        let authority = DeviceAuthority::load_or_make(data.path(), day("2026-11-26")).unwrap();
        let stranger = DeviceAuthority::load_or_make(other.path(), day("2026-11-26")).unwrap();
        let asked = CertificateRequest::read(&request(&CertificateParams::default())).unwrap();
        let pem = stranger.issue(&asked, DeviceId(7), None, noon("2026-11-26"), &SystemRng).unwrap();
        let servers = std::fs::read_to_string(&own.chain).unwrap();
        for pem in [pem, servers, std::fs::read_to_string(&own.authority).unwrap()] {
            assert_eq!(authority.signed(&CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()), None);
        }
        assert_eq!(authority.signed(b"no certificate"), None);
    }

    #[test]
    fn a_request_is_signed_with_the_key_it_brings_and_is_short() {
        let good = request(&CertificateParams::default());
        assert!(CertificateRequest::read(&good).is_some());
        let mut der = BASE64.decode(&good).unwrap();
        let last = der.len() - 1;
        der[last] ^= 1;
        assert!(CertificateRequest::read(&BASE64.encode(&der)).is_none(), "another's signature");
        let many: Vec<String> = (0..5_000).map(|i| format!("a{i}.example")).collect();
        assert!(CertificateRequest::read(&request(&CertificateParams::new(many).unwrap())).is_none(), "a bomb");
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let other = CertificateParams::default().serialize_request(&key).unwrap();
        assert!(CertificateRequest::read(&BASE64.encode(other.der())).is_none(), "a key of another kind");
        assert!(CertificateRequest::read("").is_none());
    }

    #[test]
    fn a_certificate_is_good_then_due_then_only_renewable_and_at_last_over() {
        let from = noon("2026-06-01");
        let certificate = DeviceCertificate { device: DeviceId(1), from, until: from.plus_ms(LIFE_MS) };
        let after = |days: i64| certificate.standing(from.plus_ms(days * DAY_MS));
        assert_eq!([after(0), after(19)], [Standing::Good(false); 2]);
        assert_eq!([after(20), after(30)], [Standing::Good(true); 2]);
        assert_eq!([after(31), after(30 + 399), after(30 + 400)], [Standing::RenewOnly; 3]);
        assert_eq!(after(30 + 401), Standing::Over);
        assert_eq!(after(-1), Standing::Good(false), "a little ahead");
        assert_eq!(after(-2), Standing::RenewOnly, "made while the clock had run away");
    }
}

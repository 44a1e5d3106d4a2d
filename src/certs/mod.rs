//! The certificate of a first installation: an authority of the server's own, made once, and what it signs for the server.
//!
//! An authority that one server makes is trusted by nobody but the players that are given it and the people who import it.
//! Whoever has a certificate from elsewhere names its files in the settings, and none of this is used. Players' own
//! certificates come from another authority: [`devices`].

pub mod devices;

use crate::keys::{KeyError, read_private, write_private};
use chrono::{Datelike as _, Days, NaiveDate};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::{LocalDay, UtcOffset};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType, date_time_ymd,
};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

/// Days for which the authority is good: players pin it, so it outlives them.
const AUTHORITY_DAYS: u32 = 30 * 365;
/// Days for which a certificate is good.
const CERTIFICATE_DAYS: u32 = 90;
/// Days before its end at which it is made anew.
const RENEW_DAYS: u32 = 30;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertError {
    /// A file.
    #[error("{}: {problem}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong, and the mend.
        problem: String,
    },
    /// A name that no certificate can bear.
    #[error("[tls] names: {name:?} is no name of a machine and no address; write signage.example.vn or 10.1.2.3")]
    Name {
        /// As given.
        name: String,
    },
    /// A secret key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What makes keys and certificates failed.
    #[error("the certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// Where authority and certificate lie below the data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Certificate of the authority, PEM: for players, and for people to import.
    pub authority: PathBuf,
    /// The server's certificate, PEM.
    pub chain: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    secret: PathBuf,
}

impl Own {
    /// Of this data directory.
    pub fn of(data: &Path) -> Self {
        let (tls, keys) = (data.join("tls"), data.join("keys"));
        Self {
            authority: tls.join("authority.pem"),
            chain: tls.join("server.pem"),
            key: keys.join("tls.key"),
            secret: keys.join("authority.key"),
        }
    }

    /// Makes what is missing, and the certificate anew before it ends or when it is to bear other names. The names of this
    /// machine itself are always among them. Was one made?
    pub fn keep(&self, names: &[String], today: LocalDay) -> Result<bool, CertError> {
        let names = all_names(names)?;
        let key = load_or_make(&self.key)?;
        let secret = load_or_make(&self.secret)?;
        if !self.authority.exists() {
            let made = authority(today, &secret)?.self_signed(&secret)?;
            write(&self.authority, &made.pem())?;
        }
        if self.is_good(&names, today) {
            return Ok(false);
        }
        let authority = certificate_file(&self.authority)?;
        let issuer = Issuer::from_ca_cert_pem(&authority, secret)?;
        let certificate = certificate(&names, today)?.signed_by(&key, &issuer)?;
        write(&self.chain, &certificate.pem())?;
        Ok(true)
    }

    /// Does the certificate bear these names, for a while yet? One that cannot be read is made anew.
    fn is_good(&self, names: &[SanType], today: LocalDay) -> bool {
        let Ok(pem) = fs::read(&self.chain) else { return false };
        let Ok((_, pem)) = parse_x509_pem(&pem) else { return false };
        let Ok(certificate) = pem.parse_x509() else { return false };
        let ends = certificate.validity().not_after.timestamp();
        let has = match certificate.subject_alternative_name() {
            Ok(Some(borne)) => borne.value.general_names.iter().map(borne_name).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let wanted: Vec<String> = names.iter().map(wanted_name).collect();
        has == Some(wanted) && ends > today.plus(RENEW_DAYS).start(UtcOffset(0)).0 / 1000
    }
}

/// Named after its key: another name than what it signs bears, which would pass for signed by itself, and the same when it is
/// made anew from that key.
fn authority(today: LocalDay, secret: &KeyPair) -> Result<CertificateParams, CertError> {
    let mut params = valid(today, AUTHORITY_DAYS)?;
    let name = format!("lichphat authority {}", &Sha256Hash::of(secret.public_key_raw()).hex()[..8]);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn certificate(names: &[SanType], today: LocalDay) -> Result<CertificateParams, CertError> {
    let mut params = valid(today, CERTIFICATE_DAYS)?;
    params.distinguished_name.push(DnType::CommonName, "lichphat server");
    params.subject_alt_names = names.to_vec();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// From yesterday on, for clocks that are behind.
fn valid(today: LocalDay, days: u32) -> Result<CertificateParams, CertError> {
    let mut params = CertificateParams::new(Vec::new())?;
    let begin = |day: NaiveDate| date_time_ymd(day.year(), day.month() as u8, day.day() as u8);
    (params.not_before, params.not_after) = (begin(today.0 - Days::new(1)), begin(today.plus(days).0));
    Ok(params)
}

/// The names asked for, and those by which this machine calls itself.
fn all_names(asked: &[String]) -> Result<Vec<SanType>, CertError> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    // what the machine calls itself may be no name at all, and nobody asked for it
    let own = [host.trim(), "localhost", "127.0.0.1", "::1"]
        .into_iter()
        .filter(|name| dns(name).is_some() || name.parse::<IpAddr>().is_ok());
    let mut names = Vec::new();
    for name in asked.iter().map(String::as_str).chain(own) {
        let san = match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(dns(name).ok_or_else(|| CertError::Name { name: name.to_owned() })?),
        };
        if !names.contains(&san) {
            names.push(san);
        }
    }
    Ok(names)
}

fn dns(name: &str) -> Option<Ia5String> {
    rustls::pki_types::DnsName::try_from(name).ok()?;
    Ia5String::try_from(name.to_ascii_lowercase()).ok()
}

fn wanted_name(san: &SanType) -> String {
    match san {
        SanType::IpAddress(address) => address.to_string(),
        SanType::DnsName(name) => name.to_string(),
        other => format!("{other:?}"),
    }
}

fn borne_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
        },
        _ => None,
    }
}

fn file(path: &Path, problem: &dyn std::fmt::Display) -> CertError {
    CertError::File { path: path.to_owned(), problem: problem.to_string() }
}

fn load_or_make(path: &Path) -> Result<KeyPair, CertError> {
    if !path.exists() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?; // what every browser knows
        write_private(path, &key.serialize_pem())?;
    }
    KeyPair::from_pem(&read_private(path)?).map_err(|e| file(path, &format!("{e}; bring it back from its backup")))
}

fn certificate_file(path: &Path) -> Result<String, CertError> {
    fs::read_to_string(path).map_err(|e| file(path, &e))
}

/// Whole or not at all.
fn write(path: &Path, pem: &str) -> Result<(), CertError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(|e| file(dir, &e))?;
    let written = tempfile::Builder::new().permissions(public()).tempfile_in(dir).and_then(|mut temp| {
        std::io::Write::write_all(&mut temp, pem.as_bytes())?;
        temp.as_file().sync_all()?;
        temp.persist(path).map_err(|e| e.error)
    });
    written.map(drop).map_err(|e| file(path, &e))
}

fn public() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_kept_and_made_anew_in_time() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir(data.path().join("keys")).unwrap();
        let own = Own::of(data.path());
        let day = |text: &str| text.parse::<LocalDay>().unwrap();
        let name = |name: &str| vec![name.to_owned()];
        assert!(own.keep(&name("bang-dien-tu.vn"), day("2026-11-26")).unwrap());
        let (first, authority) = (fs::read(&own.chain).unwrap(), fs::read(&own.authority).unwrap());
        assert!(!own.keep(&name("bang-dien-tu.vn"), day("2027-01-24")).unwrap());
        assert_eq!(fs::read(&own.chain).unwrap(), first);

        assert!(own.keep(&name("bang-dien-tu.vn"), day("2027-01-26")).unwrap(), "a month before its end");
        assert!(own.keep(&name("10.1.2.3"), day("2027-01-26")).unwrap(), "other names");
        fs::write(&own.chain, "half a fi").unwrap();
        assert!(own.keep(&name("10.1.2.3"), day("2027-01-26")).unwrap(), "nothing to read");
        assert_eq!(fs::read(&own.authority).unwrap(), authority, "the authority stays: players pin it");
        let named = |pem: &Path| {
            let (_, pem) = parse_x509_pem(&fs::read(pem).unwrap()).unwrap();
            let certificate = pem.parse_x509().unwrap();
            [certificate.subject().to_string(), certificate.issuer().to_string()]
        };
        let [by, itself] = named(&own.authority);
        assert_eq!((&by, &named(&own.chain)[1]), (&itself, &by));
        assert_ne!(named(&own.chain)[0], by, "what bears its issuer's name passes for signed by itself");
        fs::remove_file(&own.authority).unwrap();
        own.keep(&name("10.1.2.3"), day("2027-01-26")).unwrap();
        assert_eq!(named(&own.authority)[0], by, "made anew from its key it has signed what stands");
        assert!(crate::web::Certificate::load(&own.chain, &own.key).is_ok());

        for bad in ["a b", "*.vn x", "http://a.vn"] {
            let said = own.keep(&name(bad), day("2027-01-26")).unwrap_err().to_string();
            assert!(said.contains(bad) && said.contains("signage.example.vn"), "{said}");
        }
    }
}

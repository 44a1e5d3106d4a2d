//! How a box becomes a device, and how it is known again: by the certificate of a key that it made and keeps to itself.

use super::{Device, Fleet, FleetError, NewDevice};
use crate::certs::devices::{CertificateRequest, DeviceCertificate, Standing};
use lichphat_playlists::ids::{DeviceId, Sha256Hash};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::device::{Register, Registered, Renewal, Renewed};
use rustls::server::danger::ClientCertVerifier;
use std::sync::Arc;

impl Fleet {
    /// Takes in a new device.
    pub async fn register(&self, request: Register) -> Result<Registered, FleetError> {
        let key = request.key().map_err(|_| FleetError::BadKey)?;
        let asked = CertificateRequest::read(&request.csr).ok_or(FleetError::BadRequest)?;
        let at_ms = self.clock.now();
        let device = self
            .store
            .register(NewDevice {
                token_hash: Sha256Hash::of(request.token.as_bytes()),
                key,
                fingerprint: asked.fingerprint(),
                software: request.software,
                simulated: request.simulated,
                at: at_ms,
            })
            .await?;
        let certificate = self.issue(&asked, device.device, None, at_ms)?;
        Ok(Registered { device: device.device, epoch: device.epoch, screen: device.screen, certificate, at_ms })
    }

    /// A certificate that this scheduler has signed, whatever its dates are.
    pub fn signed(&self, der: &[u8]) -> Option<DeviceCertificate> {
        self.authority.signed(der)
    }

    /// What the players' door asks who connects.
    pub fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        self.authority.verifier()
    }

    /// Whose the certificate is, when it is good for everything now: asked at each request.
    pub async fn admit(&self, certificate: &DeviceCertificate) -> Result<Device, FleetError> {
        let device = self.holder(certificate).await?;
        match certificate.standing(self.clock.now()) {
            Standing::Good(_) => Ok(device),
            Standing::RenewOnly => Err(FleetError::CertificateExpired),
            Standing::Over => Err(FleetError::CertificateOver),
        }
    }

    /// Is it time to renew it?
    pub fn renewal_due(&self, certificate: &DeviceCertificate) -> bool {
        certificate.standing(self.clock.now()) != Standing::Good(false)
    }

    /// A new certificate over one that is good, or was within the last 400 days, for the key that the device was registered
    /// with: a certificate is no secret, and behind a reverse proxy it is all that comes.
    pub async fn renew(&self, certificate: &DeviceCertificate, request: &Renewal) -> Result<Renewed, FleetError> {
        let device = self.holder(certificate).await?;
        let now = self.clock.now();
        if certificate.standing(now) == Standing::Over {
            return Err(FleetError::CertificateOver);
        }
        if now < device.registered {
            return Err(FleetError::NoClock);
        }
        let asked = CertificateRequest::read(&request.csr).ok_or(FleetError::BadRequest)?;
        if asked.fingerprint() != device.fingerprint {
            return Err(FleetError::OtherKey);
        }
        Ok(Renewed { certificate: self.issue(&asked, device.device, Some(certificate), now)? })
    }

    async fn holder(&self, certificate: &DeviceCertificate) -> Result<Device, FleetError> {
        let device = self.store.device(certificate.device).await?.ok_or(FleetError::Unauthorized)?;
        if device.revoked { Err(FleetError::Revoked) } else { Ok(device) }
    }

    fn issue(
        &self,
        asked: &CertificateRequest,
        device: DeviceId,
        over: Option<&DeviceCertificate>,
        now: UtcMillis,
    ) -> Result<String, FleetError> {
        self.authority.issue(asked, device, over, now, &*self.rng).map_err(|e| FleetError::Store(e.to_string()))
    }
}

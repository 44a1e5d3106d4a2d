//! The way from a simulated device to the server: the service itself, called in this process.

use crate::certs::devices::DeviceCertificate;
use crate::web::Service;
use async_trait::async_trait;
use lichphat_player::identity::Identity;
use lichphat_player::identity::credentials::Credentials;
use lichphat_player::ports::{Method, Request, Response, Transport, TransportError};
use std::sync::Arc;

/// Calls the service without a socket: nobody yet, or a device whose certificate nobody needs to look at twice.
#[derive(Clone)]
pub struct InProcess {
    service: Service,
    credentials: Option<Arc<Credentials>>,
}

impl InProcess {
    /// For who has no identity yet.
    pub fn new(service: Service) -> Self {
        Self { service, credentials: None }
    }

    /// For a device.
    pub fn of(service: Service, identity: &Identity) -> Self {
        Self { service, credentials: Some(Arc::clone(&identity.credentials)) }
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let method = match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        };
        let mut builder = http::Request::builder().method(method).uri(request.path);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let certificate = self.credentials.as_ref().and_then(|c| DeviceCertificate::read_pem(&c.certificate()));
        if let Some(certificate) = certificate {
            builder = builder.extension(certificate);
        }
        let failed = |e: &dyn std::fmt::Display| TransportError::Unreachable(e.to_string());
        let answer =
            self.service.exchange(builder.body(request.body).map_err(|e| failed(&e))?).await.map_err(|e| failed(&e))?;
        let (parts, body) = answer.into_parts();
        let mut response = Response::new(parts.status.as_u16(), body);
        for (name, value) in &parts.headers {
            if let Ok(value) = value.to_str() {
                response = response.with_header(name.as_str(), value);
            }
        }
        Ok(response)
    }
}

//! The way from a simulated device to the server: the service itself, called in this process.

use crate::web::Service;
use async_trait::async_trait;
use lichphat_player::ports::{Method, Request, Response, Transport, TransportError};

/// Calls the service without a socket.
#[derive(Clone)]
pub struct InProcess(pub Service);

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
        let failed = |e: &dyn std::fmt::Display| TransportError::Unreachable(e.to_string());
        let answer =
            self.0.exchange(builder.body(request.body).map_err(|e| failed(&e))?).await.map_err(|e| failed(&e))?;
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

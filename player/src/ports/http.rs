//! The real transport: HTTP/1.1 with time limits. The scheduler listens on the loopback only until
//! TLS and device certificates exist, so there is no TLS here yet.

use super::{Method, Request, Response, Transport, TransportError};
use async_trait::async_trait;
use futures_util::StreamExt as _;
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
    plain: reqwest::Client,
    patient: reqwest::Client,
}

impl HttpTransport {
    /// `server` is `http://host:port`.
    pub fn new(server: &str) -> Result<Self, TransportError> {
        let client = |read| {
            reqwest::Client::builder()
                .connect_timeout(CONNECT)
                .read_timeout(read)
                .redirect(reqwest::redirect::Policy::none()) // a scheduler that moves is provisioned anew
                .no_proxy() // it is on the loopback
                .build()
                .map_err(|e| TransportError::Unreachable(chain(&e)))
        };
        Ok(Self { base: server.trim_end_matches('/').to_owned(), plain: client(READ)?, patient: client(QUIET)? })
    }

    async fn exchange(&self, client: &reqwest::Client, request: Request) -> Result<Response, TransportError> {
        let url = format!("{}{}", self.base, request.path);
        let mut builder = match request.method {
            Method::Get => client.get(url),
            Method::Post => client.post(url).body(request.body),
        };
        for (name, value) in request.headers {
            builder = builder.header(name, value);
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
        self.exchange(&self.plain, request).await
    }
    async fn events(&self, request: Request) -> Result<Response, TransportError> {
        self.exchange(&self.patient, request.header("accept", "text/event-stream")).await
    }
}

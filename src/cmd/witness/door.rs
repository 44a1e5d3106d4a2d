//! The way from a log to its witnesses, over HTTP.

use crate::proof::witnesses::WitnessDoor;
use async_trait::async_trait;
use std::time::Duration;

/// Most bytes of an answer: a few lines.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// Over HTTP, without TLS: a cosignature proves itself, and who stands between can but withhold it.
pub(in crate::cmd) struct HttpDoor(reqwest::Client);

impl HttpDoor {
    /// A door that leads nowhere else than where it is told.
    pub(in crate::cmd) fn new() -> Result<Self, String> {
        let client = reqwest::Client::builder().connect_timeout(CONNECT).redirect(reqwest::redirect::Policy::none());
        client.build().map(Self).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl WitnessDoor for HttpDoor {
    async fn add_checkpoint(&self, url: &str, body: String) -> Result<(u16, String), String> {
        let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let mut answer = self.0.post(url).body(body).send().await.map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| error.to_string())? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > MAX_ANSWER_BYTES {
                return Err(format!("its answer is longer than {MAX_ANSWER_BYTES} bytes"));
            }
        }
        let text = String::from_utf8(bytes).map_err(|_| "its answer is not UTF-8".to_owned())?;
        Ok((answer.status().as_u16(), text))
    }
}

//! The line between a box and the server.

use async_trait::async_trait;
use lichphat_player::identity::Identity;
use lichphat_player::meter::{DataRule, Metered};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Response, Transport, TransportError};
use lichphat_player::sim_support::{MemoryMediaFs, SimClock};
use std::sync::Arc;

/// A line whose bytes the story counts; a box knows of it only where they cost money.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) counted: Metered,
    is_spared: bool,
}

impl Line {
    pub(crate) fn new(identity: &Identity, clock: &Arc<SimClock>, fs: &MemoryMediaFs, rule: Option<DataRule>) -> Self {
        let (http, is_spared) = (Arc::new(HttpTransport::of(identity).unwrap()), rule.is_some());
        let counted = Metered::new(http, rule.unwrap_or_default(), clock.clone(), Arc::new(fs.clone()), || None);
        Self { counted, is_spared }
    }
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.counted.send(request).await
    }
    async fn events(&self, request: Request) -> Result<Response, TransportError> {
        self.counted.events(request).await
    }
    fn used_bytes(&self) -> Option<u64> {
        self.counted.used_bytes().filter(|_| self.is_spared)
    }
}

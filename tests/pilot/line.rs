//! The line between a box and the server.

use async_trait::async_trait;
use lichphat_player::identity::Identity;
use lichphat_player::meter::{DataRule, Metered};
use lichphat_player::ports::http::HttpTransport;
use lichphat_player::ports::{Request, Response, Transport, TransportError};
use lichphat_player::sim_support::{MemoryMediaFs, SimClock};
use lichphat_playlists::ports::Clock as _;
use lichphat_playlists::time::HANOI;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How long after it was switched on in the morning a bus still stands in its depot, s.
const IN_DEPOT_S: u32 = 600;
const WIFI: &str = "wlan0";

/// A line whose bytes the story counts; a box knows of it only where they cost money.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) counted: Metered,
    is_spared: bool,
    /// Requests for media that went out over Wi-Fi, and over 4G.
    pub(crate) media: Arc<[AtomicU32; 2]>,
}

impl Line {
    pub(crate) fn new(identity: &Identity, clock: &Arc<SimClock>, fs: &MemoryMediaFs) -> Self {
        Self::over(identity, clock, fs, DataRule::default(), None)
    }

    /// 4G on the road; Wi-Fi in the depot, which the bus leaves so many seconds after midnight, and only there it takes media.
    pub(crate) fn spared(
        identity: &Identity,
        clock: &Arc<SimClock>,
        fs: &MemoryMediaFs,
        rule: &DataRule,
        leaves_s: u32,
    ) -> Self {
        let rule = DataRule { media_interfaces: vec![WIFI.to_owned()], ..rule.clone() };
        Self::over(identity, clock, fs, rule, Some(leaves_s))
    }

    /// What it has carried this month, bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let used = self.counted.used();
        used.media_bytes + used.control_bytes
    }

    fn over(
        identity: &Identity,
        clock: &Arc<SimClock>,
        fs: &MemoryMediaFs,
        rule: DataRule,
        leaves_s: Option<u32>,
    ) -> Self {
        let (http, is_spared, its) = (HttpTransport::of(identity).unwrap(), rule.sparing, clock.clone());
        let wifi = move || {
            let second = its.now().local(HANOI).1 / 1000;
            leaves_s.is_none_or(|leaves_s| (leaves_s..leaves_s + IN_DEPOT_S).contains(&second))
        };
        let media = Arc::<[AtomicU32; 2]>::default();
        let air = Air { http, wifi: Box::new(wifi.clone()), media: media.clone() };
        let interface = move || Some(if wifi() { WIFI } else { "wwan0" }.to_owned());
        let counted = Metered::new(Arc::new(air), rule, clock.clone(), Arc::new(fs.clone()), interface);
        Self { counted, is_spared, media }
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

/// What is really asked for, and over what.
struct Air {
    http: HttpTransport,
    wifi: Box<dyn Fn() -> bool + Send + Sync>,
    media: Arc<[AtomicU32; 2]>,
}

#[async_trait]
impl Transport for Air {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.path.contains("/media/") {
            self.media[usize::from(!(self.wifi)())].fetch_add(1, Ordering::Relaxed);
        }
        self.http.send(request).await
    }
    async fn events(&self, request: Request) -> Result<Response, TransportError> {
        self.http.events(request).await
    }
}

//! What goes over a line that costs money: every byte of every request and answer is counted, a month's media have a
//! cap, and hours and networks in which they may come. Signed documents, records and heartbeats always go.
//!
//! Counted is what HTTP says (first lines, headers, bodies), up and down; what TCP and IP add is the line's. The count
//! of the month is kept on disk, up to the last [`SAVE_BYTES`].

use crate::ports::{MediaFs, Method, Request, Response, Transport, TransportError};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{HANOI, IntervalSet};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// File of the count.
const FILE: &str = "data-used.toml";
/// Bytes after which the count is written down.
const SAVE_BYTES: u64 = 256 << 10;
/// First lines and headers that an HTTP client and server add of themselves.
const ADDED_BYTES: u64 = 120;

/// `[data]` of the settings: what the line is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataRule {
    /// Most media in a calendar month, MB (1,000,000 bytes); 0: no cap.
    pub media_mb_per_month: u32,
    /// Hours of the local day in which media are fetched; none: always.
    #[serde(deserialize_with = "crate::stage::hours")]
    pub media_hours: Option<IntervalSet>,
    /// Network interfaces over which media are fetched, by the kernel's names; empty: any.
    pub media_interfaces: Vec<String>,
    /// Ask and tell rarely.
    pub sparing: bool,
}

/// How often a player asks and tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks at the index, s.
    pub poll_s: u32,
    /// Between two heartbeats, s.
    pub heartbeat_s: u32,
    /// Age of the oldest record at which a segment is cut, s.
    pub segment_age_s: u32,
    /// Between two questions to the scheduler's log, s.
    pub proofs_every_s: u32,
    /// Whether a line is held open on which the scheduler calls.
    pub listens: bool,
}

impl DataRule {
    /// The pace on this line; the arguments are those of the settings. On a line that is spared the
    /// scheduler's calls are heard with the next heartbeat, within ten minutes: a line that is held open costs more than
    /// everything else together.
    pub fn pace(&self, poll_s: u32, segment_age_s: u32, proofs_every_s: u32) -> Pace {
        match self.sparing {
            false => Pace { poll_s, heartbeat_s: 60, segment_age_s, proofs_every_s, listens: true },
            true => Pace {
                poll_s: poll_s.max(1_800),
                heartbeat_s: 600,
                segment_age_s: segment_age_s.max(3_600),
                proofs_every_s: proofs_every_s.max(86_400),
                listens: false,
            },
        }
    }

    /// Why no media may be fetched now; none: they may.
    fn holds_back(&self, second: u32, used_bytes: u64, interface: Option<&str>) -> Option<String> {
        let cap_mb = u64::from(self.media_mb_per_month);
        if cap_mb > 0 && used_bytes >= cap_mb * 1_000_000 {
            return Some(format!("this month's {cap_mb} MB are used up"));
        }
        if self.media_hours.as_ref().is_some_and(|hours| !hours.contains(second)) {
            return Some("it is not the hour for it".to_owned());
        }
        let named = |i: &str| self.media_interfaces.iter().any(|named| named == i);
        match interface {
            _ if self.media_interfaces.is_empty() => None,
            Some(interface) if named(interface) => None,
            Some(interface) => Some(format!("{interface} is not a network for it")),
            None => Some("there is no network for it".to_owned()),
        }
    }
}

/// Bytes of one calendar month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// `2026-11`, local time.
    pub month: String,
    /// Of media.
    pub media_bytes: u64,
    /// Of everything else.
    pub control_bytes: u64,
}

/// Names the network interface that leads out now.
type Interface = Box<dyn Fn() -> Option<String> + Send + Sync>;

struct Book {
    rule: DataRule,
    clock: Arc<dyn Clock>,
    fs: Arc<dyn MediaFs>,
    interface: Interface,
    used: Mutex<(Used, u64)>,
}

impl Book {
    fn used(&self) -> MutexGuard<'_, (Used, u64)> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, media: bool, bytes: u64) {
        let day = self.clock.now().day(HANOI).to_string();
        let month = day.get(..7).unwrap_or_default();
        let mut used = self.used();
        let (now, unsaved_bytes) = &mut *used;
        // A clock that forgot the time does not give a new month's bytes.
        if month > now.month.as_str() {
            *now = Used { month: month.to_owned(), ..Used::default() };
        }
        *(if media { &mut now.media_bytes } else { &mut now.control_bytes }) += bytes;
        *unsaved_bytes += bytes;
        if *unsaved_bytes >= SAVE_BYTES {
            *unsaved_bytes = 0;
            let text = toml::to_string(now).expect("plain data always encodes");
            if let Err(error) = self.fs.write_whole(FILE, text.as_bytes()) {
                tracing::warn!(%error, "the count of used data cannot be kept");
            }
        }
    }

    fn held_back(&self) -> Option<String> {
        let (_, of_day_ms) = self.clock.now().local(HANOI);
        let interface = if self.rule.media_interfaces.is_empty() { None } else { (self.interface)() };
        self.rule.holds_back(of_day_ms / 1000, self.used().0.media_bytes, interface.as_deref())
    }
}

/// A transport whose bytes are counted and kept to a [`DataRule`].
#[derive(Clone)]
pub struct Metered {
    inner: Arc<dyn Transport>,
    book: Arc<Book>,
}

impl std::fmt::Debug for Metered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metered").field("used", &self.used()).finish_non_exhaustive()
    }
}

impl Metered {
    /// Over `inner`; the month's count is gone on with from `fs`. `interface` names the one that now leads out.
    pub fn new(
        inner: Arc<dyn Transport>,
        rule: DataRule,
        clock: Arc<dyn Clock>,
        fs: Arc<dyn MediaFs>,
        interface: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let (used, interface) = (kept(&*fs), Box::new(interface));
        Self { inner, book: Arc::new(Book { rule, clock, fs, interface, used: Mutex::new((used, 0)) }) }
    }

    /// This month's bytes.
    pub fn used(&self) -> Used {
        self.book.used().0.clone()
    }

    fn count(
        &self,
        (media, urgent): (bool, bool),
        answer: Result<Response, TransportError>,
    ) -> Result<Response, TransportError> {
        let mut response = answer?;
        let headers: usize = response.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        self.book.add(media, ADDED_BYTES + headers as u64);
        let book = self.book.clone();
        response.body = Box::pin(response.body.map(move |piece| {
            let piece = piece?;
            book.add(media, piece.len() as u64);
            match book.held_back().filter(|_| media && !urgent) {
                // What came is written down, and gone on with when it may be.
                Some(why) if !piece.is_empty() => Err(TransportError::HeldBack(why)),
                _ => Ok(piece),
            }
        }));
        Ok(response)
    }

    /// Is it media, and is it urgent?
    fn begin(&self, request: &Request) -> Result<(bool, bool), TransportError> {
        let media = request.method == Method::Get && request.path.starts_with("/device/v1/media/");
        if media
            && !request.urgent
            && let Some(why) = self.book.held_back()
        {
            return Err(TransportError::HeldBack(why));
        }
        let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        self.book.add(media, ADDED_BYTES + (request.path.len() + headers + request.body.len()) as u64);
        Ok((media, request.urgent))
    }
}

#[async_trait]
impl Transport for Metered {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let kind = self.begin(&request)?;
        self.count(kind, self.inner.send(request).await)
    }
    async fn events(&self, request: Request) -> Result<Response, TransportError> {
        let kind = self.begin(&request)?;
        self.count(kind, self.inner.events(request).await)
    }
    fn used_bytes(&self) -> Option<u64> {
        let used = self.used();
        Some(used.media_bytes + used.control_bytes)
    }
}

/// The count as it lies on the disk; nothing used where there is none that makes sense.
pub fn kept(fs: &dyn MediaFs) -> Used {
    let text = fs.read(FILE, 4096).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

/// The interface of the default route, as the kernel's IPv4 table has it (proc(5), `/proc/net/route`); a network without
/// IPv4 has no name here.
pub fn interface() -> Option<String> {
    default_route(&std::fs::read_to_string("/proc/net/route").ok()?)
}

/// Of several default routes the one with the lowest metric.
fn default_route(table: &str) -> Option<String> {
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (name, to, metric) = (*fields.first()?, *fields.get(1)?, fields.get(6)?.parse::<u32>().ok()?);
        (to == "00000000").then(|| (metric, name.to_owned()))
    };
    table.lines().skip(1).filter_map(row).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_default_route_is_the_network() {
        let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
            wwan0\t00000000\t0101A8C0\t0003\t0\t0\t700\t00000000\t0\t0\t0\n\
            eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            eth0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
        assert_eq!(default_route(table).as_deref(), Some("eth0"));
        assert_eq!(default_route("Iface\tDestination\n"), None);
    }

    #[test]
    fn media_wait_for_the_month_the_hour_and_the_network() {
        let rule: DataRule =
            toml::from_str("media_mb_per_month = 500\nmedia_hours = \"01:00-05:00\"\nmedia_interfaces = [\"wlan0\"]")
                .unwrap();
        let why = |second, used, interface| rule.holds_back(second, used, interface).unwrap_or_default();
        assert_eq!(why(7_200, 499_999_999, Some("wlan0")), "");
        assert!(why(7_200, 500_000_000, Some("wlan0")).contains("500 MB"));
        assert!(why(43_200, 0, Some("wlan0")).contains("hour"));
        assert!(why(7_200, 0, Some("wwan0")).contains("wwan0"));
        assert!(why(7_200, 0, None).contains("no network"));
        assert_eq!(DataRule::default().holds_back(43_200, u64::MAX, None), None);
    }
}

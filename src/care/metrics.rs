//! What the scheduler has done, counted, and how it stands, measured when somebody asks.

use super::Devices;
use lichphat_playlists::proof::chain::Outcome;
use lichphat_playlists::proof::rollup::Counts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Kind of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds that a request may take.
const REQUEST_S: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.5, 2.0, 10.0, 30.0];
/// Seconds that planning may take: a town, a city.
const PLANNING_S: [f64; 7] = [0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1200.0];

/// One label; its values are written in this program.
type Word = [(&'static str, &'static str); 1];
type Tally = Family<Word, Counter>;
type Levels = Family<Word, Gauge>;
type Times = Family<Word, Histogram, fn() -> Histogram>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    class: &'static str,
    method: &'static str,
    status: u16,
}

/// A request that was answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequestDone {
    /// Which routes it belongs to.
    pub class: &'static str,
    /// GET, POST, …; `other` for words that are none of ours.
    pub method: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Seconds from its head to the head of its answer.
    pub took_s: f64,
}

/// What became of a segment at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    /// It was judged.
    Judged(&'a Outcome),
    /// It was refused; why, as a stable word.
    Refused(&'static str),
}

/// Measured when somebody asks; -1: it cannot be said.
#[derive(Default)]
pub(super) struct Gauges {
    pub(super) log_entries: Gauge,
    pub(super) log_published: Gauge,
    pub(super) log_round_age_s: Gauge,
    pub(super) checkpoint_age_s: Gauge,
    pub(super) store_waiting: Gauge,
    pub(super) disk_free_bytes: Gauge,
    pub(super) unplanned: Gauge,
}

/// All of them, and their names.
pub struct Metrics {
    registry: Registry,
    pub(super) gauges: Gauges,
    requests: Family<Answered, Counter>,
    request_s: Times,
    segments: Tally,
    records: Counter,
    refused: Tally,
    runs: Tally,
    run_s: Histogram,
    published: Counter,
    devices: Levels,
    ready: Levels,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("lichphat");
        let gauges = Gauges::default();
        for (name, help, gauge) in [
            ("log_entries", "Entries of the log, published or not", &gauges.log_entries),
            ("log_published_entries", "Entries of the newest checkpoint", &gauges.log_published),
            ("log_round_age_seconds", "Since the log was last carried on without a fault", &gauges.log_round_age_s),
            (
                "log_checkpoint_age_seconds",
                "Since the newest checkpoint was signed; there is none: -1",
                &gauges.checkpoint_age_s,
            ),
            ("store_waiting", "Writes that wait for their turn", &gauges.store_waiting),
            ("disk_free_bytes", "Room on the disk of the data directory; not known: -1", &gauges.disk_free_bytes),
            ("screens_unplanned", "Managed screens without a plan of today", &gauges.unplanned),
        ] {
            registry.register(name, help, gauge.clone());
        }
        let request_s = Times::new_with_constructor(|| Histogram::new(REQUEST_S));
        let run_s = Histogram::new(PLANNING_S);
        let all = Self {
            gauges,
            requests: Family::default(),
            request_s,
            segments: Family::default(),
            records: Counter::default(),
            refused: Family::default(),
            runs: Family::default(),
            run_s,
            published: Counter::default(),
            devices: Family::default(),
            ready: Family::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Requests answered, by class of route", all.requests.clone());
        registry.register("request_seconds", "From a request's head to its answer's", all.request_s.clone());
        registry.register("segments", "Segments of records that came, by what became of them", all.segments.clone());
        registry.register("records", "Play records that were new and were judged", all.records.clone());
        registry.register("segments_refused", "Segments that were refused, by reason", all.refused.clone());
        registry.register("planning_runs", "Runs of planning, by how they ended", all.runs.clone());
        registry.register("planning_seconds", "What a run of planning took", all.run_s.clone());
        registry.register("plans_published", "Versions of plans that were published", all.published.clone());
        registry.register(
            "devices",
            "Devices that may fetch plans; silent: not heard for 15 minutes",
            all.devices.clone(),
        );
        registry.register("ready", "Does the condition of /readyz hold?", all.ready.clone());
        Self { registry, ..all }
    }

    /// A request was answered.
    pub fn answered(&self, done: RequestDone) {
        let RequestDone { class, method, status, took_s } = done;
        self.requests.get_or_create(&Answered { class, method, status }).inc();
        self.request_s.get_or_create(&[("class", class)]).observe(took_s);
    }

    /// A segment came.
    pub fn segment(&self, segment: Segment<'_>) {
        let outcome = match segment {
            Segment::Judged(Outcome::Accepted { delta, .. }) => {
                self.records.inc_by(delta.values().map(Counts::records).sum());
                "accepted"
            }
            Segment::Judged(Outcome::Duplicate) => "duplicate",
            Segment::Judged(Outcome::Hole { .. }) => "hole",
            Segment::Judged(Outcome::Fork { .. }) => "fork",
            Segment::Refused(reason) => {
                self.refused.get_or_create(&[("reason", reason)]).inc();
                "refused"
            }
        };
        self.segments.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(super) fn planned(&self, took_ms: u64, published: Option<u32>) {
        self.run_s.observe(took_ms as f64 / 1000.0);
        self.published.inc_by(published.unwrap_or(0).into());
        let ended = if published.is_some() { "well" } else { "failed" };
        self.runs.get_or_create(&[("ended", ended)]).inc();
    }

    pub(super) fn devices(&self, Devices { present, silent }: Devices) {
        self.devices.get_or_create(&[("state", "present")]).set(present.cast_signed());
        self.devices.get_or_create(&[("state", "silent")]).set(silent.cast_signed());
    }

    pub(super) fn ready(&self, name: &'static str, ok: bool) {
        self.ready.get_or_create(&[("check", name)]).set(ok.into());
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // a String takes whatever it is given
        let _ = encode(&mut text, &self.registry);
        text
    }
}

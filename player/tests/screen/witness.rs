//! The outside witness: watches the X screen and writes down which frame of which clip was visible
//! when, without asking the player.

use super::clips::{CELLS, read_strip};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat};
use x11rb::rust_connection::RustConnection;

/// What was seen in one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// No light anywhere.
    Black,
    /// A picture without a strip.
    Other,
    /// Clip and frame.
    Frame(u8, u8),
}

/// A change on the screen: what was seen first at `at_us` (UTC microseconds).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    pub(crate) at_us: i64,
    pub(crate) seen: Seen,
}

/// Looks every two milliseconds, from a thread of its own.
pub(crate) struct Witness {
    end: Arc<AtomicBool>,
    looks: Arc<AtomicU64>,
    thread: JoinHandle<Vec<Sight>>,
}

impl Witness {
    pub(crate) fn watch(display: &str, width: u16, height: u16) -> Self {
        let (connection, screen) = RustConnection::connect(Some(display)).unwrap();
        let root = connection.setup().roots[screen].root;
        let end = Arc::new(AtomicBool::new(false));
        let looks = Arc::new(AtomicU64::new(0));
        let (until, looked) = (Arc::clone(&end), Arc::clone(&looks));
        let thread = std::thread::spawn(move || {
            let mut sights: Vec<Sight> = Vec::new();
            while !until.load(Ordering::Relaxed) {
                let row = |y: u16| {
                    let get = connection.get_image(ImageFormat::Z_PIXMAP, root, 0, y as i16, width, 1, !0);
                    get.unwrap().reply().unwrap().data
                };
                let at_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
                let seen = judge(&row(height / 20), &row(height / 2));
                if sights.last().is_none_or(|last| last.seen != seen) {
                    sights.push(Sight { at_us, seen });
                }
                looked.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
            sights
        });
        Self { end, looks, thread }
    }
    /// Waits until what is on the screen now has been looked at, however slow the machine is.
    pub(crate) fn await_look(&self) {
        let before = self.looks.load(Ordering::Relaxed);
        while self.looks.load(Ordering::Relaxed) < before + 2 {
            assert!(!self.thread.is_finished(), "the witness looks no more");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    /// The changes, in order.
    pub(crate) fn stop(self) -> Vec<Sight> {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Something that must not be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Black between two pictures.
    Black,
    /// This frame of this clip stood for too long.
    Frozen(u8, u8),
    /// This frame of this clip came after a later one.
    Backwards(u8, u8),
    /// This clip came where another one was due.
    Order(u8),
}

/// Faults in what was seen: frames of `moving` clips that stood for more than `most_ms`, clips that are not in the order
/// of `bill`, again and again. How long the last sight stood is not known.
pub(crate) fn faults(sights: &[Sight], bill: &[u8], moving: &[u8], most_ms: i64) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut due = bill.iter().copied().cycle();
    let mut last: Option<(u8, u8)> = None;
    let pictures = |s: &Sight| matches!(s.seen, Seen::Frame(..));
    let (first, end) = (sights.iter().position(pictures), sights.iter().rposition(pictures));
    let (Some(first), Some(end)) = (first, end) else { return faults };
    for (i, sight) in sights.iter().enumerate().take(end + 1).skip(first) {
        let Seen::Frame(clip, frame) = sight.seen else {
            faults.push(Fault::Black);
            continue;
        };
        match last {
            Some((same, before)) if same == clip && frame < before => faults.push(Fault::Backwards(clip, frame)),
            Some((same, _)) if same == clip => {}
            _ if due.next() != Some(clip) => faults.push(Fault::Order(clip)),
            _ => {}
        }
        last = Some((clip, frame));
        let stood = sights.get(i + 1).filter(|_| moving.contains(&clip)).map(|next| (next.at_us - sight.at_us) / 1000);
        if stood.is_some_and(|ms| ms > most_ms) {
            faults.push(Fault::Frozen(clip, frame));
        }
    }
    faults
}

/// Clip, frame, when it was seen first (UTC microseconds).
pub(crate) type SeenFrame = (u8, u8, i64);

/// Groups the sights by play.
pub(crate) fn plays_seen(sights: &[Sight]) -> Vec<Vec<SeenFrame>> {
    let mut plays: Vec<Vec<SeenFrame>> = Vec::new();
    for sight in sights {
        if let Seen::Frame(id, frame) = sight.seen {
            match plays.last_mut().filter(|p| p[0].0 == id) {
                Some(play) => play.push((id, frame, sight.at_us)),
                None => plays.push(vec![(id, frame, sight.at_us)]),
            }
        }
    }
    plays
}

/// Two rows of BGRx pixels: through the strip, and through the middle.
pub(crate) fn judge(strip: &[u8], middle: &[u8]) -> Seen {
    let light = |row: &[u8], x: usize| row[x * 4 + 1];
    let width = strip.len() / 4;
    if let Some((id, frame)) = read_strip(|cell| light(strip, (cell * 2 + 1) * width / (CELLS * 2)) > 128) {
        return Seen::Frame(id, frame);
    }
    let dark = |row: &[u8]| (0..row.len() / 4).step_by(16).all(|x| light(row, x) < 8);
    if dark(strip) && dark(middle) { Seen::Black } else { Seen::Other }
}

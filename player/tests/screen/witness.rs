//! The outside witness: watches the X screen and writes down which frame of which clip was visible
//! when, without asking the player.

use super::clips::{CELLS, read_strip};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    thread: JoinHandle<Vec<Sight>>,
}

impl Witness {
    pub(crate) fn watch(display: &str, width: u16, height: u16) -> Self {
        let (connection, screen) = RustConnection::connect(Some(display)).unwrap();
        let root = connection.setup().roots[screen].root;
        let end = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&end);
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
                std::thread::sleep(Duration::from_millis(2));
            }
            sights
        });
        Self { end, thread }
    }
    /// The changes, in order.
    pub(crate) fn stop(self) -> Vec<Sight> {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Two rows of BGRx pixels: through the strip, and through the middle.
fn judge(strip: &[u8], middle: &[u8]) -> Seen {
    let light = |row: &[u8], x: usize| row[x * 4 + 1];
    let width = strip.len() / 4;
    if let Some((id, frame)) = read_strip(|cell| light(strip, (cell * 2 + 1) * width / (CELLS * 2)) > 128) {
        return Seen::Frame(id, frame);
    }
    let dark = |row: &[u8]| (0..row.len() / 4).step_by(16).all(|x| light(row, x) < 8);
    if dark(strip) && dark(middle) { Seen::Black } else { Seen::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_witness_tells_black_from_dark_and_reads_the_strip() {
        let row = |light: &dyn Fn(usize) -> u8| -> Vec<u8> { (0..280).flat_map(|x| [light(x); 4]).collect() };
        let strip = row(&|x| if [0, 1, 3, 5, 6].contains(&(x / 20)) { 230 } else { 20 });
        assert_eq!(judge(&strip, &row(&|_| 100)), Seen::Frame(0b101, 0b11));
        assert_eq!(judge(&row(&|_| 0), &row(&|_| 0)), Seen::Black);
        assert_eq!(judge(&row(&|_| 0), &row(&|_| 100)), Seen::Other);
        assert_eq!(judge(&row(&|_| 16), &row(&|_| 16)), Seen::Other, "the stage's dark picture is not black");
    }
}

//! The witness itself: it sees a planted black frame, a frozen one and a wrong order. On its own, since what it is shown
//! stands for milliseconds.
#![cfg(feature = "stage-gstreamer")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod screen;

use screen::clips::CELLS;
use screen::display::Display;
use screen::witness::{Fault, Seen, Witness, faults, judge};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::protocol::xproto::{CreateGCAux, CreateWindowAux, Gcontext, Window, WindowClass};
use x11rb::rust_connection::RustConnection;

const SIZE: (u16, u16) = (280, 200);

/// A window that shows what a test says, whatever a player would do.
struct Puppet {
    connection: RustConnection,
    window: Window,
    gc: Gcontext,
}

impl Puppet {
    fn open(display: &str) -> Self {
        let (connection, screen) = RustConnection::connect(Some(display)).unwrap();
        let screen = &connection.setup().roots[screen];
        let (window, gc) = (connection.generate_id().unwrap(), connection.generate_id().unwrap());
        let (root, visual) = (screen.root, screen.root_visual);
        let look = CreateWindowAux::new().override_redirect(1);
        let (w, h) = SIZE;
        connection.create_window(24, window, root, 0, 0, w, h, 0, WindowClass::INPUT_OUTPUT, visual, &look).unwrap();
        connection.map_window(window).unwrap();
        connection.create_gc(gc, window, &CreateGCAux::new()).unwrap();
        Self { connection, window, gc }
    }
    /// Puts a frame of a clip, or black, on the screen.
    fn show(&self, frame: Option<(u8, u8)>) {
        let (width, height) = (usize::from(SIZE.0), usize::from(SIZE.1));
        let light = |x: usize, y: usize| match (frame, y < height / 10) {
            (None, _) => 0,
            (Some(_), false) => 100,
            (Some((clip, frame)), true) => match x * CELLS / width {
                0 => 235,
                cell @ 1..=4 => u8::from(clip >> (cell - 1) & 1 == 1) * 219 + 16,
                cell @ 5..=12 => u8::from(frame >> (cell - 5) & 1 == 1) * 219 + 16,
                _ => 16,
            },
        };
        let data: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| [light(x, y); 4])).collect();
        let (w, h) = SIZE;
        let put = self.connection.put_image(ImageFormat::Z_PIXMAP, self.window, self.gc, w, h, 0, 0, 0, 24, &data);
        put.unwrap().check().unwrap();
    }
}

/// How long a frame may stand; what is planted as frozen stands for twice as long.
const MOST_MS: u64 = 1_000;

/// What the witness finds in a show of `frames`, those given with `true` frozen; the bill is clip 1, clip 2.
/// Where the machine itself paused for so long that a frame stood frozen unplanned, the show is repeated.
fn found(frames: &[(Option<(u8, u8)>, bool)]) -> Vec<Fault> {
    let display = Display::start(u32::from(SIZE.0), u32::from(SIZE.1));
    let puppet = Puppet::open(&display.name);
    loop {
        let witness = Witness::watch(&display.name, SIZE.0, SIZE.1);
        let mut paused = false;
        for &(frame, frozen) in frames {
            let shown = Instant::now();
            puppet.show(frame);
            witness.await_look();
            if frozen {
                std::thread::sleep(Duration::from_millis(2 * MOST_MS));
            }
            paused |= !frozen && shown.elapsed() > Duration::from_millis(MOST_MS / 2);
        }
        let sights = witness.stop();
        if !paused {
            return faults(&sights, &[1, 2], &[1, 2], MOST_MS as i64);
        }
    }
}

#[test]
fn the_witness_sees_a_planted_black_frame_a_frozen_one_and_a_wrong_order() {
    let frame = |clip, frame| (Some((clip, frame)), false);
    let good = [frame(1, 0), frame(1, 1), frame(1, 2), frame(2, 0), frame(2, 1), frame(1, 0)];
    assert_eq!(found(&good), []);
    let with = |at: usize, planted: (Option<(u8, u8)>, bool)| {
        let mut frames = good.to_vec();
        frames.insert(at, planted);
        found(&frames)
    };
    assert_eq!(with(2, (None, false)), [Fault::Black]);
    assert_eq!(with(4, (Some((2, 0)), true)), [Fault::Frozen(2, 0)]);
    assert_eq!(with(3, frame(1, 0)), [Fault::Backwards(1, 0)]);
    assert_eq!(
        with(3, frame(4, 0)),
        [Fault::Order(4), Fault::Order(2), Fault::Order(1)],
        "the bill goes on without it"
    );
}

#[test]
fn the_witness_tells_black_from_dark_and_reads_the_strip() {
    let row = |light: &dyn Fn(usize) -> u8| -> Vec<u8> { (0..280).flat_map(|x| [light(x); 4]).collect() };
    let strip = row(&|x| if [0, 1, 3, 5, 6].contains(&(x / 20)) { 230 } else { 20 });
    assert_eq!(judge(&strip, &row(&|_| 100)), Seen::Frame(0b101, 0b11));
    assert_eq!(judge(&row(&|_| 0), &row(&|_| 0)), Seen::Black);
    assert_eq!(judge(&row(&|_| 0), &row(&|_| 100)), Seen::Other);
    assert_eq!(judge(&row(&|_| 16), &row(&|_| 16)), Seen::Other, "the stage's dark picture is not black");
}

//! An X server of the test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::RustConnection;

/// Xvfb on a free display, gone when dropped. (`-noreset`: else it begins anew, and drops whoever comes, when the last
/// one leaves.)
pub(crate) struct Display {
    server: Child,
    pub(crate) name: String,
}

impl Display {
    pub(crate) fn start(width: u32, height: u32) -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is among the packages that `make test` installs");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { server, name: format!(":{}", number.trim()) }
    }
}

impl Display {
    /// Bright pixels, per cent, in the middle third, in `width` columns from `x` on: letters and codes are bright.
    pub(crate) fn ink_percent(&self, x: i16, width: u16) -> usize {
        let (connection, screen) = RustConnection::connect(Some(&self.name)).unwrap();
        let screen = &connection.setup().roots[screen];
        let (root, high) = (screen.root, screen.height_in_pixels / 3);
        let stripe = connection.get_image(ImageFormat::Z_PIXMAP, root, x, high as i16, width, high, !0).unwrap();
        let bright = stripe.reply().unwrap().data.chunks(4).filter(|pixel| pixel[1] > 200).count();
        bright * 100 / (usize::from(width) * usize::from(high))
    }

    /// Is anything but black on these lines?
    pub(crate) fn is_lit(&self, y: i16, width: u16) -> bool {
        let (connection, screen) = RustConnection::connect(Some(&self.name)).unwrap();
        let root = connection.setup().roots[screen].root;
        let row = connection.get_image(ImageFormat::Z_PIXMAP, root, 0, y, width, 1, !0).unwrap().reply().unwrap().data;
        row.chunks(4).any(|pixel| pixel[..3].iter().any(|light| *light > 0))
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

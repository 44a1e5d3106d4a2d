//! The window on an X server: where the picture lies, without frame, title bar or mouse pointer.
//!
//! A sink's own window stands where a window manager likes and is as large as the picture. On a screen in a hall it has to
//! cover the display, or exactly the part that is not reserved for another program.

use crate::stage::layout::{Area, Colour, Cover};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, PropMode, Rectangle,
    Window as WindowId, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// An open window; closed when dropped.
pub(super) struct Window {
    connection: RustConnection,
    id: WindowId,
}

impl Window {
    /// Opens it on the X server named by `DISPLAY`, for a picture of so many pixels. The error says why it cannot be there.
    pub(super) fn open(cover: Cover, (width, height): (u32, u32), colour: Colour) -> Result<Self, String> {
        let (connection, number) = RustConnection::connect(None).map_err(|e| e.to_string())?;
        let screen = &connection.setup().roots[number];
        let display = (u32::from(screen.width_in_pixels), u32::from(screen.height_in_pixels));
        let whole = Area { x: 0, y: 0, width: display.0, height: display.1 };
        let area = match cover {
            Cover::Display => whole,
            Cover::Picture => Area { width, height, ..whole },
            Cover::Part(_, of) if of != display => {
                return Err(format!(
                    "the display has {}x{} pixels; with a reserved part, width_px = {} and height_px = {} must say the same",
                    display.0, display.1, of.0, of.1
                ));
            }
            Cover::Part(area, _) => area,
        };
        let kiosk = !matches!(cover, Cover::Picture) || (area.width, area.height) == display;
        let [r, g, b] = colour.rgb.map(u32::from);
        let look = CreateWindowAux::new().background_pixel(r << 16 | g << 8 | b).override_redirect(u32::from(kiosk));
        let (root, visual) = (screen.root, screen.root_visual);
        let open = || -> Result<WindowId, Box<dyn std::error::Error>> {
            let id = connection.generate_id()?;
            let (x, y, width, height) = (area.x as i16, area.y as i16, area.width as u16, area.height as u16);
            let class = WindowClass::INPUT_OUTPUT;
            connection.create_window(0, id, root, x, y, width, height, 0, class, visual, &look)?.check()?;
            connection.change_property8(PropMode::REPLACE, id, AtomEnum::WM_NAME, AtomEnum::STRING, b"lichphat")?;
            hide_pointer(&connection, id)?;
            connection.map_window(id)?.check()?;
            Ok(id)
        };
        let id = open().map_err(|e| e.to_string())?;
        Ok(Self { connection, id })
    }

    /// Its number on the server.
    pub(super) fn id(&self) -> WindowId {
        self.id
    }
}

/// A pointer of one pixel that is not there.
fn hide_pointer(connection: &RustConnection, window: WindowId) -> Result<(), Box<dyn std::error::Error>> {
    let (pixmap, cursor) = (connection.generate_id()?, connection.generate_id()?);
    connection.create_pixmap(1, pixmap, window, 1, 1)?;
    let gc = connection.generate_id()?;
    connection.create_gc(gc, pixmap, &CreateGCAux::new().foreground(0))?;
    let dot = Rectangle { x: 0, y: 0, width: 1, height: 1 };
    connection.poly_fill_rectangle(pixmap, gc, &[dot])?;
    connection.create_cursor(cursor, pixmap, pixmap, 0, 0, 0, 0, 0, 0, 0, 0)?;
    connection.change_window_attributes(window, &ChangeWindowAttributesAux::new().cursor(cursor))?;
    connection.free_gc(gc)?;
    connection.free_pixmap(pixmap)?;
    connection.free_cursor(cursor)?;
    Ok(())
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.connection.destroy_window(self.id); // a server that is gone has no window
        let _ = self.connection.flush();
    }
}

//! Where on the display the picture lies, when a part of the display is left to another program, and what colour is
//! beside it.

use serde::{Deserialize, Serialize};

/// A rectangle of the display, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// From the left.
    pub x: u32,
    /// From above.
    pub y: u32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// Narrower or lower than this is no picture, pixels.
const LEAST_PX: u32 = 16;

impl Area {
    fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The largest of the four rectangles beside `reserved` on a display of `width` by `height` pixels; else field, value
    /// and mend.
    pub fn beside(width: u32, height: u32, reserved: Option<Self>) -> Result<Self, String> {
        let whole = Self { x: 0, y: 0, width, height };
        let Some(taken) = reserved else { return Ok(whole) };
        let (right, below) = (taken.x.saturating_add(taken.width), taken.y.saturating_add(taken.height));
        if taken.pixels() == 0 || right > width || below > height {
            return Err(format!(
                "reserved = {}x{} at {},{}: must lie on the display of {width}x{height} pixels",
                taken.width, taken.height, taken.x, taken.y
            ));
        }
        let beside = [
            Self { width: taken.x, ..whole },
            Self { x: right, width: width - right, ..whole },
            Self { height: taken.y, ..whole },
            Self { y: below, height: height - below, ..whole },
        ];
        let largest = beside.into_iter().max_by_key(|a| a.pixels()).unwrap_or(whole);
        if largest.width < LEAST_PX || largest.height < LEAST_PX {
            return Err(format!(
                "reserved = {}x{} at {},{}: leaves no room for a picture; leave {LEAST_PX} pixels on one side",
                taken.width, taken.height, taken.x, taken.y
            ));
        }
        Ok(largest.even())
    }

    /// Chroma has half the picture's lines and columns.
    fn even(self) -> Self {
        Self { width: self.width & !1, height: self.height & !1, ..self }
    }

    /// Its share of a display, per cent, rounded down.
    pub fn percent_of(self, width: u32, height: u32) -> u8 {
        let display = u64::from(width) * u64::from(height);
        (self.pixels() * 100).checked_div(display).unwrap_or(0).min(100) as u8
    }
}

/// Which part of the display the picture's window takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cover {
    /// As large as the picture, to be moved by whoever tries a list on a desk; all of a display that is no larger.
    #[default]
    Picture,
    /// All of the display.
    Display,
    /// This part of a display of so many pixels, as wide and as high.
    Part(Area, (u32, u32)),
}

/// A colour, written `#1d3557`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Colour {
    /// Red, green, blue.
    pub rgb: [u8; 3],
}

impl TryFrom<String> for Colour {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let mut rgb = [0; 3];
        let digits = text.strip_prefix('#').unwrap_or_default();
        hex::decode_to_slice(digits, &mut rgb).map_err(|_| format!("{text:?}: write a colour as #1d3557"))?;
        Ok(Self { rgb })
    }
}

impl Colour {
    /// Luma and both chromas for a screen of today: ITU-R BT.709, video range.
    pub fn yuv(self) -> [u8; 3] {
        let [r, g, b] = self.rgb.map(|c| f64::from(c) / 255.0);
        let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        let (cb, cr) = ((b - y) / 1.8556, (r - y) / 1.5748);
        [16.0 + 219.0 * y, 128.0 + 224.0 * cb, 128.0 + 224.0 * cr].map(|v| v.round() as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn area(x: u32, y: u32, width: u32, height: u32) -> Area {
        Area { x, y, width, height }
    }

    #[test]
    fn the_picture_takes_the_largest_room_beside_what_is_reserved() {
        let beside = |reserved| Area::beside(1920, 1080, Some(reserved)).unwrap();
        assert_eq!(Area::beside(1920, 1080, None).unwrap(), area(0, 0, 1920, 1080));
        assert_eq!(beside(area(0, 900, 1920, 180)), area(0, 0, 1920, 900), "a strip below");
        assert_eq!(beside(area(0, 0, 480, 1080)), area(480, 0, 1440, 1080), "a column at the left");
        assert_eq!(beside(area(1620, 700, 300, 380)), area(0, 0, 1620, 1080), "a box in the corner");
        assert_eq!(beside(area(0, 0, 481, 1080)).width, 1438, "an even number of columns");
        assert_eq!(beside(area(0, 900, 1920, 180)).percent_of(1920, 1080), 83);
        assert_eq!(area(0, 0, 1920, 1080).percent_of(1920, 1080), 100);
    }

    #[test]
    fn what_cannot_be_reserved_is_refused_with_its_mend() {
        let refused = |reserved| Area::beside(1280, 720, Some(reserved)).unwrap_err();
        insta::assert_snapshot!(refused(area(1000, 0, 300, 720)), @"reserved = 300x720 at 1000,0: must lie on the display of 1280x720 pixels");
        insta::assert_snapshot!(refused(area(0, 0, 0, 9)), @"reserved = 0x9 at 0,0: must lie on the display of 1280x720 pixels");
        insta::assert_snapshot!(refused(area(8, 8, 1264, 704)), @"reserved = 1264x704 at 8,8: leaves no room for a picture; leave 16 pixels on one side");
        insta::assert_snapshot!(refused(area(u32::MAX, 0, 2, 2)), @"reserved = 2x2 at 4294967295,0: must lie on the display of 1280x720 pixels");
    }

    #[test]
    fn a_colour_is_read_and_turned_into_video() {
        let colour = |text: &str| Colour::try_from(text.to_owned());
        assert_eq!(colour("#000000").unwrap().yuv(), [16, 128, 128]);
        assert_eq!(colour("#ffffff").unwrap().yuv(), [235, 128, 128]);
        assert_eq!(colour("#ff0000").unwrap().yuv(), [63, 102, 240]);
        assert_eq!(colour("red").unwrap_err(), "\"red\": write a colour as #1d3557");
    }
}

//! What is beside a picture of another shape than the output: black by the scaler's hand, any other colour by ours.

use crate::stage::layout::Colour;
use gstreamer as gst;
use gstreamer_video as gst_video;

/// The two bars beside a picture, and their colour.
#[derive(Debug, Clone)]
pub(super) struct Borders {
    info: gst_video::VideoInfo,
    /// Luma columns and lines of the picture itself: left, top, right, bottom.
    picture: [usize; 4],
    yuv: [u8; 3],
}

impl Borders {
    /// None when there is nothing to paint. The picture lies where GStreamer's `videoconvertscale add-borders=true` puts it.
    pub(super) fn of(source: &gst::Caps, output: &gst::Caps, colour: Colour) -> Option<Self> {
        if colour == Colour::default() {
            return None;
        }
        let from = gst_video::VideoInfo::from_caps(source).ok()?;
        let info = gst_video::VideoInfo::from_caps(output).ok()?;
        let par = from.par();
        let n = u64::from(from.width()) * par.numer() as u64;
        let d = u64::from(from.height()) * par.denom() as u64;
        let (width, height) = (u64::from(info.width()), u64::from(info.height()));
        let low = (width * d).checked_div(n)?;
        let (w, h) = if low <= height { (width, low) } else { ((height * n).checked_div(d)?, height) };
        let (left, top) = ((width - w) / 2, (height - h) / 2);
        let picture = [left, top, left + w, top + h].map(|v| v as usize);
        (w < width || h < height).then_some(Self { info, picture, yuv: colour.yuv() })
    }

    /// Paints them into a picture of the output; one that cannot be written to stays as it is.
    pub(super) fn paint(&self, buffer: &mut gst::Buffer) {
        let Ok(mut map) = buffer.make_mut().map_writable() else { return };
        let [left, top, right, bottom] = self.picture;
        for (plane, value) in self.yuv.into_iter().enumerate() {
            // a chroma sample that belongs to the picture in part is the picture's
            let half = usize::from(plane > 0);
            let width = (self.info.width() as usize).div_ceil(1 << half);
            let height = (self.info.height() as usize).div_ceil(1 << half);
            let (left, top, right, bottom) =
                (left >> half, top >> half, right.div_ceil(1 << half), bottom.div_ceil(1 << half));
            let stride = self.info.stride()[plane] as usize;
            let lines = map[self.info.offset()[plane]..].chunks_mut(stride).take(height);
            for (y, line) in lines.enumerate() {
                let Some(line) = line.get_mut(..width) else { return };
                if y < top || y >= bottom {
                    line.fill(value);
                } else {
                    line[..left].fill(value);
                    line[right.min(width)..].fill(value);
                }
            }
        }
    }
}

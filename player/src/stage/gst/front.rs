//! The stage's other side: notices over the picture, a turn at the volume, a look at what is shown.
//!
//! Drawing and encoding happen in the asker's thread; the director only lays a sheet that is ready over its frame.

use super::screen::raster;
use crate::stage::notice::{Notice, Place, Sheet};
use crate::stage::{Front, PictureSink, StageSettings};
use gstreamer as gst;
use gstreamer_video as gst_video;
use gstreamer_video::prelude::*;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A picture that is not encoded after this long never will be.
const ENCODING: gst::ClockTime = gst::ClockTime::from_seconds(5);
/// How long the director may be silent until what it last pushed is no longer what the screen shows: it pushes at least
/// once a second.
const STALE: Duration = Duration::from_secs(3);

/// See the file's header. Shared by the director and everybody else.
#[derive(Debug)]
pub(super) struct GstFront {
    /// None: no picture at all.
    info: Option<gst_video::VideoInfo>,
    raster: gst::Caps,
    standing: Mutex<Option<Standing>>,
    /// Per cent.
    volume: AtomicU8,
    /// What was pushed last, and when.
    shown: Mutex<Option<(gst::Buffer, Instant)>>,
}

#[derive(Debug)]
struct Standing {
    sheet: Sheet,
    place: Place,
    until: Option<Instant>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GstFront {
    pub(super) fn new(settings: &StageSettings) -> Self {
        let raster = raster(settings);
        let info = (settings.picture != PictureSink::None).then(|| gst_video::VideoInfo::from_caps(&raster).ok());
        Self {
            info: info.flatten(),
            raster,
            standing: Mutex::new(None),
            volume: AtomicU8::new(100),
            shown: Mutex::new(None),
        }
    }

    /// The picture as it goes to the screen, with what stands before it.
    pub(super) fn over(&self, picture: &gst::Buffer, playing: bool) -> gst::Buffer {
        let mut standing = lock(&self.standing);
        let over =
            |s: &Standing| s.until.is_some_and(|until| Instant::now() >= until) || (playing && s.place == Place::Whole);
        standing.take_if(|s| over(s));
        let laid = standing.as_ref().and_then(|s| lay(&s.sheet, picture, self.info.as_ref()?));
        let picture = laid.unwrap_or_else(|| picture.clone()); // shares the pixels
        *lock(&self.shown) = Some((picture.clone(), Instant::now()));
        picture
    }

    /// The volume people asked for: a gain, 0 to 1.
    pub(super) fn volume(&self) -> f64 {
        f64::from(self.volume.load(Relaxed)) / 100.0
    }
}

/// A copy of `picture` with the sheet on it; none when its memory cannot be read.
fn lay(sheet: &Sheet, picture: &gst::Buffer, info: &gst_video::VideoInfo) -> Option<gst::Buffer> {
    let mut copy = picture.copy_deep().ok()?;
    {
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(copy.get_mut()?, info).ok()?;
        for plane in 0..3 {
            let half = u32::from(plane > 0);
            let (x, y) = ((sheet.x >> half) as usize, (sheet.y >> half) as usize);
            let (width, height) = ((sheet.width >> half) as usize, (sheet.height >> half) as usize);
            let stride = *frame.plane_stride().get(plane as usize)? as usize;
            let pixels = frame.plane_data_mut(plane).ok()?;
            for row in 0..height {
                let from = (y + row) * stride + x;
                let line = pixels.get_mut(from..from + width)?;
                match plane {
                    0 => line.copy_from_slice(sheet.luma.get(row * width..(row + 1) * width)?),
                    _ => line.fill(128), // grey
                }
            }
        }
    }
    Some(copy)
}

impl Front for GstFront {
    fn notice(&self, notice: Option<&Notice>) -> bool {
        let Some(info) = &self.info else { return false };
        let now = Instant::now();
        let standing = notice.map(|n| Standing {
            sheet: n.draw(info.width(), info.height()),
            place: n.place,
            until: n.for_ms.map(|ms| now + Duration::from_millis(ms.into())),
        });
        *lock(&self.standing) = standing;
        true
    }

    fn set_volume(&self, percent: u8) {
        self.volume.store(percent.min(100), Relaxed);
    }

    fn screenshot(&self, width_px: u32) -> Result<Vec<u8>, &'static str> {
        let info = self.info.as_ref().ok_or("no-picture")?;
        let shown = lock(&self.shown).clone().filter(|(_, at)| at.elapsed() < STALE);
        let (picture, _) = shown.ok_or("no-picture")?;
        let width = width_px.min(info.width()).max(16);
        let height = (u64::from(info.height()) * u64::from(width) / u64::from(info.width())).max(16);
        let jpeg = gst::Caps::builder("image/jpeg").field("width", width as i32).field("height", height as i32).build();
        let sample = gst::Sample::builder().buffer(&picture).caps(&self.raster).build();
        let jpeg = gst_video::convert_sample(&sample, &jpeg, Some(ENCODING)).map_err(|error| {
            tracing::warn!(%error, "no screenshot");
            "not-encoded"
        })?;
        let bytes = jpeg.buffer().and_then(|b| b.map_readable().ok()).ok_or("not-encoded")?;
        Ok(bytes.to_vec())
    }
}

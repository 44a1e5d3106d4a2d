//! The pictures that do not move and were shown last, decoded: what stands in for a broken clip must not wait for a decoder.

use gstreamer as gst;
use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Pictures kept; each costs one frame of memory.
const MOST: usize = 2;

/// The file itself, whatever path leads to it: device, inode, length, seconds and nanoseconds of its last change.
type FileId = (u64, u64, u64, i64, i64);

/// Decoded stills on the output's raster, newest last.
#[derive(Debug, Default)]
pub(super) struct Stills(VecDeque<(FileId, gst::Buffer)>);

impl Stills {
    /// The picture of `path`, or what `decode` makes of it.
    pub(super) fn get_or(
        &mut self,
        path: &Path,
        decode: impl FnOnce() -> Result<gst::Buffer, &'static str>,
    ) -> Result<gst::Buffer, &'static str> {
        let id = std::fs::metadata(path).map(|m| (m.dev(), m.ino(), m.len(), m.mtime(), m.mtime_nsec()));
        let Ok(id) = id else { return decode() };
        let held = self.0.iter().position(|(held, _)| *held == id).and_then(|at| self.0.remove(at));
        let picture = held.map_or_else(decode, |(_, picture)| Ok(picture))?;
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((id, picture.clone()));
        Ok(picture)
    }
}

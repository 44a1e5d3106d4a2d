//! One JSON line per play, written as it ends.

use crate::stage::StageReport;
use serde::Serialize;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// Lines kept in memory while the disk refuses them.
const KEPT: usize = 10_000;

/// One line.
#[derive(Debug, Serialize)]
struct Record<'a> {
    id: &'a str,
    /// UTC, milliseconds: first frame, and end of the last one.
    start_ms: i64,
    end_ms: i64,
    frames_rendered: u32,
    frames_dropped: u32,
    result: &'static str,
    cause: Option<&'a str>,
}

/// The open file of records: whole lines only, whatever the disk does.
#[derive(Debug)]
pub(super) struct Records {
    file: File,
    good_bytes: u64,
    unsaved: VecDeque<String>,
}

impl Records {
    /// Opens `path` for appending, creating it when it is missing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::options().create(true).append(true).open(path)?;
        let good_bytes = file.seek(SeekFrom::End(0))?;
        Ok(Self { file, good_bytes, unsaved: VecDeque::new() })
    }
    /// Writes the record of `report`, after those the disk refused before. After an error the line is kept
    /// for the next call.
    pub(super) fn add(&mut self, id: &str, report: &StageReport) -> io::Result<()> {
        let record = Record {
            id,
            start_ms: report.start.0,
            end_ms: report.end.0,
            frames_rendered: report.frames_rendered,
            frames_dropped: report.frames_dropped,
            result: report.result.name(),
            cause: report.result.cause(),
        };
        let line = serde_json::to_string(&record).map_err(io::Error::other)? + "\n";
        self.unsaved.push_back(line);
        if self.unsaved.len() > KEPT {
            self.unsaved.pop_front();
        }
        self.save()
    }
    /// Tries again what the disk refused.
    pub(super) fn save(&mut self) -> io::Result<()> {
        while let Some(line) = self.unsaved.front() {
            if let Err(e) = self.file.write_all(line.as_bytes()).and_then(|()| self.file.flush()) {
                let _ = self.file.set_len(self.good_bytes); // no half line stays behind
                return Err(e);
            }
            self.good_bytes += line.len() as u64;
            self.unsaved.pop_front();
        }
        Ok(())
    }
}

//! The last lines of the log, kept in memory for somebody far away.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

/// Lines that are kept.
const LINES: usize = 500;
/// Characters of a line that are kept.
const LINE_CHARS: usize = 400;

/// A ring of lines; clones share it.
#[derive(Debug, Clone, Default)]
pub struct LogRing(Arc<Mutex<VecDeque<String>>>);

impl LogRing {
    /// The last lines, oldest first: at most so many lines and bytes.
    pub fn tail(&self, lines: usize, bytes: usize) -> String {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = bytes;
        let fits = |line: &&String| {
            let fits = line.len() < left;
            left = left.saturating_sub(line.len() + 1);
            fits
        };
        let mut tail: Vec<&str> = held.iter().rev().take(lines).take_while(fits).map(String::as_str).collect();
        tail.reverse();
        tail.join("\n")
    }
}

/// Every write is one line: so the formatter of `tracing_subscriber` writes.
impl io::Write for LogRing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line: String = String::from_utf8_lossy(bytes).trim_end().chars().take(LINE_CHARS).collect();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() == LINES {
            held.pop_front();
        }
        held.push_back(line);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LogRing {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn the_tail_is_the_newest_lines_within_lines_and_bytes() {
        let mut ring = LogRing::default();
        for n in 0..LINES + 7 {
            ring.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        assert_eq!(ring.tail(2, 1_000), format!("line {}\nline {}", LINES + 5, LINES + 6));
        assert_eq!(ring.tail(LINES * 2, usize::MAX).lines().count(), LINES, "older ones are gone");
        assert_eq!(ring.tail(9, 18), format!("line {}\nline {}", LINES + 5, LINES + 6));
        assert_eq!(ring.tail(9, 3), "");
        ring.write_all("ế".repeat(2 * LINE_CHARS).as_bytes()).unwrap();
        assert_eq!(ring.tail(1, usize::MAX).chars().count(), LINE_CHARS);
    }
}

//! Server-sent events, as much as is needed (WHATWG HTML, section 9.2): the scheduler says
//! `playlist` when the index has changed.

use crate::ports::ByteStream;
use futures_util::StreamExt as _;

/// Longest line that is read; longer ones are noise.
const LINE_LIMIT_BYTES: usize = 4096;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEvent {
    /// `message` when the scheduler gives no name.
    pub name: String,
    /// Its data, lines joined.
    pub data: String,
}

/// Reads events from a body as it arrives.
pub struct EventReader {
    body: ByteStream,
    buffer: Vec<u8>,
    name: String,
    data: String,
}

impl EventReader {
    /// From the beginning of the body.
    pub fn new(body: ByteStream) -> Self {
        Self { body, buffer: Vec::new(), name: String::new(), data: String::new() }
    }

    /// The next event; none when the stream ended or broke.
    pub async fn next(&mut self) -> Option<ServerEvent> {
        loop {
            while let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                if let Some(event) = self.line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n'])) {
                    return Some(event);
                }
            }
            if self.buffer.len() > LINE_LIMIT_BYTES {
                return None;
            }
            self.buffer.extend_from_slice(&self.body.next().await?.ok()?);
        }
    }

    fn line(&mut self, line: &str) -> Option<ServerEvent> {
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            if data.is_empty() {
                return None;
            }
            let name = if name.is_empty() { "message".to_owned() } else { name };
            return Some(ServerEvent { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" if self.data.len() < LINE_LIMIT_BYTES => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[tokio::test]
    async fn events_are_read_however_they_are_cut() {
        let text = ": hello\n\nevent: playlist\ndata: \"abc\"\n\nevent: x\r\ndata: 1\r\ndata: 2\r\n\r\ndata:3\n\n";
        for size in 1..text.len() {
            let chunks: Vec<_> = text.as_bytes().chunks(size).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
            let mut reader = EventReader::new(Box::pin(futures_util::stream::iter(chunks)));
            let mut seen = Vec::new();
            while let Some(event) = reader.next().await {
                seen.push((event.name, event.data));
            }
            let want = [("playlist", "\"abc\""), ("x", "1\n2"), ("message", "3")];
            assert_eq!(seen, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
        }
    }
}

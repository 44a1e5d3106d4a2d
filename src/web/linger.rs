//! How a connection ends after an answer that came before the request was read to its end.
//!
//! Who closes a socket in which something waits unread resets it, and the other side may lose the answer that was already under way: an
//! officer whose film is refused would read of a broken connection and not why. So the last word is said, and what still comes is thrown
//! away for a while (RFC 9112, 9.6).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Longest time in all, and without a byte.
const WHOLE: Duration = Duration::from_secs(30);
const SILENT: Duration = Duration::from_secs(2);

/// A stream that is shut down in that way.
pub(super) struct Lingering<S> {
    stream: S,
    /// Since when nothing more is said here, and how long the silence may last.
    ended: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> Lingering<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, ended: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, ended } = self.get_mut();
        if ended.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
        }
        let (since, silence) = ended.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(SILENT))));
        let mut scratch = [0; 8_192];
        while since.elapsed() < WHOLE && silence.as_mut().poll(cx).is_pending() {
            let mut thrown_away = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut *stream).poll_read(cx, &mut thrown_away)) {
                Ok(()) if !thrown_away.filled().is_empty() => silence.as_mut().reset(Instant::now() + SILENT),
                _ => break, // the other side is done, too
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

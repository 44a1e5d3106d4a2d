//! A form with a file in it, as browsers send it (`multipart/form-data`), taken apart as it comes: its words into memory, a few of
//! them; its file to the disk, never into memory. The form's token comes first, or nothing of the file is taken.

use super::problem::Problem;
use super::router::{FORM_TOKEN, Pace, too_slow};
use crate::library::{Upload, Uploaded};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::{HeaderMap, StatusCode as S, header};
use http_body_util::{BodyExt, BodyStream};
use multer::{Field, Multipart};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Instant;
use tokio::time::timeout_at;

/// The field that is the file; it comes last.
pub(super) const FILE: &str = "file";
/// What its sender calls it: among the fields that the filter sees.
pub(super) const FILE_NAME: &str = "file_name";
/// Longest word of a field, bytes.
const WORD_BYTES: usize = 2_000;
/// Most words.
const WORDS: usize = 20;
/// Most bytes that are in memory while nothing of them is understood: a few pieces as the network brings them.
const HELD_BYTES: usize = 1 << 20;

/// Why it is not taken.
pub(super) enum NotFilled {
    /// It does not carry the session's token before its file.
    Foreign,
    /// Anything else.
    Because(Problem),
}

impl From<crate::library::LibraryError> for NotFilled {
    fn from(error: crate::library::LibraryError) -> Self {
        Self::Because(error.into())
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(header::CONTENT_TYPE)?.to_str().ok()?).ok()
}

/// Is it one, by its head?
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    boundary(headers).is_some()
}

fn broken() -> NotFilled {
    NotFilled::Because(Problem::new(S::BAD_REQUEST, "body-cut"))
}

/// Takes it apart: its file, and its other fields as a form without one; `token` is what it has to carry.
pub(super) async fn filled<B>(
    headers: &HeaderMap,
    body: B,
    upload: Upload,
    token: Option<&str>,
) -> Result<(Uploaded, Bytes), NotFilled>
where
    B: BodyExt<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Some(boundary) = boundary(headers) else { return Err(broken()) };
    type Failed = Box<dyn std::error::Error + Send + Sync>;
    let pieces = TryStreamExt::map_err(BodyStream::new(body), Into::<Failed>::into);
    let held = Held::default();
    let count = held.clone();
    let mut pieces = Box::pin(pieces.map_ok(|frame| frame.into_data().unwrap_or_default()));
    let mut gave = false;
    // what reads the form takes all that is there before it looks: so it gets one piece at a time
    let pieces = futures_util::stream::poll_fn(move |cx| {
        if std::mem::take(&mut gave) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = pieces.as_mut().poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &piece {
            gave = true;
            if !count.add(bytes.len()) {
                return Poll::Ready(Some(Err(Failed::from("no part of a form"))));
            }
        }
        piece
    });
    let mut form = Multipart::new(pieces, boundary);
    let (mut words, mut known) = (Vec::new(), token.is_none());
    let mut pace = Paced { pace: Pace::from(Instant::now()), held };
    loop {
        let next = timeout_at(pace.until(), form.next_field()).await.map_err(|_| NotFilled::Because(too_slow()))?;
        pace.held.none();
        let Some(field) = next.map_err(|_| broken())? else {
            return Err(if known { broken() } else { NotFilled::Foreign });
        };
        let name = field.name().unwrap_or_default().to_owned();
        if name == FILE {
            if !known {
                return Err(NotFilled::Foreign);
            }
            words.push((FILE_NAME.to_owned(), field.file_name().unwrap_or_default().to_owned()));
            let uploaded = file(field, upload, &mut pace).await?;
            let body = serde_urlencoded::to_string(&words).map_err(|_| broken())?;
            return Ok((uploaded, Bytes::from(body)));
        }
        let word = word(field, &mut pace).await?;
        match token {
            Some(token) if name == FORM_TOKEN => known = word == token,
            _ if words.len() >= WORDS => return Err(broken()),
            _ => words.push((name, word)),
        }
    }
}

/// Bytes in memory of which nothing is understood yet.
#[derive(Clone, Default)]
struct Held(Arc<AtomicUsize>);

impl Held {
    /// So many more; false when they are too many.
    fn add(&self, bytes: usize) -> bool {
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= HELD_BYTES
    }
    /// What came was understood.
    fn none(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// How fast a form comes, and how much of it is held.
struct Paced {
    pace: Pace,
    held: Held,
}

impl Paced {
    fn until(&self) -> tokio::time::Instant {
        self.pace.until.into()
    }
    fn came(&mut self, bytes: usize) {
        self.held.none();
        self.pace.came(bytes, Instant::now());
    }
}

/// Its next piece.
async fn piece(field: &mut Field<'_>, pace: &mut Paced) -> Result<Option<Bytes>, NotFilled> {
    let piece = timeout_at(pace.until(), field.chunk()).await.map_err(|_| NotFilled::Because(too_slow()))?;
    let piece = piece.map_err(|_| broken())?;
    pace.came(piece.as_ref().map_or(0, Bytes::len));
    Ok(piece)
}

async fn word(mut field: Field<'_>, pace: &mut Paced) -> Result<String, NotFilled> {
    let mut bytes = Vec::new();
    while let Some(piece) = piece(&mut field, pace).await? {
        if bytes.len() + piece.len() > WORD_BYTES {
            return Err(broken());
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// Writes the file down as it comes; cut off, it leaves nothing.
async fn file(mut field: Field<'_>, mut upload: Upload, pace: &mut Paced) -> Result<Uploaded, NotFilled> {
    while let Some(piece) = piece(&mut field, pace).await? {
        upload = upload.write(piece).await?;
    }
    Ok(upload.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{MediaFiles, Uploads};
    use futures_util::StreamExt;
    use http_body_util::Full;

    fn form(parts: &[(&str, &str)]) -> (HeaderMap, Full<Bytes>) {
        let part =
            |(head, body): &(&str, &str)| format!("--xyz\r\ncontent-disposition: form-data; {head}\r\n\r\n{body}\r\n");
        let body = parts.iter().map(part).collect::<String>() + "--xyz--\r\n";
        let headers = [(header::CONTENT_TYPE, "multipart/form-data; boundary=xyz".parse().unwrap())];
        (headers.into_iter().collect(), Full::new(Bytes::from(body)))
    }

    async fn taken(parts: &[(&str, &str)], token: Option<&str>) -> Result<String, &'static str> {
        let dir = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(MediaFiles::new(dir.path()), 1 << 20, 0);
        let upload = uploads.begin(Some(1_000), "lan").await.unwrap();
        let (headers, body) = form(parts);
        match filled(&headers, body, upload, token).await {
            Ok((file, fields)) => Ok(format!("{} {}", file.hash(), String::from_utf8_lossy(&fields))),
            Err(NotFilled::Foreign) => Err("foreign"),
            Err(NotFilled::Because(_)) => Err("broken"),
        }
    }

    #[tokio::test]
    async fn a_file_is_taken_after_the_sessions_token_and_never_before_it() {
        let (token, words) = (("name=\"form_token\"", "t"), ("name=\"still_s\"", "15"));
        let file = ("name=\"file\"; filename=\"ngày hội.mp4\"", "bytes");
        let hash = lichphat_playlists::ids::Sha256Hash::of(b"bytes");
        let told = format!("{hash} still_s=15&file_name=ng%C3%A0y+h%E1%BB%99i.mp4");
        assert_eq!(taken(&[token, words, file], Some("t")).await, Ok(told.clone()));
        assert_eq!(taken(&[words, file], None).await, Ok(told), "a program has no token of a form");
        for foreign in [&[words, file][..], &[file, token], &[("name=\"form_token\"", "other"), file], &[words]] {
            assert_eq!(taken(foreign, Some("t")).await, Err("foreign"));
        }
        assert_eq!(taken(&[token, words], Some("t")).await, Err("broken"), "no file");
        let endless = "x".repeat(HELD_BYTES + 1);
        let dir = tempfile::tempdir().unwrap();
        let upload = Uploads::new(MediaFiles::new(dir.path()), 1 << 22, 0).begin(Some(1 << 21), "lan").await.unwrap();
        let (headers, _) = form(&[]);
        let pieces = endless.as_bytes().chunks(1 << 16).map(Bytes::copy_from_slice).collect::<Vec<_>>();
        let count = Arc::new(AtomicUsize::new(0));
        let taken_in = Arc::clone(&count);
        let more = futures_util::stream::iter(pieces.into_iter().cycle()).map(move |piece| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::convert::Infallible>(hyper::body::Frame::data(piece))
        });
        let body = http_body_util::StreamBody::new(more);
        assert!(matches!(filled(&headers, body, upload, Some("t")).await, Err(NotFilled::Because(_))));
        assert!(taken_in.load(Ordering::Relaxed) <= 18, "a form without parts is not read to its end");
        let long = "x".repeat(WORD_BYTES + 1);
        assert_eq!(taken(&[token, ("name=\"a\"", &long), file], Some("t")).await, Err("broken"));
    }
}

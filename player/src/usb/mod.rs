//! A screen that no network reaches: somebody carries a USB stick. What lies on it answers the same requests as the
//! scheduler ([`lichphat_playlists::wire::stick`]), so the halves that fetch and report treat it like one, and it is
//! believed as little: every signature and hash is verified on the way in. Records are left on it, and stay in the
//! journal until a signed receipt comes back the same way.

pub mod watch;

use crate::ports::{MediaFs, Method, Request, Response, Transport, TransportError, is_disk_full};
use async_trait::async_trait;
use bytes::Bytes;
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::proof::segment::{MAX_SEALED_BYTES, Segment};
use lichphat_playlists::wire::proofs::MAX_SENT_BYTES;
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::{stick, v1};
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes read at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// A stick with something for one screen.
#[derive(Clone)]
pub struct Stick {
    fs: Arc<dyn MediaFs>,
    screen: ScreenCode,
}

impl std::fmt::Debug for Stick {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stick").field("screen", &self.screen).finish_non_exhaustive()
    }
}

impl Stick {
    /// The stick whose directory of ours is `fs`, when it has an index for `screen`.
    pub fn open(fs: Arc<dyn MediaFs>, screen: &ScreenCode) -> Option<Self> {
        let has_index = matches!(fs.size_bytes(&stick::index(screen)), Ok(Some(_)));
        has_index.then(|| Self { fs, screen: screen.clone() })
    }

    fn get(&self, request: &Request) -> io::Result<Response> {
        let path = request.path.strip_prefix("/device/v1/").unwrap_or_default();
        match path.split_once('/').unwrap_or((path, "")) {
            ("index", "") => Ok(Response::new(200, self.fs.read(&stick::index(&self.screen), v1::LIMIT_BYTES)?)),
            ("receipt", "") => Ok(Response::new(200, self.fs.read(&stick::receipt(&self.screen), MAX_SEALED_BYTES)?)),
            ("proofs", n) if n.parse::<u16>().is_ok() => {
                let path = stick::proofs(&self.screen, n.parse().unwrap_or_default());
                Ok(Response::new(200, self.fs.read(&path, MAX_SENT_BYTES)?))
            }
            ("release", "") => {
                let path = stick::release(&self.screen, std::env::consts::ARCH);
                Ok(Response::new(200, self.fs.read(&path, v1::LIMIT_BYTES)?))
            }
            ("plans" | "assets" | "approvals" | "media", hash) if hash.parse::<Sha256Hash>().is_ok() => {
                let range = request.headers.iter().find(|(name, _)| *name == "range");
                self.file(path, range.and_then(|(_, v)| v.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()))
            }
            _ => Ok(Response::new(404, "")),
        }
    }

    fn file(&self, path: &str, from: Option<u64>) -> io::Result<Response> {
        let mut file = self.fs.open(path)?;
        let skipped = io::copy(&mut (&mut file).take(from.unwrap_or(0)), &mut io::sink())?;
        if skipped < from.unwrap_or(0) {
            return Ok(Response::new(416, ""));
        }
        let pieces = futures_util::stream::unfold(Some(file), |file| async move {
            let mut file = file?;
            let mut piece = vec![0; PIECE_BYTES];
            match file.read(&mut piece) {
                Ok(0) => None,
                Ok(n) => Some((Ok(Bytes::from(piece).slice(..n)), Some(file))),
                Err(error) => Some((Err(broken(&error)), None)),
            }
        });
        let status = if from.is_some() { 206 } else { 200 };
        Ok(Response { status, headers: Vec::new(), body: Box::pin(pieces) })
    }

    /// Leaves a segment on the stick: 202, since nobody has received it yet.
    fn leave(&self, bytes: &[u8]) -> io::Result<Response> {
        let refused = |e: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidInput, e.to_string());
        let envelope = Envelope::from_bytes(bytes.to_vec()).map_err(|e| refused(&e))?;
        let segment = Segment::open_stored(&envelope).map_err(|e| refused(&e))?;
        let path = stick::segment(&self.screen, segment.device, segment.epoch, segment.first_seq);
        // What lies there already from an earlier visit is not written again: a stick wears out.
        if !self.fs.read(&path, MAX_SEALED_BYTES).is_ok_and(|there| there == bytes) {
            self.fs.write_whole(&path, bytes)?;
        }
        Ok(Response::new(202, ""))
    }
}

fn broken(error: &io::Error) -> TransportError {
    match is_disk_full(error) {
        true => TransportError::Stick("it is full; make room on it".to_owned()),
        false => TransportError::Stick(error.to_string()),
    }
}

#[async_trait]
impl Transport for Stick {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let answer = match (request.method, request.path.as_str()) {
            (Method::Get, _) => self.get(&request),
            (Method::Post, "/device/v1/segments") => self.leave(&request.body),
            (Method::Post, "/device/v1/proofs") => {
                let written = self.fs.write_whole(&stick::asked(&self.screen), &request.body);
                written.map(|()| Response::new(202, ""))
            }
            (Method::Post, _) => Ok(Response::new(404, "")),
        };
        match answer {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Response::new(404, "")),
            answer => answer.map_err(|error| broken(&error)),
        }
    }
}

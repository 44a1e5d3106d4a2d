//! `/log/`: the log for whoever wants to verify it, as C2SP tlog-tiles has it.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /log/checkpoint` | the newest published checkpoint, a signed note |
//! | `GET /log/tile/<L>/<N>[.p/<W>]` | a tile of hashes |
//! | `GET /log/tile/entries/<N>[.p/<W>]` | a bundle of entries; 404 when retention has dropped them |
//! | `GET /log/minimum-index` | a signed note: entries before this number may be gone |
//!
//! Nothing here needs an account: what is signed is for everybody. Segments are compressed as they were signed, so
//! bundles are not compressed again.

use super::{App, Response};
use crate::proof::log::LogError;
use lichphat_playlists::proof::tile::Resource;
use std::sync::Arc;
use warp::Reply as _;
use warp::http::{StatusCode, header};
use warp::{Filter, Rejection};

/// A log answers nothing that could change while it is cached, but for its two notes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const NOTE: &str = "text/plain; charset=utf-8";

/// All routes below `/log`.
pub(super) fn routes(app: &App) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let log = Arc::clone(&app.log);
    warp::get().and(warp::path::full()).then(move |path: warp::path::FullPath| {
        let log = Arc::clone(&log);
        async move {
            let answer = async {
                let answer = match path.as_str().strip_prefix("/log/").unwrap_or("") {
                    "checkpoint" => log.checkpoint().await?.map(|note| (note.into_bytes(), NOTE, "no-cache")),
                    "minimum-index" => Some((log.minimum_index_note().await?.into_bytes(), NOTE, "no-cache")),
                    path => match Resource::parse(path) {
                        Some(resource) => {
                            log.resource(resource).await?.map(|bytes| (bytes, "application/octet-stream", FOR_EVER))
                        }
                        None => None,
                    },
                };
                Ok::<_, LogError>(answer)
            };
            match answer.await {
                Ok(Some((bytes, kind, cache))) => {
                    let reply = warp::reply::with_header(bytes, header::CONTENT_TYPE, kind);
                    warp::reply::with_header(reply, header::CACHE_CONTROL, cache).into_response()
                }
                Ok(None) => warp::reply::with_status("not found", StatusCode::NOT_FOUND).into_response(),
                Err(error) => {
                    tracing::error!(%error, "the log could not answer");
                    warp::reply::with_status("the log failed; try again later", StatusCode::INTERNAL_SERVER_ERROR)
                        .into_response()
                }
            }
        }
    })
}

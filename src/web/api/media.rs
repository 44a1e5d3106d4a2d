//! The library: what there is, and its bytes.

use super::call::{Call, List, json, unknown};
use super::table::{Gives, Kind, Operation, PAGE, Takes, bytes, gives, may};
use crate::library::MediaItem;
use crate::people::Act::View;
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use http::header;
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::time::UtcOffset;
use schemars::JsonSchema;
use serde::Serialize;

/// A file of the library.
#[derive(Debug, Serialize, JsonSchema)]
struct MediaRow {
    /// SHA-256 of its bytes: its name for ever.
    hash: String,
    /// `video`, `still` or `audio`.
    kind: String,
    /// Booked length, whole seconds.
    duration_s: u32,
    /// Measured length, milliseconds.
    duration_ms: u64,
    /// Bytes.
    size_bytes: u64,
    /// File name, for people.
    name: String,
    /// When it came in, RFC 3339.
    added: String,
}

fn word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Video => "video",
        MediaKind::Still => "still",
        MediaKind::Audio => "audio",
    }
}

fn row(item: &MediaItem, offset: UtcOffset) -> MediaRow {
    MediaRow {
        hash: item.media.hash.hex(),
        kind: word(item.media.kind).to_owned(),
        duration_s: item.media.duration_s,
        duration_ms: item.duration_ms,
        size_bytes: item.media.size_bytes,
        name: item.name.clone(),
        added: item.added_ms.rfc3339(offset),
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1/media",
        need: May(View, Subject::City),
        id: "listMedia",
        about: "Files of the library, by name.",
        query: &[PAGE, &[may("kind", Kind::OneOf(&["video", "still", "audio"]), "Only files of this kind.")]],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<MediaRow>>())],
        refuses: &[],
        run: |call| Box::pin(list(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/media/{media}",
        need: May(View, Subject::City),
        id: "getMedia",
        about: "One file of the library.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<MediaRow>())],
        refuses: &[],
        run: |call| Box::pin(one(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/media/{media}/bytes",
        need: May(View, Subject::City),
        id: "getMediaBytes",
        about: "A file's bytes; never shown in a browser, always saved.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[bytes("application/octet-stream"), Gives { status: 206, ..bytes("application/octet-stream") }],
        refuses: &[416],
        run: |call| Box::pin(whole(call)),
    },
];

async fn list(call: Call) -> Result<Response, Problem> {
    let kind = call.value("kind");
    let items = call.app.library.list().await?;
    let wanted = items.iter().filter(|item| kind.is_none_or(|kind| word(item.media.kind) == kind));
    call.page(wanted.map(|item| (format!("{}\0{}", item.name, item.media.hash), row(item, call.app.utc_offset))))
}

/// The file of the path.
async fn item(call: &Call) -> Result<MediaItem, Problem> {
    let text = call.place("media");
    let hash: Option<MediaHash> = text.parse().ok();
    let item = match hash {
        Some(hash) => call.app.library.get(hash).await?,
        None => None,
    };
    item.ok_or_else(|| unknown("unknown-media", "media", text))
}

async fn one(call: Call) -> Result<Response, Problem> {
    Ok(json(&row(&item(&call).await?, call.app.utc_offset)))
}

async fn whole(call: Call) -> Result<Response, Problem> {
    let item = item(&call).await?;
    let mut response = crate::web::device_api::media(&call.app, item.media.hash, &call.headers).await?;
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    Ok(response)
}

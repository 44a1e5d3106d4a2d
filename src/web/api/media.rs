//! The library: what there is of it for the caller, its bytes, and new files. He sees what the campaigns show that he sees, what is put to
//! people where he looks after something, and what he has brought himself; who sees the whole city sees all of it.

use super::call::{Call, List, json, unknown};
use super::campaigns::files;
use super::table::{Gives, Kind, Operation, PAGE, Param, Takes, bytes, gives, may};
use crate::directory::problem::say;
use crate::library::{Given, LibraryError, MediaItem, NoUpload, ProbeError};
use crate::people::Act::{Compose, View};
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use http::{StatusCode, header};
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::time::UtcOffset;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

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

const KINDS: Kind = Kind::OneOf(&["video", "still", "audio"]);

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "PUT",
        path: "/api/v1/media/{media}",
        need: May(Compose, Subject::Somewhere),
        id: "putMedia",
        about: "Brings a file into the library, whole or not at all; the path is the SHA-256 of its bytes. It is shown once an order, contract or item names it and people have approved that, never who brought it.",
        query: &[&[
            Param { name: "name", kind: Kind::Name, needed: true, about: "What it is called, for people." },
            may("kind", KINDS, "What it is, where it cannot be measured."),
            may("duration_s", Kind::Number(1, 86_400), "Booked length, whole seconds; needed for stills."),
        ]],
        takes: Takes::File,
        gives: &[gives(|g| g.subschema_for::<MediaRow>())],
        refuses: &[503],
        run: |call| Box::pin(put(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/media",
        need: May(View, Subject::Somewhere),
        id: "listMedia",
        about: "The files of the library that the caller may see, by name.",
        query: &[PAGE, &[may("kind", KINDS, "Only files of this kind.")]],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<MediaRow>>())],
        refuses: &[],
        run: |call| Box::pin(list(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/media/{media}",
        need: May(View, Subject::Somewhere),
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
        need: May(View, Subject::Somewhere),
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
    let (kind, seen) = (call.value("kind"), seen(&call).await?);
    let items = call.app.library.list().await?;
    let wanted = items.iter().filter(|item| kind.is_none_or(|kind| word(item.media.kind) == kind));
    let wanted = wanted.filter(|item| seen.as_ref().is_none_or(|seen| seen.contains(&item.media.hash.hex())));
    call.page(wanted.map(|item| (format!("{}\0{}", item.name, item.media.hash), row(item, call.app.utc_offset))))
}

/// The files that the caller may see; none: all of them.
async fn seen(call: &Call) -> Result<Option<BTreeSet<String>>, Problem> {
    if call.sight.is_whole() {
        return Ok(None);
    }
    let proposals = super::approvals::seen(call).await?;
    let brought = call.app.library.brought_by(call.caller.account.as_str()).await?;
    let mut seen = files(call);
    seen.extend(proposals.iter().flat_map(|proposal| &proposal.draft.permit.media).map(|file| file.hash.hex()));
    seen.extend(brought.iter().map(|hash| hash.hex()));
    Ok(Some(seen))
}

async fn put(call: Call) -> Result<Response, Problem> {
    let Some(file) = &call.file else { return Err(Problem::new(StatusCode::LENGTH_REQUIRED, "length-required")) };
    if call.place("media") != file.hash().hex() {
        let differs = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "hash-differs");
        return Err(differs.of("media", call.place("media")));
    }
    let mut kinds = [MediaKind::Video, MediaKind::Still, MediaKind::Audio].into_iter();
    let kind = kinds.find(|kind| Some(word(*kind)) == call.value("kind"));
    let given = Given { kind, duration_s: call.number("duration_s"), still_s: None };
    let (library, name) = (&call.app.library, call.value("name").unwrap_or_default());
    let examined = library.examine_upload(file, name, given).await.map_err(refused)?;
    let added = library.keep_of(examined, Some(call.caller.account.as_str())).await?;
    Ok(json(&row(&added.item, call.app.utc_offset)))
}

fn refused(error: LibraryError) -> Problem {
    match error {
        LibraryError::Store(_) | LibraryError::Full(_) | LibraryError::Io { .. } => error.into(),
        LibraryError::NoProbe | LibraryError::Probe { source: ProbeError::Run { .. }, .. } => {
            tracing::error!(%error, "a file that came could not be measured");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-probe")
        }
        error => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-media").saying(say(error.vi(), error.to_string())),
    }
}

/// Why a file may not begin to come.
pub(in crate::web) fn no_upload(no: &NoUpload) -> Problem {
    match no {
        NoUpload::NoLength => Problem::new(StatusCode::LENGTH_REQUIRED, "length-required"),
        NoUpload::TooLarge { .. } => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
        NoUpload::NoRoom => Problem::new(StatusCode::CONFLICT, "disk-full").after_s(60),
        NoUpload::TooMany | NoUpload::Another => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-uploads").after_s(5)
        }
        NoUpload::Library(error) => Problem::internal(error),
    }
}

/// A file that the caller may know of.
pub(super) async fn item(call: &Call, text: &str) -> Result<MediaItem, Problem> {
    let hash: Option<MediaHash> = text.parse().ok();
    let item = match hash {
        Some(hash) => call.app.library.get(hash).await?,
        None => None,
    };
    let seen = seen(call).await?;
    let item = item.filter(|item| seen.is_none_or(|seen| seen.contains(&item.media.hash.hex())));
    item.ok_or_else(|| unknown("unknown-media", "media", text))
}

async fn one(call: Call) -> Result<Response, Problem> {
    Ok(json(&row(&item(&call, call.place("media")).await?, call.app.utc_offset)))
}

async fn whole(call: Call) -> Result<Response, Problem> {
    let item = item(&call, call.place("media")).await?;
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

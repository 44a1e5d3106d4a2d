//! Many screens at once: `/screens` lists those that the reader may see, as he filters and sorts them, and hands the list out as a file
//! that the import takes back; below `/many` he gives lists a name, and does something to all of one.

mod bring;
mod done;
mod draft;
mod groups;
mod list;
mod shelf;
mod words;

pub(super) use bring::MOST_BYTES as MOST_FILE_BYTES;
pub(super) use draft::{Form, pairs, value};
pub(super) use list::{csv, file, problem, show};
pub(super) use shelf::{Shelf, Thing};
pub(super) use words::{Field, fields};

use super::data::Console;
use super::page;
use super::{Asked, ConsoleError};
use crate::web::Response;
use http::StatusCode;

/// `/many/…`.
pub(super) async fn answer(
    console: &Console,
    asked: &Asked,
    reads: bool,
    below: &[&str],
    body: &[u8],
) -> Result<Response, ConsoleError> {
    match (reads, below) {
        (true, ["list.csv"]) => csv(console, asked).await,
        (false, ["choose"]) => draft::choose(console, asked, body).await,
        (true, ["drafts", id]) => draft::show(console, asked, id).await,
        (false, ["drafts", id]) => draft::post(console, asked, id, body).await,
        (true, ["drafts", id, "list.csv"]) => draft::csv(console, asked, id).await,
        (true, ["import"]) => bring::show(console, asked).await,
        (false, ["import"]) => bring::post(console, asked, body).await,
        (true, ["import", id]) => bring::preview(console, asked, id).await,
        (false, ["import", id]) => bring::confirm(console, asked, id, body).await,
        (true, ["done"]) => Ok(page::html(StatusCode::OK, done::list(console, asked).await?)),
        (true, ["done", id]) => done::show(console, asked, id).await,
        (true, ["done", id, "list.csv"]) => done::csv(console, asked, id).await,
        (false, ["done", id, "undo"]) => done::undo(console, asked, id).await,
        (true, ["groups"]) => groups::show(console, asked).await,
        (false, ["groups"]) => groups::post(console, asked, body).await,
        (false, ["groups", id]) => groups::change(console, asked, (id, false), body).await,
        (false, ["groups", id, "remove"]) => groups::change(console, asked, (id, true), body).await,
        _ => Err(ConsoleError::NotFound),
    }
}

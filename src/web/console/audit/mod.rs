//! The auditor's room: `/audit` asks which plays do not count and why, as an address that gives the same answer again; `/audit/draws` draws
//! plays that nobody could choose and takes what was found. It changes no figure: what it writes are entries of the log.

mod bundle;
mod draws;
mod refused;

use super::data::Console;
use super::page;
use super::{Asked, ConsoleError};
use crate::sampling::SamplingError;
use crate::web::Response;
use http::StatusCode;

impl From<SamplingError> for ConsoleError {
    fn from(error: SamplingError) -> Self {
        Self::Internal(error.to_string())
    }
}

/// `/audit…`.
pub(super) async fn answer(
    console: &Console,
    asked: &Asked,
    reads: bool,
    below: &[&str],
    body: &[u8],
) -> Result<Response, ConsoleError> {
    match (reads, below) {
        (true, []) => Ok(page::html(StatusCode::OK, refused::show(console, asked).await?)),
        (true, ["plays.csv"]) => refused::csv(console, asked).await,
        (true, ["bundle"]) => bundle::get(console, asked).await,
        (true, ["draws"]) => draws::show(console, asked).await,
        (false, ["draws"]) => draws::draw(console, asked, body).await,
        (false, ["findings"]) => draws::report(console, asked, body).await,
        (true, ["draws", name]) => draws::list(console, asked, name).await,
        _ => Err(ConsoleError::NotFound),
    }
}

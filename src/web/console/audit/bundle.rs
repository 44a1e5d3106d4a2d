//! `/audit/bundle`: all that a campaign's figures of some days rest on, to be taken home; made one at a time, sent piece by piece.

use super::super::data::Console;
use super::super::page::kept;
use super::super::sign::see;
use super::super::{Asked, ConsoleError, names};
use crate::web::Response;
use bytes::Bytes;
use lichphat_playlists::ids::CampaignCode;
use tokio::io::AsyncReadExt as _;
use warp::Reply as _;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// `GET /audit/bundle`.
pub(super) async fn get(console: &Console, asked: &Asked) -> Result<Response, ConsoleError> {
    let (city, today) = console.directory_today().await?;
    let code = asked.value("campaign").unwrap_or_default();
    let unknown = || ConsoleError::Unknown { kind: "order", code: code.to_owned() };
    let campaign = CampaignCode::new(code).map_err(|_| unknown())?;
    city.campaigns.directive_of(&campaign).ok_or_else(unknown)?;
    let (from, to) = (names::day(asked.value("from"), today)?, names::day(asked.value("to"), today)?);
    if to < from {
        return Err(ConsoleError::Bad { kind: "day", value: format!("{from} – {to}") });
    }
    // without a checkpoint there is nothing that a bundle could stand on
    if console.log.head().await?.is_none() {
        return Ok(see("/audit?bundle=none"));
    }
    let made = console.bundles.bundle(&campaign, (from, to)).await.map_err(ConsoleError::Internal)?;
    let Some(file) = made else { return Ok(see("/audit?bundle=busy")) };
    let file = tokio::fs::File::from_std(file);
    let pieces = futures_util::stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(n) => {
                piece.truncate(n);
                Some((Ok(Bytes::from(piece)), Some(file)))
            }
            Err(error) => Some((Err(error), None)),
        }
    });
    let response = warp::reply::stream(pieces).into_response();
    Ok(kept(response, "application/zip", &format!("{campaign}-{from}-{to}.zip")))
}

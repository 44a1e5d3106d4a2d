//! The small picture of a file, for whoever may know of the file.

use super::super::data::{Console, reaches};
use super::super::{Asked, ConsoleError};
use crate::campaigns::{Campaigns, Place, Product};
use crate::library::Picture;
use crate::web::Response;
use http::{HeaderValue, header};
use lichphat_playlists::ids::MediaHash;
use warp::Reply;

/// What stands where there is no picture.
const NOTHING: &[u8] = include_bytes!("../../../../templates/no-picture.svg");

/// `GET /content/thumb/{hash}`.
pub(super) async fn show(console: &Console, asked: &Asked, hash: &str) -> Result<Response, ConsoleError> {
    let hash: MediaHash = hash.parse().map_err(|_| ConsoleError::NotFound)?;
    if !may_know(console, asked, hash).await? {
        return Err(ConsoleError::NotFound);
    }
    let (kind, bytes, keep) = match console.library.picture(hash).await {
        Ok(Picture::Jpeg(jpeg)) => ("image/jpeg", jpeg, "private, max-age=86400, immutable"),
        Ok(Picture::Nothing) => ("image/svg+xml", NOTHING.to_vec(), "private, max-age=86400"),
        Ok(Picture::NoProbe) => ("image/svg+xml", NOTHING.to_vec(), "private, no-cache"),
        Err(crate::library::LibraryError::Unknown(_)) => return Err(ConsoleError::NotFound),
        Err(error) => return Err(ConsoleError::Internal(error.to_string())),
    };
    let mut response = warp::reply::with_header(bytes, header::CONTENT_TYPE, kind).into_response();
    for (name, value) in [
        (header::CACHE_CONTROL, keep),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// May he know of the file? Of what orders and safe loops show everybody may, of another's content who sees its unit, of what waits for
/// people whom it is put to, and of what he has brought himself.
async fn may_know(console: &Console, asked: &Asked, hash: MediaHash) -> Result<bool, ConsoleError> {
    let (caller, city, today) = (asked.caller()?, console.city().await?, console.today().1);
    let sight = asked.sight(&city, console)?;
    let directory = &city.directory;
    // also where it plays on a screen that he sees, whoever's it is: its page shows it
    let plays = |places: &[Place]| {
        let mut screens = directory.screens().filter(|screen| sight.screen(screen));
        screens.any(|screen| places.iter().any(|place| place.holds(directory, screen, today)))
    };
    let seen =
        |places: Option<&[Place]>| places.is_none_or(|places| reaches(directory, &sight, places) || plays(places));
    if sight.is_whole() || shown_by(&city.campaigns, hash).any(seen) {
        return Ok(true);
    }
    let brought = console.library.brought_by(caller.account.as_str()).await;
    if brought.map_err(|e| ConsoleError::Internal(e.to_string()))?.contains(&hash) {
        return Ok(true);
    }
    let all = console.approvals.proposals().await?;
    let mut his = all.iter().filter(|p| p.draft.needs.sees(caller, &city.directory, today));
    Ok(his.any(|p| p.draft.permit.media.iter().any(|file| file.hash == hash)))
}

/// The places of all that shows a file; none: everybody may know of it.
fn shown_by(campaigns: &Campaigns, hash: MediaHash) -> impl Iterator<Item = Option<&[Place]>> {
    let shows = move |product: &Product| product.variant.iter().any(|variant| variant.media == Some(hash));
    let orders = campaigns.directives().filter(move |d| d.products().any(|(_, p)| shows(p))).map(|_| None);
    let safe = campaigns.fallbacks().filter(move |f| shows(&f.product)).map(|_| None);
    let contracts = campaigns.contracts().filter(move |c| shows(&c.product)).map(|c| Some(&c.place[..]));
    let items = campaigns.items().filter(move |i| shows(&i.product)).map(|i| Some(&i.place[..]));
    let fixed = campaigns.fixed().filter(move |f| shows(&f.product)).map(|f| Some(&f.place[..]));
    orders.chain(safe).chain(contracts).chain(items).chain(fixed)
}

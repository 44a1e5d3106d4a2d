//! The device's side of pairing: a box that nobody has named yet asks for a code to show, and looks until somebody has
//! entered it. What comes of it is a [`Provisioning`], as if an operator had carried the file.
//!
//! The protocol stands in `lichphat_playlists::wire::device`.

use super::credentials::Credentials;
use super::{IdentityError, SOFTWARE};
use crate::ports::{Request, Transport};
use lichphat_playlists::wire::command::SIGNS;
use lichphat_playlists::wire::device::{PairingOffer, PairingRequest, PairingState, Provisioning};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Most bytes of an answer.
const LIMIT_BYTES: usize = 16 * 1024;
/// A code is shown at least and at most so long, s.
const LIFE_S: std::ops::RangeInclusive<u32> = 30..=3_600;
/// It is looked for an answer at least and at most so often, s.
const POLL_S: std::ops::RangeInclusive<u32> = 1..=60;

/// A code that stands on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// `K7QM-4XHD`, as it is shown.
    pub code: String,
    /// Where a telephone is led to.
    pub url: String,
    /// Who the scheduler is.
    pub server_name: String,
    /// How long it holds.
    pub life: Duration,
    /// How often to look.
    pub poll: Duration,
    claim: String,
}

/// Asks for a code.
pub async fn ask(transport: &dyn Transport, credentials: &Credentials) -> Result<Offer, IdentityError> {
    let body = PairingRequest { software: SOFTWARE.to_owned(), csr: credentials.request()? };
    let json = serde_json::to_vec(&body).expect("plain data always encodes");
    let request = Request::post("/device/v1/pairing", json).header("content-type", "application/json");
    let offer: PairingOffer = answer(transport, request).await?.ok_or_else(|| odd("it knows no pairing"))?;
    if offer.code.len() != 8 || !offer.code.bytes().all(|sign| SIGNS.contains(&sign)) {
        return Err(odd("its code is not eight plain signs"));
    }
    let seconds = |s: u32, range: std::ops::RangeInclusive<u32>| {
        Duration::from_secs(u64::from(s.clamp(*range.start(), *range.end())))
    };
    Ok(Offer {
        code: format!("{}-{}", &offer.code[..4], &offer.code[4..]),
        url: offer.url.chars().filter(|c| !c.is_control()).take(200).collect(),
        server_name: offer.server_name.chars().filter(|c| !c.is_control()).take(80).collect(),
        life: seconds(offer.expires_in_s, LIFE_S),
        poll: seconds(offer.poll_s, POLL_S),
        claim: offer.claim,
    })
}

/// Has somebody entered the code? None inside when not yet; none outside when the scheduler knows it no longer.
pub async fn look(transport: &dyn Transport, offer: &Offer) -> Result<Option<Option<Provisioning>>, IdentityError> {
    let request = Request::get("/device/v1/pairing").header("authorization", format!("Pairing {}", offer.claim));
    Ok(answer(transport, request).await?.map(|state| match state {
        PairingState::Waiting => None,
        PairingState::Confirmed(provisioning) => Some(*provisioning),
    }))
}

fn odd(what: &str) -> IdentityError {
    IdentityError::Pairing(what.to_owned())
}

/// The answer's body; none for 404 and 410.
async fn answer<T: DeserializeOwned>(transport: &dyn Transport, request: Request) -> Result<Option<T>, IdentityError> {
    let response = transport.send(request).await?;
    match response.status {
        200..300 => {
            let bytes = response.bytes(LIMIT_BYTES).await?;
            serde_json::from_slice(&bytes).map(Some).map_err(|e| odd(&e.to_string()))
        }
        404 | 410 => Ok(None),
        status => Err(odd(&format!("it answers {status}"))),
    }
}

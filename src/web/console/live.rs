//! Open pages hear that there is news, and then fetch themselves anew (`templates/live.js`): one stream of server-sent events for each page
//! that somebody has before his eyes.
//!
//! A page of one screen hears of that screen within a second; any other hears that something has come in, at most every 20 seconds, because
//! in a city something always comes in. The stream ends with the session, and who has too many of them gets none: his pages ask by themselves.

use super::data::Console;
use super::{Asked, ConsoleError};
use crate::fleet::Call;
use crate::people::AccountCode;
use crate::web::gate::{SESSION, cookie};
use crate::web::{EVENTS_ALIVE, Response};
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode};
use lichphat_playlists::ids::ScreenCode;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;
use warp::Reply;

/// Streams at once of one account; a browser has no more than six connections to a server anyway.
const PER_ACCOUNT: u32 = 12;
/// And of all together: each is a connection, and players need theirs.
const IN_ALL: u32 = 4_096;
/// Shortest time between two pieces of news for a page of one screen, and for any other.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(20));

/// What has come in: of a screen, or anything else.
type Piece = Option<ScreenCode>;

/// Where news is told, and who listens.
#[derive(Debug)]
pub(in crate::web) struct News {
    told: broadcast::Sender<Piece>,
    open: Arc<Mutex<BTreeMap<AccountCode, u32>>>,
}

impl Default for News {
    fn default() -> Self {
        Self { told: broadcast::channel(1_024).0, open: Arc::default() }
    }
}

impl News {
    /// Something of a screen has come in.
    pub(in crate::web) fn of(&self, screen: &ScreenCode) {
        self.tell(Some(screen.clone()));
    }
    /// Somebody has done something.
    pub(super) fn of_people(&self) {
        self.tell(None);
    }
    fn tell(&self, piece: Piece) {
        let _ = self.told.send(piece); // nobody listens: nobody has a page open
    }
    /// A place among those who listen; none when there is no room.
    fn place(&self, account: &AccountCode) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<u32>() >= IN_ALL || open.get(account).is_some_and(|mine| *mine >= PER_ACCOUNT) {
            return None;
        }
        *open.entry(account.clone()).or_default() += 1;
        Some(Place { open: Arc::clone(&self.open), of: account.clone() })
    }
}

/// One who listens, until it is dropped.
struct Place {
    open: Arc<Mutex<BTreeMap<AccountCode, u32>>>,
    of: AccountCode,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = open.get_mut(&self.of) {
            *mine -= 1;
            if *mine == 0 {
                open.remove(&self.of);
            }
        }
    }
}

/// `GET /live`, or with `?screen=` of that one alone.
pub(super) async fn stream(
    console: &Arc<Console>,
    asked: &Asked,
    headers: &HeaderMap,
) -> Result<Response, ConsoleError> {
    let session = cookie(headers, SESSION).ok_or(ConsoleError::SignedOut)?.to_owned();
    let screen = match asked.value("screen") {
        None => None,
        Some(code) => {
            let city = console.city().await?;
            let unknown = || ConsoleError::Unknown { kind: "screen", code: code.to_owned() };
            let found = ScreenCode::new(code).ok().and_then(|code| city.directory.screen(&code));
            let sight = asked.sight(&city, console)?;
            Some(found.filter(|screen| sight.screen(screen)).ok_or_else(unknown)?.code.clone())
        }
    };
    // with nothing to say a browser does not come again by itself
    let Some(place) = console.news.place(&asked.caller()?.account) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let (news, heard) = mpsc::channel(1);
    tokio::spawn(listen(Arc::clone(console), (session, place), screen, news));
    let events = tokio_stream::wrappers::ReceiverStream::new(heard);
    let events = events.map(|name| Ok::<_, Infallible>(warp::sse::Event::default().event(name).data("look")));
    Ok(warp::sse::reply(events).into_response())
}

/// Passes news on until the session is over (which is said), or nobody reads it any more.
async fn listen(
    console: Arc<Console>,
    (session, _place): (String, Place),
    screen: Option<ScreenCode>,
    news: mpsc::Sender<&'static str>,
) {
    let (mut told, mut calls) = (console.news.told.subscribe(), console.fleet.calls());
    let mine = |of: Option<&ScreenCode>| screen.is_none() || screen.as_ref() == of;
    let pause = if screen.is_some() { PAUSES.0 } else { PAUSES.1 };
    let mut alive = tokio::time::interval(EVENTS_ALIVE);
    // what comes while it is quiet is one piece of news, however much it is
    let (mut due, mut quiet_until) = (false, Instant::now());
    loop {
        tokio::select! {
            () = news.closed() => return,
            () = tokio::time::sleep_until(quiet_until), if due => {
                if news.send("news").await.is_err() {
                    return;
                }
                (due, quiet_until) = (false, Instant::now() + pause);
            }
            piece = told.recv() => match piece {
                Ok(piece) => due |= mine(piece.as_ref()),
                Err(RecvError::Lagged(_)) => due = true, // too slow to read of whom it was: it is told to look
                Err(RecvError::Closed) => return,
            },
            call = calls.recv() => match call {
                Ok(Call::Plans(of) | Call::Command(of)) => due |= mine(Some(&of)),
                Ok(Call::Withdrawal) | Err(RecvError::Lagged(_)) => due = true,
                Err(RecvError::Closed) => return,
            },
            _ = alive.tick() => {
                if matches!(console.people.by_session(&session, false).await, Ok(None)) {
                    let _ = news.send("over").await;
                    return;
                }
                // a line that is dead without a word is known by what does not come
                if news.send("alive").await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_many_streams_gets_no_more_and_room_comes_back() {
        let (news, an, binh) = (News::default(), AccountCode::new("an").unwrap(), AccountCode::new("binh").unwrap());
        let mut held: Vec<Place> = (0..PER_ACCOUNT).map(|_| news.place(&an).unwrap()).collect();
        assert!(news.place(&an).is_none() && news.place(&binh).is_some(), "his own are his own");
        held.pop();
        assert!(news.place(&an).is_some());
        drop(held);
        assert!(news.open.lock().unwrap().is_empty());
    }
}

//! A unit's own content: `/content/{unit}` lists it and takes files in, `…/items/{item}` says when and where one plays, `…/preview`
//! shows what a screen will show, `/content/thumb/{hash}` is a file's small picture. What a loop may hold and who is asked are rules of
//! other rooms ([`crate::exchange::loops`]).

mod item;
mod list;
mod preview;
mod thumb;

use super::data::{City, Console};
use super::page::shown;
use super::sign::see;
use super::{Asked, ConsoleError};
use crate::campaigns::LoopItem;
use crate::directory::{Directory, Link, Screen, ScreenKind, Unit};
use crate::exchange::loops::{LoopError, STILL_S, Workshop};
use crate::lang::Lang;
use crate::library::{LibraryError, NoUpload};
use crate::people::{Act, On};
use crate::web::Response;
use crate::web::filled::FILE_NAME;
use http::{Method, StatusCode};
use lichphat_playlists::ids::{MediaHash, UnitCode};
use lichphat_playlists::media::Media;
use lichphat_playlists::time::LocalDay;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Does this request bring a file, which is written down as it comes?
pub(in crate::web) fn takes_file(method: &Method, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    *method == Method::POST && matches!(parts[..], ["", "content", _, "upload"])
}

/// Why a file may not begin to come, for a page.
pub(super) fn not_now(no: &NoUpload) -> ConsoleError {
    let (status, word, value) = match no {
        NoUpload::NoLength => (StatusCode::LENGTH_REQUIRED, "upload-length", String::new()),
        NoUpload::TooLarge { most_bytes } => {
            (StatusCode::PAYLOAD_TOO_LARGE, "upload-large", (most_bytes >> 20).to_string())
        }
        NoUpload::NoRoom => (StatusCode::INSUFFICIENT_STORAGE, "upload-room", String::new()),
        NoUpload::TooMany | NoUpload::Another => (StatusCode::TOO_MANY_REQUESTS, "upload-busy", String::new()),
        NoUpload::Library(error) => return ConsoleError::Internal(error.to_string()),
    };
    ConsoleError::File(status, word, value)
}

/// `/content…`.
pub(super) async fn answer(
    console: &Console,
    asked: &Asked,
    reads: bool,
    segments: &[&str],
    body: &[u8],
) -> Result<Response, ConsoleError> {
    match (reads, segments) {
        (true, ["content"]) => list::choose(console, asked).await,
        (true, ["content", "thumb", hash]) => thumb::show(console, asked, hash).await,
        (true, ["content", unit]) => list::show(&Place::of(console, unit).await?, asked, None).await,
        (true, ["content", unit, "preview"]) => preview::show(&Place::of(console, unit).await?, asked).await,
        (true, ["content", unit, "items", code]) => item::show(&Place::of(console, unit).await?, asked, code).await,
        (false, ["content", unit, "items", code]) => {
            item::post(&Place::of(console, unit).await?, asked, code, &pairs(body)).await
        }
        (false, ["content", unit, what @ ("upload" | "order" | "send")]) => {
            let place = Place::of(console, unit).await?;
            match change(&place, asked, what, &pairs(body)).await {
                Ok(to) => Ok(see(&to)),
                Err(ChangeError::Loop(error)) => list::show(&place, asked, Some(problem(asked.lang, &error)?)).await,
                Err(ChangeError::Page(error)) => Err(error),
            }
        }
        _ => Err(ConsoleError::NotFound),
    }
}

/// A form's words; one name may stand in it more than once.
type Pairs = Vec<(String, String)>;

fn pairs(body: &[u8]) -> Pairs {
    serde_urlencoded::from_bytes(body).unwrap_or_default()
}

fn value<'p>(pairs: &'p Pairs, name: &str) -> &'p str {
    pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
}

/// The unit whose content it is, in the city as it stands.
struct Place<'a> {
    console: &'a Console,
    city: Arc<City>,
    unit: Unit,
    today: LocalDay,
}

impl<'a> Place<'a> {
    async fn of(console: &'a Console, code: &str) -> Result<Self, ConsoleError> {
        let unknown = || ConsoleError::Unknown { kind: "unit", code: code.to_owned() };
        let city = console.city().await?;
        let unit = UnitCode::new(code).ok().and_then(|code| city.directory.unit(&code).cloned()).ok_or_else(unknown)?;
        Ok(Self { console, city, unit, today: console.today().1 })
    }

    fn directory(&self) -> &Directory {
        &self.city.directory
    }

    /// May he change it?
    fn may_compose(&self, asked: &Asked) -> Result<bool, ConsoleError> {
        Ok(asked.caller()?.may(Act::Compose, On::Unit(&self.unit.code), self.directory(), self.today).is_ok())
    }

    fn own(&self) -> Vec<&LoopItem> {
        self.city.campaigns.own_loop(&self.unit.code)
    }

    /// The item of that code.
    fn item(&self, code: &str) -> Result<&LoopItem, ConsoleError> {
        self.own().into_iter().find(|item| item.code.as_str() == code).ok_or(ConsoleError::NotFound)
    }

    /// Screens that show what the unit brings: those that it owns or runs.
    fn screens(&self) -> Vec<&Screen> {
        let of = |link| self.directory().screens_in(&self.unit.code, Some(link), self.today);
        let mut screens = of(Link::Owner);
        screens.extend(of(Link::Operator));
        screens.retain(|screen| screen.kind == ScreenKind::Managed);
        screens.sort_by(|a, b| a.code.cmp(&b.code));
        screens.dedup_by(|a, b| a.code == b.code);
        screens
    }

    /// Their kinds of place, by code, with what people call them.
    fn kinds(&self, lang: Lang) -> BTreeMap<String, String> {
        let codes: BTreeSet<_> = self.screens().into_iter().map(|screen| &screen.venue_type).collect();
        let named = |code| {
            let profile = self.directory().venue(code, self.today);
            profile.map_or_else(|| code.to_string(), |v| shown(lang.pick(&v.name, &v.name_en)))
        };
        codes.into_iter().map(|code| (code.to_string(), named(code))).collect()
    }

    async fn media(&self) -> Result<BTreeMap<MediaHash, Media>, ConsoleError> {
        Ok(self.console.media.media_list().await?.into_iter().map(|m| (m.media.hash, m.media)).collect())
    }

    fn workshop<'w>(&'w self, asked: &'w Asked) -> Result<Workshop<'w>, ConsoleError> {
        Ok(Workshop {
            campaigns: self.console.campaigns_store(),
            approvals: self.console.approvals.store(),
            library: &self.console.library,
            directory: self.directory(),
            unit: &self.unit.code,
            by: &asked.caller()?.account,
            now: self.console.today(),
        })
    }

    fn path(&self) -> String {
        format!("/content/{}", self.unit.code)
    }
}

/// Why a form was not carried out: its status, and a sentence with the mend.
pub(super) type Said = (StatusCode, String);

/// Carries a button out; where to then.
async fn change(place: &Place<'_>, asked: &Asked, what: &str, form: &Pairs) -> Result<String, ChangeError> {
    let workshop = place.workshop(asked)?;
    match what {
        "upload" => {
            let Some(file) = &asked.file else { return Err(ChangeError::Page(ConsoleError::NotFound)) };
            let name = value(form, FILE_NAME);
            let (added, cut_from_ms) = workshop.add(file, name, STILL_S).await?;
            // its picture is made now, so that the list has it at once; without one the list says so
            if let Some(hash) = added.file()
                && let Err(error) = place.console.library.picture(hash).await
            {
                tracing::warn!(%error, "a picture of a new file could not be made");
            }
            let cut = cut_from_ms.map_or_else(String::new, |ms| format!("?cut={ms}"));
            Ok(format!("{}{cut}#item-{}", place.path(), added.code))
        }
        "order" => {
            workshop.arrange(value(form, "seen"), &ordered(place, form)).await?;
            Ok(format!("{}#loop", place.path()))
        }
        _ => {
            workshop.send().await?;
            Ok(place.path())
        }
    }
}

/// The order that a form asks for: the whole of it, or one item up or down among those that are current.
fn ordered(place: &Place<'_>, form: &Pairs) -> Vec<String> {
    let whole = value(form, "order");
    if !whole.is_empty() {
        return whole.split(',').map(str::to_owned).collect();
    }
    let current = place.own().into_iter().filter(|item| crate::exchange::loops::is_current(item, place.today));
    let mut codes: Vec<String> = current.map(|item| item.code.to_string()).collect();
    let moved = |name: &str| codes.iter().position(|code| code == value(form, name));
    match (moved("up"), moved("down")) {
        (Some(at), _) if at > 0 => codes.swap(at, at - 1),
        (_, Some(at)) if at + 1 < codes.len() => codes.swap(at, at + 1),
        _ => {}
    }
    codes
}

/// What stands in the way of a change.
enum ChangeError {
    Loop(LoopError),
    Page(ConsoleError),
}

impl From<LoopError> for ChangeError {
    fn from(error: LoopError) -> Self {
        Self::Loop(error)
    }
}
impl From<ConsoleError> for ChangeError {
    fn from(error: ConsoleError) -> Self {
        Self::Page(error)
    }
}

/// A refusal in the reader's words; what is ours to mend is an error of the page.
fn problem(lang: Lang, error: &LoopError) -> Result<Said, ConsoleError> {
    let said = |key: &str| lang.text(key);
    Ok(match error {
        LoopError::Changed => (StatusCode::CONFLICT, said("content-changed")),
        LoopError::Unknown(_) => (StatusCode::NOT_FOUND, said("content-gone")),
        LoopError::Full => (StatusCode::CONFLICT, said("content-full")),
        LoopError::Wrong(wrong) => {
            let sentences: Vec<&str> = wrong.iter().map(|(_, say)| lang.pick(&say.vi, &say.en)).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, sentences.join("; "))
        }
        LoopError::Library(error) => return file_problem(lang, error),
        LoopError::Approval(error) => return Err(ConsoleError::Internal(error.to_string())),
        LoopError::Store(error) => return Err(ConsoleError::Internal(error.to_string())),
    })
}

/// What is wrong with a file, and how to mend it.
fn file_problem(lang: Lang, error: &LibraryError) -> Result<Said, ConsoleError> {
    let status = match error {
        LibraryError::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
        LibraryError::NoProbe | LibraryError::Probe { source: crate::library::ProbeError::Run { .. }, .. } => {
            tracing::error!(%error, "a file that came could not be measured");
            StatusCode::SERVICE_UNAVAILABLE
        }
        LibraryError::Store(_) | LibraryError::Io { .. } => return Err(ConsoleError::Internal(error.to_string())),
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok((status, shown(lang.pick(&error.vi(), &error.to_string()))))
}

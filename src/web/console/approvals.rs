//! What waits for approval, and what was decided: files to look at, who brought them, where and when they are to be shown; two
//! buttons for who may decide, and one to take back.

use super::data::{City, Console};
use super::page::{Page, Pages, pages, shown};
use super::sign::{form, see};
use super::{Asked, ConsoleError, page};
use crate::approval::{ApprovalError, Needs, Proposal, State, rule};
use crate::lang::{Lang, Values};
use crate::library::Range;
use crate::people::{AccountCode, Act, Caller, Given, Via};
use crate::web::Response;
use askama::Template;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::permit::{Tie, Where};
use serde::Deserialize;
use std::collections::BTreeMap;
use warp::Reply;

/// Decided proposals that are shown.
const DECIDED: usize = 50;

#[derive(Template)]
#[template(path = "approvals.html")]
struct ApprovalsPage {
    page: Page,
    /// Why a word was not taken; empty at first.
    problem: String,
    waiting: Vec<Card>,
    pages: Option<Pages>,
    decided: Vec<Card>,
}

/// One proposal.
struct Card {
    number: u32,
    title: String,
    /// Whose word it takes.
    needs: String,
    /// Who brought it, and when.
    brought: String,
    /// Where it is to be shown, one line each.
    places: Vec<String>,
    days: String,
    files: Vec<File>,
    /// What was said of it.
    said: Vec<String>,
    /// Whose hand has made approvers of both who said yes; empty: nobody's.
    one_hand: String,
    state: String,
    tone: &'static str,
    /// He may decide on it, or take it back.
    may: bool,
    /// He may say yes to it, too: neither it nor one of its files was ever his.
    approves: bool,
    /// He has said yes already.
    agreed: bool,
}

/// One file of it.
struct File {
    name: String,
    /// Its kind, length and size.
    what: String,
    hash: String,
    /// It is a picture.
    still: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    say: String,
    #[serde(default)]
    words: String,
}

/// `GET /approvals`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    view(console, asked, String::new()).await
}

async fn view(console: &Console, asked: &Asked, problem: String) -> Result<String, ConsoleError> {
    let (caller, city, lang) = (asked.caller()?, console.city().await?, asked.lang);
    let today = console.today().1;
    let all = console.approvals.proposals().await?;
    let seen = all.iter().rev().filter(|p| p.draft.needs.sees(caller, &city.directory, today));
    let (waiting, decided): (Vec<&Proposal>, Vec<&Proposal>) = seen.partition(|p| p.state == State::Open);
    let (range, pages) = pages(asked, waiting.len());
    let names: BTreeMap<MediaHash, (String, MediaKind)> =
        console.media.media_list().await?.into_iter().map(|m| (m.media.hash, (m.name, m.media.kind))).collect();
    let given = console.people.given_for(Act::Approve).await?;
    let his =
        console.library.brought_by(caller.account.as_str()).await.map_err(|e| ConsoleError::Internal(e.to_string()))?;
    let card = |p: &&Proposal| Card {
        one_hand: one_hand(console, lang, p, &given),
        approves: rule::others(p, &all, caller).is_ok() && rule::brought(p, &his).is_ok(),
        ..card(console, (lang, &city, &names), p, caller)
    };
    let view = ApprovalsPage {
        page: Page::new(console, asked, lang.text("approvals-title")),
        problem,
        waiting: waiting[range].iter().map(card).collect(),
        pages,
        decided: decided.iter().take(DECIDED).map(card).collect(),
    };
    Ok(view.render()?)
}

fn card(
    console: &Console,
    (lang, city, names): (Lang, &City, &BTreeMap<MediaHash, (String, MediaKind)>),
    proposal: &Proposal,
    caller: &Caller,
) -> Card {
    let (draft, today) = (&proposal.draft, console.today().1);
    let own = proposal.brought_by == caller.account.as_str();
    let decides = draft.needs.may(caller, &city.directory, today).is_ok();
    let file = |m: &lichphat_playlists::wire::permit::Permitted| {
        let (name, kind) = names.get(&m.hash).cloned().unwrap_or_else(|| ("—".to_owned(), MediaKind::Video));
        let values = Values::new()
            .word("length", lang.number(m.duration_s.into()))
            .word("size", lang.number(m.size_bytes.div_ceil(1024)));
        let what = lang.say("approvals-file", &values);
        File { name: shown(&name), what, hash: m.hash.hex(), still: kind == MediaKind::Still }
    };
    let said = |s: &crate::approval::Said| {
        let key = if s.yes { "approvals-said-yes" } else { "approvals-said-no" };
        let time = lang.instant(s.at_ms, console.offset);
        lang.say(key, &Values::new().word("by", person(lang, &s.by)).word("time", time).word("words", shown(&s.words)))
    };
    let time = lang.instant(proposal.brought_ms, console.offset);
    let by = Values::new().word("by", person(lang, &proposal.brought_by));
    let permit = &draft.permit;
    Card {
        number: proposal.number,
        title: shown(&draft.title),
        needs: lang.text(if draft.needs == Needs::City { "approvals-needs-city" } else { "approvals-needs-unit" }),
        brought: match &proposal.kept_by {
            None => lang.say("approvals-brought", &by.word("time", time)),
            Some(keeper) => lang.say("approvals-kept", &by.word("time", time).word("keeper", person(lang, keeper))),
        },
        places: match permit.places.as_slice() {
            [] => vec![lang.text("approvals-everywhere")],
            all => all.iter().map(|at| place(lang, city, at, today)).collect(),
        },
        days: days(lang, permit.from, permit.until),
        files: permit.media.iter().map(file).collect(),
        said: proposal.said.iter().map(said).collect(),
        one_hand: String::new(),
        state: lang.term("state", proposal.state.word()),
        tone: match proposal.state {
            State::Approved => "good",
            State::Open => "wait",
            State::Refused | State::Lapsed | State::Withdrawn => "bad",
        },
        approves: false,
        agreed: proposal.said.iter().any(|s| s.yes && s.by == caller.account.as_str()),
        may: decides && (proposal.state == State::Approved || proposal.state == State::Open && !own),
    }
}

/// That two words may be one person's, and since how long.
fn one_hand(console: &Console, lang: Lang, proposal: &Proposal, given: &[Given]) -> String {
    let Some((by, at)) = rule::one_hand(&proposal.said, given) else { return String::new() };
    let days = u64::try_from(console.clock.now().since_ms(at) / 86_400_000).unwrap_or(0);
    let values = Values::new().word("by", person(lang, by.as_str())).word("time", lang.instant(at, console.offset));
    lang.say("approvals-one-hand", &values.count(lang, "days", days))
}

/// Who did something; the shell is no account's name.
fn person(lang: Lang, by: &str) -> String {
    if by == AccountCode::SHELL { lang.text("by-shell") } else { shown(by) }
}

/// `Phường Ba Đình (địa bàn): Trường học, Bệnh viện`; screens by their codes.
fn place(lang: Lang, city: &City, at: &Where, today: LocalDay) -> String {
    let unit = at.unit.as_ref().map(|tied| {
        let name = city.directory.unit(&tied.unit).map_or_else(|| tied.unit.to_string(), |unit| shown(&unit.name));
        let by = match tied.by {
            Tie::Owner => return name,
            Tie::Territory => "territory",
            Tie::Sector => "sector",
            Tie::Operator => "operator",
        };
        format!("{name} ({})", lang.term("link", by))
    });
    let venue = |kind| {
        let profile = city.directory.venue(kind, today);
        profile.map_or_else(|| kind.to_string(), |v| shown(lang.pick(&v.name, &v.name_en)))
    };
    let screens = at.screens.iter().map(ToString::to_string);
    let which: Vec<String> = at.venue_types.iter().map(venue).chain(screens).collect();
    match unit {
        Some(unit) if which.is_empty() => unit,
        Some(unit) => format!("{unit}: {}", which.join(", ")),
        None => which.join(", "),
    }
}

/// From a day to a day; without either it says so.
fn days(lang: Lang, from: Option<LocalDay>, until: Option<LocalDay>) -> String {
    match (from, until) {
        (Some(from), Some(until)) => format!("{} – {}", lang.day(from), lang.day(until)),
        (Some(from), None) => lang.say("approvals-from", &Values::new().word("day", lang.day(from))),
        (None, Some(until)) => lang.say("approvals-until", &Values::new().word("day", lang.day(until))),
        (None, None) => lang.text("approvals-always"),
    }
}

/// `POST /approvals/{number}`: somebody says yes or no, or takes back.
pub(super) async fn post(
    console: &Console,
    asked: &Asked,
    number: &str,
    body: &[u8],
) -> Result<Response, ConsoleError> {
    let number: u32 = number.parse().map_err(|_| ConsoleError::NotFound)?;
    let (caller, city, today) = (asked.caller()?, console.city().await?, console.today().1);
    // what he may not know of is not there for him, however it stands
    let all = console.approvals.proposals().await?;
    let his = all.iter().any(|p| p.number == number && p.draft.needs.sees(caller, &city.directory, today));
    let Word { say, words } = if his { form(body)? } else { return Err(ConsoleError::NotFound) };
    let (approvals, by) = (&console.approvals, (caller, words.as_str()));
    let done = match say.as_str() {
        // no token has shown a second factor, and the shell has a command of its own
        _ if caller.via == Via::Shell => return Err(ConsoleError::NotFound),
        "approve" => approvals.give(number, by, &[], &city.directory).await.map(drop),
        "refuse" => approvals.refuse(number, by, &city.directory).await,
        "withdraw" => {
            approvals.withdraw(number, by, &city.directory).await.inspect(|()| console.fleet.announce_withdrawal())
        }
        _ => return Err(ConsoleError::Bad { kind: "command", value: say }),
    };
    match done {
        Ok(()) => Ok(see("/approvals")),
        Err(ApprovalError::Store(error)) => Err(error.into()),
        Err(error) => {
            let problem = asked.lang.pick(&error.vi(), &error.to_string()).to_owned();
            Ok(page::html(StatusCode::CONFLICT, view(console, asked, problem).await?))
        }
    }
}

/// `GET /approvals/files/{hash}`: a file that he may know of, to be looked at.
pub(super) async fn file(
    console: &Console,
    asked: &Asked,
    hash: &str,
    headers: &HeaderMap,
) -> Result<Response, ConsoleError> {
    let hash: MediaHash = hash.parse().map_err(|_| ConsoleError::NotFound)?;
    let (caller, city, today) = (asked.caller()?, console.city().await?, console.today().1);
    let all = console.approvals.proposals().await?;
    let his = all.iter().filter(|p| p.draft.needs.sees(caller, &city.directory, today));
    if !his.flat_map(|p| &p.draft.permit.media).any(|m| m.hash == hash) {
        return Err(ConsoleError::NotFound);
    }
    stream(console, hash, headers).await
}

/// A file of the library as browsers fetch it, to be looked at.
pub(super) async fn stream(console: &Console, hash: MediaHash, headers: &HeaderMap) -> Result<Response, ConsoleError> {
    let range = headers.get(header::RANGE).and_then(|v| v.to_str().ok()).map_or(Range::Whole, Range::asked);
    let reader = console.library.open(hash, range).await.map_err(|_| ConsoleError::NotFound)?;
    let (start, end, size) = (reader.start, reader.end, reader.size_bytes);
    let (length, name) = (reader.length(), console.media.media(hash).await?.map(|m| m.name).unwrap_or_default());
    let kind = content_type(&name);
    let mut response = warp::reply::stream(reader.into_stream()).into_response();
    let partial = length != size;
    let set = response.headers_mut();
    set.insert(header::CONTENT_LENGTH, length.into());
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // whatever it really is, it may run nothing
    set.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; media-src 'self'; sandbox"),
    );
    set.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if partial && let Ok(value) = format!("bytes {start}-{}/{size}", end.saturating_sub(1)).parse() {
        set.insert(header::CONTENT_RANGE, value);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// What a browser is told that a file is; what its name does not say is offered for download.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("mp4" | "m4v" | "mov") => "video/mp4",
        Some("webm" | "mkv") => "video/webm",
        Some("mp3") => "audio/mpeg",
        Some("ogg" | "opus") => "audio/ogg",
        Some("wav") => "audio/wav",
        Some("flac") => "audio/flac",
        _ => "application/octet-stream",
    }
}

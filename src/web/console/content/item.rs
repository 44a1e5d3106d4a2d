//! One item of a unit's content: a form for its name, days, hours, kinds of place and part of the round.

use super::super::page::{Page, html, shown};
use super::super::sign::see;
use super::super::{Asked, ConsoleError};
use super::{Pairs, Place, problem, value};
use crate::campaigns::{Edit, LONGEST_STILL_S, LoopItem, MOST_PLAYS};
use crate::directory::problem::{Say, say};
use crate::directory::{DaySpan, Days, Hours};
use crate::exchange::loops::LoopError;
use crate::web::Response;
use askama::Template;
use http::StatusCode;
use lichphat_playlists::ids::VenueType;
use lichphat_playlists::media::MediaKind;
use lichphat_playlists::time::{DAY_S, IntervalSet, LocalDay, clock_text, parse_clock};
use std::collections::{BTreeMap, BTreeSet};

/// Days of the week as files name them, Monday first.
pub(super) const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Windows of hours that the form holds.
const WINDOWS: usize = 3;

/// Is the day of that name among them?
pub(super) fn holds(days: Days, name: &str) -> bool {
    days.to_string().split(',').any(|day| day == name)
}

#[derive(Template)]
#[template(path = "content-item.html")]
struct ItemPage {
    page: Page,
    problem: String,
    /// The list, and this page.
    back: String,
    path: String,
    unit: String,
    hash: String,
    file: String,
    still: bool,
    draft: bool,
    seen: String,
    form: Filled,
    week: Vec<(&'static str, String, bool)>,
    kinds: Vec<(String, String, bool)>,
    longest_s: u32,
    most_plays: u32,
}

/// What the fields hold, as they were typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Filled {
    title: String,
    length_s: String,
    plays: String,
    from: String,
    to: String,
    hours: Vec<(String, String)>,
    on: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Filled {
    fn of(item: &LoopItem) -> Self {
        let day = |day: Option<LocalDay>| day.map(|d| d.to_string()).unwrap_or_default();
        let clock = |second: u32| clock_text(second.min(DAY_S - 60))[..5].to_owned();
        let mut hours: Vec<_> = item.hours.0.iter().map(|(a, b)| (clock(a), clock(b))).collect();
        hours.resize(hours.len().max(WINDOWS), (String::new(), String::new()));
        Self {
            title: item.title.clone(),
            length_s: item.product.length_s.to_string(),
            plays: item.weight.to_string(),
            from: day(item.days.from),
            to: day(item.days.to),
            hours,
            on: WEEK.iter().filter(|d| item.on.is_none_or(|on| holds(on, d))).map(|d| (*d).to_owned()).collect(),
            kinds: item.place.first().into_iter().flat_map(|p| &p.venue_types).map(ToString::to_string).collect(),
        }
    }

    fn typed(form: &Pairs) -> Self {
        let word = |name: &str| value(form, name).trim().to_owned();
        let all = |name: &str| form.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect();
        let times = |name: &'static str| {
            form.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim().to_owned())
        };
        Self {
            title: word("title"),
            length_s: word("length_s"),
            plays: word("plays"),
            from: word("from"),
            to: word("to"),
            hours: times("hours_from").zip(times("hours_to")).take(12).collect(),
            on: all("on"),
            kinds: all("kind"),
        }
    }

    /// What is meant; else what cannot be so, by field.
    fn edit(&self, kinds: &BTreeMap<String, String>) -> Result<Edit, LoopError> {
        let mut wrong = Vec::new();
        let mut day = |field, text: &str| match text.parse::<LocalDay>() {
            Ok(day) => Some(day),
            Err(_) if text.is_empty() => None,
            Err(_) => {
                let mend =
                    say(format!("{text}: ghi ngày như 20/11/2026"), format!("{text}: write a day like 2026-11-20"));
                wrong.push((field, mend));
                None
            }
        };
        let (from, to) = (day("from", &self.from), day("to", &self.to));
        let hours = self.windows();
        wrong.extend(hours.as_ref().err().cloned().map(|mend| ("hours", mend)));
        let on: Vec<&str> = WEEK.into_iter().filter(|day| self.on.contains(*day)).collect();
        if on.is_empty() {
            // a form without a tick says none, and none is no time at all
            wrong.push((
                "on",
                say(
                    "Thứ trong tuần: chưa chọn ngày nào; hãy đánh dấu ít nhất một ngày, hoặc cả bảy ngày nếu phát hằng ngày".to_owned(),
                    "Days of the week: none is ticked; tick at least one, or all seven to play every day".to_owned(),
                ),
            ));
        }
        let on = match on.len() {
            7 => None,
            _ => Days::try_from(on.join(",")).ok(),
        };
        let wanted = self.kinds.iter().filter(|kind| kinds.contains_key(*kind));
        let venue_types = wanted.filter_map(|kind| VenueType::new(kind.as_str()).ok()).collect::<Vec<_>>();
        let number = |text: &str| text.parse().ok();
        match hours {
            Ok(hours) if wrong.is_empty() => Ok(Edit {
                title: self.title.clone(),
                length_s: number(&self.length_s),
                plays: number(&self.plays).unwrap_or(0),
                days: DaySpan::new(from, to),
                on,
                hours,
                venue_types,
            }),
            _ => Err(LoopError::Wrong(wrong)),
        }
    }

    fn windows(&self) -> Result<Hours, Say> {
        let mut windows = Vec::new();
        for (from, to) in self.hours.iter().filter(|(from, to)| !from.is_empty() || !to.is_empty()) {
            let read = |text: &str| parse_clock(text).ok().filter(|second| *second <= DAY_S);
            // 23:59 is the last minute that a browser's field knows: the day ends with it
            let end = read(to).map(|second| if second == DAY_S - 60 { DAY_S } else { second });
            match (read(from), end) {
                (Some(a), Some(b)) if a < b => windows.push((a, b)),
                _ => {
                    let (vi, en) = ("ghi giờ bắt đầu trước giờ kết thúc", "write a beginning before its end");
                    return Err(say(format!("{from}–{to}: {vi}"), format!("{from}–{to}: {en}")));
                }
            }
        }
        Ok(Hours(IntervalSet::from(windows)))
    }
}

/// `GET /content/{unit}/items/{item}`.
pub(super) async fn show(place: &Place<'_>, asked: &Asked, code: &str) -> Result<Response, ConsoleError> {
    let item = place.item(code)?;
    view(place, asked, item, (StatusCode::OK, String::new()), Filled::of(item)).await
}

async fn view(
    place: &Place<'_>,
    asked: &Asked,
    item: &LoopItem,
    (status, problem): (StatusCode, String),
    form: Filled,
) -> Result<Response, ConsoleError> {
    let lang = asked.lang;
    let file = match item.file() {
        Some(hash) => place.console.media.media(hash).await?,
        None => None,
    };
    let kinds = place.kinds(lang);
    let on = |day: &str| form.on.contains(day);
    let view = ItemPage {
        page: Page::new(place.console, asked, shown(&item.title)),
        problem,
        back: place.path(),
        path: format!("{}/items/{}", place.path(), item.code),
        unit: shown(&place.unit.name),
        hash: item.file().map(|hash| hash.hex()).unwrap_or_default(),
        file: file.as_ref().map(|file| shown(&file.name)).unwrap_or_default(),
        still: file.is_some_and(|file| file.media.kind == MediaKind::Still),
        draft: item.draft,
        seen: item.tag(),
        week: WEEK.iter().enumerate().map(|(n, d)| (*d, lang.text(&format!("weekday-{n}")), on(d))).collect(),
        kinds: kinds
            .into_iter()
            .map(|(code, name)| {
                let chosen = form.kinds.is_empty() || form.kinds.contains(&code);
                (code, name, chosen)
            })
            .collect(),
        form,
        longest_s: LONGEST_STILL_S,
        most_plays: MOST_PLAYS,
    };
    Ok(html(status, view.render()?))
}

/// `POST /content/{unit}/items/{item}`: saves it, or takes it off.
pub(super) async fn post(place: &Place<'_>, asked: &Asked, code: &str, form: &Pairs) -> Result<Response, ConsoleError> {
    let (item, workshop) = (place.item(code)?, place.workshop(asked)?);
    if value(form, "do") == "take-off" {
        return match workshop.take_off(code, value(form, "seen")).await {
            Ok(()) => Ok(see(&place.path())),
            Err(error) => refused(place, asked, item, &error, Filled::of(item)).await,
        };
    }
    let kinds = place.kinds(asked.lang);
    let mut typed = Filled::typed(form);
    if typed.kinds.len() == kinds.len() {
        typed.kinds.clear(); // all of them, and those that come later
    }
    let done = match typed.edit(&kinds) {
        Ok(edit) => workshop.save(code, value(form, "seen"), &edit).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(see(&format!("{}#item-{code}", place.path()))),
        Err(error) => refused(place, asked, item, &error, typed).await,
    }
}

/// The form again, with what was typed.
async fn refused(
    place: &Place<'_>,
    asked: &Asked,
    item: &LoopItem,
    error: &LoopError,
    typed: Filled,
) -> Result<Response, ConsoleError> {
    view(place, asked, item, problem(asked.lang, error)?, typed).await
}

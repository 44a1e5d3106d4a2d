//! Peak windows that follow counts: what waits for somebody's word, old hours beside new, and what was decided.
//! The page shows; deciding is a command, as long as nobody signs in here.

use super::data::{City, Console};
use super::names;
use super::page::{Page, Pages, pages, shown};
use super::{Asked, ConsoleError};
use crate::directory::{FootfallSubject, Proposal, ProposalState};
use crate::lang::{Lang, Values};
use askama::Template;
use lichphat_playlists::peak::DayClass;
use lichphat_playlists::time::LocalDay;

/// Decided proposals that are shown.
const DECIDED: u32 = 20;

#[derive(Template)]
#[template(path = "peaks.html")]
struct PeaksPage {
    page: Page,
    waiting: Vec<Card>,
    pages: Option<Pages>,
    decided: Vec<(String, String)>,
}

/// One proposal that waits.
struct Card {
    id: u32,
    name: String,
    href: Option<String>,
    verdict: String,
    basis: String,
    rows: Vec<ClassRow>,
}

/// One class of day: hours now, hours proposed.
#[derive(Debug, PartialEq, Eq)]
struct ClassRow {
    days: String,
    counted: String,
    before: String,
    after: String,
    changed: bool,
}

/// `GET /peaks`.
pub(super) async fn show(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let city = console.city().await?;
    let (_, today) = console.today();
    let (waiting, decided): (Vec<Proposal>, Vec<Proposal>) =
        console.proposals(DECIDED).await?.into_iter().partition(|p| p.state == ProposalState::Proposed);
    let (range, pages) = pages(asked, waiting.len());
    let lang = asked.lang;
    let view = PeaksPage {
        page: Page::new(console, asked, lang.text("peaks-title")),
        waiting: waiting[range].iter().map(|p| card(lang, &city, p, today)).collect(),
        pages,
        decided: decided.iter().map(|p| (name(lang, &city, &p.draft.subject, today).0, outcome(lang, p))).collect(),
    };
    Ok(view.render()?)
}

/// What people call a screen or a kind of place, and its page.
fn name(lang: Lang, city: &City, subject: &FootfallSubject, today: LocalDay) -> (String, Option<String>) {
    match subject {
        FootfallSubject::Screen(code) => {
            let screen = city.directory.screen(code);
            let name = screen.map_or_else(|| code.to_string(), |s| shown(&s.name));
            (name, screen.map(|s| format!("/screens/{}", s.code)))
        }
        FootfallSubject::Venue(venue) => {
            let profile = city.directory.venue(venue, today);
            let name = profile.map_or_else(|| venue.to_string(), |v| shown(lang.pick(&v.name, &v.name_en)));
            (lang.say("peaks-venue", &Values::new().word("name", name)), None)
        }
    }
}

fn card(lang: Lang, city: &City, proposal: &Proposal, today: LocalDay) -> Card {
    let draft = &proposal.draft;
    let derived = &draft.derived;
    let (name, href) = name(lang, city, &draft.subject, today);
    let share = lang.decimal(f64::from(derived.share_permille) / 10.0);
    let days = Values::new().word("from", lang.day(derived.first)).word("to", lang.day(derived.last));
    let row = |class: DayClass| {
        let of_class = derived.classes.get(&class)?;
        let (before, after) = (&of_class.before.0, &of_class.peaks.windows.0);
        Some(ClassRow {
            days: lang.text(&format!("class-{}", class.code())),
            counted: lang.number(of_class.days.into()),
            before: names::hours(lang, before, "peaks-none-before"),
            after: names::hours(lang, after, "peaks-none-before"),
            changed: before != after,
        })
    };
    Card {
        id: proposal.id,
        name,
        href,
        verdict: lang.say("peaks-for", &Values::new().word("day", lang.long_day(draft.valid_from))),
        basis: lang.say("peaks-basis", &days.word("share", share)),
        rows: DayClass::ALL.into_iter().filter_map(row).collect(),
    }
}

/// What became of a proposal, in a sentence.
fn outcome(lang: Lang, proposal: &Proposal) -> String {
    let week = Values::new().word("week", lang.day(proposal.draft.valid_from));
    let Some(decision) = &proposal.decision else { return lang.say("peaks-lapsed", &week) };
    let values = week.word("by", shown(&decision.by));
    match decision.from {
        Some(from) => lang.say("peaks-accepted", &values.word("from", lang.day(from))),
        None => lang.say("peaks-refused", &values),
    }
}

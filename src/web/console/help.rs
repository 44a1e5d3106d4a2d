//! Help where one stands: the guides of `docs/guide` in the reader's language, and which part of which guide belongs to which page.
//!
//! They are Markdown, so that they are read and mended without the program, and built into it with their pictures. A first line
//! `# …` is a guide's title; `{#id}` behind a heading is what a page leads to.

use super::{Asked, Console, ConsoleError, page};
use crate::lang::Lang;
use crate::people::Role;
use crate::web::Response;
use askama::Template;
use http::header;
use include_dir::{Dir, include_dir};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use warp::Reply;

static GUIDES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/docs/guide");

/// In the order of the list, each with the roles that it is for.
const NAMES: &[(&str, &[Role])] = &[
    ("start", &[Role::Administrator]),
    ("sign-in", &[]),
    ("operator", &[Role::Operator, Role::UnitHead, Role::Viewer]),
    ("approver", &[Role::Approver, Role::UnitHead]),
    ("head", &[Role::UnitHead]),
    ("editor", &[Role::CityEditor]),
    ("reports", &[Role::Viewer, Role::UnitHead, Role::CityEditor]),
    ("auditor", &[Role::Auditor]),
    ("administrator", &[Role::Administrator]),
];

/// What helps where: the first row with which a page's path begins; `{…}` is any word.
const PLACES: &[(&str, &str)] = &[
    ("/orders/{order}/raise", "head#raise"),
    ("/orders/new", "editor#write"),
    ("/orders/drafts", "editor#sign"),
    ("/orders", "editor#follow"),
    ("/preflight", "editor#write"),
    ("/content", "operator#content"),
    ("/approvals", "approver#approvals"),
    ("/reports", "reports#make"),
    ("/alerts", "operator#alerts"),
    ("/pairing", "operator#pairing"),
    ("/many", "operator#many"),
    ("/screens/{screen}", "operator#screen"),
    ("/screens", "operator#many"),
    ("/search", "operator#screen"),
    ("/audit/draws", "auditor#draw"),
    ("/audit", "auditor#plays"),
    ("/people/{account}", "administrator#leave"),
    ("/people", "administrator#people"),
    ("/account", "sign-in#passkey"),
    ("/first", "sign-in#first"),
    ("/login", "sign-in#daily"),
    ("/units", "operator#today"),
    ("/", "operator#today"),
];

/// The address of what helps on that page.
pub(super) fn of(path: &str) -> String {
    let begins = |row: &str| {
        let mut words = path.split('/');
        row.split('/').all(|wanted| words.next().is_some_and(|word| wanted == word || wanted.starts_with('{')))
    };
    PLACES.iter().find(|(row, _)| begins(row)).map_or_else(|| "/help".to_owned(), |(_, place)| format!("/help/{place}"))
}

/// One guide, taken apart.
struct Guide {
    title: String,
    /// Its parts: what leads there, and their headings.
    parts: Vec<(String, String)>,
    html: String,
}

impl Guide {
    fn of(lang: Lang, name: &str) -> Option<Self> {
        let file = GUIDES.get_file(format!("{}/{name}.md", lang.code()))?;
        let (title, text) = file.contents_utf8()?.strip_prefix("# ")?.split_once('\n')?;
        let (mut parts, mut events) = (Vec::new(), Vec::new());
        let mut heading: Option<(String, String)> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES) {
            match &event {
                Event::Start(Tag::Heading { level: HeadingLevel::H2, id: Some(id), .. }) => {
                    heading = Some((id.to_string(), String::new()));
                }
                Event::Text(words) => heading.iter_mut().for_each(|(_, title)| title.push_str(words)),
                Event::End(TagEnd::Heading(_)) => parts.extend(heading.take()),
                _ => {}
            }
            events.push(placed(lang, event));
        }
        let mut html = String::new();
        pulldown_cmark::html::push_html(&mut html, events.into_iter());
        Some(Self { title: title.trim().to_owned(), parts, html })
    }
}

/// In the files other guides and pictures lie side by side; here all are below `/help`, pictures in a folder of their language.
fn placed(lang: Lang, event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let dest_url = CowStr::from(format!("/help/{}/{dest_url}", lang.code()));
            Event::Start(Tag::Image { link_type, dest_url, title, id })
        }
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = CowStr::from(format!("/help/{}", dest_url.trim_end_matches(".md")));
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        other => other,
    }
}

/// Names and titles of those that `wanted` picks.
fn titles(lang: Lang, wanted: impl Fn(&str, &[Role]) -> bool) -> Vec<(&'static str, String)> {
    let picked = NAMES.iter().filter(|(name, roles)| wanted(name, roles));
    picked.filter_map(|(name, _)| Some((*name, Guide::of(lang, name)?.title))).collect()
}

#[derive(Template)]
#[template(path = "help.html")]
struct All {
    page: page::Page,
    yours: Vec<(&'static str, String)>,
    others: Vec<(&'static str, String)>,
}

/// The list of guides, one's own first.
pub(super) fn all(console: &Console, asked: &Asked) -> Result<String, ConsoleError> {
    let held = asked.caller.iter().flat_map(|caller| &caller.grants).map(|grant| grant.role).collect::<Vec<_>>();
    let mine = |roles: &[Role]| roles.iter().any(|role| held.contains(role));
    let view = All {
        page: page::Page::new(console, asked, asked.lang.text("help-title")),
        yours: titles(asked.lang, |_, roles| mine(roles)),
        others: titles(asked.lang, |_, roles| !mine(roles)),
    };
    view.render().map_err(|failed| ConsoleError::Internal(failed.to_string()))
}

#[derive(Template)]
#[template(path = "guide.html")]
struct One {
    page: page::Page,
    parts: Vec<(String, String)>,
    text: String,
    others: Vec<(&'static str, String)>,
}

/// One guide.
pub(super) fn one(console: &Console, asked: &Asked, name: &str) -> Result<String, ConsoleError> {
    let known = NAMES.iter().any(|(known, _)| *known == name);
    let guide = known.then(|| Guide::of(asked.lang, name)).flatten().ok_or(ConsoleError::NotFound)?;
    let view = One {
        page: page::Page::new(console, asked, guide.title),
        parts: guide.parts,
        text: guide.html,
        others: titles(asked.lang, |other, _| other != name),
    };
    view.render().map_err(|failed| ConsoleError::Internal(failed.to_string()))
}

/// A picture of a guide.
pub(super) fn picture(lang: &str, name: &str) -> Result<Response, ConsoleError> {
    let file = GUIDES.get_file(format!("{lang}/{name}")).filter(|_| name.ends_with(".webp"));
    let bytes = file.ok_or(ConsoleError::NotFound)?.contents();
    let reply = warp::reply::with_header(bytes, header::CONTENT_TYPE, "image/webp");
    let reply = warp::reply::with_header(reply, header::CACHE_CONTROL, "public, max-age=86400");
    Ok(warp::reply::with_header(reply, "X-Content-Type-Options", "nosniff").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::routes;
    use std::collections::BTreeSet;

    const LANGS: [Lang; 2] = [Lang::Vi, Lang::En];

    fn text(lang: Lang, name: &str) -> &'static str {
        GUIDES.get_file(format!("{}/{name}.md", lang.code())).unwrap().contents_utf8().unwrap()
    }
    /// What stands between two marks.
    fn between<'t>(text: &'t str, open: &str, close: &str) -> Vec<&'t str> {
        text.split(open).skip(1).filter_map(|rest| rest.split_once(close)).map(|(inner, _)| inner).collect()
    }

    #[test]
    fn every_guide_is_there_in_both_languages_with_the_same_parts_and_pictures() {
        for (name, _) in NAMES {
            let shape = |lang| {
                let guide = Guide::of(lang, name).unwrap_or_else(|| panic!("{name} in {lang:?}"));
                let ids: Vec<String> = guide.parts.into_iter().map(|(id, _)| id).collect();
                assert_eq!(
                    ids.len(),
                    text(lang, name).matches("\n## ").count(),
                    "{name}: a part that no page can lead to"
                );
                (ids, between(text(lang, name), "](", ")"))
            };
            assert_eq!(shape(Lang::Vi), shape(Lang::En), "{name}");
        }
        for lang in LANGS {
            let files =
                GUIDES.get_dir(lang.code()).unwrap().files().map(|f| f.path().file_name().unwrap().to_str().unwrap());
            let (pictures, guides): (BTreeSet<&str>, BTreeSet<&str>) = files.partition(|name| name.ends_with(".webp"));
            let known: BTreeSet<String> = NAMES.iter().map(|(name, _)| format!("{name}.md")).collect();
            assert!(guides.iter().copied().eq(known.iter().map(String::as_str)), "{guides:?}");
            let shown = NAMES.iter().flat_map(|(name, _)| between(text(lang, name), "](", ")"));
            let (shown, led): (BTreeSet<&str>, BTreeSet<&str>) = shown.partition(|to| to.ends_with(".webp"));
            assert_eq!(pictures, shown, "pictures that are there, and those that a guide shows");
            for to in led {
                assert!(NAMES.iter().any(|(name, _)| format!("{name}.md") == to), "{to} is no guide");
            }
        }
    }

    #[test]
    fn a_guide_calls_buttons_and_pages_what_the_console_calls_them() {
        for lang in LANGS {
            let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(lang.code());
            let files =
                std::fs::read_dir(&dir).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
            let words: Vec<String> = files.collect();
            let words: BTreeSet<&str> =
                words.iter().flat_map(|file| file.lines()).filter_map(|line| Some(line.split_once(" = ")?.1)).collect();
            let pilot = if lang == Lang::Vi { "pilot.vi.md" } else { "pilot.md" };
            let in_pilot = std::fs::read_to_string(dir.join("../../docs").join(pilot)).unwrap();
            for (name, text) in NAMES.iter().map(|(name, _)| (*name, text(lang, name))).chain([(pilot, &*in_pilot)]) {
                for said in between(text, " **", "**") {
                    assert!(words.contains(said), "{name} in {lang:?}: nothing in the console is called “{said}”");
                }
            }
        }
    }

    #[test]
    fn every_page_leads_to_a_part_that_is_there_and_every_row_is_needed() {
        let mut used = BTreeSet::new();
        for (method, path, _) in
            routes::rows().filter(|(method, path, _)| *method == "GET" && !path.starts_with("/api/"))
        {
            let to = of(path);
            let Some((name, id)) = to.strip_prefix("/help/").and_then(|to| to.split_once('#')) else { continue };
            let guide = Guide::of(Lang::Vi, name).unwrap_or_else(|| panic!("{method} {path}: {to}"));
            assert!(guide.parts.iter().any(|(part, _)| part == id), "{path}: {to}");
            used.insert(to.clone());
        }
        let all: BTreeSet<String> = PLACES.iter().map(|(_, place)| format!("/help/{place}")).collect();
        assert_eq!(used, all);
        assert_eq!(of("/nowhere"), "/help");
        assert_eq!(of("/screens/C-01/why"), "/help/operator#screen");
        assert_eq!(of("/orders/ihanoi-2024/raise"), "/help/head#raise");
    }
}

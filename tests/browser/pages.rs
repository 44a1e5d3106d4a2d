//! Every page that there is, in every way in which it is looked at. The list is the table of requests itself (`routes::rows`), so a new
//! page is tried as soon as it has its row.
//!
//! A page with a new word in its path: say in [`filled`] what stands for it. A page that is worth a look in more than one state: add its
//! address to [`MORE`].

use crate::chrome::{Chrome, Look, is_thorough, say};
use crate::place::{Place, TODAY};
use bytes::Bytes;
use http::{Request, header};
use lichphat::people::Role;
use lichphat::web::routes::rows;
use serde_json::json;
use std::collections::BTreeSet;

/// What stands for a word of a path in the town in which things happen; none: nobody has said.
fn filled(path: &str, word: &str) -> Option<String> {
    Some(match word {
        // no draw, and nothing done to many screens, is in the town: its pages say so
        "draft" if path.starts_with("/many/") => "0".to_owned(),
        "draw" | "done" => "0".to_owned(),
        "unit" => "P1".to_owned(),
        "screen" => "C-01".to_owned(),
        "order" | "campaign" => "clean-street".to_owned(),
        "account" => "operator-p1".to_owned(),
        "item" => "ban-tin".to_owned(),
        "draft" => "1".to_owned(),
        "day" => TODAY.to_owned(),
        "guide" => "operator".to_owned(),
        "lang" => "vi".to_owned(),
        // words of addresses under which there is no page: files, and what programs read
        "file" | "media" | "picture" | "report" | "…" => "0".to_owned(),
        _ => return None,
    })
}

/// Pages in a further state: lists that are cut down, days that are over, what is not there.
const MORE: &[&str] = &[
    "/help/start",
    "/help/administrator",
    "/?day=2024-09-20",
    "/?link=owner",
    "/units/HN",
    "/units/P1?show=short",
    "/screens/C-01?day=2024-09-20&plays=all",
    "/screens/C-02?plays=all",
    "/screens/C-03",
    "/screens/C-01/why?day=2024-09-20&at=08:15&campaign=clean-street",
    "/people?q=operator",
    "/screens?q=goc",
    "/search?q=goc",
    "/reports?of=2024-09-20",
    "/reports?of=2024-09-20&list=screens",
    "/nowhere",
    "/units/X9",
    "/screens/C-01?day=2026-02-30",
];

/// Every address at which a page may be, as the table has it, with its words filled in.
pub(crate) fn addresses() -> Vec<String> {
    let pages = rows().filter(|(method, path, _)| *method == "GET" && !path.starts_with("/api/"));
    let mut all = Vec::new();
    for (_, path, _) in pages {
        let segments = path.split('/').map(|segment| {
            let Some(word) = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) else {
                return segment.to_owned();
            };
            filled(path, word).unwrap_or_else(|| {
                panic!(
                    "{path}: nothing stands for {{{word}}} yet. Add a line for it to `filled` in tests/browser/pages.rs"
                )
            })
        });
        all.push(segments.collect::<Vec<_>>().join("/"));
    }
    all
}

/// Is there a page for whoever has this cookie? Its status, when it is one of HTML.
pub(crate) async fn page(place: &Place, address: &str, cookie: &str) -> Option<u16> {
    let request = Request::get(address).header(header::COOKIE, cookie).body(Bytes::new()).unwrap();
    let answer = place.service.answer(request.map(http_body_util::Full::new)).await;
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/html").then(|| answer.status().as_u16())
}

/// The pages that whoever has this cookie can open.
async fn open_to(place: &Place, cookie: &str) -> Vec<String> {
    open_of(place, addresses(), cookie).await
}

/// Those of these.
async fn open_of(place: &Place, addresses: Vec<String>, cookie: &str) -> Vec<String> {
    let mut open = Vec::new();
    for address in addresses {
        if page(place, &address, cookie).await == Some(200) {
            open.push(address);
        }
    }
    open
}

/// With the language in which it is read.
pub(crate) fn in_language(address: &str, lang: &str) -> String {
    format!("{address}{}lang={lang}", if address.contains('?') { '&' } else { '?' })
}

/// A page as the name of its pictures.
fn named(address: &str) -> String {
    let name: String = address.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if name == "-" { "today".to_owned() } else { name.trim_matches('-').to_owned() }
}

/// To what a page is held: all, or, when time is short and the same page is held to all elsewhere, that nothing scrolls sideways.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    All,
    Width,
}

/// Looks at pages in these ways and says what is wrong with them.
async fn walk(
    chrome: &mut Chrome,
    place: &Place,
    (pages, langs, looks, held): (&[String], &[&str], &[Look], Held),
    pictures: &str,
) -> Vec<String> {
    let mut faults = Vec::new();
    for address in pages {
        for lang in langs {
            chrome.look(looks[0]).await;
            chrome.go(&format!("{}{}", place.url, in_language(address, lang))).await;
            assert_eq!(chrome.ask("return document.documentElement.lang", vec![]).await, *lang, "{address}");
            for look in looks {
                chrome.look(*look).await;
                let all = held == Held::All || is_thorough();
                let found = if all { chrome.faults().await } else { chrome.sticks_out().await };
                let name = format!("{pictures}/{}-{lang}-{}", named(address), look.word());
                match found[..] {
                    [] => chrome.seen(&name).await,
                    _ => chrome.picture(&name).await,
                }
                faults.extend(found.into_iter().map(|fault| format!("{address} ({lang}, {}): {fault}", look.word())));
            }
        }
    }
    faults
}

/// Looks at pages in one language in every way when there is time; else at every other page, the rest being the other language's, in one
/// way of the four in turn.
async fn walk_in(chrome: &mut Chrome, place: &Place, (pages, lang): (&[String], &str), pictures: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (n, page) in pages.iter().enumerate() {
        let one = [Look::ALL[n / 2 % 4]];
        let looks = match is_thorough() {
            true => &Look::ALL[..],
            false if n.is_multiple_of(2) == (lang == "vi") => &one[..],
            false => continue,
        };
        let page = std::slice::from_ref(page);
        faults.extend(walk(chrome, place, (page, &[lang], looks, Held::All), pictures).await);
    }
    faults
}

/// What came over the line for the page, once its letters are there: address and bytes with headers.
const CAME: &str = "
    const done = arguments[0];
    document.fonts.ready.then(() => {
        const parts = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
        done(parts.filter(part => part.initiatorType !== 'fetch').map(part => [new URL(part.name).pathname, part.transferSize]));
    });";

/// Of a hundred letters of an element, so many are set in letters of ours: an arrow or a box may be the system's.
async fn ours(chrome: &Chrome, element: &str) -> u64 {
    chrome.ask_later("document.fonts.ready.then(() => arguments[0]())").await;
    chrome.cdp("DOM.enable", json!({})).await;
    chrome.cdp("CSS.enable", json!({})).await;
    let root = chrome.cdp("DOM.getDocument", json!({})).await["root"]["nodeId"].clone();
    let node = chrome.cdp("DOM.querySelector", json!({ "nodeId": root, "selector": element })).await["nodeId"].clone();
    assert_ne!(node, 0, "{element} is not on the page");
    let used = chrome.cdp("CSS.getPlatformFontsForNode", json!({ "nodeId": node })).await;
    let (mut ours, mut all) = (0, 0);
    for font in used["fonts"].as_array().unwrap() {
        let letters = font["glyphCount"].as_f64().unwrap() as u64;
        all += letters;
        if font["isCustomFont"] == true && font["familyName"].as_str().unwrap().starts_with("Be Vietnam Pro") {
            ours += letters;
        }
    }
    for domain in ["CSS", "DOM"] {
        chrome.cdp(&format!("{domain}.disable"), json!({})).await;
    }
    assert!(all > 0, "{element} has no letters");
    ours * 100 / all
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_set_in_letters_made_for_vietnamese_that_come_with_the_program() {
    let place = Place::alive().await;
    let chrome = Chrome::start(Look::DESK).await;
    chrome.wear(&place.url, Some(&place.pass.cookie)).await;
    for (page, element) in [("/", "h1"), ("/", ".verdict"), ("/units/P1", "caption"), ("/screens/C-01", "#box dt")] {
        chrome.go(&format!("{}{page}", place.url)).await;
        let ours = ours(&chrome, element).await;
        assert!(ours >= 90, "{page} {element}: {ours} of 100 letters are ours");
    }
}

fn told(mut faults: Vec<String>) {
    faults.sort();
    let what: BTreeSet<&str> = faults.iter().filter_map(|f| f.split("): ").nth(1)?.split(' ').next()).collect();
    assert!(faults.is_empty(), "{} faults ({what:?}):\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_fit_for_everybody_in_every_way_it_is_looked_at() {
    let place = Place::alive().await;
    place.role(Role::Operator, Some("P1")).await; // whom the administrator's pages show
    let mut pages = open_to(&place, &place.pass.cookie).await;
    for address in addresses() {
        let status = page(&place, &address, &place.pass.cookie).await;
        let is_file = ["/0", "/document", ".csv", "/bundle"].iter().any(|end| address.ends_with(end));
        assert!(
            is_file || status.is_none_or(|status| status == 200),
            "{address} answers {status:?} in the town of the test: let `filled` in tests/browser/pages.rs name what is there"
        );
    }
    say(&format!("{} of {} addresses are pages", pages.len(), addresses().len()));
    assert!(pages.len() >= 13, "{pages:?}");
    pages.extend(MORE.iter().map(|page| (*page).to_owned()));
    let (mut first, mut second) = tokio::join!(Chrome::start(Look::PHONE), Chrome::start(Look::PHONE));
    for chrome in [&first, &second] {
        chrome.wear(&place.url, Some(&place.pass.cookie)).await;
    }
    let (vi, en) = tokio::join!(
        walk_in(&mut first, &place, (&pages, "vi"), "pages"),
        walk_in(&mut second, &place, (&pages, "en"), "pages"),
    );
    first.wear(&place.url, None).await;
    second.wear(&place.url, None).await;
    let strangers = ["/login".to_owned(), "/first".to_owned()];
    let out = walk_in(&mut first, &place, (&strangers, "vi"), "strangers").await;
    let out_en = walk_in(&mut second, &place, (&strangers, "en"), "strangers").await;
    told([vi, en, out, out_en].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_finds_every_page_that_it_may_see_fit() {
    let place = Place::alive().await;
    let mut chrome = Chrome::start(Look::PHONE).await;
    let (mut faults, mut at, mut whose) = (Vec::new(), 0, 0_usize);
    for role in Role::ALL {
        for unit in [Some("P1"), None] {
            let pass = place.role(*role, unit).await;
            chrome.wear(&place.url, Some(&pass.cookie)).await;
            // when time is short, each sees another tenth of them
            whose += 1;
            let his = |n: usize| is_thorough() || (n + whose).is_multiple_of(10);
            let some = addresses().into_iter().enumerate().filter(|(n, _)| his(*n)).map(|(_, page)| page).collect();
            for page in open_of(&place, some, &pass.cookie).await {
                // each in one way, in turn
                let (look, lang) = (Look::ALL[at % 4], ["vi", "en"][at / 4 % 2]);
                at += 1;
                let name = format!("roles/{role}-{}", unit.unwrap_or("city"));
                faults.extend(walk(&mut chrome, &place, (&[page], &[lang], &[look], Held::All), &name).await);
            }
        }
    }
    say(&format!("{at} pages of {} roles", Role::ALL.len()));
    assert!(at >= 20, "{at}");
    told(faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_mean_harm_or_are_hard_to_show_break_no_page_and_do_nothing() {
    let place = Place::hostile().await;
    let mut pages = open_to(&place, &place.pass.cookie).await;
    pages.extend(["/units/HN", "/units/P2", "/screens/C-02", "/screens/C-03", "/screens/C-04"].map(str::to_owned));
    let mut chrome = Chrome::start(Look::PHONE).await;
    chrome.wear(&place.url, Some(&place.pass.cookie)).await;
    let mut faults = Vec::new();
    let looks = [Look::PHONE, Look { phone: false, dark: true }];
    let looks = if is_thorough() { &looks[..] } else { &looks[..1] };
    for page in pages {
        let this = std::slice::from_ref(&page);
        faults.extend(walk(&mut chrome, &place, (this, &["vi"], looks, Held::Width), "hostile").await);
        if chrome.ask("return window.harmed === undefined", vec![]).await != true {
            faults.push(format!("{page}: a name has run"));
        }
    }
    told(faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_of_twenty_thousand_screens_fits_a_telephone() {
    let place = Place::large(20_000).await;
    let mut pages = Vec::new();
    for page in open_to(&place, &place.pass.cookie).await {
        pages.push(page.replace("C-01", "C-00001"));
    }
    pages.extend(["/screens/C-00001", "/units/HN", "/units/HN?page=7", "/?page=2"].map(str::to_owned));
    pages.dedup();
    let mut chrome = Chrome::start(Look::PHONE).await;
    chrome.wear(&place.url, Some(&place.pass.cookie)).await;
    // with nothing in the browser's cache: the page, the style sheet, the script, the letters
    chrome.go(&place.url).await;
    let came = chrome.ask_later(CAME).await;
    let bytes: u64 = came.as_array().unwrap().iter().map(|part| part[1].as_u64().unwrap()).sum();
    say(&format!("the first page over 20,000 screens: {bytes} bytes over the line: {came}"));
    assert!((1..=150_000).contains(&bytes) && came.as_array().unwrap().len() >= 5, "{bytes} bytes: {came}");
    let looks = if is_thorough() { &[Look::PHONE, Look::DESK][..] } else { &[Look::PHONE][..] };
    if !is_thorough() {
        let mut n = 0_usize;
        pages.retain(|page| {
            n += 1;
            n.is_multiple_of(2) || page.contains("units") || page.contains("screens") || page == "/"
        });
    }
    let faults = walk(&mut chrome, &place, (&pages, &["vi"], looks, Held::Width), "large").await;
    say(&format!("{} pages over 20,000 screens", pages.len()));
    told(faults);
}

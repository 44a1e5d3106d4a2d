//! Every request that people may make, and what it needs: ONE table. What has no row cannot be reached.
//!
//! The gate of the people's door ([`super::gate`]) holds each request against it; handlers do not look at roles again. A path's
//! `{word}` stands for one segment and a last `{…}` for all that follow.

use crate::people::Act;
use http::Method;

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Anyone,
    /// An account.
    Account,
    /// An account whose owner has signed in with a browser: no token will do.
    Session,
    /// A role that allows it there ([`crate::people::RULES`]).
    May(Act, Subject),
}

/// On what; a word of the path is its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The city as a whole.
    City,
    /// The unit of that word.
    Unit(&'static str),
    /// The screen of that word.
    Screen(&'static str),
    /// Something, somewhere: what it is the room looks at, because no path says it.
    Somewhere,
}

/// One row: method (`GET` stands for `HEAD`, too), path, need.
pub type Row = (&'static str, &'static str, Need);

use Act::{Administer, Audit, Compose, Direct, Enrol, Operate, Raise, View, Watch};
use Need::{Account, Anyone, May, Session};
use Subject::{City, Screen, Somewhere, Unit};

/// The table.
pub const ROWS: &[Row] = &[
    // how the server is
    ("GET", "/healthz", Anyone),
    ("GET", "/readyz", Anyone),
    ("GET", "/readyz/why", May(Watch, City)),
    ("GET", "/metrics", May(Watch, City)),
    // the log, which anybody verifies
    ("GET", "/log/{…}", Anyone),
    // coming in
    ("GET", "/static/{file}", Anyone),
    // how things are done: whoever cannot sign in needs it most
    ("GET", "/help", Anyone),
    ("GET", "/help/{guide}", Anyone),
    ("GET", "/help/{lang}/{picture}", Anyone),
    ("GET", "/login", Anyone),
    ("POST", "/login", Anyone),
    ("POST", "/login/passkey", Anyone),
    ("POST", "/logout", Anyone),
    ("GET", "/first", Anyone),
    ("POST", "/first", Anyone),
    ("GET", "/account", Session),
    ("POST", "/account/password", Session),
    ("POST", "/account/delegate", Session),
    ("POST", "/account/revoke", Session),
    ("POST", "/account/passkeys", Session),
    ("POST", "/account/passkeys/made", Session),
    ("POST", "/account/passkeys/remove", Session),
    ("POST", "/account/digits/remove", Session),
    // whom others let in
    ("GET", "/people", May(Administer, Somewhere)),
    ("POST", "/people", May(Administer, Somewhere)),
    ("GET", "/people/{account}", May(Administer, Somewhere)),
    ("POST", "/people/{account}/grant", May(Administer, Somewhere)),
    ("POST", "/people/{account}/revoke", May(Administer, Somewhere)),
    ("POST", "/people/{account}/code", May(Administer, Somewhere)),
    ("POST", "/people/{account}/deactivate", May(Administer, Somewhere)),
    // pages
    ("GET", "/", Account),
    // news for pages that are open
    ("GET", "/live", Session),
    // whose word a proposal takes stands in it: the room of approvals asks for the role over just those units
    ("GET", "/approvals", Account),
    ("POST", "/approvals/{proposal}", Account),
    ("GET", "/approvals/files/{media}", Account),
    // orders are everybody's
    ("GET", "/orders", Account),
    ("GET", "/orders/new", May(Direct, City)),
    ("POST", "/orders/new", May(Direct, City)),
    // who may know of a draft, and who may say what of it, is the room's to say: several roles may
    ("GET", "/orders/drafts/{draft}", Account),
    ("POST", "/orders/drafts/{draft}", Account),
    ("GET", "/orders/drafts/{draft}/edit", May(Direct, City)),
    ("POST", "/orders/drafts/{draft}/edit", May(Direct, City)),
    ("GET", "/orders/drafts/{draft}/files/{media}", Account),
    ("GET", "/orders/{order}", May(View, Somewhere)),
    ("GET", "/orders/{order}/document", May(View, Somewhere)),
    ("GET", "/orders/{order}/files/{media}", Account),
    // a unit's own content; a picture is of a file that the reader may know of
    ("GET", "/content", May(Compose, Somewhere)),
    ("GET", "/content/thumb/{media}", Account),
    ("GET", "/content/{unit}", May(View, Unit("unit"))),
    ("GET", "/content/{unit}/preview", May(View, Unit("unit"))),
    ("GET", "/content/{unit}/items/{item}", May(Compose, Unit("unit"))),
    ("POST", "/content/{unit}/items/{item}", May(Compose, Unit("unit"))),
    ("POST", "/content/{unit}/upload", May(Compose, Unit("unit"))),
    ("POST", "/content/{unit}/order", May(Compose, Unit("unit"))),
    ("POST", "/content/{unit}/send", May(Compose, Unit("unit"))),
    ("GET", "/orders/{order}/raise", May(Raise, Somewhere)),
    ("POST", "/orders/{order}/raise", May(Raise, Somewhere)),
    // whose screens a case is about stands in it: the page looks at what the reader sees
    ("GET", "/alerts", Account),
    ("POST", "/alerts", Session),
    ("POST", "/alerts/{case}", Session),
    // behind the figures, which he cannot change: plays by his own reach, draws of the city
    ("GET", "/audit", May(Audit, Somewhere)),
    ("GET", "/audit/plays.csv", May(Audit, Somewhere)),
    ("GET", "/audit/bundle", May(Audit, City)),
    ("GET", "/audit/draws", May(Audit, City)),
    ("POST", "/audit/draws", May(Audit, City)),
    ("GET", "/audit/draws/{draw}", May(Audit, City)),
    ("POST", "/audit/findings", May(Audit, City)),
    ("GET", "/peaks", May(View, City)),
    ("GET", "/preflight/{order}", May(View, City)),
    // lists show what may be seen: of whom nothing may be seen, they are empty
    ("GET", "/screens", Account),
    ("GET", "/many/list.csv", Account),
    // what is done to many is held against his roles screen by screen, in the preview
    ("POST", "/many/choose", Account),
    ("GET", "/many/drafts/{draft}", Account),
    ("POST", "/many/drafts/{draft}", Account),
    ("GET", "/many/drafts/{draft}/list.csv", Account),
    ("GET", "/many/done", Account),
    ("GET", "/many/done/{done}", Account),
    ("GET", "/many/done/{done}/list.csv", Account),
    ("POST", "/many/done/{done}/undo", Account),
    ("GET", "/many/import", May(Administer, City)),
    ("POST", "/many/import", May(Administer, City)),
    ("GET", "/many/import/{file}", May(Administer, City)),
    ("POST", "/many/import/{file}", May(Administer, City)),
    ("GET", "/many/groups", Account),
    ("POST", "/many/groups", Account),
    ("POST", "/many/groups/{group}", Account),
    ("POST", "/many/groups/{group}/remove", Account),
    ("GET", "/search", Account),
    // of which unit stands in the query: what the reader may not see is no unit of his
    ("GET", "/reports", May(View, Somewhere)),
    ("GET", "/reports/{report}", May(View, Somewhere)),
    // who may close or explain that one, the room of reports asks
    ("POST", "/reports/close", May(View, Somewhere)),
    ("POST", "/reports/explain", May(View, Somewhere)),
    ("GET", "/screens/{screen}", May(View, Screen("screen"))),
    ("GET", "/screens/{screen}/why", May(View, Screen("screen"))),
    ("GET", "/screens/{screen}/asked/{file}", May(View, Screen("screen"))),
    ("GET", "/screens/{screen}/week", May(View, Screen("screen"))),
    ("GET", "/screens/{screen}/history", May(View, Screen("screen"))),
    ("POST", "/screens/{screen}/closure", May(Operate, Screen("screen"))),
    ("POST", "/screens/{screen}/ask", May(Operate, Screen("screen"))),
    // boxes that come in
    ("GET", "/pairing", May(Enrol, Somewhere)),
    ("POST", "/screens/{screen}/pairing", May(Enrol, Screen("screen"))),
    ("GET", "/units/{unit}", May(View, Unit("unit"))),
];

/// Every row: those of [`ROWS`], and one for each operation of the API, which stands in a table of its own.
pub fn rows() -> impl Iterator<Item = Row> {
    ROWS.iter().copied().chain(super::api::rows())
}

/// The methods by which something is there.
pub(super) fn methods_of(path: &str) -> Vec<&'static str> {
    rows().filter(|(_, pattern, _)| matched(pattern, path).is_some()).map(|(method, ..)| method).collect()
}

/// What a request is in the table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'p> {
    /// This row, with the words of its path.
    Row(Need, Vec<(&'static str, &'p str)>),
    /// Only by other methods.
    OtherMethod,
    /// Nothing.
    Nothing,
}

/// Looks a request up; the path is taken letter by letter, so that no second spelling of it slips by.
pub(super) fn find<'p>(method: &Method, path: &'p str) -> Found<'p> {
    let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
    let mut other = false;
    for (of, pattern, need) in rows() {
        let Some(words) = matched(pattern, path) else { continue };
        if of == method.as_str() {
            return Found::Row(need, words);
        }
        other = true;
    }
    if other { Found::OtherMethod } else { Found::Nothing }
}

fn matched<'p>(pattern: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let (mut words, mut given) = (Vec::new(), path.split('/'));
    for wanted in pattern.split('/') {
        if wanted == "{…}" {
            return given.next().map(|_| words);
        }
        let given = given.next()?;
        match wanted.strip_prefix('{').and_then(|word| word.strip_suffix('}')) {
            Some(word) if !given.is_empty() => words.push((word, given)),
            None if given == wanted => {}
            _ => return None,
        }
    }
    given.next().is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_row_or_none() {
        let get = |path| find(&Method::GET, path);
        assert_eq!(get("/"), Found::Row(Account, vec![]));
        let screen = May(View, Screen("screen"));
        assert_eq!(get("/screens/C-01"), Found::Row(screen, vec![("screen", "C-01")]));
        assert_eq!(find(&Method::HEAD, "/screens/C-01"), get("/screens/C-01"));
        assert_eq!(get("/log/checkpoint"), Found::Row(Anyone, vec![]));
        assert_eq!(get("/log/tile/0/x001/234"), Found::Row(Anyone, vec![]));
        assert_eq!(find(&Method::POST, "/"), Found::OtherMethod);
        for path in [
            "",
            "//",
            "/screens/",
            "/screens//why",
            "//screens/C-01",
            "/screens/C-01/",
            "/log",
            "/nowhere",
            "/static/a/b",
        ] {
            assert_eq!(get(path), Found::Nothing, "{path}");
        }
    }

    #[test]
    fn every_word_a_row_needs_stands_in_its_path() {
        for (method, path, need) in rows() {
            assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method), "{path}");
            if let May(_, Unit(word) | Screen(word)) = need {
                assert!(path.contains(&format!("{{{word}}}")), "{method} {path}");
            }
            let twice = rows().filter(|(m, p, _)| *m == method && *p == path).count();
            assert_eq!(twice, 1, "{method} {path}");
        }
    }
}

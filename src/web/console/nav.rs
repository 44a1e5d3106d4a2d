//! The menu: which rooms of the console a reader finds there. It opens nothing that [`crate::web::routes`] does not; it leaves out what
//! would only refuse him.

use super::Asked;
use crate::people::{Act, Denied};
use lichphat_playlists::time::LocalDay;

/// One room of the console: the word of the menu, its first page, and the act that it is for; none: whoever has an account.
struct Room {
    word: &'static str,
    path: &'static str,
    act: Option<Act>,
}

const fn room(word: &'static str, path: &'static str, act: Option<Act>) -> Room {
    Room { word, path, act }
}

/// In the order of the menu: what is looked at daily first.
const ROOMS: &[Room] = &[
    room("nav-today", "/", None),
    room("nav-orders", "/orders", None),
    room("nav-screens", "/screens", None),
    room("nav-content", "/content", Some(Act::Compose)),
    room("nav-approvals", "/approvals", None),
    room("nav-reports", "/reports", Some(Act::View)),
    room("nav-alerts", "/alerts", None),
    room("nav-pairing", "/pairing", Some(Act::Enrol)),
    room("nav-audit", "/audit", Some(Act::Audit)),
    room("nav-people", "/people", Some(Act::Administer)),
];

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it is called.
    pub(super) word: String,
    /// Where it leads.
    pub(super) path: &'static str,
    /// The page lies in this room.
    pub(super) current: bool,
}

/// The menu of whoever asks; empty when nobody has signed in.
pub(super) fn menu(asked: &Asked, today: LocalDay) -> Vec<Entry> {
    let Some(caller) = &asked.caller else { return Vec::new() };
    // who only lacks the second factor finds the room, and is told at its door what he needs
    let finds = |act| matches!(caller.may_somewhere(act, today), Ok(()) | Err(Denied::Weak));
    ROOMS
        .iter()
        .filter(|room| room.act.is_none_or(finds))
        .map(|room| Entry {
            word: asked.lang.text(room.word),
            path: room.path,
            current: lies_in(&asked.path, room.path),
        })
        .collect()
}

/// Is that page the room's first one, or below it?
fn lies_in(path: &str, room: &str) -> bool {
    path == room || (room != "/" && path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::routes::{self, Need};

    #[test]
    fn every_line_of_the_menu_leads_to_a_page_of_the_table() {
        for room in ROOMS {
            let row = routes::rows().find(|(method, path, _)| *method == "GET" && *path == room.path);
            let (.., need) = row.unwrap_or_else(|| panic!("{} is no page", room.path));
            match need {
                Need::May(act, _) => assert_eq!(room.act, Some(act), "{}", room.path),
                need => assert_eq!((room.act, need), (None, Need::Account), "{}", room.path),
            }
        }
    }

    #[test]
    fn a_page_lies_in_its_room_and_in_no_other() {
        assert!(lies_in("/", "/") && !lies_in("/people", "/"));
        assert!(lies_in("/people", "/people") && lies_in("/people/an", "/people"));
        assert!(!lies_in("/peoples", "/people"));
    }
}

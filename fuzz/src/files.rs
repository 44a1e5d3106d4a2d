//! Files that people write: settings, imports of every kind, counts.

use super::{choosing, chosen, refused, text};
use lichphat::campaigns::{self, Campaigns};
use lichphat::config::Settings;
use lichphat::directory::Directory;
use lichphat::directory::counts::{CountColumns, read_counts};
use lichphat::directory::import::{Context, Kind, parse};
use lichphat::directory::problem::Problems;
use lichphat::directory::table::SourceFile;
use lichphat_player::config::PlayerConfig;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::device::Provisioning;
use std::path::Path;
use std::sync::LazyLock;

/// TOML that a server, a player or an operator's file brings.
pub(super) fn settings(data: &[u8]) -> bool {
    let Some((way, rest)) = chosen(data, 3) else { return false };
    let Ok(input) = std::str::from_utf8(rest) else { return false };
    match way {
        0 => Settings::parse(input, Path::new("server.toml")).map_or_else(|e| refused(&e), |_| true),
        1 => PlayerConfig::parse(input).map_or_else(|e| refused(&e), |_| true),
        _ => text(
            input,
            |file| toml::from_str::<Provisioning>(file),
            |file| toml::to_string(file).expect("it can be written"),
        ),
    }
}

pub(super) fn settings_seeds() -> Vec<Vec<u8>> {
    let provisioning = "server = \"http://127.0.0.1:8087\"\nscreen = \"P00004-01\"\nplan_key = \"a\"\n\
                        receipt_key = \"b\"\ncommand_key = \"c\"\ntoken = \"00\"\n";
    vec![
        choosing(0, include_bytes!("../../config/server.toml")),
        choosing(1, include_bytes!("../../config/player.toml")),
        choosing(2, provisioning.as_bytes()),
    ]
}

const UNITS: &[u8] = include_bytes!("../../tests/fixtures/town/units.csv");
const SCREENS: &[u8] =
    b"code,name,venue_type,kind,owner,territory\noffice,A,corner,managed,P1,P1\nbus,B,loudspeaker,managed,P1,-\n";

/// A small town that imports can speak of.
static TOWN: LazyLock<Directory> = LazyLock::new(|| {
    let venues = include_bytes!("../../tests/fixtures/town/venues.toml");
    take(Directory::default(), &[(Kind::Units, "units.csv", UNITS), (Kind::Venues, "venues.toml", venues)])
});

/// The city that ships with the program around it, for orders and programmes that name its units.
static CITY: LazyLock<Directory> = LazyLock::new(|| {
    let units = include_bytes!("../../config/directory/units.toml");
    let venues = include_bytes!("../../config/venues.toml");
    take(TOWN.clone(), &[(Kind::Units, "units.toml", units), (Kind::Venues, "venues.toml", venues)])
});

fn take(mut directory: Directory, files: &[(Kind, &str, &[u8])]) -> Directory {
    for &(kind, name, bytes) in files.iter().chain(&[(Kind::Screens, "screens.csv", SCREENS)]) {
        let batch = parse(kind, SourceFile { name, bytes }, Context { directory: &directory, now: noon(19) });
        directory.apply(batch.expect("a good file"));
    }
    directory
}

fn noon(day: u32) -> UtcMillis {
    LocalDay::from_ymd(2026, 11, day).expect("a day").at(43_200, HANOI)
}

/// Every defect has a place and a mend in both languages; false.
fn told(problems: &Problems) -> bool {
    assert!(problems.iter().count() > 0, "refused without a problem");
    for problem in problems.iter() {
        let mended = problem.line > 0 && !problem.mend.vi.is_empty() && !problem.mend.en.is_empty();
        assert!(mended, "without a place or a mend: {problem:?}");
    }
    false
}

/// Kind and name of a file, chosen by the first byte.
const KINDS: [(Kind, &str); 11] = [
    (Kind::Units, "units.csv"),
    (Kind::Units, "units.toml"),
    (Kind::Screens, "screens.csv"),
    (Kind::Screens, "screens.toml"),
    (Kind::Venues, "venues.toml"),
    (Kind::Duty, "duty.csv"),
    (Kind::Calendar, "days.csv"),
    (Kind::Calendar, "days.ics"),
    (Kind::Calendar, "days.toml"),
    (Kind::Footfall, "footfall.csv"),
    (Kind::Closures, "closures.csv"),
];

/// A file for the directory is refused with every defect, or taken; taken again it changes nothing.
pub(super) fn directory(data: &[u8]) -> bool {
    let Some((way, bytes)) = chosen(data, KINDS.len()) else { return false };
    let (kind, name) = KINDS[way];
    let file = SourceFile { name, bytes };
    match parse(kind, file, Context { directory: &TOWN, now: noon(20) }) {
        Err(problems) => told(&problems),
        Ok(batch) => {
            let mut town = TOWN.clone();
            town.apply(batch);
            let again = parse(kind, file, Context { directory: &town, now: noon(21) });
            let again = again.unwrap_or_else(|problems| panic!("taken once, then refused: {problems}"));
            assert!(town.apply(again).1.nothing_changed(), "taken twice");
            true
        }
    }
}

pub(super) fn directory_seeds() -> Vec<Vec<u8>> {
    vec![
        choosing(0, UNITS),
        choosing(1, "[[unit]]\ncode = \"X\"\nname = \"Xã\"\nkind = \"ward\"\nparent = \"HN\"\nfrom = 2025-07-01\n".as_bytes()),
        choosing(2, SCREENS),
        choosing(3, b"[[screen]]\ncode = \"s\"\nname = \"S\"\nvenue_type = \"corner\"\nkind = \"none\"\nowner = \"P1\"\n"),
        choosing(
            4,
            b"[[venue]]\ntype = \"bus\"\nname = \"a\"\nname_en = \"b\"\ncalendar = \"none\"\nconfidence = \"sourced\"\n\
              source = \"c\"\nterms = [\"09-05..05-31\"]\n[[venue.hours]]\ndays = \"mon-fri\"\nopen = \"05:00-22:30\"\n\
              peaks = \"06:30-09:00\"\n",
        ),
        choosing(5, b"screen,date,hours\nbus,2026-11-20,05:12-09:40;15:00-20:10\nbus,2026-11-21,-\n"),
        choosing(6, &include_bytes!("../../config/calendar/holidays-vn.csv")[..1_500]),
        choosing(
            7,
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20280125\r\n\
             DTEND;VALUE=DATE:20280128\r\nSUMMARY:Tết\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
                .as_bytes(),
        ),
        choosing(9, b"subject,date,time,minutes,people\noffice,2026-11-13,8,15,40\nvenue:corner,2026-11-13,08:15,,7\n"),
        choosing(
            10,
            b"screen,unit,link,from,to,reason,author\noffice,,,2026-11-19 09:00,2026-11-19,a,b\n\
              ,P1,owner,2026-11-23,2026-11-24,a,b\n",
        ),
    ]
}

/// Orders and local programmes.
pub(super) fn campaigns(data: &[u8]) -> bool {
    let Some((way, bytes)) = chosen(data, 2) else { return false };
    let read = if way == 0 { campaigns::directive } else { campaigns::programme };
    let file = SourceFile { name: "campaign.toml", bytes };
    let mut known = Campaigns::default();
    match read(file, campaigns::Context { directory: &CITY, campaigns: &known, now: noon(20) }) {
        Err(problems) => told(&problems),
        Ok(batch) => {
            known.apply(batch);
            let again = read(file, campaigns::Context { directory: &CITY, campaigns: &known, now: noon(20) });
            let again = again.unwrap_or_else(|problems| panic!("taken once, then refused: {problems}"));
            assert!(known.apply(again).1.nothing_changed(), "taken twice");
            true
        }
    }
}

pub(super) fn campaign_seeds() -> Vec<Vec<u8>> {
    vec![
        choosing(0, include_bytes!("../../config/directives/loudspeaker-2025.toml")),
        choosing(0, include_bytes!("../../tests/fixtures/town/order.toml")),
        choosing(1, include_bytes!("../../tests/fixtures/town/loop.toml")),
        choosing(0, include_bytes!("../../config/directives/ihanoi-2024.toml")),
        choosing(1, include_bytes!("../../config/sample/local-loop.toml")),
    ]
}

/// Anybody's counts of people.
pub(super) fn counts(data: &[u8]) -> bool {
    let Some((way, bytes)) = chosen(data, 2) else { return false };
    let place = (way == 1).then_some(("place", "X"));
    match read_counts(SourceFile { name: "counts.csv", bytes }, CountColumns { count: "count", place }) {
        Err(problems) => told(&problems),
        Ok(file) => {
            assert!(file.length_s > 0, "rows that count no time");
            true
        }
    }
}

pub(super) fn count_seeds() -> Vec<Vec<u8>> {
    vec![
        choosing(0, b"date,hour,count\n2026-11-20,7,120\n2026-11-20,8,\n2026-11-21,23,4.5\n"),
        choosing(1, b"date;time;count;place\n2026-11-20;07:15;120;X\n2026-11-20;24:00;3;Y\n"),
    ]
}

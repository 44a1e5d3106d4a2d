//! Files that people write: settings, imports of every kind, counts.

use super::{choosing, chosen, refused, text};
use lichphat::backup::{FORM, Manifest, Saved};
use lichphat::campaigns::{self, Campaigns};
use lichphat::config::Settings;
use lichphat::directory::Directory;
use lichphat::directory::counts::{CountColumns, read_counts};
use lichphat::directory::import::{Context, Kind, parse};
use lichphat::directory::problem::Problems;
use lichphat::directory::table::SourceFile;
use lichphat::exchange::log::{Known, Log, read};
use lichphat::exchange::mapping::Mapping;
use lichphat::exchange::out::Form;
use lichphat::people;
use lichphat_player::config::PlayerConfig;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::device::Provisioning;
use lichphat_playlists::wire::sign::{LogSigning, SigningKey};
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
    let provisioning = "server = \"https://a.example:8088\"\npairing = \"https://a.example:8089\"\nauthority = \"\"\nscreen = \"P00004-01\"\nplan_key = \"a\"\napproval_key = \"d\"\n\
                        receipt_key = \"b\"\ncommand_key = \"c\"\ntoken = \"00\"\nlog_key = ";
    let log: VerifierKey<LogSigning> =
        VerifierKey::new("a/b", SigningKey::from_seed(&[7; 32]).verifying_key()).expect("a name");
    vec![
        choosing(0, include_bytes!("../../config/server.toml")),
        choosing(1, include_bytes!("../../config/player.toml")),
        choosing(2, format!("{provisioning}\"{log}\"\n").as_bytes()),
    ]
}

/// Accounts and their roles, CSV or TOML.
pub(super) fn accounts(data: &[u8]) -> bool {
    let Some((way, bytes)) = chosen(data, 2) else { return false };
    let name = ["accounts.csv", "accounts.toml"][way];
    let parse = || people::parse(SourceFile { name, bytes }, &TOWN, "2026-11-20".parse().expect("a day"));
    match parse() {
        Ok(entries) => {
            assert!(entries.iter().all(|e| !e.name.trim().is_empty() && e.account.as_str() != "shell"));
            true
        }
        Err(problems) => told(&problems),
    }
}

pub(super) fn account_seeds() -> Vec<Vec<u8>> {
    let csv =
        "account,name,role,unit,from,to,decision\nan,Trần An,operator,P1,,2099-12-31,12/QĐ\nan,Trần An,viewer,*,,,\n";
    let toml = "[[account]]\naccount = 'binh'\nname = 'Lê Bình'\nrole = 'unit-head'\nunit = 'HN'\n";
    vec![choosing(0, csv.as_bytes()), choosing(1, toml.as_bytes())]
}

/// What a backup says it holds.
pub(super) fn manifest(data: &[u8]) -> bool {
    let Ok(input) = std::str::from_utf8(data) else { return false };
    let written = |manifest: &Manifest| serde_json::to_string(manifest).expect("it can be written");
    text(input, |json| Manifest::parse(json.as_bytes()), written)
}

pub(super) fn manifest_seeds() -> Vec<Vec<u8>> {
    let file = |text: &[u8]| Saved { hash: Sha256Hash::of(text), bytes: text.len() as u64 };
    let files =
        [("lichphat.db", file(b"db")), ("media/ab/abc", file(b""))].map(|(path, saved)| (path.to_owned(), saved));
    let manifest = Manifest { form: FORM.into(), program: "0.1.0".into(), at: UtcMillis(1), files: files.into() };
    vec![serde_json::to_vec(&manifest).expect("it can be written")]
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

/// An order of the small town, of which logs can speak.
static ORDERS: LazyLock<Campaigns> = LazyLock::new(|| {
    let file = SourceFile { name: "order.toml", bytes: include_bytes!("../../tests/fixtures/town/order.toml") };
    let mut known = Campaigns::default();
    let beside = campaigns::Context { directory: &CITY, campaigns: &known, now: noon(19) };
    let batch = campaigns::directive(file, beside).expect("a good file");
    known.apply(batch);
    known
});

fn log(form: Form, bytes: &[u8], mapping: &Mapping) -> Result<Log, Problems> {
    let known = Known { directory: &TOWN, campaigns: &ORDERS, now: noon(20), offset: HANOI };
    read(form, SourceFile { name: "log.csv", bytes }, mapping, known)
}

const MAPPED: &str =
    "screen;what;day;at;secs\noffice;clip;20/11/2026;08:00:00;15\nX;clip;20/11/2026;08:05:00;00:00:15\n";
const MAPPING: &str = "zone = \"+07:00\"\ntime = \"%d/%m/%Y %H:%M:%S\"\nskip_unknown = true\n[columns]\nscreen = \"screen\"\n\
                       media = \"what\"\nstart = \"at\"\ndate = \"day\"\nlength = \"secs\"\n[screens]\nX = \"bus\"\n[media]\n\
                       clip = \"clean-street\"\n";

/// Other vendors' logs, and how they are to be read. What is taken is each play once, in order, none of them in the
/// future; written in our own form it reads the same.
pub(super) fn declared_plays(data: &[u8]) -> bool {
    let Some((way, bytes)) = chosen(data, 5) else { return false };
    let mapping =
        Mapping::parse(SourceFile { name: "map.toml", bytes: if way == 4 { bytes } else { MAPPING.as_bytes() } });
    let mapping = match mapping {
        Err(problems) => return told(&problems),
        Ok(mapping) => mapping,
    };
    let read = match way {
        0 => log(Form::Prs, bytes, &Mapping::default()),
        1 => log(Form::Xibo, bytes, &Mapping::default()),
        2 => log(Form::Csv, bytes, &Mapping::default()),
        3 => log(Form::Csv, bytes, &mapping),
        _ => {
            let _ = log(Form::Csv, MAPPED.as_bytes(), &mapping).map_err(|problems| told(&problems));
            return true;
        }
    };
    let log_read = match read {
        Err(problems) => return told(&problems),
        Ok(read) => read,
    };
    let name = |p: &lichphat::exchange::log::LogPlay| (p.screen.clone(), p.start, p.campaign.clone());
    assert!(log_read.plays.windows(2).all(|two| name(&two[0]) < name(&two[1])), "a play twice, or out of order");
    let mut own = "screen,campaign,start,end,standing\n".to_owned();
    for play in &log_read.plays {
        assert!(play.start <= play.end && play.end <= noon(20).plus_ms(10_000), "an impossible play: {play:?}");
        let (start, end) = (play.start.rfc3339(HANOI), play.end.rfc3339(HANOI));
        own += &format!("{},{},{start},{end},counted\n", play.screen, play.campaign);
    }
    let again = log(Form::Csv, own.as_bytes(), &Mapping::default());
    let again = again.unwrap_or_else(|problems| panic!("taken once, then refused: {problems}"));
    let same = |log: &Log| log.plays.iter().map(|p| (name(p), p.end)).collect::<Vec<_>>();
    assert_eq!(same(&again), same(&log_read), "reads differently");
    true
}

pub(super) fn declared_seeds() -> Vec<Vec<u8>> {
    let xibo = "Stat Date,Type,FromDT,ToDT,Layout,Campaign,Display,Media,Tag,Duration,Count,Engagements\n\
                2026-11-20 09:00:00,media,2026-11-20 08:00:00,2026-11-20 08:00:15,L,clean-street,office,a.mp4,,15,1,[]\n\
                2026-11-20 09:00:00,layout,2026-11-20 08:00:00,2026-11-20 08:10:00,L,,office,,,600,1,[]\n";
    let prs = "office,2026-11-20T01:00:00.000,+07:00,2026-11-20T01:00:15.000,+07:00,15000,,clean-street,,0,,0,,c,\"a, b\",,,1/1,1/1/1\n\
               bus,2026-11-20T01:05:00.000,Z,,,15000,,clean-street,,0,,0,,c,d,,,1/1,1/1/2\n";
    let own = "id,screen,campaign,start,end,standing\n1/1/1,office,clean-street,2026-11-20T08:00:00.000+07:00,2026-11-20T08:00:15.000+07:00,counted\n\
               1/1/2,office,clean-street,2026-11-20T08:20:00.000+07:00,2026-11-20T08:20:15.000+07:00,not-counted\n";
    vec![
        choosing(0, prs.as_bytes()),
        choosing(1, xibo.as_bytes()),
        choosing(2, own.as_bytes()),
        choosing(3, MAPPED.as_bytes()),
        choosing(4, MAPPING.as_bytes()),
    ]
}

//! A screen that follows its counts: proposed each week, shown, and nothing applies before somebody accepted it
//! nor before its day.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{at, fixture, town};
use lichphat::clock::{SimClock, SystemClock};
use lichphat::cmd::Context;
use lichphat::cmd::import::{self, Kind};
use lichphat::cmd::rooms::Rooms;
use lichphat::config::Settings;
use lichphat::directory::FootfallSubject;
use lichphat::lang::Lang;
use lichphat_playlists::ids::{ScreenCode, VenueType};
use lichphat_playlists::ports::Clock;
use lichphat_playlists::time::{HANOI, LocalDay};
use serde_json::Value;
use std::fmt::Write;
use std::sync::Arc;

/// The corner's own peaks, and when it is open.
const VENUE: &str = "08:00-09:00;11:00-12:00";

fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

/// People of 8, 9, 10 and 11 o'clock of a day, as a row of a file each.
fn counted(text: &mut String, subject: &str, on: LocalDay, people: [u32; 4]) {
    for (hour, people) in (8..).zip(people) {
        writeln!(text, "{subject},{on},{hour},{people}").unwrap();
    }
}

/// A file of counts: weekdays are busy from nine to eleven, Saturdays at eight, nobody counts on Sundays.
fn weeks(subject: &str, from: LocalDay, to: LocalDay) -> String {
    let mut text = "subject,date,time,people\n".to_owned();
    for on in from.through(to) {
        match on.weekday().num_days_from_monday() {
            6 => {}
            5 => counted(&mut text, subject, on, [400, 10, 10, 10]),
            _ => counted(&mut text, subject, on, [10, 200, 200, 10]),
        }
    }
    text
}

/// The town with a told clock, and an order on its corners.
struct Told {
    data: TestData,
    context: Context,
    clock: Arc<SimClock>,
    rooms: Rooms,
}

impl Told {
    fn start(day: &str) -> Self {
        let data = town();
        let order = std::fs::read_to_string(fixture("order.toml")).unwrap();
        let order = order.replace("from = 2024-09-20\nto = 2024-09-22", "from = 2024-09-16\nto = 2024-12-31");
        std::fs::copy(fixture("spot.mp4"), data.path().join("spot.mp4")).unwrap();
        std::fs::write(data.path().join("o.toml"), order).unwrap();
        data.bring("directives", data.path().join("o.toml").to_str().unwrap());
        let clock = Arc::new(SimClock::new(at(day, "09:00")));
        let settings = Settings { data: data.path().to_owned(), ..Settings::default() };
        let context = Context { settings, lang: Lang::En, clock: clock.clone() };
        let rooms = Rooms::open(&context).unwrap();
        Self { data, context, clock, rooms }
    }

    fn now(&self, day: &str) {
        self.clock.jump_to(at(day, "00:05"));
    }

    async fn counts(&self, text: &str) {
        let path = self.data.path().join("counts.csv");
        std::fs::write(&path, text).unwrap();
        import::file(&self.context, &self.rooms.store, Kind::Footfall, &path).await.unwrap();
    }

    /// Plans the week ahead; the number of new versions.
    async fn plan(&self) -> u32 {
        let city = self.rooms.city().await.unwrap();
        self.rooms.plan(&city, |_| true, "story").await.unwrap().published
    }

    /// The windows in which the plan of that day places the order.
    async fn planned(&self, screen: &str, on: &str) -> String {
        let screen = ScreenCode::new(screen).unwrap();
        let stored = self.rooms.planning.store().newest(&screen, day(on)).await.unwrap().unwrap();
        stored.problem.campaign("clean-street").unwrap().windows.text()
    }

    /// What `lichphat peaks list` prints.
    fn list(&self) -> Vec<Value> {
        let all = self.data.ok(&["peaks", "list", "--all", "--format", "json"]);
        serde_json::from_str::<Value>(&all).unwrap().as_array().unwrap().clone()
    }
}

fn screen(code: &str) -> FootfallSubject {
    FootfallSubject::Screen(ScreenCode::new(code).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_applies_once_accepted_from_its_day_on_and_changes_no_day_before() {
    let told = Told::start("2024-09-18"); // a Wednesday
    told.rooms.follow_counts(&screen("C-01"), 4, 500, "Chị Lan").await.unwrap();
    // four complete weeks, and days beside them that must not matter
    let mut text = weeks("C-01", day("2024-08-19"), day("2024-09-15"));
    counted(&mut text, "C-01", day("2024-08-16"), [9_000, 0, 0, 0]);
    counted(&mut text, "C-01", day("2024-09-17"), [9_000, 0, 0, 0]);
    told.counts(&text).await;
    assert!(told.plan().await > 0);
    assert_eq!(told.planned("C-01", "2024-09-19").await, VENUE, "counts change nothing by themselves");

    assert_eq!(told.rooms.propose_peaks().await.unwrap(), 1);
    assert_eq!(told.rooms.propose_peaks().await.unwrap(), 0, "the same counts say the same");
    let rows = told.list();
    assert_eq!(rows.len(), 2, "a class that nobody counted is not proposed: {rows:?}");
    let (weekday, saturday) = (&rows[0], &rows[1]);
    // half of 420 people is 210: four quarters of 50 from nine on, and a fifth
    for (row, class, windows, counted) in
        [(weekday, "working_day", "09:00-10:15", 20), (saturday, "saturday", "08:00-08:45", 4)]
    {
        assert_eq!((&row["days"], &row["windows"], &row["before"]), (&class.into(), &windows.into(), &VENUE.into()));
        assert_eq!((&row["state"], &row["days_counted"]), (&"proposed".into(), &counted.into()));
        assert_eq!((&row["counts_from"], &row["counts_to"]), (&"2024-08-19".into(), &"2024-09-15".into()));
        assert_eq!((&row["valid_from"], &row["applies_from"]), (&"2024-09-23".into(), &Value::Null));
    }
    assert_eq!(told.plan().await, 0, "what waits changes no plan");

    let id = weekday["id"].as_u64().unwrap() as u32;
    let (_, from) = told.rooms.decide_peaks(id, true, "Chị Lan").await.unwrap();
    assert_eq!(from, Some(day("2024-09-23")));
    assert_eq!(told.plan().await, 2, "Monday and Tuesday of one screen");
    for (on, windows) in [("2024-09-20", VENUE), ("2024-09-21", VENUE), ("2024-09-23", "09:00-10:15")] {
        assert_eq!(told.planned("C-01", on).await, windows, "{on}");
    }
    assert_eq!(told.planned("C-02", "2024-09-23").await, VENUE, "its neighbour does not follow anything");
    told.now("2024-09-23");
    told.plan().await;
    // Saturday's 45 minutes are less than an hour of peak: its busiest hour; nobody counted on Sundays
    assert_eq!(told.planned("C-01", "2024-09-28").await, "08:00-09:00");
    assert_eq!(told.planned("C-01", "2024-09-29").await, VENUE);

    // decided is decided
    for accepted in [true, false] {
        let again = told.rooms.decide_peaks(id, accepted, "Anh Minh").await.unwrap_err().to_string();
        assert!(again.contains("accepted already"), "{again}");
    }
    assert!(told.rooms.decide_peaks(99, true, "Anh Minh").await.unwrap_err().to_string().contains("ID 99"));
    assert_eq!((&told.list()[0]["by"], &told.list()[0]["state"]), (&"Chị Lan".into(), &"accepted".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_lapsed_and_left_proposals_leave_the_hours_as_they_were() {
    let told = Told::start("2024-09-18");
    told.rooms.follow_counts(&screen("C-01"), 1, 500, "Chị Lan").await.unwrap();
    told.counts(&weeks("C-01", day("2024-09-09"), day("2024-09-15"))).await;
    told.rooms.propose_peaks().await.unwrap();
    let id = told.list()[0]["id"].as_u64().unwrap() as u32;
    told.rooms.decide_peaks(id, false, "Chị Lan").await.unwrap();
    // the same counts and corrected ones: refused stays refused for this week
    told.counts(&weeks("C-01", day("2024-09-09"), day("2024-09-15")).replace("400", "500")).await;
    assert_eq!(told.rooms.propose_peaks().await.unwrap(), 0);
    assert_eq!(told.list()[0]["state"], "refused");
    told.plan().await;
    assert_eq!(told.planned("C-01", "2024-09-24").await, VENUE);

    // the next week's waits, its counts are corrected, and it says so
    told.now("2024-09-23");
    let week = weeks("C-01", day("2024-09-16"), day("2024-09-22"));
    told.counts(&week).await;
    assert_eq!(told.rooms.propose_peaks().await.unwrap(), 1);
    told.counts(&week.replace(",9,200", ",9,20").replace(",11,10", ",11,190")).await;
    assert_eq!(told.rooms.propose_peaks().await.unwrap(), 1);
    let rows = told.list();
    assert_eq!((&rows[0]["valid_from"], &rows[0]["state"]), (&"2024-09-30".into(), &"proposed".into()));
    assert_eq!(rows[0]["windows"], "10:00-11:15");
    // nobody decides: the week after lapses it, counted or not
    told.now("2024-10-01");
    assert_eq!(told.rooms.propose_peaks().await.unwrap(), 0);
    let rows = told.list();
    assert_eq!(rows[0]["state"], "lapsed");
    let late = told.rooms.decide_peaks(rows[0]["id"].as_u64().unwrap() as u32, true, "Chị Lan").await;
    assert!(late.unwrap_err().to_string().contains("lapsed already"));

    // accepted on a day of its own week it begins on the next; left, the venue's hours hold from tomorrow on
    told.counts(&weeks("C-01", day("2024-09-23"), day("2024-09-29"))).await;
    told.rooms.propose_peaks().await.unwrap();
    let id = told.list()[0]["id"].as_u64().unwrap() as u32;
    told.now("2024-10-08");
    let (_, from) = told.rooms.decide_peaks(id, true, "Chị Lan").await.unwrap();
    assert_eq!(from, Some(day("2024-10-09")), "its Monday is over");
    told.plan().await;
    assert_eq!(told.planned("C-01", "2024-10-08").await, VENUE);
    assert_eq!(told.planned("C-01", "2024-10-09").await, "09:00-10:15");
    told.now("2024-10-10");
    told.rooms.unfollow_counts(&screen("C-01"), "Anh Minh").await.unwrap();
    told.plan().await;
    assert_eq!(told.planned("C-01", "2024-10-10").await, "09:00-10:15", "today is today");
    assert_eq!(told.planned("C-01", "2024-10-11").await, VENUE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_of_place_follows_its_counts_with_all_its_screens_but_those_with_their_own() {
    let told = Told::start("2024-09-18");
    let corner = FootfallSubject::Venue(VenueType::new("corner").unwrap());
    told.rooms.follow_counts(&corner, 4, 500, "Sở").await.unwrap();
    let mut text = weeks("venue:corner", day("2024-08-19"), day("2024-09-15"));
    // the second corner counts for itself, and does not follow: its counts are taken as they are
    text += weeks("C-02", day("2024-09-02"), day("2024-09-03"))
        .replace(",8,10", ",8,300")
        .lines()
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect::<String>()
        .as_str();
    told.counts(&text).await;
    told.rooms.propose_peaks().await.unwrap();
    let id = told.list()[0]["id"].as_u64().unwrap() as u32;
    told.rooms.decide_peaks(id, true, "Sở").await.unwrap();
    told.now("2024-09-23");
    told.plan().await;
    assert_eq!(told.planned("C-01", "2024-09-25").await, "09:00-10:15");
    assert_eq!(
        told.planned("C-02", "2024-09-23").await,
        "08:00-09:30",
        "300 and one quarter of 50 are less than half of 710"
    );
}

#[test]
fn the_whole_way_through_the_command_line() {
    let data = town();
    assert!(data.fails(2, &["peaks", "follow", "C-77", "--by", "Chị Lan"]).contains("C-77"));
    assert!(data.fails(2, &["peaks", "follow", "ward:C", "--by", "Chị Lan"]).contains("venue:type"));
    data.fails(2, &["peaks", "follow", "C-01"]);
    data.fails(2, &["peaks", "follow", "C-01", "--by", " "]);
    data.fails(2, &["peaks", "follow", "C-01", "--by", "Chị Lan", "--share", "0"]);
    data.fails(1, &["peaks", "unfollow", "C-01", "--by", "Chị Lan"]);
    data.ok(&["peaks", "follow", "C-01", "--weeks", "2", "--share", "0.4", "--by", "Chị Lan"]);

    let today = SystemClock::new().now().day(HANOI);
    let monday = LocalDay(today.0.week(chrono::Weekday::Mon).first_day());
    let from = (0..14).fold(monday, |day, _| day.previous());
    let path = data.path().join("counts.csv");
    std::fs::write(&path, weeks("C-01", from, monday.previous())).unwrap();
    let import = ["import", "footfall", path.to_str().unwrap(), "--format", "csv"];
    assert!(data.ok(&import).contains(",12,0,0"), "twelve days; no profile, which would apply at once");
    assert!(data.ok(&import).contains(",0,0,12"));

    // the server proposes by itself; the command then finds nothing new
    let mut server = data.serve();
    while data.ok(&["peaks", "list", "--format", "json"]).trim() == "[]" {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    server.stop();
    let propose = data.run(&["peaks", "propose", "--format", "json"]);
    assert!(String::from_utf8(propose.stderr).unwrap().contains("0 proposals are new"));
    let rows: Value = serde_json::from_slice(&propose.stdout).unwrap();
    assert_eq!((&rows[0]["windows"], &rows[0]["share_permille"]), (&"09:00-10:00".into(), &400.into()));
    assert_eq!(rows[0]["valid_from"], monday.plus(7).to_string());
    let table = data.ok(&["peaks", "list"]);
    assert!(table.contains("┆ 08:00-09:00 11:00-12:00 ┆ 09:00-10:00 │"), "old beside new:\n{table}");
    let id = rows[0]["id"].to_string();
    assert!(data.fails(1, &["peaks", "refuse", "77", "--by", "Chị Lan"]).contains("no such proposal"));
    data.ok(&["peaks", "accept", &id, "--by", "Chị Lan"]);
    assert_eq!(data.ok(&["peaks", "list", "--format", "json"]).trim(), "[]", "nothing waits any more");
    let all = data.ok(&["peaks", "list", "--all", "--format", "csv"]);
    assert!(all.contains(&format!("accepted,{},working_day", monday.plus(7))) && all.contains("Chị Lan"), "{all}");
    assert!(data.fails(1, &["peaks", "refuse", &id, "--by", "Chị Lan"]).contains("accepted already"));
    data.ok(&["check"]);
}

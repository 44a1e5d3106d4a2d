//! Peak windows from files of counts as people have them: `lichphat peaks --counts`, without a data directory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use serde_json::{Value, json};
use std::fmt::Write;

/// A file of counts and the command over it.
struct Counts {
    data: TestData,
    dir: tempfile::TempDir,
}

impl Counts {
    fn new() -> Self {
        Self { data: TestData::at("/nonexistent/lichphat".into()), dir: tempfile::tempdir().unwrap() }
    }
    fn write(&self, text: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join("c.csv");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
    fn run(&self, text: impl AsRef<[u8]>, operating: &str, more: &[&str]) -> (Value, String) {
        let file = self.write(text);
        let args = [&["peaks", "--counts", &file, "--operating", operating, "--format", "json"], more].concat();
        let run = self.data.run(&args);
        let words = String::from_utf8(run.stderr).unwrap();
        assert!(run.status.success(), "{words}");
        (serde_json::from_slice(&run.stdout).unwrap(), words)
    }
    fn refused(&self, code: i32, text: impl AsRef<[u8]>, more: &[&str], words: &[&str]) {
        let file = self.write(text);
        let args = [&["peaks", "--counts", &file, "--operating", "05:00-22:30"], more].concat();
        let said = self.data.fails(code, &args);
        for word in words {
            assert!(said.contains(word), "should say {word:?}:\n{said}");
        }
    }
}

/// Rows of a day: an hour from 5 to 22 has 10 people, unless it is named.
fn day(text: &mut String, date: &str, named: &[(u32, u32)]) {
    for hour in 5..23 {
        let people = named.iter().find(|(h, _)| *h == hour).map_or(10, |(_, people)| *people);
        writeln!(text, "{date},{hour},{people}").unwrap();
    }
}

#[test]
fn each_class_of_day_has_its_own_windows_by_the_shipped_calendar() {
    let counts = Counts::new();
    let mut text = "date,hour,count\n".to_owned();
    let (rush, trip) = ([(7, 90), (8, 80), (17, 90), (18, 70)], [(10, 300)]);
    day(&mut text, "2026-08-21", &rush); // a Friday
    day(&mut text, "2026-08-22", &rush); // the Saturday that makes up for 31 August
    day(&mut text, "2026-08-29", &[(15, 200)]); // a Saturday like others
    day(&mut text, "2026-08-30", &trip); // a Sunday
    day(&mut text, "2026-08-31", &trip); // the swapped Monday
    day(&mut text, "2026-09-02", &trip); // National Day, a Wednesday
    let (answer, words) = counts.run(&text, "05:00-22:30", &[]);
    // working days: 465 people until 22:30; 07:00-08:00 90, 17:00-18:00 90, then three quarters of 08:00-09:00
    // (20 each) reach 232.5. Saturday: 365, of which four quarters hold 200. Sundays: 465, three quarters of 300
    // fall short of 232.5, four do not.
    let want = json!({
        "working_day": [["07:00", "08:45"], ["17:00", "18:00"]],
        "saturday": [["15:00", "16:00"]],
        "sunday_holiday": [["10:00", "11:00"]],
    });
    assert_eq!(answer, want);
    assert!(words.contains("2 working days, 1 Saturdays, 3 Sundays and days off"), "{words}");
    assert!(!words.contains("does not hold"), "{words}");

    // a year that the calendar does not hold goes by weekday alone: the same days of 2015, whose weekdays agree
    let (answer, words) = counts.run(text.replace("2026-", "2015-"), "05:00-22:30", &[]);
    assert!(
        words.contains("3 working days, 2 Saturdays, 1 Sundays") && words.contains("does not hold 2015"),
        "{words}"
    );
    assert_eq!(answer["sunday_holiday"], want["sunday_holiday"]);
    assert_ne!(answer["working_day"], want["working_day"]);

    // a class that nobody counted has no windows
    let (answer, _) = counts.run("date,hour,count\n2026-08-21,8,5\n", "05:00-22:30", &[]);
    assert_eq!(answer, json!({"working_day": [["08:00", "08:30"]], "saturday": [], "sunday_holiday": []}));
}

#[test]
fn the_same_windows_for_people_as_a_table_and_as_csv() {
    let counts = Counts::new();
    let file = counts.write("date,hour,count\n2026-08-21,8,5\n2026-08-21,20,9\n2026-08-22,7,3\n2026-08-23,23,1\n");
    let ask = |format: &str| {
        counts.data.ok(&["peaks", "--counts", &file, "--operating", "05:00-24:00", "--share", "1", "--format", format])
    };
    assert_eq!(
        ask("csv"),
        "days,from,to\nworking_day,07:00,09:00\nworking_day,20:00,21:00\nsunday_holiday,23:00,24:00\n"
    );
    assert!(ask("table").contains("│ sunday_holiday ┆ 23:00 ┆ 24:00 │"), "{}", ask("table"));
}

#[test]
fn midnight_is_24_00_and_hours_that_nobody_counted_are_not_zero() {
    let counts = Counts::new();
    // 23:00 was counted on one evening of three: its mean is 60 and not 20
    let text = "date,hour,count\n2026-08-18,22,40\n2026-08-19,22,40\n2026-08-20,22,40\n2026-08-20,23,60\n2026-08-19,23,\n\
                2026-08-18,23,NA\n2026-08-18,5,1\n";
    let (answer, words) = counts.run(text, "05:00-24:00", &["--share", "0.59"]);
    assert_eq!(answer["working_day"], json!([["23:00", "24:00"]]));
    assert!(words.contains("2 rows have no count"), "{words}");
    // people after closing time do not count toward the share
    let (answer, _) = counts.run(text, "05:00-23:00", &["--share", "0.97"]);
    assert_eq!(answer["working_day"], json!([["22:00", "23:00"]]));
    // 24:00 begins the next day
    let (answer, _) = counts.run("date,time,count\n2026-08-21,24:00,9\n", "00:00-24:00", &[]);
    assert_eq!(
        (&answer["saturday"], &answer["working_day"]),
        (&json!([]), &json!([["00:00", "00:30"]])),
        "2026-08-22 is worked"
    );
}

#[test]
fn finer_times_make_finer_windows_and_ties_go_to_the_earlier() {
    let counts = Counts::new();
    let quarters = "date,time,count\n2026-08-21,08:00,1\n2026-08-21,08:15,9\n2026-08-21,08:30,9\n2026-08-21,08:45,1\n\
                    2026-08-21,12:00,9\n2026-08-21,12:30,9\n2026-08-21,18:00,9\n";
    // 47 people: 08:15, 08:30, 12:00 of five that tie hold 27; a lone quarter goes
    let (answer, words) = counts.run(quarters, "05:00-22:30", &[]);
    assert_eq!(answer["working_day"], json!([["08:15", "08:45"]]));
    assert!(words.contains("each row counts 15 minutes"), "{words}");
    // 36 people are 4 of 5: 12:00 and 12:30 with the 15 minutes between them are one window
    let (answer, _) = counts.run(quarters, "05:00-22:30", &["--share", "0.765"]);
    assert_eq!(answer["working_day"], json!([["08:15", "08:45"], ["12:00", "12:45"]]));
    // no window of half an hour: the longest stays, the first of two
    let (answer, _) =
        counts.run("date,time,count\n2026-08-21,18:15,5\n2026-08-21,09:30,5\n", "05:00-22:30", &["--share", "1"]);
    assert_eq!(answer["working_day"], json!([["09:30", "09:45"]]));
    // the same hours written as times
    let hours = "date,time,count\n2026-08-21,08:00,1\n2026-08-21,09:00,9\n";
    let (answer, _) = counts.run(hours, "05:00-22:30", &[]);
    assert_eq!(answer["working_day"], json!([["09:00", "09:45"]]));
    // a break inside the peak: 7.75 people inside the hours, of which 4.5 until 09:45; a window does not go
    // through closed doors, and then the longer of two short ones stays
    let (answer, _) = counts.run(hours, "05:00-09:10,09:25-22:30", &[]);
    assert_eq!(answer["working_day"], json!([["09:25", "09:45"]]));
}

#[test]
fn files_of_others_are_read_with_their_columns_places_and_habits() {
    let counts = Counts::new();
    // a spreadsheet's file: byte order mark, semicolons, capitals, more columns
    let text = "\u{feff}Date;Hour;Station;Entries;Exits\r\n2013-11-03;1;A;5;0\r\n2013-11-03;1;A;5;0\r\n2013-11-03;7;A;30;1\r\n\
                2013-11-03;18;B;900;1\r\n2013-11-03;19;A;2.5;1\r\n\r\n";
    let columns = ["--count-col", "entries", "--place-col", "station", "--place", "A"];
    // the hour that a clock change repeats adds up: 10, 30, 2.5
    let (answer, _) = counts.run(text, "00:00-24:00", &columns);
    assert_eq!(answer["sunday_holiday"], json!([["07:00", "07:45"]]));
    let (answer, _) = counts.run(text, "00:00-24:00", &[&columns[..], &["--share", "0.95"]].concat());
    assert_eq!(answer["sunday_holiday"], json!([["01:00", "02:00"], ["07:00", "08:00"]]));
    let (answer, _) = counts.run(text, "00:00-24:00", &["--count-col", "Entries"]);
    assert_eq!(answer["sunday_holiday"], json!([["18:00", "18:45"]]), "without a place all of them together");

    // no date: one day, for every class
    let text = "stop_id,hour,bus_departures\ns1,10,6\ns1,11,9\ns2,11,2\n";
    let (answer, words) = counts.run(text, "05:00-22:30", &["--count-col", "bus_departures"]);
    let window = json!([["11:00", "12:00"]]); // three quarters of it hold 8.25 of 17
    assert_eq!(answer, json!({"working_day": window, "saturday": window, "sunday_holiday": window}));
    assert!(words.contains("no column date"), "{words}");

    // means that no float holds: thirds against a third and a bit
    let text = "date,hour,count\n2026-08-18,8,1\n2026-08-19,8,0\n2026-08-20,8,0\n2026-08-18,9,0.333334\n";
    let (answer, _) = counts.run(text, "05:00-22:30", &["--share", "0.4"]);
    assert_eq!(answer["working_day"], json!([["09:00", "10:00"]]));
}

#[test]
fn what_cannot_be_read_is_named_with_line_column_value_and_mend() {
    let counts = Counts::new();
    let good = "date,hour,count\n2026-08-21,8,5\n";
    counts.refused(
        1,
        good.replace("count", "people"),
        &[],
        &["c.csv:1:1: header = \"count\"", "date, hour, people", "--count-col"],
    );
    counts.refused(1, good.replace("hour", "count"), &[], &["header = \"count\"", "this column stands twice"]);
    let (nobody, words) = counts.run("date,hour,count\n2026-11-23,7,0\n", "05:00-22:00", &[]);
    assert!(nobody["working_day"] == json!([]) && words.contains("No peak hours were found"), "{words}");
    counts.refused(1, good.replace("hour", "when"), &[], &["header = \"hour\"", "time (08:15)"]);
    counts.refused(1, good.replace(",8,", ",25,"), &[], &["c.csv:2:2: hour = \"25\"", "from 0 to 23"]);
    counts.refused(1, good.replace(",8,", ",8h,"), &[], &["c.csv:2:2: hour = \"8h\""]);
    counts.refused(1, good.replace("08-21", "02-30"), &[], &["c.csv:2:1: date = \"2026-02-30\"", "a day that exists"]);
    counts.refused(1, good.replace(",5", ",-5"), &[], &["c.csv:2:3: count = \"-5\"", "from 0 to 100,000,000"]);
    counts.refused(1, good.replace(",5", ",\"1,000\""), &[], &["count = \"1,000\""]);
    counts.refused(1, good.replace(",5", ",1e3"), &[], &["count = \"1e3\""]);
    counts.refused(1, good.replace(",8,5", ",8"), &[], &["c.csv:2:3: count = \"\"", "the row ends before"]);
    counts.refused(1, "", &[], &["c.csv:1:1", "the file is empty"]);
    counts.refused(1, b"date,hour,count\n2026-08-21,8,\xb0\n", &[], &["c.csv:2:", "UTF-8"]);
    counts.refused(
        1,
        good,
        &["--place-col", "date", "--place", "Ga Hà Nội"],
        &["date = \"Ga Hà Nội\"", "no row of this place"],
    );
    counts.refused(1, good, &["--place-col", "ga", "--place", "A"], &["header = \"ga\"", "--place-col"]);
    let many = "date,hour,count\n".to_owned() + &"2026-08-21,99,5\n".repeat(5_000);
    let file = counts.write(many);
    assert_eq!(
        counts.data.fails(1, &["peaks", "--counts", &file, "--operating", "05:00-22:30"]).trim().lines().count(),
        20
    );

    counts.refused(2, good, &["--share", "0"], &["--share", "0.5 is half"]);
    counts.refused(2, good, &["--share", "1.5"], &["1.5"]);
    counts.refused(2, good, &["--place", "A"], &["--place-col"]);
    counts.refused(2, good, &["--place-col", "A"], &["--place"]);
    for operating in ["", "05:00", "22:00-02:00", "05:00-24:01", "5h-22h"] {
        let said = counts.data.fails(2, &["peaks", "--counts", "c.csv", "--operating", operating]);
        assert!(said.contains("--operating"), "{operating}: {said}");
    }
    assert!(counts.data.fails(1, &["peaks", "--counts", "no.csv", "--operating", "05:00-22:30"]).contains("no.csv"));
    assert!(counts.data.fails(2, &["peaks", "--operating", "05:00-22:30"]).contains("--counts"));
}

//! Plays go out in other people's forms, and independent readers find in them what was proven, once and no more. What
//! others declare comes in, counts as declared and is never mixed with what is proven.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

#[path = "../common/mod.rs"]
mod common;
mod declared;
mod lines;

use common::TestData;
use common::town::{TownServer, at, fixture, town};
use lichphat::exchange::out::PRS;
use lichphat_player::agent::AgentOptions;
use lichphat_playlists::time::UtcMillis;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const DAY: &str = "2024-09-20";
const EVE: &str = "2024-09-19";
const ORDER: &str = "clean-street";
/// What a spreadsheet would run, with everything CSV has to quote.
const NAME: &str = "=cmd|'/C calc'!A1, \"Góc\"\nphố";

fn export(data: &TestData, form: &str, more: &[&str]) -> (PathBuf, String) {
    let out = data.path().join(format!("plays.{form}"));
    let ask = ["export", "plays", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--as", form, "--out"];
    let output = data.run(&[&ask[..], &[out.to_str().unwrap()], more].concat());
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{words}");
    (out, words)
}

/// Rows of a CSV with a header, by column.
fn read(path: &PathBuf) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn instant(text: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

/// A day on which the first peak passes in the dark: plays, skipped slots and make-goods.
async fn a_day_with_a_power_cut() -> TestData {
    let data = town();
    let screens = std::fs::read_to_string(fixture("screens.csv")).unwrap();
    let named = screens.replace("Góc phố số 1", &format!("\"{}\"", NAME.replace('"', "\"\"")));
    std::fs::write(data.path().join("screens.csv"), named).unwrap();
    data.ok(&["import", "screens", data.path().join("screens.csv").to_str().unwrap()]);
    data.bring("directives", &fixture("order.toml"));
    let server = TownServer::start(&data, at(EVE, "20:00")).await;
    server.plan().await;
    let mut device = server.device(&data, "C-01").await;
    // segments so small that reading them back takes several pieces
    device.set_options(AgentOptions { cut_at_records: 1, ..AgentOptions::default() });
    server.clock.jump_to(at(DAY, "07:50"));
    device.sim.clock.advance_to(at(DAY, "07:50"));
    device.sim.meet().await;
    device.without_power(at(DAY, "09:05"));
    server.clock.jump_to(at(DAY, "09:05"));
    server.live(&mut device, at(DAY, "12:10")).await;
    device.sim.stop().await;
    data
}

/// Records that the store sums up: counted, all of them.
fn summed(data: &TestData) -> (usize, usize) {
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    let sum = "SELECT sum(counted + counted_outside), sum(counted + counted_outside + not_counted + unknown) FROM rollup WHERE campaign = ?1";
    let (counted, all): (i64, i64) = db.query_row(sum, [ORDER], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    (counted as usize, all as usize)
}

/// Rows of a table.
fn held(data: &TestData, table: &str) -> i64 {
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
}

/// Segments in the log, whichever days they lie in.
fn segments(data: &TestData) -> i64 {
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    let mut days = db.prepare("SELECT day FROM segment_day").unwrap();
    let days = days.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap);
    days.map(|day: i64| held(data, &format!("segment_{day}"))).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_out_is_what_was_proven_in_four_forms() {
    let data = a_day_with_a_power_cut().await;
    let (counted, all) = summed(&data);
    assert!(segments(&data) > 2 * 128, "more than two pieces");
    assert!(counted >= 6 && all > counted, "{counted} of {all}: a day with something to leave out");

    let (file, _) = export(&data, "csv", &[]);
    let rows = read(&file);
    assert_eq!(rows.len(), all);
    let ids: BTreeSet<&String> = rows.iter().map(|r| &r["id"]).collect();
    assert_eq!(ids.len(), all, "nothing double");
    let good: Vec<_> = rows.iter().filter(|r| r["standing"] == "counted").collect();
    assert_eq!(good.len(), counted);
    assert!(rows.iter().any(|r| r["origin"] == "make-good" && !r["missed_plan"].is_empty()));
    assert!(rows.iter().any(|r| r["reason"] == "skipped:device-off" && r["cause"] == "device-off"));
    for row in &rows {
        assert_eq!(row["screen_name"], format!("'{NAME}"), "a name is no formula");
        assert!(row["start"].ends_with("+07:00") && instant(&row["start"]) <= instant(&row["end"]));
        assert_eq!((row["campaign"].as_str(), row["day"].as_str()), (ORDER, DAY));
    }
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(
        std::fs::read(export(&data, "csv", &["--unit", "P1"]).0).unwrap(),
        bytes,
        "again, by the ward: the same"
    );

    the_same_in_parquet(&data, &rows);
    the_standard_file_holds(&data, &good);
    let xibo = read(&export(&data, "xibo", &[]).0);
    assert_eq!(xibo.len(), counted);
    for (theirs, ours) in xibo.iter().zip(&good) {
        assert_eq!(theirs["FromDT"].replace(' ', "T"), ours["start"][..19], "local time");
        assert_eq!(
            (theirs["Display"].as_str(), theirs["Count"].as_str(), theirs["Type"].as_str()),
            ("C-01", "1", "media")
        );
        assert_eq!(theirs["Tag"], format!("{},simulated", ours["id"]));
    }

    assert!(export(&data, "csv", &["--screen", "C-02"]).1.contains("there is no play"));
    let nowhere = data.path().join("nowhere/plays.csv");
    let ask = ["export", "plays", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--as", "csv", "--out"];
    assert!(data.fails(1, &[&ask[..], &[nowhere.to_str().unwrap()]].concat()).contains("cannot write"));
    data.fails(2, &[&ask[..], &["x", "--unit", "NOBODY"]].concat());
    let unknown = data.fails(2, &[&ask[..], &["x", "--screen", "NOPE"]].concat());
    assert!(unknown.contains("--screen NOPE: is not in the directory; `lichphat import screens`"), "{unknown}");
    let unknown = data.fails(2, &[&["export", "plays", "--campaign", "nope"], &ask[4..], &["x"]].concat());
    assert!(unknown.contains("--campaign nope: is no order, contract or item"), "{unknown}");
    assert!(!std::path::Path::new("x").exists());
    // what is no longer in the directory and has records goes out all the same
    let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    db.execute_batch("DELETE FROM screen_link; DELETE FROM screen; DELETE FROM campaign").unwrap();
    assert_eq!(read(&export(&data, "csv", &["--screen", "C-01"]).0).len(), all);
    let turned = ["--campaign", ORDER, "--from", DAY, "--to", EVE];
    for ask in [
        &["export", "plays", "--as", "csv", "--out", "x"][..],
        &["export", "bundle", "--out", "x"],
        &["audit", "draw", "--seed", "x"],
        &["reconcile"],
        &["report", "compliance"],
    ] {
        let words = data.fails(2, &[ask, &turned].concat());
        assert!(words.contains("--to 2024-09-19: lies before --from 2024-09-20"), "{ask:?}: {words}");
    }
}

/// Parquet's own reader finds what the CSV says, cell by cell.
fn the_same_in_parquet(data: &TestData, rows: &[BTreeMap<String, String>]) {
    let file = std::fs::File::open(export(data, "parquet", &[]).0).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let found: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(found.len(), rows.len());
    for (theirs, ours) in found.iter().zip(rows) {
        assert_eq!(theirs.len(), ours.len());
        for (name, field) in theirs.get_column_iter() {
            let cell = &ours[name];
            match field {
                Field::Null => assert_eq!(cell, "", "{name}"),
                Field::Str(text) => assert_eq!(cell.trim_start_matches('\''), text.trim_start_matches('\''), "{name}"),
                Field::Long(number) => assert_eq!(cell, &number.to_string(), "{name}"),
                Field::Bool(flag) => assert_eq!(cell, &flag.to_string(), "{name}"),
                Field::TimestampMillis(ms) => assert_eq!(instant(cell), *ms, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

/// The standard's own rules: fields, times, what must be there, and no play over another by more than 1.5 s.
fn the_standard_file_holds(data: &TestData, good: &[&BTreeMap<String, String>]) {
    let (file, words) = export(data, "prs", &[]);
    assert!(words.contains("do not count") && words.contains("simulated"), "{words}");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(file).unwrap();
    let found: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(found.len(), good.len());
    let field = |row: &csv::StringRecord, name: &str| row[PRS.iter().position(|f| *f == name).unwrap()].to_owned();
    let mut last_end = UtcMillis(0);
    for (theirs, ours) in found.iter().zip(good) {
        assert_eq!(theirs.len(), 19);
        let utc = |name: &str| {
            let (text, offset) = (field(theirs, &format!("{name}date")), field(theirs, &format!("{name}utcoffset")));
            assert_eq!((text.len(), offset.as_str()), (23, "+07:00"), "{text}");
            instant(&format!("{text}Z"))
        };
        let (start, end) = (utc("start"), utc("end"));
        assert_eq!((start, end), (instant(&ours["start"]), instant(&ours["end"])));
        assert_eq!(field(theirs, "spotlength"), (end - start).to_string());
        assert!(start - last_end.0 >= -1500);
        last_end = UtcMillis(end);
        for must in ["frameid", "orderid", "spacebuyerid", "spacebrandid", "creativeid", "creativename"] {
            assert_ne!(field(theirs, must), "", "{must}");
        }
        assert_eq!(field(theirs, "mediaownerplayoutref"), ours["id"]);
        assert_eq!(field(theirs, "creativeid"), ours["media"]);
    }
}

/// A name as another system writes it: every accent as a letter of its own.
fn decomposed(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfd().collect()
}

#[test]
fn a_name_is_the_same_however_its_accents_are_written() {
    let data = declared::town_of_others();
    let log = format!(
        "Màn hình,Tệp,Bắt đầu,Kết thúc,Trạng thái\nSảnh bến,Phố sạch,{DAY} 08:00:00,{DAY} 08:00:15,Đã phát\n\
         Sảnh bến,Phố sạch,{DAY} 08:20:00,{DAY} 08:20:15,Bỏ lỡ\n"
    );
    let map = format!(
        "[columns]\nscreen = \"Màn hình\"\nmedia = \"Tệp\"\nstart = \"Bắt đầu\"\nend = \"Kết thúc\"\nonly = [\"Trạng thái\", \"Đã phát\"]\n\
         [screens]\n\"Sảnh bến\" = \"T-01\"\n[media]\n\"Phố sạch\" = \"{ORDER}\"\n"
    );
    assert_ne!(decomposed(&log), log);
    for (name, log, map) in [("one", decomposed(&log), map.clone()), ("two", log.clone(), decomposed(&map))] {
        let log = declared::put(&data, &format!("{name}.csv"), &log);
        let map = declared::put(&data, &format!("{name}.toml"), &map);
        let ask = ["import", "plays", &log, "--as", "csv", "--map", &map, "--by", "x", "--dry-run", "--format", "json"];
        let found: serde_json::Value = serde_json::from_str(&data.ok(&ask)).unwrap();
        assert_eq!((found[0]["plays"].as_u64(), found[0]["skipped"].as_u64()), (Some(1), Some(1)), "{name}: {found}");
    }
}

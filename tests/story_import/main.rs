//! Bad input through the command line: each file is taken whole or not at all, and the words name field,
//! value and mend.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

#[path = "../common/mod.rs"]
mod common;
mod hostile;

use common::town::{fixture, town};
use common::{ROOT, TestData, player};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::path::{Path, PathBuf};

/// Everything that imports can change: every row of every table, and the library's files.
fn state(data: &TestData) -> Vec<String> {
    let db = Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    let mut tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> = tables.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let mut all = Vec::new();
    for table in tables {
        let mut rows = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<Value> = (0..columns).map(|i| row.get(i).unwrap()).collect();
            all.push(format!("{table} {values:?}"));
        }
    }
    files(&data.path().join("media"), &mut all);
    all
}

fn files(dir: &Path, all: &mut Vec<String>) {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir).into_iter().flatten().map(|e| e.unwrap().path()).collect();
    found.sort();
    for path in found {
        if path.is_dir() { files(&path, all) } else { all.push(path.display().to_string()) }
    }
}

/// Imports a text as a file of that name; it must be refused with these words, and change nothing.
fn refused(data: &TestData, kind: &str, name: &str, text: impl AsRef<[u8]>, words: &[&str]) {
    let path = data.path().join(name);
    std::fs::write(&path, text).unwrap();
    let before = state(data);
    let said = data.fails(1, &["import", kind, path.to_str().unwrap()]);
    for word in words {
        assert!(said.contains(word), "{kind} {name} should say {word:?}:\n{said}");
    }
    assert!(said.contains("nothing of them was taken"), "{said}");
    assert_eq!(state(data), before, "{kind} {name} left something behind");
}

/// A file of the town with one thing changed.
fn changed(name: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(fixture(name)).unwrap();
    assert!(text.contains(from), "{name} {from}");
    text.replace(from, to)
}

#[test]
fn a_directory_file_with_one_bad_line_is_not_taken_at_all() {
    let data = town();
    let no = |kind, name, text: &str, words: &[&str]| refused(&data, kind, name, text, words);
    let head = "code,name,venue_type,kind,owner,from\n";
    let good = "C-09,Góc phố số 9,corner,managed,P1,\n";
    no(
        "screens",
        "s.csv",
        &format!("{head}{good}C-10,Mười,corner,managed,P1,2026-02-30\n"),
        &["s.csv:3:6: from = \"2026-02-30\"", "a day that exists"],
    );
    no(
        "screens",
        "s.csv",
        &format!("{head}{good}C-10,Mười,corner,managed,Phường Môt,\n"),
        &["s.csv:3:5: owner = \"Phường Môt\"", "nearest: Phường Một (P1)"],
    );
    no(
        "screens",
        "s.csv",
        &format!("{head}{good}C-10,Mười,moon,managed,P1,\n"),
        &["venue_type = \"moon\"", "import the venues first"],
    );
    no(
        "screens",
        "s.csv",
        "code,name,venue_type,kind,owner,colour\n",
        &["s.csv:1:6: header = \"colour\"", "the columns are: code"],
    );
    no(
        "units",
        "u.toml",
        "[[unit]]\ncode = \"P2\"\nname = \"Phường Hai\"\nkind = \"ward\"\nparnt = \"HN\"\n",
        &["u.toml:5:1", "parnt", "the keys are: code"],
    );
    no("units", "u.csv", "code,name,kind\nP2,Phường Hai,ward\nP2,Phường Ba,ward\n", &["u.csv:3"]);
    no(
        "venues",
        "v.toml",
        &changed("venues.toml", "11:00-12:00", "11:00-13:00"),
        &["v.toml:11:11", "hours[0].peaks = \"12:00-13:00\""],
    );
    no("venues", "v.toml", &changed("venues.toml", "days =", "dayz ="), &["v.toml:9:3", "dayz"]);
    no("duty", "d.csv", "screen,date,hours\nC-01,2026-11-20,05:00-25:00\n", &["d.csv:2:3", "05:00-25:00"]);
    no("duty", "d.csv", "screen,date,hours\nC-77,2026-11-20,05:00-09:00\n", &["d.csv:2:1: screen = \"C-77\""]);
    no("calendar", "c.csv", "date,name,kind\n2026-13-01,Tết,day-off\n", &["c.csv:2:1: date = \"2026-13-01\""]);
    no(
        "closures",
        "k.csv",
        "unit,from,to,reason,author\nP1,2026-11-20 09:00,2026-11-20 08:00,Sửa,VP\n",
        &["k.csv:2:3"],
    );
    no("footfall", "f.csv", "screen,nonsense\nC-01,1\n", &["f.csv:1:"]);
    refused(&data, "units", "u.csv", b"code,name,kind\nP2,Ph\xb0\xddng,ward\n", &["u.csv:2:", "UTF-8"]);
    refused(&data, "units", "u.csv", [0xff, 0xfe, b'c', 0, b'o', 0], &["u.csv"]);
    refused(&data, "units", "u.csv", b"", &["u.csv"]);
    let words = data.fails(1, &["import", "units", "no-such-file.csv"]);
    assert!(words.contains("no-such-file.csv"), "{words}");
    assert!(data.fails(2, &["import", "planets", "u.csv"]).contains("planets"));
}

#[test]
fn good_files_of_a_list_are_taken_and_the_bad_one_is_named() {
    let data = town();
    let write = |name: &str, text: &str| {
        let path = data.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = write("a.csv", "\u{feff}code,name,kind,parent\nP2,Phường Hai,ward,HN\n"); // with a byte order mark
    let bad = write("b.csv", "code,name,kind,parent\nP3,Phường Ba,castle,HN\n");
    let last = write("c.csv", "code,name,kind,parent\nP4,Phường Bốn,ward,Thành phố Hà Nội\n");
    let run = data.run(&["import", "units", &good, &bad, &last, "--format", "csv"]);
    assert_eq!(run.status.code(), Some(1));
    let words = String::from_utf8(run.stderr).unwrap();
    assert!(words.contains("b.csv:2:3: kind = \"castle\"") && words.contains("1 files not imported"), "{words}");
    let rows = String::from_utf8(run.stdout).unwrap();
    assert!(rows.contains("a.csv,1,0,0") && rows.contains("c.csv,1,0,0") && !rows.contains("b.csv"), "{rows}");
    let again = data.ok(&["import", "units", &good, "--format", "csv"]);
    assert!(again.contains("a.csv,0,0,1"), "twice is once: {again}");
}

#[test]
fn an_order_that_cannot_be_right_is_refused_in_the_persons_language() {
    let data = town();
    std::fs::copy(fixture("spot.mp4"), data.path().join("spot.mp4")).unwrap();
    let order = |from: &str, to: &str| changed("order.toml", from, to);
    let no = |text: String, words: &[&str]| refused(&data, "directives", "o.toml", text, words);
    no(order("min_gap_s", "min_gap"), &["o.toml:11:1: min_gap", "min_gap_s"]);
    no(order("to = 2024-09-22", "to = 2024-09-31"), &["o.toml:8:6: to = \"2024-09-31\"", "a day that exists"]);
    no(order("to = 2024-09-22", "to = 2024-09-02"), &["o.toml:8:6: to = \"2024-09-02\"", "before the first"]);
    no(order("plays = 4", "plays = 0"), &["o.toml:10", "plays"]);
    no(order("plays = 4", "plays = -4"), &["o.toml:10:19", "\"-4\": must be a whole number from 0 on"]);
    no(order("plays = 4", "plays = \"four\""), &["o.toml:10:19", "must be a whole number"]);
    no(order("plays = 4, ", ""), &["o.toml:10", "the key plays is missing"]);
    no(order("kind = \"play\"", "kind = \"stop\""), &["o.toml:4:8", "must be one of: play | suspend"]);
    no(order("title_en = \"Clean streets\"", "title_en = 5"), &["o.toml:3:12", "must be text in double quotes"]);
    no(order("sample = true", "sample = \"yes\""), &["o.toml:5:10", "must be true or false"]);
    no(order("unit = \"HN\"", "unit = \"HP\""), &["target[0].unit = \"HP\"", "import the units first"]);
    no(order("length_s = 15", "length_s = 0"), &["length_s = \"0\""]);
    let slow = "length_s = 15\nfades = { in_ms = 9000, out_ms = 7000 }";
    no(order("length_s = 15", slow), &["fades", "9000 + 7000 ms", "no longer than length_s"]);
    no(order("file = \"spot.mp4\"", "file = \"../../etc/passwd\""), &["file"]);
    no(order("file = \"spot.mp4\"", "file = \"absent.mp4\""), &["o.toml", "absent.mp4", "No such file"]);
    no(order("file = \"spot.mp4\"", "media = \"00\""), &["media"]);
    let lowered = "\n[[override]]\nunit = \"P1\"\nplays = 3\nfrom = 2024-09-20\nnumber = \"1/QĐ\"\n";
    let lowered = std::fs::read_to_string(fixture("order.toml")).unwrap() + lowered;
    no(lowered.clone(), &["override[0].plays = \"3\"", "must be more than 4"]);

    let path = data.path().join("o.toml");
    std::fs::write(&path, lowered).unwrap();
    let run = data.command(&["import", "directives", path.to_str().unwrap(), "--lang", "vi"]).output().unwrap();
    let words = String::from_utf8(run.stderr).unwrap();
    assert!(words.contains("phải lớn hơn 4") && words.contains("chỉ được tăng"), "{words}");
}

#[test]
fn documents_that_would_stop_the_planner_together_are_refused_one_by_one() {
    let data = town();
    for clip in ["spot.mp4", "notice.png", "safe.png", "safe.opus"] {
        std::fs::copy(fixture(clip), data.path().join(clip)).unwrap();
    }
    let order = |from: &str, to: &str| changed("order.toml", from, to);
    let no = |kind, name, text: String, words: &[&str]| refused(&data, kind, name, text, words);
    data.bring("directives", &fixture("order.toml"));
    // one code means one campaign, whatever it is
    let clash = changed("loop.toml", "code = \"notice\"", "code = \"clean-street\"");
    no("campaigns", "l.toml", clash, &["l.toml:2:8: item[0].code = \"clean-street\"", "[directive]"]);
    let clash = order("code = \"clean-street\"", "code = \"notice\"");
    no("directives", "o.toml", clash, &["o.toml:1:8: code = \"notice\"", "[item]"]);

    // a category without a gap, or with one that its own members do not keep
    let soda = |gaps: &str, min_gap_s: u32| {
        format!(
            "{gaps}[[contract]]\ncode = \"soda\"\ntitle = \"Nước\"\nadvertiser = \"A\"\nfrom = 2024-09-01\nto = 2024-12-31\n\
             plays_per_day = 4\nmin_gap_s = {min_gap_s}\ncategory = \"drinks\"\n[[contract.place]]\nunit = \"P1\"\n\
             [contract.product]\ntitle = \"Nước\"\nlength_s = 20\n[[contract.product.variant]]\nlang = \"vi\"\n\
             form = \"silent\"\nfile = \"notice.png\"\n"
        )
    };
    no("campaigns", "c.toml", soda("", 300), &["contract[0].category = \"drinks\"", "[category_gap_s]"]);
    no("campaigns", "c.toml", soda("[category_gap_s]\ndrinks = 400\n", 300), &["contract[0].min_gap_s = \"300\""]);
    // what no day could be planned with
    no(
        "campaigns",
        "c.toml",
        soda("[category_gap_s]\ndrinks = 200\n", 90_000),
        &["min_gap_s = \"90000\"", "86400, a day"],
    );
    let many = soda("[category_gap_s]\ndrinks = 200\n", 300).replace("per_day = 4", "per_day = 20000");
    no("campaigns", "c.toml", many, &["contract[0].plays_per_day = \"20000\"", "1 to 10000"]);
    no(
        "directives",
        "o.toml",
        order("min_gap_s = 300", "min_gap_s = 90000"),
        &["min_gap_s = \"90000\"", "86400, a day"],
    );
    let path = data.path().join("c.toml");
    std::fs::write(&path, soda("[category_gap_s]\ndrinks = 200\n", 300)).unwrap();
    data.bring("campaigns", path.to_str().unwrap());
    no("campaigns", "c.toml", soda("", 100), &["contract[0].min_gap_s = \"100\"", "drinks: 200"]);
    no(
        "campaigns",
        "g.toml",
        "[category_gap_s]\ndrinks = 301\n".into(),
        &["category_gap_s.drinks = \"301\"", "300 of soda"],
    );
    let thirsty = "code = \"thirsty\"\ncategory = \"drinks\"";
    let thirsty = order("code = \"clean-street\"", thirsty).replace("min_gap_s = 300", "min_gap_s = 100");
    no("directives", "o.toml", thirsty.clone(), &["min_gap_s = \"100\"", "drinks: 200"]);
    no("directives", "o.toml", thirsty.replace("drinks", "foods"), &["category = \"foods\""]);
    data.ok(&["plan", "run"]);
}

#[test]
fn a_clip_that_is_not_what_it_should_be_stops_the_whole_order() {
    let data = town();
    let settings = data.path().join("probing.toml");
    std::fs::write(&settings, format!("[probe]\nprogram = \"{}\"\n", player().display())).unwrap();
    let data = data.with_settings(settings.to_str().unwrap());
    let clips = Path::new(ROOT).join("config/sample/media");
    let good = std::fs::read(clips.join("ihanoi-vi.mp4")).unwrap();
    let no = |text: &str, words: &[&str]| refused(&data, "directives", "o.toml", text, words);
    let second = "\n[[product.variant]]\nlang = \"en\"\nform = \"subtitled\"\nfile = \"second.mp4\"\n";
    let order = changed("order.toml", "\n[[target]]", &format!("{second}\n[[target]]"));

    std::fs::write(data.path().join("spot.mp4"), &good).unwrap();
    for (second, word) in [
        (good[..good.len() / 3].to_vec(), "cannot be played"),
        (b"this is a letter, not a film".to_vec(), "cannot be played"),
        (vec![0; 4_096], "cannot be played"),
        (Vec::new(), "the file is empty"),
    ] {
        std::fs::write(data.path().join("second.mp4"), second).unwrap();
        no(&order, &["o.toml", "second.mp4", word]); // and the good clip is not kept either
    }
    let longer = order.replace("length_s = 15", "length_s = 16");
    std::fs::copy(clips.join("ihanoi-en.mp4"), data.path().join("second.mp4")).unwrap();
    no(&longer, &["o.toml", "16", "15"]);
    let path = data.path().join("o.toml");
    std::fs::write(&path, &order).unwrap();
    data.bring("directives", path.to_str().unwrap());
    data.ok(&["check"]);
}

#[test]
fn a_look_before_signing_keeps_neither_the_order_nor_its_clips() {
    let data = town();
    let before = state(&data);
    let ask = ["preflight", &fixture("order.toml"), "--from", "2024-09-02", "--days", "5", "--format", "json"];
    let answer: serde_json::Value = serde_json::from_str(&data.ok(&ask)).unwrap();
    let rows = answer["screens"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        // the clip's length decided: the order was really planned
        assert!(row["asked"].as_u64().unwrap() > 0 && row["placed"] == row["asked"], "{row}");
        assert_eq!(row["result"], "can");
    }
    assert!(answer["relaxation"].is_null() && answer["summary"]["can"].as_u64() == Some(rows.len() as u64), "{answer}");
    assert_eq!(state(&data), before, "a look left something behind");

    // so did an order that cannot be read to its end, and one by code that was never imported
    let path = data.path().join("o.toml");
    std::fs::copy(fixture("spot.mp4"), data.path().join("spot.mp4")).unwrap();
    let second = "file = \"spot.mp4\"\n\n[[product.variant]]\nlang = \"en\"\nform = \"silent\"\nfile = \"absent.mp4\"";
    std::fs::write(&path, changed("order.toml", "file = \"spot.mp4\"", second)).unwrap();
    assert!(data.fails(1, &["preflight", path.to_str().unwrap()]).contains("absent.mp4"));
    data.fails(2, &["preflight", "clean-street"]);
    assert_eq!(state(&data), before);

    // what was looked at can be imported, and then the same question has the same answer
    data.bring("directives", &fixture("order.toml"));
    assert_ne!(state(&data), before);
    let again = ["preflight", "clean-street", "--from", "2024-09-02", "--days", "5", "--format", "json"];
    assert_eq!(serde_json::from_str::<serde_json::Value>(&data.ok(&again)).unwrap(), answer);
}

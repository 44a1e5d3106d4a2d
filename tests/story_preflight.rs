//! Before an order is signed: the city office asks who can carry it, and is told which hours lack how much, which
//! contracts give way and what would help, in a table, as rows and as one object.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use common::town::{fixture, import, town};
use serde_json::Value;

const CONTRACT: &str = r#"
[[contract]]
code = "lotus-tea"
title = "Trà sen"
advertiser = "Công ty mẫu"
sample = true
from = 2024-01-01
to = 2024-12-31
plays_per_day = 720
min_gap_s = 20
[[contract.place]]
link = "territory"
unit = "HN"
venue_types = ["corner"]
[contract.product]
title = "Trà sen"
length_s = 20
[[contract.product.variant]]
lang = "vi"
form = "silent"
file = "notice.png"
"#;

/// The town with a contract that fills it, and an order whose gap leaves room for twelve plays of sixteen.
fn busy_town() -> (TestData, String) {
    let data = town();
    import(&data, "campaigns", "contract.toml", CONTRACT);
    let order = std::fs::read_to_string(fixture("order.toml")).unwrap();
    let order = order.replace("plays = 4", "plays = 16").replace("min_gap_s = 300", "min_gap_s = 600");
    let file = data.path().join("order.toml").to_str().unwrap().to_owned();
    std::fs::write(&file, order).unwrap();
    (data, file)
}

#[test]
fn an_order_too_large_for_its_peak_is_told_so_with_what_would_help() {
    let (data, order) = busy_town();
    let ask = ["preflight", order.as_str(), "--from", "2024-09-20", "--days", "3"];
    let answer: Value = serde_json::from_str(&data.ok(&[ask.as_slice(), &["--format", "json"]].concat())).unwrap();
    assert_eq!((answer["directive"].as_str(), answer["to"].as_str()), (Some("clean-street"), Some("2024-09-22")));
    let summary = &answer["summary"];
    assert_eq!((summary["targeted"].as_u64(), summary["cannot"].as_u64()), (Some(2), Some(2)), "{summary}");
    let row = &answer["screens"][0];
    let n = |key: &str| row[key].as_u64().unwrap();
    assert_eq!(
        (row["result"].as_str(), n("days"), n("asked"), n("placed"), n("lacks_s")),
        (Some("cannot"), 3, 48, 36, 60)
    );
    assert_eq!(answer["hours"][0]["windows"], "08:00-09:00;11:00-12:00");
    // eight plays in an hour are at most 512 s apart
    let relaxation = &answer["relaxation"];
    assert_eq!((relaxation["kind"].as_str(), relaxation["to"].as_u64()), (Some("gap"), Some(480)), "{relaxation}");
    assert_eq!(answer["relaxations"][0], *relaxation);
    // twelve plays of fifteen seconds in a day without a free second: nine of twenty seconds at least
    let tea = &answer["contracts"][0];
    assert_eq!((tea["contract"].as_str(), tea["screens"].as_u64()), (Some("lotus-tea"), Some(2)));
    let (plays, seconds) = (tea["plays_per_day"].as_u64().unwrap(), tea["seconds_per_day"].as_u64().unwrap());
    assert!((18..=26).contains(&plays) && seconds == 20 * plays, "{tea}");

    let csv = data.ok(&[ask.as_slice(), &["--format", "csv"]].concat());
    assert!(
        csv.starts_with("screen,name,result,days,asked,placed,windows,lacks_s,displaced_plays,displaced_s,reason\n")
    );
    assert_eq!(csv.lines().count(), 3, "rows of screens and nothing else: {csv}");

    let table = data.run(&ask);
    let (shown, said) = (String::from_utf8(table.stdout).unwrap(), String::from_utf8(table.stderr).unwrap());
    assert!(shown.contains("C-01") && shown.contains("lotus-tea"), "the contracts below the screens: {shown}");
    for sentence in [
        "2 screens targeted: 0 can carry it, 2 lack room (120 s a day).",
        "08:00–09:00 and 11:00–12:00: too little room on 2 screens, at most 60 s a day.",
        "Contract lotus-tea (Trà sen) loses",
        "Smallest relaxation: let plays be 8 min apart instead of 10 min: then both screens can carry it.",
    ] {
        assert!(said.contains(sentence), "{sentence}\n{said}");
    }
    let mut vietnamese = data.command(&ask);
    let said = String::from_utf8(vietnamese.args(["--lang", "vi"]).output().unwrap().stderr).unwrap();
    let mend = "Cách nới nhỏ nhất: rút khoảng cách tối thiểu từ 10 phút xuống 8 phút thì cả hai màn hình phát đủ được.";
    assert!(said.contains(mend), "{said}");
}

#[test]
fn what_asks_for_no_number_has_nothing_to_be_looked_at() {
    let data = town();
    let file = data.path().join("quiet.toml");
    std::fs::write(
        &file,
        "code = 'quiet'\ntitle = 'Quốc tang'\nkind = 'suspend'\nissuer = 'HN'\nfrom = 2046-09-20\nto = 2046-09-20\n\
         source = 'x'\n[suspend]\ncontent = ['local']\nin_place = 'blank'\ndays = 'make-good'\n\
         [[target]]\nlink = 'territory'\nunit = 'HN'\nforce = 'required'\nreason = 'x'\n",
    )
    .unwrap();
    let words = data.fails(2, &["preflight", file.to_str().unwrap(), "--from", "2046-09-20"]);
    assert!(words.contains("quiet") && words.contains("no number of plays"), "{words}");
}

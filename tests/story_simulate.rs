//! A planner asks what an order would come to, before anybody signs it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

mod common;

use common::TestData;
use serde_json::Value;

const ORDER: [&str; 12] = [
    "simulate",
    "--screens",
    "300",
    "--days",
    "26",
    "--peak-hours",
    "7,8,17,18",
    "--quota",
    "10",
    "--outage",
    "0.05",
    "--seed",
];

fn object(data: &TestData, seed: &str) -> Value {
    let mut object: Value =
        serde_json::from_str(&data.ok(&[&ORDER[..], &[seed, "--format", "json"]].concat())).unwrap();
    let rate = object["plans_per_s"].take();
    assert!(rate.as_f64().unwrap() > 0.0, "{rate}");
    object
}

#[test]
fn a_seed_gives_its_figures_and_no_data_directory_is_needed() {
    let data = TestData::empty();
    let once = object(&data, "2");
    assert_eq!(once, object(&data, "2"), "all but the rate is the seed's");
    assert_ne!(once, object(&data, "3"));
    let keys: Vec<&str> = once.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["causes", "lost_mean", "mean", "min", "p5", "plans_per_s", "zero_days"]);
    let figure = |key: &str| once[key].as_f64().unwrap();
    assert!(figure("min") <= figure("p5") && figure("p5") <= figure("mean") && figure("mean") < 10.3847, "{once}");
    assert_eq!((figure("lost_mean") * 300.0).round(), once["causes"]["outage"].as_f64().unwrap(), "{once}");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing is kept");
}

#[test]
fn tables_and_csv_hold_the_same_figures() {
    let data = TestData::empty();
    let json = object(&data, "2");
    let csv = data.ok(&[&ORDER[..], &["2", "--format", "csv"]].concat());
    let (head, row) = csv.trim_end().split_once('\n').unwrap();
    assert_eq!(head, "min,p5,mean,zero_days,lost_mean,outage,no_room,not_found,not_counted,plans_per_s");
    let cells: Vec<f64> = row.split(',').map(|cell| cell.parse().unwrap()).collect();
    let figures = ["min", "p5", "mean", "zero_days", "lost_mean"].map(|key| json[key].as_f64().unwrap());
    assert_eq!(cells[..5], figures);
    assert_eq!(cells[5], json["causes"]["outage"].as_f64().unwrap());
    let output = data.run(&[&ORDER[..], &["2"]].concat());
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("300 screens × 26 days") && words.contains("07:00-09:00, 17:00-19:00"), "{words}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("lost mean"));
}

#[test]
fn what_cannot_be_simulated_is_refused_with_flag_value_and_mend() {
    let data = TestData::empty();
    for (args, words) in [
        (["--screens", "0"], ["--screens 0", "from 1"]),
        (["--days", "0"], ["--days 0", "from 1"]),
        (["--quota", "0"], ["--quota 0", "from 1"]),
        (["--peak-hours", "7,8,7"], ["--peak-hours 7,8,7", "twice"]),
        (["--peak-hours", "7,24"], ["\"24\"", "0 to 23"]),
        (["--peak-hours", ""], ["--peak-hours", "0 to 23"]),
        (["--outage", "1.5"], ["--outage 1.5", "from 0 to 1"]),
        (["--outage", "-0.1"], ["--outage -0.1", "from 0 to 1"]),
        (["--outage", "NaN"], ["--outage NaN", "from 0 to 1"]),
        (["--length", "0"], ["--length 0", "from 1 to 3600"]),
        (["--min-gap", "90000"], ["--min-gap 90000", "86400"]),
    ] {
        let said = data.fails(2, &["simulate", args[0], args[1]]);
        assert!(words.iter().all(|word| said.contains(word)), "{args:?}: {said}");
    }
}

#[test]
fn the_help_says_what_is_simulated_and_what_each_figure_is() {
    let help = TestData::empty().ok(&["simulate", "--help"]);
    for word in ["06:00", "22:00", "min, p5, mean", "zero_days", "lost_mean", "causes", "plans_per_s", "--distinct"] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

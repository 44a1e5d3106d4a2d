//! Plan, our log and theirs, line by line.

use crate::common::TestData;
use crate::common::town::at;
use crate::declared::{XIBO_HEAD, import_log, put, town_of_others, xibo_row};
use crate::{DAY, ORDER, a_day_with_a_power_cut, export, instant, read};
use lichphat_playlists::time::UtcMillis;
use std::collections::BTreeMap;

/// Lines of `reconcile`: status, planned, ours, theirs. The exit code says whether anything differs.
fn reconciled(data: &TestData, screen: &[&str], differs: bool) -> Vec<[String; 4]> {
    let ask = ["reconcile", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--all", "--format", "json"];
    let output = data.run(&[&ask[..], screen].concat());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(i32::from(differs)), "{words}");
    let lines: Vec<BTreeMap<String, String>> = serde_json::from_slice(&output.stdout).unwrap();
    lines.iter().map(|l| ["status", "planned", "ours", "theirs"].map(|key| l[key].clone())).collect()
}

#[test]
fn of_somebody_elses_screen_the_number_is_held_against_his_log() {
    let data = town_of_others();
    let row = |from: &str, to: &str| xibo_row(from, to, "T-01", ORDER, 1);
    let three = [
        row("08:00:00", "08:00:15"),
        row("08:01:00", "08:01:15"),
        row("08:20:00", "08:20:15"),
        row("11:00:00", "11:00:15"),
    ];
    import_log(&data, "xibo", "three.csv", &(XIBO_HEAD.to_owned() + &three.concat()), &[]);
    let lines = reconciled(&data, &[], true);
    let theirs = |status: &str| lines.iter().filter(|l| l[0] == status).map(|l| l[3].clone()).collect::<Vec<_>>();
    assert_eq!(theirs("matched"), ["08:00:00", "08:20:00", "11:00:00"]);
    assert_eq!(theirs("theirs-only"), ["08:01:00"], "too soon after the one before");
    assert_eq!(theirs("planned-only"), [""], "four were asked for");
    let csv = data.run(&["reconcile", "--campaign", ORDER, "--from", DAY, "--to", DAY, "--format", "csv"]);
    let csv = String::from_utf8(csv.stdout).unwrap();
    assert!(
        csv.contains("T-01,2024-09-20,theirs-only,,,08:01:00,,,15.000,,,") && csv.contains("three.csv:3,min-gap"),
        "{csv}"
    );
    assert!(!csv.contains("matched"), "differences only");
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_our_log_and_theirs_are_told_apart_line_by_line() {
    let data = a_day_with_a_power_cut().await;
    let alone = reconciled(&data, &["--screen", "C-01"], true);
    let told = |lines: &[[String; 4]], status: &str| lines.iter().filter(|l| l[0] == status).count();
    // six slots; three of the first peak were made good in the second, at another time
    assert_eq!((alone.len(), told(&alone, "matched"), told(&alone, "time-differs")), (6, 3, 3), "{alone:?}");
    assert!(reconciled(&data, &[], false).is_empty(), "nobody else keeps a log");

    // their CMS saw the same, but for one play that it has a minute late, one cut short, one lost and one of its own
    let ours = read(&export(&data, "csv", &[]).0);
    let mut good: Vec<_> =
        ours.iter().filter(|r| r["standing"] == "counted").map(|r| (instant(&r["start"]), 15_000)).collect();
    good.sort_unstable();
    good[0].0 += 60_000;
    good[1].1 = 9_000;
    good.remove(2);
    good.push((at(DAY, "09:59").0, 15_000));
    let text = |ms: i64| UtcMillis(ms).rfc3339(lichphat_playlists::time::HANOI);
    let rows: String =
        good.iter().map(|(s, l)| format!("C-01,{ORDER},{},{},counted\n", text(*s), text(s + l))).collect();
    let log = put(&data, "theirs.csv", &format!("screen,campaign,start,end,standing\n{rows}"));
    data.ok(&["import", "plays", &log, "--as", "csv", "--by", "A"]);

    let lines = reconciled(&data, &[], true);
    assert_eq!(lines.len(), 7, "{lines:?}");
    assert_eq!(told(&lines, "theirs-only"), 1);
    assert_eq!(told(&lines, "not-in-theirs"), 1);
    assert!(lines.iter().all(|l| (l[0] == "theirs-only") == l[2].is_empty()), "ours has every other: {lines:?}");
    let late = lines.iter().find(|l| !l[2].is_empty() && !l[3].is_empty() && l[2] != l[3]).unwrap();
    assert_eq!(late[0], "time-differs");
    assert_eq!(data.fails(2, &["reconcile", "--campaign", "nobody", "--from", DAY, "--to", DAY]).lines().count(), 1);
}

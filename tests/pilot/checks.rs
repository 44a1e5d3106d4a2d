//! What docs/pilot.md, 4, tells people to look at each day, each Monday and each Friday: the same commands and addresses, and what they answer.

use super::cast::{self, gate};
use super::events::KEPT;
use super::month::Month;
use super::visitor::Browser;
use lichphat_playlists::time::LocalDay;
use serde_json::Value;
use std::collections::BTreeSet;

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Mornings on which the server was asked, and those on which it was not ready.
    mornings: u32,
    not_ready: Vec<String>,
    /// The log that the auditor has kept a checkpoint of on a Friday, and how many entries it had.
    kept: Vec<(String, u64)>,
}

/// Half past seven: is the server ready, whoever asks?
pub(crate) async fn morning(month: &mut Month, day: LocalDay) {
    let house = &month.world.house;
    let page = Browser::at(&house.url, &house.way.authority).get("/readyz").await;
    month.seen.mornings += 1;
    if page.status != 200 || page.html != "{\"ready\":true}" {
        month.seen.not_ready.push(format!("{day}: {} {}", page.status, page.html));
    }
}

/// By four o'clock tomorrow's roster is in: the depot's file says nothing that is not known.
pub(crate) fn roster(month: &mut Month, tomorrow: LocalDay) {
    let text = cast::roster(month.size.buses, std::iter::once(tomorrow));
    let file = month.world.file("csv", &text);
    let told = month.world.cli(&["import", "duty", &file, "--format", "json"]);
    let row = &serde_json::from_str::<Vec<Value>>(&told).unwrap()[0];
    month.score.line(
        "Lịch chạy xe ngày mai có đủ từ trước (tomorrow's roster is in)",
        "import duty",
        [0, 0, month.size.buses as u64],
        ["added", "changed", "unchanged"].map(|key| row[key].as_u64().unwrap()),
    );
}

/// Monday: the log agrees with itself; boxes have nothing to mend but what the story broke; one version; the vendor's weeks; each contract has
/// a cause for every bus that is short; nothing waits to be approved.
pub(crate) async fn monday(month: &mut Month, n: u32) {
    let by = "check; device status; release list; import list; report contracts; /approvals";
    let (size, day) = (month.size.clone(), month.on(n));
    let rows = |ask: &[&str]| -> Vec<Value> {
        serde_json::from_str(&month.world.cli(&[ask, &["--format", "json"]].concat())).unwrap()
    };
    let checked = month.world.run(&["check"]);
    let words = [checked.stdout, checked.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    let agrees = checked.status.success() && words.contains(": 0 disagreements");
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let number = |row: &Value, key: &str| row[key].as_u64().unwrap();
    let ill = rows(&["device", "status"]).into_iter().filter(|row| !text(row, "wrong").is_empty());
    let ill: BTreeSet<String> = ill.map(|row| text(&row, "screen")).collect();
    let versions = rows(&["release", "list"]);
    let versions = versions.iter().map(|row| ["serial", "offered", "failed", "well"].map(|key| number(row, key)));
    let brought = rows(&["import", "list"]);
    let brought = brought.iter().map(|row| (number(row, "plays"), text(row, "state")));
    let (from, to) = (month.on(n - 7).to_string(), day.previous().to_string());
    let sold = rows(&["report", "contracts", "--from", &from, "--to", &to]);
    let causes = |row: &Value| -> u64 {
        text(row, "causes").split(';').filter_map(|cause| cause.split_once('=')?.1.parse::<u64>().ok()).sum()
    };
    // buses that stood in the workshop all week owe nothing: they are neither met nor short
    let (count, (from, to)) = size.repaired;
    let at_rest = if from <= n - 7 && n <= to + 1 { count as u64 } else { 0 };
    let unexplained: Vec<u64> =
        sold.iter().map(|row| (number(row, "screens") - number(row, "met")).abs_diff(causes(row))).collect();
    let was = (agrees, ill, versions.collect::<Vec<_>>(), brought.collect::<Vec<_>>(), unexplained);
    let approver = &mut month.people.approvers[0];
    assert!(approver.signs_in(&month.world).await);
    let waits = approver.sees(&month.world, "/approvals").await.html().contains("id=\"proposal-");

    let broken = [(gate(0), n > size.cloned), (gate(2), (size.dark.0 + 1..=size.dark.1).contains(&n))];
    let broken = broken.into_iter().filter(|(_, so)| *so).map(|(screen, _)| screen).collect::<BTreeSet<_>>();
    let week = (7 * 12 * size.others as u64, "stands".to_owned());
    month.score.line(
        &format!("Thứ Hai {day}: sổ khớp, hộp cần sửa, phiên bản, nhật ký của hãng khác, hợp đồng thiếu có nguyên nhân, không gì chờ duyệt (the Monday's checks)"),
        by,
        ((true, broken, vec![[2, 1, 1, 0]], vec![week; (n / 7) as usize], vec![at_rest; 2]), false),
        (was, waits),
    );
}

/// Friday: the auditor keeps the newest checkpoint; its number has grown, for the first time since the first evening's.
pub(crate) async fn friday(month: &mut Month) {
    let of = |note: &str| {
        let mut lines = note.lines();
        (lines.next().unwrap().to_owned(), lines.next().unwrap().parse().unwrap())
    };
    if month.seen.kept.is_empty() {
        month.seen.kept.push(of(&std::fs::read_to_string(month.world.outside(KEPT)).unwrap()));
    }
    let (world, auditor) = (&month.world, &mut month.people.auditor);
    assert!(auditor.signs_in(world).await);
    month.seen.kept.push(of(&auditor.sees(world, "/log/checkpoint").await.html()));
}

/// What came of the looks of each day and each week.
pub(crate) fn hold(month: &mut Month) {
    let seen = std::mem::take(&mut month.seen);
    month.score.line(
        "Mỗi sáng máy chủ sẵn sàng (the server is ready each morning)",
        "/readyz",
        (month.size.days, Vec::<String>::new()),
        (seen.mornings, seen.not_ready),
    );
    let grown = seen.kept.windows(2).all(|pair| pair[0].0 != pair[1].0 || pair[0].1 < pair[1].1);
    let of_logs = seen.kept.iter().map(|(origin, _)| origin).collect::<BTreeSet<_>>().len();
    month.score.told(
        "Mỗi thứ Sáu điểm chốt của sổ lớn hơn lần trước, trừ khi sổ được lập lại (the checkpoint grows)",
        "/log/checkpoint",
        "each has more entries than the one before in its log; at most the two logs of before and after the disaster",
        &format!("{:?}", seen.kept),
        seen.kept.len() > 1 && grown && of_logs <= 2,
    );
}

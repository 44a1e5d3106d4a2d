//! An auditor's stories: a bundle is exported, carried away and checked; an attacker who owns the server tries every row
//! of the attack table on it; a byte is flipped anywhere.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

#[path = "../common/mod.rs"]
mod common;

mod attacks;
mod flips;
mod forger;
mod square;
mod tails;

use lichphat_verify::verdict::{Check, Outcome};
use lichphat_verify::{Options, Verdict};
use square::{CAMPAIGN, DAYS, Square, judged};

/// The checks that fail.
fn failing(verdict: &Verdict) -> Vec<Check> {
    verdict.checks.iter().filter(|(_, outcome)| **outcome == Outcome::Fails).map(|(check, _)| *check).collect()
}

#[tokio::test]
async fn an_honest_bundle_holds_and_says_what_the_report_says() {
    let square = Square::lived().await;
    let bundle = square.bundle(None).await;
    assert_eq!(bundle, square.bundle(None).await, "the same bytes whenever it is made");

    let verdict = judged(&bundle, &square.options());
    assert_eq!(verdict.faults, []);
    assert!(verdict.ok && verdict.own_policy);
    for (check, outcome) in &verdict.checks {
        let asked = !matches!(check, Check::Since | Check::Approval);
        assert_eq!(*outcome == Outcome::Holds, asked, "{check:?}");
    }
    let (campaign, [from, to]) = (CAMPAIGN.parse().unwrap(), DAYS.map(|day| day.parse().unwrap()));
    let report = square.server.rooms.report(&campaign, from, to).await.unwrap();
    assert!(report.totals.counted > 0, "something was played");
    assert_eq!(verdict.screens.iter().map(|s| s.counted).sum::<u64>(), report.totals.counted);
    assert!(verdict.screens.iter().all(|s| s.slowest_s.is_some_and(|slow| slow < 2 * 3600)), "{:?}", verdict.screens);

    let trusting = judged(&bundle, &Options::default());
    assert!(trusting.ok && !trusting.own_policy, "without a policy the bundle is only checked against itself");
    assert_eq!(trusting.checks[&Check::Witness], Outcome::NotChecked);
}

#[tokio::test]
async fn an_auditor_checks_with_the_program_and_reads_a_page() {
    let mut square = Square::build().await;
    square.live(square::morning(0)).await;
    let kept = square.server.rooms.log.head().await.unwrap().unwrap();
    square.live(square::morning(1)).await;
    let draw = ["audit", "draw", "--campaign", CAMPAIGN, "--from", DAYS[0], "--to", DAYS[1], "--seed", "XSMB 48213"];
    square.data.ok(&draw);
    square.round().await;
    let file = |name: &str| square.data.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("kept"), &kept.note).unwrap();
    std::fs::write(file("policy"), square.policy_text()).unwrap();
    let out = file("B.zip");
    let asked =
        ["export", "bundle", "--campaign", CAMPAIGN, "--from", DAYS[0], "--to", DAYS[1], "--since", &file("kept")];
    square.data.ok(&[&asked[..], &["--out", &out]].concat());

    let (policy, kept, page) = (file("policy"), file("kept"), file("trang.html"));
    let check = ["verify", &out, "--policy", &policy, "--since", &kept, "--html", &page];
    let said = square.data.ok(&check);
    assert!(
        said.starts_with("VALID: Quảng trường sạch") && said.contains("✓ the log continues the checkpoint"),
        "{said}"
    );
    assert!(said.contains("The log states 1 draws of a sample"), "{said}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("<b>Hợp lệ</b>") && html.contains("Quảng trường phía Đông"), "{html}");
    assert!(!html.contains("http://") && !html.contains("https://"), "it needs nothing from outside");

    let mut bytes = std::fs::read(&out).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&out, bytes).unwrap();
    square.data.fails(1, &["verify", &out]);
    let said = square.data.fails(2, &["verify", &out, "--policy", &kept]);
    assert!(said.contains("policy line 1"), "{said}");
}

//! An auditor's stories: a bundle is exported, carried away and checked; an attacker who owns the server tries every row
//! of the attack table on it; a byte is flipped anywhere.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking; helpers outside #[test] do too")]

#[path = "../common/mod.rs"]
mod common;

mod approvals;
mod attacks;
mod boxes;
mod edges;
mod export;
mod flips;
mod forger;
mod hostile;
mod in_part;
mod lost;
mod square;
mod tails;

use lichphat_playlists::proof::sample::Seen;
use lichphat_verify::verdict::{Check, Inspections, Outcome};
use lichphat_verify::{ArchiveError, Options, Verdict};
use square::{CAMPAIGN, DAYS, Square, judged};
use std::io::Cursor;

/// The checks that fail.
fn failing(verdict: &Verdict) -> Vec<Check> {
    let fails = |outcome: &Outcome| matches!(outcome, Outcome::Fails | Outcome::FailsInPart);
    verdict.checks.iter().filter(|(_, outcome)| fails(outcome)).map(|(check, _)| *check).collect()
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
        let asked = *check != Check::Since;
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
        said.starts_with("VALID, cosigned by 1 independent witness: Quảng trường sạch")
            && said.contains("✓ the log continues the checkpoint"),
        "{said}"
    );
    let said = square.data.ok(&["verify", &out]);
    assert!(said.starts_with("VALID by the operator's own log, no independent witness: Quảng trường sạch"), "{said}");
    assert!(said.contains("The log states 1 draws of a sample"), "{said}");
    let html = std::fs::read_to_string(&page).unwrap();
    let witnessed = "<b>HỢP LỆ, có 1 nhân chứng độc lập xác nhận</b>";
    assert!(html.contains(witnessed) && html.contains("Quảng trường phía Đông"), "{html}");
    square.data.ok(&["verify", &out, "--html", &page]);
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("<b>HỢP LỆ theo sổ của chính đơn vị, chưa có nhân chứng độc lập</b>"), "{html}");
    assert!(!html.contains("http://") && !html.contains("https://"), "it needs nothing from outside");

    let mut bytes = std::fs::read(&out).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&out, bytes).unwrap();
    square.data.fails(1, &["verify", &out]);
    let said = square.data.fails(2, &["verify", &out, "--policy", &kept]);
    assert!(said.contains("policy line 1"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_bundle_is_answered_with_the_reason_in_every_form() {
    let square = Square::lived().await;
    let good = square.bundle(None).await;
    let mut packed_anew = good.clone();
    for (mark, method) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let at = good.windows(4).position(|four| four == mark).unwrap() + method;
        packed_anew[at] = 8; // compressed, as other programs do
    }
    let mut with_folders = lichphat_verify::Writer::new(Cursor::new(Vec::new()));
    with_folders.put("screens/", &[]).unwrap();
    let [from, to] = DAYS.map(|day| day.parse().unwrap());
    let with_folders =
        with_folders.finish(CAMPAIGN.parse().unwrap(), (from, to), &square.server.rooms.packing).unwrap().into_inner();

    let file = |name: &str| square.data.path().join(name).to_str().unwrap().to_owned();
    let (bundle, page) = (file("B.zip"), file("trang.html"));
    for (bytes, vi, en) in [
        (&good[..good.len() / 2], "lấy lại từ nơi gửi", "not a readable zip"),
        (&packed_anew[..], "đã được giải nén rồi nén lại", "packed anew by another program"),
        (&with_folders[..], "đã được giải nén rồi nén lại", "packed anew by another program"),
    ] {
        std::fs::write(&bundle, bytes).unwrap();
        let run = square.data.run(&["verify", &bundle, "--html", &page, "--format", "json"]);
        let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!((run.status.code(), told["ok"].as_bool()), (Some(1), Some(false)), "{told}");
        let said = [&told["unreadable"]["vi"], &told["unreadable"]["en"]].map(|text| text.as_str().unwrap().to_owned());
        assert!(said[0].contains(vi) && said[1].contains(en), "{told}");
        assert!(String::from_utf8_lossy(&run.stderr).contains(en));
        let html = std::fs::read_to_string(&page).unwrap();
        assert!(html.contains("KHÔNG ĐỌC ĐƯỢC GÓI") && html.contains(vi), "{html}");
        for accused in ["giả mạo", "làm giả", "forg"] {
            assert!(!html.contains(accused) && !said.concat().contains(accused), "{told}");
        }
    }
    let newer = ArchiveError::Version("lichphat-bundle/9".to_owned()).words();
    assert!(newer.vi.contains("hãy dùng bản lichphat-verify đi cùng gói"), "{newer:?}");
}

#[tokio::test]
async fn what_people_found_and_what_others_declare_stand_beside_the_figures() {
    let square = Square::lived().await;
    let (campaign, [from, to]) = (["--campaign", CAMPAIGN], DAYS);
    let proven = judged(&square.bundle(None).await, &square.options());
    assert_eq!(proven.inspections, Inspections::default());

    // an auditor had plays looked at: one screen was dark, one play nobody could see
    let ask = ["audit", "draw", campaign[0], campaign[1], "--from", from, "--to", to];
    let list = square.data.ok(&[&ask[..], &["--seed", "XSMB 2024-09-22: 48213", "--format", "csv"]].concat());
    let drawn = list.lines().count() - 1;
    assert!(drawn > 3);
    let mut sheet = String::new();
    for (i, line) in list.lines().enumerate() {
        let seen = ["", "tối", "không xem được"].get(i).unwrap_or(&"đúng");
        let filled = line.strip_suffix(",,,,,,").map(|row| format!("{row},{seen},Thanh tra Sở,{to} 12:30,đèn tắt,,"));
        sheet += &format!("{}\n", filled.unwrap_or_else(|| line.to_owned()));
    }
    let path = square.data.path().join("sheet.csv");
    std::fs::write(&path, sheet).unwrap();
    square.data.ok(&["audit", "record", path.to_str().unwrap()]);

    // and somebody else's screen is aimed at, of which he declares plays
    let put = |name: &str, text: &str| {
        let path = square.data.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let screens = "code,name,venue_type,kind,owner,territory\nT-01,Sảnh bên cạnh,square,third-party,P1,P1\n";
    square.data.ok(&["import", "screens", &put("others.csv", screens)]);
    let log = format!(
        "Stat Date,Type,FromDT,ToDT,Layout,Campaign,Display,Media,Tag,Duration,Count,Engagements\n\
         {from} 23:00:00,media,{from} 08:20:00,{from} 08:20:15,L,,T-01,{CAMPAIGN},,15,1,[]\n"
    );
    let (log, map) = (put("log.csv", &log), put("map.toml", "zone = \"+07:00\"\n"));
    square.data.ok(&["import", "plays", &log, "--as", "xibo", "--map", &map, "--by", "Phòng VHXH"]);
    square.round().await;

    let bundle = square.bundle(None).await;
    let verdict = judged(&bundle, &square.options());
    assert!(verdict.ok && verdict.differences.is_empty(), "{:?}", verdict.faults);
    let found = &verdict.inspections;
    assert_eq!((found.looked() as usize, found.bad.len(), found.could_not_look), (drawn - 1, 1, 1));
    assert_eq!((found.bad[0].seen, found.bad[0].note.as_str()), (Seen::Dark, "đèn tắt"));
    let counted = |v: &Verdict| v.screens.iter().map(|s| s.counted).sum::<u64>();
    assert_eq!(counted(&verdict), counted(&proven), "neither changes a figure");
    let declared = verdict.remarks.iter().find(|r| r.what.en.contains("declared by others")).unwrap();
    assert!(declared.what.vi.starts_with("1 lượt ở 1 màn hình là lời khai"), "{declared:?}");

    let (zip, html) = (square.data.path().join("B.zip"), square.data.path().join("trang.html"));
    std::fs::write(&zip, bundle).unwrap();
    let said = square.data.ok(&["verify", zip.to_str().unwrap(), "--html", html.to_str().unwrap()]);
    assert!(
        said.contains("the screen was dark (Thanh tra Sở): đèn tắt") && said.contains("declared by others"),
        "{said}"
    );
    let page = std::fs::read_to_string(html).unwrap();
    assert!(page.contains("<b>màn hình tối</b>") && page.contains("lời khai của đơn vị khác"), "{page}");
}

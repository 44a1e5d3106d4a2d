//! One player's fault is its screen's and nobody else's; and what the verifier says of it is said in the reader's language.

use crate::attacks::resealed;
use crate::forger::Forger;
use crate::square::{Square, judged};
use lichphat::proof::Outcome;
use lichphat_playlists::proof::bundle;
use lichphat_verify::verdict::{Check, Outcome as Came, Standing};
use lichphat_verify::{Options, Verdict, page};

/// A clone of the nth player tells the server another story of its newest segment.
async fn clone(square: &Square, nth: usize) {
    let honest = Forger::of(square, &square.bundle(None).await).await;
    let (player, screen) = (&square.identities[nth], ["Q-01", "Q-02"][nth]);
    let newest = &honest.leaves[*honest.segments_of(screen).last().unwrap()];
    let story = resealed(newest, &player.evidence, |s| s.records[0].frames_dropped += 1);
    let proof = &square.server.rooms.proof;
    let outcome = proof.ingest(&proof.identity(player.device).await.unwrap(), story[9..].to_vec()).await.unwrap().0;
    assert!(matches!(outcome, Outcome::Fork { .. }), "{outcome:?}");
    square.round().await;
}

fn counted(verdict: &Verdict, screen: &str) -> u64 {
    verdict.screens.iter().find(|s| s.screen.as_str() == screen).unwrap().counted
}

#[tokio::test]
async fn one_players_fault_is_its_screens_and_the_figures_of_the_others_stand() {
    let square = Square::lived().await;
    let honest = judged(&square.bundle(None).await, &square.options());
    assert_eq!(honest.standing, Standing::Whole);
    clone(&square, 0).await;
    let zip = square.bundle(None).await;
    let verdict = judged(&zip, &square.options());
    assert_eq!((verdict.standing, verdict.ok), (Standing::InPart, false));
    assert_eq!(verdict.checks[&Check::Chain], Came::FailsInPart);
    assert!(
        verdict.faults.iter().all(|f| f.screen.as_ref().is_some_and(|s| s.as_str() == "Q-01")),
        "{:?}",
        verdict.faults
    );
    let held: Vec<(&str, u64)> = verdict.held().map(|s| (s.screen.as_str(), s.counted)).collect();
    assert_eq!(held, [("Q-02", counted(&honest, "Q-02"))], "the other stands as it stood");
    let said = verdict.headline();
    assert_eq!(said.en, "VALID at 1 of 2 screens, not at Q-01. Checked, cosigned by 1 independent witness");
    assert!(said.vi.starts_with("1 trong 2 màn hình HỢP LỆ; không hợp lệ: Q-01. "), "{}", said.vi);

    // in lines, as JSON, on the page and by the exit code
    let file = |name: &str| square.data.path().join(name).to_str().unwrap().to_owned();
    let (bundle_file, html) = (file("B.zip"), file("trang.html"));
    std::fs::write(&bundle_file, &zip).unwrap();
    let run = square.data.run(&["verify", &bundle_file, "--html", &html]);
    let lines = String::from_utf8_lossy(&run.stdout).into_owned();
    assert_eq!(run.status.code(), Some(3), "{lines}");
    let stands = format!("Of them {} plays counted at the screens that hold stand", counted(&honest, "Q-02"));
    assert!(lines.contains("Faults at single screens:\n  - Q-01, entry ") && lines.contains(&stands), "{lines}");
    assert!(!lines.contains("Faults of the bundle"), "{lines}");
    let json: serde_json::Value =
        serde_json::from_slice(&square.data.run(&["verify", &bundle_file, "--format", "json"]).stdout).unwrap();
    let of =
        |n: usize| (json["screens"][n]["screen"].as_str().unwrap(), json["screens"][n]["holds"].as_bool().unwrap());
    assert_eq!((json["standing"].as_str(), of(0), of(1)), (Some("in-part"), ("Q-01", false), ("Q-02", true)));
    assert_eq!(json["faults"][0]["screen"], "Q-01");
    let html = std::fs::read_to_string(html).unwrap();
    assert!(html.contains("sai một phần") && html.contains("Điểm không đúng ở riêng từng màn hình"), "{html}");
    assert!(!html.contains("của gói hoặc của máy chủ"), "{html}");

    // a fault of the scheduler's on top, or no screen left, and nothing stands
    let mut forger = Forger::of(&square, &zip).await;
    forger.alter(bundle::REPORT, |report| report["lines"][0]["counted"] = 99.into());
    assert_eq!(judged(&forger.pack(), &square.options()).standing, Standing::Not);
    clone(&square, 1).await;
    assert_eq!(judged(&square.bundle(None).await, &square.options()).standing, Standing::Not);
}

/// Every number of a report is made another.
fn others(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Number(_) => *value = 987_654.into(),
        serde_json::Value::Object(map) => map.values_mut().for_each(others),
        serde_json::Value::Array(list) => list.iter_mut().for_each(others),
        _ => {}
    }
}

/// Names of an object's fields, and of those below.
fn names(value: &serde_json::Value, all: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => map.iter().for_each(|(name, below)| {
            all.insert(name.clone());
            names(below, all);
        }),
        serde_json::Value::Array(list) => list.iter().for_each(|below| names(below, all)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_speaks_vietnamese_and_no_program_does() {
    let square = Square::lived().await;
    let mut forger = Forger::of(&square, &square.bundle(None).await).await;
    let mut fields = std::collections::BTreeSet::new();
    names(&serde_json::from_slice(&forger.files[bundle::REPORT]).unwrap(), &mut fields);
    forger.alter(bundle::REPORT, others);
    let html = page(&judged(&forger.pack(), &Options::default()));
    let places: Vec<&str> = html.split("<li><code>").skip(1).filter_map(|rest| rest.split("</code>").next()).collect();
    assert!(places.len() > 30 && places.contains(&"màn hình Q-01 được tính"), "{places:?}");
    for word in places.iter().flat_map(|place| place.split(' ')) {
        assert!(!fields.contains(word), "{word}: {places:?}");
    }
    assert!(html.contains("giờ Việt Nam") && !html.contains("UTC"), "{html}");
    assert!(html.contains(">chưa kiểm<") && !html.contains("chưa kiểm tra"), "the sign beside it says so: {html}");
    // an error of a program is told in English, and its meaning in both
    let note = b"checkpoint\n".to_vec();
    forger.files.insert(bundle::CHECKPOINT.into(), note);
    let verdict = judged(&forger.pack(), &square.options());
    let fault = verdict.faults.iter().find(|f| f.check == Check::Log).unwrap();
    assert!(fault.what.en.contains("note") && !fault.what.vi.contains("note"), "{fault:?}");
}

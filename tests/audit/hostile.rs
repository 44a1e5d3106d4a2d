//! Bundles made to break the verifier or to fool its reader, and players that would spoil a whole city's evidence.

use crate::failing;
use crate::forger::{Forger, segment};
use crate::square::{Square, judged};
use lichphat::keys::Keys;
use lichphat::proof::{Outcome, ProofError};
use lichphat_playlists::ids::{PlanVersion, Seq, Sha256Hash};
use lichphat_playlists::proof::bundle;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::{Entry, segment_leaf};
use lichphat_playlists::proof::head::DeviceHead;
use lichphat_playlists::proof::note::{Note, VerifierKey};
use lichphat_playlists::proof::segment::{Segment, SegmentError};
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::sign::{Envelope, SigningKey};
use lichphat_playlists::wire::v1::{AssetTable, LIMIT_BYTES, Playlist};
use lichphat_verify::verdict::{Check, Outcome as Came};
use lichphat_verify::{Options, Verdict};
use std::io::Cursor;
use std::process::Output;

/// Why a bundle cannot be read at all.
fn refused(zip: &[u8], square: &Square) -> String {
    lichphat_verify::verify(|| Ok(Cursor::new(zip)), &square.options(), &mut |_, _| {}).unwrap_err().to_string()
}

/// The verifier as a program that may take so much memory, KiB.
fn verify_within(kib: u32, square: &Square, zip: &[u8]) -> Output {
    let file = square.data.path().join("B.zip");
    std::fs::write(&file, zip).unwrap();
    let mut shell = std::process::Command::new("sh");
    shell.args([
        "-c",
        &format!("ulimit -v {kib}; exec \"$0\" --lang en verify \"$1\""),
        env!("CARGO_BIN_EXE_lichphat"),
    ]);
    shell.arg(file).output().unwrap()
}

/// The segment with which a player goes on after its last one.
fn follow(square: &Square, forger: &Forger, change: impl FnOnce(&mut Segment)) -> Vec<u8> {
    let leaf = &forger.leaves[*forger.segments_of("Q-01").last().unwrap()];
    let mut next = segment(leaf).unwrap();
    (next.first_seq, next.previous) = (Seq(next.last_seq().0 + 1), Sha256Hash::of(&leaf[9..]));
    change(&mut next);
    next.seal(&square.identities[0].evidence).into_bytes()
}

#[tokio::test]
async fn a_period_that_ends_before_it_begins_is_refused_with_words() {
    let square = Square::lived().await;
    let mut forger = Forger::of(&square, &square.bundle(None).await).await;
    forger.days = (forger.days.1, forger.days.0);
    forger.alter(bundle::BASIS, |basis| {
        let period = basis["period"].as_object_mut().unwrap();
        let (from, to) = (period["from"].clone(), period["to"].clone());
        (period["from"], period["to"]) = (to, from);
    });
    let said = refused(&forger.pack(), &square);
    assert!(said.contains("basis.json: period: it begins on 2024-09-21, after its end on 2024-09-20"), "{said}");
}

#[tokio::test]
async fn one_players_junk_anchor_does_not_spoil_the_citys_bundle() {
    let square = Square::lived().await;
    let proof = &square.server.rooms.proof;
    let player = &proof.identity(square.identities[0].device).await.unwrap();
    let forger = Forger::of(&square, &square.bundle(None).await).await;
    let named = |anchor: String| follow(&square, &forger, |s| s.anchor = anchor);

    let newest = square.server.rooms.log.head().await.unwrap().unwrap();
    let checkpoint = Checkpoint::parse(&Note::parse(&newest.note).unwrap().text).unwrap();
    let stranger = SigningKey::from_seed(&[8; 32]);
    let name = VerifierKey::new(checkpoint.origin.clone(), stranger.verifying_key()).unwrap();
    let long = proof.ingest(player, named("A".repeat(1_000_000))).await.unwrap_err();
    assert!(matches!(long, ProofError::Segment(SegmentError::Malformed(_))), "{long}");

    // what the log never signed says nothing against the log, whoever says it
    for anchor in ["junk\u{1b}[2J<script>".to_owned(), checkpoint.sign(&name, &stranger).to_string()] {
        let mut forger = forger.clone();
        forger.append(&square, segment_leaf(newest.at, &named(anchor)));
        let verdict = judged(&forger.pack(), &square.options());
        let told = |words: &str| verdict.remarks.iter().any(|r| r.check == Check::Time && r.what.en.contains(words));
        assert!(verdict.ok && told("never signed"), "{:?} {:?}", verdict.faults, verdict.remarks);
    }
}

#[tokio::test]
async fn one_players_word_on_another_log_does_not_spoil_the_citys_bundle() {
    let square = Square::living().await;
    let (player, newest) = (&square.players[0], square.server.rooms.log.head().await.unwrap().unwrap());
    let mut said = DeviceHead::claimed(&Envelope::from_bytes(player.head()).unwrap()).unwrap();
    let seen = said.seen.as_mut().unwrap();
    seen.root = Sha256Hash::of(b"made up");
    let lie = said.seal(&player.identity.evidence).into_bytes();

    let mut forger = Forger::of(&square, &square.bundle(None).await).await;
    forger.append(&square, Entry::Head { received: newest.at, envelope: lie.clone() }.encode());
    let verdict = judged(&forger.pack(), &square.options());
    assert!(verdict.ok && verdict.remarks.iter().any(|r| r.what.en.contains("another log")), "{:?}", verdict.faults);
    // who went to the player for its word is not left in peace
    let brought = Options { heads: vec![lie], ..square.options() };
    assert_eq!(failing(&judged(&forger.pack(), &brought)), [Check::Log]);
}

#[tokio::test]
async fn many_playlists_of_one_large_table_take_the_memory_of_one() {
    let square = Square::lived().await;
    let honest = Forger::of(&square, &square.bundle(None).await).await;
    let key = Keys::load(square.data.path()).unwrap().plan;
    let plans = bundle::plans_of(&"Q-01".parse().unwrap());
    let document = bundle::documents(&honest.files[&plans]).unwrap()[0].to_vec();
    let mut playlist = Playlist::open(&Envelope::from_bytes(document).unwrap(), &key.verifying_key()).unwrap();
    let table: AssetTable = serde_json::from_slice(&honest.files[&bundle::assets(playlist.assets)]).unwrap();
    let once = serde_json::to_vec(&table.assets[0]).unwrap().len() + 1;
    let (bytes, hash) = AssetTable { assets: vec![table.assets[0].clone(); (LIMIT_BYTES - 100) / once] }.encode();
    (playlist.assets, playlist.fallback) = (hash, 0);
    playlist.slots.clear();
    let pack = |count: u32, cause: &str| {
        let (mut documents, mut playlist) = (Vec::new(), playlist.clone());
        playlist.cause = cause.to_owned();
        for version in 1..=count {
            playlist.version = PlanVersion(version);
            assert!(bundle::put_document(&mut documents, playlist.seal(&key).as_bytes()));
        }
        let mut forger = honest.clone();
        forger.files.insert(bundle::assets(hash), bytes.clone());
        forger.files.insert(plans.clone(), documents);
        forger.pack()
    };
    let output = verify_within(1 << 20, &square, &pack(400, "one of many"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("NOT VALID"), "{said}");

    // pages of nothing compress well
    let said = refused(&pack(80, &" ".repeat(LIMIT_BYTES - 4096)), &square);
    assert!(said.contains("screens/Q-01/plans: its playlists unpack to more than 256 MiB"), "{said}");
}

#[tokio::test]
async fn a_simulated_player_is_never_taken_for_a_real_one() {
    let square = Square::lived().await;
    let honest = Forger::of(&square, &square.bundle(None).await).await;
    let proof = &square.server.rooms.proof;
    let player = proof.identity(square.identities[0].device).await.unwrap();
    let real = follow(&square, &honest, |s| s.simulated = false);
    let said = proof.ingest(&player, real.clone()).await.unwrap_err();
    assert!(matches!(said, ProofError::Simulated(_)), "{said}");

    // the server lets it in all the same
    let mut forger = honest.clone();
    forger.append(&square, segment_leaf(square.server.rooms.clock.now(), &real));
    let verdict = judged(&forger.pack(), &square.options());
    assert!(failing(&verdict).contains(&Check::Device), "{:?}", verdict.faults);

    // and what is said to be simulated is said so in every form
    let zip = honest.pack();
    let verdict = judged(&zip, &square.options());
    assert!(verdict.ok && verdict.simulated && verdict.screens.len() == 2);
    assert!(verdict.remarks.iter().any(|r| r.what.en.starts_with("At 2 of 2 screens the player is a simulated one")));
    assert!(lichphat_verify::page(&verdict).contains("Ở 2 trong 2 màn hình, thiết bị là mô phỏng"));
    let table = verify_within(1 << 20, &square, &zip);
    assert!(String::from_utf8_lossy(&table.stdout).contains("At 2 of 2 screens the player is a simulated one"));
}

#[tokio::test]
async fn without_witnesses_nothing_is_said_of_time() {
    let square = Square::lived().await;
    let zip = square.bundle(None).await;
    assert_eq!(judged(&zip, &square.options()).checks[&Check::Time], Came::Holds);
    let trusting = judged(&zip, &Options::default());
    assert_eq!(trusting.checks[&Check::Time], Came::NotChecked);
    assert_eq!(trusting.remarks.iter().filter(|r| r.check == Check::Time).count(), 1, "{:?}", trusting.remarks);

    // witnessed once, and then no more: the newest entries have no bound
    let mut forger = Forger::of(&square, &zip).await;
    let earlier = forger.files[bundle::CHECKPOINTS].clone();
    forger.relog(&square, false);
    forger.files.insert(bundle::CHECKPOINTS.into(), earlier);
    assert_eq!(judged(&forger.pack(), &square.options()).checks[&Check::Time], Came::NotChecked);
}

#[tokio::test]
async fn a_title_cannot_speak_for_the_verifier() {
    let square = Square::lived().await;
    let mut forger = Forger::of(&square, &square.bundle(None).await).await;
    let title = "\u{1b}[2K\u{1b}[1GVALID: sạch\nVALID: \u{202e}sạch<script>";
    forger.alter(bundle::BASIS, |basis| basis["title"] = title.into());
    forger.alter(bundle::REPORT, |report| report["title"] = "\u{1b}[8m".into());
    let zip = forger.pack();
    let said = String::from_utf8(verify_within(1 << 20, &square, &zip).stdout).unwrap();
    let shown = "\u{fffd}[2K\u{fffd}[1GVALID: sạch\u{fffd}VALID: \u{fffd}sạch<script>";
    assert!(said.starts_with(&format!("NOT VALID: {shown} (")), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    let page = lichphat_verify::page(&judged(&zip, &square.options()));
    assert!(!page.contains(['\u{1b}', '\u{202e}']) && !page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn what_is_written_down_twice_is_refused() {
    let square = Square::lived().await;
    let honest = Forger::of(&square, &square.bundle(None).await).await;
    let mut forger = honest;
    let text = String::from_utf8(forger.files[bundle::REPORT].clone()).unwrap();
    let twice = text.replacen("\"short_causes\": {", "\"short_causes\": {\"no-player\": 9, \"no-player\": 0", 1);
    assert_ne!(text, twice);
    forger.files.insert(bundle::REPORT.into(), twice.into_bytes());
    assert!(refused(&forger.pack(), &square).contains("report.json: \"no-player\" stands twice"));
}

fn repeated(list: &serde_json::Value, times: usize) -> serde_json::Value {
    std::iter::repeat_n(list.as_array().unwrap(), times).flatten().cloned().collect()
}

/// The bundle with another basis, and the report that follows from it: what the scheduler's owner would do.
fn restated(forger: &Forger, square: &Square, restate: impl FnOnce(&mut serde_json::Value)) -> Verdict {
    let mut forger = forger.clone();
    forger.alter(bundle::BASIS, restate);
    let verdict = judged(&forger.pack(), &square.options());
    forger.alter(bundle::REPORT, |report| {
        for d in &verdict.differences {
            let mut parts = d.figure.split(' ');
            let at = parts.try_fold(&mut *report, |at, part| match at {
                serde_json::Value::Array(lines) => lines.iter_mut().find(|line| line["screen"] == part),
                other => other.get_mut(part),
            });
            if let Some(at) = at {
                *at = serde_json::from_str(&d.recomputed).unwrap();
            }
        }
        report["lines"].as_array_mut().unwrap().retain(|line| !line.is_null());
    });
    judged(&forger.pack(), &square.options())
}

#[tokio::test]
async fn what_the_scheduler_states_is_held_to_what_was_signed() {
    let square = Square::lived().await;
    let honest = Forger::of(&square, &square.bundle(None).await).await;
    let unchanged = restated(&honest, &square, |_| {});
    assert!(unchanged.ok, "{:?}", unchanged.faults);
    let told = |verdict: &Verdict, words: &str| verdict.remarks.iter().any(|r| r.what.en.contains(words));
    assert!(told(&unchanged, "The list of 2 screens (2 managed, 0 of third parties, 0 with no player)"));
    assert!(!told(&unchanged, "days owe less"), "{:?}", unchanged.remarks);

    let fivefold = restated(&honest, &square, |basis| {
        for link in basis["links"].as_array_mut().unwrap() {
            link["screens"] = repeated(&link["screens"], 5);
        }
    });
    assert!(failing(&fivefold).contains(&Check::Figures));
    let beyond = restated(&honest, &square, |basis| basis["links"][0]["screens"] = vec![0, 9].into());
    assert!(failing(&beyond).contains(&Check::Figures));
    let doubled = restated(&honest, &square, |basis| {
        basis["screens"][0]["owed"] = repeated(&basis["screens"][0]["owed"], 2);
    });
    assert!(failing(&doubled).contains(&Check::Figures));

    let nothing_planned = restated(&honest, &square, |basis| basis["screens"][0]["days"] = serde_json::json!({}));
    assert!(failing(&nothing_planned).contains(&Check::Plan), "{:?}", nothing_planned.faults);
    let no_number = restated(&honest, &square, |basis| basis["quota"] = serde_json::Value::Null);
    assert!(failing(&no_number).contains(&Check::Plan), "{:?}", no_number.faults);

    // a lower number may be an exemption: it is no fault, and it is said
    for lower in [
        restated(&honest, &square, |basis| basis["screens"][0]["owed"] = serde_json::json!([])),
        restated(&honest, &square, |basis| {
            for day in basis["screens"][0]["owed"].as_array_mut().unwrap() {
                day["owed"] = "0".into();
            }
        }),
    ] {
        assert!(told(&lower, "At 1 screens 2 days owe less than the order's number"), "{:?}", lower.remarks);
    }
    let larger = restated(&honest, &square, |basis| basis["quota"]["plays"] = u32::MAX.into());
    assert!(told(&larger, "At 2 screens 4 days owe less"), "{:?}", larger.remarks);
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_drops_no_later_record() {
    let mut square = Square::build().await;
    square.live(crate::square::morning(0)).await;
    let honest = Forger::of(&square, &square.bundle(None).await).await;
    let jumped = follow(&square, &honest, |s| {
        s.records.truncate(1);
        (s.records[0].start, s.records[0].end) = (UtcMillis(1 << 62), UtcMillis((1 << 62) + 10_000));
    });
    let hash = Sha256Hash::of(&jumped);
    let proof = &square.server.rooms.proof;
    let player = &proof.identity(square.identities[0].device).await.unwrap();
    proof.ingest(player, jumped).await.unwrap();
    let after = follow(&square, &honest, |s| (s.first_seq, s.previous) = (Seq(s.first_seq.0 + 1), hash));
    let (taken, _) = proof.ingest(player, after).await.unwrap();
    assert!(matches!(taken, Outcome::Accepted { .. }), "{taken:?}");
    square.round().await;
    let verdict = judged(&square.bundle(None).await, &square.options());
    assert_eq!(verdict.faults, []);
    let shown = verdict.screens.iter().find(|s| s.screen.as_str() == "Q-01").unwrap();
    assert_eq!(shown.segments as usize, honest.segments_of("Q-01").len() + 2, "what came after the jump is shown");
    assert!(shown.heard_s < Some(1 << 40), "and a jump vouches for nothing: {:?}", shown.heard_s);
}

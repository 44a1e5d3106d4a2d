//! Two boxes that both claim one screen: a screen shows what one player puts out, so one of them counts.

use crate::common::town::at;
use crate::forger::{Forger, segment};
use crate::square::{CAMPAIGN, DAYS, Square, judged, morning};
use crate::tails::replace_first;
use lichphat::proof::evidence::{ScreenRecords, screen_day};
use lichphat_playlists::ids::{DeviceId, Seq, Sha256Hash};
use lichphat_playlists::proof::count::{Reason, Standing};
use lichphat_playlists::time::HANOI;

/// The second morning at the first screen, record by record.
async fn second_morning(square: &Square) -> ScreenRecords {
    let (screen, day) = ("Q-01".parse().unwrap(), DAYS[1].parse().unwrap());
    screen_day(&square.server.rooms.store, &screen, day, HANOI).await.unwrap()
}

/// Counted plays of the order in what a device recorded, and what of it was the screen's no more.
fn of(evidence: &ScreenRecords, device: u32) -> (usize, usize) {
    let mine = || evidence.records.iter().filter(|r| r.device == DeviceId(device));
    let counted = |s: Standing| matches!(s, Standing::Counted { within: true, .. });
    let order = mine().filter(|r| r.campaign.as_str() == CAMPAIGN && counted(r.standing)).count();
    (order, mine().filter(|r| r.standing == Standing::NotCounted(Reason::Replaced)).count())
}

#[tokio::test]
async fn a_box_that_was_replaced_plays_on_and_counts_no_more() {
    let mut square = Square::build().await;
    square.live(morning(0)).await;
    square.live(at(DAYS[1], "08:30")).await;

    // the screen is given to another box; nobody switches the old one off, and it hears nothing of it
    let mut old = replace_first(&mut square, 4_711).await;
    for clock in ["08:45", "09:00", "09:15", "09:30", "09:45"] {
        square.live(at(DAYS[1], clock)).await;
        old.sim.step_until(at(DAYS[1], clock));
    }
    let before = of(&second_morning(&square).await, 1).0;
    old.sim.meet().await; // somebody plugs its cable in
    square.live(morning(1)).await;

    let evidence = second_morning(&square).await;
    let ((old_counts, gone), (new_counts, none)) = (of(&evidence, 1), of(&evidence, 3));
    assert!(gone > 3 && none == 0 && new_counts > 0, "{gone} {none} {new_counts}");
    assert_eq!(old_counts, before, "what it had played while the screen was its own counts, and nothing after");
    let verdict = judged(&square.bundle(None).await, &square.options());
    assert!(verdict.ok, "{:?}", verdict.faults);
    let [first, second] = &verdict.screens[..] else { panic!("two screens") };
    assert!(first.counted <= second.counted, "two boxes are no more than one");
    assert!(first.reasons["replaced"] > 0 && !second.reasons.contains_key("replaced"));
    assert!(verdict.remarks.iter().any(|r| r.what.en.contains("At 1 screens the box was replaced")), "{verdict:?}");

    // the page of the screen, the sums and the auditor say the same
    let sums = evidence.counts();
    let (order, day) = (CAMPAIGN.parse().unwrap(), DAYS[1].parse().unwrap());
    let report = square.server.rooms.report(&order, day, day).await.unwrap();
    let line = report.lines.into_iter().find(|line| line.screen.as_str() == "Q-01").unwrap();
    assert_eq!((line.counted, line.not_counted), (sums[&order].counted, sums[&order].not_counted));
    square.data.ok(&["check"]);
}

#[tokio::test]
async fn boxes_that_are_registered_by_turns_do_not_each_have_the_hours_before() {
    let mut square = Square::living().await;
    let honest = square.bundle(None).await;
    let counted = |bundle: &[u8]| judged(bundle, &square.options()).screens[0].counted;
    let before = counted(&honest);
    let forger = Forger::of(&square, &honest).await;
    let mut segments = forger.segments_of("Q-01").into_iter().map(|at| segment(&forger.leaves[at]).unwrap());
    let mut told = segments.next().unwrap();
    told.records.extend(segments.flat_map(|segment| segment.records));

    for seed in [7, 8, 9] {
        replace_first(&mut square, seed).await;
        let (identity, proof) = (square.players[0].identity.clone(), &square.server.rooms.proof);
        let mut claimed = told.clone();
        (claimed.device, claimed.first_seq, claimed.previous) = (identity.device, Seq(1), Sha256Hash([0; 32]));
        claimed.anchor.clear();
        claimed.records.iter_mut().for_each(|record| record.clock_error_ms = 600_000);
        let sender = proof.identity(identity.device).await.unwrap();
        proof.ingest(&sender, claimed.seal(&identity.evidence).into_bytes()).await.unwrap();
    }
    square.round().await;
    let bundle = square.bundle(None).await;
    let verdict = judged(&bundle, &square.options());
    assert!(verdict.ok, "a box that claims too much spoils nobody's bundle: {:?}", verdict.faults);
    let [first, ..] = &verdict.screens[..] else { panic!("two screens") };
    assert_eq!(first.counted, before, "and nothing of it counts");
    assert!(first.reasons["unregistered"] as usize >= 3, "{:?}", first.reasons);
    assert!(verdict.remarks.iter().any(|r| r.what.en.contains("before this player was registered")));
    square.data.ok(&["check"]);
}

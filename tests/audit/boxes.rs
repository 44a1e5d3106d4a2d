//! Two boxes that both claim one screen: a screen shows what one player puts out, so one of them counts.

use crate::common::town::at;
use crate::square::{CAMPAIGN, DAYS, Square, judged, morning};
use crate::tails::replace_first;
use lichphat::proof::evidence::{ScreenRecords, screen_day};
use lichphat_playlists::ids::DeviceId;
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
    let mut old = replace_first(&mut square).await;
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

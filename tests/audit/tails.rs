//! Attacks at the end of the records, where no segment follows that would miss the one before: only what the player itself
//! has signed tells how far its records go.

use crate::forger::Forger;
use crate::square::{DAYS, Square, judged, morning};
use crate::{
    common::town::{TownDevice, at},
    failing,
};
use lichphat_verify::verdict::{Check, Outcome};
use lichphat_verify::{Options, Verdict};

/// After a morning and a half, the records of the first player do not come, though it is heard of; at `until`.
async fn cut_off(until: &str) -> Square {
    cut_off_at(Square::build().await, until).await
}

async fn cut_off_at(mut square: Square, until: &str) -> Square {
    square.live(morning(0)).await;
    square.live(at(DAYS[1], "08:45")).await;
    square.live_without(0, at(DAYS[1], until)).await;
    square
}

/// Another box, with a key of its own, takes the place of the first player; returns that one.
pub(crate) async fn replace_first(square: &mut Square, seed: u64) -> TownDevice {
    std::fs::remove_file(square.data.path().join("Q-01.provision.toml")).unwrap();
    let another = square.server.new_box(&square.data, "Q-01", seed).await;
    std::mem::replace(&mut square.players[0], another)
}

fn tail_is_cut(verdict: &Verdict) -> bool {
    let words = verdict.faults.iter().filter(|f| f.check == Check::Tail).map(|f| &f.what.vi);
    verdict.checks[&Check::Tail] == Outcome::FailsInPart && words.clone().all(|vi| vi.contains("thiếu phần cuối"))
}

#[tokio::test]
async fn truncate_a_tail_that_the_player_has_signed_for() {
    let mut square = cut_off("12:00").await;
    let (cut, options) = (square.bundle(None).await, square.options());
    let verdict = judged(&cut, &options);
    assert!(tail_is_cut(&verdict) && failing(&verdict) == [Check::Tail], "{:?}", verdict.faults);
    assert!(!verdict.screens[0].complete && verdict.screens[1].complete);

    // the records come after all: what was promised is there, and the promise harms nobody
    square.live(at(DAYS[1], "12:15")).await;
    let honest = square.bundle(None).await;
    let verdict = judged(&honest, &options);
    assert!(verdict.ok && verdict.screens[0].complete, "{:?}", verdict.faults);
    let mut forger = Forger::of(&square, &honest).await;
    let heads = forger.heads();
    assert_eq!(heads.len(), 1, "of a player whose records come nothing is stated, and of this one once a day");

    // an attacker with every key of the server, who has not let the tail in from the start: the promise was there before
    let late = forger.segments_of("Q-01").into_iter().filter(|at| *at > heads[0]).collect::<Vec<_>>();
    assert!(late.len() >= 2);
    for at in late.into_iter().rev() {
        forger.never_let_in(&square, at);
    }
    assert!(tail_is_cut(&judged(&forger.pack(), &options)));
    // and when he takes the promise out afterwards, no witness follows him
    forger.leaves.remove(heads[0]);
    forger.relog(&square, false);
    assert!(failing(&judged(&forger.pack(), &options)).contains(&Check::Witness));
}

#[tokio::test]
async fn a_server_that_never_lets_the_promise_in_is_caught_by_who_asks_the_player() {
    let square = Square::build().await;
    let db = rusqlite::Connection::open(square.data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    db.execute_batch("CREATE TRIGGER deaf BEFORE INSERT ON device_head BEGIN SELECT RAISE(IGNORE); END").unwrap();
    drop(db);
    let mut square = cut_off_at(square, "10:45").await;
    let words: Vec<Vec<u8>> = square.players.iter().map(|player| player.head()).collect();
    square.live_without(0, at("2024-09-22", "08:45")).await; // until others have news, so that the log goes on
    let bundle = square.bundle(None).await;
    let verdict = judged(&bundle, &square.options());
    assert!(verdict.ok, "nothing that is shown is wrong: {:?}", verdict.faults);
    assert_eq!(verdict.checks[&Check::Tail], Outcome::NotChecked, "and it is said that nobody vouches for the end");
    assert!(verdict.remarks.iter().any(|r| r.check == Check::Tail && r.what.vi.contains("Q-01")));
    assert!(!verdict.screens[0].complete && verdict.screens[1].complete);

    let brought = |heads| Options { heads, ..square.options() };
    let verdict = judged(&bundle, &brought(vec![words[0].clone()]));
    assert!(tail_is_cut(&verdict), "{:?}", verdict.faults);
    assert!(judged(&bundle, &brought(vec![words[1].clone()])).ok, "who has handed in all it promised");
    let verdict = judged(&bundle, &brought(vec![square.players[0].head()]));
    let told = verdict.remarks.iter().any(|r| r.place == "--head 1" && r.what.en.contains("ask for a later bundle"));
    assert!(verdict.ok && told, "said when the bundle was made, it may be of what came after: {:?}", verdict.faults);
    let mut forged = words[0].clone();
    forged[20] ^= 1;
    assert_eq!(failing(&judged(&bundle, &brought(vec![forged]))), [Check::Signature]);
}

#[tokio::test]
async fn a_box_is_re_imaged_before_it_has_handed_in_what_it_played() {
    let mut square = cut_off("09:45").await;
    replace_first(&mut square, 4_711).await;
    square.live(morning(1)).await;
    let verdict = judged(&square.bundle(None).await, &square.options());
    assert!(tail_is_cut(&verdict) && failing(&verdict) == [Check::Tail], "{:?}", verdict.faults);
    let fault = &verdict.faults[0].what;
    assert!(fault.vi.contains("thay hoặc cài lại") && fault.en.contains("(device 3, epoch 1)"), "{fault:?}");

    // one that has handed in everything is replaced, and nothing is missing
    let mut square = Square::build().await;
    square.live(morning(0)).await;
    replace_first(&mut square, 4_711).await;
    square.live(morning(1)).await;
    let verdict = judged(&square.bundle(None).await, &square.options());
    assert!(verdict.ok && verdict.screens.iter().all(|s| s.complete), "{:?}", verdict.faults);
}

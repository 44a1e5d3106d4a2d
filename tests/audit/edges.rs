//! Attacks at the edges of what a bundle shows: where a player's story begins, when it came, and for which moment the report
//! was reckoned.

use crate::attacks::{caught, received, resealed};
use crate::common::town::at;
use crate::forger::{Forger, segment};
use crate::square::{CAMPAIGN, Square, judged};
use lichphat_playlists::ids::{DeviceId, Epoch, Seq, Sha256Hash};
use lichphat_playlists::proof::bundle;
use lichphat_playlists::proof::entry::{Approval, Entry, Introduction, Statement, segment_leaf};
use lichphat_playlists::wire::sign::SigningKey;
use lichphat_verify::Options;
use lichphat_verify::verdict::{Check, Outcome};

/// A day whose bundle begins long after the players did.
const LATER: [&str; 2] = ["2024-09-22", "2024-09-22"];

#[tokio::test]
async fn what_came_before_the_period_cannot_hide_what_is_of_it() {
    let mut square = Square::living().await;
    square.live(at(LATER[1], "11:00")).await;
    let (honest, options) = (square.bundle_of(LATER, None).await, square.options());
    let verdict = judged(&honest, &options);
    assert_eq!(verdict.faults, []);
    let counted: Vec<u64> = verdict.screens.iter().map(|screen| screen.counted).collect();
    assert!(counted.len() == 2 && counted.iter().all(|n| *n > 0), "{counted:?}");

    // the scheduler moves the beginning, and hides everything before it
    let code = "Q-01".parse().unwrap();
    let shown = |forger: &Forger| -> Vec<usize> {
        let entries = bundle::entries(&forger.files[&bundle::segments_of(&code)]).unwrap();
        entries.iter().map(|(index, _)| *index as usize).collect()
    };
    let moved = |forger: &mut Forger, beginning: &[u8], hidden: &[usize]| {
        let mine = forger.segments_of("Q-01").into_iter().chain(forger.segments_of("Q-02"));
        let visible: Vec<usize> = shown(forger).into_iter().filter(|at| !hidden.contains(at)).collect();
        forger.hidden = mine.filter(|at| !visible.contains(at)).collect();
        let last = segment(beginning).unwrap();
        forger.alter(bundle::STARTS, |starts| {
            starts["Q-01"][0]["acked"] = last.last_seq().0.into();
            starts["Q-01"][0]["head"] = Sha256Hash::of(&beginning[9..]).to_string().into();
        });
        forger.relog(&square, true);
    };
    for at in [1, 2] {
        let mut forger = Forger::of(&square, &honest).await;
        let all = shown(&forger);
        let beginning = forger.leaves[all[all.len() - 2]].clone();
        moved(&mut forger, &beginning, &all[..all.len() - at]);
        let verdict = judged(&forger.pack(), &options);
        let said = if at == 1 { "is not shown" } else { "is of the period" };
        let told = verdict.faults.iter().any(|f| f.check == Check::Chain && f.what.en.contains(said));
        assert!(told, "{:?}", verdict.faults);
    }

    // or says that the player is a new one, or that it left a tally from the future, so that its plays count for nothing
    let campaign = CAMPAIGN;
    let future = square.server.rooms.clock.now().0;
    let lies: [&dyn Fn(&mut serde_json::Value); 4] = [
        &|start| start["acked"] = 0.into(),
        &|start| start["tally"]["last_end"] = future.into(),
        &|start| start["tally"]["last_counted"][campaign] = future.into(),
        &|start| {
            (start["acked"], start["head"]) = (0.into(), serde_json::Value::Null);
            start["tally"] = serde_json::json!({ "last_end": future, "last_counted": {} });
        },
    ];
    for lie in lies {
        let mut forger = Forger::of(&square, &honest).await;
        forger.alter(bundle::STARTS, |starts| lie(&mut starts["Q-01"][0]));
        assert!(caught(&forger, &options).contains(&Check::Chain));
    }
    // also where nothing is older than the period, and nobody asked for a beginning
    let honest = square.bundle(None).await;
    let mut forger = Forger::of(&square, &honest).await;
    forger.alter(bundle::STARTS, |starts| {
        let tally = serde_json::json!({ "last_end": future, "last_counted": {} });
        let start = serde_json::json!({ "device": 1, "epoch": 1, "acked": 0, "head": null, "tally": tally });
        *starts = serde_json::json!({ "Q-01": [start] });
    });
    assert!(caught(&forger, &options).contains(&Check::Chain));
}

/// A box whose clock ran ahead signs plays of a day that has not come. Where that is the last it says before the period, the bundle
/// begins after a segment with the period's own dates in it: nothing of it counts, and nobody has hidden anything.
#[tokio::test]
async fn a_clock_that_ran_ahead_before_the_period_does_no_harm() {
    let mut square = Square::build().await;
    square.live(at(crate::DAYS[0], "11:00")).await;
    let now = square.server.rooms.clock.now();
    let (one, early) = (&mut square.players[0].sim, at(LATER[0], "08:10"));
    one.clock.step_ms(early.since_ms(now));
    one.step_until(early.plus_ms(1_800_000));
    one.meet().await;
    one.clock.step_ms(now.since_ms(early) - 1_800_000);
    square.live_without(0, at(crate::DAYS[1], "06:00")).await;
    square.live(at(LATER[1], "11:00")).await;
    let (bundle, options) = (square.bundle_of(LATER, None).await, square.options());
    let verdict = judged(&bundle, &options);
    assert_eq!(verdict.faults, []);
    let counted: Vec<u64> = verdict.screens.iter().map(|screen| screen.counted).collect();
    assert!(counted.len() == 2 && counted.iter().all(|n| *n > 0), "{counted:?}");
}

#[tokio::test]
async fn a_key_made_afterwards_cannot_tell_of_the_time_before() {
    let mut square = Square::build().await;
    square.live(at(crate::DAYS[0], "11:00")).await;
    let before = square.server.rooms.clock.now();
    square.live(at(crate::DAYS[1], "11:00")).await;
    let (honest, options) = (square.bundle(None).await, square.options());
    let key = SigningKey::from_seed(&[5; 32]);
    let stated = |at_ms| {
        let (device, epoch, screen) = (DeviceId(50), Epoch(1), "Q-01".parse().unwrap());
        let approval = Approval { by: "lan".to_owned(), at_ms, introduction: Introduction::Code };
        let key = Box::new(key.verifying_key());
        Entry::Statement(Statement::Device { device, epoch, screen, key, at_ms, approval, simulated: false }).encode()
    };
    let mut forger = Forger::of(&square, &honest).await;
    let told = forger.leaves[forger.segments_of("Q-01")[2]].clone();
    let retold = resealed(&told, &key, |story| {
        (story.device, story.first_seq, story.anchor) = (DeviceId(50), Seq(1), String::new());
        story.previous = Sha256Hash([0; 32]);
    });
    // the truth about the key, and a lie about when its story came
    forger.append(&square, stated(square.server.rooms.clock.now()));
    forger.append(&square, retold.clone());
    assert!(caught(&forger, &options).contains(&Check::Time));

    // the same with a lie about the key, too
    let mut forger = Forger::of(&square, &honest).await;
    forger.append(&square, stated(before));
    forger.append(&square, segment_leaf(square.server.rooms.clock.now(), &retold[9..]));
    assert!(caught(&forger, &options).contains(&Check::Time));
    assert!(received(&retold) < before);

    // nor does a player come in on nobody's word, or by a list that nobody approved
    for (by, introduction) in
        [(" ", Introduction::Code), ("lan", Introduction::List { sha256: Sha256Hash::of(b"a list of mine") })]
    {
        let mut forger = Forger::of(&square, &honest).await;
        let (at_ms, screen) = (square.server.rooms.clock.now(), "Q-01".parse().unwrap());
        let approval = Approval { by: by.to_owned(), at_ms, introduction };
        let (device, epoch, key) = (DeviceId(50), Epoch(1), Box::new(key.verifying_key()));
        let made_up = Statement::Device { device, epoch, screen, key, at_ms, approval, simulated: false };
        forger.append(&square, Entry::Statement(made_up).encode());
        assert_eq!(caught(&forger, &options), [Check::Enrolment], "{by}");
    }

    // nor does a simulated player become a real one by being stated again
    let mut forger = Forger::of(&square, &honest).await;
    let again = forger.leaves.iter().find_map(|leaf| match Entry::decode(leaf) {
        Ok(Entry::Statement(Statement::Device { device, epoch, screen, key, at_ms, approval, simulated })) => {
            let simulated = !simulated;
            Some(Entry::Statement(Statement::Device { device, epoch, screen, key, at_ms, approval, simulated }))
        }
        _ => None,
    });
    forger.append(&square, again.unwrap().encode());
    assert!(caught(&forger, &options).contains(&Check::Device));
}

#[tokio::test]
async fn entries_change_places_or_the_clock_of_the_report_is_turned() {
    let square = Square::lived().await;
    let (honest, options) = (square.bundle(None).await, square.options());

    // two entries are shown in another order than the log's; every proof holds
    let mut forger = Forger::of(&square, &honest).await;
    let name = bundle::segments_of(&"Q-01".parse().unwrap());
    let mut entries: Vec<(u64, Vec<u8>)> =
        bundle::entries(&forger.files[&name]).unwrap().into_iter().map(|(at, leaf)| (at, leaf.to_vec())).collect();
    let last = entries.len() - 1;
    entries.swap(last, last - 1);
    let mut file = Vec::new();
    entries.iter().for_each(|(at, leaf)| assert!(bundle::put_entry(&mut file, *at, leaf)));
    forger.files.insert(name, file);
    assert!(caught(&forger, &options).contains(&Check::Chain));

    // a report of yesterday evening owes nothing for today
    let mut forger = Forger::of(&square, &honest).await;
    forger.alter(bundle::BASIS, |basis| basis["period"]["now"] = at(crate::DAYS[0], "10:00").0.into());
    assert!(caught(&forger, &options).contains(&Check::Figures));
    let mut forger = Forger::of(&square, &honest).await;
    forger.alter(bundle::BASIS, |basis| basis["period"]["now"] = at("2024-09-30", "10:00").0.into());
    assert!(caught(&forger, &options).contains(&Check::Figures));
    let mut forger = Forger::of(&square, &honest).await;
    forger.alter(bundle::BASIS, |basis| basis["period"]["offset"] = (-720).into());
    assert!(caught(&forger, &options).contains(&Check::Figures));
}

#[tokio::test]
async fn where_nothing_was_played_nothing_is_ticked() {
    let square = Square::lived().await;
    let verdict = judged(&square.bundle_of(["2024-09-27", "2024-09-27"], None).await, &square.options());
    assert_eq!((verdict.ok, verdict.segments), (true, 0));
    for check in
        [Check::Device, Check::Enrolment, Check::Signature, Check::Chain, Check::Tail, Check::Time, Check::Plan]
    {
        assert_eq!(verdict.checks[&check], Outcome::NotChecked, "{check:?}");
    }
    for words in ["There is no segment of this period", "The period was not over"] {
        assert!(verdict.remarks.iter().any(|r| r.what.en.starts_with(words)), "{:?}", verdict.remarks);
    }
}

#[tokio::test]
async fn the_auditors_copy_keeps_the_cosignatures_that_the_bundle_leaves_out() {
    let mut square = Square::build().await;
    square.live(at(crate::DAYS[0], "11:00")).await;
    let kept = square.server.rooms.log.head().await.unwrap().unwrap();
    square.live(at(crate::DAYS[1], "11:00")).await;
    let honest = square.bundle(Some(kept.size)).await;
    let mut forger = Forger::of(&square, &honest).await;
    // the stated time of a segment that the auditor's checkpoint covers is moved to after it
    let key = &square.identities[0].evidence;
    let first = forger.segments_of("Q-01")[0];
    let story = resealed(&forger.leaves[first], key, |_| {});
    forger.leaves[first] = segment_leaf(at(crate::DAYS[1], "10:59"), &story[9..]);
    forger.relog(&square, true);
    let bare = forger.checkpoint(&square, kept.size, None);
    let seen = forger.checkpoint(&square, kept.size, Some(kept.at));
    forger.show(vec![bare]);
    let silent = judged(&forger.pack(), &square.options());
    assert!(!crate::failing(&silent).contains(&Check::Time), "without the cosignature nothing speaks against it");
    let with_memory = Options { since: Some(seen.note), ..square.options() };
    assert!(caught(&forger, &with_memory).contains(&Check::Time));
}

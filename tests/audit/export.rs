//! What `export bundle` reads, refuses and hands over.

use crate::common::town::at;
use crate::square::{CAMPAIGN, DAYS, Square, judged, morning};
use lichphat::proof::bundle::Exporter;
use lichphat::proof::evidence::EvidenceStore as _;
use lichphat_playlists::ids::Seq;
use lichphat_playlists::proof::record::{Origin, PlayRecord};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::v1::Slot;
use lichphat_verify::Options;
use lichphat_verify::verdict::Check;
use std::io::Cursor;

/// A period whose last day is still to come.
const AHEAD: [&str; 2] = [DAYS[0], "2024-09-22"];

#[tokio::test(flavor = "multi_thread")]
async fn a_replan_while_a_bundle_is_made_is_not_in_it() {
    let square = Square::lived().await;
    let (now, then) = (&square.server.rooms, square.server.at_this_moment(&square.data));
    let stated = square.basis(now, AHEAD).await;
    let closed = "screen,from,to,reason,author\nQ-01,2024-09-22 08:00,2024-09-22 09:00,mất điện,Bảo vệ\n";
    square.server.closes(&square.data, closed).await;
    assert!(square.server.plan().await > 0, "the day is planned anew, with fewer plays");

    let exporter = Exporter::new(&now.store, &now.log, &now.packing).await.unwrap();
    let (torn, _) = exporter.export(stated, None, Cursor::new(Vec::new())).await.unwrap();
    let faults = judged(&torn.into_inner(), &square.options()).faults;
    assert!(faults.iter().any(|f| f.check == Check::Plan), "from two moments it does not hold: {faults:?}");

    let exporter = Exporter::new(&then.store, &then.log, &then.packing).await.unwrap();
    let stated = square.basis(&then, AHEAD).await;
    let (whole, _) = exporter.export(stated, None, Cursor::new(Vec::new())).await.unwrap();
    assert_eq!(judged(&whole.into_inner(), &square.options()).faults, []);
}

/// A morning, and a file of its directory.
async fn lived() -> (Square, impl Fn(&str) -> String) {
    let mut square = Square::build().await;
    square.live(morning(0)).await;
    let path = square.data.path().to_owned();
    (square, move |name: &str| path.join(name).to_str().unwrap().to_owned())
}

/// The command that exports that morning.
fn bundle<'a>(campaign: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let ask = ["export", "bundle", "--campaign", campaign, "--from", DAYS[0], "--to", DAYS[0], "--out", out];
    [&ask[..], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_wrongly_is_refused_and_writes_nothing() {
    let (square, file) = lived().await;
    let (data, out, new) = (&square.data, file("B.zip"), file("new.zip"));
    std::fs::write(&out, "another year's").unwrap();
    let refused = data.fails(2, &bundle(CAMPAIGN, &out, &[]));
    assert!(refused.contains("--force") && std::fs::read(&out).unwrap() == b"another year's", "{refused}");
    let unknown = data.fails(2, &bundle("nope", &new, &[]));
    assert!(unknown.contains("--campaign nope: is no order"), "{unknown}");

    let kept = square.server.rooms.log.head().await.unwrap().unwrap().note;
    let (text, lines) = kept.split_once("\n\n").unwrap();
    let fewer = text.lines().nth(1).unwrap().parse::<u64>().unwrap() - 1;
    let altered = text.replace(text.lines().nth(1).unwrap(), &fewer.to_string());
    let notes = [
        ("altered", format!("{altered}\n\n{lines}")),
        ("other", kept.replace("\u{2014} ", "\u{2014} x")),
        ("no", "x".into()),
    ];
    for (name, note) in notes {
        std::fs::write(file(name), note).unwrap();
        let refused = data.fails(2, &bundle(CAMPAIGN, &new, &["--since", &file(name)]));
        assert!(refused.contains("is no checkpoint that this log signed"), "{name}: {refused}");
    }
    let missing = file("missing");
    data.ok(&bundle(CAMPAIGN, &out, &["--force"]));
    for ask in [bundle(CAMPAIGN, &new, &["--since", &missing]), vec!["verify", &out, "--since", &missing]] {
        let refused = data.fails(2, &ask);
        assert!(refused.contains(&missing), "{refused}");
    }
    assert!(!std::path::Path::new(&new).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_verified_and_held_against_the_sums_before_it_is_handed_over() {
    let (square, file) = lived().await;
    let (data, out, kept) = (&square.data, file("B.zip"), file("kept"));
    std::fs::write(&kept, square.server.rooms.log.head().await.unwrap().unwrap().note).unwrap();
    let export = bundle(CAMPAIGN, &out, &["--force", "--since", &kept]);
    data.ok(&export);
    let first = std::fs::read(&out).unwrap();

    let change = |sql: &str| {
        let db = rusqlite::Connection::open(data.path().join(lichphat::store::sqlite::FILE_NAME)).unwrap();
        db.execute_batch(sql).unwrap();
    };
    change("UPDATE rollup SET counted_outside = counted_outside + 1 WHERE screen = 'Q-02'");
    let warned = data.fails(3, &export);
    let told = warned.contains("does NOT hold") && warned.contains(&format!("Q-02, {}: the records say", DAYS[0]));
    assert!(told && !warned.contains("Q-01,"), "{warned}");
    data.ok(&["verify", &out]); // it is left, and says what the records say
    data.fails(1, &["check", "--repair"]);
    data.ok(&export);
    assert_eq!(std::fs::read(&out).unwrap(), first, "the same bytes when all is well again");

    // a bundle that the auditor's program would refuse
    change("UPDATE log_checkpoint SET note = replace(note, 'lichphat', 'lichnhat')");
    let warned = data.fails(3, &bundle(CAMPAIGN, &out, &["--force"]));
    assert!(warned.contains("does NOT hold") && warned.contains("lichphat check"), "{warned}");
    data.fails(1, &["verify", &out]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_after_the_checkpoint_is_in_the_sums_and_not_in_the_bundle() {
    let (mut square, file) = lived().await;
    let noon = morning(1);
    square.server.clock.jump_to(noon);
    for player in &mut square.players {
        player.sim.step_until(noon);
        player.sim.meet().await;
    }
    let (campaign, [from, to]) = (CAMPAIGN.parse().unwrap(), DAYS.map(|day| day.parse().unwrap()));
    let sums = square.server.rooms.report(&campaign, from, to).await.unwrap();
    let out = file("B.zip");
    square.data.ok(&["export", "bundle", "--campaign", CAMPAIGN, "--from", DAYS[0], "--to", DAYS[1], "--out", &out]);
    let verdict = judged(&std::fs::read(&out).unwrap(), &Options::default());
    let (shown, counted) = (verdict.screens.iter().map(|s| s.counted).sum::<u64>(), sums.totals.counted);
    assert!(verdict.ok && shown > 0 && shown < counted, "{shown} of {counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clock_days_ahead_booked_is_known_and_no_disagreement() {
    let (square, _) = lived().await;
    let (rooms, identity) = (&square.server.rooms, &square.identities[0]);
    let plan = rooms.planning.store().newest(&identity.screen, AHEAD[1].parse().unwrap()).await.unwrap().unwrap();
    let of_order = |slot: &Slot| plan.assets.assets[usize::from(slot.item)].code.as_str() == CAMPAIGN;
    let slot = plan.playlist.slots.iter().position(of_order).unwrap();
    let start = at(AHEAD[1], "00:00:00").plus_ms(i64::from(plan.playlist.slots[slot].start_s) * 1000);
    let held = rooms.store.segments_of(&identity.screen, DAYS[0].parse().unwrap(), 0, 1_000).await.unwrap();
    let last = Envelope::from_bytes(held.last().unwrap().bytes.clone()).unwrap();
    let before = Segment::open_stored(&last).unwrap();
    let record = PlayRecord {
        plan: plan.head.hash,
        item: plan.playlist.slots[slot].item,
        origin: Origin::Planned { slot: slot as u32 },
        ..PlayRecord::whole(start, start.plus_ms(15_000))
    };
    let (first_seq, previous, records) = (Seq(before.last_seq().0 + 1), last.hash(), vec![record]);
    let sealed = Segment { first_seq, previous, records, ..before }.seal(&identity.evidence);
    let sender = rooms.proof.identity(identity.device).await.unwrap();
    rooms.proof.ingest(&sender, sealed.into_bytes()).await.unwrap();
    square.round().await;

    let ahead = [AHEAD[1]; 2];
    let stated = square.basis(rooms, ahead).await;
    let booked =
        stated.screens.iter().flat_map(|facts| facts.days.values()).map(|day| day.counts.not_counted).sum::<u32>();
    assert_eq!(booked, 1, "two days before its day");
    square.bundle_of(ahead, None).await; // which asks that nothing differs
}

//! The same stories for both journals; and for the one on disk, a real kill and a full disk.

use super::memory::MemoryJournal;
use super::sqlite::SqliteJournal;
use super::*;
use lichphat_playlists::ids::BootId;
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayResult};
use lichphat_playlists::time::HANOI;
use lichphat_playlists::wire::sign::Envelope;
use std::io::{BufRead as _, Write as _};
use std::path::Path;

fn sealer() -> Sealer {
    Sealer {
        device: DeviceId(7),
        epoch: Epoch(1),
        screen: ScreenCode::new("P00004-01").unwrap(),
        offset: HANOI,
        simulated: true,
        key: SigningKey::from_seed(&[5; 32]),
        dating: None,
    }
}

fn record(i: u32) -> PlayRecord {
    let start = UtcMillis(1_763_600_000_000 + i64::from(i) * 10_000);
    PlayRecord {
        plan: Sha256Hash([1; 32]),
        item: 0,
        origin: Origin::Planned { slot: i },
        boot: BootId(1),
        start,
        end: start.plus_ms(10_000),
        mono_start_ms: 5,
        clock: ClockState::Synced,
        clock_error_ms: 1,
        frames_rendered: 300,
        frames_dropped: 0,
        display: DisplayLevel::D1,
        area_percent: 100,
        result: PlayResult::Complete,
    }
}

fn receipt(acked: u64) -> Receipt {
    Receipt { device: DeviceId(7), epoch: Epoch(1), acked: Seq(acked), head: None, at_ms: UtcMillis(0) }
}

fn open(path: &Path) -> SqliteJournal {
    SqliteJournal::open(path, DeviceId(7), Epoch(1), sealer().key.verifying_key()).unwrap()
}

/// Tells one story to both; the second argument opens the same journal again.
fn on_both(story: impl Fn(Box<dyn Journal>, &dyn Fn() -> Box<dyn Journal>)) {
    let memory = MemoryJournal::new();
    story(Box::new(memory.clone()), &|| Box::new(memory.clone()));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    story(Box::new(open(&path)), &|| Box::new(open(&path)));
}

#[test]
fn records_are_numbered_without_holes_across_restarts_and_chained() {
    on_both(|mut journal, again| {
        let (sealer, now) = (sealer(), UtcMillis(1));
        assert_eq!(journal.cut(&sealer, now).unwrap(), None);
        for i in 0..3 {
            assert_eq!(journal.append(&record(i)).unwrap(), Seq(u64::from(i) + 1));
        }
        assert_eq!(journal.open_run(), (3, Some(record(0).start)));
        assert_eq!(journal.cut(&sealer, now).unwrap(), Some(Seq(3)));
        journal.append(&record(3)).unwrap();
        drop(journal);
        let mut journal = again();
        assert_eq!((journal.last_seq(), journal.open_run()), (Seq(4), (1, Some(record(3).start))));
        assert_eq!(journal.append(&record(4)).unwrap(), Seq(5));
        assert_eq!(journal.cut(&sealer, now).unwrap(), Some(Seq(5)));

        let key = sealer.key.verifying_key();
        let open = |sealed: &Sealed| {
            let envelope = Envelope::from_bytes(sealed.bytes.clone()).unwrap();
            (envelope.hash(), Segment::open(&envelope, &key).unwrap())
        };
        let first = journal.next_unsent().unwrap().unwrap();
        let (hash, segment) = open(&first);
        assert_eq!((segment.first_seq, segment.last_seq(), segment.previous), (Seq(1), Seq(3), Sha256Hash([0; 32])));
        journal.obey(&receipt(3)).unwrap();
        let (_, segment) = open(&journal.next_unsent().unwrap().unwrap());
        assert_eq!((segment.first_seq, segment.last_seq(), segment.previous), (Seq(4), Seq(5), hash));
    });
}

#[test]
fn a_lower_receipt_sends_again_and_a_higher_one_than_written_is_refused() {
    on_both(|mut journal, again| {
        for i in 0..6 {
            journal.append(&record(i)).unwrap();
            if i % 2 == 1 {
                journal.cut(&sealer(), UtcMillis(1)).unwrap();
            }
        }
        journal.obey(&receipt(6)).unwrap();
        assert_eq!(journal.next_unsent().unwrap(), None);
        journal.obey(&receipt(2)).unwrap();
        drop(journal);
        let mut journal = again();
        assert_eq!(journal.next_unsent().unwrap().unwrap().first, Seq(3));
        assert!(matches!(journal.obey(&receipt(7)), Err(JournalError::ServerAhead { .. })));
        assert_eq!(journal.acked(), Seq(2));
    });
}

#[test]
fn what_is_receipted_and_proven_is_kept_for_fourteen_days_and_what_is_not_for_ever() {
    on_both(|mut journal, again| {
        for i in 0..4 {
            journal.append(&record(i)).unwrap();
            journal.cut(&sealer(), UtcMillis(0)).unwrap();
        }
        assert_eq!(journal.first_unproven().unwrap(), None, "what the scheduler does not hold is not asked for");
        journal.obey(&receipt(3)).unwrap();
        assert_eq!(journal.first_unproven().unwrap(), Some((Seq(1), UtcMillis(0))));
        let late = UtcMillis(KEEP_MS + 1);
        assert_eq!(journal.prune(late).unwrap(), 0, "a receipt alone is no proof");
        assert_eq!(journal.keep_proofs("checkpoint", &[Seq(1), Seq(3), Seq(9)]).unwrap(), 2);
        assert_eq!(journal.keep_proofs("checkpoint", &[Seq(1)]).unwrap(), 0);
        assert_eq!(journal.first_unproven().unwrap(), Some((Seq(2), UtcMillis(0))));
        drop(journal);
        let mut journal = again();
        journal.obey(&receipt(2)).unwrap();
        assert_eq!(journal.prune(UtcMillis(KEEP_MS)).unwrap(), 0);
        assert_eq!(journal.prune(late).unwrap(), 1, "the third is proven, and no longer receipted");
        assert_eq!(journal.sealed_at(Seq(1)).unwrap(), None);
        assert_eq!(journal.sealed_after(Seq(0)).unwrap(), journal.sealed_at(Seq(2)).unwrap());
        assert_eq!(journal.next_unsent().unwrap().unwrap().first, Seq(3));
        journal.obey(&receipt(4)).unwrap();
        assert_eq!(journal.keep_proofs("checkpoint", &[Seq(2), Seq(4)]).unwrap(), 2);
        assert_eq!(journal.prune(late).unwrap(), 2, "the third was lost and is held again: it is not proven any more");
        assert_eq!(journal.first_unproven().unwrap(), Some((Seq(3), UtcMillis(0))));
        assert_eq!(journal.keep_proofs("checkpoint", &[Seq(3)]).unwrap(), 1);
        assert_eq!(journal.prune(late).unwrap(), 1);
        assert_eq!(journal.append(&record(4)).unwrap(), Seq(5));
    });
}

#[test]
fn a_run_is_sealed_with_the_anchor_that_was_known_when_it_began() {
    on_both(|mut journal, again| {
        let anchor_of = |sealed: &Sealed| {
            let envelope = Envelope::from_bytes(sealed.bytes.clone()).unwrap();
            Segment::open(&envelope, &sealer().key.verifying_key()).unwrap().anchor
        };
        journal.append(&record(0)).unwrap();
        journal.keep_proofs("first", &[]).unwrap();
        drop(journal); // the power goes while the run lies open
        let mut journal = again();
        assert_eq!(journal.anchor().unwrap(), "first");
        journal.append(&record(1)).unwrap();
        journal.cut(&sealer(), UtcMillis(0)).unwrap();
        journal.append(&record(2)).unwrap();
        journal.keep_proofs("second", &[]).unwrap();
        journal.cut(&sealer(), UtcMillis(0)).unwrap();
        journal.keep_proofs("third", &[]).unwrap();
        drop(journal);
        let mut journal = again();
        journal.append(&record(3)).unwrap();
        journal.cut(&sealer(), UtcMillis(0)).unwrap();
        let anchors: Vec<String> =
            [1, 3, 4].map(|first| anchor_of(&journal.sealed_at(Seq(first)).unwrap().unwrap())).into();
        assert_eq!(anchors, ["", "first", "third"], "never one that is newer than a record beside it");
    });
}

#[test]
fn what_is_wrong_with_the_log_is_remembered_until_proofs_hold_again() {
    on_both(|mut journal, again| {
        journal.keep_proofs("good", &[]).unwrap();
        journal.note_log_fault(LogFault::RolledBack).unwrap();
        drop(journal);
        let mut journal = again();
        assert_eq!(journal.log_fault().unwrap(), Some(LogFault::RolledBack));
        assert_eq!(journal.anchor().unwrap(), "good");
        journal.keep_proofs("better", &[]).unwrap();
        assert_eq!(journal.log_fault().unwrap(), None);
    });
}

#[test]
fn records_are_read_back_from_segments_and_from_the_open_run() {
    on_both(|mut journal, again| {
        for i in 0..5 {
            journal.append(&record(i)).unwrap();
            if i == 2 {
                journal.cut(&sealer(), UtcMillis(0)).unwrap();
            }
        }
        drop(journal);
        let back = again().records_since(record(1).end).unwrap();
        assert_eq!(back, (1..5).map(|i| (Seq(u64::from(i) + 1), record(i))).collect::<Vec<_>>());
    });
}

#[test]
fn a_full_disk_is_named_and_nothing_is_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let mut journal = open(&path);
    journal.limit_pages(12);
    let mut written = 0;
    let error = loop {
        match journal.append(&record(written)) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::DiskFull), "{error}");
    assert!(written > 0);
    assert_eq!(journal.last_seq(), Seq(u64::from(written)));
    journal.limit_pages(100_000);
    assert_eq!(journal.append(&record(written)).unwrap(), Seq(u64::from(written) + 1));
    drop(journal);
    assert_eq!(open(&path).records_since(UtcMillis(0)).unwrap().len() as u32, written + 1);
}

#[test]
fn the_last_known_instant_is_the_end_of_the_last_play() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(&dir.path().join("journal.db"));
    assert_eq!(journal.last_end().unwrap(), None);
    journal.append(&record(1)).unwrap();
    assert_eq!(journal.last_end().unwrap(), Some(record(1).end));
    journal.cut(&sealer(), UtcMillis(0)).unwrap();
    assert_eq!(journal.last_end().unwrap(), Some(record(1).end));
}

#[test]
fn another_devices_journal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    drop(open(&path));
    let other = SqliteJournal::open(&path, DeviceId(8), Epoch(1), sealer().key.verifying_key());
    assert!(matches!(other, Err(JournalError::Foreign { device: DeviceId(7), .. })));
}

const CHILD: &str = "LICHPHAT_JOURNAL_CHILD";

/// Not a story of its own: the child of the next one, which is killed while it writes.
#[test]
fn a_child_that_writes_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let mut journal = open(Path::new(&path));
    let from = journal.last_seq().0 as u32;
    for i in from.. {
        let seq = journal.append(&record(i)).unwrap();
        if i % 5 == 4 {
            journal.cut(&sealer(), UtcMillis(0)).unwrap();
        }
        if i % 7 == 6 {
            journal.obey(&receipt(u64::from(i) + 1)).unwrap();
            let first = journal.first_unproven().unwrap().map(|(first, _)| first);
            journal.keep_proofs(&format!("{}", i + 1), &Vec::from_iter(first)).unwrap();
        }
        println!("written {seq}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn who_is_told_of_another_log_forgets_the_old_one_and_no_record() {
    on_both(|mut journal, again| {
        for i in 0..3 {
            journal.append(&record(i)).unwrap();
            journal.cut(&sealer(), UtcMillis(0)).unwrap();
        }
        journal.obey(&receipt(3)).unwrap();
        journal.keep_proofs("checkpoint", &[Seq(1), Seq(2)]).unwrap();
        journal.append(&record(3)).unwrap(); // begun after the old log's checkpoint, and it says so
        journal.note_log_fault(LogFault::Foreign).unwrap();
        journal.forget_log().unwrap();
        drop(journal);
        let mut journal = again();
        assert_eq!((journal.anchor().unwrap().as_str(), journal.log_fault().unwrap()), ("", None));
        assert_eq!(journal.first_unproven().unwrap(), Some((Seq(1), UtcMillis(0))), "everything is proven anew");
        assert_eq!(journal.records_since(UtcMillis(0)).unwrap().len(), 4);
        for (seq, anchor) in [(4, "checkpoint"), (5, "")] {
            if seq == 5 {
                journal.append(&record(4)).unwrap();
            }
            journal.cut(&sealer(), UtcMillis(0)).unwrap();
            let sealed = journal.sealed_at(Seq(seq)).unwrap().unwrap();
            let segment = Segment::open_stored(&Envelope::from_bytes(sealed.bytes).unwrap()).unwrap();
            assert_eq!(segment.anchor, anchor);
        }
    });
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    for round in 0..4 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "journal::tests::a_child_that_writes_until_it_is_killed", "--nocapture"])
            .env(CHILD, &path)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let written = |line: &str| line.rsplit_once("written ").and_then(|(_, seq)| seq.parse::<u64>().ok());
        let enough = |seq: u64| seq % 7 == round;
        let mut seen = 0;
        let mut rounds = 0;
        while let Some(Ok(line)) = lines.next() {
            if let Some(seq) = written(&line) {
                seen = seq;
                rounds += 1;
            }
            if rounds > 12 && enough(seen) {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(seen > 0);
        let back = open(&path).records_since(UtcMillis(0)).unwrap();
        assert!(back.len() as u64 >= seen, "{} of {seen}", back.len());
        assert!(back.iter().enumerate().all(|(i, (seq, r))| seq.0 == i as u64 + 1 && *r == record(i as u32)));
        let journal = open(&path);
        let mut after = Seq(0);
        while let Some(sealed) = journal.sealed_after(after).unwrap() {
            after = sealed.last;
            let envelope = Envelope::from_bytes(sealed.bytes).unwrap();
            let anchor = Segment::open(&envelope, &sealer().key.verifying_key()).unwrap().anchor;
            let known = anchor.parse::<u64>().unwrap_or(0);
            assert!(known < sealed.first.0, "an anchor of record {known} beside record {}", sealed.first);
        }
    }
}

#[test]
fn a_run_over_more_days_than_a_segment_may_hold_is_sealed_as_several_that_follow_one_another() {
    on_both(|mut journal, again| {
        journal.keep_proofs("the anchor", &[]).unwrap();
        // the clock is wrong by another day at every boot, and back again
        let days = [0, 3_000, 0, 10, 20, 10, 3_000, 1];
        let started = |day: u32| UtcMillis(1_763_600_000_000 + i64::from(day) * 86_400_000);
        for day in days {
            let record = PlayRecord { start: started(day), end: started(day).plus_ms(10_000), ..record(0) };
            journal.append(&record).unwrap();
        }
        journal.keep_proofs("a newer anchor", &[]).unwrap();
        let sealer = sealer();
        assert_eq!(journal.cut(&sealer, UtcMillis(1)).unwrap(), Some(Seq(8)));
        drop(journal);
        let journal = again();
        let (mut after, mut head, mut back) = (Seq(0), Sha256Hash([0; 32]), Vec::new());
        while let Some(sealed) = journal.sealed_after(after).unwrap() {
            let envelope = Envelope::from_bytes(sealed.bytes).unwrap();
            let segment = Segment::open(&envelope, &sealer.key.verifying_key()).unwrap();
            assert_eq!((segment.first_seq.0, segment.previous, &*segment.anchor), (after.0 + 1, head, "the anchor"));
            (after, head) = (sealed.last, envelope.hash());
            back.push(segment.records.iter().map(|r| r.start).collect::<Vec<_>>());
        }
        assert_eq!(journal.sealed().unwrap(), (Seq(8), Some(head)));
        assert_eq!(back.iter().map(Vec::len).collect::<Vec<_>>(), [4, 3, 1], "three days each");
        assert_eq!(back.concat(), days.map(started));
    });
}

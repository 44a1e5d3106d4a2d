//! A log that was begun anew over a backup: what of the one before is lost, what a server may not call lost, and who notices.

use crate::attacks::resealed;
use crate::common::town::at;
use crate::failing;
use crate::forger::{Forger, segment};
use crate::square::{CAMPAIGN, DAYS, Square, judged, morning};
use lichphat::proof::log::Head;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::proof::anchor;
use lichphat_playlists::proof::bundle::{self, EarlierCheckpoint};
use lichphat_playlists::proof::checkpoint::Policy;
use lichphat_playlists::proof::entry::{Begun, Entry, Statement};
use lichphat_playlists::proof::head::{DeviceHead, Seen};
use lichphat_playlists::wire::sign::Envelope;
use lichphat_verify::verdict::{Check, Lost, Outcome};
use lichphat_verify::{Options, Verdict, page};

/// A square, and what is known of its log: after the first morning somebody drew a sample, and the second morning went by.
struct Before {
    square: Square,
    honest: Vec<u8>,
    /// The newest checkpoint before the draw: what last night's backup has.
    backup: Head,
    /// The newest one of all.
    last: Head,
}

impl Before {
    async fn lived() -> Self {
        let mut square = Square::build().await;
        square.live(morning(0)).await;
        let backup = square.server.rooms.log.head().await.unwrap().unwrap();
        let draw =
            ["audit", "draw", "--campaign", CAMPAIGN, "--from", DAYS[0], "--to", DAYS[0], "--seed", "XSMB 48213"];
        square.data.ok(&draw);
        square.live(morning(1)).await;
        let last = square.server.rooms.log.head().await.unwrap().unwrap();
        let honest = square.bundle(Some(backup.size)).await;
        Self { square, honest, backup, last }
    }

    /// The same entries without the draw, as a log of another name, which says at entry `at` that it goes on from `kept` of
    /// the one before. At every size that the old one had beyond the backup, the new one has another root, and shows it.
    async fn restarted(&self, at: Option<usize>, kept: Option<u64>) -> Forger {
        let mut forger = Forger::of(&self.square, &self.honest).await;
        let drawn = |leaf: &Vec<u8>| matches!(Entry::decode(leaf), Ok(Entry::Statement(Statement::Draw(_))));
        assert_eq!(forger.leaves.iter().filter(|leaf| drawn(leaf)).count(), 1);
        forger.leaves.retain(|leaf| !drawn(leaf));
        forger.begins_anew(&self.square, at.unwrap_or(forger.leaves.len()), kept);
        self.shown(&mut forger);
        forger
    }

    /// With the proofs made anew, and what of the earlier checkpoints is of this log; at the sizes that players saw its own.
    fn shown(&self, forger: &mut Forger) {
        let earlier: Vec<EarlierCheckpoint> = serde_json::from_slice(&forger.files[bundle::CHECKPOINTS]).unwrap();
        forger.relog(&self.square, true);
        let size = |one: &EarlierCheckpoint| anchor::size(&one.note);
        let (mut shown, beyond): (Vec<_>, Vec<_>) = earlier.into_iter().partition(|one| size(one) <= self.backup.size);
        assert!(beyond.len() > 2 && shown.iter().any(|one| size(one) == self.backup.size));
        let sizes = beyond.iter().map(size).filter(|size| *size <= forger.leaves.len() as u64);
        shown.extend(sizes.map(|size| forger.checkpoint(&self.square, size, None)));
        forger.show(shown);
    }

    /// Its beginning says something else.
    fn restate(&self, forger: &mut Forger, change: impl FnOnce(&mut Begun)) {
        let begun = forger.leaves.iter().enumerate().find_map(|(at, leaf)| match Entry::decode(leaf) {
            Ok(Entry::Statement(Statement::Begun(begun))) => Some((at, begun)),
            _ => None,
        });
        let (at, mut begun) = begun.unwrap();
        change(&mut begun);
        forger.leaves[at] = Entry::Statement(Statement::Begun(begun)).encode();
        self.shown(forger);
    }

    /// What players had seen at most, and at how many screens more than the backup has.
    fn seen(&self, forger: &Forger) -> (u64, u64) {
        let of = |screen: &str| {
            let anchors = forger.segments_of(screen).into_iter().map(|i| segment(&forger.leaves[i]).unwrap().anchor);
            anchors.map(|text| anchor::size(&text)).max().unwrap()
        };
        let seen = ["Q-01", "Q-02"].map(of);
        (seen.into_iter().max().unwrap(), seen.iter().filter(|size| **size > self.backup.size).count() as u64)
    }

    /// An auditor who believes these logs.
    fn options(&self, forger: &Forger, old_too: bool) -> Options {
        let old = self.square.policy_text();
        let rest = if old_too { old.as_str() } else { old.split_once('\n').unwrap().1 };
        let policy = Policy::parse(&format!("log {}\n{rest}", forger.name(&self.square))).unwrap();
        Options { policy: Some(policy), since: None, heads: Vec::new() }
    }
}

fn remarked(verdict: &Verdict, words: &str) -> usize {
    verdict.remarks.iter().filter(|r| r.what.en.contains(words)).count()
}

fn faulty(verdict: &Verdict, words: &str) -> bool {
    verdict.faults.iter().any(|f| f.what.en.contains(words))
}

const LOST: &str = "A PART OF THE LOG BEFORE IS LOST";

#[tokio::test]
async fn an_honest_restore_spoils_no_bundle_and_nobody_overlooks_what_is_lost() {
    let before = Before::lived().await;
    let kept = before.backup.size;
    let forger = before.restarted(Some(kept as usize), Some(kept)).await;
    let (had, screens) = before.seen(&forger);
    assert!(had > kept && screens == 2, "{had} {kept}");
    // whether or not the auditor was told of the old key, for the new log states it; and on the bundle's own word
    let bundle = forger.pack();
    for options in [before.options(&forger, true), before.options(&forger, false), Options::default()] {
        let verdict = judged(&bundle, &options);
        assert_eq!(verdict.faults, [], "no size that the new log has published, too, makes a fault of it");
        assert_eq!((verdict.checks[&Check::Log], verdict.checks[&Check::Since]), (Outcome::Lost, Outcome::NotChecked));
        let origin = before.square.server.rooms.log.name().name().to_owned();
        assert_eq!(verdict.lost, [Lost { origin, kept, had, screens }]);
        assert_eq!(remarked(&verdict, LOST), 1, "once, not once a screen: {:?}", verdict.remarks);
        assert!(remarked(&verdict, &format!("entries {} to {had} are not here", kept + 1)) == 1);
        assert_eq!(remarked(&verdict, "draws of a sample"), 0, "the draw is in the lost part");
        let (head, html) = (verdict.headline(), page(&verdict));
        assert!(head.vi.starts_with("HỢP LỆ") && head.vi.ends_with("; một phần sổ trước ĐÃ MẤT"), "{head:?}");
        assert!(html.contains("<td class=\"sign mất\">mất một phần</td>") && html.contains("verdict wait"), "{html}");
        assert!(!html.contains("sổ chỉ dài thêm") && html.contains("Nhưng một phần sổ trước đã mất"), "{html}");
    }

    // what a player said of a log whose name it does not say may be of that part, too
    let word = before.square.players[0].head();
    let seen = DeviceHead::claimed(&Envelope::from_bytes(word.clone()).unwrap()).unwrap().seen.unwrap();
    assert!(seen.size > kept);
    let mut forger = forger;
    let mut shown: Vec<EarlierCheckpoint> = serde_json::from_slice(&forger.files[bundle::CHECKPOINTS]).unwrap();
    if seen.size < forger.leaves.len() as u64 {
        shown.push(forger.checkpoint(&before.square, seen.size, None));
    }
    forger.show(shown);
    let options = Options { heads: vec![word], ..before.options(&forger, true) };
    let verdict = judged(&forger.pack(), &options);
    assert_eq!(verdict.faults, []);
    assert_eq!(remarked(&verdict, "it may be the lost part of the one before"), 1, "{:?}", verdict.remarks);

    // not when its player has followed the new log before it said so: then the new log has two faces
    let at = *forger.segments_of("Q-01").last().unwrap();
    let key = &before.square.players[0].identity.evidence;
    let anchor = forger.checkpoint(&before.square, kept, None).note;
    forger.leaves[at] = resealed(&forger.leaves[at].clone(), key, |s| s.anchor = anchor);
    before.shown(&mut forger);
    let last = segment(&forger.leaves[at]).unwrap();
    let said = DeviceHead {
        device: last.device,
        epoch: last.epoch,
        sealed: last.last_seq(),
        segment: Some(Sha256Hash::of(&forger.leaves[at][9..])),
        seen: Some(Seen { size: had, root: Sha256Hash::of(b"another face") }),
        at_ms: before.square.server.rooms.clock.now(),
    };
    let options = Options { heads: vec![said.seal(key).into_bytes()], ..before.options(&forger, true) };
    let verdict = judged(&forger.pack(), &options);
    assert_eq!(failing(&verdict), [Check::Log], "{:?}", verdict.faults);
    assert_eq!(verdict.faults[0].place, "--head 1");
}

#[tokio::test]
async fn who_calls_lost_what_he_says_was_kept_is_caught_by_the_players() {
    let before = Before::lived().await;
    let end = before.last.size - 1; // entries without the draw
    // he claims all of them, or says nothing of how many
    for kept in [Some(end), None] {
        let forger = before.restarted(None, kept).await;
        let (had, _) = before.seen(&forger);
        assert!(had <= end);
        let verdict = judged(&forger.pack(), &before.options(&forger, true));
        assert_eq!(failing(&verdict), [Check::Log]);
        assert!(faulty(&verdict, "another log than this one") && verdict.lost.is_empty(), "{:?}", verdict.faults);
        // also when he does not show what he has at those sizes, and when the auditor was given the new key alone
        let mut forger = forger;
        forger.show(Vec::new());
        let verdict = judged(&forger.pack(), &before.options(&forger, false));
        assert!(faulty(&verdict, "not in the bundle"), "{:?}", verdict.faults);
    }
    // the number that he states is the boundary, to the entry
    let had = before.seen(&before.restarted(None, None).await).0;
    for (kept, holds) in [(had, false), (had - 1, true)] {
        let forger = before.restarted(None, Some(kept)).await;
        let verdict = judged(&forger.pack(), &before.options(&forger, true));
        assert_eq!((verdict.ok, verdict.lost.len()), (holds, usize::from(holds)), "{kept}: {:?}", verdict.faults);
    }
    // more than there is before it nobody has kept
    let backup = before.backup.size;
    let forger = before.restarted(Some(backup as usize), Some(backup + 1)).await;
    let verdict = judged(&forger.pack(), &before.options(&forger, true));
    assert!(faulty(&verdict, &format!("goes on from {} entries", backup + 1)), "{:?}", verdict.faults);
    // nor does a log end itself, and what it says of its beginning has its time
    let mut forger = before.restarted(Some(backup as usize), Some(backup)).await;
    before.restate(&mut forger, |begun| begun.at_ms = at(DAYS[0], "08:00"));
    assert_eq!(failing(&judged(&forger.pack(), &before.options(&forger, true))), [Check::Time]);
    // and the checkpoint from which he says that he goes on is one of his own history
    let seen = segment(&forger.leaves[*forger.segments_of("Q-01").last().unwrap()]).unwrap().anchor;
    let mut forger = before.restarted(None, Some(end)).await;
    before.restate(&mut forger, |begun| begun.last = seen);
    let verdict = judged(&forger.pack(), &before.options(&forger, true));
    assert!(faulty(&verdict, "the last checkpoint of the log before"), "{:?}", verdict.faults);
}

#[tokio::test]
async fn an_auditors_own_memory_of_what_is_lost_stays_a_fault_that_says_so() {
    let before = Before::lived().await;
    let (kept, last) = (before.backup.size, &before.last);
    let forger = before.restarted(Some(kept as usize), Some(kept)).await;
    let remembering = |note: &str| Options { since: Some(note.to_owned()), ..before.options(&forger, true) };

    // of the part that was kept it is proven as before
    let verdict = judged(&forger.pack(), &remembering(&before.backup.note));
    assert!(verdict.ok && verdict.checks[&Check::Since] == Outcome::Holds, "{:?}", verdict.faults);
    // beyond, at a size that the new log has published, too, and at one that it has not reached
    let shorter = {
        let mut forger = forger.clone();
        forger.leaves.truncate(last.size as usize - 1);
        before.shown(&mut forger);
        forger
    };
    for forger in [&forger, &shorter] {
        let verdict = judged(&forger.pack(), &remembering(&last.note));
        let since: Vec<_> = verdict.faults.iter().filter(|f| f.check == Check::Since).collect();
        let lost = last.size - kept;
        assert!(!verdict.ok && since.len() == 1 && verdict.lost[0].had == last.size, "{:?}", verdict.faults);
        assert!(since[0].what.en.starts_with(&format!("{lost} entries that you had seen are gone")), "{since:?}");
        assert!(since[0].what.en.contains("a lost disk (lan, ") && !since[0].what.en.contains("shrunk"), "{since:?}");
        assert!(since[0].what.vi.contains("mục bạn từng thấy không còn") && page(&verdict).contains("KHÔNG HỢP LỆ"));
    }
    // who says that he has kept it is held to it
    let forger = before.restarted(None, Some(last.size - 1)).await;
    let options = Options { since: Some(before.last.note.clone()), ..before.options(&forger, true) };
    assert!(failing(&judged(&forger.pack(), &options)).contains(&Check::Since));
}

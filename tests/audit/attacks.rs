//! Every row of the attack table, performed on a real bundle of a real server, and the check that catches it.

use crate::forger::{Forger, segment};
use crate::square::{Square, judged};
use crate::{common::town::at, failing};
use lichphat::keys::Keys;
use lichphat::proof::Outcome;
use lichphat_playlists::ids::{DeviceId, Seq};
use lichphat_playlists::proof::bundle;
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::{Entry, Statement, segment_leaf};
use lichphat_playlists::proof::note::Note;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::permit::{What, Withdrawn};
use lichphat_playlists::wire::sign::{Approving, Envelope, PlanSigning, SigningKey};
use lichphat_playlists::wire::v1::Playlist;
use lichphat_verify::Options;
use lichphat_verify::verdict::Check;

/// The checks that fail for the forged bundle.
pub(crate) fn caught(forger: &Forger, options: &Options) -> Vec<Check> {
    let verdict = judged(&forger.pack(), options);
    assert!(!verdict.ok);
    failing(&verdict)
}

pub(crate) fn received(leaf: &[u8]) -> UtcMillis {
    UtcMillis(i64::from_be_bytes(leaf[1..9].try_into().unwrap()))
}

/// A leaf that another key, or the owner of a stolen one, has sealed.
pub(crate) fn resealed(
    leaf: &[u8],
    key: &SigningKey<lichphat_playlists::wire::sign::Evidence>,
    change: impl FnOnce(&mut Segment),
) -> Vec<u8> {
    let mut story = segment(leaf).unwrap();
    change(&mut story);
    segment_leaf(received(leaf), story.seal(key).as_bytes())
}

#[tokio::test]
async fn the_server_alters_leaves_out_or_repeats() {
    let square = Square::lived().await;
    let (honest, options) = (square.bundle(None).await, square.options());
    let segments = Forger::of(&square, &honest).await.segments_of("Q-01");
    let (second, last) = (segments[1], segments[segments.len() - 1]);
    assert!(segments.len() > 6);

    // edit: in the bundle alone, then in the log with every hash made to fit
    let mut forger = Forger::of(&square, &honest).await;
    let file = forger.files.get_mut(&bundle::segments_of(&"Q-01".parse().unwrap())).unwrap();
    let middle = file.len() / 2;
    file[middle] ^= 4;
    assert!(caught(&forger, &options).contains(&Check::Log), "what is shown is not in the signed log");
    forger.leaves[second][9 + 10] ^= 4;
    forger.relog(&square, true);
    assert!(caught(&forger, &options).contains(&Check::Signature), "and the server cannot sign for a player");

    // drop: one segment, or the tail
    let mut forger = Forger::of(&square, &honest).await;
    forger.leaves.remove(second);
    forger.relog(&square, true);
    assert!(caught(&forger, &options).contains(&Check::Chain), "a hole in the numbers and a broken chain");
    forger.relog(&square, false);
    assert!(caught(&forger, &options).contains(&Check::Witness), "and no witness cosigns a rewritten log");

    // replay
    let mut forger = Forger::of(&square, &honest).await;
    forger.append(&square, forger.leaves[second].clone());
    let twice = caught(&forger, &options);
    assert_eq!(twice, [Check::Chain, Check::Time], "its records are there already, and it came later than it says");

    // reorder
    let mut forger = Forger::of(&square, &honest).await;
    forger.leaves.swap(segments[1], segments[2]);
    forger.relog(&square, true);
    assert!(caught(&forger, &options).contains(&Check::Chain));
    assert!(last > second);
}

#[tokio::test]
async fn a_key_is_stolen_cloned_or_made_up() {
    let square = Square::lived().await;
    let (honest, options) = (square.bundle(None).await, square.options());
    let segments = Forger::of(&square, &honest).await.segments_of("Q-01");
    let (last, key) = (segments[segments.len() - 1], &square.identities[0].evidence);

    // clone: two stories for one place in the chain, both under the device's key
    let mut forger = Forger::of(&square, &honest).await;
    let clone = resealed(&forger.leaves[last].clone(), key, |s| s.records[0].frames_dropped += 1);
    forger.append(&square, clone);
    assert_eq!(caught(&forger, &options), [Check::Chain, Check::Time], "a fork, and it came later than it says");

    // and through the real server, which sets both stories apart, of the newest place and of an old one: the log has them
    let proof = &square.server.rooms.proof;
    let device = proof.identity(square.identities[0].device).await.unwrap();
    let leaves = &Forger::of(&square, &honest).await.leaves;
    for at in [last, segments[1]] {
        let story = resealed(&leaves[at], key, |s| s.records[0].frames_dropped += 1);
        let outcome = proof.ingest(&device, story[9..].to_vec()).await.unwrap().0;
        assert!(matches!(outcome, Outcome::Fork { .. }), "{outcome:?}");
        proof.ingest(&device, story[9..].to_vec()).await.unwrap(); // again: it is kept once
    }
    square.round().await;
    let both = square.bundle(None).await;
    let verdict = judged(&both, &options);
    assert_eq!(failing(&verdict), [Check::Chain]);
    assert!(verdict.faults.len() == 2 && verdict.differences.is_empty(), "{:?}", verdict.faults);
    assert!(verdict.faults.iter().all(|f| f.place.starts_with("Q-01, entry ") && f.what.vi.contains("nhân bản")));
    let forger = Forger::of(&square, &both).await;
    assert_eq!(forger.segments_of("Q-01").len(), segments.len() + 2, "all four envelopes are in the bundle");
    square.data.ok(&["check"]);

    // edit under another key: the signature is not the device's
    let mut forger = Forger::of(&square, &both).await;
    forger.leaves[last] =
        resealed(&forger.leaves[last].clone(), &SigningKey::from_seed(&[9; 32]), |s| s.records[0].frames_dropped += 1);
    forger.relog(&square, true);
    assert!(caught(&forger, &options).contains(&Check::Signature));

    // forged player: a device that is not in the logged directory
    let mut forger = Forger::of(&square, &both).await;
    let made_up = resealed(&forger.leaves[last].clone(), &SigningKey::from_seed(&[9; 32]), |s| {
        (s.device, s.first_seq) = (DeviceId(99), Seq(1));
    });
    forger.append(&square, made_up);
    assert!(caught(&forger, &options).contains(&Check::Device));
}

#[tokio::test]
async fn who_came_by_the_bundle_on_its_way_changes_nothing_that_no_log_proves() {
    let square = Square::lived().await;
    let forger = Forger::of(&square, &square.bundle(None).await).await;
    assert!(judged(&forger.pack(), &square.options()).ok);
    // names, what is owed, the report: of the server's word there is one more signature than he can make
    let mut renamed = forger.clone().without_keys();
    for name in [bundle::BASIS, bundle::REPORT] {
        renamed.alter(name, |said| said["title"] = "Another order".into());
    }
    assert_eq!(caught(&renamed, &square.options()), [Check::Bundle]);
    assert_eq!(caught(&forger.without_keys(), &square.options()), [Check::Bundle]);
}

#[tokio::test]
async fn days_are_written_afterwards_or_beforehand() {
    let square = Square::lived().await;
    let (honest, options) = (square.bundle(None).await, square.options());
    let segments = Forger::of(&square, &honest).await.segments_of("Q-01");
    let (last, key) = (segments[segments.len() - 1], &square.identities[0].evidence);
    let follow = |leaf: &[u8], days_ms: i64, anchor: &str, most: usize| {
        let hash = lichphat_playlists::ids::Sha256Hash::of(&leaf[9..]);
        let made_up = resealed(leaf, key, |s| {
            (s.first_seq, s.previous, s.anchor) = (Seq(s.last_seq().0 + 1), hash, anchor.to_owned());
            for record in s.records.iter_mut().take(most) {
                (record.start, record.end) = (record.start.plus_ms(days_ms), record.end.plus_ms(days_ms));
            }
        });
        segment_leaf(square.server.rooms.clock.now(), &made_up[9..])
    };

    // back-dating: after the last morning a dark day before is made up; the newest checkpoint the player knew gives it away,
    // also where another play follows in the same segment
    for made_up in [usize::MAX, 1] {
        let mut forger = Forger::of(&square, &honest).await;
        let newest = String::from_utf8(forger.files[bundle::CHECKPOINT].clone()).unwrap();
        assert!(segment(&forger.leaves[last]).unwrap().records.len() > 1);
        forger.append(&square, follow(&forger.leaves[last].clone(), -86_400_000, &newest, made_up));
        let verdict = judged(&forger.pack(), &options);
        assert!(
            verdict.faults.iter().any(|f| f.what.en.starts_with("is back-dated: it was sealed")),
            "{:?}",
            verdict.faults
        );
    }

    // pre-dating: plays of tomorrow, in the log today, and stated to have come tomorrow
    let mut forger = Forger::of(&square, &honest).await;
    let tomorrow = follow(&forger.leaves[last].clone(), 86_400_000, "", usize::MAX);
    forger.append(&square, segment_leaf(received(&tomorrow).plus_ms(86_400_000), &tomorrow[9..]));
    assert!(caught(&forger, &options).contains(&Check::Time));
    // stated to have come when they came, they lie in the future and count for nothing
    let mut forger = Forger::of(&square, &honest).await;
    forger.append(&square, tomorrow);
    let counted = |bundle: &[u8]| judged(bundle, &options).screens.iter().map(|s| s.counted).sum::<u64>();
    assert_eq!(counted(&forger.pack()), counted(&honest));
}

#[tokio::test]
async fn the_log_is_split_rewritten_or_shortened() {
    let mut square = Square::build().await;
    square.live(at(crate::DAYS[0], "11:00")).await;
    let kept = square.server.rooms.log.head().await.unwrap().unwrap();
    square.live(at(crate::DAYS[1], "11:00")).await;
    let honest = square.bundle(Some(kept.size)).await;
    let with_memory = Options { since: Some(kept.note.clone()), ..square.options() };
    assert!(judged(&honest, &with_memory).ok);

    // split view: the server shows this auditor another log, which a corrupt witness may even cosign
    let mut forger = Forger::of(&square, &honest).await;
    let segments = forger.segments_of("Q-02");
    forger.leaves.remove(segments[segments.len() - 1]);
    let shorter = forger.leaves.len() as u64;
    forger.relog(&square, true);
    let split = caught(&forger, &with_memory);
    assert!(split.contains(&Check::Since), "the auditor's own memory: {split:?}");

    // rewrite: earlier checkpoints are no longer in the log they were checkpoints of
    let mut forger = Forger::of(&square, &honest).await;
    let earlier = forger.files[bundle::CHECKPOINTS].clone();
    forger.leaves.remove(forger.segments_of("Q-02")[0]);
    forger.relog(&square, true);
    forger.files.insert(bundle::CHECKPOINTS.into(), earlier);
    assert!(caught(&forger, &square.options()).contains(&Check::Log));

    // roll-back: the log is shorter than what the auditor had seen
    let mut forger = Forger::of(&square, &honest).await;
    forger.leaves.truncate(kept.size as usize - 1);
    forger.relog(&square, true);
    assert!(forger.leaves.len() < shorter as usize);
    assert!(caught(&forger, &with_memory).contains(&Check::Since));

    // another log altogether: its key is not the policy's
    let mut forger = Forger::of(&square, &honest).await;
    let text = String::from_utf8(forger.files[bundle::CHECKPOINT].clone()).unwrap();
    let checkpoint = Checkpoint::parse(&Note::parse(&text).unwrap().text).unwrap();
    let stranger = SigningKey::from_seed(&[8; 32]);
    let name =
        lichphat_playlists::proof::note::VerifierKey::new(checkpoint.origin.clone(), stranger.verifying_key()).unwrap();
    forger.files.insert(bundle::CHECKPOINT.into(), checkpoint.sign(&name, &stranger).to_string().into_bytes());
    assert!(caught(&forger, &square.options()).contains(&Check::Log));
}

#[tokio::test]
async fn playlists_are_signed_by_a_key_that_the_log_does_not_state() {
    let square = Square::lived().await;
    let (honest, options) = (square.bundle(None).await, square.options());
    let keys = Keys::load(square.data.path()).unwrap();
    let stranger = SigningKey::<PlanSigning>::from_seed(&[9; 32]);
    let name = bundle::plans_of(&"Q-01".parse().unwrap());
    let mut forger = Forger::of(&square, &honest).await;
    let mut file = Vec::new();
    for document in bundle::documents(&forger.files[&name]).unwrap() {
        let envelope = Envelope::from_bytes(document.to_vec()).unwrap();
        let playlist = Playlist::open(&envelope, &keys.plan.verifying_key()).unwrap();
        assert!(bundle::put_document(&mut file, playlist.seal(&stranger).as_bytes()));
    }
    forger.files.insert(name, file);
    assert!(caught(&forger, &options).contains(&Check::Plan), "the bundle's own word on a key is none");

    // a log that states no key, and one in which the key was changed
    let stated = |leaf: &Vec<u8>| matches!(Entry::decode(leaf), Ok(Entry::Statement(Statement::Keys { .. })));
    let mut forger = Forger::of(&square, &honest).await;
    assert_eq!(forger.leaves.iter().filter(|leaf| stated(leaf)).count(), 1, "however many rounds there were");
    forger.leaves.retain(|leaf| !stated(leaf));
    forger.relog(&square, true);
    assert!(caught(&forger, &options).contains(&Check::Plan));
    let mut forger = Forger::of(&square, &honest).await;
    let (plan, receipt) = (stranger.verifying_key(), keys.receipt.verifying_key());
    let other = Statement::Keys {
        plan: Box::new(plan),
        receipt: Box::new(receipt),
        approval: Box::new(SigningKey::from_seed(&[6; 32]).verifying_key()),
        at_ms: at(crate::DAYS[1], "12:00"),
    };
    forger.append(&square, Entry::Statement(other).encode());
    let verdict = judged(&forger.pack(), &options);
    assert!(verdict.ok, "old playlists keep their key: {:?}", verdict.faults);
    assert!(
        verdict.remarks.iter().any(|r| r.what.en.contains("changed at 2024-09-21 05:00:00")),
        "{:?}",
        verdict.remarks
    );
}

#[tokio::test]
async fn the_report_says_more_than_the_records() {
    let square = Square::lived().await;
    let (honest, options) = (square.bundle(None).await, square.options());
    let mut forger = Forger::of(&square, &honest).await;
    forger.alter(bundle::REPORT, |report| report["lines"][0]["counted"] = 99.into());
    let verdict = judged(&forger.pack(), &options);
    assert_eq!(failing(&verdict), [Check::Figures]);
    let figure = &verdict.differences[0];
    assert_eq!((figure.figure.as_str(), figure.reported.as_str()), ("lines Q-01 counted", "99"));

    // what was planned is changed, so that fewer plays seem missing
    forger.alter(bundle::REPORT, |report| {
        report["lines"][0]["counted"] = serde_json::from_str(&figure.recomputed).unwrap();
    });
    forger.alter(bundle::BASIS, |basis| {
        for day in basis["screens"][0]["days"].as_object_mut().unwrap().values_mut() {
            day["planned"] = 1.into();
        }
    });
    assert!(caught(&forger, &options).contains(&Check::Plan), "the signed playlists say otherwise");
}

/// Who owns the server would like plays of something that nobody approved to count.
#[tokio::test]
async fn plays_of_what_nobody_approved() {
    let square = Square::lived().await;
    let (honest, options) = (square.bundle(None).await, square.options());
    let honest_forger = async || Forger::of(&square, &honest).await;
    let told = |forger: &Forger| {
        let caught = caught(forger, &options);
        assert!(caught.contains(&Check::Approval) && caught.contains(&Check::Figures), "{caught:?}");
    };

    // no approvals at all, and ones that somebody else has signed
    let mut forger = honest_forger().await;
    let documents = std::mem::take(forger.files.get_mut(bundle::APPROVALS).unwrap());
    told(&forger);
    let forged = bundle::documents(&documents).unwrap().into_iter().fold(Vec::new(), |mut out, document| {
        let says = Envelope::from_bytes(document.to_vec()).unwrap().content_unverified(1 << 20).unwrap();
        let key = SigningKey::<Approving>::from_seed(&[66; 32]);
        assert!(bundle::put_document(&mut out, Envelope::seal(&says, 3, &key).as_bytes()));
        out
    });
    forger.files.insert(bundle::APPROVALS.into(), forged);
    told(&forger);

    // the log says at its end that the order had been taken back before the first play
    let permit = |leaf: &Vec<u8>| match Entry::decode(leaf) {
        Ok(Entry::Statement(Statement::Permit { permit, campaign, .. })) if campaign.as_str() == crate::CAMPAIGN => {
            Some(permit)
        }
        _ => None,
    };
    let mut forger = honest_forger().await;
    let (at, name) = forger.leaves.iter().enumerate().find_map(|(at, leaf)| Some((at, permit(leaf)?))).unwrap();
    let withdrawn = Withdrawn { what: What::Permit(name), at_ms: at_day(0) };
    let (by, reason) = ("shell".to_owned(), "sai".to_owned());
    forger.append(&square, Entry::Statement(Statement::Withdrawal { withdrawn, by, reason }).encode());
    told(&forger);
    assert!(caught(&forger, &options).contains(&Check::Time), "nobody takes back afterwards what was seen");

    // it comes into the log only after it was played
    let mut forger = honest_forger().await;
    let leaf = forger.leaves[at].clone();
    forger.leaves[at] = Entry::Statement(Statement::Act {
        at_ms: at_day(0),
        account: "shell".into(),
        act: "approve".into(),
        on: "proposal 1".into(),
        detail: String::new(),
    })
    .encode();
    forger.append(&square, leaf);
    assert!(caught(&forger, &options).contains(&Check::Approval));
}

fn at_day(n: usize) -> UtcMillis {
    at(crate::DAYS[n], "00:00")
}

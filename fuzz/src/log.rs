//! What logs, witnesses and readers write to each other: signed notes, checkpoints, keys, policies, requests to a witness,
//! leaves and the names of tiles.

use super::{choosing, chosen, refused, text};
use lichphat_playlists::ids::{CampaignCode, DeviceId, Epoch, ScreenCode, Sha256Hash};
use lichphat_playlists::proof::checkpoint::{Checkpoint, Policy};
use lichphat_playlists::proof::entry::{Approval, Begun, DeviceEnd, Entry, Introduction, Statement};
use lichphat_playlists::proof::note::{Note, VerifierKey, cosign};
use lichphat_playlists::proof::sample::{Aim, Draw, Item, Kind, Population, SCHEMA, ScreenCounts, indices};
use lichphat_playlists::proof::tile::Resource;
use lichphat_playlists::proof::witness::AddCheckpoint;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Cosigning, LogSigning, SigningKey};

fn log() -> (SigningKey<LogSigning>, VerifierKey<LogSigning>) {
    let key = SigningKey::from_seed(&[7; 32]);
    let name = VerifierKey::new("lichphat.example/log", key.verifying_key()).expect("a name");
    (key, name)
}

fn witness() -> (SigningKey<Cosigning>, VerifierKey<Cosigning>) {
    let key = SigningKey::from_seed(&[8; 32]);
    let name = VerifierKey::new("thanh-tra.example", key.verifying_key()).expect("a name");
    (key, name)
}

fn good_checkpoint() -> Checkpoint {
    let (root, origin) = (Sha256Hash::of(b"root"), log().1.name().to_owned());
    Checkpoint { origin, size: 20_852_163, root, extensions: vec!["thêm một dòng".into()] }
}

fn good_note() -> Note {
    let ((key, name), (witness_key, witness)) = (log(), witness());
    let mut note = good_checkpoint().sign(&name, &key);
    note.signatures.push(cosign(&note.text, &witness, &witness_key, 1_763_600_000));
    note
}

/// What is taken is written as it was; nothing that was bent is believed.
pub(super) fn notes(data: &[u8]) -> bool {
    let Some((way, rest)) = chosen(data, 6) else { return false };
    let Ok(read) = std::str::from_utf8(rest) else { return false };
    match way {
        0 => text(read, AddCheckpoint::parse, ToString::to_string),
        1 => {
            if let Ok(note) = Note::parse(read) {
                let believed = note.verify(&log().1).is_ok() || note.cosigned(&witness().1).is_ok();
                assert!(!believed || note.text == good_note().text, "an altered text is believed");
            }
            text(read, Note::parse, ToString::to_string)
        }
        2 => text(read, Checkpoint::parse, Checkpoint::body),
        3 => match Policy::parse(read) {
            Ok(policy) => {
                policy.open(&good_note()).is_ok_and(|(checkpoint, _)| checkpoint == good_checkpoint())
                    || !read.contains(&log().1.to_string())
            }
            Err(error) => refused(&error),
        },
        4 => text(read, str::parse::<VerifierKey<LogSigning>>, ToString::to_string),
        _ => text(read, str::parse::<VerifierKey<Cosigning>>, ToString::to_string),
    }
}

pub(super) fn note_seeds() -> Vec<Vec<u8>> {
    let ((_, log), (_, witness)) = (log(), witness());
    let proof = (0u8..4).map(|n| Sha256Hash::of(&[n])).collect();
    let policy = format!("log {log} https://lichphat.example\n# thử\nwitness a {witness}\ngroup g 1 a\nquorum g\n");
    let seeds = [
        AddCheckpoint { old: 20_852_014, proof, note: good_note() }.to_string(),
        good_note().to_string(),
        good_checkpoint().body(),
        policy,
        log.to_string(),
        witness.to_string(),
    ];
    (0u8..).zip(seeds).map(|(way, seed)| choosing(way, seed.as_bytes())).collect()
}

/// Leaves, and the names of tiles and bundles.
pub(super) fn leaves(data: &[u8]) -> bool {
    let Some((way, rest)) = chosen(data, 2) else { return false };
    if way == 1 {
        let path = String::from_utf8_lossy(rest);
        let resource = Resource::parse(&path);
        assert!(resource.is_none_or(|found| found.path() == path), "one name has two spellings");
        return resource.is_some();
    }
    match Entry::decode(rest) {
        Ok(entry) => {
            assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
            true
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn leaf_seeds() -> Vec<Vec<u8>> {
    let device = Statement::Device {
        device: DeviceId(4),
        epoch: Epoch(1),
        screen: ScreenCode::new("P00004-01").expect("a code"),
        key: Box::new(SigningKey::from_seed(&[7; 32]).verifying_key()),
        at_ms: UtcMillis(1_763_000_000_000),
        approval: Approval {
            by: "shell".into(),
            at_ms: UtcMillis(1_763_000_000_000),
            introduction: Introduction::List { sha256: Sha256Hash::of(b"a list") },
        },
        simulated: true,
    };
    let end = Statement::DeviceEnd {
        device: DeviceId(4),
        why: DeviceEnd::Retired,
        reason: "b".into(),
        at_ms: UtcMillis(5),
        by: "a".into(),
    };
    let key = SigningKey::<LogSigning>::from_seed(&[7; 32]).verifying_key();
    let begun = Statement::Begun(Box::new(Begun {
        ended: VerifierKey::new("lichphat.example/log", key).expect("a name"),
        last: String::new(),
        kept: Some(3),
        reason: "a lost disk".into(),
        at_ms: UtcMillis(5),
        by: "a".into(),
    }));
    let segment = Entry::Segment { received: UtcMillis(1_763_000_000_000), envelope: b"LPH1".to_vec() };
    let head = Entry::Head { received: UtcMillis(1_763_000_000_000), envelope: b"LPH1".to_vec() };
    let (plan, receipt) =
        (SigningKey::from_seed(&[5; 32]).verifying_key(), SigningKey::from_seed(&[6; 32]).verifying_key());
    let keys = Statement::Keys {
        plan: Box::new(plan),
        receipt: Box::new(receipt),
        approval: Box::new(SigningKey::from_seed(&[6; 32]).verifying_key()),
        at_ms: UtcMillis(5),
    };
    let draw = Statement::Draw(Box::new(good_draw().drawn()));
    let act = Statement::Act {
        at_ms: UtcMillis(5),
        account: "lan".into(),
        act: "grant".into(),
        on: "account minh".into(),
        detail: "operator over P1".into(),
    };
    let stated = [device, end, begun, keys, draw, act].map(Entry::Statement);
    let entries = stated.into_iter().chain([segment, head]).map(|e| choosing(0, &e.encode()));
    let names = ["tile/0/x001/234", "tile/entries/005.p/17"].map(|name| choosing(1, name.as_bytes()));
    entries.chain(names).collect()
}

/// A draw is believed when it can be drawn again, and then it is named by its content.
pub(super) fn draws(data: &[u8]) -> bool {
    match Draw::parse(data) {
        Ok(draw) => {
            let again = Draw::parse(&serde_json::to_vec_pretty(&draw).expect("writes")).expect("it was taken before");
            assert_eq!((again.hash(), &again), (draw.hash(), &draw));
            true
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn draw_seeds() -> Vec<Vec<u8>> {
    vec![serde_json::to_vec(&good_draw()).expect("writes")]
}

fn good_draw() -> Draw {
    let day: LocalDay = "2026-11-30".parse().expect("a day");
    let campaign = CampaignCode::new("ihanoi").expect("a code");
    let screens = vec![ScreenCounts { screen: ScreenCode::new("S1").expect("a code"), plays: vec![2, 1] }];
    let population = Population::new(&campaign, Kind::Planned, (day, day.next()), screens);
    let aim = Aim { confidence: "0.95".parse().expect("a share"), max_bad: "0.01".parse().expect("a share") };
    let item = |(index, n): (u64, u32)| {
        let (screen, days, nth) = population.at(index).expect("it is in the population");
        let (screen, day) = (screen.clone(), day.plus(days));
        Item {
            n,
            index,
            screen,
            name: "Sảnh".into(),
            place: "Phường Ba Đình".into(),
            day,
            start_ms: day.at(28_800 + nth, HANOI),
            length_s: 15,
            variant: String::new(),
            media: Sha256Hash::of(b"clip"),
            media_name: "clip.mp4".into(),
            media_file: None,
            plan: Sha256Hash::of(b"plan"),
            record: None,
        }
    };
    let mut items: Vec<Item> =
        indices("lottery", population.hash, population.size, 3).into_iter().zip(1..).map(item).collect();
    items.sort_by_key(|item| item.index);
    Draw {
        schema: SCHEMA.into(),
        kind: Kind::Planned,
        from: day,
        to: day.next(),
        offset_min: HANOI,
        seed: "lottery".into(),
        drawn_ms: UtcMillis(0),
        checkpoint: None,
        left_out: 0,
        of_any: aim.size(population.size).of_any,
        campaign,
        aim,
        population,
        items,
    }
}

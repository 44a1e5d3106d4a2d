//! How fast the verifier is, at 64 and at 16 plays a segment, on one core: a bundle of one screen made in memory, beside what
//! its signatures and hashes alone cost in the same run. `make bench`, or `cargo bench -p lichphat-verify`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends when something is wrong")]

use lichphat_playlists::figures::{Basis, Period, ScreenFacts};
use lichphat_playlists::ids::{BootId, CampaignCode, DeviceId, Epoch, PlanVersion, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::bundle::{self, Approvals, Keys};
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::{Entry, Statement, segment_leaf};
use lichphat_playlists::proof::note::VerifierKey;
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::proof::tree::{inclusions, leaf_hash, root};
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay, UtcMillis};
use lichphat_playlists::wire::sign::{Envelope, Evidence, PlanSigning, SigningKey};
use lichphat_playlists::wire::v1::{Asset, AssetTable, Playlist, Schema, Slot, Tier};
use lichphat_verify::{Options, Writer, verify};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::time::Instant;

/// Plays of twelve seconds in a day.
const PLAYS_A_DAY: u32 = 4_000;
const LENGTH_S: u32 = 12;
const FIRST_S: u32 = 6 * 3_600;

struct Made {
    bundle: Vec<u8>,
    sealed: Vec<Envelope>,
    plays: u64,
}

fn plan(day: LocalDay, screen: &ScreenCode, key: &SigningKey<PlanSigning>, assets: Sha256Hash) -> Envelope {
    let slots = (0..PLAYS_A_DAY).map(|i| Slot { start_s: FIRST_S + i * LENGTH_S, item: 0 }).collect();
    Playlist {
        schema: Schema::V1,
        screen: screen.clone(),
        day,
        offset_min: HANOI,
        version: PlanVersion(1),
        cause: "first-plan".into(),
        made_ms: day.start(HANOI),
        ledger_through: None,
        assets,
        duty: IntervalSet::parse("06:00-22:00").unwrap(),
        terms: Vec::new(),
        fallback: 0,
        slots,
    }
    .seal(key)
}

fn record(day: LocalDay, plan: Sha256Hash, slot: u32) -> PlayRecord {
    let start = day.at(FIRST_S + slot * LENGTH_S, HANOI).plus_ms(i64::from(slot * 7 % 5));
    PlayRecord {
        plan,
        item: 0,
        origin: Origin::Planned { slot },
        boot: BootId(3),
        start,
        end: start.plus_ms(i64::from(LENGTH_S) * 1_000 - 6),
        mono_start_ms: 5_000 + u64::from(slot) * 12_000,
        clock: ClockState::Synced,
        clock_error_ms: 2,
        frames_rendered: 360 - slot % 2,
        frames_dropped: slot % 2,
        display: DisplayLevel::D1,
        area_percent: 100,
        result: PlayResult::Complete,
    }
}

/// One screen, one player, one clip, and everybody's keys.
struct Scene {
    screen: ScreenCode,
    campaign: CampaignCode,
    plan_key: SigningKey<PlanSigning>,
    evidence: SigningKey<Evidence>,
    assets: (Vec<u8>, Sha256Hash),
}

impl Scene {
    fn new() -> Self {
        let campaign = CampaignCode::new("ihanoi").unwrap();
        let (hash, kind) = (Sha256Hash::of(b"clip"), MediaKind::Video);
        let asset = Asset {
            code: campaign.clone(),
            variant: String::new(),
            tier: Tier::Order,
            media: Media { hash, size_bytes: 1, duration_s: LENGTH_S, kind },
            volume_percent: 50,
            fades: Fades::default(),
        };
        Self {
            screen: ScreenCode::new("P00004-01").unwrap(),
            campaign,
            plan_key: SigningKey::from_seed(&[1; 32]),
            evidence: SigningKey::from_seed(&[2; 32]),
            assets: AssetTable { assets: vec![asset] }.encode(),
        }
    }

    /// What the log states before anything is played.
    fn statements(&self, at_ms: UtcMillis) -> Vec<Vec<u8>> {
        let receipt = SigningKey::from_seed(&[4; 32]).verifying_key();
        let keys = Statement::Keys { plan: Box::new(self.plan_key.verifying_key()), receipt: Box::new(receipt), at_ms };
        let device = Statement::Device {
            device: DeviceId(1),
            epoch: Epoch(1),
            screen: self.screen.clone(),
            key: Box::new(self.evidence.verifying_key()),
            at_ms,
            approved_by: "bench".into(),
            simulated: true,
        };
        [keys, device].map(|statement| Entry::Statement(statement).encode()).into()
    }

    /// What the scheduler says of the period.
    fn basis(&self, from: LocalDay, to: LocalDay) -> Basis {
        let facts = ScreenFacts {
            screen: self.screen.clone(),
            name: "Sảnh".into(),
            kind: "managed".into(),
            force: "required".into(),
            inferred: false,
            owed: Vec::new(),
            days: BTreeMap::new(),
            has_device: true,
            simulated: true,
            reported_until: None,
        };
        Basis {
            campaign: self.campaign.clone(),
            title: "Đo tốc độ".into(),
            sample: true,
            quota: None,
            period: Period { from, to, now: to.plus(2).start(HANOI), offset: HANOI },
            screens: vec![facts],
            links: Vec::new(),
            quota_units: Vec::new(),
        }
    }
}

/// What was planned and played.
#[derive(Default)]
struct Story {
    plans: Vec<u8>,
    sealed: Vec<Envelope>,
    /// The segments as leaves.
    leaves: Vec<Vec<u8>>,
    plays: u64,
}

impl Story {
    fn live(&mut self, scene: &Scene, day: LocalDay, plays_a_segment: usize) {
        let plan = plan(day, &scene.screen, &scene.plan_key, scene.assets.1);
        let records: Vec<PlayRecord> = (0..PLAYS_A_DAY).map(|slot| record(day, plan.hash(), slot)).collect();
        for run in records.chunks(plays_a_segment) {
            let segment = Segment {
                device: DeviceId(1),
                epoch: Epoch(1),
                first_seq: Seq(self.plays + 1),
                screen: scene.screen.clone(),
                offset: HANOI,
                simulated: true,
                previous: self.sealed.last().map_or(Sha256Hash([0; 32]), Envelope::hash),
                anchor: String::new(),
                records: run.to_vec(),
            };
            self.plays += run.len() as u64;
            let envelope = segment.seal(&scene.evidence);
            let received = run[run.len() - 1].end.plus_ms(2_000);
            self.leaves.push(segment_leaf(received, envelope.as_bytes()));
            self.sealed.push(envelope);
        }
        assert!(bundle::put_document(&mut self.plans, plan.as_bytes()));
    }
}

fn make(days: u32, plays_a_segment: usize) -> Made {
    let first: LocalDay = "2026-09-01".parse().unwrap();
    let last = first.plus(days - 1);
    let (scene, mut story) = (Scene::new(), Story::default());
    first.through(last).for_each(|day| story.live(&scene, day, plays_a_segment));
    let (statements, basis) = (scene.statements(first.start(HANOI)), scene.basis(first, last));
    let bundle = pack(&scene, &story, &statements, &basis);
    Made { bundle, sealed: story.sealed, plays: story.plays }
}

fn pack(scene: &Scene, story: &Story, statements: &[Vec<u8>], basis: &Basis) -> Vec<u8> {
    let (mut stated, mut segments, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for (index, leaf) in (0..).zip(statements.iter().chain(&story.leaves)) {
        let file = if hashes.len() < statements.len() { &mut stated } else { &mut segments };
        assert!(bundle::put_entry(file, index, leaf));
        hashes.push(leaf_hash(leaf));
    }
    let (size, indexes) = (hashes.len() as u64, (0..hashes.len() as u64).collect::<Vec<_>>());
    let (Ok(root), Ok(proof)) = (root(&hashes[..], size), inclusions(&hashes[..], &indexes, size));
    let log_key = SigningKey::from_seed(&[3; 32]);
    let log = VerifierKey::new("lichphat.example/log", log_key.verifying_key()).unwrap();
    let checkpoint =
        Checkpoint { origin: log.name().to_owned(), size, root, extensions: Vec::new() }.sign(&log, &log_key);
    let mut writer = Writer::new(Cursor::new(Vec::new()));
    writer.put(bundle::CHECKPOINT, checkpoint.to_string().as_bytes()).unwrap();
    writer.put_json(bundle::CHECKPOINTS, &Vec::<u8>::new()).unwrap();
    writer.put(bundle::INCLUSION, &proof.iter().flat_map(|h| h.0).collect::<Vec<u8>>()).unwrap();
    writer.put(bundle::STATEMENTS, &stated).unwrap();
    writer.put(&bundle::segments_of(&scene.screen), &segments).unwrap();
    writer.put(&bundle::plans_of(&scene.screen), &story.plans).unwrap();
    writer.put(&bundle::assets(scene.assets.1), &scene.assets.0).unwrap();
    writer.put_json(bundle::STARTS, &BTreeMap::<String, u8>::new()).unwrap();
    writer.put_json(bundle::APPROVALS, &Approvals { version: 1, approvals: Vec::new() }).unwrap();
    writer.put_json(bundle::KEYS, &Keys { log, ended: Vec::new() }).unwrap();
    writer.put_json(bundle::REPORT, &basis.report()).unwrap();
    writer.put_json(bundle::BASIS, basis).unwrap();
    writer.finish(scene.campaign.clone(), basis.period.from, basis.period.to).unwrap().into_inner()
}

/// Seconds that `work` takes, the least of five.
fn least_s(mut work: impl FnMut()) -> f64 {
    let once = |work: &mut dyn FnMut()| {
        let began = Instant::now();
        work();
        began.elapsed().as_secs_f64()
    };
    (0..5).map(|_| once(&mut work)).fold(f64::INFINITY, f64::min)
}

fn main() {
    println!("verifier, one core: plays a second (limit 300,000 at 64 plays a segment), and the share of its parts");
    let key = SigningKey::<Evidence>::from_seed(&[2; 32]).verifying_key();
    for plays_a_segment in [64, 16] {
        let made = make(30, plays_a_segment);
        let whole = least_s(|| {
            let verdict = verify(|| Ok(Cursor::new(&made.bundle)), &Options::default(), &mut |_, _| {}).unwrap();
            assert!(verdict.ok && verdict.records == made.plays, "{:?}", verdict.faults.first());
        });
        let signatures = least_s(|| made.sealed.iter().for_each(|envelope| envelope.verify(&key).unwrap()));
        let hashes = least_s(|| {
            made.sealed.iter().for_each(|envelope| {
                // as a leaf, as the chain's link, and as part of a listed file
                std::hint::black_box((
                    leaf_hash(envelope.as_bytes()),
                    envelope.hash(),
                    Sha256Hash::of(envelope.as_bytes()),
                ));
            });
        });
        let decoding = least_s(|| {
            made.sealed.iter().for_each(|envelope| {
                std::hint::black_box(Segment::open_stored(envelope).unwrap());
            });
        });
        let share = |part: f64| part / whole * 100.0;
        println!(
            "{plays_a_segment:>3} plays a segment: {:>9.0} plays/s over {} plays; signatures {:.0} %, hashes {:.0} %, decoding {:.0} %, rules and the rest {:.0} %",
            made.plays as f64 / whole,
            made.plays,
            share(signatures),
            share(hashes),
            share(decoding),
            100.0 - share(signatures + hashes + decoding)
        );
    }
}

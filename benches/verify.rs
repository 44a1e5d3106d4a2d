//! How fast the verifier is, at 64 and at 16 plays a segment, on one core: a bundle of twenty screens made in memory, with an
//! order's terms, anchors, witnesses and a policy, beside what its signatures and hashes alone cost in the same run.
//! `make bench`, or `cargo bench -p lichphat-verify`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and ends when something is wrong")]

use lichphat_playlists::figures::{Basis, DayFacts, Period, Report, ScreenFacts};
use lichphat_playlists::ids::{
    BootId, CampaignCode, DeviceId, Epoch, PlanVersion, ScreenCode, Seq, Sha256Hash, VenueType,
};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::book::{PlanBook, PlanDocument};
use lichphat_playlists::proof::bundle::{self, EarlierCheckpoint, Keys};
use lichphat_playlists::proof::checkpoint::{Checkpoint, Policy};
use lichphat_playlists::proof::entry::{Approval, Entry, Introduction, Statement, segment_leaf};
use lichphat_playlists::proof::note::{VerifierKey, cosign};
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayRecord, PlayResult};
use lichphat_playlists::proof::replay::Replay;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::proof::tree::{consistency, inclusions, leaf_hash, root};
use lichphat_playlists::quota::{DayOwed, Of, Over, Period as Per, Quota, Ratio, Rule, Within};
use lichphat_playlists::time::{HANOI, IntervalSet, LocalDay, UtcMillis};
use lichphat_playlists::wire::permit::{Approved, Document, Grounds, Permit, Place};
use lichphat_playlists::wire::sign::{Approving, Cosigning, Envelope, Evidence, LogSigning, PlanSigning, SigningKey};
use lichphat_playlists::wire::v1::{Asset, AssetTable, Playlist, Schema, Slot, Terms, Tier};
use lichphat_verify::{Options, Writer, verify};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Instant;

/// Plays of twelve seconds in a day.
const PLAYS_A_DAY: u32 = 4_000;
const LENGTH_S: u32 = 12;
const FIRST_S: u32 = 6 * 3_600;
const SCREENS: usize = 20;
/// Players take the log's newest checkpoint as their anchor when they meet the scheduler, ms.
const ANCHORS_MS: i64 = 900_000;

struct Made {
    bundle: Vec<u8>,
    /// Segments, each of the player at the n-th screen.
    sealed: Vec<(usize, Envelope)>,
    plays: u64,
    policy: Policy,
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

/// The screens, one clip, and the scheduler's keys.
struct Scene {
    screens: Vec<ScreenCode>,
    campaign: CampaignCode,
    plan_key: SigningKey<PlanSigning>,
    assets: (Vec<u8>, Sha256Hash),
    permit: Envelope,
    content: Sha256Hash,
}

/// What permits and places are signed with.
fn approval_key() -> SigningKey<Approving> {
    SigningKey::from_seed(&[6; 32])
}

/// The key of the player at the n-th screen.
fn evidence(nth: usize) -> SigningKey<Evidence> {
    SigningKey::from_seed(&[10 + nth as u8; 32])
}

fn device(nth: usize) -> DeviceId {
    DeviceId(1 + nth as u32)
}

impl Scene {
    /// Approved at `at_ms`.
    fn new(at_ms: UtcMillis) -> Self {
        let campaign = CampaignCode::new("ihanoi").unwrap();
        let (hash, kind) = (Sha256Hash::of(b"clip"), MediaKind::Video);
        let mut asset = Asset {
            code: campaign.clone(),
            variant: String::new(),
            tier: Tier::Order,
            media: Media { hash, size_bytes: 1, duration_s: LENGTH_S, kind },
            volume_percent: 50,
            fades: Fades::default(),
            permit: None,
        };
        let approved = ["van", "minh"].map(|by| Approved { by: by.into(), decision: String::new(), at_ms });
        let permit = Permit {
            number: 1,
            campaign: campaign.clone(),
            media: vec![(&asset.media).into()],
            places: Vec::new(),
            from: None,
            until: None,
            approved: approved.into(),
        };
        let content = permit.content();
        let permit = Document::Permit(permit).seal(&approval_key()).unwrap();
        asset.permit = Some(permit.hash());
        Self {
            screens: (1..=SCREENS).map(|n| ScreenCode::new(format!("P00004-{n:02}")).unwrap()).collect(),
            campaign,
            plan_key: SigningKey::from_seed(&[1; 32]),
            assets: AssetTable { assets: vec![asset] }.encode(),
            permit,
            content,
        }
    }

    /// What the log states before anything is played.
    fn statements(&self, at_ms: UtcMillis) -> Vec<Statement> {
        let receipt = SigningKey::from_seed(&[4; 32]).verifying_key();
        let keys = Statement::Keys {
            plan: Box::new(self.plan_key.verifying_key()),
            receipt: Box::new(receipt),
            approval: Box::new(approval_key().verifying_key()),
            at_ms,
        };
        let (permit, campaign) = (self.permit.hash(), self.campaign.clone());
        let content = self.content;
        let put =
            Statement::Proposal { number: 1, campaign: campaign.clone(), content, people: 2, by: "an".into(), at_ms };
        let yes = ["van", "minh"].map(|by| Statement::Yes {
            number: 1,
            campaign: campaign.clone(),
            content,
            by: by.into(),
            decision: String::new(),
            at_ms,
        });
        let permit = Statement::Permit { permit, number: 1, campaign, at_ms };
        let players = self.screens.iter().enumerate().map(|(nth, screen)| Statement::Device {
            device: device(nth),
            epoch: Epoch(1),
            screen: screen.clone(),
            key: Box::new(evidence(nth).verifying_key()),
            at_ms,
            approval: Approval { by: "shell".into(), at_ms, introduction: Introduction::File },
            simulated: true,
        });
        let approved = [keys, put].into_iter().chain(yes).chain([permit]);
        approved.chain(players).collect()
    }

    fn place(&self, nth: usize) -> Envelope {
        let venue_type = VenueType::new("bench").unwrap();
        let place = Place { screen: self.screens[nth].clone(), version: 1, venue_type, above: Vec::new() };
        Document::Place(place).seal(&approval_key()).unwrap()
    }

    fn plan(&self, nth: usize, day: LocalDay) -> Envelope {
        let slots = (0..PLAYS_A_DAY).map(|i| Slot { start_s: FIRST_S + i * LENGTH_S, item: 0 }).collect();
        let terms = Terms {
            campaign: self.campaign.clone(),
            windows: IntervalSet::parse("06:00-08:30;11:00-13:30;16:30-19:00").unwrap(),
            min_gap_s: LENGTH_S,
            min_display: DisplayLevel::D1,
            daily_cap: PLAYS_A_DAY,
            make_good_until: day,
            priority: 2,
        };
        Playlist {
            schema: Schema::V1,
            screen: self.screens[nth].clone(),
            day,
            offset_min: HANOI,
            version: PlanVersion(1),
            cause: "first-plan".into(),
            made_ms: day.start(HANOI),
            ledger_through: None,
            not_approved: Default::default(),
            assets: self.assets.1,
            place: self.place(nth).hash(),
            duty: IntervalSet::parse("06:00-22:00").unwrap(),
            terms: vec![terms],
            fallback: 0,
            slots,
        }
        .seal(&self.plan_key)
    }

    /// The plans as records are judged by them.
    fn book(&self, plans: &[Vec<u8>]) -> PlanBook {
        let table = Arc::new(AssetTable::decode(&self.assets.0, self.assets.1).unwrap());
        let plans = plans.iter().flat_map(|all| bundle::documents(all).unwrap());
        let document = |bytes: &[u8]| {
            let envelope = Envelope::from_bytes(bytes.to_vec()).unwrap();
            let playlist = Playlist::open(&envelope, &self.plan_key.verifying_key()).unwrap();
            let mut grounds = Grounds::default();
            let nth = self.screens.iter().position(|s| *s == playlist.screen).unwrap();
            for document in [&self.permit, &self.place(nth)] {
                grounds.take(document.hash(), Document::unverified(document).unwrap());
            }
            PlanDocument { hash: envelope.hash(), playlist, assets: table.clone(), grounds }
        };
        plans.map(document).collect()
    }

    /// What the scheduler says of the period.
    fn basis(&self, from: LocalDay, to: LocalDay) -> Basis {
        let plays = PLAYS_A_DAY / 4;
        let quota = Quota {
            plays,
            per: Per::Day,
            rule: Rule::Average,
            over: Over::default(),
            within: Within::Peak,
            of: Of::Screen,
        };
        let owed = |day| DayOwed { day, operating: true, owed: Ratio::from_integer(plays.into()) };
        let planned = |day| (day, DayFacts { asked: PLAYS_A_DAY, planned: PLAYS_A_DAY, ..DayFacts::default() });
        let facts = |screen: &ScreenCode| ScreenFacts {
            screen: screen.clone(),
            name: "Sảnh".into(),
            kind: "managed".into(),
            force: "required".into(),
            inferred: false,
            owed: from.through(to).map(owed).collect(),
            kept_off: std::collections::BTreeMap::new(),
            days: from.through(to).map(planned).collect(),
            has_device: true,
            simulated: true,
            reported_until: None,
        };
        Basis {
            campaign: self.campaign.clone(),
            title: "Đo tốc độ".into(),
            sample: true,
            quota: Some(quota),
            period: Period { from, to, now: to.plus(2).start(HANOI), offset: HANOI },
            screens: self.screens.iter().map(facts).collect(),
            links: Vec::new(),
            quota_units: Vec::new(),
        }
    }
}

/// A log that a witness follows.
struct Log {
    name: VerifierKey<LogSigning>,
    key: SigningKey<LogSigning>,
    witness: (VerifierKey<Cosigning>, SigningKey<Cosigning>),
    leaves: Vec<Vec<u8>>,
    hashes: Vec<Sha256Hash>,
    /// Its checkpoints, by size.
    notes: BTreeMap<u64, String>,
}

impl Log {
    fn new() -> Self {
        let (key, witness) = (SigningKey::from_seed(&[3; 32]), SigningKey::from_seed(&[5; 32]));
        let name = VerifierKey::new("lichphat.example/log", key.verifying_key()).unwrap();
        let witness = (VerifierKey::new("witness.example", witness.verifying_key()).unwrap(), witness);
        Self { name, key, witness, leaves: Vec::new(), hashes: Vec::new(), notes: BTreeMap::new() }
    }

    fn push(&mut self, leaf: Vec<u8>) {
        self.hashes.push(leaf_hash(&leaf));
        self.leaves.push(leaf);
    }

    /// The newest checkpoint, as of now.
    fn checkpoint(&mut self, at: UtcMillis) -> String {
        let size = self.hashes.len() as u64;
        let Ok(root) = root(&self.hashes[..], size);
        let origin = self.name.name().to_owned();
        let mut note = Checkpoint { origin, size, root, extensions: Vec::new() }.sign(&self.name, &self.key);
        let (name, key) = &self.witness;
        note.signatures.push(cosign(&note.text, name, key, at.0.unsigned_abs() / 1000));
        self.notes.entry(size).or_insert_with(|| note.to_string()).clone()
    }

    fn policy(&self) -> Policy {
        Policy::parse(&format!("log {}\nwitness w {}\nquorum w\n", self.name, self.witness.0)).unwrap()
    }
}

/// What players sealed, in order of its arrival.
struct Run {
    nth: usize,
    received: UtcMillis,
    records: Vec<PlayRecord>,
}

/// Plans, and what was played by them: all screens at the same time.
fn live(scene: &Scene, days: (LocalDay, LocalDay), plays_a_segment: usize) -> (Vec<Vec<u8>>, Vec<Run>) {
    let (mut plans, mut runs) = (vec![Vec::new(); scene.screens.len()], Vec::new());
    for (day, nth) in days.0.through(days.1).flat_map(|day| (0..scene.screens.len()).map(move |nth| (day, nth))) {
        let plan = scene.plan(nth, day);
        assert!(bundle::put_document(&mut plans[nth], plan.as_bytes()));
        let records: Vec<PlayRecord> = (0..PLAYS_A_DAY).map(|slot| record(day, plan.hash(), slot)).collect();
        runs.extend(records.chunks(plays_a_segment).map(|run| {
            let received = run[run.len() - 1].end.plus_ms(2_000);
            Run { nth, received, records: run.to_vec() }
        }));
    }
    runs.sort_by_key(|run| run.received);
    (plans, runs)
}

fn make(days: u32, plays_a_segment: usize) -> Made {
    let first: LocalDay = "2026-09-01".parse().unwrap();
    let last = first.plus(days - 1);
    let begin = first.start(HANOI);
    let (scene, mut log) = (Scene::new(begin), Log::new());
    let (plans, runs) = live(&scene, (first, last), plays_a_segment);
    for statement in scene.statements(begin) {
        log.push(Entry::Statement(statement).encode());
    }
    let (mut anchor, mut since) = (log.checkpoint(begin), begin);
    let mut chains = vec![(Seq(1), Sha256Hash([0; 32])); scene.screens.len()];
    let (book, mut replays) = (scene.book(&plans), vec![Replay::default(); scene.screens.len()]);
    let (mut sealed, mut plays, mut places) = (Vec::new(), 0, vec![Vec::new(); scene.screens.len()]);
    for Run { nth, received, records } in runs {
        if received.since_ms(since) > ANCHORS_MS {
            (anchor, since) = (log.checkpoint(received), received);
        }
        let (first_seq, previous) = chains[nth];
        let n = records.len() as u64;
        let segment = Segment {
            device: device(nth),
            epoch: Epoch(1),
            first_seq,
            screen: scene.screens[nth].clone(),
            offset: HANOI,
            simulated: true,
            previous,
            anchor: anchor.clone(),
            records,
        };
        let envelope = segment.seal(&evidence(nth));
        (chains[nth], plays) = ((Seq(first_seq.0 + n), envelope.hash()), plays + n);
        replays[nth].segment(&segment, envelope.hash(), (log.leaves.len() as u64, received), &book);
        places[nth].push(log.leaves.len());
        log.push(segment_leaf(received, envelope.as_bytes()));
        sealed.push((nth, envelope));
    }
    let basis = scene.basis(first, last);
    log.checkpoint(basis.period.now);
    let said = basis.screens.iter().zip(&replays).map(|(facts, r)| r.facts(facts, &basis.campaign, &basis.period));
    let report = Basis { screens: said.collect(), ..basis.clone() }.report();
    let bundle = pack(&scene, &log, &plans, &places, (&basis, &report));
    Made { bundle, sealed, plays, policy: log.policy() }
}

fn pack(
    scene: &Scene,
    log: &Log,
    plans: &[Vec<u8>],
    places: &[Vec<usize>],
    (basis, report): (&Basis, &Report),
) -> Vec<u8> {
    let size = log.hashes.len() as u64;
    let indexes: Vec<u64> = (0..size).collect();
    let Ok(proof) = inclusions(&log.hashes[..], &indexes, size);
    let mut notes = log.notes.clone();
    let newest = notes.remove(&size).unwrap();
    let earlier: Vec<EarlierCheckpoint> = notes
        .into_iter()
        .map(|(old, note)| {
            let Ok(consistency) = consistency(&log.hashes[..], old, size);
            EarlierCheckpoint { note, consistency }
        })
        .collect();
    let entries = |places: &mut dyn Iterator<Item = usize>| {
        let mut file = Vec::new();
        places.for_each(|at| assert!(bundle::put_entry(&mut file, at as u64, &log.leaves[at])));
        file
    };
    let mut writer = Writer::new(Cursor::new(Vec::new()));
    writer.put(bundle::CHECKPOINT, newest.as_bytes()).unwrap();
    writer.put_json(bundle::CHECKPOINTS, &earlier).unwrap();
    writer.put(bundle::INCLUSION, &proof.iter().flat_map(|h| h.0).collect::<Vec<u8>>()).unwrap();
    writer.put(bundle::STATEMENTS, &entries(&mut (0..scene.screens.len() + 5))).unwrap();
    for (nth, screen) in scene.screens.iter().enumerate() {
        writer.put(&bundle::segments_of(screen), &entries(&mut places[nth].iter().copied())).unwrap();
        writer.put(&bundle::plans_of(screen), &plans[nth]).unwrap();
    }
    writer.put(&bundle::assets(scene.assets.1), &scene.assets.0).unwrap();
    writer.put_json(bundle::STARTS, &BTreeMap::<String, u8>::new()).unwrap();
    let mut approvals = Vec::new();
    let places = (0..scene.screens.len()).map(|nth| scene.place(nth));
    for document in std::iter::once(scene.permit.clone()).chain(places) {
        assert!(bundle::put_document(&mut approvals, document.as_bytes()));
    }
    writer.put(bundle::APPROVALS, &approvals).unwrap();
    writer.put_json(bundle::KEYS, &Keys { log: log.name.clone(), ended: Vec::new() }).unwrap();
    writer.put_json(bundle::REPORT, report).unwrap();
    writer.put_json(bundle::BASIS, basis).unwrap();
    let packing = SigningKey::from_seed(&[4; 32]); // the receipts'
    writer.finish(scene.campaign.clone(), (basis.period.from, basis.period.to), &packing).unwrap().into_inner()
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
    let keys: Vec<_> = (0..SCREENS).map(|nth| evidence(nth).verifying_key()).collect();
    for plays_a_segment in [64, 16] {
        let made = make(2, plays_a_segment);
        let options = Options { policy: Some(made.policy.clone()), ..Options::default() };
        let whole = least_s(|| {
            let verdict = verify(|| Ok(Cursor::new(&made.bundle)), &options, &mut |_, _| {}).unwrap();
            assert!(verdict.ok && verdict.records == made.plays, "{:?}", verdict.faults.first());
            assert_eq!(verdict.screens.iter().map(|s| s.counted + s.counted_outside).sum::<u64>(), made.plays);
        });
        let signatures =
            least_s(|| made.sealed.iter().for_each(|(nth, envelope)| envelope.verify(&keys[*nth]).unwrap()));
        let hashes = least_s(|| {
            made.sealed.iter().for_each(|(_, envelope)| {
                // as a leaf, as the chain's link, and as part of a listed file
                std::hint::black_box((
                    leaf_hash(envelope.as_bytes()),
                    envelope.hash(),
                    Sha256Hash::of(envelope.as_bytes()),
                ));
            });
        });
        let decoding = least_s(|| {
            made.sealed.iter().for_each(|(_, envelope)| {
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

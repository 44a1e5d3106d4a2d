//! The parts of taking a segment in, each by itself over the same segments, and what SQLite alone needs for the same rows.

use crate::cost::{least_s, process_s};
use crate::door::CONNECTIONS;
use lichphat::proof::{Arrived, Counts, DayLimits, DeviceMark, Outcome, PlanBook, ProofStore, RollupDelta, decide};
use lichphat::store::Store;
use lichphat_playlists::ids::CampaignCode;
use lichphat_playlists::proof::receipt::Receipt;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset};
use lichphat_playlists::wire::sign::{Envelope, Evidence, SigningKey, VerifyingKey};
use rusqlite::{Connection, params};
use std::path::Path;

/// Processor seconds of each part over all segments.
pub(crate) struct Parts {
    pub(crate) signature: f64,
    pub(crate) hash: f64,
    pub(crate) decode: f64,
    pub(crate) rules: f64,
    pub(crate) store: f64,
    pub(crate) receipt: f64,
    /// SQLite alone: the segment's row, and the sums' rows touched once a segment.
    pub(crate) summed: f64,
    /// SQLite alone: the segment's row, and a sum's row touched for each play.
    pub(crate) row_by_row: f64,
}

/// A player's segments as they were sent, opened, and its key.
pub(crate) struct Sent {
    pub(crate) key: VerifyingKey<Evidence>,
    pub(crate) sealed: Vec<Envelope>,
    pub(crate) opened: Vec<Segment>,
}

impl Sent {
    pub(crate) fn new(key: &SigningKey<Evidence>, sealed: Vec<Envelope>) -> Self {
        let opened = sealed.iter().map(|envelope| Segment::open_stored(envelope).unwrap()).collect();
        Self { key: key.verifying_key(), sealed, opened }
    }
}

/// Measures the parts. `held` is a store that knows players and plans and has no segment, `raw` an empty directory.
pub(crate) async fn parts(held: Store, raw: &Path, sent: &[Sent], book: &PlanBook, at: (UtcMillis, LocalDay)) -> Parts {
    let every = |work: &mut dyn FnMut(&Sent, &Envelope)| {
        sent.iter().for_each(|s| s.sealed.iter().for_each(|envelope| work(s, envelope)));
    };
    let signature = least_s(|| every(&mut |s, envelope| envelope.verify(&s.key).unwrap()));
    let hash = least_s(|| {
        every(&mut |_, envelope| {
            std::hint::black_box(envelope.hash());
        });
    });
    let decode = least_s(|| every(&mut |_, envelope| drop(std::hint::black_box(Segment::open_stored(envelope)))));
    let key = SigningKey::from_seed(&[9; 32]);
    let receipt = least_s(|| {
        every(&mut |s, envelope| {
            let first = &s.opened[0];
            let (device, epoch, acked) = (first.device, first.epoch, first.first_seq);
            let receipt = Receipt { device, epoch, acked, head: Some(envelope.hash()), at_ms: at.0 };
            std::hint::black_box(receipt.seal(&key));
        });
    }) - hash;
    let rules = least_s(|| drop(std::hint::black_box(deltas(sent, book, at.0))));
    let rows = sums(deltas(sent, book, at.0));
    let summed = bare(&raw.join("summed"), sent, &rows, at.0);
    let row_by_row = bare(&raw.join("row-by-row"), sent, &play_by_play(&rows), at.0);
    let store = append(held, sent, book, at).await - rules;
    Parts { signature, hash, decode, rules, store, receipt, summed, row_by_row }
}

/// What each segment adds to the sums; all of them must be taken.
fn deltas(sent: &[Sent], book: &PlanBook, received: UtcMillis) -> Vec<Vec<RollupDelta>> {
    let of = |s: &Sent| {
        let mut mark = DeviceMark::default();
        let judge = |(segment, envelope): (&Segment, &Envelope)| {
            let Outcome::Accepted { delta, mark: next } = decide(&mark, segment, envelope.hash(), received, book, &[])
            else {
                unreachable!("a player's own segments continue each other")
            };
            mark = next;
            delta
        };
        s.opened.iter().zip(&s.sealed).map(judge).collect()
    };
    sent.iter().map(of).collect()
}

/// The store's own work and the rules', as many at a time as there are connections.
async fn append(store: Store, sent: &[Sent], book: &PlanBook, (received, day): (UtcMillis, LocalDay)) -> f64 {
    let arrive = |envelope: &Envelope, segment: &Segment| Arrived {
        hash: envelope.hash(),
        envelope: envelope.clone(),
        segment: segment.clone(),
        received,
        day,
    };
    let all = |s: &Sent| s.sealed.iter().zip(&s.opened).map(|(e, o)| arrive(e, o)).collect::<Vec<_>>();
    let mut lanes: Vec<Vec<Arrived>> = (0..CONNECTIONS).map(|_| Vec::new()).collect();
    sent.iter().zip((0..CONNECTIONS).cycle()).for_each(|(s, lane)| lanes[lane].extend(all(s)));
    let limits = DayLimits { segments: u32::MAX, forks: 16, forks_in_all: 1_000 };
    let store = &store;
    let lane = |arrived: Vec<Arrived>| async move {
        for one in arrived {
            let plans = one.segment.records.iter().find_map(|r| Some((r.plan, book.get(&r.plan)?.clone())));
            let mut own = PlanBook::default();
            plans.into_iter().for_each(|(plan, context)| own.insert(plan, context));
            let (outcome, _) = store.append(one, own, limits).await.unwrap();
            assert!(matches!(outcome, Outcome::Accepted { .. }));
        }
    };
    let before = process_s(std::process::id());
    futures_util::future::join_all(lanes.into_iter().map(lane)).await;
    process_s(std::process::id()) - before
}

/// What a segment's row brings with it: rows of sums to add to.
type Sums = Vec<((LocalDay, CampaignCode), Counts)>;

fn sums(deltas: Vec<Vec<RollupDelta>>) -> Vec<Vec<Sums>> {
    deltas.into_iter().map(|all| all.into_iter().map(|delta| delta.into_iter().collect()).collect()).collect()
}

/// The same with each play by itself: all of them are counted, in the windows or outside.
fn play_by_play(sums: &[Vec<Sums>]) -> Vec<Vec<Sums>> {
    let one = |within: bool| Counts {
        slots_seen: 1,
        counted: within.into(),
        counted_outside: (!within).into(),
        by_level: [0, 0, within.into(), 0, 0],
        ..Counts::default()
    };
    let plays = |((day, campaign), c): &((LocalDay, CampaignCode), Counts)| {
        let key = (*day, campaign.clone());
        let n = [(true, c.counted), (false, c.counted_outside)];
        n.into_iter().flat_map(move |(within, n)| vec![(key.clone(), one(within)); n as usize])
    };
    sums.iter().map(|all| all.iter().map(|sums| sums.iter().flat_map(plays).collect()).collect()).collect()
}

const SEGMENT: &str = "INSERT INTO segment_1 (log_index, device, epoch, first_seq, last_seq, bytes, received_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const ROLLUP: &str =
    "INSERT INTO rollup (day, device, campaign, screen, slots_seen, counted, counted_outside, made_good, late,
        not_counted, unknown, at_d0, at_d1, at_d2, at_d3, at_d5)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0)
    ON CONFLICT (day, device, campaign) DO UPDATE SET slots_seen = slots_seen + excluded.slots_seen,
        counted = counted + excluded.counted, counted_outside = counted_outside + excluded.counted_outside,
        made_good = made_good + excluded.made_good, late = late + excluded.late,
        not_counted = not_counted + excluded.not_counted, unknown = unknown + excluded.unknown,
        at_d0 = at_d0 + excluded.at_d0, at_d1 = at_d1 + excluded.at_d1, at_d2 = at_d2 + excluded.at_d2,
        at_d3 = at_d3 + excluded.at_d3";

/// SQLite alone: the same tables, indexes and pragmas, a transaction of as many segments as there are connections.
fn bare(dir: &Path, sent: &[Sent], sums: &[Vec<Sums>], received: UtcMillis) -> f64 {
    std::fs::create_dir_all(dir).unwrap();
    drop(Store::open(dir, 1).unwrap()); // makes the tables
    let mut conn = Connection::open(dir.join(lichphat::store::sqlite::FILE_NAME)).unwrap();
    conn.execute_batch(&include_str!("../../src/store/day.sql").replace("{day}", "1")).unwrap();
    conn.pragma_update(None, "journal_mode", "wal").unwrap();
    conn.pragma_update(None, "synchronous", "full").unwrap();
    let all = sent.iter().zip(sums).flat_map(|(s, sums)| s.sealed.iter().zip(&s.opened).zip(sums));
    let all: Vec<((&Envelope, &Segment), &Sums)> = all.collect();
    let before = process_s(std::process::id());
    for (group, first) in all.chunks(CONNECTIONS).zip((0u64..).step_by(CONNECTIONS)) {
        let tx = conn.transaction().unwrap();
        for (((envelope, segment), sums), index) in group.iter().zip(first..) {
            write(&tx, index, envelope, segment, sums, received);
        }
        tx.commit().unwrap();
    }
    process_s(std::process::id()) - before
}

fn write(tx: &Connection, index: u64, envelope: &Envelope, s: &Segment, sums: &Sums, received: UtcMillis) {
    let (first, last) = (s.first_seq.0, s.last_seq().0);
    let values = params![index, s.device.0, s.epoch.0, first, last, envelope.as_bytes(), received.0];
    tx.prepare_cached(SEGMENT).unwrap().execute(values).unwrap();
    let mut add = tx.prepare_cached(ROLLUP).unwrap();
    for ((day, campaign), c) in sums {
        let day = day.start(UtcOffset(0)).0 / 86_400_000;
        let (campaign, screen, [_, d0, d1, d2, d3]) = (campaign.as_str(), s.screen.as_str(), c.by_level);
        let (seen, inside, outside, good) = (c.slots_seen, c.counted, c.counted_outside, c.made_good);
        add.execute(params![
            day,
            s.device.0,
            campaign,
            screen,
            seen,
            inside,
            outside,
            good,
            c.late,
            c.not_counted,
            c.unknown,
            d0,
            d1,
            d2,
            d3
        ])
        .unwrap();
    }
}

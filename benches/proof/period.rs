//! Three months of a town, ten million plays, all of them real segments taken in by the product's own rooms, and how long
//! one campaign's compliance over all of it takes.

use crate::town::{CAMPAIGN, Town, records};
use futures_util::future::join_all;
use indicatif::ProgressBar;
use lichphat::planning::StoredPlan;
use lichphat::proof::log::{LogStore, StoredEntry};
use lichphat_playlists::ids::{CampaignCode, PlanHash, ScreenCode};
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::time::{HANOI, LocalDay};
use lichphat_playlists::wire::sign::Envelope;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Halls.
const SCREENS: usize = 102;

/// What the months hold.
pub(crate) struct Months {
    pub(crate) town: Town,
    pub(crate) days: (LocalDay, LocalDay),
    pub(crate) plays: u64,
    pub(crate) segments: u64,
    /// Which campaign the items of each plan are.
    items: BTreeMap<PlanHash, Vec<CampaignCode>>,
}

/// Plans, plays and takes in every day from `first` to `last`, and writes each play as a row of a Parquet file.
pub(crate) async fn live(dir: &Path, parquet: &Path, (first, last): (LocalDay, LocalDay)) -> Months {
    let mut town = Town::build(dir, SCREENS, first, last).await;
    let mut out = Rows::create(parquet);
    let (mut plays, mut segments, mut items) = (0, 0, BTreeMap::new());
    let bar = ProgressBar::new(first.through(last).count() as u64).with_message("days lived");
    for day in first.through(last) {
        let plans = town.plan(day).await;
        let anchor = town.anchor().await;
        let sealed: Vec<Vec<Envelope>> =
            town.players.par_iter_mut().zip(&plans).map(|(player, plan)| player.live(plan, 64, &anchor)).collect();
        town.clock.jump_to(day.at(16 * 3_600, HANOI));
        let proof = &town.rooms.proof;
        let hand_in = |(device, sealed): (_, &Vec<Envelope>)| {
            let sealed = sealed.clone();
            async move {
                let device = proof.identity(device).await.unwrap();
                for envelope in sealed {
                    proof.ingest(&device, envelope.into_bytes()).await.unwrap();
                }
            }
        };
        join_all(town.players.iter().map(|p| p.device).zip(&sealed).map(hand_in)).await;
        segments += sealed.iter().map(|s| s.len() as u64).sum::<u64>();
        plays += plans.iter().map(|p| p.playlist.slots.len() as u64).sum::<u64>();
        out.day(&town, &plans);
        items.extend(
            plans.into_iter().map(|p| (p.head.hash, p.assets.assets.into_iter().map(|a| a.code).collect::<Vec<_>>())),
        );
        bar.inc(1);
    }
    bar.finish_and_clear();
    town.anchor().await;
    out.writer.close().unwrap();
    Months { town, days: (first, last), plays, segments, items }
}

impl Months {
    /// Milliseconds of a report through the rooms' door, the least of five, and the plays it counts.
    pub(crate) async fn report(&self) -> (f64, u64) {
        let (campaign, (from, to)) = (CampaignCode::new(CAMPAIGN).unwrap(), self.days);
        let (mut least, mut counted) = (f64::INFINITY, 0);
        for _ in 0..5 {
            let began = Instant::now();
            let report = self.town.rooms.report(&campaign, from, to).await.unwrap();
            least = least.min(began.elapsed().as_secs_f64() * 1e3);
            counted = report.lines.iter().map(|l| u64::from(l.counted)).sum();
        }
        (least, counted)
    }

    /// The same figure from the records themselves, every segment decoded and nothing judged: milliseconds and plays.
    pub(crate) async fn scan(&self) -> (f64, u64) {
        let (began, store) = (Instant::now(), &self.town.rooms.store);
        let mut sums: BTreeMap<(ScreenCode, LocalDay), u64> = BTreeMap::new();
        let size = store.log_size().await.unwrap();
        for from in (0..size).step_by(512) {
            for entry in store.entries(from..(from + 512).min(size)).await.unwrap() {
                let StoredEntry::Segment(stored) = entry else { continue };
                let segment = Segment::open_stored(&Envelope::from_bytes(stored.bytes).unwrap()).unwrap();
                let ours = segment.records.iter().filter(|r| {
                    self.items.get(&r.plan).is_some_and(|items| items[usize::from(r.item)].as_str() == CAMPAIGN)
                });
                let n = ours.count() as u64;
                if n > 0 {
                    *sums.entry((segment.screen, stored.day)).or_default() += n;
                }
            }
        }
        (began.elapsed().as_secs_f64() * 1e3, sums.values().sum())
    }
}

/// A narrow file of plays for other engines: a group of rows a day.
struct Rows {
    writer: SerializedFileWriter<File>,
}

impl Rows {
    fn create(path: &Path) -> Self {
        let schema = "message play { required binary screen (STRING); required int32 day (DATE); required binary campaign (STRING);
                      required int64 seq; required int64 start (TIMESTAMP(MILLIS, true)); required int64 end (TIMESTAMP(MILLIS, true)); }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        Self { writer: SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::default()).unwrap() }
    }

    fn day(&mut self, town: &Town, plans: &[StoredPlan]) {
        let (mut screens, mut days, mut campaigns) = (Vec::new(), Vec::new(), Vec::new());
        let (mut seqs, mut starts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for (player, plan) in town.players.iter().zip(plans) {
            let since_1970 = plan.head.day.start(lichphat_playlists::time::UtcOffset(0)).0 / 86_400_000;
            for (record, seq) in records(plan, u64::from(player.device.0)).into_iter().zip(1..) {
                screens.push(ByteArray::from(player.screen.as_str()));
                days.push(since_1970 as i32);
                campaigns.push(ByteArray::from(plan.assets.assets[usize::from(record.item)].code.as_str()));
                seqs.push(seq);
                starts.push(record.start.0);
                ends.push(record.end.0);
            }
        }
        let mut group = self.writer.next_row_group().unwrap();
        let mut texts = [screens, campaigns].into_iter();
        let mut longs = [seqs, starts, ends].into_iter();
        for column in ["screen", "day", "campaign", "seq", "start", "end"] {
            let mut to = group.next_column().unwrap().unwrap();
            match column {
                "screen" | "campaign" => {
                    to.typed::<ByteArrayType>().write_batch(&texts.next().unwrap(), None, None).map(drop)
                }
                "day" => to.typed::<Int32Type>().write_batch(&days, None, None).map(drop),
                _ => to.typed::<Int64Type>().write_batch(&longs.next().unwrap(), None, None).map(drop),
            }
            .unwrap();
            to.close().unwrap();
        }
        group.close().unwrap();
    }
}

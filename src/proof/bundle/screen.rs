//! One screen's part of a bundle: its segments, forks and playlists, where its players stood before, and whether all of it
//! adds up to the stored sums.

use super::pack::Pack;
use super::{BundleError, BundleStore, Exporter, first_day};
use crate::proof::evidence::Segments;
use crate::proof::log::StoredSegment;
use crate::proof::{Counts, DeviceMark, PlanBook, ProofError};
use lichphat_playlists::figures::{Basis, Period, ScreenFacts};
use lichphat_playlists::ids::{PlanHash, ScreenCode, Seq, Sha256Hash};
use lichphat_playlists::proof::bundle::{self, Start};
use lichphat_playlists::proof::count::Tally;
use lichphat_playlists::proof::record::PlayRecord;
use lichphat_playlists::proof::replay::Replay;
use lichphat_playlists::proof::segment::Segment;
use lichphat_playlists::proof::tenure::Tenure;
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::permit::named;
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::v1::Asset;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, Write};

/// What the log holds of a screen.
struct Found {
    segments: Vec<(StoredSegment, Segment)>,
    forks: Vec<StoredSegment>,
    /// Not covered by the checkpoint yet.
    newer: Vec<(StoredSegment, Segment)>,
    /// Registered after it.
    boxes: Vec<Tenure>,
}

impl Exporter<'_> {
    /// One screen's segments and playlists; returns its facts as the segments have them, and its figures with those that came
    /// after the checkpoint.
    pub(super) async fn screen<W: Write + Seek>(
        &self,
        pack: &mut Pack<W>,
        stated: &ScreenFacts,
        basis: &Basis,
        tenures: &[Tenure],
    ) -> Result<(ScreenFacts, BTreeMap<LocalDay, Counts>), BundleError> {
        let (screen, period) = (&stated.screen, &basis.period);
        let Found { segments, forks, newer, boxes } = self.segments(screen, basis).await?;
        let names: BTreeSet<PlanHash> =
            segments.iter().flat_map(|(_, s)| &s.records).flat_map(PlayRecord::plans_named).collect();
        let names: Vec<PlanHash> = names.into_iter().collect();
        let plans = self.store.signed_plans(screen, (period.from, period.to), names).await?;
        let hashes = plans.iter().map(|p| p.hash).collect();
        let documents = self.store.plan_documents(hashes).await?;
        let mine = |a: &&Asset| a.code == basis.campaign;
        pack.approvals
            .extend(documents.iter().flat_map(|d| named(d.playlist.place, d.assets.assets.iter().filter(mine))));
        let book = documents.into_iter().collect::<PlanBook>().with(self.store.withdrawals().await?);
        let (starts, before) = self.starts(&segments).await?;
        let mut replay = Replay::new(&starts);
        tenures.iter().for_each(|tenure| replay.registered(*tenure));
        for (stored, segment) in &segments {
            replay.segment(segment, Sha256Hash::of(&stored.bytes), (stored.log_index, stored.received), &book);
            pack.anchor(&segment.anchor)?;
        }
        for fork in &forks {
            pack.anchor(&opened(&fork.bytes).map(|segment| segment.anchor).unwrap_or_default())?;
        }
        let mut entries: Vec<&StoredSegment> =
            segments.iter().map(|(stored, _)| stored).chain(&forks).chain(&before).collect();
        entries.sort_by_key(|stored| stored.log_index);
        pack.screen(screen, &entries, &plans, starts)?;
        for plan in &plans {
            if pack.assets.insert(plan.assets)
                && let Some(table) = self.store.asset_table(plan.assets).await?
            {
                pack.writer.put(&bundle::assets(plan.assets), &table)?;
            }
        }
        let facts = replay.facts(stated, &basis.campaign, period);
        boxes.into_iter().for_each(|tenure| replay.registered(tenure));
        self.go_on(&mut replay, &newer).await?;
        Ok((facts, replay.days(&basis.campaign, period)))
    }

    /// Replays what came after the checkpoint, as far as it is in the sums already.
    async fn go_on(&self, replay: &mut Replay, newer: &[(StoredSegment, Segment)]) -> Result<(), BundleError> {
        if newer.is_empty() {
            return Ok(());
        }
        let named: BTreeSet<PlanHash> =
            newer.iter().flat_map(|(_, s)| &s.records).flat_map(PlayRecord::plans_named).collect();
        let documents = self.store.plan_documents(named.into_iter().collect()).await?;
        let book = documents.into_iter().collect::<PlanBook>().with(self.store.withdrawals().await?);
        for start in self.starts(newer).await?.0 {
            if replay.mark(start.device, start.epoch).is_none() {
                replay.start(&start);
            }
        }
        for (stored, segment) in newer {
            replay.segment(segment, Sha256Hash::of(&stored.bytes), (stored.log_index, stored.received), &book);
        }
        Ok(())
    }

    /// A screen's segments from a day before the period until each player has said something from after it, the forks that
    /// came meanwhile, and what came after the checkpoint.
    async fn segments(&self, screen: &ScreenCode, basis: &Basis) -> Result<Found, BundleError> {
        let period = &basis.period;
        let mut segments = Segments::new(self.store, screen.clone(), (period.from, period.to), period.offset);
        let (mut found, mut newer) = (Vec::new(), Vec::new());
        loop {
            let piece = segments.next().await?;
            if piece.is_empty() {
                break;
            }
            for (stored, segment) in piece {
                let to = if stored.log_index < self.head.size { &mut found } else { &mut newer };
                to.push((stored, segment));
            }
        }
        let forks = forks(self.store, &segments, (screen, period), self.head.size).await?;
        let boxes = segments.tenures().iter().filter(|tenure| tenure.log_index >= self.head.size).copied().collect();
        Ok(Found { segments: found, forks, newer, boxes })
    }

    /// Where the players stood before their first segment that is shown, and the segment at which each stood there. Of a
    /// new player there is nothing to say, but that it goes on where one before it stopped that is not shown.
    async fn starts(
        &self,
        segments: &[(StoredSegment, Segment)],
    ) -> Result<(Vec<Start>, Vec<StoredSegment>), BundleError> {
        let mut starts = BTreeMap::new();
        for (stored, segment) in segments {
            let key = (segment.device, segment.epoch);
            if starts.contains_key(&key) {
                continue;
            }
            let mark = self.store.day_mark(stored.day, segment.device, segment.epoch).await?.unwrap_or_default();
            starts.insert(key, mark);
        }
        let (mut said, mut last) = (Vec::new(), Vec::new());
        for (nth, ((device, epoch), mark)) in starts.into_iter().enumerate() {
            let DeviceMark { acked, head, tally } = mark;
            if acked == Seq(0) && (nth > 0 || tally == Tally::default()) {
                continue;
            }
            last.extend(self.store.segment_with(device, epoch, acked).await?);
            said.push(Start { device, epoch, acked, head, tally });
        }
        Ok((said, last))
    }
}

/// Second stories that are shown of a screen whose `segments` were read to their end, within the log's first `size` entries.
pub(super) async fn forks(
    store: &dyn BundleStore,
    segments: &Segments<'_>,
    (screen, period): (&ScreenCode, &Period),
    size: u64,
) -> Result<Vec<StoredSegment>, ProofError> {
    let mut forks = store.forks_of(screen, first_day(period)).await?;
    forks.retain(|fork| {
        let end = segments.ended().get(&(fork.device, fork.epoch)).copied().unwrap_or(size);
        fork.log_index < end.min(size)
    });
    Ok(forks)
}

/// What a fork says; its signature was checked when it came.
fn opened(envelope: &[u8]) -> Option<Segment> {
    Segment::open_stored(&Envelope::from_bytes(envelope.to_vec()).ok()?).ok()
}

//! A bundle while it is made: what goes into the zip, and what the proofs at its end have to cover.

use super::{BundleError, SignedPlan, claimed};
use crate::proof::log::StoredSegment;
use lichphat_playlists::ids::{ScreenCode, Sha256Hash};
use lichphat_playlists::proof::bundle::{self, Start};
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::entry::{Entry, segment_leaf};
use lichphat_playlists::proof::note::Note;
use lichphat_verify::Writer;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, Write};

/// A bundle while it is made.
pub(super) struct Pack<W: Write + Seek> {
    pub(super) writer: Writer<W>,
    /// Places of everything that goes in.
    pub(super) indexes: BTreeSet<u64>,
    pub(super) segments: usize,
    pub(super) starts: BTreeMap<ScreenCode, Vec<Start>>,
    /// Sizes of checkpoints that players saw.
    pub(super) anchors: BTreeSet<u64>,
    /// Asset tables that are in.
    pub(super) assets: BTreeSet<Sha256Hash>,
    /// Documents of approvals that playlists name for the campaign.
    pub(super) approvals: BTreeSet<Sha256Hash>,
}

impl<W: Write + Seek> Pack<W> {
    pub(super) fn new(writer: Writer<W>) -> Self {
        let (indexes, anchors, assets) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let approvals = BTreeSet::new();
        Self { writer, indexes, segments: 0, starts: BTreeMap::new(), anchors, assets, approvals }
    }

    pub(super) fn statements(&mut self, statements: Vec<(u64, Entry)>) -> Result<(), BundleError> {
        let mut bytes = Vec::new();
        for (index, entry) in statements {
            if let Entry::Head { envelope, .. } = &entry {
                self.anchors.extend(claimed(envelope).and_then(|head| head.seen).map(|seen| seen.size));
            }
            self.entry(&mut bytes, index, &entry.encode())?;
        }
        Ok(self.writer.put(bundle::STATEMENTS, &bytes)?)
    }

    fn entry(&mut self, out: &mut Vec<u8>, index: u64, leaf: &[u8]) -> Result<(), BundleError> {
        self.indexes.insert(index);
        if bundle::put_entry(out, index, leaf) { Ok(()) } else { Err(BundleError::TooLong(index)) }
    }

    pub(super) fn screen(
        &mut self,
        screen: &ScreenCode,
        segments: &[&StoredSegment],
        plans: &[SignedPlan],
        starts: Vec<Start>,
    ) -> Result<(), BundleError> {
        let (mut log, mut papers) = (Vec::new(), Vec::new());
        for stored in segments {
            self.entry(&mut log, stored.log_index, &segment_leaf(stored.received, &stored.bytes))?;
        }
        for plan in plans {
            let fits = bundle::put_document(&mut papers, &plan.bytes);
            debug_assert!(fits, "a playlist has at most some megabytes");
        }
        self.segments += segments.len();
        if !starts.is_empty() {
            self.starts.insert(screen.clone(), starts);
        }
        self.writer.put(&bundle::segments_of(screen), &log)?;
        Ok(self.writer.put(&bundle::plans_of(screen), &papers)?)
    }

    pub(super) fn anchor(&mut self, anchor: &str) -> Result<(), BundleError> {
        if !anchor.is_empty() {
            // what cannot be read is the player's doing, and the verifier's to tell
            let seen = Note::parse(anchor).and_then(|note| Checkpoint::parse(&note.text));
            self.anchors.extend(seen.ok().map(|checkpoint| checkpoint.size));
        }
        Ok(())
    }

    /// Does a checkpoint of that size say something of when the entries came?
    pub(super) fn covers(&self, size: u64) -> bool {
        self.indexes.first().is_some_and(|&first| first < size)
    }
}

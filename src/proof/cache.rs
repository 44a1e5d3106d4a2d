//! Plans of late in memory, so that a fleet's segments do not read each plan twenty times a day.

use super::{PlanBook, PlanContext, ProofError, ProofStore};
use lichphat_playlists::ids::PlanHash;
use lichphat_playlists::proof::segment::Segment;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

/// At most [`PLANS_KEPT`] of them.
pub(super) struct PlanCache(Mutex<lru::LruCache<PlanHash, Arc<PlanContext>>>);

/// About 12 kB each.
const PLANS_KEPT: usize = 4_096;

impl Default for PlanCache {
    fn default() -> Self {
        Self(Mutex::new(lru::LruCache::new(NonZeroUsize::new(PLANS_KEPT).expect("not zero"))))
    }
}

impl PlanCache {
    /// All plans the segment names.
    pub(super) async fn book<S: ProofStore + ?Sized>(
        &self,
        store: &S,
        segment: &Segment,
    ) -> Result<PlanBook, ProofError> {
        let named: BTreeSet<PlanHash> = segment.records.iter().map(|r| r.plan).collect();
        let mut book = PlanBook::default().with(store.withdrawals().await?);
        let mut missing = Vec::new();
        if let Ok(mut cache) = self.0.lock() {
            for plan in named {
                match cache.get(&plan) {
                    Some(context) => book.insert(plan, Arc::clone(context)),
                    None => missing.push(plan),
                }
            }
        }
        if !missing.is_empty() {
            let read: PlanBook = store.plan_documents(missing).await?.into_iter().collect();
            if let Ok(mut cache) = self.0.lock() {
                for (plan, context) in read.iter() {
                    cache.put(*plan, Arc::clone(context));
                }
            }
            book.extend(read);
        }
        Ok(book)
    }
}

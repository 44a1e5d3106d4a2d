//! Documents by name: playlists with their asset tables, what they rest on, and what was taken back. What is bad is refused
//! and told, and the screen goes on with what it has.

use super::approvals::TakeError;
use super::plans::{PlanError, open_playlist};
use super::{News, SyncError, Syncer, Tell};
use crate::core::DayPlan;
use crate::ports::{Request, Transport};
use bytes::Bytes;
use lichphat_playlists::ids::{PlanHash, Sha256Hash};
use lichphat_playlists::wire::permit::{Grounds, named};
use lichphat_playlists::wire::v1::{AssetTable, IndexEntry, LIMIT_BYTES, Playlist, WireError};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Syncer {
    /// What was taken back. A list that has forgotten something takes nothing out of what is held.
    pub(super) async fn take_withdrawals(
        &mut self,
        transport: &dyn Transport,
        name: Sha256Hash,
        tell: Tell<'_>,
    ) -> Result<(), SyncError> {
        if !self.lacks(name) {
            return Ok(());
        }
        let before = Arc::clone(self.approvals.withdrawals());
        let taken = self.take_document(transport, name).await;
        let after = self.approvals.withdrawals();
        if *after != before {
            tell(News::Withdrawn(Arc::clone(after))); // also when the disk takes nothing more
        }
        match taken {
            Err(NotTaken::Sync(error @ SyncError::Transport(_))) => return Err(error),
            Err(error) => tell(News::Fault(error.to_string())), // plans go on
            Ok(()) => {}
        }
        Ok(())
    }

    /// Is it worth asking for?
    fn lacks(&self, name: Sha256Hash) -> bool {
        !self.approvals.holds(name) && !self.refused.contains(&name)
    }

    async fn take_document(&mut self, transport: &dyn Transport, name: Sha256Hash) -> Result<(), NotTaken> {
        let bytes = self.fetch(transport, format!("/device/v1/approvals/{name}")).await?;
        let taken = self.approvals.take(name, &bytes);
        if matches!(taken, Err(TakeError::Document(_))) {
            self.refused.insert(name);
        }
        Ok(taken?)
    }

    /// Asks again for what the held plans rest on and is not there: it came damaged, or was lost on the disk.
    pub(super) async fn mend_grounds(&mut self, transport: &dyn Transport, tell: Tell<'_>) -> Result<(), SyncError> {
        let newest: Vec<Arc<DayPlan>> = self.newest().into_values().cloned().collect();
        let names: BTreeSet<Sha256Hash> =
            newest.iter().flat_map(|p| named(p.playlist.place, &p.table.assets)).filter(|n| self.lacks(*n)).collect();
        let mut mended = false;
        for name in names {
            match self.take_document(transport, name).await {
                Ok(()) => mended = true,
                Err(NotTaken::Sync(error @ SyncError::Transport(_))) => return Err(error),
                Err(error) => tell(News::Fault(error.to_string())), // the others go on
            }
        }
        for plan in newest.into_iter().filter(|_| mended) {
            let Some(grounds) = self.approvals.grounds(&plan.playlist, &plan.table) else { continue };
            let plan = Arc::new(plan.on(grounds));
            self.plans.iter_mut().filter(|p| p.hash == plan.hash).for_each(|p| *p = plan.clone());
            tell(News::Playlist(plan));
        }
        Ok(())
    }

    /// What a plan rests on: where the screen stands, and a permit for each asset, as far as they are signed as they should be.
    async fn grounds(
        &mut self,
        transport: &dyn Transport,
        (plan, playlist): (PlanHash, &Playlist),
        table: &AssetTable,
        tell: Tell<'_>,
    ) -> Result<Grounds, FetchPlan> {
        for name in named(playlist.place, &table.assets) {
            if !self.lacks(name) {
                continue;
            }
            match self.take_document(transport, name).await {
                Ok(()) => {}
                Err(NotTaken::Sync(error)) => return Err(error.into()),
                Err(NotTaken::Take(TakeError::Disk(error))) => return Err(PlanError::Disk { hash: plan, error }.into()),
                Err(NotTaken::Take(error)) => tell(News::Fault(format!("playlist {plan}: {error}"))),
            }
        }
        let grounds = self.approvals.grounds(playlist, table);
        let may_come = self.lacks(playlist.place);
        grounds.ok_or(PlanError::Place { hash: plan, may_come }.into())
    }

    pub(super) async fn take_entry(
        &mut self,
        transport: &dyn Transport,
        entry: &IndexEntry,
        tell: Tell<'_>,
    ) -> Result<(), SyncError> {
        let held = self.plans.iter().rfind(|p| p.day() == entry.day);
        if self.refused_plans.contains(entry) || held.is_some_and(|p| p.hash == entry.plan) {
            return Ok(());
        }
        if let Some(held) = held.filter(|p| entry.version <= p.playlist.version) {
            self.refused_plans.insert(entry.clone());
            let (day, new, old) = (entry.day, entry.version, held.playlist.version);
            tell(News::Fault(format!("playlist of {day}: version {new} is offered, version {old} is held; refused")));
            return Ok(());
        }
        match self.fetch_plan(transport, entry, tell).await {
            Ok(plan) => {
                let plan = Arc::new(plan);
                self.wanted_for = None;
                self.plans.push(plan.clone());
                self.plans.sort_by_key(|p| (p.day(), p.playlist.version));
                tell(News::Playlist(plan));
            }
            Err(FetchPlan::Sync(error @ SyncError::Transport(_))) => return Err(error),
            Err(FetchPlan::Sync(error)) => tell(News::Fault(error.to_string())), // the other days go on
            Err(FetchPlan::Plan(error)) => {
                if error.is_final() {
                    self.refused_plans.insert(entry.clone());
                }
                tell(News::Fault(error.to_string()));
            }
        }
        Ok(())
    }

    async fn fetch_plan(
        &mut self,
        transport: &dyn Transport,
        entry: &IndexEntry,
        tell: Tell<'_>,
    ) -> Result<DayPlan, FetchPlan> {
        let hash = entry.plan;
        let bytes = self.fetch(transport, format!("/device/v1/plans/{hash}")).await?;
        let playlist = open_playlist(bytes.to_vec(), hash, &self.identity)?;
        if (playlist.day, playlist.version, playlist.assets) != (entry.day, entry.version, entry.assets) {
            return Err(PlanError::Index { hash }.into());
        }
        let table = self.assets(transport, hash, playlist.assets).await?;
        let grounds = self.grounds(transport, (hash, &playlist), &table, tell).await?;
        let plan = DayPlan::new(hash, playlist, table, grounds).map_err(|error| PlanError::Wire { hash, error })?;
        self.store.save_plan(hash, &bytes).map_err(|error| PlanError::Disk { hash, error })?;
        Ok(plan)
    }

    async fn assets(
        &mut self,
        transport: &dyn Transport,
        plan: PlanHash,
        hash: Sha256Hash,
    ) -> Result<Arc<AssetTable>, FetchPlan> {
        if let Some(table) = self.tables.get(&hash) {
            return Ok(table.clone());
        }
        let wire = |error: WireError| PlanError::Wire { hash: plan, error };
        let table = match self.store.load_assets(hash) {
            Ok(table) => table,
            Err(_) => {
                let bytes = self.fetch(transport, format!("/device/v1/assets/{hash}")).await?;
                let table = AssetTable::decode(&bytes, hash).map_err(wire)?;
                let saved = self.store.save_assets(hash, &bytes);
                saved.map_err(|error| PlanError::Disk { hash: plan, error })?;
                table
            }
        };
        let table = Arc::new(table);
        self.tables.insert(hash, table.clone());
        Ok(table)
    }

    async fn fetch(&self, transport: &dyn Transport, path: String) -> Result<Bytes, SyncError> {
        let response = transport.send(Request::get(path.clone())).await?;
        if response.status != 200 {
            return Err(SyncError::Refused { what: path, status: response.status });
        }
        Ok(response.bytes(LIMIT_BYTES).await?)
    }
}

/// Why a document of approvals is not there.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Take(#[from] TakeError),
}

enum FetchPlan {
    Sync(SyncError),
    Plan(PlanError),
}
impl From<SyncError> for FetchPlan {
    fn from(error: SyncError) -> Self {
        Self::Sync(error)
    }
}
impl From<PlanError> for FetchPlan {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}

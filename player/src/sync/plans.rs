//! Playlists and asset tables on disk, as they were signed. They are verified again on every load.

use super::approvals::ApprovalStore;
use crate::core::DayPlan;
use crate::identity::Identity;
use crate::ports::MediaFs;
use lichphat_playlists::ids::{PlanHash, ScreenCode, Sha256Hash};
use lichphat_playlists::time::LocalDay;
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::v1::{AssetTable, LIMIT_BYTES, Playlist, WireError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

/// What a table's second copy is called after its name.
const COPY: &str = ".copy";
/// Days after which a playlist is forgotten.
const KEEP_DAYS: i64 = 15;

/// Why a document is refused. The screen goes on with what it has.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Signature, form or slots.
    #[error("playlist {hash}: {error}")]
    Wire {
        /// Its name.
        hash: PlanHash,
        /// What is wrong.
        error: WireError,
    },
    /// Other bytes than were asked for.
    #[error("playlist {hash}: the bytes that came have another hash")]
    Hash {
        /// What was asked for.
        hash: PlanHash,
    },
    /// Made for another screen.
    #[error("playlist {hash} is for screen {found}, this is {expected}")]
    Screen {
        /// Its name.
        hash: PlanHash,
        /// Its screen.
        found: ScreenCode,
        /// Ours.
        expected: ScreenCode,
    },
    /// The index speaks of another day or version than the document.
    #[error("playlist {hash} is not the day and version the index says")]
    Index {
        /// Its name.
        hash: PlanHash,
    },
    /// It does not say where this screen stands, in words signed with the key of approvals.
    #[error("playlist {hash}: the place it names is not this screen's, or nobody has signed it")]
    Place {
        /// Its name.
        hash: PlanHash,
        /// The place is not there yet, or came damaged.
        may_come: bool,
    },
    /// The disk.
    #[error("playlist {hash}: {error}")]
    Disk {
        /// Its name.
        hash: PlanHash,
        /// What the system says.
        error: io::Error,
    },
}

impl PlanError {
    /// Does it stay as it is, whoever brings the plan? A full disk may have room tomorrow, a place that is not there may
    /// come, and other bytes than were asked for say nothing of the right ones.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Hash { .. } | Self::Wire { error: WireError::AssetHash { .. }, .. } | Self::Disk { .. } => false,
            Self::Place { may_come, .. } => !may_come,
            Self::Wire { .. } | Self::Screen { .. } | Self::Index { .. } => true,
        }
    }
}

/// Checks signature, name and screen of a playlist that came from outside or from the disk.
pub(super) fn open_playlist(bytes: Vec<u8>, hash: PlanHash, identity: &Identity) -> Result<Playlist, PlanError> {
    if Sha256Hash::of(&bytes) != hash {
        return Err(PlanError::Hash { hash });
    }
    let wire = |error: WireError| PlanError::Wire { hash, error };
    let envelope = Envelope::from_bytes(bytes).map_err(|e| wire(e.into()))?;
    let playlist = Playlist::open(&envelope, &identity.plan_key).map_err(wire)?;
    if playlist.screen != identity.screen {
        return Err(PlanError::Screen { hash, found: playlist.screen, expected: identity.screen.clone() });
    }
    Ok(playlist)
}

/// Where a table lies.
fn copies(hash: Sha256Hash) -> [String; 2] {
    [format!("assets/{hash}"), format!("assets/{hash}{COPY}")]
}

/// The documents of one player.
pub(super) struct PlanStore {
    fs: Arc<dyn MediaFs>,
}

impl PlanStore {
    pub(super) fn new(fs: Arc<dyn MediaFs>) -> Self {
        Self { fs }
    }
    pub(super) fn save_plan(&self, hash: PlanHash, bytes: &[u8]) -> io::Result<()> {
        self.fs.write_whole(&format!("plans/{hash}"), bytes)
    }

    /// All days of a screen may rest on one table, so it lies there twice.
    pub(super) fn save_assets(&self, hash: Sha256Hash, bytes: &[u8]) -> io::Result<()> {
        copies(hash).iter().try_for_each(|path| self.fs.write_whole(path, bytes))
    }

    /// The table; a copy of it that is damaged, or lost, is replaced by the other one, and what can be read counts, whatever
    /// the disk still takes.
    pub(super) fn load_assets(&self, hash: Sha256Hash) -> Result<AssetTable, WireError> {
        let read = |path: &String| {
            let bytes = self.fs.read(path, LIMIT_BYTES).unwrap_or_default();
            AssetTable::decode(&bytes, hash).map(|table| (table, bytes))
        };
        let paths = copies(hash);
        let [first, second] = paths.each_ref().map(read);
        let (table, bytes, bad) = match (first, second) {
            (Ok((table, _)), Ok(_)) => return Ok(table),
            (Ok((table, bytes)), Err(_)) => (table, bytes, &paths[1]),
            (Err(_), Ok((table, bytes))) => (table, bytes, &paths[0]),
            (Err(error), Err(_)) => return Err(error), // it is asked for again, and written over
        };
        tracing::warn!("{bad}: damaged on the disk; its copy takes its place");
        if let Err(error) = self.fs.write_whole(bad, &bytes) {
            tracing::warn!("{bad}: {error}");
        }
        Ok(table)
    }

    /// Every version on the disk that still verifies, by day and version; the rest is told.
    pub(super) fn load(
        &self,
        identity: &Identity,
        approvals: &ApprovalStore,
        tables: &mut HashMap<Sha256Hash, Arc<AssetTable>>,
        faults: &mut Vec<String>,
    ) -> Vec<Arc<DayPlan>> {
        let mut plans = Vec::new();
        for (name, _) in self.fs.list("plans").unwrap_or_default() {
            let Ok(hash) = name.parse::<PlanHash>() else { continue };
            match self.load_plan(hash, identity, approvals, tables) {
                Ok(plan) => plans.push(Arc::new(plan)),
                Err(error) => faults.push(error.to_string()),
            }
        }
        plans.sort_by_key(|p| (p.day(), p.playlist.version));
        plans
    }

    fn load_plan(
        &self,
        hash: PlanHash,
        identity: &Identity,
        approvals: &ApprovalStore,
        tables: &mut HashMap<Sha256Hash, Arc<AssetTable>>,
    ) -> Result<DayPlan, PlanError> {
        let bytes = self.fs.read(&format!("plans/{hash}"), LIMIT_BYTES);
        let bytes = bytes.map_err(|error| PlanError::Disk { hash, error })?;
        let playlist = open_playlist(bytes, hash, identity)?;
        let wire = |error| PlanError::Wire { hash, error };
        let table = match tables.get(&playlist.assets) {
            Some(table) => table.clone(),
            None => Arc::new(self.load_assets(playlist.assets).map_err(wire)?),
        };
        tables.insert(playlist.assets, table.clone());
        // A place that was lost bars everything but what is built in; the plan stays, and the place is asked for again.
        let grounds = approvals.grounds(&playlist, &table).unwrap_or_default();
        DayPlan::new(hash, playlist, table, grounds).map_err(wire)
    }

    /// Forgets playlists of days long past, and tables that no playlist names. What the screen can fall back on stays,
    /// however old it is.
    pub(super) fn prune(&self, today: LocalDay, plans: &mut Vec<Arc<DayPlan>>) -> io::Result<()> {
        let newest: BTreeMap<LocalDay, &Arc<DayPlan>> = plans.iter().map(|p| (p.day(), p)).collect();
        let stand_by = DayPlan::stand_by(newest.into_values()).map(|p| p.hash);
        let old = |p: &Arc<DayPlan>| today.days_since(p.day()) > KEEP_DAYS && Some(p.hash) != stand_by;
        if !plans.iter().any(old) {
            return Ok(());
        }
        for plan in plans.iter().filter(|p| old(p)) {
            self.fs.remove(&format!("plans/{}", plan.hash))?;
        }
        plans.retain(|p| !old(p));
        let named: BTreeSet<String> = plans.iter().map(|p| p.playlist.assets.hex()).collect();
        for (name, _) in self.fs.list("assets")? {
            if !named.contains(name.strip_suffix(COPY).unwrap_or(&name)) {
                self.fs.remove(&format!("assets/{name}"))?;
            }
        }
        Ok(())
    }
}

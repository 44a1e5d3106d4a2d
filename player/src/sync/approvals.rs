//! What people approved, on disk as it was signed: permits, where this screen stands, and all that was taken back. A document
//! is believed by its signature and its name, wherever it came from, and looked at again at every start.

use crate::identity::Identity;
use crate::ports::MediaFs;
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::wire::permit::{
    Document, Grounds, LIMIT_BYTES, Permit, PermitError, Place, Withdrawals, named,
};
use lichphat_playlists::wire::sign::Envelope;
use lichphat_playlists::wire::v1::{AssetTable, Playlist};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

const DIR: &str = "approvals";

/// The documents of one player.
pub(super) struct ApprovalStore {
    fs: Arc<dyn MediaFs>,
    identity: Arc<Identity>,
    permits: BTreeMap<Sha256Hash, Arc<Permit>>,
    /// By name; the newest is where the screen stands.
    places: BTreeMap<Sha256Hash, Arc<Place>>,
    /// All that was ever taken back, whichever list said so, and the files it stands in.
    withdrawals: Arc<Withdrawals>,
    lists: BTreeMap<Sha256Hash, Withdrawals>,
}

fn path_of(name: Sha256Hash) -> String {
    format!("{DIR}/{name}")
}

impl ApprovalStore {
    /// Takes what is on the disk and still verifies; the rest is told.
    pub(super) fn load(fs: Arc<dyn MediaFs>, identity: Arc<Identity>, faults: &mut Vec<String>) -> Self {
        let names = fs.list(DIR).unwrap_or_default();
        let (permits, places, lists) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut store = Self { fs, identity, permits, places, withdrawals: Arc::default(), lists };
        for (name, _) in names {
            let Ok(name) = name.parse::<Sha256Hash>() else { continue };
            let read = store.fs.read(&path_of(name), 2 * LIMIT_BYTES);
            let taken = read.map_err(|e| e.to_string()).and_then(|b| store.open(name, b).map_err(|e| e.to_string()));
            match taken {
                Ok(document) => store.keep(name, document),
                Err(error) => faults.push(format!("{}: {error}", path_of(name))),
            }
        }
        store
    }

    /// Checks name and signature.
    fn open(&self, name: Sha256Hash, bytes: Vec<u8>) -> Result<Document, TakeError> {
        if Sha256Hash::of(&bytes) != name {
            return Err(TakeError::Bytes { name });
        }
        let envelope = Envelope::from_bytes(bytes).map_err(PermitError::from)?;
        Ok(Document::open(&envelope, &self.identity.approval_key)?)
    }

    fn keep(&mut self, name: Sha256Hash, document: Document) {
        match document {
            Document::Permit(permit) => drop(self.permits.insert(name, Arc::new(permit))),
            Document::Place(place) => drop(self.places.insert(name, Arc::new(place))),
            Document::Withdrawals(list) => {
                Arc::make_mut(&mut self.withdrawals).join(&list);
                self.lists.insert(name, list);
            }
        }
    }

    /// Is it there?
    pub(super) fn holds(&self, name: Sha256Hash) -> bool {
        self.permits.contains_key(&name) || self.places.contains_key(&name) || self.lists.contains_key(&name)
    }

    /// Takes what came for a plan; what is not signed with the key of approvals is left out, and told by its error.
    pub(super) fn take(&mut self, name: Sha256Hash, bytes: &[u8]) -> Result<(), TakeError> {
        let document = self.open(name, bytes.to_vec())?;
        if let Document::Withdrawals(list) = &document {
            Arc::make_mut(&mut self.withdrawals).join(list); // in force, whatever the disk says
        }
        self.fs.write_whole(&path_of(name), bytes)?;
        self.keep(name, document);
        Ok(())
    }

    /// Where the screen stands by the newest word on it.
    fn newest(&self) -> Option<&Arc<Place>> {
        self.places.values().filter(|p| p.screen == self.identity.screen).max_by_key(|p| p.version)
    }

    /// What a plan rests on; none when the place it names is not this screen's. An older word on where the screen stands does
    /// not move it back.
    pub(super) fn grounds(&self, playlist: &Playlist, table: &AssetTable) -> Option<Grounds> {
        self.places.get(&playlist.place).filter(|place| place.screen == self.identity.screen)?;
        let mut grounds = Grounds::at(Arc::clone(self.newest()?));
        for name in named(playlist.place, &table.assets) {
            if let Some(permit) = self.permits.get(&name) {
                grounds.permit(name, Arc::clone(permit));
            }
        }
        Some(grounds)
    }

    /// All that was taken back.
    pub(super) fn withdrawals(&self) -> &Arc<Withdrawals> {
        &self.withdrawals
    }

    /// Forgets permits and lists that nobody names, places that were left; a list stays until a later one says all of it.
    pub(super) fn prune(&mut self, wanted: &BTreeSet<Sha256Hash>) -> io::Result<()> {
        let newest = self.newest().map(|place| place.version);
        let old: Vec<Sha256Hash> = self
            .permits
            .keys()
            .copied()
            .chain(self.places.iter().filter(|(_, p)| Some(p.version) != newest).map(|(name, _)| *name))
            .chain(self.lists.iter().filter(|(_, list)| self.is_said_later(list)).map(|(name, _)| *name))
            .filter(|name| !wanted.contains(name))
            .collect();
        for name in old {
            self.fs.remove(&path_of(name))?;
            self.permits.remove(&name);
            self.places.remove(&name);
            self.lists.remove(&name);
        }
        Ok(())
    }

    fn is_said_later(&self, list: &Withdrawals) -> bool {
        let says_all = |later: &Withdrawals| list.withdrawn.iter().all(|w| later.since(w.what).is_some());
        self.lists.values().any(|later| later.version > list.version && says_all(later))
    }
}

/// Why a document was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum TakeError {
    /// Other bytes than were asked for; the right ones may come another time.
    #[error("approval {name}: the bytes that came have another hash")]
    Bytes {
        /// What was asked for.
        name: Sha256Hash,
    },
    /// It is none.
    #[error(transparent)]
    Document(#[from] PermitError),
    /// The disk.
    #[error("approvals cannot be kept: {0}")]
    Disk(#[from] io::Error),
}

//! A town of one ward for the tests of this room: `tests/fixtures/town`, with files for every clip.

use super::*;
use crate::approval::{self, Permissions};
use crate::campaigns::{self, CampaignBatch, Campaigns};
use crate::directory::table::SourceFile;
use crate::directory::{Directory, Screen, import};
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::media::{Media, MediaKind};
use lichphat_playlists::plan::Effort;
use lichphat_playlists::time::HANOI;

/// The city, with the files of its clips.
pub(super) struct Town {
    pub(super) directory: Directory,
    pub(super) campaigns: Campaigns,
    pub(super) media: BTreeMap<MediaHash, Media>,
    /// Everything that was taken in is approved.
    pub(super) permissions: Permissions,
}

/// `2026-11-16`
pub(super) fn day(text: &str) -> LocalDay {
    text.parse().unwrap()
}

impl Town {
    /// `tests/fixtures/town`, without its orders.
    pub(super) fn new() -> Self {
        let mut town = Self {
            directory: Directory::default(),
            campaigns: Campaigns::default(),
            media: BTreeMap::new(),
            permissions: Permissions::default(),
        };
        for (kind, name) in [
            (import::Kind::Units, "units.csv"),
            (import::Kind::Venues, "venues.toml"),
            (import::Kind::Screens, "screens.csv"),
        ] {
            let path = format!("{}/tests/fixtures/town/{name}", env!("CARGO_MANIFEST_DIR"));
            town.import(kind, name, &std::fs::read_to_string(path).unwrap());
        }
        let path = format!("{}/tests/fixtures/town/loop.toml", env!("CARGO_MANIFEST_DIR"));
        town.programme(&std::fs::read_to_string(path).unwrap());
        town
    }

    /// As `lichphat import`.
    pub(super) fn import(&mut self, kind: import::Kind, name: &str, text: &str) {
        let context = import::Context { directory: &self.directory, now: day("2026-11-01").start(HANOI) };
        let file = SourceFile { name, bytes: text.as_bytes() };
        let batch = import::parse(kind, file, context).unwrap_or_else(|p| panic!("{p}"));
        self.directory.apply(batch);
        self.approve();
    }

    fn approve(&mut self) {
        let drafts = approval::drafts(&self.campaigns, &self.media);
        self.permissions = Permissions::default().granting(drafts, &self.directory);
    }

    /// Puts a batch in as the import would: with the files of its variants in the library.
    fn take(&mut self, mut batch: CampaignBatch) {
        for (duration_s, variant) in batch.variants_mut() {
            let name = variant.file.clone().unwrap_or_default();
            let hash = Sha256Hash::of(format!("{name} {duration_s}").as_bytes());
            variant.media = Some(hash);
            self.media.insert(hash, Media { hash, size_bytes: 9, kind: MediaKind::Video, duration_s });
        }
        self.campaigns.apply(batch);
        self.approve();
    }

    fn read(&self, text: &str, programme: bool) -> CampaignBatch {
        let now = day("2026-11-01").start(HANOI);
        let context = campaigns::Context { directory: &self.directory, campaigns: &self.campaigns, now };
        let file = SourceFile { name: "order.toml", bytes: text.as_bytes() };
        let read = if programme { campaigns::programme(file, context) } else { campaigns::directive(file, context) };
        read.unwrap_or_else(|p| panic!("{p}"))
    }

    /// Contracts and local content.
    pub(super) fn programme(&mut self, text: &str) {
        let batch = self.read(text, true);
        self.take(batch);
    }

    /// An order.
    pub(super) fn order(&mut self, text: &str) {
        let batch = self.read(text, false);
        self.take(batch);
    }

    /// As planning reads it.
    pub(super) fn world(&self) -> World<'_> {
        let Self { directory, campaigns, media, permissions } = self;
        World { directory, campaigns, media, permissions }
    }

    /// The screen of that code.
    pub(super) fn screen(&self, code: &str) -> &Screen {
        self.directory.screen(&ScreenCode::new(code).unwrap()).unwrap()
    }

    /// The first version of a screen's day, as the store would give it back.
    pub(super) fn plan(&self, screen: &str, on: &str) -> StoredPlan {
        let (screen, days) = (self.screen(screen), [day(on)]);
        let basis = self.world().basis(&days, Known::nothing(days[0].start(HANOI), HANOI));
        let input = self.world().inputs([screen].into_iter(), &days, &basis).days.remove(0);
        let composed = compose(&input, None, Effort::Quick).unwrap();
        let edition =
            Edition { version: PlanVersion(1), cause: "first plan".into(), made: day(on).start(HANOI), offset: HANOI };
        let playlist = composed.playlist(&input, edition).unwrap();
        let head = PlanHead {
            screen: screen.code.clone(),
            day: day(on),
            version: PlanVersion(1),
            hash: Sha256Hash([0; 32]),
            input_hash: Sha256Hash([0; 32]),
        };
        let (assets, problem) = (composed.assets, composed.problem);
        StoredPlan { head, cause: "first plan".into(), playlist, assets, problem, campaigns: Vec::new() }
    }
}

//! Releases of the player as the fleet's door handles them; who gets which, and when one stops, is decided in
//! [`release`](super::release).

use super::release::{self, Staged, Tally};
use super::{DeviceState, Fleet, FleetError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use lichphat_playlists::ids::DeviceId;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::release::{Release, Standing};
use std::collections::BTreeMap;

/// Thousandths of the fleet that a new release goes to.
const FIRST_STAGE: u16 = 10;

fn release_error(serial: u32, problem: &str) -> FleetError {
    FleetError::Release { serial, problem: problem.to_owned() }
}

impl Fleet {
    /// The release a device should have, base64; that it was offered is noted first.
    pub(super) async fn offered(
        &self,
        device: DeviceId,
        standing: &Standing,
        now: UtcMillis,
    ) -> Result<Option<String>, FleetError> {
        let releases = self.store.releases().await?;
        let offered = release::offer(&releases, device, standing, now);
        if let Some(staged) = offered {
            self.store.note_offer(staged.release.serial, device, now).await?;
        }
        Ok(offered.map(|staged| BASE64.encode(&staged.manifest)))
    }

    /// The newest release of each architecture that may go to this device, for a stick that does not know which it needs.
    pub async fn releases_for(&self, device: DeviceId) -> Result<Vec<Staged>, FleetError> {
        let mut newest = BTreeMap::new();
        for staged in self.store.releases().await? {
            if staged.stopped.is_none() && staged.release.reaches(device, staged.below) {
                newest.insert(staged.release.arch.clone(), staged);
            }
        }
        Ok(newest.into_values().collect())
    }

    /// Takes a signed release in: it goes to the first hundredth of the fleet, or one device, as its makers allow.
    pub async fn add_release(&self, release: Release, manifest: Vec<u8>) -> Result<Staged, FleetError> {
        let serial = release.serial;
        let below = release::cut(&release, &self.devices_of(&release).await?, FIRST_STAGE);
        let staged = Staged { release, manifest, below, stopped: None, added: self.clock.now() };
        match self.store.add_release(staged.clone()).await? {
            true => Ok(staged),
            false => Err(release_error(serial, "is there already; sign the new one with a higher serial")),
        }
    }

    /// Lets a release go to so many thousandths of the fleet; to more only when a device has found it good and none stopped it.
    pub async fn stage_release(&self, serial: u32, permille: u16) -> Result<Staged, FleetError> {
        self.watch_releases().await?;
        let mut staged = self.release(serial).await?;
        if let Some(why) = &staged.stopped {
            return Err(release_error(serial, &format!("has stopped ({why}); sign a better one with a higher serial")));
        }
        let below = release::cut(&staged.release, &self.devices_of(&staged.release).await?, permille);
        let tally = self.tally(serial).await?;
        if below > staged.below && tally.well == 0 {
            let problem = format!("no device has found it good yet (offered to {}); wait for the first", tally.offered);
            return Err(release_error(serial, &problem));
        }
        self.store.set_release(serial, below, None).await?;
        staged.below = below;
        Ok(staged)
    }

    /// A release goes to nobody any more. Devices that found it good keep it.
    pub async fn stop_release(&self, serial: u32, why: &str) -> Result<(), FleetError> {
        let staged = self.release(serial).await?;
        self.store.set_release(serial, staged.below, Some(why.to_owned())).await
    }

    /// Every release and how it fares, by serial.
    pub async fn releases(&self) -> Result<Vec<(Staged, Tally)>, FleetError> {
        let mut out = Vec::new();
        for staged in self.store.releases().await? {
            let tally = self.tally(staged.release.serial).await?;
            out.push((staged, tally));
        }
        Ok(out)
    }

    /// Stops the releases that do harm; says which, and why.
    pub async fn watch_releases(&self) -> Result<Vec<(u32, String)>, FleetError> {
        let mut stopped = Vec::new();
        for staged in self.store.releases().await?.into_iter().filter(|staged| staged.stopped.is_none()) {
            let serial = staged.release.serial;
            if let Some(why) = self.tally(serial).await?.stop() {
                self.store.set_release(serial, staged.below, Some(why.clone())).await?;
                stopped.push((serial, why));
            }
        }
        Ok(stopped)
    }

    async fn release(&self, serial: u32) -> Result<Staged, FleetError> {
        let found = self.store.releases().await?.into_iter().find(|staged| staged.release.serial == serial);
        found.ok_or_else(|| release_error(serial, "is not known; `lichphat release list` shows them"))
    }

    async fn tally(&self, serial: u32) -> Result<Tally, FleetError> {
        Ok(Tally::of(serial, &self.store.takers(serial).await?, self.clock.now()))
    }

    /// Devices that run on the machines of a release.
    async fn devices_of(&self, release: &Release) -> Result<Vec<DeviceId>, FleetError> {
        let fits = |state: &DeviceState| {
            let standing = state.heard.as_ref().and_then(|(_, beat)| beat.release.as_ref());
            standing.is_some_and(|standing| standing.arch == release.arch)
        };
        Ok(self.store.states(None).await?.into_iter().filter(fits).map(|state| state.device).collect())
    }
}

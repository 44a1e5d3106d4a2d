//! Who gets a release, and when it stops by itself: pure rules.
//!
//! A release goes to the first thousandth parts of the fleet that somebody allows, in the release's own order. It stops as
//! soon as more than the odd device went back from it or fell silent while it was on trial; a wider stage needs a device that
//! has found it good.

use lichphat_playlists::ids::DeviceId;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::release::{Release, Standing, bucket};

/// How long a device on trial may be silent, ms: a start takes a minute, and its first word comes with it.
pub const SILENT_MS: i64 = 60 * 60_000;
/// One device of so many may fail for reasons of its own.
const TOLERATED_OF: usize = 50;

/// A release as this room keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// What it says.
    pub release: Release,
    /// The manifest as it was signed.
    pub manifest: Vec<u8>,
    /// It goes to devices whose bucket is below this.
    pub below: u16,
    /// Why it goes to nobody any more.
    pub stopped: Option<String>,
    /// When it came in.
    pub added: UtcMillis,
}

/// A device to which a release was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taker {
    /// When it was last heard.
    pub heard: UtcMillis,
    /// How it stood then.
    pub standing: Option<Standing>,
}

/// How a release fares with those to whom it was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// To whom it was offered.
    pub offered: usize,
    /// Who has found it good, or has gone on to a later one.
    pub well: usize,
    /// Who has gone back from it.
    pub failed: usize,
    /// Who has been silent for too long since its trial began.
    pub silent: usize,
}

impl Tally {
    /// Counts.
    pub fn of(serial: u32, takers: &[Taker], now: UtcMillis) -> Self {
        let mut tally = Self { offered: takers.len(), ..Self::default() };
        for taker in takers {
            let Some(standing) = &taker.standing else { continue };
            if standing.failed.as_ref().is_some_and(|f| f.serial == serial) {
                tally.failed += 1;
            } else if standing.serial >= serial {
                tally.well += 1;
            } else if standing.trial == Some(serial) && now.since_ms(taker.heard) > SILENT_MS {
                tally.silent += 1;
            }
        }
        tally
    }

    /// Why it must stop, if so.
    pub fn stop(&self) -> Option<String> {
        let Self { offered, well, failed, silent } = self;
        (failed + silent > offered / TOLERATED_OF)
            .then(|| format!("of {offered} devices {failed} went back, {silent} fell silent, {well} are well"))
    }
}

/// Where to cut the order of a release so that it reaches `permille` thousandths of the fleet: of a small fleet one device
/// at least, as far as its makers allow.
pub fn cut(release: &Release, devices: &[DeviceId], permille: u16) -> u16 {
    let first = devices.iter().map(|d| bucket(release.serial, *d) + 1).min().unwrap_or(0);
    permille.max(first).min(release.permille)
}

/// Of the releases the newest one for this device.
pub fn offer<'a>(releases: &'a [Staged], device: DeviceId, standing: &Standing, now: UtcMillis) -> Option<&'a Staged> {
    let fits = |staged: &&Staged| {
        let r = &staged.release;
        staged.stopped.is_none()
            && r.arch == standing.arch
            && (r.serial > standing.newest() || standing.trial == Some(r.serial))
            && r.least <= standing.serial
            && r.not_before_ms <= now
            && r.reaches(device, staged.below)
    };
    releases.iter().filter(fits).max_by_key(|staged| staged.release.serial)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::ids::Sha256Hash;
    use lichphat_playlists::wire::release::Failed;
    use std::collections::BTreeMap;

    fn release() -> Release {
        Release {
            serial: 2,
            version: "0.2.0".into(),
            arch: "aarch64".into(),
            file: Sha256Hash::of(b"player"),
            size_bytes: 6,
            least: 0,
            permille: 1000,
            not_before_ms: UtcMillis(0),
        }
    }

    /// What a version does to the boxes that try it.
    #[derive(Clone, Copy, PartialEq)]
    enum Nature {
        Good,
        /// The launcher goes back after ten minutes.
        Crashes,
        /// It never says a word again.
        Bricks,
    }

    /// A fleet of 10,000 that says a heartbeat every five minutes, in which one box of a hundred is switched off at any time: how many
    /// have tried the release after `hours`, and why it stopped.
    fn live(nature: Nature, stages: &[(i64, u16)], hours: i64) -> (usize, Option<String>) {
        let devices: Vec<DeviceId> = (1..=10_000).map(DeviceId).collect();
        let stage = |permille| cut(&release(), &devices, permille);
        let mut staged = Staged {
            release: release(),
            manifest: Vec::new(),
            below: stage(stages[0].1),
            stopped: None,
            added: UtcMillis(0),
        };
        let mut began: BTreeMap<DeviceId, i64> = BTreeMap::new();
        let mut takers: BTreeMap<DeviceId, Taker> = BTreeMap::new();
        for minute in (0..hours * 60).step_by(5) {
            let now = UtcMillis(minute * 60_000);
            if let Some((_, permille)) = stages.iter().rfind(|(from, _)| from * 60 <= minute) {
                staged.below = stage(*permille);
            }
            for &device in &devices {
                let away = (i64::from(device.0) + minute / 120) % 100 == 0;
                let since = began.get(&device).map(|at| minute - at);
                if away || (nature == Nature::Bricks && since.is_some_and(|m| m > 0)) {
                    continue;
                }
                let done = since.is_some_and(|m| m >= 10);
                let standing = Standing {
                    arch: "aarch64".into(),
                    serial: if done && nature == Nature::Good { 2 } else { 1 },
                    trial: (since.is_some() && !done).then_some(2),
                    failed: (done && nature == Nature::Crashes).then(|| Failed { serial: 2, cause: "crashed".into() }),
                };
                if since.is_none() && offer(std::slice::from_ref(&staged), device, &standing, now).is_some() {
                    began.insert(device, minute);
                }
                if let Some(since) = began.get(&device).map(|at| minute - at) {
                    let trial = (since < 10).then_some(2).or(standing.trial);
                    takers.insert(device, Taker { heard: now, standing: Some(Standing { trial, ..standing }) });
                }
            }
            let tally = Tally::of(2, &takers.values().cloned().collect::<Vec<_>>(), now);
            staged.stopped = staged.stopped.or(tally.stop());
        }
        (began.len(), staged.stopped)
    }

    #[test]
    fn a_bad_release_stops_itself_after_a_hundredth_of_the_fleet_and_a_good_one_reaches_all() {
        let stages = [(0, 10), (3, 100), (4, 1000)];
        for bad in [Nature::Crashes, Nature::Bricks] {
            let (tried, stopped) = live(bad, &stages, 7);
            assert!((60..=140).contains(&tried), "a hundredth of 10,000, in buckets of chance: {tried}");
            assert!(stopped.is_some());
        }
        let (tried, stopped) = live(Nature::Good, &stages, 7);
        assert_eq!((tried, stopped), (10_000, None), "boxes that are switched off meanwhile stop nothing");
    }

    #[test]
    fn a_small_fleet_has_a_first_device_too_and_nobody_gets_what_is_not_for_him() {
        let few: Vec<DeviceId> = (1..=7).map(DeviceId).collect();
        let below = cut(&release(), &few, 10);
        assert_eq!(few.iter().filter(|d| release().reaches(**d, below)).count(), 1);
        let narrow = Release { permille: 1, ..release() };
        assert_eq!(cut(&narrow, &few, 1000), 1, "never more than its makers allow");

        let staged = |release| Staged { release, manifest: vec![], below: 1000, stopped: None, added: UtcMillis(0) };
        let standing = |serial| Standing { arch: "aarch64".into(), serial, trial: None, failed: None };
        let gets =
            |staged: Staged, standing: &Standing| offer(&[staged], DeviceId(1), standing, UtcMillis(1_000)).is_some();
        assert!(gets(staged(release()), &standing(1)));
        assert!(!gets(staged(release()), &standing(2)), "it has it");
        assert!(!gets(staged(Release { least: 2, serial: 3, ..release() }), &standing(1)), "not from so far back");
        assert!(!gets(staged(Release { not_before_ms: UtcMillis(2_000), ..release() }), &standing(1)), "not yet");
        assert!(!gets(staged(Release { arch: "x86_64".into(), ..release() }), &standing(1)), "another machine's");
        assert!(!gets(Staged { stopped: Some("bad".into()), ..staged(release()) }, &standing(1)), "stopped");
        let failed = Some(Failed { serial: 2, cause: "crashed".into() });
        assert!(!gets(staged(release()), &Standing { failed, ..standing(1) }), "it went back from it");
    }
}

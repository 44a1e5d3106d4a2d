//! The logged directory of players: whose key signs for which screen, from which entry of the log on.

use crate::findings::{Findings, words};
use crate::heads::Heads;
use crate::verdict::Check;
use lichphat_playlists::figures::Period;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode};
use lichphat_playlists::proof::tenure::Tenure;
use lichphat_playlists::time::UtcMillis;
use lichphat_playlists::wire::sign::{Evidence, VerifyingKey};
use std::collections::BTreeMap;

/// A player in one epoch.
pub(crate) struct Player {
    /// The screen it stands at.
    pub(crate) screen: ScreenCode,
    /// Its key.
    pub(crate) key: VerifyingKey<Evidence>,
    /// Entry that states it.
    pub(crate) index: u64,
    /// When it was registered.
    pub(crate) at: UtcMillis,
    /// Of a simulation.
    pub(crate) simulated: bool,
}

/// All players of the bundle.
#[derive(Default)]
pub(crate) struct Players {
    known: BTreeMap<(DeviceId, Epoch), Player>,
    tenures: BTreeMap<ScreenCode, Vec<Tenure>>,
    /// What they signed of how far their records go.
    pub(crate) heads: Heads,
    revoked: BTreeMap<DeviceId, u64>,
}

impl Players {
    /// A player was registered.
    pub(crate) fn registered(&mut self, (device, epoch): (DeviceId, Epoch), player: Player, findings: &mut Findings) {
        let (key, screen, simulated) = (player.key, player.screen.clone(), player.simulated);
        let tenure = Tenure { log_index: player.index, device, at: player.at };
        self.tenures.entry(screen.clone()).or_default().push(tenure);
        let known = self.known.entry((device, epoch)).or_insert(player);
        // a box that came back to its screen is stated again
        if (known.key, &known.screen, known.simulated) != (key, &screen, simulated) {
            findings.fault(Check::Device, &format!("device {device}, epoch {epoch}"), words!(
                "được khai báo hai lần: có thể một khóa giả đã chen vào"; "is stated twice: a forged key may have slipped in"));
        }
    }

    /// Nothing counts any more that comes after entry `index`.
    pub(crate) fn revoked(&mut self, device: DeviceId, index: u64) {
        self.revoked.entry(device).or_insert(index);
    }

    /// What a player signed of how far its records go; with an entry's place, when the log holds it.
    pub(crate) fn said(&mut self, envelope: &[u8], index: Option<u64>, place: String, findings: &mut Findings) {
        let key = |device, epoch| match index {
            Some(index) => self.at(device, epoch, index).map(|p| p.key),
            None => self.known.get(&(device, epoch)).map(|p| p.key),
        };
        let read = Heads::open(envelope.to_vec(), key);
        self.heads.add((place, index.is_none()), read, findings);
    }

    /// The player, as it was when entry `index` was made.
    pub(crate) fn at(&self, device: DeviceId, epoch: Epoch, index: u64) -> Option<&Player> {
        let player = self.known.get(&(device, epoch))?;
        let revoked = self.revoked.get(&device).is_some_and(|&end| end < index);
        (player.index < index && !revoked).then_some(player)
    }

    /// When which box was registered at the screen, in order of the log.
    pub(crate) fn tenures(&self, screen: &ScreenCode) -> &[Tenure] {
        self.tenures.get(screen).map_or(&[], Vec::as_slice)
    }

    /// Says at how many screens boxes were exchanged in the period.
    pub(crate) fn exchanged(&self, period: &Period, findings: &mut Findings) {
        let days = period.from.start(period.offset)..period.to.next().start(period.offset);
        let times = |all: &[Tenure]| all.iter().skip(1).filter(|tenure| days.contains(&tenure.at)).count();
        let times: Vec<usize> = self.tenures.values().map(|all| times(all)).filter(|n| *n > 0).collect();
        if times.is_empty() {
            return;
        }
        let (n, all) = (times.len(), times.iter().sum::<usize>());
        findings.remark(Check::Device, "", words!(
            "Ở {n} màn hình thiết bị phát đã được thay trong kỳ ({all} lần). Từ lúc thiết bị mới được đăng ký, lượt phát của thiết bị cũ không được tính; mỗi lần thay có thể làm lệch nhiều nhất một lượt của mỗi đợt.";
            "At {n} screens the box was replaced in the period ({all} times). From the new one's registration on what the old one plays does not count; each time can shift at most one play of each campaign."));
    }

    /// The players that ever stood at the screen, in order.
    pub(crate) fn at_screen(&self, screen: &ScreenCode) -> impl Iterator<Item = (DeviceId, Epoch)> {
        self.known.iter().filter(move |(_, p)| p.screen == *screen).map(|(key, _)| *key)
    }

    /// Does a player stand at the screen, and is one of a simulation?
    pub(crate) fn of(&self, screen: &ScreenCode) -> (bool, bool) {
        let mut here = self.known.values().filter(|p| p.screen == *screen).peekable();
        (here.peek().is_some(), here.any(|p| p.simulated))
    }
}

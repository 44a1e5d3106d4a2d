//! The logged directory of players: whose key signs for which screen, from which entry of the log on.

use crate::findings::{Findings, words};
use crate::heads::Heads;
use crate::verdict::Check;
use lichphat_playlists::ids::{DeviceId, Epoch, ScreenCode};
use lichphat_playlists::proof::bundle;
use lichphat_playlists::proof::entry::{DeviceEnd, Entry, Statement};
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
    /// Of a simulation.
    pub(crate) simulated: bool,
}

/// All players of the bundle.
#[derive(Default)]
pub(crate) struct Players {
    known: BTreeMap<(DeviceId, Epoch), Player>,
    /// What they signed of how far their records go.
    pub(crate) heads: Heads,
    revoked: BTreeMap<DeviceId, u64>,
    /// Samples that were drawn, by the first digits of their names.
    draws: Vec<String>,
}

impl Players {
    /// Reads the statements, and the heads that the reader brings himself.
    pub(crate) fn read(entries: &[(u64, &[u8])], brought: &[Vec<u8>], findings: &mut Findings) -> Self {
        let mut players = Self::default();
        for (index, bytes) in entries {
            match Entry::decode(bytes) {
                Ok(Entry::Statement(statement)) => players.add(*index, statement, findings),
                Ok(Entry::Head { envelope, .. }) => {
                    let key = |device, epoch| players.at(device, epoch, *index).map(|p| p.key);
                    let read = Heads::open(envelope, key);
                    players.heads.add((format!("entry {index}"), false), read, findings);
                }
                Ok(Entry::Segment { .. }) => findings.fault(Check::Device, &format!("entry {index}"), words!(
                    "nằm sai chỗ: đây là nhật ký phát, không phải khai báo thiết bị"; "stands in the wrong file: it is a segment")),
                Err(error) => findings.fault(Check::Device, &format!("entry {index}"), words!(
                    "không đọc được: {error}"; "cannot be read: {error}")),
            }
        }
        if !players.draws.is_empty() {
            let (n, names) = (players.draws.len(), players.draws.join(", "));
            findings.remark(Check::Log, bundle::STATEMENTS, words!(
                "Sổ ghi {n} lần rút mẫu kiểm tra tận nơi cho đợt này trong kỳ: {names}. Kết quả phải là của tất cả các lần, không chỉ lần vừa ý.";
                "The log states {n} draws of a sample of this campaign in the period: {names}. Ask for the findings of all, not of the one that was liked."));
        }
        for (i, envelope) in brought.iter().enumerate() {
            let key = |device, epoch| players.known.get(&(device, epoch)).map(|p| p.key);
            let read = Heads::open(envelope.clone(), key);
            players.heads.add((format!("--head {}", i + 1), true), read, findings);
        }
        players
    }

    fn add(&mut self, index: u64, statement: Statement, findings: &mut Findings) {
        match statement {
            Statement::Device { device, epoch, screen, key, simulated, .. } => {
                let player = Player { screen, key: *key, index, simulated };
                if self.known.insert((device, epoch), player).is_some() {
                    findings.fault(Check::Device, &format!("device {device}, epoch {epoch}"), words!(
                        "được khai báo hai lần: có thể một khóa giả đã chen vào"; "is stated twice: a forged key may have slipped in"));
                }
            }
            Statement::DeviceEnd { device, why: DeviceEnd::Revoked, .. } => {
                self.revoked.entry(device).or_insert(index);
            }
            Statement::Draw(drawn) => self.draws.push(drawn.draw.hex()[..12].to_owned()),
            Statement::DeviceEnd { .. } | Statement::Finding(_) => {}
        }
    }

    /// The player, as it was when entry `index` was made.
    pub(crate) fn at(&self, device: DeviceId, epoch: Epoch, index: u64) -> Option<&Player> {
        let player = self.known.get(&(device, epoch))?;
        let revoked = self.revoked.get(&device).is_some_and(|&end| end < index);
        (player.index < index && !revoked).then_some(player)
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

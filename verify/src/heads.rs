//! What players signed of how far their records go: who has less of them than that misses some at the end.

use crate::findings::{Findings, words};
use crate::verdict::Check;
use lichphat_playlists::ids::{DeviceId, Epoch};
use lichphat_playlists::proof::head::DeviceHead;
use lichphat_playlists::wire::sign::{Envelope, Evidence, SignError, VerifyingKey};
use std::collections::BTreeMap;

/// Why a head says nothing.
pub(crate) enum Unread {
    /// Nobody knows a key of the player it names.
    Unknown(DeviceId, Epoch),
    /// Form or signature.
    Sign(SignError),
}

/// What one player said.
pub(crate) struct Said {
    /// Where that stands.
    pub(crate) place: String,
    /// What it said.
    pub(crate) head: DeviceHead,
    /// The reader has it from the player: the bundle was made without knowing of it.
    pub(crate) brought: bool,
}

/// Heads whose signatures hold, by player.
#[derive(Default)]
pub(crate) struct Heads(BTreeMap<(DeviceId, Epoch), Vec<Said>>);

impl Heads {
    /// Opens a head with the key that the logged directory has for whom it names.
    pub(crate) fn open(
        envelope: Vec<u8>,
        key: impl FnOnce(DeviceId, Epoch) -> Option<VerifyingKey<Evidence>>,
    ) -> Result<DeviceHead, Unread> {
        let envelope = Envelope::from_bytes(envelope).map_err(Unread::Sign)?;
        let claimed = DeviceHead::claimed(&envelope).map_err(Unread::Sign)?;
        let (device, epoch) = (claimed.device, claimed.epoch);
        let key = key(device, epoch).ok_or(Unread::Unknown(device, epoch))?;
        DeviceHead::open(&envelope, &key).map_err(Unread::Sign)
    }

    /// Keeps one, or says why not.
    pub(crate) fn add(
        &mut self,
        (place, brought): (String, bool),
        read: Result<DeviceHead, Unread>,
        findings: &mut Findings,
    ) {
        match read {
            Ok(head) => self.0.entry((head.device, head.epoch)).or_default().push(Said { place, head, brought }),
            Err(Unread::Unknown(device, epoch)) => findings.fault(Check::Device, &place, words!(
                "lời xác nhận của thiết bị {device}, đời {epoch}, mà gói không có trong danh bạ: gói bỏ sót thiết bị này, hoặc lời đó của màn hình khác";
                "is the word of device {device}, epoch {epoch}, which is not in the bundle's directory: it was left out, or stands at another screen")),
            Err(Unread::Sign(error)) => findings.fault(Check::Signature, &place, words!(
                "lời xác nhận của thiết bị không đúng chữ ký hoặc dạng"; "signature or form of a player's word does not hold: {error}")),
        }
    }

    /// What a player said.
    pub(crate) fn of(&self, player: (DeviceId, Epoch)) -> &[Said] {
        self.0.get(&player).map_or(&[], Vec::as_slice)
    }
}

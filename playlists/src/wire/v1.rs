//! Version 1 of the playlist document: what one screen plays on one day.
//!
//! Two objects travel. The **asset table** lists what may be played; it changes rarely and has
//! its own ETag. The **playlist** says when: columns of start seconds and indexes into the table
//! it names by hash. Both are JSON; the playlist goes inside a signed [`Envelope`], so signing it
//! signs the table too. Play ids derive from the slot: `(screen, day, plan_version, index)`.

use super::sign::{Envelope, PlanSigning, SignError, SigningKey, VerifyingKey};
use crate::ids::{
    CampaignCode, DeviceId, Epoch, PermitHash, PlaceHash, PlanHash, PlanVersion, ScreenCode, Seq, Sha256Hash,
};
use crate::media::{Fades, Media};
use crate::proof::record::DisplayLevel;
use crate::time::{DAY_S, IntervalSet, LocalDay, UtcMillis, UtcOffset};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most bytes a playlist or an asset table may unpack to.
pub const LIMIT_BYTES: usize = 4 << 20;
/// Seconds from when a new version is made to its first new slot: time for devices to fetch it. What stands before that on a day
/// that has begun is of the version before.
pub const LEAD_S: u32 = 60;

/// Why something is on the screen: orders stand above contracts, contracts above the local loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// A fixed event of the unit: an anthem, a notice at its own second.
    Fixed,
    /// A directive of an authority.
    Order,
    /// An operator's paid contract.
    Contract,
    /// The screen's own content.
    Local,
    /// The safe loop: shown when nothing else can be.
    Fallback,
}

/// One thing that may be played.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Campaign, or the local item's own code.
    pub code: CampaignCode,
    /// Which version of the product: language, shape. Empty when there is only one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// Rank.
    pub tier: Tier,
    /// The bytes and their booked length.
    pub media: Media,
    /// Loudness, 0 to 100.
    pub volume_percent: u8,
    /// How the sound comes and goes.
    #[serde(default, skip_serializing_if = "Fades::is_none")]
    pub fades: Fades,
    /// The [`Permit`](super::permit::Permit) it rests on; none for what is [built in](crate::stand_in).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<PermitHash>,
}

/// What may be played; sorted and without doubles, so that equal content has equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetTable {
    /// The things, in order; playlists point at them by index.
    pub assets: Vec<Asset>,
}

impl AssetTable {
    /// JSON bytes and their hash.
    pub fn encode(&self) -> (Vec<u8>, Sha256Hash) {
        let bytes = serde_json::to_vec(self).expect("plain data always encodes");
        let hash = Sha256Hash::of(&bytes);
        (bytes, hash)
    }
    /// Parses what [`AssetTable::encode`] wrote, checking the hash.
    pub fn decode(bytes: &[u8], hash: Sha256Hash) -> Result<Self, WireError> {
        if bytes.len() > LIMIT_BYTES {
            return Err(WireError::TooLarge { size_bytes: bytes.len() });
        }
        if Sha256Hash::of(bytes) != hash {
            return Err(WireError::AssetHash { expected: hash });
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// One planned play: asset `item` from second `start_s` of the local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Second of the local day.
    pub start_s: u32,
    /// Index into the asset table.
    pub item: u16,
}

/// What a quota campaign asks of this screen on this day; what a device needs to make good its
/// own misses without the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The campaign.
    pub campaign: CampaignCode,
    /// Seconds of the day in which a play counts toward the quota.
    pub windows: IntervalSet,
    /// Least seconds from one counted start to the next.
    pub min_gap_s: u32,
    /// Least display level that counts.
    pub min_display: DisplayLevel,
    /// Most plays of this campaign on this day, make-goods included.
    pub daily_cap: u32,
    /// Last day on which a miss of this period may be made good.
    pub make_good_until: LocalDay,
    /// 1 (highest) to 3.
    pub priority: u8,
}

/// How far the plan's maker knew the device's records: everything up to `seq` is in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LedgerThrough {
    /// The device.
    pub device: DeviceId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Last record seen.
    pub seq: Seq,
}

/// What one screen plays on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playlist {
    /// Always [`Schema::V1`].
    pub schema: Schema,
    /// The screen.
    pub screen: ScreenCode,
    /// The local day.
    pub day: LocalDay,
    /// Offset of local time from UTC, minutes.
    pub offset_min: UtcOffset,
    /// Version of this (screen, day); a device never goes back to a lower one.
    pub version: PlanVersion,
    /// Why this version was made, for people: `first plan`, `duty changed`.
    pub cause: String,
    /// When it was made.
    pub made_ms: UtcMillis,
    /// Records the maker knew of; none before the first.
    pub ledger_through: Option<LedgerThrough>,
    /// Hash of the asset table.
    pub assets: Sha256Hash,
    /// The [`Place`](super::permit::Place) of the screen that permits were held against.
    pub place: PlaceHash,
    /// Seconds in which the screen should be on.
    pub duty: IntervalSet,
    /// Quota campaigns of the day.
    pub terms: Vec<Terms>,
    /// Orders and contracts that ask for plays on this day and of which nobody had approved anything for this screen and
    /// day when the plan was made: the plays asked for. A player has no use for it; whoever asks later why nothing was
    /// shown reads it here, and needs no word on what was approved when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_approved: BTreeMap<CampaignCode, u32>,
    /// Asset of the safe loop.
    pub fallback: u16,
    /// Planned plays, by start.
    #[serde(with = "columns")]
    pub slots: Vec<Slot>,
}

/// Which form a document has; a reader that does not know it refuses the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// This one.
    #[serde(rename = "lichphat-playlist/1")]
    V1,
}

/// Starts as differences, then items: equal steps compress to nothing.
mod columns {
    use super::Slot;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Columns {
        start_delta_s: Vec<u32>,
        item: Vec<u16>,
    }

    pub(super) fn serialize<S: Serializer>(slots: &[Slot], serializer: S) -> Result<S::Ok, S::Error> {
        let mut last_s = 0;
        let start_delta_s = slots.iter().map(|s| s.start_s - std::mem::replace(&mut last_s, s.start_s)).collect();
        Columns { start_delta_s, item: slots.iter().map(|s| s.item).collect() }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Slot>, D::Error> {
        let columns = Columns::deserialize(deserializer)?;
        if columns.start_delta_s.len() != columns.item.len() {
            return Err(serde::de::Error::custom("slots: start_delta_s and item have different lengths"));
        }
        let mut start_s = 0u32;
        columns
            .start_delta_s
            .into_iter()
            .zip(columns.item)
            .map(|(delta, item)| {
                start_s =
                    start_s.checked_add(delta).ok_or_else(|| serde::de::Error::custom("slots: start overflows"))?;
                Ok(Slot { start_s, item })
            })
            .collect()
    }
}

/// Why a playlist or an asset table is refused. The screen goes on with what it has.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The envelope or its signature.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Not the JSON this version writes.
    #[error("not a version 1 document: {0}")]
    Json(#[from] serde_json::Error),
    /// More bytes than any honest document has.
    #[error("the document has {size_bytes} bytes; the limit is {LIMIT_BYTES}")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// The asset table is not the one the playlist names.
    #[error("the asset table does not match its hash {expected}")]
    AssetHash {
        /// The hash it was asked for by.
        expected: Sha256Hash,
    },
    /// A slot that cannot be played.
    #[error("slot {index} at second {start_s}: {problem}")]
    Slot {
        /// Index of the slot.
        index: usize,
        /// Its start.
        start_s: u32,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Playlist {
    /// Signed bytes; their hash is the plan's name.
    pub fn seal(&self, key: &SigningKey<PlanSigning>) -> Envelope {
        let json = serde_json::to_vec(self).expect("plain data always encodes");
        // a higher level takes twice the time for a tenth less
        Envelope::seal(&json, 3, key)
    }

    /// Checks signature and form.
    pub fn open(envelope: &Envelope, key: &VerifyingKey<PlanSigning>) -> Result<Self, WireError> {
        Ok(serde_json::from_slice(&envelope.open(key, LIMIT_BYTES)?)?)
    }

    /// Checks the slots against the table the playlist names: in range, in order, none overlapping, none past midnight.
    pub fn check(&self, table: &AssetTable) -> Result<(), WireError> {
        let mut end_s = 0;
        for (index, slot) in self.slots.iter().enumerate() {
            let error = |problem| WireError::Slot { index, start_s: slot.start_s, problem };
            let asset = table.assets.get(usize::from(slot.item)).ok_or_else(|| error("names no asset"))?;
            if slot.start_s < end_s {
                return Err(error("starts before the one before it ends"));
            }
            end_s = slot.start_s.saturating_add(asset.media.duration_s);
            if asset.media.duration_s == 0 || end_s > DAY_S {
                return Err(error("is empty or passes midnight"));
            }
        }
        if usize::from(self.fallback) >= table.assets.len() {
            return Err(WireError::Slot { index: 0, start_s: 0, problem: "the safe loop names no asset" });
        }
        Ok(())
    }

    /// The terms of a campaign, when it has a quota on this day.
    pub fn terms_of(&self, campaign: &CampaignCode) -> Option<&Terms> {
        self.terms.iter().find(|t| &t.campaign == campaign)
    }
}

/// Which documents a screen should hold, as the device polls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaylistIndex {
    /// The newest [`Withdrawals`](super::permit::Withdrawals), by name; none while nothing was taken back.
    pub withdrawals: Option<Sha256Hash>,
    /// The newest version of each day of the horizon, by day.
    pub days: Vec<IndexEntry>,
}

/// One day of the index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexEntry {
    /// The local day.
    pub day: LocalDay,
    /// Its newest version.
    pub version: PlanVersion,
    /// The document to fetch.
    pub plan: PlanHash,
    /// The asset table it names.
    pub assets: Sha256Hash,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::MediaKind;
    use crate::time::HANOI;

    fn asset(code: &str, duration_s: u32) -> Asset {
        Asset {
            code: CampaignCode::new(code).unwrap(),
            variant: "vi".into(),
            tier: Tier::Order,
            media: Media { hash: Sha256Hash::of(code.as_bytes()), size_bytes: 1, kind: MediaKind::Video, duration_s },
            volume_percent: 80,
            fades: Fades::default(),
            permit: None,
        }
    }

    fn table() -> AssetTable {
        AssetTable { assets: vec![asset("ihanoi", 15), asset("loop-1", 8), asset("loop-2", 10)] }
    }

    fn playlist(slots: Vec<Slot>) -> Playlist {
        Playlist {
            schema: Schema::V1,
            screen: ScreenCode::new("P00004-01").unwrap(),
            day: "2026-11-20".parse().unwrap(),
            offset_min: HANOI,
            version: PlanVersion(1),
            cause: "first plan".into(),
            made_ms: UtcMillis(1_763_000_000_000),
            ledger_through: None,
            not_approved: Default::default(),
            assets: table().encode().1,
            place: PlaceHash::of(b"place"),
            duty: IntervalSet::parse("08:00-12:00;13:00-17:00").unwrap(),
            terms: vec![],
            fallback: 2,
            slots,
        }
    }

    #[test]
    fn a_day_of_three_thousand_plays_is_a_few_kilobytes_and_reads_back() {
        let mut start_s = 28_800;
        let slots: Vec<_> = (0..3_000u32)
            .map(|i| {
                let item = (i * i % 7 % 3) as u16;
                let slot = Slot { start_s, item };
                start_s += table().assets[usize::from(item)].media.duration_s;
                slot
            })
            .collect();
        let key = SigningKey::from_seed(&[1; 32]);
        let sealed = playlist(slots.clone()).seal(&key);
        assert!(sealed.as_bytes().len() < 6_000, "{} bytes", sealed.as_bytes().len());
        let read = Playlist::open(&sealed, &key.verifying_key()).unwrap();
        assert_eq!(read.slots, slots);
        read.check(&table()).unwrap();
        let other = SigningKey::<PlanSigning>::from_seed(&[2; 32]).verifying_key();
        assert!(matches!(Playlist::open(&sealed, &other), Err(WireError::Sign(SignError::BadSignature))));
    }

    #[test]
    fn slots_that_cannot_be_played_are_refused_by_name() {
        let at = |start_s, item| Slot { start_s, item };
        for (slots, word) in [
            (vec![at(100, 0), at(110, 1)], "before"),
            (vec![at(86_390, 0)], "midnight"),
            (vec![at(100, 9)], "no asset"),
        ] {
            let error = playlist(slots).check(&table()).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn the_document_is_readable_json() {
        let json = serde_json::to_string_pretty(&playlist(vec![
            Slot { start_s: 28_800, item: 0 },
            Slot { start_s: 28_815, item: 1 },
        ]))
        .unwrap();
        insta::assert_snapshot!(json);
        let unknown = json.replacen("\"cause\"", "\"couse\"", 1);
        assert!(serde_json::from_str::<Playlist>(&unknown).unwrap_err().to_string().contains("couse"));
    }
}

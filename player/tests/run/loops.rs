//! What the player is given to play, and what its records must never say.

use crate::support::{self, FakeServer};
use lichphat_playlists::ids::{CampaignCode, PlanVersion, Seq, Sha256Hash};
use lichphat_playlists::media::{Fades, Media, MediaKind};
use lichphat_playlists::proof::record::{Origin, PlayRecord};
use lichphat_playlists::time::{DAY_S, HANOI, IntervalSet, LocalDay, UtcMillis};
use lichphat_playlists::wire::v1::{Asset, AssetTable, Playlist, Slot, Tier};
use std::path::Path;

pub(crate) const VIDEO: u16 = 0;
pub(crate) const STILL: u16 = 1;
pub(crate) const SAFE: u16 = 2;

pub(crate) fn now() -> UtcMillis {
    UtcMillis(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64)
}

pub(crate) fn table(server: &FakeServer) -> AssetTable {
    let video = ("ve-sinh-moi-truong.mp4", MediaKind::Video, 2);
    table_of(server, [video, ("mot-cua.png", MediaKind::Still, 1), ("safe-loop.png", MediaKind::Still, 1)])
}

/// An order, an item of the loop and the safe loop: sample file, kind and seconds of each.
pub(crate) fn table_of(server: &FakeServer, files: [(&str, MediaKind, u32); 3]) -> AssetTable {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/sample/media");
    let items = files.map(|(file, kind, duration_s)| (std::fs::read(dir.join(file)).unwrap(), kind, duration_s));
    keep_table(server, items)
}

/// Puts an order, an item of the loop and the safe loop on the server: bytes, kind and seconds of each.
pub(crate) fn keep_table(server: &FakeServer, items: [(Vec<u8>, MediaKind, u32); 3]) -> AssetTable {
    let names = [("clean-up", Tier::Order), ("one-stop", Tier::Local), ("safe", Tier::Fallback)];
    let asset = |((code, tier), (bytes, kind, duration_s)): ((&str, Tier), (Vec<u8>, MediaKind, u32))| {
        let (hash, size_bytes) = (Sha256Hash::of(&bytes), bytes.len() as u64);
        server.lock().media.insert(hash, bytes);
        Asset {
            code: CampaignCode::new(code).unwrap(),
            variant: String::new(),
            tier,
            media: Media { hash, size_bytes, kind, duration_s },
            volume_percent: 50,
            fades: Fades::default(),
            permit: None,
        }
    };
    let mut table = AssetTable { assets: names.into_iter().zip(items).map(asset).collect() };
    support::approve(&mut table);
    let (bytes, hash) = table.encode();
    server.lock().assets.insert(hash, bytes);
    table
}

/// A loop of video and still from `from_s` on, for five minutes or to the end of the day.
pub(crate) fn publish(server: &FakeServer, table: &AssetTable, day: LocalDay, from_s: u32, version: u32) -> Sha256Hash {
    let end_s = (from_s + 300).min(DAY_S);
    let mut slots = Vec::new();
    let mut start_s = from_s;
    for item in [VIDEO, STILL].into_iter().cycle() {
        let length_s = table.assets[usize::from(item)].media.duration_s;
        if start_s + length_s > end_s {
            break;
        }
        slots.push(Slot { start_s, item });
        start_s += length_s;
    }
    let parts = support::playlist(day, "00:00-24:00", &[]);
    server.publish(&Playlist {
        version: PlanVersion(version),
        assets: table.encode().1,
        terms: vec![],
        fallback: SAFE,
        duty: IntervalSet::one(from_s, end_s),
        slots,
        ..parts
    })
}

pub(crate) fn publish_now(server: &FakeServer, table: &AssetTable, version: u32) -> Vec<Sha256Hash> {
    let (day, of_day_ms) = now().local(HANOI);
    let today = publish(server, table, day, of_day_ms / 1000, version);
    // When midnight is near the loop goes on in the next day.
    let tomorrow = (of_day_ms / 1000 + 300 > DAY_S).then(|| publish(server, table, day.next(), 0, version));
    std::iter::once(today).chain(tomorrow).collect()
}

pub(crate) fn check_chain(records: &[(Seq, PlayRecord)]) {
    assert!(records.iter().enumerate().all(|(i, (seq, _))| seq.0 == i as u64 + 1), "no holes");
    let shown: Vec<&PlayRecord> = records.iter().map(|(_, r)| r).filter(|r| r.result.was_shown()).collect();
    for pair in shown.windows(2) {
        let overlap_ms = pair[0].end.since_ms(pair[1].start);
        assert!(overlap_ms <= 100, "plays overlap by {overlap_ms} ms");
    }
    let mut slots: Vec<_> = shown
        .iter()
        .filter_map(|r| match r.origin {
            Origin::Planned { slot } => Some((r.plan, slot)),
            _ => None,
        })
        .collect();
    let all = slots.len();
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), all, "no slot twice");
}

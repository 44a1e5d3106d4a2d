//! One play as it leaves: everything its record says, and how it stands. One list of columns serves every full form.

use crate::library::MediaItem;
use crate::proof::evidence::{Judged, ScreenRecords};
use lichphat_playlists::ids::{MediaHash, ScreenCode};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::count::Standing;
use lichphat_playlists::proof::record::{DisplayLevel, Origin, PlayResult};
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::v1::{Asset, Tier};
use std::collections::BTreeMap;

/// What stands around a record: the screen it was played on and the plan it names.
#[derive(Debug, Clone, Copy)]
pub struct Play<'a> {
    /// The record and how it stands.
    pub judged: &'a Judged,
    /// The screen.
    pub screen: &'a ScreenCode,
    /// What people call it; its code when the directory no longer has it.
    pub screen_name: &'a str,
    /// What was played, when the plan is held.
    pub asset: Option<&'a Asset>,
    /// The file's name in the library, as long as it is there.
    pub media_name: Option<&'a str>,
    /// Offset of local time: the plan's word, else the server's.
    pub offset: UtcOffset,
}

impl<'a> Play<'a> {
    /// A record of `screen` (code and name) beside its plan in `evidence` and its file's name in `media`.
    pub fn new(
        judged: &'a Judged,
        (screen, screen_name): (&'a ScreenCode, &'a str),
        evidence: &'a ScreenRecords,
        media: &'a BTreeMap<MediaHash, MediaItem>,
        offset: UtcOffset,
    ) -> Self {
        let plan = evidence.plans.get(&judged.record.plan);
        let asset = plan.and_then(|p| p.assets.assets.get(usize::from(judged.record.item)));
        Self {
            judged,
            screen,
            screen_name,
            asset,
            media_name: asset.and_then(|a| media.get(&a.media.hash)).map(|m| m.name.as_str()),
            offset: plan.map_or(offset, |p| p.playlist.offset_min),
        }
    }

    /// The play's own name, forever: `device/epoch/seq`.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.judged.device, self.judged.epoch, self.judged.seq)
    }

    /// Milliseconds from its first frame to its last; 0 when it ends before it starts.
    pub fn length_ms(&self) -> i64 {
        self.judged.record.end.since_ms(self.judged.record.start).max(0)
    }
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Words and codes.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Yes or no.
    Flag(bool),
    /// An instant.
    Instant(UtcMillis),
}

/// What every cell of a column holds, when it holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Value::Text`].
    Text,
    /// [`Value::Whole`].
    Whole,
    /// [`Value::Flag`].
    Flag,
    /// [`Value::Instant`]: RFC 3339 with offset in CSV, UTC milliseconds in Parquet.
    Instant,
}

/// One column of the full forms.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its header.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Its value of a play; none where there is nothing to say.
    pub get: fn(&Play<'_>) -> Option<Value>,
}

fn text(value: &impl ToString) -> Option<Value> {
    Some(Value::Text(value.to_string()))
}
fn whole(value: impl Into<i64>) -> Option<Value> {
    Some(Value::Whole(value.into()))
}
/// Counters are far below 2^63.
fn large(value: u64) -> Option<Value> {
    Some(Value::Whole(i64::try_from(value).unwrap_or(i64::MAX)))
}

macro_rules! columns {
    ($($name:literal $kind:ident $get:expr;)*) => {
        /// The columns of CSV and Parquet, in order.
        pub const COLUMNS: &[Column] = &[$(Column { name: $name, kind: Kind::$kind, get: $get }),*];
    };
}
columns! {
    "id" Text |p| text(&p.id());
    "device" Whole |p| whole(p.judged.device.0);
    "epoch" Whole |p| whole(p.judged.epoch.0);
    "seq" Whole |p| large(p.judged.seq.0);
    "screen" Text |p| text(&p.screen);
    "screen_name" Text |p| text(&p.screen_name);
    "campaign" Text |p| text(&p.judged.campaign);
    "day" Text |p| text(&p.judged.day);
    "start" Instant |p| Some(Value::Instant(p.judged.record.start));
    "end" Instant |p| Some(Value::Instant(p.judged.record.end));
    "offset_min" Whole |p| whole(p.offset.0);
    "booked_ms" Whole |p| p.asset.and_then(|a| whole(i64::from(a.media.duration_s) * 1000));
    "media" Text |p| p.asset.and_then(|a| text(&a.media.hash));
    "media_name" Text |p| p.media_name.and_then(|said| text(&said));
    "variant" Text |p| p.asset.and_then(|a| text(&a.variant));
    "tier" Text |p| p.asset.and_then(|a| text(&tier(a.tier)));
    "origin" Text |p| text(&origin(p.judged.record.origin));
    "plan" Text |p| text(&p.judged.record.plan);
    "slot" Whole |p| match p.judged.record.origin { Origin::Planned { slot } => whole(slot), _ => None };
    "missed_plan" Text |p| missed(p).and_then(|(plan, _)| text(&plan));
    "missed_slot" Whole |p| missed(p).and_then(|(_, slot)| whole(slot));
    "result" Text |p| text(&result(p.judged.record.result).0);
    "cause" Text |p| result(p.judged.record.result).1.and_then(|said| text(&said));
    "display" Text |p| text(&display(p.judged.record.display));
    "area_percent" Whole |p| whole(p.judged.record.area_percent);
    "frames_rendered" Whole |p| whole(p.judged.record.frames_rendered);
    "frames_dropped" Whole |p| whole(p.judged.record.frames_dropped);
    "clock" Text |p| text(&clock(p.judged.record.clock));
    "clock_error_ms" Whole |p| whole(p.judged.record.clock_error_ms);
    "mono_start_ms" Whole |p| large(p.judged.record.mono_start_ms);
    "boot" Whole |p| whole(p.judged.record.boot.0);
    "received" Instant |p| Some(Value::Instant(p.judged.received));
    "simulated" Flag |p| Some(Value::Flag(p.judged.simulated));
    "standing" Text |p| text(&standing(p.judged.standing));
    "within" Flag |p| counted(p).map(|(within, _)| Value::Flag(within));
    "late" Flag |p| counted(p).map(|(_, late)| Value::Flag(late));
    "reason" Text |p| reason(p.judged.standing).and_then(|said| text(&said));
}

fn counted(play: &Play<'_>) -> Option<(bool, bool)> {
    if let Standing::Counted { within, late } = play.judged.standing { Some((within, late)) } else { None }
}

fn missed(play: &Play<'_>) -> Option<(MediaHash, u32)> {
    match play.judged.record.origin {
        Origin::MakeGood { missed_plan, missed_slot } => Some((missed_plan, missed_slot)),
        _ => None,
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Counted { .. } => "counted",
        Standing::NotCounted(_) => "not-counted",
        Standing::Unknown(_) => "unknown",
    }
}

fn reason(standing: Standing) -> Option<String> {
    match standing {
        Standing::Counted { .. } => None,
        Standing::NotCounted(reason) => Some(reason.code()),
        Standing::Unknown(doubt) => Some(doubt.code().to_owned()),
    }
}

fn result(result: PlayResult) -> (&'static str, Option<&'static str>) {
    match result {
        PlayResult::Complete => ("complete", None),
        PlayResult::Partial(cause) => ("partial", Some(cause.code())),
        PlayResult::Failed(cause) => ("failed", Some(cause.code())),
        PlayResult::Skipped(cause) => ("skipped", Some(cause.code())),
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Planned { .. } => "planned",
        Origin::MakeGood { .. } => "make-good",
        Origin::Fallback => "fallback",
    }
}

fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Fixed => "fixed",
        Tier::Order => "order",
        Tier::Contract => "contract",
        Tier::Local => "local",
        Tier::Fallback => "fallback",
    }
}

fn display(level: DisplayLevel) -> &'static str {
    match level {
        DisplayLevel::Dark => "dark",
        DisplayLevel::D0 => "D0",
        DisplayLevel::D1 => "D1",
        DisplayLevel::D2 => "D2",
        DisplayLevel::D3 => "D3",
    }
}

fn clock(state: ClockState) -> &'static str {
    match state {
        ClockState::Synced => "synced",
        ClockState::Holdover => "holdover",
        ClockState::Unset => "unset",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use lichphat_playlists::ids::{BootId, CampaignCode, DeviceId, Epoch, Seq};
    use lichphat_playlists::proof::record::PlayRecord;
    use lichphat_playlists::time::HANOI;
    use std::sync::LazyLock;

    static SCREEN: LazyLock<ScreenCode> = LazyLock::new(|| ScreenCode::new("C-01").unwrap());

    /// A record that counts.
    pub(in super::super) fn judged(seq: u64) -> Judged {
        let start = UtcMillis(1_763_614_800_000 + seq as i64 * 1000);
        Judged {
            device: DeviceId(3),
            epoch: Epoch(1),
            seq: Seq(seq),
            simulated: false,
            received: start.plus_ms(60_000),
            log_index: 0,
            record: PlayRecord {
                origin: Origin::Planned { slot: 0 },
                boot: BootId(1),
                frames_rendered: 450,
                display: DisplayLevel::D1,
                ..PlayRecord::whole(start, start.plus_ms(15_000))
            },
            day: start.day(HANOI),
            campaign: CampaignCode::new("clean-street").unwrap(),
            standing: Standing::Counted { within: true, late: false },
        }
    }

    /// Without its plan.
    pub(in super::super) fn play(judged: &Judged) -> Play<'_> {
        Play { judged, screen: &SCREEN, screen_name: "Góc", asset: None, media_name: None, offset: HANOI }
    }
}

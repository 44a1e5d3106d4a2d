//! The box at a screen: how it is, as it last said, and what somebody should mend.

use super::page::shown;
use super::unit::ago;
use crate::fleet::DeviceState;
use crate::lang::{Lang, Values};
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::device::Heartbeat;
use lichphat_playlists::wire::health::{Health, Room};

/// What is shown of a box.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BoxView {
    /// What somebody should mend, each with its mend, worst first.
    pub(super) troubles: Vec<String>,
    /// What the player complains of, in its own words.
    pub(super) faults: Vec<String>,
    /// Labels and values; what the box did not tell is not there.
    pub(super) facts: Vec<(String, String)>,
}

/// The box as its device last said; empty when nothing was ever heard.
pub(super) fn view(lang: Lang, state: Option<&DeviceState>, now: UtcMillis, offset: UtcOffset) -> BoxView {
    let Some((at, beat)) = state.and_then(|s| s.heard.as_ref()) else { return BoxView::default() };
    let troubles = beat.health.troubles();
    let mut facts = vec![(lang.text("box-heard"), ago(lang, now, Some(*at), offset))];
    facts.extend(facts_of(lang, beat));
    BoxView {
        troubles: troubles.iter().map(|t| lang.text(&format!("trouble-{}", t.code()))).collect(),
        faults: beat.faults.iter().map(|fault| shown(fault)).collect(),
        facts,
    }
}

fn facts_of(lang: Lang, beat: &Heartbeat) -> impl Iterator<Item = (String, String)> + use<> {
    let h = &beat.health;
    let gib = |bytes: u64| format!("{} GiB", lang.decimal(bytes as f64 / f64::from(1 << 30)));
    let mib = |bytes: u64| format!("{} MiB", lang.number(bytes >> 20));
    let of = |room: Room, unit: &dyn Fn(u64) -> String| {
        let values = Values::new().word("free", unit(room.free_bytes)).word("total", unit(room.total_bytes));
        lang.say("box-room", &values)
    };
    let facts = [
        ("box-temperature", h.temperature_mc.map(|mc| format!("{} °C", lang.decimal(f64::from(mc) / 1000.0)))),
        ("box-disk", h.disk.map(|disk| of(disk, &gib))),
        ("box-memory", h.memory.map(|memory| of(memory, &mib))),
        ("box-player-memory", h.player_memory_bytes.map(mib)),
        ("box-clock", Some(clock(lang, h))),
        ("box-display", Some(display(lang, h))),
        ("box-uptime", h.uptime_s.map(|s| span(lang, s))),
        ("box-running", Some(span(lang, h.running_s))),
        ("box-data", h.data_used_bytes.map(mib)),
        ("box-unproven", h.unproven_s.map(|s| span(lang, s))),
        ("box-missing", Some(beat.media_missing).filter(|n| *n > 0).map(|n| lang.number(n.into()))),
        ("box-versions", Some(versions(h))),
    ];
    let said = facts.map(|(key, value)| value.map(|value| (lang.text(key), value)));
    said.into_iter().flatten()
}

fn clock(lang: Lang, h: &Health) -> String {
    let state = serde_json::to_value(h.clock.state).ok().and_then(|v| v.as_str().map(str::to_owned));
    let mut text = lang.term("clock", &state.unwrap_or_default());
    if let Some(off_ms) = h.clock.offset_ms {
        let ms = format!("{}{}", if off_ms < 0 { "−" } else { "+" }, lang.number(off_ms.unsigned_abs()));
        text = format!("{text}; {}", lang.say("box-clock-offset", &Values::new().word("ms", ms)));
    }
    text
}

fn display(lang: Lang, h: &Health) -> String {
    let level = serde_json::to_value(h.display.level).ok().and_then(|v| v.as_str().map(str::to_owned));
    let parts = [h.display.panel.as_deref(), h.display.connector.as_deref()];
    let mut said = vec![lang.term("level", &level.unwrap_or_default())];
    said.extend(parts.into_iter().flatten().map(shown));
    said.join(", ")
}

fn versions(h: &Health) -> String {
    let v = &h.versions;
    let kernel = v.kernel.as_deref().map(|kernel| format!("Linux {kernel}"));
    let all = [Some(v.software.clone()), v.framework.clone(), kernel];
    all.iter().flatten().map(|v| shown(v)).collect::<Vec<_>>().join(", ")
}

/// `3 ngày`, `5 giờ`, `12 phút`: the largest unit that fits.
fn span(lang: Lang, seconds: u64) -> String {
    let said = |key: &str, n: u64| lang.say(key, &Values::new().count(lang, "n", n));
    match seconds / 60 {
        minutes @ 0..60 => said("span-minutes", minutes),
        minutes @ 60..2_880 => said("span-hours", minutes / 60),
        minutes => said("span-days", minutes / 1_440),
    }
}

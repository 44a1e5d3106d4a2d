//! `lichphat device status`: how the players are, as they last said.

use super::super::{Context, output, rooms::Rooms};
use crate::error::AppError;
use crate::fleet::DeviceState;
use crate::lang::Lang;
use crate::proof::SetApart;
use crate::proof::audit::AuditStore;
use lichphat_playlists::ids::{DeviceId, ScreenCode};
use lichphat_playlists::ports::ClockState;
use lichphat_playlists::proof::record::DisplayLevel;
use lichphat_playlists::time::UtcOffset;
use lichphat_playlists::wire::health::Health;
use lichphat_playlists::wire::release::Standing;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `lichphat device status`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Args {
    /// Chỉ một màn hình (of this screen only)
    #[arg(long)]
    screen: Option<ScreenCode>,
    #[command(flatten)]
    output: output::Args,
}

/// One device; what it did not tell is empty.
#[derive(Debug, Serialize)]
struct Row {
    screen: ScreenCode,
    device: DeviceId,
    simulated: bool,
    heard: Option<String>,
    wrong: String,
    temperature_c: Option<f64>,
    disk_free_gib: Option<f64>,
    disk_total_gib: Option<f64>,
    memory_free_mib: Option<u64>,
    player_memory_mib: Option<u64>,
    clock: Option<ClockState>,
    clock_offset_ms: Option<i64>,
    display: Option<DisplayLevel>,
    connector: Option<String>,
    panel: Option<String>,
    software: Option<String>,
    framework: Option<String>,
    kernel: Option<String>,
    release: Option<String>,
    uptime_s: Option<u64>,
    data_used_mib: Option<u64>,
    /// Hours for which the oldest record that was handed in has waited for the log's proof.
    unproven_h: Option<u64>,
    /// Segments that told a second story, kept or only counted.
    forks: u64,
    faults: String,
}

const COLUMNS: [&str; 24] = [
    "screen",
    "device",
    "simulated",
    "heard",
    "wrong",
    "temperature_c",
    "disk_free_gib",
    "disk_total_gib",
    "memory_free_mib",
    "player_memory_mib",
    "clock",
    "clock_offset_ms",
    "display",
    "connector",
    "panel",
    "software",
    "framework",
    "kernel",
    "release",
    "uptime_s",
    "data_used_mib",
    "unproven_h",
    "forks",
    "faults",
];

impl Row {
    fn of(state: DeviceState, apart: Option<&SetApart>, lang: Lang, offset: UtcOffset) -> Self {
        let doubled = state.is_doubled();
        let (at, beat) = state.heard.unzip();
        let health = beat.as_ref().map(|beat| &beat.health);
        let gib = |bytes: u64| (bytes as f64 / f64::from(1 << 30) * 10.0).round() / 10.0;
        let wrong = health.map(Health::troubles).unwrap_or_default();
        let mut wrong: Vec<String> = wrong.iter().map(|t| lang.text(&format!("trouble-{}", t.code()))).collect();
        wrong.extend(apart.map(|_| lang.text("device-forked")));
        wrong.extend(doubled.then(|| lang.text("device-doubled")));
        let disk = health.and_then(|h| h.disk);
        Self {
            heard: at.map(|at| at.rfc3339(offset)),
            wrong: wrong.join(" "),
            temperature_c: health.and_then(|h| h.temperature_mc).map(|mc| f64::from(mc) / 1000.0),
            disk_free_gib: disk.map(|disk| gib(disk.free_bytes)),
            disk_total_gib: disk.map(|disk| gib(disk.total_bytes)),
            memory_free_mib: health.and_then(|h| h.memory).map(|memory| memory.free_bytes >> 20),
            player_memory_mib: health.and_then(|h| h.player_memory_bytes).map(|bytes| bytes >> 20),
            clock: health.map(|h| h.clock.state),
            clock_offset_ms: health.and_then(|h| h.clock.offset_ms),
            display: health.map(|h| h.display.level),
            connector: health.and_then(|h| h.display.connector.clone()),
            panel: health.and_then(|h| h.display.panel.clone()),
            software: health.map(|h| h.versions.software.clone()),
            framework: health.and_then(|h| h.versions.framework.clone()),
            kernel: health.and_then(|h| h.versions.kernel.clone()),
            release: beat.as_ref().and_then(|beat| beat.release.as_ref()).map(release),
            uptime_s: health.and_then(|h| h.uptime_s),
            data_used_mib: health.and_then(|h| h.data_used_bytes).map(|bytes| bytes >> 20),
            unproven_h: health.and_then(|h| h.unproven_s).map(|s| s / 3_600),
            forks: apart.map_or(0, |apart| apart.kept + apart.beyond),
            faults: beat.map(|beat| beat.faults.join("; ")).unwrap_or_default(),
            screen: state.screen,
            device: state.device,
            simulated: state.simulated,
        }
    }
}

/// `2`, `2, trial 3`, `2, back from 3 (crashed)`; 0 is what its package installed.
fn release(standing: &Standing) -> String {
    let trial = standing.trial.map(|serial| format!(", trial {serial}"));
    let failed = standing.failed.as_ref().map(|f| format!(", back from {} ({})", f.serial, f.cause));
    format!("{}{}{}", standing.serial, trial.unwrap_or_default(), failed.unwrap_or_default())
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    if let Some(code) = &args.screen {
        context.screen(&rooms.city().await?.directory, code)?;
    }
    let states = rooms.fleet.states(args.screen.as_ref()).await?;
    let apart = rooms.store.set_apart().await?;
    let apart = |device| apart.iter().find(|apart| apart.device == device);
    let row = |s: DeviceState| {
        let apart = apart(s.device);
        Row::of(s, apart, context.lang, rooms.offset)
    };
    let rows: Vec<Row> = states.into_iter().map(row).collect();
    output::rows(context.lang, args.output.format, &COLUMNS, &rows)?;
    Ok(ExitCode::SUCCESS)
}

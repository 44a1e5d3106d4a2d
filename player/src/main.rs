//! The agent on a screen: thin main.

use clap::{Parser, Subcommand};
use lichphat_player::agent::run::Ended;
use lichphat_player::doctor::{self, DoctorArgs, Format, Health};
use lichphat_player::log::LogRing;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

/// Exit code of a run that somebody asked to begin anew (sysexits.h: EX_TEMPFAIL); the systemd unit names it.
const TO_RESTART: u8 = 75;

/// lichphat's agent on a screen
#[derive(Debug, Parser)]
#[command(name = "lichphat-player", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a local list without a server, and record what was shown
    Play(lichphat_player::local::PlayArgs),
    /// Run the screen: fetch signed playlists, play them, report what was shown
    Run(lichphat_player::agent::run::RunArgs),
    /// Register this device with its scheduler, once
    Provision(lichphat_player::agent::run::ProvisionArgs),
    /// Print by what a list of boxes names this one: SHA-256 of its public key
    Key(lichphat_player::agent::run::KeyArgs),
    /// Believe another log from now on: the scheduler's operator began a new one, and gave you its key
    TrustLog(lichphat_player::agent::run::TrustLogArgs),
    /// Say what is wrong with this box, and how to mend it
    Doctor(lichphat_player::doctor::DoctorArgs),
    /// Write the device's own signed word on how far its records go, for an auditor
    Head(lichphat_player::agent::run::HeadArgs),
    /// Say as JSON what a media file is
    Probe {
        /// The file
        file: PathBuf,
    },
    /// Write a small picture of a media file to standard output, as JPEG
    Picture {
        /// The file
        file: PathBuf,
        /// Its longest side, pixels
        #[arg(long, default_value_t = 480, value_parser = clap::value_parser!(u32).range(16..=1920))]
        most_px: u32,
    },
    /// Write the first whole seconds of a film to standard output, a file, as MP4 that every screen plays
    Render {
        /// The file
        file: PathBuf,
        /// So many seconds of it
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=600))]
        whole_s: u32,
    },
}

/// Keeps the C heap of GStreamer's threads small: two arenas instead of eight per core, frames from the kernel
/// and back to it. Without it the player grows to twice the size.
#[allow(unsafe_code, reason = "mallopt has no safe door")]
fn tame_the_heap() {
    // SAFETY: called first thing in main, before any other thread exists; the values are in range.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 256 * 1024);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 512 * 1024);
    }
}

/// The log: to standard error as `LICHPHAT_LOG` says, and its last lines into memory.
fn begin_log() -> LogRing {
    let (ring, filter) = (LogRing::default(), EnvFilter::try_from_env("LICHPHAT_LOG"));
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let outside = fmt::layer().with_ansi(colours).with_writer(std::io::stderr);
    let inside = fmt::layer().with_ansi(false).with_writer(ring.clone());
    tracing_subscriber::registry()
        .with(outside.with_filter(filter.unwrap_or_else(|_| EnvFilter::new("error"))))
        .with(inside.with_filter(EnvFilter::new("warn,lichphat_player=info")))
        .init();
    ring
}

fn main() -> ExitCode {
    tame_the_heap();
    let log = begin_log();
    let code = command(Cli::parse().command, &log);
    lichphat_player::stage::gst::settle(Duration::from_secs(2));
    code
}

fn command(command: Command, log: &LogRing) -> ExitCode {
    match command {
        Command::Play(args) => match lichphat_player::local::play(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => fail(&e, e.exit_code()),
        },
        Command::Run(args) => match lichphat_player::agent::run::run(&args, log) {
            Ok(Ended::Stopped) => ExitCode::SUCCESS,
            Ok(Ended::ToRestart) => ExitCode::from(TO_RESTART),
            Err(e) => fail(&e, e.exit_code()),
        },
        Command::Provision(args) => match lichphat_player::agent::run::register_device(&args) {
            Ok(identity) => {
                eprintln!("lichphat-player: screen {} is device {}", identity.screen, identity.device);
                ExitCode::SUCCESS
            }
            Err(e) => fail(&e, e.exit_code()),
        },
        Command::Head(args) => match lichphat_player::agent::run::write_head(&args) {
            Ok(head) => print(&head),
            Err(e) => fail(&e, e.exit_code()),
        },
        Command::Key(args) => match lichphat_player::agent::run::fingerprint(&args) {
            Ok(fingerprint) => {
                let written = writeln!(std::io::stdout(), "{fingerprint}");
                written.map_or_else(|e| fail(&e, 1), |()| ExitCode::SUCCESS)
            }
            Err(e) => fail(&e, e.exit_code()),
        },
        Command::TrustLog(args) => match lichphat_player::agent::run::trust_log(&args) {
            Ok(()) => {
                eprintln!("lichphat-player: the scheduler's log is {}; start the player again", args.key);
                ExitCode::SUCCESS
            }
            Err(e) => fail(&e, e.exit_code()),
        },
        Command::Doctor(args) => doctor(&args),
        Command::Probe { file } => match lichphat_player::probe::alone(&file) {
            Ok(probe) => print(&probe),
            Err(e) => fail(&e, 1),
        },
        Command::Render { file, whole_s } => match lichphat_player::render::alone(&file, whole_s) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => fail(&e, 1),
        },
        Command::Picture { file, most_px } => match lichphat_player::picture::alone(&file, most_px) {
            Ok(jpeg) => std::io::stdout().write_all(&jpeg).map_or_else(|e| fail(&e, 1), |()| ExitCode::SUCCESS),
            Err(e) => fail(&e, 1),
        },
    }
}

fn doctor(args: &DoctorArgs) -> ExitCode {
    let report = match doctor::examine(args) {
        Ok(report) => report,
        Err(e) => return fail(&e, 2),
    };
    let written = match args.format {
        Format::Json => print(&report),
        Format::Text => {
            let written = std::io::stdout().write_all(report.text(args.lang).as_bytes());
            written.map_or_else(|e| fail(&e, 1), |()| ExitCode::SUCCESS)
        }
    };
    if report.health == Health::Fault { ExitCode::from(1) } else { written }
}

fn print(value: &impl serde::Serialize) -> ExitCode {
    let written = serde_json::to_string(value)
        .map_err(std::io::Error::other)
        .and_then(|text| writeln!(std::io::stdout(), "{text}"));
    written.map_or_else(|e| fail(&e, 1), |()| ExitCode::SUCCESS)
}

fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("lichphat-player: {error}");
    ExitCode::from(code)
}

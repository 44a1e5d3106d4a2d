//! `lichphat release`: versions of the player. `key` and `sign` are for its makers, on a machine that is no scheduler; `add`,
//! `stage`, `stop` and `list` are for who runs the fleet.

use super::{Context, output, rooms::Rooms};
use crate::clock::SystemRng;
use crate::error::AppError;
use crate::fleet::release::{Staged, Tally};
use crate::keys::{load_key_file, make_key_file};
use lichphat_playlists::ids::Sha256Hash;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::release::Release;
use lichphat_playlists::wire::sign::{Envelope, Releasing, VerifyingKey};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Tạo khoá ký phiên bản, giữ ngoài máy chủ (make the key that signs versions; keep it off the server)
    Key {
        /// Tệp khoá (file to write, readable by its owner only)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Ký một phiên bản (sign a version; needs no server)
    Sign(Sign),
    /// Nhận một phiên bản đã ký, đưa tới 1 % thiết bị (take a signed version in; it goes to 1 % of the fleet)
    Add {
        /// Tệp đã ký (signed file of `release sign`)
        #[arg(value_name = "FILE")]
        manifest: PathBuf,
        /// Chương trình (the program it speaks of)
        #[arg(long, value_name = "FILE")]
        program: PathBuf,
        /// Khoá công khai, như trong player.toml (public key as in player.toml)
        #[arg(long, value_name = "BASE64")]
        key: String,
    },
    /// Đưa tới bao nhiêu phần nghìn thiết bị (let it go to so many thousandths of the fleet)
    Stage {
        /// Số của phiên bản (its serial)
        serial: u32,
        /// Phần nghìn (thousandths): 10, 100, 1000; muốn dừng: release stop (to end it: release stop)
        #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
        permille: u16,
    },
    /// Dừng: không thiết bị nào nhận nữa (stop: no device gets it any more)
    Stop {
        /// Số của phiên bản (its serial)
        serial: u32,
        /// Lý do (why)
        #[arg(long)]
        why: String,
    },
    /// Các phiên bản và tình trạng (versions and how they fare)
    List {
        #[command(flatten)]
        output: output::Args,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    /// Khoá của `release key` (private key)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Chương trình (the program)
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Số, luôn lớn hơn mọi số trước (serial, higher than any before)
    #[arg(long)]
    serial: u32,
    /// Tên phiên bản (its version in words), 0.2.0
    #[arg(long)]
    name: String,
    /// Kiến trúc máy (machines it runs on): x86_64, aarch64
    #[arg(long, default_value = std::env::consts::ARCH)]
    arch: String,
    /// Chỉ từ số này trở lên mới nhận được (only devices that run this serial or later)
    #[arg(long, default_value_t = 0)]
    least: u32,
    /// Nhiều nhất bao nhiêu phần nghìn thiết bị (at most so many thousandths of the fleet)
    #[arg(long, default_value_t = 1000)]
    permille: u16,
    /// Không chạy trước ngày này (not before this day, YYYY-MM-DD)
    #[arg(long, value_name = "DAY")]
    not_before: Option<lichphat_playlists::time::LocalDay>,
    /// Tệp ghi ra (file to write)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// One line of the list.
#[derive(Debug, Serialize)]
struct Row {
    serial: u32,
    version: String,
    arch: String,
    permille: u16,
    offered: usize,
    well: usize,
    failed: usize,
    silent: usize,
    stopped: String,
    added: String,
    hash: String,
}
const COLUMNS: &[&str] =
    &["serial", "version", "arch", "permille", "offered", "well", "failed", "silent", "stopped", "added", "hash"];

impl Row {
    fn of((staged, tally): (Staged, Tally), offset: UtcOffset) -> Self {
        let Tally { offered, well, failed, silent } = tally;
        let Staged { release, below, stopped, added, .. } = staged;
        Self {
            serial: release.serial,
            version: release.version,
            arch: release.arch,
            permille: below,
            offered,
            well,
            failed,
            silent,
            stopped: stopped.unwrap_or_default(),
            added: added.rfc3339(offset),
            hash: release.file.hex(),
        }
    }
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    match command {
        Command::Key { out } => {
            let key = make_key_file::<Releasing>(&out, &SystemRng)?;
            context.say(
                "Giữ tệp khoá ngoài mọi máy chủ. Ghi khoá công khai này vào [update] release_key trong player.toml của thiết bị:",
                "Keep the key file off every server. Put this public key into [update] release_key of the devices' player.toml:",
            );
            output::text(&format!("{}\n", key.verifying_key().to_base64()))?;
        }
        Command::Sign(args) => sign(&args, context)?,
        Command::Add { manifest, program, key } => add(&manifest, &program, &key, context).await?,
        Command::Stage { serial, permille } => {
            let staged = Rooms::open(context)?.fleet.stage_release(serial, permille).await?;
            say_stage(&staged, context);
        }
        Command::Stop { serial, why } => Rooms::open(context)?.fleet.stop_release(serial, &why).await?,
        Command::List { output } => {
            let rooms = Rooms::open(context)?;
            let all = rooms.fleet.releases().await?;
            let rows: Vec<Row> = all.into_iter().map(|one| Row::of(one, rooms.offset)).collect();
            output::rows(context.lang, output.format, COLUMNS, &rows)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn say_stage(staged: &Staged, context: &Context) {
    let Staged { release, below, .. } = staged;
    context.say(
        &format!("Phiên bản {} (số {}): tới {below} ‰ thiết bị.", release.version, release.serial),
        &format!("Version {} (serial {}) goes to {below} ‰ of the fleet.", release.version, release.serial),
    );
}

fn sign(args: &Sign, context: &Context) -> Result<(), AppError> {
    let key = load_key_file::<Releasing>(&args.key)?;
    let program =
        std::fs::read(&args.program).map_err(|e| AppError::io(format!("cannot read {}", args.program.display()), e))?;
    let offset = context.settings.utc_offset();
    let release = Release {
        serial: args.serial,
        version: args.name.clone(),
        arch: args.arch.clone(),
        file: Sha256Hash::of(&program),
        size_bytes: program.len() as u64,
        least: args.least,
        permille: args.permille,
        not_before_ms: args.not_before.map_or(UtcMillis(0), |day| day.start(offset)),
    };
    let sealed =
        release.seal(&key).map_err(|e| context.refused(format!("không ký được phiên bản này: {e}"), e.to_string()))?;
    let failed = |e| AppError::io(format!("cannot write {}", args.out.display()), e);
    let mut file = std::fs::File::create_new(&args.out).map_err(failed)?;
    std::io::Write::write_all(&mut file, sealed.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

async fn add(manifest: &Path, program: &Path, key: &str, context: &Context) -> Result<(), AppError> {
    let wrong = |what: &dyn std::fmt::Display| {
        let name = manifest.display();
        let vi = format!("{name}: không phải phiên bản do khoá --key ký, hoặc tệp bị hỏng ({what})");
        context.refused(vi, format!("{name}: {what}"))
    };
    let key = VerifyingKey::<Releasing>::from_base64(key)
        .map_err(|e| context.refused(format!("--key: không phải khoá công khai ({e})"), format!("--key: {e}")))?;
    let bytes = std::fs::read(manifest).map_err(|e| AppError::io(format!("cannot read {}", manifest.display()), e))?;
    let envelope = Envelope::from_bytes(bytes).map_err(|e| wrong(&e))?;
    let release = Release::open(&envelope, &key).map_err(|e| wrong(&e))?;
    let rooms = Rooms::open(context)?;
    let kept = rooms.library.keep_bytes(program).await?;
    if kept != (release.file, release.size_bytes) {
        let (name, program) = (manifest.display(), program.display());
        return Err(context.refused(
            format!("{name}: --program {program} không phải chương trình đã được ký"),
            format!("{name}: --program {program} is not the program that was signed"),
        ));
    }
    let staged = rooms.fleet.add_release(release, envelope.into_bytes()).await?;
    say_stage(&staged, context);
    Ok(())
}

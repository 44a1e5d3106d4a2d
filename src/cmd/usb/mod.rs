//! `lichphat usb`: a stick for screens that no network reaches. `export` puts on it what the device API would answer,
//! `import` takes the records that players left, exactly as if they had been sent; the form is
//! [`lichphat_playlists::wire::stick`].

mod export;
mod import;
mod stick;

pub use export::{Exported, export};
pub use import::{Imported, import};
pub use stick::Stick;

use super::{Context, output, rooms::Rooms};
use crate::error::AppError;
use crate::fleet::Device;
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::wire::proofs::ProofsAsked;
use lichphat_playlists::wire::stick as wire;
use std::path::PathBuf;
use std::process::ExitCode;

/// Most bytes of a device's question to the log.
const MAX_ASKED_BYTES: usize = 4096;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Ghi lịch và nội dung lên USB cho màn hình không có mạng (playlists and media for screens without network)
    Export {
        /// Thư mục của USB (where the stick is mounted)
        #[arg(long)]
        dir: PathBuf,
        /// Mã màn hình, có thể lặp lại (screens) [default: all that have a device]
        #[arg(long)]
        screen: Vec<ScreenCode>,
        /// Số ngày kể từ hôm nay (days from today on) [default: all that are planned]
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
        #[command(flatten)]
        output: output::Args,
    },
    /// Lấy nhật ký phát từ USB và ghi biên nhận lên đó (take the records off a stick and leave the receipts on it)
    Import {
        /// Thư mục của USB (where the stick is mounted)
        #[arg(long)]
        dir: PathBuf,
        #[command(flatten)]
        output: output::Args,
    },
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    match command {
        Command::Export { dir, screen, days, output } => {
            let rows = export(&rooms, &Stick::open(&dir)?, &screen, days).await?;
            output::rows(context.lang, output.format, export::COLUMNS, &rows)?;
            context.say("Đã ghi xong, rút USB được rồi", "Done; the stick may be pulled");
            Ok(ExitCode::SUCCESS)
        }
        Command::Import { dir, output } => {
            let rows = import(&rooms, &Stick::open(&dir)?).await?;
            output::rows(context.lang, output.format, import::COLUMNS, &rows)?;
            let all = rows.iter().all(|row| row.refused == 0 && row.waiting == 0);
            Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

/// Answers what a device asked of the log, when it left a question on the stick; of how many segments the proofs are there now.
async fn proofs(rooms: &Rooms, stick: &Stick, device: &Device) -> Result<usize, AppError> {
    let asked = stick.read(&wire::asked(&device.screen), MAX_ASKED_BYTES)?;
    let Some(asked) = asked.and_then(|json| serde_json::from_slice::<ProofsAsked>(&json).ok()) else { return Ok(0) };
    // an answer to an earlier question is worth nothing now
    let dir = wire::screen(&device.screen);
    for name in stick.list(&dir)?.iter().filter(|name| name.starts_with(wire::PROOFS)) {
        stick.remove(&format!("{dir}/{name}"))?;
    }
    let mut proven = 0;
    for (n, answer) in (0..=u16::MAX).zip(rooms.log.all_proofs(device.device, asked).await?) {
        stick.put(&wire::proofs(&device.screen, n), &answer.encode())?;
        proven += answer.segments.len();
    }
    Ok(proven)
}

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
use lichphat_playlists::ids::ScreenCode;
use std::path::PathBuf;
use std::process::ExitCode;

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
            output::rows(output.format, export::COLUMNS, &rows)?;
            context.say("Đã ghi xong, rút USB được rồi", "Done; the stick may be pulled");
            Ok(ExitCode::SUCCESS)
        }
        Command::Import { dir, output } => {
            let rows = import(&rooms, &Stick::open(&dir)?).await?;
            output::rows(output.format, import::COLUMNS, &rows)?;
            let all = rows.iter().all(|row| row.refused == 0 && row.waiting == 0);
            Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

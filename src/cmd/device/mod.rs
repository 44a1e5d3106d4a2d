//! `lichphat device`: the file an operator carries to a new player, how players are, and what is asked of them.

mod command;
mod enrol;
mod status;

use super::{Context, doors, rooms::Rooms};
use crate::error::AppError;
use crate::fleet::pairing::managed;
use crate::fleet::{FleetError, Way};
use crate::people::Caller;
use lichphat_playlists::ids::ScreenCode;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Tạo tệp cấp phép cho thiết bị mới (provisioning file for a new player, usable once, 7 days)
    Add(Add),
    /// Ghép thiết bị đang hiện mã với một màn hình (let the box that shows a code stand at a screen)
    Confirm(enrol::Confirm),
    /// Nhận nhiều thiết bị một lần, theo danh sách khoá (let many boxes in, by a list of their keys)
    Batch(enrol::Batch),
    /// Thu hồi một thiết bị: không nhận gì của nó nữa (accept nothing of a device any more)
    Revoke(enrol::Revoke),
    /// Tình trạng các thiết bị phát (how players are, as they last said)
    Status(status::Args),
    /// Yêu cầu thiết bị làm một việc và chờ kết quả (ask something of a player, and wait for its answer)
    #[command(name = "command")]
    Ask(command::Args),
    /// Những yêu cầu gần đây và kết quả (what was asked lately, and what became of it)
    Answers(command::Answers),
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// Mã màn hình (screen)
    #[arg(long)]
    screen: ScreenCode,
    /// Địa chỉ máy chủ mà thiết bị sẽ gọi (server the player will call) [default: [players] listen]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Địa chỉ nơi thiết bị đăng ký (where the player is registered) [default: --server, or [players] pairing]
    #[arg(long, value_name = "URL")]
    pairing: Option<String>,
    /// Tệp ghi ra (file to write) [default: SCREEN.provision.toml]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    match command {
        Command::Add(args) => add(args, context).await,
        Command::Confirm(args) => enrol::confirm(&args, context).await,
        Command::Batch(args) => enrol::batch(&args, context).await,
        Command::Revoke(args) => enrol::revoke(args, context).await,
        Command::Status(args) => status::run(&args, context).await,
        Command::Ask(args) => command::run(args, context).await,
        Command::Answers(args) => command::answers(&args, context).await,
    }
}

/// No player of ours stands at such a screen.
fn unmanaged(context: &Context, screen: &ScreenCode) -> AppError {
    context.refused(
        format!("--screen {screen}: màn hình này do đơn vị khác vận hành hoặc chưa có ai phát, nên không gắn thiết bị; sửa cột kind bằng `lichphat import screens`"),
        format!("--screen: {}", FleetError::NoSuchScreen(screen.clone())),
    )
}

async fn add(args: Add, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let city = rooms.city().await?;
    context.screen(&city.directory, &args.screen)?;
    if managed(&city.directory, &args.screen).is_err() {
        return Err(unmanaged(context, &args.screen));
    }
    let way = doors::way(context)?;
    let way = match args.server {
        Some(server) => Way { server, pairing: args.pairing.unwrap_or_default(), ..way },
        None => Way { pairing: args.pairing.unwrap_or(way.pairing), ..way },
    };
    let out = args.out.unwrap_or_else(|| PathBuf::from(format!("{}.provision.toml", args.screen)));
    let provisioning = rooms.fleet.provision(args.screen, (&way, &rooms.public_keys), &Caller::shell().account).await?;
    let text = toml::to_string(&provisioning).map_err(|e| AppError::Failed(format!("provisioning file: {e}")))?;
    let failed = |error| AppError::io(format!("cannot write {}", out.display()), error);
    // It holds a token: nobody else may read it, and no earlier file is overwritten.
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&out).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let path = out.display();
    context.say(
        &format!("Đã ghi {path}. Chép sang thiết bị rồi chạy: lichphat-player run --provision {path}"),
        &format!("Wrote {path}. Copy it to the player and run: lichphat-player run --provision {path}"),
    );
    Ok(ExitCode::SUCCESS)
}

//! `lichphat device confirm|batch|revoke`: boxes that show a code, many at once, and one that nothing is accepted of any more.

use super::super::{Context, doors, rooms::Rooms};
use crate::directory::table::SourceFile;
use crate::error::AppError;
use crate::fleet::FleetError;
use crate::fleet::pairing::Which;
use crate::people::Caller;
use lichphat_playlists::ids::{DeviceId, ScreenCode};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lichphat device confirm`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Confirm {
    /// Mã đang hiện trên màn hình (the code that the screen shows)
    code: String,
    /// Mã màn hình mà thiết bị sẽ phát (the screen where the box stands)
    #[arg(long)]
    screen: ScreenCode,
}

/// Arguments of `lichphat device batch`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Batch {
    /// Tệp CSV hoặc TOML: serial, sha256, screen (the list)
    file: PathBuf,
    /// Bỏ các thiết bị chưa vào khỏi danh sách (take the boxes that have not come off the list again)
    #[arg(long)]
    remove: bool,
}

/// Arguments of `lichphat device revoke`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(in crate::cmd) struct Revoke {
    /// Thiết bị đang ở màn hình này (the device at this screen)
    #[arg(long, required_unless_present = "device", conflicts_with = "device")]
    screen: Option<ScreenCode>,
    /// Số của thiết bị (a device's number)
    #[arg(long, value_name = "N")]
    device: Option<u32>,
    /// Lý do, ghi vào nhật ký (why; it goes into the log)
    #[arg(long)]
    why: String,
}

/// Lets the box that shows the code stand at a screen.
pub(super) async fn confirm(args: &Confirm, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let city = rooms.city().await?;
    let (code, screen) = (&args.code, context.screen(&city.directory, &args.screen)?);
    let confirmed = rooms.fleet.confirm(code, &args.screen, &city.directory, &Caller::shell().account).await;
    match confirmed {
        Err(FleetError::NoCode) => {
            return Err(context.refused(
                format!("{code}: không có thiết bị nào đang hiện mã này; mã có 8 ký tự, chỉ dùng trong 10 phút, hãy đọc lại trên màn hình"),
                format!("{code}: {}", FleetError::NoCode),
            ));
        }
        Err(FleetError::TooManyTries) => {
            return Err(
                context.refused("đã nhập sai quá nhiều lần; hãy đợi 10 phút", FleetError::TooManyTries.to_string())
            );
        }
        Err(FleetError::NoSuchScreen(_)) => return Err(super::unmanaged(context, &args.screen)),
        confirmed => confirmed?,
    }
    let name = &screen.name;
    context.say(
        &format!("Đã ghép thiết bị với {} ({name}). Màn hình sẽ tự phát trong ít giây.", args.screen),
        &format!("Paired with {} ({name}). It begins by itself within seconds.", args.screen),
    );
    Ok(ExitCode::SUCCESS)
}

/// Lets all boxes of a list in, when they come; or no more.
pub(super) async fn batch(args: &Batch, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let shown = args.file.display().to_string();
    let bytes = std::fs::read(&args.file).map_err(|error| AppError::io(shown.clone(), error))?;
    let file = SourceFile { name: &shown, bytes: &bytes };
    if args.remove {
        let gone = rooms.fleet.remove_list(file, &Caller::shell().account).await?;
        let gone = gone.map_err(|problems| AppError::Failed(problems.text(context.lang)))?;
        context.say(
            &format!("Đã bỏ {gone} thiết bị chưa vào khỏi danh sách. Thiết bị đã vào thì thu hồi bằng `lichphat device revoke`."),
            &format!("{gone} boxes that had not come were taken off. Those that came are revoked by `lichphat device revoke`."),
        );
        return Ok(ExitCode::SUCCESS);
    }
    let city = rooms.city().await?;
    let added = rooms.fleet.add_list(file, &city.directory, &Caller::shell().account).await?;
    let new = added.map_err(|problems| AppError::Failed(problems.text(context.lang)))?;
    let pairing = doors::way(context)?.pairing;
    context.say(
        &format!("Thêm {new} thiết bị. Khi bật lên và gọi {pairing}, chúng tự được nhận, không cần mã, trong vòng 90 ngày."),
        &format!(
            "{new} boxes were added. When they are switched on and ask at {pairing} within 90 days they are let in without a code."
        ),
    );
    Ok(ExitCode::SUCCESS)
}

/// Accepts nothing of a device any more.
pub(super) async fn revoke(args: Revoke, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let which = match (args.device, args.screen) {
        (Some(number), _) => Which::Device(DeviceId(number)),
        (None, Some(screen)) => Which::At(screen),
        (None, None) => return Err(context.refused("thiếu --screen hoặc --device", "--screen or --device is missing")),
    };
    let revoked = match rooms.fleet.revoke(which, &args.why, &Caller::shell().account).await {
        Err(FleetError::NotFound) => {
            return Err(
                context.refused("--device: không có thiết bị nào mang số này", "--device: no device has this number")
            );
        }
        Err(error @ (FleetError::NoDevice(_) | FleetError::NoReason)) => {
            return Err(context.refused(
                match error {
                    FleetError::NoReason => "--why: hãy ghi lý do, 1 đến 200 ký tự",
                    _ => "--screen: màn hình này không có thiết bị nào",
                },
                format!("--{error}"),
            ));
        }
        revoked => revoked?,
    };
    let (number, screen) = (revoked.device, revoked.screen);
    context.say(
        &format!("Đã thu hồi thiết bị {number} của màn hình {screen}: không nhận gì của nó nữa. Màn hình còn phát những gì đã tải; hãy tắt thiết bị đó."),
        &format!("Device {number} of screen {screen} is revoked: nothing of it is accepted. It may go on with what it holds; switch the box off."),
    );
    Ok(ExitCode::SUCCESS)
}

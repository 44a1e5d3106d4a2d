//! `lichphat log`: after a restored backup the log waits until somebody brings the newest checkpoint there is (`resume`). Was more
//! published than is left, it ends, and a new one begins over what is left (`restart`). How, and what people must do then: docs/log.md.

use super::rooms::{Rooms, log_name};
use super::{Context, output};
use crate::clock::SystemRng;
use crate::error::AppError;
use crate::keys::Keys;
use crate::proof::log::{DiskFiles, Ended, HELD, Log, LogError, LogFiles as _, Signs, Unwitnessed};
use lichphat_playlists::proof::checkpoint::Checkpoint;
use lichphat_playlists::proof::note::{Note, VerifierKey};
use lichphat_playlists::wire::sign::LogSigning;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Longest reason or name, letters.
const MAX_TEXT: usize = 500;

/// What there is to do.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Cho nhật ký đi tiếp sau khi khôi phục (a log that waits after a restore goes on)
    Resume {
        /// Điểm chốt mới nhất từng được công bố mà ai đó còn giữ (the newest checkpoint anybody has)
        #[arg(value_name = "CHECKPOINT")]
        newest: PathBuf,
    },
    /// Kết thúc nhật ký không thể đi tiếp, mở nhật ký mới với khoá mới (end a log that cannot go on; begin a new one)
    Restart {
        /// Vì sao (why; it goes into the log for ever)
        #[arg(long)]
        reason: String,
        /// Ai quyết định (who decided it)
        #[arg(long)]
        by: String,
    },
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    match command {
        Command::Resume { newest } => resume(&newest, context).await,
        Command::Restart { reason, by } => restart(reason, by, context).await,
    }
}

async fn resume(newest: &Path, context: &Context) -> Result<ExitCode, AppError> {
    let note = std::fs::read_to_string(newest).map_err(|error| AppError::io(newest.display().to_string(), error))?;
    let resumed = Rooms::open(context)?.log.resume(&note).await;
    let size = resumed.map_err(|error| not_resumed(error, newest))?;
    context.say(
        &format!("Nhật ký đi tiếp: điểm chốt {size} mục nằm trọn trong dữ liệu đang có. Chạy máy chủ được rồi."),
        &format!("The log goes on: the checkpoint of {size} entries is of the data that are here. The server may run."),
    );
    Ok(ExitCode::SUCCESS)
}

/// Why the log does not go on, in both languages.
fn not_resumed(error: LogError, newest: &Path) -> AppError {
    let newest = newest.display();
    let vi = match &error {
        LogError::RolledBack { published, held } => format!(
            "nhật ký đã công bố {published} mục mà dữ liệu đang có chỉ giữ {held}; hãy tìm cơ sở dữ liệu mới hơn. Nếu đã mất hẳn: \
             `lichphat log restart --reason LÝ-DO --by AI` mở nhật ký mới trên phần còn lại (docs/backup.md)"
        ),
        LogError::Foreign(name) => {
            format!("{newest}: không phải điểm chốt mà nhật ký {name} đã ký; hãy đưa tệp đúng như lúc công bố")
        }
        LogError::Rewritten(size) => format!(
            "{newest}: điểm chốt {size} mục thuộc một lịch sử khác với dữ liệu đang có; đừng xoá gì, hãy chạy `lichphat check`"
        ),
        _ => return error.into(),
    };
    AppError::failure(vi, error.to_string())
}

async fn restart(reason: String, by: String, context: &Context) -> Result<ExitCode, AppError> {
    for (field, text) in [("--reason", &reason), ("--by", &by)] {
        if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
            return Err(context.refused(
                format!("{field}: hãy viết từ 1 đến {MAX_TEXT} chữ; kiểm tra viên sẽ đọc"),
                format!("{field}: write 1 to {MAX_TEXT} letters; auditors will read it"),
            ));
        }
    }
    let ended = end(context, reason, by).await?;
    Keys::renew_log(&context.settings.data, &SystemRng)?;
    let data = &context.settings.data;
    DiskFiles::new(data).release().map_err(|error| AppError::io(data.join(HELD).display().to_string(), error))?;
    let rooms = Rooms::open(context)?;
    rooms.log.round().await?;
    say(context, ended, rooms.fleet.states(None).await?.len());
    output::text(&format!("{}\n", rooms.log.name()))?;
    Ok(ExitCode::SUCCESS)
}

/// Ends the log that is; the new one must have another name.
async fn end(context: &Context, reason: String, by: String) -> Result<Ended, AppError> {
    let data = &context.settings.data;
    let store = context.open_store()?;
    let (keys, files) = (Keys::load(data)?, Arc::new(DiskFiles::new(data)));
    let to_be = log_name(&keys, &context.settings)?;
    let old = published_name(&keys, &files)?.unwrap_or(to_be);
    if context.settings.log.origin == old.name() {
        let name = old.name();
        return Err(context.refused(
            format!("log.origin = {name}: là tên của nhật ký sắp kết thúc; đặt tên khác cho nhật ký mới, ví dụ lichphat.example/log-2"),
            format!("log.origin = {name}: is the name of the log that ends; give the new one its own, such as lichphat.example/log-2"),
        ));
    }
    let (plan, receipt, approval) =
        (keys.plan.verifying_key(), keys.receipt.verifying_key(), keys.approval.verifying_key());
    let signs = Signs { plan, receipt, approval };
    let (store, clock) = (Arc::new(store), Arc::clone(&context.clock));
    let log = Log::new(store, files, Arc::new(Unwitnessed), clock, old, keys.log, signs);
    Ok(log.end(by, reason).await?)
}

/// The name under which the key that is there has published, whatever the settings say by now.
fn published_name(keys: &Keys, files: &DiskFiles) -> Result<Option<VerifierKey<LogSigning>>, AppError> {
    let text = files.published().map_err(|error| AppError::io("log/checkpoint", error))?;
    Ok(text.and_then(|text| {
        let note = Note::parse(&text).ok()?;
        let name = VerifierKey::new(Checkpoint::parse(&note.text).ok()?.origin, keys.log.verifying_key())?;
        Checkpoint::open(&note, &name).is_ok().then_some(name)
    }))
}

fn say(context: &Context, ended: Ended, devices: usize) {
    let Ended { published, kept } = ended;
    let lost = published.saturating_sub(kept);
    context.say(
        &format!("Nhật ký cũ đã kết thúc ở {published} mục; nhật ký mới giữ lại {kept} mục, mất {lost} mục đã công bố."),
        &format!("The old log ended at {published} entries; the new one begins with {kept} of them, {lost} that were published are lost."),
    );
    context.say(
        &format!(
            "Việc cần làm: khởi động lại máy chủ; sao lưu keys/; gửi khoá công khai mới (dòng dưới) cho nhân chứng và kiểm tra viên; \
             trên từng thiết bị ({devices}) chạy `lichphat-player trust-log KHOÁ` rồi khởi động lại trình phát. Xem docs/log.md."
        ),
        &format!(
            "To do: start the server again; back keys/ up; give the new public key (the line below) to witnesses and auditors; on each \
             device ({devices}) run `lichphat-player trust-log KEY` and start the player again. See docs/log.md."
        ),
    );
}

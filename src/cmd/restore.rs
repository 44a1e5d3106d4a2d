//! `lichphat restore`: a backup becomes a data directory again, and is audited. What to do about the log: docs/backup.md.

use super::{Context, check};
use crate::backup::{Restored, choose, restore};
use crate::error::AppError;
use chrono::DateTime;
use lichphat_playlists::time::{LocalDay, UtcMillis, UtcOffset, parse_clock};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lichphat restore`; `--data` names the directory to restore into.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Bản sao lưu, hoặc thư mục chứa các bản (a backup, or the directory of backups)
    from: PathBuf,
    /// Lấy bản mới nhất không muộn hơn lúc này (the newest that is not after it) [default: the newest]
    #[arg(long, value_name = "YYYY-MM-DDThh:mm")]
    at: Option<String>,
    /// Bản sao lưu riêng của khoá, khi bản sao lưu không có khoá (the keys' own backup, where the backup has none)
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

/// What stands in the file that makes the log wait.
const HELD: &str = "The data were restored from a backup: the log waits for `lichphat log resume FILE` or `lichphat log restart` (docs/backup.md).\n";

/// `2026-11-26T02:00` in local time, or RFC 3339 with its own offset.
fn instant(text: &str, offset: UtcOffset) -> Option<UtcMillis> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(UtcMillis(at.timestamp_millis()));
    }
    let (day, clock) = text.split_once(['T', ' '])?;
    Some(day.parse::<LocalDay>().ok()?.at(parse_clock(clock).ok()?, offset))
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let (offset, data) = (context.settings.utc_offset(), context.settings.data.clone());
    let before = match &args.at {
        None => None,
        Some(text) => Some(instant(text, offset).ok_or_else(|| {
            context.refused(
                format!("--at {text}: không phải thời điểm; viết như 2026-11-26T02:00"),
                format!("--at {text}: is no moment; write it as 2026-11-26T02:00"),
            )
        })?),
    };
    let (Args { from, keys, .. }, now) = (args, context.clock.now());
    let work = tokio::task::spawn_blocking(move || {
        let backup = choose(&from, before, offset)?;
        restore(&backup, &data, keys.as_deref(), HELD, now).map(|restored| (backup, restored))
    });
    let (backup, restored) = work.await.map_err(|error| AppError::Failed(format!("restore: {error}")))??;
    let (backup, data) = (backup.display(), context.settings.data.display());
    let at = restored.manifest.at.rfc3339(offset);
    context.say(
        &format!("Đã khôi phục {backup} (lúc {at}) vào {data}; cấu hình lúc đó: {data}/server.toml."),
        &format!("Restored {backup} (of {at}) into {data}; the settings of then: {data}/server.toml."),
    );
    say_log(&restored, context);
    if !restored.keys {
        context.say(
            &format!("Chưa có khoá: chép bản sao lưu của khoá vào {data}/keys (chmod 600), rồi chạy lichphat check. Không có khoá thì máy chủ không chạy được."),
            &format!("There are no keys yet: bring their own backup to {data}/keys (chmod 600), then run lichphat check. Without keys the server does not start."),
        );
        return Ok(ExitCode::FAILURE);
    }
    check::run(check::Args::looking(), context).await
}

fn say_log(restored: &Restored, context: &Context) {
    if restored.log_waits {
        context.say(
            "Nhật ký đang chờ, để không công bố hai lịch sử khác nhau. Đưa cho nó điểm chốt mới nhất mà ai đó còn giữ (log/checkpoint trên ổ đĩa cũ, \
             của nhân chứng, của kiểm tra viên): `lichphat log resume TỆP`. Nếu đã công bố nhiều hơn bản sao lưu: `lichphat log restart`. Xem docs/backup.md.",
            "The log waits, so that it publishes no second history. Give it the newest checkpoint anybody still has (log/checkpoint on the old disk, a \
             witness's, an auditor's): `lichphat log resume FILE`. Was more published than the backup holds: `lichphat log restart`. See docs/backup.md.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lichphat_playlists::time::HANOI;

    #[test]
    fn a_moment_is_local_unless_it_says_so() {
        let two = instant("2026-11-26T02:00", HANOI).unwrap();
        assert_eq!(two.rfc3339(HANOI), "2026-11-26T02:00:00.000+07:00");
        for same in ["2026-11-26 02:00:00", "2026-11-25T19:00:00Z", "2026-11-26T02:00:00+07:00"] {
            assert_eq!(instant(same, HANOI), Some(two), "{same}");
        }
        for bad in ["", "2026-11-26", "gestern", "2026-11-26T26:00"] {
            assert_eq!(instant(bad, HANOI), None, "{bad}");
        }
    }
}

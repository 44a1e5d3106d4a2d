//! Who the box is, whether the scheduler answers it, and for how long it has plans.

use super::{Finding, Health, Said};
use crate::cache::{Cache, StdMediaFs};
use crate::clock;
use crate::identity::Identity;
use crate::identity::store::load;
use crate::journal::sqlite::{FILE_NAME, SqliteJournal};
use crate::ports::http::HttpTransport;
use crate::ports::{Request, Transport};
use crate::sync::Syncer;
use lichphat_playlists::time::{HANOI, UtcMillis};
use lichphat_playlists::wire::device::{CERTIFICATE_EXPIRED, Problem};
use lichphat_playlists::wire::health::LogFault;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the scheduler.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest words of a refusal.
const PROBLEM_BYTES: usize = 16 * 1024;
/// Clocks may differ by this much before somebody is told, ms: the answer's date has whole seconds.
const SKEW_MS: i64 = 3_000;
/// Plans for fewer days than this are worth a word: a weekend without network.
const FEW_DAYS: i64 = 3;

/// Identity, scheduler, plans.
pub(super) fn look(state: &Path) -> Vec<Finding> {
    let identity = match load(state) {
        Ok(Some(identity)) => Arc::new(identity),
        Ok(None) => {
            return vec![Finding::ill(
                "identity",
                Health::Fault,
                Said::new("thiết bị chưa được đăng ký", "this device is not registered"),
                Said::new(
                    "Trên máy chủ: lichphat device add --screen MÃ; ở đây: lichphat-player provision TỆP.",
                    "At the server: lichphat device add --screen CODE; here: lichphat-player provision FILE.",
                ),
            )];
        }
        Err(error) => {
            let said = Said::new(
                format!("không đọc được danh tính: {error}"),
                format!("the identity cannot be read: {error}"),
            );
            let mend = Said::new(
                "Chạy bằng tài khoản của trình phát; nếu tệp hỏng, đăng ký lại thiết bị.",
                "Run this as the player's own user; where the file is broken, register the device anew.",
            );
            return vec![Finding::ill("identity", Health::Fault, said, mend)];
        }
    };
    let (screen, device, server) = (&identity.screen, identity.device, &identity.server);
    let known = Finding::ok(
        "identity",
        format!("màn hình {screen}, thiết bị {device}, máy chủ {server}"),
        format!("screen {screen}, device {device}, server {server}"),
    );
    let mut findings = vec![known, scheduler(&identity)];
    findings.extend(plans(state, &identity));
    findings.extend(log(state));
    findings
}

fn scheduler(identity: &Identity) -> Finding {
    let asked = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map(|runtime| runtime.block_on(async { tokio::time::timeout(PATIENCE, ask(identity)).await }));
    let why = match asked {
        Ok(Ok(Ok(answer))) => return answer,
        Ok(Ok(Err(error))) => error,
        Ok(Err(_)) => format!("no answer in {} s", PATIENCE.as_secs()),
        Err(error) => error.to_string(),
    };
    Finding::ill(
        "server",
        Health::Warning,
        Said::new(format!("không gọi được máy chủ: {why}"), format!("the scheduler does not answer: {why}")),
        Said::new(
            "Kiểm tra cáp mạng hoặc 4G, tên máy chủ, giờ của máy. Màn hình vẫn phát theo lịch đã có.",
            "Check cable or 4G, the server's name and this clock. The screen goes on with the plans it has.",
        ),
    )
}

async fn ask(identity: &Identity) -> Result<Finding, String> {
    let transport = HttpTransport::of(identity).map_err(|e| e.to_string())?;
    let request = Request::get("/device/v1/index");
    let answer = transport.send(request).await.map_err(|e| e.to_string())?;
    let wall = clock::look().0;
    if answer.status != 200 {
        let status = answer.status;
        let body = answer.bytes(PROBLEM_BYTES).await.unwrap_or_default();
        if serde_json::from_slice::<Problem>(&body).is_ok_and(|problem| problem.kind == CERTIFICATE_EXPIRED) {
            return Ok(Finding::ill(
                "server",
                Health::Warning,
                Said::new("chứng thư của máy đã hết hạn", "this device's certificate has ended"),
                Said::new(
                    "Cứ để trình phát chạy và có mạng: nó tự xin chứng thư mới.",
                    "Let the player run with a network: it asks for a new one by itself.",
                ),
            ));
        }
        return Ok(Finding::ill(
            "server",
            Health::Fault,
            Said::new(
                format!("máy chủ từ chối thiết bị này (HTTP {status})"),
                format!("the scheduler refuses this device (HTTP {status})"),
            ),
            Said::new(
                "Nếu máy bị bỏ lâu hơn 400 ngày: xoá identity.toml rồi ghép lại, bản ghi vẫn còn. Nếu đã bị thu hồi: xoá cả thư mục dữ liệu.",
                "Left alone for more than 400 days: remove identity.toml and pair it anew, its records stay. Revoked: empty its state directory.",
            ),
        ));
    }
    let date = answer.header("date").and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok());
    let skew_ms = date.map(|date| wall.since_ms(UtcMillis(date.timestamp_millis())));
    match skew_ms.filter(|ms| ms.abs() > SKEW_MS) {
        Some(ms) => Ok(Finding::ill(
            "server",
            Health::Warning,
            Said::new(
                format!("máy chủ trả lời, nhưng giờ hai bên lệch {} giây", ms / 1000),
                format!("the scheduler answers, but the clocks are {} s apart", ms / 1000),
            ),
            Said::new("Đặt lại giờ của máy có giờ sai.", "Set the clock that is wrong."),
        )),
        None => {
            Ok(Finding::ok("server", "máy chủ trả lời, giờ hai bên khớp", "the scheduler answers, the clocks agree"))
        }
    }
}

/// What the player found when it last verified the scheduler's log.
fn log(state: &Path) -> Option<Finding> {
    let file = state.join(FILE_NAME);
    if !file.is_file() {
        return None; // it has never run
    }
    Some(match SqliteJournal::look_at_log(&file) {
        Ok((0, None)) => Finding::ok(
            "log",
            "nhật ký của máy chủ chưa được xác nhận lần nào",
            "the scheduler's log was never verified yet",
        ),
        Ok((size, None)) => Finding::ok(
            "log",
            format!("nhật ký của máy chủ khớp, {size} mục"),
            format!("the scheduler's log holds, {size} entries"),
        ),
        Ok((_, Some(fault))) => Finding::ill("log", Health::Fault, broken_log(fault), mend_log(fault)),
        Err(error) => Finding::ill(
            "log",
            Health::Fault,
            Said::new(
                format!("không đọc được nhật ký trên máy này: {error}"),
                format!("the journal cannot be read: {error}"),
            ),
            Said::new(
                "Chạy bằng tài khoản của trình phát; nếu tệp hỏng, đăng ký lại thiết bị.",
                "Run this as the player's own user; where the file is broken, register the device anew.",
            ),
        ),
    })
}

fn mend_log(fault: LogFault) -> Said {
    match fault {
        LogFault::Foreign => Said::new(
            "Không xoá gì ở đây: máy giữ mọi bản ghi. Hỏi người quản trị máy chủ: nếu họ đã mở nhật ký mới, chạy lichphat-player trust-log \
             KHOÁ với khoá họ đưa tận tay, rồi khởi động lại trình phát; nếu không, báo người kiểm tra.",
            "Delete nothing here: every record is kept. Ask who runs the scheduler: if they began a new log, run lichphat-player trust-log \
             KEY with the key they hand you, and start the player again; if not, tell the auditors.",
        ),
        _ => Said::new(
            "Không xoá gì ở đây: máy giữ mọi bản ghi. Báo cho người quản trị máy chủ và người kiểm tra.",
            "Delete nothing here: every record is kept. Tell who runs the scheduler, and the auditors.",
        ),
    }
}

fn broken_log(fault: LogFault) -> Said {
    match fault {
        LogFault::Foreign => Said::new(
            "nhật ký của máy chủ không do khoá đã giao cho máy này ký",
            "the scheduler's log is not signed by the key this box was given",
        ),
        LogFault::RolledBack => Said::new(
            "nhật ký của máy chủ ngắn hơn lần trước: có thể vừa khôi phục từ bản sao lưu cũ",
            "the scheduler's log is shorter than before: was an old backup restored?",
        ),
        LogFault::Rewritten => Said::new(
            "nhật ký của máy chủ đã bị viết lại sau khi máy này xác nhận",
            "the scheduler's log was rewritten after this box had verified it",
        ),
        LogFault::NotHeld => Said::new(
            "máy chủ nói đã giữ bản ghi của máy này nhưng trong nhật ký không có",
            "the scheduler says that it holds this box's records, and its log does not have them",
        ),
    }
}

/// How far the plans on the disk reach.
fn plans(state: &Path, identity: &Arc<Identity>) -> Option<Finding> {
    let fs = Arc::new(StdMediaFs::new(state).ok()?);
    let transport = Arc::new(HttpTransport::of(identity).ok()?);
    let (syncer, _, refused) = Syncer::load(transport, identity.clone(), fs.clone(), Cache::new(fs));
    let today = clock::look().0.day(HANOI);
    let last = syncer.newest().into_keys().next_back();
    let days = last.map_or(0, |last| last.days_since(today) + 1);
    let mend = Said::new(
        "Cho máy gặp máy chủ; nếu máy chủ trả lời mà vẫn thiếu, xem lichphat why trên máy chủ.",
        "Let the box meet the scheduler; where that answers, see `lichphat why` there.",
    );
    let finding = match (days, last) {
        (..=0, _) => Finding::ill(
            "plans",
            Health::Fault,
            Said::new("không có lịch cho hôm nay: chỉ phát nội dung dự phòng", "no plan for today: the safe loop only"),
            mend,
        ),
        (..FEW_DAYS, Some(last)) => {
            let said = Said::new(format!("có lịch đến hết {last}"), format!("plans until {last}"));
            Finding::ill("plans", Health::Warning, said, mend)
        }
        (_, last) => {
            let last = last.map(|l| l.to_string()).unwrap_or_default();
            Finding::ok("plans", format!("có lịch đến hết {last}"), format!("plans until {last}"))
        }
    };
    if refused.is_empty() {
        return Some(finding);
    }
    let (n, first) = (refused.len(), &refused[0]);
    Some(Finding::ill(
        "plans",
        finding.health.max(Health::Warning),
        Said::new(
            format!("{}; {n} tệp lịch bị từ chối, đầu tiên: {first}", finding.said.vi),
            format!("{}; {n} files refused, the first: {first}", finding.said.en),
        ),
        Said::new(
            "Xoá các tệp đó trong plans/; máy sẽ tải lại.",
            "Remove those files in plans/; they are fetched again.",
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal as _;
    use lichphat_playlists::ids::{DeviceId, Epoch};
    use lichphat_playlists::wire::sign::SigningKey;

    #[test]
    fn a_log_that_broke_is_told_of_with_what_to_do_and_nothing_is_changed() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(log(dir.path()), None, "it has never run");
        let (file, key) = (dir.path().join(FILE_NAME), SigningKey::from_seed(&[5; 32]).verifying_key());
        let mut journal = SqliteJournal::open(&file, DeviceId(7), Epoch(1), key).unwrap();
        assert_eq!(log(dir.path()).unwrap().said.en, "the scheduler's log was never verified yet");
        for fault in LogFault::ALL {
            journal.note_log_fault(fault).unwrap();
            let finding = log(dir.path()).unwrap();
            assert!(finding.health == Health::Fault && finding.mend.is_some(), "{finding:?}");
        }
        journal
            .keep_proofs("a/b\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u{2014} a/b AAAAAAAA\n", &[])
            .unwrap();
        assert_eq!(log(dir.path()).unwrap().said.en, "the scheduler's log holds, 5 entries");
        drop(journal);
        assert_eq!(log(dir.path()).unwrap().health, Health::Ok, "also when nobody runs");
    }
}

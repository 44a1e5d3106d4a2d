//! Who the box is, whether the scheduler answers it, and for how long it has plans.

use super::{Finding, Health, Said};
use crate::cache::{Cache, StdMediaFs};
use crate::clock;
use crate::identity::Identity;
use crate::identity::store::load;
use crate::ports::http::HttpTransport;
use crate::ports::{Request, Transport};
use crate::sync::Syncer;
use lichphat_playlists::time::{HANOI, UtcMillis};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the scheduler.
const PATIENCE: Duration = Duration::from_secs(10);
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
    let transport = HttpTransport::new(&identity.server).map_err(|e| e.to_string())?;
    let request = Request::get("/device/v1/index").header("authorization", identity.authorization());
    let answer = transport.send(request).await.map_err(|e| e.to_string())?;
    let wall = clock::look().0;
    if answer.status != 200 {
        return Ok(Finding::ill(
            "server",
            Health::Fault,
            Said::new(
                format!("máy chủ từ chối thiết bị này (HTTP {})", answer.status),
                format!("the scheduler refuses this device (HTTP {})", answer.status),
            ),
            Said::new(
                "Máy này đã bị thay hoặc thu hồi: đăng ký lại bằng lichphat device add.",
                "It was replaced or revoked: register it anew with lichphat device add.",
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

/// How far the plans on the disk reach.
fn plans(state: &Path, identity: &Arc<Identity>) -> Option<Finding> {
    let fs = Arc::new(StdMediaFs::new(state).ok()?);
    let transport = Arc::new(HttpTransport::new(&identity.server).ok()?);
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

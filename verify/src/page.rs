//! One Vietnamese page of a verdict that a non-programmer understands, for the screen and for paper.

use crate::screen::stamp;
use crate::verdict::{Check, Inspection, Outcome, ScreenVerdict, Unreadable, Verdict, Words};
use askama::Template as _;
use lichphat_playlists::time::LocalDay;

#[derive(askama::Template)]
#[template(path = "page.html")]
struct Page<'a> {
    v: &'a Verdict,
    headline: String,
    tone: &'static str,
    checks: Vec<(&'static str, String)>,
    screens: Vec<Row<'a>>,
    counted: u64,
    refused: u64,
    witnesses: Vec<(String, String)>,
    reasons: Vec<(String, u64)>,
    bad: Vec<(&'a Inspection, String)>,
    from: String,
    to: String,
}

struct Row<'a> {
    s: &'a ScreenVerdict,
    refused: u64,
    heard: String,
    times: String,
}

/// What a file is told to be that could not be read as a bundle.
#[derive(askama::Template)]
#[template(path = "unreadable.html")]
struct NoBundle<'a> {
    why: &'a str,
}

/// The page of a file that could not be read as a bundle.
pub fn page_of_unreadable(unreadable: &Unreadable) -> String {
    NoBundle { why: &unreadable.unreadable.vi }.render().unwrap_or_else(|error| error.to_string())
}

/// The page as HTML; it needs nothing from outside. Screens with faults come first, then those of which not all is known.
pub fn page(v: &Verdict) -> String {
    let sign = |outcome: &Outcome| match outcome {
        Outcome::Holds => "đúng",
        Outcome::Fails => "sai",
        Outcome::NotChecked => "chưa kiểm",
    };
    let row = |s| Row { s, refused: refused(s), heard: heard(s), times: times(s) };
    let mut reasons = std::collections::BTreeMap::<&str, u64>::new();
    for (reason, n) in v.screens.iter().flat_map(|s| &s.reasons) {
        *reasons.entry(reason).or_default() += n;
    }
    let mut reasons: Vec<(String, u64)> = reasons.into_iter().map(|(code, n)| (reason_vi(code), n)).collect();
    reasons.sort_by_key(|(words, n)| (std::cmp::Reverse(*n), words.clone()));
    let mut screens: Vec<Row<'_>> = v.screens.iter().map(row).collect();
    screens.sort_by_key(|row| (std::cmp::Reverse(row.s.faults), row.s.complete));
    let witnessed = v.checks.get(&Check::Witness) == Some(&Outcome::Holds);
    let page = Page {
        headline: v.headline().vi,
        tone: match (v.ok, witnessed) {
            (false, _) => "bad",
            (true, false) => "wait",
            (true, true) => "good",
        },
        checks: v.checks.iter().map(|(check, outcome)| (sign(outcome), check.words(*outcome).vi)).collect(),
        screens,
        counted: v.screens.iter().map(|s| s.counted).sum(),
        refused: v.screens.iter().map(refused).sum(),
        witnesses: v.witnesses.iter().map(|(name, s)| (name.clone(), stamp(*s))).collect(),
        reasons,
        bad: v.inspections.bad.iter().map(|one| (one, stamp(one.start_s))).collect(),
        from: day_vi(v.from),
        to: day_vi(v.to),
        v,
    };
    page.render().unwrap_or_else(|error| error.to_string())
}

/// `20/11/2026`.
fn day_vi(day: LocalDay) -> String {
    let text = day.to_string();
    text.split('-').rev().collect::<Vec<_>>().join("/")
}

fn refused(s: &ScreenVerdict) -> u64 {
    s.not_counted + s.unknown
}

fn heard(s: &ScreenVerdict) -> String {
    let at = s.heard_s.map_or_else(|| "chưa có".to_owned(), stamp);
    if s.complete { at } else { format!("{at}; từ đó chưa rõ") }
}

fn times(s: &ScreenVerdict) -> String {
    match s.slowest_s {
        Some(slow) if slow < 2 * 3600 => format!("chậm nhất {} phút", slow.div_ceil(60)),
        Some(slow) if slow < 72 * 3600 => format!("chậm nhất {} giờ", slow.div_ceil(3600)),
        Some(slow) => format!("chậm nhất {} ngày", slow.div_ceil(86_400)),
        None => "không có nhân chứng".to_owned(),
    }
}

impl Check {
    /// What the check asks, and what came of it, in a sentence.
    pub(crate) fn words(self, outcome: Outcome) -> Words {
        let (vi, en) = match self {
            Self::Bundle => ("Gói đủ tệp, không tệp nào bị sửa", "the bundle is whole, no file was altered"),
            Self::Log => (
                "Mọi mục đều nằm trong sổ đã ký, sổ chỉ dài thêm",
                "every entry is in the signed log, which only ever grew",
            ),
            Self::Witness => {
                ("Đủ nhân chứng độc lập đã ký xác nhận sổ", "enough independent witnesses have cosigned the log")
            }
            Self::Since => ("Sổ nối tiếp điểm chốt bạn giữ từ trước", "the log continues the checkpoint you had kept"),
            Self::Device => ("Mọi thiết bị đều có trong danh bạ đã ghi sổ", "every player is in the logged directory"),
            Self::Enrolment => (
                "Mỗi thiết bị đều do một người có tên trong sổ cho vào",
                "a person whom the log names let every player in",
            ),
            Self::Signature => {
                ("Mọi đoạn nhật ký mang đúng chữ ký của thiết bị", "every segment bears its player's signature")
            }
            Self::Chain => {
                ("Không bản ghi nào bị bỏ, lặp hay kể hai cách", "no record is missing, doubled or told in two ways")
            }
            Self::Tail => (
                "Lời có chữ ký của thiết bị có đến lượt cuối theo lịch: không thiếu phần cuối",
                "the players' own signed words reach the last play that was planned: no tail is missing",
            ),
            Self::Time => ("Không lượt nào ghi lùi hay ghi trước ngày", "no play is back-dated or pre-dated"),
            Self::Plan => {
                ("Lịch phát được ký và khớp với báo cáo", "the playlists are signed and agree with the report")
            }
            Self::Figures => {
                ("Mọi con số của báo cáo tính lại đều khớp", "every figure of the report, recomputed, agrees")
            }
            Self::Approval => ("Nội dung đã được phê duyệt", "what was shown had been approved"),
        };
        let (vi_end, en_end) = match outcome {
            Outcome::Holds => ("", ""),
            Outcome::Fails => (" — SAI", " — FAILS"),
            Outcome::NotChecked => (" — chưa kiểm tra", " — not checked"),
        };
        Words { vi: format!("{vi}{vi_end}"), en: format!("{en}{en_end}") }
    }
}

/// A reason code of the counting rule, for people.
fn reason_vi(code: &str) -> String {
    let (kind, cause) = code.split_once(':').unwrap_or((code, ""));
    let kind_vi = match kind {
        "partial" => "phát dở",
        "failed" => "không phát được",
        "skipped" => "không phát",
        "too-short" => "ngắn hơn 95% thời lượng",
        "frames-dropped" => "rớt quá nhiều hình",
        "panel-dark" => "màn hình tắt",
        "display-level" => "chưa đủ bằng chứng màn hình sáng",
        "overlap" => "chồng lên lượt trước",
        "min-gap" => "quá gần lượt trước",
        "future" => "ghi thời điểm chưa tới",
        "backwards" => "kết thúc trước khi bắt đầu",
        "not-in-plan" => "không có trong lịch phát",
        "replaced" => "của hộp đã được thay bằng hộp khác",
        "unregistered" => "trước khi hộp này được đăng ký",
        "plan-unknown" => "không có lịch phát để đối chiếu",
        "clock-unset" => "thiết bị chưa biết giờ",
        other => other,
    };
    let cause_vi = match cause {
        "" => return kind_vi.to_owned(),
        "ended-early" => "hết sớm",
        "decode-error" => "tệp không giải mã được",
        "not-found" => "thiếu tệp",
        "corrupt" => "tệp hỏng",
        "too-slow" => "máy quá chậm",
        "stopped" => "thiết bị được tắt đúng cách",
        "device-off" => "thiết bị tắt",
        "panel-off" => "màn hình tắt",
        "displaced" => "nhường nội dung ưu tiên hơn",
        "clock-unset" => "chưa biết giờ",
        "replanned" => "lịch mới thay thế",
        "already-shown" => "đã phát rồi",
        "interrupted" => "bị thông báo tại chỗ cắt ngang",
        _ => "lý do khác",
    };
    format!("{kind_vi}: {cause_vi}")
}

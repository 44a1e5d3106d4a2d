//! One Vietnamese page of a verdict that a non-programmer understands, for the screen and for paper.

use crate::verdict::{Check, Finding, Inspection, Outcome, ScreenVerdict, Standing, Unreadable, Verdict, Words};
use crate::vietnamese::{day, digits, place, reason, short};
use askama::Template as _;

#[derive(askama::Template)]
#[template(path = "page.html")]
struct Page<'a> {
    v: &'a Verdict,
    headline: String,
    tone: &'static str,
    /// It holds, on nobody's word but the operator's.
    alone: bool,
    checks: Vec<(&'static str, String)>,
    /// Faults of the whole, and those of single screens.
    faults: [Vec<(String, &'a str)>; 2],
    screens: Vec<Row<'a>>,
    /// Plays that count at the screens that hold.
    held: String,
    counted: String,
    refused: String,
    witnesses: Vec<(String, String)>,
    reasons: Vec<(String, String)>,
    bad: Vec<(&'a Inspection, String)>,
    from: String,
    to: String,
}

struct Row<'a> {
    s: &'a ScreenVerdict,
    counted: String,
    outside: String,
    refused: String,
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
        Outcome::Lost => "mất một phần",
        Outcome::FailsInPart => "sai một phần",
        Outcome::Fails => "sai",
        Outcome::NotChecked => "chưa kiểm",
    };
    let faults = |whole: bool| -> Vec<(String, &str)> {
        let of = |f: &&Finding| f.screen.is_none() == whole;
        v.faults.iter().filter(of).map(|f| (place(&f.place), f.what.vi.as_str())).collect()
    };
    let mut reasons = std::collections::BTreeMap::<&str, u64>::new();
    for (reason, n) in v.screens.iter().flat_map(|s| &s.reasons) {
        *reasons.entry(reason).or_default() += n;
    }
    let mut reasons: Vec<(String, u64)> = reasons.into_iter().map(|(code, n)| (reason(code), n)).collect();
    reasons.sort_by_key(|(words, n)| (std::cmp::Reverse(*n), words.clone()));
    let mut screens: Vec<Row<'_>> = v.screens.iter().map(row).collect();
    screens.sort_by_key(|row| (std::cmp::Reverse(row.s.faults), row.s.complete));
    let witnessed = v.checks.get(&Check::Witness) == Some(&Outcome::Holds);
    let page = Page {
        headline: v.headline().vi,
        tone: match (v.standing, witnessed) {
            (Standing::Not, _) => "bad",
            (Standing::Whole, true) if v.lost.is_empty() => "good",
            (Standing::InPart | Standing::Whole, _) => "wait",
        },
        alone: v.ok && !witnessed,
        checks: v.checks.iter().map(|(check, outcome)| (sign(outcome), check.asked(*outcome).vi)).collect(),
        faults: [faults(true), faults(false)],
        screens,
        held: digits(v.held().map(|s| s.counted).sum::<u64>()),
        counted: digits(v.screens.iter().map(|s| s.counted).sum::<u64>()),
        refused: digits(v.screens.iter().map(refused).sum::<u64>()),
        witnesses: v.witnesses.iter().map(|(name, s)| (name.clone(), short(*s))).collect(),
        reasons: reasons.into_iter().map(|(words, n)| (words, digits(n))).collect(),
        bad: v.inspections.bad.iter().map(|one| (one, short(one.start_s))).collect(),
        from: day(v.from),
        to: day(v.to),
        v,
    };
    page.render().unwrap_or_else(|error| error.to_string())
}

fn row(s: &ScreenVerdict) -> Row<'_> {
    let [counted, outside, refused] = [s.counted, s.counted_outside, refused(s)].map(digits);
    Row { s, counted, outside, refused, heard: heard(s), times: times(s) }
}

fn refused(s: &ScreenVerdict) -> u64 {
    s.not_counted + s.unknown
}

fn heard(s: &ScreenVerdict) -> String {
    let at = s.heard_s.map_or_else(|| "chưa có".to_owned(), short);
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
        let (vi_end, en_end) = match outcome {
            Outcome::Holds | Outcome::Lost => ("", ""),
            Outcome::FailsInPart => (" — SAI ở một số màn hình", " — FAILS at some screens"),
            Outcome::Fails => (" — SAI", " — FAILS"),
            Outcome::NotChecked => (" — chưa kiểm tra", " — not checked"),
        };
        let asked = self.asked(outcome);
        Words { vi: asked.vi + vi_end, en: asked.en + en_end }
    }

    /// What the check asks. Of a log of which a part is lost nobody says that it only ever grew.
    fn asked(self, outcome: Outcome) -> Words {
        let (vi, en) = match self {
            Self::Bundle => ("Gói đủ tệp, không tệp nào bị sửa", "the bundle is whole, no file was altered"),
            Self::Log if outcome == Outcome::Lost => (
                "Mọi mục đều nằm trong sổ đã ký, nhưng một phần sổ trước nó ĐÃ MẤT",
                "every entry is in the signed log, and a part of the log before it is LOST",
            ),
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
        Words { vi: vi.to_owned(), en: en.to_owned() }
    }
}

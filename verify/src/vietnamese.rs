//! What a Vietnamese reader expects: dates, hours of Vietnam, grouped digits, and names of places and figures in his language.

use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};

/// `20/11/2026`.
pub(crate) fn day(day: LocalDay) -> String {
    let text = day.to_string();
    text.split('-').rev().collect::<Vec<_>>().join("/")
}

/// `12:00:00 20/11/2026, giờ Việt Nam`, of seconds since 1970.
pub(crate) fn moment(seconds: u64) -> String {
    format!("{}, giờ Việt Nam", short(seconds))
}

/// `12:00:00 20/11/2026`, where the page has said whose hours these are.
pub(crate) fn short(seconds: u64) -> String {
    let (on, ms) = UtcMillis(i64::try_from(seconds).unwrap_or(i64::MAX / 1000) * 1000).local(HANOI);
    let s = ms / 1000;
    format!("{:02}:{:02}:{:02} {}", s / 3600, s / 60 % 60, s % 60, day(on))
}

/// `1.744.838`, of a whole number.
pub(crate) fn digits(n: impl std::fmt::Display) -> String {
    let text = n.to_string();
    let mut out = String::with_capacity(text.len() * 4 / 3);
    for (i, digit) in text.chars().enumerate() {
        if i > 0 && (text.len() - i).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

/// Where something stands, `P00004-01, entry 65` or `lines P00004-01 by_level 2`, with our own words said in Vietnamese.
pub(crate) fn place(place: &str) -> String {
    let word = |word: &str| {
        let (bare, comma) = word.strip_suffix(',').map_or((word, ""), |bare| (bare, ","));
        WORDS.iter().find(|(en, _)| *en == bare).map_or_else(|| word.to_owned(), |(_, vi)| format!("{vi}{comma}"))
    };
    place.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Words that name places, and those of the report's figures.
const WORDS: &[(&str, &str)] = &[
    ("entry", "mục"),
    ("device", "thiết bị"),
    ("epoch", "đời"),
    ("permit", "phê duyệt"),
    ("proposal", "đề nghị"),
    ("lines", "màn hình"),
    ("units", "đơn vị"),
    ("quota_units", "đơn vị có chỉ tiêu"),
    ("screens", "màn hình"),
    ("links", "nhóm"),
    ("totals", "tổng cộng:"),
    ("title", "tên"),
    ("name", "tên"),
    ("kind", "loại"),
    ("force", "mức bắt buộc"),
    ("inferred", "không nêu số"),
    ("simulated", "mô phỏng"),
    ("standing", "tình trạng"),
    ("operating_days", "số ngày hoạt động"),
    ("owed", "phải đạt"),
    ("counted", "được tính"),
    ("counted_outside", "được tính ngoài khung giờ"),
    ("made_good", "phát bù"),
    ("late", "gửi muộn"),
    ("not_counted", "không được tính"),
    ("unknown", "chưa rõ"),
    ("declared_plays", "bên khác khai"),
    ("declared_outside", "bên khác khai ngoài khung giờ"),
    ("declared_not_counted", "bên khác khai, không được tính"),
    ("pending", "đang chờ"),
    ("missed", "bị lỡ"),
    ("mean_per_day", "trung bình mỗi ngày"),
    ("min_per_day", "ngày thấp nhất"),
    ("days_at_target", "số ngày đạt"),
    ("days_at_zero", "số ngày không phát"),
    ("surplus", "vượt"),
    ("short", "thiếu"),
    ("met", "đạt"),
    ("forecast", "dự báo"),
    ("causes", "lý do:"),
    ("short_causes", "lý do thiếu:"),
    ("main_cause", "lý do chính"),
    ("by_level", "mức bằng chứng màn hình"),
    ("reasons", "lý do không tính:"),
    ("existing", "hiện có"),
    ("reporting", "có gửi"),
    ("declared", "chỉ có lời khai"),
    ("silent", "im lặng"),
    ("on_duty", "trong giờ"),
];

/// A reason code of the counting rule, for people.
pub(crate) fn reason(code: &str) -> String {
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
        "replaced" => "của thiết bị đã được thay bằng thiết bị khác",
        "unregistered" => "trước khi thiết bị này được đăng ký",
        "not-approved" => "không được duyệt cho màn hình và ngày đó",
        "withdrawn" => "sau khi phê duyệt bị thu hồi",
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
        "not-approved" => "không được duyệt cho màn hình và ngày đó",
        "withdrawn" => "phê duyệt đã bị thu hồi",
        "interrupted" => "bị thông báo tại chỗ cắt ngang",
        _ => "lý do khác",
    };
    format!("{kind_vi}: {cause_vi}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_hours_and_places_are_those_of_a_vietnamese_reader() {
        assert_eq!(
            ["7", "999", "1000", "1744838"].map(|n| digits(n.parse::<u64>().unwrap())),
            ["7", "999", "1.000", "1.744.838"]
        );
        assert_eq!(moment(1_732_078_800), "12:00:00 20/11/2024, giờ Việt Nam");
        assert_eq!(place("P-01, entry 65, device 3"), "P-01, mục 65, thiết bị 3");
        assert_eq!(place("lines BX-01 by_level 2"), "màn hình BX-01 mức bằng chứng màn hình 2");
    }
}

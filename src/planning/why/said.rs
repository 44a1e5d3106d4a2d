//! The sentences of the rules, in Vietnamese and English.

use super::Answer;
use crate::campaigns::{InPlace, Suspension};
use crate::directory::{Closure, ClosureSubject};
use lichphat_playlists::ids::{CampaignCode, PlanVersion};
use lichphat_playlists::plan::{Lang, Play, PlayKind};
use lichphat_playlists::time::{IntervalSet, LocalDay, clock_text};
use lichphat_playlists::wire::permit::Unapproved;

/// Says it in a language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Say(pub(super) Lang);

impl Say {
    fn pick(self, vi: impl Into<String>, en: impl Into<String>) -> String {
        if self.0 == Lang::En { en.into() } else { vi.into() }
    }

    fn answer(self, rule: &str, (vi, en): (String, String), record: String) -> Answer {
        Answer { rule: rule.to_owned(), text: self.pick(vi, en), record }
    }

    /// On screen without a number of its own: the loop, a fixed event, the safe loop.
    pub(super) fn playing_beside(self, on: &Play, solemn: bool, record: String) -> Answer {
        let (from, to) = (clock_text(on.start), clock_text(on.end()));
        let (vi, en) = match on.kind {
            _ if solemn => ("nội dung trang nghiêm thay cho vòng phát", "the solemn loop in place of the local one"),
            PlayKind::Fixed => ("sự kiện cố định, bắt đầu đúng giây đã định", "a fixed event, to the second"),
            _ => ("phát xen vào những lúc còn trống", "it fills what is free"),
        };
        let text = (format!("Đang phát từ {from} đến {to}: {vi}."), format!("Playing from {from} to {to}: {en}."));
        self.answer("playing", text, record)
    }

    pub(super) fn not_managed(self, record: String) -> Answer {
        let vi = "Màn hình này không do hệ thống điều khiển, nên không có lịch phát.";
        let en = "This screen is not ours to play on, so it has no plan.";
        self.answer("not-managed", (vi.into(), en.into()), record)
    }

    pub(super) fn unknown(self, campaign: &CampaignCode, record: String) -> Answer {
        let vi = format!("Không có đợt truyền thông nào mang mã {campaign}.");
        self.answer("unknown-campaign", (vi, format!("No campaign has the code {campaign}.")), record)
    }

    pub(super) fn suspends(self, record: String) -> Answer {
        let vi = "Văn bản này tạm dừng nội dung khác; nó không có lượt phát nào của mình vào lúc này.";
        let en = "This order suspends what others play; it has no play of its own at this second.";
        self.answer("suspends", (vi.into(), en.into()), record)
    }

    pub(super) fn order_not_begun(self, first: LocalDay, record: String) -> Answer {
        let text = (format!("Văn bản có hiệu lực từ {first}."), format!("The order begins on {first}."));
        self.answer("not-begun", text, record)
    }

    pub(super) fn order_expired(self, last: LocalDay, record: String) -> Answer {
        let vi = format!("Văn bản chỉ yêu cầu phát đến hết ngày {last}.");
        self.answer("expired", (vi, format!("The order asked for plays to the end of {last}.")), record)
    }

    pub(super) fn order_not_targeted(self, record: String) -> Answer {
        let vi = "Văn bản không áp dụng cho màn hình này.";
        self.answer("not-targeted", (vi.into(), "The order does not bind this screen.".into()), record)
    }

    pub(super) fn not_approved(self, why: Unapproved, record: String) -> Answer {
        let (vi, en) = match why {
            Unapproved::Withdrawn => ("Nội dung đã bị thu hồi phê duyệt.", "Its approval was withdrawn."),
            Unapproved::Place => ("Nội dung chưa được duyệt cho màn hình này.", "It is not approved for this screen."),
            Unapproved::Day => ("Nội dung chưa được duyệt cho ngày này.", "It is not approved for this day."),
            Unapproved::NoPermit | Unapproved::Campaign | Unapproved::Media => {
                ("Nội dung chưa được duyệt.", "It is not approved yet.")
            }
        };
        self.answer("not-approved", (vi.into(), en.into()), record)
    }

    pub(super) fn not_approved_then(self, record: String) -> Answer {
        let vi = "Khi lập lịch của ngày này, nội dung chưa được duyệt cho màn hình này.";
        let en = "When the plan of that day was made, nobody had approved it for this screen.";
        self.answer("not-approved", (vi.into(), en.into()), record)
    }

    pub(super) fn contract_not_begun(self, from: LocalDay, record: String) -> Answer {
        let text = (format!("Hợp đồng có hiệu lực từ {from}."), format!("The contract begins on {from}."));
        self.answer("not-begun", text, record)
    }

    pub(super) fn contract_expired(self, to: LocalDay, record: String) -> Answer {
        let text = (format!("Hợp đồng đã hết từ sau ngày {to}."), format!("The contract ended after {to}."));
        self.answer("expired", text, record)
    }

    pub(super) fn contract_not_targeted(self, record: String) -> Answer {
        let vi = "Hợp đồng không gồm màn hình này.";
        self.answer("not-targeted", (vi.into(), "The contract does not name this screen.".into()), record)
    }

    /// A closure, with who answers for it.
    pub(super) fn closed(self, closure: &Closure, day: LocalDay) -> Answer {
        let (hours, Closure { reason, author, from, to, .. }) = (self.0.windows(&closure.on(day)), closure);
        let late = closure.after_the_fact();
        let (late_vi, late_en) = if late {
            (
                " Được ghi sau khi đã nghỉ: lượt phát của lúc trước khi ghi vẫn tính là thiếu.",
                " Entered after it had begun: what was owed before stays owed.",
            )
        } else {
            ("", "")
        };
        let vi = format!("Màn hình tạm nghỉ {hours}: {reason} ({author}).{late_vi}");
        let en = format!("The screen is closed {hours}: {reason} ({author}).{late_en}");
        let subject = match &closure.subject {
            ClosureSubject::Screen(code) => format!("screen {code}"),
            ClosureSubject::Unit(link, code) => format!("{link} {code}"),
        };
        self.answer("closed", (vi, en), format!("closure {subject} {from} – {to} ({author})"))
    }

    /// A suspension, with the order behind it.
    pub(super) fn suspended(self, suspension: &Suspension<'_>, record: String) -> Answer {
        let (order, hours) = (suspension.order, &suspension.terms.hours);
        let (title_vi, title_en) = (&order.title, order.title_en.as_ref().unwrap_or(&order.title));
        let (hours_vi, hours_en) = if hours.is_empty() {
            (String::new(), String::new())
        } else {
            (format!(" trong {}", Lang::Vi.windows(&hours.0)), format!(" within {}", Lang::En.windows(&hours.0)))
        };
        let (vi, en) = match suspension.terms.in_place {
            InPlace::Blank => ("không phát gì thay thế", "nothing plays instead"),
            InPlace::Mute => ("loa không phát tiếng", "a loudspeaker keeps silent"),
            InPlace::SolemnLoop => ("phát nội dung trang nghiêm thay thế", "a solemn loop plays instead"),
        };
        let vi = format!("Tạm dừng theo văn bản “{title_vi}”{hours_vi}: {vi}.");
        let en = format!("Suspended by the order “{title_en}”{hours_en}: {en}.");
        self.answer("suspended", (vi, en), record)
    }

    pub(super) fn screen_off(self, duty: &IntervalSet, record: String) -> Answer {
        let text = if duty.is_empty() {
            ("Màn hình không hoạt động trong ngày này.".to_owned(), "The screen is off duty all day.".to_owned())
        } else {
            let (vi, en) = (Lang::Vi.windows(duty), Lang::En.windows(duty));
            (
                format!("Màn hình tắt; giờ hoạt động hôm đó: {vi}."),
                format!("The screen is off; its hours that day: {en}."),
            )
        };
        self.answer("screen-off", text, record)
    }

    pub(super) fn local_content(self, record: String) -> Answer {
        let vi = "Đây là nội dung tại chỗ: phát xen vào những lúc còn trống, không có chỉ tiêu số lượt.";
        let en = "This is local content: it fills what is free, and nobody asks for a number of plays.";
        self.answer("local-content", (vi.into(), en.into()), record)
    }

    pub(super) fn past(self, record: String) -> Answer {
        let vi = "Ngày này đã qua và không có lịch phát nào được lập.";
        self.answer("past", (vi.into(), "This day is over, and no plan was made for it.".into()), record)
    }

    pub(super) fn no_plan(self, record: String) -> Answer {
        let vi = "Chưa có lịch phát cho ngày này.";
        self.answer("no-plan", (vi.into(), "No plan has been made for this day.".into()), record)
    }

    pub(super) fn no_variant(self, record: String) -> Answer {
        let vi = "Văn bản hoặc hợp đồng không có bản nội dung nào mà màn hình này phát được.";
        self.answer("no-variant", (vi.into(), "It has no variant that this screen can play.".into()), record)
    }

    pub(super) fn in_loop(self, weight: u32, record: String) -> Answer {
        let vi =
            format!("Văn bản không đặt số lượt: phát xen trong vòng phát tại chỗ với phần {weight}, vào lúc khác.");
        let en = format!("The order names no number: it has a share of {weight} in the loop, at other seconds.");
        self.answer("in-loop", (vi, en), record)
    }

    pub(super) fn not_in_plan(self, version: PlanVersion, record: String) -> Answer {
        let vi = format!(
            "Lịch phát bản {version} không có nội dung này: lịch lập trước khi nhập, hoặc tệp chưa có trong kho nội dung. \
             Hãy lập lịch lại."
        );
        let en = format!(
            "Version {version} of the plan does not know it: it was made before the import, or a file is not in the library. \
             Plan again."
        );
        self.answer("not-in-plan", (vi, en), record)
    }

    /// Who has the second, and both ranks: contracts are numbered among themselves.
    pub(super) fn lost(self, rival: &str, play: &Play, priority: u8, own: u8) -> String {
        let rank = |p: u8| match p {
            0 => ("sự kiện cố định".to_owned(), "a fixed event".to_owned()),
            1..=3 => (format!("văn bản chỉ đạo, ưu tiên {p}"), format!("an order of priority {p}")),
            _ => (format!("hợp đồng, ưu tiên {}", p - 2), format!("a contract of priority {}", p - 2)),
        };
        let (start, other, mine) = (clock_text(play.start), rank(priority), rank(own));
        self.pick(
            format!("Hết chỗ: {rival} ({}) phát lúc {start}; nội dung này là {}.", other.0, mine.0),
            format!("No room: {rival} ({}) plays at {start}; this is {}.", other.1, mine.1),
        )
    }

    /// The ledger's numbers, after the planner's sentence; `target` is what the day was asked for.
    pub(super) fn ledger(self, day: LocalDay, owed: u32, counted: u32, ahead: u32, target: u32) -> String {
        let numbers = self.pick(
            format!(" Sổ chỉ tiêu: đến hết ngày {day} cần {owed} lượt, trước ngày đó tính được {counted}, được phát trước tối đa {ahead}."),
            format!(" Ledger: {owed} owed to the end of {day}, {counted} counted before it, at most {ahead} ahead."),
        );
        if counted + target >= owed {
            return numbers;
        }
        let vi = format!(
            " Trong ngày chỉ có chỗ cho {target} lượt (khung giờ, khoảng cách, mức trần ngày); phần thiếu dồn sang các ngày sau."
        );
        let en = format!(
            " The day has room for {target} only (windows, gap, daily cap); what is missing goes to the days after it."
        );
        numbers + &self.pick(vi, en)
    }

    pub(super) fn part_of_unit(self) -> String {
        self.pick(
            " Đây là phần của màn hình này trong số lượt chung của đơn vị.",
            " This is the screen's part of a number that its unit reaches together.",
        )
    }
}

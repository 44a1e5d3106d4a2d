//! What a finding means, and what to do about it, in both languages.

use crate::lang::Lang;

/// What does not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// An entry: gone, changed, or not continuing the one before.
    Entry,
    /// The directory of devices against the log's own statements.
    Directory,
    /// How far a device's records are held.
    Mark,
    /// A sum or a mark of a device of which a segment is missing.
    Incomplete,
    /// Which box a screen was of, against the log.
    Tenure,
    /// A sum.
    Rollup,
    /// A sum whose records are partly dropped.
    OldRollup,
    /// A file of the log's tree.
    Tile,
    /// A checkpoint against the tree, or against the entries.
    Checkpoint,
    /// What a witness has cosigned, against the log.
    Witness,
    /// A plan.
    Plan,
    /// A media file.
    Media,
    /// A draw of plays that somebody goes to look at.
    Draw,
    /// Figures of what others declare.
    Declared,
    /// An import of what others declare.
    Import,
}

impl Matter {
    /// Is it the evidence itself, or what it is judged by?
    pub fn is_evidence(self) -> bool {
        matches!(
            self,
            Self::Entry
                | Self::Directory
                | Self::Mark
                | Self::Incomplete
                | Self::Checkpoint
                | Self::Witness
                | Self::Plan
        )
    }

    /// What it means.
    pub fn meaning(self, lang: Lang) -> &'static str {
        match self {
            Self::Entry => lang.pick(
                "Nhật ký đang lưu không còn như lúc nhận: đã bị sửa hoặc mất.",
                "The stored evidence is not what was taken in: it was changed or lost.",
            ),
            Self::Directory => lang.pick(
                "Danh sách thiết bị khác với nhật ký: có thể ai đó đã sửa, hoặc thiết bị là giả.",
                "The directory of devices is not what the log states: somebody changed it, or the device is forged.",
            ),
            Self::Mark => lang.pick(
                "Mốc nhận nhật ký sai: đoạn tới có thể bị từ chối hoặc tính sai. Bản ghi đã nhận không bị ảnh hưởng.",
                "The mark of what is held is wrong: what comes next may be refused or judged wrongly. Records held are whole.",
            ),
            Self::Incomplete => lang.pick(
                "Thiếu đoạn nhật ký của thiết bị này (bị mất hoặc không đọc được): chưa thể nói số đang lưu đúng hay sai.",
                "A segment of this device is missing (lost or unreadable): whether the stored figure is right cannot be said.",
            ),
            Self::Tenure => lang.pick(
                "Bảng ghi màn hình thuộc thiết bị nào khác với nhật ký: lượt của thiết bị đã bị thay có thể được tính, hoặc ngược lại.",
                "Which box a screen was of is not what the log states: plays of a replaced box may count, or those of the right one not.",
            ),
            Self::Rollup => lang.pick(
                "Số tổng hợp khác với bản ghi đã ký: báo cáo đang sai, bản ghi vẫn nguyên vẹn.",
                "A sum is not what the signed records say: reports are wrong, the records are whole.",
            ),
            Self::OldRollup => lang.pick(
                "Số tổng hợp của ngày đã hết hạn lưu nhỏ hơn phần bản ghi còn lại.",
                "A sum of days whose segments were dropped is less than what is left of them says.",
            ),
            Self::Tile => lang.pick(
                "Một tệp của cây nhật ký bị hỏng; bản ghi và chữ ký vẫn nguyên vẹn.",
                "A file of the log's tree is damaged; entries and signed root are whole.",
            ),
            Self::Checkpoint => lang.pick(
                "Điều đã công bố khác với điều đang lưu: lịch sử đã bị thay đổi hoặc phục hồi từ bản cũ.",
                "What was published is not what is stored: history was changed, or comes from an older backup.",
            ),
            Self::Witness => lang.pick(
                "Nhân chứng độc lập đã ký xác nhận một lịch sử khác: nhật ký bị sửa, hoặc phục hồi từ bản cũ.",
                "An independent witness has cosigned another history: the log was changed, or comes from an older backup.",
            ),
            Self::Plan => lang.pick(
                "Lịch phát đang lưu không còn như lúc ký.",
                "A stored plan is not what was signed.",
            ),
            Self::Media => lang.pick(
                "Tệp nội dung bị mất hoặc đã thay đổi; màn hình sẽ không nhận tệp này.",
                "A clip is gone or was changed; screens will not take it.",
            ),
            Self::Draw => lang.pick(
                "Một lần rút mẫu không như sổ đã ghi: đã bị sửa hoặc xoá.",
                "A draw is not what the log states: it was changed or made away with.",
            ),
            Self::Declared => lang.pick(
                "Số liệu bên khác khai không như các lượt đã khai, hoặc văn bản, giờ hoạt động đã đổi từ khi nhập.",
                "Figures of others are not what their declared plays say, or orders and hours have changed since they came.",
            ),
            Self::Import => lang.pick(
                "Một tệp của bên khác mới được nhập hoặc rút một phần.",
                "A file of others was taken in, or withdrawn, in part only.",
            ),
        }
    }

    /// What to do.
    pub fn mend(self, lang: Lang) -> &'static str {
        match self {
            Self::Entry => lang.pick(
                "Phục hồi cơ sở dữ liệu từ bản sao lưu mới nhất, không sửa tay; thiết bị tự gửi lại phần còn giữ.",
                "Bring the database back from its newest backup, change nothing by hand; devices send again what they hold.",
            ),
            Self::Directory | Self::Checkpoint | Self::Witness => lang.pick(
                "Phục hồi cơ sở dữ liệu và thư mục log/ của cùng một thời điểm; xem ai đã có quyền truy cập; báo kiểm toán.",
                "Bring back database and log/ of one moment; find out who had access; tell the auditors.",
            ),
            Self::Mark | Self::Plan | Self::Draw => lang.pick(
                "Phục hồi cơ sở dữ liệu từ bản sao lưu mới nhất.",
                "Bring the database back from its newest backup.",
            ),
            Self::Incomplete => lang.pick(
                "`--repair` không giúp được: tính lại từ phần còn lại sẽ bỏ mất lượt phát. Phục hồi cơ sở dữ liệu từ bản sao lưu còn đoạn đó.",
                "`--repair` does not help: sums of what is left would drop plays. Bring the database back from a backup that has the segment.",
            ),
            Self::Tenure => lang.pick(
                "Chạy `lichphat check --repair`: bảng được lập lại từ nhật ký, số tổng hợp sai được tính lại.",
                "Run `lichphat check --repair`: the table is made anew from the log, and sums that are wrong with it.",
            ),
            Self::Rollup => lang.pick(
                "Chạy `lichphat check --repair`: tính lại từ bản ghi đã ký.",
                "Run `lichphat check --repair`: it is summed anew from the signed records.",
            ),
            Self::OldRollup => lang.pick(
                "Phục hồi cơ sở dữ liệu từ bản sao lưu: bản ghi cũ không còn để tính lại.",
                "Bring the database back from a backup: the old records are no longer there to sum.",
            ),
            Self::Tile => lang.pick(
                "Xoá tệp đó rồi khởi động lại máy chủ: tệp được ghi lại từ nhật ký.",
                "Delete the file and start the server again: it is written anew from the entries.",
            ),
            Self::Declared => lang.pick(
                "Chạy `lichphat check --repair`: tính lại từ các lượt đã khai.",
                "Run `lichphat check --repair`: they are worked out anew from the declared plays.",
            ),
            Self::Import => lang.pick(
                "Chạy lại đúng lệnh nhập hoặc rút đó (xem `lichphat import list`): không lượt nào bị tính hai lần.",
                "Run the same import or withdrawal again (see `lichphat import list`): nothing is counted twice.",
            ),
            Self::Media => lang.pick(
                "Nạp lại tệp gốc bằng `lichphat media add`.",
                "Bring the original back with `lichphat media add`.",
            ),
        }
    }
}

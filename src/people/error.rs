//! What can go wrong with people, in words for them.

use super::may::Denied;
use super::model::{AccountCode, LONGEST_WORDS};
use super::password::PasswordError;
use crate::directory::problem::{Say, say};
use crate::error::StoreError;
use crate::lang::Lang;
use lichphat_playlists::ids::UnitCode;

/// Why it was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PeopleError {
    /// Name, password or code is wrong; which of them is nobody's business.
    #[error("{}", .0.say().en)]
    NotIn(NotIn),
    /// A rule was broken.
    #[error("{}", .0.say().en)]
    Refused(Refused),
    /// No role for it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A name or a day that is none, as another room says it.
    #[error("{}", .0.en)]
    Said(Say),
    /// Too many sign in at once.
    #[error("too many sign in at once; try again in some seconds")]
    Busy,
    /// Storage said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect.
    #[error("{0}")]
    Internal(String),
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIn {
    /// Something of what was shown is wrong.
    Wrong,
    /// So many seconds have to pass first.
    Wait(u64),
    /// The one-time code is not good, or not any more.
    Code,
    /// The six digits are not those of the authenticator that was just set up.
    Digits,
    /// The passkey is none of the account's, answers something else, or comes too late.
    Passkey,
}

/// What a rule says no to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Not a password.
    Password(PasswordError),
    /// The two that were typed differ.
    Twice,
    /// No name was given, or it is too long.
    Name,
    /// No name of an account.
    Account(String),
    /// Another account has this name.
    Taken(AccountCode),
    /// No such account, or it has ended.
    Unknown(AccountCode),
    /// No such unit.
    Unit(UnitCode),
    /// The last day comes before the first.
    Days,
    /// A decision's number that is a story.
    Decision,
    /// A role over the city was asked for over something smaller.
    NotTheCity,
    /// It has so many open tasks, and nobody was named who takes them over.
    Heir(u32),
    /// Nobody gives himself roles, or a new code, or ends himself.
    Self_,
    /// A grant that is not one's own, is not there any more, or was passed on by another: nothing is given or passed on by it.
    NotHis,
    /// It goes on longer than that by which it is given or passed on, or has no end.
    Longer,
    /// No such grant or token, or it was taken back already.
    Gone,
    /// A token without an end, or one that ends later than in a year.
    Life,
    /// Acts that no token may do.
    Acts,
    /// Codes, ends and tokens of others, by a role that was only passed on.
    ByDelegation,
    /// Passkeys are not good here.
    NoPasskeys,
    /// A passkey without a name, or with a story for one.
    PasskeyName,
    /// The account has so many already.
    ManyPasskeys(usize),
    /// What came from the browser is no new passkey, or comes too late.
    PasskeyNotMade,
    /// Nothing would be left beside the password.
    LastFactor,
    /// The digits stay until a passkey has let its owner in.
    UnusedPasskey,
}

impl NotIn {
    /// In both languages.
    pub fn say(self) -> Say {
        match self {
            Self::Wrong => say(
                "Tên tài khoản, mật khẩu hoặc mã 6 số không đúng. Khoá truy cập chỉ dùng được ở địa chỉ chính thức.",
                "Account, password or six digits are not right. Passkeys are good at the official address only.",
            ),
            Self::Wait(s) => say(
                format!("Đã thử nhiều lần: hãy đợi {s} giây rồi thử lại."),
                format!("Too many tries: wait {s} seconds, then try again."),
            ),
            Self::Code => say(
                "Mã một lần không đúng, đã dùng hoặc đã hết hạn. Hãy xin quản trị viên mã mới.",
                "The one-time code is wrong, used or expired. Ask an administrator for a new one.",
            ),
            Self::Digits => say(
                "Mã 6 số không khớp. Hãy quét lại hình, chờ mã mới trên điện thoại rồi nhập; giờ của điện thoại phải đúng.",
                "The six digits do not fit. Scan the picture again, wait for the next code and type it; the telephone's clock must be right.",
            ),
            Self::Passkey => say(
                "Khoá truy cập (passkey) không đúng, hoặc đã quá 5 phút. Hãy đăng nhập lại từ đầu.",
                "The passkey is not right, or five minutes have passed. Sign in again from the beginning.",
            ),
        }
    }
}

impl Refused {
    /// In both languages, with the mend.
    pub fn say(&self) -> Say {
        match self {
            Self::Password(PasswordError::Length) => say(
                "Mật khẩu cần từ 12 đến 128 ký tự; một câu ngắn là dễ nhớ nhất.",
                "A password has 12 to 128 characters; a short sentence is easiest to remember.",
            ),
            Self::Password(PasswordError::Simple) => say(
                "Mật khẩu này dễ đoán: dùng ít nhất 5 ký tự khác nhau và không dùng tên tài khoản.",
                "This password is easy to guess: use at least 5 different characters, and not the account's name.",
            ),
            Self::Twice => say("Hai lần nhập mật khẩu không giống nhau.", "The two passwords differ."),
            Self::Name => say("name: hãy ghi họ tên, 1 đến 120 ký tự", "name: write who it is, 1 to 120 characters"),
            Self::Account(text) => say(
                format!("account = {text:?}: dùng 1 đến 64 ký tự a-z 0-9 . _ -, bắt đầu bằng chữ hoặc số"),
                format!("account = {text:?}: use 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit"),
            ),
            Self::Taken(code) => say(
                format!("account = {code}: tên tài khoản đã có; hãy chọn tên khác"),
                format!("account = {code}: is taken; choose another name"),
            ),
            Self::Unknown(code) => say(
                format!("account = {code}: không có tài khoản này, hoặc đã ngừng dùng; `lichphat people list` liệt kê"),
                format!("account = {code}: is not there, or has ended; `lichphat people list` shows them"),
            ),
            Self::Unit(code) => {
                say(format!("unit = {code}: không có đơn vị này"), format!("unit = {code}: there is no such unit"))
            }
            Self::Days => say("to: ngày cuối trước ngày đầu", "to: the last day comes before the first"),
            Self::NotTheCity => say(
                "role = city-editor: vai trò này chỉ giao ở cấp thành phố",
                "role = city-editor: is given over the city as a whole only",
            ),
            Self::Heir(n) => say(
                format!("heir: tài khoản này còn {n} đề nghị chờ duyệt; hãy ghi ai nhận việc"),
                format!("heir: this account has brought {n} proposals that still wait; say who takes them over"),
            ),
            Self::Self_ => say(
                "Không ai tự giao vai trò, tự cấp mã hoặc tự ngừng tài khoản của mình; hãy nhờ quản trị viên khác.",
                "Nobody gives himself roles or codes, or ends his own account; ask another administrator.",
            ),
            Self::NotHis => say(
                "Chỉ giao hoặc uỷ quyền được bằng vai trò của chính mình, đang còn hiệu lực và không phải do người khác uỷ quyền.",
                "Roles are given and passed on by a role of one's own: one that holds, and that nobody else has passed on.",
            ),
            Self::Longer => say(
                "Phải có ngày cuối, và không dài hơn vai trò của người giao hoặc uỷ quyền.",
                "It needs a last day, and lasts no longer than the role by which it is given or passed on.",
            ),
            Self::Gone => say(
                "Vai trò hoặc khoá này không có, hoặc đã thu hồi.",
                "There is no such role or token, or it was taken back.",
            ),
            Self::Decision => say(
                format!("decision: ghi số, ký hiệu văn bản trên một dòng, nhiều nhất {LONGEST_WORDS} ký tự"),
                format!("decision: write the number of the decision on one line, at most {LONGEST_WORDS} characters"),
            ),
            Self::Life => say("days: khoá có hạn từ 1 đến 366 ngày", "days: a token lives for 1 to 366 days"),
            Self::Acts => say(
                "acts: khoá không làm được việc cần yếu tố thứ hai (duyệt, chỉ đạo, ghép thiết bị, quản trị)",
                "acts: no token can do what needs a second factor (approve, direct, enrol, administer)",
            ),
            Self::ByDelegation => say(
                "Vai trò quản trị được uỷ quyền không cấp mã một lần, không ngừng tài khoản và không tạo khoá cho người khác; hãy nhờ quản trị viên có vai trò của chính mình.",
                "An administrator by delegation gives no one-time codes, ends no accounts and makes no tokens for others; ask one whose role is his own.",
            ),
            Self::NoPasskeys => {
                say("Ở địa chỉ này không dùng được khoá truy cập (passkey).", "Passkeys are not good at this address.")
            }
            Self::PasskeyName => say(
                "name: hãy đặt tên cho khoá truy cập, 1 đến 60 ký tự, ví dụ tên điện thoại",
                "name: give the passkey a name, 1 to 60 characters, such as that of the telephone",
            ),
            Self::ManyPasskeys(most) => say(
                format!("Đã có {most} khoá truy cập: hãy xoá một khoá không dùng nữa."),
                format!("There are {most} passkeys: take away one that is not used any more."),
            ),
            Self::PasskeyNotMade => say(
                "Chưa thêm được khoá truy cập: thiết bị không tạo khoá hợp lệ, khoá đã có, hoặc đã quá 5 phút. Hãy làm lại.",
                "The passkey was not added: the device made none that is good, it is there already, or five minutes have passed. Begin again.",
            ),
            Self::LastFactor => say(
                "Đây là yếu tố thứ hai cuối cùng: hãy thêm khoá truy cập khác trước khi bỏ nó.",
                "This is the last second factor: add another passkey before taking it away.",
            ),
            Self::UnusedPasskey => say(
                "Chưa bỏ được mã 6 số: hãy đăng nhập một lần bằng khoá truy cập, rồi bỏ.",
                "The six digits stay for now: sign in once with a passkey, then take them away.",
            ),
        }
    }
}

impl From<PasswordError> for PeopleError {
    fn from(error: PasswordError) -> Self {
        Self::Refused(Refused::Password(error))
    }
}
impl From<Refused> for PeopleError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}
impl From<NotIn> for PeopleError {
    fn from(why: NotIn) -> Self {
        Self::NotIn(why)
    }
}

impl PeopleError {
    /// In the person's language.
    pub fn words(&self, lang: Lang) -> String {
        match self {
            Self::NotIn(why) => why.say().pick(lang).to_owned(),
            Self::Refused(why) => why.say().pick(lang).to_owned(),
            Self::Said(say) => say.pick(lang).to_owned(),
            Self::Denied(why) => lang
                .pick(
                    match why {
                        Denied::Unseen => "không có trong phạm vi của tài khoản này",
                        Denied::Role => "tài khoản này không có vai trò cho việc đó ở đây",
                        Denied::Weak => "việc này cần đăng nhập bằng cả mã 6 số hoặc khoá truy cập",
                    },
                    match why {
                        Denied::Unseen => "is not within reach of this account",
                        Denied::Role => "this account has no role for that here",
                        Denied::Weak => "this needs a sign-in with the six digits or a passkey",
                    },
                )
                .to_owned(),
            Self::Busy => lang
                .pick(
                    "nhiều người đang đăng nhập cùng lúc; hãy thử lại sau vài giây",
                    "too many sign in at once; try again in some seconds",
                )
                .to_owned(),
            Self::Store(error) => error.words(lang),
            Self::Internal(_) => {
                lang.pick("máy chủ gặp lỗi; đã ghi vào nhật ký", "the server has failed; its log says how").to_owned()
            }
        }
    }
}

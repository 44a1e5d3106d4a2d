//! What can go wrong in this room, in both languages.

use super::model::State;
use super::read::Wrong;
use crate::approval::ApprovalError;
use crate::error::StoreError;
use crate::lang::Lang;
use crate::people::{Denied, LONGEST_WORDS};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// No such draft.
    #[error("draft {0}: there is none of this number")]
    Unknown(u32),
    /// It stands otherwise than is needed.
    #[error("draft {number}: is {state}")]
    Closed {
        /// Its number.
        number: u32,
        /// How it stands.
        state: State,
    },
    /// Somebody has changed it since it was looked at.
    #[error("draft {0}: was changed since you looked at it; look at it again")]
    Changed(u32),
    /// Somebody said no to it as it stands.
    #[error("draft {0}: was refused as it stands; change it, then put it again")]
    Refused(u32),
    /// Two of those who have written it.
    #[error("draft {0}: one of those who wrote it has said yes; the second has to be somebody who has not written it")]
    Writers(u32),
    /// He has no role for it, or no second factor.
    #[error("{0}")]
    Denied(#[from] Denied),
    /// It makes no order yet; what is wrong.
    #[error("the draft has {} mistakes", .0.len())]
    Wrong(Vec<Wrong>),
    /// A raise of which he has not seen what it does, or of which he has seen what is true no more.
    #[error("look at what this raise does, as it is written here and as things stand now, then decide")]
    Unseen,
    /// Without a reason, or with a story.
    #[error("say why on one line, in 1 to {LONGEST_WORDS} characters")]
    NoReason,
    /// A decision's number that is a story.
    #[error("write the number on one line, in at most {LONGEST_WORDS} characters")]
    Decision,
    /// The order is there, and its content could not be put to people; the next import does.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The store failed, or somebody else was quicker.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrderError {
    /// What went wrong, in a language.
    pub fn words(&self, lang: Lang) -> String {
        if lang == Lang::En {
            return match self {
                Self::Wrong(all) => lines(all, lang),
                other => other.to_string(),
            };
        }
        match self {
            Self::Unknown(number) => format!("dự thảo {number}: không có số này"),
            Self::Closed { number, state } => format!("dự thảo {number}: {}", closed(*state)),
            Self::Changed(number) => {
                format!("dự thảo {number}: đã được sửa sau khi bạn mở; hãy xem lại rồi quyết định")
            }
            Self::Refused(number) => {
                format!("dự thảo {number}: đã bị từ chối đúng như đang có; hãy sửa rồi trình lại")
            }
            Self::Writers(number) => {
                format!(
                    "dự thảo {number}: một người soạn đã đồng ý; người thứ hai phải là người không soạn dự thảo này"
                )
            }
            Self::Denied(Denied::Weak) => "hãy đăng nhập lại bằng mã 6 số hoặc khoá truy cập".to_owned(),
            Self::Denied(_) => "bạn không có quyền làm việc này".to_owned(),
            Self::Wrong(all) => lines(all, lang),
            Self::Unseen => "hãy xem quyết định tăng này có tác động gì, đúng như đang ghi và theo số liệu hiện tại, rồi mới quyết định".to_owned(),
            Self::NoReason => format!("hãy ghi lý do trên một dòng, 1 đến {LONGEST_WORDS} ký tự"),
            Self::Decision => format!("ghi số, ký hiệu văn bản trên một dòng, nhiều nhất {LONGEST_WORDS} ký tự"),
            Self::Approval(error) => error.vi(),
            Self::Store(error) => error.words(lang),
        }
    }
}

fn closed(state: State) -> &'static str {
    match state {
        State::Writing => "chưa trình hoặc đã bị từ chối, nên chưa quyết định được",
        State::Put => "đang chờ ký",
        State::Published => "đã ban hành, không sửa được nữa",
        State::Dropped => "đã bỏ",
    }
}

fn lines(all: &[Wrong], lang: Lang) -> String {
    all.iter().map(|w| format!("{}: {}", w.field, w.mend.pick(lang))).collect::<Vec<_>>().join("\n")
}

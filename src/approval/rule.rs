//! Who may say yes: pure. The city's content takes two people, a unit's own one, and never who brought it. The server's own
//! shell stands in for people only while there are none.

use super::model::{Needs, Proposal, Said, State};
use crate::directory::Directory;
use crate::people::{AccountCode, Act, Caller, Denied, Given, On, Via};
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::time::{LocalDay, UtcMillis};

/// Why somebody's word is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was decided, or nobody wants it any more.
    #[error("proposal {number}: is {} already; `lichphat approval list` shows what waits", .state.word())]
    Closed {
        /// Its number.
        number: u32,
        /// How it stands.
        state: State,
    },
    /// He brought it.
    #[error("proposal {0}: you brought it yourself; somebody else has to look at it")]
    Own(u32),
    /// He has no role for it, or no second factor.
    #[error("proposal {number}: {why}")]
    Denied {
        /// Its number.
        number: u32,
        /// Why.
        why: Denied,
    },
    /// There are people for that.
    #[error("proposal {number}: the shell approves nothing where people may: {}", .who.join(", "))]
    People {
        /// Its number.
        number: u32,
        /// Who may.
        who: Vec<String>,
    },
    /// Nothing to rest on.
    #[error("--decision: say the number of the written decision, \"12/QĐ-UBND\"")]
    NoDecision,
}

impl Refusal {
    /// The same in Vietnamese.
    pub fn vi(&self) -> String {
        match self {
            Self::Closed { number, state } => {
                format!("đề nghị {number}: {}; xem các đề nghị đang chờ bằng `lichphat approval list`", state.vi())
            }
            Self::Own(number) => {
                format!("đề nghị {number}: bạn là người đưa nội dung này vào; người khác phải xem và duyệt")
            }
            Self::Denied { number, why } => {
                let why = match why {
                    Denied::Unseen => "không có đề nghị này",
                    Denied::Role => "bạn không có quyền duyệt ở đây",
                    Denied::Weak => "hãy đăng nhập lại bằng mã 6 số hoặc khoá truy cập rồi duyệt",
                };
                format!("đề nghị {number}: {why}")
            }
            Self::People { number, who } => {
                format!("đề nghị {number}: máy chủ không duyệt thay khi đã có người được duyệt: {}", who.join(", "))
            }
            Self::NoDecision => "--decision: hãy ghi số, ký hiệu văn bản, ví dụ \"12/QĐ-UBND\"".to_owned(),
        }
    }
}

/// What comes of a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// He has said so before.
    Known,
    /// Somebody else has to say so as well.
    Waits,
    /// It is approved.
    Approved,
}

impl Needs {
    /// May somebody know of what takes this word? Of what concerns the whole city who sees the city, of a unit's own content who
    /// sees its units.
    pub fn sees(&self, caller: &Caller, directory: &Directory, today: LocalDay) -> bool {
        let sees = |on| caller.may(Act::View, on, directory, today).is_ok();
        match self {
            Self::City => sees(On::City),
            Self::Units(units) => units.iter().all(|unit| sees(On::Unit(unit))),
        }
    }

    /// May somebody approve what takes this word?
    pub fn may(&self, caller: &Caller, directory: &Directory, today: LocalDay) -> Result<(), Denied> {
        match self {
            Self::City => caller.may(Act::Approve, On::City, directory, today),
            Self::Units(units) => {
                units.iter().try_for_each(|unit| caller.may(Act::Approve, On::Unit(unit), directory, today))
            }
        }
    }
}

/// What comes of `caller` saying yes to an open proposal, resting on `decision`; `people` are the accounts that may approve it.
pub fn approve(
    proposal: &Proposal,
    (caller, decision): (&Caller, &str),
    people: &[AccountCode],
    (directory, today): (&Directory, LocalDay),
) -> Result<Outcome, Refusal> {
    let number = proposal.number;
    open(proposal)?;
    if caller.via == Via::Shell {
        if !people.is_empty() {
            return Err(Refusal::People { number, who: people.iter().map(|p| p.as_str().to_owned()).collect() });
        }
        return if decision.trim().is_empty() { Err(Refusal::NoDecision) } else { Ok(Outcome::Approved) };
    }
    may(proposal, caller, (directory, today))?;
    let account = caller.account.as_str();
    if proposal.brought_by == account {
        return Err(Refusal::Own(number));
    }
    let others = proposal.said.iter().filter(|said| said.yes && said.by != account).count();
    if others + 1 >= proposal.draft.needs.people() {
        return Ok(Outcome::Approved);
    }
    let again = proposal.said.iter().any(|said| said.yes && said.by == account);
    Ok(if again { Outcome::Known } else { Outcome::Waits })
}

/// Were these files always somebody else's? Who has brought one of them for the same campaign before stays the one who brought it,
/// also when another's import puts it to people anew.
pub fn others(proposal: &Proposal, all: &[Proposal], caller: &Caller) -> Result<(), Refusal> {
    let (wanted, account) = (&proposal.draft.permit, caller.account.as_str());
    let same = |other: &Proposal| {
        let permit = &other.draft.permit;
        permit.campaign == wanted.campaign && permit.media.iter().any(|m| wanted.media.contains(m))
    };
    let his = caller.via != Via::Shell && all.iter().any(|other| other.brought_by == account && same(other));
    if his { Err(Refusal::Own(proposal.number)) } else { Ok(()) }
}

/// The hand that made approvers of two who have said yes, his own account among them, and when it last did so: whoever gives roles
/// can sign in as whom he gave them to, so this may be one person's word. What was given after the word is of no account.
pub fn one_hand<'g>(said: &[Said], given: &'g [Given]) -> Option<(&'g AccountCode, UtcMillis)> {
    let yes: Vec<&Said> = said.iter().filter(|said| said.yes).collect();
    let to_one = |g: &Given, yes: &Said| g.to.as_str() == yes.by && g.at <= yes.at_ms;
    let to_them: Vec<&Given> = given.iter().filter(|g| yes.iter().any(|yes| to_one(g, yes))).collect();
    let made_two = |by: &AccountCode| {
        let made = |yes: &&&Said| yes.by == by.as_str() || to_them.iter().any(|g| g.by == *by && to_one(g, yes));
        yes.iter().filter(made).count() > 1
    };
    to_them.iter().filter(|g| made_two(&g.by)).map(|g| (&g.by, g.at)).max_by_key(|(_, at)| *at)
}

/// Has he brought one of its files? Whoever put it to people, he does not approve it.
pub fn brought(proposal: &Proposal, his: &[MediaHash]) -> Result<(), Refusal> {
    let one = proposal.draft.permit.media.iter().any(|file| his.contains(&file.hash));
    if one { Err(Refusal::Own(proposal.number)) } else { Ok(()) }
}

/// May `caller` say no to an open proposal? Who may say yes may, and the shell: to stop something must be easy.
pub fn refuse(proposal: &Proposal, caller: &Caller, when: (&Directory, LocalDay)) -> Result<(), Refusal> {
    open(proposal)?;
    may(proposal, caller, when)
}

fn open(proposal: &Proposal) -> Result<(), Refusal> {
    let Proposal { number, state, .. } = *proposal;
    if state == State::Open { Ok(()) } else { Err(Refusal::Closed { number, state }) }
}

/// May `caller` decide on it, or take back what came of it?
pub fn may(proposal: &Proposal, caller: &Caller, (directory, today): (&Directory, LocalDay)) -> Result<(), Refusal> {
    let denied = |why| Refusal::Denied { number: proposal.number, why };
    proposal.draft.needs.may(caller, directory, today).map_err(denied)
}

//! `lichphat approval`: what waits for people, and what they say, on the server's own shell.
//!
//! The shell says yes only while no account may approve what is asked; to say no and to take back it may always.

use super::rooms::Rooms;
use super::{Context, output};
use crate::approval::rule::{self, Outcome};
use crate::approval::{Proposal, State, places, short};
use crate::error::AppError;
use crate::people::{Act, Caller};
use lichphat_playlists::ids::MediaHash;
use lichphat_playlists::time::{LocalDay, UtcMillis};
use serde::Serialize;
use std::process::ExitCode;

/// `lichphat approval …`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Nội dung chờ duyệt (what waits for approval)
    List {
        /// Cả nội dung đã duyệt, bị từ chối, đã thu hồi (and what was decided)
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        output: output::Args,
    },
    /// Một đề nghị duyệt: tệp, nơi, ngày, ai đã nói gì (one proposal in full, as JSON)
    Show {
        /// Số của đề nghị (its number)
        number: u32,
    },
    /// Duyệt; chỉ khi chưa có tài khoản nào được duyệt (say yes; only while no account may)
    Give(Give),
    /// Từ chối (say no)
    Refuse {
        /// Số của đề nghị (its number)
        number: u32,
        /// Lý do (why)
        #[arg(long)]
        reason: String,
    },
    /// Thu hồi phê duyệt: màn hình ngừng phát ngay (take it back: screens stop at once)
    Withdraw(Withdraw),
}

#[derive(Debug, clap::Args)]
pub(super) struct Give {
    /// Số của đề nghị (numbers of proposals)
    #[arg(required_unless_present = "all")]
    numbers: Vec<u32>,
    /// Tất cả đề nghị đang chờ (all that wait)
    #[arg(long, conflicts_with = "numbers")]
    all: bool,
    /// Số, ký hiệu văn bản quyết định (number of the written decision)
    #[arg(long, value_name = "NUMBER")]
    decision: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Withdraw {
    /// Số của đề nghị đã duyệt (number of the approved proposal)
    #[arg(required_unless_present = "media")]
    number: Option<u32>,
    /// Thay vào đó: một tệp, ở mọi nơi (instead: a file, everywhere; SHA-256)
    #[arg(long, conflicts_with = "number")]
    media: Option<MediaHash>,
    /// Lý do (why)
    #[arg(long)]
    reason: String,
}

/// One proposal in a list.
#[derive(Debug, Serialize)]
struct Row {
    number: u32,
    state: State,
    people: usize,
    approved: usize,
    campaign: String,
    title: String,
    places: String,
    from: Option<LocalDay>,
    to: Option<LocalDay>,
    files: usize,
    brought_by: String,
    kept_by: Option<String>,
    permit: String,
}
const COLUMNS: &[&str] = &[
    "number",
    "state",
    "people",
    "approved",
    "campaign",
    "title",
    "places",
    "from",
    "to",
    "files",
    "brought_by",
    "kept_by",
    "permit",
];

/// One proposal in full.
#[derive(Debug, Serialize)]
struct Shown<'p> {
    #[serde(flatten)]
    proposal: &'p Proposal,
    /// Who has made approvers of two who said yes, so that they may be one person.
    one_hand: Option<OneHand>,
}

#[derive(Debug, Serialize)]
struct OneHand {
    by: String,
    /// When he last gave one of them the role.
    given_ms: UtcMillis,
}

fn row(proposal: &Proposal) -> Row {
    let permit = &proposal.draft.permit;
    Row {
        number: proposal.number,
        state: proposal.state,
        people: proposal.draft.needs.people(),
        approved: proposal.said.iter().filter(|said| said.yes).count(),
        campaign: permit.campaign.to_string(),
        title: proposal.draft.title.clone(),
        places: places(permit),
        from: permit.from,
        to: permit.until,
        files: permit.media.len(),
        brought_by: proposal.brought_by.clone(),
        kept_by: proposal.kept_by.clone(),
        permit: proposal.permit.map(short).unwrap_or_default(),
    }
}

/// Runs the command.
pub(super) async fn run(command: Command, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    match command {
        Command::List { all, output } => {
            let proposals = rooms.approvals.proposals().await?;
            let wanted = proposals.iter().filter(|p| all || p.state == State::Open);
            let rows: Vec<Row> = wanted.map(row).collect();
            if output.format != output::Format::Table {
                output::rows(context.lang, output.format, COLUMNS, &rows)?;
                return Ok(ExitCode::SUCCESS);
            }
            // what fits a screen; the rest is in `show` and on the console's page
            let narrow = |r: &Row| (r.number, r.state, r.campaign.clone(), r.title.clone(), r.places.clone());
            let narrow: Vec<_> = rows.iter().map(narrow).collect();
            output::rows(context.lang, output.format, &["number", "state", "campaign", "title", "places"], &narrow)?;
        }
        Command::Show { number } => {
            let proposals = rooms.approvals.proposals().await?;
            let found = proposals.iter().find(|p| p.number == number);
            let proposal = found.ok_or(crate::approval::ApprovalError::Unknown(number))?;
            let given = rooms.people.given_for(Act::Approve).await.map_err(|e| AppError::Failed(e.to_string()))?;
            let hand = rule::one_hand(&proposal.said, &given);
            let one_hand = hand.map(|(by, at)| OneHand { by: by.to_string(), given_ms: at });
            output::json(&Shown { proposal, one_hand })?;
        }
        Command::Give(give) => self::give(give, &rooms, context).await?,
        Command::Refuse { number, reason } => {
            let city = rooms.city().await?;
            rooms.approvals.refuse(number, (&Caller::shell(), &reason), &city.directory).await?;
            context.say(
                &format!("Đề nghị {number} bị từ chối: không được phát."),
                &format!("Proposal {number} is refused: it is not shown."),
            );
        }
        Command::Withdraw(withdraw) => take_back(withdraw, &rooms, context).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn give(give: Give, rooms: &Rooms, context: &Context) -> Result<(), AppError> {
    let by = (&Caller::shell(), give.decision.as_str());
    let mut given = 0;
    if give.all {
        given = rooms.approve_all(by).await?;
    }
    let city = rooms.city().await?;
    for number in give.numbers {
        let said = rooms.approve(number, by, &city.directory).await?;
        given += u32::from(said == Outcome::Approved);
    }
    context.say(
        &format!(
            "Đã duyệt {given} đề nghị trên máy chủ, không bằng tài khoản nào; nhật ký ghi đúng như vậy. Lịch phát được lập lại."
        ),
        &format!("{given} approved at the server's shell, by no account, and the log says so. Plans are made anew."),
    );
    Ok(())
}

async fn take_back(withdraw: Withdraw, rooms: &Rooms, context: &Context) -> Result<(), AppError> {
    let (city, by) = (rooms.city().await?, (&Caller::shell(), withdraw.reason.as_str()));
    match (withdraw.number, withdraw.media) {
        (Some(number), _) => rooms.approvals.withdraw(number, by, &city.directory).await?,
        (None, Some(media)) => rooms.approvals.withdraw_media(media, by, &city.directory).await?,
        (None, None) => return Err(context.refused("NUMBER: hãy ghi số của đề nghị", "NUMBER: say which proposal")),
    }
    context.say(
        "Đã thu hồi: màn hình có mạng ngừng phát trong vài giây, màn hình khác ở lần liên lạc hoặc USB tới.",
        "Withdrawn: screens with a network stop within seconds, others at their next contact or stick.",
    );
    Ok(())
}

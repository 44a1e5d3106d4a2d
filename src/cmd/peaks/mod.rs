//! `lichphat peaks`: when most people are there, from counts: of a file ([`file`]), or week by week for screens
//! that follow their counts ([`weekly`]).

mod file;
mod weekly;

use super::rooms::Rooms;
use super::{Context, output, share};
use crate::directory::table::Field;
use crate::directory::{DirectoryStore, FootfallSubject, Proposal, ProposalState};
use crate::error::AppError;
use crate::lang::Lang;
use lichphat_playlists::peak::DayClass;
use lichphat_playlists::time::LocalDay;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `lichphat peaks`.
#[derive(Debug, clap::Args)]
#[command(subcommand_negates_reqs = true, allow_negative_numbers = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    file: Option<file::Args>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Giờ cao điểm đi theo số đếm, từ hôm nay (a screen or venue:type follows its counts, from today on)
    Follow(Follow),
    /// Thôi đi theo số đếm, từ ngày mai theo giờ của loại địa điểm (it does so no longer than today)
    Unfollow {
        /// Mã màn hình hoặc venue:loại (screen code or venue:type)
        #[arg(value_parser = subject)]
        subject: FootfallSubject,
        #[command(flatten)]
        by: By,
    },
    /// Tính đề xuất cho thứ Hai tới từ các tuần trọn vẹn vừa qua (propose next Monday's profiles; `serve` does it too)
    Propose {
        #[command(flatten)]
        output: output::Args,
    },
    /// Đề xuất chờ duyệt, giờ cũ bên giờ mới (what waits, old windows beside new)
    List {
        /// Cả những đề xuất đã duyệt, đã từ chối, hết hạn (and what was accepted, refused or lapsed)
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        output: output::Args,
    },
    /// Chấp nhận: áp dụng từ ngày của đề xuất, sớm nhất là ngày mai (it applies from its day on, tomorrow at the earliest)
    Accept(Decide),
    /// Từ chối: giờ cũ giữ nguyên (refuse it: nothing changes)
    Refuse(Decide),
}

/// Who answers for it.
#[derive(Debug, clap::Args)]
#[group(skip)]
struct By {
    /// Người chịu trách nhiệm (who says so)
    #[arg(long, value_name = "NAME", value_parser = person)]
    by: String,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
struct Follow {
    /// Mã màn hình hoặc venue:loại (screen code or venue:type)
    #[arg(value_parser = subject)]
    subject: FootfallSubject,
    /// Số tuần trọn vẹn làm căn cứ (complete weeks that a proposal rests on)
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=52))]
    weeks: u32,
    /// Phần lượt người mà giờ cao điểm phải chứa (share of the people that the windows hold)
    #[arg(long, value_name = "SHARE", value_parser = above_zero, default_value = "0.5")]
    share: u32,
    #[command(flatten)]
    by: By,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
struct Decide {
    /// Số của đề xuất (its number)
    id: u32,
    #[command(flatten)]
    by: By,
}

fn subject(text: &str) -> Result<FootfallSubject, String> {
    FootfallSubject::read(text).map_err(|mend| mend.en)
}

fn above_zero(text: &str) -> Result<u32, String> {
    share::permille(text).and_then(|s| if s == 0 { Err("it must be above 0".into()) } else { Ok(s) })
}

fn person(text: &str) -> Result<String, String> {
    let name = text.trim();
    let fits = (1..=200).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err("write the name of a person or an office".into()) }
}

/// One class of day of one proposal.
#[derive(Debug, Serialize)]
struct Row {
    id: u32,
    subject: String,
    state: ProposalState,
    valid_from: LocalDay,
    days: DayClass,
    before: String,
    windows: String,
    days_counted: u32,
    counts_from: LocalDay,
    counts_to: LocalDay,
    share_permille: u32,
    by: Option<String>,
    applies_from: Option<LocalDay>,
}
const COLUMNS: &[&str] = &[
    "id",
    "subject",
    "state",
    "valid_from",
    "days",
    "before",
    "windows",
    "days_counted",
    "counts_from",
    "counts_to",
    "share_permille",
    "by",
    "applies_from",
];

fn rows(proposal: &Proposal) -> impl Iterator<Item = Row> + '_ {
    let derived = &proposal.draft.derived;
    derived.classes.iter().map(|(class, of_class)| Row {
        id: proposal.id,
        subject: proposal.draft.subject.to_string(),
        state: proposal.state,
        valid_from: proposal.draft.valid_from,
        days: *class,
        before: of_class.before.0.text(),
        windows: of_class.peaks.windows.0.text(),
        days_counted: of_class.days,
        counts_from: derived.first,
        counts_to: derived.last,
        share_permille: derived.share_permille,
        by: proposal.decision.as_ref().map(|d| d.by.clone()),
        applies_from: proposal.decision.as_ref().and_then(|d| d.from),
    })
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let command = match (args.command, args.file) {
        (None, Some(file)) => return file::run(&file, context).await,
        (Some(command), None) => command,
        _ => {
            return Err(context.refused(
                "peaks: hãy cho --counts TỆP và --operating GIỜ, hoặc một lệnh con, không cả hai",
                "peaks: give --counts FILE and --operating HOURS, or a subcommand, not both",
            ));
        }
    };
    let rooms = Rooms::open(context)?;
    match command {
        Command::Follow(Follow { subject, weeks, share, by }) => {
            rooms.follow_counts(&subject, weeks, share, &by.by).await?;
            context.say(
                &format!("{subject} đi theo số đếm; đề xuất từ {weeks} tuần trọn vẹn, chỉ áp dụng khi được chấp nhận."),
                &format!(
                    "{subject} follows its counts; proposals rest on {weeks} complete weeks and apply once accepted."
                ),
            );
        }
        Command::Unfollow { subject, by } => {
            rooms.unfollow_counts(&subject, &by.by).await?;
            context.say(
                &format!("{subject} thôi đi theo số đếm; từ ngày mai theo giờ của loại địa điểm."),
                &format!("{subject} follows its counts until today; from tomorrow on the hours of its venue hold."),
            );
        }
        Command::Propose { output } => {
            let new = rooms.propose_peaks().await?;
            context
                .say(&format!("{new} đề xuất mới hoặc đã đổi."), &format!("{new} proposals are new or have changed."));
            list(&rooms, context.lang, 0, output).await?;
        }
        Command::List { all, output } => list(&rooms, context.lang, if all { u32::MAX } else { 0 }, output).await?,
        Command::Accept(Decide { id, by }) => decide(&rooms, context, id, true, &by.by).await?,
        Command::Refuse(Decide { id, by }) => decide(&rooms, context, id, false, &by.by).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(rooms: &Rooms, lang: Lang, decided: u32, output: output::Args) -> Result<(), AppError> {
    let proposals = rooms.store.peak_proposals(decided).await?;
    let rows: Vec<Row> = proposals.iter().flat_map(rows).collect();
    if output.format != output::Format::Table {
        return output::rows(lang, output.format, COLUMNS, &rows);
    }
    // what fits a screen; the rest is for programs, and on the console's page
    let columns = ["id", "subject", "state", "valid_from", "days", "before", "windows"];
    let narrow = |r: &Row| {
        (
            r.id,
            r.subject.clone(),
            r.state,
            r.valid_from,
            r.days,
            r.before.replace(';', " "),
            r.windows.replace(';', " "),
        )
    };
    output::rows(lang, output.format, &columns, &rows.iter().map(narrow).collect::<Vec<_>>())
}

async fn decide(rooms: &Rooms, context: &Context, id: u32, accepted: bool, by: &str) -> Result<(), AppError> {
    let (proposal, from) = rooms.decide_peaks(id, accepted, by).await?;
    let subject = &proposal.draft.subject;
    match from {
        Some(from) => context.say(
            &format!("Đề xuất {id} ({subject}) được chấp nhận: áp dụng từ {}.", context.lang.day(from)),
            &format!("Proposal {id} ({subject}) is accepted: it applies from {} on.", context.lang.day(from)),
        ),
        None => context.say(
            &format!("Đề xuất {id} ({subject}) bị từ chối: giờ cũ giữ nguyên."),
            &format!("Proposal {id} ({subject}) is refused: nothing changes."),
        ),
    }
    Ok(())
}

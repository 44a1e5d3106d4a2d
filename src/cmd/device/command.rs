//! `lichphat device command`: something is asked of a player, and its answer waited for.

use super::super::{Context, output, rooms::Rooms};
use crate::error::AppError;
use crate::fleet::Asked;
use crate::lang::Lang;
use crate::people::Caller;
use base64::Engine as _;
use lichphat_playlists::ids::{CommandId, ScreenCode};
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use lichphat_playlists::wire::command::{Ask, Outcome};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Commands that `answers` lists.
const LISTED: u32 = 20;
/// How often the store is looked at for an answer.
const LOOK: Duration = Duration::from_millis(300);

/// Arguments of `lichphat device command`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Args {
    /// Mã màn hình (screen)
    #[arg(long)]
    screen: ScreenCode,
    /// Người yêu cầu (who asks) [default: the user of this session]
    #[arg(long, global = true, value_name = "NAME")]
    by: Option<String>,
    /// Chờ kết quả bao nhiêu giây (seconds to wait for the answer; 0: do not wait)
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 90)]
    wait_s: u32,
    /// Tệp ghi ảnh (file the picture is written to) [default: SCREEN-NUMBER.jpg]
    #[arg(long, global = true, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(subcommand)]
    ask: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Ảnh chụp màn hình (what the screen shows)
    Screenshot,
    /// Khởi động lại trình phát (stop in order and start again)
    Restart,
    /// Hiện to mã và tên màn hình trong 30 giây (show large which screen it is)
    Identify,
    /// Âm lượng, phần trăm của mức nơi đặt cho phép (turn the sound down, per cent of what the place allows)
    Volume {
        /// 0-100
        #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
    /// Những dòng nhật ký kỹ thuật cuối cùng (the last lines of its log)
    Log {
        /// 1-500
        #[arg(default_value_t = 100)]
        lines: u32,
    },
    /// Hiện mã để thanh tra chụp ảnh, trong 60 giây (show a code that an inspector photographs)
    Challenge,
}

/// Arguments of `lichphat device answers`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Answers {
    /// Mã màn hình (screen)
    #[arg(long)]
    screen: ScreenCode,
    #[command(flatten)]
    output: output::Args,
}

/// One command and what became of it.
#[derive(Debug, Serialize)]
struct Row {
    id: CommandId,
    asked: String,
    by: String,
    command: &'static str,
    expires: String,
    answered: Option<String>,
    outcome: String,
}

const COLUMNS: [&str; 7] = ["id", "asked", "by", "command", "expires", "answered", "outcome"];

impl Row {
    fn of(asked: &Asked, lang: Lang, now: UtcMillis, offset: UtcOffset) -> Self {
        Self {
            id: asked.id,
            asked: asked.asked.rfc3339(offset),
            by: asked.by.clone(),
            command: asked.ask.word(),
            expires: asked.expires.rfc3339(offset),
            answered: asked.answer.as_ref().map(|(at, _)| at.rfc3339(offset)),
            outcome: lang.outcome(asked.outcome(now).as_ref(), offset),
        }
    }
}

/// Lists what was asked lately.
pub(super) async fn answers(args: &Answers, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    context.screen(&rooms.city().await?.directory, &args.screen)?;
    let now = rooms.clock.now();
    let asked = rooms.fleet.asked(&args.screen, LISTED).await?;
    let rows: Vec<Row> = asked.iter().map(|a| Row::of(a, context.lang, now, rooms.offset)).collect();
    output::rows(context.lang, args.output.format, &COLUMNS, &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let city = rooms.city().await?;
    let ask = match args.ask {
        What::Screenshot => Ask::Screenshot,
        What::Restart => Ask::Restart,
        What::Identify => Ask::Identify { name: context.screen(&city.directory, &args.screen)?.name.clone() },
        What::Volume { percent } => Ask::Volume { percent },
        What::Log { lines } => Ask::Log { lines },
        What::Challenge => rooms.fleet.challenge(),
    };
    let by = args.by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "command line".to_owned());
    let id = rooms.fleet.ask(args.screen.clone(), ask, &Caller::shell(), Some(&by)).await?;
    context.say(&format!("Đã gửi yêu cầu số {id}."), &format!("Command {id} is asked."));
    for _ in 0..Duration::from_secs(args.wait_s.into()).div_duration_f64(LOOK).ceil() as u64 {
        let asked = rooms.fleet.asked(&args.screen, LISTED).await?;
        let outcome = asked.iter().find(|a| a.id == id).and_then(|a| a.outcome(rooms.clock.now()));
        if let Some(outcome) = outcome {
            let out = args.out.unwrap_or_else(|| PathBuf::from(format!("{}-{id}.jpg", args.screen)));
            return show(&outcome, &out, context, rooms.offset);
        }
        tokio::time::sleep(LOOK).await;
    }
    if args.wait_s > 0 {
        context.say(
            "Thiết bị chưa trả lời. Xem sau bằng: lichphat device answers",
            "The player has not answered yet. Look later: lichphat device answers",
        );
    }
    Ok(ExitCode::from(u8::from(args.wait_s > 0)))
}

/// Says what became of it; 1 when it was not done.
fn show(outcome: &Outcome, out: &std::path::Path, context: &Context, offset: UtcOffset) -> Result<ExitCode, AppError> {
    let said = context.lang.outcome(Some(outcome), offset);
    output::words(&said);
    match outcome {
        Outcome::Picture { jpeg } => {
            let decoded = base64::engine::general_purpose::STANDARD_NO_PAD.decode(jpeg);
            let bytes = decoded.map_err(|e| AppError::Failed(format!("the picture: {e}")))?;
            output::file(out, &bytes)?;
            context.say(&format!("Đã ghi {}", out.display()), &format!("Wrote {}", out.display()));
        }
        Outcome::Log { text } => output::text(&format!("{text}\n"))?,
        Outcome::Failed { .. } | Outcome::Expired => return Ok(ExitCode::from(1)),
        Outcome::Done | Outcome::Shown(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

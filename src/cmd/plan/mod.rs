//! `lichphat plan`: one day from a file ([`instance`]); `run` plans the horizon, `export` hands a day to
//! the checkers.

mod instance;

use super::{Context, output, rooms::Rooms};
use crate::error::AppError;
use crate::planning::PlanningError;
use crate::planning::why::plays;
use indicatif::{ProgressBar, ProgressStyle};
use lichphat_playlists::ids::ScreenCode;
use lichphat_playlists::plan::Solution;
use lichphat_playlists::time::LocalDay;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `lichphat plan`.
#[derive(Debug, clap::Args)]
#[command(subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    instance: Option<instance::Args>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lập lịch từ hôm nay và gửi tới thiết bị (plan from today on and publish)
    Run(Run),
    /// Xuất bài toán và lời giải của một ngày (write a day's problem and plan for the checkers)
    Export(Export),
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Chỉ màn hình này (only this screen; may be given several times)
    #[arg(long)]
    screen: Vec<ScreenCode>,
    /// Lý do, ghi vào phiên bản mới (why, kept with new versions)
    #[arg(long, default_value = "planned by hand")]
    cause: String,
}

#[derive(Debug, clap::Args)]
struct Export {
    /// Mã màn hình (screen)
    #[arg(long)]
    screen: ScreenCode,
    /// Ngày (day)
    #[arg(long)]
    day: LocalDay,
    /// Tệp bài toán, dayplan-instance/1 (problem)
    #[arg(long, value_name = "FILE")]
    instance: PathBuf,
    /// Tệp lời giải, dayplan-solution/1 (plan)
    #[arg(long, value_name = "FILE")]
    solution: PathBuf,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let command = match (args.command, args.instance) {
        (Some(command), None) => command,
        (None, Some(args)) => return instance::run(&args, context),
        _ => {
            return Err(context.refused(
                "plan: hãy cho --instance TỆP, hoặc một trong run, export, không cả hai",
                "plan: give --instance FILE, or one of run, export, not both",
            ));
        }
    };
    let rooms = Rooms::open(context)?;
    match command {
        Command::Run(args) => {
            let city = rooms.city().await?;
            for screen in &args.screen {
                context.screen(&city.directory, screen)?;
            }
            let wanted = |s: &crate::directory::Screen| args.screen.is_empty() || args.screen.contains(&s.code);
            let bar = progress(context.lang.pick("Lập lịch", "Planning"));
            let done = rooms.plan_showing(&city, wanted, &args.cause, &bar).await;
            bar.finish_and_clear();
            let done = done?;
            context.say(
                &format!(
                    "Đã xem {} ngày-màn hình: {} phiên bản mới, {} không đổi.",
                    done.screen_days, done.published, done.unchanged
                ),
                &format!(
                    "{} screen-days: {} new versions, {} unchanged.",
                    done.screen_days, done.published, done.unchanged
                ),
            );
            output::json(&done)?;
            if !done.left_out.is_empty() {
                context.say(
                    &format!(
                        "{} ngày-màn hình không lập được lịch (xem left_out); thiết bị giữ lịch đang có.",
                        done.left_out.len()
                    ),
                    &format!(
                        "{} screen-days could not be planned (see left_out); devices keep what they have.",
                        done.left_out.len()
                    ),
                );
                return Ok(ExitCode::from(1));
            }
        }
        Command::Export(args) => export(&rooms, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar on a terminal, nothing elsewhere.
fn progress(words: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.with_message(words)
}

async fn export(rooms: &Rooms, args: &Export) -> Result<(), AppError> {
    let none = || PlanningError::NoPlan { screen: args.screen.clone(), day: args.day };
    let stored = rooms.planning.store().newest(&args.screen, args.day).await?.ok_or_else(none)?;
    let solution = Solution::new(stored.problem.id.clone(), plays(&stored));
    write(&args.instance, &stored.problem)?;
    write(&args.solution, &solution)
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), AppError> {
    let text = serde_json::to_string_pretty(value).map_err(|e| AppError::Failed(format!("json: {e}")))?;
    output::file(path, (text + "\n").as_bytes())
}

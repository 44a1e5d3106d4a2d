//! `lichphat why`: why this plays and that does not, naming rule and record.

use super::{Context, output, rooms::Rooms};
use crate::error::AppError;
use crate::lang::Lang;
use crate::planning::why::{Asked, explain};
use lichphat_playlists::ids::{CampaignCode, ScreenCode};
use lichphat_playlists::plan::Lang as Tongue;
use lichphat_playlists::time::{LocalDay, clock_text, parse_clock};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Arguments of `lichphat why`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Mã màn hình (screen)
    #[arg(long)]
    screen: ScreenCode,
    /// Mã đợt truyền thông (campaign)
    #[arg(long)]
    campaign: CampaignCode,
    /// Lúc nào: "2026-11-20 08:15" hoặc "08:15" hôm nay (moment)
    #[arg(long)]
    at: String,
    #[command(flatten)]
    output: output::Args,
}

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let wrong = |e: &dyn std::fmt::Display| {
        let at = &args.at;
        let vi =
            format!("--at {at:?}: không phải một lúc có thật; hãy viết theo mẫu \"2026-11-20 08:15\" hoặc \"08:15\"");
        context.refused(vi, format!("--at {at:?}: {e}"))
    };
    let (day, clock) = match args.at.trim().split_once(' ') {
        Some((day, clock)) => (day.parse::<LocalDay>().map_err(|e| wrong(&e))?, clock),
        None => (rooms.today(), args.at.trim()),
    };
    let second = parse_clock(clock).map_err(|e| wrong(&e))?;
    let city = rooms.city().await?;
    let screen = context.screen(&city.directory, &args.screen)?;
    let stored = rooms.planning.store().newest(&args.screen, day).await?;
    let tongue = if context.lang == Lang::En { Tongue::En } else { Tongue::Vi };
    let (world, store) = (city.world(), rooms.planning.store());
    let facts = store.facts_of(&args.screen, world.facts_from(day)).await?;
    let answer = explain(&Asked {
        world,
        screen,
        stored: stored.as_ref(),
        facts: facts.get(&args.campaign).unwrap_or(&BTreeMap::new()),
        campaign: &args.campaign,
        day,
        second,
        today: rooms.today(),
        lang: tongue,
    });
    if args.output.format == output::Format::Json {
        output::json(&answer)?;
    } else {
        output::rows(
            context.lang,
            args.output.format,
            &["rule", "text", "record"],
            &[(&answer.rule, &answer.text, &answer.record)],
        )?;
    }
    context.say(
        &format!("{} lúc {} ngày {day}.", args.screen, clock_text(second)),
        &format!("{} at {} on {day}.", args.screen, clock_text(second)),
    );
    Ok(ExitCode::SUCCESS)
}

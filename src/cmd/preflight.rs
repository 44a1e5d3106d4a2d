//! `lichphat preflight DIRECTIVE`: before an order is signed, who can carry it and who cannot.

use super::{Context, import, output, rooms::Rooms};
use crate::campaigns::Directive;
use crate::error::AppError;
use crate::lang::Lang;
use crate::planning::preflight::{ScreenAnswer, preflight};
use lichphat_playlists::ids::DirectiveCode;
use lichphat_playlists::time::LocalDay;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lichphat preflight`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Tệp văn bản hoặc mã văn bản đã nhập (directive: a TOML file, or the code of an imported one)
    directive: String,
    /// Ngày đầu xem xét (first day looked at) [default: the order's first day from today on]
    #[arg(long)]
    from: Option<LocalDay>,
    /// Số ngày xem xét (days looked at)
    #[arg(long, default_value_t = 7)]
    days: u32,
    #[command(flatten)]
    output: output::Args,
}

#[derive(Serialize)]
struct Row<'a> {
    screen: &'a str,
    days: u32,
    asked: u32,
    placed: u32,
    can: bool,
    windows: &'a str,
    lacks_s: u32,
    contracts_displaced: u32,
    reason: &'a str,
}
const COLUMNS: &[&str] =
    &["screen", "days", "asked", "placed", "can", "windows", "lacks_s", "contracts_displaced", "reason"];

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let rooms = Rooms::open(context)?;
    let mut city = rooms.city().await?;
    let path = PathBuf::from(&args.directive);
    let code = if path.is_file() {
        let (batch, code, clips) = import::read_directive(context, &rooms.store, &path).await?;
        city.campaigns.apply(batch);
        city.media.extend(clips.into_iter().map(|clip| (clip.hash, clip)));
        code
    } else {
        DirectiveCode::new(args.directive.clone()).map_err(|e| AppError::Usage(format!("DIRECTIVE: {e}")))?
    };
    let directive = city.campaigns.directive(&code).cloned().ok_or_else(|| {
        AppError::Usage(format!(
            "DIRECTIVE {code}: is neither a file nor an imported directive; check the path or the code"
        ))
    })?;
    let days = days(&directive, &args, rooms.today())?;
    let targeted =
        |s: &crate::directory::Screen| days.iter().any(|d| directive.binds(&city.directory, s, *d).is_some());
    let all = city.directory.screens().filter(|s| targeted(s)).count();
    let inputs = rooms.inputs(&city, &days, targeted).await?;
    for screen in &inputs.without_fallback {
        context.say(
            &format!("{screen}: không có lịch vì chưa có nội dung dự phòng nào phù hợp"),
            &format!("{screen}: is not planned: no safe loop fits it"),
        );
    }
    for lost in inputs.unplayable.iter().filter(|u| u.code.as_str() == code.as_str()) {
        context.say(
            &format!("{} ({}): chưa có tệp trong kho nội dung", lost.code, lost.variant),
            &format!("{} ({}): {}", lost.code, lost.variant, lost.problem),
        );
    }
    let answers = preflight(&inputs.days, &directive.campaign())?;
    let english = context.lang == Lang::En;
    let rows: Vec<Row<'_>> = answers.iter().map(|a| row(a, english)).collect();
    output::rows(args.output.format, COLUMNS, &rows)?;
    say(context, &answers, all);
    Ok(ExitCode::SUCCESS)
}

fn days(directive: &Directive, args: &Args, today: LocalDay) -> Result<Vec<LocalDay>, AppError> {
    let wished = args.from.unwrap_or(today);
    let ended = || {
        AppError::Usage(format!(
            "DIRECTIVE {}: has no day from {wished} on (it ended on {}); give --from, or extend it with an amendment",
            directive.code, directive.to
        ))
    };
    let (first, last) = directive.periods().into_iter().find(|(_, last)| *last >= wished).ok_or_else(ended)?;
    let from = first.max(wished);
    Ok(from.through(last.min(from.plus(args.days.clamp(1, 45) - 1))).collect())
}

fn row(a: &ScreenAnswer, english: bool) -> Row<'_> {
    Row {
        screen: a.screen.as_str(),
        days: a.days,
        asked: a.asked,
        placed: a.placed,
        can: a.can(),
        windows: &a.windows,
        lacks_s: a.lacks_s,
        contracts_displaced: a.contracts_displaced,
        reason: if english { &a.reason_en } else { &a.reason_vi },
    }
}

fn say(context: &Context, answers: &[ScreenAnswer], targeted: usize) {
    let can = answers.iter().filter(|a| a.can()).count();
    let lacks_s: u32 = answers.iter().map(|a| a.lacks_s).sum();
    let displaced: u32 = answers.iter().map(|a| a.contracts_displaced).sum();
    let cannot = answers.len() - can;
    context.say(
        &format!(
            "{targeted} màn hình thuộc diện thực hiện: {can} phát đủ được, {cannot} không đủ chỗ (thiếu {lacks_s} giây), {} không có lịch; hợp đồng mất {displaced} lượt/ngày.",
            targeted - answers.len()
        ),
        &format!(
            "{targeted} screens targeted: {can} can carry it, {cannot} lack room ({lacks_s} s), {} are not planned by us or off duty; contracts lose {displaced} plays a day.",
            targeted - answers.len()
        ),
    );
}

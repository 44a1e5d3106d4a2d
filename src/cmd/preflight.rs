//! `lichphat preflight DIRECTIVE`: before an order is signed, who can carry it and who cannot.

use super::{Context, import, output, rooms::Rooms};
use crate::campaigns::{Directive, DirectiveKind};
use crate::error::AppError;
use crate::lang::Lang;
use crate::planning::preflight::{Displaced, Preflight, Question, ScreenAnswer, Summary, preflight};
use lichphat_playlists::ids::DirectiveCode;
use lichphat_playlists::plan::Lang as Tongue;
use lichphat_playlists::time::{IntervalSet, LocalDay};
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

/// One screen in tables and CSV.
#[derive(Serialize)]
struct Row<'a> {
    screen: &'a str,
    name: &'a str,
    result: &'static str,
    days: u32,
    asked: u32,
    placed: u32,
    windows: &'a str,
    lacks_s: u32,
    displaced_plays: u32,
    displaced_s: u32,
    reason: &'a str,
}
const COLUMNS: &[&str] = &[
    "screen",
    "name",
    "result",
    "days",
    "asked",
    "placed",
    "windows",
    "lacks_s",
    "displaced_plays",
    "displaced_s",
    "reason",
];

/// One contract in the table below the screens'.
#[derive(Serialize)]
struct ContractRow<'a> {
    contract: &'a str,
    title: &'a str,
    screens: u32,
    plays_per_day: u64,
    seconds_per_day: u64,
    most_plays: u32,
}
const CONTRACT_COLUMNS: &[&str] = &["contract", "title", "screens", "plays_per_day", "seconds_per_day", "most_plays"];

/// The JSON form: what was asked, then the whole answer.
#[derive(Serialize)]
struct Document<'a> {
    directive: &'a DirectiveCode,
    title: &'a str,
    from: LocalDay,
    to: LocalDay,
    /// The smallest step that helps; none when nothing is short, or nothing helps.
    relaxation: Option<&'a crate::planning::preflight::Relaxation>,
    #[serde(flatten)]
    answer: &'a Preflight,
}

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
        DirectiveCode::new(args.directive.clone()).map_err(|e| {
            let given = &args.directive;
            context.refused(
                format!(
                    "DIRECTIVE {given:?}: không phải tệp, cũng không phải mã (1 đến 64 ký tự trong a-z A-Z 0-9 . _ -)"
                ),
                format!("DIRECTIVE: {e}"),
            )
        })?
    };
    let city = city.granting();
    let directive = city.campaigns.directive(&code).cloned().ok_or_else(|| {
        context.refused(
            format!("DIRECTIVE {code}: không phải tệp, cũng không phải văn bản đã nhập; hãy xem lại đường dẫn hoặc mã"),
            format!("DIRECTIVE {code}: is neither a file nor an imported directive; check the path or the code"),
        )
    })?;
    let days = days(&directive, &args, rooms.today(), context)?;
    let question = Question { world: city.world(), directive: &directive, days: &days };
    let answer = preflight(&question, &rooms.basis(city.world(), &days, &[]).await?)?;
    for lost in answer.unplayable.iter().filter(|u| u.code.as_str() == code.as_str()) {
        context.say(
            &format!("{} ({}): chưa có tệp trong kho nội dung", lost.code, lost.variant),
            &format!("{} ({}): {}", lost.code, lost.variant, lost.problem),
        );
    }
    print(&args, context.lang, &directive, &days, &answer)?;
    for (vi, en) in words(&answer) {
        context.say(&vi, &en);
    }
    Ok(ExitCode::SUCCESS)
}

fn days(directive: &Directive, args: &Args, today: LocalDay, context: &Context) -> Result<Vec<LocalDay>, AppError> {
    let code = &directive.code;
    if directive.kind == DirectiveKind::Suspend || directive.quota.is_none() {
        return Err(context.refused(
            format!("DIRECTIVE {code}: không yêu cầu số lượt nào, nên không có gì để xem trước khi ký"),
            format!(
                "DIRECTIVE {code}: asks for no number of plays, so there is nothing to look at before it is signed"
            ),
        ));
    }
    let wished = args.from.unwrap_or(today);
    let ended = || {
        let to = directive.to;
        context.refused(
            format!("DIRECTIVE {code}: không còn ngày nào từ {wished} (đã hết hiệu lực ngày {to}); hãy cho --from, hoặc gia hạn bằng văn bản sửa đổi"),
            format!("DIRECTIVE {code}: has no day from {wished} on (it ended on {to}); give --from, or extend it with an amendment"),
        )
    };
    let (first, last) = directive.periods().into_iter().find(|(_, last)| *last >= wished).ok_or_else(ended)?;
    let from = first.max(wished);
    Ok(from.through(last.min(from.plus(args.days.clamp(1, 45) - 1))).collect())
}

fn print(
    args: &Args,
    lang: Lang,
    directive: &Directive,
    days: &[LocalDay],
    answer: &Preflight,
) -> Result<(), AppError> {
    let (Some(&from), Some(&to)) = (days.first(), days.last()) else { return Ok(()) };
    if args.output.format == output::Format::Json {
        let (directive, title) = (&directive.code, directive.title.as_str());
        return output::json(&Document { directive, title, from, to, relaxation: answer.relaxations.first(), answer });
    }
    let rows: Vec<Row<'_>> = answer.screens.iter().map(|a| row(a, lang)).collect();
    output::rows(lang, args.output.format, COLUMNS, &rows)?;
    if args.output.format == output::Format::Table && !answer.contracts.is_empty() {
        let rows: Vec<ContractRow<'_>> = answer.contracts.iter().map(contract).collect();
        output::rows(lang, args.output.format, CONTRACT_COLUMNS, &rows)?;
    }
    Ok(())
}

fn row(a: &ScreenAnswer, lang: Lang) -> Row<'_> {
    Row {
        screen: a.screen.as_str(),
        name: &a.name,
        result: a.outcome.code(),
        days: a.days,
        asked: a.asked,
        placed: a.placed,
        windows: &a.windows,
        lacks_s: a.lacks_s,
        displaced_plays: a.displaced_plays,
        displaced_s: a.displaced_s,
        reason: lang.pick(&a.reason_vi, &a.reason_en),
    }
}

fn contract(c: &Displaced) -> ContractRow<'_> {
    ContractRow {
        contract: c.contract.as_str(),
        title: &c.title,
        screens: c.screens,
        plays_per_day: c.plays_per_day,
        seconds_per_day: c.seconds_per_day,
        most_plays: c.most_plays,
    }
}

/// The answer in sentences, Vietnamese and English: the sum, the worst hours, the contracts, what would help.
fn words(answer: &Preflight) -> Vec<(String, String)> {
    const MOST: usize = 3;
    let mut words = vec![sum(&answer.summary)];
    for h in answer.hours.iter().take(MOST) {
        let windows = IntervalSet::parse(&h.windows).unwrap_or_default();
        let (vi, en) = (Tongue::Vi.windows(&windows), Tongue::En.windows(&windows));
        words.push((
            format!("{vi}: {} màn hình thiếu chỗ, nhiều nhất {} giây/ngày.", h.screens, h.most_s),
            format!("{en}: too little room on {} screens, at most {} s a day.", h.screens, h.most_s),
        ));
    }
    for c in answer.contracts.iter().take(MOST) {
        let Displaced { contract, title, screens, plays_per_day, seconds_per_day, .. } = c;
        words.push((
            format!("Hợp đồng {contract} ({title}) mất {plays_per_day} lượt ({seconds_per_day} giây) mỗi ngày, trên {screens} màn hình."),
            format!("Contract {contract} ({title}) loses {plays_per_day} plays ({seconds_per_day} s) a day, on {screens} screens."),
        ));
    }
    if answer.summary.cannot > 0 {
        words.push(answer.relaxations.first().map_or_else(
            || {
                (
                    "Chưa có cách nới nào trong các cách đã thử giúp được: khoảng cách, số lượt, khung giờ, hợp đồng."
                        .to_owned(),
                    "No relaxation that was tried helps: gap, plays, windows, contracts.".to_owned(),
                )
            },
            |r| (format!("Cách nới nhỏ nhất: {}", lower(&r.vi)), format!("Smallest relaxation: {}", lower(&r.en))),
        ));
    }
    words
}

fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn sum(s: &Summary) -> (String, String) {
    let Summary {
        targeted, can, cannot, off_duty, not_managed, no_variant, no_fallback, nothing_asked, lacks_s, ..
    } = s;
    let parts = |list: [(&u32, &str); 5]| -> String {
        list.iter().filter(|(n, _)| **n > 0).map(|(n, what)| format!(", {n} {what}")).collect()
    };
    let vi = parts([
        (not_managed, "không do hệ thống phát"),
        (off_duty, "không hoạt động trong những ngày này"),
        (no_variant, "chưa có bản nội dung phù hợp"),
        (no_fallback, "chưa có nội dung an toàn"),
        (nothing_asked, "không phải phát lượt nào"),
    ]);
    let en = parts([
        (not_managed, "are not ours to play on"),
        (off_duty, "are off duty on these days"),
        (no_variant, "have no variant they could play"),
        (no_fallback, "have no safe loop"),
        (nothing_asked, "are asked for nothing"),
    ]);
    (
        format!(
            "{targeted} màn hình thuộc diện thực hiện: {can} phát đủ được, {cannot} không đủ chỗ (thiếu {lacks_s} giây/ngày){vi}."
        ),
        format!("{targeted} screens targeted: {can} can carry it, {cannot} lack room ({lacks_s} s a day){en}."),
    )
}

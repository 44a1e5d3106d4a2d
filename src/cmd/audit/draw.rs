//! `lichphat audit draw` and `redraw`.

use super::super::rooms::{City, Rooms};
use super::super::{Context, output, period::Period};
use super::result;
use crate::error::AppError;
use crate::lang::Lang;
use crate::sampling::{Difference, Question};
use lichphat_playlists::ids::{MediaHash, Sha256Hash};
use lichphat_playlists::proof::sample::{Aim, Draw, Item, Kind, Share};
use lichphat_playlists::time::{LocalDay, clock_text};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lichphat audit draw`. Days that are over: of what was counted; days from tomorrow on: of what is planned.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Args {
    #[command(flatten)]
    period: Period,
    /// Độ tin cậy (confidence)
    #[arg(long, value_name = "SHARE", default_value = "0.95")]
    confidence: Share,
    /// Tỷ lệ sai tối đa cho phép (share of bad plays that is too much)
    #[arg(long, value_name = "SHARE", default_value = "0.01")]
    max_bad: Share,
    /// Con số công khai mà không ai chọn trước được, ví dụ "XSMB 2026-11-26: 48213" (public, chosen by nobody)
    #[arg(long, value_name = "PUBLIC")]
    seed: Option<String>,
    /// Tệp ghi lần rút mẫu, đủ để người khác rút lại (file that is enough to draw again, JSON)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: output::Args,
}

/// Arguments of `lichphat audit redraw`.
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Redraw {
    /// Tệp của lần rút mẫu (file that `draw --out` wrote)
    file: PathBuf,
    #[command(flatten)]
    output: output::Args,
}

/// One line of the list; the columns of [`crate::sampling::TABLE`].
#[derive(Serialize)]
pub(super) struct Row<'a> {
    draw: String,
    n: u32,
    screen: &'a str,
    name: &'a str,
    place: &'a str,
    day: LocalDay,
    time: String,
    length_s: u32,
    variant: &'a str,
    media_name: &'a str,
    media_file: &'a str,
    media: Sha256Hash,
    record: String,
    pub(super) result: &'static str,
    pub(super) by: &'a str,
    pub(super) at: String,
    pub(super) note: &'a str,
    pub(super) photo: String,
    pub(super) code: &'a str,
}

/// One line for people: where, when, what.
#[derive(Serialize)]
struct Short<'a> {
    n: u32,
    day: LocalDay,
    time: String,
    screen: &'a str,
    name: &'a str,
    place: &'a str,
    media_name: &'a str,
}
const SHORT: &[&str] = &["n", "day", "time", "screen", "name", "place", "media_name"];

/// The columns of a list.
pub(super) fn columns() -> Vec<&'static str> {
    crate::sampling::TABLE.columns.iter().map(|c| c.name).collect()
}

/// The first digits of a draw's hash: enough to name it.
pub(super) fn name_of(draw: &Draw) -> String {
    draw.hash().hex()[..12].to_owned()
}

/// When a play starts, local time.
fn time_of(draw: &Draw, item: &Item) -> String {
    clock_text(item.start_ms.local(draw.offset_min).1 / 1000)
}

/// A line of the list, without a finding.
pub(super) fn row<'a>(draw: &Draw, name: &str, item: &'a Item) -> Row<'a> {
    Row {
        draw: name.to_owned(),
        n: item.n,
        screen: item.screen.as_str(),
        name: &item.name,
        place: &item.place,
        day: item.day,
        time: time_of(draw, item),
        length_s: item.length_s,
        variant: &item.variant,
        media_name: &item.media_name,
        media_file: item.media_file.as_deref().unwrap_or_default(),
        media: item.media,
        record: item.record.map_or_else(String::new, |r| format!("{}/{}/{}", r.device, r.epoch, r.seq)),
        result: "",
        by: "",
        at: String::new(),
        note: "",
        photo: String::new(),
        code: "",
    }
}

fn names(city: &City, items: Vec<crate::library::MediaItem>) -> BTreeMap<MediaHash, String> {
    let known = |item: &crate::library::MediaItem| city.media.contains_key(&item.media.hash);
    items.into_iter().filter(known).map(|item| (item.media.hash, item.name)).collect()
}

/// Draws.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let Some(seed) = args.seed else {
        return Err(context.refused(
            "--seed: chưa có. Hãy dùng một con số công khai mà không ai chọn được và chỉ có sau khi lịch đã chốt, ví dụ kết quả xổ số tối nay: --seed \"XSMB 2026-11-26: 48213\"",
            "--seed: is missing. Take something public that nobody can choose and that comes out after the plans stand, tonight's lottery for example: --seed \"XSMB 2026-11-26: 48213\"",
        ));
    };
    let (from, to) = args.period.days(context)?;
    let rooms = Rooms::open(context)?;
    let city = rooms.city().await?;
    let names = names(&city, rooms.library.list().await?);
    let aim = Aim { confidence: args.confidence, max_bad: args.max_bad };
    let question = Question { campaign: args.period.campaign, from, to, aim, seed };
    let (draw, others) = rooms.sampling.draw((&city.directory, &city.campaigns), &names, question).await?;
    if let Some(out) = &args.out {
        let json = serde_json::to_vec_pretty(&draw).map_err(|e| AppError::Failed(format!("draw: {e}")))?;
        output::file(out, &json)?;
    }
    print(&draw, args.output.format, context.lang)?;
    say(&draw, &others, context);
    result::say_turn(&draw, &rooms.sampling.drawn().await?, context);
    if let Some(out) = args.out.as_deref().map(std::path::Path::display) {
        context.say(
            &format!("Đã ghi {out}. Ai có tệp này cũng rút lại được: lichphat audit redraw {out}"),
            &format!("Wrote {out}. Whoever has it can draw again: lichphat audit redraw {out}"),
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn print(draw: &Draw, format: output::Format, lang: Lang) -> Result<(), AppError> {
    let name = name_of(draw);
    match format {
        output::Format::Json => output::json(draw),
        output::Format::Csv => {
            let rows: Vec<Row<'_>> = draw.items.iter().map(|item| row(draw, &name, item)).collect();
            output::rows(lang, format, &columns(), &rows)
        }
        output::Format::Table => {
            let short = |i| -> Short<'_> {
                let Row { n, day, time, screen, name, place, media_name, .. } = row(draw, &name, i);
                Short { n, day, time, screen, name, place, media_name }
            };
            output::rows(lang, format, SHORT, &draw.items.iter().map(short).collect::<Vec<_>>())
        }
    }
}

/// What was drawn and what to do with it, for people.
fn say(draw: &Draw, others: &[Draw], context: &Context) {
    let (name, all, n) = (name_of(draw), draw.population.size, draw.items.len());
    let (confidence, max_bad) = (draw.aim.confidence.percent(), draw.aim.max_bad.percent());
    context.say(
        &format!(
            "Lần rút {name}: xem {n} trong {all} lượt phát. Nếu cả {n} lượt đều đúng thì tin cậy {confidence} % rằng số lượt sai dưới {max_bad} %."
        ),
        &format!(
            "Draw {name}: look at {n} of {all} plays. When all {n} are as expected, fewer than {max_bad} % are bad with a confidence of {confidence} %."
        ),
    );
    if draw.is_of_few() {
        let of_any = draw.of_any;
        context.say(
            &format!("Cần ít hơn {of_any} vì tổng số lượt nhỏ (phân phối siêu bội)."),
            &format!("Fewer than {of_any} are enough, because there are few plays (hypergeometric)."),
        );
    }
    if draw.left_out > 0 {
        let left_out = draw.left_out;
        context.say(
            &format!(
                "{left_out} màn hình thuộc phạm vi văn bản không có thiết bị của hệ thống: không rút lượt nào ở đó."
            ),
            &format!(
                "{left_out} screens that the order is aimed at have no player of ours: nothing of theirs is drawn."
            ),
        );
    }
    match draw.kind {
        Kind::Planned => context.say(
            "Đến đúng chỗ, đúng phút; đối chiếu với tệp media_file. Thấy xong thì cho màn hình hiện mã rồi chụp ảnh: lichphat device command --screen MÃ challenge. Điền result (đúng, khác, tối, không xem được), by, at, code vào bản CSV rồi chạy: lichphat audit record TỆP",
            "Be there at the minute; compare with media_file. Then let the screen show a code and take a photograph: lichphat device command --screen CODE challenge. Fill result, by, at and code into the CSV list and run: lichphat audit record FILE",
        ),
        Kind::Counted => context.say(
            "Xin ảnh hoặc camera của những lúc này; đối chiếu với tệp media_file. Điền result (đúng, khác, tối, không xem được), by, at vào bản CSV rồi chạy: lichphat audit record TỆP",
            "Ask for photographs or cameras of these moments; compare with media_file. Fill result, by and at into the CSV list and run: lichphat audit record FILE",
        ),
    }
    if !others.is_empty() {
        let names = others.iter().map(name_of).collect::<Vec<_>>().join(", ");
        context.say(
            &format!("Chú ý: con số này đã dùng cho lần rút {names}. Con số biết trước thì có thể tính trước: nên lấy số mới."),
            &format!("Mind: this seed was used for draw {names}. What is known beforehand can be reckoned with: better take a new one."),
        );
    }
}

/// Draws again.
pub(super) async fn again(args: &Redraw, context: &Context) -> Result<ExitCode, AppError> {
    let name = args.file.display();
    let bytes = tokio::fs::read(&args.file).await.map_err(|error| AppError::io(name.to_string(), error))?;
    let draw = Draw::parse(&bytes).map_err(|e| AppError::Failed(format!("{name}: {e}")))?;
    let (hash, n) = (draw.hash(), draw.items.len());
    context.say(
        &format!("Tệp nhất quán: từ con số {:?} rút ra đúng {n} lượt này. SHA-256 của lần rút: {hash}", draw.seed),
        &format!(
            "The file agrees with itself: the seed {:?} draws these {n} plays. SHA-256 of the draw: {hash}",
            draw.seed
        ),
    );
    if !context.settings.data.join(crate::store::sqlite::FILE_NAME).is_file() {
        context.say(
            "Ở đây không có dữ liệu lichphat nên chưa đối chiếu tổng số lượt.",
            "There are no lichphat data here, so the population was not compared.",
        );
        return Ok(ExitCode::SUCCESS);
    }
    let rooms = Rooms::open(context)?;
    let city = rooms.city().await?;
    let names = names(&city, rooms.library.list().await?);
    let differences: Vec<Difference> = rooms.sampling.redraw(&city.directory, &names, &draw).await?;
    output::rows(context.lang, args.output.format, &["screen", "day", "drawn", "now"], &differences)?;
    let n = differences.len();
    context.say(
        &format!("So với dữ liệu hiện nay: {n} chỗ khác."),
        &format!("Compared with what is stored now: {n} differences."),
    );
    Ok(ExitCode::from(u8::from(n > 0)))
}

//! `lichphat simulate`: what an order comes to on many screens over many days, before anybody signs it.

use super::{Context, output};
use crate::error::AppError;
use crate::sim::pacing::{self, Causes, Figures, Setting};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::process::ExitCode;
use std::time::Instant;

/// Arguments of `lichphat simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP, allow_negative_numbers = true)]
pub(super) struct Args {
    /// Số màn hình (screens)
    #[arg(long, default_value_t = 1_000)]
    screens: u32,
    /// Số ngày hoạt động, cùng một kỳ (days; all operate, together they are one period)
    #[arg(long, default_value_t = 26)]
    days: u32,
    /// Giờ cao điểm (peak hours: 7 is 07:00 to 08:00; plays count only there)
    #[arg(long, value_name = "H,H,…", default_value = "7,8,17,18")]
    peak_hours: String,
    /// Số lần phát trung bình mỗi ngày (plays a day that the order asks for on average)
    #[arg(long, default_value_t = 10)]
    quota: u32,
    /// Xác suất một ngày không phát gì, 0 đến 1 (chance that a day of a screen is dark)
    #[arg(long, default_value_t = 0.0)]
    outage: f64,
    /// Số gieo ngẫu nhiên: cùng số, cùng kết quả (seed: the same seed gives the same figures)
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Thời lượng một lần phát, giây (length of a play, s)
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    length: u32,
    /// Giãn cách tối thiểu giữa hai lần phát, giây (least seconds from start to start)
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    min_gap: u32,
    /// Mỗi màn hình một khác (every screen has people, contracts and a loop of its own; takes much longer)
    #[arg(long)]
    distinct: bool,
    #[command(flatten)]
    output: output::Args,
}

const HELP: &str = "\
Màn hình mô phỏng bật từ 06:00 đến 22:00 (dài hơn nếu giờ cao điểm nằm ngoài), có hợp đồng và nội dung tại chỗ xen
giữa, khoảng 3.600 lượt/ngày. Các màn hình như nhau, nên những ngày giống nhau chỉ lập lịch và phát một lần: kết quả không
đổi. Với --distinct thì không dùng chung gì.
(The screens are on from 06:00 to 22:00, longer when a peak hour lies outside, with contracts and a local loop in
between, some 3,600 plays a day. They are alike, so days that are alike are planned and shown once, which changes no
figure; with --distinct nothing is shared.)

Kết quả (figures):
  min, p5, mean  số lần được tính mỗi ngày của từng màn hình: ít nhất, phân vị 5 %, trung bình
                 (counted plays per operating day of a screen: least, 5th percentile, mean over screens)
  zero_days      số ngày-màn hình không có lần phát nào được tính (screen-days without a counted play)
  lost_mean      số lần còn thiếu so với cả kỳ, trung bình mỗi màn hình
                 (plays short of the period's total, mean over screens)
  causes         các lần thiếu đó do đâu, cộng mọi màn hình: outage = mất cả ngày; no_room = chứng minh được là
                 không đủ chỗ; not_found = không tìm thấy chỗ; not_counted = có lịch nhưng không được tính
                 (what they were lost to, over all screens: dark days; provably no room; no place found; planned
                 and not counted)
  plans_per_s    số ngày-màn hình được lập lịch mỗi giây của lần chạy này; chỉ số này thay đổi theo máy
                 (screen-days planned per second of this run, like ones shared: the only figure that varies)
--format json in ra một đối tượng (prints one object).";

/// The object of `--format json`.
#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    figures: Figures,
    plans_per_s: f64,
}

/// One row for tables and CSV.
#[derive(Serialize)]
struct Row {
    min: f64,
    p5: f64,
    mean: f64,
    zero_days: u64,
    lost_mean: f64,
    outage: u64,
    no_room: u64,
    not_found: u64,
    not_counted: u64,
    plans_per_s: f64,
}
const COLUMNS: &[&str] =
    &["min", "p5", "mean", "zero_days", "lost_mean", "outage", "no_room", "not_found", "not_counted", "plans_per_s"];

/// Runs the command.
pub(super) async fn run(args: Args, context: &Context) -> Result<ExitCode, AppError> {
    let format = args.output.format;
    let setting = setting(&args, context)?;
    let bar = bar(&setting, context);
    let started = Instant::now();
    let figures = pacing::run(&setting, || bar.inc(1))?;
    let days = u64::from(setting.screens) * u64::from(setting.days);
    let plans_per_s = (days as f64 / started.elapsed().as_secs_f64().max(1e-9)).round();
    bar.finish_and_clear();
    say(context, &setting, &figures);
    let outcome = Outcome { figures, plans_per_s };
    match format {
        output::Format::Json => output::json(&outcome)?,
        format => output::rows(context.lang, format, COLUMNS, &[row(&outcome)])?,
    }
    Ok(ExitCode::SUCCESS)
}

fn row(outcome: &Outcome) -> Row {
    let Figures { min, p5, mean, zero_days, lost_mean, causes } = outcome.figures;
    let Causes { outage, no_room, not_found, not_counted } = causes;
    let plans_per_s = outcome.plans_per_s;
    Row { min, p5, mean, zero_days, lost_mean, outage, no_room, not_found, not_counted, plans_per_s }
}

fn bar(setting: &Setting, context: &Context) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(setting.screens));
    let template = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
    bar.set_style(template.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(context.lang.pick("Mô phỏng màn hình", "Simulating screens"));
    bar
}

/// The figures in a sentence.
fn say(context: &Context, setting: &Setting, figures: &Figures) {
    let lang = context.lang;
    let [screens, days, quota] = [setting.screens, setting.days, setting.quota].map(|n| lang.number(n.into()));
    let windows = setting.windows().text().replace(';', ", ");
    let [mean, min, lost] = [figures.mean, figures.min, figures.lost_mean]
        .map(|value| format!("{value:.4}").replace('.', lang.pick(",", ".")));
    context.say(
        &format!(
            "{screens} màn hình × {days} ngày, chỉ tiêu {quota} lần/ngày trong {windows}: trung bình {mean} lần/ngày, \
             màn hình ít nhất {min}; thiếu cả kỳ bình quân {lost} lần mỗi màn hình."
        ),
        &format!(
            "{screens} screens × {days} days, {quota} plays a day inside {windows}: {mean} a day on average, the \
             poorest screen {min}; short of the whole period by {lost} plays a screen."
        ),
    );
}

fn setting(args: &Args, context: &Context) -> Result<Setting, AppError> {
    let peak_hours = peak_hours(&args.peak_hours, context)?;
    let within = |flag: &str, value: u32, from: u32, to: u32| {
        if (from..=to).contains(&value) {
            return Ok(());
        }
        Err(context.refused(
            format!("--{flag} {value}: hãy cho một số từ {from} đến {to}"),
            format!("--{flag} {value}: give a number from {from} to {to}"),
        ))
    };
    within("screens", args.screens, 1, 10_000_000)?;
    within("days", args.days, 1, 3_660)?;
    within("quota", args.quota, 1, 5_000)?;
    within("length", args.length, 1, 3_600)?;
    within("min-gap", args.min_gap, 0, 86_400)?;
    if !(0.0..=1.0).contains(&args.outage) {
        let outage = args.outage;
        return Err(context.refused(
            format!("--outage {outage}: hãy cho một xác suất từ 0 đến 1; 5 % là 0.05"),
            format!("--outage {outage}: give a chance from 0 to 1; 5 % is 0.05"),
        ));
    }
    Ok(Setting {
        screens: args.screens,
        days: args.days,
        peak_hours,
        quota: args.quota,
        outage: args.outage,
        seed: args.seed,
        length_s: args.length,
        min_gap_s: args.min_gap,
        distinct: args.distinct,
    })
}

fn peak_hours(text: &str, context: &Context) -> Result<Vec<u8>, AppError> {
    let wrong = |what: &str, vi: &str, en: &str| {
        AppError::Usage(format!("--peak-hours {text}: {what}: {}", context.lang.pick(vi, en)))
    };
    let mut hours = Vec::new();
    for part in text.split(',').map(str::trim) {
        let hour = part.parse::<u8>().ok().filter(|&h| h < 24);
        let Some(hour) = hour else {
            let (vi, en) = (
                "giờ là số từ 0 đến 23, cách nhau bằng dấu phẩy; 7 là 07:00–08:00",
                "an hour is a number from 0 to 23, with commas between; 7 is 07:00–08:00",
            );
            return Err(wrong(&format!("{part:?}"), vi, en));
        };
        if hours.contains(&hour) {
            return Err(wrong(part, "giờ này ghi hai lần; hãy ghi một lần", "this hour stands twice; write it once"));
        }
        hours.push(hour);
    }
    Ok(hours)
}

//! `lichphat peaks --counts FILE`: the peak windows of each class of day, from counts in a file and the
//! shipped calendar alone: no data directory, and no cut to anybody's duty.

use crate::cmd::{Context, output};
use crate::directory::Directory;
use crate::directory::counts::{CountColumns, CountFile, read_counts};
use crate::directory::import::shipped_calendar;
use crate::directory::problem::Problems;
use crate::directory::table::SourceFile;
use crate::error::AppError;
use chrono::Datelike;
use lichphat_playlists::peak::{DayClass, Share};
use lichphat_playlists::time::{IntervalSet, LocalDay, TimeError};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `lichphat peaks` without a subcommand.
#[derive(Debug, clap::Args)]
#[group(id = "from-file")]
pub(super) struct Args {
    /// Tệp số đếm, CSV: date, hour (0-23) hoặc time (08:15), count (counts of people)
    #[arg(long, value_name = "FILE")]
    counts: PathBuf,
    /// Giờ hoạt động: 05:00-22:30, nhiều khoảng cách nhau bằng dấu phẩy (operating hours; several with a comma)
    #[arg(long, value_name = "HOURS", value_parser = hours)]
    operating: IntervalSet,
    /// Phần lượt người mà giờ cao điểm phải chứa (share of the people that the windows hold)
    #[arg(long, value_name = "SHARE", default_value = "0.5")]
    share: Share,
    /// Cột số đếm (column of the count)
    #[arg(long, value_name = "NAME", default_value = "count")]
    count_col: String,
    /// Cột địa điểm (column of the place)
    #[arg(long, value_name = "NAME", requires = "place")]
    place_col: Option<String>,
    /// Địa điểm; không ghi thì cộng mọi địa điểm (the place; all together when absent)
    #[arg(long, value_name = "NAME", requires = "place_col")]
    place: Option<String>,
    /// Dạng kết quả (form of the printed data)
    #[arg(long, value_enum, default_value_t = output::Format::Table)]
    format: output::Format,
}

fn hours(text: &str) -> Result<IntervalSet, TimeError> {
    let hours = IntervalSet::parse(&text.replace(',', ";"))?;
    if hours.is_empty() {
        let mend = "write it as 05:00-22:30, or 05:00-11:00,13:00-24:00";
        return Err(TimeError { what: "operating hours", value: text.chars().take(80).collect(), mend });
    }
    Ok(hours)
}

/// Begin and end of each window, `06:30`.
type Windows = Vec<(String, String)>;

/// The answer in JSON.
#[derive(Debug, Serialize)]
struct Answer {
    working_day: Windows,
    saturday: Windows,
    sunday_holiday: Windows,
}

/// One line of a table.
#[derive(Debug, Serialize)]
struct Row<'a> {
    days: &'static str,
    from: &'a str,
    to: &'a str,
}
const COLUMNS: &[&str] = &["days", "from", "to"];

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<ExitCode, AppError> {
    let name = args.counts.display().to_string();
    let bytes = tokio::fs::read(&args.counts).await.map_err(|error| AppError::io(name.as_str(), error))?;
    let refused = |problems: Problems| AppError::Failed(problems.text(context.lang));
    let place = args.place_col.as_deref().zip(args.place.as_deref());
    let columns = CountColumns { count: &args.count_col, place };
    let file = read_counts(SourceFile { name: &name, bytes: &bytes }, columns).map_err(refused)?;
    let calendar = shipped_calendar().map_err(refused)?;
    // a file without dates is a day of which nobody knows the class: it stands for each
    let within = |day: LocalDay, class| !file.dated || calendar.day_class(day) == class;
    let [working_day, saturday, sunday_holiday] = DayClass::ALL.map(|class| {
        let windows = file.counts.windows(|day| within(day, class), &args.operating, args.share).text();
        let ends = windows.split(';').filter_map(|window| window.split_once('-'));
        ends.map(|(from, to)| (from.to_owned(), to.to_owned())).collect()
    });
    let answer = Answer { working_day, saturday, sunday_holiday };
    if args.format == output::Format::Json {
        output::json(&answer)?;
    } else {
        let of = [&answer.working_day, &answer.saturday, &answer.sunday_holiday];
        let lines = DayClass::ALL.iter().zip(of).flat_map(|(class, windows)| windows.iter().map(|w| (class.code(), w)));
        let rows: Vec<Row<'_>> = lines.map(|(days, (from, to))| Row { days, from, to }).collect();
        output::rows(context.lang, args.format, COLUMNS, &rows)?;
    }
    say(context, &file, &calendar);
    if [&answer.working_day, &answer.saturday, &answer.sunday_holiday].iter().all(|windows| windows.is_empty()) {
        context.say(
            "Không tìm được giờ cao điểm nào: trong giờ hoạt động không ai được đếm.",
            "No peak hours were found: nobody was counted in the operating hours.",
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What the windows rest on, for people.
fn say(context: &Context, file: &CountFile, calendar: &Directory) {
    let days = file.counts.days();
    let minutes = file.length_s / 60;
    if file.dated {
        let [work, saturday, rest] =
            DayClass::ALL.map(|class| days.iter().filter(|day| calendar.day_class(**day) == class).count());
        context.say(
            &format!(
                "Có số đếm của {work} ngày làm việc, {saturday} thứ Bảy, {rest} Chủ nhật và ngày nghỉ; mỗi dòng đếm {minutes} phút."
            ),
            &format!(
                "Counts of {work} working days, {saturday} Saturdays, {rest} Sundays and days off; each row counts {minutes} minutes."
            ),
        );
        let years: BTreeSet<i32> = days.iter().map(|day| day.0.year()).collect();
        for year in years.into_iter().filter(|year| !calendar.calendar_holds(*year)) {
            context.say(
                &format!("Lịch nghỉ kèm theo không có năm {year}: chỉ xét theo thứ trong tuần."),
                &format!("The shipped calendar does not hold {year}: its days go by their weekday alone."),
            );
        }
    } else {
        context.say(
            &format!(
                "Tệp không có cột date: coi là một ngày, dùng chung cho mọi loại ngày; mỗi dòng đếm {minutes} phút."
            ),
            &format!(
                "The file has no column date: it is one day, for every class of day; each row counts {minutes} minutes."
            ),
        );
    }
    if file.missing > 0 {
        let n = file.missing;
        context.say(
            &format!("{n} dòng không có số đếm: coi là thiếu, không phải bằng 0."),
            &format!("{n} rows have no count: they are missing, not zero."),
        );
    }
}

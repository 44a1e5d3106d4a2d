//! Counts of people from a CSV of anybody's making: a date, an hour or a time, a count, perhaps a place.
//! Which column holds the count and which the place is the asker's word; nothing is put into the directory.

use super::problem::{Problem, Problems, Say, say, short};
use super::table::{Field, Lines, SourceFile, delimiter, line_of};
use lichphat_playlists::peak::Counts;
use lichphat_playlists::time::{DAY_S, LocalDay, parse_clock};

/// Columns that are not always called the same.
#[derive(Debug, Clone, Copy)]
pub struct CountColumns<'a> {
    /// Holds the count.
    pub count: &'a str,
    /// Holds the place, and the place whose counts are wanted; all places together when absent.
    pub place: Option<(&'a str, &'a str)>,
}

/// What a file of counts holds.
#[derive(Debug, Clone)]
pub struct CountFile {
    /// The counts, in parts of people ([`DECIMALS`]).
    pub counts: Counts,
    /// Has it a date? Without one it is a single day, and nobody knows of which class.
    pub dated: bool,
    /// Rows whose count is empty: missing, not zero.
    pub missing: u64,
    /// Seconds that one row counts: an hour, or what the finest time in the file shows.
    pub length_s: u32,
}

/// A file that is wrong in every line says so this often.
const ENOUGH: usize = 20;
/// Largest count, people.
const MOST: u128 = 100_000_000;
/// Decimals of a count that are read, exactly: as many as programs write of a mean.
const DECIMALS: usize = 20;
/// The day of counts without a date.
const NO_DATE: &str = "1970-01-01";
/// How people write that nobody counted.
const MISSING: [&str; 5] = ["", "na", "n/a", "nan", "null"];

/// Where the columns stand.
struct Places {
    date: Option<usize>,
    time: usize,
    /// `time` or `hour`, as the file has it.
    time_name: &'static str,
    count: usize,
    place: Option<usize>,
}

/// One count: day, first second, parts of people.
type Count = (LocalDay, u32, u128);

/// Reads a file of counts: `date` (may be absent), `time` (`08:15`) or `hour` (`8`), and the columns asked for.
/// Every row counts an hour, unless times with minutes show that rows are shorter.
pub fn read_counts(file: SourceFile<'_>, columns: CountColumns<'_>) -> Result<CountFile, Problems> {
    let text = file.text()?;
    let lines = Lines::new(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .comment(Some(b'#'))
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let at = |line, column: usize, field: &str, value: &str, mend| {
        let (file, column) = (file.name.to_owned(), column as u32 + 1);
        Problem { file, line, column, field: field.to_owned(), value: short(value), mend }
    };
    let broken = |error: &csv::Error| {
        let line = error.position().map_or(1, |p| p.line() as u32);
        at(line, 0, "-", "", say(format!("không đọc được CSV: {error}"), format!("not readable as CSV: {error}")))
    };
    let found_header = reader.read_record(&mut record).map_err(|e| broken(&e))?;
    let places = header(&record, found_header, columns)
        .map_err(|(field, mend)| at(line_of(&lines, &record), 0, "header", &field, mend))?;

    let (mut found, mut counts, mut missing, mut length_s) = (Vec::new(), Vec::new(), 0, 3600);
    while found.len() < ENOUGH {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(broken(&error).into()),
        }
        let row = match row(&record, &places) {
            Ok(Some(row)) => row,
            Ok(None) => continue,
            Err((column, mend)) => {
                let name = places.name(column, columns);
                found.push(at(line_of(&lines, &record), column, name, record.get(column).unwrap_or_default(), mend));
                continue;
            }
        };
        // what the finest time shows holds for every place of the file
        length_s = gcd(length_s, row.from_s);
        match (columns.place, row.people) {
            (Some((_, wanted)), _) if row.place != Some(wanted) => {}
            (_, None) => missing += 1,
            (_, Some(people)) => counts.push((row.day, row.from_s, people)),
        }
    }
    if let (Some((column, wanted)), true) = (columns.place, found.is_empty() && counts.is_empty() && missing == 0) {
        let mend =
            say("không có dòng nào của nơi này; hãy xem lại cách viết", "no row of this place; check its spelling");
        found.push(at(1, places.place.unwrap_or(0), column, wanted, mend));
    }
    Problems::none_or(
        found,
        CountFile { counts: gathered(counts, length_s), dated: places.date.is_some(), missing, length_s },
    )
}

fn gathered(all: Vec<Count>, length_s: u32) -> Counts {
    let mut counts = Counts::default();
    for (day, from_s, people) in all {
        counts.add(day, from_s, length_s, people);
    }
    counts
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Places {
    fn name<'a>(&self, column: usize, columns: CountColumns<'a>) -> &'a str {
        if column == self.count {
            columns.count
        } else if Some(column) == self.date {
            "date"
        } else if let Some((name, _)) = columns.place.filter(|_| Some(column) == self.place) {
            name
        } else {
            self.time_name
        }
    }
}

/// Finds the columns; the error is the name that is not there, and how to mend it.
fn header(record: &csv::StringRecord, any: bool, columns: CountColumns<'_>) -> Result<Places, (String, Say)> {
    if !any {
        let mend = say(
            "tệp rỗng; dòng đầu là tiêu đề: date,hour,count",
            "the file is empty; its first line is date,hour,count",
        );
        return Err((String::new(), mend));
    }
    let index = |name: &str| {
        let same = |cell: &str| cell.to_lowercase() == name.to_lowercase();
        record.iter().position(|cell| cell == name).or_else(|| record.iter().position(same))
    };
    let used = ["date", "time", "hour", columns.count].into_iter().chain(columns.place.map(|(name, _)| name));
    for name in used {
        if record.iter().filter(|cell| *cell == name).count() > 1 {
            let mend = say("cột này có hai lần; hãy bỏ một cột", "this column stands twice; take one out");
            return Err((name.to_owned(), mend));
        }
    }
    let names = record.iter().collect::<Vec<_>>().join(", ");
    let lost = |name: &str, vi: &str, en: &str| {
        let mend = say(
            format!("không có cột này; {vi}; các cột: {names}"),
            format!("no such column; {en}; the columns are: {names}"),
        );
        (name.to_owned(), mend)
    };
    let count = index(columns.count);
    let count = count.ok_or_else(|| lost(columns.count, "ghi tên cột bằng --count-col", "name it with --count-col"))?;
    let time = index("time").or_else(|| index("hour"));
    let time = time.ok_or_else(|| {
        lost("hour", "cần cột hour (0 đến 23) hoặc time (08:15)", "it needs hour (0 to 23) or time (08:15)")
    })?;
    let place = match columns.place {
        Some((name, _)) => {
            Some(index(name).ok_or_else(|| lost(name, "ghi tên cột bằng --place-col", "name it with --place-col"))?)
        }
        None => None,
    };
    let time_name = if index("time").is_some() { "time" } else { "hour" };
    Ok(Places { date: index("date"), time, time_name, count, place })
}

/// A row as it was read.
struct Read<'a> {
    day: LocalDay,
    from_s: u32,
    /// Parts of people; none when nobody counted.
    people: Option<u128>,
    place: Option<&'a str>,
}

/// Reads a row; `None` for an empty one; the error is the column that is wrong, and how to mend it.
fn row<'a>(record: &'a csv::StringRecord, places: &Places) -> Result<Option<Read<'a>>, (usize, Say)> {
    if record.iter().all(str::is_empty) {
        return Ok(None);
    }
    let cell = |column: usize| {
        let text = record.get(column);
        text.ok_or_else(|| (column, say("dòng thiếu ô này", "the row ends before this column")))
    };
    let date = places.date.map(|column| LocalDay::read(cell(column)?).map_err(|mend| (column, mend))).transpose()?;
    let day = match date {
        Some(day) => day,
        None => NO_DATE.parse().map_err(|_| (0, say(NO_DATE, NO_DATE)))?,
    };
    let from_s = begin(cell(places.time)?).ok_or_else(|| {
        let vi = "ghi giờ bắt đầu: 0 đến 23, hoặc 08:15 (phút tròn)";
        (places.time, say(vi, "write the beginning: an hour from 0 to 23, or 08:15 (whole minutes)"))
    })?;
    let text = cell(places.count)?;
    let people = if MISSING.contains(&text.to_ascii_lowercase().as_str()) {
        None
    } else {
        Some(parts(text).ok_or_else(|| {
            let vi = "phải là số từ 0 trở lên, tối đa 20 chữ số sau dấu chấm; để trống khi không đếm";
            (
                places.count,
                say(
                    vi,
                    "must be a number from 0 to 100,000,000, at most 20 decimals; leave it empty when nobody counted",
                ),
            )
        })?)
    };
    // 24:00 is the midnight at which the next day begins
    let (day, from_s) = if from_s == DAY_S { (day.next(), 0) } else { (day, from_s) };
    Ok(Some(Read { day, from_s, people, place: places.place.map(cell).transpose()? }))
}

/// First second: of an hour `8`, or of `08:15`.
fn begin(text: &str) -> Option<u32> {
    let second = match text.parse::<u32>() {
        Ok(hour) => hour.checked_mul(3600)?,
        Err(_) => parse_clock(text).ok()?,
    };
    (second <= DAY_S && second.is_multiple_of(60)).then_some(second)
}

/// `12` or `12.5` in parts of 10^20, exactly.
fn parts(text: &str) -> Option<u128> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > DECIMALS {
        return None;
    }
    let whole: u128 = whole.parse().ok().filter(|n| *n <= MOST)?;
    Some(whole * 10u128.pow(DECIMALS as u32) + format!("{decimals:0<DECIMALS$}").parse::<u128>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use lichphat_playlists::peak::Share;
    use lichphat_playlists::time::IntervalSet;
    use proptest::prelude::*;

    #[test]
    fn a_count_is_read_to_its_last_decimal_or_refused() {
        let one = 10u128.pow(20);
        for (text, read) in [
            ("0", 0),
            ("12", 12 * one),
            ("12.5", 25 * one / 2),
            ("3.3333333333333335", 33_333_333_333_333_335 * 10_000),
        ] {
            assert_eq!(parts(text), Some(read), "{text}");
        }
        for bad in
            ["", "-1", "+1", "1.", ".5", "1e3", "1,5", "0x1", "1 000", "0.123456789012345678901", "100000001", "٣"]
        {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_file_is_refused_or_read_and_never_crashes(
            edits in prop::collection::vec((any::<prop::sample::Index>(), "[\\PC\n\"=,;:0-9-]{0,4}"), 0..6),
            place in any::<bool>(),
        ) {
            let mut text = "date,time,place,count\n2026-08-21,8,a,5\n2026-08-22,24:00,a,7.25\n2026-08-23,09:15,b,\n".to_owned();
            for (at, with) in edits {
                let (at, _) = text.char_indices().nth(at.index(text.chars().count().max(1))).unwrap_or((0, ' '));
                text.insert_str(at, &with);
            }
            let columns = CountColumns { count: "count", place: place.then_some(("place", "a")) };
            match read_counts(SourceFile { name: "c.csv", bytes: text.as_bytes() }, columns) {
                Ok(file) => {
                    let windows = file.counts.windows(|_| true, &IntervalSet::full_day(), Share::HALF);
                    prop_assert!(windows.length() <= DAY_S);
                }
                Err(problems) => prop_assert!(problems.text(Lang::En).starts_with("c.csv:")),
            }
        }
    }
}

//! The rows of a log: where each form has its cells, and what they say.

use super::cell::plain;
use super::mapping::{Columns, Mapping, offset};
use super::out::{Form, PRS};
use crate::directory::problem::{Say, say};
use chrono::format::ParseErrorKind;
use chrono::{DateTime, NaiveDateTime};
use csv::StringRecord;
use lichphat_playlists::time::{UtcMillis, UtcOffset};
use unicode_normalization::UnicodeNormalization;

/// No play lasts longer; a row that says so has its times in the wrong form or zone.
pub(super) const LONGEST_MS: i64 = 24 * 3_600_000;

/// A mistake in one cell: its place among the columns, and the mend.
pub(super) type Wrong = (usize, Say);

/// One row's cells, as every form gives them.
pub(super) struct Cells<'a> {
    pub(super) screen: (usize, &'a str),
    /// The medium by any name the form has for it, the best first.
    pub(super) media: Vec<(usize, &'a str)>,
    pub(super) start: (usize, UtcMillis),
    pub(super) end: (usize, UtcMillis),
}

/// Where a form's columns stand.
pub(super) enum Layout {
    /// The standard's own order.
    Prs,
    /// As the header says.
    Headed(Places, Vec<String>),
}

/// Indexes of a headed CSV's columns.
pub(super) struct Places {
    screen: usize,
    /// The medium by any of its names, the best first.
    media: Vec<usize>,
    start: usize,
    date: Option<usize>,
    end: usize,
    is_length: bool,
    /// Lengths are written `14,96`: only where no comma parts the cells, so that none is a guess.
    decimal_comma: bool,
    /// Only rows in which this column has one of these values are plays.
    only: Option<(usize, Vec<String>)>,
    /// How many plays a row is: one, or the row cannot be taken.
    count: Option<usize>,
}

impl Layout {
    /// Reads the header, where the form has one. The inner error is the column that is missing.
    pub(super) fn new(
        form: Form,
        mapping: &Mapping,
        (reader, delimiter): (&mut csv::Reader<&[u8]>, u8),
        header: &mut StringRecord,
    ) -> Result<Result<Self, (String, Say)>, csv::Error> {
        if form == Form::Prs {
            return Ok(Ok(Self::Prs));
        }
        if form == Form::Parquet {
            let mend = say("không nhập Parquet; dùng csv", "Parquet is not read; use csv");
            return Ok(Err(("parquet".to_owned(), mend)));
        }
        if !reader.read_record(header)? {
            let mend = say("tệp rỗng; dòng đầu là tiêu đề", "the file is empty; its first line is the header");
            return Ok(Err((String::new(), mend)));
        }
        let names = || header.iter().collect::<Vec<_>>().join(", ");
        let lost = |name: &str| {
            let names = names();
            let vi = format!("không có cột này; các cột: {names}; ghi tên cột ở [columns] của tệp ánh xạ");
            (
                name.to_owned(),
                say(vi, format!("no such column; the columns are: {names}; name them in the mapping's [columns]")),
            )
        };
        // two systems may write one accent in two ways
        let same = |cell: &str, name: &str| cell.trim().nfc().eq(name.nfc());
        let find = |name: &str| header.iter().position(|cell| same(cell, name)).ok_or_else(|| lost(name));
        let own = Columns::default();
        let columns = mapping.columns.as_ref().unwrap_or(&own);
        let places = || {
            if form == Form::Xibo {
                return Places::xibo(find);
            }
            Ok(Places {
                screen: find(&columns.screen)?,
                media: vec![find(&columns.media)?],
                start: find(&columns.start)?,
                date: columns.date.as_deref().map(find).transpose()?,
                end: find(columns.end.as_ref().or(columns.length.as_ref()).map_or("end", String::as_str))?,
                is_length: columns.end.is_none(),
                decimal_comma: delimiter != b',',
                only: columns.only.as_ref().map(|(name, value)| Ok((find(name)?, vec![value.clone()]))).transpose()?,
                count: None,
            })
        };
        Ok(places().map(|places| Self::Headed(places, header.iter().map(str::to_owned).collect())))
    }

    /// The name of a column.
    pub(super) fn name(&self, column: usize) -> String {
        match self {
            Self::Prs => PRS.get(column).map_or_else(|| (column + 1).to_string(), |&name| name.to_owned()),
            Self::Headed(_, names) => names.get(column).cloned().unwrap_or_else(|| (column + 1).to_string()),
        }
    }

    /// The column that says how long a play was.
    pub(super) fn end(&self) -> usize {
        match self {
            Self::Prs => 5,
            Self::Headed(places, _) => places.end,
        }
    }

    /// The cells of a row; none when the row is no play.
    pub(super) fn cells<'a>(
        &self,
        record: &'a StringRecord,
        mapping: &Mapping,
        zone: UtcOffset,
    ) -> Result<Option<Cells<'a>>, Wrong> {
        match self {
            Self::Prs => prs(record).map(Some),
            Self::Headed(places, names) => {
                cut(record, places, names.len())?;
                headed(record, places, mapping, zone)
            }
        }
    }
}

impl Places {
    /// By the names of the columns: Xibo's versions have more of them or fewer, in another order.
    fn xibo<E>(find: impl Fn(&str) -> Result<usize, E>) -> Result<Self, E> {
        let also = ["Campaign", "Layout"].into_iter().filter_map(|name| find(name).ok());
        Ok(Self {
            screen: find("Display")?,
            media: std::iter::once(find("Media")?).chain(also).collect(),
            start: find("FromDT")?,
            date: None,
            end: find("ToDT")?,
            is_length: false,
            decimal_comma: false,
            // a layout's row says again what its media say; an event is no play
            only: Some((find("Type")?, ["media", "Media", "widget", "Widget"].map(str::to_owned).to_vec())),
            count: find("Count").ok(),
        })
    }
}

/// A row that ends before a column that is asked for is half a row: it is told, also where it would only be left out.
fn cut(record: &StringRecord, places: &Places, columns: usize) -> Result<(), Wrong> {
    let only = places.only.as_ref().map(|(column, _)| *column);
    let asked = [Some(places.screen), Some(places.start), places.date, Some(places.end), only, places.count];
    let last = asked.into_iter().flatten().chain(places.media.first().copied()).max().unwrap_or(0);
    if last < record.len() {
        return Ok(());
    }
    let cells = record.len();
    let vi = format!("dòng chỉ có {cells} ô, tiêu đề có {columns}: dòng bị cắt; xuất lại tệp, hoặc bỏ dòng này");
    let en = format!(
        "the row has {cells} cells, the header {columns}: it was cut; export the file again, or take the row out"
    );
    Err((record.len(), say(vi, en)))
}

fn cell(record: &StringRecord, column: usize) -> Result<(usize, &str), Wrong> {
    let text = record.get(column).map(plain);
    text.map(|text| (column, text)).ok_or_else(|| (column, say("dòng thiếu ô này", "the row ends before this column")))
}

/// The standard's own order, which has no header: a file with one says so in its first cell.
fn prs(record: &StringRecord) -> Result<Cells<'_>, Wrong> {
    if record.len() != PRS.len() {
        let vi = format!("dòng có {} ô, mẫu PRS (digital 1.7) có {}", record.len(), PRS.len());
        return Err((
            0,
            say(vi, format!("the row has {} cells, the standard's digital record 1.7 has {}", record.len(), PRS.len())),
        ));
    }
    let utc = |column: usize| -> Result<Option<UtcMillis>, Wrong> {
        let (_, text) = cell(record, column)?;
        if text.is_empty() {
            return Ok(None);
        }
        if offset(cell(record, column + 1)?.1).is_none() {
            return Err((column + 1, say("ghi +07:00 hoặc Z", "write +07:00 or Z")));
        }
        let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
        let at = at.map_err(|_| {
            (column, say("giờ UTC dạng 2026-11-20T01:00:00.000", "the UTC time as 2026-11-20T01:00:00.000"))
        })?;
        Ok(Some(UtcMillis(at.and_utc().timestamp_millis())))
    };
    let (start, end) = (utc(1)?, utc(3)?);
    let (_, length) = cell(record, 5)?;
    let length = Some(length).filter(|l| !l.is_empty()).map(|l| {
        let whole = l.parse::<i64>().ok().filter(|_| l.bytes().all(|b| b.is_ascii_digit()));
        whole.ok_or_else(|| (5, say("số mili giây, từ 0 trở lên", "milliseconds, a whole number from 0 on")))
    });
    let (start, end) = match (start, end, length.transpose()?) {
        // with all three the standard goes by beginning and length
        (Some(start), _, Some(length)) => (start, start.plus_ms(length)),
        (Some(start), Some(end), None) => (start, end),
        (None, Some(end), Some(length)) => (end.plus_ms(-length), end),
        _ => {
            let vi = "cần hai trong ba: startdate, enddate, spotlength";
            return Err((1, say(vi, "two of startdate, enddate and spotlength are needed")));
        }
    };
    let media = [13, 14, 7, 12].map(|column| cell(record, column)).into_iter().collect::<Result<_, _>>()?;
    Ok(Cells { screen: cell(record, 0)?, media, start: (1, start), end: (5, end) })
}

fn headed<'a>(
    record: &'a StringRecord,
    places: &Places,
    mapping: &Mapping,
    zone: UtcOffset,
) -> Result<Option<Cells<'a>>, Wrong> {
    if let Some((column, wanted)) = &places.only
        && !wanted.iter().any(|value| record.get(*column).is_some_and(|cell| plain(cell).nfc().eq(value.chars())))
    {
        return Ok(None);
    }
    if let Some((column, count)) = places.count.map(|column| cell(record, column)).transpose()?
        && count != "1"
    {
        let vi = "một dòng phải là một lượt; trong Xibo đặt Aggregation level = Individual rồi xuất lại";
        let en = "a row must be one play; in Xibo set the aggregation level to Individual and export again";
        return Err((column, say(vi, en)));
    }
    let date = places.date.map(|column| cell(record, column)).transpose()?;
    let at = |column: usize| {
        let (_, text) = cell(record, column)?;
        let text = date.map_or_else(|| text.to_owned(), |(_, date)| format!("{date} {text}"));
        instant((column, &text), mapping, zone)
    };
    let start = at(places.start)?;
    let end = if places.is_length {
        start.plus_ms(length_ms(cell(record, places.end)?, places.decimal_comma)?)
    } else {
        let end = at(places.end)?;
        // both are times of the same date: past midnight
        if date.is_some() && end < start { end.plus_ms(LONGEST_MS) } else { end }
    };
    let media = places.media.iter().map(|&column| cell(record, column)).collect::<Result<_, _>>()?;
    let screen = cell(record, places.screen)?;
    Ok(Some(Cells { screen, media, start: (places.start, start), end: (places.end, end) }))
}

/// A time in the mapping's form, or in one that has only one meaning.
fn instant((column, text): (usize, &str), mapping: &Mapping, zone: UtcOffset) -> Result<UtcMillis, Wrong> {
    let local = |at: NaiveDateTime| UtcMillis(at.and_utc().timestamp_millis()).plus_ms(-i64::from(zone.0) * 60_000);
    let read = match &mapping.time {
        Some(form) => DateTime::parse_from_str(text, form)
            .map(|at| UtcMillis(at.timestamp_millis()))
            .or_else(|_| NaiveDateTime::parse_from_str(text, form).map(local)),
        None => DateTime::parse_from_rfc3339(text)
            .map(|at| UtcMillis(at.timestamp_millis()))
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").map(local)),
    };
    read.map_err(|error| {
        if mapping.time.is_none() && text.split(['/', ' ']).take(3).all(|part| part.parse::<u16>().is_ok()) && text.contains('/') {
            let vi = "không đoán ngày trước hay tháng trước; ghi vào tệp ánh xạ time = \"%d/%m/%Y %H:%M:%S\" (ngày/tháng/năm) hoặc time = \"%m/%d/%Y %H:%M:%S\" (tháng/ngày/năm)";
            let en = "day or month first is not guessed; write into the mapping time = \"%d/%m/%Y %H:%M:%S\" (day/month/year) or time = \"%m/%d/%Y %H:%M:%S\" (month/day/year)";
            return (column, say(vi, en));
        }
        let form = mapping.time.as_deref().unwrap_or("2026-11-20 08:00:00");
        if error.kind() == ParseErrorKind::OutOfRange {
            let vi = format!("không có ngày, giờ này theo mẫu {form}; xem lại ngày giờ, hoặc khoá time của tệp ánh xạ");
            let en = format!("there is no such date or time by the form {form}; look at it again, or at the mapping's key time");
            return (column, say(vi, en));
        }
        let vi = format!("không đúng mẫu {form}; ghi mẫu của tệp ở khoá time của tệp ánh xạ");
        (column, say(vi, format!("is not of the form {form}; write the file's form in the mapping's key time")))
    })
}

/// `15`, `14.96` or `00:00:15`, to the millisecond; `14,96` where a comma is one.
fn length_ms((column, text): (usize, &str), decimal_comma: bool) -> Result<i64, Wrong> {
    let read = || {
        let mut whole_s = 0i64;
        let part = |mark: char| text.split_once(mark);
        let (clock, decimals) = part('.').or_else(|| part(',').filter(|_| decimal_comma)).unwrap_or((text, "0"));
        for part in clock.split(':') {
            let part = part.parse::<i64>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()))?;
            whole_s = whole_s.checked_mul(60)?.checked_add(part)?;
        }
        let ms: String = decimals.chars().chain("000".chars()).take(3).collect();
        let ms = ms.parse::<i64>().ok().filter(|_| decimals.bytes().all(|b| b.is_ascii_digit()))?;
        whole_s.checked_mul(1000)?.checked_add(ms).filter(|ms| *ms <= LONGEST_MS)
    };
    read().ok_or_else(|| {
        (
            column,
            say(
                "độ dài: 15, 14.96 hoặc 00:00:15; 14,96 chỉ trong tệp ngăn cột bằng dấu chấm phẩy hoặc tab",
                "a length is 15, 14.96 or 00:00:15; 14,96 only where semicolons or tabs part the columns",
            ),
        )
    })
}

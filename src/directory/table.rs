//! Tables people write: CSV from a spreadsheet or an array of TOML tables, read into the same rows,
//! each cell with its place, so that one parser per noun serves both.
//!
//! UTF-8 with or without a byte order mark; `,` `;` or tab between fields, as the header shows
//! (spreadsheets with Vietnamese settings write `;`).

use super::problem::{Problem, Problems, Say, say, short};
use lichphat_playlists::time::{IntervalSet, LocalDay};
use toml::de::{DeTable, DeValue};

/// A file as it was read: its name for messages, and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// The name as the person gave it.
    pub name: &'a str,
    /// The bytes, untouched.
    pub bytes: &'a [u8],
}

impl<'a> SourceFile<'a> {
    /// The text without its byte order mark.
    pub fn text(&self) -> Result<&'a str, Problems> {
        let bytes = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.bytes);
        std::str::from_utf8(bytes).map_err(|error| {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let (line, column) = Lines::new(&good).place(good.len());
            let mend = say(
                "tệp không phải UTF-8; trong bảng tính hãy chọn \"Lưu thành… CSV UTF-8\"",
                "the file is not UTF-8; in the spreadsheet choose \"Save as… CSV UTF-8\"",
            );
            Problem { file: self.name.into(), line, column, field: "-".into(), value: String::new(), mend }.into()
        })
    }
    /// True when the name ends in `.{extension}`, whatever the case.
    pub fn has_extension(&self, extension: &str) -> bool {
        self.name.rsplit_once('.').is_some_and(|(_, e)| e.eq_ignore_ascii_case(extension))
    }
}

/// The lines of a text: from byte offsets to places.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Self { text, starts }
    }
    /// Line and character of byte `offset`, both from 1.
    pub(crate) fn place(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let before = self.text.get(self.starts[line - 1]..offset).unwrap_or_default();
        (line as u32, before.chars().count() as u32 + 1)
    }
    /// The text of a line, from 1.
    pub(crate) fn line(&self, line: u32) -> &'a str {
        let start = self.starts.get((line as usize).saturating_sub(1)).copied().unwrap_or(self.text.len());
        self.text[start..].lines().next().unwrap_or_default()
    }
}

/// A header: its name, whether every row needs it, and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name in the header line, and key in TOML.
    pub name: &'static str,
    /// Must the file have it?
    pub required: bool,
    /// What it holds, with an example; English, for `docs/imports.md`.
    pub about: &'static str,
}

/// A column every row must fill.
pub(crate) const fn needed(name: &'static str, about: &'static str) -> Column {
    Column { name, required: true, about }
}
/// A column that may be left out or empty.
pub(crate) const fn optional(name: &'static str, about: &'static str) -> Column {
    Column { name, required: false, about }
}

/// What a kind of table looks like.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Name of the array in TOML: `[[unit]]`.
    pub name: &'static str,
    /// Its columns, in the order of the documentation.
    pub columns: &'static [Column],
}

impl Table {
    fn index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }
    fn names(&self) -> String {
        self.columns.iter().map(|c| c.name).collect::<Vec<_>>().join(", ")
    }
}

/// A value that a cell can hold.
pub trait Field: Sized {
    /// Reads the trimmed, non-empty text of a cell; the error says how to mend it.
    fn read(text: &str) -> Result<Self, Say>;
}

impl Field for String {
    fn read(text: &str) -> Result<Self, Say> {
        Ok(text.to_owned())
    }
}
impl Field for LocalDay {
    fn read(text: &str) -> Result<Self, Say> {
        text.parse().map_err(|_| {
            say(
                "viết ngày theo dạng 2024-10-10 (năm-tháng-ngày), là ngày có thật",
                "write the date as 2024-10-10 (year-month-day), a day that exists",
            )
        })
    }
}
impl Field for IntervalSet {
    fn read(text: &str) -> Result<Self, Say> {
        // `-` says "no hour at all", which an empty cell cannot
        if text == "-" {
            return Ok(Self::empty());
        }
        Self::parse(text).map_err(|error| {
            say("viết giờ theo dạng 08:00-12:00;13:00-17:00; khoảng qua nửa đêm thì tách làm hai", error.mend)
        })
    }
}
macro_rules! number_field {
    ($($int:ty),+) => {$(
        impl Field for $int {
            fn read(text: &str) -> Result<Self, Say> {
                text.parse().map_err(|_| {
                    say(
                        format!("phải là số nguyên từ 0 đến {}", Self::MAX),
                        format!("must be a whole number from 0 to {}", Self::MAX),
                    )
                })
            }
        }
    )+};
}
number_field!(u8, u16, u32);
macro_rules! code_field {
    ($($code:ident),+) => {$(
        impl Field for lichphat_playlists::ids::$code {
            fn read(text: &str) -> Result<Self, Say> {
                Self::new(text).map_err(|_| {
                    say(
                        "mã chỉ gồm 1 đến 64 ký tự a-z A-Z 0-9 . _ -",
                        "a code has 1 to 64 of a-z A-Z 0-9 . _ -",
                    )
                })
            }
        }
    )+};
}
code_field!(UnitCode, ScreenCode, VenueType, DirectiveCode, CampaignCode);

/// A value could not be read; its problem is already in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bad;

#[derive(Debug, Clone)]
struct Cell {
    text: String,
    line: u32,
    column: u32,
}

/// One row: cells by column, with places.
#[derive(Debug, Clone)]
pub struct Row {
    table: &'static Table,
    file: String,
    line: u32,
    cells: Vec<Option<Cell>>,
}

impl Row {
    /// Line of the row in its file, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }
    /// A problem at one of this row's fields.
    pub fn problem(&self, field: &str, mend: Say) -> Problem {
        let cell = self.table.index(field).and_then(|i| self.cells[i].as_ref());
        Problem {
            file: self.file.clone(),
            line: cell.map_or(self.line, |c| c.line),
            column: cell.map_or(1, |c| c.column),
            field: field.to_owned(),
            value: cell.map_or(String::new(), |c| short(&c.text)),
            mend,
        }
    }
    /// The trimmed text of a field; `None` when empty or absent.
    pub fn text(&self, field: &str) -> Option<&str> {
        let cell = self.cells[self.table.index(field)?].as_ref()?;
        Some(cell.text.as_str()).filter(|t| !t.is_empty())
    }
    /// A field that may be empty.
    pub fn optional<T: Field>(&self, field: &str, found: &mut Vec<Problem>) -> Result<Option<T>, Bad> {
        let Some(text) = self.text(field) else { return Ok(None) };
        T::read(text).map(Some).map_err(|mend| {
            found.push(self.problem(field, mend));
            Bad
        })
    }
    /// A field that must be filled.
    pub fn required<T: Field>(&self, field: &str, found: &mut Vec<Problem>) -> Result<T, Bad> {
        match self.optional(field, found)? {
            Some(value) => Ok(value),
            None => {
                found.push(self.problem(field, say("không được để trống", "must not be empty")));
                Err(Bad)
            }
        }
    }
    /// A field with a value for when it is empty.
    pub fn or<T: Field>(&self, field: &str, default: T, found: &mut Vec<Problem>) -> Result<T, Bad> {
        Ok(self.optional(field, found)?.unwrap_or(default))
    }
}

/// Reads a table from CSV or, by the file's name, from TOML. Rows of the wrong form are added to `found`
/// and left out, so that the defects inside the others are named in the same list; an error is a file
/// of which no row can be read.
pub(crate) fn read(
    file: SourceFile<'_>,
    table: &'static Table,
    found: &mut Vec<Problem>,
) -> Result<Vec<Row>, Problems> {
    let text = file.text()?;
    if file.has_extension("toml") {
        from_toml(file.name, text, table, found)
    } else {
        from_csv(file.name, text, table, found)
    }
}

/// What stands between the fields, as the header shows.
pub(crate) fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|l| !l.trim().is_empty() && !l.starts_with('#')).unwrap_or_default();
    match (header.contains(','), header.contains(';'), header.contains('\t')) {
        (false, true, _) => b';',
        (false, false, true) => b'\t',
        _ => b',',
    }
}

fn from_csv(file: &str, text: &str, table: &'static Table, found: &mut Vec<Problem>) -> Result<Vec<Row>, Problems> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .comment(Some(b'#'))
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let at = |line: u32, column: usize, field: &str, value: &str, mend: Say| Problem {
        file: file.to_owned(),
        line,
        column: column as u32,
        field: field.to_owned(),
        value: short(value),
        mend,
    };
    let lines = Lines::new(text);
    let mut records = reader.records();
    let header = match records.next() {
        Some(Ok(header)) => header,
        Some(Err(error)) => return Err(at(1, 1, "-", "", broken(&error.to_string())).into()),
        None => {
            let names = table.names();
            let mend = say(
                format!("tệp rỗng; dòng đầu phải là tiêu đề: {names}"),
                format!("the file is empty; its first line is the header: {names}"),
            );
            return Err(at(1, 1, "-", "", mend).into());
        }
    };
    let header_line = line_of(&lines, &header);
    let mut broken_header = Vec::new();
    let fields = read_header(&header, table, |column, value, mend| {
        broken_header.push(at(header_line, column, "header", value, mend));
    });
    Problems::none_or(broken_header, ())?;
    let mut rows = Vec::new();
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                found.push(at(error.position().map_or(0, |p| p.line() as u32), 1, "-", "", broken(&error.to_string())));
                continue;
            }
        };
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = line_of(&lines, &record);
        if record.len() > header.len() {
            let mend = say(
                format!(
                    "dòng có {} ô, tiêu đề chỉ có {}; ô chứa dấu phân cách phải đặt trong \"…\"",
                    record.len(),
                    header.len()
                ),
                format!(
                    "the row has {} fields, the header {}; quote a field that holds the delimiter",
                    record.len(),
                    header.len()
                ),
            );
            found.push(at(line, header.len() + 1, "-", &record[header.len()], mend));
            continue;
        }
        let mut cells = vec![None; table.columns.len()];
        for (i, value) in record.iter().enumerate() {
            cells[fields[i]] = Some(Cell { text: super::export::plain(value).to_owned(), line, column: i as u32 + 1 });
        }
        rows.push(Row { table, file: file.to_owned(), line, cells });
    }
    Ok(rows)
}

/// The reader's own line counts blank and comment lines before a record to the record: count from
/// the first character of its first field instead.
pub(crate) fn line_of(lines: &Lines<'_>, record: &csv::StringRecord) -> u32 {
    let Some(position) = record.position() else { return 1 };
    let mut offset = position.byte() as usize;
    while let Some(rest) = lines.text.get(offset..) {
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        if line.is_empty() || !(line.trim().is_empty() || line.starts_with('#')) {
            break;
        }
        offset += line.len();
    }
    lines.place(offset).0
}

fn broken(detail: &str) -> Say {
    say(format!("không đọc được dòng CSV: {detail}"), format!("not readable as CSV: {detail}"))
}

fn read_header(
    header: &csv::StringRecord,
    table: &'static Table,
    mut report: impl FnMut(usize, &str, Say),
) -> Vec<usize> {
    let mut fields = Vec::new();
    for (i, name) in header.iter().enumerate() {
        match table.index(&name.to_lowercase()) {
            Some(index) if fields.contains(&index) => {
                report(i + 1, name, say("cột bị lặp; bỏ một cột", "the column comes twice; drop one"));
            }
            Some(index) => fields.push(index),
            None => {
                let names = table.names();
                report(
                    i + 1,
                    name,
                    say(
                        format!("không có cột này; các cột: {names}"),
                        format!("no such column; the columns are: {names}"),
                    ),
                );
            }
        }
    }
    for (i, column) in table.columns.iter().enumerate() {
        if column.required && !fields.contains(&i) {
            report(1, column.name, say("thiếu cột bắt buộc", "a required column is missing"));
        }
    }
    fields
}

fn from_toml(file: &str, text: &str, table: &'static Table, found: &mut Vec<Problem>) -> Result<Vec<Row>, Problems> {
    let root = parse_toml(file, text)?;
    let lines = Lines::new(text);
    let mut rows = Vec::new();
    let at = |offset: usize, field: String, value: &str, mend: Say| {
        let (line, column) = lines.place(offset);
        Problem { file: file.to_owned(), line, column, field, value: short(value), mend }
    };
    for (key, value) in root.iter() {
        let entries = value.get_ref().as_array().filter(|_| key.get_ref() == table.name);
        let Some(entries) = entries else {
            let name = table.name;
            let mend =
                say(format!("tệp này chỉ có các bảng [[{name}]]"), format!("this file holds [[{name}]] tables only"));
            found.push(at(key.span().start, key.get_ref().to_string(), "", mend));
            continue;
        };
        for (n, entry) in entries.iter().enumerate() {
            let name = format!("{}[{}]", table.name, n + 1);
            let Some(entry_table) = entry.get_ref().as_table() else {
                found.push(at(entry.span().start, name, "", say("phải là một bảng", "must be a table")));
                continue;
            };
            let mut cells = vec![None; table.columns.len()];
            for (key, value) in entry_table.iter() {
                let offset = value.span().start;
                match (table.index(key.get_ref()), scalar(value.get_ref())) {
                    (Some(index), Some(text_value)) => {
                        let (line, column) = lines.place(offset);
                        cells[index] = Some(Cell { text: text_value.trim().to_owned(), line, column });
                    }
                    (None, _) => {
                        let names = table.names();
                        let mend = say(
                            format!("không có khóa này; các khóa: {names}"),
                            format!("no such key; the keys are: {names}"),
                        );
                        found.push(at(key.span().start, format!("{name}.{}", key.get_ref()), "", mend));
                    }
                    (_, None) => {
                        let mend = say("phải là chuỗi, số hoặc ngày", "must be a text, a number or a date");
                        found.push(at(offset, format!("{name}.{}", key.get_ref()), "", mend));
                    }
                }
            }
            rows.push(Row { table, file: file.to_owned(), line: lines.place(entry.span().start).0, cells });
        }
    }
    Ok(rows)
}

/// The document's root, or the first place where it is not TOML.
pub(crate) fn parse_toml<'a>(file: &str, text: &'a str) -> Result<DeTable<'a>, Problems> {
    DeTable::parse(text).map(toml::Spanned::into_inner).map_err(|error| toml_problem(file, text, &error).into())
}

/// A TOML error as a problem with its place.
pub(crate) fn toml_problem(file: &str, text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let lines = Lines::new(text);
    let (line, column) = lines.place(span.start);
    let value = text.get(span).unwrap_or_default().lines().next().unwrap_or_default();
    let key = lines.line(line).split('=').next().unwrap_or_default().trim();
    let value = value.trim_matches('"');
    let detail = error.message();
    // what chrono says of 2024-02-30
    let a_date =
        ["input is out of range", "input contains invalid characters", "premature end of input", "trailing input"];
    let mend = match LocalDay::read(value) {
        Err(mend) if a_date.contains(&detail) || detail.contains("date") => mend,
        _ => plain(detail).unwrap_or_else(|| {
            say(format!("không đúng mẫu TOML: {detail}"), format!("not the expected TOML: {detail}"))
        }),
    };
    Problem { file: file.to_owned(), line, column, field: short(key), value: short(value), mend }
}

/// What serde says most, in plain words of both languages.
pub(crate) fn plain(detail: &str) -> Option<Say> {
    let quoted = |text: &str, between: &str| text.split('`').skip(1).step_by(2).collect::<Vec<_>>().join(between);
    if let Some((_, rest)) = detail.strip_prefix("unknown field `").and_then(|d| d.split_once('`')) {
        let keys = quoted(rest, ", ");
        return Some(say(
            format!("không có khoá này; các khoá là: {keys}"),
            format!("no such key; the keys are: {keys}"),
        ));
    }
    if let Some((_, rest)) = detail.strip_prefix("unknown variant `").and_then(|d| d.split_once('`')) {
        let words = quoted(rest, " | ");
        return Some(say(format!("phải là một trong: {words}"), format!("must be one of: {words}")));
    }
    if detail.starts_with("missing field `") {
        let key = quoted(detail, "");
        return Some(say(format!("thiếu khoá {key}"), format!("the key {key} is missing")));
    }
    match detail.rsplit_once("expected ")?.1 {
        "u8" | "u16" | "u32" | "u64" => Some(say("phải là số nguyên từ 0 trở lên", "must be a whole number from 0 on")),
        "a string" => Some(say("phải là chữ, đặt trong ngoặc kép", "must be text in double quotes")),
        "a boolean" => Some(say("phải là true hoặc false", "must be true or false")),
        _ => None,
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(s) => Some(s.to_string()),
        DeValue::Integer(i) => Some(i.as_str().to_owned()),
        DeValue::Boolean(b) => Some(b.to_string()),
        DeValue::Datetime(d) => Some(d.to_string()),
        DeValue::Array(items) => Some(items.iter().map(|i| scalar(i.get_ref())).collect::<Option<Vec<_>>>()?.join(";")),
        DeValue::Float(_) | DeValue::Table(_) => None,
    }
}

//! Lists of rows for people and programs: `--format table|json|csv`, one door for all commands.

use crate::error::AppError;
use crate::exchange::cell;
use crate::lang::Lang;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Form of printed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// One JSON array of objects.
    Json,
    /// Comma-separated values with a header line (RFC 4180, UTF-8 without BOM).
    Csv,
}

/// Flatten it into a command's `Args`: `#[command(flatten)] output: output::Args`.
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(id = "output")]
pub struct Args {
    /// Dạng kết quả (form of the printed data)
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// Prints `rows` to standard output. `columns` are the names of the row's fields, in order: they
/// head a table or CSV even when there is no row. Fields must be plain values, not lists or maps. A table is for people: its
/// headings and codes are in their language; JSON and CSV never change.
pub fn rows<T: Serialize>(lang: Lang, format: Format, columns: &[&str], rows: &[T]) -> Result<(), AppError> {
    text(&render(lang, format, columns, rows)?)
}

/// Prints one JSON value to standard output, indented.
pub fn json<T: Serialize>(value: &T) -> Result<(), AppError> {
    text(&json_text(value)?)
}

/// Writes a file whole or not at all: under another name in its directory, then renamed.
pub fn file(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    let mut file = NewFile::begin(path)?;
    file.write_all(bytes).map_err(|error| cannot_write(path, error))?;
    file.finish()
}

fn cannot_write(path: &Path, error: std::io::Error) -> AppError {
    AppError::io(format!("cannot write {}", path.display()), error)
}

/// A file that is written piece by piece and stands there whole or not at all: dropped before its end, it leaves nothing.
pub struct NewFile {
    path: PathBuf,
    to: To,
}

enum To {
    Beside(tempfile::NamedTempFile),
    /// A pipe or /dev/null is written to; putting a file in its place would take it away from others.
    Straight(std::fs::File),
}

impl NewFile {
    /// Begins it, under another name in its directory.
    pub fn begin(path: &Path) -> Result<Self, AppError> {
        let failed = |error| cannot_write(path, error);
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            let to = std::fs::OpenOptions::new().write(true).open(path).map_err(failed)?;
            return Ok(Self { path: path.to_owned(), to: To::Straight(to) });
        }
        // what a link leads to is replaced, not the link
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // as others make files: readable for all that the umask lets
        let mode = std::fs::Permissions::from_mode(0o666);
        let temp = tempfile::Builder::new().permissions(mode).tempfile_in(dir).map_err(failed)?;
        Ok(Self { path, to: To::Beside(temp) })
    }

    /// Ends it: on disk first, then under its name.
    pub fn finish(self) -> Result<(), AppError> {
        let Self { path, to } = self;
        let To::Beside(temp) = to else { return Ok(()) };
        temp.as_file().sync_all().map_err(|error| cannot_write(&path, error))?;
        temp.persist(&path).map(|_| ()).map_err(|error| cannot_write(&path, error.error))
    }
}

impl Seek for NewFile {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match &mut self.to {
            To::Beside(temp) => temp.seek(to),
            To::Straight(file) => file.seek(to),
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.to {
            To::Beside(temp) => temp.write(bytes),
            To::Straight(file) => file.write(bytes),
        }
    }
    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.to {
            To::Beside(temp) => temp.flush(),
            To::Straight(file) => file.flush(),
        }
    }
}

/// Words for people: standard error, one line.
pub fn words(text: &str) {
    // nobody is left to be told when standard error is gone
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// What [`rows`] prints.
pub fn render<T: Serialize>(lang: Lang, format: Format, columns: &[&str], rows: &[T]) -> Result<String, AppError> {
    debug_assert!(
        columns.iter().all(|c| lang.knows(&format!("column-{c}"))),
        "a heading is not in locales: {columns:?}"
    );
    match format {
        Format::Json => json_text(&rows),
        Format::Csv => {
            let text = cell::harmless_csv(&csv_text(columns, rows)?);
            text.map_err(|error| AppError::Failed(format!("csv: {error}")))
        }
        Format::Table => {
            let text = csv_text(columns, rows)?;
            let mut table = comfy_table::Table::new();
            table
                .load_style(comfy_table::presets::UTF8_FULL_CONDENSED)
                .set_header(columns.iter().map(|column| lang.term("column", column)));
            for record in csv::Reader::from_reader(text.as_bytes()).records() {
                let record = record.map_err(|error| AppError::Failed(format!("table: {error}")))?;
                table.add_row(columns.iter().zip(&record).map(|(column, cell)| plain(&told(lang, column, cell))));
            }
            Ok(format!("{table}\n"))
        }
    }
}

/// A code in words, anything else as it is.
fn told<'c>(lang: Lang, column: &str, cell: &'c str) -> Cow<'c, str> {
    match (column, cell) {
        (_, "true") => lang.text("cell-yes").into(),
        (_, "false") => lang.text("cell-no").into(),
        ("cause", code) if !code.is_empty() => lang.cause(code).into(),
        ("causes", list) => list.split(';').map(|one| told_cause(lang, one)).collect::<Vec<_>>().join("; ").into(),
        ("kind" | "force" | "standing" | "result" | "state" | "status", code) => lang.term(column, code).into(),
        _ => cell.into(),
    }
}

/// `no-record=3`: a cause in words, and how many it has.
fn told_cause(lang: Lang, one: &str) -> String {
    one.rsplit_once('=').map_or_else(|| one.to_owned(), |(code, n)| format!("{}: {n}", lang.cause(code)))
}

/// A cell cannot move the cursor or colour the terminal.
fn plain(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn json_text<T: Serialize>(value: &T) -> Result<String, AppError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| AppError::Failed(format!("json: {error}")))?;
    Ok(text + "\n")
}

fn csv_text<T: Serialize>(columns: &[&str], rows: &[T]) -> Result<String, AppError> {
    cell::csv(columns, rows).map_err(|error| AppError::Failed(format!("csv: {error}")))
}

/// Prints text that is ready to be read by a program to standard output.
pub fn text(text: &str) -> Result<(), AppError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // `lichphat … | head` has seen enough
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| AppError::io("standard output", error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        screen: &'static str,
        counted: u32,
        note: Option<&'static str>,
    }
    const COLUMNS: &[&str] = &["screen", "counted", "note"];

    #[test]
    fn one_list_in_three_forms() {
        let list = [
            Row { screen: "P00004-01", counted: 11, note: Some("Ba Đình, \"một\"") },
            Row { screen: "P00005-01", counted: 0, note: None },
        ];
        insta::assert_snapshot!(render(Lang::Vi, Format::Table, COLUMNS, &list).unwrap(), @r#"
        ┌───────────┬───────────┬────────────────┐
        │ màn hình  ┆ được tính ┆ ghi chú        │
        ╞═══════════╪═══════════╪════════════════╡
        │ P00004-01 ┆ 11        ┆ Ba Đình, "một" │
        │ P00005-01 ┆ 0         ┆                │
        └───────────┴───────────┴────────────────┘
        "#);
        insta::assert_snapshot!(render(Lang::Vi, Format::Csv, COLUMNS, &list).unwrap(), @r#"
        screen,counted,note
        P00004-01,11,"Ba Đình, ""một"""
        P00005-01,0,
        "#);
        let json: serde_json::Value =
            serde_json::from_str(&render(Lang::Vi, Format::Json, COLUMNS, &list).unwrap()).unwrap();
        assert_eq!((json[0]["counted"].as_u64(), json[1]["note"].is_null()), (Some(11), true));
    }

    #[test]
    fn an_empty_list_still_has_its_columns() {
        assert_eq!(render::<Row>(Lang::Vi, Format::Csv, COLUMNS, &[]).unwrap(), "screen,counted,note\n");
        assert_eq!(render::<Row>(Lang::Vi, Format::Json, COLUMNS, &[]).unwrap(), "[]\n");
    }

    #[test]
    fn codes_are_words_in_a_table_and_codes_for_programs() {
        let row = [("true", "skipped:device-off", "third-party", "met")];
        let columns = &["simulated", "cause", "kind", "result"];
        let vi = render(Lang::Vi, Format::Table, columns, &row).unwrap();
        for word in ["mô phỏng", "có", "Không phát: thiết bị tắt nguồn", "đơn vị khác vận hành", "đạt"]
        {
            assert!(vi.contains(word), "{word}: {vi}");
        }
        let csv = render(Lang::Vi, Format::Csv, columns, &row).unwrap();
        assert_eq!(csv, "simulated,cause,kind,result\ntrue,skipped:device-off,third-party,met\n");
    }

    #[test]
    fn columns_that_do_not_fit_the_row_are_a_defect_that_shows() {
        let list = [Row { screen: "a", counted: 1, note: None }];
        assert!(render(Lang::Vi, Format::Csv, &["screen"], &list).is_err());
    }
}

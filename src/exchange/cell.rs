//! Cells that a spreadsheet does not run: people open these files with a double click.

use serde::Serialize;
use std::borrow::Cow;

/// What a spreadsheet takes for the beginning of a formula.
const RUN: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A text that a spreadsheet would run is marked as text by a `'` in front; numbers stay numbers.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    let runs = cell.starts_with(RUN) && cell.parse::<f64>().is_err();
    if runs { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The text again, without the mark that [`harmless`] put in front.
pub fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(RUN)).unwrap_or(cell)
}

/// Rows under the names of their columns. A row with another number of fields is an error.
pub fn csv<T: Serialize>(columns: &[&str], rows: &[T]) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(columns)?;
    for row in rows {
        writer.serialize(row)?;
    }
    text(writer)
}

/// The same text with every cell [`harmless`].
pub fn harmless_csv(table: &str) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_bytes()).records() {
        writer.write_record(record?.iter().map(|cell| harmless(cell).into_owned()))?;
    }
    text(writer)
}

fn text(writer: csv::Writer<Vec<u8>>) -> Result<String, csv::Error> {
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned()) // of strings alone
}

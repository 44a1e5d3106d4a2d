//! Cells that a spreadsheet does not run: people open these files with a double click.

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

//! A workbook: the sentences on a first sheet, each table on its own under its name, numbers as numbers, headings that stay in sight.
//! What a spreadsheet would run is no formula here: every text is written as text.

use super::document::{Block, Cell, Column, Document, Table};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};
use std::collections::BTreeSet;

/// Longest name of a sheet, characters, of those that it may have.
const LONGEST_NAME: usize = 31;
/// Longest text of a cell, characters.
const LONGEST_TEXT: usize = 32_767;

/// Width of the sentences' column, letters: what a sheet of A4 holds beside its margins, also where a wider font stands in for the one
/// that widths are measured by, and enough for a hash in one piece.
const SENTENCE_WIDTH: u16 = 72;
/// Height of a line of 12 pt, points.
const LINE_PT: u16 = 17;
/// Most lines of a row that are made room for.
const MOST_LINES: usize = 25;

/// Letters beside one another on a sheet of A4 that lies, small enough to have many and large enough to read.
const LETTERS_OF_A_PAGE: usize = 180;
/// Its number among paper sizes.
const A4: u8 = 9;

struct Forms {
    title: Format,
    heading: Format,
    head: Format,
    text: Format,
    number: Format,
    decimal: Format,
}

impl Forms {
    fn new() -> Self {
        let plain = || Format::new().set_font_name("Times New Roman").set_font_size(12);
        let cell = || plain().set_border(FormatBorder::Thin).set_align(FormatAlign::Top);
        Self {
            title: plain().set_bold().set_font_size(14).set_text_wrap().set_align(FormatAlign::Top),
            heading: plain().set_bold().set_font_size(13).set_text_wrap().set_align(FormatAlign::Top),
            head: cell().set_bold().set_text_wrap().set_align(FormatAlign::Center),
            text: cell().set_text_wrap(),
            number: cell().set_num_format("#,##0"),
            decimal: cell().set_num_format("#,##0.0"),
        }
    }
}

/// The workbook.
///
/// # Errors
/// What its writer refuses.
pub(super) fn workbook(document: &Document) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    book.set_properties(&properties(document)?);
    let forms = Forms::new();
    // printed, each sheet is as wide as its paper, or as a few of them beside one another
    let paper = |sheet: &mut Worksheet, pages: u16| {
        sheet.set_paper_size(A4).set_print_fit_to_pages(pages, 0).set_margins(0.5, 0.4, 0.6, 0.6, 0.3, 0.3);
        sheet.set_footer("&C&P / &N");
    };
    let mut names = BTreeSet::new();
    let sheet = book.add_worksheet();
    sheet.set_name(sheet_name(&document.lang.text("report-sheet-summary"), &mut names))?;
    summary(sheet, document, &forms)?;
    paper(sheet, 1);
    for table in document.tables() {
        let sheet = book.add_worksheet();
        sheet.set_name(sheet_name(&table.name, &mut names))?;
        write(sheet, table, &forms)?;
        let letters: usize = table.columns.iter().map(|head| width(head) as usize).sum();
        paper(sheet.set_landscape(), letters.div_ceil(LETTERS_OF_A_PAGE).try_into().unwrap_or(1));
    }
    book.save_to_buffer()
}

/// Its day is the report's, so that the same report is the same bytes.
fn properties(document: &Document) -> Result<DocProperties, XlsxError> {
    use chrono::Datelike as _;
    let day = document.day.0;
    let year = u16::try_from(day.year()).unwrap_or(2000);
    let at = ExcelDateTime::from_ymd(year, day.month() as u8, day.day() as u8)?;
    Ok(DocProperties::new().set_title(&document.title).set_comment(&document.hash).set_creation_datetime(&at))
}

/// A name that a sheet may have, and no other sheet has.
fn sheet_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let fit: String = name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(LONGEST_NAME).collect();
    let mut own = fit.clone();
    let mut n = 2;
    while !taken.insert(own.to_lowercase()) {
        let short: String = fit.chars().take(LONGEST_NAME - 4).collect();
        own = format!("{short} {n}");
        n += 1;
    }
    own
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

fn summary(sheet: &mut Worksheet, document: &Document, forms: &Forms) -> Result<(), XlsxError> {
    let text = Format::new().set_font_name("Times New Roman").set_font_size(12).set_text_wrap();
    let text = text.set_align(FormatAlign::Top);
    sheet.set_column_width(0, SENTENCE_WIDTH)?;
    let mut row = 0;
    let mut line = |sheet: &mut Worksheet, words: &str, form: &Format| -> Result<(), XlsxError> {
        sheet.write_string_with_format(row, 0, cut(words), form)?;
        sheet.set_row_height(row, height([lines(words, usize::from(SENTENCE_WIDTH))]))?;
        row += 1;
        Ok(())
    };
    line(sheet, &document.title, &forms.title)?;
    line(sheet, &document.state, &text)?;
    for block in &document.blocks {
        match block {
            Block::Heading(words) => line(sheet, words, &forms.heading)?,
            Block::Sentence(words) => line(sheet, words, &text)?,
            Block::List(about, list) => {
                line(sheet, about, &text)?;
                for words in list {
                    line(sheet, &format!("– {words}"), &text)?;
                }
            }
            Block::Quote(about, words) => {
                line(sheet, about, &text)?;
                line(sheet, words, &text)?;
            }
            Block::Table(table) => line(sheet, &format!("→ {}: {}", table.name, table.caption), &text)?,
        }
    }
    Ok(())
}

/// Lines that words take in a column of so many letters, words whole where they fit.
fn lines(words: &str, letters: usize) -> usize {
    let of_line = |line: &str| {
        let (mut lines, mut used) = (1, 0);
        for word in line.split_whitespace() {
            let long = word.chars().count();
            match used + usize::from(used > 0) + long {
                end if end <= letters => used = end,
                _ => {
                    lines += usize::from(used > 0) + long.saturating_sub(1) / letters;
                    used = (long.max(1) - 1) % letters + 1;
                }
            }
        }
        lines
    };
    words.lines().map(of_line).sum::<usize>().max(1)
}

/// Height of a row whose cells have so many lines, points: not every program makes a row as high as its words.
fn height(cells: impl IntoIterator<Item = usize>) -> u16 {
    let most = cells.into_iter().max().unwrap_or(1).clamp(1, MOST_LINES);
    LINE_PT * most as u16
}

/// Width of a column, letters.
const fn width(head: &Column) -> u16 {
    if head.number { 11 } else { 30 }
}

fn write(sheet: &mut Worksheet, table: &Table, forms: &Forms) -> Result<(), XlsxError> {
    let mut column = 0;
    for head in &table.columns {
        sheet.write_string_with_format(0, column, &head.title, &forms.head)?;
        sheet.set_column_width(column, width(head))?;
        column += 1;
    }
    // bold letters are wider
    let heads = table.columns.iter().map(|head| lines(&head.title, usize::from(width(head)) - 2));
    sheet.set_row_height(0, height(heads))?;
    sheet.set_freeze_panes(1, 1)?;
    for (row, cells) in (1..).zip(&table.rows) {
        let lines = cells.iter().zip(&table.columns).map(|(cell, head)| match cell {
            Cell::Text(text) => lines(text, usize::from(width(head))),
            Cell::Number(_) | Cell::Decimal(_) => 1,
        });
        sheet.set_row_height(row, height(lines))?;
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) => sheet.write_string_with_format(row, column, cut(text), &forms.text)?,
                // exact up to 2^53, and no count of plays comes near
                Cell::Number(n) => sheet.write_number_with_format(row, column, *n as f64, &forms.number)?,
                Cell::Decimal(value) => sheet.write_number_with_format(row, column, *value, &forms.decimal)?,
            };
        }
    }
    let last = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
    if last > 0 && column > 0 {
        sheet.autofilter(0, 0, last, column - 1)?;
    }
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_repeat_columns(0, 0)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_as_high_as_its_words() {
        assert_eq!(lines("", 10), 1);
        assert_eq!(lines("một hai ba", 10), 1);
        assert_eq!(lines("một hai ba bốn", 10), 2, "a word goes down whole");
        assert_eq!(lines(&"a".repeat(21), 10), 3, "what has no blank is broken");
        assert_eq!(lines("mã aaaaaaaaaaaa bb", 10), 3);
        assert_eq!(lines("một\nhai", 10), 2);
        assert_eq!((height([1, 3, 2]), height([])), (51, 17));
        // a hash stands in one piece on the first sheet
        assert_eq!(lines(&format!("Mã SHA-256 của dữ liệu báo cáo: {}.", "f".repeat(64)), SENTENCE_WIDTH.into()), 2);
    }
}

//! A document as it stands on paper, in the form of Decree 30/2020: nothing but strings in the order in which they are set. DOCX and PDF
//! print the same sheet.

use super::document::{Block, Cell, Document, Letterhead, Table};
use crate::lang::{Lang, Values, shown};
use chrono::Datelike as _;
use lichphat_playlists::time::LocalDay;
use serde::Serialize;

/// Rows of a long list on paper; the files hold all of them.
const MOST_ROWS: usize = 200;
/// The same where each row has one line and the orders stand above them: every ward of several orders.
const MOST_SHORT_ROWS: usize = 1_000;
/// What is left to be written by hand.
const DOTS: &str = "..........";

/// A sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Sheet {
    /// Language of its body.
    pub(super) lang: &'static str,
    /// Year, month and day of its figures.
    pub(super) date: (i32, u32, u32),
    /// The body above the one that issues it.
    pub(super) parent: String,
    /// The body that issues it.
    pub(super) issuer: String,
    /// `Số: 05/BC-UBND`.
    pub(super) number: String,
    /// `Hà Nội, ngày 05 tháng 12 năm 2026`.
    pub(super) place: String,
    /// What it is about.
    pub(super) title: String,
    /// Provisional, or closed by whom and when.
    pub(super) state: String,
    /// To whom it goes.
    pub(super) to: Vec<String>,
    /// Who gets a copy.
    pub(super) copies: Vec<String>,
    /// In whose name it is signed, and as what; lines.
    pub(super) position: String,
    /// Who signs it.
    pub(super) signer: String,
    /// That a table is empty.
    pub(super) none: String,
    /// Its body.
    pub(super) parts: Vec<Part>,
}

/// A part of its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Part {
    /// A numbered heading.
    Heading { words: String },
    /// A sentence.
    Sentence { words: String },
    /// Sentences under one another.
    List { words: String, lines: Vec<String> },
    /// What somebody wrote.
    Quote { words: String, lines: Vec<String> },
    /// A table.
    Table { table: Grid },
}

/// A table on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Grid {
    /// What it shows.
    pub(super) caption: String,
    /// Headings.
    pub(super) columns: Vec<String>,
    /// Which columns hold numbers.
    pub(super) numbers: Vec<bool>,
    /// Shares of the width.
    pub(super) widths: Vec<u32>,
    /// Rows.
    pub(super) rows: Vec<Vec<String>>,
    /// Before which row a line over the whole width says of what the next ones are.
    pub(super) groups: Vec<(usize, String)>,
    /// That there are more rows, in the files; empty: all are here.
    pub(super) more: String,
}

impl Sheet {
    /// The sheet of a document.
    pub(super) fn of(document: &Document) -> Self {
        let (lang, head) = (document.lang, &document.letterhead);
        let date = document.day.0;
        let mut heading = 0;
        let part = |block: &Block| match block {
            Block::Heading(words) => {
                heading += 1;
                Part::Heading { words: format!("{}. {words}", roman(heading)) }
            }
            Block::Sentence(words) => Part::Sentence { words: words.clone() },
            Block::List(words, lines) => Part::List { words: words.clone(), lines: lines.clone() },
            Block::Quote(words, text) => {
                Part::Quote { words: words.clone(), lines: text.lines().map(str::to_owned).collect() }
            }
            Block::Table(table) => Part::Table { table: grid(lang, table) },
        };
        Self {
            lang: lang.code(),
            date: (date.year(), date.month(), date.day()),
            parent: line(&head.parent),
            issuer: line(&head.issuer),
            number: number(head),
            place: place(head),
            title: document.title.clone(),
            state: document.state.clone(),
            to: lines(&head.to),
            copies: lines(&head.copies),
            position: head.position.lines().map(line).collect::<Vec<_>>().join("\n"),
            signer: line(&head.signer),
            none: lang.text("report-none"),
            parts: document.blocks.iter().filter(|block| is_on_paper(block)).map(part).collect(),
        }
    }
}

fn is_on_paper(block: &Block) -> bool {
    !matches!(block, Block::Table(table) if table.most_on_paper == Some(0))
}

/// As people typed it, without what misleads; empty stays empty.
fn line(text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { shown(text.trim()) }
}

fn lines(all: &[String]) -> Vec<String> {
    all.iter().map(|text| line(text.trim_end_matches([';', '.', ' ']))).filter(|text| !text.is_empty()).collect()
}

/// A number below ten has a nought in front; between number and symbol stands a stroke without blanks.
fn number(head: &Letterhead) -> String {
    let number = match head.number.trim().parse::<u32>() {
        Ok(n) => format!("{n:02}"),
        Err(_) => line(&head.number),
    };
    let or_dots = |text: String| if text.is_empty() { DOTS.to_owned() } else { text };
    let symbol = line(&head.symbol);
    let symbol = if symbol.is_empty() { format!("BC-{DOTS}") } else { symbol };
    format!("Số: {}/{symbol}", or_dots(number))
}

/// Days below ten, and the months 1 and 2, have a nought in front.
fn place(head: &Letterhead) -> String {
    let place = line(&head.place);
    let place = if place.is_empty() { DOTS.to_owned() } else { place };
    match head.date {
        None => format!("{place}, ngày ..... tháng ..... năm ......."),
        Some(LocalDay(date)) => {
            let month = if date.month() <= 2 { format!("{:02}", date.month()) } else { date.month().to_string() };
            format!("{place}, ngày {:02} tháng {month} năm {}", date.day(), date.year())
        }
    }
}

fn grid(lang: Lang, table: &Table) -> Grid {
    let mut narrow = table.narrow();
    let by = if table.by_order && !narrow.is_empty() { Some(narrow.remove(0)) } else { None };
    let most = match (table.long, table.by_order) {
        (false, _) => table.rows.len(),
        (true, false) => table.most_on_paper.unwrap_or(MOST_ROWS),
        (true, true) => MOST_SHORT_ROWS,
    };
    let beyond = table.rows.len().saturating_sub(most);
    let cell = |row: &Vec<Cell>, i: &usize| row.get(*i).map_or_else(String::new, |cell| cell.text(lang));
    let numbers: Vec<bool> = narrow.iter().map(|i| table.columns[*i].number).collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().take(most).map(|row| narrow.iter().map(|i| cell(row, i)).collect()).collect();
    let mut groups: Vec<(usize, String)> = Vec::new();
    for (at, row) in table.rows.iter().take(most).enumerate() {
        let group = by.map(|by| cell(row, &by)).unwrap_or_default();
        if !group.is_empty() && groups.last().is_none_or(|(_, last)| *last != group) {
            groups.push((at, group));
        }
    }
    // words by how long they are on the whole, so that a column of causes is not as narrow as one of single words
    let long = |place: usize| {
        let letters: usize = rows.iter().map(|row| row[place].chars().count()).sum();
        (letters / rows.len().max(1) / 5) as u32
    };
    let width = |(place, number): (usize, &bool)| match (place, number) {
        (0, _) => 6,
        (_, false) => long(place).clamp(3, 7),
        (_, true) => 2,
    };
    Grid {
        caption: table.caption.clone(),
        columns: narrow.iter().map(|i| table.columns[*i].title.clone()).collect(),
        widths: numbers.iter().enumerate().map(width).collect(),
        numbers,
        rows,
        groups,
        more: match beyond {
            0 => String::new(),
            n => lang.say("report-more-rows", &Values::new().count(lang, "n", n as u64)),
        },
    }
}

fn roman(n: usize) -> &'static str {
    const NUMBERS: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
    NUMBERS[(n - 1) % NUMBERS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_place_and_date_are_written_as_the_decree_says() {
        let day = |text: &str| Some(text.parse().unwrap());
        let head = Letterhead {
            number: "5".into(),
            symbol: "BC-UBND".into(),
            place: "Hà Nội".into(),
            date: day("2026-01-05"),
            ..Letterhead::default()
        };
        assert_eq!(number(&head), "Số: 05/BC-UBND");
        assert_eq!(place(&head), "Hà Nội, ngày 05 tháng 01 năm 2026");
        assert_eq!(place(&Letterhead { date: day("2026-03-15"), ..head }), "Hà Nội, ngày 15 tháng 3 năm 2026");
        assert_eq!(number(&Letterhead::default()), "Số: ........../BC-..........");
        assert_eq!(place(&Letterhead::default()), ".........., ngày ..... tháng ..... năm .......");
        assert_eq!(lines(&["Như trên;".into(), " ".into(), "Lưu: VT.".into()]), ["Như trên", "Lưu: VT"]);
    }
}

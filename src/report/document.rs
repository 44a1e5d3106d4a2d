//! A report as a document: titles, sentences and tables, for whatever prints it. Numbers stay numbers until then.

use crate::lang::Lang;
use lichphat_playlists::time::LocalDay;

/// What an office writes around a report; what is empty is left to be filled in by hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letterhead {
    /// The body above the one that issues it.
    pub parent: String,
    /// The body that issues it.
    pub issuer: String,
    /// Its number.
    pub number: String,
    /// What follows the number: `BC-UBND`.
    pub symbol: String,
    /// Where it is signed.
    pub place: String,
    /// When it is signed.
    pub date: Option<LocalDay>,
    /// To whom it goes (kính gửi).
    pub to: Vec<String>,
    /// Who gets a copy (nơi nhận).
    pub copies: Vec<String>,
    /// In whose name it is signed, and as what: `TM. ỦY BAN NHÂN DÂN`, `CHỦ TỊCH`.
    pub position: String,
    /// Who signs it.
    pub signer: String,
}

/// A report in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Language of its words.
    pub lang: Lang,
    /// What an office writes around it.
    pub letterhead: Letterhead,
    /// What it is about, in one line.
    pub title: String,
    /// Provisional, or by whom and when it was closed.
    pub state: String,
    /// Is it provisional?
    pub provisional: bool,
    /// Its parts in order.
    pub blocks: Vec<Block>,
    /// The day of its figures.
    pub day: LocalDay,
    /// SHA-256 of its data, hexadecimal.
    pub hash: String,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// A sentence.
    Sentence(String),
    /// Sentences under one another, the first of them what they are about.
    List(String, Vec<String>),
    /// A table.
    Table(Table),
    /// What somebody wrote, in his lines: of which unit, and what.
    Quote(String, String),
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// A stable word.
    pub key: &'static str,
    /// Its name, short enough for a sheet.
    pub name: String,
    /// What it shows, in a sentence.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// Its first column names the order, and rows of one order stand together: on paper it stands once above them.
    pub by_order: bool,
    /// A list that may have thousands of rows: in files whole, on pages page by page, on paper its beginning.
    pub long: bool,
    /// How many rows that beginning has at most; none: as many as are usual; 0: it is in files and on pages alone.
    pub most_on_paper: Option<usize>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// Also where there is little room: on pages and on paper.
    pub narrow: bool,
    /// Does it hold numbers?
    pub number: bool,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A count.
    Number(u64),
    /// A mean.
    Decimal(f64),
}

impl Cell {
    /// As people read it.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(n) => lang.number(*n),
            Self::Decimal(value) => lang.decimal(*value),
        }
    }
}

impl Document {
    /// Its tables in order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }
}

impl Table {
    /// The narrow columns, by their places.
    pub fn narrow(&self) -> Vec<usize> {
        self.columns.iter().enumerate().filter(|(_, column)| column.narrow).map(|(i, _)| i).collect()
    }
}

//! Imports: one pure parser per noun, from a file's bytes to a [`Batch`] or to the full list of what is
//! wrong with it. Each parser is given the directory as it is, so that names become codes and links
//! keep their history; whoever stores the batch checks that the directory is still at that revision.

mod calendar;
mod closures;
mod document;
mod duty;
mod footfall;
mod screens;
mod units;
mod venues;

use super::problem::{Problem, Problems};
use super::snapshot::{Batch, Directory};
use super::table::{Bad, Row, SourceFile, Table};
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::time::{HANOI, LocalDay, UtcMillis};

pub use document::documentation;
pub(crate) use document::section;

/// What a parser may know besides the file.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The directory as it is.
    pub directory: &'a Directory,
    /// The present: closures remember when they were entered.
    pub now: UtcMillis,
}

impl Context<'_> {
    fn today(&self) -> LocalDay {
        self.now.day(HANOI)
    }
    /// The unit a cell means, by code or name, living on `day`.
    fn unit(
        &self,
        row: &Row,
        field: &str,
        text: &str,
        day: LocalDay,
        found: &mut Vec<Problem>,
    ) -> Result<UnitCode, Bad> {
        self.directory.find_unit(text, day).map(|unit| unit.code.clone()).map_err(|error| {
            found.push(row.problem(field, error.say()));
            Bad
        })
    }
}

/// A kind of file the directory can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Units of the tree.
    Units,
    /// Screens and their links.
    Screens,
    /// Venue profiles.
    Venues,
    /// Rosters of vehicles.
    Duty,
    /// Days off and make-up days.
    Calendar,
    /// Counts of people.
    Footfall,
    /// Closures and repairs.
    Closures,
}

impl Kind {
    /// The table behind it, where it is one.
    pub fn table(self) -> Option<&'static Table> {
        match self {
            Self::Units => Some(&units::TABLE),
            Self::Screens => Some(&screens::TABLE),
            Self::Duty => Some(&duty::TABLE),
            Self::Calendar => Some(&calendar::TABLE),
            Self::Footfall => Some(&footfall::TABLE),
            Self::Closures => Some(&closures::TABLE),
            Self::Venues => None,
        }
    }
}

/// The calendar that comes with the program, as a directory that knows nothing else.
pub fn shipped_calendar() -> Result<Directory, Problems> {
    const FILE: &str = "config/calendar/holidays-vn.csv";
    let bytes = include_bytes!("../../../config/calendar/holidays-vn.csv");
    let mut directory = Directory::default();
    directory.apply(calendar::parse(SourceFile { name: FILE, bytes })?);
    Ok(directory)
}

/// Reads one file. Nothing is written: the batch is for the store, whole or not at all.
pub fn parse(kind: Kind, file: SourceFile<'_>, context: Context<'_>) -> Result<Batch, Problems> {
    match kind {
        Kind::Units => units::parse(file, context),
        Kind::Screens => screens::parse(file, context),
        Kind::Venues => venues::parse(file),
        Kind::Duty => duty::parse(file, context),
        Kind::Calendar => calendar::parse(file),
        Kind::Footfall => footfall::parse(file, context),
        Kind::Closures => closures::parse(file, context),
    }
}

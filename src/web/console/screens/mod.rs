//! Many screens at once: `/screens` lists those that the reader may see, as he filters and sorts them, and hands the list out as a file
//! that the import takes back.

mod list;
mod shelf;

pub(super) use list::{csv, show};
pub(super) use shelf::{Shelf, Thing};

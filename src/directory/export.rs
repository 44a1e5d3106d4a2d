//! The list of screens as a file that the import takes back: same columns, and rows that say what is there.

use super::import::Kind;
use super::screen::{Link, Screen};
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeSet;

/// Letters with which a spreadsheet takes a cell for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A cell that no spreadsheet carries out: what looks like a formula gets the apostrophe by which spreadsheets mark text, and which
/// the import takes off again. `-` alone, "none" in these files, is none.
pub fn inert(cell: &str) -> String {
    if cell.starts_with(FORMULA) && cell != "-" || is_marked(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// Does an apostrophe stand before what looks like a formula, or before such an apostrophe?
fn is_marked(cell: &str) -> bool {
    let rest = cell.trim_start_matches('\'');
    rest.len() < cell.len() && rest.starts_with(FORMULA)
}

/// A cell as it was before [`inert`].
pub(super) fn plain(cell: &str) -> &str {
    if is_marked(cell) { &cell[1..] } else { cell }
}

/// These screens as CSV with a byte order mark, so that spreadsheets see that it is UTF-8; `delimiter`: `,` or `;`. A screen that has
/// moved has one row for each day on which a link changed.
pub fn screens_csv<'a>(screens: impl IntoIterator<Item = &'a Screen>, delimiter: u8) -> Vec<u8> {
    let mut out = csv::WriterBuilder::new().delimiter(delimiter).from_writer(b"\xef\xbb\xbf".to_vec());
    let columns = Kind::Screens.table().map_or(&[][..], |table| table.columns);
    // into memory: writing there does not fail
    let _ = out.write_record(columns.iter().map(|column| column.name));
    for screen in screens {
        for from in days(screen) {
            let row = columns.iter().map(|column| inert(&cell(screen, from, column.name)));
            let _ = out.write_record(row);
        }
    }
    out.into_inner().unwrap_or_default()
}

/// The days on which its links begin; the first may be "since ever". Before its owner's first day no row can stand, for a row has one.
fn days(screen: &Screen) -> BTreeSet<Option<LocalDay>> {
    let days: BTreeSet<_> =
        Link::ALL.iter().flat_map(|l| screen.links.history(*l).iter().map(|(from, _)| from)).collect();
    if days.is_empty() { BTreeSet::from([None]) } else { days }
}

fn cell(screen: &Screen, from: Option<LocalDay>, column: &str) -> String {
    let s = screen;
    let day = |day: Option<LocalDay>| day.map_or_else(String::new, |day| day.to_string());
    match column {
        "code" => s.code.to_string(),
        "name" => s.name.clone(),
        "address" => s.address.clone(),
        "venue_type" => s.venue_type.to_string(),
        "kind" => s.kind.to_string(),
        "link" => s.connection.to_string(),
        "panels" => s.panels.to_string(),
        "width" => s.width_px.to_string(),
        "height" => s.height_px.to_string(),
        "output" => s.output.to_string(),
        "links_from" => day(from),
        "from" => day(s.in_service.from),
        "to" => day(s.in_service.to),
        link => link.parse().map_or_else(|_| String::new(), |link| unit(s, link, from)),
    }
}

/// Every field of a screen by its column, each link with its whole history: for two states to be held against one another.
pub fn screen_fields(screen: &Screen) -> Vec<(&'static str, String)> {
    let columns = Kind::Screens.table().map_or(&[][..], |table| table.columns);
    let fields = columns.iter().map(|column| column.name).filter(|name| *name != "links_from");
    fields
        .map(|name| match name.parse::<Link>() {
            Ok(link) => (name, history(screen, link)),
            Err(_) => (name, cell(screen, None, name)),
        })
        .collect()
}

/// `W1; 2026-12-01: W2`.
fn history(screen: &Screen, link: Link) -> String {
    let held = screen.links.history(link).iter().map(|(from, unit)| {
        let unit = unit.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        from.map_or_else(|| unit.clone(), |from| format!("{from}: {unit}"))
    });
    held.collect::<Vec<_>>().join("; ")
}

/// What the row says of a link: what holds from that day on. Nothing where nothing was said so far.
fn unit(screen: &Screen, link: Link, from: Option<LocalDay>) -> String {
    let history = screen.links.history(link);
    let held = history.iter().take_while(|(start, _)| *start <= from).last();
    held.map_or_else(String::new, |(_, unit)| unit.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::import::{Context, parse};
    use crate::directory::table::SourceFile;
    use crate::directory::tests::small_city;
    use crate::directory::{Batch, Change};
    use lichphat_playlists::time::UtcMillis;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_comes_back_and_changes_nothing() {
        let mut city = small_city();
        let mut moved = city.screens().next().expect("a screen").clone();
        let units: Vec<_> = city.units().map(|u| u.code.clone()).collect();
        moved.name = "=HYPERLINK(\"http://x\";1), \"Nhà\"; Ngọc\n'@".to_owned();
        moved.address = "'-12 Phố".to_owned();
        moved.links.territory.set(Some("2026-02-01".parse().unwrap()), None);
        moved.links.owner.set(Some("2026-03-01".parse().unwrap()), Some(units[0].clone()));
        city.apply(Batch { changes: vec![Change::Screen(moved)] });
        for delimiter in [b',', b';'] {
            let bytes = screens_csv(city.screens(), delimiter);
            for marked in [true, false] {
                let bytes = if marked { &bytes[..] } else { &bytes[3..] };
                let context = Context { directory: &city, now: UtcMillis(1_764_000_000_000) };
                let batch = parse(Kind::Screens, SourceFile { name: "screens", bytes }, context).unwrap();
                assert_eq!(batch.changes.len(), city.screens().count());
                let (changed, summary) = city.clone().apply(batch);
                assert!(summary.nothing_changed(), "{changed:?}\n{}", String::from_utf8_lossy(bytes));
            }
        }
    }

    proptest! {
        #[test]
        fn no_cell_is_a_formula_and_each_comes_back(cell in "['=+@\t-]{0,3}\\PC{0,8}") {
            let written = inert(&cell);
            prop_assert!(!written.starts_with(FORMULA) || written == "-", "{written:?}");
            prop_assert_eq!(plain(&written), cell);
        }
    }
}

//! `docs/imports.md`, written from the tables that the parsers use.

use super::Kind;
use crate::directory::table::Table;
use std::fmt::Write;

const HEAD: &str = "\
# Files that `lichphat import` takes

`lichphat import KIND FILE…` reads each file as a whole: either everything in it is taken, or nothing and every
problem is listed with line, column, value and mend. Importing the same file again changes nothing.

- UTF-8, with or without a byte order mark; fields divided by `,` `;` or tab, as the header line shows. Lines that
  begin with `#` are comments. Header names are as below, in any order.
- In CSV an apostrophe before `=`, `+`, `-` or `@` at the beginning of a cell, by which spreadsheets mark text, is taken off.
- Tables may also be TOML: `[[unit]]`, one key per column.
- A unit is written as its code or its Vietnamese name: old and new tone placement (`Hòa`, `Hoà`), composed or
  decomposed letters and the kind before the name (`Phường`, `Xã`, `UBND`) make no difference; names typed without
  any mark are found too. A name that several units share is refused with the list of their codes.
- Days are `2026-11-20`, both ends included. Hours are `08:00-12:00;13:00-17:00`, to `24:00`.
- Import in this order: `units`, `venues`, `calendar`, `screens`, `duty`, `closures`, `footfall`, `directives`, `campaigns`, `contracts`.
- This file is written from the code: `LICHPHAT_BLESS=1 cargo test --test presets`.
";

/// The text of `docs/imports.md`; `rest` is what other rooms take in.
pub fn documentation(rest: &str) -> String {
    let mut out = HEAD.to_owned();
    let kinds = [
        (Kind::Units, "units", "CSV or TOML `[[unit]]`. Example: `config/directory/units.toml`."),
        (
            Kind::Screens,
            "screens",
            "CSV or TOML `[[screen]]`. A second row of the same code with another `links_from` states a move; what held before that day stays. `from` and `to` of a screen that is there leave out no day that has begun: a screen that is gone gets today as its last day, or a later one, and owes what it owed until then.",
        ),
        (
            Kind::Calendar,
            "calendar",
            "CSV, TOML `[[day]]`, or ICS: whole-day events, CATEGORIES with words of the columns `kind`, `applies_to` and `status`; an event without any is an official day off for all.",
        ),
        (
            Kind::Duty,
            "duty",
            "Rosters of vehicles, CSV or TOML `[[duty]]`. On a day with an entry it stands in place of the venue's hours. Hours that are over stay: a row of today or of a day before may add to what was in force then, the roster or else the venue's hours, and take nothing away.",
        ),
        (
            Kind::Closures,
            "closures",
            "CSV or TOML `[[closure]]`. The same subject and beginning name the same closure; an entry made after it began takes off only what was still to come, and is shown as entered late: what was owed before stays owed. One that has begun may get another end, from now on, and keeps its reason and author, which a report gives with the time of entry; one that is over stands.",
        ),
        (
            Kind::Footfall,
            "footfall",
            "CSV or TOML `[[footfall]]`. A file replaces the counts of its days and the profile of every subject in it; who follows its counts (`lichphat peaks follow`) keeps its hours until a proposal is accepted.",
        ),
    ];
    for (kind, name, about) in kinds {
        if let Some(table) = kind.table() {
            section(&mut out, name, about, table);
        }
    }
    out.push_str(VENUES);
    out.push_str(rest);
    out
}

/// One kind of table as a part of the text.
pub(crate) fn section(out: &mut String, name: &str, about: &str, table: &Table) {
    let _ = writeln!(out, "\n## {name}\n\n{about}\n\n| column | needed | holds |\n| --- | --- | --- |");
    for column in table.columns {
        let _ =
            writeln!(out, "| `{}` | {} | {} |", column.name, if column.required { "yes" } else { "" }, column.about);
    }
}

const VENUES: &str = "
## venues

TOML, one `[[venue]]` per kind of place and first day. Example: `config/venues.toml`.

| key | needed | holds |
| --- | --- | --- |
| `type` | yes | code of the kind of place, `metro_station` |
| `valid_from` |  | first day it holds; it holds until the next profile of its type |
| `name`, `name_en` | yes | names |
| `calendar` | yes | `offices` (closed on days off, works make-up days), `public` (days off of everybody, with the hours of `day-off` or else of Sunday) or `none` |
| `terms` |  | months in which it is open, `[\"09-05..05-31\"]`; all year when absent |
| `confidence` | yes | `sourced`, `partly` or `assumption` |
| `source`, `note` | source | where it comes from; what to know |
| `weights` |  | `{ open = 30, peak = 100 }`: people per 15 minutes where no footfall is imported |
| `[[venue.hours]]` | yes | `days` (`mon-fri`, `sat,sun`, `day-off`), `open`, `lunch_break`, `peaks`, `weights_hourly` (24 numbers), `open_assumption`, `peaks_assumption`; a day that is not named is closed; peaks of less than an hour in all (or than half of a short duty) give way to the busiest hours |
";

//! Units, CSV or TOML (`[[unit]]`).

use super::Context;
use crate::directory::problem::{Problem, Problems, say};
use crate::directory::snapshot::{Batch, Change, Directory};
use crate::directory::table::{Row, SourceFile, Table, needed, optional, read};
use crate::directory::timeline::DaySpan;
use crate::directory::unit::{Unit, UnitKind};
use lichphat_playlists::ids::UnitCode;
use lichphat_playlists::time::LocalDay;
use std::collections::BTreeMap;

/// The table of units.
pub(crate) static TABLE: Table = Table {
    name: "unit",
    columns: &[
        needed("code", "code for life, `P00004`"),
        needed("name", "official Vietnamese name, `Phường Ba Đình`"),
        optional("name_en", "English name"),
        needed(
            "kind",
            "`city`, `department`, `agency`, `district`, `ward`, `commune`, `enterprise`, `hospital`, `school`, `organisation` or `press`",
        ),
        optional(
            "parent",
            "the unit above: code or name, of this file or imported before; may be empty for the city and for bodies that are not under it",
        ),
        optional("from", "first day it exists, `2025-07-01`; since ever when empty"),
        optional("to", "last day it exists, included; open when empty"),
        optional("source", "where the entry comes from"),
    ],
};

pub(crate) fn parse(file: SourceFile<'_>, context: Context<'_>) -> Result<Batch, Problems> {
    let mut found = Vec::new();
    let rows = read(file, &TABLE, &mut found)?;
    let mut units: Vec<(Unit, &Row)> = Vec::new();
    let mut lines: BTreeMap<_, u32> = BTreeMap::new();
    for row in &rows {
        let code = row.required("code", &mut found);
        let name = row.required("name", &mut found);
        let kind = row.required::<UnitKind>("kind", &mut found);
        let (from, to) = (row.optional("from", &mut found), row.optional("to", &mut found));
        let (Ok(code), Ok(name), Ok(kind), Ok(from), Ok(to)) = (code, name, kind, from, to) else { continue };
        let effective = DaySpan::new(from, to);
        if !effective.in_order() {
            found.push(row.problem("to", say("ngày cuối trước ngày đầu", "the last day comes before the first")));
        }
        if let Some(line) = lines.insert(UnitCode::clone(&code), row.line()) {
            let mend = say(format!("mã này đã có ở dòng {line}"), format!("this code is on line {line} already"));
            found.push(row.problem("code", mend));
        }
        let (name_en, source) = (row.text("name_en").map(str::to_owned), row.text("source").map(str::to_owned));
        units.push((Unit { code, name, name_en, kind, parent: None, effective, source }, row));
    }
    // parents are found among the units as they will be: those known and those of this file
    let mut after: Directory = context.directory.clone();
    after.apply(Batch { changes: units.iter().map(|(unit, _)| Change::Unit(unit.clone())).collect() });
    let mut changes = Vec::new();
    for (mut unit, row) in units {
        unit.parent = parent(&unit, row, &after, context.today(), &mut found);
        changes.push((unit, row));
    }
    after.apply(Batch { changes: changes.iter().map(|(unit, _)| Change::Unit(unit.clone())).collect() });
    for (unit, row) in &changes {
        if unit.parent.as_ref().is_some_and(|p| after.lies_under(p, &unit.code)) {
            let mend = say("đơn vị nằm dưới chính nó; sửa cột parent", "the unit lies below itself; mend its parent");
            found.push(row.problem("parent", mend));
        }
    }
    Problems::none_or(found, Batch { changes: changes.into_iter().map(|(unit, _)| Change::Unit(unit)).collect() })
}

fn parent(unit: &Unit, row: &Row, after: &Directory, today: LocalDay, found: &mut Vec<Problem>) -> Option<UnitCode> {
    let Some(text) = row.text("parent") else {
        use UnitKind::{Agency, Commune, Department, District, Ward};
        if matches!(unit.kind, Agency | Commune | Department | District | Ward) {
            let mend = say(
                "sở, ban, quận, phường, xã phải có đơn vị cấp trên",
                "a department, agency, district, ward or commune has a unit above it",
            );
            found.push(row.problem("parent", mend));
        }
        return None;
    };
    // the parent must live when the unit begins
    let day = unit.effective.from.or(unit.effective.to).unwrap_or(today);
    match after.find_unit(text, day) {
        Ok(parent) => Some(parent.code.clone()),
        Err(error) => {
            found.push(row.problem("parent", error.say()));
            None
        }
    }
}

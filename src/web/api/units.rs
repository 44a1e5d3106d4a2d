//! Units of the city's tree.

use super::call::{Call, List, json, tag_of};
use super::table::{Kind, Operation, PAGE, Takes, UNCHANGED, gives, may};
use crate::directory::{Unit, UnitKind};
use crate::people::Act::View;
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need::{Account, May};
use crate::web::routes::Subject;
use schemars::JsonSchema;
use serde::Serialize;

const KINDS: &[&str] = &[
    "city",
    "department",
    "agency",
    "district",
    "ward",
    "commune",
    "enterprise",
    "hospital",
    "school",
    "organisation",
    "press",
];

/// A body in the city's tree.
#[derive(Debug, Serialize, JsonSchema)]
struct UnitRow {
    /// Its code, for life.
    code: String,
    /// Official Vietnamese name.
    name: String,
    /// English name.
    name_en: Option<String>,
    /// `ward`, `department` …
    kind: String,
    /// The unit above.
    parent: Option<String>,
    /// First day on which it exists; none: it always did.
    from: Option<String>,
    /// Last day, included.
    to: Option<String>,
}

fn row(unit: &Unit) -> UnitRow {
    UnitRow {
        code: unit.code.to_string(),
        name: unit.name.clone(),
        name_en: unit.name_en.clone(),
        kind: unit.kind.as_str().to_owned(),
        parent: unit.parent.as_ref().map(ToString::to_string),
        from: unit.effective.from.map(|day| day.to_string()),
        to: unit.effective.to.map(|day| day.to_string()),
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1/units",
        need: Account,
        id: "listUnits",
        about: "Units, by code or by name.",
        query: &[
            PAGE,
            &[
                may("kind", Kind::OneOf(KINDS), "Only units of this kind."),
                may("under", Kind::Code, "Only this unit and what lies below it."),
                may("sort", Kind::OneOf(&["code", "name"]), "What they are sorted by; `code` when it is left out."),
            ],
        ],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<UnitRow>>()), UNCHANGED],
        refuses: &[],
        run: |call| Box::pin(list(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/units/{unit}",
        need: May(View, Subject::Unit("unit")),
        id: "getUnit",
        about: "One unit.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<UnitRow>()), UNCHANGED],
        refuses: &[],
        run: |call| Box::pin(one(call)),
    },
];

async fn list(call: Call) -> Result<Response, Problem> {
    let kind: Option<UnitKind> = call.value("kind").and_then(|kind| kind.parse().ok());
    let under =
        call.value("under").map(|code| code.parse().map(|code| call.city.directory.subtree(&code)).unwrap_or_default());
    let by_name = call.value("sort") == Some("name");
    let wanted = |unit: &&Unit| {
        kind.is_none_or(|kind| unit.kind == kind)
            && under.as_ref().is_none_or(|under| under.contains(&unit.code))
            && call.sight.unit(&unit.code)
    };
    let key = |unit: &Unit| if by_name { format!("{}\0{}", unit.name, unit.code) } else { unit.code.to_string() };
    call.tagged(&tag_of(&call.city), || {
        call.page(call.city.directory.units().filter(wanted).map(|unit| (key(unit), row(unit))))
    })
}

async fn one(call: Call) -> Result<Response, Problem> {
    let unit = call.unit()?;
    call.tagged(&tag_of(&call.city), || Ok(json(&row(unit))))
}

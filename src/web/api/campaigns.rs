//! What is to be played: orders, contracts, the local loop; and an order's dry run.

use super::call::{Call, List, json, tag_of, unknown};
use super::table::{Gives, Kind, Operation, PAGE, Takes, UNCHANGED, bytes, gives, may};
use crate::campaigns::{DirectiveKind, Place, Product};
use crate::people::Act::View;
use crate::web::Response;
use crate::web::console::data::reaches;
use crate::web::problem::Problem;
use crate::web::routes::Need::May;
use crate::web::routes::Subject;
use http::{HeaderValue, StatusCode, header};
use lichphat_playlists::ids::DirectiveCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use warp::Reply as _;

const KINDS: &[&str] = &["order", "contract", "item", "fixed", "fallback"];

/// Something that is to be played, or not to be.
#[derive(Debug, Serialize, JsonSchema)]
struct CampaignRow {
    /// Its code.
    code: String,
    /// `order`, `contract`, `item` (of the local loop), `fixed` (at a time of day) or `fallback` (the safe loop).
    kind: String,
    /// Of an order: `play` or `suspend`.
    order: Option<String>,
    /// Title.
    title: String,
    /// Made up to show something.
    sample: bool,
    /// Who issued it, of an order.
    issuer: Option<String>,
    /// Number as printed, of an order.
    number: Option<String>,
    /// First day.
    from: Option<String>,
    /// Last day, included.
    to: Option<String>,
    /// Media it plays, by SHA-256.
    media: Vec<String>,
}

/// One of them, whole.
#[derive(Debug, Serialize, JsonSchema)]
struct Campaign {
    /// The row of the list.
    #[serde(flatten)]
    row: CampaignRow,
    /// The document as it was imported, with what was added to it since.
    document: serde_json::Map<String, Value>,
}

fn media<'a>(product: impl IntoIterator<Item = &'a Product>) -> Vec<String> {
    let variants = product.into_iter().flat_map(|product| &product.variant);
    variants.filter_map(|variant| variant.media).map(|hash| hash.hex()).collect()
}

fn document(value: &impl Serialize) -> serde_json::Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    }
}

/// Does a contract, an item or an event play where the caller may look? Orders are everybody's.
fn sees(call: &Call, places: &[Place]) -> bool {
    reaches(&call.city.directory, &call.sight, places)
}

/// The files of all that the caller may see.
pub(super) fn files(call: &Call) -> BTreeSet<String> {
    all(call).into_iter().flat_map(|campaign| campaign.row.media).collect()
}

/// Everything that the caller may see, in order of kinds and codes.
fn all(call: &Call) -> Vec<Campaign> {
    let campaigns = &call.city.campaigns;
    let orders = campaigns.directives().map(|order| Campaign {
        row: CampaignRow {
            code: order.code.to_string(),
            kind: "order".to_owned(),
            order: Some(order.kind.to_string()),
            title: order.title.clone(),
            sample: order.sample,
            issuer: Some(order.issuer.to_string()),
            number: order.number.clone(),
            from: Some(order.from.to_string()),
            to: Some(order.to.to_string()),
            media: media(order.products().map(|(_, p)| p)),
        },
        document: document(order),
    });
    let other = |kind: &str, code: String, title: &str, sample: bool, product: &Product, document| Campaign {
        row: CampaignRow {
            code,
            kind: kind.to_owned(),
            order: None,
            title: title.to_owned(),
            sample,
            issuer: None,
            number: None,
            from: None,
            to: None,
            media: media([product]),
        },
        document,
    };
    let contracts = campaigns.contracts().filter(|c| sees(call, &c.place)).map(|c| {
        let mut contract = other("contract", c.code.to_string(), &c.title, c.sample, &c.product, document(c));
        (contract.row.from, contract.row.to) = (Some(c.from.to_string()), Some(c.to.to_string()));
        contract
    });
    let items = campaigns
        .items()
        .filter(|c| sees(call, &c.place))
        .map(|c| other("item", c.code.to_string(), &c.title, c.sample, &c.product, document(c)));
    let fixed = campaigns
        .fixed()
        .filter(|c| sees(call, &c.place))
        .map(|c| other("fixed", c.code.to_string(), &c.title, c.sample, &c.product, document(c)));
    let fallbacks = campaigns
        .fallbacks()
        .map(|c| other("fallback", c.code.to_string(), &c.title, c.sample, &c.product, document(c)));
    orders.chain(contracts).chain(items).chain(fixed).chain(fallbacks).collect()
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1/campaigns",
        need: May(View, Subject::Somewhere),
        id: "listCampaigns",
        about: "Orders, contracts, items of the local loop, fixed events and safe loops, by kind and code.",
        query: &[
            PAGE,
            &[
                may("kind", Kind::OneOf(KINDS), "Only those of this kind."),
                may("on", Kind::Day, "Only those whose days hold this one; what has no days is always among them."),
            ],
        ],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<List<CampaignRow>>()), UNCHANGED],
        refuses: &[],
        run: |call| Box::pin(list(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/campaigns/{campaign}",
        need: May(View, Subject::Somewhere),
        id: "getCampaign",
        about: "One of them with its whole document.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<Campaign>()), UNCHANGED],
        refuses: &[],
        run: |call| Box::pin(one(call)),
    },
    Operation {
        method: "GET",
        path: "/api/v1/campaigns/{campaign}/preflight",
        need: May(View, Subject::City),
        id: "preflight",
        about: "A dry run of an order over its next days: who can play it, who cannot, and what would help. 202: it is being worked out; ask again.",
        query: &[],
        takes: Takes::Nothing,
        gives: &[gives(|g| g.subschema_for::<serde_json::Map<String, Value>>()), Gives { status: 202, ..bytes("") }],
        refuses: &[409],
        run: |call| Box::pin(preflight(call)),
    },
];

async fn list(call: Call) -> Result<Response, Problem> {
    let (kind, on) = (call.value("kind"), call.value("on"));
    // days compare as they are written
    let holds = |row: &CampaignRow, day: &str| {
        row.from.as_deref().is_none_or(|from| from <= day) && row.to.as_deref().is_none_or(|to| day <= to)
    };
    let rows = all(&call)
        .into_iter()
        .map(|campaign| campaign.row)
        .filter(|row| kind.is_none_or(|kind| row.kind == kind) && on.is_none_or(|day| holds(row, day)));
    let place = |row: &CampaignRow| KINDS.iter().position(|kind| *kind == row.kind).unwrap_or_default();
    call.tagged(&tag_of(&call.city), || call.page(rows.map(|row| (format!("{}{}", place(&row), row.code), row))))
}

async fn one(call: Call) -> Result<Response, Problem> {
    let code = call.place("campaign");
    let found = all(&call).into_iter().find(|campaign| campaign.row.code == code);
    let found = found.ok_or_else(|| unknown("unknown-campaign", "campaign", code))?;
    call.tagged(&tag_of(&call.city), || Ok(json(&found)))
}

async fn preflight(call: Call) -> Result<Response, Problem> {
    let code = call.place("campaign");
    let directive = DirectiveCode::new(code).ok().and_then(|code| call.city.campaigns.directive(&code));
    let directive = directive.ok_or_else(|| unknown("unknown-campaign", "campaign", code))?;
    let today = call.today();
    let asks = directive.kind == DirectiveKind::Play && directive.quota.is_some();
    if !asks || directive.periods().iter().all(|(_, last)| *last < today) {
        return Err(Problem::new(StatusCode::CONFLICT, "no-preflight").of("campaign", code));
    }
    match call.app.console.preview(&call.city, directive, &call.caller.account).await? {
        Some(preview) => Ok(json(&preview.answer)),
        None => {
            let mut response = StatusCode::ACCEPTED.into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("3"));
            Ok(response)
        }
    }
}

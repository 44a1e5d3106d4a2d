//! The description of the API: OpenAPI 3.1, written from the table, so that what is described is what there is.

use super::table::{Kind, Operation, Param, Takes, operations};
use crate::people::Rule;
use crate::web::gate::SESSION;
use crate::web::problem::KIND as PROBLEM;
use crate::web::routes::Need;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// What each refusal means.
const REFUSALS: [(u16, &str); 14] = [
    (400, "The path or the query is not valid."),
    (401, "Who is asking is not known."),
    (403, "Who is asking may not do this."),
    (404, "There is no such thing, or none that the caller may see."),
    (408, "The body came too slowly."),
    (409, "It cannot be done as things stand."),
    (411, "The length of the body is missing."),
    (412, "It was changed meanwhile."),
    (413, "The body is too long."),
    (415, "The body is of a type that is not taken."),
    (416, "The file is shorter than that."),
    (422, "The body is not valid."),
    (429, "Too many requests; see Retry-After."),
    (503, "The server lacks what it needs for that, or is busy; see Retry-After."),
];

/// The whole document.
pub(super) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.definitions_path = "/components/schemas".into();
        s.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for op in operations() {
        let entry = paths.entry(op.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = entry {
            methods.insert(op.method.to_ascii_lowercase(), operation(op, &mut generator));
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lichphat",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Everything that the console shows and does. Refusals are problem details (RFC 9457), in Vietnamese or, by \
                            `Accept-Language: en`, in English.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "Of an account, for what needs no second factor." },
                "session": { "type": "apiKey", "in": "cookie", "name": SESSION, "description": "Of a person who has signed in." },
                "form": {
                    "type": "apiKey", "in": "header", "name": "X-Form-Token",
                    "description": "What signing in answered; with the session, for every request that changes something.",
                },
            },
        },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Problem details, RFC 9457.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "description": "Stable code." },
            "title": { "type": "string", "description": "What is wrong with such requests, in a sentence." },
            "status": { "type": "integer", "description": "The status again." },
            "detail": { "type": "string", "description": "Field, value and mend." },
        },
    })
}

fn operation(op: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut answers: Map<String, Value> = Map::new();
    for gives in op.gives {
        let mut answer = json!({ "description": said(gives.status) });
        if !gives.kind.is_empty() {
            let schema = gives.form.map_or_else(|| json!({}), |form| form(generator).to_value());
            answer["content"] = json!({ gives.kind: { "schema": schema } });
        }
        answers.insert(gives.status.to_string(), answer);
    }
    for status in op.refusals() {
        let content = json!({ PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" } } });
        answers.insert(status.to_string(), json!({ "description": said(status), "content": content }));
    }
    let mut described = json!({
        "operationId": op.id,
        "summary": op.about,
        "parameters": parameters(op),
        "responses": answers,
    });
    described["security"] = security(op);
    match op.takes {
        Takes::Nothing => {}
        Takes::Json(form) => {
            let content = json!({ "application/json": { "schema": form(generator).to_value() } });
            described["requestBody"] = json!({ "required": true, "content": content });
        }
        Takes::File => {
            let about = "Of a length that is said (Content-Length), within `[web] max_upload_mib`.";
            let content = json!({ "application/octet-stream": {} });
            described["requestBody"] = json!({ "required": true, "description": about, "content": content });
        }
        Takes::Bytes(kinds, most) => {
            let content: Map<String, Value> = kinds.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect();
            let about = format!("At most {most} bytes.");
            described["requestBody"] = json!({ "required": true, "description": about, "content": content });
        }
    }
    described
}

/// With what it is asked for: what needs a person is no program's.
fn security(op: &Operation) -> Value {
    let person = if op.is_unsafe() { json!({ "session": [], "form": [] }) } else { json!({ "session": [] }) };
    match op.need {
        Need::Anyone => json!([]),
        Need::Session => json!([person]),
        Need::May(act, _) if Rule::of(act).is_some_and(|rule| rule.strong) => json!([person]),
        Need::Account | Need::May(..) => json!([{ "token": [] }, person]),
    }
}

fn said(status: u16) -> &'static str {
    let refusal = REFUSALS.iter().find(|(of, _)| *of == status).map(|(_, said)| *said);
    refusal.unwrap_or(match status {
        202 => "It is begun.",
        204 => "Done; there is nothing to say.",
        206 => "A part.",
        304 => "Nothing has changed.",
        _ => "Done.",
    })
}

fn parameters(op: &Operation) -> Vec<Value> {
    let code = json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" });
    let of_place = |name: &str| match name {
        "day" => form(Kind::Day),
        _ => code.clone(),
    };
    let places =
        op.places().map(|name| json!({ "name": name, "in": "path", "required": true, "schema": of_place(name) }));
    let query = op.query.iter().copied().flatten().map(|param: &Param| {
        json!({
            "name": param.name, "in": "query", "required": param.needed, "description": param.about, "schema": form(param.kind)
        })
    });
    let mut all: Vec<Value> = places.chain(query).collect();
    if op.refusals().contains(&412) {
        all.push(json!({
            "name": "If-Match", "in": "header", "required": false,
            "description": "The `ETag` of what this rests on: when somebody has changed it since, nothing is done.",
            "schema": { "type": "string" },
        }));
    }
    if op.is_unsafe() {
        all.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A word of yours for this request: the same again within a day is answered as the first was and done once.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$" },
        }));
    }
    all
}

fn form(kind: Kind) -> Value {
    match kind {
        Kind::Code => json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }),
        Kind::Cursor => json!({ "type": "string" }),
        Kind::Day => json!({ "type": "string", "format": "date", "pattern": "^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}$" }),
        Kind::Clock => json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$" }),
        Kind::Name => json!({ "type": "string", "minLength": 1, "maxLength": 200 }),
        Kind::Flag => json!({ "type": "string", "enum": ["true", "false"] }),
        Kind::Number(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
    }
}

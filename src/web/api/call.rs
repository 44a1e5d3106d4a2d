//! One request to the API: what was asked, by whom, and the ways of answering.

use super::table::{Operation, Param};
use crate::directory::{Screen, Unit};
use crate::lang::Lang;
use crate::library::Uploaded;
use crate::people::{Caller, Sight};
use crate::web::console::data::City;
use crate::web::problem::Problem;
use crate::web::{App, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as CURSOR;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lichphat_playlists::ids::{ScreenCode, Sha256Hash, UnitCode};
use lichphat_playlists::time::LocalDay;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use warp::Reply as _;

/// Rows of a page when nobody says how many.
const ROWS: u32 = 100;

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct List<T> {
    /// Its rows.
    pub(super) items: Vec<T>,
    /// The `cursor` of the next page; none: this is the last.
    pub(super) next: Option<String>,
}

/// A request that stands in the table.
pub(in crate::web) struct Call {
    /// What handlers may use.
    pub(super) app: App,
    /// Language of sentences.
    pub(super) lang: Lang,
    /// Which operation.
    pub(super) op: &'static Operation,
    /// Who asks; the gate has seen that he may. Where anybody may, perhaps nobody.
    pub(super) caller: Caller,
    /// Whence it comes.
    pub(super) from: IpAddr,
    /// The city as it stands.
    pub(super) city: Arc<City>,
    /// What he may see.
    pub(super) sight: Sight,
    /// What stands in the places of its path.
    pub(super) places: Vec<(&'static str, String)>,
    /// The query, held to the table.
    pub(super) query: BTreeMap<String, String>,
    /// Headers.
    pub(super) headers: HeaderMap,
    /// The body, where it is a file.
    pub(super) file: Option<Uploaded>,
    /// The body.
    pub(super) body: Bytes,
}

/// The query as the table knows it: what it does not know is refused, so that a slip of the pen is no filter that is not there.
pub(super) fn read_query(op: &Operation, query: &str) -> Result<BTreeMap<String, String>, Problem> {
    let bad = |code| Problem::new(StatusCode::BAD_REQUEST, code);
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|_| bad("bad-query"))?;
    let mut read = BTreeMap::new();
    let known = || op.query.iter().copied().flatten();
    for (name, value) in pairs {
        let Some(Param { kind, .. }) = known().find(|param| param.name == name) else {
            return Err(bad("unknown-parameter").of(&name, &value));
        };
        if !kind.holds(&value) {
            return Err(bad(match kind {
                super::table::Kind::Day => "bad-day",
                super::table::Kind::Clock => "bad-time",
                super::table::Kind::Cursor => "bad-cursor",
                _ => "bad-parameter",
            })
            .of(&name, &value));
        }
        if read.insert(name.clone(), value).is_some() {
            return Err(bad("bad-query").of(&name, "…"));
        }
    }
    match known().find(|param| param.needed && !read.contains_key(param.name)) {
        Some(missing) => Err(bad("missing-parameter").of(missing.name, "")),
        None => Ok(read),
    }
}

impl Call {
    /// What stands in a place of the path.
    pub(super) fn place(&self, name: &str) -> &str {
        self.places.iter().find(|(place, _)| *place == name).map_or("", |(_, value)| value)
    }
    /// A value of the query.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
    /// A day of the query.
    pub(super) fn day(&self, name: &str) -> Option<LocalDay> {
        self.value(name)?.parse().ok()
    }
    /// A number of the query.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.value(name)?.parse().ok()
    }
    /// A flag of the query.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name) == Some("true")
    }
    /// The day it is.
    pub(super) fn today(&self) -> LocalDay {
        self.app.console.today().1
    }
    /// The unit of the path.
    pub(super) fn unit(&self) -> Result<&Unit, Problem> {
        let code = self.place("unit");
        let unit = UnitCode::new(code).ok().and_then(|code| self.city.directory.unit(&code));
        unit.filter(|unit| self.sight.unit(&unit.code)).ok_or_else(|| unknown("unknown-unit", "unit", code))
    }
    /// The screen of the path.
    pub(super) fn screen(&self) -> Result<&Screen, Problem> {
        let code = self.place("screen");
        let screen = ScreenCode::new(code).ok().and_then(|code| self.city.directory.screen(&code));
        screen.filter(|screen| self.sight.screen(screen)).ok_or_else(|| unknown("unknown-screen", "screen", code))
    }

    /// The body, JSON of a form.
    pub(super) fn json_body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let mut json = serde_json::Deserializer::from_slice(&self.body);
        let read: Result<T, _> = serde_path_to_error::deserialize(&mut json);
        let ends = |value: T| json.end().map(|()| value).map_err(|error| (String::new(), error));
        read.map_err(|error| (error.path().to_string(), error.into_inner())).and_then(ends).map_err(|(path, error)| {
            let said = crate::directory::problem::say(format!("không đọc được: {error}"), error.to_string());
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-body").saying(said);
            if path.is_empty() || path == "." { problem } else { problem.of(&path, "…") }
        })
    }

    /// A page of `rows`, which are brought into order by `key`: unlike of every two rows.
    pub(super) fn page<T: Serialize>(&self, rows: impl IntoIterator<Item = (String, T)>) -> Result<Response, Problem> {
        let mut rows: Vec<(String, T)> = rows.into_iter().collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(cursor) = self.value("cursor") {
            let after = CURSOR.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let bad = || Problem::new(StatusCode::BAD_REQUEST, "bad-cursor").of("cursor", cursor);
            let after = after.ok_or_else(bad)?;
            rows.retain(|(key, _)| *key > after);
        }
        let limit = self.number("limit").unwrap_or(ROWS) as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|(key, _)| CURSOR.encode(key));
        let link = next.as_ref().map(|next| self.link(next));
        let mut response = json(&List { items: rows.into_iter().map(|(_, row)| row).collect(), next });
        if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        Ok(response)
    }

    /// The next page, as RFC 8288 has it.
    fn link(&self, next: &str) -> String {
        let mut query = self.query.clone();
        query.insert("cursor".to_owned(), next.to_owned());
        let mut path = self.op.path.to_owned();
        for (name, value) in &self.places {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        format!("<{path}?{}>; rel=\"next\"", serde_urlencoded::to_string(&query).unwrap_or_default())
    }

    /// Is the city still as the caller saw it, when he says how (`If-Match`)?
    pub(super) fn is_still(&self) -> Result<(), Problem> {
        let Some(seen) = self.headers.get(header::IF_MATCH) else { return Ok(()) };
        // whoever saw it, and with whichever of his roles
        let (seen, now) = (seen.to_str().unwrap_or(""), format!("\"{}-", tag_of(&self.city)));
        match seen.split(',').map(str::trim).any(|one| one == "*" || one.starts_with(&now)) {
            true => Ok(()),
            false => Err(Problem::new(StatusCode::PRECONDITION_FAILED, "changed").of("If-Match", seen)),
        }
    }

    /// The name of a state as this caller sees it today, with what he may: another sees something else, and so does he himself once
    /// he is given a role, or one is over.
    fn quoted(&self, tag: &str) -> String {
        let Caller { account, grants, via, strong: _ } = &self.caller;
        let whose = format!("{:?}", (account, grants, via, self.today()));
        format!("\"{tag}-{}\"", &Sha256Hash::of(whose.as_bytes()).hex()[..16])
    }

    /// The answer under a name for its state; nothing when the caller has it already.
    pub(super) fn tagged(
        &self,
        tag: &str,
        answer: impl FnOnce() -> Result<Response, Problem>,
    ) -> Result<Response, Problem> {
        let quoted = self.quoted(tag);
        let known = self
            .headers
            .get(header::IF_NONE_MATCH)
            .filter(|_| !self.op.is_unsafe())
            .and_then(|value| value.to_str().ok());
        let fresh =
            known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == quoted));
        let mut response = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { answer()? };
        if let Ok(value) = HeaderValue::from_str(&quoted) {
            response.headers_mut().insert(header::ETAG, value);
        }
        Ok(response)
    }
}

/// There is no such thing, or none that the caller may see.
pub(super) fn unknown(code: &'static str, field: &str, value: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, code).of(field, value)
}

/// The name of a city's state.
pub(super) fn tag_of(city: &City) -> String {
    format!("d{}-c{}", city.directory.revision, city.campaigns.revision)
}

/// An answer of JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Response {
    with_status(StatusCode::OK, value)
}

/// The same with another status.
pub(super) fn with_status<T: Serialize>(status: StatusCode, value: &T) -> Response {
    warp::reply::with_status(warp::reply::json(value), status).into_response()
}

//! The table of the API: every operation with what it takes, gives and refuses. Requests are dispatched by it, and the description at
//! `/api/openapi.json` is written from it, so that nothing can be called that is not described.

use super::call::Call;
use super::{
    account, approvals, campaigns, closures, devices, imports, loops, media, orders, peaks, people, reports, samples,
    screens, session, units,
};
use crate::web::Response;
use crate::web::problem::Problem;
use crate::web::routes::Need;
use futures_util::future::BoxFuture;
use http::Method;
use lichphat_playlists::time::{LocalDay, parse_clock};
use schemars::{Schema, SchemaGenerator};

/// What carries an operation out.
pub(in crate::web) type Run = fn(Call) -> BoxFuture<'static, Result<Response, Problem>>;

/// What a value of the query may be.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) enum Kind {
    /// A code: 1 to 64 of `a-z A-Z 0-9 . _ -`.
    Code,
    /// Where a list goes on: `next` of the page before.
    Cursor,
    /// `2026-11-20`.
    Day,
    /// `08:15`.
    Clock,
    /// `true` or `false`.
    Flag,
    /// What something is called, 1 to 200 characters.
    Name,
    /// From the first to the second, both included.
    Number(u32, u32),
    /// One of these words.
    OneOf(&'static [&'static str]),
}

impl Kind {
    /// Is it one?
    pub(super) fn holds(self, value: &str) -> bool {
        match self {
            Self::Code => {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
                (1..=64).contains(&value.len()) && value.bytes().all(plain)
            }
            Self::Cursor => (1..=2_000).contains(&value.len()),
            Self::Day => {
                value.parse::<LocalDay>().is_ok_and(|day| (2000..=2199).contains(&chrono::Datelike::year(&day.0)))
            }
            Self::Clock => parse_clock(value).is_ok_and(|second| second < 86_400),
            Self::Name => (1..=200).contains(&value.chars().count()),
            Self::Flag => ["true", "false"].contains(&value),
            Self::Number(from, to) => value.parse::<u32>().is_ok_and(|n| (from..=to).contains(&n)),
            Self::OneOf(words) => words.contains(&value),
        }
    }
}

/// A value of the query.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct Param {
    /// Its key.
    pub(in crate::web) name: &'static str,
    /// What it may be.
    pub(in crate::web) kind: Kind,
    /// May it be left out?
    pub(in crate::web) needed: bool,
    /// What it is for.
    pub(in crate::web) about: &'static str,
}

/// A body.
#[derive(Clone, Copy)]
pub(in crate::web) enum Takes {
    /// None.
    Nothing,
    /// JSON of this form.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// Bytes of one of these types, at most so many.
    Bytes(&'static [&'static str], usize),
    /// A file, written to the disk as it comes.
    File,
}

/// An answer that is no refusal.
#[derive(Clone, Copy)]
pub(in crate::web) struct Gives {
    /// Its status.
    pub(in crate::web) status: u16,
    /// Its type; empty: it has no body.
    pub(in crate::web) kind: &'static str,
    /// Its form, of JSON.
    pub(in crate::web) form: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// It holds a secret that is shown once: it is kept nowhere, not even for who sends the same request again.
    pub(in crate::web) once: bool,
}

/// One thing that can be asked for.
#[derive(Clone, Copy)]
pub(in crate::web) struct Operation {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub(in crate::web) method: &'static str,
    /// `/api/v1/screens/{screen}`.
    pub(in crate::web) path: &'static str,
    /// Who may ask for it.
    pub(in crate::web) need: Need,
    /// Its name for generated clients.
    pub(in crate::web) id: &'static str,
    /// What it is for.
    pub(in crate::web) about: &'static str,
    /// What the query may hold.
    pub(in crate::web) query: &'static [&'static [Param]],
    /// Its body.
    pub(in crate::web) takes: Takes,
    /// What it answers.
    pub(in crate::web) gives: &'static [Gives],
    /// With what it refuses, beyond what every operation does.
    pub(in crate::web) refuses: &'static [u16],
    /// What carries it out.
    pub(in crate::web) run: Run,
}

impl Operation {
    /// Does it change something?
    pub(in crate::web) fn is_unsafe(&self) -> bool {
        self.method != "GET"
    }
    /// The names of what stands in braces in its path.
    pub(super) fn places(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
    /// Every status that it may refuse with.
    pub(super) fn refusals(&self) -> Vec<u16> {
        let mut all = vec![400, 401, 403, 429];
        all.extend(self.places().next().map(|_| 404));
        all.extend(match self.takes {
            Takes::Nothing => &[][..],
            Takes::Json(_) | Takes::Bytes(..) => &[408, 413, 415, 422][..],
            Takes::File => &[408, 411, 413, 415, 422][..],
        });
        if self.is_unsafe() {
            all.push(409);
            all.push(422);
        }
        all.extend(self.refuses);
        all.sort_unstable();
        all.dedup();
        all
    }
    /// What stands in the places of its path when that is this one.
    fn places_of(&self, path: &str) -> Option<Vec<(&'static str, String)>> {
        let (ours, given) = (self.path.split('/'), path.split('/'));
        if ours.clone().count() != given.clone().count() {
            return None;
        }
        let mut places = Vec::new();
        for (our, part) in ours.zip(given) {
            match our.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => places.push((name, part.to_owned())),
                None if our == part => {}
                None => return None,
            }
        }
        Some(places)
    }
}

/// The operation that is asked for, with what stands in the places of its path; the first that fits.
pub(super) fn find(method: &Method, path: &str) -> Option<(&'static Operation, Vec<(&'static str, String)>)> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    operations().filter(|op| op.method == method.as_str()).find_map(|op| Some((op, op.places_of(path)?)))
}

/// Every operation, in the order of the description.
pub(in crate::web) fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        session::OPERATIONS,
        account::OPERATIONS,
        people::OPERATIONS,
        units::OPERATIONS,
        screens::OPERATIONS,
        closures::OPERATIONS,
        devices::OPERATIONS,
        campaigns::OPERATIONS,
        loops::OPERATIONS,
        orders::OPERATIONS,
        imports::OPERATIONS,
        approvals::OPERATIONS,
        media::OPERATIONS,
        peaks::OPERATIONS,
        reports::OPERATIONS,
        samples::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}

/// The keys of every list.
pub(super) const PAGE: &[Param] = &[
    Param {
        name: "limit",
        kind: Kind::Number(1, 1_000),
        needed: false,
        about: "Rows of a page; 100 when it is left out.",
    },
    Param { name: "cursor", kind: Kind::Cursor, needed: false, about: "Where to go on: `next` of the page before." },
];

/// A key that may be left out.
pub(super) const fn may(name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param { name, kind, needed: false, about }
}

/// JSON of this form.
pub(super) const fn gives(form: fn(&mut SchemaGenerator) -> Schema) -> Gives {
    Gives { status: 200, kind: "application/json", form: Some(form), once: false }
}

/// The same with a secret in it.
pub(super) const fn gives_once(form: fn(&mut SchemaGenerator) -> Schema) -> Gives {
    Gives { once: true, ..gives(form) }
}

/// Bytes of a type.
pub(super) const fn bytes(kind: &'static str) -> Gives {
    Gives { status: 200, kind, form: None, once: false }
}

/// Nothing has changed since the `If-None-Match` that was sent.
pub(super) const UNCHANGED: Gives = Gives { status: 304, ..bytes("") };

/// Done, and nothing to say.
pub(super) const DONE: Gives = Gives { status: 204, ..bytes("") };

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_stands_once_and_can_be_told_apart() {
        let mut seen = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for op in operations() {
            assert!(seen.insert((op.method, op.path)) && ids.insert(op.id), "{} {}", op.method, op.path);
            assert!(op.path.starts_with("/api/v1/") && op.about.ends_with('.'), "{}", op.path);
            let mut keys: Vec<_> = op.query.iter().copied().flatten().map(|p| p.name).collect();
            keys.sort_unstable();
            assert!(keys.windows(2).all(|two| two[0] != two[1]), "{}: a key twice", op.path);
        }
        assert!(seen.len() > 20);
    }

    #[test]
    fn a_value_is_held_to_its_kind() {
        for (kind, good, bad) in [
            (Kind::Day, "2026-11-20", "2026-02-30"),
            (Kind::Day, "2000-01-01", "9999-01-01"),
            (Kind::Clock, "08:15", "24:00"),
            (Kind::Flag, "true", "1"),
            (Kind::Number(1, 10), "10", "11"),
            (Kind::Number(1, 10), "1", "-1"),
            (Kind::OneOf(&["a"]), "a", "A"),
            (Kind::Code, "C-01", "' OR 1"),
        ] {
            assert!(kind.holds(good) && !kind.holds(bad), "{kind:?}");
        }
    }
}

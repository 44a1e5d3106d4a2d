//! The local list: `{"output":{"width":1280,"height":720,"fps":30,"fit":"letterbox"},"loop":true,"items":[…]}`.
//!
//! Read strictly: an unknown key, a missing field or a value out of range is an error that names the
//! field, the value and the mend. Whether the clips exist is not this file's business: a clip that
//! cannot be played is a failed play, not a bad list.

use crate::stage::Fit;
use crate::stage::layout::Colour;
use lichphat_playlists::media::Fades;
use lichphat_playlists::time::UtcMillis;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Why a list cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The file itself.
    #[error("list {path:?} cannot be read: {source}; give the path of a JSON list that exists")]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not JSON at all.
    #[error("list {path:?} is not JSON: {source}; mend the file at that place")]
    NotJson {
        /// The path as given.
        path: PathBuf,
        /// Line, column and reason.
        source: serde_json::Error,
    },
    /// One field.
    #[error("list {path:?}: {field} = {value}: {mend}")]
    Field {
        /// The path as given.
        path: PathBuf,
        /// `items[2].volume`.
        field: String,
        /// As it stands in the file, cut to 80 characters; `(missing)` when it does not.
        value: String,
        /// What to write.
        mend: String,
    },
}

/// A list, ready to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// Picture width, pixels.
    pub width_px: u32,
    /// Picture height, pixels.
    pub height_px: u32,
    /// Output frames per second.
    pub fps: u32,
    /// Sources of another shape.
    pub fit: Fit,
    /// Beside them.
    pub background: Colour,
    /// Begin again after the last item.
    pub repeat: bool,
    /// At least one.
    pub items: Vec<ListItem>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct ListItem {
    /// The caller's name for it, given back in the records.
    pub id: String,
    /// Absolute, or relative to the current directory.
    pub path: PathBuf,
    /// How long it is shown, milliseconds.
    pub duration_ms: u32,
    /// Wall-clock start.
    pub start_at: Option<UtcMillis>,
    /// Linear gain, 0 to 1.
    pub volume: f64,
    /// How its sound comes and goes.
    pub fades: Fades,
}

/// Reads the list at `path`; clips are found relative to it.
pub(super) fn read(path: &Path) -> Result<List, ListError> {
    let bytes = std::fs::read(path).map_err(|source| ListError::Unreadable { path: path.into(), source })?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let json: Value =
        serde_json::from_slice(text).map_err(|source| ListError::NotJson { path: path.into(), source })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&json, folder).map_err(|f| ListError::Field {
        path: path.into(),
        field: f.field,
        value: f.value,
        mend: f.mend,
    })
}

struct BadField {
    field: String,
    value: String,
    mend: String,
}

fn parse(json: &Value, folder: &Path) -> Result<List, BadField> {
    let top = Object::new("", json, &["output", "loop", "items"])?;
    let output = Object::new(
        "output",
        top.required("output", "write {\"width\":…,\"height\":…,\"fps\":…}")?,
        &["width", "height", "fps", "fit", "background"],
    )?;
    let items = match top.required("items", "list at least one item")? {
        Value::Array(items) if !items.is_empty() => items,
        other => return Err(bad("items", Some(other), "write a list with at least one item")),
    };
    Ok(List {
        width_px: output.whole("width", "pixels", 2, 7680)? as u32,
        height_px: output.whole("height", "pixels", 2, 4320)? as u32,
        fps: output.whole("fps", "frames per second", 1, 120)? as u32,
        fit: match output.optional("fit") {
            None => Fit::default(),
            Some(value) => Fit::deserialize(value)
                .map_err(|_| bad(&output.name("fit"), Some(value), "write \"letterbox\", \"crop\" or \"stretch\""))?,
        },
        background: match output.optional("background") {
            None => Colour::default(),
            Some(value) => Colour::deserialize(value)
                .map_err(|_| bad(&output.name("background"), Some(value), "write a colour as \"#1d3557\""))?,
        },
        repeat: match top.optional("loop") {
            None => false,
            Some(Value::Bool(repeat)) => *repeat,
            other => return Err(bad("loop", other, "write true or false")),
        },
        items: items.iter().enumerate().map(|(i, item)| parse_item(i, item, folder)).collect::<Result<_, _>>()?,
    })
}

fn parse_item(index: usize, json: &Value, folder: &Path) -> Result<ListItem, BadField> {
    let item = Object::new(
        &format!("items[{index}]"),
        json,
        &["id", "path", "duration_ms", "start_at_ms", "volume", "fades"],
    )?;
    Ok(ListItem {
        id: item.text("id", "write a name for the item, such as \"a\"")?.to_owned(),
        path: folder.join(item.text("path", "write the path of a clip, relative to the list")?),
        duration_ms: item.whole("duration_ms", "milliseconds", 1, 86_400_000)? as u32,
        start_at: match item.optional("start_at_ms") {
            None => None,
            Some(_) => Some(UtcMillis(item.whole(
                "start_at_ms",
                "milliseconds since 1970-01-01 UTC",
                0,
                253_402_300_799_999,
            )?)),
        },
        volume: match item.optional("volume") {
            None => 1.0,
            Some(value) => value
                .as_f64()
                .filter(|v| (0.0..=1.0).contains(v))
                .ok_or_else(|| bad(&item.name("volume"), Some(value), "write a number from 0.0 to 1.0"))?,
        },
        fades: match item.optional("fades") {
            None => Fades::default(),
            Some(value) => Fades::deserialize(value)
                .map_err(|_| bad(&item.name("fades"), Some(value), "write {\"in_ms\":500,\"out_ms\":800}"))?,
        },
    })
}

/// An object with known keys, and where it stands.
struct Object<'a> {
    place: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    fn new(place: &str, json: &'a Value, keys: &[&str]) -> Result<Self, BadField> {
        let name = if place.is_empty() { "the list" } else { place };
        let Value::Object(fields) = json else {
            return Err(bad(name, Some(json), &format!("write an object with the keys {}", keys.join(", "))));
        };
        let this = Self { place: place.to_owned(), fields };
        match fields.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            None => Ok(this),
            Some((key, value)) => {
                let mend = format!("unknown key; known here are {}", keys.join(", "));
                Err(bad(&this.name(key), Some(value), &mend))
            }
        }
    }
    fn name(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) }
    }
    fn optional(&self, key: &str) -> Option<&'a Value> {
        self.fields.get(key).filter(|v| !v.is_null())
    }
    fn required(&self, key: &str, mend: &str) -> Result<&'a Value, BadField> {
        self.optional(key).ok_or_else(|| bad(&self.name(key), self.fields.get(key), mend))
    }
    fn text(&self, key: &str, mend: &str) -> Result<&'a str, BadField> {
        let value = self.required(key, mend)?;
        value.as_str().filter(|t| !t.is_empty()).ok_or_else(|| bad(&self.name(key), Some(value), mend))
    }
    fn whole(&self, key: &str, unit: &str, least: i64, most: i64) -> Result<i64, BadField> {
        let mend = format!("write a whole number of {unit} from {least} to {most}");
        let value = self.required(key, &mend)?;
        let number = value.as_i64().filter(|n| (least..=most).contains(n));
        number.ok_or_else(|| bad(&self.name(key), Some(value), &mend))
    }
}

fn bad(field: &str, value: Option<&Value>, mend: &str) -> BadField {
    let value = value.map_or_else(|| "(missing)".to_owned(), |v| v.to_string().chars().take(80).collect());
    BadField { field: field.to_owned(), value, mend: mend.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        match parse(&serde_json::from_str(json).unwrap(), Path::new("lists")) {
            Ok(list) => format!("accepted {list:?}"),
            Err(e) => format!("{} = {}: {}", e.field, e.value, e.mend),
        }
    }
    fn with_item(item: &str) -> String {
        format!(r#"{{"output":{{"width":640,"height":360,"fps":25}},"items":[{item}]}}"#)
    }

    #[test]
    fn what_may_be_absent_has_its_default() {
        let json = with_item(r#"{"id":"a","path":"clips/a.mp4","duration_ms":4000}"#);
        let list = parse(&serde_json::from_str(&json).unwrap(), Path::new("lists")).ok().unwrap();
        let item = ListItem {
            id: "a".into(),
            path: "lists/clips/a.mp4".into(),
            duration_ms: 4000,
            start_at: None,
            volume: 1.0,
            fades: Fades::default(),
        };
        let (fit, background) = (Fit::Letterbox, Colour::default());
        assert_eq!(
            list,
            List { width_px: 640, height_px: 360, fps: 25, fit, background, repeat: false, items: vec![item] }
        );
    }

    #[test]
    fn the_sample_list_names_clips_that_exist() {
        let list = read(Path::new("../config/sample/media/list.json")).unwrap();
        assert!(list.items.iter().all(|item| item.path.is_file()), "{list:?}");
    }

    #[test]
    fn every_bad_value_is_named_with_its_mend() {
        let cases = [
            with_item(r#"{"id":"a","path":"a.mp4","duration_ms":4000,"colour":"red"}"#),
            with_item(r#"{"id":"a","path":"a.mp4","duration_ms":-1}"#),
            with_item(r#"{"id":"a","path":"a.mp4"}"#),
            with_item(r#"{"id":"a","path":7,"duration_ms":4000}"#),
            with_item(r#"{"id":"a","path":"a.mp4","duration_ms":4000,"volume":1.5}"#),
            with_item(r#"{"id":"a","path":"a.mp4","duration_ms":4000,"fades":{"in":500}}"#),
            with_item(r#"{"id":"a","path":"a.mp4","duration_ms":4000,"start_at_ms":"noon"}"#),
            r#"{"output":{"width":640,"height":0,"fps":25},"items":[{}]}"#.into(),
            r#"{"output":{"width":640,"height":360,"fps":25,"fit":"zoom"},"items":[{}]}"#.into(),
            r#"{"output":{"width":640,"height":360,"fps":25},"items":[]}"#.into(),
            r#"{"output":{"width":640,"height":360,"fps":25},"loop":1,"items":[1]}"#.into(),
            "[]".into(),
        ];
        let all = cases.iter().map(|c| refusal(c)).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(all, @r#"
        items[0].colour = "red": unknown key; known here are id, path, duration_ms, start_at_ms, volume, fades
        items[0].duration_ms = -1: write a whole number of milliseconds from 1 to 86400000
        items[0].duration_ms = (missing): write a whole number of milliseconds from 1 to 86400000
        items[0].path = 7: write the path of a clip, relative to the list
        items[0].volume = 1.5: write a number from 0.0 to 1.0
        items[0].fades = {"in":500}: write {"in_ms":500,"out_ms":800}
        items[0].start_at_ms = "noon": write a whole number of milliseconds since 1970-01-01 UTC from 0 to 253402300799999
        output.height = 0: write a whole number of pixels from 2 to 4320
        output.fit = "zoom": write "letterbox", "crop" or "stretch"
        items = []: write a list with at least one item
        loop = 1: write true or false
        the list = []: write an object with the keys output, loop, items
        "#);
    }
}

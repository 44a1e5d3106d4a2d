//! The report beside what follows from the records, figure by figure.

use crate::verdict::Difference;
use lichphat_playlists::figures::Report;
use serde_json::Value;

/// Compares two reports; returns how many figures were looked at, and those that differ.
pub(crate) fn compare(reported: &Report, recomputed: &Report) -> (u64, Vec<Difference>) {
    let value = |report: &Report| serde_json::to_value(report).unwrap_or(Value::Null);
    let mut found = Comparison::default();
    found.values(&mut Vec::new(), &value(reported), &value(recomputed));
    (found.figures, found.differences)
}

#[derive(Default)]
struct Comparison {
    figures: u64,
    differences: Vec<Difference>,
}

impl Comparison {
    fn values(&mut self, at: &mut Vec<String>, reported: &Value, recomputed: &Value) {
        match (reported, recomputed) {
            (Value::Object(a), Value::Object(b)) => {
                let further = b.keys().filter(|k| !a.contains_key(*k));
                for key in a.keys().chain(further) {
                    let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                    self.under(at, key.clone(), &of(a), &of(b));
                }
            }
            (Value::Array(a), Value::Array(b)) => {
                for i in 0..a.len().max(b.len()) {
                    let of = |list: &[Value]| list.get(i).cloned().unwrap_or(Value::Null);
                    let (one, other) = (of(a), of(b));
                    self.under(at, name(&one).or_else(|| name(&other)).unwrap_or_else(|| i.to_string()), &one, &other);
                }
            }
            _ => {
                self.figures += 1;
                if reported != recomputed {
                    let (reported, recomputed) = (reported.to_string(), recomputed.to_string());
                    self.differences.push(Difference { figure: at.join(" "), reported, recomputed });
                }
            }
        }
    }

    fn under(&mut self, at: &mut Vec<String>, name: String, reported: &Value, recomputed: &Value) {
        at.push(name);
        self.values(at, reported, recomputed);
        at.pop();
    }
}

/// A line of the report is called by its screen or unit, not by its place.
fn name(line: &Value) -> Option<String> {
    let text = |key: &str| line.get(key).and_then(Value::as_str);
    match (text("screen"), text("link"), text("unit")) {
        (Some(screen), _, _) => Some(screen.to_owned()),
        (_, Some(link), Some(unit)) => Some(format!("{link} {unit}")),
        (_, _, unit) => unit.map(str::to_owned),
    }
}

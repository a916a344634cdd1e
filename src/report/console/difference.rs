//! How a structured value differs from another one, in a few words.

use crate::base::Data;
use crate::base::text::count;
use crate::report::clean;

/// The most differences that are told.
const TOLD: usize = 3;
/// The most characters of a place or a value.
const PART: usize = 60;

/// What `other` has where `common` has something else: `peers.0.state = Idle, not Established`. `None` unless both are lists or
/// both are mappings: only then is a difference shorter than the value.
pub(super) fn difference(common: &Data, other: &Data) -> Option<String> {
    if !matches!((common, other), (Data::Array(_), Data::Array(_)) | (Data::Object(_), Data::Object(_))) {
        return None;
    }
    let mut found = Found::default();
    found.compare("", common, other);
    if found.all > TOLD {
        found.told.push(format!("and {}", count(found.all - TOLD, "more difference")));
    }
    Some(found.told.join(", "))
}

#[derive(Default)]
struct Found {
    told: Vec<String>,
    all: usize,
}

impl Found {
    fn compare(&mut self, place: &str, common: &Data, other: &Data) {
        match (common, other) {
            (Data::Object(common), Data::Object(other)) => {
                for (key, value) in common {
                    match other.get(key) {
                        Some(theirs) => self.compare(&within(place, key), value, theirs),
                        None => self.tell(|| format!("no {}", clean::line(&within(place, key), PART))),
                    }
                }
                for (key, value) in other.iter().filter(|(key, _)| !common.contains_key(*key)) {
                    self.differs(&within(place, key), value, None);
                }
            }
            (Data::Array(common), Data::Array(other)) => {
                for (index, (ours, theirs)) in common.iter().zip(other).enumerate() {
                    self.compare(&within(place, &index.to_string()), ours, theirs);
                }
                if common.len() != other.len() {
                    let place = if place.is_empty() { String::new() } else { format!("{}: ", clean::line(place, PART)) };
                    self.tell(|| format!("{place}{}, not {}", count(other.len(), "item"), common.len()));
                }
            }
            _ if common == other => {}
            _ => self.differs(place, other, Some(common)),
        }
    }

    fn differs(&mut self, place: &str, other: &Data, common: Option<&Data>) {
        self.tell(|| {
            let not = common.map(|common| format!(", not {}", value(common))).unwrap_or_default();
            format!("{} = {}{not}", clean::line(place, PART), value(other))
        });
    }

    fn tell(&mut self, sentence: impl FnOnce() -> String) {
        self.all += 1;
        if self.all <= TOLD {
            self.told.push(sentence());
        }
    }
}

fn within(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

fn value(value: &Data) -> String {
    match value {
        Data::String(text) => clean::line(text, PART),
        other => clean::line(&other.to_string(), PART),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_differences_are_told_with_their_places() {
        for (common, other, told) in [
            (
                json!({"up": 2, "peers": [{"state": "Up"}]}),
                json!({"peers": [{"state": "Idle"}], "up": 2}),
                Some("peers.0.state = Idle, not Up"),
            ),
            (json!({"a": 1, "b": 2}), json!({"a": 1, "c": "x"}), Some("no b, c = x")),
            (json!([1, 2]), json!([1]), Some("1 item, not 2")),
            (json!({"a": [1]}), json!({"a": [2, 3]}), Some("a.0 = 2, not 1, a: 2 items, not 1")),
            (json!([1, 2, 3, 4, 5]), json!([0, 0, 0, 0, 0]), Some("0 = 0, not 1, 1 = 0, not 2, 2 = 0, not 3, and 2 more differences")),
            (json!({"a": 1}), json!({"a": "1"}), Some("a = 1, not 1")),
            (json!({"a": null}), json!({"a": [1]}), Some("a = [1], not null")),
            (json!(1), json!(2), None),
            (json!({}), json!([]), None),
        ] {
            assert_eq!(difference(&common, &other).as_deref(), told);
        }
    }
}

//! Keys of a mapping: each once, and `<<` replaced by the keys of what it names.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::model::yaml::{Entry, Kind, Yaml};
use std::collections::{HashMap, HashSet};

/// Mappings of so few entries are searched one by one.
const FEW: usize = 12;

/// An entry as read, and whether its key is a plain `<<`.
pub(super) struct Raw {
    /// Key and value.
    pub(super) entry: Entry,
    /// Whether the value's keys are merged into the mapping.
    pub(super) merge: bool,
}

/// Makes the entries of a mapping: a second key of the same name is complained about and left out; written keys win
/// over merged ones, and the first of several merged mappings over the later ones.
pub(super) fn entries(raw: Vec<Raw>, complaints: &Complaints) -> Vec<Entry> {
    let second = seconds(&raw, complaints);
    if second.is_empty() && raw.iter().all(|item| !item.merge) {
        return raw.into_iter().map(|item| item.entry).collect();
    }
    let mut seen: HashSet<String> = raw.iter().filter(|item| !item.merge).map(|item| item.entry.key.value.clone()).collect();
    let mut merged = Vec::new();
    for (_, item) in raw.into_iter().enumerate().filter(|(at, _)| !second.contains(at)) {
        if item.merge {
            merge(item.entry, &mut seen, &mut merged, complaints);
        } else {
            merged.push(item.entry);
        }
    }
    merged
}

/// The numbers of the entries whose key stood before; each is complained about.
fn seconds(raw: &[Raw], complaints: &Complaints) -> HashSet<usize> {
    let mut seconds = HashSet::new();
    let mut first: HashMap<&str, &Placed<String>> = HashMap::with_capacity(if raw.len() > FEW { raw.len() } else { 0 });
    for (at, item) in raw.iter().enumerate() {
        let key = &item.entry.key;
        let earlier = if raw.len() > FEW {
            let earlier = first.get(key.value.as_str()).copied();
            first.entry(&key.value).or_insert(key);
            earlier
        } else {
            raw[..at].iter().map(|item| &item.entry.key).find(|other| other.value == key.value)
        };
        if let Some(earlier) = earlier {
            let message = format!("`{}` stands here a second time", text::one_line(&key.value, 40));
            complaints.add(Diagnostic::error(&key.place, message).also(&earlier.place, "the first is here"));
            seconds.insert(at);
        }
    }
    seconds
}

fn merge(entry: Entry, seen: &mut HashSet<String>, merged: &mut Vec<Entry>, complaints: &Complaints) {
    let Entry { key, value } = entry;
    match value.kind {
        Kind::Map(entries) => merged.extend(entries.into_iter().filter(|entry| seen.insert(entry.key.value.clone()))),
        Kind::List(items) if items.iter().all(|item| matches!(item.kind, Kind::Map(_))) => {
            for item in items {
                merge(Entry { key: Placed::new(String::new(), key.place.clone()), value: item }, seen, merged, complaints);
            }
        }
        kind => {
            let found = Yaml { place: value.place, kind };
            complaints.error(&key.place, format!("`<<` wants a mapping or a list of mappings, found {}", found.describe()));
        }
    }
}

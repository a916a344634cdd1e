//! Keys of a mapping: each once, and `<<` replaced by the keys of what it names.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::model::yaml::{Entry, Kind, Yaml};
use std::collections::{HashMap, HashSet};

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
    let mut first: HashMap<String, usize> = HashMap::with_capacity(raw.len());
    let mut kept: Vec<Raw> = Vec::with_capacity(raw.len());
    for item in raw {
        let key = &item.entry.key;
        if let Some(earlier) = first.get(&key.value).and_then(|at| kept.get(*at)) {
            complaints.add(
                Diagnostic::error(&key.place, format!("`{}` stands here a second time", text::one_line(&key.value, 40)))
                    .also(&earlier.entry.key.place, "the first is here"),
            );
            continue;
        }
        first.insert(key.value.clone(), kept.len());
        kept.push(item);
    }
    if kept.iter().all(|item| !item.merge) {
        return kept.into_iter().map(|item| item.entry).collect();
    }
    let written: HashSet<String> = kept.iter().filter(|item| !item.merge).map(|item| item.entry.key.value.clone()).collect();
    let mut seen = written.clone();
    let mut merged = Vec::new();
    for item in kept {
        if item.merge {
            merge(item.entry, &mut seen, &mut merged, complaints);
        } else {
            merged.push(item.entry);
        }
    }
    merged
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

//! Keys of a mapping: each once, and `<<` replaced by the keys of what it names.

use super::Repeats;
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
pub(super) fn entries(raw: Vec<Raw>, repeats: Repeats, complaints: &Complaints) -> Vec<Entry> {
    let second = repeated(&raw, repeats, complaints);
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

/// The numbers of the entries that are left out because their key stands several times; each is complained about.
fn repeated(raw: &[Raw], repeats: Repeats, complaints: &Complaints) -> HashSet<usize> {
    let mut left_out = HashSet::new();
    let mut kept: HashMap<&str, usize> = HashMap::with_capacity(if raw.len() > FEW { raw.len() } else { 0 });
    for (at, item) in raw.iter().enumerate() {
        let key = &item.entry.key;
        let earlier = if raw.len() > FEW {
            kept.insert(&key.value, at)
        } else {
            (0..at).rev().find(|other| !left_out.contains(other) && raw[*other].entry.key.value == key.value)
        };
        let Some(earlier) = earlier else { continue };
        let name = text::one_line(&key.value, 40);
        let first = &raw[earlier].entry;
        let single = |entry: &Entry| matches!(entry.value.kind, Kind::Scalar(_));
        if repeats == Repeats::LastWins && single(first) && single(&item.entry) {
            let message = format!("`{name}` stands here again, and this one counts");
            complaints.add(Diagnostic::warning(&key.place, message).also(&first.key.place, "not this one"));
            left_out.insert(earlier);
        } else {
            let message = format!("`{name}` stands here a second time");
            complaints.add(Diagnostic::error(&key.place, message).also(&first.key.place, "the first is here"));
            left_out.insert(at);
            kept.insert(&key.value, earlier);
        }
    }
    left_out
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

//! The fields of a mapping, by name. Each is read once, as what it must be; what was never asked for is unknown.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::scalar::{self, Dialect};
use crate::model::yaml::{Entry, Yaml};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest key that is too short to be a slip of another one.
const SHORT: usize = 3;

/// A mapping that is being read.
pub(super) struct Fields<'a> {
    /// Where the mapping begins.
    pub(super) place: &'a Place,
    /// Where complaints go.
    pub(super) complaints: &'a Complaints,
    what: &'static str,
    dialect: Dialect,
    entries: &'a [Entry],
    taken: Vec<bool>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Begins to read a mapping; `what` names it in messages, such as `a step`. Complains when it is not one.
    pub(super) fn of(yaml: &'a Yaml, what: &'static str, dialect: Dialect, complaints: &'a Complaints) -> Option<Self> {
        let crate::model::yaml::Kind::Map(entries) = &yaml.kind else {
            complaints.error(&yaml.place, format!("{what} must be a mapping, found {}", yaml.describe()));
            return None;
        };
        let taken = vec![false; entries.len()];
        Some(Self { place: &yaml.place, complaints, what, dialect, entries, taken, known: Vec::new() })
    }

    /// The entry of that name. In a testbed a key without a value counts as absent.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'a Entry> {
        self.known.push(key);
        let index = self.entries.iter().position(|entry| entry.key.value == key)?;
        self.taken[index] = true;
        let entry = &self.entries[index];
        let nothing = entry.value.scalar().is_some_and(|scalar| scalar.value.is_null());
        (self.dialect == Dialect::Job || !nothing).then_some(entry)
    }

    /// Whether a key stands there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key.value == key)
    }

    /// Every entry, in the order of the file.
    pub(super) fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// Text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Placed<String>> {
        self.take(key).and_then(|entry| scalar::text(&entry.value, key, self.complaints))
    }

    /// Text with something in it.
    pub(super) fn filled(&mut self, key: &'static str) -> Option<Placed<String>> {
        self.take(key).and_then(|entry| scalar::filled(&entry.value, key, self.complaints))
    }

    /// Texts; a bare text is a list of one.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<Placed<String>> {
        self.take(key).map(|entry| scalar::texts(&entry.value, key, self.complaints)).unwrap_or_default()
    }

    /// `true` or `false`; `false` where nothing is said.
    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        self.take(key).and_then(|entry| scalar::boolean(&entry.value, key, self.complaints)).is_some_and(|found| found.value)
    }

    /// A whole number in a range.
    pub(super) fn integer(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<Placed<u32>> {
        self.take(key).and_then(|entry| scalar::integer(&entry.value, key, range, self.dialect, self.complaints))
    }

    /// A length of time.
    pub(super) fn length(&mut self, key: &'static str) -> Option<Placed<Duration>> {
        self.take(key).and_then(|entry| scalar::length(&entry.value, key, self.dialect, self.complaints))
    }

    /// A length of time that is longer than nothing.
    pub(super) fn limit(&mut self, key: &'static str) -> Option<Placed<Duration>> {
        let found = self.length(key)?;
        if found.value.is_zero() {
            self.complaints.error(&found.place, format!("`{key}` must be longer than nothing"));
            return None;
        }
        Some(found)
    }

    /// The entries of a mapping; none where nothing is said.
    pub(super) fn map(&mut self, key: &'static str) -> &'a [Entry] {
        self.take(key).and_then(|entry| scalar::map(&entry.value, key, self.complaints)).unwrap_or_default()
    }

    /// Complains when a key is missing.
    pub(super) fn require(&self, key: &str) {
        if !self.has(key) {
            self.complaints.error(self.place, format!("{} needs `{key}`", self.what));
        }
    }

    /// Complains about keys of the language that this version cannot honour.
    pub(super) fn unsupported(&mut self, keys: &[&'static str]) {
        for key in keys {
            if let Some(index) = self.entries.iter().position(|entry| entry.key.value == *key) {
                self.taken[index] = true;
                let place = &self.entries[index].key.place;
                self.complaints.error(place, format!("`{key}` is not supported by this version"));
            }
        }
    }

    /// What was not asked for.
    pub(super) fn rest(&self) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().zip(&self.taken).filter(|(_, taken)| !**taken).map(|(entry, _)| entry)
    }

    /// The known key that a wrong one most likely means.
    pub(super) fn near(&self, key: &str) -> Option<&'static str> {
        text::nearest(key, self.known.iter().copied())
    }

    /// The known key that a key of the user's own may mean; short ones are near to everything, and so to nothing.
    pub(super) fn near_any(&self, key: &str) -> Option<&'static str> {
        self.near_of(key, |_| true)
    }

    /// The same among the known keys that do not stand there.
    pub(super) fn near_absent(&self, key: &str) -> Option<&'static str> {
        self.near_of(key, |known| !self.has(known))
    }

    fn near_of(&self, key: &str, may_be: impl Fn(&str) -> bool) -> Option<&'static str> {
        if key.len() <= SHORT || self.known.contains(&key) {
            return None;
        }
        text::nearest(key, self.known.iter().copied().filter(|known| known.len() > SHORT && may_be(known)))
    }

    /// Counts a key among the known ones, and leaves it in what was not asked for.
    pub(super) fn know(&mut self, key: &'static str) {
        self.known.push(key);
    }

    /// Complains about every key that was not asked for.
    pub(super) fn finish(self) {
        for entry in self.rest() {
            let key = &entry.key.value;
            let absent = self.known.iter().copied().filter(|known| !self.has(known));
            let message = format!("{} has no key `{}`", self.what, text::one_line(key, 40));
            self.complaints.add(Diagnostic::error(&entry.key.place, message).did_you_mean(text::nearest(key, absent)));
        }
    }
}

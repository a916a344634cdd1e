//! Collects what is wrong with a text, so that all of it is said at once, and keeps secrets out of what is said.

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::place::{Place, Source};
use crate::base::text;
use crate::model::yaml::{Entry, Kind, Yaml};
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

/// The most errors, and the most warnings, that are shown of one load; more would help nobody.
const MOST: usize = 100;

/// Words in a key that make its value a secret.
const SECRET_WORDS: [&str; 6] = ["password", "passphrase", "passwd", "secret", "token", "private_key"];

/// Keys of a credential whose values are no secrets.
const OPEN_KEYS: [&str; 4] = ["username", "key", "ssh_key", "key_file"];

/// The complaints of one load.
#[derive(Default)]
pub(super) struct Complaints {
    list: RefCell<Vec<Diagnostic>>,
    hidden: RefCell<Vec<Place>>,
}

impl Complaints {
    /// Adds a complaint.
    pub(super) fn add(&self, diagnostic: Diagnostic) {
        self.list.borrow_mut().push(diagnostic);
    }

    /// Adds an error at a place.
    pub(super) fn error(&self, place: &Place, message: impl Into<String>) {
        self.add(Diagnostic::error(place, message));
    }

    /// Adds a warning at a place.
    pub(super) fn warning(&self, place: &Place, message: impl Into<String>) {
        self.add(Diagnostic::warning(place, message));
    }

    /// Keeps the text at a place out of every complaint.
    pub(super) fn hide(&self, place: Place) {
        self.hidden.borrow_mut().push(place);
    }

    /// Keeps every value under a key such as `password` out of every complaint.
    pub(super) fn hide_secrets(&self, yaml: &Yaml) {
        match &yaml.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter().for_each(|item| self.hide_secrets(item)),
            Kind::Map(entries) => {
                for entry in entries {
                    self.hide_secret(entry);
                    self.hide_secrets(&entry.value);
                }
            }
        }
    }

    /// Keeps the value of an entry out of every complaint when its key says that it is secret.
    pub(super) fn hide_secret(&self, entry: &Entry) {
        // A misspelt `password` is a password too, so everything in a credential but its open keys is one.
        if entry.key.value == "credentials" || is_secret_key(&entry.key.value) {
            self.hide_scalars(&entry.value);
        }
    }

    fn hide_scalars(&self, yaml: &Yaml) {
        match &yaml.kind {
            Kind::Scalar(_) => self.hide(yaml.place.clone()),
            Kind::List(items) => items.iter().for_each(|item| self.hide_scalars(item)),
            Kind::Map(entries) => {
                let secret = entries.iter().filter(|entry| !OPEN_KEYS.contains(&entry.key.value.as_str()));
                secret.for_each(|entry| self.hide_scalars(&entry.value));
            }
        }
    }

    /// Gives what was collected: each complaint once, in the order of the text, without secrets.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|diagnostic| diagnostic.place.as_ref().map(|place| place.range().start));
        let wrong: HashSet<_> = list.iter().filter(|d| d.severity == Severity::Error).filter_map(spot).collect();
        let mut seen = HashSet::new();
        list.retain(|diagnostic| {
            let overruled = diagnostic.severity == Severity::Warning && spot(diagnostic).is_some_and(|spot| wrong.contains(&spot));
            !overruled && seen.insert((spot(diagnostic), diagnostic.message.clone()))
        });
        cut(&mut list, Severity::Error);
        cut(&mut list, Severity::Warning);
        conceal(&mut list, &self.hidden.into_inner());
        list
    }
}

/// Whether the value under that key is a secret.
#[must_use]
pub fn is_secret_key(key: &str) -> bool {
    let shortest = SECRET_WORDS.iter().map(|word| word.len()).min().unwrap_or(0);
    if key.len() < shortest {
        return false;
    }
    let key = key.to_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word)) && !key.contains("prompt")
}

fn spot(diagnostic: &Diagnostic) -> Option<(String, usize, usize)> {
    diagnostic.place.as_ref().map(|place| (place.source().name().to_owned(), place.range().start, place.range().end))
}

/// Drops what is beyond the most that are shown, and says so.
fn cut(list: &mut Vec<Diagnostic>, severity: Severity) {
    let mut count = 0;
    list.retain(|diagnostic| {
        count += usize::from(diagnostic.severity == severity);
        diagnostic.severity != severity || count <= MOST
    });
    if count > MOST {
        let noun = if severity == Severity::Error { "further error" } else { "further warning" };
        let note = format!("{} not shown", text::count(count - MOST, noun));
        list.push(Diagnostic { severity, ..Diagnostic::unplaced(note) });
    }
}

/// Puts stars for the hidden places into the texts that complaints show. Every offset stays what it was.
fn conceal(list: &mut [Diagnostic], hidden: &[Place]) {
    let mut masked: Vec<(Arc<Source>, Arc<Source>)> = Vec::new();
    let mut clean = |place: &mut Place| {
        let known = masked.iter().find(|(original, _)| Arc::ptr_eq(original, place.source())).map(|(_, clean)| Arc::clone(clean));
        let source = known.unwrap_or_else(|| {
            let original = Arc::clone(place.source());
            let clean = mask(&original, hidden);
            masked.push((original, Arc::clone(&clean)));
            clean
        });
        *place = Place::new(&source, place.range());
    };
    for diagnostic in list {
        diagnostic.place.iter_mut().for_each(&mut clean);
        diagnostic.related.iter_mut().for_each(|(place, _)| clean(place));
    }
}

fn mask(source: &Arc<Source>, hidden: &[Place]) -> Arc<Source> {
    let ranges: Vec<_> = hidden.iter().filter(|place| Arc::ptr_eq(place.source(), source)).map(Place::range).collect();
    if ranges.is_empty() {
        return Arc::clone(source);
    }
    let mut bytes = source.text().as_bytes().to_vec();
    for range in ranges {
        for byte in bytes.get_mut(range).into_iter().flatten() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b'*';
            }
        }
    }
    Source::new(source.name(), String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_starred_and_places_stay() {
        let source = Source::new("t", "password: hünter2 # x\nport: 1\n");
        let complaints = Complaints::default();
        complaints.hide(Place::new(&source, 10..18));
        complaints.error(&Place::new(&source, 23..27), "wrong");
        complaints.error(&Place::new(&source, 0..8), "wrong");
        let list = complaints.finish();
        let place = list[0].place.as_ref().expect("place");
        assert_eq!(place.source().text(), "password: ******** # x\nport: 1\n");
        assert_eq!((place.text(), list[1].place.as_ref().expect("place").text()), ("password", "port"));
    }

    #[test]
    fn each_complaint_comes_once_and_an_error_overrules_a_warning_at_its_place() {
        let source = Source::new("t", "a b c");
        let complaints = Complaints::default();
        let (first, last) = (Place::new(&source, 0..1), Place::new(&source, 4..5));
        complaints.error(&last, "two");
        complaints.error(&last, "two");
        complaints.warning(&last, "odd");
        complaints.error(&first, "one");
        let messages: Vec<_> = complaints.finish().into_iter().map(|d| d.message).collect();
        assert_eq!(messages, ["one", "two"]);
    }

    #[test]
    fn a_flood_is_cut() {
        let source = Source::new("t", "a".repeat(500));
        let complaints = Complaints::default();
        for at in 0..300 {
            complaints.error(&Place::new(&source, at..at + 1), "bad");
        }
        let list = complaints.finish();
        assert_eq!(list.len(), 101);
        assert_eq!(list[100].message, "200 further errors not shown");
    }

    #[test]
    fn prompts_are_no_secrets() {
        for (key, secret) in
            [("password", true), ("Enable_Password", true), ("api_token", true), ("password_prompt", false), ("port", false)]
        {
            assert_eq!(is_secret_key(key), secret, "{key}");
        }
    }
}

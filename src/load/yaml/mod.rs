//! YAML text as a tree of values with places.
//!
//! Two readers share the work: `saphyr-parser` gives structure, places and quoting, `serde_yaml` decides what each
//! scalar is. They are walked together; where they disagree, the text is refused. The first reader also keeps what
//! would be slow or deep from the second. Room order: `span`, `tree`, `merge`, `values`.

mod span;

mod tree;

mod merge;

mod values;

#[cfg(test)]
mod tests;

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Source};
use crate::load::complaints::Complaints;
use crate::model::yaml::Yaml;
use regex::Regex;
use std::sync::Arc;

/// Reads one YAML document; `None` when there is nothing to go on with. Complaints that leave a usable tree are
/// collected, and the tree lacks only what they are about.
pub(super) fn read(source: &Arc<Source>, complaints: &Complaints) -> Option<Yaml> {
    read_with(source, Repeats::Refused, complaints)
}

/// The same for files of pyATS, whose reader lets a key stand several times.
pub(super) fn read_lenient(source: &Arc<Source>, complaints: &Complaints) -> Option<Yaml> {
    read_with(source, Repeats::LastWins, complaints)
}

/// What is made of a key that stands several times in one mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// It is an error.
    Refused,
    /// The last single value counts, with a warning. A block is still an error: one of two devices would be lost.
    LastWins,
}

fn read_with(source: &Arc<Source>, repeats: Repeats, complaints: &Complaints) -> Option<Yaml> {
    match tree::read(source, complaints) {
        Ok(tree) => values::read(source, &tree, repeats, complaints),
        Err(diagnostic) => {
            hide_likely_secrets(source, complaints);
            complaints.add(diagnostic);
            None
        }
    }
}

/// Hides what looks like a secret in a text that is not YAML, and so has no keys.
fn hide_likely_secrets(source: &Arc<Source>, complaints: &Complaints) {
    let Ok(pattern) = Regex::new(r"(?i)(?:password|passphrase|passwd|secret|token|private_key)\w*['\x22]?\s*:[ \t]*([^\r\n]+)") else {
        return;
    };
    for found in pattern.captures_iter(source.text()).filter_map(|groups| groups.get(1)) {
        complaints.hide(Place::new(source, found.range()));
    }
}

/// An error where YAML's own rules are broken.
fn syntax(source: &Arc<Source>, at: usize, problem: &str) -> Diagnostic {
    let rest = source.text().get(at..).unwrap_or_default();
    let length = rest.chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
    let place = Place::new(source, at..at + length);
    let line = source.text().lines().nth(place.line() - 1).unwrap_or_default();
    let diagnostic = Diagnostic::error(&place, format!("this is not YAML: {problem}"));
    if line.contains("{{") {
        diagnostic.hint("a value that begins with `{{` must stand in quotes")
    } else if line.contains('\t') {
        diagnostic.hint("YAML indents with spaces, never with tabs")
    } else {
        diagnostic
    }
}

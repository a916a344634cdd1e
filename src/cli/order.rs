//! The order in which complaints are shown.

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::text;
use std::collections::{HashMap, HashSet};

/// The most places where one warning is shown in full.
const MOST_ALIKE: usize = 3;

/// Complaints file by file, each in the order of its text, and no place twice. Of many warnings that say the same, as a
/// large testbed can have them, the first ones are shown and the others counted.
pub(super) fn in_order(complaints: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut files: HashMap<String, usize> = HashMap::new();
    let mut seen: HashSet<(usize, usize, usize)> = HashSet::new();
    let mut placed: Vec<((usize, usize), Diagnostic)> = Vec::new();
    let mut unplaced: HashSet<String> = HashSet::new();
    for complaint in complaints {
        let Some(place) = &complaint.place else {
            if unplaced.insert(complaint.message.clone()) {
                placed.push(((0, 0), complaint));
            }
            continue;
        };
        let next = files.len() + 1;
        let file = *files.entry(place.source().name().to_owned()).or_insert(next);
        let range = place.range();
        // A second complaint about one place usually follows from the first.
        if seen.insert((file, range.start, range.end)) {
            placed.push(((file, range.start), complaint));
        }
    }
    placed.sort_by_key(|(key, _)| *key);
    few_alike(placed.into_iter().map(|(_, complaint)| complaint).collect())
}

/// Leaves the first of warnings that say the same, the last of which tells how many there are more.
fn few_alike(complaints: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut alike: HashMap<String, (usize, usize)> = HashMap::new();
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(complaints.len());
    for complaint in complaints {
        if complaint.severity == Severity::Error {
            kept.push(complaint);
            continue;
        }
        let (count, last) = alike.entry(complaint.message.clone()).or_insert((0, 0));
        *count += 1;
        if *count <= MOST_ALIKE {
            *last = kept.len();
            kept.push(complaint);
        }
    }
    for (count, last) in alike.into_values().filter(|(count, _)| *count > MOST_ALIKE) {
        let hint = format!("the same holds at {}", text::count(count - MOST_ALIKE, "further place"));
        kept[last].hints.push(hint);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::place::{Place, Source};

    #[test]
    fn warnings_that_say_the_same_are_counted() {
        let source = Source::new("t.yaml", "a".repeat(20));
        let at = |at: usize| Place::new(&source, at..at + 1);
        let warnings = (0..9).map(|index| Diagnostic::warning(&at(index), "`proxy` is not honoured"));
        let errors = (10..19).map(|index| Diagnostic::error(&at(index), "bad"));
        let shown = in_order(errors.chain(warnings).collect());
        assert_eq!(shown.len(), 12);
        assert_eq!(shown.iter().flat_map(|found| &found.hints).collect::<Vec<_>>(), ["the same holds at 6 further places"]);
        assert_eq!(shown[2].hints.len(), 1, "the last of those that are shown says it");
    }

    #[test]
    fn no_place_is_complained_of_twice() {
        let source = Source::new("t.yaml", "ab");
        let place = Place::new(&source, 0..1);
        let all =
            vec![Diagnostic::error(&place, "one"), Diagnostic::error(&place, "two"), Diagnostic::unplaced("x"), Diagnostic::unplaced("x")];
        let messages: Vec<String> = in_order(all).into_iter().map(|found| found.message).collect();
        assert_eq!(messages, ["x", "one"]);
    }
}

//! The words of the job language: what `docs/job-language.md` lists is what the program knows, and what it says is not
//! there yet is refused as such.

use crate::pages::{self, Page};
use crate::stage::Stage;
use std::collections::BTreeSet;

/// Where a word may stand, as the first cell of the table says, and a job with a hole at that place.
const PLACES: [(&str, &str); 6] = [
    ("a job", "job: x\n@\ntests: [{name: t, devices: r1, steps: [{execute: show version}]}]\n"),
    ("a test", "job: x\ntests: [{name: t, devices: r1, steps: [{execute: show version}], @}]\n"),
    ("an action", "job: x\ntests: [{name: t, devices: r1, steps: [{@}]}]\n"),
    ("a step", "job: x\ntests: [{name: t, devices: r1, steps: [{execute: show version, @}]}]\n"),
    ("an assertion", "job: x\ntests: [{name: t, devices: r1, steps: [{execute: show version, assert: [{@}]}]}]\n"),
    ("`parse`", "job: x\ntests: [{name: t, devices: r1, steps: [{execute: show version, parse: {@}}]}]\n"),
];

/// The lists of the loader that hold such words.
const LISTS: [(&str, &str, &str); 7] = [
    ("a job", "mod.rs", "LATER"),
    ("a test", "test.rs", "LATER"),
    ("an action", "action.rs", "LATER"),
    ("a step", "step.rs", "LATER"),
    ("an assertion", "assertion.rs", "LATER"),
    ("an assertion", "operator.rs", "LATER"),
    ("`parse`", "capture.rs", "LATER_PARSERS"),
];

#[test]
fn words_that_are_not_there_yet_are_refused_as_such() {
    let stage = Stage::new(&pages::root().join("tests/docs/lab"));
    for (place, word) in later() {
        let Some((_, job)) = PLACES.iter().find(|(known, _)| *known == place) else { panic!("no job for `{place}`") };
        stage.write("job.yaml", &format!("testbed: lab.yaml\n{}", job.replace('@', &format!("{word}: x"))));
        let said = stage.runner(&["check", "job.yaml"]);
        let wanted = format!("`{word}` is not supported by this version");
        assert!(said.stderr.contains(&wanted), "{place}: {word}:\n{}", said.stderr);
    }
}

#[test]
fn every_word_that_is_not_there_yet_is_listed() {
    let listed: BTreeSet<(String, String)> = later().into_iter().collect();
    for (place, file, list) in LISTS {
        for word in words_of(file, list) {
            assert!(listed.contains(&(place.to_owned(), word.clone())), "`{word}` of {place} is not in docs/job-language.md");
        }
    }
}

#[test]
fn every_action_and_operator_has_its_row() {
    let page = Page::read("docs/job-language.md");
    let rows = |heading: &str| -> BTreeSet<String> { page.table(heading).into_iter().flat_map(|row| codes(&row[0])).collect() };
    let mut actions: BTreeSet<String> = words_of("action.rs", "NAMES").into_iter().collect();
    actions.insert("assert".to_owned());
    assert_eq!(rows("## Actions"), actions);
    assert_eq!(rows("### Operators"), words_of("operator.rs", "NAMES").into_iter().collect());
}

/// The table of words that are not there yet, as pairs of place and word.
fn later() -> Vec<(String, String)> {
    let rows = Page::read("docs/job-language.md").table("## Not there yet");
    let pairs = rows.into_iter().flat_map(|row| codes(&row[1]).into_iter().map(move |word| (row[0].clone(), word)));
    let pairs: Vec<_> = pairs.collect();
    assert!(pairs.len() > 50, "{} words only: is the table still read?", pairs.len());
    pairs
}

/// What stands in backticks.
fn codes(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The texts of a list in the loader's source.
pub(crate) fn words_of(file: &str, list: &str) -> Vec<String> {
    let path = pages::root().join("src/load/job").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let start = text.find(&format!("const {list}: ")).unwrap_or_else(|| panic!("{file} has no list `{list}`"));
    let value = text[start..].split_once('=').map(|(_, rest)| rest.trim_start().trim_start_matches('[')).expect("a list");
    let body = value.split(']').next().unwrap_or_default();
    let words: Vec<String> = body.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(!words.is_empty(), "`{list}` of {file} is empty");
    words
}

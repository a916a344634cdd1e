//! What holds of every input: no panic, no place outside of the text, and a value exactly when there is no error.

use crate::base::diagnostic::{Colour, Diagnostic, Severity};
use crate::base::tests::grows_in_proportion;
use crate::load::{Environment, Loaded, job, job_text, testbed, testbed_text};
use crate::model::testbed::Testbed;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use std::fs;
use std::path::Path;

const TESTBED: &str = include_str!("pinned/testbed.yaml");
const JOB: &str = include_str!("pinned/job.yaml");

/// Pieces that YAML, markup and templates are made of.
const PIECES: [&str; 34] = [
    ": ", "- ", "\n", "\n  ", "[", "]", "{", "}", ", ", "'", "\"", "#", " #", "&a ", "*a", "<<: *a", "!x ", "!!str ", "|\n", ">-\n", "? ",
    "---\n", "...\n", "%ENV{", "%{self.", "%{", "{{ ", " }}", "\t", "\u{feff}", "ü", "\r\n", "null", "0x",
];

fn check<T>(loaded: &Loaded<T>, text: &str) {
    let errors = loaded.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(loaded.value.is_none(), errors, "{text:?}");
    for diagnostic in &loaded.diagnostics {
        let related = diagnostic.related.iter().map(|(place, _)| place);
        for place in diagnostic.place.iter().chain(related) {
            let range = place.range();
            assert!(range.start <= range.end && range.end <= text.len(), "{diagnostic:?} in {text:?}");
        }
        assert!(!diagnostic.render(Colour::Plain).is_empty());
    }
}

fn both(text: &str) {
    check(&testbed_text(text, "t.yaml", Path::new("/nowhere"), &Environment::default()), text);
    check(&job_text(text, "j.yaml", Path::new("/nowhere")), text);
}

/// A valid text with a few cuts, doublings and foreign pieces in it.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let edit = (0..text.len(), 0_usize..12, proptest::sample::select(&PIECES[..]), any::<bool>());
    proptest::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut text = text.to_owned();
        for (at, length, piece, doubled) in edits {
            let start = text.floor_char_boundary(at.min(text.len()));
            let end = text.floor_char_boundary((start + length).min(text.len())).max(start);
            let piece = if doubled { text[start..end].repeat(2) } else { piece.to_owned() };
            text.replace_range(start..end, &piece);
        }
        text
    })
}

fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![proptest::sample::select(&PIECES[..]).prop_map(str::to_owned), "[a-z:]{0,6}", Just("devices".to_owned())];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_testbed_panics(text in mutated(TESTBED)) {
        both(&text);
    }

    #[test]
    fn no_mutation_of_a_job_panics(text in mutated(JOB)) {
        both(&text);
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        both(&text);
    }

    #[test]
    fn no_soup_of_yaml_panics(text in soup()) {
        both(&text);
    }
}

#[test]
fn the_texts_that_are_mutated_are_valid() {
    assert_eq!(testbed_text(TESTBED, "t.yaml", Path::new("/nowhere"), &Environment::default()).diagnostics, []);
    assert_eq!(job_text(JOB, "j.yaml", Path::new("/nowhere")).diagnostics, []);
}

/// A testbed of that many devices, each of these lines with its number for `N`.
fn devices(count: usize, lines: &str) -> String {
    let devices: String = (0..count).map(|number| lines.replace('N', &number.to_string())).collect();
    format!("devices:\n{devices}")
}

/// Loads a testbed that holds nothing but its text.
fn loaded(text: &str) -> Loaded<Testbed> {
    testbed_text(text, "t.yaml", Path::new("/nowhere"), &Environment::default())
}

#[test]
fn a_large_testbed_loads_in_linear_time() {
    let device =
        "  dN:\n    os: linux\n    type: router\n    connections:\n      a: {protocol: ssh, host: 10.0.0.1, port: 22}\n    tags: [x, y]\n";
    let load = |count: usize| {
        let text = devices(count, device);
        move || assert_eq!(loaded(&text).value.expect("testbed").devices.len(), count)
    };
    grows_in_proportion(32, load(300), load(9_600));
}

#[test]
fn many_mistakes_cost_no_more_than_the_text() {
    let load = |count: usize| {
        let (text, last) = (devices(count, "  dN: [N]\n"), format!("{} further errors not shown", count - 100));
        move || assert_eq!(loaded(&text).diagnostics.last().map(|last| last.message.clone()), Some(last.clone()))
    };
    grows_in_proportion(32, load(600), load(19_200));
}

fn messages(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect()
}

#[test]
fn files_that_cannot_be_read_are_diagnostics() {
    let missing = Path::new("/no/such.yaml");
    assert_eq!(messages(&job(missing, "such.yaml").diagnostics), ["`such.yaml` cannot be read: there is no such file"]);
    let loaded = testbed(missing, "such.yaml", &Environment::default());
    assert!(loaded.value.is_none() && loaded.diagnostics.len() == 1);
}

#[test]
fn a_testbed_extends_others_and_wins_over_them() {
    let folder = tempfile::tempdir().expect("folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    fs::create_dir(folder.path().join("common")).expect("folder");
    write("lab.yaml", "extends: common/base.yaml\ndevices:\n  r1: {os: eos, custom: {a: 1}}\n");
    write("common/base.yaml", "extends: [more.yaml]\ntestbed: {name: base}\ndevices:\n  r1: {os: ios, type: router, custom: {b: 2}}\n");
    write("common/more.yaml", "testbed: {name: more}\ndevices:\n  r2: {os: \"%{devices.r1.os}\"}\n");
    let loaded = testbed(&folder.path().join("lab.yaml"), "lab.yaml", &Environment::default());
    assert_eq!(loaded.diagnostics, []);
    let lab = loaded.value.expect("testbed");
    let attribute = |device: &str, name: &str| lab.devices[device].attributes[name].value.clone();
    assert_eq!(
        (lab.name.as_str(), attribute("r1", "os"), attribute("r1", "type"), attribute("r2", "os")),
        ("base", "eos".to_owned(), "router".to_owned(), "eos".to_owned())
    );
    assert_eq!(lab.devices["r1"].custom, serde_json::json!({"b": 2, "a": 1}));
    assert_eq!(lab.devices["r1"].attributes["type"].place.to_string(), "common/base.yaml:4:23");
}

#[test]
fn what_cannot_be_extended_is_said_where_it_is_named() {
    let folder = tempfile::tempdir().expect("folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("a.yaml", "extends: b.yaml\ndevices: {}\n");
    write("b.yaml", "extends: [a.yaml, none.yaml]\ndevices: {}\n");
    let loaded = testbed(&folder.path().join("a.yaml"), "a.yaml", &Environment::default());
    let shown: Vec<_> =
        loaded.diagnostics.iter().map(|found| (found.message.as_str(), found.place.as_ref().map(ToString::to_string))).collect();
    assert_eq!(
        shown,
        [
            ("a testbed extends itself: `a.yaml` extends `b.yaml` extends `a.yaml`", Some("b.yaml:1:11".to_owned())),
            ("`none.yaml` cannot be read: there is no such file", Some("b.yaml:1:19".to_owned())),
        ]
    );
}

#[test]
fn a_testbed_may_stand_in_a_job() {
    let text = "job: j\ntestbed: {devices: {r1: {os: linux}, r2: [x]}}\ntests: [{name: t, steps: [{shell: x}]}]\n";
    let job = job_text(text, "job.yaml", Path::new("/jobs")).value.expect("job");
    let loaded = crate::load::testbed_inline(&job.testbed.expect("testbed"), Path::new("/jobs"), &Environment::default());
    assert_eq!(loaded.diagnostics[0].place.as_ref().map(ToString::to_string).as_deref(), Some("job.yaml:2:42"));
}

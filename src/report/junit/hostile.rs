//! Tests: nothing that a user or a device can say changes what a document says, and none becomes too large.

use crate::base::Data;
use crate::base::tests::grows_in_proportion;
use crate::record::event::{AnswerRecord, Attempt, CellHead, CellKind, Event, Fact, RunHead, StepPhase, StepRef};
use crate::record::fault::{Fault, Subject};
use crate::record::ledger::Ledger;
use crate::record::verdict::{ExitStatus, Outcome, ReasonKind, Verdict};
use crate::report::junit::{Settings, document, rejected};
use crate::report::samples::{attempted, cell, ended, events, failed, failed_attempt, fault, head, ledger, logged, started};
use proptest::prelude::{ProptestConfig, any, prop, prop_oneof, proptest};
use proptest::strategy::Strategy;

const NASTY: [&str; 24] = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b",
    "\0",
    "\u{fffe}\u{ffff}\u{1fffe}",
    "\u{9b}31m\u{85}",
    "]]>",
    "]]",
    "]]></system-out></testcase><testcase name=\"forged\">",
    "<![CDATA[<testcase name=\"forged\"/>]]>",
    "<!-- comment --><?instruction?><!DOCTYPE x>",
    "[[ATTACHMENT|/etc/passwd]]",
    "[[[attachment|/etc/passwd]]",
    "[\x1b[0m[PROPERTY|a=b]]",
    "[ATTACHMENT|/etc/passwd]]",
    "a\rb\r\n\rc",
    "\u{202e}drowssap",
    "&lt;&#0;&unknown;&",
    "\"'`",
    "",
    " \t\n ",
    "a.b/c:d e",
    "%s{}\\",
    "\u{feff}ä日本\u{10ffff}\u{2028}x",
];

/// A run in which every field that can hold `text` does.
fn everywhere(text: &str) -> Vec<Event> {
    let own = || text.to_owned();
    let cells: Vec<CellHead> = ["", "1", "2"]
        .map(|number| CellHead {
            kind: CellKind::Test,
            name: own() + number,
            test: own(),
            device: Some(own() + number),
            matrix: Some(own()),
        })
        .into_iter()
        .chain([
            CellHead { kind: CellKind::Setup, name: own(), test: own(), device: None, matrix: None },
            cell(CellKind::Test, "passes", Some(text)),
        ])
        .collect();
    let head = RunHead {
        run_id: own(),
        started: own(),
        version: own(),
        hostname: own(),
        job: own(),
        file: own(),
        testbed: own(),
        output: None,
        cells,
    };
    let verdicts = [Verdict::Failed, Verdict::Errored, Verdict::Skipped, Verdict::Blocked];
    let mut facts = vec![(0, Fact::RunStarted(Box::new(head)))];
    for (index, verdict) in (0..).zip(verdicts) {
        facts.extend([
            (1, started(index)),
            (2, logged(index, text)),
            (3, attempted(attempt_of(index, text))),
            (4, ended(index, Outcome::with(verdict, ReasonKind::Check, text), 5)),
        ]);
    }
    let passed = Attempt { verdict: Verdict::Passed, captured: vec![(own(), Data::from(text))], number: 2, ..attempt_of(4, text) };
    facts.extend([(5, attempted(passed)), (6, logged(4, text)), (7, ended(4, Outcome::passed(), 1))]);
    facts.extend([(8, Fact::Interrupted { by: own() }), (9, Fact::RunFinished { status: ExitStatus::Failed })]);
    events(facts)
}

fn attempt_of(cell: u32, text: &str) -> Attempt {
    let own = || text.to_owned();
    let mut attempt = failed_attempt(cell, text);
    attempt.step = StepRef { phase: StepPhase::Teardown, number: own(), name: own(), place: own() };
    attempt.subject = Some(Subject { device: own(), alias: own(), via: own(), class: own() });
    attempt.item = Some(own());
    attempt.asked = Some(own());
    attempt.problem = own();
    attempt.answer = Some(AnswerRecord {
        head: own(),
        left_out: 7,
        tail: own(),
        lines: 1,
        stderr: own(),
        exit_code: Some(i32::MIN),
        status: Some(u16::MAX),
    });
    for check in &mut attempt.checks {
        for field in [&mut check.sentence, &mut check.source, &mut check.expected, &mut check.actual, &mut check.place] {
            field.clone_from(&own());
        }
        check.nearest = vec![own(), own()];
    }
    attempt.fault = Some(Fault { message: own(), tail: own(), received: u64::MAX, hint: Some(own()), ..fault() });
    attempt
}

/// Reads the document as a consumer would, and checks everything that may not depend on any text.
fn check_document(xml: &str, cases: usize) {
    assert!(!xml.contains("<!"), "CDATA or a comment");
    let tree = roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{error}"));
    let found: Vec<_> = tree.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    assert_eq!(found.len(), cases);
    let mut names = std::collections::HashSet::new();
    for case in &found {
        let attribute = |name| case.attribute(name).unwrap_or_else(|| panic!("no {name}"));
        let (name, classname) = (attribute("name"), attribute("classname"));
        assert!(names.insert(name) && (1..=255).contains(&name.chars().count()), "{name}");
        assert_eq!(classname.matches('.').count(), 1, "{classname}");
        let results: Vec<_> = case.children().filter(|node| node.has_attribute("type")).collect();
        assert!(results.len() <= 1, "{name}");
        for result in results {
            let message = result.attribute("message").expect("a message");
            assert!((1..=200).contains(&message.chars().count()) && !message.contains(char::is_control), "{message:?}");
            assert_eq!(result.text().and_then(|text| text.lines().next()), Some(message));
        }
    }
    for node in tree.descendants() {
        let texts = node.text().into_iter().chain(node.attributes().map(|attribute| attribute.value()));
        for text in texts.map(str::to_ascii_uppercase) {
            assert!(!text.contains("[[ATTACHMENT|") && !text.contains("[[PROPERTY|"), "{text}");
            assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
            assert!(!text.contains('\u{202e}'), "{text:?}");
        }
    }
    let suite = tree.descendants().find(|node| node.has_tag_name("testsuite")).expect("a suite");
    assert_eq!(suite.attribute("tests"), Some(cases.to_string().as_str()));
}

fn check_everywhere(text: &str) {
    let ledger = ledger(&everywhere(text));
    let xml = document(&ledger, &Settings::default()).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    check_document(&xml, 5);
    assert!(xml.contains("tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"2\""));
    let tiny = Settings { largest_document: 1, largest_output: 1 };
    check_document(&document(&ledger, &tiny).unwrap_or_else(|error| panic!("{error}: {text:?}")), 5);
    check_document(
        &rejected(&RunHead { file: text.to_owned(), ..head(Vec::new()) }, text).unwrap_or_else(|error| panic!("{error}: {text:?}")),
        1,
    );
}

#[test]
fn no_text_anywhere_changes_what_a_document_says() {
    for text in NASTY {
        check_everywhere(text);
        check_everywhere(&text.repeat(300));
    }
    check_everywhere(&NASTY.concat());
}

#[test]
fn very_long_texts_anywhere_are_cut() {
    let text = "<&]]>\x1b[1m\n".repeat(100_000);
    let ledger = ledger(&everywhere(&text));
    let xml = document(&ledger, &Settings::default()).expect("a document");
    check_document(&xml, 5);
    assert!(xml.len() < 1_000_000, "{}", xml.len());
    assert!(xml.contains("[cut "));
    let xml = document(&many(3, 10_000_000), &Settings::default()).expect("a document");
    check_document(&xml, 3);
    assert!(xml.len() < 400_000, "{}", xml.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn no_arbitrary_text_changes_what_a_document_says(
        text in prop::collection::vec(
            prop_oneof![prop::sample::select(&NASTY[..]).prop_map(str::to_owned), any::<String>(), any::<char>().prop_map(String::from)],
            0..8,
        )
    ) {
        check_everywhere(&text.concat());
    }
}

/// A run of failed cells that each keep an answer of that many bytes.
fn many(cells: u32, bytes: usize) -> Ledger {
    let heads = (0..cells).map(|index| cell(CellKind::Test, &format!("test-{index}"), Some("r1"))).collect();
    let mut ledger = ledger(&events(vec![(0, Fact::RunStarted(Box::new(head(heads))))]));
    let answer = "an <answer> & more\n".repeat(bytes / 19);
    for index in 0..cells {
        let mut attempt = failed_attempt(index, "r1");
        attempt.answer = Some(crate::report::samples::answer(&answer));
        for event in events(vec![(1, attempted(attempt)), (2, ended(index, failed("expected 17.3, got 16.9"), 5))]) {
            ledger.fold(&event);
        }
    }
    ledger
}

#[test]
fn the_largest_document_keeps_every_case_and_shares_the_room() {
    let limit = 1_000_000;
    let settings = Settings { largest_document: limit, ..Settings::default() };
    let xml = document(&many(1000, 64 * 1024), &settings).expect("a document");
    check_document(&xml, 1000);
    assert!(xml.len() <= limit && xml.len() > limit * 3 / 4, "{}", xml.len());
}

#[test]
fn what_does_not_fit_at_all_still_has_every_case() {
    let settings = Settings { largest_document: 1000, ..Settings::default() };
    let xml = document(&many(100, 10_000), &settings).expect("a document");
    check_document(&xml, 100);
    assert!(!xml.contains("system-out"));
}

#[test]
fn time_grows_with_the_number_of_cells_and_not_with_its_square() {
    let write = |cells: u32| {
        let ledger = many(cells, 100);
        move || assert!(document(&ledger, &Settings::default()).expect("a document").len() <= 20_000_000)
    };
    grows_in_proportion(20, write(1000), write(20_000));
}

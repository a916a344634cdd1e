//! Tests: the whole document of a run with every outcome, and runs that ended early.

use crate::record::event::{Attempt, CellKind, Event, Fact};
use crate::record::ledger::Ledger;
use crate::record::verdict::{ExitStatus, Outcome, ReasonKind, Verdict};
use crate::report::junit::{Settings, document, rejected};
use crate::report::samples::{
    answer, attempt, attempted, cell, ended, events, every_outcome, failed, failed_attempt, head, ledger, logged,
};
use expect_test::{expect, expect_file};

fn shown(ledger: &Ledger) -> String {
    document(ledger, &Settings::default()).expect("a document")
}

#[test]
fn a_run_with_every_outcome_is_told_whole() {
    let document = shown(&ledger(&every_outcome()));
    expect_file!["every_outcome.xml"].assert_eq(&document);
    assert_eq!(document, shown(&ledger(&every_outcome())), "the same events give the same bytes");
}

#[test]
fn files_that_were_not_accepted_are_one_error() {
    let document = rejected(&head(Vec::new()), "error: class `shh` is unknown\n --> testbed.yaml:3:12\n").expect("a document");
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="lab-a">
        <testsuite name="jobs/smoke.yaml" tests="1" failures="0" errors="1" skipped="0" time="0.000" timestamp="2026-11-20T08:00:00Z" hostname="ci-1">
        <properties><property name="runner.version" value="0.1.0"/><property name="testbed" value="testbeds/lab-a.yaml"/><property name="run_id" value="8f2c"/></properties>
        <testcase classname="jobs_smoke_yaml.testbed" name="load [jobs/smoke.yaml]" file="jobs/smoke.yaml" time="0.000"><error type="runner.config" message="error: class `shh` is unknown">error: class `shh` is unknown
         --&gt; testbed.yaml:3:12
        </error></testcase>
        </testsuite>
        </testsuites>
    "#]].assert_eq(&document);
}

/// The run's events up to one, and what its document's suite counts then.
fn counts(cells: usize, facts: Vec<(u64, Fact)>) -> (String, String) {
    let heads = (0..cells).map(|index| cell(CellKind::Test, &format!("t{index}"), Some("r1"))).collect();
    let mut all = vec![(0, Fact::RunStarted(Box::new(head(heads))))];
    all.extend(facts);
    let document = shown(&ledger(&events(all)));
    let tree = roxmltree::Document::parse(&document).expect("XML");
    let suite = tree.descendants().find(|node| node.has_tag_name("testsuite")).expect("a suite");
    let counts = ["tests", "failures", "errors", "skipped"].map(|name| suite.attribute(name).expect(name));
    let kinds: Vec<&str> = tree.descendants().filter_map(|node| node.attribute("type")).collect();
    (counts.join(" "), kinds.join(" "))
}

#[test]
fn a_run_that_did_not_pass_is_never_green() {
    let passed = |cell| (10, ended(cell, Outcome::passed(), 1));
    let not = |cell, verdict, kind| (10, ended(cell, Outcome::with(verdict, kind, "a reason"), 0));
    let finished = |status| (20, Fact::RunFinished { status });
    let interrupted = || (15, Fact::Interrupted { by: "SIGINT".to_owned() });
    for (what, cells, facts, expected) in [
        ("passed", 1, vec![passed(0), finished(ExitStatus::Passed)], ("1 0 0 0", "")),
        ("just begun", 2, vec![], ("2 0 2 0", "runner.incomplete runner.incomplete")),
        ("killed", 2, vec![passed(0)], ("2 0 1 0", "runner.incomplete")),
        ("killed after its last cell", 1, vec![passed(0)], ("2 0 1 0", "runner.incomplete")),
        ("finished without a cell's end", 2, vec![passed(0), finished(ExitStatus::Passed)], ("2 0 1 0", "runner.incomplete")),
        (
            "interrupted before anything ran",
            1,
            vec![interrupted(), not(0, Verdict::Skipped, ReasonKind::NotRun), finished(ExitStatus::Interrupted)],
            ("2 0 1 1", "runner.not_run runner.interrupted"),
        ),
        (
            "all blocked",
            1,
            vec![not(0, Verdict::Blocked, ReasonKind::Blocked), finished(ExitStatus::Errored)],
            ("2 0 1 1", "runner.blocked runner.blocked"),
        ),
        ("failed, as it says", 1, vec![passed(0), finished(ExitStatus::Failed)], ("2 0 1 0", "runner.internal")),
        ("nothing selected", 0, vec![finished(ExitStatus::NothingSelected)], ("1 0 1 0", "runner.config")),
        ("skipped", 1, vec![not(0, Verdict::Skipped, ReasonKind::Skipped), finished(ExitStatus::Passed)], ("1 0 0 1", "runner.skipped")),
    ] {
        let (counts, kinds) = counts(cells, facts);
        assert_eq!((counts.as_str(), kinds.as_str()), expected, "{what}");
    }
    let document = shown(&Ledger::default());
    assert!(document.contains("errors=\"1\"") && document.contains("runner.config"), "{document}");
}

/// The document of the run with every outcome, where it leaves its folder at `output`.
fn with_output(output: &str, events: Vec<Event>) -> String {
    let mut events = events;
    if let Fact::RunStarted(head) = &mut events[0].fact {
        head.output = Some(output.to_owned());
    }
    document(&ledger(&events), &Settings::default()).expect("a document")
}

/// Each case that names a transcript, and the transcripts.
fn attached(xml: &str) -> Vec<(String, Vec<String>)> {
    let tree = roxmltree::Document::parse(xml).expect("XML");
    let cases = tree.descendants().filter(|node| node.has_tag_name("testcase"));
    let named = cases.filter_map(|case| {
        let out = case.children().find(|node| node.has_tag_name("system-out"))?.text()?;
        let files = out.lines().filter_map(|line| line.strip_prefix("[[ATTACHMENT|")?.strip_suffix("]]")).map(str::to_owned);
        Some((case.attribute("name")?.to_owned(), files.collect()))
    });
    named.filter(|(_, files): &(_, Vec<String>)| !files.is_empty()).collect()
}

#[test]
fn a_case_that_did_not_pass_names_the_transcripts_of_its_devices() {
    let xml = with_output("out/1", every_outcome());
    let named = attached(&xml);
    let expected = [
        ("connect [r.3]", "out/1/transcripts/r.3.log"),
        ("version [r4]", "out/1/transcripts/r4.log"),
        ("uptime [r1]", "out/1/transcripts/r1.log"),
        ("never [r1]", "out/1/transcripts/r1.log"),
    ];
    assert_eq!(named, expected.map(|(case, file)| (case.to_owned(), vec![file.to_owned()])));
    assert!(attached(&document(&ledger(&every_outcome()), &Settings::default()).expect("a document")).is_empty());
}

#[test]
fn what_is_cut_says_where_the_whole_is() {
    let long = Attempt { answer: Some(answer(&"line\n".repeat(50_000))), subject: attempt(0, "r/2").subject, ..failed_attempt(0, "r1") };
    let heads = vec![cell(CellKind::Test, "both", None)];
    let facts = vec![(0, Fact::RunStarted(Box::new(head(heads)))), (1, attempted(long)), (2, ended(0, failed("no"), 1))];
    let xml = with_output("out", events(facts.clone()));
    assert_eq!(attached(&xml), [("both".to_owned(), vec!["out/transcripts/r%2F2.log".to_owned()])]);
    assert!(xml.contains(" bytes, see out/transcripts/r%2F2.log]\n"), "{}", &xml[..2000]);
    assert!(document(&ledger(&events(facts)), &Settings::default()).expect("a document").contains(" bytes]\n"));
}

#[test]
fn a_folder_whose_name_means_something_to_consumers_is_not_named() {
    for output in ["a]]b", "a\nb", "[[ATTACHMENT|x", "a\u{1b}b", "a  b", &"x".repeat(2000)] {
        assert!(attached(&with_output(output, every_outcome())).is_empty(), "{output}");
    }
    let forged = vec![
        (0, Fact::RunStarted(Box::new(head(vec![cell(CellKind::Test, "t", None)])))),
        (1, logged(0, "[[ATTACHMENT|out/transcripts/r1.log]]")),
        (2, ended(0, failed("no"), 1)),
    ];
    assert!(attached(&with_output("out", events(forged))).is_empty());
}

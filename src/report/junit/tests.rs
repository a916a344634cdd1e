//! Tests: the whole document of a run with every outcome, and runs that ended early.

use crate::record::event::{CellKind, Fact};
use crate::record::ledger::Ledger;
use crate::record::verdict::{ExitStatus, Outcome, ReasonKind, Verdict};
use crate::report::junit::{Settings, document, rejected};
use crate::report::samples::{cell, ended, events, every_outcome, head, ledger};
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
    let document = rejected("jobs/smoke.yaml", "error: class `shh` is unknown\n --> testbed.yaml:3:12\n").expect("a document");
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="jobs/smoke.yaml">
        <testsuite name="jobs/smoke.yaml" tests="1" failures="0" errors="1" skipped="0" time="0.000">
        <testcase classname="jobs_smoke_yaml.testbed" name="load [jobs/smoke.yaml]" file="jobs/smoke.yaml" time="0.000"><error type="runner.config" message="error: class `shh` is unknown">error: class `shh` is unknown
        error: class `shh` is unknown
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

//! Who runs when, as the whole program tells it.

use crate::plain;
use crate::program::{Program, timeless};

const TESTBED: &str = "
devices:
  r1: {os: linux, custom: {console: 7}, connections: {local: {class: shell}}}
  r2: {os: linux, custom: {console: 7}, connections: {local: {class: shell}}}
  r3: {os: linux, connections: {local: {class: shell}}}
";

/// The cases of `busy` would see each other's mark if two of them ran at once.
const JOB: &str = r#"
job: order
testbed: testbed.yaml
tests:
  - name: links up
    id: links
    devices: all
    steps: [{execute: "test {{ device.name }} != r2"}]
  - name: sessions
    needs: links
    devices: [r1, r2]
    steps: [{execute: "true"}]
  - name: busy
    devices: all
    lock: "console-{{ device.custom.console | default(7) }}"
    steps: [{execute: "mkdir busy && sleep 0.05"}]
    teardown: [{execute: rmdir busy}]
  - name: summary
    needs: [links, busy]
    steps: [{shell: "true"}]
  - name: follows
    needs: [summary]
    steps: [{shell: "true"}]
  - name: breaks
    devices: r3
    steps: [{execute: "false"}]
    teardown: [{shell: touch cleaned}]
  - name: never
    devices: all
    steps: [{execute: "touch never"}]
teardown:
  - shell: touch done
"#;

#[test]
fn needs_locks_and_the_end_after_failures_have_their_place_in_every_report() {
    let program = Program::new(TESTBED, JOB);
    let left = program.run(&["--fail-fast=2", "--jobs", "1", "--events", "events.jsonl"]);
    assert_eq!(left.status, Some(1), "{}", left.said);
    assert!(program.path("cleaned").exists() && program.path("done").exists() && !program.path("never").exists());
    expect_test::expect_file!["expected/order.txt"].assert_eq(&plain(&left.said));
    expect_test::expect_file!["expected/order.xml"].assert_eq(&timeless(&left.junit));
    program.again(&["report", "events.jsonl", "--junit", "again.xml"]);
    assert_eq!(std::fs::read_to_string(program.path("again.xml")).expect("a report"), left.junit);
    let beside = program.run(&["--fail-fast=2"]);
    assert_eq!(beside.status, Some(1), "side by side, the lock still keeps the cases apart:\n{}", beside.said);
    assert_eq!(beside.table(), left.table());
}

#[test]
fn errors_alone_that_end_a_run_give_the_status_of_errors() {
    let testbed =
        "devices: {gone: {os: ios, connections: {cli: {class: ssh, host: 127.0.0.1, port: 1, credentials: {default: {username: u}}}}}}";
    let job =
        "{job: j, testbed: testbed.yaml, tests: [{name: a, devices: gone, steps: [{execute: x}]}, {name: b, steps: [{shell: 'true'}]}]}";
    let left = Program::new(testbed, job).run(&["--fail-fast"]);
    assert_eq!(left.status, Some(4), "{}", left.said);
    let (blocked, not_run) = (left.case("a [gone]"), left.case("b"));
    assert_eq!((not_run.result.as_str(), not_run.kind.as_str()), ("skipped", "runner.not_run"));
    assert_eq!(not_run.message, "not run: --fail-fast=1 was reached with connect [gone]");
    assert_eq!(blocked.message, not_run.message);
}

#[test]
fn a_number_of_failures_is_told_with_the_flag_and_is_at_least_one() {
    let program = Program::new("devices: {}", "{job: j, tests: [{name: a, steps: [{shell: 'true'}]}]}");
    for (flag, status) in [("--fail-fast", 0), ("--fail-fast=1", 0), ("--fail-fast=0", 2), ("--fail-fast=x", 2), ("--fail-fast=", 2)] {
        assert_eq!(program.run(&[flag]).status, Some(status), "{flag}");
    }
    // A word after it is not its number.
    assert_eq!(program.run(&["--fail-fast", "2"]).status, Some(2));
}

#[test]
fn a_selected_test_runs_with_what_it_needs() {
    let program = Program::new(TESTBED, JOB);
    let left = program.run(&["--test", "sessions", "--device", "r1"]);
    assert_eq!(
        (left.status, left.table().as_str()),
        (Some(0), "passed  connect [r1]\npassed  links up [r1]\npassed  sessions [r1]\npassed  teardown\n")
    );
    let shown = String::from_utf8(program.again(&["plan", "job.yaml", "--test", "sessions", "--device", "r1"]).stdout).expect("text");
    assert!(
        shown.contains("links up [r1]\n") && shown.contains("sessions [r1]\n  needs links up [r1]\n") && !shown.contains("busy"),
        "{shown}"
    );
}

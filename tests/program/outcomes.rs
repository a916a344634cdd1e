//! A run with every outcome there is.

use crate::plain;
use crate::program::{Program, pause, timeless, wait};
use rustix::process::{Pid, Signal, kill_process};
use std::process::Command;
use std::time::{Duration, Instant};

const TESTBED: &str = "
testbed:
  name: every
  credentials: {default: {username: me, password: correct-horse}}
devices:
  here: {os: linux, connections: {local: {class: shell}}}
  twin: {os: linux, connections: {local: {class: shell}}}
  old:
    os: ios
    connections: {cli: {class: replay, recording: old.yaml}}
  gone:
    os: ios
    connections: {cli: {class: ssh, host: 127.0.0.1, port: 1}}
";

const RECORDING: &str = "
recording: 1
calls:
  - {execute: show state, answer: starting}
  - {execute: show state, answer: ready}
  - {execute: show crash, fault: lost}
";

const JOB: &str = r#"
job: every outcome
testbed: testbed.yaml
vars: {want: ready}
setup:
  - shell: echo prepared
tests:
  - name: passes
    devices: [here, twin]
    steps:
      - execute: echo value {{ device.name | length }}
        capture: {value: {regex: 'value (\d+)', as: int}}
        assert: [{value: "{{ value }}", equals: 4}]
  - name: fails
    devices: here
    steps:
      - name: compare
        execute: printf 'alpha\nbeta\ngamma\n'
        assert:
          - {contains: alpha}
          - {contains: betta, message: the second letter}
          - {line: gamma, equals: delta}
      - execute: echo never
    teardown:
      - execute: echo cleaned
  - name: exits
    devices: here
    steps: [{execute: "echo trouble >&2; exit 7"}]
  - name: times out
    devices: here
    steps: [{execute: "echo begun; sleep 60", timeout: 2s}]
  - name: comes up
    devices: old
    steps: [{execute: show state, assert: [{equals: "{{ want }}"}], retry: {within: 20s, every: 50ms}}]
  - name: loses its session
    devices: old
    steps: [{execute: show crash}]
  - name: was never recorded
    devices: old
    steps: [{execute: show stat}]
  - name: is down
    devices: gone
    steps: [{execute: show state}]
  - name: is not meant for it
    devices: here
    when: device.os == 'ios'
    steps: [{execute: "true"}]
  - name: has seen enough
    devices: here
    steps: [{execute: "true"}, {skip: "nothing to do on {{ device.os }}"}, {execute: "false"}]
  - name: cannot begin
    devices: here
    setup: [{execute: "false"}]
    steps: [{execute: "true"}]
  - name: does not clean up
    devices: here
    steps: [{execute: "true"}]
    teardown: [{execute: "exit 9"}]
  - name: goes on
    devices: here
    steps:
      - {execute: "exit 1", continue_on_failure: true}
      - {log: "still here with {{ want }}"}
  - name: is hidden
    devices: here
    steps: [{execute: "echo correct-horse; exit 1", sensitive: true}]
  - name: says a secret
    devices: here
    steps: [{execute: "echo correct-horse; exit 1"}]
  - name: is undefined
    devices: here
    steps: [{execute: "echo {{ device.custom.vlan }}"}]
teardown:
  - shell: echo done
"#;

fn every() -> Program {
    let program = Program::new(TESTBED, JOB);
    program.write("old.yaml", RECORDING);
    program
}

#[test]
fn every_outcome_has_its_place_in_every_report() {
    let left = every().run(&["--jobs", "1"]);
    assert_eq!(left.status, Some(1), "{}", left.said);
    expect_test::expect_file!["expected/every_outcome.txt"].assert_eq(&plain(&left.said));
    expect_test::expect_file!["expected/every_outcome.xml"].assert_eq(&timeless(&left.junit));
    for text in [&left.said, &left.junit] {
        assert!(!text.contains("correct-horse"), "no secret is shown");
    }
}

#[test]
fn the_report_does_not_depend_on_how_much_runs_at_once() {
    let program = every();
    let (one, many) = (program.run(&["--jobs", "1"]), program.run(&["--jobs", "64"]));
    assert_eq!(timeless(&one.junit), timeless(&many.junit));
}

#[test]
fn the_event_log_gives_the_same_report_again() {
    let program = every();
    let left = program.run(&["--events", "events.jsonl"]);
    let again = program.again(&["report", "events.jsonl", "--junit", "again.xml"]);
    assert_eq!(again.status.code(), left.status);
    assert_eq!(std::fs::read_to_string(program.path("again.xml")).expect("a report"), left.junit);
}

#[test]
fn only_what_is_selected_runs_and_is_reported() {
    let program = every();
    let left = program.run(&["--test", "passes", "--device", "tw*"]);
    assert_eq!(left.status, Some(0), "{}", left.said);
    expect_test::expect![[r#"
        passed  connect [twin]
        passed  setup
        passed  passes [twin]
        passed  teardown
    "#]]
    .assert_eq(&left.table());
    let nothing = program.run(&["--test", "passes", "--device", "old"]);
    assert_eq!(nothing.status, Some(5), "{}", nothing.said);
    assert_eq!(nothing.cases().len(), 1, "a report all the same, with one error");
}

#[test]
fn a_second_interrupt_drops_teardown() {
    let job = "
job: twice
tests:
  - name: long
    steps: [{shell: 'echo begun > begun; sleep 600', timeout: 10m}]
    teardown: [{shell: 'echo begun > cleaning; sleep 600', timeout: 10m}]
teardown: [{shell: 'echo begun > over'}]
";
    let program = Program::new("devices: {}", job);
    let begun = Instant::now();
    let mut child = program.start(&[]);
    for (file, signal) in [("begun", Signal::TERM), ("cleaning", Signal::INT)] {
        while !program.path(file).exists() {
            assert!(begun.elapsed() < Duration::from_mins(1), "`{file}` appears");
            pause(Duration::from_millis(10));
        }
        kill_process(Pid::from_child(&child), signal).expect("a signal");
    }
    let status = wait(&mut child);
    let left = program.left(status, begun);
    assert_eq!(left.status, Some(130), "{}", left.said);
    assert!(!program.path("over").exists(), "teardown was dropped");
    expect_test::expect![[r#"
        error runner.interrupted  long: interrupted by SIGTERM
        skipped runner.not_run  teardown: not run: interrupted by SIGTERM
    "#]]
    .assert_eq(&left.table());
}

#[test]
fn a_killed_run_is_told_by_its_log() {
    let job = "{job: killed, tests: [{name: quick, steps: [{shell: 'true'}]}, {name: long, steps: [{shell: 'echo > begun; sleep 600', timeout: 10m}]}]}";
    let program = Program::new("devices: {}", job);
    let begun = Instant::now();
    let mut child = program.start(&["--events", "events.jsonl"]);
    while !program.path("begun").exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the long test begins");
        pause(Duration::from_millis(10));
    }
    child.kill().expect("a child");
    let left = program.left(child.wait().expect("it ends"), begun);
    assert!(left.cases().iter().all(|case| case.result == "error"), "the report of a killed run is red:\n{}", left.junit);
    let again = program.again(&["report", "events.jsonl", "--junit", "junit.xml"]);
    assert_eq!(again.status.code(), Some(4));
    let told = program.left(again.status, begun);
    expect_test::expect![[r#"
        passed  quick
        error runner.incomplete  long: the run ended before this did
    "#]]
    .assert_eq(&told.table());
    assert!(Command::new("xmllint").arg("--noout").arg(program.path("junit.xml")).status().expect("xmllint is installed").success());
}

#[test]
fn no_part_of_a_secret_stays_where_a_text_was_cut() {
    let mut job = "job: cuts\ntestbed: testbed.yaml\ntests:\n".to_owned();
    for before in 40..82 {
        let text = "x".repeat(before) + "correct-horse" + &"y".repeat(300);
        let last = "x".repeat(before + 44) + "correct-horse" + &"y".repeat(300);
        let value = "x".repeat(before + 240) + "correct-horse" + &"y".repeat(600);
        job.push_str(&format!(
            "  - name: t{before}
    devices: here
    steps:
      - {{execute: 'true {text}', continue_on_failure: true}}
      - {{execute: 'true {{{{ item }}}}', loop: ['{text}'], assert: [{{contains: z}}], continue_on_failure: true}}
      - {{execute: 'echo {last} >&2; exit 3', name: stderr, continue_on_failure: true}}
      - {{execute: 'echo {value}', name: value, assert: [{{equals: '{value}z'}}], continue_on_failure: true}}
      - {{execute: 'echo [{text}', name: data, parse: json, continue_on_failure: true}}
"
        ));
    }
    let program = Program::new(TESTBED, &job);
    let left = program.run(&["--events", "events.jsonl", "--verbose", "--test", "t*"]);
    assert_eq!(left.status, Some(1), "{}", left.said);
    let events = std::fs::read_to_string(program.path("events.jsonl")).expect("events");
    for text in [&left.said, &left.junit, &events] {
        let shown: Vec<&str> = text.lines().filter(|line| line.contains("corr") || line.contains("orse")).collect();
        assert!(shown.is_empty(), "{shown:#?}");
    }
}

#[test]
fn nothing_of_a_sensitive_step_is_in_any_report() {
    let job = r#"
job: hidden
testbed: testbed.yaml
vars: {inner: hush-value}
tests:
  - {name: times out, steps: [{shell: "echo hush-out; sleep 60", sensitive: true, timeout: 300ms}]}
  - {name: times out there, devices: here, steps: [{execute: "echo hush-out; sleep 60", sensitive: true, timeout: 300ms}]}
  - {name: cannot be rendered, steps: [{shell: "echo hush {{ inner | int(default=none) + 1 }}{{ inner + 1 }}", sensitive: true}]}
  - {name: is killed, steps: [{shell: "echo hush-err >&2; kill -9 $$", sensitive: true}]}
  - {name: is not recorded, devices: old, steps: [{execute: show hush, sensitive: true}]}
  - {name: is no data, steps: [{shell: "echo hush", parse: json, sensitive: true, assert: [{contains: hush}]}]}
  - {name: is wrong, steps: [{shell: "echo hush", sensitive: true, capture: {got: {regex: 'h(u)sh'}}, assert: [{equals: "{{ inner }}"}]}]}
  - {name: fails, steps: [{fail: "not {{ inner }}", sensitive: true}]}
"#;
    let program = Program::new(TESTBED, job);
    program.write("old.yaml", RECORDING);
    let left = program.run(&["--events", "events.jsonl", "--verbose"]);
    assert_eq!(left.status, Some(1), "{}", left.said);
    let events = std::fs::read_to_string(program.path("events.jsonl")).expect("events");
    for text in [&left.said, &left.junit, &events] {
        let shown: Vec<&str> = text.lines().filter(|line| line.contains("hush")).collect();
        assert!(shown.is_empty(), "{shown:#?}");
    }
    expect_test::expect![[r#"
        passed  connect [here]
        passed  connect [old]
        error runner.timeout  times out: step 1 shell: it timed out after - (`timeout` at job.yaml:6) (the step is sensitive)
        error runner.timeout  times out there [here]: step 1 execute: here via local: it timed out after - (`timeout` at job.yaml:7) (the step is sensitive)
        error runner.template  cannot be rendered: step 1 shell: a template cannot be rendered (the step is sensitive)
        error runner.lost  is killed: step 1 shell: the process was killed by a signal (the step is sensitive)
        error runner.refused  is not recorded [old]: step 1 execute: old via cli: nothing like it was recorded (the step is sensitive)
        failure runner.check  is no data: step 1 shell: it did not hold (the step is sensitive)
        failure runner.check  is wrong: step 1 shell: it did not hold (the step is sensitive)
        failure runner.check  fails: step 1 fail: it did not hold (the step is sensitive)
    "#]].assert_eq(&plain(&left.table()));
}

#[test]
fn a_hangup_interrupts_a_run_unless_it_was_ignored_from_the_start() {
    let job = "{job: hangs up, tests: [{name: long, steps: [{shell: 'echo > begun; sleep 2', timeout: 10m}], teardown: [{shell: echo > cleaned}]}]}";
    for (before, expected) in [("", Some(130)), ("trap '' HUP; ", Some(0))] {
        let program = Program::new("devices: {}", job);
        let command = format!("{before}exec {} run job.yaml --junit junit.xml 2> said", env!("CARGO_BIN_EXE_runner"));
        let begun = Instant::now();
        let mut child = Command::new("sh").args(["-c", &command]).current_dir(program.path("")).spawn().expect("a shell");
        while !program.path("begun").exists() {
            assert!(begun.elapsed() < Duration::from_mins(1), "the test begins");
            pause(Duration::from_millis(10));
        }
        kill_process(Pid::from_child(&child), Signal::HUP).expect("a signal");
        let status = wait(&mut child);
        let left = program.left(status, begun);
        assert_eq!(left.status, expected, "{}", left.said);
        assert!(program.path("cleaned").exists(), "teardown runs");
        assert_eq!(left.said.contains("interrupted by SIGHUP"), before.is_empty(), "{}", left.said);
    }
}

#[test]
fn totals_count_tests_and_name_what_else_did_not_pass() {
    let tests = "tests: [{name: one, devices: [here, gone], steps: [{execute: 'true'}]}]";
    for (setup, said) in [
        ("", "1 passed, 1 blocked, 1 connection errored in -"),
        ("setup: [{shell: 'false'}]", "0 passed, 2 blocked, setup failed in -"),
        ("teardown: [{shell: 'false'}]", "1 passed, 1 blocked, 1 connection errored, teardown failed in -"),
    ] {
        let program = Program::new(TESTBED, &format!("job: totals\ntestbed: testbed.yaml\n{setup}\n{tests}\n"));
        let left = program.run(&[]);
        let totals = plain(&left.said).lines().rev().nth(2).unwrap_or_default().to_owned();
        assert_eq!(totals, said, "{}", left.said);
    }
}

#[test]
fn secrets_that_cannot_be_masked_are_counted_at_the_start_and_not_shown() {
    let job = "{job: short, testbed: testbed.yaml, tests: [{name: t, devices: here, steps: [{execute: 'true'}]}]}";
    for (password, warned) in [("correct-horse", false), ("zq9", true), ("everybody", true)] {
        let testbed = TESTBED.replace("username: me", "username: everybody").replace("correct-horse", password);
        let left = Program::new(&testbed, job).run(&[]);
        assert_eq!(left.status, Some(0), "{}", left.said);
        let first = left.said.lines().next().unwrap_or_default();
        let sentence = "warning: 1 secret of the testbed is shorter than 6 characters or a word that it uses in the open, and is not masked in reports";
        assert_eq!(first == sentence, warned, "{}", left.said);
        let named = left
            .said
            .lines()
            .nth(1)
            .is_some_and(|line| line.starts_with("  testbed.credentials.") && line.contains(".password at testbed.yaml:"));
        assert_eq!(named, warned, "{}", left.said);
        assert!(!left.said.contains(password), "{}", left.said);
    }
}

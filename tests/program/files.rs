//! Files that are not accepted, and reports that cannot be written.

use crate::plain;
use crate::program::Program;
use std::process::Command;

#[test]
fn ten_mistakes_are_found_at_once_and_nothing_is_opened() {
    let testbed = "
devices:
  r1:
    os: ios
    conections: {}
    connections:
      defaults: {class: shh, via: console}
      cli: {protocol: ssh, host: 127.0.0.1, prot: 22}
  r2: {connections: {local: {class: shell}}}
";
    let job = r#"
job: mistakes
testbed: testbed.yaml
vars: {limit: 5}
tests:
  - name: one
    devices: [r1, r22]
    steps:
      - excute: show version
  - name: two
    devices: r2
    steps:
      - execute: echo {{ limt }}
        timeout: 30
      - execute: echo a
        asert: [{contains: a}]
      - execute: echo b
        assert: [{contians: b}]
      - configure: hostname x
      - execute: echo {{ device.name
  - name: two
    devices: {os: nxos}
    steps:
      - {execute: echo, assert: []}
"#;
    let program = Program::new(testbed, job);
    let checked = program.again(&["check", "job.yaml"]);
    assert_eq!(checked.status.code(), Some(3));
    expect_test::expect_file!["expected/mistakes.txt"].assert_eq(&String::from_utf8_lossy(&checked.stderr));
    let left = program.run(&[]);
    assert_eq!(left.status, Some(3), "{}", left.said);
    assert!(left.took < std::time::Duration::from_secs(20), "nothing waits for a device");
    assert_eq!(left.case("load [job.yaml]").kind, "runner.config");
    assert_eq!(left.cases().iter().map(|case| case.kind.as_str()).collect::<Vec<_>>(), ["runner.config"]);
}

#[test]
fn a_report_that_cannot_be_written_is_known_before_anything_runs() {
    let job = "{job: unwritable, tests: [{name: touches, steps: [{shell: touch touched}]}]}";
    let program = Program::new("devices: {}", job);
    std::fs::create_dir(program.path("junit.xml")).expect("a folder where the report should be");
    let left = program.run(&[]);
    assert_eq!(left.status, Some(6), "{}", left.said);
    assert!(!program.path("touched").exists(), "nothing ran");
    expect_test::expect![[r#"
        `junit.xml` cannot be written: it is a folder
    "#]]
    .assert_eq(&plain(&left.said));
}

#[test]
fn a_console_that_nobody_can_read_changes_no_verdict() {
    let program = Program::new("devices: {}", "{job: quiet, tests: [{name: touches, steps: [{shell: touch touched}]}]}");
    for redirection in ["2>/dev/full", "2>&-", "2>/dev/full --verbose"] {
        let _ = std::fs::remove_file(program.path("touched"));
        let command = format!("exec {} run job.yaml --junit junit.xml --events events.jsonl {redirection}", env!("CARGO_BIN_EXE_runner"));
        let status = Command::new("sh").args(["-c", &command]).current_dir(program.path("")).status().expect("a shell");
        assert_eq!(status.code(), Some(0), "{redirection}");
        assert!(program.path("touched").exists(), "{redirection}");
    }
    let again = format!("exec {} report events.jsonl 2>/dev/full", env!("CARGO_BIN_EXE_runner"));
    assert_eq!(Command::new("sh").args(["-c", &again]).current_dir(program.path("")).status().expect("a shell").code(), Some(0));
}

#[test]
fn a_wrong_command_line_has_a_status_of_its_own() {
    let program = Program::new("devices: {}", "");
    for arguments in [vec![], vec!["rnu"], vec!["run"], vec!["run", "job.yaml", "--jobs", "0"]] {
        assert_eq!(program.again(&arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(program.again(&["--version"]).status.code(), Some(0));
}

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
        error: `junit.xml` cannot be written: it is a folder
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

#[test]
fn files_that_are_not_there_are_found_without_a_device() {
    let testbed = "
devices:
  r1: {os: linux, connections: {play: {class: replay, recording: sessions/r1.yaml}}}
  r2:
    os: linux
    credentials: {default: {username: u, key_file: keys/r2}}
    connections: {cli: {protocol: ssh, host: 127.0.0.1}}
";
    let job = "{job: absent, testbed: testbed.yaml, tests: [{name: one, devices: all, steps: [{execute: show version}]}]}";
    let program = Program::new(testbed, job);
    let said = |program: &Program| String::from_utf8_lossy(&program.again(&["check", "job.yaml"]).stderr).into_owned();
    let found = said(&program);
    for sentence in ["error: `recording`: `sessions/r1.yaml` does not exist", "error: `key_file`: `keys/r2` does not exist"] {
        assert!(found.contains(sentence), "{sentence} in {found}");
    }
    assert_eq!(program.run(&[]).status, Some(3));
    for folder in ["sessions", "keys"] {
        std::fs::create_dir(program.path(folder)).expect("a folder");
    }
    program.write("sessions/r1.yaml", "");
    program.write("keys/r2", "");
    assert_eq!(said(&program), "");
}

#[test]
fn check_counts_what_is_selected() {
    let device = "{os: linux, connections: {local: {class: shell}}}";
    let testbed = format!("devices: {{r1: {device}, r2: {device}, r3: {device}}}");
    let job = "{job: count, testbed: testbed.yaml, setup: [{execute: x, device: r3}],
        tests: [{name: a, devices: all, steps: [{execute: x}]}, {name: b, devices: r1, steps: [{execute: x}]}, {name: c, steps: [{shell: x}]}]}";
    let program = Program::new(&testbed, job);
    for (arguments, said) in [
        (&[][..], "count: 5 test cases on 3 devices, nothing was opened\n"),
        (&["--device", "r1"], "count: 3 test cases on 1 device, nothing was opened\n"),
        (&["--test", "b"], "count: 1 test case on 1 device, nothing was opened\n"),
        (&["--test", "c"], "count: 1 test case on 0 devices, nothing was opened\n"),
    ] {
        let checked = program.again(&[&["check", "job.yaml"], arguments].concat());
        assert_eq!(String::from_utf8_lossy(&checked.stdout), said, "{arguments:?}");
    }
}

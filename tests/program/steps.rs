//! Connections by hand, expected errors, and steps on several devices, as a user sees them.

use crate::plain;
use crate::program::{Program, timeless};

const TESTBED: &str = "
devices:
  r1:
    os: ios
    connections:
      defaults: {via: cli}
      cli: {class: replay, recording: r1.yaml}
      spare: {class: replay, recording: r1.yaml}
  r2: {os: ios, connections: {cli: {class: replay, recording: r2.yaml}}}
  r3: {os: ios, connections: {cli: {class: replay, recording: r3.yaml}}}
  here: {os: linux, connections: {local: {class: shell}}}
";

const JOB: &str = r#"
job: by hand
testbed: testbed.yaml
tests:
  - name: goes and comes back
    devices: r1
    steps:
      - execute: show version
      - disconnect: default
      - execute: show version
        expect_error: {phase: state, kind: not_connected, matches: "is disconnected: `disconnect` at job.yaml:9"}
      - connect: {}
      - connect: {alias: second, via: spare, pool_size: 3}
      - execute: show version
        alias: second
        loop: [1, 2, 3, 4]
        parallel: true
      - destroy: second
      - execute: show version
        alias: second
      - disconnect: all
  - name: is used after it was closed
    devices: r1
    steps:
      - execute: show version
      - disconnect: default
      - execute: show version
  - name: is not connected by anybody
    devices: r1
    steps:
      - {connect: {alias: third, via: cli}, when: "false"}
      - {execute: show version, alias: third, expect_error: {phase: state}}
      - {execute: show version, alias: third}
  - name: opens as usual after that
    devices: r1
    steps: [{execute: show version}, {execute: show version, alias: third}]
  - name: cannot be connected
    devices: here
    steps:
      - connect: {alias: nowhere, cwd: no-such-folder}
        expect_error: {kind: missing}
      - execute: "true"
        alias: nowhere
        expect_error: {phase: state, matches: "`connect` at job.yaml:40 failed"}
      - connect: {alias: nowhere}
        timeout: 2s
  - name: expects errors
    devices: r1
    steps:
      - {execute: show crash, expect_error: {phase: call, kind: lost}}
      - {execute: show version, expect_error: {kind: timeout}, continue_on_failure: true}
      - {execute: show version, expect_error: {phase: auth}, sensitive: true, continue_on_failure: true}
      - {execute: show crash, expect_error: {kind: timeout}, continue_on_failure: true}
      - {execute: "show {{ device.custom.nothing }}", expect_error: {matches: nothing}, continue_on_failure: true}
  - name: expects an error until it comes
    devices: r2
    steps: [{execute: show later, expect_error: {kind: refused}, retry: {attempts: 5, every: 1ms, backoff: 2, jitter: 1ms}}]
  - name: expects an error that never comes
    devices: r2
    steps: [{execute: show version, expect_error: {kind: refused}, retry: {attempts: 3, every: 1ms}}]
  - name: asks several
    steps:
      - execute: show version
        devices: {os: ios}
        capture: {release: {regex: 'release (\S+)'}}
        assert: [{contains: "of {{ device.name }}"}, {contains: release 17}]
        continue_on_failure: true
      - log: "{{ release.r1 }} and {{ release.r3 }}"
      - execute: show later
        devices: [r2, r3]
        alias: default
        expect_error: {kind: refused}
  - name: asks others too
    devices: here
    steps:
      - execute: show version
        devices: r[12]
        loop: [a, b]
        capture: seen
      - execute: "echo {{ device.name }} {{ seen[1].r2 | length }} {{ seen | length }}"
        assert: [{equals: here 16 2}]
"#;

fn recording(name: &str, release: &str) -> String {
    format!(
        "recording: 1\ncalls:\n  - {{execute: show version, answer: release {release} of {name}}}\n  - {{execute: show crash, fault: lost}}\n  \
         - {{execute: show later, answer: not yet}}\n  - {{execute: show later, answer: not yet}}\n  - {{execute: show later, fault: refused}}\n"
    )
}

fn by_hand() -> Program {
    let program = Program::new(TESTBED, JOB);
    for (name, release) in [("r1", "17"), ("r2", "16"), ("r3", "15")] {
        program.write(&format!("{name}.yaml"), &recording(name, release));
    }
    program
}

#[test]
fn connections_by_hand_and_expected_errors_are_told_as_they_are() {
    let left = by_hand().run(&["--jobs", "1"]);
    assert_eq!(left.status, Some(1), "{}", left.said);
    expect_test::expect_file!["expected/by_hand.txt"].assert_eq(&plain(&left.said));
    expect_test::expect_file!["expected/by_hand.xml"].assert_eq(&timeless(&left.junit));
}

#[test]
fn the_report_of_several_devices_does_not_depend_on_how_much_runs_at_once() {
    let program = by_hand();
    let one = program.run(&["--jobs", "1"]);
    for _ in 0..5 {
        assert_eq!(timeless(&program.run(&["--jobs", "64"]).junit), timeless(&one.junit));
    }
}

#[test]
fn the_plan_shows_connections_that_steps_define_and_the_devices_of_a_step() {
    let program = by_hand();
    let plan = String::from_utf8(program.again(&["plan", "job.yaml"]).stdout).expect("UTF-8");
    let lines = |wanted: &str| plan.lines().filter(|line| line.contains(wanted)).collect::<Vec<_>>().join("\n");
    expect_test::expect![[r#"
        connect [r1, alias=second]: class replay, via spare, alias second, pool of 3
          5 connect second
          7 destroy second"#]]
    .assert_eq(&lines("second"));
    assert!(plan.contains("asks several [r1+r2+r3]\n  1 execute: show version  on r1, r2, r3  (timeout 30s"), "{plan}");
}

#[test]
fn mistakes_about_connections_are_found_before_the_run() {
    let job = r#"
job: mistakes
testbed: testbed.yaml
setup:
  - {connect: {alias: v, via: cli, pool_size: 2}, device: r1}
tests:
  - name: one
    devices: [r1, r2]
    steps:
      - connect: {alias: v, pool_size: 3}
      - connect: {alias: w, class: shel}
      - connect: {alias: x, via: cly}
      - connect: {alias: y, recordin: other.yaml}
      - connect: {alias: z, connection_timeout: 5}
      - connect: {alias: execute}
      - disconnect: spare
        device: r1
      - disconnect: {alias: yy}
      - execute: show version
        alias: xy
      - execute: show version
        devices: [r9]
      - execute: show version
        devices: {where: "device.os == 'x'"}
      - destroy: all
        device: here
"#;
    let program = Program::new(TESTBED, job);
    for (name, release) in [("r1", "17"), ("r2", "16"), ("r3", "15")] {
        program.write(&format!("{name}.yaml"), &recording(name, release));
    }
    let checked = program.again(&["check", "job.yaml"]);
    assert_eq!(checked.status.code(), Some(3));
    expect_test::expect_file!["expected/connecting_mistakes.txt"].assert_eq(&String::from_utf8_lossy(&checked.stderr));
}

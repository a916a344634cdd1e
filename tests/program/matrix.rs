//! Matrices, required features and selection by tags, in every report.

use crate::plain;
use crate::program::{Program, timeless};

const TESTBED: &str = "
testbed: {name: lab}
devices:
  r1: {features: [bfd], custom: {peers: [{name: r2, ip: 10.0.0.2}, {name: r3, ip: 10.0.0.3}]}, connections: {local: {class: shell}}}
  r2: {features: [bfd], custom: {peers: [{name: r1, ip: 10.0.0.1}]}, connections: {local: {class: shell}}}
  r3: {connections: {local: {class: ssh, host: 127.0.0.1, port: 1, credentials: {default: {username: me}}}}}
";

const JOB: &str = r#"
job: matrix
testbed: testbed.yaml
vars: {peers: "{{ device.custom.peers }}"}
tests:
  - name: families
    tags: [smoke]
    devices: [r1, r2]
    matrix: {af: [ipv4, ipv6], size: [64, 1500]}
    exclude: [{af: ipv6, size: 1500}]
    vars: {label: "{{ matrix.af }} of {{ matrix.size }}"}
    steps:
      - name: "ask {{ label }}"
        execute: echo {{ label }}
        capture: said
        assert: [{equals: "{{ matrix.af }} of {{ matrix.size }}"}]
  - name: peers
    tags: [bgp, "needs a, b"]
    devices: [r1, r2]
    matrix: {peer: "{{ peers }}"}
    when: matrix.peer.name != 'r3'
    steps: [{execute: "echo {{ matrix.peer.ip }}", assert: [{equals: 10.0.0.2}]}]
  - name: detection
    tags: [smoke, slow]
    devices: all
    requires: bfd
    matrix: {timer: [300, 900]}
    steps: [{execute: "test {{ matrix.timer }} -lt 500"}]
  - name: far
    requires: bfd
    steps: [{execute: x, device: r1}, {execute: x, device: r3}]
  - name: mixed
    matrix: {value: [1, one]}
    when: matrix.value == 1
    steps: [{shell: "true"}]
"#;

#[test]
fn every_report_shows_each_combination_and_what_is_missing() {
    let left = Program::new(TESTBED, JOB).run(&["--jobs", "1"]);
    assert_eq!(left.status, Some(1), "{}", left.said);
    expect_test::expect_file!["expected/matrix.txt"].assert_eq(&plain(&left.said));
    expect_test::expect_file!["expected/matrix.xml"].assert_eq(&timeless(&left.junit));
    assert!(!left.said.contains("connect [r3]"), "what lacks a feature is not opened");
}

#[test]
fn the_event_log_of_a_matrix_gives_the_same_report_again() {
    let program = Program::new(TESTBED, JOB);
    let left = program.run(&["--events", "events.jsonl"]);
    let again = program.again(&["report", "events.jsonl", "--junit", "again.xml"]);
    assert_eq!(again.status.code(), left.status);
    assert_eq!(std::fs::read_to_string(program.path("again.xml")).expect("a report"), left.junit);
    let events = std::fs::read_to_string(program.path("events.jsonl")).expect("events");
    assert!(events.contains(r#""name":"families [r1, af=ipv4, size=64]""#) && events.contains(r#""matrix":"af=ipv4, size=64""#));
}

#[test]
fn the_plan_shows_each_combination_and_what_is_missing() {
    let plan = Program::new(TESTBED, JOB).again(&["plan", "job.yaml", "--test", "peers,far"]);
    expect_test::expect![[r"
        job matrix (job.yaml), testbed lab
        connect [r1]: class shell, via local, alias default
        connect [r2]: class shell, via local, alias default
        peers [r1, peer=r2]
          1 execute: echo {{ matrix.peer.ip }}  (timeout 30s (the default `timeout` of a step))
        peers [r1, peer=r3]
          1 execute: echo {{ matrix.peer.ip }}  (timeout 30s (the default `timeout` of a step))
        peers [r2, peer=r1]
          1 execute: echo {{ matrix.peer.ip }}  (timeout 30s (the default `timeout` of a step))
        far [r1+r3]: skipped, device `r3` lacks the feature `bfd`
    "]]
    .assert_eq(&String::from_utf8_lossy(&plan.stdout));
}

#[test]
fn tags_leave_a_part_of_the_job_or_nothing_or_are_refused() {
    let program = Program::new(TESTBED, JOB);
    for (arguments, status, said) in [
        (&["--tags", "smoke"][..], 0, "matrix: 11 test cases on 3 devices, nothing was opened\n"),
        (&["--tag", "smoke and not slow"], 0, "matrix: 6 test cases on 2 devices, nothing was opened\n"),
        (&["--tags", "bgp,slow"], 0, "matrix: 8 test cases on 3 devices, nothing was opened\n"),
        (&["--tags", "bgp", "--tags", "slow"], 0, "matrix: 8 test cases on 3 devices, nothing was opened\n"),
        (&["--tags", "needs a, b"], 0, "matrix: 3 test cases on 2 devices, nothing was opened\n"),
        (&["--tags", "bgp and slow"], 5, "matrix: 0 test cases on 0 devices, nothing was opened\n"),
        (&["--tags", "smokey"], 3, ""),
        (&["--tags", "smoke or"], 3, ""),
        (&["--tags", ""], 3, ""),
    ] {
        let checked = program.again(&[&["check", "job.yaml"], arguments].concat());
        let printed = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert_eq!((checked.status.code(), printed.as_str()), (Some(status), said), "{arguments:?}");
    }
    let left = program.run(&["--tags", "bgp and slow"]);
    assert_eq!((left.status, left.table().as_str()), (Some(5), "error runner.config  load [job.yaml]: nothing was selected\n"));
    let left = program.run(&["--tags", "smkoe"]);
    assert_eq!(left.status, Some(3));
    expect_test::expect![[r"
        error: `--tags smkoe`: no test has the tag `smkoe`
        hint: did you mean `smoke`?

        1 complaint, nothing was run
    "]]
    .assert_eq(&left.said);
}

/// The files of `examples/matrix`, as a user has them.
fn example() -> Program {
    let program = Program::new(include_str!("../../examples/matrix/testbed.yaml"), include_str!("../../examples/matrix/job.yaml"));
    std::fs::create_dir(program.path("sessions")).expect("a folder");
    program.write("sessions/core1.yaml", include_str!("../../examples/matrix/sessions/core1.yaml"));
    program.write("sessions/core2.yaml", include_str!("../../examples/matrix/sessions/core2.yaml"));
    program
}

#[test]
fn the_example_of_a_matrix_passes_and_says_what_it_did() {
    let left = example().run(&["--jobs", "1"]);
    assert_eq!(left.status, Some(0), "{}", left.said);
    expect_test::expect![[r#"
        job matrix, testbed testbed.yaml: 12 test cases on 3 devices, run -
        PASS  -  connect [core1]
        PASS  -  connect [core2]
        PASS  -  sessions [core1, peer=core2, af=ipv4]
              core1  prefixes = 42
        PASS  -  sessions [core2, peer=core1, af=ipv4]
              core2  prefixes = 42
        PASS  -  sessions [core1, peer=core2, af=ipv6]
              core1  prefixes = 17
        PASS  -  sessions [core2, peer=core1, af=ipv6]
              core2  prefixes = 17
        PASS  -  sessions [core1, peer=edge1, af=ipv4]
              core1  prefixes = 3
        SKIP  -  sessions [core1, peer=edge1, af=ipv6]: `when` is false: matrix.peer[matrix.af] is defined
        PASS  -  bfd [core1, peer=10.0.12.2]
        SKIP  -  bfd [core2]: device `core2` lacks the feature `bfd`
        PASS  -  bfd [core1, peer=10.0.13.2]
        PASS  -  connect [here]
        PASS  -  files [here, block=512, count=1]
        PASS  -  files [here, block=512, count=64]
        PASS  -  files [here, block=4096, count=1]

        10 passed, 2 skipped in -
        JUnit: junit.xml
    "#]]
    .assert_eq(&plain(&left.said));
}

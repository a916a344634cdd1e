//! What words of the job language come to together: nothing that was not asked is green, nothing that cleans up is left
//! out, and no limit is passed.

use crate::program::{Left, Program};

const TESTBED: &str = "
devices:
  one: {os: linux, connections: {local: {class: shell}}}
  two: {os: linux, connections: {local: {class: shell}}}
  pool: {os: linux, connections: {defaults: {pool_size: 2, pool_timeout: 1500ms}, local: {class: shell}}}
";

const MISTAKES: &str = r#"
job: mistakes
testbed: testbed.yaml
timeout: 30
tests:
  - name: far from it
    needs: nothing
    steps:
      - {execute: a, device: onn}
      - {execute: b}
      - {execute: "{{ matrix.x }} {{ item }}", device: one}
      - {execute: "{{ device.name }}", device: one}
      - {execute: c, device: one, alias: nope}
  - name: near to it
    devicse: one
    matrx: {x: [1]}
    steps: [{execute: "{{ device.name }} {{ matrix.x }}"}]
  - name: not read
    id: not an id
    steps: [{shell: "true"}]
  - name: about what was not read
    needs: not read
    devices: one
    steps:
      - {conect: {alias: second}}
      - {execute: d, alias: second, capture: {said: {regx: a}}}
      - {log: "{{ said }}"}
setup:
  - {execute: e, device: [one]}
"#;

fn run(tests: &str) -> Left {
    Program::new(TESTBED, &format!("job: together\ntestbed: testbed.yaml\norder: free\ntests:\n{tests}")).run(&[])
}

#[test]
fn a_test_of_which_every_step_that_asks_is_left_out_is_skipped() {
    let left = run(r#"
  - {name: nothing, devices: one, setup: [{execute: "true"}], steps: [{execute: "false", when: "false"}, {log: hello}, {set: {a: 1}}]}
  - {name: group, devices: one, steps: [{group: g, loop: [1, 2], when: "false", steps: [{execute: "false"}, {fail: no, when: item == 1}]}]}
  - {name: needs it, needs: nothing, devices: one, steps: [{shell: "true"}]}
  - {name: something, devices: one, steps: [{execute: "false", when: "false"}, {execute: "true"}]}
  - {name: guard, devices: one, steps: [{fail: this is another system, when: device.os != 'linux'}]}
  - {name: guards, devices: one, steps: [{group: g, when: device.os != 'linux', steps: [{log: a}, {fail: b}]}]}
"#);
    assert_eq!(left.status, Some(4), "{}", left.said);
    expect_test::expect![[r#"
        passed  connect [one]
        skipped runner.skipped  nothing [one]: nothing was asked: `when` is false of every step that asks
        skipped runner.skipped  group [one]: nothing was asked: `when` is false of every step that asks
        skipped runner.blocked  needs it [one]: blocked: needs nothing [one], which was skipped
        passed  something [one]
        passed  guard [one]
        passed  guards [one]
        error runner.blocked  run: the run did not pass (exit status 4), although no test failed
    "#]]
    .assert_eq(&left.table());
}

#[test]
fn what_a_group_cleans_up_is_not_cut_off_by_its_retry() {
    let program = Program::new(
        TESTBED,
        r#"
job: undo
testbed: testbed.yaml
tests:
  - name: cut
    devices: one
    steps:
      - group: g
        retry: {within: 100ms}
        steps: [{execute: sleep 30}]
        always: [{execute: touch undone}, {group: deeper, steps: [{shell: touch undone.deeper}]}]
        continue_on_failure: true
      - group: g
        retry: {within: 100ms}
        parallel: true
        steps: [{execute: sleep 30}]
        always: [{shell: touch undone.side}]
"#,
    );
    let left = program.run(&[]);
    assert_eq!(left.status, Some(4), "{}", left.said);
    assert!(["undone", "undone.deeper", "undone.side"].iter().all(|file| program.path(file).exists()), "{}", left.said);
}

#[test]
fn nothing_in_a_group_outlives_the_limit_of_its_retry() {
    let left = run(r#"
  - name: tries
    devices: one
    steps: [{group: g, retry: {within: 300ms}, steps: [{execute: "false", retry: {within: 1h, every: 50ms}}]}]
  - name: pauses
    devices: two
    steps: [{group: g, retry: {within: 300ms, every: 5ms}, steps: [{group: h, steps: [{wait: 1h}]}, {execute: "true"}]}]
"#);
    assert_eq!(left.status, Some(1), "{}", left.said);
    let (tries, pauses) = (left.case("tries [one]").message, left.case("pauses [two]").message);
    assert!(tries.starts_with("step 1.1 false: expected exit code 0, got 1"), "{tries}");
    assert_eq!(pauses, "step 1.1.1 wait: timed out after 300ms (`retry.within` at job.yaml:11)");
}

#[test]
fn turns_that_get_no_connection_of_the_pool_are_told_and_keep_their_places() {
    let left = run(r#"
  - name: waits
    devices: pool
    steps:
      - execute: "sleep {{ item[1] }}; echo {{ item[0] }}"
        loop: [[a, 2.5], [b, 2.5], [c, 0], [d, 0]]
        parallel: 3
        capture: said
        continue_on_failure: true
      - assert: [{value: "{{ said | tojson }}", equals: '["a","b",null,"d"]'}]
  - name: is meant to
    devices: pool
    steps: [{execute: "sleep 5", loop: [1, 2, 3], parallel: 3, timeout: 3s, expect_error: {matches: "timed out|came free"}}]
"#);
    assert_eq!(left.status, Some(4), "{}", left.said);
    expect_test::expect![[r#"
        passed  connect [pool]
        error runner.timeout  waits [pool]: step 1 sleep 0; echo c: no connection of the pool came free within 1.5s (`pool_timeout` at testbed.yaml:5)
        passed  is meant to [pool]
    "#]].assert_eq(&left.table());
}

#[test]
fn what_cannot_be_read_hides_no_other_mistake_and_brings_none() {
    let program = Program::new(TESTBED, MISTAKES);
    let checked = program.again(&["check", "job.yaml"]);
    assert_eq!(checked.status.code(), Some(3));
    let said = String::from_utf8(checked.stderr).expect("UTF-8");
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error") || line.trim_start().starts_with("-->")).collect();
    expect_test::expect![[r#"
        error: `timeout`: `30` has no unit: write `30s`, `30ms` or `30m`
         --> job.yaml:4:10
        error: test `nothing` is not in this job
         --> job.yaml:7:12
        error: device `onn` is not in the testbed
         --> job.yaml:9:30
        error: this `execute` has no device
          --> job.yaml:10:10
        error: variable `matrix` is undefined
          --> job.yaml:11:23
        error: variable `item` is undefined
          --> job.yaml:11:38
        error: variable `device` is undefined
          --> job.yaml:12:23
        error: device `one` has no alias `nope`, there are `default` and `local`
          --> job.yaml:13:42
        error: a test has no key `devicse`
          --> job.yaml:15:5
        error: a test has no key `matrx`
          --> job.yaml:16:5
        error: `not an id` cannot be an id
          --> job.yaml:19:9
        error: a step has no key `conect`
          --> job.yaml:25:10
        error: a capture has no key `regx`
          --> job.yaml:26:54
        error: `device` wants text, found a list
          --> job.yaml:29:26"#]]
    .assert_eq(&errors.join("\n"));
}

#[test]
fn an_expected_error_that_any_error_would_be_is_none() {
    let left = run(r#"
  - {name: empty, vars: {said: ""}, steps: [{shell: sleep 60, timeout: 20ms, expect_error: {kind: timeout, matches: "{{ said }}"}}]}
"#);
    assert_eq!(left.status, Some(4), "{}", left.said);
    let message = left.case("empty").message;
    assert_eq!(message, "step 1 sleep 60: `matches` needs a pattern that some text does not match, `` matches every text");
}

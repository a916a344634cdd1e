//! Limits, retries and what cleans up.

use crate::program::Program;

const TESTBED: &str = "
devices:
  one: {os: linux, connections: {local: {class: shell}}}
  two: {os: linux, connections: {local: {class: shell}}}
  three: {os: linux, connections: {local: {class: shell}}}
  gone: {os: ios, credentials: {default: {username: me}}, connections: {cli: {protocol: ssh, host: 127.0.0.1, port: 1}}}
";

fn table(job: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let left = Program::new(TESTBED, job).run(arguments);
    (left.status, left.table())
}

#[test]
fn the_limit_of_a_cell_does_not_run_while_it_waits_for_its_turn() {
    let job =
        "{job: turns, testbed: testbed.yaml, tests: [{name: nap, devices: [one, two, three], timeout: 2s, steps: [{execute: sleep 0.9}]}]}";
    let (status, table) = table(job, &["--jobs", "1"]);
    assert_eq!(status, Some(0), "{table}");
}

#[test]
fn a_device_that_is_down_keeps_nothing_else_from_being_cleaned_up() {
    let job = "
job: cleanup
testbed: testbed.yaml
tests: [{name: reach, devices: [one, gone], steps: [{execute: 'true'}]}]
teardown:
  - {execute: undo, device: gone}
  - {shell: echo one > one.txt}
  - {shell: exit 3}
  - {execute: echo two > two.txt, device: one}
";
    let program = Program::new(TESTBED, job);
    let left = program.run(&[]);
    assert_eq!(left.status, Some(4), "{}", left.said);
    assert!(program.path("one.txt").exists() && program.path("two.txt").exists(), "{}", left.said);
    expect_test::expect![[r#"
        passed  connect [one]
        error runner.unreachable  connect [gone]: gone via cli: cannot connect to 127.0.0.1:1: connection refused
        passed  reach [one]
        skipped runner.blocked  reach [gone]: blocked: connect [gone] failed
        error runner.lost  teardown: teardown step 1 undo: `default` of `gone` could not be opened
    "#]]
    .assert_eq(&left.table());
}

#[test]
fn a_wrong_answer_is_told_although_the_last_attempt_was_cut_off() {
    let job = "
job: cut
tests: [{name: waits, steps: [{shell: 'test -e seen && sleep 30; touch seen; echo down', assert: [{contains: up}], retry: {within: 3s, every: 100ms}}]}]
";
    let (status, table) = table(job, &[]);
    assert_eq!(status, Some(1), "{table}");
    expect_test::expect![[r#"
        failure runner.check  waits: step 1 test -e seen && sleep 30; touch seen; echo down: expected something that contains `up`, got `down` (the attempt after that was cut off after 3s (`retry.within` at job.yaml:3))
    "#]].assert_eq(&table);
}

#[test]
fn a_cell_that_runs_out_of_time_between_attempts_says_what_it_waited_for() {
    let job = "
job: pause
tests: [{name: waits, timeout: 2s, steps: [{shell: echo down, assert: [{contains: up}], retry: {within: 60s, every: 20s}}]}]
";
    let (status, table) = table(job, &[]);
    assert_eq!(status, Some(4), "{table}");
    expect_test::expect![[r#"
        error runner.timeout  waits: timed out after 2s (`timeout` at job.yaml:3), waiting to try again: step 1 echo down: expected something that contains `up`, got `down`
    "#]].assert_eq(&table);
}

#[test]
fn the_limit_of_the_job_ends_what_runs_and_still_cleans_up() {
    let job = "
job: late
timeout: 500ms
tests:
  - {name: long, steps: [{shell: sleep 30}], teardown: [{shell: touch cleaned}]}
  - {name: never, steps: [{shell: touch never}]}
teardown: [{shell: touch over}]
";
    let program = Program::new(TESTBED, job);
    let left = program.run(&[]);
    assert_eq!(left.status, Some(4), "{}", left.said);
    assert!(program.path("cleaned").exists() && program.path("over").exists() && !program.path("never").exists(), "{}", left.said);
    expect_test::expect![[r#"
        error runner.timeout  long: the job timed out after 500ms (`timeout` at job.yaml:3)
        skipped runner.not_run  never: not run: the job timed out after 500ms (`timeout` at job.yaml:3)
        passed  teardown
    "#]]
    .assert_eq(&left.table());
}

#[test]
fn a_job_that_is_late_while_it_cleans_up_is_not_green() {
    let job = "{job: late, timeout: 300ms, tests: [{name: quick, steps: [{shell: 'true'}], teardown: [{shell: sleep 1}]}]}";
    let (status, table) = table(job, &[]);
    assert_eq!(status, Some(4), "{table}");
}

#[test]
fn a_condition_guards_the_variables_of_its_test() {
    let job = "
job: guard
testbed: testbed.yaml
tests: [{name: vlan, devices: one, when: device.custom.vlan is defined, vars: {vlan: '{{ device.custom.vlan }}'}, steps: [{execute: 'echo {{ vlan }}'}]}]
";
    let (status, table) = table(job, &[]);
    assert_eq!(status, Some(0), "{table}");
    expect_test::expect![[r#"
        skipped runner.skipped  connect [one]: no test needed this connection
        skipped runner.skipped  vlan [one]: `when` is false: device.custom.vlan is defined
    "#]]
    .assert_eq(&table);
}

#[test]
fn to_skip_the_rest_of_teardown_says_nothing_about_the_test() {
    let job = "{job: skip, tests: [{name: fine, steps: [{shell: 'true'}], teardown: [{skip: nothing to clean}, {shell: 'false'}]}]}";
    let (status, table) = table(job, &[]);
    assert_eq!((status, table.as_str()), (Some(0), "passed  fine\n"));
}

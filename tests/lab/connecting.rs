//! Connections by hand against OpenSSH's server: opened, refused, waited for, closed.

use crate::program::{Program, closed_port, pause, wait};
use crate::sshd::{LabUser, Sshd};
use std::time::{Duration, Instant};

fn testbed(user: &str, password: &str, port: u16) -> String {
    format!(
        "testbed: {{credentials: {{default: {{username: {user}, password: {password}}}}}}}\n\
         devices: {{r1: {{os: linux, connections: {{cli: {{protocol: ssh, host: 127.0.0.1, port: {port}, known_hosts: known_hosts}}}}}}}}\n"
    )
}

#[test]
fn a_refused_login_is_right_where_it_is_expected_and_an_answer_is_wrong() {
    let (sshd, user) = (Sshd::start(), LabUser::add());
    let job = "
job: logins
testbed: testbed.yaml
tests:
  - {name: refused, devices: r1, steps: [{connect: default, expect_error: {phase: auth}}]}
  - {name: unreachable, devices: r1, steps: [{connect: default, expect_error: {kind: unreachable}}]}
";
    let table = |password: &str| {
        let left = Program::new(&testbed(&user.name, password, sshd.port), job).run(&[]);
        assert!(!left.said.contains("not-the-password") && !left.said.contains(&user.password), "no secret is shown:\n{}", left.said);
        (left.status, left.table().replace(&user.name, "USER"))
    };
    let (status, said) = table("not-the-password");
    assert_eq!(status, Some(4));
    expect_test::expect![[r#"
        skipped runner.skipped  connect [r1]: left to steps of the job
        passed  refused [r1]
        error runner.auth  unreachable [r1]: step 1 connect default: r1 via cli: the server refused the login of `USER`: tried a password, it offers `publickey` and `password` (expected an error of kind `unreachable`)
    "#]].assert_eq(&said);
    let (status, said) = table(&user.password);
    assert_eq!(status, Some(1));
    expect_test::expect![[r#"
        skipped runner.skipped  connect [r1]: left to steps of the job
        failure runner.check  refused [r1]: step 1 connect default: expected an error in phase `auth`, got none
        failure runner.check  unreachable [r1]: step 1 connect default: expected an error of kind `unreachable`, got none
    "#]]
    .assert_eq(&said);
}

#[test]
fn a_connection_ends_and_is_another_one_when_it_is_connected_again() {
    let (sshd, user) = (Sshd::start(), LabUser::add());
    let job = r#"
job: sessions
testbed: testbed.yaml
tests:
  - name: two sessions
    devices: r1
    steps:
      - {execute: echo $PPID, capture: first}
      - {execute: echo $PPID, assert: [{equals: "{{ first }}"}]}
      - disconnect: default
      - {shell: "kill -0 {{ first }} 2> /dev/null; echo $?", assert: [{equals: "1"}], retry: {within: 20s, every: 20ms}}
      - {execute: "true", expect_error: {kind: not_connected}}
      - connect: default
      - {execute: echo $PPID, assert: [{not_equals: "{{ first }}"}]}
  - name: a pool
    devices: r1
    steps:
      - connect: {alias: many, via: cli, pool_size: 3}
      - {execute: sleep 0.3; echo $PPID, alias: many, loop: [1, 2, 3], parallel: true, capture: all}
      - assert: [{value: "{{ all | unique }}", count: 3}]
      - disconnect: all
      - {shell: "kill -0 {{ item }} 2> /dev/null; echo $?", assert: [{equals: "1"}], retry: {within: 20s, every: 20ms}, loop: all}
"#;
    let left = Program::new(&testbed(&user.name, &user.password, sshd.port), job).run(&[]);
    assert_eq!(left.status, Some(0), "{}", left.said);
    expect_test::expect![[r#"
        passed  connect [r1]
        skipped runner.skipped  connect [r1, alias=many]: left to steps of the job
        passed  two sessions [r1]
        passed  a pool [r1]
    "#]]
    .assert_eq(&left.table());
}

#[test]
fn connect_waits_until_a_device_is_back() {
    let user = LabUser::add();
    let port = closed_port();
    let job = "
job: back
testbed: testbed.yaml
tests:
  - name: comes back
    devices: r1
    steps:
      - {connect: default, expect_error: {kind: unreachable}}
      - shell: echo > begun
      - {connect: default, retry: {within: 60s, every: 50ms}}
      - {execute: echo here, assert: [{equals: here}]}
  - {name: is still there, devices: r1, steps: [{execute: 'true'}]}
";
    let program = Program::new(&testbed(&user.name, &user.password, port), job);
    let begun = Instant::now();
    let mut child = program.start(&[]);
    while !program.path("begun").exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the first step ends");
        pause(Duration::from_millis(10));
    }
    let _sshd = Sshd::start_with(&format!("ListenAddress 127.0.0.1:{port}"));
    let status = wait(&mut child);
    let left = program.left(status, begun);
    assert_eq!(left.status, Some(0), "{}", left.said);
}

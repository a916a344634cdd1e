//! Whole runs over sessions with prompts: what is printed, and what the report says.

use crate::program::{Left, Program, timeless};
use crate::ssh::shell::router;
use crate::sshd::Sshd;
use expect_test::expect;
use regex::Regex;

fn testbed(sshd: &Sshd, more: &str) -> String {
    format!(
        "testbed: {{name: lab, credentials: {{default: {{username: root, key: {}}}}}}}\ndevices:\n  r1:\n    os: iosxe\n    connections:\n      \
         defaults: {{{more}}}\n      cli: {{protocol: ssh, host: 127.0.0.1, port: {}, known_hosts: known_hosts}}\n",
        sshd.user_key().display(),
        sshd.port
    )
}

/// What was printed, without times and the run's id.
fn printed(left: &Left) -> String {
    let patterns = [(r" +\d+\.\d\ds", " TIME"), (r"in \d[\d.]*m?s", "in TIME"), (r"run \w+", "run ID")];
    patterns
        .iter()
        .fold(left.said.clone(), |text, (pattern, with)| Regex::new(pattern).expect("a pattern").replace_all(&text, *with).into_owned())
}

const ROUTER_JOB: &str = r#"
job: router
testbed: testbed.yaml
tests:
  - name: version
    devices: r1
    steps:
      - execute: show version
        assert: [{contains: "Version 15.2(4)"}]
      - execute: show lines 60
        capture: {last: {regex: '(?m)^(line 60)$'}}
      - assert: [{value: "{{ last }}", equals: line 60}]
  - name: typo
    devices: r1
    steps:
      - execute: shwo version
      - execute: show version
  - name: typo that is expected
    devices: r1
    steps:
      - execute: shwo version
        assert: [{contains: Invalid input}]
  - name: question
    devices: r1
    steps:
      - execute: reload
        timeout: 500ms
  - name: configuration
    devices: r1
    steps:
      - execute: [configure terminal, hostname core, end]
      - execute: show version
        assert: [{contains: core uptime}]
    teardown:
      - execute: [configure terminal, hostname r1, end]
"#;

#[test]
fn a_router_is_tested_through_its_command_line() {
    let sshd = router("");
    let program = Program::new(&testbed(&sshd, ""), ROUTER_JOB);
    let left = program.run(&["--jobs", "1"]);
    expect![[r#"
        job router, testbed testbed.yaml: 5 tests on 1 device, run ID
        PASS TIME  connect [r1]
        PASS TIME  version [r1]
              r1  last = line 60
        FAIL TIME  typo [r1]
              step 1 shwo version: the device refused the command: % Invalid input detected at '^' marker.
        PASS TIME  typo that is expected [r1]
        ERROR TIME  question [r1]
              step 1 reload: r1 via cli: waiting for the prompt `r1#` after `reload` timed out after 500ms (`timeout` at job.yaml:27)
        PASS TIME  configuration [r1]

        FAIL  typo [r1]
          step 1 shwo version: the device refused the command: % Invalid input detected at '^' marker.
            at job.yaml:16 (step 1 shwo version, device r1 via cli)
            command:  shwo version
            expected: no line that says so
            actual:   % Invalid input detected at '^' marker.
            source:   text
            place:    job.yaml:16
            answer (2 lines):
              |    ^
              | % Invalid input detected at '^' marker.

        ERROR question [r1]
          step 1 reload: r1 via cli: waiting for the prompt `r1#` after `reload` timed out after 500ms (`timeout` at job.yaml:27)
            at job.yaml:26 (step 1 reload, device r1 via cli)
            command:  reload
            phase:    call
            limit:    500ms (`timeout` at job.yaml:27)
            received 38 bytes, the last of them:
              | r1#reload
              | Proceed with reload? [confirm]
            hint:     `Proceed with reload? [confirm]` looks like a question: use a form of the command that asks nothing

        3 passed, 1 failed, 1 errored in TIME
        JUnit: junit.xml
    "#]]
    .assert_eq(&printed(&left));
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="testbed">
        <testsuite name="router" tests="6" failures="1" errors="1" skipped="0" time="-" timestamp="-" hostname="-">
        <properties><property name="runner.version" value="0.1.0"/><property name="testbed" value="testbed.yaml"/><property ="-"/></properties>
        <testcase classname="router.r1" name="connect [r1]" file="job.yaml" time="-"/>
        <testcase classname="router.r1" name="version [r1]" file="job.yaml" time="-"/>
        <testcase classname="router.r1" name="typo [r1]" file="job.yaml" time="-"><failure type="runner.check" message="step 1 shwo version: the device refused the command: % Invalid input detected at &apos;^&apos; marker.">step 1 shwo version: the device refused the command: % Invalid input detected at '^' marker.
          at job.yaml:16 (step 1 shwo version, device r1 via cli)
          command:  shwo version
          expected: no line that says so
          actual:   % Invalid input detected at '^' marker.
          source:   text
          place:    job.yaml:16
          answer (2 lines):
            |    ^
            | % Invalid input detected at '^' marker.
        </failure><system-out>step 1 shwo version: shwo version
           ^
        % Invalid input detected at '^' marker.
        </system-out></testcase>
        <testcase classname="router.r1" name="typo that is expected [r1]" file="job.yaml" time="-"/>
        <testcase classname="router.r1" name="question [r1]" file="job.yaml" time="-"><error type="runner.timeout" message="step 1 reload: r1 via cli: waiting for the prompt `r1#` after `reload` timed out after 500ms (`timeout` at job.yaml:27)">step 1 reload: r1 via cli: waiting for the prompt `r1#` after `reload` timed out after 500ms (`timeout` at job.yaml:27)
          at job.yaml:26 (step 1 reload, device r1 via cli)
          command:  reload
          phase:    call
          limit:    500ms (`timeout` at job.yaml:27)
          received 38 bytes, the last of them:
            | r1#reload
            | Proceed with reload? [confirm]
          hint:     `Proceed with reload? [confirm]` looks like a question: use a form of the command that asks nothing
        </error></testcase>
        <testcase classname="router.r1" name="configuration [r1]" file="job.yaml" time="-"/>
        </testsuite>
        </testsuites>
    "#]].assert_eq(&timeless(&left.junit));
    assert_eq!(left.status, Some(1));
}

#[test]
fn a_pool_of_sessions_spreads_commands_over_them() {
    let sshd = router("");
    let job = "{job: pool, testbed: testbed.yaml, tests: [{name: many, devices: r1, steps: [\
               {execute: 'show echo {{ item }}', loop: [a, b, c, d, e, f, g, h], parallel: true, capture: said, assert: [{equals: '{{ item }}'}]},\
               {assert: [{value: '{{ said | join(\"\") }}', equals: abcdefgh}]}]}]}";
    let program = Program::new(&testbed(&sshd, "pool_size: 3"), job);
    let left = program.run(&[]);
    assert_eq!(left.status, Some(0), "{}", left.said);
    let job = "{job: stuck, testbed: testbed.yaml, tests: [{name: many, devices: r1, steps: [\
               {execute: [stuck, show version], timeout: 1s, continue_on_failure: true}, {execute: show version, assert: [{contains: uptime}]}]}]}";
    program.write("job.yaml", job);
    let left = program.run(&[]);
    assert_eq!(left.status, Some(4), "{}", left.said);
    let case = left.case("many [r1]");
    assert_eq!((case.result.as_str(), case.kind.as_str()), ("error", "runner.timeout"));
}

#[test]
fn a_wrong_prompt_pattern_is_found_before_anything_is_opened() {
    let job = "{job: x, testbed: testbed.yaml, tests: [{name: up, devices: r1, steps: [{execute: show version}]}]}";
    let bed = "testbed: {credentials: {default: {username: admin}}}\ndevices:\n  r1:\n    os: iosxe\n    connections:\n      \
               cli: {protocol: ssh, host: 192.0.2.1, prompt: 'r1(#', mode: shel}\n";
    let left = Program::new(bed, job).run(&[]);
    assert_eq!(left.status, Some(3));
    assert!(left.said.contains("`mode` takes one of `exec` and `shell`, got text `shel`"), "{}", left.said);
    let left = Program::new(&bed.replace(", mode: shel", ""), job).run(&[]);
    assert_eq!(left.status, Some(3));
    assert!(left.said.contains("error: `prompt`: this is no pattern: unclosed group"), "{}", left.said);
}

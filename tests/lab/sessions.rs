//! Whole runs over sessions with prompts: what is printed, and what the report says.

use crate::program::{Left, Program, timeless};
use crate::ssh::shell::router;
use crate::sshd::Sshd;
use expect_test::expect_file;
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
    let patterns = [(r" +\d+\.\d\ds", " TIME"), (r"in \d[\d.]*m?s", "in TIME"), (r"run [0-9a-f]{12}", "run ID")];
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
    expect_file!["expected/router.txt"].assert_eq(&printed(&left));
    expect_file!["expected/router.xml"].assert_eq(&timeless(&left.junit));
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

#[test]
fn what_comes_between_two_commands_is_no_answer_and_a_sensitive_one_stays_untold() {
    let sshd = Sshd::start();
    let bed =
        testbed(&sshd, "").replace("os: iosxe", "os: linux").replace("known_hosts: known_hosts", "known_hosts: known_hosts, mode: shell");
    let late = |words: &str| format!("((sleep 0.2; echo {words}) &); echo now");
    let job = format!(
        "job: late\ntestbed: testbed.yaml\ntests:\n  - name: said\n    devices: r1\n    steps:\n\
         \x20     - {{execute: '{}', sensitive: true}}\n      - {{wait: 800ms}}\n\
         \x20     - {{execute: echo one, assert: [{{equals: one}}]}}\n\
         \x20     - {{execute: '{}', assert: [{{equals: now}}]}}\n      - {{wait: 800ms}}\n\
         \x20     - {{execute: printf two, assert: [{{equals: two}}]}}\n",
        late("hush-hush"),
        late("spoken")
    );
    let program = Program::new(&bed, &job);
    let left = program.run(&["-o", "out"]);
    assert_eq!(left.status, Some(0), "{}", left.said);
    let transcript = std::fs::read_to_string(program.path("out/transcripts/r1.log")).expect("a transcript");
    assert!(!transcript.contains("hush-hush") && transcript.contains("< spoken"), "{transcript}");
}

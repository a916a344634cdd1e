//! Files in each other's place, and commands that go on where another one ended.

use crate::commands::lab;
use crate::program::text;
use expect_test::expect;

#[test]
fn a_testbed_in_the_place_of_a_job_is_told_as_such_and_so_is_a_job() {
    let program = lab(1);
    for command in ["check", "plan", "run", "list"] {
        let refused = program.again(&[command, "testbed.yaml"]);
        let said = text(&refused.stderr);
        assert!(said.starts_with("error: this is a testbed, and a job is wanted\n --> testbed.yaml:6:3\n"), "{command}: {said}");
        assert_eq!((said.matches("error: ").count(), refused.status.code()), (1, Some(3)), "{said}");
    }
    let refused = program.again(&["check", "job.yaml", "--testbed", "job.yaml"]);
    expect![[r#"
        error: this is a job, and a testbed is wanted
         --> job.yaml:1:1
          |
        1 | job: look
          | ^^^
        hint: the testbed of a job is the file that its key `testbed` names

        1 complaint, nothing was run
    "#]]
    .assert_eq(&text(&refused.stderr));
    // Without `job`, with `devices` in the wrong place, it is a job all the same.
    program.write("job.yaml", "devices: r1\ntests: []\n");
    assert!(text(&program.again(&["check", "job.yaml"]).stderr).contains("error: a job needs `job`"));
}

#[test]
fn commands_about_a_testbed_take_the_variables_that_it_wants() {
    let program = lab(1);
    let testbed = "devices: {r1: {os: linux, connections: {sh: {class: shell, cwd: '%CLI{where}'}}}}\n";
    program.write("testbed.yaml", testbed);
    let refused = program.again(&["connect-check", "testbed.yaml"]);
    assert!(text(&refused.stderr).ends_with("\n1 complaint, nothing was opened\n"), "{}", text(&refused.stderr));
    assert_eq!(refused.status.code(), Some(3));
    for (arguments, status) in [
        (&["devices", "testbed.yaml", "--var", "where=/"][..], 0),
        (&["connect-check", "testbed.yaml", "--var", "where=/"], 0),
        (&["connect-check", "testbed.yaml", "--var", "where=/no/such/folder"], 4),
        (&["devices", "testbed.yaml", "--var", "where"], 3),
    ] {
        let ended = program.again(arguments);
        assert_eq!(ended.status.code(), Some(status), "{arguments:?}: {}", text(&ended.stderr));
    }
}

#[test]
fn a_connect_check_leaves_a_folder_like_a_run_and_report_takes_it() {
    let program = lab(1);
    let checked = program.again(&["connect-check", "testbed.yaml", "-o", "out"]);
    assert_eq!(checked.status.code(), Some(4), "{}", text(&checked.stderr));
    let transcript = std::fs::read_to_string(program.path("out/transcripts/leaf1.log")).expect("a transcript");
    assert!(transcript.contains("default = opening via mgmt (class ssh)"), "{transcript}");
    let again = program.again(&["report", "out", "--junit", "again.xml"]);
    assert_eq!(again.status.code(), Some(4), "{}", text(&again.stderr));
    let read = |file: &str| std::fs::read(program.path(file)).expect("a report");
    assert_eq!(read("again.xml"), read("out/junit.xml"));
    let nothing = program.again(&["report", "."]);
    assert_eq!(nothing.status.code(), Some(3));
    assert!(text(&nothing.stderr).starts_with("error: `./events.jsonl` cannot be read"), "{}", text(&nothing.stderr));
}

#[test]
fn the_plan_says_how_often_and_how_long_a_step_asks() {
    let program = lab(1);
    program.write(
        "job.yaml",
        "job: asks
testbed: testbed.yaml
tests:
  - name: often
    devices: here
    steps:
      - name: number {{ item }}
        loop: '[1, 2]'
        parallel: 2
        when: \"device.os == 'linux'\"
        execute: echo {{ item }}
        retry: {within: 5s, attempts: 3, every: 1s}
        timeout: 2s
      - log: done
      - {execute: 'true', loop: [1, 2], parallel: true}
",
    );
    expect![[r#"
        job asks (job.yaml), testbed lab
        connect [here]: class shell, via sh, alias default
        often [here]
          1 execute: echo {{ item }}  (named number {{ item }}, when device.os == 'linux', loop [1, 2], parallel 2, retry 3 attempts within 5s, every 1s, timeout 2s (`timeout` at job.yaml:13))
          2 log: done
          3 execute: true  (loop, parallel, timeout 30s (the default `timeout` of a step))
    "#]]
    .assert_eq(&text(&program.again(&["plan", "job.yaml"]).stdout));
}

#[test]
fn whatever_classes_says_of_one_is_said_to_its_end() {
    let said = text(&lab(1).again(&["classes", "ssh"]).stdout);
    assert!(said.contains("an exit code of 0, or, of a command line that has none, one that does not refuse the command\n"), "{said}");
    assert!(!said.contains("..."), "{said}");
}

#[test]
fn an_attempt_without_an_answer_says_how_long_it_waited_and_what_it_asked_once() {
    let program = lab(1);
    program.write("job.yaml", "job: x\ntests: [{name: t, steps: [{shell: sleep 60, timeout: 50ms}]}]\n");
    let ran = program.again(&["run", "job.yaml", "--verbose", "--events", "run.jsonl"]);
    assert_eq!(ran.status.code(), Some(4));
    assert!(text(&ran.stderr).contains("\n      t  step 1 sleep 60 (errored, "), "{}", text(&ran.stderr));
    let log = std::fs::read_to_string(program.path("run.jsonl")).expect("a log");
    let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let took: Vec<u64> = events.filter_map(|event| event["fact"]["attempted"]["took"]["nanos"].as_u64()).collect();
    assert!(matches!(took[..], [nanos] if nanos >= 50_000_000), "{log}");
}

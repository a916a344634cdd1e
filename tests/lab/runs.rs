//! Whole runs against three instances of OpenSSH's server: verdicts, messages, exit statuses and reports.

use crate::hostile::{Habit, Hostile};
use crate::program::{Left, Program, closed_port, pause, timeless, wait};
use crate::sshd::{LabUser, Sshd};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Devices of a testbed, as they are added.
struct Lab {
    text: String,
}

impl Lab {
    fn new(key: &std::path::Path) -> Self {
        let key = key.display();
        Self { text: format!("testbed: {{name: lab, credentials: {{default: {{username: root, key: {key}}}}}}}\ndevices:\n") }
    }

    /// Adds a device that is reached over ssh, with further keys of its path.
    fn with(mut self, name: &str, port: u16, more: &str) -> Self {
        writeln!(
            self.text,
            "  {name}: {{os: linux, connections: {{cli: {{protocol: ssh, host: 127.0.0.1, port: {port}, known_hosts: known_hosts{more}}}}}}}"
        )
        .expect("a text grows");
        self
    }
}

fn one_server(job: &str) -> (Sshd, Program) {
    let sshd = Sshd::start();
    let lab = Lab::new(&sshd.user_key()).with("r1", sshd.port, "");
    let program = Program::new(&lab.text, job);
    (sshd, program)
}

fn run_on_one_server(job: &str) -> Left {
    let (_sshd, program) = one_server(job);
    program.run(&[])
}

#[test]
fn what_goes_wrong_while_connecting_is_an_error_of_its_own_and_blocks_that_device_only() {
    let (good, other, third) = (Sshd::start(), Sshd::start(), Sshd::start());
    let silent = Hostile::start(Habit::Silent);
    let user = LabUser::add();
    let refused = closed_port();
    let wrong = ", credentials: {default: {username: USER, password: not-the-password}}".replace("USER", &user.name);
    let right = format!(", credentials: {{default: {{username: {}, password: {}}}}}", user.name, user.password);
    let lab = Lab::new(&good.user_key())
        .with("good", good.port, "")
        .with("password", third.port, &right)
        .with("wrong", third.port, &wrong)
        .with("refused", refused, "")
        .with("silent", silent.port, ", connection_timeout: 1")
        .with("changed", other.port, "")
        .with("unknown", third.port, ", known_hosts: others, host_keys: strict");
    let lab = lab.text.replace("known_hosts: known_hosts, known_hosts: others", "known_hosts: others");
    let job = "{job: reach, testbed: testbed.yaml, tests: [{name: up, devices: all, steps: [{execute: 'true'}]}]}";
    let program = Program::new(&lab, job);
    program.write("known_hosts", &format!("[127.0.0.1]:{} {}\n", other.port, good.host_key("ed25519")));
    program.write("others", "");
    let left = program.run(&[]);
    assert_eq!(left.status, Some(4), "errors and no failures:\n{}", left.said);
    for (device, kind, words) in [
        ("wrong", "runner.auth", "password"),
        ("refused", "runner.unreachable", "refused"),
        ("silent", "runner.timeout", "timed out after 1s"),
        ("changed", "runner.host_key", "known_hosts"),
        ("unknown", "runner.host_key", "unknown"),
    ] {
        let connect = left.case(&format!("connect [{device}]"));
        assert_eq!((connect.result.as_str(), connect.kind.as_str()), ("error", kind), "{connect:?}");
        assert!(connect.message.contains(words) || connect.content.contains(words), "`{words}` in {connect:?}");
        let blocked = left.case(&format!("up [{device}]"));
        assert_eq!((blocked.result.as_str(), blocked.kind.as_str()), ("skipped", "runner.blocked"));
        assert_eq!(blocked.message, format!("blocked: connect [{device}] failed"));
    }
    for device in ["good", "password"] {
        assert_eq!(left.case(&format!("up [{device}]")).result, "passed", "{}", left.said);
    }
    for text in [&left.said, &left.junit] {
        assert!(!text.contains("not-the-password") && !text.contains(&user.password), "no secret is shown:\n{text}");
    }
    assert!(left.took < Duration::from_secs(30), "nothing waits longer than it must");
}

/// Which of the two ends a peer's death has is for the kernel to say.
fn ended_alike(table: &str) -> String {
    table.replace("the peer reset the connection", "the peer closed the connection")
}

#[test]
fn what_goes_wrong_in_a_call_has_its_own_verdict_and_message() {
    let job = r#"
job: calls
testbed: testbed.yaml
tests:
  - {name: passes, devices: r1, steps: [{execute: echo hello, assert: [{contains: hello}]}]}
  - {name: fails, devices: r1, steps: [{execute: echo hello, assert: [{contains: goodbye}]}]}
  - {name: exits, devices: r1, steps: [{execute: "echo why >&2; exit 3"}]}
  - {name: hangs, devices: r1, steps: [{execute: "echo begun; sleep 600", timeout: 3s}]}
  - {name: dropped, devices: r1, steps: [{execute: "echo half of it; kill -9 $PPID; sleep 600"}]}
  - {name: dropped with a pattern that matches, devices: r1, steps: [{execute: "echo half of it; kill -9 $PPID; sleep 600", assert: [{contains: half}]}]}
  - {name: killed, devices: r1, steps: [{execute: "echo nearly; kill -9 $$"}]}
  - {name: killed with a pattern that matches, devices: r1, steps: [{execute: "echo nearly; kill -9 $$", assert: [{contains: nearly}]}]}
  - {name: still there, devices: r1, steps: [{execute: "true"}]}
"#;
    let left = run_on_one_server(job);
    assert_eq!(left.status, Some(1), "{}", left.said);
    expect_test::expect![[r#"
        passed  connect [r1]
        passed  passes [r1]
        failure runner.check  fails [r1]: step 1 echo hello: expected something that contains `goodbye`, got `hello`
        failure runner.check  exits [r1]: step 1 echo why >&2; exit 3: expected exit code 0, got 3: why
        error runner.timeout  hangs [r1]: step 1 echo begun; sleep 600: r1 via cli: waiting for the end of the command timed out after 3s (`timeout` at job.yaml:8)
        error runner.lost  dropped [r1]: step 1 echo half of it; kill -9 $PPID; sleep 600: r1 via cli: the peer closed the connection while waiting for the end of the command
        error runner.lost  dropped with a pattern that matches [r1]: step 1 echo half of it; kill -9 $PPID; sleep 600: r1 via cli: the peer closed the connection while waiting for the end of the command
        error runner.lost  killed [r1]: step 1 echo nearly; kill -9 $$: r1 via cli: the command was killed by signal KILL
        error runner.lost  killed with a pattern that matches [r1]: step 1 echo nearly; kill -9 $$: r1 via cli: the command was killed by signal KILL
        passed  still there [r1]
    "#]].assert_eq(&ended_alike(&left.table()));
    assert!(left.case("hangs [r1]").content.contains("begun"), "the last bytes are shown");
    assert!(left.case("dropped [r1]").content.contains("half of it"), "the last bytes are shown");
}

#[test]
fn large_and_strange_answers_come_whole() {
    let job = r#"
job: answers
testbed: testbed.yaml
tests:
  - name: five megabytes
    devices: r1
    steps:
      - {execute: "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo the end", timeout: 60s, assert: [{ends_with: the end}, {length: 5000008}]}
  - name: binary
    devices: r1
    steps:
      - {execute: "head -c 100000 /dev/urandom; printf '\\000\\377\\376end'", assert: [{ends_with: end}]}
  - name: shown
    devices: r1
    steps:
      - {execute: "printf '\\033[31mred\\033[0m ]]> \\000\\377\\033]0;title\\007 done'", assert: [{contains: blue}]}
"#;
    let left = run_on_one_server(job);
    assert_eq!(left.status, Some(1), "{}", left.said);
    assert_eq!(left.case("five megabytes [r1]").result, "passed", "{}", left.said);
    assert_eq!(left.case("binary [r1]").result, "passed", "{}", left.said);
    let shown = left.case("shown [r1]");
    assert_eq!(shown.result, "failure");
    assert!(shown.content.contains("red ]]> \\x00\u{fffd} done"), "{}", shown.content);
}

#[test]
fn an_answer_cannot_forge_a_case_or_attach_a_file() {
    let forgery = "]]></system-out></testcase><testcase name=\\\"forged\\\"/><testcase>[[ATTACHMENT|/etc/passwd]][[PROPERTY|a=b]]";
    let job = format!(
        "job: forge\ntestbed: testbed.yaml\ntests:\n  - name: honest\n    devices: r1\n    steps:\n      - execute: \"echo '{forgery}'; exit 1\"\n"
    );
    let left = run_on_one_server(&job);
    assert_eq!(left.status, Some(1), "{}", left.said);
    let names: Vec<String> = left.cases().into_iter().map(|case| case.name).collect();
    assert_eq!(names, ["connect [r1]", "honest [r1]"]);
    assert!(!left.junit.contains("[[ATTACHMENT|") && !left.junit.contains("[[PROPERTY|"), "{}", left.junit);
    assert!(left.case("honest [r1]").content.contains("</system-out></testcase><testcase name=\"forged\"/>"), "it is there as text");
}

#[test]
fn fifty_devices_give_the_same_report_however_many_run_at_once() {
    // OpenSSH's own limit of logins under way: from ten it refuses at random.
    let servers = [0, 1, 2].map(|_| Sshd::start_with("MaxStartups 10:30:100"));
    let mut lab = Lab::new(&servers[0].user_key());
    for number in 0..50 {
        let server = &servers[number % 3];
        let key = format!(", credentials: {{default: {{username: root, key: {}}}}}", server.user_key().display());
        lab = lab.with(&format!("leaf{number:02}"), server.port, &key);
    }
    let testbed = lab.text.replace("connections: {", "connections: {defaults: {pool_size: 2}, ");
    let job = r#"
job: fifty
testbed: testbed.yaml
tests:
  - name: five
    devices: "leaf*"
    steps:
      - {execute: "echo one", assert: [{equals: one}]}
      - {execute: ["echo two", "echo three"], parallel: true, assert: [{matches: "^t"}]}
      - {execute: "echo {{ device.name }}", assert: [{equals: "{{ device.name }}"}]}
      - {execute: "test {{ device.name }} != leaf07"}
"#;
    let program = Program::new(&testbed, job);
    let few = program.run(&["--jobs", "8"]);
    let many = program.run(&["--jobs", "128"]);
    assert_eq!((few.status, many.status), (Some(1), Some(1)), "{}\n{}", few.said, many.said);
    assert_eq!(few.cases().iter().filter(|case| case.result == "passed").count(), 99, "{}", few.said);
    assert_eq!(few.case("five [leaf07]").result, "failure");
    assert_eq!(timeless(&few.junit), timeless(&many.junit));
}

#[test]
fn an_interrupt_ends_the_call_runs_teardown_and_writes_the_report() {
    let job = r#"
job: interrupted
testbed: testbed.yaml
tests:
  - {name: long, devices: r1, steps: [{execute: "touch started; sleep 600", timeout: 10m}], teardown: [{execute: "touch cell-cleaned"}]}
  - {name: never, devices: r1, steps: [{execute: "touch never"}]}
teardown: [{shell: "touch job-cleaned"}]
"#;
    let (_sshd, program) =
        one_server(&job.replace("touch started", &format!("touch {}", "FOLDER/started")).replace("touch cell", "touch FOLDER/cell"));
    let text = std::fs::read_to_string(program.path("job.yaml")).expect("the job");
    program.write("job.yaml", &text.replace("FOLDER", &program.path("").display().to_string()));
    let begun = Instant::now();
    let mut child = program.start(&[]);
    while !program.path("started").exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the long command starts");
        pause(Duration::from_millis(20));
    }
    let signalled = Instant::now();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    let status = wait(&mut child);
    let left = program.left(status, begun);
    assert_eq!(left.status, Some(130), "{}", left.said);
    assert!(signalled.elapsed() < Duration::from_secs(20), "{:?}", signalled.elapsed());
    assert!(program.path("cell-cleaned").exists() && program.path("job-cleaned").exists(), "teardown ran: {}", left.said);
    expect_test::expect![[r#"
        passed  connect [r1]
        error runner.interrupted  long [r1]: interrupted by SIGINT
        skipped runner.not_run  never [r1]: not run: interrupted by SIGINT
        passed  teardown
    "#]]
    .assert_eq(&left.table());
}

#[test]
fn a_killed_run_leaves_a_red_report_of_every_planned_case() {
    let job = "{job: killed, testbed: testbed.yaml, tests: [{name: long, devices: r1, steps: [{execute: sleep 600, timeout: 10m}]}]}";
    let (_sshd, program) = one_server(job);
    let mut child = program.start(&["--events", "events.jsonl"]);
    let begun = Instant::now();
    while !program.path("junit.xml").exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the report is written before anything is opened");
        pause(Duration::from_millis(5));
    }
    child.kill().expect("a child");
    let left = program.left(child.wait().expect("it ends"), begun);
    let results: Vec<(String, String)> = left.cases().into_iter().map(|case| (case.name, case.kind)).collect();
    assert_eq!(results, [("connect [r1]".into(), "runner.incomplete".into()), ("long [r1]".into(), "runner.incomplete".to_owned())]);
    let again = program.again(&["report", "events.jsonl", "--junit", "again.xml"]);
    assert_eq!(again.status.code(), Some(4), "a killed run ends in errors");
}

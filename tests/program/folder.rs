//! The folder that a run leaves: events, JUnit and transcripts, whatever ends the run; and the command that runs it again.

use crate::program::{Program, cases, pause, wait};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const TESTBED: &str = "
devices:
  r1: {os: linux, connections: {defaults: {pool_size: 2}, local: {class: shell}}}
  r/2: {os: linux, connections: {local: {class: shell}}}
  gone: {os: linux, connections: {local: {class: shell, cwd: /not/there}}}
";

const JOB: &str = r#"
job: leaves
testbed: testbed.yaml
tests:
  - {name: asks, devices: all, steps: [{execute: "printf 'one\\ntwo'; echo three >&2"}]}
  - {name: side by side, devices: r1, steps: [{execute: ["echo a", "echo b"], parallel: true}]}
  - {name: hides, devices: r1, steps: [{execute: echo hush, sensitive: true}]}
  - {name: is wrong, devices: r/2, steps: [{execute: echo x, assert: [{equals: y}]}]}
"#;

/// Every file below a folder, by its path within it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("within").to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

/// A transcript without its head, its times, and how long things took.
fn transcript(program: &Program, file: &str) -> String {
    let text = std::fs::read_to_string(program.path(file)).expect("a transcript");
    let times = regex::Regex::new(r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z |\d+(\.\d+)?m?s\b").expect("a pattern");
    let lines: Vec<&str> = text.lines().skip(2).collect();
    times.replace_all(&lines.join("\n"), "").into_owned()
}

#[test]
fn a_run_leaves_a_folder_with_everything_that_is_known_of_it() {
    let program = Program::new(TESTBED, JOB);
    let ran = program.again(&["run", "job.yaml", "--output", "out/1", "--test", "*s", "--test", "is wrong"]);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    let expected = ["events.jsonl", "junit.xml", "transcripts/gone.log", "transcripts/r%2F2.log", "transcripts/r1.log"];
    assert_eq!(files(&program.path("out/1")), expected);
    let last: Vec<&str> = said.lines().rev().take(4).collect();
    let again = "run again what did not pass: runner run job.yaml --test asks --test 'is wrong' --device gone --device r/2";
    assert_eq!(last, [again, "run folder: out/1", "events: out/1/events.jsonl", "JUnit: out/1/junit.xml"]);
    expect_test::expect![[r#"
        default = opening via local (class shell)
        default = open
        default = asks [r/2], step 1 printf 'one\ntwo'; echo three >&2
        default > printf 'one\ntwo'; echo three >&2
        default < one
         default < two
        default ! three
        default = answered in , exit code 0
        default = is wrong [r/2], step 1 echo x
        default > echo x
        default < x
        default = answered in , exit code 0
        default = closed"#]]
    .assert_eq(&transcript(&program, "out/1/transcripts/r%2F2.log"));
    let hidden = transcript(&program, "out/1/transcripts/r1.log");
    assert!(hidden.contains(" = hides [r1], step 1 execute\n") && hidden.contains(" = (sensitive: not shown)\n"), "{hidden}");
    assert!(!hidden.contains("hush"), "{hidden}");
    let gone = transcript(&program, "out/1/transcripts/gone.log");
    assert!(gone.ends_with("default = not open: `cwd` is `/not/there`, which is not a folder"), "{gone}");
}

#[test]
fn the_log_gives_the_same_report_again_with_its_transcripts() {
    let program = Program::new(TESTBED, JOB);
    std::fs::create_dir(program.path(".git")).expect("a folder");
    std::fs::create_dir(program.path("below")).expect("a folder");
    let command = format!("cd below && exec {} run ../job.yaml -o out", env!("CARGO_BIN_EXE_runner"));
    let ran = Command::new("sh").args(["-c", &command]).current_dir(program.path("")).env_remove("WORKSPACE").output().expect("a shell");
    assert_eq!(ran.status.code(), Some(1));
    let report = program.again(&["report", "below/out/events.jsonl", "--junit", "again.xml"]);
    assert_eq!(report.status.code(), Some(1));
    let (first, second) = (std::fs::read(program.path("below/out/junit.xml")), std::fs::read(program.path("again.xml")));
    let first = String::from_utf8(first.expect("a report")).expect("UTF-8");
    assert_eq!(first.as_bytes(), second.expect("a report"));
    let named: Vec<&str> = first.lines().filter_map(|line| line.split("[[ATTACHMENT|").nth(1)?.strip_suffix("]]")).collect();
    assert_eq!(named, ["below/out/transcripts/gone.log", "below/out/transcripts/r%2F2.log"], "from the top of the repository: {first}");
    assert!(named.iter().all(|file| program.path(file).is_file()));
}

#[test]
fn a_killed_run_leaves_what_had_come() {
    let job = "{job: killed, testbed: testbed.yaml, tests: [{name: long, devices: r/2, steps: [{execute: 'printf \"login: \"; sleep 600', timeout: 10m}]}]}";
    let program = Program::new(TESTBED, job);
    let begun = Instant::now();
    let mut child = program.start(&["-o", "out"]);
    let file = program.path("out/transcripts/r%2F2.log");
    while !std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with("default < login: ")) {
        assert!(begun.elapsed() < Duration::from_mins(1), "the command begins");
        pause(Duration::from_millis(10));
    }
    child.kill().expect("a child");
    wait(&mut child);
    let reports = ["one.xml", "two.xml"].map(|name| {
        assert_eq!(program.again(&["report", "out/events.jsonl", "--junit", name]).status.code(), Some(4));
        std::fs::read_to_string(program.path(name)).expect("a report")
    });
    assert_eq!(reports[0], reports[1]);
    assert!(reports[0].contains("[[ATTACHMENT|out/transcripts/r%2F2.log]]"), "{}", reports[0]);
    assert!(cases(&reports[0]).iter().any(|case| case.name == "long [r/2]" && case.kind == "runner.incomplete"));
}

#[test]
fn a_folder_that_is_used_again_holds_one_run_and_what_others_put_there() {
    let program = Program::new(TESTBED, JOB);
    assert_eq!(program.again(&["run", "job.yaml", "-o", "out"]).status.code(), Some(1));
    program.write("out/notes.txt", "mine");
    program.write("out/transcripts/mine.log", "mine");
    let ran = program.again(&["run", "job.yaml", "-o", "out", "--device", "r1", "--test", "hides", "--junit", "elsewhere.xml"]);
    assert_eq!(ran.status.code(), Some(0));
    assert_eq!(files(&program.path("out")), ["events.jsonl", "notes.txt", "transcripts/mine.log", "transcripts/r1.log"]);
    assert!(program.path("elsewhere.xml").is_file());
    program.write("job.yaml", "job: [");
    assert_eq!(program.again(&["run", "job.yaml", "-o", "out"]).status.code(), Some(3));
    assert_eq!(files(&program.path("out")), ["junit.xml", "notes.txt", "transcripts/mine.log"]);
    let junit = std::fs::read_to_string(program.path("out/junit.xml")).expect("a report");
    assert_eq!(cases(&junit).iter().map(|case| case.kind.as_str()).collect::<Vec<_>>(), ["runner.config"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_known_before_anything_runs() {
    let job = "{job: unwritable, testbed: testbed.yaml, tests: [{name: touches, devices: r1, steps: [{execute: touch touched}]}]}";
    let program = Program::new(TESTBED, job);
    program.write("file", "");
    for blocked in ["events.jsonl", "junit.xml", "transcripts/r1.log"] {
        let folder = blocked.split('/').next_back().expect("a name").replace('.', "-");
        std::fs::create_dir_all(program.path(&format!("{folder}/{blocked}"))).expect("a folder where a file should be");
        let ran = program.again(&["run", "job.yaml", "-o", &folder]);
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(6), "{said}");
        assert!(said.starts_with(&format!("error: `{folder}/{blocked}` cannot be written: ")), "{said}");
    }
    let ran = program.again(&["run", "job.yaml", "-o", "file"]);
    assert_eq!((ran.status.code(), String::from_utf8_lossy(&ran.stderr).starts_with("error: `file` cannot be written: ")), (Some(6), true));
    assert!(!program.path("touched").exists(), "nothing ran");
}

#[test]
fn the_command_that_is_printed_runs_what_did_not_pass() {
    let testbed =
        "devices: {'a, b': {os: linux, connections: {local: {class: shell}}}, r2: {os: linux, connections: {local: {class: shell}}}}";
    let job = r#"
job: again
vars: {word: none}
tests:
  - {name: "it's [not] {fine}*", devices: all, steps: [{execute: "echo '{{ device.name }}'", assert: [{contains: "{{ word }}"}]}]}
  - {name: fine, devices: all, steps: [{execute: "true"}]}
"#;
    let program = Program::new("devices: {}", job);
    program.write("my lab.yaml", testbed);
    let ran = program.again(&["run", "job.yaml", "--testbed", "my lab.yaml", "--var", "word=r2  # \"it's\""]);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let command = said.lines().find_map(|line| line.strip_prefix("run again what did not pass: ")).expect("a command");
    let command = command.strip_prefix("runner").expect("the program");
    let pasted = format!("{}{command} -o out", env!("CARGO_BIN_EXE_runner"));
    let again = Command::new("sh").args(["-c", &pasted]).current_dir(program.path("")).output().expect("a shell");
    assert_eq!(again.status.code(), Some(1), "{said}\n{}", String::from_utf8_lossy(&again.stderr));
    let junit = std::fs::read_to_string(program.path("out/junit.xml")).expect("a report");
    let results: Vec<String> = cases(&junit).iter().map(|case| format!("{} {}", case.result, case.name)).collect();
    assert_eq!(results, ["passed connect [a, b]", "failure it's [not] {fine}* [a, b]"], "{command}");
}

//! The quickstart of the README, as a newcomer runs it.

#![expect(clippy::expect_used, reason = "a test whose stage cannot be set has failed")]

use expect_test::expect;
use regex::Regex;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Where the README's command finds its job.
const QUICKSTART: &str = "examples/quickstart";

/// Runs the README's command in a copy of the example, with further arguments.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(QUICKSTART), &folder.join(QUICKSTART));
    Command::new(env!("CARGO_BIN_EXE_runner"))
        .args(["run", "examples/quickstart/job.yaml", "--junit", "junit.xml"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .output()
        .expect("runner starts")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            std::fs::copy(&source, &target).expect("a copy");
        }
    }
}

/// Without times, the run's id and the kernel of this machine.
fn redacted(text: &str) -> String {
    let patterns = [(r"\d+\.\d\ds", "TIME"), (r"in \d[\d.]*m?s", "in TIME"), (r"run \w+", "run ID"), (r"kernel = .*", "kernel = KERNEL")];
    patterns
        .iter()
        .fold(text.to_owned(), |text, (pattern, with)| Regex::new(pattern).expect("a pattern").replace_all(&text, *with).into_owned())
}

#[test]
fn the_quickstart_passes_and_says_what_it_did() {
    let folder = tempfile::tempdir().expect("a folder");
    // One call at a time, so that the order of what is said is always the same.
    let output = run(folder.path(), &["--jobs", "1"]);
    let said = String::from_utf8(output.stderr).expect("text");
    expect![[r#"
        job quickstart, testbed examples/quickstart/testbed.yaml: 5 test cases on 3 devices, run ID
        PASS  TIME  connect [here]
        PASS  TIME  kernel [here]
              here  kernel = KERNEL
        PASS  TIME  connect [edge1]
        PASS  TIME  connect [edge2]
        PASS  TIME  release [edge1]
              edge1  version = 8.4.4
        PASS  TIME  release [edge2]
              edge2  version = 8.4.4
              test release: `version`: all 2 agree (8.4.4)
        PASS  TIME  sessions [edge2]
              edge2  prefixes = 12
        PASS  TIME  sessions [edge1]
              step 1 session to 10.0.13.2: passed after 3 attempts
              edge1  prefixes = 42
              edge1  prefixes = 17

        5 passed in TIME
        JUnit: junit.xml
    "#]]
    .assert_eq(&redacted(&said));
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty(), "data goes to standard output, and there is none");
}

#[test]
fn the_quickstart_leaves_a_junit_file_in_which_every_case_passed() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.path().join("junit.xml")).expect("a JUnit file");
    let document = roxmltree::Document::parse(&text).expect("XML");
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let names: Vec<&str> = cases.iter().filter_map(|case| case.attribute("name")).collect();
    assert_eq!(
        names,
        [
            "connect [here]",
            "connect [edge1]",
            "connect [edge2]",
            "kernel [here]",
            "release [edge1]",
            "release [edge2]",
            "sessions [edge1]",
            "sessions [edge2]",
        ]
    );
    for case in cases {
        let wrong = case.children().find(|child| ["failure", "error", "skipped"].contains(&child.tag_name().name()));
        assert!(wrong.is_none(), "{:?}", case.attribute("name"));
    }
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).expect("a suite");
    assert_eq!(["tests", "failures", "errors", "skipped"].map(|key| suite.attribute(key)), ["8", "0", "0", "0"].map(Some));
}

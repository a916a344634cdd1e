//! The program as a user runs it: files in a folder, a command line, what it printed, and the JUnit file it left.

use std::fmt::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// What was printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A port of 127.0.0.1 where nobody listens, as long as nobody takes it.
pub(crate) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A folder with a testbed and a job.
pub(crate) struct Program {
    folder: tempfile::TempDir,
}

/// What a run left behind.
pub(crate) struct Left {
    /// The exit status; `None` after a signal.
    pub(crate) status: Option<i32>,
    /// All of standard error.
    pub(crate) said: String,
    /// The JUnit file.
    pub(crate) junit: String,
    /// From start to end.
    pub(crate) took: Duration,
}

/// One case of a JUnit file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// `passed`, `failure`, `error` or `skipped`.
    pub(crate) result: String,
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) content: String,
}

impl Program {
    /// Writes `testbed.yaml` and `job.yaml`.
    pub(crate) fn new(testbed: &str, job: &str) -> Self {
        let program = Self { folder: tempfile::tempdir().expect("a folder") };
        program.write("testbed.yaml", testbed);
        program.write("job.yaml", job);
        program
    }

    /// Writes a further file.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path(name);
        std::fs::write(&file, text).expect("a file");
        file
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts `runner run job.yaml --junit junit.xml` with further arguments.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let said = std::fs::File::create(self.path("said")).expect("a file");
        Command::new(env!("CARGO_BIN_EXE_runner"))
            .args(["run", "job.yaml", "--junit", "junit.xml"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("runner starts")
    }

    /// Runs another command of the program in the same folder, and keeps what it printed.
    pub(crate) fn again(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_runner"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .output()
            .expect("runner starts")
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Left {
        let begun = Instant::now();
        let mut child = self.start(arguments);
        let status = wait(&mut child);
        self.left(status, begun)
    }

    /// What a run that was started left.
    pub(crate) fn left(&self, status: ExitStatus, begun: Instant) -> Left {
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap_or_default();
        Left { status: status.code(), said: read("said"), junit: read("junit.xml"), took: begun.elapsed() }
    }
}

/// Waits for a run that must end within two minutes.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let until = Instant::now() + Duration::from_mins(2);
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        if Instant::now() > until {
            let _ = child.kill();
            panic!("runner hangs");
        }
        pause(Duration::from_millis(10));
    }
}

pub(crate) fn pause(time: Duration) {
    let (_keep, never) = std::sync::mpsc::channel::<()>();
    let _ = never.recv_timeout(time);
}

impl Left {
    /// The cases of the JUnit file, read as a consumer would.
    pub(crate) fn cases(&self) -> Vec<Case> {
        cases(&self.junit)
    }

    pub(crate) fn case(&self, name: &str) -> Case {
        let found: Vec<Case> = self.cases().into_iter().filter(|case| case.name == name).collect();
        assert_eq!(found.len(), 1, "one case `{name}` in:\n{}\n{}", self.junit, self.said);
        found.into_iter().next().expect("counted")
    }

    /// One line a case: `error runner.auth  connect [r1]: message`.
    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        for case in self.cases() {
            let kind = if case.kind.is_empty() { String::new() } else { format!(" {}", case.kind) };
            let message = if case.message.is_empty() { String::new() } else { format!(": {}", case.message) };
            writeln!(table, "{}{kind}  {}{message}", case.result, case.name).expect("a text grows");
        }
        table
    }
}

/// Reads a JUnit file, and checks its counts.
pub(crate) fn cases(junit: &str) -> Vec<Case> {
    let document = roxmltree::Document::parse(junit).unwrap_or_else(|error| panic!("{error} in:\n{junit}"));
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).expect("a suite");
    let cases: Vec<Case> = suite.children().filter(|node| node.has_tag_name("testcase")).map(|node| case(&node)).collect();
    for (attribute, results) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
        let counted = cases.iter().filter(|case| case.result == results).count();
        assert_eq!(suite.attribute(attribute), Some(counted.to_string().as_str()), "{attribute}");
    }
    assert_eq!(suite.attribute("tests"), Some(cases.len().to_string().as_str()));
    cases
}

fn case(node: &roxmltree::Node<'_, '_>) -> Case {
    let results: Vec<_> = node.children().filter(|child| ["failure", "error", "skipped"].contains(&child.tag_name().name())).collect();
    assert!(results.len() <= 1, "one result element at most");
    let result = results.first();
    let attribute = |name: &str| result.and_then(|result| result.attribute(name)).unwrap_or_default().to_owned();
    Case {
        name: node.attribute("name").expect("a name").to_owned(),
        result: result.map_or("passed", |result| result.tag_name().name()).to_owned(),
        kind: attribute("type"),
        message: attribute("message"),
        content: result.and_then(roxmltree::Node::text).unwrap_or_default().to_owned(),
    }
}

/// A document without its times, run id and start.
pub(crate) fn timeless(junit: &str) -> String {
    let times = regex::Regex::new(r#"(time|timestamp|hostname)="[^"]*"|name="run_id" value="[^"]*""#).expect("a pattern");
    times.replace_all(junit, "$1=\"-\"").into_owned()
}

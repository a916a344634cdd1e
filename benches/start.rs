//! How long the whole process takes where nothing is connected: `--version`, and `check` of jobs of three sizes.
//!
//! `cargo bench --bench start`. Best of ten, from start to end, with the loader and the system's share in it.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints what it measured, or ends")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

const ROUNDS: usize = 10;
const DEVICES: [usize; 3] = [10, 100, 1000];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    measure("--version", root, &["--version"]);
    measure("check of the quickstart", root, &["check", "examples/quickstart/job.yaml"]);
    let folder = tempfile::tempdir().expect("a folder");
    for devices in DEVICES {
        let all: Vec<String> =
            (0..devices).map(|number| format!("  d{number}: {{os: linux, connections: {{local: {{class: shell}}}}}}\n")).collect();
        std::fs::write(folder.path().join("testbed.yaml"), format!("devices:\n{}", all.concat())).expect("a file");
        let job = "{job: start, testbed: testbed.yaml, tests: [{name: t, devices: all, steps: [{execute: uptime}]}]}\n";
        std::fs::write(folder.path().join("job.yaml"), job).expect("a file");
        measure(&format!("check of {devices} devices"), folder.path(), &["check", "job.yaml"]);
    }
}

fn measure(what: &str, folder: &Path, arguments: &[&str]) {
    let once = || {
        let mut program = Command::new(env!("CARGO_BIN_EXE_runner"));
        let begin = Instant::now();
        let output = program.args(arguments).current_dir(folder).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        begin.elapsed()
    };
    let best = (0..ROUNDS).map(|_| once()).min().expect("ten of them");
    println!("{what:<24} {:>8.2} ms", best.as_secs_f64() * 1e3);
}

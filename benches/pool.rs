//! A pool of four sessions: how close commands of 100 ms come to the ideal of four at once.
//!
//! `cargo bench --bench pool`, as root, with OpenSSH's server installed. The whole program over real ssh; what is measured is
//! the test case, which begins when the pool is open. Best of five.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints what it measured, or ends")]

#[path = "../tests/lab/sshd.rs"]
#[expect(dead_code, reason = "the lab's tests use more of it")]
mod sshd;

use sshd::Sshd;
use std::path::Path;
use std::process::Command;

const SIZES: [u32; 3] = [10, 20, 40];
const POOL: u32 = 4;
const ROUNDS: usize = 5;
/// How long a command takes, in seconds.
const COMMAND: f64 = 0.1;

fn main() {
    let sshd = Sshd::start();
    let folder = tempfile::tempdir().expect("a folder");
    println!("{:>8}  {:>8}  {:>8}  {:>6}", "commands", "ideal", "took", "ratio");
    for size in SIZES {
        write_files(folder.path(), &sshd, size);
        let took = (0..ROUNDS).map(|_| measure(folder.path())).fold(f64::MAX, f64::min);
        let ideal = f64::from(size.div_ceil(POOL)) * COMMAND;
        println!("{size:>8}  {ideal:>6.3} s  {took:>6.3} s  {:>6.3}", took / ideal);
    }
}

fn write_files(folder: &Path, sshd: &Sshd, size: u32) {
    let path = format!("{{protocol: ssh, host: 127.0.0.1, port: {}, host_keys: 'off'}}", sshd.port);
    let connections = format!("{{defaults: {{pool_size: {POOL}}}, cli: {path}}}");
    let credentials = format!("{{default: {{username: root, key: {}}}}}", sshd.user_key().display());
    let testbed = format!("devices: {{d: {{os: linux, credentials: {credentials}, connections: {connections}}}}}\n");
    let step = format!("{{execute: sleep {COMMAND}, loop: '{{{{ range({size}) | list }}}}', parallel: true}}");
    let job = format!("{{job: pool, testbed: testbed.yaml, tests: [{{name: sleeps, devices: d, steps: [{step}]}}]}}\n");
    std::fs::write(folder.join("testbed.yaml"), testbed).expect("a file");
    std::fs::write(folder.join("job.yaml"), job).expect("a file");
}

/// How long the test case took, in seconds.
fn measure(folder: &Path) -> f64 {
    let mut program = Command::new(env!("CARGO_BIN_EXE_runner"));
    let output = program.args(["run", "job.yaml", "--quiet", "--events", "events.jsonl"]).current_dir(folder).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = std::fs::read_to_string(folder.join("events.jsonl")).expect("a log");
    let took = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let took = &event["fact"]["cell_finished"]["took"];
        Some(took["secs"].as_f64()? + took["nanos"].as_f64()? / 1e9)
    };
    // The last case that ended is the test; the first one opened the pool.
    log.lines().filter_map(took).next_back().expect("a test case")
}

//! The example for Linux hosts, run as its first lines say, against a server of this machine.

use crate::program::{Case, Program, cases};
use crate::sshd::Sshd;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_example_for_linux_hosts_passes_against_a_server_of_this_machine() {
    let sshd = Sshd::start();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ssh-linux");
    let read = |name: &str| std::fs::read_to_string(example.join(name)).expect("a file of the example");
    let program = Program::new(&read("testbed.yaml"), &read("job.yaml"));
    let output = Command::new(env!("CARGO_BIN_EXE_runner"))
        .args(["run", "job.yaml", "--junit", "junit.xml"])
        // Whoever runs the tests may have a full disk and much to do.
        .args(["--var", "most_used=100", "--var", "most_load_per_cpu=10000"])
        .current_dir(program.path("."))
        .env_clear()
        .envs([("LAB_USER", "root"), ("LAB_HOST", "127.0.0.1")])
        .env("LAB_KEY", sshd.user_key())
        .env("LAB_PORT", sshd.port.to_string())
        .stdin(Stdio::null())
        .output()
        .expect("runner starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let cases: Vec<Case> = cases(&std::fs::read_to_string(program.path("junit.xml")).expect("a JUnit file"));
    assert!(cases.iter().all(|case| case.result == "passed"), "{said}");
    assert_eq!(cases.len(), 2 + 4 * 2 + 1, "{said}");
}

//! The example of a pool: twenty commands over four sessions.

#![expect(clippy::expect_used, reason = "a test whose stage cannot be set has failed")]

use expect_test::expect;
use regex::Regex;
use std::process::Command;

/// What the console says, without times and the run's name.
fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_runner"))
        .args(["run", "examples/pool/job.yaml"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .expect("runner starts");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(0), "{said}");
    let times = Regex::new(r"\b\d+(\.\d+)?(ms|s)\b|\b[0-9a-f]{12}\b").expect("a pattern");
    times.replace_all(&said, "-").into_owned()
}

#[test]
fn the_pool_gives_the_same_values_in_the_same_order_however_many_are_asked_at_once() {
    let one_at_a_time = run(&["--jobs", "1"]);
    expect![[r#"
        job pool, testbed examples/pool/testbed.yaml: 3 test cases on 1 device, run -
        PASS  -  connect [here]
        PASS  -  one after another [here]
              here  squares = 1
              here  squares = 4
              here  squares = 9
              here  squares = 16
              here  squares = 25
        PASS  -  twenty over four [here]
              here  squares = 1
              here  squares = 4
              here  squares = 9
              here  squares = 16
              here  squares = 25
              here  squares = 36
              here  squares = 49
              here  squares = 64
              here  squares = 81
              here  squares = 100
              here  squares = 121
              here  squares = 144
              here  squares = 169
              here  squares = 196
              here  squares = 225
              here  squares = 256
              here  squares = 289
              here  squares = 324
              here  squares = 361
              here  squares = 400
        PASS  -  two at a time [here]
              here  answers = north
              here  answers = east
              here  answers = south
              here  answers = west

        3 passed in -
    "#]]
    .assert_eq(&one_at_a_time);
    let sorted = |said: &str| {
        let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    // The console tells captures as they come; what the job asserts is their order.
    assert_eq!(sorted(&run(&[])), sorted(&one_at_a_time));
}

#[test]
fn the_plan_of_the_pool_says_how_many_sessions_it_opens() {
    let output = Command::new(env!("CARGO_BIN_EXE_runner"))
        .args(["plan", "examples/pool/job.yaml"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let plan = String::from_utf8(output.expect("runner starts").stdout).expect("text");
    assert!(plan.contains("connect [here]: class shell, via local, alias default, pool of 4\n"), "{plan}");
}

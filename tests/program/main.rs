//! The whole program: given a testbed and a job, what it prints, the JUnit file and the exit status are pinned. Needs no
//! daemon.

#![expect(clippy::expect_used, clippy::panic, reason = "a test whose stage cannot be set has failed")]

mod program;

mod commands;
mod reach;

mod files;
mod folder;
mod limits;
mod matrix;
mod mixed;
mod order;
mod outcomes;
mod secrets;
mod steps;
mod testbeds;
mod together;

/// What was printed, without times and the run's name.
fn plain(said: &str) -> String {
    let times = regex::Regex::new(r"\b\d+(\.\d+)?(ms|s)\b|\b[0-9a-f]{12}\b").expect("a pattern");
    times.replace_all(said, "-").into_owned()
}

//! The whole program: given a testbed and a job, what it prints, the JUnit file and the exit status are pinned. Needs no
//! daemon.

#![expect(clippy::expect_used, clippy::panic, reason = "a test whose stage cannot be set has failed")]

mod program;

mod files;
mod outcomes;

//! Against real daemons on 127.0.0.1, which the tests start with throwaway keys and end by pid. A daemon that is missing
//! fails its tests.

#![expect(clippy::expect_used, clippy::panic, reason = "a test whose stage cannot be set has failed")]

mod examples;
mod hostile;
#[path = "../program/program.rs"]
mod program;
mod sshd;
mod transcripts;

mod connecting;
mod outage;
mod runs;
mod scan;
mod sessions;
mod ssh;

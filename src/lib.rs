//! `runner`: a declarative, testbed-driven test runner.
//!
//! A testbed (pyATS format) says which devices there are and how they are reached; a job says what to ask them and
//! what to expect. `ARCHITECTURE.md` is the map of this crate. Its modules are floors: each imports only floors
//! listed before it here.

pub mod base;
pub mod model;
pub mod record;

pub mod load;

pub mod eval;

pub mod connect;

pub mod engine;
pub mod report;

pub mod cli;

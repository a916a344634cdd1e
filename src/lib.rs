//! `runner`: a declarative, testbed-driven test runner.
//!
//! A testbed (pyATS format) says which devices there are and how they are reached; a job says what to ask them and
//! what to expect. The binary of this name runs jobs. As a library, this crate connects to the devices of a testbed, runs
//! jobs, and takes classes of connections of one's own.
//!
//! # Devices and connections
//!
//! ```
//! use runner::{Call, Lab, Request};
//! use std::time::Duration;
//!
//! // From a file: `Lab::load("lab.yaml", &Environment(std::env::vars().collect()))`.
//! let lab = Lab::of_text("
//! testbed: {name: lab}
//! devices:
//!   here:
//!     os: linux
//!     connections:
//!       defaults: {via: sh}
//!       sh: {protocol: shell}
//!       usr: {protocol: shell, cwd: /usr}
//! ")?;
//! let here = lab.device("here")?;
//!
//! // The default connection, and another one by another path, under an alias of its own.
//! here.connect(&Request::default())?;
//! here.connect(&Request::default().alias("vty_1").via(["usr"]))?;
//! assert_eq!(here.execute("echo hello")?.text(), "hello");
//! assert_eq!(here.connection("vty_1")?.execute("pwd -L")?.text(), "/usr");
//!
//! // An answer is what came, whatever it says; no answer is an error, which knows its phase and whether a retry can help.
//! assert_eq!(here.execute("exit 4")?.exit_code, Some(4));
//! let fault = here.within(Duration::from_millis(50)).execute("sleep 60").unwrap_err();
//! assert!(fault.kind.retry_can_help());
//!
//! // Disconnected is a state: only `connect` opens it again.
//! here.disconnect("vty_1")?;
//! let fault = here.connection("vty_1")?.execute("true").unwrap_err();
//! assert_eq!(fault.to_string(), "here via usr: connection `vty_1` was disconnected");
//! here.connect(&Request::default().alias("vty_1"))?;
//! here.destroy("vty_1")?;
//! assert!(!here.is_connected("vty_1"));
//!
//! // A pool of four sessions is called like any other connection, by as many threads as one likes.
//! let pool = here.connect(&Request::default().alias("pool").pool_size(4))?;
//! assert_eq!(pool.call(&Call::execute("echo from a worker"))?.text(), "from a worker");
//!
//! here.destroy_all()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every blocking call has a deadline, and an interrupt that ends it early ([`Lab::interrupt`]). [`Device`] shows connecting
//! later and for a scope, [`ConnectionManager`] each operation with limits of one's own, [`connect::pool::Pool`] how workers
//! are lent, and [`Class`] a kind of connection of one's own in some twenty lines.
//!
//! # Jobs
//!
//! [`load::job`] reads a job, [`engine::plan::build`] binds it to a testbed and complains about everything that does not fit,
//! and [`engine::dispatch::run`] runs the plan, with an example.
//!
//! # The map
//!
//! `ARCHITECTURE.md` is the map of this crate. Its modules are floors: each imports only floors listed before it here.

pub mod base;
pub mod model;
pub mod record;

pub mod load;

pub mod eval;

pub mod connect;

pub mod engine;
pub mod report;

pub mod cli;

pub use crate::connect::class::{Class, Connection};
pub use crate::connect::lab::{Device, Lab};
pub use crate::connect::manager::ConnectionManager;
pub use crate::connect::registry::Registry;
pub use crate::connect::request::Request;
pub use crate::record::answer::Answer;
pub use crate::record::call::Call;
pub use crate::record::fault::Fault;

/// The README, so that its example runs as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

//! Sessions with prompts, in real shells behind OpenSSH's server, and on a scripted router.

mod hosts;
mod routers;

use super::{open, root, run, with, within};
use crate::sshd::Sshd;
use runner::connect::class::{Connection, Endpoint};
use std::path::Path;

/// A session in root's shell, with the platform `linux`.
fn linux(sshd: &Sshd) -> Endpoint {
    with(root(sshd), &[("mode", "shell")])
}

/// A session with the platform `generic`.
fn generic(sshd: &Sshd) -> Endpoint {
    Endpoint { os: "iosxe".to_owned(), ..root(sshd) }
}

/// A server that gives everybody this program instead of a shell.
fn forced(program: &str) -> Sshd {
    Sshd::start_with(&format!("ForceCommand {program}"))
}

/// A server on which everybody finds the scripted router `r1`.
pub(crate) fn router(habits: &str) -> Sshd {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/router.pl");
    forced(&format!("perl {} r1 {habits}", script.display()))
}

/// What a command said.
fn said(connection: &mut Box<dyn Connection>, command: &str) -> String {
    run(connection, command).unwrap_or_else(|fault| panic!("{command}: {fault:?}")).stdout
}

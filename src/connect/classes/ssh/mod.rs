//! Class `ssh`: commands in channels of their own, with exit codes, over libssh2.
//!
//! Rooms: `dial` finds and connects, `link` carries the bytes, `frames` watches them, `session` drives libssh2, `known_hosts` and
//! `host_keys` decide whom we talk to, `auth` proves who we are, `exec` runs a command, `scan` and
//! `merge` collect host keys. Nothing here blocks past a
//! deadline, and no session is shared between threads.

mod algorithms;
mod auth;
mod dial;
mod exec;
mod fingerprint;
mod frames;
mod host_keys;
mod known_hosts;
mod link;
mod merge;
mod options;
mod scan;
mod session;
mod sha1;

pub use merge::{Finding, Told, merge_known_hosts};
pub use options::{HostKeyPolicy, SshOptions, parse_ssh_options};
pub use scan::{ShownKeys, scan_host_keys};

use crate::connect::class::{Class, ClassSpec, Connection, DefaultCheck, Endpoint, Limits, Login, OptionKind, OptionSpec, ServiceSpec};
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind, Phase};
use host_keys::{HostKeys, Learned};
use options::Settings;
use session::{Session, Stop};

/// The class `ssh`.
#[derive(Debug, Default)]
pub struct Ssh {
    learned: Learned,
}

static SPEC: ClassSpec = ClassSpec {
    name: "ssh",
    summary: "commands over ssh, each with its exit code",
    protocols: &["ssh"],
    requires: &["host"],
    services: &[ServiceSpec {
        name: "execute",
        summary: "runs `command` and gives its standard output, standard error and exit code",
        changes: false,
        default_check: DefaultCheck::ExitCodeZero,
    }],
    options: &[
        OptionSpec {
            name: "host_keys",
            kind: OptionKind::Choice(HostKeyPolicy::NAMES),
            summary: "what is done with the key of an unknown host (accept-new); a changed key is refused unless `off`",
        },
        OptionSpec { name: "known_hosts", kind: OptionKind::File, summary: "the file of known host keys (~/.ssh/known_hosts)" },
        OptionSpec {
            name: "ssh_options",
            kind: OptionKind::Text,
            summary: "flags of OpenSSH's `ssh`: -o StrictHostKeyChecking, UserKnownHostsFile, Port, IdentityFile; -p; -i",
        },
        OptionSpec { name: "legacy", kind: OptionKind::Switch, summary: "whether old and weak algorithms are offered too (false)" },
        OptionSpec { name: "max_answer", kind: OptionKind::Count, summary: "the largest answer in bytes (268435456)" },
    ],
};

impl Ssh {
    /// Makes the class. Host keys that no file keeps are remembered as long as it lives.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Connects, agrees on keys and verifies the host.
    fn reach(&self, endpoint: &Endpoint, settings: &Settings, limits: &Limits<'_>) -> Result<Session, Fault> {
        let Some(host) = endpoint.host.as_deref() else {
            return Err(Fault::new(FaultKind::Invalid, "the connection has no `host`, which ssh needs"));
        };
        let host_keys = HostKeys::new(host, settings, &self.learned);
        let tcp = dial::connect(host, settings.port, limits)?;
        let internal =
            |error: String| Fault::new(FaultKind::Internal, format!("a session cannot be made: {error}")).in_phase(Phase::Creation);
        let mut session = Session::new(tcp).map_err(|error| internal(error.to_string()))?;
        let kinds = host_keys.kinds(&session.raw)?;
        algorithms::prefer(&session.raw, &kinds, settings.legacy).map_err(|error| internal(session::sentence(&error)))?;
        if let Err(stop) = session.drive(limits, ssh2::Session::handshake) {
            return Err(greeting_fault(&session, stop, settings, limits));
        }
        host_keys.accept(&session.raw)?;
        Ok(session)
    }
}

/// Why the peer and we did not come to an understanding.
fn greeting_fault(session: &Session, stop: Stop, settings: &Settings, limits: &Limits<'_>) -> Fault {
    let greeting = session.greeting();
    if session.awaits_banner() {
        let silent = greeting.is_empty();
        let fault = stop.while_opening("waiting for the ssh banner", limits).after(greeting);
        return if silent { fault } else { fault.hinted("what answers at this port is not an ssh server") };
    }
    let disagreed = matches!(stop, Stop::Refused(_));
    let fault = stop.while_opening("agreeing on keys", limits);
    if disagreed && !settings.legacy {
        return fault.hinted("an old device may offer weak algorithms only: `legacy: true` allows them");
    }
    fault
}

impl Class for Ssh {
    fn spec(&self) -> &'static ClassSpec {
        &SPEC
    }

    fn open(&self, endpoint: &Endpoint, limits: &Limits<'_>) -> Result<Box<dyn Connection>, Fault> {
        let settings = Settings::of(endpoint).map_err(|sentence| Fault::new(FaultKind::Invalid, sentence))?;
        let logins: Vec<Login> = endpoint.logins.iter().cloned().map(|login| with_key(login, &settings)).collect();
        // All of them are looked at before anything is opened.
        for login in &logins {
            auth::username(login)?;
        }
        let mut refused: Option<Fault> = None;
        let mut open: Option<(Session, &Login)> = None;
        for login in &logins {
            // A server does not let a session change its user name.
            let same_user = open.take().filter(|(_, before)| before.username == login.username);
            let mut session = match same_user {
                Some((session, _)) => session,
                None => self.reach(endpoint, &settings, limits)?,
            };
            match auth::authenticate(&mut session, login, limits) {
                Ok(()) => {
                    let habits = exec::Habits::of(&session);
                    return Ok(Box::new(SshConnection { session, most: settings.max_answer, habits }));
                }
                Err(refusal) if refusal.fault.kind != FaultKind::Auth => return Err(auth::in_creation(refusal.fault)),
                Err(refusal) => {
                    open = refusal.goes_on.then_some((session, login));
                    refused = Some(refusal.fault);
                }
            }
        }
        Err(refused.unwrap_or_else(|| Fault::new(FaultKind::Invalid, "the device has no credential, which ssh needs")))
    }
}

/// The key of `ssh_options` serves a credential that names none.
fn with_key(mut login: Login, settings: &Settings) -> Login {
    if login.key_file.is_none() {
        login.key_file.clone_from(&settings.key_file);
    }
    login
}

/// An open connection: one session, and one channel for each call.
struct SshConnection {
    session: Session,
    most: usize,
    habits: exec::Habits,
}

impl Connection for SshConnection {
    fn call(&mut self, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault> {
        if call.service != "execute" {
            return Err(Fault::new(FaultKind::Capability, format!("the class `ssh` has no service `{}`: it has `execute`", call.service)));
        }
        let Some(command) = call.text("command").filter(|command| !command.contains('\0')) else {
            return Err(Fault::new(FaultKind::Invalid, "the service `execute` needs a text `command` without zero bytes"));
        };
        if self.session.link.is_none() {
            return Err(Fault::new(FaultKind::NotConnected, "the connection is closed"));
        }
        let answer = exec::Run { command, most: self.most, limits }.on(&mut self.session, &mut self.habits);
        if let Some(link) = &mut self.session.link {
            link.rest();
        }
        answer
    }

    fn is_alive(&mut self) -> bool {
        self.session.is_alive()
    }

    fn close(&mut self) {
        self.session.close();
    }
}

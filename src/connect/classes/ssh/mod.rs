//! Class `ssh`: commands in channels of their own, with exit codes, or in a session with prompts; over libssh2.
//!
//! Rooms: `dial` finds and connects, `link` carries the bytes, `frames` watches them, `session` drives libssh2, `known_hosts` and
//! `host_keys` decide whom we talk to, `auth` proves who we are, `exec` runs a command in a channel of its own, and `shell`
//! runs one in a session with prompts, whose bytes go through `line`. `scan` and `merge` collect host keys. Nothing here
//! blocks past a deadline, and no session is shared between threads.

mod agent;
mod algorithms;
mod auth;
mod dial;
mod exec;
mod fingerprint;
mod flags;
mod frames;
mod host_keys;
mod known_hosts;
mod line;
mod link;
mod merge;
mod options;
mod scan;
mod session;
mod sha1;
mod shell;

pub use flags::{Algorithms, SshOptions, parse_ssh_options};
pub use merge::{Finding, Told, merge_known_hosts};
pub use options::HostKeyPolicy;
pub use scan::{ShownKeys, scan_host_keys};

use crate::connect::class::{Class, ClassSpec, Connection, DefaultCheck, Endpoint, Limits, Login, OptionKind, OptionSpec, ServiceSpec};
use crate::connect::platform;
use crate::model::platform::RunMode;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind, Phase};
use algorithms::Unwilling;
use host_keys::{HostKeys, Learned};
use options::Settings;
use session::{Session, Stop};
use std::path::Path;

/// The class `ssh`.
#[derive(Debug, Default)]
pub struct Ssh {
    learned: Learned,
}

static SPEC: ClassSpec = ClassSpec {
    name: "ssh",
    summary: "commands over ssh: each in a channel of its own with an exit code, or in a session with prompts",
    protocols: &["ssh"],
    requires: &["host"],
    services: &[ServiceSpec {
        name: "execute",
        summary: "runs `command` and gives its standard output, standard error and exit code, or in a session what it said",
        changes: false,
        default_check: DefaultCheck::NotRefused,
    }],
    options: &[
        OptionSpec {
            name: "host_keys",
            kind: OptionKind::Choice(HostKeyPolicy::NAMES),
            summary: "what is done with the key of an unknown host (accept-new); a changed key is refused unless `off`",
        },
        OptionSpec { name: "known_hosts", kind: OptionKind::File, summary: "the file of known host keys (~/.ssh/known_hosts)" },
        OptionSpec { name: "ssh_options", kind: OptionKind::Text, summary: "flags of OpenSSH's `ssh`: -o NAME=VALUE; -p; -i; -l; -c; -m" },
        OptionSpec { name: "legacy", kind: OptionKind::Switch, summary: "whether old and weak algorithms are offered too (false)" },
        OptionSpec { name: "max_answer", kind: OptionKind::Count, summary: "the largest answer in bytes (268435456)" },
        OptionSpec {
            name: "mode",
            kind: OptionKind::Choice(RunMode::NAMES),
            summary: "`exec` runs each command in a channel of its own, `shell` all of them in one session with prompts; the platform decides",
        },
        OptionSpec {
            name: "agent",
            kind: OptionKind::Switch,
            summary: "whether keys of the ssh agent are tried; where nothing is said, for a credential without key and password",
        },
        OptionSpec {
            name: "prompt",
            kind: OptionKind::Text,
            summary: "the pattern of the whole prompt in a session; the platform has some",
        },
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
        let mut session = Session::new(tcp).map_err(|error| internal(&error.to_string()))?;
        let kinds = host_keys.kinds(&session.raw)?;
        offer(&session, &kinds, settings)?;
        if let Err(stop) = session.drive(limits, ssh2::Session::handshake) {
            return Err(greeting_fault(&session, stop, settings, limits));
        }
        host_keys.accept(&session.raw)?;
        Ok(session)
    }
}

/// Offers the algorithms that the settings allow, those of known types of host keys first.
fn offer(session: &Session, known_kinds: &[String], settings: &Settings) -> Result<(), Fault> {
    let wanted = algorithms::Wanted { legacy: settings.legacy, lists: &settings.algorithms };
    algorithms::prefer(&session.raw, known_kinds, &wanted).map_err(|unwilling| match unwilling {
        Unwilling::Named(sentence) => Fault::new(FaultKind::Invalid, sentence),
        Unwilling::Session(error) => internal(&session::sentence(&error)),
    })
}

/// The fault of a session that cannot even be made.
fn internal(error: &str) -> Fault {
    Fault::new(FaultKind::Internal, format!("a session cannot be made: {error}")).in_phase(Phase::Creation)
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
        let mut logins: Vec<Login> = endpoint.logins.iter().cloned().map(|login| with_flags(login, &settings)).collect();
        if logins.is_empty() && settings.user.is_some() {
            logins.push(with_flags(Login { name: "default".to_owned(), ..Login::default() }, &settings));
        }
        // All of them are looked at before anything is opened.
        for login in &logins {
            auth::username(login)?;
        }
        if settings.agent == Some(true) && endpoint.agent.is_none() {
            return Err(Fault::new(FaultKind::Missing, "`agent` is true, and `SSH_AUTH_SOCK` names no ssh agent"));
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
            match auth::authenticate(&mut session, login, agent(login, endpoint, &settings), limits) {
                Ok(()) => {
                    let ways = Ways::open(&mut session, endpoint, &settings, limits)?;
                    return Ok(Box::new(SshConnection { ways, session, most: settings.max_answer }));
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

/// The agent whose keys are tried: where nothing is said, for a credential that holds nothing else.
fn agent<'a>(login: &Login, endpoint: &'a Endpoint, settings: &Settings) -> Option<&'a Path> {
    let is_wanted = settings.agent.unwrap_or(login.key_file.is_none() && login.password.is_none());
    endpoint.agent.as_deref().filter(|_| is_wanted)
}

/// The key and the user name of `ssh_options` serve a credential that names none.
fn with_flags(mut login: Login, settings: &Settings) -> Login {
    if login.username.is_none() {
        login.username.clone_from(&settings.user);
    }
    if login.key_file.is_none() {
        login.key_file.clone_from(&settings.key_file);
    }
    login
}

/// How commands are run.
enum Ways {
    Exec(exec::Habits),
    Shell(Box<shell::Shell>),
}

impl Ways {
    fn open(session: &mut Session, endpoint: &Endpoint, settings: &Settings, limits: &Limits<'_>) -> Result<Self, Fault> {
        let platform = platform::of_os(&endpoint.os)?;
        Ok(match settings.mode.unwrap_or(platform.run) {
            RunMode::Exec => {
                session.open_ahead();
                Self::Exec(exec::Habits::of(session))
            }
            RunMode::Shell => Self::Shell(Box::new(shell::Shell::open(session, platform, settings, limits)?)),
        })
    }
}

/// An open connection: one session, and in it a channel for each call, or one for all of them.
struct SshConnection {
    // First, because a channel goes before its session does.
    ways: Ways,
    session: Session,
    most: usize,
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
        let answer = match &mut self.ways {
            Ways::Exec(habits) => exec::Run { command, most: self.most, limits }.on(&mut self.session, habits),
            Ways::Shell(shell) => shell.run(&mut self.session, command, limits),
        };
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

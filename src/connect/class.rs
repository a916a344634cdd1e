//! What a kind of connection is: the contracts of a class and of its connections, and the tables that describe them.

mod values;

pub use crate::connect::class::values::{OptionValue, Options};

use crate::base::deadline::Deadline;
use crate::base::secret::Secret;
use crate::connect::interrupt::Interrupt;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, Subject};
use crate::record::tap::Tap;
use std::path::{Path, PathBuf};

/// A kind of connection. One value serves every device; it holds no connection.
///
/// A class of one's own, and a testbed that names it:
///
/// ```
/// use runner::connect::class::{Class, ClassSpec, Connection, DefaultCheck, Endpoint, Limits, ServiceSpec};
/// use runner::connect::{lab::Lab, login::Surroundings, registry::Registry};
/// use runner::{Answer, Call, Fault, Request, load};
/// use std::{path::Path, sync::Arc};
///
/// static SPEC: ClassSpec = ClassSpec {
///     name: "parrot",
///     summary: "says everything again",
///     protocols: &["parrot"],
///     requires: &["host"],
///     services: &[ServiceSpec { name: "execute", summary: "says it", changes: false, default_check: DefaultCheck::Answered }],
///     options: &[],
/// };
///
/// struct Parrot;
///
/// impl Class for Parrot {
///     fn spec(&self) -> &'static ClassSpec {
///         &SPEC
///     }
///
///     fn open(&self, endpoint: &Endpoint, _: &Limits<'_>) -> Result<Box<dyn Connection>, Fault> {
///         Ok(Box::new(Perch { name: endpoint.host.clone().unwrap_or_default() }))
///     }
/// }
///
/// struct Perch {
///     name: String,
/// }
///
/// impl Connection for Perch {
///     fn call(&mut self, call: &Call, _: &Limits<'_>) -> Result<Answer, Fault> {
///         let said = format!("{}: {}", self.name, call.text("command").unwrap_or_default());
///         Ok(Answer { stdout: said, ..Answer::default() })
///     }
///
///     fn is_alive(&mut self) -> bool {
///         true
///     }
///
///     fn close(&mut self) {}
/// }
///
/// let text = "devices: {polly: {connections: {voice: {protocol: parrot, host: perch1}}}}";
/// let testbed = load::testbed_text(text, "lab.yaml", Path::new("."), &load::Environment::default()).accepted()?;
/// let mut classes = Registry::standard();
/// classes.register(Arc::new(Parrot))?;
/// let lab = Lab::new(testbed, classes, &Surroundings::default())?;
/// lab.device("polly")?.connect(&Request::default())?;
/// assert_eq!(lab.device("polly")?.execute("hello")?.text(), "perch1: hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Class: Send + Sync {
    /// What it is called, what it offers, and which options it takes.
    fn spec(&self) -> &'static ClassSpec;

    /// Opens a connection. Blocks until it is ready for calls, the deadline passes, or the run is interrupted.
    ///
    /// # Errors
    /// A fault of the phase validation or creation, without its subject, which the caller fills in.
    fn open(&self, endpoint: &Endpoint, limits: &Limits<'_>) -> Result<Box<dyn Connection>, Fault>;
}

/// An open connection. Whoever holds it is its only user, on any thread.
///
/// A connection that meets its deadline, and tells who listens what goes over it:
///
/// ```
/// use runner::connect::class::{Connection, Limits};
/// use runner::connect::{interrupt::Woken, patience::Patience};
/// use runner::record::fault::{Fault, FaultKind};
/// use runner::{Answer, Call};
/// use std::time::Duration;
///
/// /// Answers nothing, ever.
/// struct Mute {
///     alive: bool,
/// }
///
/// impl Connection for Mute {
///     fn call(&mut self, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault> {
///         limits.tap.sent(call.shown().as_bytes());
///         // A real one waits for its socket too: `limits.interrupt.wait(&[(socket, PollFlags::IN)], ...)`.
///         let woken = limits.interrupt.sleep(limits.deadline.at());
///         // What might still come would be taken for the answer of the next call.
///         self.alive = false;
///         Err(match woken {
///             Ok(Woken::Interrupted) => Fault::new(FaultKind::Interrupted, "interrupted while waiting for an answer"),
///             _ => Fault::timeout("waiting for an answer", limits.deadline.limit()),
///         })
///     }
///
///     fn is_alive(&mut self) -> bool {
///         self.alive
///     }
///
///     fn close(&mut self) {
///         self.alive = false;
///     }
/// }
///
/// let patience = Patience::new(Duration::from_millis(20), "`timeout` of the example")?;
/// let mut mute = Mute { alive: true };
/// let fault = mute.call(&Call::execute("show version"), &patience.limits()).unwrap_err();
/// assert_eq!(fault.to_string(), "waiting for an answer timed out after 20ms (`timeout` of the example)");
/// assert!(!mute.is_alive());
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Connection: Send {
    /// Calls a service. Blocks until the whole answer is there, the deadline passes, or the run is interrupted.
    ///
    /// # Errors
    /// A fault. Afterwards [`Connection::is_alive`] tells whether the connection can be used again; a connection in an
    /// unknown state is not alive.
    fn call(&mut self, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault>;

    /// Whether the next call has a chance. Does not block, and sends nothing.
    fn is_alive(&mut self) -> bool;

    /// Ends the connection. Does not wait for the peer; closing twice is harmless, and dropping closes.
    fn close(&mut self);
}

/// What bounds a blocking call, and who listens to it.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// When to give up, and the setting that says so.
    pub deadline: &'a Deadline,
    /// Ends the wait early when the run is interrupted.
    pub interrupt: &'a Interrupt,
    /// Where the class tells what it sends and receives, as it happens.
    pub tap: Tap<'a>,
}

/// Where a connection goes and how it introduces itself: everything that a class needs, resolved.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Device, alias, path and class, for messages.
    pub subject: Subject,
    /// The device's `os`; empty when nothing is said.
    pub os: String,
    /// `host`, or pyATS's `ip`.
    pub host: Option<String>,
    /// `port`.
    pub port: Option<u16>,
    /// `command`: a program to spawn.
    pub command: Option<String>,
    /// Credentials to try, the first one first.
    pub logins: Vec<Login>,
    /// The class's options, checked against [`ClassSpec::options`].
    pub options: Options,
    /// The folder that relative paths in the testbed start from.
    pub folder: PathBuf,
    /// The user's home folder, where one is known.
    pub home: Option<PathBuf>,
    /// The socket of the user's ssh agent, where there is one.
    pub agent: Option<PathBuf>,
}

impl Endpoint {
    /// A path of the testbed, made absolute: `~/` is the home folder, anything relative starts from the testbed's.
    #[must_use]
    pub fn resolve(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ if self.folder == Path::new(".") => PathBuf::from(path),
            _ => self.folder.join(path),
        }
    }
}

/// One credential, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Login {
    /// The credential's name.
    pub name: String,
    /// The login name.
    pub username: Option<String>,
    /// The login password.
    pub password: Option<Secret>,
    /// The password of the privileged mode.
    pub enable_password: Option<Secret>,
    /// A private key file, absolute.
    pub key_file: Option<PathBuf>,
    /// The passphrase of that key.
    pub passphrase: Option<Secret>,
}

/// What a class is called, what it offers, and which options it takes.
#[derive(Debug, PartialEq, Eq)]
pub struct ClassSpec {
    /// Its name in `class:`.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// The protocols of a path that mean this class when no class is named.
    pub protocols: &'static [&'static str],
    /// What a path must say: `host`, `command`, ...
    pub requires: &'static [&'static str],
    /// The services of its connections.
    pub services: &'static [ServiceSpec],
    /// The options that a path may set.
    pub options: &'static [OptionSpec],
}

impl ClassSpec {
    /// The service of that name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&'static ServiceSpec> {
        self.services.iter().find(|service| service.name == name)
    }
}

/// A service: what a connection can be asked.
#[derive(Debug, PartialEq, Eq)]
pub struct ServiceSpec {
    /// Its name.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// Whether it changes the device, so that it is not repeated without the user's word.
    pub changes: bool,
    /// What a good answer has when a step asserts nothing.
    pub default_check: DefaultCheck,
}

/// What a good answer has when a step asserts nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultCheck {
    /// Any whole answer is good; where it has an exit code, that is 0.
    Answered,
    /// The exit code is 0.
    ExitCodeZero,
    /// The exit code is 0, or a command line that has none did not refuse the command.
    NotRefused,
}

/// An option of a class.
#[derive(Debug, PartialEq, Eq)]
pub struct OptionSpec {
    /// Its key in the path, or under the path's `arguments`.
    pub name: &'static str,
    /// What it takes.
    pub kind: OptionKind,
    /// One line about it, with its default.
    pub summary: &'static str,
}

impl DefaultCheck {
    /// What a good answer has, for tables: `an exit code of 0`.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Answered => "any whole answer, with exit code 0 where it has one",
            Self::ExitCodeZero => "an exit code of 0",
            Self::NotRefused => "an exit code of 0, or, of a command line that has none, one that does not refuse the command",
        }
    }
}

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// Any text.
    Text,
    /// A path, relative to the testbed's file.
    File,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// A whole number from 1.
    Count,
    /// A duration; in testbeds a bare number means seconds, as in pyATS.
    Duration,
}

impl OptionKind {
    /// What it takes, for tables; words to choose from are in backticks.
    #[must_use]
    pub fn takes(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::File => "a path".to_owned(),
            Self::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
            Self::Switch => "`true` or `false`".to_owned(),
            Self::Count => "a whole number from 1".to_owned(),
            Self::Duration => "a duration; a bare number is seconds".to_owned(),
        }
    }
}

//! One step: an action and what surrounds it.

use crate::base::place::{Place, Placed};
use crate::model::assertion::{Assertion, Capture};
use crate::model::job::Devices;
use crate::model::yaml::{Entry, Yaml};
use std::time::Duration;

/// One step as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Where it begins.
    pub place: Place,
    /// `name`; a template.
    pub name: Option<Placed<String>>,
    /// What it does.
    pub action: Placed<Action>,
    /// `device`: the device it runs on, where that is not the cell's.
    pub device: Option<Placed<String>>,
    /// `devices`: several devices that it runs on side by side.
    pub devices: Option<Devices>,
    /// `alias`: the connection it uses.
    pub alias: Option<Placed<String>>,
    /// `timeout`, per attempt.
    pub timeout: Option<Placed<Duration>>,
    /// `when`: an expression.
    pub when: Option<Placed<String>>,
    /// `loop`: a list, a mapping, or an expression that yields one.
    pub repeat: Option<Yaml>,
    /// `parallel`: how many items, commands or branches run at once; `None` means one after another.
    pub parallel: Option<Placed<Parallel>>,
    /// `retry`.
    pub retry: Option<Retry>,
    /// `parse`.
    pub parse: Option<Placed<Parse>>,
    /// `capture`.
    pub capture: Option<Capture>,
    /// `assert`; `None` means the default checks of the class.
    pub assertions: Option<Placed<Vec<Assertion>>>,
    /// `expect_error`: the error that is the right answer.
    pub expect_error: Option<ExpectError>,
    /// `continue_on_failure`.
    pub continue_on_failure: bool,
    /// `idempotent`: a step that changes the device may be repeated.
    pub idempotent: bool,
    /// `sensitive`: input and answer stay out of every report.
    pub sensitive: bool,
}

/// What a step does. Texts may hold templates.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `execute`: operational commands on a device, in order.
    Execute(Vec<Placed<String>>),
    /// `configure`: lines for the configuration mode.
    Configure(Vec<Placed<String>>),
    /// `connect`: a connection, by hand.
    Connect(Box<Connect>),
    /// `disconnect`: ends a connection until it is connected again.
    Disconnect(Which),
    /// `destroy`: ends a connection and forgets it.
    Destroy(Which),
    /// `shell`: a command for a process on this machine.
    Shell(Placed<String>),
    /// `assert` alone.
    Assert,
    /// `set`: variables.
    Set(Vec<Entry>),
    /// `log`: a line for the reports.
    Log(Placed<String>),
    /// `wait`.
    Wait(Placed<Duration>),
    /// `fail`: a failure with this reason.
    Fail(Placed<String>),
    /// `skip`: the rest of the cell is skipped, with this reason.
    Skip(Placed<String>),
    /// `group` with `steps` and `always`.
    Group {
        /// The group's name.
        name: Placed<String>,
        /// Its steps.
        steps: Vec<Step>,
        /// Steps that run after them whatever happened.
        always: Vec<Step>,
    },
}

impl Action {
    /// The key that says it in YAML.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Execute(_) => "execute",
            Self::Configure(_) => "configure",
            Self::Connect(_) => "connect",
            Self::Disconnect(_) => "disconnect",
            Self::Destroy(_) => "destroy",
            Self::Shell(_) => "shell",
            Self::Assert => "assert",
            Self::Set(_) => "set",
            Self::Log(_) => "log",
            Self::Wait(_) => "wait",
            Self::Fail(_) => "fail",
            Self::Skip(_) => "skip",
            Self::Group { .. } => "group",
        }
    }
}

/// `connect`: which connection, and how it is opened. What is not said is told from the testbed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Connect {
    /// `alias`; `None` is the device's default alias.
    pub alias: Option<Placed<String>>,
    /// `via`: paths to try in order.
    pub via: Vec<Placed<String>>,
    /// `class`.
    pub class: Option<Placed<String>>,
    /// `pool_size`.
    pub pool_size: Option<Placed<u32>>,
    /// `pool_timeout`; zero means no limit of its own.
    pub pool_timeout: Option<Placed<Duration>>,
    /// The options of the class.
    pub options: Vec<Entry>,
}

impl Connect {
    /// Adds what another one says that this one does not.
    pub fn complete(&mut self, other: &Self) {
        if self.via.is_empty() {
            self.via.clone_from(&other.via);
        }
        self.class = self.class.take().or_else(|| other.class.clone());
        self.pool_size = self.pool_size.take().or_else(|| other.pool_size.clone());
        self.pool_timeout = self.pool_timeout.take().or_else(|| other.pool_timeout.clone());
        let known: Vec<&str> = self.options.iter().map(|option| option.key.value.as_str()).collect();
        let more: Vec<Entry> = other.options.iter().filter(|option| !known.contains(&option.key.value.as_str())).cloned().collect();
        self.options.extend(more);
    }
}

/// Which connections of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// That of the default alias.
    Default,
    /// That of an alias.
    Alias(Placed<String>),
    /// `all` that the job uses.
    All,
}

/// `expect_error`: which error is the right answer. Everything that is said must hold, and something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectError {
    /// Where it stands.
    pub place: Place,
    /// `phase`: one of the words of phases.
    pub phase: Option<Placed<String>>,
    /// `kind`: one of the words of kinds.
    pub kind: Option<Placed<String>>,
    /// `matches`: a regular expression.
    pub matches: Option<Placed<String>>,
}

/// How wide a step fans out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parallel {
    /// `true`: as wide as the pool allows.
    All,
    /// At most so many.
    AtMost(u32),
}

/// `retry`: repeats action, parse, capture and assertions until they hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Retry {
    /// Bounds all attempts together.
    pub within: Option<Placed<Duration>>,
    /// The most attempts.
    pub attempts: Option<Placed<u32>>,
    /// The pause between two attempts.
    pub every: Option<Placed<Duration>>,
    /// What the pause is multiplied by after each attempt.
    pub backoff: Option<Placed<f64>>,
    /// The longest pause that `backoff` makes.
    pub max_every: Option<Placed<Duration>>,
    /// The most that is added to a pause.
    pub jitter: Option<Placed<Duration>>,
}

/// `parse`: data from text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parse {
    /// The text is JSON.
    Json,
    /// Every match becomes a mapping of the named groups; always a list.
    Regex(Placed<String>),
}

//! One step: an action and what surrounds it.

use crate::base::place::{Place, Placed};
use crate::model::assertion::{Assertion, Capture};
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

/// How wide a step fans out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parallel {
    /// `true`: as wide as the pool allows.
    All,
    /// At most so many.
    AtMost(u32),
}

/// `retry`: repeats action, parse, capture and assertions until they hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retry {
    /// Bounds all attempts together.
    pub within: Option<Placed<Duration>>,
    /// The most attempts.
    pub attempts: Option<Placed<u32>>,
    /// The pause between two attempts.
    pub every: Option<Placed<Duration>>,
}

/// `parse`: data from text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parse {
    /// The text is JSON.
    Json,
    /// Every match becomes a mapping of the named groups; always a list.
    Regex(Placed<String>),
}

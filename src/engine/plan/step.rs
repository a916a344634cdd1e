//! Steps, compiled: templates parsed, names bound, limits known.

use crate::base::Data;
use crate::base::deadline::Limit;
use crate::base::text;
use crate::engine::task::Bad;
use crate::eval::assertion::Assertion;
use crate::eval::capture::Capture;
use crate::eval::expectation::Expectation;
use crate::eval::expression::Expression;
use crate::eval::parse::Parser;
use crate::eval::scope::{Layer, Scope};
use crate::eval::template::Template;
use crate::eval::value::Value;
use crate::model::step::Parallel;
use crate::record::event::{StepPhase, StepRef};
use crate::record::fault::FaultKind;
use std::sync::Arc;
use std::time::Duration;

/// The steps of a test, by phase, and the connections they use.
#[derive(Debug, Default)]
pub struct Program {
    /// Before the test's own steps.
    pub setup: Vec<Arc<Step>>,
    /// The test's own steps.
    pub steps: Vec<Arc<Step>>,
    /// After them, always.
    pub teardown: Vec<Arc<Step>>,
    /// Every connection that a step may use, once.
    pub slots: Vec<Slot>,
    /// The devices of which a step ends every connection, once.
    pub wholes: Vec<Target>,
}

/// Names a device of which every connection is meant: its index in [`Program::wholes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WholeId(pub u32);

impl WholeId {
    /// The index into [`Program::wholes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which connections an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One.
    One(SlotId),
    /// All that the job uses of a device.
    All(WholeId),
}

/// One of several devices that a step runs on.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What the step's templates see as `device` then.
    pub device: Layer,
    /// Its connections that the action is about.
    pub reach: Reach,
}

/// Names a connection of a program: its index in [`Program::slots`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub u32);

impl SlotId {
    /// The index into [`Program::slots`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A connection that a program uses, before it is bound to a cell's device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Whose.
    pub target: Target,
    /// Which; `None` is the device's default alias.
    pub alias: Option<String>,
}

/// Whose connection a step uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The cell's device.
    Cell,
    /// A device that the step names.
    Named(String),
}

/// One compiled step.
#[derive(Debug)]
pub struct Step {
    /// The phase it is in.
    pub phase: StepPhase,
    /// Its number in the phase: `2`, in groups `2.1`.
    pub number: String,
    /// Its name; a template.
    pub name: Template,
    /// Where it stands: `job.yaml:42`.
    pub place: String,
    /// What it does.
    pub action: Action,
    /// The devices that it runs on side by side; empty where it is one, or none.
    pub members: Vec<Member>,
    /// The limit of one attempt.
    pub timeout: Limit,
    /// The condition.
    pub when: Option<Expression>,
    /// The loop.
    pub repeat: Option<Repeat>,
    /// How wide it fans out; `None` is one after another.
    pub parallel: Option<Parallel>,
    /// The retry; `None` is a single attempt.
    pub retry: Option<RetryPlan>,
    /// How data are made of the answer.
    pub parser: Option<Parser>,
    /// What is kept.
    pub capture: Option<Capture>,
    /// What must hold; `None` means the default check of the service.
    pub assertions: Option<Vec<Assertion>>,
    /// The error that is the right answer.
    pub expect_error: Option<Expectation>,
    /// Whether the cell goes on when this fails.
    pub continue_on_failure: bool,
    /// Whether input and answer stay out of every report.
    pub sensitive: bool,
    /// Whether a template of the step's checks reads `result`.
    pub reads_result: bool,
    /// The slots that the step and everything in it use.
    pub slots: Vec<SlotId>,
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// Calls `execute` once per command.
    Execute {
        /// On which connection.
        slot: SlotId,
        /// The commands, in order.
        commands: Vec<Template>,
    },
    /// Calls `configure` once with all lines.
    Configure {
        /// On which connection.
        slot: SlotId,
        /// The lines, in order.
        lines: Vec<Template>,
    },
    /// Opens every worker of a connection.
    Connect {
        /// Which.
        slot: SlotId,
        /// The limit of opening one worker, where the step says so.
        within: Option<Limit>,
    },
    /// Closes connections, until they are connected again or the cell ends.
    Disconnect(Reach),
    /// Closes connections and forgets them.
    Destroy(Reach),
    /// Runs a process on this machine.
    Shell(Template),
    /// Judges what was captured.
    Assert,
    /// Sets variables.
    Set(Vec<(String, Value)>),
    /// Says a line.
    Log(Template),
    /// Waits.
    Wait(Duration),
    /// Fails with a reason.
    Fail(Template),
    /// Skips the rest of the cell with a reason.
    Skip(Template),
    /// Runs steps.
    Group {
        /// The steps.
        steps: Vec<Arc<Step>>,
        /// Steps after them, always.
        always: Vec<Arc<Step>>,
    },
}

/// What a loop goes over.
#[derive(Debug)]
pub enum Repeat {
    /// A list or mapping, each text a template.
    Value(Value),
    /// An expression that yields one.
    Expression(Expression),
}

/// When and how often a step is tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPlan {
    /// Bounds all attempts together.
    pub within: Option<Limit>,
    /// The most attempts.
    pub attempts: Option<u32>,
    /// The pause between two attempts.
    pub every: Duration,
    /// What the pause is multiplied by after each attempt.
    pub backoff: f64,
    /// The longest pause that this makes.
    pub max_every: Duration,
    /// The most that is added to a pause.
    pub jitter: Duration,
    /// What jitter begins from: the run and the step.
    pub seed: u64,
}

impl RetryPlan {
    /// The pause after an attempt, counted from 1. `salt` tells cells and turns apart. The same run pauses the same.
    #[must_use]
    pub fn pause(&self, attempt: u32, salt: u64) -> Duration {
        let longest = self.max_every.max(self.every);
        let factor = self.backoff.powi(i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX));
        let grown = Duration::try_from_secs_f64(self.every.as_secs_f64() * factor).unwrap_or(longest).min(longest);
        let pause = if self.backoff > 1.0 && !self.every.is_zero() { grown } else { self.every };
        let drawn = hash([self.seed, salt, u64::from(attempt)].into_iter().flat_map(u64::to_le_bytes));
        pause + self.jitter.mul_f64(f64::from(u32::try_from(drawn >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX))
    }
}

/// Mixes bytes into a number that is the same on every machine.
#[must_use]
pub fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    // FNV-1a leaves the upper bits of short inputs alike; the last multiplications spread them.
    let mixed = bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53)
}

impl Repeat {
    /// What the loop goes over: the items of a list, or the entries of a mapping as `{key, value}`.
    ///
    /// # Errors
    /// A template that cannot be rendered, something that is not a list or mapping, or nothing to go over.
    pub fn items(&self, scope: &Scope) -> Result<Vec<Data>, Bad> {
        let rendered = match self {
            Self::Value(value) => value.render(scope),
            Self::Expression(expression) => expression.evaluate(scope),
        };
        let items = items_of(rendered.map_err(|fault| Bad::errored(fault.kind, fault.message))?).map_err(|other| {
            let sentence = format!("`loop` needs a list or a mapping, got {}", crate::base::kind_of(&other));
            Bad::errored(FaultKind::Template, sentence)
        })?;
        if items.is_empty() {
            return Err(Bad::failed("`loop` has nothing to go over; where that is fine, guard the step with `when`"));
        }
        Ok(items)
    }
}

/// The items of a list, or the entries of a mapping as `{key, value}`.
///
/// # Errors
/// Something else, which is given back.
pub(super) fn items_of(data: Data) -> Result<Vec<Data>, Data> {
    match data {
        Data::Array(items) => Ok(items),
        Data::Object(entries) => Ok(entries.into_iter().map(|(key, value)| serde_json::json!({"key": key, "value": value})).collect()),
        other => Err(other),
    }
}

impl Step {
    /// Which connections the step is about, on one of its devices where it has several; `None` for what needs none.
    #[must_use]
    pub fn reach(&self, member: Option<usize>) -> Option<Reach> {
        if let Some(member) = member.and_then(|index| self.members.get(index)) {
            return Some(member.reach);
        }
        match &self.action {
            Action::Execute { slot, .. } | Action::Configure { slot, .. } | Action::Connect { slot, .. } => Some(Reach::One(*slot)),
            Action::Disconnect(reach) | Action::Destroy(reach) => Some(*reach),
            Action::Shell(_)
            | Action::Assert
            | Action::Set(_)
            | Action::Log(_)
            | Action::Wait(_)
            | Action::Fail(_)
            | Action::Skip(_)
            | Action::Group { .. } => None,
        }
    }

    /// Whether it asks or judges something, so that it can end otherwise than well by the answer.
    #[must_use]
    pub fn asks(&self) -> bool {
        match &self.action {
            Action::Execute { .. }
            | Action::Configure { .. }
            | Action::Connect { .. }
            | Action::Shell(_)
            | Action::Assert
            | Action::Fail(_) => true,
            Action::Group { steps, always } => steps.iter().chain(always).any(|step| step.asks()),
            Action::Disconnect(_) | Action::Destroy(_) => self.expect_error.is_some(),
            Action::Set(_) | Action::Log(_) | Action::Wait(_) | Action::Skip(_) => false,
        }
    }

    /// Whether all that it can do is to fail, so that a `when` that is false is the right answer.
    #[must_use]
    pub fn only_fails(&self) -> bool {
        match &self.action {
            Action::Fail(_) => true,
            Action::Group { steps, always } => {
                let mut asking = steps.iter().chain(always).filter(|step| step.asks()).peekable();
                asking.peek().is_some() && asking.all(|step| step.only_fails())
            }
            _ => false,
        }
    }

    /// The step as reports name it. A name that cannot be rendered stays as written.
    #[must_use]
    pub fn reference(&self, scope: &Scope) -> StepRef {
        let name = if self.sensitive {
            self.action.name().to_owned()
        } else {
            self.name.render(scope).unwrap_or_else(|_| self.name.source().to_owned())
        };
        StepRef { phase: self.phase, number: self.number.clone(), name: text::one_line(&name, 80), place: self.place.clone() }
    }
}

impl Action {
    /// How many commands it has.
    #[must_use]
    pub fn commands(&self) -> usize {
        match self {
            Self::Execute { commands, .. } => commands.len(),
            _ => 1,
        }
    }

    /// Whether it opens or closes connections itself.
    #[must_use]
    pub fn changes_connections(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Disconnect(_) | Self::Destroy(_))
    }

    /// The key that says it in YAML.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Execute { .. } => "execute",
            Self::Configure { .. } => "configure",
            Self::Connect { .. } => "connect",
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

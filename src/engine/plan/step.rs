//! Steps, compiled: templates parsed, names bound, limits known.

use crate::base::Data;
use crate::base::deadline::Limit;
use crate::base::text;
use crate::engine::task::Bad;
use crate::eval::assertion::Assertion;
use crate::eval::capture::Capture;
use crate::eval::expression::Expression;
use crate::eval::parse::Parser;
use crate::eval::scope::Scope;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPlan {
    /// Bounds all attempts together.
    pub within: Option<Limit>,
    /// The most attempts.
    pub attempts: Option<u32>,
    /// The pause between two attempts.
    pub every: Duration,
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

    /// The key that says it in YAML.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Execute { .. } => "execute",
            Self::Configure { .. } => "configure",
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

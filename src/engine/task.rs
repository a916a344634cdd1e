//! The unit of work: one attempt of one step's action, run by a worker, and what it brings home.

use crate::base::Data;
use crate::base::deadline::{Deadline, Limit};
use crate::engine::plan::{RouteId, Step};
use crate::eval::scope::Scope;
use crate::record::event::{Attempt, CellId, StepRef};
use crate::record::fault::{Fault, FaultKind};
use crate::record::verdict::{Reason, ReasonKind, Verdict};
use std::sync::Arc;

/// Names a task, once per run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// Names one connection of a route, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u32);

/// Which interrupt ends a task: the first one, or only the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Everything but teardown.
    Main,
    /// Teardown of cells and of the job.
    Teardown,
}

/// One attempt to be made.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// Its cell.
    pub cell: CellId,
    /// Its step.
    pub step: Arc<Step>,
    /// Which of the step's commands; `None` means all, one after another.
    pub command: Option<usize>,
    /// What its templates see.
    pub scope: Scope,
    /// The loop's item, shown.
    pub item: Option<String>,
    /// Counted from 1.
    pub attempt: u32,
    /// Which of the step's devices it is for, where the step has several.
    pub member: Option<usize>,
    /// The connection that it has for itself; `None` for what needs none.
    pub lease: Option<(RouteId, WorkerId)>,
    /// Every worker of the connections that it opens or closes.
    pub whole: Vec<(RouteId, WorkerId)>,
    /// Why it cannot have the connection that it needs.
    pub apart: Option<Box<Fault>>,
    /// The sooner of the limits of retry and cell.
    pub deadline: Option<Deadline>,
    /// The limit of each call, counted from when it is sent.
    pub timeout: Limit,
    /// Which interrupt ends it.
    pub stage: Stage,
}

impl Task {
    /// The step as reports name it, with the device where it has several.
    #[must_use]
    pub fn reference(&self) -> StepRef {
        let mut reference = self.step.reference(&self.scope);
        if let Some(member) = self.member.and_then(|index| self.step.members.get(index)) {
            reference.name.push_str(&format!(" [{}]", member.name));
        }
        reference
    }
}

/// What a task brings home.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// One per call, in order.
    pub attempts: Vec<Attempt>,
    /// What was captured or set.
    pub captured: Vec<(String, Data)>,
    /// What a `log` step said.
    pub logged: Vec<String>,
    /// Whether the connection is open now that it was to open.
    pub opened: bool,
    /// How it ended.
    pub ended: Ended,
}

impl Done {
    /// Nothing to say, and nothing wrong.
    #[must_use]
    pub fn good() -> Self {
        Self { attempts: Vec::new(), captured: Vec::new(), logged: Vec::new(), opened: false, ended: Ended::Good }
    }
}

/// How a task, step or group ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// The right answers came.
    Good,
    /// A wrong one, or none.
    Bad(Bad),
    /// The rest of the cell is skipped, for this reason.
    Skip(String),
}

impl Ended {
    /// Keeps the worse of two ends; the first of two that are equally bad.
    pub fn worsen(&mut self, other: Self) {
        if other.rank() > self.rank() {
            *self = other;
        }
    }

    /// How bad it is: 0 for good.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Skip(_) => 1,
            Self::Bad(_) => 2,
        }
    }
}

/// Why a step did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Failed or errored.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Whether asking again can help.
    pub retry_can_help: bool,
}

impl Bad {
    /// A wrong answer.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, reason: Reason { kind: ReasonKind::Check, message: message.into() }, retry_can_help: true }
    }

    /// No answer.
    #[must_use]
    pub fn errored(kind: FaultKind, message: impl Into<String>) -> Self {
        let reason = Reason { kind: ReasonKind::Fault(kind), message: message.into() };
        Self { verdict: Verdict::Errored, reason, retry_can_help: kind.retry_can_help() }
    }
}

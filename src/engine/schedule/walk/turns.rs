//! Turns: the items of a loop, the commands of a list, the devices of a step, or the branches of a group.

use crate::base::Data;
use crate::base::deadline::Deadline;
use crate::engine::plan::{Action, Step};
use crate::engine::schedule::walk::frames::FrameId;
use crate::engine::schedule::walk::telling::Untold;
use crate::engine::task::Ended;
use std::sync::Arc;

/// Turns of a loop, commands of a list, or branches of a group.
#[derive(Debug)]
pub(super) struct Turns {
    pub(super) step: Arc<Step>,
    units: Units,
    next: usize,
    running: usize,
    width: usize,
    pub(super) parallel: bool,
    pub(super) result: Ended,
    /// Which turn the result is of.
    result_of: usize,
    /// The loop's item that it belongs to, shown.
    pub(super) item: Option<String>,
    /// The frames of the turns of a loop, in order.
    pub(super) frames: Vec<FrameId>,
    /// Whether the next turn waits for a connection.
    pub(super) waiting: Waiting,
    /// What is told when the turns before have ended.
    pub(super) untold: Untold,
}

/// Whether the next turn waits for a connection of the pool, and how long it may.
#[derive(Debug)]
pub(super) enum Waiting {
    /// It does not.
    No,
    /// Until one comes free.
    Patiently,
    /// Until then at most.
    Until(Deadline),
}

#[derive(Debug)]
enum Units {
    Items(Vec<Data>),
    Commands(usize),
    Members(usize),
    Branches(Vec<Arc<Step>>),
}

/// One of them.
#[derive(Debug)]
pub(super) enum Unit {
    /// An item of a loop.
    Item(Data),
    /// A command of the step, by index.
    Command(usize),
    /// A device of the step, by index.
    Member(usize),
    /// A step of the group.
    Branch(Arc<Step>),
}

impl Turns {
    /// Turns of a loop.
    pub(super) fn items(step: Arc<Step>, items: Vec<Data>, width: usize) -> Self {
        // Where a step has several devices, those are what runs side by side.
        let beside = step.parallel.is_some() && step.members.is_empty();
        Self { parallel: beside, ..Self::new(step, Units::Items(items), if beside { width } else { 1 }) }
    }

    /// The devices of a step, side by side.
    pub(super) fn members(step: Arc<Step>, item: Option<String>, width: usize) -> Self {
        let count = step.members.len();
        Self { parallel: true, item, ..Self::new(step, Units::Members(count), width) }
    }

    /// The commands or branches of a step that fans out; `None` when it has nothing to fan out.
    pub(super) fn parts(step: &Arc<Step>, width: usize) -> Option<Self> {
        if step.parallel.is_none() || step.repeat.is_some() || !step.members.is_empty() {
            return None;
        }
        let units = match &step.action {
            Action::Execute { commands, .. } if commands.len() > 1 => Units::Commands(commands.len()),
            Action::Group { steps, .. } => Units::Branches(steps.clone()),
            _ => return None,
        };
        Some(Self::new(Arc::clone(step), units, width))
    }

    fn new(step: Arc<Step>, units: Units, width: usize) -> Self {
        let parallel = step.parallel.is_some();
        let result = Ended::Good;
        Self {
            step,
            units,
            next: 0,
            running: 0,
            width,
            parallel,
            result,
            result_of: 0,
            item: None,
            frames: Vec::new(),
            waiting: Waiting::No,
            untold: Untold::default(),
        }
    }

    fn count(&self) -> usize {
        match &self.units {
            Units::Items(items) => items.len(),
            Units::Commands(count) | Units::Members(count) => *count,
            Units::Branches(steps) => steps.len(),
        }
    }

    fn goes_on(&self) -> bool {
        match &self.result {
            Ended::Good => true,
            // What is asked of several devices is asked of each.
            Ended::Bad(_) => self.step.continue_on_failure || matches!(self.units, Units::Members(_)),
            Ended::Skip(_) => false,
        }
    }

    /// Whether its turns are the devices of the step.
    pub(super) fn are_members(&self) -> bool {
        matches!(self.units, Units::Members(_))
    }

    /// The next turn, if it may begin now.
    pub(super) fn startable(&self) -> Option<usize> {
        (self.next < self.count() && self.running < self.width && self.goes_on()).then_some(self.next)
    }

    /// Whether nothing runs and nothing more begins.
    pub(super) fn is_over(&self) -> bool {
        self.running == 0 && (self.next == self.count() || !self.goes_on())
    }

    pub(super) fn unit(&self, index: usize) -> Unit {
        match &self.units {
            Units::Items(items) => Unit::Item(items[index].clone()),
            Units::Commands(_) => Unit::Command(index),
            Units::Members(_) => Unit::Member(index),
            Units::Branches(steps) => Unit::Branch(Arc::clone(&steps[index])),
        }
    }

    /// Counts the next turn as running.
    pub(super) fn begin(&mut self) {
        self.next += 1;
        self.running += 1;
        self.waiting = Waiting::No;
    }

    /// Takes the end of a turn.
    pub(super) fn turn_ended(&mut self, index: usize, ended: Ended) {
        self.running -= 1;
        self.worsen(index, ended);
    }

    /// Keeps the worst end; of equally bad ones that of the earliest turn, whichever ended first.
    fn worsen(&mut self, index: usize, ended: Ended) {
        let (new, old) = (ended.rank(), self.result.rank());
        if new > old || (new == old && index < self.result_of) {
            (self.result, self.result_of) = (ended, index);
        }
    }
}

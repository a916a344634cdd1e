//! What is under way in a cell, as a tree.

use crate::base::deadline::{Deadline, Limit};
use crate::engine::plan::Step;
use crate::engine::schedule::walk::frames::FrameId;
use crate::engine::schedule::walk::strands::StrandId;
use crate::engine::schedule::walk::turns::Turns;
use crate::engine::task::{Bad, Ended};
use crate::record::fault::FaultKind;
use crate::record::verdict::{Reason, ReasonKind, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// Names a node of a tree, once per cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u64);

/// Where in a cell something runs: which connections it holds and which variables it sees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here {
    pub(super) strand: StrandId,
    pub(super) frame: FrameId,
    /// Which of the step's devices, where it has several.
    pub(super) member: Option<usize>,
}

/// Something under way.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: Option<NodeId>,
    pub(super) here: Here,
    pub(super) kind: Kind,
    wakes_at: Option<Instant>,
}

/// What kind of thing is under way.
#[derive(Debug)]
pub(super) enum Kind {
    /// Steps, one after another.
    Block(Block),
    /// Turns of a loop, commands or branches, side by side or one after another.
    Turns(Turns),
    /// One of those, by index; it ends its strand where it has one of its own.
    Turn(usize, Option<StrandId>),
    /// Attempts of a step.
    Attempts(Attempts),
    /// A pause of a `wait` step, and the limit that ends it before its time.
    Pause(Option<Limit>),
    /// A task that the crew has.
    Leaf,
}

/// Steps, one after another, and those that run after them whatever happened.
#[derive(Debug)]
pub(super) struct Block {
    steps: Vec<Arc<Step>>,
    always: Vec<Arc<Step>>,
    next: usize,
    /// The step that runs now.
    current: Option<Arc<Step>>,
    /// Whether every step runs, however those before it ended: what cleans up leaves nothing out.
    cleans_up: bool,
    stopped: bool,
    pub(super) result: Ended,
}

impl Block {
    /// Steps of which the first bad one is the last, and those that clean up after them.
    pub(super) fn new(steps: Vec<Arc<Step>>, always: Vec<Arc<Step>>) -> Self {
        Self { steps, always, next: 0, current: None, cleans_up: false, stopped: false, result: Ended::Good }
    }

    /// Steps that clean up.
    pub(super) fn cleaning(steps: Vec<Arc<Step>>) -> Self {
        Self { cleans_up: true, ..Self::new(steps, Vec::new()) }
    }

    /// The step to run now; `None` when the block is over.
    pub(super) fn next_step(&mut self) -> Option<Arc<Step>> {
        if self.stopped || self.next == self.steps.len() {
            if self.always.is_empty() {
                return None;
            }
            self.cleans_up = true;
            self.steps = std::mem::take(&mut self.always);
            self.next = 0;
            self.stopped = false;
        }
        let step = self.steps.get(self.next).cloned();
        self.next += 1;
        self.current.clone_from(&step);
        step
    }

    /// Takes the end of the step that ran.
    pub(super) fn step_ended(&mut self, ended: Ended) {
        let goes_on = self.current.as_ref().is_some_and(|step| step.continue_on_failure);
        self.stopped = match &ended {
            Ended::Good => false,
            Ended::Bad(_) => !goes_on && !self.cleans_up,
            Ended::Skip(_) => true,
        };
        self.result.worsen(ended);
    }
}

/// Attempts of a step.
#[derive(Debug)]
pub(super) struct Attempts {
    pub(super) step: Arc<Step>,
    /// The loop's item, shown.
    pub(super) item: Option<String>,
    /// Counted from 1; 0 before the first.
    pub(super) number: u32,
    /// Tells apart what pauses at the same time.
    salt: u64,
    /// When the first one began.
    pub(super) first: Instant,
    /// How the last one ended, where it was bad.
    pub(super) last: Option<Bad>,
    /// Set while the steps of a group run that always run: how its branches ended.
    pub(super) branches_ended: Option<Ended>,
}

impl Attempts {
    pub(super) fn new(step: Arc<Step>, item: Option<String>, salt: u64, now: Instant) -> Self {
        Self { step, item, number: 0, salt, first: now, last: None, branches_ended: None }
    }

    /// The end of the step, where its `retry.within` or one around it cut off its last attempt at `now`: the wrong answer
    /// before it says more than that.
    pub(super) fn told_before_cut(&self, bad: &Bad, end: &Deadline, now: Instant) -> Option<Bad> {
        let within = (now >= end.at()).then(|| end.limit())?;
        let wrong = self.last.as_ref().filter(|last| last.verdict == Verdict::Failed)?;
        if bad.reason.kind != ReasonKind::Fault(FaultKind::Timeout) {
            return None;
        }
        let message = format!("{} (the attempt after that was cut off after {within})", wrong.reason.message);
        Some(Bad { reason: Reason { message, ..wrong.reason.clone() }, ..wrong.clone() })
    }

    /// When this step is tried again after an attempt that ended so at `now`, apart from limits; `None` when it is not.
    fn again_after(&self, bad: &Bad, now: Instant) -> Option<Instant> {
        let retry = self.step.retry.as_ref()?;
        if !bad.retry_can_help || retry.attempts.is_some_and(|most| self.number >= most) {
            return None;
        }
        Some(now + retry.pause(self.number, self.salt))
    }

    /// The limit of all attempts together.
    fn deadline(&self) -> Option<Deadline> {
        let within = self.step.retry.as_ref()?.within.clone()?;
        Some(Deadline::new(self.first, within))
    }
}

/// The nodes of a cell.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: BTreeMap<NodeId, Node>,
    /// When nodes must be looked at although nothing happened.
    wakes: BTreeSet<(Instant, NodeId)>,
    next: u64,
}

impl Tree {
    pub(super) fn add(&mut self, parent: Option<NodeId>, here: Here, kind: Kind) -> NodeId {
        let id = NodeId(self.next);
        self.next += 1;
        self.nodes.insert(id, Node { parent, here, kind, wakes_at: None });
        id
    }

    pub(super) fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// Every node, those that are further up first.
    pub(super) fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.nodes.values_mut()
    }

    pub(super) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: NodeId) -> Option<Node> {
        self.wake(id, None);
        self.nodes.remove(&id)
    }

    /// Says when a node must be looked at although nothing happened.
    pub(super) fn wake(&mut self, id: NodeId, at: Option<Instant>) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if let Some(before) = std::mem::replace(&mut node.wakes_at, at) {
            self.wakes.remove(&(before, id));
        }
        self.wakes.extend(at.map(|at| (at, id)));
    }

    /// Forgets every node; ids are not used again.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.wakes.clear();
    }

    /// A node and those that it is part of, the innermost first.
    fn around(&self, id: NodeId) -> impl Iterator<Item = (NodeId, &Kind)> {
        let node = |id: NodeId| self.nodes.get(&id).map(|node| (id, node));
        std::iter::successors(node(id), move |(_, inner)| inner.parent.and_then(node)).map(|(id, node)| (id, &node.kind))
    }

    /// The attempts that a node is part of, the innermost first.
    pub(super) fn attempts_around(&self, id: NodeId) -> impl Iterator<Item = (NodeId, &Attempts)> {
        self.around(id).filter_map(|(id, kind)| match kind {
            Kind::Attempts(attempts) => Some((id, attempts)),
            Kind::Block(_) | Kind::Turns(_) | Kind::Turn(..) | Kind::Pause(_) | Kind::Leaf => None,
        })
    }

    /// The soonest `retry.within` that a node is part of. What cleans up is not limited by those around it.
    pub(super) fn retries_end(&self, id: NodeId) -> Option<Deadline> {
        let limited = self.around(id).take_while(|(_, kind)| !matches!(kind, Kind::Block(block) if block.cleans_up));
        let ends = limited.filter_map(|(_, kind)| match kind {
            Kind::Attempts(attempts) => attempts.deadline(),
            Kind::Block(_) | Kind::Turns(_) | Kind::Turn(..) | Kind::Pause(_) | Kind::Leaf => None,
        });
        ends.reduce(Deadline::sooner)
    }

    /// When these attempts go on after one that ended so at `now`; `None` when they do not, or when a limit around them has
    /// passed by then.
    pub(super) fn again_after(&self, id: NodeId, bad: &Bad, now: Instant) -> Option<Instant> {
        let Kind::Attempts(attempts) = &self.nodes.get(&id)?.kind else { return None };
        let again = attempts.again_after(bad, now)?;
        self.retries_end(id).is_none_or(|end| again < end.at()).then_some(again)
    }

    /// The nodes for which something is due at `now`.
    pub(super) fn due(&self, now: Instant) -> Vec<NodeId> {
        self.wakes.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect()
    }

    /// When the next thing is due.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// How a step ended last that pauses before it is tried again.
    pub(super) fn pausing(&self) -> Option<&Bad> {
        self.wakes.iter().find_map(|(_, id)| match &self.nodes.get(id)?.kind {
            Kind::Attempts(attempts) => attempts.last.as_ref(),
            Kind::Block(_) | Kind::Turns(_) | Kind::Turn(..) | Kind::Pause(_) | Kind::Leaf => None,
        })
    }
}

//! Takes one cell through its phases and steps.
//!
//! What is under way is a tree. Everything that ends tells its parent by way of a queue, so that no depth of nesting
//! deepens the stack. This file has the phases and the way in and out; `steps` begins and ends what is in the tree;
//! `waits` has pauses and limits; `linking` gives steps the connections they use, open or close; `telling` keeps facts in
//! order.

mod frames;
mod linking;
mod steps;
mod strands;
mod telling;
mod tree;
mod turns;
mod waits;

use crate::base::Data;
use crate::base::deadline::{Deadline, Limit};
use crate::engine::plan::{Run, Step};
use crate::engine::schedule::links::Links;
use crate::engine::schedule::orders::Output;
use crate::engine::schedule::walk::frames::Frames;
use crate::engine::schedule::walk::linking::Change;
use crate::engine::schedule::walk::strands::Strands;
use crate::engine::schedule::walk::tree::{Block, Here, Kind, NodeId, Tree};
use crate::engine::task::{Bad, Done, Ended, Stage, TaskId};
use crate::eval::scope::{Layer, Scope};
use crate::record::event::{CellId, Fact, StepPhase};
use crate::record::fault::FaultKind;
use crate::record::verdict::{Outcome, Reason, ReasonKind, Verdict};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the teardown of a cell may take that was cancelled.
const TEARDOWN_AFTER_CANCEL: Duration = Duration::from_mins(1);

/// What a walk may touch while it advances.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) links: &'a mut Links,
    pub(super) next_task: &'a mut u64,
    pub(super) out: &'a mut Vec<Output>,
}

/// One cell on its way.
#[derive(Debug)]
pub(super) struct Walk {
    cell: CellId,
    run: Arc<Run>,
    frames: Frames,
    strands: Strands,
    tree: Tree,
    queue: VecDeque<News>,
    phase: StepPhase,
    started: Instant,
    /// The limit of the cell, or of its teardown once it was cancelled.
    deadline: Option<Deadline>,
    /// Tasks that the crew has or will get, and their leaves, which are gone once the cell was cancelled.
    outstanding: BTreeMap<TaskId, Outstanding>,
    /// Set while tasks come home after the cell was cancelled: whether that ended its steps only, or its teardown too.
    cancelled: Option<Stage>,
    /// Turns that wait for a connection of a pool.
    waiting: BTreeSet<NodeId>,
    main: Ended,
    /// Whether a step between setup and teardown asked or judged something.
    asked: bool,
    finished: Option<Outcome>,
}

/// A task that the crew has or will get.
#[derive(Debug)]
struct Outstanding {
    leaf: NodeId,
    change: Option<Change>,
}

/// Something that became known inside a walk.
#[derive(Debug)]
enum News {
    Begin { parent: NodeId, step: Arc<Step>, here: Here },
    Ended { parent: Option<NodeId>, ended: Ended },
}

/// What templates see when a cell begins.
pub(super) struct Beginning {
    /// Everything.
    pub(super) scope: Scope,
    /// The variables alone.
    pub(super) vars: Layer,
    /// Why one of them could not be rendered. A `when` that does not need it still decides whether that matters.
    pub(super) bad: Option<Bad>,
}

impl Beginning {
    /// Renders the variables of a cell, in order.
    pub(super) fn of(run: &Run) -> Self {
        let mut vars: IndexMap<String, Data> = IndexMap::new();
        let mut bad = None;
        for (name, value) in run.vars.iter() {
            let scope = run.fixed.under(Layer::from_data(&vars));
            match value.render(&scope) {
                Ok(value) => drop(vars.insert(name.clone(), value)),
                Err(fault) => {
                    bad.get_or_insert_with(|| Bad::errored(fault.kind, format!("variable `{name}`: {}", fault.message)));
                }
            }
        }
        let vars = Layer::from_data(&vars);
        Self { scope: run.fixed.under(vars.clone()), vars, bad }
    }
}

impl Walk {
    /// Makes a walk that has not begun. A step whose route is down ends badly. `None` when an open route of the cell has
    /// no idle connection, which never happens while its devices are its own.
    pub(super) fn new(cell: CellId, run: Arc<Run>, vars: Layer, cx: &mut Context<'_>) -> Option<Self> {
        let routes: BTreeSet<_> = run.routes.iter().copied().filter(|route| cx.links.is_open(*route)).collect();
        let strands = Strands::begin(&routes, cx.links)?;
        Some(Self {
            cell,
            frames: Frames::new(run.fixed.clone(), vars),
            strands,
            tree: Tree::default(),
            queue: VecDeque::new(),
            phase: StepPhase::Setup,
            started: cx.now,
            deadline: run.timeout.clone().map(|limit| Deadline::new(cx.now, limit)),
            outstanding: BTreeMap::new(),
            cancelled: None,
            waiting: BTreeSet::new(),
            main: Ended::Good,
            asked: false,
            finished: None,
            run,
        })
    }

    /// Begins the first phase.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>) {
        self.begin_phase(StepPhase::Setup);
        self.settle(cx);
    }

    /// How the cell ended, when it has.
    pub(super) fn finished(&self) -> Option<&Outcome> {
        self.finished.as_ref()
    }

    /// When the cell began.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Whether teardown is what runs.
    pub(super) fn in_teardown(&self) -> bool {
        self.phase == StepPhase::Teardown
    }

    /// When the walk must be looked at again although nothing happened. Tasks under way keep their deadlines themselves.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        let deadline = self.deadline.as_ref().filter(|_| self.outstanding.is_empty()).map(Deadline::at);
        self.tree.next_wake().into_iter().chain(deadline).min()
    }

    /// Takes a task's result.
    pub(super) fn done(&mut self, task: TaskId, done: Done, cx: &mut Context<'_>) {
        let outstanding = self.outstanding.remove(&task);
        if let Some(change) = outstanding.as_ref().and_then(|outstanding| outstanding.change.as_ref()) {
            self.changed(change, done.opened, cx.links);
        }
        let leaf = outstanding.map(|outstanding| outstanding.leaf).filter(|leaf| self.tree.get(*leaf).is_some());
        let again = match (&done.ended, leaf) {
            (Ended::Bad(bad), Some(leaf)) => {
                self.tree.attempts_around(leaf).any(|(id, _)| self.tree.again_after(id, bad, cx.now).is_some())
            }
            _ => false,
        };
        for mut attempt in done.attempts {
            attempt.last = attempt.verdict.is_good() || !again;
            self.tell(leaf, Fact::Attempted(Box::new(attempt)), cx);
        }
        for text in done.logged {
            self.tell(leaf, Fact::Logged { cell: self.cell, text }, cx);
        }
        if let Some(node) = leaf.and_then(|leaf| self.tree.remove(leaf)) {
            self.frames.set(node.here.frame, done.captured);
            self.queue.push_back(News::Ended { parent: node.parent, ended: done.ended });
        }
        self.settle(cx);
    }

    /// Does what time asks for: the next attempt, the end of a pause, a deadline.
    pub(super) fn tick(&mut self, cx: &mut Context<'_>) {
        if let Some(deadline) = self.deadline.clone().filter(|deadline| self.outstanding.is_empty() && deadline.at() <= cx.now) {
            self.deadline = None;
            let pausing = self.tree.pausing().map(|bad| format!(", waiting to try again: {}", bad.reason.message));
            let sentence = format!("timed out after {}{}", deadline.limit(), pausing.unwrap_or_default());
            self.cancel(&Bad::errored(FaultKind::Timeout, sentence), Stage::Main, cx);
            return;
        }
        for id in self.tree.due(cx.now) {
            match self.tree.get(id).map(|node| &node.kind) {
                Some(Kind::Pause(cut)) => {
                    let ended = cut.as_ref().map_or(Ended::Good, |limit| Ended::Bad(self.cut_pause(id, limit)));
                    self.end(id, ended);
                }
                Some(Kind::Attempts(_)) => self.begin_attempt(id, cx),
                Some(Kind::Turns(_)) => self.give_up_turn(id, cx),
                Some(Kind::Block(_) | Kind::Turn(..) | Kind::Leaf) | None => {}
            }
        }
        self.settle(cx);
    }

    /// Ends what runs for a reason from outside. Teardown follows, unless it is what runs or is ended with it. Tasks under
    /// way come home first; the caller interrupts them or knows that their deadlines have come.
    pub(super) fn cancel(&mut self, bad: &Bad, ends: Stage, cx: &mut Context<'_>) {
        if self.finished.is_some() {
            return;
        }
        self.tell_all(cx);
        self.tree.clear();
        self.queue.clear();
        self.waiting.clear();
        if !matches!(self.main, Ended::Bad(_)) {
            self.main = Ended::Bad(bad.clone());
        }
        self.cancelled = self.cancelled.max(Some(ends));
        self.settle(cx);
    }

    /// Notes a reason from outside that makes the cell bad without ending what runs.
    pub(super) fn note(&mut self, bad: &Bad) {
        self.main.worsen(Ended::Bad(bad.clone()));
    }

    /// Forgets a task that never reached a worker, after the cell was cancelled.
    pub(super) fn forget(&mut self, task: TaskId, cx: &mut Context<'_>) {
        if let Some(change) = self.outstanding.remove(&task).and_then(|outstanding| outstanding.change) {
            self.unchanged(&change, cx.links);
        }
        self.settle(cx);
    }

    fn settle(&mut self, cx: &mut Context<'_>) {
        loop {
            while let Some(news) = self.queue.pop_front() {
                match news {
                    News::Begin { parent, step, here } => self.begin_step(parent, &step, here, cx),
                    News::Ended { parent: Some(parent), ended } => self.child_ended(parent, ended, cx),
                    News::Ended { parent: None, ended } => self.phase_ended(ended, cx),
                }
            }
            if self.cancelled.is_none() || !self.outstanding.is_empty() || self.finished.is_some() {
                return;
            }
            let ends = self.cancelled.take();
            self.strands.end_branches(cx.links);
            if self.phase == StepPhase::Teardown || ends == Some(Stage::Teardown) {
                return self.finish(cx);
            }
            let limit = Limit { length: TEARDOWN_AFTER_CANCEL, setting: "the limit of teardown after a cancelled test".into() };
            self.deadline = Some(Deadline::new(cx.now, limit));
            self.begin_phase(StepPhase::Teardown);
        }
    }

    fn begin_phase(&mut self, phase: StepPhase) {
        self.phase = phase;
        let steps = match phase {
            StepPhase::Setup => &self.run.program.setup,
            StepPhase::Steps => &self.run.program.steps,
            StepPhase::Teardown => &self.run.program.teardown,
        };
        let here = Here { strand: Strands::CELL, frame: Frames::CELL, member: None };
        let block = if phase == StepPhase::Teardown { Block::cleaning(steps.clone()) } else { Block::new(steps.clone(), Vec::new()) };
        let node = self.tree.add(None, here, Kind::Block(block));
        self.advance_block(node);
    }

    fn phase_ended(&mut self, ended: Ended, cx: &mut Context<'_>) {
        match (self.phase, ended) {
            (StepPhase::Setup, Ended::Good) => self.begin_phase(StepPhase::Steps),
            (StepPhase::Setup, Ended::Bad(bad)) => {
                let reason = Reason { kind: ReasonKind::Setup, message: bad.reason.message };
                self.begin_teardown(Ended::Bad(Bad { verdict: Verdict::Errored, reason, retry_can_help: false }));
            }
            (StepPhase::Setup | StepPhase::Steps, ended) => self.begin_teardown(ended),
            (StepPhase::Teardown, ended) => {
                // To skip the rest of teardown says nothing about the test.
                if matches!(ended, Ended::Bad(_)) {
                    self.main.worsen(ended);
                }
                self.finish(cx);
            }
        }
    }

    fn begin_teardown(&mut self, main: Ended) {
        self.main = main;
        self.deadline = None;
        self.begin_phase(StepPhase::Teardown);
    }

    fn finish(&mut self, cx: &mut Context<'_>) {
        self.strands.end_all(cx.links);
        self.rejoin(cx.links);
        self.deadline = None;
        self.finished = Some(match std::mem::replace(&mut self.main, Ended::Good) {
            Ended::Good if self.run.test.is_some() && !self.asked => {
                let reason = "nothing was asked: `when` is false of every step that asks";
                Outcome::with(Verdict::Skipped, ReasonKind::Skipped, reason)
            }
            Ended::Good => Outcome::passed(),
            Ended::Bad(bad) => Outcome { verdict: bad.verdict, reason: Some(bad.reason) },
            Ended::Skip(reason) => Outcome::with(Verdict::Skipped, ReasonKind::Skipped, reason),
        });
    }
}

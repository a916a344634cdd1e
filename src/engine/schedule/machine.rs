//! The state machine: inputs in, orders and facts out.

use crate::base::deadline::Deadline;
use crate::engine::plan::{Plan, RouteId, Run, Work};
use crate::engine::schedule::lanes::Lanes;
use crate::engine::schedule::links::{Links, Settled, State};
use crate::engine::schedule::orders::{Input, Output};
use crate::engine::schedule::walk::{Context, Walk, scope_of};
use crate::engine::task::{Bad, Stage, Task, TaskId};
use crate::record::event::{CellId, CellKind, Fact};
use crate::record::fault::{Fault, FaultKind};
use crate::record::verdict::{Outcome, ReasonKind, Verdict};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// Who runs next.
#[derive(Debug)]
pub struct Schedule {
    plan: Arc<Plan>,
    /// The most tasks and openings at once.
    jobs: usize,
    links: Links,
    lanes: Lanes,
    cells: Vec<Progress>,
    /// Cells whose turn has come.
    turn: VecDeque<CellId>,
    /// Tasks that wait for a free place.
    ready: VecDeque<Box<Task>>,
    in_flight: BTreeMap<TaskId, CellId>,
    opening: usize,
    waiting_for: HashMap<RouteId, Vec<CellId>>,
    timers: BinaryHeap<Reverse<(Instant, CellId)>>,
    deadline: Option<Deadline>,
    stop: Option<Stop>,
    setup_failed: bool,
    some_error: bool,
    finished: bool,
    next_task: u64,
    out: Vec<Output>,
}

/// How far a cell is.
#[derive(Debug)]
enum Progress {
    /// It has not begun.
    Waiting,
    /// A connection is being opened since then; only for cells that do that.
    Connecting(Instant),
    /// Its steps run.
    Walking(Box<Walk>),
    /// It has ended.
    Ended,
}

/// Why nothing new begins.
#[derive(Debug)]
struct Stop {
    bad: Bad,
    /// Whether the user asked for it, then or later.
    interrupted: bool,
    /// Whether teardown is dropped too.
    at_once: bool,
}

impl Schedule {
    /// Makes the schedule of a plan, with at most `jobs` calls at once.
    #[must_use]
    pub fn new(plan: Arc<Plan>, jobs: usize) -> Self {
        Self {
            links: Links::new(&plan.routes),
            lanes: Lanes::new(&plan),
            cells: plan.cells.iter().map(|_| Progress::Waiting).collect(),
            plan,
            jobs: jobs.max(1),
            turn: VecDeque::new(),
            ready: VecDeque::new(),
            in_flight: BTreeMap::new(),
            opening: 0,
            waiting_for: HashMap::new(),
            timers: BinaryHeap::new(),
            deadline: None,
            stop: None,
            setup_failed: false,
            some_error: false,
            finished: false,
            next_task: 0,
            out: Vec::new(),
        }
    }

    /// Takes one input and says everything that follows from it. The last output of a run is [`Output::Finished`].
    pub fn advance(&mut self, input: Input, now: Instant) -> Vec<Output> {
        match input {
            Input::Begin => self.deadline = self.plan.timeout.clone().map(|limit| Deadline::new(now, limit)),
            Input::Opened { route, worker, result } => {
                self.opening -= 1;
                if let Some(settled) = self.links.opened(route, worker, result) {
                    self.route_settled(route, settled, now);
                }
            }
            Input::Done { task, done } => {
                if let Some(cell) = self.in_flight.remove(&task) {
                    self.walk(cell, now, |walk, cx| walk.done(task, done, cx));
                }
            }
            Input::Interrupt { by } => self.interrupt(by, now),
            Input::Tick => self.tick(now),
        }
        self.settle(now);
        self.admit();
        std::mem::take(&mut self.out)
    }

    /// When [`Input::Tick`] is due next.
    #[must_use]
    pub fn next_wake(&self) -> Option<Instant> {
        let job = self.deadline.as_ref().map(Deadline::at);
        self.timers.peek().map(|Reverse((at, _))| *at).into_iter().chain(job).min()
    }

    fn tick(&mut self, now: Instant) {
        if let Some(deadline) = self.deadline.clone().filter(|deadline| deadline.at() <= now) {
            let sentence = format!("the job timed out after {}", deadline.limit());
            self.stop(&Bad::errored(FaultKind::Timeout, sentence), now);
        }
        while let Some(Reverse((at, cell))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            self.walk(cell, now, Walk::tick);
        }
    }

    fn interrupt(&mut self, by: String, now: Instant) {
        if self.finished {
            return;
        }
        let bad = Bad {
            reason: crate::record::verdict::Reason { kind: ReasonKind::Interrupted, message: format!("interrupted by {by}") },
            ..Bad::errored(FaultKind::Interrupted, "")
        };
        // After the job's timeout the first one still leaves teardown alone.
        if !self.stop.as_ref().is_some_and(|stop| stop.interrupted) {
            self.out.push(Output::Record(Fact::Interrupted { by }));
            self.stop(&bad, now);
            self.stop.iter_mut().for_each(|stop| stop.interrupted = true);
            return;
        }
        self.stop.iter_mut().for_each(|stop| stop.at_once = true);
        self.out.push(Output::Interrupt(Stage::Teardown));
        self.cancel_walks(&bad, Stage::Teardown, now);
    }

    /// Begins nothing new but teardown, and ends what runs.
    fn stop(&mut self, bad: &Bad, now: Instant) {
        self.deadline = None;
        if self.stop.is_some() {
            return;
        }
        self.stop = Some(Stop { bad: bad.clone(), interrupted: false, at_once: false });
        self.out.push(Output::Interrupt(Stage::Main));
        let fault = Fault::new(FaultKind::Interrupted, bad.reason.message.clone());
        for (route, settled) in self.links.give_up_waiting(&fault) {
            self.route_settled(route, settled, now);
        }
        self.cancel_walks(bad, Stage::Main, now);
    }

    /// Cancels every walk that is in this stage, and the tasks that no worker has yet.
    fn cancel_walks(&mut self, bad: &Bad, stage: Stage, now: Instant) {
        let (dropped, kept) = std::mem::take(&mut self.ready).into_iter().partition(|task| task.stage <= stage);
        self.ready = kept;
        let walking: Vec<CellId> =
            self.ids_of(|progress| matches!(progress, Progress::Walking(walk) if stage == Stage::Teardown || !walk.in_teardown()));
        for cell in walking {
            self.walk(cell, now, |walk, cx| walk.cancel(bad, stage, cx));
        }
        let dropped: VecDeque<Box<Task>> = dropped;
        for task in dropped {
            self.walk(task.cell, now, |walk, cx| walk.forget(task.id, cx));
        }
    }

    fn ids_of(&self, wanted: impl Fn(&Progress) -> bool) -> Vec<CellId> {
        (0..).map(CellId).zip(&self.cells).filter(|(_, progress)| wanted(progress)).map(|(id, _)| id).collect()
    }

    /// Begins every cell whose turn has come, batch after batch, until everything waits for the crew or for time.
    fn settle(&mut self, now: Instant) {
        while !self.finished {
            while let Some(cell) = self.turn.pop_front() {
                self.begin_cell(cell, now);
            }
            match self.lanes.next_batch(&self.plan) {
                Some(cells) if cells.is_empty() => return,
                Some(cells) => self.turn.extend(cells),
                None => self.finish(now),
            }
        }
    }

    fn begin_cell(&mut self, id: CellId, now: Instant) {
        // Two routes of a waiting cell may be given up at once, and each calls it.
        if !matches!(self.cells[id.index()], Progress::Waiting) {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let cell = &plan.cells[id.index()];
        let Work::Run(run) = &cell.work else { return };
        if let Some(outcome) = self.outcome_without_running(cell.head.kind, run) {
            return self.end_cell(id, outcome, now, now);
        }
        let waits =
            run.routes.iter().filter(|route| *self.links.state(**route) != State::Open).copied().collect::<std::collections::BTreeSet<_>>();
        if !waits.is_empty() {
            for route in waits {
                self.wait_for(route, id, now);
            }
            return;
        }
        let vars = match scope_of(run) {
            Ok((_, vars)) => vars,
            Err(bad) => return self.end_cell(id, Outcome { verdict: bad.verdict, reason: Some(bad.reason) }, now, now),
        };
        self.out.push(Output::Record(Fact::CellStarted { cell: id }));
        let mut cx =
            Context { now, links: &mut self.links, next_task: &mut self.next_task, deadline: self.deadline.as_ref(), out: &mut self.out };
        let Some(walk) = Walk::new(id, Arc::clone(run), vars, &mut cx) else {
            let sentence = "a connection of the cell's own device was in use elsewhere";
            let bad = Bad::errored(FaultKind::Internal, sentence);
            return self.end_cell(id, Outcome { verdict: bad.verdict, reason: Some(bad.reason) }, now, now);
        };
        self.cells[id.index()] = Progress::Walking(Box::new(walk));
        self.walk(id, now, Walk::begin);
    }

    /// How a cell ends that is not to run; `None` when it is.
    fn outcome_without_running(&mut self, kind: CellKind, run: &Run) -> Option<Outcome> {
        if let Some(stop) = self.stop.as_ref().filter(|stop| stop.at_once || kind != CellKind::Teardown) {
            if self.some_error {
                return Some(Outcome::with(Verdict::Skipped, ReasonKind::NotRun, format!("not run: {}", stop.bad.reason.message)));
            }
            return Some(Outcome { verdict: Verdict::Errored, reason: Some(stop.bad.reason.clone()) });
        }
        if self.setup_failed && kind == CellKind::Test {
            return Some(Outcome::with(Verdict::Blocked, ReasonKind::Blocked, "blocked: setup did not pass"));
        }
        if let Some(when) = &run.when {
            let condition =
                scope_of(run).and_then(|(scope, _)| when.condition(&scope).map_err(|fault| Bad::errored(fault.kind, fault.message)));
            match condition {
                Ok(true) => {}
                Ok(false) => {
                    let reason = format!("`when` is false: {}", when.source());
                    return Some(Outcome::with(Verdict::Skipped, ReasonKind::Skipped, reason));
                }
                Err(bad) => return Some(Outcome { verdict: bad.verdict, reason: Some(bad.reason) }),
            }
        }
        let down = run.routes.iter().find(|route| *self.links.state(**route) == State::Down)?;
        let connect = &self.plan.cells[self.plan.routes[down.index()].cell.index()].head.name;
        Some(Outcome::with(Verdict::Blocked, ReasonKind::Blocked, format!("blocked: {connect} failed")))
    }

    /// Lets a cell wait for a route, and opens the route when nobody did yet.
    fn wait_for(&mut self, route: RouteId, cell: CellId, now: Instant) {
        self.waiting_for.entry(route).or_default().push(cell);
        if *self.links.state(route) == State::Closed {
            let connect = self.plan.routes[route.index()].cell;
            self.cells[connect.index()] = Progress::Connecting(now);
            self.out.push(Output::Record(Fact::CellStarted { cell: connect }));
            self.links.open(route);
        }
    }

    fn route_settled(&mut self, route: RouteId, settled: Settled, now: Instant) {
        let connect = self.plan.routes[route.index()].cell;
        let started = match self.cells[connect.index()] {
            Progress::Connecting(since) => since,
            Progress::Waiting | Progress::Walking(_) | Progress::Ended => now,
        };
        let outcome = match settled {
            Settled::Open => Outcome::passed(),
            Settled::Down(fault, opened) => {
                for worker in opened {
                    self.out.push(Output::Close { route, worker });
                }
                let kind = if fault.kind == FaultKind::Interrupted { ReasonKind::Interrupted } else { ReasonKind::Fault(fault.kind) };
                let outcome = Outcome::with(Verdict::Errored, kind, fault.to_string());
                let took = now.saturating_duration_since(started);
                self.out.push(Output::Record(Fact::Attempted(Box::new(self.plan.connect_attempt(route, *fault, took)))));
                outcome
            }
        };
        self.note_end(connect, outcome, started, now);
        let mut waiting = self.waiting_for.remove(&route).unwrap_or_default();
        waiting.retain(|cell| self.may_go_on(*cell));
        self.turn.extend(waiting);
    }

    /// Whether none of the routes that a waiting cell needs is still being opened.
    fn may_go_on(&self, cell: CellId) -> bool {
        match &self.plan.cells[cell.index()].work {
            Work::Run(run) => run.routes.iter().all(|route| matches!(self.links.state(*route), State::Open | State::Down)),
            Work::Connect(_) => false,
        }
    }

    /// Lets a walk advance, takes over what it orders, and ends its cell when it has ended.
    fn walk(&mut self, cell: CellId, now: Instant, advance: impl FnOnce(&mut Walk, &mut Context<'_>)) {
        let Progress::Walking(walk) = &mut self.cells[cell.index()] else { return };
        let mut out = Vec::new();
        let deadline = self.deadline.as_ref();
        let mut cx = Context { now, links: &mut self.links, next_task: &mut self.next_task, deadline, out: &mut out };
        advance(walk, &mut cx);
        let (finished, started, wake) = (walk.finished().cloned(), walk.started(), walk.next_wake());
        for output in out {
            match output {
                Output::Start(task) => self.ready.push_back(task),
                other => self.out.push(other),
            }
        }
        match finished {
            Some(outcome) => self.end_cell(cell, outcome, started, now),
            None => self.timers.extend(wake.map(|at| Reverse((at, cell)))),
        }
    }

    /// Ends a cell and gives its devices to those that wait for them.
    fn end_cell(&mut self, cell: CellId, outcome: Outcome, started: Instant, now: Instant) {
        if self.plan.cells[cell.index()].head.kind == CellKind::Setup && !outcome.verdict.is_good() {
            self.setup_failed = true;
        }
        self.note_end(cell, outcome, started, now);
        let next = self.lanes.end(&self.plan, cell);
        self.turn.extend(next);
    }

    fn note_end(&mut self, cell: CellId, outcome: Outcome, started: Instant, now: Instant) {
        self.some_error |= outcome.verdict == Verdict::Errored;
        self.cells[cell.index()] = Progress::Ended;
        let took = now.saturating_duration_since(started);
        self.out.push(Output::Record(Fact::CellFinished { cell, outcome, took }));
    }

    /// Gives free places to openings and tasks.
    fn admit(&mut self) {
        while self.in_flight.len() + self.opening < self.jobs {
            if let Some((route, worker)) = self.links.next_opening() {
                self.opening += 1;
                let stage = if self.stop.is_some() { Stage::Teardown } else { Stage::Main };
                self.out.push(Output::Open { route, worker, stage });
            } else if let Some(task) = self.ready.pop_front() {
                self.in_flight.insert(task.id, task.cell);
                self.out.push(Output::Start(task));
            } else {
                return;
            }
        }
    }

    fn finish(&mut self, now: Instant) {
        for cell in self.ids_of(|progress| !matches!(progress, Progress::Ended)) {
            let outcome = match &self.stop {
                Some(stop) => Outcome::with(Verdict::Skipped, ReasonKind::NotRun, format!("not run: {}", stop.bad.reason.message)),
                None => Outcome::with(Verdict::Skipped, ReasonKind::Skipped, "no test needed this connection"),
            };
            self.note_end(cell, outcome, now, now);
        }
        self.finished = true;
        self.out.push(Output::Finished);
    }

    /// Whether every lease came back; for tests.
    #[cfg(test)]
    pub(super) fn all_leases_are_back(&self) -> bool {
        self.links.all_idle()
    }
}

//! The state machine: inputs in, orders and facts out. `stop` ends a run before its time;
//! `by_step` is about connections that steps open.

mod by_step;
mod stop;

use crate::base::deadline::Deadline;
use crate::engine::plan::{Plan, RouteId, Run, Work};
use crate::engine::schedule::lanes::Lanes;
use crate::engine::schedule::links::{Links, Settled, State};
use crate::engine::schedule::machine::by_step::{InFlight, awaited};
use crate::engine::schedule::machine::stop::Stop;
use crate::engine::schedule::orders::{Input, Output};
use crate::engine::schedule::walk::{Beginning, Context, Walk};
use crate::engine::task::{Bad, Stage, Task, TaskId};
use crate::record::event::{CellId, CellKind, Fact};
use crate::record::fault::FaultKind;
use crate::record::verdict::{Outcome, ReasonKind, Verdict};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};
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
    in_flight: BTreeMap<TaskId, InFlight>,
    opening: usize,
    waiting_for: HashMap<RouteId, Vec<CellId>>,
    timers: BinaryHeap<Reverse<(Instant, CellId)>>,
    /// The timer of each cell that was set last.
    alarms: Vec<Option<Instant>>,
    /// The limit of the job; once it was stopped, that of teardown.
    deadline: Option<Deadline>,
    stop: Option<Stop>,
    reached: Reached,
    setup_failed: bool,
    some_error: bool,
    next_task: u64,
    out: Vec<Output>,
}

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    /// Setup or tests.
    Tests,
    /// The job's teardown.
    Teardown,
    /// Every cell has ended.
    End,
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

impl Schedule {
    /// Makes the schedule of a plan, with at most `jobs` calls at once.
    #[must_use]
    pub fn new(plan: Arc<Plan>, jobs: usize) -> Self {
        Self {
            links: Links::new(&plan.routes),
            lanes: Lanes::new(&plan),
            cells: plan.cells.iter().map(|_| Progress::Waiting).collect(),
            alarms: vec![None; plan.cells.len()],
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
            reached: Reached::Tests,
            setup_failed: false,
            some_error: false,
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
                if let Some(InFlight { cell, opens }) = self.in_flight.remove(&task) {
                    if let Some(route) = opens {
                        self.links.step_opened(route);
                    }
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
            let doing = if self.stop.is_some() { "teardown" } else { "the job" };
            let bad = Bad::errored(FaultKind::Timeout, format!("{doing} timed out after {}", deadline.limit()));
            if self.stop.is_some() { self.drop_teardown(&bad, now) } else { self.stop(&bad, now) }
        }
        while let Some(Reverse((at, cell))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            self.alarms[cell.index()] = None;
            self.walk(cell, now, Walk::tick);
        }
    }

    fn ids_of(&self, wanted: impl Fn(&Progress) -> bool) -> Vec<CellId> {
        (0..).map(CellId).zip(&self.cells).filter(|(_, progress)| wanted(progress)).map(|(id, _)| id).collect()
    }

    /// Begins every cell whose turn has come, batch after batch, until everything waits for the crew or for time.
    fn settle(&mut self, now: Instant) {
        while self.reached < Reached::End {
            // A cell that has begun has a limit that runs: none begins before there is a free place for its first call.
            while let Some(cell) = self.turn.pop_front_if(|_| self.in_flight.len() + self.opening + self.ready.len() < self.jobs) {
                self.begin_cell(cell, now);
            }
            if !self.turn.is_empty() {
                return;
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
        let kind = cell.head.kind;
        if kind == CellKind::Teardown {
            self.reached = Reached::Teardown;
        }
        let beginning = Beginning::of(run);
        if let Some(outcome) =
            self.outcome_of_stop(kind).or_else(|| outcome_of_beginning(run, &beginning)).or_else(|| self.outcome_of_down(kind, run))
        {
            return self.end_cell(id, outcome, now, now);
        }
        let usable = |route: &RouteId| matches!(self.links.state(*route), State::Open | State::Down);
        let waits: BTreeSet<RouteId> = awaited(run).filter(|route| !usable(route)).collect();
        if !waits.is_empty() {
            for route in waits {
                self.wait_for(route, id, now);
            }
            return;
        }
        self.out.push(Output::Record(Fact::CellStarted { cell: id }));
        let mut cx = Context { now, links: &mut self.links, next_task: &mut self.next_task, out: &mut self.out };
        let Some(walk) = Walk::new(id, Arc::clone(run), beginning.vars, &mut cx) else {
            let sentence = "a connection of the cell's own device was in use elsewhere";
            let bad = Bad::errored(FaultKind::Internal, sentence);
            return self.end_cell(id, Outcome { verdict: bad.verdict, reason: Some(bad.reason) }, now, now);
        };
        self.cells[id.index()] = Progress::Walking(Box::new(walk));
        self.walk(id, now, Walk::begin);
    }

    /// How a cell ends because the run was stopped or its setup did not pass; `None` when it may run.
    fn outcome_of_stop(&self, kind: CellKind) -> Option<Outcome> {
        if let Some(stop) = self.stop.as_ref().filter(|stop| stop.at_once || kind != CellKind::Teardown) {
            if self.some_error {
                return Some(Outcome::with(Verdict::Skipped, ReasonKind::NotRun, format!("not run: {}", stop.bad.reason.message)));
            }
            return Some(Outcome { verdict: Verdict::Errored, reason: Some(stop.bad.reason.clone()) });
        }
        let blocked = self.setup_failed && kind == CellKind::Test;
        blocked.then(|| Outcome::with(Verdict::Blocked, ReasonKind::Blocked, "blocked: setup did not pass"))
    }

    /// How a cell ends because a device of it is down; `None` when it may run. The job's teardown does what it can.
    fn outcome_of_down(&self, kind: CellKind, run: &Run) -> Option<Outcome> {
        if kind == CellKind::Teardown {
            return None;
        }
        let down = awaited(run).find(|route| *self.links.state(*route) == State::Down)?;
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
            Work::Run(run) => awaited(run).all(|route| matches!(self.links.state(route), State::Open | State::Down)),
            Work::Connect(_) => false,
        }
    }

    /// Lets a walk advance, takes over what it orders, and ends its cell when it has ended.
    fn walk(&mut self, cell: CellId, now: Instant, advance: impl FnOnce(&mut Walk, &mut Context<'_>)) {
        let Progress::Walking(walk) = &mut self.cells[cell.index()] else { return };
        let mut out = Vec::new();
        let mut cx = Context { now, links: &mut self.links, next_task: &mut self.next_task, out: &mut out };
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
            None if wake != self.alarms[cell.index()] => {
                self.alarms[cell.index()] = wake;
                self.timers.extend(wake.map(|at| Reverse((at, cell))));
            }
            None => {}
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
                let stage = if self.stop.is_some() || self.reached == Reached::Teardown { Stage::Teardown } else { Stage::Main };
                self.out.push(Output::Open { route, worker, stage });
            } else if let Some((task, opens)) = self.next_task() {
                self.in_flight.insert(task.id, InFlight { cell: task.cell, opens });
                self.out.push(Output::Start(task));
            } else {
                return;
            }
        }
    }

    fn finish(&mut self, now: Instant) {
        for cell in self.ids_of(|progress| !matches!(progress, Progress::Ended)) {
            // Where every test ran to its end all the same, nothing was left out.
            let outcome = match self.stop.as_ref().filter(|_| self.some_error && !self.is_by_step(cell)) {
                Some(stop) => Outcome::with(Verdict::Skipped, ReasonKind::NotRun, format!("not run: {}", stop.bad.reason.message)),
                None if self.is_by_step(cell) => Outcome::with(Verdict::Skipped, ReasonKind::Skipped, "left to steps of the job"),
                None => Outcome::with(Verdict::Skipped, ReasonKind::Skipped, "no test needed this connection"),
            };
            self.note_end(cell, outcome, now, now);
        }
        self.reached = Reached::End;
        self.out.push(Output::Finished);
    }

    /// Whether every lease came back; for tests.
    #[cfg(test)]
    pub(super) fn all_leases_are_back(&self) -> bool {
        self.links.all_idle()
    }
}

/// How a cell ends because of its `when` or its variables; `None` when it may run.
fn outcome_of_beginning(run: &Run, beginning: &Beginning) -> Option<Outcome> {
    let errored = |bad: Bad| Outcome { verdict: bad.verdict, reason: Some(bad.reason) };
    let Some(when) = &run.when else { return beginning.bad.clone().map(errored) };
    match when.condition(&beginning.scope) {
        Ok(true) => beginning.bad.clone().map(errored),
        Ok(false) => {
            let reason = format!("`when` is false: {}", when.source());
            Some(Outcome::with(Verdict::Skipped, ReasonKind::Skipped, reason))
        }
        Err(fault) => Some(errored(beginning.bad.clone().unwrap_or_else(|| Bad::errored(fault.kind, fault.message)))),
    }
}

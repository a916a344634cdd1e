//! The state machine: inputs in, orders and facts out. `gates` says which cells do not begin, `opening` opens what they
//! need, `by_step` is about connections that steps open, and `stop` ends a run before its time.

mod by_step;
mod gates;
mod opening;
mod stop;

use crate::base::deadline::Deadline;
use crate::engine::plan::{Plan, RouteId, Work};
use crate::engine::schedule::lanes::Lanes;
use crate::engine::schedule::links::Links;
use crate::engine::schedule::machine::by_step::{InFlight, awaited};
use crate::engine::schedule::machine::opening::Downtime;
use crate::engine::schedule::machine::stop::{Ends, Stop};
use crate::engine::schedule::orders::{Input, Output};
use crate::engine::schedule::walk::{Beginning, Context, Walk};
use crate::engine::task::{Bad, Stage, Task, TaskId};
use crate::record::event::{CellId, CellKind, Fact};
use crate::record::fault::FaultKind;
use crate::record::verdict::{Outcome, ReasonKind, Verdict};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
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
    /// Routes that could not be opened, and for which cells they were tried again.
    down: HashMap<RouteId, Downtime>,
    retried: HashSet<(CellId, RouteId)>,
    timers: BinaryHeap<Reverse<(Instant, CellId)>>,
    /// The timer of each cell that was set last.
    alarms: Vec<Option<Instant>>,
    /// The limit of the job; once it was stopped, that of teardown.
    deadline: Option<Deadline>,
    stop: Option<Stop>,
    /// After how many cells that failed or errored nothing new begins, and how many that are still.
    fail_fast: Option<u32>,
    patience: u32,
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
            down: HashMap::new(),
            retried: HashSet::new(),
            timers: BinaryHeap::new(),
            deadline: None,
            stop: None,
            fail_fast: None,
            patience: 0,
            reached: Reached::Tests,
            setup_failed: false,
            some_error: false,
            next_task: 0,
            out: Vec::new(),
        }
    }

    /// Lets nothing new begin but teardown once `most` cells failed or errored. `None` means that all run.
    #[must_use]
    pub fn fail_fast(self, most: Option<u32>) -> Self {
        Self { fail_fast: most, patience: most.unwrap_or_default(), ..self }
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
        if self.fails_fast() && self.take_back_openings() {
            self.settle(now);
        }
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
            let is_stopped = self.ends() > Some(Ends::Nothing);
            let doing = if is_stopped { "teardown" } else { "the job" };
            let bad = Bad::errored(FaultKind::Timeout, format!("{doing} timed out after {}", deadline.limit()));
            if is_stopped { self.drop_teardown(&bad, now) } else { self.stop(&bad, now) }
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
        let kind = cell.head.kind;
        let run = match &cell.work {
            Work::Run(run) => run,
            Work::Connect(route) => {
                return match self.outcome_of_stop(kind) {
                    Some(outcome) => self.end_cell(id, outcome, now, now),
                    None => self.wait_for(*route, id, now),
                };
            }
        };
        if kind == CellKind::Teardown {
            self.reached = Reached::Teardown;
        }
        let beginning = Beginning::of(run);
        if let Some(outcome) = self.outcome_before(id, run, &beginning, now) {
            return self.end_cell(id, outcome, now, now);
        }
        let waits: BTreeSet<RouteId> = awaited(run).filter(|route| self.waits_for(*route, id, now)).collect();
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
        let verdict = outcome.verdict;
        self.note_end(cell, outcome, started, now);
        let next = self.lanes.end(&self.plan, cell, verdict);
        self.turn.extend(next);
    }

    fn note_end(&mut self, cell: CellId, outcome: Outcome, started: Instant, now: Instant) {
        self.some_error |= outcome.verdict == Verdict::Errored;
        self.count(cell, outcome.verdict);
        self.cells[cell.index()] = Progress::Ended;
        let took = now.saturating_duration_since(started);
        self.out.push(Output::Record(Fact::CellFinished { cell, outcome, took }));
    }

    /// Gives free places to openings and tasks.
    fn admit(&mut self) {
        while self.in_flight.len() + self.opening < self.jobs {
            if let Some((route, worker)) = self.links.next_opening() {
                self.opening += 1;
                let stage =
                    if self.ends() > Some(Ends::Nothing) || self.reached == Reached::Teardown { Stage::Teardown } else { Stage::Main };
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
            let by_step = self.is_by_step(cell);
            // Where every test ran to its end all the same, nothing was left out.
            let left_out = |stop: &&Stop| !by_step && (self.some_error || stop.ends == Ends::Nothing);
            let outcome = match self.stop.as_ref().filter(left_out) {
                Some(stop) => stop.not_run(),
                None if by_step => Outcome::with(Verdict::Skipped, ReasonKind::Skipped, "left to steps of the job"),
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

    /// Whether no device and no lock is held or waited for; for tests.
    #[cfg(test)]
    pub(super) fn all_lanes_are_empty(&self) -> bool {
        self.lanes.are_empty()
    }
}

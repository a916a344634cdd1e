//! Plans that are driven to their end, by a driver that checks what must always hold. `random` makes plans of chance.

use crate::engine::plan::{self, Plan, Selection};
use crate::engine::schedule::{Input, Output, Schedule};
use crate::engine::task::{Bad, Done, Ended, Stage, Task};
use crate::record::event::{CellId, CellKind, Fact};
use crate::record::fault::{Fault, FaultKind};
use crate::record::verdict::{Outcome, Verdict};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

mod by_hand;
mod connecting;
mod connections;
mod order;
mod random;

/// Makes a plan of texts, as `cli` would.
fn plan_of(job: &str, testbed: &str) -> Arc<Plan> {
    try_plan_of(job, testbed).unwrap_or_else(|said| panic!("{said:?}"))
}

/// The same, or what is said about the job.
fn try_plan_of(job: &str, testbed: &str) -> Result<Arc<Plan>, Vec<String>> {
    let folder = std::path::Path::new(".");
    let job = crate::load::job_text(job, "job.yaml", folder);
    let testbed = crate::load::testbed_text(testbed, "testbed.yaml", folder, &crate::load::Environment::default());
    let said: Vec<String> = job.diagnostics.iter().chain(&testbed.diagnostics).map(|complaint| complaint.message.clone()).collect();
    let (job, testbed) = (job.value.unwrap_or_else(|| panic!("{said:?}")), testbed.value.unwrap_or_else(|| panic!("{said:?}")));
    let (plan, said) = plan::build(&plan::Inputs {
        job: &job,
        testbed: &testbed,
        registry: &crate::connect::registry::Registry::standard(),
        surroundings: &crate::connect::login::Surroundings::default(),
        selection: &Selection::default(),
        overrides: indexmap::IndexMap::new(),
        env: serde_json::json!({}),
        run: serde_json::json!({}),
        file: "job.yaml".to_owned(),
        broken: plan::Broken::default(),
    });
    plan.map(Arc::new).ok_or_else(|| said.into_iter().map(|complaint| complaint.message).collect())
}

fn testbed(pool: u32) -> String {
    let device =
        |name: &str| format!("  {name}: {{os: linux, connections: {{defaults: {{pool_size: {pool}}}, local: {{class: shell}}}}}}\n");
    format!("devices:\n{}{}{}", device("r1"), device("r2"), device("r3"))
}

/// What was seen of a run that was driven to its end.
#[derive(Default)]
struct Seen {
    outcomes: Vec<Option<Outcome>>,
    started: Vec<(CellId, String)>,
    commands: Vec<String>,
    /// How often a connection was opened after it could not be.
    reopened: usize,
    /// The steps of which something was told, in that order.
    told: Vec<String>,
}

/// Plays crew and clock: answers orders in an order of its own.
struct Driver<'a> {
    schedule: Schedule,
    plan: Arc<Plan>,
    now: Instant,
    jobs: usize,
    opening: Vec<Input>,
    running: Vec<Task>,
    seen: Seen,
    /// Cells whose steps run.
    walking: BTreeSet<CellId>,
    /// Tests and connections that failed or errored.
    bad: u32,
    finished: bool,
    world: Play<'a>,
}

/// How the world behaves: which of the things under way ends next, how a task ends, whether a connection opens.
struct Play<'a> {
    choose: &'a mut dyn FnMut(usize) -> usize,
    judge: &'a mut dyn FnMut(&Task) -> Ended,
    open: &'a mut dyn FnMut() -> bool,
    interrupt_at: Option<usize>,
    fail_fast: Option<u32>,
}

impl Driver<'_> {
    fn tell(&mut self, input: Input) {
        let outputs = self.schedule.advance(input, self.now);
        for output in outputs {
            assert!(!self.finished, "nothing follows the end");
            match output {
                Output::Open { route, worker, .. } => {
                    let result = if (self.world.open)() { Ok(()) } else { Err(Fault::new(FaultKind::Unreachable, "refused")) };
                    self.opening.push(Input::Opened { route, worker, result });
                }
                Output::Start(task) => {
                    let has = |task: &Task| -> BTreeSet<_> { task.lease.iter().chain(&task.whole).copied().collect() };
                    assert!(self.running.iter().all(|other| has(other).is_disjoint(&has(&task))), "two tasks have one connection");
                    self.seen.commands.push(task.step.name.source().to_owned());
                    self.running.push(*task);
                }
                Output::Record(Fact::CellStarted { cell }) => self.started(cell),
                Output::Record(Fact::CellFinished { cell, outcome, .. }) => {
                    self.walking.remove(&cell);
                    let counts = matches!(self.plan.cells[cell.index()].head.kind, CellKind::Test | CellKind::Connect);
                    self.bad += u32::from(counts && matches!(outcome.verdict, Verdict::Failed | Verdict::Errored));
                    let before = self.seen.outcomes[cell.index()].replace(outcome);
                    assert_eq!(before, None, "a cell ends once");
                }
                Output::Record(Fact::Reopened { cell, .. }) => {
                    assert_eq!(self.verdict(cell), Some(Verdict::Errored), "only what was down is reached again");
                    self.seen.reopened += 1;
                }
                Output::Record(Fact::Logged { text, .. }) => self.seen.told.push(text),
                Output::Close { .. } | Output::Record(_) | Output::Interrupt(_) => {}
                Output::Finished => self.finished = true,
            }
        }
        assert!(self.opening.len() + self.running.len() <= self.jobs, "no more at once than allowed");
    }

    fn verdict(&self, cell: CellId) -> Option<Verdict> {
        self.seen.outcomes[cell.index()].as_ref().map(|outcome| outcome.verdict)
    }

    /// Checks what a cell may rely on that begins.
    fn started(&mut self, id: CellId) {
        let cell = &self.plan.cells[id.index()];
        self.seen.started.push((id, cell.head.name.clone()));
        assert_eq!(self.verdict(id), None, "what has ended does not begin");
        if cell.head.kind == CellKind::Connect {
            return;
        }
        for other in &self.walking {
            let other = &self.plan.cells[other.index()];
            assert!(!cell.devices.iter().any(|device| other.devices.contains(device)), "two cells have one device");
            assert!(!cell.locks.iter().any(|lock| other.locks.contains(lock)), "two cells have one lock");
        }
        for needed in cell.needs.iter().flat_map(|need| &self.plan.needs[need.index()]) {
            assert_eq!(self.verdict(*needed), Some(Verdict::Passed), "what is needed has passed");
        }
        if cell.head.kind == CellKind::Test {
            assert!(self.world.fail_fast.is_none_or(|most| self.bad < most), "nothing begins after so many failures");
        }
        self.walking.insert(id);
    }

    fn run(mut self) -> Seen {
        self.seen.outcomes = vec![None; self.plan.cells.len()];
        self.tell(Input::Begin);
        let mut steps = 0;
        while !self.finished {
            steps += 1;
            assert!(steps < 100_000, "the run comes to an end");
            if self.world.interrupt_at == Some(steps) {
                self.tell(Input::Interrupt { by: "SIGINT".to_owned() });
                continue;
            }
            let under_way = self.opening.len() + self.running.len();
            if under_way == 0 {
                let wake = self.schedule.next_wake().expect("something is under way, or time will bring it");
                self.now = self.now.max(wake);
                self.tell(Input::Tick);
                continue;
            }
            self.now += Duration::from_millis(7);
            match (self.world.choose)(under_way) {
                index if index < self.opening.len() => {
                    let opened = self.opening.remove(index);
                    self.tell(opened);
                }
                index => {
                    let task = self.running.remove(index - self.opening.len());
                    let ended = (self.world.judge)(&task);
                    let opened = matches!(task.step.action, plan::Action::Connect { .. }) && ended == Ended::Good;
                    // What a worker makes of a connection that is not there.
                    let ended = match &task.apart {
                        Some(fault) => Ended::Bad(Bad::errored(fault.kind, fault.message.clone())),
                        None => ended,
                    };
                    // Attempts are made where answers are; a line stands for them here.
                    let logged = vec![task.reference().name];
                    self.tell(Input::Done { task: task.id, done: Done { logged, opened, ended, ..Done::good() } });
                }
            }
        }
        assert!(self.schedule.all_leases_are_back(), "every lease came back");
        assert!(self.schedule.all_lanes_are_empty(), "every device and lock is free");
        assert!(self.seen.outcomes.iter().all(Option::is_some), "every cell is accounted for");
        self.seen
    }
}

/// Drives a plan with everything going well, unless `judge` says otherwise.
fn drive(plan: &Arc<Plan>, jobs: usize, judge: &mut dyn FnMut(&Task) -> Ended) -> Seen {
    drive_with(plan, jobs, Play { choose: &mut |_| 0, judge, open: &mut || true, interrupt_at: None, fail_fast: None })
}

fn drive_with(plan: &Arc<Plan>, jobs: usize, world: Play<'_>) -> Seen {
    let schedule = Schedule::new(Arc::clone(plan), jobs).fail_fast(world.fail_fast);
    let now = Instant::now();
    let (opening, running, seen) = (Vec::new(), Vec::new(), Seen::default());
    let (plan, walking) = (Arc::clone(plan), BTreeSet::new());
    Driver { schedule, plan, now, jobs, opening, running, seen, walking, bad: 0, finished: false, world }.run()
}

fn verdicts(plan: &Plan, seen: &Seen) -> Vec<String> {
    let show = |(cell, outcome): (&plan::Cell, &Option<Outcome>)| {
        let outcome = outcome.as_ref().expect("it ended");
        let reason = outcome.reason.as_ref().map(|reason| format!(" ({})", reason.message)).unwrap_or_default();
        format!("{}: {}{reason}", cell.head.name, outcome.verdict.word())
    };
    plan.cells.iter().zip(&seen.outcomes).map(show).collect()
}

#[test]
fn tests_follow_each_other_and_setup_and_teardown_surround_them() {
    let job = "
job: order
setup: [{shell: 'true', name: first}]
tests:
  - {name: a, devices: all, steps: [{execute: a}]}
  - {name: b, devices: [r1, r2], steps: [{execute: b}]}
teardown: [{shell: 'true', name: last}]
";
    let plan = plan_of(job, &testbed(1));
    let seen = drive(&plan, 8, &mut |_| Ended::Good);
    assert_eq!(seen.commands, ["first", "a", "a", "a", "b", "b", "last"]);
    let started: Vec<&str> = seen.started.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(
        started,
        ["setup", "connect [r1]", "connect [r2]", "connect [r3]", "a [r1]", "a [r2]", "a [r3]", "b [r1]", "b [r2]", "teardown"]
    );
}

#[test]
fn a_failed_setup_blocks_every_test_and_teardown_still_runs() {
    let job = "
job: blocked
setup: [{shell: 'false', name: first}]
tests: [{name: a, devices: all, steps: [{execute: a}]}]
teardown: [{shell: 'true', name: last}]
";
    let plan = plan_of(job, &testbed(1));
    let mut judge = |task: &Task| if task.step.name.source() == "first" { Ended::Bad(Bad::failed("no")) } else { Ended::Good };
    let seen = drive(&plan, 8, &mut judge);
    assert_eq!(seen.commands, ["first", "last"]);
    expect_test::expect![[r"
        connect [r1]: skipped (no test needed this connection)
        connect [r2]: skipped (no test needed this connection)
        connect [r3]: skipped (no test needed this connection)
        setup: failed (no)
        a [r1]: blocked (blocked: setup did not pass)
        a [r2]: blocked (blocked: setup did not pass)
        a [r3]: blocked (blocked: setup did not pass)
        teardown: passed"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

#[test]
fn a_device_that_is_down_blocks_its_own_cells_only() {
    let job = "{job: down, tests: [{name: a, devices: all, steps: [{execute: a}]}]}";
    let plan = plan_of(job, &testbed(2));
    let mut opened = 0;
    let mut open = || {
        opened += 1;
        opened != 3
    };
    let seen = drive_with(
        &plan,
        1,
        Play { choose: &mut |_| 0, judge: &mut |_| Ended::Good, open: &mut open, interrupt_at: None, fail_fast: None },
    );
    expect_test::expect![[r"
        connect [r1]: passed
        connect [r2]: errored (refused)
        connect [r3]: passed
        a [r1]: passed
        a [r2]: blocked (blocked: connect [r2] failed)
        a [r3]: passed"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

#[test]
fn a_step_is_tried_again_until_it_holds_and_no_longer_than_allowed() {
    let job = "
job: retry
tests:
  - {name: a, devices: r1, steps: [{execute: a, retry: {attempts: 3, every: 1s}}]}
  - {name: b, devices: r1, steps: [{execute: b, retry: {within: 10s, every: 4s}}]}
";
    let plan = plan_of(job, &testbed(1));
    let mut attempts = Vec::new();
    let mut judge = |task: &Task| {
        attempts.push((task.step.name.source().to_owned(), task.attempt));
        if task.step.name.source() == "a" && task.attempt == 3 { Ended::Good } else { Ended::Bad(Bad::failed("no")) }
    };
    let seen = drive(&plan, 4, &mut judge);
    let expected = [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)];
    assert_eq!(attempts, expected.map(|(name, number)| (name.to_owned(), number)));
    assert_eq!(verdicts(&plan, &seen), ["connect [r1]: passed", "a [r1]: passed", "b [r1]: failed (no)"]);
}

#[test]
fn refused_credentials_are_not_tried_again() {
    let plan = plan_of("{job: auth, tests: [{name: a, devices: r1, steps: [{execute: a, retry: {attempts: 9}}]}]}", &testbed(1));
    let seen = drive(&plan, 4, &mut |_| Ended::Bad(Bad::errored(FaultKind::Auth, "refused")));
    assert_eq!(seen.commands.len(), 1);
}

#[test]
fn an_interrupt_ends_what_runs_and_teardown_still_runs() {
    let job = "
job: interrupted
tests:
  - {name: a, devices: r1, steps: [{execute: a}], teardown: [{execute: clean, name: clean}]}
  - {name: b, devices: all, steps: [{execute: b}]}
teardown: [{shell: 'true', name: last}]
";
    let plan = plan_of(job, &testbed(1));
    let mut judge =
        |task: &Task| if task.stage == Stage::Main { Ended::Bad(Bad::errored(FaultKind::Interrupted, "cut")) } else { Ended::Good };
    let seen =
        drive_with(&plan, 4, Play { choose: &mut |_| 0, judge: &mut judge, open: &mut || true, interrupt_at: Some(2), fail_fast: None });
    assert_eq!(seen.commands, ["a", "clean", "last"]);
    expect_test::expect![[r"
        connect [r1]: passed
        connect [r2]: skipped (not run: interrupted by SIGINT)
        connect [r3]: skipped (not run: interrupted by SIGINT)
        a [r1]: errored (interrupted by SIGINT)
        b [r1]: skipped (not run: interrupted by SIGINT)
        b [r2]: skipped (not run: interrupted by SIGINT)
        b [r3]: skipped (not run: interrupted by SIGINT)
        teardown: passed"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

#[test]
fn a_parallel_loop_uses_every_connection_of_the_pool_and_no_more() {
    let plan = plan_of(
        "{job: wide, tests: [{name: a, devices: r1, steps: [{execute: a, loop: [1, 2, 3, 4, 5, 6], parallel: true}]}]}",
        &testbed(3),
    );
    let mut leases = BTreeSet::new();
    let mut judge = |task: &Task| {
        leases.insert(task.lease);
        Ended::Good
    };
    let seen = drive(&plan, 16, &mut judge);
    assert_eq!((seen.commands.len(), leases.len()), (6, 3));
}

#[test]
fn a_cell_keeps_its_connection_from_step_to_step() {
    let plan = plan_of("{job: same, tests: [{name: a, devices: r1, steps: [{execute: cd}, {execute: pwd}, {execute: ls}]}]}", &testbed(3));
    let mut leases = BTreeSet::new();
    drive(&plan, 16, &mut |task| {
        leases.insert(task.lease);
        Ended::Good
    });
    assert_eq!(leases.len(), 1);
}

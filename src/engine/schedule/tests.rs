//! Random plans and random orders of inputs.

use crate::engine::plan::{self, Plan, Selection};
use crate::engine::schedule::{Input, Output, Schedule};
use crate::engine::task::{Bad, Done, Ended, Stage, Task};
use crate::record::event::{CellId, CellKind, Fact};
use crate::record::fault::{Fault, FaultKind};
use crate::record::verdict::{Outcome, Verdict};
use proptest::prelude::*;
use proptest::test_runner::TestRng;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

mod by_hand;
mod connections;

/// Makes a plan of texts, as `cli` would.
fn plan_of(job: &str, testbed: &str) -> Arc<Plan> {
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
        broken: false,
    });
    Arc::new(plan.unwrap_or_else(|| panic!("{said:?}")))
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
    finished: bool,
    world: Play<'a>,
}

/// How the world behaves: which of the things under way ends next, how a task ends, whether a connection opens.
struct Play<'a> {
    choose: &'a mut dyn FnMut(usize) -> usize,
    judge: &'a mut dyn FnMut(&Task) -> Ended,
    open: &'a mut dyn FnMut() -> bool,
    interrupt_at: Option<usize>,
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
                    let same = self.running.iter().filter(|other| other.lease.is_some() && other.lease == task.lease).count();
                    assert_eq!(same, 0, "two tasks have one connection");
                    self.seen.commands.push(task.step.name.source().to_owned());
                    self.running.push(*task);
                }
                Output::Record(Fact::CellStarted { cell }) => {
                    let name = self.plan.cells[cell.index()].head.name.clone();
                    self.seen.started.push((cell, name));
                }
                Output::Record(Fact::CellFinished { cell, outcome, .. }) => {
                    let before = self.seen.outcomes[cell.index()].replace(outcome);
                    assert_eq!(before, None, "a cell ends once");
                }
                Output::Close { .. } | Output::Record(_) | Output::Interrupt(_) => {}
                Output::Finished => self.finished = true,
            }
        }
        assert!(self.opening.len() + self.running.len() <= self.jobs, "no more at once than allowed");
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
                    self.tell(Input::Done { task: task.id, done: Done { ended, ..Done::good() } });
                }
            }
        }
        assert!(self.schedule.all_leases_are_back(), "every lease came back");
        assert!(self.seen.outcomes.iter().all(Option::is_some), "every cell is accounted for");
        self.seen
    }
}

/// Drives a plan with everything going well, unless `judge` says otherwise.
fn drive(plan: &Arc<Plan>, jobs: usize, judge: &mut dyn FnMut(&Task) -> Ended) -> Seen {
    drive_with(plan, jobs, Play { choose: &mut |_| 0, judge, open: &mut || true, interrupt_at: None })
}

fn drive_with(plan: &Arc<Plan>, jobs: usize, world: Play<'_>) -> Seen {
    let schedule = Schedule::new(Arc::clone(plan), jobs);
    let now = Instant::now();
    let (opening, running, seen) = (Vec::new(), Vec::new(), Seen::default());
    Driver { schedule, plan: Arc::clone(plan), now, jobs, opening, running, seen, finished: false, world }.run()
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
    let seen = drive_with(&plan, 1, Play { choose: &mut |_| 0, judge: &mut |_| Ended::Good, open: &mut open, interrupt_at: None });
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
    let seen = drive_with(&plan, 4, Play { choose: &mut |_| 0, judge: &mut judge, open: &mut || true, interrupt_at: Some(2) });
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

/// A step of a random plan, as YAML in flow style.
fn random_step(depth: u32, rng: &mut TestRng) -> String {
    let roll = |rng: &mut TestRng, sides: u32| rng.next_u32() % sides;
    let mut keys = match (depth, roll(rng, 6)) {
        (1.., 0 | 1) => {
            let steps: Vec<String> = (0..=roll(rng, 3)).map(|_| random_step(depth - 1, rng)).collect();
            let always = if roll(rng, 4) == 0 { format!(", always: [{}]", random_step(depth - 1, rng)) } else { String::new() };
            format!("group: g, steps: [{}]{always}", steps.join(", "))
        }
        (_, 2) => "shell: s".to_owned(),
        (_, 3) => "execute: [x, y, z]".to_owned(),
        (_, 4) => "wait: 5ms".to_owned(),
        _ => "execute: x".to_owned(),
    };
    if roll(rng, 3) == 0 && !keys.starts_with("wait") {
        keys.push_str(", loop: [1, 2, 3]");
    }
    if (keys.contains("loop") || keys.starts_with("group") || keys.contains('[')) && roll(rng, 2) == 0 {
        keys.push_str([", parallel: true", ", parallel: 2", ", parallel: 5"][roll(rng, 3) as usize]);
    }
    if roll(rng, 5) == 0 && !keys.starts_with("wait") {
        keys.push_str(", retry: {attempts: 2, every: 3ms}");
    }
    if roll(rng, 6) == 0 {
        keys.push_str(", continue_on_failure: true");
    }
    format!("{{{keys}}}")
}

fn random_job(rng: &mut TestRng) -> String {
    let mut job = format!("job: random\norder: {}\ntests:\n", if rng.next_u32().is_multiple_of(2) { "free" } else { "sequential" });
    for number in 0..=rng.next_u32() % 3 {
        let devices = ["all", "r1", "[r2, r3]"][(rng.next_u32() % 3) as usize];
        let teardown = if rng.next_u32().is_multiple_of(2) { format!(", teardown: [{}]", random_step(1, rng)) } else { String::new() };
        job.push_str(&format!(
            "  - {{name: t{number}, devices: {devices}, steps: [{{execute: x}}, {}, {}]{teardown}}}\n",
            random_step(3, rng),
            random_step(2, rng)
        ));
    }
    job
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn random_plans_in_random_orders_end_in_a_legal_ledger(seed in any::<[u8; 32]>(), pool in 1_u32..=2, jobs in 1_usize..=6, interrupt in proptest::option::of(1_usize..60)) {
        let mut rng = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed);
        let plan = plan_of(&random_job(&mut rng), &testbed(pool));
        let rng = std::cell::RefCell::new(rng);
        let roll = |sides: usize| rng.borrow_mut().next_u32() as usize % sides;
        let mut judge = |_: &Task| match roll(12) {
            0 => Ended::Bad(Bad::failed("wrong")),
            1 => Ended::Bad(Bad::errored(FaultKind::Lost, "lost")),
            2 if roll(5) == 0 => Ended::Skip("enough".to_owned()),
            _ => Ended::Good,
        };
        let mut choose = |count: usize| roll(count);
        let mut open = || roll(20) != 0;
        let seen = drive_with(&plan, jobs, Play { choose: &mut choose, judge: &mut judge, open: &mut open, interrupt_at: interrupt });
        let errors = seen.outcomes.iter().flatten().filter(|outcome| outcome.verdict == Verdict::Errored).count();
        let not_run = seen.outcomes.iter().flatten().filter(|outcome| outcome.reason.as_ref().is_some_and(|reason| reason.message.starts_with("not run"))).count();
        prop_assert!(not_run == 0 || errors > 0, "an interrupted run is never green");
        let tests = plan.cells.iter().filter(|cell| cell.head.kind == CellKind::Test).count();
        prop_assert!(tests > 0);
    }
}

//! Orders of inputs that are told one by one.

use super::{Play, drive_with, plan_of, testbed, verdicts};
use crate::engine::plan::RouteId;
use crate::engine::schedule::{Input, Output, Schedule};
use crate::engine::task::{Bad, Done, Ended, Stage, Task, TaskId, WorkerId};
use crate::record::event::Fact;
use crate::record::fault::{Fault, FaultKind};
use std::time::{Duration, Instant};

/// A schedule that is told what happens.
struct Hand {
    schedule: Schedule,
    now: Instant,
}

impl Hand {
    fn of(job: &str, jobs: usize) -> Self {
        let mut hand = Self { schedule: Schedule::new(plan_of(job, &testbed(1)), jobs), now: Instant::now() };
        hand.tell(Input::Begin);
        hand
    }

    fn tell(&mut self, input: Input) -> Vec<Output> {
        self.schedule.advance(input, self.now)
    }

    fn interrupt(&mut self) -> Vec<Output> {
        self.tell(Input::Interrupt { by: "SIGINT".to_owned() })
    }

    /// Says that the first route is open; the task that follows.
    fn open(&mut self) -> TaskId {
        let outputs = self.tell(Input::Opened { route: RouteId(0), worker: WorkerId(0), result: Ok(()) });
        task(&outputs).expect("a task follows")
    }

    fn done(&mut self, task: TaskId, ended: Ended) -> Vec<Output> {
        self.tell(Input::Done { task, done: Done { ended, ..Done::good() } })
    }
}

fn task(outputs: &[Output]) -> Option<TaskId> {
    outputs.iter().find_map(|output| if let Output::Start(task) = output { Some(task.id) } else { None })
}

fn is_over(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::Finished))
}

fn cut() -> Ended {
    Ended::Bad(Bad::errored(FaultKind::Interrupted, "cut"))
}

#[test]
fn a_cell_that_waits_for_several_connections_ends_once_when_the_run_is_interrupted() {
    let steps = "[{execute: a}, {execute: b, alias: local}]";
    let mut hand = Hand::of(&format!("{{job: two, tests: [{{name: a, devices: all, steps: {steps}}}]}}"), 1);
    let mut outputs = hand.interrupt();
    let result = Err(Fault::new(FaultKind::Interrupted, "cut"));
    outputs.extend(hand.tell(Input::Opened { route: RouteId(0), worker: WorkerId(0), result }));
    let mut ended: Vec<_> = outputs
        .iter()
        .filter_map(|output| if let Output::Record(Fact::CellFinished { cell, .. }) = output { Some(cell.0) } else { None })
        .collect();
    ended.sort_unstable();
    assert_eq!(ended, (0..9).collect::<Vec<_>>());
    assert!(is_over(&outputs));
}

#[test]
fn a_second_interrupt_drops_the_teardown_of_a_cell_whose_call_has_not_come_home() {
    let job = "{job: drop, tests: [{name: a, devices: r1, steps: [{execute: a}], teardown: [{wait: 50s}, {shell: clean}]}]}";
    let mut hand = Hand::of(job, 1);
    let task = hand.open();
    hand.interrupt();
    hand.interrupt();
    assert!(is_over(&hand.done(task, cut())));
}

#[test]
fn the_first_interrupt_after_the_timeout_of_the_job_is_told_and_leaves_teardown_alone() {
    let job = "{job: late, timeout: 5s, tests: [{name: a, devices: r1, steps: [{execute: a}], teardown: [{shell: clean}, {shell: more}]}]}";
    let mut hand = Hand::of(job, 1);
    let asked = hand.open();
    hand.now += Duration::from_secs(5);
    hand.tell(Input::Tick);
    let clean = task(&hand.done(asked, cut())).expect("teardown begins");
    let outputs = hand.interrupt();
    assert!(outputs.iter().any(|output| matches!(output, Output::Record(Fact::Interrupted { .. }))));
    assert!(!outputs.iter().any(|output| matches!(output, Output::Interrupt(_))));
    let more = task(&hand.done(clean, Ended::Good)).expect("teardown goes on");
    assert!(hand.interrupt().iter().any(|output| matches!(output, Output::Interrupt(Stage::Teardown))));
    assert!(is_over(&hand.done(more, cut())));
}

#[test]
fn a_group_whose_branches_go_wrong_gives_the_reason_of_the_first_one_in_whatever_order_they_end() {
    let branches = "{shell: x}, {shell: y}, {shell: z}";
    let job = format!("{{job: p, tests: [{{name: a, steps: [{{group: g, parallel: true, steps: [{branches}]}}]}}]}}");
    let plan = plan_of(&job, &testbed(1));
    let mut judge = |task: &Task| match task.step.name.source() {
        "x" => Ended::Good,
        "y" => Ended::Bad(Bad::failed("y is wrong")),
        _ => Ended::Bad(Bad::errored(FaultKind::Lost, "z is lost")),
    };
    for which in [0, 1, 2] {
        let mut choose = |count: usize| which.min(count - 1);
        let seen =
            drive_with(&plan, 4, Play { choose: &mut choose, judge: &mut judge, open: &mut || true, interrupt_at: None, fail_fast: None });
        assert_eq!(verdicts(&plan, &seen), ["a: failed (y is wrong)"]);
    }
}

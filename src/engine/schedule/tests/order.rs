//! Needs, locks, the end after failures, and devices that come back.

use super::{Play, Seen, drive, drive_with, plan_of, testbed, verdicts};
use crate::engine::plan::{Plan, RouteId};
use crate::engine::schedule::{Input, Output, Schedule};
use crate::engine::task::{Bad, Done, Ended, Task, TaskId, WorkerId};
use crate::record::event::{CellKind, Fact};
use crate::record::fault::{Fault, FaultKind};
use crate::record::verdict::Verdict;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The names of the tests, in the order in which they began.
fn began(plan: &Plan, seen: &Seen) -> Vec<String> {
    let is_test = |cell: &crate::record::event::CellId| plan.cells[cell.index()].head.kind == CellKind::Test;
    seen.started.iter().filter(|(cell, _)| is_test(cell)).map(|(_, name)| name.clone()).collect()
}

/// Fails the tasks of these names.
fn failing(names: &'static [&str]) -> impl FnMut(&Task) -> Ended {
    move |task| if names.contains(&task.step.name.source()) { Ended::Bad(Bad::failed("no")) } else { Ended::Good }
}

#[test]
fn in_free_order_a_test_waits_for_one_that_stands_later_while_others_overtake_it() {
    let job = "
job: later
order: free
tests:
  - {name: a, needs: c, devices: [r1, r2], steps: [{execute: a}]}
  - {name: b, devices: [r1, r2], steps: [{execute: b}]}
  - {name: c, needs: d, devices: r1, steps: [{execute: c}]}
  - {name: d, steps: [{shell: d}]}
";
    let plan = plan_of(job, &testbed(1));
    let seen = drive(&plan, 1, &mut |_| Ended::Good);
    assert_eq!(began(&plan, &seen), ["d", "b [r1]", "b [r2]", "c [r1]", "a [r1]", "a [r2]"]);
}

#[test]
fn a_test_is_blocked_where_what_it_needs_did_not_pass_on_the_same_device() {
    let job = "
job: same
tests:
  - {name: up, devices: [r1, r2], steps: [{execute: 'true', name: 'up'}, {fail: x, name: stop, when: \"device.name == 'r2'\"}]}
  - {name: own, needs: [up], devices: all, steps: [{execute: own}]}
  - {name: skipped, devices: r1, when: 'false', steps: [{execute: x}]}
  - {name: after skipped, needs: [own, skipped], devices: r1, steps: [{execute: x}]}
  - {name: after blocked, needs: own, devices: r2, steps: [{execute: x}]}
  - {name: alone, needs: up, steps: [{shell: x}]}
";
    let plan = plan_of(job, &testbed(1));
    let seen = drive(&plan, 4, &mut failing(&["stop"]));
    expect_test::expect![[r"
        connect [r1]: passed
        connect [r2]: passed
        connect [r3]: skipped (no test needed this connection)
        up [r1]: passed
        up [r2]: failed (no)
        own [r1]: passed
        own [r2]: blocked (blocked: needs up [r2], which failed)
        own [r3]: blocked (blocked: needs up [r2], which failed)
        skipped [r1]: skipped (`when` is false: false)
        after skipped [r1]: blocked (blocked: needs skipped [r1], which was skipped)
        after blocked [r2]: blocked (blocked: needs own [r2], which was blocked)
        alone: blocked (blocked: needs up [r2], which failed)"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

#[test]
fn what_is_told_of_several_that_did_not_pass_is_the_first_in_plan_order_whichever_ended_first() {
    let job = "
job: first
tests:
  - {name: up, devices: all, steps: [{execute: up}]}
  - {name: sum, needs: up, steps: [{shell: sum}]}
";
    let plan = plan_of(job, &testbed(1));
    for last in [false, true] {
        let mut choose = |count: usize| if last { count - 1 } else { 0 };
        let world = Play { choose: &mut choose, judge: &mut failing(&["up"]), open: &mut || true, interrupt_at: None, fail_fast: None };
        let seen = drive_with(&plan, 6, world);
        assert_eq!(verdicts(&plan, &seen).last().map(String::as_str), Some("sum: blocked (blocked: needs up [r1], which failed)"));
    }
}

#[test]
fn holders_of_one_lock_follow_each_other_in_the_order_of_asking_and_others_run_beside_them() {
    let job = "
job: locks
order: free
tests:
  - {name: a, devices: all, lock: [console, '{{ device.name }}'], steps: [{execute: a}]}
  - {name: b, devices: [r2, r3], lock: \"{{ 'b' }}\", steps: [{execute: b}]}
  - {name: c, lock: console, steps: [{shell: c}]}
";
    let plan = plan_of(job, &testbed(1));
    assert_eq!(plan.locks, ["console", "r1", "r2", "r3", "b"]);
    let seen = drive(&plan, 9, &mut |_| Ended::Good);
    // `c` could have the console only after all of `a`, who asked before; `b` wants another lock.
    assert_eq!(began(&plan, &seen), ["a [r1]", "a [r2]", "b [r2]", "a [r3]", "b [r3]", "c"]);
}

#[test]
fn a_lock_is_held_until_teardown_has_ended() {
    let job = "
job: teardown
order: free
tests:
  - {name: a, lock: x, steps: [{shell: a}], teardown: [{shell: clean}]}
  - {name: b, lock: x, steps: [{shell: b}]}
";
    let plan = plan_of(job, &testbed(1));
    assert_eq!(drive(&plan, 4, &mut failing(&["a"])).commands, ["a", "clean", "b"]);
}

#[test]
fn after_the_first_failures_nothing_new_begins_and_teardown_runs() {
    let job = "
job: fast
tests:
  - {name: a, devices: all, steps: [{execute: a}, {execute: more}], teardown: [{execute: clean}]}
  - {name: b, devices: all, steps: [{execute: b}]}
teardown: [{shell: last}]
";
    let plan = plan_of(job, &testbed(1));
    let mut failures = 0;
    let mut judge = |task: &Task| {
        failures += u32::from(task.step.name.source() == "a");
        if task.step.name.source() == "a" && failures <= 2 { Ended::Bad(Bad::failed("no")) } else { Ended::Good }
    };
    let world = Play { choose: &mut |_| 0, judge: &mut judge, open: &mut || true, interrupt_at: None, fail_fast: Some(2) };
    let seen = drive_with(&plan, 3, world);
    assert_eq!(seen.commands, ["a", "a", "a", "clean", "clean", "more", "clean", "last"]);
    expect_test::expect![[r"
        connect [r1]: passed
        connect [r2]: passed
        connect [r3]: passed
        a [r1]: failed (no)
        a [r2]: failed (no)
        a [r3]: passed
        b [r1]: skipped (not run: --fail-fast=2 was reached with a [r2])
        b [r2]: skipped (not run: --fail-fast=2 was reached with a [r2])
        b [r3]: skipped (not run: --fail-fast=2 was reached with a [r2])
        teardown: passed"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

#[test]
fn openings_that_have_not_begun_are_not_made_after_the_first_failure() {
    let job = "{job: fast, tests: [{name: a, devices: all, steps: [{execute: a}]}], teardown: [{execute: last, device: r3}]}";
    let plan = plan_of(job, &testbed(2));
    let mut opened = 0;
    let mut open = || {
        opened += 1;
        opened != 1
    };
    let world = Play { choose: &mut |_| 0, judge: &mut |_| Ended::Good, open: &mut open, interrupt_at: None, fail_fast: Some(1) };
    let seen = drive_with(&plan, 3, world);
    expect_test::expect![[r"
        connect [r1]: errored (refused)
        connect [r2]: passed
        connect [r3]: passed
        a [r1]: skipped (not run: --fail-fast=1 was reached with connect [r1])
        a [r2]: skipped (not run: --fail-fast=1 was reached with connect [r1])
        a [r3]: skipped (not run: --fail-fast=1 was reached with connect [r1])
        teardown: passed"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

#[test]
fn a_failed_setup_blocks_the_tests_also_when_the_first_failure_ends_the_run() {
    let job = "{job: fast, setup: [{shell: first}], tests: [{name: a, steps: [{shell: a}]}]}";
    let plan = plan_of(job, &testbed(1));
    let world = Play { choose: &mut |_| 0, judge: &mut failing(&["first"]), open: &mut || true, interrupt_at: None, fail_fast: Some(1) };
    let seen = drive_with(&plan, 3, world);
    assert_eq!(verdicts(&plan, &seen), ["setup: failed (no)", "a: blocked (blocked: setup did not pass)"]);
}

#[test]
fn an_interrupt_after_the_first_failure_still_ends_what_runs() {
    let job = "{job: both, tests: [{name: a, devices: [r1, r2], steps: [{execute: a}]}, {name: b, steps: [{shell: b}]}]}";
    let plan = plan_of(job, &testbed(1));
    let mut judge = |task: &Task| match task.cell.0 {
        2 => Ended::Bad(Bad::failed("no")),
        _ => Ended::Bad(Bad::errored(FaultKind::Interrupted, "cut")),
    };
    let world = Play { choose: &mut |_| 0, judge: &mut judge, open: &mut || true, interrupt_at: Some(4), fail_fast: Some(1) };
    let seen = drive_with(&plan, 4, world);
    expect_test::expect![[r"
        connect [r1]: passed
        connect [r2]: passed
        a [r1]: failed (no)
        a [r2]: errored (interrupted by SIGINT)
        b: skipped (not run: interrupted by SIGINT)"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

/// A run of four tests on `r1`, told what its opening comes to.
struct Outage {
    schedule: Schedule,
    plan: Arc<Plan>,
    now: Instant,
    told: Vec<String>,
}

impl Outage {
    fn begin(reopen_after: &str) -> Self {
        let test = |name: &str, device: &str, with: &str| format!("{{name: {name}, {device}{with}}}");
        let on_r1 = "devices: r1, steps: [{execute: x}]";
        let pauses = "steps: [{wait: 20s}, {shell: x}]";
        let tests: Vec<String> = (1..=3).flat_map(|n| [test(&format!("t{n}"), on_r1, ""), test(&format!("p{n}"), pauses, "")]).collect();
        let job = format!("{{job: outage, defaults: {{reopen_after: {reopen_after}}}, tests: [{}]}}", tests.join(", "));
        let plan = plan_of(&job, &testbed(1));
        let schedule = Schedule::new(Arc::clone(&plan), 4);
        let mut outage = Self { schedule, plan, now: Instant::now(), told: Vec::new() };
        outage.tell(Input::Begin);
        outage
    }

    fn tell(&mut self, input: Input) {
        let outputs = self.schedule.advance(input, self.now);
        let mut tasks: Vec<TaskId> = Vec::new();
        for output in outputs {
            match output {
                Output::Open { .. } => self.told.push("open".to_owned()),
                Output::Start(task) => tasks.push(task.id),
                Output::Record(Fact::CellFinished { cell, outcome, .. }) => {
                    let name = &self.plan.cells[cell.index()].head.name;
                    self.told.push(format!("{name} {}", outcome.verdict.word()));
                }
                Output::Record(Fact::Reopened { after, .. }) => self.told.push(format!("reopened after {}s", after.as_secs())),
                Output::Record(Fact::Attempted(attempt)) => self.told.push(format!("attempt {}", attempt.number)),
                Output::Record(_) | Output::Close { .. } | Output::Interrupt(_) | Output::Finished => {}
            }
        }
        for task in tasks {
            self.tell(Input::Done { task, done: Done::good() });
        }
    }

    fn opened(&mut self, result: Result<(), FaultKind>) {
        let result = result.map_err(|kind| Fault::new(kind, "no"));
        self.tell(Input::Opened { route: RouteId(0), worker: WorkerId(0), result });
    }

    fn after_the_pause(&mut self) {
        self.now = self.schedule.next_wake().expect("a pause");
        self.tell(Input::Tick);
    }
}

#[test]
fn a_device_that_was_down_is_tried_again_after_a_while_and_its_later_tests_run() {
    let mut outage = Outage::begin("15s");
    outage.opened(Err(FaultKind::Unreachable));
    outage.after_the_pause();
    outage.now += Duration::from_secs(2);
    outage.opened(Err(FaultKind::Timeout));
    outage.after_the_pause();
    outage.opened(Ok(()));
    outage.after_the_pause();
    let told = "open, attempt 1, connect [r1] errored, t1 [r1] blocked, p1 passed, open, attempt 2, t2 [r1] blocked, p2 passed, open, \
                reopened after 42s, t3 [r1] passed, p3 passed";
    assert_eq!(outage.told.join(", "), told);
}

#[test]
fn a_device_that_was_down_is_left_alone_for_a_while() {
    let mut outage = Outage::begin("30s");
    outage.opened(Err(FaultKind::Unreachable));
    outage.after_the_pause();
    assert_eq!(outage.told.iter().filter(|told| *told == "open").count(), 1);
    assert!(outage.told.contains(&"t2 [r1] blocked".to_owned()));
    outage.after_the_pause();
    assert_eq!(outage.told.last().map(String::as_str), Some("open"));
}

#[test]
fn a_refused_login_is_not_tried_again() {
    for kind in [FaultKind::Auth, FaultKind::HostKey, FaultKind::Invalid] {
        let mut outage = Outage::begin("1ms");
        outage.opened(Err(kind));
        outage.after_the_pause();
        outage.after_the_pause();
        outage.after_the_pause();
        assert_eq!(outage.told.iter().filter(|told| *told == "open").count(), 1, "{kind:?}");
        assert!(outage.told.contains(&"t3 [r1] blocked".to_owned()), "{kind:?}");
    }
}

#[test]
fn the_teardown_of_the_job_tries_a_device_again_and_goes_on_without_it() {
    let job = "
job: clean
defaults: {reopen_after: 1ms}
tests: [{name: a, devices: r1, steps: [{execute: a}]}, {name: b, steps: [{wait: 1s}, {shell: b}]}]
teardown: [{execute: clean, device: r1}, {shell: last}]
";
    let plan = plan_of(job, &testbed(1));
    // The connection and `b` are the two failures that end the last of these runs.
    for (back, fail_fast) in [(true, None), (false, None), (true, Some(2))] {
        let mut judge = failing(if fail_fast.is_some() { &["b"] } else { &[] });
        let mut opened = 0;
        let mut open = || {
            opened += 1;
            back && opened > 1
        };
        let world = Play { choose: &mut |_| 0, judge: &mut judge, open: &mut open, interrupt_at: None, fail_fast };
        let seen = drive_with(&plan, 3, world);
        // Where the device stays down, `clean` begins and says so.
        assert_eq!(seen.commands, ["b", "clean", "last"]);
        assert_eq!((seen.reopened, opened), (usize::from(back), 2));
        let teardown = seen.outcomes.last().cloned().flatten().expect("it ended");
        assert_eq!(teardown.verdict == Verdict::Passed, back);
    }
}

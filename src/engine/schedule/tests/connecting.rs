//! Steps that open and close connections, and steps on several devices.

use super::{Play, Seen, drive, drive_with, plan_of, testbed, try_plan_of, verdicts};
use crate::engine::plan::{Action, Plan};
use crate::engine::task::{Bad, Ended, Task};
use crate::record::fault::FaultKind;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Runs steps on `r1` and says how its test ended, with every command that a worker got.
fn run(steps: &str, pool: u32) -> (String, Vec<String>) {
    let plan = plan_of(&format!("{{job: j, tests: [{{name: a, devices: r1, steps: {steps}}}]}}"), &testbed(pool));
    let seen = drive(&plan, 8, &mut |_| Ended::Good);
    (verdicts(&plan, &seen).last().cloned().unwrap_or_default(), seen.commands)
}

#[test]
fn what_is_disconnected_stays_so_until_it_is_connected_again() {
    let apart = "a [r1]: errored (`default` of `r1` is disconnected: `disconnect` at job.yaml:1)";
    for (steps, ended) in [
        ("[{execute: x}, {disconnect: default}, {execute: y}]", apart),
        ("[{execute: x}, {disconnect: default}, {connect: default}, {execute: y}]", "a [r1]: passed"),
        ("[{execute: x}, {disconnect: all}, {execute: y}]", apart),
        ("[{execute: x}, {destroy: default}, {execute: y}]", "a [r1]: passed"),
        ("[{execute: x}, {disconnect: default}, {destroy: default}, {execute: y}]", "a [r1]: passed"),
        ("[{disconnect: default}, {execute: y}]", apart),
        ("[{disconnect: default}, {disconnect: default}, {connect: default}, {connect: default}, {execute: y}]", "a [r1]: passed"),
        ("[{connect: {alias: v}}, {execute: x, alias: v}, {disconnect: v}, {execute: y}]", "a [r1]: passed"),
        (
            "[{group: g, parallel: true, steps: [{disconnect: default}, {connect: {alias: v}}]}, {execute: x, alias: v}, {execute: y}]",
            apart,
        ),
    ] {
        for pool in [1, 3] {
            assert_eq!(run(steps, pool).0, ended, "{steps}, pool of {pool}");
        }
    }
}

#[test]
fn a_connection_that_a_test_begins_by_connecting_is_not_opened_before_it() {
    let job = "{job: j, tests: [
        {name: a, devices: r1, steps: [{connect: default}, {execute: x}]},
        {name: b, devices: r1, steps: [{execute: y}]},
        {name: c, devices: r2, steps: [{execute: y}, {disconnect: default}, {connect: default}]}]}";
    let plan = plan_of(job, &testbed(2));
    let mut asked = 0;
    let mut open = || {
        asked += 1;
        true
    };
    let seen = drive_with(
        &plan,
        4,
        Play { choose: &mut |_| 0, judge: &mut |_| Ended::Good, open: &mut open, interrupt_at: None, fail_fast: None },
    );
    assert_eq!(asked, 2, "only the pool of `r2` is opened before its test");
    expect_test::expect![[r"
        connect [r1]: skipped (left to steps of the job)
        connect [r2]: passed
        a [r1]: passed
        b [r1]: passed
        c [r2]: passed"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

#[test]
fn a_connect_that_fails_is_the_fault_of_its_test_and_the_next_one_opens_as_usual() {
    let job = "{job: j, tests: [
        {name: a, devices: r1, steps: [{connect: default, continue_on_failure: true}, {execute: x}]},
        {name: b, devices: r1, steps: [{execute: y}]}]}";
    let plan = plan_of(job, &testbed(2));
    let refused = Ended::Bad(Bad::errored(FaultKind::Unreachable, "refused"));
    let seen = drive(&plan, 4, &mut |task| if task.step.action.changes_connections() { refused.clone() } else { Ended::Good });
    assert_eq!(seen.commands, ["connect default", "x", "y"]);
    expect_test::expect![[r"
        connect [r1]: passed
        a [r1]: errored (refused)
        b [r1]: passed"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

#[test]
fn a_device_that_was_down_can_be_waited_for() {
    let job = "{job: j, tests: [
        {name: a, devices: r1, steps: [{execute: x}]},
        {name: b, devices: r1, steps: [{connect: default, retry: {attempts: 3}}, {execute: y}]},
        {name: c, devices: r1, steps: [{execute: z}]}]}";
    let plan = plan_of(job, &testbed(1));
    let down = Ended::Bad(Bad::errored(FaultKind::Unreachable, "refused"));
    let mut judge = |task: &Task| if task.step.action.changes_connections() && task.attempt < 3 { down.clone() } else { Ended::Good };
    let seen =
        drive_with(&plan, 4, Play { choose: &mut |_| 0, judge: &mut judge, open: &mut || false, interrupt_at: None, fail_fast: None });
    assert_eq!(seen.commands, ["connect default", "connect default", "connect default", "y", "z"]);
    expect_test::expect![[r"
        connect [r1]: errored (refused)
        a [r1]: blocked (blocked: connect [r1] failed)
        b [r1]: passed
        c [r1]: passed"]]
    .assert_eq(&verdicts(&plan, &seen).join("\n"));
}

#[test]
fn a_step_takes_every_worker_that_it_opens_or_closes() {
    let plan =
        plan_of("{job: j, tests: [{name: a, devices: r1, steps: [{execute: x}, {disconnect: default}, {connect: default}]}]}", &testbed(3));
    let mut taken = Vec::new();
    drive(&plan, 4, &mut |task| {
        taken.push(task.whole.len());
        Ended::Good
    });
    assert_eq!(taken, [0, 3, 3]);
}

#[test]
fn logins_of_steps_keep_the_limit_of_a_server() {
    let mut testbed = "devices:\n".to_owned();
    for number in 0..20 {
        testbed.push_str(&format!(
            "  d{number}: {{os: linux, credentials: {{default: {{username: u}}}}, connections: {{cli: {{protocol: ssh, host: one}}}}}}\n"
        ));
    }
    let plan = plan_of("{job: j, tests: [{name: a, devices: all, steps: [{connect: default}]}]}", &testbed);
    let now = std::time::Instant::now();
    let mut schedule = crate::engine::schedule::Schedule::new(Arc::clone(&plan), 64);
    let started = |outputs: &[crate::engine::schedule::Output]| {
        outputs.iter().filter(|output| matches!(output, crate::engine::schedule::Output::Start(_))).count()
    };
    let outputs = schedule.advance(crate::engine::schedule::Input::Begin, now);
    assert_eq!(started(&outputs), 8);
    let task = outputs.iter().find_map(|output| match output {
        crate::engine::schedule::Output::Start(task) => Some(task.id),
        _ => None,
    });
    let done = crate::engine::task::Done { opened: true, ..crate::engine::task::Done::good() };
    let outputs = schedule.advance(crate::engine::schedule::Input::Done { task: task.expect("one"), done }, now);
    assert_eq!(started(&outputs), 1, "one ended, one begins");
}

#[test]
fn a_step_asks_every_one_of_its_devices_whatever_one_of_them_says() {
    let job = "{job: j, tests: [{name: a, steps: [{execute: x, devices: all, parallel: 1, capture: got}, {execute: y, device: r1}]}]}";
    let plan = plan_of(job, &testbed(1));
    let mut asked = Vec::new();
    let seen = drive(&plan, 4, &mut |task| {
        asked.push((task.reference().title(), task.scope.get("device").and_then(|device| device["name"].as_str().map(str::to_owned))));
        if task.member == Some(1) { Ended::Bad(Bad::failed("r2 is wrong")) } else { Ended::Good }
    });
    let name = |name: &str| Some(name.to_owned());
    let titles = ["step 1 x [r1]", "step 1 x [r2]", "step 1 x [r3]"].map(str::to_owned);
    assert_eq!(asked, titles.into_iter().zip([name("r1"), name("r2"), name("r3")]).collect::<Vec<_>>());
    assert_eq!(verdicts(&plan, &seen).last().map(String::as_str), Some("a [r1+r2+r3]: failed (r2 is wrong)"));
}

#[test]
fn each_device_of_a_step_retries_by_itself() {
    let job = "{job: j, tests: [{name: a, devices: r1, steps: [{execute: x, devices: [r1, r2], retry: {attempts: 3, every: 1s}}]}]}";
    let plan = plan_of(job, &testbed(1));
    let mut attempts = BTreeSet::new();
    let seen = drive(&plan, 4, &mut |task| {
        attempts.insert((task.member, task.attempt));
        if task.member == Some(1) && task.attempt < 3 { Ended::Bad(Bad::failed("no")) } else { Ended::Good }
    });
    assert_eq!(attempts, BTreeSet::from([(Some(0), 1), (Some(1), 1), (Some(1), 2), (Some(1), 3)]));
    assert_eq!(verdicts(&plan, &seen).last().map(String::as_str), Some("a [r1]: passed"));
}

#[test]
fn branches_leave_each_others_connections_alone() {
    let group = |steps: &str| format!("[{{execute: x}}, {{group: g, parallel: true, steps: [{steps}]}}]");
    let said = |word: &str| vec![format!("`{word}` of a connection that a branch at its side uses")];
    for (steps, complaints) in [
        (group("{execute: x}, {disconnect: default}"), said("disconnect")),
        (group("{execute: x, device: r1}, {group: h, steps: [{destroy: all}]}"), said("destroy")),
        (group("{connect: default}, {disconnect: default}"), said("connect")),
        (group("{execute: x, device: r2}, {disconnect: all}"), vec![]),
        (group("{connect: {alias: v}}, {execute: x}"), vec![]),
        (
            "[{execute: x}, {disconnect: default, loop: [1, 2], parallel: true}]".to_owned(),
            vec!["`disconnect` within a parallel `loop`: its turns would do this to each other's connection".to_owned()],
        ),
        ("[{execute: x}, {connect: default, loop: [1, 2], devices: [r1, r2], parallel: 1}]".to_owned(), vec![]),
    ] {
        let job = format!("{{job: j, tests: [{{name: a, devices: r1, steps: {steps}}}]}}");
        assert_eq!(try_plan_of(&job, &testbed(1)).err().unwrap_or_default(), complaints, "{steps}");
    }
}

#[test]
fn an_interrupt_while_a_connection_is_being_opened_leaves_no_lease_behind() {
    let job = "{job: j, tests: [{name: a, devices: r1, steps: [{execute: x}, {disconnect: default}, {connect: default}],
        teardown: [{connect: default}, {execute: clean}]}]}";
    let plan: Arc<Plan> = plan_of(job, &testbed(2));
    for at in 1..12 {
        let cut = Ended::Bad(Bad::errored(FaultKind::Interrupted, "cut"));
        let mut judge = |task: &Task| match task.stage {
            crate::engine::task::Stage::Main if matches!(task.step.action, Action::Connect { .. }) => cut.clone(),
            _ => Ended::Good,
        };
        let world = Play { choose: &mut |_| 0, judge: &mut judge, open: &mut || true, interrupt_at: Some(at), fail_fast: None };
        let seen: Seen = drive_with(&plan, 1, world);
        assert!(seen.outcomes.iter().all(Option::is_some), "interrupted at {at}");
    }
}

#[test]
fn facts_of_turns_are_told_in_their_order_whoever_was_quicker() {
    let job = "{job: j, tests: [{name: a, devices: r1, steps: [
        {execute: x, devices: all, loop: [1, 2]},
        {group: g, parallel: true, steps: [{execute: p}, {group: h, parallel: true, steps: [{execute: q, device: r2}, {execute: r, device: r3}]},
            {execute: s, device: r2, continue_on_failure: true}]}]}]}";
    let plan = plan_of(job, &testbed(3));
    let told = |choose: &mut dyn FnMut(usize) -> usize| {
        let world = Play { choose, judge: &mut |_| Ended::Good, open: &mut || true, interrupt_at: None, fail_fast: None };
        drive_with(&plan, 16, world).told
    };
    let first = told(&mut |_| 0);
    let expected = ["x [r1]", "x [r2]", "x [r3]", "x [r1]", "x [r2]", "x [r3]", "p", "q", "r", "s"];
    assert_eq!(first, expected);
    assert_eq!(told(&mut |count| count - 1), expected, "the last to begin ends first");
    assert_eq!(told(&mut |count| count / 2), expected);
}

#[test]
fn branches_whose_device_is_down_come_to_an_end() {
    let job = "{job: j, tests: [{name: a, devices: r1, steps: [{execute: x}]}],
        teardown: [{group: g, parallel: true, steps: [{execute: y, device: r1}, {execute: z, device: r1}]}]}";
    let plan = plan_of(job, &testbed(2));
    let world = Play { choose: &mut |_| 0, judge: &mut |_| Ended::Good, open: &mut || false, interrupt_at: None, fail_fast: None };
    let seen = drive_with(&plan, 4, world);
    assert_eq!(seen.commands, ["y", "z"]);
    assert_eq!(verdicts(&plan, &seen).last().map(String::as_str), Some("teardown: errored (`default` of `r1` could not be opened)"));
}

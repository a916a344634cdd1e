//! Random plans and random orders of inputs. The driver checks what must always hold.

use super::{Play, drive_with, testbed, try_plan_of};
use crate::engine::plan::Plan;
use crate::engine::task::{Bad, Ended, Task};
use crate::record::event::CellKind;
use crate::record::fault::FaultKind;
use crate::record::verdict::{Outcome, ReasonKind, Verdict};
use proptest::prelude::*;
use proptest::test_runner::TestRng;
use std::sync::Arc;

fn roll(rng: &mut TestRng, sides: u32) -> u32 {
    rng.next_u32() % sides
}

fn one_of(rng: &mut TestRng, all: &[&str]) -> String {
    all[rng.next_u32() as usize % all.len()].to_owned()
}

/// A step of a random plan, as YAML in flow style.
fn random_step(depth: u32, rng: &mut TestRng) -> String {
    let mut keys = match (depth, roll(rng, 9)) {
        (1.., 0 | 1) => {
            let steps: Vec<String> = (0..=roll(rng, 3)).map(|_| random_step(depth - 1, rng)).collect();
            let always = if roll(rng, 4) == 0 { format!(", always: [{}]", random_step(depth - 1, rng)) } else { String::new() };
            format!("group: g, steps: [{}]{always}", steps.join(", "))
        }
        (_, 2) => "shell: s".to_owned(),
        (_, 3) => "execute: [x, y, z]".to_owned(),
        (_, 4) => "wait: 5ms".to_owned(),
        (_, 5) => "execute: x, devices: [r1, r2]".to_owned(),
        (_, 6) => {
            let word = one_of(rng, &["connect", "connect", "disconnect", "destroy"]);
            format!("{word}: {}{}", one_of(rng, &["default", "spare"]), one_of(rng, &["", ", device: r1", ", devices: [r1, r2, r3]"]))
        }
        (_, 7) => "execute: x, alias: spare".to_owned(),
        _ => "execute: x".to_owned(),
    };
    if roll(rng, 3) == 0 && !keys.starts_with("wait") {
        keys.push_str(", loop: [1, 2, 3]");
    }
    if (keys.contains("loop") || keys.starts_with("group") || keys.contains('[')) && roll(rng, 2) == 0 {
        keys.push_str(&one_of(rng, &[", parallel: true", ", parallel: 2", ", parallel: 5"]));
    }
    if roll(rng, 5) == 0 && !keys.starts_with("wait") {
        keys.push_str(", retry: {attempts: 2, every: 3ms}");
    }
    if roll(rng, 6) == 0 {
        keys.push_str(", continue_on_failure: true");
    }
    format!("{{{keys}}}")
}

/// Where a test runs and what it does.
fn random_body(rng: &mut TestRng) -> String {
    if roll(rng, 4) == 0 {
        // One cell with several devices.
        let (first, second) = (1 + roll(rng, 3), 1 + roll(rng, 3));
        let branches = format!("{{execute: x, device: r1}}, {{execute: [x, y], device: r{second}, parallel: true}}");
        return format!("steps: [{{execute: x, device: r{first}}}, {{group: g, parallel: true, steps: [{branches}]}}]");
    }
    let devices = one_of(rng, &["all", "r1", "[r2, r3]"]);
    let teardown = if roll(rng, 2) == 0 { format!(", teardown: [{}]", random_step(1, rng)) } else { String::new() };
    let first = one_of(rng, &["execute: x", "execute: x", "connect: {alias: spare, pool_size: 2}"]);
    format!("devices: {devices}, steps: [{{{first}}}, {}, {}]{teardown}", random_step(3, rng), random_step(2, rng))
}

/// The tests that a test needs: some of those before it in an order that is not the file's unless it must be.
fn random_needs(number: usize, ranks: &[u32], rng: &mut TestRng) -> String {
    let mut needs: Vec<String> = Vec::new();
    for other in 0..ranks.len() {
        if (ranks[other], other) < (ranks[number], number) && roll(rng, 3) == 0 {
            needs.push(format!("t{other}"));
        }
    }
    if needs.is_empty() { String::new() } else { format!("needs: [{}], ", needs.join(", ")) }
}

fn random_locks(body: &str, rng: &mut TestRng) -> String {
    let mut locks = Vec::new();
    for lock in ["a", "b", "'{{ device.name }}'", "\"{{ 'a' if device.name == 'r1' else 'c' }}\""] {
        if roll(rng, 4) == 0 && (!lock.contains("device") || body.starts_with("devices")) {
            locks.push(lock);
        }
    }
    if locks.is_empty() { String::new() } else { format!("lock: [{}], ", locks.join(", ")) }
}

fn random_job(rng: &mut TestRng) -> String {
    let is_free = roll(rng, 2) == 0;
    let mut job = format!("job: random\norder: {}\n", if is_free { "free" } else { "sequential" });
    job.push_str(&one_of(rng, &["", "defaults: {reopen_after: 1ms}\n", "defaults: {reopen_after: 30ms}\n"]));
    job.push_str(&one_of(rng, &["", "", "setup: [{execute: x, device: r1}]\n"]));
    job.push_str(&one_of(rng, &["", "teardown: [{execute: x, device: r2}, {execute: x, device: r3}]\n"]));
    job.push_str("tests:\n  - {name: definitions, devices: all, steps: [{execute: x}, {connect: {alias: spare}}]}\n");
    let ranks: Vec<u32> = (0..=roll(rng, 5)).map(|_| if is_free { roll(rng, 100) } else { 0 }).collect();
    for number in 0..ranks.len() {
        let body = random_body(rng);
        let (needs, locks) = (random_needs(number, &ranks, rng), random_locks(&body, rng));
        job.push_str(&format!("  - {{name: t{number}, {needs}{locks}{body}}}\n"));
    }
    job
}

/// The plan of a random job. What branches do to each other's connections is refused: then another job is made.
fn random_plan(rng: &mut TestRng, testbed: &str) -> Arc<Plan> {
    for _ in 0..1000 {
        match try_plan_of(&random_job(rng), testbed) {
            Ok(plan) => return plan,
            Err(said) => {
                let expected = |message: &String| message.contains("at its side") || message.contains("within a parallel `loop`");
                assert!(said.iter().any(expected), "{said:?}");
            }
        }
    }
    panic!("no job of a thousand was accepted")
}

/// Whether a ledger is one that a run can have: nothing that did not run is green, and every cell that did not begin because
/// of another one has one that explains it.
fn check(plan: &Plan, outcomes: &[Option<Outcome>]) {
    let outcome = |index: usize| outcomes[index].as_ref().expect("every cell ended");
    let any = |verdict: Verdict| outcomes.iter().flatten().any(|outcome| outcome.verdict == verdict);
    for (index, cell) in plan.cells.iter().enumerate() {
        let Some(reason) = &outcome(index).reason else { continue };
        let needed = || cell.needs.iter().flat_map(|need| &plan.needs[need.index()]);
        if reason.message.starts_with("blocked: needs ") {
            assert!(needed().any(|needed| outcome(needed.index()).verdict != Verdict::Passed), "{}", reason.message);
        }
        if reason.kind == ReasonKind::NotRun {
            assert!(any(Verdict::Errored) || (reason.message.contains("--fail-fast") && any(Verdict::Failed)), "{}", reason.message);
        }
        if reason.kind == ReasonKind::Blocked {
            assert_eq!(outcome(index).verdict, Verdict::Blocked);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn random_plans_in_random_orders_end_in_a_legal_ledger(
        seed in any::<[u8; 32]>(),
        pool in 1_u32..=2,
        jobs in 1_usize..=6,
        interrupt in proptest::option::weighted(0.3, 1_usize..60),
        fail_fast in proptest::option::weighted(0.3, 1_u32..4),
    ) {
        let mut rng = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed);
        let plan = random_plan(&mut rng, &testbed(pool));
        let rng = std::cell::RefCell::new(rng);
        let roll = |sides: usize| rng.borrow_mut().next_u32() as usize % sides;
        // Some runs go well until late, so that much of the plan is reached.
        let trouble = [12, 60, 400][roll(3)];
        let mut judge = |_: &Task| match roll(trouble) {
            0 => Ended::Bad(Bad::failed("wrong")),
            1 => Ended::Bad(Bad::errored(FaultKind::Lost, "lost")),
            2 if roll(5) == 0 => Ended::Skip("enough".to_owned()),
            _ => Ended::Good,
        };
        let mut choose = |count: usize| roll(count);
        let mut open = || roll(trouble) > 2;
        let world = Play { choose: &mut choose, judge: &mut judge, open: &mut open, interrupt_at: interrupt, fail_fast };
        let seen = drive_with(&plan, jobs, world);
        check(&plan, &seen.outcomes);
        let tests = plan.cells.iter().filter(|cell| cell.head.kind == CellKind::Test).count();
        prop_assert!(tests > 0);
    }
}

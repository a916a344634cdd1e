//! Random plans and random orders of inputs.

use super::{Play, drive_with, testbed, try_plan_of};
use crate::engine::plan::Plan;
use crate::engine::task::{Bad, Ended, Task};
use crate::record::event::CellKind;
use crate::record::fault::FaultKind;
use crate::record::verdict::Verdict;
use proptest::prelude::*;
use proptest::test_runner::TestRng;
use std::sync::Arc;

/// A step of a random plan, as YAML in flow style.
fn random_step(depth: u32, rng: &mut TestRng) -> String {
    let roll = |rng: &mut TestRng, sides: u32| rng.next_u32() % sides;
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
            let alias = ["default", "spare"][roll(rng, 2) as usize];
            let word = ["connect", "connect", "disconnect", "destroy"][roll(rng, 4) as usize];
            let device = ["", ", device: r1", ", devices: [r1, r2, r3]"][roll(rng, 3) as usize];
            format!("{word}: {alias}{device}")
        }
        (_, 7) => "execute: x, alias: spare".to_owned(),
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
    if roll(rng, 4) == 0 {
        keys.push_str(", continue_on_failure: true");
    }
    format!("{{{keys}}}")
}

fn random_job(rng: &mut TestRng) -> String {
    let mut job = format!("job: random\norder: {}\ntests:\n", if rng.next_u32().is_multiple_of(2) { "free" } else { "sequential" });
    job.push_str("  - {name: definitions, devices: all, steps: [{execute: x}, {connect: {alias: spare}}]}\n");
    for number in 0..=rng.next_u32() % 3 {
        let devices = ["all", "r1", "[r2, r3]"][(rng.next_u32() % 3) as usize];
        let teardown = if rng.next_u32().is_multiple_of(2) { format!(", teardown: [{}]", random_step(1, rng)) } else { String::new() };
        let first = ["{execute: x}", "{execute: x}", "{connect: {alias: spare, pool_size: 2}}"][(rng.next_u32() % 3) as usize];
        job.push_str(&format!(
            "  - {{name: t{number}, devices: {devices}, steps: [{first}, {}, {}]{teardown}}}\n",
            random_step(3, rng),
            random_step(2, rng)
        ));
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn random_plans_in_random_orders_end_in_a_legal_ledger(seed in any::<[u8; 32]>(), pool in 1_u32..=2, jobs in 1_usize..=6, interrupt in proptest::option::of(1_usize..60)) {
        let mut rng = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed);
        let plan = random_plan(&mut rng, &testbed(pool));
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

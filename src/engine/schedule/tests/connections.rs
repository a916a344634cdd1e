//! Plans of connections alone.

use super::{Play, drive_with, testbed, verdicts};
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::engine::plan::{Plan, Selection, Wanted, connections};
use crate::engine::task::Ended;
use crate::record::verdict::Verdict;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Makes a plan that opens every device of the testbed, whose pools are of 4.
fn plan() -> Arc<Plan> {
    let testbed = crate::load::testbed_text(&testbed(4), "testbed.yaml", Path::new("."), &crate::load::Environment::default());
    let testbed = testbed.value.expect("a testbed");
    let wanted = Wanted {
        testbed: &testbed,
        registry: &Registry::standard(),
        surroundings: &Surroundings::default(),
        selection: &Selection::default(),
        via: &[],
    };
    let (plan, said) = connections(&wanted, "check", "testbed.yaml".to_owned(), None);
    Arc::new(plan.unwrap_or_else(|| panic!("{said:?}")))
}

#[test]
fn each_device_is_opened_once_and_one_that_is_down_keeps_nobody_from_being_opened() {
    let plan = plan();
    let mut opened = 0;
    let mut open = || {
        opened += 1;
        opened != 2
    };
    let seen = drive_with(
        &plan,
        8,
        Play { choose: &mut |_| 0, judge: &mut |_| Ended::Good, open: &mut open, interrupt_at: None, fail_fast: None },
    );
    assert_eq!(verdicts(&plan, &seen), ["connect [r1]: passed", "connect [r2]: errored (refused)", "connect [r3]: passed"]);
    assert_eq!((opened, seen.commands.len()), (3, 0), "one session each, whatever the pool, and nothing is asked");
}

proptest! {
    #[test]
    fn random_orders_end_with_every_connection_accounted_for(
        picks in proptest::collection::vec((any::<usize>(), any::<bool>()), 8),
        jobs in 1_usize..=4,
        interrupt in proptest::option::of(1_usize..6),
    ) {
        let plan = plan();
        let (mut chosen, mut opened) = (picks.iter().cycle(), picks.iter().cycle());
        let mut choose = |count: usize| chosen.next().map_or(0, |(pick, _)| pick % count);
        let mut open = || opened.next().is_some_and(|(_, opens)| *opens);
        let seen = drive_with(&plan, jobs, Play { choose: &mut choose, judge: &mut |_| Ended::Good, open: &mut open, interrupt_at: interrupt, fail_fast: None });
        let verdicts: Vec<Verdict> = seen.outcomes.iter().flatten().map(|outcome| outcome.verdict).collect();
        prop_assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Passed | Verdict::Errored | Verdict::Skipped)));
        prop_assert!(!verdicts.contains(&Verdict::Skipped) || verdicts.contains(&Verdict::Errored), "what was not tried is never green");
    }
}

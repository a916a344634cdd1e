//! Plans of tests that need others and hold locks.

use super::{LAB, plan_of};
use crate::base::diagnostic::{Colour, Severity};
use crate::engine::plan::{Plan, Selection, describe};
use crate::record::event::CellKind;

fn select(tests: &[&str], devices: &[&str]) -> Selection {
    let owned = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    Selection { devices: owned(devices), tests: owned(tests), tags: Vec::new() }
}

/// The complaints about a job whose tests, in this order, say these keys.
fn about(order: &str, tests: &[(&str, &str)]) -> Vec<String> {
    let tests: Vec<String> = tests.iter().map(|(name, keys)| format!("{{name: {name}, steps: [{{shell: x}}]{keys}}}")).collect();
    let job = format!("{{job: j, order: {order}, tests: [{}]}}", tests.join(", "));
    plan_of(&job, LAB, &Selection::default()).1.into_iter().map(|complaint| complaint.message).collect()
}

/// Every test case, with what it needs and holds.
fn told(plan: &Plan) -> Vec<String> {
    let name = |id: &crate::record::event::CellId| plan.cells[id.index()].head.name.clone();
    let cells = plan.cells.iter().filter(|cell| cell.head.kind == CellKind::Test);
    cells
        .map(|cell| {
            let needs: Vec<String> =
                cell.needs.iter().map(|need| plan.needs[need.index()].iter().map(name).collect::<Vec<_>>().join("+")).collect();
            let locks: Vec<&str> = cell.locks.iter().map(|lock| plan.locks[lock.index()].as_str()).collect();
            format!("{}: {} | {}", cell.head.name, needs.join(", "), locks.join(", "))
        })
        .collect()
}

#[test]
fn a_case_needs_the_cases_of_its_device_or_all_where_there_are_none() {
    let job = "{job: j, tests: [
        {name: Links up, id: links, devices: [r1, r2], steps: [{execute: x}]},
        {name: local, steps: [{shell: x}]},
        {name: both, devices: all, needs: [links, local, Links up], steps: [{execute: x}]},
        {name: named, needs: both, steps: [{execute: x, device: r1}]}]}";
    let (plan, said) = plan_of(job, LAB, &Selection::default());
    assert_eq!(said, []);
    let plan = plan.expect("a plan");
    assert_eq!(
        told(&plan),
        [
            "Links up [r1]:  | ",
            "Links up [r2]:  | ",
            "local:  | ",
            "both [r1]: Links up [r1], local | ",
            "both [r2]: Links up [r2], local | ",
            "both [r3]: Links up [r1]+Links up [r2], local | ",
            "named [r1]: both [r1]+both [r2]+both [r3] | ",
        ]
    );
    assert!(describe(&plan).contains("\nnamed [r1]\n  needs both: 3 cases\n"));
    assert!(describe(&plan).contains("\nboth [r1]\n  needs Links up [r1]\n  needs local\n"));
}

#[test]
fn many_cases_that_need_many_others_share_what_they_need() {
    let mut testbed = String::from("devices:\n");
    for number in 0..400 {
        testbed.push_str(&format!("  a{number}: {{os: linux, connections: {{l: {{class: shell}}}}}}\n"));
        testbed.push_str(&format!("  b{number}: {{os: linux, connections: {{l: {{class: shell}}}}}}\n"));
    }
    let job =
        "{job: j, tests: [{name: a, devices: 'a*', steps: [{execute: x}]}, {name: b, devices: 'b*', needs: a, steps: [{execute: x}]}]}";
    let plan = plan_of(job, &testbed, &Selection::default()).0.expect("a plan");
    assert_eq!(plan.needs.iter().map(Vec::len).collect::<Vec<_>>(), [400]);
}

#[test]
fn needs_that_can_never_be_met_are_errors() {
    for (order, tests, said) in [
        ("sequential", vec![("a", ""), ("b", ", needs: a")], vec![]),
        ("sequential", vec![("a", ", needs: b"), ("b", "")], vec!["test `a` needs `b`, which runs after it"]),
        ("sequential", vec![("a", ", needs: b"), ("b", ", needs: a")], vec!["test `a` needs `b`, which runs after it"]),
        ("free", vec![("a", ", needs: b"), ("b", "")], vec![]),
        ("free", vec![("a", ", needs: [a, bb]"), ("b", "")], vec!["test `a` needs itself", "test `bb` is not in this job"]),
        ("free", vec![("a", ", needs: [b, b]"), ("b", ", needs: a")], vec!["`needs` goes in a circle: `a` needs `b`, `b` needs `a`"]),
        (
            "free",
            vec![
                ("z", ", needs: c"),
                ("a", ", needs: b"),
                ("b", ", needs: c"),
                ("c", ", needs: [d, a]"),
                ("d", ""),
                ("e", ", needs: f"),
                ("f", ", needs: e"),
            ],
            vec![
                "`needs` goes in a circle: `a` needs `b`, `b` needs `c`, `c` needs `a`",
                "`needs` goes in a circle: `e` needs `f`, `f` needs `e`",
            ],
        ),
    ] {
        assert_eq!(about(order, &tests), said, "{order} {tests:?}");
    }
}

#[test]
fn a_chain_of_very_many_needs_is_walked_without_a_deep_stack() {
    let count = 5000;
    let name = |number: usize| format!("t{number}");
    let tests: Vec<(String, String)> = (0..count).map(|n| (name(n), format!(", needs: {}", name((n + 1) % count)))).collect();
    let tests: Vec<(&str, &str)> = tests.iter().map(|(name, keys)| (name.as_str(), keys.as_str())).collect();
    let said = about("free", &tests);
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with("`needs` goes in a circle: `t0` needs `t1`, ") && said[0].ends_with(", and so on over 4980 tests more"),
        "{}",
        said[0]
    );
    assert_eq!(about("free", &tests[..count - 1]), ["test `t4999` is not in this job"]);
}

#[test]
fn a_mistake_in_needs_is_shown_with_both_places() {
    let job = "job: j\ntests:\n- name: first\n  needs: [secnd, second]\n  steps: [{shell: x}]\n- name: second\n  steps: [{shell: x}]\n";
    let said: String = plan_of(job, LAB, &Selection::default()).1.iter().map(|complaint| complaint.render(Colour::Plain)).collect();
    expect_test::expect![[r"
        error: test `secnd` is not in this job
         --> job.yaml:4:11
          |
        4 |   needs: [secnd, second]
          |           ^^^^^
        hint: did you mean `second`?
        error: test `first` needs `second`, which runs after it
         --> job.yaml:4:18
          |
        4 |   needs: [secnd, second]
          |                  ^^^^^^
        5 |   steps: [{shell: x}]
        6 | - name: second
          |         ------ this test comes later
        hint: put `second` before `first`, or give the job `order: free`
    "]]
    .assert_eq(&said);
}

#[test]
fn a_selected_test_brings_what_it_needs_on_the_selected_devices() {
    let job = "{job: j, tests: [
        {name: a, devices: [r1, r2], steps: [{execute: x}]},
        {name: b, devices: [r1, r2], needs: a, steps: [{execute: x}]},
        {name: c, devices: r2, needs: b, steps: [{execute: x}]},
        {name: d, devices: r1, needs: c, steps: [{execute: x}]},
        {name: e, devices: r1, steps: [{execute: x}]}]}";
    for (tests, devices, cases, warned) in [
        (&["c"][..], &[][..], vec!["a [r1]", "a [r2]", "b [r1]", "b [r2]", "c [r2]"], 0),
        (&["c"], &["r2"], vec!["a [r2]", "b [r2]", "c [r2]"], 0),
        (&["e"], &[], vec!["e [r1]"], 0),
        // `c` has no case on `r1`: nothing of what it needs is needed, and selecting it alone selects nothing.
        (&["d"], &["r1"], vec!["d [r1]"], 1),
        (&["c"], &["r1"], vec![], 0),
    ] {
        let (plan, said) = plan_of(job, LAB, &select(tests, devices));
        let plan = plan.expect("a plan");
        let found: Vec<String> = told(&plan).into_iter().map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect();
        assert_eq!((found, said.len()), (cases.into_iter().map(str::to_owned).collect(), warned), "{tests:?} {devices:?}");
        for warning in said {
            assert_eq!(warning.severity, Severity::Warning);
            assert_eq!(warning.message, "test `c`, which this one needs, has no case in this run: nothing is waited for");
        }
    }
}

#[test]
fn locks_are_named_for_each_case_from_what_is_known_before_the_run() {
    let testbed = "devices:
  r1: {os: linux, custom: {console: 7}, connections: {l: {class: shell}}}
  r2: {os: linux, custom: {console: 7}, connections: {l: {class: shell}}}
  r3: {os: linux, connections: {l: {class: shell}}}";
    let lock = |lock: &str, devices: &str| {
        let vars = "vars: {where: \"{{ device.custom.console }}\"}";
        let job = format!("{{job: j, tests: [{{name: t, devices: {devices}, {vars}, lock: {lock}, steps: [{{execute: x}}]}}]}}");
        match plan_of(&job, testbed, &Selection::default()) {
            (Some(plan), _) => told(&plan).into_iter().map(|line| line.split("| ").last().unwrap_or_default().to_owned()).collect(),
            (None, said) => {
                said.iter().map(|complaint| complaint.message.split(" (job").next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
            }
        }
    };
    assert_eq!(lock("printer", "all"), ["printer", "printer", "printer"]);
    assert_eq!(lock("[b, 'console-{{ device.custom.console }}', b]", "[r1, r2]"), ["b, console-7", "b, console-7"]);
    assert_eq!(lock("'{{ where }}'", "r1"), ["7"]);
    assert_eq!(lock("[a, '{{ \"a\" }}']", "r1"), ["a"]);
    assert_eq!(lock("'{{ where }}'", "all"), ["for device `r3`: variable `where`: `device.custom.console` is undefined"]);
    assert_eq!(lock("'{{ device.custom.console }}'", "r3"), ["for device `r3`: `device.custom.console` is undefined"]);
    assert_eq!(lock("'{{ \"\" }}'", "r1"), ["for device `r1`: the name of the lock is empty"]);
    assert_eq!(lock("'{{ wher }}'", "r1"), ["variable `wher` is undefined"]);
    assert_eq!(lock("'{{ result.text }}'", "r1"), ["variable `result` is undefined"]);
}

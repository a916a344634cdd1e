//! Matrices, features and tags: which cases a test has.

use super::{LAB, plan_of};
use crate::base::diagnostic::{Colour, Diagnostic, Severity};
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::engine::plan::{self, Broken, Inputs, Plan, Run, Selection};
use crate::load::{self, Environment};
use crate::record::event::CellKind;
use indexmap::IndexMap;
use std::path::Path;
use std::sync::Arc;

/// Devices with data of their own, and features.
const PEERS: &str = "
testbed: {name: lab, credentials: {default: {username: u, password: correct-horse}}, custom: {afs: [ipv4, ipv6]}}
devices:
  r1: {features: [bfd, mpls], custom: {peers: [a, b], map: {x: 1, y: 2}, none: []}, connections: {l: {class: shell}}}
  r2: {features: [bfd], custom: {peers: [b, c], none: []}, connections: {l: {class: shell}}}
  r3: {custom: {peers: [c], twice: [1, 1.0], text: abc}, connections: {l: {class: shell}}}
";

fn planned(tests: &str, selection: &Selection) -> (Option<Plan>, Vec<Diagnostic>) {
    plan_of(&format!("{{job: j, tests: {tests}}}"), PEERS, selection)
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.cells.iter().filter(|cell| cell.head.kind == CellKind::Test).map(|cell| cell.head.name.as_str()).collect()
}

/// The cases of one test with these keys, and what was said about it: `warning` or `error`, and the sentence.
fn cases_of(keys: &str) -> (Vec<String>, Vec<String>) {
    let tests = format!("[{{name: t, {keys}, steps: [{{execute: 'x {{{{ matrix }}}}'}}]}}]");
    let (plan, said) = planned(&tests, &Selection::default());
    let names = plan.iter().flat_map(names).map(|name| name.trim_start_matches("t [").trim_end_matches(']').to_owned()).collect();
    let word = |severity| if severity == Severity::Error { "error" } else { "warning" };
    // Faults of templates tell their place in the sentence too.
    let sentence = |message: &str| message.split(" (job.yaml").next().unwrap_or_default().to_owned();
    (names, said.into_iter().map(|one| format!("{}: {}", word(one.severity), sentence(&one.message))).collect())
}

#[test]
fn every_device_has_a_case_for_each_combination_and_the_last_axis_varies_fastest() {
    for (keys, cases) in [
        ("devices: r1, matrix: {a: [1, 2], b: [x, y]}", vec!["r1, a=1, b=x", "r1, a=1, b=y", "r1, a=2, b=x", "r1, a=2, b=y"]),
        ("devices: [r1, r3], matrix: {p: '{{ device.custom.peers }}'}", vec!["r1, p=a", "r1, p=b", "r3, p=c"]),
        ("devices: r1, matrix: {p: ['{{ device.custom.peers[0] }}', z]}", vec!["r1, p=a", "r1, p=z"]),
        ("devices: r1, matrix: {p: '{{ device.custom.map }}'}", vec!["r1, p=x", "r1, p=y"]),
        ("devices: r1, matrix: {p: '{{ testbed.custom.afs }}'}", vec!["r1, p=ipv4", "r1, p=ipv6"]),
        ("devices: r1, matrix: {p: '{{ range(2) | list }}'}", vec!["r1, p=0", "r1, p=1"]),
        ("devices: r1, matrix: {p: '{{ [env.LAB, run.id] }}'}", vec!["r1, p=yes", "r1, p=1"]),
        ("devices: r1, vars: {q: '{{ device.custom.peers }}', p: '{{ q }}'}, matrix: {p: '{{ p }}'}", vec!["r1, p=a", "r1, p=b"]),
        ("devices: r1, vars: {bad: '{{ device.custom.nosuch }}'}, matrix: {p: [1]}", vec!["r1, p=1"]),
        ("devices: r1, vars: {l: '{{ matrix.p }}'}, matrix: {p: [1]}", vec!["r1, p=1"]),
        ("devices: r1, matrix: {p: [1, '1', {name: 1}]}", vec!["r1, p=1", "r1, p=1~2", "r1, p=1~3"]),
        ("devices: r1, matrix: {a: [1, 2], b: [x, y]}, exclude: [{a: 1, b: y}]", vec!["r1, a=1, b=x", "r1, a=2, b=x", "r1, a=2, b=y"]),
        ("devices: r1, matrix: {a: [1, 2], b: [x, y]}, exclude: [{a: 2.0}]", vec!["r1, a=1, b=x", "r1, a=1, b=y"]),
        (
            "devices: [r1, r2], matrix: {p: '{{ device.custom.peers }}'}, exclude: [{p: \"{{ 'a' if device.name == 'r1' else 'c' }}\"}]",
            vec!["r1, p=b", "r2, p=b"],
        ),
        (
            "devices: [r1, r3], matrix: {p: '{{ device.custom.peers }}', n: [{k: 1}, {k: 2}]}, exclude: [{p: b, n: {k: 2}}]",
            vec!["r1, p=a, n={k: 1}", "r1, p=a, n={k: 2}", "r1, p=b, n={k: 1}", "r3, p=c, n={k: 1}", "r3, p=c, n={k: 2}"],
        ),
    ] {
        let (names, said) = cases_of(keys);
        assert_eq!((names, said), (cases.iter().map(|case| (*case).to_owned()).collect(), vec![]), "{keys}");
    }
}

/// Each of these tests has one complaint, apart from those that follow from it.
fn is_said(tests: &[(&str, &str)]) {
    for (keys, said) in tests {
        let all = cases_of(keys).1;
        let follows = |other: &str| other.contains("`matrix` is undefined") || other.contains("has no device");
        let mut told: Vec<&String> = all.iter().filter(|other| other == said || !follows(other)).collect();
        told.dedup();
        assert_eq!(told, [said], "{keys}");
    }
}

#[test]
fn what_is_wrong_with_values_is_said_with_the_plan() {
    is_said(&[
        ("devices: r1, matrix: {a: [1, 2, 1]}", "error: axis `a` has the value `1` twice"),
        ("devices: r1, matrix: {a: [{x: 1, y: 2}, {y: 2, x: 1}]}", "error: axis `a` has the value `{y: 2, x: 1}` twice"),
        ("devices: r1, matrix: {a: [1]}, exclude: [{a: 2}]", "error: axis `a` has no value `2` (a number)"),
        ("devices: r1, matrix: {a: [1]}, exclude: [{a: '1'}]", "error: axis `a` has no value `1` (text)"),
        ("devices: r1, matrix: {a: [1]}, exclude: [{a: 1}]", "error: `exclude` leaves nothing of this matrix"),
        (
            "devices: [r2, r3], matrix: {p: '{{ device.custom.peers }}'}, exclude: [{p: b}, {p: c}]",
            "error: `exclude` leaves nothing of this matrix",
        ),
        (
            "devices: [r1, r3], matrix: {p: '{{ device.custom.peers }}'}, exclude: [{p: c}]",
            "warning: `exclude` leaves nothing of this matrix for device `r3`",
        ),
        (
            "devices: all, matrix: {p: '{{ device.custom.peers }}'}, exclude: [{p: d}]",
            "warning: this leaves out nothing: no case has these values",
        ),
        (
            "devices: all, matrix: {p: '{{ device.custom.peers }}', n: [1]}, exclude: [{p: a, n: 2}]",
            "error: axis `n` has no value `2` (a number)",
        ),
        (
            "devices: [r1, r2], matrix: {p: '{{ device.custom.none }}'}",
            "error: for device `r1`: axis `p` is empty, which would make no test case",
        ),
        ("devices: r3, matrix: {p: '{{ device.custom.twice }}'}", "error: for device `r3`: axis `p` has the value `1.0` twice"),
        ("devices: r3, matrix: {p: '{{ device.custom.text }}'}", "error: for device `r3`: axis `p` needs a list or a mapping, got text"),
        ("devices: r3, matrix: {p: '{{ device.name }} x'}", "error: for device `r3`: axis `p` needs a list or a mapping, got text"),
        ("devices: r1, matrix: {p: '{{ device.custom.nosuch }}'}", "error: for device `r1`: `device.custom.nosuch` is undefined"),
        (
            "devices: r1, vars: {v: '{{ device.custom.nosuch }}'}, matrix: {p: '{{ v }}'}",
            "error: for device `r1`: variable `v`: `device.custom.nosuch` is undefined",
        ),
        (
            "devices: r1, matrix: {p: '{{ [1] if device.name == 1 else [2] }}'}",
            "error: for device `r1`: `device.name == 1` compares text with a number; convert with `| int` or `| float`",
        ),
    ]);
}

#[test]
fn what_cannot_be_known_before_the_run_is_said_with_the_plan() {
    is_said(&[
        ("devices: all, matrix: {p: '{{ run.nosuch }}'}", "error: `run.nosuch` is undefined"),
        ("devices: all, vars: {v: '{{ env.NOSUCH }}'}, matrix: {p: '{{ v }}'}", "error: variable `v`: `env.NOSUCH` is undefined"),
        ("devices: all, matrix: {p: '{{ [1] }}'}, exclude: [{p: 1}]", "error: `exclude` leaves nothing of this matrix"),
        ("devices: r1, matrix: {a: [1], b: '{{ [matrix.a] }}'}", "error: `matrix` is not known before its axes are"),
        (
            "devices: r1, vars: {v: '{{ matrix.a }}', w: '{{ v }}'}, matrix: {a: [1], b: '{{ [w] }}'}",
            "error: variable `w` uses `matrix`, which is not known before its axes are",
        ),
        ("devices: r1, matrix: {a: '{{ [captured] }}'}", "error: variable `captured` is undefined"),
        ("matrix: {a: '{{ device.custom.peers }}'}", "error: variable `device` is undefined"),
        ("devices: r1, when: matrix.b == 1, matrix: {a: [1]}", "error: the matrix has no axis `b`"),
        ("devices: r1, vars: {v: '{{ matrix.peeer }}'}, matrix: {peer: [1]}", "error: the matrix has no axis `peeer`"),
        ("devices: r1, when: matrix.a == 1", "error: variable `matrix` is undefined"),
        (
            "devices: r1, matrix: {a: '{{ range(1000) | list }}', b: '{{ range(1000) | list }}'}",
            "error: with this test the job has more than 200000 test cases",
        ),
    ]);
}

#[test]
fn a_value_that_is_wrong_for_several_devices_is_one_complaint_that_names_them() {
    let tests = "[{name: t, devices: all, matrix: {p: '{{ device.custom.map }}'}, steps: [{execute: 'x {{ matrix.p }}'}]}]";
    let (_, said) = planned(tests, &Selection::default());
    expect_test::expect![[r#"
        error: for device `r2`: `device.custom.map` is undefined (job.yaml:1:58)
         --> job.yaml:1:54
          |
        1 | {job: j, tests: [{name: t, devices: all, matrix: {p: '{{ device.custom.map }}'}, steps: [{execute: 'x {{ matrix.p }}'}]}]}
          |                                                      ^^^^^^^^^^^^^^^^^^^^^^^^^
        hint: likewise for device `r3`
    "#]]
    .assert_eq(&said.iter().map(|one| one.render(Colour::Plain)).collect::<String>());
}

#[test]
fn an_axis_that_nothing_uses_is_a_warning() {
    let warned = |steps: &str, more: &str| {
        let tests = format!("[{{name: t, devices: r1, matrix: {{af: [1], peer: [2]}}, {more} steps: {steps}}}]");
        planned(&tests, &Selection::default()).1.into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    let unused = |axis: &str| format!("nothing in this test uses axis `{axis}`: the cases of all its values do the same");
    assert_eq!(warned("[{execute: x}]", ""), [unused("af"), unused("peer")]);
    assert_eq!(warned("[{execute: 'x {{ matrix.af }}'}]", ""), [unused("peer")]);
    assert_eq!(warned("[{execute: x, name: '{{ matrix.af }}'}]", "when: \"matrix['peer'] == 2\","), [""; 0]);
    assert_eq!(warned("[{execute: 'x {{ matrix | tojson }}'}]", ""), [""; 0]);
    assert_eq!(warned("[{execute: 'x {% for axis in matrix.keys() %}{{ matrix[axis] }}{% endfor %}'}]", ""), [""; 0]);
    assert_eq!(
        warned("[{group: g, steps: [{execute: x, assert: [{contains: '{{ matrix.af }}'}]}]}]", "vars: {v: '{{ matrix.peer }}'},"),
        [""; 0]
    );
}

#[test]
fn a_test_without_devices_has_a_matrix_too() {
    for (test, cases) in [
        ("{name: t, matrix: {n: [1, 2]}, steps: [{shell: 'x {{ matrix.n }}'}]}", vec!["t [n=1]", "t [n=2]"]),
        (
            "{name: t, matrix: {n: [1]}, steps: [{execute: 'x {{ matrix.n }}', device: r1}, {execute: x, device: r2}]}",
            vec!["t [r1+r2, n=1]"],
        ),
    ] {
        let plan = planned(&format!("[{test}]"), &Selection::default()).0.expect("a plan");
        assert_eq!(names(&plan), cases);
    }
}

#[test]
fn what_the_command_line_leaves_does_not_make_exclude_look_wrong() {
    let tests = "[{name: t, devices: [r1, r2], matrix: {p: '{{ device.custom.peers }}'}, exclude: [{p: a}], steps: [{execute: 'x {{ matrix.p }}'}]}]";
    let only = |device: &str| Selection { devices: vec![device.to_owned()], ..Selection::default() };
    let (plan, said) = planned(tests, &only("r2"));
    assert_eq!((said, names(&plan.expect("a plan"))), (vec![], vec!["t [r2, p=b]", "t [r2, p=c]"]));
}

#[test]
fn a_device_that_lacks_a_feature_has_one_case_that_is_skipped_and_opens_nothing() {
    let reasons = |plan: &Plan| -> Vec<String> { plan.cases().filter_map(|(_, run)| run.skipped.clone()).collect() };
    let all = "devices: all, matrix: {p: '{{ device.custom.map }}'}, steps: [{execute: 'x {{ matrix.p }}'}]";
    let (plan, said) = planned(&format!("[{{name: t, requires: mpls, {all}}}]"), &Selection::default());
    let plan = plan.expect("a plan");
    assert_eq!((said, names(&plan)), (vec![], vec!["t [r1, p=x]", "t [r1, p=y]", "t [r2]", "t [r3]"]));
    assert_eq!(reasons(&plan), ["device `r2` lacks the feature `mpls`", "device `r3` lacks the feature `mpls`"]);
    assert_eq!(plan.routes.len(), 1, "only r1 is opened");
    for (requires, test, cases, lacks) in [
        ("[bfd, mpls]", "devices: r3, steps: [{execute: x}]", vec!["t [r3]"], vec!["device `r3` lacks the features `bfd` and `mpls`"]),
        ("bfd", "steps: [{execute: x, device: r1}, {execute: x, device: r2}]", vec!["t [r1+r2]"], vec![]),
        (
            "[bfd, mpls]",
            "steps: [{execute: x, device: r2}, {group: g, steps: [{execute: x, device: r3}]}]",
            vec!["t [r2+r3]"],
            vec!["device `r2` lacks the feature `mpls`, device `r3` lacks the features `bfd` and `mpls`"],
        ),
        (
            "mpls",
            "devices: r2, steps: [{configure: x}, {execute: x, device: r1}]",
            vec!["t [r2]"],
            vec!["device `r2` lacks the feature `mpls`"],
        ),
    ] {
        let (plan, said) = planned(&format!("[{{name: t, requires: {requires}, {test}}}]"), &Selection::default());
        let plan = plan.unwrap_or_else(|| panic!("{said:?}"));
        assert_eq!((names(&plan), reasons(&plan)), (cases, lacks.iter().map(|one| (*one).to_owned()).collect()), "{test}");
        assert_eq!(plan.routes.is_empty(), !lacks.is_empty(), "{test}");
    }
}

#[test]
fn a_feature_that_no_device_has_is_a_warning_and_one_without_devices_an_error() {
    for (test, said) in [
        ("devices: r1, requires: [bfd, mlps], steps: [{execute: x}]", "no device of the testbed has the feature `mlps`"),
        ("requires: bfd, steps: [{shell: x}]", "`requires` has nothing to do: this test uses no device"),
        ("devices: r3, requires: bfd, steps: [{execute: x, device: r9}]", "device `r9` is not in the testbed"),
    ] {
        let (plan, complaints) = planned(&format!("[{{name: t, {test}}}]"), &Selection::default());
        assert_eq!(complaints.iter().map(|one| one.message.as_str()).collect::<Vec<_>>(), [said]);
        assert_eq!(plan.is_some(), complaints[0].severity == Severity::Warning, "{test}");
    }
}

#[test]
fn tags_and_names_select_tests() {
    let tests = "[{name: ping, tags: [smoke, net], steps: [{shell: x}]}, {name: 'a, b', id: ab, tags: [slow], steps: [{shell: x}]},
        {name: 'MTU [9000]', tags: [smoke, slow], steps: [{shell: x}]}, {name: a, id: plain, steps: [{shell: x}]}]";
    let none: &[&str] = &[];
    for (test, tags, left) in [
        (&["ping,plain"][..], none, "ping; a"),
        (&["ping, plain"], none, "ping; a"),
        (&["a, b"], none, "a, b"),
        (&["a, b", "ping"], none, "ping; a, b"),
        (&["a,*"], none, "a, b"),
        (&["a,p*"], none, "ping; a"),
        (&["{ping,ab}"], none, "ping; a, b"),
        (&["MTU [9000]"], none, "MTU [9000]"),
        (&["MTU [9000],ping"], none, "ping; MTU [9000]"),
        (&["ping,pong"], none, "`--test pong` names no test"),
        (&["ping,"], none, "`--test ` names no test"),
        (&[], &["smoke"], "ping; MTU [9000]"),
        (&[], &["smoke,slow"], "ping; a, b; MTU [9000]"),
        (&[], &["net", "slow and not smoke"], "ping; a, b"),
        (&[], &["not smoke"], "a, b; a"),
        (&["a*", "ping"], &["not slow"], "ping; a"),
        (&[], &["net and slow"], ""),
        (&[], &["smok"], "`--tags smok`: no test has the tag `smok`"),
        (&[], &["not smok"], "`--tags not smok`: no test has the tag `smok`"),
        (&[], &["smoke and"], "`--tags smoke and` is not an expression over tags: a tag is missing at its end"),
    ] {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let (plan, said) = planned(tests, &Selection { tests: owned(test), tags: owned(tags), ..Selection::default() });
        let found = plan.map_or_else(|| said.into_iter().map(|one| one.message).collect(), |plan| names(&plan).join("; "));
        assert_eq!(found, left, "{test:?} {tags:?}");
    }
}

#[test]
fn variables_of_the_command_line_reach_the_axes() {
    let folder = Path::new(".");
    let job = "{job: j, vars: {p: '{{ nosuch | default(1) + none }}'}, tests: [{name: t, matrix: {p: '{{ p }}'}, steps: [{shell: 'x {{ matrix.p }}'}]}]}";
    let (job, testbed) = (load::job_text(job, "j", folder), load::testbed_text("devices: {}", "t", folder, &Environment::default()));
    let (plan, said) = plan::build(&Inputs {
        job: &job.value.expect("a job"),
        testbed: &testbed.value.expect("a testbed"),
        registry: &Registry::standard(),
        surroundings: &Surroundings::default(),
        selection: &Selection::default(),
        overrides: IndexMap::from([("p".to_owned(), serde_json::json!(["x", "y"]))]),
        env: serde_json::json!({}),
        run: serde_json::json!({}),
        file: "j".to_owned(),
        broken: Broken::default(),
    });
    assert_eq!(names(&plan.unwrap_or_else(|| panic!("{said:?}"))), ["t [p=x]", "t [p=y]"]);
}

#[test]
fn no_two_cases_have_one_name_and_none_is_too_long() {
    let long = "n".repeat(300);
    let tests = format!(
        "[{{name: 'a [r1]', steps: [{{shell: x}}]}}, {{name: a, devices: r1, steps: [{{execute: x}}]}},
        {{name: connect, devices: r1, steps: [{{execute: x}}]}},
        {{name: {long}1, id: x, steps: [{{shell: x}}]}}, {{name: {long}2, id: y, steps: [{{shell: x}}]}},
        {{name: {long}3, id: z, matrix: {{a: ['{long}1', '{long}2'], b: ['{long}', x]}}, steps: [{{shell: 'x {{{{ matrix }}}}'}}]}}]"
    );
    let plan = planned(&tests, &Selection::default()).0.expect("a plan");
    let all: Vec<&str> = plan.cells.iter().map(|cell| cell.head.name.as_str()).collect();
    assert_eq!(all[..4], ["connect [r1]", "a [r1]", "a [r1]~2", "connect [r1]~2"]);
    let distinct: std::collections::HashSet<&&str> = all.iter().collect();
    assert_eq!((distinct.len(), all.len()), (10, 10));
    assert!(all.iter().all(|name| name.chars().count() <= 255), "{all:?}");
}

#[test]
fn a_secret_among_the_values_is_not_in_the_name() {
    let tests = "[{name: t, matrix: {p: [correct-horse, 'my correct-horse too']}, steps: [{shell: 'x {{ matrix.p }}'}]}]";
    let plan = planned(tests, &Selection::default()).0.expect("a plan");
    assert_eq!(names(&plan), ["t [p=********]", "t [p=my ******** too]"]);
}

#[test]
fn cases_share_what_they_have_in_common() {
    let job = "{job: j, tests: [{name: t, devices: [r1, r2], matrix: {n: [1, 2]}, steps: [{execute: 'x {{ matrix.n }}'}]}]}";
    let plan = plan_of(job, LAB, &Selection::default()).0.expect("a plan");
    let runs: Vec<&Run> = plan.cases().map(|(_, run)| run).collect();
    let [first, second, other, _] = runs.as_slice() else { panic!("four cases, found {}", runs.len()) };
    assert_eq!((first.device, other.device), (Some(plan::DeviceId(0)), Some(plan::DeviceId(1))));
    assert!(Arc::ptr_eq(&first.program, &other.program) && Arc::ptr_eq(&first.vars, &other.vars));
    let combination = |run: &Run| Arc::clone(run.matrix.as_ref().expect("a combination"));
    assert!(Arc::ptr_eq(&combination(first), &combination(other)), "devices share combinations");
    assert_eq!(first.fixed.layers_in_common(&second.fixed), 2, "the device and what is the same for all");
    assert_eq!(first.fixed.layers_in_common(&other.fixed), 2, "the combination and what is the same for all");
    let values =
        |run: &Run| run.matrix.iter().flat_map(|one| one.values.iter().map(|(name, value)| format!("{name}={value}"))).collect::<Vec<_>>();
    assert_eq!((values(first), values(second)), (vec!["n=1".to_owned()], vec!["n=2".to_owned()]));
}

#[test]
fn a_job_has_room_for_very_many_cases_and_no_more() {
    let tests = |least: usize| {
        format!(
            "[{{name: u, steps: [{{shell: x}}]}}, {{name: t, matrix: {{n: '{{{{ range({least}) | list }}}}'}}, steps: [{{shell: 'x {{{{ matrix.n }}}}'}}]}}]"
        )
    };
    let count = |least| planned(&tests(least), &Selection::default()).0.map(|plan| plan.cells.len());
    assert_eq!((count(20_000), count(200_000)), (Some(20_001), None), "one more than there is room for");
    let only = Selection { tests: vec!["u".to_owned()], ..Selection::default() };
    assert_eq!(planned(&tests(20_000), &only).0.map(|plan| plan.cells.len()), Some(1));
}

fn listed(items: impl Iterator<Item = impl ToString>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    #[test]
    fn the_cases_are_the_product_without_what_is_left_out(
        sizes in proptest::collection::vec(1_usize..4, 1..5),
        excludes in proptest::collection::vec(proptest::collection::btree_map(0_usize..5, 0_usize..3, 1..3), 0..4),
    ) {
        let excludes: Vec<Vec<(usize, usize)>> = excludes
            .into_iter()
            .map(|exclude| exclude.into_iter().filter(|(axis, value)| sizes.get(*axis).is_some_and(|size| value < size)).collect())
            .filter(|exclude: &Vec<_>| !exclude.is_empty())
            .collect();
        let mut wanted: Vec<Vec<usize>> = vec![vec![]];
        for size in &sizes {
            wanted = wanted.into_iter().flat_map(|before| (0..*size).map(move |value| [&before[..], &[value]].concat())).collect();
        }
        wanted.retain(|values| !excludes.iter().any(|exclude| exclude.iter().all(|(axis, value)| values[*axis] == *value)));
        let axis = |(axis, size): (usize, &usize)| format!("a{axis}: [{}]", listed(0..*size));
        let one = |(axis, value): &(usize, usize)| format!("a{axis}: {value}");
        let left_out = excludes.iter().map(|exclude| format!("{{{}}}", listed(exclude.iter().map(one))));
        let exclude = if excludes.is_empty() { String::new() } else { format!("exclude: [{}],", listed(left_out)) };
        let axes = listed(sizes.iter().enumerate().map(axis));
        let tests = format!("[{{name: t, matrix: {{{axes}}}, {exclude} steps: [{{shell: 'x {{{{ matrix }}}}'}}]}}]");
        let (plan, said) = planned(&tests, &Selection::default());
        let Some(plan) = plan else {
            proptest::prop_assert!(wanted.is_empty(), "{:?}", said);
            return Ok(());
        };
        let values = |run: &Run| -> Vec<u64> {
            run.matrix.iter().flat_map(|one| &one.values).filter_map(|(_, value)| value.as_u64()).collect()
        };
        let found: Vec<Vec<u64>> = plan.cases().map(|(_, run)| values(run)).collect();
        let wanted: Vec<Vec<u64>> = wanted.into_iter().map(|values| values.into_iter().map(|value| value as u64).collect()).collect();
        proptest::prop_assert_eq!(found, wanted);
    }
}

//! Plans: what is said about jobs and testbeds that do not fit together.

mod matrix;

use crate::base::diagnostic::Diagnostic;
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::engine::plan::{self, Broken, Inputs, Plan, RetryPlan, Selection};
use crate::load::{self, Environment};
use crate::record::event::CellKind;
use std::path::Path;
use std::time::Duration;

mod order;

/// Three devices, two paths at the last.
const LAB: &str = "
devices:
  r1: {os: linux, alias: uut, tags: [core, x], connections: {local: {class: shell}}}
  r2: {os: frr, tags: [core], connections: {local: {class: shell}}}
  r3: {os: frr, connections: {defaults: {via: a}, a: {class: shell}, b: {class: shell}}}
";

/// A plan of texts, as the command line would make it.
fn plan_of(job: &str, testbed: &str, selection: &Selection) -> (Option<Plan>, Vec<Diagnostic>) {
    let folder = Path::new(".");
    let job = load::job_text(job, "job.yaml", folder);
    let testbed = load::testbed_text(testbed, "testbed.yaml", folder, &Environment::default());
    let job = job.value.unwrap_or_else(|| panic!("{:?}", job.diagnostics));
    let testbed = testbed.value.unwrap_or_else(|| panic!("{:?}", testbed.diagnostics));
    plan::build(&Inputs {
        job: &job,
        testbed: &testbed,
        registry: &Registry::standard(),
        surroundings: &Surroundings::default(),
        selection,
        overrides: indexmap::IndexMap::new(),
        env: serde_json::json!({"LAB": "yes"}),
        run: serde_json::json!({"id": "1"}),
        file: "job.yaml".to_owned(),
        broken: Broken::default(),
    })
}

/// The complaints about a test on `r1` with these steps.
fn about_steps(steps: &str) -> Vec<String> {
    let job = format!("{{job: j, tests: [{{name: t, devices: r1, steps: {steps}}}]}}");
    plan_of(&job, LAB, &Selection::default()).1.into_iter().map(|complaint| complaint.message).collect()
}

#[test]
fn branches_of_a_parallel_group_share_no_name() {
    let two = "two branches of a `parallel` group write `a`";
    let beside = "`a` is written by a step that runs at the same time";
    for (keys, steps, said) in [
        ("parallel: true", "{shell: x, capture: a}, {shell: x, capture: b}", vec![]),
        ("parallel: true", "{shell: x, capture: a}, {shell: x, capture: a}", vec![two]),
        ("parallel: 1", "{shell: x, capture: a}, {set: {a: 1}}", vec![two]),
        ("parallel: true", "{shell: x, capture: {a: {of: text}}}, {group: h, steps: [{shell: x}], always: [{set: {a: 1}}]}", vec![two]),
        ("parallel: true", "{shell: x, capture: a}, {shell: 'x {{ a }}'}", vec![beside]),
        ("parallel: true", "{shell: 'x {{ a }}'}, {shell: x, capture: a}", vec![beside]),
        ("parallel: true", "{shell: 'x {{ a | default(1) }}'}, {shell: x, capture: a}", vec![beside]),
        ("parallel: true", "{shell: 'x {{ old }}'}, {shell: 'x {{ old }}'}", vec![]),
        (
            "parallel: true",
            "{shell: 'x {{ old }}'}, {shell: x, capture: old}",
            vec!["`old` is written by a step that runs at the same time"],
        ),
        ("parallel: true", "{group: h, steps: [{shell: x, capture: a}, {shell: 'x {{ a }}'}]}, {shell: x}", vec![]),
        ("parallel: true, loop: [1, 2]", "{shell: x, capture: a}, {shell: 'x {{ a }}', capture: a}", vec![]),
        ("name: n", "{shell: x, capture: a}, {shell: 'x {{ a }}', capture: a}", vec![]),
    ] {
        let steps = format!("[{{shell: x, capture: old}}, {{group: g, {keys}, steps: [{steps}]}}, {{log: '{{{{ old }}}}'}}]");
        assert_eq!(about_steps(&steps), said, "{steps}");
    }
}

#[test]
fn what_follows_a_parallel_group_knows_what_every_branch_wrote() {
    let group = "{group: g, parallel: true, steps: [{shell: x, capture: a}, {shell: x, capture: b}], always: [{log: '{{ a }}{{ b }}'}]}";
    assert_eq!(about_steps(&format!("[{group}, {{log: '{{{{ a }}}}{{{{ b }}}}'}}]")), [""; 0]);
}

#[test]
fn what_ssh_would_refuse_before_it_opens_anything_is_said_with_the_plan() {
    let whole = "credentials: {default: {username: u}}, ";
    for (device, path, said) in [
        (whole, "", vec![]),
        ("", ", credentials: {default: {username: u}}", vec![]),
        (whole, ", ssh_options: -p 22 -o Port=22", vec![]),
        (
            whole,
            ", ssh_options: -p 22 -J jump",
            vec!["`-J`, a jump host, in `ssh_options` is not supported by this version @ -p 22 -J jump"],
        ),
        ("", ", ssh_options: -l u", vec![]),
        (whole, ", ssh_options: -l u", vec![]),
        (whole, ", port: 22, ssh_options: -p 23", vec!["the port is 22 and `ssh_options` says 23: name it once @ -p 23"]),
        ("", "", vec!["path `cli` of device `r1` has no credential, and class `ssh` needs a `username` @ cli"]),
        (
            "credentials: {default: {password: secret}}, ",
            "",
            vec!["credential `default` has no `username`, which class `ssh` needs @ default"],
        ),
        (
            "credentials: {default: {username: u}, old: {password: secret}}, ",
            "}, defaults: {fallback_credentials: old",
            vec!["credential `old` has no `username`, which class `ssh` needs @ old"],
        ),
    ] {
        let testbed = format!("{{devices: {{r1: {{os: linux, {device}connections: {{cli: {{protocol: ssh, host: h{path}}}}}}}}}}}");
        let job = "{job: j, tests: [{name: t, devices: r1, steps: [{execute: x}]}]}";
        let (plan, complaints) = plan_of(job, &testbed, &Selection::default());
        let at = |complaint: &Diagnostic| complaint.place.as_ref().map_or("", |place| place.text()).to_owned();
        let found: Vec<String> = complaints.iter().map(|complaint| format!("{} @ {}", complaint.message, at(complaint))).collect();
        assert_eq!((found, plan.is_some()), (said.iter().map(|said| (*said).to_owned()).collect(), said.is_empty()), "{testbed}");
    }
}

#[test]
fn a_user_in_flags_that_a_credential_overrules_is_warned_of() {
    let testbed = "{devices: {r1: {os: linux, token: open-word, credentials: {default: {username: u}}, connections: {cli: {protocol: ssh -l v -4, host: h}}}}}";
    let job = "{job: j, tests: [{name: t, devices: r1, steps: [{execute: x}]}]}";
    let (plan, complaints) = plan_of(job, testbed, &Selection::default());
    let said: Vec<&str> = complaints.iter().map(|complaint| complaint.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "`-4` in `ssh_options` is not honoured by class `ssh`",
            "the user `v` in `ssh_options` is not honoured: credential `default` has a `username`"
        ]
    );
    let plan = plan.expect("a plan");
    assert_eq!(plan.secrets.iter().map(|known| known.secret.reveal()).collect::<Vec<_>>(), ["open-word"]);
    assert!(!plan.words.contains(&"open-word".to_owned()), "what is secret is no word in the open");
}

/// The test cases of a plan, or the complaints.
fn cases(tests: &str, devices: &[&str]) -> Vec<String> {
    let selection = Selection { devices: devices.iter().map(|device| (*device).to_owned()).collect(), ..Selection::default() };
    match plan_of(&format!("{{job: j, tests: {tests}}}"), LAB, &selection) {
        (Some(plan), _) => {
            let cells = plan.cells.iter().filter(|cell| cell.head.kind == CellKind::Test);
            cells.map(|cell| cell.head.name.clone()).collect()
        }
        (None, complaints) => complaints.into_iter().map(|complaint| complaint.message).collect(),
    }
}

#[test]
fn devices_are_selected_by_lists_of_attributes_and_by_all_that_a_case_knows() {
    for (devices, selected) in [
        ("{tags: core}", vec!["t [r1]", "t [r2]"]),
        ("{tags: [core, x]}", vec!["t [r1]"]),
        ("{os: [linux, frr]}", vec!["t [r1]", "t [r2]", "t [r3]"]),
        ("{os: frr, tags: [core]}", vec!["t [r2]"]),
        ("{where: \"env.LAB == 'yes' and device.os == 'linux'\"}", vec!["t [r1]"]),
        ("{where: \"run.id == '1' and testbed.name == 'testbed'\"}", vec!["t [r1]", "t [r2]", "t [r3]"]),
        ("{where: \"nosuch == 1\"}", vec!["variable `nosuch` is undefined"]),
    ] {
        assert_eq!(cases(&format!("[{{name: t, devices: {devices}, steps: [{{execute: x}}]}}]"), &[]), selected, "{devices}");
    }
}

#[test]
fn a_test_without_devices_is_left_out_unless_all_that_it_uses_is_selected() {
    let tests =
        "[{name: both, steps: [{execute: x, device: r1}, {execute: x, device: r2}]}, {name: one, steps: [{execute: x, device: uut}]},
        {name: none, steps: [{shell: x}]}, {name: each, devices: [r1, r2], steps: [{execute: x}]}]";
    for (devices, left) in [
        (&[][..], vec!["both [r1+r2]", "one [r1]", "none", "each [r1]", "each [r2]"]),
        (&["r1"], vec!["one [r1]", "none", "each [r1]"]),
        (&["uut"], vec!["one [r1]", "none", "each [r1]"]),
        (&["r2"], vec!["none", "each [r2]"]),
        (&["r1", "r2"], vec!["both [r1+r2]", "one [r1]", "none", "each [r1]", "each [r2]"]),
    ] {
        assert_eq!(cases(tests, devices), left, "{devices:?}");
    }
}

#[test]
fn a_step_names_its_device_by_name_or_alias() {
    for (device, said) in
        [("r1", "t [r1]"), ("uut", "t [r1]"), ("uutt", "device `uutt` is not in the testbed"), ("r*", "no device matches `r*`")]
    {
        assert_eq!(cases(&format!("[{{name: t, steps: [{{execute: x, device: '{device}'}}]}}]"), &[]), [said], "{device}");
    }
    let two = "devices: {r1: {alias: a, connections: {l: {class: shell}}}, r2: {alias: a, connections: {l: {class: shell}}}}";
    let job = "{job: j, tests: [{name: t, steps: [{execute: x, device: a}]}]}";
    let said = plan_of(job, two, &Selection::default()).1;
    assert_eq!(said[0].message, "`a` is the alias of `r1` and `r2`: nothing says which");
}

#[test]
fn the_alias_of_a_step_is_the_default_one_or_names_a_path() {
    let testbed = LAB.replace("via: a}", "via: a, alias: main}");
    for (alias, route) in [
        ("main", "main via a"),
        ("default", "main via a"),
        ("a", "a via a"),
        ("b", "b via b"),
        ("bb", "device `r3` has no alias `bb`, there are `main`, `a` and `b` @ bb"),
        ("mian", "device `r3` has no alias `mian`, there are `main`, `a` and `b` @ mian"),
    ] {
        let job = format!("{{job: j, tests: [{{name: t, devices: r3, steps: [{{execute: x, alias: {alias}}}]}}]}}");
        let found = match plan_of(&job, &testbed, &Selection::default()) {
            (Some(plan), _) => {
                let route = &plan.routes[0].route;
                format!("{} via {}", route.alias, route.via().collect::<Vec<_>>().join(","))
            }
            (None, said) => format!("{} @ {}", said[0].message, said[0].place.as_ref().map_or("", |place| place.text())),
        };
        assert_eq!(found, route, "{alias}");
    }
}

#[test]
fn a_pause_grows_by_its_factor_up_to_its_limit_and_jitter_is_the_same_in_the_same_run() {
    let millis = Duration::from_millis;
    let plan = |every: Duration, backoff: f64, jitter: Duration, seed: u64| RetryPlan {
        within: None,
        attempts: None,
        every,
        backoff,
        max_every: Duration::from_mins(1),
        jitter,
        seed,
    };
    let pauses = |plan: &RetryPlan, salt: u64| (1..=4).map(|attempt| plan.pause(attempt, salt)).collect::<Vec<_>>();
    assert_eq!(pauses(&plan(millis(100), 1.0, Duration::ZERO, 1), 0), [millis(100); 4]);
    assert_eq!(pauses(&plan(millis(100), 2.0, Duration::ZERO, 1), 0), [100, 200, 400, 800].map(millis));
    assert_eq!(plan(millis(100), 100.0, Duration::ZERO, 1).pause(u32::MAX, 0), Duration::from_mins(1));
    assert_eq!(plan(Duration::ZERO, 100.0, Duration::ZERO, 1).pause(u32::MAX, 0), Duration::ZERO);
    assert_eq!(plan(Duration::from_mins(5), 2.0, Duration::ZERO, 1).pause(9, 0), Duration::from_mins(5), "never shorter than `every`");
    let jittery = plan(millis(100), 1.0, millis(50), 1);
    let (one, other) = (pauses(&jittery, 0), pauses(&jittery, 1));
    assert_eq!(one, pauses(&jittery, 0));
    assert_ne!(one, other, "cells differ");
    assert_ne!(one, pauses(&plan(millis(100), 1.0, millis(50), 2), 0), "runs differ");
    assert!(one.iter().chain(&other).all(|pause| (millis(100)..=millis(150)).contains(pause)), "{one:?}");
}

#[test]
fn one_connect_completes_another_and_defines_the_connection_for_every_test() {
    let tests = "[{name: a, devices: r3, steps: [{connect: {alias: v, via: b}}]}, {name: b, devices: r3, steps: [{execute: x, alias: v}]},
        {name: c, devices: r3, steps: [{connect: {alias: v, pool_size: 3, max_answer: 9}}, {disconnect: all}]},
        {name: d, devices: [r1, r2, r3], steps: [{execute: x}], teardown: [{destroy: all}]}]";
    let (plan, said) = plan_of(&format!("{{job: j, tests: {tests}}}"), LAB, &Selection::default());
    let plan = plan.unwrap_or_else(|| panic!("{said:?}"));
    let shown: Vec<String> = plan
        .routes
        .iter()
        .map(|planned| {
            format!("{} {} via {} x{}", planned.route.device, planned.route.alias, planned.route.via().collect::<String>(), planned.workers)
        })
        .collect();
    assert_eq!(shown, ["r1 default via local x1", "r2 default via local x1", "r3 v via b x3", "r3 default via a x1"]);
    assert_eq!(plan.routes[2].route.ways[0].endpoint.options.count("max_answer"), Some(9));
}

#[test]
fn what_is_ended_is_used_somewhere() {
    for (steps, said) in [
        ("[{execute: x}, {disconnect: b}]", vec!["no step of the job uses or connects `b` of device `r3`"]),
        ("[{execute: x, alias: b}, {disconnect: default}]", vec!["no step of the job uses or connects `default` of device `r3`"]),
        ("[{execute: x}, {disconnect: all, device: r1}]", vec!["no step of the job uses a connection of device `r1`"]),
        ("[{execute: x}, {disconnect: all, devices: all}]", vec![]),
        ("[{execute: x}, {connect: b}, {disconnect: b}]", vec![]),
        ("[{execute: x}, {disconnect: c}]", vec!["device `r3` has no alias `c`, there are `default`, `a` and `b`"]),
        ("[{execute: x}, {disconnect: all, device: r9}]", vec!["device `r9` is not in the testbed"]),
    ] {
        let job = format!("{{job: j, tests: [{{name: t, devices: r3, steps: {steps}}}]}}");
        let complaints: Vec<String> = plan_of(&job, LAB, &Selection::default()).1.into_iter().map(|complaint| complaint.message).collect();
        assert_eq!(complaints, said, "{steps}");
    }
}

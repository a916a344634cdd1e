//! How plan, schedule and JUnit grow: three sizes each, with the time a cell takes and the ratio to the size before.
//!
//! `cargo bench --bench scale`. A ratio near 1 is linear growth. Times are of this machine now; only ratios are worth
//! quoting.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints what it measured, or ends")]

use runner::connect::login::Surroundings;
use runner::connect::registry::Registry;
use runner::engine::plan::{Broken, Inputs, Plan, Selection, build};
use runner::engine::schedule::{Input, Output, Schedule};
use runner::engine::task::Done;
use runner::load::{Environment, job_text, testbed_text};
use runner::record::check::Check;
use runner::record::event::{Attempt, CellId, Event, Fact, RunHead, StepPhase, StepRef};
use runner::record::ledger::Ledger;
use runner::record::verdict::{Outcome, ReasonKind, Verdict};
use runner::report::junit::{Settings, document};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TESTS: usize = 20;
const DEVICES: [usize; 3] = [250, 500, 1000];

fn main() {
    compare("load and plan", |devices| {
        let (testbed, job) = texts(devices);
        time(|| plan(&testbed, &job))
    });
    compare("load and plan, one test with a matrix", |devices| {
        let (testbed, job) = (texts(devices).0, matrix());
        time(|| plan(&testbed, &job))
    });
    compare("schedule, every call good", |devices| {
        let (testbed, job) = texts(devices);
        let plan = Arc::new(plan(&testbed, &job));
        time(|| drive(&plan))
    });
    compare("schedule, with needs and locks in free order", |devices| {
        let (testbed, job) = texts(devices);
        let job = job.replace("job: scale\n", "job: scale\norder: free\n");
        let plan = Arc::new(plan(&testbed, &(1..TESTS).fold(job, |job, number| in_order(&job, number))));
        assert_eq!((plan.needs.len(), plan.locks.len()), (devices * (TESTS - 1), 8));
        time(|| drive(&plan))
    });
    compare("JUnit, every tenth case failed", |devices| {
        let ledger = ledger(devices * TESTS);
        time(|| document(&ledger, &Settings::default()).expect("a document"))
    });
}

/// Measures three sizes, the best of three each, and prints them.
fn compare(what: &str, measure: impl Fn(usize) -> Duration) {
    println!("{what}");
    let mut before: Option<f64> = None;
    for devices in DEVICES {
        let best = (0..3).map(|_| measure(devices)).min().expect("three of them");
        let cells = devices * TESTS;
        let each = best.as_secs_f64() * 1e6 / f64::from(u32::try_from(cells).expect("few"));
        let ratio = before.map(|before| format!(", {:.2} times the size before", each / before)).unwrap_or_default();
        println!("  {cells:>6} cells: {:>8.1} ms, {each:>7.2} µs a cell{ratio}", best.as_secs_f64() * 1e3);
        before = Some(each);
    }
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    std::hint::black_box(work());
    begin.elapsed()
}

fn texts(devices: usize) -> (String, String) {
    let mut testbed = String::from("devices:\n");
    for number in 0..devices {
        writeln!(testbed, "  leaf{number}: {{os: linux, custom: {{vlan: {number}}}, connections: {{local: {{class: shell}}}}}}")
            .expect("text");
    }
    let mut job = String::from("job: scale\ntests:\n");
    for number in 0..TESTS {
        let steps = "[{execute: 'echo {{ device.custom.vlan }}', assert: [{equals: '{{ device.custom.vlan }}'}]}, {execute: 'true'}]";
        writeln!(job, "  - {{name: test {number}, devices: 'leaf*', steps: {steps}}}").expect("text");
    }
    (testbed, job)
}

/// A test with as many combinations as there are tests otherwise, half of its values from the devices.
fn matrix() -> String {
    let peers = "{{ range(TESTS // 2) | list if device.custom.vlan >= 0 else [] }}".replace("TESTS", &TESTS.to_string());
    let steps = "[{execute: 'echo {{ matrix.af }} {{ matrix.peer }}'}]";
    format!("{{job: scale, tests: [{{name: test, devices: 'leaf*', matrix: {{af: [ipv4, ipv6], peer: '{peers}'}}, steps: {steps}}}]}}")
}

/// The same job with a test that needs the one before it and holds one of eight locks.
fn in_order(job: &str, number: usize) -> String {
    let own = format!("name: test {number},");
    job.replace(&own, &format!("{own} needs: test {}, lock: 'console {{{{ device.custom.vlan % 8 }}}}',", number - 1))
}

fn plan(testbed: &str, job: &str) -> Plan {
    let folder = Path::new(".");
    let job = job_text(job, "job.yaml", folder).value.expect("a job");
    let testbed = testbed_text(testbed, "testbed.yaml", folder, &Environment::default()).value.expect("a testbed");
    let (plan, _) = build(&Inputs {
        job: &job,
        testbed: &testbed,
        registry: &Registry::standard(),
        surroundings: &Surroundings::default(),
        selection: &Selection::default(),
        overrides: indexmap::IndexMap::new(),
        env: serde_json::json!({}),
        run: serde_json::json!({}),
        file: "job.yaml".to_owned(),
        broken: Broken::default(),
    });
    plan.expect("a plan")
}

/// Plays a crew that does everything well and at once.
fn drive(plan: &Arc<Plan>) -> usize {
    let mut schedule = Schedule::new(Arc::clone(plan), 256);
    let now = Instant::now();
    let mut inputs = std::collections::VecDeque::from([Input::Begin]);
    let mut ended = 0;
    while let Some(input) = inputs.pop_front() {
        for output in schedule.advance(input, now) {
            match output {
                Output::Open { route, worker, .. } => inputs.push_back(Input::Opened { route, worker, result: Ok(()) }),
                Output::Start(task) => inputs.push_back(Input::Done { task: task.id, done: Done::good() }),
                Output::Record(Fact::CellFinished { .. }) => ended += 1,
                Output::Record(_) | Output::Close { .. } | Output::Interrupt(_) | Output::Finished => {}
            }
        }
    }
    assert_eq!(ended, plan.cells.len(), "every cell ended");
    ended
}

/// A run in which every tenth cell failed, with evidence.
fn ledger(cells: usize) -> Ledger {
    let head = |number: usize| runner::record::event::CellHead {
        kind: runner::record::event::CellKind::Test,
        name: format!("test {} [leaf{}]", number / 1000, number % 1000),
        test: format!("test {}", number / 1000),
        device: Some(format!("leaf{}", number % 1000)),
        matrix: None,
    };
    let text = |text: &str| text.to_owned();
    let start = RunHead {
        run_id: text("0"),
        started: text("2026-01-01T00:00:00Z"),
        version: text("0"),
        hostname: text("here"),
        job: text("scale"),
        file: text("job.yaml"),
        testbed: text("testbed.yaml"),
        output: None,
        cells: (0..cells).map(head).collect(),
    };
    let mut facts = vec![Fact::RunStarted(Box::new(start))];
    for number in 0..cells {
        let cell = CellId(u32::try_from(number).expect("few"));
        let outcome = if number % 10 == 0 {
            facts.push(Fact::Attempted(Box::new(failed(cell))));
            Outcome::with(Verdict::Failed, ReasonKind::Check, "step 1 show version: expected 2, got 1")
        } else {
            Outcome::passed()
        };
        facts.push(Fact::CellFinished { cell, outcome, took: Duration::from_millis(20) });
    }
    let mut ledger = Ledger::default();
    for (number, fact) in (0..).zip(facts) {
        ledger.fold(&Event { number, at: Duration::ZERO, fact });
    }
    ledger
}

fn failed(cell: CellId) -> Attempt {
    let text = |text: &str| text.to_owned();
    Attempt {
        cell,
        step: StepRef { phase: StepPhase::Steps, number: text("1"), name: text("show version"), place: text("job.yaml:3") },
        item: None,
        number: 1,
        last: true,
        verdict: Verdict::Failed,
        subject: None,
        asked: Some(text("show version")),
        took: Duration::from_millis(10),
        answer: None,
        checks: vec![Check {
            held: false,
            sentence: text("expected 2, got 1"),
            source: text("text"),
            expected: text("2 (int)"),
            actual: text("1 (int)"),
            place: text("job.yaml:4:9"),
            nearest: vec![text("version 1")],
        }],
        problem: String::new(),
        fault: None,
        captured: Vec::new(),
    }
}

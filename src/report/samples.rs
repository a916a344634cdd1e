//! Runs made by hand, for the tests of this floor.

use crate::base::Data;
use crate::base::deadline::Limit;
use crate::record::check::Check;
use crate::record::event::{AnswerRecord, Attempt, CellHead, CellId, CellKind, Event, Fact, RunHead, StepPhase, StepRef};
use crate::record::fault::{Fault, FaultKind, Phase, Subject};
use crate::record::ledger::Ledger;
use crate::record::verdict::{ExitStatus, Outcome, ReasonKind, Verdict};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn cell(kind: CellKind, test: &str, device: Option<&str>) -> CellHead {
    let name = device.map_or_else(|| test.to_owned(), |device| format!("{test} [{device}]"));
    CellHead { kind, name, test: test.to_owned(), device: device.map(str::to_owned), matrix: None }
}

pub(crate) fn head(cells: Vec<CellHead>) -> RunHead {
    RunHead {
        run_id: "8f2c".to_owned(),
        started: "2026-11-20T08:00:00Z".to_owned(),
        version: "0.1.0".to_owned(),
        hostname: "ci-1".to_owned(),
        job: "smoke".to_owned(),
        file: "jobs/smoke.yaml".to_owned(),
        testbed: "testbeds/lab-a.yaml".to_owned(),
        output: None,
        cells,
    }
}

/// Events at the given milliseconds.
pub(crate) fn events(facts: Vec<(u64, Fact)>) -> Vec<Event> {
    let event = |(number, (at, fact))| Event { number, at: Duration::from_millis(at), fact };
    (0..).zip(facts).map(event).collect()
}

pub(crate) fn ledger(events: &[Event]) -> Ledger {
    let mut ledger = Ledger::default();
    for event in events {
        ledger.fold(event);
    }
    ledger
}

pub(crate) fn started(cell: u32) -> Fact {
    Fact::CellStarted { cell: CellId(cell) }
}

pub(crate) fn ended(cell: u32, outcome: Outcome, millis: u64) -> Fact {
    Fact::CellFinished { cell: CellId(cell), outcome, took: Duration::from_millis(millis) }
}

pub(crate) fn logged(cell: u32, text: &str) -> Fact {
    Fact::Logged { cell: CellId(cell), text: text.to_owned() }
}

pub(crate) fn check(held: bool) -> Check {
    Check {
        held,
        sentence: "expected 17.3, got 16.9".to_owned(),
        source: "regex Version (\\S+)".to_owned(),
        expected: "17.3 (text)".to_owned(),
        actual: "16.9 (text)".to_owned(),
        place: "jobs/smoke.yaml:44:9".to_owned(),
        nearest: vec!["Cisco IOS XE Software, Version 16.9".to_owned()],
    }
}

pub(crate) fn answer(text: &str) -> AnswerRecord {
    AnswerRecord {
        head: text.to_owned(),
        left_out: 0,
        tail: String::new(),
        lines: text.lines().count(),
        stderr: String::new(),
        exit_code: None,
        status: None,
    }
}

/// The last attempt of a step that passed at once.
pub(crate) fn attempt(cell: u32, device: &str) -> Attempt {
    Attempt {
        cell: CellId(cell),
        step: StepRef {
            phase: StepPhase::Steps,
            number: "2".to_owned(),
            name: "show-version".to_owned(),
            place: "jobs/smoke.yaml:42".to_owned(),
        },
        item: None,
        number: 1,
        last: true,
        verdict: Verdict::Passed,
        subject: Some(Subject { device: device.to_owned(), alias: "default".to_owned(), via: "mgmt".to_owned(), class: "ssh".to_owned() }),
        asked: Some("show version | include Version".to_owned()),
        took: Duration::from_millis(120),
        answer: None,
        checks: Vec::new(),
        problem: String::new(),
        fault: None,
        captured: Vec::new(),
    }
}

pub(crate) fn attempted(attempt: Attempt) -> Fact {
    Fact::Attempted(Box::new(attempt))
}

pub(crate) fn failed_attempt(cell: u32, device: &str) -> Attempt {
    Attempt {
        verdict: Verdict::Failed,
        number: 3,
        answer: Some(AnswerRecord {
            exit_code: Some(0),
            stderr: "a warning".to_owned(),
            ..answer("Cisco IOS XE Software, Version 16.9\n<licence> & \"more\"\nuptime is 3 days")
        }),
        checks: vec![check(true), check(false), Check { sentence: "rebooted recently".to_owned(), ..check(false) }],
        ..attempt(cell, device)
    }
}

pub(crate) fn fault() -> Fault {
    let limit = Limit { length: Duration::from_secs(10), setting: Arc::from("`timeout` of the step") };
    Fault::timeout("waiting for the prompt", &limit).in_phase(Phase::Call).after(b"r2> show ver\r\n --More-- ").hinted("is paging off?")
}

pub(crate) fn failed(message: &str) -> Outcome {
    Outcome::with(Verdict::Failed, ReasonKind::Check, message)
}

/// A run with every way to end, and everything that a report shows.
pub(crate) fn every_outcome() -> Vec<Event> {
    let cells = vec![
        cell(CellKind::Setup, "setup", None),
        cell(CellKind::Connect, "connect", Some("r1")),
        cell(CellKind::Connect, "connect", Some("r.3")),
        cell(CellKind::Test, "version", Some("r1")),
        cell(CellKind::Test, "version", Some("r2")),
        cell(CellKind::Test, "version", Some("r.3")),
        cell(CellKind::Test, "version", Some("r4")),
        cell(CellKind::Test, "uptime", Some("r1")),
        cell(CellKind::Test, "uptime", Some("r.3")),
        cell(CellKind::Test, "never", Some("r1")),
        cell(CellKind::Teardown, "teardown", None),
    ];
    let faulted = Attempt { verdict: Verdict::Errored, fault: Some(fault()), ..attempt(7, "r1") };
    let unreachable = Outcome::with(Verdict::Errored, ReasonKind::Fault(FaultKind::Unreachable), "r.3: connect via mgmt: refused");
    let timeout = Outcome::with(
        Verdict::Errored,
        ReasonKind::Fault(FaultKind::Timeout),
        "step 2 show-version: waiting for the prompt timed out after 10s (`timeout` of the step)",
    );
    let mut facts = vec![(0, Fact::RunStarted(Box::new(head(cells))))];
    facts.extend([
        (1, started(0)),
        (2, ended(0, Outcome::passed(), 1)),
        (5, started(1)),
        (6, ended(1, Outcome::passed(), 120)),
        (900, ended(2, unreachable, 900)),
        (905, started(3)),
    ]);
    for (index, device, version) in [(3, "r1", "17.3"), (4, "r2", "17.3"), (6, "r4", "16.9")] {
        facts.push((910, attempted(Attempt { captured: vec![("version".to_owned(), Data::from(version))], ..attempt(index, device) })));
    }
    facts.extend([
        (915, logged(4, "checked r2")),
        (920, attempted(Attempt { number: 3, ..attempt(4, "r2") })),
        (930, ended(4, Outcome::passed(), 20)),
        (931, ended(3, Outcome::passed(), 25)),
        (940, ended(5, Outcome::with(Verdict::Blocked, ReasonKind::Blocked, "blocked: connect [r.3] errored"), 0)),
        (2900, attempted(failed_attempt(6, "r4"))),
        (2950, ended(6, failed("step 2 show-version: expected 17.3, got 16.9"), 2040)),
        (12_960, attempted(faulted)),
        (12_970, ended(7, timeout, 10_015)),
        (12_971, ended(8, Outcome::with(Verdict::Skipped, ReasonKind::Skipped, "skipped: `when` is false"), 0)),
        (12_980, ended(10, Outcome::passed(), 3)),
        (12_985, Fact::RunFinished { status: ExitStatus::Failed }),
    ]);
    events(facts)
}

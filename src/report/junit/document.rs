//! From a ledger to what its document is meant to say.

use crate::base::text::{count, head_tail};
use crate::record::event::{CellHead, CellId, RunHead};
use crate::record::fault::FaultKind;
use crate::record::ledger::{CellEntry, Ledger};
use crate::record::verdict::{ExitStatus, Outcome, ReasonKind, Verdict};
use crate::report::clean;
use crate::report::evidence::{answer_text, asked, evidence, message};
use crate::report::folder::transcript;
use crate::report::junit::Settings;
use crate::report::junit::names::{CaseNames, ClassNames, of_testbed};
use crate::report::junit::suite::{Case, Element, Suite};
use indexmap::IndexMap;
use std::time::Duration;

/// The least bytes of output that a case may bring before the document is made to fit.
const LEAST_OUTPUT: usize = 4 * 1024;
/// The most characters of names that are not a case's.
const NAME: usize = 200;
/// The most characters of a property's value.
const PROPERTY: usize = 1000;
/// The most attempts whose answers stand in an output.
const ATTEMPTS: usize = 20;

/// What the document of a run says.
pub(super) fn of_run(head: &RunHead, ledger: &Ledger, settings: &Settings) -> Suite {
    let classes = ClassNames::new(&head.job, head.cells.iter().filter_map(|cell| cell.device.as_deref()));
    let mut names = CaseNames::default();
    let empty = CellEntry::default();
    let limit = rough_limit(ledger, settings);
    let mut cases = Vec::with_capacity(head.cells.len());
    for (index, cell) in head.cells.iter().enumerate() {
        let entry = ledger.cells.get(index).unwrap_or(&empty);
        let outcome = ledger.outcome(CellId(u32::try_from(index).unwrap_or(u32::MAX)));
        let names = (classes.of(cell.device.as_deref()), names.unique(&cell.name));
        cases.push(case(names, (&outcome, entry), limit, |of| transcripts(head, cell, of)));
    }
    if let Some((kind, message)) = untold(ledger, &cases) {
        cases.push(error(classes.of(None), names.unique("run"), kind, message));
    }
    suite(head, ledger, cases)
}

/// What the document of a run that did not begin says.
pub(super) fn of_rejected(head: &RunHead, diagnostics: &str, settings: &Settings) -> Suite {
    let head = RunHead { job: head.file.clone(), ..head.clone() };
    let cases = vec![not_loaded(&head.file, diagnostics, settings)];
    suite(&head, &Ledger::default(), cases)
}

/// What the document says of a log without a plan.
pub(super) fn of_nothing(settings: &Settings) -> Suite {
    let case = not_loaded("run", "the run ended before its plan was accepted", settings);
    Suite { root: "run".to_owned(), name: "run".to_owned(), file: "run".to_owned(), cases: vec![case], ..Suite::default() }
}

fn not_loaded(file: &str, diagnostics: &str, settings: &Settings) -> Case {
    let text = clean::text(diagnostics, settings.largest_output);
    let text = text.trim_start_matches('\n');
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let message = clean::line(if first.trim().is_empty() { "it was not accepted" } else { first }, crate::report::evidence::MESSAGE);
    // The message is the content's first line already, unless it was cut.
    let evidence = if message == first { rest } else { text };
    let case = error(of_testbed(file), CaseNames::default().unique(&format!("load [{file}]")), ReasonKind::Config, message);
    Case { evidence: evidence.to_owned(), ..case }
}

/// The suite around its cases.
fn suite(head: &RunHead, ledger: &Ledger, cases: Vec<Case>) -> Suite {
    Suite {
        root: named(clean::line(stem(&head.testbed), NAME)),
        name: named(clean::line(&head.job, NAME)),
        started: seconds(&head.started),
        hostname: Some(clean::line(&head.hostname, NAME)).filter(|name| !name.is_empty()),
        took: ledger.elapsed,
        properties: properties(head, ledger),
        file: clean::line(&head.file, PROPERTY),
        cases,
    }
}

/// `transcripts` names those of the devices that a case asked.
fn case(
    (classname, name): (String, String),
    (outcome, entry): (&Outcome, &CellEntry),
    limit: usize,
    transcripts: impl Fn(&CellEntry) -> IndexMap<String, String>,
) -> Case {
    let kind = outcome.reason.as_ref().map(|reason| reason.kind);
    let (element, kind) = match outcome.verdict {
        Verdict::Passed => (Element::Passed, ""),
        Verdict::Failed => (Element::Failure, ReasonKind::Check.junit_type()),
        Verdict::Errored => (Element::Error, kind.map_or("runner.internal", ReasonKind::junit_type)),
        Verdict::Skipped => (Element::Skipped, kind.unwrap_or(ReasonKind::Skipped).junit_type()),
        Verdict::Blocked => (Element::Skipped, kind.unwrap_or(ReasonKind::Blocked).junit_type()),
    };
    let message = message(outcome, entry);
    let explained = matches!(element, Element::Failure | Element::Error);
    let transcripts = if explained { transcripts(entry) } else { IndexMap::new() };
    let first = transcripts.values().next().map(String::as_str);
    let evidence = if explained { whole_or_ends(&evidence(&message, entry), limit, first) } else { String::new() };
    let output = whole_or_ends(&output(entry, explained.then_some(&transcripts), limit), limit, first);
    Case { classname, name, took: entry.took, element, kind, message, evidence, output, transcripts: transcripts.into_values().collect() }
}

fn error(classname: String, name: String, kind: ReasonKind, message: String) -> Case {
    let kind = kind.junit_type();
    let (evidence, output, transcripts) = (String::new(), String::new(), Vec::new());
    Case { classname, name, took: Duration::ZERO, element: Element::Error, kind, message, evidence, output, transcripts }
}

/// The transcripts of the devices that a cell asked, by device: its own, or those of what went wrong. They are there from before
/// the first event on. One whose name could mean something to a consumer is left out.
fn transcripts(head: &RunHead, cell: &CellHead, entry: &CellEntry) -> IndexMap<String, String> {
    let Some(output) = &head.output else { return IndexMap::new() };
    let subjects = entry.faulty.items().iter().filter_map(|attempt| attempt.subject.as_ref());
    let devices = cell.device.iter().map(String::as_str).chain(subjects.map(|subject| subject.device.as_str()));
    let file = |device: &str| Some(transcript(output, device)).filter(|file| clean::line(file, PROPERTY) == *file && !file.contains("]]"));
    devices.filter_map(|device| Some((device.to_owned(), file(device)?))).collect()
}

/// Why a run that was not good would look good in its document: nothing in it is red. Readers show an all-skipped run as
/// green, and a run that was killed after its last cell as complete.
fn untold(ledger: &Ledger, cases: &[Case]) -> Option<(ReasonKind, String)> {
    if cases.iter().any(|case| matches!(case.element, Element::Failure | Element::Error)) {
        return None;
    }
    if let Some(by) = &ledger.interrupted {
        return Some((ReasonKind::Interrupted, clean::line(&format!("the run was interrupted by {by}"), NAME)));
    }
    if cases.is_empty() {
        return Some((ReasonKind::Config, "nothing was selected".to_owned()));
    }
    match ledger.status {
        None => Some((ReasonKind::Incomplete, "the run ended before its end was recorded".to_owned())),
        Some(status) if status != ExitStatus::Passed || ledger.exit_status() != ExitStatus::Passed => {
            let code = if status == ExitStatus::Passed { ledger.exit_status() } else { status }.code();
            let blocked = cases.iter().any(|case| case.kind == ReasonKind::Blocked.junit_type());
            let kind = if blocked { ReasonKind::Blocked } else { ReasonKind::Fault(FaultKind::Internal) };
            Some((kind, format!("the run did not pass (exit status {code}), although no test failed")))
        }
        Some(_) => None,
    }
}

/// What each case's texts may take before all of them are made to fit, so that memory stays bounded too.
fn rough_limit(ledger: &Ledger, settings: &Settings) -> usize {
    let speaking = ledger.cells.iter().filter(|entry| entry.faulty.count() + entry.log.count() > 0).count();
    let share = settings.largest_document.saturating_mul(4) / speaking.max(1);
    share.max(LEAST_OUTPUT).min(settings.largest_output)
}

/// What a case said: its log, retries that helped, and the answers that explain it. Empty when there is nothing to say.
/// `transcripts` holds the whole of it, by device.
fn output(entry: &CellEntry, transcripts: Option<&IndexMap<String, String>>, limit: usize) -> String {
    let mut shown = String::new();
    if entry.log.count() > 0 {
        shown.push_str(&clean::text(&entry.log.items().join("\n"), limit));
        end_line(&mut shown);
    }
    if entry.log.left_out() > 0 {
        shown.push_str(&format!("and {}\n", count(entry.log.left_out(), "more line")));
    }
    for (step, attempts) in entry.retried.items().iter().take(ATTEMPTS) {
        shown.push_str(&format!("{}: passed after {attempts} attempts\n", clean::line(step, NAME)));
    }
    if entry.retried.count() > ATTEMPTS {
        shown.push_str(&format!("and {}\n", count(entry.retried.count() - ATTEMPTS, "more retried step")));
    }
    if let Some(transcripts) = transcripts {
        for attempt in entry.faulty.items().iter().take(ATTEMPTS) {
            let Some(answer) = &attempt.answer else { continue };
            shown.push_str(&format!("{}: {}\n", clean::line(&attempt.step.title(), NAME), asked(attempt)));
            let see = attempt.subject.as_ref().and_then(|subject| transcripts.get(&subject.device)).map(String::as_str);
            shown.push_str(&answer_text(answer, limit, see));
            end_line(&mut shown);
            if !answer.stderr.is_empty() {
                shown.push_str(&format!("stderr:\n{}", clean::text_of(&answer.stderr, limit, see)));
                end_line(&mut shown);
            }
        }
    }
    shown
}

fn end_line(text: &mut String) {
    if !text.ends_with('\n') {
        text.push('\n');
    }
}

/// A text of ours, cut like everyone else's.
fn whole_or_ends(text: &str, limit: usize, see: Option<&str>) -> String {
    let cut = head_tail(text, limit);
    let mut shown = cut.head.to_owned();
    if cut.left_out > 0 {
        clean::mark_cut(&mut shown, cut.left_out, see);
        shown.push_str(cut.tail);
    }
    clean::defuse(shown)
}

fn properties(head: &RunHead, ledger: &Ledger) -> Vec<(&'static str, String)> {
    let value = |text: &str| clean::line(text, PROPERTY);
    let mut properties = vec![("runner.version", value(&head.version)), ("testbed", value(&head.testbed)), ("run_id", value(&head.run_id))];
    if let Some(by) = &ledger.interrupted {
        properties.push(("interrupted", value(by)));
    }
    let retried: Vec<String> = head.cells.iter().zip(&ledger.cells).filter_map(|(cell, entry)| retries(&cell.name, entry)).collect();
    if !retried.is_empty() {
        properties.push(("passed_after_retry", value(&retried.join(", "))));
    }
    properties
}

fn retries(name: &str, entry: &CellEntry) -> Option<String> {
    let most = entry.retried.items().iter().map(|(_, attempts)| *attempts).max()?;
    let passed = entry.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Passed);
    passed.then(|| format!("{} ({most} attempts)", clean::line(name, NAME)))
}

/// Seconds since 1970; `None` for what is not a time between 1970 and the year 9999.
fn seconds(started: &str) -> Option<i64> {
    let seconds = started.parse::<jiff::Timestamp>().ok()?.as_second();
    (0..=253_402_300_799).contains(&seconds).then_some(seconds)
}

/// The testbed's name: that of its file without folders and ending, where it is a file.
fn stem(testbed: &str) -> &str {
    let name = testbed.rsplit('/').next().unwrap_or(testbed);
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}

fn named(name: String) -> String {
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

//! The console's lines as text. Nothing is written here.

use crate::base::Data;
use crate::base::duration;
use crate::base::text::count;
use crate::record::event::{Attempt, CellHead, CellKind, RunHead};
use crate::record::ledger::{CellEntry, Counts, Ledger};
use crate::record::verdict::{Outcome, Verdict};
use crate::report::clean;
use crate::report::console::style::Style;
use crate::report::evidence::{asked, evidence, message};
use std::collections::HashSet;
use std::time::Duration;

/// The most characters of a name or value.
const LINE: usize = 200;
/// The most captured values, log lines and retries of one cell.
const ITEMS: usize = 20;

/// What a run is, before it begins.
pub(super) fn header(head: &RunHead) -> String {
    let tests: Vec<&CellHead> = head.cells.iter().filter(|cell| cell.kind == CellKind::Test).collect();
    let devices: HashSet<&str> = tests.iter().filter_map(|cell| cell.device.as_deref()).collect();
    let tests = if tests.is_empty() { count(head.cells.len(), "connection") } else { count(tests.len(), "test case") };
    let on = if devices.is_empty() { String::new() } else { format!(" on {}", count(devices.len(), "device")) };
    let line = format!("job {}, testbed {}: {tests}{on}, run {}", head.job, head.testbed, head.run_id);
    clean::line(&line, LINE * 2)
}

/// A finished cell and what it said.
pub(super) fn finished(cell: &CellHead, outcome: &Outcome, entry: &CellEntry, style: Style) -> Vec<String> {
    let message = message(outcome, entry);
    let mut first = format!("{} {:>5}  {}", style.word(outcome.verdict), took(entry.took), name(cell));
    let mut lines = Vec::new();
    match outcome.verdict {
        Verdict::Passed => {}
        Verdict::Skipped | Verdict::Blocked => first.push_str(&format!(": {message}")),
        Verdict::Failed | Verdict::Errored => lines.push(format!("      {message}")),
    }
    for (step, attempts) in entry.retried.items().iter().take(ITEMS) {
        lines.push(format!("      {}: passed after {attempts} attempts", clean::line(step, LINE)));
    }
    let device = cell.device.as_ref().map(|device| clean::line(device, LINE) + "  ").unwrap_or_default();
    for (name, value) in entry.captured.items().iter().take(ITEMS) {
        lines.push(format!("      {device}{} = {}", clean::line(name, LINE), shown(value)));
    }
    for text in entry.log.items().iter().take(ITEMS) {
        lines.push(format!("      {device}{}", clean::line(text, LINE)));
    }
    for (all, noun) in
        [(entry.retried.count(), "more retried step"), (entry.captured.count(), "more value"), (entry.log.count(), "more line")]
    {
        if all > ITEMS {
            lines.push(format!("      and {}", count(all - ITEMS, noun)));
        }
    }
    lines.insert(0, first);
    lines
}

/// An attempt, for those who want to see every step.
pub(super) fn attempted(cell: &CellHead, attempt: &Attempt) -> String {
    let step = clean::line(&attempt.step.title(), LINE);
    let attempts = if attempt.number > 1 { format!(", attempt {}", attempt.number) } else { String::new() };
    let verdict = attempt.verdict.word();
    // A step without a name is called by what it asks.
    let asked = Some(asked(attempt)).filter(|asked| *asked != clean::line(&attempt.step.name, LINE));
    let asked = asked.map(|asked| format!(": {asked}")).unwrap_or_default();
    format!("      {}  {step}{asked} ({verdict}{attempts}, {})", name(cell), took(attempt.took))
}

/// A step that was not asked, likewise.
pub(super) fn step_skipped(cell: &CellHead, step: &str, reason: &str) -> String {
    format!("      {}  {}: skipped: {}", name(cell), clean::line(step, LINE), clean::line(reason, LINE))
}

/// A connection that could be opened after all.
pub(super) fn reopened(cell: &CellHead, after: Duration) -> String {
    format!("      {}: it was reached again {} later", name(cell), duration::show(after))
}

/// A cell that did not pass, with everything that explains it.
pub(super) fn failure(cell: &CellHead, outcome: &Outcome, entry: &CellEntry, style: Style) -> Vec<String> {
    let message = message(outcome, entry);
    let mut lines = vec![format!("{} {}", style.word(outcome.verdict), name(cell)), format!("  {message}")];
    lines.extend(evidence(&message, entry).lines().map(|line| format!("  {line}")));
    lines
}

/// The last line: how many tests ended how, what else did not pass, and how long it took.
pub(super) fn totals(ledger: &Ledger) -> String {
    let ends = |kind| {
        let Counts { passed, failed, errored, skipped, blocked } = ledger.counts_of(kind);
        [(passed, "passed"), (failed, "failed"), (errored, "errored"), (skipped, "skipped"), (blocked, "blocked")]
    };
    let cells = ledger.head.as_ref().map_or(&[][..], |head| &head.cells);
    // A run of connections alone is told by them.
    let only_connections = !cells.is_empty() && cells.iter().all(|cell| cell.kind == CellKind::Connect);
    let tests = ends(if only_connections { CellKind::Connect } else { CellKind::Test });
    let mut told: Vec<String> =
        tests.iter().filter(|(number, word)| *number > 0 || *word == "passed").map(|(number, word)| format!("{number} {word}")).collect();
    for kind in [CellKind::Connect, CellKind::Setup, CellKind::Teardown].into_iter().filter(|_| !only_connections) {
        // One that was not needed is no news.
        let others = ends(kind).into_iter().filter(|(number, word)| *number > 0 && !matches!(*word, "passed" | "skipped"));
        told.extend(others.map(|(number, word)| match kind {
            CellKind::Setup => format!("setup {word}"),
            CellKind::Teardown => format!("teardown {word}"),
            CellKind::Connect | CellKind::Test => format!("{} {word}", count(number, "connection")),
        }));
    }
    let interrupted = ledger.interrupted.as_ref().map(|by| format!(", interrupted by {}", clean::line(by, LINE))).unwrap_or_default();
    format!("{} in {}{interrupted}", told.join(", "), duration::show(ledger.elapsed))
}

/// A cell's name.
pub(super) fn name(cell: &CellHead) -> String {
    clean::line(&cell.name, CellHead::LONGEST_NAME)
}

/// A value on one line: texts as they are, everything else as JSON.
pub(super) fn shown(value: &Data) -> String {
    match value {
        Data::String(text) => clean::line(text, LINE),
        other => clean::line(&other.to_string(), LINE),
    }
}

/// A duration in five columns, as long as it is shorter than a day.
fn took(took: Duration) -> String {
    let (millis, seconds) = (took.as_millis(), took.as_secs());
    match seconds {
        0..10 => format!("{}.{:02}s", seconds, millis % 1000 / 10),
        10..100 => format!("{}.{}s", seconds, millis % 1000 / 100),
        100..6000 => format!("{}m{:02}", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_five_columns() {
        for (millis, shown) in [
            (0, "0.00s"),
            (120, "0.12s"),
            (9_999, "9.99s"),
            (10_000, "10.0s"),
            (99_950, "99.9s"),
            (100_000, "1m40"),
            (3_600_000, "60m00"),
            (7_260_000, "2h01"),
        ] {
            assert_eq!(took(Duration::from_millis(millis)), shown);
        }
    }
}

//! The console: one line per finished cell, what failed once more at the end in full, and the totals.
//!
//! It writes to the writer that it was given, and a bar to the terminal when it is told that there is one.
//! Room order: `style`, `lines`, `difference`, `agreement`, `rerun`, `bar`.

mod style;

mod lines;

mod difference;

mod agreement;

mod rerun;

mod bar;

#[cfg(test)]
mod tests;

pub use rerun::Rerun;
pub use style::{Bars, Style, Verbosity};

use crate::record::event::{CellHead, CellId, Event, Fact, RunHead};
use crate::record::ledger::{CellEntry, Ledger};
use crate::record::verdict::{Outcome, Verdict};
use crate::report::console::agreement::Tests;
use crate::report::console::bar::Bar;
use crate::report::{ReportError, Reporter, clean};
use indicatif::ProgressDrawTarget;
use std::io::{self, Write};

/// The most failures that are listed at the end in full.
const FAILURES: usize = 100;

/// Tells people of a run.
pub struct Console {
    out: Box<dyn Write + Send>,
    style: Style,
    reports: Vec<(String, String)>,
    rerun: Option<Rerun>,
    bar: Option<Bar>,
    tests: Tests,
    /// The first write that failed. Nothing is written after it: a closed pipe ends no run.
    broken: Option<io::Error>,
}

impl Console {
    /// Writes to `out`. At the end, each of `reports` is told: its kind (`junit`) and where it is.
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>, style: Style, reports: Vec<(String, String)>) -> Self {
        let bar = match style.bars {
            Bars::Off => None,
            Bars::OnStderr => Some(Bar::new(ProgressDrawTarget::stderr())),
        };
        Self { out, style, reports, rerun: None, bar, tests: Tests::default(), broken: None }
    }

    /// At the end, tells the command that runs again what did not pass.
    #[must_use]
    pub fn with_rerun(self, rerun: Option<Rerun>) -> Self {
        Self { rerun, ..self }
    }

    fn say(&mut self, lines: &[String]) {
        if self.broken.is_some() || lines.is_empty() {
            return;
        }
        let text: String = lines.iter().map(|line| clean::log_line(line) + "\n").collect();
        let out = &mut self.out;
        let mut write = || out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let written = match &self.bar {
            Some(bar) => bar.aside(write),
            None => write(),
        };
        self.broken = written.err();
    }

    fn started(&mut self, head: &RunHead) {
        self.tests = Tests::new(&head.cells);
        if let Some(bar) = &self.bar {
            bar.begin(head.cells.len());
        }
        if self.style.verbosity > Verbosity::Quiet {
            self.say(&[lines::header(head)]);
        }
    }

    fn finished(&mut self, cell: CellId, outcome: &Outcome, ledger: &Ledger) {
        let Some((head, entry)) = cell_of(ledger, cell) else { return };
        let bad = is_bad(outcome);
        match &mut self.bar {
            Some(bar) if bad => bar.ended_badly(cell),
            Some(bar) => bar.ended(cell),
            None => {}
        }
        let heads = ledger.head.as_ref().map_or(&[][..], |head| &head.cells);
        let agreement = self.tests.ended(head, heads, ledger);
        if bad || self.style.verbosity > Verbosity::Quiet {
            self.say(&lines::finished(head, outcome, entry, self.style));
        }
        if self.style.verbosity > Verbosity::Quiet {
            let matrix = head.matrix.as_ref().map(|matrix| format!(" [{matrix}]")).unwrap_or_default();
            let test = clean::line(&format!("{}{matrix}", head.test), 100);
            self.say(&agreement.into_iter().map(|line| format!("      test {test}: {line}")).collect::<Vec<_>>());
        }
    }

    /// Everything that did not pass, in plan order.
    fn failures(&mut self, ledger: &Ledger) {
        let bad: Vec<(CellId, Outcome)> = (0..u32::try_from(ledger.cells.len()).unwrap_or(u32::MAX))
            .map(|index| (CellId(index), ledger.outcome(CellId(index))))
            .filter(|(_, outcome)| is_bad(outcome))
            .collect();
        for (cell, outcome) in bad.iter().take(FAILURES) {
            let Some((head, entry)) = cell_of(ledger, *cell) else { continue };
            let mut lines = lines::failure(head, outcome, entry, self.style);
            lines.insert(0, String::new());
            self.say(&lines);
        }
        if bad.len() > FAILURES {
            self.say(&[String::new(), format!("and {} more that did not pass", bad.len() - FAILURES)]);
        }
    }
}

impl Reporter for Console {
    fn event(&mut self, event: &Event, ledger: &Ledger) -> Result<(), ReportError> {
        let verbose = self.style.verbosity == Verbosity::Verbose;
        match &event.fact {
            Fact::RunStarted(head) => self.started(head),
            Fact::CellStarted { cell } => {
                if let (Some(bar), Some((head, _))) = (&mut self.bar, cell_of(ledger, *cell)) {
                    bar.started(*cell, lines::name(head));
                }
            }
            Fact::Attempted(attempt) if verbose => {
                if let Some((head, _)) = cell_of(ledger, attempt.cell) {
                    self.say(&[lines::attempted(head, attempt)]);
                }
            }
            Fact::StepSkipped { cell, step, reason } if verbose => {
                if let Some((head, _)) = cell_of(ledger, *cell) {
                    self.say(&[lines::step_skipped(head, &step.title(), reason)]);
                }
            }
            Fact::CellFinished { cell, outcome, .. } => self.finished(*cell, outcome, ledger),
            Fact::Reopened { cell, after } if self.style.verbosity > Verbosity::Quiet => {
                if let Some((head, _)) = cell_of(ledger, *cell) {
                    self.say(&[lines::reopened(head, *after)]);
                }
            }
            Fact::Interrupted { by } => {
                let by = clean::line(by, 200);
                self.say(&[format!("interrupted by {by}: nothing new starts, what runs is ended, teardown follows")]);
            }
            Fact::Attempted(_) | Fact::StepSkipped { .. } | Fact::Logged { .. } | Fact::Reopened { .. } | Fact::RunFinished { .. } => {}
        }
        Ok(())
    }

    fn finish(&mut self, ledger: &Ledger) -> Result<(), ReportError> {
        if let Some(bar) = self.bar.take() {
            bar.end();
        }
        self.failures(ledger);
        let mut last = vec![String::new(), lines::totals(ledger)];
        let reports = self.reports.iter().map(|(kind, place)| format!("{}: {}", clean::line(kind, 100), clean::line(place, 1000)));
        last.extend(reports);
        let command = self.rerun.as_ref().and_then(|rerun| rerun.command(ledger));
        last.extend(command.map(|command| format!("run again what did not pass: {command}")));
        self.say(&last);
        self.broken.take().map_or(Ok(()), |error| Err(ReportError::Console(error)))
    }
}

fn cell_of(ledger: &Ledger, cell: CellId) -> Option<(&CellHead, &CellEntry)> {
    Some((ledger.head.as_ref()?.cells.get(cell.index())?, ledger.cells.get(cell.index())?))
}

fn is_bad(outcome: &Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Failed | Verdict::Errored)
}

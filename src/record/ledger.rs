//! The state of every cell, folded from events.

use crate::record::event::{Attempt, CellId, Event, Fact, RunHead};
use crate::record::verdict::{ExitStatus, Outcome, ReasonKind, Verdict};
use std::time::Duration;

/// A run as its events tell it. Events may end anywhere: what they do not tell counts as incomplete.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    /// What was planned; `None` before the first event.
    pub head: Option<RunHead>,
    /// One entry per planned cell, in plan order.
    pub cells: Vec<CellEntry>,
    /// What interrupted the run.
    pub interrupted: Option<String>,
    /// When the last event happened, since the run began.
    pub elapsed: Duration,
    /// How the run ended; `None` when it did not.
    pub status: Option<ExitStatus>,
}

/// What is known of one cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CellEntry {
    /// Whether it began.
    pub started: bool,
    /// How it ended; `None` when it did not.
    pub outcome: Option<Outcome>,
    /// How long it took.
    pub took: Duration,
    /// Its attempts that did not pass and were the last of their step, in the order they ended. These explain it.
    pub faulty: Vec<Attempt>,
    /// What it captured, in order: name and value.
    pub captured: Vec<(String, crate::base::Data)>,
    /// What its `log` steps said.
    pub log: Vec<String>,
    /// Steps that passed after more than one attempt: title and attempts.
    pub retried: Vec<(String, u32)>,
}

/// How many test cells ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Cells that passed.
    pub passed: usize,
    /// Cells with a wrong answer.
    pub failed: usize,
    /// Cells without an answer.
    pub errored: usize,
    /// Cells that were not asked.
    pub skipped: usize,
    /// Cells that could not be asked.
    pub blocked: usize,
}

impl Ledger {
    /// Takes the next event in.
    pub fn fold(&mut self, event: &Event) {
        self.elapsed = self.elapsed.max(event.at);
        match &event.fact {
            Fact::RunStarted(head) => {
                self.cells = vec![CellEntry::default(); head.cells.len()];
                self.head = Some((**head).clone());
            }
            Fact::CellStarted { cell } => {
                if let Some(entry) = self.entry(*cell) {
                    entry.started = true;
                }
            }
            Fact::Attempted(attempt) => self.attempted(attempt),
            Fact::StepSkipped { .. } => {}
            Fact::Logged { cell, text } => {
                if let Some(entry) = self.entry(*cell) {
                    entry.log.push(text.clone());
                }
            }
            Fact::CellFinished { cell, outcome, took } => {
                if let Some(entry) = self.entry(*cell) {
                    entry.outcome = Some(outcome.clone());
                    entry.took = *took;
                }
            }
            Fact::Interrupted { by } => {
                self.interrupted.get_or_insert_with(|| by.clone());
            }
            Fact::RunFinished { status } => self.status = Some(*status),
        }
    }

    fn attempted(&mut self, attempt: &Attempt) {
        let Some(entry) = self.entry(attempt.cell) else { return };
        if !attempt.last {
            return;
        }
        if attempt.verdict.is_good() {
            entry.captured.extend(attempt.captured.iter().cloned());
            if attempt.number > 1 {
                entry.retried.push((attempt.step.title(), attempt.number));
            }
        } else {
            entry.faulty.push(attempt.clone());
        }
    }

    fn entry(&mut self, cell: CellId) -> Option<&mut CellEntry> {
        self.cells.get_mut(cell.index())
    }

    /// The outcome of a cell; one that did not end is an error: a killed run is never green.
    #[must_use]
    pub fn outcome(&self, cell: CellId) -> Outcome {
        let entry = self.cells.get(cell.index());
        entry.and_then(|entry| entry.outcome.clone()).unwrap_or_else(|| {
            let message =
                if entry.is_some_and(|entry| entry.started) { "the run ended before this did" } else { "the run ended before this began" };
            Outcome::with(Verdict::Errored, ReasonKind::Incomplete, message)
        })
    }

    /// Counts every cell that reports list.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for index in 0..self.cells.len() {
            let id = CellId(u32::try_from(index).unwrap_or(u32::MAX));
            match self.outcome(id).verdict {
                Verdict::Passed => counts.passed += 1,
                Verdict::Failed => counts.failed += 1,
                Verdict::Errored => counts.errored += 1,
                Verdict::Skipped => counts.skipped += 1,
                Verdict::Blocked => counts.blocked += 1,
            }
        }
        counts
    }

    /// The verdict of the run so far: what the process would end with now.
    #[must_use]
    pub fn exit_status(&self) -> ExitStatus {
        let counts = self.counts();
        if self.interrupted.is_some() {
            ExitStatus::Interrupted
        } else if counts.failed > 0 {
            ExitStatus::Failed
        } else if counts.errored + counts.blocked > 0 {
            ExitStatus::Errored
        } else {
            ExitStatus::Passed
        }
    }
}

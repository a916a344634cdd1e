//! The state of every cell, folded from events.

use crate::base::{Data, duration};
use crate::record::event::{Attempt, CellId, CellKind, Event, Fact, RunHead};
use crate::record::keep::{Budget, Kept, bytes_of};
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
    /// What may still be kept of faulty attempts as they came.
    budget: Budget,
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
    pub faulty: Kept<Attempt>,
    /// How many checks of those attempts did not hold, kept or not.
    pub failed_checks: usize,
    /// What it captured, in order: name and value.
    pub captured: Kept<(String, Data)>,
    /// What its `log` steps said.
    pub log: Kept<String>,
    /// Steps that passed after more than one attempt: title and attempts.
    pub retried: Kept<(String, u32)>,
}

/// The most values, log lines and retries of a cell that are kept.
const ENTRIES: usize = 1000;

/// How many cells ended how.
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
                    entry.log.offer(text.clone(), text.len(), ENTRIES);
                }
            }
            Fact::CellFinished { cell, outcome, took } => {
                if let Some(entry) = self.entry(*cell) {
                    entry.outcome = Some(outcome.clone());
                    entry.took = *took;
                }
            }
            Fact::Reopened { cell, after } => {
                if let Some(reason) = self.entry(*cell).and_then(|entry| entry.outcome.as_mut()?.reason.as_mut()) {
                    reason.message.push_str(&format!("; it was reached again {} later", duration::show(*after)));
                }
            }
            Fact::Interrupted { by } => {
                self.interrupted.get_or_insert_with(|| by.clone());
            }
            Fact::RunFinished { status } => self.status = Some(*status),
        }
    }

    fn attempted(&mut self, attempt: &Attempt) {
        let Some(entry) = self.cells.get_mut(attempt.cell.index()) else { return };
        if !attempt.last {
            return;
        }
        if attempt.verdict.is_good() {
            for (name, value) in &attempt.captured {
                entry.captured.offer((name.clone(), value.clone()), name.len() + bytes_of(value), ENTRIES);
            }
            if attempt.number > 1 {
                let title = attempt.step.title();
                let bytes = title.len();
                entry.retried.offer((title, attempt.number), bytes, ENTRIES);
            }
        } else {
            entry.failed_checks += attempt.checks.iter().filter(|check| !check.held).count();
            self.budget.keep(attempt, &mut entry.faulty);
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
        self.counts_where(|_| true)
    }

    /// Counts the cells of one kind.
    #[must_use]
    pub fn counts_of(&self, kind: CellKind) -> Counts {
        let cells = self.head.as_ref().map_or(&[][..], |head| &head.cells);
        self.counts_where(|index| cells.get(index).is_some_and(|cell| cell.kind == kind))
    }

    fn counts_where(&self, counted: impl Fn(usize) -> bool) -> Counts {
        let mut counts = Counts::default();
        for index in (0..self.cells.len()).filter(|index| counted(*index)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::check::Check;
    use crate::record::event::{AnswerRecord, CellHead, StepPhase, StepRef};
    use std::time::Duration;

    fn ledger(cells: u32) -> Ledger {
        let cell = |index| CellHead { kind: CellKind::Test, name: format!("t{index}"), test: "t".to_owned(), device: None, matrix: None };
        let head = RunHead {
            run_id: String::new(),
            started: String::new(),
            version: String::new(),
            hostname: String::new(),
            job: String::new(),
            file: String::new(),
            testbed: String::new(),
            output: None,
            cells: (0..cells).map(cell).collect(),
        };
        let mut ledger = Ledger::default();
        fold(&mut ledger, Fact::RunStarted(Box::new(head)));
        ledger
    }

    fn fold(ledger: &mut Ledger, fact: Fact) {
        ledger.fold(&Event { number: 0, at: Duration::ZERO, fact });
    }

    fn attempt(cell: u32, verdict: Verdict, text: &str) -> Attempt {
        let step = StepRef { phase: StepPhase::Steps, number: "1".to_owned(), name: "s".to_owned(), place: String::new() };
        let answer = AnswerRecord {
            head: text.to_owned(),
            left_out: 7,
            tail: text.to_owned(),
            lines: 1,
            stderr: text.to_owned(),
            exit_code: None,
            status: None,
        };
        let check = Check {
            held: false,
            sentence: text.to_owned(),
            source: String::new(),
            expected: text.to_owned(),
            actual: text.to_owned(),
            place: String::new(),
            nearest: vec![text.to_owned()],
        };
        Attempt {
            cell: CellId(cell),
            step,
            item: None,
            number: 2,
            last: true,
            verdict,
            subject: None,
            asked: Some(text.to_owned()),
            took: Duration::ZERO,
            answer: Some(answer),
            checks: vec![check; 3],
            problem: text.to_owned(),
            fault: None,
            captured: vec![("name".to_owned(), text.into())],
        }
    }

    #[test]
    fn a_run_that_fails_everywhere_keeps_a_bounded_part_of_what_came_and_every_cell() {
        let text = "ä".repeat(16 * 1024);
        let mut ledger = ledger(500);
        for cell in 0..500 {
            for _ in 0..3 {
                fold(&mut ledger, Fact::Attempted(Box::new(attempt(cell, Verdict::Failed, &text))));
            }
        }
        let kept: usize = ledger.cells.iter().map(|entry| serde_json::to_string(entry.faulty.items()).expect("JSON").len()).sum();
        assert!(kept < Budget::WHOLE + 500 * 16 * 1024, "{kept}");
        for entry in &ledger.cells {
            assert_eq!((entry.faulty.count(), entry.failed_checks), (3, 9));
            let first = entry.faulty.items()[0].answer.as_ref().expect("an answer");
            assert_eq!(first.head.len() + first.left_out + first.tail.len(), 2 * text.len() + 7, "what is left out is counted");
        }
        assert_eq!(ledger.cells[0].faulty.items().len(), 3);
        assert_eq!(ledger.cells[499].faulty.items().len(), 1);
    }

    #[test]
    fn a_cell_keeps_the_first_of_everything_and_counts_the_rest() {
        let mut ledger = ledger(1);
        for index in 0..1500 {
            fold(&mut ledger, Fact::Attempted(Box::new(attempt(0, Verdict::Failed, &index.to_string()))));
            fold(&mut ledger, Fact::Attempted(Box::new(attempt(0, Verdict::Passed, &index.to_string()))));
            fold(&mut ledger, Fact::Logged { cell: CellId(0), text: index.to_string() });
        }
        let entry = &ledger.cells[0];
        assert_eq!((entry.faulty.items().len(), entry.faulty.left_out()), (20, 1480));
        assert_eq!((entry.captured.items().len(), entry.captured.left_out()), (1000, 500));
        assert_eq!((entry.log.items().len(), entry.log.left_out()), (1000, 500));
        assert_eq!((entry.retried.items().len(), entry.retried.left_out()), (1000, 500));
        assert_eq!(entry.log.items().last().map(String::as_str), Some("999"));
        let long = "x".repeat(300 * 1024);
        let mut ledger = super::tests::ledger(1);
        for _ in 0..5 {
            fold(&mut ledger, Fact::Logged { cell: CellId(0), text: long.clone() });
        }
        assert_eq!((ledger.cells[0].log.items().len(), ledger.cells[0].log.left_out()), (3, 2), "a mebibyte");
    }

    #[test]
    fn what_was_reached_again_stays_an_error_and_says_when() {
        let mut ledger = ledger(2);
        let outcome = Outcome::with(Verdict::Errored, ReasonKind::Incomplete, "refused");
        fold(&mut ledger, Fact::CellFinished { cell: CellId(0), outcome, took: Duration::ZERO });
        for cell in 0..3 {
            fold(&mut ledger, Fact::Reopened { cell: CellId(cell), after: Duration::from_secs(63) });
        }
        let outcome = ledger.outcome(CellId(0));
        let message = outcome.reason.map(|reason| reason.message);
        assert_eq!((outcome.verdict, message.as_deref()), (Verdict::Errored, Some("refused; it was reached again 1m3s later")));
        assert_eq!(ledger.cells[1], CellEntry::default());
    }
}

//! Ends a run before its time: after a signal, at the limit of the job, or after the first failures where the user wants
//! that.

use crate::base::deadline::{Deadline, Limit};
use crate::engine::schedule::Schedule;
use crate::engine::schedule::machine::{Progress, Reached};
use crate::engine::schedule::orders::Output;
use crate::engine::task::{Bad, Stage, Task};
use crate::record::event::{CellId, CellKind, Fact};
use crate::record::fault::{Fault, FaultKind};
use crate::record::verdict::{Outcome, Reason, ReasonKind, Verdict};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long teardown may take once the run was stopped.
const TEARDOWN_AFTER_STOP: Duration = Duration::from_mins(1);

/// Why nothing new begins.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) bad: Bad,
    /// Whether the user asked for it, then or later.
    pub(super) interrupted: bool,
    pub(super) ends: Ends,
}

/// What of that which runs a stop ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ends {
    /// Nothing.
    Nothing,
    /// Everything but teardown.
    Steps,
    /// Teardown too.
    Teardown,
}

impl Stop {
    /// How a cell ends that did not begin.
    pub(super) fn not_run(&self) -> Outcome {
        Outcome::with(Verdict::Skipped, ReasonKind::NotRun, format!("not run: {}", self.bad.reason.message))
    }
}

impl Schedule {
    /// What the stop ends, where there is one.
    pub(super) fn ends(&self) -> Option<Ends> {
        self.stop.as_ref().map(|stop| stop.ends)
    }

    /// Counts the cells that failed or errored, and stops the run after the last one that the user bears. What is blocked
    /// because of the job's setup says so itself.
    pub(super) fn count(&mut self, cell: CellId, verdict: Verdict) {
        let head = &self.plan.cells[cell.index()].head;
        let counts = matches!(head.kind, CellKind::Test | CellKind::Connect) && matches!(verdict, Verdict::Failed | Verdict::Errored);
        let Some(most) = self.fail_fast.filter(|_| counts && self.stop.is_none()) else { return };
        self.patience = self.patience.saturating_sub(1);
        if self.patience == 0 {
            let message = format!("--fail-fast={most} was reached with {}", head.name);
            let bad = Bad { reason: Reason { kind: ReasonKind::NotRun, message }, ..Bad::errored(FaultKind::Interrupted, "") };
            self.stop = Some(Stop { bad, interrupted: false, ends: Ends::Nothing });
        }
    }

    /// Whether failures stopped the run, so that what has not begun will not begin.
    pub(super) fn fails_fast(&self) -> bool {
        self.ends() == Some(Ends::Nothing) && self.reached < Reached::Teardown
    }

    pub(super) fn interrupt(&mut self, by: String, now: Instant) {
        if self.reached == Reached::End {
            return;
        }
        let bad = Bad {
            reason: Reason { kind: ReasonKind::Interrupted, message: format!("interrupted by {by}") },
            ..Bad::errored(FaultKind::Interrupted, "")
        };
        // After the job's timeout the first one still leaves teardown alone.
        if !self.stop.as_ref().is_some_and(|stop| stop.interrupted) {
            self.out.push(Output::Record(Fact::Interrupted { by }));
            self.stop(&bad, now);
            self.stop.iter_mut().for_each(|stop| stop.interrupted = true);
            return;
        }
        self.drop_teardown(&bad, now);
    }

    /// Ends teardown too.
    pub(super) fn drop_teardown(&mut self, bad: &Bad, now: Instant) {
        self.deadline = None;
        self.stop.iter_mut().for_each(|stop| stop.ends = Ends::Teardown);
        self.out.push(Output::Interrupt(Stage::Teardown));
        self.give_up_openings(bad, now);
        self.cancel_walks(bad, Stage::Teardown, now);
    }

    fn give_up_openings(&mut self, bad: &Bad, now: Instant) {
        let fault = Fault::new(FaultKind::Interrupted, bad.reason.message.clone());
        for (route, settled) in self.links.give_up_waiting(&fault) {
            self.route_settled(route, settled, now);
        }
    }

    /// Begins nothing new but teardown, and ends what runs.
    pub(super) fn stop(&mut self, bad: &Bad, now: Instant) {
        if self.ends() > Some(Ends::Nothing) {
            return;
        }
        let limit = Limit { length: TEARDOWN_AFTER_STOP, setting: "the limit of teardown once a run is stopped".into() };
        self.deadline = Some(Deadline::new(now, limit));
        self.stop = Some(Stop { bad: bad.clone(), interrupted: false, ends: Ends::Steps });
        self.out.push(Output::Interrupt(Stage::Main));
        if self.reached < Reached::Teardown {
            self.give_up_openings(bad, now);
        }
        self.cancel_walks(bad, Stage::Main, now);
        if bad.reason.kind == ReasonKind::Fault(FaultKind::Timeout) {
            // What cleans up goes on, and still the job took too long.
            for progress in &mut self.cells {
                if let Progress::Walking(walk) = progress {
                    walk.note(bad);
                }
            }
        }
    }

    /// Cancels every walk that is in this stage, and the tasks that no worker has yet.
    fn cancel_walks(&mut self, bad: &Bad, stage: Stage, now: Instant) {
        let (dropped, kept) = std::mem::take(&mut self.ready).into_iter().partition(|task| task.stage <= stage);
        self.ready = kept;
        let walking: Vec<CellId> =
            self.ids_of(|progress| matches!(progress, Progress::Walking(walk) if stage == Stage::Teardown || !walk.in_teardown()));
        for cell in walking {
            self.walk(cell, now, |walk, cx| walk.cancel(bad, stage, cx));
        }
        let dropped: VecDeque<Box<Task>> = dropped;
        for task in dropped {
            self.walk(task.cell, now, |walk, cx| walk.forget(task.id, cx));
        }
    }
}

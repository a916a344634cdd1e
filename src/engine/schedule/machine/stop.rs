//! Ends a run before its time: after a signal, or at the limit of the job.

use crate::base::deadline::{Deadline, Limit};
use crate::engine::schedule::Schedule;
use crate::engine::schedule::machine::{Progress, Reached};
use crate::engine::schedule::orders::Output;
use crate::engine::task::{Bad, Stage, Task};
use crate::record::event::{CellId, Fact};
use crate::record::fault::{Fault, FaultKind};
use crate::record::verdict::{Reason, ReasonKind};
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
    /// Whether teardown is dropped too.
    pub(super) at_once: bool,
}

impl Schedule {
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
        self.stop.iter_mut().for_each(|stop| stop.at_once = true);
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
        if self.stop.is_some() {
            return;
        }
        let limit = Limit { length: TEARDOWN_AFTER_STOP, setting: "the limit of teardown once a run is stopped".into() };
        self.deadline = Some(Deadline::new(now, limit));
        self.stop = Some(Stop { bad: bad.clone(), interrupted: false, at_once: false });
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

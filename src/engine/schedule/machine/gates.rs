//! How cells end that do not begin: the run was stopped, `when` is false, a device is down, a needed test did not pass.

use crate::engine::plan::{Cell, Run};
use crate::engine::schedule::Schedule;
use crate::engine::schedule::links::State;
use crate::engine::schedule::machine::by_step::awaited;
use crate::engine::schedule::machine::stop::Ends;
use crate::engine::schedule::walk::Beginning;
use crate::engine::task::Bad;
use crate::record::event::{CellId, CellKind};
use crate::record::verdict::{Outcome, ReasonKind, Verdict};
use std::time::Instant;

impl Schedule {
    /// How a cell ends whose turn has come and that may not run; `None` when it may.
    pub(super) fn outcome_before(&self, id: CellId, run: &Run, beginning: &Beginning, now: Instant) -> Option<Outcome> {
        let cell = &self.plan.cells[id.index()];
        self.outcome_of_stop(cell.head.kind)
            .or_else(|| outcome_of_beginning(run, beginning))
            .or_else(|| self.outcome_of_down(id, run, now))
            .or_else(|| self.outcome_of_needs(cell))
    }

    /// How a cell ends because the run was stopped or its setup did not pass; `None` when it may run.
    pub(super) fn outcome_of_stop(&self, kind: CellKind) -> Option<Outcome> {
        if let Some(stop) = self.stop.as_ref().filter(|stop| stop.ends == Ends::Teardown || kind != CellKind::Teardown) {
            // A run that was cut short is never green.
            let is_red = self.some_error || stop.ends == Ends::Nothing;
            return Some(if is_red {
                stop.not_run()
            } else {
                Outcome { verdict: Verdict::Errored, reason: Some(stop.bad.reason.clone()) }
            });
        }
        let blocked = self.setup_failed && kind == CellKind::Test;
        blocked.then(|| Outcome::with(Verdict::Blocked, ReasonKind::Blocked, "blocked: setup did not pass"))
    }

    /// How a cell ends because a device of it is down; `None` when it may run, or when the device may be tried again. The
    /// job's teardown does what it can.
    fn outcome_of_down(&self, id: CellId, run: &Run, now: Instant) -> Option<Outcome> {
        if self.plan.cells[id.index()].head.kind == CellKind::Teardown {
            return None;
        }
        let is_down = |route| *self.links.state(route) == State::Down && !self.may_reopen(route, id, now);
        let down = awaited(run).find(|route| is_down(*route))?;
        let connect = &self.plan.cells[self.plan.routes[down.index()].cell.index()].head.name;
        Some(Outcome::with(Verdict::Blocked, ReasonKind::Blocked, format!("blocked: {connect} failed")))
    }

    /// How a cell ends because a cell that it needs did not pass; `None` when it may run.
    fn outcome_of_needs(&self, cell: &Cell) -> Option<Outcome> {
        let (unmet, verdict) = self.lanes.unmet(cell)?;
        let ended = match verdict {
            Verdict::Passed => return None,
            Verdict::Failed => "failed",
            Verdict::Errored => "errored",
            Verdict::Skipped => "was skipped",
            Verdict::Blocked => "was blocked",
        };
        let name = &self.plan.cells[unmet.index()].head.name;
        Some(Outcome::with(Verdict::Blocked, ReasonKind::Blocked, format!("blocked: needs {name}, which {ended}")))
    }
}

/// How a cell ends because of its plan, its `when` or its variables; `None` when it may run.
fn outcome_of_beginning(run: &Run, beginning: &Beginning) -> Option<Outcome> {
    if let Some(reason) = &run.skipped {
        return Some(Outcome::with(Verdict::Skipped, ReasonKind::Skipped, reason.clone()));
    }
    let errored = |bad: Bad| Outcome { verdict: bad.verdict, reason: Some(bad.reason) };
    let Some(when) = &run.when else { return beginning.bad.clone().map(errored) };
    match when.condition(&beginning.scope) {
        Ok(true) => beginning.bad.clone().map(errored),
        Ok(false) => {
            let reason = format!("`when` is false: {}", when.source());
            Some(Outcome::with(Verdict::Skipped, ReasonKind::Skipped, reason))
        }
        Err(fault) => Some(errored(beginning.bad.clone().unwrap_or_else(|| Bad::errored(fault.kind, fault.message)))),
    }
}

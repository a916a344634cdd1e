//! Connections that steps open: what a cell does not wait for, and the limits that hold all the same.

use crate::engine::plan::{Action, RouteId, Run, Work};
use crate::engine::schedule::Schedule;
use crate::engine::task::Task;
use crate::record::event::CellId;

/// A task that a worker has.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) cell: CellId,
    /// The route that it opens, for the limits of openings.
    pub(super) opens: Option<RouteId>,
}

/// The routes that are opened before a cell begins.
pub(super) fn awaited(run: &Run) -> impl Iterator<Item = RouteId> {
    run.routes.iter().copied().filter(|route| !run.left.contains(route))
}

impl Schedule {
    /// The next task that may begin: one that opens a connection waits until the limits of openings let it.
    pub(super) fn next_task(&mut self) -> Option<(Box<Task>, Option<RouteId>)> {
        let links = &mut self.links;
        let opens =
            |task: &Task| matches!(task.step.action, Action::Connect { .. }).then(|| task.whole.first()).flatten().map(|(route, _)| *route);
        let position = self.ready.iter().position(|task| opens(task).is_none_or(|route| links.begin_step_opening(route)))?;
        let task = self.ready.remove(position)?;
        let route = opens(&task);
        Some((task, route))
    }

    /// Whether a cell was to open a connection that steps opened instead.
    pub(super) fn is_by_step(&self, cell: CellId) -> bool {
        matches!(self.plan.cells[cell.index()].work, Work::Connect(route) if self.links.by_step(route))
    }
}

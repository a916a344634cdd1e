//! Which cell may begin: one at a time on a device, in plan order, test after test unless the order is free.
//!
//! A cell goes through three gates. It waits until the cells that it needs have ended; only then does it ask for its
//! devices, so that others overtake it there. It takes all its devices at once, when it is the first in plan order of
//! those that ask for any of them. Then it asks for all its locks at once, in the order of asking, and begins when it is
//! the first for each. Whoever has a lock therefore runs, and whoever has devices waits for nothing but locks: of those
//! that wait, the first one can always go on.

use crate::engine::plan::{Cell, Plan, Work};
use crate::engine::schedule::needs::Needs;
use crate::model::job::Order;
use crate::record::event::{CellId, CellKind};
use crate::record::verdict::Verdict;
use std::collections::{BTreeSet, VecDeque};

/// Cells that wait for their turn.
#[derive(Debug)]
pub(super) struct Lanes {
    /// What begins when everything before it has ended.
    batches: VecDeque<Vec<CellId>>,
    needs: Needs,
    /// Per device: the cell that has it, and those that wait for it.
    devices: Vec<Lane>,
    /// Per lock: the cell that has it, then those that wait for it.
    locks: Vec<VecDeque<CellId>>,
    /// Cells of the running batch that have not ended.
    unfinished: usize,
    /// The last cell of the running batch. Those of later ones ask for nothing, even when all that they need has ended.
    last: Option<CellId>,
    /// Whether the plan has nothing but connections. Each of them is opened then, although no cell needs it.
    only_connections: bool,
}

/// A device.
#[derive(Debug, Clone, Default)]
struct Lane {
    holder: Option<CellId>,
    waiting: BTreeSet<CellId>,
}

impl Lanes {
    pub(super) fn new(plan: &Plan) -> Self {
        let of_kind = |kind: CellKind| -> Vec<CellId> { ids(plan).filter(|(_, cell)| cell.head.kind == kind).map(|(id, _)| id).collect() };
        let tests = of_kind(CellKind::Test);
        let mut batches = VecDeque::from([of_kind(CellKind::Setup)]);
        match plan.order {
            Order::Free => batches.push_back(tests),
            Order::Sequential => {
                let test_of = |id: &CellId| match &plan.cells[id.index()].work {
                    Work::Run(run) => run.test,
                    Work::Connect(_) => None,
                };
                batches.extend(tests.chunk_by(|a, b| test_of(a) == test_of(b)).map(<[CellId]>::to_vec));
            }
        }
        batches.push_back(of_kind(CellKind::Teardown));
        let only_connections = plan.cells.iter().all(|cell| matches!(cell.work, Work::Connect(_)));
        if only_connections {
            batches.push_back(of_kind(CellKind::Connect));
        }
        batches.retain(|batch| !batch.is_empty());
        let (devices, locks) = (vec![Lane::default(); plan.devices.len()], vec![VecDeque::new(); plan.locks.len()]);
        Self { batches, needs: Needs::new(plan), devices, locks, unfinished: 0, last: None, only_connections }
    }

    /// Whether connections are what the run is about, so that opening one is a cell like any other.
    pub(super) fn only_connections(&self) -> bool {
        self.only_connections
    }

    /// Begins the next batch when the running one has ended; the cells that may begin at once. `None` when none is left.
    pub(super) fn next_batch(&mut self, plan: &Plan) -> Option<Vec<CellId>> {
        if self.unfinished > 0 {
            return Some(Vec::new());
        }
        let batch = self.batches.pop_front()?;
        (self.unfinished, self.last) = (batch.len(), batch.last().copied());
        let asking: Vec<CellId> = batch.into_iter().filter(|cell| !self.needs.is_waiting(*cell)).collect();
        for cell in &asking {
            self.ask(plan, *cell);
        }
        Some(asking.into_iter().filter(|cell| self.takes_turn(plan, *cell)).collect())
    }

    /// Ends a cell; the cells whose turn has come.
    pub(super) fn end(&mut self, plan: &Plan, cell: CellId, verdict: Verdict) -> Vec<CellId> {
        self.unfinished -= 1;
        let Cell { devices, locks, .. } = &plan.cells[cell.index()];
        let mut begin: Vec<CellId> = Vec::new();
        for lock in locks {
            let queue = &mut self.locks[lock.index()];
            queue.pop_front();
            begin.extend(queue.front());
        }
        begin.retain(|next| self.has_locks(plan, *next));
        for device in devices {
            self.devices[device.index()].holder = None;
        }
        let mut next = self.needs.end(cell, verdict);
        next.retain(|free| Some(*free) <= self.last);
        for free in &next {
            self.ask(plan, *free);
        }
        next.extend(devices.iter().filter_map(|device| self.devices[device.index()].waiting.first()));
        next.sort_unstable();
        next.dedup();
        begin.extend(next.into_iter().filter(|next| self.takes_turn(plan, *next)));
        // Whoever waited for two of the locks was called by both.
        begin.sort_unstable();
        begin.dedup();
        begin
    }

    /// The cell that keeps this one from running, because it was needed and did not pass.
    pub(super) fn unmet(&self, cell: &Cell) -> Option<(CellId, Verdict)> {
        self.needs.unmet(&cell.needs)
    }

    /// Lets a cell ask for its devices.
    fn ask(&mut self, plan: &Plan, cell: CellId) {
        for device in &plan.cells[cell.index()].devices {
            self.devices[device.index()].waiting.insert(cell);
        }
    }

    /// Gives a cell that asks its devices, when it can have all of them, and lets it ask for its locks; whether it may begin.
    fn takes_turn(&mut self, plan: &Plan, cell: CellId) -> bool {
        let Cell { devices, locks, .. } = &plan.cells[cell.index()];
        let is_next = |lane: &Lane| lane.holder.is_none() && lane.waiting.first() == Some(&cell);
        if !devices.iter().all(|device| is_next(&self.devices[device.index()])) {
            return false;
        }
        for device in devices {
            let lane = &mut self.devices[device.index()];
            lane.holder = Some(cell);
            lane.waiting.remove(&cell);
        }
        for lock in locks {
            self.locks[lock.index()].push_back(cell);
        }
        self.has_locks(plan, cell)
    }

    fn has_locks(&self, plan: &Plan, cell: CellId) -> bool {
        plan.cells[cell.index()].locks.iter().all(|lock| self.locks[lock.index()].front() == Some(&cell))
    }

    /// Whether no cell has or wants anything any more.
    #[cfg(test)]
    pub(super) fn are_empty(&self) -> bool {
        let free = |lane: &Lane| lane.holder.is_none() && lane.waiting.is_empty();
        self.devices.iter().all(free) && self.locks.iter().all(VecDeque::is_empty)
    }
}

/// Every cell with its id.
pub(super) fn ids(plan: &Plan) -> impl Iterator<Item = (CellId, &Cell)> {
    (0..).map(CellId).zip(&plan.cells)
}

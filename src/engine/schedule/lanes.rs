//! Which cell may begin: one at a time on a device, in plan order, test after test unless the order is free.

use crate::engine::plan::{Cell, DeviceId, Plan, Work};
use crate::model::job::Order;
use crate::record::event::{CellId, CellKind};
use std::collections::VecDeque;

/// Cells that wait for their turn.
#[derive(Debug)]
pub(super) struct Lanes {
    /// What begins when everything before it has ended.
    batches: VecDeque<Vec<CellId>>,
    /// Per device: the cell that has it, and those that wait for it.
    queues: Vec<VecDeque<CellId>>,
    /// Cells of the running batch that have not ended.
    unfinished: usize,
    /// Whether the plan has nothing but connections. Each of them is opened then, although no cell needs it.
    only_connections: bool,
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
        Self { batches, queues: vec![VecDeque::new(); plan.devices.len()], unfinished: 0, only_connections }
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
        self.unfinished = batch.len();
        for cell in &batch {
            for device in devices(plan, *cell) {
                self.queues[device.index()].push_back(*cell);
            }
        }
        Some(batch.into_iter().filter(|cell| self.has_turn(plan, *cell)).collect())
    }

    /// Ends a cell; the cells whose turn has come.
    pub(super) fn end(&mut self, plan: &Plan, cell: CellId) -> Vec<CellId> {
        self.unfinished -= 1;
        let mut next = Vec::new();
        for device in devices(plan, cell) {
            let queue = &mut self.queues[device.index()];
            if queue.front() == Some(&cell) {
                queue.pop_front();
            }
            next.extend(queue.front().copied());
        }
        next.sort_unstable();
        next.dedup();
        next.retain(|cell| self.has_turn(plan, *cell));
        next
    }

    fn has_turn(&self, plan: &Plan, cell: CellId) -> bool {
        devices(plan, cell).iter().all(|device| self.queues[device.index()].front() == Some(&cell))
    }
}

fn devices(plan: &Plan, cell: CellId) -> &[DeviceId] {
    &plan.cells[cell.index()].devices
}

/// Every cell with its id.
pub(super) fn ids(plan: &Plan) -> impl Iterator<Item = (CellId, &Cell)> {
    (0..).map(CellId).zip(&plan.cells)
}

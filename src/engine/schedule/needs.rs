//! Which cells wait for others to have passed.

use crate::engine::plan::{NeedId, Plan};
use crate::record::event::CellId;
use crate::record::verdict::Verdict;

/// Account of the cells that others need.
#[derive(Debug)]
pub(super) struct Needs {
    groups: Vec<Group>,
    /// The groups that each cell is one of.
    member_of: Vec<Vec<NeedId>>,
    /// How many groups each cell still waits for.
    missing: Vec<u32>,
}

/// Cells that others need together.
#[derive(Debug)]
struct Group {
    /// How many of them have not ended.
    running: usize,
    /// The first of them, in plan order, that did not pass.
    unmet: Option<(CellId, Verdict)>,
    /// Who waits for them.
    waiting: Vec<CellId>,
}

impl Needs {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut member_of = vec![Vec::new(); plan.cells.len()];
        for (id, members) in (0..).map(NeedId).zip(&plan.needs) {
            for member in members {
                member_of[member.index()].push(id);
            }
        }
        let mut groups: Vec<Group> =
            plan.needs.iter().map(|members| Group { running: members.len(), unmet: None, waiting: Vec::new() }).collect();
        for (id, cell) in (0..).map(CellId).zip(&plan.cells) {
            cell.needs.iter().for_each(|need| groups[need.index()].waiting.push(id));
        }
        let missing = plan.cells.iter().map(|cell| u32::try_from(cell.needs.len()).unwrap_or(u32::MAX)).collect();
        Self { groups, member_of, missing }
    }

    /// Whether a cell has to wait.
    pub(super) fn is_waiting(&self, cell: CellId) -> bool {
        self.missing[cell.index()] > 0
    }

    /// Notes how a cell ended; the cells that need not wait any more.
    pub(super) fn end(&mut self, cell: CellId, verdict: Verdict) -> Vec<CellId> {
        let mut free = Vec::new();
        for need in &self.member_of[cell.index()] {
            let group = &mut self.groups[need.index()];
            group.running -= 1;
            if verdict != Verdict::Passed && group.unmet.is_none_or(|(first, _)| cell < first) {
                group.unmet = Some((cell, verdict));
            }
            if group.running == 0 {
                for waiting in std::mem::take(&mut group.waiting) {
                    self.missing[waiting.index()] -= 1;
                    if self.missing[waiting.index()] == 0 {
                        free.push(waiting);
                    }
                }
            }
        }
        free
    }

    /// The first cell of those that were needed that did not pass.
    pub(super) fn unmet(&self, needs: &[NeedId]) -> Option<(CellId, Verdict)> {
        needs.iter().find_map(|need| self.groups[need.index()].unmet)
    }
}

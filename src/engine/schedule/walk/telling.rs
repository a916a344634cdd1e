//! In which order facts are told.
//!
//! Turns that run side by side end in an order of chance. What is told of them is told in their own order all the same: of
//! the first one that has not ended at once, of those after it when their time has come. So reports do not depend on who
//! was quicker.

use crate::engine::schedule::orders::Output;
use crate::engine::schedule::walk::tree::{Kind, Node, NodeId};
use crate::engine::schedule::walk::{Context, Walk};
use crate::record::event::Fact;
use std::collections::{BTreeMap, BTreeSet};

/// What turns have to tell that is not told yet.
#[derive(Debug, Default)]
pub(super) struct Untold {
    /// The first turn that has not ended.
    first: usize,
    /// Turns after it that have.
    ended: BTreeSet<usize>,
    held: BTreeMap<usize, Vec<Fact>>,
}

impl Untold {
    /// Notes the end of a turn; what may be told now.
    fn end(&mut self, index: usize) -> Vec<Fact> {
        self.ended.insert(index);
        let mut told = Vec::new();
        while self.ended.remove(&self.first) {
            self.first += 1;
            told.extend(self.held.remove(&self.first).unwrap_or_default());
        }
        told
    }
}

impl Walk {
    /// Tells a fact that became known at a node, or keeps it until its turn.
    pub(super) fn tell(&mut self, at: Option<NodeId>, fact: Fact, cx: &mut Context<'_>) {
        let mut next = at;
        while let Some(Node { kind, parent, .. }) = next.and_then(|id| self.tree.get(id)) {
            let (turn, parent) = (if let Kind::Turn(index, _) = kind { Some(*index) } else { None }, *parent);
            if let Some(index) = turn
                && let Some(Node { kind: Kind::Turns(turns), .. }) = parent.and_then(|id| self.tree.get_mut(id))
                && turns.untold.first != index
            {
                turns.untold.held.entry(index).or_default().push(fact);
                return;
            }
            next = parent;
        }
        cx.out.push(Output::Record(fact));
    }

    /// Notes the end of a turn, and tells what waited for it.
    pub(super) fn turn_told(&mut self, turns: NodeId, index: usize, cx: &mut Context<'_>) {
        let Some(Node { kind: Kind::Turns(of), .. }) = self.tree.get_mut(turns) else { return };
        for fact in of.untold.end(index) {
            self.tell(Some(turns), fact, cx);
        }
    }

    /// Tells everything that waits, as the tree is about to be cleared.
    pub(super) fn tell_all(&mut self, cx: &mut Context<'_>) {
        let held = self.tree.nodes_mut().filter_map(|node| match &mut node.kind {
            Kind::Turns(turns) => Some(std::mem::take(&mut turns.untold.held)),
            Kind::Block(_) | Kind::Turn(..) | Kind::Attempts(_) | Kind::Pause(_) | Kind::Leaf => None,
        });
        cx.out.extend(held.flat_map(BTreeMap::into_values).flatten().map(Output::Record));
    }
}

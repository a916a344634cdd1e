//! What a walk waits for beside the crew, pauses and connections of a pool, and the limits that end a wait or a task.

use crate::base::deadline::{Deadline, Limit};
use crate::engine::plan::RouteId;
use crate::engine::schedule::walk::steps::NextTurn;
use crate::engine::schedule::walk::tree::{Here, Kind, Node, NodeId};
use crate::engine::schedule::walk::turns::Waiting;
use crate::engine::schedule::walk::{Context, Walk};
use crate::engine::task::Bad;
use crate::record::fault::{Fault, FaultKind};
use std::collections::BTreeSet;
use std::time::Duration;

impl Walk {
    /// The sooner of the limits of the enclosing retries and the cell. The job's ends tasks by the interrupt, so that one
    /// reason is told whichever clock is looked at first.
    pub(super) fn sooner_deadline(&self, at: NodeId) -> Option<Deadline> {
        self.tree.retries_end(at).into_iter().chain(self.deadline.clone()).reduce(Deadline::sooner)
    }

    /// Begins the pause of a `wait` step. The cell's own limit ends it by cancelling the cell.
    pub(super) fn pause(&mut self, parent: NodeId, here: Here, length: Duration, cx: &Context<'_>) {
        let until = cx.now + length;
        let end = self.tree.retries_end(parent).filter(|end| end.at() < until);
        let at = end.as_ref().map_or(until, Deadline::at);
        let pause = self.tree.add(Some(parent), here, Kind::Pause(end.map(|end| end.limit().clone())));
        self.tree.wake(pause, Some(at));
    }

    /// The end of a pause that a limit of retries cut off.
    pub(super) fn cut_pause(&self, pause: NodeId, limit: &Limit) -> Bad {
        let around = self.tree.get(pause).zip(self.tree.attempts_around(pause).next());
        let title = around.map(|(node, (_, wait))| wait.step.reference(&self.frames.scope(node.here.frame)).title());
        Bad::errored(FaultKind::Timeout, format!("{}: timed out after {limit}", title.unwrap_or_default()))
    }

    /// Lets the next turn wait for a connection of the pool that a sibling has.
    pub(super) fn wait_for_worker(&mut self, id: NodeId, routes: &BTreeSet<RouteId>, cx: &Context<'_>) {
        self.waiting.insert(id);
        let Some(Node { kind: Kind::Turns(turns), .. }) = self.tree.get_mut(id) else { return };
        if matches!(turns.waiting, Waiting::No) {
            let limits = routes.iter().filter_map(|route| cx.links.pool_timeout(*route));
            let sooner = limits.map(|limit| Deadline::new(cx.now, limit.clone())).reduce(Deadline::sooner);
            let wake = sooner.as_ref().map(Deadline::at);
            turns.waiting = sooner.map_or(Waiting::Patiently, Waiting::Until);
            self.tree.wake(id, wake);
        }
    }

    /// Ends the wait of a turn that got no connection in time: it becomes a task that says so, like any that has no answer.
    pub(super) fn give_up_turn(&mut self, id: NodeId, cx: &mut Context<'_>) {
        let Some(Node { kind: Kind::Turns(turns), here, .. }) = self.tree.get_mut(id) else { return };
        let Waiting::Until(deadline) = &turns.waiting else { return };
        let mut fault = Fault::new(FaultKind::PoolTimeout, format!("no connection of the pool came free within {}", deadline.limit()));
        fault.limit = Some(deadline.limit().clone());
        let next = turns.startable().map(|index| (index, turns.unit(index)));
        let here = *here;
        self.tree.wake(id, None);
        if let Some((index, unit)) = next {
            self.begin_turn(id, NextTurn { index, unit, own: None, here, given_up: Some(Box::new(fault)) }, cx);
        }
        self.advance_turns(id, cx);
    }
}

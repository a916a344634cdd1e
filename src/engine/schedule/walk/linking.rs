//! Steps that open and close connections.
//!
//! Such a step takes every worker of its connections at once. They are there: the cell has its device for itself, and the
//! plan lets no branch at its side use them. What became of them is known when the task comes home.

use crate::engine::plan::{Action, Reach, RouteId, Step};
use crate::engine::schedule::links::{Links, State};
use crate::engine::schedule::walk::strands::StrandId;
use crate::engine::schedule::walk::{Context, Walk};
use crate::engine::task::WorkerId;
use crate::record::fault::{Fault, FaultKind};
use std::sync::Arc;

/// What a task under way does to connections.
#[derive(Debug)]
pub(super) struct Change {
    step: Arc<Step>,
    routes: Vec<RouteId>,
}

/// What a task has of connections, or why it has not.
#[derive(Debug, Default)]
pub(super) struct Share {
    pub(super) lease: Option<(RouteId, WorkerId)>,
    pub(super) whole: Vec<(RouteId, WorkerId)>,
    pub(super) apart: Option<Box<Fault>>,
    pub(super) change: Option<Change>,
}

impl Walk {
    /// Takes what a step needs on one of its devices.
    pub(super) fn share(&mut self, step: &Arc<Step>, member: Option<usize>, strand: StrandId, cx: &mut Context<'_>) -> Share {
        let routes = match step.reach(member) {
            None => return Share::default(),
            Some(Reach::One(slot)) => vec![self.run.routes[slot.index()]],
            Some(Reach::All(whole)) => self.run.wholes[whole.index()].clone(),
        };
        let taken = if step.action.changes_connections() {
            self.take_whole(&routes, cx.links).map(|whole| {
                let change = Some(Change { step: Arc::clone(step), routes });
                Share { whole, change, ..Share::default() }
            })
        } else {
            self.take_one(&routes, strand, cx.links).map(|lease| Share { lease, ..Share::default() })
        };
        taken.unwrap_or_else(|fault| Share { apart: Some(Box::new(fault)), ..Share::default() })
    }

    /// The connection that a strand holds, or the next idle one.
    fn take_one(&mut self, routes: &[RouteId], strand: StrandId, links: &mut Links) -> Result<Option<(RouteId, WorkerId)>, Fault> {
        let Some(route) = routes.first().copied() else { return Ok(None) };
        if !links.is_open(route) {
            return Err(links.apart(route));
        }
        let worker = self.strands.worker(strand, route).or_else(|| self.strands.acquire(strand, route, links));
        worker.map(|worker| Some((route, worker))).ok_or_else(|| links.apart(route))
    }

    /// Every worker of each route, or none.
    fn take_whole(&mut self, routes: &[RouteId], links: &mut Links) -> Result<Vec<(RouteId, WorkerId)>, Fault> {
        let mut whole = Vec::new();
        for route in routes {
            let free = match links.state(*route) {
                State::Open => links.take_idle(*route) + self.strands.held(*route).len() == links.workers(*route) as usize,
                State::Closed | State::Down | State::Apart(_) => true,
                State::Opening { .. } => false,
            };
            if !free {
                let fault = links.apart(*route);
                for route in routes {
                    links.leave(*route, &self.strands.held(*route));
                }
                return Err(Fault { kind: FaultKind::Internal, ..fault });
            }
            whole.extend((0..links.workers(*route)).map(|worker| (*route, WorkerId(worker))));
        }
        Ok(whole)
    }

    /// Notes what became of the connections of a task.
    pub(super) fn changed(&mut self, change: &Change, opened: bool, links: &mut Links) {
        let place = &change.step.place;
        for route in &change.routes {
            match &change.step.action {
                Action::Connect { .. } if opened => links.join(*route, &self.strands.held(*route)),
                Action::Connect { .. } => {
                    self.strands.forget(*route);
                    links.part(*route, &format!("is not connected: `connect` at {place} failed"));
                }
                Action::Disconnect(_) => {
                    self.strands.forget(*route);
                    links.part(*route, &format!("is disconnected: `disconnect` at {place}"));
                }
                // Of a destroyed connection nothing is left that could keep the next one from being opened.
                _ => {
                    self.strands.forget(*route);
                    links.join(*route, &self.strands.held(*route));
                }
            }
        }
    }

    /// Gives back the connections of a task that no worker ever had.
    pub(super) fn unchanged(&mut self, change: &Change, links: &mut Links) {
        for route in &change.routes {
            links.leave(*route, &self.strands.held(*route));
        }
    }

    /// Lets other cells open again what this one closed.
    pub(super) fn rejoin(&self, links: &mut Links) {
        for route in self.run.routes.iter().chain(self.run.wholes.iter().flatten()) {
            links.rejoin(*route);
        }
    }
}

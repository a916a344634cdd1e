//! Opens the connections that cells need, for the first time or again after a device was down.

use crate::engine::plan::{RouteId, Work};
use crate::engine::schedule::Schedule;
use crate::engine::schedule::links::{Settled, State};
use crate::engine::schedule::machine::Progress;
use crate::engine::schedule::machine::by_step::awaited;
use crate::engine::schedule::machine::stop::Ends;
use crate::engine::schedule::orders::Output;
use crate::engine::task::WorkerId;
use crate::record::event::{CellId, Fact};
use crate::record::fault::{Fault, FaultKind};
use crate::record::verdict::{Outcome, ReasonKind, Verdict};
use std::time::Instant;

/// A route that could not be opened.
#[derive(Debug)]
pub(super) struct Downtime {
    /// When that was found out.
    since: Instant,
    /// When it may be tried again; `None` where that cannot help, such as after a refused login.
    again: Option<Instant>,
    /// When the last opening began.
    began: Instant,
    /// How often it was tried.
    tries: u32,
}

impl Schedule {
    /// Whether a route that is down may be tried again for a cell. A cell tries once.
    pub(super) fn may_reopen(&self, route: RouteId, cell: CellId, now: Instant) -> bool {
        let is_due = self.down.get(&route).and_then(|down| down.again).is_some_and(|again| again <= now);
        is_due && self.ends() <= Some(Ends::Nothing) && !self.retried.contains(&(cell, route))
    }

    /// Whether a cell must wait before it knows what becomes of a route.
    pub(super) fn waits_for(&self, route: RouteId, cell: CellId, now: Instant) -> bool {
        match self.links.state(route) {
            // A step that closed it, or could not open it, says why it cannot be used.
            State::Open | State::Apart(_) => false,
            State::Down => self.may_reopen(route, cell, now),
            State::Closed | State::Opening { .. } => true,
        }
    }

    /// Lets a cell wait for a route, and opens the route when nobody does yet.
    pub(super) fn wait_for(&mut self, route: RouteId, cell: CellId, now: Instant) {
        self.waiting_for.entry(route).or_default().push(cell);
        match self.links.state(route) {
            State::Open | State::Opening { .. } | State::Apart(_) => {}
            State::Closed => {
                let connect = self.plan.routes[route.index()].cell;
                match self.cells[connect.index()] {
                    Progress::Waiting => {
                        self.out.push(Output::Record(Fact::CellStarted { cell: connect }));
                        self.cells[connect.index()] = Progress::Connecting(now);
                    }
                    // One that was taken back before it began has been told of.
                    Progress::Connecting(_) => self.cells[connect.index()] = Progress::Connecting(now),
                    Progress::Walking(_) | Progress::Ended => {}
                }
                self.links.open(route);
            }
            State::Down => {
                self.retried.insert((cell, route));
                if let Some(down) = self.down.get_mut(&route) {
                    down.began = now;
                }
                self.links.open(route);
            }
        }
    }

    /// Notes what became of a route, and calls the cells that waited for it.
    pub(super) fn route_settled(&mut self, route: RouteId, settled: Settled, now: Instant) {
        let connect = self.plan.routes[route.index()].cell;
        let started = match (&self.cells[connect.index()], self.down.get(&route)) {
            (Progress::Connecting(since), _) => *since,
            (_, Some(down)) => down.began,
            (Progress::Waiting | Progress::Walking(_) | Progress::Ended, None) => now,
        };
        match settled {
            // Where nothing is asked, a connection that was opened has served its purpose.
            Settled::Open if self.lanes.only_connections() => {
                let workers = self.links.workers(route);
                self.out.extend((0..workers).map(|worker| Output::Close { route, worker: WorkerId(worker) }));
                self.end_connection(connect, Outcome::passed(), started, now);
            }
            Settled::Open => match self.down.remove(&route) {
                Some(down) => {
                    let after = now.saturating_duration_since(down.since);
                    self.out.push(Output::Record(Fact::Reopened { cell: connect, after }));
                }
                None => self.note_end(connect, Outcome::passed(), started, now),
            },
            Settled::Down(fault, opened) => {
                for worker in opened {
                    self.out.push(Output::Close { route, worker });
                }
                self.route_is_down(route, *fault, started, now);
            }
        }
        let mut waiting = self.waiting_for.remove(&route).unwrap_or_default();
        waiting.retain(|cell| self.may_go_on(*cell));
        self.turn.extend(waiting);
    }

    /// Takes back every opening that has not begun, for cells that will not begin; whether there were such.
    pub(super) fn take_back_openings(&mut self) -> bool {
        let routes = self.links.take_back_waiting();
        for route in &routes {
            self.turn.extend(self.waiting_for.remove(route).unwrap_or_default());
        }
        !routes.is_empty()
    }

    fn route_is_down(&mut self, route: RouteId, fault: Fault, started: Instant, now: Instant) {
        let connect = self.plan.routes[route.index()].cell;
        let given_up = fault.kind == FaultKind::Interrupted;
        let before = self.down.get(&route).map(|down| (down.since, down.tries));
        if given_up && before.is_some() {
            // Nobody tries again once the run is being ended, and what was said of it stays true.
            return;
        }
        let tries = before.map_or(1, |(_, tries)| tries + 1);
        let again = fault.kind.retry_can_help().then(|| now.checked_add(self.plan.reopen_after)).flatten();
        self.down.insert(route, Downtime { since: before.map_or(now, |(since, _)| since), again, began: started, tries });
        let kind = if given_up { ReasonKind::Interrupted } else { ReasonKind::Fault(fault.kind) };
        let outcome = Outcome::with(Verdict::Errored, kind, fault.to_string());
        let took = now.saturating_duration_since(started);
        let mut attempt = self.plan.connect_attempt(route, fault, took);
        attempt.number = tries;
        self.out.push(Output::Record(Fact::Attempted(Box::new(attempt))));
        if before.is_none() {
            self.end_connection(connect, outcome, started, now);
        }
    }

    /// Ends the cell of a connection, which has a turn of its own only where nothing else is run.
    fn end_connection(&mut self, connect: CellId, outcome: Outcome, started: Instant, now: Instant) {
        if self.lanes.only_connections() {
            self.end_cell(connect, outcome, started, now);
        } else {
            self.note_end(connect, outcome, started, now);
        }
    }

    /// Whether none of the routes that a waiting cell needs is still being opened.
    fn may_go_on(&self, cell: CellId) -> bool {
        match &self.plan.cells[cell.index()].work {
            Work::Run(run) => awaited(run).all(|route| matches!(self.links.state(route), State::Open | State::Down)),
            Work::Connect(_) => false,
        }
    }
}

//! Account of every connection of the run: which are open, which are idle, and how many may be opened at once.

use crate::base::deadline::Limit;
use crate::engine::plan::{PlannedRoute, RouteId};
use crate::engine::task::WorkerId;
use crate::record::fault::{Fault, FaultKind};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// How many logins may be under way at one server. OpenSSH begins to refuse at random from ten.
const OPENINGS_PER_SERVER: usize = 8;

/// How many logins may be under way in the whole run.
const OPENINGS: usize = 64;

/// The connections of the run.
#[derive(Debug)]
pub(super) struct Links {
    routes: Vec<RouteState>,
    /// The server of each route, as a number.
    servers: Vec<usize>,
    opening_at: Vec<usize>,
    opening: usize,
    waiting: VecDeque<(RouteId, WorkerId)>,
}

/// The state of one route.
#[derive(Debug)]
struct RouteState {
    workers: u32,
    pool_timeout: Option<Limit>,
    state: State,
    idle: VecDeque<WorkerId>,
    /// Whether it was asked for before a cell began, so that its own cell has told how that went.
    told: bool,
    /// Whether a step opened or closed it.
    by_step: bool,
    /// What it is called in messages: "`vty_1` of `r1`".
    name: String,
}

/// Whether a route can be used.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// Nobody needed it yet.
    Closed,
    /// Its workers are being opened.
    Opening {
        /// Those whose result is not known.
        pending: u32,
        /// Those that are open.
        opened: Vec<WorkerId>,
        /// The first fault.
        fault: Option<Box<Fault>>,
    },
    /// It can be used.
    Open,
    /// It could not be opened.
    Down,
    /// A step of the cell that has its device closed it, or could not open it: why, for messages.
    Apart(Arc<str>),
}

/// What became of a route when the last of its workers reported.
#[derive(Debug, PartialEq)]
pub(super) enum Settled {
    /// All workers are open.
    Open,
    /// One could not be opened; these others must be closed again.
    Down(Box<Fault>, Vec<WorkerId>),
}

impl Links {
    pub(super) fn new(routes: &[PlannedRoute]) -> Self {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let servers: Vec<usize> = routes
            .iter()
            .map(|route| {
                let next = numbers.len();
                *numbers.entry(route.server.as_str()).or_insert(next)
            })
            .collect();
        let state = |route: &PlannedRoute| RouteState {
            workers: route.workers.max(1),
            pool_timeout: route.route.pool_timeout.clone(),
            state: State::Closed,
            idle: VecDeque::new(),
            told: false,
            by_step: false,
            name: format!("`{}` of `{}`", route.route.alias, route.route.device),
        };
        Self {
            routes: routes.iter().map(state).collect(),
            opening_at: vec![0; numbers.len()],
            servers,
            opening: 0,
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn state(&self, route: RouteId) -> &State {
        &self.routes[route.index()].state
    }

    /// Whether the route can be used.
    pub(super) fn is_open(&self, route: RouteId) -> bool {
        *self.state(route) == State::Open
    }

    /// How many connections the route has.
    pub(super) fn workers(&self, route: RouteId) -> u32 {
        self.routes[route.index()].workers
    }

    /// How long a caller may wait for an idle connection; `None` means no limit of its own.
    pub(super) fn pool_timeout(&self, route: RouteId) -> Option<&Limit> {
        self.routes[route.index()].pool_timeout.as_ref()
    }

    /// Asks for a route to be opened.
    pub(super) fn open(&mut self, route: RouteId) {
        let state = &mut self.routes[route.index()];
        state.told = true;
        state.state = State::Opening { pending: state.workers, opened: Vec::new(), fault: None };
        self.waiting.extend((0..state.workers).map(|worker| (route, WorkerId(worker))));
    }

    /// The next worker that may be opened now.
    pub(super) fn next_opening(&mut self) -> Option<(RouteId, WorkerId)> {
        if self.opening >= OPENINGS {
            return None;
        }
        let admitted = |(route, _): &(RouteId, WorkerId)| self.opening_at[self.servers[route.index()]] < OPENINGS_PER_SERVER;
        let position = self.waiting.iter().position(admitted)?;
        let (route, worker) = self.waiting.remove(position)?;
        self.opening += 1;
        self.opening_at[self.servers[route.index()]] += 1;
        Some((route, worker))
    }

    /// Takes the routes back whose opening has not begun, as the run is being interrupted.
    pub(super) fn give_up_waiting(&mut self, fault: &Fault) -> Vec<(RouteId, Settled)> {
        let waiting: Vec<(RouteId, WorkerId)> = self.waiting.drain(..).collect();
        waiting
            .into_iter()
            .filter_map(|(route, worker)| self.settle(route, worker, Err(fault.clone())).map(|settled| (route, settled)))
            .collect()
    }

    /// Takes back the routes of which no connection is being opened yet. They are as if nobody had needed them.
    pub(super) fn take_back_waiting(&mut self) -> Vec<RouteId> {
        let mut counts: BTreeMap<RouteId, u32> = BTreeMap::new();
        for (route, _) in &self.waiting {
            *counts.entry(*route).or_default() += 1;
        }
        counts.retain(|route, waiting| *waiting == self.workers(*route));
        self.waiting.retain(|(route, _)| !counts.contains_key(route));
        let routes: Vec<RouteId> = counts.into_keys().collect();
        for route in &routes {
            let state = &mut self.routes[route.index()];
            (state.state, state.told) = (State::Closed, false);
        }
        routes
    }

    /// Whether a step may open the route now, within the limits of openings; then it counts until [`Links::step_opened`].
    pub(super) fn begin_step_opening(&mut self, route: RouteId) -> bool {
        let server = self.servers[route.index()];
        let admitted = self.opening < OPENINGS && self.opening_at[server] < OPENINGS_PER_SERVER;
        if admitted {
            self.opening += 1;
            self.opening_at[server] += 1;
        }
        admitted
    }

    /// Ends what [`Links::begin_step_opening`] began.
    pub(super) fn step_opened(&mut self, route: RouteId) {
        self.opening -= 1;
        self.opening_at[self.servers[route.index()]] -= 1;
    }

    /// Notes what became of an opening; `Some` when it was the route's last.
    pub(super) fn opened(&mut self, route: RouteId, worker: WorkerId, result: Result<(), Fault>) -> Option<Settled> {
        self.opening -= 1;
        self.opening_at[self.servers[route.index()]] -= 1;
        self.settle(route, worker, result)
    }

    fn settle(&mut self, route: RouteId, worker: WorkerId, result: Result<(), Fault>) -> Option<Settled> {
        let entry = &mut self.routes[route.index()];
        let State::Opening { pending, opened, fault } = &mut entry.state else { return None };
        *pending -= 1;
        match result {
            Ok(()) => opened.push(worker),
            Err(new) => {
                fault.get_or_insert_with(|| Box::new(new));
            }
        }
        if *pending > 0 {
            return None;
        }
        let opened = std::mem::take(opened);
        if let Some(fault) = fault.take() {
            entry.state = State::Down;
            return Some(Settled::Down(fault, opened));
        }
        entry.state = State::Open;
        entry.idle = (0..entry.workers).map(WorkerId).collect();
        Some(Settled::Open)
    }

    /// Whether a connection of the route is idle.
    pub(super) fn has_idle(&self, route: RouteId) -> bool {
        !self.routes[route.index()].idle.is_empty()
    }

    /// Takes the connection that has been idle longest.
    pub(super) fn take(&mut self, route: RouteId) -> Option<WorkerId> {
        self.routes[route.index()].idle.pop_front()
    }

    /// Gives a connection back.
    pub(super) fn give_back(&mut self, route: RouteId, worker: WorkerId) {
        self.routes[route.index()].idle.push_back(worker);
    }

    /// Takes all connections that are idle.
    pub(super) fn take_idle(&mut self, route: RouteId) -> usize {
        std::mem::take(&mut self.routes[route.index()].idle).len()
    }

    /// Makes a route usable, and every connection idle that nobody holds. Those that are not open are opened by whoever uses
    /// them first.
    pub(super) fn join(&mut self, route: RouteId, held: &BTreeSet<WorkerId>) {
        let state = &mut self.routes[route.index()];
        state.by_step = true;
        state.state = State::Open;
        state.idle = (0..state.workers).map(WorkerId).filter(|worker| !held.contains(worker)).collect();
    }

    /// Gives back what [`Links::take_idle`] took from a route that a step then left as it was.
    pub(super) fn leave(&mut self, route: RouteId, held: &BTreeSet<WorkerId>) {
        if self.is_open(route) {
            self.join(route, held);
        }
    }

    /// Keeps a route from being used until a step connects it or the cell ends. One that is down stays so.
    pub(super) fn part(&mut self, route: RouteId, why: &str) {
        let state = &mut self.routes[route.index()];
        state.by_step = true;
        state.idle.clear();
        if state.state != State::Down {
            state.state = State::Apart(why.into());
        }
    }

    /// Ends what steps of a cell did to a route: from now on it is opened by whoever uses it first.
    pub(super) fn rejoin(&mut self, route: RouteId) {
        let state = &self.routes[route.index()];
        match (&state.state, state.told) {
            (State::Apart(_), true) => self.join(route, &BTreeSet::new()),
            (State::Apart(_), false) => self.routes[route.index()].state = State::Closed,
            (State::Closed | State::Opening { .. } | State::Open | State::Down, _) => {}
        }
    }

    /// Whether steps opened or closed the route.
    pub(super) fn by_step(&self, route: RouteId) -> bool {
        self.routes[route.index()].by_step
    }

    /// Why the route cannot be used now.
    pub(super) fn apart(&self, route: RouteId) -> Fault {
        let entry = &self.routes[route.index()];
        let name = &entry.name;
        let message = match &entry.state {
            State::Apart(why) => format!("{name} {why}"),
            State::Down => format!("{name} could not be opened"),
            State::Closed | State::Opening { .. } => format!("{name} is not connected: the test leaves that to a step"),
            State::Open => format!("{name} is in use by a branch at its side"),
        };
        Fault::new(FaultKind::NotConnected, message)
    }

    /// Whether every connection of every open route is idle: no lease is lost.
    #[cfg(test)]
    pub(super) fn all_idle(&self) -> bool {
        self.routes.iter().all(|route| route.state != State::Open || route.idle.len() == route.workers as usize)
    }
}

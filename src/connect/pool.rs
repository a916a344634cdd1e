//! The workers of one connection: one, or `pool_size` of them, lent first come, first served.
//!
//! A worker is a plain value that has one owner at a time. No lock is held while anything is opened, called or closed, and
//! nobody polls: whoever gives a worker back hands it to the caller who has waited longest.

mod faults;
mod lease;
mod opening;
mod waiter;
mod worker;

pub use crate::connect::pool::lease::Lease;
pub use crate::connect::pool::worker::Worker;

use crate::connect::class::{Limits, OptionValue};
use crate::connect::interrupt::Woken;
use crate::connect::pool::faults::{ended, incapable, interrupted, none_free, unwaitable, wait_deadline};
use crate::connect::pool::opening::Opening;
use crate::connect::pool::waiter::{Given, Waiter};
use crate::connect::pool::worker::close_all;
use crate::connect::route::Route;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind, Phase};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What state a connection is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Made, and never connected.
    Instantiated,
    /// Its workers are being opened.
    Connecting,
    /// Ready for calls.
    Connected,
    /// Disconnected on purpose; connecting makes it ready again.
    Disconnected,
    /// Gone for good.
    Destroyed,
}

/// The workers of one connection: one, or `pool_size` of them. Clones are handles on the same workers, and threads may share
/// them.
///
/// ```
/// use runner::{Lab, Request};
/// use std::time::Duration;
///
/// let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
/// let here = lab.device("here")?;
/// let pool = here.connect(&Request::default().alias("pool").pool_size(2))?;
///
/// // Used like any other connection: each call goes to the first worker that is free.
/// std::thread::scope(|scope| {
///     for number in 0..4 {
///         let pool = &pool;
///         scope.spawn(move || assert_eq!(pool.execute(format!("echo {number}")).unwrap().text(), number.to_string()));
///     }
/// });
///
/// // Or a worker is used alone, for as long as its lease lives; others wait for it no longer than `pool_timeout`.
/// let request = Request::default().alias("one").pool_size(1).pool_timeout(Duration::from_millis(50));
/// let one = here.connect(&request)?;
/// let lease = one.allocate()?;
/// let fault = one.execute("true").unwrap_err();
/// assert_eq!(fault.message, "no worker of pool `one` came free within 50ms (`pool_timeout`)");
/// drop(lease);
/// assert!(one.execute("true").is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What one worker does to the device, all of them see: a reload ends the others too.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("Pool").field("subject", &state.route.subject()).field("standing", &state.standing).finish_non_exhaustive()
    }
}

struct Shared {
    state: Mutex<State>,
}

struct State {
    route: Arc<Route>,
    standing: Standing,
    /// Rises whenever workers that are lent become worthless.
    generation: u64,
    idle: VecDeque<Worker>,
    /// Workers of this generation that are lent.
    lent: usize,
    /// Who waits for a worker, the longest first. Empty while there are idle ones.
    waiting: VecDeque<Arc<Waiter>>,
    /// Who waits for the end of somebody else's connecting.
    watching: Vec<Arc<Waiter>>,
}

impl State {
    fn wake_all(&mut self) {
        for waiter in self.waiting.drain(..).chain(self.watching.drain(..)) {
            waiter.give(Given::News);
        }
    }

    /// Gives a worker to the first who waits, or lays it beside the idle ones.
    fn hand_on(&mut self, worker: Worker) {
        match self.waiting.pop_front() {
            Some(waiter) => {
                self.lent += 1;
                waiter.give(Given::Worker(worker));
            }
            None => self.idle.push_back(worker),
        }
    }

    fn not_connected(&self) -> Fault {
        let alias = &self.route.alias;
        let why = match self.standing {
            Standing::Instantiated | Standing::Connecting | Standing::Connected => "is not connected",
            Standing::Disconnected => "was disconnected",
            Standing::Destroyed => "was destroyed",
        };
        Fault::new(FaultKind::NotConnected, format!("connection `{alias}` {why}")).on(&self.route.subject())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements: only a class that panics in `is_alive` can poison the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_current(&self, generation: u64) -> bool {
        let state = self.lock();
        state.generation == generation && state.standing == Standing::Connected
    }

    fn put_back(&self, mut worker: Worker, generation: u64) {
        let mut state = self.lock();
        if state.generation == generation && state.standing == Standing::Connected {
            state.lent = state.lent.saturating_sub(1);
            state.hand_on(worker);
            return;
        }
        drop(state);
        // It was disconnected meanwhile, and closing was left to its borrower.
        let _ = worker.close();
    }
}

impl Pool {
    /// Makes the object and opens nothing.
    #[must_use]
    pub fn new(route: Route) -> Self {
        let state = State {
            route: Arc::new(route),
            standing: Standing::Instantiated,
            generation: 0,
            idle: VecDeque::new(),
            lent: 0,
            waiting: VecDeque::new(),
            watching: Vec::new(),
        };
        Self(Arc::new(Shared { state: Mutex::new(state) }))
    }

    /// How it is opened.
    #[must_use]
    pub fn route(&self) -> Arc<Route> {
        Arc::clone(&self.0.lock().route)
    }

    /// Sets an option for the next time it is connected.
    ///
    /// # Errors
    /// `Invalid` when its class does not take the option so, or when it is connected: there it would change nothing.
    pub fn set_option(&self, name: &str, value: &OptionValue) -> Result<(), Fault> {
        let mut state = self.0.lock();
        let subject = state.route.subject();
        if !matches!(state.standing, Standing::Instantiated | Standing::Disconnected) {
            let message = format!("`{name}` cannot be set while connection `{}` is connected", state.route.alias);
            return Err(Fault::new(FaultKind::Invalid, message).in_phase(Phase::State).on(&subject));
        }
        let set = Arc::make_mut(&mut state.route).set_option(name, value);
        set.map_err(|error| Fault::new(FaultKind::Invalid, error.to_string()).on(&subject))
    }

    /// What state it is in. A connection that the peer has ended is still `Connected`: it is replaced when it is used next.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.0.lock().standing
    }

    /// Whether it is connected and a worker is in use or alive. Does not block.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        let mut state = self.0.lock();
        state.standing == Standing::Connected && (state.lent > 0 || state.idle.iter_mut().any(Worker::is_alive))
    }

    /// Opens every worker, or none: when one cannot be opened, those before it are closed again. Does nothing when it is
    /// connected already, and waits while another caller connects it. Blocks.
    ///
    /// # Errors
    /// The fault of the first worker that could not be opened, with its subject.
    pub fn connect(&self, limits: &Limits<'_>) -> Result<(), Fault> {
        self.connect_first(limits).map(drop)
    }

    /// As [`Pool::connect`]; whether it was this caller who connected it.
    pub(super) fn connect_first(&self, limits: &Limits<'_>) -> Result<bool, Fault> {
        let Some(mut opening) = self.begin(limits)? else { return Ok(false) };
        let size = opening.route.workers();
        for number in 1..=size {
            let mut worker = Worker::new(Arc::clone(&opening.route));
            worker.ensure_open(limits).map_err(|mut fault| {
                if size > 1 {
                    fault.message = format!("worker {number} of {size}: {}", fault.message);
                }
                fault
            })?;
            opening.workers.push(worker);
        }
        opening.finish().map(|()| true)
    }

    /// Whether both are handles on the same workers.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Becomes the one who connects it; `None` when it is connected.
    fn begin(&self, limits: &Limits<'_>) -> Result<Option<Opening<'_>>, Fault> {
        loop {
            let mut state = self.0.lock();
            match state.standing {
                Standing::Connected => return Ok(None),
                Standing::Destroyed => return Err(state.not_connected()),
                Standing::Instantiated | Standing::Disconnected => {
                    let before = std::mem::replace(&mut state.standing, Standing::Connecting);
                    state.generation += 1;
                    state.lent = 0;
                    let (route, generation) = (Arc::clone(&state.route), state.generation);
                    return Ok(Some(Opening { shared: &self.0, route, generation, before, workers: Vec::new() }));
                }
                Standing::Connecting => {
                    let subject = state.route.subject();
                    let waiter = Arc::new(Waiter::new().map_err(|error| unwaitable(&error).on(&subject))?);
                    state.watching.push(Arc::clone(&waiter));
                    drop(state);
                    let woken = waiter.wait(limits.interrupt, limits.deadline.at());
                    self.0.lock().watching.retain(|other| !Arc::ptr_eq(other, &waiter));
                    ended("waiting for another caller to connect", woken, limits).map_err(|fault| fault.on(&subject))?;
                }
            }
        }
    }

    /// Borrows a worker that is idle now; `None` when there is none. Does not block, and does not look whether the worker is
    /// alive: the borrower calls [`Lease::ensure_open`].
    ///
    /// # Errors
    /// `NotConnected`.
    pub fn try_allocate(&self) -> Result<Option<Lease>, Fault> {
        let mut state = self.0.lock();
        match state.standing {
            Standing::Connecting => Ok(None),
            Standing::Connected => Ok(self.lend_idle(&mut state)),
            Standing::Instantiated | Standing::Disconnected | Standing::Destroyed => Err(state.not_connected()),
        }
    }

    /// Borrows a worker and makes sure that it is open. Waits for one in the order in which callers came, until the deadline
    /// or the `pool_timeout`, whichever comes first. Blocks.
    ///
    /// # Errors
    /// `PoolTimeout` with the limit that ended the wait, `Interrupted`, `NotConnected`, and what opening a worker again brings.
    pub fn allocate(&self, limits: &Limits<'_>) -> Result<Lease, Fault> {
        let mut lease = self.wait_for_lease(limits)?;
        lease.ensure_open(limits)?;
        Ok(lease)
    }

    /// Calls a service of the first worker that is free. Blocks for the worker, as [`Pool::allocate`], and for the answer.
    ///
    /// # Errors
    /// `Capability` where its class has no such service, what [`Pool::allocate`] brings, and the call's own fault.
    pub fn call(&self, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault> {
        let route = self.route();
        if route.service(&call.service).is_none() {
            return Err(incapable(&route, &call.service));
        }
        self.allocate(limits)?.call(call, limits)
    }

    /// Gives a worker back; dropping the lease does the same.
    pub fn give_back(lease: Lease) {
        drop(lease);
    }

    fn lend_idle(&self, state: &mut State) -> Option<Lease> {
        let worker = state.idle.pop_front()?;
        state.lent += 1;
        Some(Lease::new(worker, Arc::clone(&self.0), state.generation))
    }

    fn wait_for_lease(&self, limits: &Limits<'_>) -> Result<Lease, Fault> {
        let mut state = self.0.lock();
        let route = Arc::clone(&state.route);
        match state.standing {
            Standing::Instantiated | Standing::Disconnected | Standing::Destroyed => return Err(state.not_connected()),
            Standing::Connecting | Standing::Connected => {}
        }
        if let Some(lease) = self.lend_idle(&mut state) {
            return Ok(lease);
        }
        let waiter = Arc::new(Waiter::new().map_err(|error| unwaitable(&error).on(&route.subject()))?);
        state.waiting.push_back(Arc::clone(&waiter));
        let generation = state.generation;
        drop(state);
        let deadline = wait_deadline(&route, limits.deadline);
        let woken = waiter.wait(limits.interrupt, deadline.at());
        let mut state = self.0.lock();
        state.waiting.retain(|other| !Arc::ptr_eq(other, &waiter));
        match waiter.taken() {
            Some(Given::Worker(worker)) => {
                drop(state);
                let lease = Lease::new(worker, Arc::clone(&self.0), generation);
                // What came in the last moment is used, unless nothing is to be started any more: then the lease goes back.
                if limits.interrupt.is_raised() { Err(interrupted().on(&route.subject())) } else { Ok(lease) }
            }
            Some(Given::News) => Err(state.not_connected()),
            None => match woken {
                Ok(Woken::Interrupted) => Err(interrupted().on(&route.subject())),
                Ok(Woken::Late | Woken::Ready) => Err(none_free(&route, &deadline)),
                Err(error) => Err(unwaitable(&error).on(&route.subject())),
            },
        }
    }

    /// Closes every idle worker and ends every wait. A worker that is lent is closed when its borrower gives it back. Does
    /// nothing to what was never connected.
    ///
    /// # Errors
    /// A class panicked while it closed a connection; the others are closed nevertheless.
    pub fn disconnect(&self) -> Result<(), Fault> {
        self.leave(Standing::Disconnected)
    }

    /// As [`Pool::disconnect`], and it can never be connected again.
    ///
    /// # Errors
    /// As [`Pool::disconnect`].
    pub fn destroy(&self) -> Result<(), Fault> {
        self.leave(Standing::Destroyed)
    }

    fn leave(&self, standing: Standing) -> Result<(), Fault> {
        let mut state = self.0.lock();
        match (state.standing, standing) {
            (Standing::Destroyed, _) | (Standing::Instantiated, Standing::Disconnected) => return Ok(()),
            _ => state.standing = standing,
        }
        state.generation += 1;
        state.lent = 0;
        let workers = std::mem::take(&mut state.idle);
        state.wake_all();
        drop(state);
        close_all(workers)
    }
}

#[cfg(test)]
mod tests;

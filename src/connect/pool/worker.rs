//! One connection of a pool, open or not: how it is opened, asked and closed.

use crate::base::deadline::{Deadline, Limit};
use crate::base::duration;
use crate::connect::class::{Connection, Limits};
use crate::connect::route::{Route, Way};
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind, Phase, Subject};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection and the route that opens it again. It belongs to one owner at a time, who may move it to another thread.
pub struct Worker {
    route: Arc<Route>,
    open: Option<Open>,
}

/// A connection and the subject of the way it was opened by.
struct Open {
    subject: Subject,
    connection: Box<dyn Connection>,
}

impl Worker {
    /// Makes a worker that is not open.
    #[must_use]
    pub fn new(route: Arc<Route>) -> Self {
        Self { route, open: None }
    }

    /// Leaves an unopened worker in its place.
    pub(super) fn take(&mut self) -> Self {
        Self { route: Arc::clone(&self.route), open: self.open.take() }
    }

    /// How it is opened.
    #[must_use]
    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// The way that it was opened by; the first one while it is not open.
    #[must_use]
    pub fn subject(&self) -> Subject {
        self.open.as_ref().map_or_else(|| self.route.subject(), |open| open.subject.clone())
    }

    /// Whether it is open and the next call has a chance. Does not block.
    pub fn is_alive(&mut self) -> bool {
        self.open.as_mut().is_some_and(|open| open.connection.is_alive())
    }

    /// Opens it unless it is open and alive: by the first way that works. Blocks up to `limits` and the limits of the ways.
    ///
    /// # Errors
    /// The first way's fault, which tells those of the others.
    pub fn ensure_open(&mut self, limits: &Limits<'_>) -> Result<(), Fault> {
        if self.is_alive() {
            return Ok(());
        }
        if self.open.is_some() {
            limits.tap.note("it is opened again");
        }
        // What a dead connection says when it is closed helps nobody.
        let _ = self.close();
        let route = Arc::clone(&self.route);
        let mut refused: Option<Fault> = None;
        for (index, way) in route.ways.iter().enumerate() {
            match open(way, route.ways.len() - index, limits) {
                Ok(connection) => {
                    limits.tap.note("open");
                    self.open = Some(Open { subject: way.endpoint.subject.clone(), connection });
                    return Ok(());
                }
                Err(fault) => {
                    limits.tap.note_with(|| format!("not open: {}", fault.message));
                    if fault.kind == FaultKind::Interrupted {
                        return Err(fault);
                    }
                    refused = Some(join(refused, fault));
                }
            }
        }
        Err(refused.unwrap_or_else(|| Fault::new(FaultKind::Internal, "a route without a way").on(&route.subject())))
    }

    /// Calls a service of an open connection. Blocks up to `limits`.
    ///
    /// # Errors
    /// It is not open, or there is no whole answer.
    pub fn call(&mut self, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault> {
        let Some(open) = &mut self.open else {
            return Err(Fault::new(FaultKind::NotConnected, "the connection is not open").on(&self.route.subject()));
        };
        let answer = open.connection.call(call, limits);
        limits.tap.note_with(|| match &answer {
            Ok(answer) => answered(answer),
            Err(fault) if open.connection.is_alive() => format!("no answer: {}", fault.message),
            Err(fault) => format!("no answer, and the connection is over: {}", fault.message),
        });
        answer.map_err(|fault| fault.on(&open.subject))
    }

    /// Closes it; does nothing when it is not open.
    ///
    /// # Errors
    /// The class panicked. The connection is gone nevertheless.
    pub fn close(&mut self) -> Result<(), Fault> {
        let Some(Open { subject, mut connection }) = self.open.take() else { return Ok(()) };
        // A class that panics here must not keep others from being closed.
        let closed = catch_unwind(AssertUnwindSafe(|| connection.close()));
        let dropped = catch_unwind(AssertUnwindSafe(move || drop(connection)));
        closed.and(dropped).map_err(|_| {
            Fault::new(FaultKind::Internal, format!("class `{}` panicked while it closed the connection", subject.class)).on(&subject)
        })
    }
}

/// How a call ended, for who listens.
fn answered(answer: &Answer) -> String {
    let took = duration::show(Duration::from_millis(u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX)));
    match (answer.exit_code, answer.status) {
        (Some(code), _) => format!("answered in {took}, exit code {code}"),
        (None, Some(status)) => format!("answered in {took}, status {status}"),
        (None, None) => format!("answered in {took}"),
    }
}

/// Opens one way, of which there are `ways_left` with itself.
fn open(way: &Way, ways_left: usize, limits: &Limits<'_>) -> Result<Box<dyn Connection>, Fault> {
    let subject = &way.endpoint.subject;
    let now = Instant::now();
    if limits.interrupt.is_raised() {
        let fault = Fault::new(FaultKind::Interrupted, "the run was interrupted before the connection was opened");
        return Err(fault.in_phase(Phase::Creation).on(subject));
    }
    let Some(deadline) = deadline(way, ways_left, limits.deadline, now) else {
        return Err(Fault::timeout("opening", limits.deadline.limit()).in_phase(Phase::Creation).on(subject));
    };
    limits.tap.note_with(|| format!("opening via {} (class {})", subject.via, subject.class));
    way.class.open(&way.endpoint, &Limits { deadline: &deadline, ..*limits }).map_err(|mut fault| {
        // Whatever went wrong did so before any call.
        if fault.phase == Phase::Call {
            fault.phase = Phase::Creation;
        }
        fault.on(subject)
    })
}

/// When to give one way up: the path's own limit holds, and one that hangs leaves time for those after it. `None` when the
/// time is over.
fn deadline(way: &Way, ways_left: usize, whole: &Deadline, now: Instant) -> Option<Deadline> {
    let mut deadline = whole.clone();
    let left = whole.remaining(now)?;
    if ways_left > 1 {
        let length = left / u32::try_from(ways_left).unwrap_or(u32::MAX);
        let setting = format!("a share of {}, as {ways_left} paths are left", whole.limit());
        deadline = deadline.sooner(Deadline::new(now, Limit { length, setting: setting.into() }));
    }
    if let Some(limit) = &way.connect_timeout {
        deadline = deadline.sooner(Deadline::new(now, limit.clone()));
    }
    Some(deadline)
}

/// The first fault stays the fault; those of the ways after it are told with it.
fn join(first: Option<Fault>, next: Fault) -> Fault {
    match first {
        None => next,
        Some(mut first) => {
            let via = next.subject.as_ref().map_or("", |subject| subject.via.as_str());
            first.message.push_str(&format!("; via {via}: {}", next.message));
            first
        }
    }
}

/// Closes all of them, whatever happens to one; the first fault is returned.
pub(super) fn close_all(workers: impl IntoIterator<Item = Worker>) -> Result<(), Fault> {
    workers.into_iter().map(|mut worker| worker.close()).fold(Ok(()), Result::and)
}

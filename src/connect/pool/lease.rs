//! A worker in somebody's hands.

use crate::connect::class::Limits;
use crate::connect::pool::Shared;
use crate::connect::pool::worker::Worker;
use crate::connect::route::Route;
use crate::record::answer::Answer;
use crate::record::call::Call;
use crate::record::fault::{Fault, FaultKind, Subject};
use std::fmt;
use std::sync::Arc;

/// A worker that one owner uses alone, until the lease is dropped: then the next one in the queue gets it. It can be moved
/// to another thread. Dropping it waits for nobody.
///
/// ```
/// use runner::{Call, Lab, Request};
///
/// let lab = Lab::of_text("devices: {here: {connections: {sh: {protocol: shell}}}}")?;
/// let here = lab.device("here")?;
/// let mut lease = here.connect(&Request::default().pool_size(1))?.allocate()?;
/// assert_eq!(lease.call(&Call::execute("echo mine"), &here.patience().limits())?.text(), "mine");
///
/// // A disconnect ends it: nothing is opened again behind anybody's back.
/// here.disconnect("default")?;
/// let fault = lease.call(&Call::execute("echo mine"), &here.patience().limits()).unwrap_err();
/// assert_eq!(fault.message, "it was disconnected while it was in use");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Lease {
    worker: Worker,
    shared: Arc<Shared>,
    generation: u64,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("subject", &self.subject()).finish_non_exhaustive()
    }
}

impl Lease {
    pub(super) fn new(worker: Worker, shared: Arc<Shared>, generation: u64) -> Self {
        Self { worker, shared, generation }
    }

    /// Opens the connection again if it has died. Blocks; does nothing when it is alive. The one who borrowed it does this
    /// before the first call, so that no lock is held meanwhile.
    ///
    /// # Errors
    /// It cannot be opened, or the pool was disconnected in the meantime. The lease stays good for another try.
    pub fn ensure_open(&mut self, limits: &Limits<'_>) -> Result<(), Fault> {
        self.check_standing()?;
        self.worker.ensure_open(limits)
    }

    /// Calls a service. Blocks until the whole answer is there.
    ///
    /// # Errors
    /// The connection's fault, with its subject; `NotConnected` when it is not open or was disconnected in the meantime.
    pub fn call(&mut self, call: &Call, limits: &Limits<'_>) -> Result<Answer, Fault> {
        self.check_standing()?;
        self.worker.call(call, limits)
    }

    /// Whether the next call has a chance. Does not block.
    pub fn is_alive(&mut self) -> bool {
        self.worker.is_alive()
    }

    /// Which connection it is. While it is not open, its first way.
    #[must_use]
    pub fn subject(&self) -> Subject {
        self.worker.subject()
    }

    /// How it is opened.
    #[must_use]
    pub fn route(&self) -> &Arc<Route> {
        self.worker.route()
    }

    /// Gives it back closed, because the borrower left it in a state that nobody else should meet. The next borrower opens
    /// it anew.
    pub fn discard(mut self) {
        // It is being thrown away: what the class says about that changes nothing.
        let _ = self.worker.close();
    }

    fn check_standing(&self) -> Result<(), Fault> {
        if self.shared.is_current(self.generation) {
            return Ok(());
        }
        Err(Fault::new(FaultKind::NotConnected, "it was disconnected while it was in use").on(&self.subject()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut worker = self.worker.take();
        // After a panic nobody knows what the connection was in the middle of; a dead one only holds resources.
        if std::thread::panicking() || !worker.is_alive() {
            let _ = worker.close();
        }
        self.shared.put_back(worker, self.generation);
    }
}

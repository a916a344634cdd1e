//! A pool while it is being connected: all of its workers, or none.

use crate::connect::pool::waiter::Given;
use crate::connect::pool::worker::{Worker, close_all};
use crate::connect::pool::{Shared, Standing};
use crate::connect::route::Route;
use crate::record::fault::Fault;
use std::sync::Arc;

/// The workers that are being opened. Unless it is finished, everything is undone.
pub(super) struct Opening<'a> {
    pub(super) shared: &'a Shared,
    pub(super) route: Arc<Route>,
    pub(super) generation: u64,
    /// What it was before, and is again when it is undone.
    pub(super) before: Standing,
    pub(super) workers: Vec<Worker>,
}

impl Opening<'_> {
    /// Lends them to whoever waits, and keeps the rest for those who come.
    ///
    /// # Errors
    /// `NotConnected`: somebody disconnected meanwhile.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        let mut state = self.shared.lock();
        if state.generation != self.generation {
            return Err(state.not_connected());
        }
        state.standing = Standing::Connected;
        for worker in self.workers.drain(..) {
            state.hand_on(worker);
        }
        for waiter in state.watching.drain(..) {
            waiter.give(Given::News);
        }
        Ok(())
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.generation == self.generation && state.standing == Standing::Connecting {
            state.standing = self.before;
            state.wake_all();
        }
        drop(state);
        // The fault that led here matters more.
        let _ = close_all(self.workers.drain(..));
    }
}

//! One caller who waits in a pool's queue, woken at once and interruptible.

use crate::connect::interrupt::{Interrupt, Woken};
use crate::connect::pool::worker::Worker;
use rustix::event::{EventfdFlags, PollFlags, eventfd};
use rustix::fd::{AsFd, OwnedFd};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What a waiting caller gets.
pub(super) enum Given {
    /// A worker to use.
    Worker(Worker),
    /// The pool's state changed: look again.
    News,
}

/// Shared by the caller who waits and the queue.
pub(super) struct Waiter {
    given: Mutex<Option<Given>>,
    wake: OwnedFd,
}

impl Waiter {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { given: Mutex::new(None), wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)? })
    }

    /// Gives and wakes. Does not block.
    pub(super) fn give(&self, given: Given) {
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
        // The counter only has to be above zero; a full one is that already.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// Takes what was given, if anything was.
    pub(super) fn taken(&self) -> Option<Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until something is given. Blocks.
    pub(super) fn wait(&self, interrupt: &Interrupt, until: Instant) -> io::Result<Woken> {
        interrupt.wait(&[(self.wake.as_fd(), PollFlags::IN)], until)
    }
}

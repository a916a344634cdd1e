//! Tells blocked calls that the run is being interrupted, at once and without polling.

use crate::base::duration;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A flag that can be waited for beside a socket. Once raised it stays raised.
#[derive(Debug)]
pub struct Interrupt {
    raised: AtomicBool,
    wake: OwnedFd,
}

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// One of the files is ready, or has hung up.
    Ready,
    /// The moment came.
    Late,
    /// The interrupt was raised.
    Interrupted,
}

impl Interrupt {
    /// Makes one that is not raised.
    ///
    /// # Errors
    /// No file descriptor is left.
    pub fn new() -> io::Result<Self> {
        Ok(Self { raised: AtomicBool::new(false), wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)? })
    }

    /// Wakes every wait, now and later. Does not block; may be called from any thread.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::Release);
        // The counter only has to be above zero; a full one is that already.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// Whether it was raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Acquire)
    }

    /// Waits until one of `files` is ready, `until` comes, or the interrupt is raised. Blocks.
    ///
    /// # Errors
    /// What `poll` reports, apart from an interrupted system call.
    pub fn wait(&self, files: &[(BorrowedFd<'_>, PollFlags)], until: Instant) -> io::Result<Woken> {
        loop {
            if self.is_raised() {
                return Ok(Woken::Interrupted);
            }
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return Ok(Woken::Late);
            };
            let mut watched: Vec<PollFd<'_>> = files.iter().map(|(file, flags)| PollFd::from_borrowed_fd(*file, *flags)).collect();
            watched.push(PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN));
            // A year at most: `poll` takes a bounded time, and the loop asks again.
            let time = rustix::event::Timespec::try_from(left.min(duration::LONGEST)).ok();
            match poll(&mut watched, time.as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) if self.is_raised() => return Ok(Woken::Interrupted),
                Ok(_) => return Ok(Woken::Ready),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until `until` comes or the interrupt is raised. Blocks.
    ///
    /// # Errors
    /// As [`Interrupt::wait`].
    pub fn sleep(&self, until: Instant) -> io::Result<Woken> {
        self.wait(&[], until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_raised_interrupt_ends_a_wait_at_once_and_stays_raised() {
        let interrupt = Interrupt::new().expect("an eventfd");
        let far = Instant::now() + Duration::from_mins(1);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| interrupt.sleep(far));
            interrupt.raise();
            assert_eq!(waiting.join().expect("no panic").expect("poll works"), Woken::Interrupted);
        });
        assert_eq!(interrupt.sleep(far).expect("poll works"), Woken::Interrupted);
    }

    #[test]
    fn a_moment_that_has_come_ends_a_wait() {
        let interrupt = Interrupt::new().expect("an eventfd");
        let soon = Instant::now() + Duration::from_millis(20);
        assert_eq!(interrupt.sleep(soon).expect("poll works"), Woken::Late);
        assert!(Instant::now() >= soon);
    }
}

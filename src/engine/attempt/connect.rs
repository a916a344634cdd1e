//! Opens and closes connections by hand, all workers of each.

use super::{Attempt, sooner};
use crate::base::deadline::Limit;
use crate::connect::class::Limits;
use crate::connect::pool::Worker;
use crate::engine::attempt::judge::Judged;
use crate::engine::task::Done;
use crate::record::fault::Fault;
use std::time::Instant;

impl Attempt<'_> {
    /// Opens every worker, or none. One that is open and alive stays as it is. `within` limits each instead of what the
    /// testbed says.
    pub(super) fn connect(&mut self, within: Option<&Limit>) -> Done {
        let began = Instant::now();
        let opened = self.open_all(within.unwrap_or(self.tools.open_within));
        let judged = Judged { fault: opened.as_ref().err().cloned(), took: began.elapsed(), ..Judged::default() };
        let judged = self.settle(judged);
        Done { opened: opened.is_ok(), ..self.done(vec![judged]) }
    }

    fn open_all(&mut self, limit: &Limit) -> Result<(), Fault> {
        let size = self.workers.len();
        for index in 0..size {
            let deadline = sooner(limit, self.task.deadline.as_ref());
            let limits = Limits { deadline: &deadline, interrupt: self.tools.interrupt, tap: self.tools.tap(index) };
            if let Err(mut fault) = self.workers[index].ensure_open(&limits) {
                if size > 1 {
                    fault.message = format!("worker {} of {size}: {}", index + 1, fault.message);
                }
                // The fault that led here matters more.
                self.workers.iter_mut().for_each(|worker| drop(worker.close()));
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Closes every worker, whatever happens to one; the first fault is told.
    pub(super) fn disconnect(&mut self) -> Done {
        let began = Instant::now();
        for (index, worker) in self.workers.iter_mut().enumerate() {
            if worker.is_alive() {
                self.tools.tap(index).note("closed");
            }
        }
        let closed = self.workers.iter_mut().map(Worker::close).fold(Ok(()), Result::and);
        let judged = Judged { fault: closed.err(), took: began.elapsed(), ..Judged::default() };
        let judged = self.settle(judged);
        self.done(vec![judged])
    }
}

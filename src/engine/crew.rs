//! The threads that do the work, made by rayon pools: as many as were ever in flight at once.
//!
//! Jobs are leaves: nothing in them joins, scopes, installs, or waits for another job. Each thread of a pool is a hand
//! that takes one job after another from a slot of its own, because a step is short: a pool that looks for work after
//! every one of them spends more on yielding and on searching queues than the step costs, the more the wider it is.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The widest pool.
const WIDEST: usize = 64;

/// The first pool's threads, where so many are allowed.
const FEWEST: usize = 4;

/// The stack of a thread, in bytes. Jobs call C libraries and regular expressions, and nest no further.
const STACK: usize = 1024 * 1024;

/// The threads of a run.
pub(super) struct Crew {
    pools: Vec<ThreadPool>,
    hands: Vec<Arc<Hand>>,
    /// Hands without a job; the one that ended its job last is the next to get one.
    idle: Vec<HandId>,
    /// Jobs that found no idle hand, in order.
    waiting: VecDeque<Job>,
    /// The most threads.
    most: usize,
}

/// Names a hand: its index in the crew.
#[derive(Debug, Clone, Copy)]
pub(super) struct HandId(usize);

type Job = Box<dyn FnOnce(HandId) + Send>;

/// One thread's slot for its next job.
#[derive(Default)]
struct Hand {
    next: Mutex<Next>,
    told: Condvar,
}

#[derive(Default)]
enum Next {
    #[default]
    Wait,
    Do(Job),
    GoHome,
}

impl Crew {
    /// Makes a crew that has no thread yet and will have at most `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { pools: Vec::new(), hands: Vec::new(), idle: Vec::new(), waiting: VecDeque::new(), most: most.max(1) }
    }

    /// Gives a job to a thread, making more threads when all are busy. Does not block. The job learns which hand does it;
    /// the caller says [`Crew::finished`] when it knows that the job has ended.
    ///
    /// # Errors
    /// The system has no further threads.
    pub(super) fn give(&mut self, job: impl FnOnce(HandId) + Send + 'static) -> Result<(), ThreadPoolBuildError> {
        if self.idle.is_empty() && self.hands.len() < self.most {
            self.recruit()?;
        }
        match self.idle.pop() {
            Some(hand) => self.hands[hand.0].tell(Next::Do(Box::new(job))),
            None => self.waiting.push_back(Box::new(job)),
        }
        Ok(())
    }

    /// Notes that a hand has ended its job.
    pub(super) fn finished(&mut self, hand: HandId) {
        match self.waiting.pop_front() {
            Some(job) => self.hands[hand.0].tell(Next::Do(job)),
            None => self.idle.push(hand),
        }
    }

    fn recruit(&mut self) -> Result<(), ThreadPoolBuildError> {
        // Twice as many each time, so that a small run starts few threads and a large one starts them in few steps.
        let before = self.hands.len();
        let size = before.clamp(FEWEST, WIDEST).min(self.most - before);
        let number = self.pools.len();
        let pool = ThreadPoolBuilder::new()
            .num_threads(size)
            .stack_size(STACK)
            .thread_name(move |index| format!("crew-{number}-{index}"))
            .build()?;
        let hands: Vec<Arc<Hand>> = (0..size).map(|_| Arc::default()).collect();
        let of_pool = hands.clone();
        pool.spawn_broadcast(move |thread| of_pool[thread.index()].work(HandId(before + thread.index())));
        self.idle.extend((before..before + size).rev().map(HandId));
        self.hands.extend(hands);
        self.pools.push(pool);
        Ok(())
    }
}

impl Drop for Crew {
    /// Lets every thread end after the job that it has, without waiting for it.
    fn drop(&mut self) {
        for hand in &self.hands {
            hand.tell(Next::GoHome);
        }
    }
}

impl Hand {
    fn tell(&self, next: Next) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
        self.told.notify_one();
    }

    /// Does jobs until the crew is sent home.
    fn work(&self, id: HandId) {
        loop {
            let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let mut next = self.told.wait_while(next, |next| matches!(next, Next::Wait)).unwrap_or_else(PoisonError::into_inner);
            let order = std::mem::take(&mut *next);
            drop(next);
            match order {
                Next::Wait => {}
                // A job catches its own panics; this only keeps one that slips through from ending the thread.
                Next::Do(job) => drop(catch_unwind(AssertUnwindSafe(|| job(id)))),
                Next::GoHome => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn jobs_that_wait_for_each_other_find_a_thread_each() {
        let mut crew = Crew::new(100);
        let barrier = std::sync::Arc::new(std::sync::Barrier::new(100));
        let (done, ended) = mpsc::channel();
        for _ in 0..100 {
            let (barrier, done) = (std::sync::Arc::clone(&barrier), done.clone());
            crew.give(move |_| {
                barrier.wait();
                done.send(()).expect("the test listens");
            })
            .expect("threads");
        }
        for _ in 0..100 {
            ended.recv_timeout(Duration::from_secs(20)).expect("every job runs at once");
        }
    }

    #[test]
    fn no_more_threads_are_made_than_allowed() {
        let mut crew = Crew::new(3);
        for _ in 0..50 {
            crew.give(|_| {}).expect("threads");
        }
        assert_eq!(crew.hands.len(), 3);
    }
}

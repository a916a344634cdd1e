//! The threads that do the work: rayon pools that grow with what is in flight.
//!
//! Jobs are leaves: nothing in them joins, scopes, installs, or waits for another job. Several pools of at most 64 threads
//! each wake up faster than one wide pool; a job goes to one that has a free thread.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// The widest pool. Every wake-up searches all queues of a pool.
const WIDEST: usize = 64;

/// The stack of a thread, in bytes. Jobs call C libraries and regular expressions, and nest no further.
const STACK: usize = 1024 * 1024;

/// The threads of a run.
pub(super) struct Crew {
    squads: Vec<Squad>,
    /// The most threads.
    most: usize,
}

struct Squad {
    pool: ThreadPool,
    size: usize,
    busy: usize,
}

/// Names the pool that a job went to.
#[derive(Debug, Clone, Copy)]
pub(super) struct SquadId(usize);

impl Crew {
    /// Makes a crew that has no thread yet and will have at most `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { squads: Vec::new(), most: most.max(1) }
    }

    /// Gives a job to a thread, making more threads when all are busy. Does not block. The job learns which pool it is
    /// in; the caller says [`Crew::finished`] when it knows that the job has ended.
    ///
    /// # Errors
    /// The system has no further threads.
    pub(super) fn give(&mut self, job: impl FnOnce(SquadId) + Send + 'static) -> Result<(), ThreadPoolBuildError> {
        let threads: usize = self.squads.iter().map(|squad| squad.size).sum();
        let free = self.squads.iter().position(|squad| squad.busy < squad.size);
        let index = match free {
            Some(index) => index,
            None if threads < self.most => self.recruit(threads)?,
            None => (0..self.squads.len()).min_by_key(|index| self.squads[*index].busy).unwrap_or_default(),
        };
        self.squads[index].busy += 1;
        self.squads[index].pool.spawn_fifo(move || job(SquadId(index)));
        Ok(())
    }

    /// Notes that a job has ended.
    pub(super) fn finished(&mut self, squad: SquadId) {
        self.squads[squad.0].busy -= 1;
    }

    fn recruit(&mut self, threads: usize) -> Result<usize, ThreadPoolBuildError> {
        // Twice as many each time, so that a small run starts few threads and a large one starts them in few steps.
        let size = threads.clamp(8, WIDEST).min(self.most - threads);
        let number = self.squads.len();
        let pool = ThreadPoolBuilder::new()
            .num_threads(size)
            .stack_size(STACK)
            .thread_name(move |index| format!("crew-{number}-{index}"))
            // A job catches its own panics; this only keeps one that slips through from ending the process.
            .panic_handler(|_| {})
            .build()?;
        self.squads.push(Squad { pool, size, busy: 0 });
        Ok(number)
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
        assert_eq!(crew.squads.iter().map(|squad| squad.size).sum::<usize>(), 3);
    }
}

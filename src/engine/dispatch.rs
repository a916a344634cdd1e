//! Obeys the schedule, on one thread: moves connections and tasks to the crew, takes them back, notes facts.

use crate::base::deadline::Deadline;
use crate::connect::class::Limits;
use crate::connect::interrupt::Interrupt;
use crate::connect::pool::Worker;
use crate::engine::attempt::{self, Tools};
use crate::engine::crew::{Crew, HandId};
use crate::engine::journal::Journal;
use crate::engine::plan::{Plan, RouteId};
use crate::engine::schedule::{Input, Output, Schedule};
use crate::engine::task::{Bad, Done, Ended, Stage, Task, TaskId, WorkerId};
use crate::record::event::Fact;
use crate::record::fault::{Fault, FaultKind};
use crate::record::tap::{Line, Listener, Tap};
use crate::record::verdict::ExitStatus;
use crossbeam_channel::{Receiver, Sender, at, never, select, unbounded};
use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// How a run is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most calls and openings at once.
    pub jobs: usize,
    /// After how many cells that failed or errored nothing new begins; `None` means that all run.
    pub fail_fast: Option<u32>,
    /// Where processes of this machine run.
    pub folder: PathBuf,
    /// Who listens to the connections.
    pub listener: Option<Arc<dyn Listener>>,
}

/// Runs a plan to its end and says how it ended. Blocks. A signal's name on `signals` interrupts it: the first time
/// teardown still runs, the second time it is dropped.
///
/// A job that a program runs itself, and what became of it:
///
/// ```
/// use runner::connect::{login::Surroundings, registry::Registry};
/// use runner::engine::{dispatch, journal::Journal, plan};
/// use runner::record::event::{Fact, RunHead};
/// use runner::{load, report::junit};
/// use std::{path::Path, sync::Arc, time::Instant};
///
/// let folder = Path::new("/tmp");
/// let job = load::job_text("
/// job: sums
/// tests:
///   - name: one and one
///     devices: all
///     steps: [{execute: echo $((1 + 1)), assert: [{equals: 2, as: int}]}]
/// ", "job.yaml", folder).accepted()?;
/// let testbed = "devices: {here: {connections: {sh: {protocol: shell}}}}";
/// let testbed = load::testbed_text(testbed, "lab.yaml", folder, &load::Environment::default()).accepted()?;
///
/// let (plan, complaints) = plan::build(&plan::Inputs {
///     job: &job,
///     testbed: &testbed,
///     registry: &Registry::standard(),
///     surroundings: &Surroundings::default(),
///     selection: &plan::Selection::default(),
///     overrides: [].into(),
///     env: serde_json::json!({}),
///     run: serde_json::json!({"id": "1", "start": "2030-01-01T00:00:00Z"}),
///     file: "job.yaml".to_owned(),
///     broken: plan::Broken::default(),
/// });
/// assert!(complaints.is_empty(), "{complaints:?}");
/// let plan = Arc::new(plan.ok_or("the plan was not accepted")?);
///
/// // Secrets of the testbed are masked before anybody hears of an event.
/// let redactor = Arc::new(plan::redactor(&testbed));
/// let mut events = 0;
/// let mut sink = |_: &_, _: &_| events += 1;
/// let mut journal = Journal::new(Instant::now(), redactor, &mut sink);
/// let head = RunHead {
///     run_id: "1".into(),
///     started: "2030-01-01T00:00:00Z".into(),
///     version: "1".into(),
///     hostname: "ci".into(),
///     job: plan.job.clone(),
///     file: plan.file.clone(),
///     testbed: plan.testbed.clone(),
///     output: None,
///     cells: plan.cells.iter().map(|cell| cell.head.clone()).collect(),
/// };
/// journal.note(Fact::RunStarted(Box::new(head)), Instant::now());
/// let options = dispatch::Options { jobs: 8, fail_fast: None, folder: folder.to_owned(), listener: None };
/// // The names of signals come from a channel of the crate `crossbeam-channel`; this one never hears any.
/// let status = dispatch::run(&plan, &options, &crossbeam_channel::never(), &mut journal)?;
///
/// assert_eq!(status.code(), 0);
/// assert_eq!(journal.ledger().counts().passed, 2, "the connection, and the test");
/// let xml = junit::document(journal.ledger(), &junit::Settings::default())?;
/// assert!(xml.contains("one and one"));
/// assert!(events > 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The system has no file descriptor for the interrupts.
pub fn run(plan: &Arc<Plan>, options: &Options, signals: &Receiver<String>, journal: &mut Journal<'_>) -> io::Result<ExitStatus> {
    let (home, arrivals) = unbounded();
    let mut dispatcher = Dispatcher {
        schedule: Schedule::new(Arc::clone(plan), options.jobs).fail_fast(options.fail_fast),
        crew: Crew::new(options.jobs),
        workers: HashMap::new(),
        main: Arc::new(Interrupt::new()?),
        teardown: Arc::new(Interrupt::new()?),
        plan: Arc::clone(plan),
        folder: Arc::new(options.folder.clone()),
        listener: options.listener.clone(),
        home,
        journal,
    };
    let mut signals = signals.clone();
    let mut finished = dispatcher.advance(Input::Begin);
    while !finished {
        let wake = dispatcher.schedule.next_wake().map_or_else(never, at);
        let input = select! {
            recv(arrivals) -> arrival => arrival.map_or(Input::Tick, |arrival| dispatcher.receive(arrival)),
            recv(signals) -> signal => if let Ok(by) = signal {
                Input::Interrupt { by }
            } else {
                // Nobody can interrupt any more; a channel without senders would always be ready.
                signals = never();
                Input::Tick
            },
            recv(wake) -> _ => Input::Tick,
        };
        finished = dispatcher.advance(input);
    }
    Ok(dispatcher.finish())
}

struct Dispatcher<'a, 'sink> {
    schedule: Schedule,
    plan: Arc<Plan>,
    crew: Crew,
    /// Connections that nobody uses at the moment.
    workers: HashMap<(RouteId, WorkerId), Worker>,
    main: Arc<Interrupt>,
    teardown: Arc<Interrupt>,
    folder: Arc<PathBuf>,
    listener: Option<Arc<dyn Listener>>,
    home: Sender<Arrival>,
    journal: &'a mut Journal<'sink>,
}

/// Who listens to one worker, if anybody does.
#[derive(Default)]
struct Ear(Option<(Arc<dyn Listener>, Line)>);

impl Ear {
    fn tap(&self) -> Tap<'_> {
        self.0.as_ref().map_or(Tap::SILENT, |(listener, line)| Tap::new(&**listener, line))
    }
}

/// What a job of the crew sends home.
struct Arrival {
    hand: Option<HandId>,
    workers: Vec<((RouteId, WorkerId), Worker)>,
    news: News,
}

enum News {
    Opened { route: RouteId, worker: WorkerId, result: Result<(), Fault> },
    Done { task: TaskId, done: Done },
}

impl Dispatcher<'_, '_> {
    /// Tells the schedule and does what it orders; true when the run has ended.
    fn advance(&mut self, input: Input) -> bool {
        let now = Instant::now();
        let mut finished = false;
        for output in self.schedule.advance(input, now) {
            match output {
                Output::Open { route, worker, stage } => self.open(route, worker, stage),
                Output::Close { route, worker } => self.close(route, worker),
                Output::Start(task) => self.start(*task),
                Output::Record(fact) => self.journal.note(fact, now),
                Output::Interrupt(Stage::Main) => self.main.raise(),
                Output::Interrupt(Stage::Teardown) => self.teardown.raise(),
                Output::Finished => finished = true,
            }
        }
        finished
    }

    fn receive(&mut self, arrival: Arrival) -> Input {
        if let Some(hand) = arrival.hand {
            self.crew.finished(hand);
        }
        self.workers.extend(arrival.workers);
        match arrival.news {
            News::Opened { route, worker, result } => Input::Opened { route, worker, result },
            News::Done { task, done } => Input::Done { task, done },
        }
    }

    fn interrupt(&self, stage: Stage) -> Arc<Interrupt> {
        match stage {
            Stage::Main => Arc::clone(&self.main),
            Stage::Teardown => Arc::clone(&self.teardown),
        }
    }

    fn open(&mut self, route: RouteId, id: WorkerId, stage: Stage) {
        let planned = &self.plan.routes[route.index()];
        let (mut worker, limit, interrupt) = (Worker::new(Arc::clone(&planned.route)), planned.open_within.clone(), self.interrupt(stage));
        let (home, heard) = (self.home.clone(), self.heard(route, id));
        let given = self.crew.give(move |hand| {
            let deadline = Deadline::new(Instant::now(), limit);
            let opened = catch_unwind(AssertUnwindSafe(|| {
                let result = worker.ensure_open(&Limits { deadline: &deadline, interrupt: &interrupt, tap: heard.tap() });
                (result, worker)
            }));
            let (result, workers) = match opened {
                Ok((result, worker)) => (result, vec![((route, id), worker)]),
                Err(panic) => (Err(Fault::new(FaultKind::Internal, panic_text(&*panic))), Vec::new()),
            };
            send(&home, Arrival { hand: Some(hand), workers, news: News::Opened { route, worker: id, result } });
        });
        if let Err(error) = given {
            let result = Err(Fault::new(FaultKind::Internal, format!("no thread could be started: {error}")));
            send(&self.home, Arrival { hand: None, workers: Vec::new(), news: News::Opened { route, worker: id, result } });
        }
    }

    fn start(&mut self, task: Task) {
        // A connection whose job panicked is gone; another takes its place and opens when it is called.
        let keys: Vec<(RouteId, WorkerId)> = task.lease.iter().chain(&task.whole).copied().collect();
        let worker = |key: &(RouteId, WorkerId)| {
            let worker = self.workers.remove(key);
            worker.unwrap_or_else(|| Worker::new(Arc::clone(&self.plan.routes[key.0.index()].route)))
        };
        let mut workers: Vec<Worker> = keys.iter().map(worker).collect();
        let open_within =
            keys.first().map_or_else(|| task.timeout.clone(), |(route, _)| self.plan.routes[route.index()].open_within.clone());
        let (interrupt, redactor, folder) = (self.interrupt(task.stage), Arc::clone(self.journal.redactor()), Arc::clone(&self.folder));
        let (home, id) = (self.home.clone(), task.id);
        let heard: Vec<Ear> = keys.iter().map(|(route, worker)| self.heard(*route, *worker)).collect();
        let plan = Arc::clone(&self.plan);
        let given = self.crew.give(move |hand| {
            let made = catch_unwind(AssertUnwindSafe(|| {
                let taps: Vec<Tap<'_>> = heard.iter().map(Ear::tap).collect();
                for tap in &taps {
                    tap.note_with(|| format!("{}, {}", plan.cells[task.cell.index()].head.name, task.step.reference(&task.scope).title()));
                }
                let tools = Tools { interrupt: &interrupt, redactor: &redactor, folder: &folder, open_within: &open_within, taps: &taps };
                let done = attempt::run(&task, &mut workers, tools);
                (done, keys.into_iter().zip(workers).collect())
            }));
            let (done, workers) = made.unwrap_or_else(|panic| (lost(&panic_text(&*panic)), Vec::new()));
            send(&home, Arrival { hand: Some(hand), workers, news: News::Done { task: id, done } });
        });
        if let Err(error) = given {
            let done = lost(&format!("no thread could be started: {error}"));
            send(&self.home, Arrival { hand: None, workers: Vec::new(), news: News::Done { task: id, done } });
        }
    }

    fn close(&mut self, route: RouteId, worker: WorkerId) {
        if self.workers.remove(&(route, worker)).is_some_and(|mut worker| worker.is_alive()) {
            self.heard(route, worker).tap().note("closed");
        }
    }

    /// Who listens to a worker, and what it is called there.
    fn heard(&self, route: RouteId, WorkerId(number): WorkerId) -> Ear {
        let Some(listener) = &self.listener else { return Ear::default() };
        let planned = &self.plan.routes[route.index()];
        let worker = (planned.workers > 1).then_some(number + 1);
        let line = Line { device: planned.route.device.clone(), alias: planned.route.alias.clone(), worker };
        Ear(Some((Arc::clone(listener), line)))
    }

    fn finish(mut self) -> ExitStatus {
        let mut open: Vec<(RouteId, WorkerId)> = self.workers.keys().copied().collect();
        open.sort_unstable();
        for (route, worker) in open {
            self.close(route, worker);
        }
        let status = self.journal.ledger().exit_status();
        self.journal.note(Fact::RunFinished { status }, Instant::now());
        status
    }
}

/// A dispatcher that listens no more has ended its run.
fn send(home: &Sender<Arrival>, arrival: Arrival) {
    let _ = home.send(arrival);
}

fn lost(sentence: &str) -> Done {
    Done { ended: Ended::Bad(Bad::errored(FaultKind::Internal, sentence)), ..Done::good() }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a defect in runner: {}", text.unwrap_or("it panicked without a message"))
}

//! `runner run`.

use crate::base::text;
use crate::cli::arguments::Run;
use crate::cli::inputs::{self, Accepted, accept};
use crate::cli::signals;
use crate::cli::world::World;
use crate::engine::dispatch::{self, Options};
use crate::engine::journal::Journal;
use crate::engine::plan::Plan;
use crate::record::event::{CellKind, Event, Fact, RunHead};
use crate::record::ledger::Ledger;
use crate::record::redact::Redactor;
use crate::record::verdict::ExitStatus;
use crate::report::console::{Bars, Console, Style, Verbosity};
use crate::report::events::EventLog;
use crate::report::junit;
use crate::report::junit::sink::JunitFile;
use crate::report::{ReportError, Reporter};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Runs a job: files, plan, reports, run.
pub(super) fn run(arguments: &Run, world: &World) -> ExitStatus {
    let accepted = accept(&arguments.subject, world);
    let said = inputs::complain(&accepted.complaints, world);
    let tests = |plan: &Plan| plan.cells.iter().filter(|cell| cell.head.kind == CellKind::Test).count();
    match accepted {
        Accepted { plan: None, complaints, .. } => {
            warn(&format!("{}, nothing was run", text::count(complaints.len(), "complaint")));
            reject(arguments, &said, ExitStatus::NotAccepted)
        }
        Accepted { plan: Some(plan), .. } if tests(&plan) == 0 => {
            warn("nothing was selected, nothing was run");
            reject(arguments, "nothing was selected", ExitStatus::NothingSelected)
        }
        Accepted { plan: Some(plan), testbed, .. } => execute(arguments, world, (plan, testbed), |_| {}),
    }
}

/// Writes a report all the same when nothing is run, so that no older one is taken for this run's.
pub(super) fn reject(arguments: &Run, said: &str, status: ExitStatus) -> ExitStatus {
    let Some(path) = &arguments.junit else { return status };
    let document = junit::rejected(&arguments.subject.job.display().to_string(), said);
    let written = document
        .map_err(|error| error.to_string())
        .and_then(|document| JunitFile::create(path).replace(&document).map_err(|error| error.to_string()));
    match written {
        Ok(()) => status,
        Err(error) => {
            warn(&error);
            ExitStatus::ReportUnwritable
        }
    }
}

/// Runs a plan, whose testbed has that name in reports, and writes the reports. When everything else is said, `ended` is told.
pub(super) fn execute(arguments: &Run, world: &World, (plan, testbed): (Plan, String), ended: impl FnOnce(&Ledger)) -> ExitStatus {
    let words: Vec<&str> = plan.words.iter().map(String::as_str).collect();
    let redactor = Arc::new(Redactor::new(&plan.secrets, &words));
    if redactor.unmasked() > 0 {
        warn(&unmasked(redactor.unmasked()));
    }
    let reporters = RefCell::new(Reporters::new(arguments, world));
    let mut sink = |event: &Event, ledger: &Ledger| reporters.borrow_mut().event(event, ledger);
    let mut journal = Journal::new(world.start, redactor, &mut sink);
    journal.note(Fact::RunStarted(Box::new(head(&plan, world, testbed))), Instant::now());
    if reporters.borrow().has_failed() {
        // A report's file cannot be written, which is known before anything is opened.
        return reporters.borrow_mut().finish(journal.ledger(), ExitStatus::ReportUnwritable);
    }
    raise_file_limit();
    let options = Options { jobs: arguments.jobs as usize, folder: world.folder.clone() };
    let ran = signals::listen().and_then(|signals| dispatch::run(&Arc::new(plan), &options, &signals, &mut journal));
    let status = ran.unwrap_or_else(|error| {
        warn(&format!("the run could not begin: {error}"));
        ExitStatus::Errored
    });
    let status = reporters.borrow_mut().finish(journal.ledger(), status);
    ended(journal.ledger());
    status
}

/// Asks for as many open files as the system lets the user have: a connection needs up to three.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, a connection that finds no file says so itself.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

fn head(plan: &Plan, world: &World, testbed: String) -> RunHead {
    RunHead {
        run_id: world.run_id.clone(),
        started: world.started.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        hostname: world.hostname.clone(),
        job: plan.job.clone(),
        file: plan.file.clone(),
        testbed,
        cells: plan.cells.iter().map(|cell| cell.head.clone()).collect(),
    }
}

/// Everyone who reports on a run. A file that fails is left alone from then on, and the run goes on.
struct Reporters {
    console: Console,
    files: Vec<Box<dyn Reporter>>,
    failures: Vec<ReportError>,
    /// Whether every file took the first event; else nothing is run, and the console says only why.
    begun: bool,
}

impl Reporters {
    fn new(arguments: &Run, world: &World) -> Self {
        let verbosity = match (arguments.quiet, arguments.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let bars = if world.terminal && !arguments.quiet { Bars::OnStderr } else { Bars::Off };
        let style = Style { colour: world.colour, bars, verbosity };
        let files = [("JUnit", &arguments.junit), ("events", &arguments.events)];
        let named = |(kind, path): (&str, &Option<PathBuf>)| path.as_ref().map(|path| (kind.to_owned(), path.display().to_string()));
        let reports = files.into_iter().filter_map(named).collect();
        let console = Console::new(Box::new(std::io::stderr()), style, reports);
        let junit = arguments.junit.iter().map(|path| Box::new(JunitFile::create(path)) as Box<dyn Reporter>);
        let events = arguments.events.iter().map(|path| Box::new(EventLog::create(path)) as Box<dyn Reporter>);
        Self { console, files: events.chain(junit).collect(), failures: Vec::new(), begun: false }
    }

    fn event(&mut self, event: &Event, ledger: &Ledger) {
        self.tell(|reporter| reporter.event(event, ledger));
        self.begun |= !self.has_failed();
        if self.begun {
            // What cannot be shown because nobody listens changes no verdict.
            let _ = self.console.event(event, ledger);
        }
    }

    fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Lets every report be finished; the status of the run, unless a report could not be written.
    fn finish(&mut self, ledger: &Ledger, status: ExitStatus) -> ExitStatus {
        self.tell(|reporter| reporter.finish(ledger));
        if self.begun {
            let _ = self.console.finish(ledger);
        }
        for failure in &self.failures {
            warn(&failure.to_string());
        }
        if self.has_failed() { ExitStatus::ReportUnwritable } else { status }
    }

    fn tell(&mut self, mut say: impl FnMut(&mut dyn Reporter) -> Result<(), ReportError>) {
        let failures = &mut self.failures;
        self.files.retain_mut(|reporter| match say(reporter.as_mut()) {
            Ok(()) => true,
            Err(error) => {
                failures.push(error);
                false
            }
        });
    }
}

/// What stays in sight, which nobody would expect.
fn unmasked(secrets: usize) -> String {
    let (secrets, are, not) =
        if secrets == 1 { ("1 secret".to_owned(), "is", "a word") } else { (text::count(secrets, "secret"), "are", "words") };
    let shortest = Redactor::SHORTEST;
    format!(
        "warning: {secrets} of the testbed {are} shorter than {shortest} characters or {not} that it uses in the open, and {are} not masked in reports"
    )
}

fn warn(sentence: &str) {
    // Nobody listens when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{sentence}");
}

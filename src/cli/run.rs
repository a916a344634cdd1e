//! `runner run`.

use crate::base::text;
use crate::cli::arguments::{Run, Subject};
use crate::cli::inputs::{self, Accepted, accept};
use crate::cli::output;
use crate::cli::outputs::Outputs;
use crate::cli::signals;
use crate::cli::world::World;
use crate::engine::dispatch::{self, Options};
use crate::engine::journal::Journal;
use crate::engine::plan::{DeviceId, Plan};
use crate::record::event::{CellKind, Event, Fact, RunHead};
use crate::record::ledger::Ledger;
use crate::record::redact::Redactor;
use crate::record::tap::Listener;
use crate::record::verdict::ExitStatus;
use crate::report::console::{Bars, Console, Rerun, Style, Verbosity};
use crate::report::events::EventLog;
use crate::report::junit;
use crate::report::junit::sink::JunitFile;
use crate::report::transcripts::Transcripts;
use crate::report::{ReportError, Reporter};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// Runs a job: files, plan, reports, run.
pub(super) fn run(arguments: &Run, world: &World) -> ExitStatus {
    let accepted = accept(&arguments.subject, world);
    let said = inputs::complain(&accepted.complaints, &accepted.redactor, world);
    let outputs = match Outputs::create(arguments) {
        Ok(outputs) => outputs,
        Err(error) => {
            output::fail(&error);
            return ExitStatus::ReportUnwritable;
        }
    };
    let tests = |plan: &Plan| plan.cells.iter().filter(|cell| cell.head.kind == CellKind::Test).count();
    match accepted {
        Accepted { plan: None, complaints, testbed, .. } => {
            output::talk(&format!("{}, nothing was run", text::count(complaints.len(), "complaint")));
            reject(&outputs, &unplanned(arguments, world, testbed), &said, ExitStatus::NotAccepted)
        }
        Accepted { plan: Some(plan), testbed, .. } if tests(&plan) == 0 => {
            output::talk("nothing was selected, nothing was run");
            reject(&outputs, &unplanned(arguments, world, testbed), "nothing was selected", ExitStatus::NothingSelected)
        }
        Accepted { plan: Some(plan), testbed, .. } => {
            let again = |redactor: &Redactor| rerun(&arguments.subject, redactor);
            execute(arguments, world, (plan, testbed), &outputs, &Ending { again: &again, ended: &|_| {} })
        }
    }
}

/// Writes a report all the same when nothing is run, so that no older one is taken for this run's.
pub(super) fn reject(outputs: &Outputs, head: &RunHead, said: &str, status: ExitStatus) -> ExitStatus {
    let Some(path) = &outputs.junit else { return status };
    let document = junit::rejected(head, said);
    let written = document
        .map_err(|error| error.to_string())
        .and_then(|document| JunitFile::create(path).replace(&document).map_err(|error| error.to_string()));
    match written {
        Ok(()) => status,
        Err(error) => {
            output::fail(&error);
            ExitStatus::ReportUnwritable
        }
    }
}

/// What is said when a run has ended.
pub(super) struct Ending<'a> {
    /// How a run of what did not pass is begun.
    pub(super) again: &'a dyn Fn(&Redactor) -> Option<Rerun>,
    /// Told after everything else.
    pub(super) ended: &'a dyn Fn(&Ledger),
}

/// Runs a plan, whose testbed has that name in reports, and writes the reports.
pub(super) fn execute(
    arguments: &Run,
    world: &World,
    (plan, testbed): (Plan, String),
    outputs: &Outputs,
    ending: &Ending<'_>,
) -> ExitStatus {
    let words: Vec<&str> = plan.words.iter().map(String::as_str).collect();
    let redactor = Arc::new(Redactor::new(plan.secrets.iter().map(|named| &named.secret), &words));
    if redactor.unmasked() > 0 {
        let open = plan.secrets.iter().filter(|named| !Redactor::masks(&named.secret, &words));
        output::talk(&unmasked(redactor.unmasked(), &open.map(|named| named.name.as_str()).collect::<Vec<_>>()));
    }
    let output = outputs.folder.as_ref().map(|folder| world.in_repository(folder.path()));
    let head = RunHead {
        output,
        cells: plan.cells.iter().map(|cell| cell.head.clone()).collect(),
        ..head(world, (plan.job.clone(), plan.file.clone()), testbed)
    };
    let transcripts = match transcripts(outputs, &plan, &head, &redactor, world) {
        Ok(transcripts) => transcripts,
        Err(error) => {
            output::fail(&error);
            return ExitStatus::ReportUnwritable;
        }
    };
    let mut reporters = Reporters::new(arguments, world, outputs, (ending.again)(&redactor));
    reporters.files.extend(transcripts.clone().map(|transcripts| Box::new(transcripts) as Box<dyn Reporter>));
    let reporters = RefCell::new(reporters);
    let mut sink = |event: &Event, ledger: &Ledger| reporters.borrow_mut().event(event, ledger);
    let mut journal = Journal::new(world.start, redactor, &mut sink);
    journal.note(Fact::RunStarted(Box::new(head)), Instant::now());
    if reporters.borrow().has_failed() {
        // A report's file cannot be written, which is known before anything is opened.
        return reporters.borrow_mut().finish(journal.ledger(), ExitStatus::ReportUnwritable);
    }
    raise_file_limit();
    let listener = transcripts.map(|transcripts| transcripts as Arc<dyn Listener>);
    let options = Options { jobs: arguments.jobs as usize, fail_fast: arguments.fail_fast, folder: world.folder.clone(), listener };
    let ran = signals::listen().and_then(|signals| dispatch::run(&Arc::new(plan), &options, &signals, &mut journal));
    let status = ran.unwrap_or_else(|error| {
        output::fail(&format!("the run could not begin: {error}"));
        ExitStatus::Errored
    });
    let status = reporters.borrow_mut().finish(journal.ledger(), status);
    (ending.ended)(journal.ledger());
    status
}

/// Asks for as many open files as the system lets the user have: a connection needs up to three.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, a connection that finds no file says so itself.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// The transcripts, with a file for every device already, where the run leaves a folder.
fn transcripts(
    outputs: &Outputs,
    plan: &Plan,
    head: &RunHead,
    redactor: &Arc<Redactor>,
    world: &World,
) -> Result<Option<Arc<Transcripts>>, ReportError> {
    let Some(folder) = &outputs.folder else { return Ok(None) };
    let asked = plan.cells.iter().flat_map(|cell| cell.devices.iter().copied()).chain(plan.routes.iter().map(|route| route.device));
    let devices: BTreeSet<DeviceId> = asked.collect();
    let devices = devices.iter().map(|device| plan.devices[device.index()].name.as_str());
    let made = Transcripts::create(&folder.transcripts(), devices, head, Arc::clone(redactor), Box::new(world.clock()))?;
    Ok(Some(Arc::new(made)))
}

/// What is known of a run that has no plan.
pub(super) fn unplanned(arguments: &Run, world: &World, testbed: String) -> RunHead {
    head(world, (String::new(), world.in_repository(&arguments.subject.job)), testbed)
}

/// What is known of a run before its cells are.
fn head(world: &World, (job, file): (String, String), testbed: String) -> RunHead {
    RunHead {
        run_id: world.run_id.clone(),
        started: world.started.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        hostname: world.hostname.clone(),
        job,
        file,
        testbed,
        output: None,
        cells: Vec::new(),
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
    fn new(arguments: &Run, world: &World, outputs: &Outputs, rerun: Option<Rerun>) -> Self {
        let verbosity = match (arguments.quiet, arguments.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let bars = if world.terminal && !arguments.quiet { Bars::OnStderr } else { Bars::Off };
        let style = Style { colour: world.colour, bars, verbosity };
        let console = Console::new(Box::new(std::io::stderr()), style, outputs.named()).with_rerun(rerun);
        let junit = outputs.junit.iter().map(|path| Box::new(JunitFile::create(path)) as Box<dyn Reporter>);
        let events = outputs.events.iter().map(|path| Box::new(EventLog::create(path)) as Box<dyn Reporter>);
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
            output::fail(failure);
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

/// How this run was begun; `None` where the command line holds a secret.
fn rerun(subject: &Subject, redactor: &Redactor) -> Option<Rerun> {
    let job = subject.job.display().to_string();
    let job = if job.starts_with('-') { format!("./{job}") } else { job };
    let mut words = vec!["runner".to_owned(), "run".to_owned(), job];
    words.extend(subject.testbed.iter().flat_map(|file| ["--testbed".to_owned(), file.display().to_string()]));
    words.extend(subject.vars.iter().flat_map(|var| ["--var".to_owned(), var.clone()]));
    let open = words.iter().all(|word| redactor.text(word) == *word);
    open.then(|| Rerun { words, tests: subject.tests.clone(), devices: subject.devices.clone() })
}

/// The most names of secrets that one warning holds.
const MOST_NAMED: usize = 5;

/// What stays in sight, which nobody would expect.
fn unmasked(secrets: usize, names: &[&str]) -> String {
    let (secrets, are, not) =
        if secrets == 1 { ("1 secret".to_owned(), "is", "a word") } else { (text::count(secrets, "secret"), "are", "words") };
    let shortest = Redactor::SHORTEST;
    let mut sentence = format!(
        "warning: {secrets} of the testbed {are} shorter than {shortest} characters or {not} that it uses in the open, and {are} not masked in reports"
    );
    for name in names.iter().take(MOST_NAMED) {
        sentence.push_str(&format!("\n  {name}"));
    }
    if names.len() > MOST_NAMED {
        sentence.push_str(&format!("\n  and {}", text::count(names.len() - MOST_NAMED, "other place")));
    }
    sentence
}

//! `runner report`.

use crate::cli::arguments::Report;
use crate::cli::world::World;
use crate::record::verdict::ExitStatus;
use crate::report::console::{Bars, Console, Style, Verbosity};
use crate::report::events;
use crate::report::junit::sink::JunitFile;
use crate::report::{ReportError, Reporter};
use std::io::Write;

/// Makes the reports of a logged run again; the status is what the run ended with, or would have.
pub(super) fn report(arguments: &Report, world: &World) -> ExitStatus {
    let ledger = match events::read(&arguments.events) {
        Ok(ledger) => ledger,
        Err(error) => {
            say(&error);
            return ExitStatus::NotAccepted;
        }
    };
    let style = Style { colour: world.colour, bars: Bars::Off, verbosity: Verbosity::Quiet };
    let files = arguments.junit.iter().map(|path| ("JUnit".to_owned(), path.display().to_string())).collect();
    let console = Console::new(Box::new(std::io::stderr()), style, files);
    let junit = arguments.junit.iter().map(|path| Box::new(JunitFile::create(path)) as Box<dyn Reporter>);
    let failures: Vec<ReportError> =
        junit.chain([Box::new(console) as Box<dyn Reporter>]).filter_map(|mut reporter| reporter.finish(&ledger).err()).collect();
    for failure in &failures {
        say(failure);
    }
    if failures.is_empty() { ledger.status.unwrap_or_else(|| ledger.exit_status()) } else { ExitStatus::ReportUnwritable }
}

fn say(sentence: &dyn std::fmt::Display) {
    // Nobody listens when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{sentence}");
}

//! `runner report`.

use crate::cli::arguments::Report;
use crate::cli::output;
use crate::cli::world::World;
use crate::record::verdict::ExitStatus;
use crate::report::Reporter;
use crate::report::console::{Bars, Console, Style, Verbosity};
use crate::report::events;
use crate::report::folder::EVENTS;
use crate::report::junit::sink::JunitFile;

/// Makes the reports of a logged run again; the status is what the run ended with, or would have.
pub(super) fn report(arguments: &Report, world: &World) -> ExitStatus {
    let log = if arguments.events.is_dir() { arguments.events.join(EVENTS) } else { arguments.events.clone() };
    let ledger = match events::read(&log) {
        Ok(ledger) => ledger,
        Err(error) => {
            output::fail(&error);
            return ExitStatus::NotAccepted;
        }
    };
    let style = Style { colour: world.colour, bars: Bars::Off, verbosity: Verbosity::Quiet };
    let files = arguments.junit.iter().map(|path| ("JUnit".to_owned(), path.display().to_string())).collect();
    let mut console = Console::new(Box::new(std::io::stderr()), style, files);
    let failure = arguments.junit.as_ref().and_then(|path| JunitFile::create(path).finish(&ledger).err());
    // What cannot be shown because nobody listens changes no verdict.
    let _ = console.finish(&ledger);
    if let Some(failure) = &failure {
        output::fail(failure);
        return ExitStatus::ReportUnwritable;
    }
    ledger.status.unwrap_or_else(|| ledger.exit_status())
}

//! Reports: what the events of a run look like to people and to other programs.
//!
//! Every report is a fold of events and knows nothing of how they came about: it knows `record`, never `engine`. Only the
//! sinks write, each to its own file or to the writer that it was given; nothing here reads a clock or the environment.
//! Room order: `clean`, `evidence`, `transcripts`, `folder`, `junit`, `console`, `events`.

mod clean;

mod evidence;

pub mod transcripts;

pub mod folder;

pub mod junit;

pub mod console;

pub mod events;

#[cfg(test)]
mod samples;

use crate::record::event::Event;
use crate::record::ledger::Ledger;
use std::path::PathBuf;

/// Something that tells of a run while it goes on, and at its end.
pub trait Reporter {
    /// Takes the next event in; `ledger` has folded it already. May write, never waits for anything else.
    ///
    /// # Errors
    /// The report cannot be written at all, so that a run is not worth starting. What may still succeed later is tried
    /// again and told by [`Reporter::finish`].
    fn event(&mut self, event: &Event, ledger: &Ledger) -> Result<(), ReportError>;

    /// Writes what belongs to the end. Called once, after the last event; events may have ended anywhere.
    ///
    /// # Errors
    /// The report is not complete.
    fn finish(&mut self, ledger: &Ledger) -> Result<(), ReportError>;
}

/// Why a report is not there.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Its file cannot be written.
    #[error("`{}` cannot be written: {reason}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system says, or what stands there instead of a file.
        reason: String,
    },
    /// Its document would not say what happened, so it was not written.
    #[error("`{}` is not written: {reason}", file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// What is wrong with the document.
        reason: junit::DocumentError,
    },
    /// The console's writer does not take any more.
    #[error("the console cannot be written to: {0}")]
    Console(std::io::Error),
}

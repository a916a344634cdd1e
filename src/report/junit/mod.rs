//! The JUnit document: one suite for the job, one case for every cell, in plan order, in the shape that most readers show
//! best.
//!
//! Crate `junit-report` carries the model and writes it. What it cannot say is added to its bytes afterwards, and the
//! result is read back and compared with what was meant before anyone may have it. Only `sink` touches files.
//! Room order: `suite`, `names`, `document`, `fit`, `write`, `verify`, `sink`.

mod suite;

mod names;

mod document;

mod fit;

mod write;

mod verify;

pub mod sink;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;

use crate::record::event::RunHead;
use crate::record::ledger::Ledger;
use suite::Suite;

/// What bounds a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The most bytes of a whole document. Texts shrink to fit; cases never go, so that a run with very many of them may
    /// take more.
    pub largest_document: usize,
    /// The most bytes of one case's output, and of its explanation.
    pub largest_output: usize,
}

impl Default for Settings {
    /// 20 MB, 64 KiB: below what any known reader refuses (GitLab: 30 MB a file; libxml2: 10 MB a text).
    fn default() -> Self {
        Self { largest_document: 20_000_000, largest_output: 64 * 1024 }
    }
}

/// Why a document was not made.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The model was not accepted.
    #[error("the document cannot be made: {0}")]
    Write(#[from] junit_report::Error),
    /// What was made is not well-formed XML.
    #[error("the document is not XML: {0}")]
    Malformed(#[from] quick_xml::Error),
    /// What was made cannot be in a document like this.
    #[error("the document holds {0}, which does not belong there")]
    Foreign(String),
    /// What was made says something else than what was meant.
    #[error("the document holds {found} where {meant} was meant ({what})")]
    Different {
        /// Which part differs.
        what: String,
        /// What was meant.
        meant: String,
        /// What is there.
        found: String,
    },
}

/// Makes the whole document of a run, as far as it is known: cells that did not end are errors. The same ledger gives
/// the same bytes.
///
/// # Errors
/// What was made does not say what was meant.
pub fn document(ledger: &Ledger, settings: &Settings) -> Result<String, DocumentError> {
    match &ledger.head {
        Some(head) => finished(document::of_run(head, ledger, settings), settings),
        None => finished(document::of_nothing(settings), settings),
    }
}

/// Makes the document of a run that did not begin: the file of `head` was not accepted, or nothing in it was selected.
/// `diagnostics` says why, its first line before everything else.
///
/// # Errors
/// What was made does not say what was meant.
pub fn rejected(head: &RunHead, diagnostics: &str) -> Result<String, DocumentError> {
    let settings = Settings::default();
    finished(document::of_rejected(head, diagnostics, &settings), &settings)
}

fn finished(mut suite: Suite, settings: &Settings) -> Result<String, DocumentError> {
    fit::fit(&mut suite, settings.largest_document);
    let xml = write::write(&suite)?;
    verify::verify(&xml, &suite)?;
    Ok(xml)
}

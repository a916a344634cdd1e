//! A file that was not accepted, as an error.

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::load::Loaded;
use std::error::Error;
use std::fmt;

/// Why a file was not accepted: shown as one line for each error, `lab.yaml:3:5: ...`, without the text of the file, which may
/// hold secrets. It is shown so by `{:?}` as well, for programs whose `main` returns it.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Everything that was noticed, in the order of the text: at least one error, and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Loaded<T> {
    /// The value alone, or the errors as one error. Warnings go with the rest: who wants them reads
    /// [`Loaded::diagnostics`] first.
    ///
    /// # Errors
    /// The file was not accepted.
    pub fn accepted(self) -> Result<T, Rejected> {
        let Self { value, diagnostics, .. } = self;
        value.ok_or(Rejected { diagnostics })
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        for (number, error) in errors.enumerate() {
            f.write_str(if number == 0 { "" } else { "\n" })?;
            if let Some(place) = &error.place {
                write!(f, "{place}: ")?;
            }
            f.write_str(&error.message)?;
            for hint in &error.hints {
                write!(f, " ({hint})")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Error for Rejected {}

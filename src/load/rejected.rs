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

#[cfg(test)]
mod tests {
    use crate::load::{Environment, job_text, testbed_text};
    use expect_test::expect;
    use std::path::Path;

    #[test]
    fn every_error_is_a_line_and_no_line_of_the_file_is_shown() {
        let text = "devices:\n  r1: {conections: {}, credentials: {default: {password: hunter22, username: [x]}}}\n  r2: [x]\n";
        let rejected = testbed_text(text, "lab.yaml", Path::new("/"), &Environment::default()).accepted().expect_err("two errors");
        expect![[r#"
            lab.yaml:2:78: `username` wants text, found a list
            lab.yaml:3:7: a device must be a mapping, found a list
        "#]]
        .assert_eq(&format!("{rejected}\n"));
        assert_eq!(format!("{rejected:?}"), rejected.to_string());
        assert!(!rejected.to_string().contains("hunter22"));
        let hinted = job_text("jobb: x\ntests: []\n", "job.yaml", Path::new("/")).accepted().expect_err("a slip");
        assert!(hinted.to_string().contains("(did you mean `job`?)"), "{hinted}");
    }

    #[test]
    fn what_is_only_warned_of_is_accepted() {
        let loaded = testbed_text("devices: {r1: {conection: x}}", "lab.yaml", Path::new("/"), &Environment::default());
        assert!(!loaded.diagnostics.is_empty() && loaded.accepted().is_ok());
    }
}

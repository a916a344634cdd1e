//! Where a run leaves its reports.

use crate::cli::arguments::Run;
use crate::report::ReportError;
use crate::report::folder::RunFolder;
use std::path::{Path, PathBuf};

/// The files of a run, and its folder, which is locked as long as this lives.
#[derive(Debug)]
pub(super) struct Outputs {
    pub(super) junit: Option<PathBuf>,
    pub(super) events: Option<PathBuf>,
    pub(super) folder: Option<RunFolder>,
}

impl Outputs {
    /// Makes the folder of the run where one is wanted.
    ///
    /// # Errors
    /// It cannot be made or used.
    pub(super) fn create(arguments: &Run) -> Result<Self, ReportError> {
        let folder = arguments.output.as_deref().map(RunFolder::create).transpose()?;
        let or = |own: &Option<PathBuf>, within: fn(&RunFolder) -> PathBuf| own.clone().or_else(|| folder.as_ref().map(within));
        let (junit, events) = (or(&arguments.junit, RunFolder::junit), or(&arguments.events, RunFolder::events));
        Ok(Self { junit, events, folder })
    }

    /// What the console names at its end: what it is, and where.
    pub(super) fn named(&self) -> Vec<(String, String)> {
        let folder = self.folder.as_ref().map(RunFolder::path);
        let all = [("JUnit", self.junit.as_deref()), ("events", self.events.as_deref()), ("run folder", folder)];
        let named = |(kind, path): (&str, Option<&Path>)| Some((kind.to_owned(), path?.display().to_string()));
        all.into_iter().filter_map(named).collect()
    }
}

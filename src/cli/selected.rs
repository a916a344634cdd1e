//! The devices of a testbed that a command line selects.

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::cli::arguments::Subject;
use crate::cli::inputs;
use crate::cli::world::World;
use crate::engine::plan::Selection;
use crate::load::{self, Environment};
use crate::model::testbed::Testbed;
use clap::Args;
use std::path::PathBuf;

/// A testbed and which of its devices are meant.
#[derive(Debug, Clone, Args)]
pub(super) struct Selected {
    /// A testbed's YAML file; or a job's, which means the testbed of that job.
    #[arg(value_name = "TESTBED|JOB")]
    pub(super) file: PathBuf,

    /// Only these devices: names, aliases or globs.
    #[arg(long = "device", visible_alias = "devices", value_name = "PATTERN", value_delimiter = ',')]
    pub(super) devices: Vec<String>,

    /// Reach them by this path instead of the usual one; several are tried in order.
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    pub(super) via: Vec<String>,
}

/// A testbed that was read, or `None` after errors, and everything that was said on the way.
pub(super) struct Found {
    pub(super) testbed: Option<Testbed>,
    pub(super) complaints: Vec<Diagnostic>,
    /// The testbed's file or name, for reports.
    pub(super) named: String,
}

impl Selected {
    pub(super) fn selection(&self) -> Selection {
        Selection { devices: self.devices.clone(), ..Selection::default() }
    }

    /// Loads the testbed. Opens nothing.
    pub(super) fn load(&self, world: &World) -> Found {
        let mut found = if load::is_job(&self.file) { self.of_job(world) } else { self.testbed(world) };
        let broken = found.complaints.iter().any(|complaint| complaint.severity == Severity::Error);
        found.testbed = found.testbed.filter(|_| !broken);
        found.complaints = inputs::in_order(found.complaints);
        found
    }

    fn testbed(&self, world: &World) -> Found {
        let loaded = load::testbed(&self.file, &self.file.display().to_string(), &Environment(world.env.clone()));
        Found { testbed: loaded.value, complaints: loaded.diagnostics, named: world.in_repository(&self.file) }
    }

    fn of_job(&self, world: &World) -> Found {
        let loaded = load::job(&self.file, &self.file.display().to_string());
        let mut complaints = loaded.diagnostics;
        let named = world.in_repository(&self.file);
        let Some(job) = loaded.value else { return Found { testbed: None, complaints, named } };
        if job.testbed.is_none() {
            let complaint = Diagnostic::error(&job.name.place, "this job names no testbed");
            complaints.push(complaint.hint("give the testbed's file instead"));
            return Found { testbed: None, complaints, named };
        }
        let subject = Subject { job: self.file.clone(), ..Subject::default() };
        let (testbed, named) = inputs::testbed(&subject, &job, world, &mut complaints);
        Found { testbed, complaints, named }
    }
}

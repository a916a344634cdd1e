//! The devices of a testbed that a command line selects.

use crate::base::Data;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::cli::arguments::Subject;
use crate::cli::world::World;
use crate::cli::{ask, inputs, order};
use crate::engine::plan::{self, Selection};
use crate::load::{self, Environment, Given};
use crate::model::testbed::Testbed;
use crate::record::redact::Redactor;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use indexmap::IndexMap;
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

    /// Set a variable, as for `runner run`; the testbed reads it by `%CLI{NAME}`.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = NonEmptyStringValueParser::new())]
    pub(super) vars: Vec<String>,

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
    /// What masks its secrets.
    pub(super) redactor: Redactor,
}

impl Found {
    fn new(testbed: Option<Testbed>, complaints: Vec<Diagnostic>, named: String) -> Self {
        let redactor = testbed.as_ref().map(plan::redactor).unwrap_or_default();
        Self { testbed, complaints, named, redactor }
    }
}

impl Selected {
    pub(super) fn selection(&self) -> Selection {
        Selection { devices: self.devices.clone(), ..Selection::default() }
    }

    /// Loads the testbed. Opens nothing.
    pub(super) fn load(&self, world: &World) -> Found {
        let mut complaints = Vec::new();
        let vars = inputs::overrides(&self.vars, &mut complaints);
        let mut found = if load::is_job(&self.file) { self.of_job(world, &vars) } else { self.testbed(world, &vars) };
        found.complaints.extend(complaints);
        let broken = found.complaints.iter().any(|complaint| complaint.severity == Severity::Error);
        found.testbed = found.testbed.filter(|_| !broken);
        found.complaints = order::in_order(found.complaints);
        found
    }

    fn testbed(&self, world: &World, vars: &IndexMap<String, Data>) -> Found {
        let environment = Environment(world.env.clone());
        let given = Given { env: &environment, vars: Some(vars), ask: Some(&ask::secretly) };
        let loaded = load::testbed(&self.file, &self.file.display().to_string(), given);
        Found::new(loaded.value, loaded.diagnostics, world.in_repository(&self.file))
    }

    fn of_job(&self, world: &World, vars: &IndexMap<String, Data>) -> Found {
        let loaded = load::job(&self.file, &self.file.display().to_string());
        let mut complaints = loaded.diagnostics;
        let named = world.in_repository(&self.file);
        let Some(job) = loaded.value else { return Found::new(None, complaints, named) };
        if job.testbed.is_none() {
            let complaint = Diagnostic::error(&job.name.place, "this job names no testbed");
            complaints.push(complaint.hint("give the testbed's file instead"));
            return Found::new(None, complaints, named);
        }
        let subject = Subject { job: self.file.clone(), ..Subject::default() };
        let (testbed, named) = inputs::testbed(&subject, &job, world, (vars, &mut complaints));
        Found::new(testbed, complaints, named)
    }
}

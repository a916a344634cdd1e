//! What a plan is made of.

use crate::base::Data;
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::engine::plan::broken::Broken;
use crate::engine::plan::select::Selection;
use crate::model::job::Job;
use crate::model::testbed::Testbed;
use indexmap::IndexMap;

/// Everything that a plan is made of.
pub struct Inputs<'a> {
    /// The job.
    pub job: &'a Job,
    /// The testbed.
    pub testbed: &'a Testbed,
    /// The classes there are.
    pub registry: &'a Registry,
    /// What the process knows of its user.
    pub surroundings: &'a Surroundings,
    /// What the command line leaves of the job.
    pub selection: &'a Selection,
    /// `--var`: stronger than every other variable.
    pub overrides: IndexMap<String, Data>,
    /// What templates see as `env`.
    pub env: Data,
    /// What templates see as `run`.
    pub run: Data,
    /// The job's file, as reports name it.
    pub file: String,
    /// What of the files could not be read. Only complaints are wanted then, and none that only follow from that.
    pub broken: Broken,
}

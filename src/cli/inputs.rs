//! Loads a job and its testbed, and makes the plan.

use crate::base::Data;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::cli::arguments::Subject as Arguments;
use crate::cli::world::World;
use crate::connect::login::Surroundings;
use crate::connect::registry::Registry;
use crate::engine::plan::{self, Plan, Selection};
use crate::load::{self, Environment};
use crate::model::job::Job;
use crate::model::testbed::Testbed;
use indexmap::IndexMap;
use std::io::Write;
use std::path::Path;

/// A plan, or `None` after errors, and everything that was said on the way.
pub(super) struct Accepted {
    pub(super) plan: Option<Plan>,
    pub(super) complaints: Vec<Diagnostic>,
    /// The testbed's file or name, for reports.
    pub(super) testbed: String,
}

/// Loads and checks everything. Opens no connection and runs nothing.
pub(super) fn accept(arguments: &Arguments, world: &World) -> Accepted {
    let mut complaints = Vec::new();
    let overrides = overrides(&arguments.vars, &mut complaints);
    let loaded = load::job(&arguments.job, &arguments.job.display().to_string());
    complaints.extend(loaded.diagnostics);
    let Some(job) = loaded.value else {
        return Accepted { plan: None, complaints, testbed: String::new() };
    };
    let (testbed, named) = testbed(arguments, &job, world, &mut complaints);
    let errors = |complaints: &[Diagnostic]| complaints.iter().any(|complaint| complaint.severity == Severity::Error);
    let plan = match testbed {
        Some(testbed) => {
            let (plan, said) = build(arguments, &job, &testbed, overrides, world);
            complaints.extend(said);
            plan.filter(|_| !errors(&complaints))
        }
        None => None,
    };
    Accepted { plan, complaints, testbed: named }
}

fn build(
    arguments: &Arguments,
    job: &Job,
    testbed: &Testbed,
    overrides: IndexMap<String, Data>,
    world: &World,
) -> (Option<Plan>, Vec<Diagnostic>) {
    plan::build(&plan::Inputs {
        job,
        testbed,
        registry: &Registry::standard(),
        surroundings: &Surroundings { home: world.home.clone() },
        selection: &Selection { devices: arguments.devices.clone(), tests: arguments.tests.clone() },
        overrides,
        env: Data::Object(world.env.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()),
        run: serde_json::json!({"id": world.run_id, "start": world.started}),
        file: world.in_repository(&arguments.job),
    })
}

/// The testbed that the command line names, else the job's, else none at all, which is enough for local steps.
fn testbed(arguments: &Arguments, job: &Job, world: &World, complaints: &mut Vec<Diagnostic>) -> (Option<Testbed>, String) {
    let environment = Environment(world.env.clone());
    let (loaded, named) = match (&arguments.testbed, &job.testbed) {
        (Some(file), _) => (load::testbed(file, &file.display().to_string(), &environment), world.in_repository(file)),
        (None, Some(written)) => match written.text() {
            Some(path) => {
                let file = job.folder.join(path);
                let loaded = load::testbed(&file, &shown(&file), &environment);
                (loaded, world.in_repository(&file))
            }
            None => (load::testbed_inline(written, &job.folder, &environment), job.name.value.clone()),
        },
        (None, None) => (load::testbed_text("devices: {}", "no testbed", &job.folder, &environment), "none".to_owned()),
    };
    complaints.extend(loaded.diagnostics);
    (loaded.value, named)
}

/// A path for messages, without a leading `./`.
fn shown(file: &Path) -> String {
    let text = file.display().to_string();
    text.strip_prefix("./").map_or(text.clone(), str::to_owned)
}

/// Reads `--var NAME=VALUE`, each value as YAML.
fn overrides(vars: &[String], complaints: &mut Vec<Diagnostic>) -> IndexMap<String, Data> {
    let mut overrides = IndexMap::new();
    for var in vars {
        match var.split_once('=') {
            Some((name, value)) if !name.is_empty() => match load::data(value) {
                Ok(value) => {
                    overrides.insert(name.to_owned(), value);
                }
                Err(error) => complaints.push(Diagnostic::unplaced(format!("`--var {name}`: {error}"))),
            },
            _ => complaints.push(Diagnostic::unplaced(format!("`--var {var}` has no value")).hint("write `--var NAME=VALUE`")),
        }
    }
    overrides
}

/// Shows complaints on standard error, and gives them back as plain text for reports.
pub(super) fn complain(complaints: &[Diagnostic], world: &World) -> String {
    let mut stderr = std::io::stderr().lock();
    let mut plain = String::new();
    for complaint in complaints {
        // Nobody listens when standard error is closed.
        let _ = writeln!(stderr, "{}", complaint.render(world.colour));
        plain.push_str(&complaint.render(crate::base::diagnostic::Colour::Plain));
        plain.push('\n');
    }
    plain
}

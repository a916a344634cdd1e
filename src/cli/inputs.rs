//! Loads a job and its testbed, and makes the plan.

use crate::base::Data;
use crate::base::diagnostic::{Colour, Diagnostic};
use crate::cli::arguments::Subject as Arguments;
use crate::cli::world::{self, World};
use crate::cli::{ask, files, order};
use crate::connect::registry::Registry;
use crate::engine::plan::{self, Plan, Selection};
use crate::load::{self, Environment, Given};
use crate::model::job::Job;
use crate::model::testbed::Testbed;
use crate::record::redact::Redactor;
use indexmap::IndexMap;
use std::io::Write;

/// A plan, or `None` after errors, and everything that was said on the way.
pub(super) struct Accepted {
    pub(super) plan: Option<Plan>,
    /// The job, where it could be read.
    pub(super) job: Option<Job>,
    pub(super) complaints: Vec<Diagnostic>,
    /// The testbed's file or name, for reports.
    pub(super) testbed: String,
    /// What takes the testbed's secrets out of what is said.
    pub(super) redactor: Redactor,
}

/// Loads and checks everything. Opens no connection and runs nothing.
pub(super) fn accept(arguments: &Arguments, world: &World) -> Accepted {
    let mut complaints = Vec::new();
    let overrides = overrides(&arguments.vars, &mut complaints);
    let loaded = load::job(&arguments.job, &arguments.job.display().to_string());
    complaints.extend(loaded.diagnostics);
    let Some(job) = loaded.value.or(loaded.remains) else {
        return Accepted { plan: None, job: None, complaints, testbed: String::new(), redactor: Redactor::default() };
    };
    let (testbed, named) = testbed(arguments, &job, world, (&overrides, &mut complaints));
    let Some(testbed) = testbed else {
        return Accepted { plan: None, job: Some(job), complaints, testbed: named, redactor: Redactor::default() };
    };
    let redactor = plan::redactor(&testbed);
    let broken = plan::Broken::of(&complaints);
    let (plan, said) = plan::build(&plan::Inputs {
        job: &job,
        testbed: &testbed,
        registry: &Registry::standard(),
        surroundings: &world.surroundings(),
        selection: &Selection { devices: arguments.devices.clone(), tests: arguments.tests.clone(), tags: arguments.tags.clone() },
        overrides,
        env: Data::Object(world.env.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()),
        run: serde_json::json!({"id": world.run_id, "start": world.started}),
        file: world.in_repository(&arguments.job),
        broken,
    });
    complaints.extend(said);
    let missing = plan.as_ref().map(|plan| files::missing(plan, &testbed)).unwrap_or_default();
    let plan = plan.filter(|_| missing.is_empty());
    complaints.extend(missing);
    Accepted { plan, job: Some(job), complaints: order::in_order(complaints), testbed: named, redactor }
}

/// The testbed that the command line names, else the job's, else none at all, which is enough for local steps.
pub(super) fn testbed(
    arguments: &Arguments,
    job: &Job,
    world: &World,
    (vars, complaints): (&IndexMap<String, Data>, &mut Vec<Diagnostic>),
) -> (Option<Testbed>, String) {
    let environment = Environment(world.env.clone());
    let given = Given { env: &environment, vars: Some(vars), ask: Some(&ask::secretly) };
    let (loaded, named) = match (&arguments.testbed, &job.testbed) {
        (Some(file), _) => (load::testbed(file, &file.display().to_string(), given), world.in_repository(file)),
        (None, Some(written)) => match written.text() {
            Some(path) => {
                let file = job.folder.join(path);
                let loaded = load::testbed(&file, &world::shown(&file), given);
                (loaded, world.in_repository(&file))
            }
            None => (load::testbed_inline(written, &job.folder, given), job.name.value.clone()),
        },
        (None, None) => (load::testbed_text("devices: {}", "no testbed", &job.folder, given), "none".to_owned()),
    };
    complaints.extend(loaded.diagnostics);
    (loaded.value.or(loaded.remains), named)
}

/// Reads `--var NAME=VALUE`, each value as YAML.
pub(super) fn overrides(vars: &[String], complaints: &mut Vec<Diagnostic>) -> IndexMap<String, Data> {
    let mut overrides = IndexMap::new();
    for var in vars {
        match over(var) {
            Ok((name, value)) => {
                overrides.insert(name, value);
            }
            Err(complaint) => complaints.push(*complaint),
        }
    }
    overrides
}

fn over(var: &str) -> Result<(String, Data), Box<Diagnostic>> {
    let Some((name, value)) = var.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err(Box::new(Diagnostic::unplaced(format!("`--var {var}` has no value")).hint("write `--var NAME=VALUE`")));
    };
    load::check_variable(name).map_err(|mistake| {
        let complaint = Diagnostic::unplaced(format!("`--var {name}`: {mistake}"));
        Box::new(mistake.hint().into_iter().fold(complaint, Diagnostic::hint))
    })?;
    let value = load::data(value).map_err(|error| Box::new(Diagnostic::unplaced(format!("`--var {name}`: {error}"))))?;
    Ok((name.to_owned(), value))
}

/// Shows complaints on standard error without secrets, and gives them back as plain text for reports.
pub(super) fn complain(complaints: &[Diagnostic], redactor: &Redactor, world: &World) -> String {
    let mut stderr = std::io::stderr().lock();
    let mut plain = String::new();
    for complaint in complaints {
        let said = complaint.render(Colour::Plain);
        // The line of a file that is shown may hold a secret; then its colours go with it.
        let masked = redactor.sentence(&said);
        let shown = if masked == said { complaint.render(world.colour) } else { masked.clone() };
        // Nobody listens when standard error is closed.
        let _ = writeln!(stderr, "{shown}");
        plain.push_str(&masked);
        plain.push('\n');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_of_the_command_line_needs_a_name_that_templates_can_use() {
        for (var, said) in [
            ("count=3", ""),
            ("_a1=", ""),
            ("count", "`--var count` has no value"),
            ("=3", "`--var =3` has no value"),
            ("item=9", "`--var item`: `item` is reserved: it cannot be the name of a variable"),
            ("device=r1", "`--var device`: `device` is reserved: it cannot be the name of a variable"),
            ("env={}", "`--var env`: `env` is reserved: it cannot be the name of a variable"),
            ("a-b=1", "`--var a-b`: `a-b` cannot be the name of a variable"),
            ("1a=1", "`--var 1a`: `1a` cannot be the name of a variable"),
            ("not=1", "`--var not`: `not` is a word of expressions: it cannot be the name of a variable"),
        ] {
            let mut complaints = Vec::new();
            let set = overrides(&[var.to_owned()], &mut complaints);
            assert_eq!(complaints.first().map_or("", |complaint| complaint.message.as_str()), said, "{var}");
            assert_eq!(set.len() + complaints.len(), 1, "{var}");
        }
    }
}

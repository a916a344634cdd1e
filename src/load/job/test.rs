//! One test.

use super::devices::devices;
use super::{Context, matrix, names, step};
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::Dialect;
use crate::model::job::Test;
use crate::model::step::{Action, Step};
use crate::model::yaml::Yaml;

/// Words of a test that this version lacks.
const LATER: [&str; 5] = ["retries", "known_issue", "on_failure", "flaky", "retry"];

/// Reads one test.
pub(super) fn read(yaml: &Yaml, context: &Context<'_>) -> Option<Test> {
    let complaints = context.complaints;
    let mut fields = Fields::of(yaml, "a test", Dialect::Job, complaints)?;
    fields.require("name");
    fields.require("steps");
    let name = fields.filled("name");
    let written = fields.filled("id");
    let id = id(name.as_ref(), written, complaints);
    let test = Test {
        name: name.clone().unwrap_or_else(|| Placed::new(String::new(), yaml.place.clone())),
        place: yaml.place.clone(),
        id: id.clone().unwrap_or_else(|| Placed::new(String::new(), yaml.place.clone())),
        tags: fields.texts("tags"),
        devices: fields.take("devices").and_then(|entry| devices(&entry.value, complaints)),
        matrix: matrix::read(&mut fields),
        requires: fields.texts("requires"),
        when: fields.filled("when"),
        needs: fields.texts("needs"),
        locks: fields.texts("lock"),
        timeout: fields.limit("timeout"),
        vars: names::variables(&mut fields, "vars"),
        setup: step::steps(&mut fields, "setup", context),
        steps: step::required(&mut fields, context),
        teardown: step::steps(&mut fields, "teardown", context),
    };
    fields.unsupported(&LATER);
    fields.finish();
    if !test.steps.is_empty() && !test.steps.iter().any(can_fail) {
        let message = "this test checks nothing: none of its steps asks or asserts anything";
        complaints.error(&test.name.place, message);
    }
    // Without name or id there is nothing to compare with other tests; both were complained about.
    (name.is_some() && id.is_some()).then_some(test)
}

fn id(name: Option<&Placed<String>>, written: Option<Placed<String>>, complaints: &Complaints) -> Option<Placed<String>> {
    if let Some(id) = written {
        names::id(&id, complaints);
        return Some(id);
    }
    let name = name?;
    let slug = names::slug(&name.value);
    if slug.is_empty() {
        let message = format!("no id can be made of the name `{}`", name.value);
        complaints.add(Diagnostic::error(&name.place, message).hint("give the test an `id`"));
        return None;
    }
    Some(Placed::new(slug, name.place.clone()))
}

/// Whether a step can end otherwise than well by what it asks.
fn can_fail(step: &Step) -> bool {
    match &step.action.value {
        Action::Execute(_) | Action::Configure(_) | Action::Connect(_) | Action::Shell(_) | Action::Assert | Action::Fail(_) => true,
        Action::Group { steps, always, .. } => steps.iter().chain(always).any(can_fail),
        // Only an error that is expected is asked for.
        Action::Disconnect(_) | Action::Destroy(_) => step.expect_error.is_some(),
        Action::Set(_) | Action::Log(_) | Action::Wait(_) | Action::Skip(_) => false,
    }
}

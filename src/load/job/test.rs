//! One test.

use super::{Context, matrix, names, step};
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::model::job::{Devices, Test};
use crate::model::step::{Action, Step};
use crate::model::yaml::{Entry, Kind, Yaml};

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
        Action::Execute(_) | Action::Configure(_) | Action::Shell(_) | Action::Assert | Action::Fail(_) => true,
        Action::Group { steps, always, .. } => steps.iter().chain(always).any(can_fail),
        Action::Set(_) | Action::Log(_) | Action::Wait(_) | Action::Skip(_) => false,
    }
}

fn devices(yaml: &Yaml, complaints: &Complaints) -> Option<Devices> {
    match &yaml.kind {
        Kind::Scalar(scalar) if scalar.text == "all" && !scalar.quoted => Some(Devices::All(yaml.place.clone())),
        Kind::Scalar(_) | Kind::List(_) => {
            let names = scalar::texts(yaml, "devices", complaints);
            if let Some(all) = names.iter().find(|name| name.value == "all") {
                let message = "`all` in a list is the name of a device";
                complaints.add(Diagnostic::warning(&all.place, message).hint("every device is `devices: all`"));
            }
            Some(Devices::Named(names))
        }
        Kind::Map(entries) if entries.is_empty() => {
            complaints.error(&yaml.place, "`devices` is an empty mapping, which would select every device or none");
            None
        }
        Kind::Map(entries) => match entries.iter().find(|entry| entry.key.value == "where") {
            Some(entry) => condition(entry, entries, complaints),
            None => Some(Devices::Attributes(attributes(entries, complaints))),
        },
    }
}

fn condition(entry: &Entry, entries: &[Entry], complaints: &Complaints) -> Option<Devices> {
    if let Some(other) = entries.iter().find(|other| other.key.value != "where") {
        let message = format!("`{}` cannot stand beside `where`", other.key.value);
        complaints.add(Diagnostic::error(&other.key.place, message).hint("make it a part of the expression"));
        return None;
    }
    scalar::filled(&entry.value, "where", complaints).map(Devices::Where)
}

fn attributes(entries: &[Entry], complaints: &Complaints) -> Vec<Entry> {
    for entry in entries {
        scalar::texts(&entry.value, &entry.key.value, complaints);
    }
    entries.to_vec()
}

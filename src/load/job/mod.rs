//! Jobs: exactly what the model can hold. A word of the language that this version lacks is an error at its key. Room
//! order: `names`, `vacuous`, `operator`, `assertion`, `capture`, `retry`, `devices`, `connect`, `expect`, `action`, `step`,
//! `matrix`, `test`.

mod names;

mod vacuous;

mod operator;

mod assertion;

mod capture;

mod retry;

mod devices;

mod connect;

mod expect;

mod action;

mod step;

mod matrix;

mod test;

#[cfg(test)]
mod tests;

pub use names::{NameError, RESERVED, check_variable};

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::model::job::{Defaults, Job, Order, Test};
use crate::model::yaml::{Kind, Yaml};
use std::collections::HashMap;
use std::path::Path;

/// Words of a job that this version lacks.
const LATER: [&str; 6] = ["secrets", "include", "procedures", "on_failure", "matrix", "flaky"];

/// What steps need to know of the job around them.
pub(super) struct Context<'a> {
    /// Where complaints go.
    complaints: &'a Complaints,
    /// Whether `defaults.retry` bounds retrying, so that a step's own `retry` need not.
    bounded: bool,
    /// Whether `defaults.retry` has a `backoff`, which a step's own `max_every` may bound.
    backs_off: bool,
}

/// Reads a job from its tree.
pub(super) fn read(yaml: &Yaml, folder: &Path, complaints: &Complaints) -> Option<Job> {
    let mut fields = Fields::of(yaml, "a job", Dialect::Job, complaints)?;
    let is_job = fields.has("job") || fields.has("tests");
    if let Some(devices) = fields.entries().iter().find(|entry| entry.key.value == "devices" && !is_job) {
        let diagnostic = Diagnostic::error(&devices.key.place, "this is a testbed, not a job");
        complaints.add(diagnostic.hint("`runner devices` reads a testbed alone; a job names its testbed under `testbed`"));
        return None;
    }
    fields.require("job");
    fields.require("tests");
    let defaults = defaults(&mut fields);
    let bounded = defaults.retry.within.is_some() || defaults.retry.attempts.is_some();
    let context = Context { complaints, bounded, backs_off: defaults.retry.backoff.is_some() };
    let name = fields.filled("job");
    let job = Job {
        name: name.unwrap_or_else(|| Placed::new(String::new(), yaml.place.clone())),
        place: Place::new(yaml.place.source(), 0..0),
        folder: folder.to_path_buf(),
        description: fields.text("description").map(|text| text.value),
        testbed: testbed(&mut fields),
        vars: names::variables(&mut fields, "vars"),
        order: order(&mut fields),
        timeout: fields.limit("timeout"),
        defaults,
        setup: step::steps(&mut fields, "setup", &context),
        tests: tests(&mut fields, &context),
        teardown: step::steps(&mut fields, "teardown", &context),
    };
    fields.unsupported(&LATER);
    fields.finish();
    Some(job)
}

fn testbed(fields: &mut Fields<'_>) -> Option<Yaml> {
    let entry = fields.take("testbed")?;
    match entry.value.kind {
        Kind::Map(_) => Some(entry.value.clone()),
        Kind::Scalar(_) => scalar::filled(&entry.value, "testbed", fields.complaints).map(|_| entry.value.clone()),
        Kind::List(_) => {
            scalar::unwanted(&entry.value, "testbed", "a path or a mapping", fields.complaints);
            None
        }
    }
}

fn order(fields: &mut Fields<'_>) -> Order {
    let words = [("sequential", Order::Sequential), ("free", Order::Free)];
    let found = fields.take("order").and_then(|entry| scalar::word(&entry.value, "order", &words, fields.complaints));
    found.map(|order| order.value).unwrap_or_default()
}

fn defaults(fields: &mut Fields<'_>) -> Defaults {
    let Some(entry) = fields.take("defaults") else { return Defaults::default() };
    let Some(mut inner) = Fields::of(&entry.value, "`defaults`", Dialect::Job, fields.complaints) else { return Defaults::default() };
    let retry = inner.take("retry").and_then(|entry| retry::read(&entry.value, fields.complaints));
    let defaults =
        Defaults { timeout: inner.limit("timeout"), retry: retry.unwrap_or_default(), reopen_after: inner.limit("reopen_after") };
    inner.finish();
    defaults
}

fn tests(fields: &mut Fields<'_>, context: &Context<'_>) -> Vec<Test> {
    let Some(entry) = fields.take("tests") else { return Vec::new() };
    let Some(items) = scalar::list(&entry.value, "tests", context.complaints) else { return Vec::new() };
    if items.is_empty() {
        context.complaints.error(&entry.value.place, "`tests` is an empty list");
    }
    let tests: Vec<Test> = items.iter().filter_map(|item| test::read(item, context)).collect();
    check_unique(&tests, context.complaints);
    tests
}

fn check_unique(tests: &[Test], complaints: &Complaints) {
    let mut names: HashMap<&str, &Test> = HashMap::new();
    let mut ids: HashMap<&str, &Test> = HashMap::new();
    for test in tests {
        let (name, id) = (test.name.value.as_str(), test.id.value.as_str());
        if let Some(first) = names.get(name) {
            let message = format!("two tests have the name `{name}`");
            complaints.add(Diagnostic::error(&test.name.place, message).also(&first.name.place, "the first is here"));
        } else if let Some(first) = ids.get(id) {
            let message = format!("two tests have the id `{id}`");
            let diagnostic = Diagnostic::error(&test.id.place, message).also(&first.id.place, "the first is here");
            complaints.add(diagnostic.hint("give one of them an `id` of its own"));
        }
        names.entry(name).or_insert(test);
        ids.entry(id).or_insert(test);
    }
}

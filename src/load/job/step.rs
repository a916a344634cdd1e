//! One step: its action, and what surrounds it.

use super::devices::devices;
use super::{Context, action, assertion, capture, expect, retry};
use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::model::assertion::{Assertion, Source};
use crate::model::step::{Action, Parallel, Step};
use crate::model::yaml::{Kind, Yaml};

/// Words around an action that this version lacks.
const LATER: [&str; 10] = ["with", "allow_errors", "export", "all_agree", "on_failure", "matrix", "lock", "needs", "retries", "tolerances"];

/// The widest that a step may be told to fan out.
const MOST_AT_ONCE: u32 = 10_000;

/// Reads a list of steps under `key`; none where nothing is said.
pub(super) fn steps(fields: &mut Fields<'_>, key: &'static str, context: &Context<'_>) -> Vec<Step> {
    let items = fields.take(key).and_then(|entry| scalar::list(&entry.value, key, context.complaints));
    items.unwrap_or_default().iter().filter_map(|item| read(item, context)).collect()
}

/// Reads `steps`, which must not be empty.
pub(super) fn required(fields: &mut Fields<'_>, context: &Context<'_>) -> Vec<Step> {
    let entry = fields.entries().iter().find(|entry| entry.key.value == "steps");
    if let Some(entry) = entry
        && matches!(&entry.value.kind, Kind::List(items) if items.is_empty())
    {
        context.complaints.error(&entry.value.place, "`steps` is an empty list");
    }
    steps(fields, "steps", context)
}

fn read(yaml: &Yaml, context: &Context<'_>) -> Option<Step> {
    let complaints = context.complaints;
    let mut fields = Fields::of(yaml, "a step", Dialect::Job, complaints)?;
    let action = action::read(&mut fields, context);
    let assertions = fields.take("assert").map(|entry| Placed::new(assertion::list(&entry.value, complaints), entry.key.place.clone()));
    let retry_entry = fields.take("retry");
    let parallel_entry = fields.take("parallel");
    let step = Step {
        place: yaml.place.clone(),
        name: fields.filled("name"),
        action: Placed::new(Action::Assert, yaml.place.clone()),
        device: fields.filled("device"),
        devices: fields.take("devices").and_then(|entry| devices(&entry.value, complaints)),
        alias: fields.filled("alias"),
        timeout: fields.limit("timeout"),
        when: fields.filled("when"),
        repeat: fields.take("loop").and_then(|entry| repeat(&entry.value, complaints)),
        parallel: parallel_entry.and_then(|entry| parallel(&entry.value, complaints)),
        retry: retry_entry.and_then(|entry| retry::of_step(entry, context)),
        parse: fields.take("parse").and_then(|entry| capture::parse(&entry.value, complaints)),
        capture: fields.take("capture").and_then(|entry| capture::read(&entry.value, complaints)),
        assertions,
        expect_error: fields.take("expect_error").and_then(|entry| expect::read(entry, complaints)),
        continue_on_failure: fields.flag("continue_on_failure"),
        idempotent: fields.flag("idempotent"),
        sensitive: fields.flag("sensitive"),
    };
    let step = action.map(|action| Step { action, ..step });
    fields.unsupported(&LATER);
    fields.unsupported(&action::LATER);
    // Beside a key that is wrong, it is not known what the rest was written for.
    let understood = fields.rest().next().is_none() && !action::is_later(&fields);
    if let Some(step) = step.as_ref().filter(|_| understood) {
        check_surroundings(step, &fields);
        if let Some(entry) = parallel_entry {
            check_parallel(step, &entry.key.place, complaints);
        }
        if let Some(entry) = retry_entry {
            retry::check_repeatable(step, &entry.key.place, complaints);
        }
    }
    action::check_any(&fields);
    fields.finish();
    step
}

/// Complains about keys that the action gives nothing to do.
fn check_surroundings(step: &Step, fields: &Fields<'_>) {
    let action = &step.action.value;
    let idle: &[&str] = match action {
        Action::Execute(_) | Action::Configure(_) => &[],
        Action::Connect(_) => &["assert", "parse", "capture", "sensitive", "alias", "idempotent"],
        Action::Disconnect(_) | Action::Destroy(_) => &["assert", "parse", "capture", "sensitive", "alias", "idempotent", "timeout"],
        Action::Shell(_) => &["device", "devices", "alias"],
        Action::Assert => &["parse", "capture", "retry", "device", "devices", "alias", "timeout", "expect_error"],
        Action::Set(_) | Action::Log(_) | Action::Wait(_) | Action::Fail(_) | Action::Skip(_) => {
            &["assert", "parse", "capture", "retry", "device", "devices", "alias", "timeout", "expect_error"]
        }
        Action::Group { .. } => &["assert", "parse", "capture", "sensitive", "device", "devices", "alias", "timeout", "expect_error"],
    };
    let name = action.name();
    for entry in fields.entries().iter().filter(|entry| idle.contains(&entry.key.value.as_str())) {
        let key = &entry.key.value;
        let diagnostic = Diagnostic::error(&entry.key.place, format!("`{key}` has nothing to do beside `{name}`"));
        fields.complaints.add(match action {
            Action::Group { .. } => diagnostic.hint("put it on the steps of the group"),
            Action::Connect(_) | Action::Disconnect(_) | Action::Destroy(_) if key == "alias" => {
                diagnostic.hint(format!("the alias is the value: `{name}: NAME`"))
            }
            Action::Connect(_) | Action::Disconnect(_) | Action::Destroy(_) if ["assert", "parse", "capture"].contains(&key.as_str()) => {
                diagnostic.hint("it has no answer to look at")
            }
            Action::Shell(_) => diagnostic.hint("it runs on this machine; `execute` runs a command on a device"),
            _ => diagnostic,
        });
    }
    check_devices(fields);
    if step.expect_error.is_some() {
        check_expecting(fields);
    }
    if *action == Action::Assert {
        step.assertions.iter().flat_map(|list| &list.value).for_each(|assertion| check_alone(assertion, fields.complaints));
    }
}

/// Complains about a step with one device and several.
fn check_devices(fields: &Fields<'_>) {
    let entry = |key: &str| fields.entries().iter().find(|entry| entry.key.value == key);
    if let (Some(one), Some(several)) = (entry("device"), entry("devices")) {
        let diagnostic = Diagnostic::error(&several.key.place, "a step has `device` or `devices`, not both");
        fields.complaints.add(diagnostic.also(&one.key.place, "the other is here"));
    }
}

/// Complains about keys that look at an answer, beside an error that is expected instead of one.
fn check_expecting(fields: &Fields<'_>) {
    for entry in fields.entries().iter().filter(|entry| ["assert", "parse", "capture"].contains(&entry.key.value.as_str())) {
        let message = format!("`{}` has nothing to do beside `expect_error`", entry.key.value);
        fields.complaints.add(Diagnostic::error(&entry.key.place, message).hint("where the error comes, there is no answer to look at"));
    }
}

fn check_alone(assertion: &Assertion, complaints: &Complaints) {
    if !matches!(assertion.extract.source, Source::Value(_)) {
        let diagnostic = Diagnostic::error(&assertion.extract.place, "an `assert` that stands alone has no answer to look at");
        complaints.add(diagnostic.hint("say what is looked at: `value: \"{{ name }}\"`"));
    }
}

fn check_parallel(step: &Step, place: &Place, complaints: &Complaints) {
    let wide = match &step.action.value {
        Action::Execute(commands) => commands.len() > 1,
        Action::Group { .. } => true,
        _ => false,
    };
    if !wide && step.repeat.is_none() && step.devices.is_none() {
        complaints.warning(place, "`parallel` has nothing to do: there is one command and no `loop`");
    }
}

fn repeat(yaml: &Yaml, complaints: &Complaints) -> Option<Yaml> {
    let length = match &yaml.kind {
        Kind::List(items) => items.len(),
        Kind::Map(entries) => entries.len(),
        Kind::Scalar(scalar) if scalar.value.is_string() => return scalar::filled(yaml, "loop", complaints).map(|_| yaml.clone()),
        Kind::Scalar(_) => {
            scalar::unwanted(yaml, "loop", "a list, a mapping or an expression", complaints);
            return None;
        }
    };
    if length == 0 {
        complaints.error(&yaml.place, "`loop` is empty: the step would never run");
        return None;
    }
    Some(yaml.clone())
}

fn parallel(yaml: &Yaml, complaints: &Complaints) -> Option<Placed<Parallel>> {
    let Some(scalar) = yaml.scalar().filter(|scalar| scalar.value.is_boolean()) else {
        let width = scalar::integer(yaml, "parallel", 1..=MOST_AT_ONCE, Dialect::Job, complaints)?;
        return Some(Placed::new(Parallel::AtMost(width.value), width.place));
    };
    (scalar.value == Data::Bool(true)).then(|| Placed::new(Parallel::All, yaml.place.clone()))
}

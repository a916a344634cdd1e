//! `retry`.

use super::Context;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Place;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::Dialect;
use crate::model::step::{Action, Retry, Step};
use crate::model::yaml::{Entry, Yaml};

/// Words of `retry` that this version lacks.
const LATER: [&str; 2] = ["backoff", "jitter"];

/// Reads the parts of `retry`.
pub(super) fn read(yaml: &Yaml, complaints: &Complaints) -> Option<Retry> {
    let mut fields = Fields::of(yaml, "`retry`", Dialect::Job, complaints)?;
    let retry = Retry { within: fields.limit("within"), attempts: fields.integer("attempts", 1..=u32::MAX), every: fields.length("every") };
    fields.unsupported(&LATER);
    fields.finish();
    Some(retry)
}

/// Reads the `retry` of a step, which must come to an end.
pub(super) fn of_step(entry: &Entry, context: &Context<'_>) -> Option<Retry> {
    let retry = read(&entry.value, context.complaints)?;
    let said = entry.value.get("within").is_some() || entry.value.get("attempts").is_some();
    if !said && !context.bounded {
        let diagnostic = Diagnostic::error(&entry.key.place, "`retry` needs `within` or `attempts`: nothing else would end it");
        context.complaints.add(diagnostic.hint("such as `retry: {within: 60s}`"));
        return None;
    }
    Some(retry)
}

/// Complains when a repeated action changes something, at the place of `retry`.
pub(super) fn check_repeatable(step: &Step, retry: &Place, complaints: &Complaints) {
    if let Some(place) = changing(step) {
        let diagnostic = Diagnostic::error(retry, "`retry` would repeat `configure`, which changes the device");
        let own = place == step.action.place;
        let diagnostic = if own { diagnostic } else { diagnostic.also(&place, "repeated with the group") };
        complaints.add(diagnostic.hint("where repeating it is harmless, say `idempotent: true` beside `configure`"));
    }
}

fn changing(step: &Step) -> Option<Place> {
    match &step.action.value {
        Action::Configure(_) if !step.idempotent => Some(step.action.place.clone()),
        Action::Group { steps, always, .. } => steps.iter().chain(always).find_map(changing),
        _ => None,
    }
}

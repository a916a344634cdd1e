//! `retry`.

use super::Context;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::Dialect;
use crate::model::step::{Action, Retry, Step};
use crate::model::yaml::{Entry, Yaml};

/// The most that one pause may be multiplied by.
const MOST_BACKOFF: f64 = 100.0;

/// Reads the parts of `retry`.
pub(super) fn read(yaml: &Yaml, complaints: &Complaints) -> Option<Retry> {
    let mut fields = Fields::of(yaml, "`retry`", Dialect::Job, complaints)?;
    let retry = Retry {
        within: fields.limit("within"),
        attempts: fields.integer("attempts", 1..=u32::MAX),
        every: fields.length("every"),
        backoff: fields.take("backoff").and_then(|entry| backoff(&entry.value, complaints)),
        max_every: fields.limit("max_every"),
        jitter: fields.limit("jitter"),
    };
    fields.finish();
    if let (Some(every), Some(most)) = (&retry.every, &retry.max_every)
        && most.value < every.value
    {
        let complaint = Diagnostic::error(&most.place, "`max_every` is shorter than `every`");
        complaints.add(complaint.also(&every.place, "the first pause"));
    }
    Some(retry)
}

fn backoff(yaml: &Yaml, complaints: &Complaints) -> Option<Placed<f64>> {
    let number = yaml.scalar().and_then(|scalar| scalar.value.as_f64()).filter(|number| (1.0..=MOST_BACKOFF).contains(number));
    if number.is_none() {
        let found = yaml.scalar().map_or_else(|| yaml.describe().to_owned(), |scalar| format!("`{}`", text::one_line(&scalar.text, 40)));
        complaints.error(&yaml.place, format!("`backoff` wants a number from 1 to {MOST_BACKOFF}, found {found}"));
    }
    number.map(|number| Placed::new(number, yaml.place.clone()))
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
    if let Some(most) = retry.max_every.as_ref().filter(|_| retry.backoff.is_none() && !context.backs_off) {
        let diagnostic = Diagnostic::error(&most.place, "`max_every` has nothing to do without `backoff`");
        context.complaints.add(diagnostic.hint("the pause is `every`, and only `backoff` makes it longer"));
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

//! Assertions that hold whatever a device answers, or never: each would be a test that tests nothing.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed};
use crate::load::complaints::Complaints;
use crate::load::scalar;
use crate::model::assertion::{Assertion, Comparison, Filter, Operator, Part, Source};
use crate::model::yaml::{Kind, Yaml};

/// Complains about an operator whose result is known beforehand.
pub(super) fn operator(operator: &Operator, key: &Placed<String>, complaints: &Complaints) {
    let found = match &operator.test {
        Comparison::Contains(value) | Comparison::StartsWith(value) | Comparison::EndsWith(value) => {
            (value.text() == Some("")).then_some((&value.place, "every text does so"))
        }
        Comparison::Matches(value) => value.text().filter(|pattern| matches_all(pattern)).map(|_| (&value.place, "every text does so")),
        Comparison::Count(inner) | Comparison::Length(inner) => {
            never_below_zero(inner).map(|place| (place, "there are never less than none"))
        }
        _ => None,
    };
    if let Some((place, why)) = found {
        let always = if operator.negated { "never holds" } else { "always holds" };
        complaints.error(place, format!("`{}` {always} with this: {why}", key.value));
    }
}

/// Whether a pattern finds something in every text.
pub(super) fn matches_all(pattern: &str) -> bool {
    // No single text proves it, but a pattern that finds something in all of these was written by mistake.
    let texts = ["", "\u{e000}", "\u{e000}\n\u{e000}\n", "a", "1 2"];
    !scalar::is_template(pattern) && regex::Regex::new(pattern).is_ok_and(|regex| texts.iter().all(|text| regex.is_match(text)))
}

/// The place of a bound that every count keeps.
fn never_below_zero(operator: &Operator) -> Option<&Place> {
    let number = |value: &Yaml| value.scalar().and_then(|scalar| scalar.value.as_f64());
    let (value, kept) = match (&operator.test, operator.negated) {
        (Comparison::Ge(value), false) | (Comparison::Lt(value), true) => (value, number(value)? <= 0.0),
        (Comparison::Gt(value), false) | (Comparison::Le(value), true) => (value, number(value)? < 0.0),
        _ => return None,
    };
    kept.then_some(&value.place)
}

/// Warns where a number would be written otherwise than it was, since it may be meant as text.
pub(super) fn numbers(operator: &Operator, complaints: &Complaints) {
    match &operator.test {
        Comparison::Equals(value) | Comparison::Contains(value) => number(value, complaints),
        Comparison::In(Yaml { kind: Kind::List(items), .. }) => items.iter().for_each(|item| number(item, complaints)),
        Comparison::Count(inner)
        | Comparison::Length(inner)
        | Comparison::Each(inner)
        | Comparison::Any(inner)
        | Comparison::None(inner) => numbers(inner, complaints),
        _ => {}
    }
}

/// Warns about every such number of a value that tests run with.
pub(super) fn numbers_of_axis(value: &Yaml, complaints: &Complaints) {
    match &value.kind {
        Kind::Scalar(_) => misread(value, "put it in quotes if the text is meant", complaints),
        Kind::List(items) => items.iter().for_each(|item| numbers_of_axis(item, complaints)),
        Kind::Map(entries) => entries.iter().for_each(|entry| numbers_of_axis(&entry.value, complaints)),
    }
}

fn number(value: &Yaml, complaints: &Complaints) {
    misread(value, "put it in quotes to compare text", complaints);
}

fn misread(value: &Yaml, hint: &str, complaints: &Complaints) {
    if let Some(scalar) = value.scalar()
        && let Data::Number(number) = &scalar.value
        && number.to_string() != scalar.text
    {
        let message = format!("`{}` is the number {number} here", scalar.text);
        complaints.add(Diagnostic::warning(&value.place, message).hint(hint));
    }
}

/// Complains where the types of source and expected value can never meet, so that the answer does not matter.
pub(super) fn types(assertion: &Assertion, complaints: &Complaints) {
    let source = source_type(assertion);
    let name = assertion.operator.place.text();
    always_there(assertion, complaints);
    match &assertion.operator.test {
        Comparison::Equals(value) => equal(source, value, complaints),
        Comparison::In(Yaml { kind: Kind::List(items), .. }) => items.iter().for_each(|item| equal(source, item, complaints)),
        Comparison::Gt(value) | Comparison::Ge(value) | Comparison::Lt(value) | Comparison::Le(value) => {
            ordered(source, name, value, complaints);
        }
        Comparison::Between(Yaml { kind: Kind::List(items), .. }) => items.iter().for_each(|item| ordered(source, name, item, complaints)),
        _ => {}
    }
}

fn equal(source: Option<Known>, value: &Yaml, complaints: &Complaints) {
    if is_template(value) {
        return;
    }
    let is_number = value.scalar().is_some_and(|scalar| scalar.value.is_number());
    match source {
        Some(Known::Text) if value.text().is_none() => {
            let hint = if is_number { ": put it in quotes, or add `as: int`" } else { "" };
            complaints.error(&value.place, format!("the source is text, and {} never equals it{hint}", value.describe()));
        }
        Some(Known::Number) if !is_number => {
            complaints.error(&value.place, format!("the source is a number, and {} never equals it", value.describe()));
        }
        Some(Known::Duration) => {
            scalar::length(value, "duration", scalar::Dialect::Job, complaints);
        }
        Some(Known::Text | Known::Number) | None => {}
    }
}

/// Complains about a source that no answer can change: a constant, or one that is always there, once.
fn always_there(assertion: &Assertion, complaints: &Complaints) {
    let extract = &assertion.extract;
    if let Source::Value(value) = &extract.source
        && !holds_template(value)
    {
        let diagnostic = Diagnostic::error(&value.place, "this `value` is the same whatever was answered: it holds no template");
        complaints.add(diagnostic.hint("write the name of a variable in braces: `\"{{ name }}\"`"));
    }
    let listed = extract.filters.iter().any(|filter| filter.value == Filter::Lines);
    let Source::Of(Part::Text | Part::Duration) = extract.source else { return };
    let place = &assertion.operator.place;
    match &assertion.operator.test {
        Comparison::Exists(_) => complaints.error(place, "the source of this is always there: it exists whatever was answered"),
        Comparison::Count(_) if !listed => {
            let diagnostic = Diagnostic::error(place, "the source of this is one value, whatever was answered");
            complaints.add(diagnostic.hint("count its lines with `lines: true`, or its characters with `length`"));
        }
        _ => {}
    }
}

/// What an ordered comparison of that source needs.
fn ordered(source: Option<Known>, name: &str, value: &Yaml, complaints: &Complaints) {
    if source == Some(Known::Text) {
        let message = "the source is text, and `gt`, `ge`, `lt`, `le` and `between` need a number: add `as: int` or `as: float`";
        complaints.error(&value.place, message);
    } else if is_template(value) {
        // What it becomes is known when the step runs.
    } else if source == Some(Known::Duration) {
        scalar::length(value, "duration", scalar::Dialect::Job, complaints);
    } else if !value.scalar().is_some_and(|scalar| scalar.value.is_number()) {
        scalar::unwanted(value, name, "a number", complaints);
    }
}

/// A type that a source has for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Text,
    Number,
    Duration,
}

fn source_type(assertion: &Assertion) -> Option<Known> {
    let mut known = match &assertion.extract.source {
        Source::Of(Part::Text | Part::Stdout | Part::Stderr) | Source::Regex(_) | Source::Line(_) => Some(Known::Text),
        Source::Of(Part::ExitCode | Part::Status) => Some(Known::Number),
        Source::Of(Part::Duration) => Some(Known::Duration),
        Source::JsonPath(_) | Source::Value(_) => None,
    };
    for filter in &assertion.extract.filters {
        known = match filter.value {
            Filter::AsInt | Filter::AsFloat => Some(Known::Number),
            Filter::AsText => Some(Known::Text),
            Filter::Trim | Filter::Lower => known,
            Filter::First | Filter::Lines => None,
        };
    }
    known
}

fn holds_template(value: &Yaml) -> bool {
    match &value.kind {
        Kind::Scalar(_) => is_template(value),
        Kind::List(items) => items.iter().any(holds_template),
        Kind::Map(entries) => entries.iter().any(|entry| holds_template(&entry.value)),
    }
}

fn is_template(value: &Yaml) -> bool {
    value.text().is_some_and(scalar::is_template)
}

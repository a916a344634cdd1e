//! Operators of assertions.

use super::vacuous;
use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::scalar;
use crate::model::assertion::{Comparison, Operator};
use crate::model::yaml::{Entry, Kind, Scalar, Yaml};

/// Every operator; each may stand after `not_`.
pub(super) const NAMES: [&str; 19] = [
    "equals",
    "contains",
    "matches",
    "starts_with",
    "ends_with",
    "in",
    "gt",
    "ge",
    "lt",
    "le",
    "between",
    "count",
    "length",
    "exists",
    "empty",
    "type",
    "each",
    "any",
    "none",
];

/// Operators that this version lacks.
const LATER: [&str; 11] = [
    "contains_all",
    "contains_any",
    "consists_of",
    "subset_of",
    "superset_of",
    "json_schema",
    "version_ge",
    "within_percent",
    "all_of",
    "any_of",
    "none_of",
];

/// Names of types.
const TYPES: [(&str, ()); 7] = [("text", ()), ("int", ()), ("float", ()), ("boolean", ()), ("list", ()), ("mapping", ()), ("null", ())];

/// The name of the operator that a key says, without `not_`, and whether `not_` stood there.
pub(super) fn name(key: &str) -> Option<(&'static str, bool)> {
    let find = |wanted: &str| NAMES.into_iter().find(|name| *name == wanted);
    match find(key) {
        Some(name) => Some((name, false)),
        None => key.strip_prefix("not_").and_then(find).map(|name| (name, true)),
    }
}

/// Whether a key is an operator that this version lacks.
pub(super) fn is_later(key: &str) -> bool {
    key == "not" || LATER.contains(&key.strip_prefix("not_").unwrap_or(key))
}

/// Reads the operator that an entry is; `None` after a complaint.
pub(super) fn read(entry: &Entry, complaints: &Complaints) -> Option<Operator> {
    let (name, negated) = name(&entry.key.value)?;
    let test = comparison(name, &entry.value, complaints)?;
    let operator = Operator { place: entry.key.place.clone(), negated, test };
    vacuous::operator(&operator, &entry.key, complaints);
    Some(operator)
}

fn comparison(name: &'static str, value: &Yaml, complaints: &Complaints) -> Option<Comparison> {
    match name {
        "equals" => Some(Comparison::Equals(value.clone())),
        "contains" => Some(Comparison::Contains(value.clone())),
        "matches" => pattern(value, "matches", complaints).map(Comparison::Matches),
        "starts_with" => text(value, "starts_with", complaints).map(Comparison::StartsWith),
        "ends_with" => text(value, "ends_with", complaints).map(Comparison::EndsWith),
        "in" => choices(value, complaints).map(Comparison::In),
        "gt" => bound(value, "gt", complaints).map(Comparison::Gt),
        "ge" => bound(value, "ge", complaints).map(Comparison::Ge),
        "lt" => bound(value, "lt", complaints).map(Comparison::Lt),
        "le" => bound(value, "le", complaints).map(Comparison::Le),
        "between" => between(value, complaints).map(Comparison::Between),
        "count" => number_of(value, "count", complaints).map(Comparison::Count),
        "length" => number_of(value, "length", complaints).map(Comparison::Length),
        "exists" => scalar::boolean(value, "exists", complaints).map(Comparison::Exists),
        "empty" => scalar::boolean(value, "empty", complaints).map(Comparison::Empty),
        "type" => {
            let word = scalar::word(value, "type", &TYPES, complaints)?;
            let name = value.scalar().map(|scalar| scalar.text.clone()).unwrap_or_default();
            Some(Comparison::Type(Placed::new(name, word.place)))
        }
        "each" => nested(value, "each", complaints).map(Comparison::Each),
        "any" => nested(value, "any", complaints).map(Comparison::Any),
        _ => nested(value, "none", complaints).map(Comparison::None),
    }
}

/// A text; a number or boolean is the text as it was written.
pub(super) fn text(value: &Yaml, name: &str, complaints: &Complaints) -> Option<Yaml> {
    let text = scalar::text(value, name, complaints)?;
    let scalar = Scalar { value: Data::String(text.value.clone()), text: text.value, quoted: true };
    Some(Yaml { place: text.place, kind: Kind::Scalar(scalar) })
}

fn pattern(value: &Yaml, name: &str, complaints: &Complaints) -> Option<Yaml> {
    let value = text(value, name, complaints)?;
    let written = Placed::new(value.text().unwrap_or_default().to_owned(), value.place.clone());
    regex(&written, complaints)?;
    Some(value)
}

/// Checks a regular expression that holds no template; `None` after a complaint.
pub(super) fn regex(pattern: &Placed<String>, complaints: &Complaints) -> Option<()> {
    if scalar::is_template(&pattern.value) {
        return Some(());
    }
    let problem = match regex::Regex::new(&pattern.value) {
        Ok(_) => return Some(()),
        Err(regex::Error::CompiledTooBig(_)) => "it is too large".to_owned(),
        Err(error) => {
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    };
    complaints.error(&pattern.place, format!("this is not a regular expression: {problem}"));
    None
}

fn choices(value: &Yaml, complaints: &Complaints) -> Option<Yaml> {
    match &value.kind {
        Kind::List(items) if items.is_empty() => {
            complaints.error(&value.place, "`in` is an empty list");
            None
        }
        Kind::List(_) => Some(value.clone()),
        Kind::Scalar(scalar) if scalar::is_template(&scalar.text) => Some(value.clone()),
        Kind::Scalar(_) | Kind::Map(_) => {
            scalar::unwanted(value, "in", "a list", complaints);
            None
        }
    }
}

/// A number, a duration (which is compared with `of: duration`), or a template of one.
fn bound(value: &Yaml, name: &str, complaints: &Complaints) -> Option<Yaml> {
    let fits = value.scalar().is_some_and(|scalar| {
        let measured = crate::base::duration::parse(&scalar.text).is_ok();
        scalar.value.is_number() || scalar.value.is_string() && (measured || scalar::is_template(&scalar.text))
    });
    if fits {
        return Some(value.clone());
    }
    scalar::unwanted(value, name, "a number", complaints);
    None
}

fn between(value: &Yaml, complaints: &Complaints) -> Option<Yaml> {
    let bounds = match &value.kind {
        Kind::List(items) => items.as_slice(),
        Kind::Scalar(scalar) if scalar::is_template(&scalar.text) => return Some(value.clone()),
        Kind::Scalar(_) | Kind::Map(_) => &[],
    };
    let [low, high] = bounds else {
        complaints.error(&value.place, "`between` wants a list of two numbers, such as `[1, 10]`");
        return None;
    };
    let (low, high) = (bound(low, "between", complaints)?, bound(high, "between", complaints)?);
    let number = |yaml: &Yaml| yaml.scalar().and_then(|scalar| scalar.value.as_f64());
    if let (Some(low), Some(high)) = (number(&low), number(&high))
        && low > high
    {
        complaints.error(&value.place, "nothing lies between these: the first is greater than the second");
        return None;
    }
    Some(value.clone())
}

/// An operator for a number, or the number itself.
fn number_of(value: &Yaml, name: &str, complaints: &Complaints) -> Option<Box<Operator>> {
    let Some(scalar) = value.scalar() else { return nested(value, name, complaints) };
    if scalar.value.is_u64() || scalar::is_template(&scalar.text) {
        return Some(Box::new(Operator { place: value.place.clone(), negated: false, test: Comparison::Equals(value.clone()) }));
    }
    scalar::unwanted(value, name, "a whole number or an operator such as `{ge: 1}`", complaints);
    None
}

fn nested(value: &Yaml, name: &str, complaints: &Complaints) -> Option<Box<Operator>> {
    let Kind::Map(entries) = &value.kind else {
        scalar::unwanted(value, name, "an operator such as `{equals: up}`", complaints);
        return None;
    };
    let [entry] = entries.as_slice() else {
        let found = text::count(entries.len(), "key");
        complaints.error(&value.place, format!("`{name}` wants exactly one operator, found {found}"));
        return None;
    };
    if self::name(&entry.key.value).is_none() {
        complaints.add(unknown(&entry.key));
        return None;
    }
    read(entry, complaints).map(Box::new)
}

/// The complaint about a key that is no operator.
pub(super) fn unknown(key: &Placed<String>) -> Diagnostic {
    if is_later(&key.value) {
        return Diagnostic::error(&key.place, format!("`{}` is not supported by this version", key.value));
    }
    let message = format!("`{}` is not an operator", text::one_line(&key.value, 40));
    Diagnostic::error(&key.place, message).did_you_mean(text::nearest(&key.value, NAMES))
}

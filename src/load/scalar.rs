//! Typed values from single YAML nodes. Whatever does not fit is complained about with what was wanted and found.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::base::duration;
use crate::base::place::{Place, Placed};
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::model::yaml::{Entry, Kind, Scalar, Yaml};
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

/// How a file treats numbers where something else is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// A job: types never convert in silence, durations carry a unit, and a key without a value is an error.
    Job,
    /// A pyATS testbed: a bare number of a duration means seconds, numbers may stand in quotes, and a key without a
    /// value says nothing.
    Testbed,
}

/// Complains that `found` is not what was wanted.
pub(super) fn unwanted(found: &Yaml, name: &str, wanted: &str, complaints: &Complaints) {
    complaints.error(&found.place, format!("`{name}` wants {wanted}, found {}", found.describe()));
}

/// The text of a scalar, as written where YAML reads a number or a boolean: `12345`, `17.10`.
pub(super) fn text(yaml: &Yaml, name: &str, complaints: &Complaints) -> Option<Placed<String>> {
    let Some(scalar) = yaml.scalar().filter(|scalar| !scalar.value.is_null()) else {
        unwanted(yaml, name, "text", complaints);
        return None;
    };
    Some(Placed::new(scalar.text.clone(), yaml.place.clone()))
}

/// A text with something in it.
pub(super) fn filled(yaml: &Yaml, name: &str, complaints: &Complaints) -> Option<Placed<String>> {
    let found = text(yaml, name, complaints)?;
    if found.value.trim().is_empty() {
        complaints.error(&found.place, format!("`{name}` is empty"));
        return None;
    }
    Some(found)
}

/// Texts from a list; a bare text is a list of one. The list must not be empty.
pub(super) fn texts(yaml: &Yaml, name: &str, complaints: &Complaints) -> Vec<Placed<String>> {
    match &yaml.kind {
        Kind::Scalar(_) => filled(yaml, name, complaints).into_iter().collect(),
        Kind::List(items) => {
            if items.is_empty() {
                complaints.error(&yaml.place, format!("`{name}` is an empty list"));
            }
            items.iter().filter_map(|item| filled(item, name, complaints)).collect()
        }
        Kind::Map(_) => {
            unwanted(yaml, name, "text or a list of texts", complaints);
            Vec::new()
        }
    }
}

/// `true` or `false`.
pub(super) fn boolean(yaml: &Yaml, name: &str, complaints: &Complaints) -> Option<Placed<bool>> {
    if let Some(value) = yaml.scalar().and_then(|scalar| scalar.value.as_bool()) {
        return Some(Placed::new(value, yaml.place.clone()));
    }
    let found = yaml.scalar().filter(|scalar| !scalar.value.is_null()).map_or_else(|| yaml.describe().to_owned(), shown);
    complaints.error(&yaml.place, format!("`{name}` wants `true` or `false`, found {found}"));
    None
}

/// A whole number in a range.
pub(super) fn integer(
    yaml: &Yaml,
    name: &str,
    range: RangeInclusive<u32>,
    dialect: Dialect,
    complaints: &Complaints,
) -> Option<Placed<u32>> {
    let value = yaml.scalar().and_then(|scalar| match dialect {
        Dialect::Testbed if scalar.value.is_string() => scalar.text.trim().parse().ok(),
        Dialect::Testbed | Dialect::Job => scalar.value.as_u64(),
    });
    let fitting = value.and_then(|value| u32::try_from(value).ok()).filter(|value| range.contains(value));
    if let Some(value) = fitting {
        return Some(Placed::new(value, yaml.place.clone()));
    }
    let found = yaml.scalar().filter(|scalar| !scalar.value.is_null()).map_or_else(|| yaml.describe().to_owned(), shown);
    let (least, most) = (range.start(), range.end());
    let wanted = if *most == u32::MAX { format!("of at least {least}") } else { format!("from {least} to {most}") };
    complaints.error(&yaml.place, format!("`{name}` wants a whole number {wanted}, found {found}"));
    None
}

/// A length of time.
pub(super) fn length(yaml: &Yaml, name: &str, dialect: Dialect, complaints: &Complaints) -> Option<Placed<Duration>> {
    let Some(scalar) = yaml.scalar().filter(|scalar| !scalar.value.is_null() && !scalar.value.is_boolean()) else {
        unwanted(yaml, name, "a duration such as `30s`", complaints);
        return None;
    };
    let seconds = scalar.text.trim().parse::<f64>().ok().filter(|_| dialect == Dialect::Testbed);
    let result = match seconds {
        Some(seconds) => Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|length| *length <= duration::LONGEST)
            .ok_or_else(|| format!("`{}` is not a number of seconds to wait for", scalar.text)),
        None => duration::parse(&scalar.text).map_err(|error| error.to_string()),
    };
    match result {
        Ok(length) => Some(Placed::new(length, yaml.place.clone())),
        Err(problem) => {
            complaints.error(&yaml.place, format!("`{name}`: {problem}"));
            None
        }
    }
}

/// A scalar's text for a message, on one line.
fn shown(scalar: &Scalar) -> String {
    let kind = if scalar.value.is_string() { "the text " } else { "" };
    format!("{kind}`{}`", text::one_line(&scalar.text, 40))
}

/// One of a fixed set of words.
pub(super) fn word<T: Copy>(yaml: &Yaml, name: &str, words: &[(&'static str, T)], complaints: &Complaints) -> Option<Placed<T>> {
    let found = filled(yaml, name, complaints)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == found.value) {
        return Some(Placed::new(*value, found.place));
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let message = format!("`{name}` wants one of {}, found `{}`", text::names(names.iter().copied()), text::one_line(&found.value, 40));
    complaints.add(Diagnostic::error(&found.place, message).did_you_mean(text::nearest(&found.value, names)));
    None
}

/// The entries of a mapping.
pub(super) fn map<'a>(yaml: &'a Yaml, name: &str, complaints: &Complaints) -> Option<&'a [Entry]> {
    match &yaml.kind {
        Kind::Map(entries) => Some(entries),
        Kind::List(_) | Kind::Scalar(_) => {
            unwanted(yaml, name, "a mapping", complaints);
            None
        }
    }
}

/// The items of a list.
pub(super) fn list<'a>(yaml: &'a Yaml, name: &str, complaints: &Complaints) -> Option<&'a [Yaml]> {
    match &yaml.kind {
        Kind::List(items) => Some(items),
        Kind::Map(_) | Kind::Scalar(_) => {
            unwanted(yaml, name, "a list", complaints);
            None
        }
    }
}

/// Nothing, at a place.
pub(super) fn nothing(place: &Place) -> Yaml {
    Yaml { place: place.clone(), kind: Kind::Scalar(Scalar { text: String::new(), value: Data::Null, quoted: false }) }
}

/// A value that no file holds, at the place that it was made for.
pub(super) fn made(value: &Data, place: &Place) -> Yaml {
    let kind = match value {
        Data::Array(items) => Kind::List(items.iter().map(|item| made(item, place)).collect()),
        Data::Object(entries) => {
            let entry = |(key, value): (&String, &Data)| Entry { key: Placed::new(key.clone(), place.clone()), value: made(value, place) };
            Kind::Map(entries.iter().map(entry).collect())
        }
        Data::String(text) => Kind::Scalar(Scalar { text: text.clone(), value: value.clone(), quoted: true }),
        Data::Null => return nothing(place),
        Data::Bool(_) | Data::Number(_) => Kind::Scalar(Scalar { text: value.to_string(), value: value.clone(), quoted: false }),
    };
    Yaml { place: place.clone(), kind }
}

/// Whether a text holds a template, and so is not yet what it will be.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// The place of a part of a scalar's text, where the file holds that text as it is; else of the whole scalar.
pub(super) fn part(place: &Place, text: &str, range: Range<usize>) -> Place {
    match place.text().find(text) {
        Some(start) if !text.is_empty() => place.part(start + range.start..start + range.end),
        _ => place.clone(),
    }
}

//! `assert`: one mapping is a source, filters, and exactly one operator.

use super::operator;
use super::vacuous;
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::scalar;
use crate::model::assertion::{Assertion, Comparison, Extract, Filter, Operator, Part, Source};
use crate::model::yaml::{Entry, Kind, Yaml};

const PARTS: [(&str, Part); 6] = [
    ("text", Part::Text),
    ("stdout", Part::Stdout),
    ("stderr", Part::Stderr),
    ("exit_code", Part::ExitCode),
    ("status", Part::Status),
    ("duration", Part::Duration),
];

const CASTS: [(&str, Filter); 3] = [("int", Filter::AsInt), ("float", Filter::AsFloat), ("text", Filter::AsText)];

const FILTERS: [(&str, Filter); 4] = [("first", Filter::First), ("trim", Filter::Trim), ("lower", Filter::Lower), ("lines", Filter::Lines)];

const SOURCES: [&str; 5] = ["of", "jsonpath", "regex", "line", "value"];

/// Sources, filters and the like that this version lacks.
const LATER: [&str; 8] = ["xpath", "header", "upper", "last", "sort", "unique", "split", "optional"];

/// Reads the list under `assert`.
pub(super) fn list(yaml: &Yaml, complaints: &Complaints) -> Vec<Assertion> {
    let Some(items) = scalar::list(yaml, "assert", complaints) else { return Vec::new() };
    if items.is_empty() {
        complaints.error(&yaml.place, "`assert` is an empty list, which would assert nothing");
    }
    items.iter().filter_map(|item| read(item, complaints)).collect()
}

fn read(yaml: &Yaml, complaints: &Complaints) -> Option<Assertion> {
    let Kind::Map(entries) = &yaml.kind else {
        let message = format!("an assertion must be a mapping, found {}", yaml.describe());
        complaints.add(Diagnostic::error(&yaml.place, message).hint("such as `{contains: Established}`"));
        return None;
    };
    let mut parts = Parts { what: "an assertion", ..Parts::default() };
    let mut whole = true;
    for entry in entries {
        whole &= parts.take(entry, complaints);
    }
    let asserts = !parts.operators.is_empty() || parts.short.is_some();
    let operator = if whole || asserts { parts.operator(yaml, complaints) } else { None };
    let source = parts.source(complaints);
    let message = match parts.message {
        Some(value) => Some(scalar::filled(value, "message", complaints)?),
        None => None,
    };
    if !whole {
        return None;
    }
    let extract = Extract { place: yaml.place.clone(), source: source?, filters: parts.filters };
    let mut assertion = Assertion { extract, operator: operator?, message };
    as_text(&mut assertion);
    vacuous::types(&assertion, complaints);
    vacuous::numbers(&assertion.operator, complaints);
    Some(assertion)
}

/// Reads a source and its filters alone, as captures have them. `others` are keys that somebody else reads.
pub(super) fn extract(yaml: &Yaml, others: &[&str], complaints: &Complaints) -> Option<Extract> {
    let entries = scalar::map(yaml, "capture", complaints)?;
    let mut parts = Parts { what: "a capture", ..Parts::default() };
    let mut whole = true;
    for entry in entries.iter().filter(|entry| !others.contains(&entry.key.value.as_str())) {
        whole &= parts.take(entry, complaints);
    }
    for (name, place) in parts.operators.iter().map(|entry| (&entry.key.value, &entry.key.place)) {
        complaints.error(place, format!("a capture keeps a value: `{name}` belongs in `assert`"));
        whole = false;
    }
    if let Some(short) = parts.short {
        let message = format!("write `of: {}` to capture it", short.key.value);
        complaints.error(&short.key.place, message);
        return None;
    }
    if let Some(message) = parts.message {
        complaints.error(&message.place, "a capture has no `message`");
        return None;
    }
    if whole && parts.sources.is_empty() && parts.filters.is_empty() {
        let message = "this does not say what is captured";
        complaints.add(Diagnostic::error(&yaml.place, message).hint("such as `{jsonpath: $.version}` or `{of: text}`"));
        return None;
    }
    let source = parts.source(complaints)?;
    whole.then(|| Extract { place: yaml.place.clone(), source, filters: parts.filters })
}

/// The parts of an assertion as they are found.
#[derive(Default)]
struct Parts<'a> {
    /// Whose they are, for complaints.
    what: &'static str,
    sources: Vec<&'a Entry>,
    filters: Vec<Placed<Filter>>,
    operators: Vec<&'a Entry>,
    /// `status: 200` or `exit_code: 0`: source and operator in one.
    short: Option<&'a Entry>,
    message: Option<&'a Yaml>,
}

impl<'a> Parts<'a> {
    /// Sorts an entry in; `false` after a complaint.
    fn take(&mut self, entry: &'a Entry, complaints: &Complaints) -> bool {
        let key = entry.key.value.as_str();
        if SOURCES.contains(&key) {
            self.sources.push(entry);
        } else if operator::name(key).is_some() {
            self.operators.push(entry);
        } else if matches!(key, "status" | "exit_code") && self.short.is_none() {
            self.short = Some(entry);
        } else if key == "message" {
            self.message = Some(&entry.value);
        } else if key == "as" || FILTERS.iter().any(|(name, _)| *name == key) {
            let found = filter(entry, complaints);
            let read = found.is_some();
            self.filters.extend(found);
            return read;
        } else {
            complaints.add(unknown(self.what, &entry.key));
            return false;
        }
        true
    }

    fn operator(&self, yaml: &Yaml, complaints: &Complaints) -> Option<Operator> {
        let found: Vec<&Entry> = self.short.into_iter().chain(self.operators.iter().copied()).collect();
        match found.as_slice() {
            [] => {
                complaints.add(Diagnostic::error(&yaml.place, "this assertion has no operator").hint("such as `equals` or `contains`"));
                None
            }
            [entry] if self.short.is_some() => short(entry, complaints),
            [entry] => operator::read(entry, complaints),
            [first, second, ..] => {
                let names = text::names(found.iter().map(|entry| entry.key.value.as_str()));
                let diagnostic = Diagnostic::error(&second.key.place, format!("an assertion has exactly one operator, found {names}"));
                complaints.add(diagnostic.also(&first.key.place, "the first is here").hint("write one assertion for each"));
                None
            }
        }
    }

    fn source(&self, complaints: &Complaints) -> Option<Source> {
        let all: Vec<&Entry> = self.short.into_iter().chain(self.sources.iter().copied()).collect();
        match all.as_slice() {
            [] => Some(Source::Of(Part::Text)),
            [entry] if self.short.is_some() => Some(Source::Of(if entry.key.value == "status" { Part::Status } else { Part::ExitCode })),
            [entry] => source(entry, complaints),
            [first, second, ..] => {
                let names = text::names(all.iter().map(|entry| entry.key.value.as_str()));
                let diagnostic = Diagnostic::error(&second.key.place, format!("only one source is possible, found {names}"));
                complaints.add(diagnostic.also(&first.key.place, "the first is here"));
                None
            }
        }
    }
}

fn source(entry: &Entry, complaints: &Complaints) -> Option<Source> {
    let value = &entry.value;
    match entry.key.value.as_str() {
        "of" => scalar::word(value, "of", &PARTS, complaints).map(|part| Source::Of(part.value)),
        "jsonpath" => {
            let path = scalar::filled(value, "jsonpath", complaints)?;
            if !scalar::is_template(&path.value)
                && let Err(error) = serde_json_path::JsonPath::parse(&path.value)
            {
                let at = error.position().min(path.value.len());
                let place = scalar::part(&path.place, &path.value, at..path.value.len().min(at + 1));
                complaints.error(&place, format!("this is not a JSONPath: {}", error.message()));
                return None;
            }
            Some(Source::JsonPath(path))
        }
        "regex" => {
            let pattern = scalar::filled(value, "regex", complaints)?;
            operator::regex(&pattern, complaints)?;
            Some(Source::Regex(pattern))
        }
        "line" => scalar::filled(value, "line", complaints).map(Source::Line),
        _ => Some(Source::Value(value.clone())),
    }
}

fn filter(entry: &Entry, complaints: &Complaints) -> Option<Placed<Filter>> {
    let key = entry.key.value.as_str();
    if key == "as" {
        return scalar::word(&entry.value, "as", &CASTS, complaints);
    }
    let (_, filter) = FILTERS.iter().find(|(name, _)| *name == key)?;
    let switch = scalar::boolean(&entry.value, key, complaints)?;
    if !switch.value {
        complaints.error(&switch.place, format!("leave `{key}` out when it is not wanted"));
        return None;
    }
    Some(Placed::new(*filter, entry.key.place.clone()))
}

fn unknown(what: &str, key: &Placed<String>) -> Diagnostic {
    if LATER.contains(&key.value.as_str()) || operator::is_later(&key.value) {
        return Diagnostic::error(&key.place, format!("`{}` is not supported by this version", key.value));
    }
    let filters = FILTERS.iter().map(|(name, _)| *name);
    let known = SOURCES.into_iter().chain(operator::NAMES).chain(filters).chain(["as", "status", "exit_code", "message"]);
    let message = format!("{what} has no key `{}`", text::one_line(&key.value, 40));
    Diagnostic::error(&key.place, message).did_you_mean(text::nearest(&key.value, known))
}

/// `{status: 200}` is short for `{of: status, equals: 200}`.
fn short(entry: &Entry, complaints: &Complaints) -> Option<Operator> {
    let number = entry.value.scalar().is_some_and(|scalar| scalar.value.is_i64() || scalar.value.is_u64());
    let template = entry.value.text().is_some_and(scalar::is_template);
    if !number && !template {
        let key = &entry.key.value;
        let message = format!("`{key}` wants a whole number, found {}", entry.value.describe());
        complaints.add(Diagnostic::error(&entry.value.place, message).hint(format!("for other checks write `of: {key}` and an operator")));
        return None;
    }
    Some(Operator { place: entry.key.place.clone(), negated: false, test: Comparison::Equals(entry.value.clone()) })
}

/// `contains: 17.10` over text means the text `17.10`.
fn as_text(assertion: &mut Assertion) {
    let textual =
        matches!(assertion.extract.source, Source::Of(Part::Text | Part::Stdout | Part::Stderr) | Source::Regex(_) | Source::Line(_));
    let kept = assertion.extract.filters.iter().all(|filter| matches!(filter.value, Filter::Trim | Filter::Lower | Filter::AsText));
    if let Comparison::Contains(value) = &mut assertion.operator.test
        && textual
        && kept
        && let Some(scalar) = value.scalar().filter(|scalar| !scalar.value.is_null()).cloned()
    {
        let text = crate::base::Data::String(scalar.text.clone());
        value.kind = Kind::Scalar(crate::model::yaml::Scalar { value: text, quoted: true, ..scalar });
    }
}

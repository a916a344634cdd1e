//! `capture` and `parse`: what a step keeps of its answer, and how text becomes data.

use super::{assertion, names, operator};
use crate::base::diagnostic::Diagnostic;
use crate::base::place::Placed;
use crate::base::text;
use crate::load::complaints::Complaints;
use crate::load::fields::Fields;
use crate::load::scalar::{self, Dialect};
use crate::model::assertion::{Capture, CapturePart};
use crate::model::step::Parse;
use crate::model::yaml::{Entry, Kind, Yaml};

/// Parsers that this version lacks.
const LATER_PARSERS: [&str; 7] = ["yaml", "xml", "table", "kv", "textfsm", "program", "allow_empty"];

/// Reads `capture`.
pub(super) fn read(yaml: &Yaml, complaints: &Complaints) -> Option<Capture> {
    match &yaml.kind {
        Kind::Scalar(_) => {
            let name = scalar::filled(yaml, "capture", complaints)?;
            names::variable(&name, complaints);
            Some(Capture::Whole(name))
        }
        Kind::Map(entries) => {
            if entries.is_empty() {
                complaints.error(&yaml.place, "`capture` is an empty mapping");
            }
            Some(Capture::Parts(entries.iter().filter_map(|entry| part(entry, complaints)).collect()))
        }
        Kind::List(_) => {
            scalar::unwanted(yaml, "capture", "a name or a mapping", complaints);
            None
        }
    }
}

fn part(entry: &Entry, complaints: &Complaints) -> Option<CapturePart> {
    names::variable(&entry.key, complaints);
    let default = entry.value.get("default").cloned();
    let extract = assertion::extract(&entry.value, &["default"], complaints)?;
    Some(CapturePart { name: entry.key.clone(), extract, default })
}

/// Reads `parse`.
pub(super) fn parse(yaml: &Yaml, complaints: &Complaints) -> Option<Placed<Parse>> {
    let parse = match &yaml.kind {
        Kind::Map(_) => {
            let mut fields = Fields::of(yaml, "`parse`", Dialect::Job, complaints)?;
            let pattern = fields.filled("regex");
            fields.unsupported(&LATER_PARSERS);
            fields.finish();
            regex(pattern?, complaints)?
        }
        Kind::Scalar(_) | Kind::List(_) => {
            let word = scalar::filled(yaml, "parse", complaints)?;
            if word.value != "json" {
                complaints.add(unknown(&word));
                return None;
            }
            Parse::Json
        }
    };
    Some(Placed::new(parse, yaml.place.clone()))
}

fn unknown(word: &Placed<String>) -> Diagnostic {
    let shown = text::one_line(&word.value, 40);
    if LATER_PARSERS.contains(&word.value.as_str()) {
        return Diagnostic::error(&word.place, format!("`parse: {shown}` is not supported by this version"));
    }
    let message = format!("`parse` wants `json` or `{{regex: ...}}`, found `{shown}`");
    Diagnostic::error(&word.place, message).did_you_mean(text::nearest(&word.value, ["json"]))
}

fn regex(pattern: Placed<String>, complaints: &Complaints) -> Option<Parse> {
    operator::regex(&pattern, complaints)?;
    let named = regex::Regex::new(&pattern.value).map_or(true, |regex| regex.capture_names().flatten().next().is_some());
    if !named {
        let message = "this pattern has no named group, so that nothing would be kept";
        complaints.add(Diagnostic::error(&pattern.place, message).hint("name what is wanted: `(?P<name>...)`"));
        return None;
    }
    Some(Parse::Regex(pattern))
}

//! Values taken from an answer: a source, then filters in order.

use crate::base::Data;
use crate::base::diagnostic::Diagnostic;
use crate::eval::describe;
use crate::eval::path::Path;
use crate::eval::pattern::Pattern;
use crate::eval::scope::Scope;
use crate::eval::template::{FreeName, Template};
use crate::eval::value::Value;
use crate::model::assertion::{Extract, Filter, Part, Source};
use crate::record::answer::Answer;
use crate::record::fault::{Fault, FaultKind};
use std::borrow::Cow;
use std::cell::OnceCell;

/// What there is to look in: an answer, and what was parsed from it.
#[derive(Debug, Default)]
pub struct Evidence<'a> {
    /// The answer; `None` for a step that asks nothing.
    pub answer: Option<&'a Answer>,
    /// The parsed data; `None` where nothing was parsed.
    pub parsed: Option<&'a Data>,
    text: OnceCell<Cow<'a, str>>,
}

impl<'a> Evidence<'a> {
    /// Puts the two together. The answer's plain text is made once, when it is first needed.
    #[must_use]
    pub fn new(answer: Option<&'a Answer>, parsed: Option<&'a Data>) -> Self {
        Self { answer, parsed, text: OnceCell::new() }
    }

    /// The answer as a reader saw it; `None` without an answer.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let answer = self.answer?;
        Some(self.text.get_or_init(|| answer.text()))
    }
}

/// What a source and its filters found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It looked and found nothing.
    Nothing,
    /// One value.
    One(Data),
    /// The values that a query for many found; never empty.
    Many(Vec<Data>),
    /// There is nothing to look in, or a filter does not fit the value; the sentence says which. No assertion holds of
    /// this, not even that nothing exists.
    Unusable(String),
}

impl Found {
    /// The values found as one: those of [`Found::Many`] are a list.
    #[must_use]
    pub fn into_data(self) -> Option<Data> {
        match self {
            Self::One(data) => Some(data),
            Self::Many(items) => Some(Data::Array(items)),
            Self::Nothing | Self::Unusable(_) => None,
        }
    }

    fn many(items: Vec<Data>) -> Self {
        if items.is_empty() { Self::Nothing } else { Self::Many(items) }
    }
}

/// A source and its filters, checked. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Extractor {
    from: From,
    filters: Vec<Filter>,
}

#[derive(Debug, Clone)]
enum From {
    Of(Part),
    Path(Path),
    Regex(Pattern),
    Line(Template),
    Value(Value, String),
}

impl Extractor {
    /// Checks a source.
    ///
    /// # Errors
    /// Templates, queries and patterns that do not compile, at their places.
    pub fn compile(extract: &Extract) -> Result<Self, Vec<Diagnostic>> {
        let from = match &extract.source {
            Source::Of(part) => From::Of(*part),
            Source::JsonPath(query) => From::Path(Path::compile(query).map_err(|diagnostic| vec![diagnostic])?),
            Source::Regex(pattern) => From::Regex(Pattern::compile(pattern).map_err(|diagnostic| vec![diagnostic])?),
            Source::Line(text) if text.value.is_empty() => {
                return Err(vec![Diagnostic::error(&text.place, "`line` needs a text to look for, this is empty")]);
            }
            Source::Line(text) => From::Line(Template::compile(text).map_err(|diagnostic| vec![diagnostic])?),
            Source::Value(yaml) => {
                let written = yaml.text().map_or_else(|| describe::shown(&yaml.data()), str::to_owned);
                From::Value(Value::compile(yaml)?, written)
            }
        };
        Ok(Self { from, filters: extract.filters.iter().map(|filter| filter.value).collect() })
    }

    /// Takes the value.
    ///
    /// # Errors
    /// A fault of the kind template, from the templates of the source.
    pub fn extract(&self, evidence: &Evidence<'_>, scope: &Scope) -> Result<Found, Fault> {
        let found = self.find(evidence, scope)?;
        Ok(self.filters.iter().fold(found, |found, filter| apply(*filter, found)))
    }

    fn find(&self, evidence: &Evidence<'_>, scope: &Scope) -> Result<Found, Fault> {
        let no_answer = || Found::Unusable("there is no answer to look in".to_owned());
        Ok(match &self.from {
            From::Of(part) => evidence.answer.map_or_else(no_answer, |answer| part_of(*part, answer, evidence)),
            From::Value(value, _) => Found::One(value.render(scope)?),
            From::Path(path) => {
                let query = path.get(scope)?;
                match evidence.parsed {
                    None => Found::Unusable("nothing was parsed, so that a JSONPath query has nothing to look in".to_owned()),
                    Some(data) if query.is_singular() => {
                        query.find(data).first().map_or(Found::Nothing, |data| Found::One((*data).clone()))
                    }
                    Some(data) => Found::many(query.find(data).into_iter().cloned().collect()),
                }
            }
            From::Regex(pattern) => {
                let pattern = pattern.get(scope)?;
                evidence.text().map_or_else(no_answer, |text| {
                    let captures = pattern.captures(text);
                    let group = captures.as_ref().and_then(|captures| captures.get(usize::from(pattern.captures_len() > 1)));
                    group.map_or(Found::Nothing, |group| Found::One(Data::from(group.as_str())))
                })
            }
            From::Line(template) => {
                let wanted = template.render(scope)?;
                if wanted.is_empty() {
                    return Err(Fault::new(
                        FaultKind::Template,
                        format!("`line` needs a text to look for, this is empty ({})", template.place()),
                    ));
                }
                evidence.text().map_or_else(no_answer, |text| {
                    text.lines().find(|line| line.contains(&wanted)).map_or(Found::Nothing, |line| Found::One(Data::from(line)))
                })
            }
        })
    }

    /// What it looks at, for reports: `text`, `jsonpath $.peers[*].state`.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut shown = match &self.from {
            From::Of(part) => part_name(*part).to_owned(),
            From::Path(path) => format!("jsonpath {}", describe::cut(path.source())),
            From::Regex(pattern) => format!("regex {}", describe::cut(pattern.source())),
            From::Line(template) => format!("line {}", describe::cut(template.source())),
            From::Value(_, written) => format!("value {}", describe::cut(written)),
        };
        for filter in &self.filters {
            shown.push_str(" | ");
            shown.push_str(filter_name(*filter));
        }
        shown
    }

    /// Whether the value is the duration of the call, in seconds.
    pub(super) fn is_duration(&self) -> bool {
        matches!(self.from, From::Of(Part::Duration)) && self.filters.is_empty()
    }

    /// Whether it always finds something, so that asking whether it exists says nothing.
    pub(super) fn always_finds(&self) -> bool {
        match &self.from {
            From::Of(Part::Text | Part::Stdout | Part::Stderr | Part::Duration) | From::Value(..) => !self.filters.contains(&Filter::First),
            From::Of(Part::ExitCode | Part::Status) | From::Path(_) | From::Regex(_) | From::Line(_) => false,
        }
    }

    /// Whether it can find several values, so that counting them says something.
    pub(super) fn can_find_several(&self) -> bool {
        match &self.from {
            From::Path(_) | From::Value(..) => true,
            From::Of(_) | From::Regex(_) | From::Line(_) => self.filters.contains(&Filter::Lines),
        }
    }

    /// The text of the answer that is looked at, where it is all or a part of that text.
    pub(super) fn searched<'e>(&self, evidence: &'e Evidence<'_>) -> Option<&'e str> {
        match &self.from {
            From::Of(Part::Text) | From::Regex(_) | From::Line(_) => evidence.text(),
            From::Of(Part::Stdout) => evidence.answer.map(|answer| answer.stdout.as_str()),
            From::Of(Part::Stderr) => evidence.answer.map(|answer| answer.stderr.as_str()),
            From::Of(Part::ExitCode | Part::Status | Part::Duration) | From::Path(_) | From::Value(..) => None,
        }
    }

    /// What it looks for in a text, where that is not the operator's business.
    pub(super) fn wanted(&self) -> Option<String> {
        match &self.from {
            From::Regex(pattern) => Some(pattern.source().to_owned()),
            From::Line(template) => Some(template.source().to_owned()),
            From::Of(_) | From::Path(_) | From::Value(..) => None,
        }
    }

    /// The names that it needs from outside.
    #[must_use]
    pub fn free_names(&self) -> Vec<FreeName> {
        match &self.from {
            From::Of(_) => Vec::new(),
            From::Path(path) => path.free_names().to_vec(),
            From::Regex(pattern) => pattern.free_names().to_vec(),
            From::Line(template) => template.free_names().to_vec(),
            From::Value(value, _) => value.free_names(),
        }
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Text => "text",
        Part::Stdout => "stdout",
        Part::Stderr => "stderr",
        Part::ExitCode => "exit_code",
        Part::Status => "status",
        Part::Duration => "duration",
    }
}

fn filter_name(filter: Filter) -> &'static str {
    match filter {
        Filter::AsInt => "as int",
        Filter::AsFloat => "as float",
        Filter::AsText => "as text",
        Filter::First => "first",
        Filter::Trim => "trim",
        Filter::Lower => "lower",
        Filter::Lines => "lines",
    }
}

fn part_of(part: Part, answer: &Answer, evidence: &Evidence<'_>) -> Found {
    match part {
        Part::Text => Found::One(Data::from(evidence.text().unwrap_or_default())),
        Part::Stdout => Found::One(Data::from(answer.stdout.as_str())),
        Part::Stderr => Found::One(Data::from(answer.stderr.as_str())),
        Part::ExitCode => answer.exit_code.map_or(Found::Nothing, |code| Found::One(Data::from(code))),
        Part::Status => answer.status.map_or(Found::Nothing, |status| Found::One(Data::from(status))),
        Part::Duration => Found::One(Data::from(answer.took.as_secs_f64())),
    }
}

/// Applies a filter. Most apply to each value of a list.
fn apply(filter: Filter, found: Found) -> Found {
    let unusable = |data: &Data, wanted: &str| {
        Err(Found::Unusable(format!("`{}` needs {wanted}, got {}", filter_name(filter), describe::typed(data))))
    };
    let changed = |data: &Data| match (filter, data) {
        (Filter::AsInt, _) => int(data).map_or_else(|| unusable(data, "an integer"), Ok),
        (Filter::AsFloat, _) => float(data).map_or_else(|| unusable(data, "a number"), Ok),
        (Filter::AsText, Data::Bool(_) | Data::Number(_)) => Ok(Data::from(data.to_string())),
        (Filter::AsText, Data::String(_)) => Ok(data.clone()),
        (Filter::AsText, _) => unusable(data, "text, a number or a boolean"),
        (Filter::Trim, Data::String(text)) => Ok(Data::from(text.trim())),
        (Filter::Lower, Data::String(text)) => Ok(Data::from(text.to_lowercase())),
        (Filter::Lines, Data::String(text)) => Ok(text.lines().collect()),
        (Filter::Trim | Filter::Lower | Filter::Lines, _) => unusable(data, "text"),
        (Filter::First, _) => unusable(data, "a list"),
    };
    let each = |items: &[Data]| items.iter().map(changed).collect::<Result<Vec<_>, _>>();
    let first = |items: Vec<Data>| items.into_iter().next().map_or(Found::Nothing, Found::One);
    match (filter, found) {
        (_, Found::Nothing) => Found::Nothing,
        (_, Found::Unusable(sentence)) => Found::Unusable(sentence),
        (Filter::First, Found::Many(items) | Found::One(Data::Array(items))) => first(items),
        (_, Found::Many(items)) => each(&items).map_or_else(|unusable| unusable, Found::many),
        (Filter::AsInt | Filter::AsFloat | Filter::AsText | Filter::Trim | Filter::Lower, Found::One(Data::Array(items))) => {
            each(&items).map_or_else(|unusable| unusable, |items| Found::One(Data::Array(items)))
        }
        (_, Found::One(data)) => changed(&data).map_or_else(|unusable| unusable, Found::One),
    }
}

fn int(data: &Data) -> Option<Data> {
    match data {
        Data::String(text) => text.trim().parse::<i64>().ok().map(Data::from),
        Data::Number(number) if number.is_f64() => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            format!("{float:.0}").parse::<i64>().ok().map(Data::from)
        }
        Data::Number(_) => Some(data.clone()),
        Data::Null | Data::Bool(_) | Data::Array(_) | Data::Object(_) => None,
    }
}

fn float(data: &Data) -> Option<Data> {
    let float = match data {
        Data::String(text) => text.trim().parse::<f64>().ok()?,
        Data::Number(number) => number.as_f64()?,
        Data::Null | Data::Bool(_) | Data::Array(_) | Data::Object(_) => return None,
    };
    serde_json::Number::from_f64(float).map(Data::Number)
}

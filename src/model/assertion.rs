//! What is taken from an answer, and what is expected of it.

use crate::base::place::{Place, Placed};
use crate::model::yaml::Yaml;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// `of: text | stdout | stderr | exit_code | status | duration`.
    Of(Part),
    /// `jsonpath:` (RFC 9535) into the parsed data.
    JsonPath(Placed<String>),
    /// `regex:` over the text: its first group, or the whole match.
    Regex(Placed<String>),
    /// `line:`: the first line that contains the text.
    Line(Placed<String>),
    /// `value:`: a template.
    Value(Yaml),
}

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What a reader saw.
    Text,
    /// Standard output, decoded and otherwise untouched.
    Stdout,
    /// Standard error, likewise.
    Stderr,
    /// The exit code of a process.
    ExitCode,
    /// The status of an HTTP answer.
    Status,
    /// How long the call took, in seconds.
    Duration,
}

/// A change to a value before it is judged or kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// `as: int`.
    AsInt,
    /// `as: float`.
    AsFloat,
    /// `as: text`.
    AsText,
    /// `first`: the first of a list.
    First,
    /// `trim`: no blanks around a text.
    Trim,
    /// `lower`: lower case.
    Lower,
    /// `lines`: a text as the list of its lines.
    Lines,
}

/// A value taken from an answer: source, then filters in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// Where this stands.
    pub place: Place,
    /// Where the value comes from.
    pub source: Source,
    /// What is done to it.
    pub filters: Vec<Placed<Filter>>,
}

/// One assertion: a value and what must hold of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    /// The value.
    pub extract: Extract,
    /// What must hold.
    pub operator: Operator,
    /// The user's own words for a failure.
    pub message: Option<Placed<String>>,
}

/// An operator with what the user wrote beside it, and whether `not_` stood before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// Where its name stands.
    pub place: Place,
    /// Whether the opposite must hold.
    pub negated: bool,
    /// What is compared.
    pub test: Comparison,
}

/// What is compared. Expected values may hold templates.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// Same type and value; 1 and 1.0 are the same number.
    Equals(Yaml),
    /// A text contains a text; a list contains a value.
    Contains(Yaml),
    /// A regular expression matches somewhere in a text.
    Matches(Yaml),
    /// A text begins so.
    StartsWith(Yaml),
    /// A text ends so.
    EndsWith(Yaml),
    /// The value is one of a list.
    In(Yaml),
    /// A number is greater.
    Gt(Yaml),
    /// A number is greater or equal.
    Ge(Yaml),
    /// A number is less.
    Lt(Yaml),
    /// A number is less or equal.
    Le(Yaml),
    /// A number is within two bounds, both included.
    Between(Yaml),
    /// The number of values found: a nested operator judges it.
    Count(Box<Operator>),
    /// The length of a text in characters, or of a list or mapping: a nested operator judges it.
    Length(Box<Operator>),
    /// Something was found (`true`) or not (`false`).
    Exists(Placed<bool>),
    /// Nothing, an empty text, list or mapping (`true`), or not (`false`).
    Empty(Placed<bool>),
    /// The name of the value's type: `text`, `int`, `float`, `boolean`, `list`, `mapping`, `null`.
    Type(Placed<String>),
    /// Every value of a list holds.
    Each(Box<Operator>),
    /// At least one value of a list holds.
    Any(Box<Operator>),
    /// No value of a list holds.
    None(Box<Operator>),
}

/// What a step keeps from its answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Capture {
    /// `capture: name`: the parsed data where the step parses, else the text.
    Whole(Placed<String>),
    /// `capture: {name: {...}}`.
    Parts(Vec<CapturePart>),
}

/// One captured value.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturePart {
    /// The variable.
    pub name: Placed<String>,
    /// What it becomes.
    pub extract: Extract,
    /// Its value when nothing is found; without it, finding nothing is an error.
    pub default: Option<Yaml>,
}
